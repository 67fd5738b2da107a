//! The whole heap under schedules that shuttle chooses: real mutators, the real collector and its threads, on one of the
//! system's, with a choice of who goes on at every atomic, lock, wait and spawn (`--cfg shuttle`; `sync::shuttled`).
//!
//! A test is a small program and so many *schedules* of it, each made from a number: half of them choose anew at each point,
//! half stick to a thread until one of few preemptions (PCT).  Every marking is checked in a stop, and what is freed is
//! poisoned (zeal), so that one lost reference is seen.
//!
//! ```text
//! RUSTFLAGS="--cfg shuttle" cargo test --package twinheap --test shuttle --target-dir target/shuttle
//! TWINHEAP_SCHEDULES=5000   so many schedules a test
//! TWINHEAP_SCHEDULE=123     those that a failure has named, alone
//! ```
//! Not weak memory orders, which shuttle does not know (`tests/loom.rs`, ThreadSanitizer), and not large heaps
//! (`tests/stress.rs`, the soaks).
#![cfg(shuttle)]
#![forbid(unsafe_code)]

#[path = "stress/potato.rs"]
mod potato;

use potato::{Hand, Hands, Potato, Random, hands, one, pair, pass_in_slots, potato};
use shuttle::{
    Config as How, FailurePersistence, MaxSteps, Runner,
    scheduler::{PctScheduler, RandomScheduler},
    thread,
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};
use twinheap::{
    Config, Finalize, Gc, GcCell, GcVec, GcWeak, Heap, Manager, Mutation, Mutator, Request, Rootable, Slot, Static,
    Trace, Tricolor, TricolorSolo,
};

/// Schedules of a test, unless the environment says otherwise.
const SCHEDULES: u64 = 800;
/// So many are made from one number.  (PCT looks at how long a program is first: that schedule has no preemption.)
const FROM_A_NUMBER: usize = 16;
/// Preemptions of a schedule that sticks to threads.
const PREEMPTIONS: usize = 4;
const STEPS_MAX: usize = 2_000_000;

/// Runs a program under many schedules; a failure names the number that its schedule was made from.
fn under_shuttle(program: impl Fn() + Send + Sync + 'static) {
    /// Says which, if the program panics, deadlocks or does not end.
    struct Named(u64, Arc<AtomicU64>);
    impl Drop for Named {
        fn drop(&mut self) {
            if std::thread::panicking() {
                let Named(number, run) = self;
                eprintln!("after {run:?} schedules; the same again: TWINHEAP_SCHEDULE={number}")
            }
        }
    }
    let number = |name| std::env::var(name).ok().map(|n| n.parse::<u64>().expect("a number"));
    let mut how = How::new();
    how.stack_size = 1 << 19;
    how.max_steps = MaxSteps::FailAfter(STEPS_MAX);
    how.failure_persistence = FailurePersistence::None;
    how.silence_warnings = true;
    let (program, run) = (Arc::new(program), Arc::new(AtomicU64::new(0)));
    let numbers = match number("TWINHEAP_SCHEDULE") {
        Some(n) => n..n + 1,
        None => 0..number("TWINHEAP_SCHEDULES").unwrap_or(SCHEDULES).div_ceil(FROM_A_NUMBER as u64),
    };
    for n in numbers {
        let _named = Named(n, run.clone());
        let (program, run, how) = (program.clone(), run.clone(), how.clone());
        let program = move || {
            run.fetch_add(1, Relaxed);
            program()
        };
        if n % 2 == 0 {
            Runner::new(RandomScheduler::new_from_seed(n, FROM_A_NUMBER), how).run(program);
        } else {
            Runner::new(PctScheduler::new_from_seed(n, PREEMPTIONS, FROM_A_NUMBER), how).run(program);
        }
    }
}

/// A small heap; every marking is checked.
fn config() -> Config {
    Config {
        min_heap_bytes: 1 << 11,
        gogc: Some(50),
        mark_workers: Some(2),
        check_marks: true,
        session_patience: None,
        ..Config::default()
    }
}
/// The same, where what is freed is poisoned, and a collection is asked for at every so manieth chance.
fn zeal(n: u32) -> Config {
    Config { zeal: Some(n), ..config() }
}

