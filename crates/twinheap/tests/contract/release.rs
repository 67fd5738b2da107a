//! Who is released, when, and how deep: leaves exactly once, cycles, long lists, drops that panic.

use crate::trial::{Ledger, Node, R, Trial, check, collect, node, node_with, on_a_small_stack, one_at_a_time};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};
use twinheap::{Gc, Heap, Manager, Mutation, Mutator, Rootable, Slot, Static, Trace, Val};

laws!(
    leaves_once,
    at_once_where_counted,
    what_is_reachable_stays,
    cycles,
    long_lists,
    big_graphs,
    drops_that_panic,
    memory_is_used_again,
);

/// Every leaf is dropped once, whether its owner died young, in a cycle, or with the heap.
pub fn leaves_once<M: Manager>(t: &Trial) {
    for config in [t.config(), t.eager()] {
        let ledger = Ledger::new();
        let n = t.size(3000, 30) as u64;
        t.with_config::<M, _>(config, |m| {
            for round in 0..4 {
                m.mutate(|mc, root| {
                    for i in 0..n {
                        let a = node_with(mc, i, Some(ledger.leaf()));
                        match i % 4 {
                            0 => {}
                            1 => a.next.set(mc, Some(a.clone())),
                            2 => {
                                let b = node_with(mc, i, Some(ledger.leaf()));
                                a.kids.borrow_mut(mc).push(b.clone());
                                b.kids.borrow_mut(mc).push(a);
                            }
                            _ => root.kids.borrow_mut(mc).push(a),
                        }
                        if i % 11 == 0 {
                            root.kids.borrow_mut(mc).truncate(5);
                        }
                    }
                });
                if round % 2 == 0 {
                    m.collect_if_due();
                    collect(m);
                }
            }
        });
        ledger.settled();
        t.see(ledger.dropped());
    }
}

/// The last handle's end is the object's, where handles count; elsewhere it is a collection's.
pub fn at_once_where_counted<M: Manager>(t: &Trial) {
    let ledger = Ledger::new();
    let counted = M::CONSTRAINTS.counted;
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let a = node_with(mc, 1, Some(ledger.leaf()));
            let b = a.clone();
            drop(a);
            assert_eq!(ledger.dropped(), 0);
            drop(b);
            assert_eq!(ledger.dropped(), counted as usize);
            root.next.set(mc, Some(node_with(mc, 2, Some(ledger.leaf()))));
            root.next.set(mc, None);
            assert_eq!(ledger.dropped(), if counted { 2 } else { 0 });
            let list = node(mc, 0);
            list.kids.borrow_mut(mc).extend((0..5).map(|i| node_with(mc, i, Some(ledger.leaf()))));
            root.next.set(mc, Some(list));
            root.next.set(mc, None);
            assert_eq!(ledger.dropped(), if counted { 7 } else { 0 });
        });
        let collected = collect(m);
        assert!(!collected.pending);
        let all_gone = counted || M::CONSTRAINTS.collects;
        assert_eq!(ledger.dropped(), if all_gone { 7 } else { 0 }, "leaf drops are over when `collect` returns");
    });
    ledger.settled();
}

/// A collection takes nothing that can be reached: through slots, cells, values, tails, roots.
pub fn what_is_reachable_stays<M: Manager>(t: &Trial) {
    let ledger = Ledger::new();
    t.with_config::<M, _>(t.eager(), |m| {
        let depth = t.size(200, 10) as u64;
        m.mutate(|mc, root| {
            let mut at = root.clone();
            for i in 1..=depth {
                let next = node_with(mc, i, Some(ledger.leaf()));
                match i % 3 {
                    0 => at.next.set(mc, Some(next.clone())),
                    1 => at.kids.borrow_mut(mc).push(next.clone()),
                    _ => at.value.set(mc, Val::from_gc(next.clone())),
                }
                at = next;
            }
        });
        for round in 0..t.size(20, 3) as u64 {
            collect(m);
            m.mutate(|mc, root| {
                (0..t.size(200, 20) as u64).for_each(|i| drop(node(mc, round * 1000 + i)));
                let mut at = root.clone();
                for i in 1..=depth {
                    let next = match i % 3 {
                        0 => at.next.get().unwrap(),
                        1 => at.kids.borrow()[0].clone(),
                        _ => at.value.get().downcast::<Node<'_, M>>().ok().unwrap(),
                    };
                    assert_eq!(next.id, i);
                    at = next;
                }
            });
            assert_eq!(ledger.dropped(), 0);
        }
    });
    ledger.settled();
}

