import sys as _sys

__all__ = ["ref", "proxy", "getweakrefcount", "getweakrefs", "WeakKeyDictionary", "ReferenceType", "ProxyType",
           "CallableProxyType", "ProxyTypes", "WeakValueDictionary", "WeakSet", "WeakMethod", "finalize"]

ProxyTypes = (ProxyType, CallableProxyType)

class WeakMethod(ref):
    __slots__ = ("_func_ref", "_meth_type", "_alive", "__weakref__")
    def __new__(cls, meth, callback=None):
        try:
            obj, func = meth.__self__, meth.__func__
        except AttributeError:
            raise TypeError("argument should be a bound method, not %s" % type(meth)) from None
        def died(_):
            # Who died first tells; by a weak reference, so that there is no cycle.
            this = this_ref()
            if this is not None and this._alive:
                this._alive = False
                if callback is not None:
                    callback(this)
        self = ref.__new__(cls, obj, died)
        self._func_ref = ref(func, died)
        self._meth_type = type(meth)
        self._alive = True
        this_ref = ref(self)
        return self
    def __call__(self):
        obj, func = ref.__call__(self), self._func_ref()
        if obj is not None and func is not None:
            return self._meth_type(func, obj)
    def __eq__(self, other):
        if not isinstance(other, WeakMethod):
            return NotImplemented
        if self._alive and other._alive:
            return ref.__eq__(self, other) and self._func_ref == other._func_ref
        return self is other
    def __ne__(self, other):
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal
    __hash__ = ref.__hash__

class KeyedRef(ref):
    __slots__ = ("key",)
    def __new__(type, ob, callback, key):
        self = ref.__new__(type, ob, callback)
        self.key = key
        return self
    def __init__(self, ob, callback, key):
        super().__init__(ob, callback)

# An entry whose referent died goes at once, unless somebody iterates: then it goes when the last iteration is over.
# That is so when the token is dead that iterations hold: also when one was given up half-way.
class _Token:
    __slots__ = ("__weakref__",)

def _iterate(container):
    token = container._iterating and container._iterating()
    if token is None:
        def over(_, container=ref(container)):
            c = container()
            if c is not None:
                c._commit_removals()
        token = _Token()
        container._iterating = ref(token, over)
    return token

def _is_mapping(x):
    return isinstance(x, dict) or hasattr(x, "keys") and hasattr(x, "__getitem__")

class _WeakContainer:
    def _begin(self):
        self._iterating = None
        self._pending_removals = []
        def remove(wr, container=ref(self)):
            c = container()
            if c is not None:
                if c._iterating and c._iterating():
                    c._pending_removals.append(wr)
                else:
                    c._remove_dead(wr)
        self._remove = remove
    def _commit_removals(self):
        pending = self._pending_removals
        while pending:
            self._remove_dead(pending.pop())

class _WeakMapping(_WeakContainer):
    def clear(self):
        while self.data:
            try:
                self.popitem()
            except KeyError:
                break
    def __eq__(self, other):
        if not _is_mapping(other):
            return NotImplemented
        return dict(self.items()) == dict(other.items())
    __hash__ = None
    def __repr__(self):
        return "<%s at %#x>" % (type(self).__name__, id(self))
    def __ior__(self, other):
        self.update(other)
        return self
    def __or__(self, other):
        if not _is_mapping(other):
            return NotImplemented
        new = self.copy()
        new.update(other)
        return new
    def __ror__(self, other):
        if not _is_mapping(other):
            return NotImplemented
        new = self.__class__()
        new.update(other)
        new.update(self)
        return new

