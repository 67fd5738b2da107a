//! Borrow words: `RefCell`'s for one mutator, a reader-writer word for many.
//! Not here: when a cell must be saved before a change (`tricolor/scan.rs`).  Overview: `object::cell`.

#[cfg(not(loom))]
use crate::sync::{
    Ordering::{Acquire, Release},
    spin, thread,
};
use crate::{
    object::managed::BorrowWord,
    sync::{AtomicU32, Ordering::Relaxed},
};
#[cfg(not(loom))]
use std::time::Duration;

const EXCLUSIVE: u32 = 1 << 31;

/// One mutator: a flag and a count.  Atomic in type only (the marker's thread shares the cell), plain in cost.
#[derive(Default)]
pub struct CellWord(AtomicU32);

impl BorrowWord for CellWord {
    #[inline(always)]
    fn try_lock_shared(&self) -> bool {
        let s = self.0.load(Relaxed);
        if s >= EXCLUSIVE - 1 {
            return false;
        }
        self.0.store(s + 1, Relaxed);
        true
    }
    #[inline(always)]
    fn unlock_shared(&self) {
        self.0.store(self.0.load(Relaxed) - 1, Relaxed)
    }
    #[inline(always)]
    fn try_lock_exclusive(&self) -> bool {
        if self.0.load(Relaxed) != 0 {
            return false;
        }
        self.0.store(EXCLUSIVE, Relaxed);
        true
    }
    #[inline(always)]
    fn unlock_exclusive(&self) {
        self.0.store(0, Relaxed)
    }
    fn is_exclusive(&self) -> bool {
        self.0.load(Relaxed) & EXCLUSIVE != 0
    }
    #[cold]
    #[track_caller]
    fn contended(&self, _: &mut u32) {
        panic!("already borrowed")
    }
}

/// Many mutators: readers and one writer, waiting by turns.
#[cfg(not(loom))]
#[derive(Default)]
pub struct SharedWord(AtomicU32);

#[cfg(not(loom))]
impl BorrowWord for SharedWord {
    #[inline]
    fn try_lock_shared(&self) -> bool {
        let mut s = self.0.load(Relaxed);
        while s < EXCLUSIVE - 1 {
            match self.0.compare_exchange_weak(s, s + 1, Acquire, Relaxed) {
                Ok(_) => return true,
                // Another reader was quicker, or nothing happened at all: that is no answer for `try_borrow`.
                Err(now) => s = now,
            }
        }
        false
    }
    #[inline]
    fn unlock_shared(&self) {
        self.0.fetch_sub(1, Release);
    }
    #[inline]
    fn try_lock_exclusive(&self) -> bool {
        self.0.compare_exchange(0, EXCLUSIVE, Acquire, Relaxed).is_ok()
    }
    #[inline]
    fn unlock_exclusive(&self) {
        // Nobody else writes the word while the flag is set.
        self.0.store(0, Release)
    }
    fn is_exclusive(&self) -> bool {
        self.0.load(Relaxed) & EXCLUSIVE != 0
    }
    /// Waits a turn; after a second it is a deadlock, and says so.
    #[cold]
    #[track_caller]
    fn contended(&self, turns: &mut u32) {
        spin(turns);
        // The first thousand turns give the processor away; then a turn sleeps a millisecond, so turns tell the time.
        if *turns > 1_000 && !cfg!(miri) {
            thread::sleep(Duration::from_millis(1));
        }
        if *turns > 2_000 && !cfg!(miri) {
            panic!("cell borrowed for more than a second: a borrow of this thread's own, or a deadlock of two threads")
        }
    }
}
