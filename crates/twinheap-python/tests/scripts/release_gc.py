import gc
def show(f):
    try:
        print(f())
    except Exception as e:
        print(type(e).__name__, e)
gc.collect()
show(lambda: gc.collect(3))
show(lambda: gc.collect(-1))
show(lambda: gc.collect("a"))
show(lambda: gc.collect(2**40))
show(lambda: gc.collect(True) >= 0)
show(lambda: gc.collect(generation=0) >= 0)
show(lambda: gc.set_threshold())
show(lambda: gc.set_threshold(1,2,3,4))
show(lambda: gc.set_threshold(2**40))
show(lambda: gc.set_threshold(700))
show(gc.get_threshold)
show(lambda: gc.set_threshold(2000, 10, 10))
show(gc.isenabled); gc.disable(); show(gc.isenabled); gc.enable()
show(lambda: gc.get_objects(5))
show(lambda: gc.get_objects(-3))
show(lambda: gc.get_objects("x"))
show(lambda: gc.is_tracked())
show(lambda: [gc.is_tracked(x) for x in (1, "a", 1.5, None, [], {}, {"a": 1}, {"a": []}, (), set(), (1, []), object(), gc, show, lambda: 1, type("X", (), {}))])
show(lambda: gc.get_referents([1, [2]], {"a": 3}, (4,), 5, "s"))
show(lambda: gc.get_count()[2] >= 0)
show(lambda: (gc.freeze(), gc.get_freeze_count() > 0, gc.unfreeze(), gc.get_freeze_count()))
show(lambda: gc.get_debug())
class N: pass
def cyc(n):
    for _ in range(n):
        a = N(); a.me = a
gc.disable(); gc.collect()
cyc(10); show(lambda: gc.collect())
def lists(n):
    for _ in range(n):
        l = []; l.append(l)
lists(5); show(lambda: gc.collect())
def pair():
    a = {}; b = {"a": a}; a["b"] = b
pair(); show(gc.collect)
cnt = []
gc.callbacks.append(lambda p, i: cnt.append((p, i["generation"])))
gc.enable(); gc.set_threshold(100, 2, 2); gc.collect(); cnt.clear()
keep = [[] for _ in range(1000)]
gc.disable()
print(len(cnt), [c for c in cnt][:8])
gc.callbacks.clear()
class F:
    def __del__(self): print("del", gc.collect())
f = F(); f.f = f; del f
print("c", gc.collect() > 0)
f = F(); del f
