//! One case against one manager, beside a model that never frees anything.
//!
//! The laws: what is reached from registers and roots is exactly what the model says, object for object; a weak
//! reference answers for what is reachable, and no more when everything was collected; a finalizer runs once, for what
//! is not reachable, and sees the object whole; after full collections as many objects are alive as the model can
//! reach, a walk shows those and no others, and the heap's own figures agree; a panic in a session, a finalizer or a
//! destructor leaves the heap as it was; when the heap is gone, no object is left; `verify()` finds nothing wrong.
//! `case` is what happens, `model` what should come of it, `objects` what lies in the heap.

mod agitator;
mod case;
mod model;
mod objects;

use crate::{quietly, random::Random};
use agitator::Agitator;
use case::{Case, Operation, REGISTERS, ROOTS, WEAKS};
use model::{Model, WeakTwin};
use objects::{Counts, Hall, Header, Leaf, Link, Log, Mortal, Node, Seen, Temper, Token, View, Weak, last_wishes};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use twinheap::config::{CollectAt, Finalizers};
use twinheap::object::managed::Command;
use twinheap::{
    Config, Gc, GcAny, GcCell, Heap, Manager, Mutation, Mutator, Null, Pending, RefCount, Request, Root, Rootable,
    Slot, Tail, Trace, Tricolor, TricolorSolo, Val, ValSlot,
};

/// A manager under test.
struct UnderTest {
    name: &'static str,
    run: fn(&Case, bool) -> Result<(), String>,
}

/// What some managers can do and others cannot.
trait Shows: Manager {
    /// Every object there is, if the manager can tell.
    fn all<'gc>(mc: &Mutation<'gc, Self>) -> Option<Vec<GcAny<'gc, Self>>>;
    /// Lets another thread work on the heap, if the manager has room for one.
    fn agitate(_: &Heap<Worlds, Self>) -> Option<Agitator> {
        None
    }
}
macro_rules! managers {
    ($($manager:ty),*) => {
        const MANAGERS: &[UnderTest] = &[$(UnderTest { name: <$manager>::NAME, run: run::<$manager> }),*];
    };
}
macro_rules! walked {
    ($($manager:ty),*) => {$(
        impl Shows for $manager {
            fn all<'gc>(mc: &Mutation<'gc, Self>) -> Option<Vec<GcAny<'gc, Self>>> {
                let mut all = Vec::new();
                mc.walk(|object| all.push(object));
                Some(all)
            }
        }
    )*};
}
managers!(Null, RefCount, TricolorSolo, Tricolor);
walked!(Null, RefCount, TricolorSolo);
impl Shows for Tricolor {
    fn all<'gc>(_: &Mutation<'gc, Self>) -> Option<Vec<GcAny<'gc, Self>>> {
        None
    }
    fn agitate(heap: &Heap<Worlds, Self>) -> Option<Agitator> {
        heap.mutator().ok().map(Agitator::start)
    }
}

/// Their names.
pub fn names() -> String {
    MANAGERS.iter().map(|m| m.name).collect::<Vec<_>>().join(", ")
}

/// Every manager, or the one named; `None` when there is none of that name.
pub fn target(only: Option<&str>, canary: bool, verbose: bool) -> Option<crate::Target> {
    let managers: Vec<_> = MANAGERS.iter().filter(|m| only.is_none_or(|name| name == m.name)).collect();
    if managers.is_empty() {
        return None;
    }
    Some(Box::new(move |seed| {
        let mut tried = 0;
        for manager in &managers {
            if verbose {
                eprintln!("  {}", manager.name);
            }
            let case = Case::new(&mut Random::new(seed));
            let run = |case: &Case| quietly(|| (manager.run)(case, canary));
            if let Err(problem) = run(&case) {
                let small = case.shrink(|smaller| run(smaller).is_err());
                let last = run(&small).err().unwrap_or(problem.clone());
                return Err(format!("{}: {problem}\nsmaller: {last}\n{small}", manager.name));
            }
            tried += case.operations.len() as u64;
        }
        Ok(tried)
    }))
}

type Registers<'gc, M> = Gc<'gc, Tail<(), ValSlot<'gc, M>>, M>;

