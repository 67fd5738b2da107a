//! [`Val`]: one word that is a reference, or a payload of the runtime's own; [`ValSlot`]: the same, as a mutable field.
//!
//! ```text
//! 0                                         nothing
//! ppp…ppp000   p ≠ 0                        a reference (objects are aligned to 8)
//! xxx…xxxttt   t = 1…7                      61 bits of payload under tag t, uninterpreted
//! ```
//! A runtime keeps small integers, floats it can pack, booleans and None inline, and pays a load or store for a field.
//! Not here: what the payloads mean.  Overview: `object`.

use super::session::Mutation;
use super::{
    any::GcAny,
    gc::Gc,
    managed::{Brand, Manager, RawSlot, RawVal},
    trace::{Trace, Visitor},
    type_info::{DropKind, InfoOf, TypeInfo},
};
use std::{marker::PhantomData, ptr::NonNull};

/// Bits of the tag.
pub const TAG_BITS: u32 = 3;
const TAG_MASK: usize = (1 << TAG_BITS) - 1;
const _: () = assert!(usize::BITS == 64, "a tagged word has 61 bits of payload: 64-bit targets only");

/// A tagged word.
#[repr(transparent)]
pub struct Val<'gc, M: Manager> {
    raw: M::RawVal<'gc>,
    brand: Brand<'gc>,
}

/// What a [`Val`] is.
pub enum Unpacked<'a, 'gc, M: Manager> {
    /// Nothing.
    Empty,
    /// A payload: its tag (1 to 7) and the whole word, tag included.
    Payload(u8, u64),
    /// A reference.
    Ref(&'a GcAny<'gc, M>),
}

impl<'gc, M: Manager> Val<'gc, M> {
    /// Nothing: the word 0.
    #[inline(always)]
    pub fn empty() -> Self {
        // SAFETY: null holds no reference.
        Val { raw: unsafe { M::RawVal::from_owned(std::ptr::null_mut()) }, brand: PhantomData }
    }
    /// A payload, given as the whole word: the low three bits are the tag, from 1 to 7.
    ///
    /// # Panics
    /// When the tag is 0: that would be a reference.
    #[inline(always)]
    pub fn payload(word: u64) -> Self {
        assert!(word as usize & TAG_MASK != 0, "a payload needs a tag from 1 to 7");
        let word = std::ptr::without_provenance_mut(word as usize);
        // SAFETY: a tagged word holds no reference.
        Val { raw: unsafe { M::RawVal::from_owned(word) }, brand: PhantomData }
    }
    /// A reference.
    #[inline(always)]
    pub fn from_gc<T>(gc: Gc<'gc, T, M>) -> Self {
        // SAFETY: the handle's reference goes into the value.
        Val { raw: unsafe { M::RawVal::from_owned(gc.into_owned().as_ptr()) }, brand: PhantomData }
    }
    /// A reference.
    #[inline(always)]
    pub fn from_any(any: GcAny<'gc, M>) -> Self {
        // SAFETY: as in `from_gc`.
        Val { raw: unsafe { M::RawVal::from_owned(any.into_owned().as_ptr()) }, brand: PhantomData }
    }
    /// The word: an address, or payload and tag.  Equal words are the same object or the same payload.
    #[inline(always)]
    pub fn bits(&self) -> u64 {
        self.raw.word().addr() as u64
    }
    /// The low three bits.
    #[inline(always)]
    pub fn tag(&self) -> u8 {
        (self.raw.word().addr() & TAG_MASK) as u8
    }
    /// Whether it is nothing.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.raw.word().is_null()
    }
    /// Whether it is a reference.
    #[inline(always)]
    pub fn is_ref(&self) -> bool {
        is_reference(self.raw.word())
    }
    /// What it is.
    #[inline(always)]
    pub fn unpack(&self) -> Unpacked<'_, 'gc, M> {
        match self.as_any() {
            Some(any) => Unpacked::Ref(any),
            None if self.is_empty() => Unpacked::Empty,
            None => Unpacked::Payload(self.tag(), self.bits()),
        }
    }
    /// The reference, erased.
    #[inline(always)]
    pub fn as_any(&self) -> Option<&GcAny<'gc, M>> {
        if self.is_ref() {
            // SAFETY: both are transparent over one word that refers to an object.
            Some(unsafe { &*(&raw const *self).cast::<GcAny<'gc, M>>() })
        } else {
            None
        }
    }
    /// The reference, if it is one to a `T`.  Cost: a mask, two loads, a compare.
    #[inline(always)]
    pub fn downcast_ref<T: Trace<'gc, M>>(&self) -> Option<&Gc<'gc, T, M>> {
        let p = self.raw.word();
        if !is_reference(p) {
            return None;
        }
        // SAFETY: a reference's span says the type; both are transparent over the same word.
        unsafe {
            let info = TypeInfo::of(NonNull::new_unchecked(p));
            info.is(InfoOf::<'gc, T, M>::INFO).then(|| &*(&raw const *self).cast::<Gc<'gc, T, M>>())
        }
    }
    /// The reference, if it is one to a `T`; otherwise the value back.
    ///
    /// # Errors
    /// The value itself.
    #[inline]
    pub fn downcast<T: Trace<'gc, M>>(self) -> Result<Gc<'gc, T, M>, Self> {
        if self.downcast_ref::<T>().is_none() {
            return Err(self);
        }
        let p = self.into_word();
        // SAFETY: just checked; the reference moves.
        Ok(unsafe { Gc::from_owned(NonNull::new_unchecked(p).cast()) })
    }
    #[inline(always)]
    pub(crate) fn into_word(self) -> *mut u8 {
        let word = self.raw.word();
        std::mem::forget(self);
        word
    }
    /// # Safety
    /// As [`RawVal::from_owned`].
    #[inline(always)]
    pub(crate) unsafe fn from_owned(word: *mut u8) -> Self {
        // SAFETY: the caller's promise.
        Val { raw: unsafe { M::RawVal::from_owned(word) }, brand: PhantomData }
    }
}

