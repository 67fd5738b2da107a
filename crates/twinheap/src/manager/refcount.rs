//! `RefCount`: exact counts, release at zero, and CPython 3.13's collection of cycles in three generations.
//!
//! Read in this order: `refcount/header` the eight bytes before an object · `handle` what cloning and dropping cost ·
//! `release` what happens at zero · `cache` where blocks come from and go · `generations` who is young, and when a
//! collection is due · `room` what is collected before `Full` is answered · `collect` the collection · `weak`, `pending`
//! who is told of the dead · `told` who is told of collections · `zeal`, `verify` the proof.
//!
//! ```text
//! R1  strong == number of handles (+ 1 for each pin, queued notice, suspended collection)
//! R2  an edge that is not seen makes an object live longer, never shorter; who may be entered does not change in a pass
//! R3  blocks of the condemned are freed after all of their drop glue has run
//! R4  what is being destroyed is in no list, no set and no walk: its `Drop` may come back here
//! R5  one collection at a time, a suspended one that was asked for included; another call answers 0
//! ```
//! One state, [`CountingHeap`], two faces: this manager, and `Local` behind `Cc`.  A span leads from an object to its
//! state, so `retain` and `release` need nothing but the object.
//!
//! Not here: atomics.  A counting heap and everything that comes from it stays on its thread.

mod cache;
mod collect;
mod ephemeron;
mod generations;
pub mod handle;
pub mod header;
mod pending;
mod release;
mod room;
mod told;
mod verify;
mod weak;
mod zeal;

pub use collect::{Reach, Subtract};

use crate::{
    alloc::{Full, Limits, Memory, SpanRef},
    config::{CollectAt, Config},
    object::{
        boxes::Boxes,
        managed::{Answer, Command, GenerationStats, ObjectState},
        trace::Each,
        type_info::{Kind, TypeInfo},
        weak::WeakHead,
    },
    observe::{Callbacks, HoldUpSummary, HoldUps, Stats, blocks::Blocks, figures::Figures, tally::Tally},
    sync::{Instant, seeded},
};
use cache::{Cache, Class, blocks};
use generations::{is_examined, note_examined};
use header::{CONDEMNED, FINALIZED, HAS_WEAK, OLD, Outside, header};
use pending::Queue;
use room::Refusals;
use std::{
    cell::{Cell, RefCell, UnsafeCell},
    collections::HashMap,
    ptr::NonNull,
};
use told::Told;
use zeal::Zeal;

/// Counts references and collects cycles; one thread.
pub struct RefCount;

/// The manager behind `Cc`: the same heap, the thread's own, and no sessions.
pub struct Local;

/// A counting heap: one thread's, so cells suffice.
///
/// It is never moved once it has objects: spans hold its address.
pub struct CountingHeap {
    // ---- every allocation and release -----------------------------------------------------------------------------
    cache: Cache,
    /// The young, and the middle generation (`generations`).
    lists: [UnsafeCell<Vec<*mut u8>>; 2],
    count0: Cell<i64>,
    /// An allocation that takes `count0` above it collects.
    allocation_trigger: Cell<i64>,
    /// The length of the list of the young up to which births look at nothing else (`generations`).
    young_until: Cell<isize>,
    /// `count0` above it makes a collection due at the next safepoint.
    safepoint_trigger: Cell<i64>,
    depth: Cell<u32>,
    /// A release has parked something or runs long.
    cascade: Cell<bool>,
    has_pending: Cell<bool>,
    // ---- spans ------------------------------------------------------------------------------------------------------
    memory: Memory,
    classes: UnsafeCell<Vec<Class>>,
    class_index: UnsafeCell<HashMap<(usize, usize), usize>>,
    /// Blocks, and bytes of them, that came to be objects past the hands; less those of the hands that did not.
    taken_otherwise: Cell<(i64, i64)>,
    // ---- release ----------------------------------------------------------------------------------------------------
    parked: UnsafeCell<Vec<NonNull<u8>>>,
    cascade_began: Cell<Option<Instant>>,
    values: ephemeron::Values,
    pending: UnsafeCell<Queue>,
    queued: Cell<u64>,
    // ---- collections --------------------------------------------------------------------------------------------------
    collecting: Cell<bool>,
    /// The word `aux` of an object born now that can be in no cycle.
    acyclic: Cell<u32>,
    counts: Cell<[usize; 2]>,
    long_lived_pending: Cell<usize>,
    long_lived_total: Cell<usize>,
    any_frozen: Cell<bool>,
    /// A limit asks for a collection of this generation at the next safepoint.
    limit_due: Cell<Option<u8>>,
    limit_next: Cell<usize>,
    refusals: Refusals,
    zeal: Zeal,
    blocks: Blocks,
    // ---- knobs --------------------------------------------------------------------------------------------------------
    automatic: Cell<bool>,
    thresholds: Cell<[i64; 3]>,
    collect_at: CollectAt,
    limit_bytes: Cell<Option<usize>>,
    // ---- figures ------------------------------------------------------------------------------------------------------
    generations: Cell<[GenerationStats; 3]>,
    collections: Cell<u64>,
    collection_ns: Cell<u64>,
    examined: Cell<u64>,
    released_by_collections: Cell<u64>,
    released_at_exit: Cell<u64>,
    drop_panics: Cell<u64>,
    holdups: HoldUps,
    tally: Tally,
    told: Told,
    // ---- the outside ----------------------------------------------------------------------------------------------------
    pins: RefCell<Vec<Option<NonNull<u8>>>>,
    free_pins: RefCell<Vec<usize>>,
    taken: Cell<bool>,
}

