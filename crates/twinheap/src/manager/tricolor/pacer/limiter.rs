//! How much of the processors' time collecting takes: a leaky bucket, as Go's (`mgclimit.go`, `gcCPULimiter`).
//!
//! What collecting spends flows in, what the program spends flows out; a full bucket means that for so long more than half
//! has gone into collecting.  The capacity is a second for each processor, so bursts are let through.  Go leaves out what
//! its idle workers do; here everything counts.
//! Not here: what follows from it (`pacer`), and who reads the clocks (`meter`).  Overview: `manager::tricolor::pacer`.

/// Go's `capacityPerProc`.
const CAPACITY_NS: u64 = 1_000_000_000;

/// The bucket.
///
/// ```text
/// fill_ns <= capacity_ns
/// is_limiting == (fill_ns == capacity_ns)
/// ```
#[derive(Clone, Debug)]
pub struct Limiter {
    fill_ns: u64,
    capacity_ns: u64,
}

impl Limiter {
    /// An empty one.
    pub fn new(processors: usize) -> Self {
        Limiter { fill_ns: 0, capacity_ns: CAPACITY_NS.saturating_mul(processors.max(1) as u64) }
    }
    /// So much processor time has gone into collecting, and into the program.
    pub fn account(&mut self, collector_ns: u64, program_ns: u64) {
        self.fill_ns = self.fill_ns.saturating_add(collector_ns).saturating_sub(program_ns).min(self.capacity_ns);
    }
    /// Whether collecting has had its share.
    pub fn is_limiting(&self) -> bool {
        self.fill_ns == self.capacity_ns && !crate::sync::seeded("limiter_never_limits")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    const S: u64 = 1_000_000_000;

    /// Go's `TestGCCPULimiter`, its figures: fills, drains, stays full, never below empty.
    #[test]
    fn fills_and_drains() {
        let mut l = Limiter::new(14);
        l.account(0, 10 * S);
        assert_eq!(l.fill_ns, 0, "no credit for an idle collector");
        l.account(13 * S, 0);
        assert!(!l.is_limiting());
        l.account(S, S);
        assert_eq!((l.fill_ns, l.is_limiting()), (13 * S, false), "half and half changes nothing");
        l.account(S, 0);
        assert!(l.is_limiting());
        l.account(100 * S, 0);
        l.account(1, 1);
        assert!(l.is_limiting(), "what flows over is not kept");
        l.account(0, 1);
        assert!(!l.is_limiting(), "at once off");
        l.account(0, 100 * S);
        assert_eq!(l.fill_ns, 0);
        l.account(u64::MAX, 0);
        assert!(l.is_limiting());
    }
}
