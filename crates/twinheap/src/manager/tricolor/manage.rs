//! The interface, implemented: [`Manager`] for the tricolor managers.  Each function is a few lines over the parts.
//! Overview: `manager::tricolor`.

use super::{
    cache::{self, Record},
    collector::Inner,
    destructors, gray,
    mark::{Edges, Gray, Marker},
    phase::Phase,
    scan::{self, ScanWord},
    verify, weak,
};
use crate::{
    alloc::{
        ClassRow, Full, Ladder, SpanRef,
        chunk::{self, SPAN_BYTES},
    },
    config::{Config, ConfigError},
    manager::{
        borrow::{CellWord, SharedWord},
        ladder,
        traced::{Shade, TracedGc, TracedSlot, TracedVal},
    },
    object::{
        managed::*,
        trace::{Trace, Visitor, sealed as visitor},
        type_info::{Kind, TypeInfo},
        weak::WeakHead,
    },
    observe::{Callbacks, HoldUpCause, HoldUpSummary, Stats, blocks::Blocks, figures::Figures, tally::Tally},
    process::thread_cpu_ns,
    sync::{
        Arc, AtomicU64, Instant, Mutex,
        Ordering::{Acquire, Relaxed},
        lock, seeded,
        thread::{self, JoinHandle},
        thread_local,
    },
};
use std::{
    cell::Cell,
    collections::{BTreeMap, HashMap},
    marker::PhantomData,
    ops::ControlFlow,
    panic::Location,
    ptr::NonNull,
};

/// The tricolor managers' core; `B` is the borrow word of its cells.
pub struct Concurrent<B>(PhantomData<B>);
/// Concurrent mark and sweep with many mutators.
pub type Tricolor = Concurrent<SharedWord>;
/// Concurrent mark and sweep with one mutator, which so has cells at `RefCell`'s price.
pub type TricolorSolo = Concurrent<CellWord>;

/// How many mutators a borrow word allows.
pub trait Mutators: BorrowWord + 'static {
    /// The manager's name.
    const NAME: &'static str;
    /// Whether there may be more than one.
    const MANY: bool;
}
impl Mutators for SharedWord {
    const NAME: &'static str = "tricolor";
    const MANY: bool = true;
}
impl Mutators for CellWord {
    const NAME: &'static str = "tricolor-solo";
    const MANY: bool = false;
}

/// Address space for the collector's stack; pages are the system's until they are used.  Marking and sweeping recurse only
/// where the program's own types do: in chains of `Box`es, as deep as their drop.  So as deep as a main thread's, twice.
pub(super) const COLLECTOR_STACK_BYTES: usize = if cfg!(any(miri, shuttle)) { 1 << 20 } else { 16 << 20 };

