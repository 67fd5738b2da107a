# test_tracemalloc: what the module's functions take and answer, on and off.
import tracemalloc as t

def tell(f, *args, **kw):
    try:
        print(f.__name__, args, kw, "->", f(*args, **kw))
    except BaseException as e:
        print(f.__name__, args, kw, type(e).__name__, e)

print(t.is_tracing(), t.get_traceback_limit(), t.get_traced_memory(), t.get_object_traceback([]))
for n in 0, -1, 65536, 2**40, 2**70, "x", 1.5, None:
    tell(t.start, n)
tell(t.start, 1, 2)
tell(t.start, nframe=3)
for f in (t.stop, t.is_tracing, t.get_traced_memory, t.reset_peak, t.clear_traces, t.get_tracemalloc_memory,
          t.get_traceback_limit):
    tell(f, 1)
    tell(f, x=1)
tell(t.get_object_traceback)
tell(t.get_object_traceback, 1, 2)
tell(t.take_snapshot)
print(t.is_tracing(), t.get_traceback_limit())

tell(t.start, True)
print(t.is_tracing(), t.get_traceback_limit())
tell(t.start, 0)
tell(t.start, 7)
print(t.is_tracing(), t.get_traceback_limit(), "begun already: nothing changes")
print(type(t.get_tracemalloc_memory()), t.get_tracemalloc_memory() > 0)
tell(t.stop)
tell(t.stop)
t.start(7)
print(t.get_traceback_limit())
t.stop()
print(t.is_tracing(), t.get_traceback_limit(), t.get_traced_memory(), "the limit stays")
t.start(65535)
t.stop()
t.start()
print(t.get_traceback_limit())
tell(t.reset_peak)
tell(t.clear_traces)
t.stop()
tell(t.reset_peak)
tell(t.clear_traces)
tell(t.take_snapshot)
