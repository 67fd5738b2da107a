//! What of this process is resident, by the kernel's word.  Bytes; zero where there is no /proc.
//! Not the peak of a whole process, which the command reads when it waits.  Overview: README.md.

use crate::arguments::figure;
use std::{
    fs,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread::sleep,
    time::{Duration, Instant},
};
use twinheap::process::process_cpu_ns;

/// Resident now (walks the page tables: milliseconds for a large process).
pub fn now() -> u64 {
    kilobytes("/proc/self/smaps_rollup", "Rss:") << 10
}

/// The most there was since [`forget_peak`], or since the program was loaded.  (What `wait4` tells includes the memory of
/// who started it.)
pub fn peak() -> u64 {
    kilobytes("/proc/self/status", "VmHWM:") << 10
}

static FORGOTTEN: AtomicU64 = AtomicU64::new(0);

/// The most there ever was.
pub fn peak_of_all() -> u64 {
    peak().max(FORGOTTEN.load(Relaxed))
}

/// The peak is what is resident now.
pub fn forget_peak() {
    FORGOTTEN.fetch_max(peak(), Relaxed);
    fs::write("/proc/self/clear_refs", "5").expect("a kernel that forgets a peak");
}

/// Resident now, in millions of bytes.
pub fn now_mb() -> f64 {
    now() as f64 / 1e6
}

/// Lets something go, and reports what is resident at once, one second, five and `idle_s` after it began, and the processor
/// time until then.
///
/// # Panics
/// Where `idle_s` is less than 5.
pub fn report_after(idle_s: u64, let_go: impl FnOnce()) {
    assert!(idle_s >= 5, "idle_s={idle_s}: one of the figures is taken after 5 seconds");
    let (start, cpu_ns) = (Instant::now(), process_cpu_ns());
    let_go();
    figure("at_once_mb", now_mb());
    for (name, second) in [("after_1s_mb", 1), ("after_5s_mb", 5), ("idle_mb", idle_s)] {
        sleep(Duration::from_secs(second).saturating_sub(start.elapsed()));
        figure(name, now_mb());
    }
    figure("idle_cpu_ms", (process_cpu_ns() - cpu_ns) as f64 / 1e6);
}

fn kilobytes(path: &str, name: &str) -> u64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok());
    value.unwrap_or(0)
}
