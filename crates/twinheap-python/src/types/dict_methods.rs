//! `dict` and its views: methods. The table is `dict.rs`.

use crate::{
    object::*,
    types::{dict::Table, names::N},
    value::{Kind, Value},
    vm::{
        Args, E, R, T, Vm,
        boot::Methods,
        natives::{def, def_raw},
    },
};
use twinheap::{Gc, OneMutator, Val};

fn this<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M, Gc<'gc, Dict<'gc, M>, M>> {
    match vm.arg_ref(a, 0).downcast_ref::<Dict<'gc, M>>() {
        Some(d) => Ok(d.clone()),
        None => {
            let t = vm.type_name(&vm.arg(a, 0));
            Err(vm.raise(E::TypeError, &format!("descriptor for 'dict' objects doesn't apply to a '{t}' object")))
        }
    }
}
fn get<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let d = this(vm, a)?;
    let k = vm.arg(a, 1);
    match vm.dict_get(&d, &k)? {
        Some(v) => Ok(v),
        None if a.n > 2 => Ok(vm.arg(a, 2)),
        None => Ok(Val::none()),
    }
}
fn setdefault<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let d = this(vm, a)?;
    let k = vm.arg(a, 1);
    if let Some(v) = vm.dict_get(&d, &k)? {
        return Ok(v);
    }
    let v = if a.n > 2 { vm.arg(a, 2) } else { Val::none() };
    vm.dict_set(&d, k, v.clone())?;
    Ok(v)
}
fn pop<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let d = this(vm, a)?;
    let k = vm.arg(a, 1);
    match vm.dict_take(&d, &k)? {
        Some(v) => Ok(v),
        None if a.n > 2 => Ok(vm.arg(a, 2)),
        None => Err(vm.raise_with(E::KeyError, vec![k])),
    }
}
fn popitem<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let d = this(vm, a)?;
    let last = {
        let mut t = d.table.borrow_mut(vm.mc);
        let i = t.slots().iter().rposition(|e| !e.key.is_empty());
        i.map(|i| t.remove(i))
    };
    match last {
        Some((k, v)) => vm.tuple(vec![k, v]),
        None => {
            let text = vm.str("popitem(): dictionary is empty")?;
            Err(vm.raise_with(E::KeyError, vec![text]))
        }
    }
}
fn clear<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let d = this(vm, a)?;
    let old = d.table.borrow_mut(vm.mc).take();
    drop(old);
    vm.dict_resized(&d);
    Ok(Val::none())
}
fn copy<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let d = this(vm, a)?;
    let bytes = d.table.borrow().buffer_bytes();
    vm.reserve(bytes)?;
    let t = d.table.borrow().copy();
    Ok(Val::from_gc(vm.dict(t)?))
}
fn view<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, of: u8) -> R<'gc, M> {
    let dict = this(vm, a)?;
    vm.make(View { dict, of })
}
/// Takes a mapping or pairs, then keywords, into `d`.
fn fill<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, d: &Gc<'gc, Dict<'gc, M>, M>, a: Args, again: &str) -> R<'gc, M, ()> {
    if a.n > 2 {
        let text = format!("dict expected at most 1 argument, got {}", a.n - 1);
        return Err(vm.raise(E::TypeError, &text));
    }
    if a.n > 1 {
        let v = vm.arg(a, 1);
        let keys = vm.name(N::keys).clone();
        if let Some(m) = v.downcast_ref::<Dict<'gc, M>>() {
            let m = m.clone();
            vm.dict_update(d, &m)?
        } else if v.kind() == Kind::Instance && vm.find_attr(&v, &keys)?.is_some() {
            let target = Val::from_gc(d.clone());
            vm.merge_mapping(&target, v, None)?
        } else {
            fill_from_pairs(vm, d, v, a, again)?
        }
    }
    for (k, v) in vm.keywords(a) {
        vm.dict_set_text(d, &k, v)?
    }
    Ok(())
}
/// Each pair goes in before the next is asked for.
fn fill_from_pairs<'gc, M: OneMutator>(
    vm: &mut Vm<'gc, M>,
    d: &Gc<'gc, Dict<'gc, M>, M>,
    from: V<'gc, M>,
    a: Args,
    again: &str,
) -> R<'gc, M, ()> {
    if from.kind() == Kind::Iter
        && let Some(it) = from.downcast_ref::<Iter<'gc, M>>()
        && !matches!(it.how, IterKind::Sequence | IterKind::SequenceReversed)
    {
        let mut n = 0;
        while let Some(pair) = vm.iter_next(it)? {
            // It is not there a second time.
            vm.dirty = true;
            put_pair(vm, d, &pair, n)?;
            n += 1
        }
        return Ok(());
    }
    if let Some(items) = vm.collect_pure(&from)? {
        for (n, pair) in items.iter().enumerate() {
            put_pair(vm, d, pair, n)?
        }
        return Ok(());
    }
    // Python code gives them: in a frame of the prelude.
    let names = vm.kwnames.clone().filter(|_| a.kw > 0);
    let mut args = vec![from, vm.arg(a, 0)];
    let name = vm.intern(again)?;
    match names {
        None => vm.tail_prelude(&name, args),
        Some(names) => {
            args.extend_from_slice(&vm.stack[a.base + a.n..a.base + a.n + a.kw]);
            let f = vm.dict_get_name(&vm.rt.prelude, &name).unwrap_or_default();
            vm.tail_call_kw(f, args, names)
        }
    }
}
/// Element `n` of what a dict is made from.
fn put_pair<'gc, M: OneMutator>(
    vm: &mut Vm<'gc, M>,
    d: &Gc<'gc, Dict<'gc, M>, M>,
    pair: &V<'gc, M>,
    n: usize,
) -> R<'gc, M, ()> {
    let items = match vm.collect(pair) {
        Ok(items) => items,
        Err(e) if vm.is_error(&e, E::TypeError) => {
            let text = format!("cannot convert dictionary update sequence element #{n} to a sequence");
            return Err(vm.raise(E::TypeError, &text));
        }
        Err(e) => return Err(e),
    };
    let [k, v] = items.as_slice() else {
        let text = format!("dictionary update sequence element #{n} has length {}; 2 is required", items.len());
        return Err(vm.raise(E::ValueError, &text));
    };
    vm.dict_set(d, k.clone(), v.clone())
}
/// `_dict_put(d, pair, n)`
pub fn put<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (d, pair, n) = (this(vm, a)?, vm.arg(a, 1), vm.int_arg(a, 2)?);
    put_pair(vm, &d, &pair, n as usize)?;
    Ok(Val::none())
}
fn new<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let d = vm.dict(Table::default())?;
    fill(vm, &d, a, "_with_dict_new")?;
    let (v, class) = (Val::from_gc(d), vm.arg(a, 0));
    super::list::make_sub(vm, &v, &class)?;
    Ok(v)
}
fn update<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let d = this(vm, a)?;
    fill(vm, &d, a, "_with_dict_update")?;
    Ok(Val::none())
}
fn fromkeys<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let at = if vm.arg(a, 0).kind() == Kind::Class { 1 } else { 0 };
    let v = if a.n > at + 1 { vm.arg(a, at + 1) } else { Val::none() };
    let keys = vm.arg(a, at);
    let keys = vm.collect(&keys)?;
    let d = vm.dict(Table::default())?;
    for k in keys {
        vm.dict_set(&d, k, v.clone())?
    }
    Ok(Val::from_gc(d))
}
fn view_isdisjoint<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (x, y) = (vm.arg(a, 0), vm.arg(a, 1));
    for k in vm.collect(&x)? {
        if vm.contains_native(&y, &k)? {
            return Ok(Val::bool(false));
        }
    }
    Ok(Val::bool(true))
}

