//! CPython's debug flags under the tricolor managers: what is kept, and the lines; and what a hard limit costs that is met
//! again and again.

use super::*;
use std::sync::Mutex;
use twinheap::control::gc;

/// Says its number when it is finalized; part of a cycle.
#[derive(Trace)]
#[trace(finalize)]
struct Said<'gc, M: Manager> {
    me: Slot<'gc, Said<'gc, M>, M>,
    node: Slot<'gc, Node<'gc, M>, M>,
    times: Static<Arc<AtomicUsize>>,
}
impl<'gc, M: Manager> Finalize<'gc, M> for Said<'gc, M> {
    fn finalize(this: &Gc<'gc, Self, M>, _: &'gc Mutation<'gc, M>) {
        this.times.fetch_add(1, Relaxed);
    }
}

/// A chain of nodes, let go.
fn garbage<M: Manager>(mc: &Mutation<'_, M>, nodes: usize) {
    let mut last = None;
    for id in 0..nodes {
        last = Some(Gc::new(mc, Node { id, next: Slot::new(last) }));
    }
}

fn saves_all<M: Threaded>(by_flag: bool) {
    let heap = heap::<M>(Config::default());
    let mut m = heap.mutator().unwrap();
    let times = Arc::new(AtomicUsize::new(0));
    let weak = m.root::<Weakly>(|mc, root| {
        let kept = node(mc, 100);
        root.borrow_mut(mc).push(kept.clone());
        garbage(mc, 5);
        // A leaf is no container.
        Gc::new(mc, 7u64);
        let said =
            Gc::new(mc, Said { me: Slot::empty(), node: Slot::new(Some(node(mc, 50))), times: Static(times.clone()) });
        said.me.set(mc, Some(said.clone()));
        if by_flag {
            gc::set_debug(mc, gc::DEBUG_SAVEALL);
            assert_eq!((gc::get_debug(mc), gc::is_enabled(mc)), (gc::DEBUG_SAVEALL, true));
        }
        node(mc, 60).downgrade(mc)
    });
    let request = Request { save_all: !by_flag, ..Request::FULL };
    // Five of the chain, the one with a finalizer and its node, and the one with a weak reference.
    assert_eq!(m.collect(request).objects, 8);
    assert_eq!(times.load(Relaxed), 1, "finalized, and saved all the same");
    gc::garbage(&mut m, |mc, kept| {
        let mut ids: Vec<_> = kept.iter().filter_map(|k| k.downcast_ref::<Node<M>>()).map(|n| n.id).collect();
        ids.sort_unstable();
        assert_eq!((kept.len(), ids), (8, vec![0, 1, 2, 3, 4, 50, 60]));
        assert!(kept.iter().all(|k| gc::is_tracked(mc, k)));
        assert!(weak.get(mc).upgrade(mc).is_none(), "weak references are cleared, as CPython's are");
        assert_eq!(kept.iter().filter(|k| gc::is_finalized(mc, k)).count(), 1);
    });
    m.verify().unwrap();
    assert_eq!(m.collect(request).objects, 0, "what is kept lives");
    m.mutate(|mc, _| gc::set_debug(mc, 0));
    assert_eq!(gc::clear_garbage(&mut m), 8);
    assert_eq!(m.collect(Request::FULL).objects, 8);
    assert_eq!(times.load(Relaxed), 1);
    assert_eq!(gc::garbage(&mut m, |_, kept| kept.len()), 0);
    m.mutate(|_, root| assert_eq!(root.borrow().iter().map(|n| n.id).sum::<usize>(), 100));
    m.verify().unwrap();
}
struct Weakly;
impl<M: Manager> Rootable<M> for Weakly {
    type Root<'gc> = GcWeak<'gc, Node<'gc, M>, M>;
}
#[test]
fn save_all_keeps_what_is_found() {
    for by_flag in [true, false] {
        saves_all::<Tricolor>(by_flag);
        saves_all::<TricolorSolo>(by_flag);
    }
}

