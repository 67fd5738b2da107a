//! A session: the key to everything that changes the heap, and what it answers about objects.
//! Not how sessions open and close (`heap`).  Overview: `object`.

use super::{
    any::GcAny,
    managed::{Answer, Brand, Command, Manager, ObjectState, OneMutator, RawPending, Threaded},
    type_info::TypeInfo,
    weak::WeakHead,
};
use crate::{
    alloc::Full,
    config::Finalizers,
    observe::{BlockEvent, Stats},
    sync::AtomicU64,
    unwind::contained,
};
use std::{marker::PhantomData, mem::ManuallyDrop, ops::ControlFlow, ptr::NonNull, sync::Mutex};

/// What heap, mutators and roots share; the last one to go takes the heap down.
pub(crate) struct Core<M: Manager> {
    pub(crate) shared: Box<M::Shared>,
    pub(crate) finalizers: Finalizers,
    pub(crate) finalizers_run: AtomicU64,
    pub(crate) finalizer_panics: AtomicU64,
    /// What `DEBUG_SAVEALL` kept, with its pin.
    pub(crate) garbage: Mutex<Vec<(usize, NonNull<u8>)>>,
    /// Keeps counting heaps on their thread.
    pub(crate) not_send: PhantomData<*const ()>,
}
// SAFETY: a threaded manager's shared part is made for it.
unsafe impl<M: Threaded> Send for Core<M> {}
// SAFETY: as above.
unsafe impl<M: Threaded> Sync for Core<M> {}

impl<M: Manager> Core<M> {
    #[inline(always)]
    pub(crate) fn shared(&self) -> &M::Shared {
        &self.shared
    }
}
impl<M: Manager> Drop for Core<M> {
    fn drop(&mut self) {
        // SAFETY: mutators hold the core, so none exists any more.
        unsafe { M::stop(&self.shared) }
    }
}

/// What user code has to do for an object that died.  Made by [`Mutation::next_pending`] alone: nobody else can have a
/// finalizer or a cleanup run for an object that lives.  (So patterns end in `..`: `Pending::Finalize { object, .. }`.)
pub enum Pending<'gc, M: Manager> {
    /// Run this object's finalizer: it died, is whole, and may be kept.
    #[non_exhaustive]
    Finalize {
        /// The object.
        object: GcAny<'gc, M>,
    },
    /// This weak box (made with `notify`) lost its target.
    #[non_exhaustive]
    WeakDied {
        /// The object.
        object: GcAny<'gc, M>,
    },
    /// This object would have been released but for [`Request::save_all`](crate::Request::save_all).
    #[non_exhaustive]
    Saved {
        /// The object.
        object: GcAny<'gc, M>,
    },
}

impl<'gc, M: Manager> Pending<'gc, M> {
    /// Does what is to be done: runs the finalizer, or the [`Cleanup`](super::cleanup::Cleanup); a plain notice, and what
    /// was saved, it lets go of.  Whether that ended without a panic, which is swallowed.
    pub fn run(self, mc: &'gc Mutation<'gc, M>) -> bool {
        let (Pending::Finalize { object } | Pending::WeakDied { object } | Pending::Saved { object }) = &self;
        // SAFETY: a handle refers to an object.
        let info = unsafe { TypeInfo::of(object.ptr()) };
        let (function, object) = match self {
            Pending::Finalize { object } => (info.finalize, object),
            Pending::WeakDied { object } => (info.told, object),
            Pending::Saved { .. } => return true,
        };
        let Some(function) = function else { return true };
        let p = object.into_owned();
        // SAFETY: the type's own function, a whole object with the handle's reference, and this session's mutation.
        contained(|| unsafe { function(p, NonNull::from(mc).cast()) })
    }
}

/// A session: the key to everything that changes the heap.
#[repr(transparent)]
pub struct Mutation<'gc, M: Manager> {
    local: M::Local,
    brand: Brand<'gc>,
}

