//! Exceptions: their text, their fields, `OSError`'s numbers.

use crate::{
    object::*,
    types::names::N,
    value::{Kind, Value},
    vm::{
        Args, E, Exc, R, Vm,
        boot::{GetSet, attribute_error, exc_slot},
        exception,
        natives::{MANY, NativeDef, def, def_raw},
    },
};
use std::fmt::Write as _;
use twinheap::{OneMutator, Val, ValSlot};

fn args_of<'gc, M: OneMutator>(vm: &Vm<'gc, M>, e: &V<'gc, M>) -> Vec<V<'gc, M>> {
    vm.exc_args(e).downcast_ref::<Tuple<'gc, M>>().map_or(Vec::new(), |t| t.tail().to_vec())
}
/// `str(e)`
pub fn text<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, e: &V<'gc, M>) -> R<'gc, M, String> {
    let args = args_of(vm, e);
    let of = |vm: &Vm<'gc, M>, k: E| vm.is_error(&Exc(e.clone()), k);
    if of(vm, E::KeyError) && args.len() == 1 {
        return vm.repr_text(&args[0]);
    }
    if of(vm, E::OSError) && args.len() >= 2 {
        let (n, s) = (vm.str_text(&args[0])?, vm.str_text(&args[1])?);
        let mut out = format!("[Errno {n}] {s}");
        if let Some(f) = args.get(2) {
            let f = vm.repr_text(f)?;
            let _ = write!(out, ": {f}");
        }
        return Ok(out);
    }
    match args.as_slice() {
        [] => Ok(String::new()),
        [one] => vm.str_text(one),
        _ => {
            let t = vm.exc_args(e);
            vm.repr_text(&t)
        }
    }
}
/// `repr(e)`
pub fn repr<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, e: &V<'gc, M>, out: &mut String) -> R<'gc, M, ()> {
    let name = vm.type_name(e);
    out.push_str(&name);
    let args = args_of(vm, e);
    out.push('(');
    for (i, a) in args.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        vm.repr_into(a, out)?;
    }
    out.push(')');
    Ok(())
}
impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// An `OSError` of the right class.
    pub fn os_error(&mut self, error: &std::io::Error, name: Option<V<'gc, M>>) -> Exc<'gc, M> {
        let n = error.raw_os_error().unwrap_or(5);
        let text = error.to_string();
        let text = text.split(" (os error").next().unwrap_or(&text).to_string();
        let class = os_class(n);
        let built = self.str(&text).map(|t| {
            let mut args = vec![Val::index(n as usize), t];
            args.extend(name);
            args
        });
        match built {
            Ok(args) => {
                let e = self.raise_with(class, args);
                // Out of descriptors: a tracing manager's garbage may hold files open.
                if matches!(n, 23 | 24) { self.cured_by_relief(e) } else { e }
            }
            Err(e) => e,
        }
    }
    /// What the constructors of built-in exceptions do beyond keeping the arguments.
    pub fn init_exception(&mut self, _: &V<'gc, M>) -> R<'gc, M, ()> {
        Ok(())
    }
}
fn os_class(n: i32) -> E {
    match n {
        1 | 13 => E::PermissionError,
        2 => E::FileNotFoundError,
        3 => E::ProcessLookupError,
        4 => E::InterruptedError,
        10 => E::ChildProcessError,
        11 => E::BlockingIOError,
        17 => E::FileExistsError,
        20 => E::NotADirectoryError,
        21 => E::IsADirectoryError,
        32 => E::BrokenPipeError,
        110 => E::TimeoutError,
        _ => E::OSError,
    }
}
fn new<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let c = vm.arg(a, 0);
    let Some(c) = c.downcast_ref::<Class<'gc, M>>().cloned() else { return Ok(Val::none()) };
    let mut class = c.clone();
    // `OSError(2, …)` is a FileNotFoundError.
    if c.ptr_eq(&vm.rt.errors[E::OSError as usize])
        && a.n >= 3
        && let Some(n) = vm.arg(a, 1).as_int()
    {
        class = vm.rt.errors[os_class(n as i32) as usize].clone();
    }
    let e = vm.new_instance(&class)?;
    let args = vm.args_from(a, 1);
    let t = vm.tuple(args)?;
    if let Some(i) = exception(&e) {
        i.field(exc_slot::ARGS).set(vm.mc, t);
    }
    for (k, v) in vm.keywords(a) {
        let k = vm.intern(&k)?;
        vm.set_attr(&e, &k, v)?
    }
    Ok(e)
}
fn init<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    // `super().__init__(…)`: these are the arguments then.
    let (e, args) = (vm.arg(a, 0), vm.args_from(a, 1));
    let t = vm.tuple(args)?;
    if let Some(i) = exception(&e) {
        i.field(exc_slot::ARGS).set(vm.mc, t);
    }
    Ok(Val::none())
}
fn field<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, n: usize) -> R<'gc, M> {
    let e = vm.arg(a, 0);
    let v = exception(&e).map(|i| i.field(n).get()).unwrap_or_default();
    Ok(match v.is_empty() {
        true if n == exc_slot::SUPPRESS => Val::bool(false),
        true if n == exc_slot::ARGS => Val::from_gc(vm.rt.empty_tuple.clone()),
        true => Val::none(),
        false => v,
    })
}
fn early<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, n: usize) -> R<'gc, M> {
    let v = exception(vm.arg_ref(a, 0)).and_then(|i| i.early().get(n).map(ValSlot::get)).unwrap_or_default();
    Ok(if v.is_empty() { Val::none() } else { v })
}
fn set_early<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, n: usize) -> R<'gc, M> {
    if let Some(slot) = exception(vm.arg_ref(a, 0)).and_then(|i| i.early().get(n)) {
        slot.set(vm.mc, vm.arg(a, 1))
    }
    Ok(Val::none())
}
fn set_field<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, n: usize) -> R<'gc, M> {
    let (e, v) = (vm.arg(a, 0), vm.arg(a, 1));
    if let Some(i) = exception(&e) {
        i.field(n).set(vm.mc, v);
        if n == exc_slot::CAUSE {
            i.field(exc_slot::SUPPRESS).set(vm.mc, Val::bool(true));
        }
    }
    Ok(Val::none())
}
fn nth_arg<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, n: usize) -> R<'gc, M> {
    let e = vm.arg(a, 0);
    Ok(args_of(vm, &e).get(n).cloned().unwrap_or_else(Val::none))
}
fn os_arg<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, n: usize) -> R<'gc, M> {
    let e = vm.arg(a, 0);
    let args = args_of(vm, &e);
    Ok(if args.len() >= 2 { args.get(n).cloned().unwrap_or_else(Val::none) } else { Val::none() })
}
fn exit_code<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    nth_arg(vm, a, 0)
}
fn with_traceback<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (e, tb) = (vm.arg(a, 0), vm.arg(a, 1));
    if let Some(i) = exception(&e) {
        i.field(exc_slot::TRACEBACK).set(vm.mc, tb);
    }
    Ok(e)
}
fn add_note<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (e, note) = (vm.arg(a, 0), vm.arg(a, 1));
    let name = vm.name(N::notes).clone();
    match vm.find_attr(&e, &name)? {
        Some(l) => {
            if let Some(l) = l.downcast_ref::<List<'gc, M>>() {
                let l = l.clone();
                vm.list_push(&l, note)?
            }
        }
        None => {
            let l = vm.list(vec![note])?;
            vm.set_attr(&e, &name, l)?
        }
    }
    Ok(Val::none())
}
fn str_<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let e = vm.arg(a, 0);
    let t = text(vm, &e)?;
    vm.str(&t)
}
fn repr_<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let e = vm.arg(a, 0);
    let mut out = String::new();
    repr(vm, &e, &mut out)?;
    vm.str(&out)
}

