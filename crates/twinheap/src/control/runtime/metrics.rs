//! Go's `runtime/metrics`, those that apply to a heap, and ours under `/twinheap/`.
//!
//! ```text
//! /gc/cycles/total                == automatic + forced
//! /gc/heap/objects                == allocs:objects − frees:objects
//! /memory/classes/heap/objects    == /gc/heap/allocs:bytes − /gc/heap/frees:bytes
//! /memory/classes/total           == heap/free + heap/objects + heap/released + heap/unused + metadata/other
//! /cpu/classes/gc/total           == mark/assist + mark/dedicated + pause
//! /gc/pauses                      == /sched/pauses/total/gc
//! Σ /twinheap/collections/CAUSE   == /gc/cycles/total
//! ```
//! They hold in every answer of [`read_all`].  Names, units and kinds are Go 1.27's; a program that reads Go's finds the
//! same things here.  Left out: what a heap has not (stacks, goroutines, `sync`, tiny allocations, size-classed metadata
//! beside spans) and what only a process knows (`/cpu/classes/{idle,user,total}`).
//! Overview: `control::runtime`.

use super::{
    Of,
    mem_stats::{Read, read as read_sums},
};
use crate::{
    object::managed::Manager,
    observe::{Cause, HoldUpCause, StopCause, TimeHistogram},
};
use std::fmt;

/// What a metric's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `KindUint64`.
    Uint64,
    /// `KindFloat64`.
    Float64,
    /// `KindFloat64Histogram`.
    Histogram,
}

/// A distribution (`Float64Histogram`): `counts[i]` values from `buckets[i]` up to, not with, `buckets[i + 1]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// One for each bucket.
    pub counts: Vec<u64>,
    /// Their borders, ascending, one more than there are counts; the last is infinite.
    pub buckets: Vec<f64>,
}

/// A metric's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `KindUint64`.
    Uint64(u64),
    /// `KindFloat64`.
    Float64(f64),
    /// `KindFloat64Histogram`.
    Histogram(Histogram),
}
impl Value {
    /// The number, if it is a whole one.
    pub fn as_u64(&self) -> Option<u64> {
        if let Value::Uint64(n) = self { Some(*n) } else { None }
    }
    /// The number, if it has a fraction.
    pub fn as_f64(&self) -> Option<f64> {
        if let Value::Float64(n) = self { Some(*n) } else { None }
    }
    /// The distribution, if it is one.
    pub fn as_histogram(&self) -> Option<&Histogram> {
        if let Value::Histogram(h) = self { Some(h) } else { None }
    }
    /// Which it is.
    pub fn kind(&self) -> Kind {
        match self {
            Value::Uint64(_) => Kind::Uint64,
            Value::Float64(_) => Kind::Float64,
            Value::Histogram(_) => Kind::Histogram,
        }
    }
}

/// A metric there is (`metrics.Description`).
pub struct Description {
    /// `/path:unit`.
    pub name: &'static str,
    /// What it is.
    pub description: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// It only grows.
    pub cumulative: bool,
    value: fn(&Read) -> Option<Value>,
}
impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?}{})", self.name, self.kind, if self.cumulative { ", cumulative" } else { "" })
    }
}

/// A metric that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// There is none of this name.
    Unknown(String),
    /// There is, but not under this manager.
    NotThisManagers {
        /// Its name.
        metric: &'static str,
        /// [`Manager::NAME`].
        manager: &'static str,
    },
}
impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Unknown(name) => write!(f, "there is no metric {name:?}"),
            ReadError::NotThisManagers { metric, manager } => write!(f, "the manager {manager} has no {metric}"),
        }
    }
}
impl std::error::Error for ReadError {}

/// `metrics.All`: every metric of any manager, by name.
pub fn all() -> &'static [Description] {
    ALL
}

/// `metrics.Read` of one.  Stops nobody; for several that are to fit together, [`read_all`].  Cost: as
/// [`read_mem_stats`](super::read_mem_stats).
///
/// # Errors
/// [`ReadError`].
pub fn read<O: Of>(of: &O, name: &str) -> Result<Value, ReadError> {
    let Some(metric) = ALL.iter().find(|m| m.name == name) else { return Err(ReadError::Unknown(name.to_owned())) };
    let none = ReadError::NotThisManagers { metric: metric.name, manager: O::Manager::NAME };
    (metric.value)(&read_with_knobs(of)).ok_or(none)
}

