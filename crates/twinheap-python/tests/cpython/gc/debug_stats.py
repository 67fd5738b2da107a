# The text of DEBUG_STATS, to whatever sys.stderr is.
import gc, sys
class Kept:
    def __init__(self):
        self.text = ""
    def write(self, text):
        self.text += text
        return len(text)
    def flush(self):
        pass
def said(flags, generation=2, garbage=0):
    for _ in range(garbage):
        l = []
        l.append(l)
    l = None
    real, sys.stderr = sys.stderr, Kept()
    gc.set_debug(flags)
    try:
        n = gc.collect(generation)
    finally:
        gc.set_debug(0)
        kept, sys.stderr = sys.stderr, real
    return n, kept.text
gc.disable()
gc.collect()
print(said(0, 2, 3))
for g in (0, 1, 2):
    n, text = said(gc.DEBUG_STATS, g, 2)
    for line in text.splitlines():
        if line.startswith("gc: objects in each generation: "):
            numbers = line[32:].split(" ")
            print(line[:31], len(numbers), all(x.isdigit() for x in numbers))
        elif line.startswith("gc: objects in permanent"):
            print(line[:line.rindex(" ")], line.split()[-1].isdigit())
        elif line.endswith("s elapsed"):
            words = line.split()
            seconds = words[-2]
            print(" ".join(words[:-2]), len(seconds.split(".")[1]), seconds[-1], 0 <= float(seconds[:-1]) < 10)
        else:
            print(line)
    print(n)
# And of DEBUG_COLLECTABLE: one line for each, in their order.
class C:
    pass
n, text = said(gc.DEBUG_COLLECTABLE, 2, 2)
print(n, [line.split(" 0x")[0] for line in text.splitlines()], text.endswith(">\n"))
a = C()
b = C()
a.b = [b]
b.a = {"a": a}
c = (a,)
a.c = c
gc.collect()
del a, b, c
n, text = said(gc.DEBUG_COLLECTABLE)
print(n, sorted(line.split(" 0x")[0] for line in text.splitlines()))
print(said(gc.DEBUG_UNCOLLECTABLE, 2, 2))
n, text = said(gc.DEBUG_LEAK, 2, 2)
print(n, [line.split(" 0x")[0] for line in text.splitlines()], [type(g).__name__ for g in gc.garbage])
gc.garbage.clear()
print(gc.collect())
