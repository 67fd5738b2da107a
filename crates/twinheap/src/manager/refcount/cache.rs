//! Blocks: from the free list of the class's open span, and back to the span they came from.
//!
//! A *class* is a (type, block size).  It has one *open* span, from which blocks are taken, and a list of spans with
//! room; full spans are in neither, and come back to the list with their first freed block.
//! ```text
//! open ──no free block, all linked──▶ FULL ──a block is freed──▶ ROOM ──taken when the open one is full──▶ open
//!                                                                  └──empty, and enough others are──▶ back to `Memory`
//! live + |free| == next_block         for every span                                                   (`verify`)
//! ```
//! Policy of return: a class keeps as many empty spans as it has in use, because programs build and drop the same thing
//! again and again (binary-trees 18: 8 % of processor time went into pages given back and taken again).  When there are
//! more, they go back until half as many are left.  All of them go on `give_back`, above the soft limit, and before the
//! hard limit says no.
//!
//! Fast paths: a table of 64 classes, direct-mapped by (address of the `TypeInfo`, size), then a pop; a push and two
//! compares.  Not here: when a block dies (`release`, `collect`).  Overview: `manager::refcount`.

use super::{
    CountingHeap,
    header::{FREE, HEADER_BYTES, Header, header},
};
use crate::{
    alloc::{
        Full, SpanRef,
        size_class::{LARGE_BYTES, class_bytes},
    },
    object::type_info::{DropKind, Kind, TypeInfo},
    observe::HoldUpCause,
    sync::{Ordering::Relaxed, seeded},
};
use std::{cell::Cell, ptr::NonNull, time::Instant};

/// States of a span, in `Span::listed`.
const FULL: u8 = 0;
const ROOM: u8 = 1;
const OPEN: u8 = 2;
/// Added to a state under zeal: every free takes the slow path, which poisons.
const WATCHED: u8 = 0x80;
/// Added while blocks are recorded (`observe::blocks`): every free takes the slow path, which notes it.
const RECORDED: u8 = 0x40;

/// Facts about a span's type, in `Span::note`: a release needs no other line of memory than the span's.
pub(super) const DROPS: u8 = 1;
pub(super) const FINALIZES: u8 = 2;
pub(super) const ARBITRARY: u8 = 4;
pub(super) const CONTAINERS: u8 = 8;

/// Bytes that are linked into a free list at a time, so that memory is touched shortly before it is used.
const LINK_BYTES: usize = if cfg!(miri) { 256 } else { 4096 };
const ENTRIES: usize = 64;
const POISON: u8 = 0xDD;

/// A (type, block size) with its spans.
pub(super) struct Class {
    info: &'static TypeInfo,
    block_bytes: usize,
    open: Option<SpanRef>,
    /// Spans with a free block, but for the open one.
    room: Vec<SpanRef>,
    /// How many of them hold no object.
    empty: usize,
    /// All spans of the class.
    spans: usize,
}

/// A line of the table: the class that was asked for last at this place.
pub(super) struct Entry {
    info: Cell<*const ()>,
    block_bytes: Cell<usize>,
    /// The class's open span; never read unless `info` matches.
    span: Cell<Option<SpanRef>>,
}

/// The table.
pub(super) struct Cache([Entry; ENTRIES]);

impl Cache {
    pub(super) fn new() -> Cache {
        Cache(std::array::from_fn(|_| Entry {
            info: Cell::new(std::ptr::null()),
            block_bytes: Cell::new(0),
            span: Cell::new(None),
        }))
    }
    #[inline(always)]
    fn entry(&self, info: &'static TypeInfo, block_bytes: usize) -> &Entry {
        let key = info.key().addr();
        &self.0[(key >> 4 ^ block_bytes >> 3) % ENTRIES]
    }
    fn clear(&self) {
        self.0.iter().for_each(|e| e.info.set(std::ptr::null()))
    }
}

/// Bytes of a block for an object of so many bytes.
#[inline(always)]
pub(super) fn block_bytes(info: &'static TypeInfo, object_bytes: usize) -> usize {
    // Without a tail, or with one that takes no room, a block is exactly as long as its object.
    if info.element_size == 0 {
        return info.size + HEADER_BYTES;
    }
    class_bytes(object_bytes.saturating_add(HEADER_BYTES).min(isize::MAX as usize))
}

