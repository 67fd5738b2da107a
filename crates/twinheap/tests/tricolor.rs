//! What the tricolor managers do, seen by one thread: collections, weak references, finalizers, limits, walks, what is
//! refused.  Not the races (`tests/stress.rs`), not the protocols alone (`tests/loom.rs`).
#![cfg(not(loom))]
#![forbid(unsafe_code)]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};
use twinheap::{
    Config, Finalize, Gc, GcAny, GcCell, GcStr, GcWeak, Heap, Manager, Mutation, Mutator, Pending, Request, Rootable,
    Slot, Static, Tail, Threaded, Trace, Tricolor, TricolorSolo, ValSlot, config::Finalizers, object::managed::Command,
};

#[path = "tricolor/debug.rs"]
mod debug;
#[path = "tricolor/destructors.rs"]
mod destructors;
#[path = "tricolor/marking.rs"]
mod marking;
#[path = "tricolor/pacing.rs"]
mod pacing;
#[path = "tricolor/pressure.rs"]
mod pressure;
#[path = "tricolor/weak_boxes.rs"]
mod weak_boxes;

fn n(big: usize, miri: usize) -> usize {
    if cfg!(miri) { miri } else { big }
}

#[derive(Trace)]
struct Node<'gc, M: Manager> {
    id: usize,
    next: Slot<'gc, Node<'gc, M>, M>,
}
type Nodes<'gc, M> = GcCell<Vec<Gc<'gc, Node<'gc, M>, M>>, M>;
struct R;
impl<M: Manager> Rootable<M> for R {
    type Root<'gc> = Nodes<'gc, M>;
}
fn heap<M: Manager>(config: Config) -> Heap<R, M> {
    Heap::new(config, |_| GcCell::default()).unwrap()
}
fn node<'gc, M: Manager>(mc: &Mutation<'gc, M>, id: usize) -> Gc<'gc, Node<'gc, M>, M> {
    Gc::new(mc, Node { id, next: Slot::empty() })
}

fn collects<M: Threaded>() {
    let heap = heap::<M>(Config::default());
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, root| {
        for i in 0..100 {
            let (a, b) = (node(mc, i), node(mc, i));
            a.next.set(mc, Some(b.clone()));
            b.next.set(mc, Some(a.clone()));
            if i % 10 == 0 {
                root.borrow_mut(mc).push(a)
            }
        }
    });
    assert_eq!(m.collect(Request::FULL).objects, 180);
    assert_eq!(m.collect(Request::FULL).objects, 0);
    m.mutate(|mc, root| {
        for a in root.borrow().iter() {
            assert_eq!(a.next.get().unwrap().next.get().unwrap().id, a.id)
        }
        root.borrow_mut(mc).clear()
    });
    assert_eq!(m.collect(Request::FULL).objects, 20);
    m.verify().unwrap();
    let stats = heap.stats();
    assert_eq!((stats.collections, stats.released.by_collections, stats.objects_allocated), (3, 200, 201));
    assert_eq!(stats.ladder.classes.iter().map(|c| c.live_blocks).sum::<usize>(), 1);
}
#[test]
fn cycles_are_collected() {
    collects::<Tricolor>();
    collects::<TricolorSolo>();
}

/// The exploit of heap.md H36: two mutators of a heap whose cells are made for one.
#[test]
fn a_second_solo_mutator_is_refused() {
    let heap = heap::<TricolorSolo>(Config::default());
    let first = heap.mutator().unwrap();
    assert!(heap.mutator().is_err());
    drop(first);
    assert!(heap.mutator().is_ok());
}

#[test]
fn a_nested_session_is_refused() {
    let heap = heap::<Tricolor>(Config::default());
    let (mut a, mut b) = (heap.mutator().unwrap(), heap.mutator().unwrap());
    a.mutate(|_, _| {
        assert!(catch_unwind(AssertUnwindSafe(|| b.mutate(|_, _| {}))).is_err());
        // Between two heaps sessions may nest; and a collection asked for in a session is not waited for.
        let other = self::heap::<Tricolor>(Config::default());
        other.mutator().unwrap().mutate(|_, _| {});
        assert_eq!(b.collect(Request::FULL).objects, 0);
        assert!(b.verify().is_err());
    });
    b.mutate(|_, _| {});
    b.collect(Request::FULL);
}

