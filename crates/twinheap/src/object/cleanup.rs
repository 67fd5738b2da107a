//! [`Cleanup`]: what runs after an object has died, and never sees it.
//!
//! Beside [`Finalize`](super::trace::Finalize), which does:
//!
//! | | `Finalize` | `Cleanup` |
//! |---|---|---|
//! | belongs to | a type: `#[trace(finalize)]` | an object, whatever its type, as many as one likes |
//! | sees | the object, whole | the argument it was made with |
//! | may bring the object back | yes; it lives on, and is not finalized again | no: nothing leads to it |
//! | delays the release by | a collection, under the tricolor managers and in cycles | nothing |
//! | runs | before weak references die, at a count of zero; after them, in a cycle | when weak references die |
//! | in a cycle of several | each, in order of creation (`RefCount`); referrers first (tricolor, see `Finalize`) | each, no order |
//! | can be called off | no | [`Cleanup::stop`] |
//! | when the heap is taken down | does not run | does not run |
//! | a panic in it | swallowed, counted (`Stats::finalizer_panics`) | the same |
//! | as in | Python's `__del__`, Go's `SetFinalizer` | Python's `weakref.finalize`, Go's `AddCleanup` |
//!
//! So an object that its finalizer brings back out of a cycle has had its cleanups run, as in Python.
//! Both run in an ordinary session and never inside a drop.  Not here: when an object is dead (`manager`).  Overview: `object`.

use super::{
    any::GcAny,
    cell::GcCell,
    gc::Gc,
    managed::Manager,
    session::Mutation,
    trace::{Static, Trace, Visitor},
    type_info::DropKind,
    weak::WeakBox,
};
use crate::sync::{AtomicUsize, Ordering::Relaxed};

/// What runs, with its argument.
pub(super) struct Errand<'gc, A, M: Manager> {
    /// `None` when it ran, or was stopped.
    argument: GcCell<Option<A>, M>,
    run: Run<'gc, A, M>,
    /// The box's pin, plus one; 0 when there is none any more.
    pin: Static<AtomicUsize>,
}
type Run<'gc, A, M> = fn(A, &'gc Mutation<'gc, M>);

/// The right to call off a cleanup; dropping it calls off nothing.
pub struct Cleanup<'gc, A, M: Manager> {
    told: Gc<'gc, WeakBox<'gc, Errand<'gc, A, M>, M>, M>,
}

impl<'gc, A: Trace<'gc, M>, M: Manager> Cleanup<'gc, A, M> {
    /// Calls `run(argument)` once, some time after `target` has died: at the end of the session that released it
    /// (`RefCount`), or of the collection that found it.  With
    /// [`Finalizers::Manual`](crate::config::Finalizers::Manual) the program gets it from
    /// [`Mutation::next_pending`] and calls [`Pending::run`](super::session::Pending::run).
    ///
    /// The heap holds the argument until then.  If the target can be reached from it, the target never dies.
    /// Cost: a small object, a pin, a weak reference.
    pub fn new<T>(
        mc: &'gc Mutation<'gc, M>,
        target: &Gc<'gc, T, M>,
        argument: A,
        run: fn(A, &'gc Mutation<'gc, M>),
    ) -> Self {
        const { assert!(M::SESSIONS, "behind a `Cc` a leaf's `Drop` is what runs after an object has died") };
        let errand = Errand { argument: GcCell::new(Some(argument)), run, pin: Static(AtomicUsize::new(0)) };
        let told = Gc::new_weak(mc, &GcAny::new(target.clone()), errand, true);
        // SAFETY: alive, we hold a handle; the pin gets a reference of its own.
        let pin = unsafe { M::pin(M::shared(mc.local()), told.clone().into_owned()) };
        told.data().pin.store(pin + 1, Relaxed);
        Cleanup { told }
    }
    /// Calls it off and lets go of the argument; whether it was in time.
    pub fn stop(&self, mc: &Mutation<'gc, M>) -> bool {
        take(&self.told, mc).is_some()
    }
}
impl<A, M: Manager> Clone for Cleanup<'_, A, M> {
    fn clone(&self) -> Self {
        Cleanup { told: self.told.clone() }
    }
}

type Told<'gc, A, M> = Gc<'gc, WeakBox<'gc, Errand<'gc, A, M>, M>, M>;

/// The argument, the first time; the heap holds the box no more.
fn take<'gc, A: Trace<'gc, M>, M: Manager>(told: &Told<'gc, A, M>, mc: &Mutation<'gc, M>) -> Option<A> {
    let errand = told.data();
    let argument = errand.argument.borrow_mut(mc).take();
    if let Some(pin) = errand.pin.swap(0, Relaxed).checked_sub(1) {
        // SAFETY: made in `new` for this heap, and swapped out once.
        unsafe { M::unpin(M::shared(mc.local()), pin) }
    }
    argument
}

/// The stand-in in type identities.
#[doc(hidden)]
pub struct ErrandId<A>(std::marker::PhantomData<fn() -> A>);

// SAFETY: the argument's references, once, in its cell; a function and a number hold none.
unsafe impl<'gc, A: Trace<'gc, M>, M: Manager> Trace<'gc, M> for Errand<'gc, A, M> {
    type Id = ErrandId<A::Id>;
    const NEEDS_TRACE: bool = A::NEEDS_TRACE;
    const FIXED: bool = !A::NEEDS_TRACE;
    const DROP: DropKind = A::DROP;
    const HEARS: bool = true;
    #[inline]
    fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
        self.argument.trace(visitor)
    }
    fn heard(told: &Gc<'gc, WeakBox<'gc, Self, M>, M>, mc: &'gc Mutation<'gc, M>) {
        if let Some(argument) = take(told, mc) {
            (told.data().run)(argument, mc)
        }
    }
}
/// The stand-in in type identities.
#[doc(hidden)]
pub struct CleanupId<A>(std::marker::PhantomData<fn() -> A>);
// SAFETY: the box, once.
unsafe impl<'gc, A: Trace<'gc, M>, M: Manager> Trace<'gc, M> for Cleanup<'gc, A, M> {
    type Id = CleanupId<A::Id>;
    const NEEDS_TRACE: bool = true;
    const DROP: DropKind = DropKind::None;
    fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
        self.told.trace(visitor)
    }
}
