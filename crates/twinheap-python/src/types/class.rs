//! `object`, `type`, `super`, `property`, `classmethod`, `staticmethod`, modules: what classes are made with.

use crate::{
    object::*,
    types::names::N,
    value::{Kind, Value},
    vm::{
        Args, E, R, Step, T, Vm,
        boot::{GetSet, Methods},
        instance,
        natives::{MANY, def, def_kw, def_raw},
    },
};
use twinheap::{Gc, OneMutator, Slot, Static, Val, ValSlot};

fn object_new<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let Some(c) = v.downcast_ref::<Class<'gc, M>>().cloned() else {
        return Err(vm.raise(E::TypeError, "object.__new__(X): X is not a type object"));
    };
    if c.builtin && c.layout == Kind::Instance && !vm.is_exception_class(&c) {
        if a.n > 1 || a.kw > 0 {
            return Err(vm.raise(E::TypeError, "object() takes no arguments"));
        }
        return vm.make(Plain(0));
    }
    if c.layout != Kind::Instance {
        // `object.__new__` of what extends a built-in: its own `__new__` makes it.
        let base = vm.builtin_base(&c);
        if let Some(f) = vm.lookup(&base, N::new) {
            // It has none but this one.
            if vm.lookup(vm.class(T::Object), N::new).is_some_and(|own| own.is(&f)) {
                let name = vm.class_name(&c);
                return Err(vm.raise(E::TypeError, &format!("cannot create '{name}' instances")));
            }
            let args = vm.args_from(a, 0);
            return vm.call(&f, &args);
        }
    }
    let i = vm.new_instance(&c)?;
    if vm.is_exception_class(&c) {
        vm.set_exception_args(&i, a.base + 1, a.kw)?;
    }
    Ok(i)
}
fn object_init<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    if (a.n > 1 || a.kw > 0) && v.kind() == Kind::Instance {
        let c = vm.class_of(&v);
        let own_new = vm.lookup(&c, N::new).is_some_and(|f| f.kind() != Kind::Native);
        if !own_new && c.layout == Kind::Instance {
            let name = vm.class_name(&c);
            let text = if vm.lookup(&c, N::init).is_some_and(|f| f.kind() != Kind::Native) {
                "object.__init__() takes exactly one argument (the instance to initialize)".to_string()
            } else {
                format!("{name}.__init__() takes exactly one argument (the instance to initialize)")
            };
            return Err(vm.raise(E::TypeError, &text));
        }
    }
    Ok(Val::none())
}
fn name_arg<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M, Gc<'gc, Str, M>> {
    let s = vm.str_arg(a, 1, "attribute name")?;
    Ok(vm.intern_str(&s))
}
fn object_getattribute<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (v, name) = (vm.arg(a, 0), name_arg(vm, a)?);
    let class = vm.class_of(&v);
    match vm.get_attr_plain(&v, &class, &name)? {
        Some(Step::Value(v)) => Ok(v),
        Some(Step::Pushed) => vm.pushed(),
        None => Err(vm.no_attribute(&v, &name)),
    }
}
fn object_setattr<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (v, name, x) = (vm.arg(a, 0), name_arg(vm, a)?, vm.arg(a, 2));
    let class = vm.class_of(&v);
    let depth = vm.frames.len();
    if let Step::Pushed = vm.store_attr_plain(&v, &class, &name, x, None)? {
        vm.run_nested(depth, false)?;
    }
    Ok(Val::none())
}
fn object_delattr<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (v, name) = (vm.arg(a, 0), name_arg(vm, a)?);
    let class = vm.class_of(&v);
    let depth = vm.frames.len();
    if let Step::Pushed = vm.del_attr_plain(&v, &class, &name)? {
        vm.run_nested(depth, false)?;
    }
    Ok(Val::none())
}
fn object_repr<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let mut out = String::new();
    vm.default_repr(&v, &mut out);
    vm.str(&out)
}
fn object_str<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let t = vm.repr_text(&v)?;
    vm.str(&t)
}
fn object_eq<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    Ok(if vm.arg(a, 0).is(&vm.arg(a, 1)) { Val::bool(true) } else { Val::not_implemented() })
}
fn object_hash<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let i = vm.arg(a, 0).bits() as i64 >> 4;
    vm.int(i)
}
fn object_dir<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let names = dir_names(vm, &v)?;
    let items = names.iter().map(|n| vm.str(n)).collect::<Result<Vec<_>, _>>()?;
    vm.list(items)
}
/// What `dir(v)` lists.
pub fn dir_names<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, v: &V<'gc, M>) -> R<'gc, M, Vec<String>> {
    let v = &vm.through(v.clone())?;
    let mut names = std::collections::BTreeSet::new();
    let mut add = |d: &Gc<'gc, Dict<'gc, M>, M>| {
        for e in d.table.borrow().iter() {
            if let Some(s) = e.key.downcast_ref::<Str>() {
                names.insert(s.text().to_string());
            }
        }
    };
    if v.kind() == Kind::Module {
        if let Some(d) = vm.module_dict(v) {
            add(&d)
        }
        return Ok(names.into_iter().collect());
    }
    let class = match v.downcast_ref::<Class<'gc, M>>() {
        Some(c) => c.clone(),
        None => vm.class_of(v),
    };
    add(&class.dict);
    for c in class.mro.iter() {
        add(&c.dict)
    }
    for (n, _) in vm.instance_items(v) {
        names.insert(n.text().to_string());
    }
    if let Some(d) = instance(v).and_then(|i| i.dict()) {
        for e in d.table.borrow().iter() {
            if let Some(s) = e.key.downcast_ref::<Str>() {
                names.insert(s.text().to_string());
            }
        }
    }
    Ok(names.into_iter().collect())
}
fn get_class<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let c = vm.class_of(&vm.arg(a, 0));
    Ok(Val::from_gc(c))
}
fn get_dict<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    match vm.object_dict(&v)? {
        Some(d) => Ok(Val::from_gc(d)),
        None => {
            let name = vm.name(N::dict).clone();
            Err(vm.no_attribute(&v, &name))
        }
    }
}
/// `__weakref__`: the first of `weakref.getweakrefs`.
pub fn get_weakref<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let first = vm.weakrefs_to(vm.arg_ref(a, 0)).into_iter().next();
    Ok(first.unwrap_or_else(Val::none))
}
fn set_dict<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (v, d) = (vm.arg(a, 0), vm.arg(a, 1));
    let Ok(d) = d.downcast::<Dict<'gc, M>>() else {
        return Err(vm.raise(E::TypeError, "__dict__ must be set to a dictionary"));
    };
    vm.object_dict(&v)?;
    if let Some(i) = instance(&v) {
        i.set_dict(vm.mc, Some(d));
    }
    Ok(Val::none())
}

