//! A span: a run of memory cut into blocks of one size, all of one type.
//!
//! Two ways to say which blocks are in use, one per family of managers:
//! * *bits* (tracing managers): `alloc` and `mark` bitmaps in the chunk's head.  Blocks are handed out in *free runs*,
//!   and the sweep is `alloc &= mark; mark = 0`, a word at a time.
//! * *list* (counting managers): an intrusive free list and a count, as in mimalloc's pages; the bitmaps stay
//!   untouched, so they cost no memory.
//!
//! Not here: where spans come from (`memory`), what the type word means (`object::type_info`).  Overview: `alloc`.

use super::chunk::{self, GRANULE_BYTES, SPAN_BYTES, WORDS_PER_SPAN};
use crate::sync::{
    AtomicU8, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};
use std::{
    cell::Cell,
    mem::offset_of,
    ops::{Deref, Range},
    ptr::NonNull,
};

/// A run of spans cut into blocks.  CPython calls it a pool, mimalloc a page, Go a span.
///
/// ```text
/// capacity == 1                                          for a large object
/// capacity == SPAN_BYTES / block_bytes                   otherwise
/// bits:  marked(b) implies allocated(b)                  outside of MARK, for every block b
/// list:  live + |free| == next_block <= capacity         (next_block: blocks ever linked)
/// ```
#[repr(C, align(64))]
pub struct Span {
    type_key: *const (),
    heap: *const (),
    base: *mut u8,
    block_bytes: usize,
    capacity: u32,
    /// Table entries this run takes; 0 for a huge object (a chunk of its own).
    spans: u16,
    /// Whether some list of spans with room holds it (the list's owner keeps this).
    pub(crate) listed: AtomicU8,
    /// Bits for the manager's use (refcount: none; tricolor: none yet).
    pub(crate) note: AtomicU8,
    /// 0 nobody, otherwise the id of the only one who may touch alloc bits and `next_block` (I12).
    pub(crate) owner: AtomicU32,
    /// Epoch of the last sweep; younger than the heap's means that `alloc` still holds the dead.
    pub(crate) swept: AtomicU32,
    /// Head of the free list (list spans).
    pub(crate) free: Cell<*mut u8>,
    /// Blocks in use, those that a manager has taken in order to hand them out included (list spans).
    pub(crate) live: Cell<u32>,
    /// Bits: where the search for the next free run goes on.  List: blocks ever linked.
    pub(crate) next_block: Cell<u32>,
}

/// A pointer to a span in the table of a mapped chunk.
///
/// `Copy` and without a lifetime: the table outlives every use because a chunk is unmapped only when none of its
/// spans is in use and no manager remembers one ([`super::Memory::trim`]).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SpanRef(NonNull<Span>);

// SAFETY: a SpanRef is an address; what may be done through it is said by ownership (I12) and by atomics.
unsafe impl Send for SpanRef {}
// SAFETY: as above.
unsafe impl Sync for SpanRef {}

impl Deref for SpanRef {
    type Target = Span;
    #[inline(always)]
    fn deref(&self) -> &Span {
        // SAFETY: the type's contract: the table entry is mapped and initialised.
        unsafe { self.0.as_ref() }
    }
}

/// What a sweep found, in blocks.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Swept {
    /// Blocks that stay.
    pub live: usize,
    /// Blocks that became free.
    pub freed: usize,
}

impl SpanRef {
    /// The span of the block at `p`.
    ///
    /// # Safety
    /// `p` is the first byte of a block (or of the object in it) of a mapped chunk of ours.
    #[inline(always)]
    pub unsafe fn of(p: NonNull<u8>) -> SpanRef {
        // SAFETY: masking the address of a block yields its chunk's table, never null.
        SpanRef(unsafe { NonNull::new_unchecked(chunk::span_entry(p.as_ptr())) })
    }

    /// Writes the table entry for a run that starts at `base`.
    ///
    /// # Safety
    /// `base` is the first byte of `spans` unused, consecutive spans of a mapped chunk (or of a huge chunk, with
    /// `spans` = 0), which the caller owns alone; its bits in both maps are 0.
    pub(crate) unsafe fn init(
        base: *mut u8,
        spans: u16,
        block_bytes: usize,
        capacity: u32,
        type_key: *const (),
        heap: *const (),
    ) -> SpanRef {
        let entry = chunk::span_entry(base);
        // SAFETY: the entry belongs to the unused span by the caller's promise.
        unsafe {
            entry.write(Span {
                type_key,
                heap,
                base,
                block_bytes,
                capacity,
                spans,
                listed: AtomicU8::new(0),
                note: AtomicU8::new(0),
                owner: AtomicU32::new(0),
                swept: AtomicU32::new(0),
                free: Cell::new(std::ptr::null_mut()),
                live: Cell::new(0),
                next_block: Cell::new(0),
            });
            SpanRef(NonNull::new_unchecked(entry))
        }
    }

