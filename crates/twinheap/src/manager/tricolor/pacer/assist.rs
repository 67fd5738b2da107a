//! What allocators owe while marking is on: a line from "nothing allocated, nothing marked" to "at the goal, all marked".
//!
//! ```text
//! ratio = work left / bytes left          units of marking for each byte that is allocated     (Go: `assistWorkPerByte`)
//! ahead = work done / work expected >= (bytes allocated − 1/16) / bytes there were to the goal   then nobody owes anything
//! ```
//! The sixteenth of the way is for the marker to get going.  Marking that the collector's own threads did is everybody's (Go:
//! `bgScanCredit`).  When there turns out to be more than was expected, or the goal is passed, the line leads to all the heap
//! holds and to 3 % beyond the goal: steeper, but the heap stays where it was promised.
//! Not here: who pays (`cache`).  Overview: `manager::tricolor::pacer`.

/// A collection's line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// The heap when it began, and where it should end.
    pub start_bytes: usize,
    /// See above.
    pub goal_bytes: usize,
    /// What marking will probably do, and what it does at the most.
    pub expected_work: u64,
    /// See above.
    pub most_work: u64,
}

/// Where the line ends when the goal is passed.
fn hard_bytes(goal_bytes: usize) -> usize {
    goal_bytes.saturating_add(goal_bytes / 33)
}
/// Never taken for done: the end is found, not calculated.
const WORK_LEFT_MIN: u64 = 16;

impl Schedule {
    /// From here to there; at least so much lies between them that the line is not upright.
    pub fn new(start_bytes: usize, goal_bytes: usize, expected_work: u64, most_work: u64) -> Self {
        let goal_bytes = goal_bytes.max(start_bytes.saturating_add(64 << 10));
        Schedule { start_bytes, goal_bytes, expected_work: expected_work.max(WORK_LEFT_MIN), most_work }
    }
    /// The line's end: bytes and work.
    fn end(&self, heap_bytes: usize, done_work: u64) -> (usize, u64) {
        let most = self.most_work.max(self.expected_work);
        match (heap_bytes > self.goal_bytes, done_work > self.expected_work) {
            (false, false) => (self.goal_bytes, self.expected_work),
            (false, true) => (self.goal_bytes, most),
            (true, _) => (hard_bytes(self.goal_bytes), most),
        }
    }
    /// Units of marking for each byte that is allocated from now on.
    pub fn ratio(&self, heap_bytes: usize, done_work: u64) -> f64 {
        let (goal_bytes, expected) = self.end(heap_bytes, done_work);
        let work = expected.saturating_sub(done_work).max(WORK_LEFT_MIN);
        work as f64 / goal_bytes.saturating_sub(heap_bytes).max(1) as f64
    }
    /// Whether marking is ahead of allocation.
    pub fn is_ahead(&self, heap_bytes: usize, done_work: u64) -> bool {
        if heap_bytes > self.goal_bytes {
            return false;
        }
        let (goal_bytes, expected) = self.end(heap_bytes, done_work);
        let way = goal_bytes - self.start_bytes;
        let allocated = heap_bytes.saturating_sub(self.start_bytes).saturating_sub(way / 16);
        done_work as f64 * way as f64 >= allocated as f64 * expected as f64
    }
    /// What the allocator of so many bytes owes, the heap having grown by them already.
    pub fn owed(&self, bytes: usize, heap_bytes: usize, done_work: u64) -> u64 {
        if self.is_ahead(heap_bytes, done_work) {
            return 0;
        }
        (self.ratio(heap_bytes, done_work) * bytes as f64).min(self.most_work.max(WORK_LEFT_MIN) as f64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_kept_by_whoever_marks() {
        let s = Schedule::new(1 << 20, 2 << 20, 1000, 2000);
        assert!(s.is_ahead(1 << 20, 0) && s.is_ahead(3 << 19, 438) && !s.is_ahead(3 << 19, 437));
        assert_eq!(s.owed(1 << 19, 3 << 19, 500), 0, "the collector has marked enough");
        // Behind: everything that is left, spread over what is left to the goal.
        assert_eq!(s.owed(1 << 18, 3 << 19, 400), 300);
    }
    #[test]
    fn more_than_expected_makes_it_steeper_and_keeps_the_goal() {
        let s = Schedule::new(1 << 20, 2 << 20, 1000, 2000);
        assert!(s.ratio(3 << 19, 1001) > 1.9 * s.ratio(3 << 19, 500));
        let beyond = (2 << 20) + 1;
        assert!(!s.is_ahead(beyond, 1999) && s.owed(1, beyond, 1500) == 0 && s.owed(32_000, beyond, 1500) == 251);
        assert_eq!(s.owed(1 << 30, hard_bytes(2 << 20), 0), 2000, "never more than there is");
    }
    #[test]
    fn a_goal_that_is_reached_already_is_no_cliff() {
        let s = Schedule::new(10, 5, 0, 0);
        assert!(s.ratio(10, 0) < 1.0 && s.goal_bytes > s.start_bytes);
    }
}