/// A heap asks for huge pages from here on.
const HUGE_PAGES_FROM_BYTES: usize = 4 << 20;

/// Shows `p`'s references to `f`, mutably borrowed cells left out; how many lay in cells.
///
/// # Safety
/// `p` is a live object.
unsafe fn show(p: NonNull<u8>, f: &mut dyn FnMut(NonNull<u8>)) -> usize {
    let mut each = Each::new(f);
    // SAFETY: an object with its own type's function and the visitor that function expects.
    unsafe { (TypeInfo::of(p).visits.each)(p, NonNull::from(&mut each).cast()) };
    each.in_cells()
}

impl CountingHeap {
    /// A mutator's part without a mutator, for the thread's own heap.
    ///
    /// # Safety
    /// `heap` outlives the result.
    pub(crate) unsafe fn local(heap: NonNull<CountingHeap>) -> CountingLocal {
        CountingLocal(heap)
    }
    /// How many objects there are.
    pub(crate) fn live(&self) -> usize {
        let (_, _, in_hand) = self.births();
        self.memory.spans().iter().map(|&span| span.live.get() as usize - in_hand(span)).sum()
    }
    /// Whether anybody could see `p` but for one handle: one count, and no weak box.
    ///
    /// # Safety
    /// `p` is alive.
    pub(crate) unsafe fn is_unique(p: NonNull<u8>) -> bool {
        // SAFETY: the caller's object.
        let h = unsafe { header(p) };
        h.strong.get() == 1 && !h.has(HAS_WEAK)
    }
    /// Takes a unique object out of every set while somebody has a `&mut` to it.
    ///
    /// # Safety
    /// `p` is alive and unique.
    pub(crate) unsafe fn lend(p: NonNull<u8>) {
        // SAFETY: the caller's object.
        unsafe {
            CountingHeap::of(SpanRef::of(p)).unlist(p);
            header(p).put_outside(Outside::Lent)
        }
    }
    /// The `&mut` is gone.
    ///
    /// # Safety
    /// `p` was lent.
    pub(crate) unsafe fn take_back(p: NonNull<u8>) {
        // SAFETY: the caller's object.
        unsafe {
            header(p).put_outside(Outside::Untracked);
            CountingHeap::of(SpanRef::of(p)).set_tracked(p, true)
        }
    }
    /// Frees the block of an object that was moved out; its weak boxes die.
    ///
    /// # Safety
    /// `p` was alive with one count, which is the caller's, and its value has been read out.
    pub(crate) unsafe fn forget(p: NonNull<u8>) {
        // SAFETY: the caller's object.
        unsafe {
            let span = SpanRef::of(p);
            let heap = CountingHeap::of(span);
            heap.unlist(p);
            header(p).put_outside(Outside::Dying);
            if header(p).has(HAS_WEAK) {
                heap.clear_weak(p, false)
            }
            heap.free(span, p)
        }
    }
    /// The weak boxes of an object that lives on die.
    ///
    /// # Safety
    /// `p` is alive.
    pub(crate) unsafe fn disown(p: NonNull<u8>) {
        // SAFETY: the caller's object.
        unsafe {
            if header(p).has(HAS_WEAK) && !seeded("weak_handles_beside_unique_access") {
                CountingHeap::of(SpanRef::of(p)).clear_weak(p, true)
            }
        }
    }
    /// The value is dropped where it lies (`Pin`): it has no finalizer, and bears the flag of those whose finalizer ran.
    ///
    /// # Safety
    /// `p` is alive, of a type without a finalizer.
    pub(crate) unsafe fn keep_in_place(p: NonNull<u8>) {
        // SAFETY: the caller's object.
        unsafe { header(p) }.raise(FINALIZED)
    }
    /// Keeps a block that was just taken back: no object yet, and no collection, walk or release meets it, as little as one
    /// that is being destroyed.
    ///
    /// # Safety
    /// `p` came from `block`, and is not born.
    pub(crate) unsafe fn keep_back(p: NonNull<u8>) {
        // SAFETY: the caller's block.
        let h = unsafe { header(p) };
        h.strong.set(1);
        h.put_outside(Outside::Dying)
    }
    /// The object of a block that was kept back is whole.
    ///
    /// # Safety
    /// `p` was kept back, and its object, of `info`, is written.
    pub(crate) unsafe fn born_late(info: &'static TypeInfo, p: NonNull<u8>) {
        // SAFETY: the caller's block; its span names its heap.
        unsafe {
            // Collections may have been since it was taken.
            if is_examined(info) {
                note_examined(p)
            }
            CountingHeap::of(SpanRef::of(p)).born(info, p)
        }
    }
    /// There will be no object in a block that was kept back.
    ///
    /// # Safety
    /// `p` was kept back, and is not used any more.
    pub(crate) unsafe fn give_up(p: NonNull<u8>) {
        // SAFETY: the caller's block; its span names its heap.
        unsafe {
            let span = SpanRef::of(p);
            let heap = CountingHeap::of(span);
            if TypeInfo::in_span(span).kind == Kind::Container {
                heap.count0.set((heap.count0.get() - 1).max(0));
            }
            if !seeded("failed_birth_kept") {
                heap.note_taken(-1, span.block_bytes());
                heap.put_back(span, p)
            }
        }
    }
    /// The newest weak box of `p` that is alive and asked for no notice, if it has any: a dying one is linked until its
    /// glue has run.
    ///
    /// # Safety
    /// `p` is alive.
    pub(crate) unsafe fn newest_box(p: NonNull<u8>) -> Option<NonNull<WeakHead>> {
        // SAFETY: the caller's object.  Linked boxes are in their blocks, since each unlinks itself before its block is
        // freed.
        unsafe {
            let mut next = header(p).has(HAS_WEAK).then(|| Boxes::of(p)?.newest(false)).flatten();
            while let Some(head) = next
                && (head.as_ref().is_ephemeron
                    || !header(head.cast()).is_alive() && !seeded("dying_weak_box_handed_out"))
            {
                next = Boxes::older(head)
            }
            next
        }
    }

