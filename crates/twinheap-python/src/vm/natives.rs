//! Functions written in Rust: their description, and how they see their arguments.
//!
//! Arguments lie on the operand stack and stay there until the function has answered (as in CPython, whose caller
//! holds them). A native answers a value, an exception, or asks (`super::Ask`): it never runs the loop itself where
//! that can be avoided.

use super::{E, R, Vm};
use crate::{
    object::{Str, V},
    value::Value,
};
use twinheap::{Gc, OneMutator};

/// The type of such functions.
pub type Native<M> = for<'gc> fn(&mut Vm<'gc, M>, Args) -> R<'gc, M>;

/// Where the arguments are.
#[derive(Clone, Copy, Debug)]
pub struct Args {
    /// Index of the first on the stack.
    pub base: usize,
    /// How many by position (of a native with parameter names: all parameters, missing ones empty).
    pub n: usize,
    /// How many by keyword, after those; their names are `vm.kwnames`.
    pub kw: usize,
}

/// A native's description.
pub struct NativeDef<M: OneMutator> {
    /// Its name.
    pub name: &'static str,
    /// The module it is in, for messages; `""` for built-ins and methods.
    pub module: &'static str,
    /// Itself.
    pub f: Native<M>,
    /// Fewest arguments by position.
    pub min: u8,
    /// Most; [`MANY`]: any number.
    pub max: u8,
    /// Names of all its parameters, if it takes keywords; `""` for one that cannot be named.
    pub params: &'static [&'static str],
    /// Takes keywords and looks at them itself.
    pub raw_keywords: bool,
}
impl<M: OneMutator> Clone for NativeDef<M> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<M: OneMutator> Copy for NativeDef<M> {}

/// Any number of arguments.
pub const MANY: u8 = 255;

/// A native that takes arguments by position only.
pub const fn def<M: OneMutator>(name: &'static str, min: u8, max: u8, f: Native<M>) -> NativeDef<M> {
    NativeDef { name, module: "", f, min, max, params: &[], raw_keywords: false }
}
/// A native whose parameters have names.
pub const fn def_kw<M: OneMutator>(
    name: &'static str,
    min: u8,
    params: &'static [&'static str],
    f: Native<M>,
) -> NativeDef<M> {
    NativeDef { name, module: "", f, min, max: params.len() as u8, params, raw_keywords: false }
}
/// A native that looks at its keywords itself.
pub const fn def_raw<M: OneMutator>(name: &'static str, min: u8, max: u8, f: Native<M>) -> NativeDef<M> {
    NativeDef { name, module: "", f, min, max, params: &[], raw_keywords: true }
}
impl<M: OneMutator> NativeDef<M> {
    /// How CPython's `_PyObject_FunctionStr` calls it.
    pub fn full_name(&self) -> String {
        if self.module.is_empty() { self.name.to_string() } else { format!("{}.{}", self.module, self.name) }
    }
}

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// Argument `i`; empty if it was not given.
    #[inline(always)]
    pub fn arg(&self, a: Args, i: usize) -> V<'gc, M> {
        if i < a.n { self.stack[a.base + i].clone() } else { V::empty() }
    }
    /// A look at argument `i`, which was given.
    #[inline(always)]
    pub fn arg_ref(&self, a: Args, i: usize) -> &V<'gc, M> {
        &self.stack[a.base + i]
    }
    /// All arguments by position from `i` on.
    pub fn args_from(&self, a: Args, i: usize) -> Vec<V<'gc, M>> {
        self.stack[a.base + i.min(a.n)..a.base + a.n].to_vec()
    }
    /// Whether argument `i` was given and is not None.
    pub fn given(&self, a: Args, i: usize) -> bool {
        i < a.n && !self.stack[a.base + i].is_empty() && !self.stack[a.base + i].is_none()
    }
    /// The keyword arguments of a raw native.
    pub fn keywords(&self, a: Args) -> Vec<(String, V<'gc, M>)> {
        let Some(names) = &self.kwnames else { return Vec::new() };
        if a.kw == 0 {
            return Vec::new();
        }
        let text = |v: &V<'gc, M>| v.downcast_ref::<Str>().map_or(String::new(), |s| s.text().to_string());
        names.tail().iter().enumerate().map(|(i, n)| (text(n), self.stack[a.base + a.n + i].clone())).collect()
    }
    /// Argument `i` as a small integer (an index).
    pub fn int_arg(&mut self, a: Args, i: usize) -> R<'gc, M, i64> {
        let v = self.arg(a, i);
        self.to_index(&v)
    }
    /// Argument `i` as an integer, or `default` when it is missing or None.
    pub fn int_arg_or(&mut self, a: Args, i: usize, default: i64) -> R<'gc, M, i64> {
        if self.given(a, i) { self.int_arg(a, i) } else { Ok(default) }
    }
    /// Argument `i` as a string.
    pub fn str_arg(&mut self, a: Args, i: usize, of: &str) -> R<'gc, M, Gc<'gc, Str, M>> {
        let v = self.arg(a, i);
        let v = self.unwrapped(v);
        match v.downcast::<Str>() {
            Ok(s) => Ok(s),
            Err(v) => {
                let t = self.type_name(&v);
                Err(self.raise(E::TypeError, &format!("{of} must be str, not {t}")))
            }
        }
    }
}
