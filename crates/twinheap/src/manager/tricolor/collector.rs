//! The collector's thread, and one collection from stop to rest.
//!
//! The lettered steps of [`super`] are the functions below, in that order.
//! Not here: how marking is done (`mark`), how blocks come free (`sweep`).  Overview: `manager::tricolor`.

use super::{
    cache::{Record, Young},
    destructors::{Destructors, Queue},
    ephemeron::Ephemerons,
    finalize, gray,
    handshake::Handshake,
    held::{Pins, Queued},
    mark::{Gray, Marker, Pool},
    meter::Meter,
    pacer::{Measured, Pacer, Plan},
    phase::{Phase, PhaseWord},
    refusals::Refusals,
    scavenger::Scavenger,
    sweep::{Class, Figures},
    verify,
    watch::{StopWait, Watch},
    weak,
    workers::Workers,
};
use crate::{
    alloc::{Full, Limits, Memory, SpanRef},
    config::Config,
    manager::debug_lines::DebugLines,
    object::{
        managed::{Answer, Cause, RawPending, debug},
        type_info::{Kind, TypeInfo},
    },
    observe::{
        CallbackInfo, Callbacks, Collection, HoldUpCause, HoldUps, Phase as ToldPhase, StopCause,
        blocks::Blocks,
        tally::{Tally, unix_ns},
    },
    process::{self, thread_cpu_ns},
    sync::{
        Arc, AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Condvar, Instant, Mutex, MutexGuard,
        Ordering::{Relaxed, Release},
        lock, seeded, thread, thread_local,
    },
    unwind::contained,
};
use std::{
    cell::Cell,
    collections::{HashMap, HashSet, VecDeque},
    sync::TryLockError,
    time::Duration,
};

/// Heaps above so many bytes ask for huge pages, as the counting managers' do.  Measured with `examples/pacing.rs`, medians
/// of processor time: three million nodes marked at random take a quarter less (81 to 61 ns each), in the order of addresses
/// as much as before; binary-trees at depth 14 a fifth less, because fewer pages are faulted in, at depth 18 the same.  The
/// price is up to a huge page more that is resident.
const HUGE_PAGES_FROM: usize = 4 << 20;
/// Under a smaller soft limit that price is too high: half of a per cent or more.
const LIMIT_FOR_HUGE_PAGES: usize = 256 << 20;

/// Adds to a sum that only one thread writes.
pub(super) fn add(to: &AtomicU64, n: u64) {
    to.fetch_add(n, Relaxed);
}

/// What all of a heap's threads share.
pub struct Inner {
    pub(super) memory: Memory,
    pub(super) phase: PhaseWord,
    /// The collection that is running, or the last one.
    pub(super) epoch: AtomicU32,
    /// The last collection whose marking is complete: what spans must be swept for.
    pub(super) sweep_epoch: AtomicU32,
    pub(super) handshake: Handshake,
    pub(super) registry: Mutex<Registry>,
    classes: Mutex<HashMap<(usize, usize), Arc<Class>>>,
    pub(super) large: Mutex<HashMap<usize, SpanRef>>,
    pub(super) pins: Mutex<Pins>,
    pub(super) pending: Mutex<VecDeque<Queued>>,
    pub(super) has_pending: AtomicBool,
    /// Weak boxes that live and have a target; objects with a finalizer that was not queued; those whose was.
    pub(super) weak: Mutex<Vec<Gray>>,
    pub(super) ephemerons: Ephemerons,
    /// With one mutator: held while a collection is on by who changes a target's lists of boxes.
    pub(super) weak_lists: Mutex<()>,
    pub(super) finalizable: Mutex<Vec<Gray>>,
    pub(super) finalized: Mutex<HashSet<Gray>>,
    /// What mutators noted, handed over at the last stop or when they went.
    incoming: Mutex<Vec<Young>>,
    pub(super) frozen: Mutex<HashSet<Gray>>,
    /// Objects that the program does not want to be seen as tracked.
    pub(super) untracked: Mutex<HashSet<Gray>>,
    pub(super) pool: Arc<Pool>,
    pub(super) workers: Workers,
    pub(super) destructors: Destructors,
    pub(super) background_nice: u8,
    /// Held while a collection, or a check of the stopped heap, is on.
    pub(super) cycle: Mutex<()>,
    control: Mutex<Control>,
    wake: Condvar,
    done: Condvar,
    pub(super) automatic: AtomicBool,
    pub(super) pacer: Mutex<(Pacer, Measured)>,
    pub(super) meter: Meter,
    pub(super) goal: AtomicUsize,
    /// Bytes handed out since the heap began, and where on that scale (to which the growth of what is outside the heap
    /// is added) the heap is empty, a collection begins, assists begin, and allocation is slowed down.
    pub(super) allocated: AtomicUsize,
    pub(super) base: AtomicUsize,
    pub(super) trigger_at: AtomicUsize,
    pub(super) assist_at: AtomicUsize,
    brake_at: AtomicUsize,
    /// Bytes outside the heap when the plan was made.
    pub(super) outside_then: AtomicUsize,
    /// Bytes marked in this collection.
    pub(super) marked_bytes: AtomicUsize,
    pub(super) figures: Figures,
    pub(super) holdups: HoldUps,
    pub(super) tally: Tally,
    /// Sessions have something to do as they begin and end: zeal, or the watch.
    pub(super) attends: bool,
    pub(super) watch: Watch,
    /// The last collection that was capped.
    pub(super) limiter_last: AtomicU64,
    /// What mutators had marked when a collection was told of last, in nanoseconds.
    assists_told: AtomicU64,
    pub(super) zeal: Option<u32>,
    pub(super) poison: bool,
    /// Whether each marking is checked in a stop.
    pub(super) checks_marks: bool,
    pub(super) blocks: Blocks,
    on_collection: Option<fn(&Collection)>,
    pub(super) callbacks: Callbacks,
    /// `gc.set_debug`: any C int, and where its lines go.
    pub(super) debug: AtomicU32,
    pub(super) lines: DebugLines,
    pub(super) refusals: Refusals,
    began: Instant,
    /// What CPython's words read and write.
    pub(super) knobs: Mutex<Answer>,
    pub(super) containers_at_collection: AtomicU64,
    pub(super) take_down_later: AtomicBool,
    chances: AtomicU32,
    /// Containers that zeal's collections released or finalized, and no other has told of.
    zeal_objects: AtomicUsize,
}
// SAFETY: the raw parts are addresses (spans, objects); who may touch what is behind them is said by I12 and the
// colours, not by who has the address.
unsafe impl Send for Inner {}
// SAFETY: as above.
unsafe impl Sync for Inner {}

