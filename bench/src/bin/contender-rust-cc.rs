//! The contender rust-cc: `Rc`-like handles whose cycles a trial deletion finds by itself, on mimalloc; its default
//! features (finalization included), the profile of this package.  Overview: README.md.
#![forbid(unsafe_code)]

use rust_cc::{Cc, Finalize, Trace, collect_cycles};
use std::cell::RefCell;
use twinheap_bench::{
    arguments::Arguments,
    programs::handles::{self, Handles},
};

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    handles::run::<OfRustCc>(&Arguments::read())
}

#[derive(Trace, Finalize)]
struct Node {
    number: u64,
    next: RefCell<Option<Cc<Node>>>,
}
#[derive(Trace, Finalize)]
struct Tree {
    left: Option<Cc<Tree>>,
    right: Option<Cc<Tree>>,
}
struct OfRustCc;
impl Handles for OfRustCc {
    type Node = Cc<Node>;
    type Tree = Cc<Tree>;
    type Words<const WORDS: usize> = Cc<[u64; WORDS]>;

    fn node(number: u64, next: Option<Cc<Node>>) -> Cc<Node> {
        Cc::new(Node { number, next: RefCell::new(next) })
    }
    fn number(node: &Cc<Node>) -> u64 {
        node.number
    }
    fn link(node: &Cc<Node>, next: Option<Cc<Node>>) {
        *node.next.borrow_mut() = next
    }
    fn tree(children: Option<(Cc<Tree>, Cc<Tree>)>) -> Cc<Tree> {
        let (left, right) = children.unzip();
        Cc::new(Tree { left, right })
    }
    fn children(tree: &Cc<Tree>) -> Option<(&Cc<Tree>, &Cc<Tree>)> {
        tree.left.as_ref().zip(tree.right.as_ref())
    }
    fn words<const WORDS: usize>(words: [u64; WORDS]) -> Cc<[u64; WORDS]> {
        Cc::new(words)
    }
    fn first<const WORDS: usize>(words: &Cc<[u64; WORDS]>) -> u64 {
        words[0]
    }
    fn collect() -> bool {
        collect_cycles();
        true
    }
}
