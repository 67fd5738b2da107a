# `DeprecationWarning`s: what `__index__`, `__int__` and `__float__` may answer.  Once a line, where the program's own code asks.
import sys
class Written:
    text = ""
    def write(self, text): self.text += text
    def flush(self): pass
sys.stderr = Written()
class I(int): pass
class F(float): pass
class X:
    def __index__(self): return I(2)
    def __int__(self): return I(3)
class Y:
    def __float__(self): return F(1.5)
class B:
    def __index__(self): return True
for i in range(2):
    print([1, 2, 3][X()])
print(int(X()))
print(float(Y()))
print(range(X()))
print([1, 2, 3][B()], hex(B()), int(B()), float(B()))
print(type(int(X())), type(int(B())), type(float(Y())))
print([1, 2, 3][:X()])
print("ab" * X(), X().__index__())
l = [1, 2, 3]
l[X()] = 4
del l[X()]
print(l, round(2.345, X()), bin(X()))
def f():
    return (
        1,
        chr(X()),
    )
f()
f()
for wrong in (1.5, "1", None):
    class Wrong:
        def __index__(self): return wrong
        def __int__(self): return wrong
    for f in (int, hex, [1].__getitem__):
        try:
            f(Wrong())
        except TypeError as e:
            print(e)
class Wrong:
    def __float__(self): return 1
try:
    float(Wrong())
except TypeError as e:
    print(e)
__name__ = "elsewhere"
int(X())
__name__ = "__main__"
int(X())
# CPython names the whole path.
for line in sys.stderr.text.splitlines():
    print(line.rpartition("/")[2] if ": DeprecationWarning" in line else line)