#[derive(Trace)]
struct Leaf {
    #[trace(static)]
    counted: Counted,
}
struct Counted(Arc<AtomicUsize>);
impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}
fn leaf<'gc, M: Manager>(mc: &Mutation<'gc, M>, drops: &Arc<AtomicUsize>) -> Gc<'gc, Leaf, M> {
    Gc::new(mc, Leaf { counted: Counted(drops.clone()) })
}

/// heap.md §0 item 11: what died before the call is dropped when it returns, also in spans that a cursor holds, and also
/// when another collection was under way.
#[test]
fn collect_returns_after_the_drops() {
    let heap = heap::<Tricolor>(Config::default());
    let drops = Arc::new(AtomicUsize::new(0));
    let mut m = heap.mutator().unwrap();
    // So that a collection takes a while.
    m.mutate(|mc, root| root.borrow_mut(mc).extend((0..n(50_000, 5)).map(|i| node(mc, i))));
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|s| {
        s.spawn(|| {
            // Collections under way, as many as go.
            let mut other = heap.mutator().unwrap();
            while !stop.load(Relaxed) {
                other.collect(Request::FULL);
            }
        });
        let mut made = 0;
        for i in 0..n(300, 5) {
            // Into the middle of a collection that runs.
            std::thread::sleep(std::time::Duration::from_micros(i as u64 * 37 % 1000));
            m.mutate(|mc, _| (0..i % 7).for_each(|_| _ = leaf(mc, &drops)));
            made += i % 7;
            m.collect(Request::FULL);
            if drops.load(Relaxed) != made {
                stop.store(true, Relaxed);
                panic!("round {i}: {} of {made} dropped", drops.load(Relaxed));
            }
        }
        stop.store(true, Relaxed);
    });
    m.verify().unwrap();
}

#[test]
fn everything_is_dropped_with_the_heap_whoever_goes_last() {
    for order in 0..3 {
        let heap = heap::<Tricolor>(Config::default());
        let drops = Arc::new(AtomicUsize::new(0));
        let mut m = heap.mutator().unwrap();
        m.mutate(|mc, _| (0..10).for_each(|_| _ = leaf(mc, &drops)));
        match order {
            0 => (drop(heap), drop(m)),
            1 => (drop(m), drop(heap)),
            _ => {
                drop(heap);
                (std::thread::spawn(move || drop(m)).join().unwrap(), ())
            }
        };
        assert_eq!(drops.load(Relaxed), 10);
    }
}

/// A leaf that owns the last handle to its own heap: the collector drops it, and takes the heap down itself.
#[test]
fn a_leaf_may_own_its_heaps_last_mutator() {
    #[derive(Trace)]
    struct Owner {
        #[trace(static)]
        mutator: std::sync::Mutex<Option<twinheap::Mutator<R, Tricolor>>>,
        #[trace(static)]
        counted: Counted,
    }
    let heap = heap::<Tricolor>(Config::default());
    let drops = Arc::new(AtomicUsize::new(0));
    let mut m = heap.mutator().unwrap();
    let inside = heap.mutator().unwrap();
    m.mutate(|mc, _| {
        Gc::new(mc, Owner { mutator: std::sync::Mutex::new(Some(inside)), counted: Counted(drops.clone()) });
        leaf(mc, &drops);
    });
    m.collect(Request::FULL);
    m.mutate(|mc, _| _ = leaf(mc, &drops));
    drop(m);
    drop(heap);
    assert_eq!(drops.load(Relaxed), 3);
}

#[test]
fn a_destructor_may_panic_and_may_ask_for_a_collection() {
    struct Bad(std::sync::Mutex<Option<twinheap::Mutator<R, Tricolor>>>);
    impl Drop for Bad {
        fn drop(&mut self) {
            if let Some(m) = self.0.get_mut().unwrap() {
                m.collect(Request::FULL);
                m.mutate(|mc, root| root.borrow_mut(mc).push(node(mc, 7)));
            }
            std::panic::resume_unwind(Box::new("on purpose"))
        }
    }
    let heap = heap::<Tricolor>(Config::default());
    let mut m = heap.mutator().unwrap();
    let inside = heap.mutator().unwrap();
    m.mutate(|mc, _| {
        Gc::new(mc, Static(Bad(std::sync::Mutex::new(Some(inside)))));
        (0..5).for_each(|_| _ = Gc::new(mc, Static(Bad(std::sync::Mutex::new(None)))));
    });
    m.collect(Request::FULL);
    assert_eq!(heap.stats().drop_panics, 6);
    m.mutate(|_, root| assert_eq!(root.borrow()[0].id, 7));
    m.verify().unwrap();
}

