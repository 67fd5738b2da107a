//! Slices, text and trait objects as fields: seen by collections, whatever they are seen as by the program.

use super::{Count, Leaf};
use std::{
    any::Any,
    cell::{Cell, RefCell},
    rc::Rc,
};
use twinheap::{
    Cc, Trace,
    cc::{self, Weak},
    unsize,
};

/// What a program may want of anything in its graph.
trait Thing {
    fn name(&self) -> &str;
    fn link(&self, to: Cc<dyn Thing>);
}
/// Every sort of field there is.
#[derive(Trace)]
struct Hub {
    name: Cc<str>,
    to: RefCell<Vec<Cc<dyn Thing>>>,
    maybe: RefCell<Option<Cc<dyn Thing>>>,
    rows: RefCell<Cc<[RefCell<Option<Cc<Hub>>>]>>,
    maybe_rows: RefCell<Option<Cc<[Cc<dyn Thing>]>>>,
    text: Option<Cc<str>>,
    any: RefCell<Option<Cc<dyn Any>>>,
    weak: RefCell<Option<Weak<dyn Thing>>>,
    weak_rows: RefCell<Option<Weak<[Cc<dyn Thing>]>>>,
    count: Leaf<Count>,
}
#[derive(Trace)]
struct Small(u8, Cell<Option<Cc<dyn Thing>>>, Leaf<Count>);
impl Thing for Hub {
    fn name(&self) -> &str {
        &self.name
    }
    fn link(&self, to: Cc<dyn Thing>) {
        self.to.borrow_mut().push(to)
    }
}
impl Thing for Small {
    fn name(&self) -> &str {
        "small"
    }
    fn link(&self, to: Cc<dyn Thing>) {
        self.1.set(Some(to))
    }
}
fn hub(name: &str, dropped: &Rc<Cell<u32>>) -> Cc<Hub> {
    Cc::new(Hub {
        name: name.into(),
        to: RefCell::default(),
        maybe: RefCell::default(),
        rows: RefCell::new(Cc::default()),
        maybe_rows: RefCell::default(),
        text: Some("text".into()),
        any: RefCell::default(),
        weak: RefCell::default(),
        weak_rows: RefCell::default(),
        count: Leaf(Count(dropped.clone())),
    })
}
fn small(dropped: &Rc<Cell<u32>>) -> Cc<Small> {
    Cc::new(Small(0, Cell::new(None), Leaf(Count(dropped.clone()))))
}
fn nothing_is_left() {
    cc::verify().unwrap();
    assert_eq!(cc::stats().ladder.live_bytes(), 0);
}

#[test]
fn cycles_through_trait_objects() {
    let dropped = Rc::default();
    let (a, b) = (hub("a", &dropped), small(&dropped));
    let things: [Cc<dyn Thing>; 2] = [unsize!(a.clone() => dyn Thing), unsize!(b => dyn Thing)];
    things[0].link(things[1].clone());
    things[1].link(things[0].clone());
    *a.maybe.borrow_mut() = Some(things[0].clone());
    assert_eq!(cc::collect(), 0);
    assert_eq!((things[0].name(), things[1].name()), ("a", "small"));
    let weak = Cc::downgrade(&things[1]);
    drop((things, a));
    assert_eq!(dropped.get(), 0);
    assert!(weak.upgrade().is_some());
    cc::verify().unwrap();
    // The two, and the hub's slice without elements.
    assert_eq!(cc::collect(), 3);
    assert_eq!(dropped.get(), 2);
    assert!(weak.upgrade().is_none());
    drop(weak);
    nothing_is_left();
}

#[test]
fn cycles_through_slices() {
    // One that was made as a slice, and an array seen as one.
    for made in [true, false] {
        let dropped = Rc::default();
        let a = hub("a", &dropped);
        let rows: Cc<[RefCell<Option<Cc<Hub>>>]> = match made {
            true => (0..3).map(|_| RefCell::new(None)).collect(),
            false => unsize!(Cc::new([const { RefCell::new(None) }; 3]) => [RefCell<Option<Cc<Hub>>>]),
        };
        *rows[2].borrow_mut() = Some(a.clone());
        *rows[0].borrow_mut() = Some(hub("b", &dropped));
        *a.rows.borrow_mut() = rows.clone();
        assert_eq!(cc::collect(), 0);
        let weak = Cc::downgrade(&rows);
        assert_eq!(weak.upgrade().unwrap().len(), 3);
        drop(a);
        // The slice is held from outside: an element of it is borrowed, and it is all alive.
        let open = rows[1].borrow_mut();
        assert_eq!(cc::collect(), 0);
        drop(open);
        drop(rows);
        assert_eq!(dropped.get(), 0);
        // The hub and the slice; the other hub and its slice die with them.
        assert_eq!(cc::collect(), 4);
        assert_eq!(dropped.get(), 2);
        assert!(weak.upgrade().is_none());
        drop(weak);
        nothing_is_left();
    }
}

