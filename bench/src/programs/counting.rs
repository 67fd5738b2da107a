//! The rows of `counting`, over what a contender supplies.  `peers/python/counting.py` has the same for CPython, with the
//! same output and the same figures.  Not the contenders, not the table.  Overview: README.md.

use super::{RING, Ring, alloc, clock::Clock, resident};
use crate::arguments::{Arguments, figure};
use std::{
    os::unix::process::CommandExt,
    process::Command,
    time::{Duration, Instant},
};

/// Nodes of a number and a link to another node or to none, in the hands of a contender: an array of them, a chain of them.
/// A contender with sessions opens one a call; nobody asks for more than [`AT_A_TIME`] nodes in one.
pub trait Work {
    /// Appends nodes to the array, numbered from `from` on.
    fn fill(&mut self, from: u64, count: u64);
    /// Links the array's nodes in this order, each to the next, the last to none.
    fn link(&mut self, order: &[u32]);
    /// Lets the array go; its node at `head` is held, and what hangs from it hangs from it alone.
    fn hold_alone(&mut self, head: u32);
    /// Copies each `nth` handle of the array to a new array, and lets the old one go.
    fn thin(&mut self, nth: usize);
    /// How many nodes the array has, and the sum of their numbers.
    fn sum(&mut self) -> (u64, u64);
    /// Clones each handle of the array and drops the clone, `rounds` times over.
    fn clones(&mut self, rounds: u64);
    /// The same with the handle that is held alone, or the array's at `at`: whose trial deletion begins with candidates has
    /// one.
    fn touch(&mut self, at: u32);
    /// Puts nodes in front of the chain, numbered from `from` on; calls `each` after each.
    fn push(&mut self, from: u64, count: u64, each: &mut impl FnMut());
    /// The first number of the chain.
    fn first(&mut self) -> u64;
    /// Lets the chain go, to the end: who frees by collections, collects.
    fn let_go(&mut self);
    /// Makes nodes and lets each go at once.
    fn short_lived(&mut self, count: u64);
    /// Makes pairs of nodes that hold each other, and lets each pair go at once.
    fn pairs(&mut self, count: u64);
    /// Makes nodes that hold themselves, and lets each go at once.
    fn loops(&mut self, count: u64);
    /// Collects everything there is; whether this contender can.
    fn collect(&mut self) -> bool;
    /// Asks to give memory back to the system; whether one can ask.
    fn give_back(&mut self) -> bool {
        false
    }
    /// What automatic collections have cost so far, by the manager's own word.
    fn stops(&self) -> Option<Stops> {
        None
    }
}

/// Nodes a session makes.
pub const AT_A_TIME: u64 = 4096;

/// Intervals in which the program could not go on.
#[derive(Clone, Copy, Default)]
pub struct Stops {
    /// All together.
    pub total_ns: u64,
    /// The longest.
    pub max_ns: u64,
}

/// Runs the workload, one of this file's.  What the contender still holds at the end is not taken down.
pub fn run(arguments: &Arguments, mut work: impl Work) {
    let number = |key| arguments.number(key);
    match arguments.workload.as_str() {
        "clone" => clone(&mut work, number("operations")),
        "cycles" => cycles(&mut work, number("pairs")),
        "full" => full(&mut work, arguments.word("shape"), number("objects"), number("collections")),
        "list" => list(&mut work, number("nodes")),
        "spike" => spike(&mut work, number("objects"), number("nth")),
        "stops" => stops(&mut work, number("objects")),
        "churn" => churn(&mut work, number("live"), number("loops")),
        _ => arguments.unknown(),
    }
    peak();
    leave(work)
}

/// Ends the process without taking anything down, destructors of thread locals included: some would collect, and overflow,
/// after the row is over.  A program that does nothing takes its place.
fn leave(work: impl Work) -> ! {
    std::mem::forget(work);
    let problem = Command::new("true").exec();
    panic!("no `true` to end with: {problem}")
}

/// The ring of `alloc`, of nodes: what a collector must keep an eye on.
pub fn ring_of_nodes(ring: &mut impl Ring, operations: u64) {
    alloc(ring, operations, 16)
}

/// Reports the most that was resident.
pub fn peak() {
    figure("peak_mb", mb(resident::peak_of_all()))
}
fn in_parts(count: u64, mut part: impl FnMut(u64, u64)) {
    let mut done = 0;
    while done < count {
        let some = AT_A_TIME.min(count - done);
        part(done, some);
        done += some;
    }
}
fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// The array of a ring's length, so that neither one count's latency nor memory is what is measured.
fn clone(work: &mut impl Work, operations: u64) {
    work.fill(0, RING as u64);
    work.clones(1);
    let rounds = operations / RING as u64;
    let clock = Clock::started();
    work.clones(rounds);
    clock.report("ns", rounds * RING as u64);
    println!("{} clones, sum {}", rounds * RING as u64, work.sum().1);
}