/// All that this manager has, read at one moment, by name.  Stops nobody.
pub fn read_all<O: Of>(of: &O) -> Vec<(&'static Description, Value)> {
    let read = read_with_knobs(of);
    ALL.iter().filter_map(|metric| Some((metric, (metric.value)(&read)?))).collect()
}
fn read_with_knobs<O: Of>(of: &O) -> Read {
    let mut read = read_sums(of);
    let (shared, constraints) = (of.shared(), O::Manager::CONSTRAINTS);
    read.knobs = (O::Manager::gc_percent(shared, None), O::Manager::memory_limit(shared, None));
    read.holdups = O::Manager::holdups(shared);
    read.collects = constraints.collects;
    read
}

fn bytes(n: usize) -> Option<Value> {
    Some(Value::Uint64(n as u64))
}
fn seconds(ns: u64) -> Option<Value> {
    Some(Value::Float64(ns as f64 / 1e9))
}
fn times(h: &TimeHistogram) -> Value {
    let mut buckets: Vec<f64> = TimeHistogram::begins_ns().into_iter().map(|ns| ns as f64 / 1e9).collect();
    let mut counts = h.counts.clone();
    counts.resize(buckets.len(), 0);
    buckets.push(f64::INFINITY);
    Value::Histogram(Histogram { counts, buckets })
}
/// Whole numbers of a manager that collects.
fn cycles(r: &Read, n: u64) -> Option<Value> {
    r.collects.then_some(Value::Uint64(n))
}
fn cause(r: &Read, cause: Cause) -> Option<Value> {
    cycles(r, r.tally.by_cause.iter().find(|c| c.0 == cause).map_or(0, |c| c.1))
}
fn stops(r: &Read, cause: StopCause, total: bool) -> Option<Value> {
    let none = TimeHistogram::default();
    let found = r.tally.stops.iter().find(|s| s.0 == cause).map_or(&none, |s| if total { &s.2 } else { &s.1 });
    r.collects.then(|| times(found))
}
fn holdups(r: &Read, cause: HoldUpCause) -> Option<Value> {
    let none = TimeHistogram::default();
    let found = r.holdups.histograms.iter().find(|h| h.0 == cause).map_or(&none, |h| &h.1);
    r.collects.then(|| times(found))
}
/// Blocks by their size, large objects in the last bucket; only where they are counted so.
fn by_size(r: &Read, freed: bool) -> Option<Value> {
    let sizes = &r.figures.by_size;
    if sizes.is_empty() {
        return None;
    }
    let mut h = Histogram { counts: vec![], buckets: vec![0.0] };
    for size in sizes {
        let last = size.block_bytes == usize::MAX;
        // Up to and with the size: the next float begins the next bucket, as Go's `size + 1` does.
        h.buckets.push(if last { f64::INFINITY } else { size.block_bytes as f64 + 1.0 });
        h.counts.push(if freed { size.freed } else { size.allocated });
    }
    if h.buckets.last() != Some(&f64::INFINITY) {
        h.buckets.push(f64::INFINITY);
        h.counts.push(0);
    }
    Some(Value::Histogram(h))
}

macro_rules! metrics {
    ($($name:literal $kind:ident $cumulative:ident $description:literal $read:expr;)*) => {
        const ALL: &[Description] = &[$(Description {
            name: $name,
            description: $description,
            kind: Kind::$kind,
            cumulative: $cumulative,
            value: $read,
        }),*];
    };
}

