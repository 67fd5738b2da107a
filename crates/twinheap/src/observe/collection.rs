//! [`Cause`]: why a collection began.  [`Collection`]: what one of a tricolor heap did, told when it is over
//! (`Config::on_collection`).
//! Not here: how it is printed (the command's `--gctrace` does, in Go's words).  Overview: `observe`.

/// Why a collection began (HotSpot `gcCause.hpp`, Go `gcTrigger`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The program asked.
    #[default]
    Asked,
    /// A count of allocations passed its threshold.
    Threshold,
    /// The heap reached its goal.
    Goal,
    /// A limit is near.
    Limit,
    /// There was none for two minutes.
    Timer,
    /// Zeal: at every n-th chance.
    Zeal,
    /// The heap is being taken down.
    Exit,
}
impl Cause {
    /// All of them, in the order of the declaration.
    pub const ALL: [Cause; 7] =
        [Cause::Asked, Cause::Threshold, Cause::Goal, Cause::Limit, Cause::Timer, Cause::Zeal, Cause::Exit];
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Asked => "asked",
            Cause::Threshold => "threshold",
            Cause::Goal => "goal",
            Cause::Limit => "limit",
            Cause::Timer => "timer",
            Cause::Zeal => "zeal",
            Cause::Exit => "exit",
        }
    }
}

/// One collection that is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collection {
    /// Counted from 1; zeal's are not counted.
    pub number: u64,
    /// Why it began.
    pub cause: Cause,
    /// Nanoseconds from the heap's beginning to this collection's.
    pub began_ns: u64,
    /// From the wish to stop to the moment when no session was open: the longest of those that were.
    pub stopping_ns: u64,
    /// The collector's work inside the stop.
    pub stop_ns: u64,
    /// From the end of the stop to the end of marking, while sessions ran.
    pub mark_ns: u64,
    /// Processor time of the collector's thread in this collection, sweeping included; that of helpers and destructors is in
    /// the sum only.
    pub cpu_ns: u64,
    /// Processor time of the collector's threads in all collections so far.
    pub cpu_ns_total: u64,
    /// Time that mutators spent marking on their allocations' account (assists, snapshots of cells) since the last
    /// collection was told of.
    pub assist_ns: u64,
    /// The same, since the heap began.
    pub assist_ns_total: u64,
    /// The heap when it began: what was live after the one before, and everything allocated since.
    pub before_bytes: usize,
    /// The heap when marking ended.
    pub after_bytes: usize,
    /// Of that, what was marked or born while marking.
    pub live_bytes: usize,
    /// Spans in use when marking ended, in bytes; chunks' heads not counted.
    pub span_bytes: usize,
    /// What the heap should not have grown beyond.
    pub goal_bytes: usize,
}
