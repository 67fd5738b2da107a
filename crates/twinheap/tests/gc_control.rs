//! `control::gc`: every function with CPython 3.13.0's answers under `RefCount`, with those of DESIGN's table under the
//! tricolor managers, and every kind of bad argument.  Not what a collection finds (`refcount`, `contract`).

use std::cell::RefCell;
use std::sync::{Arc, Mutex};
use twinheap::config::{CollectAt, Finalizers};
use twinheap::control::gc::{self, GenerationError};
use twinheap::observe::{CallbackInfo, Phase};
use twinheap::{
    Config, Finalize, Gc, GcAny, Heap, Manager, Mutation, Mutator, Null, OneMutator, RefCount, Rootable, Slot, Trace,
    Tricolor, TricolorSolo,
};

#[derive(Trace)]
struct Node<'gc, M: Manager> {
    next: Slot<'gc, Node<'gc, M>, M>,
    number: u32,
}
/// Its finalizer keeps it, the first time.
#[derive(Trace)]
#[trace(finalize)]
struct Mortal<'gc, M: Manager> {
    me: Slot<'gc, Mortal<'gc, M>, M>,
    saved: Slot<'gc, Saved<'gc, M>, M>,
}
#[derive(Trace)]
struct Saved<'gc, M: Manager>(Slot<'gc, Mortal<'gc, M>, M>);
impl<'gc, M: Manager> Finalize<'gc, M> for Mortal<'gc, M> {
    fn finalize(this: &Gc<'gc, Self, M>, mc: &'gc Mutation<'gc, M>) {
        if let Some(saved) = this.saved.get() {
            saved.0.set(mc, Some(this.clone()))
        }
    }
}

struct Nodes;
impl<M: Manager> Rootable<M> for Nodes {
    type Root<'gc> = Slot<'gc, Node<'gc, M>, M>;
}

fn heap_with<M: Manager>(config: Config) -> Heap<Nodes, M> {
    Heap::new(config, |_| Slot::empty()).unwrap()
}
fn heap<M: Manager>() -> Heap<Nodes, M> {
    heap_with(Config { collect_at: CollectAt::Safepoints, ..Config::default() })
}
fn node<'gc, M: Manager>(mc: &Mutation<'gc, M>, number: u32) -> Gc<'gc, Node<'gc, M>, M> {
    Gc::new(mc, Node { next: Slot::empty(), number })
}
/// A cycle of so many nodes, let go.
fn litter<M: Manager>(mc: &Mutation<'_, M>, nodes: u32) {
    let first = node(mc, 0);
    let mut last = first.clone();
    for number in 1..nodes {
        let next = node(mc, number);
        last.next.set(mc, Some(next.clone()));
        last = next;
    }
    last.next.set(mc, Some(first));
}

fn switches<M: Manager>() {
    let heap = heap::<M>();
    heap.mutator().unwrap().mutate(|mc, _| {
        assert!(gc::is_enabled(mc));
        gc::disable(mc);
        gc::disable(mc);
        assert!(!gc::is_enabled(mc));
        gc::enable(mc);
        assert!(gc::is_enabled(mc));
        assert_eq!(gc::get_threshold(mc), [2000, 10, 10]);
        gc::set_threshold(mc, 7, None, None);
        assert_eq!(gc::get_threshold(mc), [7, 10, 10]);
        gc::set_threshold(mc, -1, Some(i32::MAX), Some(i32::MIN));
        assert_eq!(gc::get_threshold(mc), [-1, i32::MAX as i64, i32::MIN as i64]);
        gc::set_threshold(mc, 2000, Some(10), Some(10));
        for flags in [gc::DEBUG_LEAK, -1, 8, 0] {
            gc::set_debug(mc, flags);
            assert_eq!(gc::get_debug(mc), flags);
        }
    });
}
#[test]
fn switches_thresholds_and_flags_are_kept() {
    switches::<RefCount>();
    switches::<TricolorSolo>();
    switches::<Tricolor>();
    assert_eq!(gc::DEBUG_LEAK, 38);
}

