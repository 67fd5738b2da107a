//! The worst moments: threads that end, drops and closures and clones that panic, and whatever can be asked for in the
//! middle of a drop, of a finalizer, of a collection, of a birth.

use super::{Count, Leaf, quietly};
use std::{
    cell::{Cell, RefCell},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    rc::Rc,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
};
use twinheap::{
    Cc, Local, Trace,
    cc::{self, Weak},
    unsize,
};

fn nothing_is_left() {
    cc::verify().unwrap();
    assert_eq!(cc::stats().ladder.live_bytes(), 0);
}
/// Runs a function when it is dropped.
struct OnDrop<F: FnMut()>(F);
impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)()
    }
}
fn on_drop(f: impl FnMut() + 'static) -> Leaf<Box<dyn Any>> {
    Leaf(Box::new(OnDrop(f)))
}
trait Any {}
impl<T> Any for T {}

#[derive(Trace)]
struct Node {
    next: RefCell<Option<Cc<Node>>>,
    thing: RefCell<Option<Cc<dyn Thing>>>,
    leaf: RefCell<Leaf<Box<dyn Any>>>,
}
trait Thing {}
impl Thing for Node {}
fn node() -> Cc<Node> {
    Cc::new(Node { next: RefCell::default(), thing: RefCell::default(), leaf: RefCell::new(Leaf(Box::new(()))) })
}
/// Everything that can be done with handles at a bad time.
fn everything() {
    let a = node();
    *a.next.borrow_mut() = Some(a.clone());
    *a.thing.borrow_mut() = Some(unsize!(a.clone() => dyn Thing));
    let weak = Cc::downgrade(&a);
    drop(a);
    cc::collect();
    if let Some(a) = weak.upgrade() {
        // In the middle of a collection there is no other.
        a.next.take();
        a.thing.take();
    }
    let mut text: Cc<str> = "text".into();
    let other = text.clone();
    Cc::make_mut(&mut text).make_ascii_uppercase();
    assert_eq!((&*text, &*other), ("TEXT", "text"));
    let mut numbers: Cc<[u32]> = (0..5).collect();
    Cc::get_mut(&mut numbers).unwrap()[0] = 9;
    {
        let mut open = Cc::get_mut(&mut numbers).unwrap();
        cc::collect();
        open[1] = 9;
    }
    assert_eq!(&*numbers, [9, 9, 2, 3, 4]);
    let me = Cc::new_cyclic(|me: &Weak<(u32, Weak<u32>)>| {
        assert!(me.upgrade().is_none());
        cc::collect();
        (7, Weak::new())
    });
    assert_eq!((me.0, me.1.strong_count()), (7, 0));
    assert!(catch_unwind(|| Cc::new_cyclic(|_: &Weak<u8>| resume_unwind(Box::new("no value")))).is_err());
    assert_eq!(Cc::try_unwrap(Cc::new(3u8)), Ok(3));
    cc::verify().unwrap();
}

#[test]
fn everything_in_a_drop() {
    let ran = Rc::new(Cell::new(0));
    let make = |tied: bool| {
        let (a, ran) = (node(), ran.clone());
        a.leaf.replace(on_drop(move || {
            everything();
            ran.set(ran.get() + 1)
        }));
        if tied {
            *a.next.borrow_mut() = Some(a.clone())
        }
        a
    };
    // At the last handle; in a collection; so deep in a list that it waits.
    drop(make(false));
    drop(make(true));
    cc::collect();
    let mut list = make(false);
    for _ in 0..70 {
        let next = node();
        *next.next.borrow_mut() = Some(list);
        list = next;
    }
    drop(list);
    assert_eq!(ran.get(), 3);
    // What the drops left in cycles while a collection ran.
    cc::collect();
    nothing_is_left();
}

#[derive(Trace)]
#[trace(manager = Local, finalize)]
struct Mortal {
    ran: Leaf<Rc<Cell<u32>>>,
    me: RefCell<Option<Cc<Mortal>>>,
    of_others: RefCell<Vec<Cc<dyn Thing>>>,
}
thread_local!(static SPARED: RefCell<Option<Cc<Vec<u32>>>> = const { RefCell::new(None) });
/// How many of them die one after the other.
const MORTALS: u32 = if cfg!(miri) { 2 } else { 6 };
impl cc::Finalize for Mortal {
    fn finalize(this: &Cc<Self>) {
        this.ran.set(this.ran.get() + 1);
        everything();
        assert_eq!(cc::collect(), 0);
        // New ones: kept by this one, and dead at once with a finalizer of their own.
        this.of_others.borrow_mut().extend((0..3).map(|_| unsize!(node() => dyn Thing)));
        if this.ran.get() < MORTALS {
            drop(mortal(&this.ran.0))
        }
        // It is seen by somebody else (the queue, a collection): no unique access, and a copy where there is one to be had.
        let mut again = this.clone();
        assert!(Cc::get_mut(&mut again).is_none() && Cc::try_unwrap(again).is_err());
        SPARED.with_borrow_mut(|spared| {
            let spared = spared.as_mut().unwrap();
            Cc::get_mut(spared).unwrap().push(1);
            let before = spared.clone();
            Cc::make_mut(spared).push(2);
            assert_eq!(spared.len(), before.len() + 1);
        });
    }
}
impl Thing for Mortal {}
fn mortal(ran: &Rc<Cell<u32>>) -> Cc<Mortal> {
    Cc::new(Mortal { ran: Leaf(ran.clone()), me: RefCell::default(), of_others: RefCell::default() })
}

