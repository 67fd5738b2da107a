//! The collections of the heap beside std's, operation by operation, and under threads that read and write them while
//! collections run.  Laws of one thread: `contract/collections.rs`.  The publication alone: `loom.rs`.
#![cfg(not(loom))]
#![forbid(unsafe_code)]

use proptest::prelude::*;
use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};
use twinheap::{
    ByValue, Config, Gc, GcMap, GcVec, GcWeakMap, Heap, Manager, Mutation, Mutator, Null, RefCount, Request, Rootable,
    Slot, Threaded, Trace, Tricolor, TricolorSolo,
};

/// `big` normally, `miri` under Miri.
fn n(big: usize, miri: usize) -> usize {
    if cfg!(miri) { miri } else { big }
}
/// A heap that collects by itself as often as it can.
fn eager() -> Config {
    Config { thresholds: [20, 2, 2], min_heap_bytes: 64 << 10, gogc: Some(20), ..Config::default() }
}
fn cases() -> ProptestConfig {
    // Under Miri there is no file to write a failure to.
    ProptestConfig { cases: n(40, 2) as u32, failure_persistence: None, ..ProptestConfig::default() }
}

/// An object that knows whether it is whole.
#[derive(Trace)]
struct Item {
    id: u64,
    check: u64,
}
const MAGIC: u64 = 0x5eed_1234_abcd_0042;
fn item<'gc, M: Manager>(mc: &Mutation<'gc, M>, id: u64) -> Gc<'gc, Item, M> {
    Gc::new(mc, Item { id, check: id ^ MAGIC })
}
fn look(item: &Item) -> u64 {
    assert_eq!(item.id ^ MAGIC, item.check, "a freed object's block");
    item.id
}
type Items<'gc, M> = GcVec<'gc, Gc<'gc, Item, M>, M>;

macro_rules! under_every_manager {
    ($($name:ident($argument:ident: $t:ty) in $strategy:expr;)*) => {$(
        mod $name {
            use super::*;
            proptest! {
                #![proptest_config(cases())]
                #[test]
                fn null($argument in $strategy) { super::$name::<Null>($argument) }
                #[test]
                fn refcount($argument in $strategy) { super::$name::<RefCount>($argument) }
                #[test]
                fn tricolor_solo($argument in $strategy) { super::$name::<TricolorSolo>($argument) }
                #[test]
                fn tricolor($argument in $strategy) { super::$name::<Tricolor>($argument) }
            }
        }
    )*};
}
under_every_manager! {
    vector_as_vec(operations: Vec<VecOperation>) in prop::collection::vec(vec_operation(), 1..n(300, 12));
    map_as_map(operations: Vec<MapOperation>) in prop::collection::vec(map_operation(), 1..n(400, 12));
    weak_map_as_reachability(operations: Vec<WeakOperation>) in prop::collection::vec(weak_operation(), 1..n(200, 12));
}

// ---- a vector beside a Vec -----------------------------------------------------------------------------------------

