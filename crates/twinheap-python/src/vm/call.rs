//! Calls: binding arguments, pushing frames, natives, making instances.
//!
//! A call finds `[callee, (empty,) arguments…]` on the stack and leaves a value in their place, or a frame on
//! [`Vm::frames`] whose result will take it. Arguments become the first slots of the frame where they lie.

use super::{
    Args, Ask, E, Exc, Native, R, Request, Step, T, Vm,
    interp::Exit,
    natives::{MANY, NativeDef},
};
use crate::{
    bytecode::flags,
    object::*,
    types::{
        dict::Table,
        names::N,
        weak::{is_proxy, of, weak},
    },
    value::{Kind, Value},
};
use std::sync::atomic::Ordering::Relaxed;
use twinheap::{Gc, OneMutator, Tail, Val, ValSlot};

const TOO_DEEP_CALL: &str = "maximum recursion depth exceeded while calling a Python object";

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// Calls what lies at `at` with what lies from `first` on; the last `kw` of it are named by `vm.kwnames`.
    /// There is at least one place between them that may be overwritten: `first > at`.
    ///
    /// Answers whether the value has been pushed (else a frame was).
    #[inline]
    pub fn call_at(&mut self, at: usize, first: usize, kw: usize) -> R<'gc, M, bool> {
        if kw == 0
            && let Some(f) = self.stack[at].downcast_ref::<Func<'gc, M>>()
        {
            let n = self.stack.len() - first;
            if f.code.simple_args == n as u32 {
                let nslots = f.code.nslots as usize;
                if self.frames.len() >= self.host.recursion_limit {
                    return Err(self.recursion_error());
                }
                self.stack.resize_with(first + nslots, Val::empty);
                let Ok(func) = std::mem::take(&mut self.stack[at]).downcast::<Func<'gc, M>>() else { unreachable!() };
                self.frames.push(Frame {
                    func,
                    pc: 0,
                    base: first as u32,
                    ret: at as u32,
                    mode: Mode::Push,
                    extra: Val::empty(),
                });
                return Ok(false);
            }
        }
        self.call_slow(at, first, kw)
    }
    /// The instruction before `pc` is about to call.
    #[inline(always)]
    pub fn calls(&mut self, pc: usize) {
        self.calling = true;
        self.pc = pc as u32;
    }
    /// `CallKw`
    pub fn call_kw(
        &mut self,
        i: crate::bytecode::Instr,
        pc: usize,
        names: Option<Gc<'gc, Tuple<'gc, M>, M>>,
    ) -> R<'gc, M, bool> {
        let mut first = self.stack.len() - i.a as usize;
        let mut callee = first - 1;
        if i.b == 1 {
            callee = first - 2;
            first -= !self.stack[first - 1].is_empty() as usize;
        }
        let kw = names.as_ref().map_or(0, |n| n.len());
        self.kwnames = names;
        self.calls(pc);
        self.call_at(callee, first, kw)
    }
    fn call_slow(&mut self, at: usize, first: usize, kw: usize) -> R<'gc, M, bool> {
        let out = self.call_parts(at, first, kw);
        if M::CONSTRAINTS.counted
            && let Err(e) = &out
            && !e.is_ask()
        {
            // The callee and its arguments from first to last; what lies below goes when a handler has been found.
            self.stack.truncate(at)
        }
        out
    }
    #[inline]
    fn call_parts(&mut self, at: usize, mut first: usize, kw: usize) -> R<'gc, M, bool> {
        let mut mode = Mode::Push;
        // An instruction of the outermost loop may have to run again: its words are kept, except for a native's that is
        // called as they lie.
        let mine = !M::CONSTRAINTS.counted && std::mem::take(&mut self.calling) && self.nest == 0;
        let mut callee = std::mem::take(&mut self.stack[at]);
        let mut turns = 0;
        let plain = kw == 0
            && callee.downcast_ref::<NativeFn<'gc, M>>().is_some_and(|f| {
                let (def, n) = (&f.def.0, self.stack.len() - first);
                def.params.is_empty() && n >= def.min as usize && (n <= def.max as usize || def.max == MANY)
            });
        if mine {
            if plain { self.dirty = false } else { self.hold_call(at, &callee) }
        }
        loop {
            turns += 1;
            if turns > self.host.recursion_limit {
                // A callable whose `__call__` is such a callable, and so on without end.
                return Err(self.raise(E::RecursionError, TOO_DEEP_CALL));
            }
            match callee.kind() {
                Kind::Func => {
                    let Ok(func) = callee.downcast::<Func<'gc, M>>() else { unreachable!() };
                    self.push_frame(func, at, first, kw, mode, Val::empty())?;
                    return Ok(false);
                }
                Kind::Native => {
                    let Ok(f) = callee.downcast::<NativeFn<'gc, M>>() else { unreachable!() };
                    let top = self.stack.len();
                    let out = self.call_native_at(&f, at, first, kw);
                    if mine
                        && plain
                        && let Err(e) = &out
                        && (e.0.is(&self.wants) || self.host.waiting.is_some())
                    {
                        self.hold_failed(at, top, &f)
                    }
                    return out;
                }
                Kind::Method => {
                    let Ok(m) = callee.downcast::<Method<'gc, M>>() else { unreachable!() };
                    first = self.put_before(at, first, m.this.clone());
                    callee = m.func.clone();
                }
                Kind::Class => {
                    let Ok(c) = callee.downcast::<Class<'gc, M>>() else { unreachable!() };
                    if kw == 0 && self.stack.len() == first + 1 && c.ptr_eq(self.class(T::Type)) {
                        // `type(x)`, which needs no method found.
                        let class = self.class_of(&self.stack[first]);
                        self.stack.truncate(at);
                        self.stack.push(Val::from_gc(class));
                        return Ok(true);
                    }
                    if first == at {
                        // The class's place was taken by an argument.
                        self.stack.insert(at, Val::empty());
                        first += 1;
                    }
                    return self.call_class(c, at, first, kw);
                }
                Kind::Wrapper => {
                    let w = callee.downcast_ref::<Wrapper<'gc, M>>().expect("its kind says so").clone();
                    callee = w.func.clone();
                }
                Kind::Weak => {
                    let w = weak(&callee).expect("its kind says so");
                    match w.data() {
                        WeakData { of: of::REF, ext: None, .. } => {
                            let n = self.stack.len() - first - kw;
                            if n + kw != 0 {
                                return Err(self.weakref_takes_nothing(n, kw));
                            }
                            let v = w.upgrade(self.mc).map_or(Val::none(), Val::from_any);
                            self.stack.truncate(at);
                            self.stack.push(v);
                            return Ok(true);
                        }
                        WeakData { of: of::CALLABLE_PROXY, .. } => callee = self.through(callee)?,
                        _ => (callee, first) = self.callee_by_class(callee, at, first)?,
                    }
                }
                _ => {
                    if M::CONSTRAINTS.counted {
                        mode = Mode::Keep
                    }
                    (callee, first) = self.callee_by_class(callee, at, first)?
                }
            }
        }
    }
    /// The `__call__` of a callee's class, and where arguments begin for it.
    fn callee_by_class(&mut self, callee: V<'gc, M>, at: usize, first: usize) -> R<'gc, M, (V<'gc, M>, usize)> {
        let class = self.class_of(&callee);
        match self.lookup(&class, N::call) {
            Some(f) if f.kind() == Kind::Func && M::CONSTRAINTS.counted => {
                // It and its arguments live until the call is over, whatever becomes of the parameters.
                let top = self.stack.len();
                self.stack[at] = callee.clone();
                self.stack.push(callee);
                self.stack.extend_from_within(first..top);
                Ok((f, top))
            }
            Some(f) if f.kind() == Kind::Func => {
                let first = self.put_before(at, first, callee);
                Ok((f, first))
            }
            Some(f) => {
                // What is no function is asked what it is for this object.
                let (depth, step) = (self.frames.len(), self.descriptor_get(f, &callee, &class)?);
                Ok((self.settle(step, depth)?, first))
            }
            None => {
                let t = self.type_name(&callee);
                Err(self.raise(E::TypeError, &format!("'{t}' object is not callable")))
            }
        }
    }
    /// One argument more, before the others: in the place before them while there is one. Answers where they begin.
    fn put_before(&mut self, at: usize, first: usize, v: V<'gc, M>) -> usize {
        if first > at {
            self.stack[first - 1] = v;
            return first - 1;
        }
        self.stack.insert(first, v);
        first
    }
    /// Binds arguments and pushes a frame.
    pub fn push_frame(
        &mut self,
        func: Gc<'gc, Func<'gc, M>, M>,
        at: usize,
        first: usize,
        kw: usize,
        mode: Mode,
        extra: V<'gc, M>,
    ) -> R<'gc, M, ()> {
        if self.frames.len() >= self.host.recursion_limit {
            return Err(self.recursion_error());
        }
        let n = self.stack.len() - first;
        if kw != 0 || func.code.simple_args != n as u32 {
            self.bind_arguments(&func, first, kw)?;
        }
        let nslots = func.code.nslots as usize;
        self.stack.resize_with(first + nslots, Val::empty);
        self.frames.push(Frame { func, pc: 0, base: first as u32, ret: at as u32, mode, extra });
        Ok(())
    }
    /// Puts arguments where parameters are expected: the general case.
    fn bind_arguments(&mut self, func: &Gc<'gc, Func<'gc, M>, M>, first: usize, kw: usize) -> R<'gc, M, ()> {
        let co = func.code.co.0.clone();
        let argc = co.argcount as usize;
        let total = argc + co.kwonly as usize;
        let names = if kw != 0 { self.kwnames.take() } else { None };
        let named: Vec<V<'gc, M>> = self.stack.split_off(self.stack.len() - kw);
        let n = self.stack.len() - first;
        let has_varargs = co.flags & flags::VARARGS != 0;
        let mut extra = Vec::new();
        if n > argc {
            extra = self.stack.split_off(first + argc);
            if !has_varargs {
                let given = n;
                drop(extra);
                let named_only = names.as_ref().map_or(0, |n| {
                    let only = &co.varnames[argc..total];
                    n.tail()
                        .iter()
                        .filter_map(|n| n.downcast_ref::<Str>())
                        .filter(|n| only.iter().any(|o| &**o == n.text()))
                        .count()
                });
                return Err(self.too_many_arguments(func, given, named_only));
            }
        }
        self.stack.resize_with(first + total, Val::empty);
        let mut rest = (co.flags & flags::VARKEYWORDS != 0).then(|| self.dict(Table::default())).transpose()?;
        if let Some(names) = &names {
            for (name, value) in names.tail().iter().zip(named) {
                let text = name.downcast_ref::<Str>().map_or("", |s| s.text());
                let at = (co.posonly as usize..total).find(|&i| &*co.varnames[i] == text);
                match at {
                    Some(i) if self.stack[first + i].is_empty() => self.stack[first + i] = value,
                    Some(_) => {
                        let text = format!("{}() got multiple values for argument '{text}'", co.qualname);
                        return Err(self.raise(E::TypeError, &text));
                    }
                    None => match &mut rest {
                        Some(d) => {
                            let d = d.clone();
                            self.dict_set(&d, name.clone(), value)?
                        }
                        None => {
                            let posonly = co.varnames[..co.posonly as usize].iter().any(|n| &**n == text);
                            let text = if posonly {
                                format!(
                                    "{}() got some positional-only arguments passed as keyword arguments: '{text}'",
                                    co.qualname
                                )
                            } else {
                                format!("{}() got an unexpected keyword argument '{text}'", co.qualname)
                            };
                            return Err(self.raise(E::TypeError, &text));
                        }
                    },
                }
            }
        }
        let defaults = func.defaults.get();
        if let Some(d) = defaults.downcast_ref::<Tuple<'gc, M>>() {
            let from = argc - d.len().min(argc);
            for i in from.max(n.min(argc))..argc {
                if self.stack[first + i].is_empty() {
                    self.stack[first + i] = d.tail()[i - from].clone()
                }
            }
            // Positions filled by keyword may leave gaps before.
            for i in from..argc {
                if self.stack[first + i].is_empty() {
                    self.stack[first + i] = d.tail()[i - from].clone()
                }
            }
        }
        if co.kwonly > 0 {
            let kwd = func.kwdefaults.get();
            if let Some(d) = kwd.downcast_ref::<Dict<'gc, M>>() {
                for i in argc..total {
                    if self.stack[first + i].is_empty() {
                        let name = self.intern(&co.varnames[i])?;
                        if let Some(v) = self.dict_get_name(d, &name) {
                            self.stack[first + i] = v
                        }
                    }
                }
            }
        }
        let missing = |vm: &Self, range: std::ops::Range<usize>| -> Vec<String> {
            range.filter(|&i| vm.stack[first + i].is_empty()).map(|i| format!("'{}'", co.varnames[i])).collect()
        };
        for (range, what) in [(0..argc, "positional"), (argc..total, "keyword-only")] {
            let m = missing(self, range);
            if !m.is_empty() {
                let list = match m.as_slice() {
                    [one] => one.clone(),
                    [a, b] => format!("{a} and {b}"),
                    [most @ .., last] => format!("{}, and {last}", most.join(", ")),
                    [] => String::new(),
                };
                let s = if m.len() == 1 { "" } else { "s" };
                let text = format!("{}() missing {} required {what} argument{s}: {list}", co.qualname, m.len());
                return Err(self.raise(E::TypeError, &text));
            }
        }
        if has_varargs {
            let t = self.tuple(extra)?;
            self.stack.push(t);
        }
        if let Some(d) = rest {
            self.stack.push(Val::from_gc(d));
        }
        Ok(())
    }
    fn too_many_arguments(&mut self, func: &Gc<'gc, Func<'gc, M>, M>, given: usize, kw: usize) -> Exc<'gc, M> {
        let co = func.code.co.0.clone();
        let argc = co.argcount as usize;
        let defaults = func.defaults.get().downcast_ref::<Tuple<'gc, M>>().map_or(0, |d| d.len());
        let takes = if defaults > 0 { format!("from {} to {argc}", argc - defaults) } else { argc.to_string() };
        let s = if argc == 1 && defaults == 0 { "" } else { "s" };
        let was = if given == 1 { "was" } else { "were" };
        if kw > 0 {
            let (s, k) = (if given == 1 { "" } else { "s" }, if kw == 1 { "" } else { "s" });
            let text = format!(
                "{}() takes {takes} positional argument{} but {given} positional argument{s} (and {kw} keyword-only argument{k}) \
                 were given",
                co.qualname,
                if argc == 1 && defaults == 0 { "" } else { "s" }
            );
            return self.raise(E::TypeError, &text);
        }
        self.raise(
            E::TypeError,
            &format!("{}() takes {takes} positional argument{s} but {given} {was} given", co.qualname),
        )
    }
    #[cold]
    pub(super) fn recursion_error(&mut self) -> Exc<'gc, M> {
        self.raise(E::RecursionError, "maximum recursion depth exceeded")
    }

    // ---- natives ------------------------------------------------------------------------------------------------------
    /// Calls a native; arguments lie from `first` on, the result goes to `at`.
    #[inline]
    pub fn call_native_at(
        &mut self,
        f: &Gc<'gc, NativeFn<'gc, M>, M>,
        at: usize,
        first: usize,
        kw: usize,
    ) -> R<'gc, M, bool> {
        let def = &f.def.0;
        let n = self.stack.len() - first - kw;
        if kw != 0 || !def.params.is_empty() || n < def.min as usize || (n > def.max as usize && def.max != MANY) {
            self.bind_native(def, first, kw)?;
        }
        let n = self.stack.len() - first - if def.raw_keywords { kw } else { 0 };
        let args = Args { base: first, n, kw: if def.raw_keywords { kw } else { 0 } };
        match (def.f)(self, args) {
            Ok(v) => {
                self.stack.truncate(at);
                self.stack.push(v);
                Ok(true)
            }
            Err(e) if e.is_ask() && self.host.waiting.is_none() => self.serve(at),
            Err(e) => Err(e),
        }
    }
    /// Does what a native asked for instead of answering.
    fn serve(&mut self, at: usize) -> R<'gc, M, bool> {
        // The native's words are gone.
        self.dirty = true;
        match self.ask.take() {
            Some(Ask::Call(callee, args)) => self.serve_call(at, callee, args, 0),
            Some(Ask::CallKw(callee, args, names)) => {
                let kw = names.len();
                self.kwnames = Some(names);
                self.serve_call(at, callee, args, kw)
            }
            Some(Ask::Pushed) => {
                // The frame's result goes where the native's would have gone.
                if let Some(frame) = self.frames.last_mut() {
                    frame.ret = at as u32;
                }
                Ok(false)
            }
            Some(Ask::End(request)) => {
                self.stack.truncate(at);
                if self.nest > 0 {
                    // A session cannot end here: the answer of a collection that found nothing.
                    let v = self.request_refused(request)?;
                    self.stack.push(v);
                    return Ok(true);
                }
                self.ask = Some(Ask::End(request));
                Err(Exc(super::ask_word()))
            }
            None => Err(self.raise(E::SystemError, "a native asked for nothing")),
        }
    }
    /// The native's own arguments live until the call it asked for is over, as if it had called itself.
    fn serve_call(&mut self, at: usize, callee: V<'gc, M>, args: Vec<V<'gc, M>>, kw: usize) -> R<'gc, M, bool> {
        if !M::CONSTRAINTS.counted {
            self.stack.truncate(at)
        }
        let from = self.stack.len();
        self.stack.push(callee);
        self.stack.push(Val::empty());
        self.stack.extend(args);
        let done = self.call_at(from, from + 2, kw);
        if from > at {
            match &done {
                Ok(done) => self.settle_at(at, *done),
                // Also when the session is to end: the answer is pushed where the callee was.
                Err(_) => self.stack.truncate(at),
            }
        }
        done
    }
    /// What a call left, moved down to `at`: its result, or its frame, which lets go of what lies between.
    fn settle_at(&mut self, at: usize, done: bool) {
        if done {
            let v = self.stack.pop().unwrap_or_default();
            self.stack.truncate(at);
            self.stack.push(v)
        } else if let Some(frame) = self.frames.last_mut() {
            frame.ret = at as u32;
            if frame.mode == Mode::Push {
                frame.mode = Mode::Keep
            }
        }
    }
    /// `f(*args, **kwargs)`
    pub fn call_ex(&mut self, with_kwargs: bool, pc: usize) -> R<'gc, M, bool> {
        self.pc = pc as u32;
        let kwargs = if with_kwargs { self.stack.pop() } else { None };
        let args = self.stack.pop().unwrap_or_default();
        let at = self.stack.len() - 1;
        let mut items = match self.collect(&args) {
            Ok(items) => items,
            Err(e) if self.is_error(&e, E::TypeError) && !matches!(args.kind(), Kind::Instance | Kind::Gen) => {
                let t = self.type_name(&args);
                let f = self.stack[at].clone();
                let f = self.callee_name(&f);
                return Err(self.raise(E::TypeError, &format!("{f} argument after * must be an iterable, not {t}")));
            }
            Err(e) => return Err(e),
        };
        // What is no function in Python gets a tuple of its arguments, which lives until the call is over.
        let (mut from, mut bound) = (at, false);
        if M::CONSTRAINTS.counted && self.stack[at].kind() != Kind::Func {
            let callee = self.stack[at].clone();
            let given = if args.kind() == Kind::Tuple { args.clone() } else { self.tuple(items.clone())? };
            self.stack.push(given);
            self.stack.push(kwargs.clone().unwrap_or_default());
            from = self.stack.len();
            let class = self.class_of(&callee);
            match self.lookup(&class, N::call) {
                // The tuple keeps them: `__call__` gets its arguments as any function, and needs no second copy of them.
                Some(f) if matches!(callee.kind(), Kind::Instance) && f.kind() == Kind::Func => {
                    bound = true;
                    self.stack.push(f);
                    self.stack.push(callee);
                }
                _ => self.stack.push(callee),
            }
        }
        if !bound {
            self.stack.push(Val::empty());
        }
        self.stack.append(&mut items);
        let mut kw = 0;
        if let Some(d) = kwargs.as_ref().and_then(|k| k.downcast_ref::<Dict<'gc, M>>()) {
            let mut names = Vec::new();
            for e in d.table.borrow().iter() {
                names.push(e.key.clone());
                self.stack.push(e.value.clone());
            }
            kw = names.len();
            if kw > 0 {
                let names = self.new_tuple(&mut names, 0)?;
                self.kwnames = Some(names);
            }
        }
        if from == at {
            let out = self.call_at(at, at + 2, kw);
            drop(args);
            return out;
        }
        drop((args, kwargs));
        let n = self.stack.len() - from;
        match self.call_at(from, from + 2 - bound as usize, kw) {
            Ok(done) => {
                if !done
                    && let Some(frame) = self.frames.last()
                    && frame.base as usize >= from + n
                {
                    // The arguments of a native that asked for this frame: the tuple keeps them, and is to be the last.
                    self.stack[from..from + n].fill_with(Val::empty)
                }
                self.settle_at(at, done);
                Ok(done)
            }
            Err(e) => {
                // Also when the session is to end: the answer is pushed where the callee was.
                self.stack.truncate(at);
                Err(e)
            }
        }
    }
    fn request_refused(&mut self, request: Request) -> R<'gc, M> {
        match request {
            Request::Sleep(seconds) => {
                self.host.sleep(seconds);
                if self.interrupted() { Err(self.raise(E::KeyboardInterrupt, "")) } else { Ok(Val::none()) }
            }
            Request::Trace => Ok(Val::none()),
            Request::Collect(_) | Request::Relieve | Request::Wait => Ok(Val::index(0)),
        }
    }
    fn bind_native(&mut self, def: &NativeDef<M>, first: usize, kw: usize) -> R<'gc, M, ()> {
        let n = self.stack.len() - first - kw;
        if kw != 0 && def.params.is_empty() && !def.raw_keywords {
            return Err(self.raise(E::TypeError, &format!("{}() takes no keyword arguments", def.full_name())));
        }
        if !def.params.is_empty() {
            let named = self.stack.split_off(self.stack.len() - kw);
            let total = def.params.len();
            if n + kw > total {
                let s = if total == 1 { "" } else { "s" };
                let text = format!("{}() takes at most {total} argument{s} ({} given)", def.name, n + kw);
                return Err(self.raise(E::TypeError, &text));
            }
            self.stack.resize_with(first + total, Val::empty);
            if let Some(names) = if kw != 0 { self.kwnames.take() } else { None } {
                for (name, value) in names.tail().iter().zip(named) {
                    let text = name.downcast_ref::<Str>().map_or("", |s| s.text());
                    match def.params.iter().position(|p| *p == text) {
                        Some(i) if self.stack[first + i].is_empty() => self.stack[first + i] = value,
                        Some(i) => {
                            let text = format!(
                                "argument for {}() given by name ('{text}') and position ({})",
                                def.name,
                                i + 1
                            );
                            return Err(self.raise(E::TypeError, &text));
                        }
                        None => {
                            let text = format!("{}() got an unexpected keyword argument '{text}'", def.name);
                            return Err(self.raise(E::TypeError, &text));
                        }
                    }
                }
            }
            if let Some(i) = (0..def.min as usize).find(|&i| self.stack[first + i].is_empty()) {
                let text = format!("{}() missing required argument '{}' (pos {})", def.name, def.params[i], i + 1);
                return Err(self.raise(E::TypeError, &text));
            }
            return Ok(());
        }
        if n < def.min as usize || (n > def.max as usize && def.max != MANY) {
            let text = self.wrong_count(def, n, first);
            return Err(self.raise(E::TypeError, &text));
        }
        Ok(())
    }
    fn wrong_count(&self, def: &NativeDef<M>, n: usize, _: usize) -> String {
        let (min, max) = (def.min as usize, def.max as usize);
        // Methods count without the object.
        let s = |n: usize| if n == 1 { "" } else { "s" };
        if min == max {
            match max {
                0 => format!("{}() takes no arguments ({n} given)", def.full_name()),
                1 => format!("{}() takes exactly one argument ({n} given)", def.full_name()),
                _ => format!("{} expected {min} argument{}, got {n}", def.name, s(min)),
            }
        } else if n < min {
            format!("{} expected at least {min} argument{}, got {n}", def.name, s(min))
        } else {
            format!("{} expected at most {max} argument{}, got {n}", def.name, s(max))
        }
    }
    /// Calls a Rust function with these arguments, from Rust.
    pub fn call_native(&mut self, f: Native<M>, args: &[V<'gc, M>]) -> R<'gc, M> {
        let base = self.stack.len();
        self.stack.extend_from_slice(args);
        let out = f(self, Args { base, n: args.len(), kw: 0 });
        match out {
            Err(e) if e.is_ask() => match self.ask.take() {
                Some(Ask::Call(callee, args)) => {
                    self.stack.truncate(base);
                    self.call(&callee, &args)
                }
                Some(Ask::Pushed) => {
                    let depth = self.frames.len() - 1;
                    if let Some(frame) = self.frames.last_mut() {
                        frame.ret = base as u32;
                    }
                    self.run_nested(depth, true)
                }
                _ => Err(self.raise(E::SystemError, "a native asked for what cannot be done here")),
            },
            out => {
                self.stack.truncate(base);
                out
            }
        }
    }

    // ---- instances ----------------------------------------------------------------------------------------------------
    fn call_class(&mut self, class: Gc<'gc, Class<'gc, M>, M>, at: usize, first: usize, kw: usize) -> R<'gc, M, bool> {
        if class.builtin
            && class.layout != Kind::Instance
            && let Some(make) = self.lookup(&class, N::new).and_then(|f| f.downcast::<NativeFn<'gc, M>>().ok())
        {
            self.stack[first - 1] = Val::from_gc(class);
            return self.call_native_at(&make, at, first - 1, kw);
        }
        let meta = class.meta.get();
        if !meta.is_empty()
            && let Some(meta) = meta.downcast_ref::<Class<'gc, M>>()
            && let Some(f) = self.lookup(meta, N::call)
            && f.kind() != Kind::Native
        {
            if self.nest >= self.host.nest_limit {
                // A metaclass whose `__call__` is a class of this metaclass.
                return Err(self.raise(E::RecursionError, TOO_DEEP_CALL));
            }
            // The class becomes the first argument; the callee's own place is the method's.
            let class = Val::from_gc(class);
            let mut first = first;
            self.stack[at] = f;
            if first - 1 > at {
                first -= 1;
                self.stack[first] = class;
            } else {
                self.stack.insert(first, class);
            }
            self.nest += 1;
            let begun = self.call_at(at, first, kw);
            self.nest -= 1;
            return begun;
        }
        let new = self.lookup(&class, N::new);
        let new_is_python = new.as_ref().is_some_and(|f| !matches!(f.kind(), Kind::Native));
        let plain = class.layout == Kind::Instance && !new_is_python;
        if plain && !class.builtin {
            let init = self.lookup(&class, N::init);
            let instance = self.new_instance(&class)?;
            match init {
                Some(init) if init.kind() == Kind::Func => {
                    let Ok(init) = init.downcast::<Func<'gc, M>>() else { unreachable!() };
                    if class.flags.load(Relaxed) & class_flags::EXCEPTION != 0 {
                        self.set_exception_args(&instance, first, kw)?;
                    }
                    self.stack[first - 1] = instance.clone();
                    self.push_frame(init, at, first - 1, kw, Mode::Init, instance)?;
                    return Ok(false);
                }
                _ if class.flags.load(Relaxed) & class_flags::EXCEPTION != 0 => {
                    self.set_exception_args(&instance, first, kw)?;
                    self.init_exception(&instance)?;
                }
                Some(init) if init.kind() != Kind::Native || class.flags.load(Relaxed) & class_flags::DEQUE != 0 => {
                    let args: Vec<_> = self.stack[first..].to_vec();
                    self.call_with(&init, &std::iter::once(instance.clone()).chain(args).collect::<Vec<_>>(), kw)?;
                }
                _ if self.stack.len() > first => {
                    return Err(self.raise(E::TypeError, &format!("{}() takes no arguments", self.class_name(&class))));
                }
                _ => {}
            }
            self.stack.truncate(at);
            self.stack.push(instance);
            return Ok(true);
        }
        if new_is_python && let Some(new) = new {
            // Once in a program: nested.
            let args: Vec<_> = self.stack[first..].to_vec();
            let names = self.kwnames.clone();
            let new = match new.downcast_ref::<Wrapper<'gc, M>>() {
                Some(w) => w.func.clone(),
                None => new,
            };
            let with_class: Vec<_> = std::iter::once(Val::from_gc(class.clone())).chain(args.iter().cloned()).collect();
            let instance = self.call_with(&new, &with_class, kw)?;
            if self.is_instance(&instance, &class)
                && let Some(init) = self.lookup(&self.class_of(&instance), N::init)
                && (init.kind() != Kind::Native || class.layout == Kind::Weak)
            {
                self.kwnames = names;
                let with_self: Vec<_> = std::iter::once(instance.clone()).chain(args).collect();
                self.call_with(&init, &with_self, kw)?;
            }
            self.stack.truncate(at);
            self.stack.push(instance);
            return Ok(true);
        }
        // Builtins and what extends them: `__new__` in Rust, found by layout.
        self.stack[first - 1] = Val::from_gc(class.clone());
        let n = self.stack.len() - first - kw;
        let builtin = if class.builtin { class.clone() } else { self.builtin_base(&class) };
        let Some(make) = self.lookup(&builtin, N::new).and_then(|f| f.downcast::<NativeFn<'gc, M>>().ok()) else {
            let name = self.class_name(&class);
            return Err(self.raise(E::TypeError, &format!("cannot create '{name}' instances")));
        };
        if class.builtin {
            let _ = n;
            return self.call_native_at(&make, at, first - 1, kw);
        }
        // A subclass of a builtin: make the value, then `__init__` if it is Python's.
        let init = self.lookup(&class, N::init).filter(|f| f.kind() == Kind::Func);
        let args: Vec<_> = self.stack[first..].to_vec();
        let names = self.kwnames.clone();
        let takes_args = init.is_none() || !matches!(class.layout, Kind::List | Kind::Dict | Kind::Set);
        let mut new_args = vec![Val::from_gc(class.clone())];
        if takes_args {
            new_args.extend(args.iter().cloned())
        }
        let instance = self.call_with(&Val::from_gc(make), &new_args, if takes_args { kw } else { 0 })?;
        if let Some(init) = init {
            let Ok(init) = init.downcast::<Func<'gc, M>>() else { unreachable!() };
            self.kwnames = names;
            self.stack[first - 1] = instance.clone();
            self.push_frame(init, at, first - 1, kw, Mode::Init, instance)?;
            return Ok(false);
        }
        self.stack.truncate(at);
        self.stack.push(instance);
        Ok(true)
    }
    /// The nearest class that is written in Rust.
    pub fn builtin_base(&self, class: &Gc<'gc, Class<'gc, M>, M>) -> Gc<'gc, Class<'gc, M>, M> {
        let mut best = self.class(T::Object).clone();
        for c in class.mro.iter() {
            if c.builtin && !c.ptr_eq(self.class(T::Object)) {
                best = c.clone();
                break;
            }
        }
        best
    }
    /// An instance with empty slots.
    #[inline]
    pub fn new_instance(&mut self, class: &Gc<'gc, Class<'gc, M>, M>) -> R<'gc, M> {
        if class.flags.load(Relaxed) & class_flags::DEQUE != 0 {
            let (ring, d) = (self.new_ring()?, self.instance_of(class)?);
            if let Some(word) = super::instance(&d).and_then(|i| i.own().first()) {
                word.set(self.mc, ring)
            }
            return Ok(d);
        }
        self.instance_of(class)
    }
    #[inline]
    fn instance_of(&mut self, class: &Gc<'gc, Class<'gc, M>, M>) -> R<'gc, M> {
        let n = class.words();
        let header = InstHeader { class: class.clone(), dict: Default::default() };
        if class.flags.load(Relaxed) & class_flags::DEL != 0 {
            return match Gc::<Tail<FinHeader<'gc, M>, ValSlot<'gc, M>>, M>::try_with_zeroed_tail(
                self.mc,
                FinHeader(header),
                n,
            ) {
                Ok(i) => Ok(Val::from_gc(i)),
                Err(full) => Err(self.no_memory(full)),
            };
        }
        match Gc::<Tail<InstHeader<'gc, M>, ValSlot<'gc, M>>, M>::try_with_zeroed_tail(self.mc, header, n) {
            Ok(i) => Ok(Val::from_gc(i)),
            Err(full) => Err(self.no_memory(full)),
        }
    }

    // ---- calls from Rust ----------------------------------------------------------------------------------------------
    /// Begins a call of any value; `mode` and `extra` say what becomes of a frame's result.
    pub fn call_step(
        &mut self,
        f: V<'gc, M>,
        args: &[V<'gc, M>],
        mode: Mode,
        extra: V<'gc, M>,
    ) -> R<'gc, M, Step<'gc, M>> {
        let at = self.stack.len();
        self.stack.push(f);
        self.stack.push(Val::empty());
        self.stack.extend_from_slice(args);
        match self.call_at(at, at + 2, 0) {
            Ok(true) => {
                let v = self.stack.pop().unwrap_or_default();
                Ok(Step::Value(v))
            }
            Ok(false) => {
                if mode != Mode::Push
                    && let Some(frame) = self.frames.last_mut()
                {
                    debug_assert!(matches!(frame.mode, Mode::Push | Mode::Keep), "special frames come from functions");
                    frame.mode = mode;
                    frame.extra = extra;
                }
                Ok(Step::Pushed)
            }
            Err(e) => {
                if !e.is_ask() {
                    self.stack.truncate(at);
                }
                Err(e)
            }
        }
    }
    /// The same for an instruction that lets go of its operands when the call is over: they lie below the function's
    /// frame meanwhile, and are released after its variables, in the order of `kept`.
    pub fn call_keeping(
        &mut self,
        f: V<'gc, M>,
        kept: &[V<'gc, M>],
        args: &[V<'gc, M>],
        mode: Mode,
    ) -> R<'gc, M, Step<'gc, M>> {
        if f.kind() != Kind::Func {
            return self.call_step(f, args, mode, Val::empty());
        }
        let from = self.stack.len();
        self.stack.extend_from_slice(kept);
        let mode = if mode == Mode::Push { Mode::Keep } else { mode };
        let out = self.call_step(f, args, mode, Val::empty());
        match (&out, self.frames.last_mut()) {
            (Ok(Step::Pushed), Some(frame)) => frame.ret = from as u32,
            _ => self.stack.truncate(from),
        }
        out
    }
    /// The value of a step, running its frame to the end if it has one. `depth`: frames before it.
    pub fn settle(&mut self, step: Step<'gc, M>, depth: usize) -> R<'gc, M> {
        match step {
            Step::Value(v) => Ok(v),
            Step::Pushed => self.run_nested(depth, true),
        }
    }
    /// Calls `f` and runs it to the end, on the Rust stack.
    pub fn call(&mut self, f: &V<'gc, M>, args: &[V<'gc, M>]) -> R<'gc, M> {
        self.call_with(f, args, 0)
    }
    /// The same; the last `kw` arguments are named by `vm.kwnames`.
    pub fn call_with(&mut self, f: &V<'gc, M>, args: &[V<'gc, M>], kw: usize) -> R<'gc, M> {
        let (depth, at) = (self.frames.len(), self.stack.len());
        self.stack.push(f.clone());
        self.stack.push(Val::empty());
        self.stack.extend_from_slice(args);
        self.nest += 1;
        let begun = self.call_at(at, at + 2, kw);
        self.nest -= 1;
        self.dirty = true;
        match begun {
            Ok(true) => Ok(self.stack.pop().unwrap_or_default()),
            Ok(false) => self.run_nested(depth, true),
            Err(e) => {
                self.stack.truncate(at);
                Err(e)
            }
        }
    }
    /// Calls a function found in a class with `this` before the arguments.
    pub fn call_method_value(&mut self, f: V<'gc, M>, this: &V<'gc, M>, args: &[V<'gc, M>]) -> R<'gc, M> {
        let bound = self.bound_to(f, this)?;
        self.call(&bound, args)
    }
    /// What a class's attribute is as one of its instance.
    pub fn bound_to(&mut self, f: V<'gc, M>, this: &V<'gc, M>) -> R<'gc, M> {
        let class = self.class_of(this);
        let (depth, step) = (self.frames.len(), self.descriptor_get(f, this, &class)?);
        self.settle(step, depth)
    }
    /// `obj.name(args)`, by the class, nested; `None` when the class has no such method.
    pub fn call_special(&mut self, obj: &V<'gc, M>, n: N, args: &[V<'gc, M>]) -> R<'gc, M, Option<V<'gc, M>>> {
        let class = self.class_of(obj);
        match self.lookup(&class, n) {
            Some(f) => self.call_method_value(f, obj, args).map(Some),
            None => Ok(None),
        }
    }
    /// Runs frames until only `depth` are left; with `value` the result is popped.
    pub fn run_nested(&mut self, depth: usize, value: bool) -> R<'gc, M> {
        if self.nest >= self.host.nest_limit {
            while self.frames.len() > depth {
                if let Some(frame) = self.frames.pop() {
                    self.stack.truncate(frame.ret as usize);
                }
            }
            return Err(self.recursion_error());
        }
        let pc = self.pc;
        self.nest += 1;
        let exit = self.run(depth);
        self.nest -= 1;
        self.pc = pc;
        self.dirty = true;
        match exit {
            Exit::Done => Ok(if value { self.stack.pop().unwrap_or_default() } else { Val::none() }),
            Exit::Raised(e) => Err(e),
            Exit::Yield | Exit::Request(_) => Err(self.raise(E::SystemError, "a nested loop was left")),
        }
    }
    /// Whether `v` can be called.
    pub fn callable(&self, v: &V<'gc, M>) -> bool {
        match v.kind() {
            Kind::Func | Kind::Native | Kind::Method | Kind::Class | Kind::Wrapper => true,
            Kind::Weak if is_proxy(v) => weak(v).is_some_and(|w| w.data().of == of::CALLABLE_PROXY),
            _ => self.lookup(&self.class_of(v), N::call).is_some(),
        }
    }
}
