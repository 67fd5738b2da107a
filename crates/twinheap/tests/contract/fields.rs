//! Fields that change: slots, values, cells, things written once.

use crate::trial::{Node, Trial, node};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
};
use twinheap::{ByAddress, Gc, GcAny, GcCell, GcOnce, Manager, Mutation, Slot, Trace, Unpacked, Val, ValSlot};

laws!(slots, values, cells, cells_that_are_borrowed, once, containers_in_cells, wide_objects);

pub fn slots<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let (a, b) = (node(mc, 1), node(mc, 2));
            let slot = &root.next;
            assert!(slot.is_empty() && slot.get().is_none());
            slot.set(mc, Some(a.clone()));
            assert!(!slot.is_empty() && slot.get().unwrap().ptr_eq(&a));
            assert!(slot.replace(mc, Some(b.clone())).unwrap().ptr_eq(&a));
            slot.set(mc, slot.get()); // itself
            assert!(slot.get().unwrap().ptr_eq(&b));
            assert!(slot.take(mc).unwrap().ptr_eq(&b) && slot.is_empty());
            assert!(slot.take(mc).is_none());
            slot.set(mc, Some(root.clone())); // to itself
            assert!(slot.get().unwrap().next.get().unwrap().ptr_eq(root));
            slot.set(mc, None);
            let fresh = Slot::new(Some(a.clone()));
            assert!(fresh.get().unwrap().ptr_eq(&a) && Slot::<Node<'_, M>, M>::default().is_empty());
            slot.set(mc, Some(a));
            slot.get().unwrap().next.set(mc, Some(b));
        });
        crate::trial::collect(m);
        m.mutate(|_, root| t.see((root.next.get().unwrap().id, root.next.get().unwrap().next.get().unwrap().id)));
    });
}

pub fn values<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let slot = &root.value;
            assert!(slot.get().is_empty() && matches!(slot.get().unpack(), Unpacked::Empty));
            for tag in 1..=7u64 {
                for payload in [0, 1, 0x1234_5678_9abc, u64::MAX >> 3] {
                    let word = payload << 3 | tag;
                    slot.set(mc, Val::payload(word));
                    let value = slot.get();
                    assert_eq!((value.bits(), value.tag(), slot.bits()), (word, tag as u8, word));
                    assert!(!value.is_ref() && !value.is_empty() && value.as_any().is_none());
                    assert!(matches!(value.unpack(), Unpacked::Payload(t, w) if t == tag as u8 && w == word));
                    assert!(value.downcast::<Node<'_, M>>().is_err_and(|same| same.bits() == word));
                }
            }
            assert!(catch_unwind(|| Val::<M>::payload(8).bits()).is_err(), "tag 0 would be a reference");
            let a = node(mc, 5);
            let old = slot.replace(mc, Val::from_gc(a.clone()));
            assert_eq!(old.tag(), 7);
            let value = slot.get();
            assert!(value.is_ref() && value.tag() == 0 && value.bits() as usize == a.address());
            assert!(value.downcast_ref::<Node<'_, M>>().unwrap().ptr_eq(&a) && value.downcast_ref::<u64>().is_none());
            assert!(matches!(value.unpack(), Unpacked::Ref(any) if any.is::<Node<'_, M>>()));
            assert!(value.clone().downcast::<Node<'_, M>>().is_ok_and(|n| n.ptr_eq(&a)));
            slot.set(mc, Val::from_any(GcAny::new(a.clone())));
            assert_eq!(slot.take(mc).bits() as usize, a.address());
            assert!(slot.take(mc).is_empty());
            slot.set(mc, Val::from_gc(a));
        });
        crate::trial::collect(m);
        m.mutate(|mc, root| {
            t.see(root.value.get().downcast_ref::<Node<'_, M>>().unwrap().id);
            root.value.set(mc, Val::empty());
        });
    });
}

pub fn cells<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let cell = &root.kids;
            cell.borrow_mut(mc).extend((0..10).map(|i| node(mc, i)));
            assert_eq!(cell.borrow().len(), 10);
            let old = cell.replace(mc, vec![root.clone()]);
            assert!(old.iter().enumerate().all(|(i, n)| n.id == i as u64) && cell.borrow()[0].ptr_eq(root));
            *cell.borrow_mut(mc) = old;
            let mut own = GcCell::<u32, M>::new(4);
            *own.get_mut() += 1;
            assert!(*own.borrow() == 5 && format!("{own:?}").contains('5'));
            assert_eq!(own.into_inner(), 5);
        });
        crate::trial::collect(m);
        m.mutate(|mc, root| {
            let kids = root.kids.borrow_mut(mc);
            t.see(kids.iter().map(|k| k.id).collect::<Vec<_>>());
        });
    });
}

