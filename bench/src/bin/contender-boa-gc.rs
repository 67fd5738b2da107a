//! The contender boa_gc: the marking collector of the Boa engine, for `Rc`-like handles, on mimalloc.  What is let go stays
//! until it collects, which it does by itself.  Overview: README.md.
#![forbid(unsafe_code)]

use boa_gc::{Finalize, Gc, Trace, force_collect};
use std::cell::Cell;
use twinheap_bench::{
    arguments::Arguments,
    programs::handles::{self, Handles},
};

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    handles::run::<OfBoa>(&Arguments::read())
}

#[derive(Trace, Finalize)]
struct Node {
    number: u64,
    next: Cell<Option<Gc<Node>>>,
}
#[derive(Trace, Finalize)]
struct Tree {
    left: Option<Gc<Tree>>,
    right: Option<Gc<Tree>>,
}
struct OfBoa;
impl Handles for OfBoa {
    type Node = Gc<Node>;
    type Tree = Gc<Tree>;
    type Words<const WORDS: usize> = Gc<[u64; WORDS]>;
    const TRACES: bool = true;

    fn node(number: u64, next: Option<Gc<Node>>) -> Gc<Node> {
        Gc::new(Node { number, next: Cell::new(next) })
    }
    fn number(node: &Gc<Node>) -> u64 {
        node.number
    }
    fn link(node: &Gc<Node>, next: Option<Gc<Node>>) {
        node.next.set(next)
    }
    fn tree(children: Option<(Gc<Tree>, Gc<Tree>)>) -> Gc<Tree> {
        let (left, right) = children.unzip();
        Gc::new(Tree { left, right })
    }
    fn children(tree: &Gc<Tree>) -> Option<(&Gc<Tree>, &Gc<Tree>)> {
        tree.left.as_ref().zip(tree.right.as_ref())
    }
    fn words<const WORDS: usize>(words: [u64; WORDS]) -> Gc<[u64; WORDS]> {
        Gc::new(words)
    }
    fn first<const WORDS: usize>(words: &Gc<[u64; WORDS]>) -> u64 {
        words[0]
    }
    fn collect() -> bool {
        force_collect();
        true
    }
}
