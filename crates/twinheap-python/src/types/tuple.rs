//! `tuple`: making one. Index and count are the list's.

use crate::{
    object::*,
    value::Value,
    vm::{Args, R, T, Vm, boot::Methods, natives::def},
};
use twinheap::OneMutator;

fn new<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let class = vm.arg(a, 0);
    if a.n < 2 {
        let t = vm.tuple(vec![])?;
        return wrap(vm, &class, t);
    }
    let v = vm.arg(a, 1);
    if v.kind() == crate::value::Kind::Tuple && vm.is_exact(&class) {
        return Ok(v);
    }
    let items = vm.items_or_ask("_with_tuple_new", a, 1)?;
    let t = vm.tuple(items)?;
    wrap(vm, &class, t)
}
/// The value, or an instance of the subclass `class` with it inside.
pub fn wrap<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, class: &V<'gc, M>, v: V<'gc, M>) -> R<'gc, M> {
    match class.downcast_ref::<Class<'gc, M>>() {
        Some(c) if !c.builtin => {
            let c = c.clone();
            let instance = vm.new_instance(&c)?;
            if let Some(i) = crate::vm::instance(&instance) {
                i.own()[0].set(vm.mc, v);
            }
            Ok(instance)
        }
        _ => Ok(v),
    }
}
impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// Whether the class is a built-in one.
    pub fn is_exact(&self, class: &V<'gc, M>) -> bool {
        class.downcast_ref::<Class<'gc, M>>().is_none_or(|c| c.builtin)
    }
}

/// Methods.
pub fn methods<M: OneMutator>() -> Vec<Methods<M>> {
    use crate::builtins::dunder::*;
    vec![(
        T::Tuple,
        vec![
            def("__new__", 1, 2, new),
            def("__len__", 1, 1, len),
            def("__iter__", 1, 1, iter),
            def("__getitem__", 2, 2, getitem),
            def("__contains__", 2, 2, contains),
            def("__add__", 2, 2, add),
            def("__mul__", 2, 2, mul),
            def("__eq__", 2, 2, eq),
            def("__hash__", 1, 1, hash),
            def("__repr__", 1, 1, repr),
            def("__lt__", 2, 2, lt),
        ],
        vec![],
    )]
}
