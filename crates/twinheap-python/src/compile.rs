//! Syntax tree to code objects. Overview: parse (`parse.rs`) → scopes (`resolve.rs`) → here, one walk over the tree that
//! emits into an assembler per frame (`compile/emit.rs`), which is then finished (`compile/finish.rs`).
//!
//! `compile/stmt.rs` statements, `flow.rs` what jumps and unwinds, `expr.rs` expressions, `call.rs` calls, functions and
//! classes, `comp.rs` comprehensions, `pattern.rs` `match`, `fold.rs` constants. The shape of the code, in particular of
//! `try` and `with`, is that of CPython 3.13's `compile.c`; where it differs `bytecode.rs` says so.
//!
//! Differences from CPython that a program can see: annotations of functions and of module variables are not evaluated
//! (those in class bodies are); `super()` is compiled to `super(__class__, first argument)`; `async`, `except*`, type
//! parameters and the `type` statement are errors that say so; `from __future__ import …` binds nothing.

mod call;
mod comp;
mod emit;
mod expr;
mod finish;
mod flow;
pub mod fold;
mod pattern;
mod stmt;
#[cfg(test)]
mod tests;

use crate::bytecode::{CodeObject, Const, Instr, Op, flags};
use crate::parse::{self, Mode, Source, SyntaxError};
use crate::resolve::{self, Binding, ScopeId, ScopeKind, Scopes};
use emit::Assembler;
use flow::Block;
use ruff_python_ast::{Expr, Mod, Stmt};
use ruff_text_size::{Ranged, TextRange};
use std::collections::HashMap;
use std::sync::Arc;

/// Boxed: errors are large and results are passed through deep recursion.
type Res<T = ()> = Result<T, Box<SyntaxError>>;

/// More instructions than this in one frame are refused (`finally` bodies are compiled once per way out).
const MAX_CODE: usize = 1 << 22;

/// Compile a module.
pub fn compile_source(source: &[u8], filename: &str) -> Result<Arc<CodeObject>, SyntaxError> {
    compile_mode(source, filename, Mode::Exec)
}

/// Compile for `exec`, `eval` or interactive use.
pub fn compile_mode(source: &[u8], filename: &str, mode: Mode) -> Result<Arc<CodeObject>, SyntaxError> {
    let text = parse::decode(source, filename)?;
    // `eval(" 1")` is allowed
    let text = if mode == Mode::Eval { text.trim_start_matches([' ', '\t']) } else { text };
    let src = Source::new(text, filename);
    let depth = parse::check_depth(&src)?;
    let result = parse::with_stack(depth, || compile_text(&src, mode).map_err(|e| *e));
    result.unwrap_or_else(|e| {
        Err(src.syntax(format!("no memory for a stack to compile this on: {e}"), TextRange::default()))
    })
}

fn compile_text(src: &Source<'_>, mode: Mode) -> Res<Arc<CodeObject>> {
    match parse::parse(src, mode)? {
        Mod::Module(m) => {
            let scopes = resolve::resolve_module(src, &m.body)?;
            let mut c = Compiler::new(src, &scopes, mode);
            c.enter(0, "<module>", 1);
            c.module(&m.body)?;
            Ok(c.leave())
        }
        Mod::Expression(m) => {
            let scopes = resolve::resolve_expression(src, &m)?;
            let mut c = Compiler::new(src, &scopes, mode);
            c.enter(0, "<module>", 1);
            c.prologue();
            c.expr(&m.body)?;
            c.op(Op::Return);
            Ok(c.leave())
        }
    }
}

/// One frame's code being made.
struct Frame<'a> {
    asm: Assembler,
    scope: ScopeId,
    /// The scope to go back to.
    outer_scope: ScopeId,
    name: Arc<str>,
    qualname: Arc<str>,
    first_line: u32,
    blocks: Vec<Block<'a>>,
    docstring: Option<Arc<str>>,
    /// Of a class: attributes that its methods set on `self`.
    static_attributes: Vec<Arc<str>>,
    first_param: Option<Arc<str>>,
    argcount: u32,
    posonly: u32,
    kwonly: u32,
    flags: u32,
}

struct Compiler<'a> {
    src: &'a Source<'a>,
    scopes: &'a Scopes,
    frames: Vec<Frame<'a>>,
    /// Innermost scope, which may be a comprehension within the frame.
    scope: ScopeId,
    names: HashMap<String, Arc<str>>,
    mode: Mode,
    future_ok: bool,
    /// The comprehension about to be compiled is a statement: nobody wants its value.
    dropped: bool,
}

