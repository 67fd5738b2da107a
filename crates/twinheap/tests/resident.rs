//! What goes back to the system, by the kernel's word (`/proc/self/statm`): after a spike, while a program goes on, above a
//! soft limit; and whose processor time it is beyond that.  One test at a time, because a process has one resident size and one
//! clock.  Not the policies' arithmetic (`scavenger`, `pacer`).
#![cfg(all(target_os = "linux", not(loom), not(miri)))]
#![forbid(unsafe_code)]

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use twinheap::{Config, Gc, GcCell, Heap, Mutator, Request, Rootable, Static, Tail, Tricolor, process::process_cpu_ns};

type Node = Static<[u64; 6]>;
struct R;
impl Rootable<Tricolor> for R {
    type Root<'gc> = GcCell<Vec<Gc<'gc, Node, Tricolor>>, Tricolor>;
}
fn heap(config: Config) -> Heap<R, Tricolor> {
    Heap::new(config, |_| GcCell::default()).unwrap()
}
fn grow(m: &mut Mutator<R, Tricolor>, nodes: usize) {
    for i in 0..nodes / 1000 {
        m.mutate(|mc, root| {
            root.borrow_mut(mc).extend((0..1000).map(|k| Gc::new(mc, Static([i * 1000 + k; 6].map(|n| n as u64)))))
        })
    }
}
fn clear(m: &mut Mutator<R, Tricolor>) {
    m.mutate(|mc, root| *root.borrow_mut(mc) = Vec::new());
    m.collect(Request::FULL);
}

static ALONE: Mutex<()> = Mutex::new(());
fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 4096
}
/// What the policy keeps, by its own words.
fn kept(heap: &Heap<R, Tricolor>) -> usize {
    let stats = heap.stats();
    let goal = stats.goal_bytes.unwrap() + stats.ladder.metadata_bytes;
    stats.used_bytes.max(goal + goal / 10)
}

/// Issue 4, gate 2: within 15 % of the target in five seconds; and it does not go far below, either.
#[test]
fn a_spike_is_over_in_five_seconds() {
    const NODES: usize = 5_000_000;
    let _alone = alone();
    let heap = heap(Config::default());
    let mut m = heap.mutator().unwrap();
    let before = resident();
    grow(&mut m, NODES);
    let spike = resident() - before;
    assert!(spike > NODES * 48, "{spike}");
    clear(&mut m);
    let since = Instant::now();
    let (now, target) = loop {
        std::thread::sleep(Duration::from_millis(100));
        let (now, target) = (resident().saturating_sub(before), kept(&heap));
        if now <= target + target * 15 / 100 || since.elapsed() > Duration::from_secs(5) {
            break (now, target);
        }
    };
    // The vector of five million references is the allocator's, and went with its mapping.
    assert!(now <= target + target * 15 / 100, "{} MiB are resident, {} to be kept", now >> 20, target >> 20);
    m.verify().unwrap();
    let stats = heap.stats();
    assert!(stats.ladder.mapped_bytes <= target + (16 << 20), "chunks that are empty are unmapped: {:?}", stats.ladder);
    // And the heap is as good as before.
    grow(&mut m, 100_000);
    m.collect(Request::FULL);
    m.verify().unwrap();
}

/// Survivors hold their spans, and nothing else.
#[test]
fn survivors_keep_their_spans_alone() {
    let _alone = alone();
    let heap = heap(Config::default());
    let mut m = heap.mutator().unwrap();
    grow(&mut m, 1_000_000);
    m.mutate(|mc, root| {
        let mut at = 0;
        root.borrow_mut(mc).retain(|_| {
            at += 1;
            at % 5000 == 0
        })
    });
    m.collect(Request::FULL);
    let since = Instant::now();
    let target = kept(&heap);
    while heap.stats().ladder.idle_bytes + heap.stats().used_bytes > target + target * 15 / 100 {
        assert!(since.elapsed() < Duration::from_secs(5), "{:?}", heap.stats().ladder);
        std::thread::sleep(Duration::from_millis(50));
    }
    m.verify().unwrap();
    m.mutate(|_, root| assert!(root.borrow().iter().all(|node| node.0[0] % 5000 == 4999)));
}

