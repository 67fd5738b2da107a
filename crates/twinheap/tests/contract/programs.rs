//! The same program under every manager: random operations on a graph, whose every read goes into a checksum, under
//! `Null`, which loses nothing, and under the manager at hand, which must not be seen.

use crate::trial::{Ledger, Node, R, Trial, check, collect, node_with};
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};
use twinheap::{Gc, GcAny, GcStr, Heap, Manager, Mutation, Null, Root, Tail, Unpacked, Val, ValSlot};

laws!(random_programs);

struct Random(u64);
impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n
    }
}
type N<'gc, M> = Gc<'gc, Node<'gc, M>, M>;
type Row<'gc, M> = Tail<(), ValSlot<'gc, M>>;

struct Program<'a> {
    random: Random,
    checksum: DefaultHasher,
    ledger: &'a Arc<Ledger>,
    born: u64,
}
impl Program<'_> {
    fn new_node<'gc, M: Manager>(&mut self, mc: &Mutation<'gc, M>) -> N<'gc, M> {
        self.born += 1;
        let leaf = self.born.is_multiple_of(5).then(|| self.ledger.leaf());
        node_with(mc, self.born, leaf)
    }
    /// Somewhere in the graph: a walk of a few steps from the root, what it passes noted.
    fn pick<'gc, M: Manager>(&mut self, root: &N<'gc, M>) -> N<'gc, M> {
        let mut at = root.clone();
        for _ in 0..self.random.below(9) {
            at.id.hash(&mut self.checksum);
            let next = match self.random.below(3) {
                0 => at.next.get(),
                1 => {
                    let kids = at.kids.borrow();
                    (!kids.is_empty()).then(|| kids[self.random.below(kids.len())].clone())
                }
                _ => self.look(&at.value.get()),
            };
            match next {
                Some(next) => at = next,
                None => break,
            }
        }
        at
    }
    /// Notes what a value is; a node in it, if it is one or a row of some.
    fn look<'gc, M: Manager>(&mut self, value: &Val<'gc, M>) -> Option<N<'gc, M>> {
        match value.unpack() {
            Unpacked::Empty => 0u8.hash(&mut self.checksum),
            Unpacked::Payload(tag, bits) => (tag, bits).hash(&mut self.checksum),
            Unpacked::Ref(any) => {
                if let Some(node) = any.downcast_ref::<Node<'gc, M>>() {
                    return Some(node.clone());
                }
                if let Some(row) = any.downcast_ref::<Row<'gc, M>>() {
                    row.len().hash(&mut self.checksum);
                    let i = self.random.below(row.len());
                    return self.look(&row.tail()[i].get());
                }
                let text = any.downcast_ref::<Tail<(), u8>>().expect("text or bytes");
                text.tail().hash(&mut self.checksum);
            }
        }
        None
    }
    fn step<'gc, M: Manager>(&mut self, mc: &Mutation<'gc, M>, root: &N<'gc, M>) {
        let (a, b) = (self.pick(root), self.pick(root));
        match self.random.below(12) {
            0 => a.next.set(mc, Some(b)),
            1 => a.next.set(mc, b.next.take(mc)),
            2 => {
                let old = a.next.replace(mc, b.next.get());
                old.map_or(0, |n| n.id).hash(&mut self.checksum)
            }
            3 => {
                let mut kids = a.kids.borrow_mut(mc);
                kids.push(b);
                if kids.len() > 6 {
                    kids.drain(..3).for_each(|k| k.id.hash(&mut self.checksum))
                }
            }
            4 => {
                let moved = std::mem::take(&mut *a.kids.borrow_mut(mc));
                *b.kids.borrow_mut(mc) = moved
            }
            5 => a.value.set(mc, Val::payload((self.random.below(1 << 40) as u64) << 3 | 5)),
            6 => a.value.set(mc, Val::from_gc(b)),
            7 => {
                let row = Gc::<Row<'gc, M>, M>::with_zeroed_tail(mc, (), 1 + self.random.below(40));
                let i = self.random.below(row.len());
                row.tail()[i].set(mc, Val::from_gc(b));
                row.tail()[0].set(mc, a.value.replace(mc, Val::from_gc(row.clone())));
            }
            8 => {
                let text = "text".repeat(self.random.below(30));
                let bytes = Gc::<Tail<(), u8>, M>::try_copy_from(mc, (), text.as_bytes()).expect("there is room");
                a.value.set(mc, Val::from_any(GcAny::new(bytes)));
                GcStr::new(mc, &text).len().hash(&mut self.checksum);
            }
            _ => {
                let new = self.new_node(mc);
                new.next.set(mc, Some(b.clone()));
                new.kids.borrow_mut(mc).push(a);
                match self.random.below(3) {
                    0 => b.kids.borrow_mut(mc).push(new),
                    1 => b.value.set(mc, Val::from_gc(new)),
                    _ => root.next.set(mc, Some(new)),
                }
            }
        }
    }
}

fn run<M: Manager>(t: &Trial, seed: u64) -> u64 {
    let ledger = Ledger::new();
    let heap: Heap<R, M> = t.heap_with(t.eager());
    let mut m = heap.mutator().unwrap();
    let mut program = Program { random: Random(seed), checksum: DefaultHasher::new(), ledger: &ledger, born: 0 };
    let mut roots: Vec<Root<R, M>> = Vec::new();
    for session in 0..t.size(2000, 12) {
        m.mutate(|mc, root| {
            for _ in 0..t.size(60, 12) {
                // Sometimes from a root that was made in between.
                let from = match roots.len() {
                    0 => root,
                    n => match program.random.below(n + 2) {
                        i if i < n => roots[i].get(mc),
                        _ => root,
                    },
                };
                program.step(mc, from)
            }
        });
        match session % 8 {
            3 => roots.push(m.root(|mc, root| {
                let new = program.new_node(mc);
                new.next.set(mc, Some(program.pick(root)));
                new
            })),
            5 if roots.len() > 3 => drop(roots.swap_remove(program.random.below(roots.len()))),
            7 if session % 5 == 0 => drop(collect(&mut m)),
            _ => drop(m.collect_if_due()),
        }
    }
    check(&mut m);
    let born = program.born;
    let checksum = program.checksum.finish();
    drop((roots, m, heap));
    ledger.settled();
    assert_eq!(ledger.dropped() as u64, born / 5);
    checksum
}

pub fn random_programs<M: Manager>(t: &Trial) {
    for seed in 1..=t.size(6, 1) as u64 {
        let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let (plain, managed) = (run::<Null>(t, seed), run::<M>(t, seed));
        assert_eq!(plain, managed, "{} can be seen, seed {seed}", M::NAME);
        t.see(managed);
    }
}
