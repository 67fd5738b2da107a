//! [`GcStr`]: text in the heap.  Not text with a header of the program's own (`Gc::try_text`).  Overview: `object`.

use super::{
    gc::{Gc, GcId, out_of_memory},
    managed::Manager,
    session::Mutation,
    tail::{Tail, tail_of},
    trace::{Trace, Visitor},
    type_info::DropKind,
};
use crate::alloc::Full;
use std::ops::Deref;

/// Text in the heap, immutable; dereferences to `str`.
#[repr(transparent)]
pub struct GcStr<'gc, M: Manager>(Gc<'gc, Tail<(), u8>, M>);

impl<'gc, M: Manager> GcStr<'gc, M> {
    /// A copy of `text`.
    ///
    /// # Panics
    /// At the hard limit, or when the system refuses memory.
    #[track_caller]
    pub fn new(mc: &Mutation<'gc, M>, text: &str) -> Self {
        Self::try_new(mc, text).unwrap_or_else(|full| out_of_memory(full))
    }
    /// A copy of `text`.
    ///
    /// # Errors
    /// [`Full`].
    pub fn try_new(mc: &Mutation<'gc, M>, text: &str) -> Result<Self, Full> {
        Gc::try_copy_from(mc, (), text.as_bytes()).map(GcStr)
    }
    /// Whether both are the same object.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0)
    }
}
impl<M: Manager> Clone for GcStr<'_, M> {
    fn clone(&self) -> Self {
        GcStr(self.0.clone())
    }
}
impl<M: Manager> Deref for GcStr<'_, M> {
    type Target = str;
    #[inline]
    fn deref(&self) -> &str {
        // SAFETY: the bytes were copied from a `str` and never change.
        unsafe { std::str::from_utf8_unchecked(tail_of(&self.0)) }
    }
}
impl<M: Manager> std::fmt::Debug for GcStr<'_, M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&**self, f)
    }
}
// SAFETY: forwarded.
unsafe impl<'gc, M: Manager> Trace<'gc, M> for GcStr<'gc, M> {
    type Id = GcId<str>;
    const NEEDS_TRACE: bool = true;
    const FIXED: bool = true;
    const DROP: DropKind = DropKind::None;
    #[inline]
    fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
        self.0.trace(visitor)
    }
}
