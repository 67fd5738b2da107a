//! `bytes`: making and a few methods.

use crate::{
    object::*,
    types::names::N,
    value::{Kind, Value},
    vm::{
        Args, E, R, T, Vm,
        boot::Methods,
        natives::{def, def_kw},
    },
};
use twinheap::{OneMutator, Val};

fn new<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 1);
    if matches!(v.kind(), Kind::Instance | Kind::Weak)
        && let Some(b) = vm.call_special(&v, N::bytes_, &[])?
    {
        if b.kind() != Kind::Bytes {
            let t = vm.type_name(&b);
            return Err(vm.raise(E::TypeError, &format!("__bytes__ returned non-bytes (type {t})")));
        }
        return Ok(b);
    }
    match v.kind() {
        Kind::Empty => vm.bytes(&[]),
        Kind::Bytes => Ok(v),
        Kind::Str if !vm.arg(a, 2).is_empty() => {
            let t = v.downcast_ref::<Str>().map_or(String::new(), |s| s.text().to_string());
            vm.bytes(t.as_bytes())
        }
        Kind::Str => Err(vm.raise(E::TypeError, "string argument without an encoding")),
        Kind::BigInt if vm.as_big(&v).is_some_and(|b| b.bits() > 63) => {
            Err(vm.raise(E::OverflowError, "cannot fit 'int' into an index-sized integer"))
        }
        Kind::Int | Kind::Bool | Kind::BigInt => {
            let n = vm.to_index(&v)?;
            if n < 0 {
                return Err(vm.raise(E::ValueError, "negative count"));
            }
            vm.reserve_many(n as usize, 2)?;
            vm.bytes(&vec![0; n as usize])
        }
        _ => {
            let items = vm.collect(&v)?;
            let mut out = Vec::with_capacity(items.len());
            for i in items {
                match u8::try_from(vm.to_index(&i)?) {
                    Ok(b) => out.push(b),
                    Err(_) => return Err(vm.raise(E::ValueError, "bytes must be in range(0, 256)")),
                }
            }
            vm.bytes(&out)
        }
    }
}
fn decode<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let Some(b) = v.downcast_ref::<Bytes>().cloned() else { return Ok(Val::none()) };
    match std::str::from_utf8(b.tail()) {
        Ok(t) => vm.str(t),
        Err(e) => {
            let at = e.valid_up_to();
            let text =
                format!("'utf-8' codec can't decode byte {:#04x} in position {at}: invalid start byte", b.tail()[at]);
            Err(vm.raise(E::UnicodeDecodeError, &text))
        }
    }
}
fn hex<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let t: String =
        v.downcast_ref::<Bytes>().map_or(String::new(), |b| b.tail().iter().map(|b| format!("{b:02x}")).collect());
    vm.str(&t)
}

/// Methods.
pub fn methods<M: OneMutator>() -> Vec<Methods<M>> {
    use crate::builtins::dunder::*;
    vec![(
        T::Bytes,
        vec![
            def_kw("__new__", 1, &["", "source", "encoding", "errors"], new),
            def_kw("decode", 1, &["", "encoding", "errors"], decode),
            def("hex", 1, 1, hex),
            def("__len__", 1, 1, len),
            def("__iter__", 1, 1, iter),
            def("__getitem__", 2, 2, getitem),
            def("__contains__", 2, 2, contains),
            def("__eq__", 2, 2, eq),
            def("__hash__", 1, 1, hash),
            def("__repr__", 1, 1, repr),
        ],
        vec![],
    )]
}
