//! lifetime may not live long enough: nor does the session
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;

fn main() {
    let _ = mutator().mutate(|mc, _| mc);
}
