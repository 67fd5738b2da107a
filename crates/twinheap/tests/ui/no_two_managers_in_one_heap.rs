//! E0277: a handle of one manager does not lie in a heap of another
#![forbid(unsafe_code)]
use twinheap::{Gc, Manager, Mutation};

fn mix<'gc, M: Manager, N: Manager>(mc: &Mutation<'gc, M>, handle: Gc<'gc, i32, N>) {
    Gc::new(mc, handle);
}
fn main() {}
