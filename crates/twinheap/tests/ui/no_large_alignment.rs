//! E0080: objects are aligned to 8 bytes
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;
use twinheap::{Gc, Trace};

#[derive(Trace)]
#[repr(align(16))]
struct Wide(u8);
fn main() {
    mutator().mutate(|mc, _| drop(Gc::new(mc, Wide(1))));
}
