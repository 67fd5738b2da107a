//! A mutator's own part: its cursors, its gray buffer, and what it notes for the collector.
//!
//! A *cursor* is an open free run of one class: allocation is a compare and an addition, no lock, no atomics but in
//! type.  128 of them in sets of 8; a class is mapped to a place by type and block size, and where another has that, it has
//! one of the set's: found without a lock, a few instructions later, so classes in turns do not drive each other out.  A run's
//! blocks are allocated, and in MARK…FIN marked as well, when the run is taken (I7): by whole words, under the gray
//! lock.  What is left of a run at the next stop goes back; the span stays with its cursor while the cursor is used.
//! Not here: where spans come from (`sweep`).  Overview: `manager::tricolor`.

use super::{
    collector::Inner,
    mark::{Gray, Marker, Pool},
    phase::Phase,
    sweep::Class,
    watch::Now,
};
use crate::{
    alloc::{
        Full, SpanRef,
        chunk::SPAN_BYTES,
        size_class::{LARGE_BYTES, class_bytes},
    },
    object::{managed::Cause, type_info::TypeInfo},
    observe::HoldUpCause,
    sync::{
        Arc, AtomicPtr, AtomicU8, AtomicU32, AtomicUsize, Instant, Mutex,
        Ordering::{Relaxed, Release},
        lock, seeded,
    },
};
use std::{cell::UnsafeCell, ptr::NonNull, time::Duration};

/// Cursors of a mutator.
pub const CURSORS: usize = 128;
/// Places of a set: those that differ in the last bits.
const WAYS: usize = 8;
/// Bytes handed out before they are added to the heap's sum.
const REPORT_BYTES: usize = 16 << 10;
/// Bytes an assist looks at between two looks at the clock, and how long it takes at the most; what is owed then is owed
/// by the next allocation.
const ASSIST_BYTES: usize = 8 << 10;
const ASSIST_MAX: Duration = Duration::from_micros(500);
/// Bytes a mutator looks at at a time while it would else wait for the collector.
const HELP_BYTES: usize = 64 << 10;
/// How long allocation of a span's worth waits for the collector while far beyond the goal; and of more, or where that was not
/// enough because the collector has no processor, at the most.
const BRAKE: Duration = Duration::from_millis(1);
const BRAKE_MAX: Duration = Duration::from_millis(10);
/// How long it waits before it answers `Full`.
const FULL_WAIT_MAX: Duration = Duration::from_secs(1);
/// Why the next session waits: see `Record::hold_back`.
const FAR: u8 = 1;
const FULL: u8 = 2;
/// Blocks of a run under zeal, so that there are many slow paths.
const ZEAL_RUN: u32 = 8;
/// And while blocks are recorded: each is noted where runs are taken.
const RECORDED_RUN: u32 = 1;

impl Inner {
    /// The most blocks of a run.
    fn run_max(&self) -> u32 {
        match (self.blocks.is_on(), self.zeal) {
            (true, _) if !seeded("recorded_run_is_long") => RECORDED_RUN,
            (_, Some(_)) => ZEAL_RUN,
            _ => u32::MAX,
        }
    }
}

/// What the fast path looks at.  Atomic in type only: the owner writes it, and the collector in a stop.
#[derive(Default)]
#[repr(align(32))]
pub struct Cursor {
    info: AtomicPtr<TypeInfo>,
    /// The next block, and the end of the run.
    next: AtomicPtr<u8>,
    end: AtomicPtr<u8>,
    block_bytes: AtomicUsize,
}

/// The rest of a cursor, under the gray lock.
#[derive(Default)]
struct Held {
    class: Option<Arc<Class>>,
    span: Option<SpanRef>,
}

/// What the gray lock protects.
pub struct GrayPart {
    /// The gray buffer: its stack.
    pub(super) marker: Marker,
    held: Box<[Held]>,
    /// Which cursors have an open run.
    open: u128,
    /// For each set, whose turn it is to make room.
    turns: [u8; CURSORS / WAYS],
    /// Bytes handed out and not yet added to the heap's sum.
    unreported_bytes: usize,
    /// Objects to be looked at on this mutator's account.
    owed: u64,
}

/// What a mutator noted since the last stop: weak boxes and objects with finalizers, whole.
#[derive(Default)]
pub struct Young {
    pub(super) weak: Vec<Gray>,
    pub(super) finalizable: Vec<Gray>,
}

