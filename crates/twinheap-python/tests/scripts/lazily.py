# What makes its items one by one is not made into a list first; sums are compensated as CPython has them since 3.12.
print(sum(range(10**6)), sum(range(10, 0, -3)), sum(range(5), 100), sum(range(0)), sum(range(3), True))
it = iter(range(10**6))
next(it)
print(sum(it), list(it))
print(min(range(10**6)), max(range(10**6)), min(range(10, 0, -3)), max(range(10, 0, -3)))
print(max(range(0), default="none"), min(iter([]), default=None))
print(max(range(10), key=lambda x: -x), min((x * x - 4 * x for x in range(10)), key=abs), max(iter("hello")))
for f in min, max:
    try:
        f(iter([]))
    except ValueError as e:
        print(e)
print(any(x > 5 for x in range(10**12)), all(x < 5 for x in range(10**12)))
print(10**11 in range(10**12), -1 in range(10**12), 5 in iter(range(10**12)), 7 not in (x for x in range(10**12)))
class Up:
    def __iter__(self):
        n = 0
        while True:
            yield n
            n += 1
print(1000 in Up(), 3 not in Up())
def g(n):
    for _ in range(n):
        yield 0.1
print(sum(g(10)), sum([0.1] * 10), sum([0.1] * 10, 0.0), sum(g(10), 1))
print(sum([1e100, 1.0, -1e100]), sum(iter([1e100, 1, -1e100, 1.0])), sum(x for x in [1, 2.5, True]))
print(sum(iter([[1], [2]]), []), sum(x for x in (1, 2, 3)), sum(iter([1, 10**30])))
try:
    sum(iter([1, "a"]))
except TypeError as e:
    print(e)
try:
    5 in 5
except TypeError as e:
    print(e)
