//! The heap's memory: chunks, which of their spans are free, large objects, limits, and what goes back to the system.
//!
//! One lock, taken once a span (32 KiB of allocation), never for a block.  A span is *used*, *dirty* (free, its pages
//! still ours) or *clean* (free, its pages given back or never touched):
//!
//! ```text
//! used + dirty + clean + in hand + FIRST_SPAN == SPANS                        for every chunk   (`verify`)
//! used_bytes == Σ used spans · SPAN_BYTES + Σ huge bytes + Σ heads            (`verify`)
//! ```
//! Dirty spans are handed out before clean ones, lower chunks before higher ones, so that high chunks empty.
//! Policy of return: when more than `used_bytes / 4` (at least 1 MiB) is dirty the excess goes back at once, in runs; with
//! `Limits::returns_in_background` nothing does, and the manager calls [`Memory::give_back_some`] as its own policy says:
//! spans are *in hand*, nobody's, while the system takes their pages, which so holds nobody up.  Either way, what would lift
//! used and dirty together above [`Memory::set_soft_limit`] takes the place of dirty spans, which go back at once;
//! everything goes back on [`Memory::release`].  Chunks that are wholly free are unmapped in [`Memory::trim`] and
//! [`Memory::unmap_clean`] only, which a manager calls when it remembers no address of a free block.
//!
//! Huge pages (`Limits::huge_pages_from_bytes`): a walk in an order that is not that of addresses misses the TLB as often as
//! the cache; with pages of 2 MiB a full collection, of either manager, costs a quarter less.  Not
//! for small heaps, whose resident size would be rounded up; and no more for a chunk that gave pages back, or the kernel
//! would fill the holes again (`khugepaged` collapses ranges with up to 511 holes).
//!
//! Not here: blocks (`span`), kernel calls (`os`).  Overview: `alloc`.

use super::{
    chunk::{self, CHUNK_BYTES, FIRST_SPAN, SPAN_BYTES, SPANS},
    ladder::Levels,
    os,
    size_class::LARGE_BYTES,
    span::SpanRef,
};
use crate::{
    sync::{AtomicUsize, Mutex, Ordering::Relaxed, lock, seeded},
    unwind::contained,
};
use std::{fmt, ptr::NonNull};

/// Memory could not be had: the hard limit stands in the way, or the system refused.
///
/// An answer, never an abort; nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full {
    /// Bytes that were asked for.
    pub requested_bytes: usize,
    /// Bytes in use when they were (heap and outside).
    pub used_bytes: usize,
    /// The hard limit, `None` when the system itself refused.
    pub limit_bytes: Option<usize>,
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.limit_bytes {
            Some(limit) => write!(
                f,
                "out of memory: {} bytes asked for with {} in use and a limit of {limit}",
                self.requested_bytes, self.used_bytes
            ),
            None => write!(f, "out of memory: the system refused {} bytes", self.requested_bytes),
        }
    }
}
impl std::error::Error for Full {}

/// Limits of one heap.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Bytes above which allocation answers [`Full`] (heap and outside bytes together).
    pub hard_bytes: Option<usize>,
    /// Reads the bytes that the program holds outside the heap and wants counted, if it can tell.
    pub outside_bytes: Option<fn() -> usize>,
    /// Chunks ask for huge pages once so many bytes are mapped; `None` is never.
    pub huge_pages_from_bytes: Option<usize>,
    /// Free pages stay until the manager gives them back.
    pub returns_in_background: bool,
}

struct Chunk {
    base: NonNull<u8>,
    /// Spans that are free.
    free: u128,
    /// Free spans whose pages are still ours: `dirty & !free == 0`.
    dirty: u128,
    /// First spans of runs in use: `starts & free == 0`.
    starts: u128,
    /// It has asked for huge pages, and none of its own went back.
    huge_pages: bool,
}
// SAFETY: the base is an address; who may touch the memory behind it is said by span ownership.
unsafe impl Send for Chunk {}

