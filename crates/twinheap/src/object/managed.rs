//! What an object asks of its manager: the interface, in one place.  `manager/null.rs` is its smallest implementation.
//!
//! Methods with a body are what a manager without counts, a marker or finalizers answers.
//! The hot half (handles, slots, borrow words, `block`) is generic and inlines to a few instructions; the cold half
//! (sessions, collections, walks) is called once a session or less.
//! Not here: any manager.  Overview: `object`, `manager`.

use super::{
    trace::{Each, Trace, Visitor},
    type_info::TypeInfo,
    weak::WeakHead,
};
use crate::{
    alloc::Full,
    config::{Config, ConfigError},
    observe::{
        Callbacks, HoldUpSummary, Stats,
        blocks::Blocks,
        figures::Figures,
        tally::{Errand, Tally},
    },
};
use std::{cell::Cell, marker::PhantomData, ops::ControlFlow, panic::Location, ptr::NonNull};

pub use crate::observe::collection::Cause;

/// An invariant lifetime that belongs to one session, and `!Send + !Sync`: no handle leaves its session (I1).
pub type Brand<'gc> = PhantomData<(Cell<&'gc ()>, *const ())>;

/// Facts about a manager, as data; the table in the documentation is printed from these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constraints {
    /// Handles count: `Clone` and `Drop` of a handle do work, objects are released when the last one goes.
    pub counted: bool,
    /// Another thread marks and sweeps while sessions run.
    pub concurrent: bool,
    /// More than one mutator may exist.
    pub many_mutators: bool,
    /// Garbage is found at all.
    pub collects: bool,
    /// Bytes before every object.
    pub header_bytes: usize,
    /// Generations a collection can be asked for.
    pub generations: u8,
}