fn bad_generations<M: OneMutator>() {
    let heap = heap::<M>();
    let mut m = heap.mutator().unwrap();
    for bad in [-1, 3, i32::MAX, i32::MIN] {
        let no = gc::collect(&mut m, bad).unwrap_err();
        assert_eq!((no, no.to_string().as_str()), (GenerationError::Invalid, "invalid generation"));
    }
    m.mutate(|mc, _| {
        let all = gc::get_objects(mc, None).unwrap().len();
        assert_eq!(gc::get_objects(mc, Some(-1)).unwrap().len(), all);
        let ages: usize = (0..3).map(|g| gc::get_objects(mc, Some(g)).unwrap().len()).sum();
        assert_eq!(ages, all);
        let texts = [
            (-2, "generation parameter cannot be negative"),
            (i32::MIN, "generation parameter cannot be negative"),
            (3, "generation parameter must be less than the number of available generations (3)"),
            (i32::MAX, "generation parameter must be less than the number of available generations (3)"),
        ];
        for (bad, text) in texts {
            assert_eq!(gc::get_objects(mc, Some(bad)).err().unwrap().to_string(), text);
        }
    });
    m.verify().unwrap();
}
#[test]
fn generations_that_there_are_not() {
    bad_generations::<Null>();
    bad_generations::<RefCount>();
    bad_generations::<TricolorSolo>();
}

#[test]
fn counts_are_cpythons() {
    let heap = heap::<RefCount>();
    let mut m = heap.mutator().unwrap();
    gc::collect(&mut m, 2).unwrap();
    let count = |m: &mut Mutator<Nodes, RefCount>| m.mutate(|mc, _| gc::get_count(mc));
    assert_eq!(count(&mut m), [0, 0, 0]);
    m.mutate(|mc, root| root.set(mc, Some(node(mc, 1))));
    assert_eq!(count(&mut m), [1, 0, 0]);
    gc::collect(&mut m, 0).unwrap();
    assert_eq!(count(&mut m), [0, 1, 0]);
    gc::collect(&mut m, 1).unwrap();
    assert_eq!(count(&mut m), [0, 0, 1]);
    gc::collect(&mut m, 2).unwrap();
    assert_eq!(count(&mut m), [0, 0, 0]);
    // Never below zero.
    m.mutate(|mc, root| root.set(mc, None));
    assert_eq!(count(&mut m), [0, 0, 0]);
    m.verify().unwrap();
}

