//! Which variable a name means: one pass collects what every scope binds and uses, a second decides.
//!
//! Scopes are CPython's, with one difference of form: list, set and dict comprehensions are scopes that live in the frame
//! of what encloses them (PEP 709), each with slots of its own. So nothing has to be saved and restored around them; they
//! empty their slots when they end. A *frame* is what gets a code object: module, class, function, lambda, generator
//! expression. `scope.frame` leads from a comprehension to it.
//! Not here: errors of the grammar (`parse.rs`), those about statements in the wrong place that need no scopes (`compile.rs`).

use crate::parse::{Source, SyntaxError};
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{
    Comprehension, ExceptHandler, Expr, ExprContext, ModExpression, Parameters, Pattern, Stmt, StmtClassDef,
    StmtFunctionDef,
};
use ruff_text_size::TextRange;
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Functions, classes and comprehensions may nest this deep: dropping nested code objects is recursive.
const MAX_SCOPES: usize = 200;

/// Index of a scope.
pub type ScopeId = usize;

/// What makes a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeKind {
    /// The whole source.
    Module,
    /// `class`
    Class,
    /// `def`
    Function,
    /// `lambda`
    Lambda,
    /// A generator expression, a function of its own.
    GenExpr,
    /// A list, set or dict comprehension, inlined.
    Comp,
}

/// Bits of a symbol.
mod is {
    pub const BOUND: u16 = 1;
    pub const USED: u16 = 2;
    pub const PARAM: u16 = 4;
    pub const GLOBAL: u16 = 8;
    pub const NONLOCAL: u16 = 16;
    pub const ANNOTATED: u16 = 32;
    /// Target of a comprehension's `for`.
    pub const ITERATION: u16 = 64;
    /// An inner frame uses it: lives in a cell.
    pub const CAPTURED: u16 = 128;
}

struct Symbol {
    name: Arc<str>,
    bits: u16,
    /// Of a `nonlocal` statement, for the error.
    range: TextRange,
}

/// One scope.
pub struct Scope {
    /// What makes it.
    pub kind: ScopeKind,
    /// The enclosing scope; the module's is itself.
    pub parent: ScopeId,
    /// The scope whose frame it lives in: itself unless it is a comprehension.
    pub frame: ScopeId,
    /// Innermost class, for the mangling of `__x`.
    class_name: Option<Arc<str>>,
    depth: usize,
    symbols: Vec<Symbol>,
    index: HashMap<Arc<str>, usize>,
    comps: Vec<ScopeId>,
    /// Has a `yield`.
    pub is_generator: bool,
    /// A class whose methods use `__class__` or `super`.
    pub needs_class_cell: bool,
    free: BTreeSet<Arc<str>>,
    slots: HashMap<Arc<str>, u32>,
    /// Local slots, of a frame.
    pub varnames: Vec<Arc<str>>,
    /// How many of them are not a comprehension's.
    pub nvisible: usize,
    /// Cell slots, of a frame.
    pub cellvars: Vec<Arc<str>>,
    /// Free slots, of a frame.
    pub freevars: Vec<Arc<str>>,
}

/// Where a name lives, seen from one scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// A local slot.
    Fast(u32),
    /// A cell slot or free slot.
    Deref(u32),
    /// Class body: namespace, else the cell in that slot.
    ClassDeref(u32),
    /// Global, else built-in.
    Global,
    /// Class body: the namespace (loads go on to global and built-in).
    Namespace,
}

/// All scopes of a source, resolved.
pub struct Scopes {
    scopes: Vec<Scope>,
    by_node: HashMap<usize, ScopeId>,
}

impl std::ops::Index<ScopeId> for Scopes {
    type Output = Scope;
    fn index(&self, id: ScopeId) -> &Scope {
        &self.scopes[id]
    }
}

/// A syntax-tree node as a key: its address, which stays put while the tree is borrowed.
fn key<T>(node: &T) -> usize {
    std::ptr::from_ref(node).addr()
}

