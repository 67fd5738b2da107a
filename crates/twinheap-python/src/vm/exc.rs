//! Exceptions: raising, finding handlers, tracebacks; finalizers and weak references' callbacks, which swallow theirs.

use super::{
    E, Exc, R, Runtime, Step, Vm,
    boot::{attribute_error, exc_slot},
    code::Exit,
    exception,
};
use crate::{
    object::*,
    types::names::N,
    value::{Kind, Value},
};
use std::{fmt::Write as _, sync::atomic::Ordering::Relaxed};
use twinheap::{Gc, GcCell, OneMutator, Pending, Val, ValSlot};

/// What became of an exception.
pub enum Unwound<'gc, M: OneMutator> {
    /// A handler goes on.
    Handled,
    /// It was swallowed, and the last frame is left.
    Finished,
    /// It left the last frame.
    Left(Exc<'gc, M>),
}

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// An exception with a message.
    #[cold]
    pub fn raise(&mut self, e: E, text: &str) -> Exc<'gc, M> {
        let args = if text.is_empty() {
            vec![]
        } else {
            match self.str(text) {
                Ok(s) => vec![s],
                Err(e) => return e,
            }
        };
        self.raise_with(e, args)
    }
    /// An exception with arguments.
    #[cold]
    pub fn raise_with(&mut self, e: E, args: Vec<V<'gc, M>>) -> Exc<'gc, M> {
        let class = self.rt.errors[e as usize].clone();
        let built = self.new_instance(&class).and_then(|v| {
            let args = self.tuple(args)?;
            if let Some(i) = exception(&v) {
                i.field(exc_slot::ARGS).set(self.mc, args);
            }
            Ok(v)
        });
        match built {
            Ok(v) => Exc(v),
            Err(e) => e,
        }
    }
    /// A built-in exception's class.
    pub fn error_class(&self, e: E) -> V<'gc, M> {
        Val::from_gc(self.rt.errors[e as usize].clone())
    }
    /// `MemoryError`: made while there was memory.
    #[cold]
    pub fn memory_error(&mut self) -> Exc<'gc, M> {
        let spare = self.rt.spare.get();
        if let Some(i) = exception(&spare) {
            i.field(exc_slot::TRACEBACK).set(self.mc, Val::none());
            i.field(exc_slot::CONTEXT).set(self.mc, Val::none());
        }
        self.host.lost_frames.1.clear();
        self.cured_by_relief(Exc(spare))
    }
    /// Makes the `MemoryError` that is raised when there is no memory for one.
    pub fn make_spare(&mut self) -> R<'gc, M, ()> {
        let e = self.raise(E::MemoryError, "");
        self.rt.spare.set(self.mc, e.0);
        Ok(())
    }
    /// Whether it is an instance of `of`.
    pub fn is_error(&self, e: &Exc<'gc, M>, of: E) -> bool {
        match exception(&e.0) {
            Some(i) => self.is_subclass(i.class, &self.rt.errors[of as usize]),
            None => false,
        }
    }
    /// Whether `c` is `base` or extends it.
    #[inline]
    pub fn is_subclass(&self, c: &Gc<'gc, Class<'gc, M>, M>, base: &Gc<'gc, Class<'gc, M>, M>) -> bool {
        c.ptr_eq(base) || c.mro.iter().any(|b| b.ptr_eq(base))
    }
    /// Whether `v` is an instance of `class`.
    pub fn is_instance(&self, v: &V<'gc, M>, class: &Gc<'gc, Class<'gc, M>, M>) -> bool {
        self.is_subclass(&self.class_of(v), class)
    }
    /// `e.args`
    pub fn exc_args(&self, e: &V<'gc, M>) -> V<'gc, M> {
        exception(e).map(|i| i.field(exc_slot::ARGS).get()).unwrap_or_default()
    }
    /// `e.__traceback__`
    pub fn traceback_of(&self, e: &V<'gc, M>) -> V<'gc, M> {
        match exception(e).map(|i| i.field(exc_slot::TRACEBACK).get()) {
            Some(tb) if !tb.is_empty() => tb,
            _ => Val::none(),
        }
    }
    /// `e.__cause__ = cause`
    pub fn set_cause(&self, e: &V<'gc, M>, cause: &V<'gc, M>) {
        if let Some(i) = exception(e) {
            i.field(exc_slot::CAUSE).set(self.mc, cause.clone());
            i.field(exc_slot::SUPPRESS).set(self.mc, Val::bool(true));
        }
    }
    /// `BaseException.__new__`: keeps the arguments.
    pub fn set_exception_args(&mut self, e: &V<'gc, M>, first: usize, kw: usize) -> R<'gc, M, ()> {
        let end = self.stack.len() - kw;
        let args = self.stack[first..end].to_vec();
        let t = self.tuple(args)?;
        if let Some(i) = exception(e) {
            i.field(exc_slot::ARGS).set(self.mc, t);
            if kw > 0
                && self.is_subclass(i.class, &self.rt.errors[E::AttributeError as usize])
                && let Some(names) = &self.kwnames
            {
                for (name, v) in names.tail().iter().zip(&self.stack[end..]) {
                    let slot = match name.downcast_ref::<Str>().map(|s| s.text()) {
                        Some("obj") => attribute_error::OBJ,
                        Some("name") => attribute_error::NAME,
                        _ => continue,
                    };
                    i.early()[slot].set(self.mc, v.clone())
                }
            }
        }
        Ok(())
    }
    /// The instruction `raise`.
    pub fn raise_instruction(&mut self, n: u32) -> Exc<'gc, M> {
        if n == 0 {
            let e = self.rt.handled.get();
            if e.is_none() {
                return self.raise(E::RuntimeError, "No active exception to reraise");
            }
            return Exc(e);
        }
        let cause = if n == 2 { Some(self.stack.pop().unwrap_or_default()) } else { None };
        let v = self.stack.pop().unwrap_or_default();
        let e = match self.exception_from(v) {
            Ok(e) => e,
            Err(e) => return e,
        };
        if let Some(cause) = cause {
            let cause = if cause.is_none() {
                cause
            } else {
                match self.exception_from(cause.clone()) {
                    Ok(c) => c.0,
                    Err(_) => {
                        // The exception before what was to be its cause.
                        drop(e);
                        return self.raise(E::TypeError, "exception causes must derive from BaseException");
                    }
                }
            };
            self.set_cause(&e.0, &cause);
        }
        e
    }
    /// An exception from an instance or class.
    pub fn exception_from(&mut self, v: V<'gc, M>) -> R<'gc, M, Exc<'gc, M>> {
        if let Some(c) = v.downcast_ref::<Class<'gc, M>>()
            && c.flags.load(Relaxed) & class_flags::EXCEPTION != 0
        {
            let made = self.call(&v, &[])?;
            return Ok(Exc(made));
        }
        if self.is_instance(&v, &self.rt.errors[0]) {
            return Ok(Exc(v));
        }
        Err(self.raise(E::TypeError, "exceptions must derive from BaseException"))
    }
    /// `except t`
    pub fn exception_matches(&mut self, e: &V<'gc, M>, t: &V<'gc, M>) -> R<'gc, M, bool> {
        let one = |vm: &mut Self, t: &V<'gc, M>| match t.downcast_ref::<Class<'gc, M>>() {
            Some(c) if c.flags.load(Relaxed) & class_flags::EXCEPTION != 0 => Ok(vm.is_instance(e, c)),
            _ => Err(vm.raise(E::TypeError, "catching classes that do not inherit from BaseException is not allowed")),
        };
        match t.downcast_ref::<Tuple<'gc, M>>() {
            Some(t) => {
                for t in t.tail() {
                    if one(self, t)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            None => one(self, t),
        }
    }
    /// The exception that was being handled becomes the context of a new one.
    fn set_context(&mut self, e: &V<'gc, M>) {
        let handled = self.rt.handled.get();
        if handled.is_none() || handled.is(e) {
            return;
        }
        if let Some(i) = exception(e) {
            let slot = i.field(exc_slot::CONTEXT);
            if slot.bits() == 0 || slot.get().is_none() {
                // No circles: if `e` is among the contexts of what is handled, cut it off there.
                let mut at = handled.clone();
                for _ in 0..100 {
                    let Some(j) = exception(&at) else { break };
                    let next = j.field(exc_slot::CONTEXT).get();
                    if next.is(e) {
                        j.field(exc_slot::CONTEXT).set(self.mc, Val::none());
                        break;
                    }
                    at = next;
                }
                slot.set(self.mc, handled)
            }
        }
    }
    /// A line for the innermost frame of the program: raised by no code of its own, it still happened there.
    pub fn add_traceback_here(&mut self, e: &V<'gc, M>) {
        if let Some(at) = self.frames.iter().rposition(|f| !Self::is_prelude(&f.func)) {
            self.add_traceback(e, at);
        }
    }
    fn add_traceback(&mut self, e: &V<'gc, M>, at: usize) -> Option<Gc<'gc, Traceback<'gc, M>, M>> {
        let frame = self.frames.get(at)?;
        if Self::is_prelude(&frame.func) {
            return None;
        }
        let (code, globals, pc) = (frame.func.code.clone(), frame.func.globals.clone(), frame.pc.saturating_sub(1));
        let next = self.traceback_of(e);
        let co = code.co.0.clone();
        let tb = Traceback { next: ValSlot::new(next), code, pc, locals: GcCell::default(), globals };
        // With no room for one, this frame and those around it are remembered outside of the heap, to be printed.
        let lost = self.host.lost_frames.0 == e.bits() && !self.host.lost_frames.1.is_empty();
        let tb = if lost { None } else { Gc::try_new(self.mc, tb).ok() };
        let Some(tb) = tb else {
            if !lost {
                self.host.lost_frames = (e.bits(), Vec::new());
            }
            self.host.lost_frames.1.push((co, pc));
            return None;
        };
        if let Some(i) = exception(e) {
            i.field(exc_slot::TRACEBACK).set(self.mc, Val::from_gc(tb.clone()));
        }
        Some(tb)
    }
    /// Finds who handles `e`, leaving frames on the way. `new`: it gets a line in its traceback for this frame.
    pub fn unwind(&mut self, mut e: Exc<'gc, M>, stop_at: usize, new: bool) -> Unwound<'gc, M> {
        self.wants = Val::empty();
        if self.tracing {
            self.charge_blocks();
        }
        if e.0.is(&self.rt.spare.get()) && new {
            // One of its own, if there is room after all: the spare one is used again, and must keep nothing alive.
            e = self.raise(E::MemoryError, "");
            self.host.lost_frames.1.clear();
            self.wants = Val::empty();
        }
        if new {
            self.set_context(&e.0);
        }
        let mut line = new;
        loop {
            let tb = if line {
                self.add_traceback(&e.0, self.frames.len().wrapping_sub(1))
            } else {
                self.traceback_of(&e.0).downcast().ok()
            };
            line = true;
            let Some(frame) = self.frames.last_mut() else { return Unwound::Left(e) };
            let code = frame.func.code.clone();
            let base = frame.base as usize;
            if let Some(h) = code.co.handler(frame.pc.saturating_sub(1) as usize) {
                frame.pc = h.target;
                self.pop_to(base + code.nslots as usize + h.depth as usize);
                self.stack.push(e.0);
                return Unwound::Handled;
            }
            let Some(frame) = self.frames.pop() else { return Unwound::Left(e) };
            // The variables live as long as the traceback.
            let slots_end = (base + code.nslots as usize).min(self.stack.len());
            self.pop_to(slots_end);
            // (Without a line in the traceback the variables go now, before the operands below them.)
            if let Some(tb) = tb
                && tb.code.ptr_eq(&code)
            {
                let mut locals: Vec<_> = self.stack.drain(base.min(slots_end)..).collect();
                if frame.mode == Mode::ClassBody {
                    locals.push(frame.extra.clone())
                }
                *tb.locals.borrow_mut(self.mc) = locals;
            }
            self.stack.truncate(base);
            self.stack.truncate(frame.ret as usize);
            match frame.mode {
                Mode::Gen => e = self.generator_failed(&frame.extra, e),
                Mode::Close => {
                    let e = self.generator_failed(&frame.extra, e);
                    if !self.is_error(&e, E::GeneratorExit) {
                        self.unraisable(&e.0, &frame.extra);
                    }
                    return if self.frames.len() == stop_at { Unwound::Finished } else { Unwound::Handled };
                }
                Mode::Finalizer => {
                    if Self::reports(&frame.func) {
                        self.print_unraisable(&e.0, None, &Val::none())
                    } else {
                        let what =
                            if frame.extra.is_empty() { Val::from_gc(frame.func.clone()) } else { frame.extra.clone() };
                        self.unraisable(&e.0, &what)
                    }
                    drop(e);
                    return if self.frames.len() == stop_at { Unwound::Finished } else { Unwound::Handled };
                }
                Mode::ForNext if self.is_error(&e, E::StopIteration) => {
                    if let Some(caller) = self.frames.last_mut() {
                        let i = caller.func.code.co.0.code[caller.pc as usize - 1];
                        caller.pc = i.arg;
                        drop(self.stack.pop());
                        return Unwound::Handled;
                    }
                }
                Mode::NextDefault if self.is_error(&e, E::StopIteration) => {
                    self.stack.push(frame.extra.clone());
                    return if self.frames.len() == stop_at { Unwound::Finished } else { Unwound::Handled };
                }
                Mode::Import => {
                    if let Some(m) = frame.extra.downcast_ref::<Module<'gc, M>>()
                        && let Some(name) = m.name.downcast_ref::<Str>()
                    {
                        let modules = self.rt.modules.clone();
                        let name = name.clone();
                        self.dict_del_name(&modules, &name);
                    }
                }
                _ => {}
            }
            drop(frame);
            if self.frames.len() == stop_at {
                return Unwound::Left(e);
            }
        }
    }

    /// Lets go of what lies above this height, the uppermost first.
    pub(super) fn pop_to(&mut self, height: usize) {
        while self.stack.len() > height {
            drop(self.stack.pop())
        }
    }
    /// Ctrl-C ended a wait outside of the session: it is raised by the call that waited.
    #[inline]
    pub fn raise_where_it_waited(&mut self, stop_at: usize) -> Option<Exit<'gc, M>> {
        if !self.host.check_interrupt || self.nest > 0 {
            return None;
        }
        self.host.check_interrupt = false;
        if !self.interrupted() {
            return None;
        }
        let e = self.raise(E::KeyboardInterrupt, "");
        match self.unwind(e, stop_at, true) {
            Unwound::Handled => None,
            Unwound::Finished => Some(Exit::Done),
            Unwound::Left(e) => Some(Exit::Raised(e)),
        }
    }

    // ---- finalizers -----------------------------------------------------------------------------------------------------
    /// Begins the next thing that user code has to do for a dead object; whether a frame was pushed.
    ///
    /// What dies while a finalizer runs comes before what died beside it: the queue is emptied into `todo` with the
    /// depth of frames, and only what died at this depth, or deeper, is begun here.
    pub fn serve_pending(&mut self) -> bool {
        loop {
            let first = self.todo.len();
            while let Some(next) = self.mc.next_pending() {
                let (weak, object) = match next {
                    Pending::Finalize { object: any, .. } => (false, Val::from_any(any)),
                    Pending::WeakDied { object: any, .. } => (true, Val::from_any(any)),
                    Pending::Saved { object: any, .. } => {
                        let saved = self.as_seen(Val::from_any(any));
                        self.rt.garbage.items.borrow_mut(self.mc).push(saved);
                        self.list_resized(&self.rt.garbage);
                        continue;
                    }
                };
                self.todo.push(Todo { depth: self.frames.len() as u32, weak, object })
            }
            self.todo[first..].reverse();
            match self.todo.last() {
                Some(t) if t.depth as usize >= self.frames.len() => {}
                _ => return false,
            }
            let Some(Todo { weak, object, .. }) = self.todo.pop() else { return false };
            if self.begin_todo(weak, object) {
                return true;
            }
        }
    }
    /// What a program sees of it in `gc.garbage`.
    fn as_seen(&mut self, v: V<'gc, M>) -> V<'gc, M> {
        let Some(twin) = v.downcast_ref::<Twin<'gc, M>>() else { return v };
        let seen = match twin.len as usize {
            0 => self.dict(Default::default()).map(Val::from_gc),
            len => self.tuple(vec![Val::none(); len]),
        };
        seen.unwrap_or_else(|_| Val::none())
    }
    fn begin_todo(&mut self, weak: bool, mut object: V<'gc, M>) -> bool {
        if let Some(end) = object.downcast_ref::<ClassEnd<'gc, M>>() {
            object = Val::from_gc(end.0.clone())
        }
        let f = if weak {
            match object.downcast_ref::<Weak<'gc, M>>() {
                Some(w) => w.data().callback.take(self.mc),
                None => return false,
            }
        } else if object.kind() == Kind::Gen {
            return self.begin_close(&object);
        } else {
            let class = self.class_of(&object);
            self.lookup(&class, N::del).unwrap_or_default()
        };
        if f.is_empty() || weak && f.is_none() {
            return false;
        }
        let (height, depth) = (self.stack.len(), self.frames.len());
        let called = if weak || f.kind() == Kind::Func {
            self.call_step(f.clone(), &[object], Mode::Push, Val::empty())
        } else {
            // As CPython's `lookup_maybe_method`: whatever it is, it is bound first.
            self.bound_to(f.clone(), &object).and_then(|bound| self.call_step(bound, &[], Mode::Push, Val::empty()))
        };
        match called {
            Ok(Step::Pushed) => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.mode = Mode::Finalizer;
                    frame.extra = f;
                }
                true
            }
            Ok(Step::Value(_)) => false,
            // It asked for the session's end, which nothing here can wait for.
            Err(e) if e.is_ask() => {
                self.ask = None;
                self.host.waiting = None;
                self.stack.truncate(height);
                false
            }
            Err(e) => {
                self.stack.truncate(height);
                self.unraisable(&e.0, &f);
                self.frames.len() > depth
            }
        }
    }

    // ---- printing -------------------------------------------------------------------------------------------------------
    /// The traceback and message, with causes and contexts before it.
    pub fn format_exception(&mut self, e: &V<'gc, M>, out: &mut String) {
        self.format_chain(e, out, 0)
    }
    fn format_chain(&mut self, e: &V<'gc, M>, out: &mut String, depth: usize) {
        if let Some(i) = exception(e)
            && depth < 20
        {
            let get = |n: usize| Some(i.field(n).get()).filter(|v| !v.is_empty() && !v.is_none());
            if let Some(cause) = get(exc_slot::CAUSE) {
                self.format_chain(&cause, out, depth + 1);
                out.push_str("\nThe above exception was the direct cause of the following exception:\n\n");
            } else if get(exc_slot::SUPPRESS).is_none_or(|s| !s.is_true())
                && let Some(context) = get(exc_slot::CONTEXT)
            {
                self.format_chain(&context, out, depth + 1);
                out.push_str("\nDuring handling of the above exception, another exception occurred:\n\n");
            }
        }
        self.format_traceback(e, out, true);
        let _ = writeln!(out, "{}", self.exception_line(e));
    }
    /// The lines of a traceback, with carets or without.
    pub fn format_traceback(&mut self, e: &V<'gc, M>, out: &mut String, carets: bool) {
        let mut tb = self.traceback_of(e);
        // The outermost frame first.
        let mut frames = Vec::new();
        if self.host.lost_frames.0 == e.bits() {
            frames.extend(self.host.lost_frames.1.iter().rev().cloned());
        }
        while let Some(t) = tb.downcast_ref::<Traceback<'gc, M>>() {
            frames.push((t.code.co.0.clone(), t.pc));
            let next = t.next.get();
            tb = next;
        }
        if !frames.is_empty() {
            out.push_str("Traceback (most recent call last):\n");
        }
        let mut last: Option<(std::sync::Arc<str>, u32, std::sync::Arc<str>)> = None;
        let mut repeats = 0;
        for (co, pc) in frames {
            let loc = co.locs.get(pc as usize).copied().unwrap_or_default();
            let line = if loc.line != 0 { loc.line } else { co.line(pc as usize) };
            let this = (co.filename.clone(), line, co.name.clone());
            if last.as_ref() == Some(&this) {
                repeats += 1;
            } else {
                Self::repeated(out, repeats);
                repeats = 0;
                last = Some(this);
            }
            if repeats < 3 {
                let _ = writeln!(out, "  File \"{}\", line {line}, in {}", co.filename, co.name);
                if let Some(source) = self.host.source_line(&co.filename, line) {
                    Self::source_with_carets(out, &source, if carets { loc } else { Default::default() });
                }
            }
        }
        Self::repeated(out, repeats);
    }
    fn repeated(out: &mut String, repeats: usize) {
        if repeats >= 3 {
            let more = repeats - 2;
            let s = if more == 1 { "" } else { "s" };
            let _ = writeln!(out, "  [Previous line repeated {more} more time{s}]");
        }
    }
    fn source_with_carets(out: &mut String, source: &str, loc: crate::bytecode::Loc) {
        let trimmed = source.trim();
        let _ = writeln!(out, "    {trimmed}");
        if loc.line != 0
            && loc.line == loc.end_line
            && let Some(carets) = crate::carets::carets(source, loc.col, loc.end_col)
        {
            let _ = writeln!(out, "    {carets}");
        }
    }
    /// `ValueError: text`
    pub fn exception_line(&mut self, e: &V<'gc, M>) -> String {
        let class = self.class_of(e);
        let mut name = self.class_full_name(&class);
        if let Some(short) = name.strip_prefix("builtins.").or(name.strip_prefix("__main__.")) {
            name = short.to_string()
        }
        let text = self.str_text(e).unwrap_or_else(|_| "<exception str() failed>".into());
        if text.is_empty() { name } else { format!("{name}: {text}") }
    }
    /// `SyntaxError` from the compiler's.
    pub fn syntax_error(&mut self, e: &crate::parse::SyntaxError) -> Exc<'gc, M> {
        self.raise(E::SyntaxError, &e.to_string())
    }
}

/// Keeps the root's type nameable from here.
pub type Root<'gc, M> = Runtime<'gc, M>;
