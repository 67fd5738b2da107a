//! Iteration: iterators in Rust never run Python code; what does is a generator, or an object with `__next__`.
//! A native that wants the items of something impure asks the prelude to make a list of them first.

use super::{E, R, Step, Vm};
use crate::{
    object::*,
    types::{deque::ring, names::N},
    value::{Kind, Value},
};
use std::sync::atomic::Ordering::Relaxed;
use twinheap::{Gc, OneMutator, Val};

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// `iter(v)`
    pub fn get_iter(&mut self, v: V<'gc, M>) -> R<'gc, M, Step<'gc, M>> {
        let v = self.through(v)?;
        if matches!(v.kind(), Kind::Instance | Kind::List | Kind::Dict | Kind::Set | Kind::Class) {
            let class = self.class_of(&v);
            if !class.builtin || v.kind() == Kind::Class {
                if let Some(f) = self.lookup(&class, N::iter)
                    && f.kind() != Kind::Native
                {
                    if f.is_none() {
                        return Err(self.not_iterable(&v));
                    }
                    let kept = [v];
                    return self.call_keeping(f, &kept, &kept, Mode::MustIterate);
                }
                if v.kind() == Kind::Instance
                    && self.inner(&v).is_none()
                    && class.flags.load(Relaxed) & class_flags::DEQUE == 0
                {
                    if self.lookup(&class, N::getitem).is_some() {
                        return self.iter(IterKind::Sequence, v, 0, 0, 0).map(Step::Value);
                    }
                    return Err(self.not_iterable(&v));
                }
            }
        }
        match self.pure_iter(&v)? {
            Some(it) => Ok(Step::Value(it)),
            None => {
                let class = self.class_of(&v);
                match self.lookup(&class, N::iter) {
                    Some(f) => self.call_method_value(f, &v, &[]).map(Step::Value),
                    None => Err(self.not_iterable(&v)),
                }
            }
        }
    }
    #[cold]
    fn not_iterable(&mut self, v: &V<'gc, M>) -> super::Exc<'gc, M> {
        let t = self.type_name(v);
        self.raise(E::TypeError, &format!("'{t}' object is not iterable"))
    }
    /// An iterator in Rust over a built-in value; itself if it is one.
    pub fn pure_iter(&mut self, v: &V<'gc, M>) -> R<'gc, M, Option<V<'gc, M>>> {
        if let Some(inner) = self.inner(v) {
            return self.pure_iter(&inner);
        }
        if let Some(r) = ring(v) {
            return self.iter(IterKind::Deque, v.clone(), 0, r.len() as i64, r.state()).map(Some);
        }
        let v = v.clone();
        Ok(Some(match v.kind() {
            Kind::Iter | Kind::Gen => v,
            Kind::Range => {
                let r = v.downcast_ref::<Range>().expect("its kind says so");
                let (start, n, step) = (r.start, crate::types::list::range_len(r), r.step);
                self.iter(IterKind::Range, Val::none(), start, n as i64, step)?
            }
            Kind::List => self.iter(IterKind::List, v, 0, 0, 1)?,
            Kind::Tuple => self.iter(IterKind::Tuple, v, 0, 0, 1)?,
            Kind::Str => self.iter(IterKind::Str, v, 0, 0, 1)?,
            Kind::Bytes => self.iter(IterKind::Bytes, v, 0, 0, 1)?,
            Kind::Dict => {
                let n = v.downcast_ref::<Dict<'gc, M>>().map_or(0, |d| d.table.borrow().len());
                self.iter(IterKind::Keys, v, 0, n as i64, 1)?
            }
            Kind::View => {
                let view = v.downcast_ref::<View<'gc, M>>().expect("its kind says so");
                let how = [IterKind::Keys, IterKind::Values, IterKind::Items][view.of as usize];
                let n = view.dict.table.borrow().len();
                let d = Val::from_gc(view.dict.clone());
                self.iter(how, d, 0, n as i64, 1)?
            }
            Kind::Set => {
                let n = v.downcast_ref::<Set<'gc, M>>().map_or(0, |s| s.table.borrow().len());
                self.iter(IterKind::Set, v, 0, n as i64, 1)?
            }
            Kind::File => v,
            _ => return Ok(None),
        }))
    }
    /// The next item of an iterator in Rust.
    #[inline]
    pub fn iter_next(&mut self, it: &Gc<'gc, Iter<'gc, M>, M>) -> R<'gc, M, Option<V<'gc, M>>> {
        let pos = it.pos.load(Relaxed);
        if it.how == IterKind::List {
            let src = it.src.get();
            let Some(l) = src.downcast_ref::<List<'gc, M>>() else { return Ok(None) };
            let v = l.items.borrow().get(pos as usize).cloned();
            match v {
                Some(v) => {
                    it.pos.store(pos + 1, Relaxed);
                    return Ok(Some(v));
                }
                None => {
                    it.src.set(self.mc, Val::none());
                    return Ok(None);
                }
            }
        }
        self.iter_next_other(it, pos)
    }
    fn iter_next_other(&mut self, it: &Gc<'gc, Iter<'gc, M>, M>, pos: i64) -> R<'gc, M, Option<V<'gc, M>>> {
        let src = it.src.get();
        let step = |n: i64| it.pos.store(n, Relaxed);
        let over = |vm: &Self| {
            it.src.set(vm.mc, Val::none());
            Ok(None)
        };
        match it.how {
            IterKind::Range => {
                let left = it.end.load(Relaxed);
                if left <= 0 {
                    return Ok(None);
                }
                let v = self.int(pos)?;
                step(pos.wrapping_add(it.step));
                it.end.store(left - 1, Relaxed);
                Ok(Some(v))
            }
            IterKind::Tuple => {
                let Some(t) = src.downcast_ref::<Tuple<'gc, M>>() else { return Ok(None) };
                match t.tail().get(pos as usize) {
                    Some(v) => {
                        step(pos + 1);
                        Ok(Some(v.clone()))
                    }
                    None => over(self),
                }
            }
            IterKind::Str => {
                let Some(s) = src.downcast_ref::<Str>() else { return Ok(None) };
                match s.text()[pos as usize..].chars().next() {
                    Some(c) => {
                        let mut buffer = [0; 4];
                        let v = self.str(c.encode_utf8(&mut buffer))?;
                        step(pos + c.len_utf8() as i64);
                        Ok(Some(v))
                    }
                    None => over(self),
                }
            }
            IterKind::Bytes => {
                let Some(b) = src.downcast_ref::<Bytes>() else { return Ok(None) };
                match b.tail().get(pos as usize) {
                    Some(b) => {
                        step(pos + 1);
                        Ok(Some(Val::index(*b as usize)))
                    }
                    None => over(self),
                }
            }
            IterKind::Keys | IterKind::Values | IterKind::Items => {
                let Some(d) = src.downcast_ref::<Dict<'gc, M>>() else { return Ok(None) };
                let (found, changed) = {
                    let t = d.table.borrow();
                    let mut i = (pos as usize).max(t.first());
                    while t.slots().get(i).is_some_and(|e| e.key.is_empty()) {
                        i += 1
                    }
                    step(i as i64 + 1);
                    let found = t.slots().get(i).map(|e| (e.key.clone(), e.value.clone()));
                    (found, t.len() as i64 != it.end.load(Relaxed))
                };
                if changed {
                    it.end.store(-1, Relaxed);
                    return Err(self.raise(E::RuntimeError, "dictionary changed size during iteration"));
                }
                match found {
                    Some((k, _)) if it.how == IterKind::Keys => Ok(Some(k)),
                    Some((_, v)) if it.how == IterKind::Values => Ok(Some(v)),
                    Some((k, v)) => match self.tuple(vec![k, v]) {
                        Ok(t) => Ok(Some(t)),
                        Err(e) => {
                            step(pos);
                            Err(e)
                        }
                    },
                    None => over(self),
                }
            }
            IterKind::DictReversed => {
                let Some(d) = src.downcast_ref::<Dict<'gc, M>>() else { return Ok(None) };
                let (found, changed) = {
                    let t = d.table.borrow();
                    let mut i = pos;
                    while i >= 0 && t.slots().get(i as usize).is_none_or(|e| e.key.is_empty()) {
                        i -= 1
                    }
                    step(i - 1);
                    let found = usize::try_from(i).ok().map(|i| (t.slots()[i].key.clone(), t.slots()[i].value.clone()));
                    (found, t.len() as i64 != it.end.load(Relaxed))
                };
                if changed {
                    it.end.store(-1, Relaxed);
                    return Err(self.raise(E::RuntimeError, "dictionary changed size during iteration"));
                }
                // As a `View`'s.
                match (found, it.step) {
                    (Some((k, _)), 0) => Ok(Some(k)),
                    (Some((_, v)), 1) => Ok(Some(v)),
                    (Some((k, v)), _) => match self.tuple(vec![k, v]) {
                        Ok(t) => Ok(Some(t)),
                        Err(e) => {
                            step(pos);
                            Err(e)
                        }
                    },
                    (None, _) => over(self),
                }
            }
            IterKind::Set => {
                let Some(s) = src.downcast_ref::<Set<'gc, M>>() else { return Ok(None) };
                let (found, changed) = {
                    let t = s.table.borrow();
                    let mut i = pos as usize;
                    while t.places().get(i).is_some_and(|p| p.key.is_empty()) {
                        i += 1
                    }
                    step(i as i64 + 1);
                    (t.places().get(i).map(|p| p.key.clone()), t.len() as i64 != it.end.load(Relaxed))
                };
                if changed {
                    it.end.store(-1, Relaxed);
                    return Err(self.raise(E::RuntimeError, "Set changed size during iteration"));
                }
                match found {
                    Some(k) => Ok(Some(k)),
                    None => over(self),
                }
            }
            IterKind::ListReversed => {
                let v = if pos >= 0 { self.item(&src, pos as usize) } else { None };
                match v {
                    Some(v) => {
                        step(pos - 1);
                        Ok(Some(v))
                    }
                    None => over(self),
                }
            }
            IterKind::Deque | IterKind::DequeReversed => {
                let Some(r) = ring(&src) else { return Ok(None) };
                if r.state() != it.step {
                    it.end.store(0, Relaxed);
                    return Err(self.raise(E::RuntimeError, "deque mutated during iteration"));
                }
                let left = it.end.load(Relaxed);
                if left <= 0 {
                    return Ok(None);
                }
                it.end.store(left - 1, Relaxed);
                step(if it.how == IterKind::Deque { pos + 1 } else { pos - 1 });
                Ok(r.get(pos as usize))
            }
            IterKind::Sequence | IterKind::SequenceReversed => {
                if src.is_none() || (it.how == IterKind::SequenceReversed && pos < 0) {
                    return Ok(None);
                }
                let i = self.int(pos)?;
                match self.call_special(&src, N::getitem, &[i]) {
                    Ok(v) => {
                        step(if it.how == IterKind::Sequence { pos + 1 } else { pos - 1 });
                        Ok(v)
                    }
                    Err(e) if self.is_error(&e, E::IndexError) || self.is_error(&e, E::StopIteration) => over(self),
                    Err(e) => Err(e),
                }
            }
            IterKind::Enumerate => {
                let Some(inner) = src.downcast_ref::<Iter<'gc, M>>().cloned() else { return Ok(None) };
                match self.iter_next(&inner)? {
                    Some(v) => {
                        step(pos + 1);
                        let pair = self.int(pos).and_then(|i| self.tuple(vec![i, v]));
                        self.dirty |= pair.is_err();
                        pair.map(Some)
                    }
                    None => Ok(None),
                }
            }
            IterKind::Zip | IterKind::Rows => {
                let Some(all) = src.downcast_ref::<Tuple<'gc, M>>() else { return Ok(None) };
                let mut items = Vec::with_capacity(all.len());
                for inner in all.tail() {
                    let Some(inner) = inner.downcast_ref::<Iter<'gc, M>>().cloned() else { return Ok(None) };
                    match self.iter_next(&inner) {
                        Ok(Some(v)) => items.push(v),
                        Ok(None) => return over(self),
                        Err(e) => {
                            self.dirty |= !items.is_empty();
                            return Err(e);
                        }
                    }
                }
                if items.is_empty() {
                    return Ok(None);
                }
                let out = self.tuple(items);
                self.dirty |= out.is_err();
                out.map(Some)
            }
            IterKind::Count => {
                let v = self.int(pos)?;
                step(pos + it.step);
                Ok(Some(v))
            }
            IterKind::List => Ok(None),
        }
    }
    /// The items of a built-in value, which takes no Python code; `None` for everything else.
    pub fn collect_pure(&mut self, v: &V<'gc, M>) -> R<'gc, M, Option<Vec<V<'gc, M>>>> {
        let class_may_override = match v.kind() {
            Kind::Instance => self.lookup(&self.class_of(v), N::iter).is_none_or(|f| f.kind() != Kind::Native),
            Kind::List | Kind::Dict | Kind::Set => {
                self.sub_of(v).is_some()
                    && self.lookup(&self.class_of(v), N::iter).is_some_and(|f| f.kind() != Kind::Native)
            }
            _ => false,
        };
        if class_may_override && self.inner(v).is_none() {
            return Ok(None);
        }
        match v.kind() {
            Kind::List => {
                let l = v.downcast_ref::<List<'gc, M>>().expect("its kind says so");
                let n = l.items.borrow().len();
                self.reserve(n * 8)?;
                Ok(Some(l.items.borrow().to_vec()))
            }
            Kind::Tuple => Ok(v.downcast_ref::<Tuple<'gc, M>>().map(|t| t.tail().to_vec())),
            Kind::Gen => Ok(None),
            _ => {
                let Some(it) = self.pure_iter(v)? else { return Ok(None) };
                let Some(it) = it.downcast_ref::<Iter<'gc, M>>().cloned() else { return Ok(None) };
                if matches!(it.how, IterKind::Sequence | IterKind::SequenceReversed) {
                    return Ok(None);
                }
                let mut out = Vec::new();
                if it.how == IterKind::Range {
                    let n = it.end.load(Relaxed).max(0) as usize;
                    self.reserve(n.saturating_mul(8))?;
                    out.reserve_exact(n);
                }
                while let Some(x) = self.iter_next(&it)? {
                    // What was taken from an iterator of the program's is not there a second time.
                    self.dirty |= v.kind() == Kind::Iter;
                    if out.len() == out.capacity() {
                        self.reserve(out.len() * 16)?;
                    }
                    out.push(x)
                }
                Ok(Some(out))
            }
        }
    }
    /// The items of anything iterable, nested where Python code gives them.
    pub fn collect(&mut self, v: &V<'gc, M>) -> R<'gc, M, Vec<V<'gc, M>>> {
        if let Some(items) = self.collect_pure(v)? {
            return Ok(items);
        }
        let depth = self.frames.len();
        let step = self.get_iter(v.clone())?;
        let it = self.settle(step, depth)?;
        let mut out = Vec::new();
        while let Some(x) = self.next_nested(&it)? {
            self.dirty = true;
            if out.len() == out.capacity() {
                self.reserve(out.len() * 16)?;
            }
            out.push(x)
        }
        Ok(out)
    }
    /// `a, b = v`
    pub fn unpack(&mut self, v: V<'gc, M>, n: usize) -> R<'gc, M, ()> {
        if let Some(t) = v.downcast_ref::<Tuple<'gc, M>>()
            && t.len() == n
        {
            self.stack.extend(t.tail().iter().rev().cloned());
            return Ok(());
        }
        let items = self.unpack_items(&v, n)?;
        if items.len() != n {
            let text = if items.len() > n {
                if matches!(v.kind(), Kind::List | Kind::Tuple | Kind::Dict) {
                    format!("too many values to unpack (expected {n}, got {})", items.len())
                } else {
                    format!("too many values to unpack (expected {n})")
                }
            } else {
                format!("not enough values to unpack (expected {n}, got {})", items.len())
            };
            let text = if items.len() > n { format!("too many values to unpack (expected {n})") } else { text };
            // The last one first, as from the stack.
            items.into_iter().rev().for_each(drop);
            return Err(self.raise(E::ValueError, &text));
        }
        self.stack.extend(items.into_iter().rev());
        Ok(())
    }
    /// At most one item more than wanted is taken.
    fn unpack_items(&mut self, v: &V<'gc, M>, n: usize) -> R<'gc, M, Vec<V<'gc, M>>> {
        if matches!(v.kind(), Kind::List | Kind::Tuple | Kind::Str)
            && let Some(items) = self.collect_pure(v)?
        {
            return Ok(items);
        }
        let depth = self.frames.len();
        let it = match self.get_iter(v.clone()).and_then(|s| self.settle(s, depth)) {
            Ok(it) => it,
            Err(e) if self.is_error(&e, E::TypeError) && !matches!(v.kind(), Kind::Instance) => {
                let t = self.type_name(v);
                return Err(self.raise(E::TypeError, &format!("cannot unpack non-iterable {t} object")));
            }
            Err(e) => return Err(e),
        };
        let mut items = Vec::new();
        while items.len() <= n
            && let Some(x) = self.next_nested(&it)?
        {
            self.dirty = true;
            items.push(x)
        }
        Ok(items)
    }
    /// `a, *b, c = v`
    pub fn unpack_star(&mut self, v: V<'gc, M>, before: usize, after: usize) -> R<'gc, M, ()> {
        let mut items = match self.collect(&v) {
            Ok(items) => items,
            Err(e) if self.is_error(&e, E::TypeError) && v.kind() != Kind::Instance && v.kind() != Kind::Gen => {
                let t = self.type_name(&v);
                return Err(self.raise(E::TypeError, &format!("cannot unpack non-iterable {t} object")));
            }
            Err(e) => return Err(e),
        };
        if items.len() < before + after {
            let text =
                format!("not enough values to unpack (expected at least {}, got {})", before + after, items.len());
            items.reverse();
            drop(items);
            return Err(self.raise(E::ValueError, &text));
        }
        let last = items.split_off(items.len() - after);
        let middle = items.split_off(before);
        self.stack.extend(last.into_iter().rev());
        let l = self.list(middle)?;
        self.stack.push(l);
        self.stack.extend(items.into_iter().rev());
        Ok(())
    }
    /// Natives that take an iterable: its items, or (as an error) the request that the prelude make a list of it and
    /// call `f` again.
    pub fn items_or_ask(&mut self, f: &str, a: super::Args, i: usize) -> R<'gc, M, Vec<V<'gc, M>>> {
        let v = self.arg(a, i);
        if let Some(items) = self.collect_pure(&v)? {
            return Ok(items);
        }
        let mut args = self.args_from(a, 0);
        args.remove(i);
        let mut call = vec![Val::index(i), v];
        call.extend(args);
        let name = self.intern(f)?;
        self.tail_prelude(&name, call)
    }
    /// Calls a function of the prelude instead of answering.
    pub fn tail_prelude<O>(&mut self, name: &Gc<'gc, Str, M>, args: Vec<V<'gc, M>>) -> R<'gc, M, O> {
        match self.dict_get_name(&self.rt.prelude, name) {
            Some(f) => self.tail_call(f, args),
            None => Err(self.raise(E::SystemError, &format!("no prelude function {}", name.text()))),
        }
    }
}
