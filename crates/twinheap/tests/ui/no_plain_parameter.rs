//! E0277: what is generic must be `Trace`
#![forbid(unsafe_code)]
use twinheap::{Gc, Manager, Mutation, Trace};

#[derive(Trace)]
struct Pair<T>(T, T);
fn put<T, M: Manager>(mc: &Mutation<'_, M>, a: T, b: T) {
    Gc::new(mc, Pair(a, b));
}
fn main() {}
