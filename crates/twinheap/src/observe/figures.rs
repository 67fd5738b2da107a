//! [`Figures`]: the sums behind Go's words (`control::runtime`), read while everybody goes on.
//!
//! ```text
//! mapped == used + idle + returned      used == spans + heads                        (`Memory::levels`, under one lock)
//! objects live == allocated − freed                                                 (here, by construction)
//! ```
//! Not the ladder, which has a row for each type and looks at every large object (`Stats`).  Overview: `observe`.

use crate::alloc::Levels;

/// Blocks of one size, since the heap began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SizeFigures {
    /// Bytes of a block; `usize::MAX` for large objects, whatever their size.
    pub block_bytes: usize,
    /// Blocks handed out.
    pub allocated: u64,
    /// Blocks free again.
    pub freed: u64,
}

/// A heap's sums.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Objects allocated since the heap began, and the bytes of their blocks.
    pub allocated_objects: u64,
    /// See above.
    pub allocated_bytes: u64,
    /// Objects released since then, and the bytes of their blocks.
    pub freed_objects: u64,
    /// See above.
    pub freed_bytes: u64,
    /// Where the heap's memory is.
    pub levels: Levels,
    /// The heap size at which the next collection should end; `None`: off, or the manager has no goal.
    pub goal_bytes: Option<usize>,
    /// Bytes that the last collection marked; `None` where nothing is marked.
    pub live_bytes: Option<usize>,
    /// Collections by themselves are on.
    pub automatic: bool,
    /// Nanoseconds of processor time that collecting took: marking, everything, what mutators marked, work in stops.
    pub mark_ns: u64,
    /// See above.
    pub collector_ns: u64,
    /// See above.
    pub assist_ns: u64,
    /// See above.
    pub stop_ns: u64,
    /// The number of the last collection in which allocators were not held to their debt, so that the program makes
    /// progress at its limit; 0: none was.
    pub limiter_last: u64,
    /// By block size, ascending, where the manager counts by size.
    pub by_size: Vec<SizeFigures>,
}