/// A heap: its parts, and the collector's thread.
pub struct Shared {
    inner: Arc<Inner>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// A mutator.
pub struct Local {
    /// Whether this session began in MARK, and in which collection.  Marking may have ended since; it cannot have begun.
    marking: Cell<bool>,
    epoch: Cell<u32>,
    /// Whether this session began with no collection on: then none will be on before it ends.
    idle: Cell<bool>,
    record: Arc<Record>,
    inner: Arc<Inner>,
    shared: NonNull<Shared>,
    open: Open,
}

/// A session that is open on this thread, and those around it.
struct Open {
    heap: Cell<*const Inner>,
    outer: Cell<*const Open>,
}
/// What a thread has for itself.
struct Here {
    sessions: Cell<*const Open>,
    /// The thread's number, from 1; 0 before its first session.
    number: Cell<u64>,
}
thread_local! {
    static HERE: Here = const { Here { sessions: Cell::new(std::ptr::null()), number: Cell::new(0) } };
}
/// Threads that have been numbered.
static NUMBERED: AtomicU64 = AtomicU64::new(0);

#[cold]
#[inline(never)]
fn number_this_thread() -> u64 {
    let number = NUMBERED.fetch_add(1, Relaxed) + 1;
    HERE.with(|here| here.number.set(number));
    number
}

impl Local {
    /// Whether a session of this heap is open on this thread.
    fn in_session_here(&self) -> bool {
        let mut at = HERE.with(|here| here.sessions.get());
        // SAFETY: entries are those of sessions that are open on this thread: each is a part of a `Local` that its
        // session borrows, and leaves the chain when the session ends.
        while let Some(open) = unsafe { at.as_ref() } {
            if open.heap.get() == Arc::as_ptr(&self.inner) {
                return true;
            }
            at = open.outer.get();
        }
        false
    }
    #[cold]
    fn wait(&self, at: &'static Location<'static>) {
        let since = Instant::now();
        let _waits = self.inner.watch.waits(Some(at));
        loop {
            self.inner.handshake.wait_until_open();
            if self.inner.handshake.try_enter(&self.record.in_session) {
                break;
            }
        }
        self.inner.holdups.since(HoldUpCause::Handshake, since);
    }
    /// A session has begun.
    #[cold]
    #[inline(never)]
    fn attend(&self) {
        self.inner.watch.begin(&self.record.now);
        if self.inner.zeal.is_some() {
            self.inner.chance();
        }
    }
    /// It has ended.
    #[cold]
    #[inline(never)]
    fn look_back(&self) {
        if self.inner.watch.is_on() {
            self.inner.look_back(&self.record.now)
        }
    }
    #[cold]
    fn nested(&self) {
        assert!(
            !self.in_session_here(),
            "a session of this heap is open on this thread already; two would wait for each other at the next collection"
        );
    }
}

impl<B: Mutators> Shade for Concurrent<B> {
    #[inline(always)]
    fn before_store(local: &Local, old: impl FnOnce() -> *mut u8) {
        if local.marking.get() && !seeded("no_slot_shade") {
            let old = old();
            if old.addr() & 7 == 0
                && let Some(p) = NonNull::new(old)
                // SAFETY: a reference in a slot of this heap.
                && unsafe { !chunk::is_marked(p) }
            {
                // SAFETY: as above; it can be reached until the store that follows.
                if !unsafe { local.record.shade(&local.inner, p) } {
                    local.marking.set(false);
                }
            }
        }
    }
}

impl<B: Mutators> sealed::Sealed for Concurrent<B> {}
impl OneMutator for TricolorSolo {}
// SAFETY: the shared part is locks and atomics; a mutator's part is used by one thread at a time, whichever.
unsafe impl<B: Mutators> Threaded for Concurrent<B> {}

/// Saves what a cell holds: the marker on the gray buffer, and clocks for cells with much in them.
struct Snapshot<'a> {
    marker: &'a mut Marker,
    edges: u32,
    since: Option<Instant>,
    cpu_since_ns: Option<u64>,
}
impl visitor::Sealed for Snapshot<'_> {}
impl<B: Mutators> Visitor<Concurrent<B>> for Snapshot<'_> {
    #[inline]
    fn edge(&mut self, target: NonNull<u8>) {
        self.edges += 1;
        match self.edges {
            64 => self.since = Some(Instant::now()),
            // Long enough to lose the processor in between: the wall's clock would not do.
            4096 => self.cpu_since_ns = Some(thread_cpu_ns()),
            _ => {}
        }
        Visitor::<Concurrent<B>>::edge(self.marker, target)
    }
    fn ephemeron(&mut self, key: *mut u8, value: NonNull<u8>) {
        Visitor::<Concurrent<B>>::ephemeron(self.marker, key, value)
    }
    // Nested cells go through BUSY as the marker's do: whoever could reach one past the outer cell must wait.
    fn enter_cell(&mut self, scan: &ScanWord, borrow: &B) -> bool {
        Visitor::<Concurrent<B>>::enter_cell(self.marker, scan, borrow)
    }
    fn exit_cell(&mut self, scan: &ScanWord) {
        Visitor::<Concurrent<B>>::exit_cell(self.marker, scan)
    }
}

// SAFETY: I1 to I13 of the design's proofs; each part names those it keeps.
unsafe impl<B: Mutators> Manager for Concurrent<B> {
    const NAME: &'static str = B::NAME;
    const CONSTRAINTS: Constraints = Constraints {
        counted: false,
        concurrent: true,
        many_mutators: B::MANY,
        collects: true,
        header_bytes: 0,
        generations: 1,
    };
    type Raw<'gc, T> = TracedGc<'gc, T>;
    type RawVal<'gc> = TracedVal<'gc>;
    type RawSlot<'gc, const TAGGED: bool> = TracedSlot<'gc>;
    type Borrow = B;
    type Scan = ScanWord;
    type FirstVisitor = Marker;
    type SecondVisitor = Edges;
    type Local = Local;
    type Shared = Shared;

