//! How a law is tried, and the types the laws share.  The laws are in the files beside.

use std::{
    cell::RefCell,
    fmt::Debug,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use twinheap::{
    Collected, Config, Gc, GcCell, Heap, Manager, Mutation, Mutator, Request, Rootable, Slot, Trace, ValSlot,
};

/// One run of a law.
pub struct Trial {
    full: bool,
    zeal: Option<u32>,
    seen: RefCell<Vec<String>>,
}

/// Tries a law: full size, small, small with zeal; the last two must see the same.  Under Miri, which takes some
/// hundred times as long, once: small, with zeal at every 29th chance.
pub fn run(law: fn(&Trial)) {
    let trial = |full, zeal| {
        let trial = Trial { full, zeal, seen: RefCell::default() };
        law(&trial);
        trial.seen.into_inner()
    };
    if cfg!(miri) {
        trial(false, Some(29));
        return;
    }
    trial(true, None);
    assert_eq!(trial(false, None), trial(false, Some(1)), "zeal can be seen");
}

impl Trial {
    /// `full`, or `small` under zeal and Miri.
    pub fn size(&self, full: usize, small: usize) -> usize {
        if self.full { full } else { small }
    }
    pub fn is_zealous(&self) -> bool {
        self.zeal.is_some()
    }
    /// A configuration with no collections by themselves, so that a law says when.
    pub fn config(&self) -> Config {
        Config { zeal: self.zeal, automatic: false, ..Config::default() }
    }
    /// A configuration that collects as often as it can by itself.
    pub fn eager(&self) -> Config {
        Config {
            zeal: self.zeal,
            thresholds: [50, 2, 2],
            gogc: Some(10),
            min_heap_bytes: 64 << 10,
            ..Config::default()
        }
    }
    /// Notes what must not depend on zeal.
    pub fn see(&self, what: impl Debug) {
        self.seen.borrow_mut().push(format!("{what:?}"))
    }
    /// A heap of the family [`R`] with this trial's configuration.
    pub fn heap<M: Manager>(&self) -> Heap<R, M> {
        self.heap_with(self.config())
    }
    pub fn heap_with<M: Manager>(&self, config: Config) -> Heap<R, M> {
        Heap::new(config, |mc| node(mc, 0)).expect("a good configuration")
    }
    /// A heap, its mutator given to `f`, everything checked afterwards, and the heap taken down.
    pub fn with<M: Manager, O>(&self, f: impl FnOnce(&mut Mutator<R, M>) -> O) -> O {
        self.with_config(self.config(), f)
    }
    pub fn with_config<M: Manager, O>(&self, config: Config, f: impl FnOnce(&mut Mutator<R, M>) -> O) -> O {
        let heap = self.heap_with::<M>(config);
        let mut mutator = heap.mutator().expect("nobody has it");
        let out = f(&mut mutator);
        check(&mut mutator);
        out
    }
}

/// The heap's own laws: its invariants, and the ladder's equation.
pub fn check<S: Rootable<M>, M: Manager>(mutator: &mut Mutator<S, M>) {
    if let Err(broken) = mutator.verify() {
        panic!("{}: {broken}", M::NAME)
    }
    let stats = mutator.stats();
    assert_eq!(stats.ladder.accounted_bytes(), stats.ladder.mapped_bytes, "{:#?}", stats.ladder);
    assert!(stats.used_bytes <= stats.peak_used_bytes);
    if !M::CONSTRAINTS.collects && !M::CONSTRAINTS.counted {
        let live: usize = stats.ladder.classes.iter().map(|c| c.live_blocks).sum();
        assert_eq!(live as u64, stats.objects_allocated, "nothing is ever released");
    }
}

/// Everything, now.
pub fn collect<S: Rootable<M>, M: Manager>(mutator: &mut Mutator<S, M>) -> Collected {
    mutator.collect(Request::FULL)
}

/// An object with every sort of field.
#[derive(Trace)]
pub struct Node<'gc, M: Manager> {
    pub id: u64,
    pub next: Slot<'gc, Node<'gc, M>, M>,
    pub kids: GcCell<Vec<Gc<'gc, Node<'gc, M>, M>>, M>,
    pub value: ValSlot<'gc, M>,
    #[trace(static)]
    pub leaf: Option<Leaf>,
}
/// The root object is a node.
pub struct R;
impl<M: Manager> Rootable<M> for R {
    type Root<'gc> = Gc<'gc, Node<'gc, M>, M>;
}

pub fn node<'gc, M: Manager>(mc: &Mutation<'gc, M>, id: u64) -> Gc<'gc, Node<'gc, M>, M> {
    node_with(mc, id, None)
}
pub fn node_with<'gc, M: Manager>(mc: &Mutation<'gc, M>, id: u64, leaf: Option<Leaf>) -> Gc<'gc, Node<'gc, M>, M> {
    Gc::new(mc, Node { id, next: Slot::empty(), kids: GcCell::default(), value: ValSlot::default(), leaf })
}

/// Counts how often each of its leaves was dropped.
#[derive(Default)]
pub struct Ledger(Mutex<Vec<u32>>);
/// A leaf whose drop is counted.
pub struct Leaf {
    ledger: Arc<Ledger>,
    number: usize,
}
impl Leaf {
    /// Another leaf of the same ledger.
    pub fn another(&self) -> Leaf {
        self.ledger.leaf()
    }
}
impl Drop for Leaf {
    fn drop(&mut self) {
        self.ledger.drops()[self.number] += 1
    }
}
impl Ledger {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }
    fn drops(&self) -> MutexGuard<'_, Vec<u32>> {
        // A panicking test says more than the poison it leaves.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    pub fn leaf(self: &Arc<Self>) -> Leaf {
        let mut drops = self.drops();
        drops.push(0);
        Leaf { ledger: self.clone(), number: drops.len() - 1 }
    }
    /// How many leaves were dropped.
    pub fn dropped(&self) -> usize {
        self.drops().iter().filter(|&&n| n > 0).count()
    }
    /// Every leaf was dropped, once.
    pub fn settled(&self) {
        let drops = self.drops();
        let wrong: Vec<_> = drops.iter().enumerate().filter(|(_, n)| **n != 1).take(5).collect();
        assert!(wrong.is_empty(), "of {} leaves these were dropped so often: {wrong:?}", drops.len());
    }
}

/// Held by laws that take a lot of memory, so that they take turns.
pub fn one_at_a_time() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `f` on a thread with a stack of 256 KiB.
pub fn on_a_small_stack(f: impl FnOnce() + Send) {
    std::thread::scope(|s| {
        let thread = std::thread::Builder::new().stack_size(256 << 10).spawn_scoped(s, f).expect("a thread");
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic)
        }
    })
}