#[derive(Trace)]
struct World<'gc, M: Manager> {
    registers: Registers<'gc, M>,
    weaks: Registers<'gc, M>,
    hall: Hall<'gc, M>,
}
struct Worlds;
impl<M: Manager> Rootable<M> for Worlds {
    type Root<'gc> = World<'gc, M>;
}
/// What a root keeps.
struct Kept;
impl<M: Manager> Rootable<M> for Kept {
    type Root<'gc> = Val<'gc, M>;
}
type Roots<M> = [Option<Root<Kept, M>>; ROOTS];

fn run<M: Shows>(case: &Case, canary: bool) -> Result<(), String> {
    let counts = Arc::new(Counts::default());
    let outcome = Tester::<M>::new(case, canary, &counts).and_then(Tester::run);
    outcome?;
    match counts.alive() {
        0 => Ok(()),
        left => Err(format!("{left} objects were not dropped with their heap")),
    }
}

/// A heap and its model.
struct Tester<'a, M: Manager> {
    case: &'a Case,
    /// The model forgets stores into fields; the comparison must notice.
    canary: bool,
    counts: Arc<Counts>,
    log: Arc<Log>,
    model: Model,
    // Before the mutator, so that dropping it has nothing to do with the order of fields.
    roots: Roots<M>,
    mutator: Mutator<Worlds, M>,
    agitator: Option<Agitator>,
}

/// The panic that a session was asked for.
struct Planned;

impl<'a, M: Shows> Tester<'a, M> {
    fn new(case: &'a Case, canary: bool, counts: &Arc<Counts>) -> Result<Self, String> {
        let knobs = &case.knobs;
        let config = Config {
            zeal: knobs.zeal,
            thresholds: [knobs.threshold, 3, 3],
            gogc: Some(knobs.gogc),
            min_heap_bytes: knobs.min_heap_bytes,
            max_heap_bytes: knobs.max_heap_bytes,
            collect_at: if knobs.safepoints { CollectAt::Safepoints } else { CollectAt::Allocations },
            finalizers: if knobs.manual { Finalizers::Manual } else { Finalizers::Automatic },
            ..Config::default()
        };
        let heap: Heap<Worlds, M> = Heap::new(config, |mc| World {
            registers: Registers::with_zeroed_tail(mc, (), REGISTERS),
            weaks: Registers::with_zeroed_tail(mc, (), WEAKS),
            hall: Gc::new(mc, GcCell::default()),
        })
        .map_err(|e| e.to_string())?;
        let mutator = heap.mutator().map_err(|e| e.to_string())?;
        // Finalizers that the library runs on another thread would surprise the model.
        let agitator =
            if knobs.agitated && knobs.manual && knobs.max_heap_bytes.is_none() { M::agitate(&heap) } else { None };
        Ok(Tester {
            agitator,
            case,
            canary,
            counts: counts.clone(),
            log: Arc::default(),
            model: Model::default(),
            roots: [const { None }; ROOTS],
            mutator,
        })
    }

    fn run(mut self) -> Result<(), String> {
        for session in self.case.operations.split_inclusive(Operation::ends_session) {
            let panics = matches!(session.last(), Some(Operation::Panic { .. }));
            let outcome = catch_unwind(AssertUnwindSafe(|| self.session(session)));
            match outcome {
                Ok(outcome) => outcome?,
                Err(payload) if panics && payload.is::<Planned>() => {}
                Err(payload) => resume_unwind(payload),
            }
            self.finalizers_ran()?;
            if let Some(last) = session.last() {
                self.between_sessions(*last)?;
            }
        }
        self.end()
    }

    /// Opens a session and looks at both sides.
    fn with<O>(&mut self, f: impl for<'gc> FnOnce(Both<'_, 'gc, M>) -> Result<O, String>) -> Result<O, String> {
        let (model, roots, counts, log) = (&mut self.model, &mut self.roots, &self.counts, &self.log);
        let (canary, limited) = (self.canary, self.case.knobs.max_heap_bytes.is_some());
        self.mutator.mutate(|mc, world| f(Both { mc, world, model, roots, counts, log, canary, limited }))
    }

