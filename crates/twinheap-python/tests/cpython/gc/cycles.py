# What each kind of cycle counts for: dict, tuple and list, class, instance, method.
import gc
gc.disable()
gc.collect()

d = {}
d[1] = d
del d
print("dict", gc.collect())

# A tuple can be in a cycle only by way of something that changes.
l = []
t = (l,)
l.append(t)
del t, l
print("tuple and list", gc.collect())

class A:
    pass
A.a = A
gc.collect()
del A
print("class", gc.collect() != 0)

# An ordinary class is a cycle by itself.
class B(object):
    pass
gc.collect()
del B
print("plain class", gc.collect() != 0)

class C:
    pass
c = C()
c.c = c
gc.collect()
del c
print("instance", gc.collect())

class D(object):
    pass
d = D()
d.d = d
gc.collect()
del d
print("instance of an object class", gc.collect() != 0)
class E(D, list):
    pass
e = E()
e.e = e
gc.collect()
del e
print("instance of a list's subclass", gc.collect() != 0)
del D
print("a base that is kept", gc.collect())
E.a = E()
del E
print("both classes, and the instance in one", gc.collect() != 0)
print("nothing more", gc.collect())

class F:
    def __init__(self):
        self.init = self.__init__
f = F()
gc.collect()
del f
print("bound method", gc.collect() != 0)

# As many objects as there are.
def ring(n):
    nodes = [C() for _ in range(n)]
    for i in range(n):
        nodes[i].next = nodes[(i + 1) % n]
gc.collect()
for n in (1, 2, 5, 100):
    ring(n)
    print("ring", n, gc.collect())
