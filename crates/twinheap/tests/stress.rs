//! Races of mutators with the collector: random graphs, hot potatoes, weak references, finalizers, threads that come
//! and go, limits that several of them meet.  User code: no `unsafe`, generic in the manager.
//!
//! The *hot potato*: every payload has exactly one pointer to it, which moves all the time, and freed blocks are filled
//! again at once, so that one lost reference is seen.  (Random graphs are too well connected: they hide lost ones.)
//! Not what one thread can check (`tests/tricolor.rs`), not protocols alone (`tests/loom.rs`).
#![cfg(not(loom))]
#![forbid(unsafe_code)]
#![allow(clippy::type_complexity, reason = "cells of vectors of handles are what is tested")]

#[path = "stress/potato.rs"]
mod potato;

use potato::{Hand, Hands, MAGIC, Potato, Random, hands, pair, pass_in_slots, potato, whole};
use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    time::Duration,
};
use twinheap::{
    Config, Finalize, Gc, GcCell, GcWeak, Heap, Manager, Mutation, Mutator, RefCount, Request, Root, Rootable, Slot,
    Static, Threaded, Trace, Tricolor, TricolorSolo, Val, ValSlot,
};

/// `big` normally, `miri` under Miri.
fn n(big: usize, miri: usize) -> usize {
    if cfg!(miri) { miri } else { big }
}
fn config(min_heap: usize) -> Config {
    // Three that mark, on any machine, and every marking is checked in a stop (Go's gccheckmark).
    Config { min_heap_bytes: min_heap, gogc: Some(50), mark_workers: Some(3), check_marks: true, ..Config::default() }
}

/// Collects without end until told to stop, from a thread and a mutator of its own.
fn collecting<R: Rootable<M>, M: Threaded>(heap: &Heap<R, M>, work: impl FnOnce() + Send)
where
    Heap<R, M>: Sync,
{
    let stop = AtomicBool::new(false);
    std::thread::scope(|s| {
        s.spawn(|| {
            let mut mutator = heap.mutator().unwrap();
            while !stop.load(Relaxed) {
                mutator.collect(Request::FULL);
                std::thread::yield_now();
            }
        });
        let end = catch_unwind(AssertUnwindSafe(work));
        stop.store(true, Relaxed);
        if let Err(panic) = end {
            std::panic::resume_unwind(panic)
        }
    });
}

/// Repeats `work` `times` times, and on until there were as many collections: on a busy machine the collector's thread
/// may not run for long, and then nothing races.
fn repeat<R: Rootable<M>, M: Manager>(heap: &Heap<R, M>, times: usize, collections: u64, mut work: impl FnMut(u64)) {
    let begin = std::time::Instant::now();
    let mut i = 0;
    while i < times as u64
        || !cfg!(miri) && heap.stats().collections < collections && begin.elapsed() < Duration::from_secs(20)
    {
        for _ in 0..if cfg!(miri) { 1 } else { 64 } {
            work(i);
            i += 1;
        }
    }
}

// ---- a random graph, everything in it mutable ---------------------------------------------------------------------

#[derive(Trace)]
struct Node<'gc, M: Manager> {
    id: u64,
    check: u64,
    name: String,
    next: Slot<'gc, Node<'gc, M>, M>,
    value: ValSlot<'gc, M>,
    kids: GcCell<Vec<Gc<'gc, Node<'gc, M>, M>>, M>,
    map: GcCell<HashMap<u64, Gc<'gc, Node<'gc, M>, M>>, M>,
}
#[derive(Trace)]
struct Table<'gc, M: Manager> {
    all: GcCell<Vec<Gc<'gc, Node<'gc, M>, M>>, M>,
    nested: GcCell<Vec<GcCell<Vec<Gc<'gc, Node<'gc, M>, M>>, M>>, M>,
}
struct Graph;
impl<M: Manager> Rootable<M> for Graph {
    type Root<'gc> = Gc<'gc, Table<'gc, M>, M>;
}

