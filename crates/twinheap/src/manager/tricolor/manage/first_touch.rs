//! What the first write to a collection costs while marking: counted in objects that the writer marks, not in time.
//! The collector is held between its stop and its first root meanwhile, so nothing is marked by anybody else.
//! Overview: `manager::tricolor`.

use super::*;
use crate::{Gc, GcCell, GcMap, GcVec, Heap, Mutation, Rootable, TricolorSolo};

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
    let marked = lock(&record.gray).marker.objects;
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
