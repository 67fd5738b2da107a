# __del__ that changes the object's attributes, in a cycle of two.
import gc
gc.disable()
class A:
    pass
class B(A):
    def __init__(self, other):
        self.other = other
        other.other = self
        self.keep = [self, other]
    def __del__(self):
        ran.append(1)
        for k in list(self.__dict__):
            delattr(self, k)
        self.x = 1
        self.y = [self]
ran = []
class Obj(object):
    def __init__(self, x):
        self.x = x
    def __del__(self):
        ran.append(self.x is not None)
        self.x = None
a = Obj(1)
b = Obj(a)
a.x = b
del a, b
gc.collect()
print(ran)
B(A())
gc.collect()
gc.collect()
print(ran)
