//! What the scenarios share: the round, its configuration, the thread that collects without end, a potato.
//! Not a scenario.  Overview: `soak`.

pub use crate::random::Random;
use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use twinheap::{Config, Gc, Heap, Mutation, Request, Rootable, Slot, Static, Trace, Tricolor};

pub type M = Tricolor;
pub const MAGIC: u64 = 0x5eed_1234_abcd_0042;

/// One round of a scenario.
pub struct Round {
    pub seed: u64,
    pub threads: usize,
    pub time: Duration,
    pub operations: AtomicU64,
    pub collections: AtomicU64,
}
impl Round {
    pub fn new(seed: u64, threads: usize, time: Duration) -> Self {
        Round { seed, threads, time, operations: AtomicU64::new(0), collections: AtomicU64::new(0) }
    }
    pub fn random(&self, lane: usize) -> Random {
        Random::new(self.seed.wrapping_mul(0x1_0000_0001).wrapping_add(lane as u64 + 1))
    }
    pub fn did(&self, operations: u64) {
        self.operations.fetch_add(operations, Relaxed);
    }
    /// `work(lane, until)` on each thread, and a thread that collects all the time; then the heap's laws.
    pub fn run<R: Rootable<M>>(&self, heap: &Heap<R, M>, time: Duration, work: impl Fn(usize, Instant) + Sync)
    where
        Heap<R, M>: Sync,
    {
        let stop = AtomicBool::new(false);
        let until = Instant::now() + time;
        std::thread::scope(|s| {
            s.spawn(|| {
                let mut mutator = heap.mutator().expect("many mutators");
                while !stop.load(Relaxed) {
                    mutator.collect(Request::FULL);
                    std::thread::yield_now();
                }
            });
            let end = catch_unwind(AssertUnwindSafe(|| {
                std::thread::scope(|s| {
                    for lane in 0..self.threads {
                        let work = &work;
                        s.spawn(move || work(lane, until));
                    }
                })
            }));
            stop.store(true, Relaxed);
            if let Err(panic) = end {
                resume_unwind(panic)
            }
        });
        self.whole(heap);
    }
    /// What must hold between rounds.
    pub fn whole<R: Rootable<M>>(&self, heap: &Heap<R, M>) {
        heap.mutator().expect("many mutators").verify().unwrap_or_else(|law| panic!("verify: {law}"));
        let stats = heap.stats();
        assert!(!stats.collector_failed, "the collector's thread has ended");
        assert_eq!((stats.finalizer_panics, stats.drop_panics, stats.callback_panics), (0, 0, 0), "panics swallowed");
        assert!(stats.collections > 0, "nothing was collected");
        self.collections.fetch_add(stats.collections, Relaxed);
    }
}

/// Small heaps, three that mark on any machine, and every marking checked in a stop (Go's gccheckmark).
pub fn config() -> Config {
    Config {
        min_heap_bytes: 1 << 14,
        gogc: Some(50),
        mark_workers: Some(3),
        check_marks: true,
        // So many threads on few processors wait for each other, which is no fault.
        session_limit: None,
        ..Config::default()
    }
}

/// Counts the living of a scenario: up at birth, down at the drop.
pub struct Live(Arc<AtomicI64>);
impl Live {
    pub fn new(count: &Arc<AtomicI64>) -> Static<Live> {
        count.fetch_add(1, Relaxed);
        Static(Live(count.clone()))
    }
}
impl Drop for Live {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// Knows itself, and has a child with the next number: a block that was freed and filled again is somebody else.
#[derive(Trace)]
#[trace(manager = Tricolor)]
pub struct Potato<'gc> {
    pub id: u64,
    check: u64,
    text: String,
    pub child: Slot<'gc, Potato<'gc>, M>,
}
pub fn potato<'gc>(mc: &Mutation<'gc, M>, id: u64) -> Gc<'gc, Potato<'gc>, M> {
    let new =
        |id: u64, child| Gc::new(mc, Potato { id, check: id ^ MAGIC, text: format!("p{id}"), child: Slot::new(child) });
    let child = new(id + 1, None);
    new(id, Some(child))
}
pub fn whole(potato: &Potato<'_>) {
    assert_eq!(potato.id ^ MAGIC, potato.check, "somebody else is in the block");
    assert_eq!(potato.text, format!("p{}", potato.id), "somebody else is in the block");
}
pub fn pair(potato: &Potato<'_>) {
    whole(potato);
    let child = potato.child.get().expect("every potato has its child");
    whole(&child);
    assert_eq!(child.id, potato.id + 1, "somebody else's child");
}
/// Fills freed blocks, so that what was lost is overwritten.
pub fn garbage(mc: &Mutation<'_, M>) {
    potato(mc, 1 << 40);
}
