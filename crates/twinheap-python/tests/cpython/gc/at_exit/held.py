"""Imported by module_at_exit.py."""
import gc

held = []
word = "a name of the module"


class C:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("__del__ of the module's", self.name, word, len(held), helper())


def helper():
    return "by a function"


cycle = C("cycle")
cycle.cycle = cycle
plain = C("plain")
