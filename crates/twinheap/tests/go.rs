//! What Go 1.27's own runtime tests check, where it makes sense for a library: each test is written anew from the fact in
//! its comment, under the Go test's name in our words.  Which facts are in, where, and why others are not: `go/README.md`.
#![cfg(not(loom))]
#![forbid(unsafe_code)]

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use twinheap::{
    Cleanup, Config, Finalize, Gc, GcCell, GcWeak, Heap, Manager, Mutation, Mutator, Root, Rootable, Slot, Static,
    Tail, Threaded, Trace, Tricolor, TricolorSolo, Val, ValSlot,
    control::runtime::{self, MemStats, metrics},
};

#[derive(Trace)]
struct Node<'gc, M: Manager> {
    next: Slot<'gc, Node<'gc, M>, M>,
    number: u64,
}
struct Nodes;
impl<M: Manager> Rootable<M> for Nodes {
    type Root<'gc> = Slot<'gc, Node<'gc, M>, M>;
}
fn heap<M: Manager>(config: Config) -> Heap<Nodes, M> {
    Heap::new(config, |_| Slot::empty()).unwrap()
}
fn node<'gc, M: Manager>(mc: &Mutation<'gc, M>, number: u64) -> Gc<'gc, Node<'gc, M>, M> {
    Gc::new(mc, Node { next: Slot::empty(), number })
}
/// `big`, or `small` under Miri.
fn n(big: usize, small: usize) -> usize {
    if cfg!(miri) { small } else { big }
}
fn both(tricolor: impl FnOnce(), solo: impl FnOnce()) {
    tricolor();
    solo()
}
/// GOGC=1, with the smallest heap.
fn eager() -> Config {
    Config { gogc: Some(1), min_heap_bytes: 1, ..Config::default() }
}

// ---- gc_test.go ------------------------------------------------------------------------------------------------------

/// `TestGcSys` (skipped in Go for being flaky): what is asked of the system stays bounded while garbage is made.
#[test]
fn gc_sys() {
    let heap = heap::<Tricolor>(Config::default());
    let mut m = heap.mutator().unwrap();
    for _ in 0..n(4_000, 3) {
        m.mutate(|mc, _| (0..100).for_each(|_| _ = Gc::<Tail<(), u64>, _>::with_zeroed_tail(mc, (), 125)));
    }
    let sys = runtime::read_mem_stats(&heap).sys;
    // A small heap that is filled fast has a goal of eight times the minimum at most, 32 MiB.
    assert!(sys < 64 << 20, "{sys} bytes for 400 MB of garbage");
}

/// `TestGcDeepNesting`: a reference ten arrays deep keeps its object.
#[test]
fn gc_deep_nesting() {
    type A2<T> = [T; 2];
    type Deep<'gc, M> = A2<A2<A2<A2<A2<A2<A2<A2<A2<A2<Slot<'gc, Node<'gc, M>, M>>>>>>>>>>>;
    struct R;
    impl<M: Manager> Rootable<M> for R {
        type Root<'gc> = Deep<'gc, M>;
    }
    fn one<M: Threaded>() {
        let heap = Heap::<R, M>::new(eager(), |_| Default::default()).unwrap();
        let mut m = heap.mutator().unwrap();
        m.mutate(|mc, a| a[0][0][0][0][0][0][0][0][0][0].set(mc, Some(node(mc, 13))));
        (0..3).for_each(|_| runtime::gc(&mut m));
        assert_eq!(m.mutate(|_, a| a[0][0][0][0][0][0][0][0][0][0].get().unwrap().number), 13);
    }
    both(one::<Tricolor>, one::<TricolorSolo>)
}