/// A mutator's part.
pub struct Record {
    pub(super) id: u32,
    pub(super) in_session: AtomicU32,
    /// Not 0: the next session lets the collector catch up before it begins.  The owner's alone.
    pub(super) hold_back: AtomicU8,
    /// What is to be known of its session.
    pub(super) now: Now,
    cursors: [Cursor; CURSORS],
    pub(super) gray: Mutex<GrayPart>,
    young: UnsafeCell<Young>,
}
// SAFETY: `young` is the owner's in a session, and the collector's in a stop or under the registry's lock once the
// owner has gone; the rest is atomics and a lock.
unsafe impl Send for Record {}
// SAFETY: as above.
unsafe impl Sync for Record {}

/// Bytes of a block for an object of `info`.
#[inline(always)]
pub fn block_bytes(info: &'static TypeInfo, object_bytes: usize) -> usize {
    if info.element_size == 0 { info.size } else { class_bytes(object_bytes) }
}

#[inline(always)]
fn index(info: &'static TypeInfo, bytes: usize) -> usize {
    let address = (&raw const *info).addr() >> 4;
    // A multiplier of 32 bits, which is an operand: sizes that grow by doubling fall apart, too.
    let mixed =
        if info.element_size == 0 { address } else { address.wrapping_add(bytes.wrapping_mul(0x2545_f491) >> 16) };
    mixed & (CURSORS - 1)
}

impl Cursor {
    #[inline(always)]
    fn is_of(&self, info: &'static TypeInfo, bytes: usize) -> bool {
        std::ptr::eq(self.info.load(Relaxed), info)
            && (info.element_size == 0 || self.block_bytes.load(Relaxed) == bytes)
    }
    #[inline(always)]
    fn next_block(&self, info: &'static TypeInfo, bytes: usize) -> Option<NonNull<u8>> {
        let next = self.next.load(Relaxed);
        if !self.is_of(info, bytes) || next == self.end.load(Relaxed) {
            return None;
        }
        self.next.store(next.wrapping_add(bytes), Relaxed);
        NonNull::new(next)
    }
}

impl Record {
    pub(super) fn new(id: u32, epoch: u32, pool: &Arc<Pool>) -> Self {
        Record {
            id,
            in_session: AtomicU32::new(0),
            hold_back: AtomicU8::new(0),
            now: Now::default(),
            cursors: std::array::from_fn(|_| Cursor::default()),
            gray: Mutex::new(GrayPart {
                marker: Marker::new(epoch, pool),
                held: (0..CURSORS).map(|_| Held::default()).collect(),
                open: 0,
                turns: [0; CURSORS / WAYS],
                unreported_bytes: 0,
                owed: 0,
            }),
            young: UnsafeCell::default(),
        }
    }
    /// What was noted.
    ///
    /// # Safety
    /// The caller is the owner in a session, or the collector while the owner is in none and cannot begin one; and the
    /// reference is not kept.
    #[inline(always)]
    #[allow(clippy::mut_from_ref, reason = "an UnsafeCell's content, by the contract above")]
    pub(super) unsafe fn young(&self) -> &mut Young {
        // SAFETY: the caller's promise.
        unsafe { &mut *self.young.get() }
    }

    /// The next block of the open run of `info`, if there is one.
    #[inline(always)]
    pub(super) fn next_block(&self, info: &'static TypeInfo, bytes: usize) -> Option<NonNull<u8>> {
        self.cursors[index(info, bytes)].next_block(info, bytes)
    }
    /// The same, of a run that has another place of its set; else the slow path.
    ///
    /// # Errors
    /// As [`Self::refill`].
    #[cold]
    #[inline(never)]
    pub(super) fn next_block_elsewhere(
        &self,
        inner: &Inner,
        info: &'static TypeInfo,
        bytes: usize,
    ) -> Result<NonNull<u8>, Full> {
        let home = index(info, bytes);
        match (1..WAYS).find_map(|way| self.cursors[home ^ way].next_block(info, bytes)) {
            Some(p) => Ok(p),
            None => self.refill(inner, info, bytes),
        }
    }

