//! [`Heap`], [`Mutator`], [`Mutation`]: a heap, who may change it, and one session of it.
//!
//! ```text
//! Heap ──mutator()──▶ Mutator ──mutate(|mc, root| …)──▶ a session: handles live here and nowhere else
//!                        └─ between sessions: collect(), and what waits for user code is run
//! ```
//! A session is the interval between safepoints: while one is open nothing it can reach is freed, and no collection
//! starts.  Keep sessions short (an interpreter loops over them and polls [`Mutation::should_yield`]), and never block
//! in one: other threads' sessions wait for it when a collection starts.  Under the tricolor managers what a session
//! allocates cannot be freed before it ends.
//! Not here: what a manager does.  See `manager`.

pub use crate::object::session::{Mutation, Pending};
use crate::{
    config::{Config, ConfigError, Finalizers},
    object::{
        any::GcAny,
        managed::{Collected, Manager, Request, Threaded},
        root::{Root, Rootable},
        session::Core,
    },
    observe::{Callbacks, Stats},
    sync::{AtomicU64, Ordering::Relaxed},
};
use std::{
    fmt,
    marker::PhantomData,
    panic::Location,
    ptr::NonNull,
    sync::{Arc, Mutex, PoisonError},
};

/// A heap under the manager `M`, with a root object of the family `R`.
pub struct Heap<R: Rootable<M>, M: Manager> {
    core: Arc<Core<M>>,
    root: Arc<Root<R, M>>,
}

/// Why a heap could not be made.
#[derive(Debug)]
pub enum StartError {
    /// A knob has a value that cannot be.
    Config(ConfigError),
}
impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Config(e) => e.fmt(f),
        }
    }
}
impl std::error::Error for StartError {}

/// The heap's one mutator has been handed out already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MutatorTaken;
impl fmt::Display for MutatorTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this manager has one mutator, and it is in use")
    }
}
impl std::error::Error for MutatorTaken {}

impl<R: Rootable<M>, M: Manager> Heap<R, M> {
    /// A heap whose root object `init` makes, in a first session.
    ///
    /// # Errors
    /// [`StartError`] for a bad configuration.
    ///
    /// # Panics
    /// When not even the root object fits under the hard limit, or `init` panics.
    #[track_caller]
    pub fn new(
        config: Config,
        init: impl for<'gc> FnOnce(&'gc Mutation<'gc, M>) -> R::Root<'gc>,
    ) -> Result<Self, StartError> {
        let at = Location::caller();
        config.validate().map_err(StartError::Config)?;
        #[allow(clippy::arc_with_non_send_sync, reason = "Send and Sync follow the manager")]
        let core = Arc::new(Core {
            shared: M::start(&config).map_err(StartError::Config)?,
            finalizers: config.finalizers,
            finalizers_run: AtomicU64::new(0),
            finalizer_panics: AtomicU64::new(0),
            garbage: Mutex::default(),
            not_send: PhantomData,
        });
        let attached = Attached::<M>::new(&core).expect("a new heap has its mutator");
        let root = attached.session(at, |mc| {
            let value = init(mc);
            Root::new(core.clone(), mc, value)
        });
        drop(attached);
        #[allow(clippy::arc_with_non_send_sync, reason = "Send and Sync follow the manager")]
        Ok(Heap { core, root: Arc::new(root) })
    }

    /// A mutator: what a thread needs to open sessions.
    ///
    /// # Errors
    /// [`MutatorTaken`] when the manager allows one and it is in use; dropping it gives it back.
    pub fn mutator(&self) -> Result<Mutator<R, M>, MutatorTaken> {
        Ok(Mutator { attached: Attached::new(&self.core)?, root: self.root.clone() })
    }
    /// A snapshot of the heap's figures.  Stops nobody.
    pub fn stats(&self) -> Stats {
        let mut stats = M::stats(self.core.shared());
        stats.finalizers = self.core.finalizers_run.load(Relaxed);
        stats.finalizer_panics = self.core.finalizer_panics.load(Relaxed);
        stats
    }
    /// Who is told of this heap's collections.
    pub fn callbacks(&self) -> &Callbacks {
        M::callbacks(self.core.shared())
    }
    /// Gives free memory back to the system now; returns the bytes.
    pub fn release(&self) -> usize {
        M::give_back(self.core.shared())
    }
    pub(crate) fn shared(&self) -> &M::Shared {
        self.core.shared()
    }
}

