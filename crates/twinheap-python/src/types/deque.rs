//! `collections.deque`: a ring of values, which is the last word of an instance ([`Ring`]), so that everything else is an
//! instance's: subclasses, attributes, weak references, `__del__`.  CPython 3.13's `_collectionsmodule.c`.
//!
//! Not here: consuming what Python code gives (`builtins/prelude.py`: `_deque_fill`), the rest of `collections`.

use crate::{
    bytecode::CmpKind,
    object::*,
    types::names::N,
    value::{Kind, Value},
    vm::{
        Args, E, Exc, R, T, Vm,
        boot::{GetSet, Methods},
        instance,
        natives::{NativeDef, def, def_kw},
    },
};
use std::{
    cmp::Ordering,
    collections::VecDeque,
    sync::atomic::{AtomicI64, Ordering::Relaxed},
};
use twinheap::{Gc, GcCell, OneMutator, Val};

/// The ring of a value that is a deque.
#[inline]
pub fn ring<'gc, M: OneMutator>(v: &V<'gc, M>) -> Option<Gc<'gc, Ring<'gc, M>, M>> {
    if v.kind() != Kind::Instance {
        return None;
    }
    let i = instance(v)?;
    if i.class.flags.load(Relaxed) & class_flags::DEQUE == 0 {
        return None;
    }
    i.own().first()?.get().downcast().ok()
}

