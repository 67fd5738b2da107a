# In which order what a container holds is released.
import gc
gc.disable()
class L:
    def __init__(self, name, *held):
        self.name = name
        self.held = held
    def __del__(self):
        print(self.name, end=" ")
def end(what):
    print("|", what)
x = [L(i) for i in range(4)]
x = None
end("list")
x = (L(0), L(1), L(2))
x = None
end("tuple")
x = {"a": L("a"), "b": L("b"), 3: L(3)}
x = None
end("dict")
x = {L("k1"): L("v1"), L("k2"): L("v2")}
x = None
end("dict's keys and values")
x = {L("only") for _ in range(1)}
x = None
end("set")
x = frozenset([L("only")])
x = None
end("frozenset")
class H:
    pass
h = H()
h.one = L("one")
h.two = L("two")
h.three = L("three")
h = None
end("attributes")
h = H()
h.one = L("one")
h.__dict__["two"] = L("two")
h.three = L("three")
h = None
end("attributes in a dict")
h = H()
for i in range(35):
    setattr(h, "a%d" % i, L(i))
h = None
end("many attributes")
class S:
    __slots__ = ("c", "a", "b")
s = S()
s.a, s.b, s.c = L("a"), L("b"), L("c")
s = None
end("slots")
class SD:
    __slots__ = ("b", "a", "__dict__")
s = SD()
s.z, s.b, s.y, s.a = L("z"), L("b"), L("y"), L("a")
s = None
end("slots and attributes")
x = L("outer", L("middle", L("inner")), L("beside"))
x = None
end("nested")
x = [[L("0.0"), L("0.1")], {"k": L("1.k")}, (L("2.0"),)]
x = None
end("containers in containers")
x = [L(i) for i in range(6)]
x[1:3] = []
end("slice")
del x[0]
end("del")
x.pop(1)
end("pop")
x[0] = None
end("store")
x.clear()
end("clear")
x = {i: L(i) for i in range(4)}
del x[1]
end("del of a key")
x[0] = L("new")
end("store of a key")
x.pop(2)
end("pop of a key")
x.clear()
end("clear of a dict")
def f():
    a = L("first local")
    b = L("second local")
    c = L("third local")
    end("in f")
f()
end("locals")
def args(a, b, *rest, k=None, **kw):
    pass
args(L("a"), L("b"), L("r1"), L("r2"), k=L("k"), x=L("x"))
end("arguments")
def closure():
    a = L("cell a")
    b = L("cell b")
    return lambda: (a, b)
g = closure()
g = None
end("closure")
def gen():
    a = L("gen a")
    b = L("gen b")
    yield 1
g = gen()
next(g)
g = None
end("generator")
def gen2(x):
    for y in [L("in a list"), L("in a list too")]:
        yield y
g = gen2(L("argument"))
next(g)
g = None
end("generator in a loop")
def defaults(a=L("default"), *, k=L("keyword default")):
    pass
defaults.attribute = L("attribute of a function")
del defaults
end("function")
def raises():
    a = L("a local")
    raise ValueError(L("argument"))
try:
    raises()
except ValueError as e:
    end("handling")
end("handled")
class P:
    def __init__(self):
        self.value = L("old")
p = P()
p.value = L("new")
end("attribute stored")
del p.value
end("attribute deleted")
def temporaries():
    return (L("t1"), L("t2"))[0].name + L("t3").name
temporaries()
end("temporaries")
for i in [L("loop 0"), L("loop 1")]:
    pass
end("loop")
del i
end("loop's variable")
gc.collect()
class C:
    a = L("class a")
    b = L("class b")
del C
end("class, not yet")
gc.collect()
end("class")
x, y = L("swapped x"), L("swapped y")
x, y = y, x
x = None
end("x")
y = None
end("y")
chain = None
for i in range(5):
    chain = L(i, chain)
chain = None
end("chain")
e = ValueError(L("an exception's"), L("another"))
e = None
end("exception")
b = L("bound").__init__
b = None
end("bound method")
z = zip([L("z1")], (L("z2"),))
z = None
end("zip")
it = iter([L("i0"), L("i1")])
next(it)
end("iterator")
it = None
end("iterator gone")
class Str(str):
    pass
s = Str("x")
s.a = L("of a str")
s = None
end("subclass of str")
class Lst(list):
    pass
s = Lst([L("item 0"), L("item 1")])
s.a = L("attribute")
s = None
end("subclass of list")
class Dct(dict):
    pass
s = Dct(k=L("value"))
s.a = L("attribute")
s = None
end("subclass of dict")
