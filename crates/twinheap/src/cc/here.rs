//! The thread's own heap: made at the first `Cc::new`, collected at the thread's end.
//!
//! Two thread locals: the heap's address, which needs no destructor and so can be read for as long as the thread runs,
//! and a guard, whose destructor is the thread's end.  After that the heap goes on if anything is alive in it (then it is
//! never freed), or a new one is made, which is never freed either.  Spans lead from values to their heap, so dropping
//! needs neither of the two.  Overview: `cc`.

use crate::{
    alloc::Full,
    config::Config,
    manager::refcount::{CountingHeap, CountingLocal, Local},
    object::{
        managed::{Answer, Command, Manager, RawPending, Request},
        type_info::TypeInfo,
    },
    observe::Stats,
    unwind::contained,
};
use std::{cell::Cell, ptr::NonNull};

/// A heap and what leads to it.
struct Here {
    heap: CountingHeap,
    local: Cell<Option<CountingLocal>>,
    finalizers: Cell<u64>,
    finalizer_panics: Cell<u64>,
    running: Cell<bool>,
    /// The value whose finalizer runs.
    finalizing: Cell<*mut u8>,
    /// That finalizer came in by `cc::Finalize`, which shows it no session.
    shown_nothing: Cell<bool>,
    /// One came in another way, and may have kept its `&'static Mutation`.
    shown: Cell<bool>,
}

thread_local! {
    static HERE: Cell<*mut Here> = const { Cell::new(std::ptr::null_mut()) };
    static GUARD: Guard = const { Guard };
}

/// Collections at a thread's end that leave as much as there was: what finalizers make for ever anew is left.
const LAST_ROUNDS: usize = 8;

/// Its destructor is the thread's end.
struct Guard;
impl Drop for Guard {
    fn drop(&mut self) {
        let at = HERE.get();
        // SAFETY: the address is that of a heap that was never freed, or null.
        let Some(here) = (unsafe { at.as_ref() }) else { return };
        // Every value's finalizer runs, but not endlessly those of values that other finalizers made.
        let (mut rounds, mut least) = (LAST_ROUNDS, here.heap.live());
        while rounds > 0 && collect_all(here, || run_pending_up_to(here.heap.live())) > 0 {
            rounds -= (here.heap.live() >= least) as usize;
            least = least.min(here.heap.live());
        }
        if here.heap.live() == 0 && !here.shown.get() {
            HERE.set(std::ptr::null_mut());
            // SAFETY: made by `Box::into_raw`; no value is in it, so nothing leads to it any more.
            drop(unsafe { Box::from_raw(at) })
        }
    }
}

fn here() -> &'static Here {
    let at = HERE.get();
    // SAFETY: a heap is freed at the thread's end only, by `Guard`, which clears the address first.  The `'static` does
    // not leave this module but as `local`, which is used for the length of a call.
    unsafe { at.as_ref() }.unwrap_or_else(|| make())
}

#[cold]
fn make() -> &'static Here {
    let at = Box::into_raw(Box::new(Here {
        heap: CountingHeap::new(&Config::default()),
        local: Cell::new(None),
        finalizers: Cell::new(0),
        finalizer_panics: Cell::new(0),
        running: Cell::new(false),
        finalizing: Cell::new(std::ptr::null_mut()),
        shown_nothing: Cell::new(false),
        shown: Cell::new(false),
    }));
    HERE.set(at);
    // Registers the destructor; at the thread's end there is none any more, and the heap is never freed.
    let _ = GUARD.try_with(|_| ());
    // SAFETY: just made; it does not move.
    unsafe {
        let local = CountingHeap::local(NonNull::from(&(*at).heap));
        (*at).local.set(Some(local));
        &*at
    }
}

/// The thread's heap, if it has one already.
#[inline(always)]
pub(super) fn heap() -> Option<&'static CountingHeap> {
    // SAFETY: as in `here`.
    unsafe { HERE.get().as_ref() }.map(|here| &here.heap)
}
/// A block of the thread's heap when there is more to do than to take one: finalizers that wait run, and what is due is
/// collected.
///
/// # Errors
/// [`Full`] when the system refuses memory.
#[cold]
#[inline(never)]
pub(super) fn slow_block(info: &'static TypeInfo) -> Result<(&'static CountingHeap, NonNull<u8>), Full> {
    run_due();
    let heap = &here().heap;
    heap.slow_block(info).map(|p| (heap, p))
}
/// The mutator's part of the thread's heap.
#[inline]
pub(super) fn local() -> &'static CountingLocal {
    // SAFETY: set once, when the heap was made; nothing writes it afterwards.
    unsafe { (*here().local.as_ptr()).as_ref().unwrap_unchecked() }
}

