//! Destructors that are somebody's code (`DropKind::Arbitrary`), on a thread of their own (H2).
//!
//! A sweep only lists the dead of such types; this thread, started when the first are found, runs their destructors, in the
//! order of the sweep, each panic caught and counted, and then frees their blocks.  A collection ends when they have run, or
//! when one of them takes longer than [`STALL`]: so many that are slow hold back whoever makes them, as any work of the
//! collector's, and one that blocks holds up neither sweeps nor mutators nor the next collections; what dies meanwhile waits
//! behind it.  Only whoever asked for a collection waits for all of what that one found, and the heap's end waits for all.
//!
//! Between its sweep and its end an object is *doomed*: dead, its block still allocated.  Its references are not followed any
//! more (its glue reads none: I13), and no sweep may find it a second time: so each marking begins by setting the marks of
//! the doomed.
//!
//! ```text
//! allocated blocks == born − freed + doomed                                          for every class     (`verify`)
//! ```
//! Alloc bits of spans that hold doomed blocks change under the queue's lock, and under whatever else they are under (I12):
//! sweeps of such types take it for each span, looks at the stopped heap take it first of all.  The order of locks: queue,
//! registry, gray, class.
//! Not here: what is dead (`sweep`).  Overview: `manager::tricolor`.

use super::{
    cache::Record,
    collector::{Inner, add},
    mark::Gray,
    phase::Phase,
    sweep::Class,
};
use crate::{
    alloc::{SpanRef, chunk},
    process::{self, thread_cpu_ns},
    sync::{
        Arc, AtomicU64, Condvar, Instant, Mutex, MutexGuard,
        Ordering::Relaxed,
        lock, seeded,
        thread::{self, JoinHandle},
    },
};
use std::{
    collections::{HashSet, VecDeque},
    ptr::NonNull,
    time::Duration,
};

/// Spans whose dead are freed together.
const BATCH_SPANS_MAX: usize = 64;

/// The dead of some spans of a class, whose destructors are to run.
pub struct Batch {
    class: Arc<Class>,
    spans: Vec<(SpanRef, Vec<NonNull<u8>>)>,
}
// SAFETY: addresses of objects that nobody but the destructors' thread touches, and of spans that these objects keep.
unsafe impl Send for Batch {}
// SAFETY: as above.
unsafe impl Sync for Batch {}

impl Batch {
    pub(super) fn of(class: &Arc<Class>) -> Self {
        Batch { class: class.clone(), spans: Vec::new() }
    }
    /// Adds the dead of a span.
    pub(super) fn push(&mut self, span: SpanRef, dead: Vec<NonNull<u8>>) {
        self.spans.push((span, dead))
    }
    pub(super) fn is_full(&self) -> bool {
        self.spans.len() >= BATCH_SPANS_MAX
    }
    fn objects(&self) -> impl Iterator<Item = NonNull<u8>> {
        self.spans.iter().flat_map(|(_, dead)| dead.iter().copied())
    }
}

/// How long a collection waits for one destructor.  (Go says of a finalizer only that a slow one had better start a goroutine.)
const STALL: Duration = Duration::from_millis(100);

/// What waits for its destructor.
#[derive(Default)]
pub struct Queue {
    /// The first is being worked on.
    batches: VecDeque<Arc<Batch>>,
    /// Batches ever put, and those that are done.
    put: u64,
    done: u64,
    closed: bool,
    /// One was waited for that long, when so many had run.
    stalled: Option<u64>,
}

impl Queue {
    /// Every doomed object.
    pub(super) fn doomed(&self) -> impl Iterator<Item = NonNull<u8>> {
        self.batches.iter().flat_map(|batch| batch.objects())
    }
    /// How many of a class.
    pub(super) fn doomed_of(&self, class: &Arc<Class>) -> usize {
        self.batches.iter().filter(|b| Arc::ptr_eq(&b.class, class)).flat_map(|b| &b.spans).map(|s| s.1.len()).sum()
    }
}

/// The queue and its thread.
#[derive(Default)]
pub struct Destructors {
    queue: Mutex<Queue>,
    change: Condvar,
    /// Destructors that have run.
    run: AtomicU64,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Destructors {
    /// The queue, and with it the alloc bits of spans with doomed blocks.
    pub(super) fn queue(&self) -> MutexGuard<'_, Queue> {
        lock(&self.queue)
    }
    /// (B) Nothing that is doomed is found dead again.
    pub(super) fn mark_doomed(&self) {
        if seeded("doomed_found_again") {
            return;
        }
        for p in self.queue().doomed() {
            // SAFETY: allocated until its batch leaves the queue.  A mark alone: nobody looks into it.
            unsafe { chunk::try_mark(p) };
        }
    }
    /// Whether destructors are to run yet.
    pub(super) fn are_due(&self) -> bool {
        !self.queue().batches.is_empty()
    }
    /// (G) Waits for destructors while they get on.
    pub(super) fn wait_while_they_run(&self) {
        let mut queue = self.queue();
        let mut run = self.run.load(Relaxed);
        let mut since = Instant::now();
        while queue.done < queue.put && queue.stalled != Some(run) {
            queue = self.change.wait_timeout(queue, STALL).unwrap_or_else(|e| e.into_inner()).0;
            let now = self.run.load(Relaxed);
            if now != run {
                (run, since) = (now, Instant::now());
            } else if since.elapsed() >= STALL {
                queue.stalled = Some(run);
            }
        }
    }
    /// Waits until every destructor that was due at this call has run, at most so long.
    pub(super) fn wait(&self, at_most: Option<Duration>) {
        let since = Instant::now();
        let mut queue = self.queue();
        let want = queue.put;
        while queue.done < want {
            queue = match at_most {
                None => self.change.wait(queue).unwrap_or_else(|e| e.into_inner()),
                Some(most) => {
                    let Some(left) = most.checked_sub(since.elapsed()) else { return };
                    self.change.wait_timeout(queue, left).unwrap_or_else(|e| e.into_inner()).0
                }
            }
        }
    }
}

