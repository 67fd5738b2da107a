# OrderedDict at both ends, and dicts whose ends come and go: as many steps as there are calls.
from collections import OrderedDict
d = OrderedDict((c, i) for i, c in enumerate("abcdefghijkl"))
d.move_to_end("c")
d.move_to_end("k", last=False)
d.move_to_end("l", last=False)
print("".join(d), "".join(reversed(d)), d["k"], d["c"], len(d))
d.move_to_end("l", False)
d["m"] = 1
d["c"] = 7
print("".join(d), d.popitem(), d.popitem(last=False), "".join(d))
for k in ["zz", "c"]:
    try:
        d.move_to_end(k)
        print("moved", k)
    except KeyError as e:
        print("KeyError", e)
print(OrderedDict(a=1, b=2) == OrderedDict(b=2, a=1), OrderedDict(a=1, b=2) == dict(b=2, a=1))
try:
    OrderedDict().popitem()
except KeyError as e:
    print(e)
n = 20000
d = OrderedDict()
for i in range(n):
    d[i] = i
for i in range(3 * n):
    d.move_to_end(i * 7919 % n, last=i % 3 != 0)
print(sum(i * k for i, k in enumerate(d)))
for i in range(n):
    d.move_to_end(i, last=False)
print(next(iter(d)), next(reversed(d)))
for i in range(n - 10):
    k, v = d.popitem(last=i % 2 == 0)
    d[n + i] = v
    d.popitem(last=False)
    if len(d) < 5:
        break
print(len(d), list(d.items())[:3])
# The same key's place at the end comes and goes; nobody must search for ever.
e = dict.fromkeys(range(100))
for i in range(100, 100000):
    e[i] = i
    del e[i]
print(len(e), 100001 in e)
e = dict.fromkeys(range(50000))
for i in range(0, 50000, 2):
    del e[49999 - i]
while e:
    k, v = e.popitem()
print(k, e)
