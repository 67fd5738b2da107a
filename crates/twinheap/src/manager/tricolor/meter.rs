//! The pacer's senses: clocks and counters around a pure value ([`super::pacer`]), and the words that allocators look at.
//!
//! ```text
//! the stop ── schedule of this collection ──▶ marking, assists ── what it measured ──▶ F2: the next plan
//! ```
//! A thread that marks shows up between two slices (`Throttle`): it says how far it is, and where mutators run on every
//! processor it sleeps until it has had no more than its share.  It does not where somebody waits for the collection: the
//! program asked for it, the heap is beyond its goal, or full.
//! Processor time of the process, less the collector's and the assists', is the program's: what other threads do counts as
//! the program's work, which it is.
//! Not here: who assists and waits (`cache`), what is given back (`scavenger`).  Overview: `manager::tricolor`.

use super::{
    collector::{Inner, add},
    mark::Marker,
    pacer::{
        Measured, Pacer, Plan,
        assist::Schedule,
        share::{Share, background_processors},
    },
};
use crate::{
    object::managed::Cause,
    process::{process_cpu_ns, thread_cpu_ns},
    sync::{AtomicBool, AtomicU64, AtomicUsize, Instant, Mutex, Ordering::Relaxed, lock, thread},
};
use std::time::Duration;

/// Clocks at one moment.
#[derive(Clone, Copy)]
struct Reading {
    wall: Instant,
    process_ns: u64,
    collector_ns: u64,
    assist_ns: u64,
}

/// How often the limiter is told of what marking takes (Go: `gcCPULimiterUpdatePeriod`).
const TELL: Duration = Duration::from_millis(10);

/// Between two readings.
struct Passed {
    collector_ns: u64,
    assist_ns: u64,
    program_ns: u64,
}

impl Reading {
    fn until(self, end: Reading) -> Passed {
        let (collector_ns, assist_ns) = (end.collector_ns - self.collector_ns, end.assist_ns - self.assist_ns);
        Passed {
            collector_ns,
            assist_ns,
            program_ns: (end.process_ns - self.process_ns).saturating_sub(collector_ns + assist_ns),
        }
    }
}

struct Marks {
    /// When the last plan was made, and what had been handed out by then.
    plan: (Reading, usize),
    /// When marking began, and what had been marked by then.
    mark: (Reading, u64),
    /// When the limiter was told last.
    told: Reading,
}

/// One heap's.
pub struct Meter {
    pub(super) processors: usize,
    marks: Mutex<Marks>,
    /// This collection's schedule: written in the stop, read in sessions.
    start_bytes: AtomicUsize,
    goal_bytes: AtomicUsize,
    expected_work: AtomicU64,
    most_work: AtomicU64,
    /// What had been marked when it began.
    marked_before: AtomicU64,
    /// Allocators neither assist nor wait.
    pub(super) is_capped: AtomicBool,
    /// Somebody waits for the collection that runs.
    is_awaited: AtomicBool,
    /// Nanoseconds of processor time of helpers that mark.
    pub(super) helpers_ns: AtomicU64,
    /// Spans in use when marking ended last.
    pub(super) span_bytes: AtomicUsize,
    /// Nanoseconds that mutators marked, all together.
    pub(super) assist_ns: AtomicU64,
    /// Collections whose mark was capped.
    pub(super) capped: AtomicU64,
    /// Nanoseconds that the collector slept so that mutators had the processors.
    pub(super) throttled_ns: AtomicU64,
}

impl Meter {
    pub(super) fn new() -> Self {
        let now = Reading { wall: Instant::now(), process_ns: process_cpu_ns(), collector_ns: 0, assist_ns: 0 };
        Meter {
            processors: thread::available_parallelism().map_or(1, usize::from),
            marks: Mutex::new(Marks { plan: (now, 0), mark: (now, 0), told: now }),
            start_bytes: AtomicUsize::new(0),
            goal_bytes: AtomicUsize::new(usize::MAX),
            expected_work: AtomicU64::new(0),
            most_work: AtomicU64::new(0),
            marked_before: AtomicU64::new(0),
            is_capped: AtomicBool::new(false),
            is_awaited: AtomicBool::new(false),
            helpers_ns: AtomicU64::new(0),
            span_bytes: AtomicUsize::new(0),
            assist_ns: AtomicU64::new(0),
            capped: AtomicU64::new(0),
            throttled_ns: AtomicU64::new(0),
        }
    }
    /// By the collector's thread.
    fn read(&self) -> Reading {
        Reading {
            wall: Instant::now(),
            collector_ns: thread_cpu_ns() + self.helpers_ns.load(Relaxed),
            assist_ns: self.assist_ns.load(Relaxed),
            process_ns: process_cpu_ns(),
        }
    }
    fn set_schedule(&self, s: Schedule) {
        self.start_bytes.store(s.start_bytes, Relaxed);
        self.goal_bytes.store(s.goal_bytes, Relaxed);
        self.expected_work.store(s.expected_work, Relaxed);
        self.most_work.store(s.most_work, Relaxed);
    }
    fn schedule(&self) -> Schedule {
        Schedule {
            start_bytes: self.start_bytes.load(Relaxed),
            goal_bytes: self.goal_bytes.load(Relaxed),
            expected_work: self.expected_work.load(Relaxed),
            most_work: self.most_work.load(Relaxed),
        }
    }
}

