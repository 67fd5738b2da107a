//! The programs, over what a contender supplies.  Output and order are those of the Go programs in `peers/go`.
//! Not the contenders.  Overview: README.md.

pub mod clock;
pub mod counting;
pub mod gcbench;
pub mod handles;
pub mod load;
pub mod rc;
pub mod resident;
pub mod sessions;

use crate::arguments::figure;
use clock::Clock;
use std::time::Instant;

/// What a contender supplies for binary-trees: perfect trees of two-reference nodes, built and counted node by node.
pub trait Forest {
    /// Builds a tree of `depth`, counts its nodes, and lets it go.
    fn tree(&mut self, depth: u32) -> u64;
    /// The same for `count` trees, one after the other; the sum.
    fn trees(&mut self, count: u64, depth: u32) -> u64 {
        (0..count).map(|_| self.tree(depth)).sum()
    }
    /// Builds the long-lived tree.
    fn keep(&mut self, depth: u32);
    /// Counts the long-lived tree.
    fn kept(&mut self) -> u64;
    /// Lets the long-lived tree go, to the end: who frees by collections, collects.
    fn let_go(&mut self);
}

/// The Benchmarks Game's program, as `peers/go/bintrees/main.go` has it.
pub fn binary_trees(forest: &mut impl Forest, depth: u32) {
    const MIN_DEPTH: u32 = 4;
    let max_depth = depth.max(MIN_DEPTH + 2);
    let check = forest.tree(max_depth + 1);
    println!("stretch tree of depth {}\t check: {check}", max_depth + 1);
    forest.keep(max_depth);
    for depth in (MIN_DEPTH..=max_depth).step_by(2) {
        let count = 1 << (max_depth - depth + MIN_DEPTH);
        println!("{count}\t trees of depth {depth}\t check: {}", forest.trees(count, depth));
    }
    println!("long lived tree of depth {max_depth}\t check: {}", forest.kept());
}

/// Builds a tree of `depth` and lets it go, `times` over; the two halves have a clock each.
pub fn tree(forest: &mut impl Forest, depth: u32, times: u64) {
    let (mut both, mut letting_go, mut nodes) = (Clock::new(), Clock::new(), 0);
    for _ in 0..times {
        both.start();
        forest.keep(depth);
        both.stop();
        nodes += forest.kept();
        both.start();
        letting_go.start();
        forest.let_go();
        letting_go.stop();
        both.stop();
    }
    letting_go.report("let_go_ns", nodes);
    both.report("ns", nodes);
    counting::peak();
    println!("{nodes} nodes");
}

/// Where sessions free nothing that they allocated, a tree deeper than this grows in chunks of this depth, one a
/// session, which the root holds; of lower trees, as many share a session as make up a chunk (8,191 nodes).
pub const CHUNK_DEPTH: u32 = 12;

/// Objects a [`Ring`] holds.
pub const RING: usize = 1024;

/// A ring of objects of one size: each operation makes an object and puts it in the place of the oldest.
pub trait Ring {
    /// For each number from `from` on: makes an object whose first word it is, puts it into its place (the number
    /// modulo [`RING`]), and adds up the first words of what was there.
    fn turns(&mut self, from: u64, count: u64) -> u64;
}

/// Allocate and release objects of `bytes`, `operations` times.
pub fn alloc(ring: &mut impl Ring, operations: u64, bytes: u64) {
    // Sessions, where there are any, free nothing that they made: they are of a MiB at most.
    let at_a_time = ((1 << 20) / bytes).clamp(1, 4096);
    let (mut sum, mut done) = (0u64, 0);
    let clock = Clock::started();
    while done < operations {
        let count = at_a_time.min(operations - done);
        sum = sum.wrapping_add(ring.turns(done, count));
        done += count;
    }
    clock.report("ns", operations);
    counting::peak();
    println!("{operations} objects, sum {sum}");
}

/// Runs `body` with `WORDS` as a constant for an object size in bytes, out of the sizes that `alloc` measures.
#[macro_export]
macro_rules! for_words {
    ($bytes:expr, $words:ident => $body:expr) => {
        $crate::for_words!(@ $bytes, $words => $body; 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)
    };
    (@ $bytes:expr, $words:ident => $body:expr; $($size:literal),*) => {
        match $bytes {
            $($size => {
                const $words: usize = $size / 8;
                $body
            })*
            other => panic!("no objects of {other} bytes are measured"),
        }
    };
}

/// Builds a list and lets it go, on a stack of 256 KiB; the clock runs for the second half.
pub fn release<List>(nodes: u64, build: impl FnOnce(u64) -> List + Send, let_go: impl FnOnce(List) + Send) {
    let on_small_stack = || {
        let list = build(nodes);
        let start = Instant::now();
        let_go(list);
        start.elapsed()
    };
    let took = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(256 << 10).spawn_scoped(scope, on_small_stack);
        thread.expect("a thread").join().expect("the list went without a panic")
    });
    figure("release_ns_per_node", took.as_nanos() as f64 / nodes as f64);
    println!("{nodes} nodes");
}
