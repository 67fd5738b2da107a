//! What hears of a death: weak references, their notices, finalizers, and what comes back.

use crate::trial::{Ledger, Node, R, Trial, check, collect, node, node_with};
use std::sync::{Arc, Mutex};
use twinheap::{
    Cleanup, Config, Finalize, Gc, GcAny, GcWeak, Manager, Mutation, Mutator, Pending, Slot, Static, Trace, Val,
    WeakBox, config::Finalizers,
};

laws!(
    weak_references,
    weak_references_in_loops,
    upgrades_keep,
    weak_boxes_that_die_first,
    notices,
    collect_is_complete,
    finalizers_run_once,
    resurrection,
    finalizers_that_panic,
    finalizers_that_make_more,
    finalizers_by_hand,
    cleanups,
    cleanups_of_what_comes_back,
);

const DIES: fn(twinheap::object::managed::Constraints) -> bool = |c| c.collects;

#[derive(Trace)]
struct Watcher<'gc, M: Manager> {
    targets: Vec<GcWeak<'gc, Node<'gc, M>, M>>,
}
/// The watcher kept by the root object.
fn watcher<'gc, M: Manager>(root: &Node<'gc, M>) -> Gc<'gc, Watcher<'gc, M>, M> {
    root.value.get().downcast::<Watcher<'gc, M>>().expect("it is there")
}
fn watch<'gc, M: Manager>(mc: &Mutation<'gc, M>, root: &Node<'gc, M>, targets: &[Gc<'gc, Node<'gc, M>, M>]) {
    let targets = targets.iter().map(|t| t.downgrade(mc)).collect();
    root.value.set(mc, Val::from_gc(Gc::new(mc, Watcher { targets })));
}

pub fn weak_references<M: Manager>(t: &Trial) {
    let ledger = Ledger::new();
    let n = t.size(500, 8);
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let all: Vec<_> = (0..n as u64).map(|i| node_with(mc, i, Some(ledger.leaf()))).collect();
            watch(mc, root, &all);
            for (weak, target) in watcher(root).targets.iter().zip(&all) {
                assert!(!weak.is_dead() && weak.upgrade(mc).is_some_and(|x| x.ptr_eq(target)));
            }
            *root.kids.borrow_mut(mc) = all;
        });
        collect(m);
        m.mutate(|mc, root| {
            assert!(watcher(root).targets.iter().enumerate().all(|(i, w)| w.upgrade(mc).unwrap().id == i as u64));
            let kept: Vec<_> = root.kids.borrow().iter().step_by(2).cloned().collect();
            *root.kids.borrow_mut(mc) = kept;
            if M::CONSTRAINTS.counted {
                assert!(watcher(root).targets.iter().enumerate().all(|(i, w)| w.is_dead() == (i % 2 == 1)));
            }
        });
        collect(m);
        m.mutate(|mc, root| {
            for (i, weak) in watcher(root).targets.iter().enumerate() {
                let dead = DIES(M::CONSTRAINTS) && i % 2 == 1;
                assert_eq!((weak.is_dead(), weak.upgrade(mc).is_none()), (dead, dead), "{i}");
            }
            t.see(watcher(root).targets.iter().filter(|w| w.is_dead()).count());
        });
    });
    ledger.settled();
}

/// Targets and references in the same loop, references to targets in loops.
pub fn weak_references_in_loops<M: Manager>(t: &Trial) {
    let ledger = Ledger::new();
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let (a, b) = (node_with(mc, 1, Some(ledger.leaf())), node_with(mc, 2, Some(ledger.leaf())));
            a.next.set(mc, Some(b.clone()));
            b.next.set(mc, Some(a.clone()));
            watch(mc, &b, std::slice::from_ref(&a)); // from within
            watch(mc, root, &[a, b]);
        });
        m.mutate(|mc, root| {
            assert!(watcher(root).targets.iter().all(|w| !w.is_dead() && w.upgrade(mc).is_some()));
        });
        collect(m);
        m.mutate(|mc, root| {
            let dead = DIES(M::CONSTRAINTS);
            assert!(watcher(root).targets.iter().all(|w| w.is_dead() == dead && w.upgrade(mc).is_none() == dead));
        });
        assert_eq!(ledger.dropped(), if DIES(M::CONSTRAINTS) { 2 } else { 0 });
    });
    ledger.settled();
}

