//! The contenders of twinheap: every workload once, generic in the manager.  On the system's allocator, which twinheap
//! asks for tables only.
//!
//! Sessions are as the library's documentation advises: under the tricolor managers what a session allocates cannot be
//! freed before it ends, so large structures grow in chunks that the root holds.  Overview: README.md.
#![forbid(unsafe_code)]

use twinheap::{
    Config, Gc, GcCell, Manager, Mutation, Mutator, Null, RefCount, Request, Rootable, Slot, Static, Tail, Trace,
    Tricolor, TricolorSolo, process::process_cpu_ns,
};
use twinheap_bench::{
    arguments::{Arguments, figure},
    for_words,
    programs::{
        self, CHUNK_DEPTH, Forest, RING, Ring,
        gcbench::{self, gcbench},
        sessions::{self, start},
    },
};

fn main() {
    let arguments = Arguments::read();
    match arguments.contender.as_str() {
        "null" => run::<Null>(&arguments, Config::default()),
        "refcount" => run::<RefCount>(&arguments, Config::default()),
        "refcount-idle" => run::<RefCount>(&arguments, Config { automatic: false, ..Config::default() }),
        "tricolor-solo" => run::<TricolorSolo>(&arguments, Config::default()),
        "tricolor" => run::<Tricolor>(&arguments, Config::default()),
        _ => arguments.unknown(),
    }
}

fn run<M: Manager>(arguments: &Arguments, config: Config) {
    let number = |key| arguments.number(key);
    match arguments.workload.as_str() {
        "binary-trees" => {
            let mut forest =
                OurForest::<M>(start(config, |_| Grove { kept: Slot::empty(), growing: GcCell::default() }));
            programs::binary_trees(&mut forest, number("depth") as u32);
            report(&forest.0);
        }
        "tree" => {
            let mut forest =
                OurForest::<M>(start(config, |_| Grove { kept: Slot::empty(), growing: GcCell::default() }));
            programs::tree(&mut forest, number("depth") as u32, number("times"));
        }
        "gcbench" => {
            let mut trees = OurTrees::<M>(start(config, |_| Park {
                kept: Slot::empty(),
                numbers: Slot::empty(),
                growing: Slot::empty(),
                parts: GcCell::default(),
            }));
            gcbench(&mut trees, number("scale") as u32);
            report(&trees.0);
        }
        "alloc" => for_words!(number("bytes"), WORDS => {
            let mut ring = OurRing::<WORDS, M>(start(config, |_| (0..RING).map(|_| Slot::empty()).collect()));
            programs::alloc(&mut ring, number("operations"), 8 * WORDS as u64);
            report(&ring.0);
        }),
        "release" => programs::release(
            number("nodes"),
            |nodes| build_list::<M>(config, nodes),
            |mut list| {
                list.mutate(|mc, head| head.set(mc, None));
                list.collect(Request::FULL);
                report(&list);
            },
        ),
        "mark" => mark::<M>(config, arguments.word("shape"), number("live_mb"), number("collections")),
        "stop" => stop::<M>(config, number("live_mb"), number("collections")),
        _ => sessions::run::<M>(arguments, config),
    }
}

/// What the heap says about itself.
fn report<R: Rootable<M>, M: Manager>(mutator: &Mutator<R, M>) {
    let stats = mutator.stats();
    figure("objects_allocated", stats.objects_allocated as f64);
    figure("peak_used_mb", stats.peak_used_bytes as f64 / 1e6);
    if M::CONSTRAINTS.collects {
        figure("collections", stats.collections as f64);
        figure("holdup_us_max", stats.holdups.max_ns as f64 / 1e3);
    }
    if M::CONSTRAINTS.concurrent {
        figure("stop_us_max", stats.stop_ns_max as f64 / 1e3);
        figure("stop_us_mean", stats.stop_ns_total as f64 / 1e3 / stats.collections.max(1) as f64);
        figure("mark_ns_per_object", stats.mark_cpu_ns as f64 / stats.objects_marked.max(1) as f64);
        figure("collector_cpu_s", stats.collector_cpu_ns as f64 / 1e9);
    }
}

// ---- binary-trees ---------------------------------------------------------------------------------------------------