impl Scope {
    fn is_function(&self) -> bool {
        matches!(self.kind, ScopeKind::Function | ScopeKind::Lambda | ScopeKind::GenExpr | ScopeKind::Comp)
    }
    fn bits(&self, name: &str) -> u16 {
        self.index.get(name).map_or(0, |&i| self.symbols[i].bits)
    }
    /// Binds it as a variable of its own?
    fn owns(&self, name: &str) -> bool {
        self.bits(name) & (is::BOUND | is::GLOBAL | is::NONLOCAL) == is::BOUND
    }
    /// Is the name declared `global` here?
    pub fn declares_global(&self, name: &str) -> bool {
        self.bits(name) & is::GLOBAL != 0
    }
    /// Slot of a variable of this very scope.
    pub fn slot(&self, name: &str) -> Option<u32> {
        self.slots.get(name).copied()
    }
    /// Slots of the scope's variables, sorted.
    pub fn own_slots(&self) -> Vec<u32> {
        let mut slots: Vec<u32> = self.slots.values().copied().collect();
        slots.sort_unstable();
        slots
    }
}

/// `__x` in class `A` is `_A__x`.
pub fn mangle<'n>(class: Option<&str>, name: &'n str) -> Cow<'n, str> {
    let Some(class) = class else { return Cow::Borrowed(name) };
    if !name.starts_with("__") || name.ends_with("__") || name.contains('.') {
        return Cow::Borrowed(name);
    }
    match class.trim_start_matches('_') {
        "" => Cow::Borrowed(name),
        class => Cow::Owned(format!("_{class}{name}")),
    }
}

enum Found {
    Owner(ScopeId),
    Global,
    Nothing,
}

impl Scopes {
    /// The scope a node opens.
    pub fn of<T>(&self, node: &T) -> ScopeId {
        self.by_node[&key(node)]
    }

