//! Collecting cycles: CPython's trial deletion, over lists for the young and over spans for all.
//!
//! ```text
//! number = strong            for every object of the set: those of the generation and the younger ones
//! number -= 1                for every reference from the set into the set    → number counts references from outside
//! alive                      = number > 0, or reached from one that is        → the others are condemned
//! ```
//! Handles on the Rust stack are counts like any other, so there are no roots to find and it may run at any allocation.
//! The second pass over all spans ends its visits when as many are known to live as there are: where there is no garbage, that
//! is when the last one is met.
//! A cell that is borrowed mutably is not entered: its references count as external, which keeps too much and never too
//! little (R2).  No user code runs until the condemned are known.
//!
//! Then, as CPython: weak boxes of the condemned are cleared, and notices and finalizers queued, in the order of
//! the list.  If anything was queued the collection is *suspended*: it holds a reference to each of the condemned, the
//! program runs what is queued, and `finish` looks again (among the condemned alone) who came back.  The rest is
//! destroyed: all drop glue first, then all blocks (R3).
//!
//! Survivors of a young collection keep CPython's order as well (`move_unreachable`): the reachable in place, those
//! that were reached late at the end.  Nothing here recurses; memory beyond the heap is a pointer for each of the set
//! at most.  Not here: when (`generations`).  Overview: `manager::refcount`.

use super::{
    CountingHeap,
    cache::{blocks, is_open},
    generations::{LIST_MAX, place},
    handle::{release, retain},
    header::{
        AGE, CONDEMNED, FINALIZED, HAS_WEAK, Header, IMMORTAL, NUMBER_MAX, OLD, ONE, OUT, Outside, UNSEEN, header,
    },
};
use crate::{
    alloc::SpanRef,
    object::{
        managed::{BorrowWord, Cause, Collected, Manager, RawPending, Request},
        trace::{Visitor, sealed},
        type_info::{Kind, TypeInfo},
    },
    observe::{HoldUpCause, StopCause, tally::unix_ns},
    sync::{Instant, Ordering::Relaxed, seeded},
    unwind::contained,
};
use std::{ptr::NonNull, time::Duration};

/// Which objects a pass is about, decided by the word `aux` alone: `(aux ^ flip) & mask <= limit`.
#[derive(Clone, Copy)]
pub(super) struct Set {
    flip: u32,
    mask: u32,
    limit: u32,
}
impl Set {
    /// Objects no older than this.
    pub(super) fn of_generation(generation: u32) -> Set {
        Set { flip: 0, mask: AGE, limit: generation }
    }
    /// The condemned.
    const CONDEMNED: Set = Set { flip: CONDEMNED, mask: CONDEMNED, limit: 0 };
    /// The condemned of the collection that looks again, which gave them age 0; those of others are outside, and stay so.
    const LOOKED_AT: Set = Set { flip: CONDEMNED, mask: CONDEMNED | AGE, limit: 0 };
    #[inline(always)]
    pub(super) fn has(self, aux: u32) -> bool {
        (aux ^ self.flip) & self.mask <= self.limit
    }
}