    /// The slow path: a new run, or a large object.
    ///
    /// # Errors
    /// [`Full`]; a collection is asked for then, if it is worth it (`refusals`).
    #[cold]
    #[inline(never)]
    fn refill(&self, inner: &Inner, info: &'static TypeInfo, bytes: usize) -> Result<NonNull<u8>, Full> {
        inner.chance();
        if inner.must_brake() {
            self.brake(inner, bytes);
        }
        let once = || if bytes > LARGE_BYTES { self.large(inner, info, bytes) } else { self.run(inner, info, bytes) };
        let mut out = once();
        let comes_free = || inner.phase.get() != Phase::Idle || inner.destructors.are_due();
        if out.is_err() && !inner.is_own_thread() && comes_free() {
            // What the collection that runs will free may be enough, or what the last one found.
            let since = Instant::now();
            if inner.wait_until_idle(&self.in_session, Some(FULL_WAIT_MAX)) {
                inner.destructors.wait(Some(FULL_WAIT_MAX.saturating_sub(since.elapsed())));
                out = once();
            }
            inner.holdups.since(HoldUpCause::Throttle, since);
        }
        match out {
            Ok(p) => {
                inner.refusals.note_room(info, bytes);
                if inner.blocks.is_on() {
                    inner.blocks.handed_out(p.addr().get(), bytes)
                }
            }
            Err(_) if inner.refusals.note(info, bytes) => {
                inner.request(Cause::Limit);
                self.hold_back.store(FULL, Relaxed);
            }
            Err(_) => {}
        }
        out
    }
    /// Between sessions, after one that met the limit or ran far beyond the goal: lets the collector catch up first.
    #[cold]
    pub(super) fn catch_up(&self, inner: &Inner) {
        let met = self.hold_back.swap(0, Relaxed);
        if inner.is_own_thread() || !inner.begins_by_itself() {
            return;
        }
        let since = Instant::now();
        if met == FULL {
            inner.wait_for_collection(FULL_WAIT_MAX)
        } else {
            // It has only to begin: so this is short, where it has a processor.
            while inner.must_brake() && since.elapsed() < BRAKE_MAX {
                inner.wait_a_little()
            }
        }
        inner.holdups.since(HoldUpCause::Throttle, since);
    }

    fn run(&self, inner: &Inner, info: &'static TypeInfo, bytes: usize) -> Result<NonNull<u8>, Full> {
        let mut guard = lock(&self.gray);
        let gray = &mut *guard;
        let at = self.place(inner, gray, info, bytes);
        let cursor = &self.cursors[at];
        // Stable while we hold the gray lock.
        let sweep_epoch = inner.sweep_epoch.load(Relaxed);
        let black = inner.phase.get().births_are_black();
        let held = &mut gray.held[at];
        let class = held.class.as_ref().expect("set above");
        let mut slow = None;
        loop {
            if let Some(span) = held.span {
                if span.swept.load(Relaxed) == sweep_epoch || seeded("allocates_unswept") {
                    // SAFETY: our cursor holds the span and we hold our gray lock (I12); so the phase stays, too.
                    if let Some(mut run) = unsafe { span.next_run(black) } {
                        let most = inner.run_max();
                        if run.len() > most as usize {
                            // SAFETY: the end of the run just taken.
                            unsafe { span.return_run(run.start + most..run.end) };
                            run.end = run.start + most;
                            span.next_block.set(run.end);
                        }
                        let first = span.block(run.start);
                        if inner.poison {
                            // SAFETY: blocks of the run just taken: ours, and nothing is in them yet.
                            unsafe { first.write_bytes(0xDD, run.len() * bytes) }
                        }
                        cursor.next.store(first.wrapping_add(bytes), Relaxed);
                        cursor.end.store(first.wrapping_add(run.len() * bytes), Relaxed);
                        gray.open |= 1 << at;
                        class.born.fetch_add(run.len() as u64, Relaxed);
                        if seeded("unwritten_weak_box_visited") && info.is_weak_box {
                            let mut weak = lock(&inner.weak);
                            weak.extend(run.clone().filter_map(|i| NonNull::new(span.block(i)).map(Gray)));
                        }
                        self.assist(inner, gray, run.len() * bytes);
                        self.now.took(run.len() * bytes);
                        gray.unreported_bytes += run.len() * bytes;
                        if gray.unreported_bytes >= REPORT_BYTES {
                            inner.handed_out(std::mem::take(&mut gray.unreported_bytes));
                        }
                        drop(guard);
                        if let Some(since) = slow {
                            inner.holdups.since(HoldUpCause::Refill, since);
                        }
                        return Ok(NonNull::new(first).expect("a block is not null"));
                    }
                }
                held.span = None;
                gray.open &= !(1 << at);
                class.give_back(span, sweep_epoch);
            }
            slow.get_or_insert_with(Instant::now);
            held.span = Some(class.take(inner, self.id, sweep_epoch)?);
        }
    }