/// Methods and fields.
pub fn methods<M: OneMutator>() -> Vec<(E, Vec<NativeDef<M>>, Vec<GetSet<M>>)> {
    let ro = |name, get| GetSet { name, get, set: None };
    vec![
        (
            E::BaseException,
            vec![
                def_raw("__new__", 1, MANY, new),
                def_raw("__init__", 1, MANY, init),
                def("with_traceback", 2, 2, with_traceback),
                def("add_note", 2, 2, add_note),
                def("__str__", 1, 1, str_),
                def("__repr__", 1, 1, repr_),
            ],
            vec![
                GetSet {
                    name: "args",
                    get: |vm, a| field(vm, a, exc_slot::ARGS),
                    set: Some(|vm, a| {
                        let v = vm.arg(a, 1);
                        let items = vm.collect(&v)?;
                        let t = vm.tuple(items)?;
                        if let Some(i) = exception(&vm.arg(a, 0)) {
                            i.field(exc_slot::ARGS).set(vm.mc, t);
                        }
                        Ok(Val::none())
                    }),
                },
                GetSet {
                    name: "__traceback__",
                    get: |vm, a| field(vm, a, exc_slot::TRACEBACK),
                    set: Some(|vm, a| set_field(vm, a, exc_slot::TRACEBACK)),
                },
                GetSet {
                    name: "__context__",
                    get: |vm, a| field(vm, a, exc_slot::CONTEXT),
                    set: Some(|vm, a| set_field(vm, a, exc_slot::CONTEXT)),
                },
                GetSet {
                    name: "__cause__",
                    get: |vm, a| field(vm, a, exc_slot::CAUSE),
                    set: Some(|vm, a| set_field(vm, a, exc_slot::CAUSE)),
                },
                GetSet {
                    name: "__suppress_context__",
                    get: |vm, a| field(vm, a, exc_slot::SUPPRESS),
                    set: Some(|vm, a| set_field(vm, a, exc_slot::SUPPRESS)),
                },
            ],
        ),
        (
            E::AttributeError,
            vec![],
            vec![
                GetSet {
                    name: "name",
                    get: |vm, a| early(vm, a, attribute_error::NAME),
                    set: Some(|vm, a| set_early(vm, a, attribute_error::NAME)),
                },
                GetSet {
                    name: "obj",
                    get: |vm, a| early(vm, a, attribute_error::OBJ),
                    set: Some(|vm, a| set_early(vm, a, attribute_error::OBJ)),
                },
            ],
        ),
        (E::StopIteration, vec![], vec![ro("value", |vm, a| nth_arg(vm, a, 0))]),
        (E::SystemExit, vec![], vec![ro("code", exit_code)]),
        (
            E::OSError,
            vec![],
            vec![
                ro("errno", |vm, a| os_arg(vm, a, 0)),
                ro("strerror", |vm, a| os_arg(vm, a, 1)),
                ro("filename", |vm, a| os_arg(vm, a, 2)),
            ],
        ),
    ]
}

/// What exceptions are in Rust.
pub const KIND: Kind = Kind::Instance;
