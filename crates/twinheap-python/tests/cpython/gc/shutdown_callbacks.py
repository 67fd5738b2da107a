# Of the collections at exit the first alone calls gc.callbacks, and what these keep outlives the program.
import gc
class L:
    def __init__(self, name):
        self.name = name
    def __del__(self):
        print("del", self.name)
cycle = L("lost")
cycle.me = cycle
del cycle
kept = L("kept by the callback's globals")
def callback(phase, info):
    print("callback", phase, info["generation"], info["collected"])
gc.callbacks.append(callback)
print("end")
