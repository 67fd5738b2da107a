//! Destructors that are somebody's code: on a thread of their own, in nobody's way, once.

use super::*;
use std::{
    sync::{Condvar, Mutex},
    time::{Duration, Instant},
};

/// A gate that a destructor waits at.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);
impl Gate {
    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all()
    }
    fn pass(&self) {
        let mut open = self.0.0.lock().unwrap();
        while !*open {
            open = self.0.1.wait(open).unwrap()
        }
    }
}

/// Opens it when the test is over, however: a heap's end waits for destructors.
struct Opens(Gate);
impl Drop for Opens {
    fn drop(&mut self) {
        self.0.open()
    }
}

/// Says that its end has begun, and waits at a gate.
struct Waits {
    gate: Gate,
    begun: Arc<AtomicUsize>,
    drops: Arc<AtomicUsize>,
}
impl Drop for Waits {
    fn drop(&mut self) {
        self.begun.fetch_add(1, Relaxed);
        self.gate.pass();
        self.drops.fetch_add(1, Relaxed);
    }
}
#[derive(Trace)]
struct Header {
    #[trace(static)]
    counted: Counted,
}

/// A destructor that blocks until the mutator has allocated and collections have come and gone: neither waits for it, what dies
/// meanwhile waits behind it, and all of it is dropped once.
fn blocks<M: Threaded>(visit: impl Fn(&mut Mutator<R, M>)) {
    let heap =
        heap::<M>(Config { min_heap_bytes: 1 << 16, check_marks: true, mark_workers: Some(2), ..Config::default() });
    let (gate, begun, drops) = (Gate::default(), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut m = heap.mutator().unwrap();
    let _opens = Opens(gate.clone());
    m.mutate(|mc, root| {
        let waits = Waits { gate: gate.clone(), begun: begun.clone(), drops: drops.clone() };
        Gc::new(mc, Static(waits));
        root.borrow_mut(mc).push(node(mc, 1))
    });
    let mut made = 1;
    let garbage = |m: &mut Mutator<R, M>| {
        m.mutate(|mc, _| {
            (0..10).for_each(|_| _ = leaf(mc, &drops));
            // A large one as well.
            let counted = Counted(drops.clone());
            Gc::<Tail<Header, u64>, M>::with_zeroed_tail(mc, Header { counted }, n(5_000, 500));
            (0..n(2_000, 20)).for_each(|i| _ = node(mc, i));
        });
        11
    };
    let begin = Instant::now();
    // When it had begun: collections, and destructors that had run before it.
    let (mut after, mut rounds) = (None, 0);
    loop {
        made += garbage(&mut m);
        rounds += 1;
        let collections = heap.stats().collections;
        if begun.load(Relaxed) == 1 {
            let (first, _) = *after.get_or_insert((collections, drops.load(Relaxed)));
            if collections >= first + n(10, 2) as u64 && rounds >= n(100, 5) {
                break;
            }
        }
        assert!(begin.elapsed() < Duration::from_secs(if cfg!(miri) { 600 } else { 60 }), "nothing is collected");
        if cfg!(miri) {
            std::thread::yield_now()
        }
    }
    let dropped = after.map(|a: (u64, usize)| a.1);
    assert_eq!((begun.load(Relaxed), Some(drops.load(Relaxed))), (1, dropped), "the others wait behind it");
    // The doomed are no objects any more.
    visit(&mut m);
    m.verify().unwrap();
    gate.open();
    m.collect(Request::FULL);
    assert_eq!(drops.load(Relaxed), made);
    assert_eq!(begun.load(Relaxed), 1);
    m.mutate(|_, root| assert_eq!(root.borrow()[0].id, 1));
    m.verify().unwrap();
}
#[test]
fn a_destructor_that_blocks_is_in_nobodys_way() {
    blocks::<Tricolor>(|_| {});
}
/// And a walk does not show the doomed.
#[test]
fn a_destructor_that_blocks_and_a_walk() {
    blocks::<TricolorSolo>(|m| {
        m.mutate(|mc, _| {
            let mut nodes = 0;
            mc.walk(|object| {
                assert!(object.downcast_ref::<Static<Waits>>().is_none(), "a walk shows what is being dropped");
                nodes += usize::from(object.downcast_ref::<Node<'_, TricolorSolo>>().is_some())
            });
            assert!(nodes > 0)
        })
    });
}

/// The heap's end waits for the destructors that were due, and for the rest.
#[test]
fn the_heaps_end_waits_for_destructors() {
    let heap = heap::<Tricolor>(Config { automatic: false, ..Config::default() });
    let (gate, begun, drops) = (Gate::default(), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, _| {
        for _ in 0..10 {
            Gc::new(mc, Static(Waits { gate: gate.clone(), begun: begun.clone(), drops: drops.clone() }));
        }
    });
    let collecting = std::thread::spawn(move || m.collect(Request::FULL).objects);
    while begun.load(Relaxed) == 0 {
        std::thread::yield_now()
    }
    let ending = std::thread::spawn(move || drop(heap));
    gate.open();
    ending.join().unwrap();
    collecting.join().unwrap();
    assert_eq!(drops.load(Relaxed), 10);
}

/// What the dead took is free again when their destructors have run, whole spans of it.
#[test]
fn spans_come_back_when_destructors_have_run() {
    let heap = heap::<Tricolor>(Config { automatic: false, ..Config::default() });
    let drops = Arc::new(AtomicUsize::new(0));
    let mut m = heap.mutator().unwrap();
    let count = n(200_000, 2_000);
    m.mutate(|mc, _| (0..count).for_each(|_| _ = leaf(mc, &drops)));
    let spans = |heap: &Heap<R, Tricolor>| heap.stats().ladder.classes.iter().map(|c| c.spans).sum::<usize>();
    let before = spans(&heap);
    m.collect(Request::FULL);
    assert_eq!(drops.load(Relaxed), count);
    assert!(spans(&heap) <= before / 4, "{} of {before} spans are left", spans(&heap));
    m.verify().unwrap();
}