    /// The cursor of a class: the one it has, or else one of its set that nobody has or, by turns, that of another class.
    fn place(&self, inner: &Inner, gray: &mut GrayPart, info: &'static TypeInfo, bytes: usize) -> usize {
        let home = index(info, bytes);
        let places = || (0..WAYS).map(|way| home ^ way);
        if let Some(at) = places().find(|&at| self.cursors[at].is_of(info, bytes)) {
            return at;
        }
        let at = places().find(|&at| gray.held[at].class.is_none()).unwrap_or_else(|| {
            let turn = &mut gray.turns[home / WAYS];
            *turn = turn.wrapping_add(1);
            home ^ (*turn as usize % WAYS)
        });
        self.close(inner, gray, at, true);
        gray.held[at].class = Some(inner.class(info, bytes));
        self.cursors[at].info.store((&raw const *info).cast_mut(), Relaxed);
        self.cursors[at].block_bytes.store(bytes, Relaxed);
        at
    }

    fn large(&self, inner: &Inner, info: &'static TypeInfo, bytes: usize) -> Result<NonNull<u8>, Full> {
        let since = Instant::now();
        let class = inner.class(info, 0);
        let mut guard = lock(&self.gray);
        self.assist(inner, &mut guard, bytes);
        let span = inner.memory.take_large(info.key(), inner.address(), bytes)?;
        // As with runs: black under the gray lock; and a sweep that is on must not look at it.
        let black = inner.phase.get().births_are_black();
        span.swept.store(inner.sweep_epoch.load(Relaxed), Release);
        // SAFETY: the span is new and ours.
        unsafe { span.next_run(black) };
        lock(&inner.large).insert(span.base().addr(), span);
        class.born.fetch_add(1, Relaxed);
        class.large_bytes.fetch_add(bytes as u64, Relaxed);
        self.now.took(bytes);
        inner.handed_out(bytes);
        drop(guard);
        inner.holdups.since(HoldUpCause::Refill, since);
        Ok(NonNull::new(span.block(0)).expect("a block is not null"))
    }

