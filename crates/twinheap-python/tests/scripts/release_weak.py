# Weak references that are made while a collection waits for finalizers.
import gc, weakref

gc.disable()
gc.collect()
keep = []

# kept: told when its target is released
class A:
    def __del__(self):
        keep.append(weakref.ref(self, lambda r: print("told", r() is None)))
a = A()
a.me = a
del a
print(gc.collect(), keep[0]() is None)

# garbage itself: not told
class B:
    def __del__(self):
        self.ref = weakref.ref(self, lambda r: print("never"))
b = B()
b.me = b
del b
print(gc.collect())

# to another object of the garbage
class C:
    def __del__(self):
        keep.append(weakref.ref(self.other, lambda r: print("told of the other", r() is None)))
class D: pass
c = C()
d = D()
c.other = d
d.other = c
del c, d
print(gc.collect(), keep[1]() is None)

# to one that comes back
back = []
class E:
    def __del__(self):
        keep.append(weakref.ref(self, lambda r: print("told of one that came back", r() is None)))
        back.append(self)
e = E()
e.me = e
del e
print(gc.collect(), keep[2]() is back[0])
back.clear()
print(gc.collect(), keep[2]() is None)
