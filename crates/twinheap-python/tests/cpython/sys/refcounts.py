# sys.getrefcount: what holds an object, and how often.
import sys, weakref
count = sys.getrefcount

class A:
    pass
a = A()
print("local", count(a))
b = a
print("two names", count(a))
l = [a]
print("in a list", count(a))
l.append(a)
print("twice", count(a))
d = {"k": a}
print("in a dict", count(a))
t = (a, a)
print("in a tuple", count(a))
s = {a}
print("in a set", count(a))
del b, l, d, t, s
print("alone again", count(a))

def argument(x):
    return count(x)
def argument_and_local(x):
    y = x
    return count(x)
def star(*args):
    return count(args[0]), count(args)
def named(**kw):
    return count(kw["a"]), count(kw)
def default(x=a):
    return count(x)
def deep(x, n):
    return count(x) if n == 0 else deep(x, n - 1)
print("argument", argument(a), argument(x=a), argument(*[a]), argument(*(a,)), argument(**{"x": a}))
print("argument and local", argument_and_local(a))
print("star", star(a), named(a=a))
print("default", default(), count(a))
del default
print("deep", [deep(a, n) for n in range(4)])
print("result", (lambda: count(a))())
print("temporary", count(A()), count([]), count({}), count(object()), count([a][0]), count((a,)[0]))
print("condition", count(a if True else None))

class B:
    def m(self):
        return count(self)
obj = B()
print("self", obj.m(), B().m(), B.m(obj))
m = obj.m
print("bound", m(), count(obj), count(m))
del m
obj.x = a
print("attribute", count(a))
obj.__dict__
print("attribute in a dict", count(a))
del obj.x
print("deleted", count(a))
class C:
    __slots__ = ("s",)
c = C()
c.s = a
print("slot", count(a))
del c
print("gone", count(a))

def closure():
    z = A()
    def inner():
        return z
    return count(z), inner
n, inner = closure()
print("closure", n, count(inner()), count(inner), count(inner.__closure__[0]))
def generator(x):
    yield count(x)
    yield count(x)
g = generator(a)
print("generator", next(g), count(a), next(g), count(g))
del g
print("and gone", count(a))
for v in [a]:
    print("for", count(v))
del v
print("comprehension", [count(q) for q in [a, A()]])
def several():
    o = A()
    p = o
    q = [o]
    return count(o), count(p), count(q), count(q[0])
print("several", several())
try:
    raise ValueError(a)
except ValueError as e:
    print("exception", count(e), count(a), count(e.args))
print("after it", count(a))
w = weakref.ref(a)
print("weak", count(a), count(w()), count(w))
class M:
    def __enter__(self):
        return self
    def __exit__(self, *args):
        return False
with M() as cm:
    print("with", count(cm))
print("after", count(cm))
d = {1: a}
i = iter(d.values())
print("iterator", count(d), count(a))
del d, i
five = [a] * 5
print("repeated", count(a))
five.pop()
print("popped", count(a))
five.clear()
print("cleared", count(a))
u, v = a, a
print("unpacked", count(a))
del u, v

print("immortal", count(None), count(True), count(...), count(NotImplemented), count(0), count(256), count(-5))
print("immortal", count(()), count(""), count("a"), count(b""), count(b"x"), count(int), count(object), count(type))
print("immortal", count(ValueError), count("abc"), count(frozenset()))
x = "".join(["p", "q!"])
print("text", count(x))
i = sys.intern(x)
print("interned", count(x), count(i))
big = 10**30 + len(x)
print("large integer", count(big))

class S:
    __slots__ = ("x",)
class S0:
    __slots__ = ()
class AS(A):
    __slots__ = ()
class AA(A):
    pass
class L(list):
    pass
class E(Exception):
    pass
class T(type):
    pass
class Q(metaclass=T):
    pass
class W:
    def m(self):
        return __class__
class I(int):
    pass
class U(str):
    pass
class P(tuple):
    pass
class F(set):
    pass
class D(dict):
    __slots__ = ()
class S2(S):
    pass
for c in A, B, S, S0, AS, AA, L, E, T, Q, W, I, U, P, F, D, S2:
    print("class", c.__name__, count(c))
del c, AA
import gc
gc.collect()
print("class", count(A), count(argument))

print(type(count(a)))
for args, kw in [((), {}), ((1, 2), {}), ((), {"object": 1})]:
    try:
        count(*args, **kw)
    except TypeError as e:
        print(e)
