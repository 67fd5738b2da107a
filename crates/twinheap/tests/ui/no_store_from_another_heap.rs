//! E0521: a handle of one heap is not stored in another
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;

fn main() {
    let (mut a, mut b) = (mutator(), mutator());
    a.mutate(|_, root_a| b.mutate(|mc_b, root_b| root_b.next.set(mc_b, Some(root_a.clone()))));
}
