//! [`MemStats`]: Go's `runtime.MemStats`, the fields that apply to a heap.
//!
//! ```text
//! heap_objects    == mallocs − frees            heap_alloc == bytes allocated − bytes freed
//! heap_sys        == heap_inuse + heap_idle     heap_released <= heap_idle
//! sys             == heap_sys + gc_sys
//! num_gc          == collections of all causes  pause_total_ns == Σ of all their stops
//! ```
//! They hold in every answer, also while threads allocate: those with `==` are computed so.
//! Overview: `control::runtime`.

use super::Of;
use crate::{
    object::managed::Manager,
    observe::{
        HoldUpSummary, TallySummary,
        figures::Figures,
        tally::{RING, Sums},
    },
};

/// Blocks of one size (Go: an element of `BySize`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BySize {
    /// Bytes of a block (`Size`).
    pub size: u64,
    /// Blocks of this size handed out since the heap began (`Mallocs`).
    pub mallocs: u64,
    /// And free again (`Frees`).
    pub frees: u64,
}

/// A heap's statistics in Go's words: each field has Go's name in Rust's spelling.  Absent are those that could only be 0
/// or say nothing of a heap: `Lookups`, `Stack…`, `MSpan…`, `MCache…`, `BuckHashSys`, `OtherSys`, `DebugGC`.
#[derive(Clone, Debug, PartialEq)]
pub struct MemStats {
    /// Bytes of objects in use, garbage that was not swept yet included (`Alloc`; the same as `heap_alloc`).
    pub alloc: u64,
    /// Bytes of the blocks of all objects ever allocated (`TotalAlloc`).
    pub total_alloc: u64,
    /// Bytes mapped from the system, given-back pages included (`Sys`).  Not in it: what the heap has from the program's own
    /// allocator (mutators' parts, lists), some 10 KiB a mutator.
    pub sys: u64,
    /// Objects ever allocated (`Mallocs`).
    pub mallocs: u64,
    /// Objects released (`Frees`): at once, by collections.
    pub frees: u64,
    /// See `alloc` (`HeapAlloc`).
    pub heap_alloc: u64,
    /// `heap_inuse + heap_idle` (`HeapSys`).
    pub heap_sys: u64,
    /// Bytes of free spans (`HeapIdle`).
    pub heap_idle: u64,
    /// Bytes of spans in use (`HeapInuse`); less `heap_alloc` it is what is free or stranded in them.
    pub heap_inuse: u64,
    /// Bytes of free spans whose pages the system has (`HeapReleased`).
    pub heap_released: u64,
    /// Objects in use (`HeapObjects`).
    pub heap_objects: u64,
    /// Bytes of metadata: the heads of chunks, with bitmaps and tables (`GCSys`; that of Go's spans is in it, too).
    pub gc_sys: u64,
    /// The heap size at which the next collection should end; `u64::MAX` with GOGC off, and under `RefCount` and `Null`,
    /// which have no goal (`NextGC`).
    pub next_gc: u64,
    /// When the last collection ended, in nanoseconds since 1970; 0 before the first (`LastGC`).
    pub last_gc: u64,
    /// Nanoseconds of all collections' stops: from the wish to stop to everybody's going on (`PauseTotalNs`).  A session that
    /// was open has gone on with its own work in the first part.  Under `RefCount`: of the collections themselves; of one
    /// that waited for finalizers, the part after them.
    pub pause_total_ns: u64,
    /// The last stops, in Go's ring: the latest is at `(num_gc + 255) % 256` (`PauseNs`).
    pub pause_ns: [u64; RING],
    /// When each ended, in nanoseconds since 1970 (`PauseEnd`).
    pub pause_end: [u64; RING],
    /// Collections that have ended, of any generation; zeal's are not counted (`NumGC`).
    pub num_gc: u64,
    /// Those that the program asked for (`NumForcedGC`).
    pub num_forced_gc: u64,
    /// The share of the processors' time since the heap began that collecting took (`GCCPUFraction`): the collector's
    /// threads with their sweeping, and what mutators marked (Go leaves out sweeping, and what idle processors mark).
    pub gc_cpu_fraction: f64,
    /// Collections by themselves are on (`EnableGC`, always true in Go; here CPython's switch, see
    /// [`gc::disable`](crate::control::gc::disable)).  GOGC off does not change it.
    pub enable_gc: bool,
    /// By block size, ascending, large objects left out (`BySize`; as many rows as there are sizes).  Empty under
    /// `RefCount`, which counts no births, and `Null`.
    pub by_size: Vec<BySize>,
}