/// Loops of references go with a collection, where there are collections.
pub fn cycles<M: Manager>(t: &Trial) {
    let ledger = Ledger::new();
    let n = t.size(2000, 20);
    let mut garbage = 0;
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            for i in 0..n {
                // Rings of one to four, one ring in five kept, some with a tail hanging off.
                let ring: Vec<_> = (0..1 + i % 4).map(|k| node_with(mc, k as u64, Some(ledger.leaf()))).collect();
                for (k, node) in ring.iter().enumerate() {
                    node.next.set(mc, Some(ring[(k + 1) % ring.len()].clone()));
                }
                if i % 3 == 0 {
                    ring[0].kids.borrow_mut(mc).push(node_with(mc, 9, Some(ledger.leaf())));
                }
                if i % 5 == 0 {
                    root.kids.borrow_mut(mc).push(ring[0].clone());
                } else {
                    garbage += ring.len() + (i % 3 == 0) as usize;
                }
            }
        });
        assert!(M::CONSTRAINTS.collects || ledger.dropped() == 0);
        let collected = collect(m);
        if M::CONSTRAINTS.collects {
            assert_eq!(ledger.dropped(), garbage);
            if !t.is_zealous() {
                assert_eq!(collected.objects, garbage);
                assert_eq!(m.stats().collections, 1);
            }
            assert_eq!(collect(m).objects, 0, "nothing is left for a second one");
        } else {
            assert_eq!((ledger.dropped(), collected.objects), (0, 0));
        }
        m.mutate(|_, root| {
            for ring in root.kids.borrow().iter() {
                assert_eq!(ring.id, 0);
                assert!(ring.leaf.is_some() && ring.next.get().is_some());
            }
        });
    });
    ledger.settled();
    t.see(ledger.dropped());
}

#[derive(Trace)]
struct Link<'gc, M: Manager> {
    next: Slot<'gc, Link<'gc, M>, M>,
}
struct Links;
impl<M: Manager> Rootable<M> for Links {
    type Root<'gc> = Gc<'gc, Link<'gc, M>, M>;
}

/// The root refers to a new list; `tied` makes a ring of it.
fn list<M: Manager>(m: &mut Mutator<Links, M>, n: usize, tied: bool) {
    m.mutate(|mc, root| {
        let last = Gc::new(mc, Link { next: Slot::empty() });
        let mut first = last.clone();
        for _ in 1..n {
            first = Gc::new(mc, Link { next: Slot::new(Some(first)) });
        }
        if tied {
            last.next.set(mc, Some(first.clone()));
        }
        root.next.set(mc, Some(first));
    });
}
fn live<S: Rootable<M>, M: Manager>(m: &Mutator<S, M>) -> usize {
    m.stats().ladder.classes.iter().map(|c| c.live_blocks).sum()
}

/// A list of ten million, dropped on a stack of 256 KiB: by its handle, by a collection, and with the heap.
pub fn long_lists<M: Manager>(t: &Trial) {
    let _turn = one_at_a_time();
    let (config, n) = (t.config(), t.size(10_000_000, 300));
    on_a_small_stack(|| {
        let heap = Heap::<Links, M>::new(config, |mc| Gc::new(mc, Link { next: Slot::empty() })).unwrap();
        let mut m = heap.mutator().unwrap();
        list(&mut m, n, false);
        m.mutate(|mc, root| root.next.set(mc, None));
        collect(&mut m);
        assert!(live(&m) == 2 || !M::CONSTRAINTS.collects, "the root object and what it refers to");
        list(&mut m, n / 10, true);
        m.mutate(|mc, root| root.next.set(mc, None));
        collect(&mut m);
        assert!(live(&m) == 2 || !M::CONSTRAINTS.collects);
        list(&mut m, n / 2, false);
        check(&mut m);
    });
}

#[derive(Trace)]
struct Vertex<'gc, M: Manager> {
    edges: [Slot<'gc, Vertex<'gc, M>, M>; 2],
}
struct Graph;
impl<M: Manager> Rootable<M> for Graph {
    type Root<'gc> = Slot<'gc, Vertex<'gc, M>, M>;
}