/// Shared borrows go together, the exclusive one alone, and nothing stays borrowed after a panic.
pub fn cells_that_are_borrowed<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let cell = &root.kids;
            {
                let (a, b) = (cell.borrow(), cell.borrow());
                assert!(a.len() == b.len() && cell.try_borrow().is_ok());
                assert!(cell.try_borrow_mut(mc).is_err());
            }
            {
                let mut only = cell.try_borrow_mut(mc).expect("free");
                only.push(root.clone());
                assert!(cell.try_borrow().is_err() && cell.try_borrow_mut(mc).is_err());
                assert!(format!("{:?}", GcCell::<u8, M>::default()).contains('0'));
            }
            assert_eq!(cell.borrow().len(), 1);
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                let _guard = cell.borrow_mut(mc);
                panic!("with a guard")
            }));
            assert!(panicked.is_err() && cell.try_borrow_mut(mc).is_ok());
            if !M::CONSTRAINTS.many_mutators {
                // With many mutators this would wait, and then name the deadlock.
                let guard = cell.borrow_mut(mc);
                assert!(catch_unwind(AssertUnwindSafe(|| cell.borrow().len())).is_err());
                assert!(catch_unwind(AssertUnwindSafe(|| cell.borrow_mut(mc).len())).is_err());
                drop(guard);
                let shared = cell.borrow();
                assert!(catch_unwind(AssertUnwindSafe(|| cell.borrow_mut(mc).len())).is_err());
                drop(shared);
            }
            cell.borrow_mut(mc).clear();
        });
        t.see("done");
    });
}

#[derive(Trace)]
struct Lazy<'gc, M: Manager> {
    made: GcOnce<'gc, Node<'gc, M>, M>,
}
pub fn once<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let lazy = Gc::new(mc, Lazy { made: GcOnce::new() });
            assert!(lazy.made.get().is_none());
            assert!(lazy.made.set(mc, node(mc, 1)).is_ok());
            let second = node(mc, 2);
            assert!(lazy.made.set(mc, second.clone()).is_err_and(|back| back.ptr_eq(&second)));
            root.value.set(mc, Val::from_gc(lazy));
        });
        crate::trial::collect(m);
        m.mutate(|_, root| t.see(root.value.get().downcast_ref::<Lazy<'_, M>>().unwrap().made.get().unwrap().id));
    });
}

