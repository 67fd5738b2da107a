//! Operators, comparisons, truth. Numbers first; then methods of classes, by stages; then what built-in types do.

use super::{E, Exc, R, Step, Vm};
use crate::{
    bytecode::{BinKind, CmpKind},
    object::*,
    types::{
        deque::ring,
        names::N,
        weak::{is_extended, is_proxy},
    },
    value::{Kind, SMALL_MAX, SMALL_MIN, Value},
};
use num_bigint::BigInt;
use num_traits::{ToPrimitive, Zero};
use std::{cmp::Ordering, sync::atomic::Ordering::Relaxed};
use twinheap::{Gc, Lifo, OneMutator, Val};

/// Small integers and packed floats; `None`: the long way.
#[inline(always)]
pub fn fast_binary<'gc, M: OneMutator>(op: u8, a: &V<'gc, M>, b: &V<'gc, M>) -> Option<V<'gc, M>> {
    if let (Some(x), Some(y)) = (a.as_int(), b.as_int()) {
        return match op & 15 {
            0 => Val::small(x + y),
            1 => Val::small(x - y),
            2 => Val::small(x.checked_mul(y)?),
            4 if y > 0 => Val::small(x.div_euclid(y)),
            5 if y > 0 => Val::small(x.rem_euclid(y)),
            8 if (0..60).contains(&y) && x.unsigned_abs() < 1 << (60 - y) => Val::small(x << y),
            9 if (0..62).contains(&y) => Val::small(x >> y),
            10 => Val::small(x & y),
            11 => Val::small(x | y),
            12 => Val::small(x ^ y),
            3 if y != 0 && x.unsigned_abs() < 1 << 53 && y.unsigned_abs() < 1 << 53 => Val::packed(x as f64 / y as f64),
            _ => None,
        };
    }
    let x = match a.as_packed() {
        Some(x) => x,
        None => small_as_f64(a)?,
    };
    let y = match b.as_packed() {
        Some(y) => y,
        None => small_as_f64(b)?,
    };
    match op & 15 {
        0 => Val::packed(x + y),
        1 => Val::packed(x - y),
        2 => Val::packed(x * y),
        3 if y != 0.0 => Val::packed(x / y),
        _ => None,
    }
}
#[inline(always)]
fn small_as_f64<M: OneMutator>(v: &V<'_, M>) -> Option<f64> {
    v.as_int().map(|i| i as f64)
}
/// What two truth values are joined to by `&`, `|` and `^`: one as well.
fn both_bool<'gc, M: OneMutator>(op: BinKind, a: &V<'gc, M>, b: &V<'gc, M>) -> Option<V<'gc, M>> {
    let (x, y) = (a.as_bool()?, b.as_bool()?);
    match op.base() {
        BinKind::And => Some(Val::bool(x & y)),
        BinKind::Or => Some(Val::bool(x | y)),
        BinKind::Xor => Some(Val::bool(x ^ y)),
        _ => None,
    }
}
fn ordered(op: u8, o: Ordering) -> bool {
    match op & 7 {
        0 => o.is_lt(),
        1 => o.is_le(),
        2 => o.is_eq(),
        3 => o.is_ne(),
        4 => o.is_gt(),
        _ => o.is_ge(),
    }
}
/// Comparison of small integers, packed floats, strings for equality.
#[inline(always)]
pub fn fast_compare<'gc, M: OneMutator>(op: u8, a: &V<'gc, M>, b: &V<'gc, M>) -> Option<bool> {
    if let (Some(x), Some(y)) = (a.as_int(), b.as_int()) {
        return Some(match op {
            0 => x < y,
            1 => x <= y,
            2 => x == y,
            3 => x != y,
            4 => x > y,
            _ => x >= y,
        });
    }
    if let (Some(x), Some(y)) = (a.as_packed(), b.as_packed()) {
        return Some(match op {
            0 => x < y,
            1 => x <= y,
            2 => x == y,
            3 => x != y,
            4 => x > y,
            _ => x >= y,
        });
    }
    if op == 2 || op == 3 {
        let (x, y) = (a.downcast_ref::<Str>()?, b.downcast_ref::<Str>()?);
        return Some((x.ptr_eq(y) || x.text() == y.text()) == (op == 2));
    }
    None
}

/// The method behind `-`, `+` and `~`.
pub fn unary_method(op: crate::bytecode::Op) -> N {
    match op {
        crate::bytecode::Op::UnaryNegative => N::neg,
        crate::bytecode::Op::UnaryPositive => N::pos,
        _ => N::invert,
    }
}

/// A number, for the long way.
enum Num {
    Int(i64),
    Big(BigInt),
    Float(f64),
}

const METHODS: [(N, N, N); 13] = [
    (N::add, N::radd, N::iadd),
    (N::sub, N::rsub, N::isub),
    (N::mul, N::rmul, N::imul),
    (N::truediv, N::rtruediv, N::itruediv),
    (N::floordiv, N::rfloordiv, N::ifloordiv),
    (N::mod_, N::rmod, N::imod),
    (N::pow, N::rpow, N::ipow),
    (N::matmul, N::rmatmul, N::imatmul),
    (N::lshift, N::rlshift, N::ilshift),
    (N::rshift, N::rrshift, N::irshift),
    (N::and, N::rand, N::iand),
    (N::or, N::ror, N::ior),
    (N::xor, N::rxor, N::ixor),
];
const COMPARES: [(N, N); 6] =
    [(N::lt, N::gt), (N::le, N::ge), (N::eq, N::eq), (N::ne, N::ne), (N::gt, N::lt), (N::ge, N::le)];

