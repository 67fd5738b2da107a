//! Weak maps: a value lives while its key does, whatever the value refers to.

use crate::trial::{Ledger, Node, R, Trial, check, collect, node, node_with, on_a_small_stack};
use std::ops::ControlFlow;
use twinheap::{
    ByAddress, Config, Finalize, Gc, GcAny, GcBytes, GcMap, GcVec, GcWeakMap, Heap, Manager, Mutation, OneMutator,
    Trace, Val, config::MIN_LIMIT_BYTES,
};

laws!(
    weak_maps,
    keys_die_and_values_with_them,
    a_map_dies_and_values_with_it,
    values_that_refer_to_their_keys,
    chains_of_values_that_are_keys,
    long_chains_take_no_stack,
    leaves_as_keys,
    a_map_that_comes_back,
    a_key_that_comes_back,
    dead_entries_take_no_room,
    weak_maps_at_the_limit,
    maps_of_their_own_type,
);
one_mutator_laws!(ephemerons_are_not_listed);

type ByNode<'gc, M> = GcWeakMap<'gc, Node<'gc, M>, Gc<'gc, Node<'gc, M>, M>, M>;
#[derive(Trace)]
struct Maps<'gc, M: Manager> {
    by_node: ByNode<'gc, M>,
    by_number: GcWeakMap<'gc, u64, Gc<'gc, Node<'gc, M>, M>, M>,
    /// Keys that are to live.
    keys: GcVec<'gc, Gc<'gc, Node<'gc, M>, M>, M>,
    numbers: GcVec<'gc, Gc<'gc, u64, M>, M>,
}
/// Puts a new set of maps where [`held`] finds it.
fn hold<'gc, M: Manager>(mc: &Mutation<'gc, M>, root: &Node<'gc, M>) {
    let maps =
        Maps { by_node: GcWeakMap::new(), by_number: GcWeakMap::new(), keys: GcVec::new(), numbers: GcVec::new() };
    root.value.set(mc, Val::from_gc(Gc::new(mc, maps)))
}
fn held<'gc, M: Manager>(root: &Node<'gc, M>) -> Gc<'gc, Maps<'gc, M>, M> {
    root.value.get().downcast::<Maps<'gc, M>>().expect("it is there")
}
/// Whether the manager ever finds garbage by itself or by counts.
fn frees<M: Manager>() -> bool {
    M::CONSTRAINTS.counted || M::CONSTRAINTS.collects
}

pub fn weak_maps<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            hold(mc, root);
            let map = &held(root).by_node;
            let (a, b, c) = (node(mc, 1), node(mc, 2), node(mc, 3));
            assert!((map.is_empty(), map.len()) == (true, 0) && map.get(&a).is_none() && map.remove(mc, &a).is_none());
            assert!(map.insert(mc, &a, node(mc, 10)).is_none() && map.insert(mc, &b, node(mc, 20)).is_none());
            assert_eq!(map.insert(mc, &a, node(mc, 11)).unwrap().id, 10);
            assert_eq!((map.get(&a).unwrap().id, map.get(&b).unwrap().id, map.len()), (11, 20, 2));
            assert!(map.contains_key(&a) && !map.contains_key(&c) && map.get(&c).is_none());
            assert!(map.iter(mc).map(|(k, v)| (k.id, v.id)).eq([(1, 11), (2, 20)]));
            assert!(map.remove(mc, &a).unwrap().id == 11 && map.get(&a).is_none() && map.len() == 1);
            for i in 0..20 {
                let key = node(mc, i);
                map.insert(mc, &key, node(mc, i + 100));
                held(root).keys.push(mc, key);
            }
            map.insert(mc, &b, b.clone());
            held(root).keys.push(mc, b);
            map.compact(mc);
            assert_eq!(map.len(), 21);
            let none = GcWeakMap::<Node<'_, M>, Val<'_, M>, M>::new();
            none.insert(mc, root, Val::empty());
            assert!(none.get(root).unwrap().is_empty() && none.remove(mc, root).unwrap().is_empty());
        });
        collect(m);
        collect(m);
        m.mutate(|mc, root| {
            let h = held(root);
            t.see(h.keys.iter().map(|k| h.by_node.get(&k).unwrap().id).collect::<Vec<_>>());
            assert_eq!(h.by_node.len(), 21);
            h.by_node.clear(mc);
            assert!(h.by_node.is_empty() && h.by_node.capacity() == 0);
        });
    });
}

