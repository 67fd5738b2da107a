//! Destructors of leaves that panic: swallowed, and everything else is dropped all the same.
#![forbid(unsafe_code)]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};
use twinheap::{Config, Gc, Heap, Manager, Null, RefCount, Request, Rootable, Static, Tricolor, TricolorSolo};

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

#[test]
fn null() {
    a_heap_goes_with_all_it_holds::<Null>()
}

#[test]
fn refcount() {
    a_heap_goes_with_all_it_holds::<RefCount>()
}

#[test]
fn tricolor() {
    a_heap_goes_with_all_it_holds::<TricolorSolo>();
    a_heap_goes_with_all_it_holds::<Tricolor>()
}
