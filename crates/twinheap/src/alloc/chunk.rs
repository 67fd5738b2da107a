//! A chunk: 4 MiB, aligned to its size, its metadata at its head, then spans.
//!
//! ```text
//! | span table 128 × 64 B | mark bits 64 KiB | alloc bits 64 KiB | 128 words beside | … | span 5 | span 6 | … | span 127 |
//! ```
//! One bit of each map stands for 8 bytes (a *granule*); only the bit of a block's first granule is ever used.
//! Metadata is at the chunk's head and not at each span's: headers aligned to 32 KiB fall into two cache sets
//! (measured: marking 6.4 → 5.8 ns an object).  A *huge* object has a chunk of its own, longer than 4 MiB, with the
//! same head; its first byte still lies inside the first 4 MiB, so address → span works unchanged.
//!
//! Not here: what a set bit means (`span`), who owns a chunk (`memory`).  Overview: `alloc`.

use super::{beside::Beside, span::Span};
#[cfg(not(loom))]
use crate::sync::Ordering::Relaxed;
use crate::sync::{AtomicPtr, AtomicU64};
use std::cell::UnsafeCell;
#[cfg(not(loom))]
use std::ptr::NonNull;

/// Bytes of a span.  Smaller under Miri and shuttle, where a look at each of its blocks takes long.
pub const SPAN_BYTES: usize = if cfg!(any(miri, shuttle)) { 4 << 10 } else { 32 << 10 };
/// Bytes, and alignment, of a chunk.  Smaller under Miri, which interprets every touched byte, and shuttle, which makes heaps
/// by the thousand.
pub const CHUNK_BYTES: usize = if cfg!(any(miri, shuttle)) { 256 << 10 } else { 4 << 20 };
/// Bytes that one bit of a bitmap stands for; every block is a multiple of it long and aligned to it.
pub const GRANULE_BYTES: usize = 8;
/// Spans a chunk has room for, its head included.
pub const SPANS: usize = CHUNK_BYTES / SPAN_BYTES;
/// 64-bit words of a bitmap that belong to one span.
pub const WORDS_PER_SPAN: usize = SPAN_BYTES / GRANULE_BYTES / 64;

const BITMAP_BYTES: usize = CHUNK_BYTES / GRANULE_BYTES / 8;
const MARK_OFFSET: usize = SPANS * size_of::<Span>();
const ALLOC_OFFSET: usize = MARK_OFFSET + BITMAP_BYTES;
const BESIDE_OFFSET: usize = ALLOC_OFFSET + BITMAP_BYTES;
const HEAD_BYTES: usize = BESIDE_OFFSET + SPANS * size_of::<*mut Beside>();
/// Index of the first span that holds blocks; those before it are the head.
pub const FIRST_SPAN: usize = HEAD_BYTES.div_ceil(SPAN_BYTES);

// (Loom's atomics are larger than words, and its models map no chunk.)
const _: () = assert!(cfg!(loom) || FIRST_SPAN < SPANS && size_of::<Span>() == 64 && MARK_OFFSET.is_multiple_of(64));

/// The chunk that `p` lies in (for a huge object: its first byte).
#[inline(always)]
pub fn of(p: *mut u8) -> *mut u8 {
    p.map_addr(|a| a & !(CHUNK_BYTES - 1))
}

/// The table entry of the span that `p` lies in.
#[inline(always)]
pub fn span_entry(p: *mut u8) -> *mut Span {
    // Index and scale in one: (offset / SPAN_BYTES) * 64.
    let index = (p.addr() & (CHUNK_BYTES - 1)) / SPAN_BYTES;
    of(p).cast::<Span>().wrapping_add(index)
}

/// The word that leads to the table beside the run that begins at `base`.
///
/// # Safety
/// `base` is the first byte of a run in a mapped chunk that outlives `'a`.
#[inline(always)]
pub unsafe fn beside_word<'a>(base: *mut u8) -> &'a AtomicPtr<Beside> {
    let index = (base.addr() & (CHUNK_BYTES - 1)) / SPAN_BYTES;
    // SAFETY: the head of a mapped chunk has a word for each span at this offset, zeroed at first, and it is only ever
    // accessed as an atomic.
    unsafe { &*of(base).add(BESIDE_OFFSET).cast::<AtomicPtr<Beside>>().add(index) }
}

/// The word and the bit of both bitmaps for the granule at `p`.
#[inline(always)]
pub fn bit_of(p: *mut u8) -> (usize, u64) {
    let granule = (p.addr() & (CHUNK_BYTES - 1)) / GRANULE_BYTES;
    (granule / 64, 1 << (granule % 64))
}

/// Word `w` of the mark bitmap of `chunk`.
///
/// # Safety
/// `chunk` is the base of a mapped chunk that outlives `'a`, and `w` is below `SPANS * WORDS_PER_SPAN`.
#[inline(always)]
pub unsafe fn mark_word<'a>(chunk: *mut u8, w: usize) -> &'a AtomicU64 {
    // SAFETY: the head of a mapped chunk has the bitmap at this offset, zeroed at first, and it is only ever
    // accessed as atomics.
    unsafe { &*chunk.add(MARK_OFFSET).cast::<AtomicU64>().add(w) }
}

/// Word `w` of the alloc bitmap of `chunk`; plain memory, for the owner of the span it belongs to.
///
/// # Safety
/// As [`mark_word`]; reading or writing through the result needs the ownership that `span` describes (I12).
#[inline(always)]
pub unsafe fn alloc_word(chunk: *mut u8, w: usize) -> *mut u64 {
    // SAFETY: as in `mark_word`; the `UnsafeCell` keeps the pointer mutable.
    unsafe { (*chunk.add(ALLOC_OFFSET).cast::<UnsafeCell<u64>>().add(w)).get() }
}

/// Whether the mark bit of the block at `p` is set.
///
/// # Safety
/// `p` is the first byte of a block in a mapped chunk.
#[cfg(not(loom))]
#[inline(always)]
pub unsafe fn is_marked(p: NonNull<u8>) -> bool {
    let (w, bit) = bit_of(p.as_ptr());
    // SAFETY: the caller's block lies in a mapped chunk, so its chunk has this word.
    unsafe { mark_word(of(p.as_ptr()), w) }.load(Relaxed) & bit != 0
}

/// Sets the mark bit of the block at `p`; true if this call set it.
///
/// # Safety
/// As [`is_marked`].
#[cfg(not(loom))]
#[inline(always)]
pub unsafe fn try_mark(p: NonNull<u8>) -> bool {
    let (w, bit) = bit_of(p.as_ptr());
    // SAFETY: as in `is_marked`.
    let word = unsafe { mark_word(of(p.as_ptr()), w) };
    word.load(Relaxed) & bit == 0 && word.fetch_or(bit, Relaxed) & bit == 0
}
