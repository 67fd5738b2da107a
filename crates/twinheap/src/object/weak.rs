//! [`GcWeak`]: a reference that does not keep its target alive, with data of its own and a notice when the target dies.
//!
//! A weak reference is an object (a *box*) whose first field is a [`WeakHead`]: the target's address, not reported to
//! visitors, nulled by the manager when the target dies.  Where there is one mutator the boxes of a target are linked
//! (`boxes`), newest first, which is CPython's order of callbacks.
//! A box may ask to be told (`notify`): then it is queued as `Pending::WeakDied` if it is itself still alive.
//! Not here: when targets die (`manager`).  Overview: `object`.

use super::{
    any::GcAny,
    gc::{Gc, NoRoom},
    managed::Manager,
    session::Mutation,
    trace::{Trace, Visitor},
    type_info::DropKind,
};
use crate::sync::{
    AtomicPtr, AtomicU8,
    Ordering::{Acquire, Relaxed},
};
use std::{marker::PhantomData, ptr::NonNull};

/// The manager's part of a weak box.
pub struct WeakHead {
    /// The target, or null when it has died.
    pub(crate) target: AtomicPtr<u8>,
    /// The next older and the next newer box of the same target and kind, where boxes are linked.
    pub(crate) older: AtomicPtr<WeakHead>,
    pub(crate) newer: AtomicPtr<WeakHead>,
    /// Tricolor: it was dead at F1, and is not known to come back (not 0).
    pub(crate) doubtful: AtomicU8,
    pub(crate) notify: bool,
    /// It is an ephemeron's: a value follows (`ephemeron`).
    pub(crate) is_ephemeron: bool,
}

/// The object behind a weak reference: head, then `data`.
#[repr(C)]
pub struct WeakBox<'gc, D, M: Manager> {
    head: WeakHead,
    data: D,
    of: PhantomData<M::Raw<'gc, u8>>,
}

impl<D, M: Manager> WeakBox<'_, D, M> {
    /// A box without a target, to be bound to one later (`Cc::new_cyclic`).
    pub(crate) fn unbound(data: D) -> Self {
        WeakBox { head: WeakHead::of(std::ptr::null_mut(), false, false), data, of: PhantomData }
    }
    /// The manager's part.
    pub(crate) fn head(&self) -> &WeakHead {
        &self.head
    }
    /// What was stored beside the reference.
    #[inline(always)]
    pub fn data(&self) -> &D {
        &self.data
    }
    /// Whether the target has died.  (False is an answer about the past: only [`Gc::upgrade`] keeps the target.)
    #[inline(always)]
    pub fn is_dead(&self) -> bool {
        self.head.target.load(Acquire).is_null()
    }
}

impl<'gc, D: Trace<'gc, M>, M: Manager> Gc<'gc, WeakBox<'gc, D, M>, M> {
    /// A weak reference to `target` with `data`; with `notify`, told by `Pending::WeakDied` when the target dies.
    ///
    /// # Panics
    /// At the hard limit, or when the system refuses memory: [`Self::try_new_weak`] answers instead.
    pub fn new_weak(mc: &Mutation<'gc, M>, target: &GcAny<'gc, M>, data: D, notify: bool) -> Self {
        match Self::try_new_weak(mc, target, data, notify) {
            Ok(gc) => gc,
            Err(NoRoom { full, .. }) => super::gc::out_of_memory(full),
        }
    }
    /// The same, or the data back.
    ///
    /// # Errors
    /// [`NoRoom`] at the hard limit or when the system refuses memory; nothing has changed.
    pub fn try_new_weak(
        mc: &Mutation<'gc, M>,
        target: &GcAny<'gc, M>,
        data: D,
        notify: bool,
    ) -> Result<Self, NoRoom<D>> {
        const { assert!(align_of::<D>() <= 8) };
        let info = super::type_info::InfoOf::<'gc, WeakBox<'gc, D, M>, M>::INFO;
        // SAFETY: written and born at once, as in `Gc::try_new`; the target is alive (we hold its handle).
        unsafe {
            let p = match M::block(mc.local(), info, info.size) {
                Ok(p) => p,
                Err(full) => return Err(NoRoom { value: data, full }),
            };
            p.cast::<WeakBox<'gc, D, M>>().write(WeakBox {
                head: WeakHead::of(target.ptr().as_ptr(), notify, false),
                data,
                of: PhantomData,
            });
            M::born(mc.local(), info, p);
            M::weak_born(mc.local(), p.cast(), target.ptr());
            Ok(Gc::from_owned(p.cast()))
        }
    }
    /// The target, if it is alive.
    #[inline]
    pub fn upgrade(&self, mc: &Mutation<'gc, M>) -> Option<GcAny<'gc, M>> {
        // SAFETY: our box is alive and its head is its first field (`repr(C)`); the manager hands us a reference.
        unsafe { M::upgrade(mc.local(), self.ptr().cast()).map(|p| GcAny::from_owned(p)) }
    }
}

