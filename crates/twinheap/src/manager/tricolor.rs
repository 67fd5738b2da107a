//! `Tricolor` and `TricolorSolo`: concurrent mark and sweep, one stop a collection.  The story:
//!
//! A collector's thread sleeps until the heap reaches its trigger (`pacer`), then:
//!
//! * (A) **Stop.**  It waits until no session is open (`handshake`).  Nobody has a reference on a stack now: a session is
//!   the only place where references live outside the heap.  It closes the mutators' open runs, publishes a new epoch
//!   and the phase MARK, and lets everybody go on.  Nothing in the stop depends on the heap's size.
//! * (B) **Mark** (`mark`; k threads: `work`, `workers`) the snapshot: whatever can be reached at the stop from the pins (the
//!   root object, `Root`s) and the queue.  Meanwhile sessions run.  Whoever overwrites a reference saves the old one first: a
//!   slot's old value is shaded, a cell's whole contents are saved at its first mutable borrow (`scan`).  New objects are born
//!   black (`cache`).  So nothing that was reachable at (A), or born since, is missed; and no marker ever reads memory that is
//!   younger than the snapshot, nor anything that a `&mut` may point at.
//! * (C) **F1** (`gray`).  When the workers run dry the collector takes all gray locks; if every buffer is empty marking is
//!   over.  No stop: by the snapshot rule no gray object can appear any more.  Before that, values of weak maps whose keys are marked
//!   are marked (`ephemeron`).
//! * (D) **Weak** references whose target is not marked are cleared (`weak`).
//! * (E) **Finalize**: dead objects with a finalizer are marked after all, with all they refer to, and put into an order
//!   (`finalize`).
//! * (F) **F2** publishes them, and births are white again.  The pacer plans the next collection.
//! * (G) **Sweep** (`sweep`): by the collector, and by mutators that need a span of some type.  Destructors that are somebody's
//!   code have a thread of their own (`destructors`).
//!
//! Between collections the thread gives free pages back (`scavenger`).  While mutators use every processor, marking has a
//! quarter of them, and allocators mark what allocation is ahead of it (`meter`, `cache`).
//!
//! Go stops twice and scans stacks; here sessions make the second stop and the scan unnecessary.  The price: what a session
//! allocates lives until it ends, and a stop waits for the longest session.
//!
//! One core, two managers: they differ in the borrow word of cells, and in how many mutators there may be.
//!
//! Not here: what objects are (`object`), blocks and bits (`alloc`).  Overview: `manager`.

#[doc(hidden)]
pub mod gray;
#[doc(hidden)]
pub mod handshake;
#[doc(hidden)]
pub mod phase;
#[doc(hidden)]
pub mod scan;
#[doc(hidden)]
pub mod work;

#[cfg(not(loom))]
mod cache;
#[cfg(not(loom))]
mod collector;
#[cfg(not(loom))]
mod dead;
#[cfg(not(loom))]
mod destructors;
#[cfg(not(loom))]
mod ephemeron;
#[cfg(not(loom))]
mod finalize;
#[cfg(not(loom))]
mod held;
#[cfg(not(loom))]
mod manage;
#[cfg(not(loom))]
mod mark;
#[cfg(not(loom))]
mod meter;
#[cfg(not(loom))]
mod pacer;
#[cfg(not(loom))]
mod refusals;
#[cfg(not(loom))]
mod runtime;
#[cfg(not(loom))]
mod scavenger;
#[cfg(not(loom))]
mod sweep;
#[cfg(not(loom))]
mod verify;
#[cfg(not(loom))]
mod watch;
#[cfg(not(loom))]
mod weak;
#[cfg(not(loom))]
mod workers;

#[cfg(not(loom))]
pub use manage::{Concurrent, Mutators, Tricolor, TricolorSolo};