impl<'a> Compiler<'a> {
    fn new(src: &'a Source<'a>, scopes: &'a Scopes, mode: Mode) -> Compiler<'a> {
        Compiler {
            src,
            scopes,
            frames: Vec::new(),
            scope: 0,
            names: HashMap::new(),
            mode,
            future_ok: true,
            dropped: false,
        }
    }

    // ---- frames ---------------------------------------------------------------------------------------------------

    fn frame(&mut self) -> &mut Frame<'a> {
        self.frames.last_mut().expect("in a frame")
    }

    fn asm(&mut self) -> &mut Assembler {
        &mut self.frames.last_mut().expect("in a frame").asm
    }

    fn enter(&mut self, scope: ScopeId, name: &str, first_line: u32) {
        let kind = self.scopes[scope].kind;
        let name = self.intern(name);
        let qualname = match self.frames.last() {
            None => name.clone(),
            Some(p) => {
                let outer = &self.scopes[p.scope];
                // a def or class whose name is global here has no prefix
                let global = matches!(kind, ScopeKind::Function | ScopeKind::Class)
                    && self.scopes[self.scope].declares_global(&self.scopes.mangle(self.scope, &name));
                match outer.kind {
                    ScopeKind::Module => name.clone(),
                    _ if global => name.clone(),
                    ScopeKind::Class => format!("{}.{name}", p.qualname).into(),
                    _ => format!("{}.<locals>.{name}", p.qualname).into(),
                }
            }
        };
        let mut f = 0;
        if self.scopes[scope].is_generator {
            f |= flags::GENERATOR;
        }
        f |= match kind {
            ScopeKind::Module => flags::MODULE,
            ScopeKind::Class => flags::CLASS,
            _ => flags::OPTIMIZED,
        };
        if let Some(p) = self.frames.last() {
            match self.scopes[p.scope].kind {
                ScopeKind::Class if f & flags::OPTIMIZED != 0 => f |= flags::METHOD,
                ScopeKind::Module | ScopeKind::Class => {}
                _ => f |= flags::NESTED,
            }
            f |= p.flags & flags::NESTED;
        }
        let mut asm = Assembler::default();
        asm.loc.line = first_line;
        asm.loc.end_line = first_line;
        self.frames.push(Frame {
            asm,
            scope,
            outer_scope: self.scope,
            name,
            qualname,
            first_line,
            blocks: Vec::new(),
            docstring: None,
            static_attributes: Vec::new(),
            first_param: None,
            argcount: 0,
            posonly: 0,
            kwonly: 0,
            flags: f,
        });
        self.scope = scope;
    }

    /// Cells, free variables, the generator.
    fn prologue(&mut self) {
        let scope = &self.scopes[self.frame().scope];
        let nlocals = scope.varnames.len();
        if !scope.freevars.is_empty() {
            self.op1(Op::CopyFreeVars, scope.freevars.len() as u32);
        }
        for (i, name) in scope.cellvars.iter().enumerate() {
            let slot = (nlocals + i) as u32;
            // cells of comprehensions are made where those begin
            let own =
                scope.slot(name) == Some(slot) || (scope.kind == ScopeKind::Class && i == 0 && &**name == "__class__");
            if own {
                let f = self.frame();
                let stars = f.flags & (flags::VARARGS | flags::VARKEYWORDS);
                let nparams = (f.argcount + f.kwonly + stars.count_ones()) as usize;
                let from = scope.varnames[..nparams].iter().position(|n| n == name).map_or(0, |p| p + 1);
                self.push(Instr::with(Op::MakeCell, 0, from as u16, slot));
            }
        }
        if scope.is_generator {
            self.op(Op::ReturnGenerator);
            self.op(Op::PopTop);
        }
    }

    fn leave(&mut self) -> Arc<CodeObject> {
        let mut f = self.frames.pop().expect("in a frame");
        let scope = &self.scopes[f.scope];
        self.scope = f.outer_scope;
        let mut code = CodeObject {
            name: f.name,
            qualname: f.qualname,
            filename: self.src.filename.into(),
            first_line: f.first_line,
            argcount: f.argcount,
            posonly: f.posonly,
            kwonly: f.kwonly,
            flags: f.flags,
            varnames: scope.varnames.clone(),
            nvisible: scope.nvisible as u32,
            cellvars: scope.cellvars.clone(),
            freevars: scope.freevars.clone(),
            docstring: f.docstring,
            ..CodeObject::default()
        };
        finish::finish(&mut f.asm, &mut code);
        Arc::new(code)
    }

    // ---- emitting -------------------------------------------------------------------------------------------------

    fn at(&mut self, range: TextRange) {
        let loc = self.src.loc(range);
        self.asm().loc = loc;
    }

    fn op(&mut self, op: Op) {
        self.asm().op(op);
    }

    fn op1(&mut self, op: Op, arg: u32) {
        self.asm().op1(op, arg);
    }

    fn push(&mut self, i: Instr) {
        self.asm().push(i);
    }

    fn load_const(&mut self, c: Const) {
        self.asm().load(c);
    }

