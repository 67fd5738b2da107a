//! The module `runtime`: Go's words under every manager, every kind of bad argument, and that what it reads fits together.

use crate::support::{err, out, run, script};

/// What is the same under every manager: reading, its laws, bad arguments.
const ANYWHERE: &str = r#"
import runtime, gc

m = runtime.MemStats()
assert (m.Mallocs, m.PauseNs, m.EnableGC, m.BySize) == (0, [0] * 256, False, [])
runtime.ReadMemStats(m)
before = m.Mallocs
kept = [[i] for i in range(1000)]
runtime.ReadMemStats(m)
assert m.Mallocs - before >= 1000
assert m.HeapObjects == m.Mallocs - m.Frees
assert m.HeapSys == m.HeapInuse + m.HeapIdle
assert m.Sys == m.HeapSys + m.GCSys
assert m.Alloc == m.HeapAlloc <= m.HeapInuse and m.HeapReleased <= m.HeapIdle
assert len(m.PauseNs) == len(m.PauseEnd) == 256
assert all(row.Frees <= row.Mallocs for row in m.BySize)
assert repr(m).startswith("MemStats(Alloc=") and not hasattr(m, "__dict__")

names = [d.Name for d in runtime.metrics.All()]
assert names == sorted(names) and "/memory/classes/total:bytes" in names
assert {d.Kind for d in runtime.metrics.All()} == {"uint64", "float64", "float64-histogram"}
assert all(d.Description and d.Cumulative in (True, False) for d in runtime.metrics.All())
samples = [runtime.metrics.Sample(name) for name in names]
runtime.metrics.Read(samples)
value = {s.Name: s.Value for s in samples}
classes = ["heap/free", "heap/objects", "heap/released", "heap/unused", "metadata/other"]
assert sum(value["/memory/classes/%s:bytes" % c] for c in classes) == value["/memory/classes/total:bytes"]
assert value["/gc/heap/objects:objects"] == value["/gc/heap/allocs:objects"] - value["/gc/heap/frees:objects"]
for d in runtime.metrics.All():
    v = value[d.Name]
    if v is not None and d.Kind == "float64-histogram":
        assert len(v.Buckets) == len(v.Counts) + 1 and v.Buckets[-1] == float("inf"), d
        assert v.Buckets == sorted(v.Buckets)
nothing = runtime.metrics.Sample("/no/such:metric")
runtime.metrics.Read([nothing])
assert nothing.Value is None
assert not hasattr(runtime, "NumGoroutine") and not hasattr(runtime, "GOMAXPROCS")

def no(f, *args, **kw):
    try:
        f(*args, **kw)
    except Exception as e:
        return "%s: %s" % (type(e).__name__, e)
print(no(runtime.ReadMemStats))
print(no(runtime.ReadMemStats, 1))
print(no(runtime.metrics.Sample, 1))
print(no(runtime.metrics.Read, [1]))
print(no(runtime.metrics.Read, 1))
print(no(runtime.SetGCPercent))
print(no(runtime.SetGCPercent, "100"))
print(no(runtime.SetGCPercent, 1.5))
print(no(runtime.SetGCPercent, 1, 2))
print(no(runtime.SetGCPercent, percentage=1))
print(no(runtime.SetMemoryLimit, None))
print(no(runtime.SetMemoryLimit, 1 << 70))
print(no(runtime.GC, 1))
"#;
const ANYWHERE_OUT: &str = "\
TypeError: ReadMemStats() missing 1 required positional argument: 'm'
TypeError: ReadMemStats() argument must be a MemStats, not int
TypeError: a sample's name must be str, not int
TypeError: Read() takes a list of Sample, not of int
TypeError: 'int' object is not iterable
TypeError: SetGCPercent() missing required argument 'percent' (pos 1)
TypeError: 'str' object cannot be interpreted as an integer
TypeError: 'float' object cannot be interpreted as an integer
TypeError: SetGCPercent() takes at most 1 argument (2 given)
TypeError: SetGCPercent() got an unexpected keyword argument 'percentage'
TypeError: 'NoneType' object cannot be interpreted as an integer
OverflowError: Python int too large to convert to C ssize_t
TypeError: GC() takes 0 positional arguments but 1 was given
";

