//! What lies in the heap under test: one type of each kind that managers treat differently, and one way to look at them.
//! Not what should be in them (`model`).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use twinheap::{Finalize, Gc, GcCell, Manager, Mutation, Slot, Static, Tail, Trace, Val, ValSlot, WeakBox};

/// Counts itself while it lives; a leaf.  A bomb panics when it goes.
pub struct Token {
    counts: Arc<Counts>,
    bomb: bool,
}
/// What tokens count.
#[derive(Default)]
pub struct Counts {
    alive: AtomicUsize,
    exploded: AtomicUsize,
}
impl Counts {
    /// How many tokens live.
    pub fn alive(&self) -> usize {
        self.alive.load(Ordering::SeqCst)
    }
    /// How many bombs went off.
    pub fn exploded(&self) -> usize {
        self.exploded.load(Ordering::SeqCst)
    }
}

impl Token {
    pub fn new(counts: &Arc<Counts>, bomb: bool) -> Static<Token> {
        counts.alive.fetch_add(1, Ordering::SeqCst);
        Static(Token { counts: counts.clone(), bomb })
    }
}
impl Drop for Token {
    fn drop(&mut self) {
        self.counts.alive.fetch_sub(1, Ordering::SeqCst);
        if self.bomb && !std::thread::panicking() {
            self.counts.exploded.fetch_add(1, Ordering::SeqCst);
            panic!("a destructor of a leaf")
        }
    }
}

pub type List<'gc, M> = GcCell<Vec<Val<'gc, M>>, M>;

/// What stands before a node's fields.
#[derive(Trace)]
pub struct Header<'gc, M: Manager> {
    pub id: u64,
    pub list: List<'gc, M>,
    /// Never read, here and below: it counts itself.
    pub token: Static<Token>,
}
/// The common kind: any number of fields, and a list in a cell.
pub type Node<'gc, M> = Tail<Header<'gc, M>, ValSlot<'gc, M>>;

/// No references, so never looked into.
#[derive(Trace)]
pub struct Leaf {
    pub id: u64,
    pub token: Static<Token>,
}

/// An enum with typed references, one mutable and one not.
#[derive(Trace)]
pub enum Link<'gc, M: Manager> {
    Bare { id: u64, token: Static<Token> },
    To { id: u64, slot: Slot<'gc, Node<'gc, M>, M>, token: Static<Token> },
}

/// What a finalizer does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Temper {
    Quiet,
    /// Saves itself.
    Saves,
    /// Makes garbage.
    Allocates,
    /// Empties its own fields.
    Empties,
    /// Panics at once.
    Panics,
}
impl Temper {
    pub const ALL: [Temper; 5] = [Temper::Quiet, Temper::Saves, Temper::Allocates, Temper::Empties, Temper::Panics];
}

/// A finalizer ran: whose, and what the object held.
pub struct Death {
    pub id: u64,
    pub temper: Temper,
    pub fields: Vec<Seen>,
}
/// What finalizers tell.
#[derive(Default)]
pub struct Log(Mutex<Vec<Death>>);
impl Log {
    pub fn push(&self, death: Death) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(death)
    }
    pub fn take(&self) -> Vec<Death> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Where saved objects go: a list in a cell, held from the root.
pub type Hall<'gc, M> = Gc<'gc, List<'gc, M>, M>;

