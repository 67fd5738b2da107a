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
//! * `Cc<[T]>`, `Cc<str>` and `Cc<dyn Trait>` are handles of two words, and fields like any other: collections see through
//!   them.  [`unsize!`](crate::unsize) makes the last.
//! * A thread's end collects.  What others keep beyond it (thread locals that are destroyed later) goes on counting, and its
//!   memory is not given back.
//!
//! From another pointer to this one: [`migration`].
//!
//! Here: the handles.  `cc/here` is the thread's heap, `cc/fields` what may lie inside, `cc/weak` the weak ones, `cc/slice`
//! slices and text, `cc/unsizing` the coercion, `cc/traits` what std implements for `Rc`, `cc/serialize` serde.  Not here:
//! the heap itself (`manager::refcount`).
#![doc = include_str!("cc/beside_rc.md")]

mod fields;
mod here;
#[cfg(feature = "serde")]
mod serialize;
mod slice;
#[doc = include_str!("cc/migration.md")]
pub mod migration {}
mod traits;
#[doc(hidden)]
pub mod unsizing;
mod weak;

pub use fields::Leaf;
pub use here::{collect, collect_generation, control, release, set_automatic, stats, verify};
pub use weak::Weak;

use crate::{
    manager::refcount::{CountingHeap, Local, handle, header::header},
    object::{
        gc::{Gc, NoRoom, TwoWords, out_of_memory},
        managed::Manager,
        session::Mutation,
        trace::Trace,
        type_info::{InfoOf, TypeInfo},
    },
};
use std::{
    fmt,
    ops::{Deref, DerefMut},
    pin::Pin,
    ptr::NonNull,
};

/// A counted handle to a value on the thread's own heap.
///
/// `T` is `Trace` where one is made; a handle to a slice, to `str` or to a trait object comes from [`From`] and from
/// [`unsize!`](crate::unsize).  One word, or two as `&T` is; `Option<Cc<T>>` is as large.
#[repr(transparent)]
pub struct Cc<T: ?Sized + 'static>(NonNull<T>, Invariant<T>);
/// What an object does at its end is its type's at birth: no handle to it may be seen as one to another type, not even to
/// one that differs in a lifetime alone.
type Invariant<T> = std::marker::PhantomData<*mut T>;

