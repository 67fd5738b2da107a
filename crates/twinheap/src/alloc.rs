//! Allocation.  A request goes down until someone can answer it, and the answer comes straight back.
//!
//! 1. a manager's thread cache pops a block of the type's open span: no lock, no atomics (`manager/*/cache.rs`).
//! 2. [`span`]    a run of 32 KiB cut into blocks of one size *and one type*: bitmaps or a free list say what is used.
//! 3. [`memory`]  free spans become used ones, large objects get a run of their own, limits answer [`Full`].
//! 4. [`chunk`]   4 MiB, aligned, with the metadata of its 128 spans at its head: address → span is two instructions.
//!    [`beside`]  two words for each block of a span, for what few objects have.
//! 5. [`os`]      chunks are mapped, returned and unmapped; the only file that talks to the kernel about memory.
//!
//! | here | CPython | Go |
//! |---|---|---|
//! | chunk 4 MiB | arena 1 MiB | heap arena 64 MiB |
//! | span 32 KiB | pool 16 KiB | mspan 8–80 KiB |
//! | block | block | object slot |
//!
//! This folder knows blocks and bits.  It does not know objects, colours or counts: a span's type is an opaque word
//! to it (`type_key`), and what a dead block needs before it is free again is an argument to `sweep`.

pub mod beside;
pub mod chunk;
pub mod ladder;
pub mod memory;
pub mod os;
pub mod size_class;
pub mod span;

pub use ladder::{ClassRow, Ladder, Levels};
pub use memory::{Full, Limits, Memory};
pub use span::SpanRef;