/// `TestGcMapIndirection`, `fixedbugs/issue22781`: a map of keys of 2 KiB, at GOGC=1.
#[test]
fn gc_map_of_large_keys() {
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Key([[u8; 32]; 64]);
    type Map<'gc, M> = HashMap<Static<Key>, Gc<'gc, Node<'gc, M>, M>>;
    struct R;
    impl<M: Manager> Rootable<M> for R {
        type Root<'gc> = GcCell<Map<'gc, M>, M>;
    }
    let heap = Heap::<R, Tricolor>::new(eager(), |_| GcCell::default()).unwrap();
    let mut m = heap.mutator().unwrap();
    let key = |i: usize| Static(Key([[(i % 251) as u8; 32]; 64]));
    for i in 0..n(2_000, 5) {
        m.mutate(|mc, map| _ = map.borrow_mut(mc).insert(key(i), node(mc, (i % 251) as u64)));
    }
    runtime::gc(&mut m);
    m.mutate(|_, map| {
        let map = map.borrow();
        assert_eq!(map.len(), n(251, 5));
        assert!((0..map.len()).all(|i| map[&key(i)].number == i as u64));
    });
}

/// `TestGcLastTime`: the last collection's time lies between the clock's before and after, and its stop is sane.
#[test]
fn gc_last_time() {
    fn now() -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64
    }
    let heap = heap::<Tricolor>(Config::default());
    let mut m = heap.mutator().unwrap();
    let before = now();
    runtime::gc(&mut m);
    let after = now();
    let stats = runtime::read_mem_stats(&heap);
    assert!((before..=after).contains(&stats.last_gc));
    let at = (stats.num_gc as usize + 255) % 256;
    assert!((before..=stats.last_gc).contains(&stats.pause_end[at]));
    assert!(stats.pause_ns[at] > 0 && stats.pause_ns[at] <= after - before);
}

/// `TestGCTestIsReachable`: of 16 objects every second one is let go; exactly the others are reached (Go allows one more,
/// for what its stack scan may find; we scan no stack).
#[test]
fn gc_is_reachable() {
    struct Kept;
    impl<M: Manager> Rootable<M> for Kept {
        type Root<'gc> = Vec<(Option<Gc<'gc, Node<'gc, M>, M>>, GcWeak<'gc, Node<'gc, M>, M>)>;
    }
    fn one<M: Threaded>() {
        let heap = heap::<M>(Config::default());
        let mut m = heap.mutator().unwrap();
        let objects: Root<Kept, M> = m.root(|mc, _| {
            (0..16)
                .map(|i| {
                    let object = node(mc, i);
                    let weak = GcWeak::new(mc, &object);
                    ((i % 2 == 0).then_some(object), weak)
                })
                .collect()
        });
        runtime::gc(&mut m);
        let reached: Vec<bool> =
            m.mutate(|mc, _| objects.get(mc).iter().map(|(_, weak)| weak.upgrade(mc).is_some()).collect());
        assert_eq!(reached, (0..16).map(|i| i % 2 == 0).collect::<Vec<_>>());
    }
    both(one::<Tricolor>, one::<TricolorSolo>)
}

/// `TestReadMemStats`, `TestPageAccounting`: the quick figures are those of a recount, object by object.
#[test]
fn read_mem_stats_is_a_recount() {
    let heap = heap::<TricolorSolo>(Config::default());
    let mut m = heap.mutator().unwrap();
    for round in 0..n(20, 2) {
        m.mutate(|mc, root| {
            for i in 0..n(5_000, 50) {
                let new = node(mc, i as u64);
                if i % 7 == round % 7 {
                    new.next.set(mc, root.get());
                    root.set(mc, Some(new));
                }
            }
            Gc::<Tail<(), u64>, _>::with_zeroed_tail(mc, (), 1 << (round % 18));
        });
    }
    runtime::gc(&mut m);
    let quick = runtime::read_mem_stats(&heap);
    let (mut objects, mut bytes) = (0, 0);
    m.mutate(|mc, _| {
        mc.walk(|object| {
            objects += 1;
            bytes += object.block_bytes() as u64;
        })
    });
    assert_eq!((quick.heap_objects, quick.heap_alloc), (objects, bytes));
    let ladder = heap.stats().ladder;
    assert_eq!((quick.sys, quick.heap_alloc), (ladder.mapped_bytes as u64, ladder.live_bytes() as u64));
    assert_eq!(quick.heap_idle, (ladder.idle_bytes + ladder.returned_bytes) as u64);
    m.verify().unwrap();
}

