# Built-ins that call back, in Python: their state is in frames, so a session can end while they run.
_missing = object()

def _with_list_new(i, it, cls):
    return _again(list.__new__, i, [x for x in it], cls)
def _with_list_init(i, it, self):
    return _again(list.__init__, i, [x for x in it], self)
def _with_list_extend(i, it, self):
    for x in it:
        self.append(x)
def _with_tuple_new(i, it, cls):
    return _again(tuple.__new__, i, [x for x in it], cls)
def _with_set_new(i, it, cls):
    return _again(set.__new__, i, [x for x in it], cls)
def _with_frozenset_new(i, it, cls):
    return _again(frozenset.__new__, i, [x for x in it], cls)
def _with_dict_new(it, cls, /, **kw):
    d = dict.__new__(cls)
    _with_dict_update(it, d, **kw)
    return d
def _with_dict_update(it, d, /, **kw):
    n = 0
    for once_x in it:
        _dict_put(d, once_x, n)
        n += 1
    if kw:
        dict.update(d, kw)
def _deque_fill(it, d, left, out):
    for once_x in it:
        _deque_push(d, once_x, left)
    return out
def _with_str_join(i, it, self):
    return _again(str.join, i, [x for x in it], self)
def _with_sorted(i, it, key=None, reverse=False):
    return sorted([x for x in it], key=key, reverse=reverse)

def _sort_by_key(self, key, reverse):
    # The list is empty meanwhile, so that a change is seen.
    items = list.copy(self)
    list.clear(self)
    try:
        _sort_with(items, [key(x) for x in items], reverse)
    finally:
        changed = list.__len__(self) != 0
        list.clear(self)
        list.extend(self, items)
    if changed:
        raise ValueError("list modified during sort")
def _sorted_by_key(items, key, reverse):
    _sort_with(items, [key(x) for x in items], reverse)
    return items

def _extreme_of(it, key, default, biggest):
    it = iter(it)
    for best in it:
        break
    else:
        if default is _missing:
            raise ValueError("%s() iterable argument is empty" % ("max" if biggest else "min"))
        return default
    if key is None:
        if biggest:
            for x in it:
                if x > best:
                    best = x
                del x
        else:
            for x in it:
                if x < best:
                    best = x
                del x
        return best
    best_key = key(best)
    for x in it:
        k = key(x)
        if (k > best_key) if biggest else (k < best_key):
            best_key = k
            best = x
        del x, k
    return best
def _extreme_key(items, key, biggest):
    best = items[0]
    best_key = key(best)
    for i in range(1, len(items)):
        x = items[i]
        k = key(x)
        if (k > best_key) if biggest else (k < best_key):
            best_key = k
            best = x
        del x, k
    return best
def _sum(it, start):
    it = iter(it)
    if type(start) is int:
        for x in it:
            start = start + x
            if type(start) is not int:
                del x
                break
        else:
            return start
    if type(start) is float:
        # With compensation, as the native has it.
        c = 0.0
        for x in it:
            if type(x) is float:
                t = start + x
                if (start if start >= 0.0 else -start) >= (x if x >= 0.0 else -x):
                    c += (start - t) + x
                else:
                    c += (x - t) + start
                start = t
            elif isinstance(x, int):
                start = start + x
            else:
                break
        else:
            return start + c if c and c - c == 0.0 else start
        start = (start + c if c and c - c == 0.0 else start) + x
        del x
    # Both are let go after each addition, the sum so far first.
    once_sum = start
    del start
    for once_x in it:
        once_sum = once_sum + once_x
    return once_sum
def _in(it, x):
    try:
        items = iter(it)
    except TypeError:
        raise TypeError("argument of type '%s' is not iterable" % type(it).__name__) from None
    for y in items:
        if y is x or y == x:
            del y
            return True
        del y
    return False
# A variable whose name begins with `once_` is gone when it has been read: nothing here keeps an item longer than CPython's C.
def any(iterable, /):
    for once_x in iterable:
        if once_x:
            return True
    return False
def all(iterable, /):
    for once_x in iterable:
        if not once_x:
            return False
    return True
# `kept`: a list where CPython's iterator keeps a tuple, so that `gc` counts one.
def _enumerate(it, i):
    return _enumerate_of(iter(it), i, [])
def _enumerate_of(it, i, kept):
    for once_x in it:
        yield i, once_x
        i += 1
def _zip(its, strict):
    return _zip_of([iter(x) for x in its], strict, [])
def _zip_of(its, strict, kept):
    if not its:
        return
    while True:
        once_row = row = []
        for i, it in enumerate(its):
            try:
                row.append(next(it))
            except StopIteration:
                if strict:
                    if i:
                        raise ValueError("zip() argument %d is shorter than argument%s" % (i + 1, " 1" if i == 1 else "s 1-%d" % i))
                    for j in range(1, len(its)):
                        if next(its[j], _missing) is not _missing:
                            raise ValueError("zip() argument %d is longer than argument%s" % (j + 1, " 1" if j == 1 else "s 1-%d" % j))
                return
        del row, it
        yield tuple(once_row)
def _map1(its, f):
    for once_x in its[0]:
        yield f(once_x)
def _map(rows, f):
    for once_row in rows:
        yield f(*once_row)
def map(f, /, *its):
    if not its:
        raise TypeError("map() must have at least two arguments.")
    if len(its) == 1:
        return _map1([iter(its[0])], f)
    return _map(_rows(*its), f)
def _filter(f, it):
    for x in it:
        if x if f is None else f(x):
            once_x = x
            del x
            yield once_x
        else:
            del x
def filter(f, iterable, /):
    return _filter(f, iter(iterable))
def _iter_callable(f, sentinel):
    while True:
        x = f()
        if x == sentinel:
            return
        yield x
def _print(args, sep, end, file, flush):
    _write_out(*[str(x) for x in args], sep=sep, end=end, file=file, flush=flush)
def _call_kw(f, args, kw):
    return f(*args, **kw)

# Hooks: `sys.unraisablehook`, `sys.excepthook`.
_hook_args = None
def _make_hook_args():
    global _hook_args
    class UnraisableHookArgs(tuple):
        __module__ = 'builtins'
        __qualname__ = 'UnraisableHookArgs'
        __slots__ = ()
        exc_type = property(lambda self: self[0])
        exc_value = property(lambda self: self[1])
        exc_traceback = property(lambda self: self[2])
        err_msg = property(lambda self: self[3])
        object = property(lambda self: self[4])
        def __repr__(self):
            return 'UnraisableHookArgs(exc_type=%r, exc_value=%r, exc_traceback=%r, err_msg=%r, object=%r)' % tuple(self)
    _hook_args = UnraisableHookArgs
def _report_unraisable(hook, e, message, what):
    try:
        if _hook_args is None:
            _make_hook_args()
        hook(_hook_args((type(e), e, e.__traceback__, message, what)))
    except BaseException as e:
        _print_unraisable(e, "Exception ignored in sys.unraisablehook", hook)
def _call_excepthook(hook, type, value, traceback):
    return hook(type, value, traceback)