    /// An empty heap.
    pub fn new(config: &Config) -> CountingHeap {
        let limits = Limits {
            hard_bytes: config.max_heap_bytes,
            outside_bytes: config.outside_bytes,
            huge_pages_from_bytes: Some(HUGE_PAGES_FROM_BYTES),
            returns_in_background: false,
        };
        let heap = CountingHeap {
            cache: Cache::new(),
            lists: Default::default(),
            count0: Cell::new(0),
            allocation_trigger: Cell::new(i64::MAX),
            young_until: Cell::new(0),
            safepoint_trigger: Cell::new(i64::MAX),
            depth: Cell::new(0),
            cascade: Cell::new(false),
            has_pending: Cell::new(false),
            memory: Memory::new(limits),
            classes: UnsafeCell::default(),
            class_index: UnsafeCell::default(),
            taken_otherwise: Cell::new((0, 0)),
            parked: UnsafeCell::default(),
            values: ephemeron::Values::default(),
            cascade_began: Cell::new(None),
            pending: UnsafeCell::default(),
            queued: Cell::new(0),
            collecting: Cell::new(false),
            acyclic: Cell::new(header::acyclic(0)),
            counts: Cell::new([0, 0]),
            long_lived_pending: Cell::new(0),
            long_lived_total: Cell::new(0),
            any_frozen: Cell::new(false),
            limit_due: Cell::new(None),
            limit_next: Cell::new(config.memory_limit_bytes.unwrap_or(usize::MAX)),
            refusals: Refusals::new(),
            zeal: Zeal::new(config.zeal),
            blocks: Blocks::default(),
            automatic: Cell::new(config.automatic),
            thresholds: Cell::new(config.thresholds),
            collect_at: config.collect_at,
            limit_bytes: Cell::new(config.memory_limit_bytes),
            generations: Cell::default(),
            collections: Cell::new(0),
            collection_ns: Cell::new(0),
            examined: Cell::new(0),
            released_by_collections: Cell::new(0),
            released_at_exit: Cell::new(0),
            drop_panics: Cell::new(0),
            holdups: HoldUps::default(),
            tally: Tally::default(),
            told: Told::new(config),
            pins: RefCell::default(),
            free_pins: RefCell::default(),
            taken: Cell::new(false),
        };
        heap.retune();
        heap
    }

