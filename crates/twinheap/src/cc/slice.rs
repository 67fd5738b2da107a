//! `Cc<[T]>` and `Cc<str>`: a run-time number of elements behind a handle of two words.
//!
//! ```text
//! ┌────────┬────┬────┬─ ─ ─┬───────┬───────┐
//! │ header │ e0 │ e1 │ …   │ slack │ len 8 │   one block; the handle points to e0 and has the length as well
//! └────────┴────┴────┴─ ─ ─┴───────┴───────┘
//! ```
//! The elements begin where any object begins, so that a `Cc<[T; N]>` seen as a `Cc<[T]>` and an object of this sort are
//! alike to whoever has the handle.  The length is for the collector, which has only the address: the last word of the
//! block, which the span knows the end of.  Not here: sequences with a header of their own (`object::tail`).
//! Overview: `cc`.

use super::{Cc, CloneToCc, here};
use crate::{
    alloc::{Full, SpanRef},
    manager::refcount::{Local, header::HEADER_BYTES},
    object::{
        gc::{NoRoom, out_of_memory},
        managed::Manager,
        trace::{Trace, Visitor},
        type_info::{DropKind, InfoOf},
    },
    sync::seeded,
};
use std::{borrow::Cow, mem::ManuallyDrop, ptr::NonNull};

/// What lies in the heap behind a `Cc<[T]>`.
pub struct Elements<T>([T; 0]);

/// Bytes of the word at the end.
const LEN_BYTES: usize = size_of::<usize>();

/// The word with the length of the object at `p`.
///
/// # Safety
/// `p` is the address of a block that was taken for `Elements`.
#[inline(always)]
unsafe fn len_at(p: NonNull<u8>) -> NonNull<usize> {
    // SAFETY: the block ends that far behind its object, and has room for the word (`object_bytes`); sizes of blocks are
    // multiples of 8, so it is aligned.
    unsafe { p.add(SpanRef::of(p).block_bytes() - HEADER_BYTES - LEN_BYTES).cast() }
}
/// Bytes of an object with so many elements.
fn object_bytes<T>(len: usize) -> Option<usize> {
    len.checked_mul(size_of::<T>())?.checked_next_multiple_of(LEN_BYTES)?.checked_add(LEN_BYTES)
}
/// The elements of the object at `p`.
///
/// # Safety
/// `p` is a whole object.
#[inline(always)]
unsafe fn elements<T>(p: NonNull<Elements<T>>) -> NonNull<[T]> {
    // SAFETY: the caller's object.
    let len = unsafe { len_at(p.cast()).read() };
    NonNull::slice_from_raw_parts(p.cast(), len)
}

// SAFETY: each element once.
unsafe impl<'gc, T: Trace<'gc, Local>> Trace<'gc, Local> for Elements<T> {
    type Id = Elements<T::Id>;
    const NEEDS_TRACE: bool = T::NEEDS_TRACE;
    const FIXED: bool = T::FIXED;
    const DROP: DropKind = T::DROP;
    const NEEDS_DROP: bool = std::mem::needs_drop::<T>();
    const DROPS_IN_PLACE: bool = false;
    const ELEMENT_SIZE: usize = size_of::<T>();
    fn trace<V: Visitor<Local>>(&self, _: &mut V) {
        // Never a part of another value (it cannot be made outside of a block): `visit_at` is the way in.
    }
    #[inline]
    unsafe fn visit_at<V: Visitor<Local>>(p: NonNull<Self>, visitor: &mut V) {
        if T::NEEDS_TRACE && !seeded("slice_not_looked_into") {
            // SAFETY: a whole object that may be read, by the caller's promise.
            for element in unsafe { elements(p).as_ref() } {
                element.trace(visitor)
            }
        }
    }
    unsafe fn drop_at(p: NonNull<Self>) {
        // SAFETY: a whole object nobody uses, by the caller's promise.  First to last, as a `Vec`; the others go too when
        // one of them panics.
        unsafe { elements(p).drop_in_place() }
    }
}

impl<T: Trace<'static, Local>> Cc<[T]> {
    /// A slice of `len` elements that `fill` writes.
    ///
    /// # Safety
    /// `fill` writes them all, and neither unwinds nor runs anybody's code.
    unsafe fn build(len: usize, fill: impl FnOnce(NonNull<T>)) -> Result<Cc<[T]>, Full> {
        const { assert!(align_of::<T>() <= 8, "objects are aligned to 8 bytes") };
        let local = here::local();
        here::run_due();
        let info = InfoOf::<'static, Elements<T>, Local>::INFO;
        let Some(bytes) = object_bytes::<T>(len) else {
            return Err(Full { requested_bytes: usize::MAX, used_bytes: 0, limit_bytes: None });
        };
        // SAFETY: `T: Trace` for this manager; the object is written whole before `born`, and nothing else happens.
        unsafe {
            let p = Local::block(local, info, bytes)?;
            len_at(p).write(len);
            fill(p.cast());
            Local::born(local, info, p);
            Ok(Cc::at(NonNull::slice_from_raw_parts(p.cast(), len)))
        }
    }
    /// A slice of the vector's elements, moved, or the vector back.  May collect first, and runs finalizers that wait.
    ///
    /// # Errors
    /// [`NoRoom`] when the system refuses memory; nothing has changed.
    pub fn try_from_vec(mut from: Vec<T>) -> Result<Cc<[T]>, NoRoom<Vec<T>>> {
        // SAFETY: the elements are moved: copied once, and the vector forgets them in the same breath.
        let made = unsafe {
            Cc::build(from.len(), |to: NonNull<T>| {
                to.as_ptr().copy_from_nonoverlapping(from.as_ptr(), from.len());
                from.set_len(0)
            })
        };
        made.map_err(|full| NoRoom { value: from, full })
    }
}

