//! The machine: what it is made of ([`Runtime`], the heap's root), and what a session of it holds ([`Vm`]).
//!
//! A session takes the operand stack and the frames out of the root (that first borrow is the stack scan), runs
//! instructions (`vm/interp.rs`), and puts them back. A session ends only when no Rust frame but the loop's is on the
//! Rust stack; natives that must nest say so by [`Vm::call`], and no session ends meanwhile.
//!
//! `interp` the loop ← `call` calls and frames · `code` code objects · `attr` attributes · `name` globals · `ops` operators · `iter`
//! iteration · `generator` · `exc` exceptions · `hooks` those
//! nobody catches · `warn` warnings · `class` making classes · `hash` keys · `text` repr and str · `boot` the
//! root's making · `natives` functions in Rust.

pub mod attr;
pub mod boot;
pub mod call;
pub mod class;
pub mod code;
pub mod exc;
pub mod generator;
pub mod hash;
pub mod hooks;
pub mod interp;
pub mod iter;
pub mod name;
pub mod natives;
pub mod ops;
pub mod relief;
pub mod subscr;
pub mod text;
pub mod warn;

use crate::{
    host::Host,
    object::*,
    types::{dict::Table, names::N, weak::of},
    value::{Kind, Value},
};
use num_bigint::BigInt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use twinheap::{Full, Gc, GcCell, Lifo, Mutation, OneMutator, Slot, Static, Trace, Val, ValSlot, WeakBox};

pub use boot::{E, T};
pub use natives::{Args, Native};

/// An exception on its way: the object, or a word that asks the loop for something ([`Ask`]).
pub struct Exc<'gc, M: OneMutator>(pub V<'gc, M>);
/// What fallible functions answer.
pub type R<'gc, M, O = Val<'gc, M>> = Result<O, Exc<'gc, M>>;

/// What an operation came to: its value, or a frame that will push it.
pub enum Step<'gc, M: OneMutator> {
    /// The value.
    Value(V<'gc, M>),
    /// A frame was pushed; its result is the operation's.
    Pushed,
}

/// What the loop is asked for outside of a session.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Request {
    /// Collect this generation; the answer is the number of objects.
    Collect(u8),
    /// Collect because of a limit, then run the same instruction again.
    Relieve,
    /// Wait until what [`Host::waiting`] holds can be read, then run the same instruction again.
    Wait,
    /// Sleep so many seconds.
    Sleep(f64),
    /// Go on in the loop that traces, or in the one that does not.
    Trace,
}

/// The heap's root object.
#[derive(Trace)]
#[allow(missing_docs)]
pub struct Runtime<'gc, M: OneMutator> {
    pub stack: GcCell<Vec<V<'gc, M>>, M>,
    pub frames: GcCell<Vec<Frame<'gc, M>>, M>,
    pub todo: GcCell<Vec<Todo<'gc, M>>, M>,
    pub types: Vec<Gc<'gc, Class<'gc, M>, M>>,
    pub errors: Vec<Gc<'gc, Class<'gc, M>, M>>,
    pub names: Vec<Gc<'gc, Str, M>>,
    pub interned: GcCell<std::collections::HashMap<Box<str>, Gc<'gc, Str, M>, crate::types::dict::Fast>, M>,
    pub chars: Vec<Gc<'gc, Str, M>>,
    pub empty_str: Gc<'gc, Str, M>,
    pub empty_tuple: Gc<'gc, Tuple<'gc, M>, M>,
    pub builtins: Gc<'gc, Dict<'gc, M>, M>,
    pub modules: Gc<'gc, Dict<'gc, M>, M>,
    pub prelude: Gc<'gc, Dict<'gc, M>, M>,
    pub main: Slot<'gc, Dict<'gc, M>, M>,
    /// The modules of the program, in the order of their imports: where they are, if they are, once it has ended and they
    /// have been let go.
    pub own_modules: GcCell<Vec<Gc<'gc, WeakBox<'gc, (), M>, M>>, M>,
    /// The exception being handled.
    pub handled: ValSlot<'gc, M>,
    /// The exception that nobody caught.
    pub uncaught: ValSlot<'gc, M>,
    /// The handler that runs at exit.
    pub exiting: ValSlot<'gc, M>,
    pub atexit: Gc<'gc, List<'gc, M>, M>,
    pub callbacks: Gc<'gc, List<'gc, M>, M>,
    pub garbage: Gc<'gc, List<'gc, M>, M>,
    /// The names of the module `gc`, as they were made.
    pub gc: Gc<'gc, Dict<'gc, M>, M>,
    pub version: AtomicU32,
    /// `list.append`, which the loop knows.
    pub append: V<'gc, M>,
    /// The `MemoryError` for when there is no memory to make one.
    pub spare: ValSlot<'gc, M>,
}

