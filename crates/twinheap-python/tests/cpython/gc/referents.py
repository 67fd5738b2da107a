# gc.get_referents: what each object refers to, in the order of its type.
import gc
def show(*objects):
    print([r if not isinstance(r, type) else r.__name__ for r in gc.get_referents(*objects)])
alist = [1, 3, 5]
print(sorted(gc.get_referents(alist)) == alist)
atuple = tuple(alist)
print(sorted(gc.get_referents(atuple)) == alist)
adict = {5: 7}
print(sorted(gc.get_referents(adict)))
print(sorted(gc.get_referents([1, 2], {3: 4}, (0, 0, 0))))
print(gc.get_referents(), gc.get_referents(1, "a", 4.0, None, b"x", True))

# Order.
show([1, 2, 3])
show((1, 2, 3))
show({"a": 1, "b": 2})
show({"a": 1, 2: 3})
show({(1, 2): 3})
show([1, [2]], {"a": 3}, (4,), 5, "s")
show({7})
show(frozenset([8]))
class C:
    pass
c = C()
show(c)
c.a = 1
c.b = "two"
show(c)
print(len(gc.get_referents(c)))
class S:
    __slots__ = ("y", "x")
s = S()
show(s)
s.x = 10
show(s)
s.y = 20
show(s)
def make(v):
    def f(a=1, *, b=2):
        return v
    return f
f = make("closed over")
r = gc.get_referents(f)
print([type(x).__name__ for x in r])
print(gc.get_referents(f.__closure__[0]))
show(f.__closure__[0])
m = c.__init__
class M:
    def m(self):
        pass
m = M().m
print([type(x).__name__ for x in gc.get_referents(m)])
show(slice(1, 2, 3))
show(property(1, 2, 3, 4))
e = ValueError("x", 1)
print([type(x).__name__ for x in gc.get_referents(e)])
it = iter([1, 2])
show(it)
it = iter((1, 2))
show(it)
print([type(x).__name__ for x in gc.get_referents({"k": 1}.keys())])
class LS(list):
    pass
ls = LS([1, 2])
show(ls)
ls.a = 3
show(ls)
class DS(dict):
    pass
ds = DS(a=1)
show(ds)
print([type(x).__name__ for x in gc.get_referents(gc)])
class C1:
    __slots__ = ("b", "a")
class D(C1):
    __slots__ = ("z", "c")
d = D()
d.a, d.b, d.c, d.z = 1, 2, 3, 4
print([type(x).__name__ if type(x) is not int else x for x in gc.get_referents(d)])
class E:
    pass
e = E()
e.x = 1
e.y = "s"
show(e)
# Asked for, a dict of its own; the attributes are still the instance's.
print(e.__dict__)
show(e)
e.z = 3
show(e)
many = E()
for i in range(40):
    setattr(many, "v%d" % i, i)
print([type(x).__name__ for x in gc.get_referents(many)])
def name(x):
    return x if type(x) in (int, str) else type(x).__name__
def names(o):
    print([name(x) for x in gc.get_referents(o)])
def gen(a, b=2):
    c = [a]
    try:
        yield c
        yield 5
    finally:
        pass
g = gen(1)
names(g)
next(g)
names(g)
list(g)
names(g)
class F(E):
    def m(self):
        return super().m
names(F)
names(F.m)
names(F().m)
names(super(F, F()))
def decorated(a=1, *, k=2):
    "doc"
    return a
decorated.attr = 9
names(decorated)
try:
    try:
        raise KeyError("k")
    except KeyError as k:
        raise ValueError("v") from k
except ValueError as v:
    names(v)
class TT(tuple):
    pass
names(TT((1, 2)))
class I(int):
    pass
names(I(2))
import weakref
names(weakref.ref(e))
names(weakref.ref(e, decorated))
names({3, 1, 2})
for o in (range(3), slice(1, [2], None), object(), [].append, iter({1: 2}), iter([1]), iter("ab")):
    names(o)
