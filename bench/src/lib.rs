//! What the contenders share: the programs they run, written once over the few operations in which they differ, so
//! that no contender does less work than another; and how a contender reads its arguments.
//!
//! Not the command that starts and compares them (`main.rs`), and no contender (`bin/`).  Overview: README.md.
#![forbid(unsafe_code)]

pub mod arguments;
pub mod programs;
