//! The hard limit: which collections an allocation that found no room is worth.
//!
//! CPython has no such limit, and Go's fails nobody; here a program may meet the limit and go on, again and again.  If each
//! refusal cost a full collection, a cache that lets one entry go for each that is refused would look at everything for
//! each entry.  So, before it answers `Full`, an allocation collects
//! ```text
//! the young and the middle   if there are any: what was born since the last full collection, each object once
//! everything                 if the last full collection found garbage; or if, since it found none,
//!                            · the allocation is the 2nd, 4th, 8th, … in a row to be refused, or
//!                            · a sixteenth as many were refused as it looked at objects (64 at least), or
//!                            · an eighth as many objects were released as it looked at (64 at least; one refusal in 64 asks)
//! ```
//! (a row ends when an allocation of the sort that was refused finds room), and tries again after each.
//! * Garbage born since the last full collection always makes room, at a constant cost a birth.
//! * While full collections find something, each refusal is worth one: a program whose garbage is old and in cycles meets
//!   `Full` only when there is none.
//! * When they find nothing, old garbage that appears makes room at the second attempt in a row, or at the latest when as
//!   many have been refused again as were before; and n refusals in a row cost a logarithm of n full collections, then
//!   sixteen objects looked at a refusal.
//!
//! With `CollectAt::Safepoints` the allocation answers, and that collection is due at the next safepoint, everything first.
//! Not here: the soft limit (`generations`).  Overview: `manager::refcount`.

use super::CountingHeap;
use crate::{
    alloc::{Full, size_class::LARGE_BYTES},
    config::CollectAt,
    object::{
        managed::{Cause, Request},
        type_info::TypeInfo,
    },
    sync::seeded,
};
use std::{cell::Cell, ptr::NonNull};

/// Objects of a full collection that found nothing, for each refusal since: so many make the next one worth it.
const OBJECTS_PER_REFUSAL: u64 = 16;
/// And for each object released since.
const OBJECTS_PER_RELEASE: u64 = 8;
/// Fewer of either say nothing: a collection costs something by itself, too.
const EVENTS_MIN: u64 = 64;

/// Refusals for a look at how many that is.
const REFUSALS_PER_LOOK: u64 = 64;

/// What was refused, and what the last full collection found.
pub(super) struct Refusals {
    /// In a row: none of the sort that was refused last has found room since.
    row: Cell<u64>,
    /// That sort: its type, and the bytes of its blocks.
    sort: Cell<(*const (), usize)>,
    /// All of them, and what they were at the last full collection.
    all: Cell<u64>,
    all_then: Cell<u64>,
    /// Objects released before it was over, those it looked at, and whether it found none dead.
    released_then: Cell<u64>,
    looked_at: Cell<u64>,
    in_vain: Cell<bool>,
}

impl Refusals {
    pub(super) fn new() -> Refusals {
        Refusals {
            row: Cell::new(0),
            sort: Cell::new((std::ptr::null(), 0)),
            all: Cell::new(0),
            all_then: Cell::new(0),
            released_then: Cell::new(0),
            looked_at: Cell::new(0),
            in_vain: Cell::new(false),
        }
    }
}

impl CountingHeap {
    /// There is no room, and so says `full`: the collections above, and another try after each.
    ///
    /// # Errors
    /// `full`, or what the last try said.
    pub(super) fn room_from_garbage(
        &self,
        info: &'static TypeInfo,
        block_bytes: usize,
        mut full: Full,
    ) -> Result<NonNull<u8>, Full> {
        self.note_refusal(info, block_bytes);
        if !self.may_collect_by_itself() {
            return Err(full);
        }
        let everything = self.everything_is_worth_it();
        if self.collect_at == CollectAt::Safepoints {
            let due = if everything { Some(2) } else { self.has_young().then_some(1) };
            self.limit_due.set(self.limit_due.get().max(due));
            self.retune();
            return Err(full);
        }
        for (generation, worth_it) in [(1, self.has_young()), (2, everything)] {
            if worth_it {
                self.collect(Request { generation, save_all: false, cause: Cause::Limit }, true);
                match self.take(info, block_bytes) {
                    Ok(p) => return Ok(p),
                    Err(again) => full = again,
                }
            }
        }
        Err(full)
    }

    fn has_young(&self) -> bool {
        // SAFETY: nothing here runs user code.  Holes are looked at once: a collection leaves none.
        self.lists.iter().any(|list| unsafe { &*list.get() }.iter().any(|p| !p.is_null()))
    }

    fn everything_is_worth_it(&self) -> bool {
        let refusals = &self.refusals;
        if !refusals.in_vain.get() {
            return true;
        }
        let (row, looked_at) = (refusals.row.get(), refusals.looked_at.get());
        let refused = refusals.all.get() - refusals.all_then.get();
        let asks = refusals.all.get().is_multiple_of(REFUSALS_PER_LOOK);
        let released = || self.released().saturating_sub(refusals.released_then.get());
        !seeded("refused_for_ever")
            && (row >= 2 && row.is_power_of_two()
                || refused >= (looked_at / OBJECTS_PER_REFUSAL).max(EVENTS_MIN)
                || asks && released() >= (looked_at / OBJECTS_PER_RELEASE).max(EVENTS_MIN))
    }
    /// Objects released so far.  Nobody counts them: a look at every span.
    fn released(&self) -> u64 {
        self.births().0 - self.live() as u64
    }

    #[cold]
    fn note_refusal(&self, info: &'static TypeInfo, block_bytes: usize) {
        let refusals = &self.refusals;
        refusals.row.set(refusals.row.get() + 1);
        refusals.all.set(refusals.all.get() + 1);
        refusals.sort.set((info.key(), block_bytes));
    }
    /// A slow path has found room.  (A refusal empties the table of the fast one: the next of its sort comes here.)
    pub(super) fn note_room(&self, info: &'static TypeInfo, block_bytes: usize) {
        if self.refusals.row.get() == 0 {
            return;
        }
        let (sort, refused_bytes) = self.refusals.sort.get();
        let same = std::ptr::eq(sort, info.key()) && block_bytes == refused_bytes;
        if same || block_bytes > LARGE_BYTES && block_bytes >= refused_bytes {
            self.refusals.row.set(0)
        }
    }
    /// A full collection has looked at so many objects, and found so many of them dead.
    pub(super) fn note_full_collection(&self, looked_at: usize, dead: usize) {
        let refusals = &self.refusals;
        refusals.looked_at.set(looked_at as u64);
        refusals.in_vain.set(dead == 0);
        refusals.all_then.set(refusals.all.get());
        refusals.released_then.set(self.released());
    }
}