/// A memory manager: `Null`, `RefCount`, `TricolorSolo`, `Tricolor`, and `Local` behind `Cc`.  Sealed.
///
/// # Safety
/// Implementors keep the invariants of `ARCHITECTURE.md`; above all I1 and I2: what a session can reach stays valid
/// until the session ends (tracing), or as long as a handle exists (counting).
pub unsafe trait Manager: sealed::Sealed + Sized + 'static {
    /// The word users see: `"refcount"`.
    const NAME: &'static str;
    /// What it can and cannot do.
    const CONSTRAINTS: Constraints;
    /// Handles exist in sessions only.  Not so behind `Cc`: there code of the program's that sees a value can keep it.
    const SESSIONS: bool = true;

    /// A non-null word that refers to an object; counted managers implement `Clone` and `Drop` with it.
    type Raw<'gc, T>: RawGc<T>;
    /// A word that may refer to an object: null, a payload, or a reference (see `Val`).
    type RawVal<'gc>: RawVal;
    /// The same word as a mutable field, with the manager's barrier.  Not `TAGGED`: it is null or a reference, never a payload.
    type RawSlot<'gc, const TAGGED: bool>: RawSlot<Self>;
    /// The borrow state of a `GcCell`.
    type Borrow: BorrowWord;
    /// The state of a `GcCell` between marker and mutator.
    type Scan: Default;
    /// The visitor that runs most (the marker; the subtracting pass of the cycle collector).
    type FirstVisitor: Visitor<Self> + 'static;
    /// The second one (the reaching pass).
    type SecondVisitor: Visitor<Self> + 'static;
    /// What a mutator has for itself; `Mutation` is this, branded.
    type Local: 'static;
    /// What all mutators of a heap share.
    type Shared: 'static;

    // ---- a heap's life ------------------------------------------------------------------------------------------
    /// Makes the shared part, and starts threads if it needs them.
    fn start(config: &Config) -> Result<Box<Self::Shared>, ConfigError>;
    /// Runs every destructor and ends threads.  The last call; no mutator exists.
    ///
    /// # Safety
    /// No mutator of this heap exists or will.
    unsafe fn stop(shared: &Self::Shared);
    /// A mutator's part, or `None` when the one mutator there is has been handed out.
    ///
    /// # Safety
    /// `shared` outlives the result, which is given back by `detach`.
    unsafe fn attach(shared: NonNull<Self::Shared>) -> Option<Box<Self::Local>>;
    /// Takes a mutator's part back.
    fn detach(local: Box<Self::Local>);
    /// The shared part of a mutator's.
    fn shared(local: &Self::Local) -> &Self::Shared;
    /// Opens a session, which its opener calls at `at`: waits while a collection starts.
    fn enter(local: &Self::Local, at: &'static Location<'static>);
    /// Closes it.
    fn exit(local: &Self::Local);

    // ---- allocation ---------------------------------------------------------------------------------------------
    /// A block for an object of `info` that is `object_bytes` long (its header not counted); its contents are
    /// unspecified.  May collect before it answers, where the manager collects at allocations.
    ///
    /// # Safety
    /// `info` describes a type that may live in this heap; the caller writes the object and calls [`Self::born`]
    /// before anything else happens in this session: no user code, no other allocation, no unwinding.
    unsafe fn block(local: &Self::Local, info: &'static TypeInfo, object_bytes: usize) -> Result<NonNull<u8>, Full>;
    /// From now on the object is one: counted, tracked, visible to walks.
    ///
    /// # Safety
    /// The object at `p`, which `block` returned for `info`, is written.
    unsafe fn born(local: &Self::Local, info: &'static TypeInfo, p: NonNull<u8>);
    /// A short cut that a manager may have: [`Self::block`] for an object without a tail where nothing else is to be done
    /// than to take one.  [`Self::born_quickly`] follows.
    ///
    /// # Safety
    /// As [`Self::block`].
    #[inline(always)]
    unsafe fn quick_block(local: &Self::Local, info: &'static TypeInfo) -> Option<NonNull<u8>> {
        let _ = (local, info);
        None
    }
    /// [`Self::block`], so that [`Self::born_quickly`] may follow.
    ///
    /// # Safety
    /// As [`Self::block`].
    #[inline(always)]
    unsafe fn slow_block(local: &Self::Local, info: &'static TypeInfo) -> Result<NonNull<u8>, Full> {
        // SAFETY: forwarded.
        unsafe { Self::block(local, info, info.size) }
    }
    /// [`Self::born`] of an object in a block of the two above.
    ///
    /// # Safety
    /// The object at `p`, which one of the two returned for `info`, is written.
    #[inline(always)]
    unsafe fn born_quickly(local: &Self::Local, info: &'static TypeInfo, p: NonNull<u8>) {
        // SAFETY: forwarded.
        unsafe { Self::born(local, info, p) }
    }
    /// Whether `bytes` more outside the heap would pass the hard limit.
    fn check_outside(local: &Self::Local, bytes: usize) -> Result<(), Full>;

    // ---- references ---------------------------------------------------------------------------------------------
    /// One more reference to `p` exists.
    ///
    /// # Safety
    /// `p` is an object that is alive.
    #[inline(always)]
    unsafe fn retain(p: NonNull<u8>) {
        let _ = p;
    }
    /// One reference to `p` less; the object may be released, or queued for its finalizer.
    ///
    /// # Safety
    /// `p` is an object, and the caller owned one reference to it.
    #[inline(always)]
    unsafe fn release(p: NonNull<u8>) {
        let _ = p;
    }

    /// Whether a cell that is about to be borrowed mutably must be saved first.  Constant false without a marker.
    #[inline(always)]
    fn must_snapshot(local: &Self::Local, scan: &Self::Scan) -> bool {
        let _ = (local, scan);
        false
    }
    /// Saves what the cell holds, or waits until the marker has.  The caller holds the cell's exclusive borrow.
    fn snapshot<'gc, T: Trace<'gc, Self>>(local: &Self::Local, scan: &Self::Scan, value: &T) {
        let _ = (local, scan, value);
    }

    // ---- safepoints and collections ---------------------------------------------------------------------------------
    /// Whether the session had better end soon: somebody waits, or a collection is due.  Cost: a load or two.
    #[inline(always)]
    fn should_yield(local: &Self::Local) -> bool {
        let _ = local;
        false
    }
    /// Collects; called between sessions.  A collection that finds finalizers queues them and answers
    /// [`Collected::pending`]; [`Self::finish_collection`] goes on when they have run.
    fn collect(local: &Self::Local, request: Request) -> Collected;
    /// Takes up a collection that waits for its finalizers; `None` when none does.
    fn finish_collection(local: &Self::Local) -> Option<Collected> {
        let _ = local;
        None
    }
    /// The generation that a collection by itself would take now, if one is due.
    fn due(local: &Self::Local) -> Option<u8> {
        let _ = local;
        None
    }
    /// The next thing that user code has to do for a dead object, if any (one reference is handed over).
    fn next_pending(local: &Self::Local) -> Option<RawPending> {
        let _ = local;
        None
    }
    /// Whether [`Self::next_pending`] would answer.  Cost: a load.
    #[inline(always)]
    fn has_pending(local: &Self::Local) -> bool {
        let _ = local;
        false
    }

    // ---- pins, walks, weak references -------------------------------------------------------------------------------
    /// Keeps `p` alive until `unpin` (a `Root`, the root object); takes over one reference.
    ///
    /// # Safety
    /// `p` is alive in an open session of this heap.
    unsafe fn pin(shared: &Self::Shared, p: NonNull<u8>) -> usize;
    /// Ends a pin.
    ///
    /// # Safety
    /// `pin` came from `pin` on this heap, and is not used again.
    unsafe fn unpin(shared: &Self::Shared, pin: usize);
    /// Calls `f` for every object that is alive and initialised, garbage that was not collected yet included.
    /// Only where [`OneMutator`]; called in a session.
    fn walk(local: &Self::Local, f: &mut dyn FnMut(NonNull<u8>));
    /// Calls `f` for every reference in the object at `p`, in its own order.
    ///
    /// # Safety
    /// `p` is alive, and nothing in it is borrowed mutably by this thread's caller.
    unsafe fn referents(local: &Self::Local, p: NonNull<u8>, f: &mut dyn FnMut(NonNull<u8>)) {
        let _ = local;
        let mut each = Each::new(f);
        // SAFETY: an object with its own type's function and the visitor that function expects.
        unsafe { (TypeInfo::of(p).visits.each)(p, NonNull::from(&mut each).cast()) }
    }
    /// A weak box for `target` was born.
    ///
    /// # Safety
    /// `head` is the first field of a live box object that refers to `target`, which is alive.
    unsafe fn weak_born(local: &Self::Local, head: NonNull<WeakHead>, target: NonNull<u8>) {
        let _ = (local, head, target);
    }
    /// A weak box is being dropped.
    ///
    /// # Safety
    /// `head` belongs to a box of this manager that was told of by [`Self::weak_born`].
    unsafe fn weak_dying(head: NonNull<WeakHead>) {
        let _ = head;
    }
    /// Calls `f` for every living weak box of `target`, until it breaks off: those that asked for no notice first, each
    /// kind newest first.  Only where [`OneMutator`]; called in a session.  Cost: that of the boxes passed.
    ///
    /// # Safety
    /// `target` is alive until this answers.
    unsafe fn weak_boxes(local: &Self::Local, target: NonNull<u8>, f: &mut dyn FnMut(NonNull<u8>) -> ControlFlow<()>);
    /// The target of a weak box, with one more reference, if it is alive.
    ///
    /// # Safety
    /// `head` belongs to a live box of this heap.
    unsafe fn upgrade(local: &Self::Local, head: NonNull<WeakHead>) -> Option<NonNull<u8>>;

    // ---- what Python's gc module asks ---------------------------------------------------------------------------------
    /// Facts about one object.
    ///
    /// # Safety
    /// `p` is alive.
    unsafe fn object_state(local: &Self::Local, p: NonNull<u8>) -> ObjectState;
    /// Says whether collections and listings see the object; its references out of it count as external meanwhile.
    ///
    /// # Safety
    /// `p` is alive.
    unsafe fn set_tracked(local: &Self::Local, p: NonNull<u8>, tracked: bool) {
        let _ = (local, p, tracked);
    }
    /// Reads and changes the knobs that a running program may change.
    fn control(local: &Self::Local, command: Command) -> Answer;

    /// Who is told of collections.
    fn callbacks(shared: &Self::Shared) -> &Callbacks;
    /// The list of what becomes of blocks.
    fn blocks(shared: &Self::Shared) -> &Blocks;
    /// Begins or ends that list: shuts, or opens again, the fast paths that would not fill it.  Only where
    /// [`OneMutator`]; called in a session.
    fn record_blocks(local: &Self::Local, on: bool) {
        Self::blocks(Self::shared(local)).set(on)
    }

    /// A snapshot of the figures.  Stops nobody.
    fn stats(shared: &Self::Shared) -> Stats;
    /// Hold-ups so far.
    fn holdups(shared: &Self::Shared) -> HoldUpSummary {
        let _ = shared;
        HoldUpSummary::default()
    }
    /// What the heap counts of itself.
    fn tally(shared: &Self::Shared) -> &Tally;
    /// The sums behind Go's words.  Stops nobody, and waits for no lock that is held while something is collected.
    fn figures(shared: &Self::Shared) -> Figures;
    /// Go's percentage (`None` is off): sets it, if it is given; the old one, or `None` where there is no such knob.
    fn gc_percent(shared: &Self::Shared, new: Option<Option<u32>>) -> Option<Option<u32>> {
        let _ = (shared, new);
        None
    }
    /// The soft limit in bytes (`None`: there is no limit), likewise.
    fn memory_limit(shared: &Self::Shared, new: Option<Option<usize>>) -> Option<Option<usize>> {
        let _ = (shared, new);
        None
    }
    /// Walks every invariant of the manager's own.
    ///
    /// # Errors
    /// A sentence that names the broken law and where.
    fn verify(local: &Self::Local) -> Result<(), String>;
    /// Gives free memory back to the system; returns the bytes.
    fn give_back(shared: &Self::Shared) -> usize;
}

/// A manager with one mutator, whose thread alone changes the heap.
pub trait OneMutator: Manager {}

/// A manager whose heap may be shared by threads.
///
/// # Safety
/// `Shared` and `Local` may be used from any thread as their own rules say.
pub unsafe trait Threaded: Manager {}

/// What to collect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The oldest generation to look at (CPython: 0, 1, 2); managers without generations collect everything.
    pub generation: u8,
    /// Keep what is found and hand it out as [`RawPending::Saved`] instead of releasing it (CPython: DEBUG_SAVEALL).
    pub save_all: bool,
    /// Why.
    pub cause: Cause,
}