/// Before a birth: runs the finalizers that wait now, but not from within one; the birth is not held up by those that they
/// call for.
pub(super) fn run_due() {
    if Local::has_pending(local()) {
        run_pending_up_to(here().heap.waiting())
    }
}
/// Runs all of them, those of finalizers included.
fn run_pending() {
    run_pending_up_to(usize::MAX)
}

/// The same, at most so many.
fn run_pending_up_to(most: usize) {
    let (here, local) = (here(), local());
    if here.running.replace(true) {
        return;
    }
    for _ in 0..most {
        let Some(next) = Local::next_pending(local) else { break };
        let p = next.object();
        if !matches!(next, RawPending::Finalize(_)) {
            // SAFETY: the queue handed us a reference.
            unsafe { Local::release(p) };
            continue;
        }
        here.finalizers.set(here.finalizers.get() + 1);
        here.finalizing.set(p.as_ptr());
        // SAFETY: the queue handed us a reference to a whole object, which `finalize` takes over; a `Mutation` is its
        // local part, branded.
        let whole = contained(|| unsafe {
            if let Some(finalize) = TypeInfo::of(p).finalize {
                finalize(p, NonNull::from(local).cast())
            }
        });
        if !here.shown_nothing.replace(false) {
            here.shown.set(true)
        }
        if !whole {
            here.finalizer_panics.set(here.finalizer_panics.get() + 1);
        }
    }
    here.running.set(false);
}

/// The finalizer of the value at `p` is a `cc::Finalize`.  One that came in another way may call it for another value.
pub(super) fn show_nothing(p: NonNull<u8>) {
    let here = here();
    if here.finalizing.get() == p.as_ptr() {
        here.shown_nothing.set(true)
    }
}

fn collect_all(here: &Here, run_pending: impl Fn()) -> usize {
    collect_for(here, Request::FULL, run_pending)
}
fn collect_for(here: &Here, request: Request, run_pending: impl Fn()) -> usize {
    if here.running.get() {
        return 0;
    }
    run_pending();
    let mut found = Local::collect(local(), request);
    while found.pending {
        run_pending();
        match Local::finish_collection(local()) {
            Some(more) => found = crate::Collected { objects: found.objects + more.objects, pending: more.pending },
            None => found.pending = false,
        }
    }
    found.objects
}

/// Collects the thread's cycles now, finalizers included; how many values were released.  0 from within a finalizer or a
/// `Drop` that a collection runs.
pub fn collect() -> usize {
    collect_all(here(), run_pending)
}
/// Switches collections by themselves on (the default) or off; whether they were on.
pub fn set_automatic(on: bool) -> bool {
    let was = Local::control(local(), Command::Read).automatic;
    Local::control(local(), Command::SetAutomatic(on));
    was
}
/// Gives free memory of the thread's heap back to the system now; returns the bytes.
pub fn release() -> usize {
    Local::give_back(&here().heap)
}
/// Reads and changes what CPython's `gc` module can: thresholds, freezing, the debug flags (`control::gc` has the words).
pub fn control(command: Command) -> Answer {
    Local::control(local(), command)
}
/// Collects this generation (0, 1, 2) and the younger ones; as [`collect`] otherwise.
pub fn collect_generation(generation: u8) -> usize {
    let request = Request { generation: generation.min(2), ..Request::FULL };
    collect_for(here(), request, run_pending)
}
/// The figures of the thread's heap.
pub fn stats() -> Stats {
    let here = here();
    let mut stats = Local::stats(&here.heap);
    stats.finalizers = here.finalizers.get();
    stats.finalizer_panics = here.finalizer_panics.get();
    stats
}
/// Walks every invariant of the thread's heap.
///
/// # Errors
/// A sentence that names the broken law and where.
pub fn verify() -> Result<(), String> {
    Local::verify(local())
}
