//! `Cc`: `Rc`'s interface, and cycles that go away.  The heap itself is tested in `refcount.rs` and `contract.rs`.
//! Every test has a thread, and so a heap, of its own.
#![forbid(unsafe_code)]

#[path = "cc/as_rc.rs"]
mod as_rc;
#[path = "cc/dynamic.rs"]
mod dynamic;
#[path = "cc/hard.rs"]
mod hard;
#[path = "cc/reviewed.rs"]
mod reviewed;
#[path = "cc/serde.rs"]
mod serde;

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::{HashMap, HashSet},
    error::Error,
    marker::PhantomPinned,
    pin::Pin,
    rc::Rc,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
};
use twinheap::{
    Cc, Local, Trace,
    cc::{self, Leaf, Weak},
};

#[derive(Trace)]
struct Node {
    name: Leaf<Rc<Cell<u32>>>,
    next: Cell<Option<Cc<Node>>>,
    many: RefCell<Vec<Cc<Node>>>,
    weak: RefCell<Weak<Node>>,
    once: OnceCell<Cc<Node>>,
    number: Cell<u64>,
}
/// Counts drops.
struct Count(Rc<Cell<u32>>);
impl Drop for Count {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1)
    }
}
#[derive(Trace)]
struct Counted {
    count: Leaf<Count>,
    others: RefCell<Vec<Cc<Counted>>>,
}
/// Without the words of panics that are meant.
fn quietly(f: impl FnOnce()) {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    f();
    std::panic::set_hook(hook);
}
fn counted(dropped: &Rc<Cell<u32>>) -> Cc<Counted> {
    Cc::new(Counted { count: Leaf(Count(dropped.clone())), others: RefCell::new(Vec::new()) })
}
fn node() -> Cc<Node> {
    Cc::new(Node {
        name: Leaf::default(),
        next: Cell::new(None),
        many: RefCell::default(),
        weak: RefCell::default(),
        once: OnceCell::new(),
        number: Cell::new(0),
    })
}

#[test]
fn an_rc_with_another_name() {
    let a = Cc::new(5u32);
    let b = a.clone();
    assert_eq!((*a, Cc::strong_count(&a), Cc::weak_count(&a)), (5, 2, 0));
    assert!(Cc::ptr_eq(&a, &b) && !Cc::ptr_eq(&a, &Cc::new(5)));
    assert_eq!(a, Cc::new(5));
    assert!(a < Cc::new(6));
    assert_eq!(format!("{a} {a:?}"), "5 5");
    assert_eq!(HashSet::from([a.clone(), b.clone(), Cc::from(7)]).len(), 2);
    assert_eq!(Cc::try_unwrap(a).map_err(|a| Cc::strong_count(&a)), Err(2));
    let mut b = Cc::new(String::from("x"));
    Cc::get_mut(&mut b).unwrap().push('y');
    let c = b.clone();
    assert!(Cc::get_mut(&mut b).is_none());
    Cc::make_mut(&mut b).push('z');
    assert_eq!((b.as_str(), c.as_str()), ("xyz", "xy"));
    assert_eq!(Cc::try_unwrap(b).unwrap(), "xyz");
    assert_eq!(Cc::<u8>::default(), Cc::new(0));
    cc::verify().unwrap();
}

