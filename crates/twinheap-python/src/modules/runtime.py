# Go's words for the heap that runs: `runtime`, what of `runtime/debug` is about memory, and `runtime/metrics` as `metrics`.
# What they mean: `runtime.rs`, and `control::runtime` of the library.

def GC():
    _collect()

def FreeOSMemory():
    _collect()
    return _release()

class MemStats:
    # Go's fields; all zero until `ReadMemStats` has filled them.
    __slots__ = ("Alloc", "TotalAlloc", "Sys", "Mallocs", "Frees", "HeapAlloc", "HeapSys", "HeapIdle", "HeapInuse",
                 "HeapReleased", "HeapObjects", "GCSys", "NextGC", "LastGC", "PauseTotalNs", "PauseNs", "PauseEnd",
                 "NumGC", "NumForcedGC", "GCCPUFraction", "EnableGC", "BySize")
    def __init__(self):
        for name in MemStats.__slots__:
            setattr(self, name, 0)
        self.PauseNs = [0] * 256
        self.PauseEnd = [0] * 256
        self.GCCPUFraction = 0.0
        self.EnableGC = False
        self.BySize = []
    def __repr__(self):
        shown = ["%s=%r" % (name, getattr(self, name)) for name in MemStats.__slots__
                 if name not in ("PauseNs", "PauseEnd", "BySize")]
        return "MemStats(" + ", ".join(shown) + ")"

class BySize:
    __slots__ = ("Size", "Mallocs", "Frees")
    def __init__(self, Size, Mallocs, Frees):
        self.Size = Size
        self.Mallocs = Mallocs
        self.Frees = Frees
    def __repr__(self):
        return "BySize(Size=%d, Mallocs=%d, Frees=%d)" % (self.Size, self.Mallocs, self.Frees)

def ReadMemStats(m):
    if not isinstance(m, MemStats):
        raise TypeError("ReadMemStats() argument must be a MemStats, not " + type(m).__name__)
    for name, value in _mem_stats().items():
        setattr(m, name, value)
    m.BySize = [BySize(*row) for row in m.BySize]

class _Description:
    __slots__ = ("Name", "Description", "Kind", "Cumulative")
    def __init__(self, Name, Description, Kind, Cumulative):
        self.Name = Name
        self.Description = Description
        self.Kind = Kind
        self.Cumulative = Cumulative
    def __repr__(self):
        return "Description(Name=%r, Kind=%r, Cumulative=%r)" % (self.Name, self.Kind, self.Cumulative)

class _Histogram:
    # Counts[i] values from Buckets[i] up to, not with, Buckets[i + 1].
    __slots__ = ("Counts", "Buckets")
    def __init__(self, Counts, Buckets):
        self.Counts = Counts
        self.Buckets = Buckets
    def __repr__(self):
        return "Float64Histogram(%d values in %d buckets)" % (sum(self.Counts), len(self.Counts))

class _Sample:
    # Value is None until it is read, and after that for what the manager has not (Go: KindBad).
    __slots__ = ("Name", "Value")
    def __init__(self, Name):
        if not isinstance(Name, str):
            raise TypeError("a sample's name must be str, not " + type(Name).__name__)
        self.Name = Name
        self.Value = None
    def __repr__(self):
        return "Sample(%r, Value=%r)" % (self.Name, self.Value)

def _all():
    return [_Description(*row) for row in _metrics()]

def _read_samples(samples):
    for sample in samples:
        if not isinstance(sample, _Sample):
            raise TypeError("Read() takes a list of Sample, not of " + type(sample).__name__)
    for sample, value in zip(samples, _read(*[sample.Name for sample in samples])):
        sample.Value = _Histogram(*value) if isinstance(value, tuple) else value

class metrics:
    # A namespace, as Go's package is one.
    All = staticmethod(_all)
    Read = staticmethod(_read_samples)
    Sample = _Sample
    Description = _Description
    Float64Histogram = _Histogram
