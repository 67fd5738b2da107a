//! Running a script from its file to its exit status: sessions one after another, and what happens between them.
//!
//! The loop runs on a thread of its own with a large stack, for what nests in Rust. Between sessions collections run,
//! programs sleep, and what a full heap or a full table of descriptors needs is done.

mod exit;

use crate::{
    host::Host,
    object::*,
    value::Value,
    vm::{E, Exc, Request, Runtime, Vm, hooks::Hook, interp::Exit},
};
use std::{
    collections::HashMap,
    io::{IsTerminal, Write},
    path::PathBuf,
    sync::atomic::AtomicBool,
};
use twinheap::{
    Cause, Config, Heap, Manager, Mutator, OneMutator, Rootable, Stats, Val,
    config::{CollectAt, Finalizers},
};

/// What to run, and how.
pub struct Options {
    /// The script.
    pub path: PathBuf,
    /// `sys.argv` after the script's name.
    pub argv: Vec<String>,
    /// The heap's knobs; who finalizes and where collections run is decided here.
    pub config: Config,
    /// Set by whoever hears Ctrl-C; the loop takes it and raises `KeyboardInterrupt`.
    pub interrupt: Option<&'static AtomicBool>,
}

/// How it went.
pub struct Outcome {
    /// 0, 1 after an exception, or what the program asked for.
    pub exit_status: i32,
    /// The heap's figures at the end.
    pub stats: Stats,
    /// The program was ended by Ctrl-C.
    pub interrupted: bool,
    /// The most descriptors the process had open at once; none if the program opened no file.
    pub peak_open_descriptors: Option<u64>,
}

/// Why a script could not be begun.
#[derive(Debug)]
pub enum StartError {
    /// The script cannot be read.
    Script(std::io::Error),
    /// A knob has a value that cannot be.
    Config(String),
    /// No such manager.
    Manager(String),
}
impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StartError::Script(e) => e.fmt(f),
            StartError::Config(e) => f.write_str(e),
            StartError::Manager(m) => write!(f, "no manager `{m}` runs scripts"),
        }
    }
}
impl std::error::Error for StartError {}

/// The family of the root object.
pub struct Root;
impl<M: OneMutator> Rootable<M> for Root {
    type Root<'gc> = Runtime<'gc, M>;
}

/// Bytes of the loop's stack: address space, not memory.
const STACK_BYTES: usize = 512 << 20;
/// Loops allowed on it.
const NEST_LIMIT: u32 = 900;
/// Relief inside the finalizers of a relief.
const RELIEF_DEPTH: u32 = 4;
/// Collections for one relief, while finalizers run.
const RELIEF_ROUNDS: u32 = 4;

/// Runs a script under the manager of this name.
///
/// # Errors
/// [`StartError`] when it could not be begun; a program that fails is an [`Outcome`].
pub fn run_named(manager: &str, options: Options) -> Result<Outcome, StartError> {
    match manager {
        "refcount" => run::<twinheap::RefCount>(options),
        "tricolor" => run::<twinheap::TricolorSolo>(options),
        "null" => run::<twinheap::Null>(options),
        other => Err(StartError::Manager(other.to_string())),
    }
}

/// Runs a script under `M`.
///
/// # Errors
/// [`StartError`] when it could not be begun; a program that fails is an [`Outcome`].
pub fn run<M: OneMutator>(options: Options) -> Result<Outcome, StartError> {
    let source = std::fs::read(&options.path).map_err(StartError::Script)?;
    options.config.validate().map_err(|e| StartError::Config(e.to_string()))?;
    let mut options = Some(options);
    let mut source = Some(source);
    for stack in [STACK_BYTES, 64 << 20, 8 << 20] {
        let (Some(o), Some(s)) = (options.take(), source.take()) else { break };
        let cell = std::sync::Arc::new(std::sync::Mutex::new(Some((o, s))));
        let inside = cell.clone();
        let thread = std::thread::Builder::new().name("python".into()).stack_size(stack).spawn(move || {
            let job = inside.lock().ok().and_then(|mut c| c.take());
            job.map(|(o, s)| drive::<M>(o, &s, stack))
        });
        match thread {
            Ok(t) => match t.join() {
                Ok(Some(outcome)) => return outcome,
                Ok(None) => break,
                Err(panic) => std::panic::resume_unwind(panic),
            },
            Err(_) => {
                let back = cell.lock().ok().and_then(|mut c| c.take());
                let Some((o, s)) = back else { break };
                (options, source) = (Some(o), Some(s));
            }
        }
    }
    Err(StartError::Config("no memory for the interpreter's stack".into()))
}