#[derive(Default)]
struct Inner {
    chunks: Vec<Chunk>,
    /// Huge objects: base of the mapping and its bytes.
    huge: Vec<(SpanRef, usize)>,
    /// No chunk below this index has a free span.
    first_with_room: usize,
    dirty_spans: usize,
    /// Spans that are neither used nor free: their pages are being given back.
    spans_in_hand: usize,
}

/// All memory of one heap.
pub struct Memory {
    inner: Mutex<Inner>,
    limits: Limits,
    used_bytes: AtomicUsize,
    peak_used_bytes: AtomicUsize,
    mapped_bytes: AtomicUsize,
    returned_bytes: AtomicUsize,
    /// The most that was used since [`Memory::take_peak`].
    recent_peak_bytes: AtomicUsize,
    /// Above this, pages go back at once.
    soft_bytes: AtomicUsize,
    /// What the program said last that it holds outside.
    outside_bytes: AtomicUsize,
}

const HUGE_HEAD: usize = FIRST_SPAN * SPAN_BYTES;
const ALL: u128 = if SPANS == 128 { u128::MAX } else { (1u128 << (SPANS % 128)) - 1 };
const USABLE: u128 = ALL & !((1u128 << FIRST_SPAN) - 1);
/// Dirty bytes that are kept however small the heap.
const KEEP_DIRTY_BYTES: usize = 1 << 20;

impl Memory {
    /// Memory with these limits; nothing is mapped yet.
    pub fn new(limits: Limits) -> Memory {
        Memory {
            inner: Mutex::default(),
            limits,
            used_bytes: AtomicUsize::new(0),
            peak_used_bytes: AtomicUsize::new(0),
            mapped_bytes: AtomicUsize::new(0),
            returned_bytes: AtomicUsize::new(0),
            recent_peak_bytes: AtomicUsize::new(0),
            soft_bytes: AtomicUsize::new(usize::MAX),
            outside_bytes: AtomicUsize::new(0),
        }
    }

    /// Used and dirty spans together should not be more than this (what is outside the heap taken off by the caller).
    pub fn set_soft_limit(&self, bytes: Option<usize>) {
        self.soft_bytes.store(bytes.unwrap_or(usize::MAX), Relaxed)
    }
    /// The most that was used since the last call.
    pub fn take_peak(&self) -> usize {
        let used = self.used_bytes();
        self.recent_peak_bytes.swap(used, Relaxed).max(used)
    }
    /// Bytes of free spans whose pages are still ours.
    pub fn dirty_bytes(&self) -> usize {
        lock(&self.inner).dirty_spans * SPAN_BYTES
    }

    /// Bytes in use: spans, large objects and metadata.  A load.
    #[inline]
    pub fn used_bytes(&self) -> usize {
        self.used_bytes.load(Relaxed)
    }
    /// The most [`Self::used_bytes`] has been.
    pub fn peak_used_bytes(&self) -> usize {
        self.peak_used_bytes.load(Relaxed)
    }
    /// Bytes mapped from the system, given-back pages included.
    pub fn mapped_bytes(&self) -> usize {
        self.mapped_bytes.load(Relaxed)
    }
    /// Bytes given back to the system since the heap began (a sum, not a level).
    pub fn returned_bytes(&self) -> usize {
        self.returned_bytes.load(Relaxed)
    }
    /// Whether the program can tell what it holds outside the heap.
    #[cfg(not(loom))]
    #[inline(always)]
    pub fn counts_outside(&self) -> bool {
        self.limits.outside_bytes.is_some()
    }
    /// Bytes outside the heap that count towards the limits; 0 when the program cannot tell.
    ///
    /// The program's own code: called with nothing locked or half done.  When it panics, what it said last counts.
    #[inline]
    pub fn outside_bytes(&self) -> usize {
        let Some(read) = self.limits.outside_bytes else { return 0 };
        let mut bytes = self.outside_bytes.load(Relaxed);
        contained(|| bytes = read());
        self.outside_bytes.store(bytes, Relaxed);
        bytes
    }
    /// The same, if there is a hard limit that asks.
    fn outside_bytes_if_limited(&self) -> usize {
        if self.limits.hard_bytes.is_some() { self.outside_bytes() } else { 0 }
    }

