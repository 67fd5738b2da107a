//! What is held besides by references in the heap: pins (`Root`s, the root object), and the queue of what waits for user
//! code.  Both are where marking begins, and both may change while it goes on.
//! Not here: who marks them (`collector`), who runs what waits (`heap`).  Overview: `manager::tricolor`.

use super::{cache::Record, collector::Inner, mark::Gray, phase::Phase};
use crate::{
    object::managed::RawPending,
    sync::{
        Ordering::{Acquire, Release},
        lock, seeded,
    },
};
use std::ptr::NonNull;

/// What waits for user code.  An address, so it may cross threads.
#[derive(Clone, Copy)]
pub struct Queued(pub(super) RawPending);
// SAFETY: an address of an object that the queue keeps alive.
unsafe impl Send for Queued {}

impl Queued {
    pub(super) fn object(self) -> NonNull<u8> {
        match self.0 {
            RawPending::Finalize(p) | RawPending::WeakDied(p) | RawPending::Saved(p) => p,
        }
    }
}

/// The pins: what `Root`s and the root object keep alive.
#[derive(Default)]
pub struct Pins {
    pub(super) slots: Vec<Option<Gray>>,
    pub(super) free: Vec<usize>,
    /// Unpinned while marking: they leave at F1, so that the snapshot keeps its edges.
    pub(super) leaving: Vec<usize>,
}

impl Inner {
    // ---- pins ---------------------------------------------------------------------------------------------------
    /// Needs no shade: what a session can reach is of the snapshot, or black (I2).
    pub(super) fn pin(&self, p: NonNull<u8>) -> usize {
        let mut pins = lock(&self.pins);
        match pins.free.pop() {
            Some(pin) => {
                pins.slots[pin] = Some(Gray(p));
                pin
            }
            None => {
                pins.slots.push(Some(Gray(p)));
                pins.slots.len() - 1
            }
        }
    }
    pub(super) fn unpin(&self, pin: usize) {
        let mut pins = lock(&self.pins);
        if self.phase.get() == Phase::Mark && !seeded("unpin_not_deferred") {
            pins.leaving.push(pin);
        } else {
            pins.slots[pin] = None;
            pins.free.push(pin);
        }
    }
    /// Bytes of the pins.
    pub(super) fn roots_bytes(&self) -> usize {
        lock(&self.pins).slots.len() * size_of::<Gray>()
    }
    /// Every root, for checks.
    pub(super) fn roots(&self) -> Vec<Gray> {
        let mut out: Vec<Gray> = lock(&self.pins).slots.iter().flatten().copied().collect();
        out.extend(lock(&self.pending).iter().map(|q| Gray(q.object())));
        out.extend(lock(&self.frozen).iter());
        out
    }

    // ---- the queue ----------------------------------------------------------------------------------------------
    /// Hands out the next thing for user code.  The queue is a root: what leaves it in MARK is shaded, as any
    /// reference that is overwritten.
    pub(super) fn next_pending(&self, record: &Record) -> Option<RawPending> {
        if !self.has_pending.load(Acquire) {
            return None;
        }
        let mut gray = lock(&record.gray);
        let next = {
            let mut pending = lock(&self.pending);
            let next = pending.pop_front()?;
            if pending.is_empty() {
                self.has_pending.store(false, Release);
            }
            next
        };
        if self.phase.get() == Phase::Mark && !seeded("pending_not_shaded") {
            // SAFETY: the queue kept it alive.
            unsafe { gray.marker.mark(next.object()) }
        }
        Some(next.0)
    }
}
