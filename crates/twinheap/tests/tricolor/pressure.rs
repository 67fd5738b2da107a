//! A heap under pressure: what is outside it, destructors that are slow, limits, mutators that idle, the collector's own
//! thread.  Sizes are bounds that a machine with one slow processor keeps, too: no times.

use super::{Leaf, R, fill, heap, n, node};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use twinheap::{Config, Gc, Heap, Mutator, Request, Rootable, Static, Tail, Threaded, Tricolor, TricolorSolo};

static OUTSIDE: AtomicUsize = AtomicUsize::new(0);
/// A leaf that holds so many bytes outside the heap.
struct Outside(usize);
impl Outside {
    fn new(bytes: usize) -> Static<Outside> {
        OUTSIDE.fetch_add(bytes, Relaxed);
        Static(Outside(bytes))
    }
}
impl Drop for Outside {
    fn drop(&mut self) {
        OUTSIDE.fetch_sub(self.0, Relaxed);
    }
}

/// Small objects with much behind them: what is outside brings collections about, with and without a limit.
#[test]
fn what_is_outside_the_heap_brings_collections_about() {
    const EACH: usize = 64 << 10;
    let outside_bytes = Some((|| OUTSIDE.load(Relaxed)) as fn() -> usize);
    for limit in [None, Some(32 << 20)] {
        let heap = heap::<TricolorSolo>(Config { outside_bytes, memory_limit_bytes: limit, ..Config::default() });
        let mut m = heap.mutator().unwrap();
        let mut most = 0;
        for _ in 0..n(20_000, 10) {
            m.mutate(|mc, _| _ = Gc::new(mc, Outside::new(EACH)));
            most = most.max(OUTSIDE.load(Relaxed));
        }
        assert!(most < 128 << 20, "{most} bytes outside, limit {limit:?}, {:?}", heap.stats());
        m.collect(Request::FULL);
        assert_eq!(OUTSIDE.load(Relaxed), 0);
    }
}

/// Nothing lives, and what dies takes long to die: allocation waits for the collector's thread.
#[test]
fn slow_destructors_hold_allocation_back() {
    struct Slow([u64; 3]);
    impl Drop for Slow {
        fn drop(&mut self) {
            (0..n(300, 1)).for_each(|_| _ = std::hint::black_box(&self.0));
        }
    }
    let heap = heap::<Tricolor>(Config::default());
    let mut m = heap.mutator().unwrap();
    for _ in 0..n(6_000, 2) {
        m.mutate(|mc, _| (0..n(500, 10)).for_each(|_| _ = Gc::new(mc, Static(Slow([1; 3])))));
    }
    let stats = heap.stats();
    assert!(stats.peak_used_bytes < 48 << 20, "{} bytes allocated: {stats:?}", stats.bytes_allocated);
}

/// Large garbage beside a live heap of small objects: allocators help marking by what they take.
#[test]
fn large_garbage_stays_near_the_goal() {
    let heap = heap::<Tricolor>(Config::default());
    let mut m = heap.mutator().unwrap();
    for _ in 0..n(500, 1) {
        m.mutate(|mc, root| root.borrow_mut(mc).extend((0..n(1000, 5)).map(|i| node(mc, i))));
    }
    m.collect(Request::FULL);
    for _ in 0..n(3_000, 3) {
        m.mutate(|mc, _| _ = Gc::<Tail<(), u64>, Tricolor>::with_zeroed_tail(mc, (), n(1 << 17, 1 << 10)));
    }
    let stats = heap.stats();
    assert!(stats.peak_used_bytes < 160 << 20, "{stats:?}");
}

/// Two threads make nothing but garbage under a hard limit: it never answers, because a collection can help.
#[test]
fn a_hard_limit_answers_garbage_with_a_collection() {
    let heap = heap::<Tricolor>(Config { max_heap_bytes: Some(16 << 20), ..Config::default() });
    std::thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| {
                let mut m = heap.mutator().unwrap();
                // One session may meet the limit while the other thread's keeps a collection from beginning; the next
                // begins when one has run.
                let mut met = 0;
                for _ in 0..n(4_000, 5) {
                    let went = m.mutate(|mc, _| (0..n(500, 20)).all(|_| Gc::try_new(mc, [0u64; 4]).is_ok()));
                    met = if went { 0 } else { met + 1 };
                    assert!(met < 3, "three sessions in a row met the limit");
                }
            });
        }
    });
}

