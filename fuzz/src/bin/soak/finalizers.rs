//! Finalizers and cleanups by the thousand, in pairs that refer to each other or one to the other; some come back.
//! Each runs once, none while its object is held; in the end all have run and all are dropped.  With an odd seed the
//! library runs them, on whichever thread a session ends.  With an even one the program does, one thread at a time, and
//! then a referrer's runs before its referent's; where several threads run them, that is the order in which they are
//! taken from the queue, and a thread may be held up between that and its first step.
//! Trips: finalizers that are lost or doubled, what the queue does not keep alive.  Overview: `soak`.

use super::common::{Live, M, MAGIC, Potato, Round, config, pair, potato};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};
use twinheap::{
    Cleanup, Config, Finalize, Gc, GcCell, Heap, Mutation, Request, Rootable, Slot, Static, Trace, Tricolor,
    config::Finalizers,
};

#[derive(Default)]
struct Ledger {
    made: AtomicU64,
    finalized: AtomicU64,
    cleaned: AtomicU64,
    /// What went wrong inside finalizers, whose panics are swallowed.
    twice: AtomicU64,
    early: AtomicU64,
    out_of_order: AtomicU64,
    broken: AtomicU64,
    live: Arc<AtomicI64>,
}
type Ledgers = Static<Arc<Ledger>>;

#[derive(Trace)]
#[trace(manager = Tricolor, finalize)]
pub struct Mortal<'gc> {
    id: u64,
    check: u64,
    ledger: Ledgers,
    runs: Static<AtomicU32>,
    held: Static<AtomicBool>,
    /// Somebody who has a finalizer refers to it, and is in no cycle with it.
    waits: Static<AtomicBool>,
    potato: Slot<'gc, Potato<'gc>, M>,
    other: GcCell<Option<Gc<'gc, Mortal<'gc>, M>>, M>,
    home: GcCell<Option<Gc<'gc, Home<'gc>, M>>, M>,
    live: Static<Live>,
}
/// A lane's: who is held, and who came back.
#[derive(Trace)]
#[trace(manager = Tricolor)]
pub struct Home<'gc> {
    held: GcCell<Vec<Gc<'gc, Mortal<'gc>, M>>, M>,
    back: GcCell<Vec<Gc<'gc, Mortal<'gc>, M>>, M>,
}
impl<'gc> Finalize<'gc, M> for Mortal<'gc> {
    fn finalize(this: &Gc<'gc, Self, M>, mc: &'gc Mutation<'gc, M>) {
        let ledger = &this.ledger.0;
        let count = |bad: bool, of: &AtomicU64| of.fetch_add(u64::from(bad), Relaxed);
        count(true, &ledger.finalized);
        count(this.runs.0.fetch_add(1, Relaxed) > 0, &ledger.twice);
        count(this.held.0.load(Relaxed), &ledger.early);
        count(this.waits.0.load(Relaxed), &ledger.out_of_order);
        let whole = this.potato.get().is_some_and(|p| {
            pair(&p);
            p.id == this.id * 2
        });
        count(!whole || this.id ^ MAGIC != this.check, &ledger.broken);
        // Changes the graph that came back, and allocates.
        this.potato.set(mc, Some(potato(mc, this.id * 2)));
        if let Some(other) = this.other.borrow_mut(mc).take() {
            count(other.id ^ MAGIC != other.check, &ledger.broken);
            other.waits.0.store(false, Relaxed);
        }
        if let Some(home) = this.home.borrow_mut(mc).take() {
            home.back.borrow_mut(mc).push(*this)
        }
    }
}
struct Homes;
impl Rootable<M> for Homes {
    type Root<'gc> = Gc<'gc, Vec<Gc<'gc, Home<'gc>, M>>, M>;
}
fn mortal<'gc>(
    mc: &'gc Mutation<'gc, M>,
    ledger: &Arc<Ledger>,
    home: Option<Gc<'gc, Home<'gc>, M>>,
) -> Gc<'gc, Mortal<'gc>, M> {
    let id = ledger.made.fetch_add(1, Relaxed);
    let new = Mortal {
        id,
        check: id ^ MAGIC,
        ledger: Static(ledger.clone()),
        runs: Static(0.into()),
        held: Static(false.into()),
        waits: Static(false.into()),
        potato: Slot::new(Some(potato(mc, id * 2))),
        other: GcCell::default(),
        home: GcCell::new(home),
        live: Live::new(&ledger.live),
    };
    let _ = &new.live;
    let new = Gc::new(mc, new);
    Cleanup::new(mc, &new, Static(ledger.clone()), |ledger: Ledgers, _| {
        ledger.0.cleaned.fetch_add(1, Relaxed);
    });
    new
}
fn let_go<'gc>(gone: impl Iterator<Item = Gc<'gc, Mortal<'gc>, M>>) {
    for m in gone {
        assert_eq!(m.runs.0.load(Relaxed), 0, "a finalizer ran, and its object is held");
        assert_eq!(m.id ^ MAGIC, m.check, "somebody else is in the block");
        m.held.0.store(false, Relaxed)
    }
}

