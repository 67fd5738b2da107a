//! What of this process is resident, by the kernel's word.  Bytes; zero where there is no /proc.
//! Not the peak of a whole process, which the command reads when it waits.  Overview: README.md.

use std::{fs, sync::atomic::AtomicU64, sync::atomic::Ordering::Relaxed};

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

fn kilobytes(path: &str, name: &str) -> u64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok());
    value.unwrap_or(0)
}
