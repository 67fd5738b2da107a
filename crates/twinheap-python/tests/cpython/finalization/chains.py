# Rings of nodes that do nothing, come back, or break their own link, in every mix: every finalizer runs once, sees its
# neighbours whole, and who comes back is who asked for it.
import gc, weakref
gc.disable()
gc.collect()
ran = []
survivors = []
broken = []
class Node:
    def __init__(self, name):
        self.name = name
        self.left = self.right = None
        self.me = [self]
    def check(self):
        return self.name and self.me[0] is self
    def side_effect(self):
        pass
    def __del__(self):
        if not self.check():
            broken.append(self.name)
        if self.right is not None and not self.right.check():
            broken.append(self.name + "'s neighbour")
        ran.append(self.name)
        self.side_effect()
class Plain(Node):
    pass
class Resurrector(Node):
    def side_effect(self):
        survivors.append(self)
class Suicidal(Node):
    def side_effect(self):
        self.left.right = None
        self.right = None
        self.left = None
        self.me = [self]
def ring(classes):
    nodes = [cls("%s%d" % (cls.__name__[0], i)) for i, cls in enumerate(classes)]
    n = len(nodes)
    for i in range(n):
        nodes[i].right = nodes[(i + 1) % n]
        nodes[(i + 1) % n].left = nodes[i]
    return [weakref.ref(node) for node in nodes]
def case(what, classes):
    refs = ring(classes)
    n = gc.collect()
    print(what, sorted(ran), sorted(s.name for s in survivors), broken, [r() is None for r in refs].count(True))
    again = gc.collect()
    print(again, len(ran))
    # Who came back sees its ring as it was.
    print(all(s.check() for s in survivors), [s.right.name if s.right else None for s in sorted(survivors, key=lambda s: s.name)])
    survivors.clear()
    ran.clear()
    gc.collect()
    print(ran, survivors, [r() is None for r in refs].count(True))
P, R, S = Plain, Resurrector, Suicidal
case("homogenous", [P, P, P])
case("homogenous, back", [R, R, R])
case("homogenous, suicidal", [S, S, S])
case("one of them suicidal", [S, P] * 2)
case("two of them suicidal", [S, S, P, P])
case("one of them back", [R, P] * 2)
case("two of them back", [R, R, P, P])
case("three kinds", [R, S, P] * 2)
