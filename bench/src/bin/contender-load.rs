//! Twinheap under load: `latency` (one thread, requests at a fixed rate, a large living heap) and `server` (threads that
//! serve requests on one heap).  The same in Go: `peers/go/latency`, `peers/go/server`.  A request is a session.
//! Not the clockwork (`programs::load`).  Overview: README.md.
#![forbid(unsafe_code)]

use std::{
    sync::{Barrier, Mutex},
    time::Instant,
};
use twinheap::{
    Config, Gc, GcMap, GcVec, Heap, Manager, Mutation, Mutator, Null, Request, Rootable, Slot, Stats, Threaded, Trace,
    Tricolor, TricolorSolo, process::process_cpu_ns,
};
use twinheap_bench::{
    arguments::{Arguments, figure},
    programs::load::{self, Histogram, Random},
};

fn main() {
    let arguments = Arguments::read();
    let idle = Config { automatic: false, ..Config::default() };
    match (arguments.workload.as_str(), arguments.contender.as_str()) {
        ("latency", "null") => latency::<Null>(&arguments, Config::default()),
        ("latency", "tricolor-idle") => latency::<Tricolor>(&arguments, idle),
        ("latency", "tricolor-solo") => latency::<TricolorSolo>(&arguments, Config::default()),
        ("latency", "tricolor") => latency::<Tricolor>(&arguments, Config::default()),
        ("server", "tricolor-idle") => server::<Tricolor>(&arguments, idle),
        ("server", "tricolor") => server::<Tricolor>(&arguments, Config::default()),
        _ => arguments.unknown(),
    }
}

/// Of 48 bytes.
#[derive(Trace)]
struct Node<'gc, M: Manager> {
    left: Slot<'gc, Node<'gc, M>, M>,
    right: Slot<'gc, Node<'gc, M>, M>,
    key: u64,
    values: [u64; 3],
}
const NODE_BYTES: u64 = 48;
type Held<'gc, M> = Gc<'gc, Node<'gc, M>, M>;

/// What lives: one of them.
#[derive(Trace)]
struct Live<'gc, M: Manager> {
    table: GcVec<'gc, Held<'gc, M>, M>,
    tree: Slot<'gc, Node<'gc, M>, M>,
    map: GcMap<'gc, u32, Held<'gc, M>, M>,
}
struct Lives;
impl<M: Manager> Rootable<M> for Lives {
    type Root<'gc> = Live<'gc, M>;
}

fn node<'gc, M: Manager>(mc: &Mutation<'gc, M>, key: u64, value: u64, left: Option<Held<'gc, M>>) -> Held<'gc, M> {
    Gc::new(mc, Node { left: Slot::new(left), right: Slot::empty(), key, values: [value, 0, 0] })
}
/// What a request makes: all but its head is garbage when the request is over.
fn chain<'gc, M: Manager>(mc: &Mutation<'gc, M>, key: u64) -> Held<'gc, M> {
    (1..16).fold(node(mc, key, 0, None), |next, value| node(mc, key, value, Some(next)))
}

#[derive(Clone, Copy)]
enum Shape {
    /// Rows of eight nodes, in an array.
    Table,
    /// A balanced search tree.
    Tree,
    /// A node for each number.
    Map,
}
const ROW: u64 = 8;
/// Nodes a session makes while the heap is built.
const AT_A_TIME: u64 = 4096;

