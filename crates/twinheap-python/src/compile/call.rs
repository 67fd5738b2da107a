//! Calls, functions, lambdas, classes.

use super::{Compiler, Res, clean_doc, docstring};
use crate::bytecode::{Const, Instr, Op, flags, make_function};
use crate::resolve::{Binding, ScopeId, ScopeKind};
use ruff_python_ast::{
    Decorator, Expr, ExprCall, ExprLambda, Keyword, Parameters, Stmt, StmtClassDef, StmtFunctionDef,
};
use ruff_text_size::{Ranged, TextRange};
use std::sync::Arc;

/// More arguments than this go by way of a tuple.
const MAX_ARGS: usize = 255;

impl<'a> Compiler<'a> {
    // ---- calls ----------------------------------------------------------------------------------------------------

    pub(super) fn call(&mut self, c: &'a ExprCall) -> Res {
        let range = c.range();
        let (args, keywords) = (&c.arguments.args, &c.arguments.keywords);
        self.check_keywords(keywords)?;
        if let [Expr::Generator(g), _, ..] = &args[..]
            && !g.parenthesized
        {
            return self.error("Generator expression must be parenthesized", g.range);
        }
        if self.call_super(c)? {
            return Ok(());
        }
        let by_tuple = args.iter().any(|a| matches!(a, Expr::Starred(_)))
            || keywords.iter().any(|k| k.arg.is_none())
            || args.len() + keywords.len() > MAX_ARGS;
        if by_tuple {
            self.expr(&c.func)?;
            return self.call_by_tuple(args, keywords, range);
        }
        let method = match &*c.func {
            Expr::Attribute(a) => {
                self.expr(&a.value)?;
                self.at(a.range);
                self.name_op(Op::LoadMethod, &a.attr.id);
                true
            }
            f => {
                self.expr(f)?;
                false
            }
        };
        self.call_plain(args, keywords, method, range)
    }

    /// Arguments and call, the callee being on the stack.
    fn call_plain(&mut self, args: &'a [Expr], keywords: &'a [Keyword], method: bool, range: TextRange) -> Res {
        for a in args {
            self.expr(a)?;
        }
        for k in keywords {
            self.expr(&k.value)?;
        }
        self.at(range);
        let n = (args.len() + keywords.len()) as u32;
        if keywords.is_empty() {
            self.op1(if method { Op::CallMethod } else { Op::Call }, n);
            return Ok(());
        }
        let names = self.keyword_names(keywords);
        let id = self.asm().const_id(names);
        self.push(Instr::with(Op::CallKw, method as u8, n as u16, id));
        Ok(())
    }

    fn keyword_names(&mut self, keywords: &[Keyword]) -> Const {
        let names: Vec<Const> = keywords
            .iter()
            .filter_map(|k| k.arg.as_ref())
            .map(|n| {
                let mangled = self.scopes.mangle(self.scope, &n.id).into_owned();
                self.str_const(&mangled)
            })
            .collect();
        Const::Tuple(names.into())
    }

    fn call_by_tuple(&mut self, args: &'a [Expr], keywords: &'a [Keyword], range: TextRange) -> Res {
        match args {
            // a lone `*it` is handed over as it is
            [Expr::Starred(s)] => self.expr(&s.value)?,
            _ => self.display(args, Op::BuildTuple, range)?,
        }
        if keywords.is_empty() {
            self.at(range);
            self.op(Op::CallEx);
            return Ok(());
        }
        self.op1(Op::BuildMap, 0);
        let mut at = 0;
        while at < keywords.len() {
            if keywords[at].arg.is_none() {
                self.expr(&keywords[at].value)?;
                self.at(range);
                self.op1(Op::DictMerge, 1);
                at += 1;
                continue;
            }
            let group: &'a [Keyword] = &keywords[at..];
            let n = group.iter().take_while(|k| k.arg.is_some()).count();
            let names = self.keyword_names(&group[..n]);
            let Const::Tuple(names) = names else { unreachable!("names are a tuple") };
            let first = at == 0;
            if !first {
                self.op1(Op::BuildMap, 0);
            }
            for (k, name) in group[..n].iter().zip(names.iter()) {
                self.load_const(name.clone());
                self.expr(&k.value)?;
                self.op1(Op::MapAdd, 1);
            }
            if !first {
                self.at(range);
                self.op1(Op::DictMerge, 1);
            }
            at += n;
        }
        self.at(range);
        self.push(Instr::with(Op::CallEx, 1, 0, 0));
        Ok(())
    }

