//! The end of one object: its count reached zero.
//!
//! ```text
//! finalizer, not run yet → queued with the last reference, which stays 1: the object is whole, and may be kept
//! weak boxes             → cleared, and those that asked queued, newest first
//! too deep               → parked; whoever is outermost goes on with it
//! drop glue              → may release more, and so on
//! block                  → back to its span
//! ```
//! A small object whose glue is nobody's code is moved out, and its block goes back before its glue runs ([`last_of`]).
//! Drop glue runs on the stack up to a depth of 64; what lies deeper waits in a list that the outermost release empties.
//! So a list of ten million nodes is released in a few kilobytes of stack.  (A counter, not a measure of the stack:
//! that one lies on stacks that somebody else made.)
//!
//! A leaf's `Drop` may panic: the panic ends there, is counted (`Stats::drop_panics`), and everything else is released
//! as if nothing had happened.  Two panics within one object's own glue end the process: that is Rust's rule.
//! Not here: who is dead in a cycle (`collect`).  Overview: `manager::refcount`.

use super::{
    CountingHeap,
    cache::{ARBITRARY, CONTAINERS, DROPS, FINALIZES, PLAIN, facts, push_back, takes_back, takes_back_leaf},
    handle::release,
    header::{AGE, CONDEMNED, FINALIZED, HAS_WEAK, IMMORTAL, OLD, Outside, header},
};
use crate::{
    alloc::SpanRef,
    object::{managed::RawPending, type_info::TypeInfo},
    observe::HoldUpCause,
    sync::{Instant, seeded},
    unwind::contained,
};
use std::{hint::cold_path, mem::MaybeUninit, ptr::NonNull};

/// How deep drop glue may nest.
const DEPTH_MAX: u32 = 64;

/// The last reference to the object at `p` goes (or one to an immortal object, which changes nothing).
///
/// # Safety
/// The caller owned one reference to the object, and gives it up.
#[inline(never)]
pub(super) unsafe fn last(p: NonNull<u8>) {
    // SAFETY: the object is there until this function gives it up.
    unsafe {
        let (h, span) = (header(p), SpanRef::of(p));
        let aux = h.aux.get();
        // A leaf without glue, in no list: nothing is called, so that no register is saved.
        if aux & (CONDEMNED | HAS_WEAK) | h.strong.get() ^ 1 == 0 && aux & AGE == AGE && takes_back_leaf(span) {
            return push_back(span, p);
        }
        last_otherwise(p)
    }
}

/// # Safety
/// As [`last`].
#[inline(never)]
unsafe fn last_otherwise(p: NonNull<u8>) {
    // SAFETY: as above.
    unsafe {
        let h = header(p);
        let span = SpanRef::of(p);
        let heap = CountingHeap::of(span);
        let facts = facts(span);
        // One test for all that is rare.
        let rare = h.aux.get() & (CONDEMNED | HAS_WEAK) | h.strong.get() ^ 1 | u32::from(facts & FINALIZES);
        if rare != 0 && heap.last_rarely(p, facts) {
            return;
        }
        heap.unlist(p);
        if facts & DROPS == 0 {
            return heap.free(span, p);
        }
        // From here on no walk and no collection sees it: a leaf's `Drop` may come back to this heap (R4).
        if !seeded("dying_examined") {
            h.put_outside(Outside::Dying);
        } else {
            h.place(OLD, 0);
        }
        let depth = heap.depth.get();
        if depth >= DEPTH_MAX && !seeded("never_parked") {
            return heap.park(p);
        }
        let deeper = Deeper::from(heap, depth);
        heap.run_drop(span, p);
        drop(deeper);
        heap.free(span, p)
    }
}

/// Bytes of an object that is moved out of its block before its drop glue runs.
const MOVED_BYTES: usize = 64;

