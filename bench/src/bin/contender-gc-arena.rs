//! The contender gc-arena: incremental marking for one thread, no unsafe in user code; the library nearest to ours.
//! Its sessions (`mutate`) free nothing they allocated either, so it gets the same chunks as twinheap.
//! Overview: README.md.
#![forbid(unsafe_code)]

use gc_arena::{Arena, Collect, Gc, Lock, Mutation, Rootable, arena::CollectionPhase, barrier::unlock};
use std::hint::black_box;
use twinheap_bench::{
    arguments::{Arguments, figure},
    for_words,
    programs::{
        self, CHUNK_DEPTH, Forest, RING, Ring,
        counting::{self, AT_A_TIME, Work},
        gcbench, resident,
    },
};

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments = Arguments::read();
    match arguments.workload.as_str() {
        "binary-trees" => programs::binary_trees(&mut ArenaForest::new(), arguments.number("depth") as u32),
        "gcbench" => {
            let mut trees = ArenaTrees(Arena::new(|_| Park::default()));
            gcbench::gcbench(&mut trees, arguments.number("scale") as u32)
        }
        "spike" => spike(&arguments),
        "alloc" => for_words!(arguments.number("bytes"), WORDS => {
            programs::alloc(&mut ArenaRing::<WORDS>::new(), arguments.number("operations"), 8 * WORDS as u64)
        }),
        "release" => programs::release(arguments.number("nodes"), build_list, |mut list| {
            list.mutate_root(|_, root| *root = None);
            collect(&mut list);
            assert_eq!(list.metrics().total_gc_count(), 0, "the list is gone");
        }),
        "tree" => programs::tree(&mut ArenaForest::new(), arguments.number("depth") as u32, arguments.number("times")),
        "ring" => {
            let places = Arena::new(|_| vec![None; RING]);
            counting::ring_of_nodes(&mut ArenaNodes(places), arguments.number("operations"))
        }
        _ => counting::run(&arguments, ArenaWork(Arena::new(|_| Held { array: Vec::new(), chain: None }))),
    }
}

/// Everything: a cycle that had begun before was looking at what lived then.
fn collect<R>(arena: &mut Arena<R>)
where
    R: for<'gc> Rootable<'gc>,
    for<'gc> gc_arena::arena::Root<'gc, R>: Collect<'gc>,
{
    if arena.collection_phase() != CollectionPhase::Sleeping {
        arena.finish_cycle();
    }
    arena.finish_cycle();
}

