"""Finalizers at exit find the module's names in place."""
import os

items = []


class T:
    live = 0

    def __init__(self, name):
        self.name = name
        T.live += 1

    def __del__(self):
        T.live -= 1
        items.append(self.name)
        log("del", self.name, len(items), T.live, os.path.basename("a/b"))


def log(*what):
    print(*what)


a = T("a")
b = T("b")
z = T("z")
z.me = z
y = T("y")
_private = T("private")
held = [T("in a list")]
print("end")