#[derive(Clone, Debug)]
enum VecOperation {
    Push(u64),
    Pop,
    Set(usize, u64),
    Insert(usize, u64),
    Remove(usize),
    SwapRemove(usize),
    Swap(usize, usize),
    Truncate(usize),
    Extend(u8),
    Reserve(u8),
    Shrink,
    Clear,
    Collect,
}
fn vec_operation() -> impl Strategy<Value = VecOperation> {
    use VecOperation::*;
    let at = || 0..64usize;
    prop_oneof![
        12 => any::<u64>().prop_map(Push),
        4 => Just(Pop),
        4 => (at(), any::<u64>()).prop_map(|(i, x)| Set(i, x)),
        4 => (at(), any::<u64>()).prop_map(|(i, x)| Insert(i, x)),
        4 => at().prop_map(Remove),
        2 => at().prop_map(SwapRemove),
        2 => (at(), at()).prop_map(|(i, j)| Swap(i, j)),
        1 => at().prop_map(Truncate),
        2 => (0..n(250, 6) as u8).prop_map(Extend),
        1 => any::<u8>().prop_map(Reserve),
        1 => Just(Shrink),
        1 => Just(Clear),
        2 => Just(Collect),
    ]
}
struct OneVec;
impl<M: Manager> Rootable<M> for OneVec {
    type Root<'gc> = Gc<'gc, Items<'gc, M>, M>;
}
fn vector_as_vec<M: Manager>(operations: Vec<VecOperation>) {
    use VecOperation::*;
    let heap = Heap::<OneVec, M>::new(eager(), |mc| Gc::new(mc, GcVec::new())).unwrap();
    let mut m = heap.mutator().unwrap();
    let mut model: Vec<u64> = Vec::new();
    for operation in operations {
        if matches!(operation, Collect) {
            m.collect(Request::FULL);
        }
        m.mutate(|mc, v| {
            let len = model.len();
            match operation {
                Push(x) => {
                    v.push(mc, item(mc, x));
                    model.push(x)
                }
                Pop => assert_eq!(v.pop(mc).map(|i| look(&i)), model.pop()),
                Set(i, x) if i < len => {
                    assert_eq!(look(&v.replace(mc, i, item(mc, x))), std::mem::replace(&mut model[i], x))
                }
                Insert(i, x) if i <= len => {
                    v.insert(mc, i, item(mc, x));
                    model.insert(i, x)
                }
                Remove(i) if i < len => assert_eq!(look(&v.remove(mc, i)), model.remove(i)),
                SwapRemove(i) if i < len => assert_eq!(look(&v.swap_remove(mc, i)), model.swap_remove(i)),
                Swap(i, j) if i.max(j) < len => {
                    v.swap(mc, i, j);
                    model.swap(i, j)
                }
                Truncate(i) => {
                    v.truncate(mc, i);
                    model.truncate(i)
                }
                Extend(k) => {
                    v.extend(mc, (0..u64::from(k)).map(|x| item(mc, x)));
                    model.extend(0..u64::from(k))
                }
                Reserve(k) => {
                    v.reserve(mc, k.into());
                    assert!(v.capacity() >= len + usize::from(k))
                }
                Shrink => {
                    v.shrink_to_fit(mc);
                    assert_eq!(v.capacity(), len)
                }
                Clear => {
                    v.clear(mc);
                    model.clear()
                }
                Collect | Set(..) | Insert(..) | Remove(_) | SwapRemove(_) | Swap(..) => {}
            }
            assert_eq!(v.len(), model.len());
            assert_eq!(v.iter().map(|i| look(&i)).collect::<Vec<_>>(), model);
            assert_eq!(v.get(model.len()).map(|i| i.id), None);
        });
    }
    m.verify().unwrap();
}

// ---- a map beside a HashMap and a list of keys in order ------------------------------------------------------------

