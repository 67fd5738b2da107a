//! Collections in the heap: text and bytes, vectors, maps.

use crate::trial::{Ledger, Node, Trial, collect, node, node_with};
use std::{
    cell::RefCell,
    collections::{BTreeSet, HashSet},
    hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
};
use twinheap::{
    ByAddress, ByValue, Bytes, Config, Gc, GcAny, GcBytes, GcMap, GcStr, GcVec, Manager, Mutation, Slot, Text, Trace,
    Val, config::MIN_LIMIT_BYTES,
};

laws!(
    texts_and_bytes,
    vectors,
    vectors_of_words,
    vectors_say_no,
    vectors_live_through_collections,
    vectors_release_from_the_end,
    vectors_in_cycles,
    vectors_at_the_limit,
    maps,
    maps_by_every_sort_of_key,
    maps_that_are_asked_back,
    maps_live_through_collections,
    maps_release_in_order,
    maps_at_the_limit,
);

/// What is released when a handle goes, and when garbage is collected: every manager but `Null` gets there.
fn settled<M: Manager>(ledger: &Ledger, n: usize) {
    if M::CONSTRAINTS.counted || M::CONSTRAINTS.collects {
        assert_eq!(ledger.dropped(), n)
    }
}

pub fn texts_and_bytes<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let (a, b, c) = (GcStr::new(mc, "alpha"), GcStr::new(mc, "alpha"), GcStr::new(mc, "beta"));
            assert!(a == b && !a.ptr_eq(&b) && a < c && a != c && &*a == "alpha" && a == *"alpha");
            assert_eq!(format!("{a} {a:?} {:>7}", c), "alpha \"alpha\"    beta");
            let sorted: BTreeSet<_> = [c.clone(), a.clone(), b.clone()].into_iter().collect();
            assert_eq!(sorted.iter().map(|s| s.to_string()).collect::<Vec<_>>(), ["alpha", "beta"]);
            let set: HashSet<_> = [a.clone(), c.clone()].into_iter().collect();
            assert!(set.contains("alpha") && set.contains(&b) && !set.contains("gamma"), "found by its contents");
            let bytes = GcBytes::new(mc, &[0, 255, 7]);
            assert!(
                bytes[..] == [0, 255, 7] && bytes == GcBytes::new(mc, &[0, 255, 7]) && bytes > GcBytes::new(mc, &[])
            );
            assert_eq!(format!("{bytes:?}"), "[0, 255, 7]");
            // One object each, that no collection looks into.
            let any = GcAny::new(a.as_gc().clone());
            assert!(any.is::<Text>() && !any.is::<Bytes>() && !mc.state_of(&any).tracked);
            assert!(GcAny::new(bytes.into_gc()).is::<Bytes>());
            root.value.set(mc, Val::from_gc(a.into_gc()));
        });
        collect(m);
        m.mutate(|_, root| t.see(GcStr::from(root.value.get().downcast::<Text>().unwrap()).len()));
    });
}

#[derive(Trace)]
struct Holder<'gc, M: Manager> {
    nodes: GcVec<'gc, Gc<'gc, Node<'gc, M>, M>, M>,
    values: GcVec<'gc, Val<'gc, M>, M>,
    names: GcVec<'gc, GcStr<'gc, M>, M>,
    counts: GcVec<'gc, u32, M>,
    holders: GcVec<'gc, Gc<'gc, Holder<'gc, M>, M>, M>,
    next: Slot<'gc, Holder<'gc, M>, M>,
}
fn holder<'gc, M: Manager>(mc: &Mutation<'gc, M>) -> Gc<'gc, Holder<'gc, M>, M> {
    let holder = Holder {
        nodes: GcVec::new(),
        values: GcVec::new(),
        names: GcVec::new(),
        counts: GcVec::new(),
        holders: GcVec::new(),
        next: Slot::empty(),
    };
    Gc::new(mc, holder)
}
fn held<'gc, M: Manager>(root: &Node<'gc, M>) -> Gc<'gc, Holder<'gc, M>, M> {
    root.value.get().downcast::<Holder<'gc, M>>().expect("it is there")
}
fn ids<'gc, M: Manager>(v: &GcVec<'gc, Gc<'gc, Node<'gc, M>, M>, M>) -> Vec<u64> {
    v.iter().map(|n| n.id).collect()
}

