//! The `gc` module's natives. Collections themselves end the session (`Request::Collect`); callbacks are called by the
//! module's Python part, around them.

use crate::{
    object::*,
    types::names::N,
    value::{Kind, Value},
    vm::{
        Args, E, R, Request, Vm,
        natives::{MANY, NativeDef, def, def_raw},
    },
};
use twinheap::{Gc, GcAny, OneMutator, Val, object::managed::Command};

/// What a program may see: its own kinds of objects, not the runtime's parts.
fn visible<'gc, M: OneMutator>(v: &V<'gc, M>) -> bool {
    !matches!(v.kind(), Kind::Code | Kind::Sub | Kind::Frame | Kind::Empty | Kind::Other | Kind::Traceback)
}
fn c_int<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, v: &V<'gc, M>, threshold: bool) -> R<'gc, M, i64> {
    let i = match vm.to_index(v) {
        Err(e) if vm.is_error(&e, E::OverflowError) => i64::MAX,
        out => out?,
    };
    if i32::try_from(i).is_err() {
        let text = match (threshold, i > 0) {
            (true, true) => "signed integer is greater than maximum",
            (true, false) => "signed integer is less than minimum",
            _ => "Python int too large to convert to C int",
        };
        return Err(vm.raise(E::OverflowError, text));
    }
    Ok(i)
}
fn collect<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let g = vm.int_arg(a, 0)?;
    if vm.nest > 0 {
        return Ok(Val::index(0));
    }
    vm.end_session(Request::Collect(g as u8))
}
/// `_generation(v)`: checked.
fn generation<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let i = c_int(vm, &v, false)?;
    if !(0..=2).contains(&i) {
        return Err(vm.raise(E::ValueError, "invalid generation"));
    }
    Ok(Val::index(i as usize))
}
/// `gc.DEBUG_SAVEALL`
pub const SAVEALL: i32 = 32;
fn collecting<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let was = vm.host.collecting;
    if a.n > 0 {
        vm.host.collecting = vm.arg(a, 0).is_true();
    }
    Ok(Val::bool(was))
}
fn automatic<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, on: Option<bool>) -> R<'gc, M> {
    if let Some(held) = &mut vm.host.held_automatic {
        *held = on.unwrap_or(*held);
        return Ok(if on.is_some() { Val::none() } else { Val::bool(*held) });
    }
    let answer = vm.mc.control(on.map_or(Command::Read, Command::SetAutomatic));
    Ok(if on.is_some() { Val::none() } else { Val::bool(answer.automatic) })
}
fn numbers<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, numbers: &[i64]) -> R<'gc, M> {
    let items = numbers.iter().map(|&i| vm.int(i)).collect::<Result<Vec<_>, _>>()?;
    vm.tuple(items)
}
fn get_count<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    let c = vm.mc.control(Command::Read).counts;
    numbers(vm, &c.map(|n| n as i64))
}
fn get_threshold<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    let t = vm.mc.control(Command::Read).thresholds;
    numbers(vm, &t)
}
fn set_threshold<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    if !(1..=3).contains(&a.n) {
        return Err(vm.raise(E::TypeError, "gc.set_threshold requires 1 to 3 arguments"));
    }
    let mut t = [None; 3];
    for (i, slot) in t.iter_mut().enumerate().take(a.n) {
        let v = vm.arg(a, i);
        *slot = Some(c_int(vm, &v, true)?);
    }
    vm.mc.control(Command::SetThresholds(t));
    Ok(Val::none())
}
fn get_stats<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    let s = vm.mc.control(Command::Read).generations;
    let mut items = Vec::new();
    for g in s {
        let pairs = [
            ("collections", vm.int(g.collections as i64)?),
            ("collected", vm.int(g.collected as i64)?),
            ("uncollectable", vm.int(g.uncollectable as i64)?),
        ];
        items.push(vm.dict_of(&pairs)?)
    }
    vm.list(items)
}
fn get_objects<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let wanted = match v.kind() {
        Kind::Empty | Kind::None => None,
        Kind::Int | Kind::Bool | Kind::BigInt => match vm.to_index(&v)? {
            -1 => None,
            i if i < 0 => return Err(vm.raise(E::ValueError, "generation parameter cannot be negative")),
            i if i > 2 => {
                let text = "generation parameter must be less than the number of available generations (3)";
                return Err(vm.raise(E::ValueError, text));
            }
            i => Some(i as u8),
        },
        _ => {
            let t = vm.type_name(&v);
            return Err(vm.raise(E::TypeError, &format!("argument should be integer or None, not '{t}'")));
        }
    };
    let mut found: Vec<(u8, V<'gc, M>)> = Vec::new();
    let mc = vm.mc;
    mc.walk(|any| {
        let state = mc.state_of(&any);
        if state.tracked && state.generation < 3 && wanted.is_none_or(|w| w == state.generation) {
            let v = Val::from_any(any);
            if visible(&v) {
                found.push((state.generation, v))
            }
        }
    });
    found.sort_by_key(|f| f.0);
    let items = found.into_iter().map(|f| f.1).collect();
    vm.list(items)
}
fn get_referrers<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let targets: Vec<GcAny<'gc, M>> = vm.args_from(a, 0).iter().filter_map(|v| v.as_any().cloned()).collect();
    let mc = vm.mc;
    let mut items: Vec<V<'gc, M>> = Vec::new();
    for any in mc.referrers(&targets) {
        let state = mc.state_of(&any);
        let v = Val::from_any(any);
        if state.tracked && state.generation < 3 && visible(&v) {
            items.push(v)
        }
    }
    vm.list(items)
}
fn get_referents<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let mut out = Vec::new();
    for v in vm.args_from(a, 0) {
        match v.kind() {
            // A list is visited from its end; a dict's string keys are not.
            Kind::List => {
                let l = v.downcast_ref::<List<'gc, M>>().expect("its kind says so");
                out.extend(l.items.borrow().iter().rev().cloned());
            }
            Kind::Tuple => {
                out.extend(v.downcast_ref::<Tuple<'gc, M>>().expect("its kind says so").tail().iter().rev().cloned())
            }
            Kind::Dict => {
                let d = v.downcast_ref::<Dict<'gc, M>>().expect("its kind says so");
                let t = d.table.borrow();
                let text_only = t.iter().all(|e| e.key.kind() == Kind::Str);
                for e in t.iter() {
                    if !text_only {
                        out.push(e.key.clone())
                    }
                    out.push(e.value.clone())
                }
            }
            Kind::Instance => {
                if let Some(i) = crate::vm::instance(&v) {
                    out.extend(i.slots.iter().map(|s| s.get()).filter(|v| !v.is_empty()));
                    if let Some(d) = i.dict.get() {
                        out.push(Val::from_gc(d))
                    }
                    out.push(Val::from_gc(i.class.clone()))
                }
            }
            _ => {
                if let Some(any) = v.as_any() {
                    vm.mc.referents(any, |r| {
                        let r = Val::from_any(r.clone());
                        if visible(&r) {
                            out.push(r)
                        }
                    })
                }
            }
        }
    }
    vm.list(out)
}
fn tracked<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, finalized: bool) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let Some(any) = v.as_any() else { return Ok(Val::bool(false)) };
    let state = vm.mc.state_of(any);
    if finalized {
        return Ok(Val::bool(state.finalized));
    }
    // CPython 3.13 does not track a dict that holds nothing it tracks.
    if let Some(d) = v.downcast_ref::<Dict<'gc, M>>()
        && d.sub.is_empty()
    {
        let t = d.table.borrow();
        let holds = |v: &V<'gc, M>| {
            !matches!(
                v.kind(),
                Kind::Str | Kind::Int | Kind::Float | Kind::None | Kind::Bool | Kind::BigInt | Kind::Bytes
            )
        };
        return Ok(Val::bool(t.iter().any(|e| holds(&e.key) || holds(&e.value))));
    }
    let never = matches!(v.kind(), Kind::Code | Kind::Object | Kind::Range)
        || v.downcast_ref::<Tuple<'gc, M>>().is_some_and(|t| t.is_empty());
    let builtin_class = v.downcast_ref::<Class<'gc, M>>().is_some_and(|c| c.builtin);
    Ok(Val::bool(state.tracked && !never && !builtin_class))
}
fn one_argument<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, finalized: bool) -> R<'gc, M> {
    if a.n != 1 {
        let name = if finalized { "is_finalized" } else { "is_tracked" };
        return Err(vm.raise(E::TypeError, &format!("gc.{name}() takes exactly one argument ({} given)", a.n)));
    }
    tracked(vm, a, finalized)
}
fn freeze<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, command: Command) -> R<'gc, M> {
    vm.mc.control(command);
    Ok(Val::none())
}
fn freeze_count<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    let n = vm.mc.control(Command::Read).frozen;
    Ok(Val::index(n))
}
fn set_debug<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    vm.host.gc_debug = c_int(vm, &v, false)? as i32;
    let saves = vm.host.gc_debug & SAVEALL != 0 && !M::CONSTRAINTS.counted;
    match vm.host.held_automatic {
        None if saves => {
            vm.host.held_automatic = Some(vm.mc.control(Command::Read).automatic);
            vm.mc.control(Command::SetAutomatic(false));
        }
        Some(on) if !saves => {
            vm.host.held_automatic = None;
            vm.mc.control(Command::SetAutomatic(on));
        }
        _ => {}
    }
    Ok(Val::none())
}
fn get_debug<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    let d = vm.host.gc_debug;
    vm.int(d as i64)
}
fn live_count<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    let mut n = [0usize; 4];
    let mc = vm.mc;
    mc.walk(|any| {
        let s = mc.state_of(&any);
        if s.tracked {
            n[(s.generation as usize).min(3)] += 1
        }
    });
    numbers(vm, &n.map(|n| n as i64))
}
fn write_err<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let s = vm.str_arg(a, 0, "text")?;
    let _ = vm.host.flush();
    eprint!("{}", s.text());
    Ok(Val::none())
}
fn unraisable<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (e, what) = (vm.arg(a, 0), vm.arg(a, 1));
    vm.unraisable(&e, &what);
    Ok(Val::none())
}

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// Puts every container that cannot be reached into `gc.garbage`; how many. Cost: a look at every reference.
    pub fn save_unreachable(&mut self) -> usize {
        let mc = self.mc;
        let mut todo: Vec<GcAny<'gc, M>> = Vec::new();
        for v in &self.stack {
            todo.extend(v.as_any().cloned())
        }
        for f in &self.frames {
            todo.push(f.func.clone().into());
            todo.extend(f.extra.as_any().cloned());
        }
        let rt = self.rt;
        for slot in [&rt.handled, &rt.uncaught, &rt.spare] {
            todo.extend(slot.get().as_any().cloned())
        }
        for d in [&rt.builtins, &rt.modules, &rt.prelude] {
            todo.push(d.clone().into())
        }
        todo.extend(rt.main.get().map(GcAny::from));
        for l in [&rt.atexit, &rt.callbacks, &rt.garbage] {
            todo.push(l.clone().into())
        }
        todo.extend(rt.types.iter().chain(&rt.errors).cloned().map(GcAny::from));
        todo.push(rt.empty_tuple.clone().into());
        let mut seen = std::collections::HashSet::new();
        while let Some(any) = todo.pop() {
            if seen.insert(any.address()) {
                mc.referents(&any, |r| todo.push(r.clone()))
            }
        }
        let mut found = Vec::new();
        mc.walk(|any| {
            if !seen.contains(&any.address()) && mc.state_of(&any).tracked {
                let v = Val::from_any(any);
                if visible(&v) {
                    found.push(v)
                }
            }
        });
        // In no order that hangs on where memory happened to be: lists first, then by kind.
        found.sort_by_key(|v| (v.kind() as u8, v.bits()));
        let n = found.len();
        rt.garbage.items.borrow_mut(mc).extend(found);
        self.list_resized(&rt.garbage);
        n
    }
}