fn cls<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M, Gc<'gc, Class<'gc, M>, M>> {
    match vm.arg(a, 0).downcast::<Class<'gc, M>>() {
        Ok(c) => Ok(c),
        Err(_) => Err(vm.raise(E::TypeError, "descriptor requires a 'type' object")),
    }
}
fn type_new<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    if a.n == 2 {
        let c = vm.class_of(&vm.arg(a, 1));
        return Ok(Val::from_gc(c));
    }
    if a.n != 4 {
        return Err(vm.raise(E::TypeError, "type() takes 1 or 3 arguments"));
    }
    let Some(ns) = vm.arg(a, 3).downcast_ref::<Dict<'gc, M>>().cloned() else {
        return Err(vm.raise(E::TypeError, "type.__new__() argument 3 must be dict"));
    };
    let meta = vm.arg(a, 0);
    let meta = if meta.downcast_ref::<Class<'gc, M>>().is_some_and(|m| m.builtin) { Val::empty() } else { meta };
    let mut keywords = Val::empty();
    if a.kw > 0 {
        let d = vm.dict(Default::default())?;
        for (k, v) in vm.keywords(a) {
            vm.dict_set_text(&d, &k, v)?
        }
        keywords = Val::from_gc(d);
    }
    let (name, bases) = (vm.arg(a, 1), vm.arg(a, 2));
    vm.new_class(&name, &bases, &ns, meta, &keywords)
}
fn type_call<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    // `super().__call__(…)` in a metaclass: makes an instance the ordinary way.
    let c = cls(vm, a)?;
    let new = vm.lookup(&c, N::new).unwrap_or_default();
    let (args, names) = (vm.args_from(a, 0), vm.kwnames.clone());
    let kw: Vec<_> = vm.stack[a.base + a.n..a.base + a.n + a.kw].to_vec();
    let new = match new.downcast_ref::<Wrapper<'gc, M>>() {
        Some(w) => w.func.clone(),
        None => new,
    };
    let init = vm.lookup(&c, N::init).filter(|f| f.kind() != Kind::Native);
    let i = if new.kind() == Kind::Native && init.is_some() {
        vm.call(&new, &args[..1])?
    } else {
        let all: Vec<_> = args.iter().chain(&kw).cloned().collect();
        vm.call_with(&new, &all, kw.len())?
    };
    if let Some(init) = init {
        let mut all = vec![i.clone()];
        all.extend(args[1..].iter().cloned());
        all.extend(kw.iter().cloned());
        vm.kwnames = names;
        vm.call_with(&init, &all, kw.len())?;
    }
    Ok(i)
}
fn type_name<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let c = cls(vm, a)?;
    let n = vm.class_name(&c);
    vm.str(n.rsplit('.').next().unwrap_or(&n))
}
fn type_set_name<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let c = cls(vm, a)?;
    let v = vm.arg(a, 1);
    c.name.set(vm.mc, v);
    Ok(Val::none())
}
fn type_entry<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, n: N) -> R<'gc, M> {
    let c = cls(vm, a)?;
    match vm.dict_get_name(&c.dict, vm.name(n)) {
        Some(v) => Ok(v),
        None if n == N::qualname => type_name(vm, a),
        None if n == N::module => vm.str("builtins"),
        None => Ok(Val::none()),
    }
}
fn type_set_entry<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, n: N) -> R<'gc, M> {
    let (c, v) = (cls(vm, a)?, vm.arg(a, 1));
    vm.dict_set_name(&c.dict, vm.name(n), v);
    Ok(Val::none())
}
fn type_bases<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let c = cls(vm, a)?;
    if c.bases_tuple.bits() != 0 {
        return Ok(c.bases_tuple.get());
    }
    let items = c.bases.iter().map(|b| Val::from_gc(b.clone())).collect();
    vm.tuple(items)
}
fn type_base<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let c = cls(vm, a)?;
    Ok(c.bases.first().map_or(Val::none(), |b| Val::from_gc(b.clone())))
}
fn type_mro<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let c = cls(vm, a)?;
    if c.mro_tuple.bits() != 0 {
        return Ok(c.mro_tuple.get());
    }
    let items = std::iter::once(&c).chain(c.mro.iter()).map(|b| Val::from_gc(b.clone())).collect();
    vm.tuple(items)
}
fn type_mro_list<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let c = cls(vm, a)?;
    let items = std::iter::once(&c).chain(c.mro.iter()).map(|b| Val::from_gc(b.clone())).collect();
    vm.list(items)
}
fn type_dict<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let c = cls(vm, a)?;
    Ok(Val::from_gc(c.dict.clone()))
}
fn type_subclasses<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let c = cls(vm, a)?;
    let items = c.subclasses.borrow().iter().filter_map(|w| w.upgrade(vm.mc)).map(Val::from_any).collect();
    vm.list(items)
}
fn type_instancecheck<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (c, v) = (cls(vm, a)?, vm.arg(a, 1));
    Ok(Val::bool(vm.is_instance(&v, &c)))
}