fn node<'gc, M: Manager>(mc: &Mutation<'gc, M>, id: u64) -> Gc<'gc, Node<'gc, M>, M> {
    let node = Node {
        id,
        check: id ^ MAGIC,
        name: format!("n{id}"),
        next: Slot::empty(),
        value: ValSlot::new(Val::payload(id << 3 | 1)),
        kids: GcCell::default(),
        map: GcCell::default(),
    };
    Gc::new(mc, node)
}
fn check<M: Manager>(node: &Node<'_, M>) {
    assert_eq!(node.id ^ MAGIC, node.check);
    assert_eq!(node.name, format!("n{}", node.id));
}
fn table<'gc, M: Manager>(mc: &Mutation<'gc, M>, size: u64) -> Gc<'gc, Table<'gc, M>, M> {
    let all = (0..size).map(|i| node(mc, i)).collect();
    let table = Gc::new(mc, Table { all: GcCell::new(all), nested: GcCell::default() });
    for i in 0..4 {
        table.nested.borrow_mut(mc).push(GcCell::new(vec![node(mc, 1000 + i)]))
    }
    table
}
fn pick<'gc, M: Manager>(table: &Table<'gc, M>, random: &mut Random) -> Gc<'gc, Node<'gc, M>, M> {
    let mut at = {
        let all = table.all.borrow();
        all[random.below(all.len())].clone()
    };
    for _ in 0..random.below(6) {
        check(&at);
        let next = match random.below(4) {
            0 => at.next.get(),
            1 => {
                let kids = at.kids.borrow();
                if kids.is_empty() { None } else { Some(kids[random.below(kids.len())].clone()) }
            }
            2 => at.value.get().downcast_ref::<Node<'gc, M>>().cloned(),
            _ => at.map.borrow().values().next().cloned(),
        };
        match next {
            Some(next) => at = next,
            None => break,
        }
    }
    check(&at);
    at
}
fn step<'gc, M: Manager>(mc: &Mutation<'gc, M>, table: &Table<'gc, M>, random: &mut Random, ids: &mut u64) {
    let (a, b) = (pick(table, random), pick(table, random));
    match random.below(12) {
        0 => a.next.set(mc, Some(b)),
        1 => {
            // The only pointer moves from a slot into a cell.
            if let Some(old) = a.next.take(mc) {
                check(&old);
                b.kids.borrow_mut(mc).push(old)
            }
        }
        2 => {
            a.kids.borrow_mut(mc).push(b);
            let mut kids = a.kids.borrow_mut(mc);
            if kids.len() > 8 {
                kids.drain(..4);
            }
        }
        3 => {
            let taken = std::mem::take(&mut *a.kids.borrow_mut(mc));
            taken.iter().for_each(|x| check(x));
            *b.kids.borrow_mut(mc) = taken
        }
        4 => {
            let mut map = a.map.borrow_mut(mc);
            map.insert(b.id, b.clone());
            if map.len() > 6 {
                map.clear()
            }
        }
        5 => {
            *ids += 1;
            let new = node(mc, *ids);
            new.next.set(mc, Some(b));
            new.kids.borrow_mut(mc).push(a.clone());
            a.map.borrow_mut(mc).insert(*ids, new);
        }
        6 => {
            *ids += 1;
            let new = node(mc, *ids);
            let at = random.below(table.all.borrow().len());
            let old = std::mem::replace(&mut table.all.borrow_mut(mc)[at], new);
            b.next.set(mc, Some(old))
        }
        7 => {
            // A whole inner cell leaves its place.
            let mut nested = table.nested.borrow_mut(mc);
            let at = random.below(nested.len());
            let inner = std::mem::replace(&mut nested[at], GcCell::new(vec![a]));
            for x in inner.into_inner() {
                check(&x);
                b.kids.borrow_mut(mc).push(x)
            }
        }
        8 => {
            let nested = table.nested.borrow();
            let at = random.below(nested.len());
            let mut cell = nested[at].borrow_mut(mc);
            cell.push(a);
            if cell.len() > 5 {
                cell.drain(1..).for_each(|x| check(&x))
            }
        }
        9 => {
            let mut nested = table.nested.borrow_mut(mc);
            let len = nested.len();
            nested.swap(0, len - 1);
            let at = random.below(len);
            nested[at].get_mut().push(b)
        }
        10 => a.value.set(mc, Val::from_gc(b)),
        _ => {
            let old = a.value.replace(mc, Val::payload(a.id << 3 | 1));
            if let Ok(old) = old.downcast::<Node<'gc, M>>() {
                check(&old);
                b.value.set(mc, Val::from_gc(old))
            }
        }
    }
}
fn mutate_graph<M: Manager>(mutator: &mut Mutator<Graph, M>, sessions: usize, steps: usize, seed: u64) {
    let mut random = Random(seed);
    let mut ids = seed << 32;
    for _ in 0..sessions {
        mutator.mutate(|mc, table| {
            for _ in 0..steps {
                step(mc, table, &mut random, &mut ids)
            }
        })
    }
}

