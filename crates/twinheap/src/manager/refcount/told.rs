//! What a collection tells of itself: callbacks, and the lines of CPython's debug flags.
//!
//! As CPython 3.13.0 (`gc_collect_main`): the header comes after the "start" callbacks, the last line before the "stop"
//! ones.  Zeal's collections tell nothing.
//! Not here: the lines (`manager::debug_lines`), the flags' meaning for what is kept (`collect`).  Overview: `manager::refcount`.

use super::CountingHeap;
use crate::{
    config::Config,
    manager::debug_lines::DebugLines,
    object::{
        managed::debug,
        type_info::{Kind, TypeInfo},
    },
    observe::{CallbackInfo, Callbacks, Phase},
};
use std::{cell::Cell, ptr::NonNull, time::Duration};

/// Who is told, and how much.
pub(super) struct Told {
    pub(super) callbacks: Callbacks,
    /// `gc.set_debug`: any C int, unmasked.
    pub(super) debug: Cell<i32>,
    lines: DebugLines,
}

impl Told {
    pub(super) fn new(config: &Config) -> Told {
        Told { callbacks: Callbacks::default(), debug: Cell::new(0), lines: DebugLines::new(config.debug_output) }
    }
    fn has(&self, flag: i32) -> bool {
        self.debug.get() & flag != 0
    }
    pub(super) fn saves_all(&self) -> bool {
        self.has(debug::SAVEALL)
    }
}

impl CountingHeap {
    /// Before anything is looked at; no collection can begin meanwhile.
    pub(super) fn tell_start(&self, generation: u32) {
        let told = &self.told;
        told.callbacks.call(Phase::Start, CallbackInfo { generation: generation as u8, ..CallbackInfo::default() });
        if told.has(debug::STATS) {
            told.lines.begins(generation, self.containers_by_generation())
        }
    }
    /// What was found dead, before anybody's finalizer runs.
    pub(super) fn tell_condemned(&self, condemned: &[*mut u8]) {
        if !self.told.has(debug::COLLECTABLE) {
            return;
        }
        for p in condemned.iter().filter_map(|&p| NonNull::new(p)) {
            // SAFETY: the condemned are whole objects.
            let info = unsafe { TypeInfo::of(p) };
            if info.kind == Kind::Container {
                self.told.lines.collectable((info.name)(), p)
            }
        }
    }
    /// When it is over.
    pub(super) fn tell_stop(&self, generation: u32, containers: usize, took: Duration) {
        let told = &self.told;
        if told.has(debug::STATS) {
            told.lines.done(containers, took)
        }
        let info = CallbackInfo { generation: generation as u8, collected: containers, uncollectable: 0 };
        told.callbacks.call(Phase::Stop, info);
    }

    /// Tracked containers by generation; the last is the permanent one.  Cost: a look at every object.
    fn containers_by_generation(&self) -> [usize; 4] {
        let mut n = [0; 4];
        self.each_object(&mut |_, info, p| {
            // SAFETY: an object of this heap.
            let state = unsafe { self.object_state(p) };
            n[state.generation as usize] += (info.kind == Kind::Container && state.tracked) as usize;
        });
        n
    }
}
