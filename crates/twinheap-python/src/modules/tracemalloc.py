# Snapshots of `tracemalloc` and what is computed from them. Who is charged for what: `tracemalloc.rs`.

def _size(n, signed):
    form = "%+" if signed else "%"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if unit != "B" and abs(n) < 100:
            return (form + ".1f %s") % (n, unit)
        if unit == "TiB" or abs(n) < 10240:
            return (form + ".0f %s") % (n, unit)
        n /= 1024

def _average(size, count):
    return ", average=" + _size(size / count, False) if count else ""

class _Ordered:
    # By `_order()`, among objects of the same class.
    __slots__ = ()
    def __eq__(self, other):
        if type(other) is not type(self):
            return NotImplemented
        return self._order() == other._order()
    def __hash__(self):
        return hash(self._order())
    def __lt__(self, other):
        if type(other) is not type(self):
            return NotImplemented
        return self._order() < other._order()
    def __le__(self, other):
        if type(other) is not type(self):
            return NotImplemented
        return self._order() <= other._order()
    def __gt__(self, other):
        if type(other) is not type(self):
            return NotImplemented
        return self._order() > other._order()
    def __ge__(self, other):
        if type(other) is not type(self):
            return NotImplemented
        return self._order() >= other._order()

class _Equal:
    # By `_fields()`, among objects of the same class.
    __slots__ = ()
    def __eq__(self, other):
        if type(other) is not type(self):
            return NotImplemented
        return self._fields() == other._fields()
    def __hash__(self):
        return hash(self._fields())

class _Row:
    # A row of objects that are made when they are looked at.
    __slots__ = ()
    def __getitem__(self, index):
        row = self._row()
        if isinstance(index, slice):
            return tuple([self._make(item) for item in row[index]])
        return self._make(row[index])
    def __len__(self):
        return len(self._row())
    def __iter__(self):
        for item in self._row():
            yield self._make(item)
    def __reversed__(self):
        for item in reversed(self._row()):
            yield self._make(item)
    def index(self, value, start=0, stop=None):
        n = len(self)
        stop = n if stop is None else stop
        for i in range(max(start + n, 0) if start < 0 else start, min(stop + n if stop < 0 else stop, n)):
            if self[i] == value:
                return i
        raise ValueError
    def count(self, value):
        n = 0
        for item in self:
            if item is value or item == value:
                n += 1
        return n

class Statistic(_Equal):
    __slots__ = ("traceback", "size", "count")
    def __init__(self, traceback, size, count):
        self.traceback = traceback
        self.size = size
        self.count = count
    def _fields(self):
        return (self.traceback, self.size, self.count)
    def __str__(self):
        return ("%s: size=%s, count=%i" % (self.traceback, _size(self.size, False), self.count)
                + _average(self.size, self.count))
    def __repr__(self):
        return "<Statistic traceback=%r size=%i count=%i>" % (self.traceback, self.size, self.count)
    def _sort_key(self):
        return (self.size, self.count, self.traceback)

class StatisticDiff(_Equal):
    __slots__ = ("traceback", "size", "size_diff", "count", "count_diff")
    def __init__(self, traceback, size, size_diff, count, count_diff):
        self.traceback = traceback
        self.size = size
        self.size_diff = size_diff
        self.count = count
        self.count_diff = count_diff
    def _fields(self):
        return (self.traceback, self.size, self.size_diff, self.count, self.count_diff)
    def __str__(self):
        return ("%s: size=%s (%s), count=%i (%+i)"
                % (self.traceback, _size(self.size, False), _size(self.size_diff, True), self.count, self.count_diff)
                + _average(self.size, self.count))
    def __repr__(self):
        return ("<StatisticDiff traceback=%r size=%i (%+i) count=%i (%+i)>"
                % (self.traceback, self.size, self.size_diff, self.count, self.count_diff))
    def _sort_key(self):
        return (abs(self.size_diff), self.size, abs(self.count_diff), self.count, self.traceback)

class Frame(_Ordered):
    __slots__ = ("_frame",)
    def __init__(self, frame):
        self._frame = frame
    @property
    def filename(self):
        return self._frame[0]
    @property
    def lineno(self):
        return self._frame[1]
    def _order(self):
        return self._frame
    def __str__(self):
        return "%s:%s" % self._frame
    def __repr__(self):
        return "<Frame filename=%r lineno=%r>" % self._frame