/// Nobody listens to Ctrl-C.
static NO_INTERRUPT: AtomicBool = AtomicBool::new(false);

/// One session of the machine.
pub struct Vm<'gc, M: OneMutator> {
    /// The session.
    pub mc: &'gc Mutation<'gc, M>,
    /// The root.
    pub rt: &'gc Runtime<'gc, M>,
    /// The operand stack, slots included.
    pub stack: Vec<V<'gc, M>>,
    /// What runs; the last one is running.
    pub frames: Vec<Frame<'gc, M>>,
    /// Finalizers and callbacks that wait, the next one last.
    pub todo: Vec<Todo<'gc, M>>,
    /// What is not in the heap.
    pub host: Box<Host>,
    /// `tracemalloc` is on.
    pub tracing: bool,
    /// Loops below this one on the Rust stack.
    pub nest: u32,
    /// Names of the keyword arguments of the call in preparation.
    pub kwnames: Option<Gc<'gc, Tuple<'gc, M>, M>>,
    /// What a native asked for by answering [`Ask`]'s word.
    pub ask: Option<Ask<'gc, M>>,
    /// Somebody pressed Ctrl-C.
    pub interrupt: &'static AtomicBool,
    /// The last error that a collection may cure, if it is still on its way to the loop.
    pub wants: V<'gc, M>,
    /// The running instruction has done what must not be done twice.
    pub dirty: bool,
    /// The instruction after the one that the innermost frame is at, as of its last call or operation of the general sort.
    pub pc: u32,
    /// An instruction of the outermost loop is about to call.
    pub calling: bool,
    /// What it took from the stack.
    pub held: relief::Held<'gc, M>,
}

/// What a native can ask of the loop instead of answering.
pub enum Ask<'gc, M: OneMutator> {
    /// Call this; the result is the native's.
    Call(V<'gc, M>, Vec<V<'gc, M>>),
    /// The same with keywords: the last values are named.
    CallKw(V<'gc, M>, Vec<V<'gc, M>>, Gc<'gc, Tuple<'gc, M>, M>),
    /// End the session.
    End(Request),
    /// A frame is pushed already.
    Pushed,
}

/// The word of an [`Exc`] that stands for `vm.ask`.
const ASK: u64 = 1000 << 3 | 7;