/// What [`Inner::collection`] did.
struct Done {
    /// Containers it released or finalized.
    objects: usize,
    /// From the end of the stop to the end of marking.
    mark_ns: u64,
    stop: Stop,
}

/// A stop that is over: from the wish to nobody's being in a session, in all, and when it ended.
struct Stop {
    stopping: Duration,
    total: Duration,
    end_unix_ns: u64,
}

/// The mutators.
#[derive(Default)]
pub struct Registry {
    pub(super) records: Vec<Arc<Record>>,
    last_id: u32,
}

#[derive(Default)]
struct Control {
    requested: Option<Cause>,
    /// The next that was asked for keeps what it finds.
    save_all: bool,
    shutdown: bool,
    /// The collector's thread has panicked: a law is broken, and nothing is collected any more.
    failed: bool,
    /// Collections whose stop was begun, and the last of them that is finished.
    begun: u64,
    finished: u64,
    /// What the last collections released: their numbers and containers.
    results: VecDeque<(u64, usize)>,
}

thread_local! {
    /// The heap whose collector this thread is, or whose destructors it runs.
    static COLLECTOR_OF: Cell<*const Inner> = const { Cell::new(std::ptr::null()) };
}

impl Inner {
    pub(super) fn new(config: &Config) -> Self {
        let meter = Meter::new();
        let (soft, hard) = (config.memory_limit_bytes, config.max_heap_bytes);
        let pacer = Pacer::new(config.gogc, config.min_heap_bytes, soft, hard, meter.processors);
        let plan = pacer.first();
        let inner = Inner {
            memory: Memory::new(Limits {
                hard_bytes: config.max_heap_bytes,
                outside_bytes: config.outside_bytes,
                returns_in_background: true,
                huge_pages_from_bytes: soft
                    .is_none_or(|limit| limit >= LIMIT_FOR_HUGE_PAGES)
                    .then_some(HUGE_PAGES_FROM),
            }),
            phase: PhaseWord::new(),
            epoch: AtomicU32::new(0),
            sweep_epoch: AtomicU32::new(0),
            handshake: Handshake::new(),
            registry: Mutex::default(),
            classes: Mutex::default(),
            large: Mutex::default(),
            pins: Mutex::default(),
            pending: Mutex::default(),
            has_pending: AtomicBool::new(false),
            weak: Mutex::default(),
            ephemerons: Ephemerons::default(),
            weak_lists: Mutex::default(),
            finalizable: Mutex::default(),
            finalized: Mutex::default(),
            incoming: Mutex::default(),
            frozen: Mutex::default(),
            untracked: Mutex::default(),
            pool: Arc::default(),
            workers: Workers::new(config.mark_workers),
            destructors: Destructors::default(),
            background_nice: config.background_nice,
            cycle: Mutex::default(),
            control: Mutex::default(),
            wake: Condvar::new(),
            done: Condvar::new(),
            automatic: AtomicBool::new(config.automatic),
            pacer: Mutex::new((pacer, Measured::default())),
            meter,
            goal: AtomicUsize::new(0),
            allocated: AtomicUsize::new(0),
            base: AtomicUsize::new(0),
            trigger_at: AtomicUsize::new(0),
            assist_at: AtomicUsize::new(usize::MAX),
            brake_at: AtomicUsize::new(usize::MAX),
            outside_then: AtomicUsize::new(0),
            marked_bytes: AtomicUsize::new(0),
            figures: Figures::default(),
            holdups: HoldUps::default(),
            tally: Tally::default(),
            attends: config.zeal.is_some() || config.session_limit.is_some(),
            watch: Watch::new(config),
            limiter_last: AtomicU64::new(0),
            assists_told: AtomicU64::new(0),
            zeal: config.zeal,
            poison: config.zeal.is_some(),
            checks_marks: config.check_marks || config.zeal.is_some(),
            blocks: Blocks::default(),
            on_collection: config.on_collection,
            callbacks: Callbacks::default(),
            debug: AtomicU32::new(0),
            lines: DebugLines::new(config.debug_output),
            refusals: Refusals::default(),
            began: Instant::now(),
            knobs: Mutex::new(Answer { thresholds: config.thresholds, ..Answer::default() }),
            containers_at_collection: AtomicU64::new(0),
            take_down_later: AtomicBool::new(false),
            chances: AtomicU32::new(0),
            zeal_objects: AtomicUsize::new(0),
        };
        inner.set_plan(plan);
        inner.scavenge_to_limit();
        inner
    }
    /// What spans bear as their heap.
    pub(super) fn address(&self) -> *const () {
        (&raw const *self).cast()
    }