metrics! {
    "/cpu/classes/gc/mark/assist:cpu-seconds" Float64 true
        "Time that mutators spent marking on their allocations' account, by the clock: assists, cells saved with much in them."
        |r| if r.collects { seconds(r.figures.assist_ns) } else { None };
    "/cpu/classes/gc/mark/dedicated:cpu-seconds" Float64 true
        "Processor time that the collector's own threads spent marking."
        |r| if r.collects { seconds(r.figures.mark_ns) } else { None };
    "/cpu/classes/gc/pause:cpu-seconds" Float64 true
        "Time of the collector's work while sessions were stopped; under RefCount all of it. (Go: times the processors.)"
        |r| if r.collects { seconds(r.figures.stop_ns) } else { None };
    "/cpu/classes/gc/total:cpu-seconds" Float64 true
        "The sum of the /cpu/classes/gc metrics. Sweeping is not in it, as in Go; it is in /twinheap/collector."
        |r| if r.collects {
            let f = &r.figures;
            Some(Value::Float64(f.assist_ns as f64 / 1e9 + f.mark_ns as f64 / 1e9 + f.stop_ns as f64 / 1e9))
        } else { None };
    "/gc/cleanups/executed:cleanups" Uint64 true
        "Cleanups handed to whoever runs them."
        |r| Some(Value::Uint64(r.tally.cleanups.1));
    "/gc/cleanups/queued:cleanups" Uint64 true
        "Cleanups whose object has died."
        |r| Some(Value::Uint64(r.tally.cleanups.0));
    "/gc/cycles/automatic:gc-cycles" Uint64 true
        "Collections that the program did not ask for."
        |r| cycles(r, r.tally.collections() - r.tally.asked());
    "/gc/cycles/forced:gc-cycles" Uint64 true
        "Collections that the program asked for."
        |r| cycles(r, r.tally.asked());
    "/gc/cycles/total:gc-cycles" Uint64 true
        "Collections that have ended."
        |r| cycles(r, r.tally.collections());
    "/gc/finalizers/executed:finalizers" Uint64 true
        "Finalizers handed to whoever runs them."
        |r| Some(Value::Uint64(r.tally.finalizers.1));
    "/gc/finalizers/queued:finalizers" Uint64 true
        "Finalizers whose object has died."
        |r| Some(Value::Uint64(r.tally.finalizers.0));
    "/gc/gogc:percent" Uint64 false
        "The heap's growth between collections in percent; 18446744073709551615 for off."
        |r| Some(Value::Uint64(r.knobs.0?.map_or(u64::MAX, u64::from)));
    "/gc/gomemlimit:bytes" Uint64 false
        "The soft limit; 9223372036854775807 for none."
        |r| Some(Value::Uint64(r.knobs.1?.map_or(i64::MAX as u64, |n| n as u64)));
    "/gc/heap/allocs-by-size:bytes" Histogram true
        "Objects allocated, by the size of their blocks; large ones are in the last bucket."
        |r| by_size(r, false);
    "/gc/heap/allocs:bytes" Uint64 true
        "Bytes of the blocks of all objects allocated."
        |r| Some(Value::Uint64(r.figures.allocated_bytes));
    "/gc/heap/allocs:objects" Uint64 true
        "Objects allocated."
        |r| Some(Value::Uint64(r.figures.allocated_objects));
    "/gc/heap/frees-by-size:bytes" Histogram true
        "Objects released, by the size of their blocks; large ones are in the last bucket."
        |r| by_size(r, true);
    "/gc/heap/frees:bytes" Uint64 true
        "Bytes of the blocks of all objects released."
        |r| Some(Value::Uint64(r.figures.freed_bytes));
    "/gc/heap/frees:objects" Uint64 true
        "Objects released, at once or by collections."
        |r| Some(Value::Uint64(r.figures.freed_objects));
    "/gc/heap/goal:bytes" Uint64 false
        "The heap size at which the next collection should end; 18446744073709551615 with GOGC off."
        |r| r.knobs.0.map(|_| Value::Uint64(r.figures.goal_bytes.map_or(u64::MAX, |n| n as u64)));
    "/gc/heap/live:bytes" Uint64 false
        "Bytes of the objects that the last collection marked."
        |r| bytes(r.figures.live_bytes?);
    "/gc/heap/objects:objects" Uint64 false
        "Objects in use, garbage that was not swept yet included."
        |r| Some(Value::Uint64(r.figures.allocated_objects - r.figures.freed_objects));
    "/gc/limiter/last-enabled:gc-cycle" Uint64 false
        "The last collection in which allocators were not held to their debt, because of the soft limit; 0: none."
        |r| r.knobs.0.map(|_| Value::Uint64(r.figures.limiter_last));
    "/gc/pauses:seconds" Histogram true
        "Stops for collections, in all. (In Go deprecated for /sched/pauses/total/gc:seconds, which is the same.)"
        |r| stops(r, StopCause::Collection, true);
    "/memory/classes/heap/free:bytes" Uint64 false
        "Free spans whose pages are still ours."
        |r| bytes(r.figures.levels.idle_bytes);
    "/memory/classes/heap/objects:bytes" Uint64 false
        "Objects in use, garbage that was not swept yet included."
        |r| Some(Value::Uint64(r.live_bytes()));
    "/memory/classes/heap/released:bytes" Uint64 false
        "Free spans whose pages the system has."
        |r| bytes(r.figures.levels.returned_bytes);
    "/memory/classes/heap/unused:bytes" Uint64 false
        "What spans in use have besides objects: free blocks, and bytes that no block can have."
        |r| Some(Value::Uint64(r.figures.levels.spans_bytes as u64 - r.live_bytes()));
    "/memory/classes/metadata/other:bytes" Uint64 false
        "Heads of chunks and of large mappings: bitmaps, tables."
        |r| bytes(r.figures.levels.heads_bytes);
    "/memory/classes/total:bytes" Uint64 false
        "All that is mapped: the sum of the /memory/classes metrics."
        |r| bytes(r.figures.levels.mapped_bytes);
    "/sched/pauses/stopping/gc:seconds" Histogram true
        "From the wish to stop for a collection until nobody was in a session."
        |r| stops(r, StopCause::Collection, false);
    "/sched/pauses/stopping/other:seconds" Histogram true
        "The same, for a look at the heap."
        |r| stops(r, StopCause::Look, false);
    "/sched/pauses/total/gc:seconds" Histogram true
        "From the wish to stop for a collection until everybody could go on; under RefCount the collection itself."
        |r| stops(r, StopCause::Collection, true);
    "/sched/pauses/total/other:seconds" Histogram true
        "The same, for a look at the heap."
        |r| stops(r, StopCause::Look, true);
    "/twinheap/collections/asked:collections" Uint64 true
        "Collections that the program asked for." |r| cause(r, Cause::Asked);
    "/twinheap/collections/exit:collections" Uint64 true
        "Collections as a program ended." |r| cause(r, Cause::Exit);
    "/twinheap/collections/goal:collections" Uint64 true
        "Collections because the heap had come to its trigger." |r| cause(r, Cause::Goal);
    "/twinheap/collections/limit:collections" Uint64 true
        "Collections because a limit was near." |r| cause(r, Cause::Limit);
    "/twinheap/collections/threshold:collections" Uint64 true
        "Collections because a count passed its threshold." |r| cause(r, Cause::Threshold);
    "/twinheap/collections/timer:collections" Uint64 true
        "Collections because there was none for two minutes." |r| cause(r, Cause::Timer);
    "/twinheap/collector:cpu-seconds" Float64 true
        "Processor time of the collector's own threads, sweeping and destructors included."
        |r| if r.collects { seconds(r.figures.collector_ns) } else { None };
    "/twinheap/holdups/asked:seconds" Histogram true
        "Hold-ups over 10 µs: waiting for a collection that the program asked for." |r| holdups(r, HoldUpCause::Asked);
    "/twinheap/holdups/assist:seconds" Histogram true
        "Hold-ups over 10 µs: marking on the allocator's account." |r| holdups(r, HoldUpCause::Assist);
    "/twinheap/holdups/cell_wait:seconds" Histogram true
        "Hold-ups over 10 µs: waiting for a cell that a marker is inside of." |r| holdups(r, HoldUpCause::CellWait);
    "/twinheap/holdups/cycle_collection:seconds" Histogram true
        "Hold-ups over 10 µs: a cycle collection on the mutator's own thread." |r| holdups(r, HoldUpCause::CycleCollection);
    "/twinheap/holdups/handshake:seconds" Histogram true
        "Hold-ups over 10 µs: waiting at a session's entry while a collection starts." |r| holdups(r, HoldUpCause::Handshake);
    "/twinheap/holdups/refill:seconds" Histogram true
        "Hold-ups over 10 µs: getting a new run." |r| holdups(r, HoldUpCause::Refill);
    "/twinheap/holdups/release_cascade:seconds" Histogram true
        "Hold-ups over 10 µs: a release that released much else." |r| holdups(r, HoldUpCause::ReleaseCascade);
    "/twinheap/holdups/snapshot:seconds" Histogram true
        "Hold-ups over 10 µs: saving what a cell held before its first change." |r| holdups(r, HoldUpCause::Snapshot);
    "/twinheap/holdups/throttle:seconds" Histogram true
        "Hold-ups over 10 µs: allocation waited for the collector." |r| holdups(r, HoldUpCause::Throttle);
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_none_is_forgotten() {
        assert!(ALL.is_sorted_by(|a, b| a.name < b.name));
        let has = |name: String| ALL.iter().any(|m| m.name == name);
        for cause in HoldUpCause::ALL {
            assert!(has(format!("/twinheap/holdups/{}:seconds", cause.name())), "{cause:?}");
        }
        for cause in Cause::ALL.into_iter().filter(|&c| c != Cause::Zeal) {
            assert!(has(format!("/twinheap/collections/{}:collections", cause.name())), "{cause:?}");
        }
        for cause in StopCause::ALL {
            assert!(has(format!("/sched/pauses/stopping/{}:seconds", cause.name())));
            assert!(has(format!("/sched/pauses/total/{}:seconds", cause.name())));
        }
    }
}
