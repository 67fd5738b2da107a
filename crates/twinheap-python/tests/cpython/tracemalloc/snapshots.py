# test_tracemalloc: test_snapshot, test_create_snapshot, test_snapshot_save_attr: two snapshots of a program, compared.
import tracemalloc as t

def texts(n):
    return ["text %d" % i for i in range(n)]        # line 5
def cells(n):
    return [[i] for i in range(n)]                  # line 7
def by_line(stats):
    found = {}
    for s in stats:
        if s.traceback[-1].filename == __file__:
            found[s.traceback[-1].lineno] = s
    return found

t.start(2)
a, b = texts(100), cells(200)
first = t.take_snapshot()
del a
c = cells(50)
second = t.take_snapshot()
print(first.traceback_limit, type(first.traces).__name__, len(first.traces) > 300)

rows = by_line(first.statistics("lineno"))
print(rows[5].count >= 100, rows[7].count >= 300, rows[7].size > rows[5].size)
diff = by_line(second.compare_to(first, "lineno"))
print(diff[5].size_diff < 0, -diff[5].count_diff >= 100, diff[5].size, diff[5].count)
print(diff[7].size_diff > 0, diff[7].count_diff >= 100, diff[7].count >= 350)
same = by_line(first.compare_to(first, "lineno"))
print([(s.size_diff, s.count_diff) for s in same.values()] == [(0, 0)] * len(same))
back = by_line(first.compare_to(second, "lineno"))
print(back[5].size_diff == -diff[5].size_diff, back[7].count_diff == -diff[7].count_diff)

stats = first.statistics("lineno")
print(all(x._sort_key() >= y._sort_key() for x, y in zip(stats, stats[1:])))
diffs = second.compare_to(first, "lineno")
print(all(abs(x.size_diff) >= abs(y.size_diff) for x, y in zip(diffs, diffs[1:])))
print(sum(s.size for s in stats) == sum(row.size for row in first.traces), sum(s.count for s in stats) == len(first.traces))

mine = first.filter_traces([t.Filter(True, __file__)])
files = mine.statistics("filename")
print(len(files), files[0].traceback[0].lineno, files[0].count == len(mine.traces))
callers = {s.traceback[0].lineno for s in mine.statistics("traceback") if s.traceback[-1].lineno in (5, 7)}
print(callers)
cumulative = {s.traceback[0].lineno: s for s in mine.statistics("lineno", cumulative=True)}
print(cumulative[16].count >= rows[5].count + rows[7].count)
print(len(mine.filter_traces([t.Filter(False, "*", 7)]).traces) < len(mine.traces))
print(len(mine.filter_traces([t.DomainFilter(True, 0)]).traces) == len(mine.traces))
print(len(first.filter_traces([]).traces) == len(first.traces))

first.note = "an attribute of its own"
import os, tempfile
fd, path = tempfile.mkstemp()
os.close(fd)
first.dump(path)
again = t.Snapshot.load(path)
print(again.traces == first.traces, again.traceback_limit)
print(again.statistics("traceback") == first.statistics("traceback"))
os.unlink(path)
t.stop()
