//! `RefCount` at size: lists and graphs on small stacks, zeal that nobody notices, programs at random.
//! What is tested step by step is in `refcount.rs`.

use super::*;

/// Runs `f` on a thread with a stack of 256 KiB.
fn on_a_small_stack(f: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(256 << 10).spawn(f).unwrap().join().unwrap()
}

#[derive(Trace)]
#[trace(manager = RefCount)]
struct Link<'gc>(Slot<'gc, Link<'gc>, RefCount>, Option<Gc<'gc, Link<'gc>, RefCount>>);

#[test]
fn a_list_of_ten_million_is_released_on_a_small_stack() {
    on_a_small_stack(|| {
        let n = if cfg!(miri) { 300 } else { 10_000_000u64 };
        let (_h, mut m) = heap(Config::default());
        m.mutate(|mc, _| {
            let mut list = Gc::new(mc, Link(Slot::empty(), None));
            for _ in 1..n {
                list = Gc::new(mc, Link(Slot::new(Some(list)), None));
            }
        });
        let stats = m.stats();
        assert_eq!(stats.released.at_once, n);
        let cascades = stats.holdups.by_cause.iter().find(|c| c.0 == HoldUpCause::ReleaseCascade);
        assert!(cfg!(miri) || cascades.is_some_and(|c| c.1 == 1), "{:?}", stats.holdups);
        m.verify().unwrap();
    })
}

#[test]
fn a_ring_of_a_million_dies_on_a_small_stack() {
    on_a_small_stack(|| {
        let n = if cfg!(miri) { 100 } else { 1_000_000 };
        let (_h, mut m) = heap(quiet());
        m.mutate(|mc, _| {
            let first = Gc::new(mc, Link(Slot::empty(), None));
            let mut list = first.clone();
            for _ in 1..n {
                list = Gc::new(mc, Link(Slot::empty(), Some(list)));
            }
            first.0.set(mc, Some(list));
        });
        assert_eq!(full(&mut m), n);
    })
}

#[test]
fn a_graph_of_five_million_is_collected_on_a_small_stack() {
    on_a_small_stack(|| {
        let n = if cfg!(miri) { 80 } else { 5_000_000usize };
        let (_h, mut m) = heap(Config { collect_at: CollectAt::Safepoints, ..quiet() });
        m.mutate(|mc, root| {
            // A ring with chords: every object refers to the next and to one far away.
            let first = Gc::new(mc, Link(Slot::empty(), None));
            let (mut last, mut far) = (first.clone(), first.clone());
            for i in 1..n {
                let new = Gc::new(mc, Link(Slot::empty(), Some(far.clone())));
                last.0.set(mc, Some(new.clone()));
                last = new;
                if i.is_multiple_of(7) {
                    far = last.clone()
                }
            }
            last.0.set(mc, Some(first.clone()));
            root.borrow_mut(mc).push(GcAny::new(first));
        });
        let found = m.collect(Request::FULL);
        assert_eq!(found.objects, 0);
        m.mutate(|mc, root| root.borrow_mut(mc).clear());
        let found = m.collect(Request::FULL);
        assert_eq!(found.objects, n);
        assert_eq!(m.stats().released.by_collections, n as u64);
        let kept = m.stats().used_bytes;
        m.release();
        assert!(m.stats().used_bytes <= kept && m.stats().ladder.live_bytes() < 4096, "{:?}", m.stats().ladder);
        m.verify().unwrap();
    })
}

