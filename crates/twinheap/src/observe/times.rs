//! A histogram of times: powers of two from 512 ns to 18 minutes, each cut into eight, as Go's `timeHistogram` has them
//! (there each into four).
//!
//! ```text
//! bucket 0: below 512 ns · bucket 1 + 8·p + s: from (8 + s) << (p + 6) ns · the last: 2^40 ns and more
//! ```
//! Recording is one addition, relaxed: a reader sees each time sooner or later.
//! Not here: what is timed (`holdup`, `tally`).  Overview: `observe`.

use crate::sync::{AtomicU64, Ordering::Relaxed};

/// Powers of two that have buckets: [2^9, 2^40) ns.
const POWERS: std::ops::Range<usize> = 9..40;
/// Buckets a power is cut into: figures are exact within 1/8.
const SUB: usize = 8;
/// How many buckets there are.
pub const BUCKETS: usize = 1 + POWERS.end.saturating_sub(POWERS.start) * SUB + 1;

/// Where times are counted.
pub struct Times(Box<[AtomicU64]>);

impl Default for Times {
    fn default() -> Self {
        Times((0..BUCKETS).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Times {
    /// Counts one.
    #[inline]
    pub fn record(&self, ns: u64) {
        self.0[bucket(ns)].fetch_add(1, Relaxed);
    }
    /// Reads them.
    pub fn read(&self) -> TimeHistogram {
        TimeHistogram { counts: self.0.iter().map(|n| n.load(Relaxed)).collect() }
    }
}

/// Times counted, read at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimeHistogram {
    /// How many fell into each bucket; empty when nothing was read.
    pub counts: Vec<u64>,
}

impl TimeHistogram {
    /// Where buckets begin, in nanoseconds: [`BUCKETS`] numbers, the first 0.  The last bucket has no end.
    pub fn begins_ns() -> Vec<u64> {
        (0..BUCKETS).map(begin).collect()
    }
    /// How many times were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
    /// Buckets that are not empty: from where in nanoseconds, up to where (`None`: no end), and how many.
    pub fn filled(&self) -> impl Iterator<Item = (u64, Option<u64>, u64)> + '_ {
        let end = |i| (i + 1 < BUCKETS).then(|| begin(i + 1));
        self.counts.iter().enumerate().filter(|n| *n.1 > 0).map(move |(i, &n)| (begin(i), end(i), n))
    }
    /// Nanoseconds that this share of all times (in hundredths) did not exceed, within 1/8 above; 0 for none, and where
    /// the bucket has no end, its beginning.
    pub fn percentile_ns(&self, hundredths: u64) -> u64 {
        let want = (u128::from(self.count()) * u128::from(hundredths)).div_ceil(100) as u64;
        let mut seen = 0;
        for (from, to, n) in self.filled() {
            seen += n;
            if seen >= want {
                return to.unwrap_or(from);
            }
        }
        0
    }
    /// Adds another's counts.
    pub fn add(&mut self, other: &TimeHistogram) {
        self.counts.resize(BUCKETS.max(self.counts.len()), 0);
        self.counts.iter_mut().zip(&other.counts).for_each(|(a, b)| *a += b);
    }
}

fn bucket(ns: u64) -> usize {
    let power = 63 - (ns | 1).leading_zeros() as usize;
    if power < POWERS.start {
        0
    } else if power >= POWERS.end {
        BUCKETS - 1
    } else {
        1 + (power - POWERS.start) * SUB + ((ns >> (power - 3)) as usize & (SUB - 1))
    }
}
/// The smallest value of a bucket.
fn begin(bucket: usize) -> u64 {
    let Some(at) = bucket.checked_sub(1) else { return 0 };
    ((SUB + at % SUB) as u64) << (at / SUB + POWERS.start - 3)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_and_hold_their_values() {
        let begins = TimeHistogram::begins_ns();
        assert!(begins.is_sorted_by(|a, b| a < b) && begins.len() == BUCKETS);
        assert_eq!((begins[1], begins[2], begins[BUCKETS - 1]), (512, 576, 1 << 40));
        for ns in [0, 1, 511, 512, 575, 576, 10_000, 65_535, 65_536, 123_456_789, (1 << 40) - 1, 1 << 40, u64::MAX] {
            let b = bucket(ns);
            assert!(begin(b) <= ns && (b + 1 == BUCKETS || ns < begin(b + 1)), "{ns} in {b}");
            assert!(b == 0 || b + 1 == BUCKETS || begin(b + 1) - begin(b) <= ns / 8 + 1, "{ns} in {b}");
        }
    }

    #[test]
    fn percentiles_are_within_an_eighth() {
        let times = Times::default();
        (0..99).for_each(|_| times.record(20_000));
        times.record(5_000_000);
        let read = times.read();
        assert_eq!(read.count(), 100);
        assert!((20_000..=22_500).contains(&read.percentile_ns(99)));
        assert!((5_000_000..=5_700_000).contains(&read.percentile_ns(100)));
        assert_eq!(TimeHistogram::default().percentile_ns(50), 0);
        let mut twice = TimeHistogram::default();
        twice.add(&read);
        twice.add(&read);
        assert_eq!((twice.count(), twice.filled().count()), (200, 2));
    }
}
