//! Handles, values and slots that count.
//!
//! Cloning is one load, one compare-free addition and one store; dropping is the same and a compare.  A count that
//! reaches `u32::MAX` stays there: the object is immortal, which costs memory and never a dangling reference.
//! Not here: what happens at zero (`release`).  Overview: `manager::refcount`.

use super::{
    header::{IMMORTAL, header},
    release,
};
use crate::{
    object::{
        managed::{Brand, Manager, RawGc, RawSlot, RawVal},
        val::is_reference,
    },
    sync::seeded,
};
use std::{cell::Cell, marker::PhantomData, ptr::NonNull};

/// One more reference to the object at `p`.
///
/// # Safety
/// `p` is alive.
#[inline(always)]
pub unsafe fn retain(p: NonNull<u8>) {
    // SAFETY: alive, so its block is mapped.
    let strong = &unsafe { header(p) }.strong;
    strong.set(strong.get().saturating_add(1))
}

/// One reference to the object at `p` less.
///
/// # Safety
/// `p` is an object, and the caller owned one reference to it.
#[inline(always)]
pub unsafe fn release(p: NonNull<u8>) {
    // SAFETY: the caller's reference kept it, so its block is mapped.
    let strong = &unsafe { header(p) }.strong;
    let n = strong.get();
    debug_assert!(n != 0, "released more often than retained");
    // One compare for both ends: 1 (the last reference) and `u32::MAX` (immortal).
    if n.wrapping_sub(2) < IMMORTAL - 2 || seeded("saturated_count_decremented") && n == IMMORTAL {
        strong.set(n - 1)
    } else {
        // SAFETY: forwarded.
        unsafe { release::last(p) }
    }
}

/// The same, by a handle that knows what it refers to.
///
/// # Safety
/// As [`release`]; the object is a `T`, unless `T` has no drop glue or no size.
#[inline(always)]
pub unsafe fn release_of<T: ?Sized>(p: NonNull<T>) {
    // SAFETY: forwarded.
    unsafe {
        if !std::mem::needs_drop::<T>() || size_of::<NonNull<T>>() != size_of::<usize>() {
            return release(p.cast());
        }
        let strong = &header(p.cast()).strong;
        let n = strong.get();
        debug_assert!(n != 0, "released more often than retained");
        // As in `release`.
        if n.wrapping_sub(2) < IMMORTAL - 2 { strong.set(n - 1) } else { release::last_of(p) }
    }
}

/// # Safety
/// If `word` is a reference, its object is alive; only one that may be `TAGGED` has a tag.
#[inline(always)]
unsafe fn retain_word<const TAGGED: bool>(word: *mut u8) {
    if if TAGGED { is_reference(word) } else { !word.is_null() } {
        // SAFETY: not null; alive by the caller's promise.
        unsafe { retain(NonNull::new_unchecked(word)) }
    }
}
/// # Safety
/// If `word` is a reference, it is the caller's to give back; only one that may be `TAGGED` has a tag.
#[inline(always)]
unsafe fn release_word<const TAGGED: bool>(word: *mut u8) {
    if if TAGGED { is_reference(word) } else { !word.is_null() } {
        // SAFETY: not null; owned by the caller's promise.
        unsafe { release(NonNull::new_unchecked(word)) }
    }
}

/// A counted handle.
#[repr(transparent)]
pub struct CountedGc<'gc, T>(NonNull<T>, Brand<'gc>);

// SAFETY: transparent over the pointer, which its own count keeps valid (R1).
unsafe impl<T> RawGc<T> for CountedGc<'_, T> {
    #[inline(always)]
    unsafe fn from_owned(p: NonNull<T>) -> Self {
        CountedGc(p, PhantomData)
    }
    #[inline(always)]
    fn ptr(&self) -> NonNull<T> {
        self.0
    }
}
impl<T> Clone for CountedGc<'_, T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        // SAFETY: this handle keeps the object alive.
        unsafe { retain(self.0.cast()) };
        CountedGc(self.0, PhantomData)
    }
}
impl<T> Drop for CountedGc<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the handle's own reference; to a `T`, or to an object of any type as a `u8` (`GcAny`).
        unsafe { release_of(self.0) }
    }
}

