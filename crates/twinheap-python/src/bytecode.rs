//! The instruction set and the code object: what the front end hands to the machine.
//!
//! Plain data, no heap types, `Send + Sync + 'static`: a `CodeObject` is made once by `compile.rs` and shared by every
//! function made from it; the machine turns `consts` into heap values once per code object and keeps inline caches
//! beside it (`cache_count` slots). The model is CPython 3.13: order of evaluation, what is on the stack, the static
//! exception table. Not here: how names are resolved (`resolve.rs`), how code is made (`compile.rs`), what an
//! instruction does to the heap (the machine).
//!
//! # The frame
//! `[slots | operand stack]`. Slots are `nlocals` locals (arguments first, in CPython's order: positional, keyword-only,
//! `*args`, `**kwargs`, then the rest), then `cellvars`, then `freevars`. A slot is *empty* (unbound) or holds a value;
//! a cell slot holds a cell. Every local and cell operand is an index into all slots (`slot`), so cells need no offset.
//! *Empty* is also a value of the operand stack in one place: below the arguments of a method call.
//!
//! The prologue is code: `CopyFreeVars`, then one `MakeCell` per cell variable, then `ReturnGenerator; PopTop` in a
//! generator.
//!
//! # Names of operands
//! An instruction is 8 bytes: `op`, `b: u8`, `a: u16`, `arg: u32` (also read as `imm: i32`). Below, *name* is an index
//! into `names`, *const* into `consts`, *cache* an inline-cache slot below `cache_count` or [`NO_CACHE`], *target* an
//! index into `code`. Stack effects are written `(before → after)`, top at the right.
//!
//! # Fused instructions
//! Two kinds. *Plain* ones replace what they fuse (`LoadFastLoadFast`, `BinaryFastInt`). *Tailed* ones (`CompareJump…`,
//! `ForIterFast`) stand before the instruction they absorb, which stays where it was: the fast path skips it; the slow
//! path (operands that call Python code) does only the first half and goes on at `pc + 1`. So whatever pushes a frame
//! always finds "push my result, continue at the next instruction" to be right.
//! Fused forms read locals that are certainly bound, like `LoadFast`.
//!
//! # Exceptions
//! When an instruction at `pc` raises: look up [`CodeObject::handler`]. None: the frame is left. Else cut the operand
//! stack to `depth`, push the exception, go on at `target`. A traceback entry is added for this frame unless the
//! instruction was `Reraise` or `PopExceptReraise`. Handlers begin with `PushExcInfo` (which makes the exception the one
//! being handled and pushes the previous one below it) unless they only tidy up and reraise. Every path out of a handler
//! restores the previous one, so the machine keeps a single "exception being handled" per thread of execution;
//! a generator has its own, which is chained to its caller's while it runs.
//!
//! # Generators
//! A resumed frame always finds one more value on its stack: the one sent (`None` for `next`).
//! `StopIteration` that leaves a frame with [`flags::GENERATOR`] becomes `RuntimeError("generator raised StopIteration")`:
//! that is the machine's duty, no code is emitted for it.

mod dis;

use num_bigint::BigInt;
use std::sync::Arc;

/// Cache operand of an attribute or global access that has no inline cache (more than 65,535 of them in one code object).
pub const NO_CACHE: u16 = u16::MAX;

/// Bits of [`CodeObject::flags`].
pub mod flags {
    /// Locals live in slots (functions, lambdas, generator expressions); clear for modules and class bodies, whose names
    /// live in a namespace. (Their inlined comprehensions still use slots.)
    pub const OPTIMIZED: u32 = 1;
    /// Has `*args`.
    pub const VARARGS: u32 = 4;
    /// Has `**kwargs`.
    pub const VARKEYWORDS: u32 = 8;
    /// Is inside another function.
    pub const NESTED: u32 = 0x10;
    /// Calling it makes a generator (by `ReturnGenerator`).
    pub const GENERATOR: u32 = 0x20;
    /// Body of a `class` statement.
    pub const CLASS: u32 = 0x1_0000;
    /// A module (or `exec`) body.
    pub const MODULE: u32 = 0x2_0000;
    /// Defined in a class body (directly): a method.
    pub const METHOD: u32 = 0x4_0000;
}

/// One constant. The machine makes heap values of them once per code object.
#[derive(Clone, Debug)]
pub enum Const {
    /// `None`
    None,
    /// `True`
    True,
    /// `False`
    False,
    /// `...`
    Ellipsis,
    /// An integer that fits.
    Int(i64),
    /// An integer that does not fit.
    BigInt(BigInt),
    /// A float.
    Float(f64),
    /// A complex number: real and imaginary part.
    Complex(f64, f64),
    /// A string. (Lone surrogates cannot be written in a Rust string: they are a compile error for now.)
    Str(Arc<str>),
    /// A byte string.
    Bytes(Arc<[u8]>),
    /// A tuple of constants.
    Tuple(Arc<[Const]>),
    /// A frozenset of constants, in source order, possibly with equal elements (`x in {1, 2}`).
    Frozenset(Arc<[Const]>),
    /// The code of a nested function or class.
    Code(Arc<CodeObject>),
}

