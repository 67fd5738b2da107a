//! lifetime may not live long enough: nor does a future that holds a handle
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;

fn main() {
    let _ = mutator().mutate(|_, root| async move { root.n });
}
