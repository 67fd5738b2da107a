//! Destructors of leaves that panic: swallowed, and everything else is dropped all the same.
#![forbid(unsafe_code)]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};
use twinheap::{Config, Gc, Heap, Manager, Null, RefCount, Rootable, Static, Tricolor, TricolorSolo};

struct Bomb(Arc<AtomicUsize>);
impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
        panic!("a destructor")
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
    heap.mutator().unwrap().mutate(|mc, ()| {
        for _ in 0..BOMBS {
            Gc::new(mc, Static(Bomb(dropped.clone())));
        }
    });
    drop(heap);
    assert_eq!(dropped.load(SeqCst), BOMBS);
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
