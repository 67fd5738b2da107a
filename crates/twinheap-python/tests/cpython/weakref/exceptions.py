# An exception in a callback is nobody's: it is reported and forgotten. (The report is `sys.unraisablehook`'s.)
import sys
import weakref
class C:
    pass
seen = []
def hook(u):
    seen.append((u.exc_type.__name__, str(u.exc_value), u.object))
sys.unraisablehook = hook
def bad(r):
    raise ValueError("in a callback")
o = C()
a = weakref.ref(o, bad)
called = []
b = weakref.ref(o, called.append)
c = weakref.ref(o, bad)
del o
print([(t, v, f is bad) for t, v, f in seen], called == [b], a(), b(), c())
seen.clear()
# Not callable is found out late.
o = C()
r = weakref.ref(o, 3)
print(r.__callback__)
del o
print(seen)
seen.clear()
# An exception on its way stays the one it was.
def f():
    o = C()
    r = weakref.ref(o, bad)
    keep.append(r)
    raise KeyError("mine")
keep = []
try:
    f()
except KeyError as e:
    print("caught", e)
print([(t, v, g is bad) for t, v, g in seen])
sys.unraisablehook = sys.__unraisablehook__
