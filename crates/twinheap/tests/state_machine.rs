//! `RefCount` beside a plain model of counts and reachability: after every operation the same objects are alive, each with
//! exactly the model's count, generation and flags, the same collections are due and find as much, and `verify()` agrees.
//!
//! The model knows numbers: who refers to whom, and CPython's rules (`reference/cpython.md` §2.3 to 2.5).  It does not know
//! lists, spans, headers or queues.  Where an order is not part of the contract, sets are compared.
//! At least [`OPERATIONS`] operations, counted.  Other managers: `fuzz/src/heap_ops`.

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use twinheap::config::{CollectAt, Finalizers};
use twinheap::control::gc;
use twinheap::object::managed::Cause;
use twinheap::{
    Config, Finalize, Gc, GcAny, GcCell, Heap, Mutation, Mutator, Pending, RefCount, Request, Rootable, Slot, Static,
    Trace, Val, ValSlot, WeakBox,
};

/// How many operations a run makes at least.  (Fewer under Miri, which takes a millisecond for each.)
const OPERATIONS: usize = if cfg!(miri) { 10 } else { 100_000 };
const A_CASE: usize = if cfg!(miri) { 12 } else { 1000 };
const REGISTERS: usize = 6;
const WEAKS: usize = 3;
const FIELDS: usize = 2;

// ---- what happens ---------------------------------------------------------------------------------------------------

/// What a finalizer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Temper {
    /// There is none.
    None,
    Quiet,
    /// Keeps the object.
    Saves,
    /// Lets go of what the object refers to.
    Empties,
}

#[derive(Clone, Debug)]
enum Operation {
    New { register: usize, temper: Temper },
    Copy { from: usize, to: usize },
    Clear { register: usize },
    Link { holder: usize, field: usize, to: Option<usize> },
    Follow { holder: usize, field: usize, to: usize },
    Weak { target: usize, weak: usize, notify: bool },
    Upgrade { weak: usize, to: usize },
    Forget { weak: usize },
    Collect { generation: u8, save_all: bool },
    Safepoint,
    Automatic { on: bool },
    Thresholds { first: i64, second: i64, third: i64 },
    Freeze,
    Unfreeze,
    Track { register: usize, on: bool },
    ClearHall,
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let register = || 0..REGISTERS;
    let temper = prop_oneof![
        8 => Just(Temper::None), 1 => Just(Temper::Quiet), 1 => Just(Temper::Saves), 1 => Just(Temper::Empties),
    ];
    prop_oneof![
        20 => (register(), temper).prop_map(|(register, temper)| New { register, temper }),
        6 => (register(), register()).prop_map(|(from, to)| Copy { from, to }),
        6 => register().prop_map(|register| Clear { register }),
        24 => (register(), 0..FIELDS, prop::option::weighted(0.85, register()))
            .prop_map(|(holder, field, to)| Link { holder, field, to }),
        6 => (register(), 0..FIELDS, register()).prop_map(|(holder, field, to)| Follow { holder, field, to }),
        3 => (register(), 0..WEAKS, any::<bool>()).prop_map(|(target, weak, notify)| Weak { target, weak, notify }),
        2 => (0..WEAKS, register()).prop_map(|(weak, to)| Upgrade { weak, to }),
        1 => (0..WEAKS).prop_map(|weak| Forget { weak }),
        3 => (0u8..3, prop::bool::weighted(0.1)).prop_map(|(generation, save_all)| Collect { generation, save_all }),
        12 => Just(Safepoint),
        1 => any::<bool>().prop_map(|on| Automatic { on }),
        1 => (-1i64..12, 0i64..3, 0i64..3).prop_map(|(first, second, third)| Thresholds { first, second, third }),
        1 => Just(Freeze),
        2 => Just(Unfreeze),
        2 => (register(), any::<bool>()).prop_map(|(register, on)| Track { register, on }),
        2 => Just(ClearHall),
    ]
}

// ---- what should come of it -------------------------------------------------------------------------------------------

type Id = u32;

#[derive(Clone, Debug)]
struct Twin {
    fields: [Option<Id>; FIELDS],
    temper: Temper,
    finalized: bool,
    /// 0, 1, 2; 3 when frozen.
    generation: u8,
    tracked: bool,
}

#[derive(Clone, Copy, Debug)]
struct WeakTwin {
    target: Option<Id>,
    notify: bool,
}

/// What one operation did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Effects {
    finalized: BTreeSet<Id>,
    told: BTreeSet<usize>,
    saved: BTreeSet<Id>,
    collected: usize,
    due: Option<u8>,
}

