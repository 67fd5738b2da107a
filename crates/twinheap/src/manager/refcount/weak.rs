//! Weak boxes by target: newest first, which is CPython's order of callbacks.
//!
//! A target that has boxes carries the flag `HAS_WEAK`, and a table leads from its address to its newest box; the boxes
//! are linked through their heads.  A box whose target died is in no list.
//! Not here: the box as an object (`object::weak`).  Overview: `manager::refcount`.

use super::{
    CountingHeap,
    handle::retain,
    header::{CONDEMNED, HAS_WEAK, header},
};
use crate::{
    object::{managed::RawPending, weak::WeakHead},
    sync::{AtomicPtr, Ordering::Relaxed, seeded},
};
use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    ptr::NonNull,
};

/// Addresses as keys: one multiplication, the high bits brought down.
#[derive(Default)]
pub(super) struct AddressHasher(u64);
impl Hasher for AddressHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&b| self.write_usize(b as usize))
    }
    fn write_usize(&mut self, n: usize) {
        self.0 = (self.0.rotate_left(5) ^ n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}
/// A table with addresses as keys.
pub(super) type ByAddress<K, V> = HashMap<K, V, BuildHasherDefault<AddressHasher>>;

fn link(to: &AtomicPtr<WeakHead>) -> Option<NonNull<WeakHead>> {
    NonNull::new(to.load(Relaxed))
}
fn set(to: &AtomicPtr<WeakHead>, value: Option<NonNull<WeakHead>>) {
    to.store(value.map_or(std::ptr::null_mut(), NonNull::as_ptr), Relaxed)
}

impl CountingHeap {
    /// # Safety
    /// As `Manager::weak_born`.
    pub(super) unsafe fn weak_born(&self, head: NonNull<WeakHead>, target: NonNull<u8>) {
        // SAFETY: both are alive by the caller's promise; no other reference into the table lives.
        unsafe {
            header(target).raise(HAS_WEAK);
            let older = (*self.weak.get()).insert(target.addr().get(), head);
            set(&head.as_ref().older, older);
            set(&head.as_ref().newer, None);
            if let Some(older) = older {
                set(&older.as_ref().newer, Some(head))
            }
        }
    }

    /// # Safety
    /// As `Manager::weak_dying`.
    pub(super) unsafe fn weak_dying(&self, head: NonNull<WeakHead>) {
        // SAFETY: the box is whole until its glue has run; linked boxes are alive, since each unlinks itself.
        unsafe {
            let this = head.as_ref();
            let Some(target) = NonNull::new(this.target.load(Relaxed)) else { return };
            let (older, newer) = (link(&this.older), link(&this.newer));
            if let Some(older) = older {
                set(&older.as_ref().newer, newer)
            }
            match (newer, older) {
                (Some(newer), _) => set(&newer.as_ref().older, older),
                (None, Some(older)) => {
                    (*self.weak.get()).insert(target.addr().get(), older);
                }
                (None, None) => {
                    (*self.weak.get()).remove(&target.addr().get());
                    header(target).lower(HAS_WEAK);
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
    }

    /// Clears every box of a dying target; `hears` is called with those that asked for it and are alive themselves.
    ///
    /// # Safety
    /// As [`Self::clear_weak`].
    pub(super) unsafe fn clear_weak_with(&self, target: NonNull<u8>, mut hears: impl FnMut(NonNull<u8>)) {
        // SAFETY: as above.
        unsafe {
            header(target).lower(HAS_WEAK);
            let mut next = (*self.weak.get()).remove(&target.addr().get());
            while let Some(head) = next {
                let this = head.as_ref();
                next = link(&this.older);
                this.clear();
                set(&this.older, None);
                set(&this.newer, None);
                let h = header(head.cast());
                let lives = h.is_alive() && (!h.has(CONDEMNED) || seeded("callback_of_trash_called"));
                if this.notify && lives {
                    hears(head.cast())
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

    /// Laws: the table and the flag agree, lists are linked both ways, every box in a list has the list's target.
    pub(super) fn verify_weak(&self) -> Result<(), String> {
        let mut flagged = 0;
        let mut result = Ok(());
        self.each_object(&mut |_, _, p| {
            // SAFETY: an object of this heap.
            let h = unsafe { header(p) };
            flagged += (h.is_alive() && h.has(HAS_WEAK)) as usize;
        });
        // SAFETY: no other reference into the table lives; boxes in it are alive.
        unsafe {
            let table = &*self.weak.get();
            if table.len() != flagged {
                return Err(format!("{} targets of weak boxes, {flagged} flagged", table.len()));
            }
            for (&target, &newest) in table {
                let (mut newer, mut next) = (None, Some(newest));
                while let Some(head) = next {
                    let this = head.as_ref();
                    if this.target.load(Relaxed).addr() != target || link(&this.newer) != newer {
                        result = Err(format!("a weak box of {target:#x} is linked wrongly"));
                    }
                    if header(head.cast()).strong.get() == 0 {
                        result = Err(format!("a weak box of {target:#x} is free"));
                    }
                    newer = Some(head);
                    next = link(&this.older);
                }
            }
        }
        result
    }
}
