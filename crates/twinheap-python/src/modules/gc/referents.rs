//! `gc.get_referents`: what an object refers to, in the order of CPython 3.13's `tp_traverse` for its type.  And back:
//! `gc.get_referrers`.  Overview: `modules/gc.rs`.

use super::listed;
use crate::{
    object::*,
    types::names::N,
    value::{Kind, Value},
    vm::{Args, R, Vm, boot::exc_slot, instance},
};
use std::sync::atomic::Ordering::Relaxed;
use twinheap::{GcAny, OneMutator, Val};

/// `gc.get_referents(*objects)`
pub fn get_referents<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let mut out = Vec::new();
    for v in vm.args_from(a, 0) {
        vm.push_referents(&v, &mut out)?
    }
    vm.list(out)
}

impl<'gc, M: OneMutator> Vm<'gc, M> {
    fn push_referents(&mut self, v: &V<'gc, M>, out: &mut Vec<V<'gc, M>>) -> R<'gc, M, ()> {
        let mut push = |v: V<'gc, M>| {
            if !v.is_empty() {
                out.push(v)
            }
        };
        match v.kind() {
            Kind::List | Kind::Dict | Kind::Set => {
                // An instance of a subclass: its attributes, its class, then what the base has.
                if let Some(sub) = self.sub_of(v) {
                    if let Some(d) = sub.dict.get() {
                        push(Val::from_gc(d))
                    }
                    push(Val::from_gc(sub.class.clone()));
                }
                if let Some(l) = v.downcast_ref::<List<'gc, M>>() {
                    out.extend(l.items.borrow().iter().rev().cloned());
                } else if let Some(d) = v.downcast_ref::<Dict<'gc, M>>() {
                    let t = d.table.borrow();
                    let text_only = t.iter().all(|e| e.key.kind() == Kind::Str);
                    for e in t.iter() {
                        out.push(e.value.clone());
                        if !text_only {
                            out.push(e.key.clone())
                        }
                    }
                } else if let Some(s) = v.downcast_ref::<Set<'gc, M>>() {
                    out.extend(s.table.borrow().iter().map(|p| p.key.clone()));
                }
            }
            Kind::Tuple => {
                out.extend(v.downcast_ref::<Tuple<'gc, M>>().expect("its kind says so").tail().iter().rev().cloned())
            }
            Kind::Instance => self.push_instance(v, out),
            Kind::Class => {
                let c = v.downcast_ref::<Class<'gc, M>>().expect("its kind says so").clone();
                if !c.builtin {
                    push(Val::from_gc(c.dict.clone()));
                    push(c.mro_tuple.get());
                    push(c.bases_tuple.get());
                    push(c.bases.first().map_or(Val::empty(), |b| Val::from_gc(b.clone())));
                }
            }
            Kind::Func => {
                let f = v.downcast_ref::<Func<'gc, M>>().expect("its kind says so").clone();
                push(Val::from_gc(f.code.clone()));
                push(Val::from_gc(f.globals.clone()));
                push(Val::from_gc(self.rt.builtins.clone()));
                push(self.dict_get_name(&f.globals, self.name(N::name)).unwrap_or_default());
                push(f.defaults.get());
                push(f.kwdefaults.get());
                for name in ["__doc__", "__name__"] {
                    let name = self.intern(name)?;
                    push(self.get_attr(v, &name)?)
                }
                push(f.dict.get().map_or(Val::empty(), Val::from_gc));
                push(f.closure.get());
                let name = self.intern("__qualname__")?;
                push(self.get_attr(v, &name)?)
            }
            Kind::Gen => {
                let Some(g) = crate::vm::generator::generator(v) else { return Ok(()) };
                push(self.str(&g.func.code.co.name)?);
                push(self.str(&g.func.code.co.qualname)?);
                if g.state.load(Relaxed) != gen_state::DONE {
                    push(Val::from_gc(g.func.clone()));
                    push(Val::from_gc(g.func.code.clone()));
                    g.stack.borrow().iter().for_each(|v| push(v.clone()));
                    push(Some(g.handled.get()).filter(|v| !v.is_none()).unwrap_or_default());
                }
            }
            Kind::Module => {
                push(v.downcast_ref::<Module<'gc, M>>().map_or(Val::empty(), |m| Val::from_gc(m.dict.clone())))
            }
            Kind::Native | Kind::Range | Kind::Member | Kind::Code | Kind::Traceback | Kind::File => {}
            _ => {
                if let Some(any) = v.as_any() {
                    let before = out.len();
                    self.mc.referents(any, |r| {
                        let r = Val::from_any(r.clone());
                        if !matches!(r.kind(), Kind::Sub | Kind::Frame | Kind::Other) {
                            out.push(r)
                        }
                    });
                    // Words that are no references of ours are objects of the program's all the same.
                    if let Some(words) = self.words(v) {
                        out.truncate(before);
                        out.extend(words.into_iter().filter(|v| !v.is_empty()))
                    }
                }
            }
        }
        Ok(())
    }
    /// All fields, in order, of types whose fields may hold what is no object in the heap.
    fn words(&mut self, v: &V<'gc, M>) -> Option<Vec<V<'gc, M>>> {
        let given = |v: &V<'gc, M>| if v.is_none() { Val::empty() } else { v.clone() };
        Some(if let Some(s) = v.downcast_ref::<Slice<'gc, M>>() {
            vec![s.start.clone(), s.stop.clone(), s.step.clone()]
        } else if let Some(p) = v.downcast_ref::<Property<'gc, M>>() {
            [&p.get, &p.set, &p.del, &p.doc].map(given).to_vec()
        } else if let Some(w) = v.downcast_ref::<Wrapper<'gc, M>>() {
            vec![w.func.clone()]
        } else if let Some(m) = v.downcast_ref::<Method<'gc, M>>() {
            // A built-in's has no function of its own.
            let func = if m.func.kind() == Kind::Native { Val::empty() } else { m.func.clone() };
            vec![func, m.this.clone()]
        } else if let Some(s) = v.downcast_ref::<Super<'gc, M>>() {
            vec![s.this.clone(), s.class.clone(), Val::from_gc(self.class_of(&s.this))]
        } else if let Some(c) = v.downcast_ref::<Cell<'gc, M>>() {
            vec![c.0.get()]
        } else if let Some(w) = v.downcast_ref::<Weak<'gc, M>>() {
            vec![given(&w.data().callback.get())]
        } else {
            return None;
        })
    }
    /// `subtype_traverse`: slots by name, the subclass's first; attributes; a dict of its own; the class; the base's.
    fn push_instance(&mut self, v: &V<'gc, M>, out: &mut Vec<V<'gc, M>>) {
        let Some(i) = instance(v) else { return };
        let mut push = |v: V<'gc, M>| {
            if !v.is_empty() {
                out.push(v)
            }
        };
        let exception = i.class.flags.load(Relaxed) & class_flags::EXCEPTION != 0;
        for c in std::iter::once(i.class).chain(i.class.mro.iter()) {
            let mut members: Vec<(String, u32)> = Vec::new();
            for e in c.dict.table.borrow().iter() {
                if let Some(m) = e.value.downcast_ref::<Member<'gc, M>>()
                    && m.index != u32::MAX
                    && let Some(name) = m.name.downcast_ref::<Str>()
                {
                    members.push((name.text().to_string(), i.class.slot_at(m.index)))
                }
            }
            members.sort();
            members.iter().filter_map(|m| i.slots.get(m.1 as usize)).for_each(|s| push(s.get()));
        }
        match i.dict() {
            // Too many for the instance: all of them are in its dict.
            Some(d) if !d.is_inline() => push(Val::from_gc(d)),
            dict => {
                i.named().iter().skip(i.class.nslots as usize).for_each(|s| push(s.get()));
                if let Some(d) = dict {
                    d.table.borrow().iter().for_each(|e| push(e.value.clone()))
                }
            }
        }
        if !i.class.builtin || crate::types::deque::ring(v).is_some() {
            push(Val::from_gc(i.class.clone()))
        }
        if exception {
            for n in [exc_slot::ARGS, exc_slot::TRACEBACK, exc_slot::CAUSE, exc_slot::CONTEXT] {
                push(Some(i.field(n).get()).filter(|v| !v.is_none()).unwrap_or_default())
            }
        } else if let Some(r) = crate::types::deque::ring(v) {
            r.items.borrow().iter().for_each(|v| push(v.clone()))
        } else if let Some(inner) = self.inner(v)
            && let Some(t) = inner.downcast_ref::<Tuple<'gc, M>>()
        {
            t.tail().iter().rev().for_each(|v| push(v.clone()))
        }
    }
}

