//! The contender bacon_rajan_cc: Bacon and Rajan's synchronous trial deletion for `Rc`-like handles, on mimalloc.  It
//! collects when asked and never by itself; what to visit is written by hand.  Overview: README.md.
#![forbid(unsafe_code)]

use bacon_rajan_cc::{Cc, Trace, Tracer, collect_cycles};
use std::cell::RefCell;
use twinheap_bench::{
    arguments::Arguments,
    programs::handles::{self, Handles},
};

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    handles::run::<OfBacon>(&Arguments::read())
}

struct Node {
    number: u64,
    next: RefCell<Option<Cc<Node>>>,
}
impl Trace for Node {
    fn trace(&self, tracer: &mut Tracer) {
        self.next.trace(tracer)
    }
}
struct Tree {
    left: Option<Cc<Tree>>,
    right: Option<Cc<Tree>>,
}
impl Trace for Tree {
    fn trace(&self, tracer: &mut Tracer) {
        self.left.trace(tracer);
        self.right.trace(tracer)
    }
}
struct Words<const WORDS: usize>([u64; WORDS]);
impl<const WORDS: usize> Trace for Words<WORDS> {
    fn trace(&self, _: &mut Tracer) {}
}
struct OfBacon;
impl Handles for OfBacon {
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
        collect_cycles();
        true
    }
}
