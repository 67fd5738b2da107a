//! The laws that apply to `Cc`, under their names, over std's cells instead of the library's: leaves exactly once, release
//! at the last handle, cycles, depth, panics, reuse; weak references, finalizers once, resurrection.
//!
//! Each runs on a thread of its own, whose end is the heap's; a thread's heap has no zeal.  What `Rc` can do besides is in
//! `tests/cc.rs`.

use crate::trial::{Leaf as Noted, Ledger, on_a_small_stack, one_at_a_time};
use std::{
    cell::{Cell, RefCell},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};
use twinheap::{
    Cc, Trace,
    cc::{self, Leaf, Weak},
};

/// `full` natively, `small` under Miri.
fn size(full: usize, small: usize) -> usize {
    if cfg!(miri) { small } else { full }
}
/// Runs a law on a new thread, to the end of its heap.
fn try_law(law: fn()) {
    if let Err(panic) = std::thread::spawn(law).join() {
        std::panic::resume_unwind(panic)
    }
}
fn check() {
    cc::verify().unwrap_or_else(|broken| panic!("{broken}"));
    let ladder = cc::stats().ladder;
    assert_eq!(ladder.accounted_bytes(), ladder.mapped_bytes, "{ladder:#?}");
}
fn live() -> usize {
    cc::stats().ladder.classes.iter().map(|c| c.live_blocks).sum()
}

macro_rules! laws_of_cc {
    ($($law:ident),* $(,)?) => {
        mod local {
            $(#[test]
            fn $law() {
                super::try_law(super::$law)
            })*
        }
    };
}
laws_of_cc!(
    leaves_once,
    at_once_where_counted,
    what_is_reachable_stays,
    cycles,
    drops_that_panic,
    memory_is_used_again,
    weak_references,
    finalizers_run_once,
    resurrection,
);

#[derive(Trace)]
struct Node {
    id: usize,
    next: RefCell<Option<Cc<Node>>>,
    kids: RefCell<Vec<Cc<Node>>>,
    leaf: Leaf<Option<Noted>>,
}
fn node(id: usize, leaf: Option<Noted>) -> Cc<Node> {
    Cc::new(Node { id, next: RefCell::default(), kids: RefCell::default(), leaf: Leaf(leaf) })
}

fn leaves_once() {
    let ledger = Ledger::new();
    let n = size(3000, 30);
    for automatic in [false, true] {
        let ledger = ledger.clone();
        std::thread::spawn(move || {
            cc::set_automatic(automatic);
            let kept = RefCell::new(Vec::new());
            for round in 0..4 {
                for i in 0..n {
                    let a = node(i, Some(ledger.leaf()));
                    match i % 4 {
                        0 => {}
                        1 => *a.next.borrow_mut() = Some(a.clone()),
                        2 => {
                            let b = node(i, Some(ledger.leaf()));
                            a.kids.borrow_mut().push(b.clone());
                            b.kids.borrow_mut().push(a);
                        }
                        _ => kept.borrow_mut().push(a),
                    }
                    if i % 11 == 0 {
                        kept.borrow_mut().truncate(5);
                    }
                }
                if round % 2 == 0 {
                    cc::collect();
                }
                check();
            }
        })
        .join()
        .unwrap();
    }
    ledger.settled();
}

fn at_once_where_counted() {
    let ledger = Ledger::new();
    let a = node(1, Some(ledger.leaf()));
    let b = a.clone();
    drop(a);
    assert_eq!(ledger.dropped(), 0);
    drop(b);
    assert_eq!(ledger.dropped(), 1);
    let list = node(0, None);
    list.kids.borrow_mut().extend((0..5).map(|i| node(i, Some(ledger.leaf()))));
    *list.next.borrow_mut() = Some(node(2, Some(ledger.leaf())));
    drop(list);
    assert_eq!(ledger.dropped(), 7);
    ledger.settled();
    check();
}

fn what_is_reachable_stays() {
    let ledger = Ledger::new();
    let (first, depth) = (node(0, None), size(200, 10));
    let mut at = first.clone();
    for i in 1..=depth {
        let next = node(i, Some(ledger.leaf()));
        match i % 2 {
            0 => *at.next.borrow_mut() = Some(next.clone()),
            _ => at.kids.borrow_mut().push(next.clone()),
        }
        at = next;
    }
    // A loop through all of it, held by one handle.
    *at.next.borrow_mut() = Some(first.clone());
    drop(at);
    for round in 0..size(20, 3) {
        cc::collect();
        (0..size(200, 20)).for_each(|i| drop(node(round * 1000 + i, None)));
        let mut at = first.clone();
        for i in 1..=depth {
            let next = match i % 2 {
                0 => at.next.borrow().clone().unwrap(),
                _ => at.kids.borrow()[0].clone(),
            };
            assert_eq!(next.id, i);
            at = next;
        }
        assert_eq!(ledger.dropped(), 0);
    }
    check();
    drop(first);
    assert_eq!(cc::collect(), depth + 1);
    ledger.settled();
}

