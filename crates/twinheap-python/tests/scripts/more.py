# assorted checks against CPython
import sys, gc, weakref, os, time, functools, itertools, math, collections
def section(s): print("--", s)
section("str methods")
print("Hello World".swapcase(), "a b  c".split(), " x ".strip(), "abc".center(9, "*"), "x".join("abc"), "abc".replace("b", "BB"), "%05d|%-5s|%+d" % (42, "ab", 7))
print("a,b,,c".split(","), "a\nb\r\nc".splitlines(), "abcabc".rfind("b"), "abc".partition("b"), "ß".upper(), "TITLE case".title(), "x=1".zfill(6))
print(f"{3.14159!r:>10} {'a':^5}| {255:#x} {1234567.891:,.2f} {-5:05d} {0.1+0.2:.20f} {1e100} {float('inf')} {float('nan')}")
print("{0} {1} {0} {name} {l[1]} {d[k]}".format(1, 2, name="n", l=[1,2], d={"k": 5}))
print(repr("a'b"), repr('a"b'), repr("\n\t\\"), "é".encode(), b"ab\x00", bytes([1,2]), b"abc"[1], b"abc"[1:])
section("ints")
print(10**30, -10**30 // 7, (-7) % 3, 7 // -2, -7 >> 1, 1 << 70, ~5, 5 & -2, 2**-1, int("ff", 16), int("-0b11", 0), bin(10), hex(-255), (255).to_bytes(2, "big"), int.from_bytes(b"\x01\x00", "big"))
print(round(1.5), round(-2.5), round(3.14159, 2), round(12345, -2), divmod(-7, 2), pow(3, 100, 7), abs(-3.5), 7 / 2, 1e16, 123456789.123456789, 0.1, 1/3, 100.0, 1e-7, 5e-324)
section("containers")
l = list(range(10)); l[2:5] = ["x"]; print(l, l[::-2]); del l[::3]; print(l)
d = {1: "a", "b": 2}; d.update(c=3); d.setdefault("z", []).append(1); print(d, d.pop("b"), d.get("q"), list(d.items()), d | {"n": 1})
d = {i: i for i in range(20)}
for i in range(0, 20, 3): del d[i]
print(d, len(d), list(reversed(d)))
s = {1, 2, 3} | {5}; s.discard(9); s.remove(1); print(s, s <= {2, 3, 5, 7}, {1, 2} == {2, 1}, frozenset({1}) in {frozenset({1})})
print(sorted(["b", "A", "c"], key=str.lower), sorted([(2, "b"), (1, "z"), (2, "a")], reverse=True), sorted({3: 1, 1: 2}))
print((1, 2) < (1, 3), [1, 2] == [1, 2.0], (1,) * 3, [0] * 3, tuple("ab"), list({"k": 1}), max("abc", key=lambda c: -ord(c)), min(3, 1, 2))
section("classes")
class Base:
    count = 0
    def __init__(self, x=0): self.x = x; Base.count += 1
    def __eq__(self, o): return isinstance(o, Base) and self.x == o.x
    def __hash__(self): return hash(self.x)
    def __repr__(self): return f"{type(self).__name__}({self.x})"
    def __lt__(self, o): return self.x < o.x
    def __iter__(self): return iter([self.x])
    def __getattr__(self, n):
        if n.startswith("dyn"): return n
        raise AttributeError(n)
class Derived(Base):
    __slots__ = ("y",)
    def __init__(self, x, y): super().__init__(x); self.y = y
    @property
    def z(self): return self.x + self.y
    @z.setter
    def z(self, v): self.y = v - self.x
b = Derived(1, 2); b.z = 10; print(b, b.y, b.z, b.dynamic, Base.count, b == Derived(1, 0), {b: 1}[Base(1)], sorted([Base(3), Base(1)]), list(b))
print(Derived.__mro__, Derived.__name__, Derived.__qualname__, b.__class__, vars(Base(5)), hasattr(b, "nope"), getattr(b, "nope", "def"))
class A: pass
class B(A): pass
class C(A): pass
class D(B, C): pass
print([c.__name__ for c in D.__mro__])
class M(list):
    def __init__(self, *a): super().__init__(a); self.tag = "t"
    def total(self): return sum(self)
m = M(1, 2, 3); m.append(4); print(m, m.total(), m.tag, len(m), m[1:], isinstance(m, list), m == [1, 2, 3, 4])
class I(int):
    def double(self): return self * 2
print(I(5) + 1, I(5).double(), I(7), isinstance(I(1), int), {I(3): "k"}[3])
class S(str):
    def shout(self): return self.upper() + "!"
print(S("hi").shout(), S("hi") + "x", len(S("abc")), S("a") == "a", f"{S('q')}")
class DD(dict):
    def __missing__(self, k): return k * 2
print(DD(a=1)["b"], DD({"x": 1})["x"])
class Ctx:
    def __enter__(self): print("in"); return 5
    def __exit__(self, t, v, tb): print("out", t and t.__name__, v); return t is KeyError
with Ctx() as c, Ctx():
    print(c)
    raise KeyError("k")
class Desc:
    def __get__(self, o, t=None): return (o is None, t.__name__)
    def __set__(self, o, v): print("set", v)
    def __set_name__(self, o, n): print("named", n)
class U: d = Desc()
U().d = 5; print(U().d, U.d)
class Sub:
    def __init_subclass__(cls, **kw): print("sub", cls.__name__, kw)
class SubA(Sub, k=1): pass
class Cnt:
    def __len__(self): return 0
print(bool(Cnt()), not Cnt(), 1 if Cnt() else 2)
class Call:
    def __call__(self, *a, **k): return a, k
print(Call()(1, *[2, 3], x=4, **{"y": 5}))
def deco(cls): cls.extra = 1; return cls
@deco
class Z: pass
print(Z.extra, type("Dyn", (A,), {"v": 3}).v, A().__class__ is A)
class Num:
    def __init__(s, v): s.v = v
    def __iadd__(s, o): s.v += o; return s
    def __neg__(s): return Num(-s.v)
    def __getitem__(s, k): return k
    def __setitem__(s, k, v): print("setitem", k, v)
    def __delitem__(s, k): print("delitem", k)
    def __matmul__(s, o): return "mat"
    def __index__(s): return s.v
    def __format__(s, spec): return f"<{spec}>"
n = Num(3); n += 4; print(n.v, (-n).v, n[1:2], n[1, 2], n @ n, [10, 20, 30][Num(1)], f"{n:abc}", range(Num(3)))
n["k"] = 1; del n["k"]
section("functions")
def f(a, /, b, *args, c=3, **kw): return a, b, args, c, kw
print(f(1, 2), f(1, 2, 3, c=4, d=5), f.__name__, f.__defaults__, f.__kwdefaults__)
print((lambda *a, k=1: (a, k))(1, 2, k=3), [f(*x) for x in [(1, 2), (3, 4)]])
def outer():
    x = 1
    def inc():
        nonlocal x
        x += 1
        return x
    return inc
i = outer(); print(i(), i(), i.__closure__[0].cell_contents)
@functools.lru_cache(None)
def fibo(n): return n if n < 2 else fibo(n - 1) + fibo(n - 2)
print(fibo(80), functools.partial(f, 1)(2))
fs = [lambda i=i: i for i in range(3)]; print([g() for g in fs])
def kwonly(*, a, b=2): return a + b
print(kwonly(a=1))
section("control")
for i in range(5):
    if i == 3: break
else: print("no")
x = 5
while x: x -= 1
else: print("else")
print([a for a in range(10) if a % 2 if a > 3], {k: v for k, v in [(1, 2)]}, sorted({a for a in "aab"}), [(a, b) for a in range(2) for b in range(2)])
print(1 < 2 < 3, 1 < 3 < 2, None is None, not [], [] or "d", 0 and 1, "a" in "abc", 3 not in [1])
if (y := 10) > 5: print(y)
match (1, [2, 3], {"k": "v"}):
    case (int(a), [b, *c], {"k": str(s)}) if a == 1: print(a, b, c, s)
match Base(4):
    case Base(x=4) as q: print("base", q)
a = b = [1]; a += [2]; print(b, a is b)
del a
try: a
except NameError as e: print(e)
print(*[1, 2], sep="-", end="!\n")
section("exceptions")
def t():
    try:
        try: raise ValueError(1)
        except ValueError as e: raise KeyError(2) from e
    except KeyError as e: return repr(e.__cause__), e.__suppress_context__
print(t())
try:
    try: 1 / 0
    finally: print("f")
except ArithmeticError as e: print(type(e))
class MyE(Exception):
    def __str__(self): return "custom"
try: raise MyE
except MyE as e: print(e, repr(e), str(e))
def gen():
    try:
        yield 1
    except GeneratorExit:
        print("exit"); raise
    finally: print("fin")
g = gen(); next(g); g.close()
try: raise Exception("a", "b")
except Exception as e: print(e, e.args)
try: [].x
except AttributeError as e: print(e)
try: raise OSError(2, "No such file", "f")
except FileNotFoundError as e: print(e, e.errno, e.filename)
section("misc")
print(list(itertools.chain([1], [2])), list(itertools.product("ab", [1, 2])), list(itertools.permutations([1, 2, 3], 2))[:3], list(itertools.accumulate([1, 2, 3])))
print(collections.OrderedDict(a=1), collections.deque([1, 2, 3], maxlen=2), collections.Counter("aab"), collections.defaultdict(int, {"a": 1})["z"])
print(math.floor(2.7), math.pi, math.gcd(12, 18), math.isqrt(17), math.factorial(20), math.hypot(3, 4))
print(type(iter([])), type({}.keys()), type(x for x in []), type(range(1)), type(f), type(b"".decode), int.__name__, object())if 0 else print(type(iter([])).__name__, type(range(1)).__name__)
print(callable(print), id(x) == id(x), isinstance(True, int), True + True, hash(True), [True, False].count(1), bool("False"))
print(sys.version_info[:2], sys.maxsize, len(sys.argv))
exec("zz = 5"); print(zz, eval("zz + 1"))
print(sum([0.1] * 10), sum([[1], [2]], []), any([]), all([]), list(zip("ab", [1, 2], (3, 4))), list(map(str, [1, 2])))
print("end")
