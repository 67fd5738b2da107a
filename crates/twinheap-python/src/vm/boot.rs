//! The root's making: built-in classes ([`T`]), exceptions ([`E`]), names, functions.
//!
//! One table each; their methods come from the tables at the end of `types/*.rs`, functions from `builtins.rs`.

use super::{Args, Native, R, Runtime, Vm, natives::NativeDef};
use crate::{
    object::*,
    types::{dict::Table, names::NAMES, weak::of},
    value::{Kind, Value},
};
use twinheap::{Gc, GcAny, GcCell, Mutation, OneMutator, Slot, Static, Val, ValSlot};

macro_rules! types {
    ($($id:ident $name:literal $base:ident $layout:ident $flags:expr;)*) => {
        /// A built-in class.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum T { $($id),* }
        const TYPES: &[(&str, T, Kind, u32)] = &[$(($name, T::$base, Kind::$layout, $flags)),*];
    };
}
const F: u32 = class_flags::FINAL;
types! {
    Object "object" Object Instance 0;
    Type "type" Object Class 0;
    Int "int" Object Int 0;
    Bool "bool" Int Int F;
    Float "float" Object Float 0;
    NoneType "NoneType" Object None F;
    NotImplementedType "NotImplementedType" Object NotImplemented F;
    Ellipsis "ellipsis" Object Ellipsis F;
    Str "str" Object Str 0;
    Bytes "bytes" Object Bytes 0;
    List "list" Object List 0;
    Tuple "tuple" Object Tuple 0;
    Dict "dict" Object Dict 0;
    Set "set" Object Set 0;
    FrozenSet "frozenset" Object Set 0;
    Range "range" Object Range F;
    Slice "slice" Object Slice F;
    Function "function" Object Func F;
    Method "method" Object Method F;
    Builtin "builtin_function_or_method" Object Native F;
    MethodDescriptor "method_descriptor" Object Native F;
    Module "module" Object Module F;
    Cell "cell" Object Cell F;
    Generator "generator" Object Gen F;
    File "_io.TextIOWrapper" Object File F;
    WeakRef "weakref.ReferenceType" Object Weak 0;
    WeakProxy "weakref.ProxyType" Object Weak F;
    CallableProxy "weakref.CallableProxyType" Object Weak F;
    Property "property" Object Property F;
    ClassMethod "classmethod" Object Wrapper F;
    StaticMethod "staticmethod" Object Wrapper F;
    Member "member_descriptor" Object Member F;
    Super "super" Object Super F;
    DictKeys "dict_keys" Object View F;
    DictValues "dict_values" Object View F;
    DictItems "dict_items" Object View F;
    Code "code" Object Code F;
    Traceback "traceback" Object Traceback F;
    RangeIterator "range_iterator" Object Iter F;
    ListIterator "list_iterator" Object Iter F;
    ListReverseIterator "list_reverseiterator" Object Iter F;
    TupleIterator "tuple_iterator" Object Iter F;
    StrIterator "str_iterator" Object Iter F;
    DictKeyIterator "dict_keyiterator" Object Iter F;
    DictValueIterator "dict_valueiterator" Object Iter F;
    DictItemIterator "dict_itemiterator" Object Iter F;
    SetIterator "set_iterator" Object Iter F;
    Enumerate "enumerate" Object Iter F;
    Zip "zip" Object Iter F;
    Iterator "iterator" Object Iter F;
    Deque "collections.deque" Object Instance class_flags::EQ | class_flags::HASH | class_flags::WEAKREF | class_flags::DEQUE;
    DequeIterator "_collections._deque_iterator" Object Iter F;
    DequeReverseIterator "_collections._deque_reverse_iterator" Object Iter F;
}