/// `TestUserForcedGC`: with GOGC off a collection can still be asked for, and is counted as forced.
#[test]
fn user_forced_gc() {
    fn one<M: Threaded>() {
        let heap = heap::<M>(Config::default());
        let mut m = heap.mutator().unwrap();
        runtime::set_gc_percent(&heap, -1).unwrap();
        let before = runtime::read_mem_stats(&heap);
        runtime::gc(&mut m);
        let after = runtime::read_mem_stats(&heap);
        assert_eq!((after.num_gc, after.num_forced_gc), (before.num_gc + 1, before.num_forced_gc + 1));
    }
    both(one::<Tricolor>, one::<TricolorSolo>)
}

/// `TestMemoryLimit`, `TestMemoryLimitNoGCPercent` (`GCMemoryLimit`): the heap is kept under a limit that live data allow.
#[test]
fn memory_limit() {
    const LIMIT: i64 = 64 << 20;
    if cfg!(miri) {
        return; // a heap of 32 MiB takes an hour there
    }
    for percent in [100, -1] {
        let heap = heap::<Tricolor>(Config::default());
        runtime::set_gc_percent(&heap, percent).unwrap();
        runtime::set_memory_limit(&heap, LIMIT).unwrap();
        let mut m = heap.mutator().unwrap();
        let mut list = 0;
        for i in 0..6_000u64 {
            m.mutate(|mc, root| {
                // 32 MiB live in the end; ten times as much dies.
                for j in 0..3_500 {
                    let new = node(mc, i + j);
                    if list < 2 << 20 && j % 10 == 0 {
                        new.next.set(mc, root.get());
                        root.set(mc, Some(new));
                        list += 1;
                    }
                }
            });
        }
        let stats = heap.stats();
        assert!(stats.collections > 1, "{percent}");
        // Its peak, on a machine where the collector may wait long for a processor; without the limit it is five times that.
        assert!(stats.peak_used_bytes < (LIMIT + LIMIT / 4) as usize, "{percent}: {}", stats.peak_used_bytes);
    }
}

// ---- malloc_test.go, testprog/gc.go ------------------------------------------------------------------------------------

/// `TestPhysicalMemoryUtilization` (`GCPhys`): objects of two sizes by turns, every second one let go, then larger ones: what is
/// in use, and what the system has given, stay near what lives.
#[test]
fn physical_memory_utilization() {
    struct Kept;
    impl<M: Manager> Rootable<M> for Kept {
        type Root<'gc> = Gc<'gc, Tail<(), u64>, M>;
    }
    const EACH: usize = 64 << 10;
    let heap = heap::<Tricolor>(Config::default());
    let mut m = heap.mutator().unwrap();
    let objects = n(512, 8);
    let take = |m: &mut Mutator<Nodes, Tricolor>, bytes: usize| -> Root<Kept, Tricolor> {
        m.root(|mc, _| Gc::with_zeroed_tail(mc, (), bytes / 8))
    };
    let mut all: Vec<_> = (0..objects).map(|_| take(&mut m, EACH)).collect();
    let mut odd = false;
    all.retain(|_| {
        odd = !odd;
        odd
    });
    runtime::gc(&mut m);
    let more: Vec<_> = (0..n(64, 2)).map(|_| take(&mut m, EACH * 3)).collect();
    runtime::free_os_memory(&mut m);
    let stats = runtime::read_mem_stats(&heap);
    let live = (all.len() * EACH + more.len() * EACH * 3) as u64;
    assert!(stats.heap_alloc >= live && stats.heap_alloc < live + live / 20 + (64 << 10), "{}", stats.heap_alloc);
    let resident = stats.sys - stats.heap_released;
    // 32 KiB of a large object's last span, and a chunk's head, are the most that is lost.
    assert!(resident < live + live * 6 / 10 + (1 << 20), "{resident} for {live} that live");
}

