//! Blocks: every size, tails of any length, nothing moves, nothing overlaps, every type is itself.

use crate::trial::{Trial, check, node};
use std::collections::{BTreeMap, HashSet};
use twinheap::{Gc, GcAny, GcStr, Heap, Manager, Mutation, Rootable, Slot, Static, Tail, Trace, Val, ValSlot};

laws!(every_size, tails, tails_without_size, text, enums_and_generics, types_are_told_apart, nothing_moves, figures);

#[derive(Trace)]
struct Block<const N: usize> {
    first: u64,
    rest: [u8; N],
    last: u64,
}

/// Miri takes its time for each byte.
const STEP: usize = if cfg!(miri) { 1009 } else { 1 };
impl<const N: usize> Block<N> {
    fn new(i: u64) -> Self {
        Block { first: i, rest: [i as u8; N], last: !i }
    }
    fn is_whole(&self) -> bool {
        self.last == !self.first && self.rest.iter().step_by(STEP).all(|&b| b == self.first as u8)
    }
}

/// Objects of every size from 8 bytes to 100 KiB, in the heap at once, written at both ends, none over another.
pub fn every_size<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        let n = t.size(100, if cfg!(miri) { 1 } else { 3 }) as u64;
        m.mutate(|mc, _| {
            let (mut held, mut places) = (Vec::new(), Vec::new());
            macro_rules! sizes { ($($n:literal)*) => {
                $(for i in 0..if $n > 8192 { n / 10 + 1 } else { n } {
                    let block = Gc::new(mc, Block::<$n>::new(i));
                    places.push((block.address(), size_of::<Block<$n>>()));
                    held.push(GcAny::new(block));
                })*
                for any in &held {
                    let whole = [$(any.downcast_ref::<Block<$n>>().map(|b| b.is_whole())),*];
                    assert_eq!(whole.iter().flatten().count(), 1, "one type");
                    assert!(whole.contains(&Some(true)), "{}", any.type_name());
                }
            } }
            sizes!(0 1 8 16 24 40 100 240 496 1000 2000 4000 8000 16000 32000 32768 65536 102400);
            let bytes: Vec<_> = (0..n).map(|i| Gc::new(mc, i as u8)).collect();
            places.extend(bytes.iter().map(|g| (g.address(), 8)));
            assert!(bytes.iter().enumerate().all(|(i, g)| **g == i as u8));
            let nothing = Gc::new(mc, ());
            places.push((nothing.address(), 8));
            places.sort_unstable();
            for pair in places.windows(2) {
                assert!(pair[0].0 % 8 == 0, "objects are aligned to 8 bytes");
                assert!(pair[0].0 + pair[0].1 <= pair[1].0, "{pair:?} overlap");
            }
            t.see(places.len());
        });
    });
}

/// Tails from nothing to a million elements, by each way to make them, and one block beyond a chunk.
pub fn tails<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        let big = if cfg!(miri) { 300 } else { t.size(1_000_000, 20_000) };
        let lens = [0, 1, 2, 3, 7, 63, 64, t.size(500, 100), t.size(4096, 150), big];
        for len in lens {
            m.mutate(|mc, root| {
                let zeroed = Gc::<Tail<u64, u64>, M>::with_zeroed_tail(mc, 7, len);
                assert_eq!((zeroed.len(), zeroed.is_empty(), *zeroed.header()), (len, len == 0, 7));
                assert_eq!(zeroed.tail().len(), len);
                assert!(zeroed.tail().iter().all(|&x| x == 0));

                let mut from: Vec<u32> = (0..len as u32 + 3).collect();
                let moved = Gc::<Tail<(), u32>, M>::try_from_end(mc, (), &mut from, 3).unwrap();
                assert_eq!((from.len(), moved.len()), (3, len));
                assert!(moved.tail().iter().enumerate().all(|(i, &x)| x == i as u32 + 3));

                let copied = Gc::<Tail<(), u8>, M>::try_copy_from(mc, (), &vec![9; len]).unwrap();
                assert!(copied.len() == len && copied.tail().iter().all(|&x| x == 9));

                let slots = Gc::<Tail<(), ValSlot<'_, M>>, M>::with_zeroed_tail(mc, (), len);
                assert!(slots.tail().iter().all(|s| s.get().is_empty()));
                if let Some(last) = slots.tail().last() {
                    last.set(mc, Val::from_gc(zeroed.clone()));
                    slots.tail()[0].set(mc, Val::payload(0b1011));
                    assert!(len == 1 || last.get().downcast_ref::<Tail<u64, u64>>().unwrap().ptr_eq(&zeroed));
                    assert_eq!(slots.tail()[0].bits(), 0b1011);
                }
                root.value.set(mc, Val::from_gc(slots));
            });
            if !cfg!(miri) {
                check(m); // a look at every block, free ones too
            }
            m.mutate(|_, root| t.see(root.value.get().is_ref()));
        }
        // Beyond a chunk.
        let len = if cfg!(miri) { 256 << 10 } else { 4 << 20 } + 12_345;
        m.mutate(|mc, root| {
            let huge = Gc::<Tail<u8, u8>, M>::with_zeroed_tail(mc, 1, len);
            assert!(
                huge.tail().iter().step_by(if cfg!(miri) { 99_991 } else { 997 }).all(|&x| x == 0)
                    && huge.tail()[huge.len() - 1] == 0
            );
            root.value.set(mc, Val::from_gc(huge));
        });
        m.mutate(|_, root| {
            let value = root.value.get();
            let huge = value.downcast_ref::<Tail<u8, u8>>().expect("it was kept");
            assert_eq!((*huge.header(), huge.len()), (1, len));
        });
    });
}