#[derive(Trace)]
struct Tree<'gc, M: Manager> {
    left: Option<Gc<'gc, Tree<'gc, M>, M>>,
    right: Option<Gc<'gc, Tree<'gc, M>, M>>,
}
#[derive(Trace)]
struct Grove<'gc, M: Manager> {
    kept: Slot<'gc, Tree<'gc, M>, M>,
    /// Finished parts of the tree that grows: at most one a level.
    growing: GcCell<Vec<Gc<'gc, Tree<'gc, M>, M>>, M>,
}
struct Groves;
impl<M: Manager> Rootable<M> for Groves {
    type Root<'gc> = Grove<'gc, M>;
}
struct OurForest<M: Manager>(Mutator<Groves, M>);

fn grow<'gc, M: Manager>(mc: &Mutation<'gc, M>, depth: u32) -> Gc<'gc, Tree<'gc, M>, M> {
    if depth == 0 {
        return Gc::new(mc, Tree { left: None, right: None });
    }
    let (left, right) = (grow(mc, depth - 1), grow(mc, depth - 1));
    Gc::new(mc, Tree { left: Some(left), right: Some(right) })
}
fn count<M: Manager>(tree: &Tree<'_, M>) -> u64 {
    match (&tree.left, &tree.right) {
        (Some(left), Some(right)) => 1 + count(left) + count(right),
        _ => 1,
    }
}

impl<M: Manager> OurForest<M> {
    /// Grows a tree in chunks; it ends as the only element of `growing`.
    fn grow_in_chunks(&mut self, depth: u32) {
        for chunk in 0..1u64 << (depth - CHUNK_DEPTH) {
            self.0.mutate(|mc, grove| {
                let mut tree = grow(mc, CHUNK_DEPTH);
                for _ in 0..chunk.trailing_ones() {
                    let left = grove.growing.borrow_mut(mc).pop();
                    tree = Gc::new(mc, Tree { left, right: Some(tree) });
                }
                grove.growing.borrow_mut(mc).push(tree);
            })
        }
    }
}
impl<M: Manager> Forest for OurForest<M> {
    fn tree(&mut self, depth: u32) -> u64 {
        if depth <= CHUNK_DEPTH {
            return self.trees(1, depth);
        }
        self.grow_in_chunks(depth);
        self.0.mutate(|mc, grove| {
            let tree = grove.growing.borrow_mut(mc).pop();
            tree.map_or(0, |tree| count(&tree))
        })
    }
    fn trees(&mut self, trees: u64, depth: u32) -> u64 {
        if depth > CHUNK_DEPTH {
            return (0..trees).map(|_| self.tree(depth)).sum();
        }
        let (mut sum, mut done) = (0, 0);
        while done < trees {
            let some = (1 << (CHUNK_DEPTH - depth)).min(trees - done);
            sum += self.0.mutate(|mc, _| (0..some).map(|_| count(&grow(mc, depth))).sum::<u64>());
            done += some;
        }
        sum
    }
    fn keep(&mut self, depth: u32) {
        if depth <= CHUNK_DEPTH {
            return self.0.mutate(|mc, grove| grove.kept.set(mc, Some(grow(mc, depth))));
        }
        self.grow_in_chunks(depth);
        self.0.mutate(|mc, grove| {
            let tree = grove.growing.borrow_mut(mc).pop();
            grove.kept.set(mc, tree)
        })
    }
    fn kept(&mut self) -> u64 {
        self.0.mutate(|_, grove| grove.kept.get().map_or(0, |tree| count(&tree)))
    }
    fn let_go(&mut self) {
        self.0.mutate(|mc, grove| grove.kept.set(mc, None));
        if !M::CONSTRAINTS.counted {
            self.0.collect(Request::FULL);
        }
    }
}

// ---- gcbench --------------------------------------------------------------------------------------------------------

