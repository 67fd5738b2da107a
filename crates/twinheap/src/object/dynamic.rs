//! [`GcDyn`]: a handle to an object as a trait object or a slice of it; [`gc_dyn!`](crate::gc_dyn) makes one.
//!
//! The object stays what it is, in its type's span: whoever looks for its references finds its own type there, so a trait
//! needs nothing of `Trace`.  The handle is three words (the object, and the wide pointer), for lack of a stable way to
//! keep a vtable alone.  As in gc-arena 0.7 (`unsize!`), but with a family of trait objects, one for each session, as roots
//! have ([`Rootable`](super::root::Rootable)): so a type that holds such handles has an identity.
//! Not here: `Cc<dyn Trait>` (`cc::unsizing`), fields that change (a `GcCell` holds any; a slot holds one word, and this
//! is three).  Overview: `object`.

use super::{
    any::GcAny,
    gc::Gc,
    managed::Manager,
    trace::{Trace, Visitor},
    type_info::DropKind,
};
use std::{fmt, marker::PhantomData, ops::Deref, ptr::NonNull};

/// A family of unsized types, one for each session: what a [`GcDyn`] dereferences to.
///
/// `struct Shapes; impl<M: Manager> DynFamily<M> for Shapes { type Dyn<'gc> = dyn Shape<'gc, M> + 'gc; }`
pub trait DynFamily<M: Manager>: 'static {
    /// The type, in the session `'gc`.
    type Dyn<'gc>: ?Sized + 'gc;
}

/// A handle to an object of any type that `F::Dyn` can stand for.  Three words; otherwise as [`Gc`].
pub struct GcDyn<'gc, F: DynFamily<M>, M: Manager> {
    object: GcAny<'gc, M>,
    value: NonNull<F::Dyn<'gc>>,
}

/// A [`Gc`] as a [`GcDyn`] of a [`DynFamily`].
///
/// ```
/// use twinheap::{Config, DynFamily, Gc, GcDyn, Heap, Manager, RefCount, Rootable, Trace, gc_dyn};
///
/// trait Shape<'gc, M: Manager> {
///     fn area(&self) -> u64;
/// }
/// #[derive(Trace)]
/// struct Square(u64);
/// impl<'gc, M: Manager> Shape<'gc, M> for Square {
///     fn area(&self) -> u64 {
///         self.0 * self.0
///     }
/// }
/// struct Shapes;
/// impl<M: Manager> DynFamily<M> for Shapes {
///     type Dyn<'gc> = dyn Shape<'gc, M> + 'gc;
/// }
/// struct R;
/// impl<M: Manager> Rootable<M> for R {
///     type Root<'gc> = GcDyn<'gc, Shapes, M>;
/// }
/// let heap = Heap::<R, RefCount>::new(Config::default(), |mc| gc_dyn!(Gc::new(mc, Square(3)) => Shapes)).unwrap();
/// heap.mutator().unwrap().mutate(|_, shape| assert_eq!(shape.area(), 9));
/// ```
#[macro_export]
macro_rules! gc_dyn {
    ($handle:expr => $family:ty) => {{
        let handle = $handle;
        // SAFETY: the closure gives its argument back, coerced: the same address, and what a coercion of raw pointers adds
        // to it is right for the value.
        unsafe { $crate::GcDyn::<'_, $family, _>::widen(handle, |p| p) }
    }};
}

impl<'gc, F: DynFamily<M>, M: Manager> GcDyn<'gc, F, M> {
    /// The handle to what `f` makes of the pointer; [`gc_dyn!`](crate::gc_dyn) is the safe way here.
    ///
    /// # Safety
    /// `f` answers its argument, unsized.
    #[doc(hidden)]
    #[inline(always)]
    pub unsafe fn widen<T: Trace<'gc, M>>(
        gc: Gc<'gc, T, M>,
        f: impl FnOnce(*mut T) -> *mut F::Dyn<'gc>,
    ) -> GcDyn<'gc, F, M> {
        // SAFETY: unsizing changes no address, by the caller's promise.
        let value = unsafe { NonNull::new_unchecked(f(gc.ptr().as_ptr())) };
        GcDyn { object: GcAny::new(gc), value }
    }
    /// The handle that has forgotten what the object is for; [`GcAny::downcast`] goes on from here.
    #[inline]
    pub fn as_any(&self) -> &GcAny<'gc, M> {
        &self.object
    }
    /// Whether both refer to the same object.
    #[inline]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.object.ptr_eq(&other.object)
    }
}
impl<'gc, F: DynFamily<M>, M: Manager> Deref for GcDyn<'gc, F, M> {
    type Target = F::Dyn<'gc>;
    #[inline(always)]
    fn deref(&self) -> &F::Dyn<'gc> {
        // SAFETY: the object's own address, and the object is kept by the handle in us (counting) or the session (tracing).
        // What was added to the address belongs to the object's type; a session's brand is as good as another's to it, since
        // types are parametric in it.
        unsafe { self.value.as_ref() }
    }
}
impl<F: DynFamily<M>, M: Manager> Clone for GcDyn<'_, F, M> {
    #[inline(always)]
    fn clone(&self) -> Self {
        GcDyn { object: self.object.clone(), value: self.value }
    }
}
impl<'gc, F: DynFamily<M>, M: Manager> fmt::Debug for GcDyn<'gc, F, M>
where
    F::Dyn<'gc>: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// The stand-in in type identities.
#[doc(hidden)]
pub struct GcDynId<F>(PhantomData<fn() -> F>);

// SAFETY: the object, once; the wide pointer is its address.
unsafe impl<'gc, F: DynFamily<M>, M: Manager> Trace<'gc, M> for GcDyn<'gc, F, M> {
    type Id = GcDynId<F>;
    const NEEDS_TRACE: bool = true;
    const FIXED: bool = true;
    const DROP: DropKind = DropKind::None;
    #[inline(always)]
    fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
        self.object.trace(visitor)
    }
}
