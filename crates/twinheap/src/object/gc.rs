//! [`Gc`]: a handle to an object.  One word; `Copy` under tracing managers, counted under counting ones.
//! Not here: fields that change (`slot`, `cell`).  Overview: `object`.

use super::{
    managed::{Brand, Manager, RawGc},
    session::Mutation,
    trace::{Trace, Visitor},
    type_info::{DropKind, InfoOf, TypeInfo},
};
use crate::alloc::Full;
use std::{
    fmt, hash,
    marker::PhantomData,
    mem::{ManuallyDrop, MaybeUninit},
    ops::Deref,
    ptr::NonNull,
};

/// A handle to an object of type `T` in the heap whose session is `'gc`.
///
/// Dereferences to the object.  `Clone` is a count under `RefCount` and a copy under tracing managers, where the
/// handle is `Copy` too (generic code may only use `Clone`).  Handles cannot leave their session.
#[repr(transparent)]
pub struct Gc<'gc, T, M: Manager> {
    raw: M::Raw<'gc, T>,
    brand: Brand<'gc>,
}

/// A value of up to two words on its way to its block.
///
/// Two words pass in registers, so that nothing has to be kept over a call that is rare.  Not as a `T`: an array of two would
/// pass through memory, written as two words and read as one of twice the length, which waits for the writes.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct TwoWords(MaybeUninit<usize>, MaybeUninit<usize>);

impl TwoWords {
    /// Whether a `T` fits.
    pub(crate) const fn hold<T>() -> bool {
        size_of::<T>() <= size_of::<TwoWords>() && align_of::<T>() <= align_of::<TwoWords>()
    }
    /// Takes over the value, which must fit.
    #[inline(always)]
    pub(crate) fn of<T>(value: T) -> TwoWords {
        debug_assert!(TwoWords::hold::<T>());
        let value = ManuallyDrop::new(value);
        let mut words = TwoWords(MaybeUninit::uninit(), MaybeUninit::uninit());
        // SAFETY: both are at least as long; words that may be uninitialized hold any bytes, addresses with what they lead to.
        unsafe { (&raw mut words).cast::<u8>().copy_from_nonoverlapping((&raw const value).cast(), size_of::<T>()) };
        words
    }
    /// Moves the value to `p`.
    ///
    /// # Safety
    /// The value is a `T`, taken once; `p` has room for it.
    #[inline(always)]
    pub(crate) unsafe fn write<T>(self, p: NonNull<u8>) {
        // SAFETY: the caller's promise.
        unsafe { p.as_ptr().copy_from_nonoverlapping((&raw const self).cast(), size_of::<T>()) }
    }
    /// Hands the value out.
    ///
    /// # Safety
    /// The value is a `T`, taken once.
    pub(crate) unsafe fn take<T>(self) -> T {
        // SAFETY: the caller's promise; `hold` looked at the alignment.
        unsafe { (&raw const self).cast::<T>().read() }
    }
}

/// The stand-in for `Gc<T>` in type identities.
#[doc(hidden)]
pub struct GcId<T: ?Sized>(PhantomData<fn() -> Box<T>>);