    /// The table entry at `entry`.
    ///
    /// # Safety
    /// It was written by `init` and its chunk is mapped.
    pub(crate) unsafe fn from_entry(entry: *mut Span) -> SpanRef {
        // SAFETY: an entry of a table is not null.
        SpanRef(unsafe { NonNull::new_unchecked(entry) })
    }

    /// Both bytes, for the only thread that uses the span (counting managers): a plain load, which can be an operand.
    #[inline(always)]
    pub(crate) fn listed_and_note(self) -> u16 {
        // (Loom's atomics are larger than bytes.)
        #[cfg(not(loom))]
        const {
            assert!(offset_of!(Span, note) == offset_of!(Span, listed) + 1 && offset_of!(Span, listed) % 2 == 0)
        };
        #[cfg(loom)]
        return u16::from_ne_bytes([self.listed.load(Relaxed), self.note.load(Relaxed)]);
        // SAFETY: two bytes of a mapped table entry, side by side and aligned; no other thread writes them.
        #[cfg(not(loom))]
        unsafe {
            self.0.byte_add(offset_of!(Span, listed)).cast::<u16>().read()
        }
    }

    /// First byte of block `i`.
    #[inline(always)]
    pub fn block(self, i: u32) -> *mut u8 {
        self.base.wrapping_add(i as usize * self.block_bytes)
    }

    /// Index of the block that starts at `p`, or `None` when no block of this span starts there.
    pub fn index_of(self, p: *mut u8) -> Option<u32> {
        let offset = p.addr().checked_sub(self.base.addr())?;
        let i = offset / self.block_bytes;
        (offset.is_multiple_of(self.block_bytes) && i < self.capacity as usize).then_some(i as u32)
    }

    /// Words of the bitmaps that this span's blocks have bits in.
    #[inline]
    fn words(self) -> Range<usize> {
        let (first, _) = chunk::bit_of(self.base);
        let bits = (self.capacity as usize - 1) * (self.block_bytes / GRANULE_BYTES) + 1;
        first..first + if self.capacity == 1 { 1 } else { bits.div_ceil(64).min(WORDS_PER_SPAN) }
    }

    /// Tries to become the owner.
    #[inline]
    pub fn try_own(self, id: u32) -> bool {
        self.owner.compare_exchange(0, id, Acquire, Relaxed).is_ok()
    }

    /// Ends ownership; what the owner wrote is visible to the next one.
    #[inline]
    pub fn disown(self) {
        self.owner.store(0, Release)
    }

    /// Whether block `i` is allocated.
    ///
    /// # Safety
    /// The caller owns the span, or the world is stopped (I12).
    pub unsafe fn is_allocated(self, i: u32) -> bool {
        let (w, bit) = chunk::bit_of(self.block(i));
        // SAFETY: a block's word exists; reading it is the owner's right.
        unsafe { *chunk::alloc_word(chunk::of(self.base), w) & bit != 0 }
    }

    /// Calls `f(word index, mask)` for the bits of blocks `range`, a word at a time.
    #[inline]
    fn masks(self, range: Range<u32>, mut f: impl FnMut(usize, u64)) {
        if range.is_empty() {
            return;
        }
        let step = self.block_bytes / GRANULE_BYTES;
        let (first_word, _) = chunk::bit_of(self.base);
        let mut bit = range.start as usize * step;
        let end = range.end as usize * step;
        // The pattern of a word that begins with a block's bit; for powers of two every word is alike.
        if step.is_power_of_two() && step <= 64 {
            let pattern = if step == 64 { 1 } else { u64::MAX / ((1u64 << step) - 1) };
            while bit < end {
                let word_end = (bit / 64 + 1) * 64;
                let mut mask = pattern << (bit % 64);
                if end < word_end {
                    mask &= (1u64 << (end % 64)) - 1;
                }
                f(first_word + bit / 64, mask);
                bit = word_end;
            }
            return;
        }
        while bit < end {
            let word = bit / 64;
            let mut mask = 0;
            while bit < end && bit / 64 == word {
                mask |= 1u64 << (bit % 64);
                bit += step;
            }
            f(first_word + word, mask);
        }
    }

