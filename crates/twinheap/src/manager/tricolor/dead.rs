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
use std::collections::HashSet;

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

    /// A collection has begun, with so many containers, if that is to be told.
    pub(super) fn tell_begin(&self, containers: Option<usize>) {
        if let Some(containers) = containers {
            let frozen = lock(&self.frozen).len();
            self.lines.begins(2, [0, 0, containers.saturating_sub(frozen), frozen])
        }
    }
    /// FIN: what is to be saved; and a line for each container found dead, if that is asked for.
    pub(super) fn find_dead(&self, save_all: bool, tells: bool) -> Vec<Gray> {
        let dead = if save_all || tells { self.dead_containers() } else { Vec::new() };
        if tells {
            self.tell_dead(&dead)
        }
        if save_all { dead } else { Vec::new() }
    }
    /// FIN: the tracked containers that nobody can reach, by address within each span.  Cost: a look at every block, with
    /// all gray locks held.
    fn dead_containers(&self) -> Vec<Gray> {
        let mut dead = Vec::new();
        let untracked = lock(&self.untracked).clone();
        // The doomed are marked, and nobody frees one meanwhile.
        let _queue = self.destructors.queue();
        self.flip(|| {
            for span in self.memory.spans() {
                // SAFETY: a span in use holds objects.  Nobody else touches alloc bits: mutators do with their gray locks
                // held, destructors with their queue's, the collector's thread is here.
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
    fn tell_dead(&self, dead: &[Gray]) {
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

/// How many are saved and not queued for a finalizer.
pub(super) fn saved_alone(saved: &[Gray], queued: &[Gray]) -> usize {
    if saved.is_empty() {
        return 0;
    }
    let queued: HashSet<&Gray> = queued.iter().collect();
    saved.iter().filter(|g| !queued.contains(g)).count()
}
