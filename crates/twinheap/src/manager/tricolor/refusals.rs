//! The hard limit: which collections a refusal is worth.
//!
//! An allocation that found no room asks for a collection, and the next session waits for it.  A program that is refused
//! and goes on would so wait for a full collection each session.  So only the first eight refusals in a row are worth one,
//! then the 16th, 32nd, 64th, …, and each 65,536th; a row ends when an allocation of the sort that was refused finds
//! room.  Garbage that appears makes room at the latest when as many have been refused again as were before.
//! Not here: the waiting (`cache`).  Overview: `manager::tricolor`.

use crate::{
    alloc::size_class::LARGE_BYTES,
    object::type_info::TypeInfo,
    sync::{AtomicU64, AtomicUsize, Ordering::Relaxed, seeded},
};

/// Refusals in a row that are each worth a collection: sessions of several threads keep each other's from beginning.
const FIRST: u64 = 8;
/// At the latest then.
const LAST: u64 = 1 << 16;

/// Refusals in a row, and of what: the type's address and the bytes of its blocks.  Racy: a figure for a decision.
#[derive(Default)]
pub struct Refusals {
    row: AtomicU64,
    sort: AtomicUsize,
    sort_bytes: AtomicUsize,
}

impl Refusals {
    /// One more; whether it is worth a collection.
    pub(super) fn note(&self, info: &'static TypeInfo, bytes: usize) -> bool {
        let row = self.row.fetch_add(1, Relaxed) + 1;
        self.sort.store(info.key().addr(), Relaxed);
        self.sort_bytes.store(bytes, Relaxed);
        row <= FIRST || !seeded("tricolor_refused_for_ever") && (row.is_power_of_two() || row.is_multiple_of(LAST))
    }
    /// A slow path has found room.
    #[inline]
    pub(super) fn note_room(&self, info: &'static TypeInfo, bytes: usize) {
        if self.row.load(Relaxed) == 0 {
            return;
        }
        let refused_bytes = self.sort_bytes.load(Relaxed);
        let same = self.sort.load(Relaxed) == info.key().addr() && bytes == refused_bytes;
        if same || bytes > LARGE_BYTES && bytes >= refused_bytes {
            self.row.store(0, Relaxed)
        }
    }
}
