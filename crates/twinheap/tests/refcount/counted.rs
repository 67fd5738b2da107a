//! What a collection says it collected, and what a program may see of what it found: CPython 3.13's numbers.

use super::*;

/// A container that is one for its program only while it says so.
#[derive(Trace)]
#[trace(manager = RefCount, counted = Self::is_seen)]
struct Part<'gc> {
    seen: bool,
    link: Slot<'gc, Part<'gc>, RefCount>,
}
impl Part<'_> {
    fn is_seen(&self) -> bool {
        self.seen
    }
}
/// A panic in the question means yes.
#[derive(Trace)]
#[trace(manager = RefCount, counted = Self::asked)]
struct Sour<'gc>(Slot<'gc, Sour<'gc>, RefCount>);
impl Sour<'_> {
    fn asked(&self) -> bool {
        panic!("asked")
    }
}
/// In no cycle, ever.
#[derive(Trace)]
#[trace(manager = RefCount)]
struct Fixed<'gc>(Option<Gc<'gc, Fixed<'gc>, RefCount>>);

fn parts(m: &mut Mutator<Base, RefCount>) {
    m.mutate(|mc, _| {
        let [a, b] = [true, false].map(|seen| Gc::new(mc, Part { seen, link: Slot::empty() }));
        a.link.set(mc, Some(b.clone()));
        b.link.set(mc, Some(a));
    })
}

#[test]
fn what_says_so_is_collected_and_not_counted() {
    for generation in [0, 2] {
        let (_h, mut m) = heap(quiet());
        parts(&mut m);
        assert_eq!(young(&mut m, generation), 1);
        assert_eq!(m.stats().released.by_collections, 2);
    }
    let (_h, mut m) = heap(manual());
    parts(&mut m);
    m.collect(Request { save_all: true, ..Request::FULL });
    m.mutate(|mc, _| {
        let Some(Pending::Saved { object: saved, .. }) = mc.next_pending() else { panic!("one is saved") };
        assert!(saved.downcast_ref::<Part>().unwrap().seen);
        assert!(mc.next_pending().is_none());
    });
    assert_eq!(full(&mut m), 1);
}

thread_local! {
    static GONE: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    static HELD: std::cell::RefCell<Option<Root<One, RefCount>>> = const { std::cell::RefCell::new(None) };
}
/// Says so as long as none of its kind is gone.
#[derive(Trace)]
#[trace(manager = RefCount, counted = Self::is_whole)]
struct Whole<'gc> {
    link: Slot<'gc, Whole<'gc>, RefCount>,
    leaf: Static<Goes>,
}
struct Goes;
impl Drop for Goes {
    fn drop(&mut self) {
        GONE.set(GONE.get() + 1)
    }
}
impl Whole<'_> {
    fn is_whole(&self) -> bool {
        // It may look around, too: what it refers to is whole as well.
        GONE.get() == 0 && self.link.get().is_some_and(|other| other.link.get().is_some())
    }
}
/// Lets go of something that the program holds elsewhere.
#[derive(Trace)]
#[trace(manager = RefCount, counted = Self::lets_go)]
struct Careless<'gc>(Slot<'gc, Careless<'gc>, RefCount>);
impl Careless<'_> {
    fn lets_go(&self) -> bool {
        HELD.with_borrow_mut(|held| drop(held.take()));
        true
    }
}

/// The question is asked of whole objects, before anything of them is destroyed.
#[test]
fn the_question_is_asked_of_the_whole() {
    for generation in [0, 2] {
        GONE.set(0);
        let (_h, mut m) = heap(quiet());
        m.mutate(|mc, _| {
            let [a, b] = [1, 2].map(|_| Gc::new(mc, Whole { link: Slot::empty(), leaf: Static(Goes) }));
            a.link.set(mc, Some(b.clone()));
            b.link.set(mc, Some(a));
        });
        assert_eq!(young(&mut m, generation), 2);
        assert_eq!(GONE.get(), 2);
    }
}

/// What answers is the program's code, which may release what it holds elsewhere; under zeal as well, whose walk is no time
/// for it.
#[test]
fn the_question_may_release() {
    for zeal in [None, Some(1)] {
        let (_h, mut m) = heap(Config { zeal, ..quiet() });
        let mut kept = m.mutate(|mc, root| {
            root.borrow_mut(mc).extend((0..20).map(|_| GcAny::new(node(mc))));
            20
        });
        let held = m.root::<One>(|mc, _| node(mc));
        HELD.set(Some(held));
        m.mutate(|mc, root| {
            root.borrow_mut(mc).extend((0..20).map(|_| GcAny::new(node(mc))));
            kept += 20;
            let a = Gc::new(mc, Careless(Slot::empty()));
            a.0.set(mc, Some(a.clone()));
        });
        m.mutate(|mc, root| root.borrow_mut(mc).push(GcAny::new(node(mc))));
        m.verify().unwrap();
        assert_eq!(full(&mut m), 1, "zeal {zeal:?}");
        assert!(HELD.take().is_none());
        assert_eq!(m.mutate(|_, root| root.borrow().len()), kept + 1);
        m.verify().unwrap();
    }
}

