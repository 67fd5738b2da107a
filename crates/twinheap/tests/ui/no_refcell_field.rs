//! E0277: unshared cells are for `Cc` only
#![forbid(unsafe_code)]
use twinheap::{Manager, Slot, Trace};

#[derive(Trace)]
struct Bad<'gc, M: Manager> {
    next: Slot<'gc, u8, M>,
    bad: std::cell::RefCell<u8>,
}
fn main() {}
