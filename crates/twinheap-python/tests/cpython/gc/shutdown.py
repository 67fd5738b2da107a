# At exit: handlers last first; the main module's names, those with one underscore
# first; what was held by them in its order.  What a handler registers is not called.
import atexit, gc
gc.disable()
class L:
    def __init__(self, name, held=None):
        self.name = name
        self.held = held
    def __del__(self):
        print("del", self.name)
def handler(*args, **kw):
    print("handler", args, kw)
atexit.register(handler, 1)
atexit.register(handler, 2, k=3)
@atexit.register
def last():
    print("last handler")
    atexit.register(handler, "registered at exit")
    local = L("local of a handler")
def gone():
    print("never")
atexit.register(gone)
atexit.unregister(gone)
cycle = L("cycle")
cycle.me = cycle
b = L("b")
a = L("a", L("held by a"))
_private = L("_private")
__dunder = L("__dunder")
c = [L("c0"), L("c1")]
d = {"x": L("dx"), "y": L("dy")}
def f():
    try:
        yield
    finally:
        print("finally")
g = f()
next(g)
class Holder:
    attribute = L("class attribute")
other = L("other")
other.back = {"holder": other}
print("end", gc.isenabled())
