# test_tracemalloc: test_get_traced_memory, test_reset_peak, test_clear_traces, test_get_traces_intern_traceback: sums.
import tracemalloc as t

def size():
    return t.get_traced_memory()[0]
def peak():
    return t.get_traced_memory()[1]

t.start()
start = size()
big = "x" * 1_000_000
print(1_000_000 <= size() - start < 1_010_000, peak() >= size())
del big
print(size() - start < 10_000, peak() - start >= 1_000_000, "the peak stays")
t.reset_peak()
print(peak() - start < 10_000)
held = [bytes([i % 256]) * 1000 for i in range(100)]
now = size()
print(100_000 <= now - start < 120_000)
held.pop()
print(size() < now - 999)
held = None
print(size() - start < 10_000)

class A:
    pass
def many(n):
    return [A() for i in range(n)]
for turn in range(3):
    objs = many(1000)
    full = size()
    del objs
    print(full - size() > 16_000, size() - start < 10_000)

objs = many(500)
for a in objs:
    a.other = objs
full = size()
import gc
del objs, a
print(full - size() < 10_000, "a cycle stays")
gc.collect()
print(full - size() > 8_000, "until it is collected")

held = ["text %d" % i for i in range(1000)]
snap = t.take_snapshot()
print(sum(row.size for row in snap.traces) > 40_000)
same = {id(row[2]) for row in snap.traces._traces if row[2][0][1] == 45}
print(len(same), "equal tracebacks are one")
print(t.get_object_traceback(held[3]) is not None)
t.clear_traces()
print(t.get_object_traceback(held[3]), size() < 10_000, peak() < 10_000)
held = None
print(0 <= size() < 10_000, "what was forgotten is not subtracted")
t.stop()
print(t.get_traced_memory())
