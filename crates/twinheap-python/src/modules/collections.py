class OrderedDict(dict):
    def move_to_end(self, key, last=True):
        _move_to_end(self, key, last)
    def popitem(self, last=True):
        if not self:
            raise KeyError("dictionary is empty")
        k = next(reversed(self) if last else iter(self))
        return k, dict.pop(self, k)
    def __eq__(self, other):
        if isinstance(other, OrderedDict):
            return list(self.items()) == list(other.items())
        return dict.__eq__(self, other)
    def __repr__(self):
        return "OrderedDict(%s)" % (dict.__repr__(self) if self else "")
class defaultdict(dict):
    def __init__(self, default_factory=None, *args, **kwargs):
        dict.__init__(self, *args, **kwargs)
        self.default_factory = default_factory
    def __missing__(self, key):
        if self.default_factory is None:
            raise KeyError(key)
        value = self.default_factory()
        self[key] = value
        return value
    def __repr__(self):
        return "defaultdict(%r, %s)" % (self.default_factory, dict.__repr__(self))
class Counter(dict):
    def __init__(self, it=(), **kw):
        dict.__init__(self)
        self.update(it, **kw)
    def update(self, it=(), **kw):
        if isinstance(it, dict):
            for k, n in it.items():
                self[k] = self.get(k, 0) + n
        else:
            for k in it:
                self[k] = self.get(k, 0) + 1
        for k, n in kw.items():
            self[k] = self.get(k, 0) + n
    def __missing__(self, key):
        return 0
    def most_common(self, n=None):
        items = sorted(self.items(), key=lambda p: p[1], reverse=True)
        return items if n is None else items[:n]
    def elements(self):
        for k, n in self.items():
            for _ in range(n):
                yield k
    def total(self):
        return sum(self.values())
    def __repr__(self):
        return "Counter(%s)" % (dict.__repr__(dict(self.most_common())) if self else "")
class deque:
    def __init__(self, it=(), maxlen=None):
        self.maxlen = maxlen
        self._a = []
        self._head = 0
        for x in it:
            self.append(x)
    def append(self, x):
        self._a.append(x)
        if self.maxlen is not None and len(self) > self.maxlen:
            self.popleft()
    def appendleft(self, x):
        if self._head:
            self._head -= 1
            self._a[self._head] = x
        else:
            n = len(self._a) + 8
            self._a = [None] * n + self._a
            self._head = n - 1
            self._a[self._head] = x
        if self.maxlen is not None and len(self) > self.maxlen:
            self.pop()
    def pop(self):
        if self._head >= len(self._a):
            raise IndexError("pop from an empty deque")
        return self._a.pop()
    def popleft(self):
        if self._head >= len(self._a):
            raise IndexError("pop from an empty deque")
        x = self._a[self._head]
        self._a[self._head] = None
        self._head += 1
        if self._head > 32 and self._head * 2 > len(self._a):
            del self._a[:self._head]
            self._head = 0
        return x
    def extend(self, it):
        for x in it:
            self.append(x)
    def extendleft(self, it):
        for x in it:
            self.appendleft(x)
    def clear(self):
        self._a = []
        self._head = 0
    def rotate(self, n=1):
        if len(self):
            for _ in range(n % len(self)):
                self.appendleft(self.pop())
    def __len__(self):
        return len(self._a) - self._head
    def __bool__(self):
        return len(self._a) > self._head
    def __getitem__(self, i):
        if i < 0:
            i += len(self)
        if not 0 <= i < len(self):
            raise IndexError("deque index out of range")
        return self._a[self._head + i]
    def __setitem__(self, i, x):
        if i < 0:
            i += len(self)
        self._a[self._head + i] = x
    def __iter__(self):
        i = self._head
        while i < len(self._a):
            yield self._a[i]
            i += 1
    def __contains__(self, x):
        for y in self:
            if y is x or y == x:
                return True
        return False
    def __repr__(self):
        tail = "" if self.maxlen is None else ", maxlen=%d" % self.maxlen
        return "deque(%r%s)" % (list(self), tail)
    def __eq__(self, other):
        return isinstance(other, deque) and list(self) == list(other)
def namedtuple(typename, field_names, *, defaults=()):
    if isinstance(field_names, str):
        field_names = field_names.replace(",", " ").split()
    fields = tuple(field_names)
    n = len(fields)
    defaults = tuple(defaults)
    def __new__(cls, *args, **kw):
        values = list(args)
        for i in range(len(values), n):
            f = fields[i]
            if f in kw:
                values.append(kw.pop(f))
            elif i >= n - len(defaults):
                values.append(defaults[i - n])
            else:
                raise TypeError("%s.__new__() missing 1 required positional argument: %r" % (typename, f))
        if kw or len(values) > n:
            raise TypeError("%s() got unexpected arguments" % typename)
        return tuple.__new__(cls, values)
    def __repr__(self):
        return typename + "(" + ", ".join("%s=%r" % p for p in zip(fields, self)) + ")"
    def _asdict(self):
        return dict(zip(fields, self))
    def _replace(self, **kw):
        return type(self)(*[kw.get(f, v) for f, v in zip(fields, self)])
    ns = {"__new__": __new__, "__repr__": __repr__, "_asdict": _asdict, "_replace": _replace, "_fields": fields,
          "__match_args__": fields, "__slots__": ()}
    for i, f in enumerate(fields):
        ns[f] = property((lambda i: lambda self: self[i])(i))
    return type(typename, (tuple,), ns)
