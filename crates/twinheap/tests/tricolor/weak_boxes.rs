//! Weak boxes found by their target while a collection is in FIN and brings some of them back.  What a reviewer broke.

use super::*;
use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};
use twinheap::WeakBox;

type S = TricolorSolo;
/// A box whose data refers to something that nothing else does.
type Boxed<'gc> = WeakBox<'gc, Slot<'gc, Node<'gc, S>, S>, S>;

/// Comes back in FIN, with a box and a list that takes the collector a while.
#[derive(Trace)]
#[trace(finalize, manager = S)]
struct Mortal<'gc> {
    boxed: Gc<'gc, Boxed<'gc>, S>,
    long: Slot<'gc, Node<'gc, S>, S>,
}
impl<'gc> Finalize<'gc, S> for Mortal<'gc> {
    fn finalize(_: &Gc<'gc, Self, S>, _: &'gc Mutation<'gc, S>) {}
}
#[derive(Trace)]
#[trace(manager = S)]
struct Top<'gc> {
    target: GcAny<'gc, S>,
    mortal: Slot<'gc, Mortal<'gc>, S>,
    out: Slot<'gc, Node<'gc, S>, S>,
}
struct Tops;
impl Rootable<S> for Tops {
    type Root<'gc> = Top<'gc>;
}
const ID: usize = 424_242;

/// A session that began in FIN has no barrier.  A box that is only just coming back is not handed out to it: what the box
/// refers to may be white still, and is taken out of it here.
#[test]
fn a_box_that_may_come_back_is_not_handed_out() {
    let begin = Instant::now();
    let mut rounds = 0;
    while rounds < n(30, 1) && (rounds == 0 || begin.elapsed() < Duration::from_secs(2)) {
        takes_out_of_a_box_in_fin(Duration::from_millis(1 << (rounds % 4)));
        rounds += 1;
    }
}
/// Looks so long after a collection by itself was due: FIN has come by then, and is not over.
fn takes_out_of_a_box_in_fin(after: Duration) {
    let config = Config { min_heap_bytes: n(16 << 20, 64 << 10), ..Config::default() };
    let heap = Heap::<Tops, S>::new(config, |mc| {
        let target = GcAny::new(Gc::new(mc, 5u64));
        Top { target, mortal: Slot::empty(), out: Slot::empty() }
    })
    .unwrap();
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, root| {
        let boxed = Gc::new_weak(mc, &root.target, Slot::new(Some(node(mc, ID))), false);
        let long = Slot::empty();
        for id in 0..n(200_000, 100) {
            long.set(mc, Some(Gc::new(mc, Node { id, next: Slot::new(long.take(mc)) })))
        }
        root.mortal.set(mc, Some(Gc::new(mc, Mortal { boxed, long })))
    });
    m.collect(Request::FULL);
    let before = heap.stats().collections;
    m.mutate(|mc, root| _ = root.mortal.take(mc));
    // Until a collection by itself is under way; there is next to nothing for its MARK.
    while !m.mutate(|mc, _| {
        (0..10_000).any(|i| {
            Gc::new(mc, i);
            mc.should_yield()
        })
    }) {}
    let until = Instant::now() + Duration::from_secs(n(1, 600) as u64);
    let found = m.mutate(|mc, root| {
        std::thread::sleep(after);
        while Instant::now() < until && heap.stats().collections == before {
            let mut found = None;
            mc.weak_boxes(&root.target, |any| {
                found = any.clone().downcast::<Boxed<'_>>().ok();
                ControlFlow::<()>::Continue(())
            });
            if let Some(boxed) = found {
                root.out.set(mc, boxed.data().take(mc));
                return true;
            }
            // Not in the collector's way, which may have no processor of its own.
            std::thread::sleep(Duration::from_micros(50));
        }
        false
    });
    m.collect(Request::FULL);
    m.verify().unwrap();
    // What was freed too early is something else now.
    m.mutate(|mc, _| (0..n(10_000, 100)).for_each(|_| _ = node(mc, 666)));
    m.mutate(|_, root| assert_eq!(root.out.get().map(|x| x.id), found.then_some(ID)));
}
