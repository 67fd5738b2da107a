//! What `collections.OrderedDict` needs of a dict's table. The rest of the module is in Python.

use crate::{
    object::*,
    value::Value,
    vm::{
        Args, E, R, T, Vm,
        natives::{NativeDef, def},
    },
};
use twinheap::OneMutator;

/// `_move_to_end(d, key, last)`
fn move_to_end<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (v, key) = (vm.arg(a, 0), vm.arg(a, 1));
    let last = vm.arg(a, 2);
    let last = vm.truth_nested(&last)?;
    let Some(d) = v.downcast_ref::<Dict<'gc, M>>().cloned() else {
        return Err(vm.raise(E::TypeError, "descriptor 'move_to_end' requires an 'OrderedDict' object"));
    };
    let bytes = d.table.borrow().move_bytes();
    vm.reserve(bytes)?;
    let hash = vm.hash(&key)?;
    match vm.dict_find(&d, &key, hash)? {
        Some(i) => {
            d.table.borrow_mut(vm.mc).move_to_end(i, last);
            vm.dict_resized(&d)
        }
        None => return Err(vm.raise_with(E::KeyError, vec![key])),
    }
    Ok(twinheap::Val::none())
}

/// `collections.deque`, which is built in.
pub fn fill<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, dict: &twinheap::Gc<'gc, Dict<'gc, M>, M>) -> R<'gc, M, ()> {
    let class = twinheap::Val::from_gc(vm.class(T::Deque).clone());
    vm.dict_set_text(dict, "deque", class)
}

/// Natives.
pub fn natives<M: OneMutator>() -> Vec<NativeDef<M>> {
    vec![def("_move_to_end", 3, 3, move_to_end)]
}
