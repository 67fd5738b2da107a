//! A case: knobs and a list of operations on registers, made from a seed.  Knows nothing of heaps.

use super::objects::Temper;
use crate::{random::Random, shrink::shrink};
use std::fmt;

/// Registers of references, of weak references, and of roots.
pub const REGISTERS: usize = 12;
pub const WEAKS: usize = 6;
pub const ROOTS: usize = 3;

/// What a manager is made with; each takes what is its own.
#[derive(Clone, Debug)]
pub struct Knobs {
    pub zeal: Option<u32>,
    pub threshold: i64,
    pub gogc: u32,
    pub min_heap_bytes: usize,
    pub safepoints: bool,
    /// The test drains what waits for user code, instead of the library.
    pub manual: bool,
    /// Another thread works on the heap meanwhile, where the manager has room for one (and only with `manual`).
    pub agitated: bool,
    /// A hard limit: allocations may fail then.
    pub max_heap_bytes: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
pub enum Operation {
    /// A new node with so many fields goes into a register.
    New {
        to: usize,
        fields: usize,
    },
    /// A new leaf; one in a few has a destructor that panics.
    Leaf {
        to: usize,
        bomb: bool,
    },
    /// A new object with a finalizer.
    Mortal {
        to: usize,
        temper: Temper,
    },
    /// A new value of an enum with a typed slot to the node in `from`, if there is one.
    Link {
        to: usize,
        from: usize,
    },
    /// So many nodes, each referring to the one before, the last into a register.
    Chain {
        to: usize,
        length: usize,
    },
    /// So many nodes that nobody keeps.
    Churn {
        count: usize,
    },
    Copy {
        from: usize,
        to: usize,
    },
    Clear {
        to: usize,
    },
    Payload {
        to: usize,
        word: u64,
    },
    /// A field of the object in `node` takes what `from` holds.
    Store {
        node: usize,
        field: usize,
        from: usize,
    },
    Load {
        node: usize,
        field: usize,
        to: usize,
    },
    /// The list inside the object's cell.
    Push {
        node: usize,
        from: usize,
    },
    Pop {
        node: usize,
        to: usize,
    },
    Drain {
        node: usize,
    },
    Swap {
        one: usize,
        other: usize,
    },
    /// A weak reference; with `notify`, the test is told of the death.
    Weaken {
        from: usize,
        weak: usize,
        notify: bool,
    },
    Upgrade {
        weak: usize,
        to: usize,
    },
    /// The weak reference itself, as any object.
    WeakItself {
        weak: usize,
        to: usize,
    },
    /// Collections look at the object, or do not.
    Track {
        node: usize,
        tracked: bool,
    },
    /// What a finalizer saved last comes back into a register.
    Welcome {
        to: usize,
    },
    /// What a root keeps comes into a register.
    FromRoot {
        root: usize,
        to: usize,
    },
    /// A root goes, in the session.
    Unroot {
        root: usize,
    },
    /// Drains what waits for user code, where that is the test's to do.
    Pending,
    /// Everything tracked becomes permanent, or is taken back.
    Freeze(bool),
    /// Ends the session.
    EndSession,
    /// Ends it by a panic, with a handle on the stack and the node's cell borrowed.
    Panic {
        node: usize,
    },
    /// Ends the session; a root keeps what the register holds.
    Root {
        from: usize,
        root: usize,
    },
    /// Ends the session; a root goes outside of any.
    UnrootOutside {
        root: usize,
    },
    /// Ends the session and collects.
    Collect {
        generation: u8,
        save_all: bool,
    },
    /// Ends the session and verifies.
    Verify,
    /// Ends the session and gives memory back.
    Release,
}

impl Operation {
    /// Whether the session ends with it.
    pub fn ends_session(&self) -> bool {
        use Operation::*;
        matches!(
            self,
            EndSession | Panic { .. } | Root { .. } | UnrootOutside { .. } | Collect { .. } | Verify | Release
        )
    }
}

#[derive(Clone)]
pub struct Case {
    pub knobs: Knobs,
    pub operations: Vec<Operation>,
}

impl Case {
    pub fn new(random: &mut Random) -> Case {
        let knobs = Knobs {
            zeal: random.one_in(3).then(|| 1 + random.below(20) as u32 + if cfg!(miri) { 20 } else { 0 }),
            threshold: *random.pick(&[1, 5, 50, 2000, 0]),
            gogc: *random.pick(&[10, 50, 100, 400]),
            min_heap_bytes: 1 << (12 + random.below(8)),
            safepoints: random.one_in(2),
            manual: random.one_in(3),
            agitated: random.one_in(2),
            max_heap_bytes: random.one_in(6).then_some(8 << 20),
        };
        // Miri is a thousand times slower; what it looks for, short stories show.
        let count = if cfg!(miri) { 10 + random.below(40) } else { 20 + random.below(400) };
        let operations = (0..count).map(|_| Operation::new(random)).collect();
        Case { knobs, operations }
    }