#[derive(Trace)]
struct Twig<'gc, M: Manager> {
    left: Slot<'gc, Twig<'gc, M>, M>,
    right: Slot<'gc, Twig<'gc, M>, M>,
    i: i32,
    j: i32,
}
type HeldTwig<'gc, M> = Gc<'gc, Twig<'gc, M>, M>;
#[derive(Trace)]
struct Park<'gc, M: Manager> {
    kept: Slot<'gc, Twig<'gc, M>, M>,
    numbers: Slot<'gc, Tail<(), f64>, M>,
    /// The tree that grows top down.
    growing: Slot<'gc, Twig<'gc, M>, M>,
    /// Finished parts of the one that grows bottom up: at most one a level.
    parts: GcCell<Vec<HeldTwig<'gc, M>>, M>,
}
struct Parks;
impl<M: Manager> Rootable<M> for Parks {
    type Root<'gc> = Park<'gc, M>;
}
struct OurTrees<M: Manager>(Mutator<Parks, M>);

fn twig<'gc, M: Manager>(
    mc: &Mutation<'gc, M>,
    left: Option<HeldTwig<'gc, M>>,
    right: Option<HeldTwig<'gc, M>>,
) -> HeldTwig<'gc, M> {
    Gc::new(mc, Twig { left: Slot::new(left), right: Slot::new(right), i: 0, j: 0 })
}
fn make_twigs<'gc, M: Manager>(mc: &Mutation<'gc, M>, depth: u32) -> HeldTwig<'gc, M> {
    if depth == 0 {
        return twig(mc, None, None);
    }
    let (left, right) = (make_twigs(mc, depth - 1), make_twigs(mc, depth - 1));
    twig(mc, Some(left), Some(right))
}
fn populate<'gc, M: Manager>(mc: &Mutation<'gc, M>, depth: u32, at: &Twig<'gc, M>) {
    if depth == 0 {
        return;
    }
    let (left, right) = (twig(mc, None, None), twig(mc, None, None));
    at.left.set(mc, Some(left.clone()));
    at.right.set(mc, Some(right.clone()));
    populate(mc, depth - 1, &left);
    populate(mc, depth - 1, &right);
}
fn left_edge<M: Manager>(of: &HeldTwig<'_, M>) -> u64 {
    let (mut links, mut at) = (0, of.left.get());
    while let Some(node) = at {
        links += 1;
        at = node.left.get();
    }
    links
}
fn twigs<M: Manager>(of: &Twig<'_, M>) -> u64 {
    let below = [&of.left, &of.right].map(|slot| slot.get().map_or(0, |node| twigs(&node)));
    1 + (of.i + of.j) as u64 + below.iter().sum::<u64>()
}

impl<M: Manager> OurTrees<M> {
    /// So many trees, as many in a session as make up a chunk.
    fn small(&mut self, count: u64, depth: u32, one: impl for<'gc> Fn(&Mutation<'gc, M>) -> HeldTwig<'gc, M>) -> u64 {
        let (mut sum, mut done) = (0, 0);
        while done < count {
            let some = (1 << (CHUNK_DEPTH - depth)).min(count - done);
            sum += self.0.mutate(|mc, _| (0..some).map(|_| left_edge(&one(mc))).sum::<u64>());
            done += some;
        }
        sum
    }
    /// A tree in `growing`, top down: its upper part in one session, each chunk that hangs from it in another.
    fn grow_top_down(&mut self, depth: u32) {
        let upper = depth.saturating_sub(CHUNK_DEPTH);
        self.0.mutate(|mc, park| {
            let top = twig(mc, None, None);
            populate(mc, if upper == 0 { depth } else { upper }, &top);
            park.growing.set(mc, Some(top));
        });
        for chunk in (0..1u64 << upper).filter(|_| upper > 0) {
            self.0.mutate(|mc, park| {
                let mut at = park.growing.get().expect("it grows");
                for level in (0..upper).rev() {
                    let slot = if chunk >> level & 1 == 0 { &at.left } else { &at.right };
                    at = slot.get().expect("the upper part is there");
                }
                populate(mc, CHUNK_DEPTH, &at);
            })
        }
    }
}
impl<M: Manager> gcbench::Trees for OurTrees<M> {
    fn bottom_up(&mut self, count: u64, depth: u32) -> u64 {
        if depth <= CHUNK_DEPTH {
            return self.small(count, depth, |mc| make_twigs(mc, depth));
        }
        let one = |heap: &mut Mutator<Parks, M>| {
            for chunk in 0..1u64 << (depth - CHUNK_DEPTH) {
                heap.mutate(|mc, park| {
                    let mut tree = make_twigs(mc, CHUNK_DEPTH);
                    for _ in 0..chunk.trailing_ones() {
                        let left = park.parts.borrow_mut(mc).pop();
                        tree = twig(mc, left, Some(tree));
                    }
                    park.parts.borrow_mut(mc).push(tree);
                })
            }
            heap.mutate(|mc, park| {
                let tree = park.parts.borrow_mut(mc).pop();
                tree.map_or(0, |tree| left_edge(&tree))
            })
        };
        (0..count).map(|_| one(&mut self.0)).sum()
    }
    fn top_down(&mut self, count: u64, depth: u32) -> u64 {
        if depth <= CHUNK_DEPTH {
            return self.small(count, depth, |mc| {
                let top = twig(mc, None, None);
                populate(mc, depth, &top);
                top
            });
        }
        let one = |_| {
            self.grow_top_down(depth);
            self.0.mutate(|mc, park| park.growing.take(mc).map_or(0, |tree| left_edge(&tree)))
        };
        (0..count).map(one).sum()
    }
    fn keep(&mut self, depth: u32, numbers: impl Iterator<Item = f64>) {
        self.grow_top_down(depth);
        self.0.mutate(|mc, park| {
            let tree = park.growing.take(mc);
            park.kept.set(mc, tree);
            park.numbers.set(mc, Some(Gc::with_tail(mc, (), numbers)));
        })
    }
    fn kept(&mut self, place: usize) -> (u64, f64) {
        self.0.mutate(|_, park| {
            let numbers = park.numbers.get().expect("they are kept");
            (park.kept.get().map_or(0, |tree| twigs(&tree)), numbers.tail()[place])
        })
    }
}

