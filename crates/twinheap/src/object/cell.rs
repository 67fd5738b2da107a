//! [`GcCell`]: anything mutable.  `RefCell` with one mutator, a reader-writer lock with many, and in a collection the
//! place where marker and mutator agree who looks first.
//!
//! In a collection a cell is `UNSCANNED`, `BUSY` (a marker is inside) or `DONE`.  The first `borrow_mut` of a cell that
//! is unscanned reports what the cell holds to the collector before the `&mut` exists (the snapshot barrier); a marker
//! that meets a claimed cell skips it.  So the marker never reads what a `&mut` may change, and never waits.
//! Not here: the protocol's words (`manager/tricolor/scan.rs`).  Overview: `object`.

use super::session::Mutation;
use super::{
    managed::{BorrowWord, Manager},
    trace::{Trace, Visitor},
    type_info::DropKind,
};
use std::{
    cell::UnsafeCell,
    fmt,
    marker::PhantomData,
    ops::{Deref, DerefMut},
};

/// A mutable place for a value, standard containers of handles included.
///
/// Cost: `borrow` and `borrow_mut` about 1 ns with one mutator, 5–10 ns with many (an atomic read-modify-write); the
/// first `borrow_mut` of a cell in a collection looks through its contents (4–5 ns an element): above some 20,000
/// elements prefer a [`GcVec`](crate::GcVec), a [`GcMap`](crate::GcMap), or an object with a tail of slots.
pub struct GcCell<T, M: Manager> {
    scan: M::Scan,
    borrow: M::Borrow,
    value: UnsafeCell<T>,
}

/// The error of a `try_` borrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Borrowed;
impl fmt::Display for Borrowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("already borrowed")
    }
}
impl std::error::Error for Borrowed {}

impl<T, M: Manager> GcCell<T, M> {
    /// A cell with `value` in it.
    #[inline(always)]
    pub fn new(value: T) -> Self {
        GcCell { scan: M::Scan::default(), borrow: M::Borrow::default(), value: UnsafeCell::new(value) }
    }
    /// The value, through an exclusive borrow of the cell.
    ///
    /// Inside a heap such a borrow comes out of another cell's guard, whose first `borrow_mut` in a collection has
    /// saved nested cells as well.
    #[inline(always)]
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
    /// The value.
    #[inline(always)]
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
    /// Borrows it to read.
    ///
    /// # Panics
    /// With one mutator: while it is mutably borrowed.  With many: after a second of waiting, which is a deadlock.
    #[inline]
    #[track_caller]
    pub fn borrow(&self) -> Ref<'_, T, M> {
        let mut turns = 0;
        while !self.borrow.try_lock_shared() {
            self.borrow.contended(&mut turns)
        }
        Ref { cell: self, not_send: PhantomData }
    }
    /// Borrows it to read, if that is possible now.
    ///
    /// # Errors
    /// [`Borrowed`].
    #[inline]
    pub fn try_borrow(&self) -> Result<Ref<'_, T, M>, Borrowed> {
        if self.borrow.try_lock_shared() { Ok(Ref { cell: self, not_send: PhantomData }) } else { Err(Borrowed) }
    }
    /// Borrows it to change.
    ///
    /// # Panics
    /// As [`Self::borrow`].
    #[inline]
    #[track_caller]
    pub fn borrow_mut<'gc>(&self, mc: &Mutation<'gc, M>) -> RefMut<'_, T, M>
    where
        T: Trace<'gc, M>,
    {
        let mut turns = 0;
        while !self.borrow.try_lock_exclusive() {
            self.borrow.contended(&mut turns)
        }
        self.save(mc);
        RefMut { cell: self, not_send: PhantomData }
    }
    /// Borrows it to change, if that is possible now.
    ///
    /// # Errors
    /// [`Borrowed`].
    #[inline]
    pub fn try_borrow_mut<'gc>(&self, mc: &Mutation<'gc, M>) -> Result<RefMut<'_, T, M>, Borrowed>
    where
        T: Trace<'gc, M>,
    {
        if !self.borrow.try_lock_exclusive() {
            return Err(Borrowed);
        }
        self.save(mc);
        Ok(RefMut { cell: self, not_send: PhantomData })
    }
    #[inline(always)]
    fn save<'gc>(&self, mc: &Mutation<'gc, M>)
    where
        T: Trace<'gc, M>,
    {
        if T::NEEDS_TRACE && M::must_snapshot(mc.local(), &self.scan) {
            // SAFETY: we hold the exclusive borrow and made no `&mut` yet; a marker only reads.
            M::snapshot(mc.local(), &self.scan, unsafe { &*self.value.get() })
        }
    }
    /// Puts `value` in and hands out what was there.
    #[inline]
    #[track_caller]
    pub fn replace<'gc>(&self, mc: &Mutation<'gc, M>, value: T) -> T
    where
        T: Trace<'gc, M>,
    {
        std::mem::replace(&mut *self.borrow_mut(mc), value)
    }
}

impl<T: Default, M: Manager> Default for GcCell<T, M> {
    fn default() -> Self {
        GcCell::new(T::default())
    }
}
impl<T: fmt::Debug, M: Manager> fmt::Debug for GcCell<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_borrow() {
            Ok(value) => f.debug_tuple("GcCell").field(&&*value).finish(),
            Err(_) => f.write_str("GcCell(<borrowed>)"),
        }
    }
}

/// A shared borrow of a [`GcCell`].
pub struct Ref<'a, T, M: Manager> {
    cell: &'a GcCell<T, M>,
    not_send: PhantomData<*const ()>,
}
/// The exclusive borrow of a [`GcCell`].
pub struct RefMut<'a, T, M: Manager> {
    cell: &'a GcCell<T, M>,
    not_send: PhantomData<*const ()>,
}
impl<T, M: Manager> Deref for Ref<'_, T, M> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the borrow word excludes `RefMut`s while this guard lives.
        unsafe { &*self.cell.value.get() }
    }
}
impl<T, M: Manager> Deref for RefMut<'_, T, M> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the borrow word makes this guard the only one.
        unsafe { &*self.cell.value.get() }
    }
}
impl<T, M: Manager> DerefMut for RefMut<'_, T, M> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the only guard; `save` ran before it was made, so no marker is inside or will enter (I5).
        unsafe { &mut *self.cell.value.get() }
    }
}
impl<T, M: Manager> Drop for Ref<'_, T, M> {
    #[inline(always)]
    fn drop(&mut self) {
        self.cell.borrow.unlock_shared()
    }
}
impl<T, M: Manager> Drop for RefMut<'_, T, M> {
    #[inline(always)]
    fn drop(&mut self) {
        self.cell.borrow.unlock_exclusive()
    }
}

/// The stand-in in type identities.
#[doc(hidden)]
pub struct CellId<T>(PhantomData<fn() -> T>);

// SAFETY: the value once, if the visitor may enter; the value's drop is the cell's.
unsafe impl<'gc, T: Trace<'gc, M>, M: Manager> Trace<'gc, M> for GcCell<T, M> {
    type Id = CellId<T::Id>;
    const NEEDS_TRACE: bool = T::NEEDS_TRACE;
    const DROP: DropKind = T::DROP;
    #[inline]
    fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
        if T::NEEDS_TRACE && visitor.enter_cell(&self.scan, &self.borrow) {
            // SAFETY: the visitor claimed the cell, or it is the only thread and nobody borrows it mutably.
            unsafe { &*self.value.get() }.trace(visitor);
            visitor.exit_cell(&self.scan);
        }
    }
}
