//! What `sys` says about memory: `getrefcount`, `getsizeof`, `getallocatedblocks`, `_debugmallocstats`.
//!
//! Counts are CPython's; bytes are ours. What a memory tool asks for is what the heap that runs has spent, and that is not
//! what CPython's would have.
//! Not here: who allocated what (`modules::tracemalloc`).

use crate::{
    modules::tracemalloc::{buffer_bytes, no_arguments},
    object::*,
    types::names::N,
    value::{Kind, Value},
    vm::{
        Args, E, R, Vm,
        natives::{MANY, NativeDef, def_kw, def_raw},
    },
};
use std::{collections::BTreeMap, fmt::Write as _, sync::atomic::Ordering::Relaxed};
use twinheap::{Ladder, OneMutator, Val};

/// What CPython 3.13 answers for an object that is never counted.
const IMMORTAL: usize = u32::MAX as usize;
/// Whether CPython 3.13 never counts this object: what all programs share, and what the interpreter has for good.
fn is_immortal<'gc, M: OneMutator>(v: &V<'gc, M>) -> bool {
    match v.kind() {
        Kind::Str => v.downcast_ref::<Str>().is_some_and(|s| {
            let latin = s.header().chars == 1 && s.text().chars().all(|c| (c as u32) < 256);
            s.is_empty() || latin || s.header().interned.load(Relaxed) == interned::IMMORTAL
        }),
        Kind::Bytes => v.downcast_ref::<Bytes>().is_some_and(|b| b.len() <= 1),
        Kind::Tuple => v.downcast_ref::<Tuple<'gc, M>>().is_some_and(|t| t.is_empty()),
        Kind::Class => v.downcast_ref::<Class<'gc, M>>().is_some_and(|c| c.builtin),
        _ => v.as_any().is_none(),
    }
}
/// References that CPython's objects hold and ours elide, less those of ours that CPython does not count.
fn elided<'gc, M: OneMutator>(vm: &Vm<'gc, M>, v: &V<'gc, M>) -> isize {
    match v.kind() {
        Kind::Class => v.downcast_ref::<Class<'gc, M>>().map_or(0, |c| {
            // A subclass of ours holds it four times (bases and order, each as a tuple besides), one of CPython's three.
            let subclasses = c.subclasses.borrow().iter().filter(|w| w.upgrade(vm.mc).is_some()).count();
            -(subclasses as isize)
        }),
        // The table of interned strings.
        Kind::Str => -v.downcast_ref::<Str>().map_or(0, |s| (s.header().interned.load(Relaxed) != 0) as isize),
        _ => 0,
    }
}
fn getrefcount<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    if a.kw != 0 {
        return Err(vm.raise(E::TypeError, "sys.getrefcount() takes no keyword arguments"));
    }
    if a.n != 1 {
        let text = format!("sys.getrefcount() takes exactly one argument ({} given)", a.n);
        return Err(vm.raise(E::TypeError, &text));
    }
    if !M::CONSTRAINTS.counted {
        return Ok(Val::index(2));
    }
    let v = vm.arg_ref(a, 0);
    if is_immortal(v) {
        return Ok(Val::index(IMMORTAL));
    }
    let counted = v.as_any().and_then(|any| vm.mc.state_of(any).references).unwrap_or(0) as usize;
    Ok(Val::index(counted.saturating_add_signed(elided(vm, v))))
}