    // ---- a heap's life ------------------------------------------------------------------------------------------
    fn start(config: &Config) -> Result<Box<Shared>, ConfigError> {
        let inner = Arc::new(Inner::new(config));
        let its = inner.clone();
        let thread = thread::Builder::new()
            .name("twinheap-collector".to_owned())
            .stack_size(COLLECTOR_STACK_BYTES)
            .spawn(move || {
                its.run();
                its.take_down_if_asked();
            })
            .map_err(|_| ConfigError { knob: "manager", why: "needs a thread, and the system refuses one" })?;
        Ok(Box::new(Shared { inner, thread: Mutex::new(Some(thread)) }))
    }
    unsafe fn stop(shared: &Shared) {
        let thread = lock(&shared.thread).take();
        if shared.inner.is_own_thread() {
            // The last handle to the heap was in a leaf that the collector is dropping: it takes the heap down when
            // it is back at the top of its loop.
            shared.inner.take_down_later();
        }
        shared.inner.shut_down();
        if !shared.inner.is_own_thread() {
            if let Some(thread) = thread {
                // A panic of the collector's thread was reported by the panic hook; the heap goes all the same.
                let _ = thread.join();
            }
            shared.inner.take_down();
        }
    }
    unsafe fn attach(shared: NonNull<Shared>) -> Option<Box<Local>> {
        // SAFETY: the shared part outlives the local one by the caller's promise.
        let inner = unsafe { shared.as_ref() }.inner.clone();
        let record = inner.attach(B::MANY)?;
        Some(Box::new(Local {
            marking: Cell::new(false),
            epoch: Cell::new(0),
            idle: Cell::new(true),
            record,
            inner,
            shared,
            open: Open { heap: Cell::new(std::ptr::null()), outer: Cell::new(std::ptr::null()) },
        }))
    }
    fn detach(local: Box<Local>) {
        local.inner.detach(&local.record)
    }
    fn shared(local: &Local) -> &Shared {
        // SAFETY: as in `attach`.
        unsafe { local.shared.as_ref() }
    }
    #[inline]
    fn enter(local: &Local, at: &'static Location<'static>) {
        let (outer, number) = HERE.with(|here| (here.sessions.get(), here.number.get()));
        if !outer.is_null() {
            local.nested();
        }
        if local.record.hold_back.load(Relaxed) != 0
            // Small objects may have much behind them, so allocation alone does not tell.
            || local.inner.memory.counts_outside() && local.inner.has_outgrown()
        {
            local.record.catch_up(&local.inner);
        }
        local.record.now.begin(at, if number == 0 { number_this_thread() } else { number });
        if !local.inner.handshake.try_enter(&local.record.in_session) {
            local.wait(at);
        }
        let phase = local.inner.phase.get();
        local.marking.set(phase == Phase::Mark);
        local.idle.set(phase == Phase::Idle);
        local.epoch.set(local.inner.epoch.load(Relaxed));
        local.open.heap.set(Arc::as_ptr(&local.inner));
        local.open.outer.set(outer);
        HERE.with(|here| here.sessions.set(&raw const local.open));
        if local.inner.attends {
            local.attend()
        }
    }
    #[inline]
    fn exit(local: &Local) {
        HERE.with(|here| here.sessions.set(local.open.outer.get()));
        local.inner.handshake.leave(&local.record.in_session);
        if local.inner.handshake.stop_wanted() {
            local.inner.handshake.wake_collector();
        }
        if local.inner.attends {
            local.look_back()
        }
    }