    /// Mangle a name used in `scope`.
    pub fn mangle<'n>(&self, scope: ScopeId, name: &'n str) -> Cow<'n, str> {
        mangle(self.scopes[scope].class_name.as_deref(), name)
    }

    fn find(&self, from: ScopeId, name: &str) -> Found {
        let scope = &self.scopes[from];
        if scope.bits(name) & is::GLOBAL != 0 {
            return Found::Global;
        }
        if scope.is_function() && scope.owns(name) {
            return Found::Owner(from);
        }
        let mut at = from;
        while self.scopes[at].kind != ScopeKind::Module {
            at = self.scopes[at].parent;
            let p = &self.scopes[at];
            if p.kind == ScopeKind::Class && name == "__class__" {
                return Found::Owner(at);
            }
            if p.is_function() {
                if p.bits(name) & is::GLOBAL != 0 {
                    return Found::Global;
                }
                if p.owns(name) {
                    return Found::Owner(at);
                }
            }
        }
        Found::Nothing
    }

    /// Where a (mangled) name lives, seen from `scope`.
    pub fn binding(&self, scope: ScopeId, name: &str) -> Binding {
        let s = &self.scopes[scope];
        let namespace = s.kind == ScopeKind::Class;
        if namespace && s.owns(name) {
            return Binding::Namespace;
        }
        match self.find(scope, name) {
            Found::Global => Binding::Global,
            Found::Nothing => {
                if namespace && s.bits(name) & is::GLOBAL == 0 {
                    Binding::Namespace
                } else {
                    Binding::Global
                }
            }
            Found::Owner(owner) => {
                let frame = &self.scopes[s.frame];
                if self.scopes[owner].frame != s.frame {
                    let i = frame.freevars.iter().position(|n| &**n == name).expect("passed down as a free variable");
                    let slot = (frame.varnames.len() + frame.cellvars.len() + i) as u32;
                    if namespace && s.bits(name) & is::NONLOCAL == 0 {
                        return Binding::ClassDeref(slot);
                    }
                    return Binding::Deref(slot);
                }
                let o = &self.scopes[owner];
                match o.slot(name) {
                    Some(slot) if (slot as usize) < frame.varnames.len() => Binding::Fast(slot),
                    Some(slot) => Binding::Deref(slot),
                    None => Binding::Global,
                }
            }
        }
    }

    /// Slot of the cell that an inner function made in `scope` captures under `name`.
    pub fn closure_slot(&self, scope: ScopeId, name: &str) -> u32 {
        let id = self.scopes[scope].frame;
        let mut at = scope;
        loop {
            let s = &self.scopes[at];
            if ((s.kind == ScopeKind::Class && name == "__class__") || (s.is_function() && s.owns(name)))
                && let Some(slot) = s.slot(name)
            {
                return slot;
            }
            if at == id {
                break;
            }
            at = s.parent;
        }
        let frame = &self.scopes[id];
        let i = frame.freevars.iter().position(|n| &**n == name).expect("passed down as a free variable");
        (frame.varnames.len() + frame.cellvars.len() + i) as u32
    }

    fn analyze(&mut self, src: &Source<'_>) -> Result<(), SyntaxError> {
        for id in 0..self.scopes.len() {
            for i in 0..self.scopes[id].symbols.len() {
                let symbol = &self.scopes[id].symbols[i];
                let (name, bits, range) = (symbol.name.clone(), symbol.bits, symbol.range);
                let scope = &self.scopes[id];
                if scope.kind == ScopeKind::Class && scope.owns(&name) {
                    continue;
                }
                let found = self.find(id, &name);
                if bits & is::NONLOCAL != 0 && !matches!(found, Found::Owner(_)) {
                    return Err(src.syntax(format!("no binding for nonlocal '{name}' found"), range));
                }
                let Found::Owner(owner) = found else { continue };
                let (home, mut frame) = (self.scopes[owner].frame, self.scopes[id].frame);
                if home == frame {
                    continue;
                }
                if self.scopes[owner].kind == ScopeKind::Class {
                    self.scopes[owner].needs_class_cell = true;
                } else {
                    let i = self.scopes[owner].index[&name];
                    self.scopes[owner].symbols[i].bits |= is::CAPTURED;
                }
                while frame != home {
                    self.scopes[frame].free.insert(name.clone());
                    frame = self.scopes[self.scopes[frame].parent].frame;
                }
            }
        }
        for id in 0..self.scopes.len() {
            if self.scopes[id].frame == id {
                self.lay_out(id);
            }
        }
        Ok(())
    }

    /// Give the variables of a frame their slots.
    fn lay_out(&mut self, id: ScopeId) {
        let scope = &mut self.scopes[id];
        let (mut vars, mut cells): (Vec<Arc<str>>, Vec<Arc<str>>) = (Vec::new(), Vec::new());
        if scope.is_function() {
            // parameters come first among the symbols: they are declared before the body is visited
            for s in &scope.symbols {
                if s.bits & (is::BOUND | is::GLOBAL | is::NONLOCAL) != is::BOUND {
                    continue;
                }
                if s.bits & is::CAPTURED != 0 {
                    cells.push(s.name.clone());
                }
                if s.bits & is::CAPTURED == 0 || s.bits & is::PARAM != 0 {
                    vars.push(s.name.clone());
                }
            }
            cells.sort();
        } else if scope.needs_class_cell {
            cells.push("__class__".into());
        }
        let nvisible = vars.len();
        let own_vars: Vec<Arc<str>> = vars.clone();
        let own_cells: Vec<Arc<str>> = cells.clone();

        // comprehensions one after the other may share slots, nested ones may not
        let mut taken: HashMap<(usize, Arc<str>, bool), usize> = HashMap::new();
        let mut placed: Vec<(ScopeId, Arc<str>, bool, usize)> = Vec::new();
        let mut todo: Vec<(ScopeId, usize)> = scope.comps.iter().rev().map(|&c| (c, 0)).collect();
        while let Some((comp, level)) = todo.pop() {
            for s in &self.scopes[comp].symbols {
                if s.bits & is::BOUND == 0 {
                    continue;
                }
                let captured = s.bits & is::CAPTURED != 0;
                let list = if captured { &mut cells } else { &mut vars };
                let at = *taken.entry((level, s.name.clone(), captured)).or_insert_with(|| {
                    list.push(s.name.clone());
                    list.len() - 1
                });
                placed.push((comp, s.name.clone(), captured, at));
            }
            todo.extend(self.scopes[comp].comps.iter().rev().map(|&c| (c, level + 1)));
        }

        let nlocals = vars.len();
        for (comp, name, captured, at) in placed {
            let slot = if captured { nlocals + at } else { at };
            self.scopes[comp].slots.insert(name, slot as u32);
        }
        let scope = &mut self.scopes[id];
        for (i, name) in own_vars.iter().enumerate() {
            scope.slots.insert(name.clone(), i as u32);
        }
        // after the locals: a captured parameter's slot is its cell
        for (i, name) in own_cells.iter().enumerate() {
            scope.slots.insert(name.clone(), (nlocals + i) as u32);
        }
        scope.freevars = scope.free.iter().cloned().collect();
        scope.varnames = vars;
        scope.cellvars = cells;
        scope.nvisible = nvisible;
    }
}

