//! Imports of the library point down, managers do not know each other, and one file talks to the kernel;
//! heaps share no state.

use super::source::{Source, Token};
use super::{Exceptions, Fault, fault};
use std::collections::HashMap;

/// The layers of crates/twinheap/src, bottom to top. A module may import its own layer and those above it in this
/// list. The longest name that fits a module decides (`manager::null` before `manager`). `lib.rs` stands above all.
/// Recording lies at the bottom, so that everybody may record; what is read (`observe`: a snapshot with the ladder in
/// it) lies above what it describes.
const LAYERS: &[&[&str]] = &[
    &[
        "sync",
        "config",
        "observe::callbacks",
        "observe::collection",
        "observe::holdup",
        "observe::session",
        "observe::tally",
        "observe::times",
        "outside",
        "process",
        "unwind",
    ],
    &["alloc"],
    &["observe"],
    &["object"],
    &["manager"],
    &["heap", "cc"],
    &["control"],
    &["verify"],
];

/// Arrows that point up all the same: file, the module it may name, and why.
const UPWARD: &[(&str, &str, &str)] = &[];

/// Pairs that never import each other, in either direction, whatever their layers.
const STRANGERS: &[(&str, &str)] = &[("manager::refcount", "manager::tricolor")];

/// Calls of the kernel about memory: one file makes them.
const MEMORY_FILE: &str = "crates/twinheap/src/alloc/os.rs";
const MEMORY_CALLS: &[&str] =
    &["mmap", "mmap64", "munmap", "madvise", "mremap", "mprotect", "mincore", "mlock", "munlock", "brk", "sbrk"];

/// Other files that may name `libc` or declare `extern "C"` functions.
const KERNEL: &[(&str, &str, &str)] =
    &[("crates/twinheap/src/process.rs", "libc", "what the system says about a process: wait4, clocks, signals")];

/// Types that make a `static` a place two heaps could meet in.
const SHARED: &[&str] =
    &["Mutex", "RwLock", "OnceLock", "LazyLock", "Cell", "RefCell", "OnceCell", "LazyCell", "UnsafeCell"];

/// Statics that change: file, name, and why no heap learns of another through it.
const STATICS: &[(&str, &str, &str)] = &[
    ("crates/twinheap/src/sync.rs", "ON", "which fault is switched on, in builds for `cargo xtask seeded` only"),
    (
        "crates/twinheap/src/sync/shuttled.rs",
        "CLOCK",
        "the time that passes under shuttle alone, for all threads of a test; heaps see only how long something took",
    ),
    (
        "crates/twinheap/src/cc/here.rs",
        "HERE",
        "where the thread's own heap is; one a thread, and no other leads there",
    ),
    ("crates/twinheap/src/outside.rs", "HELD", "a global allocator has no place but a global; off unless installed"),
    ("crates/twinheap/src/manager/tricolor/collector.rs", "COLLECTOR_OF", "a thread's own mark: whose collector it is"),
    (
        "crates/twinheap/src/manager/tricolor/manage.rs",
        "HERE",
        "a thread's own list of sessions that are open on it, and its number",
    ),
    (
        "crates/twinheap/src/manager/tricolor/manage.rs",
        "NUMBERED",
        "numbers for threads, so that a mutator sees whether it has moved; a heap learns nothing of another by one",
    ),
    ("crates/twinheap/src/process.rs", "FLAG", "where a signal handler finds the flag of the process"),
];

pub fn check(sources: &[Source], faults: &mut Vec<Fault>) {
    let public = sources.iter().find(|s| s.path == "crates/twinheap/src/lib.rs").map(reexports).unwrap_or_default();
    let mut upward = Exceptions::new("layers", UPWARD);
    let mut kernel = Exceptions::new("kernel calls", KERNEL);
    let mut statics = Exceptions::new("statics", STATICS);
    for source in sources.iter().filter(|s| s.in_library()) {
        shared_state(source, &mut statics, faults);
        directions(source, &public, &mut upward, faults);
        kernel_calls(source, &mut kernel, faults);
    }
    upward.unused(faults);
    kernel.unused(faults);
    statics.unused(faults);
}

/// The layer of a module, as a place in `LAYERS`.
fn layer(module: &[String]) -> Option<usize> {
    let mut best: Option<(usize, usize)> = None;
    for (place, names) in LAYERS.iter().enumerate() {
        for name in *names {
            let length = name.split("::").count();
            if starts_with(module, name) && best.is_none_or(|(longest, _)| length > longest) {
                best = Some((length, place));
            }
        }
    }
    best.map(|(_, place)| place)
}

