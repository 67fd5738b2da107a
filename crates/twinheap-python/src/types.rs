//! What the built-in types do: one file a type, methods at its end as a table.
//!
//! Not here: operators on them (`vm/ops.rs`), functions such as `len` (`builtins.rs`).

pub mod bytes;
pub mod class;
pub mod deque;
pub mod dict;
pub mod dict_methods;
pub mod exception;
pub mod file;
pub mod float;
pub mod function;
pub mod int;
pub mod list;
pub mod names;
pub mod set;
pub mod set_methods;
pub mod str;
pub mod tuple;
pub mod weak;
