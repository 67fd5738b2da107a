//! Looking at a heap: walks, referents, referrers, what is tracked, the knobs.

use crate::trial::{Ledger, Node, Trial, collect, node, node_with};
use std::{collections::BTreeSet, ops::ControlFlow};
use twinheap::{
    Gc, GcAny, Manager, Mutation, OneMutator, Slot, Tail, Val, ValSlot, WeakBox, derive::Kind, object::managed::Command,
};

laws!(states, knobs);
one_mutator_laws!(walks, referents, referrers, tracking, weak_boxes);

pub fn walks<M: OneMutator>(t: &Trial) {
    t.with::<M, _>(|m| {
        let n = t.size(1000, 10) as u64;
        m.mutate(|mc, root| {
            for i in 0..n {
                let a = node(mc, i);
                a.next.set(mc, Some(a.clone()));
                a.value.set(mc, Val::from_gc(Gc::new(mc, i)));
                if i % 2 == 0 {
                    root.kids.borrow_mut(mc).push(a);
                }
            }
        });
        collect(m);
        m.mutate(|mc, root| {
            let (mut nodes, mut numbers, mut others) = (BTreeSet::new(), BTreeSet::new(), 0);
            mc.walk(|any| {
                if let Some(node) = any.downcast_ref::<Node<'_, M>>() {
                    assert!(any.kind() == Kind::Container && nodes.insert((node.id, node.address())), "shown once");
                    node_with(mc, u64::MAX, None); // allocating meanwhile is allowed
                } else if let Some(number) = any.downcast_ref::<u64>() {
                    assert!(any.kind() == Kind::Leaf && numbers.insert((**number, number.address())), "shown once");
                } else {
                    others += 1;
                }
            });
            assert_eq!(others, 1, "the root object");
            let reachable: BTreeSet<_> = root.kids.borrow().iter().map(|k| (k.id, k.address())).collect();
            assert!(nodes.is_superset(&reachable) && nodes.contains(&(0, root.address())));
            assert!(nodes.iter().all(|(id, _)| *id != u64::MAX), "what is born meanwhile is not shown");
            if M::CONSTRAINTS.collects {
                assert_eq!((nodes.len(), numbers.len()), (reachable.len() + 1, reachable.len()));
            } else {
                assert_eq!((nodes.len() as u64, numbers.len() as u64), (n + 1, n));
            }
            t.see(reachable.len());
        });
    });
}

fn ids_of<'gc, M: OneMutator>(mc: &Mutation<'gc, M>, any: &GcAny<'gc, M>) -> Vec<u64> {
    let mut ids = Vec::new();
    mc.referents(any, |to| ids.push(to.downcast_ref::<Node<'gc, M>>().map_or(u64::MAX, |n| n.id)));
    ids
}
fn ids_that_refer_to<'gc, M: OneMutator>(mc: &Mutation<'gc, M>, targets: &[&Gc<'gc, Node<'gc, M>, M>]) -> Vec<u64> {
    let targets: Vec<_> = targets.iter().map(|&g| GcAny::new(g.clone())).collect();
    let found = mc.referrers(&targets);
    let mut ids: Vec<_> = found
        .iter()
        .map(|any| any.downcast_ref::<Node<'gc, M>>().map_or(u64::MAX, |n| n.id)) // or the root object
        .collect();
    ids.sort_unstable();
    ids
}

pub fn referents<M: OneMutator>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let ids = |any: &_| ids_of(mc, any);
            let all: Vec<_> = (0..5).map(|i| node(mc, i)).collect();
            let a = node(mc, 9);
            assert_eq!(ids(&GcAny::new(a.clone())), []);
            a.value.set(mc, Val::from_gc(all[3].clone()));
            a.kids.borrow_mut(mc).extend([all[1].clone(), all[2].clone(), all[1].clone()]);
            a.next.set(mc, Some(all[0].clone()));
            let any = GcAny::new(a.clone());
            assert_eq!(ids(&any), [0, 1, 2, 1, 3], "in the type's order, duplicates kept");
            {
                let _guard = a.kids.borrow_mut(mc);
                assert_eq!(ids(&any), [0, 3], "who is being changed is passed over");
            }
            {
                let _guard = a.kids.borrow();
                assert_eq!(ids(&any), [0, 1, 2, 1, 3]);
            }
            a.value.set(mc, Val::payload(1));
            assert_eq!(ids(&any), [0, 1, 2, 1]);
            let tail = Gc::<Tail<Slot<'_, Node<'_, M>, M>, ValSlot<'_, M>>, M>::with_zeroed_tail(mc, Slot::empty(), 4);
            tail.header().set(mc, Some(all[4].clone()));
            tail.tail()[1].set(mc, Val::from_gc(all[0].clone()));
            tail.tail()[3].set(mc, Val::from_gc(root.clone()));
            assert_eq!(ids(&GcAny::new(tail)), [4, 0, 0]);
            assert_eq!(ids(&GcAny::new(Gc::new(mc, 1u8))), []);
        });
        t.see("done");
    });
}

