//! compiles: where nothing counts, handles are `Copy` and references last
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;
use twinheap::{Gc, Null};

fn main() {
    mutator().mutate(|_, root| {
        let a = *root;
        let b = a;
        let n: &i32 = &a.get_ref().n;
        assert!(*n == b.n && !std::mem::needs_drop::<Gc<'_, u8, Null>>());
    });
}
