import atexit as _atexit

class ProxyType:
    def __init__(self, r):
        object.__setattr__(self, "_r", r)
    def _get(self):
        o = object.__getattribute__(self, "_r")()
        if o is None:
            raise ReferenceError("weakly-referenced object no longer exists")
        return o
    def __getattr__(self, name):
        return getattr(ProxyType._get(self), name)
    def __setattr__(self, name, value):
        setattr(ProxyType._get(self), name, value)
    def __delattr__(self, name):
        delattr(ProxyType._get(self), name)
    def __call__(self, *args, **kw):
        return ProxyType._get(self)(*args, **kw)
    def __len__(self):
        return len(ProxyType._get(self))
    def __getitem__(self, k):
        return ProxyType._get(self)[k]
    def __setitem__(self, k, v):
        ProxyType._get(self)[k] = v
    def __iter__(self):
        return iter(ProxyType._get(self))
    def __contains__(self, x):
        return x in ProxyType._get(self)
    def __str__(self):
        return str(ProxyType._get(self))
    def __bool__(self):
        return bool(ProxyType._get(self))

def proxy(obj, callback=None):
    return ProxyType(ref(obj, callback))

class WeakMethod:
    def __init__(self, meth, callback=None):
        try:
            obj = meth.__self__
            func = meth.__func__
        except AttributeError:
            raise TypeError("argument should be a bound method, not %s" % type(meth)) from None
        def dead(_):
            this = this_ref()
            if this is not None and this._alive:
                this._alive = False
                if callback is not None:
                    callback(this)
        self._type = type(meth)
        self._alive = True
        # By a weak reference, so that there is no cycle.
        this_ref = ref(self)
        self._obj = ref(obj, dead)
        self._func = ref(func, dead)
        self._hash = None
    def __call__(self):
        obj = self._obj()
        func = self._func()
        if obj is None or func is None:
            return None
        return self._type(func, obj)
    def __eq__(self, other):
        if isinstance(other, WeakMethod):
            if not self._alive or not other._alive:
                return self is other
            return self._obj == other._obj and self._func == other._func
        return NotImplemented
    def __hash__(self):
        if self._hash is None:
            self._hash = hash(self._obj)
        return self._hash

class finalize:
    _alive = {}
    _next = 0
    def __init__(self, obj, func, /, *args, **kwargs):
        self._call = (func, args, kwargs)
        self.atexit = True
        finalize._next += 1
        self._index = finalize._next
        self._ref = ref(obj, self)
        finalize._alive[self] = True
    def __hash__(self):
        return self._index
    def __eq__(self, other):
        return self is other
    def __call__(self, _=None):
        if finalize._alive.pop(self, None):
            func, args, kwargs = self._call
            return func(*args, **kwargs)
    def detach(self):
        o = self._ref()
        if o is not None and finalize._alive.pop(self, None):
            return (o,) + self._call
    def peek(self):
        o = self._ref()
        if o is not None and self in finalize._alive:
            return (o,) + self._call
    @property
    def alive(self):
        return self in finalize._alive

def _at_exit():
    while True:
        pending = [f for f in finalize._alive if f.atexit]
        if not pending:
            return
        f = pending[-1]
        f()
_atexit.register(_at_exit)

class WeakValueDictionary:
    def __init__(self, other=()):
        self._data = {}
        if other:
            for k, v in dict(other).items():
                self[k] = v
    def _drop(self, k):
        data = self._data
        def callback(r):
            if data.get(k) is r:
                del data[k]
        return callback
    def __setitem__(self, k, v):
        self._data[k] = ref(v, self._drop(k))
    def __getitem__(self, k):
        o = self._data[k]()
        if o is None:
            raise KeyError(k)
        return o
    def __delitem__(self, k):
        del self._data[k]
    def __contains__(self, k):
        r = self._data.get(k)
        return r is not None and r() is not None
    def __len__(self):
        return len([1 for r in self._data.values() if r() is not None])
    def get(self, k, default=None):
        r = self._data.get(k)
        o = None if r is None else r()
        return default if o is None else o
    def setdefault(self, k, default=None):
        o = self.get(k)
        if o is None:
            self[k] = default
            return default
        return o
    def pop(self, k, *default):
        o = self.get(k)
        if o is None:
            if default:
                return default[0]
            raise KeyError(k)
        del self._data[k]
        return o
    def items(self):
        for k, r in list(self._data.items()):
            o = r()
            if o is not None:
                yield k, o
    def keys(self):
        for k, o in self.items():
            yield k
    __iter__ = keys
    def values(self):
        for k, o in self.items():
            yield o

class _Id:
    def __init__(self, o, callback=None):
        self.ref = ref(o, callback)
        self.hash = hash(o)
    def __hash__(self):
        return self.hash
    def __eq__(self, other):
        a = self.ref()
        b = other.ref()
        if a is None or b is None:
            return self is other
        return a == b

class WeakKeyDictionary:
    def __init__(self, other=()):
        self._data = {}
        for k, v in dict(other).items():
            self[k] = v
    def __setitem__(self, k, v):
        data = self._data
        e = _Id(k)
        if e in data:
            data[e] = v
            return
        def callback(r):
            for i in list(data):
                if i.ref is r:
                    del data[i]
        data[_Id(k, callback)] = v
    def __getitem__(self, k):
        return self._data[_Id(k)]
    def __delitem__(self, k):
        del self._data[_Id(k)]
    def __contains__(self, k):
        return _Id(k) in self._data
    def __len__(self):
        return len([1 for i in self._data if i.ref() is not None])
    def get(self, k, default=None):
        return self._data.get(_Id(k), default)
    def items(self):
        for i, v in list(self._data.items()):
            o = i.ref()
            if o is not None:
                yield o, v
    def keys(self):
        for k, v in self.items():
            yield k
    __iter__ = keys
    def values(self):
        for k, v in self.items():
            yield v

class WeakSet:
    def __init__(self, items=()):
        self._data = WeakKeyDictionary()
        for x in items:
            self.add(x)
    def add(self, x):
        self._data[x] = True
    def discard(self, x):
        if x in self._data:
            del self._data[x]
    def remove(self, x):
        del self._data[x]
    def __contains__(self, x):
        return x in self._data
    def __len__(self):
        return len(self._data)
    def __iter__(self):
        return self._data.keys()
