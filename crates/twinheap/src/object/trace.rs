//! Where an object's references are: [`Trace`] for values and whole blocks, [`Visitor`] for who looks.
//!
//! `Trace` is written by `#[derive(Trace)]` and by the impls below, never by users; it is also the bound that says a
//! value may be shared with and dropped by other threads (`Send` and `Sync` cannot depend on the manager).
//! Finding references is reading data: no user code runs while a manager looks.
//! Not here: what is done with an edge (the managers' visitors).  Overview: `object`.

use super::session::Mutation;
use super::{
    gc::Gc,
    managed::Manager,
    type_info::{DropKind, Kind},
    weak::WeakBox,
};
use std::{marker::PhantomData, ops::Range, ptr::NonNull};

pub(crate) mod sealed {
    /// Visitors are in this crate: one of somebody else's could enter a cell that a thread is changing.
    pub trait Sealed {}
}

/// Somebody who looks at references.  Sealed.
pub trait Visitor<M: Manager>: sealed::Sealed {
    /// A reference to the object at `target`.
    fn edge(&mut self, target: NonNull<u8>);
    /// A reference to the object at `value` that counts only while the one at `key` is alive (null: it has died).
    fn ephemeron(&mut self, key: *mut u8, value: NonNull<u8>);
    /// Whether the contents of this cell may be looked at now.
    fn enter_cell(&mut self, scan: &M::Scan, borrow: &M::Borrow) -> bool;
    /// Looked at.
    fn exit_cell(&mut self, scan: &M::Scan);
}

/// A user's finalizer, as a value: `Some` in a type derived with `#[trace(finalize)]`.
pub type Finalizer<'gc, T, M> = fn(&Gc<'gc, T, M>, &'gc Mutation<'gc, M>);