pub fn keys_die_and_values_with_them<M: Manager>(t: &Trial) {
    let (keys, values) = (Ledger::new(), Ledger::new());
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            hold(mc, root);
            let h = held(root);
            for i in 0..10 {
                let key = node_with(mc, i, Some(keys.leaf()));
                h.by_node.insert(mc, &key, node_with(mc, i * 10, Some(values.leaf())));
                h.keys.push(mc, key);
            }
        });
        collect(m);
        assert_eq!((keys.dropped(), values.dropped()), (0, 0), "a value is kept by its key");
        m.mutate(|mc, root| {
            let h = held(root);
            assert!(h.keys.iter().all(|k| h.by_node.get(&k).unwrap().id == k.id * 10));
            h.keys.truncate(mc, 6);
            if M::CONSTRAINTS.counted {
                assert_eq!((keys.dropped(), values.dropped(), h.by_node.len()), (4, 4, 6), "at once");
            }
        });
        collect(m);
        if frees::<M>() {
            assert_eq!((keys.dropped(), values.dropped()), (4, 4));
        }
        m.mutate(|mc, root| {
            let h = held(root);
            t.see((h.by_node.len() == 6) == frees::<M>());
            assert!(h.keys.iter().all(|k| h.by_node.get(&k).unwrap().id == k.id * 10));
            // Addresses that are given out again find nothing old.
            for i in 0..20 {
                let key = node_with(mc, 100 + i, Some(keys.leaf()));
                assert!(h.by_node.get(&key).is_none());
                h.by_node.insert(mc, &key, node_with(mc, 7, Some(values.leaf())));
            }
        });
        collect(m);
        if frees::<M>() {
            assert_eq!((keys.dropped(), values.dropped()), (24, 24));
        }
    });
    keys.settled();
    values.settled();
}

pub fn a_map_dies_and_values_with_it<M: Manager>(t: &Trial) {
    let values = Ledger::new();
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            hold(mc, root);
            let h = held(root);
            // The key lives on; and the map is in a cycle of its own.
            h.by_node.insert(mc, root, node_with(mc, 1, Some(values.leaf())));
            let in_cycle = node(mc, 2);
            in_cycle.value.set(mc, root.value.get());
            h.keys.push(mc, in_cycle);
            root.value.set(mc, Val::empty());
        });
        collect(m);
        assert_eq!(values.dropped(), usize::from(frees::<M>()));
        t.see("done");
    });
    values.settled();
}

/// The pair is garbage when nothing else refers to the key.
pub fn values_that_refer_to_their_keys<M: Manager>(t: &Trial) {
    let ledger = Ledger::new();
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            hold(mc, root);
            let h = held(root);
            for i in 0..8 {
                let (key, value) = (node_with(mc, i, Some(ledger.leaf())), node_with(mc, i, Some(ledger.leaf())));
                value.next.set(mc, Some(key.clone()));
                // And by way of a cell.
                value.kids.borrow_mut(mc).push(key.clone());
                h.by_node.insert(mc, &key, value);
                if i < 4 {
                    h.keys.push(mc, key);
                }
            }
            // Two that keep each other's key.
            let (a, b) = (node_with(mc, 20, Some(ledger.leaf())), node_with(mc, 21, Some(ledger.leaf())));
            h.by_node.insert(mc, &a, b.clone());
            h.by_node.insert(mc, &b, a);
        });
        collect(m);
        if M::CONSTRAINTS.collects {
            assert_eq!(ledger.dropped(), 10);
        }
        m.mutate(|mc, root| {
            let h = held(root);
            assert!(h.keys.iter().all(|k| h.by_node.get(&k).unwrap().next.get().unwrap().ptr_eq(&k)));
            h.keys.clear(mc);
        });
        collect(m);
        m.mutate(|_, root| t.see(held(root).by_node.is_empty() == M::CONSTRAINTS.collects));
        if M::CONSTRAINTS.collects {
            assert_eq!(ledger.dropped(), 18);
        }
    });
    ledger.settled();
}

