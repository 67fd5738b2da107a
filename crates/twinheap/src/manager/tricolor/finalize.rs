//! Finalizers: which objects get one now, and in what order.
//!
//! Objects of types with a finalizer are noted at birth, in order, and handed to the collector at the next stop.  In
//! FIN those that are not marked leave the list (so a finalizer is queued once in an object's life), are marked with
//! everything they refer to, and are queued: referrers before referents, cycles in order of birth.  The queue is private
//! until F2: a session that got such an object earlier would not know that its cells are being read (heap.md §4).
//! Not here: who runs them (`heap`).  Overview: `manager::tricolor`.

use super::{
    collector::Inner,
    mark::{Edges, Gray, Marker},
};
use crate::{
    alloc::chunk,
    sync::{Arc, lock, seeded},
};
use std::collections::HashMap;

/// FIN: the dead objects with finalizers, in the order in which they are to run; they, and those that are saved, are
/// marked with what they reach.
pub(super) fn resurrect(inner: &Arc<Inner>, marker: &mut Marker, saved: &[Gray]) -> Vec<Gray> {
    let mut dead = Vec::new();
    lock(&inner.finalizable).retain(|&g| {
        // SAFETY: whole at the handshake, not swept before F2.
        let marked = unsafe { chunk::is_marked(g.0) };
        if !marked {
            dead.push(g);
        }
        marked || seeded("finalizer_runs_twice")
    });
    let order = if dead.is_empty() { dead } else { in_order(&dead) };
    for &g in order.iter().chain(saved) {
        // SAFETY: dead, so nobody but us can reach it or what only it reaches; whole.
        unsafe { marker.mark(g.0) };
    }
    if !order.is_empty() || !saved.is_empty() {
        inner.mark_all(marker);
        // A map that comes back brings the values of keys that live; keys that are dead left it in WEAK.
        while inner.ephemerons.round(marker) {
            inner.mark_all(marker)
        }
    }
    lock(&inner.finalized).extend(order.iter().copied());
    forget_the_dead(inner);
    order
}

/// What is said of objects by their addresses ends with them.
fn forget_the_dead(inner: &Inner) {
    for said in [&inner.finalized, &inner.untracked] {
        lock(said).retain(|g| {
            // SAFETY: objects that were alive at the last collection's end or later: not swept before F2.
            unsafe { chunk::is_marked(g.0) }
        });
    }
}

/// Tarjan's strongly connected components over what is not marked, begun at the youngest: components come out
/// referents first, so the reverse is the order wanted; within one, the order of birth.  Iterative: a list of a million
/// takes no stack.
fn in_order(dead: &[Gray]) -> Vec<Gray> {
    struct Node {
        low: u32,
        on_stack: bool,
        born: Option<u32>,
    }
    struct Frame {
        node: u32,
        edges: std::vec::IntoIter<Gray>,
    }
    let mut index: HashMap<Gray, u32> = HashMap::new();
    let mut nodes: Vec<Node> = Vec::new();
    let mut stack: Vec<u32> = Vec::new();
    let mut components: Vec<Vec<u32>> = Vec::new();
    let mut look = Edges::new();
    let births: HashMap<Gray, u32> = dead.iter().enumerate().map(|(i, &g)| (g, i as u32)).collect();
    for &root in dead.iter().rev() {
        if index.contains_key(&root) {
            continue;
        }
        let mut frames: Vec<Frame> = Vec::new();
        let mut enter = Some(root);
        loop {
            if let Some(g) = enter.take() {
                let n = nodes.len() as u32;
                index.insert(g, n);
                nodes.push(Node { low: n, on_stack: true, born: births.get(&g).copied() });
                stack.push(n);
                // SAFETY: unmarked in FIN: whole, and nobody can reach it but us.
                let edges = unsafe { look.of(g.0) }.to_vec();
                frames.push(Frame { node: n, edges: edges.into_iter() });
            }
            let Some(frame) = frames.last_mut() else { break };
            match frame.edges.next() {
                Some(to) => match index.get(&to) {
                    // `low` may be another's number or its low: both keep components right, and numbers are enough.
                    Some(&m) if nodes[m as usize].on_stack => {
                        let low = nodes[m as usize].low;
                        let me = &mut nodes[frame.node as usize];
                        me.low = me.low.min(low);
                    }
                    Some(_) => {}
                    // SAFETY: a reference in a whole object is to an object.
                    None if unsafe { chunk::is_marked(to.0) } => {}
                    None => enter = Some(to),
                },
                None => {
                    let done = frame.node;
                    frames.pop();
                    let low = nodes[done as usize].low;
                    if let Some(parent) = frames.last() {
                        let parent = &mut nodes[parent.node as usize];
                        parent.low = parent.low.min(low);
                    }
                    if low == done {
                        let mut births = Vec::new();
                        while let Some(n) = stack.pop() {
                            nodes[n as usize].on_stack = false;
                            births.extend(nodes[n as usize].born);
                            if n == done {
                                break;
                            }
                        }
                        births.sort_unstable();
                        components.push(births);
                    }
                }
            }
        }
    }
    components.iter().rev().flatten().map(|&i| dead[i as usize]).collect()
}
