//! `list`, `range` and slices of every sequence. Sorting is here; with a key it is the prelude's.

use crate::{
    object::*,
    value::{Kind, Value},
    vm::{
        Args, E, R, T, Vm,
        boot::Methods,
        natives::{MANY, def, def_kw},
    },
};
use twinheap::{Gc, Lifo, OneMutator, Val};

/// How many items.
pub fn range_len(r: &Range) -> usize {
    if r.step > 0 && r.start < r.stop {
        ((r.stop as i128 - r.start as i128 - 1) / r.step as i128 + 1) as usize
    } else if r.step < 0 && r.start > r.stop {
        ((r.start as i128 - r.stop as i128 - 1) / -(r.step as i128) + 1) as usize
    } else {
        0
    }
}

/// Start, stop and step of a slice for a sequence of `n` items.
pub fn slice_bounds<'gc, M: OneMutator>(
    vm: &mut Vm<'gc, M>,
    s: &Gc<'gc, Slice<'gc, M>, M>,
    n: usize,
) -> R<'gc, M, (i64, i64, i64)> {
    let n = n as i64;
    let part = |vm: &mut Vm<'gc, M>, v: &V<'gc, M>| -> R<'gc, M, Option<i64>> {
        match v.kind() {
            Kind::None => Ok(None),
            Kind::BigInt => Ok(Some(if vm.as_big(v).is_some_and(|b| b.sign() == num_bigint::Sign::Minus) {
                i64::MIN / 2
            } else {
                i64::MAX / 2
            })),
            Kind::Int | Kind::Bool | Kind::Instance => vm.to_index(v).map(Some),
            _ => Err(vm.raise(E::TypeError, "slice indices must be integers or None or have an __index__ method")),
        }
    };
    let step = part(vm, &s.step)?.unwrap_or(1);
    if step == 0 {
        return Err(vm.raise(E::ValueError, "slice step cannot be zero"));
    }
    let (lo, hi) = if step > 0 { (0, n) } else { (-1, n - 1) };
    let clamp = |i: i64| if i < 0 { (i + n).max(lo) } else { i.min(hi) };
    let start = part(vm, &s.start)?.map_or(if step > 0 { lo } else { hi }, clamp);
    let stop = part(vm, &s.stop)?.map_or(if step > 0 { hi } else { lo }, clamp);
    Ok((start, stop, step))
}
fn indices(start: i64, stop: i64, step: i64) -> Vec<usize> {
    let r = Range { start, stop, step };
    (0..range_len(&r) as i64).map(|k| (start + k * step) as usize).collect()
}

