# Subclasses of weakref.ref.
import gc
import weakref

class Object:
    def __init__(self, arg):
        self.arg = arg
class C:
    pass
def tried(f, *args, **kw):
    try:
        return f(*args, **kw)
    except (TypeError, AttributeError) as e:
        return "%s: %s" % (type(e).__name__, e)

# test_subclass_refs
class MyRef(weakref.ref):
    def __init__(self, ob, callback=None, value=42):
        self.value = value
        super().__init__(ob, callback)
    def __call__(self):
        self.called = True
        return super().__call__()
o = Object("foo")
mr = MyRef(o, value=24)
print(mr() is o, mr.called, mr.value, mr.__dict__, MyRef(o).value, MyRef(o, None).__callback__)
del o
print(mr(), mr.called)

# test_subclass_refs_dont_replace_standard_refs
class Plain(weakref.ref):
    pass
o = Object(42)
r1 = Plain(o)
r2 = weakref.ref(o)
print(r1 is r2, r1 == r2, [r is q for r, q in zip(weakref.getweakrefs(o), [r2, r1])], weakref.getweakrefcount(o))
r3 = Plain(o)
print(r3 is r1, weakref.getweakrefcount(o), Plain(o, None) is Plain(o, None))
refs = weakref.getweakrefs(o)
print(len(refs), refs[0] is r2, any(r is r1 for r in refs[1:]), any(r is r3 for r in refs[1:]))

# test_subclass_refs_dont_conflate_callbacks
o = Object(42)
r1 = Plain(o, id)
r2 = Plain(o, str)
print(r1 is r2, r1.__callback__ is id, r2.__callback__ is str, len(weakref.getweakrefs(o)))

# test_subclass_refs_with_slots
class Slots(weakref.ref):
    __slots__ = "slot1", "slot2"
    def __new__(type, ob, callback, slot1, slot2):
        return weakref.ref.__new__(type, ob, callback)
    def __init__(self, ob, callback, slot1, slot2):
        self.slot1 = slot1
        self.slot2 = slot2
    def meth(self):
        return self.slot1 + self.slot2
o = Object(42)
r = Slots(o, None, "abc", "def")
print(r.slot1, r.slot2, r.meth(), hasattr(r, "__dict__"), r() is o)
print(tried(setattr, r, "slot3", 1))
del r.slot1
print(tried(getattr, r, "slot1"), r.slot2)

# test_subclass_refs_with_cycle: who holds the only reference to the object hears nothing
calls = []
o = C()
r1 = Plain(o, calls.append)
r1.o = o
del o
del r1
print(calls)
o = C()
r1 = Plain(o, calls.append)
r2 = Plain(o, calls.append)
r1.r = r2
r2.o = o
del o
del r2
del r1
print(calls)
# … and if it is in a cycle, the collector finds it
o = C()
r1 = Plain(o, calls.append)
o.r = r1
r1.o = o
outside = weakref.ref(o, lambda r: calls.append("outside"))
del o, r1
print(gc.collect() > 0, calls, outside())
calls.clear()

# The callback gets the reference of the subclass.
o = C()
r = MyRef(o, calls.append, value=7)
del o
print(calls[0] is r, calls[0].value, type(calls[0]).__name__)

# Arguments
print(tried(Plain), "|", tried(Plain, C, 1, 2), "|", tried(Plain, C, x=1), "|", tried(weakref.ref.__new__, int, C))
class Loud(weakref.ref):
    def __new__(cls, *args):
        return super().__new__(cls, args[0])
print(tried(Loud, C, 1, 2, 3))
print(weakref.ref.__new__(Plain, C)() is C, type(weakref.ref.__new__(Plain, C)).__name__)

# Methods of its own; those it has not are the reference's.
class Own(weakref.ref):
    def __eq__(self, other):
        return "eq" if isinstance(other, Own) else NotImplemented
    def __hash__(self):
        return 5
    def __repr__(self):
        return "<own>"
    def __len__(self):
        return 0
    def __lt__(self, other):
        return "lt"
o = C()
a, b = Own(o), Own(o)
print(a == b, a == weakref.ref(o), hash(a), repr(a), str(a), [a], bool(a), a < b, f"{a}")
class EqOnly(weakref.ref):
    def __eq__(self, other):
        return True
print(tried(hash, EqOnly(o)))
class Counted(weakref.ref):
    __hash__ = weakref.ref.__hash__
    def __eq__(self, other):
        return weakref.ref.__eq__(self, other)
print(hash(Counted(o)) == hash(o), Counted(o) == weakref.ref(o), Counted(o) in {weakref.ref(o): 1})
# One may be referred to weakly, unless its slots say no.
r = Plain(o)
print(weakref.ref(r)() is r, tried(weakref.ref, Slots(o, None, 1, 2)))
print(isinstance(r, weakref.ref), issubclass(Plain, weakref.ref), Plain.__mro__)
print(repr(r).replace(hex(id(r)), "HERE").replace(hex(id(o)), "THERE"))

# From the documentation
class ExtendedRef(weakref.ref):
    def __init__(self, ob, callback=None, /, **annotations):
        super().__init__(ob, callback)
        self.__counter = 0
        for k, v in annotations.items():
            setattr(self, k, v)
    def __call__(self):
        ob = super().__call__()
        if ob is not None:
            self.__counter += 1
            ob = (ob, self.__counter)
        return ob
r = ExtendedRef(o, foo=1, bar="baz")
print(r.foo, r.bar, r()[1], r()[1], r()[0] is o)