    // ---- allocation ---------------------------------------------------------------------------------------------
    #[inline(always)]
    unsafe fn block(local: &Local, info: &'static TypeInfo, object_bytes: usize) -> Result<NonNull<u8>, Full> {
        let bytes = cache::block_bytes(info, object_bytes);
        match local.record.next_block(info, bytes) {
            Some(p) => Ok(p),
            None => local.record.next_block_elsewhere(&local.inner, info, bytes),
        }
    }
    #[inline(always)]
    unsafe fn born(local: &Local, info: &'static TypeInfo, p: NonNull<u8>) {
        if info.finalize.is_some() {
            // SAFETY: we are the owner, in a session.
            unsafe { local.record.young() }.finalizable.push(Gray(p));
        }
    }
    fn check_outside(local: &Local, bytes: usize) -> Result<(), Full> {
        local.inner.check(bytes)
    }

    // ---- cells --------------------------------------------------------------------------------------------------
    #[inline(always)]
    fn must_snapshot(local: &Local, scan: &ScanWord) -> bool {
        local.marking.get() && !scan.is_done(local.epoch.get())
    }
    #[cold]
    #[inline(never)]
    fn snapshot<'gc, T: Trace<'gc, Self>>(local: &Local, scan: &ScanWord, value: &T) {
        let (record, inner) = (&local.record, &local.inner);
        let mut waiting = None;
        let mut slow = None;
        let saved = scan::save_before_change(
            scan,
            local.epoch.get(),
            &record.gray,
            &inner.phase,
            |gray| {
                let mut snapshot = Snapshot { marker: &mut gray.marker, edges: 0, since: None, cpu_since_ns: None };
                value.trace(&mut snapshot);
                slow = snapshot.since.map(|since| (since, snapshot.cpu_since_ns));
            },
            || {
                waiting.get_or_insert_with(Instant::now);
            },
        );
        if saved == scan::Saved::Over {
            local.marking.set(false);
        }
        if let Some(since) = waiting {
            inner.holdups.since(HoldUpCause::CellWait, since);
        }
        if let Some((since, cpu_since_ns)) = slow {
            let took_ns = match cpu_since_ns {
                Some(begin) => thread_cpu_ns() - begin,
                None => since.elapsed().as_nanos() as u64,
            };
            // It is marking that the program does: a limiter that did not hear of it would never limit.
            inner.meter.assist_ns.fetch_add(took_ns, Relaxed);
            inner.holdups.since(HoldUpCause::Snapshot, since);
        }
    }

    // ---- collections --------------------------------------------------------------------------------------------
    #[inline(always)]
    fn should_yield(local: &Local) -> bool {
        local.inner.handshake.stop_wanted()
    }
    fn collect(local: &Local, request: Request) -> Collected {
        if request.save_all && !local.inner.is_own_thread() {
            local.inner.save_all()
        }
        if local.in_session_here() {
            local.inner.request(Cause::Asked);
            return Collected::default();
        }
        let objects = local.inner.collect_and_wait();
        Collected { objects, pending: local.inner.has_pending.load(Acquire) }
    }
    fn next_pending(local: &Local) -> Option<RawPending> {
        local.inner.next_pending(&local.record)
    }
    #[inline(always)]
    fn has_pending(local: &Local) -> bool {
        local.inner.has_pending.load(Relaxed)
    }

    // ---- pins, walks, weak references -------------------------------------------------------------------------------
    unsafe fn pin(shared: &Shared, p: NonNull<u8>) -> usize {
        shared.inner.pin(p)
    }
    unsafe fn unpin(shared: &Shared, pin: usize) {
        shared.inner.unpin(pin)
    }
    fn walk(local: &Local, f: &mut dyn FnMut(NonNull<u8>)) {
        local.inner.walk(&local.record, f)
    }
    unsafe fn weak_born(local: &Local, head: NonNull<WeakHead>, target: NonNull<u8>) {
        // SAFETY: we are the owner, in a session; the box is written.
        unsafe { local.record.young() }.weak.push(Gray(head.cast()));
        if !B::MANY {
            // SAFETY: both are alive; the one mutator there is holds the lists.
            unsafe { weak::link(&local.inner, local.idle.get(), head, target) }
        }
    }
    unsafe fn weak_boxes(local: &Local, target: NonNull<u8>, f: &mut dyn FnMut(NonNull<u8>) -> ControlFlow<()>) {
        debug_assert!(!B::MANY);
        // SAFETY: forwarded.
        unsafe { weak::each(&local.inner, &local.record, local.idle.get(), target, f) }
    }
    unsafe fn upgrade(local: &Local, head: NonNull<WeakHead>) -> Option<NonNull<u8>> {
        // SAFETY: a live box by the caller's promise.
        let target = unsafe { &head.as_ref().target };
        if local.idle.get() {
            // No collection was on when the session began, so none is now.
            return NonNull::new(target.load(Acquire));
        }
        NonNull::new(gray::upgrade(
            &local.record.gray,
            &local.inner.phase,
            target,
            // SAFETY: a target that was not cleared is an object.
            |p| NonNull::new(p).is_some_and(|p| unsafe { chunk::is_marked(p) }),
            |gray, p| {
                if let Some(p) = NonNull::new(p) {
                    // SAFETY: as above: of the snapshot, or black.
                    unsafe { gray.marker.mark(p) }
                }
            },
        ))
    }

