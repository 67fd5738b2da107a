# collections.deque: all methods, errors, order of release, what iteration sees, subclasses, the collector.
import gc, weakref
from collections import deque

class T:
    def __init__(self, n): self.n = n
    def __del__(self): print('del', self.n)
    def __repr__(self): return 'T%s' % self.n

def attempt(f, *a, **k):
    try:
        print(f(*a, **k))
    except Exception as e:
        print(type(e).__name__, e)

d = deque('abc')
print(d, len(d), bool(d), bool(deque()), list(d), tuple(d), d.maxlen)
d.append('d'); d.appendleft('z'); print(d)
print(d.pop(), d.popleft(), d)
d.extend('xy'); d.extendleft('12'); print(d)
d.rotate(); print(d); d.rotate(-2); print(d); d.rotate(100); print(d); d.rotate(0); print(d)
d.reverse(); print(d)
print(d[0], d[-1], d[2], 'x' in d, 'q' in d, d.count('x'), d.index('x'))
d[0] = 'new'; d[-1] = 'end'; print(d)
del d[0]; del d[-1]; print(d)
d.insert(0, 'i0'); d.insert(100, 'i100'); d.insert(-1, 'i-1'); d.insert(2, 'i2'); d.insert(-100, 'i-100'); print(d)
d.remove('i2'); print(d)
attempt(d.remove, 'nothing')
attempt(d.index, 'nothing')
attempt(d.index, 'x', 100)
attempt(d.index, 'c', 0, 1)
attempt(lambda: d[100])
attempt(lambda: d[-100])
attempt(lambda: d['a'])
attempt(lambda: d[1:2])
def store(i, v): d[i] = v
attempt(store, 100, 1)
attempt(store, 'a', 1)
def delete(i): del d[i]
attempt(delete, 100)
attempt(deque().pop)
attempt(deque().popleft)
attempt(deque, 5)
attempt(deque, [], -1)
attempt(deque, [], 'a')
attempt(hash, deque())
print(d.copy(), d.copy() == d, d.copy() is d)
d.clear(); print(d, len(d))
print(deque(range(10), 3), deque(range(10), maxlen=4), deque(maxlen=2), deque(iterable='ab'), deque([1], None).maxlen, deque([1, 2], 0))
b = deque([1, 2, 3], 3)
b.append(4); print(b); b.appendleft(0); print(b); b.extend([7, 8]); print(b); b.extendleft([9, 10]); print(b)
attempt(b.insert, 0, 5)
print(b.maxlen, b + deque([5]), b * 2, 2 * b, b * 0, b * -1, b)
attempt(lambda: b + [1])
attempt(lambda: b * 1.5)
attempt(setattr, b, 'maxlen', 5)
c = deque([1, 2]); c += [3]; c += (x for x in 'ab'); print(c); c *= 2; print(c); c *= 0; print(c)
print(deque([1, 2]) == deque([1, 2]), deque([1, 2]) == deque([1, 3]), deque([1]) == [1], deque([1]) != deque([1]), deque([1], 5) == deque([1]))
print(deque([1, 2]) < deque([1, 3]), deque([1]) < deque([1, 0]), deque([2]) > deque([1, 5]), deque() <= deque(), deque([1]) >= deque([2]))
attempt(lambda: deque([1]) < [2])
r = deque([1]); r.append(r); print(r, deque([r], 3)); r.clear()
print(list(reversed(deque('abc'))), sorted(deque([3, 1, 2])), max(deque([3, 1])), sum(deque([1, 2])), ''.join(deque('ab')), [*deque('ab')], dict(enumerate(deque('ab'))))
x, *y = deque('abc'); print(x, y)
print(list(zip(deque('ab'), deque('cd'))), list(map(ord, deque('ab'))), any(deque([0, 1])), type(iter(deque())).__name__, type(reversed(deque())).__name__)
print(type(d).__name__, type(d).__module__, isinstance(d, deque), deque.__name__, deque)
match deque([1, 2]):
    case [p, q]: print('matched', p, q)

# changed while it is gone over
for change in ('append', 'pop', 'rotate', 'clear', 'assign'):
    m = deque([1, 2, 3, 4])
    try:
        for i in m:
            print(i, end=' ')
            if i == 2:
                if change == 'append': m.append(5)
                elif change == 'pop': m.pop()
                elif change == 'rotate': m.rotate(1)
                elif change == 'clear': m.clear()
                else: m[2] = 30
        print()
    except RuntimeError as e:
        print(e)
it = iter(deque([1])); print(list(it), list(it))

# the order of release
d = deque(T(i) for i in range(3)); print('whole'); del d
d = deque([T(0), T(1), T(2)]); d.clear(); print('cleared')
d = deque([T(0), T(1)], 2); d.append(T(2)); print('pushed'); d.appendleft(T(3)); print('pushed left'); del d
d = deque([T(0), T(1), T(2)]); d.pop(); print('popped'); d.popleft(); print('popped left'); d[0] = T(9); print('set'); del d[0]; print('deleted')
d = deque([T(0), T(1), T(2), T(3)]); d *= 0; print('times 0')
d = deque([T(0)]); d.extend([T(1), T(2)]); d.extendleft([T(3)]); d.rotate(1); print('rotated'); del d
d = deque([T(0), T(1)]); d.__init__([T(2)], 1); print('again'); del d
deque([T(0), T(1)], 1); print('bound')
deque(map(T, 'xyz'), 1); print('bound by map')
def g():
    yield T('g1'); yield T('g2')
deque(g(), 0); print('consumed')
d = deque(g()); print(d); del d

# subclasses
class D(deque):
    def __init__(self, items=(), extra=None):
        super().__init__(items)
        self.extra = extra
    def append(self, x):
        super().append((x, x))
e = D([1], T('extra')); e.append(2); print(e, len(e), e[1], e.extra, list(e)); e.attr = T('attr')
print(e == deque([1, (2, 2)]), e.copy(), type(e.copy()).__name__, type(e + deque([1])).__name__)
e.append(T('item')); del e; print('gone')
class E(deque):
    def __del__(self): print('del E', list(self))
    def __getitem__(self, i): return 'item %d' % i
    def __len__(self): return 7
    def __iter__(self): return iter('over')
e = E([1, T('in E')]); print(e[0], len(e), list(e)); del e; print('gone')
class S(deque):
    __slots__ = ('a', 'b')
s = S([T('i')]); s.a = T('a'); s.b = T('b'); attempt(setattr, s, 'c', 1); del s; print('gone')
w = weakref.ref(d := deque([1]), lambda r: print('weak')); print(w() is d); del d; print(w())

# the collector
gc.collect(); gc.disable()
d = deque(); d.append(d); d.append(T('cycle')); print(gc.is_tracked(d)); del d; print(gc.collect())
d = deque([T('x')]); d[0].d = d; del d; print(gc.collect())
d = deque([1, 'a', [2]]); print(gc.get_referents(d)); print(gc.get_referrers(d[2])[0] is d)
d = D(['a'], 'b'); print([r for r in gc.get_referents(d) if not isinstance(r, dict)][-1])
print(gc.collect())
d = deque([T('at exit')])
