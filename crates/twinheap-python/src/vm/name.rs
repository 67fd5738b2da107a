//! Globals and built-ins, with a cache that checks itself: an entry's number is right if the name is still there.
//! Imports. Not here: what modules hold (`modules/`).

use super::{E, Exc, R, Step, Vm};
use crate::{
    object::*,
    types::names::N,
    value::{Kind, Value},
};
use std::sync::atomic::Ordering::Relaxed;
use twinheap::{Gc, OneMutator, Val};

/// What the cache found: in the globals, or in the built-ins while the globals had this version.
const GLOBAL: u8 = 1;
const BUILTIN: u8 = 2;

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// A global by the cache, if it is right.
    #[inline(always)]
    pub fn load_global_cached(
        &self,
        cache: &Cache,
        globals: &Gc<'gc, Dict<'gc, M>, M>,
        name: &Gc<'gc, Str, M>,
    ) -> Option<V<'gc, M>> {
        let index = cache.index.load(Relaxed) as usize;
        match cache.how.load(Relaxed) {
            GLOBAL => {
                let t = globals.table.borrow();
                let e = t.slots().get(index)?;
                if e.key.bits() == name.address() as u64 { Some(e.value.clone()) } else { None }
            }
            BUILTIN => {
                if globals.table.borrow().version() != cache.version.load(Relaxed) {
                    return None;
                }
                let t = self.rt.builtins.table.borrow();
                let e = t.slots().get(index)?;
                if e.key.bits() == name.address() as u64 { Some(e.value.clone()) } else { None }
            }
            _ => None,
        }
    }
    /// A global or built-in, filling the cache.
    #[inline(never)]
    pub fn load_global(
        &mut self,
        globals: &Gc<'gc, Dict<'gc, M>, M>,
        name: &Gc<'gc, Str, M>,
        cache: Option<&Cache>,
    ) -> R<'gc, M> {
        let hash = super::hash::str_hash(name);
        {
            let t = globals.table.borrow();
            if let Some(i) = t.find_name(hash, name) {
                if let Some(c) = cache
                    && t.slots()[i].key.bits() == name.address() as u64
                {
                    c.index.store(i as u32, Relaxed);
                    c.how.store(GLOBAL, Relaxed);
                }
                return Ok(t.value(i));
            }
            let b = self.rt.builtins.table.borrow();
            if let Some(i) = b.find_name(hash, name) {
                if let Some(c) = cache {
                    c.index.store(i as u32, Relaxed);
                    c.version.store(t.version(), Relaxed);
                    c.how.store(BUILTIN, Relaxed);
                }
                return Ok(b.value(i));
            }
        }
        Err(self.name_error(name))
    }
    /// Binds a global.
    #[inline]
    pub fn store_global(
        &mut self,
        globals: &Gc<'gc, Dict<'gc, M>, M>,
        name: &Gc<'gc, Str, M>,
        value: V<'gc, M>,
        cache: Option<&Cache>,
    ) {
        if let Some(c) = cache
            && c.how.load(Relaxed) == GLOBAL
        {
            let index = c.index.load(Relaxed) as usize;
            let mut t = globals.table.borrow_mut(self.mc);
            if t.slots().get(index).is_some_and(|e| e.key.bits() == name.address() as u64) {
                let old = t.set_value(index, value);
                drop(t);
                drop(old);
                return;
            }
        }
        self.dict_set_name(globals, name, value);
        if let Some(c) = cache
            && let Some(i) = globals.table.borrow().find_name(super::hash::str_hash(name), name)
        {
            c.index.store(i as u32, Relaxed);
            c.how.store(GLOBAL, Relaxed);
        }
    }
    /// `NameError`
    #[cold]
    pub fn name_error(&mut self, name: &Gc<'gc, Str, M>) -> Exc<'gc, M> {
        self.raise(E::NameError, &format!("name '{}' is not defined", name.text()))
    }
    /// `UnboundLocalError`
    #[cold]
    pub fn unbound_local(&mut self, code: &Code<'gc, M>, slot: u32) -> Exc<'gc, M> {
        let name = code.co.slot_name(slot as usize).clone();
        self.raise(
            E::UnboundLocalError,
            &format!("cannot access local variable '{name}' where it is not associated with a value"),
        )
    }
    /// The same for a cell.
    #[cold]
    pub fn unbound_deref(&mut self, code: &Code<'gc, M>, slot: u32) -> Exc<'gc, M> {
        let co = &code.co;
        if (slot as usize) < co.nlocals() + co.cellvars.len() {
            return self.unbound_local(code, slot);
        }
        let name = co.slot_name(slot as usize).clone();
        self.raise(
            E::NameError,
            &format!("cannot access free variable '{name}' where it is not associated with a value in enclosing scope"),
        )
    }

    // ---- imports --------------------------------------------------------------------------------------------------------
    /// `__import__`
    pub fn import_name(
        &mut self,
        name: &Gc<'gc, Str, M>,
        level: V<'gc, M>,
        fromlist: V<'gc, M>,
    ) -> R<'gc, M, Step<'gc, M>> {
        if level.as_int().unwrap_or(0) > 0 {
            return Err(self.raise(E::ImportError, "attempted relative import with no known parent package"));
        }
        let full = name.text().to_string();
        if let Some(m) = self.dict_get_name(&self.rt.modules, name) {
            return self.top_module(&full, m, &fromlist).map(Step::Value);
        }
        if let Some(m) = crate::modules::find(self, &full)? {
            return self.top_module(&full, m, &fromlist).map(Step::Value);
        }
        let path = self.host.folder.join(full.replace('.', "/")).with_extension("py");
        let Ok(source) = std::fs::read(&path) else {
            let e = self.raise(E::ModuleNotFoundError, &format!("No module named '{full}'"));
            let n = self.intern("name")?;
            self.set_attr(&e.0, &n, Val::from_gc(name.clone()))?;
            return Err(e);
        };
        let co = match crate::compile_source(&source, &path.to_string_lossy()) {
            Ok(co) => co,
            Err(e) => return Err(self.syntax_error(&e)),
        };
        let m = self.new_module(&full)?;
        let Some(module) = m.downcast_ref::<Module<'gc, M>>().cloned() else { return Err(self.name_error(name)) };
        let file = self.str(&path.to_string_lossy())?;
        self.dict_set_name(&module.dict, self.name(N::file), file);
        let modules = self.rt.modules.clone();
        self.dict_set_name(&modules, name, m.clone());
        self.note_module(&m);
        let code = self.load_code(&co)?;
        let f = self.function(code, module.dict.clone())?;
        self.call_step(f, &[], Mode::Import, m)
    }
    /// A module of the program's: its names go when the program has ended.  (Now, while there is room to note it.)
    pub fn note_module(&mut self, m: &V<'gc, M>) {
        if let Some(any) = m.as_any() {
            let weak = Gc::new_weak(self.mc, any, (), false);
            self.rt.own_modules.borrow_mut(self.mc).push(weak)
        }
    }
    /// `import a.b` binds `a`; `from a.b import c` needs `a.b`.
    fn top_module(&mut self, full: &str, m: V<'gc, M>, fromlist: &V<'gc, M>) -> R<'gc, M> {
        match full.split_once('.') {
            Some((top, _)) if fromlist.is_none() => {
                let top = self.intern(top)?;
                Ok(self.dict_get_name(&self.rt.modules, &top).unwrap_or(m))
            }
            _ => Ok(m),
        }
    }
    /// `from m import name`
    pub fn import_from(&mut self, m: &V<'gc, M>, name: &Gc<'gc, Str, M>) -> R<'gc, M> {
        if let Some(v) = self.find_attr(m, name)? {
            return Ok(v);
        }
        let module = match m.downcast_ref::<Module<'gc, M>>() {
            Some(m) => m.name.downcast_ref::<Str>().map_or(String::new(), |s| s.text().to_string()),
            None => "?".into(),
        };
        let text = format!("cannot import name '{}' from '{module}' (unknown location)", name.text());
        Err(self.raise(E::ImportError, &text))
    }
    /// `from m import *`
    pub fn import_star(&mut self, m: &V<'gc, M>, ns: &Gc<'gc, Dict<'gc, M>, M>) -> R<'gc, M, ()> {
        let Some(m) = m.downcast_ref::<Module<'gc, M>>() else { return Ok(()) };
        let all = self.dict_get_name(&m.dict, self.name(N::all));
        let pairs: Vec<_> = m.dict.table.borrow().iter().map(|e| (e.key.clone(), e.value.clone())).collect();
        let wanted = match all {
            Some(all) => Some(self.collect(&all)?),
            None => None,
        };
        for (k, v) in pairs {
            let Some(name) = k.downcast_ref::<Str>() else { continue };
            let take = match &wanted {
                Some(w) => w.iter().any(|w| w.downcast_ref::<Str>().is_some_and(|w| w.text() == name.text())),
                None => !name.text().starts_with('_'),
            };
            if take {
                self.dict_set_name(ns, name, v)
            }
        }
        Ok(())
    }
    /// A module object.
    pub fn new_module(&mut self, name: &str) -> R<'gc, M> {
        let dict = self.dict(Default::default())?;
        let n = self.str(name)?;
        self.dict_set_name(&dict, self.name(N::name), n.clone());
        self.dict_set_name(&dict, self.name(N::doc), Val::none());
        self.make(Module { name: n, dict })
    }
    /// A dict of a module.
    pub fn module_dict(&self, m: &V<'gc, M>) -> Option<Gc<'gc, Dict<'gc, M>, M>> {
        if m.kind() != Kind::Module {
            return None;
        }
        m.downcast_ref::<Module<'gc, M>>().map(|m| m.dict.clone())
    }
}
