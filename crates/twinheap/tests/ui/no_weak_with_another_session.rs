//! E0521: nor is a weak reference upgraded with it
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;

fn main() {
    let (mut a, mut b) = (mutator(), mutator());
    a.mutate(|mc_a, _| b.mutate(|mc_b, root_b| drop(root_b.downgrade(mc_b).upgrade(mc_a))));
}
