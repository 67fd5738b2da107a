def count(start=0, step=1):
    while True:
        yield start
        start += step
def cycle(it):
    saved = []
    for x in it:
        yield x
        saved.append(x)
    while saved:
        for x in saved:
            yield x
def repeat(x, times=None):
    if times is None:
        while True:
            yield x
    for _ in range(times):
        yield x
class chain:
    def __init__(self, *its):
        self._it = _chain(its)
    def __iter__(self):
        return self._it
    def __next__(self):
        return next(self._it)
    @staticmethod
    def from_iterable(its):
        return _chain(its)
def _chain(its):
    for it in its:
        for x in it:
            yield x
def islice(it, *args):
    s = slice(*args)
    start, stop, step = s.start or 0, s.stop, s.step or 1
    i = 0
    want = start
    if stop is not None and stop <= start:
        return
    for x in it:
        if i == want:
            yield x
            want += step
        i += 1
        if stop is not None and i >= stop:
            return
def takewhile(f, it):
    for x in it:
        if not f(x):
            return
        yield x
def dropwhile(f, it):
    it = iter(it)
    for x in it:
        if not f(x):
            yield x
            break
    for x in it:
        yield x
def accumulate(it, func=None, *, initial=None):
    it = iter(it)
    acc = initial
    if initial is None:
        for x in it:
            acc = x
            break
        else:
            return
    yield acc
    for x in it:
        acc = acc + x if func is None else func(acc, x)
        yield acc
def starmap(f, it):
    for args in it:
        yield f(*args)
def product(*its, repeat=1):
    pools = [tuple(it) for it in its] * repeat
    result = [()]
    for pool in pools:
        result = [x + (y,) for x in result for y in pool]
    for x in result:
        yield x
def permutations(it, r=None):
    pool = tuple(it)
    n = len(pool)
    r = n if r is None else r
    if r > n:
        return
    indices = list(range(n))
    cycles = list(range(n, n - r, -1))
    yield tuple([pool[i] for i in indices[:r]])
    while n:
        for i in reversed(range(r)):
            cycles[i] -= 1
            if cycles[i] == 0:
                indices[i:] = indices[i + 1:] + indices[i:i + 1]
                cycles[i] = n - i
            else:
                j = cycles[i]
                indices[i], indices[-j] = indices[-j], indices[i]
                yield tuple([pool[k] for k in indices[:r]])
                break
        else:
            return
def combinations(it, r):
    pool = tuple(it)
    n = len(pool)
    if r > n:
        return
    indices = list(range(r))
    yield tuple([pool[i] for i in indices])
    while True:
        for i in reversed(range(r)):
            if indices[i] != i + n - r:
                break
        else:
            return
        indices[i] += 1
        for j in range(i + 1, r):
            indices[j] = indices[j - 1] + 1
        yield tuple([pool[k] for k in indices])
def groupby(it, key=None):
    group = []
    first = True
    for x in it:
        k = x if key is None else key(x)
        if first or k != last:
            if not first:
                yield last, iter(group)
            group = []
            last = k
            first = False
        group.append(x)
    if not first:
        yield last, iter(group)
def zip_longest(*its, fillvalue=None):
    its = [iter(x) for x in its]
    none = object()
    while True:
        row = [next(it, none) for it in its]
        if all(x is none for x in row):
            return
        yield tuple([fillvalue if x is none else x for x in row])
def compress(data, selectors):
    for d, s in zip(data, selectors):
        if s:
            yield d
def tee(it, n=2):
    items = list(it)
    return tuple([iter(items) for _ in range(n)])
def pairwise(it):
    it = iter(it)
    a = next(it, None)
    for b in it:
        yield a, b
        a = b
