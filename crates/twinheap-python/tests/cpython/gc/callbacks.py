# gc.callbacks
import gc
gc.disable()
gc.collect()
visits = []
def first(phase, info):
    visits.append((1, phase, dict(info)))
def second(phase, info):
    visits.append((2, phase, dict(info)))
gc.callbacks.append(first)
gc.callbacks.append(second)
print(gc.collect())
for v in visits:
    print(v)
visits.clear()
for g in (0, 1, 2):
    gc.collect(g)
print([(v[0], v[1], v[2]["generation"]) for v in visits])
visits.clear()
def garbage(n):
    for _ in range(n):
        l = []
        l.append(l)
garbage(3)
print(gc.collect(), [v[2] for v in visits if v[1] == "stop"])
visits.clear()
gc.callbacks.clear()
gc.collect()
print(visits)

# One dict for all callbacks of a phase, another for the next.
infos = []
def mark(phase, info):
    infos.append(info)
    info["seen"] = info.get("seen", 0) + 1
gc.callbacks.extend([mark, mark])
gc.collect()
print(len(infos), infos[0] is infos[1], infos[2] is infos[3], infos[1] is infos[2], infos[0]["seen"], infos[3]["seen"])
gc.callbacks.clear()

# The list is looked at as it is: who removes itself makes the next be passed over.
calls = []
def leaves(phase, info):
    calls.append(("leaves", phase))
    gc.callbacks.remove(leaves)
def stays(phase, info):
    calls.append(("stays", phase))
gc.callbacks.extend([leaves, stays])
gc.collect()
print(calls)
calls.clear()
def adds(phase, info):
    calls.append(("adds", phase))
    if len(gc.callbacks) < 4:
        gc.callbacks.append(stays)
gc.callbacks[:] = [adds]
gc.collect()
print(calls)
gc.callbacks.clear()

# A collection in a callback is none.
gc.callbacks.append(lambda phase, info: print(phase, gc.collect(), gc.get_count()[1:]))
gc.collect(1)
gc.callbacks.clear()

# What is no list of functions.
import sys
def hook(args):
    print("unraisable", args.exc_type.__name__, args.exc_value, args.err_msg, args.object)
sys.unraisablehook = hook
class Raises:
    def __repr__(self):
        return "<raises>"
    def __call__(self, *args):
        raise KeyError(args[0])
gc.callbacks[:] = [Raises(), 5, lambda: 1, lambda phase, info: print("still called", phase)]
gc.callbacks[2] = Raises()
gc.collect()
gc.callbacks.clear()
sys.unraisablehook = sys.__unraisablehook__
# The names that count are the collector's own.
old = gc.callbacks
gc.callbacks = [lambda *a: print("never")]
gc.collect()
gc.callbacks = old

# Automatic collections call them too.
gc.callbacks.append(lambda phase, info: calls.append((phase, info["generation"])))
calls.clear()
old = gc.get_threshold()
gc.set_threshold(50, 5, 100)
gc.enable()
kept = [[] for _ in range(3000)]
gc.disable()
gc.set_threshold(*old)
gc.callbacks.clear()
print(set(calls) == {("start", 0), ("stop", 0), ("start", 1), ("stop", 1)}, calls[:2])
print(all(calls[i][0] == "start" and calls[i + 1] == ("stop", calls[i][1]) for i in range(0, len(calls), 2)))
print(len(calls) in range(60, 130))
