//! `weakref.ref` and the two proxies: their making, what a reference answers, and how a proxy is seen through.
//!
//! A plain reference without callback is one per object, and so is such a proxy: they are found among the weak boxes of the
//! object, in front.
//! A proxy is seen through where an operation takes its operands apart: each has a line that asks [`Vm::seen_through`].
//! Not here: the module (`modules/weakref.rs`), when callbacks run (`vm/exc.rs`).

use crate::{
    bytecode::CmpKind,
    object::*,
    types::names::N,
    value::{Kind, Value},
    vm::{
        Args, E, Exc, R, T, Vm,
        boot::{GetSet, Methods},
        instance,
        natives::{MANY, def, def_raw},
    },
};
use std::{ops::ControlFlow, sync::atomic::Ordering::Relaxed};
use twinheap::{Gc, GcAny, OneMutator, Tail, Val, ValSlot};

/// What a weak box is ([`WeakData::of`]).
pub mod of {
    /// A `weakref.ref`.
    pub const REF: u8 = 0;
    /// A `weakref.ProxyType`.
    pub const PROXY: u8 = 1;
    /// A `weakref.CallableProxyType`.
    pub const CALLABLE_PROXY: u8 = 2;
}
const GONE: &str = "weakly-referenced object no longer exists";

/// The weak box in a value.
pub fn weak<'a, 'gc, M: OneMutator>(v: &'a V<'gc, M>) -> Option<&'a Gc<'gc, Weak<'gc, M>, M>> {
    v.downcast_ref()
}
/// Whether the value is a proxy.
#[inline]
pub fn is_proxy<M: OneMutator>(v: &V<'_, M>) -> bool {
    v.kind() == Kind::Weak && weak(v).is_some_and(|w| matches!(w.data().of, of::PROXY | of::CALLABLE_PROXY))
}
/// Whether the value is an instance of a subclass of `weakref.ref`.
#[inline]
pub fn is_extended<M: OneMutator>(v: &V<'_, M>) -> bool {
    v.kind() == Kind::Weak && weak(v).is_some_and(|w| w.data().ext.is_some())
}

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// What a proxy stands for; `None` for everything else.
    ///
    /// # Errors
    /// `ReferenceError` when that is dead.
    #[inline]
    pub fn seen_through(&mut self, v: &V<'gc, M>) -> R<'gc, M, Option<V<'gc, M>>> {
        if is_proxy(v) { self.target_of(v).map(Some) } else { Ok(None) }
    }
    fn target_of(&mut self, v: &V<'gc, M>) -> R<'gc, M> {
        match weak(v).and_then(|w| w.upgrade(self.mc)) {
            Some(any) => Ok(Val::from_any(any)),
            None => Err(self.raise(E::ReferenceError, GONE)),
        }
    }
    /// What the proxy stands for, or the value itself.
    pub fn through(&mut self, v: V<'gc, M>) -> R<'gc, M> {
        if is_proxy(&v) { self.target_of(&v) } else { Ok(v) }
    }
    /// What a proxy's `__next__` asks.
    pub fn through_iterator(&mut self, v: V<'gc, M>) -> R<'gc, M> {
        if !is_proxy(&v) {
            return Ok(v);
        }
        let target = self.target_of(&v)?;
        if matches!(target.kind(), Kind::Iter | Kind::Gen) || self.lookup(&self.class_of(&target), N::next).is_some() {
            return Ok(target);
        }
        let t = self.type_name(&target);
        Err(self.raise(E::TypeError, &format!("Weakref proxy referenced a non-iterator '{t}' object")))
    }
    /// Whether a weak reference to the object can be made.
    #[inline]
    fn weakly_referable(&self, v: &V<'gc, M>) -> bool {
        match instance(v) {
            Some(i) => i.class.flags.load(Relaxed) & class_flags::WEAKREF != 0,
            None => self.weakly_referable_other(v),
        }
    }
    fn weakly_referable_other(&self, v: &V<'gc, M>) -> bool {
        match v.kind() {
            Kind::Func
            | Kind::Method
            | Kind::Class
            | Kind::Gen
            | Kind::Module
            | Kind::Code
            | Kind::File
            | Kind::Set => true,
            Kind::Native => v.downcast_ref::<NativeFn<'gc, M>>().is_some_and(|f| f.owner.bits() == 0),
            Kind::List | Kind::Dict => {
                self.sub_of(v).is_some_and(|sub| sub.class.flags.load(Relaxed) & class_flags::WEAKREF != 0)
            }
            _ => false,
        }
    }
    /// `ref(target, callback)`, `proxy(target, callback)`; `class`: a subclass of `ref`.
    pub fn new_weakref(
        &mut self,
        target: &V<'gc, M>,
        callback: V<'gc, M>,
        proxy: bool,
        class: Option<&Gc<'gc, Class<'gc, M>, M>>,
    ) -> R<'gc, M> {
        let Some(any) = target.as_any().filter(|_| self.weakly_referable(target)) else {
            let t = self.type_name(target);
            return Err(self.raise(E::TypeError, &format!("cannot create weak reference to '{t}' object")));
        };
        let of = match proxy {
            true if self.callable(target) => of::CALLABLE_PROXY,
            true => of::PROXY,
            false => of::REF,
        };
        let told = !callback.is_empty() && !callback.is_none();
        let shared = !told && class.is_none();
        if shared && let Some(known) = self.shared_weakref(any, of) {
            return Ok(known);
        }
        let ext = match class {
            Some(class) => {
                let n = class.words();
                let header = ExtHeader { class: class.clone(), dict: Default::default() };
                match Gc::<Tail<ExtHeader<'gc, M>, ValSlot<'gc, M>>, M>::try_with_zeroed_tail(self.mc, header, n) {
                    Ok(ext) => Some(ext),
                    Err(full) => return Err(self.no_memory(full)),
                }
            }
            None => None,
        };
        let callback = if told { callback } else { Val::none() };
        let data = WeakData { callback: ValSlot::new(callback), hash: Default::default(), of, ext };
        // Who is not shared is notified, also without a callback: the manager then keeps these apart and in order.
        match Gc::try_new_weak(self.mc, any, data, !shared) {
            Ok(w) => Ok(Val::from_gc(w)),
            Err(e) => Err(self.no_memory(e.full)),
        }
    }
    /// The reference or proxy that everybody shares, if it is there.
    fn shared_weakref(&self, any: &GcAny<'gc, M>, of: u8) -> Option<V<'gc, M>> {
        self.mc.weak_boxes(any, |b| {
            let Some(w) = b.downcast_ref::<Weak<'gc, M>>() else { return ControlFlow::Continue(()) };
            let d = w.data();
            match d.ext.is_none() && d.callback.get().is_none() {
                true if d.of == of => ControlFlow::Break(Some(Val::from_gc(w.clone()))),
                true => ControlFlow::Continue(()),
                // Those that are not shared come last.
                false => ControlFlow::Break(None),
            }
        })?
    }
    /// The references and proxies to an object: the shared reference, the shared proxy, then the others, the newest first.
    pub fn weakrefs_to(&self, v: &V<'gc, M>) -> Vec<V<'gc, M>> {
        let (mut plain, mut proxies, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        if let Some(any) = v.as_any() {
            self.mc.weak_boxes(any, |b| {
                if let Some(w) = b.downcast_ref::<Weak<'gc, M>>() {
                    let d = w.data();
                    let shared = d.ext.is_none() && d.callback.get().is_none();
                    let list = match d.of {
                        of::REF if shared => &mut plain,
                        _ if shared => &mut proxies,
                        _ => &mut rest,
                    };
                    list.push(Val::from_gc(w.clone()))
                }
                ControlFlow::<()>::Continue(())
            });
        }
        plain.append(&mut proxies);
        plain.append(&mut rest);
        plain
    }
    /// The hash of the target, remembered.
    pub fn weak_hash(&mut self, v: &V<'gc, M>) -> R<'gc, M, u64> {
        let Some(w) = weak(v).cloned() else { return Ok(0) };
        let known = w.data().hash.load(Relaxed);
        if known != 0 {
            return Ok(known - 1);
        }
        let Some(target) = w.upgrade(self.mc) else {
            return Err(self.raise(E::TypeError, "weak object has gone away"));
        };
        let h = self.hash(&Val::from_any(target))?;
        w.data().hash.store(h.wrapping_add(1), Relaxed);
        Ok(h)
    }
    /// `==` and `!=` of two references: of their targets while both live, of themselves after. (Not of proxies.)
    pub fn weak_equal(&mut self, op: CmpKind, a: &V<'gc, M>, b: &V<'gc, M>) -> R<'gc, M, Option<bool>> {
        let (Some(x), Some(y)) = (weak(a).cloned(), weak(b).cloned()) else { return Ok(None) };
        match (x.upgrade(self.mc), y.upgrade(self.mc)) {
            (Some(x), Some(y)) => {
                let (x, y) = (Val::from_any(x), Val::from_any(y));
                let answer = self.compare_nested(op, &x, &y)?;
                self.truth_nested(&answer).map(Some)
            }
            _ => Ok(Some(a.is(b) == (op == CmpKind::Eq))),
        }
    }
    /// Appends `repr` of a reference or a proxy.
    pub fn weak_repr(&mut self, v: &V<'gc, M>, out: &mut String) {
        let Some(w) = weak(v).cloned() else { return };
        let what = if is_proxy(v) { "weakproxy" } else { "weakref" };
        out.push_str(&format!("<{what} at {:#x}; ", v.bits()));
        let Some(target) = w.upgrade(self.mc).map(Val::from_any) else { return out.push_str("dead>") };
        let class = self.class_of(&target);
        let name = self.class_full_name(&class);
        let name = name.strip_prefix("builtins.").or(name.strip_prefix("__main__.")).unwrap_or(&name);
        out.push_str(&format!("to '{name}' at {:#x}", target.bits()));
        if what == "weakref"
            && let Some(name) = self.name_by_class(&target, &class)
        {
            out.push_str(&format!(" ({name})"));
        }
        out.push('>')
    }
    /// `__name__` as the class has it, if that is a string; errors are nobody's business.
    fn name_by_class(&mut self, v: &V<'gc, M>, class: &Gc<'gc, Class<'gc, M>, M>) -> Option<String> {
        if v.downcast_ref::<Method<'gc, M>>().is_some_and(|m| m.func.kind() != Kind::Native) {
            // CPython's answers with its function's name, and has none itself.
            return None;
        }
        let d = self.lookup(class, N::name)?;
        let depth = self.frames.len();
        let name = self.descriptor_get(d, v, class).and_then(|step| self.settle(step, depth)).ok()?;
        Some(name.downcast_ref::<Str>()?.text().to_string())
    }
}
/// One or two arguments, as `ref.__new__` and `ref.__init__` count them.
fn count<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, name: &str) -> R<'gc, M, ()> {
    let text = match a.n - 1 {
        0 => format!("{name} expected at least 1 argument, got 0"),
        1 | 2 => return Ok(()),
        n => format!("{name} expected at most 2 arguments, got {n}"),
    };
    Err(vm.raise(E::TypeError, &text))
}
fn no_keywords<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>) -> R<'gc, M> {
    Err(vm.raise(E::TypeError, "ref() takes no keyword arguments"))
}
fn new<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let class = vm.arg(a, 0);
    let Some(class) = class.downcast_ref::<Class<'gc, M>>() else {
        let t = vm.type_name(&class);
        let text = format!("weakref.ReferenceType.__new__(X): X is not a type object ({t})");
        return Err(vm.raise(E::TypeError, &text));
    };
    let plain = vm.class(T::WeakRef);
    if class.ptr_eq(plain) {
        if a.kw > 0 {
            return no_keywords(vm);
        }
        if a.n != 2 {
            count(vm, a, "__new__")?;
        }
        let (target, callback) = (vm.arg(a, 1), vm.arg(a, 2));
        return vm.new_weakref(&target, callback, false, None);
    }
    if !vm.is_subclass(class, plain) {
        let name = vm.class_name(class);
        let text = format!("weakref.ReferenceType.__new__({name}): {name} is not a subtype of weakref.ReferenceType");
        return Err(vm.raise(E::TypeError, &text));
    }
    // Keywords are for `__init__`; ours takes none.
    if a.kw > 0 && vm.lookup(class, N::init).is_none_or(|f| f.kind() == Kind::Native) {
        return no_keywords(vm);
    }
    count(vm, a, "__new__")?;
    let (target, callback) = (vm.arg(a, 1), vm.arg(a, 2));
    vm.new_weakref(&target, callback, false, Some(class))
}
fn init<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    if a.kw > 0 {
        return no_keywords(vm);
    }
    count(vm, a, "__init__")?;
    Ok(Val::none())
}
fn this<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    if weak(&v).is_some() && !is_proxy(&v) {
        return Ok(v);
    }
    let t = vm.type_name(&v);
    let text = format!("descriptor requires a 'weakref.ReferenceType' object but received a '{t}'");
    Err(vm.raise(E::TypeError, &text))
}
fn call<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = this(vm, a)?;
    if a.n + a.kw > 1 {
        return Err(vm.weakref_takes_nothing(a.n - 1, a.kw));
    }
    Ok(weak(&v).and_then(|w| w.upgrade(vm.mc)).map_or(Val::none(), Val::from_any))
}
impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// `r(…)` with so many arguments by position and by keyword.
    #[cold]
    pub fn weakref_takes_nothing(&mut self, n: usize, kw: usize) -> Exc<'gc, M> {
        let text = match kw {
            0 => format!("weakref expected 0 arguments, got {n}"),
            _ => "weakref() takes no keyword arguments".to_string(),
        };
        self.raise(E::TypeError, &text)
    }
}
fn hash<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = this(vm, a)?;
    let h = vm.weak_hash(&v)? as i64;
    vm.int(h)
}
fn compare<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, op: CmpKind) -> R<'gc, M> {
    let (x, y) = (this(vm, a)?, vm.arg(a, 1));
    if is_proxy(&y) {
        return Ok(Val::not_implemented());
    }
    Ok(vm.weak_equal(op, &x, &y)?.map_or(Val::not_implemented(), Val::bool))
}
fn repr<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (v, mut out) = (this(vm, a)?, String::new());
    vm.weak_repr(&v, &mut out);
    vm.str(&out)
}
fn callback<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = this(vm, a)?;
    Ok(weak(&v).filter(|w| !w.is_dead()).map_or(Val::none(), |w| w.data().callback.get()))
}
fn readonly<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    Err(vm.raise(E::AttributeError, "readonly attribute"))
}
/// A method that a proxy has itself: the target's.
fn forward<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, n: N) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let v = vm.through(v)?;
    let name = vm.name(n).clone();
    let f = vm.get_attr(&v, &name)?;
    vm.tail_call(f, vec![])
}

/// Methods.
pub fn methods<M: OneMutator>() -> Vec<Methods<M>> {
    let forwards = || {
        vec![
            def("__reversed__", 1, 1, |vm, a| forward(vm, a, N::reversed)),
            def("__bytes__", 1, 1, |vm, a| forward(vm, a, N::bytes_)),
        ]
    };
    vec![
        (
            T::WeakRef,
            vec![
                def_raw("__new__", 1, MANY, new),
                def_raw("__init__", 1, MANY, init),
                def_raw("__call__", 1, MANY, call),
                def("__hash__", 1, 1, hash),
                def("__eq__", 2, 2, |vm, a| compare(vm, a, CmpKind::Eq)),
                def("__ne__", 2, 2, |vm, a| compare(vm, a, CmpKind::Ne)),
                def("__repr__", 1, 1, repr),
            ],
            vec![GetSet { name: "__callback__", get: callback, set: Some(readonly) }],
        ),
        (T::WeakProxy, forwards(), vec![]),
        (T::CallableProxy, forwards(), vec![]),
    ]
}
