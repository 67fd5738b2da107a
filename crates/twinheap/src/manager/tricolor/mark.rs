//! Marking: from gray to black.  One visitor for everybody who marks: the collector's thread, a mutator that assists,
//! and the snapshot barrier (whose stack is the mutator's gray buffer).
//!
//! An object is *white* (bit clear), *gray* (bit set, on somebody's stack) or *black* (bit set, looked at).  Objects
//! without references are never gray.  Nothing that was born in this collection is ever on a stack (I7), so marking
//! reads only memory that is older than the snapshot.
//!
//! Not here: when marking ends (`gray`, `collector`), cells (`scan`).  Overview: `manager::tricolor`.

use super::{Concurrent, Mutators, scan::ScanWord};
use crate::{
    alloc::{SpanRef, chunk},
    object::{
        trace::{Visitor, sealed},
        type_info::TypeInfo,
    },
    sync::{AtomicUsize, Mutex, Ordering::Relaxed, lock, seeded},
};
use std::ptr::NonNull;

/// An object to be looked at.  An address, so it may cross threads; who may read behind it is said by the colours.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Gray(pub NonNull<u8>);
// SAFETY: an address; see the type.
unsafe impl Send for Gray {}

/// A stack of gray objects, and what was marked through it.
pub struct Marker {
    pub(super) stack: Vec<Gray>,
    pub(super) epoch: u32,
    /// Objects marked since last asked.
    pub(super) objects: u64,
    /// Bytes of their blocks.
    pub(super) bytes: usize,
}

impl Marker {
    pub(super) fn new(epoch: u32) -> Self {
        Marker { stack: Vec::new(), epoch, objects: 0, bytes: 0 }
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
            self.objects += 1;
            self.bytes += span.block_bytes();
            if TypeInfo::in_span(span).needs_trace {
                self.stack.push(Gray(p));
            }
        }
    }
    /// Looks at gray objects until `budget` have been, or none is left; the number that was.
    #[inline]
    pub(super) fn drain(&mut self, budget: usize) -> usize {
        let mut done = 0;
        while done < budget {
            let Some(Gray(p)) = self.stack.pop() else { break };
            // SAFETY: gray objects are whole (I7) and survive this collection; what may be read in them is decided
            // cell by cell (`enter_cell`), and outside of cells nothing changes but slots, which are atomics (I5).
            unsafe { (TypeInfo::of(p).visits.first)(p, NonNull::from(&mut *self).cast()) };
            done += 1;
        }
        done
    }
    /// What was marked since the last call.
    pub(super) fn take_counts(&mut self) -> (u64, usize) {
        (std::mem::take(&mut self.objects), std::mem::take(&mut self.bytes))
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

/// The most gray objects that change hands at a time.
const SHARE_MAX: usize = 256;

/// Gray objects that anybody may take: the collector's thread puts some there when somebody would help.
#[derive(Default)]
pub struct Pool {
    blocks: Mutex<Vec<Vec<Gray>>>,
    /// Blocks that helpers would take.
    wanted: AtomicUsize,
}

impl Pool {
    /// A helper found nothing to do.
    pub(super) fn ask(&self) {
        self.wanted.store(1, Relaxed)
    }
    /// Puts a half of a stack where others can take it, if somebody asked: the oldest entries, which tend to be the
    /// largest subgraphs.
    #[inline]
    pub(super) fn share(&self, from: &mut Marker) {
        if self.wanted.load(Relaxed) != 0 && from.stack.len() >= 4 {
            let block: Vec<Gray> = from.stack.drain(..(from.stack.len() / 2).min(SHARE_MAX)).collect();
            lock(&self.blocks).push(block);
            self.wanted.store(0, Relaxed);
        }
    }
    /// Takes a block.
    pub(super) fn take(&self, into: &mut Marker) -> bool {
        match lock(&self.blocks).pop() {
            Some(mut block) => {
                into.stack.append(&mut block);
                true
            }
            None => false,
        }
    }
}
