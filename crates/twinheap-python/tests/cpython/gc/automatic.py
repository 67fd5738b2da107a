# Collections by themselves: thresholds, off and on.
import gc
old = gc.get_threshold()
print(old)
hits = []
gc.callbacks.append(lambda phase, info: phase == "start" and hits.append(info["generation"]))
def churn(n):
    kept = []
    hits.clear()
    for _ in range(n):
        kept.append([])
    return kept
gc.enable()
gc.set_threshold(1000, 0, 0)
churn(10000)
print("on", len(hits) > 0, gc.isenabled())
gc.disable()
churn(10001)
print("off", len(hits), gc.isenabled())
gc.enable()
gc.set_threshold(0)
churn(50001)
print("zero", len(hits), gc.get_threshold())
gc.set_threshold(0, 1, 1)
churn(5000)
print("zero", len(hits), gc.isenabled())
# Below zero: at every chance.
gc.set_threshold(-5, 10, 10)
print(gc.get_threshold())
class C:
    pass
hits.clear()
kept = []
for i in range(200):
    kept.append(C())
print("negative", len(hits) >= 190)
gc.disable()
gc.collect()
# How many of which generation.
gc.set_threshold(100, 10, 10 ** 6)
gc.collect()
gc.enable()
kept = churn(3000)
gc.disable()
print(hits.count(0) in (26, 27, 28), hits.count(1) in (2, 3), hits.count(2))
# A full one waits until a quarter of the old are new.
gc.collect()
big = [[] for _ in range(40000)]
gc.collect()
gc.set_threshold(100, 2, 1)
gc.enable()
kept2 = churn(3000)
gc.disable()
print("few new", hits.count(2))
gc.enable()
kept3 = churn(40000)
gc.disable()
print("many new", hits.count(2) > 0, hits.count(2) < 10)
# Omitted ones keep their value.
gc.set_threshold(7)
print(gc.get_threshold())
gc.set_threshold(8, 9)
print(gc.get_threshold(), gc.set_threshold(*old), gc.get_threshold())
gc.callbacks.clear()
