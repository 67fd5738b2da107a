//! What the tricolor pacer costs, measured: `cargo run --release -p twinheap --example pacing -- trees 20 | mark 4000000 |
//! limit 64 | garbage 300000`.  Processor time of the whole process; run what is compared in turns, and compare ratios.
//!
//! * `trees DEPTH`: the Benchmarks Game's binary-trees, one mutator.
//! * `mark NODES`: full collections of a table of nodes in order of their addresses, and at random.
//! * `limit MIB`: replaces nodes at random in a table of so many MiB, with no limit and with a soft limit of half of it, and
//!   prints operations for each second of processor time.
//! * `garbage BUFFERS`: buffers of 8 KiB, of which none lives.
//!
//! Not the bench beside peers (bench/).
#![forbid(unsafe_code)]

use std::time::Instant;
use twinheap::{
    Config, Gc, GcCell, Heap, Manager, Mutation, Request, Rootable, Slot, Tail, Trace, Tricolor, observe::Stats,
    process::process_cpu_ns,
};

#[derive(Trace)]
struct Node<'gc, M: Manager> {
    left: Slot<'gc, Node<'gc, M>, M>,
    right: Slot<'gc, Node<'gc, M>, M>,
    id: u64,
}
struct R;
impl<M: Manager> Rootable<M> for R {
    type Root<'gc> = GcCell<Vec<Gc<'gc, Node<'gc, M>, M>>, M>;
}
type N<'gc> = Gc<'gc, Node<'gc, Tricolor>, Tricolor>;

fn heap(config: Config) -> Heap<R, Tricolor> {
    Heap::new(config, |_| GcCell::default()).expect("the system gives a thread")
}
fn node<'gc>(mc: &Mutation<'gc, Tricolor>, id: u64) -> N<'gc> {
    Gc::new(mc, Node { left: Slot::empty(), right: Slot::empty(), id })
}
fn below(random: &mut u64, m: usize) -> usize {
    *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*random >> 33) as usize % m
}

/// Runs and prints `f`'s operations for each second of the process's time.
fn timed(name: &str, heap: &Heap<R, Tricolor>, f: impl FnOnce() -> u64) {
    let (cpu, wall, before) = (process_cpu_ns(), Instant::now(), heap.stats());
    let operations = f();
    let (cpu, wall, s) = ((process_cpu_ns() - cpu) as f64, wall.elapsed(), heap.stats());
    let ns = |now: fn(&Stats) -> u64| (now(&s) - now(&before)) as f64 / 1e6;
    println!(
        "{name}: {:.2} ns CPU an operation, {:.0} operations a CPU second; {:.0} ms CPU, {:.0} ms wall; {} collections, \
         collector {:.0} ms, assists {:.0} ms, throttled {:.0} ms; peak {} MiB",
        cpu / operations as f64,
        operations as f64 / (cpu / 1e9),
        cpu / 1e6,
        wall.as_secs_f64() * 1e3,
        s.collections - before.collections,
        ns(|s| s.collector_cpu_ns),
        ns(|s| s.assist_ns),
        ns(|s| s.throttled_ns),
        s.peak_used_bytes >> 20,
    );
    for (cause, count, total, most) in s.holdups.by_cause {
        println!("  hold-ups by {}: {count}, {:.1} ms, longest {} µs", cause.name(), total as f64 / 1e6, most / 1000);
    }
}

fn tree<'gc>(mc: &Mutation<'gc, Tricolor>, depth: u32) -> N<'gc> {
    let n = node(mc, depth.into());
    if depth > 0 {
        n.left.set(mc, Some(tree(mc, depth - 1)));
        n.right.set(mc, Some(tree(mc, depth - 1)));
    }
    n
}
fn count(n: N<'_>) -> u64 {
    1 + n.left.get().map_or(0, count) + n.right.get().map_or(0, count)
}
fn trees(depth: u32) {
    let heap = heap(Config::default());
    let mut m = heap.mutator().expect("one mutator");
    timed("trees", &heap, || {
        m.mutate(|mc, root| root.borrow_mut(mc).push(tree(mc, depth)));
        let mut nodes = 0;
        for d in (4..=depth).step_by(4) {
            for _ in 0..1u64 << (depth - d + 4) {
                nodes += m.mutate(|mc, _| count(tree(mc, d)));
            }
        }
        nodes
    });
}

fn mark(nodes: usize) {
    for shuffled in [false, true] {
        let heap = heap(Config { automatic: false, ..Config::default() });
        let mut m = heap.mutator().expect("one mutator");
        for i in 0..nodes.div_ceil(1000) {
            m.mutate(|mc, root| root.borrow_mut(mc).extend((0..1000).map(|k| node(mc, (i * 1000 + k) as u64))));
        }
        // The order in which the table holds them is that in which they are looked at.
        m.mutate(|mc, root| {
            let mut all = root.borrow_mut(mc);
            let mut random = 1;
            for i in (1..all.len()).rev() {
                if shuffled {
                    all.swap(i, below(&mut random, i + 1))
                }
                all[i].left.set(mc, Some(all[i - 1]));
            }
        });
        let name = if shuffled { "mark, shuffled" } else { "mark, in order" };
        timed(name, &heap, || (0..5).map(|_| m.collect(Request::FULL)).count() as u64 * nodes as u64);
    }
}

fn limit(mib: usize) {
    for limited in [None, Some(mib << 19)] {
        let heap = heap(Config { memory_limit_bytes: limited, ..Config::default() });
        let mut m = heap.mutator().expect("one mutator");
        let (mut random, nodes) = (1, (mib << 20) / size_of::<Node<'_, Tricolor>>());
        for _ in 0..nodes.div_ceil(1000) {
            m.mutate(|mc, root| root.borrow_mut(mc).extend((0..1000).map(|k| node(mc, k))));
        }
        let mut work = |sessions: u64| {
            for _ in 0..sessions {
                m.mutate(|mc, root| {
                    let mut table = root.borrow_mut(mc);
                    let len = table.len();
                    for _ in 0..100 {
                        table[below(&mut random, len)] = node(mc, 1);
                    }
                });
            }
            sessions * 100
        };
        // The limiter's bucket is filled first.
        work(100_000);
        timed(if limited.is_some() { "half of it" } else { "no limit" }, &heap, || work(300_000));
    }
}

fn garbage(buffers: u64) {
    let heap = heap(Config::default());
    let mut m = heap.mutator().expect("one mutator");
    timed("garbage", &heap, || {
        for _ in 0..buffers / 10 {
            m.mutate(|mc, _| (0..10).for_each(|_| _ = Gc::<Tail<(), u64>, Tricolor>::with_zeroed_tail(mc, (), 1022)));
        }
        buffers
    });
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_default();
    let size: usize = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(16);
    match what.as_str() {
        "trees" => trees(size as u32),
        "mark" => mark(size),
        "limit" => limit(size),
        "garbage" => garbage(size as u64),
        _ => eprintln!("trees DEPTH | mark NODES | limit MIB | garbage BUFFERS"),
    }
}