    // ---- what Python's gc module asks ---------------------------------------------------------------------------------
    unsafe fn object_state(local: &Local, p: NonNull<u8>) -> ObjectState {
        // SAFETY: `p` is an object.
        let info = unsafe { TypeInfo::of(p) };
        let frozen = lock(&local.inner.frozen).contains(&Gray(p));
        ObjectState {
            tracked: info.kind == Kind::Container && !lock(&local.inner.untracked).contains(&Gray(p)),
            finalized: info.finalize.is_some() && lock(&local.inner.finalized).contains(&Gray(p)),
            generation: if frozen { 3 } else { 2 },
            references: None,
            condemned: false,
        }
    }
    unsafe fn set_tracked(local: &Local, p: NonNull<u8>, tracked: bool) {
        let mut untracked = lock(&local.inner.untracked);
        if tracked {
            untracked.remove(&Gray(p))
        } else {
            untracked.insert(Gray(p))
        };
    }
    fn control(local: &Local, command: Command) -> Answer {
        let command = match command {
            // A walk is for one mutator: others may be filling the blocks it would show.
            // Nor in a destructor that the collector runs.
            Command::Freeze if B::MANY || local.inner.is_own_thread() => Command::Read,
            other => other,
        };
        local.inner.control(&local.record, command)
    }

    fn callbacks(shared: &Shared) -> &Callbacks {
        &shared.inner.callbacks
    }
    fn blocks(shared: &Shared) -> &Blocks {
        &shared.inner.blocks
    }
    fn record_blocks(local: &Local, on: bool) {
        let gray = &mut lock(&local.record.gray);
        local.inner.blocks.set(on);
        // Under the gray lock no new run is longer than one block, and those that are open are closed.
        local.record.flush(&local.inner, gray, false);
    }
    fn stats(shared: &Shared) -> Stats {
        shared.inner.stats(&shared.inner.all_records())
    }
    fn holdups(shared: &Shared) -> HoldUpSummary {
        shared.inner.holdups.summary()
    }
    fn tally(shared: &Shared) -> &Tally {
        &shared.inner.tally
    }
    fn figures(shared: &Shared) -> Figures {
        shared.inner.figures()
    }
    fn gc_percent(shared: &Shared, new: Option<Option<u32>>) -> Option<Option<u32>> {
        Some(shared.inner.gc_percent(new))
    }
    fn memory_limit(shared: &Shared, new: Option<Option<usize>>) -> Option<Option<usize>> {
        Some(shared.inner.memory_limit(new))
    }
    fn verify(local: &Local) -> Result<(), String> {
        if local.in_session_here() {
            return Err("a session is open on this thread: nothing can be stopped to be looked at".to_owned());
        }
        if local.inner.is_own_thread() {
            return Err("in a destructor that the collector runs: the heap is being swept".to_owned());
        }
        local.inner.look(|records, queue| {
            verify::heap(&local.inner, records, queue)?;
            ladder::verify(&local.inner.stats(records).ladder)
        })
    }
    fn give_back(shared: &Shared) -> usize {
        shared.inner.give_back()
    }
}

