//! Every type of object that lies in the heap: the whole model on one page, bottom-up.
//!
//! Types that Python classes may extend carry a [`Sub`] word: null for an exact `list`, else the subclass and the
//! attributes of this instance. Everything that changes is a `GcCell`, a slot or an atomic: a collector may look on.
//! Not here: what they do (`types/`), how they are called (`vm/call.rs`).

use crate::{
    bytecode::CodeObject,
    types::{dict::Table, set::SetTable},
    value::Kind,
    vm::{Native, natives::NativeDef},
};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, AtomicU8, AtomicU32, AtomicU64},
};
use twinheap::{
    Finalize, Gc, GcCell, Lifo, Mutation, OneMutator, Slot, Static, Tail, TextByte, Trace, Val, ValSlot, WeakBox,
};

/// A value.
pub type V<'gc, M> = Val<'gc, M>;

// ---- leaves ---------------------------------------------------------------------------------------------------------

/// What stands before the text of a string.
#[derive(Trace)]
#[trace(tag = Kind::Str as u8)]
pub struct StrHeader {
    /// The hash, or 0: not computed yet.
    pub hash: AtomicU64,
    /// Code points; equal to the bytes exactly if all are ASCII.
    pub chars: usize,
    /// Whether the string is the one of its text in the table of names: [`interned`].
    pub interned: AtomicU8,
}

/// Values of [`StrHeader::interned`].
pub mod interned {
    /// It is not in the table.
    pub const NOT: u8 = 0;
    /// The program put it there (CPython counts its references).
    pub const MORTAL: u8 = 1;
    /// The compiler or the runtime did (CPython does not).
    pub const IMMORTAL: u8 = 2;
}
/// A string.
pub type Str = Tail<StrHeader, TextByte>;

/// What stands before the bytes of a `bytes`.
#[derive(Trace)]
#[trace(tag = Kind::Bytes as u8)]
pub struct BytesHeader {
    /// The hash, or 0.
    pub hash: AtomicU64,
}
/// A `bytes`.
pub type Bytes = Tail<BytesHeader, u8>;

/// An integer that is not small.
#[derive(Trace)]
#[trace(tag = Kind::BigInt as u8)]
pub struct Big(pub Static<num_bigint::BigInt>);

/// A float that cannot be packed.
#[derive(Trace)]
#[trace(tag = Kind::Float as u8)]
pub struct BoxedFloat(pub f64);

/// A `range`.
#[derive(Trace)]
#[trace(tag = Kind::Range as u8)]
#[allow(missing_docs)]
pub struct Range {
    pub start: i64,
    pub stop: i64,
    pub step: i64,
}

/// An `object()`.
#[derive(Trace)]
#[trace(tag = Kind::Object as u8)]
pub struct Plain(pub u64);

// ---- containers -----------------------------------------------------------------------------------------------------

/// What makes a list, dict or set an instance of a subclass. Part of its object, not one of its own to collections.
#[derive(Trace)]
#[trace(tag = Kind::Sub as u8, kind = internal)]
pub struct Sub<'gc, M: OneMutator> {
    /// The class.
    pub class: Gc<'gc, Class<'gc, M>, M>,
    /// Attributes, made when the first one is set.
    pub dict: Slot<'gc, Dict<'gc, M>, M>,
}
/// The word for it.
pub type SubSlot<'gc, M> = Slot<'gc, Sub<'gc, M>, M>;

/// A `list`.
#[derive(Trace)]
#[trace(tag = Kind::List as u8)]
#[allow(missing_docs)]
pub struct List<'gc, M: OneMutator> {
    // Before the items, so that a subclass's attributes are released first.
    pub sub: SubSlot<'gc, M>,
    pub items: GcCell<Lifo<V<'gc, M>>, M>,
}

/// What stands before the items of a tuple.
#[derive(Trace)]
#[trace(tag = Kind::Tuple as u8, kind = container)]
pub struct TupleHeader;
/// A `tuple`.
pub type Tuple<'gc, M> = Tail<TupleHeader, V<'gc, M>>;

