# What a reference answers while its object lives and after, for whom it can be made, who shares it.
import gc
import weakref

class C:
    def method(self):
        pass
def make_function():
    def f():
        pass
    return f
def make_method():
    return C().method
def make_generator():
    yield
class Slotted:
    __slots__ = ("a", "__weakref__")
class SlottedWithout:
    __slots__ = ("a",)
class SlottedBelow(C):
    __slots__ = ("b",)
class Text(str):
    pass
class Number(int):
    pass
class Pair(tuple):
    pass
class Real(float):
    pass
class Listed(list):
    pass
class Mapped(dict):
    pass
class Failed(Exception):
    pass

def tried(f, *args, **kw):
    try:
        return f(*args, **kw)
    except TypeError as e:
        return "TypeError: %s" % e

# test_basic_ref, test_basic_callback, and the kinds of objects there are
seen = []
for name, make in [
    ("instance", C), ("function", make_function), ("method", make_method), ("generator", make_generator),
    ("class", lambda: type("K", (), {})), ("set", set), ("frozenset", lambda: frozenset([1])), ("slots", Slotted),
    ("below", SlottedBelow), ("str", Text), ("float", Real), ("list", Listed), ("dict", Mapped), ("error", Failed),
    ("built-in method", lambda: [].append), ("lambda", lambda: lambda: 0),
]:
    o = make()
    r = weakref.ref(o)
    print(name, r() is o, r() is r(), weakref.getweakrefcount(o))
    told = weakref.ref(o, seen.append)
    del o
    gc.collect()
    print(name, r() is None, told() is None, seen == [told], seen[0] is told)
    seen.clear()
print(weakref.ref(len)() is len, weakref.ref(gc)() is gc, weakref.ref(int)() is int)

# … and those there are none for
for v in [1, 1.5, "s", b"b", (1,), [1], {1: 1}, None, object(), range(3), iter([]), Number(3), Pair((1,)), SlottedWithout(),
          ValueError(), list.append, slice(1), {}.keys(), property(), True, ...]:
    print(tried(weakref.ref, v))
    print(tried(weakref.proxy, v) == tried(weakref.ref, v))
print(weakref.getweakrefcount(1), weakref.getweakrefs("s"))
print(tried(lambda: type("X", (C,), {"__slots__": ("__weakref__",)})))
print(tried(lambda: type("X", (), {"__slots__": ("__weakref__", "__weakref__")})))

# test_ref_repr, test_repr_failure_gh99184
def shown(r, o):
    text = repr(r).replace(hex(id(r)), "HERE")
    return text if o is None else text.replace(hex(id(o)), "THERE")
class WithName:
    @property
    def __name__(self):
        return "custom_name"
class Outer:
    class Inner:
        pass
class NameInInstance:
    def __init__(self):
        self.__name__ = "own"
class NameIsNoText:
    __name__ = 7
class Config(dict):
    def __getattr__(self, name):
        return self[name]
for o in [C(), WithName(), Outer.Inner(), NameInInstance(), NameIsNoText(), Config(offset=5), make_function(),
          C, len, make_generator(), {1}, gc, C().method]:
    r = weakref.ref(o)
    p = weakref.proxy(o)
    print(shown(r, o) if not isinstance(o, type) else shown(r, o).replace(hex(id(o)), "THERE"), str(r) == repr(r))
    print(repr(p).replace(hex(id(p)), "HERE").replace(hex(id(o)), "THERE") if 1 else 0)
o = C()
r = weakref.ref(o)
del o
print(shown(r, None), str(r) == repr(r))

# test_constructor_kwargs, test_init
o = C()
print(tried(weakref.ref, o, callback=None))
print(tried(weakref.ref))
print(tried(weakref.ref, o, None, 1))
r = weakref.ref(Exception)
print(tried(r.__init__, 0, 0, 0, 0, 0))
print(tried(r.__init__))
print(tried(r.__init__, 0, x=1))
print(r.__init__(0), r() is Exception)
print(tried(r, 1), "|", tried(r, x=1))
print(tried(weakref.ref, r), "|", tried(weakref.ref, weakref.proxy(o)))

# test_ref_reuse
o = C()
a = weakref.ref(o)
p = weakref.proxy(o)
b = weakref.ref(o)
print(a is b, a is p)
o = C()
p = weakref.proxy(o)
a = weakref.ref(o)
b = weakref.ref(o)
print(a is b, weakref.getweakrefcount(o))
del p
print(weakref.getweakrefcount(o))

# test_shared_ref_without_callback: None is no callback
o = C()
for x, y in [((None,), (None,)), ((), (None,)), ((), ()), ((None,), ())]:
    a = weakref.ref(o, *x)
    b = weakref.ref(o, *y)
    print(a is b, weakref.ref(o, print) is a, weakref.ref(o, print) is weakref.ref(o, print))
    del a, b
# Also behind many with a callback, and after the first has gone.
many = [weakref.ref(o, print) for _ in range(100)]
a = weakref.ref(o)
many += [weakref.ref(o, print) for _ in range(100)]
print(weakref.ref(o) is a, weakref.getweakrefcount(o))
n = id(a)
del a
print(weakref.getweakrefcount(o))
a = weakref.ref(o)
print(weakref.ref(o) is a, weakref.getweakrefcount(o))
del many

# test_callback_attribute, _after_deletion, test_set_callback_attribute
o = C()
f = lambda ref: None
r = weakref.ref(o, f)
print(r.__callback__ is f, weakref.ref(o).__callback__)
for change in [lambda: setattr(r, "__callback__", None), lambda: delattr(r, "__callback__"), lambda: setattr(r, "x", 1)]:
    try:
        change()
    except AttributeError as e:
        print(e)
print(r.__callback__ is f)
inside = []
q = weakref.ref(o, lambda ref: inside.append((ref.__callback__, r.__callback__)))
del o
print(r.__callback__, q.__callback__, inside)

# test_classes
class A:
    pass
l = []
r = weakref.ref(A, l.append)
A = None
gc.collect()
print(r(), l == [r])

# test_names
for name in ["ReferenceType", "ProxyType", "CallableProxyType", "WeakMethod", "WeakSet", "WeakKeyDictionary",
             "WeakValueDictionary"]:
    c = getattr(weakref, name)
    print(name, c.__module__, c.__name__, c.__qualname__, c)
print(weakref.ref is weakref.ReferenceType, weakref.ProxyTypes == (weakref.ProxyType, weakref.CallableProxyType))
print(type(weakref.ref(C)), isinstance(weakref.ref(C), weakref.ref), callable(weakref.ref(C)), bool(weakref.ref(C)))