impl Request {
    /// Everything, asked for by the program.
    pub const FULL: Request = Request { generation: 2, save_all: false, cause: Cause::Asked };
}

/// What a collection did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Containers released, or finalized, by it.
    pub objects: usize,
    /// Finalizers or weak callbacks are queued, and the collection goes on after them.
    pub pending: bool,
}

/// What user code has to do for an object that died.
#[derive(Clone, Copy, Debug)]
pub enum RawPending {
    /// Run the finalizer of this object.
    Finalize(NonNull<u8>),
    /// This weak box lost its target and asked to be told.
    WeakDied(NonNull<u8>),
    /// This object would have been released, had not SAVEALL been set.
    Saved(NonNull<u8>),
}

impl RawPending {
    /// The user code that it calls for; none for a plain notice, and what was saved.
    pub(crate) fn errand(&self) -> Option<Errand> {
        match *self {
            RawPending::Finalize(_) => Some(Errand::Finalizer),
            // SAFETY: the queue keeps what is in it alive.
            RawPending::WeakDied(p) => unsafe { TypeInfo::of(p) }.told.map(|_| Errand::Cleanup),
            RawPending::Saved(_) => None,
        }
    }
}

/// Facts about one object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ObjectState {
    /// Collections and listings see it.
    pub tracked: bool,
    /// Its finalizer has been queued once.
    pub finalized: bool,
    /// 0, 1, 2; 3 when frozen.
    pub generation: u8,
    /// References to it, where they are counted.
    pub references: Option<u32>,
    /// A collection has found it dead and waits for finalizers: CPython's listings do not show it.
    pub condemned: bool,
}

