//! [`Tail`]: an object whose last part is a run-time number of elements.
//!
//! ```text
//! ┌───────┬────────┬────┬────┬─ ─ ─┐
//! │ len 8 │ header │ e0 │ e1 │ …   │     one block; the handle is one word
//! └───────┴────────┴────┴────┴─ ─ ─┘
//! ```
//! Instances (`header` = class, elements = [`ValSlot`]s), tuples (elements = `Val`), strings (elements = bytes).
//! Elements are moved in as bytes, from a vector's end, or begin as zeroes: no user code runs while the block is half
//! written, so nothing half-built is ever seen.
//! Not here: blocks (`alloc`), text (`text`).  Overview: `object`.

use super::{
    gc::{Gc, out_of_memory},
    managed::Manager,
    session::Mutation,
    slot::Slot,
    trace::{Trace, Visitor, worst_drop},
    type_info::{DropKind, InfoOf, Kind},
    val::ValSlot,
};
use crate::alloc::Full;
use std::{marker::PhantomData, mem::offset_of, ops::Range, ptr::NonNull};

/// A header and `len` elements in one block.  Only ever seen through a [`Gc`].
#[repr(C)]
pub struct Tail<H, E> {
    len: usize,
    header: H,
    elements: [E; 0],
}

impl<H, E> Tail<H, E> {
    /// The header.
    #[inline(always)]
    pub fn header(&self) -> &H {
        &self.header
    }
    /// How many elements there are.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }
    /// Whether there are none.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    const fn object_bytes(len: usize) -> Option<usize> {
        match len.checked_mul(size_of::<E>()) {
            Some(bytes) => bytes.checked_add(offset_of!(Self, elements)),
            None => None,
        }
    }
}

/// Elements that begin as zero bytes.  Sealed.
///
/// # Safety
/// All-zero bytes are a valid value that holds no reference.
pub unsafe trait ZeroInit {}
macro_rules! zeroes { ($($t:ty),*) => {$(
    // SAFETY: a number's zero.
    unsafe impl ZeroInit for $t {}
)*} }
zeroes!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize, f32, f64);
zeroes!(std::sync::atomic::AtomicU8, std::sync::atomic::AtomicU32, std::sync::atomic::AtomicU64);
// SAFETY: the null word is "nothing".
unsafe impl<M: Manager> ZeroInit for ValSlot<'_, M> {}
// SAFETY: as above.
unsafe impl<T, M: Manager> ZeroInit for Slot<'_, T, M> {}