    fn check_keywords(&mut self, keywords: &[Keyword]) -> Res {
        let mut seen = std::collections::HashSet::new();
        for k in keywords {
            if let Some(n) = &k.arg {
                if n.id.as_str() == "__debug__" {
                    return self.error("cannot assign to __debug__", k.range);
                }
                if !seen.insert(n.id.as_str()) {
                    return self.error(format!("keyword argument repeated: {}", n.id), k.range);
                }
            }
        }
        Ok(())
    }

    /// `super()` in a method: call it with what CPython finds by looking at the frame.
    fn call_super(&mut self, c: &'a ExprCall) -> Res<bool> {
        let Expr::Name(n) = &*c.func else { return Ok(false) };
        if n.id.as_str() != "super" || !c.arguments.args.is_empty() || !c.arguments.keywords.is_empty() {
            return Ok(false);
        }
        if self.binding("super") != Binding::Global {
            return Ok(false);
        }
        let Binding::Deref(class) = self.binding("__class__") else { return Ok(false) };
        let Some(first) = self.frame().first_param.clone() else { return Ok(false) };
        let frame = self.frame().scope;
        // by the frame's own variable: a comprehension here may have one of the same name
        let scopes = self.scopes;
        self.expr(&c.func)?;
        self.op1(Op::LoadDeref, class);
        match scopes.binding(frame, &first) {
            Binding::Fast(slot) => self.op1(Op::LoadFastCheck, slot),
            Binding::Deref(slot) => self.op1(Op::LoadDeref, slot),
            _ => return Ok(false),
        }
        self.at(c.range());
        self.op1(Op::Call, 2);
        Ok(true)
    }

    // ---- functions ------------------------------------------------------------------------------------------------

    fn decorators(&mut self, list: &'a [Decorator]) -> Res {
        list.iter().try_for_each(|d| self.expr(&d.expression))
    }

    fn apply_decorators(&mut self, list: &'a [Decorator]) {
        for d in list.iter().rev() {
            self.at(d.expression.range());
            self.op1(Op::Call, 1);
        }
    }

    /// Defaults onto the stack; which of them there are.
    fn defaults(&mut self, p: &'a Parameters, range: TextRange) -> Res<u8> {
        let mut made = 0;
        let positional: Vec<&'a Expr> =
            p.posonlyargs.iter().chain(&p.args).filter_map(|p| p.default.as_deref()).collect();
        if !positional.is_empty() {
            made |= make_function::DEFAULTS;
            let constants: Option<Vec<Const>> = positional.iter().map(|e| self.constant(e)).collect();
            match constants {
                Some(c) => self.load_const(Const::Tuple(c.into())),
                None => {
                    for e in &positional {
                        self.expr(e)?;
                    }
                    self.at(range);
                    self.op1(Op::BuildTuple, positional.len() as u32);
                }
            }
        }
        let mut n = 0;
        for k in &p.kwonlyargs {
            if let Some(d) = &k.default {
                let name = self.scopes.mangle(self.scope, &k.parameter.name.id).into_owned();
                let name = self.str_const(&name);
                self.load_const(name);
                self.expr(d)?;
                n += 1;
            }
        }
        if n > 0 {
            made |= make_function::KWDEFAULTS;
            self.at(range);
            self.op1(Op::BuildMap, n);
        }
        Ok(made)
    }

    fn declare_parameters(&mut self, p: &'a Parameters) {
        let scope = self.frame().scope;
        let first = p.posonlyargs.iter().chain(&p.args).next().map(|a| &a.parameter).or(p.vararg.as_deref());
        // only a positional parameter can be `super()`'s object
        let positional = p.posonlyargs.len() + p.args.len();
        let first = first.filter(|_| positional > 0).map(|f| self.scopes.mangle(scope, &f.name.id).into_owned());
        let first = first.map(|f| self.intern(&f));
        let f = self.frame();
        f.first_param = first;
        f.argcount = positional as u32;
        f.posonly = p.posonlyargs.len() as u32;
        f.kwonly = p.kwonlyargs.len() as u32;
        if p.vararg.is_some() {
            f.flags |= flags::VARARGS;
        }
        if p.kwarg.is_some() {
            f.flags |= flags::VARKEYWORDS;
        }
    }

