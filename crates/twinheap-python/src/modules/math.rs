//! The `math` module.

use crate::{
    object::*,
    value::Value,
    vm::{
        Args, E, R, Vm,
        natives::{MANY, NativeDef, def},
    },
};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed};
use twinheap::{Gc, OneMutator, Val};

fn f1<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, f: fn(f64) -> f64) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let x = vm.to_f64(&v)?;
    let y = f(x);
    if y.is_nan() && !x.is_nan() {
        return Err(vm.raise(E::ValueError, "math domain error"));
    }
    if y.is_infinite() && x.is_finite() {
        return Err(vm.raise(E::OverflowError, "math range error"));
    }
    vm.float(y)
}
fn f2<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, f: fn(f64, f64) -> f64) -> R<'gc, M> {
    let (x, y) = (vm.arg(a, 0), vm.arg(a, 1));
    let (x, y) = (vm.to_f64(&x)?, vm.to_f64(&y)?);
    let z = f(x, y);
    if z.is_nan() && !x.is_nan() && !y.is_nan() {
        return Err(vm.raise(E::ValueError, "math domain error"));
    }
    vm.float(z)
}
fn whole<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, f: fn(f64) -> f64) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    if let Some(b) = vm.as_big(&v) {
        return vm.big(b);
    }
    let x = f(vm.to_f64(&v)?);
    match crate::num::float::to_bigint(x) {
        Some(b) => vm.big(b),
        None if x.is_nan() => Err(vm.raise(E::ValueError, "cannot convert float NaN to integer")),
        None => Err(vm.raise(E::OverflowError, "cannot convert float infinity to integer")),
    }
}
fn test<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, f: fn(f64) -> bool) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    Ok(Val::bool(f(vm.to_f64(&v)?)))
}
fn log<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let ln = |vm: &mut Vm<'gc, M>, v: &V<'gc, M>| -> R<'gc, M, f64> {
        match vm.as_big(v) {
            Some(b) if b.is_positive() && b.bits() > 1000 => {
                let shift = b.bits() - 64;
                let top = crate::num::int::to_f64(&(b >> shift)).unwrap_or(1.0);
                Ok(top.ln() + shift as f64 * std::f64::consts::LN_2)
            }
            _ => {
                let x = vm.to_f64(v)?;
                if x <= 0.0 { Err(vm.raise(E::ValueError, "math domain error")) } else { Ok(x.ln()) }
            }
        }
    };
    let x = ln(vm, &v)?;
    if a.n < 2 {
        return vm.float(x);
    }
    let base = vm.arg(a, 1);
    let b = vm.to_f64(&base)?;
    if b == 10.0 || b == 2.0 {
        let x = vm.to_f64(&v)?;
        return vm.float(if b == 10.0 { x.log10() } else { x.log2() });
    }
    let y = ln(vm, &base)?;
    if y == 0.0 {
        return Err(vm.raise(E::ZeroDivisionError, "division by zero"));
    }
    vm.float(x / y)
}
fn ints<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M, Vec<BigInt>> {
    let mut out = Vec::new();
    for v in vm.args_from(a, 0) {
        match vm.as_big(&v) {
            Some(b) => out.push(b),
            None => out.push(vm.to_index(&v)?.into()),
        }
    }
    Ok(out)
}
fn gcd<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let g = ints(vm, a)?.iter().fold(BigInt::from(0), |g, i| g.gcd(i));
    vm.big(g)
}
fn lcm<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let g = ints(vm, a)?.iter().fold(BigInt::one(), |g, i| g.lcm(i));
    vm.big(g)
}
fn isqrt<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let i = ints(vm, a)?.remove(0);
    if i.is_negative() {
        return Err(vm.raise(E::ValueError, "isqrt() argument must be nonnegative"));
    }
    vm.big(i.sqrt())
}
fn factorial<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let n = vm.int_arg(a, 0)?;
    if n < 0 {
        return Err(vm.raise(E::ValueError, "factorial() not defined for negative values"));
    }
    vm.reserve((n as usize).saturating_mul(8))?;
    let f = (2..=n).fold(BigInt::one(), |f, i| f * i);
    vm.big(f)
}
fn comb<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (n, k) = (vm.int_arg(a, 0)?, vm.int_arg(a, 1)?);
    if k > n {
        return Ok(Val::index(0));
    }
    let k = k.min(n - k);
    let c = (0..k).fold(BigInt::one(), |c, i| c * (n - i) / (i + 1));
    vm.big(c)
}
fn hypot<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let mut sum = 0.0f64;
    for v in vm.args_from(a, 0) {
        sum = sum.hypot(vm.to_f64(&v)?)
    }
    vm.float(sum)
}
fn fsum<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let mut partials: Vec<f64> = Vec::new();
    for v in vm.collect(&v)? {
        let mut x = vm.to_f64(&v)?;
        let mut kept = Vec::new();
        for mut y in partials {
            if x.abs() < y.abs() {
                std::mem::swap(&mut x, &mut y)
            }
            let hi = x + y;
            let lo = y - (hi - x);
            if lo != 0.0 {
                kept.push(lo)
            }
            x = hi;
        }
        kept.push(x);
        partials = kept;
    }
    let s = partials.iter().rev().sum();
    vm.float(s)
}
fn isclose<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (x, y) = (vm.arg(a, 0), vm.arg(a, 1));
    let (x, y) = (vm.to_f64(&x)?, vm.to_f64(&y)?);
    let (mut rel, mut abs) = (1e-9, 0.0);
    for (i, t) in [(2, &mut rel), (3, &mut abs)] {
        if vm.given(a, i) {
            let v = vm.arg(a, i);
            *t = vm.to_f64(&v)?
        }
    }
    Ok(Val::bool(x == y || (x - y).abs() <= (rel * x.abs().max(y.abs())).max(abs)))
}
fn modf<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let x = vm.to_f64(&v)?;
    let items = vec![vm.float(x.fract())?, vm.float(x.trunc())?];
    vm.tuple(items)
}

