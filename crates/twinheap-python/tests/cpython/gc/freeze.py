# The permanent generation.
import gc
gc.disable()
gc.collect()
print(gc.freeze(), gc.get_freeze_count() > 0, gc.get_count())
print(len(gc.get_objects()) < 10)
print(gc.unfreeze(), gc.get_freeze_count())
class C:
    pass
# Frozen objects die when nothing refers to them, and are not found in cycles.
l = []
c = C()
ring = []
ring.append(ring)
gc.freeze()
n = gc.get_freeze_count()
print(any(o is l for o in gc.get_objects()), any(o is c for o in gc.get_objects(2)))
print(gc.is_tracked(l), gc.is_tracked(c))
del l
print(gc.get_freeze_count() - n)
class D:
    def __del__(self):
        print("del")
gc.unfreeze()
d = D()
r = D()
r.me = r
gc.freeze()
del d
print("after d")
del ring, r
print(gc.collect())
gc.unfreeze()
print(gc.collect())
# What is not frozen may refer to what is.
x = [1, 2]
gc.freeze()
y = [x]
y.append(y)
print([type(o) for o in gc.get_referrers(x) if o is y])
del y
print(gc.collect(), x)
gc.unfreeze()
print(any(o is x for o in gc.get_objects(generation=2)), any(o is x for o in gc.get_objects(generation=0)))
