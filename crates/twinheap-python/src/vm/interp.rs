//! The loop. One `match` arm an instruction; what takes more than a few lines is called.
//! Two nested loops: the outer one looks at the running frame (its code object, where its slots are), the inner one runs
//! instructions until the frame changes. `pc` is a local, written to the frame when it is left. What a dead object's
//! finalizer has to do is done before the next instruction (a load and a branch; counting alone).

pub use super::code::Exit;
use super::{E, Exc, Request, Step, Vm, code::Flow, exc::Unwound};
use crate::{
    bytecode::{CmpKind, Op},
    object::*,
    types::names::N,
    value::{Kind, Value},
};
use std::sync::atomic::Ordering::Relaxed;
use twinheap::{OneMutator, Val};

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// Runs until no more than `stop_at` frames are left; with `TRACED` it says where it is.
    pub fn run_as<const TRACED: bool>(&mut self, stop_at: usize) -> Exit<'gc, M> {
        let mut tick = 0u32;
        // The instruction that a collection has just been made for: it runs now, and fails for good if it fails again.
        let mut relieved = if self.nest == 0 { self.begin_again() } else { None };
        if let Some(exit) = self.raise_where_it_waited(stop_at) {
            return exit;
        }
        'frame: loop {
            if relieved.is_none() && (self.mc.has_pending() || !self.todo.is_empty()) && self.serve_pending() {
                continue 'frame;
            }
            let Some(at) = self.frames.len().checked_sub(1) else { return Exit::Done };
            if at < stop_at {
                return Exit::Done;
            }
            let code = self.frames[at].func.code.clone();
            let co = &*code.co.0;
            let instrs = co.code.as_slice();
            let base = self.frames[at].base as usize;
            let mut pc = self.frames[at].pc as usize;

            let flow = 'flow: loop {
                macro_rules! raise {
                    ($e:expr) => {{
                        let e = $e;
                        self.frames[at].pc = pc as u32;
                        if e.is_ask() {
                            break 'flow self.asked(pc);
                        }
                        let tried = relieved == Some(pc) && tick == 0;
                        if !M::CONSTRAINTS.counted && !tried && self.relieve(&e, pc) {
                            break 'flow Flow::Exit(Exit::Request(Request::Relieve));
                        }
                        break 'flow Flow::Raise(e);
                    }};
                }
                macro_rules! tri {
                    ($r:expr) => {
                        match $r {
                            Ok(v) => v,
                            Err(e) => raise!(e),
                        }
                    };
                }
                macro_rules! switch {
                    () => {{
                        self.frames[at].pc = pc as u32;
                        break 'flow Flow::Switch;
                    }};
                }
                // What the instruction takes from the stack is kept, in case it has to run again.
                macro_rules! hold {
                    ($n:expr) => {
                        if !M::CONSTRAINTS.counted {
                            self.hold(pc, $n)
                        }
                    };
                    ($($v:expr),+ ; taken) => {
                        if !M::CONSTRAINTS.counted {
                            self.hold_taken(pc, &[$(&$v),+])
                        }
                    };
                }
                macro_rules! push {
                    ($v:expr) => {{
                        let v = $v;
                        self.stack.push(v)
                    }};
                }
                macro_rules! pop {
                    () => {
                        self.stack.pop().unwrap_or_default()
                    };
                }
                macro_rules! slot {
                    ($i:expr) => {
                        self.stack[base + $i as usize]
                    };
                }
                macro_rules! push_or_store {
                    ($v:expr) => {{
                        let next = instrs[pc];
                        if next.op == Op::StoreFast {
                            pc += 1;
                            let old = std::mem::replace(&mut slot!(next.arg), $v);
                            drop(old);
                            continue 'flow;
                        }
                        self.stack.push($v)
                    }};
                }
                macro_rules! step {
                    ($r:expr) => {{
                        self.pc = pc as u32;
                        match $r {
                            Ok(Step::Value(v)) => self.stack.push(v),
                            Ok(Step::Pushed) => switch!(),
                            Err(e) => raise!(e),
                        }
                    }};
                }
                // A step without a result.
                macro_rules! done {
                    ($r:expr) => {{
                        self.pc = pc as u32;
                        match $r {
                            Ok(Step::Value(_)) => {}
                            Ok(Step::Pushed) => switch!(),
                            Err(e) => raise!(e),
                        }
                    }};
                }
                macro_rules! poll {
                    () => {
                        tick = tick.wrapping_add(1);
                        if tick & 1023 == 0 && self.mc.has_pending() {
                            switch!();
                        }
                        if self.nest == 0 && self.mc.should_yield() {
                            self.frames[at].pc = pc as u32;
                            break 'flow Flow::Exit(Exit::Yield);
                        }
                    };
                }
                if M::CONSTRAINTS.counted && self.mc.has_pending() {
                    switch!();
                }
                // Instructions that release nothing go on from here.
                'op: loop {
                    let i = instrs[pc];
                    pc += 1;
                    self.trace::<TRACED>(at, pc);
                    match i.op {
                        Op::Nop => {}
                        Op::PopTop | Op::PrintExpr => drop(pop!()),
                        Op::Copy => {
                            let v = self.stack[self.stack.len() - i.arg as usize].clone();
                            push!(v)
                        }
                        Op::Swap => {
                            let n = self.stack.len();
                            self.stack.swap(n - 1, n - i.arg as usize)
                        }
                        Op::LoadConst => {
                            push!(code.consts[i.arg as usize].clone());
                            continue 'op;
                        }
                        Op::LoadNone => {
                            push!(Val::none());
                            continue 'op;
                        }
                        Op::LoadSmallInt => {
                            push!(Val::payload((i.imm() as i64 as u64) << 3 | 1));
                            continue 'op;
                        }

                        Op::LoadFast => {
                            push!(slot!(i.arg).clone());
                            continue 'op;
                        }
                        Op::LoadFastCheck => {
                            let v = slot!(i.arg).clone();
                            if v.is_empty() {
                                raise!(self.unbound_local(&code, i.arg));
                            }
                            push!(v)
                        }
                        Op::StoreFast => {
                            let v = pop!();
                            let old = std::mem::replace(&mut slot!(i.arg), v);
                            drop(old);
                        }
                        Op::DeleteFast => {
                            let old = std::mem::take(&mut slot!(i.arg));
                            if old.is_empty() {
                                raise!(self.unbound_local(&code, i.arg));
                            }
                            drop(old);
                        }
                        Op::ClearFast => drop(std::mem::take(&mut slot!(i.arg))),
                        Op::LoadFastLoadFast => {
                            push!(slot!(i.a).clone());
                            push!(slot!(i.arg).clone());
                            continue 'op;
                        }
                        Op::LoadFastLoadConst => {
                            push!(slot!(i.a).clone());
                            push!(code.consts[i.arg as usize].clone());
                            continue 'op;
                        }
                        Op::StoreFastLoadFast => {
                            let v = pop!();
                            let old = std::mem::replace(&mut slot!(i.a), v);
                            push!(slot!(i.arg).clone());
                            drop(old);
                        }
                        Op::StoreFastStoreFast => {
                            let (v, w) = (pop!(), pop!());
                            let old = std::mem::replace(&mut slot!(i.a), v);
                            drop(old);
                            let old = std::mem::replace(&mut slot!(i.arg), w);
                            drop(old);
                        }

                        Op::CopyFreeVars => self.copy_free_vars(at, base, i.arg as usize),
                        Op::MakeCell => {
                            hold!(0);
                            tri!(self.make_cell(base, i))
                        }
                        Op::LoadClosure => push!(slot!(i.arg).clone()),
                        Op::LoadDeref => {
                            let v = slot!(i.arg).downcast_ref::<Cell<'gc, M>>().map(|c| c.0.get()).unwrap_or_default();
                            if v.is_empty() {
                                raise!(self.unbound_deref(&code, i.arg));
                            }
                            push!(v)
                        }
                        Op::StoreDeref => {
                            let v = pop!();
                            if let Some(c) = slot!(i.arg).downcast_ref::<Cell<'gc, M>>() {
                                c.0.set(self.mc, v)
                            }
                        }
                        Op::DeleteDeref => {
                            if self.delete_deref(base, i.arg).is_empty() {
                                raise!(self.unbound_deref(&code, i.arg));
                            }
                        }
                        Op::LoadClassDeref => {
                            let v = tri!(self.load_class_deref(&code, at, base, i.arg));
                            push!(v)
                        }

                        Op::LoadGlobal => {
                            let name = &code.names[i.arg as usize];
                            let cache = code.caches.get(i.a as usize);
                            let globals = &self.frames[at].func.globals;
                            match cache.and_then(|c| self.load_global_cached(c, globals, name)) {
                                Some(v) => {
                                    push!(v);
                                    continue 'op;
                                }
                                None => {
                                    let globals = globals.clone();
                                    let v = tri!(self.load_global(&globals, name, cache));
                                    push!(v)
                                }
                            }
                        }
                        Op::StoreGlobal => {
                            let name = &code.names[i.arg as usize];
                            let v = pop!();
                            let globals = self.frames[at].func.globals.clone();
                            self.store_global(&globals, name, v, code.caches.get(i.a as usize));
                        }
                        Op::DeleteGlobal => {
                            let name = &code.names[i.arg as usize];
                            let globals = self.frames[at].func.globals.clone();
                            if self.dict_del_name(&globals, name).is_none() {
                                raise!(self.name_error(name));
                            }
                        }
                        Op::LoadName => {
                            let v = tri!(self.load_name(at, &code.names[i.arg as usize]));
                            push!(v)
                        }
                        Op::StoreName => {
                            let v = pop!();
                            let ns = self.namespace_or_globals(at);
                            self.dict_set_name(&ns, &code.names[i.arg as usize], v);
                        }
                        Op::DeleteName => {
                            let name = &code.names[i.arg as usize];
                            let ns = self.namespace_or_globals(at);
                            if self.dict_del_name(&ns, name).is_none() {
                                raise!(self.name_error(name));
                            }
                        }
                        Op::LoadLocals => push!(Val::from_gc(self.namespace_or_globals(at))),
                        Op::SetupAnnotations => tri!(self.setup_annotations(at)),

                        Op::LoadAttr => {
                            let cache = code.caches.get(i.a as usize);
                            let obj = pop!();
                            match cache.and_then(|c| self.load_attr_cached(c, &obj)) {
                                Some(v) => push!(v),
                                None => {
                                    hold!(obj; taken);
                                    step!(self.load_attr(obj, &code.names[i.arg as usize], cache))
                                }
                            }
                        }
                        Op::LoadFastAttr => {
                            let cache = code.caches.get(i.a as usize);
                            match cache.and_then(|c| self.load_attr_cached(c, &slot!(i.b))) {
                                Some(v) => {
                                    push!(v);
                                    continue 'op;
                                }
                                None => {
                                    hold!(0);
                                    let obj = slot!(i.b).clone();
                                    step!(self.load_attr(obj, &code.names[i.arg as usize], cache))
                                }
                            }
                        }
                        Op::StoreAttr => {
                            let cache = code.caches.get(i.a as usize);
                            let (obj, v) = (pop!(), pop!());
                            let left = match cache {
                                Some(c) => self.store_attr_cached(c, &obj, v),
                                None => Err(v),
                            };
                            if let Err(v) = left {
                                hold!(v, obj; taken);
                                done!(self.store_attr(&obj, &code.names[i.arg as usize], v, cache))
                            }
                        }
                        Op::StoreFastAttr => {
                            let cache = code.caches.get(i.a as usize);
                            let v = pop!();
                            let left = match cache {
                                Some(c) => self.store_attr_cached(c, &slot!(i.b), v),
                                None => Err(v),
                            };
                            if let Err(v) = left {
                                hold!(v; taken);
                                let obj = slot!(i.b).clone();
                                done!(self.store_attr(&obj, &code.names[i.arg as usize], v, cache))
                            }
                        }
                        Op::DeleteAttr => {
                            let obj = pop!();
                            done!(self.del_attr(&obj, &code.names[i.arg as usize]))
                        }
                        Op::LoadMethod | Op::LoadFastMethod => {
                            let cache = code.caches.get(i.a as usize);
                            let obj = if i.op == Op::LoadMethod { pop!() } else { slot!(i.b).clone() };
                            match cache.and_then(|c| self.load_method_cached(c, &obj)) {
                                Some(f) => {
                                    push!(f);
                                    push!(obj);
                                    continue 'op;
                                }
                                None => {
                                    if i.op == Op::LoadMethod {
                                        hold!(obj; taken)
                                    } else {
                                        hold!(0)
                                    }
                                    if !tri!(self.push_method(obj, &code.names[i.arg as usize], cache)) {
                                        switch!()
                                    }
                                }
                            }
                        }
                        Op::BinarySubscr => {
                            let n = self.stack.len();
                            match self.subscr_fast(&self.stack[n - 2], &self.stack[n - 1]) {
                                Some(v) => {
                                    drop(pop!());
                                    let obj = std::mem::replace(&mut self.stack[n - 2], v);
                                    drop(obj);
                                }
                                None => {
                                    hold!(2);
                                    let (k, obj) = (pop!(), pop!());
                                    step!(self.subscr(obj, k))
                                }
                            }
                        }
                        Op::SubscrFastFast => match self.subscr_fast(&slot!(i.a), &slot!(i.arg)) {
                            Some(v) => {
                                push!(v);
                                continue 'op;
                            }
                            None => {
                                hold!(0);
                                let (obj, k) = (slot!(i.a).clone(), slot!(i.arg).clone());
                                step!(self.subscr(obj, k))
                            }
                        },
                        Op::SubscrTosFast => {
                            let obj = pop!();
                            match self.subscr_fast(&obj, &slot!(i.arg)) {
                                Some(v) => push!(v),
                                None => {
                                    hold!(obj; taken);
                                    let k = slot!(i.arg).clone();
                                    step!(self.subscr(obj, k))
                                }
                            }
                        }
                        Op::StoreSubscr => {
                            hold!(3);
                            let (k, obj, v) = (pop!(), pop!(), pop!());
                            done!(self.store_subscr(obj, k, v))
                        }
                        Op::DeleteSubscr => {
                            let (k, obj) = (pop!(), pop!());
                            done!(self.del_subscr(obj, k))
                        }
                        Op::BinarySlice => {
                            hold!(3);
                            step!(self.subscr_slice())
                        }
                        Op::StoreSlice => {
                            hold!(4);
                            done!(self.store_slice())
                        }

                        Op::BinaryOp => {
                            let n = self.stack.len();
                            match super::ops::fast_binary(i.b, &self.stack[n - 2], &self.stack[n - 1]) {
                                Some(v) => {
                                    drop(pop!());
                                    self.stack[n - 2] = v;
                                }
                                None => {
                                    hold!(2);
                                    let (y, x) = (pop!(), pop!());
                                    step!(self.binary(i.bin(), x, y))
                                }
                            }
                        }
                        Op::BinaryTosInt => {
                            let y = Val::payload((i.imm() as i64 as u64) << 3 | 1);
                            let n = self.stack.len();
                            match super::ops::fast_binary(i.b, &self.stack[n - 1], &y) {
                                Some(v) => {
                                    self.stack[n - 1] = v;
                                    continue 'op;
                                }
                                None => {
                                    hold!(1);
                                    let x = pop!();
                                    step!(self.binary(i.bin(), x, y))
                                }
                            }
                        }
                        Op::BinaryTosFast => {
                            let n = self.stack.len();
                            match super::ops::fast_binary(i.b, &self.stack[n - 1], &slot!(i.arg)) {
                                Some(v) => {
                                    self.stack[n - 1] = v;
                                    continue 'op;
                                }
                                None => {
                                    hold!(1);
                                    let (x, y) = (pop!(), slot!(i.arg).clone());
                                    step!(self.binary(i.bin(), x, y))
                                }
                            }
                        }
                        Op::BinaryFastInt => {
                            let y = Val::payload((i.imm() as i64 as u64) << 3 | 1);
                            match super::ops::fast_binary(i.b, &slot!(i.a), &y) {
                                Some(v) => {
                                    push_or_store!(v);
                                    continue 'op;
                                }
                                None => {
                                    hold!(0);
                                    let x = slot!(i.a).clone();
                                    step!(self.binary(i.bin(), x, y))
                                }
                            }
                        }
                        Op::BinaryFastFast => match super::ops::fast_binary(i.b, &slot!(i.a), &slot!(i.arg)) {
                            Some(v) => {
                                push_or_store!(v);
                                continue 'op;
                            }
                            None => {
                                hold!(0);
                                let (x, y) = (slot!(i.a).clone(), slot!(i.arg).clone());
                                step!(self.binary(i.bin(), x, y))
                            }
                        },
                        Op::UnaryNot | Op::ToBool => {
                            let v = pop!();
                            let not = i.op == Op::UnaryNot;
                            match self.truth_fast(&v) {
                                Some(b) => push!(Val::bool(b != not)),
                                None => match tri!(self.truth(v, if not { Mode::NotTruth } else { Mode::Truth })) {
                                    Some(b) => push!(Val::bool(b != not)),
                                    None => switch!(),
                                },
                            }
                        }
                        Op::UnaryNegative | Op::UnaryPositive | Op::UnaryInvert => {
                            hold!(1);
                            let v = pop!();
                            step!(self.unary(v, super::ops::unary_method(i.op)))
                        }
                        Op::CompareOp => {
                            let n = self.stack.len();
                            match super::ops::fast_compare(i.b, &self.stack[n - 2], &self.stack[n - 1]) {
                                Some(b) => {
                                    drop(pop!());
                                    self.stack[n - 2] = Val::bool(b);
                                }
                                None => {
                                    let (y, x) = (pop!(), pop!());
                                    step!(self.compare(i.cmp(), x, y))
                                }
                            }
                        }
                        Op::IsOp => {
                            let (y, x) = (pop!(), pop!());
                            push!(Val::bool(x.is(&y) != (i.b == 1)))
                        }
                        Op::ContainsOp => {
                            let (y, x) = (pop!(), pop!());
                            let mode = if i.b == 1 { Mode::NotTruth } else { Mode::Truth };
                            match tri!(self.contains(y, x, mode)) {
                                Some(b) => push!(Val::bool(b != (i.b == 1))),
                                None => switch!(),
                            }
                        }

                        Op::Jump => {
                            pc = i.arg as usize;
                            continue 'op;
                        }
                        Op::JumpBackward => {
                            if self.interrupt.load(Relaxed) && self.interrupted() {
                                // Blamed on the jump, which lies in the loop and in what surrounds it.
                                raise!(self.raise(E::KeyboardInterrupt, ""));
                            }
                            pc = i.arg as usize;
                            poll!();
                            continue 'op;
                        }
                        Op::PopJumpIfTrue | Op::PopJumpIfFalse => {
                            let v = pop!();
                            let b = match self.truth_fast(&v) {
                                Some(b) => b,
                                None => match tri!(self.truth(v, Mode::Truth)) {
                                    Some(b) => b,
                                    None => {
                                        // The truth is pushed, and the jump decided again.
                                        pc -= 1;
                                        switch!()
                                    }
                                },
                            };
                            if b == (i.op == Op::PopJumpIfTrue) {
                                pc = i.arg as usize
                            }
                        }
                        Op::PopJumpIfNone => {
                            if pop!().is_none() {
                                pc = i.arg as usize
                            }
                        }
                        Op::PopJumpIfNotNone => {
                            if !pop!().is_none() {
                                pc = i.arg as usize
                            }
                        }
                        Op::JumpIfTrueOrPop | Op::JumpIfFalseOrPop => {
                            let n = self.stack.len();
                            let b = match self.truth_fast(&self.stack[n - 1]) {
                                Some(b) => b,
                                None => {
                                    // Rare: the value must stay below the truth.
                                    let v = self.stack[n - 1].clone();
                                    tri!(self.truth_nested(&v))
                                }
                            };
                            if b == (i.op == Op::JumpIfTrueOrPop) { pc = i.arg as usize } else { drop(pop!()) }
                        }
                        Op::CompareJump => {
                            let n = self.stack.len();
                            match super::ops::fast_compare(i.b & 7, &self.stack[n - 2], &self.stack[n - 1]) {
                                Some(b) => {
                                    drop(pop!());
                                    drop(pop!());
                                    pc = if b == i.jump_if_true() { i.arg as usize } else { pc + 1 };
                                    continue 'op;
                                }
                                None => {
                                    let (y, x) = (pop!(), pop!());
                                    step!(self.compare(CmpKind::from_u8(i.b & 7), x, y))
                                }
                            }
                        }
                        Op::CompareFastFastJump => {
                            match super::ops::fast_compare(i.b & 7, &slot!(i.a_lo()), &slot!(i.a_hi())) {
                                Some(b) => {
                                    pc = if b == i.jump_if_true() { i.arg as usize } else { pc + 1 };
                                    continue 'op;
                                }
                                None => {
                                    let (x, y) = (slot!(i.a_lo()).clone(), slot!(i.a_hi()).clone());
                                    step!(self.compare(CmpKind::from_u8(i.b & 7), x, y))
                                }
                            }
                        }
                        Op::CompareFastIntJump => {
                            let y = Val::payload((i.a_hi() as i8 as i64 as u64) << 3 | 1);
                            match super::ops::fast_compare(i.b & 7, &slot!(i.a_lo()), &y) {
                                Some(b) => {
                                    pc = if b == i.jump_if_true() { i.arg as usize } else { pc + 1 };
                                    continue 'op;
                                }
                                None => {
                                    let x = slot!(i.a_lo()).clone();
                                    step!(self.compare(CmpKind::from_u8(i.b & 7), x, y))
                                }
                            }
                        }

                        Op::GetIter => {
                            hold!(1);
                            let v = pop!();
                            step!(self.get_iter(v))
                        }
                        Op::ForIter | Op::ForIterFast => {
                            let n = self.stack.len();
                            let next = match self.stack[n - 1].downcast_ref::<Iter<'gc, M>>() {
                                Some(it)
                                    if it.how == IterKind::Range && Val::<M>::small(it.pos.load(Relaxed)).is_some() =>
                                {
                                    let (pos, end) = (it.pos.load(Relaxed), it.end.load(Relaxed));
                                    // `end` is the number of items left.
                                    if end > 0 {
                                        it.pos.store(pos.wrapping_add(it.step), Relaxed);
                                        it.end.store(end - 1, Relaxed);
                                        Val::small(pos)
                                    } else {
                                        None
                                    }
                                }
                                Some(it) if it.how == IterKind::List => {
                                    let (pos, src) = (it.pos.load(Relaxed), it.src.get());
                                    let v = match src.downcast_ref::<List<'gc, M>>() {
                                        Some(l) => l.items.borrow().get(pos as usize).cloned(),
                                        None => None,
                                    };
                                    match v {
                                        Some(_) => it.pos.store(pos + 1, Relaxed),
                                        None => it.src.set(self.mc, Val::none()),
                                    }
                                    v
                                }
                                Some(it) => {
                                    let it = it.clone();
                                    hold!(0);
                                    tri!(self.iter_next(&it))
                                }
                                None => {
                                    let it = self.stack[n - 1].clone();
                                    hold!(0);
                                    match tri!(self.for_next(it)) {
                                        Some(Step::Value(v)) => Some(v),
                                        Some(Step::Pushed) => switch!(),
                                        None => None,
                                    }
                                }
                            };
                            match next {
                                Some(v) => {
                                    if i.op == Op::ForIterFast {
                                        let old = std::mem::replace(&mut slot!(i.a), v);
                                        drop(old);
                                        pc += 1;
                                    } else {
                                        push!(v)
                                    }
                                }
                                None => {
                                    drop(pop!());
                                    pc = i.arg as usize;
                                }
                            }
                        }
                        Op::UnpackSequence => {
                            let v = pop!();
                            tri!(self.unpack(v, i.arg as usize))
                        }
                        Op::UnpackEx => {
                            hold!(1);
                            let v = pop!();
                            tri!(self.unpack_star(v, i.a as usize, i.arg as usize))
                        }

                        Op::BuildTuple => {
                            hold!(0);
                            let t = tri!(self.tuple_from(self.stack.len() - i.arg as usize));
                            push!(t)
                        }
                        Op::BuildList => {
                            hold!(0);
                            let l = tri!(self.list_from(self.stack.len() - i.arg as usize));
                            push!(l)
                        }
                        Op::BuildSet => {
                            hold!(i.arg as usize);
                            let items = self.stack.split_off(self.stack.len() - i.arg as usize);
                            let s = tri!(self.set_of(items, false));
                            push!(s)
                        }
                        Op::BuildMap => {
                            hold!(2 * i.arg as usize);
                            let d = tri!(self.dict_from(self.stack.len() - 2 * i.arg as usize));
                            push!(d)
                        }
                        Op::BuildString => {
                            let from = self.stack.len() - i.arg as usize;
                            hold!(0);
                            let s = tri!(self.concat_strings(from));
                            self.stack.truncate(from);
                            push!(s)
                        }
                        Op::BuildSlice => {
                            hold!(i.arg as usize);
                            let step = if i.arg == 3 { pop!() } else { Val::none() };
                            let (stop, start) = (pop!(), pop!());
                            let s = tri!(self.make(Slice { start, stop, step }));
                            push!(s)
                        }
                        Op::ListAppend => {
                            let v = pop!();
                            let n = self.stack.len();
                            if let Some(l) = self.stack[n - i.arg as usize].downcast_ref::<List<'gc, M>>() {
                                let l = l.clone();
                                if l.items.borrow().len() == l.items.borrow().capacity() {
                                    hold!(v; taken)
                                }
                                tri!(self.list_push(&l, v))
                            }
                        }
                        Op::SetAdd | Op::MapAdd => {
                            hold!(1 + (i.op == Op::MapAdd) as usize);
                            tri!(self.add_to(i))
                        }
                        Op::ListExtend => {
                            hold!(1);
                            let it = pop!();
                            let n = self.stack.len();
                            let l = self.stack[n - i.arg as usize].clone();
                            tri!(self.extend_star(&l, it))
                        }
                        Op::SetUpdate => {
                            hold!(1);
                            tri!(self.update_set(i))
                        }
                        Op::DictUpdate | Op::DictMerge => {
                            hold!(1);
                            tri!(self.update_dict(i))
                        }
                        Op::ListToTuple => {
                            hold!(1);
                            let l = pop!();
                            let t = tri!(self.list_to_tuple(&l));
                            push!(t)
                        }
                        Op::ConvertValue => {
                            hold!(1);
                            let v = pop!();
                            step!(self.convert(v, i.b))
                        }
                        Op::FormatSimple => {
                            let n = self.stack.len();
                            if self.stack[n - 1].kind() != Kind::Str {
                                hold!(1);
                                let v = pop!();
                                step!(self.format_step(v, None))
                            }
                        }
                        Op::FormatWithSpec => {
                            hold!(2);
                            let (spec, v) = (pop!(), pop!());
                            step!(self.format_step(v, Some(spec)))
                        }

                        Op::Call => {
                            self.calls(pc);
                            let first = self.stack.len() - i.arg as usize;
                            if !tri!(self.call_at(first - 1, first, 0)) {
                                self.frames[at].pc = pc as u32;
                                poll!();
                                break 'flow Flow::Switch;
                            }
                        }
                        Op::CallMethod => {
                            let first = self.stack.len() - i.arg as usize;
                            let first = first - !self.stack[first - 1].is_empty() as usize;
                            // The callee, then `self` or an empty word.
                            let callee = self.stack.len() - i.arg as usize - 2;
                            if i.arg == 1
                                && self.stack[callee].bits() == self.rt.append.bits()
                                && let Some(l) = self.stack[callee + 1].downcast_ref::<List<'gc, M>>()
                            {
                                let l = l.clone();
                                let v = pop!();
                                if l.items.borrow().len() == l.items.borrow().capacity() {
                                    hold!(v; taken)
                                }
                                tri!(self.list_push(&l, v));
                                self.stack.truncate(callee);
                                if instrs[pc].op == Op::PopTop {
                                    pc += 1
                                } else {
                                    push!(Val::none());
                                }
                                continue 'flow;
                            }
                            self.calls(pc);
                            if !tri!(self.call_at(callee, first, 0)) {
                                self.frames[at].pc = pc as u32;
                                poll!();
                                break 'flow Flow::Switch;
                            }
                        }
                        Op::CallKw => {
                            let names = code.consts[i.arg as usize].downcast_ref::<Tuple<'gc, M>>().cloned();
                            if !tri!(self.call_kw(i, pc, names)) {
                                switch!()
                            }
                        }
                        Op::CallEx => {
                            hold!(2 + (i.b == 1) as usize);
                            if !tri!(self.call_ex(i.b == 1, pc)) {
                                switch!()
                            }
                        }
                        Op::MakeFunction => {
                            hold!(i.b.count_ones() as usize);
                            let f = tri!(self.make_function(&code, i.arg, i.b, at));
                            push!(f)
                        }
                        Op::LoadBuildClass => {
                            let f = self.dict_get_name(&self.rt.prelude, self.name(N::build_class)).unwrap_or_default();
                            push!(f)
                        }
                        Op::Return | Op::ReturnConst => {
                            let v = if i.op == Op::Return { pop!() } else { code.consts[i.arg as usize].clone() };
                            self.frames[at].pc = pc as u32;
                            if self.frames[at].mode == Mode::Push {
                                let Some(frame) = self.frames.pop() else { unreachable!() };
                                self.stack.truncate(frame.ret as usize);
                                self.stack.push(v);
                                if at == stop_at {
                                    break 'flow Flow::Exit(Exit::Done);
                                }
                                break 'flow Flow::Switch;
                            }
                            match self.leave(v) {
                                Ok(()) if at == stop_at => break 'flow Flow::Exit(Exit::Done),
                                Ok(()) => break 'flow Flow::Switch,
                                Err(e) if at == stop_at => break 'flow Flow::Exit(Exit::Raised(e)),
                                Err(e) => break 'flow Flow::Raise(e),
                            }
                        }

                        Op::ReturnGenerator => {
                            // Its frame is gone whatever comes of it: an error is the caller's.
                            break 'flow match self.make_generator(pc).map(|g| self.stack.push(g)) {
                                Ok(()) if at == stop_at => Flow::Exit(Exit::Done),
                                Ok(()) => Flow::Switch,
                                Err(e) if at == stop_at => Flow::Exit(Exit::Raised(e)),
                                Err(e) => Flow::Raise(e),
                            };
                        }
                        Op::YieldValue => {
                            let v = pop!();
                            if self.suspend(pc) {
                                push!(v);
                                if at == stop_at {
                                    break 'flow Flow::Exit(Exit::Done);
                                }
                            }
                            break 'flow Flow::Switch;
                        }
                        Op::GetYieldFromIter => {
                            let v = pop!();
                            if v.kind() == Kind::Gen { push!(v) } else { step!(self.get_iter(v)) }
                        }
                        Op::YieldFrom => {
                            let sent = pop!();
                            let it = self.stack[self.stack.len() - 1].clone();
                            match tri!(self.send_to(it, sent)) {
                                super::generator::Sent::Yielded(v) => {
                                    if self.suspend(pc - 1) {
                                        push!(v);
                                        if at == stop_at {
                                            break 'flow Flow::Exit(Exit::Done);
                                        }
                                    }
                                    break 'flow Flow::Switch;
                                }
                                super::generator::Sent::Returned(v) => {
                                    drop(pop!());
                                    push!(v)
                                }
                            }
                        }

                        Op::Raise => {
                            let e = self.raise_instruction(i.arg);
                            raise!(e)
                        }
                        Op::Reraise => {
                            let e = pop!();
                            self.frames[at].pc = pc as u32;
                            break 'flow Flow::Reraise(Exc(e));
                        }
                        Op::PushExcInfo => {
                            let e = pop!();
                            let prev = self.rt.handled.replace(self.mc, e.clone());
                            push!(prev);
                            push!(e)
                        }
                        Op::PopExcept => {
                            let prev = pop!();
                            self.rt.handled.set(self.mc, prev)
                        }
                        Op::PopExceptReraise => {
                            let (e, prev) = (pop!(), pop!());
                            self.rt.handled.set(self.mc, prev);
                            self.frames[at].pc = pc as u32;
                            break 'flow Flow::Reraise(Exc(e));
                        }
                        Op::CheckExcMatch => {
                            let t = pop!();
                            let e = self.stack[self.stack.len() - 1].clone();
                            let b = tri!(self.exception_matches(&e, &t));
                            push!(Val::bool(b))
                        }
                        Op::BeforeWith => {
                            let m = pop!();
                            step!(self.before_with(m))
                        }
                        Op::WithExceptStart => step!(self.exit_with_exception()),
                        Op::LoadAssertionError => push!(self.error_class(E::AssertionError)),
                        Op::ImportName => {
                            hold!(2);
                            let (fromlist, level) = (pop!(), pop!());
                            step!(self.import_name(&code.names[i.arg as usize], level, fromlist))
                        }
                        Op::ImportFrom => {
                            let m = self.stack[self.stack.len() - 1].clone();
                            let v = tri!(self.import_from(&m, &code.names[i.arg as usize]));
                            push!(v)
                        }
                        Op::ImportStar => {
                            let m = pop!();
                            let ns = self.namespace_or_globals(at);
                            tri!(self.import_star(&m, &ns))
                        }

                        Op::GetLen | Op::MatchMapping | Op::MatchSequence | Op::MatchKeys | Op::MatchClass => {
                            let v = tri!(self.match_instruction(i));
                            push!(v)
                        }
                    }
                    continue 'flow;
                }
            };
            relieved = None;
            match flow {
                Flow::Switch => {}
                Flow::Raise(e) => match self.unwind(e, stop_at, true) {
                    Unwound::Handled => {}
                    Unwound::Finished => return Exit::Done,
                    Unwound::Left(e) => return Exit::Raised(e),
                },
                Flow::Reraise(e) => match self.unwind(e, stop_at, false) {
                    Unwound::Handled => {}
                    Unwound::Finished => return Exit::Done,
                    Unwound::Left(e) => return Exit::Raised(e),
                },
                Flow::Exit(exit) => return exit,
            }
        }
    }
}
