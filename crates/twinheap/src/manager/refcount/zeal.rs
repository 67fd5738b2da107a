//! Zeal: collect at every n-th allocation, poison what is freed, and let the program notice nothing.
//!
//! Counts, ages and order of the lists stay; nothing is queued.  So garbage whose end could be noticed is kept for a real
//! collection: what has a finalizer, weak boxes or a leaf with a `Drop`, and what such garbage refers to.  What is freed
//! is remembered by generation (*ghosts*) and counted by the collection that would have found it.
//! A program that lists all objects, garbage included, or keeps garbage (`save_all`) can still tell.
//! Poison is written by `cache` and looked for by `verify`.  Overview: `manager::refcount`.

use super::{
    CountingHeap,
    cache::blocks,
    collect::{Set, Total, is_counted},
    generations::place,
    header::{AGE, FINALIZED, HAS_WEAK, OLD, ONE, OUT, Outside, UNSEEN, header},
};
use crate::{
    alloc::SpanRef,
    object::type_info::{DropKind, TypeInfo},
    sync::seeded,
};
use std::{cell::Cell, ptr::NonNull};

/// The knob, and what zeal has freed.
pub(super) struct Zeal {
    every: Option<u32>,
    ticks: Cell<u32>,
    ghosts: Cell<[usize; 3]>,
}

impl Zeal {
    pub(super) fn new(every: Option<u32>) -> Zeal {
        Zeal { every, ticks: Cell::new(0), ghosts: Cell::default() }
    }
    pub(super) fn is_on(&self) -> bool {
        self.every.is_some()
    }
    /// Containers freed by zeal that a collection of this generation would have found by now.
    pub(super) fn take_ghosts(&self, generation: u32) -> usize {
        let mut ghosts = self.ghosts.get();
        let found = ghosts[..=generation as usize].iter().sum();
        ghosts[..=generation as usize].fill(0);
        self.ghosts.set(ghosts);
        found
    }
}

/// Whether the program could notice that this object, found dead, is released.
///
/// # Safety
/// A live object of `info`.
unsafe fn is_noticed(info: &'static TypeInfo, p: NonNull<u8>) -> bool {
    // SAFETY: the caller's object.
    let h = unsafe { header(p) };
    info.finalize.is_some() && !h.has(FINALIZED) || h.has(HAS_WEAK) || info.drop_kind == DropKind::Arbitrary
}

impl CountingHeap {
    /// An allocation is about to be made.
    pub(super) fn zeal_tick(&self) {
        let Some(every) = self.zeal.every else { return };
        let ticks = self.zeal.ticks.get() + 1;
        self.zeal.ticks.set(if ticks == every { 0 } else { ticks });
        if ticks == every && !self.collecting.get() && !self.is_suspended() {
            self.collecting.set(true);
            self.collect_unnoticed();
            self.collecting.set(false);
        }
    }

    fn collect_unnoticed(&self) {
        let set = Set::of_generation(OLD);
        let spans = self.traced_spans();
        // What is noticed is not counted among those that are held.
        let total = Total { held: 0, ..self.subtract_all(set, &spans) };
        self.keep_noticed(set, &spans);
        let reached = self.reach_all(set, &spans, &total);
        let mut condemned = Vec::new();
        let mut ghosts = self.zeal.ghosts.get();
        if reached < total.objects {
            for p in spans.iter().flat_map(|&span| blocks(span)) {
                // SAFETY: blocks have headers; those in the set are live objects.
                let h = unsafe { header(p) };
                if set.has(h.aux.get()) && h.has(UNSEEN) {
                    condemned.push(p.as_ptr());
                    if seeded("counted_asked_in_the_walk") {
                        ghosts[h.age() as usize] += is_counted(p.as_ptr()) as usize;
                    }
                }
            }
        }
        // The lists have their places back; the dead leave them.
        for (age, list) in self.lists.iter().enumerate() {
            // SAFETY: no other reference into the lists lives.
            let list = unsafe { &mut *list.get() };
            // SAFETY: entries are live objects.
            list.retain(|&p| NonNull::new(p).is_some_and(|p| !unsafe { header(p) }.has(UNSEEN)));
            list.iter().enumerate().for_each(|(i, &p)| place(p, age as u32, i as u32));
        }
        let count0 = self.count0.get();
        for &p in &condemned {
            // SAFETY: a live object; the collection's own reference, as in `collect`.
            unsafe { super::handle::retain(NonNull::new_unchecked(p)) }
        }
        // The program's code, which may release what it holds elsewhere: with the walk over and every place restored.
        for &p in condemned.iter().filter(|_| !seeded("counted_asked_in_the_walk")) {
            // SAFETY: alive, we hold a reference; its age is the one it was found with.
            let age = unsafe { header(NonNull::new_unchecked(p)) }.age();
            ghosts[age as usize] += is_counted(p) as usize;
        }
        self.zeal.ghosts.set(ghosts);
        self.destroy(&condemned);
        self.count0.set(count0);
        self.retune_quick()
    }

    /// Garbage that the program would miss counts as referred to from outside.
    fn keep_noticed(&self, set: Set, spans: &[SpanRef]) {
        for &span in spans {
            // SAFETY: a span in use.
            let info = unsafe { TypeInfo::in_span(span) };
            for p in blocks(span) {
                // SAFETY: blocks have headers; those in the set are live objects.
                unsafe {
                    let h = header(p);
                    let aux = h.aux.get();
                    if !set.has(aux) || aux >= ONE {
                        continue;
                    }
                    let mut noticed = is_noticed(info, p);
                    if !noticed {
                        // What it refers to outside of the set may be released with it.
                        let mut look = |target: NonNull<u8>| {
                            let of = TypeInfo::of(target);
                            let plain = header(target).is_outside(Outside::Leaf) && !is_noticed(of, target);
                            noticed |= header(target).aux.get() & AGE == OUT && !plain;
                        };
                        super::show(p, &mut look);
                    }
                    if noticed {
                        h.aux.set(aux + ONE)
                    }
                }
            }
        }
    }
}
