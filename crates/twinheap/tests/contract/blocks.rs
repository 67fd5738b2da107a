//! What becomes of blocks, noted on request (`Mutation::record_blocks`).

use crate::trial::{Node, Trial, collect, node};
use std::collections::{HashMap, HashSet};
use twinheap::{Gc, GcAny, Mutation, OneMutator, Tail, observe::BlockEvent};

one_mutator_laws!(every_block_is_told_of, off_is_silent, a_figure_in_a_session);

/// Addresses and block sizes of what is there, after these events.
fn follow(mc: &Mutation<'_, impl OneMutator>, there: &mut HashMap<usize, usize>) -> usize {
    let events = mc.block_events();
    assert!(!mc.has_block_events(), "read");
    for event in &events {
        match *event {
            BlockEvent::HandedOut { address, block_bytes } => {
                assert_eq!(there.insert(address, block_bytes), None, "{address:#x} was there already")
            }
            // What was there before it began is told of as well.
            BlockEvent::Freed { address } => {
                there.remove(&address);
            }
        }
    }
    events.len()
}

/// What the events add up to is what a walk shows, step by step: small, large and tailed objects, released at once or by
/// a collection, their blocks handed out again.
pub fn every_block_is_told_of<M: OneMutator>(t: &Trial) {
    t.with::<M, _>(|m| {
        let n = t.size(600, 12) as u64;
        let old: HashSet<usize> = m.mutate(|mc, root| {
            // Open spans and runs, free blocks in them.
            for i in 0..n {
                let kept = node(mc, i);
                node(mc, i);
                root.kids.borrow_mut(mc).push(kept);
            }
            mc.record_blocks(true);
            let mut old = HashSet::new();
            mc.walk(|any| {
                old.insert(any.address());
            });
            old
        });
        let mut there = HashMap::new();
        for round in 0..4u64 {
            m.mutate(|mc, root| {
                for i in 0..n {
                    let a = node(mc, i);
                    let leaf = Gc::new(mc, i);
                    a.value.set(mc, twinheap::Val::from_gc(leaf));
                    if i % 3 == 0 {
                        a.next.set(mc, Some(a.clone()));
                    }
                    if i % 2 == 0 {
                        root.kids.borrow_mut(mc).push(a);
                    }
                }
                // More than a span's share.
                let large = Gc::<Tail<u64, u8>, M>::with_zeroed_tail(mc, round, 50_000);
                follow(mc, &mut there);
                let any = GcAny::new(large.clone());
                assert_eq!(there.get(&any.address()), Some(&any.block_bytes()), "the large one");
            });
            m.mutate(|mc, root| {
                root.kids.borrow_mut(mc).retain(|k| k.id % 4 == 0);
                follow(mc, &mut there);
            });
            collect(m);
            m.mutate(|mc, _| {
                follow(mc, &mut there);
                let mut seen = 0;
                mc.walk(|any| {
                    if old.contains(&any.address()) && !there.contains_key(&any.address()) {
                        return;
                    }
                    assert_eq!(there.get(&any.address()), Some(&any.block_bytes()), "{any:?}");
                    seen += 1;
                });
                assert_eq!(seen, there.len(), "what was freed is told of");
            });
        }
    });
}

pub fn off_is_silent<M: OneMutator>(t: &Trial) {
    t.with::<M, _>(|m| {
        m.mutate(|mc, _| {
            node(mc, 1);
            assert!(!mc.has_block_events() && mc.block_events().is_empty(), "off at first");
            mc.record_blocks(true);
            node(mc, 2);
            assert!(mc.has_block_events());
            mc.record_blocks(false);
            assert!(!mc.has_block_events(), "forgotten");
        });
        m.mutate(|mc, root| {
            for i in 0..t.size(500, 10) as u64 {
                let kept = node(mc, i);
                root.kids.borrow_mut(mc).push(kept);
                node(mc, i);
            }
        });
        collect(m);
        m.mutate(|mc, _| {
            assert!(mc.block_events().is_empty(), "off again");
            mc.record_blocks(true);
            let a: Gc<'_, Node<'_, M>, M> = node(mc, 3);
            let events = mc.block_events();
            let told =
                events.iter().any(|e| matches!(e, BlockEvent::HandedOut { address, .. } if *address == a.address()));
            assert!(told, "on again: {events:?}");
        });
    });
}

/// `Mutation::stats` is `Mutator::stats`.
pub fn a_figure_in_a_session<M: OneMutator>(t: &Trial) {
    t.with::<M, _>(|m| {
        let blocks = |stats: twinheap::Stats| stats.ladder.classes.iter().map(|c| c.live_blocks).sum::<usize>();
        let before = blocks(m.stats());
        m.mutate(|mc, root| {
            assert_eq!(blocks(mc.stats()), before);
            for i in 0..100 {
                let kept = node(mc, i);
                root.kids.borrow_mut(mc).push(kept);
            }
            assert_eq!(blocks(mc.stats()), before + 100);
            let ladder = mc.stats().ladder;
            assert_eq!(ladder.accounted_bytes(), ladder.mapped_bytes);
        });
    });
}
