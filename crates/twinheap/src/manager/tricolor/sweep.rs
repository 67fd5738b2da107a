//! Sweeping: from marks to free blocks, a span at a time, by whoever needs one or by the collector's thread.
//!
//! A *class* is what spans are kept by: (type, block size).  A span of a class is in exactly one place: held by a
//! mutator's cursor, in the hands of a sweeper, or in one of the class's three lists.  Who may touch a span's alloc
//! bits (I12): of a held span, who has its holder's gray lock; of a listed one, who has the class's lock; otherwise who
//! took it out.
//!
//! ```text
//! swept == sweep_epoch                        for every span in `room` and `full`
//! born − freed == live + held open            in blocks, for every class            (`verify`, in a stop)
//! ```
//! Destructors that are somebody's code run on the collector's thread, with no lock held, and may panic.
//! Not here: cursors (`cache`).  Overview: `manager::tricolor`.

use super::{
    cache::Record,
    collector::{Inner, add},
};
use crate::{
    alloc::{Full, SpanRef, span::Swept},
    object::type_info::{DropKind, Kind, TypeInfo},
    sync::{
        AtomicU64, AtomicUsize, Mutex, MutexGuard,
        Ordering::{Acquire, Relaxed, Release},
        lock,
    },
    unwind::contained,
};
use std::ptr::NonNull;

/// Spans of one type and block size.
pub struct Class {
    pub(super) info: &'static TypeInfo,
    /// Bytes of a block; 0 for the class that counts a type's large objects.
    pub(super) block_bytes: usize,
    lists: Mutex<Lists>,
    /// Spans in use.
    pub(super) spans: AtomicUsize,
    /// Blocks handed out in runs, and blocks that sweeps found dead; sums since the heap began.
    pub(super) born: AtomicU64,
    pub(super) freed: AtomicU64,
    /// Bytes of large objects ever born (only where `block_bytes` is 0).
    pub(super) large_bytes: AtomicU64,
}

#[derive(Default)]
struct Lists {
    epoch: u32,
    /// Not swept since the marks were made.
    unswept: Vec<SpanRef>,
    /// Swept, with free blocks.
    room: Vec<SpanRef>,
    /// Swept, without.
    full: Vec<SpanRef>,
}

/// Spans an allocating mutator sweeps in a row before it takes a new one.
const SWEEPS_MAX: usize = 16;

