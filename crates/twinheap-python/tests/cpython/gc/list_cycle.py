# A list that holds itself is one object of garbage.
import gc
gc.collect()
l = []
l.append(l)
del l
print(gc.collect())