/// A `dict`.
#[derive(Trace)]
#[trace(tag = Kind::Dict as u8, counted = Self::is_counted)]
#[allow(missing_docs)]
pub struct Dict<'gc, M: OneMutator> {
    // Before the entries, as a list's.
    pub sub: SubSlot<'gc, M>,
    pub table: GcCell<Table<'gc, M>, M>,
}

/// What [`Table::of`] says.
pub mod dict_of {
    /// Nothing: a dict.
    pub const NONE: u8 = 0;
    /// It holds attributes that have no place in their instance, and no program has seen it.
    pub const HIDDEN: u8 = 1;
    /// The instance's `__dict__`, which a program has seen.
    pub const OWN: u8 = 2;
    /// More attributes than this CPython 3.13 keeps in a dict of its own.
    pub const INLINE_MAX: usize = 30;
}

impl<'gc, M: OneMutator> Dict<'gc, M> {
    /// Whether its entries are to collections those of the instance whose attributes they are, as CPython 3.13 keeps them
    /// inline.
    pub fn is_inline(&self) -> bool {
        let t = self.table.borrow();
        t.of != dict_of::NONE && t.len() <= dict_of::INLINE_MAX
    }
    /// Whether a collection that finds it dead says so.
    fn is_counted(&self) -> bool {
        !self.is_inline() && self.is_tracked()
    }
    /// Whether CPython 3.13 would track it: an exact dict when it holds something that is tracked.  By what it holds now:
    /// CPython lets go of one only at a full collection.
    pub fn is_tracked(&self) -> bool {
        if !self.sub.is_empty() {
            return true;
        }
        let t = self.table.borrow();
        t.iter().any(|e| may_be_tracked(&e.key) || may_be_tracked(&e.value))
    }
}

/// Whether CPython's collector may have to do with it: a container, other than a tuple of nothing that is one.
pub fn may_be_tracked<'gc, M: OneMutator>(v: &V<'gc, M>) -> bool {
    use crate::value::Value as _;
    match v.kind() {
        Kind::Str | Kind::Int | Kind::Float | Kind::None | Kind::Bool | Kind::BigInt | Kind::Bytes | Kind::Empty => {
            false
        }
        Kind::NotImplemented | Kind::Ellipsis | Kind::Range | Kind::Object | Kind::Code => false,
        Kind::Tuple => v.downcast_ref::<Tuple<'gc, M>>().is_some_and(|t| t.tail().iter().any(may_be_tracked)),
        Kind::Class => v.downcast_ref::<Class<'gc, M>>().is_some_and(|c| !c.builtin),
        _ => true,
    }
}

/// The items of a `collections.deque`, which go first to last.  Part of its object, not one of its own to collections.
#[derive(Trace)]
#[trace(tag = Kind::Sub as u8, kind = internal)]
#[allow(missing_docs)]
pub struct Ring<'gc, M: OneMutator> {
    pub items: GcCell<std::collections::VecDeque<V<'gc, M>>, M>,
    /// The most there may be, or -1.
    pub maxlen: AtomicI64,
    /// Changes whenever the items do, other than by assignment.
    pub state: AtomicI64,
}

/// A `set` or `frozenset`.
#[derive(Trace)]
#[trace(tag = Kind::Set as u8)]
#[allow(missing_docs)]
pub struct Set<'gc, M: OneMutator> {
    // Before the elements, as a list's.
    pub sub: SubSlot<'gc, M>,
    pub table: GcCell<SetTable<'gc, M>, M>,
    pub frozen: bool,
}

/// What `d.keys()`, `d.values()` and `d.items()` answer.
#[derive(Trace)]
#[trace(tag = Kind::View as u8)]
#[allow(missing_docs)]
pub struct View<'gc, M: OneMutator> {
    pub dict: Gc<'gc, Dict<'gc, M>, M>,
    /// 0 keys, 1 values, 2 items
    pub of: u8,
}