/// A value that can lie in a heap.  Use `#[derive(Trace)]`.
///
/// References from object to object are followed in bounded stack, whatever hangs on them.  What one object owns by itself
/// (a list linked by `Box`, a tree of `Vec`s) is looked through by recursion, as it is dropped by recursion: a chain that is
/// too long to be dropped is too long to be looked through.  Link long chains by handles.
///
/// # Safety
/// Derived, never written by hand.  Every reference in the value is reported exactly once a walk (counting managers
/// subtract per report); no `Drop` in it reaches a reference; any thread may share and drop it; `Id` is unique to
/// the type; nothing in it is user code that could unwind while looking.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot lie in a heap of `{M}`",
    note = "derive it with `#[derive(Trace)]`; wrap a leaf that is `Send + Sync + 'static` in `Static<_>`",
    note = "`Rc`, `RefCell` and other unshared cells are for `Cc` only; use `GcCell`, `Slot` or `ValSlot`"
)]
pub unsafe trait Trace<'gc, M: Manager>: Sized {
    /// A `'static` type that stands for this one, whatever its lifetimes, and for no other: two types may have different
    /// fields by way of an associated type, however alike they look.
    type Id: 'static;
    /// Whether there can be references in it.
    const NEEDS_TRACE: bool;
    /// What dropping it may do.
    const DROP: DropKind;
    /// Whether its references never change while it lies in a heap: no slot and no cell in it holds any.  Such an object
    /// refers to older ones only; if those are of the same sort, it is in no cycle, and counting managers never examine it.
    const FIXED: bool = !<Self as Trace<'gc, M>>::NEEDS_TRACE;
    /// What it is to collections, as a whole object.
    const KIND: Kind = if <Self as Trace<'gc, M>>::NEEDS_TRACE { Kind::Container } else { Kind::Leaf };
    /// Whether a container that a collection found dead counts as one of those it collected (`#[trace(counted = …)]`); none:
    /// always.  Asked of whole objects, before anything of them is destroyed; a panic in it means yes.  Never asked of values
    /// behind a `Cc`, who could take a handle to themselves.
    ///
    /// For a runtime whose own containers stand for what its language does not see as one: CPython 3.13 leaves dicts
    /// without containers out of `gc.collect()`'s number.
    const COUNTED: Option<fn(&Self) -> bool> = None;
    /// The finalizer, if it has one (`#[trace(finalize)]`).
    const FINALIZE: Option<Finalizer<'gc, Self, M>> = None;
    /// Drops the value in place in another order than the declared one (`#[trace(release = "reverse")]`).
    const RELEASE: Option<unsafe fn(*mut Self)> = None;
    /// Shows every reference to `visitor`.
    fn trace<V: Visitor<M>>(&self, visitor: &mut V);

    // ---- the value as a whole block; other than the defaults only for tails and weak boxes ------------------------
    /// Whether `drop_at` does anything.
    #[doc(hidden)]
    const NEEDS_DROP: bool = std::mem::needs_drop::<Self>();
    /// Whether `drop_at` is `drop_in_place`.
    #[doc(hidden)]
    const DROPS_IN_PLACE: bool = Self::RELEASE.is_none();
    /// Bytes of a tail's element.
    #[doc(hidden)]
    const ELEMENT_SIZE: usize = 0;
    /// A number of the program's own for the type (`#[trace(tag = …)]`), read back with `GcAny::tag`: what a runtime
    /// dispatches on.
    const TAG: u8 = 0;
    /// Whether a tail's elements are dropped first to last; said by the header (`#[trace(release = "in order")]`).
    #[doc(hidden)]
    const TAIL_IN_ORDER: bool = false;
    /// Whether the object is queued when it dies.  A tail's header says so for the whole object; what finalizes such
    /// an object is the program, by `Pending::Finalize`.
    #[doc(hidden)]
    const HAS_FINALIZER: bool = Self::FINALIZE.is_some();
    /// Whether the first field is a `WeakHead`.
    #[doc(hidden)]
    const IS_WEAK_BOX: bool = false;
    /// As the data of a weak box: whether [`Trace::heard`] does anything.
    #[doc(hidden)]
    const HEARS: bool = false;
    /// As the data of a weak box: what is done when the target has died.
    #[doc(hidden)]
    fn heard(told: &Gc<'gc, WeakBox<'gc, Self, M>, M>, mc: &'gc Mutation<'gc, M>) {
        let _ = (told, mc);
    }
    /// As a weak box whose data hear.
    #[doc(hidden)]
    const IS_TOLD: bool = false;
    /// Does what the data of the weak box at `p` do when the target has died.
    ///
    /// # Safety
    /// `p` is a whole object that is alive, with a reference that belongs to the caller; `mc` points to the open
    /// session's mutation.
    #[doc(hidden)]
    unsafe fn told_at(p: NonNull<Self>, mc: NonNull<()>) {
        let _ = mc;
        // SAFETY: the caller gives its reference away.
        unsafe { M::release(p.cast()) }
    }
    /// Shows every reference of the object at `p`, its tail included.
    ///
    /// # Safety
    /// `p` is a whole object, and the visitor's manager allows it to be read now.
    #[doc(hidden)]
    #[inline(always)]
    unsafe fn visit_at<V: Visitor<M>>(p: NonNull<Self>, visitor: &mut V) {
        // SAFETY: a whole object by the caller's promise.
        unsafe { p.as_ref() }.trace(visitor)
    }
    /// How many elements the tail of the object at `p` has.
    ///
    /// # Safety
    /// `p` is a whole object.
    #[doc(hidden)]
    unsafe fn tail_len_at(p: NonNull<Self>) -> usize {
        let _ = p;
        0
    }
    /// Shows the references of the tail's elements `range`; those of the header come with element 0.  Pieces that together
    /// are the tail show what [`Trace::visit_at`] shows, each reference once.
    ///
    /// # Safety
    /// As [`Trace::visit_at`]; and `range` lies within the tail.
    #[doc(hidden)]
    unsafe fn visit_piece_at<V: Visitor<M>>(p: NonNull<Self>, range: Range<usize>, visitor: &mut V) {
        if range.start == 0 {
            // SAFETY: the caller's promise.
            unsafe { Self::visit_at(p, visitor) }
        }
    }
    /// Drops the object at `p`, its tail included.
    ///
    /// # Safety
    /// `p` is a whole object that nobody uses, and is not used as one afterwards.
    #[doc(hidden)]
    #[inline]
    unsafe fn drop_at(p: NonNull<Self>) {
        match Self::RELEASE {
            // SAFETY: as `drop_in_place` below; the derived function drops each field once.
            Some(release) => unsafe { release(p.as_ptr()) },
            // SAFETY: a whole object nobody uses, by the caller's promise.
            None => unsafe { p.drop_in_place() },
        }
    }
    /// Runs the finalizer of the object at `p`.
    ///
    /// # Safety
    /// `p` is a whole object that is alive, with a reference that belongs to the caller; `mc` points to the open
    /// session's mutation.
    #[doc(hidden)]
    unsafe fn finalize_at(p: NonNull<Self>, mc: NonNull<()>) {
        if let Some(finalize) = Self::FINALIZE {
            // SAFETY: `mc` is the open session's; the brand is that of the session we run in.
            let mc: &'gc Mutation<'gc, M> = unsafe { mc.cast().as_ref() };
            // SAFETY: the caller gives its reference away.
            let this = unsafe { Gc::from_owned(p) };
            finalize(&this, mc);
        } else {
            // SAFETY: the caller gives its reference away.
            unsafe { M::release(p.cast()) }
        }
    }
}

