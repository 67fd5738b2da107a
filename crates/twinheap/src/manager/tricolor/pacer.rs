//! When to collect and how hard: a pure value, without clock, atomics or heap, that turns what a collection measured into
//! the next one's goal and trigger.
//!
//! ```text
//! survival = marked / heap at the stop, of this collection and the one before together
//! live     = marked + born while marking · survival                              what will be left of the heap now
//! minimum  = min_heap_bytes · GOGC/100, up to 6.5 times that for a program that fills it in less than 10 ms of its own time
//! goal     = max(live + (live + roots + outside) · GOGC/100, minimum), at most what the limits leave
//! runway   = births for each unit of marking, had nobody assisted (the most of five collections) · work expected
//! trigger  = goal − runway, between 1/2 and 61/64 of the way from the heap now to the goal
//! ```
//! The shape is Go 1.27's (`mgcpacer.go`); so are the upper bound, the memory of five collections and the headroom
//! of 3 % (at least 1 MiB) below a limit.  What differs:
//! * Go counts all that is born while marking as live; under a loaded processor that feeds itself (a longer mark, more
//!   births, a larger goal).  Here births survive as the rest of the heap did; of two collections, because one that begins
//!   right after a sweep finds everything alive.  So goals are smaller, and where much is born while marking the trigger
//!   may have to come earlier: half-way at the earliest, not at 45/64.
//! * Go lets the goal grow, up to (1 + GOGC/100) times, when there is more to mark than expected; here assists get
//!   steeper instead, and the goal is passed by 3 % at most (`assist`).
//! * Below 4 MiB Go collects thousands of times a second for a program that makes nothing but garbage; see `minimum`.
//! * Go collects without end when the live heap is beyond the memory limit, and lets mutators off assists when that has
//!   taken half of the processors' time for a second each (`limiter`).  Here the way to the next collection becomes as long
//!   as the program needs to spend as much time as the collection did, so that its other half is the program's, whichever
//!   thread collects.
//!
//! In the folder: `assist` (what allocators owe), `limiter` (the bucket), `share` (background processors and the clock's
//! arithmetic), `simulation` (Go's scenarios) and `laws`, both tests.
//! Not here: who reads clocks and counters (`meter`), who asks for a collection (`collector`).  Overview: `manager::tricolor`.

pub mod assist;
pub mod limiter;
pub mod share;

// A pure value: nothing in it is Miri's business.
#[cfg(all(test, not(miri)))]
mod laws;
#[cfg(all(test, not(miri)))]
mod simulation;

use assist::Schedule;
use limiter::Limiter;

/// What a collection measured, at F2.  Times are processor time; all zero where there is no such clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Measured {
    /// Bytes of marked objects.
    pub marked_bytes: usize,
    /// Bytes of the heap when marking began.
    pub heap_bytes: usize,
    /// Bytes the program holds outside the heap.
    pub outside_bytes: usize,
    /// Bytes of the heap's roots, which are walked beside it.
    pub roots_bytes: usize,
    /// Bytes of the heap that no object has: metadata, free blocks in spans that are in use.
    pub overhead_bytes: usize,
    /// Bytes handed out while marking.
    pub born_bytes: usize,
    /// What marking has done, in a unit that stays the same (objects).
    pub work: u64,
    /// While marking: the collector's own threads.
    pub background_ns: u64,
    /// While marking: assists.
    pub assist_ns: u64,
    /// While marking: the rest of the process.
    pub mutator_ns: u64,
    /// Since the last plan: bytes handed out.
    pub cycle_bytes: usize,
    /// Since the last plan: all that was spent on collecting, and by the rest of the process.
    pub collector_ns: u64,
    /// See above.
    pub program_ns: u64,
}