/// The first pass: each reference from the set into the set is subtracted from its target's number.
///
/// The same visitor looks at a new object whose references will never change (`at_birth`): one flag, so that an object
/// has one visit function for what happens most.
pub struct Subtract {
    set: Set,
    pass: Pass,
    /// At birth: something it refers to may be in a cycle.
    open: bool,
    /// Over all spans: targets that were met, and not looked at yet.
    ahead: Ahead,
    /// Objects whose number has come to zero: nobody outside the set is known to hold them.
    unheld: usize,
}
#[derive(Clone, Copy)]
enum Pass {
    Birth,
    Young,
    All,
}
/// The second pass: what the living refer to lives.
pub struct Reach {
    pub(super) set: Set,
    /// Over all spans (`stack` is a stack) or over a list (`stack` is the list, and late ones go to its end).
    pub(super) all: bool,
    /// Over all spans: where the walk is.  It is going to visit whoever lies behind this address and is held from outside.
    at: usize,
    ahead: Ahead,
    stack: Vec<*mut u8>,
    reached: usize,
    /// Over all spans: objects that are known to live, whether the walk was there or not.
    known: usize,
    /// Values of ephemerons that live are reached whether their keys are or not (`ephemeron`).
    pub(super) all_values: bool,
    /// A value was passed over, because its key was not known to live.
    pub(super) passed_over: bool,
}
/// Targets in the order in which they were met, each for as long as memory takes to answer: links at random cost a cache
/// miss each, and so many of them go on at a time.
struct Ahead {
    ring: [*mut u8; AHEAD],
    /// Where the next goes, and how many there are.
    next: usize,
    held: usize,
    /// The one that was met last.
    last: usize,
}
/// Targets that lie so near each other are looked at at once: their memory is on its way.
const NEAR_BYTES: usize = 4096;
/// 1 million nodes linked at random, ns a node: 16 here 17 (`Cc`) and 22.5 (`RefCount`), 24: 15.5 and 20, 32: 14.3 and 19.3, 64: 16
/// and 20.
const AHEAD: usize = 32;
impl Ahead {
    fn new() -> Ahead {
        Ahead { ring: [std::ptr::null_mut(); AHEAD], next: 0, held: 0, last: 0 }
    }
    /// Takes one in; one to look at now, if there is one.
    #[inline(always)]
    fn exchange(&mut self, target: NonNull<u8>) -> Option<NonNull<u8>> {
        let address = target.addr().get();
        if std::mem::replace(&mut self.last, address) ^ address < NEAR_BYTES {
            return Some(target);
        }
        prefetch(target);
        let at = self.next % AHEAD;
        let oldest = std::mem::replace(&mut self.ring[at], target.as_ptr());
        self.next = at + 1;
        if self.held == AHEAD {
            return NonNull::new(oldest);
        }
        self.held += 1;
        None
    }
    /// The oldest.
    #[inline(always)]
    fn take(&mut self) -> Option<NonNull<u8>> {
        if self.held == 0 {
            return None;
        }
        let oldest = self.ring[(self.next + AHEAD - self.held) % AHEAD];
        self.held -= 1;
        NonNull::new(oldest)
    }
}
/// Asks for the header of the object at `p`.
#[inline(always)]
fn prefetch(p: NonNull<u8>) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a hint; it reads nothing.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(p.as_ptr().wrapping_sub(super::header::HEADER_BYTES).cast())
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = p;
}
impl sealed::Sealed for Subtract {}
impl sealed::Sealed for Reach {}

impl<M: Manager> Visitor<M> for Subtract {
    // Counted as any other: it is the second pass that looks at the key.
    #[inline(always)]
    fn ephemeron(&mut self, _: *mut u8, value: NonNull<u8>) {
        Visitor::<M>::edge(self, value)
    }
    #[inline(always)]
    fn edge(&mut self, target: NonNull<u8>) {
        match self.pass {
            Pass::Birth => {
                // SAFETY: a reference in a live object is to an object of the same heap, whose block is mapped.
                let h = unsafe { header(target) };
                self.open |= !(h.is_outside(Outside::Leaf) || h.is_outside(Outside::Acyclic))
            }
            Pass::Young => self.subtract(target),
            Pass::All => {
                if let Some(target) = self.ahead.exchange(target) {
                    self.subtract(target)
                }
            }
        }
    }
    #[inline(always)]
    fn enter_cell(&mut self, _: &M::Scan, borrow: &M::Borrow) -> bool {
        !borrow.is_exclusive()
    }
    #[inline(always)]
    fn exit_cell(&mut self, _: &M::Scan) {}
}

impl Subtract {
    #[inline(always)]
    fn subtract(&mut self, target: NonNull<u8>) {
        // SAFETY: a reference in a live object is to an object of the same heap, whose block is mapped.
        let h = unsafe { header(target) };
        let mut aux = h.aux.get();
        if !self.set.has(aux) || seeded("missed_subtract") {
            return;
        }
        if aux & UNSEEN == 0 {
            h.begin(h.strong.get());
            aux = h.aux.get();
        }
        // "Many" stays many; zero would stay zero, but each reference is reported once.
        debug_assert!(aux >= ONE || cfg!(twinheap_bugs), "more references to {target:p} than it counts");
        if (ONE..NUMBER_MAX * ONE).contains(&aux) {
            aux -= if seeded("edge_reported_twice") && aux >= 2 * ONE { 2 * ONE } else { ONE };
            h.aux.set(aux);
            self.unheld += usize::from(aux < ONE);
        }
    }
}

