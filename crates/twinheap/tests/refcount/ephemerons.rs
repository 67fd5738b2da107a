//! `RefCount`: values of ephemerons, which go in the middle of something, and whose leaves then run the program's own code.
//! What a reviewer broke.  The laws of weak maps are in `contract/weak_maps.rs`.

use super::*;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use twinheap::GcWeakMap;

type Shared = Rc<Heap<Base, RefCount>>;
thread_local! {
    static HEAP: RefCell<Option<Shared>> = const { RefCell::new(None) };
    /// How often a walk saw the key, how many objects the collection found, and how many values were dropped.
    static SEEN: Cell<[usize; 3]> = const { Cell::new([0; 3]) };
}
fn note(which: usize, n: usize) {
    let mut seen = SEEN.get();
    seen[which] += n;
    SEEN.set(seen)
}

/// In its `Drop`, which runs between sessions, it does this with the thread's heap.
struct Does(fn(&mut Mutator<Base, RefCount>));
impl Drop for Does {
    fn drop(&mut self) {
        let heap = HEAP.with_borrow(|heap| heap.clone().expect("there is one"));
        self.0(&mut heap.mutator().expect("no other one"))
    }
}
struct Gone;
impl Drop for Gone {
    fn drop(&mut self) {
        note(2, 1)
    }
}

#[derive(Trace)]
#[trace(manager = RefCount)]
struct Key<'gc> {
    text: Static<String>,
    link: Slot<'gc, Key<'gc>, RefCount>,
}
#[derive(Trace)]
#[trace(manager = RefCount)]
struct Value<'gc> {
    key: Slot<'gc, Key<'gc>, RefCount>,
    does: Option<Static<Does>>,
    gone: Static<Gone>,
}
type Values<'gc> = GcWeakMap<'gc, Key<'gc>, Gc<'gc, Value<'gc>, RefCount>, RefCount>;
fn key<'gc>(text: &str) -> Key<'gc> {
    Key { text: Static(text.to_owned()), link: Slot::empty() }
}

struct KeyRoot;
impl Rootable<RefCount> for KeyRoot {
    type Root<'gc> = Key<'gc>;
}
struct DoesRoot;
impl Rootable<RefCount> for DoesRoot {
    type Root<'gc> = Static<Does>;
}

/// A heap of this thread's, with a map in its root.
fn shared() -> Shared {
    let heap = Rc::new(Heap::<Base, RefCount>::new(quiet(), |_| GcCell::new(Vec::new())).unwrap());
    heap.mutator().unwrap().mutate(|mc, root| {
        root.borrow_mut(mc).push(GcAny::new(Gc::new(mc, Values::new())));
    });
    HEAP.set(Some(heap.clone()));
    heap
}
fn map<'gc>(root: &GcCell<Vec<GcAny<'gc, RefCount>>, RefCount>) -> Gc<'gc, Values<'gc>, RefCount> {
    root.borrow()[0].clone().downcast::<Values<'_>>().expect("a map")
}

/// A value goes before its key's drop glue; the key is in release by then, and nobody may find and keep it.
#[test]
fn a_key_in_release_is_not_found_by_a_walk() {
    fn keep_the_key(m: &mut Mutator<Base, RefCount>) {
        m.mutate(|mc, root| {
            let mut found = Vec::new();
            mc.walk(|any| found.extend(any.downcast::<Key<'_>>().ok()));
            note(0, found.len());
            root.borrow_mut(mc).extend(found.into_iter().map(GcAny::new));
        })
    }
    let heap = shared();
    let mut m = heap.mutator().unwrap();
    let only = m.root::<KeyRoot>(|_, _| key("the only one"));
    m.mutate(|mc, root| {
        let (map, mut keys) = (map(root), Vec::new());
        mc.walk(|any| keys.extend(any.downcast::<Key<'_>>().ok()));
        assert_eq!((keys.len(), keys[0].text.as_str()), (1, "the only one"));
        let value = Value { key: Slot::empty(), does: Some(Static(Does(keep_the_key))), gone: Static(Gone) };
        map.insert(mc, &keys[0], Gc::new(mc, value));
    });
    drop(m);
    drop(only);
    assert_eq!(SEEN.get(), [0, 0, 1]);
    let mut m = heap.mutator().unwrap();
    m.verify().unwrap();
    m.mutate(|_, root| assert_eq!((root.borrow().len(), map(root).len()), (1, 0)));
    assert_eq!(full(&mut m), 0);
    drop((m, HEAP.take()));
}

/// A leaf is dropped, and in there a collection clears ephemerons: their values go with it, not when the leaf's release ends.
#[test]
fn a_collection_in_a_drop_lets_values_go_itself() {
    fn collect(m: &mut Mutator<Base, RefCount>) {
        note(1, m.collect(Request::FULL).objects);
        assert_eq!(SEEN.get()[2], 1, "gone with its collection");
        m.verify().unwrap()
    }
    let heap = shared();
    let mut m = heap.mutator().unwrap();
    let leaf = m.root::<DoesRoot>(|_, _| Static(Does(collect)));
    m.mutate(|mc, root| {
        let key = Gc::new(mc, key("kept by its value"));
        let value = Value { key: Slot::new(Some(key.clone())), does: None, gone: Static(Gone) };
        map(root).insert(mc, &key, Gc::new(mc, value));
    });
    drop(m);
    drop(leaf);
    assert_eq!(SEEN.get(), [0, 2, 1]);
    let mut m = heap.mutator().unwrap();
    assert_eq!(m.stats().drop_panics, 0);
    m.verify().unwrap();
    m.mutate(|_, root| assert_eq!(map(root).len(), 0));
    assert_eq!(full(&mut m), 0);
    drop((m, HEAP.take()));
}