#[derive(Trace)]
#[trace(finalize)]
struct Mortal<'gc, M: Manager> {
    id: usize,
    log: Static<Arc<std::sync::Mutex<Vec<usize>>>>,
    next: Slot<'gc, Mortal<'gc, M>, M>,
    keep: ValSlot<'gc, M>,
}
impl<'gc, M: Manager> Finalize<'gc, M> for Mortal<'gc, M> {
    fn finalize(this: &Gc<'gc, Self, M>, _: &'gc Mutation<'gc, M>) {
        this.log.0.lock().unwrap().push(this.id);
    }
}
struct MortalRoot;
impl<M: Manager> Rootable<M> for MortalRoot {
    type Root<'gc> = Slot<'gc, Mortal<'gc, M>, M>;
}
fn finalizes<M: Threaded>() {
    let log = Arc::new(std::sync::Mutex::new(Vec::new()));
    let heap = Heap::<MortalRoot, M>::new(Config::default(), |_| Slot::empty()).unwrap();
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, _| {
        // 0 alone; 3 → 2 → 1 in a row, the referrer the youngest; 4, 5, 6 in a ring, linked against their ages.
        let new = |id| Mortal { id, log: Static(log.clone()), next: Slot::empty(), keep: ValSlot::default() };
        let all: Vec<_> = (0..7).map(|i| Gc::new(mc, new(i))).collect();
        all[3].next.set(mc, Some(all[2].clone()));
        all[2].next.set(mc, Some(all[1].clone()));
        all[4].next.set(mc, Some(all[6].clone()));
        all[6].next.set(mc, Some(all[5].clone()));
        all[5].next.set(mc, Some(all[4].clone()));
    });
    let first = m.collect(Request::FULL);
    assert_eq!(first.objects, 7, "{:?}", log.lock().unwrap());
    assert_eq!(*log.lock().unwrap(), [0, 3, 2, 1, 4, 5, 6]);
    assert_eq!(heap.stats().released.by_collections, 0);
    assert_eq!(m.collect(Request::FULL).objects, 7);
    assert_eq!((log.lock().unwrap().len(), heap.stats().released.by_collections), (7, 7));
    m.verify().unwrap();
}
#[test]
fn finalizers_run_once_referrers_first_cycles_in_order_of_birth() {
    finalizes::<Tricolor>();
    finalizes::<TricolorSolo>();
}

#[test]
fn the_queue_keeps_what_it_holds_and_resurrection_lasts() {
    let log = Arc::new(std::sync::Mutex::new(Vec::new()));
    let config = Config { finalizers: Finalizers::Manual, ..Config::default() };
    let heap = Heap::<MortalRoot, TricolorSolo>::new(config, |_| Slot::empty()).unwrap();
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, _| {
        let new = |id| Mortal { id, log: Static(log.clone()), next: Slot::empty(), keep: ValSlot::default() };
        let (a, b) = (Gc::new(mc, new(1)), Gc::new(mc, new(2)));
        a.next.set(mc, Some(b));
    });
    assert!(m.collect(Request::FULL).pending);
    // Collections while they wait: they stay.
    m.collect(Request::FULL);
    m.collect(Request::FULL);
    m.mutate(|mc, root| {
        assert!(mc.has_pending());
        let Some(Pending::Finalize { object: a, .. }) = mc.next_pending() else { panic!() };
        let a = a.downcast::<Mortal<'_, TricolorSolo>>().unwrap();
        assert!(mc.state_of(&GcAny::new(a)).finalized);
        assert_eq!((a.id, a.next.get().unwrap().id), (1, 2));
        root.set(mc, Some(a));
        assert!(matches!(mc.next_pending(), Some(Pending::Finalize { .. })));
        assert!(mc.next_pending().is_none() && !mc.has_pending());
    });
    m.collect(Request::FULL);
    m.mutate(|mc, root| {
        assert_eq!(root.get().unwrap().next.get().unwrap().id, 2);
        root.set(mc, None)
    });
    assert!(!m.collect(Request::FULL).pending, "queued once in a life");
    assert_eq!(heap.stats().released.by_collections, 2);
    m.verify().unwrap();
}