    /// Whether `bytes` more, in the heap or outside, would pass the hard limit.  Cost: two loads.
    ///
    /// # Errors
    /// [`Full`], with the figures.
    pub fn check(&self, bytes: usize) -> Result<(), Full> {
        let Some(limit) = self.limits.hard_bytes else { return Ok(()) };
        let used = self.used_bytes().saturating_add(self.outside_bytes());
        if used.saturating_add(bytes) > limit {
            return Err(Full { requested_bytes: bytes, used_bytes: used, limit_bytes: Some(limit) });
        }
        Ok(())
    }

    fn refused(&self, bytes: usize) -> Full {
        Full { requested_bytes: bytes, used_bytes: self.used_bytes(), limit_bytes: None }
    }

    /// Counts `bytes` as used, unless that would pass the hard limit with `outside` bytes.
    fn reserve(&self, bytes: usize, outside: usize) -> Result<(), Full> {
        let limit = self.limits.hard_bytes;
        let mut used = self.used_bytes();
        loop {
            let after = used.saturating_add(bytes);
            if limit.is_some_and(|limit| after.saturating_add(outside) > limit) {
                let used_bytes = used.saturating_add(outside);
                return Err(Full { requested_bytes: bytes, used_bytes, limit_bytes: limit });
            }
            match self.used_bytes.compare_exchange(used, after, Relaxed, Relaxed) {
                Ok(_) => {
                    self.peak_used_bytes.fetch_max(after, Relaxed);
                    self.recent_peak_bytes.fetch_max(after, Relaxed);
                    return Ok(());
                }
                Err(now) => used = now,
            }
        }
    }
    /// Maps what was reserved; takes the reservation back when the system refuses.
    fn map_reserved(&self, bytes: usize, reserved_bytes: usize) -> Result<NonNull<u8>, Full> {
        match os::map(bytes, CHUNK_BYTES) {
            Some(base) => {
                self.mapped_bytes.fetch_add(bytes, Relaxed);
                Ok(base)
            }
            None => {
                self.used_bytes.fetch_sub(reserved_bytes, Relaxed);
                Err(self.refused(bytes))
            }
        }
    }

    /// A span for blocks of `block_bytes` (at most [`LARGE_BYTES`]).
    ///
    /// # Errors
    /// [`Full`] at the hard limit or when the system refuses.
    pub fn take_span(&self, type_key: *const (), heap: *const (), block_bytes: usize) -> Result<SpanRef, Full> {
        debug_assert!((8..=LARGE_BYTES).contains(&block_bytes) && block_bytes.is_multiple_of(8));
        let base = self.take_run(1)?;
        // SAFETY: `take_run` hands the run to us alone, its bits cleared.
        Ok(unsafe { SpanRef::init(base, 1, block_bytes, (SPAN_BYTES / block_bytes) as u32, type_key, heap) })
    }

    /// A run for one object of `block_bytes` above [`LARGE_BYTES`].
    ///
    /// # Errors
    /// As [`Self::take_span`].
    pub fn take_large(&self, type_key: *const (), heap: *const (), block_bytes: usize) -> Result<SpanRef, Full> {
        debug_assert!(block_bytes > LARGE_BYTES);
        let too_much = || Full {
            requested_bytes: block_bytes,
            used_bytes: self.used_bytes(),
            limit_bytes: self.limits.hard_bytes,
        };
        if block_bytes > isize::MAX as usize / 2 {
            return Err(too_much());
        }
        let spans = block_bytes.div_ceil(SPAN_BYTES);
        if spans <= SPANS - FIRST_SPAN {
            let base = self.take_run(spans).map_err(|full| Full { requested_bytes: block_bytes, ..full })?;
            // SAFETY: as in `take_span`.
            return Ok(unsafe { SpanRef::init(base, spans as u16, block_bytes, 1, type_key, heap) });
        }
        let bytes = HUGE_HEAD + block_bytes.next_multiple_of(os::PAGE_BYTES);
        self.reserve(bytes, self.outside_bytes_if_limited())
            .map_err(|full| Full { requested_bytes: block_bytes, ..full })?;
        let chunk = self.map_reserved(bytes, bytes)?;
        // SAFETY: a fresh mapping is ours alone and zeroed; the object starts right behind the head.
        let span = unsafe { SpanRef::init(chunk.as_ptr().add(HUGE_HEAD), 0, block_bytes, 1, type_key, heap) };
        lock(&self.inner).huge.push((span, bytes));
        Ok(span)
    }