#[derive(Collect)]
#[collect(no_drop)]
struct Tree<'gc> {
    left: Option<Gc<'gc, Tree<'gc>>>,
    right: Option<Gc<'gc, Tree<'gc>>>,
}
#[derive(Collect)]
#[collect(no_drop)]
struct Grove<'gc> {
    kept: Option<Gc<'gc, Tree<'gc>>>,
    growing: Vec<Gc<'gc, Tree<'gc>>>,
}
struct ArenaForest(Arena<Rootable![Grove<'_>]>);

fn grow<'gc>(mc: &Mutation<'gc>, depth: u32) -> Gc<'gc, Tree<'gc>> {
    if depth == 0 {
        return Gc::new(mc, Tree { left: None, right: None });
    }
    let (left, right) = (grow(mc, depth - 1), grow(mc, depth - 1));
    Gc::new(mc, Tree { left: Some(left), right: Some(right) })
}
fn count(tree: &Tree) -> u64 {
    match (&tree.left, &tree.right) {
        (Some(left), Some(right)) => 1 + count(left) + count(right),
        _ => 1,
    }
}

impl ArenaForest {
    fn new() -> Self {
        ArenaForest(Arena::new(|_| Grove { kept: None, growing: Vec::new() }))
    }
    /// Grows a tree in chunks; it ends as the only element of `growing`.
    fn grow_in_chunks(&mut self, depth: u32) {
        for chunk in 0..1u64 << (depth - CHUNK_DEPTH) {
            self.0.mutate_root(|mc, grove| {
                let mut tree = grow(mc, CHUNK_DEPTH);
                for _ in 0..chunk.trailing_ones() {
                    tree = Gc::new(mc, Tree { left: grove.growing.pop(), right: Some(tree) });
                }
                grove.growing.push(tree);
            });
            self.0.collect_debt();
        }
    }
}
impl Forest for ArenaForest {
    fn tree(&mut self, depth: u32) -> u64 {
        if depth <= CHUNK_DEPTH {
            return self.trees(1, depth);
        }
        self.grow_in_chunks(depth);
        self.0.mutate_root(|_, grove| grove.growing.pop().map_or(0, |tree| count(&tree)))
    }
    fn trees(&mut self, trees: u64, depth: u32) -> u64 {
        if depth > CHUNK_DEPTH {
            return (0..trees).map(|_| self.tree(depth)).sum();
        }
        let (mut sum, mut done) = (0, 0);
        while done < trees {
            let some = (1 << (CHUNK_DEPTH - depth)).min(trees - done);
            sum += self.0.mutate(|mc, _| (0..some).map(|_| count(&grow(mc, depth))).sum::<u64>());
            self.0.collect_debt();
            done += some;
        }
        sum
    }
    fn keep(&mut self, depth: u32) {
        if depth <= CHUNK_DEPTH {
            return self.0.mutate_root(|mc, grove| grove.kept = Some(grow(mc, depth)));
        }
        self.grow_in_chunks(depth);
        self.0.mutate_root(|_, grove| grove.kept = grove.growing.pop())
    }
    fn kept(&mut self) -> u64 {
        self.0.mutate(|_, grove| grove.kept.map_or(0, |tree| count(&tree)))
    }
    fn let_go(&mut self) {
        self.0.mutate_root(|_, grove| grove.kept = None);
        collect(&mut self.0);
    }
}

#[derive(Collect)]
#[collect(no_drop)]
struct Words<const WORDS: usize>([u64; WORDS]);
type Places<'gc, const WORDS: usize> = Vec<Option<Gc<'gc, Words<WORDS>>>>;
struct ArenaRing<const WORDS: usize>(Arena<Rootable![Places<'_, WORDS>]>);
impl<const WORDS: usize> ArenaRing<WORDS> {
    fn new() -> Self {
        ArenaRing(Arena::new(|_| vec![None; RING]))
    }
}
impl<const WORDS: usize> Ring for ArenaRing<WORDS> {
    fn turns(&mut self, from: u64, count: u64) -> u64 {
        let sum = self.0.mutate_root(|mc, places| {
            let turn = |i: u64| {
                let mut words = [0; WORDS];
                words[0] = i;
                places[i as usize % RING].replace(Gc::new(mc, Words(words))).map_or(0, |old| old.0[0])
            };
            (from..from + count).map(turn).fold(0, u64::wrapping_add)
        });
        self.0.collect_debt();
        sum
    }
}

#[derive(Collect)]
#[collect(no_drop)]
struct Node<'gc> {
    value: u64,
    next: Option<Gc<'gc, Node<'gc>>>,
}
type List = Arena<Rootable![Option<Gc<'_, Node<'_>>>]>;
fn build_list(nodes: u64) -> List {
    const AT_A_TIME: u64 = 4096;
    let mut list = List::new(|_| None);
    let mut done = 0;
    while done < nodes {
        let until = nodes.min(done + AT_A_TIME);
        list.mutate_root(|mc, root| {
            for value in done..until {
                *root = Some(Gc::new(mc, Node { value, next: *root }));
            }
        });
        list.collect_debt();
        done = until;
    }
    assert_eq!(list.mutate(|_, root| root.map(|node| node.value)), Some(nodes - 1));
    list
}

// ---- gcbench --------------------------------------------------------------------------------------------------------

type Link<'gc> = Lock<Option<Gc<'gc, Twig<'gc>>>>;
#[derive(Collect)]
#[collect(no_drop)]
struct Twig<'gc> {
    left: Link<'gc>,
    right: Link<'gc>,
    i: i32,
    j: i32,
}
#[derive(Collect, Default)]
#[collect(no_drop)]
struct Park<'gc> {
    kept: Option<Gc<'gc, Twig<'gc>>>,
    numbers: Option<Gc<'gc, Vec<f64>>>,
    growing: Option<Gc<'gc, Twig<'gc>>>,
    parts: Vec<Gc<'gc, Twig<'gc>>>,
}
struct ArenaTrees(Arena<Rootable![Park<'_>]>);

fn twig<'gc>(
    mc: &Mutation<'gc>,
    left: Option<Gc<'gc, Twig<'gc>>>,
    right: Option<Gc<'gc, Twig<'gc>>>,
) -> Gc<'gc, Twig<'gc>> {
    Gc::new(mc, Twig { left: Lock::new(left), right: Lock::new(right), i: 0, j: 0 })
}
fn make_twigs<'gc>(mc: &Mutation<'gc>, depth: u32) -> Gc<'gc, Twig<'gc>> {
    if depth == 0 {
        return twig(mc, None, None);
    }
    let (left, right) = (make_twigs(mc, depth - 1), make_twigs(mc, depth - 1));
    twig(mc, Some(left), Some(right))
}
fn populate<'gc>(mc: &Mutation<'gc>, depth: u32, at: Gc<'gc, Twig<'gc>>) {
    if depth == 0 {
        return;
    }
    let (left, right) = (twig(mc, None, None), twig(mc, None, None));
    unlock!(Gc::write(mc, at), Twig, left).set(Some(left));
    unlock!(Gc::write(mc, at), Twig, right).set(Some(right));
    populate(mc, depth - 1, left);
    populate(mc, depth - 1, right);
}
fn top_down<'gc>(mc: &Mutation<'gc>, depth: u32) -> Gc<'gc, Twig<'gc>> {
    let top = twig(mc, None, None);
    populate(mc, depth, top);
    top
}
fn left_edge(of: &Twig) -> u64 {
    let (mut links, mut at) = (0, of.left.get());
    while let Some(node) = at {
        links += 1;
        at = node.left.get();
    }
    links
}
fn twigs(of: &Twig) -> u64 {
    let below = [&of.left, &of.right].map(|link| link.get().map_or(0, |node| twigs(&node)));
    1 + (of.i + of.j) as u64 + below.iter().sum::<u64>()
}