/// The bits of CPython's `gc.set_debug`.
pub mod debug {
    /// Figures before and after each collection.
    pub const STATS: i32 = 1;
    /// A line for each container found dead.
    pub const COLLECTABLE: i32 = 2;
    /// A line for each container that cannot be released (there are none).
    pub const UNCOLLECTABLE: i32 = 4;
    /// Keep what is found.
    pub const SAVEALL: i32 = 32;
    /// What CPython recommends for finding leaks: `COLLECTABLE`, `UNCOLLECTABLE` and `SAVEALL`.
    pub const LEAK: i32 = COLLECTABLE | UNCOLLECTABLE | SAVEALL;
}

/// A request about the knobs that a running program may change.
#[derive(Clone, Copy, Debug)]
pub enum Command {
    /// Collections by themselves, on or off.
    SetAutomatic(bool),
    /// CPython's three thresholds; `None` leaves one as it is.
    SetThresholds([Option<i64>; 3]),
    /// Everything tracked moves to the permanent generation.  Only where [`OneMutator`]; nothing happens elsewhere.
    Freeze,
    /// And back, to the oldest.
    Unfreeze,
    /// Go's percentage; `None` is off.
    SetGogc(Option<u32>),
    /// CPython's debug flags ([`debug`]), any bits.
    SetDebug(i32),
    /// Just read.
    Read,
}

