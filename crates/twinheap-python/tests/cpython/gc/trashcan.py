# Deep nests whose finalizers collect.
import gc
class Out:
    count = 0
    def __init__(self, kind):
        self.kind = kind
        self.inside = None
    def __del__(self):
        Out.count += 1
        if Out.count % 17 == 0:
            gc.collect()
class L(Out):
    pass
for round in range(2):
    nest = L("list")
    for i in range(149):
        outer = L("list")
        outer.inside = [nest] if i % 2 else {"n": nest}
        nest = outer
    del nest, outer
    print(Out.count)
l = []
for i in range(100000):
    l = [l]
del l
d = {}
for i in range(100000):
    d = {1: d}
del d
t = ()
for i in range(100000):
    t = (t,)
del t
print("end")