#[test]
fn graph_two_mutators() {
    let heap = Heap::<Graph, Tricolor>::new(config(n(1 << 16, 1 << 11)), |mc| table(mc, 16)).unwrap();
    collecting(&heap, || {
        std::thread::scope(|s| {
            for k in 1..=2 {
                let mut mutator = heap.mutator().unwrap();
                s.spawn(move || mutate_graph(&mut mutator, n(4_000, 6), n(50, 10), k * 7919));
            }
        })
    });
    assert!(heap.stats().collections > 0);
    heap.mutator().unwrap().verify().unwrap();
}

#[test]
fn graph_solo() {
    let heap = Heap::<Graph, TricolorSolo>::new(config(n(1 << 16, 1 << 11)), |mc| table(mc, 16)).unwrap();
    let mut mutator = heap.mutator().unwrap();
    for i in 1..=n(100, 2) as u64 {
        mutate_graph(&mut mutator, n(100, 4), n(50, 10), i * 31);
        if i % 10 == 0 {
            mutator.collect(Request::FULL);
            mutator.verify().unwrap();
        }
    }
    assert!(heap.stats().collections > 0);
}

#[test]
fn graph_under_zeal() {
    let config = Config { zeal: Some(n(20, 5) as u32), ..config(1 << 30) };
    let heap = Heap::<Graph, TricolorSolo>::new(config, |mc| table(mc, 16)).unwrap();
    let mut mutator = heap.mutator().unwrap();
    mutate_graph(&mut mutator, n(3_000, 20), n(20, 5), 77);
    assert_eq!(heap.stats().collections, 0, "zeal is invisible");
    assert!(heap.stats().objects_marked > 0);
    mutator.verify().unwrap();
}

/// Counting: no threads, but collections inside any allocation, and counts that must come out even.
#[test]
fn graph_counted() {
    for zeal in [None, Some(n(20, 40) as u32)] {
        let config = Config { thresholds: [n(500, 40) as i64, 3, 3], zeal, ..Config::default() };
        let heap = Heap::<Graph, RefCount>::new(config, |mc| table(mc, 16)).unwrap();
        let mut mutator = heap.mutator().unwrap();
        for i in 1..=n(if zeal.is_none() { 40 } else { 1 }, 2) as u64 {
            mutate_graph(&mut mutator, n(100, 4), n(50, 10), i * 31);
            mutator.verify().unwrap();
        }
        mutator.mutate(|mc, table| {
            table.all.borrow_mut(mc).clear();
            table.nested.borrow_mut(mc).clear();
        });
        mutator.collect(Request::FULL);
        mutator.verify().unwrap();
        let live: usize = heap.stats().ladder.classes.iter().map(|c| c.live_blocks).sum();
        assert_eq!(live, 2, "the root object and the table");
    }
}

// ---- hot potato ---------------------------------------------------------------------------------------------------