/// At the first safepoint after the count is above the threshold (CPython 3.12 and later: between bytecodes).
#[test]
fn thresholds_begin_collections() {
    let run = |thresholds: (i32, i32, i32), nodes: u32| {
        let heap = heap::<RefCount>();
        let mut m = heap.mutator().unwrap();
        m.mutate(|mc, _| gc::set_threshold(mc, thresholds.0, Some(thresholds.1), Some(thresholds.2)));
        // The root object counts as well.
        gc::collect(&mut m, 2).unwrap();
        let mut at = Vec::new();
        for number in 0..nodes {
            m.mutate(|mc, root| {
                let new = node(mc, number);
                new.next.set(mc, root.get());
                root.set(mc, Some(new));
            });
            if let Some(generation) = m.collect_if_due() {
                at.push((number + 1, generation))
            }
        }
        m.verify().unwrap();
        let stats = m.mutate(|mc, _| gc::get_stats(mc));
        assert_eq!(stats.iter().map(|g| g.collections as usize).sum::<usize>(), at.len() + 1);
        at
    };
    let t = if cfg!(miri) { 10 } else { 100 };
    let at = run((t, 10, 10), 15 * t as u32 + 10);
    assert_eq!(at[0], (t as u32 + 1, 0));
    assert_eq!(at[1], (2 * t as u32 + 2, 0));
    // After more than ten of the young, one of the middle.
    assert_eq!(at.iter().map(|c| c.1).collect::<Vec<_>>(), [[0; 11].as_slice(), &[1], &[0; 2]].concat());
    // Every allocation, and none.
    let every = run((-5, 1000, 1000), 20);
    assert_eq!(every.iter().map(|c| c.0).collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
    assert_eq!(run((0, 0, 0), if cfg!(miri) { 50 } else { 5000 }), []);
}

/// A full collection waits until what has survived the middle generation since the last is a quarter of the old.
#[test]
fn the_quarter_rule() {
    let heap = heap::<RefCount>();
    let mut m = heap.mutator().unwrap();
    let grow = |m: &mut Mutator<Nodes, RefCount>, n: u32| {
        m.mutate(|mc, root| {
            for number in 0..n {
                let new = node(mc, number);
                new.next.set(mc, root.get());
                root.set(mc, Some(new));
            }
        })
    };
    let old = if cfg!(miri) { 100 } else { 1000 };
    grow(&mut m, old);
    gc::collect(&mut m, 2).unwrap();
    m.mutate(|mc, _| gc::set_threshold(mc, 10, Some(0), Some(0)));
    // Eleven at a time: young ones and middle ones in turn, until a quarter (the root object is one more) is pending.
    let quarter = (old as usize + 1) / 4;
    let mut generations = Vec::new();
    while generations.last() != Some(&2) {
        grow(&mut m, 11);
        generations.extend(m.collect_if_due());
        assert!(generations.len() < 100, "{generations:?}");
    }
    let middle = generations.iter().filter(|&&g| g == 1).count();
    let pending = |rounds: usize| rounds * 22;
    assert!(pending(middle) >= quarter && pending(middle - 1) < quarter, "{generations:?}");
    m.verify().unwrap();
}

fn told() -> (Arc<Mutex<Vec<(Phase, CallbackInfo)>>>, impl FnMut(Phase, CallbackInfo) + Send + 'static) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let list = heard.clone();
    (heard, move |phase, info| list.lock().unwrap().push((phase, info)))
}

fn callbacks<M: Manager>(ask: i32, generation: u8) {
    let heap = heap::<M>();
    let mut m = heap.mutator().unwrap();
    let (heard, note) = told();
    let id = m.callbacks().append(note);
    heap.callbacks().append(|_, _| std::panic::resume_unwind(Box::new("a callback that panics")));
    m.mutate(|mc, _| litter(mc, 5));
    assert_eq!(gc::collect(&mut m, ask).unwrap(), 5);
    let info = |collected| CallbackInfo { generation, collected, uncollectable: 0 };
    assert_eq!(*heard.lock().unwrap(), [(Phase::Start, info(0)), (Phase::Stop, info(5))], "{}", M::NAME);
    assert!(m.callbacks().remove(id));
    gc::collect(&mut m, ask).unwrap();
    assert_eq!(heard.lock().unwrap().len(), 2);
    assert_eq!((heap.callbacks().len(), heap.stats().callback_panics), (1, 4), "{}", M::NAME);
    m.verify().unwrap();
}
#[test]
fn callbacks_hear_of_start_and_stop() {
    for generation in 0..3 {
        callbacks::<RefCount>(generation, generation as u8);
    }
    callbacks::<TricolorSolo>(0, 2);
    callbacks::<Tricolor>(2, 2);
}

/// Also of those that begin by themselves, inside an allocation, and of those that wait for finalizers.
#[test]
fn callbacks_hear_of_collections_by_themselves() {
    let config = Config { thresholds: [50, 10, 10], ..Config::default() };
    let heap = heap_with::<RefCount>(config);
    let mut m = heap.mutator().unwrap();
    let (heard, note) = told();
    m.callbacks().append(note);
    m.mutate(|mc, _| {
        for _ in 0..40 {
            let mortal = Gc::new(mc, Mortal { me: Slot::empty(), saved: Slot::empty() });
            mortal.me.set(mc, Some(mortal.clone()));
            litter(mc, 2);
        }
    });
    let heard = heard.lock().unwrap();
    let stats = m.mutate(|mc, _| gc::get_stats(mc));
    assert!(stats[0].collections >= 2, "{stats:?}");
    assert_eq!(heard.len() as u64, 2 * stats[0].collections);
    // One that waits for finalizers lets another begin: starts and stops pair, though not always one after the other.
    assert_eq!(heard.iter().filter(|h| h.0 == Phase::Start).count() * 2, heard.len());
    let collected: usize = heard.iter().map(|h| h.1.collected).sum();
    assert_eq!(collected as u64, stats[0].collected);
}

thread_local! {
    static LINES: RefCell<String> = const { RefCell::new(String::new()) };
}
fn keep_line(line: &str) {
    LINES.with_borrow_mut(|lines| lines.push_str(line))
}

#[test]
fn debug_lines_are_cpythons() {
    let config = Config { debug_output: Some(keep_line), collect_at: CollectAt::Safepoints, ..Config::default() };
    let heap = heap_with::<RefCount>(config);
    let mut m = heap.mutator().unwrap();
    gc::collect(&mut m, 2).unwrap();
    assert_eq!(LINES.take(), "");
    m.mutate(|mc, _| gc::set_debug(mc, gc::DEBUG_STATS));
    m.mutate(|mc, _| litter(mc, 3));
    gc::collect(&mut m, 1).unwrap();
    let lines = LINES.take();
    let (head, done) = lines.rsplit_once("gc: done, ").unwrap();
    let old = m.mutate(|mc, _| gc::get_objects(mc, Some(2)).unwrap().len());
    assert_eq!(
        head,
        format!(
            "gc: collecting generation 1...\ngc: objects in each generation: 3 0 {old}\n\
             gc: objects in permanent generation: 0\n"
        )
    );
    let rest = done.strip_prefix("3 unreachable, 0 uncollectable, ").unwrap();
    let seconds = rest.strip_suffix("s elapsed\n").unwrap();
    assert!(seconds.parse::<f64>().unwrap() < 100.0 && seconds.split('.').nth(1).unwrap().len() == 4, "{rest}");

    m.mutate(|mc, _| gc::set_debug(mc, gc::DEBUG_COLLECTABLE));
    m.mutate(|mc, _| litter(mc, 2));
    gc::collect(&mut m, 2).unwrap();
    let lines = LINES.take();
    let lines: Vec<_> = lines.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|l| l.starts_with("gc: collectable <") && l.contains("Node") && l.ends_with('>')));
}