/// A `slice`.
#[derive(Trace)]
#[trace(tag = Kind::Slice as u8)]
#[allow(missing_docs)]
pub struct Slice<'gc, M: OneMutator> {
    // Released in this order, as CPython's `slice_dealloc` does.
    pub step: V<'gc, M>,
    pub start: V<'gc, M>,
    pub stop: V<'gc, M>,
}

/// A variable shared by functions.
#[derive(Trace)]
#[trace(tag = Kind::Cell as u8)]
pub struct Cell<'gc, M: OneMutator>(pub ValSlot<'gc, M>);

// ---- code and functions ---------------------------------------------------------------------------------------------

/// An inline cache: what was found last time, and what must still hold for it to be true.
#[derive(Trace, Default)]
pub struct Cache {
    /// The class's version, or the namespace's; 0: nothing cached.
    pub version: AtomicU32,
    /// What kind of thing was found (`vm/attr.rs`, `vm/name.rs`).
    pub how: AtomicU8,
    /// Where.
    pub index: AtomicU32,
    /// Which module, where that matters.
    pub owner: AtomicU32,
}

/// A code object with its constants made, and its caches.
#[derive(Trace)]
#[trace(tag = Kind::Code as u8, kind = internal)]
#[allow(missing_docs)]
pub struct Code<'gc, M: OneMutator> {
    pub co: Static<Arc<CodeObject>>,
    pub consts: Box<[V<'gc, M>]>,
    pub names: Box<[Gc<'gc, Str, M>]>,
    pub caches: Box<[Cache]>,
    pub nslots: u32,
    /// Neither defaults nor stars are needed: exactly this many arguments, or `u32::MAX`.
    pub simple_args: u32,
    /// Its generators can wait where somebody hears of their end: inside `try` or `with`, or in `yield from`.
    pub closes: bool,
}

/// A function.
#[derive(Trace)]
#[trace(tag = Kind::Func as u8)]
#[allow(missing_docs)]
pub struct Func<'gc, M: OneMutator> {
    pub code: Gc<'gc, Code<'gc, M>, M>,
    pub globals: Gc<'gc, Dict<'gc, M>, M>,
    pub defaults: ValSlot<'gc, M>,
    pub kwdefaults: ValSlot<'gc, M>,
    pub closure: ValSlot<'gc, M>,
    pub name: ValSlot<'gc, M>,
    pub qualname: ValSlot<'gc, M>,
    pub dict: Slot<'gc, Dict<'gc, M>, M>,
}

/// A bound method.
#[derive(Trace)]
#[trace(tag = Kind::Method as u8)]
#[allow(missing_docs)]
pub struct Method<'gc, M: OneMutator> {
    pub func: V<'gc, M>,
    pub this: V<'gc, M>,
}

/// A function written in Rust.
#[derive(Trace)]
#[trace(tag = Kind::Native as u8)]
pub struct NativeFn<'gc, M: OneMutator> {
    /// What it is called and takes.
    pub def: Static<NativeDef<M>>,
    /// The class it is a method of, or empty.
    pub owner: ValSlot<'gc, M>,
}

// ---- classes and instances ------------------------------------------------------------------------------------------