/// Equal as constants: same type and same bits, so that `0.0` and `-0.0`, `1` and `True`, `1` and `1.0` stay apart.
/// Code objects are equal only to themselves.
impl PartialEq for Const {
    fn eq(&self, other: &Const) -> bool {
        match (self, other) {
            (Const::None, Const::None)
            | (Const::True, Const::True)
            | (Const::False, Const::False)
            | (Const::Ellipsis, Const::Ellipsis) => true,
            (Const::Int(a), Const::Int(b)) => a == b,
            (Const::BigInt(a), Const::BigInt(b)) => a == b,
            (Const::Float(a), Const::Float(b)) => a.to_bits() == b.to_bits(),
            (Const::Complex(a, b), Const::Complex(c, d)) => a.to_bits() == c.to_bits() && b.to_bits() == d.to_bits(),
            (Const::Str(a), Const::Str(b)) => a == b,
            (Const::Bytes(a), Const::Bytes(b)) => a == b,
            (Const::Tuple(a), Const::Tuple(b)) | (Const::Frozenset(a), Const::Frozenset(b)) => a == b,
            (Const::Code(a), Const::Code(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}
impl Eq for Const {}

impl std::hash::Hash for Const {
    fn hash<H: std::hash::Hasher>(&self, h: &mut H) {
        std::mem::discriminant(self).hash(h);
        match self {
            Const::None | Const::True | Const::False | Const::Ellipsis => {}
            Const::Int(i) => i.hash(h),
            Const::BigInt(i) => i.hash(h),
            Const::Float(f) => f.to_bits().hash(h),
            Const::Complex(re, im) => (re.to_bits(), im.to_bits()).hash(h),
            Const::Str(s) => s.hash(h),
            Const::Bytes(s) => s.hash(h),
            Const::Tuple(t) | Const::Frozenset(t) => t.hash(h),
            Const::Code(c) => Arc::as_ptr(c).hash(h),
        }
    }
}

/// Where an instruction comes from. Lines count from 1; columns are UTF-8 byte offsets from 0, as `co_positions()` has them.
/// `line == 0`: artificial, keep the line of what ran before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loc {
    /// First line.
    pub line: u32,
    /// Last line.
    pub end_line: u32,
    /// First column.
    pub col: u32,
    /// Column after the last.
    pub end_col: u32,
}

/// One row of the exception table: an instruction in `start..end` that raises goes on at `target` with the operand stack
/// cut to `depth` values and the exception pushed. Rows are sorted by `start` and do not overlap (innermost wins).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handler {
    /// First instruction covered.
    pub start: u32,
    /// First instruction no longer covered.
    pub end: u32,
    /// First instruction of the handler.
    pub target: u32,
    /// Operand-stack values kept.
    pub depth: u32,
}

/// A compiled module, function, lambda, class body or generator expression. Immutable once made.
#[derive(Debug, Default)]
pub struct CodeObject {
    /// `__name__`: `f`, `<lambda>`, `<module>`, `<genexpr>`.
    pub name: Arc<str>,
    /// `__qualname__`: `A.f`, `f.<locals>.<lambda>`.
    pub qualname: Arc<str>,
    /// The file name given to the compiler.
    pub filename: Arc<str>,
    /// Line of `def`, `class`, `lambda` or of the first decorator.
    pub first_line: u32,
    /// Positional parameters, the positional-only ones included; `*args` is not counted.
    pub argcount: u32,
    /// How many of them are positional-only.
    pub posonly: u32,
    /// Keyword-only parameters.
    pub kwonly: u32,
    /// See [`flags`].
    pub flags: u32,
    /// Names of the local slots; `nlocals == varnames.len()`. Inlined comprehensions add slots at the end, whose names may repeat.
    pub varnames: Vec<Arc<str>>,
    /// How many of `varnames` are variables of the function itself; the rest belong to inlined comprehensions and are
    /// not shown by `locals()`.
    pub nvisible: u32,
    /// Names of the cell slots: variables captured by inner functions. Slot `nlocals + i`.
    pub cellvars: Vec<Arc<str>>,
    /// Names of the free slots: cells taken from the closure, in its order. Slot `nlocals + cellvars.len() + i`.
    pub freevars: Vec<Arc<str>>,
    /// Names of globals, attributes, imports, keyword names of the namespace ops.
    pub names: Vec<Arc<str>>,
    /// Constants.
    pub consts: Vec<Const>,
    /// The instructions. The last one never falls through.
    pub code: Vec<Instr>,
    /// One per instruction.
    pub locs: Vec<Loc>,
    /// The exception table.
    pub handlers: Vec<Handler>,
    /// Operand-stack slots needed at most.
    pub max_stack: u32,
    /// Inline caches needed.
    pub cache_count: u32,
    /// Doc string, if there is one. (For a class or module the code itself also stores `__doc__`.)
    pub docstring: Option<Arc<str>>,
}

impl CodeObject {
    /// Local slots.
    #[inline]
    pub fn nlocals(&self) -> usize {
        self.varnames.len()
    }

    /// All slots of a frame: locals, cells, free variables.
    #[inline]
    pub fn nslots(&self) -> usize {
        self.varnames.len() + self.cellvars.len() + self.freevars.len()
    }

    /// Slots filled by a call: arguments, then `*args`, then `**kwargs` if there are such.
    pub fn nparams(&self) -> usize {
        let stars = (self.flags & flags::VARARGS != 0) as usize + (self.flags & flags::VARKEYWORDS != 0) as usize;
        (self.argcount + self.kwonly) as usize + stars
    }

    /// Name of a slot.
    pub fn slot_name(&self, slot: usize) -> &Arc<str> {
        let (n, c) = (self.varnames.len(), self.cellvars.len());
        if slot < n {
            &self.varnames[slot]
        } else if slot < n + c {
            &self.cellvars[slot - n]
        } else {
            &self.freevars[slot - n - c]
        }
    }

    /// The row of the exception table that covers `pc`.
    pub fn handler(&self, pc: usize) -> Option<&Handler> {
        let pc = pc as u32;
        let i = self.handlers.partition_point(|h| h.end <= pc);
        self.handlers.get(i).filter(|h| h.start <= pc)
    }

    /// Line of an instruction (0 if there is none).
    pub fn line(&self, pc: usize) -> u32 {
        self.locs[..=pc.min(self.locs.len() - 1)]
            .iter()
            .rev()
            .map(|l| l.line)
            .find(|&l| l != 0)
            .unwrap_or(self.first_line)
    }

    /// The code as text, nested code objects after it. For tests and for reading; the form is not stable.
    pub fn dis(&self) -> String {
        dis::dis(self)
    }
}

/// Operators of `BinaryOp` and its fused forms. The in-place ones are 16 higher, so `kind & 15` is the plain operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum BinKind {
    Add,
    Sub,
    Mul,
    TrueDiv,
    FloorDiv,
    Mod,
    Pow,
    MatMul,
    LShift,
    RShift,
    And,
    Or,
    Xor,
    IAdd = 16,
    ISub,
    IMul,
    ITrueDiv,
    IFloorDiv,
    IMod,
    IPow,
    IMatMul,
    ILShift,
    IRShift,
    IAnd,
    IOr,
    IXor,
}

const BIN: [BinKind; 13] = [
    BinKind::Add,
    BinKind::Sub,
    BinKind::Mul,
    BinKind::TrueDiv,
    BinKind::FloorDiv,
    BinKind::Mod,
    BinKind::Pow,
    BinKind::MatMul,
    BinKind::LShift,
    BinKind::RShift,
    BinKind::And,
    BinKind::Or,
    BinKind::Xor,
];
const IBIN: [BinKind; 13] = [
    BinKind::IAdd,
    BinKind::ISub,
    BinKind::IMul,
    BinKind::ITrueDiv,
    BinKind::IFloorDiv,
    BinKind::IMod,
    BinKind::IPow,
    BinKind::IMatMul,
    BinKind::ILShift,
    BinKind::IRShift,
    BinKind::IAnd,
    BinKind::IOr,
    BinKind::IXor,
];
const BIN_TEXT: [&str; 13] = ["+", "-", "*", "/", "//", "%", "**", "@", "<<", ">>", "&", "|", "^"];

impl BinKind {
    /// From the low five bits of an operand; anything out of range reads as `Add`, which the compiler never relies on.
    #[inline]
    pub fn from_u8(k: u8) -> BinKind {
        let t = if k & 16 != 0 { &IBIN } else { &BIN };
        *t.get((k & 15) as usize).unwrap_or(&BinKind::Add)
    }
    /// The operator without "in place".
    #[inline]
    pub fn base(self) -> BinKind {
        BIN[(self as u8 & 15) as usize]
    }
    /// The in-place form of the operator.
    #[inline]
    pub fn in_place(self) -> BinKind {
        IBIN[(self as u8 & 15) as usize]
    }
    /// Is it one of `+=` and the like?
    #[inline]
    pub fn is_in_place(self) -> bool {
        self as u8 & 16 != 0
    }
    /// As error messages have it: `+`, `+=`, `** or pow()`.
    pub fn text(self) -> &'static str {
        const I: [&str; 13] = ["+=", "-=", "*=", "/=", "//=", "%=", "**=", "@=", "<<=", ">>=", "&=", "|=", "^="];
        let i = (self as u8 & 15) as usize;
        match self {
            BinKind::Pow => "** or pow()",
            _ if self.is_in_place() => I[i],
            _ => BIN_TEXT[i],
        }
    }
}

