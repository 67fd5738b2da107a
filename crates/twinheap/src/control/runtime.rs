//! Go 1.27's `runtime`, `runtime/debug` and `runtime/metrics` over a heap: the same names, answers and laws.
//!
//! ```
//! use twinheap::{control::runtime, Config, Gc, Heap, Rootable, Slot, Trace, Tricolor};
//! #[derive(Trace)]
//! #[trace(manager = Tricolor)]
//! struct Node<'gc>(Slot<'gc, Node<'gc>, Tricolor>);
//! struct R;
//! impl Rootable<Tricolor> for R {
//!     type Root<'gc> = Slot<'gc, Node<'gc>, Tricolor>;
//! }
//! let heap = Heap::<R, Tricolor>::new(Config::default(), |_| Slot::empty())?;
//! let mut mutator = heap.mutator()?;
//! mutator.mutate(|mc, _| (0..1000).for_each(|_| _ = Gc::new(mc, Node(Slot::empty()))));
//! assert_eq!(runtime::set_gc_percent(&heap, 50)?, 100);
//! runtime::gc(&mut mutator);
//! let stats = runtime::read_mem_stats(&heap);
//! assert_eq!((stats.frees, stats.num_gc, stats.num_forced_gc), (1000, 1, 1));
//! assert_eq!(runtime::metrics::read(&heap, "/gc/cycles/forced:gc-cycles")?.as_u64(), Some(1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//! | in Go | here | where it does not apply |
//! |---|---|---|
//! | `runtime.GC()` | [`gc`] | `Null` finds nothing |
//! | `debug.SetGCPercent(n)`, `GOGC` | [`set_gc_percent`], [`Config::gogc`](crate::Config::gogc) | `RefCount`, `Null`: [`KnobError`] |
//! | `debug.SetMemoryLimit(n)`, `GOMEMLIMIT` | [`set_memory_limit`], [`memory_limit_bytes`] | `Null`: [`KnobError`] |
//! | `debug.FreeOSMemory()` | [`free_os_memory`] | |
//! | `runtime.ReadMemStats(&m)` | [`read_mem_stats`], [`MemStats`] | fields say so |
//! | `debug.ReadGCStats(&s)` | [`MemStats`]: `num_gc`, `pause_ns`, `pause_end`; [`metrics`] has the quantiles | |
//! | `metrics.All()`, `metrics.Read(s)` | [`metrics::all`], [`metrics::read`], [`metrics::read_all`] | [`metrics::ReadError`] |
//! | `runtime.AddCleanup(p, f, a)`, `Stop` | [`Cleanup::new`](crate::Cleanup::new), [`Cleanup::stop`](crate::Cleanup::stop) | |
//! | `runtime.SetFinalizer(p, f)` | [`Finalize`](crate::Finalize), of a type: `#[trace(finalize)]` | |
//! | `runtime.SetFinalizer(p, nil)` | no word: a finalizer is its type's | |
//! | `runtime.KeepAlive(p)` | not needed: what a session can name lives to its end | |
//! | `runtime.Pinner` | [`Root`](crate::Root): keeps alive; nothing ever moves | |
//! | `weak.Make(p)`, `Value()` | [`GcWeak`](crate::GcWeak): `new`, `upgrade` | |
//! | `GODEBUG=gctrace=1` | [`Config::on_collection`](crate::Config::on_collection), [`gctrace::line()`] | `RefCount`, `Null`: no lines |
//! | `GODEBUG=gccheckmark=1`, `clobberfree=1` | [`Config::zeal`](crate::Config::zeal), which does both | |
//! | `debug.WriteHeapDump` | [`Mutation::walk`](crate::Mutation::walk), `referents` | one mutator only |
//! | `runtime.NumGoroutine`, `GOMAXPROCS`, `Stack`, `debug.SetMaxStack`, … | no word: threads are the program's | |
//!
//! [`memory_limit_bytes`]: crate::Config::memory_limit_bytes
//!
//! Each line is tried below, in [`table`].  Words that would change nothing are absent rather than ignored.
//!
//! Not here: CPython's words ([`super::gc`]).  Overview: `control`.

pub mod gctrace;
pub mod mem_stats;
pub mod metrics;
pub mod table;

use crate::{
    heap::{Heap, Mutator},
    object::{
        managed::{Manager, Request},
        root::Rootable,
        session::Mutation,
    },
};
pub use mem_stats::{BySize, MemStats, read_mem_stats};
use std::fmt;