impl<M: Manager> Visitor<M> for Reach {
    #[inline(always)]
    fn edge(&mut self, target: NonNull<u8>) {
        self.meet(target)
    }
    #[inline(always)]
    fn ephemeron(&mut self, key: *mut u8, value: NonNull<u8>) {
        self.meet_ephemeron(key, value)
    }
    #[inline(always)]
    fn enter_cell(&mut self, _: &M::Scan, borrow: &M::Borrow) -> bool {
        !borrow.is_exclusive()
    }
    #[inline(always)]
    fn exit_cell(&mut self, _: &M::Scan) {}
}

impl Reach {
    /// A living object refers to `target`.
    #[inline(always)]
    pub(super) fn meet(&mut self, target: NonNull<u8>) {
        if self.all {
            if let Some(target) = self.ahead.exchange(target) {
                self.reach(target)
            }
            return;
        }
        // SAFETY: as above.
        let h = unsafe { header(target) };
        let aux = h.aux.get();
        if !self.set.has(aux) {
            return;
        }
        if aux & UNSEEN == 0 {
            // The walk was here and took it for dead: back to the end of the list.
            h.begin(1);
            self.stack.push(target.as_ptr());
        } else if aux < ONE {
            h.aux.set(aux + ONE);
        }
    }
    /// Over all spans: what the living refer to lives.
    #[inline(always)]
    fn reach(&mut self, target: NonNull<u8>) {
        // SAFETY: as in `subtract`.
        let h = unsafe { header(target) };
        let aux = h.aux.get();
        if !self.set.has(aux) {
            return;
        }
        // Who has a number is visited by the walk, or was.
        if aux & UNSEEN != 0 && aux < ONE {
            self.known += 1;
            if target.addr().get() > self.at {
                // In the order of addresses, which costs no cache misses: as if held from outside.
                h.aux.set(aux + ONE);
            } else {
                h.aux.set(aux & !UNSEEN);
                self.reached += 1;
                self.stack.push(target.as_ptr());
            }
        }
    }
    /// The next that is reached and was not visited.
    #[inline(always)]
    fn next(&mut self) -> Option<NonNull<u8>> {
        loop {
            if let Some(p) = self.stack.pop() {
                return NonNull::new(p);
            }
            let target = self.ahead.take()?;
            self.reach(target);
        }
    }
}

impl Subtract {
    pub(super) fn over(set: Set) -> Subtract {
        Subtract { set, pass: Pass::Young, open: false, ahead: Ahead::new(), unheld: 0 }
    }
    fn over_all(set: Set) -> Subtract {
        Subtract { pass: Pass::All, ..Subtract::over(set) }
    }
    /// Subtracts what was met and not looked at.
    fn finish(&mut self) {
        while let Some(target) = self.ahead.take() {
            self.subtract(target)
        }
    }
    /// Whether the new object at `p` refers to nothing that can be in a cycle.
    ///
    /// # Safety
    /// As [`Subtract::visit`].
    #[inline(always)]
    pub(super) unsafe fn is_acyclic(info: &'static TypeInfo, p: NonNull<u8>) -> bool {
        let mut look = Subtract { pass: Pass::Birth, ..Subtract::over(Set::CONDEMNED) };
        // SAFETY: forwarded.
        unsafe { look.visit(info, p) };
        !look.open || seeded("acyclic_assumed")
    }
    /// # Safety
    /// `p` is a live object of `info`, outside of any drop glue.
    #[inline(always)]
    pub(super) unsafe fn visit(&mut self, info: &'static TypeInfo, p: NonNull<u8>) {
        // SAFETY: the object's own function with the visitor it expects (both counting managers have this one first).
        unsafe { (info.visits.first)(p, NonNull::from(&mut *self).cast()) }
    }
}
impl Reach {
    fn new(set: Set, all: bool, stack: Vec<*mut u8>) -> Reach {
        Reach {
            set,
            all,
            at: usize::MAX,
            ahead: Ahead::new(),
            stack,
            reached: 0,
            known: 0,
            all_values: false,
            passed_over: false,
        }
    }
    /// # Safety
    /// As [`Subtract::visit`].
    #[inline(always)]
    unsafe fn visit(&mut self, info: &'static TypeInfo, p: NonNull<u8>) {
        // SAFETY: as there; this one is second.
        unsafe { (info.visits.second)(p, NonNull::from(&mut *self).cast()) }
        if self.passed_over {
            self.meet_values_of(p)
        }
    }
}

