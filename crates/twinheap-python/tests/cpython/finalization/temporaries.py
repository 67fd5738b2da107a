# Every kind of temporary, and the order in which operators, calls and statements let go of it: each case as the text of
# `exec` and as the body of a function.  Not here is what CPython's specialised code does differently once it is warm
# (`l.append` on a temporary list, `__init__` with `*args`), and what goes by the addresses of a set's items.
import functools

class T:
    def __init__(self, name):
        self.name = name
    def __del__(self):
        print('del', self.__dict__.get('name', '?'))

class P(T):
    "Has no operators: every operator is an error."

class O(T):
    "Answers every operator."
    def op(self, other):
        return 1
    def op3(self, other, mod=None):
        return 1
    __add__ = __sub__ = __mul__ = __truediv__ = __floordiv__ = __mod__ = op
    __matmul__ = __lshift__ = __rshift__ = __and__ = __or__ = __xor__ = op
    __pow__ = op3
    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = op
    __hash__ = None
    def __getitem__(self, k):
        return 1
    def __setitem__(self, k, v):
        pass
    def __delitem__(self, k):
        pass
    def __contains__(self, k):
        return True
    def __neg__(self):
        return 1
    __pos__ = __invert__ = __neg__
    def __bool__(self):
        return True
    def __call__(self, *a, **k):
        return 1
    def __enter__(self):
        return T('entered')
    def __exit__(self, *a):
        return True

class Not(T):
    "Answers NotImplemented to all."
    def op(self, other):
        return NotImplemented
    __add__ = __sub__ = __mul__ = __truediv__ = __radd__ = __rsub__ = __rmul__ = __iadd__ = op
    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = op
    __hash__ = None

class R(T):
    "Answers from the right."
    def op(self, other):
        return 1
    __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rmod__ = op

class I(T):
    "In place."
    def op(self, other):
        return T('result')
    __iadd__ = __isub__ = op

class Bad(T):
    "Raises in each."
    def op(self, other):
        raise ValueError('bad')
    __add__ = __radd__ = __eq__ = __lt__ = __contains__ = __getitem__ = op
    __hash__ = None
    def __setitem__(self, k, v):
        raise ValueError('bad')
    def __bool__(self):
        raise ValueError('bad')
    def __iter__(self):
        raise ValueError('bad')
    def __call__(self, *a):
        raise ValueError('bad')
    def __enter__(self):
        raise ValueError('bad')
    def __exit__(self, *a):
        pass

class LL(list):
    pass

def ident(*a, **k):
    return None

def one(a):
    return None

def two(a, b):
    print('in two')

def default(a, b=1, *c, d=2, **e):
    print('in default')

class Init(T):
    def __init__(self, name, *a, **k):
        self.name = name
        print('init')

class New(T):
    def __new__(cls, *a):
        print('new')
        return object.__new__(cls)

class Meth:
    def m(self, *a, **k):
        print('in m')
    @classmethod
    def c(cls, *a):
        print('in c')
    @staticmethod
    def s(*a):
        print('in s')

class NoCall(T):
    pass

class A(T):
    def __getattr__(self, name):
        print('getattr', name)
        return T('attr')
    def __setattr__(self, name, v):
        if name == 'name':
            object.__setattr__(self, name, v)
        else:
            print('setattr', name)

class Iter(T):
    def __iter__(self):
        return self
    def __next__(self):
        return T('next')

class Stop(T):
    n = 0
    def __iter__(self):
        return self
    def __next__(self):
        self.n += 1
        if self.n > 2:
            raise StopIteration
        return T('item%d' % self.n)

five = 5
l = [0, 1, 2]
g = {'T': T}

def lists(n):
    return [T('e%d' % i) for i in range(n)]

cases = []
def add(text):
    cases.append(text)

OPS = ['+', '*', '%', '**', '@', '|']
for op in OPS:
    for a in ('P', 'O'):
        add(f"{a}('a') {op} P('b')")
    add(f"x = P('x'); x {op}= P('b')")
    add(f"1 {op} P('b')")
    add(f"P('a') {op} 1")
    add(f"'s' {op} P('b')")
    add(f"[T('in')] {op} P('b')")
    add(f"[T('in')] {op} (T('in2'),)")
    add(f"P('a') {op} [T('in')]")