struct WeakRoot;
impl<M: Manager> Rootable<M> for WeakRoot {
    type Root<'gc> = GcCell<Vec<GcWeak<'gc, Node<'gc, M>, M>>, M>;
}
#[test]
fn weak_references_are_cleared_and_tell() {
    let heap = Heap::<WeakRoot, TricolorSolo>::new(Config::default(), |_| GcCell::default()).unwrap();
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, root| {
        let a = node(mc, 5);
        root.borrow_mut(mc).push(a.downgrade(mc));
        assert!(root.borrow()[0].upgrade(mc).unwrap().ptr_eq(&a));
    });
    m.mutate(|mc, root| assert_eq!(root.borrow()[0].upgrade(mc).unwrap().id, 5));
    m.collect(Request::FULL);
    m.mutate(|mc, root| assert!(root.borrow()[0].is_dead() && root.borrow()[0].upgrade(mc).is_none()));

    struct Boxes;
    impl<M: Manager> Rootable<M> for Boxes {
        type Root<'gc> = GcCell<Vec<Gc<'gc, twinheap::WeakBox<'gc, u32, M>, M>>, M>;
    }
    let config = Config { finalizers: Finalizers::Manual, ..Config::default() };
    let heap = Heap::<Boxes, TricolorSolo>::new(config, |_| GcCell::default()).unwrap();
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, root| {
        let target = GcAny::new(node(mc, 1));
        for i in 0..3 {
            root.borrow_mut(mc).push(Gc::new_weak(mc, &target, i, i != 1));
        }
        // A box that dies with its target tells nobody.
        Gc::new_weak(mc, &target, 9, true);
    });
    assert!(m.collect(Request::FULL).pending);
    m.mutate(|mc, root| {
        let mut told = Vec::new();
        while let Some(Pending::WeakDied { object: any, .. }) = mc.next_pending() {
            let told_box = any.downcast::<twinheap::WeakBox<'_, u32, TricolorSolo>>().unwrap();
            assert!(told_box.is_dead());
            told.push(*told_box.data());
        }
        assert_eq!(told, [2, 0], "the newest first");
        assert!(root.borrow()[1].is_dead());
    });
    m.verify().unwrap();
}

/// Boxes of an open run that nobody has written yet: allocated, marked, and no boxes (heap.md §0 item 4).
#[derive(Trace)]
struct Named {
    text: String,
}
#[derive(Trace)]
#[trace(finalize)]
struct Watcher<'gc, M: Manager> {
    of_dead: GcWeak<'gc, Named, M>,
    of_living: GcWeak<'gc, Named, M>,
    seen: Static<Arc<AtomicUsize>>,
}
impl<'gc, M: Manager> Finalize<'gc, M> for Watcher<'gc, M> {
    fn finalize(this: &Gc<'gc, Self, M>, mc: &'gc Mutation<'gc, M>) {
        // Strangers for the blocks of the dead.
        for i in 0..n(2000, 20) {
            Gc::new(mc, Named { text: format!("stranger {i}") });
        }
        assert!(this.of_dead.upgrade(mc).is_none(), "a dead target answers");
        this.seen.0.fetch_add(1, Relaxed);
        if let Some(living) = this.of_living.upgrade(mc) {
            assert_eq!(living.text, "living");
            this.seen.0.fetch_add(10, Relaxed);
        }
    }
}
struct Watched;
impl<M: Manager> Rootable<M> for Watched {
    type Root<'gc> = GcCell<Vec<Gc<'gc, Named, M>>, M>;
}