macro_rules! errors {
    ($($id:ident $base:ident;)*) => {
        /// An exception class.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, clippy::enum_variant_names)]
        pub enum E { $($id),* }
        const ERRORS: &[(&str, E)] = &[$((stringify!($id), E::$base)),*];
    };
}
errors! {
    BaseException BaseException;
    Exception BaseException;
    SystemExit BaseException;
    KeyboardInterrupt BaseException;
    GeneratorExit BaseException;
    StopIteration Exception;
    StopAsyncIteration Exception;
    ArithmeticError Exception;
    FloatingPointError ArithmeticError;
    OverflowError ArithmeticError;
    ZeroDivisionError ArithmeticError;
    AssertionError Exception;
    AttributeError Exception;
    BufferError Exception;
    EOFError Exception;
    ImportError Exception;
    ModuleNotFoundError ImportError;
    LookupError Exception;
    IndexError LookupError;
    KeyError LookupError;
    MemoryError Exception;
    NameError Exception;
    UnboundLocalError NameError;
    OSError Exception;
    BlockingIOError OSError;
    ChildProcessError OSError;
    ConnectionError OSError;
    BrokenPipeError ConnectionError;
    ConnectionAbortedError ConnectionError;
    ConnectionRefusedError ConnectionError;
    ConnectionResetError ConnectionError;
    FileExistsError OSError;
    FileNotFoundError OSError;
    InterruptedError OSError;
    IsADirectoryError OSError;
    NotADirectoryError OSError;
    PermissionError OSError;
    ProcessLookupError OSError;
    TimeoutError OSError;
    ReferenceError Exception;
    RuntimeError Exception;
    NotImplementedError RuntimeError;
    RecursionError RuntimeError;
    SyntaxError Exception;
    IndentationError SyntaxError;
    SystemError Exception;
    TypeError Exception;
    ValueError Exception;
    UnicodeError ValueError;
    UnicodeDecodeError UnicodeError;
    UnicodeEncodeError UnicodeError;
    Warning Exception;
    DeprecationWarning Warning;
    RuntimeWarning Warning;
    ResourceWarning Warning;
    UserWarning Warning;
}

/// Fields of an exception, the last words of an instance, in the order of CPython's `BaseException_clear`.  Those of a
/// subclass ([`attribute_error`]) lie before them, and before its attributes.
pub mod exc_slot {
    /// `args`, a tuple.
    pub const ARGS: usize = 0;
    /// `__traceback__`
    pub const TRACEBACK: usize = 1;
    /// `__cause__`
    pub const CAUSE: usize = 2;
    /// `__context__`
    pub const CONTEXT: usize = 3;
    /// `__suppress_context__`, empty for False.
    pub const SUPPRESS: usize = 4;
    /// How many.
    pub const COUNT: u32 = 5;
}

/// Fields of an `AttributeError`, in [`Inst::early`](super::Inst::early).
pub mod attribute_error {
    /// `obj`
    pub const OBJ: usize = 0;
    /// `name`
    pub const NAME: usize = 1;
    /// How many more than any exception has.
    pub const COUNT: u32 = 2;
}

/// A descriptor in Rust.
pub struct GetSet<M: OneMutator> {
    /// Its name.
    pub name: &'static str,
    /// Reads (`self`).
    pub get: Native<M>,
    /// Writes (`self`, value).
    pub set: Option<Native<M>>,
}

/// One type's methods and descriptors.
pub type Methods<M> = (T, Vec<NativeDef<M>>, Vec<GetSet<M>>);

struct Boot<'gc, M: OneMutator> {
    mc: &'gc Mutation<'gc, M>,
    interned: std::collections::HashMap<Box<str>, Gc<'gc, Str, M>, crate::types::dict::Fast>,
    version: u32,
}

/// What a class is made of.
pub struct Parts<'gc, M: OneMutator> {
    /// See [`Class`].
    pub name: V<'gc, M>,
    /// See [`Class`].
    pub layout: Kind,
    /// See [`Class`].
    pub nslots: u32,
    /// See [`Class`].
    pub own: u32,
    /// See [`Class`].
    pub has_dict: bool,
    /// See [`Class`].
    pub flags: u32,
    /// See [`Class`].
    pub bases: Vec<Gc<'gc, Class<'gc, M>, M>>,
    /// See [`Class`].
    pub mro: Vec<Gc<'gc, Class<'gc, M>, M>>,
    /// See [`Class`].
    pub dict: Gc<'gc, Dict<'gc, M>, M>,
    /// See [`Class`].
    pub builtin: bool,
    /// See [`Class`].
    pub meta: V<'gc, M>,
    /// See [`Keys`].
    pub capacity: u32,
}

impl<'gc, M: OneMutator> Parts<'gc, M> {
    /// The class.
    pub fn assemble(self) -> Class<'gc, M> {
        Class {
            name: ValSlot::new(self.name),
            layout: self.layout,
            nslots: self.nslots,
            own: self.own,
            has_dict: self.has_dict,
            flags: self.flags.into(),
            version: 0.into(),
            bases: self.bases.into(),
            mro: self.mro.into(),
            dict: self.dict,
            keys: GcCell::new(Keys { names: Vec::new(), capacity: self.capacity }),
            found: GcCell::default(),
            subclasses: GcCell::default(),
            builtin: self.builtin,
            meta: ValSlot::new(self.meta),
            mro_tuple: ValSlot::default(),
            bases_tuple: ValSlot::default(),
            end: ValSlot::default(),
        }
    }
}