class WeakValueDictionary(_WeakMapping):
    def __init__(self, other=(), /, **kw):
        self.data = {}
        self._begin()
        self.update(other, **kw)
    def _remove_dead(self, wr):
        _remove_dead_weakref(self.data, wr.key)
    def __getitem__(self, key):
        self._commit_removals()
        o = self.data[key]()
        if o is None:
            raise KeyError(key)
        return o
    def __setitem__(self, key, value):
        self._commit_removals()
        self.data[key] = _keyed(KeyedRef, value, self._remove, key)
    def __delitem__(self, key):
        self._commit_removals()
        del self.data[key]
    def __contains__(self, key):
        self._commit_removals()
        wr = self.data.get(key)
        return wr is not None and wr() is not None
    def __len__(self):
        self._commit_removals()
        return len(self.data)
    def copy(self):
        self._commit_removals()
        new = WeakValueDictionary()
        for key, o in self.items():
            new[key] = o
        return new
    __copy__ = copy
    def get(self, key, default=None):
        self._commit_removals()
        wr = self.data.get(key)
        o = None if wr is None else wr()
        return default if o is None else o
    def items(self):
        self._commit_removals()
        token = _iterate(self)
        for key, wr in self.data.items():
            o = wr()
            if o is not None:
                yield key, o
    def keys(self):
        self._commit_removals()
        token = _iterate(self)
        for key, wr in self.data.items():
            if wr() is not None:
                yield key
    __iter__ = keys
    def values(self):
        self._commit_removals()
        token = _iterate(self)
        for wr in self.data.values():
            o = wr()
            if o is not None:
                yield o
    def itervaluerefs(self):
        self._commit_removals()
        token = _iterate(self)
        for wr in self.data.values():
            yield wr
    def valuerefs(self):
        self._commit_removals()
        return list(self.data.values())
    def popitem(self):
        self._commit_removals()
        while True:
            key, wr = self.data.popitem()
            o = wr()
            if o is not None:
                return key, o
    def pop(self, key, *default):
        self._commit_removals()
        wr = self.data.pop(key, None)
        o = None if wr is None else wr()
        if o is not None:
            return o
        if default:
            return default[0]
        raise KeyError(key)
    def setdefault(self, key, default=None):
        self._commit_removals()
        wr = self.data.get(key)
        o = None if wr is None else wr()
        if o is None:
            self.data[key] = _keyed(KeyedRef, default, self._remove, key)
            return default
        return o
    def update(self, other=None, /, **kw):
        self._commit_removals()
        if other is not None:
            if not hasattr(other, "items"):
                other = dict(other)
            for key, o in other.items():
                self.data[key] = _keyed(KeyedRef, o, self._remove, key)
        for key, o in kw.items():
            self.data[key] = _keyed(KeyedRef, o, self._remove, key)

class WeakKeyDictionary(_WeakMapping):
    def __init__(self, dict=None):
        self.data = {}
        self._begin()
        if dict is not None:
            self.update(dict)
    def _remove_dead(self, wr):
        # A dead reference keeps its hash, and is equal to itself alone.
        self.data.pop(wr, None)
    def __getitem__(self, key):
        return self.data[ref(key)]
    def __setitem__(self, key, value):
        self.data[ref(key, self._remove)] = value
    def __delitem__(self, key):
        del self.data[ref(key)]
    def __contains__(self, key):
        try:
            wr = ref(key)
        except TypeError:
            return False
        return wr in self.data
    def __len__(self):
        n = len(self.data)
        for wr in self._pending_removals:
            n -= wr in self.data
        return n
    def copy(self):
        new = WeakKeyDictionary()
        for o, value in self.items():
            new[o] = value
        return new
    __copy__ = copy
    def get(self, key, default=None):
        return self.data.get(ref(key), default)
    def items(self):
        token = _iterate(self)
        for wr, value in self.data.items():
            o = wr()
            if o is not None:
                yield o, value
    def keys(self):
        token = _iterate(self)
        for wr in self.data:
            o = wr()
            if o is not None:
                yield o
    __iter__ = keys
    def values(self):
        token = _iterate(self)
        for wr, value in self.data.items():
            if wr() is not None:
                yield value
    def keyrefs(self):
        return list(self.data)
    def popitem(self):
        while True:
            wr, value = self.data.popitem()
            o = wr()
            if o is not None:
                return o, value
    def pop(self, key, *default):
        return self.data.pop(ref(key), *default)
    def setdefault(self, key, default=None):
        return self.data.setdefault(ref(key, self._remove), default)
    def update(self, dict=None, /, **kw):
        if dict is not None:
            if not hasattr(dict, "items"):
                dict = type({})(dict)
            for key, value in dict.items():
                self.data[ref(key, self._remove)] = value
        if kw:
            self.update(kw)

