//! Gray locks: what a mutator does in a collection, it does with its own one held; a flip of the phase holds them all.
//!
//! So a claim, a shade, an assist or a birth happens entirely before a flip or entirely after it, and when F1 finds every
//! buffer and the shelf empty, and no worker active, no gray object exists anywhere (I6; the workers' half is in `work`).  A
//! flip is n uncontended locks, no handshake.
//! Not here: what is in the buffers (`mark`).  Overview: `manager::tricolor`.

use super::phase::{Phase, PhaseWord};
use crate::sync::{AtomicPtr, Mutex, MutexGuard, Ordering::Acquire, lock, seeded};

/// Runs `f` with the gray lock held if marking is really on; the phase cannot leave MARK meanwhile.
#[inline]
pub fn while_marking<G, O>(gray: &Mutex<G>, phase: &PhaseWord, f: impl FnOnce(&mut G) -> O) -> Option<O> {
    let mut gray = lock(gray);
    if phase.get() == Phase::Mark { Some(f(&mut gray)) } else { None }
}

/// F1: with all gray locks held, takes what is in the buffers; if nothing was anywhere, marking is over.
///
/// `take` answers whether it took something.  `queue_is_empty`, seen with the locks held: nothing is on the shelf, and no
/// worker is active.
pub fn end_marking<G>(
    grays: &mut [MutexGuard<'_, G>],
    queue_is_empty: bool,
    phase: &PhaseWord,
    mut take: impl FnMut(&mut G) -> bool,
) -> bool {
    let mut quiet = queue_is_empty;
    for gray in grays.iter_mut() {
        let took = take(gray);
        quiet &= !took || seeded("termination_ignores_gray");
    }
    if quiet {
        phase.change(Phase::Weak);
    }
    quiet
}

/// The target of a weak reference, if it will survive the collection that runs (I9).
///
/// A read barrier: in MARK the answer is shaded, in WEAK only what is marked is alive, and later whatever was not
/// cleared is.  All under the caller's gray lock, so that no flip comes between.
pub fn upgrade<G>(
    gray: &Mutex<G>,
    phase: &PhaseWord,
    target: &AtomicPtr<u8>,
    is_marked: impl FnOnce(*mut u8) -> bool,
    shade: impl FnOnce(&mut G, *mut u8),
) -> *mut u8 {
    let mut gray = lock(gray);
    let p = target.load(Acquire);
    if p.is_null() {
        return p;
    }
    match phase.get() {
        Phase::Mark if seeded("upgrade_without_shade") => p,
        Phase::Mark => {
            shade(&mut gray, p);
            p
        }
        Phase::Weak if !is_marked(p) && !seeded("upgrade_ignores_weak") => std::ptr::null_mut(),
        _ => p,
    }
}