pub fn referrers<M: OneMutator>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let (a, b, c) = (node(mc, 1), node(mc, 2), node(mc, 3));
            a.next.set(mc, Some(b.clone()));
            c.kids.borrow_mut(mc).extend([b.clone(), b.clone(), c.clone()]);
            root.value.set(mc, Val::from_gc(a.clone()));
            let ids = |targets: &[_]| ids_that_refer_to(mc, targets);
            assert_eq!(ids(&[&b]), [1, 3]);
            assert_eq!(ids(&[&a]), [0]);
            assert_eq!(ids(&[&c]), [3]);
            assert_eq!(ids(&[&a, &b]), [0, 1, 3]);
            assert_eq!(ids(&[root]), [u64::MAX]);
            assert_eq!(ids(&[]), []);
        });
        t.see("done");
    });
}

type Numbered<'gc, M> = WeakBox<'gc, u64, M>;
fn numbered<'gc, M: OneMutator>(
    mc: &Mutation<'gc, M>,
    target: &GcAny<'gc, M>,
    n: u64,
    notify: bool,
) -> Gc<'gc, Numbered<'gc, M>, M> {
    Gc::new_weak(mc, target, n, notify)
}
fn numbers<'gc, M: OneMutator>(mc: &Mutation<'gc, M>, target: &GcAny<'gc, M>) -> Vec<u64> {
    let mut out = Vec::new();
    let stopped = mc.weak_boxes(target, |any| {
        out.extend(any.downcast_ref::<Numbered<'gc, M>>().map(|b| *b.data()));
        ControlFlow::<()>::Continue(())
    });
    assert!(stopped.is_none());
    if !M::CONSTRAINTS.counted {
        out.sort_unstable();
        out.reverse();
    }
    out
}
/// Who refers weakly, and in which order where that is said; `f` may make boxes, drop them, and stop.
pub fn weak_boxes<M: OneMutator>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let (a, b, c) = (GcAny::new(node(mc, 1)), GcAny::new(node(mc, 2)), GcAny::new(node(mc, 3)));
            assert!(numbers(mc, &a).is_empty());
            let mut boxes: Vec<_> = (0..6).map(|n| Some(numbered(mc, &a, n, n % 2 == 1))).collect();
            boxes.push(Some(numbered(mc, &b, 10, true)));
            let in_order = |kept: &[u64]| match M::CONSTRAINTS.counted {
                true => {
                    kept.iter().filter(|n| **n % 2 == 0).chain(kept.iter().filter(|n| **n % 2 == 1)).copied().collect()
                }
                false => kept.to_vec(),
            };
            assert_eq!(numbers(mc, &a), in_order(&[5, 4, 3, 2, 1, 0]));
            assert_eq!((numbers(mc, &b), numbers(mc, &c)), (vec![10], vec![]));
            // Dropped: the newest of a kind, one between, the oldest.  Who does not count still shows them.
            if M::CONSTRAINTS.counted {
                boxes[5] = None;
                boxes[2] = None;
                boxes[0] = None;
                assert_eq!(numbers(mc, &a), [4, 3, 1]);
            }
            let mut passed = 0;
            let found = mc.weak_boxes(&a, |any| {
                passed += 1;
                // What the list is made of goes and comes meanwhile; the box that is shown stays.
                boxes.iter_mut().for_each(|b| *b = None);
                boxes.push(Some(numbered(mc, &a, 20, true)));
                let b = any.downcast_ref::<Numbered<'_, M>>().expect("ours");
                assert!(b.upgrade(mc).is_some());
                if passed == 2 { ControlFlow::Break(*b.data()) } else { ControlFlow::Continue(()) }
            });
            if M::CONSTRAINTS.counted {
                assert_eq!((passed, found), (2, Some(20)), "the first, and one that came meanwhile in the other list");
                assert_eq!(numbers(mc, &a), [20]);
                boxes.clear();
                assert!(numbers(mc, &a).is_empty() && numbers(mc, &b).is_empty());
            } else {
                assert_eq!((passed, found.is_some()), (2, true));
            }
            root.next.set(mc, a.downcast_ref::<Node<'_, M>>().cloned());
        });
        collect(m);
        t.see(0);
    });
}