impl Inner {
    /// A collection begins: whether somebody waits for it.
    pub(super) fn meter_begin(&self, cause: Cause) {
        // Zeal is a test of what races, and wants collections, not room between them.
        self.meter.is_awaited.store(matches!(cause, Cause::Asked | Cause::Zeal), Relaxed)
    }
    /// In the stop: the line that allocators must keep, by what the last collection measured.
    pub(super) fn meter_stop(&self, allocated: usize) {
        let pacer = lock(&self.pacer);
        let heap = allocated.wrapping_sub(self.base.load(Relaxed));
        let plan = self.meter_plan(&pacer.0, &pacer.1);
        let marked = self.figures.marked.load(Relaxed);
        self.meter.marked_before.store(marked, Relaxed);
        self.meter.set_schedule(pacer.0.schedule(&pacer.1, &plan, heap));
        let now = self.meter.read();
        let mut marks = lock(&self.meter.marks);
        marks.mark = (now, marked);
        marks.told = now;
        drop(marks);
        let capped = plan.is_capped;
        self.meter.is_capped.store(capped, Relaxed);
        if capped {
            self.meter.capped.fetch_add(1, Relaxed);
        }
        self.assist_at.store(if capped || plan.goal_bytes == usize::MAX { usize::MAX } else { 0 }, Relaxed);
    }
    fn meter_plan(&self, pacer: &Pacer, measured: &Measured) -> Plan {
        let mut plan = pacer.plan(measured);
        // What was asked for may come when the heap is anywhere.
        plan.goal_bytes = self.goal.load(Relaxed);
        plan
    }
    /// F2: the next collection, from what this one measured.  `at_stop`: bytes handed out when it began.
    pub(super) fn pace(&self, at_stop: usize) {
        let now = self.meter.read();
        let used_bytes = self.memory.used_bytes();
        self.meter.span_bytes.store(used_bytes.saturating_sub(self.memory.head_bytes()), Relaxed);
        let mut pacer = lock(&self.pacer);
        let allocated = self.allocated.load(Relaxed);
        let marked_bytes = self.marked_bytes.swap(0, Relaxed);
        let born_bytes = allocated - at_stop;
        let heap_bytes = at_stop.wrapping_sub(self.base.load(Relaxed));
        self.base.store(allocated.wrapping_sub(marked_bytes + born_bytes), Relaxed);
        let mut marks = lock(&self.meter.marks);
        let (mark, cycle) = (marks.mark.0.until(now), marks.plan.0.until(now));
        let told = marks.told.until(now);
        pacer.0.limiter.account(told.collector_ns + told.assist_ns, told.program_ns);
        let measured = Measured {
            marked_bytes,
            heap_bytes,
            born_bytes,
            // As it was left by the last collection: what is dead of it is not dropped yet.
            outside_bytes: self.outside_then.load(Relaxed).min(self.memory.outside_bytes()),
            roots_bytes: self.roots_bytes(),
            overhead_bytes: used_bytes.saturating_sub(marked_bytes + born_bytes).min(marked_bytes / 4),
            work: self.figures.marked.load(Relaxed) - marks.mark.1,
            background_ns: mark.collector_ns,
            assist_ns: mark.assist_ns,
            mutator_ns: mark.program_ns,
            cycle_bytes: allocated.wrapping_sub(marks.plan.1),
            collector_ns: cycle.collector_ns + cycle.assist_ns,
            program_ns: cycle.program_ns,
        };
        marks.plan = (now, allocated);
        marks.told = now;
        drop(marks);
        let plan = pacer.0.after(&measured);
        pacer.1 = measured;
        let outside_then = self.outside_then.load(Relaxed);
        self.set_plan(plan);
        if self.memory.counts_outside() {
            // Until the dead are dropped, what they hold counts as growth, or it would make room for as much again; and what
            // is due is known only then (`plan_for_outside`).
            self.outside_then.store(outside_then, Relaxed);
            self.trigger_at.store(usize::MAX, Relaxed);
        }
    }

