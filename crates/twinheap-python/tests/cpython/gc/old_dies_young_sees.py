# A collection of the young makes an old object die; its callback or finalizer must find the young garbage's weak
# references dead.
import gc, weakref
class C:
    pass
out = []
def natural():
    # Until a collection of the young has happened by itself.
    n = gc.get_stats()[0]["collections"]
    kept = []
    while gc.get_stats()[0]["collections"] == n and len(kept) < 100000:
        kept.append([])
gc.disable()
gc.collect()
gc.enable()
# The object that will be old, and its callback.
c0 = C()
c0.loop = None
for g in (0, 1, 2):
    gc.collect(g)
c1 = C()
c1.keep_c0_alive = c0
del c0.loop
c1.loop = c1
c2 = C()
c2.loop = c2
r2 = weakref.ref(c2)
def callback(ignored):
    out.append(("callback", r2() is None))
r0 = weakref.ref(c0, callback)
del c0, c1, c2
natural()
print(out, r0() is None, r2() is None)

out.clear()
class D:
    def __del__(self):
        out.append(("finalizer", r2() is None))
gc.collect()
d0 = D()
for g in (0, 1, 2):
    gc.collect(g)
c1 = C()
c1.keep = d0
c1.loop = c1
c2 = C()
c2.loop = c2
r2 = weakref.ref(c2)
del d0, c1, c2
natural()
print(out, r2() is None)