/// Who is upgraded and stored again lives on.
pub fn upgrades_keep<M: Manager>(t: &Trial) {
    let ledger = Ledger::new();
    t.with_config::<M, _>(t.eager(), |m| {
        for round in 0..t.size(100, 4) as u64 {
            m.mutate(|mc, root| {
                let a = node_with(mc, round, Some(ledger.leaf()));
                a.next.set(mc, Some(node_with(mc, round + 1, Some(ledger.leaf()))));
                a.kids.borrow_mut(mc).push(a.clone()); // in a loop, so that counting alone does not end it
                watch(mc, root, std::slice::from_ref(&a));
                root.next.set(mc, Some(a));
            });
            let before = ledger.dropped();
            m.mutate(|mc, root| root.next.set(mc, None));
            let kept = m.mutate(|mc, root| {
                (0..t.size(100, 10) as u64).for_each(|i| drop(node(mc, i)));
                let up = watcher(root).targets[0].upgrade(mc);
                up.map(|a| root.next.set(mc, Some(a))).is_some()
            });
            collect(m);
            m.mutate(|mc, root| {
                let again = watcher(root).targets[0].upgrade(mc);
                assert_eq!(again.is_some(), kept);
                if let Some(a) = again {
                    assert_eq!((a.id, a.next.get().unwrap().id), (round, round + 1));
                    assert!(root.next.get().unwrap().ptr_eq(&a));
                    assert_eq!(ledger.dropped(), before);
                } else {
                    assert_eq!(ledger.dropped(), before + 2);
                }
                root.next.set(mc, None);
            });
            collect(m);
        }
    });
    ledger.settled();
}

/// References that die before their targets, after them, and with them.
pub fn weak_boxes_that_die_first<M: Manager>(t: &Trial) {
    let ledger = Ledger::new();
    t.with::<M, _>(|m| {
        for _ in 0..t.size(20, 2) {
            m.mutate(|mc, root| {
                let a = node_with(mc, 1, Some(ledger.leaf()));
                let all: Vec<_> = (0..10).map(|_| a.downgrade(mc)).collect();
                drop(all[3].clone());
                let (some, others): (Vec<_>, Vec<_>) = all.into_iter().enumerate().partition(|(i, _)| i % 3 == 0);
                drop(some); // the newest, the oldest, some between
                assert!(others.iter().all(|(_, w)| w.upgrade(mc).is_some_and(|x| x.ptr_eq(&a))));
                root.next.set(mc, Some(a));
                let targets = others.into_iter().map(|(_, w)| w).collect();
                root.value.set(mc, Val::from_gc(Gc::new(mc, Watcher { targets })));
            });
            collect(m);
            m.mutate(|mc, root| {
                assert!(watcher(root).targets.iter().all(|w| w.upgrade(mc).is_some()));
                root.value.set(mc, Val::empty());
            });
            collect(m);
            m.mutate(|mc, root| {
                let a = root.next.get().unwrap();
                let weak = a.downgrade(mc);
                assert!(weak.upgrade(mc).is_some());
                root.next.set(mc, None);
            });
            collect(m);
        }
    });
    ledger.settled();
}

fn by_hand(t: &Trial) -> Config {
    Config { finalizers: Finalizers::Manual, ..t.config() }
}
type Told<'gc, M> = WeakBox<'gc, u64, M>;
/// Takes everything out of the queue; weak notices as their data.
fn drain<M: Manager>(m: &mut Mutator<R, M>) -> Vec<u64> {
    m.mutate(|mc, _| {
        let mut out = Vec::new();
        while let Some(next) = mc.next_pending() {
            assert!(mc.has_pending() || mc.next_pending().is_none());
            match next {
                Pending::WeakDied { object: told, .. } => {
                    let told = told.downcast_ref::<Told<'_, M>>().expect("a box of ours").clone();
                    assert!(told.is_dead() && told.upgrade(mc).is_none());
                    out.push(*told.data())
                }
                Pending::Finalize { .. } | Pending::Saved { .. } => panic!("nobody asked for that"),
            }
        }
        out
    })
}

