//! Heaps that threads share.  The hammering is in `stress.rs`; here is what may be relied on.

use crate::trial::{Ledger, Node, R, Trial, check, collect, node, node_with};
use std::{
    collections::HashMap,
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};
use twinheap::{Gc, GcCell, Heap, Root, Rootable, Slot, Threaded, Trace, Val};

threaded_laws!(
    a_structure_each,
    one_table,
    what_is_published_is_whole,
    roots_travel,
    mutators_travel,
    threads_come_and_go,
    the_last_one_takes_the_heap_down,
);

/// Every thread builds and checks its own list while the others' sessions and collections run.
pub fn a_structure_each<M: Threaded>(t: &Trial) {
    let ledger = Ledger::new();
    let heap = t.heap_with::<M>(t.eager());
    let (threads, rounds) = (3, t.size(200, 3));
    std::thread::scope(|s| {
        for k in 0..threads {
            let (heap, ledger) = (&heap, &ledger);
            s.spawn(move || {
                let mut m = heap.mutator().expect("there are many");
                let own: Root<R, M> = m.root(|mc, _| node(mc, k));
                for round in 0..rounds as u64 {
                    m.mutate(|mc, _| {
                        own.get(mc).next.set(mc, None);
                        for i in 0..t_len(round) {
                            let head = node_with(mc, i, Some(ledger.leaf()));
                            head.next.set(mc, own.get(mc).next.get());
                            own.get(mc).next.set(mc, Some(head));
                        }
                    });
                    m.mutate(|mc, _| {
                        let (mut at, mut i) = (own.get(mc).next.get(), t_len(round));
                        while let Some(n) = at {
                            i -= 1;
                            assert_eq!(n.id, i);
                            at = n.next.get();
                        }
                        assert_eq!((i, own.get(mc).id), (0, k));
                    });
                    if round % 50 == 49 {
                        collect(&mut m);
                    }
                }
            });
        }
    });
    let mut m = heap.mutator().unwrap();
    collect(&mut m);
    assert_eq!(ledger.dropped() as u64, threads * (0..rounds as u64).map(t_len).sum::<u64>());
    check(&mut m);
    drop((m, heap));
    ledger.settled();
    fn t_len(round: u64) -> u64 {
        5 + round % 20
    }
}

#[derive(Trace)]
struct Table<'gc, M: Threaded> {
    counts: GcCell<HashMap<u64, (u64, Gc<'gc, u64, M>)>, M>,
}
struct Tables;
impl<M: Threaded> Rootable<M> for Tables {
    type Root<'gc> = Table<'gc, M>;
}
/// A table that all change: no update is lost.
pub fn one_table<M: Threaded>(t: &Trial) {
    let heap = Heap::<Tables, M>::new(t.eager(), |_| Table { counts: GcCell::default() }).unwrap();
    let (threads, rounds, keys) = (3u64, t.size(3000, 20) as u64, 17u64);
    std::thread::scope(|s| {
        for k in 0..threads {
            let heap = &heap;
            s.spawn(move || {
                let mut m = heap.mutator().unwrap();
                for i in 0..rounds {
                    m.mutate(|mc, table| {
                        let boxed = Gc::new(mc, i * threads + k);
                        let mut counts = table.counts.borrow_mut(mc);
                        let entry = counts.entry((i + k) % keys).or_insert_with(|| (0, Gc::new(mc, 0)));
                        *entry = (entry.0 + 1, boxed);
                    });
                    if i % 100 == 0 {
                        m.mutate(|_, table| {
                            assert!(table.counts.borrow().values().all(|(n, x)| *n > 0 && **x < 1 << 40))
                        });
                    }
                }
            });
        }
    });
    let mut m = heap.mutator().unwrap();
    let sum = m.mutate(|_, table| table.counts.borrow().values().map(|(n, _)| n).sum::<u64>());
    assert_eq!(sum, threads * rounds);
    t.see(sum);
    check(&mut m);
}

/// Who reads a reference out of a slot sees the object behind it as it was written.
pub fn what_is_published_is_whole<M: Threaded>(t: &Trial) {
    let heap = t.heap_with::<M>(t.eager());
    let (rounds, done) = (t.size(20_000, 30) as u64, AtomicUsize::new(0));
    std::thread::scope(|s| {
        let (heap, done) = (&heap, &done);
        s.spawn(move || {
            let mut m = heap.mutator().unwrap();
            for i in 1..=rounds {
                m.mutate(|mc, root| {
                    let a = node(mc, i);
                    a.value.set(mc, Val::from_gc(Gc::new(mc, i)));
                    a.kids.borrow_mut(mc).push(node(mc, i));
                    root.next.set(mc, Some(a));
                });
            }
            done.store(1, Relaxed);
        });
        s.spawn(move || {
            let mut m = heap.mutator().unwrap();
            let mut last = 0;
            loop {
                let over = done.load(Relaxed) == 1;
                m.mutate(|_, root| {
                    for _ in 0..10 {
                        if let Some(a) = root.next.get() {
                            assert!(a.id >= last, "slots do not go back");
                            last = a.id;
                            assert_eq!(**a.value.get().downcast_ref::<u64>().expect("written before"), a.id);
                            assert_eq!(a.kids.borrow()[0].id, a.id);
                        }
                    }
                });
                if over {
                    break;
                }
                std::thread::yield_now();
            }
            assert_eq!(m.mutate(|_, root| root.next.get().unwrap().id), rounds);
        });
    });
    check(&mut heap.mutator().unwrap());
}

