//! GCBench, by Ellis, Kovac and Boehm: a tree that stretches the heap, a long-lived tree and an array of numbers, then
//! trees of growing depth, top down (a node is made, and gets its children later) and bottom up.  As `peers/go/gcbench`
//! has it.  The original looks at no tree it made; here everybody walks down the left edge of each, so that none can be
//! left out.  Not the contenders (`bin/`).  Overview: README.md.

/// What a contender supplies: perfect trees of nodes with two links and two 32-bit numbers.
pub trait Trees {
    /// Makes so many trees of `depth` one after the other, children first; the sum of the links on their left edges.
    fn bottom_up(&mut self, count: u64, depth: u32) -> u64;
    /// The same, each node before its children, which it gets when it is there already.
    fn top_down(&mut self, count: u64, depth: u32) -> u64;
    /// Makes the long-lived tree, top down, and an object of these numbers.
    fn keep(&mut self, depth: u32, numbers: impl Iterator<Item = f64>);
    /// The nodes of the long-lived tree, and the long-lived number at `place`.
    fn kept(&mut self, place: usize) -> (u64, f64);
}

const STRETCH_DEPTH: u32 = 18;
const LONG_LIVED_DEPTH: u32 = 16;
const MIN_DEPTH: u32 = 4;
const ARRAY: u64 = 500_000;

/// Nodes of a tree.
const fn nodes(depth: u32) -> u64 {
    (1 << (depth + 1)) - 1
}

/// The program; `scale` is added to the depths.
pub fn gcbench(trees: &mut impl Trees, scale: u32) {
    let (stretch, max_depth) = (STRETCH_DEPTH + scale, LONG_LIVED_DEPTH + scale);
    println!("stretch tree of depth {stretch}\t left edge: {}", trees.bottom_up(1, stretch));
    trees.keep(max_depth, (0..ARRAY).map(|i| if i < ARRAY / 2 { 1.0 / (i + 1) as f64 } else { 0.0 }));
    for depth in (MIN_DEPTH..=max_depth).step_by(2) {
        let count = 2 * nodes(stretch) / nodes(depth);
        let (down, up) = (trees.top_down(count, depth), trees.bottom_up(count, depth));
        println!("{count}\t trees of depth {depth}\t left edges: {down} top down, {up} bottom up");
    }
    let (kept, number) = trees.kept(1000);
    println!("long-lived tree of depth {max_depth}\t nodes: {kept}\t 1/number: {:.0}", 1.0 / number);
}