pub fn vectors<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let h = holder(mc);
            root.value.set(mc, Val::from_gc(h.clone()));
            let v = &h.nodes;
            assert!(
                v.is_empty() && v.capacity() == 0 && v.get(0).is_none() && v.last().is_none() && v.pop(mc).is_none()
            );
            for i in 0..10 {
                v.push(mc, node(mc, i))
            }
            assert!(v.len() == 10 && v.capacity() >= 10 && v.get(9).unwrap().id == 9 && v.get(10).is_none());
            assert!(v.first().unwrap().id == 0 && v.last().unwrap().id == 9);
            assert_eq!(v.replace(mc, 3, node(mc, 33)).id, 3);
            v.set(mc, 4, v.get(3).unwrap());
            v.swap(mc, 0, 9);
            v.swap(mc, 1, 1);
            v.insert(mc, 0, node(mc, 100));
            v.insert(mc, v.len(), node(mc, 101));
            assert_eq!(ids(v), [100, 9, 1, 2, 33, 33, 5, 6, 7, 8, 0, 101]);
            assert_eq!((v.remove(mc, 0).id, v.remove(mc, 10).id, v.swap_remove(mc, 1).id), (100, 101, 1));
            assert_eq!(ids(v), [9, 0, 2, 33, 33, 5, 6, 7, 8]);
            assert_eq!(v.swap_remove(mc, 8).id, 8);
            v.truncate(mc, 3);
            v.truncate(mc, 7);
            assert_eq!((ids(v), v.pop(mc).unwrap().id), (vec![9, 0, 2], 2));
            v.extend(mc, (0..3).map(|i| node(mc, i)));
            v.reserve(mc, 100);
            assert!(v.capacity() >= 105 && ids(v) == [9, 0, 0, 1, 2]);
            v.shrink_to_fit(mc);
            assert!(v.capacity() == 5 && ids(v) == [9, 0, 0, 1, 2] && v.to_vec().len() == 5);
            v.push(mc, node(mc, 3));
            // Changed while it is gone through, as a list may be.
            let mut met = Vec::new();
            for n in v {
                met.push(n.id);
                if v.len() > 2 {
                    v.pop(mc);
                }
            }
            assert_eq!(met, [9, 0, 0]);
            v.clear(mc);
            assert!(v.is_empty() && v.capacity() == 0);
            v.shrink_to_fit(mc);
            let again = GcVec::from_values(mc, [node(mc, 1), node(mc, 2)]);
            assert_eq!(ids(&again), [1, 2]);
            assert!(GcVec::<Gc<'_, Node<'_, M>, M>, M>::with_capacity(mc, 7).capacity() == 7);
        });
        collect(m);
        m.mutate(|_, root| t.see(held(root).nodes.len()));
    });
}

