//! Readers and writers on one graph: chains whose owner moves their only pointers from slots to cells and back, and
//! which others walk meanwhile.  Owners know how long each of theirs is.  Trips: lost objects, unshaded slots, saved
//! cells, births.  Overview: `soak`.

use super::common::{M, MAGIC, Round, config};
use std::time::Instant;
use twinheap::{Gc, GcCell, Heap, Mutation, Rootable, Slot, Trace, Tricolor};

const CHAINS_A_LANE: usize = 200;
const DEPTH_MAX: u64 = 40;

#[derive(Trace)]
#[trace(manager = Tricolor)]
pub struct Link<'gc> {
    chain: u64,
    depth: u64,
    check: u64,
    text: String,
    next: Slot<'gc, Link<'gc>, M>,
    side: GcCell<Vec<Gc<'gc, Link<'gc>, M>>, M>,
}
struct Chains;
impl Rootable<M> for Chains {
    type Root<'gc> = Gc<'gc, Vec<Slot<'gc, Link<'gc>, M>>, M>;
}
fn link<'gc>(
    mc: &Mutation<'gc, M>,
    chain: u64,
    depth: u64,
    next: Option<Gc<'gc, Link<'gc>, M>>,
) -> Gc<'gc, Link<'gc>, M> {
    let check = (chain << 32 | depth) ^ MAGIC;
    let text = format!("{chain}/{depth}");
    Gc::new(mc, Link { chain, depth, check, text, next: Slot::new(next), side: GcCell::default() })
}
fn check(link: &Link<'_>, chain: u64, depth: Option<u64>) {
    assert_eq!(link.check, (link.chain << 32 | link.depth) ^ MAGIC, "somebody else is in the block");
    assert_eq!(link.text, format!("{}/{}", link.chain, link.depth), "somebody else is in the block");
    assert_eq!(link.chain, chain, "a link of another chain");
    assert!(depth.is_none_or(|depth| depth == link.depth), "depth {}, not {depth:?}", link.depth);
}
/// How many links there are from here on; where the owner cuts, there are fewer than the number says.
fn walk<'gc>(first: Gc<'gc, Link<'gc>, M>, chain: u64) -> u64 {
    let (mut at, mut links) = (first, 1);
    check(&at, chain, None);
    while let Some(next) = at.next.get() {
        check(&next, chain, at.depth.checked_sub(1));
        (at, links) = (next, links + 1);
    }
    links
}

pub fn readers_writers(round: &Round) {
    let total = CHAINS_A_LANE * round.threads;
    let heap = Heap::<Chains, M>::new(config(), |mc| {
        Gc::new(mc, (0..total as u64).map(|i| Slot::new(Some(link(mc, i, 0, None)))).collect())
    })
    .expect("a configuration that can be");
    round.run(&heap, round.time, |lane, until| {
        let mut mutator = heap.mutator().expect("many mutators");
        let mut random = round.random(lane);
        let low = lane * CHAINS_A_LANE;
        // Depth of the head of each chain of ours.
        let mut heads = vec![0_u64; CHAINS_A_LANE];
        while Instant::now() < until {
            // Where a tail was put aside in the session before: it must come back whole in the next.
            let mut cut: Vec<(usize, u64, usize)> = Vec::new();
            mutator.mutate(|mc, chains| {
                for _ in 0..10 {
                    let k = random.below(CHAINS_A_LANE);
                    let (chain, slot) = ((low + k) as u64, &chains[low + k]);
                    let head = slot.get().expect("a chain has a head");
                    check(&head, chain, Some(heads[k]));
                    match random.below(8) {
                        0..4 if heads[k] < DEPTH_MAX => {
                            heads[k] += 1;
                            slot.set(mc, Some(link(mc, chain, heads[k], Some(head))))
                        }
                        4..6 if heads[k] > 0 => {
                            heads[k] -= 1;
                            let rest = head.next.take(mc).expect("a chain is whole between sessions");
                            check(&rest, chain, Some(heads[k]));
                            slot.set(mc, Some(rest))
                        }
                        6 if heads[k] > 0 => {
                            // The only pointer goes from the middle of a chain into the cell of another's head.
                            if cut.iter().any(|c| c.0 == k) {
                                continue;
                            }
                            let mut at = head;
                            for _ in 0..random.below(heads[k] as usize) {
                                at = at.next.get().expect("a chain is whole between sessions")
                            }
                            let tail = at.next.take(mc).expect("a chain is whole between sessions");
                            let to = random.below(CHAINS_A_LANE);
                            let to_head = chains[low + to].get().expect("a chain has a head");
                            to_head.side.borrow_mut(mc).push(tail);
                            cut.push((k, at.depth, to));
                            // Heads that keep tails stay heads until they gave them back.
                            break;
                        }
                        _ => {
                            assert_eq!(walk(head, chain), heads[k] + 1, "chain {chain} has lost its end")
                        }
                    }
                }
                // Anybody's: what is there is in order.
                for _ in 0..4 {
                    let at = random.below(total);
                    walk(chains[at].get().expect("a chain has a head"), at as u64);
                }
            });
            mutator.mutate(|mc, chains| {
                for &(k, depth, to) in cut.iter().rev() {
                    let to_head = chains[low + to].get().expect("a chain has a head");
                    let tail = to_head.side.borrow_mut(mc).pop().expect("what was put aside is there");
                    let chain = (low + k) as u64;
                    check(&tail, chain, Some(depth - 1));
                    let mut at = chains[low + k].get().expect("a chain has a head");
                    while at.depth > depth {
                        at = at.next.get().expect("a chain is whole up to the cut")
                    }
                    at.next.set(mc, Some(tail));
                    assert_eq!(walk(chains[low + k].get().expect("as above"), chain), heads[k] + 1, "chain {chain}")
                }
            });
            round.did(14)
        }
    });
}
