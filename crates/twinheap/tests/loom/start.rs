//! A marking that begins without stopping anybody (heap.md §11), as a model: its rules, and that five of them are needed.
//! (That a slot's old value must be shaded no scenario here shows; `slot_two_mutators` does, of the library's own code.)
//!
//! The collector says `PREP`, waits until the sessions that began before have ended (new ones begin meanwhile), and marks.
//! Not the library's code: it stops (`ARCHITECTURE.md`, "What is deliberately absent", says what stood in the way).

use super::{read, write};
use loom::{
    cell::UnsafeCell,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering::*, fence},
    },
    thread,
};

// Phases.
const IDLE: u32 = 0;
const PREP: u32 = 1;
const MARK: u32 = 2;
const OVER: u32 = 3;
// What a mutator's word says of it: no session; one that began in that phase, or has not looked yet.
const OUT: u32 = 0;
const BEFORE: u32 = 1;
const IN_PREP: u32 = 2;
const IN_MARK: u32 = 3;
// A cell's scan word: to be looked at; the marker or a claim is looking; looked at; a session of PREP may be changing it,
// and will have it looked at again.
const DUE: u32 = 0;
const BUSY: u32 = 1;
const DONE: u32 = 2;
const GUARDED: u32 = 3;

/// A rule that is left out.
#[derive(Clone, Copy, PartialEq)]
enum Without {
    Nothing,
    /// Marking begins although sessions that know of nothing are open.
    WaitForThoseBefore,
    /// Marking ends although sessions of PREP are open.
    WaitForThoseOfPrep,
    /// What a cell holds is not shaded before it is changed.
    Snapshot,
    /// In sessions of PREP, a slot's new value is not shaded.
    NewShade,
    /// In sessions of PREP, a cell that was borrowed mutably is not looked at again.
    Regray,
}

enum Gray {
    Object,
    Cell,
}

/// One object; a slot and a cell, both roots, in which it is or not.
struct World {
    without: Without,
    phase: AtomicU32,
    sessions: [AtomicU32; 2],
    grays: [Mutex<Vec<Gray>>; 2],
    marked: AtomicBool,
    slot: AtomicBool,
    scan: AtomicU32,
    borrowed: AtomicBool,
    value: UnsafeCell<bool>,
}

/// A session: what it began in, and the handle in its hand.
struct Session<'a> {
    world: &'a World,
    me: usize,
    began: u32,
}

impl World {
    fn new(without: Without, in_slot: bool) -> Arc<Self> {
        Arc::new(World {
            without,
            phase: AtomicU32::new(IDLE),
            sessions: [AtomicU32::new(OUT), AtomicU32::new(OUT)],
            grays: [Mutex::default(), Mutex::default()],
            marked: AtomicBool::new(false),
            slot: AtomicBool::new(in_slot),
            scan: AtomicU32::new(DUE),
            borrowed: AtomicBool::new(false),
            value: UnsafeCell::new(!in_slot),
        })
    }

    fn session(&self, me: usize, work: Work) {
        self.sessions[me].store(BEFORE, Relaxed);
        fence(SeqCst);
        let began = match self.phase.load(Acquire) {
            PREP => IN_PREP,
            MARK => IN_MARK,
            OVER => return self.sessions[me].store(OUT, Release),
            _ => BEFORE,
        };
        if began != BEFORE {
            self.sessions[me].store(began, Release);
        }
        let holds = work(&Session { world: self, me, began });
        // What a session holds is not freed before it ends (I2).
        assert!(
            !(holds && self.phase.load(Acquire) == OVER && !self.marked.load(Relaxed)),
            "freed in a session's hand"
        );
        self.sessions[me].store(OUT, Release);
    }

    fn collect(&self) {
        self.phase.store(PREP, Release);
        fence(SeqCst);
        if self.without != Without::WaitForThoseBefore {
            self.wait_for(&[BEFORE]);
        }
        self.phase.store(MARK, Release);
        if self.slot.load(Acquire) {
            self.marked.store(true, Relaxed);
        }
        self.look();
        loop {
            if self.without != Without::WaitForThoseOfPrep {
                // One that has not looked yet may have seen PREP.
                fence(SeqCst);
                self.wait_for(&[BEFORE, IN_PREP]);
            }
            let mut grays: Vec<_> = self.grays.iter().map(|gray| gray.lock().unwrap()).collect();
            let found: Vec<_> = grays.iter_mut().flat_map(|gray| std::mem::take(&mut **gray)).collect();
            if found.is_empty() {
                return self.phase.store(OVER, Release);
            }
            drop(grays);
            if found.iter().any(|gray| matches!(gray, Gray::Cell)) {
                self.look();
            }
        }
    }
    fn wait_for(&self, whom: &[u32]) {
        for session in &self.sessions {
            while whom.contains(&session.load(Acquire)) {
                thread::yield_now()
            }
        }
    }
    /// The marker comes to the cell.
    fn look(&self) {
        if self.scan.compare_exchange(DUE, BUSY, Acquire, Relaxed).is_ok() {
            if read(&self.value) {
                self.marked.store(true, Relaxed);
            }
            self.scan.store(DONE, Release);
        }
    }
}

