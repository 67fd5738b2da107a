# A cycle that only a global of the main module holds is finalized at exit.
import gc
class C:
    def __del__(self):
        print("__del__ called", self.l is not None)
l = C()
l.l = l
m = C()
m.l = [m]
gc.disable()
print("end")