/// `TestGCFairness`, `TestGCFairness2`: threads that do nothing but allocate, while another does nothing but collect, get on.
#[test]
fn gc_fairness() {
    let heap = heap::<Tricolor>(Config::default());
    let (done, rounds) = (AtomicBool::new(false), [AtomicU64::new(0), AtomicU64::new(0)]);
    std::thread::scope(|s| {
        for count in &rounds {
            let (heap, done) = (&heap, &done);
            s.spawn(move || {
                let mut m = heap.mutator().unwrap();
                while !done.load(Relaxed) {
                    m.mutate(|mc, _| (0..10).for_each(|i| _ = node(mc, i)));
                    count.fetch_add(1, Relaxed);
                }
            });
        }
        let mut m = heap.mutator().unwrap();
        let mut collections = 0;
        while rounds.iter().any(|r| r.load(Relaxed) < n(2_000, 3) as u64) {
            runtime::gc(&mut m);
            collections += 1;
            assert!(collections < 1_000_000, "a thread gets nowhere: {rounds:?}");
            std::thread::yield_now();
        }
        done.store(true, Relaxed);
    });
}

// ---- mfinal_test.go, mallocfin.go, tinyfin.go ------------------------------------------------------------------------

static FINALIZED: Mutex<Vec<u64>> = Mutex::new(Vec::new());
static TURN: Mutex<()> = Mutex::new(());
#[derive(Trace)]
#[trace(finalize)]
struct Mortal<'gc, M: Manager> {
    next: Slot<'gc, Mortal<'gc, M>, M>,
    number: u64,
}
impl<'gc, M: Manager> Finalize<'gc, M> for Mortal<'gc, M> {
    fn finalize(this: &Gc<'gc, Self, M>, _: &'gc Mutation<'gc, M>) {
        FINALIZED.lock().unwrap().push(this.number);
    }
}

/// `mallocfin.go`: of a chain of 250 objects with finalizers, who refers goes before who is referred to, one after the other.
#[test]
fn a_chain_is_finalized_from_its_head() {
    fn one<M: Threaded>() {
        let _turn = TURN.lock().unwrap_or_else(|e| e.into_inner());
        FINALIZED.lock().unwrap().clear();
        let heap = heap::<M>(Config::default());
        let mut m = heap.mutator().unwrap();
        let long = n(250, 10) as u64;
        m.mutate(|mc, _| {
            let mut next = None;
            for number in 0..long {
                let new = Gc::new(mc, Mortal { next: Slot::empty(), number });
                new.next.set(mc, next);
                next = Some(new);
            }
        });
        // One collection finds all (Go needs one for each).
        runtime::gc(&mut m);
        assert_eq!(*FINALIZED.lock().unwrap(), (0..long).rev().collect::<Vec<_>>());
    }
    both(one::<Tricolor>, one::<TricolorSolo>)
}

/// `TestFinalizerZeroSizedStruct`, `TestFinalizerInterfaceBig`, `tinyfin.go`: the smallest and large objects are finalized, each
/// once (Go may never run those of objects below 16 bytes).
#[test]
fn objects_of_any_size_are_finalized() {
    static COUNTS: [AtomicUsize; 3] = [AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0)];
    macro_rules! mortal {
        ($name:ident $fields:tt $place:literal $is_whole:expr) => {
            #[derive(Trace)]
            #[trace(finalize)]
            struct $name $fields;
            impl<'gc, M: Manager> Finalize<'gc, M> for $name {
                fn finalize(this: &Gc<'gc, Self, M>, _: &'gc Mutation<'gc, M>) {
                    let is_whole: fn(&Self) -> bool = $is_whole;
                    COUNTS[$place].fetch_add(usize::from(is_whole(this)), Relaxed);
                }
            }
        };
    }
    mortal!(Nothing () 0 |_| true);
    mortal!(Tiny (u8) 1 |tiny| tiny.0 == 1);
    mortal!(Big ([u64; 4096]) 2 |big| big.0.iter().all(|&n| n == 3));
    let heap = heap::<Tricolor>(Config::default());
    let mut m = heap.mutator().unwrap();
    let each = n(200, 3);
    m.mutate(|mc, _| {
        for _ in 0..each {
            Gc::new(mc, Nothing());
            Gc::new(mc, Tiny(1));
            Gc::new(mc, Big([3; 4096]));
        }
    });
    (0..2).for_each(|_| runtime::gc(&mut m));
    assert_eq!(COUNTS.each_ref().map(|c| c.load(Relaxed)), [each; 3]);
}

