//! `#[derive(Trace)]`: where a type's references are, written by the compiler's own description of it.
//!
//! `attributes` what `#[trace(…)]` says ← `shape` the type as the derive sees it: lifetime, manager, fields ←
//! `expand` the code.  The traits and their laws are the library's (`twinheap::object::trace`).
#![forbid(unsafe_code)]

mod attributes;
mod expand;
mod shape;

/// Derives `Trace`: the type may lie in a heap.
///
/// * The lifetime is the type's only one, the manager its only type parameter bounded by `Manager`.  A type with a fixed
///   manager names it: `#[trace(manager = RefCount)]`.  A type with neither lies in any heap its fields can lie in.
///   Every other type parameter must be `Trace`.
/// * The type cannot implement `Drop` (E0119): other objects it refers to may be gone by then.  Implement `Finalize` and
///   say `#[trace(finalize)]`, or put what has to be dropped into a leaf of its own.
///
/// On the type:
///
/// | | |
/// |---|---|
/// | `#[trace(gc = 'a, manager = M)]` | names lifetime and manager |
/// | `#[trace(kind = container)]`, `internal`, `leaf` | what collections and listings take it for |
/// | `#[trace(counted = Self::f)]` | asks `fn(&Self) -> bool` whether a dead one is among those a collection says it collected |
/// | `#[trace(finalize)]` | its `Finalize` runs when it dies |
/// | `#[trace(release = "reverse")]` | a struct's fields are dropped last to first |
/// | `#[trace(release = "in order")]` | a tail's header: its elements are dropped first to last |
/// | `#[trace(tag = 7)]` | a number of the program's own, for `GcAny::tag` |
/// | `#[trace(recursive)]` | every field as `#[trace(recursive)]` |
///
/// On a field:
///
/// | | |
/// |---|---|
/// | `#[trace(static)]` | a leaf: `'static + Send + Sync`, never looked into |
/// | `#[trace(recursive)]` | owns a value of this very type by way of another; see below |
///
/// A type may own itself through `Box`, `Vec`, `Option` and the like without a word; collections look through such a chain
/// by recursion, as its drop goes, so a long one is to be linked by handles.  Of two types that own each other
/// one says `#[trace(recursive)]` on the field (otherwise: E0391); it is then taken to hold references and a `Drop`, as is
/// a type that owns itself with other arguments.
#[proc_macro_derive(Trace, attributes(trace))]
pub fn derive_trace(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    match shape::Shape::of(&input) {
        Ok(shape) => expand::expand(&shape),
        Err(error) => error.to_compile_error(),
    }
    .into()
}
