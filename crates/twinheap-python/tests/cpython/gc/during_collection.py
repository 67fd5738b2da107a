# What a finalizer of a cycle sees of the collector.
import gc
gc.disable()
class A:
    def __init__(self):
        self.me = self
    def __del__(self):
        for o in gc.get_objects():
            if o is self:
                print("listed")
        print("referrers", gc.get_referrers(self))
        print("tracked", gc.is_tracked(self), gc.is_finalized(self))
        print("collect", gc.collect())
        print("counts", gc.get_count()[1:])
class Thing(list):
    pass
a = A()
del a
print(gc.collect())
for _ in range(2):
    a = A()
    a.others = Thing([Thing(), 1])
del a
print(gc.collect())