/// What `Rc` does not have, or has under another name.
#[test]
fn an_rc_and_a_little_more() {
    #[derive(Trace, Debug)]
    struct Wrong(&'static str, Option<Cc<Wrong>>);
    impl std::fmt::Display for Wrong {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.0)
        }
    }
    impl Error for Wrong {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_ref().map(|cause| cause as &dyn Error)
        }
    }
    let cause = Cc::new(Wrong("cause", None));
    let error: Cc<dyn Error> = twinheap::unsize!(Cc::new(Wrong("effect", Some(cause))) => dyn Error);
    let boxed: Box<dyn Error> = Box::new(error);
    assert_eq!(format!("{boxed} of {}", boxed.source().unwrap()), "effect of cause");
    drop(boxed);
    #[cfg(unix)]
    {
        use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
        #[derive(Trace)]
        struct In(#[trace(static)] std::io::Stdin);
        impl AsFd for In {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.0.as_fd()
            }
        }
        fn number(of: &impl AsFd) -> i32 {
            of.as_fd().as_raw_fd()
        }
        fn raw(of: &impl AsRawFd) -> i32 {
            of.as_raw_fd()
        }
        assert_eq!((number(&Cc::new(In(std::io::stdin()))), raw(&Cc::new(7))), (0, 7));
    }
    // Through a pin, and as a field in one.
    #[derive(Trace)]
    struct Pinned(RefCell<Option<Pin<Cc<Pinned>>>>, Leaf<PhantomPinned>);
    let a = Cc::pin(Pinned(RefCell::new(None), Leaf(PhantomPinned)));
    *a.0.borrow_mut() = Some(a.clone());
    assert!(std::ptr::eq(&*a, &**a.0.borrow().as_ref().unwrap()));
    let seen: Pin<Cc<dyn Trait>> = twinheap::unsize!(a => dyn Trait);
    assert_eq!(seen.answer(), 42);
    drop(seen);
    assert_eq!(cc::collect(), 1);
    trait Trait {
        fn answer(&self) -> u32 {
            42
        }
    }
    impl Trait for Pinned {}
    // Nothing was asked of the vector's length, and it comes back when there is no room for it.
    let slice = Cc::try_from_vec(vec![String::from("a")]).unwrap();
    assert_eq!((Cc::try_new(5).unwrap(), &*slice[0]), (Cc::new(5), "a"));
    drop(slice);
    cc::verify().unwrap();
    assert_eq!(cc::stats().ladder.live_bytes(), 0);
}

#[test]
fn cycles_go_away() {
    let dropped = Rc::default();
    {
        let (a, b) = (counted(&dropped), counted(&dropped));
        a.others.borrow_mut().extend([b.clone(), a.clone()]);
        b.others.borrow_mut().extend([a.clone(), counted(&dropped)]);
    }
    assert_eq!(dropped.get(), 0);
    cc::verify().unwrap();
    assert_eq!(cc::collect(), 3);
    assert_eq!(dropped.get(), 3);
    let all = node();
    all.next.set(Some(all.clone()));
    all.many.borrow_mut().push(all.clone());
    *all.weak.borrow_mut() = Cc::downgrade(&all);
    assert!(all.once.set(all.clone()).is_ok());
    assert_eq!(Cc::strong_count(&all), 4);
    assert_eq!(cc::collect(), 0);
    drop(all);
    // The node; its weak box is no container.
    assert_eq!(cc::collect(), 1);
    cc::verify().unwrap();
    assert_eq!(cc::stats().ladder.live_bytes(), 0);
}

#[test]
fn collections_run_by_themselves() {
    let dropped = Rc::default();
    // The threshold is CPython's 2,000: too many for Miri, which sees such collections in `refcount.rs`.
    for _ in 0..if cfg!(miri) { 20 } else { 100_000 } {
        let a = counted(&dropped);
        a.others.borrow_mut().push(a.clone());
    }
    if !cfg!(miri) {
        let stats = cc::stats();
        assert!(stats.collections >= 1, "{stats:?}");
        assert!(dropped.get() > 95_000);
    }
    assert!(cc::set_automatic(false));
    let before = cc::stats().collections;
    for _ in 0..if cfg!(miri) { 10 } else { 10_000 } {
        let a = counted(&dropped);
        a.others.borrow_mut().push(a.clone());
    }
    assert_eq!(cc::stats().collections, before);
    assert!(!cc::set_automatic(true));
    cc::collect();
    cc::verify().unwrap();
}

#[test]
fn a_cell_that_is_borrowed_is_passed_over() {
    let dropped = Rc::default();
    let a = counted(&dropped);
    let mut open = a.others.borrow_mut();
    for _ in 0..10 {
        let b = counted(&dropped);
        b.others.borrow_mut().push(b.clone());
        open.push(b);
        assert_eq!(cc::collect(), 0);
    }
    assert!(open.iter().all(|b| Cc::ptr_eq(b, &b.others.borrow()[0])));
    drop(open);
    assert_eq!(cc::collect(), 0);
    drop(a);
    assert_eq!(cc::collect(), 10);
}