/// A tagged word that counts the reference in it, if there is one.
#[repr(transparent)]
pub struct CountedVal<'gc>(*mut u8, Brand<'gc>);

// SAFETY: transparent over the word, which counts its reference.
unsafe impl RawVal for CountedVal<'_> {
    #[inline(always)]
    unsafe fn from_owned(word: *mut u8) -> Self {
        CountedVal(word, PhantomData)
    }
    #[inline(always)]
    fn word(&self) -> *mut u8 {
        self.0
    }
}
impl Clone for CountedVal<'_> {
    #[inline(always)]
    fn clone(&self) -> Self {
        // SAFETY: this value keeps its object alive.
        unsafe { retain_word::<true>(self.0) };
        CountedVal(self.0, PhantomData)
    }
}
impl Drop for CountedVal<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the value's own reference.
        unsafe { release_word::<true>(self.0) }
    }
}

/// A mutable word that counts the reference in it, if there is one.
#[repr(transparent)]
pub struct CountedSlot<'gc, const TAGGED: bool>(Cell<*mut u8>, Brand<'gc>);

impl<const TAGGED: bool> CountedSlot<'_, TAGGED> {
    /// Empties it; the word, with its reference.
    pub(super) fn take(&self) -> *mut u8 {
        self.0.replace(std::ptr::null_mut())
    }
}
// SAFETY: transparent over the word; the old reference is released after the new one can be seen, so a release that
// looks at the slot finds it whole.
unsafe impl<M: Manager, const TAGGED: bool> RawSlot<M> for CountedSlot<'_, TAGGED> {
    #[inline(always)]
    unsafe fn from_owned(word: *mut u8) -> Self {
        CountedSlot(Cell::new(word), PhantomData)
    }
    #[inline(always)]
    fn peek(&self) -> *mut u8 {
        self.0.get()
    }
    #[inline(always)]
    fn load(&self) -> *mut u8 {
        let word = self.0.get();
        // SAFETY: the slot's reference keeps the object alive.
        unsafe { retain_word::<TAGGED>(word) };
        word
    }
    #[inline(always)]
    unsafe fn store(&self, _: &M::Local, word: *mut u8) {
        // SAFETY: the slot's reference to the old object is ours now.
        unsafe { release_word::<TAGGED>(self.0.replace(word)) }
    }
    #[inline(always)]
    unsafe fn replace(&self, _: &M::Local, word: *mut u8) -> *mut u8 {
        self.0.replace(word)
    }
}
impl<const TAGGED: bool> Drop for CountedSlot<'_, TAGGED> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the slot's own reference.
        unsafe { release_word::<TAGGED>(self.0.get()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Gc, Heap, RefCount, Rootable};

    struct Base;
    impl Rootable<RefCount> for Base {
        type Root<'gc> = ();
    }

    #[test]
    fn a_saturated_count_is_never_changed_again() {
        let heap = Heap::<Base, RefCount>::new(Config::default(), |_| ()).unwrap();
        let mut mutator = heap.mutator().unwrap();
        mutator.mutate(|mc, _| {
            let a = Gc::new(mc, 5u64);
            // SAFETY: alive.
            let strong = &unsafe { header(a.ptr().cast()) }.strong;
            strong.set(IMMORTAL - 1);
            let b = a.clone();
            let c = a.clone();
            assert_eq!(strong.get(), IMMORTAL);
            drop((a, b));
            assert_eq!(strong.get(), IMMORTAL);
            assert_eq!(*c, 5);
        });
        mutator.verify().unwrap();
        assert_eq!(mutator.stats().released.at_once, 0);
    }
}
