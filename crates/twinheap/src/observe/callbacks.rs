//! Who is told of collections: CPython's `gc.callbacks`, as a list of functions.
//!
//! A list is read live while it is called, as CPython 3.13 does (`invoke_gc_callback`): a function that removes itself makes
//! the next one miss this phase, one that is appended is called in it.  Nothing is locked while one runs.
//! Not here: when there is a collection (the managers).  Overview: `observe`; in CPython's words: `control::gc`.

use crate::unwind::contained;
use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

/// Where a collection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing has been looked at.
    Start,
    /// Everything is done, and counted.
    Stop,
}
impl fmt::Display for Phase {
    /// CPython's word.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Start => "start",
            Phase::Stop => "stop",
        })
    }
}

/// CPython's `info`; the two counts are 0 at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Info {
    /// The oldest generation that is collected.
    pub generation: u8,
    /// Containers released, or kept by `DEBUG_SAVEALL`.
    pub collected: usize,
    /// Containers that could not be: always 0 (CPython: cycles with a C-level `tp_del`).
    pub uncollectable: usize,
}

/// Which function of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallbackId(u64);

type Function = dyn FnMut(Phase, Info) + Send;
type Entry = (CallbackId, Arc<Mutex<Function>>);

/// Functions that are called at the start and at the end of every collection, in the order in which they came.
///
/// Under `RefCount` they run where the collection does: in `collect`, or inside an allocation.  Under the tricolor managers
/// they run on the collector's thread, which waits for them, and the session's threads do not.  A panic in one is
/// swallowed and counted (`Stats::callback_panics`), and the next one still runs.
#[derive(Default)]
pub struct Callbacks {
    list: Mutex<Vec<Entry>>,
    next: AtomicU64,
    any: AtomicBool,
    calling: AtomicBool,
    panics: AtomicU64,
}

impl Callbacks {
    fn list(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Appends a function; its number.
    pub fn append(&self, function: impl FnMut(Phase, Info) + Send + 'static) -> CallbackId {
        let id = CallbackId(self.next.fetch_add(1, Relaxed));
        let mut list = self.list();
        list.push((id, Arc::new(Mutex::new(function))));
        self.any.store(true, Relaxed);
        id
    }
    /// Takes one out; whether it was there.  It may take itself out.
    pub fn remove(&self, id: CallbackId) -> bool {
        let mut list = self.list();
        let at = list.iter().position(|entry| entry.0 == id);
        // Dropped when nothing is locked: what it captured is the program's.
        let gone = at.map(|at| list.remove(at));
        self.any.store(!list.is_empty(), Relaxed);
        drop(list);
        gone.is_some()
    }
    /// How many there are.
    pub fn len(&self) -> usize {
        self.list().len()
    }
    /// Whether there is none.  Cost: a load.
    pub fn is_empty(&self) -> bool {
        !self.any.load(Relaxed)
    }
    /// Whether one of them runs, which the collection waits for.
    #[cfg(not(loom))]
    pub(crate) fn is_calling(&self) -> bool {
        self.calling.load(Relaxed)
    }
    /// How many of them panicked, each time.
    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Relaxed)
    }
    /// Calls each.
    pub(crate) fn call(&self, phase: Phase, info: Info) {
        if self.is_empty() {
            return;
        }
        let mut i = 0;
        self.calling.store(true, Relaxed);
        loop {
            let Some(function) = self.list().get(i).map(|entry| entry.1.clone()) else { break };
            i += 1;
            // Locked only when it is being called, as by a collection of another heap that it made itself.
            if let Ok(mut function) = function.try_lock().or_else(|e| match e {
                std::sync::TryLockError::Poisoned(e) => Ok(e.into_inner()),
                std::sync::TryLockError::WouldBlock => Err(()),
            }) && !contained(|| function(phase, info))
            {
                self.panics.fetch_add(1, Relaxed);
            }
            // The last handle, if it removed itself: what it captured may panic as it goes.
            if !contained(|| drop(function)) {
                self.panics.fetch_add(1, Relaxed);
            }
        }
        self.calling.store(false, Relaxed);
    }
}
impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Callbacks({})", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_removes_itself_makes_the_next_miss_the_phase() {
        let callbacks = Arc::new(Callbacks::default());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let note = |name: &'static str| {
            let heard = heard.clone();
            move |phase: Phase, _: Info| heard.lock().unwrap().push((name, phase))
        };
        let first = note("first");
        let own = Arc::new(Mutex::new(None));
        let (weak, own_id) = (Arc::downgrade(&callbacks), own.clone());
        let id = callbacks.append(move |phase, info| {
            first(phase, info);
            let id = own_id.lock().unwrap().take();
            weak.upgrade().zip(id).inspect(|(list, id)| assert!(list.remove(*id)));
        });
        *own.lock().unwrap() = Some(id);
        callbacks.append(note("second"));
        callbacks.append(note("third"));
        callbacks.append(|_, _| panic!("swallowed"));
        callbacks.call(Phase::Start, Info::default());
        callbacks.call(Phase::Stop, Info::default());
        let heard = heard.lock().unwrap();
        let expected =
            [("first", Phase::Start), ("third", Phase::Start), ("second", Phase::Stop), ("third", Phase::Stop)];
        assert_eq!(*heard, expected);
        assert_eq!((callbacks.panics(), callbacks.len(), callbacks.remove(id)), (2, 3, false));
    }
}
