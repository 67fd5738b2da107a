//! E0277: a lock of a handle is no leaf: nobody could look into it
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;
use twinheap::Gc;

fn main() {
    mutator().mutate(|mc, root| drop(Gc::new(mc, std::sync::Mutex::new(root.clone()))));
}
