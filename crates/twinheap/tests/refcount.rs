//! `RefCount`: when things are released and in what order, what collections find, and that every law holds after each
//! step.  What CPython 3.13 does is the measure.  What all managers share is in `contract.rs`.
#![forbid(unsafe_code)]

use std::sync::{Arc, Mutex};
use twinheap::{
    Cause, Config, Finalize, Full, Gc, GcAny, GcCell, Heap, Mutation, Mutator, Pending, RefCount, Request, Root,
    Rootable, Slot, Static, Tail, Trace, Val, ValSlot, WeakBox,
    config::{CollectAt, Finalizers},
    object::managed::{Command, GenerationStats},
    observe::HoldUpCause,
};

type Mc<'gc> = &'gc Mutation<'gc, RefCount>;
type Log = Arc<Mutex<Vec<String>>>;

/// A leaf that says when it is dropped.
#[derive(Clone)]
struct Say(Log, String);
impl Drop for Say {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(std::mem::take(&mut self.1))
    }
}
fn said(log: &Log) -> Vec<String> {
    std::mem::take(&mut log.lock().unwrap())
}

/// A node with named leaves, slots and a cell.
#[derive(Trace)]
#[trace(manager = RefCount)]
struct Node<'gc> {
    say: Option<Static<Say>>,
    next: Slot<'gc, Node<'gc>, RefCount>,
    prev: Slot<'gc, Node<'gc>, RefCount>,
    many: GcCell<Vec<Gc<'gc, Node<'gc>, RefCount>>, RefCount>,
}
type N<'gc> = Gc<'gc, Node<'gc>, RefCount>;
fn node<'gc>(mc: Mc<'gc>) -> N<'gc> {
    let (next, prev, many) = (Slot::empty(), Slot::empty(), GcCell::new(Vec::new()));
    Gc::new(mc, Node { say: None, next, prev, many })
}
fn saying<'gc>(mc: Mc<'gc>, log: &Log, name: &str) -> N<'gc> {
    let say = Some(Static(Say(log.clone(), name.to_owned())));
    Gc::new(mc, Node { say, next: Slot::empty(), prev: Slot::empty(), many: GcCell::new(Vec::new()) })
}

struct One;
impl Rootable<RefCount> for One {
    type Root<'gc> = N<'gc>;
}
struct Base;
impl Rootable<RefCount> for Base {
    type Root<'gc> = GcCell<Vec<GcAny<'gc, RefCount>>, RefCount>;
}
type H = (Heap<Base, RefCount>, Mutator<Base, RefCount>);
fn heap(config: Config) -> H {
    let heap = Heap::<Base, RefCount>::new(config, |_| GcCell::new(Vec::new())).unwrap();
    let mutator = heap.mutator().unwrap();
    (heap, mutator)
}
fn quiet() -> Config {
    Config { automatic: false, ..Config::default() }
}
fn full(m: &mut Mutator<Base, RefCount>) -> usize {
    let found = m.collect(Request::FULL);
    assert!(!found.pending);
    m.verify().unwrap();
    found.objects
}
fn young(m: &mut Mutator<Base, RefCount>, generation: u8) -> usize {
    let found = m.collect(Request { generation, save_all: false, cause: Cause::Asked });
    m.verify().unwrap();
    found.objects
}

#[test]
fn the_last_handle_releases_at_once_and_outer_before_inner() {
    let (_h, mut m) = heap(quiet());
    let log = Log::default();
    m.mutate(|mc, _| {
        let a = saying(mc, &log, "a");
        a.next.set(mc, Some(saying(mc, &log, "b")));
        let again = a.clone();
        drop(a);
        assert!(said(&log).is_empty());
        drop(again);
        assert_eq!(said(&log), ["a", "b"]);
    });
    m.verify().unwrap();
    assert_eq!(m.stats().released.at_once, 2);
}

#[test]
fn a_cycle_waits_for_a_collection() {
    let (_h, mut m) = heap(quiet());
    let log = Log::default();
    m.mutate(|mc, _| {
        let (a, b) = (saying(mc, &log, "a"), saying(mc, &log, "b"));
        a.next.set(mc, Some(b.clone()));
        b.next.set(mc, Some(a.clone()));
    });
    assert!(said(&log).is_empty());
    m.verify().unwrap();
    assert_eq!(young(&mut m, 0), 2);
    assert_eq!(said(&log), ["a", "b"]);
    assert_eq!(full(&mut m), 0);
    assert_eq!(m.stats().released.by_collections, 2);
}

/// A node with a finalizer that says its name, and may store itself in the shelf.
#[derive(Trace)]
#[trace(manager = RefCount, finalize)]
struct Last<'gc> {
    name: Static<(Log, String)>,
    keep: bool,
    links: GcCell<Vec<GcAny<'gc, RefCount>>, RefCount>,
    shelf: Option<Gc<'gc, Shelf<'gc>, RefCount>>,
}
#[derive(Trace)]
#[trace(manager = RefCount)]
struct Shelf<'gc>(GcCell<Vec<GcAny<'gc, RefCount>>, RefCount>);

