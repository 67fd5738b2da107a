//! `match`: patterns, as CPython compiles them.
//!
//! While a pattern is tried the operand stack holds, from below: the subject (unless this is the last case), the values
//! captured so far, and what is still needed (`on_top`). A failure jumps to a chain of `PopTop`s, entered at the right place.

use super::emit::Label;
use super::{Compiler, Res};
use crate::bytecode::{BinKind, CmpKind, Const, Instr, Op};
use ruff_python_ast::{
    Expr, Pattern, PatternMatchClass, PatternMatchMapping, PatternMatchOr, PatternMatchSequence, Singleton, StmtMatch,
};
use ruff_text_size::{Ranged, TextRange};

/// State of one case.
#[derive(Default)]
struct State<'a> {
    /// Names captured, the first one's value on top.
    stores: Vec<&'a str>,
    /// May the pattern always match?
    irrefutable_ok: bool,
    /// `fails[n]` pops `n` values and goes on with the next case.
    fails: Vec<Label>,
    /// Values above the captures.
    on_top: usize,
}

fn is_wildcard(p: &Pattern) -> bool {
    matches!(p, Pattern::MatchAs(a) if a.pattern.is_none() && a.name.is_none())
}

impl<'a> Compiler<'a> {
    pub(super) fn match_stmt(&mut self, m: &'a StmtMatch) -> Res {
        self.expr(&m.subject)?;
        let end = self.asm().label();
        let n = m.cases.len();
        let has_default = n > 1 && m.cases.last().is_some_and(|c| is_wildcard(&c.pattern));
        let tried = n - has_default as usize;
        for (i, case) in m.cases[..tried].iter().enumerate() {
            let last = i + 1 == tried;
            self.at(case.pattern.range());
            if !last {
                self.op1(Op::Copy, 1);
            }
            let mut st = State { irrefutable_ok: case.guard.is_some() || i + 1 == n, ..State::default() };
            self.pattern(&case.pattern, &mut st)?;
            for name in std::mem::take(&mut st.stores) {
                self.store_name(name);
            }
            if let Some(g) = &case.guard {
                self.ensure_fails(&mut st, 0);
                let to = st.fails[0];
                self.jump_if(g, to, false)?;
            }
            if !last {
                self.op(Op::PopTop);
            }
            self.body(&case.body)?;
            self.asm().jump(Op::Jump, end);
            self.at(case.pattern.range());
            self.place_fails(&mut st);
        }
        if has_default {
            let case = &m.cases[tried];
            self.at(case.pattern.range());
            if let Some(g) = &case.guard {
                self.jump_if(g, end, false)?;
            }
            self.body(&case.body)?;
        }
        self.asm().place(end);
        Ok(())
    }

    fn ensure_fails(&mut self, st: &mut State<'a>, n: usize) {
        while st.fails.len() <= n {
            let l = self.asm().label();
            st.fails.push(l);
        }
    }

    fn jump_to_fail(&mut self, st: &mut State<'a>, op: Op) {
        let pops = st.on_top + st.stores.len();
        self.ensure_fails(st, pops);
        self.asm().jump(op, st.fails[pops]);
    }

    fn place_fails(&mut self, st: &mut State<'a>) {
        while let Some(l) = st.fails.pop() {
            self.asm().place(l);
            if !st.fails.is_empty() {
                self.op(Op::PopTop);
            }
        }
    }

    /// Move the top below `count - 1` others.
    fn rotate(&mut self, count: usize) {
        for n in (2..=count as u32).rev() {
            self.op1(Op::Swap, n);
        }
    }

    fn capture(&mut self, name: Option<&'a str>, st: &mut State<'a>, range: TextRange) -> Res {
        let Some(name) = name else {
            self.op(Op::PopTop);
            return Ok(());
        };
        if st.stores.contains(&name) {
            return self.error(format!("multiple assignments to name '{name}' in pattern"), range);
        }
        self.rotate(st.on_top + st.stores.len() + 1);
        st.stores.push(name);
        Ok(())
    }

    fn subpattern(&mut self, p: &'a Pattern, st: &mut State<'a>) -> Res {
        let before = std::mem::replace(&mut st.irrefutable_ok, true);
        self.pattern(p, st)?;
        st.irrefutable_ok = before;
        Ok(())
    }

    fn compare_int(&mut self, kind: CmpKind, with: usize, st: &mut State<'a>) {
        self.op(Op::GetLen);
        self.load_const(Const::Int(with as i64));
        self.push(Instr::with(Op::CompareOp, kind as u8, 0, 0));
        self.jump_to_fail(st, Op::PopJumpIfFalse);
    }

