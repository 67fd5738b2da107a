//! `threads`: several mutator threads on one structure.
//!
//! A table of nodes that all threads see. Each thread replaces the nodes of its own keys, again and again, by new ones
//! that refer to whatever node stands at some other key at that moment; so every thread reads what others write, and
//! what it prints depends on the keys alone, not on who was faster. A manager with one thread does the same parts one
//! after the other, and says so. The table of workloads is in `workloads.rs`.

use std::{io::Write, thread};

use twinheap::{Full, Gc, Heap, Manager, Mutation, Mutator, OneMutator, Rootable, Slot, Threaded, Trace};

use super::{Chosen, Done, Key, Random, Stage, Stop, Workload, session};

pub const WORKLOAD: Workload = Workload {
    name: "threads",
    about: "Several threads replace nodes of one table that refer to each other's; refcount and null have one thread.",
    keys: &[
        Key { name: "threads", default: 2, least: 1, most: 256, about: "mutator threads" },
        Key { name: "size", default: 100_000, least: 256, most: 1_000_000_000, about: "nodes of the table" },
        Key {
            name: "ops",
            default: 10_000_000,
            least: 0,
            most: 1_000_000_000_000,
            about: "replacements, all threads together",
        },
    ],
    contenders: super::BOTH,
};

/// So many replacements share a session.
const SESSION_OPS: u64 = 32;

#[derive(Trace)]
struct Node<'gc, M: Manager> {
    key: u64,
    /// How often the node at this key was replaced.
    version: u64,
    other: Slot<'gc, Node<'gc, M>, M>,
}

#[derive(Trace)]
struct Table<'gc, M: Manager> {
    nodes: Vec<Slot<'gc, Node<'gc, M>, M>>,
}

impl<'gc, M: Manager> Table<'gc, M> {
    /// Puts a new node at a key of ours, beside a look at what the old one referred to.
    fn replace(&self, mc: &'gc Mutation<'gc, M>, key: u64, other: u64) -> Result<u64, Full> {
        let place = &self.nodes[key as usize];
        let old = place.get();
        let version = old.as_ref().map_or(0, |old| old.version + 1);
        let other = Slot::new(self.nodes[other as usize].get());
        let node = Gc::try_new(mc, Node { key, version, other }).map_err(|no_room| no_room.full)?;
        // The old node may live on in somebody's `other`; without this it would keep all of history alive.
        let seen = old.and_then(|old| old.other.take(mc)).map_or(0, |seen| seen.key);
        place.set(mc, Some(node));
        Ok(seen)
    }
}

struct Root;
impl<M: Manager> Rootable<M> for Root {
    type Root<'gc> = Table<'gc, M>;
}

/// One thread's part of the work.
#[derive(Clone, Copy)]
struct Part {
    nth: u64,
    of: u64,
    size: u64,
    ops: u64,
}

impl Part {
    fn all(chosen: &Chosen) -> Vec<Part> {
        let (of, size, ops) = (chosen.get("threads"), chosen.get("size"), chosen.get("ops"));
        (0..of).map(|nth| Part { nth, of, size, ops: ops * (nth + 1) / of - ops * nth / of }).collect()
    }

    /// A key of this part: every thread has its own.
    fn own_key(&self, random: &mut Random) -> u64 {
        let own = (self.size - self.nth).div_ceil(self.of);
        self.nth + self.of * random.below(own)
    }

    fn fill<M: Manager>(&self, mutator: &mut Mutator<Root, M>) -> Result<(), Full> {
        for key in (self.nth..self.size).step_by(self.of as usize) {
            session(mutator, |mc, table| table.replace(mc, key, key))?;
        }
        Ok(())
    }

    fn run<M: Manager>(&self, mutator: &mut Mutator<Root, M>) -> Result<u64, Full> {
        let mut random = Random::new(self.nth);
        let mut sum = 0u64;
        let mut done = 0;
        while done < self.ops {
            let end = self.ops.min(done + SESSION_OPS);
            // Without room the session is left where it stopped, and only that replacement is tried again.
            let (at, part, next) = session(mutator, |mc, table| {
                let (mut at, mut sum, mut random) = (done, 0u64, random.clone());
                while at < end {
                    let before = random.clone();
                    let (key, other) = (self.own_key(&mut random), random.below(self.size));
                    match table.replace(mc, key, other) {
                        Ok(seen) => sum = sum.wrapping_add(seen),
                        Err(full) if at == done => return Err(full),
                        Err(_) => return Ok((at, sum, before)),
                    }
                    at += 1;
                }
                Ok((at, sum, random))
            })?;
            (done, sum, random) = (at, sum.wrapping_add(part), next);
        }
        Ok(sum)
    }
}

fn table<'gc, M: Manager>(chosen: &Chosen) -> Table<'gc, M> {
    Table { nodes: (0..chosen.get("size")).map(|_| Slot::empty()).collect() }
}

/// For managers with one mutator: the parts one after the other.
pub fn run_alone<M: OneMutator>(chosen: &Chosen, stage: &mut Stage<'_>) -> Result<Done, Stop> {
    let heap = stage.heap::<Root, M>(|_| table(chosen))?;
    let mut mutator = stage.mutator(&heap)?;
    if chosen.get("threads") > 1 {
        let _ =
            writeln!(std::io::stderr(), "{} has one mutator thread: it does all parts, one after the other", M::NAME);
    }
    let parts = Part::all(chosen);
    for part in &parts {
        part.fill(&mut mutator)?;
    }
    let mut sum = 0u64;
    for part in &parts {
        sum = sum.wrapping_add(part.run(&mut mutator)?);
    }
    tell(chosen, stage, &mut mutator, sum)?;
    stage.done(mutator, &heap)
}

/// For managers with many mutators: a thread for each part.
pub fn run_together<M: Threaded>(chosen: &Chosen, stage: &mut Stage<'_>) -> Result<Done, Stop> {
    let heap: Heap<Root, M> = stage.heap(|_| table(chosen))?;
    let parts = Part::all(chosen);
    let mut mutator = stage.mutator(&heap)?;
    for part in &parts {
        part.fill(&mut mutator)?;
    }
    let mut mutators = Vec::new();
    for _ in &parts {
        mutators.push(stage.mutator(&heap)?);
    }
    let sum = thread::scope(|scope| {
        let threads: Vec<_> =
            parts.iter().zip(mutators).map(|(part, mut mutator)| scope.spawn(move || part.run(&mut mutator))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .try_fold(0u64, |sum, part| Ok::<_, Full>(sum.wrapping_add(part?)))
    })?;
    tell(chosen, stage, &mut mutator, sum)?;
    stage.done(mutator, &heap)
}

fn tell<M: Manager>(
    chosen: &Chosen,
    stage: &mut Stage<'_>,
    mutator: &mut Mutator<Root, M>,
    sum: u64,
) -> Result<(), Stop> {
    let versions = mutator.mutate(|_, table| {
        let versions = table.nodes.iter().filter_map(Slot::get).map(|node| node.version.wrapping_mul(node.key + 1));
        versions.fold(0, u64::wrapping_add)
    });
    let (ops, size) = (chosen.get("ops"), chosen.get("size"));
    Ok(writeln!(stage.out, "{ops} replacements among {size} nodes\t seen: {sum}\t versions: {versions}")?)
}
