//! Making classes: bases, method resolution order (C3), layout of instances, slots.

use super::{E, Native, R, T, Vm, boot::Parts};
use crate::{
    object::*,
    types::{dict::Table, names::N, weak::weak},
    value::{Kind, Value},
};
use std::sync::atomic::Ordering::Relaxed;
use twinheap::{Gc, OneMutator, Slot, Static, Val, ValSlot};

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// `__build_class__(func, name, *bases, **keywords)`: runs the body; the class is made when it is done.
    pub fn build_class(
        &mut self,
        func: V<'gc, M>,
        name: V<'gc, M>,
        bases: Vec<V<'gc, M>>,
        keywords: V<'gc, M>,
    ) -> R<'gc, M> {
        let Ok(func) = func.downcast::<Func<'gc, M>>() else {
            return Err(self.raise(E::TypeError, "__build_class__: func must be a function"));
        };
        let mut meta = Val::empty();
        let mut keywords = keywords;
        if let Some(d) = keywords.downcast_ref::<Dict<'gc, M>>().cloned() {
            let key = self.str("metaclass")?;
            if let Some(m) = self.dict_take(&d, &key)? {
                meta = m
            }
            keywords = Val::from_gc(d);
        }
        for b in &bases {
            if let Some(c) = b.downcast_ref::<Class<'gc, M>>() {
                let m = c.meta.get();
                if meta.is_empty() && !m.is_empty() {
                    meta = m
                }
            }
        }
        let namespace = match meta.downcast_ref::<Class<'gc, M>>().and_then(|m| self.lookup(m, N::prepare)) {
            Some(f) if f.kind() != Kind::Native => {
                let b = self.tuple(bases.clone())?;
                let ns = self.call_method_value(f, &meta.clone(), &[name.clone(), b])?;
                match ns.downcast::<Dict<'gc, M>>() {
                    Ok(d) => d,
                    Err(_) => self.dict(Table::default())?,
                }
            }
            _ => self.dict(Table::default())?,
        };
        let bases = self.tuple(bases)?;
        let building = self.make(Building { namespace, name, bases, keywords, meta })?;
        let at = self.stack.len();
        self.push_frame(func, at, at, 0, Mode::ClassBody, building)?;
        self.pushed()
    }
    /// The body is done: makes the class and pushes it.
    pub fn class_body_done(&mut self, building: V<'gc, M>, cell: V<'gc, M>) -> R<'gc, M, ()> {
        let Ok(b) = building.downcast::<Building<'gc, M>>() else { return Ok(()) };
        let class = match b.meta.downcast_ref::<Class<'gc, M>>() {
            Some(meta) if !meta.ptr_eq(self.class(T::Type)) => {
                let new = self.lookup(meta, N::new).filter(|f| f.kind() != Kind::Native);
                let args = [b.name.clone(), b.bases.clone(), Val::from_gc(b.namespace.clone())];
                let class = match new {
                    Some(new) => {
                        let new = match new.downcast_ref::<Wrapper<'gc, M>>() {
                            Some(w) => w.func.clone(),
                            None => new,
                        };
                        let mut all = vec![b.meta.clone()];
                        all.extend(args.iter().cloned());
                        let kw = self.push_keywords(&b.keywords, &mut all)?;
                        self.call_with(&new, &all, kw)?
                    }
                    None => {
                        let meta = b.meta.clone();
                        self.new_class(&b.name, &b.bases, &b.namespace, meta, &b.keywords)?
                    }
                };
                if let Some(init) = self.lookup(meta, N::init).filter(|f| f.kind() == Kind::Func) {
                    let mut all = vec![class.clone()];
                    all.extend(args.iter().cloned());
                    let kw = self.push_keywords(&b.keywords, &mut all)?;
                    self.call_with(&init, &all, kw)?;
                }
                class
            }
            Some(_) | None if b.meta.is_empty() || b.meta.kind() == Kind::Class => {
                self.new_class(&b.name, &b.bases, &b.namespace, Val::empty(), &b.keywords)?
            }
            _ => {
                let mut all = vec![b.name.clone(), b.bases.clone(), Val::from_gc(b.namespace.clone())];
                let kw = self.push_keywords(&b.keywords, &mut all)?;
                let meta = b.meta.clone();
                self.call_with(&meta, &all, kw)?
            }
        };
        if let Some(c) = cell.downcast_ref::<Cell<'gc, M>>() {
            c.0.set(self.mc, class.clone())
        }
        self.stack.push(class);
        Ok(())
    }
    fn push_keywords(&mut self, keywords: &V<'gc, M>, args: &mut Vec<V<'gc, M>>) -> R<'gc, M, usize> {
        let Some(d) = keywords.downcast_ref::<Dict<'gc, M>>() else { return Ok(0) };
        let mut names = Vec::new();
        for e in d.table.borrow().iter() {
            names.push(e.key.clone());
            args.push(e.value.clone());
        }
        let n = names.len();
        if n > 0 {
            let t = self.new_tuple(&mut names, 0)?;
            self.kwnames = Some(t);
        }
        Ok(n)
    }
    /// `type(name, bases, namespace)`
    pub fn new_class(
        &mut self,
        name: &V<'gc, M>,
        bases: &V<'gc, M>,
        namespace: &Gc<'gc, Dict<'gc, M>, M>,
        meta: V<'gc, M>,
        keywords: &V<'gc, M>,
    ) -> R<'gc, M> {
        let Some(name_str) = name.downcast_ref::<Str>().cloned() else {
            return Err(self.raise(E::TypeError, "type.__new__() argument 1 must be str"));
        };
        let mut base_classes = Vec::new();
        for b in self.collect(bases)? {
            let Ok(c) = b.downcast::<Class<'gc, M>>() else {
                return Err(self.raise(E::TypeError, "bases must be types"));
            };
            if c.flags.load(Relaxed) & class_flags::FINAL != 0 {
                let n = self.class_name(&c);
                return Err(self.raise(E::TypeError, &format!("type '{n}' is not an acceptable base type")));
            }
            base_classes.push(c)
        }
        if base_classes.is_empty() {
            base_classes.push(self.class(T::Object).clone())
        }
        let mro = self.linearize(&base_classes)?;
        // What instances are in Rust: the base that is not a plain instance, if there is one.
        let mut layout = Kind::Instance;
        let (mut nslots, mut own_words, mut has_dict, mut capacity, mut flags) = (0, 0, false, 0u32, 0);
        for b in &base_classes {
            if b.layout != Kind::Instance {
                if layout != Kind::Instance && layout != b.layout {
                    return Err(self.raise(E::TypeError, "multiple bases have instance lay-out conflict"));
                }
                layout = b.layout;
            }
            let (words, so_far) = (b.nslots + b.own, nslots + own_words);
            if words > 0
                && so_far > 0
                && so_far != words
                && !base_classes.iter().any(|o| o.nslots + o.own >= so_far.max(words) && self.is_subclass(o, b))
            {
                return Err(self.raise(E::TypeError, "multiple bases have instance lay-out conflict"));
            }
            nslots = nslots.max(b.nslots);
            own_words = own_words.max(b.own);
            has_dict |= b.has_dict;
            flags |= b.flags.load(Relaxed)
                & (class_flags::EXCEPTION | class_flags::DEL | class_flags::WEAKREF | class_flags::DEQUE);
            capacity = capacity.max(b.keys.borrow().names.len() as u32);
        }
        if matches!(layout, Kind::Int | Kind::Str | Kind::Float | Kind::Tuple | Kind::Bytes) {
            // The value itself.
            own_words = 1;
        }
        let dict = namespace.table.borrow().copy();
        let dict = self.dict(dict)?;
        let slots = self.dict_get_name(&dict, self.name(N::slots));
        let mut members = Vec::new();
        // Which of its own descriptors the class gets, as in CPython: where no base has them.
        let mut referred = true;
        let had_dict = has_dict;
        match slots {
            Some(s) => {
                let names = if s.kind() == Kind::Str { vec![s] } else { self.collect(&s)? };
                referred = false;
                let mut sorted = Vec::new();
                for n in names {
                    let Some(n) = n.downcast_ref::<Str>() else {
                        return Err(self.raise(E::TypeError, "__slots__ items must be strings"));
                    };
                    sorted.push(self.intern_str(n))
                }
                // As CPython releases them: by name.  The first one is counted last, and lies first.
                sorted.sort_by(|a, b| b.text().cmp(a.text()));
                for n in sorted {
                    match n.text() {
                        "__dict__" => has_dict = true,
                        "__weakref__" => {
                            let why = match layout {
                                _ if flags & class_flags::WEAKREF != 0 || layout == Kind::Set => "we already got one",
                                Kind::Int | Kind::Tuple | Kind::Bytes => {
                                    "either we already got one, or __itemsize__ != 0"
                                }
                                _ => "",
                            };
                            if !why.is_empty() {
                                let text = format!("__weakref__ slot disallowed: {why}");
                                return Err(self.raise(E::TypeError, &text));
                            }
                            flags |= class_flags::WEAKREF;
                            referred = true
                        }
                        _ => {
                            if self.dict_get_name(&dict, &n).is_some() {
                                let text = format!("'{}' in __slots__ conflicts with class variable", n.text());
                                return Err(self.raise(E::ValueError, &text));
                            }
                            members.push((n, nslots));
                            nslots += 1;
                        }
                    }
                }
            }
            None => {
                has_dict = true;
                // CPython: what has items of its own size has no room for it.
                if !matches!(layout, Kind::Int | Kind::Tuple | Kind::Bytes) {
                    flags |= class_flags::WEAKREF
                }
            }
        }
        if let Some(s) = self.dict_get_name(&dict, self.name(N::static_attributes))
            && let Some(t) = s.downcast_ref::<Tuple<'gc, M>>()
        {
            capacity += t.len() as u32;
        }
        if let Some(f) = self.dict_get_name(&dict, self.name(N::new))
            && f.kind() == Kind::Func
        {
            let w = self.make(Wrapper { func: f, class_method: false, twin: Slot::empty() })?;
            self.dict_set_name(&dict, self.name(N::new), w);
        }
        for n in [N::init_subclass, N::intern_class_getitem] {
            let name = self.name(n);
            if let Some(f) = self.dict_get_name(&dict, name)
                && f.kind() == Kind::Func
            {
                let w = self.make(Wrapper { func: f, class_method: true, twin: Slot::empty() })?;
                self.dict_set_name(&dict, name, w);
            }
        }
        let cell = self.dict_del_name(&dict, self.name(N::classcell));
        if self.dict_get_name(&dict, self.name(N::module)).is_none() {
            let module = match self.frames.last() {
                Some(f) => {
                    let g = f.func.globals.clone();
                    self.dict_get_name(&g, self.name(N::name))
                }
                None => None,
            };
            if let Some(m) = module {
                self.dict_set_name(&dict, self.name(N::module), m);
            }
        }
        referred &= !matches!(layout, Kind::Int | Kind::Tuple | Kind::Bytes | Kind::Set | Kind::Class)
            && !mro.iter().any(|c| self.dict_get_name(&c.dict, self.name(N::weakref)).is_some());
        let mut own = Vec::new();
        for (wanted, n) in [(has_dict && !had_dict && layout != Kind::Class, N::dict), (referred, N::weakref)] {
            if wanted && self.dict_get_name(&dict, self.name(n)).is_none() {
                own.push(self.own_descriptor(n)?);
                let value = own.last().cloned().unwrap_or_default();
                self.dict_set_name(&dict, self.name(n), value)
            }
        }
        if self.dict_get_name(&dict, self.name(N::doc)).is_none() {
            self.dict_set_name(&dict, self.name(N::doc), Val::none());
        }
        if self.dict_get_name(&dict, self.name(N::eq)).is_some()
            && self.dict_get_name(&dict, self.name(N::hash)).is_none()
        {
            self.dict_set_name(&dict, self.name(N::hash), Val::none());
        }
        if self.dict_get_name(&dict, self.name(N::del)).is_some() {
            flags |= class_flags::DEL
        }
        let name_value = Val::from_gc(self.intern_str(&name_str));
        let parts = Parts {
            name: name_value,
            layout,
            nslots,
            own: own_words,
            has_dict,
            flags,
            bases: base_classes.clone(),
            mro,
            dict: dict.clone(),
            builtin: false,
            meta: meta.clone(),
            capacity: if capacity == 0 { 4 } else { capacity.min(30) },
        };
        let class = self.alloc(parts.assemble())?;
        let value = Val::from_gc(class.clone());
        let all = std::iter::once(&class).chain(class.mro.iter()).map(|c| Val::from_gc(c.clone())).collect();
        let (all, direct) = (self.tuple(all)?, class.bases.iter().map(|c| Val::from_gc(c.clone())).collect());
        class.mro_tuple.set(self.mc, all);
        class.bases_tuple.set(self.mc, self.tuple(direct)?);
        for member in own {
            if let Some(m) = member.downcast_ref::<Member<'gc, M>>() {
                m.owner.set(self.mc, value.clone())
            }
        }
        for (n, index) in members {
            let m = Member {
                name: Val::from_gc(n.clone()),
                owner: ValSlot::new(value.clone()),
                index,
                fixed: false,
                get: Static(None),
                set: Static(None),
            };
            let m = self.make(m)?;
            self.dict_set_name(&dict, &n, m);
        }
        self.set_class_flags(&class);
        if let Some(meta) = meta.downcast_ref::<Class<'gc, M>>()
            && self.lookup(meta, N::del).is_some()
        {
            let end = self.make(ClassEnd(class.clone()))?;
            class.end.set(self.mc, end)
        }
        for b in &base_classes {
            // The reference that everybody shares, as in CPython.
            let w = self.new_weakref(&value, Val::none(), false, None)?;
            if let Some(any) = w.as_any() {
                // CPython's `type_traverse` does not go there: it is not counted when both classes die.
                self.mc.set_tracked(any, false)
            }
            let mut subs = b.subclasses.borrow_mut(self.mc);
            subs.retain(|w| !w.is_dead());
            subs.extend(weak(&w).cloned());
        }
        if let Some(c) = cell.as_ref().and_then(|c| c.downcast_ref::<Cell<'gc, M>>()) {
            c.0.set(self.mc, value.clone())
        }
        let pairs: Vec<_> = dict.table.borrow().iter().map(|e| (e.key.clone(), e.value.clone())).collect();
        for (k, v) in pairs {
            if v.kind() == Kind::Instance
                && let Some(f) = self.lookup(&self.class_of(&v), N::set_name)
            {
                self.call_method_value(f, &v, &[value.clone(), k])?;
            }
        }
        // `super().__init_subclass__(**keywords)`
        for c in class.mro.iter() {
            if let Some(f) = self.dict_get_name(&c.dict, self.name(N::init_subclass)) {
                if f.kind() == Kind::Wrapper {
                    let func = f.downcast_ref::<Wrapper<'gc, M>>().map(|w| w.func.clone()).unwrap_or_default();
                    let mut args = vec![value.clone()];
                    let kw = self.push_keywords(keywords, &mut args)?;
                    self.call_with(&func, &args, kw)?;
                }
                break;
            }
        }
        Ok(value)
    }
    /// The descriptor for `__dict__` or `__weakref__`, of a class to be said.
    fn own_descriptor(&mut self, n: N) -> R<'gc, M> {
        let of_object = self.dict_get_name(&self.class(T::Object).dict, self.name(N::dict)).unwrap_or_default();
        let (get, set) = match of_object.downcast_ref::<Member<'gc, M>>() {
            Some(m) if n == N::dict => (m.get.0, m.set.0),
            _ => (Some(crate::types::class::get_weakref as Native<M>), None),
        };
        let name = Val::from_gc(self.name(n).clone());
        let fixed = set.is_none();
        self.make(Member {
            name,
            owner: ValSlot::default(),
            index: u32::MAX,
            fixed,
            get: Static(get),
            set: Static(set),
        })
    }
    /// The order in which bases are searched (C3), the class itself not included.
    fn linearize(&mut self, bases: &[Gc<'gc, Class<'gc, M>, M>]) -> R<'gc, M, Vec<Gc<'gc, Class<'gc, M>, M>>> {
        let mut lists: Vec<Vec<_>> =
            bases.iter().map(|b| std::iter::once(b.clone()).chain(b.mro.iter().cloned()).collect()).collect();
        for (i, b) in bases.iter().enumerate() {
            if bases[..i].iter().any(|o| o.ptr_eq(b)) {
                let n = self.class_name(b);
                return Err(self.raise(E::TypeError, &format!("duplicate base class {n}")));
            }
        }
        lists.push(bases.to_vec());
        let mut out: Vec<Gc<'gc, Class<'gc, M>, M>> = Vec::new();
        loop {
            lists.retain(|l| !l.is_empty());
            if lists.is_empty() {
                return Ok(out);
            }
            let next =
                lists.iter().map(|l| l[0].clone()).find(|c| !lists.iter().any(|l| l[1..].iter().any(|o| o.ptr_eq(c))));
            let Some(next) = next else {
                let names: Vec<_> = bases.iter().map(|b| self.class_name(b)).collect();
                let text =
                    format!("Cannot create a consistent method resolution order (MRO) for bases {}", names.join(", "));
                return Err(self.raise(E::TypeError, &text));
            };
            for l in &mut lists {
                if l[0].ptr_eq(&next) {
                    l.remove(0);
                }
            }
            out.push(next)
        }
    }
}
