//! [`Rootable`]: what a heap begins from; [`Root`]: what keeps something alive across sessions.
//!
//! A `Root` is an ordinary object of the heap with a pin; the pins are where marking begins.  There is no stack scan.
//! A `Root` that is stored in a leaf *inside* its own heap keeps that heap alive for ever: do not.
//! Overview: `object`.

use super::session::{Core, Mutation};
use super::{gc::Gc, managed::Manager, trace::Trace};
use std::{marker::PhantomData, ptr::NonNull, sync::Arc};

/// A family of types, one for each session: `struct R; impl<M: Manager> Rootable<M> for R { type Root<'gc> = …; }`.
pub trait Rootable<M: Manager>: 'static {
    /// The type, in the session `'gc`.
    type Root<'gc>: Trace<'gc, M> + 'gc;
}

/// Keeps a value (and what it refers to) alive across sessions.  `Send` where the heap is.
pub struct Root<R: Rootable<M>, M: Manager> {
    core: Arc<Core<M>>,
    pin: usize,
    object: NonNull<u8>,
    of: PhantomData<fn() -> R>,
}

impl<R: Rootable<M>, M: Manager> Root<R, M> {
    pub(crate) fn new<'gc>(core: Arc<Core<M>>, mc: &Mutation<'gc, M>, value: R::Root<'gc>) -> Self {
        let p = Gc::new(mc, value).into_owned();
        // SAFETY: just born in this session; the handle's reference goes to the pin.
        let pin = unsafe { M::pin(core.shared(), p) };
        Root { core, pin, object: p, of: PhantomData }
    }
    #[inline(always)]
    pub(crate) fn ptr<'gc>(&self) -> NonNull<R::Root<'gc>> {
        self.object.cast()
    }
    /// The value, in this session.
    ///
    /// # Panics
    /// When `mc` belongs to another heap.
    pub fn get<'a, 'gc>(&'a self, mc: &'a Mutation<'gc, M>) -> &'a R::Root<'gc> {
        assert!(std::ptr::eq(M::shared(mc.local()), self.core.shared()), "this root belongs to another heap");
        // SAFETY: pinned, so alive; the session's brand is one brand of this heap, and user types are parametric in it.
        unsafe { &*self.ptr().as_ptr() }
    }
}
impl<R: Rootable<M>, M: Manager> Drop for Root<R, M> {
    fn drop(&mut self) {
        // SAFETY: our own pin, used no more.
        unsafe { M::unpin(self.core.shared(), self.pin) }
    }
}
// SAFETY: a pin number and the heap's core; the value itself is reached in sessions only, whose managers share it.
unsafe impl<R: Rootable<M>, M: super::managed::Threaded> Send for Root<R, M> {}
// SAFETY: as above.
unsafe impl<R: Rootable<M>, M: super::managed::Threaded> Sync for Root<R, M> {}
