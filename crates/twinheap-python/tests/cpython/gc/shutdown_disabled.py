# With collections by themselves off, the one before the module goes is left out: cycles end with the names.
import atexit, gc
gc.disable()
class L:
    def __init__(self, name):
        self.name = name
    def __del__(self):
        print("del", self.name, len(kept))
kept = [1]
cycle = L("cycle")
cycle.me = cycle
lost = L("lost")
lost.me = lost
del lost
b = L("b")
a = L("a")
atexit.register(lambda: print("handler"))
print("end")
