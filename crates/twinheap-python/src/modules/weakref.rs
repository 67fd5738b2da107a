//! The `weakref` module's natives. Callbacks wait in the manager's queue and run between instructions.
//!
//! References and proxies themselves: `types/weak.rs`. The dictionaries, `WeakSet`, `WeakMethod` and `finalize`:
//! `weakref.py`.

use crate::{
    object::*,
    types::weak::weak,
    value::{Kind, Value},
    vm::{
        Args, E, R, T, Vm, instance,
        natives::{NativeDef, def},
    },
};
use twinheap::{Gc, OneMutator, Val};

fn proxy<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (target, callback) = (vm.arg(a, 0), vm.arg(a, 1));
    vm.new_weakref(&target, callback, true, None)
}
fn count<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let n = vm.weakrefs_to(vm.arg_ref(a, 0)).len();
    Ok(Val::index(n))
}
fn list<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let items = vm.weakrefs_to(vm.arg_ref(a, 0));
    vm.list(items)
}
/// `_keyed(KeyedRef, value, callback, key)`: without the detour over a `__new__` in Python.
fn keyed<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (class, value, callback, key) = (vm.arg(a, 0), vm.arg(a, 1), vm.arg(a, 2), vm.arg(a, 3));
    let r = vm.new_weakref(&value, callback, false, class.downcast_ref())?;
    if let Some(slot) = instance(&r).and_then(|i| i.slots.first()) {
        slot.set(vm.mc, key)
    }
    Ok(r)
}
/// `_remove_dead_weakref(dict, key)`: takes the entry out if its value is a dead reference.
fn remove_dead<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (d, key) = (vm.arg(a, 0), vm.arg(a, 1));
    let Some(d) = d.downcast_ref::<Dict<'gc, M>>().cloned() else {
        return Err(vm.raise(E::TypeError, "_remove_dead_weakref() argument 1 must be dict"));
    };
    let dead = vm.dict_get(&d, &key)?.is_some_and(|v| v.kind() == Kind::Weak && weak(&v).is_some_and(|w| w.is_dead()));
    if dead {
        vm.dict_take(&d, &key)?;
    }
    Ok(Val::none())
}

/// Natives.
pub fn natives<M: OneMutator>() -> Vec<NativeDef<M>> {
    vec![
        def("proxy", 1, 2, proxy),
        def("getweakrefcount", 1, 1, count),
        def("getweakrefs", 1, 1, list),
        def("_keyed", 4, 4, keyed),
        def("_remove_dead_weakref", 2, 2, remove_dead),
    ]
}
/// The types.
pub fn fill<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, dict: &Gc<'gc, Dict<'gc, M>, M>) -> R<'gc, M, ()> {
    for (name, t) in [
        ("ref", T::WeakRef),
        ("ReferenceType", T::WeakRef),
        ("ProxyType", T::WeakProxy),
        ("CallableProxyType", T::CallableProxy),
    ] {
        let class = Val::from_gc(vm.class(t).clone());
        vm.dict_set_text(dict, name, class)?
    }
    Ok(())
}
