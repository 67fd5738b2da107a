//! Weak boxes by target: newest first, which is CPython's order of callbacks.
//!
//! A target that has boxes carries the flag `HAS_WEAK`, and a table leads from its address to the newest of those that
//! asked to be told and the newest of the others; each kind is linked through its heads.  Two lists, so that who looks
//! for a box that anybody may share does not pass those with callbacks (CPython keeps the shareable ones in front).
//! A box whose target died is in no list.
//! Not here: the box as an object (`object::weak`).  Overview: `manager::refcount`.

use super::{
    CountingHeap,
    handle::{release, retain},
    header::{CONDEMNED, HAS_WEAK, header},
};
use crate::{
    object::{managed::RawPending, weak::WeakHead},
    sync::{AtomicPtr, Ordering::Relaxed, seeded},
};
use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    ops::ControlFlow,
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

/// The boxes of one target: the newest of each kind.  Never without any.
#[derive(Clone, Copy, Default)]
pub(super) struct Boxes {
    /// Those that are not told of a death.
    pub(super) quiet: Option<NonNull<WeakHead>>,
    /// Those that asked for it.
    pub(super) told: Option<NonNull<WeakHead>>,
}
impl Boxes {
    fn of(&mut self, notify: bool) -> &mut Option<NonNull<WeakHead>> {
        if notify { &mut self.told } else { &mut self.quiet }
    }
}

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
            let (table, key, notify) = (&mut *self.weak.get(), target.addr().get(), head.as_ref().notify);
            let known = if header(target).has(HAS_WEAK) { table.get_mut(&key) } else { None };
            let older = match known {
                Some(boxes) => boxes.of(notify).replace(head),
                None => {
                    // The common case: the first.
                    header(target).raise(HAS_WEAK);
                    let mut boxes = Boxes::default();
                    *boxes.of(notify) = Some(head);
                    table.insert(key, boxes);
                    None
                }
            };
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
            match newer {
                Some(newer) => set(&newer.as_ref().older, older),
                None => {
                    // The common case: the last.
                    let (table, key) = (&mut *self.weak.get(), target.addr().get());
                    let mut boxes = table.remove(&key).unwrap_or_default();
                    *boxes.of(this.notify) = older;
                    if (boxes.quiet, boxes.told) == (None, None) {
                        header(target).lower(HAS_WEAK);
                    } else {
                        table.insert(key, boxes);
                    }
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
            let Boxes { quiet, told } = (*self.weak.get()).remove(&target.addr().get()).unwrap_or_default();
            for newest in [quiet, told] {
                let mut next = newest;
                while let Some(head) = next {
                    let this = head.as_ref();
                    next = link(&this.older);
                    this.clear();
                    set(&this.older, None);
                    set(&this.newer, None);
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
        self.let_values_go()
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
                next = link(&head.as_ref().older)
            }
            next.inspect(|head| retain(head.cast()))
        }
    }

    /// # Safety
    /// As `Manager::weak_boxes`.
    pub(super) unsafe fn weak_boxes(&self, target: NonNull<u8>, f: &mut dyn FnMut(NonNull<u8>) -> ControlFlow<()>) {
        // SAFETY: the target is alive while this runs, so a box that we hold stays in its list whatever `f` does; the next
        // one is held before it is let go, which may end others.  The table is looked at anew for the second list.
        unsafe {
            for notify in [false, true] {
                if !header(target).has(HAS_WEAK) {
                    return;
                }
                let newest = (*self.weak.get()).get_mut(&target.addr().get()).and_then(|boxes| *boxes.of(notify));
                let mut next = Self::living(newest);
                while let Some(head) = next {
                    let flow = f(head.cast());
                    next = if flow.is_break() { None } else { Self::living(link(&head.as_ref().older)) };
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

    /// Laws: the table and the flag agree, lists are linked both ways, every box in a list has the list's
    /// target and kind.
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
            for (&target, boxes) in table {
                if (boxes.quiet, boxes.told) == (None, None) {
                    result = Err(format!("{target:#x} is in the table of weak boxes and has none"));
                }
                for (newest, notify) in [(boxes.quiet, false), (boxes.told, true)] {
                    let (mut newer, mut next) = (None, newest);
                    while let Some(head) = next {
                        let this = head.as_ref();
                        if this.target.load(Relaxed).addr() != target || link(&this.newer) != newer {
                            result = Err(format!("a weak box of {target:#x} is linked wrongly"));
                        }
                        if this.notify != notify {
                            result = Err(format!("a weak box of {target:#x} is in the other list"));
                        }
                        if header(head.cast()).strong.get() == 0 {
                            result = Err(format!("a weak box of {target:#x} is free"));
                        }
                        newer = Some(head);
                        next = link(&this.older);
                    }
                }
            }
        }
        result
    }
}