/// Garbage: fills freed blocks, so that what was lost is overwritten.
fn garbage<'gc, M: Manager>(mc: &Mutation<'gc, M>) {
    potato(mc, 1 << 40);
}
fn pass_in_cells<'gc, M: Manager>(mc: &Mutation<'gc, M>, a: &Hand<'gc, M>, b: &Hand<'gc, M>) {
    let popped = a.cell.borrow_mut(mc).pop();
    if let Some(p) = popped {
        pair(&p);
        b.cell.borrow_mut(mc).push(p)
    }
}
fn play<M: Manager>(mutator: &mut Mutator<Hands, M>, range: (usize, usize), slots: bool, rounds: usize, seed: u64) {
    let mut random = Random(seed);
    let (low, high) = range;
    for _ in 0..rounds {
        mutator.mutate(|mc, hands| {
            for _ in 0..20 {
                let (a, b) = (low + random.below(high - low), low + random.below(high - low));
                if slots {
                    pass_in_slots(mc, &hands[a], &hands[b])
                } else {
                    pass_in_cells(mc, &hands[a], &hands[b])
                }
                if random.below(8) == 0 {
                    garbage(mc);
                }
            }
        })
    }
    mutator.mutate(|_, hands| {
        for hand in &hands[low..high] {
            for p in hand.slot.get().iter().chain(hand.cell.borrow().iter()) {
                pair(p)
            }
        }
    });
}
fn potato_game(slots: bool) {
    let count = n(2000, 8);
    let heap = Heap::<Hands, Tricolor>::new(config(n(1 << 14, 1 << 11)), |mc| hands(mc, 2 * count)).unwrap();
    collecting(&heap, || {
        std::thread::scope(|s| {
            for t in 0..2 {
                let (heap, mut mutator) = (&heap, heap.mutator().unwrap());
                s.spawn(move || {
                    // Slots are passed on by one thread each: moving by load and store is no transaction.
                    let range = if slots { (t * count, t * count + count) } else { (0, 2 * count) };
                    repeat(heap, n(64, 2), 300, |i| {
                        play(&mut mutator, range, slots, n(100, 5), t as u64 * 977 + i * 13 + 1)
                    });
                });
            }
        })
    });
    heap.mutator().unwrap().verify().unwrap();
}
#[test]
fn hot_potato_cells() {
    potato_game(false)
}
#[test]
fn hot_potato_slots() {
    potato_game(true)
}
#[test]
fn hot_potato_solo() {
    let heap = Heap::<Hands, TricolorSolo>::new(config(n(1 << 14, 1 << 11)), |mc| hands(mc, n(2000, 8))).unwrap();
    let mut mutator = heap.mutator().unwrap();
    for i in 0..n(100, 2) as u64 {
        play(&mut mutator, (0, n(2000, 8)), i % 2 == 0, n(100, 5), i * 13 + 1);
    }
    assert!(cfg!(miri) || heap.stats().collections > 0);
    mutator.collect(Request::FULL);
    mutator.verify().unwrap();
}

#[test]
fn hot_potato_counted() {
    let count = n(200, 8);
    let config = Config { thresholds: [n(300, 20) as i64, 2, 2], ..Config::default() };
    let heap = Heap::<Hands, RefCount>::new(config, |mc| hands(mc, count)).unwrap();
    let mut mutator = heap.mutator().unwrap();
    let live = |mutator: &Mutator<Hands, RefCount>| -> usize {
        mutator.stats().ladder.classes.iter().map(|c| c.live_blocks).sum()
    };
    let before = live(&mutator);
    for i in 0..n(100, 2) as u64 {
        play(&mut mutator, (0, count), i % 2 == 0, n(100, 5), i * 13 + 1);
        mutator.verify().unwrap();
    }
    mutator.collect(Request::FULL);
    assert_eq!(live(&mutator), before, "nobody lost a potato, and nothing else was left");
}

// ---- roots that come and go -----------------------------------------------------------------------------------------

struct One;
impl<M: Manager> Rootable<M> for One {
    type Root<'gc> = Gc<'gc, Potato<'gc, M>, M>;
}
/// Roots that are there all the time: marking them takes a while, and the newest comes last.
fn many_roots<R: Rootable<Tricolor>>(mutator: &mut Mutator<R, Tricolor>) -> Vec<Root<One, Tricolor>> {
    (0..n(10_000, 3) as u64).map(|i| mutator.root(|mc, _| potato(mc, i * 10))).collect()
}
/// A potato that only a `Root` holds goes into an object born while the collector marks, and the `Root` is dropped.
#[test]
fn root_is_dropped_while_its_potato_moves() {
    let heap = Heap::<Hands, Tricolor>::new(config(n(1 << 14, 1 << 11)), |mc| hands(mc, 4)).unwrap();
    collecting(&heap, || {
        let mut mutator = heap.mutator().unwrap();
        let _roots = many_roots(&mut mutator);
        repeat(&heap, n(100, 10), 200, |i| {
            let i = i + 1;
            let root: Root<One, Tricolor> = mutator.root(|mc, _| potato(mc, i * 10));
            // So that a collection begins here.
            std::thread::sleep(Duration::from_micros(i * 91 % 1500));
            mutator.mutate(|mc, hands| {
                // Black if the collector marks: what it refers to is not looked at again.
                let new = potato(mc, i * 10 - 1);
                new.child.set(mc, Some(*root.get(mc)));
                drop(root);
                hands[0].slot.set(mc, Some(new));
            });
            mutator.collect(Request::FULL);
            mutator.mutate(|mc, hands| {
                (0..20).for_each(|_| garbage(mc));
                let new = hands[0].slot.get().unwrap();
                pair(&new);
                pair(&new.child.get().unwrap());
            });
        });
    });
    heap.mutator().unwrap().verify().unwrap();
}