/// What runs when an object with a finalizer dies; derive with `#[trace(finalize)]`.
///
/// Runs once in an object's life, in an ordinary session, never inside a drop: the object is whole, may be stored
/// somewhere again (*resurrection*; then it lives on and its finalizer never runs again), and may allocate.
/// A panic in it is caught and counted (`Stats::finalizer_panics`).
///
/// Of several that die together: in order of creation under [`RefCount`](crate::RefCount); under the tricolor managers
/// referrers before referents, cycles in order of creation.  Where several mutators take finalizers from the queue they
/// take them in that order, and may then be at work at the same time.
///
/// What must not see the object, and cannot keep it:
/// [`Cleanup`](super::cleanup::Cleanup), where both stand side by side.
pub trait Finalize<'gc, M: Manager>: Sized {
    /// The last wishes of `this`.
    fn finalize(this: &Gc<'gc, Self, M>, mc: &'gc Mutation<'gc, M>);
}

/// A visitor that calls a function for each reference; sees into every cell that is not borrowed mutably.
///
/// For counting managers, and for stopped or single-threaded looks under tracing ones.
pub struct Each<'a> {
    f: &'a mut dyn FnMut(NonNull<u8>),
    /// Cells that it is in.
    depth: u32,
    in_cells: usize,
}
impl<'a> Each<'a> {
    /// Calls `f`.  Not public: under `Tricolor` another thread may be changing the cells this would enter.
    pub(crate) fn new(f: &'a mut dyn FnMut(NonNull<u8>)) -> Self {
        Each { f, depth: 0, in_cells: 0 }
    }
    /// How many of the references lay in cells.
    pub(crate) fn in_cells(&self) -> usize {
        self.in_cells
    }
}
impl sealed::Sealed for Each<'_> {}
impl<M: Manager> Visitor<M> for Each<'_> {
    fn edge(&mut self, target: NonNull<u8>) {
        self.in_cells += (self.depth > 0) as usize;
        (self.f)(target)
    }
    fn ephemeron(&mut self, _: *mut u8, value: NonNull<u8>) {
        Visitor::<M>::edge(self, value)
    }
    fn enter_cell(&mut self, _: &M::Scan, borrow: &M::Borrow) -> bool {
        use super::managed::BorrowWord;
        let enters = !borrow.is_exclusive();
        self.depth += enters as u32;
        enters
    }
    fn exit_cell(&mut self, _: &M::Scan) {
        self.depth -= 1
    }
}

/// Emitted by the derive for its type: overlaps with the impl for `T: Drop`, so a derived type cannot implement
/// `Drop` (E0119).  What has to happen at the end goes into [`Finalize`], or into a leaf with a `Drop` of its own.
#[doc(hidden)]
pub trait MustNotImplDrop {}
#[allow(drop_bounds)]
impl<T: Drop> MustNotImplDrop for T {}

/// Drops a field when it goes; for derived code.  Locals go last to first, and the others also when one of them panics.
#[doc(hidden)]
pub struct Dropped<T>(*mut T);
impl<T> Dropped<T> {
    /// # Safety
    /// The field at `p` is whole, and nobody but the result uses it any more.
    pub unsafe fn of(p: *mut T) -> Self {
        Dropped(p)
    }
}
impl<T> Drop for Dropped<T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: whole, and ours (`of`).
        unsafe { self.0.drop_in_place() }
    }
}

/// A leaf: any value without references that threads may share.  Dereferences to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Static<T: Send + Sync + 'static>(pub T);
impl<T: Send + Sync> std::ops::Deref for Static<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}
// SAFETY: `'static`, so no branded handle is in it; `Send + Sync`, so any thread may share and drop it.
unsafe impl<'gc, T: Send + Sync + 'static, M: Manager> Trace<'gc, M> for Static<T> {
    type Id = Static<T>;
    const NEEDS_TRACE: bool = false;
    const DROP: DropKind = foreign::<T>();
    #[inline]
    fn trace<V: Visitor<M>>(&self, _: &mut V) {}
}

