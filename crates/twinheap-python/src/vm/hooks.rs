//! Exceptions that nobody can catch: `sys.unraisablehook` for those of finalizers and callbacks, `sys.excepthook` for the
//! one that ends the program, and what both print by default, to whatever `sys.stderr` is.
//!
//! A hook of the program's runs in a frame (`prelude.py` calls it and swallows what it raises), so sessions can end in it.
//! Not here: who ran into the exception (`exc`, `generator`, `modules/gc.py`, `run`), how tracebacks look (`exc`).

use super::{R, Step, Vm};
use crate::{
    object::*,
    value::{Kind, Value},
};
use twinheap::{OneMutator, Val};

/// What a hook is set to.
pub enum Hook<'gc, M: OneMutator> {
    /// The default, or nobody has asked for `sys`.
    Default,
    /// The program has deleted it.
    Missing,
    /// The program's.
    Own(V<'gc, M>),
}

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// An attribute of the module `sys`; none if the module was never imported or has no such attribute.
    pub fn sys_value(&mut self, name: &str) -> Option<Option<V<'gc, M>>> {
        let (sys, name) = (self.intern("sys").ok()?, self.intern(name).ok()?);
        let module = self.dict_get_name(&self.rt.modules, &sys)?;
        let dict = self.module_dict(&module)?;
        Some(self.dict_get_name(&dict, &name))
    }
    /// What `sys.<name>` is set to.
    pub fn hook(&mut self, name: &str) -> Hook<'gc, M> {
        match self.sys_value(name) {
            None => Hook::Default,
            Some(None) => Hook::Missing,
            Some(Some(hook)) => match hook.downcast_ref::<NativeFn<'gc, M>>() {
                Some(f) if f.def.0.name == name => Hook::Default,
                _ => Hook::Own(hook),
            },
        }
    }
    /// A function of the prelude.
    pub fn prelude_function(&mut self, name: &str) -> Option<V<'gc, M>> {
        let name = self.intern(name).ok()?;
        self.dict_get_name(&self.rt.prelude, &name)
    }

    /// What nobody can catch, of `object`'s code, is reported.  A hook of the program's is begun: a frame was pushed.
    pub fn unraisable(&mut self, e: &V<'gc, M>, object: &V<'gc, M>) {
        if let Some(hook) = self.unraisable_args(e, None, object) {
            self.begin_hook(hook, e, object)
        }
    }
    /// The same with a message of its own and no object.
    pub fn unraisable_said(&mut self, e: &V<'gc, M>, message: &str) {
        if let Some(hook) = self.unraisable_args(e, Some(message), &Val::none()) {
            self.begin_hook(hook, e, &Val::none())
        }
    }
    fn begin_hook(&mut self, hook: (V<'gc, M>, Vec<V<'gc, M>>), e: &V<'gc, M>, object: &V<'gc, M>) {
        let height = self.stack.len();
        match self.call_step(hook.0, &hook.1, Mode::Push, Val::empty()) {
            Ok(Step::Pushed) => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.mode = Mode::Finalizer;
                }
            }
            Ok(Step::Value(_)) => self.stack.truncate(height),
            Err(_) => {
                self.stack.truncate(height);
                self.print_unraisable(e, Some("Exception ignored on building sys.unraisablehook arguments"), object)
            }
        }
    }
    /// The function that calls the program's hook, and its arguments; without one the exception has been printed.
    pub fn unraisable_args(
        &mut self,
        e: &V<'gc, M>,
        message: Option<&str>,
        object: &V<'gc, M>,
    ) -> Option<(V<'gc, M>, Vec<V<'gc, M>>)> {
        if self.traceback_of(e).is_none() {
            self.add_traceback_here(e)
        }
        if let Hook::Own(hook) = self.hook("unraisablehook")
            && !hook.is_none()
            && let Some(f) = self.prelude_function("_report_unraisable")
        {
            let message = message.and_then(|m| self.str(m).ok()).unwrap_or_else(Val::none);
            return Some((f, vec![hook, e.clone(), message, object.clone()]));
        }
        self.print_unraisable(e, message, object);
        None
    }
    /// `sys.__unraisablehook__` (CPython 3.13 `write_unraisable_exc_file`): no causes, no carets.
    pub fn print_unraisable(&mut self, e: &V<'gc, M>, message: Option<&str>, object: &V<'gc, M>) {
        let mut text = match (message, object.is_none()) {
            (message, false) => {
                let what = self.repr_text(object).unwrap_or_else(|_| "<object repr() failed>".into());
                format!("{}: {what}\n", message.unwrap_or("Exception ignored in"))
            }
            (Some(message), true) => format!("{message}:\n"),
            (None, true) => String::new(),
        };
        self.format_traceback(e, &mut text, false);
        let class = self.class_of(e);
        let name = self.class_full_name(&class);
        text.push_str(name.strip_prefix("builtins.").or(name.strip_prefix("__main__.")).unwrap_or(&name));
        text.push_str(": ");
        text.push_str(&self.str_text(e).unwrap_or_else(|_| "<exception str() failed>".into()));
        text.push('\n');
        self.write_stderr(&text)
    }
    /// To `sys.stderr`, whatever that is; what its `write` raises is dropped.
    pub fn write_stderr(&mut self, text: &str) {
        let file = match self.sys_value("stderr") {
            Some(Some(file)) => file,
            Some(None) => return,
            None => Val::empty(),
        };
        if file.is_none() {
            return;
        }
        let standard = file.downcast_ref::<File<'gc, M>>().is_some_and(|f| f.inner.0.lock().is_ok_and(|o| o.is(2)));
        if standard || file.is_empty() {
            let _ = self.host.flush();
            let _ = self.host.write_err(text.as_bytes());
            return;
        }
        let _ = self.print_to(&file, text);
    }
    fn print_to(&mut self, file: &V<'gc, M>, text: &str) -> R<'gc, M, ()> {
        let (write, flush) = (self.intern("write")?, self.intern("flush")?);
        let text = self.str(text)?;
        let write = self.get_attr(file, &write)?;
        self.call(&write, &[text])?;
        if let Ok(flush) = self.get_attr(file, &flush) {
            self.call(&flush, &[])?;
        }
        Ok(())
    }
    /// Begins the program's `sys.excepthook` for the exception that nobody caught, if it has set one; `rt.uncaught` keeps
    /// the exception, and what comes of the hook is what comes of its frame.
    pub fn begin_excepthook(&mut self) -> bool {
        let e = self.rt.uncaught.get();
        let Hook::Own(hook) = self.hook("excepthook") else { return false };
        let args = [Val::from_gc(self.class_of(&e)), e.clone(), self.traceback_of(&e)];
        let Some(f) = self.prelude_function("_call_excepthook") else { return false };
        self.stack.clear();
        // It stays at the bottom of the stack until the hook has returned.
        self.stack.push(e);
        let [t, v, tb] = args;
        match self.call_step(f, &[hook, t, v, tb], Mode::Push, Val::empty()) {
            Ok(_) => true,
            Err(e) => {
                self.rt.uncaught.set(self.mc, e.0);
                true
            }
        }
    }
    /// Whether it is the prelude's function that calls the hook: what it raises itself is printed, and no hook hears of it.
    pub fn reports(f: &Func<'gc, M>) -> bool {
        Self::is_prelude(f) && &*f.code.co.name == "_report_unraisable"
    }
    /// Whether it is a function of the prelude that runs, whose own exceptions no hook hears of.
    pub fn is_prelude(f: &Func<'gc, M>) -> bool {
        &*f.code.co.filename == crate::PRELUDE_NAME
    }
    /// The arguments of a hook, checked: the exception, the message, the object.
    pub fn hook_arguments(&mut self, v: &V<'gc, M>) -> Option<(V<'gc, M>, Option<String>, V<'gc, M>)> {
        let class = self.class_of(v);
        if self.class_name(&class) != "UnraisableHookArgs" || v.kind() != Kind::Instance {
            return None;
        }
        let items = self.inner(v)?;
        let items = items.downcast_ref::<Tuple<'gc, M>>()?;
        let [_, value, _, message, object] = items.tail() else { return None };
        let message = message.downcast_ref::<Str>().map(|s| s.text().to_string());
        Some((value.clone(), message, object.clone()))
    }
}
