//! `RefCount` while the program's own code runs in the middle: functions that are shown references, finalizers between the
//! halves of collections, callbacks for what is outside.  The steps by themselves are in `refcount.rs`.

use super::*;

#[test]
fn referents_are_kept_while_one_is_shown() {
    let (_h, mut m) = heap(quiet());
    m.mutate(|mc, _| {
        let of = node(mc);
        of.next.set(mc, Some(node(mc)));
        of.prev.set(mc, Some(node(mc)));
        let second = of.prev.get().unwrap().address();
        let mut seen = Vec::new();
        mc.referents(&GcAny::new(of.clone()), |any| {
            of.prev.set(mc, None);
            seen.push(any.clone());
        });
        assert_eq!(seen.len(), 2);
        assert_eq!((seen[1].address(), mc.state_of(&seen[1]).references), (second, Some(1)));
        drop(seen);
        assert_ne!(of.next.get().unwrap().address(), second);
    });
    m.verify().unwrap();
    assert_eq!(full(&mut m), 0);
}

fn garbage<'gc>(mc: Mc<'gc>, log: &Log, with: Option<GcAny<'gc, RefCount>>) {
    let dead = last(mc, log, "dead");
    let links = [GcAny::new(saying(mc, log, "leaf")), GcAny::new(dead.clone())];
    dead.links.borrow_mut(mc).extend(links.into_iter().chain(with));
}

/// Each is given what the other holds while both wait; what is dead and what is not stays in order.
#[test]
fn two_suspended_collections_keep_to_themselves() {
    for asked in [false, true] {
        let config = Config { finalizers: Finalizers::Manual, thresholds: [50, 1000, 1000], ..Config::default() };
        let (_h, mut m) = heap(config);
        let log = Log::default();
        m.mutate(|mc, _| {
            let churn = || drop((0..60).map(|_| node(mc)).collect::<Vec<_>>());
            // Dies with the first, so the first is finished for its finalizer, and the second waits.
            let third = GcAny::new(last(mc, &log, "third"));
            garbage(mc, &log, Some(third.clone()));
            churn();
            assert!(mc.has_pending());
            drop(third);
            garbage(mc, &log, None);
            if !asked {
                churn()
            }
        });
        m.verify().unwrap();
        if asked {
            assert!(m.collect(Request::FULL).pending);
            m.verify().unwrap();
        }
        m.mutate(|mc, _| {
            let next = || match mc.next_pending() {
                Some(Pending::Finalize { object: any, .. }) => any.downcast::<Last<'_>>().expect("a `Last`"),
                _ => panic!("a finalizer waits"),
            };
            let (first, second) = (next(), next());
            let (of_first, of_second) = (first.links.borrow()[0].clone(), second.links.borrow()[0].clone());
            first.links.borrow_mut(mc).push(of_second);
            second.links.borrow_mut(mc).push(of_first);
            drop((first, second));
            if !asked {
                assert_eq!(next().name.0.1, "third");
            }
        });
        m.verify().unwrap();
        if asked {
            assert_eq!(m.finish_collection().unwrap().objects, 1);
            m.verify().unwrap();
        }
        m.mutate(|mc, _| while mc.next_pending().is_some() {});
        m.verify().unwrap();
        full(&mut m);
        assert_eq!(said(&log), ["leaf", "leaf"]);
        assert_eq!(m.stats().ladder.classes.iter().map(|c| c.live_blocks).sum::<usize>(), 1, "the root");
    }
}

#[test]
fn what_is_outside_may_ask_for_figures() {
    let (done, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let outside = || ASKED.with(|heap| heap.borrow().as_ref().map_or(0, |heap| heap.stats().used_bytes));
        let config = Config { max_heap_bytes: Some(64 << 20), outside_bytes: Some(outside), ..quiet() };
        let heap = std::rc::Rc::new(Heap::<Base, RefCount>::new(config, |_| GcCell::new(Vec::new())).unwrap());
        ASKED.set(Some(heap.clone()));
        let mut m = heap.mutator().unwrap();
        m.mutate(|mc, _| {
            drop((0..if cfg!(miri) { 100 } else { 10_000u64 }).map(|i| Gc::new(mc, i)).collect::<Vec<_>>())
        });
        m.verify().unwrap();
        drop((m, ASKED.take(), heap));
        done.send(()).unwrap();
    });
    ended.recv_timeout(std::time::Duration::from_secs(60)).expect("no deadlock");
}

/// In a finalizer the boxes of the trash are cleared already; one that is made there answers until its target goes, and is told.
#[test]
fn weak_references_made_by_finalizers_are_told() {
    for save_all in [false, true] {
        let (_h, mut m) = heap(Config { finalizers: Finalizers::Manual, ..quiet() });
        let log = Log::default();
        m.mutate(|mc, _| garbage(mc, &log, None));
        assert!(m.collect(Request { generation: 2, save_all, cause: Cause::Asked }).pending);
        m.mutate(|mc, root| {
            let Some(Pending::Finalize { object: any, .. }) = mc.next_pending() else { panic!("a finalizer waits") };
            root.borrow_mut(mc).push(GcAny::new(Gc::new_weak(mc, &any, 7u32, true)));
            let dead = any.downcast::<Last<'_>>().unwrap();
            // Goes with it, and hears nothing.
            dead.links.borrow_mut(mc).push(GcAny::new(Gc::new_weak(mc, &GcAny::new(dead.clone()), 8u32, true)));
        });
        m.verify().unwrap();
        let found = m.finish_collection().unwrap();
        m.verify().unwrap();
        assert!(found.objects == 2 && found.pending, "{found:?}");
        m.mutate(|mc, root| {
            let kept = root.borrow()[0].clone().downcast::<WeakBox<'_, u32, RefCount>>().unwrap();
            assert_eq!(kept.upgrade(mc).is_some(), save_all);
            let told = std::iter::from_fn(|| match mc.next_pending()? {
                Pending::WeakDied { object: any, .. } => Some(any.address()),
                _ => Some(0),
            });
            let told = told.collect::<Vec<_>>();
            assert_eq!(told, if save_all { vec![0; 2] } else { vec![kept.address()] });
        });
        if save_all {
            // It was saved only: found again, the box is told before it goes, as any other.
            assert!(m.collect(Request::FULL).pending);
            m.mutate(|mc, _| assert_eq!(drain(mc), ["weak 7"]));
            assert_eq!(m.finish_collection().unwrap().objects, 2);
        }
        full(&mut m);
        assert_eq!(said(&log).len(), 1);
    }
}