impl<'gc, M: OneMutator> Ring<'gc, M> {
    fn changed(&self) {
        self.state.store(self.state.load(Relaxed).wrapping_add(1), Relaxed)
    }
    fn limit(&self) -> Option<usize> {
        usize::try_from(self.maxlen.load(Relaxed)).ok()
    }
    /// How many items.
    pub fn len(&self) -> usize {
        self.items.borrow().len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// What changes with the items.
    pub fn state(&self) -> i64 {
        self.state.load(Relaxed)
    }
    /// Item `i`.
    pub fn get(&self, i: usize) -> Option<V<'gc, M>> {
        self.items.borrow().get(i).cloned()
    }
}

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// The word of a new deque.
    pub fn new_ring(&mut self) -> R<'gc, M> {
        let ring = Ring { items: GcCell::new(VecDeque::new()), maxlen: AtomicI64::new(-1), state: AtomicI64::new(0) };
        self.make(ring)
    }
    fn reserve_in(&mut self, ring: &Gc<'gc, Ring<'gc, M>, M>, more: usize) -> R<'gc, M, ()> {
        let (n, room) = {
            let items = ring.items.borrow();
            (items.len(), items.capacity())
        };
        if room - n < more { self.reserve_many((n + more).max(2 * n), 8) } else { Ok(()) }
    }
    /// One item more at an end; what that pushes out at the other one is answered, to be let go by the caller.
    fn ring_push(&mut self, ring: &Gc<'gc, Ring<'gc, M>, M>, v: V<'gc, M>, left: bool) -> R<'gc, M> {
        self.reserve_in(ring, 1)?;
        ring.changed();
        let limit = ring.limit().unwrap_or(usize::MAX);
        let mut items = ring.items.borrow_mut(self.mc);
        if left {
            items.push_front(v)
        } else {
            items.push_back(v)
        }
        let out = match items.len() > limit {
            true if left => items.pop_back(),
            true => items.pop_front(),
            false => None,
        };
        Ok(out.unwrap_or_default())
    }
    /// Appends items one by one, as CPython does, so that a bounded deque lets go of them in that order.
    fn ring_extend(&mut self, ring: &Gc<'gc, Ring<'gc, M>, M>, items: Vec<V<'gc, M>>, left: bool) -> R<'gc, M, ()> {
        for v in items {
            let out = self.ring_push(ring, v, left)?;
            drop(out)
        }
        Ok(())
    }
    /// `a cmp b` of two deques.
    pub fn compare_deques(&mut self, op: CmpKind, a: &V<'gc, M>, b: &V<'gc, M>) -> R<'gc, M, Option<bool>> {
        let (Some(x), Some(y)) = (ring(a), ring(b)) else { return Ok(None) };
        if matches!(op, CmpKind::Eq | CmpKind::Ne) && x.len() != y.len() {
            return Ok(Some(op == CmpKind::Ne));
        }
        let states = (x.state(), y.state());
        for i in 0.. {
            let (Some(p), Some(q)) = (x.get(i), y.get(i)) else { break };
            let same = self.equal(&p, &q)?;
            if (x.state(), y.state()) != states {
                return Err(self.raise(E::RuntimeError, "deque mutated during iteration"));
            }
            if !same {
                return Ok(Some(match op {
                    CmpKind::Eq => false,
                    CmpKind::Ne => true,
                    _ => {
                        let v = self.compare_nested(op, &p, &q)?;
                        self.truth_nested(&v)?
                    }
                }));
            }
        }
        let o = x.len().cmp(&y.len());
        Ok(Some(match op {
            CmpKind::Lt => o == Ordering::Less,
            CmpKind::Le => o != Ordering::Greater,
            CmpKind::Eq => o == Ordering::Equal,
            CmpKind::Ne => o != Ordering::Equal,
            CmpKind::Gt => o == Ordering::Greater,
            CmpKind::Ge => o != Ordering::Less,
        }))
    }
    /// `deque(…)`
    pub fn deque_repr(&mut self, v: &V<'gc, M>, out: &mut String) -> R<'gc, M, ()> {
        let Some(r) = ring(v) else { return Ok(()) };
        let items: Vec<_> = r.items.borrow().iter().cloned().collect();
        let name = self.type_name(v);
        out.push_str(name.rsplit('.').next().unwrap_or(&name));
        out.push_str("([");
        for (i, x) in items.iter().enumerate() {
            if i > 0 {
                out.push_str(", ")
            }
            self.repr_into(x, out)?
        }
        out.push(']');
        if let Some(n) = r.limit() {
            out.push_str(&format!(", maxlen={n}"))
        }
        out.push(')');
        Ok(())
    }
    /// `d + e` and `d * n`; `None`: neither.
    pub fn deque_binary(&mut self, add: bool, a: &V<'gc, M>, b: &V<'gc, M>) -> R<'gc, M, Option<V<'gc, M>>> {
        if add {
            let Some(x) = ring(a) else { return Ok(None) };
            let Some(y) = ring(b) else {
                let t = self.type_name(b);
                let text = format!("can only concatenate deque (not \"{t}\") to deque");
                return Err(self.raise(E::TypeError, &text));
            };
            let more: Vec<_> = y.items.borrow().iter().cloned().collect();
            let new = self.like(a, &x)?;
            if let Some(r) = ring(&new) {
                self.ring_extend(&r, more, false)?
            }
            return Ok(Some(new));
        }
        let (d, n) = if ring(a).is_some() { (a, b) } else { (b, a) };
        let Some(x) = ring(d) else { return Ok(None) };
        let n = self.times(n)?;
        let new = self.like(d, &x)?;
        if let Some(r) = ring(&new) {
            self.repeat(&r, n)?
        }
        Ok(Some(new))
    }
    /// `d += it` (`None` where Python code gives the items) and `d *= n`.
    pub fn deque_in_place(&mut self, add: bool, a: &V<'gc, M>, b: &V<'gc, M>) -> R<'gc, M, Option<V<'gc, M>>> {
        let Some(r) = ring(a) else { return Ok(None) };
        if add {
            let items = self.collect(b)?;
            self.ring_extend(&r, items, false)?
        } else {
            let n = self.times(b)?;
            self.repeat(&r, n)?
        }
        Ok(Some(a.clone()))
    }
    fn times(&mut self, n: &V<'gc, M>) -> R<'gc, M, i64> {
        if self.is_indexable(n) {
            return self.to_index(n);
        }
        let t = self.type_name(n);
        Err(self.raise(E::TypeError, &format!("can't multiply sequence by non-int of type '{t}'")))
    }
    fn is_indexable(&self, v: &V<'gc, M>) -> bool {
        matches!(v.kind(), Kind::Int | Kind::Bool | Kind::BigInt)
            || v.kind() == Kind::Instance && self.lookup(&self.class_of(v), N::index).is_some()
    }
    fn repeat(&mut self, r: &Gc<'gc, Ring<'gc, M>, M>, n: i64) -> R<'gc, M, ()> {
        if n <= 0 {
            self.ring_clear(r);
            return Ok(());
        }
        let once: Vec<_> = r.items.borrow().iter().cloned().collect();
        let all = once.len().saturating_mul(n as usize);
        self.reserve_in(r, all.min(r.limit().unwrap_or(usize::MAX)).saturating_sub(once.len()))?;
        if once.is_empty() {
            return Ok(());
        }
        for _ in 1..n {
            self.ring_extend(r, once.clone(), false)?
        }
        Ok(())
    }
    fn ring_clear(&mut self, r: &Gc<'gc, Ring<'gc, M>, M>) {
        r.changed();
        let old = std::mem::take(&mut *r.items.borrow_mut(self.mc));
        drop(old)
    }
    /// A deque of the same class and bound with the same items.
    fn like(&mut self, v: &V<'gc, M>, of: &Gc<'gc, Ring<'gc, M>, M>) -> R<'gc, M> {
        let class = self.class_of(v);
        let items: Vec<_> = of.items.borrow().iter().cloned().collect();
        let new = match class.ptr_eq(self.class(T::Deque)) {
            true => self.new_instance(&class)?,
            false => {
                // As CPython: the subclass is called, with what it is to hold and the bound.
                let l = self.list(items.clone())?;
                let mut args = vec![l];
                args.extend(of.limit().map(Val::index));
                let new = self.call(&Val::from_gc(class), &args)?;
                let Some(r) = ring(&new) else { return Ok(new) };
                if r.len() == items.len() {
                    return Ok(new);
                }
                self.ring_clear(&r);
                new
            }
        };
        if let Some(r) = ring(&new) {
            r.maxlen.store(of.maxlen.load(Relaxed), Relaxed);
            self.ring_extend(&r, items, false)?
        }
        Ok(new)
    }
    /// `d[i]`
    pub fn deque_item(&mut self, r: &Gc<'gc, Ring<'gc, M>, M>, key: &V<'gc, M>) -> R<'gc, M, usize> {
        let i = self.deque_index(key)?;
        let n = r.len() as i64;
        let at = if i < 0 { i + n } else { i };
        if (0..n).contains(&at) { Ok(at as usize) } else { Err(self.raise(E::IndexError, "deque index out of range")) }
    }
    fn deque_index(&mut self, key: &V<'gc, M>) -> R<'gc, M, i64> {
        if !self.is_indexable(key) {
            let t = self.type_name(key);
            return Err(self.raise(E::TypeError, &format!("sequence index must be integer, not '{t}'")));
        }
        self.to_index(key)
    }
}

fn this<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M, Gc<'gc, Ring<'gc, M>, M>> {
    match ring(vm.arg_ref(a, 0)) {
        Some(r) => Ok(r),
        None => {
            let t = vm.type_name(vm.arg_ref(a, 0));
            let text = format!("descriptor requires a 'collections.deque' object but received a '{t}'");
            Err(vm.raise(E::TypeError, &text))
        }
    }
}
fn new<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let class = vm.arg(a, 0);
    let Some(class) = class.downcast_ref::<Class<'gc, M>>().cloned() else {
        return Err(vm.raise(E::TypeError, "deque.__new__(X): X is not a type object"));
    };
    let d = vm.new_instance(&class)?;
    if class.builtin { fill(vm, a, d) } else { Ok(d) }
}
fn init<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let r = this(vm, a)?;
    let d = vm.arg(a, 0);
    vm.ring_clear(&r);
    fill(vm, a, d)?;
    Ok(Val::none())
}
/// Arguments 1 and 2: what it is to hold, and the bound.
fn fill<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, d: V<'gc, M>) -> R<'gc, M> {
    let Some(r) = ring(&d) else { return Ok(d) };
    if vm.given(a, 2) {
        if !matches!(vm.arg_ref(a, 2).kind(), Kind::Int | Kind::Bool | Kind::BigInt) {
            return Err(vm.raise(E::TypeError, "an integer is required"));
        }
        let n = vm.int_arg(a, 2)?;
        if n < 0 {
            return Err(vm.raise(E::ValueError, "maxlen must be non-negative"));
        }
        r.maxlen.store(n, Relaxed)
    } else {
        r.maxlen.store(-1, Relaxed)
    }
    if a.n > 1 && !vm.arg_ref(a, 1).is_empty() {
        let it = vm.arg(a, 1);
        return pour(vm, &d, it, false, d.clone());
    }
    Ok(d)
}
/// Takes all items of `it`; the answer is `out`.
fn pour<'gc, M: OneMutator>(
    vm: &mut Vm<'gc, M>,
    d: &V<'gc, M>,
    it: V<'gc, M>,
    left: bool,
    out: V<'gc, M>,
) -> R<'gc, M> {
    let Some(r) = ring(d) else { return Ok(out) };
    match vm.collect_pure(&it)? {
        Some(items) => {
            vm.ring_extend(&r, items, left)?;
            Ok(out)
        }
        None => {
            let name = vm.intern("_deque_fill")?;
            vm.tail_prelude(&name, vec![it, d.clone(), Val::bool(left), out])
        }
    }
}
fn append<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let r = this(vm, a)?;
    let v = vm.arg(a, 1);
    let out = vm.ring_push(&r, v, false)?;
    drop(out);
    Ok(Val::none())
}
fn appendleft<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let r = this(vm, a)?;
    let v = vm.arg(a, 1);
    let out = vm.ring_push(&r, v, true)?;
    drop(out);
    Ok(Val::none())
}
fn pop<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let r = this(vm, a)?;
    let out = r.items.borrow_mut(vm.mc).pop_back();
    popped(vm, &r, out)
}
fn popleft<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let r = this(vm, a)?;
    let out = r.items.borrow_mut(vm.mc).pop_front();
    popped(vm, &r, out)
}
fn popped<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, r: &Gc<'gc, Ring<'gc, M>, M>, out: Option<V<'gc, M>>) -> R<'gc, M> {
    match out {
        Some(v) => {
            r.changed();
            let mut items = r.items.borrow_mut(vm.mc);
            if items.capacity() > 64 && items.len() < items.capacity() / 4 {
                let room = items.len() * 2;
                items.shrink_to(room)
            }
            Ok(v)
        }
        None => Err(vm.raise(E::IndexError, "pop from an empty deque")),
    }
}
fn extend<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (d, it) = (vm.arg(a, 0), vm.arg(a, 1));
    this(vm, a)?;
    pour(vm, &d, it, false, Val::none())
}
fn extendleft<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (d, it) = (vm.arg(a, 0), vm.arg(a, 1));
    this(vm, a)?;
    pour(vm, &d, it, true, Val::none())
}
fn iadd<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (d, it) = (vm.arg(a, 0), vm.arg(a, 1));
    this(vm, a)?;
    pour(vm, &d, it, false, d.clone())
}
fn clear<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let r = this(vm, a)?;
    vm.ring_clear(&r);
    Ok(Val::none())
}
fn copy<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let r = this(vm, a)?;
    let d = vm.arg(a, 0);
    vm.like(&d, &r)
}
fn rotate<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let r = this(vm, a)?;
    let n = if a.n > 1 { vm.int_arg(a, 1)? } else { 1 };
    let mut items = r.items.borrow_mut(vm.mc);
    let len = items.len() as i64;
    if len > 1 {
        items.rotate_right(n.rem_euclid(len) as usize);
        drop(items);
        r.changed()
    }
    Ok(Val::none())
}
fn reverse<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let r = this(vm, a)?;
    r.items.borrow_mut(vm.mc).make_contiguous().reverse();
    Ok(Val::none())
}
fn insert<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let r = this(vm, a)?;
    let (i, v) = (vm.int_arg(a, 1)?, vm.arg(a, 2));
    let n = r.len();
    if r.limit() == Some(n) {
        return Err(vm.raise(E::IndexError, "deque already at its maximum size"));
    }
    vm.reserve_in(&r, 1)?;
    let at = if i < 0 { (i + n as i64).max(0) } else { i.min(n as i64) };
    r.items.borrow_mut(vm.mc).insert(at as usize, v);
    r.changed();
    Ok(Val::none())
}
/// Where an item equal to argument 1 is, from `from` on and before `to`.
fn find<'gc, M: OneMutator>(
    vm: &mut Vm<'gc, M>,
    a: Args,
    from: usize,
    to: usize,
    what: &str,
) -> R<'gc, M, Option<usize>> {
    let r = this(vm, a)?;
    let (x, state) = (vm.arg(a, 1), r.state());
    for i in from..to {
        let Some(y) = r.get(i) else { break };
        let same = vm.equal(&y, &x)?;
        if r.state() != state {
            let e = if what == "remove" { E::IndexError } else { E::RuntimeError };
            let text =
                if what == "remove" { "deque mutated during remove()." } else { "deque mutated during iteration" };
            return Err(vm.raise(e, text));
        }
        if same {
            return Ok(Some(i));
        }
    }
    Ok(None)
}
fn remove<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    match find(vm, a, 0, usize::MAX, "remove")? {
        Some(i) => {
            let r = this(vm, a)?;
            let old = r.items.borrow_mut(vm.mc).remove(i);
            r.changed();
            drop(old);
            Ok(Val::none())
        }
        None => Err(not_in(vm, a)?),
    }
}
fn index<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let n = this(vm, a)?.len() as i64;
    let bound = |i: i64| if i < 0 { (i + n).max(0) } else { i.min(n) } as usize;
    let from = vm.int_arg_or(a, 2, 0)?;
    let to = vm.int_arg_or(a, 3, i64::MAX)?;
    match find(vm, a, bound(from), bound(to), "index")? {
        Some(i) => Ok(Val::index(i)),
        None => Err(not_in(vm, a)?),
    }
}
fn not_in<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M, Exc<'gc, M>> {
    let x = vm.arg(a, 1);
    let x = vm.repr_text(&x)?;
    Ok(vm.raise(E::ValueError, &format!("{x} is not in deque")))
}
fn count<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let r = this(vm, a)?;
    let (x, state, mut n) = (vm.arg(a, 1), r.state(), 0);
    for i in 0.. {
        let Some(y) = r.get(i) else { break };
        n += vm.equal(&y, &x)? as usize;
        if r.state() != state {
            return Err(vm.raise(E::RuntimeError, "deque mutated during iteration"));
        }
    }
    Ok(Val::index(n))
}
fn contains<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    Ok(Val::bool(find(vm, a, 0, usize::MAX, "in")?.is_some()))
}
fn len<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    Ok(Val::index(this(vm, a)?.len()))
}
fn reversed<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let r = this(vm, a)?;
    let (d, n) = (vm.arg(a, 0), r.len() as i64);
    vm.iter(IterKind::DequeReversed, d, n - 1, n, r.state())
}
fn mul<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (d, n) = (vm.arg(a, 0), vm.arg(a, 1));
    this(vm, a)?;
    Ok(vm.deque_binary(false, &d, &n)?.unwrap_or_else(Val::not_implemented))
}
fn imul<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (d, n) = (vm.arg(a, 0), vm.arg(a, 1));
    this(vm, a)?;
    Ok(vm.deque_in_place(false, &d, &n)?.unwrap_or_else(Val::not_implemented))
}
fn add<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (d, e) = (vm.arg(a, 0), vm.arg(a, 1));
    this(vm, a)?;
    Ok(vm.deque_binary(true, &d, &e)?.unwrap_or_else(Val::not_implemented))
}
fn repr<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    this(vm, a)?;
    let (d, mut out) = (vm.arg(a, 0), String::new());
    vm.native_repr(&d, &mut out)?;
    vm.str(&out)
}
fn maxlen<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    Ok(this(vm, a)?.limit().map_or(Val::none(), Val::index))
}
fn compare<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, op: CmpKind) -> R<'gc, M> {
    let (x, y) = (vm.arg(a, 0), vm.arg(a, 1));
    Ok(vm.compare_deques(op, &x, &y)?.map_or(Val::not_implemented(), Val::bool))
}