    // ---- the registry -------------------------------------------------------------------------------------------
    pub(super) fn attach(&self, many: bool) -> Option<Arc<Record>> {
        let mut registry = lock(&self.registry);
        if !many && !registry.records.is_empty() && !seeded("second_solo_mutator") {
            return None;
        }
        registry.last_id += 1;
        let record = Arc::new(Record::new(registry.last_id, self.epoch.load(Relaxed), &self.pool));
        registry.records.push(record.clone());
        Some(record)
    }
    /// A mutator goes: its runs, its gray buffer (H9) and what it noted stay with the heap.
    pub(super) fn detach(&self, record: &Arc<Record>) {
        let mut registry = lock(&self.registry);
        {
            let mut gray = lock(&record.gray);
            record.flush(self, &mut gray, true);
            if !seeded("lost_orphan_gray") {
                gray.marker.give_all()
            }
            self.count_marked(&mut gray.marker);
        }
        // SAFETY: the owner has gone; the registry's lock keeps the collector out.
        let young = std::mem::take(unsafe { record.young() });
        lock(&self.incoming).push(young);
        registry.records.retain(|r| !Arc::ptr_eq(r, record));
    }
    pub(super) fn all_records(&self) -> Vec<Arc<Record>> {
        lock(&self.registry).records.clone()
    }
    /// The class of (type, block size); made when it is first asked for.
    pub(super) fn class(&self, info: &'static TypeInfo, block_bytes: usize) -> Arc<Class> {
        let mut classes = lock(&self.classes);
        let key = ((&raw const *info).addr(), block_bytes);
        classes.entry(key).or_insert_with(|| Arc::new(Class::new(info, block_bytes))).clone()
    }
    pub(super) fn all_classes(&self) -> Vec<Arc<Class>> {
        let mut all: Vec<_> = lock(&self.classes).values().cloned().collect();
        if cfg!(shuttle) {
            // Not in the order of a hash: a schedule is to come out the same again.
            all.sort_by_key(|class| ((&raw const *class.info).addr(), class.block_bytes))
        }
        all
    }

    pub(super) fn containers_born(&self) -> u64 {
        let classes = lock(&self.classes);
        classes.values().filter(|c| c.info.kind == Kind::Container).map(|c| c.born.load(Relaxed)).sum()
    }