impl<M: Manager> Core<M> {
    fn garbage(&self) -> std::sync::MutexGuard<'_, Vec<(usize, NonNull<u8>)>> {
        self.garbage.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Keeps an object that was found dead; takes over the reference.
    fn keep(&self, p: NonNull<u8>) {
        // SAFETY: alive: the queue handed us its reference in a session that is open.
        let pin = unsafe { M::pin(self.shared(), p) };
        self.garbage().push((pin, p));
    }
}

/// A mutator's local part, given back when dropped.
struct Attached<M: Manager> {
    local: Option<Box<M::Local>>,
    core: Arc<Core<M>>,
}

impl<M: Manager> Attached<M> {
    fn new(core: &Arc<Core<M>>) -> Result<Self, MutatorTaken> {
        // SAFETY: we hold the core, and give the local part back in `drop`, before the core can go.
        let local = unsafe { M::attach(NonNull::from(core.shared())) }.ok_or(MutatorTaken)?;
        Ok(Attached { local: Some(local), core: core.clone() })
    }
    #[inline(always)]
    fn local(&self) -> &M::Local {
        self.local.as_deref().expect("only drop takes it")
    }
    #[inline(always)]
    fn session<O>(&self, at: &'static Location<'static>, f: impl for<'gc> FnOnce(&'gc Mutation<'gc, M>) -> O) -> O {
        struct Exit<'a, M: Manager>(&'a M::Local);
        impl<M: Manager> Drop for Exit<'_, M> {
            #[inline(always)]
            fn drop(&mut self) {
                M::exit(self.0)
            }
        }
        let local = self.local();
        M::enter(local, at);
        let exit = Exit::<M>(local);
        // SAFETY: `Mutation` is transparent over the local part.  The brand is fresh: `f` is universally quantified
        // over `'gc`, so no lifetime it can name equals it, and nothing branded outlives the call (I1).
        let mc: &Mutation<'_, M> = unsafe { &*(&raw const *local).cast() };
        let out = f(mc);
        drop(exit);
        out
    }
}
impl<M: Manager> Drop for Attached<M> {
    fn drop(&mut self) {
        if let Some(local) = self.local.take() {
            M::detach(local)
        }
    }
}

/// The right to open sessions of a heap; one a thread.
pub struct Mutator<R: Rootable<M>, M: Manager> {
    attached: Attached<M>,
    root: Arc<Root<R, M>>,
}
// SAFETY: between sessions a mutator is its local part, which a threaded manager lets any thread use.
unsafe impl<R: Rootable<M>, M: Threaded> Send for Mutator<R, M> {}

impl<R: Rootable<M>, M: Manager> Mutator<R, M> {
    /// Opens a session, calls `f` with it and the root object, and closes it, also when `f` panics.
    ///
    /// Where it was called is the session's name: see [`Config::session_limit`](crate::Config::session_limit) and
    /// [`Config::session_patience`](crate::Config::session_patience) for who hears of a session that is too long.
    ///
    /// Waits while a collection starts; costs about 5 ns otherwise (0.3 ns under `RefCount` and `Null`).  Finalizers that
    /// became due run at the end ([`Finalizers::Automatic`]).
    #[inline]
    #[track_caller]
    pub fn mutate<O>(&mut self, f: impl for<'gc> FnOnce(&'gc Mutation<'gc, M>, &'gc R::Root<'gc>) -> O) -> O {
        let core = &self.attached.core;
        self.attached.session(Location::caller(), |mc| {
            // SAFETY: the root is pinned as long as the heap lives, and we hold the heap.
            let root = unsafe { &*self.root.ptr().as_ptr() };
            let out = f(mc, root);
            if core.finalizers == Finalizers::Automatic && M::has_pending(mc.local()) {
                run_pending(core, mc);
            }
            out
        })
    }

