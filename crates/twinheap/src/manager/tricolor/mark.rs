//! Marking: from gray to black.  One visitor for everybody who marks: the collector's thread and those that help it, a
//! mutator that assists, and the snapshot barrier (whose stack is the mutator's gray buffer).
//!
//! An object is *white* (bit clear), *gray* (bit set, on somebody's stack or on the shelf) or *black* (bit set, looked at).
//! Objects without references are never gray.  Nothing that was born in this collection is ever on a stack (I7), so marking
//! reads only memory that is older than the snapshot.
//!
//! A tail of more than [`PIECE_BYTES`] is looked at in pieces (Go's oblets, 128 KiB): who takes a piece puts the rest where
//! anybody may take it, and then looks.  So no step is longer than a piece, workers share an array, and one entry stands
//! for all of what is left.  Nothing else changes: elements are slots and cells, and what is proved of them (I4, I5) is
//! proved of each by itself; a rest is gray work like any other, so F1 does not end without it (I6).  What is large without a
//! tail (a vector in a cell, a fixed array) is still one step.
//!
//! Not here: where gray objects wait (`work`), when marking ends (`gray`, `collector`), cells (`scan`).  Overview:
//! `manager::tricolor`.

use super::{
    Concurrent, Mutators,
    scan::ScanWord,
    work::{Stack, Taken, Work},
};
use crate::{
    alloc::{SpanRef, chunk},
    object::{
        trace::{Visitor, sealed},
        type_info::{Pieces, TypeInfo},
    },
    sync::{Arc, AtomicU32, Ordering::Relaxed, seeded},
};
use std::ptr::NonNull;

/// Bytes of a tail that are looked at in one step.
pub const PIECE_BYTES: usize = if cfg!(miri) { 2 << 10 } else { 128 << 10 };
/// Bytes a worker looks at between two looks at who would take something.
const SLICE_BYTES: usize = if cfg!(miri) { 1 << 10 } else { 32 << 10 };

/// An object to be looked at.  An address, so it may cross threads; who may read behind it is said by the colours.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Gray(pub NonNull<u8>);
// SAFETY: an address; see the type.
unsafe impl Send for Gray {}

/// What is left of a tail: the elements from `from` on.
#[derive(Clone, Copy)]
pub struct Rest {
    object: Gray,
    from: usize,
}

/// Where gray objects wait.
pub type Pool = Work<Gray, Rest>;

/// What a marker has done since it was last asked.
#[derive(Clone, Copy, Default)]
pub struct Done {
    /// Objects marked.
    pub(super) objects: u64,
    /// Bytes of their blocks.
    pub(super) bytes: usize,
    /// Pieces of tails looked at.
    pub(super) pieces: u64,
    /// The most bytes of an object larger than a piece that were looked at in one step.
    pub(super) step_bytes_max: usize,
}

/// A stack of gray objects, and what was marked through it.
pub struct Marker {
    stack: Stack<Gray>,
    pool: Arc<Pool>,
    pub(super) epoch: u32,
    /// Whether it is a worker's that counts as active.
    active: bool,
    done: Done,
}

