//! [`SessionReport`]: a session that others had to wait for, or that handed out too much, named by where it began.
//! Not here: who notices (`manager::tricolor`), the knobs (`config`).  Overview: `observe`.

use std::{fmt, panic::Location};

/// What is wrong with a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionFault {
    /// It kept the beginning of a collection, and so others' sessions, waiting; it has ended meanwhile.
    TooLong,
    /// It handed out more than its share of the heap's goal.  Nothing of that could be freed before its end.
    TooMuch,
    /// The same as `TooLong`, but it is still open: perhaps it waits for one of those that wait for it.
    Stuck,
}

/// A thread that waited for a session of somebody else's to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waited {
    /// Its name, or its number where it has none.
    pub thread: String,
    /// The session that it wants to begin; `None` if it asked for a collection.
    pub at: Option<&'static Location<'static>>,
    /// How long it has waited.
    pub waited_ns: u64,
}

/// A session that is to be known of.
#[derive(Clone, Debug)]
pub struct SessionReport {
    /// What is wrong.
    pub fault: SessionFault,
    /// Where it began: the caller of `mutate` (or of `root`, `collect`, `Heap::new`, which open sessions).
    pub began_at: &'static Location<'static>,
    /// The thread it is on: its name, or its number.
    pub thread: String,
    /// How long it was open, or has been so far; `None` in builds that take no clock at a session's beginning
    /// (`Config::session_limit` is off).
    pub open_ns: Option<u64>,
    /// How long a collection's beginning waited for it.
    pub kept_waiting_ns: u64,
    /// Who else waited.
    pub waited: Vec<Waited>,
    /// Bytes of the blocks that it took, in runs; 0 where `open_ns` is not known.
    pub handed_out_bytes: usize,
    /// The heap's goal, if there is one.
    pub goal_bytes: Option<usize>,
}

/// Nanoseconds, in words.
struct Time(u64);
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ns if ns >= 1_000_000_000 => write!(f, "{:.1} s", ns as f64 / 1e9),
            ns => write!(f, "{:.1} ms", ns as f64 / 1e6),
        }
    }
}

impl fmt::Display for SessionReport {
    /// One line, without its line feed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "twinheap: the session that began at {} on thread {} ", self.began_at, self.thread)?;
        let kept = Time(self.kept_waiting_ns);
        match self.fault {
            SessionFault::TooMuch => {
                write!(f, "handed out {} bytes", self.handed_out_bytes)?;
                if let Some(goal) = self.goal_bytes {
                    write!(f, " of a goal of {goal}")?
                }
                return f.write_str("; none of them could be freed before its end");
            }
            SessionFault::TooLong => write!(f, "was too long: a collection waited {kept} for its end")?,
            SessionFault::Stuck => write!(f, "is still open: a collection has waited {kept} for its end")?,
        }
        if let Some(open) = self.open_ns {
            write!(f, ", {} after it began", Time(open))?
        }
        for (i, waited) in self.waited.iter().enumerate() {
            f.write_str(if i == 0 { "; so did " } else { ", " })?;
            write!(f, "thread {}", waited.thread)?;
            match waited.at {
                Some(at) => write!(f, " (at {at}, {})", Time(waited.waited_ns))?,
                None => write!(f, " (which asked for it, {})", Time(waited.waited_ns))?,
            }
        }
        Ok(())
    }
}
