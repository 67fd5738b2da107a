//! A table beside a span: two words for each block, made when somebody first asks for one.
//!
//! For what few objects have and all may have, found from the object in a handful of instructions, without a word in
//! each and without a map of addresses.  What the words mean is the manager's (`object::boxes`).  A page of the table
//! holds the words of 32 blocks; the table goes when its run is freed.  It lies outside the heap's own memory.
//! Not here: spans (`span`).  Overview: `alloc`.

use super::{chunk, span::SpanRef};
use crate::sync::{
    AtomicPtr,
    Ordering::{Acquire, Release},
};
use std::ptr::{NonNull, null_mut};

/// The words of one block, null at first.
pub type Pair = [AtomicPtr<u8>; 2];
const PAGE_BLOCKS: usize = 32;
/// A page of a table.
pub type Page = [Pair; PAGE_BLOCKS];

/// The first entry of a run's table: a page for each 32 of its blocks, null until it is asked for.
pub type Beside = AtomicPtr<Page>;

impl SpanRef {
    /// The index of the block that `p` lies in.
    #[inline(always)]
    pub fn block_of(self, p: NonNull<u8>) -> u32 {
        // A run with several blocks is a span: its offsets fit into a word that is divided faster.
        if self.capacity() == 1 {
            return 0;
        }
        (p.addr().get() - self.base().addr()) as u32 / self.block_bytes() as u32
    }
    /// Pages of its table.
    fn pages(self) -> usize {
        (self.capacity() as usize).div_ceil(PAGE_BLOCKS)
    }
    /// The place of block `i`'s page in the table at `table`.
    ///
    /// # Safety
    /// The table is this run's, and lives for `'a`.
    #[inline(always)]
    unsafe fn page_in<'a>(self, table: NonNull<Beside>, i: u32) -> &'a Beside {
        debug_assert!(i < self.capacity());
        // SAFETY: a table has a place for the page of each block.
        unsafe { table.add(i as usize / PAGE_BLOCKS).as_ref() }
    }
    /// The words beside block `i`, if they were asked for since the run was taken.
    ///
    /// # Safety
    /// The run is in use for `'a`, and has a block `i`.
    #[inline]
    pub unsafe fn beside<'a>(self, i: u32) -> Option<&'a Pair> {
        // SAFETY: the chunk of a run in use is mapped; a table stays for as long as its run, a page as long as its table.
        unsafe {
            let table = NonNull::new(chunk::beside_word(self.base()).load(Acquire))?;
            let page = self.page_in(table, i).load(Acquire).as_ref()?;
            Some(&page[i as usize % PAGE_BLOCKS])
        }
    }
    /// Whether words were ever asked for beside a block of this run, which is in use.
    pub fn has_beside(self) -> bool {
        // SAFETY: the chunk of a run in use is mapped.
        !unsafe { chunk::beside_word(self.base()).load(Acquire) }.is_null()
    }
    /// The words beside block `i`.
    ///
    /// # Safety
    /// As [`Self::beside`]; and nobody else is in here for this run.
    #[inline]
    pub unsafe fn beside_or_new<'a>(self, i: u32) -> &'a Pair {
        // SAFETY: forwarded.
        match unsafe { self.beside(i) } {
            Some(pair) => pair,
            // SAFETY: forwarded.
            None => unsafe { self.make_beside(i) },
        }
    }
    /// # Safety
    /// As [`Self::beside_or_new`].
    #[cold]
    #[inline(never)]
    unsafe fn make_beside<'a>(self, i: u32) -> &'a Pair {
        // SAFETY: as in `beside`; we are the only one to make tables and pages, by the caller's promise.
        unsafe {
            let word = chunk::beside_word(self.base());
            let table = NonNull::new(word.load(Acquire)).unwrap_or_else(|| {
                let new: Box<[Beside]> = (0..self.pages()).map(|_| AtomicPtr::new(null_mut())).collect();
                let table = NonNull::from(Box::leak(new)).cast();
                word.store(table.as_ptr(), Release);
                table
            });
            let place = self.page_in(table, i);
            if place.load(Acquire).is_null() {
                let new: Page = std::array::from_fn(|_| [(); 2].map(|()| AtomicPtr::new(null_mut())));
                place.store(Box::into_raw(Box::new(new)), Release)
            }
            &(*place.load(Acquire))[i as usize % PAGE_BLOCKS]
        }
    }
    /// Frees the table.
    ///
    /// # Safety
    /// The chunk is mapped, and nobody has or will ask for words of this run.
    pub unsafe fn free_beside(self) {
        // SAFETY: the caller's promise.  Table and pages were made by boxes of these lengths above, and are out of
        // everybody's reach.
        unsafe {
            let word = chunk::beside_word(self.base());
            let Some(table) = NonNull::new(word.load(Acquire)) else { return };
            word.store(null_mut(), Release);
            let table = Box::from_raw(NonNull::slice_from_raw_parts(table, self.pages()).as_ptr());
            for page in table.iter().filter_map(|place| NonNull::new(place.load(Acquire))) {
                drop(Box::from_raw(page.as_ptr()))
            }
        }
    }
}
