//! E0521: nor by a variable outside
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;

fn main() {
    let mut kept = None;
    mutator().mutate(|_, root| kept = Some(root.clone()));
    drop(kept);
}
