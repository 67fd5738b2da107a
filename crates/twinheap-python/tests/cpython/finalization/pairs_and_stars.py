# When what makes a dict lets go of its pairs, and what a call with `*` holds: order and interleaving.
class L:
    def __init__(self, n): self.n = n
    def __del__(self): print("del", self.n)
    def __repr__(self): return "L%s" % self.n
class U(L):
    __hash__ = None
def tried(f, *a, **kw):
    try:
        f(*a, **kw)
    except Exception as e:
        print(type(e).__name__, e)

# Pairs are taken one at a time.
class It:
    def __init__(self, n): self.n, self.i = n, 0
    def __iter__(self): return self
    def __next__(self):
        self.i += 1
        if self.i > self.n: raise StopIteration
        print("next", self.i)
        return (K(self.i), self.i)
class K(L):
    def __hash__(self):
        print("hash", self.n)
        return 1
    def __eq__(self, other):
        print("eq", self.n, other.n)
        return self.n == other.n
print("dict"); d = dict(It(2)); print(len(d)); del d
print("update"); d = {}; d.update(It(2)); print(list(d.values())); del d
print("keywords"); d = dict(((k, 1) for k in "ab"), c=2); print(d); d.update((("d", 3) for i in range(1)), e=4); print(d)
def pairs():
    for i in range(3):
        print("yield", i)
        yield [L(i), i]
print("generator"); d = dict(pairs()); print(sorted(d.values())); del d
print("a bad one")
it = iter([(1, 2), 3, (4, 5)])
tried(dict, it)
print(list(it))
it = iter([(1, 2), (3,), (4, 5)])
d = {}
tried(d.update, it)
print(d, list(it))
def bad():
    yield L(1), L(2)
    print("one is in")
    yield L(3), L(4), L(5)
    print("never")
tried(dict, bad())
def unhashable():
    yield L(1), L(2)
    yield U(3), L(4)
tried(dict, unhashable())
it = iter([(L(1), 1), (U(2), 2), (L(3), 3)])
tried(dict, it)
print("left")
del it
print("an enumeration"); print(dict(enumerate("ab")), dict(zip("ab", (1, 2))), dict(map(lambda c: (c, c), "xy")))
class D(dict):
    pass
print("subclass"); d = D(It(1)); print(type(d), len(d)); del d
class Own(dict):
    def __init__(self, it):
        print("init")
        super().__init__(it)
d = Own(pairs()); print(len(d)); del d
def ends():
    yield (1, 2)
    raise KeyError("stop")
d = {}
tried(d.update, ends())
print(d)

# Displays.
def display(): {L(1): L(2), U(3): L(4), L(5): L(6)}
print("dict display"); tried(display)
def display(): {L(1), L(2), U(3), L(4), L(5)}
print("set display"); tried(display)
def display(): {**{1: L(1)}, U(2): L(3)}
print("dict with stars"); tried(display)

# Calls.
class C:
    def __call__(self, *a, **kw): print("called", a, sorted(kw))
class C2:
    def __call__(self, a, b): del a, b; print("called")
def star(f, n):
    f(*[L(i) for i in range(n)])
def star_gen(f, n):
    f(*(L(i) for i in range(n)))
class Seq:
    def __init__(self, n): self.n = n
    def __iter__(self): return iter([L(i) for i in range(self.n)])
def star_seq(f, n):
    f(*Seq(n))
def star_kw(f, n):
    f(*[L(i) for i in range(n)], **{str(i): L(i) for i in range(10, 10 + n)})
def two(a, b): del a, b; print("called")
for s in (star, star_gen, star_seq):
    for f in (C(), C2(), two, print):
        print(s.__name__, type(f).__name__)
        s(f, 2)
print("keywords"); star_kw(C(), 2)
def named(*a, **kw): print("called")
print("keywords"); star_kw(named, 2)
print("too many"); tried(star, C2(), 3)
print("too few"); tried(star, C2(), 1)
class Static:
    @staticmethod
    def __call__(a, b): print("static", a, b)
print("static"); star(Static(), 2)
class Raises:
    def __call__(self, *a): raise ValueError(1)
print("raises"); tried(star, Raises(), 2)
def plain(f): f(L(1), L(2))
print("plain"); plain(C())
