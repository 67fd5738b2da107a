//! E0277: nor does a session
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;

fn main() {
    mutator().mutate(|mc, _| std::thread::scope(|s| drop(s.spawn(|| drop(node(mc))))));
}
