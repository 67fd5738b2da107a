//! Destructors of leaves that panic: swallowed, and everything else is dropped all the same.
#![forbid(unsafe_code)]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};
use twinheap::{
    Config, Gc, Heap, Manager, Null, RefCount, Request, Rootable, Static, Tail, Trace, Tricolor, TricolorSolo,
};

/// What is thrown panics as well when it goes.
struct Thrown;
impl Drop for Thrown {
    fn drop(&mut self) {
        panic!("what a destructor threw")
    }
}
struct Bomb(Arc<AtomicUsize>, Box<u64>);
impl Drop for Bomb {
    fn drop(&mut self) {
        assert_eq!(*self.1, 7);
        self.0.fetch_add(1, SeqCst);
        std::panic::panic_any(Thrown)
    }
}

struct Nothing;
impl<M: Manager> Rootable<M> for Nothing {
    type Root<'gc> = ();
}

fn a_heap_goes_with_all_it_holds<M: Manager>() {
    const BOMBS: usize = 5;
    let dropped = Arc::new(AtomicUsize::new(0));
    let heap = Heap::<Nothing, M>::new(Config::default(), |_| ()).unwrap();
    let mut mutator = heap.mutator().unwrap();
    for round in 0..2 {
        mutator.mutate(|mc, ()| {
            for _ in 0..BOMBS {
                Gc::new(mc, Static(Bomb(dropped.clone(), Box::new(7))));
            }
        });
        if round == 0 {
            mutator.collect(Request::FULL);
            mutator.verify().unwrap();
        }
    }
    let stats = heap.stats();
    assert_eq!(stats.drop_panics, dropped.load(SeqCst) as u64);
    drop((mutator, heap));
    assert_eq!(dropped.load(SeqCst), 2 * BOMBS);
}

/// Counts its drops, and panics in one if it is told to.
struct Counted(Arc<AtomicUsize>, bool);
impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
        if self.1 {
            std::panic::resume_unwind(Box::new("counted"))
        }
    }
}
#[derive(Trace)]
#[trace(release = "reverse")]
struct Reverse(Static<Counted>, Static<Counted>, Static<Counted>);
#[derive(Trace)]
struct FromTheEnd(Static<Counted>);
#[derive(Trace)]
#[trace(release = "in order")]
struct InOrder(Static<Counted>);

/// When one part panics, the other parts of the object go all the same.
fn the_other_parts_go_too<M: Manager>() {
    const PARTS: usize = 5;
    for panics in 0..PARTS {
        let dropped = Arc::new(AtomicUsize::new(0));
        let heap = Heap::<Nothing, M>::new(Config::default(), |_| ()).unwrap();
        let mut mutator = heap.mutator().unwrap();
        mutator.mutate(|mc, ()| {
            let part = |i| Static(Counted(dropped.clone(), i == panics));
            let elements = || (1..PARTS).map(part);
            Gc::<Tail<_, _>, M>::with_tail(mc, FromTheEnd(part(0)), elements());
            Gc::<Tail<_, _>, M>::with_tail(mc, InOrder(part(0)), elements());
            if panics < 3 {
                Gc::new(mc, Reverse(part(0), part(1), part(2)));
            }
        });
        drop((mutator, heap));
        assert_eq!(dropped.load(SeqCst), if panics < 3 { 2 * PARTS + 3 } else { 2 * PARTS }, "{} {panics}", M::NAME);
    }
}

#[test]
fn null() {
    a_heap_goes_with_all_it_holds::<Null>();
    the_other_parts_go_too::<Null>()
}

#[test]
fn refcount() {
    a_heap_goes_with_all_it_holds::<RefCount>();
    the_other_parts_go_too::<RefCount>()
}

#[test]
fn tricolor() {
    a_heap_goes_with_all_it_holds::<TricolorSolo>();
    a_heap_goes_with_all_it_holds::<Tricolor>();
    the_other_parts_go_too::<TricolorSolo>();
    the_other_parts_go_too::<Tricolor>()
}