/// Everything, read once and made to fit together.
pub(super) struct Read {
    pub(super) figures: Figures,
    pub(super) tally: TallySummary,
    pub(super) processors: u64,
    /// For the metrics: GOGC and the soft limit, where there are such knobs, hold-ups, whether anything is collected.
    pub(super) knobs: (Option<Option<u32>>, Option<Option<usize>>),
    pub(super) holdups: HoldUpSummary,
    pub(super) collects: bool,
}

/// Reads the sums; those that only grow never go back from one reading to the next.
pub(super) fn read<O: Of>(of: &O) -> Read {
    let shared = of.shared();
    let counts = O::Manager::tally(shared);
    let mut f = Figures::default();
    let told = counts.tell(|| {
        f = O::Manager::figures(shared);
        let Figures { allocated_objects, allocated_bytes, freed_objects, freed_bytes, .. } = f;
        (Sums { allocated_objects, allocated_bytes, freed_objects, freed_bytes }, f.levels.spans_bytes as u64)
    });
    let Sums { allocated_objects, allocated_bytes, freed_objects, freed_bytes } = told;
    let figures = Figures { allocated_objects, allocated_bytes, freed_objects, freed_bytes, ..f };
    let processors = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let (knobs, holdups, collects) = ((None, None), HoldUpSummary::default(), true);
    Read { figures, tally: counts.summary(), processors, knobs, holdups, collects }
}

impl Read {
    pub(super) fn live_bytes(&self) -> u64 {
        self.figures.allocated_bytes - self.figures.freed_bytes
    }
    pub(super) fn gc_cpu_fraction(&self) -> f64 {
        let all = self.tally.age_ns.max(1) as f64 * self.processors as f64;
        ((self.figures.collector_ns + self.figures.assist_ns) as f64 / all).min(1.0)
    }
}

/// `runtime.ReadMemStats`, but it stops nobody: sums are read while threads go on (Go stops the world).
///
/// The locks it takes are held by others for a few loads, never for a collection or while anything is marked or swept; but
/// the memory's own is held through the system's call when pages go back.  Cost: a look at each type's counters,
/// each mutator's cursors and each chunk (`RefCount`: each span); some 10 µs.
pub fn read_mem_stats<O: Of>(of: &O) -> MemStats {
    let read = read(of);
    let (f, t) = (&read.figures, &read.tally);
    let l = &f.levels;
    let mut pause_ns = [0; RING];
    let mut pause_end = [0; RING];
    let num_gc = t.collections();
    for (back, &(ns, end)) in t.recent_stops.iter().enumerate() {
        let at = (num_gc as usize + RING - 1 - back) % RING;
        (pause_ns[at], pause_end[at]) = (ns, end);
    }
    MemStats {
        alloc: read.live_bytes(),
        total_alloc: f.allocated_bytes,
        sys: l.mapped_bytes as u64,
        mallocs: f.allocated_objects,
        frees: f.freed_objects,
        heap_alloc: read.live_bytes(),
        heap_sys: (l.spans_bytes + l.idle_bytes + l.returned_bytes) as u64,
        heap_idle: (l.idle_bytes + l.returned_bytes) as u64,
        heap_inuse: l.spans_bytes as u64,
        heap_released: l.returned_bytes as u64,
        heap_objects: f.allocated_objects - f.freed_objects,
        gc_sys: l.heads_bytes as u64,
        next_gc: f.goal_bytes.map_or(u64::MAX, |goal| goal as u64),
        last_gc: t.last_end_unix_ns,
        pause_total_ns: t.stop_ns_total,
        pause_ns,
        pause_end,
        num_gc,
        num_forced_gc: t.asked(),
        gc_cpu_fraction: read.gc_cpu_fraction(),
        enable_gc: f.automatic,
        by_size: f
            .by_size
            .iter()
            .filter(|size| size.block_bytes != usize::MAX)
            .map(|size| BySize { size: size.block_bytes as u64, mallocs: size.allocated, frees: size.freed })
            .collect(),
    }
}
