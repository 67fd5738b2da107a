//! Heaps, mutators, sessions, roots: who may have how many, and that a panic ends a session and nothing else.

use crate::trial::{Ledger, Node, R, Trial, check, collect, node, node_with};
use std::panic::{AssertUnwindSafe, catch_unwind};
use twinheap::{Config, Heap, Manager, Root, Rootable, Slot, config::MIN_LIMIT_BYTES};

laws!(
    mutators,
    panics_end_sessions,
    roots_keep,
    roots_and_their_heap,
    two_heaps,
    bad_configurations,
    a_heap_outlives_its_handle,
    sessions_that_should_end,
);

pub fn mutators<M: Manager>(t: &Trial) {
    let heap = t.heap::<M>();
    let first = heap.mutator();
    let second = heap.mutator();
    assert!(first.is_ok());
    assert_eq!(second.is_ok(), M::CONSTRAINTS.many_mutators);
    if let Err(taken) = second {
        assert!(taken.to_string().contains("one mutator"));
    }
    drop(first);
    let mut again = heap.mutator().expect("it was given back");
    again.mutate(|mc, root| root.next.set(mc, Some(node(mc, 1))));
    check(&mut again);
}

pub fn panics_end_sessions<M: Manager>(t: &Trial) {
    let ledger = Ledger::new();
    t.with::<M, _>(|m| {
        for i in 0..t.size(50, 3) as u64 {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                m.mutate(|mc, root| {
                    let kept = node_with(mc, i, Some(ledger.leaf()));
                    let lost = node_with(mc, i, Some(ledger.leaf()));
                    lost.next.set(mc, Some(kept.clone()));
                    root.kids.borrow_mut(mc).push(kept);
                    let _guard = root.kids.borrow_mut(mc);
                    panic!("in a session")
                })
            }));
            assert!(outcome.is_err());
            collect(m);
            m.mutate(|mc, root| {
                assert_eq!(root.kids.borrow_mut(mc).len() as u64, i + 1);
                assert!(root.kids.borrow().iter().enumerate().all(|(i, kid)| kid.id == i as u64));
            });
        }
        if M::CONSTRAINTS.collects {
            t.see(ledger.dropped());
        }
    });
    ledger.settled();
    // A heap whose first session panics does not exist, and leaves nothing behind.
    let ledger = Ledger::new();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        Heap::<R, M>::new(t.config(), |mc| {
            node_with(mc, 1, Some(ledger.leaf()));
            panic!("in the first session")
        })
    }));
    assert!(outcome.is_err());
    ledger.settled();
}

pub fn roots_keep<M: Manager>(t: &Trial) {
    let ledger = Ledger::new();
    t.with::<M, _>(|m| {
        let n = t.size(300, 8) as u64;
        let mut roots: Vec<Option<Root<R, M>>> = Vec::new();
        for i in 0..n {
            roots.push(Some(m.root(|mc, _| {
                let a = node_with(mc, i, Some(ledger.leaf()));
                let b = node_with(mc, i + 1, Some(ledger.leaf()));
                b.next.set(mc, Some(a.clone()));
                a.next.set(mc, Some(b));
                a
            })));
        }
        collect(m);
        assert_eq!(ledger.dropped(), 0);
        m.mutate(|mc, _| {
            for (i, root) in roots.iter().flatten().enumerate() {
                let a = root.get(mc);
                assert_eq!((a.id, a.next.get().unwrap().id), (i as u64, i as u64 + 1));
            }
        });
        roots.iter_mut().step_by(2).for_each(|root| *root = None);
        collect(m);
        if M::CONSTRAINTS.collects {
            assert_eq!(ledger.dropped() as u64, n.div_ceil(2) * 2);
        }
        // Their places are used again.
        for root in roots.iter_mut().filter(|r| r.is_none()) {
            *root = Some(m.root(|mc, _| node_with(mc, 77, Some(ledger.leaf()))));
        }
        collect(m);
        m.mutate(|mc, _| t.see(roots.iter().flatten().map(|r| r.get(mc).id).collect::<Vec<_>>()));
        m.mutate(|_, _| roots.clear()); // in a session
        collect(m);
        if M::CONSTRAINTS.collects {
            assert_eq!(ledger.dropped() as u64, 2 * n + n.div_ceil(2));
        }
    });
    ledger.settled();
}