    /// `n` consecutive free spans, dirty ones and low chunks first; their bitmap words are 0.
    fn take_run(&self, n: usize) -> Result<*mut u8, Full> {
        let outside = self.outside_bytes_if_limited();
        let mut inner = lock(&self.inner);
        let inner = &mut *inner;
        let start_at = inner.first_with_room;
        let mut found = None;
        for (c, chunk) in inner.chunks.iter().enumerate().skip(start_at) {
            if let Some(i) = find_run(chunk.dirty, n).or_else(|| find_run(chunk.free, n)) {
                found = Some((c, i));
                break;
            }
        }
        let (c, i) = match found {
            Some(x) => {
                self.reserve(n * SPAN_BYTES, outside)?;
                x
            }
            None => {
                let bytes = (FIRST_SPAN + n) * SPAN_BYTES;
                self.reserve(bytes, outside)?;
                let base = self.map_reserved(CHUNK_BYTES, bytes)?;
                // The first of them is mapped by now.
                let wanted = self.limits.huge_pages_from_bytes.is_some_and(|from| self.mapped_bytes() > from);
                // SAFETY: a mapping of ours, just made.
                let huge_pages = wanted && unsafe { os::huge_pages(base, CHUNK_BYTES, true) };
                inner.chunks.push(Chunk { base, free: USABLE, dirty: 0, starts: 0, huge_pages });
                (inner.chunks.len() - 1, FIRST_SPAN)
            }
        };
        if (inner.chunks[c].dirty & run_mask(i, n)).count_ones() as usize != n {
            self.make_room(inner);
        }
        let chunk = &mut inner.chunks[c];
        let mask = run_mask(i, n);
        inner.dirty_spans -= (chunk.dirty & mask).count_ones() as usize;
        chunk.free &= !mask;
        chunk.dirty &= !mask;
        chunk.starts |= 1 << i;
        while inner.first_with_room < inner.chunks.len() && inner.chunks[inner.first_with_room].free == 0 {
            inner.first_with_room += 1;
        }
        let chunk = &inner.chunks[c];
        // SAFETY: span `i` lies inside the chunk.
        Ok(unsafe { chunk.base.as_ptr().add(i * SPAN_BYTES) })
    }

    /// Takes a run back.
    ///
    /// # Safety
    /// Nobody else uses the span or remembers a block in it, and every block's destructor has run.
    pub unsafe fn free_run(&self, span: SpanRef) {
        // SAFETY: we are the only user by the caller's promise.
        unsafe {
            span.clear_bits();
            span.free_beside()
        }
        let mut inner = lock(&self.inner);
        let inner = &mut *inner;
        if span.spans() == 0 {
            let at = inner.huge.iter().position(|&(s, _)| s == span).expect("a huge run is in the list");
            let (_, bytes) = inner.huge.swap_remove(at);
            self.used_bytes.fetch_sub(bytes, Relaxed);
            self.mapped_bytes.fetch_sub(bytes, Relaxed);
            self.returned_bytes.fetch_add(bytes, Relaxed);
            let base = chunk::of(span.base());
            // SAFETY: the mapping is in nobody's use any more; it was mapped with these figures.
            unsafe { os::unmap(NonNull::new_unchecked(base), bytes, CHUNK_BYTES) };
            return;
        }
        let n = span.spans() as usize;
        let base = chunk::of(span.base());
        let i = (span.base().addr() - base.addr()) / SPAN_BYTES;
        // Chunks are few and looked up a span at a time: a linear search costs nanoseconds a chunk.
        let c = inner.chunks.iter().position(|c| c.base.as_ptr() == base).expect("a span's chunk is in the list");
        let chunk = &mut inner.chunks[c];
        let mask = run_mask(i, n);
        chunk.free |= mask;
        chunk.dirty |= mask;
        chunk.starts &= !(1 << i);
        inner.dirty_spans += n;
        inner.first_with_room = inner.first_with_room.min(c);
        let used = self.used_bytes.fetch_sub(n * SPAN_BYTES, Relaxed) - n * SPAN_BYTES;
        let keep = (used / 4).max(KEEP_DIRTY_BYTES);
        if !self.limits.returns_in_background && inner.dirty_spans * SPAN_BYTES > keep + KEEP_DIRTY_BYTES {
            self.give_back(inner, keep);
        }
    }

