//! Generations: who is young, and when a collection by itself is due.
//!
//! The young and the middle generation are lists in the order of birth, so a young collection costs what the young cost,
//! and finalizers of garbage run in the order of creation.  An object knows its place in its list (the header's number),
//! so a released one leaves a hole and nothing stale is ever met.  Holes are squeezed out when a list is full.  The old
//! have no list: they are found by walking the spans, in the order of addresses, which costs no dependent loads.
//!
//! ```text
//! lists[a][header(p).number] == p      for every object p of age a < 2, and for no other entry      (`verify`)
//! capacity of lists[a] ≤ LIST_MAX      so that a list is made room in before an index is too large  (`verify`)
//! ```
//! An object whose references never change, to leaves and to objects of the same sort, can be in no cycle: it is in no list
//! and no collection looks at it (Bacon and Rajan's green).  It counts towards a collection all the same.
//!
//! CPython 3.13's counts: `count0` is containers allocated less freed since the last collection, never below zero;
//! `counts` are collections of the generation below.  A full one waits until a quarter of the old are new
//! (bpo-4074).  Not here: what a collection does (`collect`).  Overview: `manager::refcount`.

use super::{
    CountingHeap,
    collect::Subtract,
    header::{Header, LEAF, NUMBER_MAX, OLD, Outside, acyclic, header, young},
};
use crate::{
    alloc::SpanRef,
    config::CollectAt,
    object::{
        managed::{Cause, Request},
        type_info::{Kind, TypeInfo},
    },
    sync::Ordering::Relaxed,
};
use std::ptr::NonNull;

/// Entries a list begins with: two young generations of CPython's default threshold.  (Fewer under Miri.)
const LIST_MIN: usize = if cfg!(miri) { 16 } else { 4096 };
/// A list never grows beyond this many entries, so that every index fits into a header's number.  (Fewer in this file's
/// tests.)
pub(super) const LIST_MAX: usize = if cfg!(test) { 2 * LIST_MIN } else { NUMBER_MAX as usize - 1 };

/// Whether collections look at objects of this type.  Weak boxes without references are among them, so that a box
/// which is part of garbage is known to be, and hears nothing.
#[inline(always)]
pub(super) const fn is_examined(info: &TypeInfo) -> bool {
    info.needs_trace || info.is_weak_box
}

/// The span of `p` holds an object that full collections look at (`Span::swept` is not used otherwise here).
#[inline(always)]
fn note_examined(p: NonNull<u8>) {
    // SAFETY: an object of ours.
    unsafe { SpanRef::of(p) }.swept.store(1, Relaxed)
}

impl CountingHeap {
    /// The object at `p` is whole: counted once, young.
    ///
    /// # Safety
    /// `p` is a block that `take` returned for `info`, and its object is written.
    #[inline(always)]
    pub(super) unsafe fn born(&self, info: &'static TypeInfo, p: NonNull<u8>) {
        // SAFETY: the caller's block.
        let h = unsafe { header(p) };
        if !is_examined(info) {
            h.set(1, LEAF)
        // SAFETY: just written.
        } else if info.is_fixed && unsafe { Subtract::is_acyclic(info, p) } {
            h.set(1, self.acyclic.get())
        } else {
            let index = self.append(0, p);
            h.set(1, young(index));
            note_examined(p);
        }
    }

    /// Appends to a list; the index.
    #[inline(always)]
    pub(super) fn append(&self, age: usize, p: NonNull<u8>) -> u32 {
        // SAFETY: no other reference into the lists lives: nothing below runs user code.
        unsafe {
            if (*self.lists[age].get()).len() == (*self.lists[age].get()).capacity() {
                self.make_room(age)
            }
            let list = &mut *self.lists[age].get();
            let index = list.len();
            list.as_mut_ptr().add(index).write(p.as_ptr());
            list.set_len(index + 1);
            index as u32
        }
    }

    /// Makes a hole where the object with this `aux` stands.
    ///
    /// # Safety
    /// `aux` is the word of an object of this age, which is in the list.
    #[inline(always)]
    pub(super) unsafe fn strike(&self, age: usize, aux: u32) {
        // SAFETY: the number of an object of this age is its index (the law above).
        unsafe {
            let list = &mut *self.lists[age].get();
            let index = (aux / young(1)) as usize;
            debug_assert!(index < list.len());
            list.as_mut_ptr().add(index).write(std::ptr::null_mut());
        }
    }