/// What is born stays, also when it is born into a span that waits for its sweep.
#[test]
fn births_survive() {
    let count = n(3000, 20);
    let heap = Heap::<Hands, Tricolor>::new(config(n(1 << 14, 1 << 11)), |mc| hands(mc, count)).unwrap();
    collecting(&heap, || {
        let mut mutator = heap.mutator().unwrap();
        let mut random = Random(5);
        repeat(&heap, n(5_000, 20), 300, |i| {
            mutator.mutate(|mc, hands| {
                for k in 0..10 {
                    // Of one number in ten thousand, so that a stranger in the block is seen.
                    let hand = &hands[random.below(count)];
                    pair_or_empty(hand);
                    hand.slot.set(mc, Some(potato(mc, (i * 10 + k) * 2)));
                    *hand.cell.borrow_mut(mc) = vec![hand.slot.get().unwrap()];
                }
            })
        });
        mutator.mutate(|_, hands| hands.iter().for_each(|h| pair_or_empty(h)));
    });
    heap.mutator().unwrap().verify().unwrap();
}
fn pair_or_empty<M: Manager>(hand: &Hand<'_, M>) {
    if let Some(p) = hand.slot.get() {
        pair(&p);
        if let [q] = hand.cell.borrow().as_slice() {
            assert_eq!(p.id, q.id)
        }
    }
}

// ---- threads that come and go ---------------------------------------------------------------------------------------

#[test]
fn threads_come_and_go() {
    let count = n(500, 8);
    let heap = Heap::<Hands, Tricolor>::new(config(n(1 << 14, 1 << 11)), |mc| hands(mc, count)).unwrap();
    collecting(&heap, || {
        for i in 0..n(150, 3) as u64 {
            std::thread::scope(|s| {
                for t in 0..2 {
                    let heap = &heap;
                    s.spawn(move || {
                        let mut mutator = heap.mutator().unwrap();
                        play(&mut mutator, (0, count), false, n(10, 3), i * 77 + t + 1);
                    });
                }
            })
        }
    });
    heap.mutator().unwrap().verify().unwrap();
}