/// Fills the map so that each value is the key of the next, in an order of its own; the first key is kept.
fn chain<'gc, M: Manager>(
    mc: &Mutation<'gc, M>,
    root: &Node<'gc, M>,
    order: &[usize],
    ledger: &std::sync::Arc<Ledger>,
) {
    let h = held(root);
    let links: Vec<_> = (0..=order.len()).map(|i| node_with(mc, i as u64, Some(ledger.leaf()))).collect();
    for &i in order {
        h.by_node.insert(mc, &links[i], links[i + 1].clone());
    }
    h.keys.push(mc, links[0].clone());
}
fn walk<'gc, M: Manager>(root: &Node<'gc, M>) -> u64 {
    let h = held(root);
    let mut at = h.keys.get(0).expect("it is kept");
    while let Some(next) = h.by_node.get(&at) {
        assert_eq!(next.id, at.id + 1);
        at = next
    }
    at.id
}

pub fn chains_of_values_that_are_keys<M: Manager>(t: &Trial) {
    let n = t.size(300, 12);
    let forwards: Vec<usize> = (0..n).collect();
    let backwards: Vec<usize> = (0..n).rev().collect();
    let mixed: Vec<usize> = (0..n).map(|i| if i % 2 == 0 { i } else { (n - 1 - i) | 1 }).filter(|&i| i < n).collect();
    let mixed = if mixed.len() == n { mixed } else { backwards.clone() };
    for order in [forwards, backwards, mixed] {
        let ledger = Ledger::new();
        t.with::<M, _>(|m| {
            m.mutate(|mc, root| {
                hold(mc, root);
                chain(mc, root, &order, &ledger)
            });
            collect(m);
            assert_eq!((m.mutate(|_, root| walk(root)), ledger.dropped()), (n as u64, 0), "{order:?}");
            m.mutate(|mc, root| held(root).keys.clear(mc));
            if M::CONSTRAINTS.counted {
                assert_eq!(ledger.dropped(), n + 1, "at once");
            }
            collect(m);
            assert_eq!(ledger.dropped(), if frees::<M>() { n + 1 } else { 0 });
        });
        ledger.settled();
    }
    t.see(n);
}

pub fn long_chains_take_no_stack<M: Manager>(t: &Trial) {
    let n = t.size(100_000, if cfg!(miri) { 100 } else { 2_000 });
    let config = t.config();
    on_a_small_stack(|| {
        let heap = Heap::<R, M>::new(config, |mc| node(mc, 0)).expect("a good configuration");
        let mut m = heap.mutator().expect("nobody has it");
        let ledger = Ledger::new();
        m.mutate(|mc, root| {
            hold(mc, root);
            chain(mc, root, &(0..n).collect::<Vec<_>>(), &ledger)
        });
        collect(&mut m);
        assert_eq!(m.mutate(|_, root| walk(root)), n as u64);
        m.mutate(|mc, root| held(root).keys.clear(mc));
        collect(&mut m);
        assert_eq!(ledger.dropped(), if frees::<M>() { n + 1 } else { 0 });
        check(&mut m);
    });
    t.see("done");
}

