# test_tracemalloc: TestSnapshot, TestFilters: rows given, not traced. Frames, tracebacks, traces, statistics: their
# texts, order, equality; grouping, comparing, filtering.
import tracemalloc as t

def tell(f):
    try:
        print("->", f())
    except BaseException as e:
        print(type(e).__name__, e)

F, T, S, D = t.Frame, t.Traceback, t.Statistic, t.StatisticDiff
tell(lambda: t.Filter())
tell(lambda: t.Filter(True))
tell(lambda: t.DomainFilter(True))

two = (("a.py", 2), ("b.py", 5))
tb = T(two)
print(tb, repr(tb), len(tb), tb[0], tb[-1], tb[:], repr(tb[0]), tb.total_nframe)
print(tb == T(two, 9), hash(tb) == hash(T(two, 9)), repr(T(two[:1], 3)))
a2, a3 = T((("a.py", 2),)), T((("a.py", 3),))
print(a2 < a3, a2 <= a2, a2 > a3, a2 >= a2, a2 != 3, a2 == 3, F(("b.py", 2)) in tb, F(two[1]) in tb)
print(list(tb), list(reversed(tb)), tb.index(F(two[0])), tb.count(F(two[0])), tb[1:], tb[::-1])
tell(lambda: tb[5])
tell(lambda: tb < 3)
tell(lambda: F(two[0]) < 3)
tell(lambda: tb.index(F(("x", 1))))
tell(lambda: tb.nope)
tell(lambda: setattr(tb, "x", 1))
tell(lambda: setattr(F(two[0]), "lineno", 1))
f = F(("a", 1))
print(f == F(("a", 1)), f > F(("a", 0)), hash(f) == hash(F(("a", 1))), f == 1, f.filename, f.lineno, str(f))

for size in (0, 1, 99, 100, 1023, 1024, 10239, 10240, 102399, 102400, 1024**2, 5 * 1024**2, 123456789, 20 * 1024**3,
             3 * 1024**4, 50 * 1024**5):
    print(S(tb, size, 3), "|", D(tb, size, -size, 3, -3))
print(S(tb, 5, 0), D(tb, 5, 5, 0, 0), repr(S(tb, 5, 1)), repr(D(tb, 5, -3, 1, 0)))
print(S(tb, 1, 2) == S(tb, 1, 2), S(tb, 1, 2) == S(tb, 1, 3), S(tb, 1, 2) == 5, hash(S(tb, 1, 2)) == hash(S(tb, 1, 2)))
print(D(tb, 1, 2, 3, 4) == D(tb, 1, 2, 3, 4), D(tb, 1, 2, 3, 4) == D(tb, 1, 2, 3, 5))
one = t.Trace((0, 1234, two, 4))
print(one, repr(one), one.domain, one.size, one.traceback, one == t.Trace((0, 1234, two, 4)), one == 1)
print(one.traceback.total_nframe)

raw = [(0, 10, (("a.py", 2), ("b.py", 4)), 2), (0, 10, (("a.py", 2), ("b.py", 4)), 2),
       (1, 2, (("a.py", 5), ("b.py", 4)), 2), (2, 66, (("b.py", 1),), 1), (3, 7, (("<unknown>", 0),), 1)]
s = t.Snapshot(raw, 2)
print(s.traces, len(s.traces), s.traces[0], repr(s.traces[-1]), s.traces[1:3], s.traceback_limit)
print(t.Trace(raw[0]) in s.traces, s.traces == t.Snapshot(raw, 2).traces, [x.size for x in s.traces])
for key in "lineno", "filename", "traceback":
    for cumulative in False, True:
        tell(lambda: s.statistics(key, cumulative))
tell(lambda: s.statistics("bogus"))
tell(lambda: s.statistics())
tell(lambda: s.statistics("lineno", cumulative=True)[0])

raw2 = [(0, 10, (("a.py", 2), ("b.py", 4)), 2), (0, 5002, (("a.py", 5), ("b.py", 4)), 2), (2, 400, (("c.py", 578),), 1)]
s2 = t.Snapshot(raw2, 2)
for key in "lineno", "filename", "traceback":
    print(s2.compare_to(s, key))
    print([str(x) for x in s2.compare_to(s, key)])
print(s2.compare_to(s, "lineno", True))
tell(lambda: s2.compare_to(s, "bogus"))

W = t.Filter
for filters in ([], [W(True, "a.py")], [W(False, "a.py")], [W(True, "*b.py")], [W(True, "b.py", all_frames=True)],
                [W(False, "b.py", all_frames=True)], [W(True, "a.py", 2)], [W(True, "[ab].py"), W(False, "a.py", 5)],
                [t.DomainFilter(True, 1)], [t.DomainFilter(False, 1)], [W(True, "a.py", domain=1)],
                [W(False, "a.py", domain=1)], [W(True, "?.py"), W(True, "<*>")], [W(True, "[!a].py")], [W(True, "a.pyc")],
                [W(True, "[a-c].py", 4)], [W(True, "*")], [W(True, "a*y"), W(False, "*.py", 2)], [W(True, "[")]):
    print([x._trace[0::3] + x._trace[2] for x in s.filter_traces(filters).traces])
tell(lambda: s.filter_traces(5))
tell(lambda: s.filter_traces(W(True, "a.py")))
tell(lambda: s.filter_traces())
w = W(True, "x.pyc", 3, True, 7)
print(w.inclusive, w.filename_pattern, w.lineno, w.all_frames, w.domain)
tell(lambda: setattr(w, "filename_pattern", "y"))
g = t.DomainFilter(False, 4)
print(g.inclusive, g.domain)
tell(lambda: setattr(g, "domain", "y"))

lines = T((("rows.py", 2), ("rows.py", 1), ("no such file", 9)))
for how in ({}, {"limit": 1}, {"limit": -1}, {"limit": 2}, {"limit": -2}, {"most_recent_first": True},
            {"limit": 2, "most_recent_first": True}, {"limit": 0}, {"limit": 10}):
    print(lines.format(**how))
