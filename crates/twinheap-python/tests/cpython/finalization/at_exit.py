# What the end of the program finalizes beside the main module: entries of `sys.modules` that are no modules, modules that
# something keeps, names of `sys` and of the built-ins; in the order of CPython's `finalize_modules`.
import builtins, sys, types
write = sys.stdout.write
class T:
    def __init__(self, n, write=write):
        self.n = n
        self.write = write
    def __del__(self):
        self.write('del %s\n' % self.n)
sys.modules['first'] = T('an entry')
sys.modules['second'] = [T('in a list')]
sys.modules['none'] = None
sys.modules[5] = T('not named by a string')
sys.one = T('on sys')
sys._two = T('_ on sys')
builtins.one = T('on builtins')
builtins._two = T('_ on builtins')
m = types.ModuleType('made')
m.b = T('made.b')
m._a = T('made._a')
sys.keeps_made = m
sys.modules['made'] = m
loose = types.ModuleType('loose')
loose.b = T('loose.b')
sys.keeps_loose = loose
del m, loose
print(one.n, _two.n)
