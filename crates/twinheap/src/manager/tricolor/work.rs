//! Gray work that any worker may take, and how k of them find out that there is none left.
//!
//! Gray objects lie in *segments* of 2 KiB (Go's workbufs).  Whoever marks has two of its own ([`Stack`]): when both are
//! full one goes to the *shelf*, when both are empty one comes from there.  So whatever is more than two segments is there
//! for others to steal, no push moves what was pushed before, and the lock is held for a few words, once in 254 objects.
//! What is left of a large tail lies there too, as a *rest*.
//!
//! **When nothing is left (I6, for k workers).**  A gray object, or a rest, is on the shelf; or a worker has it; or a
//! mutator has it, in its gray buffer or in its hands, and what a mutator does with gray objects it does with its gray lock
//! held.  A worker counts as *active* from the moment it takes something, in one critical section with the taking, until it
//! says, having nothing, that it has nothing (`Shelf::next`).  So when, with all gray locks held and their buffers
//! empty, the shelf is empty and nobody is active ([`Work::is_quiet`]), no gray object exists; and none can come, because
//! gray comes from gray, or from a mutator.  No worker is stopped for that, and no second look is needed: the two facts are
//! read in one critical section, and a thief that left the shelf empty is active in it.
//! Not here: what a gray object is (`mark`), the mutators' side (`gray`), the threads (`workers`).  Overview:
//! `manager::tricolor`.

#[cfg(not(loom))]
use crate::sync::Condvar;
use crate::sync::{AtomicU32, Mutex, Ordering::Relaxed, lock, seeded};

/// Items of a segment: 2 KiB of references.  Few where every exchange is to be seen.
pub const SEGMENT_ITEMS: usize = match () {
    () if cfg!(loom) => 2,
    () if cfg!(any(miri, shuttle)) => 14,
    () => 254,
};
/// Empty segments that are kept for the next collection.
const KEPT_MAX: usize = 64;

/// A fixed number of gray objects.
pub struct Segment<T> {
    len: usize,
    items: [Option<T>; SEGMENT_ITEMS],
}
impl<T: Copy> Segment<T> {
    fn new() -> Box<Self> {
        Box::new(Segment { len: 0, items: [None; SEGMENT_ITEMS] })
    }
}

/// A worker's own gray objects: two segments, the older one full or empty, so that a stack that sways about a boundary does
/// not go to the shelf each time.
///
/// ```text
/// second.len == 0  or  second.len == SEGMENT_ITEMS                               when nobody is in one of its functions
/// ```
pub struct Stack<T> {
    top: Box<Segment<T>>,
    second: Box<Segment<T>>,
}

impl<T: Copy> Default for Stack<T> {
    fn default() -> Self {
        Stack { top: Segment::new(), second: Segment::new() }
    }
}

impl<T: Copy> Stack<T> {
    /// Puts an item on top.
    #[inline(always)]
    pub fn push<R>(&mut self, item: T, work: &Work<T, R>) {
        let top = &mut *self.top;
        match top.items.get_mut(top.len) {
            Some(place) => {
                *place = Some(item);
                top.len += 1
            }
            None => self.push_beyond(item, work),
        }
    }
    #[cold]
    #[inline(never)]
    fn push_beyond<R>(&mut self, item: T, work: &Work<T, R>) {
        if self.second.len != 0 {
            work.give(&mut self.second);
        }
        std::mem::swap(&mut self.top, &mut self.second);
        self.push(item, work)
    }
    /// Takes the youngest item.
    #[inline(always)]
    pub fn pop(&mut self) -> Option<T> {
        let top = &mut *self.top;
        match top.items.get(top.len.wrapping_sub(1)) {
            Some(&item) => {
                top.len -= 1;
                item
            }
            None => self.pop_below(),
        }
    }
    #[cold]
    #[inline(never)]
    fn pop_below(&mut self) -> Option<T> {
        std::mem::swap(&mut self.top, &mut self.second);
        if self.top.len == 0 { None } else { self.pop() }
    }
    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.top.len == 0 && self.second.len == 0
    }
    /// Puts all of it on the shelf.
    pub fn give_all<R>(&mut self, work: &Work<T, R>) {
        for segment in [&mut self.second, &mut self.top] {
            if segment.len != 0 {
                work.give(segment)
            }
        }
    }
    /// Puts a part of it on the shelf, the older one: oldest objects tend to have the most behind them.
    #[cold]
    #[inline(never)]
    pub fn share<R>(&mut self, work: &Work<T, R>) {
        if self.second.len != 0 {
            return work.give(&mut self.second);
        }
        let top = &mut *self.top;
        let (half, len) = (top.len / 2, top.len);
        if half >= 2 || half == 1 && cfg!(loom) {
            self.second.items[..half].copy_from_slice(&top.items[..half]);
            self.second.len = half;
            top.items.copy_within(half..len, 0);
            top.len -= half;
            work.give(&mut self.second)
        }
    }
}