impl<T: Trace<'static, Local>> From<Vec<T>> for Cc<[T]> {
    /// Moves the elements.
    ///
    /// # Panics
    /// When the system refuses memory.
    #[track_caller]
    fn from(from: Vec<T>) -> Self {
        Cc::try_from_vec(from).unwrap_or_else(|no| out_of_memory(no.full))
    }
}
impl<T: Trace<'static, Local>> From<Box<[T]>> for Cc<[T]> {
    fn from(from: Box<[T]>) -> Self {
        from.into_vec().into()
    }
}
impl<T: Trace<'static, Local>, const N: usize> From<[T; N]> for Cc<[T]> {
    /// Moves the elements.  (`unsize!(Cc::new(array) => [T])` is a value of another type to the heap, which keeps values of
    /// one type together.)
    ///
    /// # Panics
    /// When the system refuses memory.
    #[track_caller]
    fn from(from: [T; N]) -> Self {
        let mut from = ManuallyDrop::new(from);
        // SAFETY: the elements are moved: copied once, and not dropped where they were.
        let made = unsafe { Cc::build(N, |to: NonNull<T>| to.as_ptr().copy_from_nonoverlapping(from.as_ptr(), N)) };
        made.unwrap_or_else(|full| {
            // SAFETY: nothing was moved.
            unsafe { ManuallyDrop::drop(&mut from) };
            out_of_memory(full)
        })
    }
}
impl<T: Trace<'static, Local> + Clone> From<&[T]> for Cc<[T]> {
    fn from(from: &[T]) -> Self {
        from.to_vec().into()
    }
}
impl<T: Trace<'static, Local> + Clone> From<&mut [T]> for Cc<[T]> {
    fn from(from: &mut [T]) -> Self {
        from.to_vec().into()
    }
}
impl<T: Trace<'static, Local>> FromIterator<T> for Cc<[T]> {
    /// By way of a vector.
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        items.into_iter().collect::<Vec<T>>().into()
    }
}
impl<T: Trace<'static, Local>> Default for Cc<[T]> {
    /// Without elements; 16 bytes all the same.
    fn default() -> Self {
        Vec::new().into()
    }
}
impl<T: Trace<'static, Local> + Clone + 'static> CloneToCc for [T] {
    fn clone_to_cc(&self) -> Cc<[T]> {
        self.into()
    }
}
impl<T, const N: usize> TryFrom<Cc<[T]>> for Cc<[T; N]> {
    type Error = Cc<[T]>;
    /// The same value, seen as an array.
    fn try_from(slice: Cc<[T]>) -> Result<Self, Cc<[T]>> {
        // What the value is to the heap stays as it was; its first N elements are all of it.
        if slice.len() == N { Ok(Cc::at(slice.into_pointer().cast())) } else { Err(slice) }
    }
}

impl From<&str> for Cc<str> {
    /// # Panics
    /// When the system refuses memory.
    #[track_caller]
    fn from(from: &str) -> Self {
        // SAFETY: plain bytes into fresh memory with room for them.
        let bytes = unsafe {
            Cc::<[u8]>::build(from.len(), |to| to.as_ptr().copy_from_nonoverlapping(from.as_ptr(), from.len()))
        };
        let p = bytes.unwrap_or_else(|full| out_of_memory(full)).into_pointer();
        // SAFETY: not null; `str` has the layout of its bytes, which are text.
        Cc::at(unsafe { NonNull::new_unchecked(p.as_ptr() as *mut str) })
    }
}
impl From<&mut str> for Cc<str> {
    fn from(from: &mut str) -> Self {
        Cc::from(&*from)
    }
}
impl From<String> for Cc<str> {
    fn from(from: String) -> Self {
        Cc::from(from.as_str())
    }
}
impl From<Box<str>> for Cc<str> {
    fn from(from: Box<str>) -> Self {
        Cc::from(&*from)
    }
}
impl From<Cc<str>> for Cc<[u8]> {
    /// The same value, seen as bytes.
    fn from(from: Cc<str>) -> Self {
        let p = from.into_pointer();
        // SAFETY: not null; `str` has the layout of its bytes.
        Cc::at(unsafe { NonNull::new_unchecked(p.as_ptr() as *mut [u8]) })
    }
}
impl Default for Cc<str> {
    fn default() -> Self {
        Cc::from("")
    }
}
impl CloneToCc for str {
    fn clone_to_cc(&self) -> Cc<str> {
        self.into()
    }
}
impl<'a, B: ?Sized + ToOwned> From<Cow<'a, B>> for Cc<B>
where
    Cc<B>: From<&'a B> + From<B::Owned>,
{
    fn from(from: Cow<'a, B>) -> Self {
        match from {
            Cow::Borrowed(from) => Cc::from(from),
            Cow::Owned(from) => Cc::from(from),
        }
    }
}
