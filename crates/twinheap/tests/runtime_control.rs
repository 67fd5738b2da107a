//! `control::runtime`: every function under every manager, its laws while threads allocate, every kind of bad argument, and
//! `--gctrace`'s lines read by a parser written from Go's documentation.  Not Go's own tests' facts (`go.rs`).
#![cfg(not(loom))]
#![forbid(unsafe_code)]

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering::Relaxed},
};
use twinheap::{
    Config, Gc, Heap, Manager, Mutation, Mutator, Null, RefCount, Request, Rootable, Slot, Static, Tail, Threaded,
    Trace, Tricolor, TricolorSolo,
    control::runtime::{self, KnobError, MemStats, metrics},
    observe::{Cause, Collection},
};

#[derive(Trace)]
struct Node<'gc, M: Manager> {
    next: Slot<'gc, Node<'gc, M>, M>,
    number: u64,
}
struct Nodes;
impl<M: Manager> Rootable<M> for Nodes {
    type Root<'gc> = Slot<'gc, Node<'gc, M>, M>;
}
fn heap<M: Manager>(config: Config) -> Heap<Nodes, M> {
    Heap::new(config, |_| Slot::empty()).unwrap()
}
fn node<'gc, M: Manager>(mc: &Mutation<'gc, M>, number: u64) -> Gc<'gc, Node<'gc, M>, M> {
    Gc::new(mc, Node { next: Slot::empty(), number })
}
/// So many nodes, each of which refers to itself.
fn litter<M: Manager>(m: &mut Mutator<Nodes, M>, nodes: u64) {
    m.mutate(|mc, _| {
        for number in 0..nodes {
            let node = node(mc, number);
            node.next.set(mc, Some(node.clone()));
        }
    });
}
const MANY: u64 = if cfg!(miri) { 50 } else { 20_000 };