for op in ('<', '==', '!='):
    for a in ('P', 'O', 'Not', 'Bad'):
        add(f"{a}('a') {op} P('b')")
    add(f"Not('a') {op} Not('b')")
    add(f"1 {op} P('b')")
    add(f"P('a') {op} 1")
    add(f"[T('a')] {op} [T('b')]")
    add(f"(T('a'), T('a2')) {op} (T('b'), T('b2'))")
    add(f"[O('a')] {op} [O('b')]")
    add(f"{{1: T('a')}} {op} {{1: T('b')}}")
    add(f"P('a') {op} P('b') {op} P('c')")
    add(f"O('a') {op} O('b') {op} O('c')")
    add(f"if O('a') {op} O('b'): print('yes')")
    add(f"if P('a') {op} P('b'): print('yes')")
    add(f"LL([T('a')]) {op} LL([T('b')])")
    add(f"int {op} P('b')")
for a in ('Not', 'R', 'I', 'Bad', 'O'):
    for b in ('P', 'R', 'Not', 'Bad'):
        add(f"{a}('a') + {b}('b')")
        add(f"x = {a}('a'); x += {b}('b'); print('then'); del x")
for op in ('is', 'is not', 'in', 'not in'):
    add(f"T('a') {op} T('b')")
    add(f"T('a') {op} O('b')")
    add(f"T('a') {op} [T('b'), T('c')]")
    add(f"T('a') {op} (T('b'), T('c'))")
    add(f"T('a') {op} {{T('b'): T('c')}}")
    add(f"T('a') {op} Stop('b')")
    add(f"T('a') {op} Bad('b')")
    add(f"T('a') {op} five")
    add(f"[T('a')] {op} {{1: T('b')}}")
    add(f"T('a') {op} T('b') {op} T('c')")
for e in ("-O('a')", "+O('a')", "~O('a')", "-P('a')", "not P('a')", "not Bad('a')", "-[T('a')]",
          "P('a') and P('b')", "P('a') or P('b')", "O('a') and O('b')", "O('a') or O('b')", "Bad('a') and O('b')",
          "not O('a') or P('b')", "P('a') if P('c') else P('b')", "P('a') if not P('c') else P('b')",
          "if P('a'): print('yes')", "if Bad('a'): print('yes')", "while P('a'): print('loop'); break", "assert P('a')",
          "assert not P('a'), T('msg')"):
    add(e)
for e in ("O('a')[O('b')]", "P('a')[P('b')]", "Bad('a')[P('b')]", "[T('a')][P('b')]", "[T('a'), T('b')][0]",
          "[T('a'), T('b')][5]", "(T('a'), T('b'))[0]", "{1: T('a'), 2: T('b')}[1]", "{1: T('a')}[P('k')]",
          "{1: T('a')}[[T('k')]]", "'abc'[P('k')]", "l[P('k')]", "[T('a'), T('b'), T('c')][0:2]",
          "[T('a'), T('b'), T('c')][T('s'):T('t')]", "[T('a')][T('s'):T('t'):T('u')]", "O('a')[O('s'):O('t')]",
          "O('a')[O('s'):O('t'):O('u')]", "P('a')[P('s'):P('t')]", "O('a')[O('b'), O('c')]", "P('a')[P('b'), P('c')]",
          "O('a')[O('b')] = O('c')", "P('a')[P('b')] = P('c')", "Bad('a')[P('b')] = P('c')", "[T('a')][0] = T('c')",
          "[T('a')][5] = T('c')", "[T('a')][P('k')] = T('c')", "{1: T('a')}[1] = T('c')", "{1: T('a')}[P('k')] = T('c')",
          "{P('k'): T('a')}[[T('j')]] = T('c')", "(T('a'),)[0] = T('c')", "[T('a'), T('b')][0:1] = [T('c'), T('d')]",
          "[T('a'), T('b')][P('s'):P('t')] = [T('c')]", "[T('a'), T('b')][0:2] = P('c')", "O('a')[O('s'):O('t')] = O('c')",
          "P('a')[P('s'):P('t')] = P('c')", "O('a')[O('s'):O('t'):O('u')] = O('c')",
          "del O('a')[O('b')]", "del P('a')[P('b')]", "del [T('a'), T('b')][0]", "del [T('a')][5]", "del {1: T('a')}[1]",
          "del {1: T('a')}[P('k')]", "del [T('a'), T('b'), T('c')][0:2]", "del O('a')[O('s'):O('t')]",
          "del [T('a'), T('b')][P('s'):P('t')]",
          "O('a')[O('b')] += O('c')", "P('a')[P('b')] += P('c')", "[T('a')][0] += T('c')", "{1: I('a')}[1] += T('c')",
          "[I('a')][0] += T('c')", "O('a')[O('s'):O('t')] += 5", "O('a')[O('b')] += P('d')"):
    add(e)