pub fn vectors_of_words<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let h = holder(mc);
            root.value.set(mc, Val::from_gc(h.clone()));
            h.values.extend(mc, [Val::empty(), Val::payload(9), Val::from_gc(root.clone()), Val::empty()]);
            assert!(h.values.len() == 4 && h.values.get(0).unwrap().is_empty() && h.values.get(3).unwrap().is_empty());
            assert!(h.values.get(1).unwrap().bits() == 9 && h.values.get(2).unwrap().is_ref());
            assert!(h.values.pop(mc).unwrap().is_empty() && h.values.get(3).is_none());
            for s in ["x", "", "zz"] {
                h.names.push(mc, GcStr::new(mc, s))
            }
            let numbers = [0, 1, u32::MAX, 1 << 31];
            h.counts.extend(mc, numbers);
            assert_eq!((h.counts.to_vec(), format!("{:?}", h.names)), (numbers.to_vec(), r#"["x", "", "zz"]"#.into()));
            macro_rules! round_trip {
                ($($t:ty: $($v:expr),*);* $(;)?) => {$(
                    let v = GcVec::<$t, M>::from_values(mc, [$($v),*]);
                    assert_eq!(v.to_vec(), vec![$($v),*]);
                )*};
            }
            round_trip! {
                u8: 0, 255; i8: -128, 127, -1; u16: 0, 65535; i16: -32768, -1; i32: i32::MIN, -1, 0, i32::MAX;
                bool: false, true; char: '\0', 'x', '\u{10ffff}'; f32: -0.0, f32::MAX, f32::MIN_POSITIVE; (): (), ();
            }
            let maybe = GcVec::from_values(mc, [None, Some(root.clone())]);
            assert!(maybe.get(0).unwrap().is_none() && maybe.get(1).unwrap().unwrap().ptr_eq(root));
            let any = GcVec::from_values(mc, [GcAny::new(root.clone()), GcAny::new(h.clone())]);
            assert!(any.get(1).unwrap().is::<Holder<'_, M>>());
        });
        collect(m);
        m.mutate(|mc, root| {
            let h = held(root);
            t.see((h.names.to_vec(), h.counts.to_vec(), h.values.len()));
            h.values.clear(mc);
        });
    });
}

pub fn vectors_say_no<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, _| {
            let v = GcVec::from_values(mc, [1u32, 2, 3]);
            let says = |f: &dyn Fn()| {
                let panic = catch_unwind(AssertUnwindSafe(f)).expect_err("beyond the end");
                *panic.downcast::<String>().expect("a message")
            };
            let beyond = "index out of bounds: the len is 3 but the index is 3";
            assert_eq!(says(&|| v.set(mc, 3, 0)), beyond);
            assert_eq!(says(&|| assert_eq!(v.replace(mc, 3, 0), 0)), beyond);
            assert_eq!(says(&|| v.swap(mc, 0, 3)), beyond);
            assert_eq!(says(&|| v.insert(mc, 4, 0)), "insertion index (is 4) should be <= len (is 3)");
            assert_eq!(says(&|| assert_eq!(v.remove(mc, 3), 0)), "removal index (is 3) should be < len (is 3)");
            assert_eq!(
                says(&|| assert_eq!(v.swap_remove(mc, 3), 0)),
                "swap_remove index (is 3) should be < len (is 3)"
            );
            assert!(v.try_reserve(mc, usize::MAX).is_err() && v.try_reserve(mc, usize::MAX / 16).is_err());
            // The lock went with the panic.
            v.push(mc, 4);
            assert_eq!(v.to_vec(), [1, 2, 3, 4]);
            let none = GcVec::<u32, M>::new();
            assert_eq!(says(&|| none.set(mc, 0, 0)), "index out of bounds: the len is 0 but the index is 0");
            t.see(v.len());
        });
    });
}

/// Elements that only a vector holds, while everything moves.
pub fn vectors_live_through_collections<M: Manager>(t: &Trial) {
    t.with_config::<M, _>(t.eager(), |m| {
        m.mutate(|mc, root| root.value.set(mc, Val::from_gc(holder(mc))));
        let rounds = t.size(3000, if cfg!(miri) { 12 } else { 60 }) as u64;
        let mut model = Vec::new();
        for round in 0..rounds {
            m.mutate(|mc, root| {
                let v = &held(root).nodes;
                match round % 7 {
                    0..4 => {
                        v.push(mc, node(mc, round));
                        model.push(round)
                    }
                    4 => {
                        v.insert(mc, v.len() / 2, node(mc, round));
                        model.insert(model.len() / 2, round)
                    }
                    5 => assert_eq!(v.remove(mc, v.len() / 3).id, model.remove(model.len() / 3)),
                    _ => assert_eq!(v.pop(mc).map(|n| n.id), model.pop()),
                }
            });
            m.collect_if_due();
            if round % 300 == 299 {
                m.mutate(|mc, root| held(root).nodes.shrink_to_fit(mc))
            }
        }
        collect(m);
        m.mutate(|_, root| {
            assert_eq!(ids(&held(root).nodes), model);
            t.see(model.len())
        });
    });
}

