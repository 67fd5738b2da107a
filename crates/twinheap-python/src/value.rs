//! One-word values: what the 64 bits of a [`Val`] mean to Python.
//!
//! ```text
//! tag 0      a reference (or, as the word 0, nothing: an unbound slot)
//! tag 1      a small integer of 61 bits
//! tag 3,4,5  a float, packed: rotated left by 4, so that its three top exponent bits are the tag (3: 2⁻²⁵⁵…2,
//!            4: 2…2²⁵⁶, 5: zero and the tiny ones, whose bits would be 0); other floats are boxed
//! tag 7      None, False, True, NotImplemented, Ellipsis
//! ```
//! Not here: objects (`object.rs`), what operators do (`ops.rs`).

use twinheap::{Manager, Val};

/// The tag of small integers.
pub const INT: u8 = 1;
/// The tag of constants.
const CONST: u64 = 7;

/// What a value is, at one glance: an immediate, or the Rust type of an object (its `TypeInfo`'s tag).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Kind {
    Empty,
    Int,
    Float,
    None,
    Bool,
    NotImplemented,
    Ellipsis,
    BigInt,
    Str,
    Bytes,
    List,
    Tuple,
    Dict,
    Set,
    Range,
    Slice,
    Func,
    Method,
    Native,
    Class,
    Instance,
    Module,
    Cell,
    Gen,
    Iter,
    File,
    Weak,
    Property,
    Wrapper,
    Member,
    Super,
    View,
    Code,
    Traceback,
    Sub,
    Object,
    Frame,
    Other,
}

/// How many kinds there are.
pub const KINDS: usize = Kind::Other as usize + 1;

const BY_TAG: [Kind; KINDS] = {
    use Kind::*;
    [
        Empty,
        Int,
        Float,
        None,
        Bool,
        NotImplemented,
        Ellipsis,
        BigInt,
        Str,
        Bytes,
        List,
        Tuple,
        Dict,
        Set,
        Range,
        Slice,
        Func,
        Method,
        Native,
        Class,
        Instance,
        Module,
        Cell,
        Gen,
        Iter,
        File,
        Weak,
        Property,
        Wrapper,
        Member,
        Super,
        View,
        Code,
        Traceback,
        Sub,
        Object,
        Frame,
        Other,
    ]
};

/// Python's reading of a word.
pub trait Value: Sized {
    /// `None`
    fn none() -> Self;
    /// A bool.
    fn bool(b: bool) -> Self;
    /// `NotImplemented`
    fn not_implemented() -> Self;
    /// `Ellipsis`
    fn ellipsis() -> Self;
    /// An integer, if it is small.
    fn small(i: i64) -> Option<Self>;
    /// An integer known to be small: a length, an index.
    fn index(i: usize) -> Self;
    /// A float, if it can be packed.
    fn packed(f: f64) -> Option<Self>;
    /// Whether it is `None`.
    fn is_none(&self) -> bool;
    /// Whether it is `True`.
    fn is_true(&self) -> bool;
    /// Whether it is `NotImplemented`.
    fn is_not_implemented(&self) -> bool;
    /// The bool in it.
    fn as_bool(&self) -> Option<bool>;
    /// The small integer in it (a bool is none).
    fn as_int(&self) -> Option<i64>;
    /// The packed float in it.
    fn as_packed(&self) -> Option<f64>;
    /// What it is.
    fn kind(&self) -> Kind;
    /// Whether both are the same object (`is`).
    fn is(&self, other: &Self) -> bool;
}

const fn constant(n: u64) -> u64 {
    n << 3 | CONST
}
/// Smallest integer of 61 bits.
pub const SMALL_MIN: i64 = -(1 << 60);
/// Largest integer of 61 bits.
pub const SMALL_MAX: i64 = (1 << 60) - 1;

impl<M: Manager> Value for Val<'_, M> {
    #[inline(always)]
    fn none() -> Self {
        Val::payload(constant(0))
    }
    #[inline(always)]
    fn bool(b: bool) -> Self {
        Val::payload(constant(1 + b as u64))
    }
    #[inline(always)]
    fn not_implemented() -> Self {
        Val::payload(constant(3))
    }
    #[inline(always)]
    fn ellipsis() -> Self {
        Val::payload(constant(4))
    }
    #[inline(always)]
    fn small(i: i64) -> Option<Self> {
        if (SMALL_MIN..=SMALL_MAX).contains(&i) { Some(Val::payload((i as u64) << 3 | INT as u64)) } else { None }
    }
    #[inline(always)]
    fn index(i: usize) -> Self {
        Val::payload((i as u64) << 3 | INT as u64)
    }
    #[inline(always)]
    fn packed(f: f64) -> Option<Self> {
        let r = f.to_bits().rotate_left(4);
        match r & 7 {
            3 | 4 => Some(Val::payload(r)),
            0 => Some(Val::payload(r | 5)),
            _ => None,
        }
    }
    #[inline(always)]
    fn is_none(&self) -> bool {
        self.bits() == constant(0)
    }
    #[inline(always)]
    fn is_true(&self) -> bool {
        self.bits() == constant(2)
    }
    #[inline(always)]
    fn is_not_implemented(&self) -> bool {
        self.bits() == constant(3)
    }
    #[inline(always)]
    fn as_bool(&self) -> Option<bool> {
        match self.bits() {
            b if b == constant(1) => Some(false),
            b if b == constant(2) => Some(true),
            _ => None,
        }
    }
    #[inline(always)]
    fn as_int(&self) -> Option<i64> {
        if self.tag() == INT { Some(self.bits() as i64 >> 3) } else { None }
    }
    #[inline(always)]
    fn as_packed(&self) -> Option<f64> {
        let w = self.bits();
        match w & 7 {
            3 | 4 => Some(f64::from_bits(w.rotate_right(4))),
            5 => Some(f64::from_bits((w ^ 5).rotate_right(4))),
            _ => None,
        }
    }
    #[inline(always)]
    fn kind(&self) -> Kind {
        match self.tag() {
            0 => match self.as_any() {
                Some(any) => BY_TAG[(any.tag() as usize).min(KINDS - 1)],
                None => Kind::Empty,
            },
            INT => Kind::Int,
            3..=5 => Kind::Float,
            _ => match self.bits() >> 3 {
                0 => Kind::None,
                1 | 2 => Kind::Bool,
                3 => Kind::NotImplemented,
                4 => Kind::Ellipsis,
                _ => Kind::Other,
            },
        }
    }
    #[inline(always)]
    fn is(&self, other: &Self) -> bool {
        self.bits() == other.bits()
    }
}