struct Driver<M: OneMutator> {
    mutator: Mutator<Root, M>,
    host: Option<Box<Host>>,
    /// How often finalizers have run.
    ran: u64,
}

enum After {
    Done,
    Raised,
    Yield,
    Request(Request),
}

impl<M: OneMutator> Driver<M> {
    /// One session.
    fn session<O>(&mut self, f: impl for<'gc> FnOnce(&mut Vm<'gc, M>) -> O) -> O {
        let Some(host) = self.host.take() else { unreachable!("sessions do not nest") };
        let (out, host) = self.mutator.mutate(|mc, rt| {
            let mut vm = Vm::new(mc, rt, host);
            let out = f(&mut vm);
            (out, vm.finish())
        });
        self.host = Some(host);
        out
    }
    fn host(&mut self) -> &mut Host {
        self.host.as_mut().unwrap_or_else(|| unreachable!("between sessions it is here"))
    }
    /// Runs until `stop_at` frames are left; false when an exception left the last one (`rt.uncaught`).
    fn run_to(&mut self, stop_at: usize) -> bool {
        loop {
            let after = self.session(|vm| match vm.run(stop_at) {
                Exit::Done => After::Done,
                Exit::Raised(e) => {
                    vm.rt.uncaught.set(vm.mc, e.0);
                    After::Raised
                }
                Exit::Yield => After::Yield,
                Exit::Request(r) => After::Request(r),
            });
            match after {
                After::Done => return true,
                After::Raised => return false,
                After::Yield => self.between(),
                After::Request(Request::Collect(generation)) => {
                    let n = self.collect(generation, Cause::Asked);
                    self.session(|vm| vm.stack.push(Val::index(n)));
                }
                After::Request(Request::Relieve) => {
                    let depth = self.relieve();
                    self.host().relieved = Some(depth);
                }
                After::Request(Request::Wait) => self.wait(),
                After::Request(Request::Sleep(seconds)) => {
                    self.sleep(seconds);
                    self.session(|vm| vm.stack.push(Val::none()));
                }
                // The session that begins runs the loop that traces, or the one that does not.
                After::Request(Request::Trace) => self.session(|vm| vm.stack.push(Val::none())),
            }
        }
    }
    /// Collects for somebody who has no room. What finalizers kept alive until they had run goes with one more
    /// collection. The frames that there are.
    fn relieve(&mut self) -> usize {
        // Finalizers that run out of room themselves, one inside another's relief: the innermost run no others.
        if self.host().relief_depth < RELIEF_DEPTH {
            self.host().relief_depth += 1;
            for _ in 0..RELIEF_ROUNDS {
                let before = self.ran;
                self.collect(2, Cause::Limit);
                if self.ran == before {
                    break;
                }
            }
            self.host().relief_depth -= 1;
        } else {
            self.mutator.collect(twinheap::Request { generation: 2, save_all: false, cause: Cause::Limit });
        }
        self.session(|vm| vm.frames.len())
    }
    /// Waits for what a native wants to read, or for Ctrl-C.
    fn wait(&mut self) {
        let host = self.host();
        if let Some(file) = host.waiting.take() {
            host.wait_readable(&file);
        }
        host.check_interrupt = true;
    }
    fn sleep(&mut self, seconds: f64) {
        let host = self.host();
        host.sleep(seconds);
        host.check_interrupt = true;
    }
    /// A session was asked to end: collects, if a collection is due by itself.
    fn between(&mut self) {
        let due = self.session(|vm| {
            if vm.host.collecting {
                return None;
            }
            let due = vm.mc.due()?;
            let quiet = !vm.is_watched();
            if !quiet {
                vm.push_gc_run(due);
            }
            Some((due, quiet))
        });
        if let Some((generation, true)) = due {
            self.collect(generation, Cause::Threshold);
        } else if due.is_none() && self.host().collecting {
            // Inside a collection's own callbacks: the next one waits.
        }
        if !M::CONSTRAINTS.counted {
            self.drain();
        }
    }
    /// One collection, its finalizers included; the objects it found.
    fn collect(&mut self, generation: u8, cause: Cause) -> usize {
        let outer = std::mem::replace(&mut self.host().collecting, true);
        let save_all = self.host().gc_debug & crate::modules::gc::SAVEALL != 0;
        let mut n = 0;
        if save_all && !M::CONSTRAINTS.counted {
            // Managers that trace keep nothing by themselves: what cannot be reached is put into `gc.garbage` first.
            n = self.session(|vm| vm.save_unreachable());
        }
        let save_all = save_all && M::CONSTRAINTS.counted;
        let request = twinheap::Request { generation, save_all, cause };
        let mut done = self.mutator.collect(request);
        n += done.objects;
        loop {
            self.drain();
            if !done.pending {
                break;
            }
            match self.mutator.finish_collection() {
                Some(more) => {
                    n += more.objects;
                    done = more;
                }
                None => break,
            }
        }
        self.host().collecting = outer;
        n
    }
    /// Runs what user code has to do for dead objects, until nothing is left.
    fn drain(&mut self) {
        loop {
            let (pending, depth) = self.session(|vm| (vm.mc.has_pending() || !vm.todo.is_empty(), vm.frames.len()));
            if !pending {
                return;
            }
            // What waits for frames below is not ours to begin.
            let before = self.session(|vm| (vm.todo.len(), vm.mc.has_pending()));
            self.run_to(depth);
            self.ran += 1;
            let after = self.session(|vm| (vm.todo.len(), vm.mc.has_pending()));
            if before == after && !after.1 {
                return;
            }
        }
    }
    /// Calls a function of a module dict with no arguments, if it is there.
    fn call(
        &mut self,
        f: impl for<'gc> FnOnce(&mut Vm<'gc, M>) -> Option<(V<'gc, M>, Vec<V<'gc, M>>)>,
    ) -> Option<bool> {
        let depth = self.session(|vm| {
            let depth = vm.frames.len();
            let (f, args) = f(vm)?;
            vm.start_call(f, args);
            Some(depth)
        })?;
        Some(self.run_to(depth))
    }
}

