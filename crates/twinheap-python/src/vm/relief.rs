//! Relief: what had no room is tried again after a full collection, under the managers that trace.
//!
//! An error that a collection may cure (`MemoryError`, out of descriptors) is noted in [`Vm::wants`] when it is made. If
//! it reaches the loop as it is, the instruction's operands are put back, the session ends, a full collection and its
//! finalizers run, and the same instruction runs again: once, then the error is raised. The wish belongs to one
//! instruction of one frame: finalizers that run meanwhile have frames of their own.
//!
//! An instruction that has changed something says so ([`Vm::dirty`]) and is not run again. The same way waits a native
//! that would block: the session ends, the wait is over, the instruction runs again.

use super::{Exc, Vm};
use crate::{bytecode::Op, object::*, value::Value};
use twinheap::{Gc, OneMutator, Val};

/// What an instruction took from the operand stack, to be put back.
pub struct Held<'gc, M: OneMutator> {
    /// Whose: the instruction's place plus one, or [`CALL`].
    pc: u32,
    /// Where on the stack it lay.
    height: usize,
    /// It.
    words: Vec<V<'gc, M>>,
}
/// A call's words are held by whoever takes the call apart.
const CALL: u32 = u32::MAX;

impl<M: OneMutator> Default for Held<'_, M> {
    fn default() -> Self {
        Held { pc: 0, height: 0, words: Vec::new() }
    }
}

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// Keeps the `n` uppermost words for the instruction before `pc`.
    #[inline]
    pub(super) fn hold(&mut self, pc: usize, n: usize) {
        let height = self.stack.len() - n;
        self.held.pc = pc as u32;
        self.held.height = height;
        self.held.words.clear();
        self.held.words.extend_from_slice(&self.stack[height..]);
        self.dirty = false;
        self.calling = false;
    }
    /// Keeps words that are taken already.
    pub(super) fn hold_taken(&mut self, pc: usize, words: &[&V<'gc, M>]) {
        self.hold(pc, 0);
        self.held.words.extend(words.iter().map(|&w| w.clone()));
    }
    /// Keeps a call that is about to be taken apart: `callee` and what lies above `at`.
    #[inline]
    pub(super) fn hold_call(&mut self, at: usize, callee: &V<'gc, M>) {
        self.held.pc = CALL;
        self.held.height = at;
        self.held.words.clear();
        self.held.words.push(callee.clone());
        self.held.words.extend_from_slice(&self.stack[at + 1..]);
        self.dirty = false;
    }
    /// A native that was called as its words lay has failed: they lie there still, but for the callee.
    #[cold]
    pub(super) fn hold_failed(&mut self, at: usize, top: usize, f: &Gc<'gc, NativeFn<'gc, M>, M>) {
        if self.dirty || self.stack.len() < top {
            self.held.pc = 0;
            return;
        }
        self.stack.truncate(top);
        self.hold_call(at, &Val::from_gc(f.clone()));
    }
    /// An error that a collection may cure.
    pub fn cured_by_relief(&mut self, e: Exc<'gc, M>) -> Exc<'gc, M> {
        self.wants = e.0.clone();
        e
    }
    /// Whether the instruction before `pc` is to be run again after a collection instead of raising `e`; then
    /// everything lies as it did before.
    #[cold]
    pub(super) fn relieve(&mut self, e: &Exc<'gc, M>, pc: usize) -> bool {
        if M::CONSTRAINTS.counted || !e.0.is(&self.wants) {
            return false;
        }
        self.wants = Val::empty();
        self.restore(pc)
    }
    /// Whether the running native may ask to be called again when its wait is over.
    pub fn can_wait_outside(&self) -> bool {
        !M::CONSTRAINTS.counted && self.nest == 0 && !self.dirty
    }
    /// Begins the session after a collection that was made for the last frame's instruction: its place plus one.
    pub(super) fn begin_again(&mut self) -> Option<usize> {
        let depth = self.host.relieved.take()?;
        let frame = self.frames.last()?;
        (self.frames.len() == depth).then_some(frame.pc as usize + 1)
    }
    /// Puts back what the instruction before `pc` took, if that can be done.
    pub(super) fn restore(&mut self, pc: usize) -> bool {
        if self.nest > 0 || self.dirty || self.held.height > self.stack.len() {
            return false;
        }
        let Some(frame) = self.frames.last_mut() else { return false };
        let call = matches!(frame.func.code.co.0.code[pc - 1].op, Op::Call | Op::CallMethod | Op::CallKw);
        if self.held.pc != pc as u32 && !(call && self.held.pc == CALL) {
            return false;
        }
        frame.pc = pc as u32 - 1;
        self.held.pc = 0;
        self.stack.truncate(self.held.height);
        self.stack.append(&mut self.held.words);
        true
    }
}
