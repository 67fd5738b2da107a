//! [`Tally`]: what a heap counts of itself for those who read it while it runs: stops, causes, the queue's sums.
//!
//! ```text
//! collections == Σ by cause == entries ever written to the ring              (zeal's are in none of them)
//! executed <= queued                                                          for finalizers, and for cleanups
//! ```
//! What collections do is noted under a lock that is held for a copy of some lines, once a collection; the rest are relaxed
//! additions, none of them at an allocation or a release.  Reading stops nobody.
//! Not here: hold-ups (`holdup`), sums of objects and bytes (the managers').  Overview: `observe`.

use super::{
    collection::Cause,
    times::{TimeHistogram, Times},
};
use crate::sync::{
    AtomicU64, Instant, Mutex,
    Ordering::{Acquire, Relaxed},
    lock, seeded,
};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Stops that the ring remembers (Go: `MemStats.PauseNs`).
pub const RING: usize = 256;

/// Why sessions were held outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StopCause {
    /// A collection began; under `RefCount`: all of it.
    Collection,
    /// Somebody looked at the heap: `verify`, zeal.
    Look,
}
impl StopCause {
    /// Both.
    pub const ALL: [StopCause; 2] = [StopCause::Collection, StopCause::Look];
    /// Go's word in `/sched/pauses/…`.
    pub fn name(self) -> &'static str {
        match self {
            StopCause::Collection => "gc",
            StopCause::Look => "other",
        }
    }
}

/// One cause's stops: until nobody was in a session, and until everybody could go on.
#[derive(Default)]
struct Stopped {
    stopping: Times,
    total: Times,
}

/// User code for dead objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    /// A finalizer.
    Finalizer,
    /// A cleanup.
    Cleanup,
}

/// A heap's own counts.
pub struct Tally {
    began: Instant,
    ended: Mutex<Ended>,
    stopped: [Stopped; 2],
    queued: [AtomicU64; 2],
    executed: [AtomicU64; 2],
    told: Mutex<Sums>,
}

/// Collections that are over.
struct Ended {
    by_cause: [u64; Cause::ALL.len()],
    stop_ns_total: u64,
    last_end_unix_ns: u64,
    /// Entries ever written; the next goes to its remainder by [`RING`].
    entries: u64,
    ring: Box<[(u64, u64)]>,
}

/// Allocations and releases as they were told last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) allocated_objects: u64,
    pub(crate) allocated_bytes: u64,
    pub(crate) freed_objects: u64,
    pub(crate) freed_bytes: u64,
}

/// A [`Tally`] read at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TallySummary {
    /// Nanoseconds since the heap began.
    pub age_ns: u64,
    /// Collections of each cause that occurred, zeal's left out.
    pub by_cause: Vec<(Cause, u64)>,
    /// Nanoseconds of the stops of all these collections together: from the wish to stop to everybody's going on.
    pub stop_ns_total: u64,
    /// When the last collection ended, in nanoseconds since 1970; 0 before the first.
    pub last_end_unix_ns: u64,
    /// The last collections' stops, at most [`RING`], the latest first: nanoseconds, and when it ended since 1970.
    pub recent_stops: Vec<(u64, u64)>,
    /// Stops of each cause: times until nobody was in a session, and in all.
    pub stops: Vec<(StopCause, TimeHistogram, TimeHistogram)>,
    /// Finalizers queued, and of these handed to whoever runs them.
    pub finalizers: (u64, u64),
    /// Cleanups, likewise.
    pub cleanups: (u64, u64),
}

impl TallySummary {
    /// Collections of all causes.
    pub fn collections(&self) -> u64 {
        self.by_cause.iter().map(|c| c.1).sum()
    }
    /// Those that the program asked for.
    pub fn asked(&self) -> u64 {
        self.by_cause.iter().find(|c| c.0 == Cause::Asked).map_or(0, |c| c.1)
    }
}

impl Default for Tally {
    fn default() -> Self {
        Tally {
            began: Instant::now(),
            ended: Mutex::new(Ended {
                by_cause: Default::default(),
                stop_ns_total: 0,
                last_end_unix_ns: 0,
                entries: 0,
                ring: vec![(0, 0); RING].into(),
            }),
            stopped: Default::default(),
            queued: Default::default(),
            executed: Default::default(),
            told: Default::default(),
        }
    }
}

/// Nanoseconds since 1970, by the system's clock.
pub(crate) fn unix_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_nanos().min(u64::MAX as u128) as u64)
}
fn ns(of: Duration) -> u64 {
    of.as_nanos().min(u64::MAX as u128) as u64
}