// ---- alloc ----------------------------------------------------------------------------------------------------------

type Words<const WORDS: usize> = Static<[u64; WORDS]>;
struct Places<const WORDS: usize>;
impl<const WORDS: usize, M: Manager> Rootable<M> for Places<WORDS> {
    type Root<'gc> = Box<[Slot<'gc, Words<WORDS>, M>]>;
}
struct OurRing<const WORDS: usize, M: Manager>(Mutator<Places<WORDS>, M>);
impl<const WORDS: usize, M: Manager> Ring for OurRing<WORDS, M> {
    fn turns(&mut self, from: u64, count: u64) -> u64 {
        self.0.mutate(|mc, places| {
            let turn = |i: u64| {
                let mut words = [0; WORDS];
                words[0] = i;
                places[i as usize % RING].replace(mc, Some(Gc::new(mc, Static(words)))).map_or(0, |old| old[0])
            };
            (from..from + count).map(turn).fold(0, u64::wrapping_add)
        })
    }
}

// ---- release --------------------------------------------------------------------------------------------------------

#[derive(Trace)]
struct Node<'gc, M: Manager> {
    value: u64,
    next: Slot<'gc, Node<'gc, M>, M>,
}
struct Lists;
impl<M: Manager> Rootable<M> for Lists {
    type Root<'gc> = Slot<'gc, Node<'gc, M>, M>;
}
/// Objects a session makes where a structure is built piece by piece.
const AT_A_TIME: u64 = 4096;

fn build_list<M: Manager>(config: Config, nodes: u64) -> Mutator<Lists, M> {
    let mut list = start::<Lists, M>(config, |_| Slot::empty());
    let mut done = 0;
    while done < nodes {
        let until = nodes.min(done + AT_A_TIME);
        list.mutate(|mc, head| {
            for value in done..until {
                let next = Slot::new(head.take(mc));
                head.set(mc, Some(Gc::new(mc, Node { value, next })));
            }
        });
        done = until;
    }
    assert_eq!(list.mutate(|_, head| head.get().map(|node| node.value)), Some(nodes - 1));
    list
}

// ---- mark and stop --------------------------------------------------------------------------------------------------

