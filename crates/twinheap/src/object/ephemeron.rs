//! [`Ephemeron`]: a key that it does not keep, and a value that it keeps while the key lives: what a weak map is made of.
//!
//! A weak box (`weak`) with a value: the manager finds it by its head, clears it when the key dies, and lets go of the value
//! then.  To visitors the value is a reference of its own sort (`Visitor::ephemeron`), which counts only if the key is alive
//! by other references than those: a value that refers to its own key does not keep it.
//! Not here: the table (`weak_map`), when keys are dead (`manager`).  Overview: `object`.

use super::{
    gc::Gc,
    managed::{Brand, Manager, RawSlot},
    session::Mutation,
    trace::{Trace, Visitor},
    type_info::{DropKind, InfoOf, Kind},
    val::is_reference,
    weak::WeakHead,
    word::Word,
};
use crate::{alloc::Full, sync::Ordering::Acquire};
use std::{
    marker::PhantomData,
    mem::offset_of,
    ptr::{NonNull, null_mut},
};

/// The object.  Of one type a manager, whatever keys and values are: so all lie in the same spans.
#[repr(C)]
pub struct Ephemeron<'gc, M: Manager> {
    head: WeakHead,
    value: M::RawSlot<'gc, true>,
    brand: Brand<'gc>,
}

/// Where an ephemeron's value lies: a raw slot of its manager.
///
/// # Safety
/// `head` is the first field of an ephemeron.
pub(crate) unsafe fn value_of(head: NonNull<WeakHead>) -> NonNull<u8> {
    // SAFETY: `repr(C)`, and the const below: the value follows the head.
    unsafe { head.add(1).cast() }
}

impl<'gc, M: Manager> Ephemeron<'gc, M> {
    /// One for `key`, without a value yet.
    ///
    /// # Errors
    /// [`Full`].
    pub(super) fn new(mc: &Mutation<'gc, M>, key: NonNull<u8>) -> Result<Gc<'gc, Self, M>, Full> {
        const { assert!(offset_of!(Self, value) == size_of::<WeakHead>() && offset_of!(Self, head) == 0) };
        let info = InfoOf::<'gc, Self, M>::INFO;
        // SAFETY: written and born at once, as in `Gc::try_new`; the caller holds a handle to the key.
        unsafe {
            let p = M::block(mc.local(), info, info.size)?;
            p.cast::<Self>().write(Ephemeron {
                head: WeakHead::of(key.as_ptr(), false, true),
                value: M::RawSlot::<'gc, true>::from_owned(null_mut()),
                brand: PhantomData,
            });
            M::born(mc.local(), info, p);
            M::weak_born(mc.local(), p.cast(), key);
            Ok(Gc::from_owned(p.cast()))
        }
    }
    /// The manager's part.
    pub(super) fn head(&self) -> &WeakHead {
        &self.head
    }
    /// Whether it is that of the object at `key`, which is alive.
    #[inline(always)]
    pub(super) fn is_of(&self, key: NonNull<u8>) -> bool {
        self.head.target.load(Acquire) == key.as_ptr()
    }
    /// Whether its key has died.
    #[inline(always)]
    pub(super) fn is_dead(&self) -> bool {
        self.head.target.load(Acquire).is_null()
    }
    /// Its value.
    ///
    /// # Safety
    /// Its words are `V`'s.
    #[inline(always)]
    pub(super) unsafe fn get<V: Word<'gc, M>>(&self) -> Option<V> {
        // SAFETY: the caller's promise; `load` counted a reference for us.
        unsafe { V::from_word(self.value.load()) }
    }
    /// Stores its value and hands the old one out.
    ///
    /// # Safety
    /// Its words are `V`'s.
    #[inline(always)]
    pub(super) unsafe fn replace<V: Word<'gc, M>>(&self, mc: &Mutation<'gc, M>, value: V) -> Option<V> {
        // SAFETY: the caller's promise; the references move with the words.
        unsafe { V::from_word(self.value.replace(mc.local(), value.into_word())) }
    }
}

/// The stand-in in type identities.
#[doc(hidden)]
pub struct EphemeronId;

// SAFETY: the value's reference, if it is one, once; the key is not one of them by design; dropping unlinks, and gives the
// value back.
unsafe impl<'gc, M: Manager> Trace<'gc, M> for Ephemeron<'gc, M> {
    type Id = EphemeronId;
    const NEEDS_TRACE: bool = true;
    const DROP: DropKind = DropKind::None;
    const KIND: Kind = Kind::Internal;
    const NEEDS_DROP: bool = M::CONSTRAINTS.counted;
    const DROPS_IN_PLACE: bool = false;
    const IS_WEAK_BOX: bool = true;
    #[inline]
    fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
        let value = self.value.peek();
        if is_reference(value) {
            // SAFETY: not null, just checked.
            visitor.ephemeron(self.head.target.load(Acquire), unsafe { NonNull::new_unchecked(value) })
        }
    }
    unsafe fn drop_at(p: NonNull<Self>) {
        // SAFETY: a whole object nobody uses, by the caller's promise; the head is its first field.
        unsafe {
            M::weak_dying(p.cast());
            p.drop_in_place()
        }
    }
}
