//! The primitives that threads meet on: std's; loom's when a model is checked (`--cfg loom`); or those under which shuttle
//! chooses who goes on (`--cfg shuttle`, [`shuttled`]).  Clocks and threads too, because waits are among them.
//!
//! Not a drawer for helpers: what is here is swapped as a whole by a checker.  The one rule of use: a fence is
//! never written out, it goes through [`store_load_barrier`], because ThreadSanitizer does not understand fences
//! and loom does not understand SeqCst accesses.

#[cfg(loom)]
pub use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering},
};
#[cfg(shuttle)]
mod shuttled;
#[cfg(shuttle)]
pub use self::shuttled::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Condvar, Instant, Mutex, MutexGuard, thread,
};
#[cfg(shuttle)]
pub use shuttle::thread_local;
#[cfg(not(loom))]
pub use std::sync::{Arc, atomic::Ordering};
#[cfg(not(any(loom, shuttle)))]
pub use std::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize},
};
#[cfg(not(shuttle))]
pub use std::time::Instant;
#[cfg(not(any(loom, shuttle)))]
pub use std::{thread, thread_local};

/// Orders every store before it against every load after it, on this thread (the Dekker fence).
///
/// A fence normally; a SeqCst read-modify-write of `word` under ThreadSanitizer (which ignores fences); loom's fence
/// under loom.  Both sides of a handshake pass the same `word`.
#[inline(always)]
pub fn store_load_barrier(word: &AtomicU32) {
    #[cfg(loom)]
    {
        let _ = word;
        loom::sync::atomic::fence(Ordering::SeqCst);
    }
    #[cfg(all(not(loom), twinheap_tsan))]
    word.fetch_add(0, Ordering::SeqCst);
    #[cfg(all(not(loom), not(twinheap_tsan)))]
    {
        let _ = word;
        std::sync::atomic::fence(Ordering::SeqCst);
    }
}

/// One turn of a wait loop that another thread will end soon: spins at first, then gives the processor away.
#[inline]
pub fn spin(turns: &mut u32) {
    *turns += 1;
    #[cfg(loom)]
    loom::thread::yield_now();
    #[cfg(shuttle)]
    thread::yield_now();
    #[cfg(not(any(loom, shuttle)))]
    if *turns < 64 && !cfg!(miri) { std::hint::spin_loop() } else { std::thread::yield_now() }
}

/// Locks, ignoring poison: no invariant of ours is left broken by a panic while one of these locks is held (the
/// critical sections run no user code; where they do, the panic is caught inside).
#[inline]
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    match mutex.lock() {
        Ok(guard) => guard,
        Err(poison) => poison.into_inner(),
    }
}

/// Whether the fault `name` is switched on: a constant false, unless the library was built with `--cfg twinheap_bugs`
/// and the environment's TWINHEAP_BUG is that name (`cargo xtask seeded`).
#[inline(always)]
pub fn seeded(name: &'static str) -> bool {
    #[cfg(twinheap_bugs)]
    {
        static ON: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
        ON.get_or_init(|| std::env::var("TWINHEAP_BUG").ok()).as_deref() == Some(name)
    }
    #[cfg(not(twinheap_bugs))]
    {
        let _ = name;
        false
    }
}
