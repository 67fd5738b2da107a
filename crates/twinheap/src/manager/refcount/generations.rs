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
//! young_until ≤ capacity of lists[0], ≤ len of it + births until one is due; ≤ len if something waits (`verify`)
//! ```
//! A birth compares the length with `young_until`, and so with all three.  A birth that is not listed takes one off it.
//!
//! An object whose references never change, to leaves and to objects of the same sort, can be in no cycle: it is in no list
//! and no collection looks at it (Bacon and Rajan's green).  It counts towards a collection all the same.
//!
//! CPython 3.13's counts: `count0` is containers allocated less freed since the last collection, never below zero;
//! `counts` are collections of the generation below.  A full one waits until a quarter of the old are new
//! (bpo-4074).  Not here: what a collection does (`collect`).  Overview: `manager::refcount`.

use super::{
    CountingHeap,
    cache::block_bytes,
    collect::Subtract,
    header::{Header, LEAF, NUMBER_MAX, OLD, Outside, acyclic, header, young},
};
use crate::{
    alloc::{Full, SpanRef},
    config::CollectAt,
    object::{
        managed::{Cause, Request},
        type_info::{Kind, TypeInfo},
    },
    sync::{Ordering::Relaxed, seeded},
};
use std::{hint::cold_path, ptr::NonNull};

/// Entries a list begins with: two young generations of CPython's default threshold.  (Fewer under Miri.)
const LIST_MIN: usize = if cfg!(miri) { 16 } else { 4096 };
/// Holes that are looked for at a time.
const ROW: usize = 32;
/// A list never grows beyond this many entries, so that every index fits into a header's number.  (Fewer in this file's
/// tests.)
pub(super) const LIST_MAX: usize = if cfg!(test) { 2 * LIST_MIN } else { NUMBER_MAX as usize - 1 };

/// Whether collections look at objects of this type.  Weak boxes without references are among them, so that a box
/// which is part of garbage is known to be, and hears nothing.
#[inline(always)]
pub(super) const fn is_examined(info: &TypeInfo) -> bool {
    info.needs_trace || info.is_weak_box
}

