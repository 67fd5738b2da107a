//! Hot potatoes, and threads that come and go: each potato has one pointer to it, which moves all the time.  At the end
//! every number is there exactly once.  Trips: a lost snapshot, an unshaded slot, white births, gray that goes with its
//! mutator.  Overview: `soak`.

use super::common::{M, Potato, Random, Round, config, garbage, pair, potato, whole};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use twinheap::{Gc, GcCell, Heap, Mutation, Rootable, Slot, Trace, Tricolor};

const HANDS_A_LANE: usize = 1500;

#[derive(Trace)]
#[trace(manager = Tricolor)]
pub struct Hand<'gc> {
    slot: Slot<'gc, Potato<'gc>, M>,
    cell: GcCell<Vec<Gc<'gc, Potato<'gc>, M>>, M>,
}
struct Hands;
impl Rootable<M> for Hands {
    type Root<'gc> = Gc<'gc, Vec<Gc<'gc, Hand<'gc>, M>>, M>;
}

fn heap(count: usize) -> Heap<Hands, M> {
    Heap::new(config(), |mc| {
        let hand = |i: u64| Hand {
            slot: Slot::new(Some(potato(mc, i * 6))),
            cell: GcCell::new(vec![potato(mc, i * 6 + 2), potato(mc, i * 6 + 4)]),
        };
        Gc::new(mc, (0..count as u64).map(|i| Gc::new(mc, hand(i))).collect())
    })
    .expect("a configuration that can be")
}
/// Only the owner of both hands may: moving by load and store is no transaction.
fn pass_in_slots<'gc>(mc: &Mutation<'gc, M>, a: &Hand<'gc>, b: &Hand<'gc>) {
    let Some(p) = a.slot.take(mc) else { return };
    whole(&p);
    let child = p.child.take(mc).expect("every potato has its child");
    whole(&child);
    assert_eq!(child.id, p.id + 1, "somebody else's child");
    p.child.set(mc, Some(child));
    if let Some(q) = b.slot.replace(mc, Some(p)) {
        a.slot.set(mc, Some(q))
    }
}
fn pass_in_cells<'gc>(mc: &Mutation<'gc, M>, a: &Hand<'gc>, b: &Hand<'gc>) {
    let popped = a.cell.borrow_mut(mc).pop();
    if let Some(p) = popped {
        pair(&p);
        b.cell.borrow_mut(mc).push(p)
    }
}
/// Every potato once.
fn count(heap: &Heap<Hands, M>) {
    heap.mutator().expect("many mutators").mutate(|_, hands| {
        let mut ids = Vec::new();
        for hand in hands.iter() {
            for p in hand.slot.get().iter().chain(hand.cell.borrow().iter()) {
                pair(p);
                ids.push(p.id)
            }
        }
        ids.sort_unstable();
        let all = hands.len() as u64 * 3;
        assert!(ids.iter().copied().eq((0..all).map(|i| i * 2)), "of {all} potatoes {} are there", ids.len());
    })
}

pub fn hot_potato(round: &Round) {
    let total = HANDS_A_LANE * round.threads;
    let heap = heap(total);
    round.run(&heap, round.time, |lane, until| {
        let mut mutator = heap.mutator().expect("many mutators");
        let mut random = round.random(lane);
        let low = lane * HANDS_A_LANE;
        while std::time::Instant::now() < until {
            mutator.mutate(|mc, hands| {
                for _ in 0..20 {
                    let mut mine = || low + random.below(HANDS_A_LANE);
                    pass_in_slots(mc, &hands[mine()], &hands[mine()]);
                    pass_in_cells(mc, &hands[random.below(total)], &hands[random.below(total)]);
                    if random.one_in(8) {
                        garbage(mc)
                    }
                }
            });
            round.did(40)
        }
    });
    count(&heap)
}

/// Each thread of threads lives for a few sessions; one in four ends in a panic inside a session.
pub fn thread_churn(round: &Round) {
    let total = HANDS_A_LANE * round.threads;
    let heap = heap(total);
    round.run(&heap, round.time, |lane, until| {
        let mut random = round.random(lane);
        while std::time::Instant::now() < until {
            let seed = random.word();
            let life = std::thread::scope(|s| {
                s.spawn(|| {
                    let mut random = Random::new(seed);
                    let panics = random.one_in(4);
                    let sessions = *random.pick(&[1, 2, 4, 8]);
                    let mut mutator = heap.mutator().expect("many mutators");
                    for session in 0..sessions {
                        let one = catch_unwind(AssertUnwindSafe(|| {
                            mutator.mutate(|mc, hands| {
                                for _ in 0..10 {
                                    pass_in_cells(mc, &hands[random.below(total)], &hands[random.below(total)]);
                                }
                                garbage(mc);
                                if panics && session + 1 == sessions {
                                    resume_unwind(Box::new(OnPurpose))
                                }
                            })
                        }));
                        if let Err(panic) = one
                            && !panic.is::<OnPurpose>()
                        {
                            resume_unwind(panic)
                        }
                    }
                    sessions as u64 * 10
                })
                .join()
            });
            match life {
                Ok(operations) => round.did(operations),
                Err(panic) => resume_unwind(panic),
            }
        }
    });
    count(&heap)
}
struct OnPurpose;
