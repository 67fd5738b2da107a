# What CPython keeps inside its objects is tracked, and counted by a collection, with them: the tuple that `enumerate`, `zip`
# and an iterator over items fill and hand out again, the tuple of a `map`'s iterators, the dict of a `staticmethod`.
import gc, weakref
gc.disable()
def count(what, f):
    gc.collect()
    f()
    print(what, gc.collect())
class A: pass
iterators = dict(
    enumerate=lambda l: enumerate(l),
    enumerate_generator=lambda l: enumerate(x for x in l),
    zip=lambda l: zip(l),
    zip_two=lambda l: zip(l, l),
    zip_generator=lambda l: zip((x for x in l), l),
    zip_strict=lambda l: zip(l, l, strict=True),
    map=lambda l: map(len, l),
    map_two=lambda l: map(max, l, l),
    map_generator=lambda l: map(len, (x for x in l)),
    filter=lambda l: filter(None, l),
    reversed=reversed,
    iter=iter,
    generator=lambda l: (x for x in l),
    iter_tuple=lambda l: iter((l,)),
    range_beside=lambda l: [iter(range(3)), reversed(range(3)), l],
    staticmethod=lambda l: staticmethod(l),
    classmethod=lambda l: classmethod(l),
)
for name, f in iterators.items():
    def cycle():
        l = []; l.append(f(l))
    count(name, cycle)
    def used():
        l = [[1, 2], [3, 4]]; i = f(l)
        if hasattr(i, '__next__') and name not in ('map_two', 'range_beside', 'generator'):
            next(i)
        l.append(i)
    if 'generator' not in name:
        count(name + ' used', used)

of_dicts = dict(
    keys=lambda d: iter(d.keys()), values=lambda d: iter(d.values()), items=lambda d: iter(d.items()),
    dict_reversed=reversed, keys_reversed=lambda d: reversed(d.keys()), values_reversed=lambda d: reversed(d.values()),
    items_reversed=lambda d: reversed(d.items()), view=lambda d: d.items(),
)
for name, f in of_dicts.items():
    def cycle():
        d = {}; d['a'] = f(d)
    count(name, cycle)

def f(): pass
class M:
    def m(self): pass
def of_function(wrap):
    def cycle():
        def f(): pass
        f.wrapped = wrap(f)
    return cycle
def of_method():
    a = M(); a.wrapped = staticmethod(a.m)
def of_builtin():
    l = []; l.append(staticmethod(l.append))
def of_slot_wrapper():
    a = A(); a.wrapped = staticmethod(a.__init__)
def of_another():
    def f(): pass
    f.wrapped = staticmethod(staticmethod(f))
def of_instance():
    a = A(); a.wrapped = staticmethod(staticmethod(a))
def of_class():
    class X: pass
    X.wrapped = [staticmethod(X)]
def in_a_class():
    class X:
        @staticmethod
        def f(): pass
        @classmethod
        def g(cls): pass
def implicit():
    class X:
        def __new__(cls): pass
        def __init_subclass__(cls): pass
        def __class_getitem__(cls): pass
count('staticmethod of a function', of_function(staticmethod))
count('classmethod of a function', of_function(classmethod))
for g in (of_method, of_builtin, of_slot_wrapper, of_another, of_instance, of_class, in_a_class, implicit):
    count(g.__name__, g)

class S:
    def __getitem__(self, i): return i
    def __len__(self): return 3
def sequence():
    s = S(); s.i = iter(s); s.j = reversed(s)
def callable_and_sentinel():
    def f(): return 1
    f.i = iter(f, 2)
count('sequence', sequence)
count('callable', callable_and_sentinel)

# What is found is saved, too.
gc.set_debug(gc.DEBUG_SAVEALL)
l = []; l.append(enumerate(l)); del l
print(gc.collect(), sorted(type(x).__name__ for x in gc.garbage))
gc.set_debug(0)
gc.garbage.clear()
gc.collect()

print([gc.is_tracked(x) for x in (
    weakref.ref(A), weakref.ref(int), weakref.ref(A()), weakref.proxy(A), enumerate([]), zip(), map(len, []), filter(None, []),
    reversed([]), iter(()), iter(""), iter(b""), iter({}), iter(set()), iter(int, 1), {}.items(), iter({}.items()),
    staticmethod(1), classmethod(f), reversed({}), (i for i in ()), slice(1, 2), A().__init__)])
print([gc.is_tracked(x) for x in (iter(range(3)), reversed(range(3)), range(3))])

# Backwards over a dict, which must not change.
d = {1: 'a', 2: 'b', 3: 'c'}
del d[2]
print(list(reversed(d)), list(reversed(d.keys())), list(reversed(d.values())), list(reversed(d.items())))
for backwards in (lambda: reversed(d), lambda: reversed(d.values()), lambda: reversed(d.items())):
    it = backwards()
    print(next(it))
    d[len(d) + 10] = 0
    for again in range(2):
        try:
            next(it)
        except RuntimeError as e:
            print(e)
it = reversed(d)
print(len(list(it)), next(it, 'over'))
