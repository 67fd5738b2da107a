# A list that its own key changes.
l = [3, 1, 2]
try:
    l.sort(key=lambda x: l.append(9) or x)
except ValueError as e:
    print(e, l)
l.sort(key=lambda x: l.clear() or x)
print(l)
seen = []
l.sort(key=lambda x: seen.append(len(l)) or -x)
print(l, seen)
class E(Exception): pass
def bad(x):
    if x == 2:
        raise E
    return x
try:
    l.sort(key=bad)
except E:
    print("restored", l)
l.sort(key=str, reverse=True)
print(l)