#[derive(Clone, Debug)]
struct Model {
    alive: BTreeMap<Id, Twin>,
    next: Id,
    registers: [Option<Id>; REGISTERS],
    weaks: [Option<WeakTwin>; WEAKS],
    hall: Vec<Id>,
    /// Handles of the queue, and of a collection that waits for it.
    queued: Vec<Id>,
    held: BTreeSet<Id>,
    /// The root object is a container as well, and grows old.
    root_generation: u8,
    automatic: bool,
    thresholds: [i64; 3],
    counts: [i64; 3],
    long_lived_pending: usize,
    long_lived_total: usize,
    effects: Effects,
}

impl Model {
    fn new() -> Model {
        Model {
            alive: BTreeMap::new(),
            next: 0,
            registers: [None; REGISTERS],
            weaks: [None; WEAKS],
            hall: Vec::new(),
            queued: Vec::new(),
            held: BTreeSet::new(),
            root_generation: 0,
            automatic: true,
            thresholds: [6, 2, 2],
            counts: [1, 0, 0],
            long_lived_pending: 0,
            long_lived_total: 0,
            effects: Effects::default(),
        }
    }
    fn references(&self) -> impl Iterator<Item = Id> + '_ {
        let fields = self.alive.values().flat_map(|twin| twin.fields);
        let others = self.hall.iter().chain(&self.queued).chain(&self.held).copied();
        fields.chain(self.registers).flatten().chain(others)
    }
    fn count(&self, id: Id) -> usize {
        self.references().filter(|&to| to == id).count()
    }

    /// A reference to it is gone.
    fn let_go(&mut self, id: Option<Id>) {
        let mut left: Vec<Id> = id.into_iter().collect();
        while let Some(id) = left.pop() {
            if !self.alive.contains_key(&id) || self.count(id) > 0 {
                continue;
            }
            let twin = self.alive.get_mut(&id).expect("looked up");
            if twin.temper != Temper::None && !twin.finalized {
                twin.finalized = true;
                // CPython's `subtype_dealloc` tracks it again: it is young.
                if twin.tracked {
                    twin.generation = 0
                }
                self.queued.push(id);
            } else {
                left.extend(self.die(id))
            }
        }
    }
    /// What it referred to.
    fn die(&mut self, id: Id) -> Vec<Id> {
        self.clear_weak(id);
        self.counts[0] = (self.counts[0] - 1).max(0);
        let twin = self.alive.remove(&id).expect("alive");
        twin.fields.into_iter().flatten().collect()
    }
    fn clear_weak(&mut self, id: Id) {
        for (number, weak) in self.weaks.iter_mut().enumerate() {
            if let Some(weak) = weak
                && weak.target == Some(id)
            {
                weak.target = None;
                if weak.notify {
                    self.effects.told.insert(number);
                }
            }
        }
    }
    /// Runs the finalizers that wait.
    fn drain(&mut self) {
        while let Some(id) = self.queued.first().copied() {
            self.effects.finalized.insert(id);
            let twin = self.alive.get_mut(&id).expect("the queue holds it");
            let mut lost = Vec::new();
            match twin.temper {
                Temper::Saves => {
                    self.hall.push(id);
                }
                Temper::Empties => lost = std::mem::take(&mut twin.fields).into_iter().flatten().collect(),
                _ => {}
            }
            for lost in lost {
                self.let_go(Some(lost))
            }
            self.queued.remove(0);
            self.let_go(Some(id));
        }
    }

    /// Who of `set` is held from outside of it, and whom they lead to.
    fn reachable(&self, set: &BTreeSet<Id>) -> BTreeSet<Id> {
        let inside = |id: Id| {
            let fields = set.iter().flat_map(|holder| self.alive[holder].fields);
            fields.flatten().filter(|&to| to == id).count()
        };
        let mut left: Vec<Id> = set.iter().copied().filter(|&id| self.count(id) > inside(id)).collect();
        let mut reached = BTreeSet::new();
        while let Some(id) = left.pop() {
            if reached.insert(id) {
                left.extend(self.alive[&id].fields.into_iter().flatten().filter(|to| set.contains(to)))
            }
        }
        reached
    }
    fn due(&self) -> Option<u8> {
        let [t0, t1, t2] = self.thresholds;
        if !self.automatic || t0 == 0 || self.counts[0] <= t0 {
            return None;
        }
        let quarter = self.long_lived_pending >= self.long_lived_total / 4;
        Some(if self.counts[2] > t2 && quarter {
            2
        } else if self.counts[1] > t1 {
            1
        } else {
            0
        })
    }
    fn collect(&mut self, generation: u8, save_all: bool) {
        let g = generation as usize;
        if g < 2 {
            self.counts[g + 1] += 1
        }
        self.counts[..=g].fill(0);
        let set: BTreeSet<Id> = self
            .alive
            .iter()
            .filter(|(_, twin)| twin.tracked && twin.generation <= generation)
            .map(|(&id, _)| id)
            .collect();
        let reached = self.reachable(&set);
        let survivors = (generation + 1).min(2);
        for id in &reached {
            self.alive.get_mut(id).expect("reached").generation = survivors
        }
        let root_here = self.root_generation <= generation;
        if root_here {
            self.root_generation = survivors
        }
        let surviving = reached.len() + root_here as usize;
        match generation {
            1 => self.long_lived_pending += surviving,
            2 => (self.long_lived_pending, self.long_lived_total) = (0, surviving),
            _ => {}
        }
        let dead: BTreeSet<Id> = set.difference(&reached).copied().collect();
        for &id in &dead {
            self.clear_weak(id)
        }
        // The collection holds all of them until their finalizers have run, and those of what dies meanwhile.
        self.held = dead.clone();
        for &id in &dead {
            let twin = self.alive.get_mut(&id).expect("found dead, not gone");
            if twin.temper != Temper::None && !twin.finalized {
                twin.finalized = true;
                self.queued.push(id);
            }
        }
        self.drain();
        self.held.clear();
        // What finalizers let go of dies now, and is not counted.
        for &id in &dead {
            self.let_go(Some(id))
        }
        let dead: BTreeSet<Id> = dead.into_iter().filter(|id| self.alive.contains_key(id)).collect();
        let back = self.reachable(&dead);
        for id in &back {
            self.alive.get_mut(id).expect("back").generation = survivors
        }
        let gone: Vec<Id> = dead.difference(&back).copied().collect();
        self.effects.collected = gone.len();
        if save_all {
            for id in gone {
                self.alive.get_mut(&id).expect("saved").generation = survivors;
                self.effects.saved.insert(id);
                self.hall.push(id);
            }
            return;
        }
        let mut lost = Vec::new();
        for &id in &gone {
            lost.extend(self.die(id))
        }
        for id in lost {
            self.let_go(Some(id))
        }
        self.drain();
    }
    fn apply(&mut self, operation: &Operation) {
        self.effects = Effects::default();
        let mut old = None;
        match *operation {
            Operation::New { register, temper } => {
                let (id, fields) = (self.next, [None; FIELDS]);
                self.next += 1;
                self.counts[0] += 1;
                self.alive.insert(id, Twin { fields, temper, finalized: false, generation: 0, tracked: true });
                old = self.registers[register].replace(id);
            }
            Operation::Copy { from, to } => {
                let copy = self.registers[from];
                old = std::mem::replace(&mut self.registers[to], copy);
            }
            Operation::Clear { register } => old = self.registers[register].take(),
            Operation::Link { holder, field, to } => {
                if let Some(id) = self.registers[holder] {
                    let to = to.and_then(|to| self.registers[to]);
                    old = std::mem::replace(&mut self.alive.get_mut(&id).expect("held").fields[field], to);
                }
            }
            Operation::Follow { holder, field, to } => {
                if let Some(id) = self.registers[holder] {
                    old = std::mem::replace(&mut self.registers[to], self.alive[&id].fields[field]);
                }
            }
            Operation::Weak { target, weak, notify } => {
                if let Some(target) = self.registers[target] {
                    self.weaks[weak] = Some(WeakTwin { target: Some(target), notify });
                }
            }
            Operation::Upgrade { weak, to } => {
                if let Some(weak) = self.weaks[weak] {
                    old = std::mem::replace(&mut self.registers[to], weak.target);
                }
            }
            Operation::Forget { weak } => self.weaks[weak] = None,
            Operation::Collect { generation, save_all } => self.collect(generation, save_all),
            Operation::Safepoint => {
                self.effects.due = self.due();
                if let Some(generation) = self.effects.due {
                    self.collect(generation, false)
                }
            }
            Operation::Automatic { on } => self.automatic = on,
            Operation::Thresholds { first, second, third } => self.thresholds = [first, second, third],
            Operation::Freeze => {
                self.alive.values_mut().filter(|twin| twin.tracked).for_each(|twin| twin.generation = 3);
                self.root_generation = 3;
                self.counts = [0; 3];
            }
            Operation::Unfreeze => {
                let frozen = self.alive.values_mut().filter(|twin| twin.generation == 3);
                frozen.for_each(|twin| twin.generation = 2);
                if self.root_generation == 3 {
                    self.root_generation = 2
                }
            }
            Operation::Track { register, on } => {
                if let Some(id) = self.registers[register] {
                    let twin = self.alive.get_mut(&id).expect("held");
                    if twin.tracked != on {
                        twin.tracked = on;
                        twin.generation = 0;
                    }
                }
            }
            Operation::ClearHall => {
                for id in std::mem::take(&mut self.hall) {
                    self.let_go(Some(id))
                }
            }
        }
        self.let_go(old);
        self.drain();
    }
}

