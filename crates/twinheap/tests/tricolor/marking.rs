//! Marking by several threads, and what is large in pieces.  Not the races (`tests/stress.rs`).

use super::*;
use std::time::{Duration, Instant};

/// More than one worker, whatever the machine has; and every marking is checked.
fn config() -> Config {
    Config { mark_workers: Some(4), check_marks: true, ..Config::default() }
}

type Array<'gc, M> = Gc<'gc, Tail<(), Slot<'gc, Node<'gc, M>, M>>, M>;
struct Arrays;
impl<M: Manager> Rootable<M> for Arrays {
    type Root<'gc> = Slot<'gc, Tail<(), Slot<'gc, Node<'gc, M>, M>>, M>;
}

/// Slots of an array, 32 MiB of them; and the distance of those that hold something.
const SLOTS: usize = if cfg!(miri) { 1 << 10 } else { 4 << 20 };
const EVERY: usize = if cfg!(miri) { 100 } else { 4099 };

/// No step of marking is longer than a piece, whatever an array's length; nothing in it is lost, also when mutators assist and
/// replace what is in it meanwhile.
#[test]
fn a_big_array_is_marked_in_pieces() {
    let config = Config { gogc: Some(10), ..config() };
    let heap: Heap<Arrays, Tricolor> = Heap::new(config, |_| Slot::empty()).unwrap();
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, root| {
        let array: Array<'_, Tricolor> = Gc::with_zeroed_tail(mc, (), SLOTS);
        root.set(mc, Some(array));
        for i in (0..SLOTS).step_by(EVERY) {
            let next = node(mc, i + 1);
            let first = node(mc, i);
            first.next.set(mc, Some(next));
            array.tail()[i].set(mc, Some(first));
        }
    });
    m.collect(Request::FULL);
    let pieces = heap.stats().mark_pieces;
    // Elements are a word each; a piece of 128 KiB (under Miri 2 KiB) is as many as that.
    let piece = if cfg!(miri) { 2 << 10 } else { 128 << 10 };
    let a_collection = SLOTS * 8 / piece;
    assert!(
        pieces > 0 && (pieces as usize).is_multiple_of(a_collection),
        "{pieces} pieces, {a_collection} a collection"
    );
    assert_eq!(heap.stats().mark_step_bytes_max, piece);
    // Collections by themselves, assists in them, and an array that changes.
    let begin = Instant::now();
    let mut round = 0;
    while round < n(20, 2) || !cfg!(miri) && heap.stats().collections < 5 && begin.elapsed() < Duration::from_secs(20) {
        round += 1;
        m.mutate(|mc, root| {
            let array = root.get().unwrap();
            for i in (0..SLOTS).step_by(EVERY) {
                let (first, other) = (array.tail()[i].get().unwrap(), node(mc, i));
                other.next.set(mc, first.next.take(mc));
                array.tail()[i].set(mc, Some(other));
            }
        });
    }
    m.collect(Request::FULL);
    m.mutate(|_, root| {
        let array = root.get().unwrap();
        for i in (0..SLOTS).step_by(EVERY) {
            let first = array.tail()[i].get().unwrap();
            assert_eq!((first.id, first.next.get().unwrap().id), (i, i + 1));
        }
    });
    assert_eq!(heap.stats().mark_step_bytes_max, piece, "the longest step");
    m.verify().unwrap();
}

/// A tree: enough for everybody.
fn tree<'gc>(mc: &Mutation<'gc, Tricolor>, depth: usize, ids: &mut usize) -> Gc<'gc, Pair<'gc>, Tricolor> {
    let below = (depth > 0).then(|| (tree(mc, depth - 1, ids), tree(mc, depth - 1, ids)));
    *ids += 1;
    Gc::new(mc, Pair { id: *ids, below })
}
#[derive(Trace)]
#[trace(manager = Tricolor)]
struct Pair<'gc> {
    id: usize,
    below: Option<(Gc<'gc, Pair<'gc>, Tricolor>, Gc<'gc, Pair<'gc>, Tricolor>)>,
}
struct Tree;
impl Rootable<Tricolor> for Tree {
    type Root<'gc> = Gc<'gc, Pair<'gc>, Tricolor>;
}

/// Helpers are started when there is work, mark some of it, and every object once.
#[test]
fn helpers_mark_a_part() {
    let depth = n(16, 7);
    let heap: Heap<Tree, Tricolor> = Heap::new(config(), |mc| tree(mc, depth, &mut 0)).unwrap();
    let mut m = heap.mutator().unwrap();
    let begin = Instant::now();
    let mut rounds = 0;
    // On a busy machine the first worker may be done before another one runs.
    while rounds < 3 || heap.stats().objects_marked_by_helpers == 0 && begin.elapsed() < Duration::from_secs(30) {
        let before = heap.stats().objects_marked;
        m.collect(Request::FULL);
        // (The root object is one more.)
        assert_eq!(heap.stats().objects_marked - before, (2 << depth) as u64);
        rounds += 1;
    }
    assert!(heap.stats().objects_marked_by_helpers > 0, "nobody helped in {rounds} collections");
    m.verify().unwrap();
    let alone: Heap<Tree, Tricolor> =
        Heap::new(Config { mark_workers: Some(1), ..config() }, |mc| tree(mc, depth, &mut 0)).unwrap();
    alone.mutator().unwrap().collect(Request::FULL);
    assert_eq!(alone.stats().objects_marked_by_helpers, 0);
    assert_eq!(alone.stats().objects_marked, (2 << depth) as u64);
}
