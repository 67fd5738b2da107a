//! lifetime may not live long enough: so is a slot
#![forbid(unsafe_code)]
use twinheap::{Manager, Slot};

fn shrink<'a, 'b: 'a, 'r, M: Manager>(slot: &'r Slot<'b, i32, M>) -> &'r Slot<'a, i32, M> {
    slot
}
fn main() {}