/// An object with a finalizer.
#[derive(Trace)]
#[trace(finalize)]
pub struct Mortal<'gc, M: Manager> {
    pub id: u64,
    #[trace(static)]
    pub temper: Temper,
    pub fields: [ValSlot<'gc, M>; 2],
    pub list: List<'gc, M>,
    pub hall: Hall<'gc, M>,
    #[trace(static)]
    pub log: Arc<Log>,
    pub token: Static<Token>,
}
impl<'gc, M: Manager> Finalize<'gc, M> for Mortal<'gc, M> {
    fn finalize(this: &Gc<'gc, Self, M>, mc: &'gc Mutation<'gc, M>) {
        last_wishes(this, mc)
    }
}
/// What its finalizer does; also called by the test where it drains what waits.
pub fn last_wishes<'gc, M: Manager>(this: &Gc<'gc, Mortal<'gc, M>, M>, mc: &'gc Mutation<'gc, M>) {
    let fields = this.fields.iter().map(|field| Seen::of(&field.get())).collect();
    this.log.push(Death { id: this.id, temper: this.temper, fields });
    match this.temper {
        Temper::Quiet => {}
        Temper::Saves => this.hall.borrow_mut(mc).push(Val::from_gc(this.clone())),
        Temper::Allocates => (0..20u64).for_each(|n| _ = Gc::try_new(mc, n)),
        Temper::Empties => {
            this.fields.iter().for_each(|field| field.set(mc, Val::empty()));
            drop(std::mem::take(&mut *this.list.borrow_mut(mc)));
        }
        Temper::Panics => panic!("a finalizer"),
    }
}

/// A weak reference with its number.
pub type Weak<'gc, M> = WeakBox<'gc, u64, M>;

/// A word, as the model writes it.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub enum Seen {
    #[default]
    Empty,
    Payload(u64),
    Object(usize),
    /// A weak reference itself, by its number.
    Weak(usize),
}
impl Seen {
    pub fn of<'gc, M: Manager>(val: &Val<'gc, M>) -> Seen {
        if let Some(view) = View::of(val) {
            Seen::Object(view.id as usize)
        } else if let Some(weak) = val.downcast_ref::<Weak<'gc, M>>() {
            Seen::Weak(*weak.data() as usize)
        } else if val.is_empty() {
            Seen::Empty
        } else {
            Seen::Payload(val.bits())
        }
    }
}

/// An object, whatever its kind.
pub struct View<'a, 'gc, M: Manager> {
    pub id: u64,
    pub address: usize,
    fields: Fields<'a, 'gc, M>,
    pub list: Option<&'a List<'gc, M>>,
}
enum Fields<'a, 'gc, M: Manager> {
    Words(&'a [ValSlot<'gc, M>]),
    /// Takes nodes only.
    Node(&'a Slot<'gc, Node<'gc, M>, M>),
}

impl<'a, 'gc, M: Manager> View<'a, 'gc, M> {
    pub fn of(val: &'a Val<'gc, M>) -> Option<Self> {
        let address = val.as_any()?.address();
        let view = |id, fields, list| Some(View { id, address, fields, list });
        if let Some(node) = val.downcast_ref::<Node<'gc, M>>() {
            view(node.header().id, Fields::Words(node.tail()), Some(&node.header().list))
        } else if let Some(leaf) = val.downcast_ref::<Leaf>() {
            view(leaf.id, Fields::Words(&[]), None)
        } else if let Some(mortal) = val.downcast_ref::<Mortal<'gc, M>>() {
            view(mortal.id, Fields::Words(&mortal.fields), Some(&mortal.list))
        } else {
            match &**val.downcast_ref::<Link<'gc, M>>()? {
                Link::Bare { id, .. } => view(*id, Fields::Words(&[]), None),
                Link::To { id, slot, .. } => view(*id, Fields::Node(slot), None),
            }
        }
    }
    pub fn len(&self) -> usize {
        match self.fields {
            Fields::Words(words) => words.len(),
            Fields::Node(_) => 1,
        }
    }
    pub fn get(&self, field: usize) -> Val<'gc, M> {
        match self.fields {
            Fields::Words(words) => words[field].get(),
            Fields::Node(slot) => slot.get().map_or(Val::empty(), Val::from_gc),
        }
    }
    /// Stores, if the field takes such a value.
    pub fn set(&self, mc: &Mutation<'gc, M>, field: usize, val: Val<'gc, M>) -> bool {
        match self.fields {
            Fields::Words(words) => words[field].set(mc, val),
            Fields::Node(slot) if val.is_empty() => slot.set(mc, None),
            Fields::Node(slot) => match val.downcast::<Node<'gc, M>>() {
                Ok(node) => slot.set(mc, Some(node)),
                Err(_) => return false,
            },
        }
        true
    }
}