/// Operators of `CompareOp` and its fused forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum CmpKind {
    Lt,
    Le,
    Eq,
    Ne,
    Gt,
    Ge,
}

impl CmpKind {
    /// From the low three bits of an operand.
    #[inline]
    pub fn from_u8(k: u8) -> CmpKind {
        match k & 7 {
            0 => CmpKind::Lt,
            1 => CmpKind::Le,
            2 => CmpKind::Eq,
            3 => CmpKind::Ne,
            4 => CmpKind::Gt,
            _ => CmpKind::Ge,
        }
    }
    /// As the source has it.
    pub fn text(self) -> &'static str {
        ["<", "<=", "==", "!=", ">", ">="][self as usize]
    }
}

/// Set in `b` of a compare-and-jump: jump when the comparison is true (else when it is false).
pub const JUMP_IF_TRUE: u8 = 0x80;

/// Bits of `b` in `MakeFunction`.
pub mod make_function {
    /// A tuple of the defaults of positional parameters is on the stack.
    pub const DEFAULTS: u8 = 1;
    /// A dict of the defaults of keyword-only parameters is on the stack.
    pub const KWDEFAULTS: u8 = 2;
    /// A tuple of cells is on the stack.
    pub const CLOSURE: u8 = 8;
}

/// One instruction: 8 bytes, loaded as one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(8))]
pub struct Instr {
    /// What to do.
    pub op: Op,
    /// Small operand: operator, flags, a slot below 256.
    pub b: u8,
    /// Middle operand: cache or slot.
    pub a: u16,
    /// Large operand: name, const, target, count, slot.
    pub arg: u32,
}