    /// Pages that the system has are about to be used: under a soft limit, others go back for them.
    fn make_room(&self, inner: &mut Inner) {
        let soft = self.soft_bytes.load(Relaxed);
        let dirty = inner.dirty_spans * SPAN_BYTES;
        let excess = self.used_bytes().saturating_add(dirty).saturating_sub(soft);
        if excess > 0 && dirty > 0 {
            self.give_back(inner, dirty.saturating_sub(excess));
        }
    }

    /// Gives dirty spans back, highest chunks first, until at most `keep` bytes are dirty.
    fn give_back(&self, inner: &mut Inner, keep: usize) -> usize {
        let mut given = 0;
        for chunk in inner.chunks.iter_mut().rev() {
            while chunk.dirty != 0 && inner.dirty_spans * SPAN_BYTES > keep {
                let i = 127 - chunk.dirty.leading_zeros() as usize;
                let mut n = 0;
                while n <= i && chunk.dirty >> (i - n) & 1 != 0 {
                    n += 1;
                }
                let first = i + 1 - n;
                if std::mem::replace(&mut chunk.huge_pages, false) {
                    // SAFETY: a mapping of ours.
                    unsafe { os::huge_pages(chunk.base, CHUNK_BYTES, false) };
                }
                // SAFETY: dirty spans are free: nothing in them will be read before it is written.
                unsafe { os::give_back(chunk.base.add(first * SPAN_BYTES), n * SPAN_BYTES) };
                chunk.dirty &= !run_mask(first, n);
                inner.dirty_spans -= n;
                given += n * SPAN_BYTES;
            }
        }
        self.returned_bytes.fetch_add(given, Relaxed);
        given
    }

    /// Gives one run of dirty spans back, of at most `bytes` (at least a span), from the highest chunk that has any; returns
    /// the bytes, 0 when nothing is dirty.  The lock is not held while the system does its part.
    pub fn give_back_some(&self, bytes: usize) -> usize {
        let (base, first, n, huge_pages) = {
            let mut inner = lock(&self.inner);
            let inner = &mut *inner;
            let Some(chunk) = inner.chunks.iter_mut().rev().find(|c| c.dirty != 0) else { return 0 };
            let last = 127 - chunk.dirty.leading_zeros() as usize;
            let mut n = 0;
            while n <= last && n < (bytes / SPAN_BYTES).max(1) && chunk.dirty >> (last - n) & 1 != 0 {
                n += 1;
            }
            if seeded("used_span_given_back") && n <= last - FIRST_SPAN {
                n += 1;
            }
            let first = last + 1 - n;
            let mask = run_mask(first, n);
            chunk.free &= !mask;
            chunk.dirty &= !mask;
            inner.dirty_spans -= n;
            inner.spans_in_hand += n;
            (chunk.base, first, n, std::mem::replace(&mut chunk.huge_pages, false))
        };
        if huge_pages {
            // SAFETY: a mapping of ours: a chunk of which spans are in hand is not unmapped.
            unsafe { os::huge_pages(base, CHUNK_BYTES, false) };
        }
        // SAFETY: spans in hand are nobody's: nothing in them will be read before it is written.
        unsafe { os::give_back(base.add(first * SPAN_BYTES), n * SPAN_BYTES) };
        let mut inner = lock(&self.inner);
        let inner = &mut *inner;
        // Others may have been unmapped meanwhile, so its place may be another.
        let c = inner.chunks.iter().position(|c| c.base == base).expect("a chunk that is not wholly free is mapped");
        inner.chunks[c].free |= run_mask(first, n);
        inner.first_with_room = inner.first_with_room.min(c);
        inner.spans_in_hand -= n;
        self.returned_bytes.fetch_add(n * SPAN_BYTES, Relaxed);
        n * SPAN_BYTES
    }

