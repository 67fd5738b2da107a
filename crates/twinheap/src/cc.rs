//! [`Cc`]: an `Rc` whose cycles are collected.
//!
//! The same counting heap and cycle collector as `RefCount`, the thread's own, without sessions: `Cc<T>` is `'static`,
//! dereferences, clones and drops like an `Rc`, and stays on its thread.
//! ```
//! use std::cell::Cell;
//! use twinheap::{Cc, Trace, cc};
//!
//! #[derive(Trace)]
//! struct Node {
//!     next: Cell<Option<Cc<Node>>>,
//! }
//! let (a, b) = (Cc::new(Node { next: Cell::new(None) }), Cc::new(Node { next: Cell::new(None) }));
//! a.next.set(Some(b.clone()));
//! b.next.set(Some(a.clone()));
//! drop((a, b)); // an `Rc` leaks here
//! assert_eq!(cc::collect(), 2);
//! ```
//! * Collections run by themselves, inside `Cc::new`, with CPython's thresholds.  A `RefCell` that is mutably borrowed is not
//!   looked into: what it holds lives on.
//! * A type that owns a `Cc` cannot implement `Drop` (dead neighbours must not be read); implement [`Finalize`].  Leaves
//!   may have any `Drop`; the panic of one ends there and is counted.  Lists of any length drop in bounded stack.
//! * Any `'static` value is a leaf inside [`Leaf`]; what it hides is never looked into, so a cycle through it leaks.
//! * A thread's end collects.  What others keep beyond it (thread locals that are destroyed later) goes on counting, and its
//!   memory is not given back.
//!
//! Here: the handles.  `cc/here` is the thread's heap, `cc/fields` what may lie inside, `cc/weak` the weak ones,
//! `cc/traits` what std implements for `Rc`.  Not here: the heap itself
//! (`manager::refcount`).

mod fields;
mod here;
mod traits;
mod weak;

pub use fields::Leaf;
pub use here::{collect, set_automatic, stats, verify};
pub use weak::Weak;

use crate::{
    manager::refcount::{CountingHeap, Local, handle, header::header},
    object::{
        gc::{Gc, out_of_memory},
        managed::Manager,
        session::Mutation,
        trace::Trace,
        type_info::InfoOf,
    },
};
use std::{
    ops::{Deref, DerefMut},
    ptr::NonNull,
};

/// A counted handle to a value on the thread's own heap.  `T` must be `Trace` where one is made.
#[repr(transparent)]
pub struct Cc<T: 'static>(NonNull<T>);

/// What runs when a value with `#[trace(manager = Local, finalize)]` dies, alone or in a cycle.
///
/// Never inside a drop: at the next [`Cc::new`], in [`collect`], or at the thread's end (where what finalizers make for ever
/// anew is left).  The value is whole and may be
/// kept; then it lives on, and this does not run again.  Panics are caught and counted.
pub trait Finalize: Sized + 'static {
    /// The last wishes of `this`.
    fn finalize(this: &Cc<Self>);
}
impl<'gc, T: Finalize> crate::Finalize<'gc, Local> for T {
    fn finalize(this: &Gc<'gc, Self, Local>, _: &'gc Mutation<'gc, Local>) {
        // SAFETY: objects under `Local` are on the thread's own heap; the clone's count moves.
        let this = unsafe { Cc::<T>::from_owned(this.clone().into_owned()) };
        here::show_nothing(this.erased());
        T::finalize(&this)
    }
}

