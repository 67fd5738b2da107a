//! E0277: a heap that counts, or that never frees, stays on its thread
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;
use twinheap::{Null, RefCount};

fn main() {
    let null = heap::<Null>();
    std::thread::spawn(move || drop(null));
    let counting = heap::<RefCount>();
    std::thread::spawn(move || drop(counting));
}
