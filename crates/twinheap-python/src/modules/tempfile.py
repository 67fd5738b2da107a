def gettempdir():
    return getenv("TMPDIR", "/tmp")
def mkdtemp(suffix="", prefix="tmp", dir=None):
    n = _nanos()
    while True:
        p = _join(dir or gettempdir(), prefix + format(n % 36 ** 8, "x") + suffix)
        try:
            mkdir(p)
            return p
        except FileExistsError:
            n += 7919
def mkstemp(suffix="", prefix="tmp", dir=None, text=False):
    n = _nanos()
    while True:
        p = _abspath(_join(dir or gettempdir(), (prefix or "tmp") + format(n % 36 ** 8, "x") + (suffix or "")))
        try:
            return _create(p), p
        except FileExistsError:
            n += 7919
class TemporaryDirectory:
    def __init__(self, suffix="", prefix="tmp", dir=None):
        self.name = mkdtemp(suffix, prefix, dir)
    def __enter__(self):
        return self.name
    def __exit__(self, *args):
        self.cleanup()
    def cleanup(self):
        _remove_tree(self.name)
def _remove_tree(p):
    for n in listdir(p):
        q = _join(p, n)
        if _isdir(q):
            _remove_tree(q)
        else:
            remove(q)
    rmdir(p)
