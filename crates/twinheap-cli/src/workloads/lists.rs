//! `lists`: garbage that refers to itself. Pairs of nodes that hold each other, and every so often a ring.
//!
//! Counting alone never frees any of it; a cycle collector or a tracing one must. The table of workloads is in
//! `workloads.rs`.

use twinheap::{Full, Gc, Manager, Mutation, OneMutator, Rootable, Slot, Trace};

use super::{Chosen, Done, Key, Stage, Stop, Workload, session};

pub const WORKLOAD: Workload = Workload {
    name: "lists",
    about: "Makes and drops lists that refer to themselves: pairs, and a ring for every hundred pairs.",
    keys: &[
        Key { name: "n", default: 1_000_000, least: 0, most: 1_000_000_000_000, about: "pairs" },
        Key { name: "ring", default: 100, least: 1, most: 100_000, about: "nodes of a ring" },
    ],
    contenders: super::BOTH,
};

const PAIRS_A_RING: u64 = 100;

#[derive(Trace)]
struct Node<'gc, M: Manager> {
    value: u64,
    next: Slot<'gc, Node<'gc, M>, M>,
}

type Link<'gc, M> = Gc<'gc, Node<'gc, M>, M>;

fn node<'gc, M: Manager>(
    mc: &'gc Mutation<'gc, M>,
    value: u64,
    next: Option<Link<'gc, M>>,
) -> Result<Link<'gc, M>, Full> {
    Gc::try_new(mc, Node { value, next: Slot::new(next) }).map_err(|no_room| no_room.full)
}

/// A loop of so many nodes, and the sum of their values, taken by walking once around.
fn ring<'gc, M: Manager>(mc: &'gc Mutation<'gc, M>, first_value: u64, nodes: u64) -> Result<u64, Full> {
    let last = node(mc, first_value, None)?;
    let mut first = last.clone();
    for i in 1..nodes {
        first = node(mc, first_value + i, Some(first))?;
    }
    last.next.set(mc, Some(first.clone()));
    let mut sum = first.value;
    let mut at = first.next.get();
    while let Some(node) = at.take() {
        if node.ptr_eq(&first) {
            break;
        }
        sum = sum.wrapping_add(node.value);
        at = node.next.get();
    }
    Ok(sum)
}

struct Root;
impl<M: Manager> Rootable<M> for Root {
    type Root<'gc> = ();
}

pub fn run<M: OneMutator>(chosen: &Chosen, stage: &mut Stage<'_>) -> Result<Done, Stop> {
    let (pairs, ring_nodes) = (chosen.get("n"), chosen.get("ring"));
    let heap = stage.heap::<Root, M>(|_| ())?;
    let mut mutator = stage.mutator(&heap)?;
    let mut sum = 0u64;
    let mut rings = 0u64;
    for pair in 0..pairs {
        sum = sum.wrapping_add(session(&mut mutator, |mc, _| ring(mc, pair, 2))?);
        if pair.is_multiple_of(PAIRS_A_RING) {
            sum = sum.wrapping_add(session(&mut mutator, |mc, _| ring(mc, pair, ring_nodes))?);
            rings += 1;
        }
    }
    writeln!(stage.out, "{pairs} pairs and {rings} rings of {ring_nodes}\t sum: {sum}")?;
    stage.done(mutator, &heap)
}