    /// Make a function of finished code; what `made` says is on the stack already.
    pub(super) fn make_function(&mut self, code: Arc<crate::bytecode::CodeObject>, made: u8) {
        let mut made = made;
        if !code.freevars.is_empty() {
            for name in &code.freevars {
                let slot = self.scopes.closure_slot(self.scope, name);
                self.op1(Op::LoadClosure, slot);
            }
            self.op1(Op::BuildTuple, code.freevars.len() as u32);
            made |= make_function::CLOSURE;
        }
        let id = self.asm().const_id(Const::Code(code));
        self.push(Instr::with(Op::MakeFunction, made, 0, id));
    }

    pub(super) fn function_def(&mut self, f: &'a StmtFunctionDef) -> Res {
        self.decorators(&f.decorator_list)?;
        self.at(f.range);
        let made = self.defaults(&f.parameters, f.range)?;
        let first = f.decorator_list.first().map_or(f.name.range, |d| d.range);
        let (line, _) = self.src.position(first.start());
        self.enter(self.scopes.of(f), &f.name.id, line);
        self.declare_parameters(&f.parameters);
        self.prologue();
        self.function_body(&f.body)?;
        let code = self.leave();
        // the location is the `def` line
        self.at(TextRange::new(f.name.range.start(), f.name.range.end()));
        self.make_function(code, made);
        self.apply_decorators(&f.decorator_list);
        self.at(f.name.range);
        self.store_name(&f.name.id);
        Ok(())
    }

    fn function_body(&mut self, body: &'a [Stmt]) -> Res {
        let mut body = body;
        if let Some(doc) = docstring(body) {
            let doc = self.intern(&clean_doc(doc));
            self.frame().docstring = Some(doc);
            body = &body[1..];
        }
        self.body(body)?;
        if !self.asm().dead {
            self.return_none();
        }
        Ok(())
    }

    fn return_none(&mut self) {
        let id = self.asm().const_id(Const::None);
        self.op1(Op::ReturnConst, id);
    }

    pub(super) fn lambda(&mut self, l: &'a ExprLambda) -> Res {
        let made = match &l.parameters {
            Some(p) => self.defaults(p, l.range)?,
            None => 0,
        };
        let (line, _) = self.src.position(l.range.start());
        self.enter(self.scopes.of(l), "<lambda>", line);
        if let Some(p) = &l.parameters {
            self.declare_parameters(p);
        }
        self.prologue();
        self.expr(&l.body)?;
        self.at(l.body.range());
        self.op(Op::Return);
        let code = self.leave();
        self.at(l.range);
        self.make_function(code, made);
        Ok(())
    }

    // ---- classes --------------------------------------------------------------------------------------------------

    pub(super) fn class_def(&mut self, c: &'a StmtClassDef) -> Res {
        self.decorators(&c.decorator_list)?;
        self.at(c.range);
        let first = c.decorator_list.first().map_or(c.name.range, |d| d.range);
        let (line, _) = self.src.position(first.start());
        let name_range = c.name.range;

        self.enter(self.scopes.of(c), &c.name.id, line);
        self.class_body(c)?;
        let code = self.leave();

        self.at(name_range);
        self.op(Op::LoadBuildClass);
        self.make_function(code, 0);
        let name = self.str_const(&c.name.id);
        self.load_const(name.clone());
        match &c.arguments {
            None => self.op1(Op::Call, 2),
            Some(a) => {
                self.check_keywords(&a.keywords)?;
                let by_tuple = a.args.iter().any(|e| matches!(e, Expr::Starred(_)))
                    || a.keywords.iter().any(|k| k.arg.is_none())
                    || a.args.len() + a.keywords.len() + 2 > MAX_ARGS;
                if by_tuple {
                    self.class_by_tuple(&a.args, &a.keywords, name_range)?;
                } else {
                    for e in &a.args {
                        self.expr(e)?;
                    }
                    for k in &a.keywords {
                        self.expr(&k.value)?;
                    }
                    self.at(name_range);
                    let n = (2 + a.args.len() + a.keywords.len()) as u32;
                    if a.keywords.is_empty() {
                        self.op1(Op::Call, n);
                    } else {
                        let names = self.keyword_names(&a.keywords);
                        let id = self.asm().const_id(names);
                        self.push(Instr::with(Op::CallKw, 0, n as u16, id));
                    }
                }
            }
        }
        self.apply_decorators(&c.decorator_list);
        self.at(name_range);
        self.store_name(&c.name.id);
        Ok(())
    }

