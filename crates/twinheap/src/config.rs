//! The knobs: name, unit, default, whose, a sentence.  The only file that names one.
//! Not the command line (that is the command's), not where a knob takes effect (the managers).

use crate::observe::{collection::Collection, session::SessionReport};
use std::{fmt, time::Duration};

/// What a heap is made with.  `Config::default()` is what CPython and Go begin with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Tricolor: the heap may grow by this percentage of what is live before the next collection; `None` is off
    /// (Go's GOGC, default 100).
    pub gogc: Option<u32>,
    /// Tricolor: no collection before the heap has this many bytes, times GOGC/100 (Go: 4 MiB).
    pub min_heap_bytes: usize,
    /// Soft limit in bytes, both managers: collect harder, never fail (Go's GOMEMLIMIT).
    pub memory_limit_bytes: Option<usize>,
    /// Hard limit in bytes, all managers: allocation answers an error above it.  `RefCount` collects and tries again before
    /// it answers, or, with [`CollectAt::Safepoints`], is due for that when it has answered: what was born since the last
    /// full collection always, and everything as long as that finds garbage.  When it found none, everything again at the
    /// 2nd, 4th, 8th, … refusal in a row, or when an eighth as many objects were released as it looked at: a program that
    /// is refused and goes on does not pay for a full collection each time, and garbage that appears meanwhile makes room
    /// at the latest when as many have been refused again.  The tricolor managers likewise let the next session wait for a
    /// collection at the 1st, 2nd, 4th, … refusal in a row.
    pub max_heap_bytes: Option<usize>,
    /// RefCount: CPython's thresholds (2000, 10, 10); the first at 0 switches collections by themselves off.
    pub thresholds: [i64; 3],
    /// RefCount: where a collection by itself may run.
    pub collect_at: CollectAt,
    /// Collections by themselves, on or off (CPython's `gc.disable()`).
    pub automatic: bool,
    /// Collect at every n-th chance and poison freed memory; invisible to the program (no counters, no callbacks).
    pub zeal: Option<u32>,
    /// Tricolor: threads that mark, the collector's own included; `None` is a quarter of the processors, at least 1 (Go:
    /// 25 % of `GOMAXPROCS`).  At most [`MARK_WORKERS_MAX`].  Helpers are started when there is work for them, and sleep
    /// between collections.
    pub mark_workers: Option<usize>,
    /// Tricolor: after each marking sessions are stopped once more, and whatever can be reached must be marked (Go's
    /// `debug.gccheckmark`).  A way to test: the stop is as long as it takes to mark the heap.
    pub check_marks: bool,
    /// Tricolor, Linux: the nice value of the background threads (helpers that mark, destructors), 0 to 19.  They, and the
    /// collector's thread but for its stops, are of the class SCHED_BATCH in any case: when one wakes up it does not take the
    /// processor from a thread that runs, and its share is as large as any thread's.  From 1 on the share is smaller, too:
    /// marking takes longer then, and mutators assist more.
    pub background_nice: u8,
    /// Who runs finalizers.
    pub finalizers: Finalizers,
    /// Reads the bytes the program holds outside the heap, to count them towards limits and goals.  Called whenever the heap
    /// grows, and on the collector's thread: it must be cheap, and must not touch the heap.  When it panics, what it said
    /// last counts.
    pub outside_bytes: Option<fn() -> usize>,
    /// Tricolor: is told of each collection when it is over, on the collector's thread; the next one waits meanwhile.
    /// A panic in it is swallowed and counted (`Stats::callback_panics`).
    pub on_collection: Option<fn(&Collection)>,
    /// Takes lines, each with its line feed; `None` is standard error.  Those of CPython's debug flags
    /// (`control::gc::set_debug`), inside a collection (tricolor: on the collector's thread); and, under tricolor, those
    /// about sessions, on whatever thread noticed.  It must not touch the heap.  A panic in it is swallowed.
    pub debug_output: Option<fn(&str)>,
    /// Tricolor: which sessions are named ([`SessionReport`]); `None`: none.  On in builds with debug assertions, off in
    /// others, where it costs a look at the clock a session (about 25 ns).  Zeal switches it off.
    pub session_limit: Option<SessionLimit>,
    /// Tricolor: the start of a collection that has waited so long for a session's end says so, then after twice as
    /// long, and so on; `None`: never.  So threads that wait for each other, one of them in a session, do not hang in
    /// silence.  Costs nothing until then.
    pub session_patience: Option<Duration>,
    /// Tricolor: is told of those sessions, instead of [`Self::debug_output`]: on the collector's thread, or at the end of
    /// a session, after it.  It must not touch the heap.  A panic in it is swallowed.
    pub on_session: Option<fn(&SessionReport)>,
}

