//! The word of a cell that marker and mutator meet on, and the protocol of the snapshot barrier.
//!
//! ```text
//! UNSCANNED (a word of another collection) ──▶ BUSY(e)   by a marker, which traces and then stores DONE(e)
//!                                          ──▶ DONE(e)   by a mutator that holds the cell exclusively and its gray lock
//! ```
//! The marker never waits: who claimed, scans.  A mutator waits for BUSY to end, which is one cell's scan.
//! Not here: the borrow word (`manager::borrow`), which the marker ignores (I11).  Overview: `manager::tricolor`.

use super::phase::{Phase, PhaseWord};
use crate::sync::{
    AtomicU32, Mutex,
    Ordering::{Acquire, Relaxed, Release},
    lock, seeded, spin,
};

/// "Scanned in collection e", for one cell.
#[derive(Default)]
pub struct ScanWord(AtomicU32);

#[inline(always)]
fn busy(e: u32) -> u32 {
    e << 2 | 1
}
#[inline(always)]
fn done(e: u32) -> u32 {
    e << 2 | 2
}

impl ScanWord {
    /// A word of no collection.
    pub fn new() -> Self {
        ScanWord(AtomicU32::new(0))
    }
    /// Whether nobody needs to look into the cell any more in this collection.
    #[inline(always)]
    pub fn is_done(&self, e: u32) -> bool {
        self.0.load(Acquire) == done(e)
    }
    /// Marker: true means that the caller looks into the cell and must call [`Self::marker_exit`].
    #[inline(always)]
    pub fn marker_enter(&self, e: u32) -> bool {
        let w = self.0.load(Acquire);
        w != done(e) && w != busy(e) && self.0.compare_exchange(w, busy(e), Acquire, Relaxed).is_ok()
    }
    /// Marker: done; a mutator that reads this may write (I5).
    #[inline(always)]
    pub fn marker_exit(&self, e: u32) {
        self.0.store(done(e), Release)
    }
    /// Mutator: takes the cell over; the caller holds it exclusively, and its gray lock.
    #[inline]
    fn claim(&self, e: u32) -> bool {
        let w = self.0.load(Acquire);
        w != done(e) && w != busy(e) && self.0.compare_exchange(w, done(e), Acquire, Relaxed).is_ok()
    }
    fn is_busy(&self, e: u32) -> bool {
        self.0.load(Acquire) == busy(e)
    }
}

/// How a cell came to be saved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Saved {
    /// By this call.
    Here,
    /// By somebody else.
    Already,
    /// Not at all: marking is over.
    Over,
}

/// Makes sure that the snapshot's references in a cell are saved, before its first change in collection `e`.
///
/// The caller holds the cell exclusively.  `save` runs with the gray lock held; `waiting` is called on each turn of a
/// wait for a marker.  The order matters: the gray lock *before* the claim, or termination could slip between a claim
/// and its scan (I6; loom refutes the other order).
pub fn save_before_change<G>(
    scan: &ScanWord,
    e: u32,
    gray: &Mutex<G>,
    phase: &PhaseWord,
    save: impl FnOnce(&mut G),
    mut waiting: impl FnMut(),
) -> Saved {
    let mut turns = 0;
    loop {
        if scan.is_done(e) {
            return Saved::Already;
        }
        if scan.is_busy(e) {
            if seeded("enter_busy_cell") {
                return Saved::Already;
            }
            waiting();
            spin(&mut turns);
            continue;
        }
        if seeded("claim_before_lock") {
            if phase.get() != Phase::Mark {
                return Saved::Over;
            }
            if scan.claim(e) {
                let mut gray = lock(gray);
                if phase.get() == Phase::Mark {
                    save(&mut gray);
                }
                return Saved::Here;
            }
            continue;
        }
        let mut gray = lock(gray);
        if phase.get() != Phase::Mark {
            return Saved::Over;
        }
        if scan.claim(e) {
            if !seeded("lost_snapshot_scan") {
                save(&mut gray);
            }
            return Saved::Here;
        }
    }
}