#[derive(Clone, Debug)]
enum MapOperation {
    Insert(u16, u64),
    Remove(u16),
    Get(u16),
    Reserve(u8),
    Clear,
    Collect,
    Iterate,
}
fn map_operation() -> impl Strategy<Value = MapOperation> {
    use MapOperation::*;
    let key = || 0..48u16;
    prop_oneof![
        12 => (key(), any::<u64>()).prop_map(|(k, v)| Insert(k, v)),
        8 => key().prop_map(Remove),
        4 => key().prop_map(Get),
        1 => any::<u8>().prop_map(Reserve),
        1 => Just(Clear),
        2 => Just(Collect),
        2 => Just(Iterate),
    ]
}
type Counted<'gc, M> = GcMap<'gc, ByValue<'gc, u16, M>, Gc<'gc, Item, M>, M>;
struct OneMap;
impl<M: Manager> Rootable<M> for OneMap {
    type Root<'gc> = Gc<'gc, Counted<'gc, M>, M>;
}
fn map_as_map<M: Manager>(operations: Vec<MapOperation>) {
    use MapOperation::*;
    let heap = Heap::<OneMap, M>::new(eager(), |mc| Gc::new(mc, GcMap::new())).unwrap();
    let mut m = heap.mutator().unwrap();
    let (mut model, mut order) = (HashMap::<u16, u64>::new(), Vec::<u16>::new());
    for operation in operations {
        if matches!(operation, Collect) {
            m.collect(Request::FULL);
        }
        m.mutate(|mc, map| {
            match operation {
                Insert(k, v) => {
                    let old = map.insert(mc, ByValue::new(mc, k), item(mc, v)).map(|i| look(&i));
                    assert_eq!(old, model.insert(k, v));
                    if old.is_none() {
                        order.push(k)
                    }
                }
                Remove(k) => {
                    assert_eq!(map.remove(mc, &k).map(|i| look(&i)), model.remove(&k));
                    order.retain(|&o| o != k)
                }
                Get(k) => {
                    assert_eq!(map.get(&k).map(|i| look(&i)), model.get(&k).copied());
                    assert_eq!(map.contains_key(&k), model.contains_key(&k));
                }
                Reserve(k) => map.reserve(mc, k.into()),
                Clear => {
                    map.clear(mc);
                    model.clear();
                    order.clear();
                }
                Iterate => {
                    // Taken out and put in while it is gone through: what was there and stays is met once, in order.
                    let mut met = Vec::new();
                    for (i, (k, v)) in map.iter().enumerate() {
                        met.push(*k);
                        look(&v);
                        if i % 3 == 0 {
                            map.remove(mc, &k);
                            map.insert(mc, ByValue::new(mc, 1000 + *k), item(mc, 1));
                            map.remove(mc, &(1000 + *k));
                        }
                    }
                    met.retain(|&k| k < 1000);
                    assert_eq!(met, order);
                    let gone: Vec<u16> = order.iter().copied().step_by(3).collect();
                    order.retain(|k| !gone.contains(k));
                    gone.iter().for_each(|k| assert!(model.remove(k).is_some()));
                }
                Collect => {}
            }
            assert_eq!(map.len(), model.len());
            assert!(map.iter().map(|(k, v)| (*k, look(&v))).eq(order.iter().map(|k| (*k, model[k]))));
        });
    }
    m.verify().unwrap();
}

// ---- a weak map beside a model of reachability -----------------------------------------------------------------------

