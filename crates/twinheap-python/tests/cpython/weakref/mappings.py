# WeakValueDictionary, WeakKeyDictionary, WeakSet: what goes when, the ordinary methods, iteration while things go.
import gc
import weakref

class Object:
    def __init__(self, arg):
        self.arg = arg
    def __repr__(self):
        return "<%r>" % (self.arg,)
    def __eq__(self, other):
        return isinstance(other, Object) and self.arg == other.arg
    def __hash__(self):
        return hash(self.arg)
def tried(f, *args):
    try:
        return f(*args)
    except (KeyError, TypeError, RuntimeError) as e:
        return "%s: %s" % (type(e).__name__, e)
objects = lambda n=5: [Object(i) for i in range(n)]

# ---- by value
o = objects()
d = weakref.WeakValueDictionary((i, x) for i, x in enumerate(o))
print(len(d), d[3], 3 in d, 9 in d, d.get(9), d.get(9, "no"), tried(lambda: d[9]))
print(list(d), list(d.keys()), list(d.values()), list(d.items()), [r is q for r, q in zip(d.valuerefs(), d.itervaluerefs())])
print([r.key for r in d.valuerefs()], type(d.valuerefs()[0]).__name__, weakref.getweakrefcount(o[0]))
o[1] = None
print(len(d), list(d), 1 in d, tried(lambda: d[1]), d.pop(1, "none"), tried(d.pop, 1), tried(lambda: d.__delitem__(1)))
print(d.pop(0), len(d), d.popitem(), len(d))
new = Object(9)
print(d.setdefault(2) is o[2], d.setdefault("k", new) is new, d["k"] is new, len(d))
c = d.copy()
print(type(c).__name__, c == d, c is d, dict(c) == dict(d), d == dict(d), d != c, tried(hash, d))
more = Object(8)
e = d | {"m": more}
print(sorted(e, key=str), len(d), type(e).__name__)
e = {"m": more} | d
print(sorted(e, key=str), type(e).__name__)
d |= {"m": more}
print("m" in d, tried(lambda: d | 3))
d.update(a=new)
d.update([("b", more)])
print(d["a"], d["b"])
d.clear()
print(len(d), list(d), tried(d.popitem))
print(tried(lambda: d.__setitem__(1, 5)))
print(repr(d).replace(hex(id(d)), "HERE"))
c = o = new = more = e = None
# … iterating while values go: no "changed size"
for method in ["keys", "values", "items", "__iter__", "itervaluerefs"]:
    o = objects(10)
    d = weakref.WeakValueDictionary(enumerate(o))
    it = getattr(d, method)()
    x = next(it)
    x = None
    del o[3:7]
    n = sum(1 for _ in it)
    print(method, n, len(d), sorted(d))
# … and one that is given up half-way
o = objects(10)
d = weakref.WeakValueDictionary(enumerate(o))
for k in d.keys():
    del o[5:]
    break
print(len(d))
k = None
# … changed by hand: that is an error
d = weakref.WeakValueDictionary(enumerate(o))
def change():
    for k in d.keys():
        d[len(d)] = o[0]
print(tried(change))
# Values that hold the next: they go in one stroke.
d = weakref.WeakValueDictionary()
first = None
for i in range(20):
    x = Object(i)
    x.next = first
    first = d[i] = x
x = None
print(len(d))
first = None
print(len(d))

# ---- by key
o = objects()
d = weakref.WeakKeyDictionary({x: x.arg * 10 for x in o})
print(len(d), d[o[3]], o[3] in d, Object(3) in d, d[Object(3)], 9 in d, d.get(Object(9)), d.get(Object(9), "no"))
print(list(d), list(d.keys()), list(d.values()), list(d.items()), [r() for r in d.keyrefs()])
print(tried(lambda: d[Object(9)]).split(":")[0], tried(lambda: d[5]), tried(lambda: d.__setitem__(5, 1)))
o[1] = None
print(len(d), list(d), d.pop(Object(1), "none"), d.pop(o[0]), len(d), d.popitem(), len(d))
new = Object(9)
print(d.setdefault(o[2]), d.setdefault(new, "new"), d[new], len(d))
# Another object that is equal replaces the value, not the key.
twin = Object(2)
d[twin] = "twin"
print(d[o[2]], len(d))
twin = None
print(len(d), d[o[2]])
c = d.copy()
print(type(c).__name__, c == d, c is d, d == dict(d), tried(hash, d))
more = Object(8)
e = d | {more: 1}
print(sorted(x.arg for x in e), len(d), type(e).__name__)
e = {more: 1} | d
print(sorted(x.arg for x in e), type(e).__name__)
d |= {more: 1}
print(d[more])
d.update({more: 2, new: 3})
del d[new]
print(d[more], new in d, tried(lambda: d.__delitem__(new)).split(":")[0])
d.clear()
print(len(d), list(d), tried(d.popitem))
c = e = new = more = None
for method in ["keys", "values", "items", "__iter__"]:
    o = objects(10)
    d = weakref.WeakKeyDictionary({x: x.arg for x in o})
    it = getattr(d, method)()
    x = next(it)
    x = None
    del o[3:7]
    print(method, len(d), end=" ")
    n = sum(1 for _ in it)
    print(n, len(d), sorted(d.values()))
d = weakref.WeakKeyDictionary()
head = x = Object(0)
for i in range(1, 20):
    x.next = Object(i)
    d[x] = i
    x = x.next
x = None
print(len(d))
head = None
print(len(d))
# A value that holds its key keeps it.
k = Object(1)
d = weakref.WeakKeyDictionary()
d[k] = [k]
k = None
print(len(d))
d.popitem()
print(len(d))

# ---- sets
o = objects()
s = weakref.WeakSet(o)
print(len(s), o[1] in s, Object(1) in s, 5 in s, sorted(x.arg for x in s))
o[1] = None
print(len(s), sorted(x.arg for x in s))
s.add(o[0])
s.discard(Object(77))
s.remove(o[0])
print(len(s), tried(s.remove, o[0]).split(":")[0], tried(s.add, 5))
t = weakref.WeakSet([o[2], o[0]])
show = lambda s: sorted(x.arg for x in s)
print(show(s | t), show(s & t), show(s - t), show(s ^ t), s == t, s == weakref.WeakSet(o[2:]), s != t)
print(s.issubset(o[2:]), s <= weakref.WeakSet(o[2:]), s < weakref.WeakSet(o[2:]), s >= weakref.WeakSet([o[2]]), s > weakref.WeakSet([o[2]]))
print(s.isdisjoint(t), s.isdisjoint(weakref.WeakSet()), show(s.union(t)), show(s.intersection([o[2]])), show(s.difference([o[2]])))
c = s.copy()
c |= t
print(show(c))
c &= s
print(show(c))
c -= t
print(show(c))
c ^= t
print(show(c))
c.update([o[4]])
x = c.pop()
x = None
print(len(c), bool(c))
c.clear()
print(len(c), bool(c), tried(c.pop), type(s.copy()).__name__)
it = iter(s)
x = next(it)
x = None
o = None
print(len(s), len(list(it)), len(s))