    /// Moves an object to the end of the young.
    ///
    /// # Safety
    /// As [`CountingHeap::unlist`]; collections look at the object, or did before it was frozen.
    pub(super) unsafe fn rejuvenate(&self, p: NonNull<u8>) {
        // SAFETY: forwarded; an object of this heap.
        unsafe {
            self.unlist(p);
            let h = header(p);
            if is_examined(TypeInfo::of(p)) {
                let index = self.append(0, p);
                h.place(0, index);
                note_examined(p)
            }
        }
    }

    /// Squeezes the holes out; then, if the list is still more than half full, makes it twice as long.
    #[cold]
    #[inline(never)]
    fn make_room(&self, age: usize) {
        // SAFETY: as in `append`.
        let list = unsafe { &mut *self.lists[age].get() };
        // Up to the first hole everybody stays in place.
        let mut moved = list.iter().position(|p| p.is_null()).unwrap_or(list.len());
        list.retain(|p| !p.is_null());
        if list.len() > LIST_MAX / 2 {
            // Too many for the header's number: the older half grows old at once.
            let first = list.len() / 2;
            list.drain(..first).for_each(|p| place(p, OLD, 0));
            moved = 0;
        }
        for (i, &p) in list.iter().enumerate().skip(moved) {
            place(p, age as u32, i as u32)
        }
        let want = (list.len() * 2).clamp(LIST_MIN, LIST_MAX);
        list.reserve_exact(want.saturating_sub(list.len()).max(1));
    }

