//! The tricolor managers' laws, checked: in a stop, so that nothing moves.
//! Not the laws of memory and ladder (`alloc::memory`, `manager::ladder`).  Overview: `manager::tricolor`.

use super::{
    cache::Record,
    collector::Inner,
    destructors::{self, Queue},
    ephemeron,
    mark::{Edges, Gray},
    phase::Phase,
};
use crate::{
    alloc::{SpanRef, chunk},
    object::{boxes::Boxes, type_info::TypeInfo, weak::WeakHead},
    sync::{
        Arc,
        Ordering::{Acquire, Relaxed},
        lock,
    },
};
use std::{collections::HashSet, ptr::NonNull};

/// Every object that can be reached, found without marks.  The heap is stopped.
fn reachable(inner: &Inner, mut look: Edges, mut each: impl FnMut(Gray) -> Result<(), String>) -> Result<(), String> {
    let mut seen: HashSet<Gray> = HashSet::new();
    let mut todo = inner.roots();
    while let Some(g) = todo.pop() {
        if seen.insert(g) {
            each(g)?;
            // SAFETY: reachable, so whole; stopped, so unchanging.
            todo.extend_from_slice(unsafe { look.of(g.0) });
        }
    }
    Ok(())
}

/// Zeal and `Config::check_marks`, after F1: what can be reached now is a part of what is marked (Go's gccheckmark).
///
/// # Panics
/// When the collector is broken.
pub(super) fn everything_reachable_is_marked(inner: &Inner) {
    // A session that walks waits meanwhile, perhaps with a cell borrowed.
    let outcome = reachable(inner, Edges::minding_borrows(), |g| {
        // SAFETY: an object of ours.
        if unsafe { chunk::is_marked(g.0) } {
            Ok(())
        } else {
            Err(format!("an object at {:p} can be reached, and marking ended without it", g.0))
        }
    });
    if let Err(broken) = outcome {
        // What follows would free a living object: the collector's thread ends here.
        panic!("{broken}")
    }
}

/// Between collections, stopped, runs closed.
pub(super) fn heap(inner: &Inner, records: &[Arc<Record>], queue: &Queue) -> Result<(), String> {
    inner.memory.verify()?;
    if inner.phase.get() != Phase::Idle {
        return Err(format!("{:?} between collections", inner.phase.get()));
    }
    if !inner.pool.is_quiet() || records.iter().any(|record| !lock(&record.gray).marker.is_empty()) {
        return Err("something is gray between collections (I6)".to_owned());
    }
    let sweep_epoch = inner.sweep_epoch.load(Relaxed);
    let spans = inner.memory.spans();
    let known: HashSet<usize> = spans.iter().map(|s| s.base().addr()).collect();
    for &span in &spans {
        if span.swept.load(Relaxed) != sweep_epoch {
            return Err(format!("span at {:p} is not swept", span.base()));
        }
        let mut marked = 0;
        // SAFETY: stopped.
        unsafe { span.each_allocated(|_, mark| marked += usize::from(mark)) };
        if marked != 0 {
            return Err(format!("span at {:p}: {marked} marks between collections (I8)", span.base()));
        }
    }
    let object = |p: NonNull<u8>| {
        // SAFETY: an address found where only references are: its chunk is mapped, if the law holds.
        let span = unsafe { SpanRef::of(p) };
        let whole = known.contains(&span.base().addr())
            && span.heap() == inner.address()
            // SAFETY: stopped.
            && span.index_of(p.as_ptr()).is_some_and(|i| unsafe { span.is_allocated(i) });
        if whole { Ok(()) } else { Err(format!("a reference to {p:p}, where no object is")) }
    };
    // SAFETY: asked of weak boxes only.
    let target = |g: Gray| NonNull::new(unsafe { g.0.cast::<WeakHead>().as_ref() }.target.load(Acquire));
    let boxes = inner.weak_boxes(records);
    let doomed = destructors::set_of(queue);
    doomed.iter().try_for_each(|g| object(g.0))?;
    reachable(inner, Edges::new(), |g| {
        object(g.0)?;
        if doomed.contains(&g) {
            return Err(format!("the object at {:p} can be reached, and waits for its destructor", g.0));
        }
        // SAFETY: an object, just checked.
        if unsafe { TypeInfo::of(g.0) }.is_weak_box && target(g).is_some() && !boxes.contains(&g) {
            return Err(format!("the weak box at {:p} has a target, and no collection would clear it (I9)", g.0));
        }
        Ok(())
    })?;
    let (mut with_target, mut linked) = (0, 0);
    for &g in &boxes {
        object(g.0)?;
        if let Some(target) = target(g) {
            object(target)?;
            with_target += 1
        }
    }
    for g in inner.ephemerons.all() {
        // SAFETY: a whole box; stopped.
        match (target(g), unsafe { ephemeron::held(g.0) }) {
            (Some(_), Some(value)) => object(value)?,
            (None, Some(value)) => return Err(format!("the ephemeron at {:p} keeps {value:p} without a key", g.0)),
            _ => {}
        }
        if !boxes.contains(&g) {
            return Err(format!("the ephemeron at {:p} is not among the weak boxes", g.0));
        }
    }
    for &span in spans.iter().filter(|span| Boxes::has_any(**span)) {
        for i in 0..span.capacity() {
            // SAFETY: stopped; and whoever is linked is a box, if the law holds.
            unsafe {
                let Some(p) = NonNull::new(span.block(i)) else { continue };
                let Some(of_p) = Boxes::of(p).filter(|boxes| !boxes.are_none()) else { continue };
                if !span.is_allocated(i) {
                    return Err(format!("no object is at {p:p}, and it has weak boxes"));
                }
                of_p.verify(p, |head| {
                    linked += 1;
                    if boxes.contains(&Gray(head.cast())) { Ok(()) } else { Err(format!("a box of {p:p} is unknown")) }
                })?
            }
        }
    }
    // With many mutators none is linked.
    if linked != 0 && linked != with_target {
        return Err(format!("{with_target} weak boxes have a target, {linked} are linked"));
    }
    for g in lock(&inner.finalizable).iter().chain(lock(&inner.finalized).iter()) {
        object(g.0)?;
    }
    for class in inner.all_classes() {
        if class.block_bytes == 0 {
            continue;
        }
        let mut blocks = 0;
        for &span in spans.iter().filter(|s| {
            std::ptr::eq(s.type_key().cast(), class.info) && s.block_bytes() == class.block_bytes && !s.is_large()
        }) {
            // SAFETY: stopped.
            unsafe { span.each_allocated(|_, _| blocks += 1) };
        }
        let counted = class.born.load(Relaxed) - class.freed.load(Relaxed) + queue.doomed_of(&class) as u64;
        if counted != blocks {
            return Err(format!(
                "{}, {} bytes: {blocks} blocks are allocated, {counted} counted",
                (class.info.name)(),
                class.block_bytes
            ));
        }
    }
    Ok(())
}
