//! [`Weak`]: a handle that does not keep its target alive.  Behind it is a weak box of the counting heap; all handles to one
//! target share its box.  Not the box (`object::weak`).  Overview: `cc`.

use super::{Cc, here};
use crate::{
    manager::refcount::Local,
    object::{managed::Manager, weak::WeakBox},
    sync::Ordering::Relaxed,
};
use std::fmt;

/// A handle that does not keep its target alive.
pub struct Weak<T: 'static> {
    /// `None`: never had a target.
    pub(super) to: Option<Cc<Target>>,
    of: std::marker::PhantomData<Cc<T>>,
}
pub(super) type Target = WeakBox<'static, (), Local>;

impl<T: 'static> Weak<T> {
    /// A handle that never answers.
    pub const fn new() -> Weak<T> {
        Weak { to: None, of: std::marker::PhantomData }
    }
    /// With one more handle to its box.
    pub(super) fn of_box(to: Cc<Target>) -> Weak<T> {
        Weak { to: Some(to), of: std::marker::PhantomData }
    }
    pub(super) fn unbound() -> Weak<T> {
        Weak { to: Some(Cc::new(WeakBox::unbound(()))), of: std::marker::PhantomData }
    }
    pub(super) fn bind(&self, cc: &Cc<T>) {
        let Some(to) = &self.to else { return };
        to.head().target.store(cc.0.as_ptr().cast(), Relaxed);
        // SAFETY: the box is alive and its head is its first field; so is the target.
        unsafe { Local::weak_born(here::local(), to.erased().cast(), cc.erased()) }
    }
    /// The target, if it is alive.
    pub fn upgrade(&self) -> Option<Cc<T>> {
        let to = self.to.as_ref()?;
        // SAFETY: our box is alive; it is bound to a `T` only, and one reference is handed over.
        unsafe { Local::upgrade(here::local(), to.erased().cast()).map(|p| Cc::from_owned(p)) }
    }
    /// Handles to the target, 0 when it is gone.
    pub fn strong_count(&self) -> usize {
        self.upgrade().map_or(0, |cc| Cc::strong_count(&cc) - 1)
    }
    /// Whether both lead to the same target, or to none.
    pub fn ptr_eq(&self, other: &Weak<T>) -> bool {
        let target = |w: &Weak<T>| w.to.as_ref().map_or(std::ptr::null_mut(), |to| to.head().target.load(Relaxed));
        target(self) == target(other)
    }
}
impl<T> Clone for Weak<T> {
    fn clone(&self) -> Self {
        Weak { to: self.to.clone(), of: std::marker::PhantomData }
    }
}
impl<T> Default for Weak<T> {
    fn default() -> Self {
        Weak::new()
    }
}
impl<T> fmt::Debug for Weak<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(Weak)")
    }
}