/// Resolve a module.
pub fn resolve_module(src: &Source<'_>, body: &[Stmt]) -> Result<Scopes, SyntaxError> {
    let mut c = Collector::new(src);
    c.body(body);
    c.finish()
}

/// Resolve a lone expression.
pub fn resolve_expression(src: &Source<'_>, e: &ModExpression) -> Result<Scopes, SyntaxError> {
    let mut c = Collector::new(src);
    c.visit_expr(&e.body);
    c.finish()
}

struct Collector<'s> {
    src: &'s Source<'s>,
    scopes: Scopes,
    at: ScopeId,
    names: HashMap<String, Arc<str>>,
    /// The iterable of a comprehension is being visited: `:=` may not be in it.
    in_iterable: u32,
    error: Option<SyntaxError>,
}

impl<'s> Collector<'s> {
    fn new(src: &'s Source<'s>) -> Collector<'s> {
        let scopes = Scopes { scopes: Vec::new(), by_node: HashMap::new() };
        let mut c = Collector { src, scopes, at: 0, names: HashMap::new(), in_iterable: 0, error: None };
        c.push(ScopeKind::Module, None);
        c
    }

    fn finish(mut self) -> Result<Scopes, SyntaxError> {
        match self.error {
            Some(e) => Err(e),
            None => {
                self.scopes.analyze(self.src)?;
                Ok(self.scopes)
            }
        }
    }

    /// Remember the first error.
    fn fail(&mut self, message: impl Into<String>, range: TextRange) {
        if self.error.is_none() {
            self.error = Some(self.src.syntax(message, range));
        }
    }

    fn push(&mut self, kind: ScopeKind, node: Option<usize>) -> ScopeId {
        let id = self.scopes.scopes.len();
        let (depth, class_name) = match self.scopes.scopes.get(self.at) {
            Some(p) => (p.depth + 1, p.class_name.clone()),
            None => (0, None),
        };
        let frame = if kind == ScopeKind::Comp { self.scopes[self.at].frame } else { id };
        if kind == ScopeKind::Comp {
            self.scopes.scopes[self.at].comps.push(id);
        }
        self.scopes.scopes.push(Scope {
            kind,
            parent: self.at,
            frame,
            class_name,
            depth,
            symbols: Vec::new(),
            index: HashMap::new(),
            comps: Vec::new(),
            is_generator: kind == ScopeKind::GenExpr,
            needs_class_cell: false,
            free: BTreeSet::new(),
            slots: HashMap::new(),
            varnames: Vec::new(),
            nvisible: 0,
            cellvars: Vec::new(),
            freevars: Vec::new(),
        });
        if let Some(node) = node {
            self.scopes.by_node.insert(node, id);
        }
        self.at = id;
        id
    }

    fn pop(&mut self) {
        self.at = self.scopes[self.at].parent;
    }

    /// Set bits of a symbol of a scope; answers what they were.
    fn mark_in(&mut self, scope: ScopeId, name: &str, bits: u16, range: TextRange) -> u16 {
        let mangled = self.scopes.mangle(scope, name);
        let name: Arc<str> = match self.names.get(&*mangled) {
            Some(n) => n.clone(),
            None => {
                let n: Arc<str> = Arc::from(&*mangled);
                self.names.insert(mangled.into_owned(), n.clone());
                n
            }
        };
        let scope = &mut self.scopes.scopes[scope];
        let i = *scope.index.entry(name.clone()).or_insert_with(|| {
            scope.symbols.push(Symbol { name, bits: 0, range });
            scope.symbols.len() - 1
        });
        let before = scope.symbols[i].bits;
        scope.symbols[i].bits |= bits;
        before
    }

    fn mark(&mut self, name: &str, bits: u16, range: TextRange) -> u16 {
        self.mark_in(self.at, name, bits, range)
    }

    fn bind(&mut self, name: &str, range: TextRange) {
        if name == "__debug__" {
            self.fail("cannot assign to __debug__", range);
        }
        self.mark(name, is::BOUND, range);
    }

    fn body(&mut self, body: &[Stmt]) {
        for s in body {
            self.visit_stmt(s);
        }
    }

    fn enter_ok(&mut self, range: TextRange) -> bool {
        if self.scopes[self.at].depth >= MAX_SCOPES {
            self.fail("too many nested functions, classes and comprehensions", range);
        }
        self.error.is_none()
    }

    /// What is evaluated outside the function.
    fn defaults(&mut self, parameters: &Parameters) {
        for p in parameters.iter_non_variadic_params() {
            if let Some(d) = p.default.as_deref() {
                self.visit_expr(d);
            }
        }
    }

    fn parameters(&mut self, parameters: &Parameters) {
        let mut declare = |name: &ruff_python_ast::Identifier| {
            if self.mark(&name.id, is::BOUND | is::PARAM, name.range) & is::PARAM != 0 {
                self.fail(format!("duplicate argument '{}' in function definition", name.id), name.range);
            }
            if name.id.as_str() == "__debug__" {
                self.fail("cannot assign to __debug__", name.range);
            }
        };
        for p in parameters.posonlyargs.iter().chain(&parameters.args).chain(&parameters.kwonlyargs) {
            declare(&p.parameter.name);
        }
        for p in parameters.vararg.iter().chain(&parameters.kwarg) {
            declare(&p.name);
        }
    }

    fn function(&mut self, f: &StmtFunctionDef) {
        for d in &f.decorator_list {
            self.visit_expr(&d.expression);
        }
        self.defaults(&f.parameters);
        self.bind(&f.name.id, f.name.range);
        if f.is_async {
            self.fail("'async' is not supported by this runtime", f.range);
        }
        if f.type_params.is_some() {
            self.fail("type parameters are not supported by this runtime", f.range);
        }
        if !self.enter_ok(f.range) {
            return;
        }
        self.push(ScopeKind::Function, Some(key(f)));
        self.parameters(&f.parameters);
        self.body(&f.body);
        self.pop();
    }

    fn class(&mut self, c: &StmtClassDef) {
        for d in &c.decorator_list {
            self.visit_expr(&d.expression);
        }
        if let Some(a) = &c.arguments {
            a.args.iter().for_each(|e| self.visit_expr(e));
            a.keywords.iter().for_each(|k| self.visit_expr(&k.value));
        }
        self.bind(&c.name.id, c.name.range);
        if c.type_params.is_some() {
            self.fail("type parameters are not supported by this runtime", c.range);
        }
        if !self.enter_ok(c.range) {
            return;
        }
        let id = self.push(ScopeKind::Class, Some(key(c)));
        self.scopes.scopes[id].class_name = Some(Arc::from(c.name.as_str()));
        self.body(&c.body);
        self.pop();
    }

    fn comprehension(&mut self, kind: ScopeKind, node: usize, generators: &[Comprehension], elements: &[&Expr]) {
        let Some(first) = generators.first() else { return };
        self.in_iterable += 1;
        self.visit_expr(&first.iter);
        self.in_iterable -= 1;
        if !self.enter_ok(first.range) {
            return;
        }
        self.push(kind, Some(node));
        if kind == ScopeKind::GenExpr {
            self.mark(".0", is::BOUND | is::PARAM, first.range);
        }
        for (i, g) in generators.iter().enumerate() {
            if g.is_async {
                self.fail("'async' is not supported by this runtime", g.range);
            }
            if i > 0 {
                self.in_iterable += 1;
                self.visit_expr(&g.iter);
                self.in_iterable -= 1;
            }
            self.visit_expr(&g.target);
            self.mark_targets(&g.target);
            // inside conditions `:=` is allowed again
            let iterable = std::mem::take(&mut self.in_iterable);
            for c in &g.ifs {
                self.visit_expr(c);
            }
            self.in_iterable = iterable;
        }
        let iterable = std::mem::take(&mut self.in_iterable);
        for e in elements {
            self.visit_expr(e);
        }
        self.in_iterable = iterable;
        self.pop();
    }

    fn mark_targets(&mut self, target: &Expr) {
        match target {
            Expr::Name(n) => {
                self.mark(&n.id, is::ITERATION, n.range);
            }
            Expr::Tuple(t) => t.elts.iter().for_each(|e| self.mark_targets(e)),
            Expr::List(t) => t.elts.iter().for_each(|e| self.mark_targets(e)),
            Expr::Starred(s) => self.mark_targets(&s.value),
            _ => {}
        }
    }

    /// `:=` binds in the nearest scope that is no comprehension.
    fn walrus(&mut self, name: &str, range: TextRange) {
        if self.in_iterable > 0 {
            self.fail("assignment expression cannot be used in a comprehension iterable expression", range);
        }
        let mut at = self.at;
        while matches!(self.scopes[at].kind, ScopeKind::Comp | ScopeKind::GenExpr) {
            let mangled = self.scopes.mangle(at, name);
            if self.scopes[at].bits(&mangled) & is::ITERATION != 0 {
                self.fail(
                    format!("assignment expression cannot rebind comprehension iteration variable '{name}'"),
                    range,
                );
            }
            at = self.scopes[at].parent;
        }
        if at != self.at {
            if self.scopes[at].kind == ScopeKind::Class {
                self.fail("assignment expression within a comprehension cannot be used in a class body", range);
            }
            self.mark(name, is::USED, range);
        }
        if name == "__debug__" {
            self.fail("cannot assign to __debug__", range);
        }
        self.mark_in(at, name, is::BOUND, range);
    }

    fn declare(&mut self, names: &[ruff_python_ast::Identifier], bit: u16, word: &str) {
        for n in names {
            let before = self.mark(&n.id, 0, n.range);
            let name = &n.id;
            if bit == is::NONLOCAL && self.scopes[self.at].kind == ScopeKind::Module {
                self.fail("nonlocal declaration not allowed at module level", n.range);
            } else if before & is::PARAM != 0 {
                self.fail(format!("name '{name}' is parameter and {word}"), n.range);
            } else if before & (is::GLOBAL | is::NONLOCAL) & !bit != 0 {
                self.fail(format!("name '{name}' is nonlocal and global"), n.range);
            } else if before & is::ANNOTATED != 0 {
                self.fail(format!("annotated name '{name}' can't be {word}"), n.range);
            } else if before & is::BOUND != 0 {
                self.fail(format!("name '{name}' is assigned to before {word} declaration"), n.range);
            } else if before & is::USED != 0 {
                self.fail(format!("name '{name}' is used prior to {word} declaration"), n.range);
            }
            let range = n.range;
            self.mark(&n.id, bit, range);
            let at = self.at;
            let mangled = self.scopes.mangle(at, &n.id).into_owned();
            if let Some(&i) = self.scopes[at].index.get(mangled.as_str()) {
                self.scopes.scopes[at].symbols[i].range = range;
            }
        }
    }

    fn yields(&mut self, range: TextRange) {
        let at = self.at;
        match self.scopes[at].kind {
            ScopeKind::Function | ScopeKind::Lambda => self.scopes.scopes[at].is_generator = true,
            ScopeKind::Module | ScopeKind::Class => self.fail("'yield' outside function", range),
            ScopeKind::GenExpr => self.fail("'yield' inside generator expression", range),
            ScopeKind::Comp => self.fail("'yield' inside list comprehension", range),
        }
    }
}

