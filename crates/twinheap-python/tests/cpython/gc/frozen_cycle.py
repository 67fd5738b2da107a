# A cycle that is not frozen and refers to a list that is.
import gc
gc.disable()
gc.collect()
x = [1, 2, 3]
gc.freeze()
y = [x]
y.append(y)
del y
print(gc.collect())
gc.unfreeze()
print(x, gc.collect())
