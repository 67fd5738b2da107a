//! Ephemerons: values of weak maps, kept while their keys are.
//!
//! ```text
//! a key is released      → its ephemerons are cleared with its weak boxes, and let go of their values: before its drop glue,
//!                          or, inside another release, when that is over
//! a cycle collection     → an ephemeron's reference to its value is subtracted as any other (pass 1), and followed only once
//!                          the key is known to live (pass 2); who is visited looks at the ephemerons it is the key of
//! ```
//! **R2 is kept.**  A value is condemned only if nothing outside the set refers to it (its number is 0), no object that lives
//! does, and no ephemeron that lives and whose key lives.  What is left to refer to it are condemned objects, and living
//! ephemerons whose key is condemned; those are cleared, and give their reference back, before anything of the user's runs.
//! Whatever is not known counts as alive: a key that is not in the set (older, a leaf, acyclic, untracked), an ephemeron
//! that is not.  So a value that refers to a leaf key of its own is kept, as CPython keeps all such pairs.
//!
//! Letting go takes no stack in the length of a chain (a value that is the next key): nested ones wait for the outermost.
//! Not here: the object (`object::ephemeron`), the passes (`collect`).  Overview: `manager::refcount`.

use super::{
    CountingHeap, RefCount,
    collect::Reach,
    handle::release,
    header::{HAS_WEAK, UNSEEN, header},
};
use crate::{
    object::{
        boxes::Boxes,
        ephemeron::value_of,
        managed::{Manager, RawSlot},
        val::is_reference,
        weak::WeakHead,
    },
    sync::seeded,
};
use std::{
    cell::{Cell, UnsafeCell},
    ptr::NonNull,
};

/// Values that cleared ephemerons held, and nobody has released yet.
#[derive(Default)]
pub(super) struct Values {
    waiting: UnsafeCell<Vec<NonNull<u8>>>,
    going: Cell<bool>,
}
impl Values {
    pub(super) fn pop(&self) -> Option<NonNull<u8>> {
        // SAFETY: no other reference into the list lives.
        unsafe { (*self.waiting.get()).pop() }
    }
    pub(super) fn is_empty(&self) -> bool {
        // SAFETY: as above.
        unsafe { (*self.waiting.get()).is_empty() }
    }
}

impl CountingHeap {
    /// The key of this ephemeron dies: takes the value out; [`Self::let_values_go`] follows.
    ///
    /// # Safety
    /// `head` is that of an ephemeron, which is in its block.
    pub(super) unsafe fn take_value(&self, head: NonNull<WeakHead>) {
        if seeded("value_of_a_dead_key_kept") {
            return;
        }
        // SAFETY: the caller's ephemeron; a slot of a counting manager is a cell.
        let word = unsafe {
            let slot = value_of(head).cast::<<RefCount as Manager>::RawSlot<'_, true>>().as_ref();
            slot.take()
        };
        if is_reference(word)
            && let Some(value) = NonNull::new(word)
        {
            // SAFETY: no other reference into the list lives.
            unsafe { (*self.values.waiting.get()).push(value) }
        }
    }
    /// Releases the values that were taken out, or leaves them to whoever is doing so further out.
    #[inline]
    pub(super) fn let_values_go(&self) {
        if !self.values.is_empty() {
            self.let_values_go_now()
        }
    }
    /// The same in a collection: with all boxes of the condemned cleared, and before any of them is destroyed, however deep.
    pub(super) fn let_values_of_the_condemned_go(&self) {
        while let Some(value) = self.values.pop() {
            // SAFETY: the reference that the ephemeron had; condemned ones have the collection's as well.
            unsafe { release(value) }
        }
    }
    #[cold]
    #[inline(never)]
    fn let_values_go_now(&self) {
        if self.depth.get() > 0 {
            self.cascade.set(true);
        } else if !self.values.going.replace(true) {
            while let Some(value) = self.values.pop() {
                // SAFETY: the reference that the ephemeron had.
                unsafe { release(value) }
            }
            self.values.going.set(false);
        }
    }
}

impl Reach {
    /// Whether the object at `p` may be dead, as far as this pass knows: over a list, who is alive leaves the set when it is
    /// visited; over all spans, it is not UNSEEN any more.
    ///
    /// # Safety
    /// `p` is an object.
    unsafe fn may_be_dead(&self, p: NonNull<u8>) -> bool {
        // SAFETY: the caller's object.
        let aux = unsafe { header(p) }.aux.get();
        self.set.has(aux) && !(self.all && aux & UNSEEN == 0)
    }
    /// A living ephemeron refers to `value`: follows that if the key is known to live, or cannot be known to.
    #[cold]
    pub(super) fn meet_ephemeron(&mut self, key: *mut u8, value: NonNull<u8>) {
        // SAFETY: a key that was not cleared is an object of the same heap.
        let waits = !self.all_values && NonNull::new(key).is_some_and(|key| unsafe { self.may_be_dead(key) });
        if waits && !seeded("ephemeron_keeps_key") {
            self.passed_over = true;
        } else {
            self.meet(value)
        }
    }
    /// The object at `p` lives, and so do the values it is a key of, where the ephemeron is known to live.
    #[cold]
    pub(super) fn meet_values_of(&mut self, p: NonNull<u8>) {
        // SAFETY: an object that is being visited, with its boxes, which are in their blocks.
        unsafe {
            if !header(p).has(HAS_WEAK) || seeded("ephemeron_value_unreached") {
                return;
            }
            let mut next = Boxes::of(p).and_then(|boxes| boxes.newest(false));
            while let Some(head) = next {
                next = Boxes::older(head);
                if head.as_ref().is_ephemeron && header(head.cast()).is_alive() && !self.may_be_dead(head.cast()) {
                    let slot = value_of(head).cast::<<RefCount as Manager>::RawSlot<'_, true>>().as_ref();
                    let word = RawSlot::<RefCount>::peek(slot);
                    if is_reference(word)
                        && let Some(value) = NonNull::new(word)
                    {
                        self.meet(value)
                    }
                }
            }
        }
    }
}