fn prints(manager: &str, name: &str, text: &str, want: &str) {
    let o = run(manager, &script(name, text), &[], &[]);
    assert_eq!(out(&o), want, "{manager}: {}", err(&o));
    assert_eq!(o.status.code(), Some(0), "{manager}: {}", err(&o));
}

#[test]
fn runtime_reads_under_every_manager() {
    for manager in ["refcount", "tricolor", "null"] {
        prints(manager, &format!("runtime_{manager}.py"), ANYWHERE, ANYWHERE_OUT)
    }
}

#[test]
fn runtime_knobs_are_tricolors() {
    let text = r#"
import runtime, gc
print(runtime.SetGCPercent(50), runtime.SetGCPercent(-5), runtime.SetGCPercent(percent=100))
m = runtime.MemStats()
runtime.SetGCPercent(-1)
runtime.ReadMemStats(m)
assert m.NextGC == 2**64 - 1
runtime.SetGCPercent(100)
print(runtime.SetMemoryLimit(-1), runtime.SetMemoryLimit(limit=64 << 20), runtime.SetMemoryLimit(-1))
try:
    runtime.SetMemoryLimit(0)
except ValueError as e:
    print(e)
try:
    runtime.SetGCPercent(1 << 40)
except OverflowError as e:
    print(e)
assert runtime.SetMemoryLimit(2**63 - 1) == 64 << 20

class C: pass
def litter(n):
    for i in range(n):
        c = C(); c.me = c
heard = []
gc.callbacks.append(lambda phase, info: heard.append(phase))
runtime.ReadMemStats(m)
forced, total = m.NumForcedGC, m.NumGC
litter(1000)
assert runtime.GC() is None
runtime.ReadMemStats(m)
assert m.NumForcedGC == forced + 1 and m.NumGC >= total + 1 and m.LastGC > 10**18
assert 0 < m.PauseNs[(m.NumGC + 255) % 256] <= m.PauseTotalNs
assert m.BySize and m.GCCPUFraction > 0
print(heard)
gc.callbacks.clear()
big = ["x" * 100000 for i in range(200)]
litter(100000)
del big
assert runtime.FreeOSMemory() >= 0
runtime.ReadMemStats(m)
assert m.HeapReleased == m.HeapIdle, m
s = [runtime.metrics.Sample("/gc/gogc:percent"), runtime.metrics.Sample("/gc/cycles/forced:gc-cycles")]
runtime.metrics.Read(s)
assert [s[0].Value, s[1].Value] == [100, m.NumForcedGC]
"#;
    let want = "100 50 -1\n9223372036854775807 9223372036854775807 67108864\n\
                the memory limit is below 8 MiB, the smallest heap there is\n\
                Python int too large to convert to C int\n['start', 'stop']\n";
    prints("tricolor", "runtime_knobs.py", text, want)
}

#[test]
fn runtime_knobs_of_another_manager_are_errors() {
    let text = r#"
import runtime, gc
def no(f, *args):
    try:
        print(f(*args))
    except Exception as e:
        print("%s: %s" % (type(e).__name__, e))
no(runtime.SetGCPercent, 50)
no(runtime.SetMemoryLimit, -1)
no(runtime.SetMemoryLimit, 1 << 30)
no(runtime.SetMemoryLimit, 100)
no(runtime.SetMemoryLimit, 2**63 - 1)
m = runtime.MemStats()
runtime.ReadMemStats(m)
assert m.NextGC == 2**64 - 1 and m.BySize == []
forced = m.NumForcedGC
class C: pass
for i in range(100):
    c = C(); c.me = c
runtime.GC()
runtime.ReadMemStats(m)
print(m.NumForcedGC - forced)
s = runtime.metrics.Sample("/gc/gogc:percent")
runtime.metrics.Read([s])
print(s.Value)
runtime.FreeOSMemory()
"#;
    let knob = "RuntimeError: SetGCPercent is not a knob of the manager";
    let none = i64::MAX;
    let limits = format!(
        "{none}\n{none}\nValueError: the memory limit is below 8 MiB, the smallest heap there is\n{}\n",
        1u64 << 30
    );
    prints("refcount", "runtime_other.py", text, &format!("{knob} refcount\n{limits}1\nNone\n"));
    let no_limit = "RuntimeError: SetMemoryLimit is not a knob of the manager null\n".repeat(4);
    prints("null", "runtime_none.py", text, &format!("{knob} null\n{no_limit}0\nNone\n"));
}
