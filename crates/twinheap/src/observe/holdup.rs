//! Hold-ups: intervals above 10 µs in which a mutator could not run its own work because of the manager.
//! Stops alone flatter (Go's are 50 µs while single operations wait 20 ms), so every cause is kept.

use crate::sync::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

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

/// Buckets a power of two is cut into: figures are exact within 1/8.
const SUB: usize = 8;
const BUCKETS: usize = 40 * SUB;

/// Where hold-ups are recorded.  Relaxed counters: a reader sees each hold-up sooner or later, never half of one cause.
pub struct HoldUps {
    buckets: [AtomicU64; BUCKETS],
    causes: [PerCause; HoldUpCause::ALL.len()],
}
#[derive(Default)]
struct PerCause {
    count: AtomicU64,
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
}

impl Default for HoldUps {
    fn default() -> Self {
        HoldUps { buckets: std::array::from_fn(|_| AtomicU64::new(0)), causes: Default::default() }
    }
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
        if ns < HOLDUP_MIN_NS {
            return;
        }
        self.buckets[bucket(ns)].fetch_add(1, Relaxed);
        let c = &self.causes[cause as usize];
        c.count.fetch_add(1, Relaxed);
        c.total_ns.fetch_add(ns, Relaxed);
        c.max_ns.fetch_max(ns, Relaxed);
    }
    /// Reads them.
    pub fn summary(&self) -> HoldUpSummary {
        let counts: Vec<u64> = self.buckets.iter().map(|b| b.load(Relaxed)).collect();
        let count: u64 = counts.iter().sum();
        let by_cause: Vec<_> = HoldUpCause::ALL
            .into_iter()
            .map(|c| {
                let p = &self.causes[c as usize];
                (c, p.count.load(Relaxed), p.total_ns.load(Relaxed), p.max_ns.load(Relaxed))
            })
            .filter(|c| c.1 > 0)
            .collect();
        let max_ns = by_cause.iter().map(|c| c.3).max().unwrap_or(0);
        let at = |share_of_100: u64| {
            let want = (count * share_of_100).div_ceil(100);
            let mut seen = 0;
            for (i, n) in counts.iter().enumerate() {
                seen += n;
                if seen >= want && want > 0 {
                    return upper(i).min(max_ns);
                }
            }
            0
        };
        HoldUpSummary {
            count,
            p50_ns: at(50),
            p99_ns: at(99),
            max_ns,
            total_ns: by_cause.iter().map(|c| c.2).sum(),
            by_cause,
        }
    }
}

fn bucket(ns: u64) -> usize {
    let power = 63 - ns.leading_zeros() as usize;
    let sub = if power >= 3 { (ns >> (power - 3)) as usize & (SUB - 1) } else { 0 };
    (power * SUB + sub).min(BUCKETS - 1)
}
/// The largest value of a bucket.
fn upper(bucket: usize) -> u64 {
    let (power, sub) = (bucket / SUB, bucket % SUB);
    if power < 3 { 1 << (power + 1) } else { ((SUB + sub + 1) as u64) << (power - 3) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_hold_their_values() {
        for ns in [10_000u64, 10_001, 65_535, 65_536, 1_000_000, 123_456_789] {
            let b = bucket(ns);
            assert!(upper(b) >= ns && upper(b) <= ns + ns / 8 + 1, "{ns}: {}", upper(b));
        }
    }

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
    }
}