pub fn leaves_as_keys<M: Manager>(t: &Trial) {
    let ledger = Ledger::new();
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            hold(mc, root);
            let h = held(root);
            for i in 0..10 {
                let key = Gc::new(mc, i);
                h.by_number.insert(mc, &key, node_with(mc, i, Some(ledger.leaf())));
                h.numbers.push(mc, key);
            }
            h.numbers.truncate(mc, 7);
        });
        collect(m);
        m.mutate(|_, root| {
            let h = held(root);
            assert!(h.numbers.iter().all(|k| h.by_number.get(&k).unwrap().id == *k));
            t.see(h.numbers.len());
        });
        assert_eq!(ledger.dropped(), if frees::<M>() { 3 } else { 0 });
    });
    ledger.settled();
}

/// Owns a map, and has itself put into the hall when it dies.
#[derive(Trace)]
#[trace(finalize)]
struct Owner<'gc, M: Manager> {
    map: ByNode<'gc, M>,
    hall: Gc<'gc, Node<'gc, M>, M>,
}
impl<'gc, M: Manager> Finalize<'gc, M> for Owner<'gc, M> {
    fn finalize(this: &Gc<'gc, Self, M>, mc: &'gc Mutation<'gc, M>) {
        this.hall.value.set(mc, Val::from_gc(this.clone()))
    }
}
/// What a map that comes back knows of keys that lived is still known; a key that only it could be asked for is one that
/// nobody else reached, and weak references to such are cleared before finalizers run, where collections find them.
pub fn a_map_that_comes_back<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            root.next.set(mc, Some(node(mc, 1)));
            let owner = Gc::new(mc, Owner { map: GcWeakMap::new(), hall: root.clone() });
            let inner = node(mc, 6);
            owner.map.insert(mc, root, inner.clone());
            owner.map.insert(mc, &root.next.get().unwrap(), node(mc, 7));
            owner.map.insert(mc, &inner, node(mc, 8));
        });
        collect(m);
        collect(m);
        m.mutate(|_, root| {
            let known = root.value.get().downcast::<Owner<'_, M>>().ok().map(|owner| {
                let inner = owner.map.get(root).expect("the key lived");
                let other = owner.map.get(&root.next.get().unwrap()).expect("the key lived");
                (inner.id, other.id, owner.map.get(&inner).map(|n| n.id))
            });
            if frees::<M>() {
                assert_eq!(known, Some((6, 7, M::CONSTRAINTS.counted.then_some(8))));
            }
            t.see(known);
        });
    });
}

#[derive(Trace)]
#[trace(finalize)]
struct Key<'gc, M: Manager> {
    hall: Gc<'gc, Node<'gc, M>, M>,
}
impl<'gc, M: Manager> Finalize<'gc, M> for Key<'gc, M> {
    fn finalize(this: &Gc<'gc, Self, M>, mc: &'gc Mutation<'gc, M>) {
        this.hall.next.get().unwrap().value.set(mc, Val::from_gc(this.clone()))
    }
}
#[derive(Trace)]
struct Known<'gc, M: Manager> {
    map: GcWeakMap<'gc, Key<'gc, M>, Gc<'gc, Node<'gc, M>, M>, M>,
}
/// A key whose finalizer keeps it has lost its entry, where collections find it; where a count does, its finalizer runs
/// before anything is cleared.
pub fn a_key_that_comes_back<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            root.next.set(mc, Some(node(mc, 1)));
            let known = Gc::new(mc, Known { map: GcWeakMap::new() });
            root.value.set(mc, Val::from_gc(known.clone()));
            let key = Gc::new(mc, Key { hall: root.clone() });
            known.map.insert(mc, &key, node(mc, 5));
        });
        collect(m);
        collect(m);
        m.mutate(|_, root| {
            let known = root.value.get().downcast::<Known<'_, M>>().unwrap();
            let key = root.next.get().unwrap().value.get().downcast::<Key<'_, M>>().ok();
            assert_eq!(key.is_some(), frees::<M>());
            let value = key.and_then(|key| known.map.get(&key)).map(|n| n.id);
            assert_eq!(value, if M::CONSTRAINTS.counted { Some(5) } else { None });
            t.see(value);
        });
    });
}