impl<'gc, M: OneMutator> Exc<'gc, M> {
    /// Whether it is a request and no exception.
    #[inline(always)]
    pub fn is_ask(&self) -> bool {
        self.0.bits() == ASK
    }
}

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// Begins a session's work.
    pub fn new(mc: &'gc Mutation<'gc, M>, rt: &'gc Runtime<'gc, M>, host: Box<Host>) -> Self {
        let stack = std::mem::take(&mut *rt.stack.borrow_mut(mc));
        let frames = std::mem::take(&mut *rt.frames.borrow_mut(mc));
        let todo = std::mem::take(&mut *rt.todo.borrow_mut(mc));
        let tracing = host.ledger.is_some();
        let interrupt = host.interrupt.unwrap_or(&NO_INTERRUPT);
        Vm {
            mc,
            rt,
            stack,
            frames,
            todo,
            host,
            tracing,
            nest: 0,
            kwnames: None,
            ask: None,
            interrupt,
            wants: Val::empty(),
            dirty: false,
            pc: 0,
            calling: false,
            held: relief::Held::default(),
        }
    }
    /// Ends it: everything goes back into the root.
    pub fn finish(self) -> Box<Host> {
        *self.rt.stack.borrow_mut(self.mc) = self.stack;
        *self.rt.frames.borrow_mut(self.mc) = self.frames;
        *self.rt.todo.borrow_mut(self.mc) = self.todo;
        self.host
    }
    /// Asks the loop to call `callee`; what it answers is the caller's answer.
    pub fn tail_call<T>(&mut self, callee: V<'gc, M>, args: Vec<V<'gc, M>>) -> R<'gc, M, T> {
        self.ask = Some(Ask::Call(callee, args));
        Err(Exc(Val::payload(ASK)))
    }
    /// The same with keywords.
    pub fn tail_call_kw<T>(
        &mut self,
        callee: V<'gc, M>,
        args: Vec<V<'gc, M>>,
        names: Gc<'gc, Tuple<'gc, M>, M>,
    ) -> R<'gc, M, T> {
        self.ask = Some(Ask::CallKw(callee, args, names));
        Err(Exc(Val::payload(ASK)))
    }
    /// Says that the frame just pushed answers for the native.
    pub fn pushed<T>(&mut self) -> R<'gc, M, T> {
        self.ask = Some(Ask::Pushed);
        Err(Exc(Val::payload(ASK)))
    }
    /// Asks the loop to end the session.
    pub fn end_session<T>(&mut self, request: Request) -> R<'gc, M, T> {
        self.ask = Some(Ask::End(request));
        Err(Exc(Val::payload(ASK)))
    }

    // ---- making values ----------------------------------------------------------------------------------------------
    /// A new object.
    #[inline(always)]
    pub fn alloc<O: Trace<'gc, M>>(&mut self, value: O) -> R<'gc, M, Gc<'gc, O, M>> {
        match Gc::try_new(self.mc, value) {
            Ok(gc) => Ok(gc),
            Err(no_room) => Err(self.no_memory(no_room.full)),
        }
    }
    /// A new object, as a value.
    #[inline(always)]
    pub fn make<O: Trace<'gc, M>>(&mut self, value: O) -> R<'gc, M> {
        Ok(Val::from_gc(self.alloc(value)?))
    }
    /// `MemoryError`.
    #[cold]
    pub fn no_memory(&mut self, _: Full) -> Exc<'gc, M> {
        self.memory_error()
    }
    /// Refuses to take `bytes` more if that would pass a limit, or makes no sense at all.
    #[inline]
    pub fn reserve(&mut self, bytes: usize) -> R<'gc, M, ()> {
        if bytes < 4096 {
            return Ok(());
        }
        self.reserve_large(bytes)
    }
    #[cold]
    fn reserve_large(&mut self, bytes: usize) -> R<'gc, M, ()> {
        // More than the machine has: the system would say yes and kill us later.
        if bytes > self.host.sane_bytes || self.mc.reserve_outside(bytes).is_err() {
            return Err(self.memory_error());
        }
        // The system may have less to give than the machine has (`ulimit -v`), and most buffers abort when it refuses:
        // ask with one that is given back untouched.
        if bytes >= 1 << 22 {
            let mut trial = Vec::<u8>::new();
            if std::hint::black_box(&mut trial).try_reserve_exact(bytes).is_err() {
                return Err(self.memory_error());
            }
        }
        Ok(())
    }
    /// The same for `n` things of `size` bytes.
    #[inline]
    pub fn reserve_many(&mut self, n: usize, size: usize) -> R<'gc, M, ()> {
        self.reserve(n.saturating_mul(size))
    }
    /// Appends to a text in the making; where that takes a larger buffer, asks first.
    #[inline]
    pub fn push_text(&mut self, out: &mut String, more: &str) -> R<'gc, M, ()> {
        if out.capacity() - out.len() < more.len() {
            // The old buffer is alive while the new one, at least twice as large, is filled.
            self.reserve_many(out.len().max(more.len()), 2)?;
        }
        out.push_str(more);
        Ok(())
    }
    /// The same for `n` times one character.
    pub fn push_fill(&mut self, out: &mut String, fill: char, n: usize) -> R<'gc, M, ()> {
        let bytes = n.saturating_mul(fill.len_utf8());
        if out.capacity() - out.len() < bytes {
            self.reserve_many(out.len().max(bytes), 2)?;
        }
        out.extend(std::iter::repeat_n(fill, n));
        Ok(())
    }
    /// An integer.
    #[inline(always)]
    pub fn int(&mut self, i: i64) -> R<'gc, M> {
        match Val::small(i) {
            Some(v) => Ok(v),
            None => self.big(BigInt::from(i)),
        }
    }
    /// An integer.
    #[cold]
    pub fn big(&mut self, i: BigInt) -> R<'gc, M> {
        if let Ok(small) = i64::try_from(&i)
            && let Some(v) = Val::small(small)
        {
            return Ok(v);
        }
        let b = self.alloc(Big(Static(i)))?;
        self.big_made(&b);
        Ok(Val::from_gc(b))
    }
    /// A float.
    #[inline(always)]
    pub fn float(&mut self, f: f64) -> R<'gc, M> {
        match Val::packed(f) {
            Some(v) => Ok(v),
            None => self.make(BoxedFloat(f)),
        }
    }
    /// A string.
    pub fn str(&mut self, text: &str) -> R<'gc, M> {
        Ok(Val::from_gc(self.new_str(text)?))
    }
    /// A string object.
    pub fn new_str(&mut self, text: &str) -> R<'gc, M, Gc<'gc, Str, M>> {
        if text.len() <= 2 {
            if text.is_empty() {
                return Ok(self.rt.empty_str.clone());
            }
            let mut chars = text.chars();
            if let (Some(c), None) = (chars.next(), chars.next())
                && (c as usize) < self.rt.chars.len()
            {
                return Ok(self.rt.chars[c as usize].clone());
            }
        }
        let chars = if text.is_ascii() { text.len() } else { text.chars().count() };
        self.new_str_of(text, chars)
    }
    /// A string object of so many characters.
    pub fn new_str_of(&mut self, text: &str, chars: usize) -> R<'gc, M, Gc<'gc, Str, M>> {
        match Gc::try_text(self.mc, StrHeader { hash: Default::default(), chars, interned: interned::NOT.into() }, text)
        {
            Ok(s) => Ok(s),
            Err(full) => Err(self.no_memory(full)),
        }
    }
    /// The interned string of this text.
    pub fn intern(&mut self, text: &str) -> R<'gc, M, Gc<'gc, Str, M>> {
        if let Some(s) = self.rt.interned.borrow().get(text) {
            s.header().interned.store(interned::IMMORTAL, Relaxed);
            return Ok(s.clone());
        }
        let s = self.new_str(text)?;
        Ok(self.intern_new(s, interned::IMMORTAL))
    }
    fn intern_new(&mut self, s: Gc<'gc, Str, M>, how: u8) -> Gc<'gc, Str, M> {
        s.header().interned.store(how, Relaxed);
        self.rt.interned.borrow_mut(self.mc).insert(s.text().into(), s.clone());
        s
    }
    /// The interned string equal to `s`.
    #[inline]
    pub fn intern_str(&mut self, s: &Gc<'gc, Str, M>) -> Gc<'gc, Str, M> {
        if s.header().interned.load(Relaxed) != interned::NOT {
            return s.clone();
        }
        let found = self.rt.interned.borrow().get(s.text()).cloned();
        match found {
            Some(s) => s,
            None => self.intern_new(s.clone(), interned::MORTAL),
        }
    }
    /// A well-known name.
    #[inline(always)]
    pub fn name(&self, n: N) -> &'gc Gc<'gc, Str, M> {
        &self.rt.names[n as usize]
    }
    /// A list.
    pub fn list(&mut self, items: Vec<V<'gc, M>>) -> R<'gc, M> {
        let l = self.alloc(List { items: GcCell::new(Lifo::new(items)), sub: Slot::empty() })?;
        self.list_resized(&l);
        Ok(Val::from_gc(l))
    }
    /// A tuple.
    pub fn tuple(&mut self, mut items: Vec<V<'gc, M>>) -> R<'gc, M> {
        Ok(Val::from_gc(self.new_tuple(&mut items, 0)?))
    }
    /// A tuple of the end of a vector.
    pub fn new_tuple(&mut self, items: &mut Vec<V<'gc, M>>, start: usize) -> R<'gc, M, Gc<'gc, Tuple<'gc, M>, M>> {
        if items.len() == start {
            return Ok(self.rt.empty_tuple.clone());
        }
        match Gc::try_from_end(self.mc, TupleHeader, items, start) {
            Ok(t) => Ok(t),
            Err(full) => Err(self.no_memory(full)),
        }
    }
    /// A dict.
    pub fn dict(&mut self, table: Table<'gc, M>) -> R<'gc, M, Gc<'gc, Dict<'gc, M>, M>> {
        let d = self.alloc(Dict { table: GcCell::new(table), sub: Slot::empty() })?;
        self.dict_resized(&d);
        Ok(d)
    }
    /// A `bytes`.
    pub fn bytes(&mut self, bytes: &[u8]) -> R<'gc, M> {
        match Gc::<Bytes, M>::try_copy_from(self.mc, BytesHeader { hash: Default::default() }, bytes) {
            Ok(b) => Ok(Val::from_gc(b)),
            Err(full) => Err(self.no_memory(full)),
        }
    }
    /// An iterator.
    pub fn iter(&mut self, how: IterKind, src: V<'gc, M>, pos: i64, end: i64, step: i64) -> R<'gc, M> {
        let twin = self.twin(how, step)?;
        self.make(Iter { how, src: ValSlot::new(src), twin, pos: pos.into(), end: end.into(), step })
    }
    /// What CPython's iterator has inside, if anything.
    fn twin(&mut self, how: IterKind, step: i64) -> R<'gc, M, Slot<'gc, Twin<'gc, M>, M>> {
        match how {
            IterKind::Enumerate | IterKind::Zip | IterKind::Items => self.new_twin(2),
            IterKind::DictReversed if step == 2 => self.new_twin(2),
            _ => Ok(Slot::empty()),
        }
    }
    /// What is only there to be counted, where references are.
    pub fn new_twin(&mut self, len: u32) -> R<'gc, M, Slot<'gc, Twin<'gc, M>, M>> {
        if !M::CONSTRAINTS.counted {
            return Ok(Slot::empty());
        }
        let twin = self.alloc(Twin { len, nothing: ValSlot::default() })?;
        Ok(Slot::new(Some(twin)))
    }
    /// A builtin class.
    #[inline(always)]
    pub fn class(&self, t: T) -> &'gc Gc<'gc, Class<'gc, M>, M> {
        &self.rt.types[t as usize]
    }

    // ---- reading values ---------------------------------------------------------------------------------------------
    /// The class of a value.
    pub fn class_of(&self, v: &V<'gc, M>) -> Gc<'gc, Class<'gc, M>, M> {
        let t = match v.kind() {
            Kind::Instance => match v.downcast_ref::<Instance<'gc, M>>() {
                Some(i) => return i.header().class.clone(),
                None => match v.downcast_ref::<FinInstance<'gc, M>>() {
                    Some(i) => return i.header().0.class.clone(),
                    None => T::Object,
                },
            },
            Kind::List => match v.downcast_ref::<List<'gc, M>>().and_then(|l| l.sub.get()) {
                Some(sub) => return sub.class.clone(),
                None => T::List,
            },
            Kind::Dict => match v.downcast_ref::<Dict<'gc, M>>().and_then(|d| d.sub.get()) {
                Some(sub) => return sub.class.clone(),
                None => T::Dict,
            },
            Kind::Set => match v.downcast_ref::<Set<'gc, M>>() {
                Some(s) => match s.sub.get() {
                    Some(sub) => return sub.class.clone(),
                    None if s.frozen => T::FrozenSet,
                    None => T::Set,
                },
                None => T::Set,
            },
            Kind::Class => match v.downcast_ref::<Class<'gc, M>>().map(|c| c.meta.get()) {
                Some(meta) if !meta.is_empty() => match meta.downcast::<Class<'gc, M>>() {
                    Ok(c) => return c,
                    Err(_) => T::Type,
                },
                _ => T::Type,
            },
            Kind::Empty | Kind::Sub | Kind::Object | Kind::Frame | Kind::Other => T::Object,
            Kind::Int | Kind::BigInt => T::Int,
            Kind::Float => T::Float,
            Kind::None => T::NoneType,
            Kind::Bool => T::Bool,
            Kind::NotImplemented => T::NotImplementedType,
            Kind::Ellipsis => T::Ellipsis,
            Kind::Str => T::Str,
            Kind::Bytes => T::Bytes,
            Kind::Tuple => T::Tuple,
            Kind::Range => T::Range,
            Kind::Slice => T::Slice,
            Kind::Func => T::Function,
            Kind::Method => T::Method,
            Kind::Native => match v.downcast_ref::<NativeFn<'gc, M>>() {
                Some(f) if f.owner.bits() != 0 => T::MethodDescriptor,
                _ => T::Builtin,
            },
            Kind::Module => T::Module,
            Kind::Cell => T::Cell,
            Kind::Gen => T::Generator,
            Kind::File => T::File,
            Kind::Weak => match v.downcast_ref::<Weak<'gc, M>>().map(|w| w.data()) {
                Some(WeakData { ext: Some(ext), .. }) => return ext.header().class.clone(),
                Some(d) if d.of == of::PROXY => T::WeakProxy,
                Some(d) if d.of == of::CALLABLE_PROXY => T::CallableProxy,
                _ => T::WeakRef,
            },
            Kind::Property => T::Property,
            Kind::Wrapper => match v.downcast_ref::<Wrapper<'gc, M>>() {
                Some(w) if w.class_method => T::ClassMethod,
                _ => T::StaticMethod,
            },
            Kind::Member => T::Member,
            Kind::Super => T::Super,
            Kind::View => match v.downcast_ref::<View<'gc, M>>().map(|v| v.of) {
                Some(0) => T::DictKeys,
                Some(1) => T::DictValues,
                _ => T::DictItems,
            },
            Kind::Code => T::Code,
            Kind::Traceback => T::Traceback,
            Kind::Iter => match v.downcast_ref::<Iter<'gc, M>>().map(|i| i.how) {
                Some(IterKind::Range) => T::RangeIterator,
                Some(IterKind::List) => T::ListIterator,
                Some(IterKind::Tuple) => T::TupleIterator,
                Some(IterKind::Str) => T::StrIterator,
                Some(IterKind::Keys) => T::DictKeyIterator,
                Some(IterKind::Values) => T::DictValueIterator,
                Some(IterKind::Items) => T::DictItemIterator,
                Some(IterKind::Set) => T::SetIterator,
                Some(IterKind::Enumerate) => T::Enumerate,
                Some(IterKind::Zip) => T::Zip,
                Some(IterKind::ListReversed) => T::ListReverseIterator,
                Some(IterKind::Deque) => T::DequeIterator,
                Some(IterKind::DequeReversed) => T::DequeReverseIterator,
                _ => T::Iterator,
            },
        };
        self.rt.types[t as usize].clone()
    }
    /// The name of a value's class, for messages.
    pub fn type_name(&self, v: &V<'gc, M>) -> String {
        self.class_name(&self.class_of(v))
    }
    /// A class's name.
    pub fn class_name(&self, c: &Class<'gc, M>) -> String {
        let name = c.name.get();
        name.downcast_ref::<Str>().map_or("?", |s| s.text()).to_string()
    }
    /// A fresh version number for a class or cache.
    pub fn new_version(&self) -> u32 {
        let v = self.rt.version.load(Relaxed) + 1;
        self.rt.version.store(v, Relaxed);
        v
    }
    /// The list in a value.
    #[inline(always)]
    pub fn as_list<'a>(v: &'a V<'gc, M>) -> Option<&'a Gc<'gc, List<'gc, M>, M>> {
        v.downcast_ref()
    }
    /// The value inside an instance of a class that extends an immutable builtin (`class A(int)`).
    #[inline]
    pub fn inner(&self, v: &V<'gc, M>) -> Option<V<'gc, M>> {
        if v.kind() != Kind::Instance {
            return None;
        }
        let i = instance(v)?;
        match i.class.layout {
            Kind::Int | Kind::Str | Kind::Float | Kind::Tuple | Kind::Bytes => Some(i.own().first()?.get()),
            _ => None,
        }
    }
    /// The value, or the one inside it.
    #[inline]
    pub fn unwrapped(&self, v: V<'gc, M>) -> V<'gc, M> {
        match self.inner(&v) {
            Some(inner) => inner,
            None => v,
        }
    }
}

/// A look at an instance, finalizable or not, or at an instance of a subclass of `weakref.ref`.
pub struct Inst<'a, 'gc, M: OneMutator> {
    /// Its class.
    pub class: &'a Gc<'gc, Class<'gc, M>, M>,
    /// Attributes that are not inline ([`Inst::dict`]).
    in_header: &'a Slot<'gc, Dict<'gc, M>, M>,
    /// Slots, inline attributes or a dict of them all, the built-in class's words.
    pub slots: &'a [ValSlot<'gc, M>],
}
impl<'a, 'gc, M: OneMutator> Inst<'a, 'gc, M> {
    /// The slot of a [`Member`].
    pub fn member(&self, index: u32) -> Option<&'a ValSlot<'gc, M>> {
        self.slots.get(self.class.slot_at(index) as usize)
    }
    /// Slots and inline attributes.
    pub fn named(&self) -> &'a [ValSlot<'gc, M>] {
        match self.class.own {
            0 => self.slots,
            _ => &self.slots[..self.class.nslots as usize],
        }
    }
    /// Attributes that are not inline.
    pub fn dict(&self) -> Option<Gc<'gc, Dict<'gc, M>, M>> {
        match self.dict_word() {
            None => self.in_header.get(),
            Some(word) => word.get().downcast().ok(),
        }
    }
    /// Gives it such a dict, or takes it.
    pub fn set_dict(&self, mc: &Mutation<'gc, M>, dict: Option<Gc<'gc, Dict<'gc, M>, M>>) {
        match self.dict_word() {
            None => self.in_header.set(mc, dict),
            Some(word) => word.set(mc, dict.map_or(Val::empty(), Val::from_gc)),
        }
    }
    /// Where there are words of a built-in class, the dict lies before them, to be let go before them.
    fn dict_word(&self) -> Option<&'a ValSlot<'gc, M>> {
        let at = (self.class.nslots + self.class.early()) as usize;
        (self.class.own > 0 && self.class.has_dict).then(|| &self.slots[at])
    }
    /// The words of the built-in class, other than those of [`Inst::early`].
    pub fn own(&self) -> &'a [ValSlot<'gc, M>] {
        &self.slots[self.slots.len() - (self.class.own - self.class.early()) as usize..]
    }
    /// Those words that go before attributes: an `AttributeError`'s.
    pub fn early(&self) -> &'a [ValSlot<'gc, M>] {
        let from = self.class.nslots as usize;
        &self.slots[from..from + self.class.early() as usize]
    }
    /// An exception's field ([`boot::exc_slot`]).
    pub fn field(&self, n: usize) -> &'a ValSlot<'gc, M> {
        &self.slots[self.slots.len() - boot::exc_slot::COUNT as usize + n]
    }
}
impl<M: OneMutator> Class<'_, M> {
    /// Where the slot that is the `index`-th from the end lies in an instance.
    pub fn slot_at(&self, index: u32) -> u32 {
        self.nslots.wrapping_sub(1).wrapping_sub(index)
    }
    /// Words after the header of a new instance.
    pub fn words(&self) -> usize {
        let named = match (self.has_dict, self.own) {
            (false, _) => 0,
            (true, 0) => self.keys.borrow().capacity,
            (true, _) => 1,
        };
        (self.nslots + named + self.own) as usize
    }
    /// How many of its own words go before attributes: what an exception has beyond what all have (`AttributeError_clear`).
    pub fn early(&self) -> u32 {
        self.own.saturating_sub(boot::exc_slot::COUNT)
    }
    /// Whether attributes of its instances may lie in a dict from the start, where caches do not see them.
    pub fn never_inline(&self) -> bool {
        self.own > 0 && self.has_dict
    }
}

/// The value as an instance.
#[inline(always)]
pub fn instance<'a, 'gc, M: OneMutator>(v: &'a V<'gc, M>) -> Option<Inst<'a, 'gc, M>> {
    if let Some(i) = v.downcast_ref::<Instance<'gc, M>>() {
        let h = i.header();
        return Some(Inst { class: &h.class, in_header: &h.dict, slots: i.tail() });
    }
    if let Some(i) = v.downcast_ref::<FinInstance<'gc, M>>() {
        let h = &i.header().0;
        return Some(Inst { class: &h.class, in_header: &h.dict, slots: i.tail() });
    }
    let e = v.downcast_ref::<Weak<'gc, M>>()?.data().ext.as_ref()?;
    let h = e.header();
    Some(Inst { class: &h.class, in_header: &h.dict, slots: e.tail() })
}

/// The value as an exception.
#[inline]
pub fn exception<'a, 'gc, M: OneMutator>(v: &'a V<'gc, M>) -> Option<Inst<'a, 'gc, M>> {
    instance(v).filter(|i| i.class.own >= boot::exc_slot::COUNT)
}

/// The word that says: look at `vm.ask`.
pub fn ask_word<'gc, M: OneMutator>() -> V<'gc, M> {
    Val::payload(ASK)
}
