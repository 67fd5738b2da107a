//! compiles: through containers, and through another type with a word
#![forbid(unsafe_code)]
use twinheap::*;

use std::collections::{BTreeMap, HashMap, LinkedList, VecDeque};
#[derive(Trace)]
enum Expr<'gc, M: Manager> {
    Leaf(Slot<'gc, Expr<'gc, M>, M>),
    All(
        Box<Expr<'gc, M>>,
        Vec<Option<Self>>,
        VecDeque<(u8, Expr<'gc, M>)>,
        LinkedList<Result<Expr<'gc, M>, u8>>,
        HashMap<u8, Expr<'gc, M>>,
        BTreeMap<u8, Box<[Expr<'gc, M>]>>,
        GcCell<Vec<Expr<'gc, M>>, M>,
    ),
}
#[derive(Trace)]
struct Statement<'gc, M: Manager>(#[trace(recursive)] Vec<Expression<'gc, M>>, Slot<'gc, u8, M>);
#[derive(Trace)]
struct Expression<'gc, M: Manager>(Option<Box<Statement<'gc, M>>>, Slot<'gc, u8, M>);
#[derive(Trace)]
struct Tree {
    kids: Vec<Tree>,
}
struct Root;
impl<M: Manager> Rootable<M> for Root {
    type Root<'gc> = ();
}
fn main() {
    let heap = Heap::<Root, Null>::new(Config::default(), |_| ()).unwrap();
    heap.mutator().unwrap().mutate(|mc, ()| {
        Gc::new(mc, Expr::Leaf(Slot::empty()));
        Gc::new(mc, Statement(vec![Expression(None, Slot::empty())], Slot::empty()));
        Gc::new(mc, Tree { kids: vec![] });
    });
}
