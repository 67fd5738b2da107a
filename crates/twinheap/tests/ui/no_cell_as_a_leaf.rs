//! E0277: unshared cells are no leaves
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;
use twinheap::Gc;

fn main() {
    mutator().mutate(|mc, _| drop(Gc::new(mc, std::cell::Cell::new(3))));
}
