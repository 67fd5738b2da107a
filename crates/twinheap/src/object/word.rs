//! [`Word`]: values that fit one mutable word; [`WordSlot`]: such a word, of which the library's collections are made.
//!
//! ```text
//! GcVec, GcMap, GcWeakMap  ←  Word, WordSlot  ←  the manager's slot (`RawSlot`): a load, a store with its barrier
//! ```
//! A handle is stored as it is, a [`Val`] too, a small number as a payload under tag 1.  So a collection of any of these
//! is a row of slots: nothing in it is ever behind a `&mut`, no first touch saves more than the one word that is
//! overwritten, and the marker may look at any time.
//! Not here: fields of a program's own (`slot`, `val`).  Overview: `object`.

use super::{
    any::GcAny,
    gc::{ByAddress, Gc},
    managed::{Brand, Manager, RawSlot},
    session::Mutation,
    tail::ZeroInit,
    text::{Bytes, GcBytes, GcStr, Text},
    trace::{Trace, Visitor},
    type_info::DropKind,
    val::{Val, is_reference},
};
use std::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ptr::{NonNull, null_mut},
};

pub(crate) mod sealed {
    /// Closed: what a word of the heap may be is the library's to say.
    pub trait Sealed {}
}

/// What a [`GcVec`](crate::GcVec) or a [`GcMap`](crate::GcMap) can hold: handles ([`Gc`], [`GcAny`], [`ByAddress`],
/// [`GcStr`], [`GcBytes`], `Option<Gc<_>>`), [`Val`]s, and numbers of up to 32 bits, `bool`,
/// `char` and `()`.  Sealed.  Anything larger goes behind a handle.
///
/// # Safety
/// `into_word` gives the reference in the value away with the word, `from_word` takes it back; the word is null, a payload
/// with a tag from 1 to 7, or a reference.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not fit one word of a heap of `{M}`",
    note = "put it behind a handle: `Gc<'gc, {Self}, M>`"
)]
pub unsafe trait Word<'gc, M: Manager>: Trace<'gc, M> + Clone + sealed::Sealed {
    /// Whether the null word is a value.
    #[doc(hidden)]
    const NULL_IS_A_VALUE: bool = false;
    /// The word, and the reference in it.
    #[doc(hidden)]
    fn into_word(self) -> *mut u8;
    /// The value; none for null where that is none.
    ///
    /// # Safety
    /// The word came from `into_word` of this type, or is null; the caller gives its reference away.
    #[doc(hidden)]
    unsafe fn from_word(word: *mut u8) -> Option<Self>;
}

