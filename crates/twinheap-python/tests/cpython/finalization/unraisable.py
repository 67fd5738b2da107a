# sys.unraisablehook: what it hears of, what the default prints, what becomes of one that fails.
import gc, sys, weakref
gc.disable()
class Kept:
    def __init__(self):
        self.text = ""
    def write(self, text):
        self.text += text
    def flush(self):
        pass
def shown(text):
    out = []
    for line in text.split("\n"):
        while " at 0x" in line:
            i = line.index(" at 0x")
            j = i + 6
            while j < len(line) and line[j] in "0123456789abcdef":
                j += 1
            line = line[:i] + line[j:]
        if line.startswith("  File "):
            line = "  File …" + line[line.index(", in "):]
        out.append(line)
    return "\n".join(out)
def said(f):
    real, sys.stderr = sys.stderr, Kept()
    try:
        f()
    finally:
        kept, sys.stderr = sys.stderr, real
    print(shown(kept.text) or "nothing", end="")
    print("--")
class A:
    def __init__(self, f):
        self.f = f
    def __del__(self):
        self.f()
def plain():
    raise ValueError
def chained():
    try:
        1 / 0
    except ZeroDivisionError as e:
        raise KeyError("x") from e
class Bad(Exception):
    def __str__(self):
        raise RuntimeError
def bad():
    raise Bad
def leaves():
    raise SystemExit(3)
class Own(Exception):
    __module__ = "elsewhere"
def own():
    raise Own(1, "two")
for f in (plain, chained, bad, leaves, own):
    said(lambda: A(f) and None)
class T:
    pass
class Raises:
    def __repr__(self):
        raise RuntimeError("no repr")
    def __call__(self, r):
        raise ValueError("called")
def callback(f):
    t = T()
    w = weakref.ref(t, f)
    del t
said(lambda: callback(Raises()))
said(lambda: callback(3))
def generator(f):
    g = f()
    next(g)
    del g
def fails():
    try:
        yield 1
    finally:
        raise ValueError("in a generator")
def ignores():
    while True:
        try:
            yield 1
        except GeneratorExit:
            pass
said(lambda: generator(fails))
said(lambda: generator(ignores))
def gc_callback():
    gc.callbacks.append(Raises())
    gc.collect()
    gc.callbacks.clear()
said(gc_callback)
print("hooks")
def hook(args):
    print(type(args).__name__, args.exc_type.__name__, repr(args.exc_value), args.exc_traceback is None, args.err_msg,
          shown(repr(args.object)), len(args), args[0] is args.exc_type, args.exc_value.__traceback__ is args.exc_traceback)
sys.unraisablehook = hook
for f in (plain, leaves):
    A(f)
callback(3)
callback(plain)
generator(fails)
generator(ignores)
gc_callback_raises = lambda phase, info: 1 / 0
gc.callbacks.append(gc_callback_raises)
gc.collect()
gc.callbacks.clear()
print("the object is finalized all the same")
class Counted:
    def __del__(self):
        raise ValueError
c = Counted()
c.me = c
r = weakref.ref(c)
del c
print(gc.collect(), r())
print("in a hook")
def collects(args):
    print("collect", gc.collect() >= 0, args.exc_type.__name__)
sys.unraisablehook = collects
A(plain)
def nested(args):
    print("nested", args.exc_type.__name__)
    if args.exc_type is ValueError:
        A(leaves)
sys.unraisablehook = nested
A(plain)
print("hooks that fail")
def fails_itself(args):
    raise RuntimeError("hook failed")
sys.unraisablehook = fails_itself
said(lambda: A(plain) and None)
sys.unraisablehook = 5
said(lambda: A(plain) and None)
sys.unraisablehook = None
said(lambda: A(plain) and None)
del sys.unraisablehook
said(lambda: A(plain) and None)
sys.unraisablehook = sys.__unraisablehook__
said(lambda: A(plain) and None)
def default(args):
    sys.__unraisablehook__(args)
sys.unraisablehook = default
said(lambda: A(chained) and None)
sys.unraisablehook = sys.__unraisablehook__
for wrong in ((), (1,), (None,), (1, 2), ((1, 2, 3, 4, 5),)):
    try:
        sys.unraisablehook(*wrong)
    except TypeError as e:
        print(e)
# No file to print to.
real, sys.stderr = sys.stderr, None
A(plain)
sys.stderr = real
class NoWrite:
    pass
sys.stderr = NoWrite()
A(plain)
sys.stderr = real
# The exception that is being handled stays so.
sys.unraisablehook = lambda args: print("handled inside", repr(sys.exception()))
try:
    raise KeyError("outer")
except KeyError:
    A(plain)
    print(repr(sys.exception()))
sys.unraisablehook = sys.__unraisablehook__
print("excepthook")
def excepthook():
    try:
        raise ValueError("shown")
    except ValueError as e:
        sys.excepthook(type(e), e, e.__traceback__)
said(excepthook)
print(sys.excepthook is sys.__excepthook__, sys.unraisablehook is sys.__unraisablehook__)
