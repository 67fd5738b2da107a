//! The program's end as CPython 3.13's `finalize_modules` has it (`Python/pylifecycle.c`): what `sys.modules` holds goes,
//! entry by entry, then what only cycles keep, then the names of modules that something keeps all the same, then those of
//! `sys` and the built-ins.
//!
//! Not here: handlers of `atexit`, the collection before (`run.rs`, which has the overview).

use super::Driver;
use crate::{
    object::*,
    value::{Kind, Value},
    vm::Vm,
};
use twinheap::{Cause, Gc, OneMutator, Val};

impl<M: OneMutator> Driver<M> {
    /// After each thing that is let go what user code has to do for it is done.
    pub(super) fn finalize_modules(&mut self) {
        self.session(|vm| vm.before_modules_go());
        while self.session(|vm| vm.let_module_go()) {
            self.drain()
        }
        self.collect(2, Cause::Exit);
        self.session(|vm| vm.list_garbage());
        self.session(|vm| vm.restore_builtins());
        self.drain();
        // The last imported first.
        for n in (0..self.session(|vm| vm.rt.own_modules.borrow().len())).rev() {
            for step in 0..2 {
                while self.session(|vm| vm.clear_module(n, step)) {
                    self.drain()
                }
            }
        }
        for name in ["sys", "builtins"] {
            for step in 0..2 {
                while self.session(|vm| vm.clear_kept(name, step)) {
                    self.drain()
                }
            }
        }
        self.collect(2, Cause::Exit);
    }
}

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// `flush_std_files`: whether one of the standard streams has not taken all.  A reader that has gone is nobody's fault.
    pub(super) fn flush_standard(&mut self) -> bool {
        let mut failed = false;
        if let Err(e) = self.host.flush()
            && e.kind() != std::io::ErrorKind::BrokenPipe
            && !matches!(self.sys_value("stdout"), Some(Some(file)) if file.is_none())
        {
            failed = true;
            let e = self.os_error(&e, None);
            self.unraisable_said(&e.0, "Exception ignored on flushing sys.stdout")
        }
        failed | self.host.flush_err().is_err()
    }
    /// `finalize_modules_delete_special`: the streams are what they were, and what may hold anything is gone.
    fn before_modules_go(&mut self) {
        self.rt.handled.set(self.mc, Val::none());
        self.rt.main.set(self.mc, None);
        self.rt.own_modules.borrow_mut(self.mc).clear();
        let Some(dict) = self.kept_module("sys") else { return };
        for (name, from) in
            [("path", ""), ("argv", ""), ("stdin", "__stdin__"), ("stdout", "__stdout__"), ("stderr", "__stderr__")]
        {
            let value = self.intern(from).ok().and_then(|from| self.dict_get_name(&dict, &from));
            let _ = self.dict_set_text(&dict, name, value.unwrap_or_else(Val::none));
        }
    }
    /// A module that the machine itself needs to the end: `sys.modules` keeps it.
    fn kept_module(&mut self, name: &str) -> Option<Gc<'gc, Dict<'gc, M>, M>> {
        let name = self.intern(name).ok()?;
        let module = self.dict_get_name(&self.rt.modules, &name)?;
        self.module_dict(&module)
    }
    /// `finalize_remove_modules`: lets go of the next entry of `sys.modules`; false when none is left.
    fn let_module_go(&mut self) -> bool {
        let modules = self.rt.modules.clone();
        let next = modules.table.borrow().iter().map(|e| (e.key.clone(), e.value.clone())).find(|(k, v)| {
            let kept = k.downcast_ref::<Str>().is_some_and(|k| matches!(k.text(), "sys" | "builtins"));
            !(kept && v.kind() == Kind::Module)
        });
        let Some((key, value)) = next else { return false };
        if value.kind() == Kind::Module {
            self.note_module(&value)
        }
        drop(value);
        let gone = self.dict_take(&modules, &key);
        // What compares keys in Python may fail, and then everything goes at once.
        if !matches!(gone, Ok(Some(_))) {
            let all = modules.table.borrow_mut(self.mc).take();
            drop(all);
            return false;
        }
        true
    }
    /// `finalize_restore_builtins`: what the program has put there goes.
    fn restore_builtins(&mut self) {
        let builtins = self.rt.builtins.clone();
        let own: Vec<_> = {
            let t = builtins.table.borrow();
            let own = t.iter().filter(|e| !self.host.builtin_names.contains(&e.key.bits()));
            own.filter_map(|e| e.key.downcast_ref::<Str>().cloned()).collect()
        };
        for name in own {
            let gone = self.dict_del_name(&builtins, &name);
            drop(gone)
        }
    }
    /// `finalize_modules_clear_weaklist`: drops variables of the `n`-th module that went, if something has kept it; false when
    /// none is left.
    fn clear_module(&mut self, n: usize, step: u32) -> bool {
        let kept = self.rt.own_modules.borrow().get(n).and_then(|weak| weak.upgrade(self.mc));
        match kept.and_then(|any| self.module_dict(&Val::from_any(any))) {
            Some(dict) => self.clear_names(&dict, step),
            None => false,
        }
    }
    /// `finalize_clear_sys_builtins_dict`
    fn clear_kept(&mut self, name: &str, step: u32) -> bool {
        match self.kept_module(name) {
            Some(dict) => self.clear_names(&dict, step),
            None => false,
        }
    }
    /// `_PyModule_ClearDict`: names with one leading underscore, then the others, are set to None, until something wants to
    /// be finalized; false when none is left.
    fn clear_names(&mut self, dict: &Gc<'gc, Dict<'gc, M>, M>, step: u32) -> bool {
        let wanted = |n: &Gc<'gc, Str, M>| match step {
            0 => n.text().starts_with('_') && !n.text().starts_with("__"),
            _ => n.text() != "__builtins__",
        };
        let names: Vec<_> = {
            let t = dict.table.borrow();
            let set = t.iter().filter(|e| !e.value.is_none());
            set.filter_map(|e| e.key.downcast_ref::<Str>().cloned()).filter(wanted).collect()
        };
        for name in names {
            self.dict_set_name(dict, &name, Val::none());
            if self.mc.has_pending() {
                return true;
            }
        }
        false
    }
}
