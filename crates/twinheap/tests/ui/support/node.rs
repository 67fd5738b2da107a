//! What the files beside it share: a node, a family of roots, heaps.
use twinheap::{Config, Gc, GcCell, Heap, Manager, Mutation, Mutator, Null, Rootable, Slot, Trace};

#[derive(Trace)]
pub struct Node<'gc, M: Manager> {
    pub n: i32,
    pub next: Slot<'gc, Node<'gc, M>, M>,
    pub cell: GcCell<Vec<Gc<'gc, Node<'gc, M>, M>>, M>,
}
pub struct R;
impl<M: Manager> Rootable<M> for R {
    type Root<'gc> = Gc<'gc, Node<'gc, M>, M>;
}
pub fn node<'gc, M: Manager>(mc: &Mutation<'gc, M>) -> Gc<'gc, Node<'gc, M>, M> {
    Gc::new(mc, Node { n: 1, next: Slot::empty(), cell: GcCell::default() })
}
pub fn heap<M: Manager>() -> Heap<R, M> {
    Heap::new(Config::default(), |mc| node(mc)).unwrap()
}
pub fn mutator() -> Mutator<R, Null> {
    heap().mutator().unwrap()
}