    /// Top is not `None`, or fail (nothing popped).
    fn fail_if_none(&mut self, st: &mut State<'a>) {
        self.op1(Op::Copy, 1);
        self.op(Op::LoadNone);
        self.push(Instr::with(Op::IsOp, 1, 0, 0));
        self.jump_to_fail(st, Op::PopJumpIfFalse);
    }

    fn pattern(&mut self, p: &'a Pattern, st: &mut State<'a>) -> Res {
        self.at(p.range());
        match p {
            Pattern::MatchValue(v) => {
                self.expr(&v.value)?;
                self.at(v.range);
                self.push(Instr::with(Op::CompareOp, CmpKind::Eq as u8, 0, 0));
                self.jump_to_fail(st, Op::PopJumpIfFalse);
                Ok(())
            }
            Pattern::MatchSingleton(s) => {
                self.load_const(match s.value {
                    Singleton::None => Const::None,
                    Singleton::True => Const::True,
                    Singleton::False => Const::False,
                });
                self.push(Instr::with(Op::IsOp, 0, 0, 0));
                self.jump_to_fail(st, Op::PopJumpIfFalse);
                Ok(())
            }
            Pattern::MatchStar(s) => self.capture(s.name.as_ref().map(|n| n.id.as_str()), st, s.range),
            Pattern::MatchAs(a) => {
                let name = a.name.as_ref().map(|n| n.id.as_str());
                match &a.pattern {
                    None if !st.irrefutable_ok => match name {
                        Some(n) => {
                            self.error(format!("name capture '{n}' makes remaining patterns unreachable"), a.range)
                        }
                        None => self.error("wildcard makes remaining patterns unreachable", a.range),
                    },
                    None => self.capture(name, st, a.range),
                    Some(inner) => {
                        st.on_top += 1;
                        self.op1(Op::Copy, 1);
                        self.pattern(inner, st)?;
                        st.on_top -= 1;
                        self.capture(name, st, a.range)
                    }
                }
            }
            Pattern::MatchSequence(s) => self.sequence(s, st),
            Pattern::MatchMapping(m) => self.mapping(m, st),
            Pattern::MatchClass(c) => self.class_pattern(c, st),
            Pattern::MatchOr(o) => self.alternatives(o, st),
        }
    }

    fn sequence(&mut self, s: &'a PatternMatchSequence, st: &mut State<'a>) -> Res {
        let size = s.patterns.len();
        let (mut star, mut star_wild, mut only_wild) = (None, false, true);
        for (i, p) in s.patterns.iter().enumerate() {
            if let Pattern::MatchStar(x) = p {
                if star.is_some() {
                    return self.error("multiple starred expressions in sequence pattern", p.range());
                }
                star = Some(i);
                star_wild = x.name.is_none();
                only_wild &= star_wild;
            } else {
                only_wild &= is_wildcard(p);
            }
        }
        st.on_top += 1;
        self.op(Op::MatchSequence);
        self.jump_to_fail(st, Op::PopJumpIfFalse);
        match star {
            None => self.compare_int(CmpKind::Eq, size, st),
            Some(_) if size > 1 => self.compare_int(CmpKind::Ge, size - 1, st),
            Some(_) => {}
        }
        st.on_top -= 1;
        if only_wild {
            self.op(Op::PopTop);
            return Ok(());
        }
        if star_wild {
            // only the items that are wanted
            st.on_top += 1;
            for (i, p) in s.patterns.iter().enumerate() {
                if is_wildcard(p) || Some(i) == star {
                    continue;
                }
                self.op1(Op::Copy, 1);
                if star.is_some_and(|s| i < s) {
                    self.load_const(Const::Int(i as i64));
                } else {
                    self.op(Op::GetLen);
                    self.load_const(Const::Int((size - i) as i64));
                    self.push(Instr::with(Op::BinaryOp, BinKind::Sub as u8, 0, 0));
                }
                self.op(Op::BinarySubscr);
                self.subpattern(p, st)?;
            }
            st.on_top -= 1;
            self.op(Op::PopTop);
            return Ok(());
        }
        match star {
            None => self.op1(Op::UnpackSequence, size as u32),
            Some(i) => {
                let Ok(before) = u16::try_from(i) else {
                    return self.error("too many expressions in star-unpacking sequence pattern", s.range);
                };
                self.push(Instr::with(Op::UnpackEx, 0, before, (size - i - 1) as u32));
            }
        }
        st.on_top += size;
        for p in &s.patterns {
            st.on_top -= 1;
            self.subpattern(p, st)?;
        }
        Ok(())
    }

