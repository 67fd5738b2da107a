//! When to collect: a pure value that turns what a collection measured into the size at which the next one begins.
//!
//! ```text
//! live    = marked + born while marking · survival                              what will be left of the heap now
//! survival = marked / heap at the stop, of this collection and the one before together
//! goal    = max(min_heap · GOGC/100, live + (live + outside) · GOGC/100), at most what the limits leave
//! trigger = goal − bytes born during a mark, never below 70 % of the way from live to goal
//! ```
//! Go counts all that is born while marking as live; under a loaded processor that feeds itself (a longer mark, more
//! births, a larger goal).  Here births survive as the rest of the heap did; of two collections, because one that begins
//! right after a sweep finds everything alive.  When the heap is at its trigger already, a
//! quarter of the way is left all the same, so that collections do not follow each other without end; and under a limit
//! the way is at least a tenth of what is live.
//! Not here: who asks (`cache`), assists.  Overview: `manager::tricolor`.

/// What a collection measured, at F2.
#[derive(Clone, Copy, Debug, Default)]
pub struct Measured {
    /// Bytes of marked objects.
    pub marked_bytes: usize,
    /// Bytes of the heap when marking began.
    pub heap_bytes: usize,
    /// Bytes the program holds outside the heap.
    pub outside_bytes: usize,
    /// Bytes of the heap that no object has: metadata, free blocks in spans that are in use.
    pub overhead_bytes: usize,
    /// Bytes handed out while marking.
    pub born_bytes: usize,
}

impl Measured {
    /// What will be left of the heap as it is now, if of the news so much survives.
    fn live_bytes(&self, survival: f64) -> usize {
        self.marked_bytes + (self.born_bytes as f64 * survival) as usize
    }
}

/// Sizes of the heap (live and since allocated bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The heap should not grow beyond.
    pub goal_bytes: usize,
    /// A collection begins here.
    pub trigger_bytes: usize,
}

/// The knobs and the memory of a pacer.
#[derive(Clone, Debug)]
pub struct Pacer {
    /// Go's percentage; `None` is off (a limit still collects).
    pub gogc: Option<u32>,
    /// Below this (times GOGC/100) nothing is collected.
    pub min_heap_bytes: usize,
    /// The smaller of soft and hard limit.
    pub limit_bytes: Option<usize>,
    /// Bytes born during a mark, smoothed.
    born: f64,
    /// Bytes marked by the last collection, and of the heap when it began.
    last: (usize, usize),
    survival: f64,
}