/// A program that makes garbage, and one that swings three times a second, get pages once.
#[test]
fn nothing_goes_back_that_is_needed_again_within_the_second() {
    let _alone = alone();
    let heap = heap(Config::default());
    let mut m = heap.mutator().unwrap();
    grow(&mut m, 100_000);
    let began = Instant::now();
    let mut warm = None;
    while began.elapsed() < Duration::from_secs(3) {
        m.mutate(|mc, _| (0..10).for_each(|_| _ = Gc::<Tail<(), u64>, Tricolor>::with_zeroed_tail(mc, (), 1022)));
        if began.elapsed() > Duration::from_secs(1) {
            warm.get_or_insert_with(|| heap.stats().returned_bytes);
        }
    }
    let (garbage, stats) = (warm.unwrap(), heap.stats());
    assert!(stats.collections > 10);
    assert_eq!(stats.returned_bytes, garbage, "garbage of {} collections", stats.collections);

    const SWING_BYTES: usize = 72_000_000;
    let mut last: Option<(Instant, usize)> = None;
    for swing in 0..12 {
        // More than the smallest heap ever is.
        grow(&mut m, SWING_BYTES / 48);
        let (now, returned) = (Instant::now(), heap.stats().returned_bytes);
        // Where the machine is too slow for that, what went back may have been let go.
        if let Some((then, before)) = last
            && now - then < Duration::from_millis(900)
        {
            // Peaks differ by what floats: pages that only one before the last second needed may go, and their chunks.
            let went = returned - before;
            assert!(went < SWING_BYTES / 4, "{went} bytes in swing {swing}, {:?} after the one before", now - then);
        }
        last = Some((now, returned));
        clear(&mut m);
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Above the soft limit pages go back without delay; the limit is kept within 3 % though the program swings.
#[test]
fn above_a_soft_limit_pages_go_back_at_once() {
    const LIMIT: usize = 64 << 20;
    let _alone = alone();
    let heap = heap(Config { memory_limit_bytes: Some(LIMIT), ..Config::default() });
    let mut m = heap.mutator().unwrap();
    for round in 0..6 {
        grow(&mut m, 700_000);
        // Blocks of another size: spans of the first are no use to them.
        clear(&mut m);
        for _ in 0..200 {
            m.mutate(|mc, _| {
                (0..10).for_each(|_| _ = Gc::<Tail<(), u64>, Tricolor>::with_zeroed_tail(mc, (), 9 << 10))
            });
            let stats = heap.stats();
            let held = stats.used_bytes + stats.ladder.idle_bytes;
            assert!(held <= LIMIT + LIMIT * 3 / 100, "round {round}: {} MiB", held >> 20);
        }
        let stats = heap.stats();
        assert!(stats.peak_used_bytes <= LIMIT + LIMIT * 3 / 100, "{} MiB", stats.peak_used_bytes >> 20);
    }
    m.verify().unwrap();
}

/// More lives than the soft limit allows: the collector pushes, for as long as its bucket lasts, and then leaves the program
/// half of the time they take together.
#[test]
fn beyond_a_soft_limit_half_of_the_time_is_the_programs() {
    const NODES: usize = 1_000_000;
    let _alone = alone();
    let heap = heap(Config { memory_limit_bytes: Some(16 << 20), ..Config::default() });
    let mut m = heap.mutator().unwrap();
    grow(&mut m, NODES);
    let mut at = 0;
    let mut work = |m: &mut Mutator<R, Tricolor>| {
        m.mutate(|mc, root| {
            let mut table = root.borrow_mut(mc);
            for _ in 0..500 {
                at = (at + 7919) % NODES;
                table[at] = Gc::new(mc, Static([at as u64; 6]));
            }
        })
    };
    let spent = |heap: &Heap<R, Tricolor>| {
        let stats = heap.stats();
        (stats.collector_cpu_ns + stats.assist_ns, process_cpu_ns(), stats)
    };
    let began = process_cpu_ns();
    while heap.stats().capped_collections < 3 {
        (0..10).for_each(|_| work(&mut m));
        assert!(process_cpu_ns() - began < 60_000_000_000, "{:?}", heap.stats());
    }
    // Whether the bucket is at its brim is a matter of the clock, and another program may have the processors for a while:
    // one stretch of five has to show it.
    let mut seen = Vec::new();
    for _ in 0..5 {
        let (collecting, all, before) = spent(&heap);
        let until = before.collections + 40;
        let (collecting, all, after) = loop {
            (0..10).for_each(|_| work(&mut m));
            let (c, a, stats) = spent(&heap);
            if stats.collections >= until {
                break (c - collecting, a - all, stats);
            }
        };
        let capped = after.capped_collections - before.capped_collections;
        let share = collecting as f64 / all as f64;
        assert!(after.used_bytes < 160 << 20, "half of the time is not all of the memory: {after:?}");
        seen.push((capped, share));
        if capped >= 20 && share <= 0.6 {
            m.verify().unwrap();
            return;
        }
    }
    panic!("(capped of 40 collections, the collector's share of the processors): {seen:?}");
}

/// Go collects 5,504 times for three million buffers of 8 KiB of which none lives: every 4.5 MB.
#[test]
fn a_small_heap_is_collected_seldom() {
    const BUFFERS: usize = 1_000_000;
    let _alone = alone();
    let heap = heap(Config::default());
    let mut m = heap.mutator().unwrap();
    for _ in 0..BUFFERS / 10 {
        m.mutate(|mc, _| (0..10).for_each(|_| _ = Gc::<Tail<(), u64>, Tricolor>::with_zeroed_tail(mc, (), 1022)));
    }
    let stats = heap.stats();
    let gos = BUFFERS as f64 * 5_504.0 / 3_000_000.0;
    assert!(stats.collections as f64 <= 0.2 * gos, "{} collections, Go {gos}", stats.collections);
    assert!(stats.peak_used_bytes < 32 << 20, "{} bytes", stats.peak_used_bytes);
}