impl Session<'_> {
    fn shade(&self) {
        let mut gray = self.world.grays[self.me].lock().unwrap();
        self.world.marked.store(true, Relaxed);
        gray.push(Gray::Object)
    }
    fn load(&self) -> bool {
        self.world.slot.load(Acquire)
    }
    fn store(&self, new: bool) {
        let inserts = self.began == IN_PREP && self.world.without != Without::NewShade;
        if (self.began != BEFORE && self.world.slot.load(Acquire)) || (inserts && new) {
            self.shade();
        }
        self.world.slot.store(new, Release);
    }
    /// Changes the cell, by a mutable borrow.
    fn change(&self, change: impl FnOnce(&mut bool)) {
        let world = self.world;
        while world.borrowed.compare_exchange(false, true, Acquire, Relaxed).is_err() {
            thread::yield_now()
        }
        if self.began != BEFORE {
            self.claim();
        }
        let mut value = read(&world.value);
        change(&mut value);
        write(&world.value, value);
        if self.began == IN_PREP && world.without != Without::Regray {
            let mut gray = world.grays[self.me].lock().unwrap();
            world.scan.store(DUE, Release);
            gray.push(Gray::Cell);
        } else if self.began == IN_PREP {
            world.scan.store(DONE, Release);
        }
        world.borrowed.store(false, Release);
    }
    /// Before a change: nobody looks any more, and what is there is shaded if marking has begun.  Under the gray lock, which
    /// ends marking (I6).
    fn claim(&self) {
        let world = self.world;
        let mut gray = world.grays[self.me].lock().unwrap();
        let phase = world.phase.load(Relaxed);
        if phase == OVER {
            return;
        }
        let seen = loop {
            match world.scan.load(Acquire) {
                BUSY => thread::yield_now(),
                seen if world.scan.compare_exchange(seen, BUSY, Acquire, Relaxed).is_ok() => break seen,
                _ => {}
            }
        };
        if seen == DUE && phase == MARK && world.without != Without::Snapshot && read(&world.value) {
            world.marked.store(true, Relaxed);
            gray.push(Gray::Object)
        }
        world.scan.store(if self.began == IN_PREP { GUARDED } else { DONE }, Release);
    }
}

type Work = fn(&Session<'_>) -> bool;

fn copy_to_the_cell(session: &Session<'_>) -> bool {
    let held = session.load();
    if held {
        session.change(|value| *value = true);
    }
    held
}
fn move_to_the_slot(session: &Session<'_>) -> bool {
    let mut held = false;
    session.change(|value| held = std::mem::take(value));
    if held {
        session.store(true);
    }
    held
}
fn empty_the_slot(session: &Session<'_>) -> bool {
    let held = session.load();
    session.store(false);
    held
}
fn move_to_the_cell(session: &Session<'_>) -> bool {
    let held = empty_the_slot(session);
    if held {
        session.change(|value| *value = true);
    }
    held
}

/// One copies the object from the slot to the cell; the other empties the slot.
fn copied(without: Without) {
    run(without, true, &[copy_to_the_cell, empty_the_slot])
}
/// One moves the object from the cell to the slot; the other empties the slot.
fn moved(without: Without) {
    run(without, false, &[move_to_the_slot, empty_the_slot])
}
fn run(without: Without, in_slot: bool, work: &'static [Work]) {
    let mut builder = loom::model::Builder::new();
    (builder.preemption_bound, builder.max_branches) = (Some(2), 10_000);
    builder.check(move || {
        let world = World::new(without, in_slot);
        let one = |me: usize| {
            let world = world.clone();
            thread::spawn(move || world.session(me, work[me]))
        };
        let threads: Vec<_> = (0..work.len()).map(one).collect();
        world.collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let reachable = world.slot.load(Acquire) || read(&world.value);
        assert!(!reachable || world.marked.load(Relaxed), "the living are freed");
    })
}

#[test]
fn start_without_stop_copied() {
    copied(Without::Nothing)
}
#[test]
fn start_without_stop_moved() {
    moved(Without::Nothing)
}
#[test]
#[should_panic = "Causality violation"]
fn start_needs_the_wait_for_those_before() {
    run(Without::WaitForThoseBefore, true, &[move_to_the_cell])
}
#[test]
#[should_panic = "freed"]
fn start_needs_the_wait_for_those_of_prep() {
    copied(Without::WaitForThoseOfPrep)
}
#[test]
#[should_panic = "freed"]
fn start_needs_cells_to_be_saved_before_a_change() {
    run(Without::Snapshot, false, &[move_to_the_slot])
}
#[test]
#[should_panic = "freed"]
fn start_needs_the_new_shade() {
    moved(Without::NewShade)
}
#[test]
#[should_panic = "freed"]
fn start_needs_cells_to_be_looked_at_again() {
    copied(Without::Regray)
}