impl Inner {
    /// Every object that is whole: called in a session of the one mutator there is.
    fn walk(&self, record: &Record, f: &mut dyn FnMut(NonNull<u8>)) {
        assert!(!self.is_own_thread(), "a walk in a destructor that the collector runs: the heap is being swept");
        let idle = self.wait_until_idle(&record.in_session, None);
        assert!(idle, "the collector has failed: what it said is on stderr");
        record.flush(self, &mut lock(&record.gray), false);
        let frozen = lock(&self.frozen).clone();
        let queue = self.destructors.queue();
        let doomed = destructors::set_of(&queue);
        for span in self.memory.spans() {
            // SAFETY: the one mutator is here and its runs are closed; no collection is on; the queue's lock is ours.
            unsafe {
                span.each_allocated(|p, _| {
                    if !frozen.contains(&Gray(p)) && !doomed.contains(&Gray(p)) {
                        f(p)
                    }
                })
            }
        }
    }

    fn control(&self, record: &Record, command: Command) -> Answer {
        let mut knobs = lock(&self.knobs);
        match command {
            Command::SetAutomatic(on) => self.set_automatic(on),
            Command::SetThresholds(t) => {
                (0..3).for_each(|i| knobs.thresholds[i] = t[i].unwrap_or(knobs.thresholds[i]));
                if let Some(first) = t[0] {
                    self.set_automatic(first != 0);
                }
            }
            Command::Freeze => {
                let mut all = Vec::new();
                self.walk(record, &mut |p| all.push(Gray(p)));
                // In a session that began with no collection on, or after its end: nothing to shade.
                lock(&self.frozen).extend(all);
            }
            // What was frozen is reachable in the snapshot of a collection that is on, or is of no further use.
            Command::Unfreeze => self.unfreeze(record),
            Command::SetGogc(percent) => self.plan_again(|p| p.gogc = percent),
            Command::SetDebug(flags) => {
                knobs.debug = flags;
                self.set_debug(flags)
            }
            Command::Read => {}
        }
        let mut answer = *knobs;
        answer.automatic = self.automatic.load(Relaxed);
        answer.frozen = lock(&self.frozen).len();
        answer.counts[0] = self.containers_since_collection();
        answer.generations[2] = GenerationStats {
            collections: self.figures.collections.load(Relaxed),
            collected: self.figures.collected.load(Relaxed),
            uncollectable: 0,
        };
        answer
    }
    /// On again, a collection that fell due meanwhile is due.
    fn set_automatic(&self, on: bool) {
        if !self.automatic.swap(on, Relaxed) && on {
            self.plan_again(|_| {})
        }
    }
    /// The frozen are roots: those that leave in MARK are shaded, as any reference that is overwritten.
    fn unfreeze(&self, record: &Record) {
        let mut gray = lock(&record.gray);
        let frozen = std::mem::take(&mut *lock(&self.frozen));
        if self.phase.get() == Phase::Mark {
            for g in frozen {
                // SAFETY: frozen objects are alive until now.
                unsafe { gray.marker.mark(g.0) }
            }
        }
    }
    fn containers_since_collection(&self) -> usize {
        let born = self.containers_born();
        born.saturating_sub(self.containers_at_collection.load(Relaxed)) as usize
    }

