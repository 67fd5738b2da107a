//! Functions, bound methods, generators, cells, code objects: their attributes and methods.

use crate::{
    object::*,
    types::names::N,
    value::{Kind, Value},
    vm::{
        Args, E, R, T, Vm,
        boot::{GetSet, Methods},
        generator::{Sent, generator},
        natives::{MANY, def, def_raw},
    },
};
use std::sync::atomic::Ordering::Relaxed;
use twinheap::{Gc, OneMutator, Val};

fn func<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M, Gc<'gc, Func<'gc, M>, M>> {
    match vm.arg(a, 0).downcast::<Func<'gc, M>>() {
        Ok(f) => Ok(f),
        Err(_) => Err(vm.raise(E::TypeError, "descriptor requires a 'function' object")),
    }
}
fn name<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, qualified: bool) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let v = match v.downcast_ref::<Method<'gc, M>>() {
        Some(m) => m.func.clone(),
        None => v,
    };
    let n = vm.func_name(&v, qualified);
    vm.str(&n)
}
fn set_name<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, qualified: bool) -> R<'gc, M> {
    let (f, v) = (func(vm, a)?, vm.arg(a, 1));
    if qualified {
        f.qualname.set(vm.mc, v)
    } else {
        f.name.set(vm.mc, v)
    }
    Ok(Val::none())
}
fn or_none<'gc, M: OneMutator>(v: V<'gc, M>) -> V<'gc, M> {
    if v.is_empty() { Val::none() } else { v }
}
fn doc<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let v = match v.downcast_ref::<Method<'gc, M>>() {
        Some(m) => m.func.clone(),
        None => v,
    };
    if let Some(d) = vm.instance_get(&v, vm.name(N::doc)) {
        return Ok(d);
    }
    match v.downcast_ref::<Func<'gc, M>>().and_then(|f| f.code.co.docstring.clone()) {
        Some(d) => vm.str(&d),
        None => Ok(Val::none()),
    }
}
fn set_doc<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (f, d) = (vm.arg(a, 0), vm.arg(a, 1));
    if let Some(dict) = vm.object_dict(&f)? {
        let n = vm.name(N::doc);
        vm.dict_set_name(&dict, n, d);
    }
    Ok(Val::none())
}
fn module<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let f = func(vm, a)?;
    Ok(vm.dict_get_name(&f.globals, vm.name(N::name)).unwrap_or_else(Val::none))
}
fn func_dict<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let f = vm.arg(a, 0);
    Ok(vm.object_dict(&f)?.map_or(Val::none(), Val::from_gc))
}
/// `MethodType(function, instance)`
fn method_new<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (func, this) = (vm.arg(a, 1), vm.arg(a, 2));
    if !vm.callable(&func) {
        return Err(vm.raise(E::TypeError, "first argument must be callable"));
    }
    if this.is_none() {
        return Err(vm.raise(E::TypeError, "instance must not be None"));
    }
    vm.make(Method { func, this })
}
fn method_part<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, this: bool) -> R<'gc, M> {
    let m = vm.arg(a, 0);
    Ok(m.downcast_ref::<Method<'gc, M>>().map_or(Val::none(), |m| if this { m.this.clone() } else { m.func.clone() }))
}
fn annotations<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    Ok(Val::from_gc(vm.dict(Default::default())?))
}

fn this_gen<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    match vm.arg(a, 0) {
        g if g.kind() == Kind::Gen => Ok(g),
        _ => Err(vm.raise(E::TypeError, "descriptor requires a 'generator' object")),
    }
}
fn gen_next<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let g = this_gen(vm, a)?;
    if vm.resume(&g, Val::none(), false)? { vm.pushed() } else { Err(vm.stop_iteration(Val::none())) }
}
fn gen_send<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (g, v) = (this_gen(vm, a)?, vm.arg(a, 1));
    if vm.resume(&g, v, false)? { vm.pushed() } else { Err(vm.stop_iteration(Val::none())) }
}
fn gen_throw<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (g, v) = (this_gen(vm, a)?, vm.arg(a, 1));
    let e = vm.exception_from(v)?;
    match vm.throw_into(&g, e)? {
        Sent::Yielded(v) => Ok(v),
        Sent::Returned(v) => Err(vm.stop_iteration(v)),
    }
}
fn gen_close<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let g = this_gen(vm, a)?;
    vm.close_generator(&g)
}
fn gen_is<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, state: u8) -> R<'gc, M> {
    let g = this_gen(vm, a)?;
    Ok(Val::bool(generator(&g).is_some_and(|g| g.state.load(Relaxed) & state != 0)))
}
fn cell_contents<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let held = v.downcast_ref::<Cell<'gc, M>>().map(|c| c.0.get()).unwrap_or_default();
    if held.is_empty() { Err(vm.raise(E::ValueError, "Cell is empty")) } else { Ok(held) }
}
fn code_part<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, which: u8) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let Some(c) = v.downcast_ref::<Code<'gc, M>>().cloned() else { return Ok(Val::none()) };
    let co = &c.co;
    match which {
        0 => vm.str(&co.name),
        1 => vm.str(&co.filename),
        2 => Ok(Val::index(co.argcount as usize)),
        3 => Ok(Val::index(co.first_line as usize)),
        _ => {
            let items = co.varnames.iter().map(|n| vm.str(n)).collect::<Result<Vec<_>, _>>()?;
            vm.tuple(items)
        }
    }
}
fn tb_part<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, next: bool) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let Some(t) = v.downcast_ref::<Traceback<'gc, M>>() else { return Ok(Val::none()) };
    Ok(if next { or_none(t.next.get()) } else { Val::index(t.code.co.line(t.pc as usize) as usize) })
}
fn native_name<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let n = vm.arg(a, 0).downcast_ref::<NativeFn<'gc, M>>().map_or("", |f| f.def.0.name);
    vm.str(n)
}

