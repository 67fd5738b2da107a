//! What std implements for `Rc`, for [`Cc`].  Overview: `cc`.

use super::Cc;
use crate::{manager::refcount::Local, object::trace::Trace};
use std::{
    fmt,
    panic::{RefUnwindSafe, UnwindSafe},
    pin::Pin,
};

impl<T: Default + Trace<'static, Local>> Default for Cc<T> {
    fn default() -> Self {
        Cc::new(T::default())
    }
}
impl<T: Default + Trace<'static, Local>> Default for Pin<Cc<T>> {
    fn default() -> Self {
        Cc::pin(T::default())
    }
}
impl<T: Trace<'static, Local>> From<T> for Cc<T> {
    fn from(value: T) -> Self {
        Cc::new(value)
    }
}
impl<T: Trace<'static, Local>> From<Box<T>> for Cc<T> {
    fn from(value: Box<T>) -> Self {
        Cc::new(*value)
    }
}
impl<T: ?Sized> AsRef<T> for Cc<T> {
    fn as_ref(&self) -> &T {
        self
    }
}
impl<T: ?Sized> std::borrow::Borrow<T> for Cc<T> {
    fn borrow(&self) -> &T {
        self
    }
}
impl<T: ?Sized + fmt::Debug> fmt::Debug for Cc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}
impl<T: ?Sized + fmt::Display> fmt::Display for Cc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}
impl<T: ?Sized> fmt::Pointer for Cc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&Cc::as_ptr(self), f)
    }
}
impl<T: ?Sized + PartialEq> PartialEq for Cc<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}
impl<T: ?Sized + Eq> Eq for Cc<T> {}
impl<T: ?Sized + PartialOrd> PartialOrd for Cc<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        (**self).partial_cmp(&**other)
    }
}
impl<T: ?Sized + Ord> Ord for Cc<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (**self).cmp(&**other)
    }
}
impl<T: ?Sized + std::hash::Hash> std::hash::Hash for Cc<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (**self).hash(state)
    }
}
impl<T: ?Sized + std::error::Error> std::error::Error for Cc<T> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        T::source(self)
    }
}
#[cfg(unix)]
impl<T: ?Sized + std::os::fd::AsFd> std::os::fd::AsFd for Cc<T> {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        (**self).as_fd()
    }
}
#[cfg(unix)]
impl<T: ?Sized + std::os::fd::AsRawFd> std::os::fd::AsRawFd for Cc<T> {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        (**self).as_raw_fd()
    }
}
// What unwinds leaves a value behind a handle as it left it; as for `Rc`.
impl<T: ?Sized + RefUnwindSafe> UnwindSafe for Cc<T> {}
impl<T: ?Sized + RefUnwindSafe> RefUnwindSafe for Cc<T> {}
// A handle that moves does not move its value.
impl<T: ?Sized> Unpin for Cc<T> {}
