//! Requests at a fixed rate, and how long each took from the moment it was due: what waits behind a slow one counts as slow
//! (no coordinated omission).  As `peers/go/load` has it.  Not the requests (`bin/contender-load.rs`).  Overview: README.md.

use crate::arguments::figure;
use std::time::Instant;

/// Sub-buckets of a power of two: values are within 1/256.
const SUB_BITS: u32 = 7;
const SUB: usize = 1 << SUB_BITS;

/// Times, by size.
pub struct Histogram {
    counts: Vec<u64>,
    count: u64,
    max_ns: u64,
}
impl Histogram {
    /// An empty one.  It does not grow.
    pub fn new() -> Self {
        Histogram { counts: vec![0; SUB * (65 - SUB_BITS as usize)], count: 0, max_ns: 0 }
    }
    /// One more.
    pub fn add(&mut self, ns: u64) {
        self.counts[index(ns)] += 1;
        self.count += 1;
        self.max_ns = self.max_ns.max(ns);
    }
    /// The other's as well.
    pub fn merge(&mut self, other: &Histogram) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(a, b)| *a += b);
        self.count += other.count;
        self.max_ns = self.max_ns.max(other.max_ns);
    }
    /// The smallest time that so many of a thousand do not exceed, in nanoseconds; 0 if there is none.
    pub fn per_mille(&self, share: u64) -> u64 {
        let rank = (self.count * share).div_ceil(1000).max(1);
        let mut seen = 0;
        for (i, &count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return middle(i).min(self.max_ns);
            }
        }
        self.max_ns
    }
    /// Reports p50, p99, p99.9 and the maximum, in microseconds.
    pub fn report(&self) {
        for (name, share) in [("p50_us", 500), ("p99_us", 990), ("p999_us", 999)] {
            figure(name, self.per_mille(share) as f64 / 1e3);
        }
        figure("max_us", self.max_ns as f64 / 1e3);
    }
}
impl Default for Histogram {
    fn default() -> Self {
        Histogram::new()
    }
}

fn index(ns: u64) -> usize {
    let shift = (u64::BITS - ns.leading_zeros()).saturating_sub(SUB_BITS + 1);
    shift as usize * SUB + (ns >> shift) as usize
}
fn middle(index: usize) -> u64 {
    let shift = (index / SUB).saturating_sub(1);
    let low = ((index - shift * SUB) as u64) << shift;
    low + (1 << shift) / 2
}

/// Requests due at `rate` a second since `start`, `count` of them; the wait for the next one is busy.
pub fn at_rate(start: Instant, rate: u64, count: u64, mut request: impl FnMut()) -> Histogram {
    let now = || start.elapsed().as_nanos() as u64;
    let mut times = Histogram::new();
    for k in 0..count {
        let due = (k as u128 * 1_000_000_000 / rate as u128) as u64;
        while now() < due {}
        request();
        times.add(now() - due);
    }
    times
}

/// Marsaglia's xorshift, as the Go programs have it.
pub struct Random(u64);
impl Random {
    /// That of a thread.
    pub fn of(thread: u64) -> Self {
        Random(88_172_645_463_325_252 + thread * 7919)
    }
    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_found_in_its_bucket() {
        for ns in (0..2000).chain([1 << 20, (1 << 20) + 12_345, u64::MAX / 3, u64::MAX]) {
            let found = middle(index(ns));
            assert!(found.abs_diff(ns) <= ns / 256, "{ns} became {found}");
        }
        assert!(index(u64::MAX) < Histogram::new().counts.len());
        assert!((1..5000).all(|ns| index(ns) == index(ns - 1) || index(ns) == index(ns - 1) + 1));
    }

    #[test]
    fn ranks_are_counted_from_the_smallest() {
        let mut times = Histogram::new();
        (1..=1000).for_each(|ns| times.add(if ns <= 998 { 10 } else { ns * 100 }));
        assert_eq!((times.per_mille(500), times.per_mille(998), times.max_ns), (10, 10, 100_000));
        assert!(times.per_mille(999).abs_diff(99_900) < 500);
    }

    #[test]
    fn what_waits_behind_a_slow_request_is_slow() {
        let mut first = true;
        let times = at_rate(Instant::now(), 10_000, 200, || {
            if std::mem::take(&mut first) {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
        });
        // Due every 100 µs: a hundred of them fell into the 10 ms, and eighty waited at least 2 ms for its end.
        assert!(times.per_mille(610) > 1_900_000 && times.count == 200, "{}", times.per_mille(610));
    }
}