/// A session is named when it goes beyond one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimit {
    /// How long a collection's start waited for its end.
    pub waited: Duration,
    /// Hundredths of the heap's goal that it handed out, in runs, but never less than 1 MiB: nothing of that can be freed
    /// before its end.
    pub goal_percent: u32,
}
impl Default for SessionLimit {
    /// 100 ms, and a quarter of the goal.
    fn default() -> Self {
        SessionLimit { waited: Duration::from_millis(100), goal_percent: 25 }
    }
}

/// Where `RefCount` may collect by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CollectAt {
    /// Inside any allocation of a container (CPython before 3.12).
    Allocations,
    /// Between sessions only; `should_yield` says when one is due (CPython 3.12 and later: between bytecodes).
    Safepoints,
}

/// Who runs finalizers and hears of dead weak references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finalizers {
    /// The library, at the end of each session.
    Automatic,
    /// The program, by `Mutation::next_pending`.  A collection that was asked for and waits for its finalizers keeps
    /// `RefCount` from any other, by itself or asked for, until `Mutator::finish_collection`.
    Manual,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            gogc: Some(100),
            min_heap_bytes: 4 << 20,
            memory_limit_bytes: None,
            max_heap_bytes: None,
            thresholds: [2000, 10, 10],
            collect_at: CollectAt::Allocations,
            automatic: true,
            // Builds with `--cfg twinheap_zeal` run every test with it, those of `Cc` included, whose heap nobody configures.
            zeal: if cfg!(twinheap_zeal) { Some(1) } else { None },
            mark_workers: None,
            check_marks: false,
            background_nice: 0,
            finalizers: Finalizers::Automatic,
            outside_bytes: None,
            on_collection: None,
            debug_output: None,
            session_limit: if cfg!(debug_assertions) { Some(SessionLimit::default()) } else { None },
            session_patience: Some(Duration::from_secs(10)),
            on_session: None,
        }
    }
}

/// The smallest limit that makes sense: a chunk of 4 MiB and its neighbours.
pub const MIN_LIMIT_BYTES: usize = 8 << 20;

/// The most threads that mark a heap.
pub const MARK_WORKERS_MAX: usize = 256;

impl Config {
    /// Checks what can be checked without a manager.
    ///
    /// # Errors
    /// The knob and what is wrong with it.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let err = |knob, why| Err(ConfigError { knob, why });
        if self.zeal == Some(0) {
            return err("zeal", "must be at least 1");
        }
        if self.mark_workers.is_some_and(|k| !(1..=MARK_WORKERS_MAX).contains(&k)) {
            return err("mark-workers", "must be 1 to 256");
        }
        if self.background_nice > 19 {
            return err("background-nice", "must be 0 to 19");
        }
        if self.thresholds[0] > u32::MAX as i64 || self.thresholds.iter().any(|&t| t < i32::MIN as i64) {
            return err("threshold", "is beyond a C int");
        }
        if self.max_heap_bytes.is_some_and(|b| b < MIN_LIMIT_BYTES) && !cfg!(miri) {
            return err("max-heap", "is below 8 MiB, the smallest heap there is");
        }
        if self.memory_limit_bytes.is_some_and(|b| b < MIN_LIMIT_BYTES) && !cfg!(miri) {
            return err("memory-limit", "is below 8 MiB, the smallest heap there is");
        }
        Ok(())
    }
}

/// A knob with a value that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Which.
    pub knob: &'static str,
    /// Why not.
    pub why: &'static str,
}
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.knob, self.why)
    }
}
impl std::error::Error for ConfigError {}
