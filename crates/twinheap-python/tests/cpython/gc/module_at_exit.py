# So is a cycle that a global of an imported module holds; the module's names are there while it is finalized.
import gc, sys
gc.disable()
sys.dont_write_bytecode = True
sys.path.insert(0, __file__.rpartition("/")[0])
from at_exit.held import held, helper
class C:
    def __init__(self, name):
        self.name = name
    def __del__(self):
        print("__del__ of main's", self.name, helper())
c = C("cycle")
c.c = c
other = C("other")
held.append(other)
print("end", helper())
