//! What threads meet on under shuttle (`--cfg shuttle`): every operation is a point at which another thread may go on.
//!
//! Shuttle runs all threads of a test as coroutines of one, and chooses at each point who goes on.  Its own atomics are
//! larger than words, but the heap's mark bits lie in mapped memory, zeroed and as large as they are: so here they are std's,
//! with the point before.  (All of them are sequentially consistent here, whatever they ask for: what an ordering too weak
//! breaks is found by loom and ThreadSanitizer.)
//!
//! *Time* does not pass by itself, or a schedule could not be run again: a look at the clock takes a microsecond, a wait
//! what it waits for.  A wait of less than [`FOR_EVER`] gives others a turn and is over; a longer one ends when it is woken
//! alone, so a wake-up that is lost is a deadlock, which shuttle finds.
//! Not a model: the heap that runs here is the real one.  Overview: `sync`; the tests: `tests/shuttle.rs`.

use shuttle::sync as theirs;
use std::{
    cell::Cell,
    ops::{Add, Deref, DerefMut, Sub},
    sync::{
        LockResult, PoisonError, TryLockError, TryLockResult,
        atomic::{self as words, Ordering},
    },
    time::Duration,
};

/// Waits from here on end when they are woken, not otherwise.
const FOR_EVER: Duration = Duration::from_secs(1);
/// In how many turns a shorter wait's time passes.
const TURNS: u32 = 4;

/// Another thread may go on here.
#[inline]
fn point() {
    shuttle::thread::sleep(Duration::ZERO)
}

/// One operation of an atomic: std's, after a point.
macro_rules! operation {
    ($value:ty, load) => {
        pub fn load(&self, order: Ordering) -> $value {
            point();
            self.0.load(order)
        }
    };
    ($value:ty, store) => {
        pub fn store(&self, value: $value, order: Ordering) {
            point();
            self.0.store(value, order)
        }
    };
    ($value:ty, $exchange:ident of two) => {
        pub fn $exchange(&self, old: $value, new: $value, then: Ordering, else_: Ordering) -> Result<$value, $value> {
            point();
            self.0.compare_exchange(old, new, then, else_)
        }
    };
    ($value:ty, $change:ident) => {
        pub fn $change(&self, value: $value, order: Ordering) -> $value {
            point();
            self.0.$change(value, order)
        }
    };
}
macro_rules! atomics {
    ($($name:ident $(<$t:ident>)? of $value:ty: $($operation:ident $(of $two:ident)?),+;)+) => { $(
        /// As std's, with a point before each operation; those that the heap uses.
        #[derive(Debug)]
        #[repr(transparent)]
        pub struct $name $(<$t>)? (words::$name $(<$t>)?);
        impl $(<$t>)? $name $(<$t>)? {
            pub const fn new(value: $value) -> Self {
                $name(words::$name::new(value))
            }
            $(operation!($value, $operation $(of $two)?);)+
        }
        impl $(<$t>)? Default for $name $(<$t>)? {
            fn default() -> Self {
                $name(words::$name::default())
            }
        }
    )+ };
}
atomics! {
    AtomicBool of bool: load, store, swap;
    AtomicU8 of u8: load, store, swap;
    AtomicU32 of u32: load, store, swap, fetch_add, fetch_sub, compare_exchange of two, compare_exchange_weak of two;
    AtomicU64 of u64: load, store, swap, fetch_add, fetch_sub, fetch_or, fetch_and, fetch_max;
    AtomicUsize of usize: load, store, swap, fetch_add, fetch_sub, fetch_max, compare_exchange of two;
    AtomicPtr<T> of *mut T: load, store, swap;
}

/// Shuttle's, whose guards know it, so that a wait can let go of it.
#[derive(Debug, Default)]
pub struct Mutex<T: ?Sized>(theirs::Mutex<T>);
/// A locked mutex.
#[derive(Debug)]
pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    guard: theirs::MutexGuard<'a, T>,
}
impl<T> Mutex<T> {
    pub const fn new(value: T) -> Self {
        Mutex(theirs::Mutex::new(value))
    }
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        self.guarded(self.0.lock())
    }
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Ok(MutexGuard { mutex: self, guard }),
            Err(TryLockError::Poisoned(poison)) => self.guarded(Err(poison)).map_err(TryLockError::Poisoned),
            Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
        }
    }
    fn guarded<'a>(&'a self, locked: LockResult<theirs::MutexGuard<'a, T>>) -> LockResult<MutexGuard<'a, T>> {
        match locked {
            Ok(guard) => Ok(MutexGuard { mutex: self, guard }),
            Err(poison) => Err(PoisonError::new(MutexGuard { mutex: self, guard: poison.into_inner() })),
        }
    }
}
impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.guard
    }
}
impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

/// Shuttle's, with waits that end (see above).
#[derive(Debug, Default)]
pub struct Condvar(theirs::Condvar);
impl Condvar {
    pub const fn new() -> Self {
        Condvar(theirs::Condvar::new())
    }
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        let mutex = guard.mutex;
        mutex.guarded(self.0.wait(guard.guard))
    }
    /// The second of the answer says nothing: who waits so looks for itself.
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        at_most: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, ())> {
        let locked = if at_most >= FOR_EVER {
            self.wait(guard)
        } else {
            let mutex = guard.mutex;
            drop(guard);
            thread::sleep(at_most / TURNS);
            mutex.lock()
        };
        locked.map(|guard| (guard, ())).map_err(|poison| PoisonError::new((poison.into_inner(), ())))
    }
    pub fn notify_one(&self) {
        self.0.notify_one()
    }
    pub fn notify_all(&self) {
        self.0.notify_all()
    }
}

pub mod thread {
    //! Threads: shuttle's, with as many processors on any machine, and sleep that takes its time.
    use super::{Duration, pass};
    pub use shuttle::thread::{Builder, JoinHandle, Thread, current, yield_now};
    use std::num::NonZero;

    pub fn available_parallelism() -> std::io::Result<NonZero<usize>> {
        Ok(NonZero::new(4).expect("four"))
    }
    pub fn sleep(time: Duration) {
        pass(time);
        yield_now()
    }
}

std::thread_local! {
    /// Nanoseconds since the operating system's thread began, on which all threads of a test run.
    static CLOCK: Cell<u64> = const { Cell::new(0) };
}
fn pass(time: Duration) -> u64 {
    let now = CLOCK.get() + time.as_nanos() as u64;
    CLOCK.set(now);
    now
}

/// A moment of the time described above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(u64);
impl Instant {
    pub fn now() -> Self {
        Instant(pass(Duration::from_micros(1)))
    }
    pub fn elapsed(self) -> Duration {
        Instant::now() - self
    }
    pub fn saturating_duration_since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}
impl Sub for Instant {
    type Output = Duration;
    fn sub(self, earlier: Instant) -> Duration {
        self.saturating_duration_since(earlier)
    }
}
impl Add<Duration> for Instant {
    type Output = Instant;
    fn add(self, time: Duration) -> Instant {
        Instant(self.0.saturating_add(time.as_nanos() as u64))
    }
}
