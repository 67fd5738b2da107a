//! [`Lifo`]: a vector whose elements are dropped last to first, as a Python list lets go of its own.
//! Otherwise a `Vec`, which it dereferences to.  Overview: `object`.

use super::{
    managed::Manager,
    trace::{Trace, Visitor},
    type_info::DropKind,
};
use std::ops::{Deref, DerefMut};

/// A `Vec` that drops its elements from the end.
pub struct Lifo<T>(Vec<T>);

impl<T> Lifo<T> {
    /// With these elements.
    pub fn new(items: Vec<T>) -> Self {
        Lifo(items)
    }
    /// The vector itself.
    pub fn into_vec(mut self) -> Vec<T> {
        std::mem::take(&mut self.0)
    }
}
impl<T> Default for Lifo<T> {
    fn default() -> Self {
        Lifo(Vec::new())
    }
}
impl<T> Drop for Lifo<T> {
    #[inline]
    fn drop(&mut self) {
        if std::mem::needs_drop::<T>() {
            while self.0.pop().is_some() {}
        }
    }
}
impl<T> Deref for Lifo<T> {
    type Target = Vec<T>;
    #[inline(always)]
    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}
impl<T> DerefMut for Lifo<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.0
    }
}

// SAFETY: each element once; its drop gives a buffer back and drops elements, as a `Vec`'s does.
unsafe impl<'gc, M: Manager, T: Trace<'gc, M>> Trace<'gc, M> for Lifo<T> {
    type Id = Lifo<T::Id>;
    const NEEDS_TRACE: bool = T::NEEDS_TRACE;
    const DROP: DropKind = <Vec<T> as Trace<'gc, M>>::DROP;
    #[inline]
    fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
        self.0.trace(visitor)
    }
}
