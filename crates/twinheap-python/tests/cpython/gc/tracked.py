# gc.is_tracked
import gc
gc.disable()
def tracked(*objects):
    print([gc.is_tracked(o) for o in objects])
tracked(1, 1.0, True, False, None, Ellipsis, object(), 10 ** 30)
tracked("a", b"a", "", b"", "long" * 100)
class UserClass:
    pass
class UserInt(int):
    pass
class UserStr(str):
    pass
class UserFloat(float):
    pass
class Slots:
    __slots__ = ()
class FloatSlots(float):
    __slots__ = ()
class IntSlots(int):
    __slots__ = ()
tracked(gc, UserClass, UserClass(), UserInt(), UserStr(), UserFloat(), Slots(), FloatSlots(), IntSlots())
tracked([], [[]], set(), frozenset(), {1}, lambda: 1, tracked, len, [].append, UserClass().__init__)
tracked(int, type, object, range(3), slice(1), property(), staticmethod(1), iter([]), (x for x in ()))
tracked(ValueError(), zip(), enumerate([]), {}.keys(), super)

# Dicts: untracked until they hold what is tracked.
d = {}
tracked(d, {"a": 1}, {1: 2, "b": 3.5, None: True}, {(): 0}, {"x": object()})
tracked({"a": []}, {"a": {}}, {"a": UserClass()}, {(1, len): 2}, {"a": lambda: 1}, dict(a=1), dict(a=[]))
d["a"] = 1
tracked(d)
d["b"] = []
tracked(d)
del d["b"]
gc.collect()
tracked(d)
d[5] = UserClass()
tracked(d)
d[5] = 1
gc.collect()
tracked(d)
d.update(b=2)
tracked(d)
d.update(b={})
tracked(d, {}.copy(), {"a": []}.copy(), {**d}, {"a": 1} | {"b": 2}, {"a": []} | {})
d.clear()
gc.collect()
tracked(d)
d.setdefault("k", [])
tracked(d, {k: 1 for k in "ab"}, {k: [] for k in "ab"}, dict.fromkeys("ab"), dict.fromkeys("ab", []))
class D(dict):
    pass
x = D()
tracked(x, D(a=1))
gc.collect()
tracked(x)
def f(**kw):
    return kw
tracked(f(), f(a=1), f(a=[]))

# Tuples: until a collection has looked at them.
one = 1
t = (one, "a")
u = (one, [])
v = (t, one)
tracked((), (1, 2), t, u, v, tuple([1, 2]), tuple("ab"))
kept = [tuple([1, 2]), (one, None)]
gc.collect(0)
tracked(t, u, v, *kept)
w = (one, 2)
gc.collect()
tracked(t, u, v, w, *kept)
class T(tuple):
    pass
x = T([1])
tracked(x)
gc.collect()
tracked(x)
print(any(o is t for o in gc.get_objects()), any(o is u for o in gc.get_objects()))
print([type(r) for r in gc.get_referrers(u[1])])
inner = "only in a tuple" + str(one)
t = (inner,)
print(len([r for r in gc.get_referrers(inner) if type(r) is tuple]))
gc.collect()
print(len([r for r in gc.get_referrers(inner) if type(r) is tuple]))
# Empty containers that the program will fill.
class E:
    pass
e = E()
tracked(e.__dict__)
e.x = 1
tracked(e, e.__dict__)
gc.collect()
tracked(e, e.__dict__)
