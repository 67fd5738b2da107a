//! The `sys` and `atexit` modules.

pub mod memory;

use crate::{
    object::*,
    value::Value,
    vm::{
        Args, E, R, Vm,
        natives::{MANY, NativeDef, def, def_raw},
    },
};
use std::sync::Mutex;
use twinheap::{Gc, OneMutator, Static, Val};

fn exit<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let args = vm.args_from(a, 0);
    Err(vm.raise_with(E::SystemExit, args))
}
fn getrecursionlimit<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    let n = vm.host.recursion_limit;
    Ok(Val::index(n))
}
fn setrecursionlimit<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let n = vm.int_arg(a, 0)?;
    if n < 1 {
        return Err(vm.raise(E::ValueError, "recursion limit must be greater or equal than 1"));
    }
    vm.host.recursion_limit = n as usize;
    Ok(Val::none())
}
fn exc_info<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    let e = vm.rt.handled.get();
    if e.is_none() {
        return vm.tuple(vec![Val::none(), Val::none(), Val::none()]);
    }
    let (class, tb) = (Val::from_gc(vm.class_of(&e)), vm.traceback_of(&e));
    vm.tuple(vec![class, e, tb])
}
fn intern<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let s = vm.str_arg(a, 0, "intern() argument")?;
    Ok(Val::from_gc(vm.intern_str(&s)))
}
fn exception<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    Ok(vm.rt.handled.get())
}

fn unraisablehook<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    if a.n != 1 {
        let text = format!("sys.unraisablehook() takes exactly one argument ({} given)", a.n);
        return Err(vm.raise(E::TypeError, &text));
    }
    let v = vm.arg(a, 0);
    match vm.hook_arguments(&v) {
        Some((e, message, object)) => vm.print_unraisable(&e, message.as_deref(), &object),
        None => return Err(vm.raise(E::TypeError, "sys.unraisablehook argument type must be UnraisableHookArgs")),
    }
    Ok(Val::none())
}
/// `_print_unraisable(e, message, object)`, of the prelude.
pub fn print_unraisable<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (e, object) = (vm.arg(a, 0), vm.arg(a, 2));
    let message = vm.str_arg(a, 1, "message")?;
    vm.print_unraisable(&e, Some(message.text()), &object);
    Ok(Val::none())
}
fn excepthook<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let e = vm.arg(a, 1);
    let text = if vm.is_instance(&e, &vm.rt.errors[0]) {
        let mut text = String::new();
        vm.format_exception(&e, &mut text);
        text
    } else if e.is_none() {
        "NoneType: None\n".to_string()
    } else {
        let t = vm.type_name(&e);
        format!("TypeError: print_exception(): Exception expected for value, {t} found\n")
    };
    vm.write_stderr(&text);
    Ok(Val::none())
}

/// Natives of `sys`.
pub fn natives<M: OneMutator>() -> Vec<NativeDef<M>> {
    let mut all = memory::natives();
    all.extend([
        def("exit", 0, 1, exit),
        def("getrecursionlimit", 0, 0, getrecursionlimit),
        def("setrecursionlimit", 1, 1, setrecursionlimit),
        def("exc_info", 0, 0, exc_info),
        def("intern", 1, 1, intern),
        def("exception", 0, 0, exception),
        def("unraisablehook", 0, MANY, unraisablehook),
        def("excepthook", 3, 3, excepthook),
    ]);
    all
}
/// Values of `sys`.
pub fn fill<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, dict: &Gc<'gc, Dict<'gc, M>, M>) -> R<'gc, M, ()> {
    let argv = vm.host.argv.clone();
    let items = argv.iter().map(|s| vm.str(s)).collect::<Result<Vec<_>, _>>()?;
    let argv = vm.list(items)?;
    vm.dict_set_text(dict, "argv", argv)?;
    for (name, which, shown) in [("stdout", 1, "<stdout>"), ("stderr", 2, "<stderr>"), ("stdin", 3, "<stdin>")] {
        let n = vm.str(shown)?;
        let inner = Static(Mutex::new(crate::types::file::Open::standard(which)));
        let f = vm.make(File { inner, name: n })?;
        vm.dict_set_text(dict, name, f.clone())?;
        vm.dict_set_text(dict, &format!("__{name}__"), f)?;
    }
    for name in ["unraisablehook", "excepthook"] {
        let n = vm.intern(name)?;
        if let Some(f) = vm.dict_get_name(dict, &n) {
            vm.dict_set_text(dict, &format!("__{name}__"), f)?
        }
    }
    let text = |vm: &mut Vm<'gc, M>, name: &str, value: &str| -> R<'gc, M, ()> {
        let v = vm.str(value)?;
        vm.dict_set_text(dict, name, v)
    };
    text(vm, "version", concat!("3.13.0 (twinheap ", env!("CARGO_PKG_VERSION"), ")"))?;
    text(vm, "platform", std::env::consts::OS)?;
    text(vm, "byteorder", "little")?;
    text(vm, "executable", "")?;
    let items = [3, 13, 0].into_iter().map(Val::index).collect::<Vec<_>>();
    let mut items = items;
    items.push(vm.str("final")?);
    items.push(Val::index(0));
    let info = vm.tuple(items)?;
    vm.dict_set_text(dict, "version_info", info)?;
    super::constant(vm, dict, "maxsize", i64::MAX)?;
    super::constant(vm, dict, "maxunicode", 0x10ffff)?;
    super::constant(vm, dict, "hexversion", 0x030d00f0)?;
    let folder = vm.host.folder.to_string_lossy().into_owned();
    let folder = vm.str(&folder)?;
    let path = vm.list(vec![folder])?;
    vm.dict_set_text(dict, "path", path)?;
    let modules = Val::from_gc(vm.rt.modules.clone());
    vm.dict_set_text(dict, "modules", modules)?;
    let name = vm.str(vm.host.manager)?;
    let pairs = [("name", vm.str("twinheap")?), ("manager", name)];
    let d = vm.dict_of(&pairs)?;
    vm.dict_set_text(dict, "_twinheap", d)
}

fn register<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let f = vm.arg(a, 0);
    if !vm.callable(&f) {
        return Err(vm.raise(E::TypeError, "the first argument must be callable"));
    }
    let args = vm.args_from(a, 1);
    let args = vm.tuple(args)?;
    let d = vm.dict(Default::default())?;
    for (k, v) in vm.keywords(a) {
        vm.dict_set_text(&d, &k, v)?
    }
    let entry = vm.tuple(vec![f.clone(), args, Val::from_gc(d)])?;
    let l = vm.rt.atexit.clone();
    vm.list_push(&l, entry)?;
    Ok(f)
}
fn unregister<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let f = vm.arg(a, 0);
    let all = vm.rt.atexit.items.borrow().to_vec();
    let mut kept = Vec::new();
    for e in all {
        // The others keep their places: handlers may be running.
        let gone = match vm.item(&e, 0) {
            Some(g) => vm.equal(&g, &f)?,
            None => false,
        };
        kept.push(if gone { Val::none() } else { e })
    }
    **vm.rt.atexit.items.borrow_mut(vm.mc) = kept;
    let l = vm.rt.atexit.clone();
    vm.list_resized(&l);
    Ok(Val::none())
}
/// Natives of `atexit`.
pub fn atexit_natives<M: OneMutator>() -> Vec<NativeDef<M>> {
    vec![def_raw("register", 1, MANY, register), def("unregister", 1, 1, unregister)]
}
