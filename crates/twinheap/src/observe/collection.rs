//! [`Collection`]: what one collection of a tricolor heap did, told when it is over (`Config::on_collection`).
//! Not here: how it is printed (the command's `--gctrace` does, in Go's words).  Overview: `observe`.

/// One collection that is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collection {
    /// Counted from 1; zeal's are not counted.
    pub number: u64,
    /// The program asked for it.
    pub asked: bool,
    /// Nanoseconds from the heap's beginning to this collection's.
    pub began_ns: u64,
    /// The collector's work inside the stop.
    pub stop_ns: u64,
    /// From the end of the stop to the end of marking, while sessions ran.
    pub mark_ns: u64,
    /// Processor time of the collector's thread in this collection, sweeping included; that of helpers and destructors is in
    /// the sum only.
    pub cpu_ns: u64,
    /// Processor time of the collector's threads in all collections so far.
    pub cpu_ns_total: u64,
    /// The heap when it began: what was live after the one before, and everything allocated since.
    pub before_bytes: usize,
    /// The heap when marking ended.
    pub after_bytes: usize,
    /// Of that, what was marked or born while marking.
    pub live_bytes: usize,
    /// What the heap should not have grown beyond.
    pub goal_bytes: usize,
}