/// A collection that waits for its finalizers.
pub(super) struct Suspended {
    /// In the order of the list; the collection holds one reference to each.
    pub(super) condemned: Vec<*mut u8>,
    generation: u32,
    save_all: bool,
    cause: Cause,
    /// It began at an allocation: nobody will call `finish`, so the queue does when it is empty.
    pub(super) by_itself: bool,
    /// Containers it found that were freed before: by zeal, or because no finalizer can reach them.
    ghosts: usize,
    began: Instant,
}

fn object(p: *mut u8) -> (NonNull<u8>, &'static Header, &'static TypeInfo) {
    // SAFETY: entries of the collection's lists are objects in mapped blocks of this heap.
    unsafe {
        let p = NonNull::new_unchecked(p);
        (p, header(p), TypeInfo::of(p))
    }
}

impl CountingHeap {
    /// Collects; see `Manager::collect`.  0 while a collection runs, or one that was asked for waits (R5).
    pub(super) fn collect(&self, request: Request, by_itself: bool) -> Collected {
        if self.collecting.get() || self.is_suspended() {
            return Collected::default();
        }
        let generation = u32::from(request.generation.min(2));
        self.collecting.set(true);
        self.look_over();
        self.retune();
        self.tell_start(generation);
        let outside = self.outside_bytes();
        let began = Instant::now();
        let mut counts = self.counts.get();
        if let Some(count) = counts.get_mut(generation as usize) {
            *count += 1
        }
        counts[..generation as usize].fill(0);
        self.counts.set(counts);
        self.count0.set(0);

        let condemned = if generation < OLD { self.examine_young(generation) } else { self.examine_all(outside) };
        let ghosts = self.zeal.take_ghosts(generation);
        for &p in &condemned {
            let (p, h, _) = object(p);
            condemn(h);
            // SAFETY: nothing was freed yet.
            unsafe { retain(p) };
        }
        self.tell_condemned(&condemned);
        let queued = self.queue_notices(&condemned);
        let save_all = request.save_all || self.told.saves_all();
        let (condemned, ghosts) = match queued && by_itself && !save_all {
            true => self.destroy_what_nobody_waits_for(condemned, ghosts),
            false => (condemned, ghosts),
        };
        let suspended = Suspended { condemned, generation, save_all, cause: request.cause, by_itself, ghosts, began };
        let out = if queued {
            self.suspend(suspended);
            self.collecting.set(false);
            self.retune();
            Collected { objects: 0, pending: true }
        } else {
            self.complete(suspended)
        };
        self.note_time(began, request.cause, !queued);
        out
    }

    /// Goes on with a suspended collection; see `Manager::finish_collection`.
    pub(super) fn finish(&self, by_itself: bool) -> Option<Collected> {
        if self.collecting.get() {
            return None;
        }
        let mut suspended = self.take_suspended(by_itself)?;
        let began = Instant::now();
        self.collecting.set(true);
        self.retune();
        suspended.condemned = self.release_let_go(suspended.condemned);
        suspended.condemned = self.look_again(suspended.condemned, suspended.generation);
        let cause = suspended.cause;
        let out = self.complete(suspended);
        self.note_time(began, cause, true);
        Some(out)
    }

    /// A collection, or a part of one, is over: all of it is a stop, which nobody is waited for.
    fn note_time(&self, began: Instant, cause: Cause, whole: bool) {
        let took = began.elapsed();
        self.tally.stopped(StopCause::Collection, Duration::ZERO, took);
        if whole {
            self.tally.collected(cause, took, unix_ns())
        }
        self.collection_ns.set(self.collection_ns.get() + took.as_nanos() as u64);
        let cause = if cause == Cause::Asked { HoldUpCause::Asked } else { HoldUpCause::CycleCollection };
        self.holdups.record(cause, took);
    }