/// Runs what waits, at most so many.
fn run_pending<'gc>(mc: &'gc Mutation<'gc, M>, most: usize) {
    for _ in 0..most {
        let Some(next) = mc.next_pending() else { return };
        assert!(next.run(mc), "a finalizer or a cleanup panicked")
    }
}

pub fn storm(round: &Round) {
    let by_hand = round.seed.is_multiple_of(2);
    let finalizers = if by_hand { Finalizers::Manual } else { Finalizers::Automatic };
    let running = Mutex::new(());
    let ledger = Arc::new(Ledger::default());
    let heap = Heap::<Homes, M>::new(Config { finalizers, ..config() }, |mc| {
        let home = || Gc::new(mc, Home { held: GcCell::default(), back: GcCell::default() });
        Gc::new(mc, (0..round.threads).map(|_| home()).collect())
    })
    .expect("a configuration that can be");
    round.run(&heap, round.time, |lane, until| {
        let mut mutator = heap.mutator().expect("many mutators");
        let mut random = round.random(lane);
        while Instant::now() < until {
            mutator.mutate(|mc, homes| {
                let home = homes[lane];
                for _ in 0..4 {
                    let (a, b) = (mortal(mc, &ledger, random.one_in(4).then_some(home)), mortal(mc, &ledger, None));
                    *a.other.borrow_mut(mc) = Some(b);
                    // A cycle of two (Go would keep it for ever), or one that refers to the other.
                    if random.one_in(2) {
                        *b.other.borrow_mut(mc) = Some(a)
                    } else {
                        b.waits.0.store(true, Relaxed)
                    }
                    if random.one_in(2) {
                        a.held.0.store(true, Relaxed);
                        home.held.borrow_mut(mc).push(a)
                    }
                }
                let mut held = home.held.borrow_mut(mc);
                if held.len() > 40 {
                    let_go(held.drain(..20))
                }
                drop(held);
                let mut back = home.back.borrow_mut(mc);
                if back.len() > 20 {
                    for m in back.drain(..) {
                        assert_eq!(m.runs.0.load(Relaxed), 1, "who came back was finalized once");
                        let p = m.potato.get().expect("who came back is whole");
                        pair(&p);
                        assert_eq!(p.id, m.id * 2, "another's potato")
                    }
                }
            });
            if by_hand {
                // More than a session makes.  Whoever waits here has no session open.
                let _one = running.lock().expect("nobody panics here and goes on");
                mutator.mutate(|mc, _| run_pending(mc, 64))
            }
            round.did(8)
        }
    });
    let mut mutator = heap.mutator().expect("many mutators");
    mutator.mutate(|mc, homes| homes.iter().for_each(|home| let_go(home.held.borrow_mut(mc).drain(..))));
    // Referents are found dead by the collection after that of their referrers, and again to be released.
    for _ in 0..6 {
        mutator.collect(Request::FULL);
        mutator.mutate(|mc, homes| {
            if by_hand {
                run_pending(mc, usize::MAX)
            }
            homes.iter().for_each(|home| home.back.borrow_mut(mc).clear())
        });
    }
    let of = |count: &AtomicU64| count.load(Relaxed);
    let l = &ledger;
    assert_eq!(of(&l.twice), 0, "finalizers ran twice");
    assert_eq!(of(&l.early), 0, "finalizers ran while their objects were held");
    assert!(!by_hand || of(&l.out_of_order) == 0, "{} finalizers of referents ran first", of(&l.out_of_order));
    assert_eq!(of(&l.broken), 0, "finalizers found their objects broken");
    assert_eq!(of(&l.finalized), of(&l.made), "finalizers that ran, and objects made");
    assert_eq!(of(&l.cleaned), of(&l.made), "cleanups that ran, and objects made");
    assert_eq!(l.live.load(Relaxed), 0, "objects that nobody holds are alive");
    round.whole(&heap)
}