#[test]
fn weak_handles() {
    let a = node();
    let w = Cc::downgrade(&a);
    let v = w.clone();
    assert_eq!((Cc::weak_count(&a), w.strong_count()), (2, 1));
    assert!(w.ptr_eq(&v) && w.ptr_eq(&Cc::downgrade(&a)));
    assert!(Cc::ptr_eq(&w.upgrade().unwrap(), &a));
    drop(a);
    assert!(w.upgrade().is_none() && v.upgrade().is_none());
    assert!(Weak::<u8>::new().upgrade().is_none());
    // In a cycle.
    let a = node();
    a.next.set(Some(a.clone()));
    let w = Cc::downgrade(&a);
    drop(a);
    assert!(w.upgrade().is_some());
    assert_eq!(cc::collect(), 1);
    assert!(w.upgrade().is_none());
    // Moved out.
    let b = Cc::new(3u8);
    let w = Cc::downgrade(&b);
    assert_eq!(Cc::try_unwrap(b), Ok(3));
    assert!(w.upgrade().is_none());
    cc::verify().unwrap();
}

#[test]
fn a_value_that_knows_itself() {
    #[derive(Trace)]
    struct Me {
        me: Weak<Me>,
        number: u32,
    }
    let a = Cc::new_cyclic(|me| {
        assert!(me.upgrade().is_none());
        // A collection meanwhile finds nothing half-built.
        assert_eq!(cc::collect(), 0);
        Me { me: me.clone(), number: 4 }
    });
    assert_eq!(a.me.upgrade().unwrap().number, 4);
    assert_eq!((Cc::strong_count(&a), Cc::weak_count(&a)), (1, 1));
    cc::verify().unwrap();
    let weak = a.me.clone();
    drop(a);
    assert!(weak.upgrade().is_none());
    cc::verify().unwrap();
}

#[test]
fn an_exclusive_borrow_is_nobodys_business() {
    #[derive(Trace, Clone)]
    struct Pair {
        left: Option<Cc<Pair>>,
        right: Option<Cc<Pair>>,
        text: String,
    }
    let leaf = |text: &str| Cc::new(Pair { left: None, right: None, text: text.into() });
    let mut a = leaf("a");
    {
        let mut inside = Cc::get_mut(&mut a).unwrap();
        inside.left = Some(leaf("b"));
        let text = &mut inside.text;
        // The collector must not look at what `text` borrows.
        assert_eq!(cc::collect(), 0);
        text.push('!');
        inside.right = Some(leaf("c"));
        cc::verify().unwrap();
    }
    cc::verify().unwrap();
    assert_eq!((a.text.as_str(), a.left.as_ref().unwrap().text.as_str()), ("a!", "b"));
    let b = a.clone();
    Cc::make_mut(&mut a).text.push('?');
    assert_eq!((a.text.as_str(), b.text.as_str()), ("a!?", "a!"));
    std::mem::forget(Cc::get_mut(&mut a).unwrap());
    assert_eq!(cc::collect(), 0);
    cc::verify().unwrap();
    drop((a, b));
    assert_eq!(cc::stats().ladder.live_bytes(), 0);
}

/// What never changes is never examined, until it is lent: then it may be tied into a cycle like anything else.
#[test]
fn what_was_lent_is_examined_again() {
    #[derive(Trace)]
    struct Fixed(Option<Cc<Knot>>);
    #[derive(Trace)]
    struct Knot(RefCell<Option<Cc<Fixed>>>);
    let mut fixed = Cc::new(Fixed(None));
    let knot = Cc::new(Knot(RefCell::new(None)));
    Cc::get_mut(&mut fixed).unwrap().0 = Some(knot.clone());
    *knot.0.borrow_mut() = Some(fixed.clone());
    cc::verify().unwrap();
    drop((fixed, knot));
    assert_eq!(cc::collect(), 2);
}