pub fn vectors_release_from_the_end<M: Manager>(t: &Trial) {
    let ledger = Ledger::new();
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let h = holder(mc);
            root.value.set(mc, Val::from_gc(h.clone()));
            let fill = |n: u64| h.nodes.extend(mc, (0..n).map(|i| node_with(mc, i, Some(ledger.leaf()))));
            fill(20);
            h.nodes.truncate(mc, 15);
            h.nodes.remove(mc, 3);
            h.nodes.pop(mc);
            h.nodes.set(mc, 0, node_with(mc, 99, Some(ledger.leaf())));
            if M::CONSTRAINTS.counted {
                assert_eq!(ledger.dropped(), 8, "at once");
            }
            h.nodes.clear(mc);
            if M::CONSTRAINTS.counted {
                assert_eq!(ledger.dropped(), 21, "at once");
            }
            fill(3);
        });
        collect(m);
        settled::<M>(&ledger, 21);
        m.mutate(|mc, root| root.value.set(mc, Val::empty()));
        collect(m);
        settled::<M>(&ledger, 24);
    });
    ledger.settled();
}

pub fn vectors_in_cycles<M: Manager>(t: &Trial) {
    let ledger = Ledger::new();
    t.with::<M, _>(|m| {
        let n = t.size(200, 5);
        m.mutate(|mc, root| {
            for i in 0..n as u64 {
                let (a, b) = (holder(mc), holder(mc));
                a.holders.push(mc, b.clone());
                b.holders.extend(mc, [a.clone(), b.clone()]);
                b.nodes.push(mc, node_with(mc, i, Some(ledger.leaf())));
                // A storage is no object to a user: the cycle is two of them.
                a.next.set(mc, Some(b));
                root.value.set(mc, Val::from_gc(a));
            }
        });
        let collected = collect(m);
        settled::<M>(&ledger, n - 1);
        // Zeal frees cycles before, and with them, by their counts, what they alone refer to.
        if M::CONSTRAINTS.collects && !t.is_zealous() {
            assert_eq!(collected.objects, (n - 1) * 3, "two holders and a node each");
        }
        m.mutate(|_, root| t.see(held(root).holders.get(0).unwrap().nodes.get(0).unwrap().id));
    });
    ledger.settled();
}

pub fn vectors_at_the_limit<M: Manager>(t: &Trial) {
    let config = Config { max_heap_bytes: Some(MIN_LIMIT_BYTES), ..t.config() };
    t.with_config::<M, _>(config, |m| {
        m.mutate(|mc, root| {
            let v = Gc::new(mc, GcVec::<Gc<'_, Node<'_, M>, M>, M>::new());
            root.value.set(mc, Val::from_gc(v.clone()));
            let mut pushed = 0usize;
            while v.try_push(mc, root.clone()).is_ok() {
                pushed += 1;
                assert!(pushed < MIN_LIMIT_BYTES, "the limit holds");
            }
            assert!(v.len() == pushed && v.get(pushed - 1).unwrap().ptr_eq(root), "nothing has changed");
            assert!(v.try_insert(mc, 0, root.clone()).is_err_and(|back| back.value.ptr_eq(root)));
            assert!(v.try_reserve(mc, 1 << 24).is_err() && v.len() == pushed);
            // Room that is there needs no memory.
            v.pop(mc);
            assert!(v.try_push(mc, root.clone()).is_ok());
            root.value.set(mc, Val::empty());
        });
        collect(m);
        t.see("done");
    });
}