    /// Generations 0 and 1: the set is a list.  The survivors move on, the condemned are returned in order.
    fn examine_young(&self, generation: u32) -> Vec<*mut u8> {
        // SAFETY: nothing below runs user code, and no other reference into the lists lives meanwhile.
        let mut list = unsafe { std::mem::take(&mut *self.lists[generation as usize].get()) };
        if generation == 1 {
            // Older ones first, as CPython appends younger lists.
            // SAFETY: as above.
            unsafe { list.append(&mut *self.lists[0].get()) }
        }
        let set = Set::of_generation(generation);
        let mut subtract = Subtract::over(set);
        for &p in list.iter().filter(|p| !p.is_null()) {
            let (p, h, info) = object(p);
            if !h.has(UNSEEN) {
                h.begin(h.strong.get())
            }
            // SAFETY: objects in lists are alive.
            unsafe { subtract.visit(info, p) }
        }
        let mut survivors = 0;
        let (mut list, condemned) = self.separate(set, list, |_, info| {
            survivors += (info.kind == Kind::Container) as usize;
            generation + 1
        });
        // The buffer goes on as the list it was (nothing was born meanwhile); the late ones may have made it too long.
        list.clear();
        list.shrink_to(LIST_MAX);
        // SAFETY: as above.
        unsafe { *self.lists[generation as usize].get() = list }
        self.retune_quick();
        if generation == 1 {
            self.long_lived_pending.set(self.long_lived_pending.get() + survivors);
            self.limit_due.set(self.limit_due.get().filter(|&due| due > 1));
        }
        condemned
    }

