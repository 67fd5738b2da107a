//! Every line of [`super`]'s table, tried.  No code: this page is its doctest.
//!
//! ```
//! #![forbid(unsafe_code)]
//! use std::sync::{Mutex, atomic::{AtomicU32, Ordering::Relaxed}};
//! use twinheap::{
//!     Cleanup, Config, Finalize, Gc, GcWeak, Heap, Mutation, Mutator, Root, Rootable, Slot, Trace, TricolorSolo,
//!     control::runtime::{self, KnobError, metrics},
//! };
//!
//! #[derive(Trace)]
//! #[trace(manager = TricolorSolo)]
//! struct Node<'gc> {
//!     next: Slot<'gc, Node<'gc>, TricolorSolo>,
//! }
//! // runtime.SetFinalizer: the type's, as it dies; it may keep the object.
//! static FINALIZED: AtomicU32 = AtomicU32::new(0);
//! #[derive(Trace)]
//! #[trace(manager = TricolorSolo, finalize)]
//! struct File(u32);
//! impl<'gc> Finalize<'gc, TricolorSolo> for File {
//!     fn finalize(this: &Gc<'gc, Self, TricolorSolo>, _: &'gc Mutation<'gc, TricolorSolo>) {
//!         FINALIZED.fetch_add(this.0, Relaxed);
//!     }
//! }
//! struct R;
//! impl Rootable<TricolorSolo> for R {
//!     type Root<'gc> = Slot<'gc, Node<'gc>, TricolorSolo>;
//! }
//! struct Weak;
//! impl Rootable<TricolorSolo> for Weak {
//!     type Root<'gc> = GcWeak<'gc, Node<'gc>, TricolorSolo>;
//! }
//! struct Strong;
//! impl Rootable<TricolorSolo> for Strong {
//!     type Root<'gc> = Gc<'gc, Node<'gc>, TricolorSolo>;
//! }
//! fn node<'gc>(mc: &Mutation<'gc, TricolorSolo>) -> Gc<'gc, Node<'gc>, TricolorSolo> {
//!     Gc::new(mc, Node { next: Slot::empty() })
//! }
//!
//! // GODEBUG=gctrace=1
//! static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());
//! let on_collection = Some((|c| LINES.lock().unwrap().push(runtime::gctrace::line(c, 2)))
//!     as fn(&twinheap::observe::Collection));
//! let heap = Heap::<R, TricolorSolo>::new(Config { on_collection, ..Config::default() }, |_| Slot::empty())?;
//! let mut m = heap.mutator()?;
//!
//! // runtime.GC()
//! runtime::gc(&mut m);
//! assert!(LINES.lock().unwrap()[0].starts_with("gc 1 @"));
//! assert!(LINES.lock().unwrap()[0].ends_with(" P (forced)"));
//!
//! // debug.SetGCPercent(n)
//! assert_eq!(runtime::set_gc_percent(&heap, -1)?, 100);
//! assert_eq!(runtime::set_gc_percent(&m, 200)?, -1);
//!
//! // debug.SetMemoryLimit(n)
//! assert_eq!(runtime::set_memory_limit(&heap, 64 << 20)?, i64::MAX);
//! assert_eq!(runtime::set_memory_limit(&heap, -1)?, 64 << 20); // reads
//! assert_eq!(runtime::set_memory_limit(&heap, 7), Err(KnobError::LimitTooSmall));
//!
//! // runtime.ReadMemStats(&m), debug.ReadGCStats(&s)
//! let before = runtime::read_mem_stats(&heap);
//! m.mutate(|mc, _| (0..100_000).for_each(|_| _ = node(mc)));
//! let full = runtime::read_mem_stats(&heap);
//! assert_eq!(full.mallocs - before.mallocs, 100_000);
//! assert_eq!(full.num_gc, full.pause_ns.iter().filter(|&&ns| ns > 0).count() as u64);
//!
//! // debug.FreeOSMemory()
//! assert!(runtime::free_os_memory(&mut m) > 0);
//! let freed = runtime::read_mem_stats(&heap);
//! assert!(freed.heap_idle - freed.heap_released <= full.heap_idle && freed.heap_objects < full.heap_objects);
//!
//! // metrics.All(), metrics.Read(samples)
//! assert!(metrics::all().iter().any(|d| d.name == "/gc/heap/objects:objects"));
//! assert_eq!(metrics::read(&heap, "/gc/heap/objects:objects")?.as_u64(), Some(freed.heap_objects));
//! assert!(metrics::read(&heap, "/sched/goroutines:goroutines").is_err());
//!
//! // runtime.AddCleanup(p, f, arg), Stop
//! static CLEANED: AtomicU32 = AtomicU32::new(0);
//! m.mutate(|mc, _| {
//!     let add = |n: u32, _: &Mutation<'_, TricolorSolo>| _ = CLEANED.fetch_add(n, Relaxed);
//!     let dying = node(mc);
//!     Cleanup::new(mc, &dying, 1, add);
//!     Cleanup::new(mc, &dying, 10, add);
//!     assert!(Cleanup::new(mc, &dying, 100, add).stop(mc));
//!     Gc::new(mc, File(3));
//! });
//! runtime::gc(&mut m);
//! assert_eq!((CLEANED.load(Relaxed), FINALIZED.load(Relaxed)), (11, 3));
//! assert_eq!(metrics::read(&heap, "/gc/cleanups/executed:cleanups")?.as_u64(), Some(2));
//! assert_eq!(metrics::read(&heap, "/gc/finalizers/executed:finalizers")?.as_u64(), Some(1));
//!
//! // runtime.KeepAlive(p): a handle is alive to its session's end.  runtime.Pinner: a Root keeps, nothing moves.
//! let pinned: Root<Strong, TricolorSolo> = m.root(|mc, _| node(mc));
//! let address = |m: &mut Mutator<R, TricolorSolo>| m.mutate(|mc, _| pinned.get(mc).address());
//! let at = address(&mut m);
//! runtime::gc(&mut m);
//! assert_eq!(at, address(&mut m));
//!
//! // weak.Make(p), Value()
//! let weak: Root<Weak, TricolorSolo> = m.root(|mc, _| GcWeak::new(mc, &pinned.get(mc)));
//! runtime::gc(&mut m);
//! assert!(m.mutate(|mc, _| weak.get(mc).upgrade(mc).is_some()));
//! drop(pinned);
//! runtime::gc(&mut m);
//! assert!(m.mutate(|mc, _| weak.get(mc).upgrade(mc).is_none()));
//!
//! // GODEBUG=gccheckmark=1,clobberfree=1
//! let zealous = Heap::<R, TricolorSolo>::new(Config { zeal: Some(1), ..Config::default() }, |_| Slot::empty())?;
//! let mut z = zealous.mutator()?;
//! z.mutate(|mc, root| root.set(mc, Some(node(mc))));
//! z.verify()?;
//!
//! // debug.WriteHeapDump: what lives, and what refers to what.
//! let mut objects = 0;
//! m.mutate(|mc, _| mc.walk(|object| mc.referents(&object, |_| objects += 1)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