/// A class.
#[derive(Trace)]
#[trace(tag = Kind::Class as u8)]
#[allow(missing_docs)]
pub struct Class<'gc, M: OneMutator> {
    pub name: ValSlot<'gc, M>,
    /// What its instances are in Rust.
    #[trace(static)]
    pub layout: Kind,
    /// Words of `__slots__` before inline attributes, the subclass's first: CPython's `subtype_dealloc` goes that way.
    /// ([`Member::index`] counts from their end.)
    pub nslots: u32,
    /// Words at the end: what the built-in class in it has (an exception's fields, the value in an instance of a subclass
    /// of `int`), which goes last.  With any no attribute is inline: as in CPython there is a dict, the word before them.
    pub own: u32,
    /// Instances have attributes beside their slots.
    pub has_dict: bool,
    /// Facts about its methods: [`class_flags`]; kept when attributes change.
    pub flags: AtomicU32,
    /// Changes whenever a lookup could come out differently; 0: none assigned yet.
    pub version: AtomicU32,
    pub bases: Box<[Gc<'gc, Class<'gc, M>, M>]>,
    /// Method resolution order after the class itself.
    pub mro: Box<[Gc<'gc, Class<'gc, M>, M>]>,
    pub dict: Gc<'gc, Dict<'gc, M>, M>,
    pub keys: GcCell<Keys<'gc, M>, M>,
    pub found: GcCell<Found<'gc, M>, M>,
    pub subclasses: GcCell<Vec<Gc<'gc, Weak<'gc, M>, M>>, M>,
    /// Names the class for people: `int`, `A`; a builtin's instances say `'int' object`.
    pub builtin: bool,
    /// The metaclass, when it is not `type`.
    pub meta: ValSlot<'gc, M>,
    /// `__mro__` as a tuple: by it the class is in a cycle from the start, as in CPython, and goes by a collection only.
    /// Empty: a built-in's, made when it is asked for.
    pub mro_tuple: ValSlot<'gc, M>,
    /// `__bases__` as a tuple; likewise.
    pub bases_tuple: ValSlot<'gc, M>,
    /// What notices that the class is dead, if its metaclass has `__del__`: a [`ClassEnd`].
    pub end: ValSlot<'gc, M>,
}

/// A class's finalizer: in a cycle with it, so that both are found dead together.  Part of the class to collections.
#[derive(Trace)]
#[trace(tag = Kind::Frame as u8, kind = internal, finalize)]
pub struct ClassEnd<'gc, M: OneMutator>(pub Gc<'gc, Class<'gc, M>, M>);
impl<'gc, M: OneMutator> Finalize<'gc, M> for ClassEnd<'gc, M> {
    fn finalize(_: &Gc<'gc, Self, M>, _: &'gc Mutation<'gc, M>) {
        // The machine runs `__del__` (`Finalizers::Manual`).
    }
}

/// Bits of [`Class::flags`].
pub mod class_flags {
    /// Has `__del__`: instances are another Rust type.
    pub const DEL: u32 = 1;
    /// Has `__getattr__` or its own `__getattribute__`.
    pub const GETATTR: u32 = 2;
    /// Has its own `__setattr__` or `__delattr__`.
    pub const SETATTR: u32 = 4;
    /// Is an exception class.
    pub const EXCEPTION: u32 = 8;
    /// Has its own `__eq__`.
    pub const EQ: u32 = 16;
    /// Has its own `__hash__`.
    pub const HASH: u32 = 32;
    /// May not be changed.
    pub const FIXED: u32 = 64;
    /// May not be extended.
    pub const FINAL: u32 = 128;
    /// Has its own `__getattribute__`.
    pub const GETATTRIBUTE: u32 = 256;
    /// Its instances can be referred to weakly.
    pub const WEAKREF: u32 = 512;
    /// Is `collections.deque`, or extends it: the last word of an instance is its [`Ring`](super::Ring).
    pub const DEQUE: u32 = 1024;
}

/// Names of the inline attributes of a class's instances, in the order they were first set.
#[derive(Trace)]
pub struct Keys<'gc, M: OneMutator> {
    /// Interned names.
    pub names: Vec<Gc<'gc, Str, M>>,
    /// Elements new instances get.
    pub capacity: u32,
}

/// What lookups in a class and its bases found. Cleared when any of them changes.
#[derive(Trace)]
pub struct Found<'gc, M: OneMutator> {
    /// Address of the name to index.
    pub index: std::collections::HashMap<usize, u32, crate::types::dict::Fast>,
    /// The values; empty: there is none.
    pub values: Vec<V<'gc, M>>,
}
impl<M: OneMutator> Default for Found<'_, M> {
    fn default() -> Self {
        Found { index: Default::default(), values: Vec::new() }
    }
}

