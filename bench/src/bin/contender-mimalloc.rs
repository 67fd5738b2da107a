//! Contenders on mimalloc: std's `Rc` (counted, as `RefCount` is; cycles leak), `Arc`, and `Box` (one owner, no manager at
//! all).
//! Not twinheap (`contender-twinheap.rs`): a global allocator belongs to a whole executable.  Overview: README.md.
#![forbid(unsafe_code)]

use std::{
    rc::Rc,
    sync::{Arc, Barrier, Mutex},
    time::Instant,
};
use twinheap::process::process_cpu_ns;
use twinheap_bench::{
    arguments::{Arguments, figure},
    for_words,
    programs::{self, Forest, RING, Ring, gcbench, handles, load::Random, rc::OfRc, resident},
};

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments = Arguments::read();
    match (arguments.workload.as_str(), arguments.contender.as_str()) {
        ("binary-trees", "box") => programs::binary_trees(&mut BoxForest(None), arguments.number("depth") as u32),
        ("alloc", "box") => for_words!(arguments.number("bytes"), WORDS => {
            programs::alloc(&mut BoxRing::<WORDS>(vec![None; RING]), arguments.number("operations"), 8 * WORDS as u64)
        }),
        ("release", "rc") => programs::release(arguments.number("nodes"), build_rc_list, drop),
        ("release", "box") => programs::release(arguments.number("nodes"), build_box_list, drop),
        ("gcbench", "rc") => gcbench::gcbench(&mut of_rc::Trees::default(), arguments.number("scale") as u32),
        ("gcbench", "arc") => gcbench::gcbench(&mut of_arc::Trees::default(), arguments.number("scale") as u32),
        ("spike", "arc") => spike(&arguments),
        ("mutators", "arc") => mutators(&arguments),
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

// ---- gcbench --------------------------------------------------------------------------------------------------------

/// The trees of gcbench under a pointer of std's.
macro_rules! twigs {
    ($module:ident, $pointer:ident) => {
        mod $module {
            use super::{gcbench, $pointer};

            #[derive(Default)]
            struct Twig {
                left: Option<$pointer<Twig>>,
                right: Option<$pointer<Twig>>,
                i: i32,
                j: i32,
            }
            #[derive(Default)]
            pub struct Trees {
                kept: Option<$pointer<Twig>>,
                numbers: Option<$pointer<[f64]>>,
            }
            fn make(depth: u32) -> $pointer<Twig> {
                if depth == 0 {
                    return $pointer::new(Twig::default());
                }
                let (left, right) = (make(depth - 1), make(depth - 1));
                $pointer::new(Twig { left: Some(left), right: Some(right), i: 0, j: 0 })
            }
            fn populate(depth: u32, at: &mut $pointer<Twig>) {
                if depth == 0 {
                    return;
                }
                let node = $pointer::get_mut(at).expect("it has one handle");
                node.left = Some($pointer::new(Twig::default()));
                node.right = Some($pointer::new(Twig::default()));
                node.left.iter_mut().chain(&mut node.right).for_each(|child| populate(depth - 1, child));
            }
            fn grow(depth: u32) -> $pointer<Twig> {
                let mut top = $pointer::new(Twig::default());
                populate(depth, &mut top);
                top
            }
            fn left_edge(of: &Twig) -> u64 {
                let (mut links, mut at) = (0, &of.left);
                while let Some(node) = at {
                    links += 1;
                    at = &node.left;
                }
                links
            }
            fn nodes(of: &Twig) -> u64 {
                let below = [&of.left, &of.right].map(|link| link.as_deref().map_or(0, nodes));
                1 + (of.i + of.j) as u64 + below.iter().sum::<u64>()
            }
            impl gcbench::Trees for Trees {
                fn bottom_up(&mut self, count: u64, depth: u32) -> u64 {
                    (0..count).map(|_| left_edge(&make(depth))).sum()
                }
                fn top_down(&mut self, count: u64, depth: u32) -> u64 {
                    (0..count).map(|_| left_edge(&grow(depth))).sum()
                }
                fn keep(&mut self, depth: u32, numbers: impl Iterator<Item = f64>) {
                    self.kept = Some(grow(depth));
                    self.numbers = Some(numbers.collect());
                }
                fn kept(&mut self, place: usize) -> (u64, f64) {
                    let numbers = self.numbers.as_ref().expect("they are kept");
                    (self.kept.as_deref().map_or(0, nodes), numbers[place])
                }
            }
        }
    };
}
twigs!(of_rc, Rc);
twigs!(of_arc, Arc);

// ---- spike and mutators: as contender-garbage.rs has them -----------------------------------------------------------

/// 48 bytes of the program's, and two counts.
struct ArcNode {
    next: Option<Arc<ArcNode>>,
    values: [u64; 5],
}
impl Drop for ArcNode {
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(mut node) = next.and_then(Arc::into_inner) {
            next = node.next.take();
        }
    }
}
const NODE_BYTES: u64 = 48;
fn arc_node(value: u64, next: Option<Arc<ArcNode>>) -> Arc<ArcNode> {
    Arc::new(ArcNode { next, values: [value, 0, 0, 0, 0] })
}

fn spike(arguments: &Arguments) {
    let nodes = (arguments.number("spike_mb") << 20) / NODE_BYTES;
    let (keep_one_in, idle_s) = (arguments.number("keep_one_in"), arguments.number("idle_s"));
    figure("empty_mb", resident::now_mb());
    let (mut list, mut kept) = (None, Vec::new());
    for i in 0..nodes {
        if keep_one_in > 0 && i % keep_one_in == 0 {
            kept.push(arc_node(i, None));
        }
        list = Some(arc_node(i, list));
    }
    figure("spike_mb", resident::now_mb());
    resident::report_after(idle_s, || drop(list));
    let sum = kept.iter().map(|node| node.values[0]).fold(0u64, u64::wrapping_add);
    println!("{nodes} nodes, {} kept, sum {sum}", kept.len());
}

fn mutators(arguments: &Arguments) {
    const LENGTH: u64 = 16;
    let (threads, places) = (arguments.number("threads"), arguments.number("places"));
    let each = arguments.number("operations") / threads;
    let places: Vec<Mutex<Option<Arc<ArcNode>>>> = (0..places).map(|_| Mutex::default()).collect();
    let length = |list: &Option<Arc<ArcNode>>| {
        let (mut nodes, mut at) = (0u64, list);
        while let Some(node) = at {
            nodes += 1;
            at = &node.next;
        }
        nodes
    };
    let ready = Barrier::new(threads as usize + 1);
    let work = |thread| {
        let mut random = Random::of(thread);
        ready.wait();
        let taken = (0..each).map(|_| {
            let list = (0..LENGTH).fold(None, |next, i| Some(arc_node(i, next)));
            let place = &places[(random.draw() % places.len() as u64) as usize];
            let old = std::mem::replace(&mut *place.lock().expect("nobody panics"), list);
            length(&old)
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
    let left: u64 = places.iter().map(|place| length(&place.lock().expect("nobody panics"))).sum();
    println!("{operations} lists, {} nodes taken or left", taken + left);
}
