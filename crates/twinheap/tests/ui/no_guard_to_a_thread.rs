//! E0277: a guard does not go to another thread
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;

fn main() {
    mutator().mutate(|_, root| {
        let guard = root.cell.borrow();
        std::thread::scope(|s| drop(s.spawn(move || guard.len())))
    });
}