fn cycles() {
    let ledger = Ledger::new();
    let mut garbage = 0;
    let mut kept = Vec::new();
    cc::set_automatic(false);
    for i in 0..size(2000, 20) {
        // Rings of one to four, one ring in five kept, some with a tail hanging off.
        let ring: Vec<_> = (0..1 + i % 4).map(|k| node(k, Some(ledger.leaf()))).collect();
        for (k, node) in ring.iter().enumerate() {
            *node.next.borrow_mut() = Some(ring[(k + 1) % ring.len()].clone());
        }
        if i % 3 == 0 {
            ring[0].kids.borrow_mut().push(node(9, Some(ledger.leaf())));
        }
        if i % 5 == 0 {
            kept.push(ring[0].clone());
        } else {
            garbage += ring.len() + (i % 3 == 0) as usize;
        }
    }
    assert_eq!(ledger.dropped(), 0);
    assert_eq!(cc::collect(), garbage);
    assert_eq!(ledger.dropped(), garbage);
    assert_eq!(cc::collect(), 0, "nothing is left for a second one");
    assert!(kept.iter().all(|ring| ring.id == 0 && ring.next.borrow().is_some()));
    check();
    drop(kept);
    cc::collect();
    ledger.settled();
}

#[derive(Trace)]
struct Link {
    next: Cell<Option<Cc<Link>>>,
}
fn list(n: usize, tied: bool) -> Cc<Link> {
    let last = Cc::new(Link { next: Cell::new(None) });
    let mut first = last.clone();
    for _ in 1..n {
        first = Cc::new(Link { next: Cell::new(Some(first)) });
    }
    if tied {
        last.next.set(Some(first.clone()));
    }
    first
}

/// A list of ten million on a stack of 256 KiB: dropped by its handle, by a collection, and by the thread's end.
#[test]
fn long_lists() {
    thread_local! {
        static LAST: Cell<Option<Cc<Link>>> = const { Cell::new(None) };
    }
    let _turn = one_at_a_time();
    on_a_small_stack(|| {
        let n = size(10_000_000, 300);
        drop(list(n, false));
        assert_eq!(live(), 0);
        drop(list(n / 10, true));
        cc::collect();
        assert_eq!(live(), 0);
        LAST.set(Some(list(n / 2, false)));
        check();
    });
}

#[derive(Trace)]
struct Vertex {
    edges: [Cell<Option<Cc<Vertex>>>; 2],
}

/// A random graph of five million, all in one knot, collected on a stack of 256 KiB.
#[test]
fn big_graphs() {
    let _turn = one_at_a_time();
    on_a_small_stack(|| {
        let n = size(5_000_000, 200);
        let vertices: Vec<_> = (0..n).map(|_| Cc::new(Vertex { edges: Default::default() })).collect();
        let mut random = 0x9e37_79b9_7f4a_7c15u64;
        for (i, v) in vertices.iter().enumerate() {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            v.edges[0].set(Some(vertices[(i + 1) % n].clone()));
            v.edges[1].set(Some(vertices[random as usize % n].clone()));
        }
        let first = vertices[0].clone();
        drop(vertices);
        cc::collect();
        assert_eq!(live(), n);
        drop(first);
        assert_eq!(cc::collect(), n);
        assert_eq!(live(), 0);
        check();
    });
}

struct Loud(Arc<AtomicUsize>);
impl Drop for Loud {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
        panic!("a leaf that panics when it is dropped")
    }
}
#[derive(Trace)]
struct Around {
    loud: Leaf<Loud>,
    node: Cc<Node>,
}

/// A leaf's panic is swallowed and counted; nobody else misses his drop.
fn drops_that_panic() {
    let ledger = Ledger::new();
    let panicked = Arc::new(AtomicUsize::new(0));
    let n = size(200, 6);
    for i in 0..n {
        let a = node(i, Some(ledger.leaf()));
        if i % 2 == 0 {
            *a.next.borrow_mut() = Some(a.clone());
        }
        drop(Cc::new(Around { loud: Leaf(Loud(panicked.clone())), node: a }));
    }
    cc::collect();
    assert_eq!((ledger.dropped(), panicked.load(Relaxed)), (n, n));
    assert_eq!(cc::stats().drop_panics, n as u64);
    ledger.settled();
    check();
}