fn super_new<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    if a.n < 3 {
        return Err(vm.raise(E::RuntimeError, "super(): no arguments"));
    }
    let (class, this) = (vm.arg(a, 1), vm.arg(a, 2));
    let ok = class.downcast_ref::<Class<'gc, M>>().is_some_and(|c| {
        vm.is_instance(&this, c) || this.downcast_ref::<Class<'gc, M>>().is_some_and(|t| vm.is_subclass(t, c))
    });
    if !ok {
        return Err(vm.raise(E::TypeError, "super(type, obj): obj must be an instance or subtype of type"));
    }
    vm.make(Super { class, this })
}

fn property_new<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let get = |vm: &Vm<'gc, M>, i| {
        let v = vm.arg(a, i);
        if v.is_empty() { Val::none() } else { v }
    };
    let p = Property { get: get(vm, 1), set: get(vm, 2), del: get(vm, 3), doc: get(vm, 4) };
    vm.make(p)
}
fn property_with<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, which: u8) -> R<'gc, M> {
    let (p, f) = (vm.arg(a, 0), vm.arg(a, 1));
    let Some(p) = p.downcast_ref::<Property<'gc, M>>().cloned() else { return Ok(Val::none()) };
    let (mut get, mut set, mut del) = (p.get.clone(), p.set.clone(), p.del.clone());
    match which {
        0 => get = f,
        1 => set = f,
        _ => del = f,
    }
    vm.make(Property { get, set, del, doc: p.doc.clone() })
}
fn property_part<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, which: u8) -> R<'gc, M> {
    let p = vm.arg(a, 0);
    Ok(match p.downcast_ref::<Property<'gc, M>>() {
        Some(p) => [&p.get, &p.set, &p.del, &p.doc][which as usize].clone(),
        None => Val::none(),
    })
}
fn wrapper_new<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, class_method: bool) -> R<'gc, M> {
    let func = vm.arg(a, 1);
    // Who has `__annotations__`, made when they are asked for.
    let annotated = match func.downcast_ref::<Class<'gc, M>>() {
        Some(c) => !c.builtin,
        None => {
            func.kind() == Kind::Func
                || func.downcast_ref::<Wrapper<'gc, M>>().is_some_and(|w| !w.twin.is_empty())
                || func.downcast_ref::<Method<'gc, M>>().is_some_and(|m| m.func.kind() == Kind::Func)
        }
    };
    let twin = if annotated { vm.new_twin(0)? } else { Slot::empty() };
    vm.make(Wrapper { func, class_method, twin })
}
fn wrapper_func<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let w = vm.arg(a, 0);
    Ok(w.downcast_ref::<Wrapper<'gc, M>>().map_or(Val::none(), |w| w.func.clone()))
}

