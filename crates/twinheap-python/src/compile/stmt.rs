//! Statements that do not jump; `flow.rs` has those that do.

use super::expr::{bin_kind, two_part_slice};
use super::{Compiler, Res};
use crate::bytecode::{Const, Instr, Op};
use crate::parse::Mode;
use crate::resolve::ScopeKind;
use ruff_python_ast::{
    Expr, Stmt, StmtAnnAssign, StmtAssert, StmtAssign, StmtAugAssign, StmtIf, StmtImport, StmtImportFrom, StmtRaise,
};
use ruff_text_size::Ranged;

/// Names that `from __future__ import` knows.
const FUTURES: [&str; 10] = [
    "nested_scopes",
    "generators",
    "division",
    "absolute_import",
    "with_statement",
    "print_function",
    "unicode_literals",
    "barry_as_FLUFL",
    "generator_stop",
    "annotations",
];

impl<'a> Compiler<'a> {
    pub(super) fn stmt(&mut self, s: &'a Stmt) -> Res {
        self.at(s.range());
        let is_future =
            matches!(s, Stmt::ImportFrom(i) if i.module.as_ref().is_some_and(|m| m.as_str() == "__future__"));
        let is_string = matches!(s, Stmt::Expr(e) if matches!(&*e.value, Expr::StringLiteral(_)));
        if !is_future && !is_string {
            self.future_ok = false;
        }
        match s {
            Stmt::Expr(e) => self.expr_stmt(&e.value),
            Stmt::Assign(a) => self.assign(a),
            Stmt::AugAssign(a) => self.aug_assign(a),
            Stmt::AnnAssign(a) => self.ann_assign(a),
            Stmt::If(i) => self.if_stmt(i),
            Stmt::For(f) => self.for_stmt(f),
            Stmt::While(w) => self.while_stmt(w),
            Stmt::Return(r) => self.return_stmt(r),
            Stmt::Break(b) => self.break_or_continue(true, b.range),
            Stmt::Continue(c) => self.break_or_continue(false, c.range),
            Stmt::FunctionDef(f) => self.function_def(f),
            Stmt::ClassDef(c) => self.class_def(c),
            Stmt::With(w) => self.with_stmt(w),
            Stmt::Try(t) => self.try_stmt(t),
            Stmt::Raise(r) => self.raise(r),
            Stmt::Assert(a) => self.assert(a),
            Stmt::Delete(d) => d.targets.iter().try_for_each(|t| self.delete(t)),
            Stmt::Import(i) => self.import(i),
            Stmt::ImportFrom(i) => self.import_from(i),
            Stmt::Match(m) => self.match_stmt(m),
            Stmt::Global(_) | Stmt::Nonlocal(_) => Ok(()),
            // keeps its line in a traceback's reach; costs nothing, it is dropped when finished
            Stmt::Pass(_) => {
                self.op(Op::Nop);
                Ok(())
            }
            Stmt::TypeAlias(t) => self.error("the 'type' statement is not supported by this runtime", t.range),
            Stmt::IpyEscapeCommand(i) => self.error("invalid syntax", i.range),
        }
    }

    fn expr_stmt(&mut self, e: &'a Expr) -> Res {
        let prints = self.mode == Mode::Single && self.frames.len() == 1;
        if !prints && self.constant(e).is_some() {
            return Ok(());
        }
        self.dropped = !prints && matches!(e, Expr::ListComp(_) | Expr::SetComp(_) | Expr::DictComp(_));
        if self.dropped {
            // It pops its value itself, before its variables.
            return self.expr(e);
        }
        self.expr(e)?;
        self.at(e.range());
        self.op(if prints { Op::PrintExpr } else { Op::PopTop });
        Ok(())
    }

    // ---- assignment -----------------------------------------------------------------------------------------------

    fn assign(&mut self, a: &'a StmtAssign) -> Res {
        if let [target] = &a.targets[..]
            && self.swap_assign(target, &a.value)?
        {
            return Ok(());
        }
        self.expr(&a.value)?;
        let n = a.targets.len();
        for (i, t) in a.targets.iter().enumerate() {
            if i + 1 < n {
                self.op1(Op::Copy, 1);
            }
            self.store(t)?;
        }
        Ok(())
    }

