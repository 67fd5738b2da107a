# getweakrefcount and getweakrefs: what they count, and in which order they list.
import weakref

class C:
    pass
def f(ref):
    pass

# test_getweakrefcount
o = C()
r1 = weakref.ref(o)
r2 = weakref.ref(o, f)
print(weakref.getweakrefcount(o))
p1 = weakref.proxy(o)
p2 = weakref.proxy(o, f)
print(weakref.getweakrefcount(o))
del r1, r2, p1, p2
print(weakref.getweakrefcount(o), weakref.getweakrefcount(1))

# test_getweakrefs
o = C()
r1 = weakref.ref(o, f)
r2 = weakref.ref(o, f)
del r1
print(weakref.getweakrefs(o) == [r2])
o = C()
r1 = weakref.ref(o, f)
r2 = weakref.ref(o, f)
del r2
print(weakref.getweakrefs(o) == [r1])
del r1
print(weakref.getweakrefs(o), weakref.getweakrefs(1))

# The one to share first, the proxy to share next, then the others: the newest first.
o = C()
class Sub(weakref.ref):
    pass
made = {}
for name, make in [("cb1", lambda: weakref.ref(o, f)), ("proxy", lambda: weakref.proxy(o)), ("sub", lambda: Sub(o)),
                   ("pcb", lambda: weakref.proxy(o, f)), ("ref", lambda: weakref.ref(o)), ("cb2", lambda: weakref.ref(o, f))]:
    made[name] = make()
    print([n for r in weakref.getweakrefs(o) for n, m in made.items() if m is r and n != "sub"])
print(weakref.getweakrefcount(o))
# Dropped one by one.
for name in ["proxy", "cb1", "ref", "pcb"]:
    del made[name]
    print([n for r in weakref.getweakrefs(o) for n, m in made.items() if m is r])
# A class knows its subclasses by the same reference that everybody shares.
class Base:
    pass
class Derived(Base):
    pass
class Both(Derived, C):
    pass
print([weakref.getweakrefcount(c) for c in (Base, Derived, Both)], weakref.ref(Both) is weakref.getweakrefs(Both)[0])
print([c.__name__ for c in Base.__subclasses__() + Derived.__subclasses__()])