/// Boxes that were dead when weak references were cleared and came back with an object that is finalized.
#[test]
fn weak_references_of_what_comes_back_are_cleared_too() {
    fn one<M: Threaded>() {
        let seen = Arc::new(AtomicUsize::new(0));
        let config = Config { finalizers: Finalizers::Manual, ..Config::default() };
        let heap = Heap::<Watched, M>::new(config, |_| GcCell::default()).unwrap();
        let mut m = heap.mutator().unwrap();
        m.mutate(|mc, root| {
            let living = Gc::new(mc, Named { text: "living".to_owned() });
            let dead = Gc::new(mc, Named { text: "dead".to_owned() });
            let (of_dead, of_living) = (dead.downgrade(mc), living.downgrade(mc));
            root.borrow_mut(mc).push(living);
            Gc::new(mc, Watcher { of_dead, of_living, seen: Static(seen.clone()) });
        });
        m.collect(Request::FULL);
        m.verify().unwrap();
        // The queue keeps the watcher; one of its boxes has still a target, which dies now.
        m.mutate(|mc, root| root.borrow_mut(mc).clear());
        m.collect(Request::FULL);
        m.verify().unwrap();
        m.mutate(|mc, _| {
            while let Some(Pending::Finalize { object: any, .. }) = mc.next_pending() {
                Finalize::finalize(&any.downcast::<Watcher<'_, M>>().unwrap(), mc)
            }
        });
        assert_eq!(seen.load(Relaxed), 1);
    }
    one::<Tricolor>();
    one::<TricolorSolo>();
}

#[test]
fn unwritten_weak_boxes_are_not_visited() {
    let config = Config { zeal: None, ..Config::default() };
    let heap = Heap::<WeakRoot, TricolorSolo>::new(config, |_| GcCell::default()).unwrap();
    let mut m = heap.mutator().unwrap();
    for i in 0..n(50, 3) {
        m.mutate(|mc, root| {
            // Blocks with something else in them are used again for boxes.
            for j in 0..n(600, 40) {
                let a = node(mc, j);
                root.borrow_mut(mc).push(a.downgrade(mc));
            }
            root.borrow_mut(mc).drain(..n(590, 35));
            let a = node(mc, i);
            root.borrow_mut(mc).push(a.downgrade(mc));
        });
        m.collect(Request::FULL);
        m.verify().unwrap();
    }
}

#[test]
fn large_and_huge_objects_come_and_go() {
    struct L;
    impl<M: Manager> Rootable<M> for L {
        type Root<'gc> = GcCell<Vec<Gc<'gc, Tail<(), ValSlot<'gc, M>>, M>>, M>;
    }
    let heap = Heap::<L, Tricolor>::new(Config::default(), |_| GcCell::default()).unwrap();
    let mut m = heap.mutator().unwrap();
    let lengths = if cfg!(miri) { [3000, 40_000] } else { [5000, 1_000_000] };
    for _ in 0..3 {
        m.mutate(|mc, root| {
            for len in lengths {
                let a = Gc::<Tail<(), ValSlot<'_, Tricolor>>, Tricolor>::with_zeroed_tail(mc, (), len);
                a.tail()[len - 1].set(mc, twinheap::Val::from_gc(node(mc, len)));
                root.borrow_mut(mc).push(a);
                Gc::<Tail<(), ValSlot<'_, Tricolor>>, Tricolor>::with_zeroed_tail(mc, (), len);
            }
        });
        m.collect(Request::FULL);
        m.mutate(|mc, root| {
            for (a, len) in root.borrow().iter().zip(lengths) {
                let last = a.tail()[len - 1].get();
                assert_eq!(last.downcast_ref::<Node<'_, Tricolor>>().unwrap().id, len);
            }
            root.borrow_mut(mc).clear()
        });
        m.verify().unwrap();
    }
    m.collect(Request::FULL);
    let stats = heap.stats();
    assert!(stats.ladder.classes.iter().all(|c| c.block_bytes != 0), "{:?}", stats.ladder.classes);
    assert_eq!(stats.objects_allocated - stats.released.by_collections, 1);
}

#[test]
fn a_limit_answers_and_a_collection_helps() {
    let config = Config { max_heap_bytes: Some(n(16 << 20, 1 << 20)), automatic: false, ..Config::default() };
    let heap = heap::<TricolorSolo>(config);
    let mut m = heap.mutator().unwrap();
    let fill = |mc: &Mutation<'_, TricolorSolo>| {
        let mut made = 0;
        while Gc::try_new(mc, [0u64; 512]).is_ok() {
            made += 1
        }
        made
    };
    let first = m.mutate(|mc, _| fill(mc));
    assert!(first > n(2000, 50), "{first}");
    assert_eq!(m.mutate(|mc, _| fill(mc)), 0);
    m.collect(Request::FULL);
    assert!(m.mutate(|mc, _| fill(mc)) >= first - 16);
    assert!(m.mutate(|mc, _| GcStr::try_new(mc, &"x".repeat(1 << 25)).is_err()));
    m.verify().unwrap();
}

#[test]
fn the_heap_stays_near_its_goal() {
    let heap = heap::<TricolorSolo>(Config::default());
    let mut m = heap.mutator().unwrap();
    for _ in 0..n(400, 4) {
        m.mutate(|mc, _| (0..n(10_000, 50)).for_each(|i| _ = node(mc, i)));
    }
    let stats = heap.stats();
    // 64 MB of garbage through a heap of 4 MB.
    assert!(cfg!(miri) || stats.collections > 3, "{}", stats.collections);
    assert!(cfg!(miri) || stats.peak_used_bytes < 40 << 20, "{}", stats.peak_used_bytes);
}

#[test]
fn a_walk_shows_every_object_and_a_frozen_one_not() {
    let heap = heap::<TricolorSolo>(Config::default());
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, root| {
        root.borrow_mut(mc).extend((0..10).map(|i| node(mc, i)));
        (0..5).for_each(|i| _ = node(mc, 100 + i));
    });
    let count = |mc: &Mutation<'_, TricolorSolo>| {
        let mut ids = Vec::new();
        mc.walk(|any| ids.extend(any.downcast_ref::<Node<'_, TricolorSolo>>().map(|n| n.id)));
        ids.sort();
        ids
    };
    m.mutate(|mc, _| assert_eq!(count(mc).len(), 15));
    m.collect(Request::FULL);
    m.mutate(|mc, root| {
        assert_eq!(count(mc), (0..10).collect::<Vec<_>>());
        let first = GcAny::new(root.borrow()[0]);
        assert_eq!(mc.referrers(&[first]).len(), 1);
        let frozen = mc.control(Command::Freeze).frozen;
        assert_eq!((frozen, count(mc).len()), (11, 0));
        root.borrow_mut(mc).clear();
    });
    m.collect(Request::FULL);
    assert_eq!(heap.stats().released.by_collections, 5);
    m.mutate(|mc, _| assert_eq!(mc.control(Command::Unfreeze).frozen, 0));
    m.collect(Request::FULL);
    assert_eq!(heap.stats().released.by_collections, 15);
}

#[test]
fn automatic_collections_can_be_switched_off() {
    let heap = heap::<TricolorSolo>(Config::default());
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, _| assert!(!mc.control(Command::SetAutomatic(false)).automatic));
    fill(&mut m, 100);
    assert_eq!(heap.stats().collections, 0);
    m.mutate(|mc, _| mc.control(Command::SetAutomatic(true)));
    collects_by_itself(&heap, &mut m, 0);
}