#[derive(Trace)]
struct Shelves<'gc, M: Manager> {
    list: GcCell<VecDeque<Option<Gc<'gc, Node<'gc, M>, M>>>, M>,
    map: GcCell<HashMap<String, Gc<'gc, Node<'gc, M>, M>>, M>,
    set: GcCell<HashMap<ByAddress<'gc, Node<'gc, M>, M>, u32>, M>,
    tree: GcCell<BTreeMap<u64, (u8, Box<[Val<'gc, M>]>)>, M>,
    nested: GcCell<Vec<GcCell<Vec<Gc<'gc, Node<'gc, M>, M>>, M>>, M>,
}
/// Std containers of handles, nested cells included, survive collections with what they hold.
pub fn containers_in_cells<M: Manager>(t: &Trial) {
    t.with_config::<M, _>(t.eager(), |m| {
        m.mutate(|mc, root| {
            let shelves = Shelves {
                list: GcCell::default(),
                map: GcCell::default(),
                set: GcCell::default(),
                tree: GcCell::default(),
                nested: GcCell::default(),
            };
            root.value.set(mc, Val::from_gc(Gc::new(mc, shelves)));
        });
        fn with<'gc, M: Manager>(root: &Node<'gc, M>) -> Gc<'gc, Shelves<'gc, M>, M> {
            root.value.get().downcast::<Shelves<'gc, M>>().expect("it is there")
        }
        let rounds = t.size(300, 6) as u64;
        for round in 0..rounds {
            m.mutate(|mc, root| {
                let s = with(root);
                let n = node(mc, round);
                s.list.borrow_mut(mc).push_back((round % 3 != 0).then(|| n.clone()));
                s.map.borrow_mut(mc).insert(format!("k{}", round % 17), node(mc, round));
                s.set.borrow_mut(mc).insert(ByAddress(n.clone()), round as u32);
                s.tree.borrow_mut(mc).insert(round, (1, vec![Val::from_gc(n.clone()), Val::payload(9)].into()));
                let mut nested = s.nested.borrow_mut(mc);
                nested.push(GcCell::new(vec![n]));
                let i = (round / 2) as usize;
                let first = nested[i].borrow()[0].clone();
                nested[i].borrow_mut(mc).push(first.clone());
                nested[i].get_mut().push(first);
            });
            m.collect_if_due();
            if round % 5 == 0 {
                crate::trial::collect(m);
            }
        }
        m.mutate(|mc, root| {
            let s = with(root);
            let list: Vec<_> = s.list.borrow().iter().map(|n| n.as_ref().map(|n| n.id)).collect();
            assert!(list.iter().enumerate().all(|(i, id)| *id == (i % 3 != 0).then_some(i as u64)));
            let map = s.map.borrow();
            assert!(map.iter().all(|(k, n)| *k == format!("k{}", n.id % 17)));
            assert!(s.set.borrow().iter().all(|(n, id)| n.0.id == u64::from(*id)));
            assert!(
                s.tree
                    .borrow()
                    .iter()
                    .all(|(id, (_, v))| { v[0].downcast_ref::<Node<'_, M>>().unwrap().id == *id && v[1].bits() == 9 })
            );
            assert!(s.nested.borrow().iter().enumerate().all(|(i, c)| c.borrow().iter().all(|n| n.id == i as u64)));
            let some = s.list.borrow()[1].clone().unwrap();
            assert_eq!(s.set.borrow_mut(mc).remove(&ByAddress(some)), Some(1));
            t.see((list.len(), map.len(), s.set.borrow().len(), s.tree.borrow().len(), s.nested.borrow().len()));
        });
    });
}

#[derive(Trace)]
struct Wide<'gc, M: Manager> {
    slots: [Slot<'gc, Node<'gc, M>, M>; 40],
    values: [ValSlot<'gc, M>; 40],
}
pub fn wide_objects<M: Manager>(t: &Trial) {
    fn with<'gc, M: Manager>(root: &Node<'gc, M>) -> Gc<'gc, Wide<'gc, M>, M> {
        root.value.get().downcast::<Wide<'gc, M>>().expect("it is there")
    }
    fn fill<'gc, M: Manager>(mc: &Mutation<'gc, M>, root: &Node<'gc, M>) {
        let wide = with(root);
        for i in 0..40 {
            wide.slots[i].set(mc, Some(node(mc, i as u64)));
            wide.values[i].set(mc, Val::from_gc(node(mc, 100 + i as u64)));
        }
    }
    t.with_config::<M, _>(t.eager(), |m| {
        m.mutate(|mc, root| {
            let wide = Wide {
                slots: std::array::from_fn(|_| Slot::empty()),
                values: std::array::from_fn(|_| ValSlot::default()),
            };
            root.value.set(mc, Val::from_gc(Gc::new(mc, wide)))
        });
        for _ in 0..t.size(200, if cfg!(miri) { 1 } else { 2 }) {
            m.mutate(|mc, root| fill(mc, root));
            m.collect_if_due();
        }
        crate::trial::collect(m);
        m.mutate(|_, root| {
            let wide = with(root);
            for i in 0..40 {
                assert_eq!(wide.slots[i].get().unwrap().id, i as u64);
                assert_eq!(wide.values[i].get().downcast_ref::<Node<'_, M>>().unwrap().id, 100 + i as u64);
            }
            t.see(wide.slots.len());
        });
    });
}
