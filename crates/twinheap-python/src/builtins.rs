//! The built-in functions. What calls back is written in Python, in the prelude (`builtins/prelude.py`): a native here
//! takes the cases that need no call and hands the others over.

pub mod dunder;

use crate::{
    bytecode::BinKind,
    object::*,
    types::names::N,
    value::{Kind, Value},
    vm::{
        Args, E, R, Step, T, Vm,
        boot::Methods,
        natives::{MANY, NativeDef, def, def_kw, def_raw},
    },
};
use std::sync::atomic::Ordering::Relaxed;
use twinheap::{OneMutator, Val};

/// The prelude's source.
pub const PRELUDE: &str = include_str!("builtins/prelude.py");

/// Methods of all built-in types.
pub fn methods<M: OneMutator>() -> Vec<Methods<M>> {
    use crate::types::*;
    [
        class::methods(),
        int::methods(),
        float::methods(),
        str::methods(),
        bytes::methods(),
        list::methods(),
        tuple::methods(),
        deque::methods(),
        dict_methods::methods(),
        set_methods::methods(),
        function::methods(),
        file::methods(),
        weak::methods(),
        iterators(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
fn iterators<M: OneMutator>() -> Vec<Methods<M>> {
    use T::*;
    [
        RangeIterator,
        ListIterator,
        ListReverseIterator,
        TupleIterator,
        StrIterator,
        DictKeyIterator,
        DictValueIterator,
        DictItemIterator,
        SetIterator,
        Enumerate,
        Zip,
        Iterator,
    ]
    .into_iter()
    .map(|t| (t, vec![def("__iter__", 1, 1, dunder::this), def("__next__", 1, 1, dunder::next)], vec![]))
    .collect()
}

fn print<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (mut sep, mut end, mut flush, mut file) = (" ".to_string(), "\n".to_string(), false, Val::none());
    for (k, v) in vm.keywords(a) {
        match k.as_str() {
            "sep" | "end" => {
                if !v.is_none() {
                    let Some(s) = v.downcast_ref::<Str>() else {
                        let t = vm.type_name(&v);
                        return Err(vm.raise(E::TypeError, &format!("{k} must be None or a string, not {t}")));
                    };
                    *(if k == "sep" { &mut sep } else { &mut end }) = s.text().to_string()
                }
            }
            "flush" => flush = vm.truth_nested(&v)?,
            "file" => file = v,
            _ => return Err(vm.raise(E::TypeError, &format!("print() got an unexpected keyword argument '{k}'"))),
        }
    }
    // Instances say themselves what they look like: by the prelude, so that no Python code is nested here.
    for i in 0..a.n {
        let v = vm.arg_ref(a, i);
        if v.kind() == Kind::Instance && vm.inner(v).is_none() && !vm.host.printing {
            let c = vm.class_of(v);
            if vm.lookup(&c, N::str_).is_some_and(|f| f.kind() == Kind::Func)
                || vm.lookup(&c, N::repr).is_some_and(|f| f.kind() == Kind::Func)
            {
                let args = vm.args_from(a, 0);
                let args = vm.tuple(args)?;
                let (sep, end) = (vm.str(&sep)?, vm.str(&end)?);
                let name = vm.intern("_print")?;
                return vm.tail_prelude(&name, vec![args, sep, end, file, Val::bool(flush)]);
            }
        }
    }
    let mut out = String::new();
    for i in 0..a.n {
        if i > 0 {
            out.push_str(&sep);
        }
        let v = vm.arg(a, i);
        match v.downcast_ref::<Str>() {
            Some(s) => vm.push_text(&mut out, s.text())?,
            None => {
                let t = vm.str_text(&v)?;
                vm.push_text(&mut out, &t)?
            }
        }
    }
    out.push_str(&end);
    let target = if file.is_none() { vm.sys_stream(N::stdout) } else { Some(file) };
    match target {
        Some(t) => match t.downcast_ref::<File<'gc, M>>().cloned() {
            Some(f) => {
                vm.write_to(&f, out.as_bytes())?;
                if flush {
                    let name = vm.name(N::flush).clone();
                    let m = vm.get_attr(&t, &name)?;
                    vm.call(&m, &[])?;
                }
            }
            None if t.is_none() => {}
            None => {
                let name = vm.name(N::write).clone();
                let m = vm.get_attr(&t, &name)?;
                let s = vm.str(&out)?;
                vm.call(&m, &[s])?;
            }
        },
        None => {
            if let Err(e) = vm.host.write_out(out.as_bytes()) {
                return Err(vm.os_error(&e, None));
            }
        }
    }
    if flush && let Err(e) = vm.host.flush() {
        return Err(vm.os_error(&e, None));
    }
    Ok(Val::none())
}
impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// `sys.stdout`, if the program has loaded `sys` (and may have changed it).
    pub fn sys_stream(&self, which: N) -> Option<V<'gc, M>> {
        let sys = self.rt.interned.borrow().get("sys").cloned()?;
        let sys = self.dict_get_name(&self.rt.modules, &sys)?;
        self.dict_get_name(&self.module_dict(&sys)?, self.name(which))
    }
}
fn len<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let n = vm.length(&v)?;
    Ok(Val::index(n))
}
fn repr<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    answer(vm, |vm| vm.repr_step(v))
}
fn answer<'gc, M: OneMutator>(
    vm: &mut Vm<'gc, M>,
    f: impl FnOnce(&mut Vm<'gc, M>) -> R<'gc, M, Step<'gc, M>>,
) -> R<'gc, M> {
    match f(vm)? {
        Step::Value(v) => Ok(v),
        Step::Pushed => vm.pushed(),
    }
}
fn ascii<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    answer(vm, |vm| vm.convert(v, 3))
}
fn format<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (v, spec) = (vm.arg(a, 0), vm.arg(a, 1));
    let spec = if spec.is_empty() { None } else { Some(spec) };
    answer(vm, |vm| vm.format_step(v, spec))
}
fn iter<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    if a.n == 2 {
        let name = vm.intern("_iter_callable")?;
        let args = vm.args_from(a, 0);
        return vm.tail_prelude(&name, args);
    }
    let v = vm.arg(a, 0);
    answer(vm, |vm| vm.get_iter(v))
}
fn next<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (it, default) = (vm.arg(a, 0), vm.arg(a, 1));
    let it = vm.through_iterator(it)?;
    match it.kind() {
        Kind::Iter => {
            let Some(i) = it.downcast_ref::<Iter<'gc, M>>().cloned() else { return Ok(Val::none()) };
            match vm.iter_next(&i)? {
                Some(v) => Ok(v),
                None if a.n == 2 => Ok(default),
                None => Err(vm.stop_iteration(Val::none())),
            }
        }
        Kind::Gen if a.n == 1 => {
            if vm.resume(&it, Val::none(), false)? {
                vm.pushed()
            } else {
                Err(vm.stop_iteration(Val::none()))
            }
        }
        _ if a.n == 1 => {
            let class = vm.class_of(&it);
            match vm.lookup(&class, N::next) {
                Some(f) => answer(vm, |vm| vm.call_step(f, &[it], Mode::Push, Val::empty())),
                None => {
                    let t = vm.type_name(&it);
                    Err(vm.raise(E::TypeError, &format!("'{t}' object is not an iterator")))
                }
            }
        }
        _ => match vm.next_nested(&it)? {
            Some(v) => Ok(v),
            None => Ok(default),
        },
    }
}
fn isinstance<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (v, c) = (vm.arg(a, 0), vm.arg(a, 1));
    Ok(Val::bool(check_instance(vm, &v, &c, false)?))
}
fn issubclass<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (v, c) = (vm.arg(a, 0), vm.arg(a, 1));
    if v.kind() != Kind::Class {
        return Err(vm.raise(E::TypeError, "issubclass() arg 1 must be a class"));
    }
    Ok(Val::bool(check_instance(vm, &v, &c, true)?))
}
fn check_instance<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, v: &V<'gc, M>, c: &V<'gc, M>, sub: bool) -> R<'gc, M, bool> {
    if let Some(t) = c.downcast_ref::<Tuple<'gc, M>>() {
        for c in t.tail() {
            if check_instance(vm, v, c, sub)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    let Some(class) = c.downcast_ref::<Class<'gc, M>>() else {
        let f = if sub {
            "issubclass() arg 2 must be a class, a tuple of classes, or a union"
        } else {
            "isinstance() arg 2 must be a type, a tuple of types, or a union"
        };
        return Err(vm.raise(E::TypeError, f));
    };
    if let Some(meta) = class.meta.get().downcast_ref::<Class<'gc, M>>()
        && let Some(f) = vm.lookup(meta, if sub { N::subclasscheck } else { N::instancecheck })
        && f.kind() != Kind::Native
    {
        let b = vm.call_method_value(f, c, std::slice::from_ref(v))?;
        return vm.truth_nested(&b);
    }
    Ok(match v.downcast_ref::<Class<'gc, M>>() {
        Some(v) if sub => vm.is_subclass(v, class),
        _ if vm.is_instance(v, class) => true,
        // A proxy's `__class__` is the other one's.
        _ => vm.seen_through(v)?.is_some_and(|target| vm.is_instance(&target, class)),
    })
}
fn id<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let bits = vm.arg_ref(a, 0).bits();
    vm.big(bits.into())
}
fn hash<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let h = vm.hash(&v)? as i64;
    vm.int(h)
}
fn callable<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    Ok(Val::bool(vm.callable(vm.arg_ref(a, 0))))
}
fn attr_name<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M, twinheap::Gc<'gc, Str, M>> {
    let v = vm.arg(a, 1);
    match v.downcast_ref::<Str>() {
        Some(s) => Ok(vm.intern_str(s)),
        None => {
            let t = vm.type_name(&v);
            Err(vm.raise(E::TypeError, &format!("attribute name must be string, not '{t}'")))
        }
    }
}
fn getattr<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (v, name) = (vm.arg(a, 0), attr_name(vm, a)?);
    if a.n == 3 {
        return Ok(vm.find_attr(&v, &name)?.unwrap_or_else(|| vm.arg(a, 2)));
    }
    answer(vm, |vm| vm.get_attr_step(v, &name))
}
fn hasattr<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (v, name) = (vm.arg(a, 0), attr_name(vm, a)?);
    Ok(Val::bool(vm.find_attr(&v, &name)?.is_some()))
}
fn setattr<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (v, name, x) = (vm.arg(a, 0), attr_name(vm, a)?, vm.arg(a, 2));
    vm.set_attr(&v, &name, x)?;
    Ok(Val::none())
}
fn delattr<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (v, name) = (vm.arg(a, 0), attr_name(vm, a)?);
    let depth = vm.frames.len();
    if let Step::Pushed = vm.del_attr(&v, &name)? {
        vm.run_nested(depth, false)?;
    }
    Ok(Val::none())
}
fn abs<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let v = vm.through(v)?;
    if let Some(r) = vm.call_special_python(&v, N::abs)? {
        return Ok(r);
    }
    let w = vm.unwrapped(v.clone());
    match (w.as_int(), vm.as_f64(&w)) {
        (Some(i), _) => vm.int(i.abs()),
        (_, Some(f)) => vm.float(f.abs()),
        _ => match vm.as_big(&w) {
            Some(b) => vm.big(b.magnitude().clone().into()),
            None => {
                let t = vm.type_name(&v);
                Err(vm.raise(E::TypeError, &format!("bad operand type for abs(): '{t}'")))
            }
        },
    }
}
impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// A method of the class, if it is Python's.
    pub fn call_special_python(&mut self, v: &V<'gc, M>, n: N) -> R<'gc, M, Option<V<'gc, M>>> {
        if v.kind() != Kind::Instance {
            return Ok(None);
        }
        match self.lookup(&self.class_of(v), n) {
            Some(f) if f.kind() != Kind::Native => self.call_method_value(f, v, &[]).map(Some),
            _ => Ok(None),
        }
    }
}
fn round<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    if let Some(r) = vm.call_special_python(&v, N::round)? {
        return Ok(r);
    }
    let w = vm.unwrapped(v.clone());
    let places = if vm.given(a, 1) { Some(vm.int_arg(a, 1)?) } else { None };
    if let Some(f) = vm.as_f64(&w) {
        return match places {
            Some(n) => match crate::num::float::round(f, n) {
                Some(f) => vm.float(f),
                None => Err(vm.raise(E::OverflowError, "rounded value too large to represent")),
            },
            None if f.is_nan() => Err(vm.raise(E::ValueError, "cannot convert float NaN to integer")),
            None => match crate::num::float::round_to_int(f) {
                Some(b) => vm.big(b),
                None => Err(vm.raise(E::OverflowError, "cannot convert float infinity to integer")),
            },
        };
    }
    match vm.as_big(&w) {
        Some(b) => match places {
            // Beyond its own digits every integer rounds to nothing (two bits a digit are less than it takes).
            Some(n) if n < 0 && n.unsigned_abs().saturating_mul(2) > b.bits().saturating_add(8) => Ok(Val::index(0)),
            Some(n) if n < 0 => vm.big(crate::num::int::round_to_tens(&b, n.unsigned_abs() as u32)),
            _ => vm.big(b),
        },
        None => {
            let t = vm.type_name(&v);
            Err(vm.raise(E::TypeError, &format!("type {t} doesn't define __round__ method")))
        }
    }
}
fn divmod<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (x, y) = (vm.arg(a, 0), vm.arg(a, 1));
    let (x, y) = (vm.through(x)?, vm.through(y)?);
    let q = vm.binary_nested(BinKind::FloorDiv, x.clone(), y.clone())?;
    let r = vm.binary_nested(BinKind::Mod, x, y)?;
    vm.tuple(vec![q, r])
}
fn pow<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (x, y) = (vm.arg(a, 0), vm.arg(a, 1));
    if vm.given(a, 2) {
        let m = vm.arg(a, 2);
        let (x, y, m) = (vm.through(x)?, vm.through(y)?, vm.through(m)?);
        let (b, e, m) = (vm.as_big(&x), vm.as_big(&y), vm.as_big(&m));
        return match (b, e, m) {
            (Some(b), Some(e), Some(m)) => crate::types::int::pow_mod(vm, &b, &e, &m),
            _ => Err(vm.raise(E::TypeError, "pow() 3rd argument not allowed unless all arguments are integers")),
        };
    }
    vm.binary_nested(BinKind::Pow, x, y)
}
fn radix<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, base: u32, prefix: &str) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let v = vm.unwrapped(v);
    let b = match vm.as_big(&v) {
        Some(b) => b,
        None => vm.to_index(&v)?.into(),
    };
    let sign = if b.sign() == num_bigint::Sign::Minus { "-" } else { "" };
    // A character may stand for one bit; made, put behind its sign, copied.
    vm.reserve_many(b.bits() as usize, 3)?;
    let t = format!("{sign}{prefix}{}", b.magnitude().to_str_radix(base));
    vm.str(&t)
}
fn chr<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let i = vm.int_arg(a, 0)?;
    match u32::try_from(i).ok().and_then(char::from_u32) {
        Some(c) => vm.str(c.encode_utf8(&mut [0; 4])),
        None => Err(vm.raise(E::ValueError, "chr() arg not in range(0x110000)")),
    }
}
fn ord<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    if let Some(b) = v.downcast_ref::<Bytes>()
        && b.len() == 1
    {
        return Ok(Val::index(b.tail()[0] as usize));
    }
    let Some(s) = v.downcast_ref::<Str>() else {
        let t = vm.type_name(&v);
        return Err(vm.raise(E::TypeError, &format!("ord() expected string of length 1, but {t} found")));
    };
    let n = s.header().chars;
    match s.text().chars().next() {
        Some(c) if n == 1 => Ok(Val::index(c as usize)),
        _ => Err(vm.raise(E::TypeError, &format!("ord() expected a character, but string of length {n} found"))),
    }
}
fn extreme<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, max: bool) -> R<'gc, M> {
    let name = if max { "max" } else { "min" };
    let (mut key, mut default) = (Val::none(), Val::empty());
    for (k, v) in vm.keywords(a) {
        match k.as_str() {
            "key" => key = v,
            "default" => default = v,
            _ => return Err(vm.raise(E::TypeError, &format!("{name}() got an unexpected keyword argument '{k}'"))),
        }
    }
    let items = if a.n == 1 {
        let v = vm.arg(a, 0);
        if let Some(r) = v.downcast_ref::<Range>()
            && key.is_none()
            && let n @ 1.. = crate::types::list::range_len(r) as i128
        {
            let end = r.start as i128 + (n - 1) * r.step as i128;
            return vm.int(if max == (r.step > 0) { end as i64 } else { r.start });
        }
        match if holds_items(&v) { vm.collect_pure(&v)? } else { None } {
            Some(items) => items,
            None => {
                let again = vm.intern("_extreme_of")?;
                let default = if default.is_empty() { vm.rt.prelude_marker(vm) } else { default };
                return vm.tail_prelude(&again, vec![v, key, default, Val::bool(max)]);
            }
        }
    } else {
        vm.args_from(a, 0)
    };
    if items.is_empty() {
        if !default.is_empty() {
            return Ok(default);
        }
        return Err(vm.raise(E::ValueError, &format!("{name}() iterable argument is empty")));
    }
    if !key.is_none() {
        let again = vm.intern("_extreme_key")?;
        let items = vm.list(items)?;
        return vm.tail_prelude(&again, vec![items, key, Val::bool(max)]);
    }
    let mut best = items[0].clone();
    for v in &items[1..] {
        if if max { vm.less(&best, v)? } else { vm.less(v, &best)? } {
            best = v.clone()
        }
    }
    Ok(best)
}
impl<'gc, M: OneMutator> crate::vm::Runtime<'gc, M> {
    /// The object that stands for "not given" in the prelude.
    pub fn prelude_marker(&self, vm: &Vm<'gc, M>) -> V<'gc, M> {
        let name = self.interned.borrow().get("_missing").cloned();
        name.and_then(|n| vm.dict_get_name(&self.prelude, &n)).unwrap_or_else(Val::none)
    }
}
/// Whether the items are all there, so that a copy of them takes no more than they do.
fn holds_items<M: OneMutator>(v: &V<'_, M>) -> bool {
    matches!(v.kind(), Kind::List | Kind::Tuple | Kind::Dict | Kind::Set | Kind::View | Kind::Str | Kind::Bytes)
}
/// Integers from a start by equal steps: the sum is known, no item is made.
fn sum_of_range<'gc, M: OneMutator>(
    vm: &mut Vm<'gc, M>,
    v: &V<'gc, M>,
    start: &V<'gc, M>,
) -> R<'gc, M, Option<V<'gc, M>>> {
    let Some(start) = vm.as_big(start) else { return Ok(None) };
    let (first, n, step) = match (v.downcast_ref::<Range>(), v.downcast_ref::<Iter<'gc, M>>()) {
        (Some(r), _) => (r.start, crate::types::list::range_len(r), r.step),
        (_, Some(it)) if it.how == IterKind::Range => {
            // Its items are used up.
            (it.pos.load(Relaxed), it.end.swap(0, Relaxed).max(0) as usize, it.step)
        }
        _ => return Ok(None),
    };
    let n = num_bigint::BigInt::from(n);
    let pairs: num_bigint::BigInt = &n * (&n - 1) / 2;
    vm.big(start + n * first + pairs * step).map(Some)
}
fn sum<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let start = vm.arg(a, 1);
    let start = if start.is_empty() { Val::index(0) } else { start };
    if start.kind() == Kind::Str {
        return Err(vm.raise(E::TypeError, "sum() can't sum strings [use ''.join(seq) instead]"));
    }
    if let Some(total) = sum_of_range(vm, &v, &start)? {
        return Ok(total);
    }
    // What makes its items one by one is added up one by one.
    let items = if holds_items(&v) { vm.collect_pure(&v)? } else { None };
    let numbers = items
        .filter(|items| items.iter().all(|v| matches!(v.kind(), Kind::Int | Kind::Float | Kind::Bool | Kind::BigInt)));
    let Some(items) = numbers else {
        let name = vm.intern("_sum")?;
        return vm.tail_prelude(&name, vec![v, start]);
    };
    let mut acc = start;
    let mut i = 0;
    // Floats are added with compensation, as CPython does since 3.12.
    while i < items.len() {
        if let Some(mut f) = vm.as_f64(&acc) {
            let mut c = 0.0;
            while i < items.len() {
                if let Some(x) = vm.as_f64(&items[i]) {
                    let t = f + x;
                    c += if f.abs() >= x.abs() { (f - t) + x } else { (x - t) + f };
                    f = t;
                } else if let Some(x) = items[i].as_int() {
                    f += x as f64
                } else {
                    break;
                }
                i += 1;
            }
            acc = vm.float(if c != 0.0 && c.is_finite() { f + c } else { f })?;
            if i >= items.len() {
                break;
            }
        }
        acc = vm.binary_nested(BinKind::Add, acc, items[i].clone())?;
        i += 1;
    }
    Ok(acc)
}
fn sorted<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let reverse = vm.arg(a, 2);
    let reverse = !reverse.is_empty() && vm.truth_nested(&reverse)?;
    let mut items = vm.items_or_ask("_with_sorted", a, 0)?;
    if vm.given(a, 1) {
        let l = vm.list(items)?;
        let name = vm.intern("_sorted_by_key")?;
        let key = vm.arg(a, 1);
        return vm.tail_prelude(&name, vec![l, key, Val::bool(reverse)]);
    }
    crate::types::list::sort_items(vm, &mut items, reverse)?;
    vm.list(items)
}
fn reversed<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    dunder::reverse_of(vm, v)
}
fn enumerate<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let start = vm.int_arg_or(a, 1, 0)?;
    if v.kind() != Kind::Instance
        && let Some(it) = vm.pure_iter(&v)?
        && it.kind() == Kind::Iter
    {
        return vm.iter(IterKind::Enumerate, it, start, 0, 1);
    }
    let (name, start) = (vm.intern("_enumerate")?, vm.int(start)?);
    vm.tail_prelude(&name, vec![v, start])
}
fn zip<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    zipped(vm, a, IterKind::Zip)
}
fn zipped<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, how: IterKind) -> R<'gc, M> {
    let strict = vm.keywords(a).iter().any(|(k, v)| k == "strict" && v.is_true());
    let args = vm.args_from(a, 0);
    let mut its = Vec::new();
    for v in &args {
        if v.kind() != Kind::Instance
            && let Some(it) = vm.pure_iter(v)?
            && it.kind() == Kind::Iter
        {
            its.push(it)
        }
    }
    if its.len() == args.len() && !strict {
        let t = vm.tuple(its)?;
        return vm.iter(how, t, 0, 0, 1);
    }
    let (name, t) = (vm.intern("_zip")?, vm.tuple(args)?);
    vm.tail_prelude(&name, vec![t, Val::bool(strict)])
}
fn globals<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    let d = vm.frames.last().map(|f| f.func.globals.clone());
    Ok(d.map_or(Val::none(), Val::from_gc))
}
fn locals<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let Some(f) = vm.frames.last() else { return Ok(Val::none()) };
    if let Some(b) = f.extra.downcast_ref::<Building<'gc, M>>() {
        return Ok(Val::from_gc(b.namespace.clone()));
    }
    let co = f.func.code.co.0.clone();
    if co.flags & crate::bytecode::flags::OPTIMIZED == 0 {
        return globals(vm, a);
    }
    let base = f.base as usize;
    let d = vm.dict(Default::default())?;
    for i in 0..co.nslots() {
        if i >= co.nvisible as usize && i < co.nlocals() {
            continue;
        }
        let v = vm.stack[base + i].clone();
        let v = match v.downcast_ref::<Cell<'gc, M>>() {
            Some(c) if i >= co.nlocals() => c.0.get(),
            _ => v,
        };
        if !v.is_empty() {
            vm.dict_set_text(&d, co.slot_name(i), v)?
        }
    }
    Ok(Val::from_gc(d))
}
fn vars<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    if a.n == 0 {
        return locals(vm, a);
    }
    let v = vm.arg(a, 0);
    let name = vm.name(N::dict).clone();
    match vm.find_attr(&v, &name)? {
        Some(d) => Ok(d),
        None => Err(vm.raise(E::TypeError, "vars() argument must have __dict__ attribute")),
    }
}
fn dir<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    if a.n == 0 {
        let d = locals(vm, a)?;
        let mut names: Vec<String> = Vec::new();
        if let Some(d) = d.downcast_ref::<Dict<'gc, M>>() {
            names = d
                .table
                .borrow()
                .iter()
                .filter_map(|e| e.key.downcast_ref::<Str>().map(|s| s.text().to_string()))
                .collect();
        }
        names.sort();
        let items = names.iter().map(|n| vm.str(n)).collect::<Result<Vec<_>, _>>()?;
        return vm.list(items);
    }
    let v = vm.arg(a, 0);
    let names = crate::types::class::dir_names(vm, &v)?;
    let items = names.iter().map(|n| vm.str(n)).collect::<Result<Vec<_>, _>>()?;
    vm.list(items)
}
fn import<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let name = vm.str_arg(a, 0, "__import__() argument 1")?;
    let name = vm.intern_str(&name);
    let fromlist = if a.n > 3 { vm.arg(a, 3) } else { Val::none() };
    answer(vm, |vm| vm.import_name(&name, Val::index(0), fromlist))
}
fn code_for<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, mode: crate::parse::Mode) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let globals = match vm.arg(a, 1).downcast::<Dict<'gc, M>>() {
        Ok(d) => Some(d),
        Err(_) => vm.frames.last().map(|f| f.func.globals.clone()),
    };
    let Some(globals) = globals else { return Ok(Val::none()) };
    let code = match v.downcast_ref::<Code<'gc, M>>() {
        Some(c) => c.clone(),
        None => {
            let Some(text) = v.downcast_ref::<Str>().map(|s| s.text().to_string()) else {
                return Err(vm.raise(E::TypeError, "arg 1 must be a string, bytes or code object"));
            };
            match crate::compile::compile_mode(text.as_bytes(), "<string>", mode) {
                Ok(co) => vm.load_code(&co)?,
                Err(e) => return Err(vm.syntax_error(&e)),
            }
        }
    };
    let f = vm.function(code, globals)?;
    vm.tail_call(f, vec![])
}
fn exec<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    code_for(vm, a, crate::parse::Mode::Exec)
}
fn eval<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    code_for(vm, a, crate::parse::Mode::Eval)
}
fn compile<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (s, f, m) = (vm.str_arg(a, 0, "source")?, vm.str_arg(a, 1, "filename")?, vm.str_arg(a, 2, "mode")?);
    let mode = if m.text() == "eval" { crate::parse::Mode::Eval } else { crate::parse::Mode::Exec };
    match crate::compile::compile_mode(s.text().as_bytes(), f.text(), mode) {
        Ok(co) => Ok(Val::from_gc(vm.load_code(&co)?)),
        Err(e) => Err(vm.syntax_error(&e)),
    }
}
fn input<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    // Called again after a wait, it has printed its prompt.
    if !std::mem::replace(&mut vm.host.prompted, true) && a.n > 0 {
        let v = vm.arg(a, 0);
        let t = vm.str_text(&v)?;
        let _ = vm.host.write_out(t.as_bytes());
    }
    let _ = vm.host.flush();
    crate::modules::find(vm, "sys")?;
    let line = match vm.sys_stream(N::stdin) {
        Some(v) => match v.downcast_ref::<File<'gc, M>>() {
            Some(f) => crate::types::file::line(vm, f),
            None => {
                let name = vm.intern("readline")?;
                let m = vm.get_attr(&v, &name)?;
                vm.call(&m, &[]).map(Some)
            }
        },
        None => Err(vm.raise(E::RuntimeError, "input(): lost sys.stdin")),
    };
    vm.host.prompted = line.as_ref().is_err_and(|e| e.is_ask());
    let line = line?;
    vm.dirty = true;
    match line.as_ref().and_then(|l| l.downcast_ref::<Str>()).map(|s| s.text()) {
        None | Some("") => Err(vm.raise(E::EOFError, "EOF when reading a line")),
        Some(text) => vm.str(text.strip_suffix('\n').unwrap_or(text)),
    }
}
fn build_class<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (func, name, bases) = (vm.arg(a, 0), vm.arg(a, 1), vm.args_from(a, 2));
    let mut keywords = Val::empty();
    if a.kw > 0 {
        let d = vm.dict(Default::default())?;
        for (k, v) in vm.keywords(a) {
            vm.dict_set_text(&d, &k, v)?
        }
        keywords = Val::from_gc(d);
    }
    vm.build_class(func, name, bases, keywords)
}
fn is_pure<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    Ok(Val::bool(matches!(vm.arg_ref(a, 0).kind(), Kind::Iter | Kind::List | Kind::Tuple)))
}
fn write_out<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    vm.host.printing = true;
    let out = print(vm, a);
    vm.host.printing = false;
    out
}
/// `_call_new(cls, i, items, args)`: the native again, with the items in place.
fn again<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (f, i, items) = (vm.arg(a, 0), vm.int_arg(a, 1)?, vm.arg(a, 2));
    let mut args = vm.args_from(a, 3);
    args.insert((i as usize).min(args.len()), items);
    vm.tail_call(f, args)
}
fn note_version<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    Ok(Val::index(vm.rt.version.load(Relaxed) as usize))
}

