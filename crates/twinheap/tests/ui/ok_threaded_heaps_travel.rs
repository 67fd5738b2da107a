//! compiles: heaps, mutators and roots of the tricolor managers go where they are sent
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;
use twinheap::{Root, Tricolor};

fn main() {
    let heap = heap::<Tricolor>();
    let mut mutator = heap.mutator().unwrap();
    let kept: Root<R, Tricolor> = mutator.root(|_, root| root.clone());
    let thread = std::thread::spawn(move || {
        let mut own = heap.mutator().unwrap();
        own.mutate(|mc, root| assert!(kept.get(mc).ptr_eq(root)));
        mutator
    });
    assert_eq!(thread.join().unwrap().mutate(|_, root| root.n), 1);
}