/// The same, for a handle that knows the type, if it has drop glue of its own.
///
/// A small object is moved out and its block given back first; its glue runs on the copy, last.  So nothing has to be kept
/// over the glue, and no walk sees the object meanwhile, as R4 has it.  A moved object cannot tell: glue that is nobody's
/// code does not look at its own address.
///
/// # Safety
/// As [`last`]; the object is a `T`, if its span's type is `PLAIN`.
#[inline(never)]
pub(super) unsafe fn last_of<T: ?Sized>(p: NonNull<T>) {
    const USUAL: u8 = DROPS | CONTAINERS | PLAIN;
    let object = p.cast::<u8>();
    // SAFETY: the object is there until this function gives it up.
    unsafe {
        let h = header(object);
        let span = SpanRef::of(object);
        let aux = h.aux.get();
        // Two tests: each is one instruction, with its jump, where the combination of both is three.
        if aux & (CONDEMNED | HAS_WEAK | FINALIZED) != 0 || cfg!(twinheap_bugs) {
            cold_path();
            return last_otherwise(object);
        }
        let usual = h.strong.get() == 1 && takes_back(span, USUAL);
        if !usual || size_of::<NonNull<T>>() != size_of::<usize>() {
            return last_otherwise(object);
        }
        // Not before: a condemned object may be in the hands of its own glue.
        let bytes = size_of_val(p.as_ref());
        if bytes > MOVED_BYTES {
            return last_otherwise(object);
        }
        let heap = CountingHeap::of(span);
        if heap.depth.get() >= DEPTH_MAX {
            return last_otherwise(object);
        }
        // The young are struck out without a look at which list it is; of the middle generation few die of this.
        if aux & AGE == 0 {
            heap.strike(0, aux)
        } else {
            cold_path();
            if aux & AGE == 1 {
                return last_otherwise(object);
            }
        }
        let mut copy = MaybeUninit::<[u64; MOVED_BYTES / 8]>::uninit();
        copy.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(object.as_ptr(), bytes);
        // A pointer to a sized value is its address alone.
        let mut moved = p;
        (&raw mut moved).cast::<*mut u8>().write(copy.as_mut_ptr().cast());
        heap.count_off();
        push_back(span, object);
        heap.depth.set(heap.depth.get() + 1);
        // Nobody's code, so it does not unwind.
        moved.drop_in_place();
        heap.depth.set(heap.depth.get() - 1);
        if heap.cascade.get() {
            heap.end_cascade()
        }
    }
}

/// One level of nested drop glue.  The outermost release goes on with what lies too deep, also on its way out of a panic.
struct Deeper<'a> {
    heap: &'a CountingHeap,
    depth: u32,
}
impl Deeper<'_> {
    #[inline(always)]
    fn from(heap: &CountingHeap, depth: u32) -> Deeper<'_> {
        heap.depth.set(depth + 1);
        Deeper { heap, depth }
    }
}
impl Drop for Deeper<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.heap.depth.set(self.depth);
        if self.heap.cascade.get() {
            self.heap.end_cascade()
        }
    }
}

impl CountingHeap {
    /// What is rare about a last release; true if the object stays.
    ///
    /// # Safety
    /// As [`last`].
    #[cold]
    #[inline(never)]
    unsafe fn last_rarely(&self, p: NonNull<u8>, facts: u8) -> bool {
        // SAFETY: the caller's object.
        let h = unsafe { header(p) };
        if h.strong.get() == IMMORTAL || h.has(CONDEMNED) {
            // Immortal: not counted.  Condemned: the collection that found it frees it.
            return true;
        }
        if facts & FINALIZES != 0 && !h.has(FINALIZED) {
            if !seeded("finalizer_twice") {
                h.raise(FINALIZED);
            }
            // As CPython's `subtype_dealloc`, which tracks it again: who comes back is young.
            if (h.age() <= OLD || h.is_outside(Outside::Frozen)) && !seeded("resurrected_keeps_its_age") {
                // SAFETY: an object of ours, in no collection's hands (those are condemned).
                unsafe { self.rejuvenate(p) }
            }
            self.queue(RawPending::Finalize(p));
            return true;
        }
        if h.has(HAS_WEAK) && !(seeded("upgrade_of_parked_object") && self.depth.get() >= DEPTH_MAX) {
            // Values of ephemerons go with them, and so may run other people's code: from here on no walk sees it.
            // SAFETY: alive so far.
            unsafe {
                self.unlist(p);
                h.put_outside(Outside::Dying);
                self.clear_weak(p, true)
            }
        }
        false
    }

