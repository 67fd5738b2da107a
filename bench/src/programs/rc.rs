//! std's `Rc` as the programs want it, for the executables of both allocators.  Cycles leak.  Overview: README.md.

use super::handles::Handles;
use std::{cell::Cell, rc::Rc};

/// std's `Rc`.
pub struct OfRc;
/// A number and a link.
pub struct Node {
    number: u64,
    next: Cell<Option<Rc<Node>>>,
}
/// Two links.
pub struct Tree {
    left: Option<Rc<Tree>>,
    right: Option<Rc<Tree>>,
}
impl Handles for OfRc {
    type Node = Rc<Node>;
    type Tree = Rc<Tree>;
    type Words<const WORDS: usize> = Rc<[u64; WORDS]>;

    fn node(number: u64, next: Option<Rc<Node>>) -> Rc<Node> {
        Rc::new(Node { number, next: Cell::new(next) })
    }
    fn number(node: &Rc<Node>) -> u64 {
        node.number
    }
    fn link(node: &Rc<Node>, next: Option<Rc<Node>>) {
        node.next.set(next)
    }
    fn tree(children: Option<(Rc<Tree>, Rc<Tree>)>) -> Rc<Tree> {
        let (left, right) = children.unzip();
        Rc::new(Tree { left, right })
    }
    fn children(tree: &Rc<Tree>) -> Option<(&Rc<Tree>, &Rc<Tree>)> {
        tree.left.as_ref().zip(tree.right.as_ref())
    }
    fn words<const WORDS: usize>(words: [u64; WORDS]) -> Rc<[u64; WORDS]> {
        Rc::new(words)
    }
    fn first<const WORDS: usize>(words: &Rc<[u64; WORDS]>) -> u64 {
        words[0]
    }
    fn collect() -> bool {
        false
    }
}
