//! Constants: literals, and arithmetic on them that is done once, here, within bounds.
//!
//! Bounded as CPython bounds it: integers to 128 bits, strings to 4,096 characters, tuples to 256 elements, so that
//! `2 ** 10**12` or `"a" * 10**9` is left to the program. What would raise is left to it as well.

use crate::bytecode::Const;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive, Zero};
use ruff_python_ast::{Expr, Number, Operator, UnaryOp};
use ruff_text_size::Ranged;

const MAX_INT_BITS: u64 = 128;
const MAX_STR: usize = 4096;
const MAX_TUPLE: usize = 256;

/// An integer as a constant.
pub fn int(i: BigInt) -> Const {
    match i.to_i64() {
        Some(small) => Const::Int(small),
        None => Const::BigInt(i),
    }
}

/// Value of an integer literal as written: `1_000`, `0x_ff`, `0o17`, `0b1`.
pub fn parse_int_literal(text: &str) -> Option<BigInt> {
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    let (digits, radix) = match digits.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => (&digits[2..], 16),
        Some("0o") => (&digits[2..], 8),
        Some("0b") => (&digits[2..], 2),
        _ => (&digits[..], 10),
    };
    BigInt::parse_bytes(digits.as_bytes(), radix)
}

/// The constant an expression is, if it is one. `text` is the source.
pub fn constant(text: &str, e: &Expr) -> Option<Const> {
    match e {
        Expr::NoneLiteral(_) => Some(Const::None),
        Expr::BooleanLiteral(b) => Some(if b.value { Const::True } else { Const::False }),
        Expr::EllipsisLiteral(_) => Some(Const::Ellipsis),
        Expr::NumberLiteral(n) => match &n.value {
            Number::Int(_) => parse_int_literal(&text[n.range()]).map(int),
            Number::Float(f) => Some(Const::Float(*f)),
            Number::Complex { real, imag } => Some(Const::Complex(*real, *imag)),
        },
        Expr::StringLiteral(s) => Some(Const::Str(s.value.to_str().into())),
        Expr::BytesLiteral(b) => {
            let bytes: Vec<u8> = b.value.bytes().collect();
            Some(Const::Bytes(bytes.into()))
        }
        Expr::Name(n) if n.id.as_str() == "__debug__" => Some(Const::True),
        Expr::Tuple(t) => {
            if t.elts.iter().any(|e| matches!(e, Expr::Starred(_))) {
                return None;
            }
            let items: Option<Vec<Const>> = t.elts.iter().map(|e| constant(text, e)).collect();
            items.map(|v| Const::Tuple(v.into()))
        }
        Expr::UnaryOp(u) => unary(u.op, constant(text, &u.operand)?),
        Expr::BinOp(b) => {
            // the right one first: in a long chain it is the cheap one, and mostly no constant
            let right = constant(text, &b.right)?;
            binary(constant(text, &b.left)?, b.op, right)
        }
        _ => None,
    }
}

/// Is a constant true, as `bool()` has it?
pub fn truth(c: &Const) -> bool {
    match c {
        Const::None | Const::False => false,
        Const::True | Const::Ellipsis | Const::Code(_) => true,
        Const::Int(i) => *i != 0,
        Const::BigInt(i) => !i.is_zero(),
        Const::Float(f) => *f != 0.0,
        Const::Complex(a, b) => *a != 0.0 || *b != 0.0,
        Const::Str(s) => !s.is_empty(),
        Const::Bytes(s) => !s.is_empty(),
        Const::Tuple(t) | Const::Frozenset(t) => !t.is_empty(),
    }
}

fn as_int(c: &Const) -> Option<BigInt> {
    match c {
        Const::Int(i) => Some(BigInt::from(*i)),
        Const::BigInt(i) => Some(i.clone()),
        Const::True => Some(BigInt::from(1)),
        Const::False => Some(BigInt::from(0)),
        _ => None,
    }
}

fn as_float(c: &Const) -> Option<f64> {
    match c {
        Const::Float(f) => Some(*f),
        // exact below 2**53; beyond that rounding is the program's business
        Const::Int(i) if i.unsigned_abs() <= 1 << 53 => Some(*i as f64),
        _ => None,
    }
}