#[derive(Clone, Debug)]
enum WeakOperation {
    /// A new key in a register.
    New(usize),
    /// Register `key` gets a new value, which refers to what is in register `to`.
    Insert {
        key: usize,
        to: Option<usize>,
    },
    Remove(usize),
    /// The key in `from` goes to `to` as well.
    Copy {
        from: usize,
        to: usize,
    },
    Drop(usize),
    /// What the value of register `key` refers to goes into register `to`.
    Follow {
        key: usize,
        to: usize,
    },
    Collect,
}
const REGISTERS: usize = 5;
fn weak_operation() -> impl Strategy<Value = WeakOperation> {
    use WeakOperation::*;
    let at = || 0..REGISTERS;
    prop_oneof![
        6 => at().prop_map(New),
        8 => (at(), prop::option::weighted(0.8, at())).prop_map(|(key, to)| Insert { key, to }),
        1 => at().prop_map(Remove),
        2 => (at(), at()).prop_map(|(from, to)| Copy { from, to }),
        5 => at().prop_map(Drop),
        4 => (at(), at()).prop_map(|(key, to)| Follow { key, to }),
        3 => Just(Collect),
    ]
}
/// A key or a value; a container under counting managers, since it has a slot.
#[derive(Trace)]
struct Vertex<'gc, M: Manager> {
    item: Item,
    to: Slot<'gc, Vertex<'gc, M>, M>,
}
fn vertex<'gc, M: Manager>(mc: &Mutation<'gc, M>, id: u64) -> Gc<'gc, Vertex<'gc, M>, M> {
    Gc::new(mc, Vertex { item: Item { id, check: id ^ MAGIC }, to: Slot::empty() })
}
#[derive(Trace)]
struct Registers<'gc, M: Manager> {
    registers: [Slot<'gc, Vertex<'gc, M>, M>; REGISTERS],
    map: GcWeakMap<'gc, Vertex<'gc, M>, Gc<'gc, Vertex<'gc, M>, M>, M>,
}
struct OneWeakMap;
impl<M: Manager> Rootable<M> for OneWeakMap {
    type Root<'gc> = Gc<'gc, Registers<'gc, M>, M>;
}
/// Keys are reached from registers, and from values whose keys are reached.
fn weak_map_as_reachability<M: Manager>(operations: Vec<WeakOperation>) {
    use WeakOperation::*;
    let heap = Heap::<OneWeakMap, M>::new(eager(), |mc| {
        Gc::new(mc, Registers { registers: Default::default(), map: GcWeakMap::new() })
    })
    .unwrap();
    let mut m = heap.mutator().unwrap();
    let mut registers = [None::<u64>; REGISTERS];
    // Key to value, and what the value refers to.
    let mut model = HashMap::<u64, (u64, Option<u64>)>::new();
    let mut ids = 0;
    for operation in operations {
        if matches!(operation, Collect) {
            m.collect(Request::FULL);
        }
        m.mutate(|mc, root| {
            let at = |i: usize| root.registers[i].get();
            let mut id = || {
                ids += 1;
                ids
            };
            match operation {
                New(to) => {
                    registers[to] = Some(id());
                    root.registers[to].set(mc, Some(vertex(mc, ids)))
                }
                Insert { key, to } => {
                    if let Some(k) = at(key) {
                        let value = vertex(mc, id());
                        value.to.set(mc, to.and_then(at));
                        let old = root.map.insert(mc, &k, value).map(|v| look(&v.item));
                        let new = (ids, to.and_then(|to| registers[to]));
                        assert_eq!(old, model.insert(look(&k.item), new).map(|(v, _)| v));
                    }
                }
                Remove(key) => {
                    if let Some(k) = at(key) {
                        let old = root.map.remove(mc, &k).map(|v| look(&v.item));
                        assert_eq!(old, model.remove(&look(&k.item)).map(|(v, _)| v));
                    }
                }
                Copy { from, to } => {
                    root.registers[to].set(mc, at(from));
                    registers[to] = registers[from]
                }
                Drop(to) => {
                    root.registers[to].set(mc, None);
                    registers[to] = None
                }
                Follow { key, to } => {
                    let next = at(key).and_then(|k| root.map.get(&k)).and_then(|v| v.to.get());
                    registers[to] = registers[key].and_then(|k| model.get(&k)?.1);
                    assert_eq!(next.as_ref().map(|n| look(&n.item)), registers[to]);
                    root.registers[to].set(mc, next)
                }
                Collect => {}
            }
        });
        let mut reached: Vec<u64> = registers.iter().flatten().copied().collect();
        let mut i = 0;
        while let Some(key) = reached.get(i) {
            let next = model.get(key).and_then(|(_, to)| *to).filter(|to| !reached.contains(to));
            reached.extend(next);
            i += 1
        }
        m.mutate(|mc, root| {
            let mut known = HashMap::new();
            for (key, value) in root.map.iter(mc) {
                known.insert(look(&key.item), (look(&value.item), value.to.get().map(|to| look(&to.item))));
            }
            for key in &reached {
                assert_eq!(known.get(key), model.get(key), "a key that is reached");
            }
            if matches!(operation, Collect) && M::CONSTRAINTS.collects {
                assert!(known.keys().all(|key| reached.contains(key)), "{known:?} of which reached: {reached:?}");
            }
        });
    }
    m.verify().unwrap();
}

// ---- threads -------------------------------------------------------------------------------------------------------

struct Random(u64);
impl Random {
    fn below(&mut self, m: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % m as u64) as usize
    }
}

