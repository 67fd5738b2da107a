//! The threads that mark: the collector's, which leads, and its helpers.
//!
//! k workers mark (`Config::mark_workers`; by itself a quarter of the processors, as Go's).  The collector's thread is the
//! first of them.  The others are started when there is something on the shelf for them, and sleep there ever after: between
//! collections nothing is on it.  Who leads goes on to F1 when nothing is on the shelf and nobody is active (`work`); helpers
//! never take a gray lock, and never decide anything.
//! Not here: how work is shared (`work`), what a marker does with an object (`mark`).  Overview: `manager::tricolor`.

use super::{
    collector::{Inner, add},
    mark::Marker,
    meter::Throttle,
};
use crate::{
    process::{self, thread_cpu_ns},
    sync::{
        Arc, Instant, Mutex, lock,
        thread::{self, JoinHandle},
    },
};
use std::time::Duration;

/// What is worth a thread's start: so many slices (of 32 KiB) in a marking, or so much on the shelf.
const SLICES_A_HELPER: usize = if cfg!(any(miri, shuttle)) { 2 } else { 32 };
const WAITING_A_HELPER: usize = if cfg!(any(miri, shuttle)) { 2 } else { 4 };

/// How often a helper looks whether it must give way, and how long it rests then.
const LOOK: Duration = Duration::from_micros(100);
const REST: Duration = Duration::from_micros(500);

/// The helpers of a heap.
pub struct Workers {
    /// Workers, the one that leads included.
    max: usize,
    helpers: Mutex<Vec<JoinHandle<()>>>,
}

impl Workers {
    /// `mark_workers` as it is configured.
    pub(super) fn new(mark_workers: Option<usize>) -> Self {
        let by_itself = || thread::available_parallelism().map_or(1, |n| n.get() / 4);
        Workers { max: mark_workers.unwrap_or_else(by_itself).max(1), helpers: Mutex::default() }
    }
}

impl Inner {
    /// Marks until nothing is gray on the shelf or with a worker; what is in gray buffers is F1's.  The caller leads.
    pub(super) fn mark_all(self: &Arc<Self>, marker: &mut Marker) {
        marker.lead();
        let (mut slices, mut throttle) = (0, Throttle::default());
        loop {
            while marker.slice() {
                slices += 1;
                if self.workers.max > 1 {
                    self.start_helper(slices)
                }
                throttle.between(self, marker)
            }
            if !marker.next(true, &self.epoch) {
                return;
            }
        }
    }

    /// Starts a helper that is missing, if there is work for one; the leader has looked at so many slices.
    fn start_helper(self: &Arc<Self>, slices: usize) {
        let mut helpers = lock(&self.workers.helpers);
        let due = || slices > (helpers.len() + 1) * SLICES_A_HELPER || self.pool.waiting() >= WAITING_A_HELPER;
        if helpers.len() + 1 >= self.workers.max || !due() {
            return;
        }
        let (its, number) = (self.clone(), helpers.len() + 1);
        let name = format!("twinheap-mark-{number}");
        // When the system refuses a thread, those that are there do the work.
        if let Ok(helper) = thread::Builder::new()
            .name(name)
            .stack_size(super::manage::COLLECTOR_STACK_BYTES)
            .spawn(move || its.help(number))
        {
            helpers.push(helper)
        }
    }
    /// A helper's thread.  Where mutators run on the processors that it would need, it puts back what it has, and rests.
    fn help(self: Arc<Self>, number: usize) {
        /// Who leads must not wait for a helper that has fallen.
        struct Fall<'a>(&'a Inner);
        impl Drop for Fall<'_> {
            fn drop(&mut self) {
                self.0.pool.close(true)
            }
        }
        let fall = Fall(&self);
        process::in_background(self.background_nice);
        let mut marker = Marker::new(0, &self.pool);
        let mut counted_ns = thread_cpu_ns();
        while marker.next(false, &self.epoch) {
            let mut looked = Instant::now();
            let mut gives_way = false;
            while !gives_way && marker.slice() {
                if looked.elapsed() >= LOOK {
                    // Assists are measured by it.
                    add(&self.figures.helpers_marked, self.count_marked(&mut marker));
                    gives_way = self.must_give_way(number);
                    looked = Instant::now();
                }
            }
            // Before it is not active any more: F1 may be over then.
            add(&self.figures.helpers_marked, self.count_marked(&mut marker));
            let now_ns = thread_cpu_ns();
            let cpu_ns = now_ns - std::mem::replace(&mut counted_ns, now_ns);
            add(&self.figures.collector_cpu_ns, cpu_ns);
            add(&self.figures.mark_cpu_ns, cpu_ns);
            add(&self.meter.helpers_ns, cpu_ns);
            if gives_way {
                marker.leave();
                thread::sleep(REST)
            }
        }
        std::mem::forget(fall)
    }
    /// The helpers go.  No collection is on, and none will be.
    pub(super) fn end_helpers(&self) {
        self.pool.close(false);
        let helpers = std::mem::take(&mut *lock(&self.workers.helpers));
        for helper in helpers {
            // A panic of it was reported by the panic hook, and the collector's own followed.
            let _ = helper.join();
        }
    }
}