    // ---- who wants a collection -------------------------------------------------------------------------------------
    /// Asks for a collection; does not wait.
    #[cold]
    pub(super) fn request(&self, cause: Cause) {
        if !self.begins_by_itself() && cause != Cause::Asked {
            return;
        }
        let mut control = lock(&self.control);
        if control.requested.is_none() || cause == Cause::Asked {
            control.requested = Some(cause);
            self.wake.notify_one();
        }
    }
    /// The next collection that is asked for keeps the containers it finds dead (`Request::save_all`).
    pub(super) fn save_all(&self) {
        lock(&self.control).save_all = true
    }
    /// Under zeal: one of the n chances.
    #[inline]
    pub(super) fn chance(&self) {
        if let Some(n) = self.zeal
            && self.chances.fetch_add(1, Relaxed) % n == n - 1
        {
            self.request(Cause::Zeal)
        }
    }
    /// A collection whose stop comes after this call, to its end, and until the destructors of what it found have run; the
    /// containers it released or finalized.
    pub(super) fn collect_and_wait(&self) -> usize {
        if self.is_own_thread() {
            // A destructor that the collector itself runs: it cannot wait for what it keeps from ending.  What a callback
            // asks for is not done later either, or there would be no end of collections.
            if !self.callbacks.is_calling() {
                self.request(Cause::Asked);
            }
            return 0;
        }
        let since = Instant::now();
        let mut control = lock(&self.control);
        // Whatever has begun its stop may have taken its snapshot before this call.
        let mut want = control.begun + 1;
        if seeded("collect_joins_running") && control.begun > control.finished {
            want = control.begun;
        } else {
            control.requested = Some(Cause::Asked);
        }
        self.wake.notify_one();
        let _waits = self.watch.waits(None);
        while control.finished < want {
            assert!(!control.failed, "the collector has failed: what it said is on stderr");
            control = self.done.wait(control).unwrap_or_else(|e| e.into_inner());
        }
        let objects = control.results.iter().find(|r| r.0 == want).map_or(0, |r| r.1);
        drop(control);
        // What it found may be dropped yet, elsewhere.
        self.destructors.wait(None);
        self.holdups.since(HoldUpCause::Asked, since);
        objects
    }
    /// `bytes` more were handed out.
    #[inline]
    pub(super) fn handed_out(&self, bytes: usize) {
        self.allocated.fetch_add(bytes, Relaxed);
        self.note_growth(0)
    }
    /// Looks whether a collection is due, counting `bytes` outside the heap that are about to be taken.
    #[inline]
    pub(super) fn note_growth(&self, bytes: usize) {
        if self.grown().saturating_add(bytes) >= self.trigger_at.load(Relaxed) {
            self.due()
        }
    }
    /// Bytes handed out, and those outside the heap since the plan was made.
    #[inline]
    fn grown(&self) -> usize {
        let outside = self.memory.outside_bytes().saturating_sub(self.outside_then.load(Relaxed));
        self.allocated.load(Relaxed).saturating_add(outside)
    }
    /// Whether the heap has grown so far beyond its goal that allocation must wait for the collector.
    #[inline]
    pub(super) fn must_brake(&self) -> bool {
        self.grown() >= self.brake_at.load(Relaxed)
            && self.zeal.is_none()
            && !self.meter.is_capped.load(Relaxed)
            && !self.is_own_thread()
    }
    /// Whether waiting has not helped so far.
    pub(super) fn is_out_of_hand(&self) -> bool {
        self.grown() >= self.brake_at.load(Relaxed).saturating_add(self.goal.load(Relaxed) / 40)
    }
    /// Looks whether a collection is due, and whether allocation must wait for it.
    #[inline(never)]
    pub(super) fn has_outgrown(&self) -> bool {
        self.note_growth(0);
        self.must_brake()
    }
    /// Sleeps until a collection has ended, or a little.
    pub(super) fn wait_a_little(&self) {
        let control = lock(&self.control);
        let _ = self.done.wait_timeout(control, Duration::from_micros(200));
    }
    /// In a session: waits until no collection runs, at most so long; whether none does.  Another one cannot begin while
    /// the session is open.
    ///
    /// # Panics
    /// Not on the collector's own thread, which would wait for itself: the caller looks.
    pub(super) fn wait_until_idle(&self, in_session: &AtomicU32, at_most: Option<Duration>) -> bool {
        debug_assert!(!self.is_own_thread());
        let since = Instant::now();
        self.hurry();
        // A check stops sessions once more, after marking; one that only waits for the end is not waited for.  It waits to
        // the end then: what looks at the stopped heap must not meet it.
        let checks = self.checks_marks;
        if checks {
            self.handshake.set_waiting(in_session, true);
        }
        let idle = loop {
            if self.phase.get() == Phase::Idle {
                break true;
            }
            if self.has_failed() || !checks && at_most.is_some_and(|most| since.elapsed() > most) {
                break false;
            }
            self.wait_a_little()
        };
        if checks {
            self.handshake.set_waiting(in_session, false);
        }
        idle
    }
    /// Between sessions: waits for a collection that begins after this call, at most so long.  False when none will.
    pub(super) fn wait_for_collection(&self, at_most: Duration) {
        let since = Instant::now();
        self.request(Cause::Limit);
        let mut control = lock(&self.control);
        let want = control.begun + 1;
        while control.finished < want && !control.failed && !control.shutdown && since.elapsed() < at_most {
            control = self.done.wait_timeout(control, at_most).unwrap_or_else(|e| e.into_inner()).0;
        }
        drop(control);
        // What it found is free when it is dropped.
        self.destructors.wait(Some(at_most.saturating_sub(since.elapsed())))
    }
    #[cold]
    fn due(&self) {
        if self.begins_by_itself() {
            // Once: the next plan sets it again.
            self.trigger_at.store(usize::MAX, Relaxed);
            self.request(Cause::Goal)
        }
    }
    pub(super) fn set_plan(&self, plan: Plan) {
        self.goal.store(plan.goal_bytes, Relaxed);
        self.meter.is_capped.store(plan.is_capped, Relaxed);
        // `MAX`: never.
        let at = |bytes: usize| if bytes == usize::MAX { bytes } else { self.base.load(Relaxed).wrapping_add(bytes) };
        self.outside_then.store(self.memory.outside_bytes(), Relaxed);
        self.trigger_at.store(at(plan.trigger_bytes), Relaxed);
        self.brake_at.store(at(Self::brake_bytes(plan.goal_bytes)), Relaxed);
    }
    /// A knob has changed.
    pub(super) fn plan_again(&self, change: impl FnOnce(&mut Pacer)) {
        let mut pacer = lock(&self.pacer);
        change(&mut pacer.0);
        self.set_plan(pacer.0.plan(&pacer.1));
        drop(pacer);
        self.scavenge_to_limit();
        // Less may be to be kept.
        self.wake.notify_one();
    }
    /// Mutators that are in a session and do not wait for the end of a collection.
    pub(super) fn mutators_running(&self) -> usize {
        lock(&self.registry).records.iter().filter(|r| r.in_session.load(Relaxed) == 1).count()
    }
    /// Whether the program has asked for a collection that has not begun.
    pub(super) fn is_asked_for(&self) -> bool {
        lock(&self.control).requested == Some(Cause::Asked)
    }