type Numbered<'gc, M> = GcMap<'gc, u32, Gc<'gc, Node<'gc, M>, M>, M>;

pub fn maps<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let map: Gc<'_, Numbered<'_, M>, M> = Gc::new(mc, GcMap::new());
            root.value.set(mc, Val::from_gc(map.clone()));
            assert!(map.is_empty() && map.capacity() == 0 && map.get(&1).is_none() && map.remove(mc, &1).is_none());
            assert!(map.iter().next().is_none() && !map.contains_key(&1));
            let n = t.size(1000, 30) as u32;
            for i in 0..n {
                assert!(map.insert(mc, i * 7, node(mc, i.into())).is_none());
            }
            assert_eq!(map.len(), n as usize);
            assert!((0..n).all(|i| map.get(&(i * 7)).is_some_and(|v| v.id == u64::from(i))));
            assert!(
                map.get(&1).is_none() && map.contains_key(&7) && map.get_key_value(&7).is_some_and(|(k, _)| k == 7)
            );
            assert!(map.iter().map(|(k, _)| k).eq((0..n).map(|i| i * 7)), "in order of insertion");
            // A key that is there stays where it is.
            assert_eq!(map.insert(mc, 7, node(mc, 1000)).unwrap().id, 1);
            assert!(map.len() == n as usize && map.keys().nth(1) == Some(7) && map.values().nth(1).unwrap().id == 1000);
            for i in (0..n).step_by(2) {
                assert_eq!(map.remove(mc, &(i * 7)).unwrap().id, u64::from(i));
                assert!(map.get(&(i * 7)).is_none());
            }
            assert!(map.len() == n as usize / 2 && map.keys().eq((0..n).filter(|i| i % 2 == 1).map(|i| i * 7)));
            // One that was taken out and comes back is the last.
            map.insert(mc, 0, node(mc, 5));
            assert_eq!(map.keys().last(), Some(0));
            let (key, value) = map.remove_entry(mc, &0).unwrap();
            assert_eq!((key, value.id), (0, 5));
            // A queue that goes through it takes no more room for that.
            let most = map.capacity();
            for i in 0..n * 10 {
                map.insert(mc, 1_000_000 + i, root.clone());
                map.remove(mc, &(1_000_000 + i));
            }
            assert!(map.capacity() <= most.max(4) && map.len() == n as usize / 2);
            let room = t.size(10_000, 200);
            map.reserve(mc, room);
            assert!(map.capacity() >= room && map.len() == n as usize / 2);
            assert!(map.try_reserve(mc, usize::MAX).is_err() && map.try_reserve(mc, 1 << 40).is_err());
        });
        collect(m);
        m.mutate(|mc, root| {
            let map = root.value.get().downcast::<Numbered<'_, M>>().unwrap();
            t.see(map.iter().map(|(k, v)| (k, v.id)).collect::<Vec<_>>());
            // Changed while it is gone through: what stays is met once.
            let all = map.len();
            let mut met = 0;
            for (key, _) in &*map {
                met += 1;
                if met <= all {
                    map.insert(mc, key + 1, root.clone());
                }
            }
            assert!((all..=2 * all).contains(&met) && map.len() == 2 * all, "{all}, {met}, {}", map.len());
            map.clear(mc);
            assert!(map.is_empty() && map.capacity() == 0);
        });
    });
}

/// A key with a hash of its own choice.
#[derive(Trace, PartialEq, Eq, Debug)]
struct Colliding(u64);
impl Hash for Colliding {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0 % 2)
    }
}

