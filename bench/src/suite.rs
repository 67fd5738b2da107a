//! What is measured: suites, their cases, their contenders, and in a sentence what is fair and what is not about each.
//! Not how (`run`), not the programs themselves (`programs`, `bin/`, `peers/`).

use crate::counting;
use std::fmt::Write;

/// An executable that holds contenders.
#[derive(Clone, Copy, PartialEq)]
pub enum Program {
    /// One of this package, by the name of its file in `bin/`; called with `SUITE CONTENDER key=value…`.
    Ours(&'static str),
    /// A folder of `peers/go`; called with the values of the parameters alone.
    Go(&'static str),
    /// A file of `peers/python`, for CPython 3.13.0; called as ours are.
    Python(&'static str),
}
use Program::{Go, Ours};

/// Who is measured.
pub struct Contender {
    /// The word on the command line and in tables.
    pub name: &'static str,
    /// Its executable.
    pub program: Program,
    /// What one must know to compare it fairly.
    pub fairness: &'static str,
    /// Left out unless asked for, and why.
    pub opt_in: Option<&'static str>,
}

/// A program with its contenders.
pub struct Suite {
    /// The word on the command line.
    pub name: &'static str,
    /// What happens in it.
    pub about: &'static str,
    /// Name, value; a list (`16,32`) makes a case of each element.
    pub parameters: &'static [(&'static str, &'static str)],
    /// What keeps cases of the list from taking minutes.
    pub limit: Option<Limit>,
    /// The parameter by which wall time is divided, if that says more than the time itself.
    pub per: Option<&'static str>,
    /// In the order of tables.
    pub contenders: &'static [Contender],
    /// The contenders that the others are compared with.
    pub references: &'static [&'static str],
    /// Who shows what the machine does by itself, where that matters.
    pub control: Option<Control>,
    /// Runs, unless asked for others.
    pub runs: usize,
}

/// Of a case, `count` is lowered until count × `each` is at most so many MiB as `total_mb` says.  The three are parameters.
#[derive(Clone, Copy)]
pub struct Limit {
    /// What is lowered.
    pub count: &'static str,
    /// Bytes.
    pub each: &'static str,
    /// MiB.
    pub total_mb: &'static str,
}

/// A contender that shows what the machine and the program do without a collector: the others are judged by what they take
/// beyond it in the same run, and a run in which it is disturbed counts for nobody.
#[derive(Clone, Copy)]
pub struct Control {
    /// Who.
    pub contender: &'static str,
    /// The quantities judged by their excess.
    pub quantities: &'static [&'static str],
    /// A run is void in which this quantity of the control
    pub void_quantity: &'static str,
    /// is above this (`--void-above` sets another).
    pub void_above: f64,
}
const RESPONSE: Control = Control {
    contender: "",
    quantities: &["p50_us", "p99_us", "p999_us", "max_us"],
    void_quantity: "p999_us",
    void_above: 300.0,
};

/// Our managers with sessions.
pub const TWINHEAP: Program = Ours("contender-twinheap");
/// std's pointers on mimalloc.
pub const MIMALLOC: Program = Ours("contender-mimalloc");
/// gc-arena, on mimalloc.
pub const GC_ARENA: Program = Ours("contender-gc-arena");

/// Our managers under load.
const LOAD: Program = Ours("contender-load");
/// Our managers with much garbage.
const GARBAGE: Program = Ours("contender-garbage");

/// One that takes part unless `--only` leaves it out.
pub const fn contender(name: &'static str, program: Program, fairness: &'static str) -> Contender {
    Contender { name, program, fairness, opt_in: None }
}
const NULL: Contender =
    contender("null", TWINHEAP, "Never frees: the floor for allocation, with the memory to pay for it.");

const TRICOLOR_SOLO: Contender = contender(
    "tricolor-solo",
    TWINHEAP,
    "One mutator, a collector's thread beside it; GOGC 100 as Go. No stack is scanned: what lives hangs from the root.",
);
const TRICOLOR: Contender =
    contender("tricolor", TWINHEAP, "As tricolor-solo, with room for more mutators, of which there is one here.");
const REFCOUNT: Contender = contender(
    "refcount",
    TWINHEAP,
    "Counted, and cycles collected in three generations with CPython's thresholds: what Rc does not do is included.",
);
const CC: Contender = contender(
    "cc",
    Ours("contender-cc"),
    "twinheap's Rc with collected cycles, without sessions: the thread's heap is found through a thread local.",
);
const REFCOUNT_IDLE: Contender =
    contender("refcount-idle", TWINHEAP, "Counted, automatic collection off: what Rc does, cycles leak likewise.");

/// Every suite.
pub const SUITES: &[Suite] = &[
    Suite {
        name: "binary-trees",
        about: "the Benchmarks Game's program: many short-lived perfect trees beside a long-lived one",
        parameters: &[("depth", "16,18,20,21")],
        limit: None,
        per: None,
        contenders: &[
            contender(
                "go",
                Go("bintrees"),
                "16-byte nodes, GOGC and GOMAXPROCS as they come: all processors mark. Stacks are scanned, trees grow \
                 by recursion.",
            ),
            TRICOLOR_SOLO,
            TRICOLOR,
            REFCOUNT,
            REFCOUNT_IDLE,
            CC,
            Contender { opt_in: Some("5 GB at depth 20, 10 GB at 21"), ..NULL },
            contender(
                "rc",
                MIMALLOC,
                "std's Rc on mimalloc: 32-byte nodes (two counts), recursive drop, cycles would leak; no limit, no \
                 statistics, no weak callbacks.",
            ),
            contender("box", MIMALLOC, "Box on mimalloc: 16-byte nodes with one owner each; no manager, no sharing."),
            contender(
                "gc-arena",
                GC_ARENA,
                "On mimalloc; incremental marking on the one thread, 32-byte nodes; the same chunks over sessions as \
                 twinheap's tricolor, `collect_debt` after each.",
            ),
        ],
        references: &["go", "rc"],
        control: None,
        runs: 5,
    },
    Suite {
        name: "gcbench",
        about: "Ellis, Kovac and Boehm's program: a long-lived tree and array, many trees top down and bottom up",
        parameters: &[("scale", "0,2")],
        limit: None,
        per: None,
        contenders: &[
            contender(
                "go",
                Go("gcbench"),
                "24-byte nodes, GOGC and GOMAXPROCS as they come: all processors mark. Trees grow by recursion, and links \
                 are set through Go's write barrier.",
            ),
            Contender {
                fairness: "One mutator, a collector's thread beside it; GOGC 100 as Go. Links are slots, set through the \
                           barrier; a tree deeper than 12 grows by a session a part of it, so that it can be collected \
                           meanwhile.",
                ..TRICOLOR_SOLO
            },
            TRICOLOR,
            Contender {
                fairness: "Counted, and collected with CPython's thresholds: nodes whose links can be set are looked at in \
                           three generations, which is what this program asks for most of.",
                ..REFCOUNT
            },
            REFCOUNT_IDLE,
            contender(
                "rc",
                MIMALLOC,
                "std's Rc on mimalloc: 40-byte nodes. Links can be set as long as a node has one handle (`Rc::get_mut`), \
                 which a tree that grows top down can live with; ours and Go's can be set at any time. Cycles would leak.",
            ),
            contender("arc", MIMALLOC, "As rc, with atomic counts: what threads could share."),
            contender(
                "gc-arena",
                GC_ARENA,
                "On mimalloc, 40-byte nodes, links in `Lock`s; the same sessions as twinheap's, `collect_debt` after each.",
            ),
        ],
        references: &["go", "rc"],
        control: None,
        runs: 5,
    },
    Suite {
        name: "alloc",
        about: "objects without references, made and let go through a ring of 1,024",
        parameters: &[
            ("bytes", "16,32,64,128,256,512,1024,2048,4096,8192"),
            ("operations", "10000000"),
            ("total_mb", "4096"),
        ],
        limit: Some(Limit { count: "operations", each: "bytes", total_mb: "total_mb" }),
        per: Some("operations"),
        contenders: &[
            contender(
                "go",
                Go("ring"),
                "Pointer-free arrays, which Go zeroes where they will lie; safe Rust zeroes a value and moves it there. \
                 Both processors may sweep and mark.",
            ),
            Contender {
                fairness: "One mutator, a collector's thread beside it; GOGC 100 as Go. A session is of 4,096 objects, or of \
                           a MiB if that is less: it frees nothing that it made.",
                ..TRICOLOR_SOLO
            },
            TRICOLOR,
            REFCOUNT,
            CC,
            Contender { opt_in: Some("up to 5 GB"), ..NULL },
            contender("rc", MIMALLOC, "16 bytes of counts beside the object."),
            contender("box", MIMALLOC, "No counts, no manager."),
            contender(
                "gc-arena",
                GC_ARENA,
                "On mimalloc, 16 bytes of header; a session, and `collect_debt`, as often as twinheap has one.",
            ),
            contender("jrsonnet-gcmodule", Ours("contender-jrsonnet-gcmodule"), "On mimalloc; words are not tracked."),
            contender("rust-cc", Ours("contender-rust-cc"), "On mimalloc, with its default features."),
            contender("bacon_rajan_cc", Ours("contender-bacon-rajan-cc"), "On mimalloc."),
            contender("dumpster", Ours("contender-dumpster"), "On mimalloc; `unsync`."),
            contender("boa_gc", Ours("contender-boa-gc"), "On mimalloc; marks by itself from 1 MiB on."),
        ],
        references: &["go", "rc"],
        control: None,
        runs: 5,
    },
    Suite {
        name: "release",
        about: "a long list is let go at once, on a stack of 256 KiB (figure: release_ns_per_node)",
        parameters: &[("nodes", "10000000")],
        limit: None,
        per: None,
        contenders: &[
            TRICOLOR_SOLO,
            TRICOLOR,
            REFCOUNT,
            CC,
            NULL,
            contender("rc", MIMALLOC, "With a `Drop` written by hand that loops: std's own overflows the stack."),
            contender("box", MIMALLOC, "With a `Drop` written by hand that loops, likewise."),
            contender(
                "gc-arena",
                GC_ARENA,
                "On mimalloc; `finish_cycle` after the root let go: marking and sweeping, as a tracer does.",
            ),
        ],
        references: &["rc"],
        control: None,
        runs: 5,
    },
    Suite {
        name: "mark",
        about: "full collections of a graph of 48-byte nodes that all live (figure: cpu_ns_per_object)",
        parameters: &[("shape", "tree,list,graph,array"), ("live_mb", "1024"), ("collections", "3")],
        limit: None,
        per: None,
        contenders: &[
            Contender {
                fairness: "cpu_ns_per_object is the processor time of all threads, marking and sweeping; \
                           mark_ns_per_object the markers' own, of which there is one thread on less than 8 processors.",
                ..TRICOLOR_SOLO
            },
            TRICOLOR,
            Contender {
                fairness: "No marks: counts are copied, and references between objects taken off. There is one thread.",
                ..REFCOUNT
            },
            contender(
                "go",
                Go("mark"),
                "`runtime.GC()`, which sweeps before it returns; cpu_ns_per_object is the kernel's word as it is for us. \
                 All processors mark (they would idle otherwise), which costs Go more processor time and less wall time. \
                 mark_ns_per_object is by Go's metrics, which count a marker's wall time.",
            ),
        ],
        references: &["go"],
        control: None,
        runs: 3,
    },
    Suite {
        name: "stop",
        about: "what the collector does inside a stop, over the size of the living heap (figure: stop_us_max)",
        parameters: &[("live_mb", "1,16,256"), ("collections", "8")],
        limit: None,
        per: None,
        contenders: &[TRICOLOR_SOLO, TRICOLOR],
        references: &[],
        control: None,
        runs: 5,
    },
    Suite {
        name: "latency",
        about: "response time under a large living heap: requests at a fixed rate, counted from when each was due",
        parameters: &[("shape", "table,tree,map"), ("live_mb", "64"), ("rate", "100000"), ("seconds", "2")],
        limit: None,
        per: None,
        contenders: &[
            contender(
                "go",
                Go("latency"),
                "GOGC and GOMAXPROCS as they come; the same nodes, requests and random numbers; its own map, tables and \
                 trees of pointers. Threads are Go's to schedule: its workers and the requests take turns on a P.",
            ),
            Contender {
                program: LOAD,
                fairness: "One mutator, a collector's thread beside it; GOGC 100 as Go. A request is a session; GcVec, \
                           slots and GcMap (with std's hasher) hold what lives.",
                ..TRICOLOR_SOLO
            },
            Contender {
                program: LOAD,
                fairness: "As tricolor-solo, with room for more mutators, of which there is one here.",
                ..TRICOLOR
            },
            contender(
                "null",
                LOAD,
                "The control: the same program, nothing freed, so no collector; it pays for fresh memory instead (768 \
                 bytes a request).",
            ),
            Contender {
                opt_in: Some("a second control"),
                ..contender("tricolor-idle", LOAD, "tricolor with collections by themselves off: barriers, no marking.")
            },
        ],
        references: &["go"],
        control: Some(Control { contender: "null", ..RESPONSE }),
        runs: 3,
    },
    Suite {
        name: "server",
        about: "threads serve requests on one table: as fast as they can (throughput_per_s), then at a rate (percentiles)",
        parameters: &[("live_mb", "64"), ("threads", "2"), ("requests", "500000"), ("rate", "50000"), ("seconds", "2")],
        limit: None,
        per: None,
        contenders: &[
            contender(
                "go",
                Go("server"),
                "Goroutines; a sync.Mutex for every 1,024th row, as ours have std's. Waiting is busy, so no P is idle.",
            ),
            contender(
                "tricolor",
                LOAD,
                "A mutator for each thread, a session for each request; the collector's thread shares the processors \
                 with threads that never sleep. requests, rate and seconds are of one thread.",
            ),
            contender(
                "tricolor-idle",
                LOAD,
                "The control: tricolor with collections by themselves off; nothing is freed.",
            ),
        ],
        references: &["go"],
        control: Some(Control { contender: "tricolor-idle", ..RESPONSE }),
        runs: 3,
    },
    Suite {
        name: "spike",
        about: "what stays resident when a list of 48-byte nodes has died, but for one node in so many (0: all died)",
        parameters: &[("spike_mb", "512"), ("keep_one_in", "0,1000"), ("idle_s", "6")],
        limit: None,
        per: None,
        contenders: &[
            contender(
                "go",
                Go("spike"),
                "GOGC as it comes; `runtime.GC()` when the list is let go, `debug.FreeOSMemory()` at the end (release_ms: \
                 it collects, too). Pages that Go has given back are not resident; nothing is asked of it meanwhile.",
            ),
            Contender {
                program: GARBAGE,
                fairness: "One mutator; a full collection when the list is let go, `Heap::release` at the end. Its \
                           collector's thread gives pages back by its own policy meanwhile.",
                ..TRICOLOR_SOLO
            },
            Contender { program: GARBAGE, fairness: "As tricolor-solo, with room for more mutators.", ..TRICOLOR },
            contender(
                "arc",
                MIMALLOC,
                "64-byte nodes, freed one by one by a `Drop` that loops. mimalloc gives pages back when its owner's thread \
                 calls it, and this one sleeps; std has no way to ask it to.",
            ),
            contender(
                "gc-arena",
                GC_ARENA,
                "64-byte nodes on mimalloc, which is as idle as under arc; `finish_cycle` when the list is let go.",
            ),
        ],
        references: &["go"],
        control: None,
        runs: 2,
    },
    Suite {
        name: "mutators",
        about: "threads, more than processors, make lists of 16 nodes and swap them through a shared array",
        parameters: &[("threads", "4,8"), ("operations", "4000000"), ("places", "16384")],
        limit: None,
        per: Some("operations"),
        contenders: &[
            contender(
                "go",
                Go("mutators"),
                "Goroutines, which Go does not take a processor from between two operations as a kernel does from \
                 threads; atomic.Pointer swaps.",
            ),
            Contender {
                program: GARBAGE,
                fairness: "Threads of the system, a mutator each, a session for each operation; Slot::replace.",
                ..TRICOLOR
            },
            contender(
                "arc",
                MIMALLOC,
                "std's Arc on mimalloc, 64-byte nodes. A place has a lock, for std cannot swap an Arc atomically; a list \
                 is read outside it and freed there, often by another thread than made it. (gc-arena is of one thread.)",
            ),
        ],
        references: &["go"],
        control: None,
        runs: 3,
    },
];

/// Prints every suite.
pub fn list() {
    let mut out = String::new();
    for suite in SUITES {
        let parameters: Vec<_> = suite.parameters.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let _ = writeln!(out, "{}: {}\n  parameters: {}", suite.name, suite.about, parameters.join(" "));
        for c in suite.contenders {
            let opt_in = c.opt_in.map_or(String::new(), |why| format!(" [only --with {}: {why}]", c.name));
            let _ = writeln!(out, "  {:<18} {}{opt_in}", c.name, c.fairness);
        }
        out.push('\n');
    }
    out += &counting::list();
    print!("{out}");
}
