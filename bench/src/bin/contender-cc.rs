//! The contender `Cc`: twinheap's counted handle without sessions, whose cycles are collected.  On the system's
//! allocator, which twinheap asks for tables only; the array that holds the handles is the system's too.
//! Overview: README.md.
#![forbid(unsafe_code)]

use std::cell::Cell;
use twinheap::{Cc, Trace, cc, observe::HoldUpCause};
use twinheap_bench::{
    arguments::Arguments,
    programs::{
        self,
        counting::Stops,
        handles::{self, Handles},
    },
};

fn main() {
    let arguments = Arguments::read();
    match arguments.workload.as_str() {
        "release" => programs::release(arguments.number("nodes"), build_list, drop),
        _ => handles::run::<OfCc>(&arguments),
    }
}

#[derive(Trace)]
struct Node {
    number: u64,
    next: Cell<Option<Cc<Node>>>,
}
#[derive(Trace)]
struct Tree {
    left: Option<Cc<Tree>>,
    right: Option<Cc<Tree>>,
}
struct OfCc;
impl Handles for OfCc {
    type Node = Cc<Node>;
    type Tree = Cc<Tree>;
    type Words<const WORDS: usize> = Cc<[u64; WORDS]>;

    fn node(number: u64, next: Option<Cc<Node>>) -> Cc<Node> {
        Cc::new(Node { number, next: Cell::new(next) })
    }
    fn number(node: &Cc<Node>) -> u64 {
        node.number
    }
    fn link(node: &Cc<Node>, next: Option<Cc<Node>>) {
        node.next.set(next)
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
        cc::collect();
        true
    }
    fn give_back() -> bool {
        cc::release();
        true
    }
    fn stops() -> Option<Stops> {
        let holdups = cc::stats().holdups.by_cause;
        let of = holdups.iter().find(|cause| cause.0 == HoldUpCause::CycleCollection);
        Some(of.map_or(Stops::default(), |&(_, _, total_ns, max_ns)| Stops { total_ns, max_ns }))
    }
}

fn build_list(nodes: u64) -> Cc<Node> {
    let mut list = OfCc::node(0, None);
    for number in 1..nodes {
        list = OfCc::node(number, Some(list));
    }
    assert_eq!(list.number, nodes - 1);
    list
}
