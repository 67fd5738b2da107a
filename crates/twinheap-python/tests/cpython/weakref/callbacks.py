# Callbacks: in which order, with what, what they may do, and when they are not called.
import gc
import sys
import weakref

class C:
    pass
log = []

# test_multiple_callbacks, and their order
o = C()
refs = [weakref.ref(o, lambda r, i=i: log.append((i, r is refs[i], [q() for q in refs]))) for i in range(3)]
del o
print(log)
log.clear()

# test_multiple_selfref_callbacks: all are dead before the first is called
o = C()
def callback(r):
    log.append((first(), second(), r is first, r is second))
first = weakref.ref(o, callback)
second = weakref.ref(o, callback)
del o
print(log)
log.clear()

# A reference that died first is not told; one that dies meanwhile is.
o = C()
a = weakref.ref(o, lambda r: log.append("a"))
b = weakref.ref(o, lambda r: log.append("b"))
del a
del o
print(log)
log.clear()
o = C()
pair = [weakref.ref(o, lambda r: log.append("old")), weakref.ref(o, lambda r: (log.append("new"), pair.clear()))]
del o
print(log, pair)
log.clear()

# A callback is let go when it has run.
class Holder:
    def __call__(self, r):
        log.append("called")
    def __del__(self):
        log.append("let go")
o = C()
r = weakref.ref(o, Holder())
del o
print(log, r.__callback__)
log.clear()

# test_callbacks_protected
class BogusError(Exception):
    pass
data = {}
def remove(k):
    del data[k]
def encapsulate():
    f = lambda: ()
    data[weakref.ref(f, remove)] = None
    raise BogusError
for _ in range(2):
    try:
        encapsulate()
    except BogusError as e:
        print("restored", len(data))
def in_finally():
    try:
        f = lambda: ()
        data[weakref.ref(f, remove)] = None
        raise KeyError("first")
    finally:
        del f
        print(sys.exception(), len(data))
try:
    in_finally()
except KeyError as e:
    print(e, e.__context__)

# test_sf_bug_840829: callbacks that collect
o = C()
r = weakref.ref(o, lambda ignore: log.append(gc.collect()))
del o
print(len(log), r())
log.clear()
del r
c1 = C()
c1.i = C()
r = weakref.ref(c1.i, lambda ignore: log.append(gc.collect() >= 0))
c2 = C()
c2.c1 = c1
del c1
del c2
print(log, r())
log.clear()

# test_callback_in_cycle
class J:
    pass
class II:
    def acallback(self, ignore):
        log.append("never")
        self.J
I = II()
I.J = J
I.wr = weakref.ref(J, I.acallback)
del I, J, II
gc.collect()
print(log)

# test_callback_reachable_one_way
class D:
    def cb(self, ignore):
        log.append("never")
c1, c2 = D(), D()
c2.me = c2
c2.c1 = c1
c2.wr = weakref.ref(c1, c2.cb)
del c1, c2
print(gc.collect() > 0, log)

# test_callback_different_classes
class E:
    pass
class F:
    def cb(self, ignore):
        log.append("never")
c1, c2 = E(), F()
c2.me = c2
c2.c1 = c1
c2.wr = weakref.ref(c1, c2.cb)
del c1, c2, E, F
print(gc.collect() > 0, log)

# test_callback_in_cycle_resurrection
class G:
    def __init__(self, value):
        self.attribute = value
    def acallback(self, ignore):
        log.append(self.c)
c1, c2 = G(1), G(2)
c1.c = c2
c2.c = c1
c1.wr = weakref.ref(c2, c1.acallback)
c2.wr = weakref.ref(c1, c2.acallback)
wr = weakref.ref(G, lambda ignore: log.append("G went away"))
del c1, c2, G
print(log)
gc.collect()
print(log, wr())
log.clear()
gc.collect()
print(log)

# test_callbacks_on_callback
class H:
    def cb(self, ignore):
        log.append("cb called")
c, d = H(), H()
c.other = d
d.other = c
callback = c.cb
c.wr = weakref.ref(d, callback)
d.wr = weakref.ref(callback, d.cb)
external = weakref.ref(callback, lambda ignore: log.append("safe_callback called"))
print(external() is callback)
del callback, c, d, H
print(log)
gc.collect()
print(log, external())
log.clear()
gc.collect()
print(log)

# A callback from outside on something in a cycle: once, and the reference is dead by then.
o = C()
o.me = o
r = weakref.ref(o, lambda q: log.append((q is r, q(), gc.collect())))
del o
print(log, r() is not None)
gc.collect()
print(log)
log.clear()

# test_gc_during_ref_creation, test_gc_during_proxy_creation
thresholds = gc.get_threshold()
for make in [weakref.ref, weakref.proxy]:
    gc.collect()
    gc.set_threshold(1, 1, 1)
    referenced = C()
    a = C()
    a.a = a
    a.wr = make(referenced)
    try:
        a = C()
        make(referenced, lambda *args: None)
    finally:
        gc.set_threshold(*thresholds)
    print(weakref.getweakrefcount(referenced) <= 1, referenced is not None)
del a, referenced
gc.collect()

# test_ref_created_during_del: it is dead when `__del__` is over
made = []
class Target:
    def __del__(self):
        made.append(weakref.ref(self))
        made.append(weakref.ref(self, lambda r: log.append("told")))
        made.append(weakref.proxy(self))
        print(made[0]() is self, made[1]() is self, weakref.getweakrefcount(self))
t = Target()
del t
print(made[0](), made[1](), log)
try:
    made[2].x
except ReferenceError as e:
    print(e)
log.clear()
made.clear()
# … also when it was in a cycle, and when a callback waited for it
t = Target()
t.me = t
r = weakref.ref(t, lambda q: log.append("outside"))
del t
gc.collect()
print([m() for m in made[:2]], r(), log)
log.clear()
made.clear()
# References made before `__del__` stay alive through it; who comes back keeps them.
class Back:
    def __del__(self):
        made.append(self)
        log.append(r() is None)
b = Back()
r = weakref.ref(b, lambda q: log.append("told"))
del b
print(log, r() is made[0] if made else None)
made.clear()
print(log, r())
log.clear()

# test_trashcan_16602: 100 deep
class Child:
    def __init__(self, parent):
        if not parent:
            return
        wself = weakref.ref(self)
        def cb(wparent):
            o = wself()
            log.append(o)
        self.wparent = weakref.ref(parent, cb)
d = weakref.WeakKeyDictionary()
root = c = Child(None)
for n in range(100):
    d[c] = c = Child(c)
print(len(d))
del root
gc.collect()
print(len(d), log.count(None), len(log))
log.clear()
del c, d
gc.collect()
print(log)

# test_callback_gcs
class WithDel:
    def __del__(self):
        log.append("del")
x = WithDel()
r = weakref.ref(x, lambda ref: log.append(gc.collect() >= 0))
del x
print(log, r())
log.clear()

# A deep structure, each of its nodes watched.
class Node:
    pass
head = None
seen = []
watch = []
for i in range(1000):
    n = Node()
    n.next = head
    head = n
    watch.append(weakref.ref(n, seen.append))
del n
head = None
print(len(seen), seen == watch[::-1], all(r() is None for r in watch))