    /// Gives every free page back to the system; returns the bytes.  Cost: one system call a run of free spans.
    pub fn release(&self) -> usize {
        let mut inner = lock(&self.inner);
        self.give_back(&mut inner, 0)
    }

    /// Unmaps chunks without a used span, but for one; returns the bytes.
    ///
    /// # Safety
    /// Nobody remembers an address in a free span.
    pub unsafe fn trim(&self) -> usize {
        // SAFETY: the caller's promise.
        unsafe { self.unmap_free(usize::MAX, false) }
    }
    /// The same for chunks whose pages the system has already, at most so many; returns the bytes.
    ///
    /// # Safety
    /// As [`Self::trim`].
    pub unsafe fn unmap_clean(&self, chunks_max: usize) -> usize {
        // SAFETY: the caller's promise.
        unsafe { self.unmap_free(chunks_max, true) }
    }
    /// # Safety
    /// As [`Self::trim`].
    unsafe fn unmap_free(&self, mut chunks_max: usize, clean: bool) -> usize {
        let mut inner = lock(&self.inner);
        let mut spare = 1;
        let mut bytes = 0;
        let mut dirty = 0;
        inner.chunks.retain(|c| {
            if c.free != USABLE || std::mem::replace(&mut spare, 0) == 1 || clean && c.dirty != 0 || chunks_max == 0 {
                return true;
            }
            chunks_max -= 1;
            dirty += c.dirty.count_ones() as usize;
            bytes += CHUNK_BYTES;
            // SAFETY: no span of it is used or in hand, and nobody remembers one by the caller's promise.
            unsafe { os::unmap(c.base, CHUNK_BYTES, CHUNK_BYTES) };
            false
        });
        if bytes == 0 {
            return 0;
        }
        inner.dirty_spans -= dirty;
        inner.first_with_room = 0;
        self.used_bytes.fetch_sub(bytes / CHUNK_BYTES * FIRST_SPAN * SPAN_BYTES, Relaxed);
        self.mapped_bytes.fetch_sub(bytes, Relaxed);
        self.returned_bytes.fetch_add(bytes, Relaxed);
        bytes
    }

    /// Every run in use, by chunk and address; large ones last.  A copy: nothing is held while the caller works.
    pub fn spans(&self) -> Vec<SpanRef> {
        let inner = lock(&self.inner);
        let mut out = Vec::with_capacity(inner.chunks.len() * SPANS + inner.huge.len());
        for c in &inner.chunks {
            let mut starts = c.starts;
            while starts != 0 {
                let i = starts.trailing_zeros() as usize;
                starts &= starts - 1;
                // SAFETY: a start's table entry was written when the run was taken.
                out.push(unsafe { SpanRef::from_entry(chunk::span_entry(c.base.as_ptr().add(i * SPAN_BYTES))) });
            }
        }
        out.extend(inner.huge.iter().map(|&(s, _)| s));
        out
    }

    /// Where everything is at one moment.  Cost: a look at every chunk, with the lock held.
    pub(crate) fn levels(&self) -> Levels {
        let inner = lock(&self.inner);
        let free: usize = inner.chunks.iter().map(|c| c.free.count_ones() as usize).sum();
        let mapped_bytes = inner.chunks.len() * CHUNK_BYTES + inner.huge.iter().map(|h| h.1).sum::<usize>();
        let heads_bytes = (inner.chunks.len() + inner.huge.len()) * FIRST_SPAN * SPAN_BYTES;
        Levels {
            mapped_bytes,
            spans_bytes: mapped_bytes - heads_bytes - (free + inner.spans_in_hand) * SPAN_BYTES,
            idle_bytes: inner.dirty_spans * SPAN_BYTES,
            returned_bytes: (free - inner.dirty_spans + inner.spans_in_hand) * SPAN_BYTES,
            heads_bytes,
        }
    }

