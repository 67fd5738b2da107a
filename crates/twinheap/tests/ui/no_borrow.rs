//! lifetime may not live long enough: nor with one lifetime
#![forbid(unsafe_code)]
use twinheap::{Manager, Slot, Trace};

#[derive(Trace)]
struct Bad<'gc, M: Manager> {
    text: &'gc str,
    next: Slot<'gc, u8, M>,
}
fn main() {}
