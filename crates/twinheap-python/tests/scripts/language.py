class K:
    def __init__(self, n): self.n = n
    def __hash__(self): return hash(self.n)
    def __eq__(self, o): return self.n == o.n
    def __lt__(self, o): return self.n < o.n
d = {K(i): i for i in range(100)}
print(d[K(50)], K(3) in d, len(d))
print([k.n for k in sorted([K(3), K(1), K(2)])])
class V:
    def __init__(self, x): self.x = x
    def __add__(self, o): return V(self.x + (o.x if isinstance(o, V) else o))
    def __radd__(self, o): return V(o + self.x)
    def __bool__(self): return self.x != 0
    def __len__(self): return 3
    def __getitem__(self, i):
        if i > 4: raise IndexError
        return i * self.x
    def __call__(self, *a, **k): return (self.x, a, k)
    def __str__(self): return f"V<{self.x}>"
    def __contains__(self, y): return y == self.x
    def __enter__(self): print("enter"); return self
    def __exit__(self, *a): print("exit", a[0]); return True
v = V(2)
print(V(1) + V(2), 5 + V(1), sum([V(1), V(2)]), bool(V(0)), not v, len(v), list(v), v(1, 2, k=3), 2 in v, 3 not in v)
with v as w:
    raise KeyError("x")
if V(0): print("no")
else: print("yes")
def gen():
    try:
        x = yield 1
        print("got", x)
        y = yield from (i for i in range(3))
    finally:
        print("closing")
g = gen()
print(next(g), g.send("hi"), next(g))
g.close()
print([(i, c) for i, c in enumerate("abc")], list(zip([1,2],[3,4])), dict(zip("ab", [1,2])))
print(*map(lambda x: x+1, [1,2,3]), any(x > 2 for x in [1,2,3]), all([1, 0]))
class P:
    @property
    def a(self): return 1
    @classmethod
    def c(cls): return cls.__name__
    @staticmethod
    def s(x): return x
    def __getattr__(self, n): return "dyn " + n
print(P().a, P.c(), P().c(), P.s(3), P().zzz)
class Q(P):
    def m(self): return super().a
print(Q().m(), Q.__mro__, isinstance(Q(), P), issubclass(Q, P))
try:
    [][1]
except IndexError as e: print(repr(e))
print("%s %r %5.2f %x" % ("a", "b", 3.14159, 255), "{:>5}|{!r}|{x}".format(1, "q", x=3), f"{3.14159:.2f} {'x':>4} {1000000:,}")
a, *b, c = range(5)
print(a, b, c)
x = {"a": 1, **{"b": 2}}
print(x, [*range(3), *"ab"], {**x})
def dec(f):
    def w(*a, **k):
        print("calling", f.__name__)
        return f(*a, **k)
    return w
@dec
def h(a, b=2): return a * b
print(h(3), h(3, b=4))
class E(Exception):
    def __init__(self, code):
        super().__init__("code %d" % code)
        self.code = code
try:
    raise E(5)
except E as e:
    print(e, e.code, e.args, type(e).__name__)
try:
    try:
        1/0
    except ZeroDivisionError as e:
        raise ValueError("v") from e
except ValueError as e:
    print(repr(e.__cause__), e.__context__ is e.__cause__)
match {"k": [1, 2, 3]}:
    case {"k": [a, *r]}: print("m", a, r)
import weakref
class W: pass
o = W()
r = weakref.ref(o)
p = weakref.proxy(o)
o.z = 4
print(p.z, r() is o)
print(2**100, -7//2, -7%3, 10**20 // 3, 1e300*1e10, 0.1+0.2, round(2.5), divmod(7, 2), int("42"), float("1.5"))
print(sorted({"b":1,"a":2}.items()), max([1,5,3]), min("hello"), "a,b".split(","), "-".join(["x","y"]), "abc"[::-1], "hello"[1:3])
s = {1,2,3}
s |= {4}
print(s & {2,3,9}, s - {1}, s ^ {1, 7}, frozenset([1,2]))
print(type(1), type("a"), type(None), type(P), type(len), int, [int], print)
lst = [5,3,1]
lst.sort(); lst.insert(0, 9); lst.extend((7,8)); print(lst, lst.pop(), lst.index(3), lst.count(9)); del lst[0]; print(lst, lst[-1], lst[1:])
global_x = 1
def ff():
    global global_x
    global_x += 1
    def inner():
        nonlocal_y[0] += 1
    nonlocal_y = [0]
    inner()
    return nonlocal_y
print(ff(), global_x)
print([[j for j in range(i)] for i in range(3)], {i: i*i for i in range(3)}, {i%2 for i in range(5)})
i = 0
while True:
    i += 1
    if i == 3: continue
    if i > 5: break
else: print("never")
print(i)
assert i == 6, "msg"
try: assert False, "boo"
except AssertionError as e: print("AE", e)
class Meta(type):
    def __new__(m, name, bases, ns):
        ns["added"] = 1
        return super().__new__(m, name, bases, ns)
class M(metaclass=Meta): pass
print(M.added, type(M).__name__)
from collections import namedtuple, defaultdict, Counter, deque
Pt = namedtuple("Pt", "x y")
print(Pt(1,2), Pt(1,2).x, defaultdict(list), Counter("hello").most_common(1), deque([1,2]))
import functools, itertools, math
print(functools.reduce(lambda a,b:a*b, [1,2,3,4]), list(itertools.islice(itertools.count(), 3)), math.sqrt(16))
print(hash((1,2,3)), hash(1.5), hash(2**70), hash("a") == hash("a"))
print(globals()["i"], callable(len), getattr(P, "s")(1), hasattr(P, "q"))