/// Runs the threads while another one collects without end; then everything is verified.  Each is called in session after
/// session until all have had `rounds` and there were some collections.
fn hammer<R: Rootable<M>, M: Threaded>(
    heap: &Heap<R, M>,
    rounds: usize,
    threads: &[&(dyn Fn(&mut Mutator<R, M>, &mut Random) + Sync)],
) where
    Heap<R, M>: Sync,
{
    let (over, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let begin = Instant::now();
    std::thread::scope(|s| {
        s.spawn(|| {
            let mut m = heap.mutator().unwrap();
            while !over.load(Relaxed) {
                m.collect(Request::FULL);
                std::thread::yield_now();
            }
        });
        let workers: Vec<_> = threads
            .iter()
            .enumerate()
            .map(|(k, work)| {
                let (over, done) = (&over, &done);
                s.spawn(move || {
                    let end = catch_unwind(AssertUnwindSafe(|| {
                        let mut m = heap.mutator().unwrap();
                        let mut random = Random(0x9e37_79b9 + k as u64);
                        let mut round = 0;
                        while !over.load(Relaxed)
                            && (round < rounds || heap.stats().collections < n(50, 1) as u64)
                            && begin.elapsed() < Duration::from_secs(30)
                        {
                            for _ in 0..n(64, 1) {
                                work(&mut m, &mut random);
                                round += 1;
                            }
                        }
                    }));
                    if done.fetch_add(1, Relaxed) + 1 == threads.len() as u64 || end.is_err() {
                        over.store(true, Relaxed)
                    }
                    end
                })
            })
            .collect();
        let ends: Vec<_> = workers.into_iter().map(|w| w.join().unwrap()).collect();
        for end in ends {
            if let Err(panic) = end {
                std::panic::resume_unwind(panic)
            }
        }
    });
    heap.mutator().unwrap().verify().unwrap();
}

/// Hot potatoes: each item has one reference to it, which a vector holds; two threads move them about in two vectors that
/// grow and shrink all the time, and freed blocks are filled again at once.
#[test]
fn hot_potato_vectors() {
    struct Two;
    impl<M: Manager> Rootable<M> for Two {
        type Root<'gc> = [Gc<'gc, Items<'gc, M>, M>; 2];
    }
    let heap = Heap::<Two, Tricolor>::new(eager(), |mc| {
        [0, 1].map(|k| Gc::new(mc, GcVec::from_values(mc, (0..32).map(|i| item(mc, k * 32 + i)))))
    })
    .unwrap();
    let mover = |m: &mut Mutator<Two, Tricolor>, random: &mut Random| {
        m.mutate(|mc, vectors| {
            let (from, to) = (&vectors[random.below(2)], &vectors[random.below(2)]);
            match random.below(8) {
                0 => from.shrink_to_fit(mc),
                1 => to.reserve(mc, 40),
                _ => {}
            }
            if let Some(potato) = from.pop(mc) {
                look(&potato);
                match random.below(3) {
                    // Everything moves.
                    0 => to.insert(mc, 0, potato),
                    _ => to.push(mc, potato),
                }
            }
            // Garbage, so that a block which is free too early is filled.
            for i in 0..8 {
                item(mc, 1000 + i);
            }
        })
    };
    let reader = |m: &mut Mutator<Two, Tricolor>, random: &mut Random| {
        m.mutate(|_, vectors| {
            for v in vectors {
                assert!(v.iter().all(|i| look(&i) < 64));
                if let Some(i) = v.get(random.below(64)) {
                    look(&i);
                }
            }
        })
    };
    hammer(&heap, n(20_000, 3), &[&mover, &mover, &reader]);
    let mut all: Vec<u64> = heap.mutator().unwrap().mutate(|_, v| {
        let mut all: Vec<u64> = v.iter().flat_map(|v| v.to_vec()).map(|i| look(&i)).collect();
        all.sort_unstable();
        all
    });
    assert_eq!(all.len(), 64, "no potato is lost, none is there twice");
    all.dedup();
    assert_eq!(all, (0..64).collect::<Vec<_>>());
}

/// Many vectors that grow while marking is on its way to them: the old storage is the only place from which the marker
/// learns of what the new one holds.  Under zeal each collection is checked by a second mark.
#[test]
fn vectors_grown_while_marking() {
    struct Many;
    impl<M: Manager> Rootable<M> for Many {
        type Root<'gc> = Gc<'gc, GcVec<'gc, Gc<'gc, Items<'gc, M>, M>, M>, M>;
    }
    let config = Config { zeal: Some(200), ..eager() };
    let heap = Heap::<Many, Tricolor>::new(config, |mc| {
        let vectors = (0..n(1000, 4)).map(|_| Gc::new(mc, GcVec::from_values(mc, (0..4).map(|i| item(mc, i)))));
        Gc::new(mc, GcVec::from_values(mc, vectors))
    })
    .unwrap();
    let grower = |m: &mut Mutator<Many, Tricolor>, random: &mut Random| {
        m.mutate(|mc, vectors| {
            let v = vectors.get(random.below(vectors.len())).unwrap();
            assert!(v.iter().all(|i| look(&i) < 500));
            if v.len() > 32 {
                v.clear(mc)
            }
            // One more than there is room for.
            let room = v.capacity().saturating_sub(v.len());
            v.extend(mc, (0..=room as u64).map(|i| item(mc, i)));
            for i in 0..8 {
                item(mc, 500 + i);
            }
        })
    };
    hammer(&heap, n(20_000, 3), &[&grower, &grower]);
    heap.mutator().unwrap().mutate(|_, all| assert!(all.iter().flat_map(|v| v.to_vec()).all(|i| look(&i) < 500)));
}

/// Hot potatoes in a map: each item is the value of one key, and moves from key to key; the map is filled with other
/// entries that come and go, so that its table is replaced all the time.  Readers take no lock.
#[test]
fn hot_potato_maps() {
    type Potatoes<'gc, M> = GcMap<'gc, ByValue<'gc, u64, M>, Gc<'gc, Item, M>, M>;
    struct One;
    impl<M: Manager> Rootable<M> for One {
        type Root<'gc> = Gc<'gc, Potatoes<'gc, M>, M>;
    }
    let heap = Heap::<One, Tricolor>::new(eager(), |mc| {
        let map = GcMap::new();
        map.extend(mc, (0..64).map(|i| (ByValue::new(mc, i), item(mc, i))));
        Gc::new(mc, map)
    })
    .unwrap();
    let mover = |m: &mut Mutator<One, Tricolor>, random: &mut Random| {
        m.mutate(|mc, map| {
            // A key of 64…127 stands for another place of the same potato.
            let potato = random.below(64) as u64;
            for (from, to) in [(potato, potato + 64), (potato + 64, potato)] {
                if let Some(value) = map.remove(mc, &from) {
                    assert_eq!(look(&value), potato);
                    assert!(map.insert(mc, ByValue::new(mc, to), value).is_none());
                    break;
                }
            }
            let other = 1000 + random.below(200) as u64;
            let old = match random.below(2) {
                0 => map.insert(mc, ByValue::new(mc, other), item(mc, other)),
                _ => map.remove(mc, &other),
            };
            assert!(old.is_none_or(|old| look(&old) == other));
            for i in 0..8 {
                item(mc, 5000 + i);
            }
        })
    };
    let reader = |m: &mut Mutator<One, Tricolor>, random: &mut Random| {
        m.mutate(|_, map| {
            for _ in 0..8 {
                let key = random.below(128) as u64;
                if let Some(value) = map.get(&key) {
                    assert_eq!(look(&value), key % 64);
                }
            }
            for (key, value) in map.iter() {
                let key = if *key < 128 { *key % 64 } else { *key };
                assert_eq!(look(&value), key);
            }
        })
    };
    hammer(&heap, n(10_000, 3), &[&mover, &mover, &reader]);
    let mut all = heap.mutator().unwrap().mutate(|_, map| {
        let mut all: Vec<u64> = map.values().map(|i| look(&i)).filter(|&id| id < 64).collect();
        all.sort_unstable();
        all
    });
    assert_eq!(all.len(), 64, "no potato is lost, none is there twice");
    all.dedup();
    assert_eq!(all, (0..64).collect::<Vec<_>>());
}

/// Keys that nothing keeps are found in the map, kept and dropped again, while collections clear what they can; a value lives
/// exactly as long as its key.
#[test]
fn weak_maps_race() {
    type Known<'gc, M> = GcWeakMap<'gc, Item, Gc<'gc, Item, M>, M>;
    #[derive(Trace)]
    struct Weak<'gc, M: Manager> {
        map: Known<'gc, M>,
        keys: Items<'gc, M>,
    }
    struct One;
    impl<M: Manager> Rootable<M> for One {
        type Root<'gc> = Gc<'gc, Weak<'gc, M>, M>;
    }
    let config = Config { zeal: Some(400), ..eager() };
    let heap = Heap::<One, Tricolor>::new(config, |mc| Gc::new(mc, Weak { map: GcWeakMap::new(), keys: GcVec::new() }))
        .unwrap();
    let worker = |m: &mut Mutator<One, Tricolor>, random: &mut Random| {
        m.mutate(|mc, weak| match random.below(6) {
            0 | 1 => {
                let id = random.below(1000) as u64;
                let key = item(mc, id);
                assert!(weak.map.insert(mc, &key, item(mc, id + 5000)).is_none());
                weak.keys.push(mc, key);
            }
            2 => {
                // Kept by the map's word alone until now, perhaps.
                let found = weak.map.iter(mc).nth(random.below(8));
                if let Some((key, value)) = found {
                    assert_eq!(look(&key) + 5000, look(&value));
                    weak.keys.push(mc, key)
                }
            }
            3 => {
                while weak.keys.len() > 40 {
                    weak.keys.pop(mc);
                }
            }
            4 => {
                if let Some(key) = weak.keys.get(random.below(40)) {
                    weak.map.insert(mc, &key, item(mc, look(&key) + 5000));
                }
            }
            _ => {
                for key in &weak.keys {
                    let value = weak.map.get(&key).expect("a living key keeps its value");
                    assert_eq!(look(&key) + 5000, look(&value));
                }
            }
        });
        m.mutate(|mc, _| {
            for i in 0..8 {
                item(mc, 20_000 + i);
            }
        })
    };
    hammer(&heap, n(10_000, 3), &[&worker, &worker]);
}