impl<'gc> Finalize<'gc, RefCount> for Last<'gc> {
    fn finalize(this: &Gc<'gc, Self, RefCount>, mc: Mc<'gc>) {
        this.name.0.0.lock().unwrap().push(format!("del {}", this.name.0.1));
        if this.keep
            && let Some(shelf) = &this.shelf
        {
            shelf.0.borrow_mut(mc).push(GcAny::new(this.clone()));
        }
    }
}
fn last<'gc>(mc: Mc<'gc>, log: &Log, name: &str) -> Gc<'gc, Last<'gc>, RefCount> {
    let name = Static((log.clone(), name.to_owned()));
    Gc::new(mc, Last { name, keep: false, links: GcCell::new(Vec::new()), shelf: None })
}
fn keeping<'gc>(
    mc: Mc<'gc>,
    log: &Log,
    name: &str,
    shelf: &Gc<'gc, Shelf<'gc>, RefCount>,
) -> Gc<'gc, Last<'gc>, RefCount> {
    let name = Static((log.clone(), name.to_owned()));
    Gc::new(mc, Last { name, keep: true, links: GcCell::new(Vec::new()), shelf: Some(shelf.clone()) })
}
fn ring<'gc>(mc: Mc<'gc>, all: &[Gc<'gc, Last<'gc>, RefCount>], step: usize) {
    for i in 0..all.len() {
        all[i].links.borrow_mut(mc).push(GcAny::new(all[(i + step) % all.len()].clone()));
    }
}

#[test]
fn a_tail_is_released_last_to_first_a_vector_first_to_last() {
    let (_h, mut m) = heap(quiet());
    let log = Log::default();
    m.mutate(|mc, _| {
        let all = (0..3).map(|i| Val::from_gc(saying(mc, &log, &i.to_string())));
        drop(Gc::with_tail(mc, (), all));
        assert_eq!(said(&log), ["2", "1", "0"]);
        let slots = (0..3).map(|i| ValSlot::new(Val::from_gc(saying(mc, &log, &i.to_string()))));
        drop(Gc::with_tail(mc, (), slots));
        assert_eq!(said(&log), ["2", "1", "0"]);
        let parent = node(mc);
        (0..3).for_each(|i| parent.many.borrow_mut(mc).push(saying(mc, &log, &i.to_string())));
        drop(parent);
        assert_eq!(said(&log), ["0", "1", "2"]);
    });
}

#[test]
fn values_count_and_payloads_do_not() {
    let (_h, mut m) = heap(quiet());
    let log = Log::default();
    m.mutate(|mc, _| {
        let v = Val::from_gc(saying(mc, &log, "v"));
        let slot = ValSlot::new(v.clone());
        fn references<'gc>(mc: Mc<'gc>, v: &Val<'gc, RefCount>) -> Option<u32> {
            mc.state_of(v.as_any()?).references
        }
        assert_eq!(references(mc, &v), Some(2));
        let w = slot.get();
        assert_eq!(references(mc, &v), Some(3));
        slot.set(mc, Val::payload(7 << 3 | 1));
        assert_eq!(slot.get().bits(), 7 << 3 | 1);
        assert_eq!(references(mc, &v), Some(2));
        let old = slot.replace(mc, w);
        assert_eq!(old.tag(), 1);
        drop(v);
        assert!(said(&log).is_empty());
        slot.set(mc, Val::empty());
        assert_eq!(said(&log), ["v"]);
    });
}

#[test]
fn finalizers_run_once_at_the_end_of_the_session_and_what_they_release_goes_first() {
    let (_h, mut m) = heap(quiet());
    let log = Log::default();
    m.mutate(|mc, _| {
        let (a, b) = (last(mc, &log, "a"), last(mc, &log, "b"));
        a.links.borrow_mut(mc).push(GcAny::new(last(mc, &log, "a.child")));
        drop(a);
        drop(b);
        // No user code inside a drop.
        assert!(said(&log).is_empty());
        assert!(mc.has_pending());
    });
    assert_eq!(said(&log), ["del a", "del a.child", "del b"]);
    m.verify().unwrap();
    let stats = m.stats();
    assert_eq!((stats.finalizers, stats.released.at_once), (3, 3));
}

#[test]
fn a_resurrected_object_lives_and_is_never_finalized_again() {
    let (_h, mut m) = heap(quiet());
    let log = Log::default();
    m.mutate(|mc, root| {
        let shelf = Gc::new(mc, Shelf(GcCell::new(Vec::new())));
        root.borrow_mut(mc).push(GcAny::new(shelf.clone()));
        drop(keeping(mc, &log, "a", &shelf));
    });
    assert_eq!(said(&log), ["del a"]);
    m.verify().unwrap();
    m.mutate(|mc, root| {
        let root = root.borrow();
        let shelf = root[0].downcast_ref::<Shelf>().unwrap();
        let a = shelf.0.borrow_mut(mc).pop().unwrap();
        assert!(mc.state_of(&a).finalized);
        drop(a);
    });
    assert!(said(&log).is_empty());
    assert_eq!(m.stats().released.at_once, 1);
    m.verify().unwrap();
}

#[test]
fn finalizers_of_a_cycle_run_in_the_order_of_creation() {
    for (step, collect_first) in [(1, false), (4, false), (2, true)] {
        let (_h, mut m) = heap(quiet());
        let log = Log::default();
        m.mutate(|mc, _| {
            let all: Vec<_> = (0..5).map(|i| last(mc, &log, &i.to_string())).collect();
            ring(mc, &all, step);
        });
        assert_eq!(if collect_first { young(&mut m, 0) } else { full(&mut m) }, 5);
        assert_eq!(said(&log), ["del 0", "del 1", "del 2", "del 3", "del 4"]);
        assert_eq!(m.stats().released.by_collections, 5);
    }
}