impl<'gc, M: OneMutator> Boot<'gc, M> {
    fn text(&self, text: &str) -> Gc<'gc, Str, M> {
        let header =
            StrHeader { hash: Default::default(), chars: text.chars().count(), interned: interned::NOT.into() };
        Gc::try_text(self.mc, header, text).expect("room for the first objects")
    }
    fn intern(&mut self, text: &str) -> Gc<'gc, Str, M> {
        if let Some(s) = self.interned.get(text) {
            return s.clone();
        }
        let s = self.text(text);
        s.header().interned.store(interned::IMMORTAL, std::sync::atomic::Ordering::Relaxed);
        self.interned.insert(text.into(), s.clone());
        s
    }
    fn dict(&self) -> Gc<'gc, Dict<'gc, M>, M> {
        Gc::new(self.mc, Dict { table: GcCell::new(Table::default()), sub: Slot::empty() })
    }
    fn put(&mut self, dict: &Gc<'gc, Dict<'gc, M>, M>, name: &str, value: V<'gc, M>) {
        let name = self.intern(name);
        let hash = super::hash::str_hash(&name);
        dict.table.borrow_mut(self.mc).insert(hash, Val::from_gc(name), value)
    }
    fn list(&self) -> Gc<'gc, List<'gc, M>, M> {
        Gc::new(self.mc, List { items: GcCell::default(), sub: Slot::empty() })
    }
    fn class(
        &mut self,
        name: &str,
        base: Option<&Gc<'gc, Class<'gc, M>, M>>,
        layout: Kind,
        own: u32,
        has_dict: bool,
        flags: u32,
    ) -> Gc<'gc, Class<'gc, M>, M> {
        let dict = self.dict();
        let (module, short) = name.rsplit_once('.').unwrap_or(("builtins", name));
        let short_name = Val::from_gc(self.intern(short));
        let module = Val::from_gc(self.intern(module));
        self.put(&dict, "__module__", module);
        let bases: Vec<_> = base.into_iter().cloned().collect();
        let mro = base.map_or(Vec::new(), |b| std::iter::once(b.clone()).chain(b.mro.iter().cloned()).collect());
        let name =
            Val::from_gc(self.intern(if matches!(layout, Kind::File | Kind::Weak) || name == "collections.deque" {
                name
            } else {
                short
            }));
        let _ = short_name;
        Gc::new(
            self.mc,
            Parts {
                name,
                layout,
                nslots: 0,
                own,
                has_dict,
                flags: flags | class_flags::FIXED,
                bases,
                mro,
                dict,
                builtin: true,
                meta: Val::empty(),
                capacity: 4,
            }
            .assemble(),
        )
    }
    /// The reference by which a class is among its base's subclasses.
    fn note_in_base(&self, class: &Gc<'gc, Class<'gc, M>, M>) {
        let Some(base) = class.bases.first() else { return };
        let any = GcAny::from(class.clone());
        let data = WeakData { callback: ValSlot::new(Val::none()), hash: Default::default(), of: of::REF, ext: None };
        let weak =
            Gc::try_new_weak(self.mc, &any, data, false).unwrap_or_else(|_| panic!("room for the first objects"));
        base.subclasses.borrow_mut(self.mc).push(weak)
    }
    fn native(&mut self, def: NativeDef<M>, owner: V<'gc, M>) -> V<'gc, M> {
        Val::from_gc(Gc::new(self.mc, NativeFn { def: Static(def), owner: ValSlot::new(owner) }))
    }
}

