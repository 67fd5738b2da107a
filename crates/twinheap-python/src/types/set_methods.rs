//! `set`, `frozenset` and the set operators of dict views. The table is `set.rs`.

use crate::{
    bytecode::{BinKind, CmpKind},
    object::*,
    types::set::SetTable,
    value::{Kind, Value},
    vm::{
        Args, E, R, T, Vm,
        boot::Methods,
        natives::{MANY, def},
    },
};
use twinheap::{Gc, GcCell, OneMutator, Val};

fn this<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M, Gc<'gc, Set<'gc, M>, M>> {
    match vm.arg_ref(a, 0).downcast_ref::<Set<'gc, M>>() {
        Some(s) => Ok(s.clone()),
        None => Err(vm.raise(E::TypeError, "descriptor for 'set' objects doesn't apply to this object")),
    }
}
fn table<'gc, M: OneMutator>(
    vm: &mut Vm<'gc, M>,
    t: SetTable<'gc, M>,
    frozen: bool,
) -> R<'gc, M, Gc<'gc, Set<'gc, M>, M>> {
    let s = vm.alloc(Set { table: GcCell::new(t), frozen, sub: Default::default() })?;
    vm.set_resized(&s);
    Ok(s)
}
/// The value as a set: itself, or a new one of its items.
fn as_set<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, v: &V<'gc, M>) -> R<'gc, M, Gc<'gc, Set<'gc, M>, M>> {
    if let Some(s) = v.downcast_ref::<Set<'gc, M>>() {
        return Ok(s.clone());
    }
    let items = vm.collect(v)?;
    let s = vm.set_of(items, false)?;
    Ok(s.downcast::<Set<'gc, M>>().unwrap_or_else(|_| unreachable!("just made")))
}
fn elements<'gc, M: OneMutator>(s: &Gc<'gc, Set<'gc, M>, M>) -> Vec<(u64, V<'gc, M>)> {
    s.table.borrow().iter().map(|p| (p.hash, p.key.clone())).collect()
}
fn has<'gc, M: OneMutator>(
    vm: &mut Vm<'gc, M>,
    s: &Gc<'gc, Set<'gc, M>, M>,
    hash: u64,
    k: &V<'gc, M>,
) -> R<'gc, M, bool> {
    Ok(vm.set_find(s, k, hash)?.is_some())
}
fn put<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, s: &Gc<'gc, Set<'gc, M>, M>, hash: u64, k: V<'gc, M>) -> R<'gc, M, ()> {
    if vm.set_find(s, &k, hash)?.is_none() {
        s.table.borrow_mut(vm.mc).insert(hash, k);
        vm.set_resized(s)
    }
    Ok(())
}
fn combine<'gc, M: OneMutator>(
    vm: &mut Vm<'gc, M>,
    op: BinKind,
    x: &Gc<'gc, Set<'gc, M>, M>,
    y: &Gc<'gc, Set<'gc, M>, M>,
    frozen: bool,
) -> R<'gc, M, Gc<'gc, Set<'gc, M>, M>> {
    let start = match op.base() {
        BinKind::Or => x.table.borrow().copy(),
        _ => SetTable::default(),
    };
    let out = table(vm, start, frozen)?;
    match op.base() {
        BinKind::Or => {
            for (h, k) in elements(y) {
                put(vm, &out, h, k)?
            }
        }
        BinKind::And => {
            let (small, big) = if x.table.borrow().len() <= y.table.borrow().len() { (x, y) } else { (y, x) };
            for (h, k) in elements(small) {
                if has(vm, big, h, &k)? {
                    put(vm, &out, h, k)?
                }
            }
        }
        _ => {
            for (h, k) in elements(x) {
                if !has(vm, y, h, &k)? {
                    put(vm, &out, h, k)?
                }
            }
            if op.base() == BinKind::Xor {
                for (h, k) in elements(y) {
                    if !has(vm, x, h, &k)? {
                        put(vm, &out, h, k)?
                    }
                }
            }
        }
    }
    Ok(out)
}
/// `a op b` of sets and views; `None`: not such operands.
pub fn operator<'gc, M: OneMutator>(
    vm: &mut Vm<'gc, M>,
    op: BinKind,
    a: &V<'gc, M>,
    b: &V<'gc, M>,
) -> R<'gc, M, Option<V<'gc, M>>> {
    if !matches!(op.base(), BinKind::Or | BinKind::And | BinKind::Sub | BinKind::Xor) {
        return Ok(None);
    }
    let (x, y) = (as_set(vm, a)?, as_set(vm, b)?);
    let frozen = a.kind() == Kind::Set && x.frozen;
    let out = combine(vm, op, &x, &y, frozen)?;
    if op.is_in_place() && a.kind() == Kind::Set && !x.frozen {
        let t = out.table.borrow_mut(vm.mc).take();
        let old = x.table.replace(vm.mc, t);
        drop(old);
        vm.set_resized(&out);
        vm.set_resized(&x);
        return Ok(Some(a.clone()));
    }
    Ok(Some(Val::from_gc(out)))
}
fn subset<'gc, M: OneMutator>(
    vm: &mut Vm<'gc, M>,
    x: &Gc<'gc, Set<'gc, M>, M>,
    y: &Gc<'gc, Set<'gc, M>, M>,
) -> R<'gc, M, bool> {
    if x.table.borrow().len() > y.table.borrow().len() {
        return Ok(false);
    }
    for (h, k) in elements(x) {
        if !has(vm, y, h, &k)? {
            return Ok(false);
        }
    }
    Ok(true)
}
/// `a cmp b` of sets and views.
pub fn compare<'gc, M: OneMutator>(
    vm: &mut Vm<'gc, M>,
    op: CmpKind,
    a: &V<'gc, M>,
    b: &V<'gc, M>,
) -> R<'gc, M, Option<bool>> {
    let values = |v: &V<'gc, M>| v.downcast_ref::<View<'gc, M>>().is_some_and(|v| v.of == 1);
    if values(a) || values(b) {
        return Ok(None);
    }
    let (x, y) = (as_set(vm, a)?, as_set(vm, b)?);
    let (n, m) = (x.table.borrow().len(), y.table.borrow().len());
    Ok(Some(match op {
        CmpKind::Eq => n == m && subset(vm, &x, &y)?,
        CmpKind::Ne => n != m || !subset(vm, &x, &y)?,
        CmpKind::Le => subset(vm, &x, &y)?,
        CmpKind::Lt => n < m && subset(vm, &x, &y)?,
        CmpKind::Ge => subset(vm, &y, &x)?,
        CmpKind::Gt => m < n && subset(vm, &y, &x)?,
    }))
}
fn add_one<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let s = this(vm, a)?;
    let k = vm.arg(a, 1);
    vm.set_add(&s, k)?;
    Ok(Val::none())
}
fn take<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, must: bool) -> R<'gc, M> {
    let s = this(vm, a)?;
    let k = vm.arg(a, 1);
    let h = vm.hash(&k)?;
    match vm.set_find(&s, &k, h)? {
        Some(i) => {
            let old = s.table.borrow_mut(vm.mc).remove(i);
            drop(old);
            Ok(Val::none())
        }
        None if must => Err(vm.raise_with(E::KeyError, vec![k])),
        None => Ok(Val::none()),
    }
}
fn pop<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let s = this(vm, a)?;
    let i = s.table.borrow().places().iter().position(|p| !p.key.is_empty());
    match i {
        Some(i) => Ok(s.table.borrow_mut(vm.mc).remove(i)),
        None => {
            let text = vm.str("pop from an empty set")?;
            Err(vm.raise_with(E::KeyError, vec![text]))
        }
    }
}
fn clear<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let s = this(vm, a)?;
    let old = s.table.borrow_mut(vm.mc).take();
    drop(old);
    vm.set_resized(&s);
    Ok(Val::none())
}
fn copy<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let s = this(vm, a)?;
    let t = s.table.borrow().copy();
    Ok(Val::from_gc(table(vm, t, s.frozen)?))
}
fn many<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, op: BinKind, in_place: bool) -> R<'gc, M> {
    let s = this(vm, a)?;
    let t = s.table.borrow().copy();
    let mut out = table(vm, t, s.frozen)?;
    for other in vm.args_from(a, 1) {
        let other = as_set(vm, &other)?;
        out = combine(vm, op, &out, &other, s.frozen)?;
    }
    if in_place {
        let t = out.table.borrow_mut(vm.mc).take();
        let old = s.table.replace(vm.mc, t);
        drop(old);
        vm.set_resized(&out);
        vm.set_resized(&s);
        return Ok(Val::none());
    }
    Ok(Val::from_gc(out))
}
fn relation<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, how: u8) -> R<'gc, M> {
    let (x, other) = (this(vm, a)?, vm.arg(a, 1));
    let y = as_set(vm, &other)?;
    Ok(Val::bool(match how {
        0 => subset(vm, &x, &y)?,
        1 => subset(vm, &y, &x)?,
        _ => {
            let mut disjoint = true;
            for (h, k) in elements(&x) {
                if has(vm, &y, h, &k)? {
                    disjoint = false;
                    break;
                }
            }
            disjoint
        }
    }))
}
fn new<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, frozen: bool) -> R<'gc, M> {
    let class = vm.arg(a, 0);
    if frozen
        && a.n > 1
        && vm.is_exact(&class)
        && vm.arg_ref(a, 1).downcast_ref::<Set<'gc, M>>().is_some_and(|s| s.frozen)
    {
        return Ok(vm.arg(a, 1));
    }
    let items = if a.n > 1 {
        vm.items_or_ask(if frozen { "_with_frozenset_new" } else { "_with_set_new" }, a, 1)?
    } else {
        Vec::new()
    };
    let s = vm.set_of(items, frozen)?;
    super::list::make_sub(vm, &s, &class)?;
    Ok(s)
}