/// A box with `notify` is queued when its target dies, if it lives itself; newest first where handles count.
pub fn notices<M: Manager>(t: &Trial) {
    t.with_config::<M, _>(by_hand(t), |m| {
        m.mutate(|mc, root| {
            let a = node(mc, 1);
            a.next.set(mc, Some(a.clone()));
            let b = node(mc, 2);
            let (any_a, any_b) = (GcAny::new(a), GcAny::new(b));
            let told: Vec<Gc<'_, Told<'_, M>, M>> = vec![
                Gc::new_weak(mc, &any_a, 10, true),
                Gc::new_weak(mc, &any_a, 11, true),
                Gc::new_weak(mc, &any_a, 12, false),
                Gc::new_weak(mc, &any_b, 20, true),
                Gc::new_weak(mc, &any_b, 21, true),
            ];
            drop(Gc::<Told<'_, M>, M>::new_weak(mc, &any_a, 13, true)); // dies, untold
            assert!(told.iter().all(|b| b.upgrade(mc).is_some() && !b.is_dead()));
            root.value.set(mc, Val::from_gc(Gc::new(mc, told)));
            assert!(!mc.has_pending());
            drop(any_b);
            assert_eq!(mc.has_pending(), M::CONSTRAINTS.counted);
        });
        let mut seen = if M::CONSTRAINTS.counted { drain(m) } else { Vec::new() };
        if M::CONSTRAINTS.counted {
            assert_eq!(seen, [21, 20]);
        }
        let collected = collect(m);
        seen.extend(drain(m));
        if collected.pending {
            m.finish_collection();
        }
        assert!(drain(m).is_empty());
        seen.sort_unstable();
        assert_eq!(seen, if DIES(M::CONSTRAINTS) { vec![10, 11, 20, 21] } else { vec![] });
        assert!(m.finish_collection().is_none());
        collect(m);
        assert!(drain(m).is_empty(), "told once");
        t.see(seen);
    });
}

/// `collect` answers for everything that was garbage when it was called, whatever ran before.
pub fn collect_is_complete<M: Manager>(t: &Trial) {
    let ledger = Ledger::new();
    t.with_config::<M, _>(t.eager(), |m| {
        let mut made = 0;
        for round in 0..t.size(200, 4) {
            m.mutate(|mc, root| {
                for i in 0..1 + round % 7 {
                    let a = node_with(mc, i as u64, Some(ledger.leaf()));
                    a.next.set(mc, Some(a.clone()));
                    root.next.set(mc, Some(a));
                    made += 1;
                }
                root.next.set(mc, None);
            });
            collect(m);
            assert_eq!(ledger.dropped(), if DIES(M::CONSTRAINTS) { made } else { 0 }, "round {round}");
        }
    });
    ledger.settled();
}

type Log = Arc<Mutex<Vec<u64>>>;
/// Has last words: notes its number, and does as told.
#[derive(Trace)]
#[trace(finalize)]
struct Mortal<'gc, M: Manager> {
    id: u64,
    then: Then,
    log: Static<Log>,
    /// Where it goes when it comes back.
    home: Gc<'gc, Node<'gc, M>, M>,
    friend: Slot<'gc, Mortal<'gc, M>, M>,
    #[trace(static)]
    leaf: crate::trial::Leaf,
}
#[derive(Clone, Copy, PartialEq, Eq, Trace)]
enum Then {
    Die,
    ComeBack,
    Panic,
    MakeMore(u64),
}
impl<'gc, M: Manager> Finalize<'gc, M> for Mortal<'gc, M> {
    fn finalize(this: &Gc<'gc, Self, M>, mc: &'gc Mutation<'gc, M>) {
        this.log.0.lock().unwrap_or_else(|p| p.into_inner()).push(this.id);
        match this.then {
            Then::Die => {}
            Then::ComeBack => this.home.value.set(mc, Val::from_gc(this.clone())),
            Then::Panic => panic!("a finalizer that panics"),
            Then::MakeMore(n) => {
                (0..50).for_each(|i| drop(node(mc, i)));
                let then = if n == 0 { Then::Die } else { Then::MakeMore(n - 1) };
                let leaf = this.leaf.another();
                mortal(mc, this.id + 1, then, &this.log.0, this.home.clone(), leaf);
            }
        }
    }
}
fn mortal<'gc, M: Manager>(
    mc: &Mutation<'gc, M>,
    id: u64,
    then: Then,
    log: &Log,
    home: Gc<'gc, Node<'gc, M>, M>,
    leaf: crate::trial::Leaf,
) -> Gc<'gc, Mortal<'gc, M>, M> {
    Gc::new(mc, Mortal { id, then, log: Static(log.clone()), home, friend: Slot::empty(), leaf })
}
fn sorted(log: &Log) -> Vec<u64> {
    let mut log = log.lock().unwrap_or_else(|p| p.into_inner()).clone();
    log.sort_unstable();
    log
}
/// Collects until nothing more can come of it: what finalizers let go needs another.
fn settle<M: Manager>(m: &mut Mutator<R, M>) {
    for _ in 0..4 {
        collect(m);
        m.mutate(|_, _| {});
    }
}

