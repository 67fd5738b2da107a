//! Attributes: lookup in classes, instances, modules and functions; inline caches.
//!
//! An instance keeps attributes in its own words, at the places its class's [`Keys`] give to names in the order they
//! were first set; what does not fit, and everything once somebody asked for `__dict__`, is in a dict. So an attribute
//! is in its word if that is not empty, else in the dict if it is there.
//!
//! A class caches what lookups found ([`Found`]) and has a version; an inline cache is right while the version is.

use super::{E, Exc, R, Step, T, Vm, instance};
use crate::{
    object::*,
    types::{dict::Table, names::N, weak::is_proxy},
    value::{Kind, Value},
};
use std::sync::atomic::Ordering::Relaxed;
use twinheap::{Gc, OneMutator, Val, ValSlot};

/// Most inline attributes of a class.
const MAX_KEYS: usize = 30;

/// What an inline cache found.
pub mod how {
    /// In the instance's word `index`.
    pub const SLOT: u8 = 1;
    /// In the class, number `index` of [`Found`](crate::object::Found): a function to be bound.
    pub const METHOD: u8 = 2;
    /// The same, a value to be given as it is.
    pub const CLASS_VALUE: u8 = 3;
    /// Entry `index` of a module's dict.
    pub const MODULE: u8 = 4;
    /// The object is a class: number `index` of what it found.
    pub const OF_CLASS: u8 = 5;
    /// In the class: a property.
    pub const PROPERTY: u8 = 6;
}

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// A well-known name in a class and its bases.
    #[inline]
    pub fn lookup(&self, class: &Gc<'gc, Class<'gc, M>, M>, n: N) -> Option<V<'gc, M>> {
        self.lookup_name(class, self.name(n))
    }
    /// An interned name in a class and its bases.
    #[inline]
    pub fn lookup_name(&self, class: &Gc<'gc, Class<'gc, M>, M>, name: &Gc<'gc, Str, M>) -> Option<V<'gc, M>> {
        let i = self.lookup_index(class, name);
        let v = class.found.borrow().values[i as usize].clone();
        if v.is_empty() { None } else { Some(v) }
    }
    /// Its number in [`Found`].
    #[inline]
    fn lookup_index(&self, class: &Gc<'gc, Class<'gc, M>, M>, name: &Gc<'gc, Str, M>) -> u32 {
        let known = class.found.borrow().index.get(&name.address()).copied();
        match known {
            Some(i) => i,
            None => self.lookup_slow(class, name),
        }
    }
    #[cold]
    fn lookup_slow(&self, class: &Gc<'gc, Class<'gc, M>, M>, name: &Gc<'gc, Str, M>) -> u32 {
        let mut value = self.dict_get_name(&class.dict, name);
        for base in class.mro.iter() {
            if value.is_some() {
                break;
            }
            value = self.dict_get_name(&base.dict, name);
        }
        if class.version.load(Relaxed) == 0 {
            class.version.store(self.new_version(), Relaxed);
        }
        let mut found = class.found.borrow_mut(self.mc);
        let i = found.values.len() as u32;
        found.values.push(value.unwrap_or_default());
        found.index.insert(name.address(), i);
        i
    }
    /// The class or one of its bases changed.
    pub fn class_changed(&mut self, class: &Gc<'gc, Class<'gc, M>, M>) {
        class.version.store(0, Relaxed);
        let old = std::mem::take(&mut *class.found.borrow_mut(self.mc));
        drop(old);
        self.set_class_flags(class);
        let subs: Vec<_> = class.subclasses.borrow().iter().filter_map(|w| w.upgrade(self.mc)).collect();
        for s in subs {
            if let Ok(s) = s.downcast::<Class<'gc, M>>() {
                self.class_changed(&s)
            }
        }
    }
    /// Computes [`class_flags`] from what the class has.
    pub fn set_class_flags(&mut self, class: &Gc<'gc, Class<'gc, M>, M>) {
        use class_flags::*;
        let python = |vm: &Self, n| vm.lookup(class, n).is_some_and(|f| f.kind() != Kind::Native);
        // An instance is finalizable from its birth: `__del__` given to a class later has no effect.
        let mut f = class.flags.load(Relaxed) & (EXCEPTION | FIXED | FINAL | DEL | WEAKREF | DEQUE);
        for (n, bit) in [
            (N::getattr, GETATTR),
            (N::setattr, SETATTR),
            (N::delattr, SETATTR),
            (N::eq, EQ),
            (N::hash, HASH),
            (N::getattribute, GETATTRIBUTE),
        ] {
            if python(self, n) {
                f |= bit
            }
        }
        if f & DEQUE != 0 {
            f |= EQ
        }
        class.flags.store(f, Relaxed);
    }

    // ---- reading ------------------------------------------------------------------------------------------------------
    /// `obj.name` by the cache, if it is right.
    #[inline(always)]
    pub fn load_attr_cached(&self, cache: &Cache, obj: &V<'gc, M>) -> Option<V<'gc, M>> {
        let version = cache.version.load(Relaxed);
        if version == 0 {
            return None;
        }
        if let Some(i) = obj.downcast_ref::<Instance<'gc, M>>() {
            let h = i.header();
            if h.class.version.load(Relaxed) != version {
                return None;
            }
            let index = cache.index.load(Relaxed) as usize;
            return match cache.how.load(Relaxed) {
                how::SLOT => {
                    let slot = i.tail().get(index)?;
                    if slot.bits() == 0 { None } else { Some(slot.get()) }
                }
                how::CLASS_VALUE if h.dict.is_empty() => Some(h.class.found.borrow().values[index].clone()),
                _ => None,
            };
        }
        self.load_attr_cached_other(cache, obj, version)
    }
    #[inline(never)]
    fn load_attr_cached_other(&self, cache: &Cache, obj: &V<'gc, M>, version: u32) -> Option<V<'gc, M>> {
        let index = cache.index.load(Relaxed) as usize;
        let how = cache.how.load(Relaxed);
        match obj.kind() {
            Kind::Class if how == how::OF_CLASS => {
                let c = obj.downcast_ref::<Class<'gc, M>>()?;
                if c.version.load(Relaxed) == version { Some(c.found.borrow().values[index].clone()) } else { None }
            }
            Kind::Module if how == how::MODULE => {
                let m = obj.downcast_ref::<Module<'gc, M>>()?;
                let t = m.dict.table.borrow();
                // A module's table has this version and this many keys only as long as they are the same keys.
                if t.version() == version && cache_owner(cache) == m.address() as u32 {
                    Some(t.value(index))
                } else {
                    None
                }
            }
            Kind::Instance if how == how::SLOT => {
                let i = instance(obj)?;
                if i.class.version.load(Relaxed) != version {
                    return None;
                }
                let slot = i.slots.get(index)?;
                if slot.bits() == 0 { None } else { Some(slot.get()) }
            }
            _ => None,
        }
    }
    /// `obj.name`, filling the cache.
    #[inline(never)]
    pub fn load_attr(
        &mut self,
        obj: V<'gc, M>,
        name: &Gc<'gc, Str, M>,
        cache: Option<&Cache>,
    ) -> R<'gc, M, Step<'gc, M>> {
        if let Some(cache) = cache {
            self.fill_load(cache, &obj, name);
        }
        self.get_attr_step(obj, name)
    }
    fn fill_load(&mut self, cache: &Cache, obj: &V<'gc, M>, name: &Gc<'gc, Str, M>) {
        let set = |how, version, index| {
            cache.how.store(how, Relaxed);
            cache.index.store(index, Relaxed);
            cache.version.store(version, Relaxed);
        };
        match obj.kind() {
            Kind::Instance => {
                let Some(i) = instance(obj) else { return };
                let class = i.class;
                if class.flags.load(Relaxed) & class_flags::GETATTRIBUTE != 0 {
                    return;
                }
                let at = self.lookup_index(class, name);
                let found = class.found.borrow().values[at as usize].clone();
                let version = class.version.load(Relaxed);
                match found.kind() {
                    Kind::Member => {
                        let m = found.downcast_ref::<Member<'gc, M>>().expect("its kind says so");
                        if m.index != u32::MAX {
                            set(how::SLOT, version, class.slot_at(m.index))
                        }
                    }
                    Kind::Property => {}
                    Kind::Empty | Kind::Func | Kind::Native | Kind::Wrapper => {
                        if let Some(k) = self.key_of(class, name) {
                            set(how::SLOT, version, class.nslots + k)
                        }
                    }
                    Kind::Instance => {}
                    _ => match self.key_of(class, name) {
                        Some(k) => set(how::SLOT, version, class.nslots + k),
                        None if class.never_inline() => {}
                        None => set(how::CLASS_VALUE, version, at),
                    },
                }
            }
            Kind::Class => {
                let Some(c) = obj.downcast_ref::<Class<'gc, M>>() else { return };
                if !c.meta.get().is_empty() || self.lookup_name(self.class(T::Type), name).is_some() {
                    return;
                }
                let at = self.lookup_index(c, name);
                let v = c.found.borrow().values[at as usize].clone();
                if !matches!(v.kind(), Kind::Empty | Kind::Wrapper | Kind::Instance) {
                    set(how::OF_CLASS, c.version.load(Relaxed), at)
                }
            }
            Kind::Module => {
                let Some(m) = obj.downcast_ref::<Module<'gc, M>>() else { return };
                let t = m.dict.table.borrow();
                if let Some(i) = t.find_name(super::hash::str_hash(name), name)
                    && i < 1 << 16
                {
                    // The dict's address, folded, beside the index: another module may have the same version.
                    cache.owner.store(m.address() as u32, Relaxed);
                    set(how::MODULE, t.version(), i as u32);
                }
            }
            _ => {}
        }
    }
    fn key_of(&self, class: &Class<'gc, M>, name: &Gc<'gc, Str, M>) -> Option<u32> {
        if !class.has_dict || class.own > 0 {
            return None;
        }
        let at = name.address();
        class.keys.borrow().names.iter().position(|k| k.address() == at).map(|i| i as u32)
    }
    /// An attribute of the instance itself.
    pub fn instance_get(&self, obj: &V<'gc, M>, name: &Gc<'gc, Str, M>) -> Option<V<'gc, M>> {
        match obj.kind() {
            Kind::Instance | Kind::Weak => {
                let i = instance(obj)?;
                if let Some(k) = self.key_of(i.class, name)
                    && let Some(slot) = i.named().get((i.class.nslots + k) as usize)
                    && slot.bits() != 0
                {
                    return Some(slot.get());
                }
                self.dict_get_name(&i.dict()?, name)
            }
            Kind::List | Kind::Dict | Kind::Set => self.dict_get_name(&self.sub_of(obj)?.dict.get()?, name),
            Kind::Func => self.dict_get_name(&obj.downcast_ref::<Func<'gc, M>>()?.dict.get()?, name),
            Kind::Module => self.dict_get_name(&obj.downcast_ref::<Module<'gc, M>>()?.dict, name),
            _ => None,
        }
    }
    /// What makes a list, dict or set an instance of a subclass.
    pub fn sub_of(&self, obj: &V<'gc, M>) -> Option<Gc<'gc, Sub<'gc, M>, M>> {
        match obj.kind() {
            Kind::List => obj.downcast_ref::<List<'gc, M>>()?.sub.get(),
            Kind::Dict => obj.downcast_ref::<Dict<'gc, M>>()?.sub.get(),
            Kind::Set => obj.downcast_ref::<Set<'gc, M>>()?.sub.get(),
            _ => None,
        }
    }

    /// `obj.name`
    pub fn get_attr_step(&mut self, obj: V<'gc, M>, name: &Gc<'gc, Str, M>) -> R<'gc, M, Step<'gc, M>> {
        let obj = self.through(obj)?;
        let class = self.class_of(&obj);
        let flags = class.flags.load(Relaxed);
        if flags & class_flags::GETATTRIBUTE != 0
            && let Some(f) = self.lookup(&class, N::getattribute)
        {
            let args = [obj.clone(), Val::from_gc(name.clone())];
            return self.call_keeping(f, &args[..1], &args, Mode::Push);
        }
        match self.get_attr_plain(&obj, &class, name) {
            Ok(Some(step)) => Ok(step),
            Err(e) if flags & class_flags::GETATTR != 0 && self.is_error(&e, E::AttributeError) => {
                self.call_getattr(&class, obj, name)
            }
            Err(e) => Err(e),
            Ok(None) if flags & class_flags::GETATTR != 0 => self.call_getattr(&class, obj, name),
            Ok(None) => Err(self.no_attribute(&obj, name)),
        }
    }
    fn call_getattr(
        &mut self,
        class: &Gc<'gc, Class<'gc, M>, M>,
        obj: V<'gc, M>,
        name: &Gc<'gc, Str, M>,
    ) -> R<'gc, M, Step<'gc, M>> {
        let f = self.lookup(class, N::getattr).unwrap_or_default();
        let args = [obj, Val::from_gc(name.clone())];
        self.call_keeping(f, &args[..1], &args, Mode::Push)
    }
    /// As `object.__getattribute__`: without `__getattr__`; `None` if there is no such attribute.
    pub fn get_attr_plain(
        &mut self,
        obj: &V<'gc, M>,
        class: &Gc<'gc, Class<'gc, M>, M>,
        name: &Gc<'gc, Str, M>,
    ) -> R<'gc, M, Option<Step<'gc, M>>> {
        let in_class = self.lookup_name(class, name);
        if let Some(d) = &in_class
            && self.is_data_descriptor(d)
        {
            return self.descriptor_get(d.clone(), obj, class).map(Some);
        }
        if obj.kind() == Kind::Class {
            let this = obj.downcast_ref::<Class<'gc, M>>().expect("its kind says so").clone();
            if let Some(v) = self.lookup_name(&this, name) {
                return self.class_attribute(v, &this).map(Some);
            }
        } else if obj.kind() == Kind::Super {
            if let Some(step) = self.super_get(obj, name)? {
                return Ok(Some(step));
            }
        } else if let Some(v) = self.instance_get(obj, name) {
            return Ok(Some(Step::Value(v)));
        }
        match in_class {
            Some(d) => self.descriptor_get(d, obj, class).map(Some),
            None => Ok(None),
        }
    }
    /// An attribute found in a class, asked of the class.
    fn class_attribute(&mut self, v: V<'gc, M>, class: &Gc<'gc, Class<'gc, M>, M>) -> R<'gc, M, Step<'gc, M>> {
        match v.kind() {
            Kind::Wrapper => self.descriptor_get(v, &Val::none(), class),
            Kind::Instance => {
                let c = self.class_of(&v);
                match self.lookup(&c, N::get) {
                    Some(f) => {
                        let class = Val::from_gc(class.clone());
                        self.call_step(f, &[v, Val::none(), class], Mode::Push, Val::empty())
                    }
                    None => Ok(Step::Value(v)),
                }
            }
            _ => Ok(Step::Value(v)),
        }
    }
    fn super_get(&mut self, obj: &V<'gc, M>, name: &Gc<'gc, Str, M>) -> R<'gc, M, Option<Step<'gc, M>>> {
        let s = obj.downcast_ref::<Super<'gc, M>>().expect("its kind says so").clone();
        let Some(after) = s.class.downcast_ref::<Class<'gc, M>>() else { return Ok(None) };
        let (start, of_class) = match s.this.downcast_ref::<Class<'gc, M>>() {
            Some(c) if self.is_subclass(c, after) => (c.clone(), true),
            _ => (self.class_of(&s.this), false),
        };
        let mut passed = start.ptr_eq(after);
        for c in start.mro.iter() {
            if passed {
                if let Some(v) = self.dict_get_name(&c.dict, name) {
                    return match v.kind() {
                        Kind::Func | Kind::Native if of_class => Ok(Some(Step::Value(v))),
                        _ if of_class => self.descriptor_get(v, &Val::none(), &start).map(Some),
                        _ => self.descriptor_get(v, &s.this, &start).map(Some),
                    };
                }
            } else {
                passed = c.ptr_eq(after)
            }
        }
        Ok(None)
    }
    /// Whether setting an instance's attribute goes through this.
    fn is_data_descriptor(&self, d: &V<'gc, M>) -> bool {
        match d.kind() {
            Kind::Property | Kind::Member => true,
            Kind::Instance => {
                let c = self.class_of(d);
                self.lookup(&c, N::set).is_some()
            }
            _ => false,
        }
    }
    /// What a value found in the class of `obj` is for `obj`.
    pub fn descriptor_get(
        &mut self,
        d: V<'gc, M>,
        obj: &V<'gc, M>,
        class: &Gc<'gc, Class<'gc, M>, M>,
    ) -> R<'gc, M, Step<'gc, M>> {
        Ok(Step::Value(match d.kind() {
            Kind::Func => self.bind(d, obj.clone())?,
            Kind::Native => match d.downcast_ref::<NativeFn<'gc, M>>() {
                Some(f) if f.owner.bits() != 0 => self.bind(d, obj.clone())?,
                _ => d,
            },
            Kind::Property => {
                let p = d.downcast_ref::<Property<'gc, M>>().expect("its kind says so");
                if p.get.is_none() {
                    return Err(self.raise(E::AttributeError, "property has no getter"));
                }
                return self.call_step(p.get.clone(), std::slice::from_ref(obj), Mode::Push, Val::empty());
            }
            Kind::Wrapper => {
                let w = d.downcast_ref::<Wrapper<'gc, M>>().expect("its kind says so");
                if w.class_method {
                    let c = Val::from_gc(class.clone());
                    self.bind(w.func.clone(), c)?
                } else {
                    w.func.clone()
                }
            }
            Kind::Member => {
                let m = d.downcast_ref::<Member<'gc, M>>().expect("its kind says so");
                if m.index != u32::MAX {
                    let v = instance(obj).and_then(|i| i.member(m.index).map(ValSlot::get)).unwrap_or_default();
                    if v.is_empty() {
                        let name = m.name.clone().downcast::<Str>().unwrap_or_else(|_| self.rt.empty_str.clone());
                        return Err(self.no_attribute(obj, &name));
                    }
                    v
                } else {
                    match m.get.0 {
                        Some(get) => self.call_native(get, std::slice::from_ref(obj))?,
                        None => d,
                    }
                }
            }
            Kind::Instance => {
                let c = self.class_of(&d);
                match self.lookup(&c, N::get) {
                    Some(f) => {
                        let class = Val::from_gc(class.clone());
                        return self.call_step(f, &[d, obj.clone(), class], Mode::Push, Val::empty());
                    }
                    None => d,
                }
            }
            _ => d,
        }))
    }
    /// A bound method.
    pub fn bind(&mut self, func: V<'gc, M>, this: V<'gc, M>) -> R<'gc, M> {
        self.make(Method { func, this })
    }
    /// `AttributeError`
    #[cold]
    pub fn no_attribute(&mut self, obj: &V<'gc, M>, name: &Gc<'gc, Str, M>) -> Exc<'gc, M> {
        let text = match obj.kind() {
            Kind::Class => {
                let c = obj.downcast_ref::<Class<'gc, M>>().expect("its kind says so");
                format!("type object '{}' has no attribute '{}'", self.class_name(c), name.text())
            }
            Kind::Module => {
                let m = obj.downcast_ref::<Module<'gc, M>>().expect("its kind says so");
                let module = m.name.downcast_ref::<Str>().map_or("?", |s| s.text()).to_string();
                format!("module '{module}' has no attribute '{}'", name.text())
            }
            Kind::Super => format!("'super' object has no attribute '{}'", name.text()),
            _ => format!("'{}' object has no attribute '{}'", self.type_name(obj), name.text()),
        };
        self.attribute_error(obj, name, &text)
    }
    /// The same for `del`: CPython's does not say of what.
    #[cold]
    fn nothing_to_delete(&mut self, obj: &V<'gc, M>, name: &Gc<'gc, Str, M>) -> Exc<'gc, M> {
        let e = self.no_attribute(obj, name);
        if let Some(i) = instance(&e.0) {
            i.early().iter().for_each(|s| s.set(self.mc, Val::empty()))
        }
        e
    }
    /// An `AttributeError` that knows of what it is one.
    fn attribute_error(&mut self, obj: &V<'gc, M>, name: &Gc<'gc, Str, M>, text: &str) -> Exc<'gc, M> {
        let e = self.raise(E::AttributeError, text);
        if let Some(i) = instance(&e.0)
            && i.early().len() > super::boot::attribute_error::NAME
        {
            i.early()[super::boot::attribute_error::OBJ].set(self.mc, obj.clone());
            i.early()[super::boot::attribute_error::NAME].set(self.mc, Val::from_gc(name.clone()))
        }
        e
    }
    /// `obj.name`, nested if it runs Python code.
    pub fn get_attr(&mut self, obj: &V<'gc, M>, name: &Gc<'gc, Str, M>) -> R<'gc, M> {
        let depth = self.frames.len();
        let step = self.get_attr_step(obj.clone(), name)?;
        self.settle(step, depth)
    }
    /// `getattr(obj, name, None)` in Rust.
    pub fn find_attr(&mut self, obj: &V<'gc, M>, name: &Gc<'gc, Str, M>) -> R<'gc, M, Option<V<'gc, M>>> {
        match self.get_attr(obj, name) {
            Ok(v) => Ok(Some(v)),
            Err(e) if self.is_error(&e, E::AttributeError) => Ok(None),
            Err(e) => Err(e),
        }
    }

    // ---- methods ------------------------------------------------------------------------------------------------------
    /// For `LoadMethod`: the function and whether `obj` goes before its arguments.
    #[inline(always)]
    pub fn load_method_cached(&self, cache: &Cache, obj: &V<'gc, M>) -> Option<V<'gc, M>> {
        let version = cache.version.load(Relaxed);
        if version == 0 || cache.how.load(Relaxed) != how::METHOD {
            return None;
        }
        let index = cache.index.load(Relaxed) as usize;
        if let Some(i) = obj.downcast_ref::<Instance<'gc, M>>() {
            let h = i.header();
            if h.class.version.load(Relaxed) == version && h.dict.is_empty() {
                return Some(h.class.found.borrow().values[index].clone());
            }
            return None;
        }
        let class = match obj.kind() {
            Kind::List => match obj.downcast_ref::<List<'gc, M>>() {
                Some(l) if l.sub.is_empty() => self.class(T::List),
                _ => return None,
            },
            Kind::Dict => match obj.downcast_ref::<Dict<'gc, M>>() {
                Some(d) if d.sub.is_empty() => self.class(T::Dict),
                _ => return None,
            },
            Kind::Str => self.class(T::Str),
            Kind::Gen => self.class(T::Generator),
            _ => return None,
        };
        if class.version.load(Relaxed) == version { Some(class.found.borrow().values[index].clone()) } else { None }
    }
    /// `LoadMethod` without the cache's help: callee, and self or an empty word, are pushed; false when a frame was.
    pub fn push_method(&mut self, obj: V<'gc, M>, name: &Gc<'gc, Str, M>, cache: Option<&Cache>) -> R<'gc, M, bool> {
        match self.load_method(&obj, name, cache)? {
            (Step::Value(f), with_self) => {
                self.stack.push(f);
                self.stack.push(if with_self { obj } else { Val::empty() });
                Ok(true)
            }
            (Step::Pushed, _) => {
                // The result is the callee; the word above it is pushed when it is there.
                if let Some(f) = self.frames.last_mut() {
                    f.mode = Mode::Callee
                }
                Ok(false)
            }
        }
    }
    /// The same, filling the cache: (callee, self or empty); a pushed frame answers the callee.
    #[inline(never)]
    pub fn load_method(
        &mut self,
        obj: &V<'gc, M>,
        name: &Gc<'gc, Str, M>,
        cache: Option<&Cache>,
    ) -> R<'gc, M, (Step<'gc, M>, bool)> {
        let class = self.class_of(obj);
        let kind = obj.kind();
        if !is_proxy(obj)
            && class.flags.load(Relaxed) & class_flags::GETATTRIBUTE == 0
            && kind != Kind::Class
            && kind != Kind::Super
            && kind != Kind::Module
        {
            let at = self.lookup_index(&class, name);
            let f = class.found.borrow().values[at as usize].clone();
            let method = match f.kind() {
                Kind::Func => true,
                Kind::Native => f.downcast_ref::<NativeFn<'gc, M>>().is_some_and(|f| f.owner.bits() != 0),
                _ => false,
            };
            if method && self.instance_get(obj, name).is_none() {
                if let Some(cache) = cache
                    && (kind != Kind::Instance || self.key_of(&class, name).is_none() && !class.never_inline())
                {
                    cache.how.store(how::METHOD, Relaxed);
                    cache.index.store(at, Relaxed);
                    cache.version.store(class.version.load(Relaxed), Relaxed);
                }
                return Ok((Step::Value(f), true));
            }
        }
        Ok((self.get_attr_step(obj.clone(), name)?, false))
    }

    // ---- writing ------------------------------------------------------------------------------------------------------
    /// `obj.name = value` by the cache; the value comes back if that was not possible.
    #[inline(always)]
    pub fn store_attr_cached(&self, cache: &Cache, obj: &V<'gc, M>, value: V<'gc, M>) -> Result<(), V<'gc, M>> {
        let version = cache.version.load(Relaxed);
        if version != 0
            && let Some(i) = obj.downcast_ref::<Instance<'gc, M>>()
        {
            let h = i.header();
            if h.class.version.load(Relaxed) == version
                && let Some(slot) = i.tail().get(cache.index.load(Relaxed) as usize)
                && (slot.bits() != 0 || h.dict.is_empty())
            {
                slot.set(self.mc, value);
                return Ok(());
            }
        }
        Err(value)
    }
    /// `obj.name = value`, filling the cache. `Step::Value` has no meaning.
    #[inline(never)]
    pub fn store_attr(
        &mut self,
        obj: &V<'gc, M>,
        name: &Gc<'gc, Str, M>,
        value: V<'gc, M>,
        cache: Option<&Cache>,
    ) -> R<'gc, M, Step<'gc, M>> {
        if let Some(target) = self.seen_through(obj)? {
            return self.store_attr(&target, name, value, None);
        }
        let class = self.class_of(obj);
        if class.flags.load(Relaxed) & class_flags::SETATTR != 0
            && let Some(f) = self.lookup(&class, N::setattr)
            && f.kind() != Kind::Native
        {
            let kept = [value.clone(), obj.clone()];
            return self.call_keeping(f, &kept, &[obj.clone(), Val::from_gc(name.clone()), value], Mode::Drop);
        }
        self.store_attr_plain(obj, &class, name, value, cache)
    }
    /// As `object.__setattr__`.
    pub fn store_attr_plain(
        &mut self,
        obj: &V<'gc, M>,
        class: &Gc<'gc, Class<'gc, M>, M>,
        name: &Gc<'gc, Str, M>,
        value: V<'gc, M>,
        cache: Option<&Cache>,
    ) -> R<'gc, M, Step<'gc, M>> {
        let done = Ok(Step::Value(Val::none()));
        if let Some(d) = self.lookup_name(class, name) {
            match d.kind() {
                Kind::Property => {
                    let p = d.downcast_ref::<Property<'gc, M>>().expect("its kind says so");
                    if p.set.is_none() {
                        let text =
                            format!("property '{}' of '{}' object has no setter", name.text(), self.class_name(class));
                        return Err(self.raise(E::AttributeError, &text));
                    }
                    let kept = [value.clone(), obj.clone()];
                    return self.call_keeping(p.set.clone(), &kept, &[obj.clone(), value], Mode::Drop);
                }
                Kind::Member => {
                    let m = d.downcast_ref::<Member<'gc, M>>().expect("its kind says so");
                    if m.index == u32::MAX {
                        return match m.set.0 {
                            Some(set) => {
                                self.call_native(set, &[obj.clone(), value])?;
                                done
                            }
                            None => {
                                let text = format!(
                                    "attribute '{}' of '{}' objects is not writable",
                                    name.text(),
                                    self.class_name(class)
                                );
                                Err(self.raise(E::AttributeError, &text))
                            }
                        };
                    }
                    let Some(i) = instance(obj) else { return done };
                    if let Some(cache) = cache {
                        cache.index.store(i.class.slot_at(m.index), Relaxed);
                        cache.version.store(i.class.version.load(Relaxed), Relaxed);
                    }
                    if let Some(slot) = i.member(m.index) {
                        slot.set(self.mc, value)
                    }
                    return done;
                }
                Kind::Instance => {
                    let c = self.class_of(&d);
                    if let Some(f) = self.lookup(&c, N::set) {
                        let kept = [value.clone(), obj.clone()];
                        return self.call_keeping(f, &kept, &[d, obj.clone(), value], Mode::Drop);
                    }
                }
                _ => {}
            }
        }
        match obj.kind() {
            Kind::Instance | Kind::Weak => {
                let Some(i) = instance(obj).filter(|i| i.class.has_dict) else {
                    return Err(self.no_dict(obj, name));
                };
                let key = match self.key_of(i.class, name) {
                    Some(k) => Some(k),
                    None => self.new_key(i.class, name),
                };
                let dict = i.dict();
                if let Some(k) = key
                    && let Some(slot) = i.named().get((i.class.nslots + k) as usize)
                    && (dict.is_none() || slot.bits() != 0)
                {
                    if let Some(cache) = cache {
                        // The version is assigned by lookups; the one above has seen to that.
                        cache.index.store(i.class.nslots + k, Relaxed);
                        cache.version.store(i.class.version.load(Relaxed), Relaxed);
                    }
                    slot.set(self.mc, value);
                    return done;
                }
                let dict = match dict {
                    Some(d) => d,
                    None => {
                        let table = if i.class.own > 0 { Table::default() } else { Table::of_instance() };
                        let d = self.dict(table)?;
                        i.set_dict(self.mc, Some(d.clone()));
                        d
                    }
                };
                self.dict_set_name(&dict, name, value);
            }
            Kind::Class => {
                let c = obj.downcast_ref::<Class<'gc, M>>().expect("its kind says so").clone();
                if c.flags.load(Relaxed) & class_flags::FIXED != 0 {
                    let text =
                        format!("cannot set '{}' attribute of immutable type '{}'", name.text(), self.class_name(&c));
                    return Err(self.raise(E::TypeError, &text));
                }
                self.class_changed(&c);
                self.dict_set_name(&c.dict, name, value);
                self.class_changed(&c);
            }
            Kind::Module => {
                let m = obj.downcast_ref::<Module<'gc, M>>().expect("its kind says so").clone();
                self.dict_set_name(&m.dict, name, value);
            }
            Kind::Func => {
                let d = self.object_dict(obj)?.expect("functions have one");
                self.dict_set_name(&d, name, value);
            }
            Kind::List | Kind::Dict | Kind::Set if self.sub_of(obj).is_some() => {
                let d = self.object_dict(obj)?.expect("instances of subclasses have one");
                self.dict_set_name(&d, name, value);
            }
            _ => return Err(self.no_dict(obj, name)),
        }
        done
    }
    fn no_dict(&mut self, obj: &V<'gc, M>, name: &Gc<'gc, Str, M>) -> Exc<'gc, M> {
        let t = self.type_name(obj);
        let text =
            format!("'{t}' object has no attribute '{}' and no __dict__ for setting new attributes", name.text());
        self.attribute_error(obj, name, &text)
    }
    /// Gives a name a place in the class's instances, if there is room for more.
    fn new_key(&mut self, class: &Gc<'gc, Class<'gc, M>, M>, name: &Gc<'gc, Str, M>) -> Option<u32> {
        let mut keys = class.keys.borrow_mut(self.mc);
        let k = keys.names.len();
        if k >= MAX_KEYS || class.own > 0 {
            return None;
        }
        debug_assert!(name.header().interned.load(Relaxed) != interned::NOT, "attribute names are interned before");
        keys.names.push(name.clone());
        keys.capacity = keys.capacity.max((k + 1) as u32);
        drop(keys);
        if self.lookup_name(class, name).is_some() {
            // Caches that found it in the class are wrong from now on.
            class.version.store(self.new_version(), Relaxed);
        }
        Some(k as u32)
    }
    /// `setattr`, nested if it runs Python code.
    pub fn set_attr(&mut self, obj: &V<'gc, M>, name: &Gc<'gc, Str, M>, value: V<'gc, M>) -> R<'gc, M, ()> {
        let depth = self.frames.len();
        match self.store_attr(obj, name, value, None)? {
            Step::Value(_) => Ok(()),
            Step::Pushed => self.run_nested(depth, false).map(drop),
        }
    }
    /// `del obj.name`
    pub fn del_attr(&mut self, obj: &V<'gc, M>, name: &Gc<'gc, Str, M>) -> R<'gc, M, Step<'gc, M>> {
        if let Some(target) = self.seen_through(obj)? {
            return self.del_attr(&target, name);
        }
        let class = self.class_of(obj);
        if class.flags.load(Relaxed) & class_flags::SETATTR != 0
            && let Some(f) = self.lookup(&class, N::delattr)
            && f.kind() != Kind::Native
        {
            let args = [obj.clone(), Val::from_gc(name.clone())];
            return self.call_keeping(f, &args[..1], &args, Mode::Drop);
        }
        self.del_attr_plain(obj, &class, name)
    }
    /// As `object.__delattr__`.
    pub fn del_attr_plain(
        &mut self,
        obj: &V<'gc, M>,
        class: &Gc<'gc, Class<'gc, M>, M>,
        name: &Gc<'gc, Str, M>,
    ) -> R<'gc, M, Step<'gc, M>> {
        if let Some(d) = self.lookup_name(class, name) {
            match d.kind() {
                Kind::Property => {
                    let p = d.downcast_ref::<Property<'gc, M>>().expect("its kind says so");
                    if p.del.is_none() {
                        return Err(self.raise(E::AttributeError, "property has no deleter"));
                    }
                    return self.call_step(p.del.clone(), std::slice::from_ref(obj), Mode::Drop, Val::empty());
                }
                Kind::Member => {
                    let m = d.downcast_ref::<Member<'gc, M>>().expect("its kind says so");
                    if let Some(i) = instance(obj)
                        && m.index != u32::MAX
                    {
                        let old = i.member(m.index).map(|s| s.take(self.mc)).unwrap_or_default();
                        if old.is_empty() {
                            return Err(self.nothing_to_delete(obj, name));
                        }
                        return Ok(Step::Value(Val::none()));
                    }
                    return Err(self.raise(E::AttributeError, "readonly attribute"));
                }
                Kind::Instance => {
                    let c = self.class_of(&d);
                    if let Some(f) = self.lookup(&c, N::delete) {
                        return self.call_step(f, &[d, obj.clone()], Mode::Drop, Val::empty());
                    }
                }
                _ => {}
            }
        }
        let old = match obj.kind() {
            Kind::Instance | Kind::Weak => {
                let Some(i) = instance(obj) else { return Err(self.nothing_to_delete(obj, name)) };
                let key = self.key_of(i.class, name);
                match key.and_then(|k| i.named().get((i.class.nslots + k) as usize)) {
                    Some(slot) if slot.bits() != 0 => Some(slot.take(self.mc)),
                    _ => i.dict().and_then(|d| self.dict_del_name(&d, name)),
                }
            }
            Kind::Class => {
                let c = obj.downcast_ref::<Class<'gc, M>>().expect("its kind says so").clone();
                if c.flags.load(Relaxed) & class_flags::FIXED != 0 {
                    let text =
                        format!("cannot set '{}' attribute of immutable type '{}'", name.text(), self.class_name(&c));
                    return Err(self.raise(E::TypeError, &text));
                }
                self.class_changed(&c);
                let old = self.dict_del_name(&c.dict, name);
                self.class_changed(&c);
                old
            }
            Kind::Module => {
                self.dict_del_name(&obj.downcast_ref::<Module<'gc, M>>().expect("its kind says so").dict.clone(), name)
            }
            _ => self.object_dict(obj)?.and_then(|d| self.dict_del_name(&d, name)),
        };
        match old {
            Some(_) => Ok(Step::Value(Val::none())),
            None => Err(self.nothing_to_delete(obj, name)),
        }
    }
    /// The `__dict__` of an object, with everything moved into it.
    pub fn object_dict(&mut self, obj: &V<'gc, M>) -> R<'gc, M, Option<Gc<'gc, Dict<'gc, M>, M>>> {
        Ok(Some(match obj.kind() {
            Kind::Instance | Kind::Weak => {
                let Some(i) = instance(obj).filter(|i| i.class.has_dict) else { return Ok(None) };
                let dict = match i.dict() {
                    Some(d) => d,
                    None => {
                        let table = if i.class.own > 0 { Table::default() } else { Table::of_instance() };
                        let d = self.dict(table)?;
                        i.set_dict(self.mc, Some(d.clone()));
                        d
                    }
                };
                let names = i.class.keys.borrow().names.clone();
                if i.named()[i.class.nslots as usize..].iter().any(|s| s.bits() != 0) {
                    let rest = dict.table.borrow_mut(self.mc).take();
                    self.dict_resized(&dict);
                    for (k, name) in names.iter().enumerate() {
                        let Some(slot) = i.named().get(i.class.nslots as usize + k) else { break };
                        let v = slot.take(self.mc);
                        if !v.is_empty() {
                            self.dict_set_name(&dict, name, v);
                        }
                    }
                    for e in rest.iter() {
                        self.dict_set(&dict, e.key.clone(), e.value.clone())?;
                    }
                }
                if dict.table.borrow().of == dict_of::HIDDEN {
                    dict.table.borrow_mut(self.mc).of = dict_of::OWN
                }
                dict
            }
            Kind::Func => {
                let f = obj.downcast_ref::<Func<'gc, M>>().expect("its kind says so");
                match f.dict.get() {
                    Some(d) => d,
                    None => {
                        let d = self.dict(Table::default())?;
                        f.dict.set(self.mc, Some(d.clone()));
                        d
                    }
                }
            }
            Kind::Module => obj.downcast_ref::<Module<'gc, M>>().expect("its kind says so").dict.clone(),
            Kind::List | Kind::Dict | Kind::Set => {
                let Some(sub) = self.sub_of(obj) else { return Ok(None) };
                match sub.dict.get() {
                    Some(d) => d,
                    None => {
                        let d = self.dict(Table::default())?;
                        sub.dict.set(self.mc, Some(d.clone()));
                        d
                    }
                }
            }
            _ => return Ok(None),
        }))
    }
    /// Names of an instance's own attributes, in order.
    pub fn instance_items(&mut self, obj: &V<'gc, M>) -> Vec<(Gc<'gc, Str, M>, V<'gc, M>)> {
        let mut out = Vec::new();
        if let Some(i) = instance(obj) {
            let names = i.class.keys.borrow().names.clone();
            for (k, name) in names.iter().enumerate() {
                if let Some(slot) = i.named().get(i.class.nslots as usize + k)
                    && slot.bits() != 0
                {
                    out.push((name.clone(), slot.get()))
                }
            }
        }
        out
    }
}

fn cache_owner(cache: &Cache) -> u32 {
    cache.owner.load(Relaxed)
}
