//! What can be read from a running heap: figures, and the hold-ups a mutator suffered.
//!
//! Recording cannot fail, block, or allocate on the heap it watches; reading stops nobody.
//! Not here: how figures are printed.

pub mod blocks;
pub mod callbacks;
pub mod collection;
pub mod figures;
pub mod holdup;
pub mod session;
pub mod tally;
pub mod times;

use crate::alloc::Ladder;
pub use blocks::BlockEvent;
pub use callbacks::{CallbackId, Callbacks, Info as CallbackInfo, Phase};
pub use collection::{Cause, Collection};
pub use holdup::{HoldUpCause, HoldUpSummary, HoldUps};
pub use session::{SessionFault, SessionReport, Waited};
pub use tally::{StopCause, TallySummary};
pub use times::TimeHistogram;

/// A snapshot of a heap's figures.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Collections finished, of any generation; zeal's are not counted.
    pub collections: u64,
    /// Objects allocated since the heap began.
    pub objects_allocated: u64,
    /// Bytes of the blocks of those objects.
    pub bytes_allocated: u64,
    /// Objects released.
    pub released: Released,
    /// Finalizers that ran, and those among them that panicked (the panic was swallowed).
    pub finalizers: u64,
    /// See above.
    pub finalizer_panics: u64,
    /// Destructors of leaves that panicked (swallowed).
    pub drop_panics: u64,
    /// Calls of `Config::on_collection` and of [`Callbacks`] that panicked (swallowed).
    pub callback_panics: u64,
    /// The collector's thread has ended with a panic, which is a fault of the library: nothing is collected any more.
    pub collector_failed: bool,
    /// Hold-ups.
    pub holdups: HoldUpSummary,
    /// Stops, the causes of collections, what was queued.
    pub tally: TallySummary,
    /// Where memory is.
    pub ladder: Ladder,
    /// Bytes in use now and at the most (spans, large objects, metadata).
    pub used_bytes: usize,
    /// See above.
    pub peak_used_bytes: usize,
    /// Bytes given back to the system since the heap began (a sum, not a level).
    pub returned_bytes: usize,
    /// The heap's goal, where there is one.
    pub goal_bytes: Option<usize>,
    /// Nanoseconds of processor time the collector's own threads used.
    pub collector_cpu_ns: u64,
    /// Nanoseconds that mutators marked: on their allocations' account, and to save large cells before a change.
    pub assist_ns: u64,
    /// Nanoseconds that the collector slept while marking, so that mutators had the processors.
    pub throttled_ns: u64,
    /// Collections under a soft limit that could not be kept: collecting had taken more than half of the program's time for
    /// too long, and left the rest to the program.
    pub capped_collections: u64,
    /// Nanoseconds of the collector's work inside stops: sum and maximum.
    pub stop_ns_total: u64,
    /// See above.
    pub stop_ns_max: u64,
    /// Objects marked, all collections together (tracing), or examined (counting).
    pub objects_marked: u64,
    /// Nanoseconds of processor time spent marking.
    pub mark_cpu_ns: u64,
    /// Objects among [`Self::objects_marked`] that helpers of the collector's thread marked (`Config::mark_workers`).
    pub objects_marked_by_helpers: u64,
    /// Pieces of large tails that were looked at while marking: an object of n bytes takes about n / 128 KiB.
    pub mark_pieces: u64,
    /// Of objects larger than a piece, the most bytes that were looked at in one step; 0 when there was none.
    pub mark_step_bytes_max: usize,
}

/// How objects were released.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Released {
    /// The moment their count reached zero.
    pub at_once: u64,
    /// By a collection.
    pub by_collections: u64,
    /// When the heap was taken down.
    pub at_exit: u64,
}
