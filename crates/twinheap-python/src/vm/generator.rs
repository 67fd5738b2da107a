//! Generators: their slots and operands move out of the running stack when they wait, and back when they are resumed.
//!
//! One whose code can wait inside `try` or `with` is a [`FinGen`]: when it dies waiting, `GeneratorExit` is raised where it
//! waits, in a frame like any other ([`Mode::Close`]).  The others need nothing at their end, and pay nothing for it.

use super::{E, Exc, R, Step, Vm, exc::Unwound};
use crate::{
    bytecode::Op,
    object::*,
    types::names::N,
    value::{Kind, Value},
};
use std::sync::atomic::Ordering::Relaxed;
use twinheap::{GcCell, OneMutator, Val, ValSlot};

/// What a generator gave.
pub enum Sent<'gc, M: OneMutator> {
    /// A value, by `yield`.
    Yielded(V<'gc, M>),
    /// A value, by `return`.
    Returned(V<'gc, M>),
}

/// The generator in a value.
#[inline(always)]
pub fn generator<'a, 'gc, M: OneMutator>(v: &'a V<'gc, M>) -> Option<&'a Gen<'gc, M>> {
    match v.downcast_ref::<Gen<'gc, M>>() {
        Some(g) => Some(g),
        None => v.downcast_ref::<FinGen<'gc, M>>().map(|g| &g.0),
    }
}

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// `ReturnGenerator`: the running frame becomes a generator, waiting before its first instruction.
    pub fn make_generator(&mut self, pc: usize) -> R<'gc, M> {
        let Some(frame) = self.frames.pop() else { return Ok(Val::none()) };
        let stack: Vec<_> = self.stack.drain(frame.base as usize..).collect();
        self.stack.truncate(frame.ret as usize);
        let closes = frame.func.code.closes;
        let made = Gen {
            func: frame.func,
            state: gen_state::NEW.into(),
            pc: (pc as u32).into(),
            stack: GcCell::new(stack),
            handled: ValSlot::new(Val::none()),
        };
        if closes { self.make(FinGen(made)) } else { self.make(made) }
    }
    /// Pushes the generator's frame; its next value will be pushed, or `StopIteration` raised.
    /// `mode` is kept in the frame's `extra` beside the generator for [`Self::generator_returned`].
    pub fn resume(&mut self, v: &V<'gc, M>, sent: V<'gc, M>, for_loop: bool) -> R<'gc, M, bool> {
        let Some(g) = generator(v) else { return Ok(false) };
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
            extra: v.clone(),
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
    /// The running generator waits; it goes on at `pc`.  False when nobody waits for its value: it was to end.
    pub fn suspend(&mut self, pc: usize) -> bool {
        let Some(frame) = self.frames.pop() else { return true };
        if let Some(g) = generator(&frame.extra) {
            g.pc.store(pc as u32, Relaxed);
            g.state.store(gen_state::WAITING, Relaxed);
            self.swap_handled_back(g);
            let base = frame.base as usize;
            g.stack.borrow_mut(self.mc).extend(self.stack.drain(base..));
            // What lay below: the arguments of `next`, `send`.
            self.stack.truncate(frame.ret as usize);
        }
        if frame.mode == Mode::Close {
            let e = self.raise(E::RuntimeError, "generator ignored GeneratorExit");
            self.unraisable(&e.0, &frame.extra);
            return false;
        }
        true
    }
    /// A generator's frame was left by `return`: that is `StopIteration` for whoever resumed it.
    pub fn generator_returned(&mut self, g: V<'gc, M>, v: V<'gc, M>, base: usize, ret: usize) -> R<'gc, M, ()> {
        let _ = base;
        let for_loop = match generator(&g) {
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
        if let Some(g) = generator(g) {
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
    pub fn advance(&mut self, v: &V<'gc, M>, sent: V<'gc, M>) -> R<'gc, M, Sent<'gc, M>> {
        let Some(g) = generator(v) else { return Ok(Sent::Returned(Val::none())) };
        let depth = self.frames.len();
        if !self.resume(v, sent, false)? {
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
        if it.kind() == Kind::Gen {
            return self.advance(&it, sent);
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
    pub fn throw_into(&mut self, v: &V<'gc, M>, e: Exc<'gc, M>) -> R<'gc, M, Sent<'gc, M>> {
        let Some(g) = generator(v) else { return Err(e) };
        match g.state.load(Relaxed) {
            gen_state::NEW | gen_state::DONE => {
                self.end_generator(g);
                return Err(e);
            }
            gen_state::WAITING => {}
            _ => return Err(self.raise(E::ValueError, "generator already executing")),
        }
        // Waiting in `yield from`: what it waits for hears of it first.
        if let Some(inner) = Self::delegate(g) {
            let answer = if self.is_error(&e, E::GeneratorExit) {
                self.close_delegate(&inner).map(|()| None)
            } else if inner.kind() == Kind::Gen {
                self.throw_into(&inner, Exc(e.0.clone())).map(Some)
            } else {
                Ok(None)
            };
            match answer {
                Ok(Some(Sent::Yielded(v))) => return Ok(Sent::Yielded(v)),
                Ok(Some(Sent::Returned(sent))) => {
                    // The result of `yield from`; go on after it.
                    drop(g.stack.borrow_mut(self.mc).pop());
                    g.pc.fetch_add(1, Relaxed);
                    return self.advance(v, sent);
                }
                Ok(None) => {}
                Err(inner) => return self.throw_here(v, inner),
            }
        }
        self.throw_here(v, e)
    }
    /// What a waiting generator's `yield from` waits for.
    fn delegate(g: &Gen<'gc, M>) -> Option<V<'gc, M>> {
        let pc = g.pc.load(Relaxed) as usize;
        let there = g.func.code.co.0.code[pc].op == Op::YieldFrom;
        there.then(|| g.stack.borrow().last().cloned().unwrap_or_default())
    }
    /// `GeneratorExit` has come to who waits for `inner`: it is closed, if it can be.
    fn close_delegate(&mut self, inner: &V<'gc, M>) -> R<'gc, M, ()> {
        if inner.kind() == Kind::Gen {
            return self.close_generator(inner).map(drop);
        }
        let name = self.intern("close")?;
        match self.get_attr(inner, &name) {
            Ok(close) => self.call(&close, &[]).map(drop),
            Err(e) if self.is_error(&e, E::AttributeError) => Ok(()),
            Err(e) => Err(e),
        }
    }
    /// The generator's frame is put back, about to raise where it waited; false if it is over.
    fn resume_to_raise(&mut self, v: &V<'gc, M>, mode: Mode) -> R<'gc, M, bool> {
        let Some(g) = generator(v) else { return Ok(false) };
        let at_yield_from = Self::delegate(g).is_some();
        g.state.store(gen_state::WAITING, Relaxed);
        if !self.resume(v, Val::none(), false)? {
            return Ok(false);
        }
        if let Some(f) = self.frames.last_mut() {
            // The instruction that waited raises.
            f.pc += at_yield_from as u32;
            f.mode = mode;
        }
        Ok(true)
    }
    fn throw_here(&mut self, v: &V<'gc, M>, e: Exc<'gc, M>) -> R<'gc, M, Sent<'gc, M>> {
        let depth = self.frames.len();
        if !self.resume_to_raise(v, Mode::Gen)? {
            return Err(e);
        }
        match self.unwind(e, depth, true) {
            Unwound::Left(e) => Err(e),
            Unwound::Finished => Ok(Sent::Returned(Val::none())),
            Unwound::Handled => match self.run_nested(depth, true) {
                Ok(v) => Ok(Sent::Yielded(v)),
                Err(e)
                    if generator(v).is_some_and(|g| g.state.load(Relaxed) == gen_state::DONE)
                        && self.is_error(&e, E::StopIteration) =>
                {
                    Ok(Sent::Returned(self.stop_value(&e)))
                }
                Err(e) => Err(e),
            },
        }
    }
    /// Nothing will run in it any more: its variables go, first to last.
    fn end_generator(&mut self, g: &Gen<'gc, M>) {
        g.state.store(gen_state::DONE, Relaxed);
        drop(std::mem::take(&mut *g.stack.borrow_mut(self.mc)));
    }
    /// `g.close()`: what it returned, if it did (CPython 3.13).
    pub fn close_generator(&mut self, v: &V<'gc, M>) -> R<'gc, M> {
        let Some(g) = generator(v) else { return Ok(Val::none()) };
        let state = g.state.load(Relaxed);
        // Nothing in it could hear of the end (CPython 3.13 `gen_close`).
        if state == gen_state::NEW || state == gen_state::WAITING && !g.func.code.closes {
            self.end_generator(g);
        }
        match state {
            gen_state::NEW | gen_state::DONE => return Ok(Val::none()),
            gen_state::WAITING if !g.func.code.closes => return Ok(Val::none()),
            gen_state::WAITING => {}
            _ => return Err(self.raise(E::ValueError, "generator already executing")),
        }
        let e = self.raise(E::GeneratorExit, "");
        match self.throw_into(v, e) {
            Ok(Sent::Yielded(_)) => Err(self.raise(E::RuntimeError, "generator ignored GeneratorExit")),
            Ok(Sent::Returned(v)) => Ok(v),
            Err(e) if self.is_error(&e, E::GeneratorExit) || self.is_error(&e, E::StopIteration) => Ok(Val::none()),
            Err(e) => Err(e),
        }
    }
    /// A generator died: if it waits, `GeneratorExit` is raised where it does.  Whether a frame was pushed.
    pub fn begin_close(&mut self, v: &V<'gc, M>) -> bool {
        let Some(g) = generator(v) else { return false };
        if g.state.load(Relaxed) != gen_state::WAITING {
            return false;
        }
        let depth = self.frames.len();
        let mut e = self.raise(E::GeneratorExit, "");
        if let Some(inner) = Self::delegate(g)
            && let Err(other) = self.close_delegate(&inner)
        {
            e = other
        }
        match self.resume_to_raise(v, Mode::Close) {
            Ok(true) => drop(self.unwind(e, depth, true)),
            Ok(false) => {}
            Err(e) => self.unraisable(&e.0, v),
        }
        self.frames.len() > depth
    }
    /// `next(it)`, nested; `None` at the end.
    pub fn next_nested(&mut self, it: &V<'gc, M>) -> R<'gc, M, Option<V<'gc, M>>> {
        let it = &self.through_iterator(it.clone())?;
        match it.kind() {
            Kind::Iter => {
                let Some(i) = it.downcast_ref::<Iter<'gc, M>>().cloned() else { return Ok(None) };
                self.iter_next(&i)
            }
            Kind::Gen => match self.advance(it, Val::none())? {
                Sent::Yielded(v) => Ok(Some(v)),
                Sent::Returned(_) => Ok(None),
            },
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
        if it.kind() == Kind::Gen {
            return Ok(if self.resume(&it, Val::none(), true)? { Some(Step::Pushed) } else { None });
        }
        let class = self.class_of(&it);
        match self.lookup(&class, N::next) {
            Some(f) if f.kind() == Kind::Func => self.call_step(f, &[it], Mode::ForNext, Val::empty()).map(Some),
            _ => Ok(self.next_nested(&it)?.map(Step::Value)),
        }
    }
}
