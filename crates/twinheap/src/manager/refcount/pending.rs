//! What user code has to do for dead objects: one queue, handed out depth first.
//!
//! Releases append to `incoming`.  Whoever asks for the next one gets first, in order, what came in since the last was
//! handed out: what a finalizer itself released runs before what was released after it, as CPython's nesting has it.
//! A queued object keeps its last reference; a queued box has one of its own.
//! What is still queued when the heap is taken down does not run.  Overview: `manager::refcount`.

use super::{CountingHeap, collect::Suspended};
use crate::{object::managed::RawPending, sync::seeded};
use std::ptr::NonNull;

/// The queue, and the collections that wait for it.
#[derive(Default)]
pub(super) struct Queue {
    incoming: Vec<RawPending>,
    /// The next one is at the end.
    stack: Vec<RawPending>,
    /// In the order they began.  At most one was asked for; the others began at allocations of a long session.
    suspended: Vec<Suspended>,
}

impl RawPending {
    /// The object it is about.
    pub(crate) fn object(&self) -> NonNull<u8> {
        match *self {
            RawPending::Finalize(p) | RawPending::WeakDied(p) | RawPending::Saved(p) => p,
        }
    }
}

impl CountingHeap {
    #[allow(clippy::mut_from_ref, reason = "a cell's contents, borrowed for a few lines without user code")]
    fn pending(&self) -> &mut Queue {
        // SAFETY: every caller is done with it before anything else runs.
        unsafe { &mut *self.pending.get() }
    }

    /// Appends; the reference goes with it.
    #[cold]
    pub(super) fn queue(&self, what: RawPending) {
        self.tally.queue(what.errand());
        self.pending().incoming.push(what);
        self.queued.set(self.queued.get() + 1);
        self.set_pending(true);
    }

    fn set_pending(&self, on: bool) {
        self.has_pending.set(on);
        self.retune_quick()
    }
    /// Whether [`Self::next_pending`] would answer, or has a collection to finish.
    #[inline(always)]
    pub(super) fn has_pending(&self) -> bool {
        self.has_pending.get()
    }

    /// The next one, with its reference.
    pub(super) fn next_pending(&self) -> Option<RawPending> {
        loop {
            let queue = self.pending();
            queue.stack.extend(queue.incoming.drain(..).rev());
            let next = queue.stack.pop();
            // Collections that began at an allocation go on when their finalizers have run; that may queue more.
            let ours = queue.suspended.iter().any(|s| s.by_itself);
            self.set_pending(!queue.stack.is_empty() || ours);
            if next.is_some() || !ours || self.collecting.get() {
                return next;
            }
            self.finish(true);
        }
    }

    /// Whether a collection waits that somebody asked for: then there is no other (R5).
    pub(super) fn is_suspended(&self) -> bool {
        self.pending().suspended.iter().any(|s| !s.by_itself)
    }
    /// How many wait in the queue.
    pub(crate) fn waiting(&self) -> usize {
        let queue = self.pending();
        // One for a collection that goes on when the queue is empty.
        queue.incoming.len() + queue.stack.len() + 1
    }
    pub(super) fn suspend(&self, collection: Suspended) {
        // Its finalizers may have run before: those of others that died with it make room for them.
        if collection.by_itself && !seeded("suspended_and_forgotten") {
            self.set_pending(true)
        }
        self.pending().suspended.push(collection);
    }
    /// The first that began by itself, or the one that was asked for.
    pub(super) fn take_suspended(&self, by_itself: bool) -> Option<Suspended> {
        let queue = self.pending();
        let at = queue.suspended.iter().position(|s| s.by_itself == by_itself)?;
        let taken = queue.suspended.remove(at);
        let ours = queue.suspended.iter().any(|s| s.by_itself);
        self.set_pending(!queue.stack.is_empty() || !queue.incoming.is_empty() || ours);
        Some(taken)
    }

    /// The objects in the queue, next to go first; and those that suspended collections hold.
    pub(super) fn queued_objects(&self) -> (Vec<RawPending>, Vec<*mut u8>) {
        let queue = self.pending();
        let queued = queue.incoming.iter().chain(queue.stack.iter().rev()).copied().collect();
        (queued, queue.suspended.iter().flat_map(|s| s.condemned.iter().copied()).collect())
    }
}
