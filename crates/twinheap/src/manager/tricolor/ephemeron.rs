//! Ephemerons: values that live while their keys do, decided before marking ends.
//!
//! ```text
//! box marked ∧ key marked ⇒ value marked          at F1, and again when finalizers' objects are marked in FIN
//! ```
//! The marker marks the value of a box it meets if the key is marked by then.  The rest is decided here, in rounds: when
//! nothing is gray, every box of the snapshot is looked at; what that marks is marked through, and so on until a round marks
//! nothing.  A mutator may mark as well meanwhile, a key too (by an upgrade), and a leaf among those leaves no gray object
//! behind; so F1, with all gray locks held, asks whether anybody has marked anything since the last round began
//! ([`Ephemerons::is_settled`]).  Each round that is not the last has marked an object, so rounds end.
//!
//! What a session reads out of a box needs no shade: it holds the key, so key and box are marked at F1 (I2), and the value
//! with them, unless it was overwritten before, which shades it (I4).  A box born in this collection is not in the list: its
//! session held key and value.  WEAK then clears boxes whose key is dead, with their values.
//!
//! Cost: two rounds, a look or two a box each; one more for each link of a chain (value is the next key, and so on) that the
//! list has in the wrong order: rounds go through it forwards and backwards by turns.
//! Not here: the object (`object::ephemeron`), when marking ends (`gray`).  Overview: `manager::tricolor`.

use super::{
    collector::Inner,
    mark::{Gray, Marker},
};
use crate::{
    alloc::chunk,
    object::{ephemeron::value_of, val::is_reference, weak::WeakHead},
    sync::{
        AtomicPtr, AtomicU64, Mutex,
        Ordering::{Acquire, Relaxed},
        lock, seeded,
    },
};
use std::ptr::{NonNull, null_mut};

/// The heap's ephemerons.
#[derive(Default)]
pub struct Ephemerons {
    lists: Mutex<Lists>,
    /// The sum of marked objects when F1 was last tried.
    marked_then: AtomicU64,
}
#[derive(Default)]
struct Lists {
    /// All that live and have a key; those born since the stop come at the next one.
    all: Vec<Gray>,
    /// Of these, those whose value this collection has not marked.
    open: Vec<Gray>,
}

/// The value of an ephemeron, as the atomic word it is.
///
/// # Safety
/// `p` is an ephemeron that is whole, and is not swept for `'a`.
unsafe fn value<'a>(p: NonNull<u8>) -> &'a AtomicPtr<u8> {
    // SAFETY: the caller's promise; slots of these managers are transparent over an atomic pointer.
    unsafe { value_of(p.cast()).cast::<AtomicPtr<u8>>().as_ref() }
}

impl Ephemerons {
    /// After the stop: takes in those that mutators noted, and begins a collection.
    pub(super) fn begin(&self, boxes: &[Gray]) {
        let mut lists = lock(&self.lists);
        // SAFETY: boxes that were whole at the stop.
        lists.all.extend(boxes.iter().filter(|g| unsafe { g.0.cast::<WeakHead>().as_ref() }.is_ephemeron));
        let Lists { all, open } = &mut *lists;
        open.clone_from(all);
    }
    /// Nothing is gray: marks values whose keys are marked, and what they refer to; whether there were any.
    pub(super) fn round(&self, marker: &mut Marker) -> bool {
        if seeded("ephemerons_forgotten") {
            return false;
        }
        let mut lists = lock(&self.lists);
        let mut found = false;
        lists.open.retain(|&Gray(p)| {
            // SAFETY: whole at the stop, and not swept before F2; targets that were not cleared are objects, values too.
            unsafe {
                let Some(key) = NonNull::new(p.cast::<WeakHead>().as_ref().target.load(Acquire)) else { return false };
                if !chunk::is_marked(p) || !chunk::is_marked(key) {
                    return true;
                }
                let value = value(p).load(Acquire);
                if is_reference(value) && !chunk::is_marked(NonNull::new_unchecked(value)) {
                    found = true;
                    marker.mark(NonNull::new_unchecked(value));
                    marker.drain(usize::MAX);
                }
                false
            }
        });
        lists.open.reverse();
        found
    }
    /// With all gray locks held and everything counted: whether nobody has marked anything since the last time, between
    /// which and now a round has found nothing.
    pub(super) fn is_settled(&self, inner: &Inner) -> bool {
        let marked = inner.figures.marked.load(Relaxed);
        let quiet = self.marked_then.swap(marked, Relaxed) == marked;
        quiet || lock(&self.lists).open.is_empty() || seeded("key_marked_unseen")
    }
    /// FIN, when everything that comes back is marked: forgets the boxes that did not, and those without a key.
    pub(super) fn forget_the_dead(&self) {
        lock(&self.lists).all.retain(|&Gray(p)| {
            // SAFETY: as above.
            unsafe { chunk::is_marked(p) && !p.cast::<WeakHead>().as_ref().target.load(Acquire).is_null() }
        });
    }
    /// Every box, for checks.
    pub(super) fn all(&self) -> Vec<Gray> {
        lock(&self.lists).all.clone()
    }
}

/// WEAK: the key of this box was found dead; its value goes.  No barrier: marking is over.
///
/// # Safety
/// `head` is that of an ephemeron which is not swept.
pub(super) unsafe fn let_go(head: NonNull<WeakHead>) {
    // SAFETY: forwarded.
    unsafe { value(head.cast()) }.store(null_mut(), Relaxed)
}

/// The value of a box, for checks.
///
/// # Safety
/// As [`value`].
pub(super) unsafe fn held(p: NonNull<u8>) -> Option<NonNull<u8>> {
    // SAFETY: forwarded.
    let value = unsafe { value(p) }.load(Acquire);
    if is_reference(value) { NonNull::new(value) } else { None }
}