impl<'gc, T, M: Manager> Gc<'gc, T, M> {
    /// A new object.  Cost: about a dozen instructions when the thread's open span has room.
    ///
    /// # Panics
    /// At the hard limit, or when the system refuses memory; [`Gc::try_new`] answers instead.
    #[inline]
    #[track_caller]
    pub fn new(mc: &Mutation<'gc, M>, value: T) -> Self
    where
        T: Trace<'gc, M>,
    {
        match Self::try_new(mc, value) {
            Ok(gc) => gc,
            Err(NoRoom { full, .. }) => out_of_memory(full),
        }
    }

    /// A new object, or the value back.
    ///
    /// # Errors
    /// [`NoRoom`] at the hard limit or when the system refuses memory; nothing has changed.
    #[inline]
    pub fn try_new(mc: &Mutation<'gc, M>, value: T) -> Result<Self, NoRoom<T>>
    where
        T: Trace<'gc, M>,
    {
        const { assert!(align_of::<T>() <= 8, "objects are aligned to 8 bytes") };
        let info = InfoOf::<'gc, T, M>::INFO;
        // SAFETY: `T: Trace<'gc, M>` may live in a heap of `M`, whose session `mc` is; the write and `born` follow at once.
        unsafe {
            if M::CONSTRAINTS.counted && TwoWords::hold::<T>() {
                let words = TwoWords::of(value);
                let Some(p) = M::quick_block(mc.local(), info) else { return Self::place_slowly(mc, info, words) };
                words.write::<T>(p);
                M::born_quickly(mc.local(), info, p);
                return Ok(Self::from_owned(p.cast()));
            }
            let p = match M::quick_block(mc.local(), info) {
                Some(p) => p,
                None => match M::slow_block(mc.local(), info) {
                    Ok(p) => p,
                    Err(full) => return Err(NoRoom { value, full }),
                },
            };
            p.cast::<T>().write(value);
            M::born_quickly(mc.local(), info, p);
            Ok(Self::from_owned(p.cast()))
        }
    }
    /// With the caller's `info`: the constant may have another address here, and what is set up for that address next
    /// would be of no use to the caller.
    ///
    /// # Safety
    /// `words` are a `T`, whose description `info` is.
    #[cold]
    #[inline(never)]
    unsafe fn place_slowly(mc: &Mutation<'gc, M>, info: &'static TypeInfo, words: TwoWords) -> Result<Self, NoRoom<T>>
    where
        T: Trace<'gc, M>,
    {
        // SAFETY: as above, and the caller's promise.
        unsafe {
            let value: T = words.take();
            match M::slow_block(mc.local(), info) {
                Ok(p) => {
                    p.cast::<T>().write(value);
                    M::born_quickly(mc.local(), info, p);
                    Ok(Self::from_owned(p.cast()))
                }
                Err(full) => Err(NoRoom { value, full }),
            }
        }
    }

    /// Takes over one reference.
    ///
    /// # Safety
    /// `p` is a `T` that is alive in the heap and session of `'gc`; the caller gives one reference away.
    #[inline(always)]
    pub(crate) unsafe fn from_owned(p: NonNull<T>) -> Self {
        // SAFETY: the caller's promise.
        Gc { raw: unsafe { M::Raw::from_owned(p) }, brand: PhantomData }
    }
    #[inline(always)]
    pub(crate) fn ptr(&self) -> NonNull<T> {
        self.raw.ptr()
    }
    /// The reference itself, its count not given back.
    #[inline(always)]
    pub(crate) fn into_owned(self) -> NonNull<u8> {
        let p = self.raw.ptr();
        std::mem::forget(self);
        p.cast()
    }

    /// Whether both handles refer to the same object.
    #[inline(always)]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.ptr() == other.ptr()
    }
    /// The object's address: stable, and unique among living objects (Python's `id`).
    #[inline(always)]
    pub fn address(&self) -> usize {
        self.ptr().addr().get()
    }
}

/// No room for a value; it comes back with the reason.
pub struct NoRoom<T> {
    /// The value that did not fit.
    pub value: T,
    /// Why.
    pub full: Full,
}
impl<T> fmt::Debug for NoRoom<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.full, f)
    }
}
impl<T> fmt::Display for NoRoom<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.full, f)
    }
}
impl<T> std::error::Error for NoRoom<T> {}

#[cold]
#[track_caller]
pub(crate) fn out_of_memory(full: Full) -> ! {
    panic!("{full}")
}

impl<'gc, T, M: Manager> Gc<'gc, T, M>
where
    M::Raw<'gc, T>: Copy,
{
    /// The object for as long as the session (tracing managers only: a counting one may release it earlier).
    #[inline(always)]
    pub fn get_ref(self) -> &'gc T {
        // SAFETY: only tracing managers have words that are `Copy`, and they free nothing that a session can reach
        // before the session ends (I2).
        unsafe { &*self.ptr().as_ptr() }
    }
}
// `Copy` for the managers whose words are: `manager/traced.rs`.
impl<T, M: Manager> Clone for Gc<'_, T, M> {
    #[inline(always)]
    fn clone(&self) -> Self {
        Gc { raw: self.raw.clone(), brand: PhantomData }
    }
}
impl<T, M: Manager> Deref for Gc<'_, T, M> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the handle keeps the object (counting), or its session does (tracing, I2).
        unsafe { self.raw.ptr().as_ref() }
    }
}
impl<T: fmt::Debug, M: Manager> fmt::Debug for Gc<'_, T, M> {
    /// The object, then its address.  Cycles of references print without end: use `{:p}` for those.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
impl<T, M: Manager> fmt::Pointer for Gc<'_, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&self.ptr(), f)
    }
}

// SAFETY: one reference, reported once; no drop glue but the count's.
unsafe impl<'gc, T: Trace<'gc, M>, M: Manager> Trace<'gc, M> for Gc<'gc, T, M> {
    type Id = GcId<T::Id>;
    const NEEDS_TRACE: bool = true;
    const FIXED: bool = true;
    const DROP: DropKind = DropKind::None;
    #[inline(always)]
    fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
        visitor.edge(self.ptr().cast())
    }
}

/// A handle as a key: equality and hash are those of the address, which never changes.
pub struct ByAddress<'gc, T, M: Manager>(pub Gc<'gc, T, M>);
impl<T, M: Manager> PartialEq for ByAddress<'_, T, M> {
    fn eq(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0)
    }
}
impl<T, M: Manager> Eq for ByAddress<'_, T, M> {}
impl<T, M: Manager> hash::Hash for ByAddress<'_, T, M> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        state.write_usize(self.0.address())
    }
}
impl<T, M: Manager> Clone for ByAddress<'_, T, M> {
    fn clone(&self) -> Self {
        ByAddress(self.0.clone())
    }
}
/// The stand-in in type identities.
#[doc(hidden)]
pub struct ByAddressId<T>(PhantomData<fn() -> T>);

// SAFETY: forwarded.
unsafe impl<'gc, T: Trace<'gc, M>, M: Manager> Trace<'gc, M> for ByAddress<'gc, T, M> {
    type Id = ByAddressId<T::Id>;
    const NEEDS_TRACE: bool = true;
    const FIXED: bool = true;
    const DROP: DropKind = DropKind::None;
    #[inline(always)]
    fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
        self.0.trace(visitor)
    }
}