impl<M: OneMutator> Driver<M> {
    /// Reports the exception that nobody caught, by `sys.excepthook`; exit status, and whether it was Ctrl-C.
    fn uncaught(&mut self) -> (i32, bool) {
        let (begun, status) = self.session(|vm| {
            let e = Exc(vm.rt.uncaught.get());
            let status = if vm.is_error(&e, E::KeyboardInterrupt) { (130, true) } else { (1, false) };
            let ends = vm.is_error(&e, E::SystemExit) || vm.is_error(&e, E::BrokenPipeError) && vm.host.out_broken;
            (!ends && vm.begin_excepthook(), status)
        });
        if !begun {
            return self.session(report);
        }
        let fine = self.run_to(0);
        self.session(|vm| {
            if !fine {
                let e = Exc(vm.rt.uncaught.get());
                if vm.is_error(&e, E::SystemExit) {
                    return report(vm);
                }
                let original = vm.stack.first().cloned().unwrap_or_default();
                let mut text = String::from("Error in sys.excepthook:\n");
                vm.format_exception(&e.0, &mut text);
                text.push_str("\nOriginal exception was:\n");
                vm.format_exception(&original, &mut text);
                vm.write_stderr(&text);
            }
            vm.rt.uncaught.set(vm.mc, Val::empty());
            vm.stack.clear();
            status
        })
    }
}

