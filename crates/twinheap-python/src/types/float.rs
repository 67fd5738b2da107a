//! `float`: conversion and methods.

use crate::{
    num::float as flt,
    object::*,
    types::names::N,
    value::{Kind, Value},
    vm::{
        Args, E, R, T, Vm,
        boot::{GetSet, Methods},
        natives::def,
    },
};
use twinheap::{OneMutator, Val};

/// Whether a class in Python says how it is a float.
fn has_method<'gc, M: OneMutator>(vm: &Vm<'gc, M>, v: &V<'gc, M>) -> bool {
    let class = vm.class_of(v);
    v.kind() == Kind::Instance && [N::float_, N::index].iter().any(|n| vm.lookup(&class, *n).is_some())
}
fn new<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let class = vm.arg(a, 0);
    let f = if a.n < 2 {
        0.0
    } else {
        let v = vm.arg(a, 1);
        let v = vm.through(v)?;
        let w = vm.unwrapped(v.clone());
        match w.kind() {
            Kind::Str => {
                let s = w.downcast_ref::<Str>().expect("its kind says so").clone();
                match flt::parse(s.text()) {
                    Some(f) => f,
                    None => {
                        let r = vm.repr_text(&w)?;
                        return Err(vm.raise(E::ValueError, &format!("could not convert string to float: {r}")));
                    }
                }
            }
            _ => match vm.to_f64(&v) {
                Err(e) if vm.is_error(&e, E::TypeError) && !has_method(vm, &w) => {
                    let t = vm.type_name(&v);
                    let text = format!("float() argument must be a string or a real number, not '{t}'");
                    return Err(vm.raise(E::TypeError, &text));
                }
                out => out?,
            },
        }
    };
    let f = vm.float(f)?;
    super::tuple::wrap(vm, &class, f)
}
fn me<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> f64 {
    let v = vm.arg(a, 0);
    let v = vm.unwrapped(v);
    vm.as_f64(&v).unwrap_or(0.0)
}
fn is_integer<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let f = me(vm, a);
    Ok(Val::bool(f.is_finite() && f.fract() == 0.0))
}
fn same<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let f = me(vm, a);
    vm.float(f)
}
fn ratio<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let f = me(vm, a);
    if !f.is_finite() {
        return Err(vm.raise(E::ValueError, "cannot convert this float to integer ratio"));
    }
    let (mut x, mut k) = (f, 0u32);
    while x.fract() != 0.0 {
        x *= 2.0;
        k += 1
    }
    let n = flt::to_bigint(x).unwrap_or_default();
    let (n, d) = (vm.big(n)?, vm.big(num_bigint::BigInt::from(1) << k)?);
    vm.tuple(vec![n, d])
}

/// Methods.
pub fn methods<M: OneMutator>() -> Vec<Methods<M>> {
    use crate::builtins::dunder::*;
    vec![(
        T::Float,
        vec![
            def("__new__", 1, 2, new),
            def("is_integer", 1, 1, is_integer),
            def("as_integer_ratio", 1, 1, ratio),
            def("conjugate", 1, 1, same),
            def("__float__", 1, 1, same),
            def("__add__", 2, 2, add),
            def("__mul__", 2, 2, mul),
            def("__eq__", 2, 2, eq),
            def("__lt__", 2, 2, lt),
            def("__hash__", 1, 1, hash),
            def("__repr__", 1, 1, repr),
            def("__format__", 2, 2, format_),
        ],
        vec![
            GetSet { name: "real", get: same, set: None },
            GetSet { name: "imag", get: |vm, _| vm.float(0.0), set: None },
        ],
    )]
}
