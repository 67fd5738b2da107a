//! Text as Python writes it, without the heap: the format mini-language, `%` formatting, `repr` of strings and bytes.

pub mod format_spec;
pub mod percent;
pub mod printable;
pub mod quote;