#[test]
fn everything_in_a_finalizer() {
    SPARED.set(Some(Cc::new(Vec::new())));
    for tied in [false, true] {
        let ran = Rc::new(Cell::new(0));
        let a = mortal(&ran);
        if tied {
            *a.me.borrow_mut() = Some(a.clone())
        }
        // Whatever it is seen as.
        drop(unsize!(a => dyn Thing));
        for _ in 0..MORTALS + 2 {
            cc::collect();
            cc::verify().unwrap();
        }
        assert_eq!(ran.get(), MORTALS);
    }
    assert_eq!(SPARED.take().unwrap().len(), 2 * 2 * MORTALS as usize);
    nothing_is_left();
    // Taken out, it has no end of its own.
    let ran = Rc::new(Cell::new(0));
    let a = mortal(&ran);
    drop(Cc::into_inner(a).unwrap());
    cc::collect();
    assert_eq!(ran.get(), 0);
    nothing_is_left();
}

/// As CPython's: a collection that finds a value dead takes its weak handles, though its finalizer brings it back; at the
/// last handle the finalizer comes first.
#[test]
fn weak_handles_of_who_came_back() {
    thread_local!(static BACK: RefCell<Vec<Cc<Comes>>> = const { RefCell::new(Vec::new()) });
    #[derive(Trace)]
    #[trace(manager = Local, finalize)]
    struct Comes(RefCell<Option<Cc<Comes>>>);
    impl cc::Finalize for Comes {
        fn finalize(this: &Cc<Self>) {
            BACK.with_borrow_mut(|back| back.push(this.clone()))
        }
    }
    for tied in [false, true] {
        let a = Cc::new(Comes(RefCell::new(None)));
        let weak = Cc::downgrade(&a);
        if tied {
            *a.0.borrow_mut() = Some(a.clone())
        }
        drop(a);
        cc::collect();
        let back = BACK.take().pop().expect("it came back");
        let again = Cc::downgrade(&back);
        assert!(again.upgrade().is_some());
        assert_eq!((weak.upgrade().is_some(), weak.ptr_eq(&again)), (!tied, !tied));
        back.0.take();
        drop(back);
        assert!(again.upgrade().is_none() && weak.upgrade().is_none());
    }
    cc::collect();
    nothing_is_left();
}

/// A weak handle does not answer for what is being destroyed: not in its own leaf's drop, nor in its neighbour's, by count,
/// in a cycle, and while it waits in a long list.
#[test]
fn nobody_is_found_while_he_is_destroyed() {
    let asked = Rc::new(Cell::new(0));
    let asks = |of: &[&Cc<Node>]| {
        let weak: Vec<Weak<Node>> = of.iter().map(|of| Cc::downgrade(of)).collect();
        let things: Vec<Weak<dyn Thing>> = weak.iter().map(|w| unsize!(w.clone() => dyn Thing)).collect();
        let asked = asked.clone();
        on_drop(move || {
            cc::collect();
            assert!(weak.iter().all(|w| w.upgrade().is_none() && w.strong_count() == 0 && w.weak_count() == 0));
            assert!(things.iter().all(|w| w.upgrade().is_none()));
            asked.set(asked.get() + 1)
        })
    };
    for tied in [false, true] {
        let (a, b) = (node(), node());
        // Alone, the first falls before what it holds does; in a cycle both die together.
        a.leaf.replace(if tied { asks(&[&a, &b]) } else { asks(&[&a]) });
        b.leaf.replace(asks(&[&a, &b]));
        *a.next.borrow_mut() = Some(b.clone());
        if tied {
            *b.next.borrow_mut() = Some(a.clone())
        }
        drop((a, b));
        cc::collect();
    }
    assert_eq!(asked.take(), 4);
    let last = node();
    last.leaf.replace(asks(&[&last]));
    let mut list = last;
    for _ in 0..100 {
        let next = node();
        *next.next.borrow_mut() = Some(list);
        list = next;
    }
    drop(list);
    assert_eq!(asked.get(), 1);
    nothing_is_left();
}

