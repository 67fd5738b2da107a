//! The lines of CPython's debug flags, the same under every manager that collects.
//!
//! Words, order and numbers are those of CPython 3.13.0 (`gc_collect_main`).  Lines go to `Config::debug_output`.
//! Not here: who collects, and what is kept.  Overview: `manager`.

use crate::unwind::contained;
use std::{fmt::Display, ptr::NonNull, time::Duration};

/// Where the lines go.
pub struct DebugLines {
    output: Option<fn(&str)>,
}

impl DebugLines {
    /// To `output`, or to standard error.
    pub fn new(output: Option<fn(&str)>) -> DebugLines {
        DebugLines { output }
    }
    fn write(&self, line: &str) {
        // Nobody to tell, or a standard error that is closed, is no reason to stop.
        contained(|| match self.output {
            Some(output) => output(line),
            None => _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes()),
        });
    }
    /// `DEBUG_STATS`, at the beginning: containers by generation, the last of them the permanent one.
    pub fn begins(&self, generation: u32, [young, middle, old, permanent]: [usize; 4]) {
        self.write(&format!(
            "gc: collecting generation {generation}...\n\
             gc: objects in each generation: {young} {middle} {old}\n\
             gc: objects in permanent generation: {permanent}\n"
        ));
    }
    /// `DEBUG_COLLECTABLE`: a container that was found dead.
    pub fn collectable(&self, name: impl Display, p: NonNull<u8>) {
        self.write(&format!("gc: collectable <{name} {p:p}>\n"))
    }
    /// `DEBUG_STATS`, at the end.  Nothing is ever uncollectable.
    pub fn done(&self, containers: usize, took: Duration) {
        let seconds = took.as_secs_f64();
        self.write(&format!("gc: done, {containers} unreachable, 0 uncollectable, {seconds:.4}s elapsed\n"))
    }
}
