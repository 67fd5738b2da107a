//! Loops, `try`, `with`, and leaving them early.
//!
//! A frame keeps a stack of blocks. `return`, `break` and `continue` unwind it: each block knows what has to be undone and
//! which handler covers the code outside it. A `finally` body is compiled once for the normal way, once for exceptions and once for
//! each early way out, as CPython does it.

use super::emit::{CoverId, Label};
use super::{Compiler, Res};
use crate::bytecode::{Const, Op};
use ruff_python_ast::{ExceptHandler, Expr, Stmt, StmtFor, StmtReturn, StmtTry, StmtWhile, StmtWith, WithItem};
use ruff_text_size::{Ranged, TextRange};

/// As in CPython.
const MAX_BLOCKS: usize = 20;

/// What a block is.
#[derive(Clone)]
pub enum Kind<'a> {
    /// A loop: where `continue` and `break` go. A `for` has its iterator on the stack.
    Loop { start: Label, end: Label, is_for: bool },
    /// Only a region with a handler.
    Covered,
    /// The body of a `try` with a `finally`.
    Finally(&'a [Stmt]),
    /// A `finally` body run because of an exception: previous and present exception are on the stack.
    FinallyEnd,
    /// A `with` body: the exit function is on the stack.
    With,
    /// An `except` body: the previous exception is on the stack, the name is to be deleted.
    Except(Option<&'a str>),
    /// A value on the stack that is to be dropped.
    Value,
}

/// An open block.
#[derive(Clone)]
pub struct Block<'a> {
    kind: Kind<'a>,
    /// Handler outside it.
    cover: Option<CoverId>,
}

/// What has to be put back after code for an early way out.
struct Unwound<'a> {
    blocks: Vec<Block<'a>>,
    cover: Option<CoverId>,
    height: i32,
}

impl<'a> Compiler<'a> {
    fn open(&mut self, kind: Kind<'a>, cover: Option<CoverId>, range: TextRange) -> Res {
        if self.frame().blocks.len() >= MAX_BLOCKS {
            return self.error("too many statically nested blocks", range);
        }
        self.frame().blocks.push(Block { kind, cover });
        Ok(())
    }

    fn close(&mut self) {
        self.frame().blocks.pop();
    }