impl Measured {
    /// What will be left of the heap as it is now, if of the news so much survives.
    fn live_bytes(&self, survival: f64) -> usize {
        self.marked_bytes.saturating_add((self.born_bytes as f64 * survival) as usize)
    }
    fn now_bytes(&self) -> usize {
        self.marked_bytes.saturating_add(self.born_bytes)
    }
    /// Births for each unit of marking if only the collector's own threads had marked, and mutators only mutated: assists
    /// make a mark shorter and births fewer.
    fn births_per_work(&self) -> f64 {
        let without =
            |assist: u64, rest: u64| if rest == 0 { 1.0 } else { (1.0 + assist as f64 / rest as f64).min(100.0) };
        let factor = without(self.assist_ns, self.mutator_ns) * without(self.assist_ns, self.background_ns);
        self.born_bytes as f64 / self.work.max(1) as f64 * factor
    }
}

/// What comes next.  Sizes are of the heap: live and since allocated bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The heap should not grow beyond.
    pub goal_bytes: usize,
    /// A collection begins here.
    pub trigger_bytes: usize,
    /// What marking will have to do, if the heap is as it was.
    pub expected_work: u64,
    /// The soft limit set the goal, and collecting has taken half of the program's time for too long: allocators neither
    /// assist nor wait.
    pub is_capped: bool,
}

/// Go's minimum, which is also the longest runway that is kept however little is expected to be born.
const RUNWAY_KEPT_BYTES: usize = 4 << 20;
/// The bounds of the trigger, in 64ths of the way.
const TRIGGER_MIN_64THS: u128 = 32;
const TRIGGER_MAX_64THS: u128 = 61;
/// A heap at its minimum that the program fills faster than this, in its own time, has a minimum that is larger by a step after
/// each collection, up to so many times; and smaller again when it does not.
///
/// Buffers of 8 KiB of which none lives, processor time by the minimum, 4 MiB = 1 (a cache of 32 MiB): 8 MiB 0.91, 12 MiB 0.95, 16 MiB
/// 1.05, 24 MiB 1.3, 32 MiB 1.6.  So what is best is 8 to 12; a fifth of Go's collections takes 24.  By steps, because what a
/// short program has never touched must be faulted in first: half a MiB takes as long as a collection or two.
const FILL_NS_MIN: u64 = 10_000_000;
const MINIMUM_STEP: f64 = 0.125;
const MINIMUM_TIMES_MAX: f64 = 6.5;
/// Without a collection for so long, one runs: what is garbage may hold files or memory outside (Go: `forcegcperiod`).
pub const PERIOD_NS: u64 = 120_000_000_000;

/// The knobs and the memory of a pacer.
#[derive(Clone, Debug)]
pub struct Pacer {
    /// Go's percentage; `None` is off (a limit still collects).
    pub gogc: Option<u32>,
    /// Below this (times GOGC/100) nothing is collected.
    pub min_heap_bytes: usize,
    /// Go's memory limit: never refuses.
    pub limit_bytes: Option<usize>,
    /// The limit that refuses.
    pub hard_bytes: Option<usize>,
    /// Nanoseconds after which a collection is due though nothing asks for one.
    pub period_ns: u64,
    /// How much of the processors' time collecting takes.
    pub limiter: Limiter,
    /// Births for each unit of marking, of the last five collections that saw any.
    births_per_work: [f64; 5],
    /// Bytes marked by the last collection, and of the heap when it began.
    last: (usize, usize),
    survival: f64,
    minimum_times: f64,
}