/// What a program sees must not depend on zeal: counts, ages, order of finalizers, answers of collections.
#[test]
fn zeal_is_not_noticed() {
    fn program(zeal: Option<u32>) -> Vec<String> {
        let log = Log::default();
        let config = Config {
            zeal,
            thresholds: [30, 3, 2],
            collect_at: CollectAt::Safepoints,
            finalizers: Finalizers::Manual,
            ..Config::default()
        };
        let (_h, mut m) = heap(config);
        let mut out = Vec::new();
        for round in 0..if cfg!(miri) { 1 } else { 60 } {
            m.mutate(|mc, root| {
                let all: Vec<_> = (0..4).map(|i| last(mc, &log, &format!("{round}.{i}"))).collect();
                ring(mc, &all, 1 + round % 3);
                let plain: Vec<_> = (0..7).map(|_| node(mc)).collect();
                for (i, n) in plain.iter().enumerate() {
                    n.next.set(mc, Some(plain[(i + 1) % 7].clone()));
                    n.many.borrow_mut(mc).push(plain[(i * 3) % 7].clone());
                }
                plain[0].prev.set(mc, Some(saying(mc, &log, "leaf")));
                let far = Gc::new(mc, Link(Slot::empty(), None));
                far.0.set(mc, Some(Gc::new(mc, Link(Slot::empty(), Some(far.clone())))));
                if round % 4 == 0 {
                    root.borrow_mut(mc).push(GcAny::new(plain[2].clone()));
                    root.borrow_mut(mc).push(GcAny::new(watch(mc, &GcAny::new(far), round as u32)));
                }
                if round % 9 == 8 {
                    root.borrow_mut(mc).truncate(2);
                }
                out.push(format!("{:?} {:?}", mc.control(Command::Read).counts, mc.due()));
            });
            m.verify().unwrap();
            if let Some(generation) = m.mutate(|mc, _| mc.due()) {
                let begun = m.collect(Request { generation, save_all: false, cause: Cause::Threshold });
                m.mutate(|mc, _| out.extend(drain(mc)));
                let found = m.finish_collection().map_or(begun.objects, |c| c.objects);
                m.mutate(|mc, root| {
                    let ages: Vec<_> = root.borrow().iter().map(|any| mc.state_of(any).generation).collect();
                    out.push(format!("{generation}: {found} {ages:?}"))
                });
            }
            out.extend(said(&log));
        }
        let stats = m.stats();
        out.push(format!("{} {} {:?}", stats.objects_allocated, stats.collections, m.collect(Request::FULL)));
        out
    }
    let want = program(None);
    assert!(want.iter().any(|line| line.starts_with("2: ")) || cfg!(miri));
    for zeal in if cfg!(miri) { &[1][..] } else { &[1, 7] } {
        assert_eq!(program(Some(*zeal)), want);
    }
}

/// A leaf that panics, deep objects, weak boxes, finalizers and resurrection, at random, with every law checked often.
#[test]
fn random_programs_keep_every_law() {
    for seed in 0..if cfg!(miri) { 1 } else { 12u64 } {
        let mut x = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut random = move |n: usize| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            (x >> 33) as usize % n
        };
        let log = Log::default();
        let zeal = [None, Some(1), Some(13)][seed as usize % 3];
        let collect_at = [CollectAt::Allocations, CollectAt::Safepoints][seed as usize / 3 % 2];
        let (_h, mut m) = heap(Config { zeal, thresholds: [25, 4, 3], collect_at, ..Config::default() });
        m.mutate(|mc, root| root.borrow_mut(mc).push(GcAny::new(Gc::new(mc, Shelf(GcCell::new(Vec::new()))))));
        for step in 0..if cfg!(miri) { 25 } else { 1500 } {
            m.mutate(|mc, root| {
                let shelf = root.borrow()[0].downcast_ref::<Shelf>().unwrap().clone();
                let pick = |random: &mut dyn FnMut(usize) -> usize| {
                    let all = root.borrow();
                    all[random(all.len())].clone()
                };
                let any = pick(&mut random);
                match random(12) {
                    0 | 1 => root.borrow_mut(mc).push(GcAny::new(node(mc))),
                    2 => root.borrow_mut(mc).push(GcAny::new(keeping(mc, &log, "k", &shelf))),
                    3 => root.borrow_mut(mc).push(GcAny::new(last(mc, &log, "l"))),
                    4 => root.borrow_mut(mc).push(GcAny::new(watch(mc, &any, step))),
                    5 | 6 => {
                        let other = pick(&mut random);
                        if let Some(n) = any.downcast_ref::<Node>() {
                            if let Some(o) = other.downcast_ref::<Node>() {
                                n.next.set(mc, Some(o.clone()));
                                n.many.borrow_mut(mc).push(o.clone());
                            }
                        } else if let Some(l) = any.downcast_ref::<Last>() {
                            l.links.borrow_mut(mc).push(other);
                        }
                    }
                    7 => mc.set_tracked(&any, random(2) == 0),
                    8 => {
                        let n = root.borrow().len();
                        root.borrow_mut(mc).truncate(n.saturating_sub(random(4)).max(1));
                    }
                    9 => {
                        let at = random(root.borrow().len()).max(1);
                        if at < root.borrow().len() {
                            drop(root.borrow_mut(mc).swap_remove(at));
                        }
                    }
                    10 => shelf.0.borrow_mut(mc).clear(),
                    _ => {
                        mc.control([Command::Freeze, Command::Unfreeze, Command::Read][random(3)]);
                    }
                }
            });
            if random(10) == 0 {
                m.collect(Request { generation: random(3) as u8, save_all: random(8) == 0, cause: Cause::Asked });
            }
            if random(4) == 0 {
                m.collect_if_due();
            }
            if step % 16 == 0 || zeal.is_some() && step % 4 == 0 {
                m.verify().unwrap();
            }
        }
        m.mutate(|mc, root| {
            mc.control(Command::Unfreeze);
            root.borrow_mut(mc).clear();
        });
        full(&mut m);
        full(&mut m);
    }
}
