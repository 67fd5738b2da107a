//! A clock for what a contender does: wall time, and processor time of all its threads, which a busy machine disturbs less.
//! Overview: README.md.

use crate::arguments::figure;
use std::{fs, time::Instant};

/// Time since it was started, or several times together.
pub struct Clock {
    began: Option<(Instant, u64)>,
    wall_ns: u64,
    cpu_ns: u64,
}

impl Clock {
    /// One that stands still.
    pub fn new() -> Clock {
        Clock { began: None, wall_ns: 0, cpu_ns: 0 }
    }
    /// One that runs.
    pub fn started() -> Clock {
        let mut clock = Clock::new();
        clock.start();
        clock
    }
    /// Goes on.
    pub fn start(&mut self) {
        self.began = Some((Instant::now(), cpu_ns()))
    }
    /// Stands still.
    pub fn stop(&mut self) {
        if let Some((wall, cpu)) = self.began.take() {
            self.wall_ns += wall.elapsed().as_nanos() as u64;
            self.cpu_ns += cpu_ns().saturating_sub(cpu)
        }
    }
    /// Stops, and reports `name` (processor time) and `name_wall`, in nanoseconds for each of `operations`.
    pub fn report(mut self, name: &str, operations: u64) {
        self.stop();
        figure(name, self.cpu_ns as f64 / operations as f64);
        figure(&format!("{name}_wall"), self.wall_ns as f64 / operations as f64);
    }
}
impl Default for Clock {
    fn default() -> Clock {
        Clock::new()
    }
}

/// Processor time of this thread, which is the first of the process, and of the others that are alive (theirs is exact to
/// a tick).
fn cpu_ns() -> u64 {
    let own = std::process::id().to_string();
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let others = tasks.filter(|task| task.file_name() != own.as_str()).map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        text.split(' ').next().and_then(|ns| ns.parse::<u64>().ok()).unwrap_or(0)
    });
    twinheap::process::thread_cpu_ns() + others.sum::<u64>()
}