impl<'gc, M: OneMutator> Vm<'gc, M> {
    // ---- numbers --------------------------------------------------------------------------------------------------------
    fn num(&self, v: &V<'gc, M>) -> Option<Num> {
        Some(match v.kind() {
            Kind::Int => Num::Int(v.as_int()?),
            Kind::Bool => Num::Int(v.is_true() as i64),
            Kind::Float => Num::Float(self.as_f64(v)?),
            Kind::BigInt => Num::Big(v.downcast_ref::<Big>()?.0.0.clone()),
            _ => return None,
        })
    }
    /// The float in a value.
    pub fn as_f64(&self, v: &V<'gc, M>) -> Option<f64> {
        v.as_packed().or_else(|| v.downcast_ref::<BoxedFloat>().map(|f| f.0))
    }
    /// The integer in a value, bools included.
    pub fn as_big(&self, v: &V<'gc, M>) -> Option<BigInt> {
        match self.num(v)? {
            Num::Int(i) => Some(i.into()),
            Num::Big(b) => Some(b),
            Num::Float(_) => None,
        }
    }
    /// `int` by `__index__`; too large ones are an OverflowError.
    pub fn to_index(&mut self, v: &V<'gc, M>) -> R<'gc, M, i64> {
        match v.kind() {
            Kind::Int => Ok(v.as_int().unwrap_or(0)),
            Kind::Bool => Ok(v.is_true() as i64),
            Kind::BigInt => {
                let b = v.downcast_ref::<Big>().and_then(|b| b.0.0.to_i64());
                b.ok_or_else(|| self.raise(E::OverflowError, "Python int too large to convert to C ssize_t"))
            }
            Kind::Instance => {
                if let Some(inner) = self.inner(v).filter(Self::is_index) {
                    return self.to_index(&inner);
                }
                match self.call_special(v, N::index, &[])? {
                    Some(i) => {
                        let i = self.checked_int("__index__", i)?;
                        self.to_index(&i)
                    }
                    None => Err(self.no_integer(v)),
                }
            }
            _ => match self.seen_through(v)? {
                Some(target) => self.to_index(&target),
                None => Err(self.no_integer(v)),
            },
        }
    }
    /// Whether it is an integer as it is.
    fn is_index(v: &V<'gc, M>) -> bool {
        matches!(v.kind(), Kind::Int | Kind::Bool | Kind::BigInt)
    }
    fn no_integer(&mut self, v: &V<'gc, M>) -> Exc<'gc, M> {
        let t = self.type_name(v);
        self.raise(E::TypeError, &format!("'{t}' object cannot be interpreted as an integer"))
    }
    /// A float from any number.
    pub fn to_f64(&mut self, v: &V<'gc, M>) -> R<'gc, M, f64> {
        let v = self.through(v.clone())?;
        let v = self.unwrapped(v);
        match self.num(&v) {
            Some(Num::Int(i)) => Ok(i as f64),
            Some(Num::Float(f)) => Ok(f),
            Some(Num::Big(b)) => match crate::num::int::to_f64(&b) {
                Some(f) => Ok(f),
                None => Err(self.raise(E::OverflowError, "int too large to convert to float")),
            },
            None => {
                if let Some(f) = self.call_special(&v, N::float_, &[])? {
                    return self.checked_float(&v, f);
                }
                if let Some(i) = self.call_special(&v, N::index, &[])? {
                    let i = self.checked_int("__index__", i)?;
                    return self.to_f64(&i);
                }
                let t = self.type_name(&v);
                Err(self.raise(E::TypeError, &format!("must be real number, not {t}")))
            }
        }
    }
    fn numbers(&mut self, op: BinKind, x: Num, y: Num) -> R<'gc, M> {
        use BinKind::*;
        if let (Num::Int(a), Num::Int(b)) = (&x, &y)
            && let Some(v) = fast_binary(op as u8, &self.int(*a)?, &self.int(*b)?)
        {
            return Ok(v);
        }
        let float = |n: &Num| match n {
            Num::Int(i) => Some(*i as f64),
            Num::Big(b) => crate::num::int::to_f64(b),
            Num::Float(f) => Some(*f),
        };
        if matches!(x, Num::Float(_)) || matches!(y, Num::Float(_)) {
            let (Some(a), Some(b)) = (float(&x), float(&y)) else {
                return Err(self.raise(E::OverflowError, "int too large to convert to float"));
            };
            let zero = b == 0.0;
            let r = match op.base() {
                Add => a + b,
                Sub => a - b,
                Mul => a * b,
                TrueDiv if zero => return Err(self.raise(E::ZeroDivisionError, "float division by zero")),
                TrueDiv => a / b,
                FloorDiv if zero => return Err(self.raise(E::ZeroDivisionError, "float floor division by zero")),
                FloorDiv => crate::num::float::divmod(a, b).map_or(f64::NAN, |d| d.0),
                Mod if zero => return Err(self.raise(E::ZeroDivisionError, "float modulo")),
                Mod => crate::num::float::divmod(a, b).map_or(f64::NAN, |d| d.1),
                Pow => {
                    if a == 0.0 && b < 0.0 {
                        return Err(self.raise(E::ZeroDivisionError, "zero to a negative power"));
                    }
                    let r = a.powf(b);
                    if r.is_infinite() && a.is_finite() && b.is_finite() {
                        return Err(self.raise(E::OverflowError, "(34, 'Numerical result out of range')"));
                    }
                    r
                }
                _ => return self.unsupported_numbers(op),
            };
            return self.float(r);
        }
        let big = |n: Num| match n {
            Num::Int(i) => BigInt::from(i),
            Num::Big(b) => b,
            Num::Float(_) => BigInt::zero(),
        };
        let (a, b) = (big(x), big(y));
        crate::types::int::big_binary(self, op.base(), a, b)
    }
    fn unsupported_numbers<O>(&mut self, op: BinKind) -> R<'gc, M, O> {
        Err(self.raise(E::TypeError, &format!("unsupported operand type(s) for {}: 'float' and 'float'", op.text())))
    }

    // ---- binary ---------------------------------------------------------------------------------------------------------
    /// `a op b`; lets go of the left one first.
    #[inline(never)]
    pub fn binary(&mut self, op: BinKind, a: V<'gc, M>, b: V<'gc, M>) -> R<'gc, M, Step<'gc, M>> {
        let out = self.binary_of(op, &a, &b);
        drop(a);
        drop(b);
        out
    }
    fn binary_of(&mut self, op: BinKind, a: &V<'gc, M>, b: &V<'gc, M>) -> R<'gc, M, Step<'gc, M>> {
        if let (Some(x), Some(y)) = (self.num(a), self.num(b)) {
            if let (
                Num::Float(_),
                BinKind::LShift | BinKind::RShift | BinKind::And | BinKind::Or | BinKind::Xor | BinKind::MatMul,
            ) = (&x, op.base())
            {
                return Err(self.unsupported(op, a, b));
            }
            return match both_bool(op, a, b) {
                Some(v) => Ok(Step::Value(v)),
                None => self.numbers(op, x, y).map(Step::Value),
            };
        }
        if let Some(a) = self.seen_through(a)? {
            // A proxy's own slot is the left operand's, and sees through both.
            let b = self.through(b.clone())?;
            return self.binary(op, a, b);
        }
        if a.kind() != Kind::Instance
            && b.kind() != Kind::Instance
            && self.sub_of(a).is_none()
            && self.sub_of(b).is_none()
            && !is_extended(a)
            && !is_extended(b)
        {
            return match self.native_binary(op, a, b)? {
                Some(v) => Ok(Step::Value(v)),
                None => match self.seen_through(b)? {
                    Some(b) => self.binary_of(op.base(), a, &b),
                    None => Err(self.unsupported(op, a, b)),
                },
            };
        }
        self.operator(op as u8, 0, a, b)
    }
    /// `a op b`, nested.
    pub fn binary_nested(&mut self, op: BinKind, a: V<'gc, M>, b: V<'gc, M>) -> R<'gc, M> {
        if let Some(v) = fast_binary(op as u8, &a, &b) {
            return Ok(v);
        }
        let depth = self.frames.len();
        let step = self.binary(op, a, b)?;
        self.settle(step, depth)
    }
    /// The stages of an operator: 0 the in-place method, 1 the right one's if its class is a subclass, 2 the left one's,
    /// 3 the right one's, 4 what built-in types do. Comparisons are operators from 64 on.
    ///
    /// While a method runs, the operands lie below its frame, from where the next stage takes them.
    fn operator(&mut self, op: u8, from: u8, a: &V<'gc, M>, b: &V<'gc, M>) -> R<'gc, M, Step<'gc, M>> {
        let (ca, cb) = (self.class_of(a), self.class_of(b));
        let compare = op >= 64;
        let (method_name, reflected, in_place) = if compare {
            let (n, r) = COMPARES[(op - 64) as usize];
            (n, r, None)
        } else {
            let (n, r, i) = METHODS[(op & 15) as usize];
            (n, r, (op & 16 != 0).then_some(i))
        };
        let sub = !ca.ptr_eq(&cb) && self.is_subclass(&cb, &ca);
        for stage in from..4 {
            let (class, method, this, other) = match stage {
                0 => match in_place {
                    Some(i) => (&ca, i, a, b),
                    None => continue,
                },
                1 if sub => (&cb, reflected, b, a),
                2 => (&ca, method_name, a, b),
                3 if !sub && (compare || !ca.ptr_eq(&cb)) => (&cb, reflected, b, a),
                _ => continue,
            };
            let Some(f) = self.lookup(class, method) else { continue };
            if f.kind() == Kind::Native || f.is_none() {
                continue;
            }
            if f.kind() == Kind::Func {
                let step =
                    self.call_keeping(f, &[a.clone(), b.clone()], &[this.clone(), other.clone()], Mode::Operator)?;
                if let Some(frame) = self.frames.last_mut() {
                    frame.extra = Val::index(op as usize | (stage as usize + 1) << 8);
                }
                return Ok(step);
            }
            let v = self.call_method_value(f, this, std::slice::from_ref(other))?;
            if !v.is_not_implemented() {
                return Ok(Step::Value(v));
            }
        }
        if compare {
            return self.compare_last(CmpKind::from_u8(op - 64), a, b).map(Step::Value);
        }
        let kind = BinKind::from_u8(op);
        let (x, y) = (self.unwrapped(a.clone()), self.unwrapped(b.clone()));
        if let (Some(p), Some(q)) = (self.num(&x), self.num(&y)) {
            return self.numbers(kind, p, q).map(Step::Value);
        }
        match self.native_binary(kind, &x, &y)? {
            Some(v) => Ok(Step::Value(v)),
            None => match self.seen_through(b)? {
                // The left operand's class had nothing to say to a proxy: now the proxy's.
                Some(b) => self.binary_of(kind.base(), a, &b),
                None => Err(self.unsupported(kind, a, b)),
            },
        }
    }
    /// A method answered NotImplemented: the next stage. `state` says of what, `kept` is where the operands lie.
    pub fn operator_again(&mut self, state: &V<'gc, M>, kept: usize, ret: usize) -> R<'gc, M, ()> {
        let state = state.as_int().unwrap_or(0);
        let (a, b) = (std::mem::take(&mut self.stack[kept]), std::mem::take(&mut self.stack[kept + 1]));
        self.stack.truncate(ret);
        let out = self.operator(state as u8, (state >> 8) as u8, &a, &b);
        drop(a);
        drop(b);
        if let Step::Value(v) = out? {
            self.stack.push(v)
        }
        Ok(())
    }
    #[cold]
    fn unsupported(&mut self, op: BinKind, a: &V<'gc, M>, b: &V<'gc, M>) -> Exc<'gc, M> {
        let (x, y) = (self.type_name(a), self.type_name(b));
        let text = match (a.kind(), op.base()) {
            (Kind::Str, BinKind::Add) => format!("can only concatenate str (not \"{y}\") to str"),
            (Kind::List, BinKind::Add) => format!("can only concatenate list (not \"{y}\") to list"),
            (Kind::Tuple, BinKind::Add) => format!("can only concatenate tuple (not \"{y}\") to tuple"),
            (Kind::Str | Kind::List | Kind::Tuple | Kind::Bytes, BinKind::Mul) => {
                format!("can't multiply sequence by non-int of type '{y}'")
            }
            _ => format!("unsupported operand type(s) for {}: '{x}' and '{y}'", op.text()),
        };
        self.raise(E::TypeError, &text)
    }
    /// What built-in types other than numbers do; `None`: nothing.
    fn native_binary(&mut self, op: BinKind, a: &V<'gc, M>, b: &V<'gc, M>) -> R<'gc, M, Option<V<'gc, M>>> {
        use BinKind::*;
        use Kind as K;
        if matches!(op, Mul | IMul) {
            // A sequence and what is an index by a method.
            let sequence = |v: &V<'gc, M>| matches!(v.kind(), K::Str | K::List | K::Tuple | K::Bytes);
            let by_method =
                |vm: &Self, v: &V<'gc, M>| v.kind() == K::Instance && vm.lookup(&vm.class_of(v), N::index).is_some();
            if sequence(a) && by_method(self, b) {
                let n = self.to_index(b)?;
                let n = self.int(n)?;
                return self.native_binary(op, a, &n);
            }
            if sequence(b) && by_method(self, a) {
                return self.native_binary(Mul, b, a);
            }
        }
        let index = |v: &V<'gc, M>| v.as_int().or(v.as_bool().map(|b| b as i64));
        Ok(match (op, a.kind(), b.kind()) {
            (Add | IAdd, K::Str, K::Str) => Some(self.concat(a, b)?),
            (Mod | IMod, K::Str, _) => Some(crate::types::str::percent(self, a, b)?),
            (Mul | IMul, K::Str, _) => match index(b) {
                Some(n) => Some(self.repeat_str(a, n)?),
                None if b.kind() == K::BigInt => return Err(self.memory_error()),
                None => None,
            },
            (Mul | IMul, K::Int | K::Bool | K::BigInt, K::Str | K::List | K::Tuple | K::Bytes) => {
                return self.native_binary(Mul, b, a);
            }
            (Add | IAdd, K::Bytes, K::Bytes) => {
                let (Some(x), Some(y)) = (a.downcast_ref::<Bytes>(), b.downcast_ref::<Bytes>()) else {
                    return Ok(None);
                };
                self.reserve_many(x.len() + y.len(), 2)?;
                let joined = [x.tail(), y.tail()].concat();
                Some(self.bytes(&joined)?)
            }
            (Mul | IMul, K::Bytes, _) => match (index(b), a.downcast_ref::<Bytes>()) {
                (Some(n), Some(x)) => {
                    self.reserve_many(x.len().saturating_mul(n.max(0) as usize), 2)?;
                    let bytes = x.tail().repeat(n.max(0) as usize);
                    Some(self.bytes(&bytes)?)
                }
                (None, Some(_)) if b.kind() == K::BigInt => return Err(self.memory_error()),
                _ => None,
            },
            (IAdd, K::List, _) => {
                self.extend(a, b)?;
                Some(a.clone())
            }
            (Add, K::List, K::List) => {
                let (Some(x), Some(y)) = (a.downcast_ref::<List<'gc, M>>(), b.downcast_ref::<List<'gc, M>>()) else {
                    return Ok(None);
                };
                let n = x.items.borrow().len() + y.items.borrow().len();
                self.reserve(n * 8)?;
                let mut items = Vec::with_capacity(n);
                items.extend_from_slice(&x.items.borrow());
                items.extend_from_slice(&y.items.borrow());
                Some(self.list(items)?)
            }
            (Mul, K::List, _) => match index(b) {
                Some(n) => {
                    let Some(x) = a.downcast_ref::<List<'gc, M>>() else { return Ok(None) };
                    let items = x.items.borrow().to_vec();
                    let items = self.repeated_items(&items, n)?;
                    Some(self.list(items)?)
                }
                None if b.kind() == K::BigInt => return Err(self.memory_error()),
                None => None,
            },
            (IMul, K::List, _) => match index(b) {
                Some(n) => {
                    let Some(x) = a.downcast_ref::<List<'gc, M>>() else { return Ok(None) };
                    let items = {
                        let once = x.items.borrow().to_vec();
                        self.repeated_items(&once, n)?
                    };
                    let old = std::mem::replace(&mut **x.items.borrow_mut(self.mc), items);
                    // Last to first, as CPython's `list_clear`.
                    drop(Lifo::new(old));
                    self.list_resized(x);
                    Some(a.clone())
                }
                None if b.kind() == K::BigInt => return Err(self.memory_error()),
                None => None,
            },
            (Add | IAdd, K::Tuple, K::Tuple) => {
                let (Some(x), Some(y)) = (a.downcast_ref::<Tuple<'gc, M>>(), b.downcast_ref::<Tuple<'gc, M>>()) else {
                    return Ok(None);
                };
                self.reserve_many(x.len() + y.len(), 16)?;
                let items = x.tail().iter().chain(y.tail()).cloned().collect();
                Some(self.tuple(items)?)
            }
            (Mul | IMul, K::Tuple, _) => match (index(b), a.downcast_ref::<Tuple<'gc, M>>()) {
                (Some(n), Some(x)) => {
                    let items = self.repeated_items(x.tail(), n)?;
                    Some(self.tuple(items)?)
                }
                (None, Some(_)) if b.kind() == K::BigInt => return Err(self.memory_error()),
                _ => None,
            },
            (Or, K::Dict, K::Dict) => {
                let (Some(x), Some(y)) = (a.downcast_ref::<Dict<'gc, M>>(), b.downcast_ref::<Dict<'gc, M>>()) else {
                    return Ok(None);
                };
                let bytes = x.table.borrow().buffer_bytes();
                self.reserve(bytes)?;
                let table = x.table.borrow().copy();
                let (y, d) = (y.clone(), self.dict(table)?);
                self.dict_update(&d, &y)?;
                Some(Val::from_gc(d))
            }
            (IOr, K::Dict, K::Dict) => {
                let (Some(x), Some(y)) = (a.downcast_ref::<Dict<'gc, M>>(), b.downcast_ref::<Dict<'gc, M>>()) else {
                    return Ok(None);
                };
                let (x, y) = (x.clone(), y.clone());
                self.dict_update(&x, &y)?;
                Some(a.clone())
            }
            (Add | Mul, K::Instance, _) | (Mul, _, K::Instance) if ring(a).or_else(|| ring(b)).is_some() => {
                self.deque_binary(op == Add, a, b)?
            }
            (IAdd | IMul, K::Instance, _) if ring(a).is_some() => self.deque_in_place(op == IAdd, a, b)?,
            (_, K::Set | K::View, K::Set | K::View) => crate::types::set_methods::operator(self, op, a, b)?,
            _ => None,
        })
    }
    fn repeated_items(&mut self, items: &[V<'gc, M>], n: i64) -> R<'gc, M, Vec<V<'gc, M>>> {
        let n = n.max(0) as usize;
        let total = items.len().saturating_mul(n);
        self.reserve(total.saturating_mul(8))?;
        let mut out = Vec::new();
        if out.try_reserve_exact(total).is_err() {
            return Err(self.memory_error());
        }
        for _ in 0..n {
            out.extend_from_slice(items)
        }
        Ok(out)
    }
    fn concat(&mut self, a: &V<'gc, M>, b: &V<'gc, M>) -> R<'gc, M> {
        let (Some(x), Some(y)) = (a.downcast_ref::<Str>(), b.downcast_ref::<Str>()) else { return Ok(Val::none()) };
        if x.is_empty() {
            return Ok(b.clone());
        }
        if y.is_empty() {
            return Ok(a.clone());
        }
        let n = x.len() + y.len();
        // The object, and what the buffer it is made in has to grow by.
        self.reserve(n.saturating_mul(2).saturating_sub(self.host.text.capacity()))?;
        let chars = x.header().chars + y.header().chars;
        let mut buffer = std::mem::take(&mut self.host.text);
        buffer.clear();
        buffer.push_str(x.text());
        buffer.push_str(y.text());
        let s = self.new_str_of(&buffer, chars);
        self.host.text = buffer;
        Ok(Val::from_gc(s?))
    }
    fn repeat_str(&mut self, a: &V<'gc, M>, n: i64) -> R<'gc, M> {
        let Some(x) = a.downcast_ref::<Str>() else { return Ok(Val::none()) };
        let n = n.max(0) as usize;
        // Made in a buffer and copied.
        self.reserve_many(x.len().saturating_mul(n), 2)?;
        if n == 1 {
            return Ok(a.clone());
        }
        let text = x.text().repeat(n);
        self.str(&text)
    }

    /// Numbers and what built-in types do.
    pub fn native_operator(&mut self, op: BinKind, a: &V<'gc, M>, b: &V<'gc, M>) -> R<'gc, M, Option<V<'gc, M>>> {
        if let (Some(x), Some(y)) = (self.num(a), self.num(b)) {
            if let Some(v) = both_bool(op, a, b) {
                return Ok(Some(v));
            }
            return self.numbers(op, x, y).map(Some);
        }
        self.native_binary(op, a, b)
    }

    // ---- unary ----------------------------------------------------------------------------------------------------------
    /// `-v`, `+v`, `~v`
    pub fn unary(&mut self, v: V<'gc, M>, n: N) -> R<'gc, M, Step<'gc, M>> {
        let v = self.through(v)?;
        if v.kind() == Kind::Instance {
            let class = self.class_of(&v);
            if let Some(f) = self.lookup(&class, n)
                && f.kind() != Kind::Native
            {
                let kept = [v];
                return self.call_keeping(f, &kept, &kept, Mode::Push);
            }
        }
        let w = self.unwrapped(v.clone());
        let out = match (self.num(&w), n) {
            (Some(Num::Int(i)), N::neg) => self.int(-i)?,
            (Some(Num::Int(i)), N::pos) => self.int(i)?,
            (Some(Num::Int(i)), N::invert) => self.int(!i)?,
            (Some(Num::Float(f)), N::neg) => self.float(-f)?,
            (Some(Num::Float(f)), N::pos) => self.float(f)?,
            (Some(Num::Big(b)), N::neg) => self.big(-b)?,
            (Some(Num::Big(_)), N::pos) => w,
            (Some(Num::Big(b)), N::invert) => self.big(-b - 1)?,
            _ => {
                let t = self.type_name(&v);
                let sign = match n {
                    N::neg => "-",
                    N::pos => "+",
                    _ => "~",
                };
                return Err(self.raise(E::TypeError, &format!("bad operand type for unary {sign}: '{t}'")));
            }
        };
        Ok(Step::Value(out))
    }

    // ---- truth ----------------------------------------------------------------------------------------------------------
    /// Truth, where no Python code decides it.
    #[inline(always)]
    pub fn truth_fast(&self, v: &V<'gc, M>) -> Option<bool> {
        match v.as_bool() {
            Some(b) => Some(b),
            None if v.is_none() => Some(false),
            None => match v.as_int() {
                Some(i) => Some(i != 0),
                None => self.truth_object(v),
            },
        }
    }
    fn truth_object(&self, v: &V<'gc, M>) -> Option<bool> {
        Some(match v.kind() {
            Kind::Str => !v.downcast_ref::<Str>()?.is_empty(),
            Kind::List if self.sub_of(v).is_none() => !v.downcast_ref::<List<'gc, M>>()?.items.borrow().is_empty(),
            Kind::Dict if self.sub_of(v).is_none() => !v.downcast_ref::<Dict<'gc, M>>()?.table.borrow().is_empty(),
            Kind::Set if self.sub_of(v).is_none() => !v.downcast_ref::<Set<'gc, M>>()?.table.borrow().is_empty(),
            Kind::Tuple => !v.downcast_ref::<Tuple<'gc, M>>()?.is_empty(),
            Kind::Bytes => !v.downcast_ref::<Bytes>()?.is_empty(),
            Kind::Float => self.as_f64(v)? != 0.0,
            Kind::Range => crate::types::list::range_len(v.downcast_ref::<Range>()?) != 0,
            Kind::View => !v.downcast_ref::<View<'gc, M>>()?.dict.table.borrow().is_empty(),
            Kind::Instance | Kind::List | Kind::Dict | Kind::Set => {
                let c = self.class_of(v);
                if self.lookup(&c, N::bool_).is_some_and(|f| f.kind() != Kind::Native)
                    || self.lookup(&c, N::len).is_some_and(|f| f.kind() != Kind::Native)
                {
                    return None;
                }
                match (v.kind(), self.inner(v)) {
                    (_, Some(inner)) => return self.truth_fast(&inner),
                    (Kind::List, _) => !v.downcast_ref::<List<'gc, M>>()?.items.borrow().is_empty(),
                    (Kind::Dict, _) => !v.downcast_ref::<Dict<'gc, M>>()?.table.borrow().is_empty(),
                    (Kind::Set, _) => !v.downcast_ref::<Set<'gc, M>>()?.table.borrow().is_empty(),
                    _ if c.flags.load(Relaxed) & class_flags::DEQUE != 0 => !ring(v)?.is_empty(),
                    _ => true,
                }
            }
            Kind::Weak if is_proxy(v) => return None,
            Kind::Weak if is_extended(v) => {
                let c = self.class_of(v);
                return if self.lookup(&c, N::bool_).or_else(|| self.lookup(&c, N::len)).is_some() {
                    None
                } else {
                    Some(true)
                };
            }
            _ => true,
        })
    }
    /// Truth by `__bool__` or `__len__`; `None`: a frame was pushed that pushes it (`mode`: Truth or NotTruth).
    pub fn truth(&mut self, v: V<'gc, M>, mode: Mode) -> R<'gc, M, Option<bool>> {
        if let Some(target) = self.seen_through(&v)? {
            return self.truth_nested(&target).map(Some);
        }
        let c = self.class_of(&v);
        let (f, mode) = match self.lookup(&c, N::bool_) {
            Some(f) => (f, if mode == Mode::Truth { Mode::BoolTruth } else { Mode::NotBoolTruth }),
            None => (self.lookup(&c, N::len).unwrap_or_default(), mode),
        };
        if f.kind() != Kind::Func {
            return self.truth_nested(&v).map(Some);
        }
        let kept = [v];
        match self.call_keeping(f, &kept, &kept, mode)? {
            Step::Value(v) => Ok(self.truth_fast(&v)),
            Step::Pushed => Ok(None),
        }
    }
    /// Truth, nested.
    pub fn truth_nested(&mut self, v: &V<'gc, M>) -> R<'gc, M, bool> {
        if let Some(b) = self.truth_fast(v) {
            return Ok(b);
        }
        if let Some(target) = self.seen_through(v)? {
            return self.truth_nested(&target);
        }
        if let Some(b) = self.call_special(v, N::bool_, &[])? {
            return match b.as_bool() {
                Some(b) => Ok(b),
                None => {
                    let t = self.type_name(&b);
                    Err(self.raise(E::TypeError, &format!("__bool__ should return bool, returned {t}")))
                }
            };
        }
        match self.call_special(v, N::len, &[])? {
            Some(n) => Ok(self.to_index(&n)? != 0),
            None => Ok(true),
        }
    }

    // ---- comparisons ----------------------------------------------------------------------------------------------------
    /// `a cmp b`; lets go of the left one first.
    #[inline(never)]
    pub fn compare(&mut self, op: CmpKind, a: V<'gc, M>, b: V<'gc, M>) -> R<'gc, M, Step<'gc, M>> {
        let out = self.compare_of(op, &a, &b);
        drop(a);
        drop(b);
        out
    }
    fn compare_of(&mut self, op: CmpKind, a: &V<'gc, M>, b: &V<'gc, M>) -> R<'gc, M, Step<'gc, M>> {
        if let Some(b) = fast_compare(op as u8, a, b) {
            return Ok(Step::Value(Val::bool(b)));
        }
        if let Some(a) = self.seen_through(a)? {
            let b = self.through(b.clone())?;
            return self.compare(op, a, b);
        }
        let user = |vm: &Self, v: &V<'gc, M>| {
            matches!(v.kind(), Kind::Instance | Kind::Class) || vm.sub_of(v).is_some() || is_extended(v)
        };
        if user(self, a) || user(self, b) {
            let plain = |v: &V<'gc, M>| {
                v.kind() == Kind::Instance && {
                    let i = super::instance(v);
                    i.is_some_and(|i| i.class.flags.load(Relaxed) & class_flags::EQ == 0 && i.class.own == 0)
                }
            };
            // Two plain instances are equal only to themselves.
            if matches!(op, CmpKind::Eq | CmpKind::Ne) && plain(a) && plain(b) {
                return self.operator_equal_plain(op, a, b);
            }
            return self.operator(64 + op as u8, 1, a, b);
        }
        self.compare_last(op, a, b).map(Step::Value)
    }
    fn operator_equal_plain(&mut self, op: CmpKind, a: &V<'gc, M>, b: &V<'gc, M>) -> R<'gc, M, Step<'gc, M>> {
        if op == CmpKind::Ne && self.lookup(&self.class_of(a), N::ne).is_some_and(|f| f.kind() != Kind::Native) {
            return self.operator(64 + op as u8, 1, a, b);
        }
        Ok(Step::Value(Val::bool(a.is(b) == (op == CmpKind::Eq))))
    }
    /// `a cmp b`, nested.
    pub fn compare_nested(&mut self, op: CmpKind, a: &V<'gc, M>, b: &V<'gc, M>) -> R<'gc, M> {
        let depth = self.frames.len();
        let step = self.compare_of(op, a, b)?;
        self.settle(step, depth)
    }
    /// `a == b`, identity first, as containers have it.
    pub fn equal(&mut self, a: &V<'gc, M>, b: &V<'gc, M>) -> R<'gc, M, bool> {
        if a.is(b) {
            return Ok(true);
        }
        if let Some(b) = fast_compare(2, a, b) {
            return Ok(b);
        }
        let v = self.compare_nested(CmpKind::Eq, a, b)?;
        self.truth_nested(&v)
    }
    /// `a < b`
    pub fn less(&mut self, a: &V<'gc, M>, b: &V<'gc, M>) -> R<'gc, M, bool> {
        if let Some(b) = fast_compare(0, a, b) {
            return Ok(b);
        }
        let v = self.compare_nested(CmpKind::Lt, a, b)?;
        self.truth_nested(&v)
    }
    /// What is left when no method decides.
    fn compare_last(&mut self, op: CmpKind, a: &V<'gc, M>, b: &V<'gc, M>) -> R<'gc, M> {
        if op == CmpKind::Ne
            && (a.kind() == Kind::Instance || b.kind() == Kind::Instance)
            && self.lookup(&self.class_of(a), N::eq).is_some_and(|f| f.kind() != Kind::Native)
        {
            // `__ne__` is by default what `__eq__` says not.
            if let Some(v) = self.call_special(a, N::eq, std::slice::from_ref(b))?
                && !v.is_not_implemented()
            {
                let t = self.truth_nested(&v)?;
                return Ok(Val::bool(!t));
            }
        }
        if let Some(target) = self.seen_through(b)? {
            return self.compare_nested(op, a, &target);
        }
        let (x, y) = (self.unwrapped(a.clone()), self.unwrapped(b.clone()));
        match self.native_compare(op, &x, &y)? {
            Some(b) => Ok(Val::bool(b)),
            None => match op {
                CmpKind::Eq => Ok(Val::bool(a.is(b))),
                CmpKind::Ne => Ok(Val::bool(!a.is(b))),
                _ => {
                    let (x, y) = (self.type_name(a), self.type_name(b));
                    let text = format!("'{}' not supported between instances of '{x}' and '{y}'", op.text());
                    Err(self.raise(E::TypeError, &text))
                }
            },
        }
    }
    /// Comparison of built-in values; `None`: they do not compare.
    pub fn native_compare(&mut self, op: CmpKind, a: &V<'gc, M>, b: &V<'gc, M>) -> R<'gc, M, Option<bool>> {
        if let (Some(x), Some(y)) = (self.num(a), self.num(b)) {
            let o = match (x, y) {
                (Num::Int(x), Num::Int(y)) => Some(x.cmp(&y)),
                (Num::Float(x), Num::Float(y)) => x.partial_cmp(&y),
                (Num::Float(f), i) => int_float(&i, f).map(Ordering::reverse),
                (i, Num::Float(f)) => int_float(&i, f),
                (Num::Int(x), Num::Big(y)) => Some(BigInt::from(x).cmp(&y)),
                (Num::Big(x), Num::Int(y)) => Some(x.cmp(&BigInt::from(y))),
                (Num::Big(x), Num::Big(y)) => Some(x.cmp(&y)),
            };
            return Ok(Some(match o {
                Some(o) => ordered(op as u8, o),
                None => op == CmpKind::Ne,
            }));
        }
        let equality = matches!(op, CmpKind::Eq | CmpKind::Ne);
        Ok(match (a.kind(), b.kind()) {
            (Kind::Str, Kind::Str) => {
                let (Some(x), Some(y)) = (a.downcast_ref::<Str>(), b.downcast_ref::<Str>()) else { return Ok(None) };
                Some(ordered(op as u8, x.text().cmp(y.text())))
            }
            (Kind::Bytes, Kind::Bytes) => {
                let (Some(x), Some(y)) = (a.downcast_ref::<Bytes>(), b.downcast_ref::<Bytes>()) else {
                    return Ok(None);
                };
                Some(ordered(op as u8, x.tail().cmp(y.tail())))
            }
            (Kind::List, Kind::List) | (Kind::Tuple, Kind::Tuple) => return self.compare_sequences(op, a, b).map(Some),
            (Kind::Dict, Kind::Dict) if equality => {
                let (Some(x), Some(y)) = (a.downcast_ref::<Dict<'gc, M>>(), b.downcast_ref::<Dict<'gc, M>>()) else {
                    return Ok(None);
                };
                let mut same = x.table.borrow().len() == y.table.borrow().len();
                if same {
                    let pairs: Vec<_> = x.table.borrow().iter().map(|e| (e.key.clone(), e.value.clone())).collect();
                    let y = y.clone();
                    for (k, v) in pairs {
                        match self.dict_get(&y, &k)? {
                            Some(w) if self.equal(&v, &w)? => {}
                            _ => {
                                same = false;
                                break;
                            }
                        }
                    }
                }
                Some(same == (op == CmpKind::Eq))
            }
            (Kind::Set | Kind::View, Kind::Set | Kind::View) => crate::types::set_methods::compare(self, op, a, b)?,
            (Kind::Range, Kind::Range) if equality => {
                let (Some(x), Some(y)) = (a.downcast_ref::<Range>(), b.downcast_ref::<Range>()) else {
                    return Ok(None);
                };
                let (n, m) = (crate::types::list::range_len(x), crate::types::list::range_len(y));
                let same = n == m && (n == 0 || (x.start == y.start && (n == 1 || x.step == y.step)));
                Some(same == (op == CmpKind::Eq))
            }
            (Kind::Method, Kind::Method) if equality => {
                let (Some(x), Some(y)) = (a.downcast_ref::<Method<'gc, M>>(), b.downcast_ref::<Method<'gc, M>>())
                else {
                    return Ok(None);
                };
                Some((x.func.is(&y.func) && x.this.is(&y.this)) == (op == CmpKind::Eq))
            }
            (Kind::Slice, Kind::Slice) if equality => {
                let (Some(x), Some(y)) =
                    (a.downcast_ref::<Slice<'gc, M>>().cloned(), b.downcast_ref::<Slice<'gc, M>>().cloned())
                else {
                    return Ok(None);
                };
                let same =
                    self.equal(&x.start, &y.start)? && self.equal(&x.stop, &y.stop)? && self.equal(&x.step, &y.step)?;
                Some(same == (op == CmpKind::Eq))
            }
            (Kind::Instance, Kind::Instance) => return self.compare_deques(op, a, b),
            (Kind::Weak, Kind::Weak) if equality && !is_proxy(a) && !is_proxy(b) => self.weak_equal(op, a, b)?,
            _ => None,
        })
    }
    /// Item `i` of a list or tuple.
    pub fn item(&self, v: &V<'gc, M>, i: usize) -> Option<V<'gc, M>> {
        match v.downcast_ref::<List<'gc, M>>() {
            Some(l) => l.items.borrow().get(i).cloned(),
            None => v.downcast_ref::<Tuple<'gc, M>>()?.tail().get(i).cloned(),
        }
    }
    fn compare_sequences(&mut self, op: CmpKind, a: &V<'gc, M>, b: &V<'gc, M>) -> R<'gc, M, bool> {
        let len = |vm: &Self, v: &V<'gc, M>| match v.downcast_ref::<List<'gc, M>>() {
            Some(l) => l.items.borrow().len(),
            None => vm.as_tuple(v).map_or(0, |t| t.len()),
        };
        if matches!(op, CmpKind::Eq | CmpKind::Ne) && len(self, a) != len(self, b) {
            return Ok(op == CmpKind::Ne);
        }
        if self.host.compare_depth > 900 {
            return Err(self.raise(E::RecursionError, "maximum recursion depth exceeded in comparison"));
        }
        let mut i = 0;
        loop {
            let (Some(x), Some(y)) = (self.item(a, i), self.item(b, i)) else {
                return Ok(ordered(op as u8, len(self, a).cmp(&len(self, b))));
            };
            self.host.compare_depth += 1;
            let same = self.equal(&x, &y);
            self.host.compare_depth -= 1;
            if !same? {
                return match op {
                    CmpKind::Eq => Ok(false),
                    CmpKind::Ne => Ok(true),
                    _ => {
                        let v = self.compare_nested(op, &x, &y)?;
                        self.truth_nested(&v)
                    }
                };
            }
            i += 1;
        }
    }
    /// The tuple in a value.
    pub fn as_tuple<'a>(&self, v: &'a V<'gc, M>) -> Option<&'a Gc<'gc, Tuple<'gc, M>, M>> {
        v.downcast_ref()
    }
}

fn int_float(i: &Num, f: f64) -> Option<Ordering> {
    match i {
        Num::Int(i) => crate::num::int::cmp_i64_float(*i, f),
        Num::Big(i) => crate::num::int::cmp_float(i, f),
        Num::Float(g) => g.partial_cmp(&f),
    }
}

const _: () = assert!(SMALL_MIN < 0 && SMALL_MAX > 0);
