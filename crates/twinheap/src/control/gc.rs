//! CPython 3.13's `gc` module over a heap: the same names, answers and errors.
//!
//! ```
//! use twinheap::{control::gc, Config, Gc, Heap, RefCount, Rootable, Slot, Trace};
//! #[derive(Trace)]
//! #[trace(manager = RefCount)]
//! struct Node<'gc>(Slot<'gc, Node<'gc>, RefCount>);
//! struct R;
//! impl Rootable<RefCount> for R {
//!     type Root<'gc> = Slot<'gc, Node<'gc>, RefCount>;
//! }
//! let heap = Heap::<R, RefCount>::new(Config::default(), |_| Slot::empty())?;
//! let mut mutator = heap.mutator()?;
//! mutator.mutate(|mc, _| {
//!     let own = Gc::new(mc, Node(Slot::empty()));
//!     own.0.set(mc, Some(own.clone()));
//!     assert_eq!(gc::get_threshold(mc), [2000, 10, 10]);
//! });
//! assert_eq!(gc::collect(&mut mutator, 2)?, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//! | in Python | here | under the tricolor managers |
//! |---|---|---|
//! | `enable()`, `disable()`, `isenabled()` | [`enable`], [`disable`], [`is_enabled`] | the same |
//! | `collect(g)` | [`collect`] | `g` is checked, then everything is collected |
//! | `get_count()` | [`get_count`] | containers since the last collection, 0, 0 |
//! | `get_threshold()`, `set_threshold(…)` | [`get_threshold`], [`set_threshold`] | kept; a first one of 0 is `disable()` |
//! | `get_stats()` | [`get_stats`] | generation 2 alone |
//! | `get_objects(g)` | [`get_objects`] | one mutator only; all in generation 2 |
//! | `get_referrers(…)`, `get_referents(…)` | [`get_referrers`], [`get_referents`] | one mutator only |
//! | `is_tracked(x)`, `is_finalized(x)` | [`is_tracked`], [`is_finalized`] | the same |
//! | `freeze()`, `unfreeze()` | [`freeze`], [`unfreeze`] | pins what lives; nothing where there are many mutators |
//! | `get_freeze_count()` | [`get_freeze_count`] | the same |
//! | `callbacks` | [`Mutator::callbacks`], [`Heap::callbacks`](crate::Heap::callbacks) | on the collector's thread |
//! | `garbage` | [`garbage`], [`clear_garbage`] | the same; finalizers run first, and do not prevent it |
//! | `set_debug(f)`, `get_debug()` | [`set_debug`], [`get_debug`] | the same, on the collector's thread; see [`set_debug`] |
//!
//! A container is what CPython calls an object with a GC head.  What a Rust type system says already is no error here: a
//! generation or a threshold is an `i32`, CPython's C int.
//! Not here: Go's words.  Overview: `control`.

use crate::{
    heap::Mutator,
    object::{
        any::GcAny,
        managed::{Cause, Command, GenerationStats, Manager, OneMutator, Request},
        root::Rootable,
        session::Mutation,
    },
};
use std::fmt;

pub use crate::object::managed::debug::{
    COLLECTABLE as DEBUG_COLLECTABLE, LEAK as DEBUG_LEAK, SAVEALL as DEBUG_SAVEALL, STATS as DEBUG_STATS,
    UNCOLLECTABLE as DEBUG_UNCOLLECTABLE,
};

/// A generation that there is not.  The texts are CPython's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GenerationError {
    /// [`collect`] knows 0, 1 and 2.
    Invalid,
    /// [`get_objects`]: below 0.
    Negative,
    /// [`get_objects`]: above 2.
    TooOld,
}
impl fmt::Display for GenerationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GenerationError::Invalid => "invalid generation",
            GenerationError::Negative => "generation parameter cannot be negative",
            GenerationError::TooOld => "generation parameter must be less than the number of available generations (3)",
        })
    }
}
impl std::error::Error for GenerationError {}