    /// Emit what leaving blocks takes: all of them, or down to the innermost loop.
    fn unwind(&mut self, keep_top: bool, to_loop: bool) -> Res<Unwound<'a>> {
        let (cover, height) = (self.asm().cover, self.asm().height);
        let mut gone = Vec::new();
        while let Some(b) = self.frame().blocks.last() {
            if to_loop && matches!(b.kind, Kind::Loop { .. }) {
                break;
            }
            let b = self.frame().blocks.pop().expect("just seen");
            gone.push(b.clone());
            self.unwind_one(&b, keep_top)?;
        }
        Ok(Unwound { blocks: gone, cover, height })
    }

    fn rewind(&mut self, u: Unwound<'a>) {
        self.frame().blocks.extend(u.blocks.into_iter().rev());
        let asm = self.asm();
        asm.cover = u.cover;
        asm.height = u.height;
    }

    /// Bring what is below a kept value up.
    fn below(&mut self, keep_top: bool) {
        if keep_top {
            self.op1(Op::Swap, 2);
        }
    }

    fn unwind_one(&mut self, b: &Block<'a>, keep_top: bool) -> Res {
        match &b.kind {
            Kind::Loop { is_for: false, .. } => {}
            Kind::Covered => self.asm().cover = b.cover,
            Kind::Loop { is_for: true, .. } => {
                self.below(keep_top);
                self.op(Op::PopTop);
            }
            Kind::Value => {
                self.below(keep_top);
                self.op(Op::PopTop);
            }
            Kind::Finally(body) => {
                self.asm().cover = b.cover;
                let loc = self.asm().loc;
                if keep_top {
                    let cover = self.asm().cover;
                    // no limit here: the value takes the place of the block just left
                    self.frame().blocks.push(Block { kind: Kind::Value, cover });
                }
                self.body(body)?;
                if keep_top {
                    self.close();
                }
                self.asm().loc = loc;
            }
            Kind::FinallyEnd => {
                self.below(keep_top);
                self.op(Op::PopTop);
                self.asm().cover = b.cover;
                self.below(keep_top);
                self.op(Op::PopExcept);
            }
            Kind::With => {
                self.asm().cover = b.cover;
                self.below(keep_top);
                self.call_exit();
            }
            Kind::Except(name) => {
                self.asm().cover = b.cover;
                self.below(keep_top);
                self.op(Op::PopExcept);
                if let Some(name) = name {
                    self.forget(name);
                }
            }
        }
        Ok(())
    }

    /// `exit(None, None, None)` of the exit function on top.
    fn call_exit(&mut self) {
        for _ in 0..3 {
            self.op(Op::LoadNone);
        }
        self.op1(Op::Call, 3);
        self.op(Op::PopTop);
    }

    /// `name = None; del name`, at the end of an `except … as name`.
    fn forget(&mut self, name: &str) {
        self.op(Op::LoadNone);
        self.store_name(name);
        self.delete_name(name);
    }

    // ---- jumps ----------------------------------------------------------------------------------------------------

    pub(super) fn return_stmt(&mut self, r: &'a StmtReturn) -> Res {
        let constant = match &r.value {
            None => Some(Const::None),
            Some(v) => self.constant(v),
        };
        if let (None, Some(v)) = (&constant, &r.value) {
            self.expr(v)?;
        }
        self.at(r.range);
        let on_stack = constant.is_none();
        let u = self.unwind(on_stack, false)?;
        self.at(r.range);
        match constant {
            Some(c) => {
                let id = self.asm().const_id(c);
                self.op1(Op::ReturnConst, id);
            }
            None => self.op(Op::Return),
        }
        self.rewind(u);
        self.asm().height -= on_stack as i32;
        Ok(())
    }

    pub(super) fn break_or_continue(&mut self, is_break: bool, range: TextRange) -> Res {
        let inside = self.frame().blocks.iter().any(|b| matches!(b.kind, Kind::Loop { .. }));
        if !inside {
            return self
                .error(if is_break { "'break' outside loop" } else { "'continue' not properly in loop" }, range);
        }
        let u = self.unwind(false, true)?;
        self.at(range);
        let Some(Block { kind: Kind::Loop { start, end, is_for }, .. }) = self.frame().blocks.last().cloned() else {
            unreachable!("stopped at a loop")
        };
        if is_break {
            if is_for {
                self.op(Op::PopTop);
            }
            self.asm().jump(Op::Jump, end);
        } else {
            self.asm().jump(Op::JumpBackward, start);
        }
        self.rewind(u);
        Ok(())
    }

    pub(super) fn while_stmt(&mut self, w: &'a StmtWhile) -> Res {
        let (start, orelse, end) = (self.asm().label(), self.asm().label(), self.asm().label());
        self.asm().place(start);
        let cover = self.asm().cover;
        self.open(Kind::Loop { start, end, is_for: false }, cover, w.range)?;
        self.jump_if(&w.test, orelse, false)?;
        self.body(&w.body)?;
        self.asm().jump(Op::JumpBackward, start);
        self.close();
        self.asm().place(orelse);
        self.body(&w.orelse)?;
        self.asm().place(end);
        Ok(())
    }

    pub(super) fn for_stmt(&mut self, f: &'a StmtFor) -> Res {
        let (start, orelse, end) = (self.asm().label(), self.asm().label(), self.asm().label());
        self.expr(&f.iter)?;
        self.at(f.iter.range());
        self.op(Op::GetIter);
        self.asm().place(start);
        let cover = self.asm().cover;
        self.open(Kind::Loop { start, end, is_for: true }, cover, f.range)?;
        self.asm().jump(Op::ForIter, orelse);
        self.store(&f.target)?;
        self.body(&f.body)?;
        self.asm().jump(Op::JumpBackward, start);
        self.close();
        self.asm().place(orelse);
        self.body(&f.orelse)?;
        self.asm().place(end);
        Ok(())
    }

    // ---- try ------------------------------------------------------------------------------------------------------

    pub(super) fn try_stmt(&mut self, t: &'a StmtTry) -> Res {
        if t.is_star {
            return self.error("'except*' is not supported by this runtime", t.range);
        }
        if t.finalbody.is_empty() { self.try_except(t) } else { self.try_finally(t) }
    }

    fn try_finally(&mut self, t: &'a StmtTry) -> Res {
        let end = self.asm().label();
        let outer = self.asm().cover;
        let handler = self.asm().new_cover(0);
        self.asm().cover = Some(handler);
        self.open(Kind::Finally(&t.finalbody), outer, t.range)?;
        if t.handlers.is_empty() {
            self.body(&t.body)?;
        } else {
            self.try_except(t)?;
        }
        self.close();
        self.asm().cover = outer;
        self.body(&t.finalbody)?;
        self.asm().jump(Op::Jump, end);

        self.asm().place_handler(handler);
        let cleanup = self.push_exc_info();
        self.open(Kind::FinallyEnd, outer, t.range)?;
        self.body(&t.finalbody)?;
        self.close();
        self.op(Op::Reraise);
        self.cleanup(cleanup, outer);
        self.asm().place(end);
        Ok(())
    }

    /// Begin a handler: `[exc]` becomes `[prev exc]`, covered by what puts `prev` back.
    fn push_exc_info(&mut self) -> CoverId {
        self.op(Op::PushExcInfo);
        // cut to `[prev]`
        let cleanup = self.asm().new_cover(1);
        self.asm().cover = Some(cleanup);
        cleanup
    }

    /// The end of a handler that is left by an exception.
    fn cleanup(&mut self, cleanup: CoverId, outer: Option<CoverId>) {
        self.asm().cover = outer;
        self.asm().loc = Default::default();
        self.asm().place_handler(cleanup);
        self.op(Op::PopExceptReraise);
    }

    fn try_except(&mut self, t: &'a StmtTry) -> Res {
        let end = self.asm().label();
        let outer = self.asm().cover;
        let handler = self.asm().new_cover(0);
        self.asm().cover = Some(handler);
        self.open(Kind::Covered, outer, t.range)?;
        self.body(&t.body)?;
        self.close();
        self.asm().cover = outer;
        self.body(&t.orelse)?;
        self.asm().jump(Op::Jump, end);

        self.asm().place_handler(handler);
        let cleanup = self.push_exc_info();
        self.open(Kind::Covered, outer, t.range)?;
        let n = t.handlers.len();
        for (i, h) in t.handlers.iter().enumerate() {
            let ExceptHandler::ExceptHandler(h) = h;
            let next = self.asm().label();
            match &h.type_ {
                Some(ty) => {
                    self.expr(ty)?;
                    self.at(ty.range());
                    self.op(Op::CheckExcMatch);
                    self.asm().jump(Op::PopJumpIfFalse, next);
                }
                None if i + 1 < n => return self.error("default 'except:' must be last", h.range),
                None => {}
            }
            self.at(h.range);
            let name = h.name.as_ref().map(|n| n.id.as_str());
            match name {
                Some(name) => {
                    self.store_name(name);
                    let forget = self.asm().new_cover(0);
                    self.asm().cover = Some(forget);
                    self.open(Kind::Except(Some(name)), outer, h.range)?;
                    self.body(&h.body)?;
                    self.close();
                    self.asm().cover = outer;
                    self.asm().loc = Default::default();
                    self.op(Op::PopExcept);
                    self.forget(name);
                    self.asm().jump(Op::Jump, end);
                    // left by an exception: forget the name, then as without one
                    self.asm().cover = Some(cleanup);
                    self.asm().place_handler(forget);
                    self.forget(name);
                    self.op(Op::Reraise);
                }
                None => {
                    self.op(Op::PopTop);
                    self.open(Kind::Except(None), outer, h.range)?;
                    self.body(&h.body)?;
                    self.close();
                    self.asm().cover = outer;
                    self.asm().loc = Default::default();
                    self.op(Op::PopExcept);
                    self.asm().jump(Op::Jump, end);
                    self.asm().cover = Some(cleanup);
                }
            }
            if h.type_.is_some() {
                self.asm().place(next);
            }
        }
        let caught_all = matches!(t.handlers.last(), Some(ExceptHandler::ExceptHandler(h)) if h.type_.is_none());
        self.close();
        if !caught_all {
            self.op(Op::Reraise);
        }
        self.cleanup(cleanup, outer);
        self.asm().place(end);
        Ok(())
    }

    // ---- with -----------------------------------------------------------------------------------------------------

    pub(super) fn with_stmt(&mut self, w: &'a StmtWith) -> Res {
        self.with_items(&w.items, &w.body)
    }

    fn with_items(&mut self, items: &'a [WithItem], body: &'a [Stmt]) -> Res {
        let Some((item, rest)) = items.split_first() else { return self.body(body) };
        let range = item.context_expr.range();
        let (suppress, end) = (self.asm().label(), self.asm().label());
        let outer = self.asm().cover;
        self.expr(&item.context_expr)?;
        self.at(range);
        self.op(Op::BeforeWith);
        // keep the exit function, cut the value
        let handler = self.asm().new_cover(1);
        self.asm().cover = Some(handler);
        self.open(Kind::With, outer, range)?;
        match &item.optional_vars {
            Some(target) => self.store(target)?,
            None => self.op(Op::PopTop),
        }
        self.with_items(rest, body)?;
        self.close();
        self.asm().cover = outer;
        self.at(range);
        self.call_exit();
        self.asm().jump(Op::Jump, end);

        self.asm().place_handler(handler);
        let cleanup = self.push_exc_info();
        self.op(Op::WithExceptStart);
        self.asm().jump(Op::PopJumpIfTrue, suppress);
        self.op(Op::Reraise);
        self.asm().place(suppress);
        self.op(Op::PopTop);
        self.asm().cover = outer;
        self.op(Op::PopExcept);
        self.op(Op::PopTop);
        self.asm().jump(Op::Jump, end);
        self.cleanup(cleanup, outer);
        self.asm().place(end);
        Ok(())
    }

    // ---- conditions -----------------------------------------------------------------------------------------------

    /// Jump to `to` if the expression's truth is `when`, else go on.
    pub(super) fn jump_if(&mut self, e: &'a Expr, to: Label, when: bool) -> Res {
        use ruff_python_ast::{BoolOp, CmpOp, UnaryOp};
        match e {
            Expr::UnaryOp(u) if u.op == UnaryOp::Not => return self.jump_if(&u.operand, to, !when),
            Expr::BoolOp(b) => {
                let decides = b.op == BoolOp::Or;
                let (last, first) = b.values.split_last().expect("has operands");
                if decides == when {
                    for v in first {
                        self.jump_if(v, to, when)?;
                    }
                    return self.jump_if(last, to, when);
                }
                let skip = self.asm().label();
                for v in first {
                    self.jump_if(v, skip, decides)?;
                }
                self.jump_if(last, to, when)?;
                self.asm().place(skip);
                return Ok(());
            }
            Expr::If(i) => {
                let (orelse, end) = (self.asm().label(), self.asm().label());
                self.jump_if(&i.test, orelse, false)?;
                self.jump_if(&i.body, to, when)?;
                self.asm().jump(Op::Jump, end);
                self.asm().place(orelse);
                self.jump_if(&i.orelse, to, when)?;
                self.asm().place(end);
                return Ok(());
            }
            Expr::Compare(c) if c.ops.len() > 1 => {
                let (fails, end) = (self.asm().label(), self.asm().label());
                self.compare_chain(c, fails)?;
                self.at(c.range);
                self.asm().jump(if when { Op::PopJumpIfTrue } else { Op::PopJumpIfFalse }, to);
                self.asm().jump(Op::Jump, end);
                self.asm().place(fails);
                self.op(Op::PopTop);
                if !when {
                    self.asm().jump(Op::Jump, to);
                }
                self.asm().place(end);
                return Ok(());
            }
            Expr::Compare(c) if matches!(c.ops[0], CmpOp::Is | CmpOp::IsNot) => {
                if matches!(c.comparators[0], Expr::NoneLiteral(_)) {
                    self.expr(&c.left)?;
                    self.at(c.range);
                    let none = (c.ops[0] == CmpOp::Is) == when;
                    self.asm().jump(if none { Op::PopJumpIfNone } else { Op::PopJumpIfNotNone }, to);
                    return Ok(());
                }
            }
            _ => {
                if let Some(c) = self.constant(e) {
                    if super::fold::truth(&c) == when {
                        self.at(e.range());
                        self.asm().jump(Op::Jump, to);
                        // what follows is dead, but its height is the same
                    }
                    return Ok(());
                }
            }
        }
        self.expr(e)?;
        self.at(e.range());
        self.asm().jump(if when { Op::PopJumpIfTrue } else { Op::PopJumpIfFalse }, to);
        Ok(())
    }
}
