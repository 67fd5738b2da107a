//! The contender jrsonnet-gcmodule: CPython's algorithm for `Rc`-like handles, on mimalloc.  It collects when asked and
//! never by itself.  Overview: README.md.
#![forbid(unsafe_code)]

use jrsonnet_gcmodule::{Cc, Trace, collect_thread_cycles};
use std::cell::RefCell;
use twinheap_bench::{
    arguments::Arguments,
    programs::handles::{self, Handles},
};

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    handles::run::<OfGcmodule>(&Arguments::read())
}

// Without `force` the question whether a recursive type is tracked has no end.
#[derive(Trace)]
#[trace(tracking(force))]
struct Node {
    number: u64,
    next: RefCell<Option<Cc<Node>>>,
}
#[derive(Trace)]
#[trace(tracking(force))]
struct Tree {
    left: Option<Cc<Tree>>,
    right: Option<Cc<Tree>>,
}
struct Words<const WORDS: usize>([u64; WORDS]);
impl<const WORDS: usize> Trace for Words<WORDS> {
    fn is_type_tracked() -> bool {
        false
    }
}
struct OfGcmodule;
impl Handles for OfGcmodule {
    type Node = Cc<Node>;
    type Tree = Cc<Tree>;
    type Words<const WORDS: usize> = Cc<Words<WORDS>>;

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
    fn words<const WORDS: usize>(words: [u64; WORDS]) -> Cc<Words<WORDS>> {
        Cc::new(Words(words))
    }
    fn first<const WORDS: usize>(words: &Cc<Words<WORDS>>) -> u64 {
        words.0[0]
    }
    fn collect() -> bool {
        let _found = collect_thread_cycles();
        true
    }
}