impl ArenaTrees {
    /// So many trees, as many in a session as make up a chunk.
    fn small(&mut self, count: u64, depth: u32, one: impl for<'gc> Fn(&Mutation<'gc>) -> Gc<'gc, Twig<'gc>>) -> u64 {
        let (mut sum, mut done) = (0, 0);
        while done < count {
            let some = (1 << (CHUNK_DEPTH - depth)).min(count - done);
            sum += self.session(|mc, _| (0..some).map(|_| left_edge(&one(mc))).sum::<u64>());
            done += some;
        }
        sum
    }
    fn session<O>(&mut self, f: impl for<'gc> FnOnce(&'gc Mutation<'gc>, &mut Park<'gc>) -> O) -> O {
        let result = self.0.mutate_root(f);
        self.0.collect_debt();
        result
    }
    /// A tree in `growing`: its upper part in one session, each chunk that hangs from it in another.
    fn grow_top_down(&mut self, depth: u32) {
        let upper = depth.saturating_sub(CHUNK_DEPTH);
        self.session(|mc, park| park.growing = Some(top_down(mc, if upper == 0 { depth } else { upper })));
        for chunk in (0..1u64 << upper).filter(|_| upper > 0) {
            self.session(|mc, park| {
                let mut at = park.growing.expect("it grows");
                for level in (0..upper).rev() {
                    let link = if chunk >> level & 1 == 0 { &at.left } else { &at.right };
                    at = link.get().expect("the upper part is there");
                }
                populate(mc, CHUNK_DEPTH, at);
            })
        }
    }
}
impl gcbench::Trees for ArenaTrees {
    fn bottom_up(&mut self, count: u64, depth: u32) -> u64 {
        if depth <= CHUNK_DEPTH {
            return self.small(count, depth, |mc| make_twigs(mc, depth));
        }
        let one = |_| {
            for chunk in 0..1u64 << (depth - CHUNK_DEPTH) {
                self.session(|mc, park| {
                    let mut tree = make_twigs(mc, CHUNK_DEPTH);
                    for _ in 0..chunk.trailing_ones() {
                        tree = twig(mc, park.parts.pop(), Some(tree));
                    }
                    park.parts.push(tree);
                })
            }
            self.session(|_, park| park.parts.pop().map_or(0, |tree| left_edge(&tree)))
        };
        (0..count).map(one).sum()
    }
    fn top_down(&mut self, count: u64, depth: u32) -> u64 {
        if depth <= CHUNK_DEPTH {
            return self.small(count, depth, |mc| top_down(mc, depth));
        }
        let one = |_| {
            self.grow_top_down(depth);
            self.session(|_, park| park.growing.take().map_or(0, |tree| left_edge(&tree)))
        };
        (0..count).map(one).sum()
    }
    fn keep(&mut self, depth: u32, numbers: impl Iterator<Item = f64>) {
        self.grow_top_down(depth);
        self.session(|mc, park| {
            park.kept = park.growing.take();
            park.numbers = Some(Gc::new(mc, numbers.collect()));
        })
    }
    fn kept(&mut self, place: usize) -> (u64, f64) {
        self.0.mutate(|_, park| {
            (park.kept.map_or(0, |tree| twigs(&tree)), park.numbers.map_or(0.0, |numbers| numbers[place]))
        })
    }
}