/// Classes whose cursors would have one place get one each: a run that one of them does not use
/// up is not charged, so garbage of a size brings about as many collections as any.
#[test]
fn classes_that_share_a_cursor_are_charged_what_they_use() {
    fn collections(a: usize, b: usize) -> u64 {
        let heap = heap::<TricolorSolo>(Config::default());
        let mut m = heap.mutator().unwrap();
        for _ in 0..n(400, 3) {
            m.mutate(|mc, _| {
                for _ in 0..n(100, 10) {
                    for len in [a, b] {
                        Gc::<Tail<(), u64>, TricolorSolo>::with_zeroed_tail(mc, (), len);
                    }
                }
            });
        }
        m.verify().unwrap();
        heap.stats().collections
    }
    let (alone, shared) = (collections(15, 127), collections(15, 143));
    assert!(shared <= 3 * alone + 3, "{shared} collections, {alone} where each class has a cursor of its own");
}

/// `rounds` sessions of garbage, 160 KB each.
fn fill<M: Manager>(m: &mut Mutator<R, M>, rounds: usize) {
    for _ in 0..if cfg!(miri) { rounds.min(2) } else { rounds } {
        m.mutate(|mc, _| (0..n(10_000, 50)).for_each(|i| _ = node(mc, i)));
    }
}
/// Garbage until a collection comes by itself.
fn collects_by_itself<M: Manager>(heap: &Heap<R, M>, m: &mut Mutator<R, M>, before: u64) {
    for _ in 0..n(10_000, 0) {
        fill(m, 1);
        if heap.stats().collections > before {
            return;
        }
    }
    if !cfg!(miri) {
        panic!("1.6 GB of garbage and no collection: {:?}", heap.stats())
    }
}

