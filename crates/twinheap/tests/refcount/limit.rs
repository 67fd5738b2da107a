//! The hard limit, again and again: a refusal does not cost a full collection each time, and garbage makes room.

use super::*;

/// Bytes of one large block, and of the limit.
const LARGE: usize = if cfg!(miri) { 32 << 10 } else { 1 << 20 };
const LIMIT: usize = 48 * LARGE;
/// Live objects, and how often more is asked for.
const LIVE: usize = if cfg!(miri) { 200 } else { 1_000_000 };
const ASKED: usize = if cfg!(miri) { 300 } else { 100_000 };

fn limited(collect_at: CollectAt) -> H {
    heap(Config { max_heap_bytes: Some(LIMIT), collect_at, ..Config::default() })
}

/// A small node, for a heap with many.
#[derive(Trace)]
#[trace(manager = RefCount)]
struct Small<'gc>(Slot<'gc, Small<'gc>, RefCount>);
/// A large block and a link: a cycle with `me`.
#[derive(Trace)]
#[trace(manager = RefCount)]
struct Big<'gc> {
    me: Slot<'gc, Big<'gc>, RefCount>,
    block: Gc<'gc, Tail<(), u8>, RefCount>,
}
/// A large block, in a cycle if asked for.
fn big<'gc>(mc: Mc<'gc>, cyclic: bool) -> Result<GcAny<'gc, RefCount>, Full> {
    let block = Gc::try_with_zeroed_tail(mc, (), LARGE)?;
    let big = Gc::new(mc, Big { me: Slot::empty(), block });
    assert_eq!(big.block.tail().len(), LARGE);
    if cyclic {
        big.me.set(mc, Some(big.clone()))
    }
    Ok(GcAny::new(big))
}
/// A chain of small nodes.
fn chain<'gc>(mc: Mc<'gc>, n: usize) -> GcAny<'gc, RefCount> {
    let mut last = None;
    for _ in 0..n {
        last = Some(Gc::new(mc, Small(Slot::new(last))));
    }
    GcAny::new(last.expect("some"))
}
fn refused(mc: Mc<'_>, bytes: usize) -> bool {
    Gc::<Tail<(), u8>, RefCount>::try_with_zeroed_tail(mc, (), bytes).is_err()
}

/// Full collections since the heap began.
fn fulls(mc: Mc<'_>) -> u64 {
    mc.control(Command::Read).generations[2].collections
}
/// Fills the heap with large blocks, old ones.
fn fill(m: &mut Mutator<Base, RefCount>, cyclic: bool) -> usize {
    let n = m.mutate(|mc, root| {
        while let Ok(one) = big(mc, cyclic) {
            root.borrow_mut(mc).push(one)
        }
        root.borrow().len()
    });
    assert!((LIMIT / LARGE / 2..LIMIT / LARGE).contains(&n), "{n}");
    assert_eq!(full(m), 0);
    n
}

#[test]
fn refusals_in_a_row_cost_a_logarithm_of_full_collections() {
    for collect_at in [CollectAt::Allocations, CollectAt::Safepoints] {
        let (_h, mut m) = limited(collect_at);
        m.mutate(|mc, root| root.borrow_mut(mc).push(chain(mc, LIVE)));
        let before = m.mutate(|mc, _| fulls(mc));
        // Where it is the safepoint that collects, there is one after each.
        let (sessions, each) = if collect_at == CollectAt::Safepoints { (ASKED, 1) } else { (1, ASKED) };
        for _ in 0..sessions {
            m.mutate(|mc, _| (0..each).for_each(|_| assert!(refused(mc, LIMIT))));
            m.collect_if_due();
        }
        let cost = m.mutate(|mc, _| fulls(mc)) - before;
        let most = u64::from(ASKED.ilog2()) + 2 + (ASKED * 16 / LIVE) as u64;
        assert!((2..=most).contains(&cost), "{collect_at:?}: {cost} full collections of at most {most}");
        m.verify().unwrap();
    }
}

