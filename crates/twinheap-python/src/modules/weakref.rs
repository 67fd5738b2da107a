//! The `weakref` module's natives. Callbacks wait in the manager's queue and run between instructions.

use crate::{
    object::*,
    value::{Kind, Value},
    vm::{
        Args, E, R, T, Vm,
        natives::{NativeDef, def},
    },
};
use twinheap::{Gc, OneMutator, Val, ValSlot};

/// `ref(obj, callback)`, `proxy(…)`
fn make<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, target: V<'gc, M>, callback: V<'gc, M>, of: u8) -> R<'gc, M> {
    let ok = match target.kind() {
        Kind::Instance => target.as_any().is_some() && vm.inner(&target).is_none_or(|_| true),
        Kind::Func | Kind::Class | Kind::Gen | Kind::Module | Kind::Method | Kind::Code | Kind::File | Kind::Set => {
            true
        }
        Kind::List | Kind::Dict => vm.sub_of(&target).is_some(),
        _ => false,
    };
    let Some(any) = target.as_any().filter(|_| ok) else {
        let t = vm.type_name(&target);
        return Err(vm.raise(E::TypeError, &format!("cannot create weak reference to '{t}' object")));
    };
    let notify = !callback.is_empty() && !callback.is_none();
    let data = WeakData { callback: ValSlot::new(callback), hash: Default::default(), of, key: ValSlot::default() };
    Ok(Val::from_gc(Gc::new_weak(vm.mc, any, data, notify)))
}
fn reference<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (t, c) = (vm.arg(a, 1), vm.arg(a, 2));
    make(vm, t, c, 0)
}
fn proxy<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (t, c) = (vm.arg(a, 0), vm.arg(a, 1));
    make(vm, t, c, 0)
}
fn count<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let n = refs(vm, a)?.len();
    Ok(Val::index(n))
}
fn refs<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M, Vec<V<'gc, M>>> {
    let target = vm.arg(a, 0);
    let mut out = Vec::new();
    let mc = vm.mc;
    mc.walk(|any| {
        let v = Val::from_any(any);
        if let Some(w) = v.downcast_ref::<Weak<'gc, M>>()
            && w.data().of != 2
            && w.upgrade(mc).is_some_and(|t| t.address() as u64 == target.bits())
        {
            out.push(v)
        }
    });
    Ok(out)
}
fn list<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let items = refs(vm, a)?;
    vm.list(items)
}
fn dead<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    Ok(Val::bool(v.downcast_ref::<Weak<'gc, M>>().is_none_or(|w| w.is_dead())))
}

/// Natives.
pub fn natives<M: OneMutator>() -> Vec<NativeDef<M>> {
    vec![
        def("_proxy", 1, 2, proxy),
        def("getweakrefcount", 1, 1, count),
        def("getweakrefs", 1, 1, list),
        def("_dead", 1, 1, dead),
    ]
}
/// `ref` is a class.
pub fn fill<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, dict: &Gc<'gc, Dict<'gc, M>, M>) -> R<'gc, M, ()> {
    let class = vm.class(T::WeakRef).clone();
    let new = vm.make(NativeFn {
        def: twinheap::Static(def("__new__", 2, 3, reference)),
        owner: ValSlot::new(Val::from_gc(class.clone())),
    })?;
    vm.dict_set_text(&class.dict, "__new__", new)?;
    vm.class_changed(&class);
    vm.dict_set_text(dict, "ref", Val::from_gc(class.clone()))?;
    vm.dict_set_text(dict, "ReferenceType", Val::from_gc(class))
}
