//! Handles to trait objects and slices.

use crate::trial::{Ledger, Node, Trial, collect, node, node_with};
use twinheap::{DynFamily, Gc, GcCell, GcDyn, GcVec, Manager, Mutation, Slot, Trace, Val, gc_dyn};

laws!(trait_objects, slices_of_arrays);

trait Shape<'gc, M: Manager> {
    fn area(&self) -> u64;
    fn attach(&self, mc: &Mutation<'gc, M>, node: Gc<'gc, Node<'gc, M>, M>);
    fn attached(&self) -> Option<Gc<'gc, Node<'gc, M>, M>>;
}
#[derive(Trace)]
struct Square<'gc, M: Manager> {
    side: u64,
    node: Slot<'gc, Node<'gc, M>, M>,
}
impl<'gc, M: Manager> Shape<'gc, M> for Square<'gc, M> {
    fn area(&self) -> u64 {
        self.side * self.side
    }
    fn attach(&self, mc: &Mutation<'gc, M>, node: Gc<'gc, Node<'gc, M>, M>) {
        self.node.set(mc, Some(node))
    }
    fn attached(&self) -> Option<Gc<'gc, Node<'gc, M>, M>> {
        self.node.get()
    }
}
#[derive(Trace)]
struct Path<'gc, M: Manager> {
    nodes: GcVec<'gc, Gc<'gc, Node<'gc, M>, M>, M>,
    inner: GcCell<Vec<GcDyn<'gc, Shapes, M>>, M>,
}
impl<'gc, M: Manager> Shape<'gc, M> for Path<'gc, M> {
    fn area(&self) -> u64 {
        self.inner.borrow().iter().map(|shape| shape.area()).sum()
    }
    fn attach(&self, mc: &Mutation<'gc, M>, node: Gc<'gc, Node<'gc, M>, M>) {
        self.nodes.push(mc, node)
    }
    fn attached(&self) -> Option<Gc<'gc, Node<'gc, M>, M>> {
        self.nodes.last()
    }
}
struct Shapes;
impl<M: Manager> DynFamily<M> for Shapes {
    type Dyn<'gc> = dyn Shape<'gc, M> + 'gc;
}
#[derive(Trace)]
struct Gallery<'gc, M: Manager> {
    first: GcDyn<'gc, Shapes, M>,
    all: GcCell<Vec<GcDyn<'gc, Shapes, M>>, M>,
}

pub fn trait_objects<M: Manager>(t: &Trial) {
    let ledger = Ledger::new();
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let square = Gc::new(mc, Square { side: 3, node: Slot::empty() });
            let shape = gc_dyn!(square.clone() => Shapes);
            assert!(shape.area() == 9 && shape.as_any().downcast_ref::<Square<'_, M>>().unwrap().ptr_eq(&square));
            assert!(shape.ptr_eq(&shape.clone()) && shape.as_any().is::<Square<'_, M>>());
            let path = Path { nodes: GcVec::new(), inner: GcCell::new(vec![shape.clone(), shape.clone()]) };
            let gallery = Gallery { first: gc_dyn!(Gc::new(mc, path) => Shapes), all: GcCell::default() };
            gallery.all.borrow_mut(mc).extend([shape, gallery.first.clone()]);
            // What hangs on an object by way of its trait lives with it.
            for (i, shape) in gallery.all.borrow().iter().enumerate() {
                shape.attach(mc, node_with(mc, i as u64, Some(ledger.leaf())))
            }
            root.value.set(mc, Val::from_gc(Gc::new(mc, gallery)));
        });
        collect(m);
        collect(m);
        m.mutate(|mc, root| {
            let gallery = root.value.get().downcast::<Gallery<'_, M>>().unwrap();
            t.see(gallery.all.borrow().iter().map(|s| (s.area(), s.attached().unwrap().id)).collect::<Vec<_>>());
            assert_eq!((gallery.first.area(), ledger.dropped()), (18, 0));
            // A cycle through a trait object.
            let back = node(mc, 9);
            back.value.set(mc, root.value.get());
            gallery.first.attach(mc, back);
            root.value.set(mc, Val::empty());
        });
        collect(m);
        if M::CONSTRAINTS.collects {
            assert_eq!(ledger.dropped(), 2);
        }
    });
    ledger.settled();
}

struct Nodes;
impl<M: Manager> DynFamily<M> for Nodes {
    type Dyn<'gc> = [Slot<'gc, Node<'gc, M>, M>];
}
pub fn slices_of_arrays<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let pair: GcDyn<'_, Nodes, M> =
                gc_dyn!(Gc::new(mc, [Slot::empty(), Slot::new(Some(root.clone()))]) => Nodes);
            pair[0].set(mc, Some(node(mc, 1)));
            t.see(pair.iter().map(|n| n.get().unwrap().id).collect::<Vec<_>>());
            assert_eq!(pair.len(), 2);
        });
    });
}