/// Mutators are dropped while the collector marks, with their gray buffers full: what is in them must not be lost (H9).
#[test]
fn mutator_goes_with_gray_objects() {
    let count = n(4000, 8);
    let heap = Heap::<Hands, Tricolor>::new(config(n(1 << 14, 1 << 11)), |mc| hands(mc, count)).unwrap();
    collecting(&heap, || {
        let mut random = Random(99);
        repeat(&heap, n(5_000, 20), 300, |_| {
            let mut mutator = heap.mutator().unwrap();
            mutator.mutate(|mc, hands| {
                for _ in 0..10 {
                    pass_in_cells(mc, &hands[random.below(count)], &hands[random.below(count)]);
                }
                garbage(mc);
            });
        });
    });
    heap.mutator().unwrap().mutate(|_, hands| {
        for hand in hands.iter() {
            for p in hand.cell.borrow().iter() {
                pair(p)
            }
        }
    });
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
/// Targets die, are upgraded at the last moment, and are dropped again, all the time.
fn weak_race(config: Config, rounds: usize) {
    let count = n(300, 6);
    let heap = Heap::<Watch, Tricolor>::new(config, |mc| {
        let all = (0..count).map(|_| Gc::new(mc, Watched { strong: Slot::empty(), weak: GcCell::default() }));
        let all = all.collect();
        Gc::new(mc, all)
    })
    .unwrap();
    // So that marking takes a while.
    let _roots = many_roots(&mut heap.mutator().unwrap());
    let saved = AtomicU64::new(0);
    let died = AtomicU64::new(0);
    collecting(&heap, || {
        std::thread::scope(|s| {
            for t in 0..2 {
                let mut mutator = heap.mutator().unwrap();
                let (saved, died) = (&saved, &died);
                s.spawn(move || {
                    let mut random = Random(t * 131 + 7);
                    for i in 0..rounds as u64 {
                        mutator.mutate(|mc, all| {
                            for _ in 0..4 {
                                let w = &all[random.below(count)];
                                let weak = w.weak.borrow().clone();
                                match weak.and_then(|weak| weak.upgrade(mc)) {
                                    Some(p) => {
                                        pair(&p);
                                        saved.fetch_add(1, Relaxed);
                                        // Held by the one pointer again, or let go.
                                        w.strong.set(mc, random.below(2).eq(&0).then_some(p));
                                    }
                                    None => {
                                        died.fetch_add(1, Relaxed);
                                        let p = potato(mc, i);
                                        *w.weak.borrow_mut(mc) = Some(p.downgrade(mc));
                                        w.strong.set(mc, random.below(2).eq(&0).then_some(p));
                                    }
                                }
                            }
                            potato(mc, i);
                        })
                    }
                });
            }
        })
    });
    assert!(saved.load(Relaxed) > 0 && died.load(Relaxed) > 0);
    heap.mutator().unwrap().verify().unwrap();
}
#[test]
fn weak_upgrades_race() {
    weak_race(config(n(1 << 14, 1 << 11)), n(30_000, 30))
}
/// Freed blocks are poison here: a box that nobody wrote yet has a target that is none (heap.md §0 item 4).
#[test]
fn weak_upgrades_race_under_zeal() {
    weak_race(Config { zeal: Some(10), ..config(n(1 << 14, 1 << 11)) }, n(30_000, 10))
}

// ---- finalizers -----------------------------------------------------------------------------------------------------

static FINALIZED: AtomicU64 = AtomicU64::new(0);
static TWICE: AtomicU64 = AtomicU64::new(0);

#[derive(Trace)]
#[trace(finalize)]
struct Mortal<'gc, M: Manager> {
    id: u64,
    check: u64,
    runs: Static<std::sync::atomic::AtomicU32>,
    potato: Slot<'gc, Potato<'gc, M>, M>,
    other: GcCell<Option<Gc<'gc, Mortal<'gc, M>, M>>, M>,
}
impl<'gc, M: Manager> Finalize<'gc, M> for Mortal<'gc, M> {
    fn finalize(this: &Gc<'gc, Self, M>, mc: &'gc Mutation<'gc, M>) {
        assert_eq!(this.id ^ MAGIC, this.check);
        let p = this.potato.get().expect("a finalizer sees its object whole");
        whole(&p);
        whole(&p.child.get().unwrap());
        if let Some(other) = &*this.other.borrow() {
            assert_eq!(other.id ^ MAGIC, other.check);
        }
        FINALIZED.fetch_add(1, Relaxed);
        if this.runs.0.fetch_add(1, Relaxed) > 0 {
            TWICE.fetch_add(1, Relaxed);
        }
        // Changes the resurrected graph, and allocates.
        this.potato.set(mc, Some(potato(mc, this.id)));
        *this.other.borrow_mut(mc) = None;
    }
}
fn mortal<'gc, M: Manager>(mc: &Mutation<'gc, M>, id: u64) -> Gc<'gc, Mortal<'gc, M>, M> {
    Gc::new(
        mc,
        Mortal {
            id,
            check: id ^ MAGIC,
            runs: Static(0.into()),
            potato: Slot::new(Some(potato(mc, id))),
            other: GcCell::default(),
        },
    )
}
struct Mortals;
impl<M: Manager> Rootable<M> for Mortals {
    type Root<'gc> = GcCell<Vec<Gc<'gc, Mortal<'gc, M>, M>>, M>;
}
#[test]
fn finalizers_storm() {
    let heap = Heap::<Mortals, Tricolor>::new(config(n(1 << 14, 1 << 11)), |_| GcCell::default()).unwrap();
    let made = AtomicU64::new(0);
    collecting(&heap, || {
        std::thread::scope(|s| {
            for t in 0..2 {
                let mut mutator = heap.mutator().unwrap();
                let made = &made;
                s.spawn(move || {
                    for i in 0..n(10_000, 20) as u64 {
                        mutator.mutate(|mc, all| {
                            // A cycle of two: Go would keep it for ever.
                            let (a, b) = (mortal(mc, i * 2 + t), mortal(mc, i * 2 + t));
                            *a.other.borrow_mut(mc) = Some(b);
                            *b.other.borrow_mut(mc) = Some(a);
                            made.fetch_add(2, Relaxed);
                            let mut all = all.borrow_mut(mc);
                            all.push(a);
                            if all.len() > 10 {
                                all.drain(..5);
                            }
                        })
                    }
                });
            }
        })
    });
    let mut mutator = heap.mutator().unwrap();
    mutator.mutate(|mc, all| all.borrow_mut(mc).clear());
    mutator.collect(Request::FULL);
    mutator.collect(Request::FULL);
    mutator.mutate(|_, _| {});
    mutator.verify().unwrap();
    assert_eq!(TWICE.load(Relaxed), 0, "a finalizer ran twice");
    assert_eq!(FINALIZED.load(Relaxed), made.load(Relaxed));
    assert_eq!(heap.stats().finalizer_panics, 0);
}

