//! What an object is, and what may refer to it.
//!
//! ```text
//! tracing managers            counting managers
//! ┌──────────────┐            ┌─────────┬──────────┬──────────────┐
//! │ T            │            │ count 4 │ state  4 │ T            │     block of the span of type T
//! └──────────────┘            └─────────┴──────────┴──────────────┘
//!   ▲ Gc<'gc, T, M>                                  ▲ Gc<'gc, T, M>
//! ```
//! No type word: a span holds one type, its table entry has the [`type_info::TypeInfo`].  An object with a *tail*
//! ([`tail`]) is a header and a run-time number of elements in one block.
//!
//! In the order of the data's way: [`managed`] what an object asks of its manager · [`type_info`] a type as data ·
//! [`trace`] where its references are · [`gc`] the handle · [`slot`] a mutable one-word field · [`val`] a tagged word ·
//! [`cell`] anything mutable · [`once`] written once · [`lifo`] a vector that lets go of the last first · [`tail`] ·
//! [`text`] · [`word`] what fits a slot · [`mod@vec`], [`map`] collections of slots · [`any`] erased handles · [`dynamic`] handles
//! to trait objects · [`weak`] and `boxes`, those of one object · [`ephemeron`], [`weak_map`] · [`cleanup`] what runs after a
//! death · [`root`] · [`session`] the
//! key.
//!
//! Not here: how blocks are found (`alloc`), when they die (`manager`).

pub mod any;
pub(crate) mod boxes;
pub mod cell;
pub mod cleanup;
pub mod dynamic;
pub mod ephemeron;
pub mod gc;
pub mod lifo;
pub mod managed;
pub mod map;
pub mod once;
pub mod root;
pub mod session;
pub mod slot;
pub mod tail;
pub mod text;
pub mod trace;
pub mod type_info;
pub mod val;
pub mod vec;
pub mod weak;
pub mod weak_map;
pub mod word;