    /// Collects now: the collection begins after the call, and has released what it found when this returns.
    ///
    /// With [`Finalizers::Automatic`], finalizers it found have run too.  With [`Finalizers::Manual`] and
    /// `pending` in the answer, drain [`Mutation::next_pending`] in a session and call [`Self::finish_collection`].
    ///
    /// The destructors of what it found have run as well: under the tricolor managers on a thread of their own, which this waits
    /// for.  One that waits for the caller waits for ever; one that waits for mutators to go on does not, where collections
    /// come by themselves.
    #[track_caller]
    pub fn collect(&mut self, request: Request) -> Collected {
        let at = Location::caller();
        let mut out = M::collect(self.attached.local(), request);
        while out.pending && self.attached.core.finalizers == Finalizers::Automatic {
            let core = &self.attached.core;
            self.attached.session(at, |mc| run_pending(core, mc));
            match M::finish_collection(self.attached.local()) {
                Some(more) => out = Collected { objects: out.objects + more.objects, pending: more.pending },
                None => out.pending = false,
            }
        }
        out
    }
    /// Goes on with a collection that waited for its finalizers; `None` when none did.
    pub fn finish_collection(&mut self) -> Option<Collected> {
        M::finish_collection(self.attached.local())
    }
    /// Collects if the heap says it is due ([`crate::config::CollectAt::Safepoints`]); the generation, if it did.
    pub fn collect_if_due(&mut self) -> Option<u8> {
        let generation = M::due(self.attached.local())?;
        self.collect(Request { generation, save_all: false, cause: crate::object::managed::Cause::Threshold });
        Some(generation)
    }
    /// Who is told of the heap's collections.
    pub fn callbacks(&self) -> &Callbacks {
        M::callbacks(self.attached.core.shared())
    }
    /// Calls `f` in a session with what `DEBUG_SAVEALL` kept, in the order in which it was found.
    pub(crate) fn garbage<O>(&mut self, f: impl for<'gc> FnOnce(&'gc Mutation<'gc, M>, Vec<GcAny<'gc, M>>) -> O) -> O {
        let core = self.attached.core.clone();
        self.mutate(|mc, _| {
            // Read in the session: another mutator's `clear_garbage` takes the list before it unpins, and what is unpinned
            // now is not freed before this session ends (an unpin while marking waits for F1).
            let kept: Vec<_> = core.garbage().iter().map(|&(_, p)| p).collect();
            let handle = |p| {
                // SAFETY: pinned when the list was read, so alive until the session ends; the count for the handle is ours.
                unsafe {
                    M::retain(p);
                    GcAny::from_owned(p)
                }
            };
            f(mc, kept.into_iter().map(handle).collect())
        })
    }
    /// Lets go of what was kept; how many.
    pub(crate) fn clear_garbage(&mut self) -> usize {
        let core = self.attached.core.clone();
        let kept = std::mem::take(&mut *core.garbage());
        let n = kept.len();
        // In a session, as the last handle of one may go.
        self.mutate(|_, _| {
            for (pin, _) in kept {
                // SAFETY: made by `keep`, and taken out of the list just now.
                unsafe { M::unpin(core.shared(), pin) }
            }
        });
        n
    }
    /// Walks every invariant of the heap.  For tests and zeal: cost is that of looking at every block.
    ///
    /// # Errors
    /// A sentence that names the broken law and where.
    pub fn verify(&mut self) -> Result<(), String> {
        M::verify(self.attached.local())
    }
    /// The heap's figures.
    pub fn stats(&self) -> Stats {
        let mut stats = M::stats(self.attached.core.shared());
        stats.finalizers = self.attached.core.finalizers_run.load(Relaxed);
        stats.finalizer_panics = self.attached.core.finalizer_panics.load(Relaxed);
        stats
    }
    /// Gives free memory back to the system now; returns the bytes.
    pub fn release(&mut self) -> usize {
        M::give_back(self.attached.core.shared())
    }
    pub(crate) fn shared(&self) -> &M::Shared {
        self.attached.core.shared()
    }
}

/// Runs everything that waits, finalizers of finalizers included.
fn run_pending<'gc, M: Manager>(core: &Core<M>, mc: &'gc Mutation<'gc, M>) {
    while let Some(next) = mc.next_pending() {
        match next {
            Pending::Saved { object } => core.keep(object.into_owned()),
            other => {
                if matches!(other, Pending::Finalize { .. }) {
                    core.finalizers_run.fetch_add(1, Relaxed);
                }
                if !other.run(mc) {
                    core.finalizer_panics.fetch_add(1, Relaxed);
                }
            }
        }
    }
}

impl<R: Rootable<M>, M: Manager> Mutator<R, M> {
    /// Makes a [`Root`] that keeps a value alive across sessions.
    #[track_caller]
    pub fn root<S: Rootable<M>>(
        &mut self,
        f: impl for<'gc> FnOnce(&'gc Mutation<'gc, M>, &'gc R::Root<'gc>) -> S::Root<'gc>,
    ) -> Root<S, M> {
        let core = self.attached.core.clone();
        self.attached.session(Location::caller(), |mc| {
            // SAFETY: as in `mutate`.
            let root = unsafe { &*self.root.ptr().as_ptr() };
            Root::new(core, mc, f(mc, root))
        })
    }
}
