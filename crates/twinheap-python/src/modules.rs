//! Modules that come with the runtime. Each is a table of natives, and perhaps a source in Python that is run in the same
//! namespace; what calls back is in the source.
//!
//! Not here: modules beside the script (`vm/name.rs`).

pub mod collections;
pub mod descriptor;
pub mod gc;
pub mod math;
pub mod os;
pub mod runtime;
pub mod sys;
pub mod time;
pub mod tracemalloc;
pub mod weakref;

use crate::{
    object::*,
    vm::{R, Vm, natives::NativeDef},
};
use twinheap::{OneMutator, Static, ValSlot};

/// The module of this name, made on first use.
pub fn find<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, name: &str) -> R<'gc, M, Option<V<'gc, M>>> {
    let (natives, source): (Vec<NativeDef<M>>, &str) = match name {
        "gc" => (gc::natives(), ""),
        "sys" => (sys::natives(), ""),
        "os" | "os.path" => (os::natives(), include_str!("modules/os.py")),
        "tempfile" => (os::natives(), include_str!("modules/tempfile.py")),
        "weakref" => (weakref::natives(), include_str!("modules/weakref.py")),
        "runtime" => (runtime::natives(), include_str!("modules/runtime.py")),
        "atexit" => (sys::atexit_natives(), ""),
        "time" => (time::natives(), ""),
        "math" => (math::natives(), ""),
        "tracemalloc" => (tracemalloc::natives(), include_str!("modules/tracemalloc.py")),
        "functools" => (vec![], include_str!("modules/functools.py")),
        "collections" => (collections::natives(), include_str!("modules/collections.py")),
        "itertools" => (vec![], include_str!("modules/itertools.py")),
        "heapq" => (vec![], include_str!("modules/heapq.py")),
        "random" => (vec![], include_str!("modules/random.py")),
        "types" => (vec![], include_str!("modules/types.py")),
        "contextlib" => (vec![], include_str!("modules/contextlib.py")),
        "builtins" => (vec![], ""),
        _ => return Ok(None),
    };
    let m = vm.new_module(name)?;
    let Some(mut dict) = vm.module_dict(&m) else { return Ok(None) };
    if name == "builtins" {
        dict = vm.rt.builtins.clone();
        let name = vm.str(name)?;
        let m = vm.make(Module { name, dict })?;
        return finish(vm, "builtins", m).map(Some);
    }
    const NAMED: [&str; 9] = ["gc", "runtime", "sys", "os", "weakref", "atexit", "time", "math", "collections"];
    let module = NAMED.into_iter().find(|m| *m == name).unwrap_or("");
    for def in natives {
        let def = NativeDef { module, ..def };
        let f = vm.make(NativeFn { def: Static(def), owner: ValSlot::default() })?;
        vm.dict_set_text(&dict, def.name, f)?;
    }
    match name {
        "sys" => sys::fill(vm, &dict)?,
        "gc" => gc::fill(vm, &dict)?,
        "os" | "os.path" => os::fill(vm, &dict)?,
        "runtime" => runtime::fill(vm, &dict)?,
        "weakref" => weakref::fill(vm, &dict)?,
        "math" => math::fill(vm, &dict)?,
        "collections" => collections::fill(vm, &dict)?,
        _ => {}
    }
    if !source.is_empty() {
        run_source(vm, source, dict)?;
    }
    finish(vm, name, m).map(Some)
}
fn finish<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, name: &str, m: V<'gc, M>) -> R<'gc, M> {
    let modules = vm.rt.modules.clone();
    vm.dict_set_text(&modules, name, m.clone())?;
    Ok(m)
}
/// Runs a source of ours in a namespace.
pub fn run_source<'gc, M: OneMutator>(
    vm: &mut Vm<'gc, M>,
    source: &str,
    dict: twinheap::Gc<'gc, Dict<'gc, M>, M>,
) -> R<'gc, M, ()> {
    let co = match crate::compile_source(source.as_bytes(), crate::PRELUDE_NAME) {
        Ok(co) => co,
        Err(e) => return Err(vm.syntax_error(&e)),
    };
    let code = vm.load_code(&co)?;
    let f = vm.function(code, dict)?;
    vm.call(&f, &[])?;
    Ok(())
}
/// A value of a module.
pub fn constant<'gc, M: OneMutator>(
    vm: &mut Vm<'gc, M>,
    dict: &twinheap::Gc<'gc, Dict<'gc, M>, M>,
    name: &str,
    i: i64,
) -> R<'gc, M, ()> {
    let v = vm.int(i)?;
    vm.dict_set_text(dict, name, v)
}