/// Runs `work` in a mutator of its own on each of so many threads, and collections on one more.
///
/// (None on the calling one: the end of a scope's threads wakes that, whatever it waits for: shuttle 0.9.)
fn with_mutators<R: Rootable<Tricolor>>(
    heap: &Heap<R, Tricolor>,
    threads: u64,
    collections: usize,
    work: impl Fn(&mut Mutator<R, Tricolor>, u64) + Sync,
) where
    Heap<R, Tricolor>: Sync,
{
    thread::scope(|s| {
        for t in 0..threads {
            let work = &work;
            s.spawn(move || work(&mut heap.mutator().unwrap(), t));
        }
        s.spawn(move || collect(heap, collections));
    });
    heap.mutator().unwrap().verify().unwrap();
}

fn collect<R: Rootable<Tricolor>>(heap: &Heap<R, Tricolor>, times: usize) {
    let mut mutator = heap.mutator().unwrap();
    for _ in 0..times {
        mutator.collect(Request::FULL);
    }
}

// ---- hot potato ---------------------------------------------------------------------------------------------------

/// The only pointer goes from cell to cell, and half of the time by way of an object that is born meanwhile.
fn pass_in_cells<'gc, M: Manager>(mc: &Mutation<'gc, M>, a: &Hand<'gc, M>, b: &Hand<'gc, M>) {
    let popped = a.cell.borrow_mut(mc).pop();
    let Some(p) = popped else { return };
    pair(&p);
    // Even numbers are potatoes; an odd one in a cell is what was born to carry one.
    let p = if p.id % 2 == 1 {
        p.child.take(mc).expect("it carries one")
    } else if p.id % 4 == 2 {
        one(mc, p.id - 1, Some(p))
    } else {
        p
    };
    b.cell.borrow_mut(mc).push(p)
}
/// Every pair is there, and whole.
fn count<M: Manager>(mutator: &mut Mutator<Hands, M>) -> usize {
    mutator.mutate(|_, hands| {
        let mut found = 0;
        for hand in hands.iter() {
            for p in hand.slot.get().iter().chain(hand.cell.borrow().iter()) {
                pair(p);
                found += 1
            }
        }
        found
    })
}

/// Slots are passed on by one thread each: moving by load and store is no transaction.
fn potato_in_slots(config: Config) {
    let heap = Heap::<Hands, Tricolor>::new(config, |mc| hands(mc, 6)).unwrap();
    with_mutators(&heap, 2, 2, |mutator, t| {
        let mut random = Random(t * 977 + 1);
        for _ in 0..4 {
            mutator.mutate(|mc, hands| {
                let mine = &hands[t as usize * 3..][..3];
                for _ in 0..3 {
                    pass_in_slots(mc, &mine[random.below(3)], &mine[random.below(3)]);
                }
                potato(mc, 1 << 40);
            })
        }
    });
    assert_eq!(count(&mut heap.mutator().unwrap()), 15);
}
#[test]
fn hot_potato_slots() {
    under_shuttle(|| potato_in_slots(config()))
}
#[test]
fn hot_potato_slots_under_zeal() {
    under_shuttle(|| potato_in_slots(zeal(3)))
}

fn potato_in_cells(config: Config) {
    let heap = Heap::<Hands, Tricolor>::new(config, |mc| hands(mc, 4)).unwrap();
    with_mutators(&heap, 2, 2, |mutator, t| {
        let mut random = Random(t * 977 + 1);
        for _ in 0..4 {
            mutator.mutate(|mc, hands| {
                for _ in 0..3 {
                    pass_in_cells(mc, &hands[random.below(4)], &hands[random.below(4)]);
                }
                potato(mc, 1 << 40);
            })
        }
    });
    assert_eq!(count(&mut heap.mutator().unwrap()), 10);
}
#[test]
fn hot_potato_cells() {
    under_shuttle(|| potato_in_cells(config()))
}
#[test]
fn hot_potato_cells_under_zeal() {
    under_shuttle(|| potato_in_cells(zeal(3)))
}

/// One mutator, which has cells without locks; the collector begins by itself.
#[test]
fn hot_potato_solo() {
    under_shuttle(|| {
        let heap = Heap::<Hands, TricolorSolo>::new(zeal(4), |mc| hands(mc, 3)).unwrap();
        let mut mutator = heap.mutator().unwrap();
        let mut random = Random(7);
        for i in 0..8 {
            mutator.mutate(|mc, hands| {
                let (a, b) = (random.below(3), random.below(3));
                pass_in_cells(mc, &hands[a], &hands[b]);
                pass_in_slots(mc, &hands[a], &hands[b]);
                potato(mc, i * 2);
            })
        }
        assert_eq!(count(&mut mutator), 8);
        mutator.verify().unwrap();
    })
}