/// A slot's descriptor, for tests of tables.
pub fn slot_member<'gc, M: OneMutator>(name: V<'gc, M>, index: u32) -> Member<'gc, M> {
    Member { name, owner: ValSlot::default(), index, fixed: false, get: Static(None), set: Static(None) }
}

/// Methods.
pub fn methods<M: OneMutator>() -> Vec<Methods<M>> {
    let ro = |name, get| GetSet { name, get, set: None };
    vec![
        (
            T::Object,
            vec![
                def_raw("__new__", 1, MANY, object_new),
                def_raw("__init__", 1, MANY, object_init),
                def("__getattribute__", 2, 2, object_getattribute),
                def("__setattr__", 3, 3, object_setattr),
                def("__delattr__", 2, 2, object_delattr),
                def("__repr__", 1, 1, object_repr),
                def("__str__", 1, 1, object_str),
                def("__eq__", 2, 2, object_eq),
                def("__hash__", 1, 1, object_hash),
                def("__dir__", 1, 1, object_dir),
                def("__sizeof__", 1, 1, crate::modules::sys::memory::object_sizeof),
                def_raw("__init_subclass__", 0, MANY, crate::vm::boot::nothing),
                def("__format__", 2, 2, crate::builtins::dunder::format_),
                def("__ne__", 2, 2, crate::builtins::dunder::ne),
            ],
            vec![ro("__class__", get_class), GetSet { name: "__dict__", get: get_dict, set: Some(set_dict) }],
        ),
        (
            T::Type,
            vec![
                def_raw("__new__", 2, MANY, type_new),
                def_raw("__init__", 1, MANY, crate::vm::boot::nothing),
                def_raw("__call__", 1, MANY, type_call),
                def("mro", 1, 1, type_mro_list),
                def("__subclasses__", 1, 1, type_subclasses),
                def("__instancecheck__", 2, 2, type_instancecheck),
            ],
            vec![
                GetSet { name: "__name__", get: type_name, set: Some(type_set_name) },
                GetSet {
                    name: "__qualname__",
                    get: |vm, a| type_entry(vm, a, N::qualname),
                    set: Some(|vm, a| type_set_entry(vm, a, N::qualname)),
                },
                GetSet {
                    name: "__module__",
                    get: |vm, a| type_entry(vm, a, N::module),
                    set: Some(|vm, a| type_set_entry(vm, a, N::module)),
                },
                GetSet {
                    name: "__doc__",
                    get: |vm, a| type_entry(vm, a, N::doc),
                    set: Some(|vm, a| type_set_entry(vm, a, N::doc)),
                },
                ro("__bases__", type_bases),
                ro("__base__", type_base),
                ro("__mro__", type_mro),
                ro("__dict__", type_dict),
            ],
        ),
        (T::Super, vec![def("__new__", 1, 3, super_new)], vec![]),
        (
            T::Property,
            vec![
                def_kw("__new__", 1, &["", "fget", "fset", "fdel", "doc"], property_new),
                def("getter", 2, 2, |vm, a| property_with(vm, a, 0)),
                def("setter", 2, 2, |vm, a| property_with(vm, a, 1)),
                def("deleter", 2, 2, |vm, a| property_with(vm, a, 2)),
            ],
            vec![
                ro("fget", |vm, a| property_part(vm, a, 0)),
                ro("fset", |vm, a| property_part(vm, a, 1)),
                ro("fdel", |vm, a| property_part(vm, a, 2)),
                ro("__doc__", |vm, a| property_part(vm, a, 3)),
            ],
        ),
        (
            T::ClassMethod,
            vec![def("__new__", 2, 2, |vm, a| wrapper_new(vm, a, true))],
            vec![ro("__func__", wrapper_func)],
        ),
        (
            T::StaticMethod,
            vec![def("__new__", 2, 2, |vm, a| wrapper_new(vm, a, false))],
            vec![ro("__func__", wrapper_func)],
        ),
    ]
}
