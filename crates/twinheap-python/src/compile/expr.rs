//! Expressions: values, targets, f-strings. Calls and functions are in `call.rs`, comprehensions in `comp.rs`.

use super::emit::Label;
use super::{Compiler, Res};
use crate::bytecode::{BinKind, CmpKind, Const, Instr, Op};
use ruff_python_ast::{
    BoolOp, CmpOp, ConversionFlag, Expr, ExprCompare, ExprFString, ExprSlice, ExprSubscript, FStringPart,
    InterpolatedStringElement, Operator, UnaryOp,
};
use ruff_text_size::{Ranged, TextRange};

/// Displays longer than this are built piece by piece, so that the operand stack stays small.
const LONG: usize = 30;

/// The machine's operator.
pub fn bin_kind(op: Operator) -> BinKind {
    match op {
        Operator::Add => BinKind::Add,
        Operator::Sub => BinKind::Sub,
        Operator::Mult => BinKind::Mul,
        Operator::MatMult => BinKind::MatMul,
        Operator::Div => BinKind::TrueDiv,
        Operator::Mod => BinKind::Mod,
        Operator::Pow => BinKind::Pow,
        Operator::LShift => BinKind::LShift,
        Operator::RShift => BinKind::RShift,
        Operator::BitOr => BinKind::Or,
        Operator::BitXor => BinKind::Xor,
        Operator::BitAnd => BinKind::And,
        Operator::FloorDiv => BinKind::FloorDiv,
    }
}

fn compare(op: CmpOp) -> Instr {
    let kind = |k: CmpKind| Instr::with(Op::CompareOp, k as u8, 0, 0);
    match op {
        CmpOp::Eq => kind(CmpKind::Eq),
        CmpOp::NotEq => kind(CmpKind::Ne),
        CmpOp::Lt => kind(CmpKind::Lt),
        CmpOp::LtE => kind(CmpKind::Le),
        CmpOp::Gt => kind(CmpKind::Gt),
        CmpOp::GtE => kind(CmpKind::Ge),
        CmpOp::Is => Instr::with(Op::IsOp, 0, 0, 0),
        CmpOp::IsNot => Instr::with(Op::IsOp, 1, 0, 0),
        CmpOp::In => Instr::with(Op::ContainsOp, 0, 0, 0),
        CmpOp::NotIn => Instr::with(Op::ContainsOp, 1, 0, 0),
    }
}

/// A slice that can be two operands: `a[x:y]`, `a[:]`.
pub fn two_part_slice(s: &Expr) -> Option<&ExprSlice> {
    match s {
        Expr::Slice(s) if s.step.is_none() => Some(s),
        _ => None,
    }
}