/// The laws of `MemStats` and of the metrics, and that the two are of one mind where nothing happens between.
fn laws<M: Manager>(of: &Heap<Nodes, M>, quiet: bool) -> MemStats {
    let s = runtime::read_mem_stats(of);
    assert_eq!(s.heap_objects, s.mallocs - s.frees);
    assert_eq!(s.heap_sys, s.heap_inuse + s.heap_idle);
    assert_eq!(s.sys, s.heap_sys + s.gc_sys);
    assert_eq!(s.alloc, s.heap_alloc);
    assert!(s.heap_alloc <= s.heap_inuse && s.heap_released <= s.heap_idle && s.heap_alloc <= s.total_alloc, "{s:?}");
    assert!(s.num_forced_gc <= s.num_gc && (0.0..=1.0).contains(&s.gc_cpu_fraction));
    if s.num_gc <= 256 {
        assert_eq!(s.pause_ns.iter().sum::<u64>(), s.pause_total_ns);
    }
    let filled = s.pause_end.iter().filter(|&&at| at != 0).count() as u64;
    assert_eq!(filled, s.num_gc.min(256));
    assert!(s.by_size.is_sorted_by(|a, b| a.size < b.size) && s.by_size.iter().all(|b| b.frees <= b.mallocs));

    let all = metrics::read_all(of);
    assert!(all.iter().all(|(d, v)| v.kind() == d.kind));
    let find = |name: &str| all.iter().find(|m| m.0.name == name).map(|m| &m.1);
    let n = |name: &str| find(name).and_then(|v| v.as_u64()).unwrap_or_else(|| panic!("{name}"));
    let memory: u64 = ["heap/free", "heap/objects", "heap/released", "heap/unused", "metadata/other"]
        .iter()
        .map(|class| n(&format!("/memory/classes/{class}:bytes")))
        .sum();
    assert_eq!(memory, n("/memory/classes/total:bytes"));
    assert_eq!(n("/gc/heap/objects:objects"), n("/gc/heap/allocs:objects") - n("/gc/heap/frees:objects"));
    assert_eq!(n("/memory/classes/heap/objects:bytes"), n("/gc/heap/allocs:bytes") - n("/gc/heap/frees:bytes"));
    if M::CONSTRAINTS.collects {
        let total = n("/gc/cycles/total:gc-cycles");
        assert_eq!(total, n("/gc/cycles/automatic:gc-cycles") + n("/gc/cycles/forced:gc-cycles"));
        let causes = Cause::ALL.iter().filter(|&&c| c != Cause::Zeal);
        let causes: u64 = causes.map(|c| n(&format!("/twinheap/collections/{}:collections", c.name()))).sum();
        assert_eq!(causes, total);
        let f = |name: &str| find(name).unwrap().as_f64().unwrap();
        let parts = ["mark/assist", "mark/dedicated", "pause"];
        let parts: f64 = parts.iter().map(|part| f(&format!("/cpu/classes/gc/{part}:cpu-seconds"))).sum();
        assert!((parts - f("/cpu/classes/gc/total:cpu-seconds")).abs() < 1e-9);
        assert_eq!(find("/gc/pauses:seconds"), find("/sched/pauses/total/gc:seconds"));
    }
    for h in all.iter().filter_map(|m| m.1.as_histogram()) {
        assert_eq!(h.buckets.len(), h.counts.len() + 1);
        assert!(h.buckets.is_sorted_by(|a, b| a < b) && h.buckets.last() == Some(&f64::INFINITY));
    }
    if quiet {
        // Go's TestReadMetrics: what both say is the same.
        let pairs = [
            ("/memory/classes/heap/free:bytes", s.heap_idle - s.heap_released),
            ("/memory/classes/heap/released:bytes", s.heap_released),
            ("/memory/classes/heap/objects:bytes", s.heap_alloc),
            ("/memory/classes/heap/unused:bytes", s.heap_inuse - s.heap_alloc),
            ("/memory/classes/metadata/other:bytes", s.gc_sys),
            ("/memory/classes/total:bytes", s.sys),
            ("/gc/heap/allocs:bytes", s.total_alloc),
            ("/gc/heap/allocs:objects", s.mallocs),
            ("/gc/heap/frees:objects", s.frees),
            ("/gc/heap/objects:objects", s.heap_objects),
        ];
        for (name, value) in pairs {
            assert_eq!(n(name), value, "{name}");
        }
        if M::CONSTRAINTS.collects {
            assert_eq!(n("/gc/cycles/total:gc-cycles"), s.num_gc);
            assert_eq!(n("/gc/cycles/forced:gc-cycles"), s.num_forced_gc);
            let h = |name: &str| find(name).unwrap().as_histogram().unwrap().counts.iter().sum::<u64>();
            assert!(h("/gc/pauses:seconds") >= s.num_gc);
        }
        if !s.by_size.is_empty() {
            for (name, sizes) in [
                ("/gc/heap/allocs-by-size:bytes", s.by_size.iter().map(|b| b.mallocs).sum::<u64>()),
                ("/gc/heap/frees-by-size:bytes", s.by_size.iter().map(|b| b.frees).sum()),
            ] {
                let h = find(name).unwrap().as_histogram().unwrap();
                // Large objects are in the last bucket, and in no row.
                assert!(h.counts.iter().sum::<u64>() >= sizes && h.counts.len() >= s.by_size.len(), "{name}");
            }
        }
    }
    s
}

fn reads<M: Manager>() {
    let heap = heap::<M>(Config { automatic: false, ..Config::default() });
    let before = laws(&heap, true);
    let mut m = heap.mutator().unwrap();
    litter(&mut m, MANY);
    m.mutate(|mc, _| _ = Gc::<Tail<(), u64>, M>::with_zeroed_tail(mc, (), 100_000));
    let full = laws(&heap, true);
    assert_eq!(full.mallocs - before.mallocs, MANY + 1);
    assert!(full.total_alloc - before.total_alloc >= MANY * 16 + 800_000);
    assert_eq!((full.num_gc, full.last_gc), (0, 0));
    runtime::gc(&mut m);
    runtime::gc(&mut m);
    let after = laws(&heap, true);
    if M::CONSTRAINTS.collects {
        assert_eq!((after.num_gc, after.num_forced_gc), (2, 2));
        assert_eq!(after.frees - before.frees, MANY + 1);
        assert!(after.last_gc > 1_700_000_000_000_000_000 && after.heap_alloc < full.heap_alloc);
    } else {
        assert_eq!((after.num_gc, after.frees), (0, 0));
    }
    assert_eq!(after.total_alloc, full.total_alloc);
    // The same from everywhere.
    let inside = m.mutate(|mc, _| runtime::read_mem_stats(mc));
    assert_eq!((inside.mallocs, inside.sys), (after.mallocs, after.sys));
    assert_eq!(runtime::read_mem_stats(&m).frees, after.frees);
    assert!(!after.enable_gc);
    assert_eq!(after.next_gc == u64::MAX, !M::CONSTRAINTS.concurrent);
}
#[test]
fn statistics_fit_together_under_every_manager() {
    reads::<Null>();
    reads::<RefCount>();
    reads::<TricolorSolo>();
    reads::<Tricolor>();
}

