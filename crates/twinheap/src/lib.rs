//! Twinheap: memory management for Rust with two real managers behind one safe API.
//!
//! ```
//! #![forbid(unsafe_code)]
//! use twinheap::{Config, Gc, Heap, Manager, Mutation, Null, Rootable, Slot, Trace};
//!
//! #[derive(Trace)]
//! struct Node<'gc, M: Manager> {
//!     number: u64,
//!     next: Slot<'gc, Node<'gc, M>, M>,
//! }
//! struct R;
//! impl<M: Manager> Rootable<M> for R {
//!     type Root<'gc> = Gc<'gc, Node<'gc, M>, M>;
//! }
//! fn node<'gc, M: Manager>(mc: &Mutation<'gc, M>, number: u64) -> Gc<'gc, Node<'gc, M>, M> {
//!     Gc::new(mc, Node { number, next: Slot::empty() })
//! }
//! // Written once; the manager is chosen where the heap is made.
//! fn ring<M: Manager>() -> u64 {
//!     let heap = Heap::<R, M>::new(Config::default(), |mc| node(mc, 1)).unwrap();
//!     heap.mutator().unwrap().mutate(|mc, first| {
//!         let second = node(mc, 2);
//!         first.next.set(mc, Some(second.clone()));
//!         second.next.set(mc, Some(first.clone()));
//!         first.next.get().unwrap().next.get().unwrap().number
//!     })
//! }
//! assert_eq!(ring::<Null>(), 1);
//! ```
//!
//! # The layers, bottom-up
//! `sync`, `config`, `observe` ← `alloc` blocks and bits ← [`object`] handles and fields ← [`manager`] who frees, and
//! when ← [`heap`] heaps, mutators, sessions.  An arrow never points up (`cargo xtask tidy` checks).
//!
//! # Features
//! `serde` (off): `Serialize` and `Deserialize` for [`Cc`] and what goes with it.  Without it the library depends on libc alone.
#![deny(missing_docs)]

// Derived code names the crate by its name, also inside this crate and its tests.
extern crate self as twinheap;

mod alloc;
pub mod cc;
pub mod config;
pub mod control;
pub mod heap;
pub mod manager;
pub mod object;
pub mod observe;
pub mod outside;
pub mod process;
mod sync;
mod unwind;

pub use alloc::{ClassRow, Full, Ladder, Levels};
pub use cc::Cc;
pub use config::Config;
pub use heap::{Heap, Mutation, Mutator, Pending};
pub use manager::{Local, Null, RefCount};
#[cfg(not(loom))]
pub use manager::{Tricolor, TricolorSolo};
pub use object::{
    any::GcAny,
    cell::{GcCell, Ref, RefMut},
    cleanup::Cleanup,
    dynamic::{DynFamily, GcDyn},
    gc::{ByAddress, Gc, NoRoom},
    lifo::Lifo,
    managed::{Cause, Collected, Manager, OneMutator, Request, Threaded},
    map::{ByValue, GcMap},
    once::GcOnce,
    root::{Root, Rootable},
    slot::Slot,
    tail::{Storage, Tail, TextByte},
    text::{Bytes, GcBytes, GcStr, Text},
    trace::{Finalize, Static, Trace, Visitor},
    val::{Unpacked, Val, ValSlot},
    vec::GcVec,
    weak::{GcWeak, WeakBox},
    weak_map::GcWeakMap,
    word::Word,
};
pub use observe::Stats;
pub use twinheap_derive::Trace;

/// What derived code names; not for people.
#[doc(hidden)]
pub mod derive {
    pub use crate::object::{
        trace::{Dropped, Finalizer, MustNotImplDrop, worst_drop},
        type_info::{DropKind, Kind},
    };
}
