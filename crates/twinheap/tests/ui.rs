//! What must not compile does not, and for the reason meant: `tests/ui/no_*.rs`; what must compile does: `ok_*.rs`.
//!
//! The first line of each file says what its errors are: codes, or pieces of the message where there is none.
//! `TRYBUILD=overwrite cargo test -p twinheap --test ui` writes the `.stderr` files anew.
#![cfg(not(any(miri, loom)))]
#![forbid(unsafe_code)]

use std::{fs, path::Path};

#[test]
fn compiles_or_does_not() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/ok_*.rs");
    cases.compile_fail("tests/ui/no_*.rs");
}

#[test]
fn for_the_reason_meant() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let mut looked = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !name.starts_with("no_") || !name.ends_with(".rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let (reason, _) =
            text.strip_prefix("//! ").and_then(|t| t.split_once(": ")).expect("a reason in the first line");
        let stderr = fs::read_to_string(path.with_extension("stderr")).unwrap();
        let errors: Vec<&str> = stderr.lines().filter(|l| l.starts_with("error") && !l.contains("aborting")).collect();
        assert!(
            !errors.is_empty() && errors.iter().all(|l| reason.split(" or ").any(|r| l.contains(r))),
            "{name} is about {reason}: {errors:?}"
        );
        looked += 1;
    }
    assert!(looked >= 50, "{looked}");
}

/// Not a file of `tests/ui`: the compiler's words would name every private field that is not `Sync`.
#[test]
fn a_mutator_is_not_shared() {
    trait Shared<A> {
        fn ask() {}
    }
    impl<T> Shared<()> for T {}
    struct Yes;
    impl<T: Sync> Shared<Yes> for T {}
    struct R;
    impl<M: twinheap::Manager> twinheap::Rootable<M> for R {
        type Root<'gc> = ();
    }
    // Ambiguous, so an error, for a type that is `Sync`.
    <twinheap::Mutator<R, twinheap::Null> as Shared<_>>::ask();
    <twinheap::Mutator<R, twinheap::RefCount> as Shared<_>>::ask();
    <twinheap::Mutator<R, twinheap::Tricolor> as Shared<_>>::ask();
    <twinheap::Mutator<R, twinheap::TricolorSolo> as Shared<_>>::ask();
    <twinheap::Heap<R, twinheap::RefCount> as Shared<_>>::ask();
}