// ---- spike ----------------------------------------------------------------------------------------------------------

/// 48 bytes of the program's, and a header.
#[derive(Collect)]
#[collect(no_drop)]
struct Large<'gc> {
    next: Option<Gc<'gc, Large<'gc>>>,
    values: [u64; 5],
}
#[derive(Collect, Default)]
#[collect(no_drop)]
struct Spike<'gc> {
    list: Option<Gc<'gc, Large<'gc>>>,
    kept: Vec<Gc<'gc, Large<'gc>>>,
}

fn spike(arguments: &Arguments) {
    const NODE_BYTES: u64 = 48;
    let nodes = (arguments.number("spike_mb") << 20) / NODE_BYTES;
    let (keep_one_in, idle_s) = (arguments.number("keep_one_in"), arguments.number("idle_s"));
    let mut arena = Arena::<Rootable![Spike<'_>]>::new(|_| Spike::default());
    figure("empty_mb", resident::now_mb());
    let mut done = 0;
    while done < nodes {
        let until = nodes.min(done + AT_A_TIME);
        arena.mutate_root(|mc, spike| {
            let node = |value, next| Gc::new(mc, Large { next, values: [value, 0, 0, 0, 0] });
            for i in done..until {
                if keep_one_in > 0 && i % keep_one_in == 0 {
                    spike.kept.push(node(i, None));
                }
                spike.list = Some(node(i, spike.list));
            }
        });
        arena.collect_debt();
        done = until;
    }
    figure("spike_mb", resident::now_mb());
    arena.mutate_root(|_, spike| spike.list = None);
    resident::report_after(idle_s, || collect(&mut arena));
    let (kept, sum) = arena.mutate(|_, spike| {
        (spike.kept.len(), spike.kept.iter().map(|node| node.values[0]).fold(0u64, u64::wrapping_add))
    });
    println!("{nodes} nodes, {kept} kept, sum {sum}");
}

// ---- the rows of `counting` -----------------------------------------------------------------------------------------

#[derive(Collect)]
#[collect(no_drop)]
struct Linked<'gc> {
    number: u64,
    next: Lock<Option<Gc<'gc, Linked<'gc>>>>,
}
fn node<'gc>(mc: &Mutation<'gc>, number: u64, next: Option<Gc<'gc, Linked<'gc>>>) -> Gc<'gc, Linked<'gc>> {
    Gc::new(mc, Linked { number, next: Lock::new(next) })
}
fn link<'gc>(mc: &Mutation<'gc>, node: Gc<'gc, Linked<'gc>>, next: Option<Gc<'gc, Linked<'gc>>>) {
    unlock!(Gc::write(mc, node), Linked, next).set(next)
}