    /// Marks on the allocator's account, where allocation is ahead of marking (`pacer::assist`).
    /// The gray lock is held, so marking cannot end meanwhile; our own open guards are on cells that are done (I5).
    #[inline]
    fn assist(&self, inner: &Inner, gray: &mut GrayPart, bytes: usize) {
        if inner.allocated.load(Relaxed) >= inner.assist_at.load(Relaxed) && inner.phase.get() == Phase::Mark {
            self.assist_slow(inner, gray, bytes)
        }
    }
    #[cold]
    #[inline(never)]
    fn assist_slow(&self, inner: &Inner, gray: &mut GrayPart, bytes: usize) {
        if seeded("nobody_assists") {
            return;
        }
        gray.owed = match inner.assist_owed(bytes) {
            0 => 0,
            owed => gray.owed.saturating_add(owed),
        };
        if gray.owed == 0 {
            return;
        }
        let since = Instant::now();
        loop {
            let done_bytes = gray.marker.mark_some(ASSIST_BYTES);
            let marked = inner.count_marked(&mut gray.marker);
            // Nothing to be had: what is left is on its way through the workers' hands.
            gray.owed = if done_bytes < ASSIST_BYTES { 0 } else { gray.owed.saturating_sub(marked) };
            if gray.owed == 0 || since.elapsed() >= ASSIST_MAX {
                break;
            }
        }
        let took = since.elapsed();
        // What took longer had not the processor all the time.
        inner.meter.assist_ns.fetch_add(took.min(ASSIST_MAX).as_nanos() as u64, Relaxed);
        inner.holdups.record(HoldUpCause::Assist, took);
    }
    /// Far beyond the goal: the collector is not getting along.  Helps it, or waits for it, for a while; if it has not even
    /// begun, because this session is open, the next one waits.
    ///
    /// Never for long: a destructor that the collector runs may be waiting for us.
    #[cold]
    #[inline(never)]
    fn brake(&self, inner: &Inner, bytes: usize) {
        if seeded("nobody_assists") {
            return;
        }
        let since = Instant::now();
        let spans = (bytes / SPAN_BYTES).clamp(1, 10) as u32;
        let most = if inner.is_out_of_hand() { BRAKE_MAX } else { BRAKE.saturating_mul(spans).min(BRAKE_MAX) };
        let mut helped = Duration::ZERO;
        while since.elapsed() < most && inner.must_brake() {
            match inner.phase.get() {
                Phase::Idle => {
                    self.hold_back.store(FAR, Relaxed);
                    break;
                }
                Phase::Mark => {
                    let begin = Instant::now();
                    if self.help(inner) { helped += begin.elapsed().min(BRAKE) } else { inner.wait_a_little() }
                }
                _ => inner.wait_a_little(),
            }
        }
        inner.meter.assist_ns.fetch_add(helped.as_nanos() as u64, Relaxed);
        inner.holdups.since(HoldUpCause::Throttle, since);
    }
    /// Marks a little; false when there was nothing to mark.
    fn help(&self, inner: &Inner) -> bool {
        self.mark_some(inner, HELP_BYTES) > 0
    }
    /// Marks on the mutator's account: the bytes of the objects it looked at, at most a piece more than the budget; 0 when
    /// nothing is to be had, or marking is over.  Its own open guards are on cells that are done (I5).
    pub(super) fn mark_some(&self, inner: &Inner, budget_bytes: usize) -> usize {
        let some = |gray: &mut GrayPart| {
            let done_bytes = gray.marker.mark_some(budget_bytes);
            inner.count_marked(&mut gray.marker);
            done_bytes
        };
        super::gray::while_marking(&self.gray, &inner.phase, some).unwrap_or(0)
    }

    /// Closes a cursor: what is left of its run goes back, and with `whole` its span too.
    fn close(&self, inner: &Inner, gray: &mut GrayPart, at: usize, whole: bool) {
        let cursor = &self.cursors[at];
        let held = &mut gray.held[at];
        let (Some(class), Some(span)) = (&held.class, held.span) else { return };
        let (next, end) = (cursor.next.load(Relaxed), cursor.end.load(Relaxed));
        if next != end && !seeded("run_survives_stop") {
            let first = ((next.addr() - span.base().addr()) / class.block_bytes) as u32;
            let last = ((end.addr() - span.base().addr()) / class.block_bytes) as u32;
            // SAFETY: the unused end of a run of the span that our cursor holds; the gray lock is held.
            unsafe { span.return_run(first..last) };
            span.next_block.set(first);
            class.born.fetch_sub(u64::from(last - first), Relaxed);
            let bytes = (last - first) as usize * class.block_bytes;
            let unreported = gray.unreported_bytes.min(bytes);
            gray.unreported_bytes -= unreported;
            inner.allocated.fetch_sub(bytes - unreported, Relaxed);
        }
        if !seeded("run_survives_stop") || whole {
            cursor.next.store(std::ptr::null_mut(), Relaxed);
            cursor.end.store(std::ptr::null_mut(), Relaxed);
        }
        gray.open &= !(1 << at);
        if whole {
            held.span = None;
            class.give_back(span, inner.sweep_epoch.load(Relaxed));
        }
    }

    /// Closes every open run (`whole`: gives the spans back as well).  In a stop, by the owner, or when it has gone.
    pub(super) fn flush(&self, inner: &Inner, gray: &mut GrayPart, whole: bool) {
        if whole {
            (0..CURSORS).for_each(|at| self.close(inner, gray, at, true));
        } else {
            let mut open = gray.open;
            while open != 0 {
                let at = open.trailing_zeros() as usize;
                open &= open - 1;
                self.close(inner, gray, at, false);
            }
        }
        inner.handed_out(std::mem::take(&mut gray.unreported_bytes));
    }