/// Natives.
pub fn natives<M: OneMutator>() -> Vec<NativeDef<M>> {
    vec![
        def("sqrt", 1, 1, |vm, a| f1(vm, a, f64::sqrt)),
        def("sin", 1, 1, |vm, a| f1(vm, a, f64::sin)),
        def("cos", 1, 1, |vm, a| f1(vm, a, f64::cos)),
        def("tan", 1, 1, |vm, a| f1(vm, a, f64::tan)),
        def("asin", 1, 1, |vm, a| f1(vm, a, f64::asin)),
        def("acos", 1, 1, |vm, a| f1(vm, a, f64::acos)),
        def("atan", 1, 1, |vm, a| f1(vm, a, f64::atan)),
        def("sinh", 1, 1, |vm, a| f1(vm, a, f64::sinh)),
        def("cosh", 1, 1, |vm, a| f1(vm, a, f64::cosh)),
        def("tanh", 1, 1, |vm, a| f1(vm, a, f64::tanh)),
        def("exp", 1, 1, |vm, a| f1(vm, a, f64::exp)),
        def("log2", 1, 1, |vm, a| f1(vm, a, f64::log2)),
        def("log10", 1, 1, |vm, a| f1(vm, a, f64::log10)),
        def("log1p", 1, 1, |vm, a| f1(vm, a, f64::ln_1p)),
        def("expm1", 1, 1, |vm, a| f1(vm, a, f64::exp_m1)),
        def("fabs", 1, 1, |vm, a| f1(vm, a, f64::abs)),
        def("cbrt", 1, 1, |vm, a| f1(vm, a, f64::cbrt)),
        def("degrees", 1, 1, |vm, a| f1(vm, a, f64::to_degrees)),
        def("radians", 1, 1, |vm, a| f1(vm, a, f64::to_radians)),
        def("atan2", 2, 2, |vm, a| f2(vm, a, f64::atan2)),
        def("pow", 2, 2, |vm, a| f2(vm, a, f64::powf)),
        def("fmod", 2, 2, |vm, a| f2(vm, a, |x, y| x % y)),
        def("copysign", 2, 2, |vm, a| f2(vm, a, f64::copysign)),
        def("log", 1, 2, log),
        def("floor", 1, 1, |vm, a| whole(vm, a, f64::floor)),
        def("ceil", 1, 1, |vm, a| whole(vm, a, f64::ceil)),
        def("trunc", 1, 1, |vm, a| whole(vm, a, f64::trunc)),
        def("isnan", 1, 1, |vm, a| test(vm, a, f64::is_nan)),
        def("isinf", 1, 1, |vm, a| test(vm, a, f64::is_infinite)),
        def("isfinite", 1, 1, |vm, a| test(vm, a, f64::is_finite)),
        def("gcd", 0, MANY, gcd),
        def("lcm", 0, MANY, lcm),
        def("isqrt", 1, 1, isqrt),
        def("factorial", 1, 1, factorial),
        def("comb", 2, 2, comb),
        def("hypot", 0, MANY, hypot),
        def("fsum", 1, 1, fsum),
        def("modf", 1, 1, modf),
        crate::vm::natives::def_kw("isclose", 2, &["a", "b", "rel_tol", "abs_tol"], isclose),
    ]
}
/// Constants.
pub fn fill<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, dict: &Gc<'gc, Dict<'gc, M>, M>) -> R<'gc, M, ()> {
    use std::f64::consts::{E as EULER, PI, TAU};
    for (n, x) in [("pi", PI), ("e", EULER), ("tau", TAU), ("inf", f64::INFINITY), ("nan", f64::NAN)] {
        let v = vm.float(x)?;
        vm.dict_set_text(dict, n, v)?
    }
    Ok(())
}