/// Bytes of the object without its header: block, buffers, and the parts that no program can see.
fn body_bytes<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, v: &V<'gc, M>) -> usize {
    // A word that is no reference: a small integer, a float, None.
    let Some(any) = v.as_any() else { return size_of::<V<'gc, M>>() };
    let sub = match v.kind() {
        Kind::List => v.downcast_ref::<List<'gc, M>>().and_then(|l| l.sub.get()),
        Kind::Dict => v.downcast_ref::<Dict<'gc, M>>().and_then(|d| d.sub.get()),
        Kind::Set => v.downcast_ref::<Set<'gc, M>>().and_then(|s| s.sub.get()),
        _ => None,
    };
    let sub = sub.map_or(0, |sub| twinheap::GcAny::new(sub).block_bytes());
    // The value that an instance of a subclass of `int`, `str`, … is.
    let inner = match vm.inner(v) {
        Some(inner) if inner.as_any().is_some() && !inner.is(v) => whole_bytes(vm, &inner),
        _ => 0,
    };
    any.block_bytes() - M::CONSTRAINTS.header_bytes + buffer_bytes(v) + sub + inner
}
/// With its header.
fn whole_bytes<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, v: &V<'gc, M>) -> usize {
    body_bytes(vm, v) + header_bytes(v)
}
fn header_bytes<M: OneMutator>(v: &V<'_, M>) -> usize {
    if v.as_any().is_some() { M::CONSTRAINTS.header_bytes } else { 0 }
}
/// `object.__sizeof__`
pub fn object_sizeof<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let n = body_bytes(vm, &v);
    Ok(Val::index(n))
}
fn asked_bytes<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, v: &V<'gc, M>) -> R<'gc, M> {
    let class = vm.class_of(v);
    let said = match vm.lookup(&class, N::sizeof) {
        Some(f) if f.downcast_ref::<NativeFn<'gc, M>>().is_none() => vm.call_method_value(f, v, &[])?,
        _ => {
            let n = body_bytes(vm, v);
            Val::index(n)
        }
    };
    let is_int = |v: &V<'gc, M>| matches!(v.kind(), Kind::Int | Kind::Bool | Kind::BigInt);
    let inner = vm.inner(&said);
    if !is_int(&said) && !inner.is_some_and(|inner| is_int(&inner)) {
        return Err(vm.raise(E::TypeError, "an integer is required"));
    }
    let n = vm.to_index(&said)?;
    if n < 0 {
        return Err(vm.raise(E::ValueError, "__sizeof__() should return >= 0"));
    }
    // In a `size_t`: the largest answer there is goes beyond an `i64`.
    vm.big(num_bigint::BigInt::from(n) + header_bytes(v))
}
fn getsizeof<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (v, default) = (vm.arg(a, 0), vm.arg(a, 1));
    match asked_bytes(vm, &v) {
        Err(e) if !default.is_empty() && vm.is_error(&e, E::TypeError) => Ok(default),
        out => out,
    }
}

fn getallocatedblocks<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    no_arguments(vm, a, "sys.getallocatedblocks")?;
    let n = vm.mc.stats().ladder.classes.iter().map(|c| c.live_blocks).sum();
    Ok(Val::index(n))
}
fn debugmallocstats<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    no_arguments(vm, a, "sys._debugmallocstats")?;
    let text = ladder_text(&vm.mc.stats().ladder, twinheap::outside::outside_bytes());
    // To descriptor 2, whatever `sys.stderr` is.
    let _ = vm.host.flush();
    eprint!("{text}");
    Ok(Val::none())
}

fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, d) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',')
        }
        out.push(d)
    }
    out
}
/// The ladder as CPython's `_PyObject_DebugMallocStats` lays its own out: size classes, then where every byte is. Blocks of
/// one size are one line, whatever their types.
fn ladder_text(ladder: &Ladder, outside_bytes: usize) -> String {
    let mut sizes: BTreeMap<usize, [usize; 3]> = BTreeMap::new();
    let (mut large, mut large_bytes, mut header_bytes, mut free_bytes, mut stranded_bytes) = (0, 0, 0, 0, 0);
    for c in &ladder.classes {
        header_bytes += c.metadata_bytes;
        free_bytes += c.free_bytes;
        stranded_bytes += c.stranded_bytes;
        if c.block_bytes == 0 {
            large += c.live_blocks;
            large_bytes += c.live_bytes + c.metadata_bytes;
            continue;
        }
        let row = sizes.entry(c.block_bytes).or_default();
        row[0] += c.spans;
        row[1] += c.live_blocks;
        row[2] += c.free_bytes / c.block_bytes;
    }
    let mut out = format!("Blocks of one type and size to a span, in {} size classes.\n\n", sizes.len());
    out += "class   size   num spans   blocks in use  avail blocks\n";
    out += "-----   ----   ---------   -------------  ------------\n";
    for (i, (size, [spans, live, free])) in sizes.iter().enumerate() {
        let _ = writeln!(out, "{i:5} {size:6} {spans:11} {live:15} {free:13}");
    }
    let line = |out: &mut String, label: &str, n: usize| {
        let _ = writeln!(out, "{label:<35}= {:>20}", grouped(n));
    };
    out.push('\n');
    line(&mut out, "# large objects", large);
    line(&mut out, "# bytes in large objects", large_bytes);
    out.push('\n');
    line(&mut out, "# bytes in allocated blocks", ladder.live_bytes());
    line(&mut out, "# bytes in their headers", header_bytes);
    line(&mut out, "# bytes in available blocks", free_bytes);
    line(&mut out, "# bytes in idle spans", ladder.idle_bytes);
    line(&mut out, "# bytes in spans the system has", ladder.returned_bytes);
    line(&mut out, "# bytes stranded in spans", stranded_bytes);
    line(&mut out, "# bytes of metadata", ladder.metadata_bytes);
    line(&mut out, "Total", ladder.accounted_bytes());
    line(&mut out, "# bytes mapped", ladder.mapped_bytes);
    out.push('\n');
    if outside_bytes == 0 {
        out += "# bytes outside the heap: not counted by this program\n"
    } else {
        line(&mut out, "# bytes outside the heap", outside_bytes)
    }
    out
}

/// Natives.
pub fn natives<M: OneMutator>() -> Vec<NativeDef<M>> {
    vec![
        def_raw("getrefcount", 0, MANY, getrefcount),
        def_kw("getsizeof", 1, &["object", "default"], getsizeof),
        def_raw("getallocatedblocks", 0, MANY, getallocatedblocks),
        def_raw("_debugmallocstats", 0, MANY, debugmallocstats),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use twinheap::ClassRow;

    #[test]
    fn every_mapped_byte_is_on_a_line() {
        let row = |block_bytes, spans, live_blocks, size: usize, free_bytes, stranded_bytes| ClassRow {
            type_name: "T",
            block_bytes,
            spans,
            live_blocks,
            live_bytes: live_blocks * size,
            metadata_bytes: 0,
            free_bytes,
            stranded_bytes,
        };
        let classes = vec![row(0, 1, 1, 50_000, 0, 1200), row(32, 2, 3, 32, 64, 8), row(32, 1, 1, 32, 32, 0)];
        let ladder = Ladder { classes, idle_bytes: 7, returned_bytes: 5, metadata_bytes: 4096, mapped_bytes: 55_540 };
        assert_eq!(ladder.accounted_bytes(), ladder.mapped_bytes);
        let text = ladder_text(&ladder, 0);
        assert!(text.contains("    0     32           3               4             3\n"), "{text}");
        let number = |label: &str| -> usize {
            let line = text.lines().find(|l| l.starts_with(label)).expect("a line of this label");
            line.rsplit(' ').next().expect("a number").replace(',', "").parse().expect("a number")
        };
        let parts = ["# bytes in allocated", "# bytes in available", "# bytes in idle", "# bytes in spans"];
        let sum: usize = parts.iter().chain(&["# bytes stranded", "# bytes of metadata"]).map(|l| number(l)).sum();
        assert_eq!((sum, number("Total"), number("# bytes mapped")), (55_540, 55_540, 55_540));
        assert_eq!((number("# large objects"), number("# bytes in large")), (1, 50_000));
        assert!(text.contains("50,128\n") && text.ends_with("not counted by this program\n"), "{text}");
        assert!(
            ladder_text(&ladder, 1_234_567).ends_with("# bytes outside the heap           =            1,234,567\n")
        );
    }
}
