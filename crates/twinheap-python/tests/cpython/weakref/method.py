# WeakMethod.
import gc
import weakref

class Object:
    def __init__(self, arg):
        self.arg = arg
    def __eq__(self, other):
        if isinstance(other, Object):
            return self.arg == other.arg
        return NotImplemented
    def __hash__(self):
        return hash(self.arg)
    def some_method(self):
        return 4
    def other_method(self):
        return 5
def subclass():
    class C(Object):
        def some_method(self):
            return 6
    return C

# test_alive
o = Object(1)
r = weakref.WeakMethod(o.some_method)
print(isinstance(r, weakref.ReferenceType), isinstance(r(), type(o.some_method)), r().__self__ is o,
      r().__func__ is o.some_method.__func__, r()())
# test_object_dead
del o
print(r())
# test_method_dead
C = subclass()
o = C(1)
r = weakref.WeakMethod(o.some_method)
del C.some_method
gc.collect()
print(r())
# test_callback_when_object_dead
C = subclass()
calls = []
o = C(1)
r = weakref.WeakMethod(o.some_method, calls.append)
del o
gc.collect()
print(calls == [r], calls[0] is r)
C.some_method = Object.some_method
gc.collect()
print(calls == [r])
# test_callback_when_method_dead
C = subclass()
calls = []
o = C(1)
r = weakref.WeakMethod(o.some_method, calls.append)
del C.some_method
gc.collect()
print(calls == [r])
del o
gc.collect()
print(calls == [r])
# test_no_cycles
o = Object(1)
r = weakref.WeakMethod(o.some_method, lambda _: None)
wr = weakref.ref(r)
del r
print(wr())
# test_equality
x, y, z = Object(1), Object(1), Object(2)
a, b, c, d = [weakref.WeakMethod(m) for m in (x.some_method, y.some_method, x.other_method, y.other_method)]
e, f = weakref.WeakMethod(z.some_method), weakref.WeakMethod(z.other_method)
print(a == b, a != b, c == d, c != d)
print([(p == q, p != q) for p, q in [(a, c), (a, d), (b, c), (b, d), (a, e), (a, f), (b, e), (b, f)]])
print([(p == q, p != q) for p, q in [(a, x.some_method), (a, 1), (a, None)]])
print(a == weakref.ref(x), weakref.ref(x) == a)
# test_hashing
print(hash(a) == hash(b), hash(a) == hash(x), {a, b, c, d} == {a, c})
del x, y, z
gc.collect()
for q in a, b, c, d, e, f:
    print(q(), q == a, q != a, q == q, q != q)
print(hash(a) == hash(1))
try:
    weakref.WeakMethod(1)
except TypeError as e:
    print(e)