/// `obj[slice]`
pub fn slice_of<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, obj: &V<'gc, M>, key: &V<'gc, M>) -> R<'gc, M> {
    let Some(s) = key.downcast_ref::<Slice<'gc, M>>() else { return Ok(Val::none()) };
    let n = vm.length(obj)?;
    let (start, stop, step) = slice_bounds(vm, s, n)?;
    let (from, to) = (start.max(0) as usize, stop.max(start).max(0) as usize);
    // With a step, the numbers of the items come first.
    let each = match obj.kind() {
        Kind::List | Kind::Tuple => 8,
        Kind::Str | Kind::Bytes => 1,
        _ => 0,
    };
    vm.reserve_many(range_len(&Range { start, stop, step }), if step == 1 { each } else { each * 2 + 8 })?;
    match obj.kind() {
        Kind::List => {
            let l = obj.downcast_ref::<List<'gc, M>>().expect("its kind says so");
            let items: Vec<_> = if step == 1 {
                l.items.borrow()[from..to].to_vec()
            } else {
                let items = l.items.borrow();
                indices(start, stop, step).into_iter().map(|i| items[i].clone()).collect()
            };
            vm.list(items)
        }
        Kind::Tuple => {
            let t = obj.downcast_ref::<Tuple<'gc, M>>().expect("its kind says so");
            if step == 1 && from == 0 && to == t.len() {
                return Ok(obj.clone());
            }
            let items = if step == 1 {
                t.tail()[from..to].to_vec()
            } else {
                indices(start, stop, step).into_iter().map(|i| t.tail()[i].clone()).collect()
            };
            vm.tuple(items)
        }
        Kind::Str => {
            let s = obj.downcast_ref::<Str>().expect("its kind says so").clone();
            let text = s.text();
            if s.header().chars == s.len() {
                if step == 1 {
                    return vm.str(&text[from..to]);
                }
                let out: String = indices(start, stop, step).into_iter().map(|i| text.as_bytes()[i] as char).collect();
                return vm.str(&out);
            }
            let out: String = if step == 1 {
                text.chars().skip(from).take(to - from).collect()
            } else {
                let chars: Vec<char> = text.chars().collect();
                indices(start, stop, step).into_iter().map(|i| chars[i]).collect()
            };
            vm.str(&out)
        }
        Kind::Bytes => {
            let b = obj.downcast_ref::<Bytes>().expect("its kind says so").clone();
            let out: Vec<u8> = indices(start, stop, step).into_iter().map(|i| b.tail()[i]).collect();
            vm.bytes(&out)
        }
        Kind::Range => {
            let r = obj.downcast_ref::<Range>().expect("its kind says so");
            let (a, b, c) = (r.start + start * r.step, r.start + stop * r.step, r.step * step);
            vm.make(Range { start: a, stop: b, step: c })
        }
        _ => Ok(Val::none()),
    }
}
/// `l[slice] = value`, or `del l[slice]`.
pub fn set_slice<'gc, M: OneMutator>(
    vm: &mut Vm<'gc, M>,
    l: &Gc<'gc, List<'gc, M>, M>,
    key: &V<'gc, M>,
    value: Option<V<'gc, M>>,
) -> R<'gc, M, ()> {
    let Some(s) = key.downcast_ref::<Slice<'gc, M>>() else { return Ok(()) };
    let new = match &value {
        Some(v) => match vm.collect(v) {
            Err(e) if vm.is_error(&e, E::TypeError) => {
                return Err(vm.raise(E::TypeError, "can only assign an iterable"));
            }
            out => out?,
        },
        None => Vec::new(),
    };
    let n = l.items.borrow().len();
    let (start, stop, step) = slice_bounds(vm, s, n)?;
    if step == 1 {
        let (from, to) = (start.max(0) as usize, stop.max(start).max(0) as usize);
        vm.reserve_extension(l, new.len())?;
        vm.reserve_many(to - from, 8)?;
        let mc = vm.mc;
        let mut old: Vec<_> = l.items.borrow_mut(mc).splice(from..to, new).collect();
        // Last to first, as `list_ass_slice`.
        while old.pop().is_some() {}
        vm.list_resized(l);
        return Ok(());
    }
    let at = indices(start, stop, step);
    if value.is_some() {
        if at.len() != new.len() {
            let text =
                format!("attempt to assign sequence of size {} to extended slice of size {}", new.len(), at.len());
            return Err(vm.raise(E::ValueError, &text));
        }
        for (i, v) in at.into_iter().zip(new) {
            let old = std::mem::replace(&mut l.items.borrow_mut(vm.mc)[i], v);
            drop(old);
        }
        return Ok(());
    }
    let mut gone: Vec<bool> = vec![false; n];
    at.iter().for_each(|&i| gone[i] = true);
    let mut old = Vec::new();
    {
        let mut items = l.items.borrow_mut(vm.mc);
        let all = std::mem::take(&mut **items);
        for (i, v) in all.into_iter().enumerate() {
            if gone[i] { old.push(v) } else { items.push(v) }
        }
    }
    drop(old);
    vm.list_resized(l);
    Ok(())
}

