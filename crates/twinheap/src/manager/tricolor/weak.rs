//! Weak references: the boxes that exist, and clearing those whose targets died.
//!
//! A new box is noted by its mutator once it is written, and handed to the collector at the next stop: so what is
//! visited in WEAK was whole and alive at the handshake, never a block of an open run that nobody wrote yet.  A box born
//! later has a target that this collection keeps (I2), so it needs no visit.
//!
//! Where there is one mutator, boxes are linked by target as well (`object::boxes`).  A list is as weak as its boxes are: in
//! MARK who takes one out of it shades it, in WEAK only what is marked is alive, in FIN only what was at F1 until everything
//! that comes back is marked, and those that did not come back leave their lists before F2, when their blocks may be swept.
//! Under the lock of the lists, but for sessions that began with no collection on: none begins before they end.
//! Not here: `upgrade` (`gray`).  Overview: `manager::tricolor`.

use super::{cache::Record, collector::Inner, ephemeron, mark::Gray, phase::Phase};
use crate::{
    alloc::chunk,
    object::{boxes::Boxes, managed::RawPending, weak::WeakHead},
    sync::{
        Mutex, MutexGuard,
        Ordering::{Acquire, Relaxed},
        lock, seeded,
    },
};
use std::{ops::ControlFlow, ptr::NonNull};

/// Boxes that the collector looks at before it lets go of the lists for a moment.
const TURN: usize = 256;

/// The lists, held by the collector a turn at a time.
struct Turns<'a> {
    lists: &'a Mutex<()>,
    held: Option<MutexGuard<'a, ()>>,
    left: usize,
}
impl Turns<'_> {
    fn of(lists: &Mutex<()>) -> Turns<'_> {
        Turns { lists, held: None, left: 0 }
    }
    fn next(&mut self) {
        if self.left == 0 {
            self.held = None;
            self.held = Some(lock(self.lists));
            self.left = TURN;
        }
        self.left -= 1;
    }
}

/// WEAK: clears every box whose target died, and queues the notices that living ones asked for.
///
/// A box that is dead itself is cleared as well, and stays in the list if its target lives: a finalizer's object may
/// bring it back in FIN.  Cost: two bits looked up a box.
pub(super) fn clear(inner: &Inner, notices: &mut Vec<RawPending>) {
    let mut boxes = lock(&inner.weak);
    let mut turns = Turns::of(&inner.weak_lists);
    boxes.retain(|&Gray(p)| {
        turns.next();
        // SAFETY: a box that was whole at the handshake; unmarked ones are not swept before F2.  A target that was not
        // cleared is an object that the last collection left, or a younger one.
        unsafe {
            let lives = chunk::is_marked(p);
            if !lives && seeded("resurrected_box_forgotten") {
                return false;
            }
            let head = p.cast::<WeakHead>().as_ref();
            let Some(target) = NonNull::new(head.target.load(Acquire)) else { return false };
            if chunk::is_marked(target) || seeded("weak_not_cleared") {
                head.doubtful.store(u8::from(!lives), Relaxed);
                return true;
            }
            // All of its boxes go; nobody can reach it, and so nobody looks at its lists.
            Boxes::of(target).map(Boxes::take);
            head.clear();
            if head.is_ephemeron {
                ephemeron::let_go(p.cast())
            }
            if lives && head.notify {
                notices.push(RawPending::WeakDied(p));
            }
            false
        }
    });
    // The newest first, as CPython calls them.
    notices.reverse();
}

/// FIN, when everything that comes back is marked: forgets the boxes that did not.
pub(super) fn forget_the_dead(inner: &Inner) {
    let mut turns = Turns::of(&inner.weak_lists);
    lock(&inner.weak).retain(|&Gray(p)| {
        turns.next();
        // SAFETY: as above; its target lives, or it was cleared and is not in `weak` any more.
        unsafe {
            let lives = chunk::is_marked(p);
            // Whatever it refers to is marked by now: it may be handed out.
            p.cast::<WeakHead>().as_ref().doubtful.store(0, Relaxed);
            if !lives
                && !seeded("dead_box_stays_linked")
                && let Some(target) = NonNull::new(p.cast::<WeakHead>().as_ref().target.load(Acquire))
                && let Some(boxes) = Boxes::of(target)
                && !boxes.are_none()
            {
                boxes.unlink(p.cast())
            }
            lives
        }
    });
    inner.ephemerons.forget_the_dead()
}

/// A new box enters its target's list.  `idle`: the session began with no collection on.
///
/// # Safety
/// `head` is whole and in no list, `target` is alive; called by the one mutator, in a session.
pub(super) unsafe fn link(inner: &Inner, idle: bool, head: NonNull<WeakHead>, target: NonNull<u8>) {
    let _held = (!idle).then(|| lock(&inner.weak_lists));
    // SAFETY: the caller's promise; the lists are ours (`idle`, or the lock).
    unsafe { Boxes::of_or_new(target).push(head) }
}

/// Calls `f` for every living box of `target`, until it breaks off.
///
/// # Safety
/// `target` is alive until this answers; called by the one mutator, in a session.
pub(super) unsafe fn each(
    inner: &Inner,
    record: &Record,
    idle: bool,
    target: NonNull<u8>,
    f: &mut dyn FnMut(NonNull<u8>) -> ControlFlow<()>,
) {
    // SAFETY: the target is alive, and so a box that is linked is in its block: it leaves the list before F2.
    unsafe {
        let Some(boxes) = Boxes::of(target) else { return };
        for notify in [false, true] {
            let mut last = None;
            while let Some(head) = {
                let next = || match last {
                    None => boxes.newest(notify),
                    // Handed out in this session: it lives, and is linked.
                    Some(head) => Boxes::older(head),
                };
                if idle { next() } else { living(inner, record, next) }
            } {
                last = Some(head);
                if f(head.cast()).is_break() {
                    return;
                }
            }
        }
    }
}

/// The box that `next` answers, or the next older one that will survive the collection that is on.
///
/// # Safety
/// `next` answers a linked box, or none.
unsafe fn living(
    inner: &Inner,
    record: &Record,
    next: impl Fn() -> Option<NonNull<WeakHead>>,
) -> Option<NonNull<WeakHead>> {
    // With the gray lock held the phase stays.
    let mut gray = lock(&record.gray);
    let _held = lock(&inner.weak_lists);
    let mut next = next();
    // SAFETY: linked boxes are in their blocks.
    unsafe {
        while let Some(head) = next {
            match inner.phase.get() {
                Phase::Mark => gray.marker.mark(head.cast()),
                Phase::Weak if !chunk::is_marked(head.cast()) => {
                    next = Boxes::older(head);
                    continue;
                }
                // Marked or not: somebody may just be coming to what it refers to, and this session has no barrier.
                Phase::Finalize if head.as_ref().doubtful.load(Relaxed) != 0 && !seeded("doubtful_box_handed_out") => {
                    next = Boxes::older(head);
                    continue;
                }
                _ => {}
            }
            break;
        }
    }
    next
}