/// What was released is used again: the heap does not grow with what passes through it.
fn memory_is_used_again() {
    let fill = || {
        let nodes: Vec<_> = (0..size(20_000, 50)).map(|i| node(i, None)).collect();
        for v in &nodes {
            *v.next.borrow_mut() = Some(nodes[(v.id * 7 + 1) % nodes.len()].clone());
        }
        drop(nodes);
        cc::collect();
    };
    (0..3).for_each(|_| fill());
    let mapped = cc::stats().ladder.mapped_bytes;
    (0..size(20, 3)).for_each(|_| fill());
    assert!(cc::stats().ladder.mapped_bytes <= mapped, "{} is more than {mapped}", cc::stats().ladder.mapped_bytes);
    check();
}

/// Dead when the last handle is, or when a collection found the target; and nothing answers in between.
fn weak_references() {
    let ledger = Ledger::new();
    let n = size(500, 8);
    let all: Vec<_> = (0..n).map(|i| node(i, Some(ledger.leaf()))).collect();
    let weak: Vec<Weak<Node>> = all.iter().map(Cc::downgrade).collect();
    assert!(weak.iter().zip(&all).all(|(w, a)| w.upgrade().is_some_and(|x| Cc::ptr_eq(&x, a))));
    for (i, a) in all.iter().enumerate() {
        if i % 3 == 0 {
            *a.next.borrow_mut() = Some(a.clone())
        }
    }
    drop(all);
    assert!(weak.iter().enumerate().all(|(i, w)| w.upgrade().is_some() == (i % 3 == 0)));
    cc::collect();
    assert!(weak.iter().all(|w| w.upgrade().is_none()));
    ledger.settled();
    check();
}

#[derive(Trace)]
#[trace(manager = twinheap::Local, finalize)]
struct Mortal {
    finalized: Leaf<Arc<AtomicUsize>>,
    kept: Leaf<Option<Arc<Kept>>>,
    next: Cell<Option<Cc<Mortal>>>,
    leaf: Leaf<Noted>,
}
/// Where the finalized keep themselves; only the law's own thread comes here.
#[derive(Default)]
struct Kept(std::sync::Mutex<Vec<usize>>);
thread_local! {
    static BACK: RefCell<Vec<Cc<Mortal>>> = const { RefCell::new(Vec::new()) };
}
impl cc::Finalize for Mortal {
    fn finalize(this: &Cc<Self>) {
        let times = this.finalized.fetch_add(1, Relaxed);
        if let Some(kept) = &*this.kept {
            kept.0.lock().unwrap().push(times);
            BACK.with_borrow_mut(|back| back.push(this.clone()));
        }
    }
}
fn mortals(n: usize, kept: Option<&Arc<Kept>>, ledger: &Arc<Ledger>) -> Vec<Arc<AtomicUsize>> {
    let counts: Vec<_> = (0..n).map(|_| Arc::new(AtomicUsize::new(0))).collect();
    for (i, count) in counts.iter().enumerate() {
        let m = Cc::new(Mortal {
            finalized: Leaf(count.clone()),
            kept: Leaf(kept.cloned()),
            next: Cell::new(None),
            leaf: Leaf(ledger.leaf()),
        });
        if i % 2 == 0 {
            m.next.set(Some(m.clone()))
        }
    }
    counts
}

/// Once, alone or in a cycle, and before the drop.
fn finalizers_run_once() {
    let ledger = Ledger::new();
    let n = size(300, 6);
    let counts = mortals(n, None, &ledger);
    cc::collect();
    cc::collect();
    assert!(counts.iter().all(|c| c.load(Relaxed) == 1));
    assert_eq!(ledger.dropped(), n);
    ledger.settled();
    check();
}

/// Who came back lives on, and is not finalized again.
fn resurrection() {
    let ledger = Ledger::new();
    let kept = Arc::new(Kept::default());
    let n = size(300, 6);
    let counts = mortals(n, Some(&kept), &ledger);
    cc::collect();
    assert_eq!(kept.0.lock().unwrap().len(), n);
    assert_eq!(ledger.dropped(), 0, "all came back");
    check();
    BACK.take();
    cc::collect();
    assert!(counts.iter().all(|c| c.load(Relaxed) == 1));
    ledger.settled();
    check();
}