/// What stands before an instance's slots and inline attributes.
#[derive(Trace)]
#[trace(tag = Kind::Instance as u8, kind = container, release = "in order")]
#[allow(missing_docs)]
pub struct InstHeader<'gc, M: OneMutator> {
    pub class: Gc<'gc, Class<'gc, M>, M>,
    /// Attributes that are not inline; all of them once somebody asked for `__dict__`.  (Unused with [`Class::own`].)
    pub dict: Slot<'gc, Dict<'gc, M>, M>,
}
/// An instance: slots, inline attributes, words of the built-in class in it.
pub type Instance<'gc, M> = Tail<InstHeader<'gc, M>, ValSlot<'gc, M>>;

/// The header of an instance whose class has `__del__`.
#[derive(Trace)]
#[trace(tag = Kind::Instance as u8, kind = container, release = "in order", finalize)]
pub struct FinHeader<'gc, M: OneMutator>(pub InstHeader<'gc, M>);
impl<'gc, M: OneMutator> Finalize<'gc, M> for FinHeader<'gc, M> {
    fn finalize(_: &Gc<'gc, Self, M>, _: &'gc Mutation<'gc, M>) {
        // The machine runs `__del__` (`Finalizers::Manual`).
    }
}
/// An instance whose class has `__del__`.
pub type FinInstance<'gc, M> = Tail<FinHeader<'gc, M>, ValSlot<'gc, M>>;

/// A module.
#[derive(Trace)]
#[trace(tag = Kind::Module as u8)]
#[allow(missing_docs)]
pub struct Module<'gc, M: OneMutator> {
    pub name: V<'gc, M>,
    pub dict: Gc<'gc, Dict<'gc, M>, M>,
}

/// `property`
#[derive(Trace)]
#[trace(tag = Kind::Property as u8)]
#[allow(missing_docs)]
pub struct Property<'gc, M: OneMutator> {
    pub get: V<'gc, M>,
    pub set: V<'gc, M>,
    pub del: V<'gc, M>,
    pub doc: V<'gc, M>,
}

/// `staticmethod`, `classmethod`.
#[derive(Trace)]
#[trace(tag = Kind::Wrapper as u8)]
#[allow(missing_docs)]
pub struct Wrapper<'gc, M: OneMutator> {
    pub func: V<'gc, M>,
    pub class_method: bool,
    /// CPython's has a dict, with what `functools_wraps` copies into it; a dict among that makes it one that is tracked.
    pub twin: Slot<'gc, Twin<'gc, M>, M>,
}

/// A descriptor made in Rust: a `__slots__` member, or a pair of functions.
#[derive(Trace)]
#[trace(tag = Kind::Member as u8)]
#[allow(missing_docs)]
pub struct Member<'gc, M: OneMutator> {
    pub name: V<'gc, M>,
    pub owner: ValSlot<'gc, M>,
    /// The slot, counted from the last one, or `u32::MAX`.
    pub index: u32,
    /// Read-only.
    pub fixed: bool,
    pub get: Static<Option<Native<M>>>,
    pub set: Static<Option<Native<M>>>,
}

/// `super(class, this)`
#[derive(Trace)]
#[trace(tag = Kind::Super as u8)]
#[allow(missing_docs)]
pub struct Super<'gc, M: OneMutator> {
    pub class: V<'gc, M>,
    pub this: V<'gc, M>,
}

// ---- what runs ------------------------------------------------------------------------------------------------------

/// What CPython 3.13 keeps inside an object, and ours has no use for: a tuple that an iterator fills and hands out again, a
/// dict of names.  It is here to be counted: by collections, by `gc.get_count`, by `sys.getallocatedblocks`.  No program
/// sees it.
#[derive(Trace)]
#[trace(tag = Kind::Sub as u8, kind = container)]
pub struct Twin<'gc, M: OneMutator> {
    /// How long the tuple is; 0: it is a dict.
    pub len: u32,
    /// Always empty.  A slot, since what never changes is never found in a cycle, and is not counted.
    pub nothing: ValSlot<'gc, M>,
}