/// What was taken from the shelf.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken<R> {
    /// A segment, which is in the taker's stack now.
    Segment,
    /// A rest.
    Rest(R),
}

/// What a worker finds when it has nothing.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<R> {
    /// Something to do: it is active.
    Work(Taken<R>),
    /// Nothing, but others are at work: it is not active.
    Nothing,
    /// Nothing, and nobody is active.
    Quiet,
}

struct Shelf<T, R> {
    full: Vec<Box<Segment<T>>>,
    rests: Vec<R>,
    empty: Vec<Box<Segment<T>>>,
    /// Workers that may have something.
    active: u32,
    /// Workers that sleep until there is something.
    sleeping: u32,
    /// Workers are to go; one of them has fallen.
    closed: bool,
    fallen: bool,
}

/// The shelf of a heap.
pub struct Work<T, R> {
    shelf: Mutex<Shelf<T, R>>,
    /// Not 0: somebody would take something, and nothing is on the shelf.  A hint.
    hungry: AtomicU32,
    #[cfg(not(loom))]
    change: Condvar,
}

impl<T, R> Default for Work<T, R> {
    fn default() -> Self {
        Work {
            shelf: Mutex::new(Shelf {
                full: Vec::new(),
                rests: Vec::new(),
                empty: Vec::new(),
                active: 0,
                sleeping: 0,
                closed: false,
                fallen: false,
            }),
            hungry: AtomicU32::new(0),
            #[cfg(not(loom))]
            change: Condvar::new(),
        }
    }
}

impl<T: Copy, R> Shelf<T, R> {
    fn is_empty(&self) -> bool {
        self.full.is_empty() && self.rests.is_empty()
    }
    fn is_quiet(&self) -> bool {
        self.is_empty() && (self.active == 0 || seeded("termination_ignores_thieves"))
    }
    /// Segments before rests: a rest has more gray objects in it than a segment, so the stacks stay small.
    fn take(&mut self, into: &mut Stack<T>) -> Option<Taken<R>> {
        if let Some(segment) = self.full.pop() {
            debug_assert_eq!(into.top.len, 0, "who takes has nothing");
            let empty = std::mem::replace(&mut into.top, segment);
            if self.empty.len() < KEPT_MAX {
                self.empty.push(empty)
            }
            return Some(Taken::Segment);
        }
        self.rests.pop().map(Taken::Rest)
    }
    fn next(&mut self, active: &mut bool, into: &mut Stack<T>) -> Next<R> {
        if let Some(taken) = self.take(into) {
            self.active += u32::from(!*active);
            *active = true;
            return Next::Work(taken);
        }
        self.active -= u32::from(*active);
        *active = false;
        if self.is_quiet() { Next::Quiet } else { Next::Nothing }
    }
}