/// A root is made here, looked at there, and dropped in a third place.
pub fn roots_travel<M: Threaded>(t: &Trial) {
    let ledger = Ledger::new();
    let heap = t.heap::<M>();
    let mut m = heap.mutator().unwrap();
    for i in 0..t.size(20, 2) as u64 {
        let root: Root<R, M> = m.root(|mc, _| node_with(mc, i, Some(ledger.leaf())));
        let back = std::thread::scope(|s| {
            s.spawn(|| {
                let mut n = heap.mutator().unwrap();
                n.mutate(|mc, _| {
                    assert_eq!(root.get(mc).id, i);
                    root.get(mc).next.set(mc, Some(node_with(mc, i + 1, Some(ledger.leaf()))));
                });
                collect(&mut n);
                root
            })
            .join()
            .unwrap()
        });
        m.mutate(|mc, _| assert_eq!(back.get(mc).next.get().unwrap().id, i + 1));
        std::thread::spawn(move || drop(back)).join().unwrap();
        collect(&mut m);
        assert_eq!(ledger.dropped() as u64, 2 * (i + 1));
    }
    check(&mut m);
}

/// A mutator between sessions goes where it is sent.
pub fn mutators_travel<M: Threaded>(t: &Trial) {
    let mut m = t.heap_with::<M>(t.eager()).mutator().unwrap();
    for i in 0..t.size(50, 3) as u64 {
        m = std::thread::spawn(move || {
            m.mutate(|mc, root| root.kids.borrow_mut(mc).push(node(mc, i)));
            m
        })
        .join()
        .unwrap();
        m.mutate(|_, root| assert!(root.kids.borrow().iter().enumerate().all(|(i, k)| k.id == i as u64)));
    }
    check(&mut m);
}

/// Threads that end in the middle of things, panicking ones included, hold nobody up.
pub fn threads_come_and_go<M: Threaded>(t: &Trial) {
    let ledger = Ledger::new();
    let heap = t.heap_with::<M>(t.eager());
    let mut m = heap.mutator().unwrap();
    for round in 0..t.size(30, 2) as u64 {
        std::thread::scope(|s| {
            let threads: Vec<_> = (0..4)
                .map(|k| {
                    let (heap, ledger) = (&heap, &ledger);
                    s.spawn(move || {
                        let mut m = heap.mutator().unwrap();
                        m.mutate(|mc, root| {
                            let a = node_with(mc, round, Some(ledger.leaf()));
                            root.kids.borrow_mut(mc).push(a);
                            if k == 3 {
                                let _guard = root.kids.borrow_mut(mc);
                                panic!("a thread that panics in a session")
                            }
                        });
                    })
                })
                .collect();
            assert_eq!(threads.into_iter().map(|t| t.join().is_err()).filter(|&err| err).count(), 1);
        });
        collect(&mut m);
    }
    let n = m.mutate(|_, root| root.kids.borrow().len());
    assert_eq!((n, ledger.dropped()), (4 * t.size(30, 2), 0));
    check(&mut m);
    drop((m, heap));
    ledger.settled();
}

struct Shared;
impl<M: Threaded> Rootable<M> for Shared {
    type Root<'gc> = Slot<'gc, Node<'gc, M>, M>;
}
/// Heap, mutators and roots may be dropped by any thread, in any order.
pub fn the_last_one_takes_the_heap_down<M: Threaded>(t: &Trial) {
    for _ in 0..t.size(30, 2) {
        let ledger = Ledger::new();
        let heap = Heap::<Shared, M>::new(t.eager(), |_| Slot::empty()).unwrap();
        let barrier = Barrier::new(3);
        let mut m = heap.mutator().unwrap();
        let root: Root<R, M> = m.root(|mc, slot| {
            let a = node_with(mc, 1, Some(ledger.leaf()));
            slot.set(mc, Some(a.clone()));
            a
        });
        std::thread::scope(|s| {
            s.spawn(|| {
                barrier.wait();
                drop(heap)
            });
            s.spawn(|| {
                barrier.wait();
                m.mutate(|mc, slot| slot.set(mc, Some(node_with(mc, 2, Some(ledger.leaf())))));
                drop(m)
            });
            s.spawn(|| {
                barrier.wait();
                drop(root)
            });
        });
        ledger.settled();
    }
}