    /// Bytes of metadata: the heads of all chunks, huge ones included.
    pub(crate) fn head_bytes(&self) -> usize {
        let inner = lock(&self.inner);
        (inner.chunks.len() + inner.huge.len()) * FIRST_SPAN * SPAN_BYTES
    }

    /// Checks the laws at the top of this file.
    ///
    /// # Errors
    /// A sentence that names the broken law.
    pub fn verify(&self) -> Result<(), String> {
        let inner = lock(&self.inner);
        let (mut used, mut dirty) = (0, 0);
        for (i, c) in inner.chunks.iter().enumerate() {
            if c.dirty & !c.free != 0 || c.free & !USABLE != 0 || c.starts & c.free != 0 {
                return Err(format!("chunk {i}: free, dirty and used spans overlap"));
            }
            if i < inner.first_with_room && c.free != 0 {
                return Err(format!("chunk {i} has room but the search begins at {}", inner.first_with_room));
            }
            dirty += c.dirty.count_ones() as usize;
            used += (SPANS - c.free.count_ones() as usize) * SPAN_BYTES;
        }
        used -= inner.spans_in_hand * SPAN_BYTES;
        used += inner.huge.iter().map(|&(_, bytes)| bytes).sum::<usize>();
        if dirty != inner.dirty_spans {
            return Err(format!("dirty spans: {dirty} counted, {} noted", inner.dirty_spans));
        }
        if used != self.used_bytes() {
            return Err(format!("used bytes: {used} counted, {} noted", self.used_bytes()));
        }
        Ok(())
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: the heap is gone, and its chunks are still mapped.
        self.spans().into_iter().for_each(|span| unsafe { span.free_beside() });
        let inner = lock(&self.inner);
        for c in &inner.chunks {
            // SAFETY: the heap is gone: its managers ran every destructor before they let go of the memory.
            unsafe { os::unmap(c.base, CHUNK_BYTES, CHUNK_BYTES) };
        }
        for &(span, bytes) in &inner.huge {
            // SAFETY: as above.
            unsafe { os::unmap(NonNull::new_unchecked(chunk::of(span.base())), bytes, CHUNK_BYTES) };
        }
    }
}

fn run_mask(i: usize, n: usize) -> u128 {
    (if n >= 128 { u128::MAX } else { (1u128 << n) - 1 }) << i
}

