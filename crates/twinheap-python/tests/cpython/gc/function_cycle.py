# A function and the namespace that holds it.
import gc
gc.disable()
def cell():
    def inner():
        return inner
    return 1
gc.collect()
cell()
# The function, its closure's tuple, the cell.
print("closure", gc.collect())

def two():
    def a():
        return b
    def b():
        return a
gc.collect()
two()
print("two closures", gc.collect())

f = lambda: 1
f.me = f
gc.collect()
del f
print("attribute of a function", gc.collect())