class WeakSet(_WeakContainer):
    __module__ = "_weakrefset"
    def __init__(self, data=None):
        self.data = set()
        self._begin()
        if data is not None:
            self.update(data)
    def _remove_dead(self, wr):
        self.data.discard(wr)
    def __iter__(self):
        token = _iterate(self)
        for wr in self.data:
            o = wr()
            if o is not None:
                yield o
    def __len__(self):
        n = len(self.data)
        for wr in self._pending_removals:
            n -= wr in self.data
        return n
    def __contains__(self, item):
        try:
            wr = ref(item)
        except TypeError:
            return False
        return wr in self.data
    def add(self, item):
        self._commit_removals()
        self.data.add(ref(item, self._remove))
    def clear(self):
        self._commit_removals()
        self.data.clear()
    def copy(self):
        return self.__class__(self)
    def pop(self):
        self._commit_removals()
        while True:
            try:
                wr = self.data.pop()
            except KeyError:
                raise KeyError("pop from empty WeakSet") from None
            o = wr()
            if o is not None:
                return o
    def remove(self, item):
        self._commit_removals()
        self.data.remove(ref(item))
    def discard(self, item):
        self._commit_removals()
        self.data.discard(ref(item))
    def update(self, other):
        self._commit_removals()
        for item in other:
            self.add(item)
    def __ior__(self, other):
        self.update(other)
        return self
    def difference(self, other):
        new = self.copy()
        new.difference_update(other)
        return new
    __sub__ = difference
    def difference_update(self, other):
        self.__isub__(other)
    def __isub__(self, other):
        self._commit_removals()
        if self is other:
            self.data.clear()
        else:
            self.data.difference_update([ref(item) for item in other])
        return self
    def intersection(self, other):
        return self.__class__([item for item in other if item in self])
    __and__ = intersection
    def intersection_update(self, other):
        self.__iand__(other)
    def __iand__(self, other):
        self._commit_removals()
        self.data.intersection_update([ref(item) for item in other])
        return self
    def issubset(self, other):
        return self.data.issubset([ref(item) for item in other])
    __le__ = issubset
    def __lt__(self, other):
        return self.data < set(map(ref, other))
    def issuperset(self, other):
        return self.data.issuperset([ref(item) for item in other])
    __ge__ = issuperset
    def __gt__(self, other):
        return self.data > set(map(ref, other))
    def __eq__(self, other):
        if not isinstance(other, self.__class__):
            return NotImplemented
        return self.data == set(map(ref, other))
    __hash__ = None
    def symmetric_difference(self, other):
        new = self.copy()
        new.symmetric_difference_update(other)
        return new
    __xor__ = symmetric_difference
    def symmetric_difference_update(self, other):
        self.__ixor__(other)
    def __ixor__(self, other):
        self._commit_removals()
        if self is other:
            self.data.clear()
        else:
            self.data.symmetric_difference_update([ref(item, self._remove) for item in other])
        return self
    def union(self, other):
        return self.__class__([item for s in (self, other) for item in s])
    __or__ = union
    def isdisjoint(self, other):
        return len(self.intersection(other)) == 0
    def __repr__(self):
        return repr(self.data)

# A finalizer has no state of its own, so it is in no cycle; what it will call stands in a table by finalizer, oldest
# first, which keeps it alive.
class _Entry:
    __slots__ = ("weakref", "func", "args", "kwargs", "atexit")

class finalize:
    __slots__ = ()
    _registry = {}
    _registered = False
    _made_more = False
    _shutdown = False
    def __init__(self, obj, func, /, *args, **kwargs):
        if not finalize._registered:
            import atexit
            atexit.register(finalize._at_exit)
            finalize._registered = True
        e = _Entry()
        e.weakref = ref(obj, self)
        e.func, e.args, e.kwargs, e.atexit = func, args, kwargs, True
        finalize._registry[self] = e
        finalize._made_more = True
    def __call__(self, _=None):
        e = finalize._registry.pop(self, None)
        if e is not None and not finalize._shutdown:
            return e.func(*e.args, **e.kwargs)
    def peek(self):
        e = finalize._registry.get(self)
        obj = None if e is None else e.weakref()
        if obj is not None:
            return obj, e.func, e.args, e.kwargs
    def detach(self):
        parts = self.peek()
        if parts is not None and finalize._registry.pop(self, None) is not None:
            return parts
    @property
    def alive(self):
        return self in finalize._registry
    @property
    def atexit(self):
        e = finalize._registry.get(self)
        return e is not None and e.atexit
    @atexit.setter
    def atexit(self, value):
        e = finalize._registry.get(self)
        if e is not None:
            e.atexit = bool(value)
    def __repr__(self):
        parts, name = self.peek(), type(self).__name__
        if parts is None:
            return "<%s object at %#x; dead>" % (name, id(self))
        obj = parts[0]
        return "<%s object at %#x; for %r at %#x>" % (name, id(self), type(obj).__name__, id(obj))
    @staticmethod
    def _at_exit():
        import gc
        collected = gc.isenabled()
        gc.disable()
        try:
            finalize._made_more = True
            while True:
                if finalize._made_more:
                    pending = [f for f, e in finalize._registry.items() if e.atexit]
                    finalize._made_more = False
                if not pending:
                    break
                f = pending.pop()
                try:
                    f()
                except Exception as e:
                    _sys.excepthook(type(e), e, e.__traceback__)
        finally:
            finalize._shutdown = True
            if collected:
                gc.enable()