class Traceback(_Ordered, _Row):
    # `_frames`: the outermost first.
    __slots__ = ("_frames", "_total_nframe")
    def __init__(self, frames, total_nframe=None):
        self._frames = tuple(reversed(frames))
        self._total_nframe = total_nframe
    @property
    def total_nframe(self):
        return self._total_nframe
    def _order(self):
        return self._frames
    def _row(self):
        return self._frames
    def _make(self, frame):
        return Frame(frame)
    def __contains__(self, frame):
        return frame._frame in self._frames
    def __str__(self):
        return str(self[0])
    def __repr__(self):
        end = ">" if self._total_nframe is None else " total_nframe=%s>" % self._total_nframe
        return "<Traceback %s%s" % (tuple(self), end)
    def format(self, limit=None, most_recent_first=False):
        frames = self._frames
        if limit is not None:
            frames = frames[-limit:] if limit > 0 else frames[:limit]
        if most_recent_first:
            frames = reversed(frames)
        lines = []
        for filename, lineno in frames:
            lines.append('  File "%s", line %s' % (filename, lineno))
            text = _source_line(filename, lineno)
            if text:
                lines.append("    " + text)
        return lines

def get_object_traceback(obj):
    frames = _get_object_traceback(obj)
    return None if frames is None else Traceback(frames)

class Trace(_Equal):
    __slots__ = ("_trace",)
    def __init__(self, trace):
        self._trace = trace
    @property
    def domain(self):
        return self._trace[0]
    @property
    def size(self):
        return self._trace[1]
    @property
    def traceback(self):
        return Traceback(*self._trace[2:])
    def _fields(self):
        return self._trace
    def __str__(self):
        return "%s: %s" % (self.traceback, _size(self.size, False))
    def __repr__(self):
        return "<Trace domain=%s size=%s, traceback=%r>" % (self.domain, _size(self.size, False), self.traceback)

class _Traces(_Equal, _Row):
    __slots__ = ("_traces",)
    __hash__ = None
    def __init__(self, traces):
        self._traces = traces
    def _row(self):
        return self._traces
    def _fields(self):
        return self._traces
    def _make(self, trace):
        return Trace(trace)
    def __contains__(self, trace):
        return trace._trace in self._traces
    def __repr__(self):
        return "<Traces len=%s>" % len(self)

def _source_name(filename):
    return filename[:-1] if filename.endswith(".pyc") else filename

def _in_set(pattern, at, c):
    # Whether `c` is in the set that begins behind the `[` at `at - 1`, and where the set ends; (None, at): there is none.
    end = at
    if pattern[end:end + 1] == "!":
        end += 1
    end = pattern.find("]", end + 1)
    if end < 0:
        return None, at
    members = pattern[at:end]
    negated = members[0] == "!"
    if negated:
        members = members[1:]
    found = False
    i = 0
    while i < len(members):
        if members[i + 1:i + 2] == "-" and i + 2 < len(members):
            found = found or members[i] <= c <= members[i + 2]
            i += 3
        else:
            found = found or members[i] == c
            i += 1
    return found != negated, end + 1

def _matches(name, pattern):
    # As the shell does: `*`, `?`, `[…]`, `[!…]`. A star that failed takes one more.
    i = p = 0
    star = None
    while True:
        ok = False
        if p < len(pattern) and pattern[p] == "*":
            p += 1
            star = (i, p)
            continue
        if i == len(name):
            if p == len(pattern):
                return True
        elif p < len(pattern):
            c = pattern[p]
            after = p + 1
            if c == "[":
                ok, after = _in_set(pattern, p + 1, name[i])
                if ok is None:
                    ok = name[i] == "["
            else:
                ok = c == "?" or c == name[i]
        if ok:
            i, p = i + 1, after
        elif star is None or star[0] == len(name):
            return False
        else:
            star = (star[0] + 1, star[1])
            i, p = star

class BaseFilter:
    def __init__(self, inclusive):
        self.inclusive = inclusive
    def _match(self, trace):
        raise NotImplementedError

class Filter(BaseFilter):
    def __init__(self, inclusive, filename_pattern, lineno=None, all_frames=False, domain=None):
        super().__init__(inclusive)
        self._filename_pattern = _source_name(filename_pattern)
        self.lineno = lineno
        self.all_frames = all_frames
        self.domain = domain
    @property
    def filename_pattern(self):
        return self._filename_pattern
    def _match_frame_impl(self, filename, lineno):
        if not _matches(_source_name(filename), self._filename_pattern):
            return False
        return self.lineno is None or lineno == self.lineno
    def _match_frame(self, filename, lineno):
        return self._match_frame_impl(filename, lineno) == bool(self.inclusive)
    def _match_traceback(self, traceback):
        if not self.all_frames:
            return self._match_frame(*traceback[0])
        for filename, lineno in traceback:
            if self._match_frame_impl(filename, lineno):
                return self.inclusive
        return not self.inclusive
    def _match(self, trace):
        matched = self._match_traceback(trace[2])
        if self.domain is None:
            return matched
        if self.inclusive:
            return matched and trace[0] == self.domain
        return matched or trace[0] != self.domain

class DomainFilter(BaseFilter):
    def __init__(self, inclusive, domain):
        super().__init__(inclusive)
        self._domain = domain
    @property
    def domain(self):
        return self._domain
    def _match(self, trace):
        return (trace[0] == self._domain) == bool(self.inclusive)

