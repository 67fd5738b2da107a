//! `counting`: the counting manager beside its peers, all rows in one table.  Here: what is measured and of whom, and
//! what is fair about it.  Not the work itself (`programs/counting.rs`, `peers/python/counting.py`), not the measuring
//! (`counting/measure.rs`), not the table (`counting/table.rs`).  Overview: README.md.

mod measure;
mod table;

pub use measure::measure;

use crate::suite::{Contender, GC_ARENA, MIMALLOC, Program, TWINHEAP, contender};
use Program::{Ours, Python};
use std::fmt::Write;

/// The word on the command line.
pub const NAME: &str = "counting";

/// One kind of work, of one size.
pub struct Row {
    /// The word on the command line and in the table.
    pub name: &'static str,
    /// What happens in it.
    pub about: &'static str,
    /// Which program.
    pub workload: &'static str,
    /// What does not change with `--divide`.
    pub words: &'static [(&'static str, &'static str)],
    /// What does.
    pub sizes: &'static [(&'static str, u64)],
    /// The stack of the process, in KiB.
    pub stack_kib: u64,
    /// The figures that the table shows: name, heading, digits.
    pub lines: &'static [(&'static str, &'static str, usize)],
    /// The contender that the others are compared with.
    pub reference: &'static str,
    /// Who cannot, and why.
    pub cannot: &'static [(&'static str, &'static str)],
}

/// The stack that Linux gives a process.
const USUAL_STACK_KIB: u64 = 8 << 10;
const LARGE_STACK_KIB: u64 = 16 << 20;
const SMALL_STACK_KIB: u64 = 256;
/// The stack on which a contender that overflowed runs once more, so that there is a figure beside the failure.
pub const fn next_stack_kib(stack_kib: u64) -> u64 {
    if stack_kib < USUAL_STACK_KIB { USUAL_STACK_KIB } else { LARGE_STACK_KIB }
}
/// Processor time after which a contender is stopped.
pub const LIMIT_S: u64 = 60;

const NS_OPERATION: (&str, &str, usize) = ("ns", "ns an operation", 2);
const NS_OBJECT: (&str, &str, usize) = ("ns", "ns an object", 1);
const PEAK: (&str, &str, usize) = ("peak_mb", "peak MB", 1);
const RESIDENT: (&str, &str, usize) = ("resident_mb", "MB when collecting", 1);
const NO_WORDS: &[(&str, &str)] = &[("cpython", "no object of that many plain words")];
const NO_COLLECTOR: &[(&str, &str)] = &[("rc-malloc", "no collector"), ("rc-mimalloc", "no collector")];

const ROW: Row = Row {
    name: "",
    about: "",
    workload: "",
    words: &[],
    sizes: &[],
    stack_kib: USUAL_STACK_KIB,
    lines: &[NS_OBJECT, PEAK],
    reference: "cpython",
    cannot: &[],
};
const fn ring_of_words(name: &'static str, bytes: &'static [(&'static str, &'static str)]) -> Row {
    Row {
        name,
        about: "short-lived leaves of that many bytes through a ring of 1,024",
        workload: "alloc",
        words: bytes,
        sizes: &[("operations", 10_000_000)],
        lines: &[NS_OPERATION, PEAK],
        reference: "rc-mimalloc",
        cannot: NO_WORDS,
        ..ROW
    }
}
const fn full(
    name: &'static str,
    about: &'static str,
    shape: &'static [(&'static str, &'static str)],
    sizes: &'static [(&'static str, u64)],
) -> Row {
    Row {
        name,
        about,
        workload: "full",
        words: shape,
        sizes,
        lines: &[NS_OBJECT, RESIDENT],
        cannot: NO_COLLECTOR,
        ..ROW
    }
}
const MILLION: &[(&str, u64)] = &[("objects", 1_000_000)];
const FIVE_MILLION: &[(&str, u64)] = &[("objects", 5_000_000)];
const ARRAY_ORDER: &[(&str, &str)] = &[("shape", "array-order"), ("collections", "3")];
const ARRAY_RANDOM: &[(&str, &str)] = &[("shape", "array-random"), ("collections", "3")];
const CHAIN_ORDER: &[(&str, &str)] = &[("shape", "chain-order"), ("collections", "3")];
const CHAIN_RANDOM: &[(&str, &str)] = &[("shape", "chain-random"), ("collections", "3")];
const IN_ARRAY: &str = "a full collection with nothing to free: nodes held by one array and linked in address order";
const IN_ARRAY_RANDOM: &str = "the same, linked at random";
const IN_CHAIN: &str = "the same, held by the first node alone, linked in address order";
const IN_CHAIN_RANDOM: &str = "the same, held by the first node alone, linked at random";