/// The first address of the object in a block.
#[inline(always)]
fn object(block: *mut u8) -> NonNull<u8> {
    // SAFETY: a block is at a mapped address, so behind its header is not null.
    unsafe { NonNull::new_unchecked(block.wrapping_add(HEADER_BYTES)) }
}

/// The objects, unborn and free blocks included, of a span.
pub(super) fn blocks(span: SpanRef) -> impl Iterator<Item = NonNull<u8>> {
    (0..span.next_block.get()).map(move |i| object(span.block(i)))
}

impl CountingHeap {
    #[allow(clippy::mut_from_ref, reason = "a cell's contents, borrowed for a few lines without user code")]
    fn classes(&self) -> &mut Vec<Class> {
        // SAFETY: every caller is done with it before user code runs or another function here is called.
        unsafe { &mut *self.classes.get() }
    }

    /// Takes a block: free, its header says so.
    ///
    /// # Errors
    /// [`Full`] at the hard limit or when the system refuses.
    #[inline(always)]
    pub(super) fn take(&self, info: &'static TypeInfo, block_bytes: usize) -> Result<NonNull<u8>, Full> {
        let entry = self.cache.entry(info, block_bytes);
        if std::ptr::eq(entry.info.get(), info.key())
            && (info.element_size == 0 || entry.block_bytes.get() == block_bytes)
            && let Some(p) = entry.span.get().and_then(pop)
        {
            return Ok(p);
        }
        self.take_slowly(info, block_bytes)
    }

    #[cold]
    #[inline(never)]
    fn take_slowly(&self, info: &'static TypeInfo, block_bytes: usize) -> Result<NonNull<u8>, Full> {
        if self.zeal.is_on() {
            self.zeal_tick();
        }
        let taken = if block_bytes > LARGE_BYTES {
            self.take_large(info, block_bytes)
        } else {
            self.take_small(info, block_bytes)
        };
        if let Ok(p) = taken {
            self.note_room(info, block_bytes);
            if self.blocks.is_on() {
                self.blocks.handed_out(p.addr().get(), block_bytes)
            }
        }
        taken
    }

    fn take_small(&self, info: &'static TypeInfo, block_bytes: usize) -> Result<NonNull<u8>, Full> {
        let index = self.class(info, block_bytes);
        loop {
            let class = &mut self.classes()[index];
            if let Some(span) = class.open {
                if span.free.get().is_null() && span.next_block.get() < span.capacity() {
                    link(span);
                }
                if let Some(p) = pop(span) {
                    if !self.zeal.is_on() && !self.blocks.is_on() {
                        let entry = self.cache.entry(info, block_bytes);
                        entry.info.set(info.key());
                        entry.block_bytes.set(block_bytes);
                        entry.span.set(Some(span));
                    }
                    return Ok(p);
                }
                set_state(span, FULL);
                class.open = None;
            }
            let span = match class.room.pop() {
                Some(span) => {
                    class.empty -= (span.live.get() == 0) as usize;
                    span
                }
                None => self.new_span(index, info, block_bytes)?,
            };
            // A new span may have meant a collection (`note_growth`), and asks the program what it holds outside: other
            // people's code ran, and behind `Cc` that may allocate.  So nothing looked up before is used (`classes` may lie
            // elsewhere, `index` stays), and if a span of this class was opened meanwhile that one stays open: two open
            // ones, of which the class knows one, would lose the other's room for ever.  From here on nobody else runs.
            let class = &mut self.classes()[index];
            if class.open.is_some() && !seeded("span_opened_twice") {
                class.empty += (span.live.get() == 0) as usize;
                set_state(span, ROOM);
                class.room.push(span);
                continue;
            }
            set_state(span, OPEN);
            class.open = Some(span);
        }
    }

    fn new_span(&self, index: usize, info: &'static TypeInfo, block_bytes: usize) -> Result<SpanRef, Full> {
        self.note_growth();
        let start = Instant::now();
        let key = (info.key(), self.address());
        let span = self.memory.take_span(key.0, key.1, block_bytes).or_else(|full| {
            // Empty spans of other classes may be all it takes.
            if self.return_empty_spans() == 0 { Err(full) } else { self.memory.take_span(key.0, key.1, block_bytes) }
        })?;
        self.holdups.since(HoldUpCause::Refill, start);
        span.owner.store(index as u32 + 1, Relaxed);
        self.describe(span, info);
        self.classes()[index].spans += 1;
        Ok(span)
    }

