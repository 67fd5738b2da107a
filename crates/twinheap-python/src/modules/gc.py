_callbacks = callbacks
_garbage = garbage

def _call(phase, generation, collected):
    info = {"generation": generation, "collected": collected, "uncollectable": 0}
    i = 0
    while i < len(_callbacks):
        cb = _callbacks[i]
        i += 1
        try:
            cb(phase, info)
        except BaseException as e:
            _unraisable(e, cb)

def _run(generation):
    if _collecting(True):
        return 0
    debug = get_debug()
    if debug & 1:
        live = _live()
        _write_err("gc: collecting generation %d...\ngc: objects in each generation: %d %d %d\ngc: objects in permanent generation: %d\n"
                   % (generation, live[0], live[1], live[2], live[3]))
    if _callbacks:
        _call("start", generation, 0)
    n = _collect(generation)
    if debug & 1:
        _write_err("gc: done, %d unreachable, 0 uncollectable, 0.0000s elapsed\n" % n)
    if _callbacks:
        _call("stop", generation, n)
    _collecting(False)
    return n

def collect(generation=2):
    return _run(_generation(generation))
