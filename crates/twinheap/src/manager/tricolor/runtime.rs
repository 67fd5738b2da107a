//! Go's two knobs, and the sums behind Go's words, read while everybody goes on.
//!
//! What is locked, each for a few loads: the list of classes and that of mutators (to copy them), the pacer's knobs, the
//! memory's list of chunks.  A mutator holds none of them but the last, which it takes once a span.
//! Sums that other threads change meanwhile are read one after the other; what must not go back is kept from it by the
//! tally.
//! Not here: CPython's knobs (`manage`), what Go's words are (`control::runtime`).  Overview: `manager::tricolor`.

use super::collector::Inner;
use crate::{
    alloc::size_class::LARGE_BYTES,
    observe::figures::{Figures, SizeFigures},
    sync::Ordering::Relaxed,
    sync::lock,
};
use std::collections::{BTreeMap, HashMap};

impl Inner {
    /// What mutators marked: assists, and cells saved with much in them.
    pub(super) fn assist_ns(&self) -> u64 {
        self.meter.assist_ns.load(Relaxed)
    }
    pub(super) fn figures(&self) -> Figures {
        let mut open: HashMap<(usize, usize), u64> = HashMap::new();
        for record in self.all_records() {
            record.open_blocks(|info, bytes, n| *open.entry((info.addr(), bytes)).or_default() += n);
        }
        let mut out = Figures::default();
        let mut sizes: BTreeMap<usize, SizeFigures> = BTreeMap::new();
        for class in self.all_classes() {
            // Freed first: what is freed was born.
            let freed = class.freed.load(Relaxed);
            let held = open.get(&((&raw const *class.info).addr(), class.block_bytes)).copied().unwrap_or(0);
            let born = class.born.load(Relaxed).saturating_sub(held).max(freed);
            let (freed_bytes, born_bytes) = match class.block_bytes {
                0 => {
                    let freed = class.large_freed_bytes.load(Relaxed);
                    (freed, class.large_bytes.load(Relaxed).max(freed))
                }
                bytes => (freed * bytes as u64, born * bytes as u64),
            };
            out.allocated_objects += born;
            out.allocated_bytes += born_bytes;
            out.freed_objects += freed;
            out.freed_bytes += freed_bytes;
            let block_bytes = if class.block_bytes == 0 { usize::MAX } else { class.block_bytes };
            debug_assert!(block_bytes == usize::MAX || block_bytes <= LARGE_BYTES);
            let size = sizes.entry(block_bytes).or_insert(SizeFigures { block_bytes, ..SizeFigures::default() });
            size.allocated += born;
            size.freed += freed;
        }
        out.by_size = sizes.into_values().collect();
        out.levels = self.memory.levels();
        out.goal_bytes = self.goal_if_any();
        out.live_bytes = Some(lock(&self.pacer).1.marked_bytes);
        out.automatic = self.automatic.load(Relaxed);
        let f = &self.figures;
        out.mark_ns = f.mark_cpu_ns.load(Relaxed);
        out.collector_ns = f.collector_cpu_ns.load(Relaxed).max(out.mark_ns);
        out.assist_ns = self.assist_ns();
        out.limiter_last = self.limiter_last.load(Relaxed);
        out.stop_ns = f.stop_ns_total.load(Relaxed);
        out
    }

    pub(super) fn gc_percent(&self, new: Option<Option<u32>>) -> Option<u32> {
        let old = lock(&self.pacer).0.gogc;
        if let Some(percent) = new {
            self.plan_again(|pacer| pacer.gogc = percent)
        }
        old
    }
    pub(super) fn memory_limit(&self, new: Option<Option<usize>>) -> Option<usize> {
        let old = lock(&self.pacer).0.limit_bytes;
        if let Some(bytes) = new {
            self.plan_again(|pacer| pacer.limit_bytes = bytes);
            self.scavenge_to_limit();
        }
        old
    }
}