/// `TestEmptySlice`, `TestEmptyString`: what has no elements lies where it lies, and does not keep what follows in memory.
#[test]
fn an_empty_tail_keeps_nothing_else() {
    struct Kept;
    impl<M: Manager> Rootable<M> for Kept {
        type Root<'gc> = Vec<Gc<'gc, Tail<(), u64>, M>>;
    }
    let heap = heap::<Tricolor>(Config::default());
    let mut m = heap.mutator().unwrap();
    let kept: Root<Kept, _> = m.root(|mc, _| {
        (0..n(1_000, 20))
            .map(|_| {
                let empty = Gc::with_zeroed_tail(mc, (), 0);
                // In the next block of the same size.
                Gc::<Tail<(), u64>, _>::with_zeroed_tail(mc, (), 1);
                empty
            })
            .collect()
    });
    let full = runtime::read_mem_stats(&heap).heap_objects;
    runtime::gc(&mut m);
    assert_eq!(full - runtime::read_mem_stats(&heap).heap_objects, n(1_000, 20) as u64);
    assert!(m.mutate(|mc, _| kept.get(mc).iter().all(|empty| empty.tail().is_empty())));
}

// ---- mcleanup_test.go, weak --------------------------------------------------------------------------------------------

/// `TestCleanup…`: several of one object, of one without size, stopped before and after, by turns; after the finalizer.
#[test]
fn cleanups() {
    static LOG: Mutex<Vec<u32>> = Mutex::new(Vec::new());
    type Note<'gc> = fn(u32, &'gc Mutation<'gc, Tricolor>);
    fn note(n: u32, _: &Mutation<'_, Tricolor>) {
        LOG.lock().unwrap().push(n)
    }
    let _turn = TURN.lock().unwrap_or_else(|e| e.into_inner());
    FINALIZED.lock().unwrap().clear();
    let heap = heap::<Tricolor>(Config::default());
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, _| {
        let target = node(mc, 0);
        for i in 0..6 {
            let cleanup = Cleanup::new(mc, &target, i, note as Note<'_>);
            // Every second one is stopped, once.
            assert_eq!(i % 2 == 1 && cleanup.stop(mc), i % 2 == 1);
            assert!(i % 2 == 0 || !cleanup.stop(mc), "a second stop is too late");
        }
        Cleanup::new(mc, &Gc::new(mc, Static(())), 100, note as Note<'_>);
        let mortal = Gc::new(mc, Mortal { next: Slot::empty(), number: 7 });
        Cleanup::new(mc, &mortal, 1000, note as Note<'_>);
    });
    (0..2).for_each(|_| runtime::gc(&mut m));
    let mut ran = LOG.lock().unwrap().clone();
    ran.sort();
    assert_eq!(ran, [0, 2, 4, 100, 1000]);
    assert_eq!(*FINALIZED.lock().unwrap(), [7]);
    let counts = ["queued", "executed"]
        .map(|what| metrics::read(&heap, &format!("/gc/cleanups/{what}:cleanups")).unwrap().as_u64().unwrap());
    assert_eq!(counts, [5, 5]);
}

/// `TestCleanupLost`: threads add ten thousand each, while collections run; every one of them runs.
#[test]
fn no_cleanup_is_lost() {
    static RAN: AtomicUsize = AtomicUsize::new(0);
    fn ran(n: usize, _: &Mutation<'_, Tricolor>) {
        RAN.fetch_add(n, Relaxed);
    }
    let heap = heap::<Tricolor>(Config { min_heap_bytes: 256 << 10, ..Config::default() });
    let (threads, each) = (n(4, 2), n(10_000, 20));
    std::thread::scope(|s| {
        for _ in 0..threads {
            s.spawn(|| {
                let mut m = heap.mutator().unwrap();
                for i in 0..each {
                    m.mutate(|mc, _| _ = Cleanup::new(mc, &node(mc, i as u64), 1, ran));
                }
            });
        }
    });
    let mut m = heap.mutator().unwrap();
    (0..2).for_each(|_| runtime::gc(&mut m));
    assert_eq!(RAN.load(Relaxed), threads * each);
}

/// `weak`: `TestPointerFinalizer`, `TestPointerCleanup`: a weak reference answers no more when user code for the dead runs.
#[test]
fn weak_references_die_before_cleanups_and_finalizers_run() {
    static ALIVE: Mutex<Vec<bool>> = Mutex::new(Vec::new());
    struct Weak;
    impl Rootable<Tricolor> for Weak {
        type Root<'gc> = GcWeak<'gc, Node<'gc, Tricolor>, Tricolor>;
    }
    #[derive(Trace)]
    #[trace(manager = Tricolor, finalize)]
    struct Looker<'gc>(GcCell<Option<GcWeak<'gc, Looker<'gc>, Tricolor>>, Tricolor>);
    impl<'gc> Finalize<'gc, Tricolor> for Looker<'gc> {
        fn finalize(this: &Gc<'gc, Self, Tricolor>, mc: &'gc Mutation<'gc, Tricolor>) {
            let weak = this.0.borrow().clone().unwrap();
            ALIVE.lock().unwrap().push(weak.upgrade(mc).is_some());
        }
    }
    type Argument<'gc> = GcWeak<'gc, Node<'gc, Tricolor>, Tricolor>;
    fn look<'gc>(weak: Argument<'gc>, mc: &'gc Mutation<'gc, Tricolor>) {
        ALIVE.lock().unwrap().push(weak.upgrade(mc).is_some())
    }
    let heap = heap::<Tricolor>(Config::default());
    let mut m = heap.mutator().unwrap();
    let weak: Root<Weak, _> = m.root(|mc, _| {
        let target = node(mc, 1);
        let weak = GcWeak::new(mc, &target);
        Cleanup::new(mc, &target, weak.clone(), look);
        let dead = Gc::new(mc, Looker(GcCell::default()));
        *dead.0.borrow_mut(mc) = Some(GcWeak::new(mc, &dead));
        weak
    });
    assert!(m.mutate(|mc, _| weak.get(mc).upgrade(mc).is_none_or(|node| node.number == 1)));
    runtime::gc(&mut m);
    assert!(m.mutate(|mc, _| weak.get(mc).upgrade(mc).is_none()));
    assert_eq!(*ALIVE.lock().unwrap(), [false, false]);
}