macro_rules! leaves {
    ($drop:expr; $($t:ty),* $(,)?) => {$(
        // SAFETY: holds no reference, is `Send + Sync`, and its drop (if any) gives a buffer back.
        unsafe impl<'gc, M: Manager> Trace<'gc, M> for $t {
            type Id = $t;
            const NEEDS_TRACE: bool = false;
            const DROP: DropKind = $drop;
            #[inline(always)]
            fn trace<V: Visitor<M>>(&self, _: &mut V) {}
        }
    )*};
}
leaves!(DropKind::None; (), bool, char, u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64,
    &'static str, std::time::Duration, std::time::Instant, std::any::TypeId, std::num::NonZeroU8,
    std::num::NonZeroU16, std::num::NonZeroU32, std::num::NonZeroU64, std::num::NonZeroUsize,
    std::sync::atomic::AtomicBool, std::sync::atomic::AtomicU8, std::sync::atomic::AtomicU16,
    std::sync::atomic::AtomicU32, std::sync::atomic::AtomicU64, std::sync::atomic::AtomicUsize,
    std::sync::atomic::AtomicI8, std::sync::atomic::AtomicI16, std::sync::atomic::AtomicI32,
    std::sync::atomic::AtomicI64, std::sync::atomic::AtomicIsize);
leaves!(DropKind::Benign; String, Box<str>, std::path::PathBuf, std::ffi::CString, std::ffi::OsString);

const fn worst(a: DropKind, b: DropKind) -> DropKind {
    if matches!(a, DropKind::Arbitrary) || matches!(b, DropKind::Arbitrary) {
        DropKind::Arbitrary
    } else if matches!(a, DropKind::Benign) || matches!(b, DropKind::Benign) {
        DropKind::Benign
    } else {
        DropKind::None
    }
}
/// The drop of a type we know nothing of.
const fn foreign<T>() -> DropKind {
    if std::mem::needs_drop::<T>() { DropKind::Arbitrary } else { DropKind::None }
}
/// The worse of several; for derived code.
#[doc(hidden)]
pub const fn worst_drop(kinds: &[DropKind]) -> DropKind {
    let (mut i, mut out) = (0, DropKind::None);
    while i < kinds.len() {
        out = worst(out, kinds[i]);
        i += 1;
    }
    out
}