pub fn finalizers_run_once<M: Manager>(t: &Trial) {
    let (ledger, log) = (Ledger::new(), Log::default());
    let n = t.size(400, 9) as u64;
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            for i in 0..n {
                let a = mortal(mc, i, Then::Die, &log, root.clone(), ledger.leaf());
                match i % 3 {
                    0 => {}
                    1 => a.friend.set(mc, Some(a.clone())),
                    _ => root.kids.borrow_mut(mc).push({
                        let keeper = node(mc, i);
                        keeper.value.set(mc, Val::from_gc(a));
                        keeper
                    }),
                }
            }
        });
        if M::CONSTRAINTS.counted {
            assert_eq!(sorted(&log), (0..n).step_by(3).collect::<Vec<_>>(), "at the end of the session at the latest");
        }
        settle(m);
        let dead: Vec<u64> = (0..n).filter(|i| i % 3 != 2).collect();
        let expected = if DIES(M::CONSTRAINTS) { dead.clone() } else { vec![] };
        assert_eq!(sorted(&log), expected);
        assert_eq!(ledger.dropped(), expected.len());
        assert_eq!(m.stats().finalizers, expected.len() as u64);
        m.mutate(|mc, root| root.kids.borrow_mut(mc).clear());
        settle(m);
        assert_eq!(sorted(&log), if DIES(M::CONSTRAINTS) { (0..n).collect() } else { vec![] });
        t.see(sorted(&log));
    });
    ledger.settled();
}

/// Who is stored by its finalizer lives on with everything it refers to, and dies the second time without a word.
pub fn resurrection<M: Manager>(t: &Trial) {
    let (ledger, log) = (Ledger::new(), Log::default());
    t.with::<M, _>(|m| {
        for in_a_loop in [false, true] {
            log.lock().unwrap().clear();
            let before = ledger.dropped();
            m.mutate(|mc, root| {
                // The home refers to a chain of two, neither of which has anything to say.
                let home = node(mc, 1);
                home.kids.borrow_mut(mc).push(node_with(mc, 2, Some(ledger.leaf())));
                home.kids.borrow()[0].next.set(mc, Some(node_with(mc, 3, Some(ledger.leaf()))));
                let a = mortal(mc, 7, Then::ComeBack, &log, home.clone(), ledger.leaf());
                if in_a_loop {
                    a.friend.set(mc, Some(a.clone()));
                }
                root.next.set(mc, Some(home));
                drop(a);
            });
            if !M::CONSTRAINTS.counted || in_a_loop {
                collect(m);
            }
            for _ in 0..3 {
                m.mutate(|_, root| {
                    let home = root.next.get().unwrap();
                    let back = home.value.get();
                    assert_eq!(back.is_ref(), DIES(M::CONSTRAINTS));
                    if let Some(back) = back.downcast_ref::<Mortal<'_, M>>() {
                        assert_eq!((back.id, back.home.kids.borrow()[0].next.get().unwrap().id), (7, 3));
                        assert!(!in_a_loop || back.friend.get().unwrap().ptr_eq(back));
                    }
                });
                collect(m);
                assert_eq!((sorted(&log).len(), ledger.dropped()), (DIES(M::CONSTRAINTS) as usize, before));
            }
            m.mutate(|mc, root| root.next.set(mc, None));
            settle(m);
            if DIES(M::CONSTRAINTS) {
                assert_eq!(sorted(&log), [7], "the second death is silent");
                assert_eq!(ledger.dropped(), before + 3);
            }
        }
    });
    ledger.settled();
}

