//! Weak references: the boxes that exist, and clearing those whose targets died.
//!
//! A new box is noted by its mutator once it is written, and handed to the collector at the next stop: so what is
//! visited in WEAK was whole and alive at the handshake, never a block of an open run that nobody wrote yet.  A box born
//! later has a target that this collection keeps (I2), so it needs no visit.
//! Not here: `upgrade` (`gray`).  Overview: `manager::tricolor`.

use super::{collector::Inner, ephemeron, mark::Gray};
use crate::{
    alloc::chunk,
    object::{managed::RawPending, weak::WeakHead},
    sync::{Ordering::Acquire, lock, seeded},
};
use std::ptr::NonNull;

/// WEAK: clears every box whose target died, and queues the notices that living ones asked for.
///
/// A box that is dead itself is cleared as well, and stays in the list if its target lives: a finalizer's object may
/// bring it back in FIN.  Cost: two bits looked up a box.
pub(super) fn clear(inner: &Inner, notices: &mut Vec<RawPending>) {
    let mut boxes = lock(&inner.weak);
    boxes.retain(|&Gray(p)| {
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
                return true;
            }
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
    lock(&inner.weak).retain(|&Gray(p)| {
        // SAFETY: as above.
        unsafe { chunk::is_marked(p) }
    });
    inner.ephemerons.forget_the_dead()
}
