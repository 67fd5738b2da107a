//! All programs for crates of handles in the manner of `Rc`: what such a crate differs in is [`Handles`], and the rest is
//! written once, here.  Not the contenders with sessions, which write their own (`bin/`).  Overview: README.md.

use super::{
    Forest, RING, Ring, alloc, binary_trees,
    counting::{self, Stops, Work},
    tree,
};
use crate::{arguments::Arguments, for_words};
use std::hint::black_box;

/// A crate of handles.
pub trait Handles: 'static {
    /// A handle to a node: a number, and a link that can be changed, in the smallest field that the crate offers for it.
    type Node: Clone + 'static;
    /// A handle to a tree: two links that stay as they are, or none.
    type Tree: 'static;
    /// A handle to words.
    type Words<const WORDS: usize>: Clone + 'static;
    /// Whether what is let go stays until a collection.
    const TRACES: bool = false;

    /// A node.
    fn node(number: u64, next: Option<Self::Node>) -> Self::Node;
    /// Its number.
    fn number(node: &Self::Node) -> u64;
    /// Changes its link.
    fn link(node: &Self::Node, next: Option<Self::Node>);
    /// A tree.
    fn tree(children: Option<(Self::Tree, Self::Tree)>) -> Self::Tree;
    /// Its two links.
    fn children(tree: &Self::Tree) -> Option<(&Self::Tree, &Self::Tree)>;
    /// Words.
    fn words<const WORDS: usize>(words: [u64; WORDS]) -> Self::Words<WORDS>;
    /// The first of them.
    fn first<const WORDS: usize>(words: &Self::Words<WORDS>) -> u64;
    /// Collects everything; whether the crate can.
    fn collect() -> bool;
    /// Asks to give memory back; whether one can ask.
    fn give_back() -> bool {
        false
    }
    /// See [`Work::stops`].
    fn stops() -> Option<Stops> {
        None
    }
}

/// Runs what the arguments ask for.
pub fn run<H: Handles>(arguments: &Arguments) {
    let number = |key| arguments.number(key);
    match arguments.workload.as_str() {
        "binary-trees" => binary_trees(&mut Trees::<H>(None), number("depth") as u32),
        "tree" => tree(&mut Trees::<H>(None), number("depth") as u32, number("times")),
        "alloc" => for_words!(number("bytes"), WORDS => {
            alloc(&mut Places::<H, WORDS>((0..RING).map(|_| None).collect()), number("operations"), 8 * WORDS as u64)
        }),
        "ring" => counting::ring_of_nodes(&mut Nodes::<H>((0..RING).map(|_| None).collect()), number("operations")),
        _ => counting::run(arguments, Held::<H> { array: Vec::new(), chain: None }),
    }
}

struct Trees<H: Handles>(Option<H::Tree>);

fn grow<H: Handles>(depth: u32) -> H::Tree {
    if depth == 0 {
        return H::tree(None);
    }
    let (left, right) = (grow::<H>(depth - 1), grow::<H>(depth - 1));
    H::tree(Some((left, right)))
}
fn count<H: Handles>(tree: &H::Tree) -> u64 {
    match H::children(tree) {
        Some((left, right)) => 1 + count::<H>(left) + count::<H>(right),
        None => 1,
    }
}
impl<H: Handles> Forest for Trees<H> {
    fn tree(&mut self, depth: u32) -> u64 {
        count::<H>(&grow::<H>(depth))
    }
    fn keep(&mut self, depth: u32) {
        self.0 = Some(grow::<H>(depth))
    }
    fn kept(&mut self) -> u64 {
        self.0.as_ref().map_or(0, count::<H>)
    }
    fn let_go(&mut self) {
        self.0 = None;
        if H::TRACES {
            H::collect();
        }
    }
}

struct Places<H: Handles, const WORDS: usize>(Vec<Option<H::Words<WORDS>>>);
impl<H: Handles, const WORDS: usize> Ring for Places<H, WORDS> {
    fn turns(&mut self, from: u64, count: u64) -> u64 {
        let turn = |i: u64| {
            let mut words = [0; WORDS];
            words[0] = i;
            self.0[i as usize % RING].replace(H::words(words)).map_or(0, |old| H::first(&old))
        };
        (from..from + count).map(turn).fold(0, u64::wrapping_add)
    }
}

struct Nodes<H: Handles>(Vec<Option<H::Node>>);
impl<H: Handles> Ring for Nodes<H> {
    fn turns(&mut self, from: u64, count: u64) -> u64 {
        let turn = |i: u64| self.0[i as usize % RING].replace(H::node(i, None)).map_or(0, |old| H::number(&old));
        (from..from + count).map(turn).fold(0, u64::wrapping_add)
    }
}

struct Held<H: Handles> {
    array: Vec<H::Node>,
    chain: Option<H::Node>,
}
impl<H: Handles> Work for Held<H> {
    fn fill(&mut self, from: u64, count: u64) {
        self.array.extend((from..from + count).map(|number| H::node(number, None)))
    }
    fn link(&mut self, order: &[u32]) {
        for pair in order.windows(2) {
            H::link(&self.array[pair[0] as usize], Some(self.array[pair[1] as usize].clone()))
        }
    }
    fn hold_alone(&mut self, head: u32) {
        self.chain = Some(self.array[head as usize].clone());
        self.array = Vec::new();
    }
    fn thin(&mut self, nth: usize) {
        let few: Vec<_> = self.array.iter().step_by(nth).cloned().collect();
        self.array = few;
    }
    fn sum(&mut self) -> (u64, u64) {
        (self.array.len() as u64, self.array.iter().map(H::number).sum())
    }
    fn clones(&mut self, rounds: u64) {
        for _ in 0..rounds {
            for handle in &self.array {
                drop(black_box(handle.clone()))
            }
        }
    }
    fn touch(&mut self, at: u32) {
        let handle = self.chain.as_ref().unwrap_or_else(|| &self.array[at as usize]);
        drop(black_box(handle.clone()))
    }
    fn push(&mut self, from: u64, count: u64, each: &mut impl FnMut()) {
        for number in from..from + count {
            let next = self.chain.take();
            self.chain = Some(H::node(number, next));
            each()
        }
    }
    fn first(&mut self) -> u64 {
        self.chain.as_ref().map_or(0, H::number)
    }
    fn let_go(&mut self) {
        self.chain = None;
        if H::TRACES {
            H::collect();
        }
    }
    fn short_lived(&mut self, count: u64) {
        for number in 0..count {
            black_box(H::node(number, None));
        }
    }
    fn pairs(&mut self, count: u64) {
        for number in 0..count {
            let one = H::node(number, None);
            let other = H::node(number, Some(one.clone()));
            H::link(&one, Some(other));
        }
    }
    fn loops(&mut self, count: u64) {
        for number in 0..count {
            let node = H::node(number, None);
            H::link(&node, Some(node.clone()));
        }
    }
    fn collect(&mut self) -> bool {
        H::collect()
    }
    fn give_back(&mut self) -> bool {
        H::give_back()
    }
    fn stops(&self) -> Option<Stops> {
        H::stops()
    }
}