#[test]
fn a_panic_in_the_question_means_yes() {
    let (_h, mut m) = heap(quiet());
    m.mutate(|mc, _| {
        let a = Gc::new(mc, Sour(Slot::empty()));
        a.0.set(mc, Some(a.clone()));
    });
    assert_eq!(full(&mut m), 1);
    assert_eq!(m.stats().released.by_collections, 1);
}

/// CPython: it died when its finalizer returned, and the collection has nothing to do with it.
#[test]
fn what_finalizers_let_go_is_not_counted() {
    let (_h, mut m) = heap(manual());
    let log = Log::default();
    m.mutate(|mc, _| {
        let (a, b) = (last(mc, &log, "a"), last(mc, &log, "b"));
        a.links.borrow_mut(mc).extend([GcAny::new(a.clone()), GcAny::new(saying(mc, &log, "a's"))]);
        b.links.borrow_mut(mc).extend([GcAny::new(b.clone()), GcAny::new(saying(mc, &log, "b's"))]);
    });
    assert!(m.collect(Request::FULL).pending);
    m.mutate(|mc, _| {
        while let Some(Pending::Finalize { object: any, .. }) = mc.next_pending() {
            assert!(mc.state_of(&any).condemned && mc.state_of(&any).tracked && mc.state_of(&any).finalized);
            let dying = any.downcast_ref::<Last>().unwrap();
            if dying.name.0.1 == "a" {
                drop(std::mem::take(&mut *dying.links.borrow_mut(mc)));
            }
        }
    });
    // What was let go waits for the finalizers; then `b` and what it holds are the collection's.
    assert_eq!(said(&log), Vec::<String>::new());
    assert_eq!(m.finish_collection().map(|done| done.objects), Some(2));
    assert_eq!(said(&log), ["a's", "b's"]);
    m.verify().unwrap();
    let released = m.stats().released;
    assert_eq!((released.at_once, released.by_collections), (2, 2));
}

/// CPython untracks a tuple of what it does not track when a collection has looked at it.
#[test]
fn what_can_be_in_no_cycle_is_tracked_until_a_collection() {
    let (_h, mut m) = heap(quiet());
    for generation in [0, 1, 2] {
        m.mutate(|mc, root| {
            let inner = Gc::new(mc, Fixed(None));
            let all = [GcAny::new(Gc::new(mc, Fixed(Some(inner.clone())))), GcAny::new(inner)];
            assert!(all.iter().all(|any| mc.state_of(any).tracked));
            root.borrow_mut(mc).extend(all);
        });
        young(&mut m, generation);
        m.mutate(|mc, root| {
            assert!(root.borrow().iter().all(|any| !mc.state_of(any).tracked));
            assert!(mc.state_of(&GcAny::new(Gc::new(mc, Fixed(None)))).tracked);
        });
    }
    m.mutate(|mc, root| {
        mc.control(Command::Freeze);
        assert_eq!(mc.state_of(&root.borrow()[0]).generation, 3);
        mc.control(Command::Unfreeze);
        assert!(root.borrow().iter().all(|any| mc.state_of(any).generation == 2));
    });
    m.verify().unwrap();
    assert_eq!(full(&mut m), 0);
}

/// CPython appends the youngest to the oldest first, then the middle one.
#[test]
fn a_full_collection_finalizes_the_young_before_those_that_survived_one() {
    let (_h, mut m) = heap(quiet());
    let log = Log::default();
    m.mutate(|mc, root| {
        let a = last(mc, &log, "older");
        a.links.borrow_mut(mc).push(GcAny::new(a.clone()));
        root.borrow_mut(mc).push(GcAny::new(a));
    });
    young(&mut m, 0);
    m.mutate(|mc, root| {
        let a = last(mc, &log, "younger");
        a.links.borrow_mut(mc).push(GcAny::new(a.clone()));
        root.borrow_mut(mc).clear();
    });
    assert_eq!(full(&mut m), 2);
    assert_eq!(said(&log), ["del younger", "del older"]);
}