fn unary(op: UnaryOp, c: Const) -> Option<Const> {
    match (op, &c) {
        (UnaryOp::Not, _) => Some(if truth(&c) { Const::False } else { Const::True }),
        (UnaryOp::USub, Const::Float(f)) => Some(Const::Float(-f)),
        (UnaryOp::USub, Const::Complex(a, b)) => Some(Const::Complex(-a, -b)),
        (UnaryOp::UAdd, Const::Float(_) | Const::Complex(..)) => Some(c),
        (UnaryOp::Invert, Const::True | Const::False) => None, // warns when it runs
        _ => {
            let i = as_int(&c)?;
            Some(int(match op {
                UnaryOp::USub => -i,
                UnaryOp::UAdd => i,
                UnaryOp::Invert => -i - 1,
                UnaryOp::Not => return None,
            }))
        }
    }
}

fn binary(a: Const, op: Operator, b: Const) -> Option<Const> {
    match (&a, op, &b) {
        (Const::Str(x), Operator::Add, Const::Str(y)) if x.len() + y.len() <= MAX_STR => {
            return Some(Const::Str(format!("{x}{y}").into()));
        }
        (Const::Bytes(x), Operator::Add, Const::Bytes(y)) if x.len() + y.len() <= MAX_STR => {
            return Some(Const::Bytes([&x[..], &y[..]].concat().into()));
        }
        (Const::Tuple(x), Operator::Add, Const::Tuple(y)) if x.len() + y.len() <= MAX_TUPLE => {
            return Some(Const::Tuple([&x[..], &y[..]].concat().into()));
        }
        (Const::Str(s), Operator::Mult, n) | (n, Operator::Mult, Const::Str(s)) => {
            let n = as_int(n)?.to_i64()?.max(0) as usize;
            return (s.len().checked_mul(n)? <= MAX_STR).then(|| Const::Str(s.repeat(n).into()));
        }
        (Const::Tuple(t), Operator::Mult, n) | (n, Operator::Mult, Const::Tuple(t)) => {
            let n = as_int(n)?.to_i64()?.max(0) as usize;
            return (t.len().checked_mul(n)? <= MAX_TUPLE).then(|| {
                let all = t.iter().cycle().take(t.len() * n).cloned();
                Const::Tuple(all.collect())
            });
        }
        _ => {}
    }
    if let (Some(x), Some(y)) = (as_int(&a), as_int(&b)) {
        // `True & False` is a bool
        let bools = [&a, &b].iter().all(|c| matches!(c, Const::True | Const::False));
        if bools && matches!(op, Operator::BitAnd | Operator::BitOr | Operator::BitXor) {
            return None;
        }
        return ints(x, op, y);
    }
    if let Const::Complex(..) = &b
        && let (Some(x), Const::Complex(re, im)) = (as_float(&a), &b)
    {
        // `1+2j`, `1-2j`: the literal in two parts
        return match op {
            Operator::Add => Some(Const::Complex(x + re, *im)),
            Operator::Sub => Some(Const::Complex(x - re, 0.0 - *im)),
            _ => None,
        };
    }
    let (x, y) = (as_float(&a)?, as_float(&b)?);
    Some(Const::Float(match op {
        Operator::Add => x + y,
        Operator::Sub => x - y,
        Operator::Mult => x * y,
        Operator::Div if y != 0.0 => x / y,
        _ => return None,
    }))
}

fn ints(x: BigInt, op: Operator, y: BigInt) -> Option<Const> {
    let value = match op {
        Operator::Add => x + y,
        Operator::Sub => x - y,
        Operator::Mult if x.bits() + y.bits() <= MAX_INT_BITS => x * y,
        Operator::FloorDiv if !y.is_zero() => x.div_floor(&y),
        Operator::Mod if !y.is_zero() => x.mod_floor(&y),
        Operator::Div => {
            let (x, y) = (as_float(&int(x))?, as_float(&int(y))?);
            return (y != 0.0).then(|| Const::Float(x / y));
        }
        Operator::Pow if !y.is_negative() => {
            let n = y.to_u64()?;
            if x.bits().max(1).checked_mul(n)? > MAX_INT_BITS {
                return None;
            }
            x.pow(n as u32)
        }
        Operator::LShift if !y.is_negative() => {
            let n = y.to_u64()?;
            if x.bits().checked_add(n)? > MAX_INT_BITS {
                return None;
            }
            x << n
        }
        Operator::RShift if !y.is_negative() => x >> y.to_u64()?,
        Operator::BitAnd => x & y,
        Operator::BitOr => x | y,
        Operator::BitXor => x ^ y,
        _ => return None,
    };
    (value.bits() <= MAX_INT_BITS).then(|| int(value))
}
