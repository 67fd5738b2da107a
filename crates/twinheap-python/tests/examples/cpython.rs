//! CPython's own memory cases, written anew from the fact each checks (`cpython/GROUP/NAME.py`; the tables in
//! `cpython/README.md` say which case is which, and which wait for what).
//!
//! `NAME.out` is what CPython 3.13.0 prints, and what `refcount` must print byte for byte; `NAME.err`, where there is one,
//! is its standard error, with addresses and times struck out.  With `TWINHEAP_CPYTHON=/path/to/python3.13` the same files
//! are compared with what that interpreter prints now, and with `TWINHEAP_RECORD=1` beside it they are written.

use super::support::{err, out, run};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cpython")
}
fn programs(group: &str) -> Vec<PathBuf> {
    let mut all: Vec<_> = std::fs::read_dir(folder().join(group))
        .expect("the group's folder is there")
        .map(|e| e.expect("readable").path())
        .filter(|p| p.extension().is_some_and(|x| x == "py"))
        .collect();
    all.sort();
    assert!(!all.is_empty(), "{group} has programs");
    all
}

/// Strikes out what differs from run to run: addresses, and seconds with a fraction.
fn steady(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("0x") {
        kept.push_str(&rest[..at]);
        rest = rest[at + 2..].trim_start_matches(|c: char| c.is_ascii_hexdigit());
        kept.push_str("0x…");
    }
    kept.push_str(rest);
    let seconds = |word: &str| word.strip_suffix("s").is_some_and(|n| n.contains('.') && n.parse::<f64>().is_ok());
    let line = |line: &str| {
        let words = line.split(' ').map(|word| if seconds(word) { "0.0000s" } else { word });
        words.collect::<Vec<_>>().join(" ")
    };
    kept.lines().map(|l| line(l) + "\n").collect()
}

fn check(program: &Path, who: &str, output: &Output) {
    let expected = |extension| std::fs::read_to_string(program.with_extension(extension));
    let want = expected("out").expect("an expected output beside the program");
    assert_eq!(out(output), want, "{} under {who}: {}", program.display(), err(output));
    if let Ok(want) = expected("err") {
        assert_eq!(steady(&err(output)), want, "{} under {who}: standard error", program.display());
    } else {
        assert_eq!(err(output), "", "{} under {who}: nothing is expected on standard error", program.display());
    }
    assert_eq!(output.status.code(), Some(0), "{} under {who}", program.display());
}

/// The reference, if it was named; any other version than 3.13.0 is an error.
fn reference() -> Option<PathBuf> {
    let python: PathBuf = std::env::var_os("TWINHEAP_CPYTHON")?.into();
    let version = Command::new(&python).arg("--version").output().expect("TWINHEAP_CPYTHON starts");
    assert_eq!(out(&version).trim(), "Python 3.13.0", "TWINHEAP_CPYTHON is {}", python.display());
    Some(python)
}

fn group(group: &str) {
    let reference = reference();
    for program in programs(group) {
        if let Some(python) = &reference {
            let (folder, name) = (program.parent().expect("a folder"), program.file_name().expect("a name"));
            let mut command = Command::new(python);
            // As our programs run: no site, no environment.
            let said = command.args(["-I", "-S"]).arg(name).current_dir(folder).output().expect("CPython starts");
            if std::env::var_os("TWINHEAP_RECORD").is_some() {
                std::fs::write(program.with_extension("out"), &said.stdout).expect("writable");
                if said.stderr.is_empty() {
                    let _ = std::fs::remove_file(program.with_extension("err"));
                } else {
                    std::fs::write(program.with_extension("err"), steady(&err(&said))).expect("writable");
                }
            }
            check(&program, "CPython 3.13.0", &said);
        }
        check(&program, "refcount", &run("refcount", &program, &[], &[]));
    }
}

#[test]
fn gc() {
    group("gc")
}
#[test]
fn finalization() {
    group("finalization")
}
#[test]
fn weakref() {
    group("weakref")
}
#[test]
fn tracemalloc() {
    group("tracemalloc")
}
#[test]
fn sys() {
    group("sys")
}