    /// `(build function name)` and bases with stars: all into one tuple.
    fn class_by_tuple(&mut self, args: &'a [Expr], keywords: &'a [Keyword], range: TextRange) -> Res {
        self.op1(Op::BuildList, 2);
        for e in args {
            match e {
                Expr::Starred(s) => {
                    self.expr(&s.value)?;
                    self.op1(Op::ListExtend, 1);
                }
                e => {
                    self.expr(e)?;
                    self.op1(Op::ListAppend, 1);
                }
            }
        }
        self.op(Op::ListToTuple);
        self.op1(Op::BuildMap, 0);
        for k in keywords {
            match &k.arg {
                Some(n) => {
                    let name = self.str_const(&n.id);
                    self.load_const(name);
                    self.expr(&k.value)?;
                    self.op1(Op::MapAdd, 1);
                }
                None => {
                    self.expr(&k.value)?;
                    self.op1(Op::DictMerge, 1);
                }
            }
        }
        self.at(range);
        self.push(Instr::with(Op::CallEx, 1, 0, 0));
        Ok(())
    }

    fn class_body(&mut self, c: &'a StmtClassDef) -> Res {
        self.prologue();
        self.name_op(Op::LoadName, "__name__");
        self.name_op(Op::StoreName, "__module__");
        let qualname = self.frame().qualname.clone();
        self.load_const(Const::Str(qualname));
        self.name_op(Op::StoreName, "__qualname__");
        let line = self.frame().first_line;
        self.load_const(Const::Int(line.into()));
        self.name_op(Op::StoreName, "__firstlineno__");
        if super::stmt::has_annotations(&c.body) {
            self.op(Op::SetupAnnotations);
        }
        let mut body = &c.body[..];
        if let Some(doc) = docstring(body) {
            self.at(body[0].range());
            let doc = self.intern(&clean_doc(doc));
            self.frame().docstring = Some(doc.clone());
            self.load_const(Const::Str(doc));
            self.name_op(Op::StoreName, "__doc__");
            body = &body[1..];
        }
        self.body(body)?;
        self.asm().loc = Default::default();
        let attributes: Vec<Const> =
            std::mem::take(&mut self.frame().static_attributes).into_iter().map(Const::Str).collect();
        self.load_const(Const::Tuple(attributes.into()));
        self.name_op(Op::StoreName, "__static_attributes__");
        if self.scopes[self.scope].needs_class_cell {
            let slot = self.scopes.closure_slot(self.scope, "__class__");
            self.op1(Op::LoadClosure, slot);
            self.op1(Op::Copy, 1);
            self.name_op(Op::StoreName, "__classcell__");
            self.op(Op::Return);
        } else {
            self.return_none();
        }
        Ok(())
    }

    /// `self.x = …` in a method: the class lists such names.
    pub(super) fn note_static_attribute(&mut self, value: &Expr, attr: &str) {
        let Expr::Name(n) = value else { return };
        if n.id.as_str() != "self" {
            return;
        }
        let attr = self.intern(&self.scopes.mangle(self.scope, attr));
        let scopes = self.scopes;
        let class = self.frames.iter_mut().rev().find(|f| scopes[f.scope].kind == ScopeKind::Class);
        if let Some(class) = class
            && !class.static_attributes.contains(&attr)
        {
            class.static_attributes.push(attr);
        }
    }

    /// The scope of the innermost frame.
    pub(super) fn frame_scope(&mut self) -> ScopeId {
        self.frame().scope
    }
}
