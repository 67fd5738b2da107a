//! [`Counting`]: a global allocator that counts what a program holds outside the heap.
//!
//! With it installed, buffers of `Vec`s and `String`s inside objects, and the runtime's own tables, count towards
//! goals and limits exactly, with no bookkeeping an object: `Config::outside_bytes = Some(outside_bytes)`.
//! ```no_run
//! use twinheap::outside::Counting;
//! #[global_allocator]
//! static GLOBAL: Counting<std::alloc::System> = Counting(std::alloc::System);
//! ```

use std::{
    alloc::{GlobalAlloc, Layout},
    sync::atomic::{AtomicIsize, Ordering::Relaxed},
};

/// Counts for an allocator.  Cost: a relaxed addition to one of 16 counters a call.
pub struct Counting<A>(pub A);

const LANES: usize = 16;
#[repr(align(64))]
struct Lane(AtomicIsize);
static HELD: [Lane; LANES] = [const { Lane(AtomicIsize::new(0)) }; LANES];

#[inline(always)]
fn lane() -> &'static AtomicIsize {
    // The stack's address tells threads apart well enough, and costs no thread-local access.
    let here = 0u8;
    &HELD[(&raw const here).addr() >> 20 & (LANES - 1)].0
}

/// Bytes allocated through any [`Counting`] allocator and not freed.  Cost: 16 loads.
pub fn outside_bytes() -> usize {
    HELD.iter().map(|l| l.0.load(Relaxed)).sum::<isize>().max(0) as usize
}

// SAFETY: every call is forwarded with its arguments unchanged.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Counting<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        lane().fetch_add(layout.size() as isize, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { self.0.alloc(layout) }
    }
    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        lane().fetch_add(layout.size() as isize, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { self.0.alloc_zeroed(layout) }
    }
    #[inline]
    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        lane().fetch_sub(layout.size() as isize, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { self.0.dealloc(p, layout) }
    }
    #[inline]
    unsafe fn realloc(&self, p: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        lane().fetch_add(new_size as isize - layout.size() as isize, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { self.0.realloc(p, layout, new_size) }
    }
}
