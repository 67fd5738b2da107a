# weakref.finalize; what it does at exit is printed last.
import gc
import sys
import weakref

class A:
    pass
def tried(f, *args, **kw):
    try:
        return f(*args, **kw)
    except TypeError as e:
        return "TypeError: %s" % e

# test_finalize
def add(x, y, z):
    res.append(x + y + z)
    return x + y + z
a = A()
res = []
f = weakref.finalize(a, add, 67, 43, z=89)
print(f.alive, f.peek() == (a, add, (67, 43), {"z": 89}), f(), f(), f(), f.peek(), f.detach(), f.alive, res)
res = []
f = weakref.finalize(a, add, 67, 43, 89)
print(f.peek() == (a, add, (67, 43, 89), {}), f.detach() == (a, add, (67, 43, 89), {}))
print(f(), f(), f.peek(), f.detach(), f.alive, res)
res = []
f = weakref.finalize(a, add, x=67, y=43, z=89)
del a
print(f(), f(), f.peek(), f.detach(), f.alive, res)

# test_arg_errors
def fin(*args, **kwargs):
    res.append((args, kwargs))
a = A()
res = []
f = weakref.finalize(a, fin, 1, 2, func=3, obj=4)
print(f.peek() == (a, fin, (1, 2), {"func": 3, "obj": 4}))
f()
print(res)
print(tried(weakref.finalize, a, func=fin, arg=1))
print(tried(weakref.finalize, obj=a, func=fin, arg=1))
print(tried(weakref.finalize, a))
print(tried(weakref.finalize))
print(tried(weakref.finalize, 1, print))

# test_order
a = A()
res = []
f1 = weakref.finalize(a, res.append, "f1")
f2 = weakref.finalize(a, res.append, "f2")
f3 = weakref.finalize(a, res.append, "f3")
f4 = weakref.finalize(a, res.append, "f4")
f5 = weakref.finalize(a, res.append, "f5")
del f1, f4
print(f2.alive, f3.alive, f5.alive, f5.detach() is not None, f5.alive)
f5()
res.append("A")
f3()
print(f3.alive)
res.append("B")
f3()
res.append("C")
del a
print(f2.alive)
res.append("D")
f2()
print(res)

# test_all_freed
class MyFinalizer(weakref.finalize):
    pass
a = A()
res = []
def callback():
    res.append(123)
f = MyFinalizer(a, callback)
wr_callback = weakref.ref(callback)
wr_f = weakref.ref(f)
del callback, f
print(wr_callback() is not None, wr_f() is not None)
del a
print(wr_callback(), wr_f(), res)
print(tried(weakref.ref, weakref.finalize(A, print, "never")).replace("'finalize'", "it"))

# A cycle: called by the collector, with the object gone.
a = A()
a.me = a
f = weakref.finalize(a, res.append, "cycle")
del a
print(f.alive, res)
gc.collect()
print(f.alive, res)

# repr and atexit
a = A()
f = weakref.finalize(a, res.append, "x")
print(repr(f).replace(hex(id(f)), "HERE").replace(hex(id(a)), "THERE"), f.atexit)
f.atexit = 0
print(f.atexit)
f.atexit = [1]
print(f.atexit)
f.detach()
f.atexit = True
print(repr(f).replace(hex(id(f)), "HERE"), f.atexit)
for f in list(weakref.finalize._registry):
    f.detach()

# test_atexit: the newest first; one that is made meanwhile next; an exception stops nobody
def hook(t, e, tb):
    print("hook:", t.__name__, e)
sys.excepthook = hook
def error():
    weakref.finalize(A, print, "g1")
    print("f3 error")
    1 / 0
f1 = weakref.finalize(A, print, "f1", "foobar")
f2 = weakref.finalize(A, print, "f2", "foobar")
f3 = weakref.finalize(A, error)
f4 = weakref.finalize(A, print, "f4", "foobar")
f2.atexit = False
print(f1.atexit, f2.atexit, f3.atexit, f4.atexit)
f0 = weakref.finalize(A, lambda: print("automatic collections:", gc.isenabled()))
print("end")
