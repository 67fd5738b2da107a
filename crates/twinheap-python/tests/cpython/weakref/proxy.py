# Proxies: what is forwarded, to whom, and what happens when nobody is there any more.
import gc
import weakref

class C:
    def method(self):
        return "method"
class Box:
    "What collections.UserList is to a proxy."
    def __init__(self, items=()):
        self.data = list(items)
    def append(self, x):
        self.data.append(x)
    def __len__(self):
        return len(self.data)
    def __getitem__(self, i):
        return self.data[i]
    def __setitem__(self, i, x):
        self.data[i] = x
    def __delitem__(self, i):
        del self.data[i]
    def __contains__(self, x):
        return x in self.data
    def __eq__(self, other):
        return self.data == (other.data if isinstance(other, Box) else other)
    def __lt__(self, other):
        return self.data < (other.data if isinstance(other, Box) else other)
def tried(f, *args, **kw):
    try:
        return f(*args, **kw)
    except (TypeError, AttributeError, ReferenceError) as e:
        return "%s: %s" % (type(e).__name__, e)

# test_proxy_ref
calls = []
o = C()
o.bar = 1
p1 = weakref.proxy(o, calls.append)
p2 = weakref.proxy(o, calls.append)
print(p1.bar, p1 is p2, calls)
del o
print(len(calls), calls[0] is p2, calls[1] is p1, tried(lambda: p1.bar), tried(lambda: p2.bar))
p3 = weakref.proxy(C())
print(tried(bool, p3))

# test_proxy_repr
o = C()
p = weakref.proxy(o, calls.append)
print(repr(p).replace(hex(id(p)), "HERE").replace(hex(id(o)), "THERE"))
del o
print(repr(p).replace(hex(id(p)), "HERE"), str(type(p)))

# test_proxy_reuse, test_shared_proxy_without_callback
o = C()
p1 = weakref.proxy(o)
r = weakref.ref(o)
p2 = weakref.proxy(o)
print(p1 is p2)
del p1, p2
for x, y in [((None,), (None,)), ((), (None,)), ((), ()), ((None,), ())]:
    a = weakref.proxy(o, *x)
    b = weakref.proxy(o, *y)
    print(a is b, weakref.proxy(o, calls.append) is a)
    del a, b

# test_basic_proxy: attributes both ways
def attributes(o, p):
    o.foo = 1
    print(p.foo, end=" ")
    o.foo = 2
    print(p.foo, end=" ")
    del o.foo
    print(hasattr(p, "foo"), end=" ")
    p.foo = 1
    print(o.foo, end=" ")
    p.foo = 2
    print(o.foo, end=" ")
    del p.foo
    print(hasattr(o, "foo"), tried(lambda: p.foo))
attributes(o, weakref.proxy(o))
print(weakref.proxy(o).method(), weakref.proxy(o).__dict__, weakref.proxy(o).__class__)
l = Box()
p = weakref.proxy(l)
print(bool(p), not p, "yes" if p else "no")
p.append(12)
print(len(l), len(p), bool(p), not p, "yes" if p else "no")
p[:] = [2, 3]
print(len(l), len(p), 3 in p, 4 in p, 4 not in p)
p[1] = 5
print(l[1], p[1], p[-1], p[0:1])
l2 = Box(l)
p2 = weakref.proxy(l2)
print(p == p2, p != p2, p == l2, l2 == p, p == [2, 5], [2, 5] == p, p < Box([3]), Box([3]) < p, p is p2)
l3 = Box(range(10))
p3 = weakref.proxy(l3)
print(l3[:] == p3[:], l3[5:] == p3[5:], l3[:5] == p3[:5], l3[2:5] == p3[2:5])
# test_proxy_deletion
class Deleter:
    result = None
    def __delitem__(self, key):
        self.result = key
g = Deleter()
p = weakref.proxy(g)
del p[0]
print(g.result)
del p3[0], p3[0]
print(l3.data)

# test_proxy_unicode
class Spoken:
    def __str__(self):
        return "string"
    def __bytes__(self):
        return b"bytes"
    def __format__(self, spec):
        return "format " + spec
s = Spoken()
p = weakref.proxy(s)
print("__bytes__" in dir(p), bytes(p), str(p), "%s" % p, f"{p}", format(p), tried(format, p, ">9"))

# test_proxy_index, and other ways to be a number
class Ten:
    def __index__(self):
        return 10
    def __int__(self):
        return 11
    def __float__(self):
        return 12.5
    def __abs__(self):
        return 13
    def __neg__(self):
        return -14
    def __pos__(self):
        return 15
    def __invert__(self):
        return 16
    def __bool__(self):
        return False
t = Ten()
p = weakref.proxy(t)
print(range(20)[p], hex(p), "x" * p, int(p), float(p), abs(p), -p, +p, ~p, bool(p), list(range(20))[p], [0] * p == [0] * 10)
print(tried(round, p))

# test_proxy_div, test_proxy_matmul, and all the others, reflected and in place
class Operand:
    pass
names = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "lshift", "rshift", "and", "or", "xor"]
for n in names:
    for kind in ["", "r", "i"]:
        def f(self, other, what=kind + n):
            return (what, type(other).__name__)
        setattr(Operand, "__%s%s__" % (kind, n), f)
