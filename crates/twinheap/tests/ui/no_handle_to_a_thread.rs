//! E0277: a handle does not go to another thread, a scoped one included
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;

fn main() {
    mutator().mutate(|_, root| std::thread::scope(|s| drop(s.spawn(|| root.n))));
}
