//! `Null`: never frees.  The interface in its smallest form, and the baseline that reports compare with.
//!
//! A handle is a copied word, a slot a plain store, a session nothing, a collection nothing.  Objects are dropped when
//! the heap goes.  What a real manager adds: `refcount.rs` counts, `tricolor.rs` marks.

use super::traced::{Shade, TracedGc, TracedSlot, TracedVal};
use crate::{
    alloc::{
        Full, Limits, Memory, SpanRef,
        size_class::{LARGE_BYTES, class_bytes},
    },
    config::{Config, ConfigError},
    object::{boxes::Boxes, managed::*, trace::Each, type_info::TypeInfo, weak::WeakHead},
    observe::{Callbacks, Stats, blocks::Blocks, figures::Figures, tally::Tally},
    sync::Ordering::Acquire,
    unwind::contained,
};
use std::{
    cell::{Cell, RefCell},
    ops::ControlFlow,
    panic::Location,
    ptr::NonNull,
};

/// Never frees.
pub struct Null;

/// The heap: one thread's, so cells suffice.
pub struct NullHeap {
    memory: Memory,
    /// The open span of each (type, block size); its `next_block` is the cursor.
    open: RefCell<Vec<SpanRef>>,
    taken: Cell<bool>,
    callbacks: Callbacks,
    objects: Cell<u64>,
    bytes: Cell<u64>,
    at_exit: Cell<u64>,
    blocks: Blocks,
    tally: Tally,
}
/// The mutator's part: the address of the heap.
pub struct NullLocal(NonNull<NullHeap>);
impl NullLocal {
    #[inline(always)]
    fn heap(&self) -> &NullHeap {
        // SAFETY: a mutator holds the heap's core (`Manager::attach`).
        unsafe { self.0.as_ref() }
    }
}

impl NullHeap {
    /// Walks every object in use.  Blocks below a cursor (or below a closed span's capacity) are written.
    fn each(&self, f: &mut dyn FnMut(NonNull<u8>)) {
        for span in self.memory.spans() {
            for i in 0..span.next_block.get() {
                if let Some(p) = NonNull::new(span.block(i)) {
                    f(p)
                }
            }
        }
    }
}

impl Shade for Null {
    #[inline(always)]
    fn before_store(_: &NullLocal, _: impl FnOnce() -> *mut u8) {}
}
impl sealed::Sealed for Null {}
impl OneMutator for Null {}

// SAFETY: nothing is ever freed before `stop`, so everything a session can reach stays valid.
unsafe impl Manager for Null {
    const NAME: &'static str = "null";
    const CONSTRAINTS: Constraints = Constraints {
        counted: false,
        concurrent: false,
        many_mutators: false,
        collects: false,
        header_bytes: 0,
        generations: 1,
    };
    type Raw<'gc, T> = TracedGc<'gc, T>;
    type RawVal<'gc> = TracedVal<'gc>;
    type RawSlot<'gc, const TAGGED: bool> = TracedSlot<'gc>;
    type Borrow = super::borrow::CellWord;
    type Scan = ();
    type FirstVisitor = Each<'static>;
    type SecondVisitor = Each<'static>;
    type Local = NullLocal;
    type Shared = NullHeap;

    fn start(config: &Config) -> Result<Box<NullHeap>, ConfigError> {
        Ok(Box::new(NullHeap {
            memory: Memory::new(Limits {
                hard_bytes: config.max_heap_bytes,
                outside_bytes: config.outside_bytes,
                ..Limits::default()
            }),
            open: RefCell::default(),
            taken: Cell::new(false),
            callbacks: Callbacks::default(),
            objects: Cell::new(0),
            bytes: Cell::new(0),
            at_exit: Cell::new(0),
            blocks: Blocks::default(),
            tally: Tally::default(),
        }))
    }
    unsafe fn stop(heap: &NullHeap) {
        heap.each(&mut |p| {
            heap.at_exit.set(heap.at_exit.get() + 1);
            // The rest is dropped all the same when one panics.
            contained(|| {
                // SAFETY: a written object that nobody uses any more.
                unsafe { TypeInfo::of(p).drop.map(|drop| drop(p)) };
            });
        });
    }
    unsafe fn attach(heap: NonNull<NullHeap>) -> Option<Box<NullLocal>> {
        // SAFETY: the heap outlives the local part by the caller's promise.
        (!unsafe { heap.as_ref() }.taken.replace(true)).then(|| Box::new(NullLocal(heap)))
    }
    fn detach(local: Box<NullLocal>) {
        local.heap().taken.set(false)
    }
    fn shared(local: &NullLocal) -> &NullHeap {
        local.heap()
    }
    #[inline(always)]
    fn enter(_: &NullLocal, _: &'static Location<'static>) {}
    #[inline(always)]
    fn exit(_: &NullLocal) {}