impl Shape {
    fn of(name: &str) -> Self {
        match name {
            "table" => Shape::Table,
            "tree" => Shape::Tree,
            "map" => Shape::Map,
            other => panic!("no shape `{other}`"),
        }
    }
    /// Makes `nodes` nodes, in the order in which the Go program does.
    fn build<M: Manager>(self, heap: &mut Mutator<Lives, M>, nodes: u64) {
        let in_sessions = |heap: &mut Mutator<Lives, M>, count: u64, each: &mut dyn FnMut(Making<'_, '_, M>, u64)| {
            let mut done = 0;
            while done < count {
                let until = count.min(done + AT_A_TIME);
                heap.mutate(|mc, live| (done..until).for_each(|i| each(Making { mc, live }, i)));
                done = until;
            }
        };
        match self {
            Shape::Table => {
                let rows = nodes / ROW;
                heap.mutate(|mc, live| live.table.reserve(mc, rows as usize));
                for round in 0..ROW {
                    in_sessions(heap, rows, &mut |Making { mc, live }, i| match round {
                        0 => live.table.push(mc, node(mc, i, 0, None)),
                        _ => live.table.set(mc, i as usize, node(mc, i, 0, live.table.get(i as usize))),
                    });
                }
            }
            Shape::Tree => {
                // Halves of halves, the left one first.
                let mut parts = vec![(0, nodes)];
                in_sessions(heap, nodes, &mut |Making { mc, live }, _| {
                    let (low, high) = parts.pop().expect("as many parts as nodes");
                    let key = (low + high) / 2;
                    parts.extend([(key + 1, high), (low, key)].into_iter().filter(|(low, high)| low < high));
                    let parent = find(live, key).0;
                    hang(mc, live, parent, node(mc, key, 0, None));
                });
            }
            Shape::Map => {
                heap.mutate(|mc, live| live.map.reserve(mc, nodes as usize));
                in_sessions(heap, nodes, &mut |Making { mc, live }, i| {
                    live.map.insert(mc, i as u32, node(mc, i, 0, None));
                });
            }
        }
    }
    /// A request: a fresh node in the place of a random one.
    #[inline(always)]
    fn request<'gc, M: Manager>(self, mc: &Mutation<'gc, M>, live: &Live<'gc, M>, nodes: u64, random: &mut Random) {
        match self {
            Shape::Table => {
                let row = random.draw() % (nodes / ROW);
                replace_in_row(mc, live, row, random.draw() & (ROW - 1));
            }
            Shape::Tree => {
                let key = random.draw() % nodes;
                let fresh = chain(mc, key);
                let (parent, old) = find(live, key);
                let old = old.expect("every key is there");
                fresh.left.set(mc, old.left.get());
                fresh.right.set(mc, old.right.get());
                hang(mc, live, parent, fresh);
            }
            Shape::Map => {
                let key = random.draw() % nodes;
                let fresh = chain(mc, key);
                fresh.left.set(mc, None);
                live.map.insert(mc, key as u32, fresh);
            }
        }
    }
    /// Nodes that live, and the sum of their keys and values.
    fn sum<M: Manager>(self, live: &Live<'_, M>) -> (u64, u64) {
        let (mut count, mut sum) = (0, 0u64);
        let mut add = |node: &Node<'_, M>| {
            count += 1;
            sum = sum.wrapping_add(node.key).wrapping_add(node.values[0]);
        };
        match self {
            Shape::Table => {
                for first in &live.table {
                    let mut at = Some(first);
                    while let Some(node) = at {
                        add(&node);
                        at = node.left.get();
                    }
                }
            }
            Shape::Tree => {
                let mut rest: Vec<_> = live.tree.get().into_iter().collect();
                while let Some(node) = rest.pop() {
                    add(&node);
                    rest.extend(node.left.get());
                    rest.extend(node.right.get());
                }
            }
            Shape::Map => live.map.values().for_each(|node| add(&node)),
        }
        (count, sum)
    }
}
struct Making<'a, 'gc, M: Manager> {
    mc: &'a Mutation<'gc, M>,
    live: &'a Live<'gc, M>,
}

/// Puts a fresh node in the place of the `place`th of a row.
#[inline(always)]
fn replace_in_row<'gc, M: Manager>(mc: &Mutation<'gc, M>, live: &Live<'gc, M>, row: u64, place: u64) {
    let fresh = chain(mc, row);
    let first = live.table.get(row as usize).expect("rows do not go");
    if place == 0 {
        fresh.left.set(mc, first.left.get());
        return live.table.set(mc, row as usize, fresh);
    }
    let before = (1..place).fold(first, |node, _| node.left.get().expect("rows keep their length"));
    let old = before.left.get().expect("rows keep their length");
    fresh.left.set(mc, old.left.get());
    before.left.set(mc, Some(fresh));
}