    fn session(&mut self, operations: &[Operation]) -> Result<(), String> {
        self.with(|mut both| operations.iter().try_for_each(|operation| both.apply(*operation)))
    }

    fn between_sessions(&mut self, operation: Operation) -> Result<(), String> {
        match operation {
            // With a limit the root's own object may not fit, which is a panic by its documentation.
            Operation::Root { from, root } if self.case.knobs.max_heap_bytes.is_none() => {
                self.roots[root] = None;
                self.roots[root] = Some(self.mutator.root(|_, world| world.registers.tail()[from].get()));
                self.model.roots[root] = Some(self.model.registers[from]);
            }
            Operation::UnrootOutside { root } => {
                self.roots[root] = None;
                self.model.roots[root] = None;
            }
            Operation::Collect { generation, save_all } => {
                self.collect(Request { generation, save_all, ..Request::FULL })?;
            }
            Operation::Verify => self.mutator.verify()?,
            Operation::Release => _ = self.mutator.release(),
            _ => _ = self.mutator.collect_if_due(),
        }
        self.finalizers_ran()
    }

    /// Collects, and does what is the program's part of it.
    fn collect(&mut self, request: Request) -> Result<(), String> {
        self.mutator.collect(request);
        self.drain()?;
        // What the library has kept is garbage again: the model knows of none that is kept.
        twinheap::control::gc::clear_garbage(&mut self.mutator);
        self.finalizers_ran()
    }

    /// Does what waits for user code, for a collection that waits for it too.
    fn drain(&mut self) -> Result<(), String> {
        loop {
            self.with(|mut both| both.drain())?;
            if self.mutator.finish_collection().is_none() {
                return Ok(());
            }
        }
    }

    /// The model hears of finalizers that the library ran.
    fn finalizers_ran(&mut self) -> Result<(), String> {
        self.model.finalized(self.log.take())
    }

    fn end(&mut self) -> Result<(), String> {
        if let Some(agitator) = self.agitator.take() {
            agitator.end()?;
        }
        self.with(|both| both.compare())?;
        self.mutator.verify()?;
        self.with(|both| {
            both.mc.control(Command::Unfreeze);
            Ok(())
        })?;
        // A finalizer may let others die; each runs once, so this ends.
        for turn in 0.. {
            let before = self.finalized();
            self.drain()?;
            self.collect(Request::FULL)?;
            self.mutator.verify()?;
            if self.finalized() == before && turn > 1 {
                break;
            }
        }
        self.with(|both| both.compare())?;
        let stats = self.mutator.stats();
        if stats.drop_panics != self.counts.exploded() as u64 {
            return Err(format!("{} bombs went off, {} were counted", self.counts.exploded(), stats.drop_panics));
        }
        let expected = self.model.reachable();
        let stays = |(id, twin): (usize, &model::Twin)| twin.untracked && !expected.contains(&id);
        // Garbage that collections were told not to look at may stay, with all that it refers to.
        let exactly = M::CONSTRAINTS.collects && !self.model.objects.iter().enumerate().any(stays);
        let all = self.with(|both| both.walk(exactly))?;
        let released = stats.released.at_once + stats.released.by_collections;
        if let Some(all) = all
            && all as u64 + released != stats.objects_allocated
        {
            return Err(format!(
                "{all} objects are there and {released} were released, of {} allocated",
                stats.objects_allocated
            ));
        }
        if !exactly {
            return Ok(());
        }
        self.with(|both| both.weaks_agree())?;
        let found = self.counts.alive();
        if found != expected.len() {
            return Err(format!("{found} objects are alive after a full collection, {} should be", expected.len()));
        }
        let mut objects = self.model.objects.iter().enumerate();
        match objects.find(|(id, twin)| twin.mortal && !twin.finalized && !expected.contains(id)) {
            Some((id, _)) => Err(format!("object {id} is gone, and its finalizer never ran")),
            None => Ok(()),
        }
    }

    fn finalized(&self) -> usize {
        self.model.objects.iter().filter(|twin| twin.finalized).count()
    }
}

/// A node and its number.
type Numbered<'gc, M> = (Gc<'gc, Node<'gc, M>, M>, usize);
/// The number of a weak reference's target, and the target if it answers.
type Upgraded<'gc, M> = (usize, Option<Val<'gc, M>>);

