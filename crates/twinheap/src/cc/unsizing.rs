//! [`unsize!`](crate::unsize): a handle to a value as one to a slice or a trait object of it.
//!
//! `Rc` does it by itself, with a trait of the compiler's (`CoerceUnsized`) that no stable one opens to us.  A raw pointer
//! does it too, so the macro lets one do it: the closure is ours, and all it can do is what the compiler does to a raw
//! pointer by itself, which is unsizing.  As in gc-arena 0.7 (`unsize!`).  The value's address stays, and what it is to
//! the heap is written at its span.  Overview: `cc`.

use super::{Cc, Weak};
use std::{any::Any, pin::Pin, ptr::NonNull};

/// A [`Cc`](crate::Cc), a `Pin<Cc<T>>` or a [`Weak`](crate::cc::Weak) handle to `T` as one to `U`, where a `Box<T>` would
/// become a `Box<U>` by itself: an array as a slice, a value as a trait object, a trait object as one of its supertrait.
///
/// ```
/// use std::{any::Any, fmt::Debug};
/// use twinheap::{Cc, unsize};
///
/// let numbers: Cc<[u8]> = unsize!(Cc::new([1, 2, 3]) => [u8]);
/// assert_eq!(numbers.len(), 3);
/// let shown = [unsize!(Cc::new(4) => dyn Debug), unsize!(Cc::new("text") => dyn Debug)];
/// assert_eq!(format!("{shown:?}"), "[4, \"text\"]");
/// let any: Cc<dyn Any> = unsize!(Cc::new(5u32) => dyn Any);
/// assert_eq!(*any.downcast::<u32>().unwrap(), 5);
/// ```
#[macro_export]
macro_rules! unsize {
    ($handle:expr => $to:ty) => {{
        let handle = $handle;
        let widen = $crate::cc::unsizing::widening(&handle, |p| -> *mut $to { p });
        // SAFETY: the closure gives its argument back, coerced: the same address, and what a coercion of raw pointers adds
        // to it is right for the value.
        unsafe { $crate::cc::unsizing::Handle::widen(handle, widen) }
    }};
}

mod sealed {
    /// Closed: the handles are in this crate.
    pub trait Sealed {}
    impl<T: ?Sized + 'static> Sealed for super::Cc<T> {}
    impl<T: ?Sized + 'static> Sealed for super::Weak<T> {}
    impl<T: ?Sized + 'static> Sealed for std::pin::Pin<super::Cc<T>> {}
}

/// What [`unsize!`](crate::unsize) takes.  Sealed.
#[diagnostic::on_unimplemented(message = "`unsize!` takes a `Cc`, a `Pin<Cc<_>>` or a `Weak`, and `{Self}` is none")]
pub trait Handle: sealed::Sealed + Sized {
    /// What it is a handle to.
    type To: ?Sized + 'static;
    /// The same sort of handle to something else.
    type As<U: ?Sized + 'static>;
    /// The handle to what `f` makes of the pointer.
    ///
    /// # Safety
    /// `f` answers its argument, unsized.
    unsafe fn widen<U: ?Sized + 'static>(self, f: impl FnOnce(*mut Self::To) -> *mut U) -> Self::As<U>;
}
impl<T: ?Sized + 'static> Handle for Cc<T> {
    type To = T;
    type As<U: ?Sized + 'static> = Cc<U>;
    #[inline(always)]
    unsafe fn widen<U: ?Sized + 'static>(self, f: impl FnOnce(*mut T) -> *mut U) -> Cc<U> {
        // SAFETY: unsizing changes no address, by the caller's promise; the handle's count moves.
        Cc::at(unsafe { NonNull::new_unchecked(f(self.into_pointer().as_ptr())) })
    }
}
impl<T: ?Sized + 'static> Handle for Weak<T> {
    type To = T;
    type As<U: ?Sized + 'static> = Weak<U>;
    #[inline(always)]
    unsafe fn widen<U: ?Sized + 'static>(self, f: impl FnOnce(*mut T) -> *mut U) -> Weak<U> {
        // SAFETY: as above, and the pointer of a weak handle is not null either.
        self.map_pointer(|p| unsafe { NonNull::new_unchecked(f(p.as_ptr())) })
    }
}

impl<T: ?Sized + 'static> Handle for Pin<Cc<T>> {
    type To = T;
    type As<U: ?Sized + 'static> = Pin<Cc<U>>;
    #[inline(always)]
    unsafe fn widen<U: ?Sized + 'static>(self, f: impl FnOnce(*mut T) -> *mut U) -> Pin<Cc<U>> {
        // SAFETY: the same value, which stays pinned; forwarded.
        unsafe { Pin::new_unchecked(Pin::into_inner_unchecked(self).widen(f)) }
    }
}

/// `f`, whose argument the compiler then knows.
#[inline(always)]
pub fn widening<H: Handle, U: ?Sized, F: FnOnce(*mut H::To) -> *mut U>(_: &H, f: F) -> F {
    f
}

impl Cc<dyn Any> {
    /// The handle as one to a `T`.
    ///
    /// # Errors
    /// The handle itself, when the value is something else.
    pub fn downcast<T: Any>(self) -> Result<Cc<T>, Self> {
        if (*self).is::<T>() { Ok(Cc::at(self.into_pointer().cast())) } else { Err(self) }
    }
}
