_none = object()
def reduce(f, it, initial=_none, /):
    items = iter(it)
    if initial is _none:
        try:
            once_acc = next(items)
        except StopIteration:
            raise TypeError("reduce() of empty iterable with no initial value") from None
    else:
        once_acc = initial
    # The last two arguments live until the next two take their places, as in CPython's tuple of them.
    a = b = None
    for once_x in items:
        a = once_acc
        b = once_x
        once_acc = f(a, b)
    del items, b, a
    return once_acc
class partial:
    def __init__(self, func, /, *args, **kwargs):
        if not callable(func):
            raise TypeError("the first argument must be callable")
        self.func = func
        self.args = args
        self.keywords = kwargs
    def __call__(self, /, *args, **kwargs):
        return self.func(*self.args, *args, **{**self.keywords, **kwargs})
def wraps(wrapped):
    def decorate(f):
        f.__name__ = wrapped.__name__
        f.__qualname__ = wrapped.__qualname__
        f.__doc__ = wrapped.__doc__
        f.__wrapped__ = wrapped
        return f
    return decorate
def lru_cache(maxsize=128, typed=False):
    if callable(maxsize):
        return _cached(maxsize, 128)
    return lambda f: _cached(f, maxsize)
def cache(f):
    return _cached(f, None)
def _cached(f, maxsize):
    data = {}
    stats = [0, 0]
    @wraps(f)
    def wrapper(*args, **kwargs):
        key = (args, tuple(kwargs.items())) if kwargs else args
        if key in data:
            stats[0] += 1
            value = data[key]
            if maxsize is not None:
                del data[key]
                data[key] = value
            return value
        stats[1] += 1
        value = f(*args, **kwargs)
        data[key] = value
        if maxsize is not None and len(data) > maxsize:
            del data[next(iter(data))]
        return value
    wrapper.cache_clear = data.clear
    return wrapper
def cmp_to_key(cmp):
    class K:
        __slots__ = ("obj",)
        def __init__(self, obj):
            self.obj = obj
        def __lt__(self, other):
            return cmp(self.obj, other.obj) < 0
        def __gt__(self, other):
            return cmp(self.obj, other.obj) > 0
        def __eq__(self, other):
            return cmp(self.obj, other.obj) == 0
    return K
def total_ordering(cls):
    if "__lt__" in cls.__dict__:
        if "__gt__" not in cls.__dict__:
            cls.__gt__ = lambda self, other: not (self < other) and self != other
        if "__le__" not in cls.__dict__:
            cls.__le__ = lambda self, other: self < other or self == other
        if "__ge__" not in cls.__dict__:
            cls.__ge__ = lambda self, other: not self < other
    return cls
class cached_property:
    def __init__(self, f):
        self.f = f
    def __set_name__(self, owner, name):
        self.name = name
    def __get__(self, obj, owner=None):
        if obj is None:
            return self
        v = self.f(obj)
        obj.__dict__[self.name] = v
        return v