/// Go's GOGC=off, from the start and later; and on again.
#[test]
fn gogc_off_is_off() {
    let heap = heap::<TricolorSolo>(Config { gogc: None, ..Config::default() });
    let mut m = heap.mutator().unwrap();
    fill(&mut m, 100);
    m.collect(Request::FULL);
    fill(&mut m, 100);
    assert_eq!(heap.stats().collections, 1);
    m.mutate(|mc, _| mc.control(Command::SetGogc(Some(100))));
    collects_by_itself(&heap, &mut m, 1);
    m.mutate(|mc, _| mc.control(Command::SetGogc(None)));
    m.collect(Request::FULL);
    let before = heap.stats().collections;
    fill(&mut m, 100);
    assert_eq!(heap.stats().collections, before);
}

#[test]
fn ten_million_nodes_in_a_row_take_no_stack() {
    let work = || {
        let heap = heap::<TricolorSolo>(Config::default());
        let mut m = heap.mutator().unwrap();
        let len = n(2_000_000, 500);
        m.mutate(|mc, root| root.borrow_mut(mc).push(node(mc, 0)));
        for _ in 0..10 {
            m.mutate(|mc, root| {
                for i in 0..len / 10 {
                    let new = node(mc, i);
                    new.next.set(mc, Some(root.borrow()[0]));
                    root.borrow_mut(mc)[0] = new;
                }
            });
        }
        m.collect(Request::FULL);
        m.mutate(|mc, root| root.borrow_mut(mc).clear());
        m.collect(Request::FULL);
        assert_eq!(heap.stats().released.by_collections as usize, len / 10 * 10 + 1);
    };
    std::thread::Builder::new().stack_size(256 << 10).spawn(work).unwrap().join().unwrap();
}

/// Zeal stops a second time, to check what is marked; a session that walks waits for the end of that collection.
#[test]
fn a_walk_while_zeal_collects() {
    let heap = heap::<TricolorSolo>(Config { zeal: Some(1), ..Config::default() });
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, root| (0..n(20_000, 50)).for_each(|id| root.borrow_mut(mc).push(node(mc, id))));
    for _ in 0..n(300, 5) {
        m.mutate(|mc, root| {
            (0..n(1000, 10)).for_each(|id| _ = node(mc, id));
            let mut found = 0;
            mc.walk(|_| found += 1);
            assert!(found > root.borrow().len());
        })
    }
}

/// Spans that are held, listed, empty and full, while a second collection follows the first at once.
#[test]
fn the_heap_is_whole_after_every_collection() {
    let heap = heap::<Tricolor>(Config { min_heap_bytes: 64 << 10, ..Config::default() });
    let mut m = heap.mutator().unwrap();
    for round in 0..n(60, 4) {
        m.mutate(|mc, root| {
            let mut kept = root.borrow_mut(mc);
            for i in 0..n(3000, 60) {
                let a = node(mc, i);
                if (i * 7 + round) % 5 == 0 {
                    kept.push(a)
                }
                Gc::new(mc, [i as u64; 3]);
                Gc::new(mc, format!("{i}"));
            }
            let len = kept.len();
            if round % 3 == 2 {
                kept.drain(..len / 2);
            }
        });
        if round % 2 == 0 {
            m.collect(Request::FULL);
        }
        m.verify().unwrap();
    }
}

/// Other mutators may be filling the blocks that a freeze would list.
#[test]
fn nothing_is_frozen_where_many_mutators_are() {
    fn frozen<M: Threaded>() -> usize {
        let heap = heap::<M>(Config::default());
        let mut m = heap.mutator().unwrap();
        m.mutate(|mc, root| root.borrow_mut(mc).push(node(mc, 1)));
        m.mutate(|mc, _| mc.control(Command::Freeze).frozen)
    }
    assert!(frozen::<TricolorSolo>() > 0);
    assert_eq!(frozen::<Tricolor>(), 0);
}

