//! Generators: their slots and operands move out of the running stack when they wait, and back when they are resumed.

use super::{E, Exc, R, Step, Vm};
use crate::{
    object::*,
    types::names::N,
    value::{Kind, Value},
};
use std::sync::atomic::Ordering::Relaxed;
use twinheap::{Gc, GcCell, OneMutator, Val, ValSlot};

/// What a generator gave.
pub enum Sent<'gc, M: OneMutator> {
    /// A value, by `yield`.
    Yielded(V<'gc, M>),
    /// A value, by `return`.
    Returned(V<'gc, M>),
}

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// `ReturnGenerator`: the running frame becomes a generator, waiting before its first instruction.
    pub fn make_generator(&mut self, pc: usize) -> R<'gc, M> {
        let Some(frame) = self.frames.pop() else { return Ok(Val::none()) };
        let stack: Vec<_> = self.stack.drain(frame.base as usize..).collect();
        self.stack.truncate(frame.ret as usize);
        self.make(Gen {
            func: frame.func,
            state: gen_state::NEW.into(),
            pc: (pc as u32).into(),
            stack: GcCell::new(stack),
            handled: ValSlot::new(Val::none()),
        })
    }
    /// Pushes the generator's frame; its next value will be pushed, or `StopIteration` raised.
    /// `mode` is kept in the frame's `extra` beside the generator for [`Self::generator_returned`].
    pub fn resume(&mut self, g: &Gc<'gc, Gen<'gc, M>, M>, sent: V<'gc, M>, for_loop: bool) -> R<'gc, M, bool> {
        match g.state.load(Relaxed) {
            s if s & gen_state::RUNNING != 0 => {
                return Err(self.raise(E::ValueError, "generator already executing"));
            }
            gen_state::DONE => return Ok(false),
            gen_state::NEW if !sent.is_none() => {
                return Err(self.raise(E::TypeError, "can't send non-None value to a just-started generator"));
            }
            _ => {}
        }
        if self.frames.len() >= self.host.recursion_limit {
            return Err(self.recursion_error());
        }
        g.state.store(gen_state::RUNNING | if for_loop { gen_state::FOR } else { 0 }, Relaxed);
        let base = self.stack.len();
        self.stack.append(&mut g.stack.borrow_mut(self.mc));
        self.stack.push(sent);
        self.frames.push(Frame {
            func: g.func.clone(),
            pc: g.pc.load(Relaxed),
            base: base as u32,
            ret: base as u32,
            mode: Mode::Gen,
            extra: Val::from_gc(g.clone()),
        });
        self.swap_handled(g);
        Ok(true)
    }
    /// The generator's own exception being handled goes in, the caller's comes out (or back).
    fn swap_handled(&mut self, g: &Gen<'gc, M>) {
        let inside = g.handled.get();
        let outside = self.rt.handled.get();
        if inside.is_none() && outside.is_none() {
            return;
        }
        if !inside.is_none() {
            self.rt.handled.set(self.mc, inside);
        }
        g.handled.set(self.mc, outside);
    }
    fn swap_handled_back(&mut self, g: &Gen<'gc, M>) {
        let saved = g.handled.get();
        let own = self.rt.handled.get();
        if saved.is_none() && own.is_none() {
            return;
        }
        self.rt.handled.set(self.mc, saved.clone());
        g.handled.set(self.mc, if own.is(&saved) { Val::none() } else { own });
    }
    /// The running generator waits; it goes on at `pc`.
    pub fn suspend(&mut self, pc: usize) {
        let Some(frame) = self.frames.pop() else { return };
        if let Some(g) = frame.extra.downcast_ref::<Gen<'gc, M>>() {
            g.pc.store(pc as u32, Relaxed);
            g.state.store(gen_state::WAITING, Relaxed);
            self.swap_handled_back(g);
            let base = frame.base as usize;
            g.stack.borrow_mut(self.mc).extend(self.stack.drain(base..));
            // What lay below: the arguments of `next`, `send`.
            self.stack.truncate(frame.ret as usize);
        }
    }
    /// A generator's frame was left by `return`: that is `StopIteration` for whoever resumed it.
    pub fn generator_returned(&mut self, g: V<'gc, M>, v: V<'gc, M>, base: usize, ret: usize) -> R<'gc, M, ()> {
        let _ = base;
        let for_loop = match g.downcast_ref::<Gen<'gc, M>>() {
            Some(g) => {
                let f = g.state.load(Relaxed) & gen_state::FOR != 0;
                g.state.store(gen_state::DONE, Relaxed);
                self.swap_handled_back(g);
                f
            }
            None => false,
        };
        self.stack.truncate(ret);
        if for_loop && let Some(frame) = self.frames.last_mut() {
            // The caller's `for` ends: the instruction before its pc.
            let i = frame.func.code.co.0.code[frame.pc as usize - 1];
            frame.pc = i.arg;
            drop(self.stack.pop());
            return Ok(());
        }
        Err(self.stop_iteration(v))
    }
    /// A generator's frame was left by an exception.
    pub fn generator_failed(&mut self, g: &V<'gc, M>, e: Exc<'gc, M>) -> Exc<'gc, M> {
        if let Some(g) = g.downcast_ref::<Gen<'gc, M>>() {
            g.state.store(gen_state::DONE, Relaxed);
            self.swap_handled_back(g);
        }
        if self.is_error(&e, E::StopIteration) {
            let new = self.raise(E::RuntimeError, "generator raised StopIteration");
            self.set_cause(&new.0, &e.0);
            return new;
        }
        e
    }
    /// `StopIteration(v)`
    pub fn stop_iteration(&mut self, v: V<'gc, M>) -> Exc<'gc, M> {
        let args = if v.is_none() { vec![] } else { vec![v] };
        self.raise_with(E::StopIteration, args)
    }
    /// The generator runs to its next value, nested.
    pub fn advance(&mut self, g: &Gc<'gc, Gen<'gc, M>, M>, sent: V<'gc, M>) -> R<'gc, M, Sent<'gc, M>> {
        let depth = self.frames.len();
        if !self.resume(g, sent, false)? {
            return Ok(Sent::Returned(Val::none()));
        }
        match self.run_nested(depth, true) {
            Ok(v) => Ok(Sent::Yielded(v)),
            Err(e) if g.state.load(Relaxed) == gen_state::DONE && self.is_error(&e, E::StopIteration) => {
                Ok(Sent::Returned(self.stop_value(&e)))
            }
            Err(e) => Err(e),
        }
    }
    /// `StopIteration.value`
    pub fn stop_value(&self, e: &Exc<'gc, M>) -> V<'gc, M> {
        let args = self.exc_args(&e.0);
        args.downcast_ref::<Tuple<'gc, M>>().and_then(|t| t.tail().first().cloned()).unwrap_or_else(Val::none)
    }
    /// `yield from`: one value of `it`.
    pub fn send_to(&mut self, it: V<'gc, M>, sent: V<'gc, M>) -> R<'gc, M, Sent<'gc, M>> {
        if let Some(g) = it.downcast_ref::<Gen<'gc, M>>() {
            let g = g.clone();
            return self.advance(&g, sent);
        }
        if !sent.is_none() {
            let depth = self.frames.len();
            let send = self.name(N::send).clone();
            let f = self.get_attr(&it, &send)?;
            let step = self.call_step(f, &[sent], Mode::Push, Val::empty())?;
            return match self.settle(step, depth) {
                Ok(v) => Ok(Sent::Yielded(v)),
                Err(e) if self.is_error(&e, E::StopIteration) => Ok(Sent::Returned(self.stop_value(&e))),
                Err(e) => Err(e),
            };
        }
        match self.next_nested(&it) {
            Ok(Some(v)) => Ok(Sent::Yielded(v)),
            Ok(None) => Ok(Sent::Returned(Val::none())),
            Err(e) => Err(e),
        }
    }
    /// `g.throw(e)`, nested.
    pub fn throw_into(&mut self, g: &Gc<'gc, Gen<'gc, M>, M>, e: Exc<'gc, M>) -> R<'gc, M, Sent<'gc, M>> {
        match g.state.load(Relaxed) {
            gen_state::NEW | gen_state::DONE => {
                g.state.store(gen_state::DONE, Relaxed);
                drop(std::mem::take(&mut *g.stack.borrow_mut(self.mc)));
                return Err(e);
            }
            gen_state::WAITING => {}
            _ => return Err(self.raise(E::ValueError, "generator already executing")),
        }
        // Waiting in `yield from`: what it waits for hears of it first.
        let pc = g.pc.load(Relaxed) as usize;
        if g.func.code.co.0.code[pc].op == crate::bytecode::Op::YieldFrom {
            let inner = g.stack.borrow().last().cloned().unwrap_or_default();
            let answer = if let Some(sub) = inner.downcast_ref::<Gen<'gc, M>>() {
                let sub = sub.clone();
                if self.is_error(&e, E::GeneratorExit) {
                    self.close_generator(&sub).map(|()| None)
                } else {
                    self.throw_into(&sub, Exc(e.0.clone())).map(Some)
                }
            } else {
                Ok(None)
            };
            match answer {
                Ok(Some(Sent::Yielded(v))) => return Ok(Sent::Yielded(v)),
                Ok(Some(Sent::Returned(v))) => {
                    // The result of `yield from`; go on after it.
                    drop(g.stack.borrow_mut(self.mc).pop());
                    g.pc.store(pc as u32 + 1, Relaxed);
                    return self.advance(g, v);
                }
                Ok(None) => {}
                Err(inner) => return self.throw_here(g, inner),
            }
        }
        self.throw_here(g, e)
    }
    fn throw_here(&mut self, g: &Gc<'gc, Gen<'gc, M>, M>, e: Exc<'gc, M>) -> R<'gc, M, Sent<'gc, M>> {
        let depth = self.frames.len();
        let at_yield_from = {
            let pc = g.pc.load(Relaxed) as usize;
            g.func.code.co.0.code[pc].op == crate::bytecode::Op::YieldFrom
        };
        g.state.store(gen_state::WAITING, Relaxed);
        if !self.resume(g, Val::none(), false)? {
            return Err(e);
        }
        if let Some(f) = self.frames.last_mut() {
            // The instruction that waited raises.
            f.pc += at_yield_from as u32;
        }
        match self.unwind(e, depth, true) {
            super::exc::Unwound::Left(e) => Err(e),
            super::exc::Unwound::Finished => Ok(Sent::Returned(Val::none())),
            super::exc::Unwound::Handled => match self.run_nested(depth, true) {
                Ok(v) => Ok(Sent::Yielded(v)),
                Err(e) if g.state.load(Relaxed) == gen_state::DONE && self.is_error(&e, E::StopIteration) => {
                    Ok(Sent::Returned(self.stop_value(&e)))
                }
                Err(e) => Err(e),
            },
        }
    }
    /// `g.close()`
    pub fn close_generator(&mut self, g: &Gc<'gc, Gen<'gc, M>, M>) -> R<'gc, M, ()> {
        if g.state.load(Relaxed) != gen_state::WAITING {
            if g.state.load(Relaxed) == gen_state::NEW {
                g.state.store(gen_state::DONE, Relaxed);
                drop(std::mem::take(&mut *g.stack.borrow_mut(self.mc)));
            }
            return Ok(());
        }
        let e = self.raise(E::GeneratorExit, "");
        match self.throw_into(g, e) {
            Ok(Sent::Yielded(_)) => Err(self.raise(E::RuntimeError, "generator ignored GeneratorExit")),
            Ok(Sent::Returned(_)) => Ok(()),
            Err(e) if self.is_error(&e, E::GeneratorExit) || self.is_error(&e, E::StopIteration) => Ok(()),
            Err(e) => Err(e),
        }
    }
    /// `next(it)`, nested; `None` at the end.
    pub fn next_nested(&mut self, it: &V<'gc, M>) -> R<'gc, M, Option<V<'gc, M>>> {
        let it = &self.through_iterator(it.clone())?;
        match it.kind() {
            Kind::Iter => {
                let Some(i) = it.downcast_ref::<Iter<'gc, M>>().cloned() else { return Ok(None) };
                self.iter_next(&i)
            }
            Kind::Gen => {
                let Some(g) = it.downcast_ref::<Gen<'gc, M>>().cloned() else { return Ok(None) };
                match self.advance(&g, Val::none())? {
                    Sent::Yielded(v) => Ok(Some(v)),
                    Sent::Returned(_) => Ok(None),
                }
            }
            _ => {
                let depth = self.frames.len();
                let class = self.class_of(it);
                let Some(f) = self.lookup(&class, N::next) else {
                    let t = self.type_name(it);
                    return Err(self.raise(E::TypeError, &format!("'{t}' object is not an iterator")));
                };
                let out = self
                    .call_step(f, std::slice::from_ref(it), Mode::Push, Val::empty())
                    .and_then(|s| self.settle(s, depth));
                match out {
                    Ok(v) => Ok(Some(v)),
                    Err(e) if self.is_error(&e, E::StopIteration) => Ok(None),
                    Err(e) => Err(e),
                }
            }
        }
    }
    /// `for`: the next item of what is no built-in iterator.
    pub fn for_next(&mut self, it: V<'gc, M>) -> R<'gc, M, Option<Step<'gc, M>>> {
        let it = self.through_iterator(it)?;
        if let Some(g) = it.downcast_ref::<Gen<'gc, M>>() {
            let g = g.clone();
            return Ok(if self.resume(&g, Val::none(), true)? { Some(Step::Pushed) } else { None });
        }
        let class = self.class_of(&it);
        match self.lookup(&class, N::next) {
            Some(f) if f.kind() == Kind::Func => self.call_step(f, &[it], Mode::ForNext, Val::empty()).map(Some),
            _ => Ok(self.next_nested(&it)?.map(Step::Value)),
        }
    }
}
