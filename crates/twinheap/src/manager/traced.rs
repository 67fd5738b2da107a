//! Handles that are not counted: one copied word.  Shared by `Null` and the tricolor managers.
//! Not the barrier: that is the manager's ([`Shade`]).  Overview: `manager`.

use crate::{
    object::{
        gc::Gc,
        managed::{Brand, Manager, RawGc, RawSlot, RawVal},
        val::Val,
    },
    sync::{
        AtomicPtr,
        Ordering::{Acquire, Release},
    },
};
use std::{marker::PhantomData, ptr::NonNull};

/// A manager with uncounted handles: what its slots do before they overwrite a reference.
pub trait Shade: Manager {
    /// Called with the word a slot holds (read by the closure, only if the barrier wants it) before it is overwritten.
    fn before_store(local: &Self::Local, old: impl FnOnce() -> *mut u8);
}

/// Handles are `Copy` where their word is: the field decides whether there is drop glue.
macro_rules! copied {
    ($($m:ty),* $(,)?) => {$(
        impl<T> Copy for Gc<'_, T, $m> {}
        impl Copy for Val<'_, $m> {}
    )*};
}
copied!(super::Null);
#[cfg(not(loom))]
copied!(super::Tricolor, super::TricolorSolo);

/// A handle's word.
#[repr(transparent)]
pub struct TracedGc<'gc, T>(NonNull<T>, Brand<'gc>);
impl<T> Clone for TracedGc<'_, T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for TracedGc<'_, T> {}
// SAFETY: transparent over the pointer, which the session keeps valid (I2).
unsafe impl<T> RawGc<T> for TracedGc<'_, T> {
    #[inline(always)]
    unsafe fn from_owned(p: NonNull<T>) -> Self {
        TracedGc(p, PhantomData)
    }
    #[inline(always)]
    fn ptr(&self) -> NonNull<T> {
        self.0
    }
}

/// A tagged word.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct TracedVal<'gc>(*mut u8, Brand<'gc>);
// SAFETY: transparent over the word; nothing is counted.
unsafe impl RawVal for TracedVal<'_> {
    #[inline(always)]
    unsafe fn from_owned(word: *mut u8) -> Self {
        TracedVal(word, PhantomData)
    }
    #[inline(always)]
    fn word(&self) -> *mut u8 {
        self.0
    }
}

/// A mutable word: loads acquire, stores release, so whoever reads a reference sees the object behind it.
#[repr(transparent)]
pub struct TracedSlot<'gc>(AtomicPtr<u8>, Brand<'gc>);
// SAFETY: transparent over the word; every overwrite goes past `before_store` (I4).
unsafe impl<M: Shade> RawSlot<M> for TracedSlot<'_> {
    #[inline(always)]
    unsafe fn from_owned(word: *mut u8) -> Self {
        TracedSlot(AtomicPtr::new(word), PhantomData)
    }
    #[inline(always)]
    fn peek(&self) -> *mut u8 {
        self.0.load(Acquire)
    }
    #[inline(always)]
    fn load(&self) -> *mut u8 {
        self.0.load(Acquire)
    }
    #[inline(always)]
    unsafe fn store(&self, local: &M::Local, word: *mut u8) {
        M::before_store(local, || self.0.load(Acquire));
        self.0.store(word, Release)
    }
    #[inline(always)]
    unsafe fn replace(&self, local: &M::Local, word: *mut u8) -> *mut u8 {
        M::before_store(local, || self.0.load(Acquire));
        // Not a swap: what comes back is what this thread saw, and racing stores lose no snapshot edge (I4).
        let old = self.0.load(Acquire);
        self.0.store(word, Release);
        old
    }
}