def _passes(trace, including, excluding):
    if including:
        for f in including:
            if f._match(trace):
                break
        else:
            return False
    for f in excluding:
        if not f._match(trace):
            return False
    return True

def _diff(old, new):
    out = []
    for traceback, stat in new.items():
        before = old.pop(traceback, None)
        size, count = (0, 0) if before is None else (before.size, before.count)
        out.append(StatisticDiff(traceback, stat.size, stat.size - size, stat.count, stat.count - count))
    for traceback, stat in old.items():
        out.append(StatisticDiff(traceback, 0, -stat.size, 0, -stat.count))
    return out

# `dump` and `load`: a text of ours, as there is no `pickle`. Lines: this one; the limit; a traceback ("T", total, then
# file and line in turn); a trace ("M", domain, size, number of its traceback). Fields end at tabs.
_FORM = "twinheap tracemalloc 1"

def _escaped(text):
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
def _plain(text):
    parts = text.split("\\\\")
    parts = [part.replace("\\t", "\t").replace("\\n", "\n").replace("\\r", "\r") for part in parts]
    return "\\".join(parts)

class Snapshot:
    def __init__(self, traces, traceback_limit):
        self.traces = _Traces(traces)
        self.traceback_limit = traceback_limit
    def dump(self, filename):
        tracebacks = {}
        lines = [_FORM, str(self.traceback_limit)]
        for domain, size, frames, total in self.traces._traces:
            key = (frames, total)
            if key not in tracebacks:
                tracebacks[key] = len(tracebacks)
                fields = ["T", str(total)]
                for name, line in frames:
                    fields.append(_escaped(name))
                    fields.append(str(line))
                lines.append("\t".join(fields))
            lines.append("M\t%d\t%d\t%d" % (domain, size, tracebacks[key]))
        lines.append("")
        with open(filename, "w") as f:
            f.write("\n".join(lines))
    @staticmethod
    def load(filename):
        with open(filename) as f:
            lines = f.read().split("\n")
        if lines[0] != _FORM:
            raise ValueError("not a snapshot that Snapshot.dump() has written here: %r" % (filename,))
        tracebacks = []
        traces = []
        for text in lines[2:]:
            fields = text.split("\t")
            if fields[0] == "T":
                names, numbers = fields[2::2], fields[3::2]
                frames = tuple([(_plain(names[i]), int(numbers[i])) for i in range(len(names))])
                tracebacks.append((frames, int(fields[1])))
            elif fields[0] == "M":
                traces.append((int(fields[1]), int(fields[2])) + tracebacks[int(fields[3])])
        return Snapshot(traces, int(lines[1]))
    def filter_traces(self, filters):
        try:
            iter(filters)
        except TypeError:
            raise TypeError("filters must be a list of filters, not %s" % type(filters).__name__) from None
        including = [f for f in filters if f.inclusive]
        excluding = [f for f in filters if not f.inclusive]
        traces = [trace for trace in self.traces._traces if _passes(trace, including, excluding)]
        return Snapshot(traces, self.traceback_limit)
    def _group_by(self, key_type, cumulative):
        if key_type not in ("traceback", "filename", "lineno"):
            raise ValueError("unknown key_type: %r" % (key_type,))
        if cumulative and key_type == "traceback":
            raise ValueError("cumulative mode cannot by used with key type %r" % key_type)
        groups = {}
        stats = {}
        for domain, size, frames, total in self.traces._traces:
            # What one trace counts for: its traceback, its innermost frame, or each of its frames.
            keys = frames if cumulative else (frames,)
            for key in keys:
                stat = groups.get(key)
                if stat is None:
                    group = (key,) if cumulative else key if key_type == "traceback" else key[:1]
                    if key_type == "filename":
                        group = ((group[0][0], 0),)
                    traceback = Traceback(group)
                    stat = stats.get(traceback)
                    if stat is None:
                        stat = stats[traceback] = Statistic(traceback, 0, 0)
                    groups[key] = stat
                stat.size += size
                stat.count += 1
        return stats
    def statistics(self, key_type, cumulative=False):
        stats = list(self._group_by(key_type, cumulative).values())
        stats.sort(key=lambda stat: stat._sort_key(), reverse=True)
        return stats
    def compare_to(self, old_snapshot, key_type, cumulative=False):
        new = self._group_by(key_type, cumulative)
        stats = _diff(old_snapshot._group_by(key_type, cumulative), new)
        stats.sort(key=lambda stat: stat._sort_key(), reverse=True)
        return stats

def take_snapshot():
    if not is_tracing():
        raise RuntimeError("the tracemalloc module must be tracing memory allocations to take a snapshot")
    traces = _get_traces()
    return Snapshot(traces, get_traceback_limit())
