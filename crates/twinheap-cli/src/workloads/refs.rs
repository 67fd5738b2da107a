//! `refs`: handles cloned and dropped, and nothing else: what counting costs.
//!
//! Under tracing managers a handle is a word to copy; under counting ones a clone is an addition. The row `arc` is
//! `std::sync::Arc` shared by two threads: what counting costs when threads share, because every count is then a word
//! that two processors fight for. All rows do the same number of clones. The table of workloads is in `workloads.rs`.

use std::{hint::black_box, io::Write, sync::Arc, thread, time::Instant};

use twinheap::{Gc, Manager, OneMutator, Rootable, Trace};

use crate::args;

use super::{Chosen, Done, Key, Stage, Stop, Workload};

pub const WORKLOAD: Workload = Workload {
    name: "refs",
    about: "Clones and drops handles: nothing under null, a count under refcount, an atomic count with `arc` (two threads).",
    keys: &[Key { name: "n", default: 100_000_000, least: 2, most: 1_000_000_000_000, about: "clones" }],
    contenders: &[args::Manager::Null, args::Manager::Refcount, args::Manager::Arc],
};

const OBJECTS: usize = 64;
/// A handle is dropped so many clones after it was made.
const HELD: usize = 16;
/// So many clones share a session.
const SESSION_CLONES: u64 = 1 << 16;
const ARC_THREADS: u64 = 2;

#[derive(Trace)]
struct Objects<'gc, M: Manager> {
    objects: Vec<Gc<'gc, u64, M>>,
}

struct Root;
impl<M: Manager> Rootable<M> for Root {
    type Root<'gc> = Objects<'gc, M>;
}

/// Clones so many handles, keeping the last few; the sum of what they refer to.
#[inline(never)]
fn clones<H: Clone>(handles: &[H], value: impl Fn(&H) -> u64, from: u64, to: u64) -> u64 {
    let mut held: [Option<H>; HELD] = [const { None }; HELD];
    let mut sum = 0u64;
    for i in from..to {
        let handle = black_box(&handles[i as usize % OBJECTS]).clone();
        sum = sum.wrapping_add(value(&handle));
        held[i as usize % HELD] = Some(handle);
    }
    sum
}

pub fn run<M: OneMutator>(chosen: &Chosen, stage: &mut Stage<'_>) -> Result<Done, Stop> {
    let n = chosen.get("n");
    let heap =
        stage.heap::<Root, M>(|mc| Objects { objects: (0..OBJECTS as u64).map(|i| Gc::new(mc, i)).collect() })?;
    let mut mutator = stage.mutator(&heap)?;
    let begin = Instant::now();
    let mut sum = 0u64;
    let mut at = 0;
    while at < n {
        let end = n.min(at + SESSION_CLONES);
        sum = sum.wrapping_add(mutator.mutate(|_, root| clones(&root.objects, |handle| **handle, at, end)));
        at = end;
    }
    tell(stage, n, sum, begin)?;
    stage.done(mutator, &heap)
}

/// The row `arc`: no heap of ours, two threads, half of the clones each.
pub fn run_arc(chosen: &Chosen, stage: &mut Stage<'_>) -> Result<Done, Stop> {
    let n = chosen.get("n");
    let objects: Vec<Arc<u64>> = (0..OBJECTS as u64).map(Arc::new).collect();
    let begin = Instant::now();
    let sum = thread::scope(|scope| {
        let parts: Vec<_> = (0..ARC_THREADS)
            .map(|part| (n * part / ARC_THREADS, n * (part + 1) / ARC_THREADS))
            .map(|(from, to)| {
                scope.spawn({
                    let objects = &objects;
                    move || clones(objects, |handle| **handle, from, to)
                })
            })
            .collect();
        parts.into_iter().map(|part| part.join().expect("nothing in it panics")).fold(0, u64::wrapping_add)
    });
    tell(stage, n, sum, begin)?;
    Ok(Done::default())
}

fn tell(stage: &mut Stage<'_>, n: u64, sum: u64, begin: Instant) -> Result<(), Stop> {
    let ns = begin.elapsed().as_secs_f64() * 1e9 / n as f64;
    // With standard error closed there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "{ns:.2} ns for a clone and its drop");
    Ok(writeln!(stage.out, "{n} clones\t sum: {sum}")?)
}