    /// Objects that the allocator of so many bytes must look at now.
    pub(super) fn assist_owed(&self, bytes: usize) -> u64 {
        let heap = self.allocated.load(Relaxed).wrapping_sub(self.base.load(Relaxed));
        let done = self.figures.marked.load(Relaxed) - self.meter.marked_before.load(Relaxed);
        self.meter.schedule().owed(bytes, heap, done)
    }
    /// Where allocation waits for the collector.
    pub(super) fn brake_bytes(goal_bytes: usize) -> usize {
        goal_bytes.saturating_add((goal_bytes / 50).max(64 << 10))
    }
    /// The limiter hears of long marks before they end.
    fn tell_limiter(&self, now: Instant) {
        let mut marks = lock(&self.meter.marks);
        if now.saturating_duration_since(marks.told.wall) < TELL {
            return;
        }
        let now = self.meter.read();
        let passed = marks.told.until(now);
        marks.told = now;
        drop(marks);
        let pacer = &mut *lock(&self.pacer);
        pacer.0.limiter.account(passed.collector_ns + passed.assist_ns, passed.program_ns);
        if pacer.0.plan(&pacer.1).is_capped && !self.meter.is_capped.swap(true, Relaxed) {
            self.meter.capped.fetch_add(1, Relaxed);
            self.assist_at.store(usize::MAX, Relaxed);
        }
    }
}

/// What a thread that marks remembers between two slices.
#[derive(Default)]
pub struct Throttle {
    since: Option<(Instant, u64)>,
    share: Share,
}

/// How often a thread that marks looks at the clock.
const LOOK_NS: u64 = 100_000;

impl Throttle {
    /// Between two slices: tells how far marking is, and sleeps where the processors are the mutators'.
    pub(super) fn between(&mut self, inner: &Inner, marker: &mut Marker) {
        inner.count_marked(marker);
        let now = Instant::now();
        let Some((then, cpu_then)) = self.since else {
            self.since = Some((now, thread_cpu_ns()));
            return;
        };
        let passed_ns = (now - then).as_nanos() as u64;
        if passed_ns < LOOK_NS {
            return;
        }
        let cpu = thread_cpu_ns();
        let share = background_processors(inner.meter.processors, inner.mutators_running());
        inner.tell_limiter(now);
        let mut sleep_ns = self.share.spend(share, cpu - cpu_then, passed_ns);
        let slept = Instant::now();
        let mut so_far_ns = 0;
        while sleep_ns > 0 && !inner.is_urgent() {
            thread::sleep(Duration::from_nanos(sleep_ns));
            let all_ns = slept.elapsed().as_nanos() as u64;
            sleep_ns = self.share.spend(share, 0, all_ns - so_far_ns);
            so_far_ns = all_ns;
        }
        if so_far_ns > 0 {
            add(&inner.meter.throttled_ns, so_far_ns);
        }
        self.since = Some((Instant::now(), thread_cpu_ns()));
    }
}

impl Inner {
    /// Whether the helper of this number (from 1) has no processor of its own while mutators run.
    pub(super) fn must_give_way(&self, number: usize) -> bool {
        let share = background_processors(self.meter.processors, self.mutators_running());
        share < (number + 1) as f64 && !self.is_urgent()
    }
    /// Whether marking must not rest.
    fn is_urgent(&self) -> bool {
        self.meter.is_awaited.load(Relaxed) || self.is_beyond_goal() || self.is_asked_for()
    }
    fn is_beyond_goal(&self) -> bool {
        let heap = self.allocated.load(Relaxed).wrapping_sub(self.base.load(Relaxed));
        heap >= self.goal.load(Relaxed) && !self.meter.is_capped.load(Relaxed)
    }
    /// Somebody began to wait for the collection that runs.
    pub(super) fn hurry(&self) {
        self.meter.is_awaited.store(true, Relaxed)
    }
}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;
    use crate::{config::Config, sync::Arc};

    /// Go's `TestPeriodicGC`, with its period of nothing: two collections come though nobody allocates.
    #[test]
    fn a_collection_comes_when_there_was_none_for_long() {
        let inner = Arc::new(Inner::new(&Config { zeal: None, ..Config::default() }));
        inner.plan_again(|pacer| pacer.period_ns = 1_000_000);
        let its = inner.clone();
        let thread = std::thread::spawn(move || its.run());
        while inner.figures.collections.load(Relaxed) < 2 {
            thread::sleep(Duration::from_millis(1));
        }
        inner.plan_again(|pacer| pacer.period_ns = u64::MAX);
        inner.shut_down();
        thread.join().unwrap();
    }
}