// ---- weak references ------------------------------------------------------------------------------------------------

#[derive(Trace)]
struct Watched<'gc, M: Manager> {
    strong: Slot<'gc, Potato<'gc, M>, M>,
    weak: GcCell<Option<GcWeak<'gc, Potato<'gc, M>, M>>, M>,
}
struct Watch;
impl<M: Manager> Rootable<M> for Watch {
    type Root<'gc> = Gc<'gc, Vec<Gc<'gc, Watched<'gc, M>, M>>, M>;
}
/// Targets die, are upgraded at the last moment, and are dropped again.
fn weak_race(config: Config) {
    let heap = Heap::<Watch, Tricolor>::new(config, |mc| {
        let all = (0..4).map(|i| {
            let p = potato(mc, i * 10);
            let weak = GcCell::new(Some(p.downgrade(mc)));
            // Held by the weak reference alone: dead at the next collection, if nobody asks before.
            Gc::new(mc, Watched { strong: Slot::empty(), weak })
        });
        let all = all.collect();
        Gc::new(mc, all)
    })
    .unwrap();
    with_mutators(&heap, 2, 3, |mutator, t| {
        let mut random = Random(t * 131 + 7);
        for i in 0..5 {
            mutator.mutate(|mc, all| {
                for _ in 0..2 {
                    let w = &all[random.below(4)];
                    let weak = w.weak.borrow().clone();
                    match weak.and_then(|weak| weak.upgrade(mc)) {
                        // Held by the one pointer again, or let go.
                        Some(p) => {
                            pair(&p);
                            w.strong.set(mc, (random.below(4) != 0 && w.strong.is_empty()).then_some(p))
                        }
                        // Born to be held by nothing else.
                        None => {
                            *w.weak.borrow_mut(mc) = Some(potato(mc, i * 10).downgrade(mc));
                            w.strong.set(mc, None)
                        }
                    }
                }
            });
            mutator.mutate(|_, all| all.iter().filter_map(|w| w.strong.get()).for_each(|p| pair(&p)));
        }
    });
    heap.mutator().unwrap().mutate(|_, all| all.iter().filter_map(|w| w.strong.get()).for_each(|p| pair(&p)));
}
#[test]
fn weak_upgrades_race() {
    under_shuttle(|| weak_race(config()))
}
#[test]
fn weak_upgrades_race_under_zeal() {
    under_shuttle(|| weak_race(zeal(4)))
}

// ---- threads that come and go, and panic -------------------------------------------------------------------------------

/// Mutators are dropped while the collector marks, some by a panic in a session that has a cell borrowed.
#[test]
fn threads_come_and_go() {
    under_shuttle(|| {
        let heap = Heap::<Hands, Tricolor>::new(zeal(5), |mc| hands(mc, 4)).unwrap();
        thread::scope(|s| {
            for t in 0..2 {
                let heap = &heap;
                s.spawn(move || {
                    let mut random = Random(t * 31 + 3);
                    for i in 0..3 {
                        let mut mutator = heap.mutator().unwrap();
                        let end = catch_unwind(AssertUnwindSafe(|| {
                            mutator.mutate(|mc, hands| {
                                pass_in_cells(mc, &hands[random.below(4)], &hands[random.below(4)]);
                                potato(mc, i * 2);
                                let _borrowed = hands[3].cell.borrow_mut(mc);
                                if (i + t) % 2 == 0 {
                                    // Without a word from the panic hook.
                                    resume_unwind(Box::new("on purpose"))
                                }
                            });
                        }));
                        assert_eq!(end.is_err(), (i + t) % 2 == 0);
                    }
                });
            }
            s.spawn(|| collect(&heap, 2));
        });
        let mut mutator = heap.mutator().unwrap();
        assert_eq!(count(&mut mutator), 10);
        mutator.verify().unwrap();
    })
}

// ---- finalizers -----------------------------------------------------------------------------------------------------

