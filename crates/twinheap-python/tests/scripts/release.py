# When and in what order things are released.
import gc, weakref
gc.disable()
class L:
    def __init__(self, name, *kids):
        self.name = name
        self.kids = kids
    def __del__(self):
        print("released", self.name)
def f():
    a = L("a")
    b = L("b")
    print("in f")
f()
x = [L(1), L(2), L(3)]
x = None
x = (L(4), L(5))
x = None
x = {"p": L("p"), "q": L("q")}
x = None
x = L("outer", L("in1"), L("in2"))
x = None
class H:
    pass
h = H()
h.first = L("first")
h.second = L("second")
h = None
def raises():
    kept = L("local of a frame that raises")
    raise ValueError
try:
    raises()
except ValueError:
    print("handling")
print("handled")
L("temporary")
print("after temporary")
y = L("rebound")
y = L("new value")
print("rebound")
del y
class R:
    def __del__(self):
        global saved
        saved = self
        print("resurrected")
r = R()
del r
print(saved is not None, gc.is_finalized(saved))
saved = None
print("gone silently")
class N:
    pass
for i in range(3):
    n = N()
    n.me = n
    n.l = L("cycle %d" % i)
n = None
print("before collect")
print(gc.collect() > 0)
w = []
o = N()
refs = [weakref.ref(o, lambda r, i=i: w.append(i)) for i in range(3)]
del o
print(w, [r() for r in refs])
class D:
    def __del__(self):
        raise RuntimeError("ignored")
def gen():
    l = L("held by a generator")
    yield 1
    yield 2
g = gen()
next(g)
g = None
print("generator dropped")
def inner():
    z = L("closed over")
    def k():
        return z
    return k
k = inner()
k = None
print([L("in a list display")].pop().name)
def chain(n):
    head = None
    for i in range(n):
        head = [head]
    return head
c = chain(200000)
c = None
print("end")
last = L("global at exit")