    /// `a, b = x, y` and `a, b, c = x, y, z` without a tuple.
    fn swap_assign(&mut self, target: &'a Expr, value: &'a Expr) -> Res<bool> {
        let elts = |e: &'a Expr| -> Option<&'a [Expr]> {
            match e {
                Expr::Tuple(t) => Some(&t.elts),
                Expr::List(l) => Some(&l.elts),
                _ => None,
            }
        };
        let Expr::Tuple(values) = value else { return Ok(false) };
        let Some(targets) = elts(target) else { return Ok(false) };
        let n = targets.len();
        let starred = |e: &Expr| matches!(e, Expr::Starred(_));
        if !(n == 2 || n == 3) || values.elts.len() != n || targets.iter().chain(&values.elts).any(starred) {
            return Ok(false);
        }
        for v in &values.elts {
            self.expr(v)?;
        }
        self.at(value.range());
        self.op1(Op::Swap, n as u32);
        for t in targets {
            self.store(t)?;
        }
        Ok(true)
    }

    fn aug_assign(&mut self, a: &'a StmtAugAssign) -> Res {
        let op = Instr::with(Op::BinaryOp, bin_kind(a.op).in_place() as u8, 0, 0);
        match &*a.target {
            Expr::Name(n) => {
                self.at(n.range);
                self.load_name(&n.id);
                self.expr(&a.value)?;
                self.at(a.range);
                self.push(op);
                self.at(n.range);
                self.store_name(&n.id);
            }
            Expr::Attribute(t) => {
                self.expr(&t.value)?;
                self.op1(Op::Copy, 1);
                self.at(t.range);
                self.name_op(Op::LoadAttr, &t.attr.id);
                self.expr(&a.value)?;
                self.at(a.range);
                self.push(op);
                self.at(t.range);
                self.op1(Op::Swap, 2);
                self.note_static_attribute(&t.value, &t.attr.id);
                self.name_op(Op::StoreAttr, &t.attr.id);
            }
            Expr::Subscript(t) => {
                self.expr(&t.value)?;
                match two_part_slice(&t.slice) {
                    Some(parts) => {
                        self.slice_parts(parts)?;
                        self.at(t.range);
                        for _ in 0..3 {
                            self.op1(Op::Copy, 3);
                        }
                        self.op(Op::BinarySlice);
                    }
                    None => {
                        self.expr(&t.slice)?;
                        self.at(t.range);
                        self.op1(Op::Copy, 2);
                        self.op1(Op::Copy, 2);
                        self.op(Op::BinarySubscr);
                    }
                }
                self.expr(&a.value)?;
                self.at(a.range);
                self.push(op);
                self.at(t.range);
                if two_part_slice(&t.slice).is_some() {
                    self.op1(Op::Swap, 4);
                    self.op1(Op::Swap, 3);
                    self.op1(Op::Swap, 2);
                    self.op(Op::StoreSlice);
                } else {
                    self.op1(Op::Swap, 3);
                    self.op1(Op::Swap, 2);
                    self.op(Op::StoreSubscr);
                }
            }
            t => return self.error("illegal expression for augmented assignment", t.range()),
        }
        Ok(())
    }

    fn ann_assign(&mut self, a: &'a StmtAnnAssign) -> Res {
        if let Some(v) = &a.value {
            self.expr(v)?;
            self.store(&a.target)?;
        }
        let in_class = self.scopes[self.scope].kind == ScopeKind::Class;
        match &*a.target {
            Expr::Name(n) if a.simple && in_class => {
                self.expr(&a.annotation)?;
                self.at(a.range);
                self.load_name("__annotations__");
                let name = self.scopes.mangle(self.scope, &n.id).into_owned();
                let name = self.str_const(&name);
                self.load_const(name);
                self.op(Op::StoreSubscr);
            }
            // without a value the parts of the target are still evaluated
            Expr::Attribute(t) if a.value.is_none() => {
                self.expr(&t.value)?;
                self.op(Op::PopTop);
            }
            Expr::Subscript(t) if a.value.is_none() => {
                self.expr(&t.value)?;
                self.op(Op::PopTop);
                self.expr(&t.slice)?;
                self.op(Op::PopTop);
            }
            _ => {}
        }
        Ok(())
    }

    fn delete(&mut self, t: &'a Expr) -> Res {
        match t {
            Expr::Name(n) => {
                self.at(n.range);
                self.delete_name(&n.id);
            }
            Expr::Attribute(a) => {
                self.expr(&a.value)?;
                self.at(a.range);
                self.name_op(Op::DeleteAttr, &a.attr.id);
            }
            Expr::Subscript(s) => {
                self.expr(&s.value)?;
                self.expr(&s.slice)?;
                self.at(s.range);
                self.op(Op::DeleteSubscr);
            }
            Expr::Tuple(t) => return t.elts.iter().try_for_each(|e| self.delete(e)),
            Expr::List(l) => return l.elts.iter().try_for_each(|e| self.delete(e)),
            other => return self.error("cannot delete expression", other.range()),
        }
        Ok(())
    }

    // ---- the rest -------------------------------------------------------------------------------------------------

