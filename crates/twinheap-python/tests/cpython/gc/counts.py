# gc.get_count: containers allocated, collections of the generation below.
import gc
gc.disable()
gc.collect()
a, b, c = gc.get_count()
print(a < 5, b, c)
x = [[] for _ in range(100)]
y = gc.get_count()[0]
print(y >= a + 100)
# Never below zero.
gc.collect()
x = None
print(gc.get_count()[0])
for g in (0, 1, 2):
    gc.collect(g)
    print(gc.get_count()[1:])
gc.collect(0)
gc.collect(0)
print(gc.get_count()[1:])
gc.collect(1)
gc.collect(1)
gc.collect(0)
print(gc.get_count()[1:])
gc.collect()
print(gc.get_count()[1:], type(gc.get_count()))