    fn stats(&self, records: &[Arc<Record>]) -> Stats {
        let classes = self.all_classes();
        // A racy look at what others change: sums that were added one after the other.
        let mut open: HashMap<(usize, usize), u64> = HashMap::new();
        for record in records {
            record.open_blocks(|info, bytes, n| *open.entry((info.addr(), bytes)).or_default() += n);
        }
        let mut stats = Stats::default();
        let mut rows: BTreeMap<(&'static str, usize), ClassRow> = BTreeMap::new();
        let mut row =
            |name, block_bytes, spans: usize, live: usize, held: usize, bytes: usize, capacity: usize, run: usize| {
                let row = rows.entry((name, block_bytes)).or_insert(ClassRow {
                    type_name: name,
                    block_bytes,
                    spans: 0,
                    live_blocks: 0,
                    live_bytes: 0,
                    metadata_bytes: 0,
                    free_bytes: 0,
                    stranded_bytes: 0,
                });
                row.spans += spans;
                row.live_blocks += live;
                row.live_bytes += live * bytes;
                row.free_bytes += (spans * capacity * bytes).saturating_sub((live + held) * bytes);
                row.stranded_bytes += spans * (run - capacity * bytes) + held * bytes;
            };
        for class in &classes {
            let held = open.get(&((&raw const *class.info).addr(), class.block_bytes)).copied().unwrap_or(0);
            let born = class.born.load(Relaxed);
            stats.objects_allocated += born.saturating_sub(held);
            stats.bytes_allocated += born.saturating_sub(held) * class.block_bytes as u64;
            stats.bytes_allocated += class.large_bytes.load(Relaxed);
            let spans = class.spans.load(Relaxed);
            // 0: the class that counts a type's large objects, which have rows of their own below.
            if let Some(capacity) = SPAN_BYTES.checked_div(class.block_bytes) {
                let live = born.saturating_sub(class.freed.load(Relaxed)).saturating_sub(held) as usize;
                row(
                    (class.info.name)(),
                    class.block_bytes,
                    spans,
                    live,
                    held as usize,
                    class.block_bytes,
                    capacity,
                    SPAN_BYTES,
                );
            }
        }
        for span in lock(&self.large).values() {
            // SAFETY: spans in the list hold objects.
            let name = (unsafe { TypeInfo::in_span(*span) }.name)();
            row(name, 0, 1, 1, 0, span.block_bytes(), 1, span.run_bytes());
        }
        let f = &self.figures;
        stats.collections = f.collections.load(Relaxed);
        stats.released.by_collections = f.freed.load(Relaxed);
        stats.released.at_exit = f.at_exit.load(Relaxed);
        stats.drop_panics = f.drop_panics.load(Relaxed);
        stats.callback_panics = f.callback_panics.load(Relaxed) + self.callbacks.panics();
        stats.collector_failed = self.has_failed();
        stats.holdups = self.holdups.summary();
        stats.tally = self.tally.summary();
        stats.ladder = Ladder { classes: rows.into_values().collect(), ..ladder::unowned(&self.memory) };
        stats.used_bytes = self.memory.used_bytes();
        stats.peak_used_bytes = self.memory.peak_used_bytes();
        stats.returned_bytes = self.memory.returned_bytes();
        stats.goal_bytes = Some(self.goal.load(Relaxed)).filter(|&g| g != usize::MAX);
        stats.collector_cpu_ns = f.collector_cpu_ns.load(Relaxed);
        stats.assist_ns = self.assist_ns();
        stats.throttled_ns = self.meter.throttled_ns.load(Relaxed);
        stats.capped_collections = self.meter.capped.load(Relaxed);
        stats.stop_ns_total = f.stop_ns_total.load(Relaxed);
        stats.stop_ns_max = f.stop_ns_max.load(Relaxed);
        stats.objects_marked = f.marked.load(Relaxed);
        stats.mark_cpu_ns = f.mark_cpu_ns.load(Relaxed);
        stats.objects_marked_by_helpers = f.helpers_marked.load(Relaxed);
        stats.mark_pieces = f.mark_pieces.load(Relaxed);
        stats.mark_step_bytes_max = f.mark_step_bytes_max.load(Relaxed) as usize;
        stats
    }

    /// The heap goes: every object that is left is dropped.  No mutator exists and the collector's thread is done;
    /// the others' ends are waited for.
    fn take_down(&self) {
        self.end_helpers();
        self.end_destructors();
        let spans: Vec<SpanRef> = self.memory.spans();
        for span in spans {
            // SAFETY: spans in use hold objects; nobody else is left; each is dropped once.
            unsafe {
                let info = TypeInfo::in_span(span);
                let mut all = Vec::new();
                span.each_allocated(|p, _| all.push(p));
                self.figures.at_exit.fetch_add(all.len() as u64, Relaxed);
                for p in all {
                    self.bury(info, p, span.block_bytes());
                }
                span.clear_bits();
            }
        }
    }
    fn take_down_if_asked(&self) {
        if self.take_down_later.load(Acquire) {
            self.take_down()
        }
    }
    fn take_down_later(&self) {
        self.take_down_later.store(true, crate::sync::Ordering::Release)
    }
}

#[cfg(test)]
mod tests;
