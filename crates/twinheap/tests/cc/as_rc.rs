//! Whatever `Rc` can do: each function runs over `Rc` and over `Cc`, and both must write the same.

use std::{
    any::Any,
    borrow::{Borrow, Cow},
    cell::{Cell, RefCell},
    collections::{BTreeSet, HashMap, hash_map::DefaultHasher},
    fmt::{Debug, Write as _},
    hash::{Hash, Hasher},
    panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
};

macro_rules! same {
    ($($name:ident($log:ident) $body:block)*) => {
        mod with_rc {
            use super::*;
            use std::rc::{Rc as P, Weak as W};
            macro_rules! widen { ($p:expr => $to:ty) => { $p as P<$to> } }
            macro_rules! widen_weak { ($p:expr => $to:ty) => { $p as W<$to> } }
            $(pub fn $name($log: &mut String) $body)*
        }
        mod with_cc {
            use super::*;
            use twinheap::{Cc as P, cc::Weak as W};
            macro_rules! widen { ($p:expr => $to:ty) => { twinheap::unsize!($p => $to) } }
            macro_rules! widen_weak { ($p:expr => $to:ty) => { twinheap::unsize!($p => $to) } }
            $(pub fn $name($log: &mut String) $body)*
        }
        $(#[test]
        fn $name() {
            let (mut rc, mut cc) = (String::new(), String::new());
            with_rc::$name(&mut rc);
            with_cc::$name(&mut cc);
            assert!(!rc.is_empty(), "nothing was compared");
            assert_eq!(rc, cc);
            twinheap::cc::verify().unwrap();
            assert_eq!(twinheap::cc::stats().ladder.live_bytes(), 0);
        })*
    };
}