/// An iterator written in Rust: `how` says what it does with the words.
#[derive(Trace)]
#[trace(tag = Kind::Iter as u8, counted = Self::is_counted)]
#[allow(missing_docs)]
pub struct Iter<'gc, M: OneMutator> {
    pub how: IterKind,
    pub src: ValSlot<'gc, M>,
    pub twin: Slot<'gc, Twin<'gc, M>, M>,
    pub pos: AtomicI64,
    pub end: AtomicI64,
    pub step: i64,
}

impl<M: OneMutator> Iter<'_, M> {
    /// Whether a collection that finds it dead says so: not the rows of a `map`, which CPython's takes itself, nor what is no
    /// container there.
    pub fn is_counted(&self) -> bool {
        !matches!(self.how, IterKind::Rows | IterKind::Range)
    }
}

/// What an [`Iter`] goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Trace)]
#[allow(missing_docs)]
pub enum IterKind {
    Range,
    List,
    ListReversed,
    Tuple,
    Str,
    Bytes,
    Keys,
    Values,
    Items,
    DictReversed,
    Set,
    Sequence,
    SequenceReversed,
    Enumerate,
    Zip,
    /// As `Zip`, for a `map` over several.
    Rows,
    Count,
    Deque,
    DequeReversed,
}

/// A running or waiting activation of a function.
#[derive(Trace)]
#[allow(missing_docs)]
pub struct Frame<'gc, M: OneMutator> {
    pub func: Gc<'gc, Func<'gc, M>, M>,
    /// Next instruction.
    pub pc: u32,
    /// Where its slots begin on the stack.
    pub base: u32,
    /// To where the stack is cut when it is left.
    pub ret: u32,
    /// What happens to its result.
    pub mode: Mode,
    /// The instance being initialised, the generator, a class body's [`Building`], a native's state.
    pub extra: V<'gc, M>,
}

/// What user code has to do for a dead object, at the depth of frames where it died.
#[derive(Trace)]
#[allow(missing_docs)]
pub struct Todo<'gc, M: OneMutator> {
    pub depth: u32,
    /// A weak reference whose callback is to be called; else an object with `__del__`.
    pub weak: bool,
    pub object: V<'gc, M>,
}

/// What happens to a frame's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Trace)]
pub enum Mode {
    /// It is pushed.
    Push,
    /// The same, when operands lie below its variables: they are let go after them.
    Keep,
    /// `__init__`: must be None; `extra` is pushed.
    Init,
    /// A generator's: see `vm/generator.rs`.
    Gen,
    /// The same, when it has died and is being closed: what it answers or raises is dropped.
    Close,
    /// Dropped.
    Drop,
    /// `__del__`, a weak reference's callback: dropped, and so is an exception (after it was reported).
    Finalizer,
    /// A class body: `extra` is the class in the making.
    ClassBody,
    /// Its truth is pushed.
    Truth,
    /// Its truth, inverted, is pushed.
    NotTruth,
    /// `__bool__`: must be a bool, which is pushed.
    BoolTruth,
    /// The same, inverted.
    NotBoolTruth,
    /// `__next__` called by `for`: `StopIteration` ends the loop.
    ForNext,
    /// `__getattr__` is to be tried if it raises `AttributeError`: `extra` is (object, name).
    GetAttr,
    /// A binary operator's method, called by [`Vm::call_keeping`](crate::vm::Vm::call_keeping): when it answers
    /// NotImplemented, `extra` says what to try next.
    Operator,
    /// `__str__`, `__repr__`, `__format__`: must be a string.
    Text,
    /// `__iter__`: must be an iterator.
    MustIterate,
    /// `next(it, default)`: `extra` is pushed if it raises `StopIteration`.
    NextDefault,
    /// A module's body: `extra` is pushed.
    Import,
    /// What `LoadMethod` looked for: pushed, and an empty word.
    Callee,
}

/// A generator.
#[derive(Trace)]
#[trace(tag = Kind::Gen as u8)]
#[allow(missing_docs)]
pub struct Gen<'gc, M: OneMutator> {
    pub func: Gc<'gc, Func<'gc, M>, M>,
    pub state: AtomicU8,
    pub pc: AtomicU32,
    pub stack: GcCell<Vec<V<'gc, M>>, M>,
    /// The exception being handled inside.
    pub handled: ValSlot<'gc, M>,
}