/// What the queue held alone goes into an object that is born while the collector marks.
#[test]
fn queue_is_drained_while_marking() {
    let config = Config { finalizers: twinheap::config::Finalizers::Manual, ..config(n(1 << 14, 1 << 11)) };
    let heap = Heap::<Mortals, Tricolor>::new(config, |_| GcCell::default()).unwrap();
    collecting(&heap, || {
        let mut mutator = heap.mutator().unwrap();
        // They take a while to be marked, before the queue is.
        let roots = many_roots(&mut mutator);
        // As many as are ever waiting, living or dying: each that leaves the queue makes one.
        mutator.mutate(|mc, _| (0..n(300, 5) as u64).map(|i| mortal(mc, i * 10).id).sum::<u64>());
        repeat(&heap, n(5_000, 20), 300, |i| {
            mutator.mutate(|mc, all| {
                if let Some(twinheap::Pending::Finalize { object: any, .. }) = mc.next_pending() {
                    let Ok(dead) = any.downcast::<Mortal<'_, Tricolor>>() else { panic!("only mortals are finalized") };
                    // Or the dead would hold each other in a row without end.
                    *dead.other.borrow_mut(mc) = None;
                    let new = mortal(mc, i * 10);
                    *new.other.borrow_mut(mc) = Some(dead);
                    let mut all = all.borrow_mut(mc);
                    all.push(new);
                    if all.len() > 8 {
                        let new = all.remove(0);
                        let dead = new.other.borrow().expect("it was put in");
                        assert_eq!((dead.id ^ MAGIC, new.id ^ MAGIC), (dead.check, new.check));
                        let p = dead.potato.get().expect("a queued object is whole");
                        assert_eq!(p.id, dead.id);
                        pair(&p);
                    }
                }
                garbage(mc);
            });
        });
        drop(roots);
    });
    heap.mutator().unwrap().verify().unwrap();
    println!("{} collections", heap.stats().collections);
}

// ---- panics, guards --------------------------------------------------------------------------------------------------

#[test]
fn panics_in_sessions() {
    let heap = Heap::<Graph, Tricolor>::new(config(1 << 12), |mc| table(mc, 4)).unwrap();
    let mut mutator = heap.mutator().unwrap();
    for i in 0..n(50, 3) as u64 {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            mutator.mutate(|mc, table| {
                let _guard = table.all.borrow_mut(mc);
                node(mc, i);
                std::panic::resume_unwind(Box::new("on purpose"))
            })
        }));
        assert!(outcome.is_err());
        mutator.collect(Request::FULL);
        mutator.mutate(|mc, table| {
            table.all.borrow_mut(mc).push(node(mc, 3));
            table.all.borrow().iter().for_each(|x| check(x))
        })
    }
}
/// A forgotten guard leaves the borrow word stuck, never the scan word: what is inside stays alive (I11).
#[test]
fn forgotten_guard_is_still_traced() {
    let heap = Heap::<Graph, Tricolor>::new(config(1 << 20), |mc| table(mc, 4)).unwrap();
    let mut mutator = heap.mutator().unwrap();
    mutator.mutate(|mc, table| {
        let all = table.all.borrow();
        all[0].kids.borrow_mut(mc).push(node(mc, 77));
        std::mem::forget(all[0].kids.borrow());
    });
    for _ in 0..3 {
        mutator.collect(Request::FULL);
        mutator.mutate(|mc, _| (0..n(1000, 10) as u64).map(|i| node(mc, i).id).sum::<u64>());
    }
    mutator.mutate(|_, table| {
        let all = table.all.borrow();
        let kids = all[0].kids.borrow();
        assert_eq!(kids[0].id, 77);
        check(&kids[0])
    });
}

