//! Every law of the counting managers, checked by looking at everything.  For tests and zeal.
//! Each law stands at the top of the file that keeps it.  Overview: `manager::refcount`.

use super::{
    CountingHeap,
    generations::{LIST_MAX, is_examined},
    header::{CONDEMNED, FINALIZED, IMMORTAL, OLD, OUT, Outside, UNSEEN, header},
};
use crate::{
    object::{managed::RawPending, type_info::TypeInfo},
    sync::Ordering::Relaxed,
};
use std::{
    collections::{HashMap, HashSet},
    ptr::NonNull,
};

impl CountingHeap {
    /// # Errors
    /// A sentence that names the broken law and where.
    pub(super) fn verify(&self) -> Result<(), String> {
        self.memory.verify()?;
        crate::manager::ladder::verify(&self.stats().ladder)?;
        self.verify_spans()?;
        self.verify_weak()?;
        self.verify_lists()?;
        let known = self.verify_headers()?;
        self.verify_counts(&known)
    }

    /// Every entry of a list knows its place; triggers follow the knobs; nothing is left of a release.
    fn verify_lists(&self) -> Result<(), String> {
        for (age, list) in self.lists.iter().enumerate() {
            // SAFETY: nothing here runs user code.
            let list = unsafe { &*list.get() };
            if list.capacity() > LIST_MAX {
                return Err(format!("list {age} has room for {} entries of {LIST_MAX}", list.capacity()));
            }
            for (i, &p) in list.iter().enumerate() {
                let Some(q) = NonNull::new(p) else { continue };
                // SAFETY: entries lead to blocks; that is what is being checked, and blocks stay mapped meanwhile.
                let h = unsafe { header(q) };
                if !h.is_alive() || h.age() as usize != age || h.number() as usize != i {
                    return Err(format!("list {age} has {p:p} at {i}, whose header says {:#x}", h.aux.get()));
                }
            }
        }
        // SAFETY: as above.
        if self.depth.get() == 0 && !unsafe { &*self.parked.get() }.is_empty() {
            return Err("objects are parked though no release is under way".into());
        }
        if self.depth.get() == 0 && !self.values.is_empty() {
            return Err("values of dead keys wait though no release is under way".into());
        }
        let triggers = (self.allocation_trigger.get(), self.safepoint_trigger.get());
        let young_until = self.young_until.get();
        self.retune();
        if triggers != (self.allocation_trigger.get(), self.safepoint_trigger.get()) {
            return Err(format!("triggers {triggers:?} do not follow the knobs"));
        }
        // SAFETY: as above.
        let young = unsafe { &*self.lists[0].get() }.len() as isize;
        if young_until > self.young_until_now().max(young) {
            return Err(format!("the young may grow to {young_until}, though {} is all", self.young_until_now()));
        }
        Ok(())
    }

    /// Every header is one that a heap at rest may have.  The addresses of all objects.
    fn verify_headers(&self) -> Result<HashSet<usize>, String> {
        let mut known = HashSet::new();
        let mut wrong = None;
        let (queued, held) = self.queued_objects();
        let held: HashSet<usize> = held.into_iter().map(<*mut u8>::addr).collect();
        self.each_object(&mut |span, info, p| {
            // SAFETY: an object of this heap.
            let h = unsafe { header(p) };
            known.insert(p.addr().get());
            let age = h.age();
            let listed = || {
                // SAFETY: nothing here runs user code.
                unsafe { &*self.lists[age as usize].get() }.get(h.number() as usize) == Some(&p.as_ptr())
            };
            let lawful = match age {
                OLD => is_examined(info) && span.swept.load(Relaxed) != 0,
                OUT if h.is_outside(Outside::Leaf) => !is_examined(info),
                OUT if h.is_outside(Outside::Acyclic) => info.is_fixed,
                OUT => [Outside::Untracked, Outside::Frozen, Outside::Dying, Outside::Condemned, Outside::Lent]
                    .iter()
                    .any(|&why| h.is_outside(why)),
                _ => is_examined(info) && listed(),
            };
            let condemned = h.is_outside(Outside::Condemned);
            let waits = held.contains(&p.addr().get());
            // A leaf's `Drop` may ask, in the middle of a collection: then its condemned are dying, or still in its hands.
            let falls = self.collecting.get() && (h.is_outside(Outside::Dying) || condemned);
            if !lawful || h.has(UNSEEN) || !falls && (h.has(CONDEMNED), condemned) != (waits, waits) {
                wrong = Some(format!("{p:p} of {} has the header {:#x}", (info.name)(), h.aux.get()));
            }
        });
        for what in queued {
            let p = what.object();
            // SAFETY: checked to be an object before its header is read.
            let whole = known.contains(&p.addr().get()) && unsafe { header(p) }.is_alive();
            // SAFETY: as above.
            if !whole || matches!(what, RawPending::Finalize(_)) && !unsafe { header(p) }.has(FINALIZED) {
                wrong = Some(format!("{what:?} is queued but gone, or not marked"));
            }
        }
        wrong.map_or(Ok(known), Err)
    }

    /// Every reference leads to a live object of this heap, and nobody has fewer counts than references.
    fn verify_counts(&self, known: &HashSet<usize>) -> Result<(), String> {
        let mut found: HashMap<usize, u32> = HashMap::new();
        let mut wrong = None;
        self.each_object(&mut |_, info, p| {
            // SAFETY: an object of this heap.
            let h = unsafe { header(p) };
            if !info.needs_trace || !h.is_alive() || h.is_outside(Outside::Lent) {
                return;
            }
            // SAFETY: a live object.
            unsafe {
                let acyclic = header(p).is_outside(Outside::Acyclic);
                let in_cells = super::show(p, &mut |target| {
                    let of = TypeInfo::of(target);
                    if acyclic && of.needs_trace && !of.is_fixed {
                        wrong =
                            Some(format!("{p:p} of {} refers to a {}, and is unlisted", (info.name)(), (of.name)()));
                    }
                    if known.contains(&target.addr().get()) {
                        *found.entry(target.addr().get()).or_default() += 1;
                    } else {
                        wrong = Some(format!("{p:p} of {} refers to {target:p}, no object", (info.name)()));
                    }
                });
                if acyclic && in_cells > 0 {
                    wrong =
                        Some(format!("{p:p} of {} has {in_cells} references in cells, and is unlisted", (info.name)()))
                }
            }
        });
        let (queued, held) = self.queued_objects();
        for p in queued.iter().map(RawPending::object).chain(held.into_iter().filter_map(NonNull::new)) {
            *found.entry(p.addr().get()).or_default() += 1;
        }
        for p in self.pins.borrow().iter().flatten() {
            *found.entry(p.addr().get()).or_default() += 1;
        }
        self.each_object(&mut |_, _, p| {
            let references = found.get(&p.addr().get()).copied().unwrap_or(0);
            // SAFETY: an object of this heap.
            let (strong, info) = unsafe { (header(p).strong.get(), TypeInfo::of(p)) };
            if strong != IMMORTAL && strong < references {
                wrong = Some(format!("{p:p} of {} counts {strong} of {references} references", (info.name)()));
            }
        });
        wrong.map_or(Ok(()), Err)
    }
}