type NodePlaces<'gc> = Vec<Option<Gc<'gc, Linked<'gc>>>>;
struct ArenaNodes(Arena<Rootable![NodePlaces<'_>]>);
impl Ring for ArenaNodes {
    fn turns(&mut self, from: u64, count: u64) -> u64 {
        let sum = self.0.mutate_root(|mc, places| {
            let turn = |i: u64| places[i as usize % RING].replace(node(mc, i, None)).map_or(0, |old| old.number);
            (from..from + count).map(turn).fold(0, u64::wrapping_add)
        });
        self.0.collect_debt();
        sum
    }
}

#[derive(Collect)]
#[collect(no_drop)]
struct Held<'gc> {
    array: Vec<Gc<'gc, Linked<'gc>>>,
    chain: Option<Gc<'gc, Linked<'gc>>>,
}
struct ArenaWork(Arena<Rootable![Held<'_>]>);
impl ArenaWork {
    fn session<O>(&mut self, f: impl for<'gc> FnOnce(&'gc Mutation<'gc>, &mut Held<'gc>) -> O) -> O {
        let result = self.0.mutate_root(f);
        self.0.collect_debt();
        result
    }
}
impl Work for ArenaWork {
    fn fill(&mut self, from: u64, count: u64) {
        self.session(|mc, held| held.array.extend((from..from + count).map(|number| node(mc, number, None))))
    }
    fn link(&mut self, order: &[u32]) {
        self.session(|mc, held| {
            for pair in order.windows(2) {
                link(mc, held.array[pair[0] as usize], Some(held.array[pair[1] as usize]))
            }
        })
    }
    fn hold_alone(&mut self, head: u32) {
        self.session(|_, held| {
            held.chain = Some(held.array[head as usize]);
            held.array = Vec::new()
        })
    }
    fn thin(&mut self, nth: usize) {
        self.session(|_, held| held.array = held.array.iter().step_by(nth).copied().collect())
    }
    fn sum(&mut self) -> (u64, u64) {
        self.0.mutate(|_, held| (held.array.len() as u64, held.array.iter().map(|node| node.number).sum()))
    }
    fn clones(&mut self, rounds: u64) {
        let mut done = 0;
        while done < rounds {
            let some = (AT_A_TIME / RING as u64).min(rounds - done);
            self.session(|_, held| {
                for _ in 0..some {
                    for handle in &held.array {
                        black_box(*handle);
                    }
                }
            });
            done += some;
        }
    }
    /// Marking needs no candidates.
    fn touch(&mut self, _: u32) {}
    fn push(&mut self, from: u64, count: u64, each: &mut impl FnMut()) {
        self.session(|mc, held| {
            for number in from..from + count {
                held.chain = Some(node(mc, number, held.chain));
                each()
            }
        })
    }
    fn first(&mut self) -> u64 {
        self.0.mutate(|_, held| held.chain.map_or(0, |node| node.number))
    }
    fn let_go(&mut self) {
        self.session(|_, held| held.chain = None);
        collect(&mut self.0)
    }
    fn short_lived(&mut self, count: u64) {
        self.session(|mc, _| {
            for number in 0..count {
                black_box(node(mc, number, None));
            }
        })
    }
    fn pairs(&mut self, count: u64) {
        self.session(|mc, _| {
            for number in 0..count {
                let one = node(mc, number, None);
                link(mc, one, Some(node(mc, number, Some(one))))
            }
        })
    }
    fn loops(&mut self, count: u64) {
        self.session(|mc, _| {
            for number in 0..count {
                let node = node(mc, number, None);
                link(mc, node, Some(node))
            }
        })
    }
    fn collect(&mut self) -> bool {
        collect(&mut self.0);
        true
    }
}