    /// A smaller case that still fails.
    pub fn shrink(&self, fails: impl Fn(&Case) -> bool) -> Case {
        let with = |operations: &[Operation]| Case { knobs: self.knobs.clone(), operations: operations.to_vec() };
        with(&shrink(&self.operations, 2_000, |operations| fails(&with(operations))))
    }
}

impl Operation {
    fn new(random: &mut Random) -> Operation {
        let mut r = || random.below(REGISTERS);
        let (one, other) = (r(), r());
        let (field, weak, root) = (random.below(8), random.below(WEAKS), random.below(ROOTS));
        match random.below(136) {
            0..12 => {
                // Now and then a node beyond every size class, and one beyond a span, and one of nearly a megabyte.
                let fields = match random.below(60) {
                    0 if !cfg!(miri) => 5_000,
                    1 if !cfg!(miri) => 100_000,
                    2 => {
                        if cfg!(miri) {
                            50
                        } else {
                            700
                        }
                    }
                    _ => random.below(9),
                };
                Operation::New { to: one, fields }
            }
            12..14 => {
                // Seldom long: a collection at every allocation looks at all of it each time.
                let most = if random.one_in(8) && !cfg!(miri) { 3_000 } else { 30 };
                Operation::Chain { to: one, length: 1 + random.below(most) }
            }
            14..17 => {
                let most = if random.one_in(4) && !cfg!(miri) { 500 } else { 20 };
                Operation::Churn { count: 1 + random.below(most) }
            }
            17..22 => Operation::Copy { from: one, to: other },
            22..27 => Operation::Clear { to: one },
            27..30 => Operation::Payload { to: one, word: random.word() | 1 },
            30..48 => Operation::Store { node: one, field, from: other },
            48..58 => Operation::Load { node: one, field, to: other },
            58..68 => Operation::Push { node: one, from: other },
            68..73 => Operation::Pop { node: one, to: other },
            73..75 => Operation::Drain { node: one },
            75..78 => Operation::Swap { one, other },
            78..82 => Operation::Weaken { from: one, weak, notify: random.one_in(2) },
            82..87 => Operation::Upgrade { weak, to: one },
            87..94 => Operation::EndSession,
            94..97 => Operation::Collect { generation: random.below(3) as u8, save_all: random.one_in(6) },
            97..99 => Operation::Verify,
            99 => Operation::Release,
            100..103 => Operation::Leaf { to: one, bomb: random.one_in(8) },
            103..109 => Operation::Mortal { to: one, temper: *random.pick(&Temper::ALL) },
            109..113 => Operation::Link { to: one, from: other },
            113..116 => Operation::Welcome { to: one },
            116..118 => Operation::Root { from: one, root },
            118..121 => Operation::FromRoot { root, to: one },
            121 => Operation::Unroot { root },
            122 => Operation::UnrootOutside { root },
            123..126 => Operation::Pending,
            126 => Operation::Freeze(random.one_in(3)),
            127..130 => Operation::WeakItself { weak, to: one },
            130 => Operation::Track { node: one, tracked: random.one_in(2) },
            _ => Operation::Panic { node: one },
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{:?}", self.knobs)?;
        for operation in &self.operations {
            writeln!(out, "    {operation:?},")?;
        }
        Ok(())
    }
}
