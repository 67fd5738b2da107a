//! The rows of `counting` under twinheap's managers with sessions, generic in the manager.
//! Its other workloads: `bin/contender-twinheap.rs`.  Overview: README.md.

use super::{
    RING, Ring,
    counting::{self, Stops, Work},
};
use crate::arguments::Arguments;
use std::hint::black_box;
use twinheap::{
    Config, Gc, GcCell, Heap, Manager, Mutation, Mutator, Request, Rootable, Slot, Trace, observe::HoldUpCause,
};

/// Runs what the arguments ask for.
pub fn run<M: Manager>(arguments: &Arguments, config: Config) {
    match arguments.workload.as_str() {
        "ring" => {
            let places = start::<Places, M>(config, |_| Box::new([(); RING].map(|()| Slot::empty())));
            counting::ring_of_nodes(&mut OurRing(places), arguments.number("operations"))
        }
        _ => counting::run(arguments, OurWork(start::<Holds, M>(config, |_| Held::default()))),
    }
}

/// A heap and its mutator; the mutator keeps the heap.
///
/// # Panics
/// Where the manager has no such knobs.
pub fn start<R: Rootable<M>, M: Manager>(
    config: Config,
    root: impl for<'gc> FnOnce(&'gc Mutation<'gc, M>) -> R::Root<'gc>,
) -> Mutator<R, M> {
    let heap = Heap::new(config, root).expect("a heap with these knobs");
    heap.mutator().expect("a new heap's mutator")
}

#[derive(Trace)]
struct Node<'gc, M: Manager> {
    number: u64,
    next: Slot<'gc, Node<'gc, M>, M>,
}
fn node<'gc, M: Manager>(
    mc: &Mutation<'gc, M>,
    number: u64,
    next: Option<Gc<'gc, Node<'gc, M>, M>>,
) -> Gc<'gc, Node<'gc, M>, M> {
    Gc::new(mc, Node { number, next: Slot::new(next) })
}

struct Places;
impl<M: Manager> Rootable<M> for Places {
    type Root<'gc> = Box<[Slot<'gc, Node<'gc, M>, M>; RING]>;
}
struct OurRing<M: Manager>(Mutator<Places, M>);
impl<M: Manager> Ring for OurRing<M> {
    fn turns(&mut self, from: u64, count: u64) -> u64 {
        self.0.mutate(|mc, places| {
            let turn =
                |i: u64| places[i as usize % RING].replace(mc, Some(node(mc, i, None))).map_or(0, |old| old.number);
            (from..from + count).map(turn).fold(0, u64::wrapping_add)
        })
    }
}

#[derive(Trace)]
struct Held<'gc, M: Manager> {
    array: GcCell<Vec<Gc<'gc, Node<'gc, M>, M>>, M>,
    chain: Slot<'gc, Node<'gc, M>, M>,
}
impl<M: Manager> Default for Held<'_, M> {
    fn default() -> Self {
        Held { array: GcCell::default(), chain: Slot::empty() }
    }
}
struct Holds;
impl<M: Manager> Rootable<M> for Holds {
    type Root<'gc> = Held<'gc, M>;
}
struct OurWork<M: Manager>(Mutator<Holds, M>);
impl<M: Manager> Work for OurWork<M> {
    fn fill(&mut self, from: u64, count: u64) {
        self.0.mutate(|mc, held| {
            // An allocation may collect, and a collection does not look into what is mutably borrowed.
            for number in from..from + count {
                let node = node(mc, number, None);
                held.array.borrow_mut(mc).push(node)
            }
        })
    }
    fn link(&mut self, order: &[u32]) {
        // Neighbouring parts share a node, so that the link between them is not left out.
        let mut at = 0;
        while at + 1 < order.len() {
            let until = order.len().min(at + counting::AT_A_TIME as usize);
            self.0.mutate(|mc, held| {
                let array = held.array.borrow();
                for pair in order[at..until].windows(2) {
                    array[pair[0] as usize].next.set(mc, Some(array[pair[1] as usize].clone()))
                }
            });
            at = until - 1;
        }
    }
    fn hold_alone(&mut self, head: u32) {
        self.0.mutate(|mc, held| {
            let array = std::mem::take(&mut *held.array.borrow_mut(mc));
            held.chain.set(mc, Some(array[head as usize].clone()))
        })
    }
    fn thin(&mut self, nth: usize) {
        self.0.mutate(|mc, held| {
            let few: Vec<_> = held.array.borrow().iter().step_by(nth).cloned().collect();
            drop(std::mem::replace(&mut *held.array.borrow_mut(mc), few))
        })
    }
    fn sum(&mut self) -> (u64, u64) {
        self.0.mutate(|_, held| {
            let array = held.array.borrow();
            (array.len() as u64, array.iter().map(|node| node.number).sum())
        })
    }
    fn clones(&mut self, rounds: u64) {
        let mut done = 0;
        while done < rounds {
            self.0.mutate(|_, held| {
                let array = held.array.borrow();
                for _ in 0..(counting::AT_A_TIME / RING as u64).min(rounds - done) {
                    for handle in array.iter() {
                        drop(black_box(handle.clone()))
                    }
                }
            });
            done += counting::AT_A_TIME / RING as u64;
        }
    }
    fn touch(&mut self, at: u32) {
        self.0.mutate(|_, held| {
            let handle = held.chain.get().unwrap_or_else(|| held.array.borrow()[at as usize].clone());
            drop(black_box(handle))
        })
    }
    fn push(&mut self, from: u64, count: u64, each: &mut impl FnMut()) {
        self.0.mutate(|mc, held| {
            for number in from..from + count {
                let next = held.chain.take(mc);
                held.chain.set(mc, Some(node(mc, number, next)));
                each()
            }
        })
    }
    fn first(&mut self) -> u64 {
        self.0.mutate(|_, held| held.chain.get().map_or(0, |node| node.number))
    }
    fn let_go(&mut self) {
        self.0.mutate(|mc, held| held.chain.set(mc, None));
        if !M::CONSTRAINTS.counted {
            self.0.collect(Request::FULL);
        }
    }
    fn short_lived(&mut self, count: u64) {
        self.0.mutate(|mc, _| {
            for number in 0..count {
                black_box(node(mc, number, None));
            }
        })
    }
    fn pairs(&mut self, count: u64) {
        self.0.mutate(|mc, _| {
            for number in 0..count {
                let one = node(mc, number, None);
                let other = node(mc, number, Some(one.clone()));
                one.next.set(mc, Some(other))
            }
        })
    }
    fn loops(&mut self, count: u64) {
        self.0.mutate(|mc, _| {
            for number in 0..count {
                let node = node(mc, number, None);
                node.next.set(mc, Some(node.clone()))
            }
        })
    }
    fn collect(&mut self) -> bool {
        self.0.collect(Request::FULL);
        true
    }
    fn give_back(&mut self) -> bool {
        self.0.release();
        true
    }
    fn stops(&self) -> Option<Stops> {
        let holdups = self.0.stats().holdups;
        if M::CONSTRAINTS.concurrent {
            return Some(Stops { total_ns: holdups.total_ns, max_ns: holdups.max_ns });
        }
        let of = holdups.by_cause.iter().find(|cause| cause.0 == HoldUpCause::CycleCollection);
        Some(of.map_or(Stops::default(), |&(_, _, total_ns, max_ns)| Stops { total_ns, max_ns }))
    }
}