/// An untracked object is never lost for it; tracked again, it is found like any other.
pub fn tracking<M: OneMutator>(t: &Trial) {
    let ledger = Ledger::new();
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let a = node_with(mc, 1, Some(ledger.leaf()));
            a.next.set(mc, Some(a.clone()));
            let any = GcAny::new(a.clone());
            assert!(mc.state_of(&any).tracked);
            mc.set_tracked(&any, false);
            assert_eq!(mc.state_of(&any).tracked, !M::CONSTRAINTS.collects, "who never looks does not mind");
            root.next.set(mc, Some(a.clone()));
            let leaf = GcAny::new(Gc::new(mc, 1u8));
            assert!(!mc.state_of(&leaf).tracked);
        });
        collect(m);
        m.mutate(|mc, root| {
            let any = GcAny::new(root.next.get().unwrap());
            assert_eq!(mc.state_of(&any).tracked, !M::CONSTRAINTS.collects, "it stays so");
            assert_eq!(any.downcast_ref::<Node<'_, M>>().unwrap().id, 1);
            root.next.set(mc, None);
            let weak = any.downcast_ref::<Node<'_, M>>().unwrap().downgrade(mc);
            root.value.set(mc, Val::from_gc(Gc::new(mc, weak)));
        });
        collect(m);
        if M::CONSTRAINTS.counted {
            assert_eq!(ledger.dropped(), 0, "a loop through it is not found");
            m.mutate(|mc, root| {
                let value = root.value.get();
                let weak = value.downcast_ref::<twinheap::GcWeak<'_, Node<'_, M>, M>>().expect("it is there").clone();
                let any = GcAny::new(weak.upgrade(mc).expect("alive"));
                mc.set_tracked(&any, true);
                assert!(mc.state_of(&any).tracked);
            });
            collect(m);
        }
        assert_eq!(ledger.dropped(), M::CONSTRAINTS.collects as usize);
    });
    ledger.settled();
}

pub fn states<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let a = node(mc, 1);
            let any = GcAny::new(a.clone());
            let state = mc.state_of(&any);
            assert!(state.tracked && !state.finalized);
            assert_eq!(state.references, M::CONSTRAINTS.counted.then_some(2));
            a.next.set(mc, Some(a.clone()));
            root.next.set(mc, Some(a.clone()));
            assert_eq!(mc.state_of(&any).references, M::CONSTRAINTS.counted.then_some(4));
            drop(a);
            assert_eq!(mc.state_of(&any).references, M::CONSTRAINTS.counted.then_some(3));
            assert!(any.block_bytes() >= size_of::<Node<'_, M>>());
            assert!(any.type_name().contains("Node"), "{}", any.type_name());
            t.see(state.generation);
        });
        collect(m);
        m.mutate(|mc, root| {
            let any = GcAny::new(root.next.get().unwrap());
            let generation = mc.state_of(&any).generation;
            assert!(generation < M::CONSTRAINTS.generations.max(3), "{generation}");
            if M::CONSTRAINTS.counted {
                assert_eq!(generation, 2, "it survived a full collection");
            }
        });
    });
}

/// What can be set is read back; a manager without a knob answers with zeros.
pub fn knobs<M: Manager>(t: &Trial) {
    let collects = M::CONSTRAINTS.collects;
    t.with::<M, _>(|m| {
        m.mutate(|mc, _| {
            let read = || mc.control(Command::Read);
            let thresholds = |these| if collects { these } else { [0; 3] };
            assert_eq!((read().thresholds, read().automatic), (thresholds([2000, 10, 10]), false));
            assert_eq!((mc.control(Command::SetAutomatic(true)).automatic, read().automatic), (collects, collects));
            let answer = mc.control(Command::SetThresholds([Some(700), None, Some(5)]));
            assert_eq!((answer.thresholds, read().thresholds), (thresholds([700, 10, 5]), thresholds([700, 10, 5])));
            assert!(!mc.control(Command::SetAutomatic(false)).automatic && !read().automatic);
            t.see(read().thresholds);
        });
    });
}
