//! The `gc` module's natives, over `twinheap::control::gc`. Collections themselves end the session (`Request::Collect`);
//! callbacks are called by the module's Python part, around them.

use crate::{
    object::*,
    types::names::N,
    value::{Kind, Value},
    vm::{
        Args, E, R, Request, Vm,
        natives::{MANY, NativeDef, def, def_kw, def_raw},
    },
};
use std::{collections::HashMap, fmt::Write as _};
use twinheap::{
    Gc, GcAny, Mutation, OneMutator, Static, Val,
    control::gc::{self, GenerationError},
    object::type_info::Kind as Sort,
};

mod referents;

/// What a program may see: its own kinds of objects, not the runtime's parts.
fn visible<'gc, M: OneMutator>(v: &V<'gc, M>) -> bool {
    !matches!(v.kind(), Kind::Code | Kind::Sub | Kind::Frame | Kind::Empty | Kind::Other)
}
/// Whether CPython 3.13 tracks it.
fn is_tracked<'gc, M: OneMutator>(mc: &'gc Mutation<'gc, M>, v: &V<'gc, M>) -> bool {
    let Some(any) = v.as_any() else { return false };
    let by_type = match v.kind() {
        Kind::Code | Kind::Object | Kind::Range => false,
        Kind::Class => v.downcast_ref::<Class<'gc, M>>().is_some_and(|c| !c.builtin),
        Kind::Dict => v.downcast_ref::<Dict<'gc, M>>().is_some_and(|d| d.is_tracked()),
        Kind::Tuple => v.downcast_ref::<Tuple<'gc, M>>().is_some_and(|t| !t.is_empty()),
        Kind::Iter => v.downcast_ref::<Iter<'gc, M>>().is_some_and(|it| it.is_counted()),
        // Also the one that a class's base holds, which collections leave out.
        Kind::Weak => return true,
        _ => true,
    };
    by_type && mc.state_of(any).tracked
}
/// Whether listings show it: tracked, not frozen, not found dead.
fn listed<'gc, M: OneMutator>(mc: &'gc Mutation<'gc, M>, v: &V<'gc, M>) -> bool {
    let Some(any) = v.as_any() else { return false };
    let state = mc.state_of(any);
    let hidden =
        v.downcast_ref::<Dict<'gc, M>>().is_some_and(|d| d.table.borrow().of == dict_of::HIDDEN && d.is_inline());
    state.generation < 3 && !state.condemned && visible(v) && !hidden && is_tracked(mc, v)
}
/// An argument that CPython takes for a C `int`: by the number parser's words, or by the argument parser's (`threshold`).
fn c_int<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, v: &V<'gc, M>, threshold: bool) -> R<'gc, M, i64> {
    let i = match vm.to_index(v) {
        Err(e) if vm.is_error(&e, E::OverflowError) => None,
        out => Some(out?),
    };
    let text = match (threshold, i) {
        (_, Some(i)) if i32::try_from(i).is_ok() => return Ok(i),
        (true, Some(i)) if i > 0 => "signed integer is greater than maximum",
        (true, Some(_)) => "signed integer is less than minimum",
        (true, None) => "Python int too large to convert to C long",
        (false, _) => "Python int too large to convert to C int",
    };
    Err(vm.raise(E::OverflowError, text))
}
fn collect<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let g = vm.int_arg(a, 0)?;
    if vm.nest > 0 {
        return Ok(Val::index(0));
    }
    vm.end_session(Request::Collect(g as u8))
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
    match on {
        None => return Ok(Val::bool(gc::is_enabled(vm.mc))),
        Some(true) => gc::enable(vm.mc),
        Some(false) => gc::disable(vm.mc),
    }
    Ok(Val::none())
}
fn numbers<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, numbers: &[i64]) -> R<'gc, M> {
    let items = numbers.iter().map(|&i| vm.int(i)).collect::<Result<Vec<_>, _>>()?;
    vm.tuple(items)
}
fn get_count<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    let c = gc::get_count(vm.mc);
    numbers(vm, &c.map(|n| n as i64))
}
fn get_threshold<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    let t = gc::get_threshold(vm.mc);
    numbers(vm, &t)
}
fn set_threshold<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    if a.kw > 0 {
        return Err(vm.raise(E::TypeError, "set_threshold() takes no keyword arguments"));
    }
    if !(1..=3).contains(&a.n) {
        return Err(vm.raise(E::TypeError, "gc.set_threshold requires 1 to 3 arguments"));
    }
    let mut t = [None; 3];
    for (i, slot) in t.iter_mut().enumerate().take(a.n) {
        let v = vm.arg(a, i);
        *slot = Some(c_int(vm, &v, true)? as i32);
    }
    gc::set_threshold(vm.mc, t[0].expect("one at least"), t[1], t[2]);
    Ok(Val::none())
}
fn get_stats<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    let s = gc::get_stats(vm.mc);
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
    let is_integer = matches!(v.kind(), Kind::Int | Kind::Bool | Kind::BigInt)
        || v.kind() == Kind::Instance && vm.lookup(&vm.class_of(&v), N::index).is_some();
    let wanted = if v.is_empty() || v.is_none() {
        None
    } else if is_integer {
        match vm.to_index(&v) {
            Ok(-1) => None,
            Ok(i) if i < 0 => return Err(vm.raise(E::ValueError, &GenerationError::Negative.to_string())),
            Ok(i) if i > 2 => return Err(vm.raise(E::ValueError, &GenerationError::TooOld.to_string())),
            Ok(i) => Some(i as u8),
            Err(e) if vm.is_error(&e, E::OverflowError) => {
                let text = format!("cannot fit '{}' into an index-sized integer", vm.type_name(&v));
                return Err(vm.raise(E::OverflowError, &text));
            }
            Err(e) => return Err(e),
        }
    } else {
        let t = vm.type_name(&v);
        return Err(vm.raise(E::TypeError, &format!("argument should be integer or None, not '{t}'")));
    };
    let mut found: Vec<(u8, V<'gc, M>)> = Vec::new();
    let mc = vm.mc;
    mc.walk(|any| {
        let generation = mc.state_of(&any).generation;
        let v = Val::from_any(any);
        if wanted.is_none_or(|w| w == generation) && listed(mc, &v) {
            found.push((generation, v))
        }
    });
    found.sort_by_key(|f| f.0);
    let items = found.into_iter().map(|f| f.1).collect();
    vm.list(items)
}
fn tracked<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, finalized: bool) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    if finalized {
        return Ok(Val::bool(v.as_any().is_some_and(|any| vm.mc.state_of(any).finalized)));
    }
    Ok(Val::bool(is_tracked(vm.mc, &v)))
}
fn one_argument<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, finalized: bool) -> R<'gc, M> {
    if a.n != 1 {
        let name = if finalized { "is_finalized" } else { "is_tracked" };
        return Err(vm.raise(E::TypeError, &format!("gc.{name}() takes exactly one argument ({} given)", a.n)));
    }
    tracked(vm, a, finalized)
}
fn freeze<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, on: bool) -> R<'gc, M> {
    if on {
        gc::freeze(vm.mc)
    } else {
        gc::unfreeze(vm.mc)
    }
    Ok(Val::none())
}
fn freeze_count<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    let n = gc::get_freeze_count(vm.mc);
    Ok(Val::index(n))
}
fn set_debug<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    if a.n != 1 {
        return Err(vm.raise(E::TypeError, &format!("gc.set_debug() takes exactly one argument ({} given)", a.n)));
    }
    let v = vm.arg(a, 0);
    vm.host.gc_debug = c_int(vm, &v, false)? as i32;
    let saves = vm.host.gc_debug & SAVEALL != 0 && !M::CONSTRAINTS.counted;
    match vm.host.held_automatic {
        None if saves => {
            vm.host.held_automatic = Some(gc::is_enabled(vm.mc));
            gc::disable(vm.mc);
        }
        Some(on) if !saves => {
            vm.host.held_automatic = None;
            if on { gc::enable(vm.mc) } else { gc::disable(vm.mc) }
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
        let generation = mc.state_of(&any).generation;
        if is_tracked(mc, &Val::from_any(any)) {
            n[(generation as usize).min(3)] += 1
        }
    });
    numbers(vm, &n.map(|n| n as i64))
}
/// `_collectable(generation)`: the lines of DEBUG_COLLECTABLE.
fn collectable<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let g = vm.int_arg(a, 0)?;
    let text = vm.collectable_text(g as u8);
    vm.str(&text)
}
/// `_seconds()`: a clock.
fn seconds<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    let s = vm.host.started.elapsed().as_secs_f64();
    vm.float(s)
}
/// `collect(generation=2)`: checks, then what `gc.py` makes of it.
fn begin_collect<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let g = if v.is_empty() { 2 } else { c_int(vm, &v, false)? };
    if !(0..=2).contains(&g) {
        return Err(vm.raise(E::ValueError, "invalid generation"));
    }
    if vm.host.collecting || vm.nest > 0 {
        return Ok(Val::index(0));
    }
    let name = vm.intern("_run")?;
    match vm.dict_get_name(&vm.rt.gc, &name) {
        Some(run) => vm.tail_call(run, vec![Val::index(g as usize)]),
        None => Ok(Val::index(0)),
    }
}
fn write_err<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let s = vm.str_arg(a, 0, "text")?;
    vm.write_stderr(s.text());
    Ok(Val::none())
}
fn unraisable<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (e, what) = (vm.arg(a, 0), vm.arg(a, 1));
    match vm.unraisable_args(&e, None, &what) {
        Some((hook, args)) => vm.tail_call(hook, args),
        None => Ok(Val::none()),
    }
}

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// Puts every container that cannot be reached into `gc.garbage`; how many.  Cost: a look at every reference.
    pub fn save_unreachable(&mut self) -> usize {
        let found = self.unreachable();
        let n = found.len();
        self.rt.garbage.items.borrow_mut(self.mc).extend(found);
        self.list_resized(&self.rt.garbage);
        n
    }
    /// Every container that cannot be reached, lists first, then by kind.
    fn unreachable(&mut self) -> Vec<V<'gc, M>> {
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
        found
    }
    /// The lines of DEBUG_COLLECTABLE: what a collection of `generation` would find.  Where references are counted: trial
    /// deletion once more, by tables, over what the program can see of the heap.
    fn collectable_text(&mut self, generation: u8) -> String {
        let mc = self.mc;
        let mut dead: Vec<V<'gc, M>> = Vec::new();
        if M::CONSTRAINTS.counted {
            // Objects, references to them from outside; the handle here is one that does not count.
            let mut set: Vec<(GcAny<'gc, M>, i64)> = Vec::new();
            let mut place = HashMap::new();
            mc.walk(|any| {
                let state = mc.state_of(&any);
                if any.kind() != Sort::Leaf && state.generation <= generation && !state.condemned {
                    place.insert(any.address(), set.len());
                    set.push((any, i64::from(state.references.unwrap_or(u32::MAX)) - 1));
                }
            });
            for n in 0..set.len() {
                let any = set[n].0.clone();
                // One more handle while we look: the count was read before.
                mc.referents(&any, |r| {
                    if let Some(&at) = place.get(&r.address()) {
                        set[at].1 -= 1
                    }
                })
            }
            let mut todo: Vec<usize> = (0..set.len()).filter(|&n| set[n].1 > 0).collect();
            let mut alive = vec![false; set.len()];
            while let Some(n) = todo.pop() {
                if !std::mem::replace(&mut alive[n], true) {
                    mc.referents(&set[n].0, |r| todo.extend(place.get(&r.address()).filter(|&&at| !alive[at])))
                }
            }
            let mut found: Vec<(u8, V<'gc, M>)> = Vec::new();
            for (n, (any, _)) in set.into_iter().enumerate() {
                if !alive[n] {
                    found.push((mc.state_of(&any).generation, Val::from_any(any)))
                }
            }
            // As CPython appends its lists: the oldest, then the youngest.
            found.sort_by_key(|f| if f.0 == generation { 0 } else { 1 + f.0 });
            dead.extend(found.into_iter().map(|f| f.1).filter(|v| visible(v) && is_tracked(mc, v)));
        } else {
            dead = self.unreachable()
        }
        let mut text = String::new();
        for v in &dead {
            let name = self.type_name(v);
            let _ = writeln!(text, "gc: collectable <{name} {:#x}>", v.bits());
        }
        text
    }
}

/// Its natives.
pub fn natives<M: OneMutator>() -> Vec<NativeDef<M>> {
    vec![
        def("enable", 0, 0, |vm, _| automatic(vm, Some(true))),
        def("disable", 0, 0, |vm, _| automatic(vm, Some(false))),
        def("isenabled", 0, 0, |vm, _| automatic(vm, None)),
        def_kw("collect", 0, &["generation"], begin_collect),
        def("get_count", 0, 0, get_count),
        def("get_threshold", 0, 0, get_threshold),
        def_raw("set_threshold", 0, MANY, set_threshold),
        def("get_stats", 0, 0, get_stats),
        def_kw("get_objects", 0, &["generation"], get_objects),
        def("get_referrers", 0, MANY, referents::get_referrers),
        def("get_referents", 0, MANY, referents::get_referents),
        def("is_tracked", 0, MANY, |vm, a| one_argument(vm, a, false)),
        def("is_finalized", 0, MANY, |vm, a| one_argument(vm, a, true)),
        def("freeze", 0, 0, |vm, _| freeze(vm, true)),
        def("unfreeze", 0, 0, |vm, _| freeze(vm, false)),
        def("get_freeze_count", 0, 0, freeze_count),
        def("set_debug", 0, MANY, set_debug),
        def("get_debug", 0, 0, get_debug),
    ]
}
/// Those of `gc.py`.
fn inner_natives<M: OneMutator>() -> Vec<NativeDef<M>> {
    vec![
        def("_collect", 1, 1, collect),
        def("_collecting", 0, 1, collecting),
        def("_get_debug", 0, 0, get_debug),
        def("_live", 0, 0, live_count),
        def("_collectable", 1, 1, collectable),
        def("_seconds", 0, 0, seconds),
        def("_write_err", 1, 1, write_err),
        def_raw("_unraisable", 2, 2, unraisable),
    ]
}
/// Its values.
pub fn fill<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, dict: &Gc<'gc, Dict<'gc, M>, M>) -> R<'gc, M, ()> {
    for (n, i) in [
        ("DEBUG_STATS", gc::DEBUG_STATS),
        ("DEBUG_COLLECTABLE", gc::DEBUG_COLLECTABLE),
        ("DEBUG_UNCOLLECTABLE", gc::DEBUG_UNCOLLECTABLE),
        ("DEBUG_SAVEALL", gc::DEBUG_SAVEALL),
        ("DEBUG_LEAK", gc::DEBUG_LEAK),
    ] {
        super::constant(vm, dict, n, i64::from(i))?
    }
    let (callbacks, garbage) = (Val::from_gc(vm.rt.callbacks.clone()), Val::from_gc(vm.rt.garbage.clone()));
    vm.dict_set_text(dict, "garbage", garbage)?;
    vm.dict_set_text(dict, "callbacks", callbacks.clone())?;
    let inner = vm.rt.gc.clone();
    vm.dict_set_text(&inner, "_callbacks", callbacks)?;
    for def in inner_natives() {
        let f = vm.make(NativeFn { def: Static(def), owner: Default::default() })?;
        vm.dict_set_text(&inner, def.name, f)?;
    }
    super::run_source(vm, include_str!("gc.py"), inner)
}
