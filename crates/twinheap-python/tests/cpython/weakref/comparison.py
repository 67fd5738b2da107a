# Equality, order and hashes of references.
import gc
import weakref

class Object:
    def __init__(self, arg):
        self.arg = arg
    def __repr__(self):
        return "<Object %r>" % self.arg
    def __eq__(self, other):
        if isinstance(other, Object):
            return self.arg == other.arg
        return NotImplemented
    def __lt__(self, other):
        if isinstance(other, Object):
            return self.arg < other.arg
        return NotImplemented
    def __hash__(self):
        return hash(self.arg)
class Always:
    def __eq__(self, other):
        return True
    def __ne__(self, other):
        return False
def tried(f):
    try:
        return f()
    except TypeError as e:
        return "TypeError: %s" % e

# test_equality
x, y, z = Object(1), Object(1), Object(2)
a, b, c, d = weakref.ref(x), weakref.ref(y), weakref.ref(z), weakref.ref(x)
e = weakref.ref(x, print)
print(a == b, a != b, a == c, a != c, a == d, a != d, a == e, a != e)
print(a == x, a != x, x == a, a == Always(), a != Always(), Always() == a, a == None, a != 1)
print(a.__eq__(b), a.__eq__(1), a.__ne__(c), a.__ne__(1))
print([a] == [b], a in [b], {a: 1}[b], {b, d, e} == {a}, len({a, b, c, d}))
e = None
del x, y, z
gc.collect()
print([r() for r in (a, b, c)])
print(a == b, a != b, a == c, a != c, (a == d) == (a is d), (a != d) == (a is not d), a == a, a != a)

# The objects are asked, also those that are not equal to themselves.
class Odd:
    def __eq__(self, other):
        return False
    __hash__ = None
o = Odd()
r = weakref.ref(o)
q = weakref.ref(o, print)
print(r == r, r == q, r != q, tried(lambda: hash(r)))
class Told:
    def __init__(self, n):
        self.n = n
    def __eq__(self, other):
        return ["eq", self.n, other.n]
    def __ne__(self, other):
        return []
s, t = Told(1), Told(2)
u, v = weakref.ref(s), weakref.ref(t)
print(bool(u == v), bool(u != v))

# test_ordering
x, y = Object(1), Object(1)
a, b = weakref.ref(x), weakref.ref(y)
for f in [lambda: a < b, lambda: a > b, lambda: a <= b, lambda: a >= b, lambda: sorted([a, b])]:
    print(tried(f))
del x, y
for f in [lambda: a < b, lambda: a > b, lambda: a <= b, lambda: a >= b]:
    print(tried(f))

# test_hashing
x, y = Object(42), Object(42)
a, b = weakref.ref(x), weakref.ref(y)
print(hash(a) == hash(42), a.__hash__() == hash(42))
del x, y
print(hash(a) == hash(42), tried(lambda: hash(b)))
d = {}
z = Object(7)
r = weakref.ref(z)
d[r] = "kept"
del z
print(d[r], list(d) == [r], d.pop(r), d)
