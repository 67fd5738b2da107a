# A generator that dies waiting is closed: its finally runs, whatever way it dies.
import gc, sys
gc.disable()
def hook(args):
    text = str(args.object).split(" at ")[0]
    print("unraisable", args.exc_type.__name__, args.exc_value, args.err_msg, text)
sys.unraisablehook = hook
class L:
    def __init__(self, n):
        self.n = n
    def __del__(self):
        print("del", self.n)
def a(n=""):
    l = L("local" + n)
    try:
        yield 1
    finally:
        print("finally", n)
g = a()
next(g)
g = None
print("dropped")
g = a()
g = None
print("not begun")
g = a()
list(g)
g = None
print("over")
class CM:
    def __enter__(self):
        print("enter")
    def __exit__(self, *e):
        print("exit", e[0].__name__, e[1], e[2] is None)
def b():
    with CM():
        yield 1
        yield 2
for x in b():
    print(x)
    break
print("after break")
def ignores():
    while True:
        try:
            yield 1
        except GeneratorExit as e:
            print("ignored", repr(e))
g = ignores()
next(g)
g = None
def raises():
    try:
        yield
    finally:
        raise ValueError("in finally")
g = raises()
next(g)
g = None
def returns():
    try:
        yield 1
    except GeneratorExit:
        return 5
g = returns()
next(g)
g = None
def stops():
    try:
        yield 1
    except GeneratorExit:
        raise StopIteration("s")
g = stops()
next(g)
g = None
print("brought back")
def comes_back():
    global kept
    me = yield
    try:
        yield 1
    finally:
        kept = me
g = comes_back()
next(g)
g.send(g)
g = None
print(gc.collect() >= 0, type(kept).__name__, gc.is_finalized(kept), list(kept))
kept = None
gc.collect()
print("yield from")
def outer(inner):
    try:
        yield from inner
    except (KeyError, TypeError) as e:
        print("got", e)
    finally:
        print("outer finally")
g = outer(a("inner"))
next(g)
g = None
class It:
    def __iter__(self):
        return self
    def __next__(self):
        return 1
    def close(self):
        print("It.close")
g = outer(It())
next(g)
g = None
class It2(It):
    def close(self):
        raise KeyError("close")
g = outer(It2())
next(g)
g = None
class It3(It):
    close = None
g = outer(It3())
next(g)
g = None
g = outer(iter([1, 2]))
next(g)
g = None
print("in a cycle")
def cycle():
    me = yield
    l = L("in a cycle")
    try:
        yield 1
    finally:
        print("finally", l.n)
g = cycle()
next(g)
g.send(g)
del g
gc.collect()
print("many")
held = []
for i in range(3):
    g = a(str(i))
    next(g)
    held.append(g)
g = None
held = None
print("in frames")
def frame():
    g = a("of a frame")
    next(g)
    raise ValueError
try:
    frame()
except ValueError:
    print("handling")
print("handled")
g = (x for x in a("in an expression"))
next(g)
g = None
def collects():
    try:
        yield 1
    finally:
        print("collect", gc.collect() >= 0)
g = collects()
next(g)
g = None
def nested():
    for x in a("nested"):
        yield x
g = nested()
next(g)
g = None
def twice():
    try:
        yield 1
    finally:
        try:
            yield 2
        finally:
            print("never")
g = twice()
next(g)
g = None
def in_except():
    try:
        1 / 0
    except ZeroDivisionError:
        yield 1
    print("not reached")
g = in_except()
next(g)
g = None
g = a()
next(g)
print(gc.is_tracked(g), gc.is_finalized(g), g.gi_running, g.gi_suspended)
g.close()
print(g.gi_suspended, list(g))
g = None
# At exit: the main module's variables in their order.
last = a("at exit")
next(last)
in_object = L("object")
in_object.g = a("of an object at exit")
next(in_object.g)
print("end")