/// CPython 3.13: after a ring of five survived `collect(0)` and `collect(1)`, the order is that of the scan.
#[test]
fn finalizers_of_a_cycle_that_survived_run_in_the_order_of_the_scan() {
    for (step, order) in [(1, [0, 1, 2, 3, 4]), (4, [0, 4, 3, 2, 1])] {
        let (_h, mut m) = heap(quiet());
        let log = Log::default();
        m.mutate(|mc, root| {
            let all: Vec<_> = (0..5).map(|i| last(mc, &log, &i.to_string())).collect();
            ring(mc, &all, step);
            root.borrow_mut(mc).push(GcAny::new(all[0].clone()));
        });
        assert_eq!(young(&mut m, 0), 0);
        m.mutate(|mc, root| root.borrow_mut(mc).clear());
        assert_eq!(young(&mut m, 1), 5);
        assert_eq!(said(&log), order.map(|i| format!("del {i}")));
    }
}

#[test]
fn resurrection_in_a_cycle_is_transitive() {
    let (_h, mut m) = heap(quiet());
    let log = Log::default();
    m.mutate(|mc, root| {
        let shelf = Gc::new(mc, Shelf(GcCell::new(Vec::new())));
        root.borrow_mut(mc).push(GcAny::new(shelf.clone()));
        // kept <-> friend -> far; and other <-> other2, which nobody keeps.
        let (kept, friend) = (keeping(mc, &log, "kept", &shelf), saying(mc, &log, "friend"));
        let (other, other2) = (last(mc, &log, "other"), saying(mc, &log, "other2"));
        friend.next.set(mc, Some(saying(mc, &log, "far")));
        kept.links.borrow_mut(mc).extend([GcAny::new(friend.clone()), GcAny::new(kept.clone())]);
        other.links.borrow_mut(mc).extend([GcAny::new(other2.clone()), GcAny::new(other.clone())]);
    });
    assert_eq!(full(&mut m), 2, "other and other2");
    assert_eq!(said(&log), ["del kept", "del other", "other2"]);
    m.mutate(|mc, root| {
        let shelf = root.borrow()[0].downcast_ref::<Shelf>().unwrap().clone();
        assert_eq!(shelf.0.borrow().len(), 1);
        shelf.0.borrow_mut(mc).clear();
    });
    // Still a cycle, and not finalized again.
    assert_eq!(full(&mut m), 3);
    assert_eq!(said(&log), ["friend", "far"]);
}

/// A box whose data is a name.
fn watch<'gc>(mc: Mc<'gc>, target: &GcAny<'gc, RefCount>, name: u32) -> Gc<'gc, WeakBox<'gc, u32, RefCount>, RefCount> {
    Gc::new_weak(mc, target, name, true)
}
fn drain(mc: Mc<'_>) -> Vec<String> {
    let mut out = Vec::new();
    while let Some(next) = mc.next_pending() {
        out.push(match next {
            Pending::Finalize { object: any, .. } => {
                let last = any.downcast_ref::<Last>().unwrap();
                let name = format!("del {}", last.name.0.1);
                Last::finalize(last, mc);
                name
            }
            Pending::WeakDied { object: any, .. } => {
                let weak = any.downcast_ref::<WeakBox<u32, RefCount>>().unwrap();
                assert!(weak.is_dead() && weak.upgrade(mc).is_none());
                format!("weak {}", weak.data())
            }
            Pending::Saved { object: any, .. } => format!("saved {}", any.type_name().rsplit("::").next().unwrap()),
        })
    }
    out
}
fn manual() -> Config {
    Config { finalizers: Finalizers::Manual, ..quiet() }
}

#[test]
fn weak_callbacks_come_newest_first_and_after_the_finalizer() {
    let (_h, mut m) = heap(manual());
    let log = Log::default();
    m.mutate(|mc, root| {
        let a = last(mc, &log, "a");
        let any = GcAny::new(a.clone());
        for i in 0..4 {
            root.borrow_mut(mc).push(GcAny::new(watch(mc, &any, i)));
        }
        let silent = Gc::new_weak(mc, &any, 9u32, false);
        root.borrow_mut(mc).push(GcAny::new(silent.clone()));
        // A box that dies before its target is not told.
        drop(watch(mc, &any, 99));
        drop((a, any));
        assert!(silent.upgrade(mc).is_some(), "weak references answer until the finalizer has run");
    });
    m.verify().unwrap();
    m.mutate(|mc, root| {
        assert_eq!(drain(mc), ["del a", "weak 3", "weak 2", "weak 1", "weak 0"]);
        let all = root.borrow();
        let boxes = all.iter().map(|b| b.downcast_ref::<WeakBox<u32, RefCount>>().unwrap());
        assert!(boxes.clone().all(|b| b.is_dead()));
    });
    m.verify().unwrap();
}