/// A node of 48 bytes, as `peers/go/fullgc` has them.
#[derive(Trace)]
struct Vertex<'gc, M: Manager> {
    left: Slot<'gc, Vertex<'gc, M>, M>,
    right: Slot<'gc, Vertex<'gc, M>, M>,
    words: [u64; 4],
}
struct Graphs;
impl<M: Manager> Rootable<M> for Graphs {
    /// All vertices in one array, or nothing; and where to begin.
    type Root<'gc> = (GcCell<Vec<Gc<'gc, Vertex<'gc, M>, M>>, M>, Slot<'gc, Vertex<'gc, M>, M>);
}
const VERTEX_BYTES: u64 = 48;

/// A graph of `objects` vertices: `array` (all held by one array), `list` (each by the one before), `tree` (perfect,
/// but for its last row), `graph` (two random edges each, all held by one array in random order).
fn build_graph<M: Manager>(config: Config, shape: &str, objects: u64) -> Mutator<Graphs, M> {
    let mut heap = start::<Graphs, M>(config, |_| (GcCell::default(), Slot::empty()));
    let mut done = 0;
    while done < objects {
        let until = objects.min(done + AT_A_TIME);
        heap.mutate(|mc, (all, _)| {
            let mut all = all.borrow_mut(mc);
            for i in done..until {
                all.push(Gc::new(mc, Vertex { left: Slot::empty(), right: Slot::empty(), words: [i; 4] }));
            }
        });
        done = until;
    }
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    heap.mutate(|mc, (all, first)| {
        let mut all = all.borrow_mut(mc);
        let n = all.len();
        for i in 0..n {
            let (left, right) = match shape {
                "array" => (None, None),
                "list" => (all.get(i + 1), None),
                "tree" => (all.get(2 * i + 1), all.get(2 * i + 2)),
                "graph" => (all.get(random(n)), all.get(random(n))),
                other => panic!("no shape `{other}`"),
            };
            all[i].left.set(mc, left.cloned());
            all[i].right.set(mc, right.cloned());
        }
        match shape {
            "list" | "tree" => {
                first.set(mc, all.first().cloned());
                *all = Vec::new();
            }
            "graph" => (1..n).rev().for_each(|i| all.swap(i, random(i + 1))),
            _ => {}
        }
    });
    heap
}

/// Full collections of a graph that lives.
fn mark<M: Manager>(config: Config, shape: &str, live_mb: u64, collections: u64) {
    let objects = (live_mb << 20) / VERTEX_BYTES;
    let mut heap = build_graph::<M>(config, shape, objects);
    heap.collect(Request::FULL);
    let before = heap.stats();
    let (start, cpu_ns) = (std::time::Instant::now(), process_cpu_ns());
    for _ in 0..collections {
        heap.collect(Request::FULL);
    }
    let (wall_ns, cpu_ns) = (start.elapsed().as_nanos() as f64, process_cpu_ns() - cpu_ns);
    let after = heap.stats();
    let marked = after.objects_marked - before.objects_marked;
    assert!(marked >= objects * collections, "{marked} of {objects} objects were looked at");
    figure("cpu_ns_per_object", cpu_ns as f64 / (objects * collections) as f64);
    if M::CONSTRAINTS.concurrent {
        figure("mark_ns_per_object", (after.mark_cpu_ns - before.mark_cpu_ns) as f64 / marked as f64);
    }
    figure("collection_ns_per_object", wall_ns / (objects * collections) as f64);
    println!("{objects} objects, {collections} collections");
}

/// What the collector does in a stop, and what that costs the mutator, while a heap of `live_mb` is changed.
fn stop<M: Manager>(config: Config, live_mb: u64, collections: u64) {
    let objects = (live_mb << 20) / VERTEX_BYTES;
    let mut heap = build_graph::<M>(config, "tree", objects);
    let until = heap.stats().collections + collections;
    let mut turns = 0u64;
    while heap.stats().collections < until {
        for _ in 0..64 {
            heap.mutate(|mc, (_, first)| {
                for _ in 0..256 {
                    let first = first.get().expect("the tree is held");
                    let (left, right) = (first.left.take(mc), first.right.take(mc));
                    first.right.set(mc, left);
                    first.left.set(mc, right);
                    Gc::new(mc, Vertex { left: Slot::empty(), right: Slot::empty(), words: [turns; 4] });
                    turns += 1;
                }
            })
        }
    }
    report(&heap);
    println!("{live_mb} MiB live, at least {collections} collections");
}