/// Nothing that begins by itself frees or keeps while all is to be saved; what fell due meanwhile is due then.
#[test]
fn nothing_begins_by_itself_while_all_is_saved() {
    let heap = heap::<TricolorSolo>(Config { min_heap_bytes: n(1 << 20, 64 << 10), ..Config::default() });
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, _| gc::set_debug(mc, gc::DEBUG_SAVEALL));
    let litter =
        |m: &mut Mutator<R, TricolorSolo>| (0..n(50, 5)).for_each(|_| m.mutate(|mc, _| garbage(mc, n(10_000, 1000))));
    litter(&mut m);
    assert_eq!(m.stats().collections, 0);
    m.mutate(|mc, _| gc::set_debug(mc, 0));
    while m.stats().collections == 0 {
        litter(&mut m)
    }
    assert_eq!(gc::garbage(&mut m, |_, kept| kept.len()), 0);
}

static LINES: Mutex<String> = Mutex::new(String::new());
fn keep_line(line: &str) {
    LINES.lock().unwrap().push_str(line)
}
/// In CPython's words, from the collector's thread.
#[test]
fn debug_lines_are_cpythons() {
    let heap = heap::<TricolorSolo>(Config { debug_output: Some(keep_line), ..Config::default() });
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, root| {
        root.borrow_mut(mc).push(node(mc, 1));
        gc::freeze(mc);
        root.borrow_mut(mc).push(node(mc, 2));
        garbage(mc, 3);
        gc::set_debug(mc, gc::DEBUG_STATS)
    });
    let frozen = m.mutate(|mc, _| gc::get_freeze_count(mc));
    assert_eq!(m.collect(Request::FULL).objects, 3);
    let text = std::mem::take(&mut *LINES.lock().unwrap());
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert_eq!(lines[0], "gc: collecting generation 2...");
    assert_eq!(lines[1], "gc: objects in each generation: 0 0 4");
    assert_eq!(lines[2], format!("gc: objects in permanent generation: {frozen}"));
    let (counts, seconds) = lines[3].rsplit_once(' ').unwrap();
    assert_eq!(counts.rsplit_once(' ').unwrap().0, "gc: done, 3 unreachable, 0 uncollectable,");
    assert_eq!(seconds, "elapsed");
    m.mutate(|mc, _| {
        garbage(mc, 2);
        gc::set_debug(mc, gc::DEBUG_COLLECTABLE | gc::DEBUG_UNCOLLECTABLE)
    });
    assert_eq!(m.collect(Request::FULL).objects, 2);
    let text = std::mem::take(&mut *LINES.lock().unwrap());
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(
        text.lines().all(|l| l.starts_with("gc: collectable <") && l.contains("Node") && l.ends_with('>')),
        "{text}"
    );
}

/// Many sessions that are refused do not wait for a collection each; garbage that appears makes room all the same.
#[test]
fn refusals_in_a_row_cost_a_logarithm_of_collections() {
    let limit = n(16 << 20, 1 << 20);
    let heap = heap::<TricolorSolo>(Config { max_heap_bytes: Some(limit), ..Config::default() });
    let mut m = heap.mutator().unwrap();
    type Block<'gc> = Gc<'gc, Tail<(), u8>, TricolorSolo>;
    let refused =
        |m: &mut Mutator<R, TricolorSolo>, bytes| m.mutate(|mc, _| Block::try_with_zeroed_tail(mc, (), bytes).is_err());
    m.mutate(|mc, root| root.borrow_mut(mc).extend((0..n(100_000, 100)).map(|id| node(mc, id))));
    let (before, asked) = (m.stats().collections, n(20_000, 100));
    for _ in 0..asked {
        assert!(refused(&mut m, limit));
    }
    let cost = m.stats().collections - before;
    assert!((1..=8 + u64::from(asked.ilog2()) + 2).contains(&cost), "{cost} collections for {asked} refusals");
    // What the nodes leave is room.
    let most = limit - limit / n(16, 4);
    assert!(refused(&mut m, most));
    m.mutate(|mc, root| root.borrow_mut(mc).clear());
    let again = (0..).take_while(|_| refused(&mut m, most)).count();
    assert!(again <= asked + 1, "{again}");
    m.verify().unwrap();
}