    unsafe fn block(local: &NullLocal, info: &'static TypeInfo, object_bytes: usize) -> Result<NonNull<u8>, Full> {
        let heap = local.heap();
        let block_bytes = if info.element_size == 0 { info.size } else { class_bytes(object_bytes) };
        if block_bytes > LARGE_BYTES {
            let span = heap.memory.take_large(info.key(), std::ptr::null(), block_bytes)?;
            span.next_block.set(1);
            return Ok(NonNull::new(span.block(0)).expect("a block is not null"));
        }
        let mut open = heap.open.borrow_mut();
        let at = open.iter().position(|s| std::ptr::eq(s.type_key(), info.key()) && s.block_bytes() == block_bytes);
        let span = match at {
            Some(i) if open[i].next_block.get() < open[i].capacity() => open[i],
            _ => heap.memory.take_span(info.key(), std::ptr::null(), block_bytes)?,
        };
        match at {
            Some(i) => open[i] = span,
            None => open.push(span),
        }
        let i = span.next_block.replace(span.next_block.get() + 1);
        Ok(NonNull::new(span.block(i)).expect("a block is not null"))
    }
    #[inline(always)]
    unsafe fn born(local: &NullLocal, _: &'static TypeInfo, p: NonNull<u8>) {
        let heap = local.heap();
        heap.objects.set(heap.objects.get() + 1);
        // SAFETY: `p` is a block of ours by the caller's promise.
        let block_bytes = unsafe { SpanRef::of(p) }.block_bytes();
        heap.bytes.set(heap.bytes.get() + block_bytes as u64);
        if heap.blocks.is_on() {
            heap.blocks.handed_out(p.addr().get(), block_bytes)
        }
    }
    fn check_outside(local: &NullLocal, bytes: usize) -> Result<(), Full> {
        local.heap().memory.check(bytes)
    }
    fn collect(_: &NullLocal, _: Request) -> Collected {
        Collected::default()
    }
    unsafe fn pin(_: &NullHeap, _: NonNull<u8>) -> usize {
        0
    }
    unsafe fn unpin(_: &NullHeap, _: usize) {}
    fn walk(local: &NullLocal, f: &mut dyn FnMut(NonNull<u8>)) {
        local.heap().each(f)
    }
    unsafe fn weak_born(_: &NullLocal, head: NonNull<WeakHead>, target: NonNull<u8>) {
        // SAFETY: both are objects, and nothing is ever freed; the heap is this thread's.
        unsafe { Boxes::of_or_new(target).push(head) }
    }
    unsafe fn weak_boxes(_: &NullLocal, target: NonNull<u8>, f: &mut dyn FnMut(NonNull<u8>) -> ControlFlow<()>) {
        // SAFETY: as above.
        let Some(boxes) = (unsafe { Boxes::of(target) }) else { return };
        for notify in [false, true] {
            let mut next = boxes.newest(notify);
            while let Some(head) = next {
                if f(head.cast()).is_break() {
                    return;
                }
                // SAFETY: linked, and nobody takes it out.
                next = unsafe { Boxes::older(head) }
            }
        }
    }
    unsafe fn upgrade(_: &NullLocal, head: NonNull<WeakHead>) -> Option<NonNull<u8>> {
        // SAFETY: the box is alive by the caller's promise.
        NonNull::new(unsafe { head.as_ref() }.target.load(Acquire))
    }
    unsafe fn object_state(_: &NullLocal, p: NonNull<u8>) -> ObjectState {
        // SAFETY: `p` is an object.
        let kind = unsafe { TypeInfo::of(p) }.kind;
        ObjectState { tracked: kind == crate::object::type_info::Kind::Container, ..ObjectState::default() }
    }
    fn control(_: &NullLocal, _: Command) -> Answer {
        Answer::default()
    }
    fn callbacks(heap: &NullHeap) -> &Callbacks {
        &heap.callbacks
    }
    fn blocks(heap: &NullHeap) -> &Blocks {
        &heap.blocks
    }
    fn stats(heap: &NullHeap) -> Stats {
        let mut stats =
            Stats { objects_allocated: heap.objects.get(), bytes_allocated: heap.bytes.get(), ..Stats::default() };
        stats.released.at_exit = heap.at_exit.get();
        stats.tally = heap.tally.summary();
        stats.used_bytes = heap.memory.used_bytes();
        stats.peak_used_bytes = heap.memory.peak_used_bytes();
        stats.returned_bytes = heap.memory.returned_bytes();
        stats.ladder = super::ladder::ladder(&heap.memory, Self::CONSTRAINTS.header_bytes, |span| {
            (span.next_block.get() as usize, 0)
        });
        stats
    }
    fn tally(heap: &NullHeap) -> &Tally {
        &heap.tally
    }
    fn figures(heap: &NullHeap) -> Figures {
        Figures {
            allocated_objects: heap.objects.get(),
            allocated_bytes: heap.bytes.get(),
            levels: heap.memory.levels(),
            ..Figures::default()
        }
    }
    fn verify(local: &NullLocal) -> Result<(), String> {
        local.heap().memory.verify()?;
        super::ladder::verify(&Self::stats(local.heap()).ladder)
    }
    fn give_back(heap: &NullHeap) -> usize {
        heap.memory.release()
    }
}
