//! lifetime may not live long enough: a handle is invariant in its session
#![forbid(unsafe_code)]
use twinheap::{Gc, Manager};

fn shrink<'a, 'b: 'a, M: Manager>(handle: Gc<'b, i32, M>) -> Gc<'a, i32, M> {
    handle
}
fn main() {}