/// `gc.get_referrers(*objects)`: by identity; not the arguments' tuple, nor the list in the making.
pub fn get_referrers<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let targets: Vec<GcAny<'gc, M>> = vm.args_from(a, 0).iter().filter_map(|v| v.as_any().cloned()).collect();
    let mc = vm.mc;
    let mut items: Vec<V<'gc, M>> = Vec::new();
    let mut push = |v: V<'gc, M>| {
        if !items.iter().any(|i| i.is(&v)) && listed(mc, &v) {
            items.push(v)
        }
    };
    for any in mc.referrers(&targets) {
        let v = Val::from_any(any);
        match v.downcast_ref::<Dict<'gc, M>>() {
            Some(d) if d.is_inline() => {
                // The instance's attributes: so it is the instance that refers to them.
                let own = [GcAny::from(d.clone())];
                mc.referrers(&own)
                    .into_iter()
                    .map(Val::from_any)
                    .filter(|v| v.kind() == Kind::Instance)
                    .for_each(&mut push)
            }
            _ if v.downcast_ref::<Ring<'gc, M>>().is_some() => {
                // A deque's items: so it is the deque.
                if let Some(any) = v.as_any() {
                    mc.referrers(std::slice::from_ref(any)).into_iter().map(Val::from_any).for_each(&mut push)
                }
            }
            _ => push(v),
        }
    }
    vm.list(items)
}