/// `weak`: `TestPointerEquality`, `TestIssue70739`: two weak references to one object answer the same one, a large one too; after
/// its death neither answers.
#[test]
fn weak_references_to_one_object_are_of_one_mind() {
    struct Weak;
    impl<M: Manager> Rootable<M> for Weak {
        type Root<'gc> = [GcWeak<'gc, Tail<(), u64>, M>; 2];
    }
    struct Strong;
    impl<M: Manager> Rootable<M> for Strong {
        type Root<'gc> = Gc<'gc, Tail<(), u64>, M>;
    }
    for words in [1, 100, 10_000, n(1 << 20, 1 << 14)] {
        let heap = heap::<TricolorSolo>(Config::default());
        let mut m = heap.mutator().unwrap();
        let strong: Root<Strong, _> = m.root(|mc, _| Gc::with_zeroed_tail(mc, (), words));
        let weak: Root<Weak, _> = m.root(|mc, _| std::array::from_fn(|_| GcWeak::new(mc, strong.get(mc))));
        let look = |m: &mut Mutator<Nodes, TricolorSolo>| {
            m.mutate(|mc, _| weak.get(mc).each_ref().map(|w| w.upgrade(mc).map(|gc| (gc.address(), gc.tail().len()))))
        };
        runtime::gc(&mut m);
        let [a, b] = look(&mut m);
        assert_eq!((a, a.map(|a| a.1)), (b, Some(words)));
        drop(strong);
        runtime::gc(&mut m);
        assert_eq!(look(&mut m), [None, None]);
    }
}

// ---- pinner_test.go -----------------------------------------------------------------------------------------------------

