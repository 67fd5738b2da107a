# Every function of gc with every kind of bad argument: type and message of each error.
import gc
gc.disable()
class Index:
    def __init__(self, answer):
        self.answer = answer
    def __index__(self):
        if isinstance(self.answer, type):
            raise self.answer("from __index__")
        return self.answer
    def __repr__(self):
        return "Index(%s)" % (self.answer.__name__ if isinstance(self.answer, type) else self.answer)
class Plain:
    def __repr__(self):
        return "Plain()"
class Float(float):
    pass
values = ["1", "", b"1", 1.0, 1.5, float("nan"), Float(2.0), None, [], [1], (), (1,), {}, {1}, object, print, Plain(),
          Index(1), Index(5), Index(-1), Index("1"), Index(None), Index(1.0), Index(ValueError), Index(KeyError),
          Index(2 ** 100), True, False, 0, 1, 2, 3, -1, -2, 7, 2 ** 31 - 1, 2 ** 31, -2 ** 31, -2 ** 31 - 1, 2 ** 40, -2 ** 40,
          2 ** 63 - 1, 2 ** 63, -2 ** 63, -2 ** 63 - 1, 2 ** 64, 10 ** 30, -10 ** 30]
def tried(what, f, *args, **kw):
    try:
        r = f(*args, **kw)
    except BaseException as e:
        print(what, "→", type(e).__name__, e)
    else:
        if type(r) is list:
            r = "a list"
        elif type(r) is int and f in (gc.collect, gc.get_freeze_count):
            r = "an int"
        print(what, "→", r)
names = ["enable", "disable", "isenabled", "collect", "get_count", "get_threshold", "set_threshold", "get_stats",
         "get_objects", "get_referrers", "get_referents", "is_tracked", "is_finalized", "freeze", "unfreeze",
         "get_freeze_count", "set_debug", "get_debug"]
debug, threshold = gc.get_debug(), gc.get_threshold()
# Too few, too many, keywords.
for name in names:
    f = getattr(gc, name)
    print(name, type(f).__name__, f.__name__)
    if name not in ("get_count", "get_stats", "get_referrers", "get_referents"):
        tried(name + "()", f)
    if name not in ("get_referrers", "get_referents", "set_debug"):
        if name not in ("is_tracked", "is_finalized", "get_objects", "collect", "set_threshold"):
            tried(name + "(1)", f, 1)
        tried(name + "(1, 2)", f, 1, 2)
        tried(name + "(1, 2, 3)", f, 1, 2, 3)
        tried(name + "(1, 2, 3, 4)", f, 1, 2, 3, 4)
    tried(name + "(x=1)", f, x=1)
    tried(name + "(1, x=1)", f, 1, x=1)
    tried(name + "(generation=1)", f, generation=1)
    tried(name + "(1, generation=1)", f, 1, generation=1)
    tried(name + "(obj=1)", f, obj=1)
tried("set_debug(1, 2)", gc.set_debug, 1, 2)
gc.set_debug(debug)
gc.set_threshold(*threshold)
gc.unfreeze()
gc.disable()
# One argument of each kind.
for v in values:
    tried("collect(%r)" % (v,), gc.collect, v)
for v in values:
    tried("collect(generation=%r)" % (v,), gc.collect, generation=v)
for v in values:
    tried("get_objects(%r)" % (v,), gc.get_objects, v)
for v in values:
    tried("set_debug(%r)" % (v,), gc.set_debug, v)
    d = gc.get_debug()
    gc.set_debug(0)
    print(d)
for v in values:
    tried("set_threshold(%r)" % (v,), gc.set_threshold, v)
    print(gc.get_threshold())
for i in range(2):
    for v in ["1", 1.5, None, Index(ValueError), Index(3), 2 ** 31, -2 ** 31, -2 ** 40, 2 ** 70, True]:
        gc.set_threshold(*threshold)
        args = [5] * (i + 1) + [v]
        tried("set_threshold%r" % (tuple(args),), gc.set_threshold, *args)
        print(gc.get_threshold())
gc.set_threshold(*threshold)
for v in values:
    print(repr(v), gc.is_finalized(v))
for v in ("a", 1, None, 1.0, b"", True):
    print(gc.is_tracked(v), gc.get_referents(v), gc.get_referents(v, v))
# Constants, lists.
print(gc.DEBUG_STATS, gc.DEBUG_COLLECTABLE, gc.DEBUG_UNCOLLECTABLE, gc.DEBUG_SAVEALL, gc.DEBUG_LEAK)
print(gc.callbacks, gc.garbage, gc.get_debug(), gc.isenabled())
print([n for n in dir(gc) if not n.startswith("__")])