struct Machine;
impl ReferenceStateMachine for Machine {
    type State = Model;
    type Transition = Operation;
    fn init_state() -> BoxedStrategy<Model> {
        Just(Model::new()).boxed()
    }
    fn transitions(_: &Model) -> BoxedStrategy<Operation> {
        operation().boxed()
    }
    fn apply(mut state: Model, operation: &Operation) -> Model {
        state.apply(operation);
        state
    }
}

// ---- what does --------------------------------------------------------------------------------------------------------

#[derive(Trace)]
#[trace(manager = RefCount)]
struct Plain<'gc> {
    id: Id,
    fields: [ValSlot<'gc, RefCount>; FIELDS],
}
/// The same with a finalizer, which the program runs.
#[derive(Trace)]
#[trace(manager = RefCount, finalize)]
struct Mortal<'gc> {
    id: Id,
    temper: Static<Temper>,
    fields: [ValSlot<'gc, RefCount>; FIELDS],
}
impl<'gc> Finalize<'gc, RefCount> for Mortal<'gc> {
    fn finalize(_: &Gc<'gc, Self, RefCount>, _: &'gc Mutation<'gc, RefCount>) {
        unreachable!("finalizers are run by hand")
    }
}
type Any<'gc> = GcAny<'gc, RefCount>;
type Value<'gc> = Val<'gc, RefCount>;
type Fields<'gc> = [ValSlot<'gc, RefCount>; FIELDS];