a = Operand()
p = weakref.proxy(a)
print(p + 5, p - 5, p * 5, p / 5, p // 5, p % 5, p ** 5, p @ 5, p << 5, p >> 5, p & 5, p | 5, p ^ 5)
print(5 + p, 5 - p, 5 * p, 5 / p, 5 // p, 5 % p, 5 ** p, 5 @ p, 5 << p, 5 >> p, 5 & p, 5 | p, 5 ^ p)
out = []
for op in ["+=", "-=", "*=", "/=", "//=", "%=", "**=", "@=", "<<=", ">>=", "&=", "|=", "^="]:
    space = {"p": weakref.proxy(a)}
    exec("p %s 5" % op, space)
    out.append(space["p"])
print(out)
print(p + p, [1] + p, "s" + p, p + "s")
class Silent:
    def __add__(self, other):
        return NotImplemented
silent = Silent()
print(silent + p, tried(lambda: weakref.proxy(silent) + 1), tried(lambda: 1 + weakref.proxy(silent)))
print(tried(lambda: weakref.proxy(silent) @ weakref.proxy(silent)))
x = 5
x += weakref.proxy(a)
print(x)
# test_newstyle_number_ops
class F(float):
    pass
f = F(2.0)
p = weakref.proxy(f)
print(p + 1.0, 1.0 + p, p * p, p < 3, 3 > p, p == 2, 2 == p, divmod(7, p), pow(p, 3), round(float(p)))

# test_callable_proxy
class Callable:
    bar = None
    def __call__(self, x):
        self.bar = x
o = Callable()
p = weakref.proxy(o)
attributes(o, p)
print(type(p) is weakref.CallableProxyType, callable(p), callable(weakref.proxy(C)), type(weakref.proxy(t)), callable(weakref.proxy(t)))
p("twinkies!")
print(o.bar)
p(x="Splat.")
print(o.bar)
print(tried(p))
print(tried(p, 1, 2, 3))
print(tried(weakref.proxy(t)))
def function(a, *, b=2):
    return a, b
print(weakref.proxy(function)(1, b=3), weakref.proxy(C)().method(), weakref.proxy(function).__name__)

# test_proxy_bool
class List(list):
    pass
l = List()
print(bool(weakref.proxy(l)), bool(l), weakref.proxy(l) == [], len(weakref.proxy(l)))
l.append(1)
print(bool(weakref.proxy(l)), weakref.proxy(l) + [2], [0] + weakref.proxy(l), weakref.proxy(l) * 2, list(weakref.proxy(l)))

# test_proxy_iter
obj = None
class Vanishing:
    def __iter__(self):
        global obj
        del obj
        return NotImplemented
obj = Vanishing()
p = weakref.proxy(obj)
print(tried(lambda: "blech" in p), tried(bool, p))

# test_proxy_next
def numbers():
    yield from [4, 5, 6]
it = numbers()
class Weakly:
    def __iter__(self):
        return weakref.proxy(it)
print(list(Weakly()))
it = numbers()
print([x for x in Weakly()])
it = numbers()
p = weakref.proxy(it)
print(next(p), next(p), list(p), next(p, "none"))
it = numbers()
a, b, c = weakref.proxy(it)
print(a, b, c)

# test_proxy_bad_next
no_iterator = lambda: 0
class Badly:
    def __iter__(self):
        return weakref.proxy(no_iterator)
print(tried(lambda: list(Badly())))
print(tried(lambda: [x for x in Badly()]), tried(next, weakref.proxy(t)))

# test_proxy_reversed
class Reversible:
    def __len__(self):
        return 3
    def __reversed__(self):
        return iter("cba")
r = Reversible()
print("".join(reversed(weakref.proxy(r))), list(reversed(weakref.proxy(l))), tried(reversed, weakref.proxy(t)))

# test_proxy_hash
class Hashed:
    def __hash__(self):
        return 42
class Unhashed:
    __hash__ = None
h, u = Hashed(), Unhashed()
print(tried(hash, weakref.proxy(h)), tried(hash, weakref.proxy(u)), tried(lambda: {weakref.proxy(h)}))

# isinstance asks `__class__` as well.
o = C()
p = weakref.proxy(o)
print(isinstance(p, C), isinstance(p, weakref.ProxyType), isinstance(p, int), type(p), isinstance(p, (int, C)))
print(tried(lambda: type("X", (weakref.ProxyType,), {})), tried(weakref.ProxyType))

# Not there any more: every question says so but those about the proxy itself.
gone = weakref.proxy(C())
gone_callable = weakref.proxy(Callable())
for f in [lambda: gone.x, lambda: setattr(gone, "x", 1), lambda: delattr(gone, "x"), lambda: str(gone), lambda: bool(gone),
          lambda: len(gone), lambda: gone + 1, lambda: 1 + gone, lambda: gone == 1, lambda: 1 == gone, lambda: gone != gone,
          lambda: gone < 1, lambda: gone[0], lambda: gone.__class__, lambda: iter(gone), lambda: next(gone), lambda: 1 in gone,
          lambda: isinstance(gone, C), lambda: hash(gone), lambda: bytes(gone), lambda: dir(gone), lambda: reversed(gone),
          lambda: int(gone), lambda: -gone, lambda: f"{gone}", lambda: gone_callable(1), lambda: gone(1), lambda: [gone] == [1],
          lambda: callable(gone), lambda: callable(gone_callable), lambda: isinstance(gone, weakref.ProxyType),
          lambda: type(gone), lambda: gone is gone]:
    print(tried(f))