    /// Runs drop glue; the panic of a leaf's `Drop` ends here.
    ///
    /// # Safety
    /// A whole object of `span` whose type has drop glue; nobody uses it, and it is destroyed once.
    #[inline(always)]
    pub(super) unsafe fn run_drop(&self, span: SpanRef, p: NonNull<u8>) {
        // SAFETY: the fact `DROPS` is the type's.
        let drop = unsafe { TypeInfo::in_span(span).drop.unwrap_unchecked() };
        if facts(span) & ARBITRARY != 0 {
            self.run_leaf_drop(drop, p)
        } else {
            // No user code: it cannot panic (nested releases end their own panics).
            // SAFETY: forwarded.
            unsafe { drop(p) }
        }
    }
    #[inline(never)]
    fn run_leaf_drop(&self, drop: unsafe fn(NonNull<u8>), p: NonNull<u8>) {
        // SAFETY: the caller of `run_drop` promised it.
        if !contained(|| unsafe { drop(p) }) {
            self.drop_panics.set(self.drop_panics.get() + 1);
        }
    }

    /// Frees the block of a destroyed object.
    ///
    /// # Safety
    /// As [`Self::put_back`].
    #[inline(always)]
    pub(super) unsafe fn free(&self, span: SpanRef, p: NonNull<u8>) {
        if facts(span) & CONTAINERS != 0 {
            self.count_off()
        }
        // SAFETY: forwarded.
        unsafe { self.put_back(span, p) }
    }
    /// A container less: frees are subtracted from CPython's count0, never below zero.
    #[inline(always)]
    fn count_off(&self) {
        // As an unsigned number: one subtraction is the compare as well, in memory.
        let (n, none_left) = (self.count0.get() as u64).overflowing_sub(1);
        self.count0.set(n as i64);
        if none_left {
            self.count0.set(0)
        }
    }

    /// Takes the object out of the list of its generation, if it is in one.
    ///
    /// # Safety
    /// `p` is an object of this heap, and no collection holds its lists.
    #[inline(always)]
    pub(super) unsafe fn unlist(&self, p: NonNull<u8>) {
        // SAFETY: the caller's object.
        let aux = unsafe { header(p) }.aux.get();
        let age = aux & AGE;
        if age < 2 {
            // SAFETY: an age below 2 comes with an index into that list.
            unsafe { self.strike(age as usize, aux) }
        }
    }

    /// Parks an object that lies too deep.
    #[cold]
    #[inline(never)]
    fn park(&self, p: NonNull<u8>) {
        // SAFETY: no other reference into the list lives.
        unsafe { (*self.parked.get()).push(p) };
        self.start_cascade_clock();
    }

    #[cold]
    #[inline(never)]
    pub(super) fn start_cascade_clock(&self) {
        self.cascade.set(true);
        if self.cascade_began.get().is_none() {
            self.cascade_began.set(Some(Instant::now()));
        }
    }

    /// The outermost release goes on with what lies too deep, last parked first.
    #[cold]
    #[inline(never)]
    fn end_cascade(&self) {
        if self.depth.get() > 0 {
            return;
        }
        loop {
            // SAFETY: the list is not borrowed while drop glue runs.
            if let Some(p) = unsafe { (*self.parked.get()).pop() } {
                self.depth.set(1);
                // SAFETY: a parked object is whole, dying, has drop glue, and nobody uses it.
                unsafe {
                    let span = SpanRef::of(p);
                    self.run_drop(span, p);
                    self.free(span, p);
                }
            } else if let Some(value) = self.values.pop() {
                self.depth.set(1);
                // SAFETY: the reference that an ephemeron had.
                unsafe { release(value) }
            } else {
                break;
            }
            self.depth.set(0);
        }
        self.cascade.set(false);
        if let Some(began) = self.cascade_began.take() {
            self.holdups.since(HoldUpCause::ReleaseCascade, began)
        }
    }
}
