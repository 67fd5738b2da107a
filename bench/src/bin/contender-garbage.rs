//! Twinheap with much garbage: `spike` (what stays resident when most of a large heap has died) and `mutators` (threads,
//! more than processors, that make garbage and hand it to each other).  The same in Go: `peers/go/spike`,
//! `peers/go/mutators`.  Overview: README.md.
#![forbid(unsafe_code)]

use std::{sync::Barrier, time::Instant};
use twinheap::{
    Config, Gc, GcVec, Heap, Manager, Mutation, Mutator, Request, Rootable, Slot, Threaded, Trace, Tricolor,
    TricolorSolo, process::process_cpu_ns,
};
use twinheap_bench::{
    arguments::{Arguments, figure},
    programs::{load::Random, resident},
};

fn main() {
    let arguments = Arguments::read();
    match (arguments.workload.as_str(), arguments.contender.as_str()) {
        ("spike", "tricolor-solo") => spike::<TricolorSolo>(&arguments),
        ("spike", "tricolor") => spike::<Tricolor>(&arguments),
        ("mutators", "tricolor") => mutators::<Tricolor>(&arguments),
        _ => arguments.unknown(),
    }
}

/// Of 48 bytes.
#[derive(Trace)]
struct Node<'gc, M: Manager> {
    next: Slot<'gc, Node<'gc, M>, M>,
    values: [u64; 5],
}
const NODE_BYTES: u64 = 48;
type Held<'gc, M> = Gc<'gc, Node<'gc, M>, M>;

#[derive(Trace)]
struct Holding<'gc, M: Manager> {
    list: Slot<'gc, Node<'gc, M>, M>,
    kept: GcVec<'gc, Held<'gc, M>, M>,
    places: Box<[Slot<'gc, Node<'gc, M>, M>]>,
}
struct Holds;
impl<M: Manager> Rootable<M> for Holds {
    type Root<'gc> = Holding<'gc, M>;
}
fn node<'gc, M: Manager>(mc: &Mutation<'gc, M>, value: u64, next: Option<Held<'gc, M>>) -> Held<'gc, M> {
    Gc::new(mc, Node { next: Slot::new(next), values: [value, 0, 0, 0, 0] })
}
fn heap<M: Manager>(places: u64) -> (Heap<Holds, M>, Mutator<Holds, M>) {
    let heap = Heap::<Holds, M>::new(Config::default(), |_| Holding {
        list: Slot::empty(),
        kept: GcVec::new(),
        places: (0..places).map(|_| Slot::empty()).collect(),
    });
    let heap = heap.expect("a heap with these knobs");
    let mutator = heap.mutator().expect("a new heap's mutator");
    (heap, mutator)
}

// ---- spike ----------------------------------------------------------------------------------------------------------

/// Nodes a session makes.
const AT_A_TIME: u64 = 4096;

fn spike<M: Manager>(arguments: &Arguments) {
    let nodes = (arguments.number("spike_mb") << 20) / NODE_BYTES;
    let (keep_one_in, idle_s) = (arguments.number("keep_one_in"), arguments.number("idle_s"));
    let (_heap, mut heap) = heap::<M>(0);
    figure("empty_mb", resident::now_mb());
    let mut done = 0;
    while done < nodes {
        let until = nodes.min(done + AT_A_TIME);
        heap.mutate(|mc, held| {
            for i in done..until {
                if keep_one_in > 0 && i % keep_one_in == 0 {
                    held.kept.push(mc, node(mc, i, None));
                }
                let next = held.list.take(mc);
                held.list.set(mc, Some(node(mc, i, next)));
            }
        });
        done = until;
    }
    figure("spike_mb", resident::now_mb());
    heap.mutate(|mc, held| held.list.set(mc, None));
    resident::report_after(idle_s, || {
        heap.collect(Request::FULL);
    });
    figure("goal_mb", heap.stats().goal_bytes.unwrap_or(0) as f64 / 1e6);
    let start = Instant::now();
    heap.release();
    figure("release_ms", start.elapsed().as_secs_f64() * 1e3);
    figure("released_mb", resident::now_mb());
    let (kept, sum) = heap
        .mutate(|_, held| (held.kept.len(), held.kept.iter().map(|node| node.values[0]).fold(0u64, u64::wrapping_add)));
    println!("{nodes} nodes, {kept} kept, sum {sum}");
}

// ---- mutators -------------------------------------------------------------------------------------------------------

/// Nodes of a list.
const LENGTH: u64 = 16;

fn mutators<M: Threaded>(arguments: &Arguments) {
    let (threads, places) = (arguments.number("threads"), arguments.number("places"));
    let each = arguments.number("operations") / threads;
    let (heap, mut main) = heap::<M>(places);
    let ready = Barrier::new(threads as usize + 1);
    let work = |thread| {
        let (mut mutator, mut random) = (heap.mutator().expect("there are many"), Random::of(thread));
        ready.wait();
        // A list is made and put in a random place; whoever's list was there is read.
        let taken = (0..each).map(|_| {
            mutator.mutate(|mc, held| {
                let list = (1..LENGTH).fold(node(mc, 0, None), |next, i| node(mc, i, Some(next)));
                length(held.places[(random.draw() % places) as usize].replace(mc, Some(list)))
            })
        });
        taken.sum::<u64>()
    };
    let (cpu_ns, start, taken) = std::thread::scope(|scope| {
        let work = &work;
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || work(thread))).collect();
        let (cpu_ns, start) = (process_cpu_ns(), Instant::now());
        ready.wait();
        (cpu_ns, start, running.into_iter().map(|t| t.join().expect("no thread panics")).sum::<u64>())
    });
    let (wall_s, cpu_ns, operations) = (start.elapsed().as_secs_f64(), process_cpu_ns() - cpu_ns, each * threads);
    figure("throughput_per_s", operations as f64 / wall_s);
    figure("wall_ns_per_operation", wall_s * 1e9 / operations as f64);
    figure("cpu_ns_per_operation", cpu_ns as f64 / operations as f64);
    let stats = heap.stats();
    figure("collections", stats.collections as f64);
    figure("peak_used_mb", stats.peak_used_bytes as f64 / 1e6);
    figure("holdup_us_max", stats.holdups.max_ns as f64 / 1e3);
    let left = main.mutate(|_, held| held.places.iter().map(|place| length(place.get())).sum::<u64>());
    println!("{operations} lists, {} nodes taken or left", taken + left);
}

/// Nodes from here on.
fn length<M: Manager>(mut at: Option<Held<'_, M>>) -> u64 {
    let mut nodes = 0;
    while let Some(node) = at {
        nodes += 1;
        at = node.next.get();
    }
    nodes
}
