# Messages of common errors.
def show(f):
    try:
        f()
    except Exception as e:
        print(type(e).__name__, "|", e)
def f(a, b=2, *, c): pass
def g(a, b): pass
class C:
    __slots__ = ("x",)
    def m(self): pass
show(lambda: f())
show(lambda: f(1))
show(lambda: f(1, 2, 3, c=1))
show(lambda: f(1, c=1, d=2))
show(lambda: f(1, a=2, c=3))
show(lambda: g(1, 2, 3))
show(lambda: C().y)
show(lambda: setattr(C(), "y", 1))
show(lambda: C().x)
show(lambda: C.zzz)
show(lambda: C().m(1))
show(lambda: None + 1)
show(lambda: "a" + 1)
show(lambda: [] + ())
show(lambda: 1 < "a")
show(lambda: {}["k"])
show(lambda: [][0])
show(lambda: (1,)[5])
show(lambda: "abc"[9])
show(lambda: {[]: 1})
show(lambda: int("x"))
show(lambda: float("y"))
show(lambda: undefined)
show(lambda: None())
show(lambda: None.x)
show(lambda: len(5))
show(lambda: iter(5))
show(lambda: next([]))
show(lambda: 1 / 0)
show(lambda: 1 // 0)
show(lambda: 1 % 0)
show(lambda: 1.5 // 0)
show(lambda: [].pop())
show(lambda: [1].remove(2))
show(lambda: {}.popitem())
show(lambda: set().pop())
show(lambda: chr(-1))
show(lambda: ord("ab"))
show(lambda: "%d" % "x")
show(lambda: "%s %s" % (1,))
show(lambda: "%s" % (1, 2))
show(lambda: "{}".format())
show(lambda: "{a}".format())
show(lambda: range(1, 2, 0))
show(lambda: open("/nonexistent/file"))
show(lambda: isinstance(1, 2))
show(lambda: sorted([1, "a"]))
show(lambda: sum(["a"]))
show(lambda: min([]))
show(lambda: "".join([1]))
show(lambda: int([]))
show(lambda: abs("a"))
show(lambda: -"a")
show(lambda: [1, 2][1:2:0])
show(lambda: __import__("nonexistent_module"))
def unbound():
    print(v)
    v = 1
show(unbound)
def unpack():
    a, b = 1, 2, 3
show(unpack)
def unpack2():
    a, b = (1,)
show(unpack2)
def unpack3():
    a, b = 5
show(unpack3)
def unpack4():
    a, *b, c = [1]
show(unpack4)
def reraise():
    raise
show(reraise)
def notexc():
    raise 5
show(notexc)
class A(Exception): pass
class B(A): pass
try:
    raise B("x", 1)
except (ValueError, A) as e:
    print(repr(e), e.args)
try:
    try:
        raise KeyError("a")
    finally:
        print("fin")
except KeyError as e:
    print(e)
def order():
    try:
        return "try"
    finally:
        print("finally runs")
print(order())
for i in range(3):
    try:
        if i == 1: continue
        if i == 2: break
    finally:
        print("loop", i)
else:
    print("never")
try:
    raise ValueError("a")
except ValueError:
    try:
        raise TypeError("b")
    except TypeError as e:
        print(repr(e.__context__))
import sys
print(sys.exc_info()[0])