    fn if_stmt(&mut self, i: &'a StmtIf) -> Res {
        let end = self.asm().label();
        let mut next = self.asm().label();
        self.jump_if(&i.test, next, false)?;
        self.body(&i.body)?;
        for clause in &i.elif_else_clauses {
            self.asm().jump(Op::Jump, end);
            self.asm().place(next);
            next = self.asm().label();
            if let Some(test) = &clause.test {
                self.at(test.range());
                self.jump_if(test, next, false)?;
            }
            self.body(&clause.body)?;
        }
        self.asm().place(next);
        self.asm().place(end);
        Ok(())
    }

    fn raise(&mut self, r: &'a StmtRaise) -> Res {
        let mut n = 0;
        for e in r.exc.iter().chain(&r.cause) {
            self.expr(e)?;
            n += 1;
        }
        self.at(r.range);
        self.op1(Op::Raise, n);
        Ok(())
    }

    fn assert(&mut self, a: &'a StmtAssert) -> Res {
        let end = self.asm().label();
        self.jump_if(&a.test, end, true)?;
        self.at(a.range);
        self.op(Op::LoadAssertionError);
        if let Some(m) = &a.msg {
            self.expr(m)?;
            self.at(a.range);
            self.op1(Op::Call, 1);
        }
        self.at(a.test.range());
        self.op1(Op::Raise, 1);
        self.asm().place(end);
        Ok(())
    }

    fn import(&mut self, i: &'a StmtImport) -> Res {
        for a in &i.names {
            self.at(i.range);
            let name = a.name.id.as_str();
            self.load_const(Const::Int(0));
            self.op(Op::LoadNone);
            self.plain_name_op(Op::ImportName, name);
            match &a.asname {
                None => {
                    let top = name.split('.').next().unwrap_or(name);
                    self.store_name(top);
                }
                Some(asname) => {
                    for part in name.split('.').skip(1) {
                        self.plain_name_op(Op::ImportFrom, part);
                        self.op1(Op::Swap, 2);
                        self.op(Op::PopTop);
                    }
                    self.store_name(&asname.id);
                }
            }
        }
        Ok(())
    }

    /// Names of modules are not mangled.
    fn plain_name_op(&mut self, op: Op, name: &str) {
        let name = self.intern(name);
        let id = self.asm().name_id(&name);
        self.op1(op, id);
    }

    fn import_from(&mut self, i: &'a StmtImportFrom) -> Res {
        let module = i.module.as_ref().map_or("", |m| m.id.as_str());
        if module == "__future__" && i.level == 0 {
            return self.future(i);
        }
        self.load_const(Const::Int(i.level.into()));
        let names: Vec<Const> = i.names.iter().map(|a| self.str_const(&a.name.id)).collect();
        self.load_const(Const::Tuple(names.into()));
        self.plain_name_op(Op::ImportName, module);
        for a in &i.names {
            if a.name.id.as_str() == "*" {
                self.op(Op::ImportStar);
                return Ok(());
            }
            self.at(i.range);
            self.plain_name_op(Op::ImportFrom, &a.name.id);
            self.store_name(&a.asname.as_ref().unwrap_or(&a.name).id);
        }
        self.op(Op::PopTop);
        Ok(())
    }

    fn future(&mut self, i: &StmtImportFrom) -> Res {
        if !self.future_ok || self.frames.len() > 1 {
            return self.error("from __future__ imports must occur at the beginning of the file", i.range);
        }
        for a in &i.names {
            let name = a.name.id.as_str();
            if name == "braces" {
                return self.error("not a chance", i.range);
            }
            if !FUTURES.contains(&name) {
                return self.error(format!("future feature {name} is not defined"), i.range);
            }
        }
        Ok(())
    }
}

/// Has a class body annotated names of its own (not those of nested functions and classes)?
pub fn has_annotations(body: &[Stmt]) -> bool {
    body.iter().any(|s| match s {
        Stmt::AnnAssign(_) => true,
        Stmt::If(i) => has_annotations(&i.body) || i.elif_else_clauses.iter().any(|c| has_annotations(&c.body)),
        Stmt::For(f) => has_annotations(&f.body) || has_annotations(&f.orelse),
        Stmt::While(w) => has_annotations(&w.body) || has_annotations(&w.orelse),
        Stmt::With(w) => has_annotations(&w.body),
        Stmt::Try(t) => {
            let handlers =
                t.handlers.iter().any(|ruff_python_ast::ExceptHandler::ExceptHandler(h)| has_annotations(&h.body));
            handlers || [&t.body, &t.orelse, &t.finalbody].iter().any(|b| has_annotations(b))
        }
        Stmt::Match(m) => m.cases.iter().any(|c| has_annotations(&c.body)),
        _ => false,
    })
}
