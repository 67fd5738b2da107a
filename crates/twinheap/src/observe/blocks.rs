//! [`BlockEvent`]: what becomes of blocks, noted while somebody asks for it (Python's `tracemalloc` does).
//!
//! Off, it costs nothing: a fast path that could hand out or take back a block without a word is shut while it is on
//! (`refcount/cache` fills no line of its table, and spans bear a bit that sends a free block the slow way; tricolor's
//! runs are one block long, and sweeps look at each dead block).  On, each block costs about 20 ns more.
//! Events lie in one list in the order of what they tell, so an address that is handed out again comes after its `Freed`.
//! Not here: who asked for the block, which whoever asks must know.  Overview: `observe`.

use crate::sync::{
    AtomicU8, Mutex,
    Ordering::{Acquire, Relaxed, Release},
    lock,
};

/// What became of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockEvent {
    /// It was handed out for an object.
    HandedOut {
        /// The object's address.
        address: usize,
        /// Bytes of the block: header, object, slack.
        block_bytes: usize,
    },
    /// It is free again.
    Freed {
        /// The address the object had.
        address: usize,
    },
}

/// The list of a heap; what is done with it is said by [`crate::Mutation`].
#[derive(Default)]
pub struct Blocks {
    on: AtomicU8,
    any: AtomicU8,
    events: Mutex<Vec<BlockEvent>>,
}

impl Blocks {
    #[inline(always)]
    pub(crate) fn is_on(&self) -> bool {
        self.on.load(Relaxed) != 0
    }
    /// On or off; what was noted before is forgotten.
    pub(crate) fn set(&self, on: bool) {
        let mut events = lock(&self.events);
        self.on.store(on.into(), Relaxed);
        self.any.store(0, Relaxed);
        *events = Vec::new();
    }
    fn note(&self, event: BlockEvent) {
        let mut events = lock(&self.events);
        // Looked at under the lock: none is noted once `set(false)` has returned.
        if self.is_on() {
            events.push(event);
            self.any.store(1, Release);
        }
    }
    #[cold]
    pub(crate) fn handed_out(&self, address: usize, block_bytes: usize) {
        self.note(BlockEvent::HandedOut { address, block_bytes })
    }
    #[cold]
    pub(crate) fn freed(&self, address: usize) {
        self.note(BlockEvent::Freed { address })
    }
    /// Whether [`Self::take`] would answer anything.  Cost: a load.
    #[inline(always)]
    pub(crate) fn any(&self) -> bool {
        self.any.load(Acquire) != 0
    }
    /// What was noted since the last call, in its order.
    pub(crate) fn take(&self) -> Vec<BlockEvent> {
        let mut events = lock(&self.events);
        self.any.store(0, Relaxed);
        std::mem::take(&mut events)
    }
}
