# A finalizer may allocate, also what starts a collection.
import gc
old = gc.get_threshold()
gc.enable()
gc.set_threshold(1)
class A:
    def __del__(self):
        dir(self)
a = A()
del a
class B(object):
    def __del__(self):
        [[] for _ in range(10)]
b = B()
del b
for _ in range(50):
    b = B()
    b.me = b
del b
gc.disable()
gc.set_threshold(*old)
print(gc.collect() >= 0, gc.get_threshold() == old)
