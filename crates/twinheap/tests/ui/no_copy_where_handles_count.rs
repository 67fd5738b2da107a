//! E0382: handles of `RefCount` are moved
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;
use twinheap::RefCount;

fn main() {
    heap::<RefCount>().mutator().unwrap().mutate(|_, root| {
        let a = root.clone();
        let b = a;
        drop((a, b));
    });
}
