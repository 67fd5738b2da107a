# What an instance lets go of, in CPython's order: the subclass's slots, its bases', attributes, what the built-in class has.
class T:
    def __init__(self, n): self.n = n
    def __del__(self): print('del', self.n)
def fill(x, names):
    for n in names.split():
        setattr(x, n, T(n))
    return x
class A:
    __slots__ = ('z', 'y')
class B(A):
    __slots__ = ('x', 'w')
class C(B):
    pass
class D(C):
    __slots__ = ('b', 'a')
print('A'); fill(A(), 'y z')
print('B'); fill(B(), 'w x y z')
print('C'); fill(C(), 'a1 w x y z a2')
print('D'); fill(D(), 'a1 w x y z a b a2')
d = fill(D(), 'w x y z a b'); print(d.w.n, d.x.n, d.y.n, d.z.n, d.a.n, d.b.n); del d.x; print('deleted'); d.x = T('x2'); del d
class M:
    __slots__ = ()
class N(M, B):
    __slots__ = ('n',)
print('N'); fill(N(), 'n w x y z')

class E(Exception): pass
class F(E):
    __slots__ = ('s', 't')
def exc(c, names):
    e = c(T('arg1'), T('arg2'))
    fill(e, names)
    e.__cause__ = ValueError(T('cause'))
    e.__context__ = KeyError(T('context'))
    return e
print('E'); exc(E, 'a b')
print('F'); exc(F, 'a s t b')
print('many'); exc(E, 'a b c d e f g h i j k')
print('plain'); exc(ValueError, 'a')
e = exc(E, 'a b'); print(e.args[0].n, e.a.n, e.__cause__.args[0].n); e.args = (T('new'),); print('set'); del e
class G(AttributeError): pass
print('G'); e = G(T('arg'), name=T('name'), obj=T('obj')); e.a = T('a'); print(e.name.n, e.obj.n); del e
try:
    T('t').nothing
except AttributeError as e:
    print(e.name, e.obj.n)
for c in (int, str, float, tuple):
    class X(c): pass
    x = X(); fill(x, 'a b c d e f'); print(c.__name__, x, x == c(), x.a.n); del x
class X(tuple):
    pass
x = X((T('i1'), T('i2'))); fill(x, 'a b'); print(len(x)); del x
class Y(tuple):
    __slots__ = ()
y = Y((T('i1'), T('i2'))); del y
class L(list): pass
l = L([T('i1'), T('i2')]); fill(l, 'a b'); del l
class Dict(dict): pass
l = Dict({1: T('v1'), 2: T('v2')}); fill(l, 'a b'); del l
e = E(1); e.__dict__['q'] = T('q'); e.r = T('r'); print(e.__dict__.keys(), e.q.n); del e
import gc
gc.collect()
print('cycles')
b = fill(B(), 'w x y'); b.z = b; del b; gc.collect()
e = exc(E, 'a'); e.me = e; del e; gc.collect()
