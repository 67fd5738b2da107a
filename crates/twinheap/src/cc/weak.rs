//! [`Weak`]: a handle that does not keep its target alive.
//!
//! Behind it is a weak box of the counting heap, which says whether the target lives; all handles to one target share its
//! box.  The pointer is beside it and not in it, because a box does not know what its target is seen as (`dyn Trait`).
//! Not the box (`object::weak`).  Overview: `cc`.

use super::{Cc, Invariant, here};
use crate::{
    manager::refcount::{CountingHeap, Local, handle, header::header},
    object::{gc::out_of_memory, managed::Manager, type_info::InfoOf, weak::WeakBox},
    sync::Ordering::Relaxed,
};
use std::{fmt, marker::PhantomData, ptr::NonNull};

/// A handle that does not keep its target alive.  A word more than a [`Cc`].
pub struct Weak<T: ?Sized + 'static> {
    /// `None`: never had a target.
    to: Option<Cc<Target>>,
    /// The target, if `to` says that it lives.
    at: NonNull<T>,
    invariant: Invariant<T>,
}
type Target = WeakBox<'static, (), Local>;

impl<T: 'static> Weak<T> {
    /// A handle that never answers.
    pub const fn new() -> Weak<T> {
        Weak { to: None, at: NonNull::dangling(), invariant: PhantomData }
    }
}
impl<T: ?Sized + 'static> Weak<T> {
    /// A new box, that answers when it is bound.
    pub(super) fn unbound(at: NonNull<T>) -> Weak<T> {
        let to = Cc::place(InfoOf::<'static, Target, Local>::INFO, WeakBox::unbound(()))
            .unwrap_or_else(|no| out_of_memory(no.full));
        Weak { to: Some(to), at, invariant: PhantomData }
    }
    pub(super) fn bind(&self, cc: &Cc<T>) {
        let Some(to) = &self.to else { return };
        to.head().target.store(cc.erased().as_ptr(), Relaxed);
        // SAFETY: the box is alive and its head is its first field; so is the target.
        unsafe { Local::weak_born(here::local(), to.erased().cast(), cc.erased()) }
    }
    /// A handle to what `cc` keeps.
    pub(super) fn to(cc: &Cc<T>) -> Weak<T> {
        let existing = || {
            // SAFETY: the handle keeps the value; the box is alive, and one more handle of it is counted.
            unsafe {
                CountingHeap::newest_box(cc.erased()).map(|head| {
                    handle::retain(head.cast());
                    Weak { to: Some(Cc::at(head.cast())), at: cc.0, invariant: PhantomData }
                })
            }
        };
        existing().unwrap_or_else(|| {
            let fresh = Weak::unbound(cc.0);
            // Making room may have run a leaf's `Drop`, and that may have been here.
            existing().unwrap_or_else(|| {
                fresh.bind(cc);
                fresh
            })
        })
    }
    pub(super) fn map_pointer<U: ?Sized>(self, f: impl FnOnce(NonNull<T>) -> NonNull<U>) -> Weak<U> {
        Weak { to: self.to, at: f(self.at), invariant: PhantomData }
    }
    /// The target, if it is alive.
    fn target(&self) -> Option<NonNull<u8>> {
        NonNull::new(self.to.as_ref()?.head().target.load(Relaxed))
    }
    /// The target, if it is alive.  Never while it is being destroyed, also where a `Drop` asks that is part of that.
    pub fn upgrade(&self) -> Option<Cc<T>> {
        let target = self.target()?;
        debug_assert_eq!(target, self.at.cast());
        // SAFETY: a box whose target is not null leads to one that is alive; the box is bound to `at` and nothing else.
        unsafe { handle::retain(target) };
        Some(Cc::at(self.at))
    }
    /// Handles to the target, 0 when it is gone.
    pub fn strong_count(&self) -> usize {
        // SAFETY: alive.
        self.target().map_or(0, |p| unsafe { header(p) }.strong.get() as usize)
    }
    /// Weak handles to the target, 0 when it is gone.
    pub fn weak_count(&self) -> usize {
        match (&self.to, self.target()) {
            (Some(to), Some(_)) => Cc::strong_count(to),
            _ => 0,
        }
    }
    /// Whether both were made for the same target, alive or not, or both for none.
    pub fn ptr_eq(&self, other: &Weak<T>) -> bool {
        match (&self.to, &other.to) {
            (Some(a), Some(b)) => Cc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        }
    }
    /// The target's address; it dangles when the target is gone, and when there never was one.
    pub fn as_ptr(&self) -> *const T {
        self.at.as_ptr()
    }
    /// The one reference in it that counts.
    pub(super) fn edge(&self) -> Option<NonNull<u8>> {
        self.to.as_ref().map(Cc::erased)
    }
}
impl<T: ?Sized> Clone for Weak<T> {
    fn clone(&self) -> Self {
        Weak { to: self.to.clone(), at: self.at, invariant: PhantomData }
    }
}
impl<T> Default for Weak<T> {
    fn default() -> Self {
        Weak::new()
    }
}
impl<T: ?Sized> fmt::Debug for Weak<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(Weak)")
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{stats, verify},
        *,
    };
    use crate::manager::refcount::header::IMMORTAL;

    /// A count that reached its end stays there, whoever it counts: the value is never released, and nobody is alone with it.
    #[test]
    fn saturated_counts() {
        let set = |p: NonNull<u8>, count: u32| {
            // SAFETY: alive.
            unsafe { header(p) }.strong.set(count)
        };
        let mut a: Cc<[u8]> = Cc::from([1, 2]);
        set(a.erased(), IMMORTAL - 1);
        let b = a.clone();
        assert_eq!(Cc::strong_count(&b.clone()), u32::MAX as usize);
        assert!(Cc::get_mut(&mut a).is_none());
        // A copy of its own.
        Cc::make_mut(&mut a)[0] = 9;
        assert_eq!((&*a, &*b, Cc::strong_count(&a)), (&[9, 2][..], &[1, 2][..], 1));
        let array: Cc<[u8; 2]> = b.try_into().unwrap();
        let array = Cc::try_unwrap(array).unwrap_err();
        let weak = Cc::downgrade(&array);
        assert_eq!(weak.strong_count(), u32::MAX as usize);
        drop(array);
        let immortal = weak.upgrade().unwrap();
        assert_eq!(*immortal, [1, 2]);
        // As many weak handles: their box stays, and says that the target is gone when it is.
        let c = Cc::new(7);
        let other = Cc::downgrade(&c);
        set(other.edge().unwrap(), IMMORTAL - 1);
        let clones = [other.clone(), other.clone(), other];
        assert_eq!(Cc::weak_count(&c), u32::MAX as usize);
        assert_eq!(clones[0].upgrade(), Some(Cc::new(7)));
        drop(c);
        assert!(clones.iter().all(|weak| weak.upgrade().is_none() && weak.weak_count() == 0));
        let gone = clones[0].edge().unwrap();
        drop(clones);
        verify().unwrap();
        // The two immortal ones, a weak box of one of them, and `a`.
        let live = || stats().ladder.classes.iter().map(|class| class.live_blocks).sum::<usize>();
        assert_eq!(live(), 4);
        // Made mortal again, or the thread's heap would never be freed.
        set(immortal.erased(), 1);
        set(gone, 1);
        drop((immortal, weak, a, Cc::<Target>::at(gone.cast())));
        assert_eq!(live(), 0);
    }
}