/// Methods.
pub fn methods<M: OneMutator>() -> Vec<Methods<M>> {
    use crate::builtins::dunder::this;
    let ro = |name, get| GetSet { name, get, set: None };
    vec![
        (
            T::Function,
            vec![],
            vec![
                GetSet { name: "__name__", get: |vm, a| name(vm, a, false), set: Some(|vm, a| set_name(vm, a, false)) },
                GetSet {
                    name: "__qualname__",
                    get: |vm, a| name(vm, a, true),
                    set: Some(|vm, a| set_name(vm, a, true)),
                },
                GetSet { name: "__doc__", get: doc, set: Some(set_doc) },
                ro("__module__", module),
                ro("__dict__", func_dict),
                ro("__annotations__", annotations),
                ro("__defaults__", |vm, a| Ok(or_none(func(vm, a)?.defaults.get()))),
                ro("__kwdefaults__", |vm, a| Ok(or_none(func(vm, a)?.kwdefaults.get()))),
                ro("__closure__", |vm, a| Ok(or_none(func(vm, a)?.closure.get()))),
                ro("__globals__", |vm, a| Ok(Val::from_gc(func(vm, a)?.globals.clone()))),
                ro("__code__", |vm, a| Ok(Val::from_gc(func(vm, a)?.code.clone()))),
            ],
        ),
        (
            T::Method,
            vec![def("__new__", 3, 3, method_new)],
            vec![
                ro("__self__", |vm, a| method_part(vm, a, true)),
                ro("__func__", |vm, a| method_part(vm, a, false)),
                ro("__name__", |vm, a| name(vm, a, false)),
                ro("__qualname__", |vm, a| name(vm, a, true)),
                ro("__doc__", doc),
            ],
        ),
        (T::Builtin, vec![], vec![ro("__name__", native_name), ro("__qualname__", native_name)]),
        (T::MethodDescriptor, vec![], vec![ro("__name__", native_name), ro("__qualname__", native_name)]),
        (
            T::Generator,
            vec![
                def("__iter__", 1, 1, this),
                def("__next__", 1, 1, gen_next),
                def("send", 2, 2, gen_send),
                def_raw("throw", 2, MANY, gen_throw),
                def("close", 1, 1, gen_close),
            ],
            vec![
                ro("gi_running", |vm, a| gen_is(vm, a, gen_state::RUNNING)),
                ro("gi_suspended", |vm, a| gen_is(vm, a, gen_state::WAITING)),
                ro("gi_code", |vm, a| {
                    let g = this_gen(vm, a)?;
                    Ok(generator(&g).map_or(Val::none(), |g| Val::from_gc(g.func.code.clone())))
                }),
                ro("__name__", |vm, a| {
                    let g = this_gen(vm, a)?;
                    let code = generator(&g).map(|g| g.func.code.clone());
                    code.map_or(Ok(Val::none()), |code| vm.str(&code.co.name))
                }),
            ],
        ),
        (T::Module, vec![def("__new__", 2, 3, module_new)], vec![]),
        (T::Cell, vec![], vec![ro("cell_contents", cell_contents)]),
        (
            T::Code,
            vec![],
            vec![
                ro("co_name", |vm, a| code_part(vm, a, 0)),
                ro("co_filename", |vm, a| code_part(vm, a, 1)),
                ro("co_argcount", |vm, a| code_part(vm, a, 2)),
                ro("co_firstlineno", |vm, a| code_part(vm, a, 3)),
                ro("co_varnames", |vm, a| code_part(vm, a, 4)),
            ],
        ),
        (
            T::Traceback,
            vec![],
            vec![ro("tb_next", |vm, a| tb_part(vm, a, true)), ro("tb_lineno", |vm, a| tb_part(vm, a, false))],
        ),
    ]
}

/// `types.ModuleType(name, doc=None)`
fn module_new<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let name = vm.str_arg(a, 1, "module() argument 'name'")?;
    let m = vm.new_module(name.text())?;
    if vm.given(a, 2)
        && let Some(dict) = vm.module_dict(&m)
    {
        let doc = vm.arg(a, 2);
        vm.dict_set_text(&dict, "__doc__", doc)?
    }
    Ok(m)
}

/// Keeps `Kind` in scope for tables.
pub const GENERATOR: Kind = Kind::Gen;
