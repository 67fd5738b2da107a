//! The contender `Cc`: twinheap's counted handle without sessions, whose cycles are collected.  The programs are those of
//! std's `Rc` (`contender-mimalloc.rs`), but for the list's `Drop`, which `Cc` does not need.  Overview: README.md.
#![forbid(unsafe_code)]

use twinheap::{Cc, Trace};
use twinheap_bench::{
    arguments::Arguments,
    for_words,
    programs::{self, Forest, RING, Ring},
};

fn main() {
    let arguments = Arguments::read();
    match arguments.workload.as_str() {
        "binary-trees" => programs::binary_trees(&mut CcForest(None), arguments.number("depth") as u32),
        "alloc" => for_words!(arguments.number("bytes"), WORDS => {
            programs::alloc(&mut CcRing::<WORDS>(vec![None; RING]), arguments.number("operations"))
        }),
        "release" => programs::release(arguments.number("nodes"), build_list, drop),
        _ => arguments.unknown(),
    }
}

#[derive(Trace)]
struct Tree {
    left: Option<Cc<Tree>>,
    right: Option<Cc<Tree>>,
}
struct CcForest(Option<Cc<Tree>>);

fn grow(depth: u32) -> Cc<Tree> {
    if depth == 0 {
        return Cc::new(Tree { left: None, right: None });
    }
    let (left, right) = (grow(depth - 1), grow(depth - 1));
    Cc::new(Tree { left: Some(left), right: Some(right) })
}
fn count(tree: &Tree) -> u64 {
    match (&tree.left, &tree.right) {
        (Some(left), Some(right)) => 1 + count(left) + count(right),
        _ => 1,
    }
}
impl Forest for CcForest {
    fn tree(&mut self, depth: u32) -> u64 {
        count(&grow(depth))
    }
    fn keep(&mut self, depth: u32) {
        self.0 = Some(grow(depth))
    }
    fn kept(&mut self) -> u64 {
        self.0.as_deref().map_or(0, count)
    }
}

struct CcRing<const WORDS: usize>(Vec<Option<Cc<[u64; WORDS]>>>);
impl<const WORDS: usize> Ring for CcRing<WORDS> {
    fn turns(&mut self, from: u64, count: u64) -> u64 {
        let turn = |i: u64| {
            let mut words = [0; WORDS];
            words[0] = i;
            self.0[i as usize % RING].replace(Cc::new(words)).map_or(0, |old| old[0])
        };
        (from..from + count).map(turn).fold(0, u64::wrapping_add)
    }
}

#[derive(Trace)]
struct Node {
    value: u64,
    next: Option<Cc<Node>>,
}
fn build_list(nodes: u64) -> Cc<Node> {
    let mut list = Cc::new(Node { value: 0, next: None });
    for value in 1..nodes {
        list = Cc::new(Node { value, next: Some(list) });
    }
    assert_eq!(list.value, nodes - 1);
    list
}