/// Collections by themselves, on.
pub fn enable<M: Manager>(mc: &Mutation<'_, M>) {
    mc.control(Command::SetAutomatic(true));
}
/// Collections by themselves, off.  [`collect`] works all the same.
pub fn disable<M: Manager>(mc: &Mutation<'_, M>) {
    mc.control(Command::SetAutomatic(false));
}
/// Whether collections by themselves are on.
pub fn is_enabled<M: Manager>(mc: &Mutation<'_, M>) -> bool {
    mc.control(Command::Read).automatic
}

/// Collects this generation and the younger ones now, with finalizers where the heap runs them itself; how many containers
/// it released, or kept ([`DEBUG_SAVEALL`]).
///
/// 0 within another collection (a callback, a `Drop`), and while one waits for its finalizers.  With
/// [`Finalizers::Manual`](crate::config::Finalizers::Manual) what waits for finalizers is not counted:
/// [`Mutator::finish_collection`] says.  Cost: a look at every object of the generations (`RefCount`: 2 is all of them).
///
/// # Errors
/// [`GenerationError::Invalid`].
pub fn collect<R: Rootable<M>, M: Manager>(
    mutator: &mut Mutator<R, M>,
    generation: i32,
) -> Result<usize, GenerationError> {
    if !(0..=2).contains(&generation) {
        return Err(GenerationError::Invalid);
    }
    let request = Request { generation: generation as u8, save_all: false, cause: Cause::Asked };
    Ok(mutator.collect(request).objects)
}

/// Containers allocated less released since the last collection (never below 0), collections of generation 0 since the last
/// of 1, and of 1 since the last of 2.
pub fn get_count<M: Manager>(mc: &Mutation<'_, M>) -> [usize; 3] {
    mc.control(Command::Read).counts
}
/// The three thresholds.
pub fn get_threshold<M: Manager>(mc: &Mutation<'_, M>) -> [i64; 3] {
    mc.control(Command::Read).thresholds
}
/// Sets thresholds; `None` leaves one as it is.  With a first one of 0 nothing is collected by itself; with a negative one
/// everything that allocates a container collects.
pub fn set_threshold<M: Manager>(mc: &Mutation<'_, M>, first: i32, second: Option<i32>, third: Option<i32>) {
    let new = [Some(first), second, third].map(|t| t.map(i64::from));
    mc.control(Command::SetThresholds(new));
}
/// Collections, and containers they released, by generation since the heap began.
pub fn get_stats<M: Manager>(mc: &Mutation<'_, M>) -> [GenerationStats; 3] {
    mc.control(Command::Read).generations
}