/// Sums that only grow do, and laws hold, whoever reads, while two threads allocate and collections run.
#[test]
fn statistics_fit_together_while_threads_allocate() {
    let heap = heap::<Tricolor>(Config { min_heap_bytes: 256 << 10, ..Config::default() });
    let done = AtomicBool::new(false);
    let readers = std::thread::scope(|s| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                s.spawn(|| {
                    let (mut last, mut readings) = (laws(&heap, false), 0u64);
                    while !done.load(Relaxed) {
                        let now = laws(&heap, false);
                        let sums = |s: &MemStats| [s.mallocs, s.frees, s.total_alloc, s.num_gc, s.pause_total_ns];
                        assert!(sums(&last).iter().zip(sums(&now)).all(|(a, b)| *a <= b), "{last:?} {now:?}");
                        (last, readings) = (now, readings + 1);
                    }
                    readings
                })
            })
            .collect();
        let writers: Vec<_> = (0..2)
            .map(|_| {
                s.spawn(|| {
                    let mut m = heap.mutator().unwrap();
                    for round in 0..if cfg!(miri) { 2 } else { 200 } {
                        litter(&mut m, MANY / 20);
                        m.mutate(|mc, root| root.set(mc, Some(node(mc, round))));
                        m.mutate(|mc, _| _ = Gc::<Tail<(), u64>, _>::with_zeroed_tail(mc, (), 10_000));
                    }
                })
            })
            .collect();
        writers.into_iter().for_each(|w| w.join().unwrap());
        done.store(true, Relaxed);
        readers.into_iter().map(|r| r.join().unwrap()).sum::<u64>()
    });
    assert!(readers > 0 || cfg!(miri));
    heap.mutator().unwrap().collect(Request::FULL);
    assert!(laws(&heap, true).num_gc > 1);
}

