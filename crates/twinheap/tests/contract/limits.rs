//! Limits answer: an error with the value back, never an abort, and the heap goes on.

use crate::trial::{Ledger, R, Trial, check, collect, node, node_with};
use std::panic::{AssertUnwindSafe, catch_unwind};
use twinheap::{Config, Gc, GcStr, Manager, Mutator, NoRoom, Tail, Trace, Val, config::MIN_LIMIT_BYTES};

laws!(hard_limit, hard_limit_for_small_objects, soft_limit, outside, outside_that_panics);

/// The smallest there is, and room to move; less under Miri, which takes its time for each byte.
const LIMIT: usize = if cfg!(miri) { 1 << 20 } else { MIN_LIMIT_BYTES * 2 };

/// Bytes of the blocks that fill a heap.
const BLOCK: usize = 65_000;

/// Fills the heap with kept blocks; answers how many went in.
fn fill<M: Manager>(m: &mut Mutator<R, M>) -> usize {
    for n in 0.. {
        let full = m.mutate(|mc, root| match Gc::<Tail<(), u8>, M>::try_with_zeroed_tail(mc, (), BLOCK) {
            Ok(block) => {
                let keeper = node(mc, n);
                keeper.value.set(mc, Val::from_gc(block));
                root.kids.borrow_mut(mc).push(keeper);
                None
            }
            Err(full) => Some(full),
        });
        if let Some(full) = full {
            assert_eq!(full.limit_bytes, Some(LIMIT));
            assert!(full.requested_bytes >= BLOCK && full.used_bytes <= LIMIT, "{full:?}");
            assert!(full.to_string().contains("limit"), "{full}");
            return n as usize;
        }
    }
    0
}

pub fn hard_limit<M: Manager>(t: &Trial) {
    let ledger = Ledger::new();
    t.with_config::<M, _>(Config { max_heap_bytes: Some(LIMIT), ..t.config() }, |m| {
        let n = fill(m);
        assert!((LIMIT / 2 / BLOCK..LIMIT / BLOCK).contains(&n), "{n} blocks of {BLOCK} bytes in {LIMIT}");
        assert!(m.stats().peak_used_bytes <= LIMIT);
        check(m);
        m.mutate(|mc, root| {
            // Each way to allocate has its answer, and nothing is lost.
            while Gc::<Tail<(), u8>, M>::try_with_zeroed_tail(mc, (), 65_000)
                .map(|block| root.value.set(mc, Val::from_gc(Gc::new(mc, (Val::from_gc(block), root.value.get())))))
                .is_ok()
            {}
            let mut from = vec![0u64; 100_000];
            from[99_999] = 5;
            assert!(Gc::<Tail<(), u64>, M>::try_from_end(mc, (), &mut from, 1).is_err());
            assert!(from.len() == 100_000 && from[99_999] == 5);
            assert!(Gc::<Tail<(), u8>, M>::try_copy_from(mc, (), &vec![1; 100_000]).is_err());
            assert!(GcStr::try_new(mc, &"x".repeat(100_000)).is_err());
            let big = Big { bytes: [7; 65_536], of: Some(ledger.leaf()) };
            let NoRoom { value, full } = Gc::<_, M>::try_new(mc, big).err().expect("it does not fit");
            assert!(value.bytes == [7; 65_536] && value.of.is_some() && full.limit_bytes == Some(LIMIT));
            assert_eq!(ledger.dropped(), 0);
            drop(value);
            assert_eq!(ledger.dropped(), 1);
            let panicked =
                catch_unwind(AssertUnwindSafe(|| Gc::<_, M>::new(mc, Big { bytes: [7; 65_536], of: None }).bytes[0]));
            let message = *panicked.expect_err("`new` panics").downcast::<String>().expect("with words");
            assert!(message.contains("out of memory"), "{message}");
            assert_eq!(root.kids.borrow().len(), n);
            assert!(root.kids.borrow().iter().enumerate().all(|(i, k)| k.id == i as u64 && k.value.get().is_ref()));
        });
        // What is let go makes room.
        for _ in 0..t.size(5, 2) {
            m.mutate(|mc, root| {
                root.kids.borrow_mut(mc).clear();
                root.value.set(mc, Val::empty())
            });
            collect(m);
            if M::CONSTRAINTS.collects {
                assert_eq!(fill(m), n);
            } else {
                assert_eq!(fill(m), 0);
            }
            check(m);
        }
    });
    ledger.settled();
}

#[derive(Trace)]
struct Big {
    bytes: [u8; 65_536],
    #[trace(static)]
    of: Option<crate::trial::Leaf>,
}