impl<T, M: Manager> sealed::Sealed for Gc<'_, T, M> {}
// SAFETY: the handle's word and reference, moved.
unsafe impl<'gc, T: Trace<'gc, M>, M: Manager> Word<'gc, M> for Gc<'gc, T, M> {
    #[inline(always)]
    fn into_word(self) -> *mut u8 {
        self.into_owned().as_ptr()
    }
    #[inline(always)]
    unsafe fn from_word(word: *mut u8) -> Option<Self> {
        // SAFETY: a word of this type that is not null refers to a `T`; the caller's reference moves.
        NonNull::new(word).map(|p| unsafe { Gc::from_owned(p.cast()) })
    }
}
impl<T, M: Manager> sealed::Sealed for Option<Gc<'_, T, M>> {}
// SAFETY: as above; null is `None`.
unsafe impl<'gc, T: Trace<'gc, M>, M: Manager> Word<'gc, M> for Option<Gc<'gc, T, M>> {
    const NULL_IS_A_VALUE: bool = true;
    #[inline(always)]
    fn into_word(self) -> *mut u8 {
        self.map_or(null_mut(), |gc| gc.into_owned().as_ptr())
    }
    #[inline(always)]
    unsafe fn from_word(word: *mut u8) -> Option<Self> {
        // SAFETY: forwarded.
        Some(unsafe { Gc::from_word(word) })
    }
}
impl<T, M: Manager> sealed::Sealed for ByAddress<'_, T, M> {}
// SAFETY: as the handle in it.
unsafe impl<'gc, T: Trace<'gc, M>, M: Manager> Word<'gc, M> for ByAddress<'gc, T, M> {
    #[inline(always)]
    fn into_word(self) -> *mut u8 {
        self.0.into_word()
    }
    #[inline(always)]
    unsafe fn from_word(word: *mut u8) -> Option<Self> {
        // SAFETY: forwarded.
        unsafe { Gc::from_word(word) }.map(ByAddress)
    }
}
impl<M: Manager> sealed::Sealed for GcAny<'_, M> {}
// SAFETY: the handle's word and reference, moved.
unsafe impl<'gc, M: Manager> Word<'gc, M> for GcAny<'gc, M> {
    #[inline(always)]
    fn into_word(self) -> *mut u8 {
        self.into_owned().as_ptr()
    }
    #[inline(always)]
    unsafe fn from_word(word: *mut u8) -> Option<Self> {
        // SAFETY: not null, so an object; the caller's reference moves.
        NonNull::new(word).map(|p| unsafe { GcAny::from_owned(p) })
    }
}
impl<M: Manager> sealed::Sealed for Val<'_, M> {}
// SAFETY: the value's own word.
unsafe impl<'gc, M: Manager> Word<'gc, M> for Val<'gc, M> {
    const NULL_IS_A_VALUE: bool = true;
    #[inline(always)]
    fn into_word(self) -> *mut u8 {
        Val::into_word(self)
    }
    #[inline(always)]
    unsafe fn from_word(word: *mut u8) -> Option<Self> {
        // SAFETY: forwarded.
        Some(unsafe { Val::from_owned(word) })
    }
}
impl<M: Manager> sealed::Sealed for GcStr<'_, M> {}
// SAFETY: as the handle in it.
unsafe impl<'gc, M: Manager> Word<'gc, M> for GcStr<'gc, M> {
    #[inline(always)]
    fn into_word(self) -> *mut u8 {
        self.into_gc().into_owned().as_ptr()
    }
    #[inline(always)]
    unsafe fn from_word(word: *mut u8) -> Option<Self> {
        // SAFETY: a word of this type that is not null refers to a `Text`; the caller's reference moves.
        NonNull::new(word).map(|p| unsafe { Gc::from_owned(p.cast::<Text>()) }.into())
    }
}
impl<M: Manager> sealed::Sealed for GcBytes<'_, M> {}
// SAFETY: as above.
unsafe impl<'gc, M: Manager> Word<'gc, M> for GcBytes<'gc, M> {
    #[inline(always)]
    fn into_word(self) -> *mut u8 {
        self.into_gc().into_owned().as_ptr()
    }
    #[inline(always)]
    unsafe fn from_word(word: *mut u8) -> Option<Self> {
        // SAFETY: a word of this type that is not null refers to `Bytes`; the caller's reference moves.
        NonNull::new(word).map(|p| unsafe { Gc::from_owned(p.cast::<Bytes>()) }.into())
    }
}

/// The tag of a number in a word.
const NUMBER_TAG: usize = 1;
macro_rules! numbers {
    ($($t:ty, $self:ident => $bits:expr, $word:ident => $back:expr);* $(;)?) => {$(
        impl sealed::Sealed for $t {}
        // SAFETY: a payload under a tag; no reference.
        unsafe impl<'gc, M: Manager> Word<'gc, M> for $t {
            #[inline(always)]
            fn into_word($self) -> *mut u8 {
                std::ptr::without_provenance_mut(($bits as usize) << 3 | NUMBER_TAG)
            }
            #[inline(always)]
            unsafe fn from_word(word: *mut u8) -> Option<Self> {
                let $word = (word.addr() >> 3) as u32;
                if word.is_null() { None } else { Some($back) }
            }
        }
    )*};
}
numbers! {
    u8, self => self, w => w as u8;
    u16, self => self, w => w as u16;
    u32, self => self, w => w;
    i8, self => self as u8, w => w as i8;
    i16, self => self as u16, w => w as i16;
    i32, self => self as u32, w => w as i32;
    f32, self => self.to_bits(), w => f32::from_bits(w);
    bool, self => self, w => w != 0;
    char, self => self, w => char::from_u32(w).unwrap_or(char::REPLACEMENT_CHARACTER);
}
impl sealed::Sealed for () {}
// SAFETY: a payload under a tag; no reference.
unsafe impl<'gc, M: Manager> Word<'gc, M> for () {
    #[inline(always)]
    fn into_word(self) -> *mut u8 {
        std::ptr::without_provenance_mut(NUMBER_TAG)
    }
    #[inline(always)]
    unsafe fn from_word(word: *mut u8) -> Option<Self> {
        (!word.is_null()).then_some(())
    }
}