impl<'a> Visitor<'a> for Collector<'_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        if self.error.is_some() {
            return;
        }
        match stmt {
            Stmt::FunctionDef(f) => self.function(f),
            Stmt::ClassDef(c) => self.class(c),
            Stmt::Return(r) => {
                if !matches!(self.scopes[self.at].kind, ScopeKind::Function) {
                    self.fail("'return' outside function", r.range);
                }
                visitor::walk_stmt(self, stmt);
            }
            Stmt::Global(g) => self.declare(&g.names, is::GLOBAL, "global"),
            Stmt::Nonlocal(n) => self.declare(&n.names, is::NONLOCAL, "nonlocal"),
            Stmt::Import(i) => {
                for a in &i.names {
                    match &a.asname {
                        Some(n) => self.bind(&n.id, n.range),
                        None => {
                            let top = a.name.id.split('.').next().unwrap_or_default().to_string();
                            self.bind(&top, a.range);
                        }
                    }
                }
            }
            Stmt::ImportFrom(i) => {
                for a in &i.names {
                    if a.name.id.as_str() == "*" {
                        if self.scopes[self.at].kind != ScopeKind::Module {
                            self.fail("import * only allowed at module level", i.range);
                        }
                        continue;
                    }
                    let n = a.asname.as_ref().unwrap_or(&a.name);
                    self.bind(&n.id, n.range);
                }
            }
            Stmt::AnnAssign(a) => {
                if let Some(v) = &a.value {
                    self.visit_expr(v);
                }
                if let Expr::Name(n) = &*a.target {
                    let before = self.mark(&n.id, 0, n.range);
                    if a.simple && before & (is::GLOBAL | is::NONLOCAL) != 0 {
                        let word = if before & is::GLOBAL != 0 { "global" } else { "nonlocal" };
                        self.fail(format!("annotated name '{}' can't be {word}", n.id), a.range);
                    }
                    if a.simple || a.value.is_some() {
                        self.bind(&n.id, n.range);
                        self.mark(&n.id, is::ANNOTATED, n.range);
                    }
                } else {
                    self.visit_expr(&a.target);
                }
                if self.scopes[self.at].kind == ScopeKind::Class {
                    self.mark("__annotations__", is::USED, a.range);
                    self.visit_expr(&a.annotation);
                }
            }
            Stmt::For(f) if f.is_async => self.fail("'async' is not supported by this runtime", f.range),
            Stmt::With(w) if w.is_async => self.fail("'async' is not supported by this runtime", w.range),
            Stmt::TypeAlias(t) => self.fail("the 'type' statement is not supported by this runtime", t.range),
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_except_handler(&mut self, h: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(h) = h;
        if let Some(t) = &h.type_ {
            self.visit_expr(t);
        }
        if let Some(n) = &h.name {
            self.bind(&n.id, n.range);
        }
        self.body(&h.body);
    }

    fn visit_pattern(&mut self, p: &'a Pattern) {
        match p {
            Pattern::MatchStar(s) => {
                if let Some(n) = &s.name {
                    self.bind(&n.id, n.range);
                }
            }
            Pattern::MatchAs(a) => {
                if let Some(n) = &a.name {
                    self.bind(&n.id, n.range);
                }
            }
            Pattern::MatchMapping(m) => {
                if let Some(n) = &m.rest {
                    self.bind(&n.id, n.range);
                }
            }
            _ => {}
        }
        visitor::walk_pattern(self, p);
    }

    fn visit_expr(&mut self, e: &'a Expr) {
        if self.error.is_some() {
            return;
        }
        match e {
            Expr::Name(n) => match n.ctx {
                ExprContext::Store | ExprContext::Del => self.bind(&n.id, n.range),
                _ => {
                    self.mark(&n.id, is::USED, n.range);
                    if n.id.as_str() == "super" && self.scopes[self.at].is_function() {
                        self.mark("__class__", is::USED, n.range);
                    }
                }
            },
            Expr::Named(n) => {
                self.visit_expr(&n.value);
                if let Expr::Name(name) = &*n.target {
                    self.walrus(&name.id, n.range);
                }
            }
            Expr::Lambda(l) => {
                if let Some(p) = &l.parameters {
                    self.defaults(p);
                }
                if !self.enter_ok(l.range) {
                    return;
                }
                self.push(ScopeKind::Lambda, Some(key(l)));
                if let Some(p) = &l.parameters {
                    self.parameters(p);
                }
                let iterable = std::mem::take(&mut self.in_iterable);
                self.visit_expr(&l.body);
                self.in_iterable = iterable;
                self.pop();
            }
            Expr::ListComp(c) => self.comprehension(ScopeKind::Comp, key(c), &c.generators, &[&c.elt]),
            Expr::SetComp(c) => self.comprehension(ScopeKind::Comp, key(c), &c.generators, &[&c.elt]),
            Expr::DictComp(c) => match &c.key {
                Some(k) => self.comprehension(ScopeKind::Comp, key(c), &c.generators, &[k, &c.value]),
                None => self.fail("dict unpacking cannot be used in dict comprehension", c.range),
            },
            Expr::Generator(c) => self.comprehension(ScopeKind::GenExpr, key(c), &c.generators, &[&c.elt]),
            Expr::Yield(y) => {
                self.yields(y.range);
                visitor::walk_expr(self, e);
            }
            Expr::YieldFrom(y) => {
                self.yields(y.range);
                visitor::walk_expr(self, e);
            }
            Expr::Await(a) => self.fail("'await' is not supported by this runtime", a.range),
            _ => visitor::walk_expr(self, e),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::{Mode, parse};
    use ruff_python_ast::Mod;

    fn with<T>(text: &str, f: impl FnOnce(Result<Scopes, SyntaxError>) -> T) -> T {
        let src = Source::new(text, "t.py");
        let Ok(Mod::Module(m)) = parse(&src, Mode::Exec) else { panic!("does not parse") };
        f(resolve_module(&src, &m.body))
    }

    /// `kind: vars | cells | frees` of every frame.
    fn show(text: &str) -> Vec<String> {
        with(text, |s| {
            let s = s.expect("resolves");
            let join = |v: &[Arc<str>]| v.join(",");
            s.scopes
                .iter()
                .enumerate()
                .filter(|(i, f)| f.frame == *i)
                .map(|(_, f)| {
                    format!("{:?}: {} | {} | {}", f.kind, join(&f.varnames), join(&f.cellvars), join(&f.freevars))
                })
                .collect()
        })
    }

    fn error(text: &str) -> String {
        with(text, |s| s.err().expect("an error").message)
    }

    #[test]
    fn closures_pass_through_every_frame_between() {
        let shown = show("def f(a, b):\n def g():\n  def h():\n   return a\n  return h\n return g\n");
        assert_eq!(shown, ["Module:  |  | ", "Function: a,b,g | a | ", "Function: h |  | a", "Function:  |  | a"]);
    }

    #[test]
    fn comprehensions_live_in_the_frame_around_them() {
        let shown = show("def f(x):\n return [x for x in [x for x in x]], {y: (lambda: y) for y in x}\n");
        assert_eq!(shown, ["Module:  |  | ", "Function: x,x | y | ", "Lambda:  |  | y"]);
        assert_eq!(show("[i for i in 'ab']\n"), ["Module: i |  | "]);
        // nested ones do not share
        assert_eq!(show("[[i for i in j] for i in 'ab']\n"), ["Module: i,i |  | "]);
    }

    #[test]
    fn class_scopes_are_skipped_by_what_they_contain() {
        let shown = show("def f():\n x = 1\n class A:\n  x = 2\n  y = [x for _ in ()]\n  def m(self): return x\n");
        assert_eq!(shown, ["Module:  |  | ", "Function: A | x | ", "Class: _ |  | x", "Function: self |  | x"]);
    }

    #[test]
    fn super_captures_the_class() {
        let shown = show("class A:\n def f(self): return super().f()\n");
        assert_eq!(shown, ["Module:  |  | ", "Class:  | __class__ | ", "Function: self |  | __class__"]);
    }

    #[test]
    fn private_names_are_mangled() {
        assert_eq!(mangle(Some("_A"), "__x"), "_A__x");
        assert_eq!(mangle(Some("A"), "__x__"), "__x__");
        assert_eq!(mangle(Some("___"), "__x"), "__x");
        assert_eq!(mangle(None, "__x"), "__x");
        assert_eq!(show("class A:\n def f(self, __p): __q = __p\n")[2], "Function: self,_A__p,_A__q |  | ");
    }

    #[test]
    fn walrus_binds_outside_the_comprehension() {
        assert_eq!(show("def f(a):\n return [y := x for x in a]\n")[1], "Function: a,y,x |  | ");
        assert_eq!(
            show("def f(a):\n return any((y := x) for x in a)\n")[1..],
            ["Function: a | y | ", "GenExpr: .0,x |  | y"]
        );
    }

    #[test]
    fn errors_are_in_cpythons_words() {
        for (text, message) in [
            ("def f():\n nonlocal x\n", "no binding for nonlocal 'x' found"),
            ("nonlocal x\n", "nonlocal declaration not allowed at module level"),
            ("def f(x):\n global x\n", "name 'x' is parameter and global"),
            ("def f():\n x = 1\n global x\n", "name 'x' is assigned to before global declaration"),
            ("def f():\n print(x)\n global x\n", "name 'x' is used prior to global declaration"),
            ("def f(a, a): pass\n", "duplicate argument 'a' in function definition"),
            ("return 1\n", "'return' outside function"),
            ("class A:\n yield 1\n", "'yield' outside function"),
            ("def f(): return [(yield x) for x in y]\n", "'yield' inside list comprehension"),
            ("[x := 1 for x in y]\n", "assignment expression cannot rebind comprehension iteration variable 'x'"),
            (
                "[x for x in (y := [1])]\n",
                "assignment expression cannot be used in a comprehension iterable expression",
            ),
            (
                "class A:\n [z := 1 for x in y]\n",
                "assignment expression within a comprehension cannot be used in a class body",
            ),
            ("def f():\n from m import *\n", "import * only allowed at module level"),
            ("async def f(): pass\n", "'async' is not supported by this runtime"),
        ] {
            assert_eq!(error(text), message, "{text}");
        }
    }
}