impl Class {
    pub(super) fn new(info: &'static TypeInfo, block_bytes: usize) -> Self {
        Class {
            info,
            block_bytes,
            lists: Mutex::default(),
            spans: AtomicUsize::new(0),
            born: AtomicU64::new(0),
            freed: AtomicU64::new(0),
            large_bytes: AtomicU64::new(0),
        }
    }
    /// The lists, as of the sweep that is on: the first look after F2 makes all of them unswept.
    fn lists(&self, sweep_epoch: u32) -> MutexGuard<'_, Lists> {
        let mut lists = lock(&self.lists);
        if lists.epoch != sweep_epoch {
            lists.epoch = sweep_epoch;
            let Lists { unswept, room, full, .. } = &mut *lists;
            debug_assert!(unswept.is_empty() || sweep_epoch == 0);
            if full.len() > room.len() {
                std::mem::swap(full, room);
            }
            std::mem::swap(unswept, room);
            unswept.append(room);
            unswept.append(full);
        }
        lists
    }
    /// Whether the allocating thread may sweep this class's spans.
    fn lazy(&self) -> bool {
        self.info.drop.is_none() || self.info.drop_kind != DropKind::Arbitrary
    }

    /// A span with a free block for the cursor of `holder`: one with room, a swept one, or a new one.
    ///
    /// # Errors
    /// [`Full`].
    pub(super) fn take(&self, inner: &Inner, holder: u32, sweep_epoch: u32) -> Result<SpanRef, Full> {
        let mut swept_full = Vec::new();
        let mut found = None;
        for _ in 0..SWEEPS_MAX {
            let mut lists = self.lists(sweep_epoch);
            if let Some(span) = lists.room.pop() {
                span.owner.store(holder, Relaxed);
                found = Some(span);
                break;
            }
            if !self.lazy() {
                break;
            }
            let Some(span) = lists.unswept.pop() else { break };
            drop(lists);
            // SAFETY: we took the span out of its list: nobody else has it.
            let swept = unsafe { self.sweep(inner, span, sweep_epoch) };
            if swept.live < span.capacity() as usize {
                span.owner.store(holder, Relaxed);
                found = Some(span);
                break;
            }
            swept_full.push(span);
        }
        if !swept_full.is_empty() {
            self.lists(sweep_epoch).full.append(&mut swept_full);
        }
        if let Some(span) = found {
            return Ok(span);
        }
        let span = inner.memory.take_span(self.info.key(), inner.address(), self.block_bytes)?;
        span.swept.store(sweep_epoch, Relaxed);
        span.owner.store(holder, Relaxed);
        self.spans.fetch_add(1, Relaxed);
        Ok(span)
    }
    /// Takes a span back from a cursor, whose gray lock the caller holds.
    pub(super) fn give_back(&self, span: SpanRef, sweep_epoch: u32) {
        let mut lists = self.lists(sweep_epoch);
        span.owner.store(0, Relaxed);
        if span.swept.load(Relaxed) != sweep_epoch {
            lists.unswept.push(span)
        } else if span.next_block.get() < span.capacity() {
            lists.room.push(span)
        } else {
            lists.full.push(span)
        }
    }

    /// Sweeps a span that nobody else has.
    ///
    /// # Safety
    /// The caller may touch the span's alloc bits, and marking is over for `sweep_epoch`.
    unsafe fn sweep(&self, inner: &Inner, span: SpanRef, sweep_epoch: u32) -> Swept {
        let visit = self.info.drop.is_some() || inner.sees_the_dead();
        // SAFETY: the caller's promise; `bury` touches the dead block only.
        let swept = unsafe { span.sweep(|p| inner.bury(self.info, p, self.block_bytes), visit) };
        span.swept.store(sweep_epoch, Release);
        self.count(inner, swept);
        swept
    }
    fn count(&self, inner: &Inner, swept: Swept) {
        if swept.freed != 0 {
            self.freed.fetch_add(swept.freed as u64, Relaxed);
            inner.figures.count_freed(self.info.kind, swept.freed);
        }
    }

    /// The collector's part: sweeps every listed span; empty ones go back to the heap's memory.
    pub(super) fn sweep_all(&self, inner: &Inner, sweep_epoch: u32) {
        loop {
            let Some(span) = self.lists(sweep_epoch).unswept.pop() else { return };
            // SAFETY: taken out of its list, so ours alone.  Destructors run here, with no lock held.
            let swept = unsafe { self.sweep(inner, span, sweep_epoch) };
            if swept.live == 0 {
                self.spans.fetch_sub(1, Relaxed);
                // SAFETY: no block is in use, nobody else has the span, and no list remembers it.
                unsafe { inner.memory.free_run(span) };
                continue;
            }
            let mut lists = self.lists(sweep_epoch);
            if swept.live < span.capacity() as usize { lists.room.push(span) } else { lists.full.push(span) }
        }
    }

    /// Sweeps a span that the cursor of `record` holds, in three steps: bits under the gray lock, destructors with no
    /// lock, bits again under whatever lock the span is found.  A run that is open is black (taken after the stop) and
    /// stays.
    pub(super) fn sweep_held(&self, inner: &Inner, record: &Record, span: SpanRef, sweep_epoch: u32) {
        let mut dead = Vec::new();
        {
            let _gray = lock(&record.gray);
            if span.owner.load(Relaxed) != record.id || span.swept.load(Acquire) == sweep_epoch {
                // Given back (the lists' sweep finds it) or swept by its holder meanwhile.
                return;
            }
            if self.info.drop.is_none() && !inner.sees_the_dead() {
                // SAFETY: the holder's gray lock is ours.
                unsafe { self.sweep(inner, span, sweep_epoch) };
                return;
            }
            // SAFETY: as above; the dead stay allocated, so nobody gets their blocks yet.
            let swept = unsafe { span.reap(&mut dead) };
            span.swept.store(sweep_epoch, Release);
            self.count(inner, swept);
        }
        for &p in &dead {
            // SAFETY: dead since F2, reported once, and still allocated: ours alone.
            unsafe { inner.bury(self.info, p, self.block_bytes) }
        }
        if !dead.is_empty() {
            // SAFETY: the dead are buried, and `with_bits` finds the lock that the alloc bits are under.
            self.with_bits(inner, span, sweep_epoch, || unsafe { span.free_reaped(&dead) });
        }
    }
    /// Runs `f` while the span's alloc bits are ours, wherever it is.  (It exists: it holds allocated blocks.)
    fn with_bits(&self, inner: &Inner, span: SpanRef, sweep_epoch: u32, f: impl FnOnce()) {
        loop {
            let holder = span.owner.load(Relaxed);
            if holder == 0 {
                let mut lists = self.lists(sweep_epoch);
                if span.owner.load(Relaxed) == 0 {
                    f();
                    if let Some(at) = lists.full.iter().position(|&s| s == span) {
                        let span = lists.full.swap_remove(at);
                        lists.room.push(span);
                    }
                    return;
                }
            } else if let Some(record) = inner.record(holder) {
                let _gray = lock(&record.gray);
                if span.owner.load(Relaxed) == holder {
                    return f();
                }
            }
            std::thread::yield_now();
        }
    }
}

