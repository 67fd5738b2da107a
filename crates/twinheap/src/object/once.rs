//! [`GcOnce`]: a slot that is written once.  No barrier: there is no old value, and what is stored was reachable.
//! Overview: `object`.

use super::session::Mutation;
use super::{
    gc::Gc,
    managed::Manager,
    slot::Slot,
    trace::{Trace, Visitor},
    type_info::DropKind,
};
use std::marker::PhantomData;

/// A reference that is set once and never changes.
pub struct GcOnce<'gc, T, M: Manager>(Slot<'gc, T, M>);

impl<'gc, T, M: Manager> GcOnce<'gc, T, M> {
    /// An empty one.
    pub fn new() -> Self {
        GcOnce(Slot::empty())
    }
    /// What was set.
    #[inline]
    pub fn get(&self) -> Option<Gc<'gc, T, M>> {
        self.0.get()
    }
    /// Sets it.
    ///
    /// # Errors
    /// The handle back, when something is there already.  (Two threads that race may both be told that they were first;
    /// one value stays.)
    pub fn set(&self, mc: &Mutation<'gc, M>, value: Gc<'gc, T, M>) -> Result<(), Gc<'gc, T, M>> {
        if !self.0.is_empty() {
            return Err(value);
        }
        self.0.set(mc, Some(value));
        Ok(())
    }
}
impl<T, M: Manager> Default for GcOnce<'_, T, M> {
    fn default() -> Self {
        Self::new()
    }
}
/// The stand-in in type identities.
#[doc(hidden)]
pub struct OnceId<T>(PhantomData<fn() -> T>);

// SAFETY: forwarded.
unsafe impl<'gc, T: Trace<'gc, M>, M: Manager> Trace<'gc, M> for GcOnce<'gc, T, M> {
    type Id = OnceId<T::Id>;
    const NEEDS_TRACE: bool = true;
    const DROP: DropKind = DropKind::None;
    #[inline]
    fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
        self.0.trace(visitor)
    }
}