impl<'gc, H, E, M: Manager> Gc<'gc, Tail<H, E>, M>
where
    H: Trace<'gc, M>,
    E: Trace<'gc, M>,
{
    /// An object with `len` elements that `fill` writes.
    #[inline]
    fn build(mc: &Mutation<'gc, M>, header: H, len: usize, fill: impl FnOnce(NonNull<E>)) -> Result<Self, Full> {
        const { assert!(align_of::<H>() <= 8 && align_of::<E>() <= 8, "objects are aligned to 8 bytes") };
        let info = InfoOf::<'gc, Tail<H, E>, M>::INFO;
        let Some(bytes) = Tail::<H, E>::object_bytes(len) else {
            return Err(Full { requested_bytes: usize::MAX, used_bytes: 0, limit_bytes: None });
        };
        // SAFETY: the object is written whole before `born`, and `fill` (private callers: copies and zeroes of
        // memory) neither unwinds nor runs user code.
        unsafe {
            let p = M::block(mc.local(), info, bytes.max(8))?;
            let object = p.cast::<Tail<H, E>>();
            object.write(Tail { len, header, elements: [] });
            fill(p.add(offset_of!(Tail<H, E>, elements)).cast());
            M::born(mc.local(), info, p);
            Ok(Gc::from_owned(object))
        }
    }

    /// An object with `len` elements, each as if all its bytes were zero.
    ///
    /// # Errors
    /// [`Full`] at the hard limit or when the system refuses memory.
    #[inline]
    pub fn try_with_zeroed_tail(mc: &Mutation<'gc, M>, header: H, len: usize) -> Result<Self, Full>
    where
        E: ZeroInit,
    {
        // SAFETY: the block has room for `len` elements, and zeroes are valid by `ZeroInit`.
        Self::build(mc, header, len, |to| unsafe { to.as_ptr().write_bytes(0, len) })
    }
    /// An object with `len` elements, each as if all its bytes were zero.
    ///
    /// # Panics
    /// Where [`Self::try_with_zeroed_tail`] answers an error.
    #[inline]
    #[track_caller]
    pub fn with_zeroed_tail(mc: &Mutation<'gc, M>, header: H, len: usize) -> Self
    where
        E: ZeroInit,
    {
        Self::try_with_zeroed_tail(mc, header, len).unwrap_or_else(|full| out_of_memory(full))
    }
    /// An object whose elements are `from[start..]`, moved out of the vector.
    ///
    /// # Errors
    /// [`Full`], the vector unchanged.
    ///
    /// # Panics
    /// When `start` is beyond the vector's length.
    #[inline]
    pub fn try_from_end(mc: &Mutation<'gc, M>, header: H, from: &mut Vec<E>, start: usize) -> Result<Self, Full> {
        let len = from.len().checked_sub(start).expect("start is within the vector");
        // SAFETY: the elements are moved: copied once, and the vector forgets them in the same breath.
        Self::build(mc, header, len, |to| unsafe {
            from.set_len(start);
            to.as_ptr().copy_from_nonoverlapping(from.as_ptr().add(start), len)
        })
    }
    /// An object with these elements.
    ///
    /// # Panics
    /// At the hard limit, or when the system refuses memory.
    #[inline]
    #[track_caller]
    pub fn with_tail(mc: &Mutation<'gc, M>, header: H, elements: impl IntoIterator<Item = E>) -> Self {
        let mut elements: Vec<E> = elements.into_iter().collect();
        Self::try_from_end(mc, header, &mut elements, 0).unwrap_or_else(|full| out_of_memory(full))
    }
    /// An object with a copy of these elements.
    ///
    /// # Errors
    /// [`Full`].
    #[inline]
    pub fn try_copy_from(mc: &Mutation<'gc, M>, header: H, elements: &[E]) -> Result<Self, Full>
    where
        E: Copy,
    {
        // SAFETY: `Copy` elements into fresh memory with room for them.
        Self::build(mc, header, elements.len(), |to| unsafe {
            to.as_ptr().copy_from_nonoverlapping(elements.as_ptr(), elements.len())
        })
    }

    /// The elements.
    #[inline(always)]
    pub fn tail(&self) -> &[E] {
        tail_of(self)
    }
}

/// The elements; through the handle and not through `&Tail`, whose reach ends with the header.
#[inline(always)]
pub(crate) fn tail_of<'a, 'gc, H, E, M: Manager>(gc: &'a Gc<'gc, Tail<H, E>, M>) -> &'a [E] {
    let p = gc.ptr();
    // SAFETY: the object is whole and kept by the handle; `len` never changes.
    unsafe {
        let first = p.cast::<u8>().add(offset_of!(Tail<H, E>, elements)).cast::<E>();
        std::slice::from_raw_parts(first.as_ptr(), (*p.as_ptr()).len)
    }
}

/// Header and elements of the object at `p`.
///
/// # Safety
/// A whole object, which is there for `'a`.
#[inline(always)]
pub(crate) unsafe fn parts<'a, H, E>(p: NonNull<Tail<H, E>>) -> (&'a H, &'a [E]) {
    // SAFETY: whole, by the caller's promise; `len` never changes.
    unsafe {
        let first = p.cast::<u8>().add(offset_of!(Tail<H, E>, elements)).cast::<E>();
        (&(*p.as_ptr()).header, std::slice::from_raw_parts(first.as_ptr(), (*p.as_ptr()).len))
    }
}

/// The stand-in in type identities.
#[doc(hidden)]
pub struct TailId<H, E>(PhantomData<fn() -> (H, E)>);

// SAFETY: header and elements once each; under `RefCount` elements are dropped last to first, as CPython's tuples.
unsafe impl<'gc, H: Trace<'gc, M>, E: Trace<'gc, M>, M: Manager> Trace<'gc, M> for Tail<H, E> {
    type Id = TailId<H::Id, E::Id>;
    const NEEDS_TRACE: bool = H::NEEDS_TRACE || E::NEEDS_TRACE;
    const FIXED: bool = H::FIXED && E::FIXED;
    const DROP: DropKind = worst_drop(&[H::DROP, E::DROP]);
    // The header says what the whole is: a class's instance, a tuple, a list's storage.
    const KIND: Kind = match (Self::NEEDS_TRACE, H::KIND) {
        (false, _) => Kind::Leaf,
        (true, Kind::Internal) => Kind::Internal,
        (true, _) => Kind::Container,
    };
    const NEEDS_DROP: bool = std::mem::needs_drop::<H>() || std::mem::needs_drop::<E>();
    const DROPS_IN_PLACE: bool = false;
    const ELEMENT_SIZE: usize = size_of::<E>();
    const TAG: u8 = H::TAG;
    const HAS_FINALIZER: bool = H::HAS_FINALIZER;

    fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
        // A tail is never a part of another value (it cannot be made outside of a block): `visit_at` is the way in.
        self.header.trace(visitor)
    }
    #[inline]
    unsafe fn visit_at<V: Visitor<M>>(p: NonNull<Self>, visitor: &mut V) {
        // SAFETY: a whole object that may be read, by the caller's promise.
        unsafe { Self::visit_piece_at(p, 0..(*p.as_ptr()).len, visitor) }
    }
    unsafe fn tail_len_at(p: NonNull<Self>) -> usize {
        // SAFETY: a whole object, by the caller's promise; its length never changes.
        unsafe { (*p.as_ptr()).len }
    }
    #[inline]
    unsafe fn visit_piece_at<V: Visitor<M>>(p: NonNull<Self>, range: Range<usize>, visitor: &mut V) {
        // SAFETY: a whole object that may be read, and elements of it, by the caller's promise.
        unsafe {
            if range.start == 0 {
                (*p.as_ptr()).header.trace(visitor);
            }
            if E::NEEDS_TRACE {
                let first = p.cast::<u8>().add(offset_of!(Tail<H, E>, elements)).cast::<E>();
                for i in range {
                    first.add(i).as_ref().trace(visitor)
                }
            }
        }
    }
    unsafe fn drop_at(p: NonNull<Self>) {
        // SAFETY: a whole object nobody uses, by the caller's promise.
        let len = if std::mem::needs_drop::<E>() { unsafe { (*p.as_ptr()).len } } else { 0 };
        Rest { object: p, len, left: len, in_order: H::TAIL_IN_ORDER }.drop_elements()
    }
}

