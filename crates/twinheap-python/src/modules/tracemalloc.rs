//! The `tracemalloc` module's natives, and the machine's side of it: which line is charged for what.
//!
//! ```text
//! heap      ──what became of blocks (`Mutation::block_events`)──▶ ┐
//! loop      ──which instruction runs (`trace_step`)─────────────▶ ├─ `Ledger`: address → (bytes, site), current, peak
//! list, dict, set, int ──"my buffer has another size"───────────▶ ┘
//! ```
//! * **Blocks** are noted by the heap, in order, handed out and freed. Before each instruction what was noted belongs to the
//!   one before: its site is the frame it ran in and those around it.
//! * **Sites** need the running frame's place, which the loop keeps in a local. So there are two loops: one as it always
//!   was, and one that writes the place down before each instruction (`run_as::<true>`). `start` and `stop` end the
//!   session, and the next one runs the other loop.
//! * **Buffers** (a list's items, the tables of dicts and sets, the digits of large integers) lie outside the heap. Whoever
//!   makes or resizes one says so; a buffer is a trace of its own, charged to the line that gave it its size, as
//!   CPython's realloc is. Not charged: buffers of files, suspended generators' stacks, classes' tables of names.
//! * Frames of the runtime's own sources are left out: what `list(generator)` allocates is charged to its caller, as it
//!   is where that is written in C. (Modules too that CPython has in Python: `functools`, `collections`, this one.)
//!
//! Off, this costs one predicted branch where a list, dict, set or large integer is made, and where a buffer may have
//! grown; the loop, the heap's fast paths and instances, strings, tuples cost nothing.
//!
//! Under `refcount` a trace ends with its object, so the sum is exact; under `tricolor` when the block has been swept, some
//! time after the collection that found it; under `null` never. Small integers and most floats are no objects and have no
//! trace.
//!
//! Not here: the tables (`ledger`), snapshots and statistics (`tracemalloc.py`).

pub mod ledger;

use crate::{
    object::*,
    value::Value,
    vm::{
        Args, E, R, Request, Vm,
        code::Exit,
        natives::{MANY, NativeDef, def, def_raw},
    },
};
use ledger::{Ledger, Site};
use std::{collections::HashMap, sync::Arc};
use twinheap::{Gc, OneMutator, Val, observe::BlockEvent};

/// The most frames that a traceback can be asked to have.
const FRAMES_MAX: i64 = 65535;

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// Runs until no more than `stop_at` frames are left.
    pub fn run(&mut self, stop_at: usize) -> Exit<'gc, M> {
        if self.tracing { self.run_as::<true>(stop_at) } else { self.run_as::<false>(stop_at) }
    }
    /// An instruction begins: the frame at `at` has gone on to `pc`.
    #[inline(always)]
    pub fn trace<const ON: bool>(&mut self, at: usize, pc: usize) {
        if ON {
            self.trace_step(at, pc as u32)
        }
    }
    fn trace_step(&mut self, at: usize, pc: u32) {
        if self.mc.has_block_events() {
            self.charge_blocks();
        }
        self.frames[at].pc = pc;
        if let Some(ledger) = &mut self.host.ledger {
            ledger.at = (at + 1, pc);
        }
    }
    /// Charges what became of blocks since the last time to the instruction that is running.
    pub fn charge_blocks(&mut self) {
        let Some(mut ledger) = self.host.ledger.take() else { return };
        let mut site = None;
        for event in self.mc.block_events() {
            match event {
                BlockEvent::HandedOut { address, block_bytes } => {
                    let site = *site.get_or_insert_with(|| self.site(&mut ledger));
                    ledger.handed_out(address, block_bytes, site)
                }
                BlockEvent::Freed { address } => ledger.freed(address),
            }
        }
        self.host.ledger = Some(ledger);
    }
    /// Where the program is.
    fn site(&self, ledger: &mut Ledger) -> u32 {
        let (depth, pc) = ledger.at;
        // The instruction may have entered a frame, or left its own.
        let left = self.frames.len() < depth;
        let frames = &self.frames[..depth.min(self.frames.len())];
        let mut site = Site { frames: Vec::new(), total: 0 };
        for (i, frame) in frames.iter().enumerate().rev() {
            let co = &frame.func.code.co.0;
            if &*co.filename == crate::PRELUDE_NAME {
                continue;
            }
            site.total += 1;
            if site.frames.len() < ledger.limit {
                let pc = if i + 1 == depth && !left { pc } else { frame.pc };
                site.frames.push((ledger.file(&co.filename), co.line(pc.saturating_sub(1) as usize)));
            }
        }
        if site.frames.is_empty() {
            site = Site { frames: vec![(ledger.file(&"<unknown>".into()), 0)], total: 1 };
        }
        ledger.site(site)
    }

    /// A list was made, or its buffer may have another size.
    #[inline(always)]
    pub fn list_resized(&mut self, l: &Gc<'gc, List<'gc, M>, M>) {
        if self.tracing {
            self.resized(l.address(), list_bytes(l))
        }
    }
    /// The same of a dict.
    #[inline(always)]
    pub fn dict_resized(&mut self, d: &Gc<'gc, Dict<'gc, M>, M>) {
        if self.tracing {
            self.resized(d.address(), dict_bytes(d))
        }
    }
    /// The same of a set.
    #[inline(always)]
    pub fn set_resized(&mut self, s: &Gc<'gc, Set<'gc, M>, M>) {
        if self.tracing {
            self.resized(s.address(), set_bytes(s))
        }
    }
    /// A large integer was made.
    #[inline(always)]
    pub fn big_made(&mut self, b: &Gc<'gc, Big, M>) {
        if self.tracing {
            self.resized(b.address(), big_bytes(b))
        }
    }
    #[cold]
    fn resized(&mut self, address: usize, bytes: usize) {
        self.charge_blocks();
        let Some(mut ledger) = self.host.ledger.take() else { return };
        if ledger.buffer_bytes(address) != bytes {
            let site = self.site(&mut ledger);
            ledger.resized(address, bytes, site);
        }
        self.host.ledger = Some(ledger);
    }
    /// The ledger, everything charged.
    fn ledger(&mut self) -> Option<&mut Ledger> {
        self.charge_blocks();
        self.host.ledger.as_deref_mut()
    }
}

