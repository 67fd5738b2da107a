# The collector calls no __getattr__ of the program's.
import gc
gc.disable()
class Boom:
    def __getattr__(self, name):
        del self.attr
        raise AttributeError(name)
a = Boom()
b = Boom()
a.attr = b
b.attr = a
gc.collect()
before = len(gc.garbage)
del a, b
print(gc.collect(), len(gc.garbage) - before)

class Boom2:
    def __init__(self):
        self.x = 0
    def __getattr__(self, name):
        self.x += 1
        if self.x > 1:
            del self.attr
        raise AttributeError(name)
a = Boom2()
b = Boom2()
a.attr = b
b.attr = a
gc.collect()
del a, b
print(gc.collect(), len(gc.garbage) - before)
