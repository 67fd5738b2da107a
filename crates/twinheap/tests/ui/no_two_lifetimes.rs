//! one lifetime: what is borrowed from elsewhere cannot be kept
#![forbid(unsafe_code)]
use twinheap::{Manager, Slot, Trace};

#[derive(Trace)]
struct Bad<'a, 'gc, M: Manager> {
    text: &'a str,
    next: Slot<'gc, u8, M>,
}
fn main() {}
