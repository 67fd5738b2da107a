//! E0639: only the heap says whose finalizer is to run
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;
use twinheap::{GcAny, Pending};

fn main() {
    mutator().mutate(|mc, root| Pending::Finalize { object: GcAny::new(root.clone()) }.run(mc));
}