    /// The heap of a span's objects.
    ///
    /// # Safety
    /// `span` is in use by a counting heap, which lives for `'a`.
    #[inline(always)]
    unsafe fn of<'a>(span: SpanRef) -> &'a CountingHeap {
        // SAFETY: `take_span` got the heap's address as its heap word.
        unsafe { &*span.heap().cast::<CountingHeap>() }
    }
    fn address(&self) -> *const () {
        (&raw const *self).cast()
    }

    /// A block for an object of so many bytes; may collect first.
    ///
    /// # Errors
    /// [`Full`].
    #[inline(always)]
    fn block(&self, info: &'static TypeInfo, object_bytes: usize) -> Result<NonNull<u8>, Full> {
        self.count(info);
        let block_bytes = cache::block_bytes(info, object_bytes);
        match self.take(info, block_bytes) {
            Ok(p) => Ok(p),
            Err(full) => self.block_of_garbage(info, block_bytes, full),
        }
    }
    /// There is no room: a collection may make some.
    #[cold]
    #[inline(never)]
    fn block_of_garbage(&self, info: &'static TypeInfo, block_bytes: usize, full: Full) -> Result<NonNull<u8>, Full> {
        let again = self.room_from_garbage(info, block_bytes, full);
        if again.is_err() && info.kind == Kind::Container {
            self.count0.set((self.count0.get() - 1).max(0));
        }
        again
    }