/// A sink that panics is nobody's fault but its own.
#[test]
fn a_debug_sink_that_panics_is_swallowed() {
    let panics: fn(&str) = |_| std::panic::resume_unwind(Box::new("no room for lines"));
    let heap = heap_with::<RefCount>(Config { debug_output: Some(panics), ..Config::default() });
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, _| {
        gc::set_debug(mc, gc::DEBUG_STATS | gc::DEBUG_COLLECTABLE);
        litter(mc, 3)
    });
    assert_eq!(gc::collect(&mut m, 2).unwrap(), 3);
    m.verify().unwrap();
}

fn save_all(config: Config, by_itself: bool) {
    let heap = heap_with::<RefCount>(config);
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, _| {
        gc::set_debug(mc, gc::DEBUG_SAVEALL);
        let mortal = Gc::new(mc, Mortal { me: Slot::empty(), saved: Slot::empty() });
        mortal.me.set(mc, Some(mortal.clone()));
        litter(mc, 4);
    });
    if by_itself {
        // It begins inside an allocation, and its finalizers run at the session's end.
        m.mutate(|mc, _| {
            gc::set_threshold(mc, 1, None, None);
            _ = node(mc, 9)
        });
    } else {
        assert_eq!(gc::collect(&mut m, 2).unwrap(), 5);
    }
    gc::garbage(&mut m, |mc, kept| {
        let numbers: Vec<_> =
            kept.iter().filter_map(|k| k.downcast_ref::<Node<RefCount>>()).map(|n| n.number).collect();
        assert_eq!((kept.len(), numbers), (5, vec![0, 1, 2, 3]));
        assert!(kept.iter().all(|k| gc::is_tracked(mc, k)));
        gc::set_debug(mc, 0)
    });
    m.verify().unwrap();
    assert_eq!(gc::collect(&mut m, 2).unwrap(), 0, "what is kept lives");
    assert_eq!(gc::clear_garbage(&mut m), 5);
    assert_eq!(gc::collect(&mut m, 2).unwrap(), 5);
    assert_eq!(gc::garbage(&mut m, |_, kept| kept.len()), 0);
    m.verify().unwrap();
}
#[test]
fn save_all_keeps_what_is_found() {
    save_all(Config { collect_at: CollectAt::Safepoints, ..Config::default() }, false);
    save_all(Config::default(), true);
    // What is still kept goes with the heap.
    let heap = heap::<RefCount>();
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, _| {
        gc::set_debug(mc, gc::DEBUG_SAVEALL);
        litter(mc, 4)
    });
    assert_eq!(gc::collect(&mut m, 2).unwrap(), 4);
}