impl<T: Copy, R> Work<T, R> {
    fn note(&self, shelf: &Shelf<T, R>) {
        self.hungry.store(u32::from(shelf.sleeping != 0 && shelf.is_empty()), Relaxed)
    }
    fn wake(&self, shelf: &Shelf<T, R>) {
        self.note(shelf);
        #[cfg(not(loom))]
        if shelf.sleeping != 0 {
            self.change.notify_one()
        }
    }
    /// Puts a segment on the shelf; an empty one is there instead.
    ///
    /// The caller is active, or holds its gray lock in a phase that cannot change meanwhile.
    pub fn give(&self, segment: &mut Box<Segment<T>>) {
        let mut shelf = lock(&self.shelf);
        let empty = shelf.empty.pop().unwrap_or_else(Segment::new);
        debug_assert_eq!(empty.len, 0);
        shelf.full.push(std::mem::replace(segment, empty));
        self.wake(&shelf)
    }
    /// Puts what is left of something large on the shelf; the caller as in [`Self::give`].
    pub fn give_rest(&self, rest: R) {
        let mut shelf = lock(&self.shelf);
        shelf.rests.push(rest);
        self.wake(&shelf)
    }
    /// Takes something, for a mutator with an empty stack that holds its gray lock until it has put back, or has in its
    /// gray buffer, what it did not look at.
    pub fn take(&self, into: &mut Stack<T>) -> Option<Taken<R>> {
        let mut shelf = lock(&self.shelf);
        let taken = shelf.take(into);
        self.note(&shelf);
        taken
    }
    /// A worker becomes active with what it has.
    pub fn begin(&self, active: &mut bool) {
        lock(&self.shelf).active += u32::from(!*active);
        *active = true
    }
    /// A worker whose stack is empty: takes something, or is not active any more.  (Models do not sleep.)
    #[cfg(loom)]
    pub fn try_next(&self, active: &mut bool, into: &mut Stack<T>) -> Next<R> {
        let mut shelf = lock(&self.shelf);
        let next = shelf.next(active, into);
        self.note(&shelf);
        next
    }
    /// Whether nothing is on the shelf and no worker has anything.  With all gray locks held it stays so (I6).
    pub fn is_quiet(&self) -> bool {
        lock(&self.shelf).is_quiet()
    }
    /// Segments and rests on the shelf.
    pub fn waiting(&self) -> usize {
        let shelf = lock(&self.shelf);
        shelf.full.len() + shelf.rests.len()
    }
    /// Whether somebody would take something, and nothing is there.  Cost: a load.
    #[inline(always)]
    pub fn is_hungry(&self) -> bool {
        self.hungry.load(Relaxed) != 0
    }
    /// A mutator that would have helped found nothing to take.
    pub fn ask(&self) {
        self.hungry.store(1, Relaxed)
    }
}

#[cfg(not(loom))]
impl<T: Copy, R> Work<T, R> {
    /// A worker whose stack is empty waits for something to do.  `None`: it is to go; and, for the one who `leads`, that
    /// nothing is left and nobody is active.
    ///
    /// # Panics
    /// For the one who leads, when another worker has fallen.
    pub fn next(&self, active: &mut bool, leads: bool, into: &mut Stack<T>) -> Option<Taken<R>> {
        let mut shelf = lock(&self.shelf);
        let next = loop {
            let was_active = *active;
            match shelf.next(active, into) {
                Next::Work(taken) => break Some(taken),
                Next::Quiet if leads => break None,
                // Whoever leads may be waiting for this.
                Next::Quiet if was_active => self.change.notify_all(),
                Next::Quiet | Next::Nothing => {}
            }
            if shelf.closed && !leads {
                break None;
            }
            assert!(!(leads && shelf.fallen), "a marker's thread has failed: what it said is on stderr");
            shelf.sleeping += 1;
            self.note(&shelf);
            shelf = self.change.wait(shelf).unwrap_or_else(|e| e.into_inner());
            shelf.sleeping -= 1;
        };
        self.note(&shelf);
        if next.is_some() && !shelf.is_empty() && shelf.sleeping != 0 {
            // One wakes the next while there is more.
            self.change.notify_one()
        }
        next
    }
    /// A worker with nothing is not active any more, whatever is on the shelf.
    pub fn leave(&self, active: &mut bool) {
        let mut shelf = lock(&self.shelf);
        shelf.active -= u32::from(std::mem::take(active));
        if shelf.is_quiet() {
            self.change.notify_all()
        }
    }
    /// Workers are to go, when they have nothing left; with `fallen`, one of them did so by a panic.
    pub fn close(&self, fallen: bool) {
        let mut shelf = lock(&self.shelf);
        shelf.closed |= !fallen;
        shelf.fallen |= fallen;
        self.change.notify_all()
    }
}