pub fn maps_by_every_sort_of_key<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let by_text = GcMap::<GcStr<'_, M>, u32, M>::new();
            for (i, word) in "one two three two one".split(' ').enumerate() {
                by_text.insert(mc, GcStr::new(mc, word), i as u32);
            }
            assert_eq!((by_text.get("two"), by_text.get("four"), by_text.len()), (Some(3), None, 3));
            assert_eq!(format!("{by_text:?}"), r#"{"one": 4, "two": 3, "three": 2}"#);
            let by_bytes = GcMap::<GcBytes<'_, M>, (), M>::new();
            by_bytes.insert(mc, GcBytes::new(mc, b"x"), ());
            assert!(by_bytes.contains_key(&b"x"[..]));
            let (a, b) = (node(mc, 1), node(mc, 1));
            let by_address = GcMap::<ByAddress<'_, Node<'_, M>, M>, char, M>::new();
            by_address.extend(mc, [(ByAddress(a.clone()), 'a'), (ByAddress(b.clone()), 'b')]);
            assert!(by_address.get(&ByAddress(a)) == Some('a') && by_address.get(&ByAddress(root.clone())).is_none());
            let by_value = GcMap::<ByValue<'_, String, M>, Option<Gc<'_, Node<'_, M>, M>>, M>::new();
            by_value.insert(mc, ByValue::new(mc, "k".into()), None);
            by_value.insert(mc, ByValue::new(mc, "l".into()), Some(b));
            assert!(by_value.get(&"k".to_string()).unwrap().is_none(), "a value that is none is one");
            assert!(by_value.get(&"l".to_string()).unwrap().is_some() && by_value.get(&"m".to_string()).is_none());
            assert!(by_value.remove(mc, &"k".to_string()).unwrap().is_none() && by_value.len() == 1);
            let worst = GcMap::<ByValue<'_, Colliding, M>, u32, M, BuildHasherDefault<DefaultHasher>>::default();
            let n = t.size(100, 20) as u32;
            for i in 0..n {
                worst.insert(mc, ByValue::new(mc, Colliding(i.into())), i);
            }
            (0..n).step_by(3).for_each(|i| assert_eq!(worst.remove(mc, &Colliding(i.into())), Some(i)));
            assert!((0..n).all(|i| worst.get(&Colliding(i.into())) == (i % 3 != 0).then_some(i)));
            t.see(worst.iter().map(|(k, v)| (k.0.0, v)).collect::<Vec<_>>());
        });
    });
}

thread_local! {
    /// What `Asking` does when it is compared.
    static ASKED: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
}
#[derive(Trace)]
struct Asking(u32);
impl Hash for Asking {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(0)
    }
}
impl PartialEq for Asking {
    fn eq(&self, other: &Self) -> bool {
        ASKED.with_borrow(|asked| {
            if let Some(asked) = asked {
                asked()
            }
        });
        self.0 == other.0
    }
}
impl Eq for Asking {}

/// `Eq` that panics leaves the map whole and not locked.
pub fn maps_that_are_asked_back<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, _| {
            let map = GcMap::<ByValue<'_, Asking, M>, u32, M>::new();
            for i in 0..3 {
                map.insert(mc, ByValue::new(mc, Asking(i)), i);
            }
            ASKED.set(Some(Box::new(|| panic!("asked"))));
            assert!(catch_unwind(AssertUnwindSafe(|| map.get(&Asking(0)))).is_err());
            assert!(catch_unwind(AssertUnwindSafe(|| map.remove(mc, &Asking(0)))).is_err());
            let key = ByValue::new(mc, Asking(0));
            assert!(catch_unwind(AssertUnwindSafe(|| map.insert(mc, key, 9))).is_err());
            ASKED.set(None);
            assert!((0..3).all(|i| map.get(&Asking(i)) == Some(i)) && map.len() == 3);
            assert_eq!(map.insert(mc, ByValue::new(mc, Asking(0)), 9), Some(0));
        });
        t.see("done");
    });
}