/// Every row, in the order of the table.
pub const ROWS: &[Row] = &[
    Row {
        name: "ring-node",
        about: "short-lived nodes (a number, an empty link) through a ring of 1,024: what a collector must keep an eye on",
        workload: "ring",
        sizes: &[("operations", 10_000_000)],
        lines: &[NS_OPERATION, PEAK],
        reference: "rc-mimalloc",
        ..ROW
    },
    ring_of_words("ring-16", &[("bytes", "16")]),
    ring_of_words("ring-64", &[("bytes", "64")]),
    ring_of_words("ring-256", &[("bytes", "256")]),
    Row {
        name: "clone",
        about: "a handle is cloned and the clone dropped, for 1,024 handles in turn",
        workload: "clone",
        sizes: &[("operations", 50_000_000)],
        lines: &[NS_OPERATION, PEAK],
        reference: "rc-mimalloc",
        ..ROW
    },
    Row {
        name: "tree",
        about: "a perfect binary tree of 524,287 nodes is built and let go, 5 times",
        workload: "tree",
        words: &[("depth", "18"), ("times", "5")],
        lines: &[("ns", "ns a node", 1), ("let_go_ns", "of it, to let go", 1), PEAK],
        reference: "rc-mimalloc",
        ..ROW
    },
    Row {
        name: "cycles",
        about: "1 million two-node cycles let go one by one, collected automatically, and once when asked at the end; \
                left: resident above the start, after a rest",
        workload: "cycles",
        sizes: &[("pairs", 1_000_000)],
        lines: &[NS_OBJECT, ("left_mb", "MB left", 2), PEAK],
        ..ROW
    },
    full("full-array-1m", IN_ARRAY, ARRAY_ORDER, MILLION),
    full("full-array-5m", IN_ARRAY, ARRAY_ORDER, FIVE_MILLION),
    full("full-array-random-1m", IN_ARRAY_RANDOM, ARRAY_RANDOM, MILLION),
    full("full-array-random-5m", IN_ARRAY_RANDOM, ARRAY_RANDOM, FIVE_MILLION),
    full("full-chain-1m", IN_CHAIN, CHAIN_ORDER, MILLION),
    full("full-chain-5m", IN_CHAIN, CHAIN_ORDER, FIVE_MILLION),
    full("full-chain-random-1m", IN_CHAIN_RANDOM, CHAIN_RANDOM, MILLION),
    full("full-chain-random-5m", IN_CHAIN_RANDOM, CHAIN_RANDOM, FIVE_MILLION),
    Row {
        name: "list",
        about: "a list of 10 million nodes let go at once, on a stack of 256 KiB",
        workload: "list",
        sizes: &[("nodes", 10_000_000)],
        stack_kib: SMALL_STACK_KIB,
        lines: &[("ns", "ns a node", 1), PEAK],
        ..ROW
    },
    Row {
        name: "spike",
        about: "3 million nodes in an array, of which every 100th stays: resident before, after it and a rest, and after \
                a full collection and (where there is one) a request to give memory back",
        workload: "spike",
        words: &[("nth", "100")],
        sizes: &[("objects", 3_000_000)],
        lines: &[("before_mb", "MB before", 1), ("after_mb", "MB after", 1), ("asked_mb", "MB when asked", 1), PEAK],
        ..ROW
    },
    Row {
        name: "stops",
        about: "a chain of 5 million nodes is built, collected automatically meanwhile; told: by the collector's own clock \
                (ours: hold-ups for cycle collections above 10 µs; CPython: gc.callbacks), seen: intervals above 10 µs \
                between two nodes, page faults and the machine's noise included",
        workload: "stops",
        sizes: &[("objects", 5_000_000)],
        lines: &[
            ("told_max_ms", "longest ms, told", 1),
            ("told_total_ms", "total ms, told", 0),
            ("seen_max_ms", "longest ms, seen", 1),
            ("seen_total_ms", "total ms, seen", 0),
            PEAK,
        ],
        ..ROW
    },
    Row {
        name: "churn",
        about: "2 million nodes that hold themselves are let go one by one beside a chain of 1 million that lives; growth: \
                the most that was resident meanwhile, above the start",
        workload: "churn",
        sizes: &[("live", 1_000_000), ("loops", 2_000_000)],
        lines: &[NS_OBJECT, ("growth_mb", "MB growth", 2), PEAK],
        ..ROW
    },
];

