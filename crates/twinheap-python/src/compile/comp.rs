//! Comprehensions. Lists, sets and dicts run inside the frame, in slots of their own that are emptied at the end and
//! when an exception leaves them; generator expressions are functions of one argument, the first iterator.

use super::emit::CoverId;
use super::{Compiler, Res};
use crate::bytecode::{Const, Op};
use crate::resolve::ScopeId;
use ruff_python_ast::{Comprehension, Expr, ExprDictComp, ExprGenerator, ExprListComp, ExprSetComp};
use ruff_text_size::{Ranged, TextRange};

/// What is done with each element.
#[derive(Clone, Copy)]
enum Element<'a> {
    List(&'a Expr),
    Set(&'a Expr),
    Dict(&'a Expr, &'a Expr),
    Yield(&'a Expr),
}

impl<'a> Compiler<'a> {
    pub(super) fn list_comp(&mut self, c: &'a ExprListComp) -> Res {
        self.inlined(self.scopes.of(c), &c.generators, Element::List(&c.elt), Op::BuildList, c.range)
    }

    pub(super) fn set_comp(&mut self, c: &'a ExprSetComp) -> Res {
        self.inlined(self.scopes.of(c), &c.generators, Element::Set(&c.elt), Op::BuildSet, c.range)
    }

    pub(super) fn dict_comp(&mut self, c: &'a ExprDictComp) -> Res {
        let Some(key) = &c.key else {
            return self.error("dict unpacking cannot be used in dict comprehension", c.range);
        };
        let element = Element::Dict(key, &c.value);
        self.inlined(self.scopes.of(c), &c.generators, element, Op::BuildMap, c.range)
    }

    fn inlined(
        &mut self,
        scope: ScopeId,
        generators: &'a [Comprehension],
        element: Element<'a>,
        build: Op,
        range: TextRange,
    ) -> Res {
        let dropped = std::mem::take(&mut self.dropped);
        let outer: Option<CoverId> = self.asm().cover;
        // an exception cuts to what was there before the comprehension
        let handler = self.asm().new_cover(0);
        self.expr(&generators[0].iter)?;
        self.at(generators[0].iter.range());
        self.op(Op::GetIter);

        let outer_scope = std::mem::replace(&mut self.scope, scope);
        let slots = self.scopes[scope].own_slots();
        let frame = self.frame_scope();
        let nlocals = self.scopes[frame].varnames.len() as u32;
        self.at(range);
        for &slot in slots.iter().filter(|s| **s >= nlocals) {
            self.op1(Op::MakeCell, slot);
        }
        self.op1(build, 0);
        self.op1(Op::Swap, 2);
        if !slots.is_empty() {
            self.asm().cover = Some(handler);
        }
        self.generators(generators, 0, element)?;
        self.asm().cover = outer;
        self.at(range);
        if dropped {
            // As CPython's compiler, which moves the pop before the restoring of variables.
            self.op(Op::PopTop)
        }
        for &slot in &slots {
            self.op1(Op::ClearFast, slot);
        }
        self.scope = outer_scope;
        if slots.is_empty() {
            return Ok(());
        }
        let end = self.asm().label();
        self.asm().jump(Op::Jump, end);
        let height = self.asm().height;
        self.asm().place_handler(handler);
        for &slot in &slots {
            self.op1(Op::ClearFast, slot);
        }
        self.op(Op::Reraise);
        self.asm().height = height;
        self.asm().place(end);
        Ok(())
    }

    /// The loops from the `i`-th on. Its iterator is on the stack if `i` is 0.
    fn generators(&mut self, generators: &'a [Comprehension], i: usize, element: Element<'a>) -> Res {
        let g = &generators[i];
        let (start, skip, end) = (self.asm().label(), self.asm().label(), self.asm().label());
        // `for x in [value]` is an assignment
        let single = match &g.iter {
            Expr::List(l) if i > 0 && l.elts.len() == 1 => Some(&l.elts[0]),
            Expr::Tuple(l) if i > 0 && l.elts.len() == 1 => Some(&l.elts[0]),
            _ => None,
        };
        let single = single.filter(|e| !matches!(e, Expr::Starred(_)));
        if let Some(value) = single {
            self.expr(value)?;
        } else {
            if i > 0 {
                self.expr(&g.iter)?;
                self.at(g.iter.range());
                self.op(Op::GetIter);
            }
            self.asm().place(start);
            self.asm().jump(Op::ForIter, end);
        }
        self.store(&g.target)?;
        for c in &g.ifs {
            self.jump_if(c, skip, false)?;
        }
        if i + 1 < generators.len() {
            self.generators(generators, i + 1, element)?;
        } else {
            let loops = generators.iter().skip(1).filter(|g| !is_single(&g.iter)).count() as u32 + 1;
            self.element(element, loops)?;
        }
        self.asm().place(skip);
        if single.is_none() {
            self.asm().jump(Op::JumpBackward, start);
            self.asm().place(end);
        }
        Ok(())
    }

    fn element(&mut self, element: Element<'a>, loops: u32) -> Res {
        match element {
            Element::List(e) => {
                self.expr(e)?;
                self.op1(Op::ListAppend, loops + 1);
            }
            Element::Set(e) => {
                self.expr(e)?;
                self.op1(Op::SetAdd, loops + 1);
            }
            Element::Dict(k, v) => {
                self.expr(k)?;
                self.expr(v)?;
                self.op1(Op::MapAdd, loops + 1);
            }
            Element::Yield(e) => {
                self.expr(e)?;
                self.at(e.range());
                self.op(Op::YieldValue);
                self.op(Op::PopTop);
            }
        }
        Ok(())
    }

    pub(super) fn generator(&mut self, g: &'a ExprGenerator) -> Res {
        let (line, _) = self.src.position(g.range.start());
        self.enter(self.scopes.of(g), "<genexpr>", line);
        self.frame().argcount = 1;
        self.prologue();
        self.at(g.generators[0].iter.range());
        self.op1(Op::LoadFastCheck, 0);
        self.generators(&g.generators, 0, Element::Yield(&g.elt))?;
        self.at(g.range);
        let none = self.asm().const_id(Const::None);
        self.op1(Op::ReturnConst, none);
        let code = self.leave();

        self.at(g.range);
        self.make_function(code, 0);
        self.expr(&g.generators[0].iter)?;
        self.at(g.range);
        self.op(Op::GetIter);
        self.op1(Op::Call, 1);
        Ok(())
    }
}

fn is_single(iter: &Expr) -> bool {
    match iter {
        Expr::List(l) => l.elts.len() == 1 && !matches!(l.elts[0], Expr::Starred(_)),
        Expr::Tuple(l) => l.elts.len() == 1 && !matches!(l.elts[0], Expr::Starred(_)),
        _ => false,
    }
}