/// What runs when a value with `#[trace(manager = Local, finalize)]` dies, alone or in a cycle.
///
/// Never inside a drop: at the next [`Cc::new`], in [`collect`], or at the thread's end (where what finalizers make for ever
/// anew is left).  The value is whole and may be
/// kept; then it lives on, and this does not run again.  Panics are caught and counted.
pub trait Finalize: Sized + 'static {
    /// The last wishes of `this`.
    fn finalize(this: &Cc<Self>);
}
impl<'gc, T: Finalize + Trace<'static, Local>> crate::Finalize<'gc, Local> for T {
    fn finalize(this: &Gc<'gc, Self, Local>, _: &'gc Mutation<'gc, Local>) {
        // A value that may be pinned has none (`Cc::pin`), and so this way to a handle without the pin is shut.
        const { assert!(<T as Trace<'static, Local>>::HAS_FINALIZER, "derive it with `#[trace(finalize)]`") }
        // Objects under `Local` are on the thread's own heap; the clone's count moves.
        let this = Cc::<T>::at(this.clone().into_owned().cast());
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
    #[track_caller]
    pub fn new(value: T) -> Cc<T>
    where
        T: Trace<'static, Local>,
    {
        match Cc::try_new(value) {
            Ok(cc) => cc,
            Err(NoRoom { full, .. }) => out_of_memory(full),
        }
    }
    /// A new value, or the value back.  May collect first, and runs finalizers that wait.
    ///
    /// # Errors
    /// [`NoRoom`] when the system refuses memory; nothing has changed.
    #[inline]
    pub fn try_new(value: T) -> Result<Cc<T>, NoRoom<T>>
    where
        T: Trace<'static, Local>,
    {
        const { assert!(align_of::<T>() <= 8, "objects are aligned to 8 bytes") };
        let info = InfoOf::<'static, T, Local>::INFO;
        let quick = || here::heap().and_then(|heap| Some((heap, heap.quick_block(info)?)));
        // SAFETY: `T: Trace` for this manager; a block for it, which is written, and born at once.
        unsafe {
            if TwoWords::hold::<T>() {
                let words = TwoWords::of(value);
                let Some((heap, p)) = quick() else { return Cc::try_new_slowly(info, words) };
                words.write::<T>(p);
                heap.born_in_room(info, p);
                return Ok(Cc::at(p.cast()));
            }
            let (heap, p) = match quick() {
                Some(quick) => quick,
                None => match here::slow_block(info) {
                    Ok(slow) => slow,
                    Err(full) => return Err(NoRoom { value, full }),
                },
            };
            p.cast::<T>().write(value);
            heap.born_in_room(info, p);
            Ok(Cc::at(p.cast()))
        }
    }
    /// # Safety
    /// `words` are a `T`, whose description `info` is.
    #[cold]
    #[inline(never)]
    unsafe fn try_new_slowly(info: &'static TypeInfo, words: TwoWords) -> Result<Cc<T>, NoRoom<T>>
    where
        T: Trace<'static, Local>,
    {
        // SAFETY: the caller's promise.
        let value = unsafe { words.take() };
        here::run_due();
        Cc::place(info, value)
    }
    /// As [`Self::try_new`], but no finalizer runs.  With the caller's `info`, so that what is set up for its address is the
    /// caller's.
    fn place(info: &'static TypeInfo, value: T) -> Result<Cc<T>, NoRoom<T>>
    where
        T: Trace<'static, Local>,
    {
        let local = here::local();
        // SAFETY: as above; `info` is that of `T`.
        unsafe {
            match Local::slow_block(local, info) {
                Ok(p) => {
                    p.cast::<T>().write(value);
                    Local::born_quickly(local, info, p);
                    Ok(Cc::at(p.cast()))
                }
                Err(full) => Err(NoRoom { value, full }),
            }
        }
    }
    /// A value that holds a weak handle to itself; `f`'s handle answers `None` until the value is there.  When `f` panics
    /// nothing was made, and the handle never answers.
    ///
    /// # Panics
    /// When the system refuses memory, or `f` panics.
    pub fn new_cyclic(f: impl FnOnce(&Weak<T>) -> T) -> Cc<T>
    where
        T: Trace<'static, Local>,
    {
        const { assert!(align_of::<T>() <= 8, "objects are aligned to 8 bytes") };
        let local = here::local();
        here::run_due();
        let info = InfoOf::<'static, T, Local>::INFO;
        // SAFETY: `T: Trace` for this manager.  Until `born` the block is kept back: no collection, walk or release meets
        // it, so `f` may do anything.
        let place = match unsafe { Local::block(local, info, info.size) } {
            // SAFETY: just taken, and not written.
            Ok(p) => unsafe { KeptBack::new(p) },
            Err(full) => out_of_memory(full),
        };
        let weak = Weak::unbound(place.0.cast());
        let value = f(&weak);
        let p = place.into_block();
        // SAFETY: our block, of the heap its span names; written, then born.
        let cc: Cc<T> = unsafe {
            p.cast::<T>().write(value);
            CountingHeap::born_late(info, p);
            Cc::at(p.cast())
        };
        weak.bind(&cc);
        cc
    }
    /// A new value that stays where it is.
    ///
    /// Does not compile for a type with a finalizer, which is shown the handle without the pin.
    ///
    /// # Panics
    /// When the system refuses memory.
    #[track_caller]
    pub fn pin(value: T) -> Pin<Cc<T>>
    where
        T: Trace<'static, Local>,
    {
        const { assert!(!T::HAS_FINALIZER, "a finalizer could move the value out of its pin") };
        // SAFETY: the value is not moved as long as it is pinned: its handles are in pins, which give out neither a handle
        // nor a `&mut` to it; finalizers, which would be given one, are ruled out above.  Collections move nothing, and drop
        // a value before its block is used again.
        unsafe {
            let cc = Cc::new(value);
            CountingHeap::keep_in_place(cc.erased());
            Pin::new_unchecked(cc)
        }
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
    /// The value itself, if this is its only handle; the handle is dropped otherwise.
    pub fn into_inner(this: Cc<T>) -> Option<T> {
        Cc::try_unwrap(this).ok()
    }
    /// The value itself, if this is its only handle, or a clone of it.
    pub fn unwrap_or_clone(this: Cc<T>) -> T
    where
        T: Clone,
    {
        Cc::try_unwrap(this).unwrap_or_else(|this| T::clone(&this))
    }
}

impl<T: ?Sized + 'static> Cc<T> {
    #[inline(always)]
    fn erased(&self) -> NonNull<u8> {
        self.0.cast()
    }
    /// A handle to the value at `p`, whose count it takes over.
    #[inline(always)]
    fn at(p: NonNull<T>) -> Cc<T> {
        Cc(p, std::marker::PhantomData)
    }
    /// The pointer; the handle's count goes with it.
    fn into_pointer(self) -> NonNull<T> {
        let p = self.0;
        std::mem::forget(self);
        p
    }
    /// A weak handle.  No finalizer runs.
    ///
    /// # Panics
    /// When the system refuses memory.
    pub fn downgrade(this: &Cc<T>) -> Weak<T> {
        Weak::to(this)
    }
    /// Whether both are handles to the same value.  Compares addresses alone, whatever the types are seen as.
    pub fn ptr_eq(this: &Cc<T>, other: &Cc<T>) -> bool {
        this.erased() == other.erased()
    }
    /// The value's address.
    pub fn as_ptr(this: &Cc<T>) -> *const T {
        this.0.as_ptr()
    }
    /// Handles to the value.  One more while a collection waits for finalizers it found the value dead with; from
    /// `u32::MAX` on it stays there, and the value is never released.
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
    /// The value, to change.  If there are other handles, this one is pointed to a clone of its own; if there are only weak
    /// ones, they die.
    ///
    /// # Panics
    /// When the system refuses memory, or the clone panics: then the handle is as it was.
    pub fn make_mut(this: &mut Cc<T>) -> Mut<'_, T>
    where
        T: CloneToCc,
    {
        if Cc::strong_count(this) != 1 {
            *this = T::clone_to_cc(this);
        }
        // SAFETY: the handle keeps it, and is the only one; without weak handles nobody makes another (as in `get_mut`).
        unsafe {
            CountingHeap::disown(this.erased());
            CountingHeap::lend(this.erased())
        };
        Mut(this)
    }
}

/// A block whose object is still to come, and which nobody but us sees; given back if it never does.
struct KeptBack(NonNull<u8>);
impl KeptBack {
    /// # Safety
    /// The block was just taken, and is ours.
    unsafe fn new(p: NonNull<u8>) -> KeptBack {
        // SAFETY: the caller's block.
        unsafe { CountingHeap::keep_back(p) };
        KeptBack(p)
    }
    fn into_block(self) -> NonNull<u8> {
        let p = self.0;
        std::mem::forget(self);
        p
    }
}
impl Drop for KeptBack {
    fn drop(&mut self) {
        // SAFETY: ours, and no object is in it.
        unsafe { CountingHeap::give_up(self.0) }
    }
}

mod closed {
    /// What a value is cloned into has no other handle: that is ours to see to.
    pub trait Unshared {}
    impl<T> Unshared for T {}
    impl<T> Unshared for [T] {}
    impl Unshared for str {}
}
/// What [`Cc::make_mut`] can copy: a `Clone` value, a slice of those, text.  Sealed.
pub trait CloneToCc: closed::Unshared + 'static {
    /// A clone, behind a handle of its own.
    #[doc(hidden)]
    fn clone_to_cc(&self) -> Cc<Self>;
}
impl<T: Clone + Trace<'static, Local> + 'static> CloneToCc for T {
    fn clone_to_cc(&self) -> Cc<T> {
        Cc::new(self.clone())
    }
}

impl<T: ?Sized> Clone for Cc<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        // SAFETY: this handle keeps the value alive.
        unsafe { handle::retain(self.erased()) };
        Cc::at(self.0)
    }
}
impl<T: ?Sized> Drop for Cc<T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the handle's own reference; spans lead to the heap, also after the thread's end began.
        unsafe { handle::release_of(self.0) }
    }
}
impl<T: ?Sized> Deref for Cc<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the handle keeps the value, and a `&mut` to it borrows its only handle.
        unsafe { self.0.as_ref() }
    }
}

/// The exclusive borrow of a value through its only handle.  A forgotten one costs no more than that the value is
/// never found in a cycle.
pub struct Mut<'a, T: ?Sized + 'static>(&'a mut Cc<T>);
impl<T: ?Sized> Deref for Mut<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.0
    }
}
impl<T: ?Sized> DerefMut for Mut<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the only handle is borrowed exclusively, no weak one exists, and collections pass the value over.
        unsafe { self.0.0.as_mut() }
    }
}
impl<T: ?Sized> Drop for Mut<'_, T> {
    fn drop(&mut self) {
        // SAFETY: lent when the guard was made.
        unsafe { CountingHeap::take_back(self.0.erased()) }
    }
}
impl<T: ?Sized + fmt::Debug> fmt::Debug for Mut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}
