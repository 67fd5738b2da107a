//! What may lie in a value behind a `Cc`: handles, std's unshared cells, and any leaf.
//! Everything here is for the thread's own heap alone, so nothing is asked to be `Send` or `Sync`.  Overview: `cc`.

use super::{Cc, Weak};
use crate::{
    manager::refcount::Local,
    object::{
        trace::{Trace, Visitor},
        type_info::DropKind,
    },
};
use std::{
    cell::{Cell, OnceCell, RefCell},
    mem::ManuallyDrop,
    ops::{Deref, DerefMut},
    pin::Pin,
    rc::Rc,
};

/// Any `'static` value as a leaf.  A `Cc` hidden in it keeps its target alive, so a cycle through it is never found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Leaf<T: 'static>(pub T);
impl<T> Deref for Leaf<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}
impl<T> DerefMut for Leaf<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

// SAFETY: nothing in it is reported, so what it refers to is kept by its counts.
unsafe impl<'gc, T: 'static> Trace<'gc, Local> for Leaf<T> {
    type Id = Leaf<T>;
    const NEEDS_TRACE: bool = false;
    const DROP: DropKind = if std::mem::needs_drop::<T>() { DropKind::Arbitrary } else { DropKind::None };
    #[inline(always)]
    fn trace<V: Visitor<Local>>(&self, _: &mut V) {}
}
// SAFETY: as above.
unsafe impl<'gc, T: ?Sized + 'static> Trace<'gc, Local> for Rc<T> {
    type Id = Rc<T>;
    const NEEDS_TRACE: bool = false;
    const DROP: DropKind = DropKind::Arbitrary;
    #[inline(always)]
    fn trace<V: Visitor<Local>>(&self, _: &mut V) {}
}
// SAFETY: one reference, reported once; dropping gives it back.  The value was `Trace` where it was made, and its span
// leads to what it is, whatever it is seen as here.
unsafe impl<'gc, T: ?Sized + 'static> Trace<'gc, Local> for Cc<T> {
    type Id = Cc<T>;
    const NEEDS_TRACE: bool = true;
    const FIXED: bool = true;
    const DROP: DropKind = DropKind::None;
    #[inline(always)]
    fn trace<V: Visitor<Local>>(&self, visitor: &mut V) {
        visitor.edge(self.erased())
    }
}
// SAFETY: the handle in the pin, once.
unsafe impl<'gc, T: ?Sized + 'static> Trace<'gc, Local> for Pin<Cc<T>> {
    type Id = Pin<Cc<T>>;
    const NEEDS_TRACE: bool = true;
    const FIXED: bool = true;
    const DROP: DropKind = DropKind::None;
    #[inline(always)]
    fn trace<V: Visitor<Local>>(&self, visitor: &mut V) {
        // SAFETY: a copy that is never dropped, and shown to nobody: the value stays pinned.
        let cc = ManuallyDrop::new(unsafe { Pin::into_inner_unchecked(std::ptr::read(self)) });
        visitor.edge(cc.erased())
    }
}
// SAFETY: the box's handle, if there is one; the target is not a reference by design.
unsafe impl<'gc, T: ?Sized + 'static> Trace<'gc, Local> for Weak<T> {
    type Id = Weak<T>;
    const NEEDS_TRACE: bool = true;
    const DROP: DropKind = DropKind::None;
    fn trace<V: Visitor<Local>>(&self, visitor: &mut V) {
        if let Some(to) = self.edge() {
            visitor.edge(to)
        }
    }
}
// SAFETY: the contents once; nobody else is at it: one thread, and no user code runs while a visitor looks.
unsafe impl<'gc, T: Trace<'gc, Local>> Trace<'gc, Local> for Cell<T> {
    type Id = Cell<T::Id>;
    const NEEDS_TRACE: bool = T::NEEDS_TRACE;
    const DROP: DropKind = T::DROP;
    #[inline]
    fn trace<V: Visitor<Local>>(&self, visitor: &mut V) {
        if T::NEEDS_TRACE {
            // SAFETY: as above: no `&mut` to the contents can exist while they are shared, and none is made meanwhile.
            unsafe { &*self.as_ptr() }.trace(visitor)
        }
    }
}
// SAFETY: the contents once, unless they are mutably borrowed: then they are passed over, and keep what they hold (R2).
unsafe impl<'gc, T: Trace<'gc, Local>> Trace<'gc, Local> for RefCell<T> {
    type Id = RefCell<T::Id>;
    const NEEDS_TRACE: bool = T::NEEDS_TRACE;
    const DROP: DropKind = T::DROP;
    #[inline]
    fn trace<V: Visitor<Local>>(&self, visitor: &mut V) {
        if T::NEEDS_TRACE {
            // SAFETY: no `borrow_mut` happens while the visitor looks.
            if let Ok(value) = unsafe { self.try_borrow_unguarded() } {
                value.trace(visitor)
            }
        }
    }
}
// SAFETY: the contents, if any, once.
unsafe impl<'gc, T: Trace<'gc, Local>> Trace<'gc, Local> for OnceCell<T> {
    type Id = OnceCell<T::Id>;
    const NEEDS_TRACE: bool = T::NEEDS_TRACE;
    const DROP: DropKind = T::DROP;
    #[inline]
    fn trace<V: Visitor<Local>>(&self, visitor: &mut V) {
        if let Some(value) = self.get() {
            value.trace(visitor)
        }
    }
}