/// Methods.
pub fn methods<M: OneMutator>() -> Vec<Methods<M>> {
    use crate::builtins::dunder::*;
    let both = || {
        vec![
            def("copy", 1, 1, copy),
            def("union", 1, MANY, |vm, a| many(vm, a, BinKind::Or, false)),
            def("intersection", 1, MANY, |vm, a| many(vm, a, BinKind::And, false)),
            def("difference", 1, MANY, |vm, a| many(vm, a, BinKind::Sub, false)),
            def("symmetric_difference", 2, 2, |vm, a| many(vm, a, BinKind::Xor, false)),
            def("issubset", 2, 2, |vm, a| relation(vm, a, 0)),
            def("issuperset", 2, 2, |vm, a| relation(vm, a, 1)),
            def("isdisjoint", 2, 2, |vm, a| relation(vm, a, 2)),
            def("__len__", 1, 1, len),
            def("__iter__", 1, 1, iter),
            def("__contains__", 2, 2, contains),
            def("__eq__", 2, 2, eq),
            def("__repr__", 1, 1, repr),
        ]
    };
    let mut set = both();
    set.extend([
        def("__new__", 1, 2, |vm, a| new(vm, a, false)),
        def("add", 2, 2, add_one),
        def("remove", 2, 2, |vm, a| take(vm, a, true)),
        def("discard", 2, 2, |vm, a| take(vm, a, false)),
        def("pop", 1, 1, pop),
        def("clear", 1, 1, clear),
        def("update", 1, MANY, |vm, a| many(vm, a, BinKind::Or, true)),
        def("intersection_update", 1, MANY, |vm, a| many(vm, a, BinKind::And, true)),
        def("difference_update", 1, MANY, |vm, a| many(vm, a, BinKind::Sub, true)),
        def("symmetric_difference_update", 2, 2, |vm, a| many(vm, a, BinKind::Xor, true)),
    ]);
    let mut frozen = both();
    frozen.extend([def("__new__", 1, 2, |vm, a| new(vm, a, true)), def("__hash__", 1, 1, hash)]);
    vec![(T::Set, set, vec![]), (T::FrozenSet, frozen, vec![])]
}