#[test]
fn a_list_of_ten_million_drops_on_a_small_stack() {
    #[derive(Trace)]
    struct List(Option<Cc<List>>);
    #[derive(Trace)]
    struct Ring(RefCell<Option<Cc<Ring>>>);
    std::thread::Builder::new()
        .stack_size(256 << 10)
        .spawn(|| {
            let n = if cfg!(miri) { 300 } else { 10_000_000 };
            let mut list = Cc::new(List(None));
            for _ in 1..n {
                list = Cc::new(List(Some(list)));
            }
            drop(list);
            assert_eq!(cc::stats().released.at_once, n);
            let n = if cfg!(miri) { 100 } else { 1_000_000 };
            cc::set_automatic(false);
            let first = Cc::new(Ring(RefCell::new(None)));
            let mut last = first.clone();
            for _ in 1..n {
                last = Cc::new(Ring(RefCell::new(Some(last))));
            }
            *first.0.borrow_mut() = Some(last);
            drop(first);
            assert_eq!(cc::collect(), n);
        })
        .unwrap()
        .join()
        .unwrap()
}

#[derive(Trace)]
#[trace(manager = Local, finalize)]
struct Last {
    said: Leaf<Rc<RefCell<Vec<String>>>>,
    name: String,
    links: RefCell<Vec<Cc<Last>>>,
    shelf: Option<Cc<RefCell<Vec<Cc<Last>>>>>,
}
impl cc::Finalize for Last {
    fn finalize(this: &Cc<Self>) {
        this.said.borrow_mut().push(this.name.clone());
        // Allocating is allowed, and runs no other finalizer from within this one.
        Cc::new(1u8);
        assert_eq!(cc::collect(), 0);
        if let Some(shelf) = &this.shelf {
            shelf.borrow_mut().push(this.clone())
        }
        assert!(this.name != "panics", "a finalizer panics");
    }
}

#[test]
fn finalizers() {
    let said: Leaf<Rc<RefCell<Vec<String>>>> = Leaf::default();
    let shelf = Cc::new(RefCell::new(Vec::new()));
    let last = |name: &str, keep: bool| {
        let shelf = keep.then(|| shelf.clone());
        Cc::new(Last { said: said.clone(), name: name.into(), links: RefCell::default(), shelf })
    };
    let take = || std::mem::take(&mut *said.borrow_mut());
    drop(last("alone", false));
    assert!(take().is_empty(), "never inside a drop");
    Cc::new(0u8);
    assert_eq!(take(), ["alone"]);
    // A cycle, in the order of creation; one is kept, and keeps its neighbour.
    let (a, b, c) = (last("a", false), last("b", true), last("c", false));
    a.links.borrow_mut().push(a.clone());
    b.links.borrow_mut().extend([b.clone(), c.clone()]);
    c.links.borrow_mut().push(c.clone());
    drop((a, b, c));
    assert_eq!(cc::collect(), 1);
    assert_eq!(take(), ["a", "b", "c"]);
    cc::verify().unwrap();
    assert_eq!(shelf.borrow()[0].links.borrow()[1].name, "c");
    shelf.borrow_mut().clear();
    assert_eq!(cc::collect(), 2);
    assert!(take().is_empty(), "once in a life");
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    drop(last("panics", false));
    assert_eq!(cc::collect(), 0);
    std::panic::set_hook(hook);
    assert_eq!(cc::stats().finalizer_panics, 1);
    cc::verify().unwrap();
}

/// A leaf that comes back to the heap when it is dropped.
struct Busy(Option<Cc<u64>>);
impl Drop for Busy {
    fn drop(&mut self) {
        let fresh = node();
        fresh.next.set(Some(fresh.clone()));
        drop(fresh);
        cc::collect();
        assert_eq!(self.0.take().as_deref(), Some(&9));
    }
}
#[derive(Trace)]
struct WithBusy(Leaf<Busy>, RefCell<Vec<Cc<WithBusy>>>);

#[test]
fn leaves_that_come_back_to_the_heap() {
    let make = || Cc::new(WithBusy(Leaf(Busy(Some(Cc::new(9)))), RefCell::default()));
    drop(make());
    let n = if cfg!(miri) { 5 } else { 200 };
    let all: Vec<_> = (0..n).map(|_| make()).collect();
    for (i, a) in all.iter().enumerate() {
        a.1.borrow_mut().extend([all[(i + 1) % n].clone(), all[i * 7 % n].clone()]);
    }
    drop(all);
    assert_eq!(cc::collect(), n);
    cc::collect();
    cc::verify().unwrap();
    assert_eq!(cc::stats().ladder.live_bytes(), 0);
}

