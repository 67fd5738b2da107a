//! What std implements for `Rc`, for [`Cc`].  Overview: `cc`.

use super::Cc;
use crate::{manager::refcount::Local, object::trace::Trace};
use std::fmt;

impl<T: Default + Trace<'static, Local>> Default for Cc<T> {
    fn default() -> Self {
        Cc::new(T::default())
    }
}
impl<T: Trace<'static, Local>> From<T> for Cc<T> {
    fn from(value: T) -> Self {
        Cc::new(value)
    }
}
impl<T> AsRef<T> for Cc<T> {
    fn as_ref(&self) -> &T {
        self
    }
}
impl<T> std::borrow::Borrow<T> for Cc<T> {
    fn borrow(&self) -> &T {
        self
    }
}
impl<T: fmt::Debug> fmt::Debug for Cc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}
impl<T: fmt::Display> fmt::Display for Cc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}
impl<T> fmt::Pointer for Cc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&self.0, f)
    }
}
impl<T: PartialEq> PartialEq for Cc<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}
impl<T: Eq> Eq for Cc<T> {}
impl<T: PartialOrd> PartialOrd for Cc<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        (**self).partial_cmp(&**other)
    }
}
impl<T: Ord> Ord for Cc<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (**self).cmp(&**other)
    }
}
impl<T: std::hash::Hash> std::hash::Hash for Cc<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (**self).hash(state)
    }
}
