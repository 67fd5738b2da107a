//! `lru-cache`: a bounded cache that serves requests at a steady rate, and how long each one took.
//!
//! The load is open: a request is due at its time whether or not the one before is done, and its response time counts
//! from when it was due. So a manager that holds the program up for 10 ms is charged for every request that waited.
//! Standard output is a checksum of what was served; response times go to standard error and into the report. The table
//! of workloads is in `workloads.rs`.

use std::{
    cell::Cell,
    io::Write,
    time::{Duration, Instant},
};

use twinheap::{Full, Gc, Manager, Mutation, OneMutator, Rootable, Slot, Trace};

use crate::report::measure::{Response, Unit};

use super::{Chosen, Done, Key, Random, Stage, Stop, Workload, session};

pub const WORKLOAD: Workload = Workload {
    name: "lru-cache",
    about: "Serves requests from a bounded cache at a steady rate, and measures each response from when it was due.",
    keys: &[
        Key { name: "size", default: 100_000, least: 1, most: 1_000_000_000, about: "records the cache may hold" },
        Key { name: "rate", default: 100_000, least: 1, most: 100_000_000, about: "requests a second" },
        Key { name: "seconds", default: 5, least: 1, most: 1_000_000, about: "how long" },
    ],
    contenders: super::BOTH,
};

/// With more time than this until the next request we sleep, with less we look at the clock again and again.
const SLEEP_FROM: Duration = Duration::from_micros(200);
/// What sleeping may take longer than asked for.
const SLEEP_LATE: Duration = Duration::from_micros(100);

#[derive(Trace)]
struct Record<'gc, M: Manager> {
    key: u64,
    payload: Gc<'gc, [u64; 8], M>,
    newer: Slot<'gc, Record<'gc, M>, M>,
    older: Slot<'gc, Record<'gc, M>, M>,
    /// The next record of the same bucket.
    chain: Slot<'gc, Record<'gc, M>, M>,
}

type Handle<'gc, M> = Gc<'gc, Record<'gc, M>, M>;

impl<'gc, M: Manager> Record<'gc, M> {
    fn make(mc: &'gc Mutation<'gc, M>, key: u64) -> Result<Handle<'gc, M>, Full> {
        let payload = Gc::try_new(mc, std::array::from_fn(|i| key + i as u64)).map_err(|no_room| no_room.full)?;
        let record = Record { key, payload, newer: Slot::empty(), older: Slot::empty(), chain: Slot::empty() };
        Gc::try_new(mc, record).map_err(|no_room| no_room.full)
    }
}

/// A hash table and a list from the newest to the oldest use, both made of slots.
#[derive(Trace)]
struct Cache<'gc, M: Manager> {
    buckets: Vec<Slot<'gc, Record<'gc, M>, M>>,
    newest: Slot<'gc, Record<'gc, M>, M>,
    oldest: Slot<'gc, Record<'gc, M>, M>,
}

impl<'gc, M: Manager> Cache<'gc, M> {
    fn bucket(&self, key: u64) -> &Slot<'gc, Record<'gc, M>, M> {
        &self.buckets[(key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % self.buckets.len()]
    }

    fn find(&self, key: u64) -> Option<Handle<'gc, M>> {
        let mut at = self.bucket(key).get();
        while let Some(record) = at {
            if record.key == key {
                return Some(record);
            }
            at = record.chain.get();
        }
        None
    }

    /// Takes a record out of the list of uses.
    fn unlink(&self, mc: &'gc Mutation<'gc, M>, record: &Handle<'gc, M>) {
        let (newer, older) = (record.newer.take(mc), record.older.take(mc));
        match &newer {
            Some(newer) => newer.older.set(mc, older.clone()),
            None => self.newest.set(mc, older.clone()),
        }
        match &older {
            Some(older) => older.newer.set(mc, newer),
            None => self.oldest.set(mc, newer),
        }
    }

    /// Puts a record that is in no list before all others.
    fn push(&self, mc: &'gc Mutation<'gc, M>, record: Handle<'gc, M>) {
        match self.newest.get() {
            Some(newest) => {
                newest.newer.set(mc, Some(record.clone()));
                record.older.set(mc, Some(newest));
            }
            None => self.oldest.set(mc, Some(record.clone())),
        }
        self.newest.set(mc, Some(record));
    }

    /// Forgets the record that was not used for the longest time.
    fn evict(&self, mc: &'gc Mutation<'gc, M>) {
        let Some(record) = self.oldest.get() else { return };
        self.unlink(mc, &record);
        let bucket = self.bucket(record.key);
        let mut before = bucket.get();
        if before.as_ref().is_some_and(|first| first.ptr_eq(&record)) {
            bucket.set(mc, record.chain.take(mc));
            return;
        }
        while let Some(at) = before {
            let next = at.chain.get();
            if next.as_ref().is_some_and(|next| next.ptr_eq(&record)) {
                at.chain.set(mc, record.chain.take(mc));
                return;
            }
            before = next;
        }
    }