/// A refusal, the program lets go of something old in a cycle, and the next attempt finds room; however often.
#[test]
fn old_garbage_makes_room_at_the_second_attempt() {
    let (_h, mut m) = limited(CollectAt::Allocations);
    let n = fill(&mut m, true);
    m.mutate(|mc, root| {
        // The row of refusals that filled it ends.
        root.borrow_mut(mc).pop();
        let made = std::iter::repeat_with(|| big(mc, true)).find_map(Result::ok);
        root.borrow_mut(mc).extend(made);
        for round in 0..2 * n {
            assert!(refused(mc, LARGE), "{round}");
            drop(root.borrow_mut(mc).swap_remove(0));
            let made = big(mc, true).expect("what was let go makes room");
            root.borrow_mut(mc).push(made);
        }
    });
    m.verify().unwrap();
    assert_eq!(full(&mut m), 0);
}

/// The same, where what is let go dies at once: full collections, which would find nothing, stay away.
#[test]
fn what_is_released_at_once_costs_no_full_collections() {
    let (_h, mut m) = limited(CollectAt::Allocations);
    let (live, rounds) = if cfg!(miri) { (600, 20) } else { (100_000, 2000) };
    m.mutate(|mc, root| root.borrow_mut(mc).push(chain(mc, live)));
    fill(&mut m, false);
    m.mutate(|mc, root| {
        let before = fulls(mc);
        for round in 0..rounds {
            assert!(refused(mc, LARGE), "{round}");
            drop(root.borrow_mut(mc).swap_remove(1));
            let made = big(mc, false).expect("what was let go makes room");
            root.borrow_mut(mc).push(made);
        }
        let cost = fulls(mc) - before;
        assert!(cost <= 2, "{cost} full collections in {rounds} rounds");
    });
    m.verify().unwrap();
}

/// Garbage that was born since the last full collection always makes room, also where refusals have made full ones rare.
#[test]
fn young_garbage_always_makes_room() {
    let (_h, mut m) = limited(CollectAt::Allocations);
    let live = if cfg!(miri) { 600 } else { 100_000 };
    m.mutate(|mc, root| root.borrow_mut(mc).push(chain(mc, live)));
    let n = fill(&mut m, false);
    m.mutate(|mc, root| {
        // Room for two; and the last full collection was in vain.
        root.borrow_mut(mc).truncate(n - 2);
        let before = fulls(mc);
        for round in 0..10 * n {
            assert!(big(mc, true).is_ok(), "{round}");
        }
        assert_eq!(fulls(mc), before);
    });
    m.verify().unwrap();
}

/// A program whose garbage is old and in cycles is never refused: each full collection finds some.
#[test]
fn a_program_that_replaces_old_cycles_is_never_refused() {
    let (_h, mut m) = limited(CollectAt::Allocations);
    let n = fill(&mut m, true);
    m.mutate(|mc, root| {
        // The one refusal so far was in vain.
        root.borrow_mut(mc).truncate(n - 2);
        while refused(mc, LARGE) {}
        for round in 0..4 * n {
            drop(root.borrow_mut(mc).swap_remove(round % (n / 2)));
            let made = big(mc, true).unwrap_or_else(|full| panic!("{round}: {full}"));
            root.borrow_mut(mc).push(made);
        }
    });
    m.verify().unwrap();
}

/// After as many refusals again as there were, at the latest.
#[test]
fn garbage_that_appears_after_many_refusals_makes_room() {
    for refusals in [1, 2, 3, 5, 17, 100, 999] {
        let (_h, mut m) = limited(CollectAt::Allocations);
        fill(&mut m, true);
        m.mutate(|mc, root| {
            for _ in 0..refusals {
                assert!(refused(mc, LARGE));
            }
            root.borrow_mut(mc).clear();
            let again = (0..).take_while(|_| refused(mc, LARGE)).count();
            assert!(again <= refusals, "{again} after {refusals}");
        });
        m.verify().unwrap();
    }
}