/// The borrow word of a forgotten guard is stuck for ever; what is in the cell stays alive, and can be had through an
/// exclusive borrow of what the cell is in (I11).
#[test]
fn what_a_forgotten_guard_guarded_stays_alive() {
    struct Nested;
    impl<M: Manager> Rootable<M> for Nested {
        type Root<'gc> = GcCell<Vec<Nodes<'gc, M>>, M>;
    }
    let heap = Heap::<Nested, TricolorSolo>::new(Config::default(), |_| GcCell::default()).unwrap();
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, root| {
        root.borrow_mut(mc).push(GcCell::new(vec![node(mc, 77)]));
        std::mem::forget(root.borrow()[0].borrow_mut(mc));
        assert!(root.borrow()[0].try_borrow().is_err());
    });
    for _ in 0..3 {
        m.collect(Request::FULL);
        m.mutate(|mc, _| (0..n(2000, 50)).for_each(|i| _ = node(mc, i)));
    }
    m.mutate(|mc, root| assert_eq!(root.borrow_mut(mc)[0].get_mut()[0].id, 77));
    m.verify().unwrap();
}

/// The boxes of an object are found from it whatever a collection is doing: those that live, each once, the newest first.
#[test]
fn weak_boxes_are_found_while_collections_run() {
    type Boxed<'gc> = Gc<'gc, twinheap::WeakBox<'gc, usize, TricolorSolo>, TricolorSolo>;
    #[derive(Trace)]
    #[trace(manager = TricolorSolo)]
    struct Kept<'gc> {
        target: GcAny<'gc, TricolorSolo>,
        boxes: GcCell<Vec<Boxed<'gc>>, TricolorSolo>,
    }
    struct Targets;
    impl Rootable<TricolorSolo> for Targets {
        type Root<'gc> = GcCell<Vec<Gc<'gc, Kept<'gc>, TricolorSolo>>, TricolorSolo>;
    }
    for zeal in [None, Some(50)] {
        let config = Config { zeal, min_heap_bytes: n(256 << 10, 16 << 10), ..Config::default() };
        let heap = Heap::<Targets, TricolorSolo>::new(config, |_| GcCell::default()).unwrap();
        let mut m = heap.mutator().unwrap();
        m.mutate(|mc, root| {
            for _ in 0..n(100, 4) {
                let target = GcAny::new(Gc::new(mc, 5u64));
                root.borrow_mut(mc).push(Gc::new(mc, Kept { target, boxes: GcCell::default() }))
            }
        });
        for round in 0..n(400, 12) {
            m.mutate(|mc, root| {
                for (i, kept) in root.borrow().iter().enumerate() {
                    // One that stays for a while, and two that nobody keeps, one of each kind.
                    let made = Gc::new_weak(mc, &kept.target, round, false);
                    Gc::new_weak(mc, &kept.target, usize::MAX, false);
                    Gc::new_weak(mc, &kept.target, usize::MAX, true);
                    let mut boxes = kept.boxes.borrow_mut(mc);
                    boxes.push(made);
                    if (round + i) % 7 == 0 {
                        let half = boxes.len() / 2;
                        boxes.drain(..half);
                    }
                    let mut found = Vec::new();
                    mc.weak_boxes(&kept.target, |b| {
                        let b = b.downcast_ref::<twinheap::WeakBox<'_, usize, TricolorSolo>>().unwrap();
                        if b.data() != &usize::MAX {
                            found.push(*b)
                        }
                        std::ops::ControlFlow::<()>::Continue(())
                    });
                    // What was dropped just now may still be there; what is kept is, in order.
                    let at = found.len() - boxes.len();
                    let newest: Vec<_> = boxes.iter().rev().map(|b| b.address()).collect();
                    let found: Vec<_> = found.iter().map(|b| b.address()).collect();
                    assert_eq!(newest, found[..found.len() - at]);
                    assert!(found.is_sorted_by(|a, b| a != b));
                }
            });
            if round % 50 == 49 {
                m.verify().unwrap()
            }
        }
        // Targets that die take their lists with them.
        m.collect(Request::FULL);
        m.mutate(|mc, root| _ = root.borrow_mut(mc).drain(1..));
        m.collect(Request::FULL);
        m.verify().unwrap();
        m.mutate(|mc, root| {
            let kept = root.borrow()[0];
            let mut n = 0;
            mc.weak_boxes(&kept.target, |_| {
                n += 1;
                std::ops::ControlFlow::<()>::Continue(())
            });
            assert_eq!(n, kept.boxes.borrow().len());
        });
    }
}
