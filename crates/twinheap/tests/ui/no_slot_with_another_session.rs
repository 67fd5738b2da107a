//! E0521: a slot is not changed with the session of another heap
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;

fn main() {
    let (mut a, mut b) = (mutator(), mutator());
    a.mutate(|mc_a, _| b.mutate(|_, root_b| root_b.next.set(mc_a, None)));
}
