//! E0277: so do its roots
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;
use twinheap::{Null, RefCount, Root};

fn main() {
    let null: Root<R, Null> = mutator().root(|_, root| root.clone());
    std::thread::spawn(move || drop(null));
    let counting: Root<R, RefCount> = heap().mutator().unwrap().root(|_, root| root.clone());
    std::thread::spawn(move || drop(counting));
}
