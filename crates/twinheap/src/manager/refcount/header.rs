//! The eight bytes before a counted object.
//!
//! ```text
//! | strong 32 | number 26, flags 4, age 2 | T …
//! strong   0: no object here.  u32::MAX: immortal, never counted again.  Otherwise the number of handles.
//! age      0 young, 1 middle, 2 old: the generation.  3: in no collection's set, and the number says why (`Outside`).
//! number   age 0, 1: where the object stands in its generation's list.  During a collection: references to it that
//!          were not found inside the set (`gc_refs`); saturated means "many", and is never counted down.
//! ```
//! Not here: who changes it and when (`release`, `generations`, `collect`).  Overview: `manager::refcount`.

use std::{cell::Cell, ptr::NonNull};

/// Bytes before every object.
pub const HEADER_BYTES: usize = 8;
/// A count that is never changed again.
pub const IMMORTAL: u32 = u32::MAX;

/// The age, and its mask.
pub const AGE: u32 = 0b11;
/// The oldest generation.
pub const OLD: u32 = 2;
/// Not in any collection's set.
pub const OUT: u32 = 3;
/// The finalizer has been queued once.
pub const FINALIZED: u32 = 1 << 2;
/// Weak boxes refer to it.
pub const HAS_WEAK: u32 = 1 << 3;
/// A collection found it dead.
pub const CONDEMNED: u32 = 1 << 4;
/// During a collection: its number holds `gc_refs`, and nobody has reached it.
pub const UNSEEN: u32 = 1 << 5;
const FLAGS: u32 = FINALIZED | HAS_WEAK;
const SHIFT: u32 = 6;
/// One in the number.
pub const ONE: u32 = 1 << SHIFT;
/// The largest number: "many" as a count; no index is that large.
pub const NUMBER_MAX: u32 = u32::MAX >> SHIFT;

/// Why an object is in no collection's set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Outside {
    /// The block is free, or its object was not born yet.
    Free = 0,
    /// It holds no references.
    Leaf = 1,
    /// The program took it out.
    Untracked = 2,
    /// In the permanent generation.
    Frozen = 3,
    /// Being destroyed, or waiting for it.
    Dying = 4,
    /// Found dead by a collection that has not finished.
    Condemned = 5,
    /// In no cycle, ever: its references never change, and lead to leaves and to objects of this sort.  The rest of the
    /// number says when it was born.
    Acyclic = 6,
    /// Somebody has a `&mut` to it (`Cc::get_mut`): nobody looks into it.
    Lent = 7,
}

/// The header of the object at the address behind it.
#[repr(C)]
pub struct Header {
    /// Handles.
    pub strong: Cell<u32>,
    /// Age, flags, number.
    pub aux: Cell<u32>,
}

/// The header of the object at `p`.
///
/// # Safety
/// `p` is an object's address in a block of a counting heap, and the block stays mapped for `'a`.
#[inline(always)]
pub unsafe fn header<'a>(p: NonNull<u8>) -> &'a Header {
    // SAFETY: blocks of counting heaps begin with a header; all of its fields are cells, and one thread uses them.
    unsafe { &*p.as_ptr().sub(HEADER_BYTES).cast::<Header>() }
}

impl Header {
    /// Sets both words.
    #[inline(always)]
    pub fn set(&self, strong: u32, aux: u32) {
        self.strong.set(strong);
        self.aux.set(aux);
    }
    /// The generation, or [`OUT`].
    #[inline(always)]
    pub fn age(&self) -> u32 {
        self.aux.get() & AGE
    }
    /// Whether all these flags are set.
    #[inline(always)]
    pub fn has(&self, flag: u32) -> bool {
        self.aux.get() & flag != 0
    }
    /// Sets a flag.
    #[inline(always)]
    pub fn raise(&self, flag: u32) {
        self.aux.set(self.aux.get() | flag)
    }
    /// Clears a flag.
    #[inline(always)]
    pub fn lower(&self, flag: u32) {
        self.aux.set(self.aux.get() & !flag)
    }
    /// The number.
    #[inline(always)]
    pub fn number(&self) -> u32 {
        self.aux.get() >> SHIFT
    }
    /// Puts the object into a place: an age and a number; the lasting flags stay.
    #[inline(always)]
    pub fn place(&self, age: u32, number: u32) {
        self.aux.set(self.aux.get() & FLAGS | age | number << SHIFT)
    }
    /// Takes the object out of every set.
    #[inline(always)]
    pub fn put_outside(&self, why: Outside) {
        self.place(OUT, why as u32)
    }
    /// Whether it is outside for this reason.
    #[inline(always)]
    pub fn is_outside(&self, why: Outside) -> bool {
        self.aux.get() & (AGE | WHY << SHIFT) == OUT | (why as u32) << SHIFT
    }
    /// Whether there is an object here that is alive: born, and not being destroyed.
    #[inline(always)]
    pub fn is_alive(&self) -> bool {
        self.strong.get() != 0 && !self.is_outside(Outside::Dying)
    }
    /// Begins a collection for this object: its number becomes its count.
    #[inline(always)]
    pub fn begin(&self, strong: u32) {
        let refs = if strong >= NUMBER_MAX { NUMBER_MAX } else { strong };
        self.aux.set(self.aux.get() & (ONE - 1) | UNSEEN | refs << SHIFT)
    }
}

/// The word `aux` of a block without an object.
pub const FREE: u32 = OUT | (Outside::Free as u32) << SHIFT;
/// The word `aux` of a new object without references.
pub const LEAF: u32 = OUT | (Outside::Leaf as u32) << SHIFT;
/// The part of the number of an object outside that says why.
const WHY: u32 = 7;
/// The word `aux` of a new object that can be in no cycle, born when so many collections had been (modulo 2^23).
pub const fn acyclic(collections: u32) -> u32 {
    OUT | (Outside::Acyclic as u32 | collections << WHY.count_ones()) << SHIFT
}
/// The word `aux` of a new object at `index` of the young.
#[inline(always)]
pub const fn young(index: u32) -> u32 {
    index << SHIFT
}
