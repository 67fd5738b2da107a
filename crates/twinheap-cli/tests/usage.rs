//! What the command says to bad input, and how it behaves in a pipe. It drives the built executable.

use std::process::{Command, Output, Stdio};

fn twinheap(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_twinheap")).args(args).stdin(Stdio::null()).output().unwrap()
}

/// Bad input: exit status 2, nothing on standard output, and a complaint that names what is needed.
#[track_caller]
fn refused(args: &[&str], needles: &[&str]) {
    let output = twinheap(args);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
    assert!(output.stdout.is_empty(), "{args:?}");
    for needle in needles {
        assert!(said.contains(needle), "{args:?} should mention `{needle}`: {said}");
    }
}

#[test]
fn unknown_managers_and_knobs() {
    refused(&["run", "--manager", "golang", "workload:empty"], &["golang", "refcount, tricolor, null"]);
    refused(&["run", "--speed", "9", "workload:empty"], &["--speed"]);
    refused(&["compare", "--contender", "golang", "workload:empty"], &["golang", "refcount, tricolor and null"]);
    refused(
        &["compare", "--contender", "tricolor,speed=9", "workload:empty"],
        &["speed", "gogc, memory-limit, max-heap, zeal"],
    );
    refused(&["compare", "--contender", "tricolor,gogc", "workload:empty"], &["KNOB=VALUE"]);
}

#[test]
fn knobs_of_the_other_manager() {
    refused(&["run", "--gogc", "50", "workload:empty"], &["--gogc", "refcount", "tricolor", "--threshold"]);
    refused(
        &["run", "--manager=tricolor", "--threshold", "50", "workload:empty"],
        &["--threshold", "refcount", "--gogc"],
    );
    refused(
        &["run", "--manager=null", "--memory-limit=1g", "workload:empty"],
        &["--memory-limit", "null has --max-heap"],
    );
    refused(&["run", "--gctrace", "workload:empty"], &["--gctrace", "tricolor"]);
    refused(&["compare", "--contender", "refcount,gogc=5", "workload:empty"], &["gogc is not a knob of refcount"]);
    refused(
        &["compare", "--contender", "tricolor,threshold=5,5", "workload:empty"],
        &["threshold is not a knob of tricolor"],
    );
}

#[test]
fn values_of_knobs() {
    refused(&["run", "--manager=tricolor", "--gogc", "fast", "workload:empty"], &["fast", "off"]);
    refused(&["run", "--manager=tricolor", "--gogc=-1", "workload:empty"], &["-1"]);
    refused(&["run", "--threshold", "1,2,3,4", "workload:empty"], &["three generations"]);
    refused(&["run", "--threshold", "many", "workload:empty"], &["many"]);
    refused(&["run", "--max-heap", "lots", "workload:empty"], &["lots", "64MiB"]);
    refused(&["run", "--max-heap", "1m", "workload:empty"], &["--max-heap=1MiB is too small"]);
    refused(&["run", "--memory-limit", "0", "workload:empty"], &["--memory-limit=0 is too small"]);
    refused(&["run", "--memory-limit", "2g", "--max-heap", "1g", "workload:empty"], &["above"]);
    refused(&["run", "--zeal", "0", "workload:empty"], &["--zeal"]);
    refused(&["run", "--stats=xml", "workload:empty"], &["xml", "text, json"]);
    refused(&["compare", "--runs", "0", "workload:empty"], &["--runs"]);
}

#[test]
fn programs_that_cannot_run() {
    for command in ["run", "compare"] {
        refused(&[command], &["SCRIPT.py"]);
        refused(&[command, "no/such/script.py"], &["no/such/script.py", "no such file"]);
        refused(&[command, env!("CARGO_MANIFEST_DIR")], &["directory"]);
        refused(&[command, "workload:nonsense"], &["nonsense", "there is no workload"]);
        refused(&[command, "workload:empty,depth=3"], &["empty has no key `depth`"]);
        refused(&[command, "workload:empty,depth"], &["KEY=VALUE"]);
        refused(&[command, "workload:empty", "more"], &["more"]);
    }
    refused(&["run", "--manager=arc", "workload:empty.py"], &["empty.py"]);
}

#[test]
fn foreign_contenders_that_cannot_run() {
    refused(&["compare", "--with", "python3=/no/such/python", "workload:empty"], &["/no/such/python"]);
    refused(&["compare", "--with", "python3", "workload:empty"], &["NAME=PATH"]);
    refused(&["compare", "--with", "null=/bin/sh", "workload:empty"], &["our own"]);
    refused(&["compare", "--with", "sh=/bin/sh", "workload:empty"], &["runs scripts"]);
}

#[test]
fn files_that_cannot_be_written_are_found_before_measuring() {
    refused(&["compare", "--json", "/no/such/place/x.json", "workload:empty"], &["x.json", "no such file"]);
    refused(&["compare", "--html", env!("CARGO_MANIFEST_DIR"), "workload:empty"], &["directory"]);
}

#[test]
fn help_has_examples() {
    for args in [&["--help"][..], &["run", "--help"], &["compare", "--help"], &["help", "compare"]] {
        let output = twinheap(args);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success());
        assert!(said.contains("Examples:") && said.contains("twinheap"), "{said}");
        assert!(!said.contains("--report") && !said.contains("arc"), "what is hidden stays so: {said}");
        assert!(!said.contains('\x1b'), "no colours in a pipe");
    }
    assert!(twinheap(&["--version"]).status.success());
    assert!(twinheap(&["workloads"]).status.success());
}

#[test]
fn a_closed_pipe_is_no_error() {
    for args in [&["workloads"][..], &["--help"], &["compare", "--runs=1", "workload:empty"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(env!("CARGO_BIN_EXE_twinheap"))
            .args(args)
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
            .wait_with_output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{args:?}");
    }
}
