//! Sessions and the one stop: who is inside, who wants everybody out.
//!
//! Dekker's protocol: a session stores "I am in", then looks for a stop; the collector stores "stop", then looks for
//! sessions.  With a store-load barrier on both sides at least one of them sees the other (I3).  What the collector
//! did in the stop is seen by every session after it (`stop` is stored Release, read Acquire), and the other way round.
//! Nobody spins for long: a session that finds a stop sleeps, the collector sleeps between looks.
//! Not here: what is done in the stop (`collector`).  Overview: `manager::tricolor`.

use crate::sync::{
    AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
    seeded, store_load_barrier,
};
#[cfg(not(loom))]
use crate::sync::{Condvar, Mutex, lock, spin};
#[cfg(not(loom))]
use std::time::Duration;

/// One heap's stop.
#[derive(Default)]
pub struct Handshake {
    stop: AtomicU32,
    /// What the barrier goes through under ThreadSanitizer.
    word: AtomicU32,
    #[cfg(not(loom))]
    sleepers: Mutex<()>,
    /// Sessions wait here for the stop's end.
    #[cfg(not(loom))]
    over: Condvar,
    /// The collector waits here for sessions to end.
    #[cfg(not(loom))]
    left: Condvar,
}

impl Handshake {
    /// Nobody stops.
    pub fn new() -> Self {
        Self::default()
    }
    /// Opens a session unless a stop is on; then the caller must wait and try again.
    #[inline(always)]
    pub fn try_enter(&self, in_session: &AtomicU32) -> bool {
        in_session.store(1, Relaxed);
        if !seeded("entry_without_barrier") {
            store_load_barrier(&self.word);
        }
        if self.stop.load(Acquire) == 0 {
            return true;
        }
        in_session.store(0, Release);
        false
    }
    /// Closes a session: everything it did is seen by a stop that finds it closed.
    #[inline(always)]
    pub fn leave(&self, in_session: &AtomicU32) {
        in_session.store(0, Release);
    }
    /// Whether somebody wants sessions to end.
    #[inline(always)]
    pub fn stop_wanted(&self) -> bool {
        self.stop.load(Relaxed) != 0
    }
    /// Collector: from now on no session begins; those that are open must be waited for.
    pub fn close(&self) {
        self.stop.store(1, Relaxed);
        store_load_barrier(&self.word);
    }
    /// Collector, after [`Self::close`]: whether this mutator is outside.  Once true it stays so.
    #[inline]
    pub fn is_out(&self, in_session: &AtomicU32) -> bool {
        in_session.load(Acquire) == 0
    }
    /// A session does nothing but wait for the collection's end, or goes on.
    pub fn set_waiting(&self, in_session: &AtomicU32, waiting: bool) {
        in_session.store(1 + u32::from(waiting), Release);
    }
    /// Whether this mutator is outside, or waits for the collection's end in its session.
    pub fn is_out_or_waiting(&self, in_session: &AtomicU32) -> bool {
        in_session.load(Acquire) != 1
    }
    /// Collector: sessions may begin.
    pub fn open(&self) {
        self.stop.store(0, Release);
        #[cfg(not(loom))]
        {
            drop(lock(&self.sleepers));
            self.over.notify_all();
        }
    }
}

#[cfg(not(loom))]
impl Handshake {
    /// A session's wait for the end of a stop.  A stop is microseconds of work plus the longest session: so first look
    /// for about that long, then sleep.
    #[cold]
    pub fn wait_until_open(&self) {
        let mut turns = 0;
        while self.stop_wanted() && turns < 200 {
            spin(&mut turns);
        }
        let mut sleep = lock(&self.sleepers);
        while self.stop.load(Acquire) != 0 {
            sleep = self.over.wait(sleep).unwrap_or_else(|e| e.into_inner());
        }
    }
    /// Tells a waiting collector that a session has ended.
    #[cold]
    pub fn wake_collector(&self) {
        drop(lock(&self.sleepers));
        self.left.notify_all();
    }
    /// The collector's wait between two looks.  Bounded: sessions end without a barrier, so a wake-up may be missed.
    pub fn wait_for_sessions(&self, turns: &mut u32) {
        *turns += 1;
        if *turns < 50 && !cfg!(any(miri, shuttle)) {
            std::hint::spin_loop();
            return;
        }
        let sleep = lock(&self.sleepers);
        let _ = self.left.wait_timeout(sleep, Duration::from_micros(100));
    }
}
