//! Weak boxes by target: newest first, which is CPython's order of callbacks.
//!
//! A target that has boxes carries the flag `HAS_WEAK`; the lists are `object::boxes`.
//! A box whose target died is in no list.
//! Not here: the box as an object (`object::weak`).  Overview: `manager::refcount`.

use super::{
    CountingHeap,
    cache::blocks,
    handle::{release, retain},
    header::{CONDEMNED, HAS_WEAK, header},
};
use crate::{
    object::{boxes::Boxes, managed::RawPending, weak::WeakHead},
    sync::{Ordering::Relaxed, seeded},
};
use std::{ops::ControlFlow, ptr::NonNull};

impl CountingHeap {
    /// # Safety
    /// As `Manager::weak_born`.
    pub(super) unsafe fn weak_born(&self, head: NonNull<WeakHead>, target: NonNull<u8>) {
        // SAFETY: both are alive by the caller's promise; the heap is this thread's.
        unsafe {
            header(target).raise(HAS_WEAK);
            Boxes::of_or_new(target).push(head)
        }
    }

    /// # Safety
    /// As `Manager::weak_dying`.
    pub(super) unsafe fn weak_dying(&self, head: NonNull<WeakHead>) {
        // SAFETY: the box is whole until its glue has run; linked boxes are in their blocks, since each unlinks itself.
        unsafe {
            let this = head.as_ref();
            let Some(target) = NonNull::new(this.target.load(Relaxed)) else { return };
            if let Some(boxes) = Boxes::of(target) {
                boxes.unlink(head);
                if boxes.are_none() {
                    header(target).lower(HAS_WEAK)
                }
            }
            this.clear();
        }
    }

    /// Clears every box of a dying target; those that asked for it and are alive themselves are queued if `tell`.
    ///
    /// # Safety
    /// `target` is an object of this heap.
    pub(super) unsafe fn clear_weak(&self, target: NonNull<u8>, tell: bool) {
        // SAFETY: forwarded; a box that hears is alive.
        unsafe {
            self.clear_weak_with(target, |head| {
                if tell {
                    retain(head);
                    self.queue(RawPending::WeakDied(head))
                }
            })
        }
        self.let_values_go()
    }

    /// Clears every box of a dying target; `hears` is called with those that asked for it and are alive themselves.
    ///
    /// # Safety
    /// As [`Self::clear_weak`].
    pub(super) unsafe fn clear_weak_with(&self, target: NonNull<u8>, mut hears: impl FnMut(NonNull<u8>)) {
        // SAFETY: as above.
        unsafe {
            header(target).lower(HAS_WEAK);
            for newest in Boxes::of(target).map_or([None; 2], Boxes::take) {
                let mut next = newest;
                while let Some(head) = next {
                    let this = head.as_ref();
                    next = Boxes::older(head);
                    this.clear();
                    if this.is_ephemeron {
                        self.take_value(head)
                    }
                    let h = header(head.cast());
                    let lives = h.is_alive() && (!h.has(CONDEMNED) || seeded("callback_of_trash_called"));
                    if this.notify && lives {
                        hears(head.cast())
                    }
                }
            }
        }
    }

    /// The box at `next` or the next older one that is alive, with one more reference.
    ///
    /// # Safety
    /// `next` is linked, or nothing.
    unsafe fn living(mut next: Option<NonNull<WeakHead>>) -> Option<NonNull<WeakHead>> {
        // SAFETY: a dying box is in its block until it has left the list.
        unsafe {
            while let Some(head) = next
                && !header(head.cast()).is_alive()
            {
                next = Boxes::older(head)
            }
            next.inspect(|head| retain(head.cast()))
        }
    }

    /// # Safety
    /// As `Manager::weak_boxes`.
    pub(super) unsafe fn weak_boxes(&self, target: NonNull<u8>, f: &mut dyn FnMut(NonNull<u8>) -> ControlFlow<()>) {
        // SAFETY: the target is alive while this runs, so a box that we hold stays in its list whatever `f` does; the next
        // one is held before it is let go, which may end others.
        unsafe {
            for notify in [false, true] {
                if !header(target).has(HAS_WEAK) {
                    return;
                }
                let mut next = Self::living(Boxes::of(target).and_then(|boxes| boxes.newest(notify)));
                while let Some(head) = next {
                    let flow = f(head.cast());
                    next = if flow.is_break() { None } else { Self::living(Boxes::older(head)) };
                    release(head.cast());
                    if flow.is_break() {
                        return;
                    }
                }
            }
        }
    }

    /// # Safety
    /// As `Manager::upgrade`.
    pub(super) unsafe fn upgrade(&self, head: NonNull<WeakHead>) -> Option<NonNull<u8>> {
        // SAFETY: the box is alive; a target that is not null is too.
        unsafe {
            let target = NonNull::new(head.as_ref().target.load(Relaxed))?;
            retain(target);
            Some(target)
        }
    }

    /// Laws: those of `object::boxes`; and the flag says whether there are any.
    pub(super) fn verify_weak(&self) -> Result<(), String> {
        for span in self.memory.spans() {
            let has_any = Boxes::has_any(span);
            for p in blocks(span) {
                // SAFETY: blocks have headers, and linked boxes are in their blocks.
                unsafe {
                    let h = header(p);
                    let boxes = if has_any { Boxes::of(p).filter(|boxes| !boxes.are_none()) } else { None };
                    let flagged = h.strong.get() != 0 && h.has(HAS_WEAK);
                    if boxes.is_some() != flagged {
                        return Err(format!("{p:p} has weak boxes: {}, flagged: {flagged}", boxes.is_some()));
                    }
                    let Some(boxes) = boxes else { continue };
                    boxes.verify(p, |head| match header(head.cast()).strong.get() {
                        0 => Err(format!("a weak box of {p:p} is free")),
                        _ => Ok(()),
                    })?
                }
            }
        }
        Ok(())
    }
}