/// `TestPinnerSimple`, `TestPinnerMultiplePinsPerObject`: an object lives as long as one of its roots does, and stays where it is.
#[test]
fn roots_pin() {
    struct Kept;
    impl<M: Manager> Rootable<M> for Kept {
        type Root<'gc> = Gc<'gc, Node<'gc, M>, M>;
    }
    let heap = heap::<Tricolor>(Config::default());
    let mut m = heap.mutator().unwrap();
    let first: Root<Kept, _> = m.root(|mc, _| node(mc, 5));
    let at = m.mutate(|mc, _| first.get(mc).address());
    let mut roots: Vec<Root<Kept, _>> = (0..9).map(|_| m.root(|mc, _| *first.get(mc))).collect();
    drop(first);
    let objects = |heap: &Heap<Nodes, Tricolor>| runtime::read_mem_stats(heap).heap_objects;
    let pinned = objects(&heap);
    while let Some(root) = roots.pop() {
        runtime::gc(&mut m);
        assert_eq!(m.mutate(|mc, _| (root.get(mc).address(), root.get(mc).number)), (at, 5));
    }
    runtime::gc(&mut m);
    // The object, and the block of each of its nine roots.
    assert!(objects(&heap) < pinned);
}

// ---- test/gcgort.go -----------------------------------------------------------------------------------------------------

/// `gcgort.go`: threads change an object with every kind of field at GOGC=1; what they find is whole.
#[test]
fn every_kind_of_field_is_changed_by_threads() {
    #[derive(Trace)]
    #[trace(manager = Tricolor)]
    struct Many<'gc> {
        slot: Slot<'gc, Node<'gc, Tricolor>, Tricolor>,
        slots: [Slot<'gc, Node<'gc, Tricolor>, Tricolor>; 3],
        value: ValSlot<'gc, Tricolor>,
        list: GcCell<Vec<Gc<'gc, Node<'gc, Tricolor>, Tricolor>>, Tricolor>,
        map: GcCell<HashMap<u64, Gc<'gc, Node<'gc, Tricolor>, Tricolor>>, Tricolor>,
        pair: GcCell<Option<(u64, Gc<'gc, Node<'gc, Tricolor>, Tricolor>)>, Tricolor>,
    }
    struct R;
    impl Rootable<Tricolor> for R {
        type Root<'gc> = Many<'gc>;
    }
    let heap = Heap::<R, Tricolor>::new(eager(), |_| Many {
        slot: Slot::empty(),
        slots: std::array::from_fn(|_| Slot::empty()),
        value: ValSlot::default(),
        list: GcCell::default(),
        map: GcCell::default(),
        pair: GcCell::default(),
    })
    .unwrap();
    const WHOLE: u64 = 1 << 40;
    let whole = |n: &Node<'_, Tricolor>| assert_eq!(n.number & WHOLE, WHOLE);
    std::thread::scope(|s| {
        for thread in 0..3u64 {
            let heap = &heap;
            s.spawn(move || {
                let mut m = heap.mutator().unwrap();
                for i in 0..n(3_000, 10) as u64 {
                    m.mutate(|mc, many| {
                        let new = node(mc, WHOLE | i);
                        [many.slot.get(), many.slots[thread as usize].get()].iter().flatten().for_each(|n| whole(n));
                        many.slot.set(mc, Some(new));
                        many.slots[((thread + i) % 3) as usize].set(mc, Some(new));
                        many.value.set(mc, Val::from_gc(new));
                        let mut list = many.list.borrow_mut(mc);
                        list.push(new);
                        list.iter().for_each(|n| whole(n));
                        list.truncate(7);
                        drop(list);
                        if let Some(old) = many.map.borrow_mut(mc).insert(i % 11, new) {
                            whole(&old)
                        }
                        if let Some((number, old)) = many.pair.borrow_mut(mc).replace((new.number, new)) {
                            assert_eq!(number, old.number)
                        }
                    });
                }
            });
        }
    });
    let mut m = heap.mutator().unwrap();
    runtime::gc(&mut m);
    m.verify().unwrap();
}

// ---- metrics_test.go ----------------------------------------------------------------------------------------------------