impl<'a> Compiler<'a> {
    pub(super) fn expr(&mut self, e: &'a Expr) -> Res {
        self.at(e.range());
        match e {
            Expr::Name(n) => {
                if n.id.as_str() == "__debug__" {
                    self.load_const(Const::True);
                } else {
                    self.load_name(&n.id);
                    if n.id.starts_with("once_")
                        && self.src.filename == crate::PRELUDE_NAME
                        && let crate::resolve::Binding::Fast(slot) = self.binding(&n.id)
                    {
                        // In the runtime's own sources such a variable is gone when it has been read.
                        self.op1(Op::ClearFast, slot)
                    }
                }
                Ok(())
            }
            Expr::NumberLiteral(_) | Expr::BooleanLiteral(_) | Expr::NoneLiteral(_) | Expr::EllipsisLiteral(_) => {
                match self.constant(e) {
                    Some(c) => self.load_const(c),
                    None => return self.error("invalid number", e.range()),
                }
                Ok(())
            }
            Expr::StringLiteral(s) => {
                if s.value.to_str().contains('\u{fffd}') && has_surrogate_escape(self.src.slice(s.range)) {
                    return self.error("surrogates in string literals are not supported by this runtime", s.range);
                }
                let c = self.str_const(s.value.to_str());
                self.load_const(c);
                Ok(())
            }
            Expr::BytesLiteral(_) => {
                if let Some(c) = self.constant(e) {
                    self.load_const(c);
                }
                Ok(())
            }
            Expr::FString(f) => self.fstring(f),
            Expr::Attribute(a) => {
                self.expr(&a.value)?;
                self.at(a.range);
                self.name_op(Op::LoadAttr, &a.attr.id);
                Ok(())
            }
            Expr::Call(c) => self.call(c),
            Expr::BinOp(b) => {
                if let Some(c) = self.constant(e) {
                    self.load_const(c);
                    return Ok(());
                }
                self.expr(&b.left)?;
                self.expr(&b.right)?;
                self.at(b.range);
                self.push(Instr::with(Op::BinaryOp, bin_kind(b.op) as u8, 0, 0));
                Ok(())
            }
            Expr::UnaryOp(u) => {
                if let Some(c) = self.constant(e) {
                    self.load_const(c);
                    return Ok(());
                }
                self.expr(&u.operand)?;
                self.at(u.range);
                self.op(match u.op {
                    UnaryOp::Invert => Op::UnaryInvert,
                    UnaryOp::Not => Op::UnaryNot,
                    UnaryOp::UAdd => Op::UnaryPositive,
                    UnaryOp::USub => Op::UnaryNegative,
                });
                Ok(())
            }
            Expr::BoolOp(b) => {
                let end = self.asm().label();
                let op = if b.op == BoolOp::And { Op::JumpIfFalseOrPop } else { Op::JumpIfTrueOrPop };
                let (last, first) = b.values.split_last().expect("has operands");
                for v in first {
                    self.expr(v)?;
                    self.asm().jump(op, end);
                }
                self.expr(last)?;
                self.asm().place(end);
                Ok(())
            }
            Expr::Compare(c) => self.compare(c),
            Expr::Subscript(s) => self.subscript(s),
            Expr::If(i) => {
                let (orelse, end) = (self.asm().label(), self.asm().label());
                self.jump_if(&i.test, orelse, false)?;
                self.expr(&i.body)?;
                self.asm().jump(Op::Jump, end);
                self.asm().height -= 1;
                self.asm().place(orelse);
                self.expr(&i.orelse)?;
                self.asm().place(end);
                Ok(())
            }
            Expr::Tuple(t) => {
                if let Some(c) = self.constant(e) {
                    self.load_const(c);
                    return Ok(());
                }
                self.display(&t.elts, Op::BuildTuple, t.range)
            }
            Expr::List(l) => self.display(&l.elts, Op::BuildList, l.range),
            Expr::Set(s) => self.display(&s.elts, Op::BuildSet, s.range),
            Expr::Dict(d) => {
                let pairs: Vec<(Option<&'a Expr>, &'a Expr)> =
                    d.items.iter().map(|i| (i.key.as_ref(), &i.value)).collect();
                self.dict(&pairs, d.range)
            }
            Expr::ListComp(c) => self.list_comp(c),
            Expr::SetComp(c) => self.set_comp(c),
            Expr::DictComp(c) => self.dict_comp(c),
            Expr::Generator(g) => self.generator(g),
            Expr::Lambda(l) => self.lambda(l),
            Expr::Named(n) => {
                self.expr(&n.value)?;
                self.at(n.range);
                self.op1(Op::Copy, 1);
                self.store(&n.target)
            }
            Expr::Slice(s) => {
                for part in [&s.lower, &s.upper] {
                    match part {
                        Some(p) => self.expr(p)?,
                        None => self.op(Op::LoadNone),
                    }
                }
                if let Some(step) = &s.step {
                    self.expr(step)?;
                }
                self.at(s.range);
                self.op1(Op::BuildSlice, 2 + s.step.is_some() as u32);
                Ok(())
            }
            Expr::Yield(y) => {
                match &y.value {
                    Some(v) => self.expr(v)?,
                    None => self.op(Op::LoadNone),
                }
                self.at(y.range);
                self.op(Op::YieldValue);
                Ok(())
            }
            Expr::YieldFrom(y) => {
                self.expr(&y.value)?;
                self.at(y.range);
                self.op(Op::GetYieldFromIter);
                self.op(Op::LoadNone);
                self.op(Op::YieldFrom);
                Ok(())
            }
            Expr::Starred(s) => self.error("can't use starred expression here", s.range),
            Expr::Await(a) => self.error("'await' is not supported by this runtime", a.range),
            Expr::TString(t) => self.error("template strings are not supported by this runtime", t.range),
            Expr::IpyEscapeCommand(i) => self.error("invalid syntax", i.range),
        }
    }