    fn mapping(&mut self, m: &'a PatternMatchMapping, st: &mut State<'a>) -> Res {
        let size = m.keys.len();
        st.on_top += 1;
        self.op(Op::MatchMapping);
        self.jump_to_fail(st, Op::PopJumpIfFalse);
        if size == 0 && m.rest.is_none() {
            st.on_top -= 1;
            self.op(Op::PopTop);
            return Ok(());
        }
        if size > 0 {
            self.compare_int(CmpKind::Ge, size, st);
        }
        let mut seen: Vec<Const> = Vec::new();
        for k in &m.keys {
            match self.constant(k) {
                Some(c) if seen.contains(&c) => {
                    return self.error("mapping pattern checks duplicate key", k.range());
                }
                Some(c) => seen.push(c),
                None if matches!(k, Expr::Attribute(_)) => {}
                None => {
                    return self.error("mapping pattern keys may only match literals and attribute lookups", k.range());
                }
            }
            self.expr(k)?;
        }
        self.at(m.range);
        self.op1(Op::BuildTuple, size as u32);
        self.op(Op::MatchKeys);
        st.on_top += 2;
        self.fail_if_none(st);
        self.op1(Op::UnpackSequence, size as u32);
        st.on_top += size;
        st.on_top -= 1;
        for p in &m.patterns {
            st.on_top -= 1;
            self.subpattern(p, st)?;
        }
        st.on_top -= 2;
        match &m.rest {
            None => {
                self.op(Op::PopTop);
                self.op(Op::PopTop);
                Ok(())
            }
            Some(rest) => {
                // subject keys → copy keys → copy without the keys
                self.op1(Op::BuildMap, 0);
                self.op1(Op::Swap, 3);
                self.op1(Op::DictUpdate, 2);
                self.op1(Op::UnpackSequence, size as u32);
                for left in (1..=size as u32).rev() {
                    self.op1(Op::Copy, 1 + left);
                    self.op1(Op::Swap, 2);
                    self.op(Op::DeleteSubscr);
                }
                self.capture(Some(&rest.id), st, rest.range)
            }
        }
    }

    fn class_pattern(&mut self, c: &'a PatternMatchClass, st: &mut State<'a>) -> Res {
        let (args, keywords) = (&c.arguments.patterns, &c.arguments.keywords);
        self.expr(&c.cls)?;
        let mut names = Vec::new();
        for k in keywords {
            let name = self.str_const(&k.attr.id);
            if names.contains(&name) {
                return self.error(format!("attribute name repeated in class pattern: {}", k.attr.id), k.range);
            }
            names.push(name);
        }
        self.at(c.range);
        self.load_const(Const::Tuple(names.into()));
        self.op1(Op::MatchClass, args.len() as u32);
        st.on_top += 1;
        self.fail_if_none(st);
        let n = args.len() + keywords.len();
        self.op1(Op::UnpackSequence, n as u32);
        st.on_top += n;
        st.on_top -= 1;
        for p in args.iter().chain(keywords.iter().map(|k| &k.pattern)) {
            st.on_top -= 1;
            if is_wildcard(p) {
                self.op(Op::PopTop);
            } else {
                self.subpattern(p, st)?;
            }
        }
        Ok(())
    }

    fn alternatives(&mut self, o: &'a PatternMatchOr, st: &mut State<'a>) -> Res {
        let end = self.asm().label();
        let size = o.patterns.len();
        let height = self.asm().height;
        // names the first alternative binds, in its order
        let mut control: Vec<&'a str> = Vec::new();
        for (i, alt) in o.patterns.iter().enumerate() {
            let mut own = State { irrefutable_ok: i + 1 == size && st.irrefutable_ok, ..State::default() };
            self.at(alt.range());
            self.op1(Op::Copy, 1);
            self.pattern(alt, &mut own)?;
            if i == 0 {
                control = std::mem::take(&mut own.stores);
            } else {
                if own.stores.len() != control.len() {
                    return self.error("alternative patterns bind different names", o.range);
                }
                for want in (0..control.len()).rev() {
                    let Some(have) = own.stores.iter().position(|n| *n == control[want]) else {
                        return self.error("alternative patterns bind different names", o.range);
                    };
                    if want != have {
                        let moved: Vec<&str> = own.stores.drain(..=have).collect();
                        let at = want - have;
                        own.stores.splice(at..at, moved);
                        for _ in 0..=have {
                            self.rotate(want + 1);
                        }
                    }
                }
            }
            self.asm().jump(Op::Jump, end);
            // the captures belong to the other way out
            own.stores.clear();
            self.place_fails(&mut own);
            // after an alternative that always matches nothing comes here, but it is still compiled
            self.asm().height = height;
        }
        self.op(Op::PopTop);
        self.jump_to_fail(st, Op::Jump);
        self.asm().place(end);
        let n = control.len();
        let rotations = n + 1 + st.on_top + st.stores.len();
        for name in control {
            self.rotate(rotations);
            if st.stores.contains(&name) {
                return self.error(format!("multiple assignments to name '{name}' in pattern"), o.range);
            }
            st.stores.push(name);
        }
        self.op(Op::PopTop);
        Ok(())
    }
}