/// The parts of an object that the model knows.
fn parts<'a, 'gc>(any: &'a Any<'gc>) -> Option<(Id, Temper, &'a Fields<'gc>)> {
    if let Some(plain) = any.downcast_ref::<Plain>() {
        return Some((plain.id, Temper::None, &plain.fields));
    }
    any.downcast_ref::<Mortal>().map(|mortal| (mortal.id, *mortal.temper, &mortal.fields))
}
fn id_of(any: &Any<'_>) -> Id {
    parts(any).expect("an object of the model's").0
}

type WeakTo<'gc> = WeakBox<'gc, u32, RefCount>;
#[derive(Trace)]
#[trace(manager = RefCount)]
struct World<'gc> {
    registers: [ValSlot<'gc, RefCount>; REGISTERS],
    weaks: [Slot<'gc, WeakTo<'gc>, RefCount>; WEAKS],
    hall: GcCell<Vec<Any<'gc>>, RefCount>,
}
struct Worlds;
impl Rootable<RefCount> for Worlds {
    type Root<'gc> = World<'gc>;
}

struct Real {
    mutator: Mutator<Worlds, RefCount>,
    done: usize,
}
static DONE: AtomicUsize = AtomicUsize::new(0);

impl Real {
    fn new(model: &Model) -> Real {
        let config = Config {
            automatic: true,
            thresholds: model.thresholds,
            collect_at: CollectAt::Safepoints,
            finalizers: Finalizers::Manual,
            ..Config::default()
        };
        let heap = Heap::<Worlds, RefCount>::new(config, |_| World {
            registers: Default::default(),
            weaks: Default::default(),
            hall: GcCell::new(Vec::new()),
        });
        Real { mutator: heap.unwrap().mutator().unwrap(), done: 0 }
    }