    /// Serves one request. All allocation comes first, so that it can be asked again when there was no room.
    fn serve(&self, mc: &'gc Mutation<'gc, M>, key: u64, size: u64, held: &Cell<u64>) -> Result<u64, Full> {
        let record = match self.find(key) {
            Some(record) => {
                self.unlink(mc, &record);
                record
            }
            None => {
                let record = Record::make(mc, key)?;
                let bucket = self.bucket(key);
                record.chain.set(mc, bucket.take(mc));
                bucket.set(mc, Some(record.clone()));
                if held.get() == size {
                    self.evict(mc);
                } else {
                    held.set(held.get() + 1);
                }
                record
            }
        };
        let served = record.payload.iter().fold(0u64, |sum, word| sum.wrapping_add(*word));
        self.push(mc, record);
        Ok(served)
    }
}

struct Root;
impl<M: Manager> Rootable<M> for Root {
    type Root<'gc> = Cache<'gc, M>;
}

pub fn run<M: OneMutator>(chosen: &Chosen, stage: &mut Stage<'_>) -> Result<Done, Stop> {
    let (size, rate, seconds) = (chosen.get("size"), chosen.get("rate"), chosen.get("seconds"));
    let heap = stage.heap::<Root, M>(|_| Cache {
        buckets: (0..size.next_power_of_two()).map(|_| Slot::empty()).collect(),
        newest: Slot::empty(),
        oldest: Slot::empty(),
    })?;
    let mut mutator = stage.mutator(&heap)?;
    let held = Cell::new(0);
    let mut random = Random::new(7);
    let mut sum = 0u64;

    // The cache is full before the clock runs.
    for key in 0..size {
        sum = sum.wrapping_add(session(&mut mutator, |mc, cache| cache.serve(mc, key, size, &held))?);
    }
    let requests = rate * seconds;
    let mut responses_ns = Histogram::new();
    let begin = Instant::now();
    for nth in 0..requests {
        let due = begin + Duration::from_nanos((nth as u128 * 1_000_000_000 / rate as u128) as u64);
        wait_until(due);
        let key = random.below(2 * size);
        sum = sum.wrapping_add(session(&mut mutator, |mc, cache| cache.serve(mc, key, size, &held))?);
        responses_ns.record(due.elapsed().as_nanos() as u64);
    }
    writeln!(stage.out, "{requests} requests to a cache of {size} records\t sum: {sum}")?;

    let response = responses_ns.summary();
    let show = |ns: u64| Unit::Nanoseconds.show(ns as f64);
    eprint_line(&format!(
        "response times: median {}, 99 % {}, 99.9 % {}, longest {}",
        show(response.p50_ns),
        show(response.p99_ns),
        show(response.p999_ns),
        show(response.max_ns)
    ));
    Ok(Done { response: Some(response), ..stage.done(mutator, &heap)? })
}

fn eprint_line(line: &str) {
    // With standard error closed there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn wait_until(due: Instant) {
    loop {
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        if left > SLEEP_FROM {
            std::thread::sleep(left - SLEEP_LATE);
        } else {
            std::hint::spin_loop();
        }
    }
}

/// Counts of times by size, exact to one part in 128: a fixed amount of memory for any number of requests.
struct Histogram {
    counts: Vec<u64>,
    count: u64,
    max_ns: u64,
}

impl Histogram {
    const EXACT_BITS: u32 = 7;

    fn new() -> Histogram {
        Histogram { counts: vec![0; 64 << Self::EXACT_BITS], count: 0, max_ns: 0 }
    }

    fn index(ns: u64) -> usize {
        let shift = (64 - ns.leading_zeros()).saturating_sub(Self::EXACT_BITS + 1);
        ((shift as usize) << Self::EXACT_BITS) + (ns >> shift) as usize
    }

    /// The largest time with this index.
    fn upper_ns(index: usize) -> u64 {
        let row = index >> Self::EXACT_BITS;
        let shift = row.saturating_sub(1);
        let first = index - (shift << Self::EXACT_BITS);
        ((first as u64 + 1) << shift) - 1
    }

    fn record(&mut self, ns: u64) {
        self.counts[Self::index(ns)] += 1;
        self.count += 1;
        self.max_ns = self.max_ns.max(ns);
    }

    /// The least time that so many of a thousand do not exceed.
    fn per_mille(&self, per_mille: u64) -> u64 {
        let wanted = (self.count * per_mille).div_ceil(1000);
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted && seen > 0 {
                return Self::upper_ns(index).min(self.max_ns);
            }
        }
        self.max_ns
    }

    fn summary(&self) -> Response {
        Response {
            count: self.count,
            p50_ns: self.per_mille(500),
            p99_ns: self.per_mille(990),
            p999_ns: self.per_mille(999),
            max_ns: self.max_ns,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histogram_is_exact_enough() {
        for ns in (0..2000).chain([12_345, 1 << 20, (1 << 20) + 1, 123_456_789, u64::MAX / 3]) {
            let upper = Histogram::upper_ns(Histogram::index(ns));
            assert!(upper >= ns && upper - ns <= ns / 128, "{ns}: {upper}");
        }
        let mut histogram = Histogram::new();
        for ns in 1..=1000 {
            histogram.record(ns * 1000);
        }
        let summary = histogram.summary();
        let near = |found: u64, exact: u64| found >= exact && found <= exact + exact / 100;
        assert!(near(summary.p50_ns, 500_000) && near(summary.p99_ns, 990_000) && near(summary.p999_ns, 999_000));
        assert_eq!((summary.max_ns, summary.count), (1_000_000, 1000));
    }
}
