# gc.get_stats
import gc
gc.disable()
stats = gc.get_stats()
print(type(stats), len(stats), [type(s) for s in stats])
for s in stats:
    print(sorted(s), [type(v) for v in s.values()], min(s.values()) >= 0)
print(list(stats[0]))
print(gc.get_stats()[0] is gc.get_stats()[0])
def bump(g):
    old = gc.get_stats()
    gc.collect(g)
    new = gc.get_stats()
    print([n["collections"] - o["collections"] for n, o in zip(new, old)])
for g in (0, 1, 2, 0):
    bump(g)
def cycles(n):
    for _ in range(n):
        l = []
        l.append(l)
def collected(g, n):
    old = gc.get_stats()
    cycles(n)
    gc.collect(g)
    new = gc.get_stats()
    print([n["collected"] - o["collected"] for n, o in zip(new, old)], [n["uncollectable"] for n in new])
gc.collect()
for g in (0, 1, 2):
    collected(g, 10 + g)
