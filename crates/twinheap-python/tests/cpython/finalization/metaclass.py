# `__del__` of a metaclass: called when a class is found dead, once; a class can be saved by it.
import gc
gc.disable()
class Meta(type):
    def __del__(cls): print('del class', cls.__name__)
class Alive(metaclass=Meta): pass
def local(x):
    class Local(metaclass=Meta): pass
    Local.x = x
class T:
    def __del__(self): print('del T')
local(5); print('gone')
print(gc.collect() > 0)
local(T()); gc.collect()
kept = []
class Saving(Meta):
    def __del__(cls): print('saved', cls.__name__); kept.append(cls)
def saved():
    class Saved(metaclass=Saving):
        def f(self): return 'works'
saved(); gc.collect()
print(kept, kept[0]().f()); kept.clear(); gc.collect(); print('not again')
class Base(metaclass=Meta): pass
class Sub(Base): pass
del Base; gc.collect(); print('its subclass holds it')
instance = Sub(); del Sub; gc.collect(); print('an instance holds both')
Meta.__del__ = lambda cls: None
del instance; gc.collect(); print('what it has now is called')
class Raising(type):
    def __del__(cls): raise ValueError(cls.__name__)
import sys
sys.unraisablehook = lambda u: print('unraisable', u.exc_value)
class R(metaclass=Raising): pass
del R; gc.collect()
del Alive; gc.collect()
print('end')