for e in ("A('a').x", "T('a').y", "T('a').name", "A('a').x = T('v')", "T('a').x = T('v')", "[T('a')].x = T('v')",
          "(5).x = T('v')", "del T('a').x", "del T('a').name", "A('a').x += T('v')", "T('a').name += T('v')",
          "T('a').x += T('v')", "A('a').m(T('v'))", "A('a').x.name"):
    add(e)
for e in ("ident(T('a'), T('b'))", "one(T('a'))", "two(T('a'), T('b'))", "two(b=T('b'), a=T('a'))", "two(T('a'), b=T('b'))",
          "two(T('a'), T('b'), T('c'))", "two(T('a'))", "two(T('a'), c=T('c'))", "two(T('a'), a=T('c'))",
          "default(T('a'))", "default(T('a'), T('b'), T('c'), T('d'), d=T('e'), f=T('f'))", "default(f=T('f'), a=T('a'))",
          "two(*[T('a'), T('b')])", "two(*(T('a'), T('b')))", "two(*(T('a'), T('b'), T('c')))", "two(*Stop('s'))",
          "two(T('a'), *[T('b')])", "two(*[T('a')], T('b'))", "two(**{'a': T('a'), 'b': T('b')})",
          "two(T('a'), **{'b': T('b')})", "two(*[T('a')], **{'b': T('b')})", "two(*P('x'))", "two(T('y'), *P('x'))",
          "two(**P('x'))", "two(T('y'), **P('x'))", "default(*[T('a'), T('b'), T('c')], **{'f': T('f')})",
          "(lambda *a: None)(T('a'), T('b'))", "(lambda a, b: a)(T('a'), T('b'))", "(lambda **k: None)(a=T('a'), b=T('b'))",
          "(lambda a, *b, c, **d: None)(T('a'), T('b'), T('b2'), c=T('c'), d=T('d'))",
          "O('f')(T('a'), T('b'))", "O('f')(T('a'), b=T('b'))", "P('f')(T('a'), T('b'))",
          "P('f')(T('a'), b=T('b'))", "P('f')(*[T('a')])", "P('f')(**{'a': T('a')})", "Bad('f')(T('a'), T('b'))",
          "five(T('a'), T('b'))", "print(5, T('a') is None, sep=T('s'))", "len(P('a'))", "len([T('a'), T('b')])",
          "len(T('a'), T('b'))", "isinstance(T('a'), P('b'))", "isinstance(T('a'), T)", "type(T('a'))",
          "getattr(T('a'), 'x', T('b'))", "getattr(A('a'), 'x', T('b'))", "getattr(T('a'), P('n'))",
          "setattr(T('a'), 'x', T('b'))", "setattr(T('a'), P('n'), T('b'))", "hasattr(T('a'), 'x')", "callable(T('a'))",
          "max(T('a'), T('b'))", "min([T('a'), T('b')])", "max([O('a'), O('b')])", "max([1, 2], key=O('k'))",
          "min(5, 6, key=O('k'))", "sum([T('a'), T('b')])", "sum([O('a'), O('b')], O('s'))", "abs(T('a'))", "hash(P('a'))",
          "hash([T('a')])", "id(T('a'))", "sorted([T('a'), T('b')])", "sorted([O('a'), O('b')])", "sorted(Stop('s'))",
          "list(Stop('s'))", "tuple(Stop('s'))", "list(P('s'))", "tuple([T('a'), T('b')])",
          "list((T('a'), T('b')))", "dict(a=T('a'), b=T('b'))", "dict([(1, T('a')), (2, T('b'))])", "dict(P('a'))",
          "enumerate([T('a'), T('b')])", "list(enumerate([T('a'), T('b')]))",
          "list(zip([T('a'), T('b')], [T('c'), T('d')]))", "zip(Stop('s'), Stop('t'))", "list(zip(Stop('s'), Stop('t')))",
          "zip(P('a'), P('b'))", "zip([T('a')], P('b'))", "list(map(ident, [T('a'), T('b')]))",
          "list(map(ident, [T('a'), T('b')], [T('c'), T('d')]))", "map(O('f'), [T('a')])", "list(map(O('f'), [T('a'), T('b')]))",
          "map(ident, P('a'))", "list(map(two, Stop('s'), Stop('t')))", "list(filter(O('f'), [T('a'), T('b')]))",
          "list(filter(None, [T('a'), T('b')]))", "filter(ident, P('a'))", "functools.reduce(O('f'), [T('a'), T('b'), T('c')])",
          "functools.reduce(two, [T('a'), T('b'), T('c')])", "functools.reduce(two, [T('a'), T('b')], T('i'))",
          "functools.reduce(lambda a, b: b, [T('a'), T('b'), T('c')])", "functools.reduce(lambda a, b: a, Stop('s'), T('i'))",
          "functools.reduce(two, P('s'))", "functools.reduce(two, P('s'), T('i'))",
          "functools.reduce(lambda a, b: T('new'), Stop('s'))",
          "functools.partial(two, T('a'))(T('b'))", "functools.partial(two, T('a'), b=T('b'))()", "functools.partial(P('f'), T('a'))",
          "all([T('a'), T('b')])", "any([T('a'), T('b')])", "any(Stop('s'))", "all(Stop('s'))", "any(T('g%d' % i) for i in range(2))",
          "iter(P('a'))", "iter([T('a'), T('b')])", "next(iter([T('a'), T('b')]))", "next(Stop('s'))", "next(P('a'), T('b'))",
          "next(iter([]), T('b'))", "reversed([T('a'), T('b')])", "reversed(P('a'))", "repr(P('a'))[:0]", "str([T('a')])[:0]",
          "range(P('a'), P('b'))", "slice(T('a'), T('b'), T('c'))", "divmod(P('a'), P('b'))", "pow(P('a'), P('b'))",
          "pow(O('a'), O('b'))", "round(P('a'))", "chr(P('a'))", "int(P('a'))", "int('5', P('a'))",
          "float(P('a'))", "bool(P('a'))", "bool(Bad('a'))", "bytes(P('a'))", "open(P('a'))",
          "vars(P('a'))", "iter(one, P('a'))", "iter(O('f'), P('a'))", "super(P('a'), P('b'))", "issubclass(P('a'), P('b'))",
          "print(*[], file=P('f'))", "property(T('a'), T('b'))", "staticmethod(T('a'))", "type(P('n'), (), {})",
          "'%s %s' % (5, T('a') and 5)", "'%d' % P('a')", "'%s%s%s' % (T('a'), T('b'))", "'{} {}'.format(5, P('b') and 5)",
          "''.join([P('a'), P('b')])", "''.join(P('a'))", "'a'.replace(P('a'), P('b'))", "'a'.startswith(P('a'))", "'a' + P('b')"):
    add(e)