fn knobs<M: Manager>() {
    let heap = heap::<M>(Config::default());
    let not = |knob| KnobError::NotThisManagers { knob, manager: M::NAME };
    if M::CONSTRAINTS.concurrent {
        assert_eq!(runtime::set_gc_percent(&heap, 50), Ok(100));
        assert_eq!(runtime::set_gc_percent(&heap, -7), Ok(50));
        assert_eq!(runtime::read_mem_stats(&heap).next_gc, u64::MAX);
        assert_eq!(metrics::read(&heap, "/gc/gogc:percent").unwrap().as_u64(), Some(u64::MAX));
        assert_eq!(runtime::set_gc_percent(&heap, i32::MAX), Ok(-1));
        assert_eq!(runtime::set_gc_percent(&heap, i32::MIN), Ok(i32::MAX));
        assert_eq!(runtime::set_gc_percent(&heap, 0), Ok(-1));
        assert_eq!(runtime::set_gc_percent(&heap, 100), Ok(0));
        assert_eq!(metrics::read(&heap, "/gc/gogc:percent").unwrap().as_u64(), Some(100));
    } else {
        assert_eq!(runtime::set_gc_percent(&heap, 50), Err(not("SetGCPercent")));
        let said = not("SetGCPercent").to_string();
        assert_eq!(said, format!("SetGCPercent is not a knob of the manager {}", M::NAME));
        let none = metrics::read(&heap, "/gc/gogc:percent").unwrap_err();
        assert_eq!(none.to_string(), format!("the manager {} has no /gc/gogc:percent", M::NAME));
    }
    if M::CONSTRAINTS.collects {
        assert_eq!(runtime::set_memory_limit(&heap, -1), Ok(i64::MAX));
        assert_eq!(runtime::set_memory_limit(&heap, 100 << 20), Ok(i64::MAX));
        assert_eq!(metrics::read(&heap, "/gc/gomemlimit:bytes").unwrap().as_u64(), Some(100 << 20));
        if !cfg!(miri) {
            for bad in [0, 1, (8 << 20) - 1] {
                assert_eq!(runtime::set_memory_limit(&heap, bad), Err(KnobError::LimitTooSmall));
            }
        }
        assert_eq!(runtime::set_memory_limit(&heap, i64::MIN), Ok(100 << 20));
        assert_eq!(runtime::set_memory_limit(&heap, i64::MAX), Ok(100 << 20));
        assert_eq!(runtime::set_memory_limit(&heap, -1), Ok(i64::MAX));
    } else {
        assert_eq!(runtime::set_memory_limit(&heap, -1), Err(not("SetMemoryLimit")));
    }
    let unknown = metrics::read(&heap, "/gc/nothing:bytes").unwrap_err();
    assert_eq!(unknown.to_string(), "there is no metric \"/gc/nothing:bytes\"");
}
#[test]
fn knobs_answer_or_say_whose_they_are() {
    knobs::<Null>();
    knobs::<RefCount>();
    knobs::<TricolorSolo>();
    knobs::<Tricolor>();
    assert!(KnobError::LimitTooSmall.to_string().contains("8 MiB"));
}

/// The knobs do something: a heap under a lower percentage, or a limit, collects more often and stays smaller.
fn collections_after<M: Manager>(turn: impl Fn(&Heap<Nodes, M>)) -> (u64, usize) {
    let heap = heap::<M>(Config::default());
    let mut m = heap.mutator().unwrap();
    // 10 MiB that live: a list.
    for i in 0..640 {
        m.mutate(|mc, root| {
            for n in 0..1024 {
                let new = node(mc, i * 1024 + n);
                new.next.set(mc, root.get());
                root.set(mc, Some(new));
            }
        });
    }
    runtime::gc(&mut m);
    turn(&heap);
    let before = runtime::read_mem_stats(&heap).num_gc;
    for _ in 0..5_000 {
        litter(&mut m, 1_000);
        m.collect_if_due();
    }
    (runtime::read_mem_stats(&heap).num_gc - before, heap.stats().peak_used_bytes)
}
#[test]
fn knobs_turn_what_they_say() {
    if cfg!(miri) {
        return; // a heap of 10 MiB takes an hour there
    }
    let (plain, plain_bytes) = collections_after::<Tricolor>(|_| {});
    let (eager, eager_bytes) = collections_after::<Tricolor>(|heap| _ = runtime::set_gc_percent(heap, 25));
    let (off, _) = collections_after::<Tricolor>(|heap| _ = runtime::set_gc_percent(heap, -1));
    assert!(eager > plain && plain > 0 && off == 0, "{eager} {plain} {off}");
    assert!(eager_bytes < plain_bytes, "{eager_bytes} {plain_bytes}");
    let limited = |heap: &Heap<Nodes, Tricolor>| {
        runtime::set_gc_percent(heap, -1).unwrap();
        runtime::set_memory_limit(heap, 32 << 20).unwrap();
    };
    let (limited, limited_bytes) = collections_after::<Tricolor>(limited);
    assert!(limited > 0 && limited_bytes < 40 << 20, "{limited} {limited_bytes}");
    let (counted, _) = collections_after::<RefCount>(|heap| _ = runtime::set_memory_limit(heap, 24 << 20));
    assert!(counted > 0);
}