impl Pacer {
    /// With these knobs, on so many processors.
    pub fn new(
        gogc: Option<u32>,
        min_heap_bytes: usize,
        soft: Option<usize>,
        hard: Option<usize>,
        processors: usize,
    ) -> Self {
        Pacer {
            gogc,
            min_heap_bytes,
            limit_bytes: soft,
            hard_bytes: hard,
            period_ns: PERIOD_NS,
            limiter: Limiter::new(processors),
            births_per_work: [0.0; 5],
            last: (0, 0),
            survival: 1.0,
            minimum_times: 1.0,
        }
    }
    /// Before the first collection.
    pub fn first(&self) -> Plan {
        self.plan(&Measured::default())
    }
    /// After a collection.
    pub fn after(&mut self, m: &Measured) -> Plan {
        if m.born_bytes > 0 {
            self.births_per_work.rotate_right(1);
            self.births_per_work[0] = m.births_per_work();
        }
        let heap_bytes = self.last.1.saturating_add(m.heap_bytes);
        self.survival = match heap_bytes {
            0 => 1.0,
            _ => (self.last.0.saturating_add(m.marked_bytes) as f64 / heap_bytes as f64).min(1.0),
        };
        self.last = (m.marked_bytes, m.heap_bytes);
        if m.program_ns > 0 {
            let filled_bytes = m.cycle_bytes as f64 / m.program_ns as f64 * FILL_NS_MIN as f64;
            let is_fast = filled_bytes > self.minimum_bytes();
            let step = if is_fast { MINIMUM_STEP } else { -MINIMUM_STEP };
            self.minimum_times = (self.minimum_times + step).clamp(1.0, MINIMUM_TIMES_MAX);
        }
        self.plan(m)
    }
    /// The same, when only a knob has changed.
    pub fn plan(&self, m: &Measured) -> Plan {
        let live = m.live_bytes(self.survival);
        let now = m.now_bytes();
        let mut goal = self.percent_goal(m, live);
        let limited = self.limit_goal(m, live, now);
        let is_capped = self.limiter.is_limiting() && limited.is_some_and(|(bytes, soft)| soft && bytes < goal);
        if let Some((bytes, _)) = limited {
            goal = goal.min(bytes);
        }
        let expected_work =
            scaled(m.work, live.saturating_add(m.roots_bytes), m.marked_bytes.saturating_add(m.roots_bytes));
        if goal == usize::MAX {
            return Plan { goal_bytes: goal, trigger_bytes: goal, expected_work, is_capped };
        }
        // A long mark may have brought the heap to its goal: collections do not follow each other without end.
        goal = goal.max(now.saturating_add(goal.saturating_sub(live) / 4)).min(isize::MAX as usize);
        let way = goal.saturating_sub(now) as u128;
        let at = |n: u128| now + (way * n / 64) as usize;
        let least = at(TRIGGER_MIN_64THS);
        let most = at(TRIGGER_MAX_64THS).max(goal.saturating_sub(RUNWAY_KEPT_BYTES)).max(least);
        // Capped, the goal is what the program hands out in its half of the time: nobody holds it to that while marking.
        let births = if is_capped { 0.0 } else { self.births_per_work.iter().fold(0.0, |a: f64, &b| a.max(b)) };
        let runway = births * expected_work as f64;
        let trigger_bytes = goal.saturating_sub(runway as usize).clamp(least.min(goal), most.min(goal));
        Plan { goal_bytes: goal, trigger_bytes, expected_work, is_capped }
    }
    /// By GOGC alone.
    fn percent_goal(&self, m: &Measured, live: usize) -> usize {
        let Some(percent) = self.gogc else { return usize::MAX };
        let of = |bytes: usize| bytes as u128 * percent as u128 / 100;
        let grown = live as u128 + of(live) + of(m.outside_bytes) + of(m.roots_bytes);
        grown.max(self.minimum_bytes() as u128).min(isize::MAX as u128) as usize
    }
    fn minimum_bytes(&self) -> f64 {
        self.min_heap_bytes as f64 * self.minimum_times * f64::from(self.gogc.unwrap_or(0)) / 100.0
    }
    /// What the limits leave, and whether it is the soft one that says so.
    fn limit_goal(&self, m: &Measured, live: usize, now: usize) -> Option<(usize, bool)> {
        let room = |limit: usize| {
            let room = limit.saturating_sub(m.overhead_bytes).saturating_sub(m.outside_bytes);
            let headroom = (room / 100 * 3).max(1 << 20).min(room / 8);
            // However little is left: a way of 3 %, or each collection would find nothing.
            (room - headroom).max(live.saturating_add((live / 32).max(256 << 10)))
        };
        let soft = self.limit_bytes.map(|limit| {
            let mut bytes = room(limit);
            if self.limiter.is_limiting() {
                // As much as the program hands out in the time that the collection took.
                let a_ns = m.cycle_bytes as f64 / m.program_ns.max(1) as f64;
                bytes = bytes.max(now.saturating_add((a_ns * m.collector_ns as f64) as usize));
            }
            bytes
        });
        match (soft, self.hard_bytes.map(room)) {
            (Some(soft), Some(hard)) if hard <= soft => Some((hard, false)),
            (Some(soft), _) => Some((soft, true)),
            (None, Some(hard)) => Some((hard, false)),
            (None, None) => None,
        }
    }
    /// What allocators must do in a collection that begins with such a heap.
    pub fn schedule(&self, m: &Measured, plan: &Plan, heap_bytes: usize) -> Schedule {
        let with_roots = |bytes: usize| bytes.saturating_add(m.roots_bytes);
        let everything = scaled(m.work, with_roots(heap_bytes), with_roots(m.marked_bytes)).max(plan.expected_work);
        Schedule::new(heap_bytes, plan.goal_bytes, plan.expected_work, everything)
    }
    /// Nanoseconds until a collection is due only because the last one was so long ago.
    pub fn overdue_in_ns(&self, since_ns: u64) -> u64 {
        self.period_ns.saturating_sub(since_ns)
    }
}