    fn intern(&mut self, name: &str) -> Arc<str> {
        if let Some(n) = self.names.get(name) {
            return n.clone();
        }
        let n: Arc<str> = name.into();
        self.names.insert(name.to_string(), n.clone());
        n
    }

    fn str_const(&mut self, s: &str) -> Const {
        Const::Str(self.intern(s))
    }

    /// Index of a name, mangled if it is private.
    fn name_id(&mut self, name: &str) -> u32 {
        let mangled = self.scopes.mangle(self.scope, name);
        let name = self.intern(&mangled);
        self.asm().name_id(&name)
    }

    fn name_op(&mut self, op: Op, name: &str) {
        let id = self.name_id(name);
        self.op1(op, id);
    }

    fn binding(&self, name: &str) -> Binding {
        self.scopes.binding(self.scope, &self.scopes.mangle(self.scope, name))
    }

    fn load_name(&mut self, name: &str) {
        match self.binding(name) {
            Binding::Fast(slot) => self.op1(Op::LoadFastCheck, slot),
            Binding::Deref(slot) => self.op1(Op::LoadDeref, slot),
            Binding::ClassDeref(slot) => self.op1(Op::LoadClassDeref, slot),
            Binding::Global => self.name_op(Op::LoadGlobal, name),
            Binding::Namespace => self.name_op(Op::LoadName, name),
        }
    }

    fn store_name(&mut self, name: &str) {
        match self.binding(name) {
            Binding::Fast(slot) => self.op1(Op::StoreFast, slot),
            Binding::Deref(slot) => self.op1(Op::StoreDeref, slot),
            Binding::Global => self.name_op(Op::StoreGlobal, name),
            Binding::Namespace | Binding::ClassDeref(_) => self.name_op(Op::StoreName, name),
        }
    }

    fn delete_name(&mut self, name: &str) {
        match self.binding(name) {
            Binding::Fast(slot) => self.op1(Op::DeleteFast, slot),
            Binding::Deref(slot) => self.op1(Op::DeleteDeref, slot),
            Binding::Global => self.name_op(Op::DeleteGlobal, name),
            Binding::Namespace | Binding::ClassDeref(_) => self.name_op(Op::DeleteName, name),
        }
    }

    fn error<T>(&self, message: impl Into<String>, range: TextRange) -> Res<T> {
        Err(Box::new(self.src.syntax(message, range)))
    }

    fn constant(&self, e: &Expr) -> Option<Const> {
        fold::constant(self.src.text, e)
    }

    // ---- bodies ---------------------------------------------------------------------------------------------------

    fn module(&mut self, body: &'a [Stmt]) -> Res {
        self.prologue();
        if self.mode == Mode::Exec
            && let Some(doc) = docstring(body)
        {
            self.at(body[0].range());
            let doc = self.intern(&clean_doc(doc));
            self.frame().docstring = Some(doc.clone());
            self.load_const(Const::Str(doc));
            self.store_name_global("__doc__");
        }
        self.body(body)?;
        self.op(Op::LoadNone);
        self.op(Op::Return);
        Ok(())
    }

    fn store_name_global(&mut self, name: &str) {
        self.name_op(Op::StoreGlobal, name);
    }

    fn body(&mut self, body: &'a [Stmt]) -> Res {
        for s in body {
            self.stmt(s)?;
            if self.asm().code.len() > MAX_CODE {
                return self.error("code is too large", s.range());
            }
        }
        Ok(())
    }
}

/// The doc string of a body.
fn docstring(body: &[Stmt]) -> Option<&str> {
    match body.first()? {
        Stmt::Expr(e) => match &*e.value {
            Expr::StringLiteral(s) => Some(s.value.to_str()),
            _ => None,
        },
        _ => None,
    }
}

/// Take the common indentation out of a doc string, as CPython does since 3.13.
fn clean_doc(doc: &str) -> String {
    let mut expanded = String::with_capacity(doc.len());
    let mut col = 0;
    for c in doc.chars() {
        match c {
            '\t' => {
                let n = 8 - col % 8;
                expanded.extend(std::iter::repeat_n(' ', n));
                col += n;
            }
            '\n' | '\r' => {
                expanded.push(c);
                col = 0;
            }
            c => {
                expanded.push(c);
                col += 1;
            }
        }
    }
    let indent = |l: &str| l.len() - l.trim_start_matches(' ').len();
    let mut lines = expanded.split('\n');
    let first = lines.next().unwrap_or_default();
    let margin = lines.clone().filter(|l| !l.trim_start_matches(' ').is_empty()).map(indent).min().unwrap_or(0);
    let mut out = first.trim_start_matches(' ').to_string();
    for l in lines {
        out.push('\n');
        out.push_str(&l[margin.min(indent(l))..]);
    }
    out
}