#[test]
fn births_that_fail() {
    #[derive(Trace)]
    struct Me(Weak<Me>, #[trace(static)] u64, RefCell<Option<Cc<Me>>>);
    let n = if cfg!(miri) { 4 } else { 5_000 };
    let mut kept = Vec::new();
    for i in 0..n {
        let failed = catch_unwind(AssertUnwindSafe(|| {
            Cc::new_cyclic(|me: &Weak<Me>| {
                // Others of its type are born and die around it, a birth within the birth too.
                let other = Cc::new_cyclic(|other| Me(other.clone(), i, RefCell::default()));
                *other.2.borrow_mut() = Some(other.clone());
                drop(other);
                kept.push(Me(me.clone(), i, RefCell::default()).0.clone());
                if i % (1 + n / 7) == 0 {
                    cc::collect();
                    cc::verify().unwrap();
                }
                resume_unwind(Box::new("no value"))
            })
        }));
        assert!(failed.is_err());
    }
    assert!(kept.iter().all(|me| me.upgrade().is_none() && me.strong_count() == 0));
    // The blocks are used again, and the handles still do not answer.
    let fresh: Vec<_> = (0..n).map(|i| Cc::new(Me(Weak::new(), i, RefCell::default()))).collect();
    assert!(kept.iter().all(|me| me.upgrade().is_none()));
    cc::verify().unwrap();
    drop((fresh, kept));
    cc::collect();
    nothing_is_left();
}

/// A clone that panics leaves the handle as it was; so does one that collects, and one that drops the other handle.
#[test]
fn clones_that_misbehave() {
    thread_local!(static OTHER: RefCell<Option<Cc<Odd>>> = const { RefCell::new(None) });
    #[derive(Trace)]
    struct Odd(u32, Leaf<Count>);
    impl Clone for Odd {
        fn clone(&self) -> Self {
            everything();
            if self.0 == 0 {
                resume_unwind(Box::new("no clone"))
            }
            OTHER.take();
            Odd(self.0 + 1, Leaf(Count(self.1.0.0.clone())))
        }
    }
    let dropped = Rc::new(Cell::new(0));
    for number in [0, 5] {
        let mut a = Cc::new(Odd(number, Leaf(Count(dropped.clone()))));
        OTHER.set(Some(a.clone()));
        let before = Cc::as_ptr(&a);
        let made = catch_unwind(AssertUnwindSafe(|| Cc::make_mut(&mut a).0 += 10));
        assert_eq!((made.is_err(), Cc::as_ptr(&a) == before), (number == 0, number == 0));
        assert_eq!(a.0, if number == 0 { 0 } else { 16 });
        assert_eq!(Cc::strong_count(&a), if number == 0 { 2 } else { 1 });
        OTHER.take();
    }
    assert_eq!(dropped.get(), 3);
    let mut all: Cc<[Odd]> = Cc::from([1, 2, 0].map(|n| Odd(n, Leaf(Count(dropped.clone())))));
    let same = all.clone();
    assert!(catch_unwind(AssertUnwindSafe(|| drop(Cc::make_mut(&mut all)))).is_err());
    assert!(Cc::ptr_eq(&all, &same));
    // The two clones that were made before the third failed.
    assert_eq!(dropped.take(), 3 + 2);
    drop((all, same));
    assert_eq!(dropped.get(), 3);
    cc::collect();
    nothing_is_left();
}

/// A leaf that panics is dropped while another panic is on its way.
#[test]
fn a_panic_within_a_panic() {
    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            panic!("a leaf")
        }
    }
    quietly(|| {
        for tied in [false, true] {
            let caught = catch_unwind(|| {
                let a = node();
                a.leaf.replace(Leaf(Box::new(Loud)));
                if tied {
                    *a.next.borrow_mut() = Some(a.clone());
                }
                let _collects = OnDrop(|| _ = cc::collect());
                drop::<Cc<dyn Thing>>(unsize!(a => dyn Thing));
                panic!("the program")
            });
            assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"the program"));
        }
    });
    assert_eq!(cc::stats().drop_panics, 2);
    nothing_is_left();
}