/// `None` where it is a value: never read of a place that only ever held something else, or nothing.
#[test]
fn none_is_not_read_of_what_was_popped() {
    type Maybe<'gc> = GcVec<'gc, Option<Gc<'gc, Item, Tricolor>>, Tricolor>;
    struct Maybes;
    impl Rootable<Tricolor> for Maybes {
        type Root<'gc> = Maybe<'gc>;
    }
    let heap = Heap::<Maybes, Tricolor>::new(Config::default(), |_| GcVec::new()).unwrap();
    beside(
        &heap,
        &|mc, v| {
            let some = item(mc, 1);
            for _ in 0..n(1000, 10) {
                v.push(mc, Some(some));
                assert!(v.pop(mc).flatten().is_some());
            }
        },
        &|_, v| (0..n(1000, 10)).for_each(|_| assert!(!matches!(v.get(0), Some(None)), "never stored")),
    )
}

/// An empty vector that is shrunk while another thread puts something in keeps what was put in.
#[test]
fn nothing_pushed_is_lost_to_a_shrinking() {
    struct One;
    impl Rootable<Tricolor> for One {
        type Root<'gc> = Items<'gc, Tricolor>;
    }
    let heap = Heap::<One, Tricolor>::new(Config::default(), |_| GcVec::new()).unwrap();
    beside(
        &heap,
        &|mc, v| {
            let only = item(mc, 1);
            for _ in 0..n(1000, 10) {
                v.push(mc, only);
                assert!(v.pop(mc).is_some_and(|i| look(&i) == 1), "lost");
            }
        },
        &|mc, v| (0..n(1000, 10)).for_each(|_| v.shrink_to_fit(mc)),
    )
}