#[test]
fn in_a_cycle_callbacks_come_first_and_weak_references_are_dead_in_finalizers() {
    let (_h, mut m) = heap(manual());
    let log = Log::default();
    m.mutate(|mc, root| {
        let (a, b) = (last(mc, &log, "a"), last(mc, &log, "b"));
        ring(mc, &[a.clone(), b.clone()], 1);
        let any = GcAny::new(a.clone());
        for i in 0..2 {
            root.borrow_mut(mc).push(GcAny::new(watch(mc, &any, i)));
        }
        // Part of the garbage itself: cleared, never told.
        b.links.borrow_mut(mc).push(GcAny::new(watch(mc, &any, 77)));
    });
    let begun = m.collect(Request::FULL);
    assert!(begun.pending && begun.objects == 0);
    m.verify().unwrap();
    // Another one while this one waits finds nothing and does nothing (R5).
    assert_eq!(m.collect(Request::FULL), Default::default());
    m.mutate(|mc, _| assert_eq!(drain(mc), ["weak 1", "weak 0", "del a", "del b"]));
    m.verify().unwrap();
    let end = m.finish_collection().unwrap();
    // The box is garbage too, but no container.
    assert_eq!((end.objects, end.pending), (2, false));
    assert_eq!(m.finish_collection(), None);
    m.verify().unwrap();
}

#[test]
fn save_all_hands_out_what_it_would_have_released() {
    let (_h, mut m) = heap(manual());
    let log = Log::default();
    m.mutate(|mc, _| {
        let a = saying(mc, &log, "a");
        a.next.set(mc, Some(a.clone()));
    });
    let found = m.collect(Request { generation: 2, save_all: true, cause: Cause::Asked });
    assert_eq!((found.objects, found.pending), (1, true));
    m.verify().unwrap();
    let kept = m.mutate(|mc, root| match mc.next_pending() {
        Some(Pending::Saved { object: any, .. }) => {
            assert_eq!(mc.state_of(&any).generation, 2);
            root.borrow_mut(mc).push(any);
            mc.next_pending().is_none()
        }
        _ => false,
    });
    assert!(kept && said(&log).is_empty());
    m.mutate(|mc, root| root.borrow_mut(mc).clear());
    assert_eq!(full(&mut m), 1);
    assert_eq!(said(&log), ["a"]);
}

/// CPython 3.13, thresholds (100, 10, 10), appending lists: a collection at every 101st, 27 young and 2 middle of 3000.
#[test]
fn thresholds_are_cpythons() {
    if cfg!(miri) {
        return;
    }
    let config = Config { thresholds: [100, 10, 10], ..Config::default() };
    let (_h, mut m) = heap(config);
    m.mutate(|mc, root| {
        let runs = |g: usize| mc.control(Command::Read).generations.map(|s: GenerationStats| s.collections)[g];
        let base = mc.control(Command::Read).counts[0];
        let mut first = None;
        for i in 0..3000 {
            root.borrow_mut(mc).push(GcAny::new(node(mc)));
            if first.is_none() && runs(0) == 1 {
                first = Some(i + 1 + base);
            }
        }
        assert_eq!(first, Some(101));
        assert_eq!([runs(0), runs(1), runs(2)], [27, 2, 0]);
    });
    m.verify().unwrap();
}

/// What can be in no cycle is in no list, and counts: a collection at every 101st as well.
#[test]
fn births_that_are_not_listed_count() {
    #[derive(Trace)]
    #[trace(manager = RefCount)]
    struct Fixed<'gc>(u64, Option<Gc<'gc, Fixed<'gc>, RefCount>>);
    let (_h, mut m) = heap(Config { thresholds: [100, 1000, 1000], ..Config::default() });
    m.mutate(|mc, _| {
        let runs = || mc.control(Command::Read).generations[0].collections;
        let base = mc.control(Command::Read).counts[0];
        let mut kept = Vec::new();
        for i in 1..=1010 {
            // To ask after each would be a reason to look after each.
            kept.push(Gc::new(mc, Fixed(i as u64, kept.last().cloned())));
        }
        assert_eq!(runs(), ((1010 + base) / 101) as u64);
        assert_eq!(
            kept.iter().map(|fixed| fixed.0 + u64::from(fixed.1.is_some())).sum::<u64>(),
            1010 * 1011 / 2 + 1009
        );
    });
    m.verify().unwrap();
}

#[test]
fn odd_thresholds() {
    // 0 in the first place: never.  Negative: at every chance.  (1000, 0, 0): young, then middle.
    for (thresholds, want) in [([0, 10, 10], [0, 0, 0]), ([-5, 1000, 10], [50, 0, 0]), ([20, 0, 1000], [1, 1, 0])] {
        let (_h, mut m) = heap(Config { thresholds, ..Config::default() });
        m.mutate(|mc, root| {
            let before = mc.control(Command::Read).generations.map(|s| s.collections);
            for _ in 0..50 {
                root.borrow_mut(mc).push(GcAny::new(node(mc)));
            }
            let after = mc.control(Command::Read).generations.map(|s| s.collections);
            assert_eq!([0, 1, 2].map(|i| after[i] - before[i]), want, "{thresholds:?}");
        });
        m.verify().unwrap();
    }
}

#[test]
fn a_full_collection_waits_until_a_quarter_is_new() {
    let (_h, mut m) = heap(Config { thresholds: [10, 1, 1], ..Config::default() });
    m.mutate(|mc, root| {
        let stats = || mc.control(Command::Read).generations.map(|s| s.collections);
        let mut at = Vec::new();
        for i in 0..if cfg!(miri) { 30 } else { 4000 } {
            let before = stats()[2];
            root.borrow_mut(mc).push(GcAny::new(node(mc)));
            if stats()[2] != before {
                at.push(i);
            }
        }
        if cfg!(miri) {
            return;
        }
        // Each waits for a quarter more than at the one before, so the gaps grow; without the rule there were 40 or more.
        let gaps: Vec<usize> = at.windows(2).map(|w| w[1] - w[0]).collect();
        assert!(at.len() > 5 && at.len() < 30, "{at:?}");
        assert!(gaps[gaps.len() - 1] > 300, "{at:?}");
    });
    m.verify().unwrap();
}