/// A rest: who gives memory back by and by, and not in the moment, gets time and occasions.
fn rest(work: &mut impl Work) {
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(10));
        work.short_lived(1000);
    }
}

fn cycles(work: &mut impl Work, pairs: u64) {
    work.pairs(1);
    work.collect();
    let before = resident::now();
    let clock = Clock::started();
    in_parts(pairs, |_, count| work.pairs(count));
    work.collect();
    clock.report("ns", 2 * pairs);
    rest(work);
    figure("left_mb", mb(resident::now()) - mb(before));
    println!("{pairs} pairs");
}

/// Numbers below `count`, in an order that is the same for everyone.
fn shuffled(count: u32) -> Vec<u32> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut order: Vec<u32> = (0..count).collect();
    for i in (1..count as usize).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        order.swap(i, (state % (i as u64 + 1)) as usize);
    }
    order
}

/// Full collections with nothing to free, after a first one.
fn full(work: &mut impl Work, shape: &str, objects: u64, collections: u64) {
    in_parts(objects, |from, count| work.fill(from, count));
    let in_order = || (0..objects as u32).collect();
    let order: Vec<u32> = match shape {
        "array-order" | "chain-order" => in_order(),
        "array-random" | "chain-random" => shuffled(objects as u32),
        other => panic!("no shape `{other}`"),
    };
    let (nodes, sum) = work.sum();
    work.link(&order);
    let head = order[0];
    drop(order);
    if shape.starts_with("chain") {
        work.hold_alone(head)
    }
    work.touch(head);
    work.collect();
    resident::forget_peak();
    let mut clock = Clock::new();
    for _ in 0..collections {
        work.touch(head);
        clock.start();
        assert!(work.collect(), "a collector");
        clock.stop();
    }
    clock.report("ns", collections * objects);
    figure("resident_mb", mb(resident::peak()));
    println!("{nodes} nodes, sum {sum}");
}

/// The command gives this one a small stack.
fn list(work: &mut impl Work, nodes: u64) {
    in_parts(nodes, |from, count| work.push(from, count, &mut || {}));
    println!("{nodes} nodes, first {}", work.first());
    let clock = Clock::started();
    work.let_go();
    clock.report("ns", nodes);
}

fn spike(work: &mut impl Work, objects: u64, nth: u64) {
    work.short_lived(1);
    figure("before_mb", mb(resident::now()));
    in_parts(objects, |from, count| work.fill(from, count));
    figure("top_mb", mb(resident::now()));
    work.thin(nth as usize);
    rest(work);
    figure("after_mb", mb(resident::now()));
    let collected = work.collect();
    if work.give_back() | collected {
        figure("asked_mb", mb(resident::now()));
    }
    let (nodes, sum) = work.sum();
    println!("{nodes} nodes stay, sum {sum}");
}

/// An interval between two nodes that is longer than this is a stop, as in the library's hold-ups.
const STOP_NS: u64 = 10_000;

/// Builds a chain.  What is seen from outside includes the system: page faults, and whoever else wants the processor.
fn stops(work: &mut impl Work, objects: u64) {
    let before = work.stops();
    let mut seen = Stops::default();
    let clock = Clock::started();
    let mut last = Instant::now();
    in_parts(objects, |from, count| {
        work.push(from, count, &mut || {
            let now = Instant::now();
            let took = (now - last).as_nanos() as u64;
            last = now;
            if took > STOP_NS {
                seen.total_ns += took;
                seen.max_ns = seen.max_ns.max(took);
            }
        })
    });
    clock.report("build_ns", objects);
    figure("seen_max_ms", seen.max_ns as f64 / 1e6);
    figure("seen_total_ms", seen.total_ns as f64 / 1e6);
    if let (Some(before), Some(after)) = (before, work.stops()) {
        let any = after.total_ns > before.total_ns;
        figure("told_max_ms", if any { after.max_ns as f64 / 1e6 } else { 0.0 });
        figure("told_total_ms", (after.total_ns - before.total_ns) as f64 / 1e6);
    }
    println!("{objects} nodes, first {}", work.first());
}

fn churn(work: &mut impl Work, live: u64, loops: u64) {
    in_parts(live, |from, count| work.push(from, count, &mut || {}));
    let before = resident::now();
    resident::forget_peak();
    let clock = Clock::started();
    in_parts(loops, |_, count| work.loops(count));
    clock.report("ns", loops);
    figure("growth_mb", mb(resident::peak()) - mb(before));
    println!("{loops} loops beside {live} nodes, first {}", work.first());
}
