//! [`GcAny`]: a handle that has forgotten its type, and can be asked for it.  Overview: `object`.

use super::{
    gc::Gc,
    managed::{Brand, Manager, RawGc},
    trace::{Trace, Visitor},
    type_info::{DropKind, InfoOf, Kind, TypeInfo},
};
use std::{marker::PhantomData, ptr::NonNull};

/// A handle to an object of any type.
#[repr(transparent)]
pub struct GcAny<'gc, M: Manager> {
    raw: M::Raw<'gc, u8>,
    brand: Brand<'gc>,
}

impl<'gc, M: Manager> GcAny<'gc, M> {
    /// Forgets the type.
    #[inline(always)]
    pub fn new<T>(gc: Gc<'gc, T, M>) -> Self {
        // SAFETY: the handle's reference moves.
        unsafe { Self::from_owned(gc.into_owned()) }
    }
    /// # Safety
    /// `p` is an object that is alive in the heap and session of `'gc`; the caller gives one reference away.
    #[inline(always)]
    pub(crate) unsafe fn from_owned(p: NonNull<u8>) -> Self {
        // SAFETY: the caller's promise.
        GcAny { raw: unsafe { M::Raw::from_owned(p) }, brand: PhantomData }
    }
    #[inline(always)]
    pub(crate) fn ptr(&self) -> NonNull<u8> {
        self.raw.ptr()
    }
    #[inline(always)]
    pub(crate) fn into_owned(self) -> NonNull<u8> {
        let p = self.raw.ptr();
        std::mem::forget(self);
        p
    }
    #[inline(always)]
    fn info(&self) -> &'static TypeInfo {
        // SAFETY: a handle refers to an object.
        unsafe { TypeInfo::of(self.ptr()) }
    }
    /// Whether it refers to a `T`.  Cost: a mask, two loads, a compare.
    #[inline(always)]
    pub fn is<T: Trace<'gc, M>>(&self) -> bool {
        self.info().is(InfoOf::<'gc, T, M>::INFO)
    }
    /// The handle as one to a `T`, if it is.
    #[inline(always)]
    pub fn downcast_ref<T: Trace<'gc, M>>(&self) -> Option<&Gc<'gc, T, M>> {
        // SAFETY: both are transparent over the same word; the type was checked.
        self.is::<T>().then(|| unsafe { &*(&raw const *self).cast() })
    }
    /// The handle as one to a `T`.
    ///
    /// # Errors
    /// The handle itself, when it refers to something else.
    pub fn downcast<T: Trace<'gc, M>>(self) -> Result<Gc<'gc, T, M>, Self> {
        if !self.is::<T>() {
            return Err(self);
        }
        // SAFETY: just checked; the reference moves.
        Ok(unsafe { Gc::from_owned(self.into_owned().cast()) })
    }
    /// The object's address.
    #[inline(always)]
    pub fn address(&self) -> usize {
        self.ptr().addr().get()
    }
    /// Whether both refer to the same object.
    #[inline(always)]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.ptr() == other.ptr()
    }
    /// The type's name (with its lifetimes as `'static`; for people).
    pub fn type_name(&self) -> &'static str {
        (self.info().name)()
    }
    /// The type's own number (`#[trace(tag = …)]`, 0 without one).  Cost: a mask, three loads.
    #[inline(always)]
    pub fn tag(&self) -> u8 {
        self.info().tag
    }
    /// What the object is to collections.
    pub fn kind(&self) -> Kind {
        self.info().kind
    }
    /// Bytes of its block, header and slack included.
    pub fn block_bytes(&self) -> usize {
        // SAFETY: a handle refers to an object.
        unsafe { crate::alloc::SpanRef::of(self.ptr()) }.block_bytes()
    }
}
impl<M: Manager> Clone for GcAny<'_, M> {
    #[inline(always)]
    fn clone(&self) -> Self {
        GcAny { raw: self.raw.clone(), brand: PhantomData }
    }
}
impl<M: Manager> std::fmt::Debug for GcAny<'_, M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{} at {:#x}>", self.type_name(), self.address())
    }
}
impl<'gc, T, M: Manager> From<Gc<'gc, T, M>> for GcAny<'gc, M> {
    fn from(gc: Gc<'gc, T, M>) -> Self {
        GcAny::new(gc)
    }
}

/// The stand-in in type identities.
#[doc(hidden)]
pub struct AnyId;

// SAFETY: one reference, reported once; no drop glue but the count's.
unsafe impl<'gc, M: Manager> Trace<'gc, M> for GcAny<'gc, M> {
    type Id = AnyId;
    const NEEDS_TRACE: bool = true;
    const FIXED: bool = true;
    const DROP: DropKind = DropKind::None;
    #[inline(always)]
    fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
        visitor.edge(self.ptr())
    }
}