#[test]
fn counts_are_allocations_less_frees_never_below_zero() {
    let (_h, mut m) = heap(Config { collect_at: CollectAt::Safepoints, ..Config::default() });
    full(&mut m);
    m.mutate(|mc, root| {
        let counts = || mc.control(Command::Read).counts;
        assert_eq!(counts(), [0, 0, 0]);
        let a = node(mc);
        let all: Vec<_> = (0..10).map(|_| node(mc)).collect();
        assert_eq!(counts()[0], 11);
        // Leaves are not containers.
        let leaf = Gc::new(mc, 5u64);
        assert_eq!(counts()[0], 11);
        drop(all);
        assert_eq!(counts()[0], 1);
        drop(leaf);
        root.borrow_mut(mc).push(GcAny::new(a));
    });
    young(&mut m, 0);
    young(&mut m, 1);
    m.mutate(|mc, root| {
        assert_eq!(mc.control(Command::Read).counts, [0, 0, 1]);
        root.borrow_mut(mc).clear();
        assert_eq!(mc.control(Command::Read).counts, [0, 0, 1]);
    });
}

#[test]
fn at_safepoints_nothing_is_collected_inside_a_session() {
    let config = Config { collect_at: CollectAt::Safepoints, thresholds: [50, 10, 10], ..Config::default() };
    let (_h, mut m) = heap(config);
    m.mutate(|mc, _| {
        for i in 0..60 {
            let a = node(mc);
            a.next.set(mc, Some(a.clone()));
            assert_eq!(mc.should_yield(), i >= 49, "{i}");
        }
        assert_eq!(mc.due(), Some(0));
    });
    assert_eq!(m.stats().collections, 0);
    assert_eq!(m.collect_if_due(), Some(0));
    assert_eq!(m.collect_if_due(), None);
    assert_eq!(m.stats().released.by_collections, 60);
    m.verify().unwrap();
    m.mutate(|mc, _| {
        mc.control(Command::SetAutomatic(false));
        for _ in 0..60 {
            let a = node(mc);
            a.next.set(mc, Some(a.clone()));
        }
        assert!(!mc.should_yield() && mc.due().is_none());
        mc.control(Command::SetAutomatic(true));
        assert!(mc.should_yield());
    });
}

#[test]
fn generations_age_freeze_and_thaw() {
    let (_h, mut m) = heap(quiet());
    let state = |m: &mut Mutator<Base, RefCount>| {
        m.mutate(|mc, root| root.borrow().iter().map(|any| mc.state_of(any).generation).collect::<Vec<_>>())
    };
    m.mutate(|mc, root| root.borrow_mut(mc).push(GcAny::new(node(mc))));
    assert_eq!(state(&mut m), [0]);
    young(&mut m, 0);
    assert_eq!(state(&mut m), [1]);
    young(&mut m, 0);
    assert_eq!(state(&mut m), [1]);
    m.mutate(|mc, root| root.borrow_mut(mc).push(GcAny::new(node(mc))));
    young(&mut m, 1);
    assert_eq!(state(&mut m), [2, 2]);
    m.mutate(|mc, root| {
        let a = node(mc);
        a.next.set(mc, Some(a.clone()));
        let frozen = mc.control(Command::Freeze);
        // The two, the root object, and garbage that nobody found in time.
        assert_eq!((frozen.frozen, frozen.counts), (4, [0, 0, 0]));
        root.borrow_mut(mc).push(GcAny::new(node(mc)));
    });
    assert_eq!(state(&mut m), [3, 3, 0]);
    assert_eq!(full(&mut m), 0);
    m.mutate(|mc, _| assert_eq!(mc.control(Command::Unfreeze).frozen, 0));
    assert_eq!(state(&mut m), [2, 2, 2]);
    assert_eq!(full(&mut m), 1);
}

#[test]
fn an_untracked_object_is_left_alone_and_what_it_refers_to_lives() {
    let (_h, mut m) = heap(quiet());
    let log = Log::default();
    m.mutate(|mc, root| {
        let (a, b) = (saying(mc, &log, "a"), saying(mc, &log, "b"));
        a.next.set(mc, Some(b.clone()));
        b.next.set(mc, Some(a.clone()));
        mc.set_tracked(&GcAny::new(a.clone()), false);
        assert!(!mc.state_of(&GcAny::new(a.clone())).tracked);
        // Alive, untracked, and the only one that refers to `c`.
        let (d, c) = (node(mc), saying(mc, &log, "c"));
        c.next.set(mc, Some(c.clone()));
        d.next.set(mc, Some(c));
        mc.set_tracked(&GcAny::new(d.clone()), false);
        root.borrow_mut(mc).extend([GcAny::new(d), GcAny::new(Gc::new_weak(mc, &GcAny::new(a), 0u32, false))]);
    });
    assert_eq!(full(&mut m), 0);
    assert_eq!(full(&mut m), 0);
    assert!(said(&log).is_empty());
    m.mutate(|mc, root| {
        let d = root.borrow()[0].downcast_ref::<Node>().unwrap().clone();
        assert!(d.next.get().unwrap().say.is_some());
        let a = root.borrow()[1].downcast_ref::<WeakBox<u32, RefCount>>().unwrap().upgrade(mc).unwrap();
        mc.set_tracked(&a, true);
    });
    assert_eq!(full(&mut m), 2);
    assert_eq!(said(&log), ["b", "a"]);
}