    fn drain(&mut self, effects: &mut Effects) {
        self.mutator.mutate(|mc, world| {
            while let Some(next) = mc.next_pending() {
                match next {
                    Pending::Finalize { object: any, .. } => {
                        let (id, temper, fields) = parts(&any).expect("an object of the model's");
                        assert!(effects.finalized.insert(id), "{id} is finalized twice");
                        match temper {
                            Temper::None => panic!("{id} has no finalizer"),
                            Temper::Quiet => {}
                            Temper::Saves => world.hall.borrow_mut(mc).push(any.clone()),
                            Temper::Empties => fields.iter().for_each(|field| drop(field.take(mc))),
                        }
                    }
                    Pending::WeakDied { object: any, .. } => {
                        let number = *any.downcast_ref::<WeakTo>().expect("a weak box").data();
                        assert!(effects.told.insert(number as usize), "{number} is told twice");
                    }
                    Pending::Saved { object: any, .. } => {
                        effects.saved.insert(id_of(&any));
                        world.hall.borrow_mut(mc).push(any)
                    }
                }
            }
        })
    }
    fn collect(&mut self, generation: u8, save_all: bool, effects: &mut Effects) {
        let mut out = self.mutator.collect(Request { generation, save_all, cause: Cause::Asked });
        effects.collected += out.objects;
        while out.pending {
            self.drain(effects);
            match self.mutator.finish_collection() {
                Some(more) => {
                    effects.collected += more.objects;
                    out = more
                }
                None => out.pending = false,
            }
        }
    }

    fn apply(&mut self, operation: &Operation) -> Effects {
        let mut effects = Effects::default();
        match *operation {
            Operation::Collect { generation, save_all } => self.collect(generation, save_all, &mut effects),
            Operation::Safepoint => {
                effects.due = self.mutator.mutate(|mc, _| mc.due());
                if let Some(generation) = effects.due {
                    self.collect(generation, false, &mut effects)
                }
            }
            ref other => self.mutator.mutate(|mc, world| in_session(mc, world, other)),
        }
        self.drain(&mut effects);
        effects
    }
}

fn in_session<'gc>(mc: &'gc Mutation<'gc, RefCount>, world: &World<'gc>, operation: &Operation) {
    let register = |i: usize| world.registers[i].get();
    let put = |i: usize, value: Value<'gc>| world.registers[i].set(mc, value);
    let any = |i: usize| register(i).as_any().cloned();
    match *operation {
        Operation::New { register, temper } => {
            // The model's number: objects are numbered as they are made.
            let id = NEXT.replace(NEXT.get() + 1);
            let fields = Default::default();
            put(
                register,
                match temper {
                    Temper::None => Val::from_gc(Gc::new(mc, Plain { id, fields })),
                    temper => Val::from_gc(Gc::new(mc, Mortal { id, temper: Static(temper), fields })),
                },
            )
        }
        Operation::Copy { from, to } => put(to, register(from)),
        Operation::Clear { register } => put(register, Val::empty()),
        Operation::Link { holder, field, to } => {
            let to = to.map_or(Val::empty(), register);
            if let Some(holder) = any(holder) {
                parts(&holder).expect("a register holds objects of the model's").2[field].set(mc, to)
            }
        }
        Operation::Follow { holder, field, to } => {
            if let Some(holder) = any(holder) {
                put(to, parts(&holder).expect("as above").2[field].get())
            }
        }
        Operation::Weak { target, weak, notify } => {
            if let Some(target) = any(target) {
                world.weaks[weak].set(mc, Some(Gc::new_weak(mc, &target, weak as u32, notify)))
            }
        }
        Operation::Upgrade { weak, to } => {
            if let Some(weak) = world.weaks[weak].get() {
                put(to, weak.upgrade(mc).map_or(Val::empty(), Val::from_any))
            }
        }
        Operation::Forget { weak } => world.weaks[weak].set(mc, None),
        Operation::Automatic { on: true } => gc::enable(mc),
        Operation::Automatic { on: false } => gc::disable(mc),
        Operation::Thresholds { first, second, third } => {
            gc::set_threshold(mc, first as i32, Some(second as i32), Some(third as i32))
        }
        Operation::Freeze => gc::freeze(mc),
        Operation::Unfreeze => gc::unfreeze(mc),
        Operation::Track { register, on } => {
            if let Some(any) = any(register)
                && gc::is_tracked(mc, &any) != on
            {
                mc.set_tracked(&any, on)
            }
        }
        Operation::ClearHall => drop(std::mem::take(&mut *world.hall.borrow_mut(mc))),
        Operation::Collect { .. } | Operation::Safepoint => unreachable!("between sessions"),
    }
}

thread_local! {
    static NEXT: std::cell::Cell<Id> = const { std::cell::Cell::new(0) };
}

