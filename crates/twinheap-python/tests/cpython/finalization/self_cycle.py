# The same, each in a cycle of its own; and one that breaks its cycle itself.
import gc, weakref
gc.disable()
ran = []
survivors = []
class Base:
    def __init__(self, name):
        self.name = name
        self.me = self
    def side_effect(self):
        pass
    def __del__(self):
        assert self.me is self and self.name
        ran.append(self.name)
        self.side_effect()
class Simple(Base):
    pass
class Resurrector(Base):
    def side_effect(self):
        survivors.append(self)
class Suicidal(Base):
    def side_effect(self):
        self.me = None
def case(cls):
    a = cls(cls.__name__)
    plain = weakref.ref(a)
    calls = []
    c = weakref.ref(a, lambda r: calls.append((r() is None, len(ran))))
    del a
    print(cls.__name__, ran, plain() is None)
    print(gc.collect())
    # CPython 3.13: the weak references of what is found are dead, also if it comes back.
    print(ran, [s.name for s in survivors], plain() is None, c() is None, calls)
    print(gc.collect(), ran)
    ran.clear()
    survivors.clear()
    print(gc.collect(), ran, calls)
case(Simple)
case(Resurrector)
case(Suicidal)
