//! `int` and `bool`: big arithmetic, conversion, methods.

use crate::{
    bytecode::BinKind,
    num::{float as flt, int},
    object::*,
    value::{Kind, Value},
    vm::{
        Args, E, R, T, Vm,
        boot::{GetSet, Methods},
        natives::{def, def_kw},
    },
};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive, Zero};
use twinheap::{OneMutator, Val};

/// More bits than this in a result are refused before it is computed.
fn check_bits<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, bits: u64) -> R<'gc, M, ()> {
    vm.reserve((bits / 8).saturating_mul(3) as usize)
}
/// Integers beyond 61 bits.
pub fn big_binary<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, op: BinKind, a: BigInt, b: BigInt) -> R<'gc, M> {
    use BinKind::*;
    let zero = b.is_zero();
    let out = match op {
        Add => a + b,
        Sub => a - b,
        Mul => {
            check_bits(vm, a.bits() + b.bits())?;
            a * b
        }
        TrueDiv => {
            return match int::true_div(&a, &b) {
                Ok(f) => vm.float(f),
                Err(int::DivError::Zero) => Err(vm.raise(E::ZeroDivisionError, "division by zero")),
                Err(int::DivError::Overflow) => {
                    Err(vm.raise(E::OverflowError, "integer division result too large for a float"))
                }
            };
        }
        FloorDiv | Mod if zero => {
            let text = if op == FloorDiv { "integer division or modulo by zero" } else { "integer modulo by zero" };
            return Err(vm.raise(E::ZeroDivisionError, text));
        }
        FloorDiv => a.div_floor(&b),
        Mod => a.mod_floor(&b),
        Pow => return power(vm, &a, &b),
        LShift | RShift if b.is_negative() => return Err(vm.raise(E::ValueError, "negative shift count")),
        LShift => {
            if a.is_zero() {
                return Ok(Val::index(0));
            }
            let Some(n) = b.to_u64() else { return Err(vm.memory_error()) };
            check_bits(vm, a.bits().saturating_add(n))?;
            a << n
        }
        RShift => match b.to_u64() {
            Some(n) if n < a.bits() + 1 => a >> n,
            _ => BigInt::from(if a.is_negative() { -1 } else { 0 }),
        },
        And => a & b,
        Or => a | b,
        Xor => a ^ b,
        _ => return Err(vm.raise(E::TypeError, "unsupported operand type(s) for @: 'int' and 'int'")),
    };
    vm.big(out)
}
fn power<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: &BigInt, b: &BigInt) -> R<'gc, M> {
    if b.is_negative() {
        if a.is_zero() {
            return Err(vm.raise(E::ZeroDivisionError, "zero to a negative power"));
        }
        let (x, y) = (int::to_f64(a), int::to_f64(b));
        let (Some(x), Some(y)) = (x, y) else {
            return Err(vm.raise(E::OverflowError, "int too large to convert to float"));
        };
        return vm.float(x.powf(y));
    }
    match int::pow_bits(a, b) {
        Some(bits) => check_bits(vm, bits)?,
        None => return Err(vm.memory_error()),
    }
    match int::power(a, b) {
        Some(out) => vm.big(out),
        None => Err(vm.memory_error()),
    }
}
/// `pow(a, b, m)`
pub fn pow_mod<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: &BigInt, b: &BigInt, m: &BigInt) -> R<'gc, M> {
    if m.is_zero() {
        return Err(vm.raise(E::ValueError, "pow() 3rd argument cannot be 0"));
    }
    match int::pow_mod(a, b, m) {
        Some(r) => vm.big(r),
        None => Err(vm.raise(E::ValueError, "base is not invertible for the given modulus")),
    }
}
/// `int(text, base)`
fn parse<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, shown: &V<'gc, M>, text: &str, base: u32) -> R<'gc, M> {
    match int::parse(text, base, int::MAX_STR_DIGITS) {
        Ok(i) => vm.big(i),
        Err(int::IntError::Invalid) => {
            let r = vm.repr_text(shown)?;
            Err(vm.raise(E::ValueError, &format!("invalid literal for int() with base {base}: {r}")))
        }
        Err(int::IntError::Base) => Err(vm.raise(E::ValueError, "int() base must be >= 2 and <= 36, or 0")),
        Err(int::IntError::TooLong(n)) => {
            let text = format!(
                "Exceeds the limit (4300 digits) for integer string conversion: value has {n} digits; \
                 use sys.set_int_max_str_digits() to increase the limit"
            );
            Err(vm.raise(E::ValueError, &text))
        }
    }
}
fn new<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let class = vm.arg(a, 0);
    let (v, base) = (vm.arg(a, 1), vm.arg(a, 2));
    let i = if v.is_empty() { Val::index(0) } else { convert(vm, v, base)? };
    super::tuple::wrap(vm, &class, i)
}
fn convert<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, v: V<'gc, M>, base: V<'gc, M>) -> R<'gc, M> {
    let v = vm.through(v)?;
    let w = vm.unwrapped(v.clone());
    if !base.is_empty() {
        let base = vm.to_index(&base)?;
        return match (w.downcast_ref::<Str>().cloned(), w.downcast_ref::<Bytes>().cloned()) {
            (Some(s), _) => parse(vm, &w, s.text(), u32::try_from(base).unwrap_or(99)),
            (_, Some(b)) => {
                let t = String::from_utf8_lossy(b.tail()).into_owned();
                parse(vm, &w, &t, u32::try_from(base).unwrap_or(99))
            }
            _ => Err(vm.raise(E::TypeError, "int() can't convert non-string with explicit base")),
        };
    }
    match w.kind() {
        Kind::Int | Kind::BigInt => Ok(w),
        Kind::Bool => Ok(Val::index(w.is_true() as usize)),
        Kind::Float => {
            let f = vm.as_f64(&w).unwrap_or(0.0);
            if f.is_nan() {
                return Err(vm.raise(E::ValueError, "cannot convert float NaN to integer"));
            }
            match flt::to_bigint(f.trunc()) {
                Some(b) => vm.big(b),
                None => Err(vm.raise(E::OverflowError, "cannot convert float infinity to integer")),
            }
        }
        Kind::Str => {
            let s = w.downcast_ref::<Str>().expect("its kind says so").clone();
            parse(vm, &w, s.text(), 10)
        }
        Kind::Bytes => {
            let b = w.downcast_ref::<Bytes>().expect("its kind says so").clone();
            let t = String::from_utf8_lossy(b.tail()).into_owned();
            parse(vm, &w, &t, 10)
        }
        _ => {
            use crate::types::names::N;
            for (n, name) in [(N::int_, "__int__"), (N::index, "__index__")] {
                if let Some(i) = vm.call_special(&v, n, &[])? {
                    return vm.checked_int(name, i);
                }
            }
            if let Some(i) = vm.call_special(&v, N::trunc, &[])? {
                vm.deprecated("The delegation of int() to __trunc__ is deprecated.");
                return Ok(i);
            }
            let t = vm.type_name(&v);
            let text = format!("int() argument must be a string, a bytes-like object or a real number, not '{t}'");
            Err(vm.raise(E::TypeError, &text))
        }
    }
}
fn bool_new<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    if a.n < 2 {
        return Ok(Val::bool(false));
    }
    let v = vm.arg(a, 1);
    match vm.truth_fast(&v) {
        Some(b) => Ok(Val::bool(b)),
        None => match vm.truth(v, Mode::Truth)? {
            Some(b) => Ok(Val::bool(b)),
            None => vm.pushed(),
        },
    }
}
fn me<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> BigInt {
    let v = vm.arg(a, 0);
    let v = vm.unwrapped(v);
    vm.as_big(&v).unwrap_or_default()
}
fn bit_length<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let n = me(vm, a).bits();
    vm.int(n as i64)
}
fn bit_count<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let n = me(vm, a).magnitude().count_ones();
    vm.int(n as i64)
}
fn to_bytes<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let i = me(vm, a);
    let n = vm.int_arg_or(a, 1, 1)?.max(0) as usize;
    let little = vm.given(a, 2) && vm.str_arg(a, 2, "byteorder")?.text() == "little";
    let signed = vm.arg(a, 3).is_true();
    if i.is_negative() && !signed {
        return Err(vm.raise(E::OverflowError, "can't convert negative int to unsigned"));
    }
    vm.reserve_many(n, 2)?;
    let mut bytes = if signed { i.to_signed_bytes_le() } else { i.magnitude().to_bytes_le() };
    if i.is_zero() {
        bytes.clear()
    }
    if bytes.len() > n {
        return Err(vm.raise(E::OverflowError, "int too big to convert"));
    }
    bytes.resize(n, if i.is_negative() { 0xff } else { 0 });
    if !little {
        bytes.reverse()
    }
    vm.bytes(&bytes)
}
fn from_bytes<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let Some(b) = v.downcast_ref::<Bytes>() else {
        return Err(vm.raise(E::TypeError, "cannot convert object to bytes"));
    };
    let mut bytes = b.tail().to_vec();
    let little = vm.given(a, 1) && vm.str_arg(a, 1, "byteorder")?.text() == "little";
    if little {
        bytes.reverse()
    }
    let signed = vm.arg(a, 2).is_true();
    let i = if signed {
        BigInt::from_signed_bytes_be(&bytes)
    } else {
        BigInt::from_bytes_be(num_bigint::Sign::Plus, &bytes)
    };
    vm.big(i)
}
fn same<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let i = me(vm, a);
    vm.big(i)
}
fn ratio<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let i = me(vm, a);
    let i = vm.big(i)?;
    vm.tuple(vec![i, Val::index(1)])
}