/// A collection that begins inside a leaf's drop does not look into the object that is being dropped (R4).
#[test]
fn what_is_being_dropped_is_not_examined() {
    struct Collects;
    impl Drop for Collects {
        fn drop(&mut self) {
            cc::collect();
        }
    }
    #[derive(Trace)]
    struct Half(RefCell<Vec<Cc<Node>>>, Leaf<Collects>);
    let kept: Vec<_> = (0..20).map(|_| node()).collect();
    let half = Cc::new(Half(RefCell::new(kept.clone()), Leaf(Collects)));
    // The vector is dropped first, then the leaf.
    drop(half);
    cc::verify().unwrap();
    assert!(kept.iter().all(|n| Cc::strong_count(n) == 1 && n.number.get() == 0));
    drop(kept);
    assert_eq!(cc::collect(), 0);
    assert_eq!(cc::stats().ladder.live_bytes(), 0);
}

/// A leaf whose drop makes a weak handle to a value that lives, and whose weak box is just being released.
struct Downgrades(Rc<RefCell<Vec<Weak<u64>>>>, Cc<u64>);
impl Drop for Downgrades {
    fn drop(&mut self) {
        self.0.borrow_mut().push(Cc::downgrade(&self.1))
    }
}
#[derive(Trace)]
struct HoldsTheBox {
    weak: Option<Weak<u64>>,
    leaf: Option<Leaf<Downgrades>>,
    next: RefCell<Option<Cc<HoldsTheBox>>>,
}

#[test]
fn a_weak_box_that_is_dying_is_not_handed_out() {
    // The box of `target` is in a cycle; or so deep in a list that it waits for its drop.
    for depth in [0, 63] {
        let made = Rc::default();
        let target = Cc::new(7);
        let leaf = Some(Leaf(Downgrades(Rc::clone(&made), target.clone())));
        let first = Cc::new(HoldsTheBox { weak: Some(Cc::downgrade(&target)), leaf, next: RefCell::new(None) });
        if depth == 0 {
            *first.next.borrow_mut() = Some(first.clone());
        }
        let mut list = first;
        for _ in 0..depth {
            list = Cc::new(HoldsTheBox { weak: None, leaf: None, next: RefCell::new(Some(list)) });
        }
        drop(list);
        cc::collect();
        cc::verify().unwrap();
        let other = Cc::new(99);
        let weak = Cc::downgrade(&other);
        let of_target = made.take().pop().expect("the leaf was dropped");
        assert_eq!(of_target.upgrade().as_deref(), Some(&7));
        assert_eq!((Cc::weak_count(&target), Cc::weak_count(&other)), (1, 1));
        drop(of_target);
        assert_eq!(weak.upgrade().as_deref(), Some(&99));
        assert_eq!(Cc::weak_count(&target), 0);
        cc::verify().unwrap();
    }
}

#[test]
fn standard_containers_and_leaves() {
    #[derive(Trace)]
    struct Many {
        map: RefCell<HashMap<String, Cc<Many>>>,
        #[trace(static)]
        file: Option<std::fs::File>,
        any: Leaf<Box<dyn Fn() -> u32>>,
        pair: (u8, Option<Cc<Many>>),
        shared: Rc<str>,
    }
    let make = || {
        Cc::new(Many {
            map: RefCell::default(),
            file: None,
            any: Leaf(Box::new(|| 3)),
            pair: (1, None),
            shared: "text".into(),
        })
    };
    let a = make();
    a.map.borrow_mut().insert("me".into(), a.clone());
    assert_eq!(((a.any)(), a.pair.0, &*a.shared, a.file.is_none(), a.pair.1.is_none()), (3, 1, "text", true, true));
    drop(a);
    assert_eq!(cc::collect(), 1);
}