/// Whom these functions may ask: a [`Heap`] (from any thread that has it), a [`Mutator`], an open session's [`Mutation`].
pub trait Of: sealed::Sealed {
    /// Whose heap it is.
    type Manager: Manager;
    #[doc(hidden)]
    fn shared(&self) -> &<Self::Manager as Manager>::Shared;
}
mod sealed {
    pub trait Sealed {}
}
macro_rules! of {
    ($([$($generics:tt)*] $who:ty, $this:ident => $shared:expr;)*) => {
        $(impl<$($generics)*> sealed::Sealed for $who {}
        impl<$($generics)*> Of for $who {
            type Manager = M;
            fn shared(&self) -> &M::Shared {
                let $this = self;
                $shared
            }
        })*
    };
}
of! {
    [R: Rootable<M>, M: Manager] Heap<R, M>, heap => heap.shared();
    [R: Rootable<M>, M: Manager] Mutator<R, M>, mutator => mutator.shared();
    [M: Manager] Mutation<'_, M>, mc => M::shared(mc.local());
}

/// A knob that could not be turned; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnobError {
    /// The manager has no such knob.
    NotThisManagers {
        /// Go's name for it.
        knob: &'static str,
        /// [`Manager::NAME`].
        manager: &'static str,
    },
    /// A memory limit below the smallest heap there is
    /// ([`MIN_LIMIT_BYTES`](crate::config::MIN_LIMIT_BYTES)); Go would collect without end.
    LimitTooSmall,
}
impl fmt::Display for KnobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KnobError::NotThisManagers { knob, manager } => write!(f, "{knob} is not a knob of the manager {manager}"),
            KnobError::LimitTooSmall => f.write_str("the memory limit is below 8 MiB, the smallest heap there is"),
        }
    }
}
impl std::error::Error for KnobError {}

/// `runtime.GC`: a collection of everything, begun after the call, and swept when this returns; finalizers that it found
/// have run too ([`Finalizers::Automatic`](crate::config::Finalizers::Automatic); in Go they may still wait).
///
/// Works with GOGC off and with collections by themselves switched off, and counts as forced.  Nothing within another
/// collection (a callback, a `Drop`).  Cost: a look at everything that lives.
#[track_caller]
pub fn gc<R: Rootable<M>, M: Manager>(mutator: &mut Mutator<R, M>) {
    mutator.collect(Request::FULL);
}

/// `debug.SetGCPercent`: the heap may grow by this percentage of what lives before the next collection; negative is off (a
/// memory limit still collects).  The old one, -1 for off.  Takes effect at once.
///
/// # Errors
/// [`KnobError::NotThisManagers`] under `RefCount`, which has thresholds ([`super::gc::set_threshold`]), and `Null`.
pub fn set_gc_percent<O: Of>(of: &O, percent: i32) -> Result<i32, KnobError> {
    let old = O::Manager::gc_percent(of.shared(), Some(u32::try_from(percent).ok()));
    let old = old.ok_or(KnobError::NotThisManagers { knob: "SetGCPercent", manager: O::Manager::NAME })?;
    Ok(old.map_or(-1, |percent| percent.min(i32::MAX as u32) as i32))
}

/// `debug.SetMemoryLimit`: the soft limit in bytes, which collects harder and never fails; `i64::MAX` is none.  A negative
/// one changes nothing.  The old one, `i64::MAX` for none.
///
/// What counts: the heap's memory that is in use, and what [`Config::outside_bytes`](crate::Config::outside_bytes)
/// says (Go: all the runtime has mapped but for what it gave back).  Under `RefCount` looked at when the heap next
/// grows; under the tricolor managers the plan is made anew at once.
///
/// # Errors
/// [`KnobError::NotThisManagers`] under `Null`; [`KnobError::LimitTooSmall`].
pub fn set_memory_limit<O: Of>(of: &O, limit: i64) -> Result<i64, KnobError> {
    let no_such = KnobError::NotThisManagers { knob: "SetMemoryLimit", manager: O::Manager::NAME };
    let old = O::Manager::memory_limit(of.shared(), None).ok_or(no_such)?;
    if let Ok(bytes) = usize::try_from(limit) {
        if bytes < crate::config::MIN_LIMIT_BYTES && !cfg!(miri) {
            return Err(KnobError::LimitTooSmall);
        }
        O::Manager::memory_limit(of.shared(), Some(Some(bytes).filter(|_| limit != i64::MAX)));
    }
    Ok(old.map_or(i64::MAX, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX)))
}

/// `debug.FreeOSMemory`: collects everything, then gives all free memory back to the system; the bytes it gave then (large
/// objects with mappings of their own went as they were swept).
#[track_caller]
pub fn free_os_memory<R: Rootable<M>, M: Manager>(mutator: &mut Mutator<R, M>) -> usize {
    gc(mutator);
    mutator.release()
}
/// The second half of [`free_os_memory`], for whoever has no mutator at hand: what is free now goes back.
pub fn release_free_memory<O: Of>(of: &O) -> usize {
    O::Manager::give_back(of.shared())
}