/// Says so when it is cloned or dropped.
#[derive(Debug, twinheap::Trace)]
struct Told(#[trace(static)] &'static str, twinheap::cc::Leaf<std::rc::Rc<RefCell<String>>>);
impl Clone for Told {
    fn clone(&self) -> Self {
        write!(self.1.borrow_mut(), "clone {}, ", self.0).unwrap();
        Told(self.0, self.1.clone())
    }
}
thread_local!(static LEAVES: Cell<u32> = const { Cell::new(0) });
/// A leaf that counts its drops.
#[derive(Debug, Clone, Default, PartialEq, twinheap::Trace)]
struct Counted(twinheap::cc::Leaf<Count>);
#[derive(Debug, Clone, Default, PartialEq)]
struct Count;
impl Drop for Count {
    fn drop(&mut self) {
        LEAVES.set(LEAVES.get() + 1)
    }
}
fn hash(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}
trait Shape {
    fn area(&self) -> u32;
    fn grow(&mut self) {}
}
trait Named: Shape {
    fn name(&self) -> String;
}
#[derive(twinheap::Trace)]
struct Square(u32, Counted);
impl Shape for Square {
    fn area(&self) -> u32 {
        self.0 * self.0
    }
    fn grow(&mut self) {
        self.0 += 1
    }
}
impl Named for Square {
    fn name(&self) -> String {
        format!("square of {}", self.0)
    }
}

same! {
    counts_and_unwrapping(log) {
        let a = P::new(String::from("a"));
        let b = a.clone();
        let w = P::downgrade(&a);
        let v = w.clone();
        writeln!(log, "{} {} {} {}", P::strong_count(&a), P::weak_count(&a), w.strong_count(), v.weak_count()).unwrap();
        writeln!(log, "{:?}", P::try_unwrap(a).map_err(|a| P::strong_count(&a))).unwrap();
        writeln!(log, "{:?} {:?}", P::into_inner(b), w.upgrade()).unwrap();
        writeln!(log, "{} {}", w.strong_count(), w.weak_count()).unwrap();
        let c = P::new(1);
        let d = c.clone();
        writeln!(log, "{:?} {:?}", P::into_inner(c), P::into_inner(d)).unwrap();
        let told = twinheap::cc::Leaf::<std::rc::Rc<RefCell<String>>>::default();
        let e = P::new(Told("e", told.clone()));
        let f = e.clone();
        let (e, f) = (P::unwrap_or_clone(e), P::unwrap_or_clone(f));
        writeln!(log, "{}{} {}", RefCell::borrow(&told), e.0, f.0).unwrap();
    }
    made_in_every_way(log) {
        let (a, b): (P<u32>, P<u32>) = (P::from(5), P::from(Box::new(5)));
        writeln!(log, "{} {:?} {}", a == b, P::<u32>::default(), *P::pin(7)).unwrap();
        let pinned: Pin<P<u32>> = Default::default();
        let same = pinned.clone();
        writeln!(log, "{pinned} {}", *same).unwrap();
        let slices: [P<[u8]>; 7] = [
            P::from(vec![1, 2, 3]), P::from(&[1, 2, 3][..]), P::from(&mut [1, 2, 3][..]), P::from([1, 2, 3]),
            P::from(vec![1, 2, 3].into_boxed_slice()), (1..4).collect(), P::from(Cow::Borrowed(&[1u8, 2, 3][..])),
        ];
        writeln!(log, "{slices:?} {:?}", P::<[u8]>::default()).unwrap();
        let texts: [P<str>; 6] = [
            "text".into(), P::from(&mut *String::from("text")), String::from("text").into(), Box::<str>::from("text").into(),
            Cow::Borrowed("text").into(), Cow::<str>::Owned("text".into()).into(),
        ];
        writeln!(log, "{texts:?} {:?}", P::<str>::default()).unwrap();
        let bytes: P<[u8]> = texts[0].clone().into();
        writeln!(log, "{bytes:?} {} {}", P::strong_count(&bytes), bytes.as_ptr() == texts[0].as_ptr()).unwrap();
    }
    // Of everything `Rc` asks of its `T`, and of what it does not.
    comparisons_hashes_and_words(log) {
        let (a, b) = (P::new(1.5), P::new(f64::NAN));
        writeln!(log, "{:?} {:?} {} {}", a.partial_cmp(&b), a.partial_cmp(&a), b == b.clone(), a < P::new(2.0)).unwrap();
        let (x, y): (P<str>, P<str>) = ("x".into(), "y".into());
        writeln!(log, "{:?} {} {} {}", x.cmp(&y), x <= y, x != y, hash(&x) == hash("x")).unwrap();
        let s: P<[u8]> = P::from([1, 2]);
        writeln!(log, "{} {}", hash(&s) == hash([1u8, 2].as_slice()), s > P::from([1])).unwrap();
        let map: HashMap<P<str>, u32> = [(x.clone(), 1), (y, 2)].into();
        writeln!(log, "{:?} {}", map.get("y"), BTreeSet::from([P::new(2), P::new(1)]).first().unwrap()).unwrap();
        writeln!(log, "{x} {x:?} {s:?} {:>4} {:#?}", P::new(3), P::new((1, "z"))).unwrap();
        writeln!(log, "{}", format!("{s:p}") == format!("{:p}", &raw const *s)).unwrap();
        let by: &str = x.borrow();
        let r: &str = x.as_ref();
        writeln!(log, "{by} {r} {:?} {:?}", W::<u8>::new(), P::downgrade(&x)).unwrap();
    }
    unique_access(log) {
        let mut a = P::new(Counted::default());
        let w = P::downgrade(&a);
        writeln!(log, "{}", P::get_mut(&mut a).is_some()).unwrap();
        // Only weak ones beside it: they die, and nothing is cloned.
        let before = LEAVES.get();
        let _ = P::make_mut(&mut a);
        writeln!(log, "{} {:?} {}", LEAVES.get() - before, w.upgrade().is_some(), P::weak_count(&a)).unwrap();
        let b = a.clone();
        writeln!(log, "{}", P::get_mut(&mut a).is_some()).unwrap();
        let _ = P::make_mut(&mut a);
        writeln!(log, "{} {} {}", P::ptr_eq(&a, &b), P::strong_count(&a), P::strong_count(&b)).unwrap();
        let mut s: P<[String]> = P::from(["a".to_owned(), "b".to_owned()]);
        let t = s.clone();
        P::make_mut(&mut s)[1].push('!');
        P::get_mut(&mut s).unwrap()[0].push('?');
        writeln!(log, "{s:?} {t:?}").unwrap();
        let mut x: P<str> = "abc".into();
        let y = x.clone();
        P::make_mut(&mut x).make_ascii_uppercase();
        writeln!(log, "{x} {y}").unwrap();
        let mut d: P<dyn Shape> = widen!(P::new(Square(3, Counted::default())) => dyn Shape);
        P::get_mut(&mut d).unwrap().grow();
        writeln!(log, "{}", d.area()).unwrap();
    }
    self_reference(log) {
        let seen = Cell::new(None);
        let a = P::new_cyclic(|me: &W<(u32, W<u32>)>| {
            seen.set(Some(me.clone()));
            writeln!(log, "{:?} {} {}", me.upgrade().is_some(), me.strong_count(), me.weak_count()).unwrap();
            (5, W::new())
        });
        let seen = seen.take().unwrap();
        writeln!(log, "{} {} {}", seen.upgrade().unwrap().0, P::strong_count(&a), P::weak_count(&a)).unwrap();
        writeln!(log, "{}", std::ptr::eq(seen.as_ptr(), P::as_ptr(&a))).unwrap();
        // A closure that panics leaves nothing behind, and the handle never answers.
        let kept = Cell::new(None);
        let panicked = catch_unwind(AssertUnwindSafe(|| P::new_cyclic(|me: &W<Counted>| {
            kept.set(Some(me.clone()));
            resume_unwind(Box::new("no value"))
        }))).is_err();
        let kept = kept.take().unwrap();
        writeln!(log, "{panicked} {:?} {} {}", kept.upgrade().is_some(), kept.strong_count(), kept.weak_count()).unwrap();
        // What was unsized before there was a target.
        let early = Cell::new(None);
        let b = P::new_cyclic(|me: &W<Square>| {
            early.set(Some(widen_weak!(me.clone() => dyn Shape)));
            Square(4, Counted::default())
        });
        let early = early.take().unwrap();
        writeln!(log, "{}", early.upgrade().unwrap().area()).unwrap();
        drop(b);
        writeln!(log, "{}", early.upgrade().is_some()).unwrap();
    }
    which_is_which(log) {
        let (a, b) = (P::new(1u8), P::new(1u8));
        writeln!(log, "{} {} {}", P::ptr_eq(&a, &b), P::ptr_eq(&a, &a.clone()), std::ptr::eq(P::as_ptr(&a), &raw const *a)).unwrap();
        let (v, w) = (P::downgrade(&a), P::downgrade(&b));
        writeln!(log, "{} {} {}", v.ptr_eq(&w), v.ptr_eq(&P::downgrade(&a)), W::<u8>::new().ptr_eq(&W::new())).unwrap();
        writeln!(log, "{} {}", v.ptr_eq(&W::new()), std::ptr::eq(v.as_ptr(), P::as_ptr(&a))).unwrap();
        let clone = v.clone();
        drop((a, b));
        writeln!(log, "{} {} {}", v.ptr_eq(&w), v.ptr_eq(&clone), v.ptr_eq(&W::new())).unwrap();
    }
    slices_arrays_and_trait_objects(log) {
        let before = LEAVES.get();
        let array = P::new([Counted::default(), Counted::default()]);
        let slice: P<[Counted]> = widen!(array.clone() => [Counted]);
        let same = P::as_ptr(&array).cast::<u8>() == P::as_ptr(&slice).cast();
        writeln!(log, "{} {} {same}", slice.len(), P::strong_count(&array)).unwrap();
        drop(array);
        let back: P<[Counted; 2]> = slice.try_into().unwrap();
        let made: P<[Counted]> = vec![Counted::default(), Counted::default(), Counted::default()].into();
        let wrong: Result<P<[Counted; 2]>, _> = made.clone().try_into();
        writeln!(log, "{:?}", wrong.map_err(|slice| slice.len()).err()).unwrap();
        let three: P<[Counted; 3]> = made.try_into().unwrap();
        writeln!(log, "{} {}", P::strong_count(&three), LEAVES.get() - before).unwrap();
        let moved = P::try_unwrap(three).unwrap();
        writeln!(log, "{}", LEAVES.get() - before).unwrap();
        drop((moved, back));
        writeln!(log, "{}", LEAVES.get() - before).unwrap();

        let named: P<dyn Named> = widen!(P::new(Square(3, Counted::default())) => dyn Named);
        let weak = P::downgrade(&named);
        // Up to a supertrait.
        let shape: P<dyn Shape> = widen!(named.clone() => dyn Shape);
        let weak_shape: W<dyn Shape> = widen_weak!(weak.clone() => dyn Shape);
        writeln!(log, "{} {} {}", named.name(), shape.area(), weak_shape.upgrade().unwrap().area()).unwrap();
        writeln!(log, "{} {}", P::strong_count(&shape), P::weak_count(&named)).unwrap();
        drop((named, shape));
        writeln!(log, "{} {} {}", weak.upgrade().is_some(), weak_shape.upgrade().is_some(), LEAVES.get() - before).unwrap();

        let never: W<dyn Shape> = widen_weak!(W::<Square>::new() => dyn Shape);
        writeln!(log, "{} {}", never.upgrade().is_some(), never.strong_count()).unwrap();
        let any: P<dyn Any> = widen!(P::new(5u32) => dyn Any);
        let any = any.downcast::<u64>().map_err(|any| any.downcast::<u32>().unwrap()).unwrap_err();
        writeln!(log, "{any}").unwrap();
        let shown: [P<dyn Debug>; 2] = [widen!(P::new(1) => dyn Debug), widen!(P::new("x") => dyn Debug)];
        writeln!(log, "{shown:?}").unwrap();
    }
    sizes(log) {
        let sizes = [
            size_of::<P<u8>>(), size_of::<Option<P<u8>>>(), size_of::<P<[u8]>>(), size_of::<Option<P<str>>>(),
            size_of::<Option<P<dyn Debug>>>(),
        ];
        writeln!(log, "{sizes:?}").unwrap();
    }
    // As the table in the module's documentation has them.
    auto_traits(log) {
        fn unwinds<T: UnwindSafe + RefUnwindSafe + Unpin>() -> &'static str { std::any::type_name::<T>() }
        for name in [unwinds::<P<std::marker::PhantomPinned>>(), unwinds::<P<dyn Shape + RefUnwindSafe>>()] {
            writeln!(log, "{}", name.split_once('<').unwrap().1).unwrap();
        }
    }
    elements_of_every_sort(log) {
        for n in [0usize, 1, 7, 8, 9, 100, 5_000].map(|n| if cfg!(miri) { n.min(40) } else { n }) {
            let bytes: P<[u8]> = (0..n).map(|i| i as u8).collect();
            let words: P<[u64]> = (0..n as u64).collect();
            let nothing: P<[()]> = vec![(); n].into();
            let texts: P<[String]> = (0..n.min(200)).map(|i| i.to_string()).collect();
            let text: P<str> = "é".repeat(n).into();
            let sum: u64 = bytes.iter().map(|&b| u64::from(b)).sum::<u64>() + words.iter().sum::<u64>();
            writeln!(log, "{sum} {} {} {}", nothing.len(), text.len(), texts.concat()).unwrap();
        }
        // More than there is address space for, of nothing.  (Miri would count.)
        writeln!(log, "{}", P::<[()]>::from(vec![(); if cfg!(miri) { 100 } else { usize::MAX }]).len()).unwrap();
    }
}
