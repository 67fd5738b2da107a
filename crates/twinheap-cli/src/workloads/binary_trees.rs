//! `binary-trees`: the Benchmarks Game's program; very many small objects, most of them short-lived.
//!
//! Same work and same lines as the usual two-pointer version in other languages. What a session allocates outlives the
//! session under tricolor, so a small tree is one session, and a large one is grown from small ones, one session each,
//! kept in the root meanwhile as a binary counter keeps its digits. The table of workloads is in `workloads.rs`.

use twinheap::{Full, Gc, GcCell, Manager, Mutation, Mutator, OneMutator, Rootable, Slot, Trace};

use super::{Chosen, Done, Key, Stage, Stop, Workload, session};

pub const WORKLOAD: Workload = Workload {
    name: "binary-trees",
    about: "Grows and drops binary trees of many sizes beside one that lives long (the Benchmarks Game's program).",
    keys: &[Key { name: "depth", default: 16, least: 0, most: 30, about: "depth of the largest trees" }],
    contenders: super::BOTH,
};

/// A tree of this depth, 2,047 nodes, is grown in one session.
const PART_DEPTH: u32 = 10;
const LEAST_DEPTH: u32 = 4;

#[derive(Trace)]
struct Tree<'gc, M: Manager> {
    left: Option<Gc<'gc, Tree<'gc, M>, M>>,
    right: Option<Gc<'gc, Tree<'gc, M>, M>>,
}

impl<'gc, M: Manager> Tree<'gc, M> {
    /// A tree of small depth. The error is boxed so that the answer comes back in registers.
    fn grow(mc: &'gc Mutation<'gc, M>, depth: u32) -> Result<Gc<'gc, Tree<'gc, M>, M>, Box<Full>> {
        let tree = if depth == 0 {
            Tree { left: None, right: None }
        } else {
            Tree { left: Some(Tree::grow(mc, depth - 1)?), right: Some(Tree::grow(mc, depth - 1)?) }
        };
        Gc::try_new(mc, tree).map_err(|no_room| Box::new(no_room.full))
    }

    fn count(&self) -> u64 {
        match (&self.left, &self.right) {
            (Some(left), Some(right)) => 1 + left.count() + right.count(),
            _ => 1,
        }
    }
}

#[derive(Trace)]
struct Forest<'gc, M: Manager> {
    long_lived: Slot<'gc, Tree<'gc, M>, M>,
    /// Parts of the tree that grows, the largest first, no two of a size.
    parts: GcCell<Vec<Gc<'gc, Tree<'gc, M>, M>>, M>,
}

struct Root;
impl<M: Manager> Rootable<M> for Root {
    type Root<'gc> = Forest<'gc, M>;
}

pub fn run<M: OneMutator>(chosen: &Chosen, stage: &mut Stage<'_>) -> Result<Done, Stop> {
    let deepest = (chosen.get("depth") as u32).max(LEAST_DEPTH + 2);
    let heap = stage.heap::<Root, M>(|_| Forest { long_lived: Slot::empty(), parts: GcCell::new(Vec::new()) })?;
    let mut mutator = stage.mutator(&heap)?;

    let count = grow_and_count(&mut mutator, deepest + 1)?;
    writeln!(stage.out, "stretch tree of depth {}\t check: {count}", deepest + 1)?;

    grow(&mut mutator, deepest)?;
    mutator.mutate(|mc, forest| forest.long_lived.set(mc, forest.parts.borrow_mut(mc).pop()));

    for depth in (LEAST_DEPTH..=deepest).step_by(2) {
        let trees = 1u64 << (deepest - depth + LEAST_DEPTH);
        let mut count = 0;
        for _ in 0..trees {
            count += grow_and_count(&mut mutator, depth)?;
        }
        writeln!(stage.out, "{trees}\t trees of depth {depth}\t check: {count}")?;
    }

    let count = mutator.mutate(|_, forest| forest.long_lived.get().map_or(0, |tree| tree.count()));
    writeln!(stage.out, "long lived tree of depth {deepest}\t check: {count}")?;
    stage.done(mutator, &heap)
}

fn grow_and_count<M: OneMutator>(mutator: &mut Mutator<Root, M>, depth: u32) -> Result<u64, Full> {
    if depth <= PART_DEPTH {
        return session(mutator, |mc, _| Ok(Tree::grow(mc, depth).map_err(|full| *full)?.count()));
    }
    grow(mutator, depth)?;
    Ok(mutator.mutate(|mc, forest| {
        let tree = forest.parts.borrow_mut(mc).pop();
        tree.map_or(0, |tree| tree.count())
    }))
}

/// Leaves a tree of any depth as the only part.
fn grow<M: OneMutator>(mutator: &mut Mutator<Root, M>, depth: u32) -> Result<(), Full> {
    let part_depth = depth.min(PART_DEPTH);
    for nth in 1..=1u64 << (depth - part_depth) {
        session(mutator, |mc, forest| {
            let mut tree = Tree::grow(mc, part_depth).map_err(|full| *full)?;
            let joined = nth.trailing_zeros() as usize;
            let kept = forest.parts.borrow().len() - joined;
            for at in (kept..kept + joined).rev() {
                let left = forest.parts.borrow()[at].clone();
                tree = Gc::try_new(mc, Tree { left: Some(left), right: Some(tree) }).map_err(|no_room| no_room.full)?;
            }
            let mut parts = forest.parts.borrow_mut(mc);
            parts.truncate(kept);
            parts.push(tree);
            Ok(())
        })?;
    }
    Ok(())
}
