//! The `runtime` module's natives: Go's words for the heap that runs, over `twinheap::control::runtime`. What is made of them
//! in Python (`MemStats`, `metrics`) is in `runtime.py`.
//!
//! A knob of another manager raises `RuntimeError` and changes nothing; reading works under all of them.
//! Not here: CPython's words (`modules::gc`).

use crate::{
    object::*,
    value::Value,
    vm::{
        Args, E, R, Vm,
        natives::{NativeDef, def, def_kw},
    },
};
use num_bigint::BigInt;
use twinheap::{
    Gc, OneMutator, Static, Val,
    control::runtime::{
        self, KnobError,
        metrics::{self, Kind, Value as Metric},
    },
};

/// `GC()`: a full collection with the callbacks of `gc`, as `gc.collect()` is one.
fn collect<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    if vm.host.collecting || vm.nest > 0 {
        return Ok(Val::none());
    }
    let run = vm.intern("_run")?;
    match vm.dict_get_name(&vm.rt.gc, &run) {
        Some(run) => vm.tail_call(run, vec![Val::index(2)]),
        None => Ok(Val::none()),
    }
}
fn refused<'gc, M: OneMutator, T>(vm: &mut Vm<'gc, M>, error: KnobError) -> R<'gc, M, T> {
    let kind = match error {
        KnobError::NotThisManagers { .. } => E::RuntimeError,
        KnobError::LimitTooSmall => E::ValueError,
    };
    Err(vm.raise(kind, &error.to_string()))
}
fn set_gc_percent<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let percent = vm.int_arg(a, 0)?;
    let Ok(percent) = i32::try_from(percent) else {
        return Err(vm.raise(E::OverflowError, "Python int too large to convert to C int"));
    };
    match runtime::set_gc_percent(vm.mc, percent) {
        Ok(old) => vm.int(i64::from(old)),
        Err(e) => refused(vm, e),
    }
}
fn set_memory_limit<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let limit = vm.int_arg(a, 0)?;
    match runtime::set_memory_limit(vm.mc, limit) {
        Ok(old) => vm.int(old),
        Err(e) => refused(vm, e),
    }
}
/// `_release()`: the bytes that went back.
fn release<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    let bytes = runtime::release_free_memory(vm.mc);
    Ok(Val::index(bytes))
}

fn number<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, n: u64) -> R<'gc, M> {
    vm.big(BigInt::from(n))
}
fn numbers<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, all: &[u64]) -> R<'gc, M> {
    let items = all.iter().map(|&n| number(vm, n)).collect::<Result<Vec<_>, _>>()?;
    vm.list(items)
}
/// `_mem_stats()`: a dict of Go's fields.
fn mem_stats<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    let s = runtime::read_mem_stats(vm.mc);
    let by_size =
        s.by_size.iter().map(|b| numbers(vm, &[b.size, b.mallocs, b.frees])).collect::<Result<Vec<_>, _>>()?;
    let plain = [
        ("Alloc", s.alloc),
        ("TotalAlloc", s.total_alloc),
        ("Sys", s.sys),
        ("Mallocs", s.mallocs),
        ("Frees", s.frees),
        ("HeapAlloc", s.heap_alloc),
        ("HeapSys", s.heap_sys),
        ("HeapIdle", s.heap_idle),
        ("HeapInuse", s.heap_inuse),
        ("HeapReleased", s.heap_released),
        ("HeapObjects", s.heap_objects),
        ("GCSys", s.gc_sys),
        ("NextGC", s.next_gc),
        ("LastGC", s.last_gc),
        ("PauseTotalNs", s.pause_total_ns),
        ("NumGC", s.num_gc),
        ("NumForcedGC", s.num_forced_gc),
    ];
    let mut pairs = vec![
        ("PauseNs", numbers(vm, &s.pause_ns)?),
        ("PauseEnd", numbers(vm, &s.pause_end)?),
        ("GCCPUFraction", vm.float(s.gc_cpu_fraction)?),
        ("EnableGC", Val::bool(s.enable_gc)),
        ("BySize", vm.list(by_size)?),
    ];
    for (name, n) in plain {
        pairs.push((name, number(vm, n)?))
    }
    vm.dict_of(&pairs)
}
/// `_metrics()`: name, description, kind and whether it is cumulative, of each.
fn all<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    let mut items = Vec::new();
    for d in metrics::all() {
        let kind = match d.kind {
            Kind::Uint64 => "uint64",
            Kind::Float64 => "float64",
            Kind::Histogram => "float64-histogram",
        };
        let texts = [vm.str(d.name)?, vm.str(d.description)?, vm.str(kind)?];
        let item: Vec<_> = texts.into_iter().chain([Val::bool(d.cumulative)]).collect();
        items.push(vm.tuple(item)?)
    }
    vm.list(items)
}
/// `_read(name…)`: the values of these, read at one moment; None for one that there is not; a histogram is a tuple of two lists.
fn read<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let read = metrics::read_all(vm.mc);
    let mut values = Vec::new();
    for i in 0..a.n {
        let name = vm.str_arg(a, i, "a sample's name")?;
        let value = match read.iter().find(|m| m.0.name == name.text()).map(|m| &m.1) {
            None => Val::none(),
            Some(Metric::Uint64(n)) => number(vm, *n)?,
            Some(Metric::Float64(x)) => vm.float(*x)?,
            Some(Metric::Histogram(h)) => {
                let counts = numbers(vm, &h.counts)?;
                let buckets = h.buckets.iter().map(|&x| vm.float(x)).collect::<Result<Vec<_>, _>>()?;
                let buckets = vm.list(buckets)?;
                vm.tuple(vec![counts, buckets])?
            }
        };
        values.push(value)
    }
    vm.list(values)
}

/// Its natives.
pub fn natives<M: OneMutator>() -> Vec<NativeDef<M>> {
    vec![
        def_kw("SetGCPercent", 1, &["percent"], set_gc_percent),
        def_kw("SetMemoryLimit", 1, &["limit"], set_memory_limit),
    ]
}
/// Those of `runtime.py`, whose names the program sees with an underscore.
pub fn fill<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, dict: &Gc<'gc, Dict<'gc, M>, M>) -> R<'gc, M, ()> {
    let inner: [NativeDef<M>; 5] = [
        def("_collect", 0, 0, collect),
        def("_release", 0, 0, release),
        def("_mem_stats", 0, 0, mem_stats),
        def("_metrics", 0, 0, all),
        def("_read", 0, crate::vm::natives::MANY, read),
    ];
    for def in inner {
        let f = vm.make(NativeFn { def: Static(def), owner: Default::default() })?;
        vm.dict_set_text(dict, def.name, f)?;
    }
    Ok(())
}
