# A class is referred to by its base, also a built-in one; CPython's ABCs, which are not here, refer to some more.
import weakref
def show(c):
    refs = weakref.getweakrefs(c)
    print(c.__name__, weakref.getweakrefcount(c), [r() is c for r in refs], [r.__callback__ for r in refs])
    return refs
for c in (object, int, bool, float, slice, property, classmethod, staticmethod, super, type, type(None), type(len),
          type(show), BaseException, Exception, ArithmeticError, ValueError, OSError, KeyError, BlockingIOError, StopIteration,
          weakref.ref, type(weakref)):
    show(c)
print(show(int)[0] is weakref.ref(int), weakref.ref(int) is weakref.ref(int))
told = weakref.ref(int, print)
print(len(show(bool)), weakref.getweakrefcount(int), weakref.getweakrefs(int)[1] is told)
del told
print(weakref.getweakrefcount(int))
proxy = weakref.proxy(float)
print(weakref.getweakrefcount(float), weakref.getweakrefs(float)[1] is proxy)
print(int.__subclasses__(), bool.__subclasses__(), ArithmeticError.__subclasses__())
class Own(int): pass
print(int.__subclasses__(), weakref.getweakrefcount(Own))