fn listings<M: OneMutator>() {
    let heap = heap_with::<M>(Config { automatic: false, collect_at: CollectAt::Safepoints, ..Config::default() });
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, root| {
        let (a, b) = (node(mc, 1), node(mc, 2));
        a.next.set(mc, Some(b.clone()));
        b.next.set(mc, Some(a.clone()));
        root.set(mc, Some(a.clone()));
        let any = |x: &Gc<'_, Node<'_, M>, M>| GcAny::new(x.clone()).address();
        let addresses = |found: Vec<GcAny<'_, M>>| found.iter().map(GcAny::address).collect::<Vec<_>>();
        let all = addresses(gc::get_objects(mc, None).unwrap());
        assert!(all.contains(&any(&a)) && all.contains(&any(&b)));
        assert_eq!(
            addresses(gc::get_referents(mc, &[GcAny::new(a.clone()), GcAny::new(b.clone())])),
            [any(&b), any(&a)]
        );
        let holders = addresses(gc::get_referrers(mc, &[GcAny::new(b.clone())]));
        assert_eq!(holders, [any(&a)]);
        assert_eq!(gc::get_referrers(mc, &[GcAny::new(a.clone())]).len(), 2, "the other one, and the root");
        assert!(gc::get_referrers(mc, &[]).is_empty());
    });
    m.verify().unwrap();
}
#[test]
fn listings_show_who_refers_to_whom() {
    listings::<Null>();
    listings::<RefCount>();
    listings::<TricolorSolo>();
}

#[test]
fn generations_are_shown_as_objects_grow_old() {
    let heap = heap_with::<RefCount>(Config { automatic: false, ..Config::default() });
    let mut m = heap.mutator().unwrap();
    gc::collect(&mut m, 2).unwrap();
    m.mutate(|mc, root| {
        let (a, b) = (node(mc, 0), node(mc, 1));
        a.next.set(mc, Some(b));
        root.set(mc, Some(a))
    });
    for generation in 0..3 {
        m.mutate(|mc, _| {
            let of = |g| {
                let found = gc::get_objects(mc, Some(g)).unwrap();
                found.iter().filter_map(|x| x.downcast_ref::<Node<RefCount>>()).map(|n| n.number).collect::<Vec<_>>()
            };
            for g in 0..3 {
                let numbers = of(g);
                assert_eq!(numbers.len(), if g == generation { 2 } else { 0 }, "generation {g} after {generation}");
                if g == 0 {
                    assert!(numbers.is_sorted(), "in the order of birth");
                }
            }
        });
        gc::collect(&mut m, generation.min(1)).unwrap();
    }
}

#[test]
fn the_permanent_generation() {
    let heap = heap::<RefCount>();
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, root| {
        let a = node(mc, 7);
        a.next.set(mc, Some(a.clone()));
        root.set(mc, Some(a.clone()));
        assert_eq!(gc::get_freeze_count(mc), 0);
        gc::freeze(mc);
        assert_eq!(gc::get_count(mc), [0, 0, 0]);
        let frozen = gc::get_freeze_count(mc);
        assert!(frozen >= 1);
        let any = GcAny::new(a.clone());
        assert!(gc::is_tracked(mc, &any));
        assert!(gc::get_objects(mc, None).unwrap().is_empty(), "the frozen are not shown");
        assert!(gc::get_referrers(mc, &[any]).is_empty(), "not as referrers either");
        // A new cycle that leads to a frozen object is found.
        let b = node(mc, 8);
        let c = node(mc, 9);
        b.next.set(mc, Some(c.clone()));
        c.next.set(mc, Some(b));
        root.set(mc, None);
    });
    assert_eq!(gc::collect(&mut m, 2).unwrap(), 2, "the frozen cycle stays");
    m.mutate(|mc, _| {
        gc::unfreeze(mc);
        assert_eq!(gc::get_freeze_count(mc), 0);
        let old = gc::get_objects(mc, Some(2)).unwrap();
        assert!(old.iter().any(|x| x.downcast_ref::<Node<RefCount>>().is_some_and(|n| n.number == 7)));
    });
    assert_eq!(gc::collect(&mut m, 1).unwrap(), 0, "it is old");
    assert_eq!(gc::collect(&mut m, 2).unwrap(), 1);
    // The frozen still die when nothing refers to them.
    m.mutate(|mc, root| {
        root.set(mc, Some(node(mc, 1)));
        gc::freeze(mc);
        let before = gc::get_freeze_count(mc);
        root.set(mc, None);
        assert_eq!(gc::get_freeze_count(mc), before - 1);
    });
    m.verify().unwrap();
}