    /// Takes the next free run: its blocks become allocated, and marked as well if `black` (I7).  `None` at the end.
    ///
    /// Cost: the run's length plus the allocated blocks skipped, a few instructions a block or less.
    ///
    /// # Safety
    /// The caller owns the span (I12), and no phase change can happen meanwhile if `black` matters.
    pub unsafe fn next_run(self, black: bool) -> Option<Range<u32>> {
        let step = self.block_bytes / GRANULE_BYTES;
        let here = chunk::of(self.base);
        let (first_word, _) = chunk::bit_of(self.base);
        // SAFETY: words of our own span; the owner may read and write alloc bits.
        let word = |w: usize| unsafe { *chunk::alloc_word(here, first_word + w) };
        let mut i = self.next_block.get();
        let mut bit = i as usize * step;
        while i < self.capacity && word(bit / 64) >> (bit % 64) & 1 != 0 {
            i += 1;
            bit += step;
        }
        if i >= self.capacity {
            self.next_block.set(self.capacity);
            return None;
        }
        // The next allocated block ends the run: the next set bit, found a word at a time.
        let words = self.words().len();
        let (mut w, mut rest) = (bit / 64, word(bit / 64) & (u64::MAX << (bit % 64)));
        let end = loop {
            if rest != 0 {
                break ((w * 64 + rest.trailing_zeros() as usize) / step) as u32;
            }
            w += 1;
            if w >= words {
                break self.capacity;
            }
            rest = word(w);
        };
        self.next_block.set(end);
        // SAFETY: the masks name blocks of this span; alloc bits are the owner's, mark bits are atomics.
        self.masks(i..end, |w, mask| unsafe {
            *chunk::alloc_word(here, w) |= mask;
            if black {
                chunk::mark_word(here, w).fetch_or(mask, Relaxed);
            }
        });
        Some(i..end)
    }

    /// Gives back the part of a run that was not used: its bits are cleared in both maps.
    ///
    /// # Safety
    /// The caller owns the span, and `range` is the unused end of a run it took with [`Self::next_run`].
    pub unsafe fn return_run(self, range: Range<u32>) {
        let here = chunk::of(self.base);
        // SAFETY: as in `next_run`.
        self.masks(range, |w, mask| unsafe {
            *chunk::alloc_word(here, w) &= !mask;
            chunk::mark_word(here, w).fetch_and(!mask, Relaxed);
        });
    }

    /// Frees every allocated block that is not marked, and clears the marks.  `dead` sees each freed block first.
    ///
    /// Cost: 0.1–0.3 ns a dead block when `dead` does nothing.
    ///
    /// # Safety
    /// The caller owns the span, marking is over, and `dead` does not touch the span.
    pub unsafe fn sweep(self, mut dead: impl FnMut(NonNull<u8>), visit_dead: bool) -> Swept {
        let here = chunk::of(self.base);
        let mut swept = Swept::default();
        for w in self.words() {
            // SAFETY: our own words, as in `next_run`.
            let (alloc, mark) = unsafe { (chunk::alloc_word(here, w), chunk::mark_word(here, w)) };
            // SAFETY: alloc bits are the owner's.
            let a = unsafe { *alloc };
            let m = mark.load(Relaxed);
            let mut gone = a & !m;
            swept.freed += gone.count_ones() as usize;
            swept.live += (a & m).count_ones() as usize;
            while visit_dead && gone != 0 {
                let bit = gone.trailing_zeros() as usize;
                gone &= gone - 1;
                // SAFETY: the bit stands for the first byte of a block inside this chunk.
                dead(unsafe { NonNull::new_unchecked(here.add((w * 64 + bit) * GRANULE_BYTES)) });
            }
            if a & m != a {
                // SAFETY: as above.
                unsafe { *alloc = a & m };
            }
            if m != 0 {
                mark.store(0, Relaxed);
            }
        }
        self.next_block.set(0);
        swept
    }