    /// Calls `f` for every object that has a header: dying ones included, unborn and free blocks not.
    fn each_object(&self, f: &mut dyn FnMut(SpanRef, &'static TypeInfo, NonNull<u8>)) {
        for span in self.memory.spans() {
            // SAFETY: spans in use hold objects.
            let info = unsafe { TypeInfo::in_span(span) };
            for p in blocks(span) {
                // SAFETY: blocks have headers.
                if unsafe { header(p) }.strong.get() != 0 {
                    f(span, info, p)
                }
            }
        }
    }

    /// Every live object: the young and the middle in the order of their lists, then all others by address.
    fn walk(&self, f: &mut dyn FnMut(NonNull<u8>)) {
        for list in &self.lists {
            // SAFETY: `f` does not run user code (`Mutation::walk` collects addresses).
            unsafe { &*list.get() }.iter().filter_map(|&p| NonNull::new(p)).for_each(&mut *f);
        }
        self.each_object(&mut |_, _, p| {
            // SAFETY: an object of this heap.
            let h = unsafe { header(p) };
            if h.is_alive() && h.age() >= OLD {
                f(p)
            }
        });
    }

    /// # Safety
    /// `p` is alive.
    unsafe fn object_state(&self, p: NonNull<u8>) -> ObjectState {
        // SAFETY: the caller's object.
        let (h, info) = unsafe { (header(p), TypeInfo::of(p)) };
        let generation = match h.age() {
            age @ 0..=OLD => age as u8,
            _ if h.is_outside(Outside::Frozen) => 3,
            _ if h.is_outside(Outside::Condemned) => 2,
            _ => 0,
        };
        ObjectState {
            tracked: info.kind == Kind::Container && !h.is_outside(Outside::Untracked) && !self.is_looked_over(h),
            finalized: h.has(FINALIZED),
            generation,
            references: Some(h.strong.get()),
            condemned: h.is_outside(Outside::Condemned),
        }
    }

    fn control(&self, command: Command) -> Answer {
        match command {
            Command::SetAutomatic(on) => self.automatic.set(on),
            Command::SetThresholds(new) => {
                let mut t = self.thresholds.get();
                t.iter_mut().zip(new).for_each(|(t, new)| *t = new.unwrap_or(*t));
                self.thresholds.set(t);
            }
            Command::Freeze => self.freeze(),
            Command::Unfreeze => self.unfreeze(),
            Command::SetDebug(flags) => self.told.debug.set(flags),
            Command::SetGogc(_) | Command::Read => {}
        }
        self.retune();
        let [count1, count2] = self.counts.get();
        Answer {
            automatic: self.automatic.get(),
            thresholds: self.thresholds.get(),
            counts: [self.count0.get() as usize, count1, count2],
            frozen: self.frozen(),
            debug: self.told.debug.get(),
            generations: self.generations.get(),
        }
    }

    fn pin(&self, p: NonNull<u8>) -> usize {
        let mut pins = self.pins.borrow_mut();
        if let Some(pin) = self.free_pins.borrow_mut().pop() {
            pins[pin] = Some(p);
            return pin;
        }
        pins.push(Some(p));
        pins.len() - 1
    }
    fn unpin(&self, pin: usize) {
        let p = self.pins.borrow_mut().get_mut(pin).and_then(Option::take);
        if let Some(p) = p {
            self.free_pins.borrow_mut().push(pin);
            // SAFETY: the pin's own reference.
            unsafe { handle::release(p) }
        }
    }

    /// The end: everything is condemned, then dropped.  The memory goes with the heap itself.
    ///
    /// # Safety
    /// No handle will be used any more.
    unsafe fn stop(&self) {
        self.collecting.set(true);
        self.retune();
        self.pins.borrow_mut().clear();
        let mut left = Vec::new();
        self.each_object(&mut |span, info, p| {
            // SAFETY: an object of this heap.
            unsafe { header(p) }.raise(CONDEMNED);
            left.push((span, info.drop.is_some(), p));
        });
        self.released_at_exit.set(self.released_at_exit.get() + left.len() as u64);
        for (span, drops, p) in left {
            if drops {
                // SAFETY: each object once; references among them count down and free nothing, being condemned.
                unsafe { self.run_drop(span, p) }
            }
        }
    }

    fn stats(&self) -> Stats {
        let (births, bytes_allocated, in_hand) = self.births();
        let mut live = 0;
        let ladder = super::ladder::ladder(&self.memory, header::HEADER_BYTES, |span| {
            let n = span.live.get() as usize - in_hand(span);
            live += n as u64;
            (n, 0)
        });
        let mut stats = Stats {
            collections: self.collections.get(),
            bytes_allocated,
            objects_allocated: births,
            drop_panics: self.drop_panics.get(),
            callback_panics: self.told.callbacks.panics(),
            holdups: self.holdups.summary(),
            tally: self.tally.summary(),
            used_bytes: self.memory.used_bytes(),
            peak_used_bytes: self.memory.peak_used_bytes(),
            returned_bytes: self.memory.returned_bytes(),
            objects_marked: self.examined.get(),
            mark_cpu_ns: self.collection_ns.get(),
            ladder,
            ..Stats::default()
        };
        // Neither a birth nor a release counts anything: what was born and is not there was released.
        stats.released.by_collections = self.released_by_collections.get();
        stats.released.at_once = births - live - self.released_by_collections.get();
        stats.released.at_exit = self.released_at_exit.get();
        stats
    }

    fn figures(&self) -> Figures {
        let (allocated_objects, allocated_bytes, in_hand) = self.births();
        let (mut live, mut live_bytes) = (0, 0);
        for span in self.memory.spans() {
            let n = u64::from(span.live.get()) - in_hand(span) as u64;
            live += n;
            live_bytes += n * span.block_bytes() as u64;
        }
        Figures {
            allocated_objects,
            allocated_bytes,
            freed_objects: allocated_objects - live,
            freed_bytes: allocated_bytes - live_bytes,
            levels: self.memory.levels(),
            automatic: self.automatic.get() && self.thresholds.get()[0] != 0,
            collector_ns: self.collection_ns.get(),
            stop_ns: self.collection_ns.get(),
            ..Figures::default()
        }
    }
    /// The soft limit: looked at when the heap next grows.
    fn set_memory_limit(&self, bytes: Option<usize>) {
        self.limit_bytes.set(bytes);
        self.limit_next.set(bytes.unwrap_or(usize::MAX));
        self.limit_due.set(None);
        self.retune();
    }

    fn give_back(&self) -> usize {
        self.return_empty_spans();
        let given = self.memory.release();
        // SAFETY: lists have no entries for freed blocks, the table was cleared, and classes hold spans in use.
        given + unsafe { self.memory.trim() }
    }
}

/// A mutator's part: the address of the heap.
pub struct CountingLocal(NonNull<CountingHeap>);
impl CountingLocal {
    #[inline(always)]
    fn heap(&self) -> &CountingHeap {
        // SAFETY: a mutator holds the heap's core (`Manager::attach`).
        unsafe { self.0.as_ref() }
    }
}

/// The interface, the same for both faces: everything is `CountingHeap`'s.
macro_rules! counting_manager {
    ($manager:ty, $name:literal, sessions: $sessions:literal, start: $start:expr) => {
        impl $crate::object::managed::sealed::Sealed for $manager {}

        // SAFETY: a handle counts, and an object is freed when no handle is left, or by a collection that found every
        // handle of it inside objects that die with it (`refcount`, R1 to R5).
        unsafe impl $crate::object::managed::Manager for $manager {
            const NAME: &'static str = $name;
            const SESSIONS: bool = $sessions;
            const CONSTRAINTS: Constraints = Constraints {
                counted: true,
                concurrent: false,
                many_mutators: false,
                collects: true,
                header_bytes: HEADER_BYTES,
                generations: 3,
            };
            type Raw<'gc, T> = CountedGc<'gc, T>;
            type RawVal<'gc> = CountedVal<'gc>;
            type RawSlot<'gc, const TAGGED: bool> = CountedSlot<'gc, TAGGED>;
            type Borrow = CellWord;
            type Scan = ();
            type FirstVisitor = Subtract;
            type SecondVisitor = Reach;
            type Local = CountingLocal;
            type Shared = CountingHeap;

            fn start(config: &Config) -> Result<Box<CountingHeap>, ConfigError> {
                ($start)(config)
            }
            unsafe fn stop(heap: &CountingHeap) {
                // SAFETY: forwarded.
                unsafe { heap.stop() }
            }
            unsafe fn attach(heap: NonNull<CountingHeap>) -> Option<Box<CountingLocal>> {
                // SAFETY: the heap outlives the local part by the caller's promise.
                (!unsafe { heap.as_ref() }.taken.replace(true)).then(|| Box::new(CountingLocal(heap)))
            }
            fn detach(local: Box<CountingLocal>) {
                local.heap().taken.set(false)
            }
            fn shared(local: &CountingLocal) -> &CountingHeap {
                local.heap()
            }
            #[inline(always)]
            fn enter(_: &CountingLocal, _: &'static std::panic::Location<'static>) {}
            #[inline(always)]
            fn exit(_: &CountingLocal) {}
            #[inline(always)]
            unsafe fn block(
                local: &CountingLocal,
                info: &'static TypeInfo,
                object_bytes: usize,
            ) -> Result<NonNull<u8>, Full> {
                local.heap().block(info, object_bytes)
            }
            #[inline(always)]
            unsafe fn born(local: &CountingLocal, info: &'static TypeInfo, p: NonNull<u8>) {
                // SAFETY: forwarded.
                unsafe { local.heap().born(info, p) }
            }
            #[inline(always)]
            unsafe fn quick_block(local: &CountingLocal, info: &'static TypeInfo) -> Option<NonNull<u8>> {
                local.heap().quick_block(info)
            }
            #[inline(always)]
            unsafe fn slow_block(local: &CountingLocal, info: &'static TypeInfo) -> Result<NonNull<u8>, Full> {
                local.heap().slow_block(info)
            }
            #[inline(always)]
            unsafe fn born_quickly(local: &CountingLocal, info: &'static TypeInfo, p: NonNull<u8>) {
                // SAFETY: forwarded.
                unsafe { local.heap().born_in_room(info, p) }
            }
            fn check_outside(local: &CountingLocal, bytes: usize) -> Result<(), Full> {
                local.heap().memory.check(bytes)
            }
            #[inline(always)]
            unsafe fn retain(p: NonNull<u8>) {
                // SAFETY: forwarded.
                unsafe { handle::retain(p) }
            }
            #[inline(always)]
            unsafe fn release(p: NonNull<u8>) {
                // SAFETY: forwarded.
                unsafe { handle::release(p) }
            }
            #[inline(always)]
            fn should_yield(local: &CountingLocal) -> bool {
                let heap = local.heap();
                heap.count0.get() > heap.safepoint_trigger.get()
            }
            fn collect(local: &CountingLocal, request: Request) -> Collected {
                local.heap().collect(request, false)
            }
            fn finish_collection(local: &CountingLocal) -> Option<Collected> {
                local.heap().finish(false)
            }
            fn due(local: &CountingLocal) -> Option<u8> {
                if Self::should_yield(local) { local.heap().generation_due() } else { None }
            }
            fn next_pending(local: &CountingLocal) -> Option<RawPending> {
                local.heap().next_pending()
            }
            #[inline(always)]
            fn has_pending(local: &CountingLocal) -> bool {
                local.heap().has_pending()
            }
            unsafe fn pin(heap: &CountingHeap, p: NonNull<u8>) -> usize {
                heap.pin(p)
            }
            unsafe fn unpin(heap: &CountingHeap, pin: usize) {
                heap.unpin(pin)
            }
            fn walk(local: &CountingLocal, f: &mut dyn FnMut(NonNull<u8>)) {
                local.heap().walk(f)
            }
            unsafe fn weak_born(local: &CountingLocal, head: NonNull<WeakHead>, target: NonNull<u8>) {
                // SAFETY: forwarded.
                unsafe { local.heap().weak_born(head, target) }
            }
            unsafe fn weak_dying(head: NonNull<WeakHead>) {
                // SAFETY: a box is an object of the heap that its span names, and its head is its first field.
                unsafe { CountingHeap::of(SpanRef::of(head.cast())).weak_dying(head) }
            }
            unsafe fn weak_boxes(
                local: &CountingLocal,
                target: NonNull<u8>,
                f: &mut dyn FnMut(NonNull<u8>) -> std::ops::ControlFlow<()>,
            ) {
                // SAFETY: forwarded.
                unsafe { local.heap().weak_boxes(target, f) }
            }
            unsafe fn upgrade(local: &CountingLocal, head: NonNull<WeakHead>) -> Option<NonNull<u8>> {
                // SAFETY: forwarded.
                unsafe { local.heap().upgrade(head) }
            }
            unsafe fn object_state(local: &CountingLocal, p: NonNull<u8>) -> ObjectState {
                // SAFETY: forwarded.
                unsafe { local.heap().object_state(p) }
            }
            unsafe fn set_tracked(local: &CountingLocal, p: NonNull<u8>, tracked: bool) {
                // SAFETY: forwarded.
                unsafe { local.heap().set_tracked(p, tracked) }
            }
            fn control(local: &CountingLocal, command: Command) -> Answer {
                local.heap().control(command)
            }
            fn callbacks(heap: &CountingHeap) -> &Callbacks {
                &heap.told.callbacks
            }
            fn blocks(heap: &CountingHeap) -> &Blocks {
                &heap.blocks
            }
            fn record_blocks(local: &CountingLocal, on: bool) {
                local.heap().record_blocks(on)
            }
            fn stats(heap: &CountingHeap) -> Stats {
                heap.stats()
            }
            fn holdups(heap: &CountingHeap) -> HoldUpSummary {
                heap.holdups.summary()
            }
            fn tally(heap: &CountingHeap) -> &Tally {
                &heap.tally
            }
            fn figures(heap: &CountingHeap) -> Figures {
                heap.figures()
            }
            fn memory_limit(heap: &CountingHeap, new: Option<Option<usize>>) -> Option<Option<usize>> {
                let old = heap.limit_bytes.get();
                new.inspect(|&bytes| heap.set_memory_limit(bytes));
                Some(old)
            }
            fn verify(local: &CountingLocal) -> Result<(), String> {
                local.heap().verify()
            }
            fn give_back(heap: &CountingHeap) -> usize {
                heap.give_back()
            }
        }
    };
}

mod faces {
    //! The two faces.
    use super::{handle::*, header::HEADER_BYTES, *};
    use crate::{config::ConfigError, manager::borrow::CellWord, object::managed::*};

    counting_manager!(RefCount, "refcount", sessions: true, start: |config: &Config| Ok(Box::new(CountingHeap::new(config))));
    impl OneMutator for RefCount {}

    // No `OneMutator`: a walk would show objects that somebody has a `&mut` to (`Cc::get_mut`).
    counting_manager!(Local, "local", sessions: false, start: |_: &Config| {
        Err(ConfigError { knob: "manager", why: "`Local` belongs to `Cc`, whose heap is the thread's" })
    });
}
