# test_tracemalloc: test_get_object_traceback, test_get_traces, test_set_traceback_limit, test_new_reference: each
# object is charged to the line that made it, and to those that called.
import tracemalloc as t

class Thing:
    def __init__(self, n):
        self.name = "thing %d" % n      # line 7
        self.parts = [n, n]             # line 8

def things(n):
    return [Thing(i) for i in range(n)] # line 11
def outer(n):
    return things(n)                    # line 13
def growing(n):
    kept = []
    for i in range(n):
        kept.append(i)                  # line 17
    return kept
def texts(n):
    for i in range(n):
        yield "text %d" % i             # line 21
def mapping(n):
    d = {}
    for i in range(n):
        d["key %d" % i] = i             # line 25
    return d

def where(obj):
    return [frame.lineno for frame in t.get_object_traceback(obj)]
def lines(snapshot):
    mine = snapshot.filter_traces([t.Filter(True, __file__)])
    return {s.traceback[0].lineno: s.count for s in mine.statistics("lineno")}

before = Thing(0)
t.start(1)
print(t.get_object_traceback(before), "made before")
kept = things(100)
print(where(kept[5]), where(kept[5].name))
n = lines(t.take_snapshot())
print(n[7], n[8] >= 100, n[11] >= 100)
t.stop()

for limit in 1, 2, 3, 10:
    t.start(limit)
    kept = outer(50)
    print(limit, where(kept[7]), where(kept[7].name))
    rows = [row for row in t.take_snapshot().traces if row.traceback[-1].lineno == 7]
    print(len(rows), {row.traceback.total_nframe for row in rows}, {len(row.traceback) for row in rows})
    t.stop()

t.start(2)
kept = growing(1000)
rows = [row for row in t.take_snapshot().traces if row.traceback[-1].lineno == 17]
print(len(rows), rows[0].size >= 8000, [frame.lineno for frame in rows[0].traceback], "one buffer, charged to where it grew")
kept.clear()
print([row for row in t.take_snapshot().traces if row.traceback[-1].lineno == 17])
kept = list(texts(300))
print(where(kept[3]), {row.traceback.total_nframe for row in t.take_snapshot().traces if row.traceback[-1].lineno == 21})
kept = mapping(200)
rows = [row for row in t.take_snapshot().traces if row.traceback[-1].lineno == 25]
print(len(rows), max(row.size for row in rows) > 200 * 16)
del kept, rows
rest = [row.traceback[-1].lineno for row in t.take_snapshot().traces]
print([line for line in rest if line in (17, 21, 25)])
t.clear_traces()
print(len(t.take_snapshot().traces) < 20, t.get_object_traceback(before))
t.stop()