    fn describe(&self, span: SpanRef, info: &'static TypeInfo) {
        let facts = [
            (info.drop.is_some(), DROPS),
            (info.finalize.is_some(), FINALIZES),
            (info.drop_kind == DropKind::Arbitrary, ARBITRARY),
            (info.kind == Kind::Container, CONTAINERS),
        ];
        span.note.store(facts.iter().map(|&(is, bit)| if is { bit } else { 0 }).sum(), Relaxed);
        let zeal = if self.zeal.is_on() { WATCHED } else { 0 };
        let recorded = if self.blocks.is_on() { RECORDED } else { 0 };
        span.listed.store(zeal | recorded, Relaxed);
    }
    /// Begins or ends the record of what becomes of blocks.
    pub(super) fn record_blocks(&self, on: bool) {
        self.blocks.set(on);
        self.cache.clear();
        for span in self.memory.spans() {
            let listed = span.listed.load(Relaxed) & !RECORDED;
            span.listed.store(listed | if on { RECORDED } else { 0 }, Relaxed);
        }
    }

    /// A large object has a run of its own; its class is never entered in `classes`.
    fn take_large(&self, info: &'static TypeInfo, block_bytes: usize) -> Result<NonNull<u8>, Full> {
        self.note_growth();
        let start = Instant::now();
        let key = (info.key(), self.address());
        let span = self.memory.take_large(key.0, key.1, block_bytes).or_else(|full| {
            if self.return_empty_spans() == 0 { Err(full) } else { self.memory.take_large(key.0, key.1, block_bytes) }
        })?;
        self.holdups.since(HoldUpCause::Refill, start);
        self.describe(span, info);
        set_state(span, ROOM);
        span.next_block.set(1);
        span.live.set(1);
        let p = object(span.block(0));
        // SAFETY: the run is ours alone.
        unsafe { write_free(p) };
        Ok(p)
    }

    /// Gives the block at `p` back to its span.
    ///
    /// # Safety
    /// The object at `p` has been destroyed, nobody refers to it, and it is in no list.
    #[inline(always)]
    pub(super) unsafe fn put_back(&self, span: SpanRef, p: NonNull<u8>) {
        // SAFETY: the block is ours again: its header and first word are free to use.
        unsafe {
            header(p).set(0, FREE);
            p.cast::<*mut u8>().write(span.free.get());
        }
        span.free.set(p.as_ptr());
        let live = span.live.get() - 1;
        span.live.set(live);
        let state = span.listed.load(Relaxed);
        if state != OPEN && (state != ROOM || live == 0) {
            self.put_back_slowly(span, p)
        }
    }

    #[cold]
    #[inline(never)]
    fn put_back_slowly(&self, span: SpanRef, p: NonNull<u8>) {
        if span.listed.load(Relaxed) & WATCHED != 0 {
            poison(span, p)
        }
        if span.listed.load(Relaxed) & RECORDED != 0 && !seeded("freed_block_untold") {
            self.blocks.freed(p.addr().get())
        }
        let state = state(span);
        if span.is_large() {
            // SAFETY: its only object is gone, and no list holds the run.
            unsafe { self.memory.free_run(span) };
            return;
        }
        let class = &mut self.classes()[class_of(span)];
        if state == FULL {
            set_state(span, ROOM);
            class.room.push(span);
        }
        if state != OPEN && span.live.get() == 0 {
            class.empty += 1;
            let in_use = class.spans - class.empty;
            if class.empty > in_use.max(1) {
                self.return_spans(class, (in_use / 2).max(1));
            }
        }
    }

    /// Returns the class's empty spans to `Memory`, all but `keep`.
    fn return_spans(&self, class: &mut Class, mut keep: usize) -> usize {
        let mut returned = 0;
        class.room.retain(|&span| {
            if span.live.get() != 0 {
                return true;
            }
            if keep > 0 {
                keep -= 1;
                return true;
            }
            returned += 1;
            // SAFETY: no object is in it, and after this call no list or table holds it (the table holds open ones).
            unsafe { self.memory.free_run(span) };
            false
        });
        class.empty -= returned;
        class.spans -= returned;
        returned
    }

