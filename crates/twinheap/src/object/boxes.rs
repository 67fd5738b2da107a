//! The weak boxes of one object, linked through their heads: those that asked for no notice, and the others; each kind
//! newest first, which is CPython's order of callbacks.
//!
//! Two lists, so that who looks for a box that anybody may share does not pass those with callbacks (CPython keeps the
//! shareable ones in front).  The newest of each are the two words beside the object's block (`alloc::beside`): from an
//! object to its boxes it is a division and three loads, and no map of objects is kept.
//! ```text
//! a box is in the list of its target and its kind, or has no target        (`verify`)
//! the words beside a block that holds no object are null
//! ```
//! Not here: when boxes enter and leave (`manager`), the box as an object (`weak`).  Overview: `object`.

use super::weak::WeakHead;
use crate::{
    alloc::{SpanRef, beside::Pair},
    sync::{AtomicPtr, Ordering::Relaxed},
};
use std::ptr::{NonNull, null_mut};

type Link = Option<NonNull<WeakHead>>;
fn get(from: &AtomicPtr<WeakHead>) -> Link {
    NonNull::new(from.load(Relaxed))
}
fn set(to: &AtomicPtr<WeakHead>, value: Link) {
    to.store(value.map_or(null_mut(), NonNull::as_ptr), Relaxed)
}

/// Both lists of one object.
#[derive(Clone, Copy)]
pub struct Boxes<'a>(&'a Pair);

impl<'a> Boxes<'a> {
    /// Those of the object at `target`, if it ever had any.
    ///
    /// # Safety
    /// An object's address, and the object outlives `'a`.
    #[inline]
    pub unsafe fn of(target: NonNull<u8>) -> Option<Boxes<'a>> {
        // SAFETY: an object lies in a run that is in use.
        unsafe {
            let span = SpanRef::of(target);
            span.beside(span.block_of(target)).map(Boxes)
        }
    }
    /// Whether any object of the span ever had any.
    pub fn has_any(span: SpanRef) -> bool {
        span.has_beside()
    }
    /// The same as [`Self::of`], with room for some.
    ///
    /// # Safety
    /// As [`Self::of`]; and nobody else is in here for this heap.
    #[inline]
    pub unsafe fn of_or_new(target: NonNull<u8>) -> Boxes<'a> {
        // SAFETY: forwarded.
        unsafe {
            let span = SpanRef::of(target);
            Boxes(span.beside_or_new(span.block_of(target)))
        }
    }
    #[inline(always)]
    fn word(self, notify: bool) -> &'a AtomicPtr<u8> {
        &self.0[usize::from(notify)]
    }
    /// The newest of a kind.
    #[inline(always)]
    pub fn newest(self, notify: bool) -> Link {
        NonNull::new(self.word(notify).load(Relaxed).cast())
    }
    fn set_newest(self, notify: bool, head: Link) {
        self.word(notify).store(head.map_or(null_mut(), |head| head.as_ptr().cast()), Relaxed)
    }
    /// Whether there is none.
    pub fn are_none(self) -> bool {
        self.newest(false).is_none() && self.newest(true).is_none()
    }
    /// The next older one of its kind.
    ///
    /// # Safety
    /// `head` is linked.
    pub unsafe fn older(head: NonNull<WeakHead>) -> Link {
        // SAFETY: the caller's promise.
        get(&unsafe { head.as_ref() }.older)
    }
    /// Puts a box in front.
    ///
    /// # Safety
    /// `head` is whole, in no list, and has this target; nobody else changes these lists now.
    #[inline]
    pub unsafe fn push(self, head: NonNull<WeakHead>) {
        // SAFETY: a linked box is whole: it leaves its list before its block is freed.
        unsafe {
            let this = head.as_ref();
            let older = self.newest(this.notify);
            set(&this.older, older);
            set(&this.newer, None);
            if let Some(older) = older {
                set(&older.as_ref().newer, Some(head))
            }
            self.set_newest(this.notify, Some(head))
        }
    }
    /// Takes a box out.
    ///
    /// # Safety
    /// `head` is in one of these lists, whose boxes are all in their blocks; nobody else changes them now.
    #[inline]
    pub unsafe fn unlink(self, head: NonNull<WeakHead>) {
        // SAFETY: the caller's promise.
        unsafe {
            let this = head.as_ref();
            let (older, newer) = (get(&this.older), get(&this.newer));
            if let Some(older) = older {
                set(&older.as_ref().newer, newer)
            }
            match newer {
                Some(newer) => set(&newer.as_ref().older, older),
                None => self.set_newest(this.notify, older),
            }
        }
    }
    /// Empties both lists; the newest of each: those without notice, the others.
    pub fn take(self) -> [Link; 2] {
        [false, true].map(|notify| {
            let newest = self.newest(notify);
            self.set_newest(notify, None);
            newest
        })
    }
    /// Calls `f` for each box.
    ///
    /// # Errors
    /// A sentence that names the broken law; or what `f` says.
    ///
    /// # Safety
    /// Linked boxes are in their blocks, and nobody changes the lists meanwhile.
    pub unsafe fn verify(
        self,
        target: NonNull<u8>,
        mut f: impl FnMut(NonNull<WeakHead>) -> Result<(), String>,
    ) -> Result<(), String> {
        for notify in [false, true] {
            let (mut newer, mut next) = (None, self.newest(notify));
            while let Some(head) = next {
                // SAFETY: the caller's promise.
                let this = unsafe { head.as_ref() };
                if this.target.load(Relaxed) != target.as_ptr() || get(&this.newer) != newer {
                    return Err(format!("a weak box of {target:p} is linked wrongly"));
                }
                if this.notify != notify {
                    return Err(format!("a weak box of {target:p} is in the other list"));
                }
                f(head)?;
                newer = Some(head);
                next = get(&this.older);
            }
        }
        Ok(())
    }
}