impl Inner {
    /// The destructors of a batch are to run.  The collector's thread calls it, with no lock held.
    pub(super) fn doom(self: &Arc<Self>, batch: Batch) {
        if batch.spans.is_empty() {
            return;
        }
        {
            let mut queue = self.destructors.queue();
            queue.put += 1;
            queue.batches.push_back(Arc::new(batch));
            self.destructors.change.notify_all();
        }
        let mut thread = lock(&self.destructors.thread);
        if thread.is_none() {
            let its = self.clone();
            *thread = thread::Builder::new()
                .name("twinheap-destructor".to_owned())
                .stack_size(super::manage::COLLECTOR_STACK_BYTES)
                .spawn(move || its.destroy())
                .ok();
            if thread.is_none() {
                // The system refuses a thread: then they run here, as everything of the collector's does.
                drop(thread);
                while let Some(batch) = self.next_batch(false) {
                    self.destroy_batch(&batch)
                }
            }
        }
    }
    /// The destructors' thread.
    fn destroy(self: Arc<Self>) {
        self.serve_as_own_thread();
        process::in_background(self.background_nice);
        let mut counted_ns = thread_cpu_ns();
        while let Some(batch) = self.next_batch(true) {
            self.destroy_batch(&batch);
            let now_ns = thread_cpu_ns();
            add(&self.figures.collector_cpu_ns, now_ns - std::mem::replace(&mut counted_ns, now_ns));
        }
    }
    /// The first batch, which stays in the queue; waits for one until the heap goes.
    fn next_batch(&self, waits: bool) -> Option<Arc<Batch>> {
        let mut queue = self.destructors.queue();
        loop {
            match queue.batches.front() {
                Some(batch) => return Some(batch.clone()),
                None if !waits || queue.closed => return None,
                None => queue = self.destructors.change.wait(queue).unwrap_or_else(|e| e.into_inner()),
            }
        }
    }
    fn destroy_batch(&self, batch: &Batch) {
        for (span, dead) in &batch.spans {
            for &p in dead {
                // SAFETY: doomed: dead, listed once, and ours alone until its bits are cleared below.  No lock is held.
                unsafe { self.bury(batch.class.info, p, span.block_bytes()) }
                add(&self.destructors.run, 1);
            }
        }
        let mut queue = self.destructors.queue();
        self.with_records(|records| {
            // Stable while we hold the registry's lock, which F2 takes.
            let sweep_epoch = self.sweep_epoch.load(Relaxed);
            if batch.class.block_bytes == 0 {
                self.free_large(batch)
            } else {
                batch.class.free_doomed(self, records, &batch.spans, sweep_epoch)
            }
        });
        queue.batches.pop_front();
        queue.done += 1;
        let all = queue.batches.is_empty();
        drop(queue);
        if all && self.phase.get() == Phase::Idle {
            self.plan_for_outside()
        }
        self.destructors.change.notify_all();
    }
    fn free_large(&self, batch: &Batch) {
        for &(span, ref dead) in &batch.spans {
            // SAFETY: buried; a large object's bits are touched under the queue's lock, which is ours.
            unsafe { span.free_reaped(dead) };
            lock(&self.large).remove(&span.base().addr());
            // SAFETY: its object is dropped, and nobody remembers it.
            unsafe { self.memory.free_run(span) };
        }
    }
    /// The thread goes when it has run what was due.  No collection is on, and none will be.
    pub(super) fn end_destructors(&self) {
        self.destructors.queue().closed = true;
        self.destructors.change.notify_all();
        let thread = lock(&self.destructors.thread).take();
        if let Some(thread) = thread {
            // Panics of destructors are caught; another one was reported by the panic hook.
            let _ = thread.join();
        }
    }
}

impl Class {
    /// Frees doomed blocks whose destructors have run; spans that are empty then go back to the heap's memory.  The caller holds
    /// the queue's lock and the registry's.
    fn free_doomed(
        &self,
        inner: &Inner,
        records: &[Arc<Record>],
        spans: &[(SpanRef, Vec<NonNull<u8>>)],
        sweep_epoch: u32,
    ) {
        for &(span, ref dead) in spans {
            // SAFETY: buried, reported once; the lock that the span's alloc bits are under is found by `with_bits`.
            self.with_bits(records, span, sweep_epoch, || unsafe { span.free_reaped(dead) });
        }
        self.sort_freed(inner, spans.iter().map(|s| s.0), sweep_epoch)
    }
}

/// The doomed, for looks at the heap.
pub(super) fn set_of(queue: &Queue) -> HashSet<Gray> {
    queue.doomed().map(Gray).collect()
}