fn list_bytes<'gc, M: OneMutator>(l: &List<'gc, M>) -> usize {
    l.items.borrow().capacity() * size_of::<V<'gc, M>>()
}
fn dict_bytes<M: OneMutator>(d: &Dict<'_, M>) -> usize {
    d.table.borrow().buffer_bytes()
}
fn set_bytes<M: OneMutator>(s: &Set<'_, M>) -> usize {
    s.table.borrow().buffer_bytes()
}
fn big_bytes(b: &Big) -> usize {
    b.0.0.bits().div_ceil(64) as usize * 8
}
/// Bytes of the buffers that an object has outside the heap.
pub fn buffer_bytes<'gc, M: OneMutator>(v: &V<'gc, M>) -> usize {
    use crate::value::Kind;
    match v.kind() {
        Kind::List => v.downcast_ref::<List<'gc, M>>().map_or(0, |l| list_bytes(l)),
        Kind::Dict => v.downcast_ref::<Dict<'gc, M>>().map_or(0, |d| dict_bytes(d)),
        Kind::Set => v.downcast_ref::<Set<'gc, M>>().map_or(0, |s| set_bytes(s)),
        Kind::BigInt => v.downcast_ref::<Big>().map_or(0, |b| big_bytes(b)),
        _ => 0,
    }
}

/// Refuses arguments, in CPython's words, for a function of a module that it has in C.
pub fn no_arguments<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, name: &str) -> R<'gc, M, ()> {
    if a.kw != 0 {
        return Err(vm.raise(E::TypeError, &format!("{name}() takes no keyword arguments")));
    }
    if a.n != 0 {
        return Err(vm.raise(E::TypeError, &format!("{name}() takes no arguments ({} given)", a.n)));
    }
    Ok(())
}
fn start<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    if a.kw != 0 {
        return Err(vm.raise(E::TypeError, "_tracemalloc.start() takes no keyword arguments"));
    }
    if a.n > 1 {
        return Err(vm.raise(E::TypeError, &format!("start expected at most 1 argument, got {}", a.n)));
    }
    let mut limit = 1;
    if a.n == 1 {
        limit = match vm.int_arg(a, 0) {
            Err(e) if vm.is_error(&e, E::OverflowError) => i64::MAX,
            out => out?,
        };
        if i32::try_from(limit).is_err() {
            return Err(vm.raise(E::OverflowError, "Python int too large to convert to C int"));
        }
    }
    if !(1..=FRAMES_MAX).contains(&limit) {
        return Err(vm.raise(E::ValueError, &format!("the number of frames must be in range [1; {FRAMES_MAX}]")));
    }
    if vm.tracing {
        return Ok(Val::none());
    }
    vm.host.trace_limit = limit as usize;
    vm.host.ledger = Some(Box::new(Ledger::new(limit as usize)));
    vm.tracing = true;
    vm.mc.record_blocks(true);
    vm.end_session(Request::Trace)
}
fn stop<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    no_arguments(vm, a, "_tracemalloc.stop")?;
    if !vm.tracing {
        return Ok(Val::none());
    }
    vm.mc.record_blocks(false);
    vm.tracing = false;
    vm.host.ledger = None;
    vm.end_session(Request::Trace)
}
fn is_tracing<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    no_arguments(vm, a, "_tracemalloc.is_tracing")?;
    Ok(Val::bool(vm.tracing))
}
fn get_traced_memory<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    no_arguments(vm, a, "_tracemalloc.get_traced_memory")?;
    let (current, peak) = vm.ledger().map_or((0, 0), |l| l.traced_bytes());
    vm.tuple(vec![Val::index(current), Val::index(peak)])
}
fn reset_peak<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    no_arguments(vm, a, "_tracemalloc.reset_peak")?;
    vm.ledger().map(Ledger::reset_peak);
    Ok(Val::none())
}
fn clear_traces<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    no_arguments(vm, a, "_tracemalloc.clear_traces")?;
    vm.ledger().map(Ledger::clear);
    Ok(Val::none())
}
fn get_tracemalloc_memory<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    no_arguments(vm, a, "_tracemalloc.get_tracemalloc_memory")?;
    let n = vm.ledger().map_or(0, |l| l.own_bytes());
    Ok(Val::index(n))
}
fn get_traceback_limit<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    no_arguments(vm, a, "_tracemalloc.get_traceback_limit")?;
    Ok(Val::index(vm.host.trace_limit))
}