/// A random graph of five million, all in one knot, collected on a stack of 256 KiB.
pub fn big_graphs<M: Manager>(t: &Trial) {
    let _turn = one_at_a_time();
    let (config, n) = (t.config(), t.size(5_000_000, 200));
    on_a_small_stack(move || {
        let heap = Heap::<Graph, M>::new(config, |_| Slot::empty()).expect("a good configuration");
        let mut m = heap.mutator().unwrap();
        m.mutate(|mc, root| {
            let vertices: Vec<_> =
                (0..n).map(|_| Gc::new(mc, Vertex { edges: [Slot::empty(), Slot::empty()] })).collect();
            let mut random = 0x9e37_79b9_7f4a_7c15u64;
            for (i, v) in vertices.iter().enumerate() {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                v.edges[0].set(mc, Some(vertices[(i + 1) % n].clone()));
                v.edges[1].set(mc, Some(vertices[random as usize % n].clone()));
            }
            root.set(mc, Some(vertices[0].clone()));
        });
        collect(&mut m);
        assert_eq!(live(&m), n + 1);
        m.mutate(|mc, root| root.set(mc, None));
        let collected = collect(&mut m);
        if M::CONSTRAINTS.collects {
            assert_eq!(collected.objects, n);
            assert_eq!(live(&m), 1);
        }
        check(&mut m);
    });
}

struct Loud(Arc<AtomicUsize>);
impl Drop for Loud {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
        panic!("a leaf that panics when it is dropped")
    }
}
/// A leaf's panic is swallowed and counted; nobody else misses his drop.
pub fn drops_that_panic<M: Manager>(t: &Trial) {
    let ledger = Ledger::new();
    let panicked = Arc::new(AtomicUsize::new(0));
    let n = t.size(200, 6);
    fn fill<'gc, M: Manager>(mc: &Mutation<'gc, M>, ledger: &Arc<Ledger>, panicked: &Arc<AtomicUsize>, n: usize) {
        for i in 0..n {
            let a = node_with(mc, i as u64, Some(ledger.leaf()));
            if i % 2 == 0 {
                a.next.set(mc, Some(a.clone()));
            }
            let loud = Gc::new(mc, (Static(Loud(panicked.clone())), Some(a.clone())));
            if i % 3 == 0 {
                a.value.set(mc, Val::from_gc(loud));
            }
        }
    }
    t.with::<M, _>(|m| {
        m.mutate(|mc, _| fill(mc, &ledger, &panicked, n));
        collect(m);
        if M::CONSTRAINTS.collects {
            assert_eq!((ledger.dropped(), panicked.load(Relaxed)), (n, n));
            assert_eq!(m.stats().drop_panics, n as u64);
        }
        check(m);
        m.mutate(|mc, root| {
            fill(mc, &ledger, &panicked, n);
            root.kids.borrow_mut(mc).push(node_with(mc, 1, Some(ledger.leaf())));
        });
    });
    ledger.settled();
    assert_eq!(panicked.load(Relaxed), 2 * n);
    t.see(2 * n);
}

/// What was released is used again: the heap does not grow with what passes through it.
pub fn memory_is_used_again<M: Manager>(t: &Trial) {
    if !M::CONSTRAINTS.collects {
        return;
    }
    t.with::<M, _>(|m| {
        let fill = |m: &mut Mutator<R, M>| {
            m.mutate(|mc, root| {
                let kids: Vec<_> = (0..t.size(20_000, 50) as u64).map(|i| node(mc, i)).collect();
                for k in &kids {
                    k.next.set(mc, Some(kids[(k.id as usize * 7 + 1) % kids.len()].clone()));
                }
                root.kids.borrow_mut(mc).extend(kids.into_iter().step_by(10));
            });
            m.mutate(|mc, root| root.kids.borrow_mut(mc).clear());
            collect(m);
        };
        (0..3).for_each(|_| fill(m));
        let mapped = m.stats().ladder.mapped_bytes;
        (0..t.size(20, 3)).for_each(|_| fill(m));
        assert!(m.stats().ladder.mapped_bytes <= mapped, "{} is more than {mapped}", m.stats().ladder.mapped_bytes);
        m.release();
        check(m);
        fill(m);
    });
}
