# Generators: sending, throwing, closing, delegating.
def echo():
    got = None
    while True:
        try:
            got = yield got
        except ValueError as e:
            got = "caught " + str(e)
g = echo()
print(next(g), g.send(1), g.throw(ValueError("v")), g.send(2))
g.close()
try:
    next(g)
except StopIteration as e:
    print("stop", e.value)
def inner():
    x = yield 1
    print("inner got", x)
    y = yield 2
    return (x, y)
def outer():
    r = yield from inner()
    print("inner returned", r)
    yield from [10, 20]
    return "done"
g = outer()
print(next(g), g.send("a"), g.send("b"), next(g))
try:
    next(g)
except StopIteration as e:
    print(e.value)
def finals():
    try:
        yield 1
    finally:
        print("finally")
g = finals()
next(g)
g.close()
def tree(n):
    if n:
        yield from tree(n - 1)
        yield n
        yield from tree(n - 1)
print(list(tree(4)))
def fib():
    a, b = 0, 1
    while True:
        yield a
        a, b = b, a + b
for i, x in enumerate(fib()):
    if i == 10:
        break
print(x)
print(sum(i * i for i in range(10)), max(x % 7 for x in range(20)), sorted(-x for x in range(3)))
print(dict((k, v) for k, v in zip("abc", range(3))), set(x % 3 for x in range(10)))
print(any(x > 3 for x in range(10)), all(x > 3 for x in range(10)), ",".join(str(x) for x in range(4)))
def bad():
    yield 1
    raise StopIteration
try:
    list(bad())
except RuntimeError as e:
    print(e, repr(e.__cause__))
it = iter([1, 2, 3])
print(next(it), list(it), next(it, "none"))
class It:
    def __init__(self, n): self.n = n
    def __iter__(self): return self
    def __next__(self):
        if self.n == 0: raise StopIteration
        self.n -= 1
        return self.n
print(list(It(3)), [x for x in It(2)], tuple(It(2)), sum(It(4)), 2 in It(5))
a, b, c = It(3)
print(a, b, c, *It(2))
print(list(map(lambda x, y: x + y, [1, 2], [3, 4])), list(filter(None, [0, 1, "", "a"])), list(zip(It(3), "ab")))
print(list(reversed([1, 2, 3])), list(reversed(range(3))), list(enumerate("ab", 5)))