/// A site's frames as Python sees them: the innermost first.
fn frames_of<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, frames: &[(Arc<str>, u32)]) -> R<'gc, M> {
    let mut items = Vec::with_capacity(frames.len());
    for (file, line) in frames {
        let file = Val::from_gc(vm.intern(file)?);
        items.push(vm.tuple(vec![file, Val::index(*line as usize)])?)
    }
    vm.tuple(items)
}
fn names_of(ledger: &Ledger, site: &Site) -> Vec<(Arc<str>, u32)> {
    site.frames.iter().map(|&(file, line)| (ledger.file_name(file).clone(), line)).collect()
}
/// `_get_object_traceback(obj)`
fn get_object_traceback<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let Some(address) = vm.arg_ref(a, 0).as_any().map(|any| any.address()) else { return Ok(Val::none()) };
    let found = vm.ledger().and_then(|l| {
        let charge = l.block(address)?;
        Some(names_of(l, l.site_at(charge.site)))
    });
    match found {
        Some(frames) => frames_of(vm, &frames),
        None => Ok(Val::none()),
    }
}
/// `_get_traces()`: (domain, bytes, frames, number of frames there were) of each block and buffer, oldest first.
fn get_traces<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    let mut rows = Vec::new();
    let mut sites: HashMap<u32, (Vec<(Arc<str>, u32)>, u32)> = HashMap::new();
    if let Some(l) = vm.ledger() {
        for charge in l.charges() {
            let site = l.site_at(charge.site);
            sites.entry(charge.site).or_insert_with(|| (names_of(l, site), site.total));
            rows.push((charge.bytes, charge.site))
        }
    }
    let mut made: HashMap<u32, V<'gc, M>> = HashMap::new();
    vm.reserve_many(rows.len(), 128)?;
    let mut items = Vec::with_capacity(rows.len());
    for (bytes, site) in rows {
        let (names, total) = &sites[&site];
        let frames = match made.get(&site) {
            Some(frames) => frames.clone(),
            None => {
                let frames = frames_of(vm, names)?;
                made.insert(site, frames.clone());
                frames
            }
        };
        items.push(vm.tuple(vec![Val::index(0), Val::index(bytes), frames, Val::index(*total as usize)])?)
    }
    vm.list(items)
}
/// `_check()`: how many charges differ from what the heap holds. For tests: a walk over the heap.
fn check<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    vm.charge_blocks();
    let mc = vm.mc;
    let Some(ledger) = &vm.host.ledger else { return Ok(Val::none()) };
    let (mut wrong, mut bytes) = (0, 0);
    mc.walk(|any| {
        let (address, block_bytes) = (any.address(), any.block_bytes());
        let buffer = buffer_bytes(&Val::from_any(any));
        if let Some(charge) = ledger.block(address) {
            wrong += (charge.bytes != block_bytes || ledger.buffer_bytes(address) != buffer) as usize;
            bytes += charge.bytes;
        }
        bytes += ledger.buffer_bytes(address);
    });
    // Every charge is for something that is there.
    wrong += (M::CONSTRAINTS.counted && bytes != ledger.traced_bytes().0) as usize;
    Ok(Val::index(wrong))
}
/// `_source_line(file, line)`: without its indentation and end, or empty.
fn source_line<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let file = vm.str_arg(a, 0, "filename")?;
    let line = vm.int_arg(a, 1)?;
    let text = vm.host.source_line(&file.text().into(), line.clamp(0, i64::from(u32::MAX)) as u32);
    vm.str(text.as_deref().unwrap_or("").trim())
}

/// Its natives.
pub fn natives<M: OneMutator>() -> Vec<NativeDef<M>> {
    vec![
        def_raw("start", 0, MANY, start),
        def_raw("stop", 0, MANY, stop),
        def_raw("is_tracing", 0, MANY, is_tracing),
        def_raw("get_traced_memory", 0, MANY, get_traced_memory),
        def_raw("reset_peak", 0, MANY, reset_peak),
        def_raw("clear_traces", 0, MANY, clear_traces),
        def_raw("get_tracemalloc_memory", 0, MANY, get_tracemalloc_memory),
        def_raw("get_traceback_limit", 0, MANY, get_traceback_limit),
        def("_get_object_traceback", 1, 1, get_object_traceback),
        def("_get_traces", 0, 0, get_traces),
        def("_check", 0, 0, check),
        def("_source_line", 2, 2, source_line),
    ]
}