/// Many mutators that had a little of everything and do nothing now keep no memory; and chunks go back.
#[test]
fn idle_mutators_keep_nothing() {
    let heap = heap::<Tricolor>(Config::default());
    let mut mutators: Vec<_> = (0..n(100, 3)).map(|_| heap.mutator().unwrap()).collect();
    for m in &mut mutators {
        m.mutate(|mc, _| {
            (0..n(64, 4)).for_each(|k| _ = Gc::<Tail<(), u64>, Tricolor>::with_zeroed_tail(mc, (), k * 3))
        });
    }
    (0..3).for_each(|_| _ = mutators[0].collect(Request::FULL));
    mutators[0].verify().unwrap();
    let stats = heap.stats();
    // Heads of chunks are in use as long as the chunks are.
    assert!(stats.used_bytes < n(12 << 20, 1 << 20), "{} bytes in use, {stats:?}", stats.used_bytes);
    assert!(heap.release() > 0);
    mutators[0].verify().unwrap();
    assert!(heap.stats().ladder.mapped_bytes <= n(8 << 20, 1 << 20), "{:?}", heap.stats().ladder);
    fill(&mut mutators[1], 10);
    mutators[0].collect(Request::FULL);
    mutators[0].verify().unwrap();
}

/// What a destructor on the collector's thread may not do is answered, not waited for.
#[test]
fn the_collectors_own_thread_is_told_no() {
    /// A mutator of the heap in a leaf of it; what it does when it goes.
    struct Leaver<M: Threaded>(Mutex<Option<Mutator<R, M>>>, fn(&mut Mutator<R, M>), Arc<AtomicUsize>);
    impl<M: Threaded> Drop for Leaver<M> {
        fn drop(&mut self) {
            if let Some(m) = self.0.get_mut().unwrap() {
                (self.1)(m);
                self.2.fetch_add(1, Relaxed);
            }
        }
    }
    fn one<M: Threaded>(does: fn(&mut Mutator<R, M>)) -> usize {
        let done = Arc::new(AtomicUsize::new(0));
        let heap = heap::<M>(Config::default());
        let mut inside = heap.mutator().unwrap();
        // A leaf takes the mutator with it into the heap.
        let cell = Arc::new(Mutex::new(None));
        inside.mutate(|mc, _| {
            struct Shared<M: Threaded>(Arc<Mutex<Option<Leaver<M>>>>);
            impl<M: Threaded> Drop for Shared<M> {
                fn drop(&mut self) {
                    drop(self.0.lock().unwrap().take())
                }
            }
            Gc::new(mc, Static(Shared(cell.clone())));
        });
        *cell.lock().unwrap() = Some(Leaver(Mutex::new(Some(inside)), does, done.clone()));
        // The heap goes: the collector's thread or ours drops the leaf.
        let before = heap.stats().collections;
        while heap.stats().collections == before && done.load(Relaxed) == 0 {
            match heap.mutator() {
                Ok(mut other) => _ = other.collect(Request::FULL),
                Err(_) => break,
            }
        }
        drop(heap);
        done.load(Relaxed)
    }
    assert_eq!(one::<Tricolor>(|m| assert!(m.verify().is_err())), 1);
    assert_eq!(one::<Tricolor>(|m| assert_eq!(m.collect(Request::FULL).objects, 0)), 1);
}

/// A callback that panics ends there.
#[test]
fn a_callback_may_panic() {
    struct Nothing;
    impl Rootable<Tricolor> for Nothing {
        type Root<'gc> = ();
    }
    fn tell(_: &twinheap::observe::Collection) {
        std::panic::resume_unwind(Box::new("a callback"))
    }
    let heap =
        Heap::<Nothing, Tricolor>::new(Config { on_collection: Some(tell), ..Config::default() }, |_| ()).unwrap();
    let mut m = heap.mutator().unwrap();
    let drops = Arc::new(AtomicUsize::new(0));
    for i in 1..4 {
        m.mutate(|mc, ()| _ = Gc::new(mc, Leaf { counted: super::Counted(drops.clone()) }));
        m.collect(Request::FULL);
        assert_eq!((drops.load(Relaxed), heap.stats().callback_panics), (i, i as u64));
    }
    assert!(!heap.stats().collector_failed);
}

/// A session that finds no room, while `verify()` of another thread waits for it, is told so: neither waits for ever.
#[test]
fn verify_beside_a_session_at_the_hard_limit() {
    let (done, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let heap = heap::<Tricolor>(Config { max_heap_bytes: Some(n(12 << 20, 1 << 20)), ..Config::default() });
        let (mut full, mut looks) = (heap.mutator().unwrap(), heap.mutator().unwrap());
        let verified = std::thread::scope(|s| {
            let (tell, begun) = std::sync::mpsc::channel();
            s.spawn(move || {
                full.mutate(|mc, root| {
                    tell.send(()).unwrap();
                    // Until `verify` waits for this session.
                    while !mc.should_yield() {
                        std::thread::yield_now()
                    }
                    // What is kept cannot make room.
                    let mut kept = root.borrow_mut(mc);
                    while let Ok(block) = Gc::try_new(mc, super::Node { id: 1, next: twinheap::Slot::empty() }) {
                        kept.push(block)
                    }
                })
            });
            begun.recv().unwrap();
            looks.verify()
        });
        done.send(verified).unwrap();
    });
    ended.recv_timeout(Duration::from_secs(if cfg!(miri) { 600 } else { 30 })).expect("no deadlock").unwrap()
}