fn this<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M, Gc<'gc, List<'gc, M>, M>> {
    match vm.arg_ref(a, 0).downcast_ref::<List<'gc, M>>() {
        Some(l) => Ok(l.clone()),
        None => {
            let t = vm.type_name(&vm.arg(a, 0));
            Err(vm.raise(E::TypeError, &format!("descriptor for 'list' objects doesn't apply to a '{t}' object")))
        }
    }
}
fn append<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let l = this(vm, a)?;
    let v = vm.arg(a, 1);
    vm.list_push(&l, v)?;
    Ok(Val::none())
}
fn extend<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let l = this(vm, a)?;
    let items = vm.items_or_ask("_with_list_extend", a, 1)?;
    vm.reserve_extension(&l, items.len())?;
    l.items.borrow_mut(vm.mc).extend(items);
    vm.list_resized(&l);
    Ok(Val::none())
}
fn insert<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let l = this(vm, a)?;
    let (i, v) = (vm.int_arg(a, 1)?, vm.arg(a, 2));
    let n = l.items.borrow().len() as i64;
    let at = if i < 0 { (i + n).max(0) } else { i.min(n) };
    vm.reserve_extension(&l, 1)?;
    l.items.borrow_mut(vm.mc).insert(at as usize, v);
    vm.list_resized(&l);
    Ok(Val::none())
}
fn pop<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let l = this(vm, a)?;
    if a.n == 1 {
        let v = l.items.borrow_mut(vm.mc).pop();
        return v.ok_or_else(|| vm.raise(E::IndexError, "pop from empty list"));
    }
    let i = vm.int_arg(a, 1)?;
    let n = l.items.borrow().len() as i64;
    if n == 0 {
        return Err(vm.raise(E::IndexError, "pop from empty list"));
    }
    let at = if i < 0 { i + n } else { i };
    if !(0..n).contains(&at) {
        return Err(vm.raise(E::IndexError, "pop index out of range"));
    }
    Ok(l.items.borrow_mut(vm.mc).remove(at as usize))
}
fn remove<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (l, x) = (this(vm, a)?, vm.arg(a, 1));
    let mut i = 0;
    loop {
        let Some(y) = l.items.borrow().get(i).cloned() else {
            return Err(vm.raise(E::ValueError, "list.remove(x): x not in list"));
        };
        if vm.equal(&y, &x)? {
            let old = l.items.borrow_mut(vm.mc).remove(i);
            drop(old);
            return Ok(Val::none());
        }
        i += 1;
    }
}
fn clear<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let l = this(vm, a)?;
    let old = std::mem::take(&mut *l.items.borrow_mut(vm.mc));
    drop(old);
    vm.list_resized(&l);
    Ok(Val::none())
}
fn copy<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let l = this(vm, a)?;
    let n = l.items.borrow().len();
    vm.reserve_many(n, 8)?;
    let items = l.items.borrow().to_vec();
    vm.list(items)
}
fn reverse<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let l = this(vm, a)?;
    l.items.borrow_mut(vm.mc).reverse();
    Ok(Val::none())
}
fn index<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (l, x) = (vm.arg(a, 0), vm.arg(a, 1));
    let n = vm.length(&l)? as i64;
    let bound = |i: i64| if i < 0 { (i + n).max(0) } else { i };
    let (from, to) = (bound(vm.int_arg_or(a, 2, 0)?), bound(vm.int_arg_or(a, 3, n)?));
    let mut i = from;
    while i < to
        && let Some(y) = vm.item(&l, i as usize)
    {
        if vm.equal(&y, &x)? {
            return vm.int(i);
        }
        i += 1;
    }
    let x = vm.repr_text(&x)?;
    let text =
        if l.kind() == Kind::List { format!("{x} is not in list") } else { "tuple.index(x): x not in tuple".into() };
    Err(vm.raise(E::ValueError, &text))
}
fn count<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (l, x) = (vm.arg(a, 0), vm.arg(a, 1));
    let (mut i, mut n) = (0, 0);
    while let Some(y) = vm.item(&l, i) {
        n += vm.equal(&y, &x)? as usize;
        i += 1;
    }
    Ok(Val::index(n))
}