/// A root keeps its heap, and answers its own heap's sessions only.
pub fn roots_and_their_heap<M: Manager>(t: &Trial) {
    let ledger = Ledger::new();
    let heap = t.heap::<M>();
    let mut m = heap.mutator().unwrap();
    let root: Root<R, M> = m.root(|mc, _| node_with(mc, 3, Some(ledger.leaf())));
    let other = t.heap::<M>();
    let mut n = other.mutator().unwrap();
    let foreign = n.mutate(|mc, _| catch_unwind(AssertUnwindSafe(|| root.get(mc).id)).is_err());
    assert!(foreign, "a root of another heap");
    drop(heap);
    assert_eq!(m.mutate(|mc, _| root.get(mc).id), 3);
    check(&mut m);
    drop(m);
    assert_eq!(ledger.dropped(), 0, "the root keeps the heap");
    drop(root);
    ledger.settled();
    check(&mut n);
}

struct Pair;
impl<M: Manager> Rootable<M> for Pair {
    type Root<'gc> = (Slot<'gc, Node<'gc, M>, M>, u64);
}
/// Two heaps, sessions of both open at once, of another manager too.
pub fn two_heaps<M: Manager>(t: &Trial) {
    let ledger = Ledger::new();
    let mut a = t.heap_with::<M>(t.eager()).mutator().unwrap();
    let mut b = Heap::<Pair, M>::new(t.eager(), |_| (Slot::empty(), 5)).unwrap().mutator().unwrap();
    let mut c = t.heap::<twinheap::Null>().mutator().unwrap();
    for i in 0..t.size(200, 4) as u64 {
        a.mutate(|mc_a, root_a| {
            b.mutate(|mc_b, root_b| {
                c.mutate(|mc_c, root_c| {
                    root_a.next.set(mc_a, Some(node_with(mc_a, i, Some(ledger.leaf()))));
                    root_b.0.set(mc_b, Some(node_with(mc_b, i, Some(ledger.leaf()))));
                    root_c.next.set(mc_c, Some(node_with(mc_c, i, Some(ledger.leaf()))));
                    assert_eq!(root_a.next.get().unwrap().id, root_b.0.get().unwrap().id);
                    assert_eq!(root_b.1, 5);
                })
            })
        });
        collect(&mut a);
        b.collect_if_due();
    }
    check(&mut a);
    check(&mut b);
    check(&mut c);
    drop((a, b, c));
    ledger.settled();
}

pub fn bad_configurations<M: Manager>(t: &Trial) {
    let refused = |config: Config| {
        Heap::<R, M>::new(config, |mc| node(mc, 0)).err().unwrap_or_else(|| panic!("a bad configuration")).to_string()
    };
    t.see(refused(Config { zeal: Some(0), ..t.config() }));
    t.see(refused(Config { thresholds: [i64::MAX, 10, 10], ..t.config() }));
    t.see(refused(Config { thresholds: [10, i64::MIN, 10], ..t.config() }));
    if !cfg!(miri) {
        t.see(refused(Config { max_heap_bytes: Some(MIN_LIMIT_BYTES - 1), ..t.config() }));
        t.see(refused(Config { memory_limit_bytes: Some(1), ..t.config() }));
    }
}

pub fn a_heap_outlives_its_handle<M: Manager>(t: &Trial) {
    let ledger = Ledger::new();
    let heap = t.heap::<M>();
    let mut m = heap.mutator().unwrap();
    drop(heap);
    m.mutate(|mc, root| root.next.set(mc, Some(node_with(mc, 1, Some(ledger.leaf())))));
    collect(&mut m);
    assert_eq!(m.mutate(|_, root| root.next.get().unwrap().id), 1);
    check(&mut m);
    drop(m);
    ledger.settled();
}

/// A loop of short sessions that yields when asked gets everywhere, and its garbage goes.
pub fn sessions_that_should_end<M: Manager>(t: &Trial) {
    let ledger = Ledger::new();
    t.with_config::<M, _>(t.eager(), |m| {
        let (mut done, mut sessions, goal) = (0, 0, t.size(50_000, 60));
        while done < goal {
            sessions += 1;
            m.mutate(|mc, root| {
                while done < goal {
                    let a = node_with(mc, done as u64, Some(ledger.leaf()));
                    a.next.set(mc, Some(a.clone()));
                    root.next.set(mc, Some(a));
                    done += 1;
                    if mc.should_yield() {
                        break;
                    }
                }
            });
            m.collect_if_due();
        }
        assert!(sessions <= goal);
        collect(m);
        if M::CONSTRAINTS.collects {
            assert_eq!(ledger.dropped(), goal - 1);
        }
    });
    ledger.settled();
}