/// Everyone, in the order of the table.
pub const CONTENDERS: &[Contender] = &[
    contender(
        "cc",
        Ours("contender-cc"),
        "twinheap's Rc with collected cycles, its own allocator; arrays of handles lie outside the heap, as with all \
         crates of handles. Asked to give memory back by `cc::release`; links are `Cell<Option<Cc>>`.",
    ),
    contender(
        "refcount",
        TWINHEAP,
        "The same manager with sessions of at most 4,096 objects, its own allocator; the array is in the root object, and \
         is examined; links are `Slot`s.",
    ),
    contender(
        "tricolor-solo",
        TWINHEAP,
        "Marks on a thread of its own, whose processor time counts. What is let go stays until a collection: `tree` and \
         `list` include one.",
    ),
    contender(
        "rc-malloc",
        Ours("contender-rc"),
        "std's Rc on the system's allocator: cycles leak, by design. Links are `Cell<Option<Rc>>`.",
    ),
    contender("rc-mimalloc", MIMALLOC, "The same on mimalloc, as all crates below (each calls the global allocator)."),
    contender(
        "jrsonnet-gcmodule",
        Ours("contender-jrsonnet-gcmodule"),
        "Never collects by itself: `cycles` is the collection at the end, `churn` has none. Links of this crate and the \
         next three are `RefCell<Option<…>>`, a word more than a `Cell`: they trace nothing smaller.",
    ),
    contender(
        "rust-cc",
        Ours("contender-rust-cc"),
        "Collects by itself, at default settings, when allocated bytes pass a threshold. Trial deletion: full collections \
         begin with the first node as candidate, which leads to all.",
    ),
    contender(
        "bacon_rajan_cc",
        Ours("contender-bacon-rajan-cc"),
        "Never collects by itself, and gets the candidate likewise.",
    ),
    contender(
        "dumpster",
        Ours("contender-dumpster"),
        "`unsync`, default settings: collects by itself when more handles were dropped than objects exist; gets the \
         candidate likewise.",
    ),
    contender(
        "boa_gc",
        Ours("contender-boa-gc"),
        "Marks, and stops the program for it, from 1 MiB on; `tree` and `list` include a collection. Links are \
         `Cell<Option<Gc>>`.",
    ),
    contender(
        "gc-arena",
        GC_ARENA,
        "Marks incrementally, `collect_debt` after each session of at most 4,096 objects (its handles live in sessions); \
         `tree` and `list` include a collection. Handles are copied, not counted; links are `Lock`s.",
    ),
    contender(
        "cpython",
        Python("counting.py"),
        "3.13.0 as it comes, instances with `__slots__`; every time includes the interpreter's own work, memory the \
         interpreter's 9 MB; asked to give back by `gc.collect()`.",
    ),
];

/// Rows and contenders, for `list`.
pub fn list() -> String {
    let mut out = format!("{NAME}: the counting manager beside its peers, one table\n");
    for row in ROWS {
        let sizes: Vec<_> = row.sizes.iter().map(|(key, value)| format!(" {key}={value}")).collect();
        let _ = writeln!(out, "  row {:<22}{}{}", row.name, row.about, sizes.concat());
    }
    for contender in CONTENDERS {
        let _ = writeln!(out, "  {:<18} {}", contender.name, contender.fairness);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_row_is_compared_with_someone_who_takes_part() {
        let names: BTreeSet<_> = CONTENDERS.iter().map(|c| c.name).collect();
        assert_eq!(names.len(), CONTENDERS.len());
        for row in ROWS {
            assert!(names.contains(row.reference), "{}", row.name);
            assert!(row.cannot.iter().all(|(name, why)| names.contains(name) && !why.is_empty()), "{}", row.name);
            assert!(row.cannot.iter().all(|(name, _)| *name != row.reference), "{}", row.name);
        }
        assert_eq!(ROWS.iter().map(|row| row.name).collect::<BTreeSet<_>>().len(), ROWS.len());
    }
}