impl Pacer {
    /// With these knobs.
    pub fn new(gogc: Option<u32>, min_heap_bytes: usize, limit_bytes: Option<usize>) -> Self {
        Pacer { gogc, min_heap_bytes, limit_bytes, born: 0.0, last: (0, 0), survival: 1.0 }
    }
    /// Before the first collection.
    pub fn first(&mut self) -> Plan {
        self.after(&Measured::default())
    }
    /// After a collection.
    pub fn after(&mut self, m: &Measured) -> Plan {
        // Two thirds of the news at once: a program changes its ways faster than collections come.
        self.born = self.born / 3.0 + m.born_bytes as f64 * 2.0 / 3.0;
        let heap_bytes = self.last.1.saturating_add(m.heap_bytes);
        self.survival = match heap_bytes {
            0 => 1.0,
            _ => ((self.last.0 + m.marked_bytes) as f64 / heap_bytes as f64).min(1.0),
        };
        self.last = (m.marked_bytes, m.heap_bytes);
        self.plan(m)
    }
    /// The same, when only a knob has changed.
    pub fn plan(&self, m: &Measured) -> Plan {
        let live = m.live_bytes(self.survival);
        let mut goal = match self.gogc {
            None => usize::MAX,
            Some(percent) => {
                let grown = (live + m.outside_bytes) as u128 * percent as u128 / 100;
                let least = self.min_heap_bytes as u128 * percent as u128 / 100;
                (live as u128 + grown).max(least).min(isize::MAX as u128) as usize
            }
        };
        if let Some(limit) = self.limit_bytes {
            let room = limit.saturating_sub(m.overhead_bytes).saturating_sub(m.outside_bytes);
            let least = live + (live / 10).max(256 << 10);
            goal = goal.min(room.max(least));
        }
        if goal == usize::MAX {
            return Plan { goal_bytes: goal, trigger_bytes: goal };
        }
        let way = goal.saturating_sub(live);
        let head_start = (self.born as usize).min(way * 3 / 10);
        let now = m.marked_bytes + m.born_bytes;
        Plan { goal_bytes: goal, trigger_bytes: (live + way - head_start).max(now + way / 4) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    const MIB: usize = 1 << 20;

    #[test]
    fn gogc_100_doubles_and_the_minimum_holds() {
        let mut p = Pacer::new(Some(100), 4 * MIB, None);
        assert_eq!(p.first(), Plan { goal_bytes: 4 * MIB, trigger_bytes: 4 * MIB });
        let m = Measured { marked_bytes: 50 * MIB, ..Measured::default() };
        assert_eq!(p.after(&m), Plan { goal_bytes: 100 * MIB, trigger_bytes: 100 * MIB });
    }

    #[test]
    fn a_long_mark_begins_early_but_not_too_early() {
        let mut p = Pacer::new(Some(100), 4 * MIB, None);
        let heap_bytes = 1 << 40;
        let m = Measured { marked_bytes: 100 * MIB, born_bytes: 6 * MIB, heap_bytes, ..Measured::default() };
        assert_eq!(p.after(&m).trigger_bytes / MIB, 196);
        let m = Measured { marked_bytes: 100 * MIB, born_bytes: 60 * MIB, heap_bytes, ..Measured::default() };
        assert_eq!(p.after(&m).trigger_bytes / MIB, 185);
        assert_eq!(p.after(&m).trigger_bytes / MIB, 185, "a quarter of the way from here");
        let m = Measured { marked_bytes: 100 * MIB, born_bytes: 30 * MIB, heap_bytes, ..Measured::default() };
        assert_eq!(p.after(&m).trigger_bytes / MIB, 170);
    }

    #[test]
    fn survival_is_that_of_two_collections() {
        let mut p = Pacer::new(Some(100), 4 * MIB, None);
        let heap = |heap: usize, marked: usize, born: usize| Measured {
            heap_bytes: heap * MIB,
            marked_bytes: marked * MIB,
            born_bytes: born * MIB,
            ..Measured::default()
        };
        p.after(&heap(145, 49, 21));
        // Begun right after a sweep, so everything is alive; of the news no more than half lives on, as before.
        assert_eq!(p.after(&heap(63, 63, 31)).goal_bytes / MIB, 159);
    }

    #[test]
    fn limits_shorten_the_way_and_leave_a_tenth() {
        let mut p = Pacer::new(Some(100), 4 * MIB, Some(64 * MIB));
        let m = Measured { marked_bytes: 50 * MIB, overhead_bytes: 4 * MIB, ..Measured::default() };
        assert_eq!(p.after(&m).goal_bytes, 60 * MIB);
        let m = Measured { marked_bytes: 63 * MIB, ..Measured::default() };
        assert_eq!(p.after(&m).goal_bytes, 63 * MIB + 63 * MIB / 10);
        let mut off = Pacer::new(None, 4 * MIB, None);
        assert_eq!(off.first().trigger_bytes, usize::MAX);
        let mut off = Pacer::new(None, 4 * MIB, Some(64 * MIB));
        assert_eq!(off.first().goal_bytes, 64 * MIB);
    }

    #[test]
    fn outside_bytes_count_as_live() {
        let mut p = Pacer::new(Some(100), 4 * MIB, None);
        let m = Measured { marked_bytes: 10 * MIB, outside_bytes: 30 * MIB, ..Measured::default() };
        assert_eq!(p.after(&m).goal_bytes, 50 * MIB);
    }
}