fn starts_with(module: &[String], name: &str) -> bool {
    let names: Vec<&str> = name.split("::").collect();
    module.len() >= names.len() && module.iter().zip(names).all(|(a, b)| a == b)
}

fn directions(
    source: &Source,
    public: &HashMap<String, Vec<String>>,
    upward: &mut Exceptions,
    faults: &mut Vec<Fault>,
) {
    let module: Vec<String> = source.module().unwrap_or_default().into_iter().map(str::to_owned).collect();
    if module.is_empty() || source.is_test_file() {
        return;
    }
    let Some(own) = layer(&module) else {
        let message =
            format!("`{}` belongs to no layer: add it to LAYERS in xtask/src/tidy/layers.rs", module.join("::"));
        faults.push(fault(&source.path, 1, message));
        return;
    };
    let mut seen = Vec::new();
    for (target, line) in imports(&source.tokens, &module) {
        // A name that lib.rs re-exports is judged by where it comes from.
        let target = match target.first().and_then(|name| public.get(name)) {
            Some(origin) => origin.iter().chain(&target[1..]).cloned().collect(),
            None => target,
        };
        if seen.contains(&(target.clone(), line)) {
            continue;
        }
        seen.push((target.clone(), line));
        for (one, other) in STRANGERS {
            for (here, there) in [(one, other), (other, one)] {
                if starts_with(&module, here) && starts_with(&target, there) {
                    faults.push(fault(&source.path, line, format!("{here} and {there} never import each other")));
                }
            }
        }
        let Some(place) = layer(&target) else { continue };
        let name = target.join("::");
        if place > own && !granted(upward, &source.path, &target) {
            let message = format!(
                "`crate::{name}` is above this file: layer {:?} imports layer {:?} (bottom to top: xtask/src/tidy/layers.rs)",
                LAYERS[own].join(", "),
                LAYERS[place].join(", "),
            );
            faults.push(fault(&source.path, line, message));
        }
    }
}

fn granted(upward: &mut Exceptions, path: &str, target: &[String]) -> bool {
    (1..=target.len()).any(|length| upward.grant(path, &target[..length].join("::")))
}

/// Every path of this crate that the tokens name, in `use` trees and in expressions, tests left out: `crate::a::b`,
/// and `super::…` and `self::…` made whole. `$crate::` is a word of whoever uses the macro, and is left out.
fn imports(tokens: &[Token], module: &[String]) -> Vec<(Vec<String>, usize)> {
    let mut found = Vec::new();
    let mut inner: Vec<(String, usize)> = Vec::new();
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        let follows = |text: &str| at > 0 && tokens[at - 1].text == text;
        match token.text.as_str() {
            "{" => depth += 1,
            "}" => {
                depth -= 1_usize.min(depth);
                inner.retain(|(_, opened)| *opened < depth + 1);
            }
            "mod" if tokens.get(at + 2).is_some_and(|t| t.text == "{") => {
                inner.push((tokens[at + 1].text.clone(), depth + 1));
            }
            "crate" | "super" | "self"
                if !token.test && !follows("$") && !follows(":") && separator(tokens, at + 1) =>
            {
                let mut prefix: Vec<String> = Vec::new();
                let mut from = at;
                if token.text != "crate" {
                    prefix = module.iter().cloned().chain(inner.iter().map(|(name, _)| name.clone())).collect();
                    while tokens.get(from).is_some_and(|t| t.text == "super") {
                        prefix.pop();
                        if !separator(tokens, from + 1) || tokens.get(from + 3).is_none_or(|t| t.text != "super") {
                            break;
                        }
                        from += 3;
                    }
                }
                tree(tokens, from + 3, &prefix, &mut found);
            }
            _ => {}
        }
    }
    found
}

fn separator(tokens: &[Token], at: usize) -> bool {
    tokens.get(at).is_some_and(|t| t.text == ":") && tokens.get(at + 1).is_some_and(|t| t.text == ":")
}

