//! The contender dumpster: counted handles for one thread (`unsync`) whose cycles are found by themselves, on mimalloc.
//! Overview: README.md.
#![forbid(unsafe_code)]

use dumpster::{
    Trace,
    unsync::{Gc, collect},
};
use std::cell::RefCell;
use twinheap_bench::{
    arguments::Arguments,
    programs::handles::{self, Handles},
};

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    handles::run::<OfDumpster>(&Arguments::read())
}

#[derive(Trace)]
struct Node {
    number: u64,
    next: RefCell<Option<Gc<Node>>>,
}
#[derive(Trace)]
struct Tree {
    left: Option<Gc<Tree>>,
    right: Option<Gc<Tree>>,
}
struct OfDumpster;
impl Handles for OfDumpster {
    type Node = Gc<Node>;
    type Tree = Gc<Tree>;
    type Words<const WORDS: usize> = Gc<[u64; WORDS]>;

    fn node(number: u64, next: Option<Gc<Node>>) -> Gc<Node> {
        Gc::new(Node { number, next: RefCell::new(next) })
    }
    fn number(node: &Gc<Node>) -> u64 {
        node.number
    }
    fn link(node: &Gc<Node>, next: Option<Gc<Node>>) {
        *node.next.borrow_mut() = next
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
        collect();
        true
    }
}