/// One word of a collection: null, or a `T`.
#[repr(transparent)]
pub struct WordSlot<'gc, T, M: Manager> {
    raw: M::RawSlot<'gc, true>,
    of: PhantomData<T>,
    brand: Brand<'gc>,
}
// SAFETY: the null word is "nothing".
unsafe impl<T, M: Manager> ZeroInit for WordSlot<'_, T, M> {}

impl<'gc, T: Word<'gc, M>, M: Manager> WordSlot<'gc, T, M> {
    /// The word, nothing counted for it.
    #[inline(always)]
    pub(super) fn peek(&self) -> *mut u8 {
        self.raw.peek()
    }
    /// The value.
    #[inline(always)]
    pub(super) fn get(&self) -> Option<T> {
        // SAFETY: a word of a `T`, or null; `load` counted a reference for us.
        unsafe { T::from_word(self.raw.load()) }
    }
    /// The value, by one load, unless the word is null.
    #[inline(always)]
    pub(super) fn get_unless_null(&self) -> Option<Option<T>> {
        let word = self.raw.load();
        // SAFETY: as in `get`; null holds no reference.
        (!word.is_null()).then(|| unsafe { T::from_word(word) })
    }
    /// The value, nothing counted for it and nothing to be given back.
    ///
    /// # Safety
    /// Not used after the slot, or the object it lies in, has let go of the value, and never dropped.
    #[inline(always)]
    pub(super) unsafe fn borrowed(&self) -> Option<ManuallyDrop<T>> {
        // SAFETY: a word of a `T`, or null; the reference stays the slot's.
        unsafe { T::from_word(self.raw.peek()) }.map(ManuallyDrop::new)
    }
    /// Stores a value.
    #[inline(always)]
    pub(super) fn set(&self, mc: &Mutation<'gc, M>, value: T) {
        // SAFETY: the value's reference goes into the slot; the brand ties `mc` to this heap.
        unsafe { self.raw.store(mc.local(), value.into_word()) }
    }
    /// Stores a value and hands the old one out.
    #[inline(always)]
    pub(super) fn replace(&self, mc: &Mutation<'gc, M>, value: T) -> Option<T> {
        // SAFETY: as in `set`; the old reference comes with the word.
        unsafe { T::from_word(self.raw.replace(mc.local(), value.into_word())) }
    }
    /// Empties it and hands out what was there.
    #[inline(always)]
    pub(super) fn take(&self, mc: &Mutation<'gc, M>) -> Option<T> {
        // SAFETY: as above; null holds no reference.
        unsafe { T::from_word(self.raw.replace(mc.local(), null_mut())) }
    }
    /// Takes over the value of `from`.  Where handles count it moves, and `from` is empty then; where readers may be
    /// looking, `from` keeps it.
    #[inline(always)]
    pub(super) fn take_over(&self, mc: &Mutation<'gc, M>, from: &Self) {
        // SAFETY: one reference moves with the word, or none is counted.
        unsafe {
            let word = if M::CONSTRAINTS.counted { from.raw.replace(mc.local(), null_mut()) } else { from.raw.peek() };
            self.raw.store(mc.local(), word)
        }
    }
    /// Takes a copy of the value of `from`.
    #[inline(always)]
    pub(super) fn copy(&self, mc: &Mutation<'gc, M>, from: &Self) {
        // SAFETY: `load` counted a reference, which goes into this slot.
        unsafe { self.raw.store(mc.local(), from.raw.load()) }
    }
}

/// The stand-in in type identities.
#[doc(hidden)]
pub struct WordSlotId<T>(PhantomData<fn() -> T>);

// SAFETY: the reference, if the word is one, once; the raw slot's drop gives it back and does nothing else.
unsafe impl<'gc, T: Trace<'gc, M>, M: Manager> Trace<'gc, M> for WordSlot<'gc, T, M> {
    type Id = WordSlotId<T::Id>;
    const NEEDS_TRACE: bool = T::NEEDS_TRACE;
    const DROP: DropKind = DropKind::None;
    #[inline(always)]
    fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
        let p = self.raw.peek();
        if T::NEEDS_TRACE && is_reference(p) {
            // SAFETY: not null, just checked.
            visitor.edge(unsafe { NonNull::new_unchecked(p) })
        }
    }
}