fn drive<M: OneMutator>(options: Options, source: &[u8], stack: usize) -> Result<Outcome, StartError> {
    let Options { path, argv, mut config, interrupt } = options;
    config.finalizers = Finalizers::Manual;
    config.collect_at = CollectAt::Safepoints;
    // Sessions are the loop's, not the program's: it can do nothing about them.
    config.session_limit = None;
    let sane_bytes = config.max_heap_bytes.unwrap_or_else(memory_bytes);
    let heap =
        Heap::<Root, M>::new(config, |mc| crate::vm::boot::boot(mc)).map_err(|e| StartError::Config(e.to_string()))?;
    let mutator = heap.mutator().map_err(|e| StartError::Config(e.to_string()))?;
    let shown = path.to_string_lossy().into_owned();
    let host = Host {
        out: Vec::with_capacity(1 << 16),
        line_buffered: std::io::stdout().is_terminal(),
        out_failed: false,
        err: Vec::new(),
        warned: Default::default(),
        out_broken: false,
        builtin_names: Vec::new(),
        argv: std::iter::once(shown.clone()).chain(argv).collect(),
        recursion_limit: 1000,
        nest_limit: NEST_LIMIT.min((stack / (512 << 10)) as u32).max(8),
        sane_bytes,
        interrupt,
        gc_debug: 0,
        held_automatic: None,
        collecting: false,
        check_interrupt: false,
        relieved: None,
        relief_depth: 0,
        waiting: None,
        prompted: false,
        lost_frames: (0, Vec::new()),
        ledger: None,
        trace_limit: 1,
        sources: HashMap::new(),
        started: std::time::Instant::now(),
        folder: path.parent().map_or_else(PathBuf::new, PathBuf::from),
        manager: <M as Manager>::NAME,
        counted: M::CONSTRAINTS.counted,
        printing: false,
        text: String::new(),
        compare_depth: 0,
        repr_of: Vec::new(),
        descriptors_peak: 0,
    };
    let mut d = Driver { mutator, host: Some(Box::new(host)), ran: 0 };
    let booted = d.session(|vm| match vm.begin() {
        Ok(()) => Ok(()),
        Err(e) => Err(vm.exception_line(&e.0)),
    });
    if let Err(text) = booted {
        return Err(StartError::Config(format!("the runtime could not start: {text}")));
    }
    let co = match crate::compile_source(source, &shown) {
        Ok(co) => co,
        Err(e) => {
            let _ = writeln!(std::io::stderr(), "{e}");
            return Ok(Outcome {
                exit_status: 1,
                stats: d.mutator.stats(),
                interrupted: false,
                peak_open_descriptors: None,
            });
        }
    };
    if !M::CONSTRAINTS.counted {
        // What starting left behind is not the program's: `gc.collect()` counts its own.
        d.collect(2, Cause::Exit);
    }
    let begun = d.session(|vm| match vm.begin_main(&co, &shown) {
        Ok(()) => None,
        Err(e) => Some(vm.exception_line(&e.0)),
    });
    let (mut exit_status, mut interrupted) = (0, false);
    if let Some(text) = begun {
        let _ = writeln!(std::io::stderr(), "{text}");
        exit_status = 1;
    } else if !d.run_to(0) {
        (exit_status, interrupted) = d.uncaught();
    } else {
        d.session(|vm| {
            vm.stack.clear();
        });
    }
    drop(co);
    d.host().lost_frames.1.clear();
    // At exit: handlers, last first; then a collection; then the module's variables, in CPython's order.
    for n in (0..d.session(|vm| vm.rt.atexit.items.borrow().len())).rev() {
        // What a handler registers is not called (CPython 3.13 `atexit_callfuncs`).
        if d.call(|vm| vm.atexit_handler(n)) == Some(false) {
            d.session(|vm| {
                vm.stack.clear();
                vm.report_atexit()
            });
            d.run_to(0);
        }
        d.session(|vm| vm.stack.clear());
    }
    d.session(|vm| {
        vm.rt.exiting.set(vm.mc, Val::empty());
        let handlers = std::mem::take(&mut **vm.rt.atexit.items.borrow_mut(vm.mc));
        drop(handlers)
    });
    d.drain();
    // What follows is the program's end: nothing of its own is held up by it.
    let holdups = d.mutator.stats().holdups;
    let enabled = d.session(|vm| vm.mc.control(twinheap::object::managed::Command::Read).automatic);
    if enabled || !M::CONSTRAINTS.counted {
        // The one that the program can see.
        if d.session(|vm| vm.is_watched()) {
            d.session(|vm| vm.push_gc_run(2));
            d.run_to(0);
            d.session(|vm| vm.stack.clear());
        } else {
            d.collect(2, Cause::Exit);
        }
    }
    if d.session(|vm| vm.flush_standard()) {
        exit_status = 120
    }
    // If the program's `sys.unraisablehook` was told.
    d.run_to(0);
    if M::CONSTRAINTS.counted {
        d.finalize_modules();
    }
    // What was printed since: by now nobody is told.
    let _ = d.host().flush();
    let stats = Stats { holdups, ..d.mutator.stats() };
    let peak_open_descriptors = d.host.as_ref().map(|host| host.descriptors_peak).filter(|&peak| peak > 0);
    Ok(Outcome { exit_status, stats, interrupted, peak_open_descriptors })
}