    fn compare(&mut self, c: &'a ExprCompare) -> Res {
        if c.ops.len() == 1 {
            self.expr(&c.left)?;
            if matches!(c.ops[0], CmpOp::In | CmpOp::NotIn) {
                self.container(&c.comparators[0])?;
            } else {
                self.expr(&c.comparators[0])?;
            }
            self.at(c.range);
            self.push(compare(c.ops[0]));
            return Ok(());
        }
        let (fails, end) = (self.asm().label(), self.asm().label());
        self.chain(c, fails, Op::JumpIfFalseOrPop)?;
        self.asm().jump(Op::Jump, end);
        self.asm().place(fails);
        self.op1(Op::Swap, 2);
        self.op(Op::PopTop);
        self.asm().place(end);
        Ok(())
    }

    /// A chain whose result is on the stack unless it fails early; then the middle operand is, at `fails`.
    pub(super) fn compare_chain(&mut self, c: &'a ExprCompare, fails: Label) -> Res {
        self.chain(c, fails, Op::PopJumpIfFalse)
    }

    fn chain(&mut self, c: &'a ExprCompare, fails: Label, jump: Op) -> Res {
        self.expr(&c.left)?;
        let last = c.ops.len() - 1;
        for (i, (op, e)) in c.ops.iter().zip(&c.comparators).enumerate() {
            self.expr(e)?;
            self.at(c.range);
            if i == last {
                self.push(compare(*op));
            } else {
                self.op1(Op::Swap, 2);
                self.op1(Op::Copy, 2);
                self.push(compare(*op));
                self.asm().jump(jump, fails);
            }
        }
        Ok(())
    }

    /// Right-hand side of `in`: a display of constants is made once.
    fn container(&mut self, e: &'a Expr) -> Res {
        let (elts, set) = match e {
            Expr::List(l) => (&l.elts, false),
            Expr::Set(s) => (&s.elts, true),
            _ => return self.expr(e),
        };
        let items: Option<Vec<Const>> = elts.iter().map(|e| self.constant(e)).collect();
        match items {
            Some(items) => {
                self.at(e.range());
                self.load_const(if set { Const::Frozenset(items.into()) } else { Const::Tuple(items.into()) });
                Ok(())
            }
            None => self.expr(e),
        }
    }

    fn subscript(&mut self, s: &'a ExprSubscript) -> Res {
        self.expr(&s.value)?;
        match two_part_slice(&s.slice) {
            Some(parts) => {
                self.slice_parts(parts)?;
                self.at(s.range);
                self.op(Op::BinarySlice);
            }
            None => {
                self.expr(&s.slice)?;
                self.at(s.range);
                self.op(Op::BinarySubscr);
            }
        }
        Ok(())
    }

    pub(super) fn slice_parts(&mut self, s: &'a ExprSlice) -> Res {
        for part in [&s.lower, &s.upper] {
            match part {
                Some(p) => self.expr(p)?,
                None => self.op(Op::LoadNone),
            }
        }
        Ok(())
    }