/// What the prelude calls for items that Python code gives: `_deque_push(d, x, left)`.
pub fn prelude_functions<M: OneMutator>() -> Vec<NativeDef<M>> {
    vec![def("_deque_push", 3, 3, |vm, a| if vm.arg_ref(a, 2).is_true() { appendleft(vm, a) } else { append(vm, a) })]
}

/// Methods.
pub fn methods<M: OneMutator>() -> Vec<Methods<M>> {
    use crate::builtins::dunder::{delitem, getitem, iter, setitem};
    vec![(
        T::Deque,
        vec![
            def_kw("__new__", 1, &["", "iterable", "maxlen"], new),
            def_kw("__init__", 1, &["", "iterable", "maxlen"], init),
            def("append", 2, 2, append),
            def("appendleft", 2, 2, appendleft),
            def("pop", 1, 1, pop),
            def("popleft", 1, 1, popleft),
            def("extend", 2, 2, extend),
            def("extendleft", 2, 2, extendleft),
            def("clear", 1, 1, clear),
            def("copy", 1, 1, copy),
            def("__copy__", 1, 1, copy),
            def("rotate", 1, 2, rotate),
            def("reverse", 1, 1, reverse),
            def("insert", 3, 3, insert),
            def("remove", 2, 2, remove),
            def("index", 2, 4, index),
            def("count", 2, 2, count),
            def("__contains__", 2, 2, contains),
            def("__len__", 1, 1, len),
            def("__iter__", 1, 1, iter),
            def("__reversed__", 1, 1, reversed),
            def("__getitem__", 2, 2, getitem),
            def("__setitem__", 3, 3, setitem),
            def("__delitem__", 2, 2, delitem),
            def("__add__", 2, 2, add),
            def("__iadd__", 2, 2, iadd),
            def("__mul__", 2, 2, mul),
            def("__rmul__", 2, 2, mul),
            def("__imul__", 2, 2, imul),
            def("__repr__", 1, 1, repr),
            def("__eq__", 2, 2, |vm, a| compare(vm, a, CmpKind::Eq)),
            def("__ne__", 2, 2, |vm, a| compare(vm, a, CmpKind::Ne)),
            def("__lt__", 2, 2, |vm, a| compare(vm, a, CmpKind::Lt)),
            def("__le__", 2, 2, |vm, a| compare(vm, a, CmpKind::Le)),
            def("__gt__", 2, 2, |vm, a| compare(vm, a, CmpKind::Gt)),
            def("__ge__", 2, 2, |vm, a| compare(vm, a, CmpKind::Ge)),
        ],
        vec![GetSet { name: "maxlen", get: maxlen, set: None }],
    )]
}