/// Everything the model knows of the objects that are there.
fn compare(model: &Model, real: &mut Real) {
    real.mutator.mutate(|mc, world| {
        let mut there = BTreeMap::new();
        mc.walk(|any| {
            if let Some((id, _, fields)) = parts(&any) {
                let fields = std::array::from_fn(|i| fields[i].get().as_any().map(id_of));
                let state = mc.state_of(&any);
                // The walk's own handle is not the program's.
                there.insert(id, (fields, state, state.references.expect("counted") as usize - 1));
            }
        });
        assert!(model.alive.keys().eq(there.keys()), "alive: {:?}, not {:?}", there.keys(), model.alive.keys());
        for (&id, twin) in &model.alive {
            let (fields, state, references) = &there[&id];
            assert_eq!(*fields, twin.fields, "what {id} refers to");
            assert_eq!(*references, model.count(id), "references to {id}");
            assert_eq!(state.finalized, twin.finalized, "whether {id} is finalized");
            assert_eq!(state.tracked, twin.tracked, "whether {id} is tracked");
            if twin.tracked {
                assert_eq!(state.generation, twin.generation, "the generation of {id}")
            }
        }
        let registers = world.registers.each_ref().map(|slot| slot.get().as_any().map(id_of));
        assert_eq!(registers, model.registers);
        for (slot, expected) in world.weaks.iter().zip(&model.weaks) {
            let weak = slot.get().map(|weak| (weak.upgrade(mc).as_ref().map(id_of), weak.is_dead()));
            assert_eq!(weak, expected.map(|weak| (weak.target, weak.target.is_none())));
        }
        let hall: Vec<Id> = world.hall.borrow().iter().map(id_of).collect();
        let sorted = |mut ids: Vec<Id>| {
            ids.sort();
            ids
        };
        assert_eq!(sorted(hall), sorted(model.hall.clone()));
        assert_eq!(gc::get_count(mc).map(|n| n as i64), model.counts);
        assert_eq!(mc.due(), model.due());
        let frozen = model.alive.values().filter(|twin| twin.tracked && twin.generation == 3).count();
        assert_eq!(gc::get_freeze_count(mc), frozen + (model.root_generation == 3) as usize);
    });
}

struct Comparison;
impl StateMachineTest for Comparison {
    type SystemUnderTest = Real;
    type Reference = Machine;
    fn init_test(model: &Model) -> Real {
        NEXT.set(0);
        Real::new(model)
    }
    fn apply(mut real: Real, model: &Model, operation: Operation) -> Real {
        let effects = real.apply(&operation);
        assert_eq!(effects, model.effects, "what {operation:?} did");
        compare(model, &mut real);
        real.done += 1;
        if real.done.is_multiple_of(16) {
            real.mutator.verify().unwrap()
        }
        real
    }
    fn teardown(mut real: Real, _: Model) {
        real.mutator.verify().unwrap();
        // Everything is let go of, and found.
        real.mutator.mutate(|mc, world| {
            gc::unfreeze(mc);
            mc.walk(|any| mc.set_tracked(&any, true));
            world.registers.iter().for_each(|slot| slot.set(mc, Val::empty()));
        });
        // Each finalizer runs once, but who was saved by his keeps others whose has not run: a link of such a chain a round.
        for _ in 0..1000 {
            let mut effects = Effects::default();
            real.drain(&mut effects);
            let saved = real.mutator.mutate(|mc, world| std::mem::take(&mut *world.hall.borrow_mut(mc)).len());
            real.collect(2, false, &mut effects);
            if saved == 0 && real.mutator.mutate(|_, world| world.hall.borrow().is_empty()) {
                break;
            }
        }
        real.mutator.mutate(|mc, _| mc.walk(|any| assert!(parts(&any).is_none(), "{} is left", id_of(&any))));
        real.mutator.verify().unwrap();
        DONE.fetch_add(real.done, Relaxed);
    }
}

#[test]
fn counts_and_reachability_are_the_models() {
    let config = ProptestConfig {
        cases: OPERATIONS.div_ceil(A_CASE * 9 / 10) as u32,
        failure_persistence: None,
        max_shrink_iters: 4000,
        ..ProptestConfig::default()
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let sequences = Machine::sequential_strategy(A_CASE * 9 / 10..=A_CASE);
    let outcome = runner.run(&sequences, |(model, operations, seen)| {
        Comparison::test_sequential(ProptestConfig::default(), model, operations, seen);
        Ok(())
    });
    if let Err(e) = outcome {
        panic!("{e}")
    }
    let done = DONE.load(Relaxed);
    assert!(done >= OPERATIONS, "{done} operations");
}
