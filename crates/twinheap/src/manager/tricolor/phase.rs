//! What the collector is doing: five states, changed in one function.
//!
//! ```text
//! Idle ──stop──▶ Mark ──F1──▶ Weak ──▶ Finalize ──F2──▶ Sweep ──▶ Idle
//! ```
//! Idle → Mark happens while no session is open (I3).  Every change up to Sweep happens with all gray locks held, so
//! whoever holds one sees a phase that stays.
//! Not here: what is done in a phase (`collector`).  Overview: `manager::tricolor`.

use crate::sync::{
    AtomicU8,
    Ordering::{Acquire, Relaxed, Release},
    seeded,
};

/// A state of the collector.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Phase {
    /// No collection runs.
    Idle,
    /// The snapshot is being marked; sessions save what they overwrite; births are black.
    Mark,
    /// Everything reachable is marked; weak references to the rest are cleared.
    Weak,
    /// What has a finalizer and is not marked is marked after all, and queued.
    Finalize,
    /// Whatever is not marked is freed.
    Sweep,
}

impl Phase {
    /// Whether an object that is born now is marked at once (I7).
    #[inline]
    pub fn births_are_black(self) -> bool {
        if seeded("white_birth") {
            return false;
        }
        matches!(self, Phase::Mark | Phase::Weak | Phase::Finalize)
    }
}

/// The phase of a heap.
#[derive(Default)]
pub struct PhaseWord(AtomicU8);

impl PhaseWord {
    /// A heap at rest.
    pub fn new() -> Self {
        PhaseWord(AtomicU8::new(Phase::Idle as u8))
    }
    /// The phase.  Acquire: whoever sees that marking is over may write where the marker has read (I5).
    #[inline(always)]
    pub fn get(&self) -> Phase {
        match self.0.load(Acquire) {
            0 => Phase::Idle,
            1 => Phase::Mark,
            2 => Phase::Weak,
            3 => Phase::Finalize,
            _ => Phase::Sweep,
        }
    }
    /// The only place where it changes; the collector's thread calls it.
    pub fn change(&self, to: Phase) {
        debug_assert!(
            matches!(
                (self.get(), to),
                (Phase::Idle, Phase::Mark)
                    | (Phase::Mark, Phase::Weak)
                    | (Phase::Weak, Phase::Finalize)
                    | (Phase::Finalize, Phase::Sweep)
                    | (Phase::Sweep, Phase::Idle)
            ),
            "{:?} to {to:?}",
            self.get()
        );
        self.0.store(to as u8, if seeded("phase_published_relaxed") { Relaxed } else { Release })
    }
}