impl Marker {
    pub(super) fn new(epoch: u32, pool: &Arc<Pool>) -> Self {
        Marker { stack: Stack::default(), pool: pool.clone(), epoch, active: false, done: Done::default() }
    }
    /// Marks the object at `p`; pushes it if that is new and there is something to look at.
    ///
    /// # Safety
    /// `p` is an object of this heap: older than the snapshot, or already marked.
    #[inline(always)]
    pub(super) unsafe fn mark(&mut self, p: NonNull<u8>) {
        // SAFETY: an object of ours by the caller's promise, so its chunk is mapped and its span has a type.
        unsafe {
            if !chunk::try_mark(p) {
                return;
            }
            let span = SpanRef::of(p);
            self.done.objects += 1;
            self.done.bytes += span.block_bytes();
            if TypeInfo::in_span(span).needs_trace {
                self.stack.push(Gray(p), &self.pool);
            }
        }
    }
    /// Looks at gray objects until so many bytes of them have been, or none is left in its own stack; the bytes that were:
    /// at most a step more than the budget.
    #[inline]
    pub(super) fn drain(&mut self, budget_bytes: usize) -> usize {
        let mut done_bytes = 0;
        while done_bytes < budget_bytes {
            let Some(Gray(p)) = self.stack.pop() else { break };
            // SAFETY: gray objects are whole (I7) and survive this collection; what may be read in them is decided
            // cell by cell (`enter_cell`), and outside of cells nothing changes but slots, which are atomics (I5).
            unsafe {
                let span = SpanRef::of(p);
                let (info, bytes) = (TypeInfo::in_span(span), span.block_bytes());
                done_bytes += if bytes <= PIECE_BYTES {
                    (info.visits.first)(p, NonNull::from(&mut *self).cast());
                    bytes
                } else {
                    self.look_at_large(p, info, bytes)
                };
            }
        }
        done_bytes
    }
    /// Looks at an object that is larger than a piece, or at its first piece; the bytes looked at.
    ///
    /// # Safety
    /// As in [`Self::drain`]: the object is gray, and this is its type and size.
    #[cold]
    #[inline(never)]
    unsafe fn look_at_large(&mut self, p: NonNull<u8>, info: &'static TypeInfo, bytes: usize) -> usize {
        if info.pieces.is_some() && !seeded("tail_in_one_step") {
            return self.look_at_piece(Rest { object: Gray(p), from: 0 });
        }
        // SAFETY: the caller's promise.
        unsafe { (info.visits.first)(p, NonNull::from(&mut *self).cast()) };
        self.done.step_bytes_max = self.done.step_bytes_max.max(bytes);
        bytes
    }
    /// Looks at the first piece of a rest; what is left then is on the shelf before that.
    fn look_at_piece(&mut self, Rest { object, from }: Rest) -> usize {
        // SAFETY: an object that was gray is whole.
        let info = unsafe { TypeInfo::of(object.0) };
        let Some(Pieces { len, visit }) = info.pieces else { return 0 };
        // SAFETY: as above.
        let len = unsafe { len(object.0) };
        let to = from.saturating_add((PIECE_BYTES / info.element_size).max(1)).min(len);
        if to < len && !seeded("rest_of_a_tail_lost") {
            self.pool.give_rest(Rest { object, from: to })
        }
        // SAFETY: as in `drain`, element by element; the range lies within the tail.
        unsafe { visit(object.0, from..to, NonNull::from(&mut *self).cast()) };
        let bytes = (to - from) * info.element_size;
        self.done.pieces += 1;
        self.done.step_bytes_max = self.done.step_bytes_max.max(bytes);
        bytes
    }
    /// What has been taken is in the stack, or is looked at; the bytes that were.
    fn begin(&mut self, taken: Taken<Rest>) -> usize {
        match taken {
            Taken::Segment => 0,
            Taken::Rest(rest) => self.look_at_piece(rest),
        }
    }

    // ---- a mutator --------------------------------------------------------------------------------------------------
    /// For a mutator in MARK that holds its gray lock: looks at gray objects of so many bytes, its own first and then those
    /// of the shelf, or at as many as are to be had.  The bytes it looked at: at most a step (a piece) more than the budget.
    /// What it did not look at is on the shelf then.
    pub(super) fn mark_some(&mut self, budget_bytes: usize) -> usize {
        let mut done_bytes = 0;
        while done_bytes < budget_bytes {
            done_bytes += self.drain(budget_bytes - done_bytes);
            if done_bytes < budget_bytes {
                match self.pool.take(&mut self.stack) {
                    Some(taken) => done_bytes += self.begin(taken),
                    None => {
                        self.pool.ask();
                        break;
                    }
                }
            }
        }
        self.give_all();
        done_bytes
    }
    /// Whether nothing gray is in it.
    pub(super) fn is_empty(&self) -> bool {
        self.stack.is_empty()
    }
    /// Puts what is in it on the shelf.
    pub(super) fn give_all(&mut self) {
        self.stack.give_all(&self.pool)
    }

