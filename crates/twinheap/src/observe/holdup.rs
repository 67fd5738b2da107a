//! Hold-ups: intervals above 10 µs in which a mutator could not run its own work because of the manager.
//! Stops alone flatter (Go's are 50 µs while single operations wait 20 ms), so every cause is kept.

use super::times::{TimeHistogram, Times};
use crate::sync::{AtomicU64, Instant, Ordering::Relaxed};
use std::time::Duration;

/// Why a mutator had to wait, or to do the manager's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HoldUpCause {
    /// Waiting at a session's entry while a collection starts.
    Handshake,
    /// Marking on the allocator's account.
    Assist,
    /// Getting a new run: sweeping a span, mapping memory.
    Refill,
    /// Waiting for a cell that a marker is inside of.
    CellWait,
    /// Reporting what a cell held, before its first change in a collection.
    Snapshot,
    /// A cycle collection on the mutator's own thread.
    CycleCollection,
    /// A release that released much else.
    ReleaseCascade,
    /// The program asked for a collection and waited for it.
    Asked,
    /// The heap is full, or far beyond its goal: waiting for the collection that is due or runs.
    Throttle,
}

impl HoldUpCause {
    /// All of them, in the order of the declaration.
    pub const ALL: [HoldUpCause; 9] = [
        HoldUpCause::Handshake,
        HoldUpCause::Assist,
        HoldUpCause::Refill,
        HoldUpCause::CellWait,
        HoldUpCause::Snapshot,
        HoldUpCause::CycleCollection,
        HoldUpCause::ReleaseCascade,
        HoldUpCause::Asked,
        HoldUpCause::Throttle,
    ];
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            HoldUpCause::Handshake => "handshake",
            HoldUpCause::Assist => "assist",
            HoldUpCause::Refill => "refill",
            HoldUpCause::CellWait => "cell_wait",
            HoldUpCause::Snapshot => "snapshot",
            HoldUpCause::CycleCollection => "cycle_collection",
            HoldUpCause::ReleaseCascade => "release_cascade",
            HoldUpCause::Asked => "asked",
            HoldUpCause::Throttle => "throttle",
        }
    }
}

/// Nanoseconds below which an interval is not a hold-up.
pub const HOLDUP_MIN_NS: u64 = 10_000;

/// Where hold-ups are recorded.  Relaxed counters: a reader sees each hold-up sooner or later, never half of one cause.
///
/// ```text
/// count == Σ over causes of the counts in its histogram       (`summary`, by construction)
/// spent of a cause >= total of its hold-ups                   (`spent` has the short ones, too)
/// ```
#[derive(Default)]
pub struct HoldUps {
    causes: [PerCause; HoldUpCause::ALL.len()],
}
#[derive(Default)]
struct PerCause {
    times: Times,
    total_ns: AtomicU64,
    max_ns: AtomicU64,
}

/// Hold-ups read at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HoldUpSummary {
    /// How many.
    pub count: u64,
    /// Half of them were no longer than this; likewise 99 of 100.  Within 1/8.
    pub p50_ns: u64,
    /// See above.
    pub p99_ns: u64,
    /// The longest.
    pub max_ns: u64,
    /// All together.
    pub total_ns: u64,
    /// Count, total and longest of each cause that occurred.
    pub by_cause: Vec<(HoldUpCause, u64, u64, u64)>,
    /// How long they were, of each cause that occurred.
    pub histograms: Vec<(HoldUpCause, TimeHistogram)>,
}

impl HoldUps {
    /// Records the time since `start`, if it makes a hold-up.
    #[inline]
    pub fn since(&self, cause: HoldUpCause, start: Instant) {
        self.record(cause, start.elapsed())
    }
    /// Records `took`, if it makes a hold-up.
    pub fn record(&self, cause: HoldUpCause, took: Duration) {
        let ns = took.as_nanos().min(u64::MAX as u128) as u64;
        let c = &self.causes[cause as usize];
        if ns < HOLDUP_MIN_NS {
            return;
        }
        c.times.record(ns);
        c.total_ns.fetch_add(ns, Relaxed);
        // Last: `summary` passes over causes without one.
        c.max_ns.fetch_max(ns, Relaxed);
    }
    /// Reads them.
    pub fn summary(&self) -> HoldUpSummary {
        let mut all = TimeHistogram::default();
        let mut out = HoldUpSummary::default();
        for cause in HoldUpCause::ALL {
            let p = &self.causes[cause as usize];
            if p.max_ns.load(Relaxed) == 0 {
                continue;
            }
            let times = p.times.read();
            all.add(&times);
            let (total_ns, max_ns) = (p.total_ns.load(Relaxed), p.max_ns.load(Relaxed));
            out.by_cause.push((cause, times.count(), total_ns, max_ns));
            out.total_ns += total_ns;
            out.max_ns = out.max_ns.max(max_ns);
            out.histograms.push((cause, times));
        }
        out.count = all.count();
        out.p50_ns = all.percentile_ns(50).min(out.max_ns);
        out.p99_ns = all.percentile_ns(99).min(out.max_ns);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_intervals_are_not_holdups_and_percentiles_are_of_holdups() {
        let h = HoldUps::default();
        h.record(HoldUpCause::Refill, Duration::from_micros(9));
        assert_eq!(h.summary().count, 0);
        for _ in 0..99 {
            h.record(HoldUpCause::Refill, Duration::from_micros(20));
        }
        h.record(HoldUpCause::Handshake, Duration::from_millis(5));
        let s = h.summary();
        assert_eq!((s.count, s.max_ns), (100, 5_000_000));
        assert!(s.p99_ns < 25_000 && s.p50_ns < 25_000, "{s:?}");
        assert_eq!(s.by_cause.len(), 2);
        assert_eq!(s.histograms.iter().map(|h| h.1.count()).collect::<Vec<_>>(), [1, 99], "{s:?}");
    }
}