impl Tally {
    /// Time since the heap began.
    pub(crate) fn age(&self) -> Duration {
        self.began.elapsed()
    }
    /// A stop is over.
    pub(crate) fn stopped(&self, cause: StopCause, stopping: Duration, total: Duration) {
        let of = &self.stopped[cause as usize];
        of.stopping.record(ns(stopping));
        of.total.record(ns(total));
    }
    /// A collection is over, whose stop took so long and ended then.
    pub(crate) fn collected(&self, cause: Cause, stop: Duration, stop_end_unix_ns: u64) {
        if cause == Cause::Zeal {
            return;
        }
        let ended = &mut *lock(&self.ended);
        ended.ring[ended.entries as usize % RING] = (ns(stop), stop_end_unix_ns);
        ended.entries += 1;
        ended.stop_ns_total += ns(stop);
        ended.last_end_unix_ns = unix_ns();
        ended.by_cause[cause as usize] += 1;
    }
    /// User code was queued.
    pub(crate) fn queue(&self, errand: Option<Errand>) {
        if let Some(errand) = errand {
            self.queued[errand as usize].fetch_add(1, Relaxed);
        }
    }
    /// It was handed to whoever runs it.
    pub(crate) fn execute(&self, errand: Option<Errand>) {
        if let Some(errand) = errand {
            self.executed[errand as usize].fetch_add(1, Relaxed);
        }
    }
    /// Reads sums and the bytes that can be in use, and makes them fit: two looks at what other threads change may go
    /// backwards, or show objects whose spans were freed between the two.  Readers wait for each other here.
    ///
    /// ```text
    /// none less than told before      freed <= allocated      allocated bytes − freed bytes <= room
    /// ```
    pub(crate) fn tell(&self, read: impl FnOnce() -> (Sums, u64)) -> Sums {
        let mut told = lock(&self.told);
        let (now, room) = read();
        if seeded("sums_told_raw") {
            return now;
        }
        let allocated_bytes = told.allocated_bytes.max(now.allocated_bytes);
        let freed_objects = told.freed_objects.max(now.freed_objects);
        *told = Sums {
            allocated_objects: told.allocated_objects.max(now.allocated_objects).max(freed_objects),
            allocated_bytes,
            freed_objects,
            freed_bytes: told
                .freed_bytes
                .max(now.freed_bytes)
                .max(allocated_bytes.saturating_sub(room))
                .min(allocated_bytes),
        };
        *told
    }
    /// Reads everything.
    pub fn summary(&self) -> TallySummary {
        let ended = lock(&self.ended);
        let entries = ended.entries;
        let recent = (0..entries.min(RING as u64)).map(|back| ended.ring[(entries - 1 - back) as usize % RING]);
        let pair = |e: Errand| {
            // In this order: what is executed was queued before.
            let executed = self.executed[e as usize].load(Acquire);
            (self.queued[e as usize].load(Relaxed).max(executed), executed)
        };
        TallySummary {
            age_ns: ns(self.age()),
            by_cause: Cause::ALL.into_iter().zip(ended.by_cause).filter(|c| c.1 > 0).collect(),
            stop_ns_total: ended.stop_ns_total,
            last_end_unix_ns: ended.last_end_unix_ns,
            recent_stops: recent.collect(),
            stops: StopCause::ALL
                .into_iter()
                .map(|c| (c, self.stopped[c as usize].stopping.read(), self.stopped[c as usize].total.read()))
                .collect(),
            finalizers: pair(Errand::Finalizer),
            cleanups: pair(Errand::Cleanup),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_ring_keeps_the_last_and_zeal_is_in_none() {
        let tally = Tally::default();
        for i in 0..300 {
            tally.collected(if i % 3 == 0 { Cause::Asked } else { Cause::Goal }, Duration::from_nanos(i), i);
            tally.collected(Cause::Zeal, Duration::from_secs(1), i);
        }
        let read = tally.summary();
        assert_eq!((read.collections(), read.asked()), (300, 100));
        assert_eq!(
            (read.recent_stops.len(), read.recent_stops[0], read.recent_stops[255]),
            (256, (299, 299), (44, 44))
        );
        assert_eq!(read.stop_ns_total, (0..300).sum::<u64>());
        assert!(read.last_end_unix_ns > 1_600_000_000_000_000_000);
    }

    #[test]
    fn told_sums_never_go_back() {
        let tally = Tally::default();
        let tell = |allocated: (u64, u64), freed: (u64, u64), room| {
            let sums = Sums {
                allocated_objects: allocated.0,
                allocated_bytes: allocated.1,
                freed_objects: freed.0,
                freed_bytes: freed.1,
            };
            let told = tally.tell(|| (sums, room));
            ((told.allocated_objects, told.allocated_bytes), (told.freed_objects, told.freed_bytes))
        };
        assert_eq!(tell((5, 50), (1, 10), 100), ((5, 50), (1, 10)));
        // Fewer births than told: as many as told.  More live bytes than room: the rest was freed.
        assert_eq!(tell((4, 40), (2, 20), 25), ((5, 50), (2, 25)));
        assert_eq!(tell((6, 60), (2, 20), 100), ((6, 60), (2, 25)));
        // What is freed was born.
        assert_eq!(tell((6, 60), (9, 90), 100), ((9, 60), (9, 60)));
    }
}