for e in ("Meth().m(T('a'), T('b'))", "Meth().m(T('a'), b=T('b'))", "Meth().m(*[T('a'), T('b')])", "Meth().m(*(T('a'), T('b')))",
          "Meth.c(T('a'), T('b'))", "Meth.s(T('a'), T('b'))", "Meth().c(*[T('a'), T('b')])", "Meth.m(T('a'), T('b'))",
          "m = Meth().m; m(T('a'), T('b'))", "m = Meth().m; m(*[T('a'), T('b')])",
          "Init('i', T('a'), k=T('b'))", "Init('i', *[T('a'), T('b')])", "New('n', T('a'))", "Meth(T('a'), T('b'))",
          "object(T('a'))", "ValueError(T('a'), T('b'))", "raise ValueError(T('a'), T('b'))", "Exception(*[T('a'), T('b')])",
          "LL([T('a')])", "LL(T('a'), T('b'))",
          "[].append(T('a'))", "[T('a')].extend([T('b'), T('c')])", "[T('a')].extend(P('b'))",
          "[T('a')].insert(0, T('b'))", "[T('a')].insert(P('i'), T('b'))", "[T('a'), T('b')].pop()", "[T('a'), T('b')].pop(0)",
          "[T('a'), T('b')].remove(T('c'))", "[T('a'), T('b')].index(T('c'))", "[T('a'), T('b')].count(T('c'))",
          "[T('a'), T('b')].clear()", "[T('a'), T('b')].copy()", "[T('a'), T('b')].reverse()", "[T('a'), T('b')].sort()",
          "[O('a'), O('b')].remove(O('c'))", "[O('a'), O('b')].sort(key=O('k'))",
          "{1: T('a')}.get(2, T('b'))", "{1: T('a')}.get(1, T('b'))", "{1: T('a')}.pop(1, T('b'))", "{1: T('a')}.pop(P('k'))",
          "{1: T('a')}.setdefault(1, T('b'))", "{1: T('a')}.setdefault(2, T('b'))", "{1: T('a')}.update({1: T('b'), 2: T('c')})",
          "{1: T('a')}.update(P('b'))", "{1: T('a'), 2: T('b')}.popitem()", "{1: T('a'), 2: T('b')}.clear()",
          "{1: T('a'), 2: T('b')}.items()", "list({1: T('a'), 2: T('b')}.values())", "dict.fromkeys([P('a'), P('b')], T('v'))",
          "{P('a')}.remove(P('b'))", "{P('a')}.discard(P('b'))",
          
          "{1: T('a')} | {1: T('b')}", "x = {1: T('a')}; x |= {1: T('b')}; print('then'); del x"):
    add(e)
