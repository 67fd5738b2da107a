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
//! Of types whose destructors are somebody's code the dead are listed only (`destructors`).
//! Not here: cursors (`cache`).  Overview: `manager::tricolor`.

use super::{
    cache::Record,
    collector::{Inner, add},
    destructors::Batch,
};
use crate::{
    alloc::{Full, SpanRef, span::Swept},
    object::type_info::{DropKind, Kind, TypeInfo},
    sync::{
        Arc, AtomicU64, AtomicUsize, Mutex, MutexGuard,
        Ordering::{Acquire, Relaxed, Release},
        lock, thread,
    },
    unwind::contained,
};
use std::{collections::HashSet, ptr::NonNull};

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
    /// And of those that sweeps found dead.
    pub(super) large_freed_bytes: AtomicU64,
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
            large_freed_bytes: AtomicU64::new(0),
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
    /// Whether destructors are somebody's code; else the allocating thread may sweep this class's spans.
    fn dooms(&self) -> bool {
        self.info.drop.is_some() && self.info.drop_kind == DropKind::Arbitrary
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
            if self.dooms() {
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
        self.count(inner, swept, span.block_bytes());
        swept
    }
    /// Counts what a sweep found dead in a span of blocks of so many bytes.
    fn count(&self, inner: &Inner, swept: Swept, block_bytes: usize) {
        if swept.freed != 0 {
            self.freed.fetch_add(swept.freed as u64, Relaxed);
            inner.figures.count_freed(self.info.kind, swept.freed);
            if self.block_bytes == 0 {
                self.large_freed_bytes.fetch_add(block_bytes as u64, Relaxed);
            }
        }
    }

    /// The collector's part: sweeps every listed span; empty ones go back to the heap's memory.
    pub(super) fn sweep_all(self: &Arc<Self>, inner: &Arc<Inner>, sweep_epoch: u32) {
        if self.dooms() {
            return self.doom_all(inner, sweep_epoch);
        }
        loop {
            let Some(span) = self.lists(sweep_epoch).unswept.pop() else { return };
            // SAFETY: taken out of its list, so ours alone.  Destructors (of the standard library) run here.
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
    pub(super) fn sweep_held(self: &Arc<Self>, inner: &Arc<Inner>, record: &Record, span: SpanRef, sweep_epoch: u32) {
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
            self.count(inner, swept, span.block_bytes());
        }
        if dead.is_empty() {
            return;
        }
        if self.dooms() {
            let mut batch = Batch::of(self);
            batch.push(span, dead);
            return inner.doom(batch);
        }
        for &p in &dead {
            // SAFETY: dead since F2, reported once, and still allocated: ours alone.
            unsafe { inner.bury(self.info, p, self.block_bytes) }
        }
        inner.with_records(|records| {
            // SAFETY: the dead are buried, and `with_bits` finds the lock that the alloc bits are under.
            self.with_bits(records, span, sweep_epoch, || unsafe { span.free_reaped(&dead) });
        });
        self.sort_freed(inner, [span].into_iter(), sweep_epoch)
    }
    /// As [`Self::sweep_all`], where destructors are somebody's code: the dead are doomed, and stay allocated until those have
    /// run.
    fn doom_all(self: &Arc<Self>, inner: &Arc<Inner>, sweep_epoch: u32) {
        let mut batch = Batch::of(self);
        loop {
            let queue = inner.destructors.queue();
            let Some(span) = self.lists(sweep_epoch).unswept.pop() else { break };
            let mut dead = Vec::new();
            // SAFETY: taken out of its list, and what destructors' threads do to its bits they do under the queue's lock.
            let swept = unsafe { span.reap(&mut dead) };
            span.next_block.set(0);
            span.swept.store(sweep_epoch, Release);
            self.count(inner, swept, span.block_bytes());
            let allocated = swept.live + dead.len();
            if allocated == 0 {
                self.spans.fetch_sub(1, Relaxed);
                // SAFETY: no block is in use, nobody else has the span, and no list remembers it.
                unsafe { inner.memory.free_run(span) };
                continue;
            }
            if !dead.is_empty() {
                batch.push(span, dead)
            }
            let mut lists = self.lists(sweep_epoch);
            if allocated < span.capacity() as usize {
                lists.room.push(span)
            } else {
                lists.full.push(span)
            }
            drop((lists, queue));
            if batch.is_full() {
                inner.doom(std::mem::replace(&mut batch, Batch::of(self)))
            }
        }
        inner.doom(batch)
    }

    /// Runs `f` while the span's alloc bits are ours, wherever it is; the caller holds the registry's lock.  (The span exists:
    /// it holds allocated blocks.)
    pub(super) fn with_bits(&self, records: &[Arc<Record>], span: SpanRef, sweep_epoch: u32, f: impl FnOnce()) {
        loop {
            let holder = span.owner.load(Relaxed);
            if holder == 0 {
                let _lists = self.lists(sweep_epoch);
                if span.owner.load(Relaxed) == 0 {
                    return f();
                }
            } else if let Some(record) = records.iter().find(|r| r.id == holder) {
                let _gray = lock(&record.gray);
                if span.owner.load(Relaxed) == holder {
                    return f();
                }
            }
            thread::yield_now();
        }
    }
    /// Puts spans in which blocks were freed where they belong, if they are listed: among those with room, or, where
    /// destructors are somebody's code and nothing is left, back to the heap's memory.  Cost: a look at the lists.
    pub(super) fn sort_freed(&self, inner: &Inner, spans: impl Iterator<Item = SpanRef>, sweep_epoch: u32) {
        let freed: HashSet<usize> = spans.map(|s| s.base().addr()).collect();
        let is_freed = |span: &SpanRef| freed.contains(&span.base().addr());
        let mut lists = self.lists(sweep_epoch);
        let Lists { room, full, .. } = &mut *lists;
        room.extend(full.extract_if(.., |span| is_freed(span)));
        if !self.dooms() {
            return;
        }
        room.retain(|&span| {
            let mut blocks = 0;
            if is_freed(&span) {
                // SAFETY: listed, and the class's lock is ours (I12); so is the queue's.
                unsafe { span.each_allocated(|_, _| blocks += 1) };
                if blocks == 0 {
                    self.spans.fetch_sub(1, Relaxed);
                    // SAFETY: no block is in use, and no list remembers the span.
                    unsafe { inner.memory.free_run(span) };
                    return false;
                }
            }
            true
        });
    }
}

impl Inner {
    /// Runs `f` with the mutators there are; none comes or goes meanwhile, and the phase does not change.
    pub(super) fn with_records<O>(&self, f: impl FnOnce(&[Arc<Record>]) -> O) -> O {
        f(&lock(&self.registry).records)
    }
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

    /// SWEEP, the collector's thread: when this returns every span is swept, and every destructor has run but those that are
    /// somebody's code.
    pub(super) fn sweep_everything(self: &Arc<Self>, sweep_epoch: u32) {
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

    fn sweep_large(self: &Arc<Self>, sweep_epoch: u32) {
        let bases: Vec<usize> = lock(&self.large).keys().copied().collect();
        for base in bases {
            let queue = self.destructors.queue();
            // (One with a destructor of somebody's may have gone meanwhile.)
            let Some(span) = lock(&self.large).get(&base).copied() else { continue };
            if span.swept.load(Acquire) == sweep_epoch {
                continue;
            }
            // SAFETY: a span in the list holds an object.
            let info = unsafe { TypeInfo::in_span(span) };
            let class = self.class(info, 0);
            if class.dooms() {
                let mut dead = Vec::new();
                // SAFETY: a large object's bits are touched under the queue's lock once it is born, which is ours.
                let swept = unsafe { span.reap(&mut dead) };
                span.swept.store(sweep_epoch, Release);
                class.count(self, swept, span.block_bytes());
                drop(queue);
                if !dead.is_empty() {
                    let mut batch = Batch::of(&class);
                    batch.push(span, dead);
                    self.doom(batch)
                }
                continue;
            }
            drop(queue);
            let visit = info.drop.is_some() || self.sees_the_dead();
            // SAFETY: others in the list are touched by the collector's thread only, once they are born.
            let swept = unsafe { span.sweep(|p| self.bury(info, p, span.block_bytes()), visit) };
            span.swept.store(sweep_epoch, Release);
            class.count(self, swept, span.block_bytes());
            if swept.freed != 0 {
                lock(&self.large).remove(&base);
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
