//! E0277: a type without a manager lies where its fields can
#![forbid(unsafe_code)]
use twinheap::{Gc, Manager, Mutation, Trace};

#[derive(Trace)]
struct Local {
    bad: std::rc::Rc<u8>,
}
fn put<M: Manager>(mc: &Mutation<'_, M>) {
    Gc::new(mc, Local { bad: std::rc::Rc::new(1) });
}
fn main() {}
