//! A type as data: what a manager must know about a block's contents, reached from its span.
//!
//! One `TypeInfo` a (type, manager), promoted to a static by the compiler.  Its address may differ between codegen
//! units, so it is compared by address first and by [`TypeInfo::id`] then; equal addresses mean equal types, because
//! the id is part of the contents.
//! Not here: how references are found (`trace`).  Overview: `object`.

use super::{managed::Manager, trace::Trace};
use crate::alloc::SpanRef;
use std::{any::TypeId, marker::PhantomData, ops::Range, ptr::NonNull};

/// What an object is to collections and listings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Counted towards a collection, and listed.
    Container,
    /// Part of a container (a list's storage): visited, neither counted nor listed.
    Internal,
    /// Holds no references: not visited.
    Leaf,
}

/// What dropping a value may do, besides giving references back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DropKind {
    /// Nothing: dead blocks are found by their bits alone.
    None,
    /// Returns buffers of the standard library: may run on the thread that allocates next.
    Benign,
    /// Runs somebody's `Drop` (a file, a lock): under the tricolor managers it runs on a thread that does nothing else.
    Arbitrary,
}

/// A function that shows a block's references to a visitor of a known type.
pub type VisitFn = unsafe fn(NonNull<u8>, NonNull<()>);

/// The visit functions of a type, by the visitors its manager has.
#[derive(Clone, Copy)]
pub struct Visits {
    /// The visitor that runs most: the marker, or the subtracting pass.
    pub first: VisitFn,
    /// The second one: the reaching pass.
    pub second: VisitFn,
    /// Any other, behind `&mut dyn FnMut(NonNull<u8>)` in a [`super::trace::Each`].
    pub each: VisitFn,
}

/// How a tail is looked at in pieces, by the first visitor.
#[derive(Clone, Copy)]
pub struct Pieces {
    /// How many elements the object has.
    pub len: unsafe fn(NonNull<u8>) -> usize,
    /// Shows the references of so many elements, from the one named first; with element 0 come those of the header.
    pub visit: unsafe fn(NonNull<u8>, Range<usize>, NonNull<()>),
}

/// A type of object under one manager.
pub struct TypeInfo {
    /// Identity of the type.
    pub id: fn() -> TypeId,
    /// Its name, for people.
    pub name: fn() -> &'static str,
    /// Bytes of an object without a tail, rounded up to 8, at least 8; with a tail, of the header alone.
    pub size: usize,
    /// Bytes of a tail's element, 0 without a tail.
    pub element_size: usize,
    /// What it is to collections.
    pub kind: Kind,
    /// Whether there are references to visit.
    pub needs_trace: bool,
    /// Whether there are references, and they never change.
    pub is_fixed: bool,
    /// What its destructor may do.
    pub drop_kind: DropKind,
    /// The type's number for its program: `Trace::TAG`.
    pub tag: u8,
    /// Whether its first field is a `WeakHead`.
    pub is_weak_box: bool,
    /// `drop` is `drop_in_place`, runs nobody's code, and there is no finalizer.
    pub is_plain: bool,
    /// Runs the destructor in place, if there is one.
    pub drop: Option<unsafe fn(NonNull<u8>)>,
    /// Runs the user's finalizer (`object`, `mutation`), if the type has one.
    pub finalize: Option<unsafe fn(NonNull<u8>, NonNull<()>)>,
    /// What a weak box of this type does when its target has died (`box`, `mutation`), if anything.
    pub told: Option<unsafe fn(NonNull<u8>, NonNull<()>)>,
    /// Whether a dead container is counted as collected; none: always.
    pub counted: Option<unsafe fn(NonNull<u8>) -> bool>,
    /// The visit functions.
    pub visits: Visits,
    /// The same in pieces, where a tail has references.
    pub pieces: Option<Pieces>,
}

impl TypeInfo {
    /// The type of the object at `p`.
    ///
    /// # Safety
    /// `p` is an object in a heap of ours.
    #[inline(always)]
    pub unsafe fn of(p: NonNull<u8>) -> &'static TypeInfo {
        // SAFETY: every span that holds objects has the address of its TypeInfo as type key (`get` below is the only
        // source of such keys in managers).
        unsafe { &*SpanRef::of(p).type_key().cast::<TypeInfo>() }
    }

    /// The type of the objects in `span`.
    ///
    /// # Safety
    /// `span` is a span of objects in use.
    #[inline(always)]
    pub unsafe fn in_span(span: SpanRef) -> &'static TypeInfo {
        // SAFETY: as in `of`.
        unsafe { &*span.type_key().cast::<TypeInfo>() }
    }

    /// The address as a span's type key.
    #[inline(always)]
    pub fn key(&'static self) -> *const () {
        (&raw const *self).cast()
    }

    /// Whether both stand for the same type.
    #[inline(always)]
    pub fn is(&'static self, other: &'static TypeInfo) -> bool {
        // Types with numbers of their own mostly differ in them, which spares two calls.
        std::ptr::eq(self, other) || (self.tag == other.tag && (self.id)() == (other.id)())
    }
}

/// Where the `TypeInfo` of `T` under `M` lives.
pub struct InfoOf<'gc, T, M>(PhantomData<(&'gc (), T, M)>);