/// The state behind [`Command`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Collections by themselves are on.
    pub automatic: bool,
    /// CPython's thresholds.
    pub thresholds: [i64; 3],
    /// CPython's counts.
    pub counts: [usize; 3],
    /// Objects in the permanent generation.
    pub frozen: usize,
    /// CPython's debug flags ([`debug`]).
    pub debug: i32,
    /// Collections and objects collected by generation.
    pub generations: [GenerationStats; 3],
}

/// What collections of one generation did since the heap began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GenerationStats {
    /// How many.
    pub collections: u64,
    /// Objects they released.
    pub collected: u64,
    /// Objects they could not release.
    pub uncollectable: u64,
}

/// One non-null word that refers to an object.
///
/// # Safety
/// `repr(transparent)` over `NonNull<T>`; `ptr` is valid while the handle (counting) or its session (tracing) lives.
pub unsafe trait RawGc<T>: Clone {
    /// Takes over one reference.
    ///
    /// # Safety
    /// `p` is alive, and the caller gives one reference away.
    unsafe fn from_owned(p: NonNull<T>) -> Self;
    /// The object's address.
    fn ptr(&self) -> NonNull<T>;
}

/// One word: null, a payload with a tag from 1 to 7 in its low bits, or a reference.
///
/// # Safety
/// `repr(transparent)` over `*mut u8`; drops and clones count the reference in it, if there is one.
pub unsafe trait RawVal: Clone {
    /// Takes over the word and the reference in it.
    ///
    /// # Safety
    /// A word with tag 0 that is not null is an object that is alive, and the caller gives one reference away.
    unsafe fn from_owned(word: *mut u8) -> Self;
    /// The word.
    fn word(&self) -> *mut u8;
}

/// A mutable word, as [`RawVal`], with the manager's barrier.
///
/// # Safety
/// As [`RawVal`]; `store` does what the manager's invariants ask of a reference that is overwritten.
pub unsafe trait RawSlot<M: Manager> {
    /// Takes over the word and the reference in it.
    ///
    /// # Safety
    /// As [`RawVal::from_owned`]; a word with a tag only into a slot that is `TAGGED`, here and below.
    unsafe fn from_owned(word: *mut u8) -> Self;
    /// The word; no reference is counted for it.
    fn peek(&self) -> *mut u8;
    /// The word, with one reference counted for the caller.
    fn load(&self) -> *mut u8;
    /// Stores `word`, taking over its reference; the old one is released after the new one can be seen.
    ///
    /// # Safety
    /// As [`RawVal::from_owned`]; `local` belongs to the open session of this slot's heap.
    unsafe fn store(&self, local: &M::Local, word: *mut u8);
    /// Stores `word` and hands the old one out with its reference.
    ///
    /// # Safety
    /// As [`Self::store`].
    unsafe fn replace(&self, local: &M::Local, word: *mut u8) -> *mut u8;
}

/// The borrow state of a cell.
pub trait BorrowWord: Default {
    /// Begins a shared borrow; waits (many mutators) or answers false (one mutator) while it is exclusive.
    fn try_lock_shared(&self) -> bool;
    /// Ends it.
    fn unlock_shared(&self);
    /// Begins the exclusive borrow.
    fn try_lock_exclusive(&self) -> bool;
    /// Ends it.
    fn unlock_exclusive(&self);
    /// Whether it is borrowed exclusively now.
    fn is_exclusive(&self) -> bool;
    /// Called when a `try_` failed: panics as `RefCell` does, or waits and returns to try again.
    fn contended(&self, turns: &mut u32);
}

pub(crate) mod sealed {
    /// Closed: the managers are in this crate.
    pub trait Sealed {}
}
