# Whatever `__del__` is, it is bound to the instance as any attribute of its class, and called.
import sys

sys.unraisablehook = lambda u: print("hook", type(u.exc_value).__name__, u.exc_value)

class Static:
    @staticmethod
    def __del__(): print("static")
class OfClass:
    @classmethod
    def __del__(cls): print("class", cls.__name__)
class BuiltIn:
    __del__ = print
class Property:
    @property
    def __del__(self): return lambda: print("property")
class Nothing:
    __del__ = None
class Plain:
    def __del__(self): print("plain", type(self).__name__)
for c in (Static, OfClass, BuiltIn, Property, Nothing, Plain):
    print(c.__name__)
    c()

# A generator that answers its end answers `close`.
def waits():
    try:
        yield 1
    except GeneratorExit:
        return 5
g = waits()
next(g)
print(g.close(), g.close())
