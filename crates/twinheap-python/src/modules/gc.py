# What is around a collection, in names of its own: what a program does to the module's changes nothing here.

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
        del cb

# A collection, as CPython 3.13's `gc_collect_main` has it around the search itself.
def _run(generation):
    if _collecting(True):
        return 0
    try:
        if _callbacks:
            _call("start", generation, 0)
        debug = _get_debug()
        if debug & 1:
            began = _seconds()
            _write_err("gc: collecting generation %d...\n" % generation)
            _write_err("gc: objects in each generation: %d %d %d\ngc: objects in permanent generation: %d\n" % _live())
        if debug & 2:
            _write_err(_collectable(generation))
        n = _collect(generation)
        if debug & 1:
            _write_err("gc: done, %d unreachable, 0 uncollectable, %.4fs elapsed\n" % (n, _seconds() - began))
        if _callbacks:
            _call("stop", generation, n)
    finally:
        _collecting(False)
    return n