/// What is not dropped yet of an object that is being dropped.  It goes with this, also when one of the elements panics.
struct Rest<H, E> {
    object: NonNull<Tail<H, E>>,
    len: usize,
    /// Elements that are not dropped: the last ones in order, the first ones otherwise.
    left: usize,
    in_order: bool,
}
impl<H, E> Rest<H, E> {
    #[inline(always)]
    fn drop_elements(&mut self) {
        while self.left > 0 {
            self.left -= 1;
            let i = if self.in_order { self.len - 1 - self.left } else { self.left };
            // SAFETY: a whole object nobody uses (`drop_at`); each element is counted off before it is dropped, once.
            unsafe {
                let first = self.object.cast::<u8>().add(offset_of!(Tail<H, E>, elements)).cast::<E>();
                first.add(i).drop_in_place()
            }
        }
    }
}
impl<H, E> Drop for Rest<H, E> {
    #[inline(always)]
    fn drop(&mut self) {
        self.drop_elements();
        // SAFETY: as above; the header is dropped here only.
        unsafe { (&raw mut (*self.object.as_ptr()).header).drop_in_place() }
    }
}

/// Marks a tail's object as part of another one (`Kind::Internal`): a list's storage, say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Storage;
// SAFETY: no reference, no drop.
unsafe impl<'gc, M: Manager> Trace<'gc, M> for Storage {
    type Id = Storage;
    const NEEDS_TRACE: bool = false;
    const DROP: DropKind = DropKind::None;
    const KIND: Kind = Kind::Internal;
    #[inline(always)]
    fn trace<V: Visitor<M>>(&self, _: &mut V) {}
}

/// A byte of text, as a tail's element: only whole `str`s are ever stored, so that they can be read back.
///
/// Neither `Clone` nor made anywhere else: no slice of these that is no `str` can be put together.
#[repr(transparent)]
pub struct TextByte(u8);
// SAFETY: no reference, no drop.
unsafe impl<'gc, M: Manager> Trace<'gc, M> for TextByte {
    type Id = TextByte;
    const NEEDS_TRACE: bool = false;
    const DROP: DropKind = DropKind::None;
    #[inline(always)]
    fn trace<V: Visitor<M>>(&self, _: &mut V) {}
}

impl<'gc, H: Trace<'gc, M>, M: Manager> Gc<'gc, Tail<H, TextByte>, M> {
    /// An object of a header and a copy of `text`.
    ///
    /// # Errors
    /// [`Full`].
    #[inline]
    pub fn try_text(mc: &Mutation<'gc, M>, header: H, text: &str) -> Result<Self, Full> {
        // SAFETY: `TextByte` is transparent over `u8`; plain bytes into fresh memory with room for them.
        Self::build(mc, header, text.len(), |to| unsafe {
            to.as_ptr().cast::<u8>().copy_from_nonoverlapping(text.as_ptr(), text.len())
        })
    }
    /// The text.
    #[inline(always)]
    pub fn text(&self) -> &str {
        let bytes = tail_of(self);
        // SAFETY: transparent over `u8`, and a `TextByte` tail is made by `try_text` only (nobody owns or copies such an
        // element, so neither `try_from_end` nor `try_copy_from` can be given one); its bytes are a `str` for ever.
        unsafe { std::str::from_utf8_unchecked(&*(&raw const *bytes as *const [u8])) }
    }
}
