//! `graph`: a large graph that stays alive and is changed at random, so that a collector has much to mark and every
//! change passes its barrier.
//!
//! The table of workloads is in `workloads.rs`.

use twinheap::{Full, Gc, Manager, Mutation, OneMutator, Rootable, Slot, Trace};

use super::{Chosen, Done, Key, Random, Stage, Stop, Workload, session};

pub const WORKLOAD: Workload = Workload {
    name: "graph",
    about: "Changes a large living graph at random: edges are moved, nodes replaced, paths walked.",
    keys: &[
        Key { name: "nodes", default: 200_000, least: 1, most: 1_000_000_000, about: "nodes of the graph" },
        Key { name: "ops", default: 5_000_000, least: 0, most: 1_000_000_000_000, about: "changes and walks" },
    ],
    contenders: super::BOTH,
};

const EDGES: usize = 4;
const STEPS: usize = 8;
/// Every so many operations, a new node refers to itself.
const SELFISH: u64 = 4;
/// So many operations share a session.
const SESSION_OPS: u64 = 16;

#[derive(Trace)]
struct Node<'gc, M: Manager> {
    id: u64,
    edges: [Slot<'gc, Node<'gc, M>, M>; EDGES],
}

impl<'gc, M: Manager> Node<'gc, M> {
    /// A node that was replaced may still be somebody's neighbour. Its own edges go, or all of history would stay
    /// reachable; an edge to itself stays, so that counting alone does not free it.
    fn detach(&self, mc: &'gc Mutation<'gc, M>) {
        for edge in &self.edges {
            if !edge.get().is_some_and(|target| std::ptr::eq(&*target, self)) {
                edge.set(mc, None);
            }
        }
    }
}

/// A slot for every node.
#[derive(Trace)]
struct Graph<'gc, M: Manager> {
    nodes: Vec<Slot<'gc, Node<'gc, M>, M>>,
}

impl<'gc, M: Manager> Graph<'gc, M> {
    fn random_node(&self, random: &mut Random) -> Option<Gc<'gc, Node<'gc, M>, M>> {
        self.nodes[random.below(self.nodes.len() as u64) as usize].get()
    }

    /// One of: move an edge (half of the time), put a new node in the place of an old one, walk a path.
    fn change(&self, mc: &'gc Mutation<'gc, M>, op: u64, random: &mut Random) -> Result<u64, Full> {
        match random.below(4) {
            0 | 1 => {
                let edge = random.below(EDGES as u64) as usize;
                let (from, to) = (self.random_node(random), self.random_node(random));
                if let Some(from) = from {
                    from.edges[edge].set(mc, to);
                }
                Ok(0)
            }
            2 => {
                let edges = [(); EDGES].map(|()| Slot::new(self.random_node(random)));
                let node = Gc::try_new(mc, Node { id: op, edges }).map_err(|no_room| no_room.full)?;
                if op.is_multiple_of(SELFISH) {
                    node.edges[0].set(mc, Some(node.clone()));
                }
                let place = &self.nodes[random.below(self.nodes.len() as u64) as usize];
                if let Some(old) = place.replace(mc, Some(node)) {
                    old.detach(mc);
                }
                Ok(0)
            }
            _ => {
                let mut sum = 0u64;
                let mut at = self.random_node(random);
                for _ in 0..STEPS {
                    let Some(node) = at else { break };
                    sum = sum.wrapping_add(node.id);
                    at = node.edges[random.below(EDGES as u64) as usize].get();
                }
                Ok(sum)
            }
        }
    }
}

struct Root;
impl<M: Manager> Rootable<M> for Root {
    type Root<'gc> = Graph<'gc, M>;
}

pub fn run<M: OneMutator>(chosen: &Chosen, stage: &mut Stage<'_>) -> Result<Done, Stop> {
    let (nodes, ops) = (chosen.get("nodes"), chosen.get("ops"));
    let heap = stage.heap::<Root, M>(|_| Graph { nodes: (0..nodes).map(|_| Slot::empty()).collect() })?;
    let mut mutator = stage.mutator(&heap)?;
    let mut random = Random::new(1);
    for id in 0..nodes {
        random = session(&mut mutator, |mc, graph| {
            let mut random = random.clone();
            let edges = [(); EDGES].map(|()| Slot::new(graph.random_node(&mut random)));
            let node = Gc::try_new(mc, Node { id, edges }).map_err(|no_room| no_room.full)?;
            graph.nodes[id as usize].set(mc, Some(node));
            Ok(random)
        })?;
    }
    let mut sum = 0u64;
    let mut op = 0;
    while op < ops {
        let end = ops.min(op + SESSION_OPS);
        // Without room the session is run again from where it stopped, so what it did is counted as it goes.
        while op < end {
            let begun = (op, sum, random.clone());
            let (at, part, next) = session(&mut mutator, |mc, graph| {
                let (mut op, mut sum, mut random) = begun.clone();
                while op < end {
                    let before = random.clone();
                    match graph.change(mc, op, &mut random) {
                        Ok(walked) => sum = sum.wrapping_add(walked),
                        Err(full) if op == begun.0 => return Err(full),
                        Err(_) => return Ok((op, sum, before)),
                    }
                    op += 1;
                }
                Ok((op, sum, random))
            })?;
            (op, sum, random) = (at, part, next);
        }
    }
    writeln!(stage.out, "{ops} operations on {nodes} nodes\t sum: {sum}")?;
    stage.done(mutator, &heap)
}
