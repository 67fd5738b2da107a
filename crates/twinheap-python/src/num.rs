//! Numbers as Python has them, without the heap: reading, writing, rounding, comparing, hashing.
//!
//! `num/int.rs` integers, `num/float.rs` floats, `num/hash.rs` the hash that makes `1`, `1.0` and `True` one key.

pub mod float;
pub mod hash;
pub mod int;