/// Values in thread locals that are destroyed before and after the heap's own.
#[test]
fn a_threads_end_in_any_order() {
    // What outlives its heap's thread is never freed, by design; Miri would call that a leak.
    if cfg!(miri) {
        return;
    }
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    struct Tell;
    impl Drop for Tell {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, SeqCst);
        }
    }
    #[derive(Trace)]
    struct Kept(Leaf<Tell>, RefCell<Option<Cc<Kept>>>);
    struct Late(RefCell<Vec<Cc<Kept>>>);
    impl Drop for Late {
        fn drop(&mut self) {
            // Whether the heap has seen the thread's end or not: dropping, making and collecting still work.
            self.0.borrow_mut().clear();
            let a = Cc::new(Kept(Leaf(Tell), RefCell::new(None)));
            *a.1.borrow_mut() = Some(a.clone());
            drop(a);
            cc::collect();
        }
    }
    thread_local!(static BEFORE: Late = const { Late(RefCell::new(Vec::new())) });
    thread_local!(static AFTER: Late = const { Late(RefCell::new(Vec::new())) });
    let kept = || Cc::new(Kept(Leaf(Tell), RefCell::new(None)));
    for order in [true, false] {
        std::thread::spawn(move || {
            if order {
                BEFORE.with(|b| b.0.borrow_mut().clear());
            }
            let a = kept();
            *a.1.borrow_mut() = Some(a.clone());
            BEFORE.with(|b| b.0.borrow_mut().push(kept()));
            AFTER.with(|b| b.0.borrow_mut().push(kept()));
            drop(a);
        })
        .join()
        .unwrap();
    }
    // Each thread: the cycle, two kept values, and one cycle for each `Late`.
    assert_eq!(DROPPED.load(SeqCst), 10);
}

/// Its finalizer makes another one, as dead as it was.
#[derive(Trace)]
#[trace(manager = Local, finalize)]
struct Phoenix {
    in_a_cycle: bool,
    me: RefCell<Option<Cc<Phoenix>>>,
}
impl cc::Finalize for Phoenix {
    fn finalize(this: &Cc<Self>) {
        phoenix(this.in_a_cycle)
    }
}
fn phoenix(in_a_cycle: bool) {
    let one = Cc::new(Phoenix { in_a_cycle, me: RefCell::new(None) });
    if in_a_cycle {
        *one.me.borrow_mut() = Some(one.clone())
    }
}

#[test]
fn a_thread_ends_whatever_its_finalizers_make() {
    // What is left at such a thread's end is a leak, which Miri reports.
    if cfg!(miri) {
        return;
    }
    for in_a_cycle in [false, true] {
        let thread = std::thread::spawn(move || phoenix(in_a_cycle));
        let began = std::time::Instant::now();
        while !thread.is_finished() {
            assert!(began.elapsed().as_secs() < 60, "the thread goes on and on");
            std::thread::yield_now()
        }
        thread.join().unwrap()
    }
}

/// What a spike took goes back on request; young collections find what is young.
#[test]
fn memory_and_generations_on_request() {
    std::thread::spawn(|| {
        use twinheap::object::managed::Command;
        #[derive(Trace)]
        struct Ring(RefCell<Option<Cc<Ring>>>);
        let ring = || {
            let own = Cc::new(Ring(RefCell::new(None)));
            *own.0.borrow_mut() = Some(own.clone());
        };
        assert!(cc::set_automatic(false));
        (0..10).for_each(|_| ring());
        assert_eq!((cc::collect_generation(0), cc::collect_generation(0)), (10, 0));
        cc::control(Command::SetThresholds([Some(0), None, None]));
        assert_eq!(cc::control(Command::Read).thresholds, [0, 10, 10]);
        let kept: Vec<_> = (0..if cfg!(miri) { 50 } else { 100_000 }).map(|n: u64| Cc::new(n)).collect();
        let full = cc::stats();
        drop(kept);
        cc::release();
        let (after, used) = (cc::stats(), full.used_bytes);
        assert!(after.used_bytes < used || cfg!(miri), "{} of {used} bytes in use", after.used_bytes);
        assert_eq!(after.ladder.idle_bytes, 0, "{:?}", after.ladder);
        assert_eq!(after.ladder.accounted_bytes(), after.ladder.mapped_bytes);
        cc::verify().unwrap();
    })
    .join()
    .unwrap()
}