/// A path or a `{…}` tree of paths from token `at` on; answers the token after it.
fn tree(tokens: &[Token], mut at: usize, prefix: &[String], found: &mut Vec<(Vec<String>, usize)>) -> usize {
    let mut path = prefix.to_vec();
    let line = tokens.get(at).map_or(0, |t| t.line);
    loop {
        match tokens.get(at) {
            Some(token) if token.text == "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|t| t.text != "}") {
                    at = if tokens[at].text == "," { at + 1 } else { tree(tokens, at, &path, found).max(at + 1) };
                }
                return at + 1;
            }
            Some(token) if token.is_word() => {
                if token.text != "self" {
                    path.push(token.text.clone());
                }
                at += 1;
            }
            Some(token) if token.text == "*" => at += 1,
            _ => break,
        }
        if !separator(tokens, at) {
            break;
        }
        at += 2;
    }
    found.push((path, line));
    if tokens.get(at).is_some_and(|t| t.text == "as") {
        at += 2;
    }
    at
}

/// What lib.rs hands out under another name: `pub use object::gc::Gc;` makes `Gc` stand for `object::gc::Gc`.
fn reexports(lib: &Source) -> HashMap<String, Vec<String>> {
    let mut names = HashMap::new();
    for (at, token) in lib.tokens.iter().enumerate() {
        if token.text != "use" || token.test {
            continue;
        }
        let mut found = Vec::new();
        let skip = lib.tokens.get(at + 1).is_some_and(|t| matches!(t.text.as_str(), "crate" | "self"));
        tree(&lib.tokens, at + if skip { 4 } else { 1 }, &[], &mut found);
        for (path, _) in found {
            if let (Some(name), true) = (path.last(), path.len() > 1 && layer(&path).is_some()) {
                names.insert(name.clone(), path.clone());
            }
        }
    }
    names
}

fn kernel_calls(source: &Source, kernel: &mut Exceptions, faults: &mut Vec<Fault>) {
    if source.path == MEMORY_FILE {
        return;
    }
    for (at, token) in source.tokens.iter().enumerate() {
        let path = separator(&source.tokens, at + 1);
        if token.text == "libc" && (path || at > 0 && source.tokens[at - 1].text == "use") {
            let called = source.tokens.get(at + 3).map(|t| t.text.as_str()).unwrap_or_default();
            if MEMORY_CALLS.contains(&called) {
                faults.push(fault(
                    &source.path,
                    token.line,
                    format!("`libc::{called}`: only {MEMORY_FILE} asks for memory"),
                ));
            } else if !kernel.grant(&source.path, "libc") {
                let message =
                    format!("`libc` outside {MEMORY_FILE}: add the file to KERNEL in xtask/src/tidy/layers.rs");
                faults.push(fault(&source.path, token.line, message));
            }
        }
        let body = source.tokens.get(at + 2).is_some_and(|t| t.text == "{");
        if token.text == "extern" && body && !kernel.grant(&source.path, "extern") {
            faults.push(fault(&source.path, token.line, format!("foreign functions outside {MEMORY_FILE}")));
        }
    }
}