/// Sorts in place; the error of a comparison ends it.
pub fn sort_items<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, items: &mut [V<'gc, M>], reverse: bool) -> R<'gc, M, ()> {
    let all_ints = items.iter().all(|v| v.as_int().is_some());
    if all_ints {
        if reverse {
            items.sort_by_key(|v| std::cmp::Reverse(v.as_int()))
        } else {
            items.sort_by_key(|v| v.as_int())
        }
        return Ok(());
    }
    if items.iter().all(|v| v.kind() == Kind::Str) {
        fn text<'a, 'gc, M: OneMutator>(v: &'a V<'gc, M>) -> &'a str {
            v.downcast_ref::<Str>().map_or("", |s| s.text())
        }
        if reverse {
            items.sort_by(|a, b| text(b).cmp(text(a)))
        } else {
            items.sort_by(|a, b| text(a).cmp(text(b)))
        }
        return Ok(());
    }
    let sorted = merge_sort(vm, items.to_vec(), reverse)?;
    items.clone_from_slice(&sorted);
    Ok(())
}
fn merge_sort<'gc, M: OneMutator>(
    vm: &mut Vm<'gc, M>,
    mut items: Vec<V<'gc, M>>,
    reverse: bool,
) -> R<'gc, M, Vec<V<'gc, M>>> {
    let n = items.len();
    if n <= 8 {
        for i in 1..n {
            let mut j = i;
            while j > 0 {
                let swap =
                    if reverse { vm.less(&items[j - 1], &items[j])? } else { vm.less(&items[j], &items[j - 1])? };
                if !swap {
                    break;
                }
                items.swap(j, j - 1);
                j -= 1;
            }
        }
        return Ok(items);
    }
    let right = items.split_off(n / 2);
    let left = merge_sort(vm, items, reverse)?;
    let right = merge_sort(vm, right, reverse)?;
    let mut out = Vec::with_capacity(n);
    let (mut l, mut r) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (l.peek(), r.peek()) {
        let take_right = if reverse { vm.less(a, b)? } else { vm.less(b, a)? };
        out.extend(if take_right { r.next() } else { l.next() });
    }
    out.extend(l);
    out.extend(r);
    Ok(out)
}
fn sort<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let l = this(vm, a)?;
    let reverse = if a.n > 2 && !vm.arg(a, 2).is_empty() {
        let r = vm.arg(a, 2);
        vm.truth_nested(&r)?
    } else {
        false
    };
    if vm.given(a, 1) {
        let name = vm.intern("_sort_by_key")?;
        let args = vec![vm.arg(a, 0), vm.arg(a, 1), Val::bool(reverse)];
        return vm.tail_prelude(&name, args);
    }
    let mut items = std::mem::take(&mut **l.items.borrow_mut(vm.mc));
    let out = sort_items(vm, &mut items, reverse);
    let meanwhile = std::mem::replace(&mut **l.items.borrow_mut(vm.mc), items);
    vm.list_resized(&l);
    if !meanwhile.is_empty() {
        return Err(vm.raise(E::ValueError, "list modified during sort"));
    }
    out?;
    Ok(Val::none())
}
/// `_sort_with(list, keys, reverse)`: sorts the list by keys that are made.
pub fn sort_with<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (l, keys) = (this(vm, a)?, vm.arg(a, 1));
    let reverse = vm.arg(a, 2).is_true();
    let keys = vm.collect(&keys)?;
    let items = std::mem::take(&mut **l.items.borrow_mut(vm.mc));
    if keys.iter().all(|v| v.as_int().is_some()) {
        let mut both: Vec<_> = keys.into_iter().map(|k| k.as_int()).zip(items).collect();
        if reverse {
            both.sort_by_key(|p| std::cmp::Reverse(p.0))
        } else {
            both.sort_by_key(|p| p.0)
        }
        **l.items.borrow_mut(vm.mc) = both.into_iter().map(|p| p.1).collect();
        vm.list_resized(&l);
        return Ok(Val::none());
    }
    let order = merge_sort_indices(vm, &keys, (0..items.len()).collect(), reverse);
    let order = match order {
        Ok(o) => o,
        Err(e) => {
            **l.items.borrow_mut(vm.mc) = items;
            vm.list_resized(&l);
            return Err(e);
        }
    };
    **l.items.borrow_mut(vm.mc) = order.into_iter().map(|i| items[i].clone()).collect();
    vm.list_resized(&l);
    Ok(Val::none())
}
fn merge_sort_indices<'gc, M: OneMutator>(
    vm: &mut Vm<'gc, M>,
    keys: &[V<'gc, M>],
    mut at: Vec<usize>,
    reverse: bool,
) -> R<'gc, M, Vec<usize>> {
    let n = at.len();
    if n <= 1 {
        return Ok(at);
    }
    let right = at.split_off(n / 2);
    let left = merge_sort_indices(vm, keys, at, reverse)?;
    let right = merge_sort_indices(vm, keys, right, reverse)?;
    let mut out = Vec::with_capacity(n);
    let (mut i, mut j) = (0, 0);
    while i < left.len() && j < right.len() {
        let (a, b) = (&keys[left[i]], &keys[right[j]]);
        if if reverse { vm.less(a, b)? } else { vm.less(b, a)? } {
            out.push(right[j]);
            j += 1
        } else {
            out.push(left[i]);
            i += 1
        }
    }
    out.extend_from_slice(&left[i..]);
    out.extend_from_slice(&right[j..]);
    Ok(out)
}
fn new<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let items = if a.n > 1 { vm.items_or_ask("_with_list_new", a, 1)? } else { Vec::new() };
    let l = vm.list(items)?;
    let class = vm.arg(a, 0);
    make_sub(vm, &l, &class)?;
    Ok(l)
}
/// Makes a new list, dict or set an instance of a subclass, if `class` is one.
pub fn make_sub<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, v: &V<'gc, M>, class: &V<'gc, M>) -> R<'gc, M, ()> {
    let Some(c) = class.downcast_ref::<Class<'gc, M>>() else { return Ok(()) };
    if c.builtin {
        return Ok(());
    }
    let sub = vm.alloc(Sub { class: c.clone(), dict: Default::default() })?;
    match v.kind() {
        Kind::List => v.downcast_ref::<List<'gc, M>>().expect("its kind says so").sub.set(vm.mc, Some(sub)),
        Kind::Dict => v.downcast_ref::<Dict<'gc, M>>().expect("its kind says so").sub.set(vm.mc, Some(sub)),
        Kind::Set => v.downcast_ref::<Set<'gc, M>>().expect("its kind says so").sub.set(vm.mc, Some(sub)),
        _ => {}
    }
    Ok(())
}
fn init<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    // `super().__init__(items)` of a subclass.
    let l = this(vm, a)?;
    let items = if a.n > 1 { vm.items_or_ask("_with_list_init", a, 1)? } else { Vec::new() };
    let old = std::mem::replace(&mut **l.items.borrow_mut(vm.mc), items);
    drop(Lifo::new(old));
    vm.list_resized(&l);
    Ok(Val::none())
}
fn range_new<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (start, stop, step) = match a.n {
        2 => (0, vm.int_arg(a, 1)?, 1),
        3 => (vm.int_arg(a, 1)?, vm.int_arg(a, 2)?, 1),
        _ => (vm.int_arg(a, 1)?, vm.int_arg(a, 2)?, vm.int_arg(a, 3)?),
    };
    if step == 0 {
        return Err(vm.raise(E::ValueError, "range() arg 3 must not be zero"));
    }
    vm.make(Range { start, stop, step })
}
fn range_part<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, of: fn(&Range) -> i64) -> R<'gc, M> {
    let v = vm.arg_ref(a, 0).downcast_ref::<Range>().map_or(0, |r| of(r));
    vm.int(v)
}
fn range_index<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (r, x) = (vm.arg(a, 0), vm.arg(a, 1));
    if !vm.contains_native(&r, &x)? {
        let x = vm.repr_text(&x)?;
        return Err(vm.raise(E::ValueError, &format!("{x} is not in range")));
    }
    let i = vm.to_index(&x)?;
    let at = r.downcast_ref::<Range>().map_or(0, |r| (i - r.start) / r.step);
    vm.int(at)
}
fn slice_new<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let get = |vm: &Vm<'gc, M>, i| if i < a.n { vm.arg(a, i) } else { Val::none() };
    let (start, stop, step) =
        if a.n == 2 { (Val::none(), get(vm, 1), Val::none()) } else { (get(vm, 1), get(vm, 2), get(vm, 3)) };
    vm.make(Slice { start, stop, step })
}
fn slice_indices<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let n = vm.int_arg(a, 1)?;
    let Some(s) = vm.arg_ref(a, 0).downcast_ref::<Slice<'gc, M>>().cloned() else { return Ok(Val::none()) };
    let (x, y, z) = slice_bounds(vm, &s, n.max(0) as usize)?;
    let items = vec![vm.int(x)?, vm.int(y)?, vm.int(z)?];
    vm.tuple(items)
}