/// A node and the side of it that a key belongs to.
type Parent<'gc, M> = Option<(Held<'gc, M>, bool)>;
/// Where a key hangs or would hang, and its node.
#[inline(always)]
fn find<'gc, M: Manager>(live: &Live<'gc, M>, key: u64) -> (Parent<'gc, M>, Option<Held<'gc, M>>) {
    let (mut parent, mut at) = (None, live.tree.get());
    while let Some(node) = at.take_if(|node| node.key != key) {
        let is_left = key < node.key;
        at = if is_left { node.left.get() } else { node.right.get() };
        parent = Some((node, is_left));
    }
    (parent, at)
}
#[inline(always)]
fn hang<'gc, M: Manager>(mc: &Mutation<'gc, M>, live: &Live<'gc, M>, parent: Parent<'gc, M>, node: Held<'gc, M>) {
    match parent {
        None => live.tree.set(mc, Some(node)),
        Some((parent, true)) => parent.left.set(mc, Some(node)),
        Some((parent, false)) => parent.right.set(mc, Some(node)),
    }
}

fn heap<M: Manager>(config: Config) -> (Heap<Lives, M>, Mutator<Lives, M>) {
    let heap = Heap::new(config, |_| Live { table: GcVec::new(), tree: Slot::empty(), map: GcMap::new() });
    let heap = heap.expect("a heap with these knobs");
    let mutator = heap.mutator().expect("a new heap's mutator");
    (heap, mutator)
}

/// What the collector did during the load.
fn report<M: Manager>(before: &Stats, after: &Stats, cpu_ns: u64) {
    figure("load_cpu_s", cpu_ns as f64 / 1e9);
    if !M::CONSTRAINTS.concurrent {
        return;
    }
    figure("collections", (after.collections - before.collections) as f64);
    figure("gc_cpu_s", (after.collector_cpu_ns - before.collector_cpu_ns) as f64 / 1e9);
    figure("assist_ms", (after.assist_ns - before.assist_ns) as f64 / 1e6);
    for (cause, count, total_ns, _) in &after.holdups.by_cause {
        let earlier = before.holdups.by_cause.iter().find(|c| c.0 == *cause).map_or((0, 0), |c| (c.1, c.2));
        figure(&format!("{}_holdups", cause.name()), (count - earlier.0) as f64);
        figure(&format!("{}_holdups_ms", cause.name()), (total_ns - earlier.1) as f64 / 1e6);
    }
}

fn latency<M: Manager>(arguments: &Arguments, config: Config) {
    let shape = Shape::of(arguments.word("shape"));
    let nodes = (arguments.number("live_mb") << 20) / NODE_BYTES / ROW * ROW;
    let (rate, seconds) = (arguments.number("rate"), arguments.number("seconds"));
    let (_heap, mut heap) = heap::<M>(config);
    shape.build(&mut heap, nodes);
    heap.collect(Request::FULL);
    let (mut random, count) = (Random::of(0), rate * seconds);
    let (before, cpu_ns, start) = (heap.stats(), process_cpu_ns(), Instant::now());
    let times = load::at_rate(start, rate, count, || {
        heap.mutate(|mc, live| shape.request(mc, live, nodes, &mut random));
    });
    let (took, cpu_ns) = (start.elapsed(), process_cpu_ns() - cpu_ns);
    times.report();
    figure("throughput_per_s", count as f64 / took.as_secs_f64());
    report::<M>(&before, &heap.stats(), cpu_ns);
    let (nodes, sum) = heap.mutate(|_, live| shape.sum(live));
    println!("{count} requests; {nodes} nodes live, sum {sum}");
}