/// The work in `bytes`, if there was so much in `of`; half a hundred bytes are a unit where nothing was.
fn scaled(work: u64, bytes: usize, of: usize) -> u64 {
    if of == 0 { bytes as u64 / 50 } else { (work as f64 * (bytes as f64 / of as f64)) as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    const MIB: usize = 1 << 20;
    fn pacer(soft: Option<usize>) -> Pacer {
        Pacer::new(Some(100), 4 * MIB, soft, None, 2)
    }
    fn goal(p: &mut Pacer, m: Measured) -> usize {
        p.after(&m).goal_bytes
    }

    #[test]
    fn gogc_100_doubles_and_the_minimum_holds() {
        let mut p = pacer(None);
        assert_eq!(p.first().goal_bytes, 4 * MIB);
        assert_eq!(goal(&mut p, Measured { marked_bytes: 50 * MIB, ..Measured::default() }), 100 * MIB);
        let m =
            Measured { marked_bytes: 10 * MIB, outside_bytes: 30 * MIB, roots_bytes: 2 * MIB, ..Measured::default() };
        assert_eq!(goal(&mut p, m), 52 * MIB, "what is outside and the roots lengthen the way");
    }

    #[test]
    fn the_minimum_grows_by_steps_while_it_is_filled_fast() {
        let mut p = pacer(None);
        let filled = |ns: u64, bytes: usize| Measured { program_ns: ns, cycle_bytes: bytes, ..Measured::default() };
        assert_eq!(goal(&mut p, filled(10_000_000, 4 * MIB)), 4 * MIB, "10 ms are not fast");
        assert_eq!(goal(&mut p, filled(1_000_000, 4 * MIB)), 4 * MIB + MIB / 2);
        for _ in 0..100 {
            goal(&mut p, filled(2_000_000, 4 * MIB));
        }
        let at = p.plan(&Measured::default()).goal_bytes;
        assert!((19 * MIB..=20 * MIB).contains(&at), "{at}: 20 MiB are filled in 10 ms");
        for _ in 0..100 {
            goal(&mut p, filled(1_000_000, 80 * MIB));
        }
        assert_eq!(p.plan(&Measured::default()).goal_bytes, 26 * MIB);
        p.gogc = Some(50);
        assert_eq!(p.plan(&Measured::default()).goal_bytes, 13 * MIB);
        for _ in 0..100 {
            goal(&mut p, filled(1_000_000_000, MIB));
        }
        assert_eq!(p.plan(&Measured::default()).goal_bytes, 2 * MIB);
    }

    #[test]
    fn a_long_mark_begins_early_but_not_too_early() {
        let mut p = pacer(None);
        let m = |born: usize| Measured {
            marked_bytes: 100 * MIB,
            born_bytes: born * MIB,
            heap_bytes: 1 << 40,
            work: 1000,
            ..Measured::default()
        };
        assert_eq!(p.after(&m(10)).trigger_bytes / MIB, 190);
        assert_eq!(p.after(&m(60)).trigger_bytes / MIB, 180, "half of the way from 160");
        assert_eq!(p.after(&m(2)).trigger_bytes / MIB, 151, "the longest of five");
        let last = (0..5).map(|_| p.after(&m(2)).trigger_bytes / MIB).last();
        assert_eq!(last, Some(196), "no closer than 4 MiB, though 2 would do");
    }

    #[test]
    fn assists_are_counted_as_births_that_were_not() {
        let mut p = pacer(None);
        let m = Measured {
            marked_bytes: 100 * MIB,
            born_bytes: 5 * MIB,
            heap_bytes: 1 << 40,
            work: 1000,
            mutator_ns: 100,
            assist_ns: 100,
            background_ns: 100,
            ..Measured::default()
        };
        assert_eq!(p.after(&m).trigger_bytes / MIB, 180, "twice the mutators, half the markers");
    }

    #[test]
    fn survival_is_that_of_two_collections() {
        let mut p = pacer(None);
        let heap = |heap: usize, marked: usize, born: usize| Measured {
            heap_bytes: heap * MIB,
            marked_bytes: marked * MIB,
            born_bytes: born * MIB,
            ..Measured::default()
        };
        p.after(&heap(145, 49, 21));
        // Begun right after a sweep, so everything is alive; of the news no more than half lives on, as before.
        assert_eq!(p.after(&heap(63, 63, 31)).goal_bytes / MIB, 159);
    }

    #[test]
    fn limits_shorten_the_way() {
        let mut p = pacer(Some(64 * MIB));
        let m = |live: usize| Measured { marked_bytes: live * MIB, overhead_bytes: 4 * MIB, ..Measured::default() };
        let left = 60 * MIB - 60 * MIB / 100 * 3;
        assert_eq!(goal(&mut p, m(50)), left);
        assert_eq!(goal(&mut p, m(64)), 66 * MIB, "a thirty-second of what lives");
        let off = Pacer::new(None, 4 * MIB, None, None, 2);
        assert_eq!(off.first().trigger_bytes, usize::MAX);
        let mut off = Pacer::new(None, 4 * MIB, Some(64 * MIB), None, 2);
        assert_eq!(goal(&mut off, m(1)), left);
        let mut hard = Pacer::new(None, 4 * MIB, Some(64 * MIB), Some(32 * MIB), 2);
        assert!(goal(&mut hard, m(1)) < 28 * MIB);
    }

    #[test]
    fn beyond_the_soft_limit_half_of_the_time_is_the_programs() {
        let mut p = pacer(Some(64 * MIB));
        let m = Measured {
            marked_bytes: 100 * MIB,
            cycle_bytes: 10 * MIB,
            program_ns: 50_000_000,
            collector_ns: 100_000_000,
            ..Measured::default()
        };
        assert_eq!(goal(&mut p, m), 100 * MIB + 100 * MIB / 32, "a burst is allowed");
        p.limiter.account(2_000_000_000, 0);
        let plan = p.after(&m);
        assert_eq!((plan.goal_bytes, plan.is_capped), (120 * MIB, true), "the program needs 100 ms for 20 MiB");
        p.limit_bytes = None;
        p.hard_bytes = Some(64 * MIB);
        assert!(!p.after(&m).is_capped, "a limit that refuses is not softened");
    }

    #[test]
    fn two_minutes_are_long() {
        let p = pacer(None);
        assert_eq!((p.overdue_in_ns(0), p.overdue_in_ns(PERIOD_NS - 1), p.overdue_in_ns(u64::MAX)), (PERIOD_NS, 1, 0));
    }
}