/// Methods.
pub fn methods<M: OneMutator>() -> Vec<Methods<M>> {
    use crate::builtins::dunder::*;
    vec![
        (
            T::List,
            vec![
                def("__new__", 1, 2, new),
                def("__init__", 1, 2, init),
                def("append", 2, 2, append),
                def("extend", 2, 2, extend),
                def("insert", 3, 3, insert),
                def("pop", 1, 2, pop),
                def("remove", 2, 2, remove),
                def("clear", 1, 1, clear),
                def("copy", 1, 1, copy),
                def("reverse", 1, 1, reverse),
                def("index", 2, 4, index),
                def("count", 2, 2, count),
                def_kw("sort", 1, &["", "key", "reverse"], sort),
                def("__len__", 1, 1, len),
                def("__iter__", 1, 1, iter),
                def("__getitem__", 2, 2, getitem),
                def("__setitem__", 3, 3, setitem),
                def("__delitem__", 2, 2, delitem),
                def("__contains__", 2, 2, contains),
                def("__reversed__", 1, 1, reversed),
                def("__add__", 2, 2, add),
                def("__mul__", 2, 2, mul),
                def("__iadd__", 2, 2, iadd),
                def("__eq__", 2, 2, eq),
                def("__repr__", 1, 1, repr),
            ],
            vec![],
        ),
        (T::Tuple, vec![def("index", 2, 4, index), def("count", 2, 2, count)], vec![]),
        (
            T::Range,
            vec![
                def("__new__", 2, 4, range_new),
                def("index", 2, 2, range_index),
                def("count", 2, 2, range_count),
                def("__len__", 1, 1, len),
                def("__iter__", 1, 1, iter),
                def("__getitem__", 2, 2, getitem),
                def("__contains__", 2, 2, contains),
                def("__reversed__", 1, 1, reversed),
            ],
            vec![
                crate::vm::boot::GetSet { name: "start", get: |vm, a| range_part(vm, a, |r| r.start), set: None },
                crate::vm::boot::GetSet { name: "stop", get: |vm, a| range_part(vm, a, |r| r.stop), set: None },
                crate::vm::boot::GetSet { name: "step", get: |vm, a| range_part(vm, a, |r| r.step), set: None },
            ],
        ),
        (
            T::Slice,
            vec![def("__new__", 2, 4, slice_new), def("indices", 2, 2, slice_indices)],
            vec![
                crate::vm::boot::GetSet { name: "start", get: |vm, a| Ok(slice_part(vm, a, 0)), set: None },
                crate::vm::boot::GetSet { name: "stop", get: |vm, a| Ok(slice_part(vm, a, 1)), set: None },
                crate::vm::boot::GetSet { name: "step", get: |vm, a| Ok(slice_part(vm, a, 2)), set: None },
            ],
        ),
        (T::ListIterator, vec![def("__length_hint__", 1, 1, crate::vm::boot::nothing)], vec![]),
        (T::Iterator, vec![def("__iter__", 1, MANY, crate::builtins::dunder::this)], vec![]),
    ]
}
fn slice_part<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, i: usize) -> V<'gc, M> {
    match vm.arg_ref(a, 0).downcast_ref::<Slice<'gc, M>>() {
        Some(s) => [&s.start, &s.stop, &s.step][i].clone(),
        None => Val::none(),
    }
}
fn range_count<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (r, x) = (vm.arg(a, 0), vm.arg(a, 1));
    Ok(Val::index(vm.contains_native(&r, &x)? as usize))
}