#[test]
fn a_cell_that_is_borrowed_mutably_is_not_entered() {
    let (_h, mut m) = heap(Config { thresholds: [-1, 0, 0], ..Config::default() });
    m.mutate(|mc, root| {
        let a = node(mc);
        a.many.borrow_mut(mc).push(a.clone());
        root.borrow_mut(mc).push(GcAny::new(a.clone()));
        let mut open = a.many.borrow_mut(mc);
        for i in 0..100 {
            // Collects while `open` is a live exclusive borrow, and while only the cell's contents refer to the node.
            let b = node(mc);
            b.next.set(mc, Some(b.clone()));
            open.push(b);
            if i % 3 == 0 {
                open.pop();
            }
        }
        drop(open);
        assert!(a.many.borrow().iter().skip(1).all(|b| b.next.get().is_some_and(|c| c.ptr_eq(b))));
    });
    m.verify().unwrap();
}

#[test]
fn dropping_inside_an_open_borrow_runs_no_user_code() {
    let (_h, mut m) = heap(quiet());
    let log = Log::default();
    m.mutate(|mc, _| {
        let shelf = Gc::new(mc, Shelf(GcCell::new(Vec::new())));
        let kept = keeping(mc, &log, "k", &shelf);
        shelf.0.borrow_mut(mc).push(GcAny::new(kept));
        // The finalizer borrows the shelf: it must not run while this borrow is open.
        shelf.0.borrow_mut(mc).clear();
        assert!(said(&log).is_empty());
    });
    assert_eq!(said(&log), ["del k"]);
    // The shelf and the node keep each other now.
    assert_eq!(full(&mut m), 2);
}

struct Bomb(Log);
impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.lock().unwrap().push("bomb".into());
        panic!("a leaf's drop panics")
    }
}
#[derive(Trace)]
#[trace(manager = RefCount)]
struct Armed<'gc> {
    bomb: Static<Bomb>,
    next: Slot<'gc, Armed<'gc>, RefCount>,
}

#[test]
fn a_leaf_that_panics_loses_nothing() {
    let (_h, mut m) = heap(quiet());
    let log = Log::default();
    fn armed<'gc>(
        mc: Mc<'gc>,
        log: &Log,
        next: Option<Gc<'gc, Armed<'gc>, RefCount>>,
    ) -> Gc<'gc, Armed<'gc>, RefCount> {
        Gc::new(mc, Armed { bomb: Static(Bomb(log.clone())), next: Slot::new(next) })
    }
    let n = if cfg!(miri) { 100 } else { 1000 };
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    m.mutate(|mc, _| {
        // Deeper than drop glue nests: some of them are parked when the first one panics.
        let mut list = armed(mc, &log, None);
        for _ in 1..n {
            list = armed(mc, &log, Some(list));
        }
        drop(list);
        let a = armed(mc, &log, None);
        a.next.set(mc, Some(a.clone()));
    });
    assert_eq!(said(&log).len(), n);
    assert_eq!(full(&mut m), 1);
    std::panic::set_hook(hook);
    let stats = m.stats();
    assert_eq!(stats.drop_panics, n as u64 + 1);
    assert_eq!((stats.released.at_once, stats.released.by_collections), (n as u64, 1));
}

#[test]
fn roots_keep_and_let_go() {
    let (_h, mut m) = heap(quiet());
    let log = Log::default();
    let a: Root<One, RefCount> = m.root::<One>(|mc, _| saying(mc, &log, "a"));
    let b: Root<One, RefCount> = m.root::<One>(|mc, _| saying(mc, &log, "b"));
    m.mutate(|mc, _| {
        b.get(mc).next.set(mc, Some(b.get(mc).clone()));
    });
    assert_eq!(full(&mut m), 0);
    drop(a);
    assert_eq!(said(&log), ["a"]);
    drop(b);
    assert_eq!(full(&mut m), 1);
    assert_eq!(said(&log), ["b"]);
}

#[test]
fn what_is_left_at_the_end_is_dropped_once() {
    let log = Log::default();
    let (h, mut m) = heap(quiet());
    m.mutate(|mc, root| {
        let (a, b) = (saying(mc, &log, "a"), saying(mc, &log, "b"));
        a.next.set(mc, Some(b.clone()));
        b.next.set(mc, Some(a.clone()));
        root.borrow_mut(mc).push(GcAny::new(saying(mc, &log, "kept")));
        // A forgotten handle leaks until the heap goes.
        std::mem::forget(saying(mc, &log, "forgotten"));
        drop(last(mc, &log, "queued"));
        let c = saying(mc, &log, "watched");
        root.borrow_mut(mc).push(GcAny::new(watch(mc, &GcAny::new(c.clone()), 1)));
        root.borrow_mut(mc).push(GcAny::new(c));
    });
    said(&log);
    drop((h, m));
    let mut all = said(&log);
    all.sort();
    assert_eq!(all, ["a", "b", "forgotten", "kept", "watched"]);
}

