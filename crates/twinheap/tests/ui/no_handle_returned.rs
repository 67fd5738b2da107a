//! lifetime may not live long enough: a handle does not leave its session
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;

fn main() {
    let _ = mutator().mutate(|_, root| root.clone());
}
