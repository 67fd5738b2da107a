//! `obj[key]`, `len`, `in`, and what instructions do to containers on the stack.

use super::{E, R, Step, T, Vm};
use crate::{
    object::*,
    types::{deque::ring, names::N},
    value::{Kind, Value},
};
use std::sync::atomic::Ordering::Relaxed;
use twinheap::{Gc, GcCell, Lifo, OneMutator, Slot, Val};

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// Lists and tuples by a small index.
    #[inline(always)]
    pub fn subscr_fast(&self, obj: &V<'gc, M>, key: &V<'gc, M>) -> Option<V<'gc, M>> {
        let i = key.as_int()?;
        if let Some(l) = obj.downcast_ref::<List<'gc, M>>() {
            if !l.sub.is_empty() {
                return None;
            }
            let items = l.items.borrow();
            let i = if i < 0 { i + items.len() as i64 } else { i };
            return items.get(usize::try_from(i).ok()?).cloned();
        }
        let t = obj.downcast_ref::<Tuple<'gc, M>>()?;
        let i = if i < 0 { i + t.len() as i64 } else { i };
        t.tail().get(usize::try_from(i).ok()?).cloned()
    }
    /// `obj[key]`; lets go of the container first.
    #[inline(never)]
    pub fn subscr(&mut self, obj: V<'gc, M>, key: V<'gc, M>) -> R<'gc, M, Step<'gc, M>> {
        let out = self.subscr_of(&obj, &key, false);
        drop(obj);
        drop(key);
        out
    }
    /// `BinarySlice`: lets go of the slice first.
    pub fn subscr_slice(&mut self) -> R<'gc, M, Step<'gc, M>> {
        let n = self.stack.len();
        let (stop, start) = (self.stack[n - 1].clone(), self.stack[n - 2].clone());
        let slice = self.make(Slice { start, stop, step: Val::none() })?;
        self.stack.truncate(n - 2);
        let obj = self.stack.pop().unwrap_or_default();
        let out = self.subscr_of(&obj, &slice, true);
        drop(slice);
        drop(obj);
        out
    }
    /// With `key_first` that is let go before the container.
    fn subscr_of(&mut self, obj: &V<'gc, M>, key: &V<'gc, M>, key_first: bool) -> R<'gc, M, Step<'gc, M>> {
        if let Some(d) = obj.downcast_ref::<Dict<'gc, M>>()
            && d.sub.is_empty()
        {
            return match self.dict_get(d, key)? {
                Some(v) => Ok(Step::Value(v)),
                None => Err(self.raise_with(E::KeyError, vec![key.clone()])),
            };
        }
        if let Some(target) = self.seen_through(obj)? {
            return self.subscr(target, key.clone());
        }
        if matches!(obj.kind(), Kind::Instance | Kind::List | Kind::Dict | Kind::Class) {
            let class = self.class_of(obj);
            if obj.kind() == Kind::Class
                && let Some(c) = obj.downcast_ref::<Class<'gc, M>>()
            {
                let c = c.clone();
                let name = self.intern("__class_getitem__")?;
                if let Some(f) = self.lookup_name(&c, &name) {
                    return self.call_method_value(f, obj, std::slice::from_ref(key)).map(Step::Value);
                }
                if c.builtin {
                    // `list[int]`: the class itself is near enough.
                    return Ok(Step::Value(obj.clone()));
                }
            }
            if let Some(f) = self.lookup(&class, N::getitem)
                && f.kind() != Kind::Native
            {
                let args = [obj.clone(), key.clone()];
                let kept = if key_first { [key.clone(), obj.clone()] } else { args.clone() };
                return self.call_keeping(f, &kept, &args, Mode::Push);
            }
        }
        let inner = self.unwrapped(obj.clone());
        self.native_subscr(&inner, key.clone()).map(Step::Value)
    }
    /// `obj[key]` of built-in values.
    pub fn native_subscr(&mut self, obj: &V<'gc, M>, key: V<'gc, M>) -> R<'gc, M> {
        match obj.kind() {
            Kind::Dict => {
                let d = obj.downcast_ref::<Dict<'gc, M>>().expect("its kind says so").clone();
                match self.dict_get(&d, &key)? {
                    Some(v) => Ok(v),
                    None => {
                        if d.sub.get().is_some()
                            && let Some(v) = self.call_special(obj, N::missing, std::slice::from_ref(&key))?
                        {
                            return Ok(v);
                        }
                        Err(self.raise_with(E::KeyError, vec![key]))
                    }
                }
            }
            Kind::List | Kind::Tuple | Kind::Str | Kind::Bytes | Kind::Range => {
                if key.kind() == Kind::Slice {
                    return crate::types::list::slice_of(self, obj, &key);
                }
                let i = self.sequence_index(obj, &key)?;
                let n = self.length(obj)? as i64;
                let at = if i < 0 { i + n } else { i };
                if !(0..n).contains(&at) {
                    let what = match obj.kind() {
                        Kind::Str => "string",
                        Kind::Bytes => "index",
                        Kind::Range => "range object",
                        Kind::List => "list",
                        _ => "tuple",
                    };
                    let text = if what == "index" {
                        "index out of range".into()
                    } else {
                        format!("{what} index out of range")
                    };
                    return Err(self.raise(E::IndexError, &text));
                }
                match obj.kind() {
                    Kind::Str => crate::types::str::char_at(self, obj, at as usize),
                    Kind::Bytes => Ok(Val::index(
                        obj.downcast_ref::<Bytes>().expect("its kind says so").tail()[at as usize] as usize,
                    )),
                    Kind::Range => {
                        let r = obj.downcast_ref::<Range>().expect("its kind says so");
                        let v = r.start + at * r.step;
                        self.int(v)
                    }
                    _ => Ok(self.item(obj, at as usize).unwrap_or_default()),
                }
            }
            _ => {
                if let Some(r) = ring(obj) {
                    let i = self.deque_item(&r, &key)?;
                    return Ok(r.get(i).unwrap_or_default());
                }
                let t = self.type_name(obj);
                if obj.kind() == Kind::Class {
                    let c = obj.downcast_ref::<Class<'gc, M>>().expect("its kind says so").clone();
                    let name = self.class_name(&c);
                    return Err(self.raise(E::TypeError, &format!("type '{name}' is not subscriptable")));
                }
                Err(self.raise(E::TypeError, &format!("'{t}' object is not subscriptable")))
            }
        }
    }
    fn sequence_index(&mut self, obj: &V<'gc, M>, key: &V<'gc, M>) -> R<'gc, M, i64> {
        let key = &self.through(key.clone())?;
        match key.kind() {
            Kind::Int | Kind::Bool => self.to_index(key),
            Kind::BigInt => Err(self.raise(E::IndexError, "cannot fit 'int' into an index-sized integer")),
            Kind::Instance => self.to_index(key),
            _ => {
                let (t, k) = (self.type_name(obj), self.type_name(key));
                let text = match obj.kind() {
                    Kind::Str => format!("string indices must be integers, not '{k}'"),
                    Kind::Bytes => format!("byte indices must be integers or slices, not {k}"),
                    _ => format!("{t} indices must be integers or slices, not {k}"),
                };
                Err(self.raise(E::TypeError, &text))
            }
        }
    }
    /// `obj[key] = value`
    pub fn store_subscr(&mut self, obj: V<'gc, M>, key: V<'gc, M>, value: V<'gc, M>) -> R<'gc, M, Step<'gc, M>> {
        let done = Ok(Step::Value(Val::none()));
        if let Some(l) = obj.downcast_ref::<List<'gc, M>>()
            && l.sub.is_empty()
            && let Some(i) = key.as_int()
        {
            let mut items = l.items.borrow_mut(self.mc);
            let at = if i < 0 { i + items.len() as i64 } else { i };
            if let Ok(at) = usize::try_from(at)
                && let Some(slot) = items.get_mut(at)
            {
                let old = std::mem::replace(slot, value);
                drop(items);
                drop(old);
                return done;
            }
            drop(items);
            return Err(self.raise(E::IndexError, "list assignment index out of range"));
        }
        if let Some(d) = obj.downcast_ref::<Dict<'gc, M>>()
            && d.sub.is_empty()
        {
            // A key whose end could be seen lives until the dict has been let go.
            let kept = if matches!(key.kind(), Kind::Str | Kind::Int) { Val::empty() } else { key.clone() };
            let out = self.dict_set(d, key, value);
            drop(obj);
            drop(kept);
            return out.and(done);
        }
        // The value goes first, then the container, then the key.
        let out = self.store_subscr_of(&obj, &key, &value, false);
        drop(value);
        drop(obj);
        drop(key);
        out
    }
    /// `StoreSlice`: lets go of the slice first, then the value, then the container.
    pub fn store_slice(&mut self) -> R<'gc, M, Step<'gc, M>> {
        let n = self.stack.len();
        let (stop, start) = (self.stack[n - 1].clone(), self.stack[n - 2].clone());
        let slice = self.make(Slice { start, stop, step: Val::none() })?;
        self.stack.truncate(n - 2);
        let (obj, value) = (self.stack.pop().unwrap_or_default(), self.stack.pop().unwrap_or_default());
        let out = self.store_subscr_of(&obj, &slice, &value, true);
        drop(slice);
        drop(value);
        drop(obj);
        out
    }
    fn store_subscr_of(
        &mut self,
        obj: &V<'gc, M>,
        key: &V<'gc, M>,
        value: &V<'gc, M>,
        key_first: bool,
    ) -> R<'gc, M, Step<'gc, M>> {
        if let Some(target) = self.seen_through(obj)? {
            return self.store_subscr(target, key.clone(), value.clone());
        }
        let class = self.class_of(obj);
        if let Some(f) = self.lookup(&class, N::setitem)
            && f.kind() != Kind::Native
        {
            let mut kept = [value.clone(), obj.clone(), key.clone()];
            if key_first {
                kept.rotate_right(1)
            }
            return self.call_keeping(f, &kept, &[obj.clone(), key.clone(), value.clone()], Mode::Drop);
        }
        self.native_store_subscr(obj, key.clone(), value.clone())
    }
    /// `obj[key] = value` of built-in values.
    pub fn native_store_subscr(
        &mut self,
        obj: &V<'gc, M>,
        key: V<'gc, M>,
        value: V<'gc, M>,
    ) -> R<'gc, M, Step<'gc, M>> {
        let done = Ok(Step::Value(Val::none()));
        match obj.kind() {
            Kind::Dict => {
                let d = obj.downcast_ref::<Dict<'gc, M>>().expect("its kind says so").clone();
                self.dict_set(&d, key, value)?;
                done
            }
            Kind::List => {
                let l = obj.downcast_ref::<List<'gc, M>>().expect("its kind says so").clone();
                if key.kind() == Kind::Slice {
                    crate::types::list::set_slice(self, &l, &key, Some(value))?;
                    return done;
                }
                let i = self.sequence_index(obj, &key)?;
                let n = l.items.borrow().len() as i64;
                let at = if i < 0 { i + n } else { i };
                if !(0..n).contains(&at) {
                    return Err(self.raise(E::IndexError, "list assignment index out of range"));
                }
                let old = std::mem::replace(&mut l.items.borrow_mut(self.mc)[at as usize], value);
                drop(old);
                done
            }
            _ => {
                if let Some(r) = ring(obj) {
                    let i = self.deque_item(&r, &key)?;
                    let old = r.items.borrow_mut(self.mc).get_mut(i).map(|slot| std::mem::replace(slot, value));
                    drop(old);
                    return done;
                }
                let t = self.type_name(obj);
                Err(self.raise(E::TypeError, &format!("'{t}' object does not support item assignment")))
            }
        }
    }
    /// `del obj[key]`
    pub fn del_subscr(&mut self, obj: V<'gc, M>, key: V<'gc, M>) -> R<'gc, M, Step<'gc, M>> {
        let obj = self.through(obj)?;
        let class = self.class_of(&obj);
        let out = match self.lookup(&class, N::delitem) {
            Some(f) if f.kind() != Kind::Native => {
                let kept = [obj.clone(), key.clone()];
                self.call_keeping(f, &kept, &kept, Mode::Drop)
            }
            _ => self.native_del_subscr(&obj, key.clone()),
        };
        drop(obj);
        drop(key);
        out
    }
    /// `del obj[key]` of built-in values.
    pub fn native_del_subscr(&mut self, obj: &V<'gc, M>, key: V<'gc, M>) -> R<'gc, M, Step<'gc, M>> {
        let done = Ok(Step::Value(Val::none()));
        match obj.kind() {
            Kind::Dict => {
                let d = obj.downcast_ref::<Dict<'gc, M>>().expect("its kind says so").clone();
                match self.dict_take(&d, &key)? {
                    Some(_) => done,
                    None => Err(self.raise_with(E::KeyError, vec![key])),
                }
            }
            Kind::List => {
                let l = obj.downcast_ref::<List<'gc, M>>().expect("its kind says so").clone();
                if key.kind() == Kind::Slice {
                    crate::types::list::set_slice(self, &l, &key, None)?;
                    return done;
                }
                let i = self.sequence_index(obj, &key)?;
                let n = l.items.borrow().len() as i64;
                let at = if i < 0 { i + n } else { i };
                if !(0..n).contains(&at) {
                    return Err(self.raise(E::IndexError, "list assignment index out of range"));
                }
                let old = l.items.borrow_mut(self.mc).remove(at as usize);
                drop(old);
                done
            }
            _ => {
                if let Some(r) = ring(obj) {
                    let i = self.deque_item(&r, &key)?;
                    r.state.store(r.state().wrapping_add(1), Relaxed);
                    let old = r.items.borrow_mut(self.mc).remove(i);
                    drop(old);
                    return done;
                }
                let t = self.type_name(obj);
                Err(self.raise(E::TypeError, &format!("'{t}' object doesn't support item deletion")))
            }
        }
    }
    /// `len(v)` of built-in values; of instances nested.
    pub fn length(&mut self, v: &V<'gc, M>) -> R<'gc, M, usize> {
        if let Some(target) = self.seen_through(v)? {
            return self.length(&target);
        }
        let user = v.kind() == Kind::Instance || self.sub_of(v).is_some();
        if user
            && let Some(f) = self.lookup(&self.class_of(v), N::len)
            && f.kind() != Kind::Native
        {
            let n = self.call_method_value(f, v, &[])?;
            let n = self.to_index(&n)?;
            if n < 0 {
                return Err(self.raise(E::ValueError, "__len__() should return >= 0"));
            }
            return Ok(n as usize);
        }
        let w = self.unwrapped(v.clone());
        Ok(match w.kind() {
            Kind::Str => w.downcast_ref::<Str>().expect("its kind says so").header().chars,
            Kind::Bytes => w.downcast_ref::<Bytes>().expect("its kind says so").len(),
            Kind::List => w.downcast_ref::<List<'gc, M>>().expect("its kind says so").items.borrow().len(),
            Kind::Tuple => w.downcast_ref::<Tuple<'gc, M>>().expect("its kind says so").len(),
            Kind::Dict => w.downcast_ref::<Dict<'gc, M>>().expect("its kind says so").table.borrow().len(),
            Kind::Set => w.downcast_ref::<Set<'gc, M>>().expect("its kind says so").table.borrow().len(),
            Kind::View => w.downcast_ref::<View<'gc, M>>().expect("its kind says so").dict.table.borrow().len(),
            Kind::Range => crate::types::list::range_len(w.downcast_ref::<Range>().expect("its kind says so")),
            _ => {
                if let Some(r) = ring(&w) {
                    return Ok(r.len());
                }
                let t = self.type_name(v);
                return Err(self.raise(E::TypeError, &format!("object of type '{t}' has no len()")));
            }
        })
    }
    /// `x in c`; `None`: a frame was pushed that pushes the answer.
    pub fn contains(&mut self, c: V<'gc, M>, x: V<'gc, M>, mode: Mode) -> R<'gc, M, Option<bool>> {
        match c.kind() {
            Kind::Dict => {
                let d = c.downcast_ref::<Dict<'gc, M>>().expect("its kind says so");
                if d.sub.is_empty() {
                    return Ok(Some(self.dict_get(d, &x)?.is_some()));
                }
            }
            Kind::Set => {
                let s = c.downcast_ref::<Set<'gc, M>>().expect("its kind says so");
                if s.sub.is_empty() {
                    let h = self.hash(&x)?;
                    return Ok(Some(self.set_find(s, &x, h)?.is_some()));
                }
            }
            Kind::Weak => {
                if let Some(target) = self.seen_through(&c)? {
                    return self.contains(target, x, mode);
                }
            }
            _ => {}
        }
        if matches!(c.kind(), Kind::Instance | Kind::List | Kind::Dict | Kind::Set) {
            let class = self.class_of(&c);
            if !class.builtin
                && let Some(f) = self.lookup(&class, N::contains)
                && f.kind() != Kind::Native
            {
                return match self.call_keeping(f, &[x.clone(), c.clone()], &[c, x], mode)? {
                    Step::Value(v) => Ok(Some(self.truth_nested(&v)?)),
                    Step::Pushed => Ok(None),
                };
            }
        }
        // What makes its items one by one, perhaps without end: by a frame, so that collections and Ctrl-C get through.
        let lazy = match c.kind() {
            Kind::Gen | Kind::Iter | Kind::File => true,
            Kind::Instance if self.inner(&c).is_none() => {
                let class = self.class_of(&c);
                self.lookup(&class, N::contains).is_none()
                    && self.lookup(&class, N::iter).is_some_and(|f| f.kind() == Kind::Func)
            }
            _ => false,
        };
        if lazy {
            let name = self.intern("_in")?;
            if let Some(f) = self.dict_get_name(&self.rt.prelude, &name) {
                return match self.call_keeping(f, &[x.clone(), c.clone()], &[c, x], mode)? {
                    Step::Value(v) => Ok(self.truth_fast(&v)),
                    Step::Pushed => Ok(None),
                };
            }
        }
        self.contains_native(&c, &x).map(Some)
    }
    /// `x in c`, nested.
    pub fn contains_native(&mut self, c: &V<'gc, M>, x: &V<'gc, M>) -> R<'gc, M, bool> {
        let w = self.unwrapped(c.clone());
        match w.kind() {
            Kind::List | Kind::Tuple => {
                let mut i = 0;
                while let Some(y) = self.item(&w, i) {
                    if self.equal(&y, x)? {
                        return Ok(true);
                    }
                    i += 1
                }
                Ok(false)
            }
            Kind::Str => {
                let Some(y) = x.downcast_ref::<Str>() else {
                    let t = self.type_name(x);
                    return Err(
                        self.raise(E::TypeError, &format!("'in <string>' requires string as left operand, not {t}"))
                    );
                };
                Ok(w.downcast_ref::<Str>().is_some_and(|s| s.text().contains(y.text())))
            }
            Kind::Dict => {
                let d = w.downcast_ref::<Dict<'gc, M>>().expect("its kind says so").clone();
                Ok(self.dict_get(&d, x)?.is_some())
            }
            Kind::Set => {
                let s = w.downcast_ref::<Set<'gc, M>>().expect("its kind says so").clone();
                let h = self.hash(x)?;
                Ok(self.set_find(&s, x, h)?.is_some())
            }
            Kind::View => {
                let v = w.downcast_ref::<View<'gc, M>>().expect("its kind says so").clone();
                match v.of {
                    0 => Ok(self.dict_get(&v.dict, x)?.is_some()),
                    2 => {
                        let Some(t) = x.downcast_ref::<Tuple<'gc, M>>().filter(|t| t.len() == 2).cloned() else {
                            return Ok(false);
                        };
                        match self.dict_get(&v.dict, &t.tail()[0])? {
                            Some(y) => self.equal(&y, &t.tail()[1]),
                            None => Ok(false),
                        }
                    }
                    _ => {
                        let all: Vec<_> = v.dict.table.borrow().iter().map(|e| e.value.clone()).collect();
                        for y in all {
                            if self.equal(&y, x)? {
                                return Ok(true);
                            }
                        }
                        Ok(false)
                    }
                }
            }
            Kind::Range => {
                let r = w.downcast_ref::<Range>().expect("its kind says so");
                let Some(i) = x.as_int().or(x.as_bool().map(|b| b as i64)) else {
                    if let Some(f) = self.as_f64(x) {
                        return Ok(f.fract() == 0.0 && {
                            let i = f as i64;
                            let r = w.downcast_ref::<Range>().expect("its kind says so");
                            in_range(r, i)
                        });
                    }
                    return Ok(false);
                };
                Ok(in_range(r, i))
            }
            Kind::Bytes => {
                let b = w.downcast_ref::<Bytes>().expect("its kind says so");
                match (x.as_int(), x.downcast_ref::<Bytes>()) {
                    (Some(i), _) => Ok(b.tail().iter().any(|&c| c as i64 == i)),
                    (_, Some(y)) => Ok(y.is_empty() || b.tail().windows(y.len().max(1)).any(|w| w == y.tail())),
                    _ => Ok(false),
                }
            }
            _ => {
                let depth = self.frames.len();
                let it = match self.get_iter(c.clone()).and_then(|s| self.settle(s, depth)) {
                    Ok(it) => it,
                    Err(e) if self.is_error(&e, E::TypeError) => {
                        let t = self.type_name(c);
                        return Err(self.raise(E::TypeError, &format!("argument of type '{t}' is not iterable")));
                    }
                    Err(e) => return Err(e),
                };
                while let Some(y) = self.next_nested(&it)? {
                    if self.equal(&y, x)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }

    // ---- instructions ---------------------------------------------------------------------------------------------------
    /// `list.append`
    #[inline]
    pub fn list_push(&mut self, l: &Gc<'gc, List<'gc, M>, M>, v: V<'gc, M>) -> R<'gc, M, ()> {
        let mut items = l.items.borrow_mut(self.mc);
        if items.len() == items.capacity() {
            drop(items);
            return self.list_push_growing(l, v);
        }
        items.push(v);
        Ok(())
    }
    #[inline(never)]
    fn list_push_growing(&mut self, l: &Gc<'gc, List<'gc, M>, M>, v: V<'gc, M>) -> R<'gc, M, ()> {
        let n = l.items.borrow().len();
        self.reserve(n * 16)?;
        l.items.borrow_mut(self.mc).push(v);
        self.list_resized(l);
        Ok(())
    }
    /// Asks for what `more` items at the end of a list take.
    pub fn reserve_extension(&mut self, l: &Gc<'gc, List<'gc, M>, M>, more: usize) -> R<'gc, M, ()> {
        let (n, room) = {
            let items = l.items.borrow();
            (items.len(), items.capacity())
        };
        // The buffer at least doubles.
        if room - n < more { self.reserve_many((n + more).max(2 * n), 8) } else { Ok(()) }
    }
    /// `SetAdd` and `MapAdd`: to the set or dict further down the stack.
    pub fn add_to(&mut self, i: crate::bytecode::Instr) -> R<'gc, M, ()> {
        let v = self.stack.pop().unwrap_or_default();
        let k = if i.op == crate::bytecode::Op::MapAdd { self.stack.pop() } else { None };
        let target = self.stack[self.stack.len() - i.arg as usize].clone();
        match (k, target.downcast_ref::<Dict<'gc, M>>(), target.downcast_ref::<Set<'gc, M>>()) {
            (Some(k), Some(d), _) => self.dict_set(d, k, v),
            (None, _, Some(s)) => self.set_add(s, v),
            _ => Ok(()),
        }
    }
    /// `BuildTuple`; without room everything stays on the stack.
    #[inline]
    pub fn tuple_from(&mut self, from: usize) -> R<'gc, M> {
        let mut stack = std::mem::take(&mut self.stack);
        let t = self.new_tuple(&mut stack, from);
        self.stack = stack;
        t.map(Val::from_gc)
    }
    /// `BuildList`; without room everything stays on the stack.
    #[inline]
    pub fn list_from(&mut self, from: usize) -> R<'gc, M> {
        let items = self.stack.split_off(from);
        match Gc::try_new(self.mc, List { items: GcCell::new(Lifo::new(items)), sub: Slot::empty() }) {
            Ok(l) => {
                self.list_resized(&l);
                Ok(Val::from_gc(l))
            }
            Err(no_room) => {
                self.stack.append(&mut no_room.value.items.into_inner().into_vec());
                Err(self.no_memory(no_room.full))
            }
        }
    }
    /// `BuildMap`
    pub fn dict_from(&mut self, from: usize) -> R<'gc, M> {
        let d = self.dict(Default::default())?;
        for at in (from..self.stack.len()).step_by(2) {
            let (k, v) = (self.stack[at].clone(), self.stack[at + 1].clone());
            if let Err(e) = self.dict_set(&d, k, v) {
                // The dict first, then the items, the last one first (CPython 3.13 `BUILD_MAP`).
                drop(d);
                self.pop_to(from);
                return Err(e);
            }
        }
        self.stack.truncate(from);
        Ok(Val::from_gc(d))
    }
    /// `DictUpdate` and `DictMerge`
    pub fn update_dict(&mut self, i: crate::bytecode::Instr) -> R<'gc, M, ()> {
        let m = self.stack.pop().unwrap_or_default();
        let n = self.stack.len();
        let d = self.stack[n - i.arg as usize].clone();
        let func = if i.op == crate::bytecode::Op::DictMerge { Some(self.stack[n - 3].clone()) } else { None };
        if func.is_some() {
            // A name that is there already is an error.
            self.dirty = true;
        }
        self.merge_mapping(&d, m, func)
    }
    /// `SetUpdate`
    pub fn update_set(&mut self, i: crate::bytecode::Instr) -> R<'gc, M, ()> {
        let it = self.stack.pop().unwrap_or_default();
        let items = self.collect(&it)?;
        let target = self.stack[self.stack.len() - i.arg as usize].clone();
        if let Some(s) = target.downcast_ref::<Set<'gc, M>>() {
            for v in items {
                self.set_add(s, v)?
            }
        }
        Ok(())
    }
    /// `ListToTuple`
    pub fn list_to_tuple(&mut self, l: &V<'gc, M>) -> R<'gc, M> {
        let items = l.downcast_ref::<List<'gc, M>>().map(|l| l.items.borrow().to_vec()).unwrap_or_default();
        self.tuple(items)
    }
    /// `list.extend`, nested.
    pub fn extend(&mut self, l: &V<'gc, M>, from: &V<'gc, M>) -> R<'gc, M, ()> {
        let items = self.collect(from)?;
        if let Some(l) = l.downcast_ref::<List<'gc, M>>() {
            self.reserve_extension(l, items.len())?;
            l.items.borrow_mut(self.mc).extend(items);
            self.list_resized(l)
        }
        Ok(())
    }
    /// `[*it]`
    pub fn extend_star(&mut self, l: &V<'gc, M>, it: V<'gc, M>) -> R<'gc, M, ()> {
        match self.extend(l, &it) {
            Err(e)
                if self.is_error(&e, E::TypeError) && !matches!(it.kind(), Kind::Instance | Kind::Gen | Kind::Iter) =>
            {
                let t = self.type_name(&it);
                Err(self.raise(E::TypeError, &format!("Value after * must be an iterable, not {t}")))
            }
            out => out,
        }
    }
    /// `{**m}`; with `func` the keyword arguments of its call.
    pub fn merge_mapping(&mut self, d: &V<'gc, M>, m: V<'gc, M>, func: Option<V<'gc, M>>) -> R<'gc, M, ()> {
        let Some(d) = d.downcast_ref::<Dict<'gc, M>>().cloned() else { return Ok(()) };
        let pairs: Vec<_> = match m.downcast_ref::<Dict<'gc, M>>() {
            Some(m) => m.table.borrow().iter().map(|e| (e.key.clone(), e.value.clone())).collect(),
            None => {
                let keys = self.name(N::keys).clone();
                let Some(f) = self.find_attr(&m, &keys)? else {
                    let t = self.type_name(&m);
                    let text = match &func {
                        Some(f) => {
                            let f = self.callee_name(f);
                            format!("{f} argument after ** must be a mapping, not {t}")
                        }
                        None => format!("'{t}' object is not a mapping"),
                    };
                    return Err(self.raise(E::TypeError, &text));
                };
                let keys = self.call(&f, &[])?;
                let mut pairs = Vec::new();
                for k in self.collect(&keys)? {
                    let depth = self.frames.len();
                    let step = self.subscr(m.clone(), k.clone())?;
                    let v = self.settle(step, depth)?;
                    pairs.push((k, v))
                }
                pairs
            }
        };
        for (k, v) in pairs {
            if let Some(f) = &func {
                let Some(text) = k.downcast_ref::<Str>().map(|s| s.text().to_string()) else {
                    return Err(self.raise(E::TypeError, "keywords must be strings"));
                };
                if self.dict_get(&d, &k)?.is_some() {
                    let f = self.callee_name(f);
                    let text = format!("{f} got multiple values for keyword argument '{text}'");
                    return Err(self.raise(E::TypeError, &text));
                }
            }
            self.dict_set(&d, k, v)?
        }
        Ok(())
    }
    pub(super) fn callee_name(&mut self, f: &V<'gc, M>) -> String {
        let name = match f.kind() {
            Kind::Func => f.downcast_ref::<Func<'gc, M>>().map(|f| f.code.co.qualname.to_string()),
            Kind::Native => f.downcast_ref::<NativeFn<'gc, M>>().map(|f| f.def.0.name.to_string()),
            Kind::Class => f.downcast_ref::<Class<'gc, M>>().map(|c| self.class_full_name(&c.clone())),
            _ => None,
        };
        let name = name.unwrap_or_else(|| self.type_name(f));
        format!("{}()", if f.kind() == Kind::Func && !name.contains('.') { format!("__main__.{name}") } else { name })
    }
    /// A set of these.
    pub fn set_of(&mut self, items: Vec<V<'gc, M>>, frozen: bool) -> R<'gc, M> {
        let s = self.alloc(Set { table: Default::default(), frozen, sub: Default::default() })?;
        for v in items {
            self.set_add(&s, v)?
        }
        Ok(Val::from_gc(s))
    }
    /// Strings on the stack from `from` on, joined.
    pub fn concat_strings(&mut self, from: usize) -> R<'gc, M> {
        let mut buffer = std::mem::take(&mut self.host.text);
        buffer.clear();
        let parts = &self.stack[from..];
        let total = parts.iter().filter_map(|v| v.downcast_ref::<Str>()).map(|s| s.len()).sum();
        self.reserve_many(total, 2)?;
        for v in &self.stack[from..] {
            if let Some(s) = v.downcast_ref::<Str>() {
                buffer.push_str(s.text())
            }
        }
        let out = self.str(&buffer);
        self.host.text = buffer;
        out
    }
    /// `WithExceptStart`: the exception that leaves the block is told to `__exit__`.
    pub fn exit_with_exception(&mut self) -> R<'gc, M, Step<'gc, M>> {
        let n = self.stack.len();
        let (exit, e) = (self.stack[n - 3].clone(), self.stack[n - 1].clone());
        let class = Val::from_gc(self.class_of(&e));
        let tb = self.traceback_of(&e);
        self.call_step(exit, &[class, e, tb], Mode::Push, Val::empty())
    }
    /// `with m:` the manager's `__exit__`, then the value of `__enter__`.
    pub fn before_with(&mut self, m: V<'gc, M>) -> R<'gc, M, Step<'gc, M>> {
        let class = self.class_of(&m);
        let (Some(enter), Some(exit)) = (self.lookup(&class, N::enter), self.lookup(&class, N::exit)) else {
            let t = self.type_name(&m);
            let missing = if self.lookup(&class, N::enter).is_some() { " (missed __exit__ method)" } else { "" };
            return Err(self
                .raise(E::TypeError, &format!("'{t}' object does not support the context manager protocol{missing}")));
        };
        let depth = self.frames.len();
        let step = self.descriptor_get(exit, &m, &class)?;
        let bound = self.settle(step, depth)?;
        self.stack.push(bound);
        self.call_step(enter, &[m], Mode::Push, Val::empty())
    }

    // ---- match ----------------------------------------------------------------------------------------------------------
    /// The instructions of `match`: what they push.
    pub fn match_instruction(&mut self, i: crate::bytecode::Instr) -> R<'gc, M> {
        use crate::bytecode::Op;
        let n = self.stack.len();
        let top = self.stack[n - 1].clone();
        match i.op {
            Op::GetLen => {
                let n = self.length(&top)?;
                Ok(Val::index(n))
            }
            Op::MatchMapping => Ok(Val::bool(top.kind() == Kind::Dict)),
            Op::MatchSequence => {
                let v = self.unwrapped(top);
                Ok(Val::bool(matches!(v.kind(), Kind::List | Kind::Tuple | Kind::Range) || ring(&v).is_some()))
            }
            Op::MatchKeys => {
                let m = self.stack[n - 2].clone();
                self.match_keys(&m, &top)
            }
            _ => {
                let (class, v) = (self.stack[n - 2].clone(), self.stack[n - 3].clone());
                self.stack.truncate(n - 3);
                self.match_class(&v, &class, i.arg as usize, &top)
            }
        }
    }
    /// `case {k: …}`
    pub fn match_keys(&mut self, m: &V<'gc, M>, keys: &V<'gc, M>) -> R<'gc, M> {
        let (Some(d), Some(keys)) = (m.downcast_ref::<Dict<'gc, M>>().cloned(), keys.downcast_ref::<Tuple<'gc, M>>())
        else {
            return Ok(Val::none());
        };
        let mut out = Vec::new();
        for k in keys.tail() {
            match self.dict_get(&d, k)? {
                Some(v) => out.push(v),
                None => return Ok(Val::none()),
            }
        }
        self.tuple(out)
    }
    /// `case C(…)`
    pub fn match_class(&mut self, v: &V<'gc, M>, class: &V<'gc, M>, n: usize, names: &V<'gc, M>) -> R<'gc, M> {
        let Some(c) = class.downcast_ref::<Class<'gc, M>>().cloned() else {
            return Err(self.raise(E::TypeError, "called match pattern must be a class"));
        };
        if !self.is_instance(v, &c) {
            return Ok(Val::none());
        }
        let mut out = Vec::new();
        if n > 0 {
            let whole = [T::Bool, T::Bytes, T::Dict, T::Float, T::FrozenSet, T::Int, T::List, T::Set, T::Str, T::Tuple];
            match self.lookup(&c, N::match_args) {
                Some(args) => {
                    let args = self.collect(&args)?;
                    if args.len() < n {
                        let name = self.class_name(&c);
                        let s = if args.len() == 1 { "" } else { "s" };
                        let text = format!("{name}() accepts {} positional sub-pattern{s} ({n} given)", args.len());
                        return Err(self.raise(E::TypeError, &text));
                    }
                    for a in &args[..n] {
                        let Some(a) = a.downcast_ref::<Str>() else { return Ok(Val::none()) };
                        let a = self.intern_str(a);
                        match self.find_attr(v, &a)? {
                            Some(x) => out.push(x),
                            None => return Ok(Val::none()),
                        }
                    }
                }
                None if n == 1 && whole.iter().any(|t| self.is_subclass(&c, self.class(*t))) => out.push(v.clone()),
                None => {
                    let name = self.class_name(&c);
                    return Err(
                        self.raise(E::TypeError, &format!("{name}() accepts 0 positional sub-patterns ({n} given)"))
                    );
                }
            }
        }
        if let Some(names) = names.downcast_ref::<Tuple<'gc, M>>() {
            for a in names.tail() {
                let Some(a) = a.downcast_ref::<Str>() else { return Ok(Val::none()) };
                let a = self.intern_str(a);
                match self.find_attr(v, &a)? {
                    Some(x) => out.push(x),
                    None => return Ok(Val::none()),
                }
            }
        }
        self.tuple(out)
    }
    /// Whether a class is one of the exceptions.
    pub fn is_exception_class(&self, c: &Class<'gc, M>) -> bool {
        c.flags.load(Relaxed) & class_flags::EXCEPTION != 0
    }
}

fn in_range(r: &Range, i: i64) -> bool {
    if r.step > 0 {
        i >= r.start && i < r.stop && (i - r.start) % r.step == 0
    } else {
        i <= r.start && i > r.stop && (r.start - i) % -r.step == 0
    }
}
