//! The managers: who decides when a block is free again.
//!
//! | | handles | finds garbage | mutators |
//! |---|---|---|---|
//! | [`Null`] | copied | never | one |
//! | [`RefCount`] | counted | at the last handle's drop; cycles by trial deletion, in three generations | one |
//! | [`TricolorSolo`] | copied | marking and sweeping on a thread of its own | one |
//! | [`Tricolor`] | copied | the same | many |
//!
//! Siblings have equal file names in `refcount/` and `tricolor/`, and never import each other.
//! The interface is `object::managed::Manager`; `null.rs` is its smallest form: read that first.

pub(crate) mod borrow;
pub(crate) mod debug_lines;
pub(crate) mod ladder;
pub(crate) mod null;
pub(crate) mod refcount;
pub(crate) mod traced;
#[cfg(not(loom))]
pub(crate) mod tricolor;
/// Open to `tests/loom.rs`, which models the real words of the protocol.
#[cfg(loom)]
pub mod tricolor;

pub use null::Null;
pub use refcount::{Local, RefCount};
#[cfg(not(loom))]
pub use tricolor::{Tricolor, TricolorSolo};
