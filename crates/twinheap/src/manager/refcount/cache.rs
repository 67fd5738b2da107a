//! Blocks: from the class's *hand*, a list of free blocks, and back to the span they came from.
//!
//! A *class* is a (type, block size).  It has one *open* span and a list of spans with room; full spans are in neither,
//! and come back to the list with their first freed block.  An empty hand is filled with all that is free in the open
//! span at once (as mimalloc's pages), so that a birth touches no span and counts nothing.
//! ```text
//! open ──no free block, all linked──▶ FULL ──a block is freed──▶ ROOM ──taken when the open one is full──▶ open
//!                                                                  └──empty, and enough others are──▶ back to `Memory`
//! live + |free| == next_block         for every span: who is in hand counts as live                    (`verify`)
//! hand ⊆ open span of its class;  taken − |hand| == births of the class, and those that came to nothing  (`verify`)
//! ```
//! Policy of return: a class keeps as many empty spans as it has in use, because programs build and drop the same thing
//! again and again (binary-trees 18: 8 % of processor time went into pages given back and taken again).  When there are
//! more, they go back until half as many are left.  All of them go on `give_back`, above the soft limit, and before the
//! hard limit says no.
//!
//! Fast paths: a table of 64 classes, direct-mapped by (address of the `TypeInfo`, size), whose lines hold the hands of
//! the classes in them, then a pop; a push and one compare.  Not here: when a block dies (`release`, `collect`).
//! Overview: `manager::refcount`.

use super::{
    CountingHeap,
    generations::is_examined,
    header::{FREE, HEADER_BYTES, Header, header},
};
use crate::{
    alloc::{
        Full, SpanRef,
        size_class::{LARGE_BYTES, class_bytes},
    },
    object::type_info::{DropKind, Kind, TypeInfo},
    observe::HoldUpCause,
    sync::{Instant, Ordering::Relaxed, seeded},
};
use std::{cell::Cell, hint::cold_path, ptr::NonNull};

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
/// Destroyed by `drop_in_place` alone, without anybody's code: no finalizer, no leaf's `Drop`, no tail, no order of its own.
pub(super) const PLAIN: u8 = 16;

/// Bytes that are linked into a free list at a time, so that memory is touched shortly before it is used.
const LINK_BYTES: usize = if cfg!(miri) { 256 } else { 4096 };
const LINES: usize = 64;
const POISON: u8 = 0xDD;

/// A (type, block size) with its spans.
pub(super) struct Class {
    info: &'static TypeInfo,
    block_bytes: usize,
    open: Option<SpanRef>,
    /// Blocks of the open span to be handed out, unless a line of the table has them.
    hand: *mut u8,
    /// Blocks that ever came into the hand.
    taken: u64,
    /// Spans with a free block, but for the open one.
    room: Vec<SpanRef>,
    /// How many of them hold no object.
    empty: usize,
    /// All spans of the class.
    spans: usize,
}

/// A line of the table: the class that was asked for last at this place, and its hand.
struct Line {
    info: Cell<*const ()>,
    block_bytes: Cell<usize>,
    /// The class's hand; never looked at unless `info` matches.
    hand: Cell<*mut u8>,
    /// The class's index.
    class: Cell<usize>,
}

/// The table.
pub(super) struct Cache([Line; LINES]);