/// The heap and the model, side by side, in one session.
struct Both<'a, 'gc, M: Manager> {
    mc: &'gc Mutation<'gc, M>,
    world: &'gc World<'gc, M>,
    model: &'a mut Model,
    roots: &'a mut Roots<M>,
    counts: &'a Arc<Counts>,
    log: &'a Arc<Log>,
    canary: bool,
    limited: bool,
}

impl<'gc, M: Shows> Both<'_, 'gc, M> {
    fn put(&mut self, register: usize, val: Val<'gc, M>, word: Seen) {
        self.world.registers.tail()[register].set(self.mc, val);
        self.model.registers[register] = word;
    }

    /// A register, looked at from both sides.
    fn register(&self, register: usize) -> Result<(Val<'gc, M>, Seen), String> {
        let (val, word) = (self.world.registers.tail()[register].get(), self.model.registers[register]);
        same(&val, word)?;
        Ok((val, word))
    }

    /// A new node, unless there is a limit and no room.
    fn new_node(&mut self, fields: usize) -> Result<Option<Numbered<'gc, M>>, String> {
        let id = self.model.objects.len();
        let list = GcCell::new(Vec::new());
        let header = Header { id: id as u64, list, token: Token::new(self.counts, false) };
        match Gc::<Node<'gc, M>, M>::try_with_zeroed_tail(self.mc, header, fields) {
            Ok(node) => Ok(Some((node, self.model.add(fields)))),
            Err(full) => self.no_room(full),
        }
    }

    fn no_room<T>(&self, why: impl std::fmt::Display) -> Result<Option<T>, String> {
        if self.limited { Ok(None) } else { Err(format!("without a limit: {why}")) }
    }

    /// A new object of another kind, into a register.
    fn new_object<T: Trace<'gc, M>>(&mut self, to: usize, object: T, fields: usize) -> Result<Option<usize>, String> {
        match Gc::try_new(self.mc, object) {
            Ok(gc) => {
                let id = self.model.add(fields);
                self.put(to, Val::from_gc(gc), Seen::Object(id));
                Ok(Some(id))
            }
            Err(full) => self.no_room(full),
        }
    }

    fn apply(&mut self, operation: Operation) -> Result<(), String> {
        let next_id = self.model.objects.len() as u64;
        match operation {
            Operation::New { to, fields } => {
                if let Some((node, id)) = self.new_node(fields)? {
                    self.put(to, Val::from_gc(node), Seen::Object(id));
                }
            }
            Operation::Leaf { to, bomb } => {
                // One that does not fit is dropped by us, where its bomb would be ours.
                let token = Token::new(self.counts, bomb && !self.limited);
                self.new_object(to, Leaf { id: next_id, token }, 0)?;
            }
            Operation::Mortal { to, temper } => {
                let (hall, log) = (self.world.hall.clone(), self.log.clone());
                let (fields, list, token) = (Default::default(), GcCell::default(), Token::new(self.counts, false));
                let mortal = Mortal { id: next_id, temper, fields, list, hall, log, token };
                if let Some(id) = self.new_object(to, mortal, 2)? {
                    self.model.objects[id].mortal = true;
                }
            }
            Operation::Link { to, from } => {
                let (val, word) = self.register(from)?;
                let token = Token::new(self.counts, false);
                let node = val.downcast_ref::<Node<'gc, M>>().cloned();
                let fields = usize::from(node.is_some());
                let link = match node {
                    Some(node) => Link::To { id: next_id, slot: Slot::new(Some(node)), token },
                    None => Link::Bare { id: next_id, token },
                };
                if let Some(id) = self.new_object(to, link, fields)? {
                    self.model.objects[id].fields.fill(word);
                }
            }
            Operation::Chain { to, length } => {
                let mut last: Option<Numbered<'gc, M>> = None;
                for _ in 0..length {
                    let Some((next, id)) = self.new_node(1)? else { break };
                    if let Some((last, last_id)) = last {
                        next.tail()[0].set(self.mc, Val::from_gc(last));
                        self.model.objects[id].fields[0] = Seen::Object(last_id);
                    }
                    last = Some((next, id));
                }
                if let Some((last, id)) = last {
                    self.put(to, Val::from_gc(last), Seen::Object(id));
                }
            }
            Operation::Churn { count } => {
                for n in 0..count {
                    self.new_node(n % 5)?;
                }
            }
            Operation::Copy { from, to } => {
                let (val, word) = self.register(from)?;
                self.put(to, val, word);
            }
            Operation::Clear { to } => self.put(to, Val::empty(), Seen::Empty),
            Operation::Payload { to, word } => self.put(to, Val::payload(word), Seen::Payload(word)),
            Operation::Store { node, field, from } => {
                let ((val, word), (object, twin)) = (self.register(from)?, self.register(node)?);
                if let (Some(object), Seen::Object(id)) = (View::of(&object), twin)
                    && object.len() > 0
                {
                    let field = field % object.len();
                    if object.set(self.mc, field, val) && !self.canary {
                        self.model.objects[id].fields[field] = word;
                    }
                }
            }
            Operation::Load { node, field, to } => {
                let (object, twin) = self.register(node)?;
                if let (Some(object), Seen::Object(id)) = (View::of(&object), twin)
                    && object.len() > 0
                {
                    let field = field % object.len();
                    let (val, word) = (object.get(field), self.model.objects[id].fields[field]);
                    same(&val, word)?;
                    self.put(to, val, word);
                }
            }
            Operation::Push { node, from } => {
                let ((val, word), (object, twin)) = (self.register(from)?, self.register(node)?);
                if let (Some(View { list: Some(list), .. }), Seen::Object(id)) = (View::of(&object), twin) {
                    list.borrow_mut(self.mc).push(val);
                    self.model.objects[id].list.push(word);
                }
            }
            Operation::Pop { node, to } => {
                let (object, twin) = self.register(node)?;
                if let (Some(View { list: Some(list), .. }), Seen::Object(id)) = (View::of(&object), twin) {
                    let popped = list.borrow_mut(self.mc).pop();
                    match (popped, self.model.objects[id].list.pop()) {
                        (Some(val), Some(word)) => {
                            same(&val, word)?;
                            self.put(to, val, word);
                        }
                        (None, None) => {}
                        _ => return Err(format!("object {id}: lists of different lengths")),
                    }
                }
            }
            Operation::Drain { node } => {
                let (object, twin) = self.register(node)?;
                if let (Some(View { list: Some(list), .. }), Seen::Object(id)) = (View::of(&object), twin) {
                    // Dropped after the borrow: it may be the last reference to a great many.
                    let taken = std::mem::take(&mut *list.borrow_mut(self.mc));
                    drop(taken);
                    self.model.objects[id].list.clear();
                }
            }
            Operation::Swap { one, other } => {
                let ((a, a_twin), (b, b_twin)) = (self.register(one)?, self.register(other)?);
                if let (Some(a), Some(b), Seen::Object(a_id), Seen::Object(b_id)) =
                    (View::of(&a), View::of(&b), a_twin, b_twin)
                    && let (Some(a), Some(b)) = (a.list, b.list)
                    && a_id != b_id
                {
                    std::mem::swap(&mut *a.borrow_mut(self.mc), &mut *b.borrow_mut(self.mc));
                    let list = std::mem::take(&mut self.model.objects[a_id].list);
                    self.model.objects[a_id].list = std::mem::replace(&mut self.model.objects[b_id].list, list);
                }
            }
            Operation::Weaken { from, weak, notify } => {
                let (val, word) = self.register(from)?;
                // With a limit the box may not fit, which is a panic by its documentation.
                if let (Some(any), Seen::Object(target)) = (val.as_any(), word)
                    && !self.limited
                {
                    let number = self.model.all_weaks.len();
                    let weak_box = Gc::<Weak<'gc, M>, M>::new_weak(self.mc, any, number as u64, notify);
                    self.world.weaks.tail()[weak].set(self.mc, Val::from_gc(weak_box));
                    self.model.all_weaks.push(WeakTwin { target, notify, told: false, gone: false });
                    self.model.weaks[weak] = Some(number);
                }
            }
            Operation::Upgrade { weak, to } => {
                if let Some((id, upgraded)) = self.upgrade(weak)? {
                    match upgraded {
                        Some(val) => {
                            same(&val, Seen::Object(id))?;
                            self.put(to, val, Seen::Object(id));
                            self.model.excuse(id);
                        }
                        None if !self.model.objects[id].excused && self.model.reachable().contains(&id) => {
                            return Err(format!("object {id} is reachable, and its weak reference is dead"));
                        }
                        None => {}
                    }
                }
            }
            Operation::WeakItself { weak, to } => {
                if let Some(number) = self.model.weaks[weak] {
                    self.put(to, self.world.weaks.tail()[weak].get(), Seen::Weak(number));
                }
            }
            Operation::Track { node, tracked } => {
                let (val, word) = self.register(node)?;
                if let (Some(any), Seen::Object(id)) = (val.as_any(), word) {
                    self.mc.set_tracked(any, tracked);
                    self.model.objects[id].untracked = !tracked;
                }
            }
            Operation::Welcome { to } => {
                let saved = self.world.hall.borrow_mut(self.mc).pop();
                if let Some(val) = saved {
                    // Finalizers of the library's may have run meanwhile, of which the model hears at the session's end.
                    let word = self.model.hall.pop().unwrap_or_default();
                    same(&val, word)?;
                    self.put(to, val, word);
                }
            }
            Operation::FromRoot { root, to } => {
                if let (Some(kept), Some(word)) = (&self.roots[root], self.model.roots[root]) {
                    let val = kept.get(self.mc).clone();
                    same(&val, word)?;
                    self.put(to, val, word);
                }
            }
            Operation::Unroot { root } => {
                self.roots[root] = None;
                self.model.roots[root] = None;
            }
            Operation::Pending => self.drain()?,
            Operation::Freeze(freeze) => {
                self.mc.control(if freeze { Command::Freeze } else { Command::Unfreeze });
            }
            Operation::Panic { node } => {
                let (object, _) = self.register(node)?;
                let view = View::of(&object);
                let _borrow = view.as_ref().and_then(|view| view.list).map(|list| list.borrow_mut(self.mc));
                resume_unwind(Box::new(Planned));
            }
            Operation::EndSession
            | Operation::Root { .. }
            | Operation::UnrootOutside { .. }
            | Operation::Collect { .. }
            | Operation::Verify
            | Operation::Release => {}
        }
        Ok(())
    }

    /// What a weak reference stands for, and its answer; `None` where there is no weak reference.
    fn upgrade(&self, weak: usize) -> Result<Option<Upgraded<'gc, M>>, String> {
        let Some(number) = self.model.weaks[weak] else { return Ok(None) };
        let val = self.world.weaks.tail()[weak].get();
        let Some(weak_box) = val.downcast_ref::<Weak<'gc, M>>() else { return Err("a weak box is gone".into()) };
        if *weak_box.data() != number as u64 {
            return Err(format!("weak reference {number} says that it is {}", weak_box.data()));
        }
        Ok(Some((self.model.all_weaks[number].target, weak_box.upgrade(self.mc).map(Val::from_any))))
    }

    /// Does what waits for user code.
    fn drain(&mut self) -> Result<(), String> {
        while let Some(pending) = self.mc.next_pending() {
            match pending {
                Pending::Finalize { object: any, .. } => {
                    let Some(mortal) = any.downcast_ref::<Mortal<'gc, M>>() else {
                        return Err(format!("{any:?} has no finalizer"));
                    };
                    let outcome = catch_unwind(AssertUnwindSafe(|| last_wishes(mortal, self.mc)));
                    if outcome.is_err() && mortal.temper != Temper::Panics {
                        return Err(format!("a finalizer panicked that should be {:?}", mortal.temper));
                    }
                    self.model.finalized(self.log.take())?;
                }
                Pending::WeakDied { object: any, .. } => {
                    let Some(weak) = any.downcast_ref::<Weak<'gc, M>>() else {
                        return Err(format!("{any:?} is no weak reference"));
                    };
                    if !weak.is_dead() {
                        return Err(format!("weak reference {} reports a death, and is not dead", weak.data()));
                    }
                    self.model.weak_died(*weak.data() as usize, M::CONSTRAINTS.concurrent)?;
                }
                Pending::Saved { object: any, .. } => {
                    // The flag is the heap's, so what the other thread let go of is kept too: no business of the model's.
                    if let Some(view) = View::of(&Val::from_any(any))
                        && view.id != agitator::FOREIGN
                    {
                        let id = view.id as usize;
                        if !self.model.objects[id].excused && self.model.reachable().contains(&id) {
                            return Err(format!("object {id} was saved from collection, and is reachable"));
                        }
                    }
                }
            }
        }
        self.model.nothing_pending();
        Ok(())
    }

    /// Every weak reference answers for what is reachable, and for nothing else.
    fn weaks_agree(self) -> Result<(), String> {
        let reachable = self.model.reachable();
        for weak in 0..WEAKS {
            if let Some((id, Some(_))) = self.upgrade(weak)?
                && !reachable.contains(&id)
            {
                return Err(format!("object {id} is garbage, and its weak reference answers"));
            }
        }
        Ok(())
    }

    /// A walk shows every reachable object once, and nothing but those if garbage is found at all; how many objects it
    /// showed, those of the test itself included.
    fn walk(self, exactly: bool) -> Result<Option<usize>, String> {
        let Some(all) = M::all(self.mc) else { return Ok(None) };
        let count = all.len();
        let mut reached = self.model.all_reached();
        for any in all {
            let word = Seen::of(&Val::from_any(any));
            let expected = match word {
                Seen::Object(id) => reached.objects.remove(&id),
                Seen::Weak(number) => reached.weaks.remove(&number),
                _ => true,
            };
            if !expected && exactly {
                return Err(format!("a walk shows {word:?} twice, or it is garbage"));
            }
        }
        match (reached.objects.iter().next(), reached.weaks.iter().next()) {
            (None, None) => Ok(Some(count)),
            first => Err(format!("a walk does not show an object or a weak reference: {first:?}")),
        }
    }

    /// Everything reachable, object for object.
    fn compare(self) -> Result<(), String> {
        let mut addresses: HashMap<usize, usize> = HashMap::new();
        let registers = self.world.registers.tail().iter().map(ValSlot::get).zip(self.model.registers);
        let mut left: Vec<(Val<'gc, M>, Seen)> = registers.collect();
        for (root, word) in self.roots.iter().zip(self.model.roots) {
            match (root, word) {
                (Some(root), Some(word)) => left.push((root.get(self.mc).clone(), word)),
                (None, None) => {}
                _ => return Err("a root that only one side has".into()),
            }
        }
        let hall: Vec<_> = self.world.hall.borrow().clone();
        if hall.len() != self.model.hall.len() {
            return Err(format!("{} objects were saved, {} should be", hall.len(), self.model.hall.len()));
        }
        left.extend(hall.into_iter().zip(self.model.hall.iter().copied()));
        while let Some((val, word)) = left.pop() {
            same(&val, word)?;
            let (Some(view), Seen::Object(id)) = (View::of(&val), word) else { continue };
            match addresses.insert(id, view.address) {
                Some(address) if address != view.address => return Err(format!("object {id} is there twice")),
                Some(_) => continue,
                None => {}
            }
            let twin = &self.model.objects[id];
            if view.len() != twin.fields.len() {
                return Err(format!("object {id} has {} fields, not {}", view.len(), twin.fields.len()));
            }
            left.extend((0..view.len()).map(|field| view.get(field)).zip(twin.fields.iter().copied()));
            if let Some(list) = view.list {
                let list = list.borrow();
                if list.len() != twin.list.len() {
                    return Err(format!("object {id} has {} in its list, not {}", list.len(), twin.list.len()));
                }
                left.extend(list.iter().cloned().zip(twin.list.iter().copied()));
            }
        }
        Ok(())
    }
}

/// One word against its twin.
fn same<M: Manager>(val: &Val<'_, M>, word: Seen) -> Result<(), String> {
    match Seen::of(val) {
        found if found == word => Ok(()),
        found => Err(format!("the heap holds {found:?}, the model {word:?}")),
    }
}