impl<'gc, M: Manager> Mutation<'gc, M> {
    #[inline(always)]
    pub(crate) fn local(&self) -> &M::Local {
        &self.local
    }
    /// Whether the session had better end: somebody waits for it, or a collection is due.
    ///
    /// Cost: one load and a test under the tricolor managers (x86-64: `mov`, `test`, `setne`, of a word that only a stop
    /// writes; the `mov` of the heap's address before it does not change in a loop), a comparison of two words under
    /// `RefCount`, nothing under `Null`, which answers false.
    #[inline(always)]
    pub fn should_yield(&self) -> bool {
        M::should_yield(&self.local)
    }
    /// The next thing that user code has to do for a dead object, if any: depth first, what a finalizer itself released
    /// before what was released after it.
    pub fn next_pending(&self) -> Option<Pending<'gc, M>> {
        let next = M::next_pending(&self.local)?;
        M::tally(M::shared(&self.local)).execute(next.errand());
        // SAFETY: the queue hands over one reference each.
        unsafe {
            Some(match next {
                RawPending::Finalize(p) => Pending::Finalize { object: GcAny::from_owned(p) },
                RawPending::WeakDied(p) => Pending::WeakDied { object: GcAny::from_owned(p) },
                RawPending::Saved(p) => Pending::Saved { object: GcAny::from_owned(p) },
            })
        }
    }
    /// Whether [`Self::next_pending`] would answer.  Cost: a load.
    #[inline(always)]
    pub fn has_pending(&self) -> bool {
        M::has_pending(&self.local)
    }
    /// Asks before `bytes` more are taken outside the heap.
    ///
    /// # Errors
    /// [`Full`] when they would pass the hard limit.
    pub fn reserve_outside(&self, bytes: usize) -> Result<(), Full> {
        M::check_outside(&self.local, bytes)
    }
    /// Facts about an object.
    pub fn state_of(&self, object: &GcAny<'gc, M>) -> ObjectState {
        // SAFETY: a handle keeps its object alive.
        unsafe { M::object_state(&self.local, object.ptr()) }
    }
    /// Takes an object out of collections and listings, or puts it back.  What an untracked object refers to counts as
    /// referred to from outside, which is safe: at worst a cycle through it is not found.
    pub fn set_tracked(&self, object: &GcAny<'gc, M>, tracked: bool) {
        // SAFETY: as above.
        unsafe { M::set_tracked(&self.local, object.ptr(), tracked) }
    }
    /// Every reference in `object`, in its type's order, duplicates kept, as it was before the first call of `f`.  Cells
    /// that are mutably borrowed now are passed over.
    pub fn referents(&self, object: &GcAny<'gc, M>, mut f: impl FnMut(&GcAny<'gc, M>))
    where
        M: OneMutator,
    {
        let mut found = Vec::new();
        // SAFETY: alive; `Each` does not enter cells that are borrowed mutably.  A reference in a live object is to a live
        // one; the count for the handle is ours to make.
        unsafe {
            M::referents(&self.local, object.ptr(), &mut |p| {
                M::retain(p);
                found.push(GcAny::from_owned(p))
            })
        };
        found.iter().for_each(&mut f)
    }
    /// Every object that is alive, garbage that no collection has found yet included.  Stops, as it were, the world:
    /// there is one mutator, and it is here.  Cost: a look at every block.
    pub fn walk(&self, mut f: impl FnMut(GcAny<'gc, M>))
    where
        M: OneMutator,
    {
        let mut found = Vec::new();
        M::walk(&self.local, &mut |p| {
            // SAFETY: the walk shows live objects; the count for the handle is ours to make.
            found.push(unsafe {
                M::retain(p);
                GcAny::from_owned(p)
            })
        });
        found.into_iter().for_each(&mut f)
    }
    /// Every weak box of `target` that is alive, until `f` breaks off; what `f` broke off with.  Those made without
    /// `notify` first, each kind newest first.  Cost: a division and a few loads, and the boxes passed; a lock or two each
    /// in a session of `TricolorSolo` that meets a collection.
    pub fn weak_boxes<B>(
        &self,
        target: &GcAny<'gc, M>,
        mut f: impl FnMut(&GcAny<'gc, M>) -> ControlFlow<B>,
    ) -> Option<B>
    where
        M: OneMutator,
    {
        let mut out = None;
        // SAFETY: the handle keeps the target alive.  The box is alive during the call, whose reference it is: we make no
        // count and give none back.
        unsafe {
            M::weak_boxes(&self.local, target.ptr(), &mut |p| {
                if p.cast::<WeakHead>().as_ref().is_ephemeron {
                    // A weak map's, which is nobody's to see.
                    return ControlFlow::Continue(());
                }
                match f(&ManuallyDrop::new(GcAny::from_owned(p))) {
                    ControlFlow::Continue(()) => ControlFlow::Continue(()),
                    ControlFlow::Break(b) => {
                        out = Some(b);
                        ControlFlow::Break(())
                    }
                }
            })
        }
        out
    }
    /// The objects that refer to any of `targets`.  Cost: a look at every reference in the heap.
    pub fn referrers(&self, targets: &[GcAny<'gc, M>]) -> Vec<GcAny<'gc, M>>
    where
        M: OneMutator,
    {
        let wanted: std::collections::HashSet<usize> = targets.iter().map(GcAny::address).collect();
        let mut out = Vec::new();
        self.walk(|object| {
            let mut hit = false;
            // SAFETY: alive, we hold a handle; as in `referents`.
            unsafe { M::referents(&self.local, object.ptr(), &mut |p| hit |= wanted.contains(&p.addr().get())) };
            if hit {
                out.push(object)
            }
        });
        out
    }
    /// Reads and changes the knobs that a running program may change.
    pub fn control(&self, command: Command) -> Answer {
        M::control(&self.local, command)
    }
    /// The heap's figures, as [`Heap::stats`](crate::Heap::stats) answers them between sessions, but for `finalizers` and
    /// `finalizer_panics`, which sessions do not know.  Cost: a look at every span.
    pub fn stats(&self) -> Stats {
        M::stats(M::shared(&self.local))
    }
    /// Notes from now on what becomes of every block ([`BlockEvent`]), or no longer; what was noted and not read is
    /// forgotten.  Off, which it is at first, it costs nothing; on, about 20 ns a block handed out or freed, and memory
    /// outside the heap until [`Self::block_events`] reads it.
    ///
    /// Under `RefCount` a block is freed when its object is released; under `TricolorSolo` when it is swept, some time
    /// after the collection that found it; under `Null` never.
    pub fn record_blocks(&self, on: bool)
    where
        M: OneMutator,
    {
        M::record_blocks(&self.local, on)
    }
    /// Whether [`Self::block_events`] would answer anything.  Cost: a load.
    #[inline(always)]
    pub fn has_block_events(&self) -> bool {
        M::blocks(M::shared(&self.local)).any()
    }
    /// What became of blocks since the last call, in its order.  An address is that of an object
    /// ([`GcAny::address`]) until its [`BlockEvent::Freed`]; it may then be handed out again.
    pub fn block_events(&self) -> Vec<BlockEvent> {
        M::blocks(M::shared(&self.local)).take()
    }
    /// Whether a collection by itself is due, and of which generation.
    pub fn due(&self) -> Option<u8> {
        M::due(&self.local)
    }
}