fn finalized<M: Manager>() {
    struct Both;
    impl<M: Manager> Rootable<M> for Both {
        type Root<'gc> = Gc<'gc, Saved<'gc, M>, M>;
    }
    let config = Config { finalizers: Finalizers::Automatic, ..Config::default() };
    let heap = Heap::<Both, M>::new(config, |mc| Gc::new(mc, Saved(Slot::empty()))).unwrap();
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, root| {
        let mortal = Gc::new(mc, Mortal { me: Slot::empty(), saved: Slot::new(Some(root.clone())) });
        mortal.me.set(mc, Some(mortal.clone()));
        assert!(!gc::is_finalized(mc, &GcAny::new(mortal)));
        assert!(!gc::is_finalized(mc, &GcAny::new(root.clone())));
    });
    gc::collect(&mut m, 2).unwrap();
    m.mutate(|mc, root| {
        let mortal = root.0.get().expect("kept by its finalizer");
        assert!(gc::is_finalized(mc, &GcAny::new(mortal.clone())));
        root.0.set(mc, None);
    });
    gc::collect(&mut m, 2).unwrap();
    m.mutate(|_, root| assert!(root.0.get().is_none(), "not finalized twice, so not kept twice"));
    assert_eq!(m.stats().finalizers, 1);
    m.verify().unwrap();
}
#[test]
fn finalized_is_seen_after_resurrection() {
    finalized::<RefCount>();
    finalized::<TricolorSolo>();
    finalized::<Tricolor>();
}

#[test]
fn stats_go_to_the_generation_that_was_collected() {
    let heap = heap::<RefCount>();
    let mut m = heap.mutator().unwrap();
    for (generation, nodes) in [(0, 3), (2, 5), (0, 1), (1, 2)] {
        let before = m.mutate(|mc, _| gc::get_stats(mc));
        m.mutate(|mc, _| litter(mc, nodes));
        assert_eq!(gc::collect(&mut m, generation).unwrap(), nodes as usize);
        let after = m.mutate(|mc, _| gc::get_stats(mc));
        for g in 0..3 {
            let own = (g == generation as usize) as u64;
            assert_eq!(after[g].collections - before[g].collections, own);
            assert_eq!(after[g].collected - before[g].collected, own * nodes as u64);
            assert_eq!(after[g].uncollectable, 0);
        }
    }
}

/// A callback that asks for a collection gets none, and nobody waits for himself (CPython: a nested `collect()` returns 0).
#[test]
fn a_callback_that_collects_is_answered() {
    let heap = Arc::new(heap::<Tricolor>());
    let mut m = heap.mutator().unwrap();
    let (own, asked) = (Arc::downgrade(&heap), Arc::new(Mutex::new(Vec::new())));
    let list = asked.clone();
    m.callbacks().append(move |_, _| {
        if let Some(heap) = own.upgrade() {
            let found = gc::collect(&mut heap.mutator().unwrap(), 2).unwrap();
            list.lock().unwrap().push(found)
        }
    });
    m.mutate(|mc, _| litter(mc, 3));
    assert_eq!(gc::collect(&mut m, 2).unwrap(), 3);
    assert_eq!(*asked.lock().unwrap(), [0, 0]);
}
