//! Every program of `examples/` under every manager.
//!
//! `NAME.out` is what CPython 3.13.0 prints, and what `refcount` must print byte for byte. Where a tracing manager makes
//! a program print something else, `NAME.tricolor.out` has it and `examples/README.md` says why.

#[path = "examples/bad_input.rs"]
mod bad_input;
#[path = "examples/bounds.rs"]
mod bounds;
#[path = "examples/cpython.rs"]
mod cpython;
#[path = "examples/hooks.rs"]
mod hooks;
#[path = "examples/language.rs"]
mod language;
#[path = "examples/limits.rs"]
mod limits;
#[path = "examples/memory.rs"]
mod memory;
#[path = "examples/runtime.rs"]
mod runtime;
#[path = "examples/signals.rs"]
mod signals;
#[path = "examples/streams.rs"]
mod streams;
#[path = "examples/support.rs"]
mod support;

use std::path::PathBuf;
use support::{err, examples, out, run};

/// Arguments that make a program small, for zeal 1.
const SMALL: &[(&str, &[&str])] =
    &[("batch", &["300"]), ("files", &["60"]), ("files_with", &["60"]), ("server", &["50", "300"])];
/// Left out of zeal 1: 400,000 objects that no argument makes fewer, and a collection of them at every chance.
const LARGE: &[&str] = &["pools"];
/// What collections at every chance change under a tracing manager: how many descriptors pile up, and whether garbage
/// is still there for `gc.collect()` to count.
const CHANGED: &[&str] = &["cycle", "debug", "files"];
/// What null cannot do: nothing is ever released, and there is nothing to ask about.
const NOT_NULL: &[&str] = &["cycle", "debug", "files", "generations", "lists", "pools", "refcount"];

fn programs() -> Vec<PathBuf> {
    let mut all: Vec<_> = std::fs::read_dir(examples())
        .expect("examples/ is there")
        .map(|e| e.expect("readable").path())
        .filter(|p| p.extension().is_some_and(|x| x == "py"))
        .collect();
    all.sort();
    assert!(all.len() >= 11, "examples/ holds the programs");
    all
}
fn stem(p: &std::path::Path) -> String {
    p.file_stem().expect("a name").to_string_lossy().into_owned()
}
fn expected(p: &std::path::Path, manager: &str) -> String {
    let own = p.with_extension(format!("{manager}.out"));
    let file = if own.exists() { own } else { p.with_extension("out") };
    std::fs::read_to_string(file).expect("an expected output beside the program")
}
fn check(manager: &str, leave_out: &[&str]) {
    for p in programs().into_iter().filter(|p| !leave_out.contains(&stem(p).as_str())) {
        let o = run(manager, &p, &[], &[]);
        let (mut got, mut want) = (out(&o), expected(&p, manager));
        if manager == "tricolor" && stem(&p) == "pools" {
            // When memory comes back depends on how far a collection beside the program has come.
            got.truncate(got.find('\n').unwrap_or(0));
            want.truncate(want.find('\n').unwrap_or(0));
        }
        assert_eq!(got, want, "{} under {manager}: {}", p.display(), err(&o));
        assert_eq!(o.status.code(), Some(0), "{} under {manager}", p.display());
    }
}

#[test]
fn refcount_prints_what_cpython_prints() {
    check("refcount", &[])
}
#[test]
fn tricolor_prints_what_the_design_says() {
    check("tricolor", &[])
}
#[test]
fn null_runs_what_needs_no_release() {
    check("null", NOT_NULL)
}
/// Zeal must not be seen: the same output with a collection at every chance, at small sizes.
#[test]
fn zeal_1_is_invisible_at_small_sizes() {
    for p in programs() {
        let name = stem(&p);
        if LARGE.contains(&name.as_str()) {
            continue;
        }
        let args = SMALL.iter().find(|s| s.0 == name).map_or(&[][..], |s| s.1);
        for manager in ["refcount", "tricolor"] {
            let plain = run(manager, &p, args, &[]);
            let zeal = run(manager, &p, args, &[("ZEAL", "1")]);
            assert_eq!(zeal.status.code(), Some(0), "{name} under {manager} with zeal: {}", err(&zeal));
            if manager == "refcount" || !CHANGED.contains(&name.as_str()) {
                assert_eq!(out(&zeal), out(&plain), "{name} under {manager} with zeal");
                // A small size may print other numbers than the file has.
                if args.is_empty() {
                    assert_eq!(out(&zeal), expected(&p, manager), "{name} under {manager} with zeal");
                }
            }
        }
    }
}
#[test]
fn zeal_1000_is_invisible_at_full_size() {
    for p in programs() {
        let name = stem(&p);
        for manager in ["refcount", "tricolor"] {
            let zeal = run(manager, &p, &[], &[("ZEAL", "1000")]);
            let (mut got, mut want) = (out(&zeal), expected(&p, manager));
            // After their first lines these say when memory and descriptors come back: sooner with zeal, under a
            // tracing manager.
            if manager == "tricolor" && ["files", "pools"].contains(&name.as_str()) {
                got.truncate(got.find('\n').unwrap_or(0));
                want.truncate(want.find('\n').unwrap_or(0));
            }
            assert_eq!(got, want, "{name} under {manager} with zeal: {}", err(&zeal));
            assert_eq!(zeal.status.code(), Some(0), "{name} under {manager} with zeal");
        }
    }
}
/// With 256 descriptors: a full collection closes what garbage holds open, before `OSError` is raised.
#[test]
#[cfg(unix)]
fn few_descriptors_are_enough_under_every_manager_that_collects() {
    for (manager, word) in [("refcount", "few"), ("tricolor", "many")] {
        let o = std::process::Command::new("sh")
            .current_dir(examples())
            .args(["-c", "ulimit -n 256; exec \"$0\" \"$@\""])
            .arg(support::runner())
            .args([manager, "files.py"])
            .output()
            .expect("a shell");
        assert_eq!(out(&o), format!("read x\nmost descriptors open at a time: {word}\n"), "{manager}: {}", err(&o));
        assert_eq!(o.status.code(), Some(0));
    }
}