const _: () = assert!(size_of::<Instr>() == 8);

impl Instr {
    /// An instruction with one operand.
    #[inline]
    pub const fn new(op: Op, arg: u32) -> Instr {
        Instr { op, b: 0, a: 0, arg }
    }
    /// An instruction with three.
    #[inline]
    pub const fn with(op: Op, b: u8, a: u16, arg: u32) -> Instr {
        Instr { op, b, a, arg }
    }
    /// `arg` as a signed immediate.
    #[inline]
    pub const fn imm(self) -> i32 {
        self.arg as i32
    }
    /// `b` as a binary operator.
    #[inline]
    pub fn bin(self) -> BinKind {
        BinKind::from_u8(self.b)
    }
    /// `b` as a comparison.
    #[inline]
    pub fn cmp(self) -> CmpKind {
        CmpKind::from_u8(self.b)
    }
    /// Does a fused compare-and-jump jump when the comparison is true?
    #[inline]
    pub const fn jump_if_true(self) -> bool {
        self.b & JUMP_IF_TRUE != 0
    }
    /// Of `CompareFastFastJump`: the right-hand slot. Of `CompareFastIntJump`: the signed immediate's bits.
    #[inline]
    pub const fn a_hi(self) -> u8 {
        (self.a >> 8) as u8
    }
    /// Of `CompareFast…Jump`: the left-hand slot.
    #[inline]
    pub const fn a_lo(self) -> u8 {
        self.a as u8
    }
    /// Has it a jump target in `arg`?
    pub const fn is_jump(self) -> bool {
        matches!(
            self.op,
            Op::Jump
                | Op::JumpBackward
                | Op::PopJumpIfTrue
                | Op::PopJumpIfFalse
                | Op::PopJumpIfNone
                | Op::PopJumpIfNotNone
                | Op::JumpIfTrueOrPop
                | Op::JumpIfFalseOrPop
                | Op::ForIter
                | Op::ForIterFast
                | Op::CompareJump
                | Op::CompareFastFastJump
                | Op::CompareFastIntJump
        )
    }
    /// Can the next instruction never be reached from it?
    pub const fn ends_block(self) -> bool {
        matches!(
            self.op,
            Op::Jump | Op::JumpBackward | Op::Return | Op::ReturnConst | Op::Raise | Op::Reraise | Op::PopExceptReraise
        )
    }