macro_rules! sequences {
    ($([$($g:tt)*] $t:ty, $id:ty, $item:ty $(, $hasher:expr)?);* $(;)?) => {$(
        // SAFETY: each element once; the container's own drop gives a buffer back and drops elements.
        unsafe impl<'gc, M: Manager, $($g)*> Trace<'gc, M> for $t {
            type Id = $id;
            const NEEDS_TRACE: bool = <$item as Trace<'gc, M>>::NEEDS_TRACE;
            const FIXED: bool = <$item as Trace<'gc, M>>::FIXED;
            const DROP: DropKind = worst_drop(&[DropKind::Benign, <$item as Trace<'gc, M>>::DROP $(, $hasher)?]);
            #[inline]
            fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
                if <Self as Trace<'gc, M>>::NEEDS_TRACE {
                    for item in self.iter() {
                        item.trace(visitor)
                    }
                }
            }
        }
    )*};
}
sequences! {
    [T: Trace<'gc, M>] Vec<T>, Vec<T::Id>, T;
    [T: Trace<'gc, M>] Box<[T]>, Box<[T::Id]>, T;
    [T: Trace<'gc, M>] std::collections::VecDeque<T>, std::collections::VecDeque<T::Id>, T;
    [T: Trace<'gc, M>] std::collections::LinkedList<T>, std::collections::LinkedList<T::Id>, T;
    [T: Trace<'gc, M>] std::collections::BinaryHeap<T>, std::collections::BinaryHeap<T::Id>, T;
    [T: Trace<'gc, M>] std::collections::BTreeSet<T>, std::collections::BTreeSet<T::Id>, T;
    [T: Trace<'gc, M>, S: Send + Sync + 'static] std::collections::HashSet<T, S>,
        std::collections::HashSet<T::Id, S>, T, foreign::<S>();
}
macro_rules! maps {
    ($([$($g:tt)*] $t:ty, $id:ty, $hasher:expr);* $(;)?) => {$(
        // SAFETY: each key and value once; the map's own drop gives a buffer back and drops them.
        unsafe impl<'gc, M: Manager, K: Trace<'gc, M>, W: Trace<'gc, M>, $($g)*> Trace<'gc, M> for $t {
            type Id = $id;
            const NEEDS_TRACE: bool = K::NEEDS_TRACE || W::NEEDS_TRACE;
            const FIXED: bool = K::FIXED && W::FIXED;
            const DROP: DropKind = worst(worst(DropKind::Benign, $hasher), worst(K::DROP, W::DROP));
            fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
                if <Self as Trace<'gc, M>>::NEEDS_TRACE {
                    for (k, w) in self.iter() {
                        k.trace(visitor);
                        w.trace(visitor);
                    }
                }
            }
        }
    )*};
}
maps! {
    [S: Send + Sync + 'static] std::collections::HashMap<K, W, S>, std::collections::HashMap<K::Id, W::Id, S>,
        foreign::<S>();
    [] std::collections::BTreeMap<K, W>, std::collections::BTreeMap<K::Id, W::Id>, DropKind::None;
}

// SAFETY: the contents once; the box's drop gives a buffer back.
unsafe impl<'gc, M: Manager, T: Trace<'gc, M>> Trace<'gc, M> for Box<T> {
    type Id = Box<T::Id>;
    const NEEDS_TRACE: bool = T::NEEDS_TRACE;
    const FIXED: bool = T::FIXED;
    const DROP: DropKind = worst(DropKind::Benign, T::DROP);
    #[inline]
    fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
        (**self).trace(visitor)
    }
}
// SAFETY: shared ownership inside an object is not a tree (a counted edge would be reported twice), so only leaves.
unsafe impl<'gc, M: Manager, T: Send + Sync + 'static + ?Sized> Trace<'gc, M> for std::sync::Arc<T> {
    type Id = std::sync::Arc<T>;
    const NEEDS_TRACE: bool = false;
    const DROP: DropKind = DropKind::Arbitrary;
    #[inline(always)]
    fn trace<V: Visitor<M>>(&self, _: &mut V) {}
}
// SAFETY: the contents, if any, once.
unsafe impl<'gc, M: Manager, T: Trace<'gc, M>> Trace<'gc, M> for Option<T> {
    type Id = Option<T::Id>;
    const NEEDS_TRACE: bool = T::NEEDS_TRACE;
    const FIXED: bool = T::FIXED;
    const DROP: DropKind = T::DROP;
    #[inline]
    fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
        if let Some(x) = self {
            x.trace(visitor)
        }
    }
}
// SAFETY: the contents once, whichever they are.
unsafe impl<'gc, M: Manager, T: Trace<'gc, M>, E: Trace<'gc, M>> Trace<'gc, M> for Result<T, E> {
    type Id = Result<T::Id, E::Id>;
    const NEEDS_TRACE: bool = T::NEEDS_TRACE || E::NEEDS_TRACE;
    const FIXED: bool = T::FIXED && E::FIXED;
    const DROP: DropKind = worst(T::DROP, E::DROP);
    #[inline]
    fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
        match self {
            Ok(x) => x.trace(visitor),
            Err(e) => e.trace(visitor),
        }
    }
}
// SAFETY: each element once.
unsafe impl<'gc, M: Manager, T: Trace<'gc, M>, const N: usize> Trace<'gc, M> for [T; N] {
    type Id = [T::Id; N];
    const NEEDS_TRACE: bool = T::NEEDS_TRACE;
    const FIXED: bool = T::FIXED;
    const DROP: DropKind = T::DROP;
    #[inline]
    fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
        if T::NEEDS_TRACE {
            for item in self {
                item.trace(visitor)
            }
        }
    }
}
// SAFETY: no value of `T` is in it; `T: Trace` is asked for so that an unshared `T` cannot be smuggled (H22).
unsafe impl<'gc, M: Manager, T: Trace<'gc, M>> Trace<'gc, M> for PhantomData<T> {
    type Id = PhantomData<T::Id>;
    const NEEDS_TRACE: bool = false;
    const DROP: DropKind = DropKind::None;
    #[inline(always)]
    fn trace<V: Visitor<M>>(&self, _: &mut V) {}
}

macro_rules! tuples {
    ($($($t:ident $i:tt),+;)*) => {$(
        // SAFETY: each field once.
        unsafe impl<'gc, M: Manager, $($t: Trace<'gc, M>),+> Trace<'gc, M> for ($($t,)+) {
            type Id = ($($t::Id,)+);
            const NEEDS_TRACE: bool = $($t::NEEDS_TRACE ||)+ false;
            const FIXED: bool = $($t::FIXED &&)+ true;
            const DROP: DropKind = worst_drop(&[$($t::DROP),+]);
            #[inline]
            fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
                $(self.$i.trace(visitor);)+
            }
        }
    )*};
}
tuples! {
    A 0; A 0, B 1; A 0, B 1, C 2; A 0, B 1, C 2, D 3; A 0, B 1, C 2, D 3, E 4; A 0, B 1, C 2, D 3, E 4, F 5;
}