/// A generator that can wait inside `try` or `with` ([`Code::closes`]): it is closed when it dies.
#[derive(Trace)]
#[trace(tag = Kind::Gen as u8, finalize)]
pub struct FinGen<'gc, M: OneMutator>(pub Gen<'gc, M>);
impl<'gc, M: OneMutator> Finalize<'gc, M> for FinGen<'gc, M> {
    fn finalize(_: &Gc<'gc, Self, M>, _: &'gc Mutation<'gc, M>) {
        // The machine closes it (`Finalizers::Manual`).
    }
}

/// States of a [`Gen`].
pub mod gen_state {
    /// Made, not begun.
    pub const NEW: u8 = 0;
    /// Waiting at a `yield`.
    pub const WAITING: u8 = 1;
    /// On the stack.
    pub const RUNNING: u8 = 2;
    /// Over.
    pub const DONE: u8 = 8;
    /// Beside RUNNING: a `for` asked, which ends when it is over.
    pub const FOR: u8 = 4;
}

/// A class whose body is running.
#[derive(Trace)]
#[trace(tag = Kind::Frame as u8, kind = internal)]
#[allow(missing_docs)]
pub struct Building<'gc, M: OneMutator> {
    pub namespace: Gc<'gc, Dict<'gc, M>, M>,
    pub name: V<'gc, M>,
    pub bases: V<'gc, M>,
    pub keywords: V<'gc, M>,
    pub meta: V<'gc, M>,
}

/// One line of a traceback.
#[derive(Trace)]
#[trace(tag = Kind::Traceback as u8)]
#[allow(missing_docs)]
pub struct Traceback<'gc, M: OneMutator> {
    /// The next deeper one.
    pub next: ValSlot<'gc, M>,
    pub code: Gc<'gc, Code<'gc, M>, M>,
    pub pc: u32,
    /// The frame's variables, moved here when it was left: they live as long as the traceback, as in CPython.
    pub locals: GcCell<Vec<V<'gc, M>>, M>,
    pub globals: Gc<'gc, Dict<'gc, M>, M>,
}

// ---- the rest -------------------------------------------------------------------------------------------------------

/// What stands before the slots and inline attributes of a `weakref.ref` that is an instance of a subclass.
#[derive(Trace)]
#[trace(tag = Kind::Sub as u8, kind = internal, release = "in order")]
#[allow(missing_docs)]
pub struct ExtHeader<'gc, M: OneMutator> {
    pub class: Gc<'gc, Class<'gc, M>, M>,
    /// As an instance's.
    pub dict: Slot<'gc, Dict<'gc, M>, M>,
}
/// What makes a weak reference an instance of a subclass: part of its object, as [`Sub`] is.
pub type Ext<'gc, M> = Tail<ExtHeader<'gc, M>, ValSlot<'gc, M>>;

/// What a weak reference has beside its target.
#[derive(Trace)]
#[trace(tag = Kind::Weak as u8, kind = container)]
#[allow(missing_docs)]
pub struct WeakData<'gc, M: OneMutator> {
    /// Called when the target dies; empty or None: nothing is.
    pub callback: ValSlot<'gc, M>,
    /// The target's plus one; 0: not asked for yet.
    pub hash: AtomicU64,
    /// [`crate::types::weak::of`]
    pub of: u8,
    /// What makes it an instance of a subclass of `weakref.ref`.
    pub ext: Option<Gc<'gc, Ext<'gc, M>, M>>,
}
/// A weak reference.
pub type Weak<'gc, M> = WeakBox<'gc, WeakData<'gc, M>, M>;

/// An open file.
#[derive(Trace)]
#[trace(tag = Kind::File as u8)]
pub struct File<'gc, M: OneMutator> {
    /// The descriptor and its buffers; dropping it writes what is left and closes.
    pub inner: Static<Mutex<crate::types::file::Open>>,
    /// The name it was opened with.
    pub name: V<'gc, M>,
}