    /// Change of the operand stack's height, when it jumps (`jumped`) or goes on to the next instruction.
    /// Of a tailed instruction that goes on it is the slow path's: as if it were not fused.
    pub fn stack_effect(self, jumped: bool) -> i32 {
        let n = self.arg as i32;
        use Op::*;
        match self.op {
            Nop | LoadAttr | UnaryNot | UnaryNegative | UnaryPositive | UnaryInvert | ToBool | Swap
            | StoreFastLoadFast | BinaryTosInt | GetIter | GetYieldFromIter | ConvertValue | FormatSimple | Jump
            | JumpBackward | CopyFreeVars | MakeCell | DeleteFast | ClearFast | DeleteDeref | DeleteGlobal
            | DeleteName | SetupAnnotations | ListToTuple | YieldValue => 0,
            PopTop | StoreFast | StoreDeref | StoreGlobal | StoreName | StoreFastAttr | DeleteAttr | BinaryOp
            | CompareOp | IsOp | ContainsOp | BinarySubscr | ListAppend | SetAdd | ListExtend | SetUpdate
            | DictUpdate | DictMerge | FormatWithSpec | PopJumpIfTrue | PopJumpIfFalse | PopJumpIfNone
            | PopJumpIfNotNone | Return | YieldFrom | PopExcept | ImportName | ImportStar | Reraise | PrintExpr => -1,
            StoreFastStoreFast | StoreAttr | MapAdd | DeleteSubscr | PopExceptReraise => -2,
            StoreSubscr => -3,
            Copy | LoadConst | LoadNone | LoadSmallInt | LoadFast | LoadFastCheck | LoadDeref | LoadClassDeref
            | LoadClosure | LoadGlobal | LoadName | LoadFastAttr | LoadMethod | LoadBuildClass | LoadAssertionError
            | LoadLocals | BinaryFastInt | BinaryFastFast | SubscrFastFast | PushExcInfo | WithExceptStart
            | BeforeWith | ImportFrom | ReturnGenerator | GetLen | MatchMapping | MatchSequence | MatchKeys => 1,
            LoadFastLoadFast | LoadFastLoadConst | LoadFastMethod => 2,
            BinaryTosFast | SubscrTosFast | ReturnConst | CheckExcMatch => 0,
            BinarySlice => -2,
            StoreSlice => -4,
            BuildTuple | BuildList | BuildSet | BuildString => 1 - n,
            BuildMap => 1 - 2 * n,
            BuildSlice => 1 - n,
            Call => -n,
            CallMethod => -n - 1,
            CallKw => -(self.a as i32) - (self.b & 1) as i32,
            CallEx => -1 - (self.b & 1) as i32,
            MakeFunction => 1 - (self.b & 0b1011).count_ones() as i32,
            Raise => -n,
            UnpackSequence => n - 1,
            UnpackEx => self.a as i32 + n,
            MatchClass => -2,
            JumpIfTrueOrPop | JumpIfFalseOrPop => {
                if jumped {
                    0
                } else {
                    -1
                }
            }
            ForIter | ForIterFast => {
                if jumped {
                    -1
                } else {
                    1
                }
            }
            CompareJump => {
                if jumped {
                    -2
                } else {
                    -1
                }
            }
            CompareFastFastJump | CompareFastIntJump => {
                if jumped {
                    0
                } else {
                    1
                }
            }
        }
    }
}