    /// CPython's `move_unreachable`: walks `list`; who is alive gets the age that `survive` says, the others are returned.
    fn separate(
        &self,
        set: Set,
        list: Vec<*mut u8>,
        mut survive: impl FnMut(&Header, &'static TypeInfo) -> u32,
    ) -> (Vec<*mut u8>, Vec<*mut u8>) {
        let mut unreachable = Vec::new();
        let mut reach = Reach::new(set, false, list);
        let mut i = 0;
        let mut examined = 0;
        // Loop invariant: every object before `i` is in its new place, or in `unreachable` with `UNSEEN` cleared, or
        // was moved from there to the end of the list.
        while let Some(&p) = reach.stack.get(i) {
            i += 1;
            if p.is_null() {
                continue;
            }
            let (q, h, info) = object(p);
            if h.number() == 0 {
                h.lower(UNSEEN);
                unreachable.push(p);
                continue;
            }
            examined += 1;
            let age = survive(h, info);
            let index = if age < OLD { self.append(age as usize, q) } else { 0 };
            h.place(age, index);
            // SAFETY: alive.
            unsafe { reach.visit(info, q) }
        }
        unreachable.retain(|&p| set.has(object(p).1.aux.get()));
        self.examined.set(self.examined.get() + (examined + unreachable.len()) as u64);
        (reach.stack, unreachable)
    }

    /// Generation 2: the set is everything tracked, found by walking the spans.
    fn examine_all(&self, outside: usize) -> Vec<*mut u8> {
        let set = Set::of_generation(OLD);
        let spans = self.traced_spans();
        let total = self.subtract_all(set, &spans);
        let reached = self.reach_all(set, &spans, &total);
        let mut condemned = Vec::new();
        if reached < total.objects {
            // The old first, in the order of addresses; then the lists, youngest first, as CPython appends them.
            for &span in &spans {
                for p in blocks(span) {
                    // SAFETY: blocks have headers.
                    let h = unsafe { header(p) };
                    if h.age() == OLD && h.has(UNSEEN) {
                        condemned.push(p.as_ptr())
                    }
                }
            }
        }
        for list in &self.lists {
            // SAFETY: nothing here runs user code.
            for p in unsafe { (*list.get()).drain(..) }.filter(|p| !p.is_null()) {
                if object(p).1.has(UNSEEN) { condemned.push(p) } else { place(p, OLD, 0) }
            }
        }
        debug_assert_eq!(condemned.len(), total.objects - reached);
        let gone = condemned.iter().filter(|&&p| object(p).2.kind == Kind::Container).count();
        self.long_lived_total.set(total.containers - gone);
        self.long_lived_pending.set(0);
        self.note_full_collection(total.objects, condemned.len());
        self.reset_limit(outside);
        condemned
    }

    /// Spans with objects that collections look at, or that had some at the last full one, by address.
    pub(super) fn traced_spans(&self) -> Vec<SpanRef> {
        let mut spans = self.memory.spans();
        spans.retain(|span| span.swept.load(Relaxed) != 0);
        spans.sort_unstable_by_key(|span| span.base().addr());
        spans
    }

    /// The first pass over all spans.
    pub(super) fn subtract_all(&self, set: Set, spans: &[SpanRef]) -> Total {
        let mut subtract = Subtract::over_all(set);
        let mut total = Total::default();
        for &span in spans {
            // SAFETY: a span in use.
            let info = unsafe { TypeInfo::in_span(span) };
            let (mut here, mut back) = (0, false);
            for p in blocks(span) {
                // SAFETY: blocks have headers; those in the set are live objects.
                unsafe {
                    let h = header(p);
                    if set.has(h.aux.get()) {
                        here += 1;
                        if !h.has(UNSEEN) {
                            h.begin(h.strong.get())
                        }
                        subtract.visit(info, p)
                    } else if seeded("untracked_container_in_cycle") && h.is_outside(Outside::Untracked) {
                        subtract.visit(info, p)
                    } else {
                        // It may come back into the set: what a finalizer keeps, say.
                        back |= h.is_outside(Outside::Condemned);
                    }
                }
            }
            // Who is born in an open one does not say so.
            if here == 0 && !back && !is_open(span) {
                span.swept.store(0, Relaxed);
            }
            total.objects += here;
            total.containers += if info.kind == Kind::Container { here } else { 0 };
        }
        if !seeded("links_ahead_not_subtracted") {
            subtract.finish();
        }
        self.examined.set(self.examined.get() + total.objects as u64);
        total.held = total.objects - subtract.unheld;
        total
    }

    /// The second pass over all spans: how many were reached.
    ///
    /// As soon as all are known to live nobody is visited any more: where there is no garbage that is when the last one is
    /// met, and what is held from outside needs no visit at all.
    pub(super) fn reach_all(&self, set: Set, spans: &[SpanRef], total: &Total) -> usize {
        let mut reach = Reach::new(set, true, Vec::new());
        reach.known = if seeded("all_are_held") { total.objects } else { total.held };
        for &span in spans {
            // SAFETY: a span in use.
            let info = unsafe { TypeInfo::in_span(span) };
            for p in blocks(span) {
                // SAFETY: blocks have headers; those in the set are live objects.
                unsafe {
                    let h = header(p);
                    let aux = h.aux.get();
                    let all_live = reach.known == total.objects;
                    if !set.has(aux) || aux & UNSEEN == 0 || aux < ONE && !all_live {
                        continue;
                    }
                    h.lower(UNSEEN);
                    reach.reached += 1;
                    if all_live {
                        continue;
                    }
                    reach.at = p.addr().get();
                    reach.visit(info, p);
                    // What is not looked at yet may wait while the walk goes on in order.
                    while reach.known < total.objects
                        && let Some(p) = reach.stack.pop()
                    {
                        let (p, _, info) = object(p);
                        reach.visit(info, p)
                    }
                }
            }
        }
        // The walk is over and will visit nobody.
        reach.at = usize::MAX;
        if seeded("links_ahead_not_reached") {
            return reach.reached;
        }
        while reach.known < total.objects
            && let Some(p) = reach.next()
        {
            // SAFETY: reached, so alive.
            unsafe { reach.visit(TypeInfo::of(p), p) }
        }
        reach.reached
    }

    /// Weak boxes of the condemned are cleared; notices first, then finalizers, each in the order of the list.
    /// True if anything was queued.
    fn queue_notices(&self, condemned: &[*mut u8]) -> bool {
        let before = self.queued.get();
        for &p in condemned {
            let (p, h, _) = object(p);
            if h.has(HAS_WEAK) {
                // SAFETY: alive.
                unsafe {
                    self.clear_weak_with(p, |head| {
                        retain(head);
                        self.queue(RawPending::WeakDied(head))
                    })
                }
            }
        }
        self.let_values_of_the_condemned_go();
        for &p in condemned {
            let (p, h, info) = object(p);
            if info.finalize.is_some() && !h.has(FINALIZED) {
                h.raise(FINALIZED);
                // SAFETY: alive.
                unsafe { retain(p) };
                self.queue(RawPending::Finalize(p));
            }
        }
        self.queued.get() != before
    }

    /// A session may be long: of what a collection at an allocation condemned, only what a finalizer can reach waits for
    /// the session's end.  (One that was asked for keeps CPython's order: no destructor before a finalizer.)
    fn destroy_what_nobody_waits_for(&self, condemned: Vec<*mut u8>, ghosts: usize) -> (Vec<*mut u8>, usize) {
        condemned.iter().for_each(|&p| object(p).1.begin(0));
        let mut reach = Reach::new(Set::CONDEMNED, true, Vec::new());
        // A finalizer may ask for values.
        reach.all_values = true;
        for &p in &condemned {
            let (_, h, info) = object(p);
            if info.finalize.is_some() && h.has(UNSEEN) {
                h.lower(UNSEEN);
                reach.stack.push(p);
            }
            while let Some(p) = reach.next() {
                // SAFETY: alive: the collection holds a reference.
                unsafe { reach.visit(TypeInfo::of(p), p) }
            }
        }
        let (dead, waiting): (Vec<_>, Vec<_>) = condemned.into_iter().partition(|&p| object(p).1.has(UNSEEN));
        waiting.iter().for_each(|&p| condemn(object(p).1));
        let gone = dead.iter().filter(|&&p| is_counted(p)).count();
        self.destroy(&dead);
        (waiting, ghosts + gone)
    }

    /// After the finalizers: what they have let go of, so that the collection alone refers to it, is released like anything
    /// else, and is not among what the collection counts (CPython: it died when its finalizer returned).  The rest.
    fn release_let_go(&self, mut condemned: Vec<*mut u8>) -> Vec<*mut u8> {
        loop {
            let (gone, rest): (Vec<_>, Vec<_>) = condemned.into_iter().partition(|&p| object(p).1.strong.get() == 1);
            condemned = rest;
            if gone.is_empty() {
                return condemned;
            }
            for p in gone {
                let (p, h, _) = object(p);
                h.lower(CONDEMNED);
                h.place(OLD, 0);
                // SAFETY: the collection's own reference, given up.
                unsafe { release(p) }
            }
        }
    }

    /// After the finalizers: who came back, and everything reached from there, lives on.  The others are returned.  What
    /// another suspended collection holds counts as held from outside.
    fn look_again(&self, condemned: Vec<*mut u8>, generation: u32) -> Vec<*mut u8> {
        let set = if seeded("another_collections_condemned") { Set::CONDEMNED } else { Set::LOOKED_AT };
        for &p in &condemned {
            let h = object(p).1;
            h.place(0, 0);
            h.raise(CONDEMNED);
            // The collection's own reference does not count.
            h.begin(if h.strong.get() == IMMORTAL { IMMORTAL } else { h.strong.get() - 1 });
        }
        let mut subtract = Subtract::over(set);
        for &p in &condemned {
            let (p, _, info) = object(p);
            // SAFETY: alive: the collection holds a reference.
            unsafe { subtract.visit(info, p) }
        }
        let (_, dead) = self.separate(set, condemned, |h, _| {
            // Somebody refers to it, so this is never the last reference.
            let_go(h);
            (generation + 1).min(OLD)
        });
        dead.iter().for_each(|&p| condemn(object(p).1));
        dead
    }

    /// The end of a collection: destroys what is left of the condemned, or hands it out.
    fn complete(&self, done: Suspended) -> Collected {
        let Suspended { condemned, generation, save_all, ghosts, began, .. } = done;
        let count = |condemned: &[*mut u8]| condemned.iter().filter(|&&p| is_counted(p)).count();
        let asked_too_late = seeded("counted_asked_too_late");
        let mut containers = ghosts + if asked_too_late { 0 } else { count(&condemned) };
        if save_all {
            self.save(condemned, (generation + 1).min(OLD))
        } else {
            let late = self.clear_late(&condemned);
            self.destroy(&condemned);
            if asked_too_late {
                containers += count(&condemned)
            }
            self.tell_late(late)
        }
        let mut stats = self.generations.get();
        stats[generation as usize].collections += 1;
        stats[generation as usize].collected += containers as u64;
        self.generations.set(stats);
        self.collections.set(self.collections.get() + 1);
        self.tell_stop(generation, containers, began.elapsed());
        self.collecting.set(false);
        self.retune();
        Collected { objects: containers, pending: self.has_pending() }
    }

    /// Weak boxes that finalizers made for the condemned are cleared; those that may hear of it, each with a reference.
    fn clear_late(&self, condemned: &[*mut u8]) -> Vec<NonNull<u8>> {
        let mut late = Vec::new();
        for &p in condemned {
            let (p, h, _) = object(p);
            if h.has(HAS_WEAK) {
                // SAFETY: alive, and so is a box that hears.
                unsafe {
                    self.clear_weak_with(p, |head| {
                        retain(head);
                        late.push(head)
                    })
                }
            }
        }
        self.let_values_of_the_condemned_go();
        late
    }

    /// A box that nobody holds any more was garbage as well, and hears nothing.
    fn tell_late(&self, late: Vec<NonNull<u8>>) {
        for head in late {
            // SAFETY: `clear_late` retained it.
            unsafe {
                if header(head).strong.get() == 1 || seeded("late_weak_box_not_told") {
                    release(head)
                } else {
                    self.queue(RawPending::WeakDied(head))
                }
            }
        }
    }

    /// Everything condemned lives on; containers are handed out with the collection's reference.
    fn save(&self, condemned: Vec<*mut u8>, age: u32) {
        for p in condemned {
            let (p, h, _) = object(p);
            let index = if age < OLD { self.append(age as usize, p) } else { 0 };
            h.place(age, index);
            if is_counted(p.as_ptr()) { self.queue(RawPending::Saved(p)) } else { let_go(h) }
        }
    }

    /// All drop glue, then all blocks.
    pub(super) fn destroy(&self, condemned: &[*mut u8]) {
        for &p in condemned {
            let h = object(p).1;
            h.put_outside(Outside::Dying);
            h.raise(CONDEMNED);
        }
        for &p in condemned {
            let (p, _, info) = object(p);
            if info.drop.is_some() {
                // SAFETY: a whole object nobody but other condemned ones refers to, and those cannot look (I13).
                unsafe { self.run_drop(SpanRef::of(p), p) }
            }
            if seeded("condemned_reused") {
                // SAFETY: none: this is the fault.
                unsafe { self.free(SpanRef::of(p), p) }
            }
        }
        if seeded("condemned_reused") {
            return;
        }
        for &p in condemned {
            let p = object(p).0;
            // SAFETY: destroyed just now; references among the condemned are gone with their glue.
            unsafe { self.free(SpanRef::of(p), p) }
        }
        self.released_by_collections.set(self.released_by_collections.get() + condemned.len() as u64);
    }
}

/// What a pass over all spans found.
#[derive(Default)]
pub(super) struct Total {
    pub(super) objects: usize,
    pub(super) containers: usize,
    /// Objects that somebody outside the set holds; fewer, if that is not known.
    pub(super) held: usize,
}

/// Whether a dead object is one of those that a collection says it collected.
pub(super) fn is_counted(p: *mut u8) -> bool {
    let (p, _, info) = object(p);
    let mut counted = info.kind == Kind::Container;
    if counted && let Some(ask) = info.counted {
        // SAFETY: a whole object, and `ask` cannot keep a handle to it: only where handles need a session, and here is none
        // (`InfoOf::INFO`).
        contained(|| counted = unsafe { ask(p) });
    }
    counted
}

/// Marks an object as found dead: out of every set, and flagged.
fn condemn(h: &Header) {
    h.put_outside(Outside::Condemned);
    h.raise(CONDEMNED);
    debug_assert!(h.age() == OUT);
}

/// Gives the collection's own reference back; never the last.
fn let_go(h: &Header) {
    if h.strong.get() != IMMORTAL {
        h.strong.set(h.strong.get() - 1)
    }
}