// ---- limits that threads meet together ---------------------------------------------------------------------------------

/// A link of a kibibyte.
#[derive(Trace)]
struct Link<'gc, M: Manager> {
    id: u64,
    filling: Static<[u64; 120]>,
    next: Option<Gc<'gc, Link<'gc, M>, M>>,
}
type Chain<'gc, M> = GcCell<Option<Gc<'gc, Link<'gc, M>, M>>, M>;
/// Each thread's chain.
struct Chains;
impl<M: Manager> Rootable<M> for Chains {
    type Root<'gc> = [Chain<'gc, M>; 2];
}
/// One link more, born whole or not at all; true if there was no room, and then the chain, having been looked at, is let go.
fn grow<'gc, M: Manager>(mc: &Mutation<'gc, M>, chain: &Chain<'gc, M>, len: &mut u64) -> bool {
    let next = chain.borrow().clone();
    match Gc::try_new(mc, Link { id: *len + 1, filling: Static([*len + 1; 120]), next }) {
        Ok(link) => {
            *len += 1;
            *chain.borrow_mut(mc) = Some(link);
            false
        }
        Err(no_room) => {
            assert_eq!(no_room.value.id, *len + 1, "what finds no room is given back");
            let mut at = chain.borrow_mut(mc).take();
            while let Some(link) = at {
                assert_eq!((link.id, link.filling.0[0], link.filling.0[119]), (*len, *len, *len));
                *len -= 1;
                at = link.next.clone()
            }
            assert_eq!(*len, 0, "a chain has lost its end");
            true
        }
    }
}
const LIMIT: usize = if cfg!(miri) { 512 << 10 } else { 8 << 20 };

/// Two threads fill a heap to its hard limit, again and again: births are refused, the limit is kept, and what was let go is
/// room again.
#[test]
fn hard_limit_met_by_two() {
    let config = Config { max_heap_bytes: Some(LIMIT), gogc: None, ..config(1 << 16) };
    let heap = Heap::<Chains, Tricolor>::new(config, |_| Default::default()).unwrap();
    std::thread::scope(|s| {
        for t in 0..2 {
            let heap = &heap;
            s.spawn(move || {
                let mut mutator = heap.mutator().unwrap();
                let (mut len, mut refusals, mut most) = (0, 0, 0);
                while refusals < n(30, 2) {
                    mutator.mutate(|mc, chains| {
                        for _ in 0..8 {
                            refusals += usize::from(grow(mc, &chains[t], &mut len));
                            most = most.max(len)
                        }
                    });
                    let used = heap.stats().used_bytes;
                    assert!(used <= LIMIT, "{used} bytes are used of {LIMIT}");
                }
                assert!(most as usize > LIMIT / 1024 / 8, "there was room for {most} links alone");
            });
        }
    });
    let mut mutator = heap.mutator().unwrap();
    mutator.mutate(|mc, chains| chains.iter().for_each(|chain| *chain.borrow_mut(mc) = None));
    mutator.collect(Request::FULL);
    mutator.verify().unwrap();
}

/// Under a soft limit nothing is refused, collections begin because of it alone, and little is held at rest.
#[test]
fn soft_limit_met_by_two() {
    let config = Config { memory_limit_bytes: Some(LIMIT), gogc: None, ..config(1 << 16) };
    let heap = Heap::<Chains, Tricolor>::new(config, |_| Default::default()).unwrap();
    std::thread::scope(|s| {
        for t in 0..2 {
            let mut mutator = heap.mutator().unwrap();
            s.spawn(move || {
                let mut len = 0;
                for _ in 0..n(10 * LIMIT / 1024 / 8, 100) {
                    mutator.mutate(|mc, chains| {
                        (0..8).for_each(|_| assert!(!grow(mc, &chains[t], &mut len), "a soft limit refuses nothing"));
                        if len > n(400, 40) as u64 {
                            *chains[t].borrow_mut(mc) = None;
                            len = 0
                        }
                    })
                }
            });
        }
    });
    assert!(heap.stats().collections > 0, "nothing but the limit asks for a collection");
    let mut mutator = heap.mutator().unwrap();
    mutator.collect(Request::FULL);
    mutator.verify().unwrap();
    let used = heap.stats().used_bytes;
    assert!(used <= LIMIT, "{used} bytes are held of {LIMIT}, and at most {} are alive", 2 * 1024 * n(400, 40));
}