/// Its natives.
pub fn natives<M: OneMutator>() -> Vec<NativeDef<M>> {
    vec![
        def("_collect", 1, 1, collect),
        def("_generation", 1, 1, generation),
        def("_collecting", 0, 1, collecting),
        def("enable", 0, 0, |vm, _| automatic(vm, Some(true))),
        def("disable", 0, 0, |vm, _| automatic(vm, Some(false))),
        def("isenabled", 0, 0, |vm, _| automatic(vm, None)),
        def("get_count", 0, 0, get_count),
        def("get_threshold", 0, 0, get_threshold),
        def("set_threshold", 0, MANY, set_threshold),
        def("get_stats", 0, 0, get_stats),
        crate::vm::natives::def_kw("get_objects", 0, &["generation"], get_objects),
        def("get_referrers", 0, MANY, get_referrers),
        def("get_referents", 0, MANY, get_referents),
        def("is_tracked", 0, MANY, |vm, a| one_argument(vm, a, false)),
        def("is_finalized", 0, MANY, |vm, a| one_argument(vm, a, true)),
        def("freeze", 0, 0, |vm, _| freeze(vm, Command::Freeze)),
        def("unfreeze", 0, 0, |vm, _| freeze(vm, Command::Unfreeze)),
        def("get_freeze_count", 0, 0, freeze_count),
        def("set_debug", 1, 1, set_debug),
        def("get_debug", 0, 0, get_debug),
        def("_live", 0, 0, live_count),
        def("_write_err", 1, 1, write_err),
        def_raw("_unraisable", 2, 2, unraisable),
    ]
}
/// Its values.
pub fn fill<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, dict: &Gc<'gc, Dict<'gc, M>, M>) -> R<'gc, M, ()> {
    for (n, i) in [
        ("DEBUG_STATS", 1),
        ("DEBUG_COLLECTABLE", 2),
        ("DEBUG_UNCOLLECTABLE", 4),
        ("DEBUG_SAVEALL", SAVEALL as i64),
        ("DEBUG_LEAK", 38),
    ] {
        super::constant(vm, dict, n, i)?
    }
    let (callbacks, garbage) = (Val::from_gc(vm.rt.callbacks.clone()), Val::from_gc(vm.rt.garbage.clone()));
    vm.dict_set_text(dict, "callbacks", callbacks)?;
    vm.dict_set_text(dict, "garbage", garbage)?;
    let counted = Val::bool(M::CONSTRAINTS.counted);
    vm.dict_set_text(dict, "_counted", counted)?;
    let _ = N::init;
    Ok(())
}