impl Cache {
    pub(super) fn new() -> Cache {
        Cache(std::array::from_fn(|_| Line {
            info: Cell::new(std::ptr::null()),
            block_bytes: Cell::new(0),
            hand: Cell::new(std::ptr::null_mut()),
            class: Cell::new(0),
        }))
    }
    #[inline(always)]
    fn line(&self, info: &'static TypeInfo, block_bytes: usize) -> &Line {
        let key = info.key().addr();
        &self.0[(key >> 4 ^ block_bytes >> 3) % LINES]
    }
}
impl Line {
    #[inline(always)]
    fn is_of(&self, info: &'static TypeInfo, block_bytes: usize) -> bool {
        std::ptr::eq(self.info.get(), info.key()) && (info.element_size == 0 || self.block_bytes.get() == block_bytes)
    }
    /// Gives the hand back to its class, if there is one.
    fn clear(&self, classes: &mut [Class]) {
        if !self.info.replace(std::ptr::null()).is_null() {
            classes[self.class.get()].hand = self.hand.replace(std::ptr::null_mut());
        }
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
        match self.take_from_line(info, block_bytes) {
            Some(p) => Ok(p),
            None => self.take_slowly(info, block_bytes),
        }
    }
    /// The same, if a line of the table has a block.
    #[inline(always)]
    pub(super) fn take_from_line(&self, info: &'static TypeInfo, block_bytes: usize) -> Option<NonNull<u8>> {
        let line = self.cache.line(info, block_bytes);
        if !line.is_of(info, block_bytes) {
            cold_path();
            return None;
        }
        let p = pop(&line.hand);
        if p.is_none() {
            cold_path()
        }
        p
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
        let line = self.cache.line(info, block_bytes);
        // An empty hand is the common reason, and spares the search.
        let index = if line.is_of(info, block_bytes) { line.class.get() } else { self.class(info, block_bytes) };
        loop {
            // Whoever has the line: also a birth of this class inside `new_span`.
            line.clear(self.classes());
            let class = &mut self.classes()[index];
            if class.hand.is_null() {
                class.fill_hand();
            }
            let hand = Cell::new(class.hand);
            if let Some(p) = pop(&hand) {
                class.hand = hand.get();
                if !self.zeal.is_on() && !self.blocks.is_on() {
                    line.info.set(info.key());
                    line.block_bytes.set(block_bytes);
                    line.hand.set(std::mem::replace(&mut class.hand, std::ptr::null_mut()));
                    line.class.set(index);
                }
                return Ok(p);
            }
            if let Some(full) = class.open.take() {
                set_state(full, FULL);
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
            if is_examined(info) {
                span.swept.store(1, Relaxed);
            }
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
            (info.is_plain, PLAIN),
        ];
        span.note.store(facts.iter().map(|&(is, bit)| if is { bit } else { 0 }).sum(), Relaxed);
        let zeal = if self.zeal.is_on() { WATCHED } else { 0 };
        let recorded = if self.blocks.is_on() { RECORDED } else { 0 };
        span.listed.store(zeal | recorded, Relaxed);
    }
    /// Gives all hands back to their classes.
    fn clear_lines(&self) {
        self.cache.0.iter().for_each(|line| line.clear(self.classes()))
    }
    /// Begins or ends the record of what becomes of blocks.
    pub(super) fn record_blocks(&self, on: bool) {
        self.blocks.set(on);
        self.clear_lines();
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
        if is_examined(info) {
            span.swept.store(1, Relaxed);
        }
        span.next_block.set(1);
        span.live.set(1);
        self.note_taken(1, block_bytes);
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
        // SAFETY: forwarded.
        unsafe { push_back(span, p) }
        let state = listed(span);
        if state != OPEN && (state != ROOM || span.live.get() == 0) {
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
        if self.depth.get() > 0 {
            // Not the outermost one's own block: the release goes far.
            self.start_cascade_clock()
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
        let mut returned = 0;
        self.clear_lines();
        for class in self.classes() {
            if let Some(span) = class.open.filter(|span| span.live.get() as usize == class.in_hand()) {
                class.taken -= class.in_hand() as u64;
                class.hand = std::ptr::null_mut();
                // As if no block had ever been linked.
                span.free.set(std::ptr::null_mut());
                span.live.set(0);
                span.next_block.set(0);
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
            let hand = std::ptr::null_mut();
            classes.push(Class { info, block_bytes, open: None, hand, taken: 0, room: Vec::new(), empty: 0, spans: 0 });
            classes.len() - 1
        })
    }

    /// Blocks in each class's hand.
    fn hands(&self) -> Vec<usize> {
        self.clear_lines();
        self.classes().iter().map(Class::in_hand).collect()
    }
    /// A block that no class has was taken (large), or one was and no object came of it.
    pub(super) fn note_taken(&self, blocks: i64, block_bytes: usize) {
        let (n, bytes) = self.taken_otherwise.get();
        self.taken_otherwise.set((n + blocks, bytes + blocks * block_bytes as i64));
    }
    /// How many objects were ever born, the bytes of their blocks, and how many blocks of a span are in hand.
    pub(super) fn births(&self) -> (u64, u64, impl Fn(SpanRef) -> usize) {
        let hands = self.hands();
        let (mut births, mut bytes) = self.taken_otherwise.get();
        let mut open = Vec::new();
        for (class, hand) in self.classes().iter().zip(hands) {
            let n = class.taken as i64 - hand as i64;
            births += n;
            bytes += n * class.block_bytes as i64;
            open.extend(class.open.map(|span| (span, hand)));
        }
        let in_hand = move |span| open.iter().find(|(of, _)| *of == span).map_or(0, |&(_, hand)| hand);
        (births as u64, bytes as u64, in_hand)
    }

    /// The laws of this file.
    pub(super) fn verify_spans(&self) -> Result<(), String> {
        self.clear_lines();
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
            let free = verify_list(span, span.free.get(), "free list").map_err(|e| format!("{}: {e}", at()))?;
            let hand = match classes.get(class_of(span)) {
                Some(class) if !span.is_large() && class.open == Some(span) => class.hand,
                _ => std::ptr::null_mut(),
            };
            let hand = verify_list(span, hand, "hand").map_err(|e| format!("{}: {e}", at()))?;
            // SAFETY: blocks below `next_block` have a header.
            let live = blocks(span).filter(|&p| unsafe { header(p) }.strong.get() != 0).count();
            if live + hand != span.live.get() as usize || live + hand + free != span.next_block.get() as usize {
                return Err(format!(
                    "{}: {live} objects and {hand} in hand ({} noted) and {free} free blocks of {}",
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
            if class.open.is_none() && !class.hand.is_null() {
                return Err(format!("class {} of {}: a hand without a span", class.block_bytes, (class.info.name)()));
            }
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

/// Takes the first block of a list.
#[inline(always)]
fn pop(list: &Cell<*mut u8>) -> Option<NonNull<u8>> {
    let p = NonNull::new(list.get())?;
    // SAFETY: a block in a free list begins with its link, behind the header.
    list.set(unsafe { *p.cast::<*mut u8>().as_ref() });
    Some(p)
}

impl Class {
    /// Takes all that is free in the open span, or links some of what was never used.
    fn fill_hand(&mut self) {
        let Some(span) = self.open else { return };
        if span.free.get().is_null() && span.next_block.get() < span.capacity() {
            link(span);
        }
        let n = span.next_block.get() - span.live.get();
        self.hand = span.free.replace(std::ptr::null_mut());
        span.live.set(span.next_block.get());
        self.taken += u64::from(n);
    }
    /// Blocks in the hand, which no line of the table has.  Cost: a look at each.
    fn in_hand(&self) -> usize {
        let list = Cell::new(self.hand);
        std::iter::from_fn(|| pop(&list)).count()
    }
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
/// Whether blocks are taken from it.
pub(super) fn is_open(span: SpanRef) -> bool {
    state(span) == OPEN
}
fn set_state(span: SpanRef, state: u8) {
    span.listed.store(span.listed.load(Relaxed) & (WATCHED | RECORDED) | state, Relaxed)
}
/// The state of a span, and what watches it.
#[inline(always)]
fn listed(span: SpanRef) -> u8 {
    span.listed_and_note().to_ne_bytes()[0]
}
/// The facts about a span's type.
#[inline(always)]
pub(super) fn facts(span: SpanRef) -> u8 {
    span.listed_and_note().to_ne_bytes()[1]
}

/// Whether a block that comes back to the span changes nothing but its free list, and its type's facts are these.
#[inline(always)]
pub(super) fn takes_back(span: SpanRef, usual: u8) -> bool {
    // One compare for the class's open span, as a rule.
    span.listed_and_note() == u16::from_ne_bytes([OPEN, usual])
        || listed(span) == ROOM && span.live.get() > 1 && facts(span) == usual
}
/// Whether that is so, the span is its class's open one, and its type a leaf's without drop glue and finalizer.
#[inline(always)]
pub(super) fn takes_back_leaf(span: SpanRef) -> bool {
    span.listed_and_note() & !u16::from_ne_bytes([0, PLAIN]) == u16::from_ne_bytes([OPEN, 0])
}
/// Puts a block into the free list of its span.
///
/// # Safety
/// As [`CountingHeap::put_back`].
#[inline(always)]
pub(super) unsafe fn push_back(span: SpanRef, p: NonNull<u8>) {
    // SAFETY: the block is ours again: its header and first word are free to use.
    unsafe {
        header(p).set(0, FREE);
        p.cast::<*mut u8>().write(span.free.get());
    }
    span.free.set(p.as_ptr());
    span.live.set(span.live.get() - 1);
}

/// The class's index; large runs have none.
fn class_of(span: SpanRef) -> usize {
    (span.owner.load(Relaxed) as usize).wrapping_sub(1)
}

/// Whether the list has an end, and nothing but free blocks of the span, unwritten since; how many.
fn verify_list(span: SpanRef, first: *mut u8, what: &str) -> Result<usize, String> {
    let (mut n, mut p) = (0, first);
    while let Some(block) = NonNull::new(p) {
        n += 1;
        if n > span.capacity() as usize {
            return Err(format!("its {what} has no end"));
        }
        if span.index_of(p.wrapping_sub(HEADER_BYTES)).is_none_or(|i| i >= span.next_block.get()) {
            return Err(format!("{p:p} in its {what} is no block"));
        }
        // SAFETY: a block of a span of ours.
        unsafe {
            let h = header(block);
            if (h.strong.get(), h.aux.get()) != (0, FREE) {
                return Err(format!("{p:p} is in its {what} but holds an object"));
            }
            if span.listed.load(Relaxed) & WATCHED != 0 {
                let rest = span.block_bytes() - HEADER_BYTES - size_of::<*mut u8>();
                let rest = std::slice::from_raw_parts(p.add(size_of::<*mut u8>()), rest);
                if rest.iter().any(|&b| b != POISON) {
                    return Err(format!("{p:p} was written after it was freed"));
                }
            }
            p = *block.cast::<*mut u8>().as_ref();
        }
    }
    Ok(n)
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