pub fn maps_live_through_collections<M: Manager>(t: &Trial) {
    #[derive(Trace)]
    struct Maps<'gc, M: Manager> {
        map: GcMap<'gc, ByValue<'gc, u64, M>, Gc<'gc, Node<'gc, M>, M>, M>,
    }
    fn held<'gc, M: Manager>(root: &Node<'gc, M>) -> Gc<'gc, Maps<'gc, M>, M> {
        root.value.get().downcast::<Maps<'gc, M>>().expect("it is there")
    }
    t.with_config::<M, _>(t.eager(), |m| {
        m.mutate(|mc, root| root.value.set(mc, Val::from_gc(Gc::new(mc, Maps { map: GcMap::new() }))));
        let rounds = t.size(4000, if cfg!(miri) { 12 } else { 60 }) as u64;
        for round in 0..rounds {
            m.mutate(|mc, root| {
                let map = &held(root).map;
                map.insert(mc, ByValue::new(mc, round), node(mc, round * 3));
                if round % 3 == 2 {
                    let taken = map.remove(mc, &(round / 2)).map(|n| n.id);
                    assert!(taken.is_none_or(|id| id == round / 2 * 3), "{taken:?} in round {round}");
                }
            });
            m.collect_if_due();
        }
        collect(m);
        m.mutate(|_, root| {
            let map = &held(root).map;
            assert!(map.iter().all(|(k, v)| v.id == *k * 3 && map.get(&*k).unwrap().ptr_eq(&v)));
            t.see(map.len())
        });
    });
}

pub fn maps_release_in_order<M: Manager>(t: &Trial) {
    let ledger = Ledger::new();
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let map: Gc<'_, Numbered<'_, M>, M> = Gc::new(mc, GcMap::new());
            root.value.set(mc, Val::from_gc(map.clone()));
            for i in 0..20 {
                map.insert(mc, i, node_with(mc, i.into(), Some(ledger.leaf())));
            }
            map.insert(mc, 3, node_with(mc, 99, Some(ledger.leaf())));
            map.remove(mc, &4);
            if M::CONSTRAINTS.counted {
                assert_eq!(ledger.dropped(), 2, "at once; a new table releases nothing");
                // Who goes through the map keeps what it is going to meet.
                let mut iter = map.iter();
                iter.next();
                map.clear(mc);
                assert_eq!(ledger.dropped(), 2);
                assert_eq!(iter.count(), 18);
                assert_eq!(ledger.dropped(), 21);
            }
            map.clear(mc);
            map.insert(mc, 0, node_with(mc, 1, Some(ledger.leaf())));
        });
        collect(m);
        settled::<M>(&ledger, 21);
        m.mutate(|mc, root| root.value.set(mc, Val::empty()));
        collect(m);
        settled::<M>(&ledger, 22);
        t.see("done");
    });
    ledger.settled();
}

pub fn maps_at_the_limit<M: Manager>(t: &Trial) {
    let config = Config { max_heap_bytes: Some(MIN_LIMIT_BYTES), ..t.config() };
    t.with_config::<M, _>(config, |m| {
        m.mutate(|mc, root| {
            let map: Gc<'_, Numbered<'_, M>, M> = Gc::new(mc, GcMap::new());
            root.value.set(mc, Val::from_gc(map.clone()));
            let mut n = 0;
            while map.try_insert(mc, n, root.clone()).is_ok() {
                n += 1;
                assert!((n as usize) < MIN_LIMIT_BYTES, "the limit holds");
            }
            assert!(map.len() == n as usize && map.get(&(n - 1)).unwrap().ptr_eq(root), "nothing has changed");
            assert!(map.try_insert(mc, n, root.clone()).is_err_and(|back| back.value.0 == n));
            // What is there may be changed all the same.
            assert!(map.try_insert(mc, 0, root.clone()).is_ok_and(|old| old.is_some()));
            root.value.set(mc, Val::empty());
        });
        collect(m);
        t.see("done");
    });
}
