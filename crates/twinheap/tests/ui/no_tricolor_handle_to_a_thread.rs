//! E0277: not under the managers with threads either: it would be no mutator there
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;
use twinheap::Tricolor;

fn main() {
    heap::<Tricolor>().mutator().unwrap().mutate(|_, root| std::thread::scope(|s| drop(s.spawn(|| root.n))));
}