/// Methods.
pub fn methods<M: OneMutator>() -> Vec<Methods<M>> {
    use crate::builtins::dunder::*;
    let part = |name, get| GetSet { name, get, set: None };
    vec![
        (
            T::Int,
            vec![
                def_kw("__new__", 1, &["", "", "base"], new),
                def("bit_length", 1, 1, bit_length),
                def("bit_count", 1, 1, bit_count),
                def_kw("to_bytes", 1, &["", "length", "byteorder", "signed"], to_bytes),
                def_kw("from_bytes", 1, &["bytes", "byteorder", "signed"], from_bytes),
                def("conjugate", 1, 1, same),
                def("as_integer_ratio", 1, 1, ratio),
                def("is_integer", 1, 1, |_, _| Ok(Val::bool(true))),
                def("__int__", 1, 1, same),
                def("__index__", 1, 1, same),
                def("__add__", 2, 2, add),
                def("__sub__", 2, 2, sub),
                def("__mul__", 2, 2, mul),
                def("__mod__", 2, 2, mod_),
                def("__eq__", 2, 2, eq),
                def("__lt__", 2, 2, lt),
                def("__hash__", 1, 1, hash),
                def("__repr__", 1, 1, repr),
                def("__format__", 2, 2, format_),
                def("__neg__", 1, 1, neg),
                def("__bool__", 1, 1, bool_),
            ],
            vec![
                part("real", same),
                part("numerator", same),
                part("imag", |_, _| Ok(Val::index(0))),
                part("denominator", |_, _| Ok(Val::index(1))),
            ],
        ),
        (T::Bool, vec![def("__new__", 1, 2, bool_new)], vec![]),
    ]
}