pub fn dead_entries_take_no_room<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| hold(mc, root));
        for round in 0..t.size(40, 4) as u64 {
            m.mutate(|mc, root| {
                for i in 0..64 {
                    held(root).by_node.insert(mc, &node(mc, round), node(mc, i));
                }
            });
            collect(m);
        }
        m.mutate(|mc, root| {
            let h = held(root);
            if frees::<M>() {
                assert!(h.by_node.is_empty() && h.by_node.capacity() <= 128, "{}", h.by_node.capacity());
            }
            h.by_node.insert(mc, root, root.clone());
            h.by_node.compact(mc);
            assert!(!frees::<M>() || h.by_node.capacity() == 4 && h.by_node.get(root).is_some());
            t.see(h.by_node.get(root).is_some());
        });
    });
}

pub fn weak_maps_at_the_limit<M: Manager>(t: &Trial) {
    let config = Config { max_heap_bytes: Some(MIN_LIMIT_BYTES), ..t.config() };
    t.with_config::<M, _>(config, |m| {
        m.mutate(|mc, root| {
            hold(mc, root);
            let (h, mut n) = (held(root), 0);
            // Nearly full, so that few objects are enough.
            let full = GcVec::new();
            while let Ok(bytes) = GcBytes::try_new(mc, &[0; 60_000]) {
                full.push(mc, bytes)
            }
            full.truncate(mc, full.len() - 2);
            let _full = Gc::new(mc, full);
            loop {
                let Ok(key) = Gc::try_new(mc, 0u64) else { break };
                if h.numbers.try_push(mc, key.clone()).is_err() {
                    break;
                }
                match h.by_number.try_insert(mc, &key, root.clone()) {
                    Ok(old) => assert!(old.is_none()),
                    Err(back) => {
                        assert!(back.value.ptr_eq(root) && h.by_number.get(&key).is_none(), "nothing has changed");
                        break;
                    }
                }
                n += 1;
                assert!(n < MIN_LIMIT_BYTES, "the limit holds");
            }
            assert_eq!(h.by_number.len(), n);
            root.value.set(mc, Val::empty());
        });
        collect(m);
        t.see("done");
    });
}

/// Maps from a type to itself.
#[derive(Trace)]
struct Own<'gc, M: Manager> {
    weak: GcWeakMap<'gc, Own<'gc, M>, Gc<'gc, Own<'gc, M>, M>, M>,
    all: GcVec<'gc, Option<Gc<'gc, Own<'gc, M>, M>>, M>,
    known: GcMap<'gc, ByAddress<'gc, Own<'gc, M>, M>, Gc<'gc, Own<'gc, M>, M>, M>,
}
pub fn maps_of_their_own_type<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let own = || Gc::new(mc, Own { weak: GcWeakMap::new(), all: GcVec::new(), known: GcMap::new() });
            let (a, b) = (own(), own());
            a.weak.insert(mc, &a, b.clone());
            a.all.push(mc, None);
            a.known.insert(mc, ByAddress(b.clone()), a.clone());
            root.value.set(mc, Val::from_gc(a));
        });
        collect(m);
        m.mutate(|_, root| {
            let a = root.value.get().downcast::<Own<'_, M>>().unwrap();
            let b = a.weak.get(&a).expect("the key lives");
            assert!(a.known.get(&ByAddress(b)).unwrap().ptr_eq(&a));
            t.see(a.all.len());
        });
    });
}

/// An entry is nobody's weak reference.
pub fn ephemerons_are_not_listed<M: OneMutator>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            hold(mc, root);
            let weak = root.downgrade(mc);
            held(root).by_node.insert(mc, root, node(mc, 1));
            let mut seen = 0;
            mc.weak_boxes(&GcAny::new(root.clone()), |_| -> ControlFlow<()> {
                seen += 1;
                ControlFlow::Continue(())
            });
            assert!(weak.upgrade(mc).is_some());
            t.see(seen);
            assert_eq!(seen, 1);
        });
    });
}
