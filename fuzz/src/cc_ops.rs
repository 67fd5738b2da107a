//! Random operations on [`Cc`], beside a model: what is reached is what should be, unique access is given only to what is
//! unique, finalizers run once, cycles are collected by [`cc::collect`] or at the thread's end, and nothing is left.  Edges are
//! handles to nodes, to nodes as trait objects, and to slices of handles that nodes share.
//!
//! Each case has a thread of its own, because the heap is the thread's.  Not here: heaps with sessions (`heap_ops`).

use crate::{quietly, random::Random, shrink::shrink};
use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};
use twinheap::{
    Cc, Local, Trace,
    cc::{self, Finalize, Leaf, Weak},
    unsize,
};

const REGISTERS: usize = 8;

/// What all objects of a case share.
#[derive(Default)]
struct Shared {
    alive: AtomicUsize,
    /// Ids of mortals whose finalizer ran, and of what they held then.
    finalized: Mutex<Vec<(usize, Vec<usize>)>>,
}
/// Counts itself while it lives.
struct Token(Arc<Shared>);
impl Token {
    fn new(shared: &Arc<Shared>) -> Leaf<Token> {
        shared.alive.fetch_add(1, SeqCst);
        Leaf(Token(shared.clone()))
    }
}
impl Drop for Token {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, SeqCst);
    }
}