/// The same for the smallest objects, until not even one more fits.
pub fn hard_limit_for_small_objects<M: Manager>(t: &Trial) {
    let ledger = Ledger::new();
    let limit = LIMIT / 2;
    let step = if cfg!(miri) { 4 << 10 } else { 32 << 10 };
    t.with_config::<M, _>(Config { max_heap_bytes: Some(limit), ..t.config() }, |m| {
        // The most of it at once, the rest one by one.
        m.mutate(|mc, root| {
            let mut bytes = limit / 2;
            while bytes >= step {
                match Gc::<Tail<(), u8>, M>::try_with_zeroed_tail(mc, (), bytes) {
                    Ok(block) => {
                        let keeper = node(mc, 0);
                        keeper.value.set(mc, Val::from_gc(block));
                        root.kids.borrow_mut(mc).push(keeper);
                    }
                    Err(_) => bytes -= step,
                }
            }
        });
        let n = m.mutate(|mc, root| {
            for n in 0u64.. {
                match Gc::try_new(
                    mc,
                    (
                        n,
                        Some(crate::trial::Node {
                            id: n,
                            next: twinheap::Slot::new(root.next.get()),
                            kids: twinheap::GcCell::default(),
                            value: Default::default(),
                            leaf: Some(ledger.leaf()),
                        }),
                    ),
                ) {
                    Ok(object) => root.value.set(mc, Val::from_gc(object)),
                    Err(NoRoom { value: (id, value), full }) => {
                        assert!(id == n && value.as_ref().is_some_and(|v| v.id == n && v.leaf.is_some()));
                        assert_eq!(full.limit_bytes, Some(limit));
                        return n;
                    }
                }
                if n > 5_000_000 || (cfg!(miri) && n > 300) {
                    break; // no limit was met: the objects are released as fast as they are made
                }
            }
            u64::MAX
        });
        assert!(n != u64::MAX || M::CONSTRAINTS.counted, "the limit was not met");
        check(m);
        m.mutate(|mc, root| {
            root.value.set(mc, Val::empty());
            root.kids.borrow_mut(mc).clear()
        });
        collect(m);
        if M::CONSTRAINTS.collects {
            m.mutate(|mc, root| root.next.set(mc, Some(node_with(mc, 1, Some(ledger.leaf())))));
        }
    });
    ledger.settled();
}

/// The soft limit fails nobody.
pub fn soft_limit<M: Manager>(t: &Trial) {
    t.with_config::<M, _>(Config { memory_limit_bytes: Some(LIMIT / 2), ..t.eager() }, |m| {
        let n = t.size(3 * LIMIT / 65_536, 20) as u64;
        for i in 0..n {
            m.mutate(|mc, root| {
                let keeper = node(mc, i);
                keeper.value.set(mc, Val::from_gc(Gc::<Tail<(), u8>, M>::with_zeroed_tail(mc, (), 65_000)));
                root.kids.borrow_mut(mc).push(keeper);
                Gc::<Tail<(), u8>, M>::with_zeroed_tail(mc, (), 65_000); // garbage
            });
            m.collect_if_due();
        }
        assert_eq!(m.mutate(|_, root| root.kids.borrow().len() as u64), n);
    });
}

fn outside_bytes() -> usize {
    LIMIT / 16
}
/// What the program holds elsewhere counts towards the hard limit.
pub fn outside<M: Manager>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, _| assert!(mc.reserve_outside(1 << 40).is_ok(), "without a limit there is always room"))
    });
    let config = Config { max_heap_bytes: Some(LIMIT), outside_bytes: Some(outside_bytes), ..t.config() };
    t.with_config::<M, _>(config, |m| {
        m.mutate(|mc, _| {
            assert!(mc.reserve_outside(1000).is_ok() && mc.reserve_outside(LIMIT / 2).is_ok());
            for bytes in [LIMIT, LIMIT - LIMIT / 16, 1 << 40, usize::MAX] {
                let full = mc.reserve_outside(bytes).expect_err("too much");
                assert_eq!((full.limit_bytes, full.requested_bytes), (Some(LIMIT), bytes));
                assert!(full.used_bytes >= LIMIT / 16, "{full:?}");
            }
        });
        let n = fill(m);
        assert!(n <= (LIMIT - LIMIT / 16) / BLOCK, "{n}: what is outside counts");
    });
}

fn outside_panics() -> usize {
    std::panic::resume_unwind(Box::new("outside"))
}
/// The heap asks a program that cannot answer, and goes on.
pub fn outside_that_panics<M: Manager>(t: &Trial) {
    let config = Config {
        max_heap_bytes: Some(LIMIT),
        memory_limit_bytes: Some(LIMIT / 2),
        outside_bytes: Some(outside_panics),
        ..t.config()
    };
    t.with_config::<M, _>(config, |m| {
        m.mutate(|mc, root| {
            assert!(mc.reserve_outside(LIMIT / 4).is_ok());
            root.next.set(mc, Some(node(mc, 1)));
            root.next.get().unwrap().next.set(mc, root.next.get());
            root.next.set(mc, None);
        });
        let found = collect(m).objects;
        assert!(!M::CONSTRAINTS.counted || found == 1, "{found}");
        assert!(fill(m) > 0);
        check(m);
    });
}
