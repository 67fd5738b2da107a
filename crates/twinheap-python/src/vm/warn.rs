//! `DeprecationWarning`, as CPython 3.13's default filters have it (`Python/_warnings.c`): shown where code of `__main__`
//! causes it, once a line, on `sys.stderr`.
//!
//! Not here: the module `warnings`, which there is not, so nothing can be filtered, and no `__warningregistry__` is seen.

use super::{R, Vm};
use crate::{
    object::*,
    value::{Kind, Value},
};
use twinheap::{OneMutator, Val};

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// Warns on behalf of the innermost frame of the program's.
    #[cold]
    pub fn deprecated(&mut self, text: &str) {
        let Some(at) = self.frames.iter().rposition(|f| !Self::is_prelude(&f.func)) else { return };
        let frame = &self.frames[at];
        let (co, globals) = (frame.func.code.co.0.clone(), frame.func.globals.clone());
        // Frames below the innermost have been left with theirs noted.
        let next = if at + 1 == self.frames.len() { self.pc } else { frame.pc };
        let line = co.line(next.saturating_sub(1) as usize);
        let name = self.dict_get_name(&globals, self.name(crate::types::names::N::name)).unwrap_or_default();
        if name.downcast_ref::<Str>().is_none_or(|name| name.text() != "__main__")
            || !self.host.warned.insert((co.filename.clone(), line, text.to_string()))
        {
            return;
        }
        let mut out = format!("{}:{line}: DeprecationWarning: {text}\n", co.filename);
        if let Some(source) = self.host.source_line(&co.filename, line) {
            out.push_str(&format!("  {}\n", source.trim()))
        }
        self.write_stderr(&out)
    }
    /// What `__index__` or `__int__` answered, as an exact integer.
    ///
    /// # Errors
    /// `TypeError` if it is none.
    pub fn checked_int(&mut self, method: &str, answer: V<'gc, M>) -> R<'gc, M> {
        if matches!(answer.kind(), Kind::Int | Kind::BigInt) {
            return Ok(answer);
        }
        let t = self.type_name(&answer);
        let text = format!("{method} returned non-int (type {t})");
        let inner = self.unwrapped(answer);
        if !matches!(inner.kind(), Kind::Int | Kind::Bool | Kind::BigInt) {
            return Err(self.raise(super::E::TypeError, &text));
        }
        self.deprecated(&format!("{text}.  {}", discouraged("int")));
        Ok(inner.as_bool().map_or(inner, |b| Val::index(b as usize)))
    }
    /// What `__float__` of `of` answered, as an exact float.
    ///
    /// # Errors
    /// `TypeError` if it is none.
    pub fn checked_float(&mut self, of: &V<'gc, M>, answer: V<'gc, M>) -> R<'gc, M, f64> {
        let exact = answer.kind() == Kind::Float;
        let text = format!("{}.__float__ returned non-float (type {})", self.type_name(of), self.type_name(&answer));
        let inner = self.unwrapped(answer);
        let Some(f) = self.as_f64(&inner) else { return Err(self.raise(super::E::TypeError, &text)) };
        if !exact {
            self.deprecated(&format!("{text}.  {}", discouraged("float")))
        }
        Ok(f)
    }
}

fn discouraged(what: &str) -> String {
    format!(
        "The ability to return an instance of a strict subclass of {what} is deprecated, and may be removed in a future \
         version of Python."
    )
}