/// Makes the root.
pub fn boot<'gc, M: OneMutator>(mc: &'gc Mutation<'gc, M>) -> Runtime<'gc, M> {
    let mut b = Boot { mc, interned: Default::default(), version: 0 };
    let names: Vec<_> = NAMES.iter().map(|n| b.intern(n)).collect();
    let chars: Vec<_> = (0..256u32).map(|c| b.intern(&char::from_u32(c).expect("latin 1").to_string())).collect();
    let empty_str = b.intern("");
    let empty_tuple = Gc::try_from_end(mc, TupleHeader, &mut Vec::new(), 0).expect("room for the first objects");
    let builtins = b.dict();

    let mut types: Vec<Gc<'gc, Class<'gc, M>, M>> = Vec::new();
    for (i, &(name, base, layout, flags)) in TYPES.iter().enumerate() {
        let base = (i > 0).then(|| types[base as usize].clone());
        // A deque's items are one word of an instance.
        let own = (i == T::Deque as usize) as u32;
        let class = b.class(name, base.as_ref(), layout, own, false, flags);
        types.push(class);
    }
    for (t, defs, getsets) in crate::builtins::methods::<M>() {
        let class = types[t as usize].clone();
        for def in defs {
            let f = b.native(def, Val::from_gc(class.clone()));
            b.put(&class.dict, def.name, f);
        }
        for g in getsets {
            let member = member(&mut b, &class, g);
            b.put(&class.dict, &member.0, member.1);
        }
    }
    use T::*;
    for t in [
        Object,
        Type,
        Int,
        Bool,
        Float,
        Str,
        Bytes,
        List,
        Tuple,
        Dict,
        Set,
        FrozenSet,
        Range,
        Slice,
        Property,
        ClassMethod,
        StaticMethod,
        Super,
    ] {
        b.put(&builtins, TYPES[t as usize].0, Val::from_gc(types[t as usize].clone()));
    }
    // Only functions look like these; the classes answer for their instances.
    let hash_none = Val::none();
    for t in [List, Dict, Set, Deque] {
        b.put(&types[t as usize].dict, "__hash__", hash_none.clone());
    }

    let mut errors: Vec<Gc<'gc, Class<'gc, M>, M>> = Vec::new();
    for (i, &(name, base)) in ERRORS.iter().enumerate() {
        let base = if i == 0 { types[0].clone() } else { errors[base as usize].clone() };
        let own = exc_slot::COUNT + if i == E::AttributeError as usize { attribute_error::COUNT } else { 0 };
        let class = b.class(name, Some(&base), Kind::Instance, own, true, class_flags::EXCEPTION);
        b.put(&builtins, name, Val::from_gc(class.clone()));
        errors.push(class);
    }
    for class in types.iter().chain(&errors) {
        b.note_in_base(class)
    }
    let os_error = Val::from_gc(errors[E::OSError as usize].clone());
    b.put(&builtins, "IOError", os_error.clone());
    b.put(&builtins, "EnvironmentError", os_error);
    for (e, defs, getsets) in crate::types::exception::methods::<M>() {
        let class = errors[e as usize].clone();
        for def in defs {
            let f = b.native(def, Val::from_gc(class.clone()));
            b.put(&class.dict, def.name, f);
        }
        for g in getsets {
            let member = member(&mut b, &class, g);
            b.put(&class.dict, &member.0, member.1);
        }
    }
    for def in crate::builtins::functions::<M>() {
        let f = b.native(def, Val::empty());
        b.put(&builtins, def.name, f);
    }
    b.put(&builtins, "None", Val::none());
    b.put(&builtins, "True", Val::bool(true));
    b.put(&builtins, "False", Val::bool(false));
    b.put(&builtins, "NotImplemented", Val::not_implemented());
    b.put(&builtins, "Ellipsis", Val::ellipsis());
    b.put(&builtins, "__debug__", Val::bool(true));
    let builtins_name = Val::from_gc(b.intern("builtins"));
    b.put(&builtins, "__name__", builtins_name);
    let (modules, prelude) = (b.dict(), b.dict());
    let prelude_name = Val::from_gc(b.intern("<prelude>"));
    b.put(&prelude, "__name__", prelude_name);
    for def in crate::builtins::prelude_functions::<M>() {
        let f = b.native(def, Val::empty());
        b.put(&prelude, def.name, f);
    }
    let append = {
        let name = b.intern("append");
        let t = types[List as usize].dict.table.borrow();
        t.find_name(super::hash::str_hash(&name), &name).map(|i| t.value(i)).unwrap_or_default()
    };
    let (atexit, callbacks, garbage, gc) = (b.list(), b.list(), b.list(), b.dict());
    Runtime {
        stack: GcCell::new(Vec::new()),
        frames: GcCell::new(Vec::new()),
        todo: GcCell::new(Vec::new()),
        types,
        errors,
        names,
        chars,
        empty_str,
        empty_tuple,
        builtins,
        modules,
        prelude,
        main: Slot::empty(),
        own_modules: GcCell::default(),
        handled: ValSlot::new(Val::none()),
        uncaught: ValSlot::default(),
        exiting: ValSlot::default(),
        atexit,
        callbacks,
        garbage,
        gc,
        version: (b.version + 1).into(),
        append,
        spare: ValSlot::default(),
        interned: GcCell::new(b.interned),
    }
}

fn member<'gc, M: OneMutator>(
    b: &mut Boot<'gc, M>,
    class: &Gc<'gc, Class<'gc, M>, M>,
    g: GetSet<M>,
) -> (String, V<'gc, M>) {
    let name = Val::from_gc(b.intern(g.name));
    let m = Member {
        name,
        owner: ValSlot::new(Val::from_gc(class.clone())),
        index: u32::MAX,
        fixed: g.set.is_none(),
        get: Static(Some(g.get)),
        set: Static(g.set),
    };
    (g.name.to_string(), Val::from_gc(Gc::new(b.mc, m)))
}

/// A native that is never called: for tables that need one.
pub fn nothing<'gc, M: OneMutator>(_: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    Ok(Val::none())
}
