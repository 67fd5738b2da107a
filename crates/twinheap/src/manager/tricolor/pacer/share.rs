//! How many processors collecting may have while mutators run: a quarter of all, and those that no mutator uses.
//!
//! As Go's background workers (25 %, `gcBackgroundUtilization`) and its idle workers.  The arithmetic only: the caller
//! measures its own processor time and sleeps as long as it is told.
//! Not here: the clock (`meter`).  Overview: `manager::tricolor::pacer`.

/// Go's `gcBackgroundUtilization`.
pub const BACKGROUND: f64 = 0.25;
/// The longest sleep at a time: somebody may come to wait for the collector, or leave it a processor.
const SLEEP_NS_MAX: u64 = 500_000;

/// Processors for collecting, of so many, while so many mutators run.
pub fn background_processors(processors: usize, mutators: usize) -> f64 {
    let idle = processors.saturating_sub(mutators) as f64;
    idle.max(processors as f64 * BACKGROUND)
}

/// What a thread with a share of a processor has had of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Share {
    /// What it was allowed, less what it used; at most a little ahead, so that a rest is not saved up.
    left_ns: i64,
}

impl Share {
    /// `used_ns` of processor time went in `passed_ns` of which it may have `share`; how long to
    /// sleep, and then to ask again.
    pub fn spend(&mut self, share: f64, used_ns: u64, passed_ns: u64) -> u64 {
        if share >= 1.0 {
            self.left_ns = 0;
            return 0;
        }
        let allowed = (passed_ns as f64 * share) as i64;
        self.left_ns = (self.left_ns + allowed - used_ns.min(i64::MAX as u64 / 4) as i64).min(SLEEP_NS_MAX as i64);
        if self.left_ns >= 0 {
            return 0;
        }
        ((self.left_ns.unsigned_abs() as f64 / share.max(0.001)).ceil() as u64 + 1).min(SLEEP_NS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_and_what_is_idle() {
        assert_eq!(background_processors(8, 8), 2.0);
        assert_eq!(background_processors(8, 100), 2.0);
        assert_eq!(background_processors(2, 1), 1.0);
        assert_eq!(background_processors(2, 0), 2.0);
        assert_eq!(background_processors(1, 1), 0.25);
    }

    /// A thread that obeys has its share, whatever it does between two calls.
    #[test]
    fn who_sleeps_until_it_may_keeps_its_share() {
        for share in [0.01, 0.25, 0.5, 0.9] {
            let (mut used, mut passed, mut s, mut step) = (0, 0, Share::default(), 50_000);
            while passed < 2_000_000_000_u64 {
                step = step * 7 % 200_003;
                (used, passed) = (used + step, passed + step);
                let mut sleep = s.spend(share, step, step);
                while sleep > 0 {
                    passed += sleep;
                    sleep = s.spend(share, 0, sleep);
                }
            }
            let had = used as f64 / passed as f64;
            assert!((had / share - 1.0).abs() < 0.02, "{share}: {had}");
        }
        assert_eq!(Share::default().spend(1.0, 1 << 40, 0), 0, "a processor of its own");
    }
}