    /// As [`Self::sweep`], but the dead stay allocated and are listed, until [`Self::free_reaped`].
    ///
    /// # Safety
    /// As [`Self::sweep`].
    pub unsafe fn reap(self, dead: &mut Vec<NonNull<u8>>) -> Swept {
        let here = chunk::of(self.base);
        let mut swept = Swept::default();
        for w in self.words() {
            // SAFETY: our own words, as in `next_run`.
            let (a, mark) = unsafe { (*chunk::alloc_word(here, w), chunk::mark_word(here, w)) };
            let m = mark.load(Relaxed);
            let mut gone = a & !m;
            swept.freed += gone.count_ones() as usize;
            swept.live += (a & m).count_ones() as usize;
            while gone != 0 {
                let bit = gone.trailing_zeros() as usize;
                gone &= gone - 1;
                // SAFETY: the bit stands for the first byte of a block inside this chunk.
                dead.push(unsafe { NonNull::new_unchecked(here.add((w * 64 + bit) * GRANULE_BYTES)) });
            }
            if m != 0 {
                mark.store(0, Relaxed);
            }
        }
        swept
    }

    /// Frees blocks that [`Self::reap`] listed, and clears their marks, if they were marked since.
    ///
    /// # Safety
    /// The caller may touch the span's alloc bits; each block was listed by `reap`, and is freed once.
    pub unsafe fn free_reaped(self, dead: &[NonNull<u8>]) {
        for p in dead {
            let (w, bit) = chunk::bit_of(p.as_ptr());
            // SAFETY: words of our own span.
            unsafe {
                *chunk::alloc_word(chunk::of(self.base), w) &= !bit;
                let marks = chunk::mark_word(chunk::of(self.base), w);
                if marks.load(Relaxed) & bit != 0 {
                    marks.fetch_and(!bit, Relaxed);
                }
            }
        }
        self.next_block.set(0);
    }

    /// Calls `f` for each allocated block, `is_marked` beside it.
    ///
    /// # Safety
    /// The caller owns the span or the world is stopped (I12).
    pub unsafe fn each_allocated(self, mut f: impl FnMut(NonNull<u8>, bool)) {
        let here = chunk::of(self.base);
        for w in self.words() {
            // SAFETY: our own words, as in `next_run`.
            let (mut a, m) = unsafe { (*chunk::alloc_word(here, w), chunk::mark_word(here, w).load(Relaxed)) };
            while a != 0 {
                let bit = a.trailing_zeros() as usize;
                a &= a - 1;
                // SAFETY: the bit stands for the first byte of a block inside this chunk.
                f(unsafe { NonNull::new_unchecked(here.add((w * 64 + bit) * GRANULE_BYTES)) }, m >> bit & 1 != 0);
            }
        }
    }

    /// Clears both bitmaps (before the memory goes to another use).
    ///
    /// # Safety
    /// As [`Self::each_allocated`].
    pub unsafe fn clear_bits(self) {
        let here = chunk::of(self.base);
        for w in self.words() {
            // SAFETY: our own words, as in `next_run`.
            unsafe {
                if *chunk::alloc_word(here, w) != 0 {
                    *chunk::alloc_word(here, w) = 0;
                }
                if chunk::mark_word(here, w).load(Relaxed) != 0 {
                    chunk::mark_word(here, w).store(0, Relaxed);
                }
            }
        }
    }
}

impl Span {
    /// The opaque word that says which type the blocks are of.
    #[inline(always)]
    pub fn type_key(&self) -> *const () {
        self.type_key
    }
    /// The opaque word that says which heap the span belongs to.
    #[inline(always)]
    pub fn heap(&self) -> *const () {
        self.heap
    }
    /// First byte of the first block.
    #[inline(always)]
    pub fn base(&self) -> *mut u8 {
        self.base
    }
    /// Bytes of a block.
    #[inline(always)]
    pub fn block_bytes(&self) -> usize {
        self.block_bytes
    }
    /// Blocks that fit.
    #[inline(always)]
    pub fn capacity(&self) -> u32 {
        self.capacity
    }
    /// Table entries the run takes, 0 for a huge object.
    #[inline]
    pub fn spans(&self) -> u16 {
        self.spans
    }
    /// Whether the run holds one object that is too large for an ordinary span.
    #[inline]
    pub fn is_large(&self) -> bool {
        self.spans != 1 || self.block_bytes > super::size_class::LARGE_BYTES
    }
    /// Bytes of memory the run takes, its metadata not counted.
    #[inline]
    pub fn run_bytes(&self) -> usize {
        if self.spans == 0 {
            self.block_bytes.next_multiple_of(super::os::PAGE_BYTES)
        } else {
            self.spans as usize * SPAN_BYTES
        }
    }
}
