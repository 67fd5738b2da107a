class _Path:
    sep = "/"
path = _Path()
path.join = _join
path.exists = _exists
path.isfile = _isfile
path.isdir = _isdir
path.dirname = _dirname
path.basename = _basename
path.abspath = path.realpath = _abspath
path.splitext = _splitext
path.split = _split
path.getsize = _getsize
join = _join
exists = _exists
error = OSError
def fspath(p):
    return p if isinstance(p, (str, bytes)) else p.__fspath__()
