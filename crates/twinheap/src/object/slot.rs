//! [`Slot`]: a mutable field that holds a reference or nothing.  One word, lock-free under every manager.
//! Not here: fields that may hold payloads too (`val`), anything larger (`cell`).  Overview: `object`.

use super::session::Mutation;
use super::{
    gc::Gc,
    managed::{Brand, Manager, RawSlot},
    trace::{Trace, Visitor},
    type_info::DropKind,
};
use std::{marker::PhantomData, ptr::NonNull};

/// A nullable, mutable reference to a `T`.
///
/// `get` is a load (and a count, where handles count); `set` is a store with the manager's barrier: nothing under
/// `Null`, the old reference's release under `RefCount` (after the new one can be seen), the snapshot shade under the
/// tricolor managers (Yuasa's deletion barrier; once a value and collection).
#[repr(transparent)]
pub struct Slot<'gc, T, M: Manager> {
    raw: M::RawSlot<'gc, false>,
    of: PhantomData<Gc<'gc, T, M>>,
    brand: Brand<'gc>,
}

impl<'gc, T, M: Manager> Slot<'gc, T, M> {
    /// A slot with `value` in it.
    #[inline(always)]
    pub fn new(value: Option<Gc<'gc, T, M>>) -> Self {
        // SAFETY: the handle's reference goes into the slot.
        let raw = unsafe { M::RawSlot::<'gc, false>::from_owned(into_word(value)) };
        Slot { raw, of: PhantomData, brand: PhantomData }
    }
    /// An empty slot.
    #[inline(always)]
    pub fn empty() -> Self {
        Slot::new(None)
    }
    /// What is in it.
    #[inline(always)]
    pub fn get(&self) -> Option<Gc<'gc, T, M>> {
        // SAFETY: a non-null word in a `Slot<T>` is a `T`; `load` counted a reference for us.
        NonNull::new(self.raw.load()).map(|p| unsafe { Gc::from_owned(p.cast()) })
    }
    /// Whether nothing is in it.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.raw.peek().is_null()
    }
    /// The object, nothing counted for it.
    #[inline(always)]
    pub(crate) fn peek(&self) -> Option<NonNull<T>> {
        NonNull::new(self.raw.peek()).map(NonNull::cast)
    }
    /// Puts `value` in.
    #[inline(always)]
    pub fn set(&self, mc: &Mutation<'gc, M>, value: Option<Gc<'gc, T, M>>) {
        // SAFETY: the handle's reference goes into the slot; the brand ties `mc` to this heap.
        unsafe { self.raw.store(mc.local(), into_word(value)) }
    }
    /// Puts `value` in and hands out what was there.
    #[inline(always)]
    pub fn replace(&self, mc: &Mutation<'gc, M>, value: Option<Gc<'gc, T, M>>) -> Option<Gc<'gc, T, M>> {
        // SAFETY: as in `set` and `get`; the old reference comes with the word.
        unsafe { NonNull::new(self.raw.replace(mc.local(), into_word(value))).map(|p| Gc::from_owned(p.cast())) }
    }
    /// Empties it and hands out what was there.
    #[inline(always)]
    pub fn take(&self, mc: &Mutation<'gc, M>) -> Option<Gc<'gc, T, M>> {
        self.replace(mc, None)
    }
}

impl<T, M: Manager> Default for Slot<'_, T, M> {
    fn default() -> Self {
        Slot::empty()
    }
}

#[inline(always)]
fn into_word<T, M: Manager>(value: Option<Gc<'_, T, M>>) -> *mut u8 {
    match value {
        Some(gc) => gc.into_owned().as_ptr(),
        None => std::ptr::null_mut(),
    }
}

/// The stand-in for `Slot<T>` in type identities.
#[doc(hidden)]
pub struct SlotId<T>(PhantomData<fn() -> T>);

// SAFETY: the reference, if any, once; the raw slot's drop gives it back and does nothing else.
unsafe impl<'gc, T: Trace<'gc, M>, M: Manager> Trace<'gc, M> for Slot<'gc, T, M> {
    type Id = SlotId<T::Id>;
    const NEEDS_TRACE: bool = true;
    const DROP: DropKind = DropKind::None;
    #[inline(always)]
    fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
        if let Some(p) = NonNull::new(self.raw.peek()) {
            visitor.edge(p)
        }
    }
}