    /// `[…]`, `(…)`, `{…}` with or without stars.
    pub(super) fn display(&mut self, elts: &'a [Expr], build: Op, range: TextRange) -> Res {
        let starred = elts.iter().any(|e| matches!(e, Expr::Starred(_)));
        if !starred && elts.len() <= LONG {
            // three or more constants at once
            let constants: Option<Vec<Const>> =
                if elts.len() >= 3 { elts.iter().map(|e| self.constant(e)).collect() } else { None };
            if let Some(items) = constants {
                return self.display_of_constants(items, build, range);
            }
            for e in elts {
                self.expr(e)?;
            }
            self.at(range);
            self.op1(build, elts.len() as u32);
            return Ok(());
        }
        if !starred {
            let items: Option<Vec<Const>> = elts.iter().map(|e| self.constant(e)).collect();
            if let Some(items) = items {
                return self.display_of_constants(items, build, range);
            }
        }
        let set = build == Op::BuildSet;
        self.op1(if set { Op::BuildSet } else { Op::BuildList }, 0);
        for e in elts {
            match e {
                Expr::Starred(s) => {
                    self.expr(&s.value)?;
                    self.at(s.range);
                    self.op1(if set { Op::SetUpdate } else { Op::ListExtend }, 1);
                }
                e => {
                    self.expr(e)?;
                    self.op1(if set { Op::SetAdd } else { Op::ListAppend }, 1);
                }
            }
        }
        self.at(range);
        if build == Op::BuildTuple {
            self.op(Op::ListToTuple);
        }
        Ok(())
    }

    fn display_of_constants(&mut self, items: Vec<Const>, build: Op, range: TextRange) -> Res {
        self.at(range);
        match build {
            Op::BuildTuple => self.load_const(Const::Tuple(items.into())),
            Op::BuildSet => {
                self.op1(Op::BuildSet, 0);
                self.load_const(Const::Frozenset(items.into()));
                self.op1(Op::SetUpdate, 1);
            }
            _ => {
                self.op1(Op::BuildList, 0);
                self.load_const(Const::Tuple(items.into()));
                self.op1(Op::ListExtend, 1);
            }
        }
        Ok(())
    }

    /// A dict display; a pair without key is `**value`.
    fn dict(&mut self, pairs: &[(Option<&'a Expr>, &'a Expr)], range: TextRange) -> Res {
        let plain = pairs.iter().all(|(k, _)| k.is_some());
        if plain && pairs.len() * 2 <= LONG {
            for (k, v) in pairs {
                if let Some(k) = k {
                    self.expr(k)?;
                }
                self.expr(v)?;
            }
            self.at(range);
            self.op1(Op::BuildMap, pairs.len() as u32);
            return Ok(());
        }
        self.op1(Op::BuildMap, 0);
        for (k, v) in pairs {
            match k {
                Some(k) => {
                    self.expr(k)?;
                    self.expr(v)?;
                    self.at(range);
                    self.op1(Op::MapAdd, 1);
                }
                None => {
                    self.expr(v)?;
                    self.at(v.range());
                    self.op1(Op::DictUpdate, 1);
                }
            }
        }
        Ok(())
    }

    // ---- f-strings ------------------------------------------------------------------------------------------------

    fn fstring(&mut self, f: &'a ExprFString) -> Res {
        let mut pieces = Pieces::default();
        for part in f.value.iter() {
            match part {
                FStringPart::Literal(l) => pieces.text(&l.value),
                FStringPart::FString(s) => {
                    for e in s.elements.iter() {
                        self.fstring_element(e, &mut pieces)?;
                    }
                }
            }
        }
        self.at(f.range);
        self.fstring_end(pieces);
        Ok(())
    }

    fn flush(&mut self, p: &mut Pieces) {
        if !p.pending.is_empty() {
            let text = std::mem::take(&mut p.pending);
            self.load_const(Const::Str(text.into()));
            p.count += 1;
        }
        // one string so far instead of very many
        if p.count >= LONG as u32 {
            self.op1(Op::BuildString, p.count);
            p.count = 1;
        }
    }

    fn fstring_end(&mut self, mut p: Pieces) {
        if p.count == 0 && p.pending.is_empty() {
            self.load_const(Const::Str("".into()));
            return;
        }
        self.flush(&mut p);
        if p.count != 1 {
            self.op1(Op::BuildString, p.count);
        }
    }

