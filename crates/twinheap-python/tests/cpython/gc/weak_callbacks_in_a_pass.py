# Two dead cycles in one collection, each with a callback: both are called, and by then every weak reference is dead.
import gc, weakref
gc.disable()
class C:
    def __init__(self, name):
        self.name = name
        self.loop = self
out = []
def callback(which):
    def call(r):
        out.append((which, [w() is None for w in refs]))
    return call
c1, c2 = C("c1"), C("c2")
refs = [weakref.ref(c1, callback(1)), weakref.ref(c2, callback(2)), weakref.ref(c1), weakref.ref(c2)]
del c1, c2
print(out)
print(gc.collect())
print(sorted(out))
gc.collect()
print(len(out))
