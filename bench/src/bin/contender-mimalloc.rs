//! Contenders on mimalloc: std's `Rc` (counted, as `RefCount` is; cycles leak) and `Box` (one owner, no manager at all).
//! Not twinheap (`contender-twinheap.rs`): a global allocator belongs to a whole executable.  Overview: README.md.
#![forbid(unsafe_code)]

use std::rc::Rc;
use twinheap_bench::{
    arguments::Arguments,
    for_words,
    programs::{self, Forest, RING, Ring, handles, rc::OfRc},
};

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments = Arguments::read();
    match (arguments.workload.as_str(), arguments.contender.as_str()) {
        ("binary-trees", "box") => programs::binary_trees(&mut BoxForest(None), arguments.number("depth") as u32),
        ("alloc", "box") => for_words!(arguments.number("bytes"), WORDS => {
            programs::alloc(&mut BoxRing::<WORDS>(vec![None; RING]), arguments.number("operations"))
        }),
        ("release", "rc") => programs::release(arguments.number("nodes"), build_rc_list, drop),
        ("release", "box") => programs::release(arguments.number("nodes"), build_box_list, drop),
        (_, "rc" | "rc-mimalloc") => handles::run::<OfRc>(&arguments),
        _ => arguments.unknown(),
    }
}

struct BoxTree {
    left: Option<Box<BoxTree>>,
    right: Option<Box<BoxTree>>,
}
struct BoxForest(Option<Box<BoxTree>>);

fn grow_box(depth: u32) -> Box<BoxTree> {
    if depth == 0 {
        return Box::new(BoxTree { left: None, right: None });
    }
    let (left, right) = (grow_box(depth - 1), grow_box(depth - 1));
    Box::new(BoxTree { left: Some(left), right: Some(right) })
}
fn count_box(tree: &BoxTree) -> u64 {
    match (&tree.left, &tree.right) {
        (Some(left), Some(right)) => 1 + count_box(left) + count_box(right),
        _ => 1,
    }
}
impl Forest for BoxForest {
    fn tree(&mut self, depth: u32) -> u64 {
        count_box(&grow_box(depth))
    }
    fn keep(&mut self, depth: u32) {
        self.0 = Some(grow_box(depth))
    }
    fn kept(&mut self) -> u64 {
        self.0.as_deref().map_or(0, count_box)
    }
    fn let_go(&mut self) {
        self.0 = None
    }
}

struct BoxRing<const WORDS: usize>(Vec<Option<Box<[u64; WORDS]>>>);
impl<const WORDS: usize> Ring for BoxRing<WORDS> {
    fn turns(&mut self, from: u64, count: u64) -> u64 {
        let turn = |i: u64| {
            let mut words = [0; WORDS];
            words[0] = i;
            self.0[i as usize % RING].replace(Box::new(words)).map_or(0, |old| old[0])
        };
        (from..from + count).map(turn).fold(0, u64::wrapping_add)
    }
}

/// A list of std's own pointers needs this `Drop`: the one it gets by itself recurses, and overflows the stack.
struct RcNode {
    value: u64,
    next: Option<Rc<RcNode>>,
}
impl Drop for RcNode {
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(Ok(mut node)) = next.map(Rc::try_unwrap) {
            next = node.next.take();
        }
    }
}
fn build_rc_list(nodes: u64) -> Rc<RcNode> {
    let mut list = Rc::new(RcNode { value: 0, next: None });
    for value in 1..nodes {
        list = Rc::new(RcNode { value, next: Some(list) });
    }
    assert_eq!(list.value, nodes - 1);
    list
}

struct BoxNode {
    value: u64,
    next: Option<Box<BoxNode>>,
}
impl Drop for BoxNode {
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(mut node) = next {
            next = node.next.take();
        }
    }
}
fn build_box_list(nodes: u64) -> Box<BoxNode> {
    let mut list = Box::new(BoxNode { value: 0, next: None });
    for value in 1..nodes {
        list = Box::new(BoxNode { value, next: Some(list) });
    }
    assert_eq!(list.value, nodes - 1);
    list
}