/// A tail whose elements take no room, behind a header that is not as long as a word.
pub fn tails_without_size<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, _| {
            let all: Vec<_> =
                (0..100u8).map(|i| Gc::<Tail<u8, ()>, M>::with_tail(mc, i, vec![(); i as usize])).collect();
            for (i, gc) in all.iter().enumerate() {
                assert!(gc.address().is_multiple_of(8), "objects are aligned to 8 bytes");
                assert_eq!((*gc.header() as usize, gc.len(), gc.tail().len()), (i, i, i));
                assert!(Val::from_gc(gc.clone()).is_ref());
            }
            t.see(all.len());
        });
    });
}

pub fn text<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, _| {
            let long = "long ".repeat(t.size(100_000, 50));
            for text in ["", "a", "ünïcödé ✓", &long] {
                let a = GcStr::new(mc, text);
                let b = a.clone();
                assert!(&*a == text && a.ptr_eq(&b) && format!("{b:?}") == format!("{text:?}"));
                assert!(!a.ptr_eq(&GcStr::new(mc, text)));
            }
        })
    });
}

#[derive(Trace)]
enum Tree<'gc, T, M: Manager> {
    Empty,
    Leaf(T),
    Inner { left: Gc<'gc, Tree<'gc, T, M>, M>, right: Gc<'gc, Tree<'gc, T, M>, M> },
    Owned(Box<Tree<'gc, T, M>>, Option<Gc<'gc, Tree<'gc, T, M>, M>>),
}
struct Trees<T>(T);
impl<T: for<'gc> Trace<'gc, M> + 'static, M: Manager> Rootable<M> for Trees<T> {
    type Root<'gc> = Slot<'gc, Tree<'gc, T, M>, M>;
}

/// A tree of an enum that is generic in what it holds, through sessions and collections.
pub fn enums_and_generics<M: Manager>(t: &Trial) {
    fn build<'gc, T: Trace<'gc, M>, M: Manager>(
        mc: &Mutation<'gc, M>,
        depth: usize,
        leaf: &mut impl FnMut() -> T,
    ) -> Gc<'gc, Tree<'gc, T, M>, M> {
        let tree = match depth {
            0 => Tree::Leaf(leaf()),
            d if d % 3 == 0 => Tree::Owned(Box::new(Tree::Leaf(leaf())), Some(build(mc, d - 1, leaf))),
            d => Tree::Inner { left: build(mc, d - 1, leaf), right: build(mc, d - 1, leaf) },
        };
        Gc::new(mc, tree)
    }
    fn leaves<T, M: Manager>(tree: &Tree<'_, T, M>, f: &mut impl FnMut(&T)) {
        match tree {
            Tree::Empty => {}
            Tree::Leaf(x) => f(x),
            Tree::Inner { left, right } => {
                leaves(left, f);
                leaves(right, f);
            }
            Tree::Owned(here, there) => {
                leaves(here, f);
                there.iter().for_each(|there| leaves(there, f))
            }
        }
    }
    fn with<T: for<'gc> Trace<'gc, M> + Ord + std::fmt::Debug + 'static, M: Manager>(t: &Trial, new: fn(u64) -> T) {
        let heap = Heap::<Trees<T>, M>::new(t.eager(), |_| Slot::empty()).unwrap();
        let mut m = heap.mutator().unwrap();
        let mut n = 0;
        for _ in 0..t.size(20, 1) {
            m.mutate(|mc, root| {
                n = 0;
                let mut leaf = || {
                    n += 1;
                    new(n)
                };
                root.set(mc, Some(build(mc, t.size(10, 3), &mut leaf)));
                Gc::new(mc, Tree::<T, M>::Empty);
            });
            m.collect_if_due();
            m.mutate(|_, root| {
                let mut expected = 0;
                leaves(&*root.get().unwrap(), &mut |x| {
                    expected += 1;
                    assert_eq!(*x, new(expected));
                });
                assert_eq!(expected, n);
                t.see(expected);
            });
        }
        check(&mut m);
    }
    with::<u64, M>(t, |n| n);
    with::<String, M>(t, |n| format!("leaf {n}"));
    with::<(u8, Vec<Option<u32>>), M>(t, |n| (n as u8, vec![None, Some(n as u32)]));
    with::<Static<BTreeMap<u64, String>>, M>(t, |n| Static(BTreeMap::from([(n, n.to_string())])));
}

