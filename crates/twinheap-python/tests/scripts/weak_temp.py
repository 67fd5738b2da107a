# weakref.WeakMethod and tempfile.mkstemp.
import os, tempfile, weakref
class A:
    def f(self, x=1):
        return "f", x
    def g(self):
        return "g"
a = A()
r = weakref.WeakMethod(a.f)
print(r()(3), r() == a.f, r == weakref.WeakMethod(a.f), r == weakref.WeakMethod(a.g), r != weakref.WeakMethod(a.f))
print(hash(r) == hash(weakref.WeakMethod(a.f)), len({r, weakref.WeakMethod(a.f)}))
for x in len, A.f, 5:
    try:
        weakref.WeakMethod(x)
        print("no error")
    except TypeError as e:
        print(str(e)[:36])
fd, path = tempfile.mkstemp(suffix=".txt", prefix="twinheap")
name = os.path.basename(path)
print(name.startswith("twinheap"), name.endswith(".txt"), isinstance(fd, int), os.path.getsize(path), os.path.abspath(path) == path)
print(os.write(fd, b"one\ntwo\n"))
os.close(fd)
print(open(path).read().split())
os.remove(path)
try:
    os.close(fd)
except OSError as e:
    print(e)
with tempfile.TemporaryDirectory() as d:
    fd, path = tempfile.mkstemp(dir=d)
    print(os.path.dirname(path) == d)
    with os.fdopen(fd, "w") as f:
        f.write("text")
    print(open(path).read(), len(os.listdir(d)))
print(os.path.exists(path))
