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