#[test]
fn walk_shows_the_young_in_order_and_garbage_too() {
    let (_h, mut m) = heap(quiet());
    m.mutate(|mc, root| {
        root.borrow_mut(mc).push(GcAny::new(node(mc)));
        let a = node(mc);
        a.next.set(mc, Some(a.clone()));
        let (b, address) = (node(mc), a.address());
        drop(a);
        let leaf = Gc::new(mc, 7u8);
        let mut seen = Vec::new();
        mc.walk(|any| seen.push(any.address()));
        let at = |x| seen.iter().position(|&s| s == x);
        assert!(at(address).unwrap() < at(b.address()).unwrap());
        assert!(at(leaf.address()).is_some());
        assert_eq!(seen.len(), 5);
        let holders = mc.referrers(&[root.borrow()[0].clone()]);
        assert_eq!(holders.len(), 1);
    });
    m.verify().unwrap();
}

/// A reference reported twice makes a live object look dead: `b` is held by `a` and by a handle on the stack.
#[test]
fn an_object_held_from_inside_and_by_a_handle_lives() {
    let (_h, mut m) = heap(Config { thresholds: [-1, 0, 0], ..Config::default() });
    let log = Log::default();
    m.mutate(|mc, _| {
        let (a, b) = (saying(mc, &log, "a"), saying(mc, &log, "b"));
        a.next.set(mc, Some(b.clone()));
        b.next.set(mc, Some(a));
        // Each of them collects, all generations in turn.
        (0..10).for_each(|_| drop(node(mc)));
        assert!(said(&log).is_empty());
        assert!(b.next.get().unwrap().next.get().unwrap().ptr_eq(&b));
    });
    assert_eq!(full(&mut m), 2);
}

#[test]
fn the_blocks_of_condemned_neighbours_outlive_all_their_drops() {
    let (_h, mut m) = heap(quiet());
    let log = Log::default();
    m.mutate(|mc, _| {
        let all: Vec<_> = (0..6).map(|i| saying(mc, &log, &i.to_string())).collect();
        for (i, a) in all.iter().enumerate() {
            a.next.set(mc, Some(all[(i + 1) % 6].clone()));
            a.prev.set(mc, Some(all[(i + 5) % 6].clone()));
            a.many.borrow_mut(mc).extend([all[0].clone(), a.clone()]);
        }
    });
    assert_eq!(full(&mut m), 6);
    assert_eq!(said(&log), ["0", "1", "2", "3", "4", "5"]);
    // The blocks are each in the free list once.
    m.mutate(|mc, root| {
        let mut all: Vec<_> = (0..12).map(|_| node(mc)).collect();
        root.borrow_mut(mc).extend(all.iter().map(|n| GcAny::new(n.clone())));
        all.sort_by_key(|n| n.address());
        assert!(all.windows(2).all(|w| !w[0].ptr_eq(&w[1])));
    });
    m.verify().unwrap();
}

/// Boxes of what lies too deep for drop glue are cleared, and told, when it is parked: outer before inner.
#[test]
fn weak_references_to_parked_objects_are_dead() {
    let (_h, mut m) = heap(manual());
    let log = Log::default();
    m.mutate(|mc, root| {
        let mut list = node(mc);
        for i in 0..200 {
            let next = node(mc);
            next.next.set(mc, Some(list));
            root.borrow_mut(mc).push(GcAny::new(watch(mc, &GcAny::new(next.clone()), i)));
            list = next;
        }
        drop(list);
        assert_eq!(drain(mc), (0..200).rev().map(|i| format!("weak {i}")).collect::<Vec<_>>());
        let all = root.borrow();
        assert!(all.iter().all(|b| b.downcast_ref::<WeakBox<u32, RefCount>>().unwrap().is_dead()));
    });
    assert!(said(&log).is_empty());
    m.verify().unwrap();
}

/// References that never change, to an object whose references do: the cycle is found.
#[test]
fn a_cycle_through_an_object_that_never_changes_is_found() {
    #[derive(Trace)]
    #[trace(manager = RefCount)]
    struct Fixed<'gc>(u8, Gc<'gc, Knot<'gc>, RefCount>);
    #[derive(Trace)]
    #[trace(manager = RefCount)]
    struct Knot<'gc>(Slot<'gc, Fixed<'gc>, RefCount>);
    #[derive(Trace)]
    #[trace(manager = RefCount)]
    struct Pair<'gc>(Gc<'gc, String, RefCount>, Option<Gc<'gc, Pair<'gc>, RefCount>>);
    let (_h, mut m) = heap(quiet());
    m.mutate(|mc, root| {
        let knot = Gc::new(mc, Knot(Slot::empty()));
        knot.0.set(mc, Some(Gc::new(mc, Fixed(1, knot.clone()))));
        // Pairs of texts and pairs are in no cycle, and in no list.
        let one = Gc::new(mc, Pair(Gc::new(mc, "one".to_owned()), None));
        let two = Gc::new(mc, Pair(Gc::new(mc, "two".to_owned()), Some(one)));
        assert!(mc.state_of(&GcAny::new(two.clone())).tracked);
        root.borrow_mut(mc).push(GcAny::new(two));
    });
    let before = m.stats().objects_marked;
    assert_eq!(full(&mut m), 2);
    // The root object, its vector being part of it, and the two.
    assert_eq!(m.stats().objects_marked - before, 3);
    m.mutate(|mc, root| {
        let two = root.borrow_mut(mc).pop().unwrap();
        let two = two.downcast_ref::<Pair>().unwrap();
        assert_eq!((two.0.as_str(), two.1.as_ref().unwrap().0.as_str()), ("two", "one"));
    });
    let ladder = m.stats().ladder;
    assert_eq!(
        ladder.classes.iter().map(|class| class.live_bytes + class.metadata_bytes).sum::<usize>(),
        m.mutate(|mc, _| {
            let mut bytes = 0;
            mc.walk(|any| bytes += any.block_bytes());
            bytes
        })
    );
}

