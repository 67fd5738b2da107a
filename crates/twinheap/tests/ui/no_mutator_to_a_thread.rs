//! E0277: so does its mutator
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;
use twinheap::RefCount;

fn main() {
    let null = mutator();
    std::thread::spawn(move || drop(null));
    let counting = heap::<RefCount>().mutator().unwrap();
    std::thread::spawn(move || drop(counting));
}
