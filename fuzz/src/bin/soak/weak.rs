//! Weak upgrades at the last moment.  The owner of a target knows whether it holds it: held, the weak reference must
//! answer; once it said no, never again; and what answers has not been dropped.  Everybody upgrades everybody's.
//! Trips: weak references that outlive or lose their targets, upgrades that shade nothing.  Overview: `soak`.

use super::common::{Live, M, MAGIC, Potato, Round, config, garbage, pair, potato};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
    time::Instant,
};
use twinheap::{Gc, GcCell, GcWeak, Heap, Mutation, Request, Rootable, Slot, Static, Trace, Tricolor};

const WATCHED_A_LANE: usize = 150;

#[derive(Trace)]
#[trace(manager = Tricolor)]
pub struct Target<'gc> {
    owner: u64,
    serial: u64,
    check: u64,
    potato: Slot<'gc, Potato<'gc>, M>,
    live: Static<Live>,
}
#[derive(Trace)]
#[trace(manager = Tricolor)]
pub struct Watched<'gc> {
    strong: Slot<'gc, Target<'gc>, M>,
    weak: GcCell<Option<GcWeak<'gc, Target<'gc>, M>>, M>,
    /// Marking takes a while, and the targets come last.
    ballast: Slot<'gc, Potato<'gc>, M>,
}
struct Watch;
impl Rootable<M> for Watch {
    type Root<'gc> = Gc<'gc, Vec<Gc<'gc, Watched<'gc>, M>>, M>;
}
/// What the owner knows.
#[derive(Clone, Copy, PartialEq)]
enum Known {
    Held,
    LetGo,
    Dead,
}
fn target<'gc>(mc: &Mutation<'gc, M>, owner: u64, serial: u64, live: &Arc<AtomicI64>) -> Gc<'gc, Target<'gc>, M> {
    let check = (owner << 40 | serial) ^ MAGIC;
    let potato = Slot::new(Some(potato(mc, serial * 2)));
    Gc::new(mc, Target { owner, serial, check, potato, live: Live::new(live) })
}
fn check(target: &Target<'_>, owner: u64) {
    assert_eq!(target.check, (target.owner << 40 | target.serial) ^ MAGIC, "a weak reference answers for another");
    assert_eq!(target.owner, owner, "a weak reference answers for another's");
    let _ = &target.live;
    let p = target.potato.get().expect("every target has its potato");
    pair(&p);
    assert_eq!(p.id, target.serial * 2, "another's potato");
}

pub fn upgrades(round: &Round) {
    let total = WATCHED_A_LANE * round.threads;
    let live = Arc::new(AtomicI64::new(0));
    let heap = Heap::<Watch, M>::new(config(), |mc| {
        let mut all = Vec::new();
        for _ in 0..total {
            let ballast = potato(mc, 0);
            let mut last = ballast.child.get().expect("every potato has its child");
            for i in 1..30 {
                let more = potato(mc, i * 2);
                last.child.set(mc, Some(more));
                last = more.child.get().expect("every potato has its child");
            }
            let (strong, weak) = (Slot::empty(), GcCell::default());
            all.push(Gc::new(mc, Watched { strong, weak, ballast: Slot::new(Some(ballast)) }))
        }
        Gc::new(mc, all)
    })
    .expect("a configuration that can be");
    round.run(&heap, round.time, |lane, until| {
        let mut mutator = heap.mutator().expect("many mutators");
        let mut random = round.random(lane);
        let low = lane * WATCHED_A_LANE;
        let mut known = vec![(Known::Dead, 0_u64); WATCHED_A_LANE];
        let mut serials = 0;
        while Instant::now() < until {
            mutator.mutate(|mc, all| {
                for _ in 0..6 {
                    let k = random.below(WATCHED_A_LANE);
                    let (owner, w) = ((low + k) as u64, &all[low + k]);
                    let weak = w.weak.borrow().clone();
                    let found = weak.and_then(|weak| weak.upgrade(mc));
                    let (state, serial) = known[k];
                    match (state, found) {
                        (Known::Held, None) => panic!("a weak reference does not answer though its target is held"),
                        (Known::Dead, Some(_)) => panic!("a weak reference answers again after it had said no"),
                        (_, Some(found)) => {
                            check(&found, owner);
                            assert_eq!(found.serial, serial, "a weak reference answers for an older target");
                            let hold = random.one_in(2);
                            w.strong.set(mc, hold.then_some(found));
                            known[k].0 = if hold { Known::Held } else { Known::LetGo }
                        }
                        (Known::LetGo, None) => known[k].0 = Known::Dead,
                        (Known::Dead, None) if random.one_in(2) => {
                            // A weak reference to the dead stays, and is asked again.
                        }
                        (Known::Dead, None) => {
                            serials += 1;
                            let new = target(mc, owner, serials, &live);
                            *w.weak.borrow_mut(mc) = Some(new.downgrade(mc));
                            let hold = random.one_in(2);
                            w.strong.set(mc, hold.then_some(new));
                            known[k] = (if hold { Known::Held } else { Known::LetGo }, serials)
                        }
                    }
                    // Somebody else's, for the length of the session.
                    let other = random.below(total);
                    let weak = all[other].weak.borrow().clone();
                    if let Some(found) = weak.and_then(|weak| weak.upgrade(mc)) {
                        check(&found, other as u64)
                    }
                }
                garbage(mc)
            });
            round.did(12)
        }
    });
    let mut mutator = heap.mutator().expect("many mutators");
    mutator.mutate(|mc, all| all.iter().for_each(|w| w.strong.set(mc, None)));
    mutator.collect(Request::FULL);
    mutator.collect(Request::FULL);
    mutator.mutate(|mc, all| {
        for w in all.iter() {
            let weak = w.weak.borrow().clone();
            assert!(weak.is_none_or(|weak| weak.upgrade(mc).is_none()), "a weak reference outlives its target");
        }
    });
    assert_eq!(live.load(Relaxed), 0, "targets that nobody holds are alive");
    round.whole(&heap)
}
