# Resurrection: once an object, transitive, and no bar to the others' end.
import gc, weakref
gc.disable()
class A:
    def __init__(self):
        self.me = self
class B(A):
    def __del__(self):
        self.done += 1
        B.kept = self
    done = 0
b = B()
del b
print(B.done if hasattr(B, "done") else None)
gc.collect()
print(B.kept.done)
B.kept = None
print(gc.collect())

class Lazarus:
    resurrected = []
    count = 0
    def __del__(self):
        Lazarus.count += 1
        Lazarus.resurrected.append(self)
for _ in range(3):
    l = Lazarus()
    l.me = l
    del l
    gc.collect()
    print(Lazarus.count, len(Lazarus.resurrected))
    Lazarus.resurrected.clear()
    gc.collect()
    print(Lazarus.count)

# What it refers to comes back with it.
class Cargo:
    def __init__(self):
        self.me = self
class Transport:
    def __del__(self):
        saved.append(self)
saved = []
laz = Transport()
laz.cargo = Cargo()
laz.cargo.transport = laz
laz.extra = [1, 2, {"three": laz.cargo}]
number = id(laz.cargo)
r = weakref.ref(laz.cargo)
del laz
print(gc.collect(), len(saved), id(saved[0].cargo) == number, r())
print(saved[0].extra[2]["three"] is saved[0].cargo, saved[0].cargo.transport is saved[0])
saved.clear()
print(gc.collect())

# The others are collected all the same.
N = 100
class Plain:
    def __init__(self):
        self.me = self
class Zombie(Plain):
    zombies = []
    def __del__(self):
        self.zombies.append(self)
def run(plain, zombies):
    for i in range(max(plain, zombies)):
        if i < plain:
            Plain()
        if i < zombies:
            Zombie()
    old = gc.get_stats()[2]
    n = gc.collect()
    new = gc.get_stats()[2]
    print(n, new["collected"] - old["collected"], new["uncollectable"], len(Zombie.zombies))
gc.collect()
run(N, 0)
run(0, N)
Zombie.zombies.clear()
run(0, 0)
run(N, N)
Zombie.zombies.clear()
run(0, 0)
a, z = Plain(), Zombie()
a.z, z.a = z, a
del a, z
run(0, 0)
Zombie.zombies.clear()
run(0, 0)