pub fn types_are_told_apart<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, root| {
            let all: Vec<GcAny<'_, M>> = vec![
                GcAny::new(Gc::new(mc, 1u32)),
                GcAny::new(Gc::new(mc, 1i32)),
                GcAny::new(Gc::new(mc, (1u32, 1u32))),
                GcAny::new(Gc::new(mc, Slot::new(Some(root.clone())))),
                GcAny::new(Gc::new(mc, Some(root.clone()))),
                GcAny::new(root.clone()),
                GcAny::new(Gc::<Tail<(), u8>, M>::with_zeroed_tail(mc, (), 4)),
                GcAny::new(Gc::<Tail<(), i8>, M>::with_zeroed_tail(mc, (), 4)),
                GcAny::new(Gc::new(mc, Block::<3> { first: 0, rest: [0; 3], last: 0 })),
                GcAny::new(Gc::new(mc, Block::<4> { first: 0, rest: [0; 4], last: 0 })),
            ];
            macro_rules! is { ($($t:ty),*) => { vec![$(all.iter().map(|any| any.is::<$t>()).collect::<Vec<_>>()),*] } }
            let is = is!(u32, i32, (u32, u32), Slot<'_, crate::trial::Node<'_, M>, M>,
                Option<Gc<'_, crate::trial::Node<'_, M>, M>>, crate::trial::Node<'_, M>,
                Tail<(), u8>, Tail<(), i8>, Block<3>, Block<4>);
            for (i, row) in is.iter().enumerate() {
                for (j, &is) in row.iter().enumerate() {
                    assert_eq!(is, i == j, "{} taken for {}", all[j].type_name(), all[i].type_name());
                }
            }
            let any = all[0].clone();
            assert!(any.downcast_ref::<u32>().is_some_and(|n| **n == 1) && any.downcast_ref::<i32>().is_none());
            let any = any.downcast::<i32>().expect_err("it is a u32");
            assert!(any.ptr_eq(&all[0]) && any.address() == all[0].address());
            assert_eq!(any.downcast::<u32>().map(|n| *n).ok(), Some(1));
            t.see(all.iter().map(|any| any.kind()).collect::<Vec<_>>());
        })
    });
}

/// Addresses are identities: unique among the living, and the same in every session.
pub fn nothing_moves<M: Manager>(t: &Trial) {
    t.with_config::<M, _>(t.eager(), |m| {
        let n = t.size(2000, 15);
        let before: Vec<usize> = m.mutate(|mc, root| {
            let kids: Vec<_> = (0..n as u64).map(|i| node(mc, i)).collect();
            let addresses = kids.iter().map(|k| k.address()).collect();
            *root.kids.borrow_mut(mc) = kids;
            addresses
        });
        assert_eq!(before.iter().collect::<HashSet<_>>().len(), n);
        for round in 0..t.size(50, 3) as u64 {
            m.mutate(|mc, root| {
                for i in 0..n as u64 {
                    node(mc, round << 32 | i); // garbage
                }
                let kids = root.kids.borrow();
                for (i, kid) in kids.iter().enumerate() {
                    assert_eq!((kid.address(), kid.id), (before[i], i as u64));
                }
            });
            crate::trial::collect(m);
        }
    });
}

/// Allocations are counted; a failed one is not.
pub fn figures<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        let before = m.stats();
        let n = t.size(10_000, 50);
        m.mutate(|mc, root| {
            for i in 0..n {
                root.value.set(mc, Val::from_gc(Gc::new(mc, (i, i))));
            }
            for len in [usize::MAX, usize::MAX / 8, isize::MAX as usize / 8, isize::MAX as usize / 16 + 1] {
                let absurd = Gc::<Tail<(), u64>, M>::try_with_zeroed_tail(mc, (), len);
                let full = absurd.err().expect("there is not so much memory in the world");
                assert!(full.to_string().contains("out of memory"), "{full}");
            }
        });
        let after = m.stats();
        assert_eq!(after.objects_allocated - before.objects_allocated, n as u64);
        assert!(after.bytes_allocated - before.bytes_allocated >= 16 * n as u64);
        assert!(after.used_bytes > 0 && after.peak_used_bytes >= after.used_bytes);
        assert!(after.ladder.mapped_bytes >= after.ladder.live_bytes());
    });
}