/// What an instruction does. The numbers mean nothing and may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Op {
    // ---- the stack ------------------------------------------------------------------------------------------------
    /// `( → )`
    Nop,
    /// `(v → )`
    PopTop,
    /// Push a copy of the `arg`-th value from the top, 1 being the top: `(v … → v … v)`.
    Copy,
    /// Exchange the top with the `arg`-th value from the top (`arg` ≥ 2).
    Swap,

    // ---- constants ------------------------------------------------------------------------------------------------
    /// Push const `arg`: `( → v)`.
    LoadConst,
    /// Push `None`.
    LoadNone,
    /// Push the integer `imm`.
    LoadSmallInt,

    // ---- locals ---------------------------------------------------------------------------------------------------
    /// Push slot `arg`, which the compiler knows to be bound.
    LoadFast,
    /// Push slot `arg`; empty: `UnboundLocalError: cannot access local variable 'x' where it is not associated with a value`.
    LoadFastCheck,
    /// Pop into slot `arg`; what it held is released after the store.
    StoreFast,
    /// Empty slot `arg`; already empty: `UnboundLocalError` as above.
    DeleteFast,
    /// Empty slot `arg`, whether it held something or not (end of an inlined comprehension, local or cell slot).
    ClearFast,
    /// Push slots `a`, then `arg`.
    LoadFastLoadFast,
    /// Push slot `a`, then const `arg`.
    LoadFastLoadConst,
    /// Pop into slot `a`, push slot `arg` (possibly the same).
    StoreFastLoadFast,
    /// Pop into slot `a`, pop into slot `arg`.
    StoreFastStoreFast,

    // ---- cells ----------------------------------------------------------------------------------------------------
    /// Prologue: copy the `arg` cells of the running function's closure into the free slots.
    CopyFreeVars,
    /// Make a fresh cell in cell slot `arg`. `a` ≠ 0: the variable is the parameter in local slot `a - 1`; its value
    /// moves into the cell and the local slot becomes empty. Also emitted where an inlined comprehension begins.
    MakeCell,
    /// Push the cell itself in slot `arg` (to build a closure tuple).
    LoadClosure,
    /// Push what the cell in slot `arg` holds; empty: `UnboundLocalError` as for locals if the slot is a cell variable,
    /// `NameError: cannot access free variable 'x' where it is not associated with a value in enclosing scope` if free.
    LoadDeref,
    /// Pop into the cell in slot `arg`.
    StoreDeref,
    /// Empty the cell in slot `arg`; already empty: the errors of `LoadDeref`.
    DeleteDeref,
    /// Class bodies: the namespace's entry of that slot's name if there is one, else as `LoadDeref`.
    LoadClassDeref,

    // ---- globals and namespaces -----------------------------------------------------------------------------------
    /// Push global or built-in name `arg`; `a` is a cache. `NameError: name 'x' is not defined`.
    LoadGlobal,
    /// Pop into global `arg`; `a` is a cache. Module bodies use these for their own names.
    StoreGlobal,
    /// Delete global `arg`; `NameError` as above.
    DeleteGlobal,
    /// Push name `arg` of the running class body's namespace, else global, else built-in.
    LoadName,
    /// Pop into the namespace under name `arg`.
    StoreName,
    /// Delete name `arg` from the namespace; `NameError`.
    DeleteName,
    /// Push the running frame's namespace (class bodies).
    LoadLocals,
    /// Make sure that the namespace has an `__annotations__` dict.
    SetupAnnotations,

    // ---- attributes and items -------------------------------------------------------------------------------------
    /// `(obj → obj.name)`; name `arg`, cache `a`.
    LoadAttr,
    /// `(value obj → )`: `obj.name = value`; name `arg`, cache `a`.
    StoreAttr,
    /// `(obj → )`: `del obj.name`; name `arg`.
    DeleteAttr,
    /// `LoadFast b; LoadAttr arg`, cache `a`: `( → slot.name)`.
    LoadFastAttr,
    /// `LoadFast b; StoreAttr arg`, cache `a`: `(value → )`.
    StoreFastAttr,
    /// Look `name` up for a call: `(obj → callee self)`. A plain function found on the type: `callee` is it and `self` is
    /// `obj`. Anything else: `callee` is the attribute's value and `self` is *empty*. Name `arg`, cache `a`.
    LoadMethod,
    /// `LoadFast b; LoadMethod arg`, cache `a`: `( → callee self)`.
    LoadFastMethod,
    /// `(obj key → obj[key])`
    BinarySubscr,
    /// `(value obj key → )`: `obj[key] = value`.
    StoreSubscr,
    /// `(obj key → )`: `del obj[key]`.
    DeleteSubscr,
    /// `(obj start stop → obj[start:stop])`
    BinarySlice,
    /// `(value obj start stop → )`: `obj[start:stop] = value`.
    StoreSlice,
    /// `LoadFast a; LoadFast arg; BinarySubscr`: `( → v)`.
    SubscrFastFast,
    /// `LoadFast arg; BinarySubscr`: `(obj → v)`.
    SubscrTosFast,

    // ---- operators ------------------------------------------------------------------------------------------------
    /// `(x y → x op y)`, operator `b` (a [`BinKind`], perhaps in place).
    BinaryOp,
    /// `(x → x op imm)`, operator `b`.
    BinaryTosInt,
    /// `(x → x op slot arg)`, operator `b`.
    BinaryTosFast,
    /// `( → slot a op imm)`, operator `b`.
    BinaryFastInt,
    /// `( → slot a op slot arg)`, operator `b`.
    BinaryFastFast,
    /// `(x → not x)`, a bool.
    UnaryNot,
    /// `(x → -x)`
    UnaryNegative,
    /// `(x → +x)`
    UnaryPositive,
    /// `(x → ~x)`
    UnaryInvert,
    /// `(x → bool(x))`
    ToBool,
    /// `(x y → x cmp y)`, operator `b` (a [`CmpKind`]); the result is whatever the method answers.
    CompareOp,
    /// `(x y → bool)`: `x is y`, or `is not` if `b` is 1.
    IsOp,
    /// `(x y → bool)`: `x in y`, or `not in` if `b` is 1.
    ContainsOp,

    // ---- jumps ----------------------------------------------------------------------------------------------------
    /// Go to `arg`, always forward.
    Jump,
    /// Go to `arg`, always backward: the place to look whether somebody wants a pause.
    JumpBackward,
    /// `(v → )`: go to `arg` if `v` is true.
    PopJumpIfTrue,
    /// `(v → )`: go to `arg` if `v` is false.
    PopJumpIfFalse,
    /// `(v → )`: go to `arg` if `v` is `None`.
    PopJumpIfNone,
    /// `(v → )`: go to `arg` if `v` is not `None`.
    PopJumpIfNotNone,
    /// If `v` is true keep it and go to `arg`, else pop it.
    JumpIfTrueOrPop,
    /// If `v` is false keep it and go to `arg`, else pop it.
    JumpIfFalseOrPop,
    /// Tailed `CompareOp; PopJumpIf…`: `(x y → )`, operator `b & 7`, [`JUMP_IF_TRUE`] in `b`, target `arg`. Fast: go to `arg` or
    /// `pc + 2`. Slow: push the comparison's result, go to `pc + 1`, where the `PopJumpIf…` is.
    CompareJump,
    /// Tailed `LoadFast; LoadFast; CompareOp; PopJumpIf…` of slots `a_lo`, `a_hi`: as `CompareJump` with nothing popped.
    /// (Only the `PopJumpIf…` stays behind it.)
    CompareFastFastJump,
    /// The same for slot `a_lo` and the signed 8-bit integer `a_hi`.
    CompareFastIntJump,

    // ---- iteration ------------------------------------------------------------------------------------------------
    /// `(v → iter(v))`
    GetIter,
    /// `(it → it next)`; when it ends: `(it → )` and go to `arg`.
    ForIter,
    /// Tailed `ForIter; StoreFast a`. Fast: store into slot `a`, go to `pc + 2`. Slow: push, go to `pc + 1`. At the end as `ForIter`.
    ForIterFast,
    /// `(v → xₙ … x₁)`: exactly `arg` items, the first on top. `ValueError: not enough values to unpack (expected 2, got 1)`,
    /// `too many values to unpack (expected 2)`; `TypeError: cannot unpack non-iterable int object`.
    UnpackSequence,
    /// `(v → after… list before…)`: `a` items before the star, `arg` after it; first item on top.
    /// `ValueError: not enough values to unpack (expected at least 2, got 1)`.
    UnpackEx,

    // ---- building -------------------------------------------------------------------------------------------------
    /// `(x₁ … xₙ → tuple)`, n = `arg`.
    BuildTuple,
    /// `(x₁ … xₙ → list)`
    BuildList,
    /// `(x₁ … xₙ → set)`; later equal elements lose.
    BuildSet,
    /// `(k₁ v₁ … kₙ vₙ → dict)`
    BuildMap,
    /// `(s₁ … sₙ → str)`: concatenation of n strings.
    BuildString,
    /// `(start stop → slice)`, or with `arg` 3 (else 2) `(start stop step → slice)`.
    BuildSlice,
    /// `(… v → …)`: append `v` to the list `arg` places from the top, counted after the pop (1 is the top).
    ListAppend,
    /// The same for a set.
    SetAdd,
    /// `(… k v → …)`: `dict[k] = v` for the dict `arg` places from the top, counted after the pops.
    MapAdd,
    /// `(… it → …)`: extend the list `arg` places down. `TypeError: Value after * must be an iterable, not int`.
    ListExtend,
    /// `(… it → …)`: update the set `arg` places down.
    SetUpdate,
    /// `(… m → …)`: update the dict `arg` places down, later keys win: `{**m}`. `TypeError: 'int' object is not a mapping`.
    DictUpdate,
    /// `(f args kwargs m → f args kwargs)`: the same for the keyword arguments of a call. A key that is there already
    /// (`TypeError: f() got multiple values for keyword argument 'x'`) or is no string is an error. `arg` is always 1.
    DictMerge,
    /// `(list → tuple)`
    ListToTuple,
    /// `(v → str(v))`, `repr(v)` or `ascii(v)` as `b` is 1, 2 or 3.
    ConvertValue,
    /// `(v → format(v, ""))`; a `str` is left as it is.
    FormatSimple,
    /// `(v spec → format(v, spec))`
    FormatWithSpec,

    // ---- calls ----------------------------------------------------------------------------------------------------
    /// `(f x₁ … xₙ → result)`, n = `arg`.
    Call,
    /// `(callee self x₁ … xₙ → result)`, n = `arg`, after `LoadMethod`: `self` counts as an argument unless *empty*.
    CallMethod,
    /// Call with keywords: `(f x₁ … xₙ → result)`, n = `a` values, the last of which are named by the tuple const `arg`.
    /// `b` = 1: `(callee self x₁ … xₙ → result)` as `CallMethod`.
    CallKw,
    /// `(f args → result)`, or with `b` = 1 `(f args kwargs → result)`. `args` is a tuple or, for a lone `f(*it)`, any iterable
    /// (`TypeError: f() argument after * must be an iterable, not int`); `kwargs` is a fresh dict.
    CallEx,
    /// Make a function of code const `arg`. `b`: [`make_function`]; what it says is on the stack in that order:
    /// `([defaults] [kwdefaults] [closure] → function)`.
    MakeFunction,
    /// Push `__build_class__`: `( → f)`; it is then called with the body's function, the name, bases and keywords.
    LoadBuildClass,
    /// `(v → )`: leave the frame with `v`.
    Return,
    /// Leave the frame with const `arg`.
    ReturnConst,

    // ---- generators -----------------------------------------------------------------------------------------------
    /// End of a generator's prologue: move the frame into a generator and return that to the caller.
    ReturnGenerator,
    /// `(v → sent)`: suspend, giving `v` out.
    YieldValue,
    /// `(v → it)` for `yield from`: a generator as it is, else `iter(v)`.
    GetYieldFromIter,
    /// `(it sent → result)`: send `sent` to `it` (`next` if it is `None`). If it gives a value: suspend, giving that out, with `(it)`
    /// on the stack and the *same* instruction to be run when the sent value has been pushed. If it ends: push
    /// `StopIteration.value`, go on. `throw` and `close` on a frame suspended here go to `it` first.
    YieldFrom,

    // ---- exceptions -----------------------------------------------------------------------------------------------
    /// `arg` 0: raise the exception being handled again (`RuntimeError: No active exception to reraise`); 1: `(exc → )`;
    /// 2: `(exc cause → )`.
    Raise,
    /// `(exc → )`: raise it again, no traceback entry for this frame.
    Reraise,
    /// `(exc → prev exc)`: `exc` becomes the exception being handled; the previous one (or `None`) is kept below.
    PushExcInfo,
    /// `(prev → )`: `prev` becomes the exception being handled.
    PopExcept,
    /// `(prev exc → )`: `PopExcept` of `prev`, then `Reraise` of `exc`: leaving a handler by an exception.
    PopExceptReraise,
    /// `(exc type → exc bool)`: does the exception match a class or tuple of classes?
    /// `TypeError: catching classes that do not inherit from BaseException is not allowed`.
    CheckExcMatch,
    /// `(mgr → exit value)`: bind `type(mgr).__exit__`, call `__enter__`. Both are looked up before the call.
    /// `TypeError: 'C' object does not support the context manager protocol`, with ` (missed __exit__ method)` if only that is missing.
    BeforeWith,
    /// `(exit prev exc → exit prev exc result)`: call `exit(type(exc), exc, exc.__traceback__)`.
    WithExceptStart,
    /// Push `AssertionError`.
    LoadAssertionError,

    // ---- imports --------------------------------------------------------------------------------------------------
    /// `(level fromlist → module)`: `__import__(name arg, …)`. `fromlist` is `None` or a tuple of names; without one the top package.
    ImportName,
    /// `(module → module value)`: attribute `arg`, else submodule; `ImportError: cannot import name 'x' from 'm' (file)`.
    ImportFrom,
    /// `(module → )`: `from module import *` into the namespace.
    ImportStar,

    // ---- match ----------------------------------------------------------------------------------------------------
    /// `(v → v len(v))`
    GetLen,
    /// `(v → v bool)`: is it a mapping?
    MatchMapping,
    /// `(v → v bool)`: is it a sequence (not `str`, `bytes`, `bytearray`)?
    MatchSequence,
    /// `(v keys → v keys values)`: a tuple of the values, or `None` if one is missing.
    MatchKeys,
    /// `(v cls names → values)`: `arg` positional sub-patterns, `names` the tuple of the keyword ones; a tuple of attributes or `None`.
    MatchClass,

    // ---- the prompt -----------------------------------------------------------------------------------------------
    /// `(v → )`: `sys.displayhook(v)`, for interactive input.
    PrintExpr,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_objects_can_be_shared() {
        fn shared<T: Send + Sync + 'static>() {}
        shared::<CodeObject>();
    }

    #[test]
    fn constants_of_equal_value_and_other_type_stay_apart() {
        assert_ne!(Const::Float(0.0), Const::Float(-0.0));
        assert_ne!(Const::Int(1), Const::True);
        assert_ne!(Const::Int(1), Const::Float(1.0));
        assert_eq!(Const::Float(f64::NAN), Const::Float(f64::NAN));
        assert_ne!(Const::Tuple([Const::Int(1)].into()), Const::Frozenset([Const::Int(1)].into()));
    }

    #[test]
    fn operators_survive_their_encoding() {
        for (i, k) in BIN.iter().enumerate() {
            assert_eq!(BinKind::from_u8(*k as u8), *k);
            assert_eq!(*k as usize, i);
            assert_eq!(BinKind::from_u8(k.in_place() as u8), IBIN[i]);
            assert_eq!(IBIN[i].base(), *k);
        }
    }

    #[test]
    fn handler_lookup_finds_the_row_that_covers_the_instruction() {
        let h = |start, end, target| Handler { start, end, target, depth: 0 };
        let code = CodeObject { handlers: vec![h(2, 4, 10), h(4, 5, 11), h(8, 9, 12)], ..CodeObject::default() };
        let at = |pc| code.handler(pc).map(|h| h.target);
        assert_eq!(
            (0..10).map(at).collect::<Vec<_>>(),
            [None, None, Some(10), Some(10), Some(11), None, None, None, Some(12), None]
        );
    }
}