/// Tracked containers, garbage that was not collected yet included: of one generation, or of all with `None` or -1; the
/// young first, those of one generation in the order of birth as long as they are young, the frozen left out.
/// Cost: a look at every block.
///
/// # Errors
/// [`GenerationError::Negative`] below -1, [`GenerationError::TooOld`] above 2.
pub fn get_objects<'gc, M: OneMutator>(
    mc: &Mutation<'gc, M>,
    generation: Option<i32>,
) -> Result<Vec<GcAny<'gc, M>>, GenerationError> {
    let wanted = match generation {
        None | Some(-1) => None,
        Some(g) if g < 0 => return Err(GenerationError::Negative),
        Some(g) if g > 2 => return Err(GenerationError::TooOld),
        Some(g) => Some(g as u8),
    };
    let mut found: [Vec<GcAny<'gc, M>>; 3] = Default::default();
    mc.walk(|object| {
        let state = mc.state_of(&object);
        let shown = state.tracked && wanted.is_none_or(|g| g == state.generation);
        if shown && let Some(of_its_age) = found.get_mut(usize::from(state.generation)) {
            of_its_age.push(object)
        }
    });
    Ok(found.into_iter().flatten().collect())
}
/// The tracked containers, the frozen left out, that refer to any of `targets` themselves.  Cost: a look at every
/// reference in the heap.
pub fn get_referrers<'gc, M: OneMutator>(mc: &Mutation<'gc, M>, targets: &[GcAny<'gc, M>]) -> Vec<GcAny<'gc, M>> {
    let mut found = mc.referrers(targets);
    found.retain(|object| {
        let state = mc.state_of(object);
        state.tracked && state.generation <= 2
    });
    found
}
/// What `objects` refer to, one after the other, each in its type's own order, duplicates kept.
pub fn get_referents<'gc, M: OneMutator>(mc: &Mutation<'gc, M>, objects: &[GcAny<'gc, M>]) -> Vec<GcAny<'gc, M>> {
    let mut found = Vec::new();
    for object in objects {
        mc.referents(object, |referent| found.push(referent.clone()))
    }
    found
}
/// Whether collections look at the object, or would if it referred to anything.
pub fn is_tracked<'gc, M: Manager>(mc: &Mutation<'gc, M>, object: &GcAny<'gc, M>) -> bool {
    mc.state_of(object).tracked
}
/// Whether its finalizer ran, or is queued.
pub fn is_finalized<'gc, M: Manager>(mc: &Mutation<'gc, M>, object: &GcAny<'gc, M>) -> bool {
    mc.state_of(object).finalized
}

/// Moves every container to the permanent generation, which no collection looks at and no listing shows, and the counts to
/// zero.  They still die when nothing refers to them.  Cost: a look at every object (CPython: none).
pub fn freeze<M: Manager>(mc: &Mutation<'_, M>) {
    mc.control(Command::Freeze);
}
/// Moves the permanent generation to the oldest.
pub fn unfreeze<M: Manager>(mc: &Mutation<'_, M>) {
    mc.control(Command::Unfreeze);
}
/// Containers in the permanent generation.  Cost: a look at every object, if there is any.
pub fn get_freeze_count<M: Manager>(mc: &Mutation<'_, M>) -> usize {
    mc.control(Command::Read).frozen
}

/// Sets the debug flags: any of the `DEBUG_` bits, the others kept and ignored.  Lines go to
/// [`Config::debug_output`](crate::Config::debug_output): `STATS` writes three when a collection begins and one when it is
/// over, `COLLECTABLE` one for each container found dead; nothing is ever uncollectable.
///
/// Under the tricolor managers a collection finds all garbage, not cycles alone.  So with [`DEBUG_SAVEALL`] it keeps all
/// containers that became garbage, and only one that is asked for does: none begins by itself as long as the flag is set
/// (a hard limit then answers at once), though [`is_enabled`] says what it said.  Cost of `COLLECTABLE` and `SAVEALL` a
/// collection: a look at every block, during which no mutator can take new memory.
pub fn set_debug<M: Manager>(mc: &Mutation<'_, M>, flags: i32) {
    mc.control(Command::SetDebug(flags));
}
/// The debug flags.
pub fn get_debug<M: Manager>(mc: &Mutation<'_, M>) -> i32 {
    mc.control(Command::Read).debug
}

/// Calls `f` in a session with what [`DEBUG_SAVEALL`] kept since the heap began, or since [`clear_garbage`], in the order
/// in which it was found.  (With [`Finalizers::Manual`](crate::config::Finalizers::Manual) the program gets it from
/// [`Mutation::next_pending`], and this is empty.)
pub fn garbage<R: Rootable<M>, M: Manager, O>(
    mutator: &mut Mutator<R, M>,
    f: impl for<'gc> FnOnce(&'gc Mutation<'gc, M>, Vec<GcAny<'gc, M>>) -> O,
) -> O {
    mutator.garbage(f)
}
/// Lets go of everything that was kept; how many.  What is in a cycle is garbage again.
pub fn clear_garbage<R: Rootable<M>, M: Manager>(mutator: &mut Mutator<R, M>) -> usize {
    mutator.clear_garbage()
}