    /// Returns every empty span of every class to `Memory`, open ones included; their number.
    pub(super) fn return_empty_spans(&self) -> usize {
        let classes = self.classes();
        let mut returned = 0;
        self.cache.clear();
        for class in classes {
            if let Some(span) = class.open.filter(|span| span.live.get() == 0) {
                class.open = None;
                class.empty += 1;
                class.room.push(span);
            }
            if class.empty > 0 {
                returned += self.return_spans(class, 0);
            }
        }
        returned
    }

    /// The index of the class; entered if it is new.
    fn class(&self, info: &'static TypeInfo, block_bytes: usize) -> usize {
        // SAFETY: as in `classes`.
        let (classes, index) = (self.classes(), unsafe { &mut *self.class_index.get() });
        *index.entry((info.key().addr(), block_bytes)).or_insert_with(|| {
            classes.push(Class { info, block_bytes, open: None, room: Vec::new(), empty: 0, spans: 0 });
            classes.len() - 1
        })
    }

    /// The laws of this file.
    pub(super) fn verify_spans(&self) -> Result<(), String> {
        let classes = self.classes();
        let mut listed = vec![0usize; classes.len()];
        let mut spans = vec![0usize; classes.len()];
        for span in self.memory.spans() {
            // SAFETY: a span in use holds objects.
            let name = (unsafe { TypeInfo::in_span(span) }.name)();
            let at = || format!("span {:p} of {name}", span.base());
            if span.heap() != self.address() {
                return Err(format!("{} belongs to another heap", at()));
            }
            let mut free = 0;
            let mut p = span.free.get();
            while let Some(block) = NonNull::new(p) {
                free += 1;
                if free > span.capacity() {
                    return Err(format!("{}: its free list has no end", at()));
                }
                if span.index_of(p.wrapping_sub(HEADER_BYTES)).is_none_or(|i| i >= span.next_block.get()) {
                    return Err(format!("{}: {p:p} in its free list is no block", at()));
                }
                // SAFETY: a block of a span of ours.
                unsafe {
                    let h = header(block);
                    if (h.strong.get(), h.aux.get()) != (0, FREE) {
                        return Err(format!("{}: {p:p} is in its free list but holds an object", at()));
                    }
                    if span.listed.load(Relaxed) & WATCHED != 0 {
                        let rest = span.block_bytes() - HEADER_BYTES - size_of::<*mut u8>();
                        let rest = std::slice::from_raw_parts(p.add(size_of::<*mut u8>()), rest);
                        if rest.iter().any(|&b| b != POISON) {
                            return Err(format!("{}: {p:p} was written after it was freed", at()));
                        }
                    }
                    p = *block.cast::<*mut u8>().as_ref();
                }
            }
            // SAFETY: blocks below `next_block` have a header.
            let live = blocks(span).filter(|&p| unsafe { header(p) }.strong.get() != 0).count();
            if live != span.live.get() as usize || live + free as usize != span.next_block.get() as usize {
                return Err(format!(
                    "{}: {live} objects ({} noted) and {free} free blocks of {}",
                    at(),
                    span.live.get(),
                    span.next_block.get()
                ));
            }
            if span.is_large() {
                continue;
            }
            let index = class_of(span);
            let class = &classes[index];
            if class.block_bytes != span.block_bytes() || !std::ptr::eq(class.info.key(), span.type_key()) {
                return Err(format!("{} is in the class of {}", at(), (class.info.name)()));
            }
            let room = span.next_block.get() < span.capacity() || free > 0;
            let state = state(span);
            listed[index] += (state == ROOM) as usize;
            spans[index] += 1;
            if (state == OPEN) != (class.open == Some(span)) || (state == FULL) == room && state != OPEN {
                return Err(format!("{}: state {state} with {free} free blocks", at()));
            }
        }
        for ((class, listed), spans) in classes.iter().zip(listed).zip(spans) {
            let empty = class.room.iter().filter(|s| s.live.get() == 0).count();
            if class.room.len() != listed || empty != class.empty || spans != class.spans {
                return Err(format!(
                    "class {} of {}: {} spans with room listed of {listed}, {empty} empty of {} noted, {spans} in all of {}",
                    class.block_bytes,
                    (class.info.name)(),
                    class.room.len(),
                    class.empty,
                    class.spans
                ));
            }
        }
        Ok(())
    }
}