impl<T: 'static> Cc<T> {
    /// A new value.  May collect first, and runs finalizers that wait.
    ///
    /// # Panics
    /// When the system refuses memory.
    #[inline]
    pub fn new(value: T) -> Cc<T>
    where
        T: Trace<'static, Local>,
    {
        const { assert!(align_of::<T>() <= 8, "objects are aligned to 8 bytes") };
        let local = here::local();
        if Local::has_pending(local) {
            here::run_pending()
        }
        let info = InfoOf::<'static, T, Local>::INFO;
        // SAFETY: `T: Trace` for this manager; the write and `born` follow at once.
        unsafe {
            match Local::block(local, info, info.size) {
                Ok(p) => {
                    p.cast::<T>().write(value);
                    Local::born(local, info, p);
                    Cc::from_owned(p)
                }
                Err(full) => out_of_memory(full),
            }
        }
    }
    /// A value that holds a weak handle to itself; `f`'s handle answers `None` until the value is there.
    pub fn new_cyclic(f: impl FnOnce(&Weak<T>) -> T) -> Cc<T>
    where
        T: Trace<'static, Local>,
    {
        let weak = Weak::unbound();
        let cc = Cc::new(f(&weak));
        weak.bind(&cc);
        cc
    }
    /// # Safety
    /// `p` is a `T` on a thread's own heap, and the caller gives one reference away.
    unsafe fn from_owned(p: NonNull<u8>) -> Cc<T> {
        Cc(p.cast())
    }
    fn erased(&self) -> NonNull<u8> {
        self.0.cast()
    }
    /// A weak handle.
    pub fn downgrade(this: &Cc<T>) -> Weak<T> {
        // SAFETY: the handle keeps the value; the box is alive, and one more handle of it is counted.
        let existing = unsafe {
            CountingHeap::newest_box(this.erased()).map(|head| {
                handle::retain(head.cast());
                Cc::from_owned(head.cast())
            })
        };
        match existing {
            Some(to) => Weak::of_box(to),
            None => {
                let weak = Weak::unbound();
                weak.bind(this);
                weak
            }
        }
    }
    /// Whether both are handles to the same value.
    pub fn ptr_eq(this: &Cc<T>, other: &Cc<T>) -> bool {
        this.0 == other.0
    }
    /// The value's address.
    pub fn as_ptr(this: &Cc<T>) -> *const T {
        this.0.as_ptr()
    }
    /// Handles to the value.
    pub fn strong_count(this: &Cc<T>) -> usize {
        // SAFETY: the handle keeps it.
        unsafe { header(this.erased()) }.strong.get() as usize
    }
    /// Weak handles to the value.
    pub fn weak_count(this: &Cc<T>) -> usize {
        // SAFETY: the handle keeps it, and the box is alive.
        unsafe { CountingHeap::newest_box(this.erased()).map_or(0, |head| header(head.cast()).strong.get() as usize) }
    }
    /// The value, to change, if this is its only handle and no weak one exists.  No collection looks into it meanwhile.
    pub fn get_mut(this: &mut Cc<T>) -> Option<Mut<'_, T>> {
        // SAFETY: the handle keeps it; unique, and the guard borrows the handle, so nobody makes another one.
        unsafe {
            CountingHeap::is_unique(this.erased()).then(|| {
                CountingHeap::lend(this.erased());
                Mut(this)
            })
        }
    }
    /// The value, to change: this handle is pointed to a copy of its own, unless it is the only one.
    pub fn make_mut(this: &mut Cc<T>) -> Mut<'_, T>
    where
        T: Clone + Trace<'static, Local>,
    {
        // SAFETY: the handle keeps it.
        if !unsafe { CountingHeap::is_unique(this.erased()) } {
            *this = Cc::new(T::clone(this));
        }
        // SAFETY: as in `get_mut`.
        unsafe { CountingHeap::lend(this.erased()) };
        Mut(this)
    }
    /// The value itself, if this is its only handle.  Weak handles die; a finalizer does not run.
    ///
    /// # Errors
    /// The handle back, when there are others.
    pub fn try_unwrap(this: Cc<T>) -> Result<T, Cc<T>> {
        if Cc::strong_count(&this) != 1 {
            return Err(this);
        }
        let p = this.0;
        std::mem::forget(this);
        // SAFETY: the only handle is ours; the value is moved out once, and its block freed without dropping it.
        unsafe {
            let value = p.as_ptr().read();
            CountingHeap::forget(p.cast());
            Ok(value)
        }
    }
    /// The value itself, if this is its only handle.
    pub fn into_inner(this: Cc<T>) -> Option<T> {
        Cc::try_unwrap(this).ok()
    }
}

impl<T> Clone for Cc<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        // SAFETY: this handle keeps the value alive.
        unsafe { handle::retain(self.erased()) };
        Cc(self.0)
    }
}
impl<T> Drop for Cc<T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the handle's own reference; spans lead to the heap, also after the thread's end began.
        unsafe { handle::release(self.erased()) }
    }
}
impl<T> Deref for Cc<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the handle keeps the value, and a `&mut` to it borrows its only handle.
        unsafe { self.0.as_ref() }
    }
}

/// The exclusive borrow of a value through its only handle.  A forgotten one costs no more than that the value is
/// never found in a cycle.
pub struct Mut<'a, T: 'static>(&'a mut Cc<T>);
impl<T> Deref for Mut<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.0
    }
}
impl<T> DerefMut for Mut<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the only handle is borrowed exclusively, no weak one exists, and collections pass the value over.
        unsafe { self.0.0.as_mut() }
    }
}
impl<T> Drop for Mut<'_, T> {
    fn drop(&mut self) {
        // SAFETY: lent when the guard was made.
        unsafe { CountingHeap::take_back(self.0.erased()) }
    }
}
