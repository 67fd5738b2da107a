# Calling what is no function: instances, classes, bound methods and descriptors as `__call__`, metaclasses.
class M(type):
    def __call__(cls, *a, **k):
        return cls.__name__, a, k
class C(metaclass=M):
    pass
print(C(), C(1, 2), C(x=1))
f = C
print(f(3), [f][0](4, y=5))

class W:
    def __call__(self, *a):
        return a
class H:
    pass
H.__call__ = W()
print(H()(4), H()())
class K:
    __call__ = int
print(K()("7"))
class S:
    @staticmethod
    def __call__(*a):
        return a
print(S()(1))
class CM:
    @classmethod
    def __call__(cls, *a):
        return cls.__name__, a
print(CM()(1))
class B:
    def __init__(self, n):
        self.n = n
    def m(self, *a):
        return self.n, a
class BM:
    pass
BM.__call__ = B(5).m
print(BM()(1, 2))
class P:
    @property
    def __call__(self):
        return lambda *a: ("property", a)
print(P()(1))
class L:
    __call__ = len
print(L()([1, 2, 3]))
class Two:
    def __call__(self, a, b=2, *c, **d):
        return a, b, c, d
t = Two()
print(t(1), t(1, 3), t(1, 3, 4, 5), t(a=9), t(1, z=3))
# Classes that nobody can call, and methods made by hand.
class Q:
    def m(self, x):
        return self.n, x
q = Q()
q.n = 1
print(type(q.m)(Q.m, q)(2))
for c in type(len), type(x for x in ()), type({}.keys()):
    try:
        print(c())
    except TypeError as e:
        print(e)