#[derive(Default)]
struct Runs {
    made: AtomicU64,
    run: AtomicU64,
}
#[derive(Trace)]
#[trace(finalize)]
struct Mortal<'gc, M: Manager> {
    runs: Static<Arc<Runs>>,
    own: Static<AtomicU64>,
    potato: Slot<'gc, Potato<'gc, M>, M>,
    other: GcCell<Option<Gc<'gc, Mortal<'gc, M>, M>>, M>,
}
impl<'gc, M: Manager> Finalize<'gc, M> for Mortal<'gc, M> {
    fn finalize(this: &Gc<'gc, Self, M>, mc: &'gc Mutation<'gc, M>) {
        pair(&this.potato.get().expect("a finalizer sees its object whole"));
        if let Some(other) = &*this.other.borrow() {
            pair(&other.potato.get().expect("and what it refers to"));
        }
        assert_eq!(this.own.0.fetch_add(1, Relaxed), 0, "a finalizer ran twice");
        this.runs.0.run.fetch_add(1, Relaxed);
        // Changes the resurrected graph, and allocates.
        this.potato.set(mc, Some(potato(mc, 4)));
        *this.other.borrow_mut(mc) = None;
    }
}
fn mortal<'gc, M: Manager>(mc: &Mutation<'gc, M>, runs: &Arc<Runs>) -> Gc<'gc, Mortal<'gc, M>, M> {
    runs.made.fetch_add(1, Relaxed);
    let potato = Slot::new(Some(potato(mc, 2)));
    Gc::new(mc, Mortal { runs: Static(runs.clone()), own: Static(0.into()), potato, other: GcCell::default() })
}
struct Mortals;
impl<M: Manager> Rootable<M> for Mortals {
    type Root<'gc> = GcCell<Vec<Gc<'gc, Mortal<'gc, M>, M>>, M>;
}
/// Cycles with finalizers die while others finalize; each runs once, and none is forgotten.
#[test]
fn finalizers_storm() {
    under_shuttle(|| {
        let runs = Arc::new(Runs::default());
        let heap = Heap::<Mortals, Tricolor>::new(zeal(5), |_| GcCell::default()).unwrap();
        with_mutators(&heap, 2, 2, |mutator, _| {
            for _ in 0..3 {
                mutator.mutate(|mc, all| {
                    let (a, b) = (mortal(mc, &runs), mortal(mc, &runs));
                    *a.other.borrow_mut(mc) = Some(b);
                    *b.other.borrow_mut(mc) = Some(a);
                    let mut all = all.borrow_mut(mc);
                    all.push(a);
                    if all.len() > 2 {
                        all.drain(..2);
                    }
                })
            }
        });
        let mut mutator = heap.mutator().unwrap();
        mutator.mutate(|mc, all| all.borrow_mut(mc).clear());
        mutator.collect(Request::FULL);
        mutator.collect(Request::FULL);
        mutator.mutate(|_, _| {});
        mutator.verify().unwrap();
        let stats = mutator.stats();
        assert_eq!((stats.finalizer_panics, stats.drop_panics), (0, 0));
        assert_eq!(runs.run.load(Relaxed), runs.made.load(Relaxed));
    })
}

// ---- vectors that grow while the collector marks ----------------------------------------------------------------------

#[derive(Trace)]
struct Lists<'gc, M: Manager> {
    lists: [GcVec<'gc, Gc<'gc, Potato<'gc, M>, M>, M>; 2],
}
struct Growing;
impl<M: Manager> Rootable<M> for Growing {
    type Root<'gc> = Gc<'gc, Lists<'gc, M>, M>;
}
/// Each thread's vector grows, is read by the other, and hands its only pointers on from place to place.
#[test]
fn vectors_grow_while_marking() {
    under_shuttle(|| {
        let heap = Heap::<Growing, Tricolor>::new(zeal(5), |mc| {
            Gc::new(mc, Lists { lists: std::array::from_fn(|_| GcVec::new()) })
        })
        .unwrap();
        with_mutators(&heap, 2, 2, |mutator, t| {
            let (mine, others) = (t as usize, 1 - t as usize);
            for i in 0..5 {
                mutator.mutate(|mc, all| {
                    let list = &all.lists[mine];
                    list.push(mc, potato(mc, i * 4));
                    list.push(mc, potato(mc, i * 4 + 2));
                    // Their only pointers move.
                    list.swap(mc, 0, i as usize * 2 + 1);
                    let last = list.pop(mc).expect("it was pushed");
                    let first = list.replace(mc, 0, last);
                    list.push(mc, first);
                });
                mutator.mutate(|_, all| all.lists[others].iter().for_each(|p| pair(&p)));
            }
        });
        heap.mutator().unwrap().mutate(|_, all| {
            for list in &all.lists {
                let mut ids: Vec<u64> = list.iter().map(|p| p.id).collect();
                list.iter().for_each(|p| pair(&p));
                ids.sort();
                assert_eq!(ids, (0..10).map(|i| i * 2).collect::<Vec<u64>>());
            }
        });
    })
}
