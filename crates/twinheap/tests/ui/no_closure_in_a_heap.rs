//! E0277: a closure is nothing one can look into
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;
use twinheap::Gc;

fn main() {
    mutator().mutate(|mc, root| drop(Gc::new(mc, || root.n)));
}