/// Prints the exception that nobody caught; exit status, and whether it was Ctrl-C.
fn report<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>) -> (i32, bool) {
    let e = Exc(vm.rt.uncaught.take(vm.mc));
    vm.stack.clear();
    if vm.is_error(&e, E::SystemExit) {
        let code = vm.stop_value(&e);
        let code = if code.is_none() { Val::index(0) } else { code };
        return match code.as_int().or(code.as_bool().map(|b| b as i64)) {
            Some(i) => ((i & 0xff) as i32, false),
            None => {
                let text = vm.str_text(&code).unwrap_or_default();
                let _ = vm.host.flush();
                let _ = vm.host.write_err((text + "\n").as_bytes());
                (1, false)
            }
        };
    }
    if vm.is_error(&e, E::BrokenPipeError) && vm.host.out_broken {
        // Whoever read our output has gone: nothing to tell anybody.
        return (0, false);
    }
    let mut text = String::new();
    if matches!(vm.hook("excepthook"), Hook::Missing) {
        text.push_str("sys.excepthook is missing\n")
    }
    vm.format_exception(&e.0, &mut text);
    vm.write_stderr(&text);
    if vm.is_error(&e, E::KeyboardInterrupt) { (130, true) } else { (1, false) }
}

/// More than the machine has is never asked for.
fn memory_bytes() -> usize {
    let total = std::fs::read_to_string("/proc/meminfo").ok().and_then(|t| {
        let line = t.lines().find(|l| l.starts_with("MemTotal:"))?;
        line.split_whitespace().nth(1)?.parse::<usize>().ok()
    });
    total.map_or(1 << 34, |kib| kib * 1024)
}

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// What must be there before any program runs.
    fn begin(&mut self) -> Result<(), Exc<'gc, M>> {
        self.make_spare()?;
        let prelude = self.rt.prelude.clone();
        crate::modules::run_source(self, crate::builtins::PRELUDE, prelude.clone())?;
        let builtins = self.rt.builtins.clone();
        for name in ["any", "all", "map", "filter"] {
            let n = self.intern(name)?;
            if let Some(f) = self.dict_get_name(&prelude, &n) {
                self.dict_set_name(&builtins, &n, f)
            }
        }
        crate::modules::find(self, "builtins")?;
        crate::modules::find(self, "gc")?;
        self.host.builtin_names = builtins.table.borrow().iter().map(|e| e.key.bits()).collect();
        Ok(())
    }
    fn begin_main(&mut self, co: &std::sync::Arc<crate::bytecode::CodeObject>, path: &str) -> Result<(), Exc<'gc, M>> {
        let m = self.new_module("__main__")?;
        let Some(dict) = self.module_dict(&m) else { return Ok(()) };
        let file = self.str(path)?;
        self.dict_set_text(&dict, "__file__", file)?;
        self.dict_set_text(&dict, "__annotations__", Val::none())?;
        let annotations = self.dict(Default::default())?;
        self.dict_set_text(&dict, "__annotations__", Val::from_gc(annotations))?;
        let builtins = self.intern("builtins")?;
        if let Some(b) = self.dict_get_name(&self.rt.modules, &builtins) {
            self.dict_set_text(&dict, "__builtins__", b)?
        }
        let modules = self.rt.modules.clone();
        self.note_module(&m);
        self.dict_set_text(&modules, "__main__", m)?;
        self.rt.main.set(self.mc, Some(dict.clone()));
        let code = self.load_code(co)?;
        let f = self.function(code, dict)?;
        self.start_call(f, vec![]);
        Ok(())
    }
    /// Pushes a frame for a call, or the result of one that needs none; errors become the uncaught exception's text.
    fn start_call(&mut self, f: V<'gc, M>, args: Vec<V<'gc, M>>) {
        let depth = self.frames.len();
        match self.call_step(f, &args, Mode::Push, Val::empty()) {
            Ok(crate::vm::Step::Value(v)) => self.stack.push(v),
            Ok(crate::vm::Step::Pushed) => {}
            Err(e) => {
                let _ = depth;
                self.unraisable(&e.0, &Val::none())
            }
        }
    }
    /// Whether the program asked to hear of collections.
    fn is_watched(&self) -> bool {
        !self.rt.callbacks.items.borrow().is_empty() || self.host.gc_debug != 0
    }
    /// CPython 3.13 `_PyGC_DumpShutdownStats`; its warning is one of those that are not shown.
    fn list_garbage(&mut self) {
        let debug = self.host.gc_debug;
        if self.rt.garbage.items.borrow().is_empty() || debug & 4 == 0 || debug & crate::modules::gc::SAVEALL != 0 {
            return;
        }
        let garbage = Val::from_gc(self.rt.garbage.clone());
        let text = self.repr_text(&garbage).unwrap_or_default();
        self.write_stderr(&format!("      {text}\n"))
    }
    /// A frame that runs an automatic collection with its callbacks.
    fn push_gc_run(&mut self, generation: u8) {
        let Ok(run) = self.intern("_run") else { return };
        if let Some(f) = self.dict_get_name(&self.rt.gc, &run)
            && let Err(e) = self.call_step(f, &[Val::index(generation as usize)], Mode::Drop, Val::empty())
        {
            self.unraisable(&e.0, &Val::none())
        }
    }
    /// The exception that left the handler which `atexit_handler` gave last.
    fn report_atexit(&mut self) {
        let e = self.rt.uncaught.take(self.mc);
        let f = self.rt.exiting.take(self.mc);
        let f = self.repr_text(&f).unwrap_or_else(|_| "<object repr() failed>".into());
        self.unraisable_said(&e, &format!("Exception ignored in atexit callback {f}"))
    }
    fn atexit_handler(&mut self, n: usize) -> Option<(V<'gc, M>, Vec<V<'gc, M>>)> {
        let entry = self.rt.atexit.items.borrow().get(n).cloned()?;
        let f = self.item(&entry, 0)?;
        self.rt.exiting.set(self.mc, f.clone());
        let args = self.item(&entry, 1)?;
        let mut args = args.downcast_ref::<Tuple<'gc, M>>().map_or(Vec::new(), |t| t.tail().to_vec());
        let kw = self.item(&entry, 2)?;
        if let Some(d) = kw.downcast_ref::<Dict<'gc, M>>()
            && !d.table.borrow().is_empty()
        {
            // With keywords: by a helper that takes them as a dict.
            let name = self.intern("_call_kw").ok()?;
            let helper = self.dict_get_name(&self.rt.prelude, &name)?;
            let t = self.tuple(args).ok()?;
            args = vec![f, t, kw];
            return Some((helper, args));
        }
        Some((f, args))
    }
}