/// Runs the two, each on a thread of its own and in session after session, for two seconds or until one panics.
fn beside<R: Rootable<Tricolor>>(
    heap: &Heap<R, Tricolor>,
    one: &(dyn for<'gc> Fn(&'gc Mutation<'gc, Tricolor>, &R::Root<'gc>) + Sync),
    other: &(dyn for<'gc> Fn(&'gc Mutation<'gc, Tricolor>, &R::Root<'gc>) + Sync),
) where
    Heap<R, Tricolor>: Sync,
{
    let (over, begin) = (AtomicBool::new(false), Instant::now());
    std::thread::scope(|s| {
        for f in [one, other] {
            let over = &over;
            s.spawn(move || {
                let mut m = heap.mutator().unwrap();
                let mut rounds = 0;
                while !over.load(Relaxed) {
                    let end = catch_unwind(AssertUnwindSafe(|| m.mutate(|mc, root| f(mc, root))));
                    rounds += 1;
                    let enough = if cfg!(miri) { rounds == 3 } else { begin.elapsed() > Duration::from_secs(2) };
                    if enough || end.is_err() {
                        over.store(true, Relaxed)
                    }
                    if let Err(panic) = end {
                        std::panic::resume_unwind(panic)
                    }
                }
            });
        }
    });
    heap.mutator().unwrap().verify().unwrap();
}