/// Methods.
pub fn methods<M: OneMutator>() -> Vec<Methods<M>> {
    use crate::builtins::dunder::*;
    let views = || {
        vec![
            def("__len__", 1, 1, len),
            def("__iter__", 1, 1, iter),
            def("__contains__", 2, 2, contains),
            def("isdisjoint", 2, 2, view_isdisjoint),
        ]
    };
    vec![
        (
            T::Dict,
            vec![
                def_raw("__new__", 1, 255, new),
                def_raw("__init__", 1, 255, update),
                def("get", 2, 3, get),
                def("setdefault", 2, 3, setdefault),
                def("pop", 2, 3, pop),
                def("popitem", 1, 1, popitem),
                def("clear", 1, 1, clear),
                def("copy", 1, 1, copy),
                def("keys", 1, 1, |vm, a| view(vm, a, 0)),
                def("values", 1, 1, |vm, a| view(vm, a, 1)),
                def("items", 1, 1, |vm, a| view(vm, a, 2)),
                def_raw("update", 1, 255, update),
                def("__len__", 1, 1, len),
                def("__iter__", 1, 1, iter),
                def("__getitem__", 2, 2, getitem),
                def("__setitem__", 3, 3, setitem),
                def("__delitem__", 2, 2, delitem),
                def("__contains__", 2, 2, contains),
                def("__reversed__", 1, 1, reversed),
                def("__eq__", 2, 2, eq),
                def("__repr__", 1, 1, repr),
                def("fromkeys", 1, 3, fromkeys),
            ],
            vec![],
        ),
        (T::DictKeys, views(), vec![]),
        (T::DictValues, views(), vec![]),
        (T::DictItems, views(), vec![]),
    ]
}