/// Whether a word is a reference: not null, tag 0.
#[inline(always)]
pub(crate) fn is_reference(word: *mut u8) -> bool {
    // Tag 0 and not null: one compare after the mask's wrap-around would need two as well.
    word.addr() & TAG_MASK == 0 && !word.is_null()
}

impl<M: Manager> Clone for Val<'_, M> {
    #[inline(always)]
    fn clone(&self) -> Self {
        Val { raw: self.raw.clone(), brand: PhantomData }
    }
}
impl<M: Manager> Default for Val<'_, M> {
    fn default() -> Self {
        Val::empty()
    }
}
impl<M: Manager> std::fmt::Debug for Val<'_, M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Val({:#x})", self.bits())
    }
}

/// The stand-in in type identities.
#[doc(hidden)]
pub struct ValId;

// SAFETY: the reference, if it is one, once; dropping gives it back.
unsafe impl<'gc, M: Manager> Trace<'gc, M> for Val<'gc, M> {
    type Id = ValId;
    const NEEDS_TRACE: bool = true;
    const FIXED: bool = true;
    const DROP: DropKind = DropKind::None;
    #[inline(always)]
    fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
        let p = self.raw.word();
        if is_reference(p) {
            // SAFETY: not null, just checked.
            visitor.edge(unsafe { NonNull::new_unchecked(p) })
        }
    }
}

/// A [`Val`] as a mutable field: `get` is a load, `set` a store with the manager's barrier, as in [`super::slot::Slot`].
#[repr(transparent)]
pub struct ValSlot<'gc, M: Manager> {
    raw: M::RawSlot<'gc, true>,
    brand: Brand<'gc>,
}

impl<'gc, M: Manager> ValSlot<'gc, M> {
    /// A slot with `value` in it.
    #[inline(always)]
    pub fn new(value: Val<'gc, M>) -> Self {
        // SAFETY: the value's reference goes into the slot.
        ValSlot { raw: unsafe { M::RawSlot::<'gc, true>::from_owned(value.into_word()) }, brand: PhantomData }
    }
    /// What is in it.
    #[inline(always)]
    pub fn get(&self) -> Val<'gc, M> {
        // SAFETY: `load` counted a reference for us.
        unsafe { Val::from_owned(self.raw.load()) }
    }
    /// The word in it, without counting: to compare or to test a tag.
    #[inline(always)]
    pub fn bits(&self) -> u64 {
        self.raw.peek().addr() as u64
    }
    /// Puts `value` in.
    #[inline(always)]
    pub fn set(&self, mc: &Mutation<'gc, M>, value: Val<'gc, M>) {
        // SAFETY: the value's reference goes into the slot; the brand ties `mc` to this heap.
        unsafe { self.raw.store(mc.local(), value.into_word()) }
    }
    /// Puts `value` in and hands out what was there.
    #[inline(always)]
    pub fn replace(&self, mc: &Mutation<'gc, M>, value: Val<'gc, M>) -> Val<'gc, M> {
        // SAFETY: as in `set`; the old reference comes with the word.
        unsafe { Val::from_owned(self.raw.replace(mc.local(), value.into_word())) }
    }
    /// Empties it and hands out what was there.
    #[inline(always)]
    pub fn take(&self, mc: &Mutation<'gc, M>) -> Val<'gc, M> {
        self.replace(mc, Val::empty())
    }
}
impl<M: Manager> Default for ValSlot<'_, M> {
    fn default() -> Self {
        ValSlot::new(Val::empty())
    }
}

/// The stand-in in type identities.
#[doc(hidden)]
pub struct ValSlotId;

// SAFETY: as for `Val`.
unsafe impl<'gc, M: Manager> Trace<'gc, M> for ValSlot<'gc, M> {
    type Id = ValSlotId;
    const NEEDS_TRACE: bool = true;
    const DROP: DropKind = DropKind::None;
    #[inline(always)]
    fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
        let p = self.raw.peek();
        if is_reference(p) {
            // SAFETY: not null, just checked.
            visitor.edge(unsafe { NonNull::new_unchecked(p) })
        }
    }
}