struct Big;
impl<M: Manager> Rootable<M> for Big {
    type Root<'gc> = Gc<'gc, Tail<(), u64>, M>;
}
fn frees<M: Manager>() {
    let heap = heap::<M>(Config::default());
    let mut m = heap.mutator().unwrap();
    litter(&mut m, MANY);
    let big = |m: &mut Mutator<Nodes, M>| m.root::<Big>(|mc, _| Gc::with_zeroed_tail(mc, (), 1 << 17));
    let kept: Vec<_> = (0..8).map(|_| big(&mut m)).collect();
    let full = runtime::read_mem_stats(&heap);
    drop(kept);
    runtime::free_os_memory(&mut m);
    let freed = runtime::read_mem_stats(&heap);
    assert_eq!(freed.heap_idle, freed.heap_released, "all that is free is the system's");
    if M::CONSTRAINTS.collects {
        // Go's TestFreeOSMemory: at least what was allocated has gone.
        let gone = (full.sys - full.heap_released) - (freed.sys - freed.heap_released);
        assert!(gone >= 8 << 20, "{gone}");
        assert_eq!(runtime::release_free_memory(&heap), 0);
    }
}
#[test]
fn free_os_memory_gives_back_what_is_free() {
    frees::<Null>();
    frees::<RefCount>();
    frees::<TricolorSolo>();
    frees::<Tricolor>();
}

// ---- gctrace ---------------------------------------------------------------------------------------------------------

/// A line of `GODEBUG=gctrace=1`, by the format that Go's package `runtime` documents:
/// `gc # @#s #%: #+#+# ms clock, #+#/#/#+# ms cpu, #->#-># MB, # MB goal, # MB stacks, #MB globals, # P`, and a word in
/// brackets behind it.
#[derive(Debug)]
struct Line {
    number: u64,
    at_s: f64,
    percent: u32,
    clock_ms: [f64; 3],
    /// Sweep termination, assists, dedicated and fractional, idle, mark termination.
    cpu_ms: [f64; 5],
    heap_mb: [u64; 3],
    goal_mb: u64,
    stacks_mb: u64,
    globals_mb: u64,
    processors: u64,
    suffix: Option<String>,
}
impl Line {
    fn parse(line: &str) -> Option<Line> {
        let rest = line.strip_prefix("gc ")?;
        let (number, rest) = rest.split_once(" @")?;
        let (at_s, rest) = rest.split_once("s ")?;
        let (percent, rest) = rest.split_once("%: ")?;
        let fields: Vec<&str> = rest.split(", ").collect();
        let [clock, cpu, heap, goal, stacks, globals, processors] = fields[..] else { return None };
        let numbers = |text: &str, unit: &str, separators: &str| -> Option<Vec<f64>> {
            let text = text.strip_suffix(unit)?;
            text.split(|c| separators.contains(c)).map(|n| n.parse().ok()).collect()
        };
        let whole = |text: &str, unit: &str| text.strip_suffix(unit)?.parse().ok();
        let (processors, suffix) = match processors.split_once(" P") {
            Some((p, "")) => (p, None),
            Some((p, suffix)) => (p, Some(suffix.strip_prefix(" (")?.strip_suffix(')')?.to_owned())),
            None => return None,
        };
        // `heap.split("->")` would take signs, which there are none of.
        let heap: Option<Vec<u64>> = heap.strip_suffix(" MB")?.split("->").map(|n: &str| n.parse().ok()).collect();
        Some(Line {
            number: number.parse().ok()?,
            at_s: at_s.parse().ok()?,
            percent: percent.parse().ok()?,
            clock_ms: numbers(clock, " ms clock", "+")?.try_into().ok()?,
            cpu_ms: numbers(cpu, " ms cpu", "+/")?.try_into().ok()?,
            heap_mb: heap?.try_into().ok()?,
            goal_mb: whole(goal, " MB goal")?,
            stacks_mb: whole(stacks, " MB stacks")?,
            globals_mb: whole(globals, " MB globals")?,
            processors: processors.parse().ok()?,
            suffix,
        })
    }
}

