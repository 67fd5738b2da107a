//! A runtime for Python syntax on twinheap's public API: no `unsafe`, generic in the manager.
//!
//! Source → `parse` (ruff's parser, nesting bounded) → `resolve` (scopes) → `compile` → `bytecode`; `num` and `text` are what
//! the built-in types need of numbers and text. None of these knows the heap; the machine that runs the bytecode does.
#![forbid(unsafe_code)]
pub mod builtins;
pub mod bytecode;
pub mod carets;
pub mod compile;
pub mod host;
pub mod modules;
pub mod num;
pub mod object;
pub mod parse;
pub mod resolve;
pub mod run;
pub mod text;
pub mod types;
pub mod value;
pub mod vm;

pub use compile::compile_source;
pub use run::{Options, Outcome, StartError, run, run_named};

/// The file name of code that is the runtime's own: not shown in tracebacks.
pub const PRELUDE_NAME: &str = "<prelude>";
