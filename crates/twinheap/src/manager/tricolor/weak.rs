//! Weak references: the boxes that exist, and clearing those whose targets died.
//!
//! A new box is noted by its mutator once it is written, and handed to the collector at the next stop: so what is
//! visited in WEAK was whole and alive at the handshake, never a block of an open run that nobody wrote yet.  A box born
//! later has a target that this collection keeps (I2), so it needs no visit.
//! Not here: `upgrade` (`gray`).  Overview: `manager::tricolor`.

use super::{collector::Inner, mark::Gray};
use crate::{
    alloc::chunk,
    object::{managed::RawPending, weak::WeakHead},
    sync::{Ordering::Acquire, lock, seeded},
};
use std::ptr::NonNull;

/// WEAK: forgets boxes that died, clears those whose target died, and queues the notices they asked for.
///
/// Cost: two bits looked up a box.
pub(super) fn clear(inner: &Inner, notices: &mut Vec<RawPending>) {
    let mut boxes = lock(&inner.weak);
    boxes.retain(|&Gray(p)| {
        // SAFETY: a box that was whole at the handshake; unmarked ones are not swept before F2.
        unsafe {
            if !chunk::is_marked(p) {
                return false;
            }
            let head = p.cast::<WeakHead>().as_ref();
            let Some(target) = NonNull::new(head.target.load(Acquire)) else { return false };
            if chunk::is_marked(target) || seeded("weak_not_cleared") {
                return true;
            }
            head.clear();
            if head.notify {
                notices.push(RawPending::WeakDied(p));
            }
            false
        }
    });
    // The newest first, as CPython calls them.
    notices.reverse();
}