pub fn finalizers_that_panic<M: Manager>(t: &Trial) {
    let (ledger, log) = (Ledger::new(), Log::default());
    let n = t.size(30, 6) as u64;
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            for i in 0..n {
                let then = if i % 2 == 0 { Then::Panic } else { Then::Die };
                let a = mortal(mc, i, then, &log, root.clone(), ledger.leaf());
                if i % 3 == 0 {
                    a.friend.set(mc, Some(a.clone()));
                }
            }
        });
        settle(m);
        let stats = m.stats();
        if DIES(M::CONSTRAINTS) {
            assert_eq!(sorted(&log), (0..n).collect::<Vec<_>>());
            assert_eq!((stats.finalizers, stats.finalizer_panics), (n, n / 2));
            assert_eq!(ledger.dropped() as u64, n, "a panic ends the finalizer, not the object's death");
        } else {
            assert_eq!((stats.finalizers, stats.finalizer_panics), (0, 0));
        }
        check(m);
        m.mutate(|mc, root| root.next.set(mc, Some(node(mc, 1))));
    });
    ledger.settled();
}

/// A finalizer may allocate, and what it makes may have one too.
pub fn finalizers_that_make_more<M: Manager>(t: &Trial) {
    let (ledger, log) = (Ledger::new(), Log::default());
    let depth = t.size(20, 2) as u64;
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let a = mortal(mc, 0, Then::MakeMore(depth), &log, root.clone(), ledger.leaf());
            a.friend.set(mc, Some(mortal(mc, 100, Then::Die, &log, root.clone(), ledger.leaf())));
        });
        for _ in 0..2 * depth + 4 {
            collect(m);
        }
        if DIES(M::CONSTRAINTS) {
            assert_eq!(sorted(&log), (0..depth + 2).chain([100]).collect::<Vec<_>>());
        }
        t.see(sorted(&log));
    });
    ledger.settled();
}

/// With `Manual` the program runs them, between collection and release.
pub fn finalizers_by_hand<M: Manager>(t: &Trial) {
    let (ledger, log) = (Ledger::new(), Log::default());
    t.with_config::<M, _>(by_hand(t), |m| {
        m.mutate(|mc, root| {
            let a = mortal(mc, 1, Then::Die, &log, root.clone(), ledger.leaf());
            a.friend.set(mc, Some(a.clone()));
            mortal(mc, 2, Then::Die, &log, root.clone(), ledger.leaf());
            assert_eq!(mc.has_pending(), M::CONSTRAINTS.counted);
        });
        let collected = collect(m);
        assert_eq!(collected.pending, DIES(M::CONSTRAINTS), "a collection that waits for its finalizers says so");
        let mut seen = m.mutate(|mc, root| {
            let mut seen = Vec::new();
            while let Some(next) = mc.next_pending() {
                let Pending::Finalize { object: any, .. } = next else { panic!("nothing else was asked for") };
                assert!(mc.state_of(&any).finalized);
                let mortal = any.downcast::<Mortal<'_, M>>().expect("a mortal");
                seen.push(mortal.id);
                if mortal.id == 1 {
                    root.value.set(mc, Val::from_gc(mortal)); // comes back
                }
            }
            seen
        });
        m.finish_collection();
        seen.sort_unstable();
        assert_eq!(seen, if DIES(M::CONSTRAINTS) { vec![1, 2] } else { vec![] });
        assert!(sorted(&log).is_empty(), "the library ran none");
        collect(m);
        collect(m);
        if DIES(M::CONSTRAINTS) {
            assert_eq!(ledger.dropped(), 1);
            m.mutate(|_, root| assert!(root.value.get().downcast_ref::<Mortal<'_, M>>().is_some_and(|a| a.id == 1)));
        }
        m.mutate(|mc, root| root.value.set(mc, Val::empty()));
        for _ in 0..2 {
            let collected = collect(m);
            assert!(!collected.pending && m.mutate(|mc, _| mc.next_pending().is_none()), "once");
        }
        assert_eq!(ledger.dropped(), if DIES(M::CONSTRAINTS) { 2 } else { 0 });
    });
    ledger.settled();
}

/// Each once, after its object; those that were stopped not; what an argument holds goes with it.
pub fn cleanups<M: Manager>(t: &Trial) {
    let ledger = Ledger::new();
    let n = t.size(60, 6) as u64;
    let ran = Arc::new(Mutex::new(Vec::new()));
    let log = |ran: &Arc<Mutex<Vec<u64>>>| {
        let mut ran = std::mem::take(&mut *ran.lock().unwrap());
        ran.sort();
        ran
    };
    #[derive(Trace)]
    struct Errand<'gc, M: Manager> {
        id: u64,
        log: Static<Arc<Mutex<Vec<u64>>>>,
        other: Gc<'gc, Node<'gc, M>, M>,
    }
    let run = |errand: Errand<'_, M>, _: &Mutation<'_, M>| {
        errand.log.lock().unwrap().push(errand.id + 1000 * errand.other.id);
        assert!(errand.id != 3, "a cleanup that panics");
    };
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let mut kids = Vec::new();
            for id in 0..n {
                let target = node(mc, id);
                // Alone, or in a cycle.
                if id % 2 == 0 {
                    target.value.set(mc, Val::from_gc(target.clone()));
                }
                let errand = |id, other: u64| Errand {
                    id,
                    log: Static(ran.clone()),
                    other: node_with(mc, other, Some(ledger.leaf())),
                };
                let first = Cleanup::new(mc, &target, errand(id, 0), run);
                // Several for one object; one of them is called off, twice.
                let second = Cleanup::new(mc, &target, errand(id, 1), run);
                if id % 3 == 0 {
                    assert!(second.stop(mc));
                    assert!(!second.clone().stop(mc));
                }
                drop(first);
                kids.push(target);
            }
            *root.kids.borrow_mut(mc) = kids;
        });
        collect(m);
        assert_eq!(log(&ran), [], "everybody lives");
        m.mutate(|mc, root| root.kids.borrow_mut(mc).clear());
        collect(m);
        let mut expected = Vec::new();
        if DIES(M::CONSTRAINTS) {
            expected.extend(0..n);
            expected.extend((0..n).filter(|id| id % 3 != 0).map(|id| id + 1000));
        }
        assert_eq!(log(&ran), expected);
        let panics = expected.iter().filter(|&id| id % 1000 == 3).count() as u64;
        assert_eq!(m.stats().finalizer_panics, panics);
        collect(m);
        assert_eq!(log(&ran), [], "once");
        if DIES(M::CONSTRAINTS) {
            ledger.settled();
        }
    });
    // Those that had no occasion do not run when the heap goes, and their arguments are dropped.
    ledger.settled();
}

