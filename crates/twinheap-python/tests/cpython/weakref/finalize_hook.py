# What a finalizer's function raises goes to the hook, whoever calls it.
import sys
import weakref

sys.unraisablehook = lambda u: print("hook", u.exc_value)
class A:
    def m(self): pass
def bad(*args): raise ValueError("bad")
a = A()
f = weakref.finalize(a, bad)
r = weakref.WeakMethod(a.m, bad)
del a
print(f.alive, r())
