//! The tricolor managers' protocols, every interleaving of them: the library's own words and functions, small worlds.
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p twinheap --test loom`.  Not the heap (`tests/stress.rs`).
#![cfg(loom)]

use loom::{
    cell::UnsafeCell,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering::*},
    },
    thread,
};
use twinheap::{
    manager::tricolor::{
        gray,
        handshake::Handshake,
        phase::{Phase, PhaseWord},
        scan::{Saved, ScanWord, save_before_change},
        work::{Next, Stack, Taken, Work},
    },
    object::vec::Len,
};

#[path = "loom/start.rs"]
mod start;

const E: u32 = 7;

fn bounded(bound: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(bound);
    builder.check(f)
}

/// Reads memory that is not atomic: loom fails the model if that races.
fn read<T: Copy>(memory: &UnsafeCell<T>) -> T {
    // SAFETY: loom gives a valid pointer, and checks that nobody writes meanwhile.
    memory.with(|p| unsafe { *p })
}
/// Writes memory that is not atomic, as [`read`].
fn write<T>(memory: &UnsafeCell<T>, value: T) {
    // SAFETY: loom gives a valid pointer, and checks that nobody else looks meanwhile.
    memory.with_mut(|p| unsafe { *p = value })
}

/// One cell of the snapshot, which holds the only reference to object 0.
struct Cell {
    scan: ScanWord,
    borrowed: AtomicU32,
    value: UnsafeCell<Option<usize>>,
}
impl Cell {
    fn new() -> Self {
        Cell { scan: ScanWord::new(), borrowed: AtomicU32::new(0), value: UnsafeCell::new(Some(0)) }
    }
}
struct World {
    cell: Cell,
    marked: [AtomicBool; 2],
    grays: [Mutex<Vec<usize>>; 2],
    phase: PhaseWord,
}
impl World {
    fn marking() -> Arc<Self> {
        let phase = PhaseWord::new();
        phase.change(Phase::Mark);
        Arc::new(World {
            cell: Cell::new(),
            marked: [AtomicBool::new(false), AtomicBool::new(false)],
            grays: [Mutex::default(), Mutex::default()],
            phase,
        })
    }
    fn mark(&self, object: usize) -> bool {
        !self.marked[object].swap(true, Relaxed)
    }
    /// A session that borrows the cell mutably and takes out what is in it.
    fn take_out(&self, me: usize) {
        let marking = self.phase.get() == Phase::Mark;
        while self.cell.borrowed.compare_exchange(0, 1, Acquire, Relaxed).is_err() {
            thread::yield_now()
        }
        if marking && !self.cell.scan.is_done(E) {
            let save = |gray: &mut Vec<usize>| {
                if let Some(object) = read(&self.cell.value)
                    && self.mark(object)
                {
                    gray.push(object)
                }
            };
            save_before_change(&self.cell.scan, E, &self.grays[me], &self.phase, save, || {});
        }
        write(&self.cell.value, None);
        self.cell.borrowed.store(0, Release);
    }
    /// The marker comes to the cell, and marks until nothing is gray.
    fn mark_all(&self, mutators: usize) {
        let mut queue = Vec::new();
        if self.cell.scan.marker_enter(E) {
            if let Some(object) = read(&self.cell.value)
                && self.mark(object)
            {
                queue.push(object)
            }
            self.cell.scan.marker_exit(E)
        }
        self.finish(mutators, queue)
    }
    fn finish(&self, mutators: usize, mut queue: Vec<usize>) {
        loop {
            // Object 0 refers to object 1.
            for object in queue.drain(..) {
                if object == 0 {
                    self.mark(1);
                }
            }
            let mut grays: Vec<_> = self.grays[..mutators].iter().map(|g| g.lock().unwrap()).collect();
            let over = gray::end_marking(&mut grays, true, &self.phase, |gray| {
                queue.append(gray);
                !queue.is_empty()
            });
            if over {
                return;
            }
        }
    }
}

#[test]
fn cell_one_mutator() {
    loom::model(|| {
        let world = World::marking();
        let its = world.clone();
        let mutator = thread::spawn(move || its.take_out(0));
        world.mark_all(1);
        assert!(world.marked[0].load(Relaxed), "an edge of the snapshot was lost");
        assert!(world.marked[1].load(Relaxed), "marking ended with a gray object");
        mutator.join().unwrap();
    })
}

#[test]
fn cell_two_mutators() {
    bounded(2, || {
        let world = World::marking();
        let mutators: Vec<_> = (0..2)
            .map(|me| {
                let its = world.clone();
                thread::spawn(move || its.take_out(me))
            })
            .collect();
        world.mark_all(2);
        assert!(world.marked[0].load(Relaxed), "an edge of the snapshot was lost");
        assert!(world.marked[1].load(Relaxed), "marking ended with a gray object");
        mutators.into_iter().for_each(|m| m.join().unwrap());
    })
}

/// A slot's old value is shaded before it is overwritten; two mutators race on one slot with plain loads and stores.
#[test]
fn slot_two_mutators() {
    bounded(2, || {
        let world = World::marking();
        // 0: nothing; otherwise the object's number + 1.
        let slot = Arc::new(AtomicU32::new(1));
        let mutators: Vec<_> = (0..2)
            .map(|me| {
                let (world, slot) = (world.clone(), slot.clone());
                thread::spawn(move || {
                    let old = slot.load(Acquire);
                    if old != 0 && !world.marked[old as usize - 1].load(Relaxed) {
                        gray::while_marking(&world.grays[me], &world.phase, |gray| {
                            if world.mark(old as usize - 1) {
                                gray.push(old as usize - 1)
                            }
                        });
                    }
                    slot.store(0, Release)
                })
            })
            .collect();
        let seen = slot.load(Acquire);
        let queue = if seen != 0 && world.mark(0) { vec![0] } else { vec![] };
        world.finish(2, queue);
        assert!(world.marked[0].load(Relaxed) && world.marked[1].load(Relaxed), "an edge of the snapshot was lost");
        mutators.into_iter().for_each(|m| m.join().unwrap());
    })
}

/// Object 0, which only a weak reference knows, with a cell of its own; object 1 behind it.  It is upgraded while marking
/// ends, weak references are cleared, it is resurrected for its finalizer (or not), and swept.
fn weak(finalizer: bool) {
    struct Weak {
        target: AtomicPtr<u8>,
        memory: UnsafeCell<u32>,
        cell: ScanWord,
    }
    loom::model(move || {
        let world = World::marking();
        let weak = Arc::new(Weak {
            target: AtomicPtr::new(std::ptr::without_provenance_mut(8)),
            memory: UnsafeCell::new(7),
            cell: ScanWord::new(),
        });
        let (its, its_weak) = (world.clone(), weak.clone());
        // The session began in MARK.
        let mutator = thread::spawn(move || {
            let p = gray::upgrade(
                &its.grays[0],
                &its.phase,
                &its_weak.target,
                |_| its.marked[0].load(Relaxed),
                |gray, _| {
                    if its.mark(0) {
                        gray.push(0)
                    }
                },
            );
            if p.is_null() {
                return;
            }
            // It changes what is in the object's cell, by the cell's protocol.
            if !its_weak.cell.is_done(E) {
                save_before_change(&its_weak.cell, E, &its.grays[0], &its.phase, |_| {}, || {});
            }
            assert_eq!(read(&its_weak.memory), 7, "the object was freed");
            write(&its_weak.memory, 7);
        });
        let trace = || {
            if weak.cell.marker_enter(E) {
                assert_eq!(read(&weak.memory), 7);
                weak.cell.marker_exit(E)
            }
        };
        loop {
            let mut queue = Vec::new();
            let over = {
                let mut grays = [world.grays[0].lock().unwrap()];
                gray::end_marking(&mut grays, true, &world.phase, |gray| {
                    queue.append(gray);
                    !queue.is_empty()
                })
            };
            if over {
                break;
            }
            trace()
        }
        let dead = !world.marked[0].load(Relaxed);
        if dead {
            weak.target.store(std::ptr::null_mut(), Relaxed);
        }
        let flip = |to| {
            let _gray = world.grays[0].lock().unwrap();
            world.phase.change(to)
        };
        flip(Phase::Finalize);
        if dead && finalizer {
            world.mark(0);
            trace();
        }
        flip(Phase::Sweep);
        if !world.marked[0].load(Relaxed) {
            write(&weak.memory, 0);
        }
        mutator.join().unwrap();
    })
}
#[test]
fn weak_upgrade_and_sweep() {
    weak(false)
}
#[test]
fn weak_upgrade_and_finalizer() {
    weak(true)
}

/// A session that begins after marking needs no cell protocol: the phase itself says that the marker is gone (I5).
#[test]
fn session_after_marking() {
    loom::model(|| {
        let world = World::marking();
        let its = world.clone();
        let mutator = thread::spawn(move || {
            if its.phase.get() != Phase::Mark {
                write(&its.cell.value, None);
            }
        });
        world.mark_all(0);
        mutator.join().unwrap();
    })
}

/// Sessions and the stop: never both, and each sees what the other did.
fn handshake(mutators: usize) {
    bounded(3, move || {
        struct Shared {
            handshake: Handshake,
            in_session: [AtomicU32; 2],
            heap: [UnsafeCell<u32>; 2],
        }
        let shared = Arc::new(Shared {
            handshake: Handshake::new(),
            in_session: [AtomicU32::new(0), AtomicU32::new(0)],
            heap: [UnsafeCell::new(0), UnsafeCell::new(0)],
        });
        let threads: Vec<_> = (0..mutators)
            .map(|me| {
                let shared = shared.clone();
                thread::spawn(move || {
                    if shared.handshake.try_enter(&shared.in_session[me]) {
                        write(&shared.heap[me], read(&shared.heap[me]) + 1);
                        shared.handshake.leave(&shared.in_session[me]);
                    }
                })
            })
            .collect();
        shared.handshake.close();
        for me in 0..mutators {
            while !shared.handshake.is_out(&shared.in_session[me]) {
                thread::yield_now()
            }
        }
        for me in 0..mutators {
            write(&shared.heap[me], read(&shared.heap[me]) + 10);
        }
        shared.handshake.open();
        threads.into_iter().for_each(|t| t.join().unwrap());
    })
}
#[test]
fn handshake_one_mutator() {
    handshake(1)
}
#[test]
fn handshake_two_mutators() {
    handshake(2)
}

#[test]
fn a_cell_is_saved_once() {
    loom::model(|| {
        let scan = ScanWord::new();
        let world = World::marking();
        let save = || save_before_change(&scan, E, &world.grays[0], &world.phase, |_| {}, || {});
        assert_eq!((save(), save()), (Saved::Here, Saved::Already));
        assert!(!scan.marker_enter(E) && scan.marker_enter(E + 1));
    })
}

// ---- a vector's publication ------------------------------------------------------------------------------------------

/// Two storages, the second of which takes the first one's place; words are stored and loaded as slots are.
struct Vector {
    storage: AtomicUsize,
    lens: [Len; 2],
    words: [[AtomicUsize; 2]; 2],
}
impl Vector {
    /// What a reader without a lock finds.
    fn look(&self) -> usize {
        let at = self.storage.load(Acquire);
        let len = self.lens[at].get();
        for i in 0..len {
            assert_eq!(self.words[at][i].load(Acquire), i + 1, "below the length a place is empty");
        }
        len
    }
}

/// A reader beside a writer that pushes, grows and pushes: whatever is below the length is there, and nothing that was seen is
/// gone again.
#[test]
fn vector_publication() {
    bounded(4, || {
        let words = || [AtomicUsize::new(0), AtomicUsize::new(0)];
        let vector = Arc::new(Vector {
            storage: AtomicUsize::new(0),
            lens: [Len::new(), Len::new()],
            words: [words(), words()],
        });
        let its = vector.clone();
        let writer = thread::spawn(move || {
            its.lens[0].push(|at| its.words[0][at].store(1, Release));
            // `GcVec::replace_storage`.
            its.words[1][0].store(its.words[0][0].load(Acquire), Release);
            its.lens[1].publish(1);
            its.storage.store(1, Release);
            its.lens[1].push(|at| its.words[1][at].store(2, Release));
        });
        let first = vector.look();
        let second = vector.look();
        assert!(first <= second, "an element that was there is gone");
        writer.join().unwrap();
        assert_eq!(vector.look(), 2);
    });
}

/// Workers that take from each other, and the end of marking.  Objects 0 → 1 → 2 → 3, and a large one whose rest leads to 4.
struct Workshop {
    marked: [AtomicBool; 5],
    work: Work<usize, usize>,
    gray: Mutex<Stack<usize>>,
    phase: PhaseWord,
}
impl Workshop {
    fn marking() -> Arc<Self> {
        let phase = PhaseWord::new();
        phase.change(Phase::Mark);
        Arc::new(Workshop {
            marked: std::array::from_fn(|_| AtomicBool::new(false)),
            work: Work::default(),
            gray: Mutex::new(Stack::default()),
            phase,
        })
    }
    fn mark(&self, object: usize, stack: &mut Stack<usize>) {
        if !self.marked[object].swap(true, Relaxed) {
            stack.push(object, &self.work)
        }
    }
    /// From gray to black, with all that comes of it.
    fn drain(&self, stack: &mut Stack<usize>) {
        while let Some(object) = stack.pop() {
            if object < 3 {
                self.mark(object + 1, stack)
            }
        }
    }
    fn begin(&self, taken: Taken<usize>, stack: &mut Stack<usize>) {
        if let Taken::Rest(object) = taken {
            self.mark(object, stack)
        }
    }
    /// A helper: works while there is something, then goes.
    fn help(&self) {
        let (mut active, mut stack) = (false, Stack::default());
        while let Next::Work(taken) = self.work.try_next(&mut active, &mut stack) {
            self.begin(taken, &mut stack);
            self.drain(&mut stack)
        }
        assert!(!active && stack.is_empty());
    }
    /// A mutator that assists: a little, and what is left goes back.
    fn assist(&self) {
        gray::while_marking(&self.gray, &self.phase, |gray| {
            if let Some(taken) = self.work.take(gray) {
                self.begin(taken, gray);
                if let Some(object) = gray.pop()
                    && object < 3
                {
                    self.mark(object + 1, gray)
                }
            }
            gray.give_all(&self.work)
        });
    }
    /// The worker that leads; what it has is on the shelf when the others come.
    fn lead(&self) {
        let (mut active, mut stack) = (false, Stack::default());
        self.work.begin(&mut active);
        self.mark(0, &mut stack);
        stack.give_all(&self.work);
        self.work.give_rest(4);
        loop {
            match self.work.try_next(&mut active, &mut stack) {
                Next::Work(taken) => {
                    self.begin(taken, &mut stack);
                    self.drain(&mut stack)
                }
                Next::Nothing => thread::yield_now(),
                Next::Quiet => {
                    let mut grays = [self.gray.lock().unwrap()];
                    let quiet = self.work.is_quiet();
                    let over = gray::end_marking(&mut grays, quiet, &self.phase, |gray| {
                        let took = !gray.is_empty();
                        gray.give_all(&self.work);
                        took
                    });
                    if over {
                        break;
                    }
                }
            }
        }
        assert!(self.marked.iter().all(|m| m.load(Relaxed)), "marking ended with a gray object");
    }
}

#[test]
fn thieves_one_helper() {
    loom::model(|| {
        let shop = Workshop::marking();
        let its = shop.clone();
        let helper = thread::spawn(move || its.help());
        shop.lead();
        helper.join().unwrap()
    })
}

#[test]
fn thieves_a_helper_and_an_assist() {
    bounded(2, || {
        let shop = Workshop::marking();
        let (its, mutators) = (shop.clone(), shop.clone());
        let threads = [thread::spawn(move || its.help()), thread::spawn(move || mutators.assist())];
        shop.lead();
        threads.into_iter().for_each(|t| t.join().unwrap())
    })
}