/// A thread local that holds handles, and does everything at its end; where `TAKES` is destroyed later it gets some more.
struct AtEnd(RefCell<Vec<Cc<dyn Thing>>>, RefCell<Vec<Weak<dyn Thing>>>);
static ENDED: AtomicUsize = AtomicUsize::new(0);
static LEAVES: AtomicUsize = AtomicUsize::new(0);
impl AtEnd {
    const fn new() -> AtEnd {
        AtEnd(RefCell::new(Vec::new()), RefCell::new(Vec::new()))
    }
    fn fill(&self) {
        let a = node();
        a.leaf.replace(on_drop(|| _ = LEAVES.fetch_add(1, SeqCst)));
        *a.next.borrow_mut() = Some(a.clone());
        let a: Cc<dyn Thing> = unsize!(a => dyn Thing);
        self.1.borrow_mut().push(Cc::downgrade(&a));
        self.0.borrow_mut().push(a);
    }
}
impl Drop for AtEnd {
    fn drop(&mut self) {
        everything();
        // Whoever is destroyed later takes what was made here.
        let _ = LATER.try_with(AtEnd::fill);
        let _ = EARLIER.try_with(AtEnd::fill);
        for (weak, cc) in self.1.borrow().iter().zip(&*self.0.borrow()) {
            assert!(weak.upgrade().is_some_and(|found| Cc::ptr_eq(&found, cc)));
        }
        self.0.borrow_mut().clear();
        cc::collect();
        assert!(self.1.borrow().iter().all(|weak| weak.upgrade().is_none()));
        ENDED.fetch_add(1, SeqCst);
    }
}
thread_local! {
    static EARLIER: AtEnd = const { AtEnd::new() };
    static LATER: AtEnd = const { AtEnd::new() };
}

/// In every order of first use of two thread locals and the heap; the heap's may also be the first use in a destructor.
#[test]
fn threads_end_in_any_order() {
    // What outlives the heap's own end is never freed, by design; Miri would call that a leak.
    if cfg!(miri) {
        return;
    }
    let uses: [fn(); 4] = [
        || EARLIER.with(|_| ()),
        || LATER.with(|_| ()),
        || drop(Cc::new(0)),
        || (EARLIER.with(AtEnd::fill), LATER.with(AtEnd::fill)).0,
    ];
    let mut orders = 0;
    for code in 0..4usize.pow(3) {
        let order = [code % 4, code / 4 % 4, code / 16];
        std::thread::spawn(move || order.iter().for_each(|&i| uses[i]())).join().unwrap();
        orders += 1;
    }
    // Each thread local that was used ended, and every leaf was dropped that was made.
    let used = |code: usize, which: usize| [code % 4, code / 4 % 4, code / 16].iter().any(|&i| i == which || i == 3);
    let expected: usize = (0..orders).map(|code| used(code, 0) as usize + used(code, 1) as usize).sum();
    // A destructor may bring the other thread local to life, which then ends as well.
    assert!(ENDED.load(SeqCst) >= expected && expected > 80, "{expected}");
    assert!(LEAVES.load(SeqCst) >= 2 * 37);
}

/// A system that gives no more memory: the value comes back, everything is as it was.  In a process of its own.
#[test]
#[cfg(target_os = "linux")]
fn no_room() {
    // Miri starts no processes.
    if cfg!(miri) {
        return;
    }
    const CHILD: &str = "TWINHEAP_TEST_NO_ROOM";
    if std::env::var_os(CHILD).is_some() {
        let big = vec![7u64; 20 << 20];
        let no = Cc::try_from_vec(big).expect_err("the system has not that much");
        assert_eq!((no.value.len(), no.value[5]), (20 << 20, 7));
        assert!(format!("{no}").contains("bytes"), "{no}");
        cc::verify().unwrap();
        let vec = no.value;
        assert!(catch_unwind(AssertUnwindSafe(|| Cc::<[u64]>::from(vec))).is_err());
        everything();
        // To the last byte, with values that come back.
        let mut all = Vec::with_capacity(1 << 16);
        let text = loop {
            match Cc::try_new([all.len(); 500]) {
                Ok(cc) => all.push(cc),
                Err(no) => break no.value[499],
            }
        };
        assert_eq!(text, all.len());
        // Again and again: a refusal does not cost a full collection each time.
        let before = cc::stats().collections;
        assert!((0..2000).all(|i| Cc::try_new([i; 500]).is_err()));
        let cost = cc::stats().collections - before;
        assert!(cost <= 11 + 2000 / 64, "{cost} full collections for 2,000 refusals");
        assert!(all.iter().enumerate().all(|(i, a)| a[0] == i && a[499] == i));
        cc::verify().unwrap();
        drop(all);
        nothing_is_left();
        return println!("came back");
    }
    let limited = "ulimit -v 300000; exec \"$0\" \"$@\"";
    let out = std::process::Command::new("sh")
        .args(["-c", limited])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "hard::no_room", "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success() && text.contains("came back"), "{text}{}", String::from_utf8_lossy(&out.stderr));
}
