# DEBUG_SAVEALL keeps what cannot be reached in gc.garbage.
import gc
gc.disable()
gc.collect()
gc.set_debug(gc.DEBUG_SAVEALL)
l = []
l.append(l)
number = id(l)
del l
print("collected", gc.collect())
gc.set_debug(0)
print(len(gc.garbage))
kept = gc.garbage.pop()
print(id(kept) == number, kept[0] is kept, len(gc.garbage))
# It can be collected again.
del kept
print("collected", gc.collect(), gc.garbage)

# Finalizers run; who comes back is not saved.
class R:
    def __del__(self):
        print("del")
        if self.back:
            kept.append(self)
kept = []
for back in (True, False):
    r = R()
    r.back = back
    r.me = r
    del r
gc.set_debug(gc.DEBUG_SAVEALL)
print(gc.collect())
gc.set_debug(0)
print(len(gc.garbage), gc.garbage[0].back, kept[0].back)
gc.garbage.clear()
kept.clear()
print(gc.collect(), gc.garbage)

# Rebinding the module's attribute does not move where the collector puts them.
saved = gc.garbage
gc.garbage = []
gc.set_debug(gc.DEBUG_SAVEALL)
l = []
l.append(l)
del l
gc.collect()
gc.set_debug(0)
print(len(gc.garbage), len(saved))
gc.garbage = saved
saved.clear()
gc.collect()
