//! The *hot potato*: objects each with exactly one pointer to it, which moves all the time.  (Random graphs are too well
//! connected: they hide lost references.)  For `tests/stress.rs` and `tests/shuttle.rs`.
//! Not who passes them on, nor how often.

use twinheap::{Gc, GcCell, Manager, Mutation, Rootable, Slot, Trace};

pub const MAGIC: u64 = 0x5eed_1234_abcd_0042;

/// Marsaglia's xorshift.
pub struct Random(pub u64);
impl Random {
    pub fn below(&mut self, m: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % m as u64) as usize
    }
}

#[derive(Trace)]
pub struct Potato<'gc, M: Manager> {
    pub id: u64,
    pub check: u64,
    pub text: String,
    pub child: Slot<'gc, Potato<'gc, M>, M>,
}
#[derive(Trace)]
pub struct Hand<'gc, M: Manager> {
    pub slot: Slot<'gc, Potato<'gc, M>, M>,
    pub cell: GcCell<Vec<Gc<'gc, Potato<'gc, M>, M>>, M>,
}
pub struct Hands;
impl<M: Manager> Rootable<M> for Hands {
    type Root<'gc> = Gc<'gc, Vec<Gc<'gc, Hand<'gc, M>, M>>, M>;
}
pub fn potato<'gc, M: Manager>(mc: &Mutation<'gc, M>, id: u64) -> Gc<'gc, Potato<'gc, M>, M> {
    let child = one(mc, id + 1, None);
    one(mc, id, Some(child))
}
/// One object, with or without a child.
pub fn one<'gc, M: Manager>(
    mc: &Mutation<'gc, M>,
    id: u64,
    child: Option<Gc<'gc, Potato<'gc, M>, M>>,
) -> Gc<'gc, Potato<'gc, M>, M> {
    Gc::new(mc, Potato { id, check: id ^ MAGIC, text: format!("p{id}"), child: Slot::new(child) })
}
pub fn whole<M: Manager>(potato: &Potato<'_, M>) {
    assert_eq!(potato.id ^ MAGIC, potato.check, "a block that is somebody else's, or nobody's");
    assert_eq!(potato.text, format!("p{}", potato.id));
}
/// The potato, and its child with the next number: a block that was freed and filled again is somebody else.
pub fn pair<M: Manager>(potato: &Potato<'_, M>) {
    whole(potato);
    let child = potato.child.get().expect("every potato has its child");
    whole(&child);
    assert_eq!(child.id, potato.id + 1);
}
pub fn hands<'gc, M: Manager>(mc: &Mutation<'gc, M>, count: usize) -> Gc<'gc, Vec<Gc<'gc, Hand<'gc, M>, M>>, M> {
    let hand = |i: u64| Hand {
        slot: Slot::new(i.is_multiple_of(2).then(|| potato(mc, i * 10))),
        cell: GcCell::new(vec![potato(mc, i * 10 + 2), potato(mc, i * 10 + 4)]),
    };
    let all = (0..count as u64).map(|i| Gc::new(mc, hand(i))).collect();
    Gc::new(mc, all)
}
pub fn pass_in_slots<'gc, M: Manager>(mc: &Mutation<'gc, M>, a: &Hand<'gc, M>, b: &Hand<'gc, M>) {
    let Some(p) = a.slot.take(mc) else { return };
    whole(&p);
    let child = p.child.take(mc).expect("every potato has its child");
    whole(&child);
    assert_eq!(child.id, p.id + 1);
    p.child.set(mc, Some(child));
    if b.slot.is_empty() { b.slot.set(mc, Some(p)) } else { a.slot.set(mc, Some(p)) }
}