/// The span of `p` holds an object that full collections look at (`Span::swept` is not used otherwise here).  Births need
/// not say so: the open span of such a type is always taken to.
pub(super) fn note_examined(p: NonNull<u8>) {
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
        }
    }

    /// A block for an object of `info`, counted, if nothing else is to be done: nothing waits or is due, and neither the
    /// class's hand nor the list of the young has to be seen to.  Nothing is called, so that no register is saved.
    #[inline(always)]
    pub(crate) fn quick_block(&self, info: &'static TypeInfo) -> Option<NonNull<u8>> {
        let container = info.kind == Kind::Container;
        // SAFETY: no other reference into the lists lives.
        let young = unsafe { &*self.lists[0].get() }.len() as isize;
        if if container || is_examined(info) { young >= self.young_until.get() } else { self.has_pending.get() } {
            cold_path();
            return None;
        }
        let p = self.take_from_line(info, block_bytes(info, info.size))?;
        if container {
            self.count0.set(self.count0.get() + 1);
            if (info.is_fixed || !is_examined(info)) && !seeded("unlisted_births_forgotten") {
                // It may not be listed.
                self.young_until.set(self.young_until.get() - 1)
            }
        }
        Some(p)
    }
    /// The same when there is more to do; may collect.
    ///
    /// # Errors
    /// [`Full`].
    #[cold]
    #[inline(never)]
    pub(crate) fn slow_block(&self, info: &'static TypeInfo) -> Result<NonNull<u8>, Full> {
        let p = self.block(info, info.size)?;
        if (is_examined(info) || info.kind == Kind::Container) && !self.has_room() {
            self.make_room(0)
        }
        self.retune_quick();
        Ok(p)
    }
    /// Whether the list of the young has room for one more.
    #[inline(always)]
    fn has_room(&self) -> bool {
        // SAFETY: no other reference into the lists lives.
        let list = unsafe { &*self.lists[0].get() };
        list.len() < list.capacity()
    }
    /// [`Self::born`] where the list of the young has room.
    ///
    /// # Safety
    /// `p` is a block that one of the two above returned for `info`, and its object is written.
    #[inline(always)]
    pub(crate) unsafe fn born_in_room(&self, info: &'static TypeInfo, p: NonNull<u8>) {
        debug_assert!(!is_examined(info) || self.has_room());
        // SAFETY: the caller's block; no other reference into the lists lives, and this one has room.
        unsafe {
            let h = header(p);
            if !is_examined(info) {
                h.set(1, LEAF)
            } else if info.is_fixed && Subtract::is_acyclic(info, p) {
                h.set(1, self.acyclic.get())
            } else {
                let list = &mut *self.lists[0].get();
                let index = list.len();
                list.as_mut_ptr().add(index).write(p.as_ptr());
                list.set_len(index + 1);
                h.set(1, young(index as u32))
            }
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
        let mut kept = 0;
        for row in (0..list.len()).step_by(ROW) {
            // Who lives shortly leaves long rows of holes.
            if list[row..].first_chunk::<ROW>().is_some_and(|row| row.iter().fold(0, |any, p| any | p.addr()) == 0) {
                continue;
            }
            for i in row..(row + ROW).min(list.len()) {
                let p = list[i];
                if !p.is_null() {
                    list[kept] = p;
                    place(p, age as u32, kept as u32);
                    kept += 1;
                }
            }
        }
        list.truncate(kept);
        if kept > LIST_MAX / 2 {
            // Too many for the header's number: the older half grows old at once.
            list.drain(..kept / 2).for_each(|p| place(p, OLD, 0));
            list.iter().enumerate().for_each(|(i, &p)| place(p, age as u32, i as u32));
        }
        // As long as that costs little, so long that squeezing costs little.
        let times = match list.len() / LIST_MIN {
            0 => 16,
            1..4 => 8,
            _ => 2,
        };
        let want = (list.len() * times).clamp(LIST_MIN, LIST_MAX);
        list.reserve_exact(want.saturating_sub(list.len()).max(1));
        self.retune_quick()
    }

    /// A container is about to be allocated: counts it, and collects if that is due here.
    #[inline(always)]
    pub(super) fn count(&self, info: &'static TypeInfo) {
        if info.kind == Kind::Container {
            let n = self.count0.get() + 1;
            self.count0.set(n);
            self.young_until.set(self.young_until.get() - 1);
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
        if let Some(generation) = self.limit_due.get() {
            return Some(generation);
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

    pub(super) fn may_collect_by_itself(&self) -> bool {
        self.automatic.get() && self.thresholds.get()[0] != 0 && !self.collecting.get() && !self.is_suspended()
    }

    /// Sets the two triggers, after anything they depend on has changed.
    pub(super) fn retune(&self) {
        let threshold = if self.may_collect_by_itself() { self.thresholds.get()[0] } else { i64::MAX };
        let (allocation, safepoint) = match self.collect_at {
            CollectAt::Allocations => (threshold, i64::MAX),
            CollectAt::Safepoints if threshold != i64::MAX && self.limit_due.get().is_some() => (i64::MAX, -1),
            CollectAt::Safepoints => (i64::MAX, threshold),
        };
        self.allocation_trigger.set(allocation);
        self.safepoint_trigger.set(safepoint);
        self.retune_quick()
    }
    /// The same for what depends on the queue, the count and the list of the young as well.
    pub(super) fn retune_quick(&self) {
        self.young_until.set(self.young_until_now())
    }
    /// How long the list of the young may grow by births that look at nothing else.
    pub(super) fn young_until_now(&self) -> isize {
        if self.has_pending.get() {
            return 0;
        }
        // SAFETY: no other reference into the lists lives.
        let list = unsafe { &*self.lists[0].get() };
        let left = self.allocation_trigger.get().saturating_sub(self.count0.get()).max(0) as usize;
        (list.len().saturating_add(left)).min(list.capacity()) as isize
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

    /// The soft limit is reached: a full collection now, or at the next safepoint, unless nothing may collect by itself.
    fn collect_at_limit(&self) {
        if !self.may_collect_by_itself() {
            return;
        }
        match self.collect_at {
            CollectAt::Allocations => {
                self.collect(Request { generation: 2, save_all: false, cause: Cause::Limit }, true);
            }
            CollectAt::Safepoints => {
                self.limit_due.set(Some(2));
                self.retune()
            }
        }
    }

    /// What the soft limit counts outside the heap.  The program's code runs: before a collection, never in one.
    pub(super) fn outside_bytes(&self) -> usize {
        if self.limit_bytes.get().is_some() { self.memory.outside_bytes() } else { 0 }
    }

    /// After a full collection: from where on the soft limit asks for the next.
    pub(super) fn reset_limit(&self, outside: usize) {
        self.limit_due.set(None);
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
        self.retune_quick();
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