/// Collections at allocations go on in a session that does not end, though finalizers wait for its end.
#[test]
fn a_long_session_is_collected_all_the_same() {
    let (_h, mut m) = heap(Config { thresholds: [50, 1, 1], ..Config::default() });
    let log = Log::default();
    let rounds = if cfg!(miri) { 3 } else { 40 };
    m.mutate(|mc, root| {
        for _ in 0..rounds {
            for i in 0..60 {
                let a = node(mc);
                a.next.set(mc, Some(a.clone()));
                if i % 10 == 0 {
                    let (b, c) = (last(mc, &log, "b"), node(mc));
                    b.links.borrow_mut(mc).extend([GcAny::new(b.clone()), GcAny::new(c.clone())]);
                    c.next.set(mc, Some(c.clone()));
                }
            }
            root.borrow_mut(mc).push(GcAny::new(node(mc)));
        }
        let mut objects = 0;
        mc.walk(|_| objects += 1);
        // What finalizers refer to waits for them; the rest is gone, but for the last few.
        assert!(objects < rounds * 13 + 150, "{objects}");
        assert!(said(&log).is_empty());
    });
    m.verify().unwrap();
    full(&mut m);
    assert_eq!(said(&log).len(), rounds * 6);
    m.mutate(|mc, _| {
        let mut objects = 0;
        mc.walk(|_| objects += 1);
        assert_eq!(objects, rounds + 1);
    });
}

#[path = "refcount/counted.rs"]
mod counted;
#[path = "refcount/ephemerons.rs"]
mod ephemerons;

#[path = "refcount/large.rs"]
mod large;
#[path = "refcount/limit.rs"]
mod limit;

#[path = "refcount/meanwhile.rs"]
mod meanwhile;

/// What holds no reference at first but owns its own kind in a cell.
#[derive(Trace)]
#[trace(manager = RefCount)]
struct Branch<'gc> {
    kids: GcCell<Vec<Branch<'gc>>, RefCount>,
    to: Option<Gc<'gc, Branch<'gc>, RefCount>>,
}

#[test]
fn a_cycle_through_a_cell_of_its_own_kind_is_found() {
    let (_h, mut m) = heap(quiet());
    m.mutate(|mc, _| {
        let branch = |to| Branch { kids: GcCell::new(Vec::new()), to };
        let whole = Gc::new(mc, branch(None));
        whole.kids.borrow_mut(mc).push(branch(Some(whole.clone())));
        assert!(whole.to.is_none() && whole.kids.borrow()[0].to.as_ref().unwrap().ptr_eq(&whole));
    });
    m.verify().unwrap();
    assert_eq!(full(&mut m), 1);
}

thread_local! {
    static ASKED: std::cell::RefCell<Option<std::rc::Rc<Heap<Base, RefCount>>>> = const { std::cell::RefCell::new(None) };
}

/// At the hard limit with garbage in cycles: found at once, or due at the next safepoint.
#[test]
fn cycles_make_room_at_the_hard_limit() {
    #[derive(Trace)]
    #[trace(manager = RefCount)]
    struct Big<'gc> {
        me: Slot<'gc, Big<'gc>, RefCount>,
        bytes: Gc<'gc, Tail<(), u8>, RefCount>,
    }
    fn cycle(mc: Mc<'_>) -> Result<(), Full> {
        let bytes = Gc::<Tail<(), u8>, RefCount>::try_with_zeroed_tail(mc, (), BYTES)?;
        let big = Gc::new(mc, Big { me: Slot::empty(), bytes });
        assert_eq!(big.bytes.tail().len(), BYTES);
        big.me.set(mc, Some(big.clone()));
        Ok(())
    }
    const BYTES: usize = if cfg!(miri) { 32 << 10 } else { 1 << 20 };
    // Under Miri, which takes long for so many bytes, only a few more than there is room for at a time.
    const CYCLES: usize = if cfg!(miri) { 18 } else { 50 };
    for (collect_at, automatic) in
        [(CollectAt::Allocations, true), (CollectAt::Allocations, false), (CollectAt::Safepoints, true)]
    {
        let (_h, mut m) = heap(Config { max_heap_bytes: Some(16 * BYTES), collect_at, automatic, ..Config::default() });
        let mut full = 0;
        let mut made = 0;
        while made < CYCLES && full < CYCLES {
            m.mutate(|mc, _| {
                while made < CYCLES && cycle(mc).is_ok() {
                    made += 1
                }
                if made < CYCLES {
                    full += 1;
                    let due = automatic.then_some(2);
                    assert_eq!((mc.should_yield(), mc.due()), (due.is_some(), due));
                }
            });
            m.verify().unwrap();
            assert_eq!(m.collect_if_due(), (made < CYCLES && automatic).then_some(2));
        }
        assert_eq!(made == CYCLES, automatic, "{collect_at:?}");
        assert!(full == 0 || collect_at == CollectAt::Safepoints || !automatic, "{full}");
        m.verify().unwrap();
    }
}