impl Inner {
    /// Whether sweeps look at dead blocks that need no destructor, too.
    fn sees_the_dead(&self) -> bool {
        self.poison || self.blocks.is_on()
    }
    /// Ends the object in a dead block: destructor (a panic is caught and counted), and poison under zeal.
    ///
    /// # Safety
    /// The block is dead and the caller's alone.
    pub(super) unsafe fn bury(&self, info: &'static TypeInfo, p: NonNull<u8>, block_bytes: usize) {
        if let Some(drop) = info.drop {
            // SAFETY: a whole object that nobody can reach; dropped once, because its block is freed or forgotten next.
            if !contained(|| unsafe { drop(p) }) {
                self.figures.drop_panics.fetch_add(1, Relaxed);
            }
        }
        if self.blocks.is_on() {
            self.blocks.freed(p.addr().get())
        }
        if self.poison {
            // SAFETY: the block is ours, and `block_bytes` long.
            unsafe { p.as_ptr().write_bytes(0xDD, block_bytes) }
        }
    }

    /// SWEEP, the collector's thread: when this returns every span is swept and every destructor has run.
    pub(super) fn sweep_everything(&self, sweep_epoch: u32) {
        let classes = self.all_classes();
        for class in &classes {
            class.sweep_all(self, sweep_epoch);
        }
        for record in self.all_records() {
            for (class, span) in record.held_spans() {
                class.sweep_held(self, &record, span, sweep_epoch);
            }
            record.return_idle(self);
        }
        // What was held unswept and given back since.
        for class in &self.all_classes() {
            class.sweep_all(self, sweep_epoch);
        }
        self.sweep_large(sweep_epoch);
    }

    fn sweep_large(&self, sweep_epoch: u32) {
        let spans: Vec<SpanRef> = lock(&self.large).values().copied().collect();
        for span in spans {
            if span.swept.load(Acquire) == sweep_epoch {
                continue;
            }
            // SAFETY: large objects in the list are touched by the collector's thread only, once they are born.
            let (info, swept) = unsafe {
                let info = TypeInfo::in_span(span);
                (
                    info,
                    span.sweep(|p| self.bury(info, p, span.block_bytes()), info.drop.is_some() || self.sees_the_dead()),
                )
            };
            span.swept.store(sweep_epoch, Release);
            if swept.freed != 0 {
                self.figures.count_freed(info.kind, 1);
                self.class(info, 0).freed.fetch_add(1, Relaxed);
                lock(&self.large).remove(&span.base().addr());
                // SAFETY: its object is dropped, and nobody remembers it.
                unsafe { self.memory.free_run(span) };
            }
        }
    }
}

/// What collections released.
#[derive(Default)]
pub struct Figures {
    /// Objects released by sweeps.
    pub(super) freed: AtomicU64,
    /// Containers among them, since the last collection was reported.
    pub(super) containers: AtomicUsize,
    /// Destructors of leaves that panicked.
    pub(super) drop_panics: AtomicU64,
    /// Calls of `Config::on_collection` that did.
    pub(super) callback_panics: AtomicU64,
    /// Objects that were left when the heap went.
    pub(super) at_exit: AtomicU64,
    /// Collections, zeal's not counted.
    pub(super) collections: AtomicU64,
    /// Objects all collections together released or finalized, zeal's not counted.
    pub(super) collected: AtomicU64,
    /// Nanoseconds of processor time of the collector's thread.
    pub(super) collector_cpu_ns: AtomicU64,
    /// Nanoseconds of the collector's work in stops.
    pub(super) stop_ns_total: AtomicU64,
    /// The longest.
    pub(super) stop_ns_max: AtomicU64,
    /// Objects marked.
    pub(super) marked: AtomicU64,
    /// Nanoseconds of processor time spent marking.
    pub(super) mark_cpu_ns: AtomicU64,
    /// Objects marked by helpers.
    pub(super) helpers_marked: AtomicU64,
    /// Pieces of tails looked at, and the most bytes of one large object that were looked at in a step.
    pub(super) mark_pieces: AtomicU64,
    pub(super) mark_step_bytes_max: AtomicU64,
}

impl Figures {
    pub(super) fn count_freed(&self, kind: Kind, n: usize) {
        add(&self.freed, n as u64);
        if kind == Kind::Container {
            self.containers.fetch_add(n, Relaxed);
        }
    }
}
