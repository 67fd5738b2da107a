//! lifetime may not live long enough: nor does a reference into an object
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;

fn main() {
    let _ = mutator().mutate(|_, root| &root.n);
}