    /// A container is about to be allocated: counts it, and collects if that is due here.
    #[inline(always)]
    pub(super) fn count(&self, info: &'static TypeInfo) {
        if info.kind == Kind::Container {
            let n = self.count0.get() + 1;
            self.count0.set(n);
            if n > self.allocation_trigger.get() {
                self.collect_at_allocation()
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn collect_at_allocation(&self) {
        if let Some(generation) = self.generation_due() {
            self.collect(Request { generation, save_all: false, cause: Cause::Threshold }, true);
        }
    }

    /// The oldest generation whose count is over its threshold, unless nothing may collect by itself now.
    pub(super) fn generation_due(&self) -> Option<u8> {
        let t = self.thresholds.get();
        if !self.may_collect_by_itself() {
            return None;
        }
        if self.limit_due.get() {
            return Some(2);
        }
        let [count1, count2] = self.counts.get();
        let pending = self.long_lived_pending.get();
        if count2 as i64 > t[2] && pending >= self.long_lived_total.get() / 4 {
            return Some(2);
        }
        if count1 as i64 > t[1] {
            return Some(1);
        }
        (self.count0.get() > t[0]).then_some(0)
    }

    fn may_collect_by_itself(&self) -> bool {
        self.automatic.get() && self.thresholds.get()[0] != 0 && !self.collecting.get() && !self.is_suspended()
    }

    /// Sets the two triggers, after anything they depend on has changed.
    pub(super) fn retune(&self) {
        let threshold = if self.may_collect_by_itself() { self.thresholds.get()[0] } else { i64::MAX };
        let (allocation, safepoint) = match self.collect_at {
            CollectAt::Allocations => (threshold, i64::MAX),
            CollectAt::Safepoints if threshold != i64::MAX && self.limit_due.get() => (i64::MAX, -1),
            CollectAt::Safepoints => (i64::MAX, threshold),
        };
        self.allocation_trigger.set(allocation);
        self.safepoint_trigger.set(safepoint);
    }

    /// The heap is about to grow by a span: above the soft limit a full collection is due, once for each eighth that
    /// the heap has grown since the last.
    pub(super) fn note_growth(&self) {
        let used = self.memory.used_bytes() + self.outside_bytes();
        if used < self.limit_next.get() {
            return;
        }
        self.return_empty_spans();
        self.collect_at_limit();
    }

    /// A limit is reached: a full collection now, or at the next safepoint, unless nothing may collect by itself.  Whether
    /// there was one.
    pub(super) fn collect_at_limit(&self) -> bool {
        if !self.may_collect_by_itself() {
            return false;
        }
        match self.collect_at {
            CollectAt::Allocations => {
                self.collect(Request { generation: 2, save_all: false, cause: Cause::Limit }, true);
                true
            }
            CollectAt::Safepoints => {
                self.limit_due.set(true);
                self.retune();
                false
            }
        }
    }

    /// What the soft limit counts outside the heap.  The program's code runs: before a collection, never in one.
    pub(super) fn outside_bytes(&self) -> usize {
        if self.limit_bytes.get().is_some() { self.memory.outside_bytes() } else { 0 }
    }

    /// After a full collection: from where on the soft limit asks for the next.
    pub(super) fn reset_limit(&self, outside: usize) {
        self.limit_due.set(false);
        if let Some(limit) = self.limit_bytes.get() {
            let used = self.memory.used_bytes() + outside;
            self.limit_next.set(limit.max(used + used / 8));
        }
    }

    /// Whether it can be in no cycle and a collection has been since it was born: that is when CPython stops tracking a tuple
    /// of what it does not track.
    pub(super) fn is_looked_over(&self, h: &Header) -> bool {
        let lasting = acyclic(0) | acyclic(u32::MAX);
        h.is_outside(Outside::Acyclic) && (h.aux.get() ^ self.acyclic.get()) & lasting != 0
    }

    /// A collection begins.
    pub(super) fn look_over(&self) {
        let began = self.acyclic.get().wrapping_add(acyclic(1) - acyclic(0));
        self.acyclic.set(began | acyclic(0));
    }

    /// Everything tracked moves to the permanent generation, and the counts to zero.
    pub(super) fn freeze(&self) {
        self.each_object(&mut |_, info, p| {
            // SAFETY: an object of this heap.
            let h = unsafe { header(p) };
            let unlisted = h.is_outside(Outside::Leaf) || h.is_outside(Outside::Acyclic);
            if h.age() <= OLD || info.kind == Kind::Container && unlisted {
                h.put_outside(Outside::Frozen);
                self.any_frozen.set(true);
            }
        });
        for list in &self.lists {
            // SAFETY: as in `append`.
            unsafe { (*list.get()).clear() }
        }
        self.count0.set(0);
        self.counts.set([0, 0]);
    }

    /// And back, to the old.
    pub(super) fn unfreeze(&self) {
        self.each_object(&mut |_, info, p| {
            // SAFETY: an object of this heap.
            let h = unsafe { header(p) };
            match h.is_outside(Outside::Frozen) {
                true if is_examined(info) => {
                    h.place(OLD, 0);
                    note_examined(p)
                }
                true => h.put_outside(Outside::Leaf),
                false => {}
            }
        });
        self.any_frozen.set(false);
    }

    /// Containers in the permanent generation.  Cost: a look at every object, if there is any.
    pub(super) fn frozen(&self) -> usize {
        let mut n = 0;
        if self.any_frozen.get() {
            self.each_object(&mut |_, info, p| {
                // SAFETY: an object of this heap.
                let h = unsafe { header(p) };
                n += (info.kind == Kind::Container && h.is_outside(Outside::Frozen)) as usize;
            });
        }
        n
    }

    /// # Safety
    /// As `Manager::set_tracked`.
    pub(super) unsafe fn set_tracked(&self, p: NonNull<u8>, tracked: bool) {
        // SAFETY: alive by the caller's promise.
        unsafe {
            let h = header(p);
            let movable = h.age() <= OLD || !h.is_outside(Outside::Condemned) && !h.is_outside(Outside::Dying);
            if tracked && h.is_outside(Outside::Untracked) {
                if is_examined(TypeInfo::of(p)) {
                    let index = self.append(0, p);
                    h.place(0, index);
                    note_examined(p)
                } else {
                    h.put_outside(Outside::Leaf)
                }
            } else if !tracked && movable {
                self.unlist(p);
                h.put_outside(Outside::Untracked);
            }
        }
    }
}

/// Puts the object of a list's entry somewhere else.
pub(super) fn place(p: *mut u8, age: u32, number: u32) {
    // SAFETY: entries of lists are objects that are alive.
    unsafe { header(NonNull::new_unchecked(p)) }.place(age, number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Gc, Heap, RefCount, Rootable, Slot, Trace};

    #[derive(Trace)]
    #[trace(manager = RefCount)]
    struct Node<'gc>(Slot<'gc, Node<'gc>, RefCount>);
    struct Chain;
    impl Rootable<RefCount> for Chain {
        type Root<'gc> = Slot<'gc, Node<'gc>, RefCount>;
    }

    /// Each but the last is reached late, and stands in the list twice while it is examined.
    #[test]
    fn a_list_keeps_its_length_when_all_are_reached_late() {
        let config = Config { automatic: false, ..Config::default() };
        let heap = Heap::<Chain, RefCount>::new(config, |_| Slot::empty()).unwrap();
        let mut m = heap.mutator().unwrap();
        for n in [LIST_MAX - 10, LIST_MAX - 10, 2 * LIST_MAX] {
            m.mutate(|mc, root| {
                root.set(mc, None);
                for _ in 0..n {
                    root.set(mc, Some(Gc::new(mc, Node(Slot::new(root.get())))))
                }
            });
            m.verify().unwrap();
            for generation in [0, 1, 0] {
                m.collect(Request { generation, save_all: false, cause: Cause::Asked });
                m.verify().unwrap();
            }
        }
    }
}