/// The built-in functions.
pub fn functions<M: OneMutator>() -> Vec<NativeDef<M>> {
    vec![
        def_raw("print", 0, MANY, print),
        def("len", 1, 1, len),
        def("repr", 1, 1, repr),
        def("ascii", 1, 1, ascii),
        def("format", 1, 2, format),
        def("iter", 1, 2, iter),
        def("next", 1, 2, next),
        def("isinstance", 2, 2, isinstance),
        def("issubclass", 2, 2, issubclass),
        def("id", 1, 1, id),
        def("hash", 1, 1, hash),
        def("callable", 1, 1, callable),
        def("getattr", 2, 3, getattr),
        def("hasattr", 2, 2, hasattr),
        def("setattr", 3, 3, setattr),
        def("delattr", 2, 2, delattr),
        def("abs", 1, 1, abs),
        def_kw("round", 1, &["number", "ndigits"], round),
        def("divmod", 2, 2, divmod),
        def_kw("pow", 2, &["base", "exp", "mod"], pow),
        def("bin", 1, 1, |vm, a| radix(vm, a, 2, "0b")),
        def("oct", 1, 1, |vm, a| radix(vm, a, 8, "0o")),
        def("hex", 1, 1, |vm, a| radix(vm, a, 16, "0x")),
        def("chr", 1, 1, chr),
        def("ord", 1, 1, ord),
        def_raw("min", 1, MANY, |vm, a| extreme(vm, a, false)),
        def_raw("max", 1, MANY, |vm, a| extreme(vm, a, true)),
        def_kw("sum", 1, &["", "start"], sum),
        def_kw("sorted", 1, &["", "key", "reverse"], sorted),
        def("reversed", 1, 1, reversed),
        def_kw("enumerate", 1, &["iterable", "start"], enumerate),
        def_raw("zip", 0, MANY, zip),
        def("globals", 0, 0, globals),
        def("locals", 0, 0, locals),
        def("vars", 0, 1, vars),
        def("dir", 0, 1, dir),
        def("__import__", 1, 5, import),
        def("exec", 1, 3, exec),
        def("eval", 1, 3, eval),
        def_raw("compile", 3, 6, compile),
        def("input", 0, 1, input),
        crate::types::file::open_def(),
    ]
}
/// What only the prelude sees.
pub fn prelude_functions<M: OneMutator>() -> Vec<NativeDef<M>> {
    vec![
        def_raw("__build_class__", 2, MANY, build_class),
        def_raw("_write_out", 0, MANY, write_out),
        def("_is_pure", 1, 1, is_pure),
        def("_sort_with", 3, 3, crate::types::list::sort_with),
        def("_again", 3, MANY, again),
        def("_version", 0, 0, note_version),
        def("_dict_put", 3, 3, crate::types::dict_methods::put),
        def_raw("_rows", 0, MANY, |vm, a| zipped(vm, a, IterKind::Rows)),
        def("_print_unraisable", 3, 3, crate::modules::sys::print_unraisable),
    ]
    .into_iter()
    .chain(crate::types::deque::prelude_functions())
    .collect()
}