    fn fstring_element(&mut self, e: &'a InterpolatedStringElement, p: &mut Pieces) -> Res {
        match e {
            InterpolatedStringElement::Literal(l) => p.text(&l.value),
            InterpolatedStringElement::Interpolation(i) => {
                if let Some(d) = &i.debug_text {
                    p.text(&without_comments(d.leading()));
                    p.text(d.expression());
                    p.text(&without_comments(d.trailing()));
                }
                self.flush(p);
                self.expr(&i.expression)?;
                self.at(i.range);
                let conversion = match (i.conversion, &i.debug_text, &i.format_spec) {
                    (ConversionFlag::None, Some(_), None) => 2,
                    (ConversionFlag::None, ..) => 0,
                    (ConversionFlag::Str, ..) => 1,
                    (ConversionFlag::Repr, ..) => 2,
                    (ConversionFlag::Ascii, ..) => 3,
                };
                if conversion != 0 {
                    self.push(Instr::with(Op::ConvertValue, conversion, 0, 0));
                }
                match &i.format_spec {
                    None => self.op(Op::FormatSimple),
                    Some(spec) => {
                        let mut inner = Pieces::default();
                        for e in spec.elements.iter() {
                            self.fstring_element(e, &mut inner)?;
                        }
                        self.fstring_end(inner);
                        self.at(i.range);
                        self.op(Op::FormatWithSpec);
                    }
                }
                p.count += 1;
            }
        }
        Ok(())
    }

    // ---- targets --------------------------------------------------------------------------------------------------

    /// Pop the top into a target.
    pub(super) fn store(&mut self, target: &'a Expr) -> Res {
        match target {
            Expr::Name(n) => {
                self.at(n.range);
                self.store_name(&n.id);
            }
            Expr::Attribute(a) => {
                self.expr(&a.value)?;
                self.at(a.range);
                self.note_static_attribute(&a.value, &a.attr.id);
                self.name_op(Op::StoreAttr, &a.attr.id);
            }
            Expr::Subscript(s) => {
                self.expr(&s.value)?;
                match two_part_slice(&s.slice) {
                    Some(parts) => {
                        self.slice_parts(parts)?;
                        self.at(s.range);
                        self.op(Op::StoreSlice);
                    }
                    None => {
                        self.expr(&s.slice)?;
                        self.at(s.range);
                        self.op(Op::StoreSubscr);
                    }
                }
            }
            Expr::Tuple(t) => return self.unpack(&t.elts, t.range),
            Expr::List(l) => return self.unpack(&l.elts, l.range),
            Expr::Starred(s) => return self.error("starred assignment target must be in a list or tuple", s.range),
            other => return self.error("cannot assign to expression", other.range()),
        }
        Ok(())
    }

    fn unpack(&mut self, elts: &'a [Expr], range: TextRange) -> Res {
        self.at(range);
        let mut stars = elts.iter().enumerate().filter(|(_, e)| matches!(e, Expr::Starred(_)));
        match (stars.next(), stars.next()) {
            (None, _) => self.op1(Op::UnpackSequence, elts.len() as u32),
            (Some((i, _)), None) => {
                let Ok(before) = u16::try_from(i) else {
                    return self.error("too many expressions in star-unpacking assignment", range);
                };
                self.push(Instr::with(Op::UnpackEx, 0, before, (elts.len() - i - 1) as u32));
            }
            _ => return self.error("multiple starred expressions in assignment", range),
        }
        for e in elts {
            match e {
                Expr::Starred(s) => self.store(&s.value)?,
                e => self.store(e)?,
            }
        }
        Ok(())
    }
}

/// Parts of an f-string: how many strings are on the stack, and text that comes after them.
#[derive(Default)]
struct Pieces {
    count: u32,
    pending: String,
}

impl Pieces {
    fn text(&mut self, s: &str) {
        self.pending.push_str(s);
    }
}

/// `{x = # why` shows as `x = `.
fn without_comments(text: &str) -> String {
    text.split('\n').map(|l| l.split('#').next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Does the source of a string literal have an escape for half a surrogate pair?
fn has_surrogate_escape(text: &str) -> bool {
    let t = text.to_ascii_lowercase();
    t.match_indices("\\u").any(|(i, _)| {
        t.as_bytes().get(i + 2) == Some(&b'd') && t.as_bytes().get(i + 3).is_some_and(|c| b"89abcdef".contains(c))
    }) || t.contains("\\u0000d")
}
