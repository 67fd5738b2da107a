//! Methods that several built-in types share: what their operators do, as methods.

use crate::{
    bytecode::{BinKind, CmpKind},
    object::*,
    types::names::N,
    value::{Kind, Value},
    vm::{Args, E, R, Step, Vm},
};
use twinheap::{Gc, OneMutator, Val};

fn plain<'gc, M: OneMutator>(vm: &Vm<'gc, M>, a: Args, i: usize) -> V<'gc, M> {
    vm.unwrapped(vm.arg(a, i))
}
/// `__iter__` of an iterator.
pub fn this<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    Ok(vm.arg(a, 0))
}
/// `__next__` of an iterator in Rust.
pub fn next<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    match vm.next_nested(&v)? {
        Some(v) => Ok(v),
        None => Err(vm.stop_iteration(Val::none())),
    }
}
/// `__len__`
pub fn len<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = plain(vm, a, 0);
    let n = match v.kind() {
        Kind::List => v.downcast_ref::<List<'gc, M>>().map_or(0, |l| l.items.borrow().len()),
        Kind::Dict => v.downcast_ref::<Dict<'gc, M>>().map_or(0, |l| l.table.borrow().len()),
        Kind::Set => v.downcast_ref::<Set<'gc, M>>().map_or(0, |l| l.table.borrow().len()),
        _ => vm.length(&v)?,
    };
    Ok(Val::index(n))
}
/// `__iter__`
pub fn iter<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = plain(vm, a, 0);
    Ok(vm.pure_iter(&v)?.unwrap_or_else(Val::none))
}
/// `__getitem__`
pub fn getitem<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (v, k) = (plain(vm, a, 0), vm.arg(a, 1));
    vm.native_subscr(&v, k)
}
/// `__setitem__`
pub fn setitem<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (v, k, x) = (vm.arg(a, 0), vm.arg(a, 1), vm.arg(a, 2));
    vm.native_store_subscr(&v, k, x)?;
    Ok(Val::none())
}
/// `__delitem__`
pub fn delitem<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (v, k) = (vm.arg(a, 0), vm.arg(a, 1));
    vm.native_del_subscr(&v, k)?;
    Ok(Val::none())
}
/// `__contains__`
pub fn contains<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (v, x) = (plain(vm, a, 0), vm.arg(a, 1));
    Ok(Val::bool(vm.contains_native(&v, &x)?))
}
fn dict_reversed<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, d: Gc<'gc, Dict<'gc, M>, M>, of: u8) -> R<'gc, M> {
    let (slots, len) = {
        let t = d.table.borrow();
        (t.slots().len() as i64, t.len() as i64)
    };
    vm.iter(IterKind::DictReversed, Val::from_gc(d), slots - 1, len, i64::from(of))
}
/// `reversed(v)`
pub fn reverse_of<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, v: V<'gc, M>) -> R<'gc, M> {
    let w = vm.unwrapped(v.clone());
    match w.kind() {
        Kind::List | Kind::Tuple => {
            let n = vm.length(&w)? as i64;
            vm.iter(IterKind::ListReversed, w, n - 1, 0, -1)
        }
        Kind::Str => {
            let items = vm.collect(&w)?;
            let n = items.len() as i64;
            let l = vm.list(items)?;
            vm.iter(IterKind::ListReversed, l, n - 1, 0, -1)
        }
        Kind::Range => {
            let r = w.downcast_ref::<Range>().expect("its kind says so");
            let n = crate::types::list::range_len(r) as i64;
            let (last, step) = (r.start + (n - 1) * r.step, -r.step);
            vm.iter(IterKind::Range, Val::none(), last, n, step)
        }
        Kind::Dict => {
            let d = w.downcast_ref::<Dict<'gc, M>>().expect("its kind says so").clone();
            dict_reversed(vm, d, 0)
        }
        Kind::View => {
            let view = w.downcast_ref::<View<'gc, M>>().expect("its kind says so").clone();
            dict_reversed(vm, view.dict.clone(), view.of)
        }
        _ => {
            // (A proxy has the method itself.)
            if let Some(r) = vm.call_special(&v, N::reversed, &[])? {
                return Ok(r);
            }
            if vm.lookup(&vm.class_of(&v), N::getitem).is_some() {
                let n = vm.length(&v)? as i64;
                return vm.iter(IterKind::SequenceReversed, v, n - 1, 0, -1);
            }
            let t = vm.type_name(&v);
            Err(vm.raise(E::TypeError, &format!("'{t}' object is not reversible")))
        }
    }
}
/// `__reversed__`
pub fn reversed<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    reverse_of(vm, v)
}
fn binary<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, op: BinKind) -> R<'gc, M> {
    let (x, y) = (plain(vm, a, 0), plain(vm, a, 1));
    match vm.native_operator(op, &x, &y)? {
        Some(v) => Ok(v),
        None => Ok(Val::not_implemented()),
    }
}
/// `__add__`
pub fn add<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    binary(vm, a, BinKind::Add)
}
/// `__sub__`
pub fn sub<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    binary(vm, a, BinKind::Sub)
}
/// `__mul__`
pub fn mul<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    binary(vm, a, BinKind::Mul)
}
/// `__mod__`
pub fn mod_<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    binary(vm, a, BinKind::Mod)
}
/// `__iadd__`
pub fn iadd<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    binary(vm, a, BinKind::IAdd)
}
/// `__neg__`
pub fn neg<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = plain(vm, a, 0);
    match vm.unary(v, N::neg)? {
        Step::Value(v) => Ok(v),
        Step::Pushed => vm.pushed(),
    }
}
/// `__bool__`
pub fn bool_<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = plain(vm, a, 0);
    Ok(Val::bool(vm.truth_fast(&v).unwrap_or(true)))
}
fn compare<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, op: CmpKind) -> R<'gc, M> {
    let (x, y) = (plain(vm, a, 0), plain(vm, a, 1));
    Ok(match vm.native_compare(op, &x, &y)? {
        Some(b) => Val::bool(b),
        None => Val::not_implemented(),
    })
}
/// `__eq__`
pub fn eq<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    compare(vm, a, CmpKind::Eq)
}
/// `object.__ne__`
pub fn ne<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (x, y) = (vm.arg(a, 0), vm.arg(a, 1));
    match vm.call_special(&x, N::eq, &[y])? {
        Some(v) if !v.is_not_implemented() => {
            let b = vm.truth_nested(&v)?;
            Ok(Val::bool(!b))
        }
        _ => Ok(Val::not_implemented()),
    }
}
/// `__lt__`
pub fn lt<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    compare(vm, a, CmpKind::Lt)
}
/// `__hash__`
pub fn hash<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = plain(vm, a, 0);
    let h = vm.hash(&v)? as i64;
    vm.int(h)
}
/// `__repr__`
pub fn repr<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = plain(vm, a, 0);
    let mut out = String::new();
    vm.native_repr(&v, &mut out)?;
    vm.str(&out)
}
/// `__format__`
pub fn format_<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (v, spec) = (plain(vm, a, 0), vm.str_arg(a, 1, "__format__() argument")?);
    if spec.is_empty() {
        let t = vm.str_text(&v)?;
        return vm.str(&t);
    }
    if v.kind() == Kind::Instance {
        let t = vm.type_name(&v);
        return Err(vm.raise(E::TypeError, &format!("unsupported format string passed to {t}.__format__")));
    }
    let t = vm.format_text(&v, spec.text())?;
    vm.str(&t)
}