/// Index of the first run of `n` set bits.
fn find_run(bits: u128, n: usize) -> Option<usize> {
    if bits.count_ones() < n as u32 {
        return None;
    }
    // After the loop a set bit begins a run of `n`: doubling steps, as one finds long runs in bitmaps.
    let (mut m, mut have) = (bits, 1);
    while have < n {
        let step = have.min(n - have);
        m &= m >> step;
        have += step;
    }
    (m != 0).then(|| m.trailing_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_found_first_fit() {
        assert_eq!(find_run(0b1011_0111, 3), Some(0));
        assert_eq!(find_run(0b1011_0110, 2), Some(1));
        assert_eq!(find_run(0b1011_0110, 3), None);
        assert_eq!(find_run(u128::MAX, 128), Some(0));
        assert_eq!(find_run(u128::MAX << 5, 123), Some(5));
        assert_eq!(find_run(u128::MAX << 5, 124), None);
    }

    #[test]
    fn spans_come_and_go() {
        let m = Memory::new(Limits::default());
        let key = std::ptr::null();
        let all: Vec<_> = (0..SPANS * 2).map(|_| m.take_span(key, key, 48).unwrap()).collect();
        m.verify().unwrap();
        assert_eq!(m.spans().len(), all.len());
        let large = m.take_large(key, key, 3 * SPAN_BYTES + 8).unwrap();
        let huge = m.take_large(key, key, CHUNK_BYTES * 2).unwrap();
        m.verify().unwrap();
        assert!(large.is_large() && huge.is_large() && huge.spans() == 0);
        for s in all.into_iter().chain([large, huge]) {
            // SAFETY: nothing was ever put into these spans.
            unsafe { m.free_run(s) };
            m.verify().unwrap();
        }
        m.release();
        // SAFETY: as above.
        unsafe { m.trim() };
        m.verify().unwrap();
        assert!(m.mapped_bytes() <= CHUNK_BYTES && m.spans().is_empty());
    }

    /// Not under Miri: its chunks are too small for runs of 40 spans.
    #[cfg(not(miri))]
    #[test]
    fn pages_go_back_run_by_run_and_clean_chunks_whole() {
        let m = Memory::new(Limits { returns_in_background: true, ..Limits::default() });
        let key = std::ptr::null();
        let spans: Vec<_> = (0..SPANS * 4).map(|_| m.take_span(key, key, 48).unwrap()).collect();
        let peak = m.used_bytes();
        for (i, &s) in spans.iter().enumerate() {
            if i % 40 != 0 || i >= SPANS * 2 {
                // SAFETY: nothing was ever put into these spans.
                unsafe { m.free_run(s) };
            }
        }
        assert_eq!((m.returned_bytes(), m.take_peak()), (0, peak));
        assert_eq!(m.take_peak(), m.used_bytes());
        let dirty = m.dirty_bytes();
        assert_eq!(m.give_back_some(1), SPAN_BYTES, "at least a span");
        assert_eq!(m.give_back_some(3 * SPAN_BYTES), 3 * SPAN_BYTES);
        while m.give_back_some(SPANS * SPAN_BYTES) > 0 {
            m.verify().unwrap();
        }
        assert_eq!((m.dirty_bytes(), m.returned_bytes()), (0, dirty));
        let mapped = m.mapped_bytes();
        // SAFETY: as above; nothing else remembers a span.
        unsafe {
            assert_eq!(m.unmap_clean(1), CHUNK_BYTES);
            m.verify().unwrap();
            assert_eq!(m.unmap_clean(usize::MAX), CHUNK_BYTES, "one is kept, and two have spans in use");
        }
        m.verify().unwrap();
        assert_eq!(m.mapped_bytes(), mapped - 2 * CHUNK_BYTES);
    }

    #[test]
    fn above_a_soft_limit_dirty_pages_make_room() {
        let m = Memory::new(Limits { returns_in_background: true, ..Limits::default() });
        let key = std::ptr::null();
        m.set_soft_limit(Some(CHUNK_BYTES));
        let spans: Vec<_> = (0..SPANS / 2).map(|_| m.take_span(key, key, 48).unwrap()).collect();
        for s in spans.into_iter().step_by(2) {
            // SAFETY: nothing was ever put into these spans.
            unsafe { m.free_run(s) };
        }
        // Runs of two fit nowhere but in pages that are not ours yet.
        let larger: Vec<_> = (0..)
            .map_while(|_| (m.used_bytes() < CHUNK_BYTES).then(|| m.take_large(key, key, SPAN_BYTES * 2)))
            .collect();
        assert!(larger.iter().all(Result::is_ok), "a soft limit refuses nothing");
        assert!(m.used_bytes() + m.dirty_bytes() <= CHUNK_BYTES + 4 * SPAN_BYTES, "{} dirty", m.dirty_bytes());
        assert!(m.returned_bytes() > 0);
        m.verify().unwrap();
    }

    #[test]
    fn the_hard_limit_answers() {
        let m = Memory::new(Limits { hard_bytes: Some(CHUNK_BYTES), ..Limits::default() });
        let key = std::ptr::null();
        let mut n = 0;
        let full = loop {
            match m.take_span(key, key, 64) {
                Ok(_) => n += 1,
                Err(full) => break full,
            }
        };
        assert_eq!(n, SPANS - FIRST_SPAN);
        assert_eq!(full.limit_bytes, Some(CHUNK_BYTES));
        assert!(m.take_large(key, key, usize::MAX - 7).is_err());
        m.verify().unwrap();
    }
}
