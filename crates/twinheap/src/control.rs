//! What a program may ask of a heap while it runs, in the words of those whose manager it is.
//!
//! [`gc`] has CPython's names, [`runtime`] Go's; every manager answers both, each as far as it can.
//! Not here: how a heap is made (`config`), what it says of itself (`observe`).

pub mod gc;
pub mod runtime;
