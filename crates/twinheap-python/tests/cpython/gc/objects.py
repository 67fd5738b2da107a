# gc.get_objects: by generation, and its argument.
import gc
gc.disable()
gc.collect()
l = []
l.append(l)
print(any(l is element for element in gc.get_objects()))
def where(x):
    return [any(element is x for element in gc.get_objects(generation=g)) for g in (0, 1, 2)]
x = []
print(where(x))
for g in (0, 1, 2):
    gc.collect(generation=g)
    print(where(x))
n = len(gc.get_objects())
print(n == len(gc.get_objects(generation=None)), n == len(gc.get_objects(None)), n == len(gc.get_objects(-1)))
for bad in (1000, -1000, 3, -2, "1", 1.234, [], 2 ** 70, -2 ** 70):
    try:
        print(gc.get_objects(bad))
    except (ValueError, TypeError, OverflowError) as e:
        print(type(e).__name__, e)
print(any(x is o for o in gc.get_objects(True)), any(x is o for o in gc.get_objects(False)))
# The list that it returns is not in itself; the next one has the last.
r = gc.get_objects()
print(any(o is r for o in r), any(o is r for o in gc.get_objects()))
# Oldest first.
del r
gc.collect()
young = [[i] for i in range(5)]
print([o[0] for o in gc.get_objects(0) if type(o) is list and len(o) == 1])
gc.collect(0)
older = [[i + 5] for i in range(5)]
print([o[0] for o in gc.get_objects() if type(o) is list and len(o) == 1 and type(o[0]) is int][-10:])
