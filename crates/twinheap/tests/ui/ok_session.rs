//! compiles: what sessions are for
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;
use twinheap::{Null, Root};

fn main() {
    let mut mutator = mutator();
    let n = mutator.mutate(|mc, root| {
        root.next.set(mc, Some(node(mc)));
        root.cell.borrow_mut(mc).push(root.clone());
        root.next.get().unwrap().n
    });
    assert_eq!(n, 1);
    let kept: Root<R, Null> = mutator.root(|_, root| root.clone());
    mutator.mutate(|mc, root| assert!(kept.get(mc).ptr_eq(root)));
}