#[test]
fn a_slice_of_trait_objects_that_holds_its_holder() {
    let dropped = Rc::default();
    let a = hub("a", &dropped);
    let all: Cc<[Cc<dyn Thing>]> = Cc::from([unsize!(a.clone() => dyn Thing), unsize!(small(&dropped) => dyn Thing)]);
    *a.weak_rows.borrow_mut() = Some(Cc::downgrade(&all));
    *a.weak.borrow_mut() = Some(Cc::downgrade(&all[1]));
    *a.any.borrow_mut() = Some(unsize!(a.clone() => dyn Any));
    *a.maybe_rows.borrow_mut() = Some(all);
    assert_eq!(a.weak_rows.borrow().as_ref().unwrap().upgrade().unwrap()[1].name(), "small");
    assert_eq!(a.weak.borrow().as_ref().unwrap().upgrade().unwrap().name(), "small");
    let any = a.any.borrow().clone().unwrap().downcast::<Hub>().unwrap_or_else(|_| panic!("a hub"));
    assert!(Cc::ptr_eq(&any, &a));
    assert_eq!(any.text.as_deref(), Some("text"));
    drop(any);
    cc::verify().unwrap();
    drop(a);
    assert_eq!(dropped.get(), 0);
    cc::collect();
    assert_eq!(dropped.get(), 2);
    nothing_is_left();
}

/// A slice of handles that never change is in no cycle when what they lead to is not.
#[test]
fn what_is_in_no_cycle_is_not_examined() {
    let texts: Cc<[Cc<str>]> = ["a", "b"].map(Cc::from).into();
    let of_texts: Cc<[Cc<[Cc<str>]>]> = Cc::from([texts.clone(), texts]);
    cc::collect();
    let before = cc::stats().objects_marked;
    cc::collect();
    assert_eq!(cc::stats().objects_marked, before);
    assert_eq!(&*of_texts[1][1], "b");
    drop(of_texts);
    nothing_is_left();
    // And in one when it is.
    let dropped = Rc::default();
    let a = small(&dropped);
    let of_one: Cc<[Cc<dyn Thing>]> = Cc::from([unsize!(a.clone() => dyn Thing)]);
    a.1.set(Some(of_one[0].clone()));
    drop((a, of_one));
    assert_eq!(cc::collect(), 1);
    assert_eq!(dropped.get(), 1);
    nothing_is_left();
}

#[test]
fn elements_are_dropped_in_order_and_once() {
    thread_local!(static ORDER: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) });
    struct Says(usize);
    impl Drop for Says {
        fn drop(&mut self) {
            ORDER.with_borrow_mut(|order| order.push(self.0));
            if self.0 == 3 {
                std::panic::resume_unwind(Box::new("an element"))
            }
        }
    }
    for n in [0, 1, 3, 100, 10_000] {
        let n = if cfg!(miri) { n.min(20) } else { n };
        let slice: Cc<[Leaf<Says>]> = (0..n).map(|i| Leaf(Says(i))).collect();
        drop(slice);
        // The one that panics loses nobody else's drop.
        assert!(ORDER.take().into_iter().eq(0..n));
    }
    assert_eq!(cc::stats().drop_panics, 2);
    nothing_is_left();
}

/// A weak handle to a slice or a trait object answers as long as the value is there, and nothing else is taken for it.
#[test]
fn memory_that_was_a_slice_is_used_again() {
    let mut weak = Vec::new();
    for round in 0..if cfg!(miri) { 8 } else { 300 } {
        let slice: Cc<[u32]> = (0..round % 17).collect();
        weak.push((Cc::downgrade(&slice), round % 17));
        if round % 3 == 0 {
            let other: Cc<str> = "x".repeat(round as usize % 40).into();
            assert_eq!(other.len(), round as usize % 40);
        }
        assert!(weak.iter().rev().skip(1).all(|(w, _)| w.upgrade().is_none()));
        assert_eq!(weak.last().unwrap().0.upgrade().unwrap().len(), round as usize % 17);
        drop(slice);
    }
    assert!(weak.iter().all(|(w, _)| w.upgrade().is_none()));
    drop(weak);
    nothing_is_left();
}

#[test]
fn a_long_list_of_trait_objects_drops_on_a_small_stack() {
    trait Tail {}
    #[derive(Trace)]
    struct Link(Option<Cc<dyn Tail>>);
    impl Tail for Link {}
    let list = || {
        let mut list: Cc<dyn Tail> = unsize!(Cc::new(Link(None)) => dyn Tail);
        for _ in 0..if cfg!(miri) { 200 } else { 1_000_000 } {
            list = unsize!(Cc::new(Link(Some(list))) => dyn Tail);
        }
        drop(list);
        nothing_is_left();
    };
    std::thread::Builder::new().stack_size(256 << 10).spawn(list).unwrap().join().unwrap()
}
