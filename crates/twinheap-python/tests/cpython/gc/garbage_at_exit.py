# gc.garbage at exit is listed where DEBUG_UNCOLLECTABLE asks for it.
import gc
class X:
    def __init__(self, name):
        self.name = name
    def __repr__(self):
        return "<X %s>" % self.name
gc.garbage.append(X("first"))
gc.garbage.append(X("second"))
gc.set_debug(gc.DEBUG_UNCOLLECTABLE)
print("end")
