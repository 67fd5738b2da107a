//! `twinheap compare` from outside: its JSON, its page, foreign contenders, and Ctrl-C. It drives the built executable.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

fn compare(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_twinheap")).arg("compare").args(args).stdin(Stdio::null()).output().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn json_has_what_it_promises() {
    let directory = tempfile::tempdir().unwrap();
    let (json, html) = (directory.path().join("out.json"), directory.path().join("out.html"));
    let output = compare(&[
        "--contender=refcount,threshold=700,10,10",
        "--contender=tricolor",
        "--runs=2",
        "--json",
        text(&json),
        "--html",
        text(&html),
        "workload:empty",
    ]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("wall time") && said.contains("start-up is what was measured"), "{said}");

    let found: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!(found["program"], "workload:empty");
    assert_eq!(found["runs"], 2);
    assert_eq!(found["brief"], true);
    let contenders = found["contenders"].as_array().unwrap();
    assert_eq!(contenders.len(), 2);
    assert_eq!(contenders[0]["name"], "refcount,threshold=700,10,10");
    assert_eq!(contenders[0]["knobs"]["threshold"], "700,10,10");
    for contender in contenders {
        for key in ["wall_s", "cpu_s", "peak_rss_bytes"] {
            for part in ["min", "median", "max"] {
                assert!(contender[key][part].is_number(), "{key}.{part}");
            }
        }
        assert!(contender["wall_s"]["min"].as_f64().unwrap() > 0.0);
        assert!(contender["peak_rss_bytes"]["median"].as_f64().unwrap() > 100_000.0);
        assert!(contender["cpu_s"]["median"].as_f64().unwrap() > 0.0);
        assert_eq!(contender["exit_status"], 0);
        assert_eq!(contender["stdout_sha256"], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        for key in ["count", "p99_ns", "max_ns", "total_ns"] {
            assert!(contender["holdups"][key].is_u64(), "{key}");
        }
        assert!(contender["holdups"]["by_cause"].is_object());
        assert!(contender["collections"].is_u64() && contender["objects_allocated"].is_u64());
        for key in ["at_once", "by_collections", "at_exit"] {
            assert!(contender["released"][key].is_u64(), "{key}");
        }
    }
    let page = fs::read_to_string(html).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("<svg") && page.contains("</html>"));
    assert!(!page.contains("http"), "nothing is loaded from elsewhere");
}

#[test]
fn foreign_contenders_and_differing_outputs() {
    let directory = tempfile::tempdir().unwrap();
    let (script, json) = (directory.path().join("script"), directory.path().join("out.json"));
    // Two shells stand for two interpreters; what $0 is depends on how we are called, so the same script can differ.
    fs::write(&script, "echo same; echo $TWIN; sleep 0.1; exit 3\n").unwrap();
    let other = directory.path().join("other-sh");
    fs::write(&other, "#!/bin/sh\nTWIN=yes exec /bin/sh \"$@\"\n").unwrap();
    fs::set_permissions(&other, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let other = format!("two={}", text(&other));
    let output = compare(&[
        "--contender=null",
        "--with=one=/bin/sh",
        "--with",
        &other,
        "--runs=1",
        "--json",
        text(&json),
        text(&script),
    ]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "a contender that fails is our failure: {said}");
    assert!(said.contains("sampled"), "{said}");
    assert!(said.contains("one ended with exit status 3"), "{said}");
    let found: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    let [_, one, two] = &found["contenders"].as_array().unwrap()[..] else { panic!("{found}") };
    assert_eq!(one["exit_status"], 3);
    assert_eq!(one["holdups"], Value::Null);
    assert!(one["peak_open_descriptors"].is_u64());
    assert_eq!(one["descriptors_sampled"], true);
    assert_ne!(one["stdout_sha256"], two["stdout_sha256"]);
    assert!(found["differences"].as_array().unwrap().iter().any(|d| d["found"]["contender"] == "two"));
}

#[test]
fn an_interrupt_ends_the_children() {
    let directory = tempfile::tempdir().unwrap();
    let (script, mark) = (directory.path().join("script"), directory.path().join("mark"));
    fs::write(&script, format!("echo $$ > {0}.new; mv {0}.new {0}; exec sleep 60\n", text(&mark))).unwrap();
    let parent = Command::new(env!("CARGO_BIN_EXE_twinheap"))
        .args(["compare", "--contender=null", "--with=sh=/bin/sh", "--runs=1", text(&script)])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    while !mark.exists() {
        assert!(begin.elapsed() < Duration::from_secs(30), "the child never started");
        thread::sleep(Duration::from_millis(5));
    }
    let child = fs::read_to_string(&mark).unwrap().trim().to_owned();
    let pid = rustix::process::Pid::from_raw(parent.id() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = parent.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "twinheap: interrupted\n");
    assert!(begin.elapsed() < Duration::from_secs(30));
    assert!(!Path::new(&format!("/proc/{child}")).exists(), "the child lives on");
}