/// As Python's `weakref.finalize`: out of a count of zero nothing has happened yet; out of a cycle it has.
pub fn cleanups_of_what_comes_back<M: Manager>(t: &Trial) {
    let ran = Arc::new(Mutex::new(0));
    t.with::<M, _>(|m| {
        for in_cycle in [false, true] {
            m.mutate(|mc, root| {
                let hall = node(mc, 0);
                let phoenix = Gc::new(mc, Phoenix { hall: hall.clone(), me: Slot::empty() });
                if in_cycle {
                    phoenix.me.set(mc, Some(phoenix.clone()));
                }
                Cleanup::new(mc, &phoenix, Static(ran.clone()), |ran, _| *ran.lock().unwrap() += 1);
                *root.kids.borrow_mut(mc) = vec![hall];
            });
            collect(m);
            let first = std::mem::take(&mut *ran.lock().unwrap());
            m.mutate(|_, root| {
                let back = root.kids.borrow()[0].value.get();
                assert_eq!(back.is_empty(), !DIES(M::CONSTRAINTS), "its finalizer kept it");
            });
            // Once the finalizer has run it dies for good.
            m.mutate(|mc, root| {
                if let Ok(phoenix) = root.kids.borrow()[0].value.take(mc).downcast::<Phoenix<'_, M>>() {
                    phoenix.me.set(mc, None);
                }
                root.kids.borrow_mut(mc).clear();
            });
            collect(m);
            let second = std::mem::take(&mut *ran.lock().unwrap());
            assert_eq!(first + second, DIES(M::CONSTRAINTS) as u32, "{first} then {second}");
            if M::CONSTRAINTS.counted {
                assert_eq!(first, in_cycle as u32);
            }
        }
    });
}
#[derive(Trace)]
#[trace(finalize)]
struct Phoenix<'gc, M: Manager> {
    hall: Gc<'gc, Node<'gc, M>, M>,
    me: Slot<'gc, Phoenix<'gc, M>, M>,
}
impl<'gc, M: Manager> Finalize<'gc, M> for Phoenix<'gc, M> {
    fn finalize(this: &Gc<'gc, Self, M>, mc: &'gc Mutation<'gc, M>) {
        this.hall.value.set(mc, Val::from_gc(this.clone()))
    }
}