/// A `static` whose type or beginning names what can change. Threads' own count too: a thread may serve two heaps.
fn shared_state(source: &Source, statics: &mut Exceptions, faults: &mut Vec<Fault>) {
    for (at, token) in source.tokens.iter().enumerate() {
        let rest = &source.tokens[at..];
        if token.text != "static" || token.test || source.is_test_file() || rest.len() < 4 || rest[2].text != ":" {
            continue;
        }
        let name = &rest[1].text;
        let mut depth = 0_i32;
        let changes = rest[3..]
            .iter()
            .take_while(|t| {
                match t.text.as_str() {
                    "(" | "[" | "{" => depth += 1,
                    ")" | "]" | "}" => depth -= 1,
                    _ => {}
                }
                depth >= 0 && (depth > 0 || t.text != ";")
            })
            .any(|t| t.text.starts_with("Atomic") || SHARED.contains(&t.text.as_str()));
        if changes && !statics.grant(&source.path, name) {
            let message =
                format!("`static {name}` can change: heaps share nothing (STATICS in xtask/src/tidy/layers.rs)");
            faults.push(fault(&source.path, token.line, message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(path: &str, text: &str) -> Vec<String> {
        let lib = Source::new(
            "crates/twinheap/src/lib.rs",
            "//! L\npub use crate::heap::{Heap, Mutator as M};\npub mod alloc;\n",
        );
        let mut faults = Vec::new();
        check(&[lib, Source::new(&format!("crates/twinheap/src/{path}"), text)], &mut faults);
        // The table's own exceptions go unused in a sample: not what these tests are about.
        faults.into_iter().map(|f| f.to_string()).filter(|f| !f.contains("is not needed")).collect()
    }

    fn points_up(path: &str, text: &str) -> bool {
        faults(path, text).iter().any(|f| f.contains("is above this file"))
    }

    #[test]
    fn arrows_point_down() {
        assert!(!points_up("object/gc.rs", "use crate::alloc::{span::Span, cache};\nuse crate::object::slot::Slot;"));
        assert!(points_up("alloc/span.rs", "use crate::object::Gc;"));
        assert!(points_up("alloc/span.rs", "use crate::{sync, object::Gc};"));
        assert_eq!(faults("alloc/span.rs", "use crate::heap::{A, B, self};").len(), 3);
        assert!(points_up("alloc/span.rs", "fn f() { crate::manager::null::go() }"));
        assert!(points_up("alloc/span.rs", "use super::super::heap;"));
        assert!(!points_up("alloc/span.rs", "mod inner { use super::super::cache; }"));
        assert!(points_up("object.rs", "use super::control;"));
        assert!(points_up("object/gc.rs", "use crate::Heap;"), "a name that lib.rs re-exports");
        assert!(points_up("alloc.rs", "use crate::Heap;\n"));
        assert!(points_up("control/gc.rs", "pub(in crate::control) fn f() {}\nuse crate::verify;"));
        assert!(!points_up("verify.rs", "use crate::{control, heap, alloc};"));
        assert!(!points_up("alloc.rs", "#[cfg(test)]\nmod tests { use crate::heap::Heap; }"));
        assert!(!points_up("alloc.rs", "// use crate::heap::Heap;\nmacro_rules! m { () => { $crate::heap::Heap } }"));
    }

    #[test]
    fn the_message_names_file_and_line() {
        let found = faults("alloc/span.rs", "//! S\n\nuse crate::{\n    sync,\n    heap::Heap,\n};\n");
        assert!(found[0].starts_with("crates/twinheap/src/alloc/span.rs:5: `crate::heap::Heap` is above"), "{found:?}");
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn a_module_without_a_layer_is_a_fault() {
        assert!(faults("util.rs", "")[0].contains("belongs to no layer"));
    }

    #[test]
    fn managers_are_strangers() {
        assert!(faults("manager/refcount/cycle.rs", "use crate::manager::tricolor::mark;")[0].contains("never import"));
        assert!(faults("manager/tricolor.rs", "use super::refcount;")[0].contains("never import"));
        assert!(faults("manager/tricolor.rs", "use crate::manager::null;").is_empty());
    }

    #[test]
    fn one_file_talks_to_the_kernel() {
        assert!(faults("alloc/os.rs", "fn f() { libc::mmap() } extern \"C\" { fn g(); }").is_empty());
        assert!(faults("alloc/chunk.rs", "fn f() { libc::munmap() }")[0].contains("asks for memory"));
        assert!(faults("heap.rs", "use libc;")[0].contains("`libc` outside"));
        assert!(faults("heap.rs", "unsafe extern \"C\" { fn g(); }")[0].contains("foreign functions"));
        assert!(faults("heap.rs", "type F = extern \"C\" fn();").is_empty());
    }

    #[test]
    fn heaps_share_nothing() {
        assert!(
            faults("heap.rs", "static NEXT: AtomicU64 = AtomicU64::new(0);")[0].contains("`static NEXT` can change")
        );
        assert!(faults("heap.rs", "thread_local! { static OPEN: Cell<u32> = const { Cell::new(0) }; }").len() == 1);
        assert!(
            !faults("heap.rs", "struct L(AtomicU8); static A: [L; 2] = [const { L(AtomicU8::new(0)) }; 2];").is_empty()
        );
        assert!(faults("heap.rs", "static TABLE: [u8; 4] = [0; 4]; fn f(x: &'static Mutex<u8>) {}").is_empty());
        assert!(faults("heap.rs", "#[cfg(test)] mod tests { static A: Mutex<u8> = Mutex::new(0); }").is_empty());
    }

    #[test]
    fn exceptions_are_granted_and_unused_ones_are_faults() {
        let table = [("a.rs", "heap", "why"), ("b.rs", "heap", "why")];
        let mut exceptions = Exceptions::new("layers", &table);
        assert!(granted(&mut exceptions, "a.rs", &["heap".to_owned(), "Heap".to_owned()]));
        assert!(!granted(&mut exceptions, "a.rs", &["verify".to_owned()]));
        let mut faults = Vec::new();
        exceptions.unused(&mut faults);
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].path, "b.rs");
    }
}
