# What `gc.collect()` answers for one kind of cycle after the other: where it is a promise of what a program made, and not of
# what CPython keeps inside its iterators and frames.
import gc, types, weakref
gc.disable()
def count(what, f):
    gc.collect()
    f()
    print(what, gc.collect())
class A: pass
class S:
    __slots__ = ('x',)
class SD:
    __slots__ = ('x', '__dict__')
class E(Exception): pass
class Tu(tuple): pass
class In(int): pass
class St(str): pass
class Fl(float): pass
class By(bytes): pass
class Li(list): pass
class Di(dict): pass
class Se(set): pass
from collections import deque
class De(deque): pass
def self_ref(c, *a):
    def f():
        x = c(*a); x.x = x
    return f
for c in (A, S, SD, E, Exception, ValueError, Tu, In, St, Fl, Li, Di, Se, De):
    count(c.__name__, self_ref(c))
def two():
    a, b = A(), A(); a.b = b; b.a = a
count('two', two)
def dict_seen():
    a = A(); a.x = a; a.__dict__
count('dict seen', dict_seen)
def lists():
    l = []; l.append(l); m = [l]; l.append(m)
count('lists', lists)
def dicts():
    d = {}; d['d'] = d; e = {'d': d}; d['e'] = e
count('dicts', dicts)
def tuples():
    l = []; t = (l, 1); l.append(t)
count('tuple', tuples)
def sets():
    a = A(); s = {a}; a.s = s
count('set', sets)
def closure():
    def f(): return f
count('closure', closure)
def method():
    a = A(); a.m = a.__init__
count('method wrapper', method)
class M:
    def m(self): pass
def bound():
    a = M(); a.m2 = a.m
count('bound method', bound)
def cls():
    class X: pass
count('class', cls)
def cls_m():
    class X:
        def f(self): pass
        y = 5
count('class with method', cls_m)
def cls_slots():
    class X:
        __slots__ = ('a', 'b')
count('class with slots', cls_slots)
def cls_sub():
    class X: pass
    class Y(X): pass
count('two classes', cls_sub)
def cls_super():
    class X:
        def f(self): return super().f()
count('class with cell', cls_super)
def cls_exc():
    class X(Exception): pass
count('exception class', cls_exc)
def cls_inst():
    class X: pass
    X.x = X()
count('class with instance', cls_inst)
def filters():
    l = []; l.append(filter(None, l))
count('filter', filters)
def rev():
    l = []; l.append(reversed(l))
count('reversed', rev)
def its():
    l = []; l.append(iter(l))
count('iter', its)
def gens3():
    l = []
    def g():
        yield l
    x = g(); l.append(x)
count('generator new', gens3)
def gens4():
    l = []
    x = (i for i in l); l.append(x)
count('genexpr', gens4)
def gens5():
    def g():
        try:
            me = yield
            yield me
        finally: pass
    x = g(); next(x); x.send(x)
count('generator with try', gens5)
def sl():
    l = []; l.append(slice(l))
count('slice', sl)
def wr():
    a = A(); a.r = weakref.ref(a)
count('weakref', wr)
def wrc():
    a = A(); a.r = weakref.ref(a, lambda r: a)
count('weakref with callback', wrc)
def dq():
    d = deque(); d.append(d)
count('deque', dq)
def mod():
    m = types.ModuleType('m'); m.m = m
count('module', mod)
def supers():
    class B(A):
        def f(self): self.s = super()
    b = B(); b.f()
count('super', supers)
def dele():
    class X:
        def __del__(self): pass
    x = X(); x.x = x
count('class with __del__', dele)
def deflt():
    def f(a=[]): pass
    f.__defaults__[0].append(f)
count('function in default', deflt)
def attr():
    def f(): pass
    f.me = f
count('function attribute', attr)
def propc():
    l = []; l.append(property(l.append))
count('property', propc)
def smeth():
    l = []; l.append(staticmethod(l))
count('staticmethod', smeth)