#[inline(always)]
fn pop(span: SpanRef) -> Option<NonNull<u8>> {
    let p = NonNull::new(span.free.get())?;
    // SAFETY: a block in the free list begins with its link, behind the header.
    span.free.set(unsafe { *p.cast::<*mut u8>().as_ref() });
    span.live.set(span.live.get() + 1);
    Some(p)
}

/// Writes the header of a block that had none: what is there may be the padding of an object that lay across it, which
/// may not even be read (as `Cell::set` does).
///
/// # Safety
/// Nobody uses the block.
unsafe fn write_free(p: NonNull<u8>) {
    // SAFETY: a block begins with its header.
    unsafe { p.sub(HEADER_BYTES).cast::<Header>().write(Header { strong: Cell::new(0), aux: Cell::new(FREE) }) }
}

/// Links the next blocks that were never used, in the order of their addresses.
fn link(span: SpanRef) {
    let first = span.next_block.get();
    let n = ((LINK_BYTES / span.block_bytes()) as u32).clamp(4, 512).min(span.capacity() - first);
    let mut next = span.free.get();
    for i in (first..first + n).rev() {
        let p = object(span.block(i));
        // SAFETY: a block nobody has used yet, inside the span.
        unsafe {
            write_free(p);
            p.cast::<*mut u8>().write(next);
        }
        if span.listed.load(Relaxed) & WATCHED != 0 {
            // The memory may have held blocks of another size before.
            poison(span, p)
        }
        next = p.as_ptr();
    }
    span.free.set(next);
    span.next_block.set(first + n);
}

/// Overwrites a free block behind its link.
fn poison(span: SpanRef, p: NonNull<u8>) {
    let link = size_of::<*mut u8>();
    // SAFETY: the rest of a free block of this span.
    unsafe { p.as_ptr().add(link).write_bytes(POISON, span.block_bytes() - HEADER_BYTES - link) }
}

fn state(span: SpanRef) -> u8 {
    span.listed.load(Relaxed) & !(WATCHED | RECORDED)
}
fn set_state(span: SpanRef, state: u8) {
    span.listed.store(span.listed.load(Relaxed) & (WATCHED | RECORDED) | state, Relaxed)
}
fn class_of(span: SpanRef) -> usize {
    span.owner.load(Relaxed) as usize - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, manager::refcount::Local, object::type_info::InfoOf};

    thread_local! {
        static HEAP: Cell<*const CountingHeap> = const { Cell::new(std::ptr::null()) };
        static MADE: Cell<u32> = const { Cell::new(0) };
    }
    const INFO: &TypeInfo = InfoOf::<'static, u64, Local>::INFO;

    fn make(heap: &CountingHeap) {
        let p = heap.block(INFO, 8).unwrap();
        // SAFETY: just taken; a number needs no more than its bytes.
        unsafe {
            p.cast::<u64>().write(7);
            heap.born(INFO, p)
        }
        MADE.set(MADE.get() + 1)
    }
    /// What the program is asked for a new span: it allocates, another of the same class.
    fn outside() -> usize {
        // SAFETY: the test's heap, or null, also in here.
        if let Some(heap) = unsafe { HEAP.replace(std::ptr::null()).as_ref() } {
            make(heap);
            HEAP.set(heap)
        }
        0
    }

    #[test]
    fn a_span_that_was_opened_meanwhile_stays_open() {
        let config = Config { memory_limit_bytes: Some(1 << 40), outside_bytes: Some(outside), ..Config::default() };
        let heap = Box::new(CountingHeap::new(&config));
        let spans = 5;
        let each = (crate::alloc::chunk::SPAN_BYTES / (8 + HEADER_BYTES)) as u32;
        HEAP.set(&raw const *heap);
        for _ in 0..spans * each {
            make(&heap);
        }
        HEAP.set(std::ptr::null());
        assert!(MADE.get() > spans * each, "it was asked, and allocated");
        heap.verify().unwrap();
        assert_eq!(heap.live(), MADE.get() as usize);
        assert_eq!(heap.memory.spans().len(), MADE.get().div_ceil(each) as usize, "no room is lost");
    }
}
