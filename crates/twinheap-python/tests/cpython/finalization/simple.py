# Released by its count: __del__ once, then the weak references are dead; brought back, they are not, and never again.
import gc, weakref
gc.disable()
ran = []
survivors = []
class Base:
    def __init__(self, name):
        self.name = name
    def side_effect(self):
        pass
    def __del__(self):
        # Whole, and tracked.
        assert self.name and gc.is_tracked(self)
        ran.append(self.name)
        self.side_effect()
class Simple(Base):
    pass
class Resurrector(Base):
    def side_effect(self):
        survivors.append(self)
def case(cls):
    a = cls(cls.__name__)
    r = weakref.ref(a)
    calls = []
    c = weakref.ref(a, lambda r: calls.append(len(ran)))
    del a
    print(ran, [s.name for s in survivors], r() is None, c() is None, calls)
    gc.collect()
    print(ran, [s.name for s in survivors], r() is None, calls)
    ran.clear()
    survivors.clear()
    print(ran, r() is None, calls)
    gc.collect()
    print(ran, survivors)
case(Simple)
case(Resurrector)
