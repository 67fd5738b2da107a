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
type Page = [Pair; PAGE_BLOCKS];

/// The table of a run.
pub struct Beside(Box<[AtomicPtr<Page>]>);

impl Beside {
    fn new(capacity: u32) -> Beside {
        let pages = (capacity as usize).div_ceil(PAGE_BLOCKS);
        Beside((0..pages).map(|_| AtomicPtr::new(null_mut())).collect())
    }
}
impl Drop for Beside {
    fn drop(&mut self) {
        for page in &self.0 {
            if let Some(page) = NonNull::new(page.load(Acquire)) {
                // SAFETY: made by `Box::into_raw` below, and nobody else has the table.
                drop(unsafe { Box::from_raw(page.as_ptr()) })
            }
        }
    }
}

impl SpanRef {
    /// The index of the block that `p` lies in.
    #[inline(always)]
    pub fn block_of(self, p: NonNull<u8>) -> u32 {
        ((p.addr().get() - self.base().addr()) / self.block_bytes()) as u32
    }
    /// The words beside block `i`, if they were asked for since the run was taken.
    ///
    /// # Safety
    /// The run is in use for `'a`.
    #[inline]
    pub unsafe fn beside<'a>(self, i: u32) -> Option<&'a Pair> {
        // SAFETY: the chunk of a run in use is mapped; a table stays for as long as its run, a page as long as its table.
        unsafe {
            let table = chunk::beside_word(self.base()).load(Acquire).as_ref()?;
            let page = table.0.get(i as usize / PAGE_BLOCKS)?.load(Acquire).as_ref()?;
            Some(&page[i as usize % PAGE_BLOCKS])
        }
    }
    /// The words beside block `i`, which is one of the run's.
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
    #[cold]
    #[inline(never)]
    unsafe fn make_beside<'a>(self, i: u32) -> &'a Pair {
        // SAFETY: as in `beside`; we are the only one to make tables and pages, by the caller's promise.
        unsafe {
            let word = chunk::beside_word(self.base());
            if word.load(Acquire).is_null() {
                word.store(Box::into_raw(Box::new(Beside::new(self.capacity()))), Release)
            }
            let page = &(&(*word.load(Acquire)).0)[i as usize / PAGE_BLOCKS];
            if page.load(Acquire).is_null() {
                page.store(
                    Box::into_raw(Box::new(std::array::from_fn(|_| [(); 2].map(|()| AtomicPtr::new(null_mut()))))),
                    Release,
                )
            }
            &(*page.load(Acquire))[i as usize % PAGE_BLOCKS]
        }
    }
    /// Frees the table.
    ///
    /// # Safety
    /// The chunk is mapped, and nobody has or will ask for words of this run.
    pub unsafe fn free_beside(self) {
        // SAFETY: the caller's promise.
        let word = unsafe { chunk::beside_word(self.base()) };
        if let Some(table) = NonNull::new(word.load(Acquire)) {
            word.store(null_mut(), Release);
            // SAFETY: made by `Box::into_raw` above, and out of everybody's reach.
            drop(unsafe { Box::from_raw(table.as_ptr()) })
        }
    }
}