#[test]
fn the_parser_reads_gos_own_lines() {
    // A real one, of go1.27.3, and the shapes that its documentation gives.
    let real = "gc 55 @0.747s 14%: 0.10+7.9+0.004 ms clock, 0.20+0.86/4.4/0.091+0.009 ms cpu, 10->11->3 MB, 12 MB goal, \
                0 MB stacks, 0 MB globals, 2 P";
    let line = Line::parse(real).unwrap();
    assert_eq!((line.number, line.percent, line.heap_mb, line.goal_mb, line.suffix), (55, 14, [10, 11, 3], 12, None));
    assert_eq!((line.clock_ms, line.cpu_ms), ([0.10, 7.9, 0.004], [0.20, 0.86, 4.4, 0.091, 0.009]));
    for suffix in ["forced", "checking for goroutine leaks"] {
        assert_eq!(Line::parse(&format!("{real} ({suffix})")).unwrap().suffix.as_deref(), Some(suffix));
    }
    for bad in ["", "gc", "gc 1", &real[1..], &real[..real.len() - 2], &real.replace("MB goal", "GB goal")] {
        assert!(Line::parse(bad).is_none(), "{bad}");
    }
}

#[test]
fn gctrace_lines_are_read_as_gos() {
    static LINES: Mutex<Vec<(String, Collection)>> = Mutex::new(Vec::new());
    fn note(c: &Collection) {
        LINES.lock().unwrap().push((runtime::gctrace::line(c, 2), *c));
    }
    let heap = heap::<Tricolor>(Config { on_collection: Some(note), ..Config::default() });
    let mut m = heap.mutator().unwrap();
    let began = std::time::Instant::now();
    for round in 0..if cfg!(miri) { 2 } else { 300 } {
        litter(&mut m, MANY / 20);
        m.mutate(|mc, root| {
            let new = node(mc, round);
            new.next.set(mc, root.get());
            root.set(mc, Some(new));
        });
    }
    runtime::gc(&mut m);
    drop(m);
    let lines = LINES.lock().unwrap();
    for (i, (text, c)) in lines.iter().enumerate() {
        let line = Line::parse(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!((line.number, line.processors), (i as u64 + 1, 2));
        assert!(line.at_s <= began.elapsed().as_secs_f64() + 1.0 && line.percent <= 100, "{text}");
        assert!(line.heap_mb[0] <= line.heap_mb[1] && line.heap_mb[2] <= line.heap_mb[1], "{text}");
        assert_eq!((line.stacks_mb, line.globals_mb, line.goal_mb), (0, 0, (c.goal_bytes >> 20) as u64));
        assert!((line.clock_ms[1] - c.mark_ns as f64 / 1e6).abs() <= 1.0, "{text} {c:?}");
        assert_eq!((line.clock_ms[2], line.cpu_ms[3], line.cpu_ms[4]), (0.0, 0.0, 0.0));
        let cause = if c.cause == Cause::Asked { "forced" } else { c.cause.name() };
        assert_eq!(line.suffix.as_deref(), Some(cause));
    }
    let forced = lines.iter().filter(|l| l.1.cause == Cause::Asked).count();
    assert_eq!(forced, 1);
    assert!(cfg!(miri) || lines.iter().any(|l| l.1.cause == Cause::Goal));
}

// ---- who may be asked ----------------------------------------------------------------------------------------------

/// `Null` has nothing to collect; `gc` says so by doing nothing.
#[test]
fn null_does_what_it_can() {
    let heap = heap::<Null>(Config::default());
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, _| _ = Gc::new(mc, Static(1u8)));
    runtime::gc(&mut m);
    let stats = runtime::read_mem_stats(&heap);
    assert_eq!((stats.num_gc, stats.frees, stats.by_size.len()), (0, 0, 0));
    assert!(metrics::read(&heap, "/gc/cycles/total:gc-cycles").is_err());
    assert!(metrics::read(&heap, "/gc/heap/live:bytes").is_err());
}

/// A monitor on another thread reads a shared heap without a mutator, also while a session is open for long.
fn monitor<M: Threaded>() {
    let heap = heap::<M>(Config { session_limit: None, ..Config::default() });
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, _| {
        let before = runtime::read_mem_stats(mc).heap_objects;
        node(mc, 1);
        let objects = std::thread::scope(|s| s.spawn(|| runtime::read_mem_stats(&heap).heap_objects).join().unwrap());
        assert_eq!(objects, before + 1);
    });
}
#[test]
fn reading_waits_for_no_session() {
    monitor::<Tricolor>();
    monitor::<TricolorSolo>();
}