impl<'gc, T: Trace<'gc, M>, M: Manager> InfoOf<'gc, T, M> {
    /// The one (per codegen unit) description of the type.
    pub const INFO: &'static TypeInfo = &TypeInfo {
        id: TypeId::of::<T::Id>,
        name: std::any::type_name::<T::Id>,
        size: if size_of::<T>() < 8 { 8 } else { size_of::<T>().next_multiple_of(8) },
        element_size: T::ELEMENT_SIZE,
        kind: T::KIND,
        needs_trace: T::NEEDS_TRACE,
        is_fixed: T::FIXED && T::NEEDS_TRACE,
        drop_kind: T::DROP,
        tag: T::TAG,
        is_weak_box: T::IS_WEAK_BOX,
        is_plain: T::NEEDS_DROP
            && T::DROPS_IN_PLACE
            && !matches!(T::DROP, DropKind::Arbitrary)
            && !T::HAS_FINALIZER
            && !T::IS_WEAK_BOX,
        drop: if T::NEEDS_DROP { Some(drop_erased::<T, M>) } else { None },
        finalize: if T::HAS_FINALIZER { Some(finalize_erased::<T, M>) } else { None },
        told: if T::IS_TOLD { Some(told_erased::<T, M>) } else { None },
        counted: if M::SESSIONS && T::COUNTED.is_some() { Some(counted_erased::<T, M>) } else { None },
        visits: Visits { first: visit_first::<T, M>, second: visit_second::<T, M>, each: visit_each::<T, M> },
        pieces: if T::ELEMENT_SIZE != 0 && T::NEEDS_TRACE {
            Some(Pieces { len: tail_len_erased::<T, M>, visit: visit_piece_first::<T, M> })
        } else {
            None
        },
    };
}

/// # Safety
/// `p` is a `T` that nobody uses any more.
unsafe fn drop_erased<'gc, T: Trace<'gc, M>, M: Manager>(p: NonNull<u8>) {
    // SAFETY: called through the TypeInfo of `T` on a block of its span that holds a `T` nobody uses.
    unsafe { T::drop_at(p.cast()) }
}
/// # Safety
/// `p` is a whole `T` that nobody changes meanwhile.
unsafe fn counted_erased<'gc, T: Trace<'gc, M>, M: Manager>(p: NonNull<u8>) -> bool {
    match T::COUNTED {
        // SAFETY: called through the TypeInfo of `T` on a block of its span that holds a whole `T`.
        Some(counted) => counted(unsafe { p.cast::<T>().as_ref() }),
        None => true,
    }
}
/// # Safety
/// As `Trace::finalize_at`.
unsafe fn finalize_erased<'gc, T: Trace<'gc, M>, M: Manager>(p: NonNull<u8>, mc: NonNull<()>) {
    // SAFETY: as above; `mc` is the open session's mutation.
    unsafe { T::finalize_at(p.cast(), mc) }
}
/// # Safety
/// As `Trace::told_at`.
unsafe fn told_erased<'gc, T: Trace<'gc, M>, M: Manager>(p: NonNull<u8>, mc: NonNull<()>) {
    // SAFETY: called through the TypeInfo of `T` on an object of its span; `mc` is the open session's mutation.
    unsafe { T::told_at(p.cast(), mc) }
}
/// # Safety
/// `p` is a `T` that may be read now; `v` points to the visitor this function is for, borrowed by nobody else.
#[inline]
unsafe fn visit_first<'gc, T: Trace<'gc, M>, M: Manager>(p: NonNull<u8>, v: NonNull<()>) {
    // SAFETY: as above; the manager passes its first visitor, exclusively borrowed.
    unsafe { T::visit_at(p.cast(), v.cast::<M::FirstVisitor>().as_mut()) }
}
/// # Safety
/// `p` is a whole `T`.
unsafe fn tail_len_erased<'gc, T: Trace<'gc, M>, M: Manager>(p: NonNull<u8>) -> usize {
    // SAFETY: called through the TypeInfo of `T` on a block of its span that holds a whole `T`.
    unsafe { T::tail_len_at(p.cast()) }
}
/// # Safety
/// As `visit_first`; and `range` lies within the tail.
unsafe fn visit_piece_first<'gc, T: Trace<'gc, M>, M: Manager>(p: NonNull<u8>, range: Range<usize>, v: NonNull<()>) {
    // SAFETY: as in `visit_first`.
    unsafe { T::visit_piece_at(p.cast(), range, v.cast::<M::FirstVisitor>().as_mut()) }
}
/// # Safety
/// `p` is a `T` that may be read now; `v` points to the visitor this function is for, borrowed by nobody else.
#[inline]
unsafe fn visit_second<'gc, T: Trace<'gc, M>, M: Manager>(p: NonNull<u8>, v: NonNull<()>) {
    // SAFETY: as above, with the second visitor.
    unsafe { T::visit_at(p.cast(), v.cast::<M::SecondVisitor>().as_mut()) }
}
/// # Safety
/// `p` is a `T` that may be read now; `v` points to the visitor this function is for, borrowed by nobody else.
#[inline]
unsafe fn visit_each<'gc, T: Trace<'gc, M>, M: Manager>(p: NonNull<u8>, v: NonNull<()>) {
    // SAFETY: as above, with an `Each`.
    unsafe { T::visit_at(p.cast(), v.cast::<super::trace::Each<'_>>().as_mut()) }
}