    // ---- a worker ---------------------------------------------------------------------------------------------------
    /// The worker that leads begins: it is active.
    pub(super) fn lead(&mut self) {
        self.pool.begin(&mut self.active)
    }
    /// Looks at what it has, a slice, and shares if somebody would take something.  False when it has nothing any more.
    #[inline]
    pub(super) fn slice(&mut self) -> bool {
        let done_bytes = self.drain(SLICE_BYTES);
        if self.pool.is_hungry() {
            self.stack.share(&self.pool)
        }
        done_bytes != 0
    }
    /// With nothing: waits for work, as [`Work::next`], of the collection that is on then.  False when there is none.
    pub(super) fn next(&mut self, leads: bool, epoch: &AtomicU32) -> bool {
        match self.pool.next(&mut self.active, leads, &mut self.stack) {
            Some(taken) => {
                // Published before anything came to the shelf.
                self.epoch = epoch.load(Relaxed);
                self.begin(taken);
                true
            }
            None => false,
        }
    }
    /// Puts back what it has, and is not active any more.
    pub(super) fn leave(&mut self) {
        self.give_all();
        self.pool.leave(&mut self.active)
    }
    /// What was done since the last call.
    pub(super) fn take_done(&mut self) -> Done {
        std::mem::take(&mut self.done)
    }
}

impl sealed::Sealed for Marker {}
impl<B: Mutators> Visitor<Concurrent<B>> for Marker {
    #[inline(always)]
    fn edge(&mut self, target: NonNull<u8>) {
        // SAFETY: a reference found in an object of the snapshot: its target is of the snapshot, or was born later and
        // is marked (I7; its mark is seen because the reference was stored with Release and read with Acquire).
        unsafe { self.mark(target) }
    }
    fn ephemeron(&mut self, key: *mut u8, value: NonNull<u8>) {
        // What is not decided now is decided before marking ends (`ephemeron`).
        // SAFETY: a key that was not cleared is an object.
        let lives = NonNull::new(key).is_some_and(|key| unsafe { chunk::is_marked(key) });
        if lives || seeded("ephemeron_keeps_value_without_key") {
            // SAFETY: as in `edge`.
            unsafe { self.mark(value) }
        }
    }
    #[inline(always)]
    fn enter_cell(&mut self, scan: &ScanWord, borrow: &B) -> bool {
        // The borrow word says nothing here: a forgotten guard leaves it stuck (I11).
        if seeded("marker_minds_borrows") && borrow.is_exclusive() {
            return false;
        }
        scan.marker_enter(self.epoch)
    }
    #[inline(always)]
    fn exit_cell(&mut self, scan: &ScanWord) {
        scan.marker_exit(self.epoch)
    }
}

/// Lists references, entering every cell whatever its words say.  For objects that nobody can reach any more, and for
/// looks while no session is open (a forgotten guard cannot be used then).
pub struct Edges {
    pub(super) found: Vec<Gray>,
    minds_borrows: bool,
}
impl Edges {
    pub(super) fn new() -> Self {
        Edges { found: Vec::new(), minds_borrows: false }
    }
    /// Passes over cells that are borrowed mutably: for a look while a session waits.
    pub(super) fn minding_borrows() -> Self {
        Edges { found: Vec::new(), minds_borrows: true }
    }
    /// The references of the object at `p`, in its order.
    ///
    /// # Safety
    /// `p` is a whole object, and no thread changes it meanwhile.
    pub(super) unsafe fn of(&mut self, p: NonNull<u8>) -> &[Gray] {
        self.found.clear();
        // SAFETY: the caller's promise; the function is the type's own, for this visitor.
        unsafe { (TypeInfo::of(p).visits.second)(p, NonNull::from(&mut *self).cast()) };
        &self.found
    }
}
impl sealed::Sealed for Edges {}
impl<B: Mutators> Visitor<Concurrent<B>> for Edges {
    fn edge(&mut self, target: NonNull<u8>) {
        self.found.push(Gray(target))
    }
    fn ephemeron(&mut self, key: *mut u8, value: NonNull<u8>) {
        // While sessions wait, marks say who is alive; otherwise whoever was not cleared is.
        // SAFETY: a key that was not cleared is an object.
        if NonNull::new(key).is_some_and(|key| !self.minds_borrows || unsafe { chunk::is_marked(key) }) {
            self.found.push(Gray(value))
        }
    }
    fn enter_cell(&mut self, _: &ScanWord, borrow: &B) -> bool {
        !(self.minds_borrows && borrow.is_exclusive())
    }
    fn exit_cell(&mut self, _: &ScanWord) {}
}
