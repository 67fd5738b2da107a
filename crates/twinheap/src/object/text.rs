//! [`GcStr`] and [`GcBytes`]: text and bytes in the heap, immutable.
//!
//! Length and bytes lie in the object, the handle is one word; a span of them is never looked into.  Equality, order and
//! hash are those of the contents.  Not text with a header of the program's own (`Gc::try_text`).  Overview: `object`.

use super::{
    gc::{Gc, GcId, out_of_memory},
    managed::Manager,
    session::Mutation,
    tail::{Tail, TextByte, tail_of},
    trace::{Trace, Visitor},
    type_info::DropKind,
};
use crate::alloc::Full;
use std::{
    borrow::Borrow,
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
};

/// The object behind a [`GcStr`].
pub type Text = Tail<(), TextByte>;
/// The object behind a [`GcBytes`].
pub type Bytes = Tail<(), u8>;

/// Text in the heap, immutable; dereferences to `str`.  The handle is one word, `Clone` costs what [`Gc`]'s does.
#[repr(transparent)]
pub struct GcStr<'gc, M: Manager>(Gc<'gc, Text, M>);

/// Bytes in the heap, immutable; dereferences to `[u8]`.  As [`GcStr`] otherwise.
#[repr(transparent)]
pub struct GcBytes<'gc, M: Manager>(Gc<'gc, Bytes, M>);

impl<M: Manager> Deref for GcStr<'_, M> {
    type Target = str;
    #[inline(always)]
    fn deref(&self) -> &str {
        self.0.text()
    }
}
impl<M: Manager> Deref for GcBytes<'_, M> {
    type Target = [u8];
    #[inline(always)]
    fn deref(&self) -> &[u8] {
        tail_of(&self.0)
    }
}
impl<'gc, M: Manager> GcStr<'gc, M> {
    /// A copy of `text`.
    ///
    /// # Errors
    /// [`Full`].
    #[inline]
    pub fn try_new(mc: &Mutation<'gc, M>, text: &str) -> Result<Self, Full> {
        Gc::try_text(mc, (), text).map(GcStr)
    }
}
impl<'gc, M: Manager> GcBytes<'gc, M> {
    /// A copy of `bytes`.
    ///
    /// # Errors
    /// [`Full`].
    #[inline]
    pub fn try_new(mc: &Mutation<'gc, M>, bytes: &[u8]) -> Result<Self, Full> {
        Gc::try_copy_from(mc, (), bytes).map(GcBytes)
    }
}

/// What both have alike: the handle, its contents, and the object.
macro_rules! contents {
    ($($handle:ident, $contents:ty, $object:ty);* $(;)?) => {$(
        impl<'gc, M: Manager> $handle<'gc, M> {
            /// A copy in the heap.  Cost: an allocation and a copy.
            ///
            /// # Panics
            /// At the hard limit, or when the system refuses memory.
            #[inline]
            #[track_caller]
            pub fn new(mc: &Mutation<'gc, M>, contents: &$contents) -> Self {
                Self::try_new(mc, contents).unwrap_or_else(|full| out_of_memory(full))
            }
            /// Whether both are the same object.
            #[inline]
            pub fn ptr_eq(&self, other: &Self) -> bool {
                self.0.ptr_eq(&other.0)
            }
            /// The object's handle: for a `Slot`, or a [`Val`](super::val::Val).
            #[inline(always)]
            pub fn as_gc(&self) -> &Gc<'gc, $object, M> {
                &self.0
            }
            /// The object's handle.
            #[inline(always)]
            pub fn into_gc(self) -> Gc<'gc, $object, M> {
                self.0
            }
        }
        impl<'gc, M: Manager> From<Gc<'gc, $object, M>> for $handle<'gc, M> {
            #[inline(always)]
            fn from(gc: Gc<'gc, $object, M>) -> Self {
                $handle(gc)
            }
        }
        impl<M: Manager> Clone for $handle<'_, M> {
            #[inline(always)]
            fn clone(&self) -> Self {
                $handle(self.0.clone())
            }
        }
        impl<M: Manager> AsRef<$contents> for $handle<'_, M> {
            fn as_ref(&self) -> &$contents {
                self
            }
        }
        impl<M: Manager> Borrow<$contents> for $handle<'_, M> {
            fn borrow(&self) -> &$contents {
                self
            }
        }
        impl<M: Manager> PartialEq for $handle<'_, M> {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                self.ptr_eq(other) || **self == **other
            }
        }
        impl<M: Manager> Eq for $handle<'_, M> {}
        impl<M: Manager> PartialEq<$contents> for $handle<'_, M> {
            fn eq(&self, other: &$contents) -> bool {
                **self == *other
            }
        }
        impl<M: Manager> PartialOrd for $handle<'_, M> {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }
        impl<M: Manager> Ord for $handle<'_, M> {
            fn cmp(&self, other: &Self) -> Ordering {
                (**self).cmp(&**other)
            }
        }
        impl<M: Manager> Hash for $handle<'_, M> {
            fn hash<H: Hasher>(&self, state: &mut H) {
                (**self).hash(state)
            }
        }
        impl<M: Manager> fmt::Debug for $handle<'_, M> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&**self, f)
            }
        }
        // SAFETY: the object's handle, once.
        unsafe impl<'gc, M: Manager> Trace<'gc, M> for $handle<'gc, M> {
            type Id = GcId<$contents>;
            const NEEDS_TRACE: bool = true;
            const FIXED: bool = true;
            const DROP: DropKind = DropKind::None;
            #[inline(always)]
            fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
                self.0.trace(visitor)
            }
        }
    )*};
}
contents! {
    GcStr, str, Text;
    GcBytes, [u8], Bytes;
}
impl<M: Manager> fmt::Display for GcStr<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}