for e in ("a, b = T('a'), T('b')", "a = b = T('a')", "a, b = [T('a'), T('b')]", "a, b = T('a'), T('b'), T('c')",
          "a, b = [T('a'), T('b'), T('c')]", "a, b = [T('a')]", "a, *b = [T('a'), T('b'), T('c')]", "*a, b = Stop('s')",
          "a, *b, c = [T('a')]", "a, b = Stop('s')", "a, b = P('s')", "a, b, c = Stop('s')", "a, b = {1: T('a')}", "(a, b), c = P('x'), P('y')",
          "[a, b] = T('a'), T('b'); a, b = b, a; del a; print('then'); del b", "a = T('a'); a = T('b'); print('then'); a = None",
          "x = [T('a')]; x[0], y = T('b'), T('c')", "a = T('1'); b = T('2'); c = T('3'); a, b, c = c, a, b; del a, b, c",
          "for x in [T('a'), T('b')]: print('body')", "for x in Stop('s'): print('body')", "for x in P('a'): pass",
          "for x, y in [(T('a'), T('b'))]: print('body')", "for x, y in [T('a')]: print('body')",
          "for x in [T('a'), T('b')]: break", "for x in (T('a'), T('b')): break\nelse: print('else')", "for x in Bad('a'): pass",
          "for i, x in enumerate([T('a'), T('b')]): print('body')", "for x, y in zip([T('a'), T('b')], [T('c'), T('d')]): print('body')",
          "for x in map(T, 'ab'): print('body')", "for x in reversed([T('a'), T('b')]): print('body')",
          "for k, v in {1: T('a'), 2: T('b')}.items(): print('body')", "[x for x in [T('a'), T('b')]]", "[T('c') for x in Stop('s')]",
          "{x: T('v') for x in [T('a'), T('b')]}", "list(x for x in [T('a'), T('b')])",
          "(x for x in [T('a'), T('b')])", "next(x for x in [T('a'), T('b')])", "[x for x in P('a')]", "[x for x in [T('a')] if x.y]",
          "[(x, y) for x in [T('a'), T('b')] for y in [T('c')]]", "[x for x in [T('a'), T('b')] if not x]",
          "[T('a'), T('b'), 1/0]", "(T('a'), T('b'), 1/0)", "{1: T('a'), 2: T('b'), 3: 1/0}", "two(T('a'), T('b'), 1/0)",
          "[*[T('a')], *P('b')]", "[*Stop('s'), *Stop('t')]", "{**{1: T('a')}, **P('b')}",
          "(*[T('a'), T('b')], T('c'))", "{**{1: T('a')}, **{1: T('b')}}", "T('a') + 1/0", "T('a')[1/0]", "T('a').x(1/0)", "T('a') < T('b') < 1/0",
          "f\"{5!r}{P('a') and 5}{P('b') and 6}\"", "f\"{P('a').name}{P('b').name}\"", "f\"{P('a')!r:>{P('w')}}\"[:0]", "f\"{P('a').zz}{P('b')}\"",
          "f\"{5:{P('w')}}\"", "f\"{P('a'):zz}\"",
          "with O('m') as x: print('body')", "with O('m') as x: raise ValueError(T('v'))", "with O('m') as x, O('n') as y: print('body')", "with Bad('m'): pass",
          "with P('m'): pass", "with O('m'): pass", "with O('m') as O('t')[O('k')]: print('body')",
          "raise P('a')", "raise ValueError(T('a')) from P('b')", "raise P('a') from P('b')", "raise ValueError from ValueError(T('c'))",
          "try: raise ValueError(T('a'))\nexcept ValueError: print('caught')", "try: raise ValueError(T('a'))\nexcept ValueError as e: print('caught')",
          "try: raise ValueError(T('a'))\nexcept ValueError as e: raise KeyError(T('b'))", "try: raise ValueError(T('a'))\nfinally: print('finally')",
          "try: raise ValueError(T('a'))\nexcept P('x'): pass", "try: raise ValueError(T('a'))\nexcept (KeyError, P('x')): pass",
          "try: raise ValueError(T('a'))\nexcept ValueError as e:\n e = T('e'); print('in')",
          "a = T('a'); del a; print('then')", "del [T('a')][0]", "a = [T('a'), T('b')]; a *= 0; print('then')", "a = [T('a'), T('b'), T('c')]; a[:] = []",
          "a = [T('a'), T('b'), T('c')]; del a[:]", "a = [T('a'), T('b'), T('c')]; a[1:] = [T('d')]; print('then'); del a", "a = [T('a'), T('b')]; a.clear()",
          "a = [T('a'), T('b'), T('c')]; del a[::2]; print('then'); del a", "a = [T('a'), T('b'), T('c'), T('d')]; a[::2] = [T('e'), T('f')]; print('then'); del a",
          "a = [T('a')]; a *= 2; print('then'); del a", "a = [T('a'), T('b')]; a += [T('c')]; print('then'); del a", "a = (T('a'), T('b')); a *= 0; print('then')",
          "a = [T('a'), T('b')]; a.__init__(); print('then')", "a = [T('a'), T('b')]; a = None", "a = (T('a'), T('b')); a = None", "a = {1: T('a'), 2: T('b')}; a = None",
          "a = [T('a'), T('b')] * 0; print('then')", "a = [T('a'), T('b')] * P('n')", "a = P('n') * [T('a'), T('b')]",
          "match T('a'):\n case P(): print('p')\n case T(name=n): print('t')", "match [T('a'), T('b')]:\n case [x, y]: print('two')", "match {1: T('a')}:\n case {1: x}: print('one')",
          "match T('a'):\n case 5: pass\n case _: print('other')", "match [T('a')]:\n case [5]: pass\n case [x, y]: pass",
          "lambda a=T('a'), b=T('b'): 5", "def f(a=T('a'), *, b=T('b')): pass\ndel f", "def f(a: 5 = T('a')): pass\nf = None",
          "class C:\n x = T('a')\n y = T('b')\n raise ValueError", "class C(metaclass=P('meta')): pass",
          "@O('d1')\n@O('d2')\ndef f(): pass", "import functools; T('a')", "global zz; zz = T('a'); zz = T('b'); del zz", "print(T('a') is T('b'), T('c') is None)",
          "exec(\"T('x') + 1\", g)", "eval(\"T('x') is T('y')\", g)", "(lambda: (yield T('a')))()", "next((lambda: (yield T('a')))())", "list((yield_from())) if 0 else T('q')",
          "T('a'); T('b')", "a = T('a'); b = a; del a; print('then'); b = None", "(y := T('a')); print('then'); y = None", "print((y := T('a')) is None, T('z') is None); del y"):
    add(e)