    // ---- the thread ---------------------------------------------------------------------------------------------
    /// The collector's thread.
    pub(super) fn run(self: &Arc<Self>) {
        /// If the thread falls, nobody waits for it any more.
        struct Fall<'a>(&'a Inner);
        impl Drop for Fall<'_> {
            fn drop(&mut self) {
                lock(&self.0.control).failed = true;
                self.0.done.notify_all();
            }
        }
        self.serve_as_own_thread();
        let fall = Fall(self);
        process::set_batch(true);
        let mut scavenger = Scavenger::new();
        let mut ended = Instant::now();
        loop {
            let Some((cause, number, save_all)) = self.next_cause(&mut scavenger, ended) else {
                return std::mem::forget(fall);
            };
            let since = Instant::now();
            let begin = thread_cpu_ns();
            let began_ns = self.began.elapsed().as_nanos() as u64;
            let goal_bytes = self.goal.load(Relaxed);
            let capped_before = self.meter.capped.load(Relaxed);
            let stops_before = self.figures.stop_ns_total.load(Relaxed);
            let mut info = CallbackInfo { generation: 2, ..CallbackInfo::default() };
            if cause != Cause::Zeal {
                self.callbacks.call(ToldPhase::Start, info)
            }
            let done = {
                let _cycle = lock(&self.cycle);
                self.collection(cause, save_all)
            };
            let Some(Done { mut objects, mark_ns, stop }) = done else {
                if cause != Cause::Zeal {
                    self.callbacks.call(ToldPhase::Stop, info)
                }
                lock(&self.control).finished = number;
                self.done.notify_all();
                continue;
            };
            let cpu_ns = thread_cpu_ns() - begin;
            add(&self.figures.collector_cpu_ns, cpu_ns);
            if cause == Cause::Zeal {
                self.zeal_objects.fetch_add(objects, Relaxed);
            } else {
                // What zeal found is told of by the collection that would have found it.
                objects += self.zeal_objects.swap(0, Relaxed);
                add(&self.figures.collections, 1);
                self.tally.collected(cause, stop.total, stop.end_unix_ns);
                if self.meter.capped.load(Relaxed) != capped_before {
                    self.limiter_last.store(self.figures.collections.load(Relaxed), Relaxed)
                }
                add(&self.figures.collected, objects as u64);
                info.collected = objects;
                if self.debugs(debug::STATS) {
                    self.lines.done(objects, since.elapsed())
                }
                self.callbacks.call(ToldPhase::Stop, info);
                if let Some(tell) = self.on_collection {
                    let Measured { heap_bytes, born_bytes, marked_bytes, .. } = lock(&self.pacer).1;
                    let assist_ns_total = self.assist_ns();
                    let collection = Collection {
                        number: self.figures.collections.load(Relaxed),
                        cause,
                        began_ns,
                        stopping_ns: stop.stopping.as_nanos() as u64,
                        stop_ns: self.figures.stop_ns_total.load(Relaxed) - stops_before,
                        mark_ns,
                        cpu_ns,
                        cpu_ns_total: self.figures.collector_cpu_ns.load(Relaxed),
                        assist_ns: assist_ns_total - self.assists_told.swap(assist_ns_total, Relaxed),
                        assist_ns_total,
                        before_bytes: heap_bytes,
                        after_bytes: heap_bytes + born_bytes,
                        live_bytes: marked_bytes + born_bytes,
                        span_bytes: self.meter.span_bytes.load(Relaxed),
                        goal_bytes,
                    };
                    if !contained(|| tell(&collection)) {
                        add(&self.figures.callback_panics, 1)
                    }
                }
            }
            let mut control = lock(&self.control);
            control.finished = number;
            control.results.push_back((number, objects));
            if control.results.len() > 16 {
                control.results.pop_front();
            }
            drop(control);
            self.done.notify_all();
            ended = Instant::now();
        }
    }
    /// Waits for something to do, and meanwhile gives pages back; `None` when the heap goes.
    fn next_cause(&self, scavenger: &mut Scavenger, ended: Instant) -> Option<(Cause, u64, bool)> {
        loop {
            {
                let mut control = lock(&self.control);
                if control.shutdown {
                    return None;
                }
                if let Some(cause) = control.requested.take() {
                    control.begun += 1;
                    let save_all = cause == Cause::Asked && std::mem::take(&mut control.save_all);
                    return Some((cause, control.begun, save_all));
                }
            }
            let until_next = self.scavenge(scavenger);
            let since_ns = ended.elapsed().as_nanos() as u64;
            let (period_ns, left_ns) = {
                let pacer = &lock(&self.pacer).0;
                (pacer.period_ns, pacer.overdue_in_ns(since_ns))
            };
            if left_ns == 0 {
                self.request(Cause::Timer);
            }
            // Overdue and not requested: collections by themselves are off.
            let left = Duration::from_nanos(if left_ns == 0 { period_ns } else { left_ns });
            let at_most = until_next.map_or(left, |next| next.min(left));
            let control = lock(&self.control);
            if control.requested.is_none() && !control.shutdown {
                let _ = self.wake.wait_timeout(control, at_most);
            }
        }
    }
    /// Whether the collector's thread has panicked.
    pub(super) fn has_failed(&self) -> bool {
        lock(&self.control).failed
    }
    /// The calling thread runs this heap's destructors from now on: what holds for the collector's thread holds for it.
    pub(super) fn serve_as_own_thread(&self) {
        COLLECTOR_OF.with(|of| of.set(&raw const *self))
    }
    /// Whether the calling thread is this heap's collector, or runs its destructors.
    pub(super) fn is_own_thread(&self) -> bool {
        COLLECTOR_OF.with(|of| of.get() == &raw const *self)
    }
    /// Tells the thread to end after what it is doing.
    pub(super) fn shut_down(&self) {
        lock(&self.control).shutdown = true;
        self.wake.notify_all();
    }

    /// One collection; none when collections by themselves were switched off before it could begin.
    fn collection(self: &Arc<Self>, cause: Cause, save_all: bool) -> Option<Done> {
        self.figures.containers.store(0, Relaxed);
        self.meter_begin(cause);
        let tells = |flag| cause != Cause::Zeal && self.debugs(flag);
        let save_all = save_all || cause == Cause::Asked && self.debugs(debug::SAVEALL);
        // (A)
        let wanted = || cause == Cause::Asked || self.begins_by_itself();
        let of = (cause != Cause::Zeal).then_some(StopCause::Collection);
        // In a stop mutators wait for this thread: it must not wait for them.
        process::set_batch(false);
        let (at_stop, stop) = self.stopped(of, |registry| {
            wanted().then(|| {
                let at_stop = self.take_snapshot(registry);
                (at_stop, tells(debug::STATS).then(|| self.containers()))
            })
        });
        process::set_batch(true);
        let (at_stop, containers) = at_stop?;
        if let Some(containers) = containers {
            let frozen = lock(&self.frozen).len();
            self.lines.begins(2, [0, 0, containers.saturating_sub(frozen), frozen])
        }
        self.take_incoming();
        if cause != Cause::Zeal {
            self.containers_at_collection.store(self.containers_born(), Relaxed);
        }
        // (B)
        let (cpu, begin) = (thread_cpu_ns(), Instant::now());
        let mut marker = Marker::new(self.epoch.load(Relaxed), &self.pool);
        self.mark_roots(&mut marker);
        loop {
            self.mark_all(&mut marker);
            if self.ephemerons.round(&mut marker) {
                continue;
            }
            // F1 asks whether anybody has marked anything.
            self.count_marked(&mut marker);
            // (C)
            if self.flip_one() {
                break;
            }
        }
        self.assist_at.store(usize::MAX, Relaxed);
        if self.checks_marks {
            // A session that walks waits for the end of this collection: to wait for it would be for ever.
            let (of, is_out) = (self.zeal.is_none().then_some(StopCause::Look), Handshake::is_out_or_waiting);
            let check = |_: &mut Registry, ()| verify::everything_reachable_is_marked(self);
            self.stopped_with(of, self.zeal.is_some(), is_out, || (), check);
        }
        // (D)
        let mut pending = Vec::new();
        weak::clear(self, &mut pending);
        self.flip(|| self.phase.change(Phase::Finalize));
        // (E)
        let mut dead = Vec::new();
        if save_all || tells(debug::COLLECTABLE) {
            dead = self.dead_containers();
        }
        if tells(debug::COLLECTABLE) {
            self.tell_dead(&dead)
        }
        let saved = if save_all { &dead[..] } else { &[] };
        let doomed = finalize::resurrect(self, &mut marker, saved);
        weak::forget_the_dead(self);
        pending.extend(doomed.iter().map(|g| RawPending::Finalize(g.0)));
        pending.extend(saved.iter().map(|g| RawPending::Saved(g.0)));
        self.count_marked(&mut marker);
        add(&self.figures.mark_cpu_ns, thread_cpu_ns() - cpu);
        // (F)
        self.flip_two(pending);
        let mark_ns = begin.elapsed().as_nanos() as u64;
        self.pace(at_stop);
        // (G)
        self.sweep_everything(self.sweep_epoch.load(Relaxed));
        self.destructors.wait_while_they_run();
        self.plan_for_outside();
        self.scavenge_to_limit();
        self.phase.change(Phase::Idle);
        let mut objects = self.figures.containers.load(Relaxed) + doomed.len();
        if save_all {
            let doomed: HashSet<_> = doomed.into_iter().collect();
            objects += saved.iter().filter(|&g| !doomed.contains(g)).count()
        }
        Some(Done { objects, mark_ns, stop })
    }

    /// Runs `f` while `is_out` holds for every session and none can begin; `before` as well, without the registry's lock:
    /// what it waits for may not be what a session waits for, but it is out by then.  The caller holds `cycle`.
    fn stopped_with<P, O>(
        &self,
        of: Option<StopCause>,
        timed: bool,
        is_out: fn(&Handshake, &AtomicU32) -> bool,
        before: impl FnOnce() -> P,
        f: impl FnOnce(&mut Registry, P) -> O,
    ) -> (O, Stop) {
        let mut wait = StopWait::new(self);
        self.handshake.close();
        let mut turns = 0;
        loop {
            let registry = lock(&self.registry);
            if registry.records.iter().all(|r| is_out(&self.handshake, &r.in_session)) {
                break;
            }
            // Not with the lock held: a session that we wait for may be taking a mutator's leave.
            let stuck = wait.look(turns, &registry.records, is_out);
            drop(registry);
            wait.tell(stuck);
            self.handshake.wait_for_sessions(&mut turns);
        }
        /// Also if `f` panics: sessions go on then, in a heap that is not collected any more.
        struct Open<'a>(&'a Handshake);
        impl Drop for Open<'_> {
            fn drop(&mut self) {
                self.0.open()
            }
        }
        let open = Open(&self.handshake);
        let (since, begin) = (wait.since(), Instant::now());
        let late = wait.over();
        let prepared = before();
        let mut registry = lock(&self.registry);
        let out = f(&mut registry, prepared);
        drop(registry);
        drop(open);
        let end = Instant::now();
        if timed {
            let ns = (end - begin).as_nanos() as u64;
            add(&self.figures.stop_ns_total, ns);
            self.figures.stop_ns_max.fetch_max(ns, Relaxed);
        }
        let stop = Stop { stopping: begin - since, total: end - since, end_unix_ns: unix_ns() };
        if let Some(cause) = of {
            self.tally.stopped(cause, stop.stopping, stop.total)
        }
        self.tell_of_late(late);
        (out, stop)
    }
    fn stopped<O>(&self, of: Option<StopCause>, f: impl FnOnce(&mut Registry) -> O) -> (O, Stop) {
        self.stopped_with(of, true, Handshake::is_out, || (), |registry, ()| f(registry))
    }
    /// Runs a look at the heap while nothing moves and no collection is on.
    pub(super) fn look<O>(&self, f: impl FnOnce(&[Arc<Record>], &Queue) -> O) -> O {
        let _cycle = lock(&self.cycle);
        let look = |registry: &mut Registry, queue: MutexGuard<'_, Queue>| {
            for record in &registry.records {
                record.flush(self, &mut lock(&record.gray), false);
            }
            f(&registry.records, &queue)
        };
        // Not before all are out: a session that finds no room asks for the queue.
        let queue = || self.destructors.queue();
        self.stopped_with(Some(StopCause::Look), false, Handshake::is_out, queue, look).0
    }

    /// Free pages go back to the system, and, while no collection is on, chunks that are wholly free; the bytes.
    pub(super) fn give_back(&self) -> usize {
        // Not waited for: it may be waiting for a session of the caller's to end.
        let quiet = match self.cycle.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poison)) => Some(poison.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        // SAFETY: nobody marks or sweeps; mutators, lists and the queue know objects and spans in use alone.
        let trimmed = quiet.map_or(0, |_quiet| unsafe { self.memory.trim() });
        trimmed + self.memory.release()
    }
    /// (A) In the stop: runs are closed, notes handed over, epoch and phase published.  Nothing here depends on the
    /// heap's size.
    fn take_snapshot(&self, registry: &mut Registry) -> usize {
        let epoch = self.epoch.load(Relaxed).wrapping_add(u32::from(!seeded("epoch_stands_still")));
        let mut incoming = lock(&self.incoming);
        for record in &registry.records {
            let mut gray = lock(&record.gray);
            record.flush(self, &mut gray, false);
            gray.marker.epoch = epoch;
            // SAFETY: no session is open and none can begin.
            let young = unsafe { record.young() };
            if !young.weak.is_empty() || !young.finalizable.is_empty() {
                incoming.push(std::mem::take(young));
            }
        }
        self.epoch.store(epoch, Relaxed);
        self.phase.change(Phase::Mark);
        let allocated = self.allocated.load(Relaxed);
        self.meter_stop(allocated);
        // A little beyond the goal nobody may run away any more.
        let heap = allocated.wrapping_sub(self.base.load(Relaxed));
        let way = Self::brake_bytes(self.goal.load(Relaxed)).saturating_sub(heap).max(32 << 10);
        let outside = self.grown() - allocated;
        self.brake_at.store((allocated + outside).saturating_add(way), Relaxed);
        allocated
    }
    /// Weak boxes that will be visited in the next WEAK.  In a stop.
    pub(super) fn weak_boxes(&self, records: &[Arc<Record>]) -> HashSet<Gray> {
        let mut out: HashSet<Gray> = lock(&self.weak).iter().copied().collect();
        lock(&self.incoming).iter().for_each(|young| out.extend(&young.weak));
        // SAFETY: no session is open and none can begin.
        records.iter().for_each(|record| out.extend(unsafe { &record.young().weak }));
        out
    }
    fn take_incoming(&self) {
        let incoming = std::mem::take(&mut *lock(&self.incoming));
        let (mut weak, mut finalizable) = (lock(&self.weak), lock(&self.finalizable));
        let mut boxes = Vec::new();
        for mut young in incoming {
            boxes.extend_from_slice(&young.weak);
            weak.append(&mut young.weak);
            finalizable.append(&mut young.finalizable);
        }
        self.ephemerons.begin(&boxes);
    }

    /// (B) The pins, the queue and the frozen are where marking begins.
    fn mark_roots(&self, marker: &mut Marker) {
        let faults = ["unpin_not_deferred", "pending_not_shaded", "unwritten_weak_box_visited"];
        if faults.into_iter().any(seeded) {
            // These faults need something to happen between the stop and here: they bring the time for it.
            thread::sleep(Duration::from_millis(2));
        }
        let mut mark = |g: Gray| {
            // SAFETY: pinned, queued and frozen objects are alive and whole.
            unsafe { marker.mark(g.0) }
        };
        lock(&self.pins).slots.iter().flatten().for_each(|&g| mark(g));
        lock(&self.pending).iter().for_each(|q| mark(Gray(q.object())));
        lock(&self.frozen).iter().for_each(|&g| mark(g));
        self.destructors.mark_doomed();
    }
    /// Adds what a marker has marked to the sums; the objects.
    pub(super) fn count_marked(&self, marker: &mut Marker) -> u64 {
        let done = marker.take_done();
        add(&self.figures.marked, done.objects);
        add(&self.figures.mark_pieces, done.pieces);
        self.figures.mark_step_bytes_max.fetch_max(done.step_bytes_max as u64, Relaxed);
        self.marked_bytes.fetch_add(done.bytes, Relaxed);
        done.objects
    }

    /// Runs `f` with all gray locks held.
    pub(super) fn flip<O>(&self, f: impl FnOnce() -> O) -> O {
        let registry = lock(&self.registry);
        let _grays: Vec<_> = registry.records.iter().map(|r| lock(&r.gray)).collect();
        f()
    }
    /// (C) F1: true when nothing gray was anywhere, and MARK has ended.  Else what was in gray buffers is on the shelf.
    ///
    /// The locks are held for a few words a mutator; nothing in it depends on the heap's size.
    fn flip_one(&self) -> bool {
        let registry = lock(&self.registry);
        let mut grays: Vec<MutexGuard<'_, _>> = registry.records.iter().map(|r| lock(&r.gray)).collect();
        let mut pins = lock(&self.pins);
        for gray in &mut grays {
            self.count_marked(&mut gray.marker);
        }
        // Nobody can put anything on the shelf now but a worker that is active: if none is, it stays so.
        let quiet = self.pool.is_quiet() && self.ephemerons.is_settled(self);
        let over = gray::end_marking(&mut grays, quiet, &self.phase, |gray| {
            let took = !gray.marker.is_empty();
            gray.marker.give_all();
            took
        });
        drop(grays);
        drop(registry);
        if over {
            let Pins { slots, free, leaving } = &mut *pins;
            for pin in leaving.drain(..) {
                slots[pin] = None;
                free.push(pin);
            }
        }
        over
    }
    /// (F) F2: what was found is published, sweeping begins, births are white again.
    fn flip_two(&self, found: Vec<RawPending>) {
        self.flip(|| {
            if !found.is_empty() {
                found.iter().for_each(|what| self.tally.queue(what.errand()));
                lock(&self.pending).extend(found.into_iter().map(Queued));
                self.has_pending.store(true, Release);
            }
            self.sweep_epoch.store(self.epoch.load(Relaxed), Release);
            self.phase.change(Phase::Sweep);
        });
    }
    /// What the dead held outside the heap is free only when they are dropped.
    pub(super) fn plan_for_outside(&self) {
        if self.memory.counts_outside() {
            let mut pacer = lock(&self.pacer);
            pacer.1.outside_bytes = self.memory.outside_bytes();
            self.set_plan(pacer.0.plan(&pacer.1));
        }
    }
    pub(super) fn check(&self, bytes: usize) -> Result<(), Full> {
        self.note_growth(bytes);
        let out = self.memory.check(bytes);
        if out.is_err() {
            self.request(Cause::Limit);
        }
        out
    }
}