/// Locks of the server's rows.
const LOCKS: usize = 1024;

/// Threads that serve: first as fast as they can (throughput), then at a rate (percentiles).
fn server<M: Threaded>(arguments: &Arguments, config: Config) {
    let nodes = (arguments.number("live_mb") << 20) / NODE_BYTES / ROW * ROW;
    let (threads, requests) = (arguments.number("threads"), arguments.number("requests"));
    let (rate, seconds) = (arguments.number("rate"), arguments.number("seconds"));
    let (heap, mut main) = heap::<M>(config);
    Shape::Table.build(&mut main, nodes);
    main.collect(Request::FULL);
    let locks: Vec<Mutex<()>> = (0..LOCKS).map(|_| Mutex::new(())).collect();
    // Looks at a whole row, then replaces a node of it.  The lock is taken outside the session: nobody waits in one.
    let request = |mutator: &mut Mutator<Lives, M>, random: &mut Random| -> u64 {
        let row = random.draw() % (nodes / ROW);
        let _held = locks[row as usize % LOCKS].lock();
        mutator.mutate(|mc, live| {
            let (mut at, mut keys) = (live.table.get(row as usize), 0);
            while let Some(node) = at {
                keys += node.key;
                at = node.left.get();
            }
            replace_in_row(mc, live, row, random.draw() & (ROW - 1));
            keys
        })
    };
    let before = main.stats();
    let cpu_ns = process_cpu_ns();
    let (served, took) = on_threads(&heap, threads, |mutator, thread, _| {
        let mut random = Random::of(thread);
        (0..requests).map(|_| request(mutator, &mut random)).fold(0, u64::wrapping_add)
    });
    figure("throughput_per_s", (threads * requests) as f64 / took);
    figure("busy_cpu_us_per_request", (process_cpu_ns() - cpu_ns) as f64 / 1e3 / (threads * requests) as f64);
    let cpu_ns = process_cpu_ns();
    let count = rate * seconds;
    let (histograms, took) = on_threads(&heap, threads, |mutator, thread, start| {
        let (mut random, mut keys) = (Random::of(threads + thread), 0u64);
        let times = load::at_rate(start, rate, count, || keys = keys.wrapping_add(request(mutator, &mut random)));
        (times, keys)
    });
    let cpu_ns = process_cpu_ns() - cpu_ns;
    let mut times = Histogram::new();
    histograms.iter().for_each(|(of_thread, _)| times.merge(of_thread));
    times.report();
    figure("rate_held", (threads * count) as f64 / took / (threads * rate) as f64);
    report::<M>(&before, &main.stats(), cpu_ns);
    let keys = served.into_iter().chain(histograms.into_iter().map(|h| h.1)).fold(0, u64::wrapping_add);
    let (nodes, sum) = main.mutate(|_, live| Shape::Table.sum(live));
    println!("{} requests saw {keys}; {nodes} nodes live, sum {sum}", threads * (requests + count));
}

/// Each thread's result, and the seconds from their common start to the end of the last.
fn on_threads<M: Threaded, T: Send>(
    heap: &Heap<Lives, M>,
    threads: u64,
    work: impl Fn(&mut Mutator<Lives, M>, u64, Instant) -> T + Sync,
) -> (Vec<T>, f64) {
    let ready = Barrier::new(threads as usize);
    let begun = Mutex::new(None);
    let one = |thread| {
        let mut mutator = heap.mutator().expect("there are many");
        ready.wait();
        let start = *begun.lock().expect("nobody panics").get_or_insert_with(Instant::now);
        (work(&mut mutator, thread, start), start.elapsed().as_secs_f64())
    };
    std::thread::scope(|scope| {
        let one = &one;
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || one(thread))).collect();
        let (mut results, mut longest) = (vec![], 0.0f64);
        for thread in running {
            let (result, took) = thread.join().expect("no thread panics");
            results.push(result);
            longest = longest.max(took);
        }
        (results, longest)
    })
}
