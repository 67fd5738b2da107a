//! The scavenger: free pages go back to the system in the background, by the collector's thread between collections.
//!
//! ```text
//! kept = max(1.10 · (goal + heads of chunks), the most that was in use within the last second, what is in use now)
//! ```
//! What is in use and free together beyond `kept` goes back, highest chunks first, a run of spans at a time; and chunks whose
//! pages have all gone are unmapped, but for one.  The tenth is Go's (`mgcscavenge.go`: `retainExtraPercent`); the second is
//! for programs whose use swings: no page goes back that was needed within it.  (Go has no such rule; and no page of a chunk
//! that was nearly full goes back before another collection, in an idle process 120 s.)
//!
//! Where every processor has a mutator in a session this takes at most 1 % of one (Go's `scavengePercent`); a processor that no
//! session uses costs the program nothing, and what is there to be done is done at once: some 10 GB/s.
//! Under a soft limit what is beyond it goes back at once, as soon as a collection has ended, and while allocation needs pages
//! (`Memory::set_soft_limit`).  `Heap::release` gives everything back now.
//! Objects larger than a chunk have mappings of their own, which go when they die: none of this is about them.
//!
//! Not here: how pages go back (`alloc::memory`).  Overview: `manager::tricolor`.

use super::{collector::Inner, pacer::share::background_processors};
use crate::{
    process::thread_cpu_ns,
    sync::{Instant, Ordering::Relaxed, lock, seeded},
};
use std::time::Duration;

/// What was needed so long ago is kept.
const RECENT: Duration = Duration::from_secs(1);
/// A processor's share, where all of them are used.
const SHARE: f64 = 0.01;
/// Less than this is not worth a system call.
const LEAST_BYTES: usize = 256 << 10;
/// What goes back at a time.
const BATCH_BYTES: usize = 2 << 20;
/// Chunks that are unmapped at a time, with the memory's lock held.
const BATCH_CHUNKS: usize = 8;

/// The policy, without memory or clock: what is to be kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct Recent {
    /// The most that was in use, in this second and in the one before.
    peaks_bytes: [usize; 2],
}
impl Recent {
    /// So much has been in use at the most since the last call; whether a second has passed.
    fn note(&mut self, peak_bytes: usize, second_is_over: bool) {
        if second_is_over {
            self.peaks_bytes = [0, self.peaks_bytes[0]];
        }
        self.peaks_bytes[0] = self.peaks_bytes[0].max(peak_bytes);
    }
    /// Bytes in use and free together that are kept, with chunks' heads of so many bytes.
    fn kept_bytes(&self, used_bytes: usize, goal: Option<usize>, heads_bytes: usize) -> usize {
        let goal_bytes = goal.map_or(0, |goal| {
            let goal = goal.saturating_add(heads_bytes);
            goal.saturating_add(goal / 10)
        });
        let recent_bytes = if seeded("recent_is_forgotten") { 0 } else { self.peaks_bytes[0].max(self.peaks_bytes[1]) };
        used_bytes.max(goal_bytes).max(recent_bytes)
    }
}

/// The collector's thread's memory of what it gave back.
pub struct Scavenger {
    recent: Recent,
    second_began: Instant,
    /// No batch before this.
    rests_until: Instant,
}

impl Scavenger {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Scavenger { recent: Recent::default(), second_began: now, rests_until: now }
    }
}

impl Inner {
    /// Gives back a batch if there is one; how long until the next look, `None` if nothing will be to do before a collection.
    /// The collector's thread, between collections.
    pub(super) fn scavenge(&self, s: &mut Scavenger) -> Option<Duration> {
        let (now, cpu) = (Instant::now(), thread_cpu_ns());
        let over = now - s.second_began >= RECENT;
        s.recent.note(self.memory.take_peak(), over);
        if over {
            s.second_began = now;
        }
        if now < s.rests_until {
            return Some(s.rests_until - now);
        }
        let used = self.memory.used_bytes();
        let dirty = self.memory.dirty_bytes();
        let goal = Some(self.goal.load(Relaxed)).filter(|&goal| goal != usize::MAX);
        let heads = self.memory.head_bytes();
        let kept = s.recent.kept_bytes(used, goal, heads);
        let excess = (used + dirty).saturating_sub(kept);
        let given = if excess >= LEAST_BYTES { self.memory.give_back_some(excess.min(BATCH_BYTES)) } else { 0 };
        let unmapped = if given == 0 { self.unmap_clean() } else { 0 };
        if given == 0 && unmapped == 0 {
            // Later what is recent now will not be.
            let lasting = Recent::default().kept_bytes(used, goal, heads);
            return ((used + dirty).saturating_sub(lasting) >= LEAST_BYTES).then_some(RECENT / 4);
        }
        let spare = background_processors(self.meter.processors, self.mutators_running()) >= 1.0;
        let rest = Duration::from_nanos(thread_cpu_ns() - cpu).mul_f64(if spare { 0.0 } else { 1.0 / SHARE - 1.0 });
        s.rests_until = Instant::now() + rest;
        Some(rest)
    }
    fn unmap_clean(&self) -> usize {
        let _cycle = lock(&self.cycle);
        // SAFETY: nobody marks or sweeps, `cycle` being ours; mutators, lists and the queue know objects and spans in use
        // alone.
        unsafe { self.memory.unmap_clean(BATCH_CHUNKS) }
    }
    /// A collection has ended, or a limit has changed: what is beyond the soft limit goes back at once.
    pub(super) fn scavenge_to_limit(&self) {
        let Some(limit) = lock(&self.pacer).0.limit_bytes else { return self.memory.set_soft_limit(None) };
        let limit = limit.saturating_sub(self.memory.outside_bytes());
        self.memory.set_soft_limit(Some(limit));
        loop {
            let beyond = (self.memory.used_bytes() + self.memory.dirty_bytes()).saturating_sub(limit);
            if beyond == 0 || self.memory.give_back_some(beyond) == 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    const MIB: usize = 1 << 20;

    #[test]
    fn a_tenth_above_the_goal_and_what_was_needed_within_the_second() {
        let mut r = Recent::default();
        assert_eq!(r.kept_bytes(0, Some(100 * MIB), 10 * MIB), 121 * MIB);
        assert_eq!(r.kept_bytes(200 * MIB, Some(100 * MIB), 0), 200 * MIB, "what is in use is not free");
        assert_eq!(r.kept_bytes(0, None, MIB), 0);
        assert_eq!(r.kept_bytes(0, Some(usize::MAX - 1), MIB), usize::MAX);
        r.note(300 * MIB, false);
        r.note(5 * MIB, true);
        assert_eq!(r.kept_bytes(5 * MIB, Some(4 * MIB), 0), 300 * MIB, "less than a second may have passed");
        r.note(5 * MIB, true);
        assert_eq!(r.kept_bytes(5 * MIB, Some(4 * MIB), 0), 5 * MIB);
    }
}
