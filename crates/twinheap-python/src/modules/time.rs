//! The `time` module. Sleeping ends the session.

use crate::vm::{
    Args, E, R, Request, Vm,
    natives::{NativeDef, def},
};
use std::time::{SystemTime, UNIX_EPOCH};
use twinheap::OneMutator;

fn time<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    vm.float(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64()))
}
fn time_ns<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    let n = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos());
    vm.big(n.into())
}
fn clock<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    let t = vm.host.started.elapsed().as_secs_f64();
    vm.float(t)
}
fn clock_ns<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    let t = vm.host.started.elapsed().as_nanos() as i64;
    vm.int(t)
}
fn cpu<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    let ns = twinheap::process::thread_cpu_ns();
    vm.float(ns as f64 / 1e9)
}
fn sleep<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let s = vm.to_f64(&v)?;
    // A `PyTime_t` counts nanoseconds in 63 bits.
    let refused = match s {
        s if s.is_nan() => Some((E::ValueError, "Invalid value NaN (not a number)")),
        s if s.is_infinite() => Some((E::OverflowError, "timestamp out of range for platform time_t")),
        s if s < 0.0 => Some((E::ValueError, "sleep length must be non-negative")),
        s if s >= i64::MAX as f64 / 1e9 => Some((E::OverflowError, "timestamp too large to convert to C PyTime_t")),
        _ => None,
    };
    if let Some((error, text)) = refused {
        return Err(vm.raise(error, text));
    }
    let _ = vm.host.flush();
    vm.end_session(Request::Sleep(s))
}

/// Natives.
pub fn natives<M: OneMutator>() -> Vec<NativeDef<M>> {
    vec![
        def("time", 0, 0, time),
        def("time_ns", 0, 0, time_ns),
        def("perf_counter", 0, 0, clock),
        def("monotonic", 0, 0, clock),
        def("perf_counter_ns", 0, 0, clock_ns),
        def("monotonic_ns", 0, 0, clock_ns),
        def("process_time", 0, 0, cpu),
        def("sleep", 1, 1, sleep),
    ]
}
