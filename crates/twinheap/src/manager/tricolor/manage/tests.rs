//! What sessions do while the collector is held at a place of its way, by a lock that it wants.
//!
//! Between its stop and its first root: then what is marked was marked by the session, so that the cost of a first write is
//! counted in objects, not in time.  Between a round of ephemerons and F1: then the session marks what the round missed.
//! Overview: `manager::tricolor`.

use super::*;
use crate::{Gc, GcCell, GcMap, GcVec, GcWeakMap, Heap, Mutation, Rootable, Slot, Tricolor, TricolorSolo};

type Solo = TricolorSolo;
struct Places<'gc> {
    vec: Gc<'gc, GcVec<'gc, Gc<'gc, u64, Solo>, Solo>, Solo>,
    map: Gc<'gc, GcMap<'gc, u32, Gc<'gc, u64, Solo>, Solo>, Solo>,
    cell: Gc<'gc, GcCell<Vec<Gc<'gc, u64, Solo>>, Solo>, Solo>,
}
// SAFETY: the three handles, once each.
unsafe impl<'gc> Trace<'gc, Solo> for Places<'gc> {
    type Id = Places<'static>;
    const NEEDS_TRACE: bool = true;
    const DROP: crate::object::type_info::DropKind = crate::object::type_info::DropKind::None;
    fn trace<V: Visitor<Solo>>(&self, visitor: &mut V) {
        self.vec.trace(visitor);
        self.map.trace(visitor);
        self.cell.trace(visitor);
    }
}
struct R;
impl Rootable<Solo> for R {
    type Root<'gc> = Gc<'gc, Places<'gc>, Solo>;
}

/// How many objects `touch` marks when it is the first to touch anything in a collection.
fn marked_by(n: u32, touch: impl for<'gc> FnOnce(&Mutation<'gc, Solo>, &Places<'gc>)) -> u64 {
    let config = Config { automatic: false, ..Config::default() };
    let heap = Heap::<R, Solo>::new(config, |mc| {
        let places = Places {
            vec: Gc::new(mc, GcVec::new()),
            map: Gc::new(mc, GcMap::new()),
            cell: Gc::new(mc, GcCell::new(Vec::new())),
        };
        places.vec.reserve(mc, n as usize + 1);
        places.map.reserve(mc, n as usize + 1);
        for i in 0..n {
            let number = || Gc::new(mc, u64::from(i));
            places.vec.push(mc, number());
            places.map.insert(mc, i, number());
            places.cell.borrow_mut(mc).push(number());
        }
        Gc::new(mc, places)
    });
    let mut m = heap.expect("a good configuration").mutator().expect("nobody has it");
    let (inner, record) = m.mutate(|mc, _| (mc.local().inner.clone(), mc.local().record.clone()));
    let pins = lock(&inner.pins);
    inner.request(Cause::Asked);
    while inner.phase.get() != Phase::Mark {
        std::thread::yield_now()
    }
    m.mutate(|mc, places| touch(mc, places));
    let marked = inner.count_marked(&mut lock(&record.gray).marker);
    drop(pins);
    m.collect(Request::FULL);
    m.verify().expect("every law holds");
    marked
}

#[test]
fn does_not_grow_with_the_length() {
    for n in [10, if cfg!(miri) { 100 } else { 50_000 }] {
        let new = |mc: &Mutation<'_, Solo>| mc.local().epoch.get().into();
        assert_eq!(marked_by(n, |mc, p| p.vec.set(mc, 3, Gc::new(mc, new(mc)))), 1, "the value overwritten");
        assert_eq!(marked_by(n, |mc, p| p.vec.push(mc, Gc::new(mc, new(mc)))), 0, "nothing is overwritten");
        assert_eq!(marked_by(n, |mc, p| p.vec.shrink_to_fit(mc)), 1, "the old storage");
        assert_eq!(marked_by(n, |mc, p| p.vec.clear(mc)), 1, "the old storage");
        assert_eq!(marked_by(n, |mc, p| assert!(p.map.insert(mc, 3, Gc::new(mc, new(mc))).is_some())), 1);
        assert_eq!(marked_by(n, |mc, p| assert!(p.map.insert(mc, n, Gc::new(mc, new(mc))).is_none())), 0);
        assert_eq!(marked_by(n, |mc, p| assert!(p.map.remove(mc, &3).is_some())), 1);
        assert_eq!(marked_by(n, |mc, p| p.map.clear(mc)), 1, "the old table");
        // What it would be otherwise; and so the count counts.
        assert_eq!(marked_by(n, |mc, p| drop(p.cell.borrow_mut(mc))), n.into());
    }
}

struct Weak<'gc> {
    map: GcWeakMap<'gc, u64, Gc<'gc, u64, Tricolor>, Tricolor>,
    kept: Slot<'gc, u64, Tricolor>,
}
// SAFETY: both fields, once each.
unsafe impl<'gc> Trace<'gc, Tricolor> for Weak<'gc> {
    type Id = Weak<'static>;
    const NEEDS_TRACE: bool = true;
    const DROP: crate::object::type_info::DropKind = crate::object::type_info::DropKind::None;
    fn trace<V: Visitor<Tricolor>>(&self, visitor: &mut V) {
        self.map.trace(visitor);
        self.kept.trace(visitor);
    }
}
struct W;
impl Rootable<Tricolor> for W {
    type Root<'gc> = Gc<'gc, Weak<'gc>, Tricolor>;
}

/// A key that nothing keeps is upgraded, and kept, when the collector has looked at all ephemerons and is about to end
/// marking.  It is a leaf: no gray object tells of it.  Its value must live all the same.
#[test]
fn a_key_marked_after_the_round_keeps_its_value() {
    let config = Config { automatic: false, ..Config::default() };
    let heap = Heap::<W, Tricolor>::new(config, |mc| {
        let weak = Gc::new(mc, Weak { map: GcWeakMap::new(), kept: Slot::empty() });
        weak.map.insert(mc, &Gc::new(mc, 1), Gc::new(mc, 0x5eed));
        weak
    });
    let heap = heap.expect("a good configuration");
    // The collector takes the gray locks in the order of mutators: it waits for the first one's and has no other then.
    let mut first = heap.mutator().expect("there are many");
    let mut second = heap.mutator().expect("there are many");
    let (inner, record) = first.mutate(|mc, _| (mc.local().inner.clone(), mc.local().record.clone()));
    let pins = lock(&inner.pins);
    inner.request(Cause::Asked);
    while inner.phase.get() != Phase::Mark {
        std::thread::yield_now()
    }
    let gray = lock(&record.gray);
    drop(pins);
    // F1 has the registry, and waits for the lock that we have: the round before it is over.
    let mut held = 0;
    while held < 5 {
        std::thread::sleep(std::time::Duration::from_millis(1));
        held = if inner.registry.try_lock().is_err() { held + 1 } else { 0 };
    }
    second.mutate(|mc, weak| {
        let (key, _) = weak.map.iter(mc).next().expect("no collection has ended");
        weak.kept.set(mc, Some(key));
    });
    drop(gray);
    let refill = |m: &mut crate::Mutator<W, Tricolor>| {
        m.mutate(|mc, _| {
            for i in 0..10_000 {
                Gc::new(mc, i);
            }
        })
    };
    second.collect(Request::FULL);
    refill(&mut second);
    second.mutate(|_, weak| assert_eq!(*weak.map.get(&weak.kept.get().expect("kept")).expect("its value"), 0x5eed));
    second.verify().expect("every law holds");
}
