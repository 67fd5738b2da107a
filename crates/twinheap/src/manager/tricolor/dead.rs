//! What a collection found dead, before it is swept: for CPython's debug flags, and only while one of them asks.
//!
//! In FIN, with all gray locks held, the containers that are allocated and not marked are what the sweep would free: runs
//! that are open are black, so nothing unwritten is among them.  `DEBUG_SAVEALL` marks them, with all that they lead to,
//! and queues them behind the finalizers.  No collection begins by itself while it is set: it would keep what a
//! counting heap releases at once, and a program would run out of memory by its temporaries.
//! Not here: the lines (`manager::debug_lines`).  Overview: `manager::tricolor`.

use super::{collector::Inner, mark::Gray};
use crate::{
    object::{
        managed::debug,
        type_info::{Kind, TypeInfo},
    },
    sync::{Ordering::Relaxed, lock},
};

impl Inner {
    /// Whether a debug flag is set.
    pub(super) fn debugs(&self, flag: i32) -> bool {
        self.debug.load(Relaxed) & flag as u32 != 0
    }
    /// Sets the flags.
    pub(super) fn set_debug(&self, flags: i32) {
        let was = self.debug.swap(flags as u32, Relaxed) as i32;
        if was & debug::SAVEALL != 0 && flags & debug::SAVEALL == 0 {
            // What fell due meanwhile is due.
            self.plan_again(|_| {})
        }
    }
    /// Whether collections begin by themselves.
    pub(super) fn begins_by_itself(&self) -> bool {
        self.automatic.load(Relaxed) && !self.debugs(debug::SAVEALL)
    }

    /// FIN: the tracked containers that nobody can reach, by address within each span.  Cost: a look at every block, with
    /// all gray locks held.
    pub(super) fn dead_containers(&self) -> Vec<Gray> {
        let mut dead = Vec::new();
        let untracked = lock(&self.untracked).clone();
        // The doomed are marked; with the queue held nobody frees one, in a span that no gray lock is about.
        let _queue = self.destructors.queue();
        self.flip(|| {
            for span in self.memory.spans() {
                // SAFETY: a span in use holds objects.  Nobody else touches alloc bits: mutators do with their gray locks
                // held, the destructors' thread with the queue's, the collector's is here.
                unsafe {
                    if TypeInfo::in_span(span).kind == Kind::Container {
                        span.each_allocated(|p, is_marked| {
                            if !is_marked && !untracked.contains(&Gray(p)) {
                                dead.push(Gray(p))
                            }
                        })
                    }
                }
            }
        });
        dead
    }
    /// A line for each.
    pub(super) fn tell_dead(&self, dead: &[Gray]) {
        for g in dead {
            // SAFETY: whole objects, not swept before F2.
            let info = unsafe { TypeInfo::of(g.0) };
            self.lines.collectable((info.name)(), g.0)
        }
    }
    /// In a stop, runs closed: containers that are not swept yet.
    pub(super) fn containers(&self) -> usize {
        let classes = self.all_classes();
        let containers = classes.iter().filter(|class| class.info.kind == Kind::Container);
        containers.map(|class| class.born.load(Relaxed).saturating_sub(class.freed.load(Relaxed)) as usize).sum()
    }
}