    /// Empty spans of cursors that were not used since the stop go back to the heap's memory.  The collector, in SWEEP.
    pub(super) fn return_idle(&self, inner: &Inner) {
        let gray = &mut *lock(&self.gray);
        let sweep_epoch = inner.sweep_epoch.load(Relaxed);
        for (at, held) in gray.held.iter_mut().enumerate() {
            let (Some(class), Some(span)) = (&held.class, held.span) else { continue };
            if gray.open >> at & 1 != 0 || span.swept.load(Relaxed) != sweep_epoch {
                continue;
            }
            let mut blocks = 0;
            // SAFETY: the holder's gray lock is ours (I12).
            unsafe { span.each_allocated(|_, _| blocks += 1) };
            if blocks == 0 {
                held.span = None;
                class.spans.fetch_sub(1, Relaxed);
                // SAFETY: no block is in use or in an open run, and no cursor or list has the span any more.
                unsafe { inner.memory.free_run(span) };
            }
        }
    }
    /// The spans that cursors hold now.
    pub(super) fn held_spans(&self) -> Vec<(Arc<Class>, SpanRef)> {
        let gray = lock(&self.gray);
        gray.held.iter().filter_map(|h| Some((h.class.clone()?, h.span?))).collect()
    }

    /// Blocks of open runs that are not used yet, by class.  A racy look: two loads a cursor.
    pub(super) fn open_blocks(&self, mut f: impl FnMut(*const TypeInfo, usize, u64)) {
        for c in &self.cursors {
            let (next, end, bytes) = (c.next.load(Relaxed), c.end.load(Relaxed), c.block_bytes.load(Relaxed));
            // The two words may be of different runs: then their distance is no run's.
            let left = end.addr().saturating_sub(next.addr());
            if !next.is_null() && bytes != 0 && (1..=SPAN_BYTES).contains(&left) {
                f(c.info.load(Relaxed), bytes, (left / bytes) as u64)
            }
        }
    }

    /// Marks `p` and puts it into the gray buffer, if marking is really on.
    ///
    /// # Safety
    /// `p` is an object of this heap that the session can reach, or could until now.
    #[cold]
    pub(super) unsafe fn shade(&self, inner: &Inner, p: NonNull<u8>) -> bool {
        super::gray::while_marking(&self.gray, &inner.phase, |gray| {
            // SAFETY: the caller's promise: older than the snapshot, or marked.
            unsafe { gray.marker.mark(p) }
        })
        .is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::Config,
        manager::Tricolor,
        object::{tail::Tail, type_info::InfoOf},
    };

    /// As many classes as a set has places, all with the same one: each keeps its run, whatever the order they come in; and
    /// with more of them every block is still handed out once.
    #[test]
    fn classes_with_one_place_do_not_drive_each_other_out() {
        let info = InfoOf::<Tail<(), u64>, Tricolor>::INFO;
        let all: Vec<usize> =
            (8..LARGE_BYTES / 8).map(|words| words * 8).filter(|&bytes| class_bytes(bytes) == bytes).collect();
        // The set that most of them fall into.
        let of_set = |set| all.iter().copied().filter(|&b| index(info, b) / WAYS == set).take(WAYS).collect::<Vec<_>>();
        let few = (0..CURSORS / WAYS).map(of_set).max_by_key(Vec::len).expect("there are sets");
        assert!(few.len() > 4, "{few:?}");
        let inner = Inner::new(&Config { zeal: None, automatic: false, ..Config::default() });
        let record = inner.attach(true).expect("many");
        let slow_paths = |sizes: &[usize], rounds: usize| {
            let (mut slow, mut seen) = (0, std::collections::HashSet::new());
            for _ in 0..rounds {
                for &bytes in sizes {
                    let home = index(info, bytes);
                    let open = (0..WAYS).any(|way| {
                        let c = &record.cursors[home ^ way];
                        c.is_of(info, bytes) && c.next.load(Relaxed) != c.end.load(Relaxed)
                    });
                    slow += usize::from(!open);
                    let p = match record.next_block(info, bytes) {
                        Some(p) => p,
                        None => record.next_block_elsewhere(&inner, info, bytes).expect("no limit"),
                    };
                    assert!(seen.insert(p), "handed out twice");
                }
            }
            slow
        };
        let rounds = 60;
        // One a class, and one each time a span is used up.
        let spans: usize = few.iter().map(|bytes| rounds / (SPAN_BYTES / bytes) + 1).sum();
        let slow = slow_paths(&few, rounds);
        assert!(slow <= spans, "{slow} slow paths for {} classes in {rounds} rounds, {spans} runs", few.len());
        slow_paths(&all, 20);
        inner.detach(&record);
    }
}