#[derive(Trace)]
struct Node {
    id: usize,
    /// Changed by unique access only.
    plain: Vec<Cc<Node>>,
    list: RefCell<Vec<Cc<Node>>>,
    mortal: RefCell<Option<Cc<Mortal>>>,
    things: RefCell<Vec<Cc<dyn Thing>>>,
    slice: RefCell<Option<Cc<[Cc<Node>]>>>,
    weak: RefCell<Weak<Node>>,
    weak_thing: RefCell<Option<Weak<dyn Thing>>>,
    _token: Leaf<Token>,
}
/// What a node is seen as.
trait Thing {
    fn id(&self) -> usize;
}
impl Thing for Node {
    fn id(&self) -> usize {
        self.id
    }
}
/// Has a finalizer, and refers back.
#[derive(Trace)]
#[trace(manager = Local, finalize)]
struct Mortal {
    id: usize,
    back: RefCell<Vec<Cc<Node>>>,
    token: Leaf<Token>,
}
impl Finalize for Mortal {
    fn finalize(this: &Cc<Self>) {
        let held = this.back.borrow().iter().map(|node| node.id).collect();
        let log = &this.token.0.0.finalized;
        log.lock().unwrap_or_else(PoisonError::into_inner).push((this.id, held));
        match this.id % 3 {
            0 => this.back.borrow_mut().clear(),
            1 => panic!("a finalizer"),
            _ => {}
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Operation {
    New {
        to: usize,
    },
    /// A node that knows itself weakly from birth.
    Cyclic {
        to: usize,
    },
    /// A birth that ends in a panic, with a collection in it; its weak handle stays with the node.
    FailedCyclic {
        node: usize,
    },
    /// The node holds another as a trait object.
    PushThing {
        node: usize,
        from: usize,
    },
    PopThing {
        node: usize,
    },
    /// A slice of what the other's list holds.
    Slice {
        node: usize,
        from: usize,
    },
    /// The other's slice.
    ShareSlice {
        node: usize,
        from: usize,
    },
    WeakenThing {
        node: usize,
        from: usize,
    },
    FindThing {
        node: usize,
    },
    Copy {
        from: usize,
        to: usize,
    },
    Clear {
        to: usize,
    },
    Push {
        node: usize,
        from: usize,
    },
    Pop {
        node: usize,
        to: usize,
    },
    /// Through unique access, if it is given.
    PushPlain {
        node: usize,
        from: usize,
    },
    /// A mortal that refers to what is in `from`, held by the node.
    Bear {
        node: usize,
        from: usize,
    },
    /// The node remembers another weakly.
    Weaken {
        node: usize,
        from: usize,
    },
    Upgrade {
        node: usize,
        to: usize,
    },
    /// The value itself, if the register holds the only handle; it is dropped as a plain value.
    Unwrap {
        node: usize,
    },
    Churn {
        count: usize,
    },
    Collect,
    Verify,
    Automatic(bool),
}

impl Operation {
    fn new(random: &mut Random) -> Self {
        let (one, other) = (random.below(REGISTERS), random.below(REGISTERS));
        match random.below(80) {
            0..10 => Operation::New { to: one },
            10..12 => Operation::Cyclic { to: one },
            12..16 => Operation::Copy { from: one, to: other },
            16..22 => Operation::Clear { to: one },
            22..34 => Operation::Push { node: one, from: other },
            34..37 => Operation::Pop { node: one, to: other },
            37..41 => Operation::PushPlain { node: one, from: other },
            41..45 => Operation::Bear { node: one, from: other },
            45..49 => Operation::Weaken { node: one, from: other },
            49..53 => Operation::Upgrade { node: one, to: other },
            53..55 => Operation::Unwrap { node: one },
            55 => Operation::Churn { count: 1 + random.below(if cfg!(miri) { 20 } else { 6_000 }) },
            56 | 57 => Operation::Collect,
            58 => Operation::Verify,
            59 => Operation::Automatic(random.one_in(2)),
            60..65 => Operation::PushThing { node: one, from: other },
            65..67 => Operation::PopThing { node: one },
            67..71 => Operation::Slice { node: one, from: other },
            71..74 => Operation::ShareSlice { node: one, from: other },
            74..76 => Operation::WeakenThing { node: one, from: other },
            76..79 => Operation::FindThing { node: one },
            _ => Operation::FailedCyclic { node: one },
        }
    }
}

pub fn target(canary: bool) -> crate::Target {
    Box::new(move |seed| {
        let mut random = Random::new(seed);
        let count = 10 + random.below(300);
        let operations: Vec<_> = (0..count).map(|_| Operation::new(&mut random)).collect();
        let abandons = random.one_in(2);
        let run = |operations: &[Operation]| on_a_thread(operations.to_vec(), abandons, canary);
        match run(&operations) {
            Ok(()) => Ok(operations.len() as u64),
            Err(problem) => {
                let small = shrink(&operations, 2_000, |some| run(some).is_err());
                let last = run(&small).err().unwrap_or(problem.clone());
                let lines: Vec<_> = small.iter().map(|operation| format!("    {operation:?},\n")).collect();
                Err(format!("{problem}\nsmaller: {last}\nabandons: {abandons}\n{}", lines.concat()))
            }
        }
    })
}

fn on_a_thread(operations: Vec<Operation>, abandons: bool, canary: bool) -> Result<(), String> {
    let shared = Arc::new(Shared::default());
    let theirs = shared.clone();
    let thread = std::thread::spawn(move || quietly(|| Tester::new(theirs, canary).run(&operations, abandons)));
    thread.join().map_err(|_| "the thread panicked at its end".to_owned())??;
    match shared.alive.load(SeqCst) {
        0 => Ok(()),
        left => Err(format!("{left} objects outlived their thread")),
    }
}

/// What a node should hold.
#[derive(Default, Clone)]
struct Twin {
    plain: Vec<usize>,
    list: Vec<usize>,
    mortal: Option<usize>,
    things: Vec<usize>,
    /// Which of the slices.
    slice: Option<usize>,
    weak: Option<usize>,
    weak_thing: Option<usize>,
}
impl Twin {
    /// What it refers to by itself, slices and mortals aside.
    fn own(&self) -> impl Iterator<Item = &usize> {
        self.plain.iter().chain(&self.list).chain(&self.things)
    }
}
#[derive(Default, Clone)]
struct MortalTwin {
    back: Vec<usize>,
    finalized: bool,
}

struct Tester {
    shared: Arc<Shared>,
    /// The model forgets what is pushed.
    canary: bool,
    registers: [Option<Cc<Node>>; REGISTERS],
    held: [Option<usize>; REGISTERS],
    nodes: Vec<Twin>,
    mortals: Vec<MortalTwin>,
    slices: Vec<Vec<usize>>,
    /// Nodes that a weak reference found again: their mortals may have been queued meanwhile.
    excused: bool,
}

impl Tester {
    fn new(shared: Arc<Shared>, canary: bool) -> Self {
        Tester {
            shared,
            canary,
            registers: Default::default(),
            held: [None; REGISTERS],
            nodes: Vec::new(),
            mortals: Vec::new(),
            slices: Vec::new(),
            excused: false,
        }
    }

    fn run(mut self, operations: &[Operation], abandons: bool) -> Result<(), String> {
        for operation in operations {
            self.apply(*operation)?;
            self.finalized()?;
        }
        self.compare()?;
        if abandons {
            // The thread's end has everything to do.
            return Ok(());
        }
        for _ in 0..3 {
            cc::collect();
            self.finalized()?;
        }
        cc::verify()?;
        self.compare()?;
        let (nodes, mortals, _) = self.reached();
        let (expected, found) = (nodes.len() + mortals.len(), self.shared.alive.load(SeqCst));
        if found != expected {
            return Err(format!("{found} objects are alive after collections, {expected} should be"));
        }
        let stats = cc::stats();
        let panics = self.mortals.iter().enumerate().filter(|(id, m)| id % 3 == 1 && m.finalized).count() as u64;
        if stats.finalizer_panics != panics {
            return Err(format!("{} panics of finalizers counted, there were {panics}", stats.finalizer_panics));
        }
        Ok(())
    }

    /// Nodes, mortals and slices.
    fn reached(&self) -> (HashSet<usize>, HashSet<usize>, HashSet<usize>) {
        let (mut nodes, mut mortals, mut slices) = (HashSet::new(), HashSet::new(), HashSet::new());
        let mut left: Vec<usize> = self.held.iter().flatten().copied().collect();
        while let Some(id) = left.pop() {
            if nodes.insert(id) {
                let twin = &self.nodes[id];
                left.extend(twin.own());
                if let Some(slice) = twin.slice.filter(|&slice| slices.insert(slice)) {
                    left.extend(&self.slices[slice]);
                }
                if let Some(mortal) = twin.mortal.filter(|&mortal| mortals.insert(mortal)) {
                    left.extend(&self.mortals[mortal].back);
                }
            }
        }
        (nodes, mortals, slices)
    }

    /// Takes in what finalizers did.
    fn finalized(&mut self) -> Result<(), String> {
        let log = std::mem::take(&mut *self.shared.finalized.lock().unwrap_or_else(PoisonError::into_inner));
        if log.is_empty() {
            return Ok(());
        }
        let (_, reachable, _) = self.reached();
        for (id, held) in log {
            let mortal = &mut self.mortals[id];
            if mortal.finalized {
                return Err(format!("the finalizer of mortal {id} ran twice"));
            }
            if reachable.contains(&id) && !self.excused {
                return Err(format!("the finalizer of mortal {id} ran, and it is reachable"));
            }
            if held != mortal.back {
                return Err(format!("mortal {id} held {held:?} when finalized, not {:?}", mortal.back));
            }
            mortal.finalized = true;
            if id % 3 == 0 {
                mortal.back.clear();
            }
        }
        Ok(())
    }

    fn put(&mut self, to: usize, node: Option<Cc<Node>>, id: Option<usize>) {
        self.held[to] = id;
        self.registers[to] = node;
    }

    fn node(&mut self, weak: Weak<Node>) -> Node {
        let id = self.nodes.len();
        self.nodes.push(Twin::default());
        Node {
            id,
            plain: Vec::new(),
            list: RefCell::default(),
            mortal: RefCell::default(),
            things: RefCell::default(),
            slice: RefCell::default(),
            weak: RefCell::new(weak),
            weak_thing: RefCell::default(),
            _token: Token::new(&self.shared),
        }
    }

    fn apply(&mut self, operation: Operation) -> Result<(), String> {
        let twin = |node: usize| self.registers[node].clone().zip(self.held[node]);
        match operation {
            Operation::New { to } => {
                let node = self.node(Weak::new());
                let id = node.id;
                self.put(to, Some(Cc::new(node)), Some(id));
            }
            Operation::Cyclic { to } => {
                let early = Cell::new(false);
                let node = Cc::new_cyclic(|weak| {
                    early.set(weak.upgrade().is_some());
                    self.node(weak.clone())
                });
                if early.get() {
                    return Err("a weak reference answers before its target is there".into());
                }
                let id = node.id;
                self.nodes[id].weak = Some(id);
                self.put(to, Some(node), Some(id));
            }
            Operation::FailedCyclic { node } => {
                let kept = Cell::new(None);
                let failed = catch_unwind(AssertUnwindSafe(|| {
                    Cc::new_cyclic(|weak: &Weak<Node>| {
                        kept.set(Some(weak.clone()));
                        cc::collect();
                        resume_unwind(Box::new("no node"))
                    })
                }));
                let kept = kept.take().ok_or("the closure did not run")?;
                if failed.is_ok() || kept.upgrade().is_some() {
                    return Err("a birth that failed brought something forth".into());
                }
                cc::verify()?;
                if let Some((node, id)) = twin(node) {
                    *node.weak.borrow_mut() = kept.clone();
                    *node.weak_thing.borrow_mut() = Some(unsize!(kept => dyn Thing));
                    (self.nodes[id].weak, self.nodes[id].weak_thing) = (None, None);
                }
            }
            Operation::PushThing { node, from } => {
                if let (Some((node, id)), Some((what, what_id))) = (twin(node), twin(from)) {
                    node.things.borrow_mut().push(unsize!(what => dyn Thing));
                    self.nodes[id].things.push(what_id);
                }
            }
            Operation::PopThing { node } => {
                if let Some((node, id)) = twin(node) {
                    let (what, what_id) = (node.things.borrow_mut().pop(), self.nodes[id].things.pop());
                    if what.as_ref().map(|what| what.id()) != what_id {
                        return Err(format!("the things of node {id} end in another than {what_id:?}"));
                    }
                }
            }
            Operation::Slice { node, from } => {
                if let (Some((node, id)), Some((from, from_id))) = (twin(node), twin(from)) {
                    let slice: Cc<[Cc<Node>]> = from.list.borrow().iter().cloned().collect();
                    self.slices.push(self.nodes[from_id].list.clone());
                    self.nodes[id].slice = Some(self.slices.len() - 1);
                    let old = node.slice.replace(Some(slice));
                    drop(old);
                }
            }
            Operation::ShareSlice { node, from } => {
                if let (Some((node, id)), Some((from, from_id))) = (twin(node), twin(from)) {
                    let slice = from.slice.borrow().clone();
                    self.nodes[id].slice = self.nodes[from_id].slice;
                    let old = node.slice.replace(slice);
                    drop(old);
                }
            }
            Operation::WeakenThing { node, from } => {
                if let (Some((node, id)), Some((what, what_id))) = (twin(node), twin(from)) {
                    *node.weak_thing.borrow_mut() = Some(unsize!(Cc::downgrade(&what) => dyn Thing));
                    self.nodes[id].weak_thing = Some(what_id);
                }
            }
            Operation::FindThing { node } => {
                let Some((node, id)) = twin(node) else { return Ok(()) };
                let found = node.weak_thing.borrow().as_ref().and_then(Weak::upgrade).map(|thing| thing.id());
                match (found, self.nodes[id].weak_thing) {
                    (Some(found), Some(target)) if found == target => {}
                    (None, Some(target)) if !self.excused && self.reached().0.contains(&target) => {
                        return Err(format!("node {target} is reachable, and its weak thing is dead"));
                    }
                    (None, _) => {}
                    (found, target) => return Err(format!("weak thing of {target:?} gives {found:?}")),
                }
            }
            Operation::Copy { from, to } => {
                let (node, id) = (self.registers[from].clone(), self.held[from]);
                self.put(to, node, id);
            }
            Operation::Clear { to } => self.put(to, None, None),
            Operation::Push { node, from } => {
                if let (Some((node, id)), Some((what, what_id))) = (twin(node), twin(from)) {
                    node.list.borrow_mut().push(what);
                    if !self.canary {
                        self.nodes[id].list.push(what_id);
                    }
                }
            }
            Operation::Pop { node, to } => {
                if let Some((node, id)) = twin(node) {
                    let (what, what_id) = (node.list.borrow_mut().pop(), self.nodes[id].list.pop());
                    if what.as_ref().map(|what| what.id) != what_id {
                        return Err(format!("the list of node {id} ends in another than {what_id:?}"));
                    }
                    if what.is_some() {
                        self.put(to, what, what_id);
                    }
                }
            }
            Operation::PushPlain { node, from } if node != from => {
                let what = twin(from);
                let (Some((what, what_id)), Some(id)) = (what, self.held[node]) else { return Ok(()) };
                let references = self.references_to(id);
                if let Some(mut node) = self.registers[node].as_mut().and_then(Cc::get_mut) {
                    if references != 1 {
                        return Err(format!(
                            "unique access to node {id}, to which {references} references are reachable"
                        ));
                    }
                    node.plain.push(what);
                    // Inside the guard: a collection must pass the value over.
                    cc::collect();
                    drop(node);
                    self.nodes[id].plain.push(what_id);
                }
            }
            Operation::Bear { node, from } => {
                if let (Some((node, id)), Some((what, what_id))) = (twin(node), twin(from)) {
                    let mortal = self.mortals.len();
                    let (back, token) = (RefCell::new(vec![what]), Token::new(&self.shared));
                    self.mortals.push(MortalTwin { back: vec![what_id], finalized: false });
                    let old = node.mortal.replace(Some(Cc::new(Mortal { id: mortal, back, token })));
                    self.nodes[id].mortal = Some(mortal);
                    drop(old);
                }
            }
            Operation::Weaken { node, from } => {
                if let (Some((node, id)), Some((what, what_id))) = (twin(node), twin(from)) {
                    *node.weak.borrow_mut() = Cc::downgrade(&what);
                    self.nodes[id].weak = Some(what_id);
                }
            }
            Operation::Upgrade { node, to } => {
                let Some((node, id)) = twin(node) else { return Ok(()) };
                let upgraded = node.weak.borrow().upgrade();
                match (upgraded, self.nodes[id].weak) {
                    (Some(found), Some(target)) if found.id == target => {
                        self.excused = true;
                        self.put(to, Some(found), Some(target));
                    }
                    (None, Some(target)) if !self.excused && self.reached().0.contains(&target) => {
                        return Err(format!("node {target} is reachable, and its weak reference is dead"));
                    }
                    (None, _) => {}
                    (Some(found), target) => return Err(format!("weak reference to {target:?} gives {}", found.id)),
                }
            }
            Operation::Unwrap { node } => {
                let (Some(cc), Some(id)) = (self.registers[node].take(), self.held[node]) else { return Ok(()) };
                let weak = Cc::downgrade(&cc);
                // The register's own is still in the model.
                let references = self.references_to(id);
                match Cc::try_unwrap(cc) {
                    Ok(value) => {
                        if references != 1 || value.id != id || weak.upgrade().is_some() {
                            return Err(format!("node {id} was taken out, with {references} references to it"));
                        }
                        self.held[node] = None;
                    }
                    Err(cc) => self.registers[node] = Some(cc),
                }
            }
            Operation::Churn { count } => {
                for n in 0..count {
                    let node = self.node(Weak::new());
                    let node = Cc::new(node);
                    if n % 2 == 0 {
                        let id = node.id;
                        node.list.borrow_mut().push(node.clone());
                        self.nodes[id].list.push(id);
                    }
                }
            }
            Operation::Collect => _ = cc::collect(),
            Operation::Verify => cc::verify()?,
            Operation::Automatic(on) => _ = cc::set_automatic(on),
            Operation::PushPlain { .. } => {}
        }
        Ok(())
    }

    /// How many references to a node can be reached, registers included.
    fn references_to(&self, id: usize) -> usize {
        let (nodes, mortals, slices) = self.reached();
        let in_nodes = nodes.iter().flat_map(|&node| self.nodes[node].own());
        let in_mortals = mortals.iter().flat_map(|&mortal| &self.mortals[mortal].back);
        let in_slices = slices.iter().flat_map(|&slice| &self.slices[slice]);
        self.held
            .iter()
            .flatten()
            .chain(in_nodes)
            .chain(in_mortals)
            .chain(in_slices)
            .filter(|&&target| target == id)
            .count()
    }

    /// Everything reachable, node for node.
    fn compare(&self) -> Result<(), String> {
        let mut seen = HashSet::new();
        let mut left: Vec<(Cc<Node>, usize)> = Vec::new();
        for (cc, id) in self.registers.iter().zip(self.held) {
            left.extend(cc.clone().zip(id));
        }
        while let Some((node, id)) = left.pop() {
            if node.id != id {
                return Err(format!("node {} where {id} should be", node.id));
            }
            if !seen.insert(id) {
                continue;
            }
            let twin = &self.nodes[id];
            let list = node.list.borrow();
            if list.len() != twin.list.len() || node.plain.len() != twin.plain.len() {
                return Err(format!("node {id} holds {} and {}", list.len(), node.plain.len()));
            }
            let things = node.things.borrow();
            if !things.iter().map(|thing| thing.id()).eq(twin.things.iter().copied()) {
                return Err(format!("node {id} holds other things than {:?}", twin.things));
            }
            match (&*node.slice.borrow(), twin.slice) {
                (Some(slice), Some(which)) if slice.len() == self.slices[which].len() => {
                    left.extend(slice.iter().cloned().zip(self.slices[which].iter().copied()));
                }
                (None, None) => {}
                _ => return Err(format!("node {id} has another slice than it should")),
            }
            left.extend(list.iter().cloned().zip(twin.list.iter().copied()));
            left.extend(node.plain.iter().cloned().zip(twin.plain.iter().copied()));
            match (&*node.mortal.borrow(), twin.mortal) {
                (Some(mortal), Some(id)) if mortal.id == id => {
                    let back = mortal.back.borrow();
                    if back.len() != self.mortals[id].back.len() {
                        return Err(format!("mortal {id} holds {}", back.len()));
                    }
                    left.extend(back.iter().cloned().zip(self.mortals[id].back.iter().copied()));
                }
                (None, None) => {}
                _ => return Err(format!("node {id} has another mortal than it should")),
            }
        }
        Ok(())
    }
}
