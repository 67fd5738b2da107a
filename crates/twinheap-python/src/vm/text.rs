//! `repr`, `str`, `format`. Built-in values are written in Rust; instances are asked (by a frame where one value is
//! wanted, nested inside containers).

use super::{E, Exc, R, Step, Vm};
use crate::{
    num::float,
    object::*,
    text::{
        format_spec::{FormatError, FormatSpec, Grouping},
        quote,
    },
    types::{names::N, weak::is_extended},
    value::{Kind, Value},
};
use std::fmt::Write as _;
use twinheap::{Gc, OneMutator, Val};

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// `ConvertValue`: 1 `str`, 2 `repr`, 3 `ascii`.
    pub fn convert(&mut self, v: V<'gc, M>, how: u8) -> R<'gc, M, Step<'gc, M>> {
        match how {
            1 => self.str_step(v),
            2 => self.repr_step(v),
            _ => {
                let t = self.repr_text(&v)?;
                self.str(&quote::escape_non_ascii(&t)).map(Step::Value)
            }
        }
    }
    /// `str(v)`
    pub fn str_step(&mut self, v: V<'gc, M>) -> R<'gc, M, Step<'gc, M>> {
        if v.kind() == Kind::Str {
            return Ok(Step::Value(v));
        }
        let v = self.through(v)?;
        if let Some(f) = self.python_text_method(&v, &[N::str_, N::repr]) {
            return self.call_step(f, &[v], Mode::Text, Val::empty());
        }
        let t = self.str_text(&v)?;
        self.str(&t).map(Step::Value)
    }
    /// `repr(v)`
    pub fn repr_step(&mut self, v: V<'gc, M>) -> R<'gc, M, Step<'gc, M>> {
        if let Some(f) = self.python_text_method(&v, &[N::repr]) {
            return self.call_step(f, &[v], Mode::Text, Val::empty());
        }
        let t = self.repr_text(&v)?;
        self.str(&t).map(Step::Value)
    }
    /// The Python function that decides, if one does: the first of these names that is nearer than a built-in's.
    fn python_text_method(&self, v: &V<'gc, M>, names: &[N]) -> Option<V<'gc, M>> {
        if v.kind() != Kind::Instance && self.sub_of(v).is_none() && v.kind() != Kind::Class && !is_extended(v) {
            return None;
        }
        let class = self.class_of(v);
        for n in names {
            match self.lookup(&class, *n) {
                Some(f) if f.kind() == Kind::Func => return Some(f),
                Some(f)
                    if f.kind() == Kind::Native && *n == N::str_
                    // `object.__str__` goes on to `__repr__`; an exception's or `str`'s does not.
                    && (class.layout != Kind::Instance || self.is_exception_class(&class)) =>
                {
                    return None;
                }
                _ => {}
            }
        }
        None
    }
    /// `str(v)`, nested.
    pub fn str_text(&mut self, v: &V<'gc, M>) -> R<'gc, M, String> {
        if let Some(s) = v.downcast_ref::<Str>() {
            return Ok(s.text().to_string());
        }
        if let Some(target) = self.seen_through(v)? {
            return self.str_text(&target);
        }
        if let Some(f) = self.python_text_method(v, &[N::str_, N::repr]) {
            return self.text_of_call(f, v, "__str__");
        }
        if let Some(inner) = self.inner(v)
            && inner.kind() == Kind::Str
        {
            return self.str_text(&inner);
        }
        if v.kind() == Kind::Instance {
            let class = self.class_of(v);
            if self.is_exception_class(&class) {
                return crate::types::exception::text(self, v);
            }
        }
        self.repr_text(v)
    }
    fn text_of_call(&mut self, f: V<'gc, M>, v: &V<'gc, M>, what: &str) -> R<'gc, M, String> {
        let s = self.call_method_value(f, v, &[])?;
        let s = self.unwrapped(s);
        match s.downcast_ref::<Str>() {
            Some(s) => Ok(s.text().to_string()),
            None => {
                let t = self.type_name(&s);
                Err(self.raise(E::TypeError, &format!("{what} returned non-string (type {t})")))
            }
        }
    }
    /// `repr(v)`, nested.
    pub fn repr_text(&mut self, v: &V<'gc, M>) -> R<'gc, M, String> {
        let mut out = String::new();
        self.repr_into(v, &mut out)?;
        Ok(out)
    }
    /// Whether this container is being written already (it holds itself).
    fn enter_repr(&mut self, v: &V<'gc, M>) -> bool {
        if self.host.repr_of.contains(&v.bits()) {
            return false;
        }
        self.host.repr_of.push(v.bits());
        true
    }
    /// Appends `repr(v)`.
    pub fn repr_into(&mut self, v: &V<'gc, M>, out: &mut String) -> R<'gc, M, ()> {
        if self.host.repr_of.len() > 900 {
            return Err(
                self.raise(E::RecursionError, "maximum recursion depth exceeded while getting the repr of an object")
            );
        }
        if let Some(f) = self.python_text_method(v, &[N::repr]) {
            let s = self.text_of_call(f, v, "__repr__")?;
            out.push_str(&s);
            return Ok(());
        }
        self.native_repr(v, out)
    }
    /// The same, when no Python function decides.
    pub fn native_repr(&mut self, v: &V<'gc, M>, out: &mut String) -> R<'gc, M, ()> {
        match v.kind() {
            Kind::Int => {
                let _ = write!(out, "{}", v.as_int().unwrap_or(0));
            }
            Kind::BigInt => {
                let Some(b) = v.downcast_ref::<Big>() else { return Ok(()) };
                if b.0.0.bits() > 14_500 {
                    let digits = (b.0.0.bits() as f64 * std::f64::consts::LOG10_2) as usize + 1;
                    if digits > crate::num::int::MAX_STR_DIGITS {
                        return Err(self.raise(
                            E::ValueError,
                            "Exceeds the limit (4300 digits) for integer string conversion; \
                             use sys.set_int_max_str_digits() to increase the limit",
                        ));
                    }
                }
                let _ = write!(out, "{}", b.0.0);
            }
            Kind::Float => out.push_str(&float::repr(self.as_f64(v).unwrap_or(0.0))),
            Kind::None => out.push_str("None"),
            Kind::Bool => out.push_str(if v.is_true() { "True" } else { "False" }),
            Kind::NotImplemented => out.push_str("NotImplemented"),
            Kind::Ellipsis => out.push_str("Ellipsis"),
            Kind::Str => out.push_str(&quote::repr_str(v.downcast_ref::<Str>().map_or("", |s| s.text()))),
            Kind::Bytes => out.push_str(&quote::repr_bytes(v.downcast_ref::<Bytes>().map_or(&[], |b| b.tail()))),
            Kind::List | Kind::Tuple => {
                let (open, close) = if v.kind() == Kind::List { ("[", "]") } else { ("(", ")") };
                if !self.enter_repr(v) {
                    out.push_str(open);
                    out.push_str("...");
                    out.push_str(close);
                    return Ok(());
                }
                let r = self.repr_items(v, open, close, out);
                self.host.repr_of.pop();
                return r;
            }
            Kind::Dict => {
                if !self.enter_repr(v) {
                    out.push_str("{...}");
                    return Ok(());
                }
                let r = self.repr_dict(v, out);
                self.host.repr_of.pop();
                return r;
            }
            Kind::Set => {
                let name = self.type_name(v);
                if !self.enter_repr(v) {
                    out.push_str(&format!("{name}(...)"));
                    return Ok(());
                }
                let r = self.repr_set(v, &name, out);
                self.host.repr_of.pop();
                return r;
            }
            Kind::View => {
                let Some(view) = v.downcast_ref::<View<'gc, M>>().cloned() else { return Ok(()) };
                let name = self.type_name(v);
                let items = self.collect_pure(v)?.unwrap_or_default();
                let _ = view;
                let l = self.list(items)?;
                out.push_str(&name);
                out.push('(');
                self.repr_into(&l, out)?;
                out.push(')');
            }
            Kind::Range => {
                let Some(r) = v.downcast_ref::<Range>() else { return Ok(()) };
                let _ = if r.step == 1 {
                    write!(out, "range({}, {})", r.start, r.stop)
                } else {
                    write!(out, "range({}, {}, {})", r.start, r.stop, r.step)
                };
            }
            Kind::Slice => {
                let Some(s) = v.downcast_ref::<Slice<'gc, M>>().cloned() else { return Ok(()) };
                out.push_str("slice(");
                self.repr_into(&s.start, out)?;
                out.push_str(", ");
                self.repr_into(&s.stop, out)?;
                out.push_str(", ");
                self.repr_into(&s.step, out)?;
                out.push(')');
            }
            Kind::Func => {
                let name = self.func_name(v, true);
                let _ = write!(out, "<function {name} at {:#x}>", v.bits());
            }
            Kind::Native => {
                let Some(f) = v.downcast_ref::<NativeFn<'gc, M>>() else { return Ok(()) };
                let owner = f.owner.get();
                match owner.downcast_ref::<Class<'gc, M>>() {
                    Some(c) => {
                        let c = self.class_name(c);
                        let _ = write!(out, "<method '{}' of '{c}' objects>", f.def.0.name);
                    }
                    None => {
                        let _ = write!(out, "<built-in function {}>", f.def.0.name);
                    }
                }
            }
            Kind::Method => {
                let Some(m) = v.downcast_ref::<Method<'gc, M>>().cloned() else { return Ok(()) };
                if m.func.kind() == Kind::Native {
                    let name = m.func.downcast_ref::<NativeFn<'gc, M>>().map_or("?", |f| f.def.0.name);
                    let t = self.type_name(&m.this);
                    let _ = write!(out, "<built-in method {name} of {t} object at {:#x}>", m.this.bits());
                } else {
                    let name = self.func_name(&m.func, true);
                    let _ = write!(out, "<bound method {name} of ");
                    self.repr_into(&m.this, out)?;
                    out.push('>');
                }
            }
            Kind::Class => {
                let Some(c) = v.downcast_ref::<Class<'gc, M>>().cloned() else { return Ok(()) };
                let name = self.class_full_name(&c);
                let name = name.strip_prefix("builtins.").unwrap_or(&name);
                let _ = write!(out, "<class '{name}'>");
            }
            Kind::Module => {
                let Some(m) = v.downcast_ref::<Module<'gc, M>>() else { return Ok(()) };
                let name = m.name.downcast_ref::<Str>().map_or("?", |s| s.text());
                let _ = write!(out, "<module '{name}' (built-in)>");
            }
            Kind::Gen => {
                let Some(g) = super::generator::generator(v) else { return Ok(()) };
                let _ = write!(out, "<generator object {} at {:#x}>", g.func.code.co.qualname, v.bits());
            }
            Kind::Weak => self.weak_repr(v, out),
            Kind::Cell => {
                let Some(c) = v.downcast_ref::<Cell<'gc, M>>().cloned() else { return Ok(()) };
                let held = c.0.get();
                let _ = if held.is_empty() {
                    write!(out, "<cell at {:#x}: empty>", v.bits())
                } else {
                    let t = self.type_name(&held);
                    write!(out, "<cell at {:#x}: {t} object at {:#x}>", v.bits(), held.bits())
                };
            }
            Kind::Code => {
                let Some(c) = v.downcast_ref::<Code<'gc, M>>() else { return Ok(()) };
                let co = &c.co;
                let _ = write!(
                    out,
                    "<code object {} at {:#x}, file \"{}\", line {}>",
                    co.name,
                    v.bits(),
                    co.filename,
                    co.first_line
                );
            }
            Kind::File => {
                let Some(f) = v.downcast_ref::<File<'gc, M>>().cloned() else { return Ok(()) };
                let mode = f.inner.lock().map(|o| o.mode.clone()).unwrap_or_default();
                out.push_str("<_io.TextIOWrapper name=");
                self.repr_into(&f.name, out)?;
                let _ = write!(out, " mode='{mode}' encoding='utf-8'>");
            }
            Kind::Super => {
                let Some(s) = v.downcast_ref::<Super<'gc, M>>().cloned() else { return Ok(()) };
                let c = s.class.downcast_ref::<Class<'gc, M>>().map(|c| self.class_name(c)).unwrap_or_default();
                let t = self.type_name(&s.this);
                let _ = write!(out, "<super: <class '{c}'>, <{t} object>>");
            }
            Kind::Instance => {
                let class = self.class_of(v);
                if let Some(inner) = self.inner(v) {
                    return self.repr_into(&inner, out);
                }
                if self.is_exception_class(&class) {
                    return crate::types::exception::repr(self, v, out);
                }
                if crate::types::deque::ring(v).is_some() {
                    if !self.enter_repr(v) {
                        out.push_str("[...]");
                        return Ok(());
                    }
                    let written = self.deque_repr(v, out);
                    self.host.repr_of.pop();
                    return written;
                }
                self.default_repr(v, out);
            }
            _ => self.default_repr(v, out),
        }
        Ok(())
    }
    /// `<__main__.A object at 0x…>`
    pub fn default_repr(&mut self, v: &V<'gc, M>, out: &mut String) {
        let class = self.class_of(v);
        let name = self.class_full_name(&class);
        let name = name.strip_prefix("builtins.").unwrap_or(&name).to_string();
        let _ = write!(out, "<{name} object at {:#x}>", v.bits());
    }
    /// `module.qualname` of a class.
    pub fn class_full_name(&self, c: &Gc<'gc, Class<'gc, M>, M>) -> String {
        let text = |n| {
            let v = self.dict_get_name(&c.dict, self.name(n));
            v.and_then(|v| v.downcast_ref::<Str>().map(|s| s.text().to_string()))
        };
        let qualname = text(N::qualname).unwrap_or_else(|| self.class_name(c));
        match text(N::module) {
            Some(m) if !(c.builtin && qualname.contains('.')) => format!("{m}.{qualname}"),
            _ => qualname,
        }
    }
    /// A function's name.
    pub fn func_name(&self, v: &V<'gc, M>, qualified: bool) -> String {
        match v.kind() {
            Kind::Func => {
                let f = v.downcast_ref::<Func<'gc, M>>().expect("its kind says so");
                let set = if qualified { f.qualname.get() } else { f.name.get() };
                match set.downcast_ref::<Str>() {
                    Some(s) => s.text().to_string(),
                    None if qualified => f.code.co.qualname.to_string(),
                    None => f.code.co.name.to_string(),
                }
            }
            Kind::Native => v.downcast_ref::<NativeFn<'gc, M>>().map_or(String::new(), |f| f.def.0.name.to_string()),
            Kind::Class => v.downcast_ref::<Class<'gc, M>>().map_or(String::new(), |c| self.class_name(c)),
            _ => String::new(),
        }
    }
    /// Appends the `repr` of an item. A list that holds one list twice, and so on down, has a text of any size: the
    /// buffer's growth is asked for.
    fn repr_part(&mut self, v: &V<'gc, M>, out: &mut String) -> R<'gc, M, ()> {
        if out.capacity() - out.len() < 64 {
            self.reserve_many(out.capacity(), 4)?;
            out.reserve(out.capacity().max(64));
        }
        self.repr_into(v, out)
    }
    fn repr_items(&mut self, v: &V<'gc, M>, open: &str, close: &str, out: &mut String) -> R<'gc, M, ()> {
        out.push_str(open);
        let mut i = 0;
        while let Some(x) = self.item(v, i) {
            if i > 0 {
                out.push_str(", ");
            }
            self.repr_part(&x, out)?;
            i += 1;
        }
        if i == 1 && open == "(" {
            out.push(',');
        }
        out.push_str(close);
        Ok(())
    }
    fn repr_dict(&mut self, v: &V<'gc, M>, out: &mut String) -> R<'gc, M, ()> {
        let Some(d) = v.downcast_ref::<Dict<'gc, M>>() else { return Ok(()) };
        let pairs: Vec<_> = d.table.borrow().iter().map(|e| (e.key.clone(), e.value.clone())).collect();
        out.push('{');
        for (i, (k, v)) in pairs.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            self.repr_part(k, out)?;
            out.push_str(": ");
            self.repr_part(v, out)?;
        }
        out.push('}');
        Ok(())
    }
    fn repr_set(&mut self, v: &V<'gc, M>, name: &str, out: &mut String) -> R<'gc, M, ()> {
        let Some(s) = v.downcast_ref::<Set<'gc, M>>() else { return Ok(()) };
        let items: Vec<_> = s.table.borrow().iter().map(|p| p.key.clone()).collect();
        if items.is_empty() {
            out.push_str(&format!("{name}()"));
            return Ok(());
        }
        let plain = name == "set";
        out.push_str(&if plain { "{".to_string() } else { format!("{name}({{") });
        for (i, x) in items.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            self.repr_part(x, out)?;
        }
        out.push_str(if plain { "}" } else { "})" });
        Ok(())
    }

    // ---- format ---------------------------------------------------------------------------------------------------------
    /// `format(v, spec)`
    pub fn format_step(&mut self, v: V<'gc, M>, spec: Option<V<'gc, M>>) -> R<'gc, M, Step<'gc, M>> {
        if v.kind() == Kind::Instance {
            let class = self.class_of(&v);
            if let Some(f) = self.lookup(&class, N::format)
                && f.kind() == Kind::Func
            {
                let spec = spec.unwrap_or_else(|| Val::from_gc(self.rt.empty_str.clone()));
                return self.call_step(f, &[v, spec], Mode::Text, Val::empty());
            }
        }
        let text = spec.as_ref().and_then(|s| s.downcast_ref::<Str>()).map_or(String::new(), |s| s.text().to_string());
        if text.is_empty() {
            return self.str_step(v);
        }
        let s = self.format_text(&v, &text)?;
        self.str(&s).map(Step::Value)
    }
    /// The same, nested.
    pub fn format_text(&mut self, v: &V<'gc, M>, spec: &str) -> R<'gc, M, String> {
        if v.kind() == Kind::Instance {
            let class = self.class_of(v);
            if let Some(f) = self.lookup(&class, N::format)
                && f.kind() == Kind::Func
            {
                let spec = self.str(spec)?;
                let s = self.call(&f, &[v.clone(), spec])?;
                return self.str_text(&s);
            }
        }
        if spec.is_empty() {
            return self.str_text(v);
        }
        let w = self.unwrapped(v.clone());
        let name = self.type_name(&w);
        // Padding is made apart and then put together; grouped digits are made as characters.
        if let Ok(f) = FormatSpec::parse(spec, &name) {
            self.reserve_many(f.least_size(), if f.grouping == Grouping::No { 8 } else { 16 })?;
        }
        let made = match w.kind() {
            Kind::Str => FormatSpec::parse(spec, "str")
                .and_then(|f| f.format_str(w.downcast_ref::<Str>().map_or("", |s| s.text()))),
            Kind::Int | Kind::BigInt | Kind::Bool => {
                let parsed = FormatSpec::parse(spec, &name);
                let float = parsed.as_ref().is_ok_and(|f| f.ty.is_some_and(|c| "eEfFgG%".contains(c)));
                if float {
                    let x = self.to_f64(&w)?;
                    parsed.and_then(|f| f.format_float(x))
                } else {
                    let i = self.as_big(&w).unwrap_or_default();
                    parsed.and_then(|f| f.format_int(&i, &name))
                }
            }
            Kind::Float => {
                let x = self.as_f64(&w).unwrap_or(0.0);
                FormatSpec::parse(spec, "float").and_then(|f| f.format_float(x))
            }
            _ => {
                let text = format!("unsupported format string passed to {}.__format__", self.type_name(v));
                return Err(self.raise(E::TypeError, &text));
            }
        };
        made.map_err(|e| self.format_error(e))
    }
    /// A formatting helper's error as an exception.
    pub fn format_error(&mut self, e: FormatError) -> Exc<'gc, M> {
        match e {
            FormatError::Value(m) => self.raise(E::ValueError, &m),
            FormatError::Overflow(m) => self.raise(E::OverflowError, &m),
            FormatError::Memory => self.memory_error(),
        }
    }
}
