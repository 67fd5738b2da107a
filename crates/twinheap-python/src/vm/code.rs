//! Code objects' side in the heap, functions made of them, and leaving frames that are no plain calls.
//! Not here: the loop (`vm/interp.rs`), calls (`vm/call.rs`).

use super::{Ask, E, Exc, R, Request, Step, Vm};
use crate::{
    bytecode::{Const, Op, flags},
    object::*,
    types::names::N,
    value::{Kind, Value},
};
use std::sync::atomic::Ordering::Relaxed;
use twinheap::{Gc, OneMutator, Val, ValSlot};

/// Why the loop was left.
pub enum Exit<'gc, M: OneMutator> {
    /// The last frame's result is on the stack.
    Done,
    /// An exception left the last frame.
    Raised(Exc<'gc, M>),
    /// The session had better end.
    Yield,
    /// Something is to be done between sessions; its answer is to be pushed.
    Request(Request),
}

/// Why the inner loop was left.
pub enum Flow<'gc, M: OneMutator> {
    /// Another frame runs now, or finalizers do.
    Switch,
    /// An exception was raised here.
    Raise(Exc<'gc, M>),
    /// One that has been here is on its way again.
    Reraise(Exc<'gc, M>),
    /// The loop is left.
    Exit(Exit<'gc, M>),
}

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// `LoadClassDeref`
    pub fn load_class_deref(&mut self, code: &Code<'gc, M>, at: usize, base: usize, slot: u32) -> R<'gc, M> {
        let name = self.intern(code.co.slot_name(slot as usize))?;
        let v = match self.namespace(at).and_then(|ns| self.dict_get_name(&ns, &name)) {
            Some(v) => v,
            None => {
                let cell = &self.stack[base + slot as usize];
                cell.downcast_ref::<Cell<'gc, M>>().map(|c| c.0.get()).unwrap_or_default()
            }
        };
        if v.is_empty() { Err(self.unbound_deref(code, slot)) } else { Ok(v) }
    }
    /// `LoadName`
    pub fn load_name(&mut self, at: usize, name: &Gc<'gc, Str, M>) -> R<'gc, M> {
        match self.namespace(at).and_then(|ns| self.dict_get_name(&ns, name)) {
            Some(v) => Ok(v),
            None => {
                let globals = self.frames[at].func.globals.clone();
                self.load_global(&globals, name, None)
            }
        }
    }
    /// `CopyFreeVars`
    pub fn copy_free_vars(&mut self, at: usize, base: usize, n: usize) {
        let func = &self.frames[at].func;
        let (closure, from) = (func.closure.get(), base + func.code.nslots as usize - n);
        if let Some(t) = closure.downcast_ref::<Tuple<'gc, M>>() {
            for (k, c) in t.tail().iter().enumerate() {
                self.stack[from + k] = c.clone()
            }
        }
    }
    /// `MakeCell`; without room the variable stays where it was.
    pub fn make_cell(&mut self, base: usize, i: crate::bytecode::Instr) -> R<'gc, M, ()> {
        let from = (i.a != 0).then(|| base + i.a as usize - 1);
        let v = from.map_or(Val::empty(), |from| std::mem::take(&mut self.stack[from]));
        match Gc::try_new(self.mc, Cell(ValSlot::new(v))) {
            Ok(cell) => {
                self.stack[base + i.arg as usize] = Val::from_gc(cell);
                Ok(())
            }
            Err(no_room) => {
                if let Some(from) = from {
                    self.stack[from] = no_room.value.0.get()
                }
                Err(self.no_memory(no_room.full))
            }
        }
    }
    /// `DeleteDeref`: what was there.
    pub fn delete_deref(&mut self, base: usize, slot: u32) -> V<'gc, M> {
        let cell = self.stack[base + slot as usize].downcast_ref::<Cell<'gc, M>>();
        cell.map(|c| c.0.take(self.mc)).unwrap_or_default()
    }
    /// `SetupAnnotations`
    pub fn setup_annotations(&mut self, at: usize) -> R<'gc, M, ()> {
        let ns = self.namespace(at).unwrap_or_else(|| self.frames[at].func.globals.clone());
        let name = self.name(N::annotations);
        if self.dict_get_name(&ns, name).is_none() {
            let d = self.dict(Default::default())?;
            self.dict_set_name(&ns, name, Val::from_gc(d));
        }
        Ok(())
    }
    /// A frame that is no plain call is left with `v`.
    #[inline(never)]
    pub fn leave(&mut self, v: V<'gc, M>) -> R<'gc, M, ()> {
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        let Frame { ret, mode, extra, base, .. } = frame;
        if matches!(mode, Mode::Gen | Mode::Close) {
            return match self.generator_returned(extra, v, base as usize, ret as usize) {
                Err(_) if mode == Mode::Close => Ok(()),
                out => out,
            };
        }
        // Its variables go before the operands that lie below them.
        self.stack.truncate(base as usize);
        if mode == Mode::Operator && v.is_not_implemented() {
            return self.operator_again(&extra, base as usize - 4, ret as usize);
        }
        self.stack.truncate(ret as usize);
        let out = match mode {
            Mode::Push
            | Mode::Keep
            | Mode::Operator
            | Mode::ForNext
            | Mode::NextDefault
            | Mode::GetAttr
            | Mode::Gen
            | Mode::Close => v,
            Mode::Init => {
                if !v.is_none() {
                    let t = self.type_name(&v);
                    return Err(self.raise(E::TypeError, &format!("__init__() should return None, not '{t}'")));
                }
                extra
            }
            Mode::Drop | Mode::Finalizer => return Ok(()),
            Mode::ClassBody => return self.class_body_done(extra, v),
            Mode::Truth | Mode::NotTruth => {
                let b = match self.truth_fast(&v) {
                    Some(b) => b,
                    None => self.truth_nested(&v)?,
                };
                Val::bool(b != (mode == Mode::NotTruth))
            }
            Mode::BoolTruth | Mode::NotBoolTruth => match v.as_bool() {
                Some(b) => Val::bool(b != (mode == Mode::NotBoolTruth)),
                None => {
                    let t = self.type_name(&v);
                    return Err(self.raise(E::TypeError, &format!("__bool__ should return bool, returned {t}")));
                }
            },
            Mode::Text => {
                if v.kind() != Kind::Str && self.inner(&v).is_none() {
                    let t = self.type_name(&v);
                    return Err(self.raise(E::TypeError, &format!("__str__ returned non-string (type {t})")));
                }
                v
            }
            Mode::MustIterate => {
                if !matches!(v.kind(), Kind::Iter | Kind::Gen)
                    && !crate::types::weak::is_proxy(&v)
                    && self.lookup(&self.class_of(&v), N::next).is_none()
                {
                    let t = self.type_name(&v);
                    return Err(self.raise(E::TypeError, &format!("iter() returned non-iterator of type '{t}'")));
                }
                v
            }
            Mode::Import => extra,
            Mode::Callee => {
                self.stack.push(v);
                Val::empty()
            }
        };
        self.stack.push(out);
        Ok(())
    }

    // ---- code -----------------------------------------------------------------------------------------------------------
    /// The heap's side of a code object: constants and names made.
    pub fn load_code(
        &mut self,
        co: &std::sync::Arc<crate::bytecode::CodeObject>,
    ) -> R<'gc, M, Gc<'gc, Code<'gc, M>, M>> {
        let mut consts = Vec::with_capacity(co.consts.len());
        for c in &co.consts {
            consts.push(self.load_const(c)?)
        }
        let mut names = Vec::with_capacity(co.names.len());
        for n in &co.names {
            names.push(self.intern(n)?)
        }
        let plain = co.flags & (flags::VARARGS | flags::VARKEYWORDS) == 0 && co.kwonly == 0;
        self.alloc(Code {
            co: twinheap::Static(co.clone()),
            consts: consts.into(),
            names: names.into(),
            caches: (0..co.cache_count).map(|_| Cache::default()).collect(),
            nslots: co.nslots() as u32,
            simple_args: if plain { co.argcount } else { u32::MAX },
            closes: co.flags & flags::GENERATOR != 0
                && co.code.iter().enumerate().any(|(pc, i)| match i.op {
                    Op::YieldValue => co.handler(pc).is_some(),
                    op => op == Op::YieldFrom,
                }),
        })
    }
    fn load_const(&mut self, c: &Const) -> R<'gc, M> {
        Ok(match c {
            Const::None => Val::none(),
            Const::True => Val::bool(true),
            Const::False => Val::bool(false),
            Const::Ellipsis => Val::ellipsis(),
            Const::Int(i) => self.int(*i)?,
            Const::BigInt(b) => self.big(b.clone())?,
            Const::Float(f) => self.float(*f)?,
            Const::Complex(..) => return Err(self.raise(E::NotImplementedError, "complex numbers")),
            Const::Str(s) => {
                let word = s.len() <= 64 && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                if word { Val::from_gc(self.intern(s)?) } else { self.str(s)? }
            }
            Const::Bytes(b) => self.bytes(b)?,
            Const::Tuple(t) => {
                let items = t.iter().map(|c| self.load_const(c)).collect::<Result<Vec<_>, _>>()?;
                let t = self.tuple(items)?;
                if let Some(any) = t.as_any()
                    && t.downcast_ref::<Tuple<'gc, M>>().is_some_and(|t| {
                        t.tail().iter().all(|v| !matches!(v.kind(), Kind::Tuple | Kind::Code | Kind::Set))
                    })
                {
                    self.mc.set_tracked(any, false);
                }
                t
            }
            Const::Frozenset(t) => {
                let items = t.iter().map(|c| self.load_const(c)).collect::<Result<Vec<_>, _>>()?;
                self.set_of(items, true)?
            }
            Const::Code(co) => Val::from_gc(self.load_code(co)?),
        })
    }
    /// `MakeFunction`: what `with` says lies on the stack.
    pub fn make_function(&mut self, code: &Code<'gc, M>, k: u32, with: u8, at: usize) -> R<'gc, M> {
        use crate::bytecode::make_function::*;
        let mut take = |bit| if with & bit != 0 { self.stack.pop().unwrap_or_default() } else { Val::empty() };
        let (closure, kwdefaults, defaults) = (take(CLOSURE), take(KWDEFAULTS), take(DEFAULTS));
        let Some(code) = code.consts[k as usize].downcast_ref::<Code<'gc, M>>() else {
            return Err(self.raise(E::SystemError, "no code"));
        };
        let globals = self.frames[at].func.globals.clone();
        let f = self.function(code.clone(), globals)?;
        if let Some(f) = f.downcast_ref::<Func<'gc, M>>() {
            f.closure.set(self.mc, closure);
            f.kwdefaults.set(self.mc, kwdefaults);
            f.defaults.set(self.mc, defaults);
        }
        Ok(f)
    }
    /// A function of this code.
    pub fn function(&mut self, code: Gc<'gc, Code<'gc, M>, M>, globals: Gc<'gc, Dict<'gc, M>, M>) -> R<'gc, M> {
        self.make(Func {
            code,
            globals,
            defaults: ValSlot::default(),
            kwdefaults: ValSlot::default(),
            closure: ValSlot::default(),
            name: ValSlot::default(),
            qualname: ValSlot::default(),
            dict: Default::default(),
        })
    }
    /// Whether somebody pressed Ctrl-C; asked once.
    #[cold]
    pub fn interrupted(&self) -> bool {
        self.interrupt.swap(false, Relaxed)
    }
    /// Where names without a slot are bound.
    pub fn namespace_or_globals(&self, at: usize) -> Gc<'gc, Dict<'gc, M>, M> {
        self.namespace(at).unwrap_or_else(|| self.frames[at].func.globals.clone())
    }
    /// The namespace of a class body.
    pub fn namespace(&self, at: usize) -> Option<Gc<'gc, Dict<'gc, M>, M>> {
        let f = &self.frames[at];
        f.extra.downcast_ref::<Building<'gc, M>>().map(|b| b.namespace.clone())
    }
    /// What a request of a native comes to.
    #[cold]
    pub fn asked(&mut self, pc: usize) -> Flow<'gc, M> {
        if self.host.waiting.is_some() {
            // Only who can be called again asks for it.
            return if self.restore(pc) {
                Flow::Exit(Exit::Request(Request::Wait))
            } else {
                self.host.waiting = None;
                Flow::Raise(self.raise(E::BlockingIOError, "a read from here cannot wait"))
            };
        }
        match self.ask.take() {
            Some(Ask::End(request)) => Flow::Exit(Exit::Request(request)),
            Some(Ask::Pushed) => Flow::Switch,
            Some(Ask::Call(f, args)) => match self.call_step(f, &args, Mode::Push, Val::empty()) {
                Ok(Step::Value(v)) => {
                    self.stack.push(v);
                    Flow::Switch
                }
                Ok(Step::Pushed) => Flow::Switch,
                Err(e) => Flow::Raise(e),
            },
            _ => Flow::Raise(self.raise(E::SystemError, "a native asked for nothing")),
        }
    }
}
