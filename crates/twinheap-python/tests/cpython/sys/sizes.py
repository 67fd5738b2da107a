# test_sys: SizeofTest test_gc_head_size (no: sizes are ours), test_errors, test_default; and laws of sizes.
import sys
size = sys.getsizeof

def tell(*args, **kw):
    try:
        print(size(*args, **kw))
    except Exception as e:
        print(type(e).__name__, e)
def kind(sizeof):
    class K:
        __sizeof__ = sizeof
    return K()

extra = size(kind(lambda self: 0))
print(0 <= extra <= 32, "what is before an object")
for said in 5, True, sys.maxsize:
    print(size(kind(lambda self: said)) == said + extra)
class I(int):
    pass
print(size(kind(lambda self: I(7))) == 7 + extra)
class Index:
    def __index__(self):
        return 3
for said in -1, "x", 1.5, None, sys.maxsize + 1, -sys.maxsize - 1, -sys.maxsize - 2, 2**70, Index():
    tell(kind(lambda self: said))
    tell(kind(lambda self: said), "default")
def fails(self):
    raise KeyError("said")
tell(kind(fails))
tell(kind(fails), 1)
tell(kind(None))
tell(kind(None), 1)
tell()
tell(1, 2, 3)
tell(object=kind(lambda self: "x"), default=3)
tell(kind(lambda self: "x"), default=4)
tell(1, foo=1)
tell(1, object=2)
class Hidden:
    def __getattribute__(self, name):
        raise AttributeError(name)
print(size(Hidden()) > 0)
print(size(1, "unused") == size(1), object.__sizeof__(kind(lambda self: 5)) > 5, kind(lambda self: 5).__sizeof__())
print("__sizeof__" in dir(object), hasattr(type, "__sizeof__"), type(object().__sizeof__()))
print([].__sizeof__() < size([]), "the header is counted")

# A list grows, and does not contain its elements.
l = []
grew = [size(l)]
for i in range(100):
    l.append("x" * 1000)
    grew.append(size(l))
print(grew == sorted(grew), len(set(grew)) < 40, grew[-1] - grew[0] >= 800, grew[-1] < 3000)
print(size(["x" * 100000]) == size(["y"]), size([1, 2, 3]) > size([]))
l.clear()
print(size(l) <= grew[0])
d = {}
grew = [size(d)]
for i in range(200):
    d[i] = "x" * 1000
    grew.append(size(d))
print(grew == sorted(grew), grew[-1] - grew[0] > 200 * 16, grew[-1] < 200 * 100)
d.clear()
print(size(d) <= grew[0])
s = set()
grew = [size(s)]
for i in range(200):
    s.add(i)
    grew.append(size(s))
print(grew == sorted(grew), grew[-1] - grew[0] > 200 * 8)
# Texts, bytes, tuples and integers are as long as what they hold, in steps of blocks.
for make, each in [(lambda n: "x" * n, 1), (lambda n: b"x" * n, 1), (lambda n: tuple(range(n)), 8)]:
    for n in 100, 1000, 10000:
        more = size(make(n)) - size(make(10)) - (n - 10) * each
        print(-64 <= more <= n * each // 4 + 64, end=" ")
    print()
print(size(2**100000) - size(2**1000) > 10000, size(2**100000) < 20000)
print(size((1,) * 50) == size(("text" * 100,) * 50))
class A:
    pass
print(size(A()) == size(A()), size(A) > size(A()))

# Blocks.
for f in sys.getallocatedblocks, sys._debugmallocstats:
    for args, kw in [((1,), {}), ((), {"x": 1})]:
        try:
            f(*args, **kw)
        except TypeError as e:
            print(e)
import gc
gc.collect()
n = sys.getallocatedblocks()
print(type(n), n > 0)
held = [A() for i in range(1000)]
print(sys.getallocatedblocks() - n >= 1000)
del held
print(sys.getallocatedblocks() - n < 100)