def gen():
    a = T('ga')
    x = yield T('gy')
    b = T('gb')
    yield x
def outer():
    x = yield from gen()
def sub():
    yield from [T('fa'), T('fb')]
def genret():
    yield 1
    return T('ret')
def raises():
    yield T('y1')
    raise ValueError(T('v'))
def local2():
    a = T('l1'); b = T('l2'); c = T('l3')
    return T('ret')
def local3():
    a = T('l1'); b = T('l2')
    raise ValueError
def local4(a, b):
    c = T('c')
    def inner(): return a, c
    return inner
def rec(n, t):
    if n == 0: return t
    u = T('u%d' % n)
    return rec(n - 1, t)
def star(*a, **k):
    return a
def tryfin():
    a = T('a')
    try:
        return T('r')
    finally:
        b = T('b')
        print('fin')
def tryret():
    try:
        raise ValueError(T('v'))
    except ValueError as e:
        return T('r')
def loopret():
    for x in [T('a'), T('b')]:
        for y in Stop('s'):
            return T('r')
def withret():
    with O('m') as x:
        return T('r')
def delargs(a, b):
    del a
    print('in')
def reuse(a, b):
    a = T('new')
    print('in')
    return b
for e in ("g1 = gen(); next(g1); print('then'); g1.send(T('s')); print('then2'); del g1", "list(gen())", "list(outer())", "list(sub())", "g1 = gen(); next(g1); g1.close()",
          "g1 = gen(); next(g1); del g1", "g1 = outer(); next(g1); del g1", "g1 = gen(); next(g1); g1.throw(ValueError(T('t')))", "list(genret())", "list(raises())", "for x in raises(): print('b')",
          "gen().send(T('s'))", "local2()", "local3()", "local4(T('a'), T('b'))", "local4(T('a'), T('b'))()", "rec(3, T('t'))", "star(T('a'), T('b'), c=T('c'))", "tryfin()", "tryret()", "loopret()", "withret()",
          "delargs(T('a'), T('b'))", "reuse(T('a'), T('b'))", "two(local2(), local2())", "print(len(star(T('a'), *[T('b')], T('c'))))", "a = gen(); b = next(a); del a; print('then'); del b",
          "sum(gen())", "[*gen()]", "two(*gen())", "a, b = gen()", "a, b, c = gen()", "T('x') in gen()", "','.join(gen())", "sorted(gen())"):
    add(e)

for text in cases:
    print('---', text)
    try:
        code = compile(text, 'case', 'exec')
        exec(code, dict(globals()))
    except BaseException as e:
        what = type(e).__name__
        e = None
        print('raised', what)
    # The same as the body of a function.
    body = '\n'.join('    ' + line for line in text.split('\n'))
    if 'global' not in text:
        ns = dict(globals())
        exec(compile('def body():\n' + body + '\n', 'case', 'exec'), ns)
        print('+')
        try:
            ns['body']()
        except BaseException as e:
            what = type(e).__name__
            e = None
            print('raised', what)
