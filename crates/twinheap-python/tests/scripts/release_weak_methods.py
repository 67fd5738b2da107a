# A WeakMethod dies with its object.
import weakref
class A:
    def f(self):
        return "f"
a = A()
r = weakref.WeakMethod(a.f)
b = A()
s = weakref.WeakMethod(b.f, lambda w: print("dead", w is s, w()))
del b
print(s(), s == s, s == r)