/// The stand-in in type identities.
#[doc(hidden)]
pub struct WeakBoxId<D>(PhantomData<fn() -> D>);

// SAFETY: the data's references once; the target is not one of them by design; dropping unlinks and drops the data.
unsafe impl<'gc, D: Trace<'gc, M>, M: Manager> Trace<'gc, M> for WeakBox<'gc, D, M> {
    type Id = WeakBoxId<D::Id>;
    const NEEDS_TRACE: bool = D::NEEDS_TRACE;
    const DROP: DropKind = D::DROP;
    const NEEDS_DROP: bool = M::CONSTRAINTS.counted || std::mem::needs_drop::<D>();
    const DROPS_IN_PLACE: bool = false;
    const IS_WEAK_BOX: bool = true;
    const TAG: u8 = D::TAG;
    const IS_TOLD: bool = D::HEARS;
    unsafe fn told_at(p: NonNull<Self>, mc: NonNull<()>) {
        // SAFETY: `mc` is the open session's; the caller gives its reference away.
        unsafe { D::heard(&Gc::from_owned(p), mc.cast::<Mutation<'gc, M>>().as_ref()) }
    }
    #[inline]
    fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
        self.data.trace(visitor)
    }
    unsafe fn drop_at(p: NonNull<Self>) {
        // SAFETY: a whole object nobody uses, by the caller's promise; the head is its first field.
        unsafe {
            M::weak_dying(p.cast());
            p.drop_in_place()
        }
    }
}

/// A weak reference to a `T`.  `Pending` notices and data: see [`WeakBox`].
pub struct GcWeak<'gc, T, M: Manager> {
    weak: Gc<'gc, WeakBox<'gc, (), M>, M>,
    of: PhantomData<Gc<'gc, T, M>>,
}
impl<'gc, T: Trace<'gc, M>, M: Manager> GcWeak<'gc, T, M> {
    /// A weak reference to `target`.  Each call makes a box of its own.
    pub fn new(mc: &Mutation<'gc, M>, target: &Gc<'gc, T, M>) -> Self {
        GcWeak { weak: Gc::new_weak(mc, &GcAny::new(target.clone()), (), false), of: PhantomData }
    }
    /// The target, if it is alive.  Keeps it alive as any handle does.
    pub fn upgrade(&self, mc: &Mutation<'gc, M>) -> Option<Gc<'gc, T, M>> {
        self.weak.upgrade(mc).map(|any| {
            debug_assert!(any.is::<T>());
            // SAFETY: the box was made for a `T`, and the target never changes but to null.
            unsafe { Gc::from_owned(any.into_owned().cast()) }
        })
    }
    /// Whether the target has died.
    pub fn is_dead(&self) -> bool {
        self.weak.is_dead()
    }
}
impl<T, M: Manager> Clone for GcWeak<'_, T, M> {
    fn clone(&self) -> Self {
        GcWeak { weak: self.weak.clone(), of: PhantomData }
    }
}
impl<'gc, T, M: Manager> Gc<'gc, T, M> {
    /// A weak reference to the object.
    pub fn downgrade(&self, mc: &Mutation<'gc, M>) -> GcWeak<'gc, T, M>
    where
        T: Trace<'gc, M>,
    {
        GcWeak::new(mc, self)
    }
}
/// The stand-in in type identities.
#[doc(hidden)]
pub struct GcWeakId<T>(PhantomData<fn() -> T>);
// SAFETY: the box, once.
unsafe impl<'gc, T: Trace<'gc, M>, M: Manager> Trace<'gc, M> for GcWeak<'gc, T, M> {
    type Id = GcWeakId<T::Id>;
    const NEEDS_TRACE: bool = true;
    const DROP: DropKind = DropKind::None;
    fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
        self.weak.trace(visitor)
    }
}

impl WeakHead {
    /// One that is in no list.
    pub(crate) fn of(target: *mut u8, notify: bool, is_ephemeron: bool) -> Self {
        let null = || AtomicPtr::new(std::ptr::null_mut());
        let (target, doubtful) = (AtomicPtr::new(target), AtomicU8::new(0));
        WeakHead { target, older: null(), newer: null(), doubtful, notify, is_ephemeron }
    }
    /// Nulls the target (the manager found it dead).
    #[inline]
    pub(crate) fn clear(&self) {
        self.target.store(std::ptr::null_mut(), Relaxed)
    }
}
