# A finalizer runs once, and the weak reference is dead afterwards.
import gc, weakref
ran = []
class A:
    def __del__(self):
        ran.append(1)
a = A()
r = weakref.ref(a)
del a
gc.collect()
print(ran, r())
gc.collect()
print(ran, r())