/// `TestReadMetricsCumulative`: what says that it only grows does, while a heap is busy.
#[test]
fn cumulative_metrics_grow() {
    let heap = heap::<Tricolor>(Config { min_heap_bytes: 256 << 10, ..Config::default() });
    let number = |value: &metrics::Value| match value {
        metrics::Value::Uint64(n) => *n as f64,
        metrics::Value::Float64(x) => *x,
        metrics::Value::Histogram(h) => h.counts.iter().sum::<u64>() as f64,
    };
    // By size, births are counted when a run is taken and set right when it is closed.
    let grows = |d: &metrics::Description| d.cumulative && !d.name.contains("-by-size");
    let done = AtomicBool::new(false);
    std::thread::scope(|s| {
        s.spawn(|| {
            let mut m = heap.mutator().unwrap();
            for _ in 0..n(300, 3) {
                m.mutate(|mc, _| (0..n(1_000, 20)).for_each(|i| _ = node(mc, i as u64)));
            }
            done.store(true, Relaxed);
        });
        let mut last = metrics::read_all(&heap);
        while !done.load(Relaxed) {
            let now = metrics::read_all(&heap);
            assert_eq!(now.len(), last.len());
            for ((d, new), (_, old)) in now.iter().zip(&last) {
                assert!(!grows(d) || number(new) >= number(old), "{d:?}: {new:?} after {old:?}");
            }
            last = now;
            std::thread::sleep(Duration::from_micros(200));
        }
    });
}

/// `TestReadMetricsFinalizers`, `TestMetricsCleanups`: queued and executed, counted.
#[test]
fn finalizers_are_counted() {
    let _turn = TURN.lock().unwrap_or_else(|e| e.into_inner());
    let heap = heap::<Tricolor>(Config { finalizers: twinheap::config::Finalizers::Manual, ..Config::default() });
    let mut m = heap.mutator().unwrap();
    let objects = n(100, 5) as u64;
    m.mutate(|mc, _| (0..objects).for_each(|number| _ = Gc::new(mc, Mortal { next: Slot::empty(), number })));
    runtime::gc(&mut m);
    let counts = |heap: &Heap<Nodes, Tricolor>| {
        ["queued", "executed"]
            .map(|what| metrics::read(heap, &format!("/gc/finalizers/{what}:finalizers")).unwrap().as_u64().unwrap())
    };
    assert_eq!(counts(&heap), [objects, 0]);
    m.mutate(|mc, _| {
        while let Some(next) = mc.next_pending() {
            assert!(next.run(mc))
        }
    });
    assert_eq!(counts(&heap), [objects, objects]);
}

// ---- debug/garbage_test.go ------------------------------------------------------------------------------------------------

/// `TestReadGCStats`: the ring of stops has the latest where Go has it, and what it has fits to the sums, beyond 256 collections.
#[test]
fn the_ring_of_stops_fits_to_the_sums() {
    let heap = heap::<Tricolor>(Config::default());
    let mut m = heap.mutator().unwrap();
    let collections = n(300, 3) as u64;
    let mut before: Option<MemStats> = None;
    for i in 1..=collections {
        runtime::gc(&mut m);
        let now = runtime::read_mem_stats(&heap);
        assert_eq!(now.num_gc, i);
        let at = (now.num_gc as usize + 255) % 256;
        if let Some(before) = before {
            assert_eq!(now.pause_total_ns - before.pause_total_ns, now.pause_ns[at]);
            assert!(now.pause_end[at] >= before.pause_end[(at + 255) % 256] && now.last_gc >= before.last_gc);
        }
        before = Some(now);
    }
}

/// `TestFreeOSMemory`: what was allocated and let go has been given back, not only kept.
#[test]
fn free_os_memory_returns_what_was_allocated() {
    const BYTES: usize = if cfg!(miri) { 1 << 20 } else { 32 << 20 };
    let heap = heap::<Tricolor>(Config { automatic: false, ..Config::default() });
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, _| _ = Gc::<Tail<(), u64>, _>::with_zeroed_tail(mc, (), BYTES / 8));
    let resident = |s: &MemStats| s.sys - s.heap_released;
    let before = runtime::read_mem_stats(&heap);
    let given = runtime::free_os_memory(&mut m);
    let after = runtime::read_mem_stats(&heap);
    assert!(resident(&before) - resident(&after) >= BYTES as u64, "{given}");
}
