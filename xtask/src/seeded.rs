//! `cargo xtask seeded`: faults put into the library on purpose, each of which must fail its test.
//!
//! The library asks `crate::sync::seeded("name")` where a fault could be; that is a constant `false` unless it was
//! built with `--cfg twinheap_bugs`, when it compares the name with the variable TWINHEAP_BUG. So all faults share one
//! build. The list is crates/twinheap/tests/seeded.txt: `name | test target | arguments of the test program | what`,
//! where the target is a file of tests/, or `lib`, or one of those that have a build of their own (`loom` with `--cfg loom`,
//! `shuttle` with `--cfg shuttle`).  A fault that several tests must find stands there several times.
//!
//! For each target and arguments a clean run comes first: it must pass, and run at least one test. A fault is found if
//! its run fails, dies of a signal, or takes far longer than the clean run; chance gets three tries.

use crate::tidy::{Fault, fault};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

const LIST: &str = "crates/twinheap/tests/seeded.txt";
const TRIES: usize = 3;
const CLEAN_SECONDS_MAX: u64 = 300;
/// A run with a fault hangs if it takes this many times the clean run, and at least the seconds.
const HANG_FACTOR: u32 = 10;
const HANG_SECONDS_MIN: u64 = 45;

/// The builds: folder, the one target that has it (none: all that have no other), options.  (`.ci/run` takes the last for its
/// section on shuttle, too.)
const BUILDS: &[(&str, Option<&str>, &[&str])] = &[
    ("seeded", None, &[]),
    ("seeded-loom", Some("loom"), &["--release"]),
    ("seeded-shuttle", Some("shuttle"), &["--profile", "shuttle"]),
];

#[derive(Debug, PartialEq, Eq)]
struct Bug {
    name: String,
    target: String,
    arguments: Vec<String>,
    what: String,
    line: usize,
}

#[derive(Debug)]
enum Outcome {
    Passed { tests: usize },
    Failed { how: String },
    Hung,
}

pub fn run(top: &Path, names: &[String]) -> ExitCode {
    match hunt(top, names) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(missed) => {
            eprintln!("seeded: {missed} faults were not found by their test");
            ExitCode::FAILURE
        }
        Err(problem) => {
            eprintln!("seeded: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the list; answers how many faults were missed.
fn hunt(top: &Path, names: &[String]) -> Result<usize, String> {
    let text = std::fs::read_to_string(top.join(LIST)).map_err(|e| format!("{LIST}: {e}"))?;
    let mut bugs = parse(&text).map_err(|faults| faults.iter().map(|f| format!("{f}\n")).collect::<String>())?;
    if let Some(unknown) = names.iter().find(|name| !bugs.iter().any(|bug| bug.name == **name)) {
        return Err(format!("{LIST} has no `{unknown}`"));
    }
    bugs.retain(|bug| names.is_empty() || names.contains(&bug.name));
    if bugs.is_empty() {
        return Err(format!("{LIST} is empty"));
    }
    let programs = build(top, &bugs)?;
    let mut clean: BTreeMap<(&str, &[String]), Duration> = BTreeMap::new();
    let width = bugs.iter().map(|bug| bug.name.len()).max().unwrap_or(0);
    let mut missed = 0;
    for bug in &bugs {
        let program = &programs[&bug.target];
        let key = (bug.target.as_str(), bug.arguments.as_slice());
        let clean_time = match clean.get(&key) {
            Some(time) => *time,
            None => {
                let (outcome, time) = test(top, program, &bug.arguments, None, Duration::from_secs(CLEAN_SECONDS_MAX))?;
                let filter = format!("{} {}", bug.target, bug.arguments.join(" "));
                match outcome {
                    Outcome::Passed { tests: 0 } => {
                        return Err(format!("{LIST}:{}: `{filter}` runs no test", bug.line));
                    }
                    Outcome::Passed { .. } => {}
                    Outcome::Failed { how } => return Err(format!("`{filter}` fails without a fault: {how}")),
                    Outcome::Hung => {
                        return Err(format!("`{filter}` takes over {CLEAN_SECONDS_MAX} s without a fault"));
                    }
                }
                clean.insert(key, time);
                time
            }
        };
        let limit = (clean_time * HANG_FACTOR).max(Duration::from_secs(HANG_SECONDS_MIN));
        let (found, time) = try_bug(top, program, bug, limit)?;
        missed += usize::from(found.is_none());
        println!(
            "{:width$}  {}  {:5.1} s  {}  ({})",
            bug.name,
            if found.is_some() { "found " } else { "MISSED" },
            time.as_secs_f64(),
            found.as_deref().unwrap_or("its test passes"),
            bug.what,
        );
    }
    println!("seeded: {} of {} faults found", bugs.len() - missed, bugs.len());
    Ok(missed)
}

/// How the fault was found, if it was, and the time of all tries together.
fn try_bug(top: &Path, program: &Path, bug: &Bug, limit: Duration) -> Result<(Option<String>, Duration), String> {
    let mut sum = Duration::ZERO;
    for _ in 0..TRIES {
        let (outcome, time) = test(top, program, &bug.arguments, Some(&bug.name), limit)?;
        sum += time;
        match outcome {
            Outcome::Passed { .. } => {}
            Outcome::Failed { how } => return Ok((Some(how), sum)),
            Outcome::Hung => return Ok((Some(format!("hangs: over {} s", limit.as_secs())), sum)),
        }
    }
    Ok((None, sum))
}

/// Builds every target of the list and answers where each program is. What does not compile is no fault found.
fn build(top: &Path, bugs: &[Bug]) -> Result<BTreeMap<String, PathBuf>, String> {
    let mut programs = BTreeMap::new();
    let own = |target: &str| BUILDS.iter().map(|build| build.1).find(|&own| own == Some(target)).flatten();
    for &(folder, of, options) in BUILDS {
        let targets = bugs.iter().map(|bug| bug.target.as_str());
        let targets: BTreeSet<&str> = targets.filter(|target| own(target) == of).collect();
        if targets.is_empty() {
            continue;
        }
        // The folder of cargo's target, or the one asked for, so that ordinary builds are not thrown away.
        let base = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| top.join("target"), PathBuf::from);
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(top).args(["test", "--package", "twinheap", "--no-run"]).args(options);
        command.arg("--target-dir").arg(base.join(folder));
        for target in &targets {
            match *target {
                "lib" => command.arg("--lib"),
                test => command.args(["--test", test]),
            };
        }
        let cfg = of.map_or_else(String::new, |name| format!(" --cfg {name}"));
        command.env("RUSTFLAGS", format!("--cfg twinheap_bugs{cfg}"));
        let output = command.output().map_err(|e| format!("cargo: {e}"))?;
        let messages = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            return Err(format!("the build with faults fails:\n{messages}"));
        }
        for target in targets {
            let program = executable(&messages, target).ok_or(format!("cargo names no program for `{target}`"))?;
            programs.insert(target.to_owned(), top.join(program));
        }
    }
    Ok(programs)
}

/// Out of `  Executable tests/stress.rs (target/…/stress-0123)`.
fn executable(messages: &str, target: &str) -> Option<PathBuf> {
    let source = if target == "lib" { "unittests src/lib.rs (".to_owned() } else { format!("tests/{target}.rs (") };
    let after = messages.lines().find_map(|line| line.trim().strip_prefix("Executable ")?.split_once(&source))?.1;
    Some(PathBuf::from(after.strip_suffix(')')?))
}

fn test(
    top: &Path,
    program: &Path,
    arguments: &[String],
    bug: Option<&str>,
    limit: Duration,
) -> Result<(Outcome, Duration), String> {
    let output = std::env::temp_dir().join(format!("twinheap-seeded-{}.txt", std::process::id()));
    let file = std::fs::File::create(&output).map_err(|e| format!("{}: {e}", output.display()))?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(top.join("crates/twinheap")).env_remove("TWINHEAP_BUG");
    if let Some(name) = bug {
        command.env("TWINHEAP_BUG", name);
    }
    command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(file);
    let begin = Instant::now();
    let mut child = command.spawn().map_err(|e| format!("{}: {e}", program.display()))?;
    let status = loop {
        match child.try_wait().map_err(|e| e.to_string())? {
            Some(status) => break Some(status),
            None if begin.elapsed() > limit => {
                // It may have ended by itself in between; then there is nothing to kill.
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    let time = begin.elapsed();
    let printed = std::fs::read_to_string(&output).unwrap_or_default();
    let _ = std::fs::remove_file(&output);
    let outcome = match status {
        None => Outcome::Hung,
        Some(status) if status.success() => Outcome::Passed { tests: tests_passed(&printed) },
        Some(status) => Outcome::Failed { how: how(&printed, &status.to_string()) },
    };
    Ok((outcome, time))
}

/// Out of `test result: ok. 3 passed; …`.
fn tests_passed(printed: &str) -> usize {
    let results = printed.lines().filter_map(|line| line.strip_prefix("test result: ok. "));
    results.filter_map(|rest| rest.split(' ').next()?.parse::<usize>().ok()).sum()
}

/// The tests that failed, or how the program died.
fn how(printed: &str, status: &str) -> String {
    let failed: Vec<&str> = printed
        .lines()
        .filter_map(|line| line.strip_prefix("test ")?.split_once(" ... FAILED").map(|(name, _)| name))
        .collect();
    if failed.is_empty() { status.to_owned() } else { format!("fails {}", failed.join(", ")) }
}

fn parse(text: &str) -> Result<Vec<Bug>, Vec<Fault>> {
    let mut bugs: Vec<Bug> = Vec::new();
    let mut faults = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        match columns[..] {
            [name, target, arguments, what] if !name.is_empty() && !target.is_empty() && !what.is_empty() => {
                if bugs.iter().any(|bug| bug.name == name && bug.target == target) {
                    faults.push(fault(LIST, number + 1, format!("`{name}` stands here twice")));
                }
                bugs.push(Bug {
                    name: name.to_owned(),
                    target: target.to_owned(),
                    arguments: arguments.split_whitespace().map(str::to_owned).collect(),
                    what: what.to_owned(),
                    line: number + 1,
                });
            }
            _ => faults.push(fault(LIST, number + 1, "not `name | test target | arguments | what`")),
        }
    }
    if faults.is_empty() { Ok(bugs) } else { Err(faults) }
}

/// For `tidy`: the list and the library name the same faults.
pub fn check_list(top: &Path, code: &[(String, String)], faults: &mut Vec<Fault>) {
    let mut seeded: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    for (path, text) in code {
        for (number, line) in text.lines().enumerate() {
            for call in line.split("seeded(\"").skip(1) {
                if let Some((name, _)) = call.split_once('"') {
                    seeded.entry(name).or_insert((path, number + 1));
                }
            }
        }
    }
    let bugs = match std::fs::read_to_string(top.join(LIST)) {
        Ok(text) => match parse(&text) {
            Ok(bugs) => bugs,
            Err(found) => return faults.extend(found),
        },
        Err(_) if seeded.is_empty() => return,
        Err(problem) => return faults.push(fault(LIST, 1, problem.to_string())),
    };
    for bug in &bugs {
        if !seeded.contains_key(bug.name.as_str()) {
            faults.push(fault(LIST, bug.line, format!("no `seeded(\"{}\")` in the library", bug.name)));
        }
        let test = top.join(format!("crates/twinheap/tests/{}.rs", bug.target));
        if bug.target != "lib" && !test.is_file() {
            faults.push(fault(LIST, bug.line, format!("no tests/{}.rs", bug.target)));
        }
    }
    for (name, (path, line)) in seeded {
        if !bugs.iter().any(|bug| bug.name == name) {
            faults.push(fault(path, line, format!("`seeded(\"{name}\")` is not in {LIST}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_read() {
        let bugs = parse("# faults\n\nwhite_birth | stress | hot_potato --test-threads=1 | born white\n").unwrap();
        assert_eq!(bugs[0].arguments, ["hot_potato", "--test-threads=1"]);
        assert_eq!((bugs[0].line, bugs[0].what.as_str()), (3, "born white"));
        assert_eq!(parse("a | b | c").unwrap_err()[0].line, 1);
        assert!(parse("a | b || c\na | b | d | c").unwrap_err()[0].message.contains("twice"));
        assert_eq!(parse("a | b || c\na | d || c").unwrap().len(), 2);
    }

    #[test]
    fn the_list_and_the_library_agree() {
        let top = std::env::temp_dir().join(format!("twinheap-seeded-list-{}", std::process::id()));
        let tests = top.join("crates/twinheap/tests");
        std::fs::create_dir_all(&tests).unwrap();
        std::fs::write(tests.join("stress.rs"), "").unwrap();
        std::fs::write(top.join(LIST), "a | stress | x | y\nb | stress | x | y\na2 | gone | x | y\n").unwrap();
        let code = [("l.rs".to_owned(), "if seeded(\"a\") {}\nif seeded(\"c\") || seeded(\"a2\") {}".to_owned())];
        let mut faults = Vec::new();
        check_list(&top, &code, &mut faults);
        std::fs::remove_dir_all(&top).unwrap();
        let mut text: Vec<String> = faults.iter().map(Fault::to_string).collect();
        text.sort();
        assert_eq!(
            text,
            [
                format!("{LIST}:2: no `seeded(\"b\")` in the library"),
                format!("{LIST}:3: no tests/gone.rs"),
                format!("l.rs:2: `seeded(\"c\")` is not in {LIST}"),
            ]
        );
    }

    #[test]
    fn what_test_programs_print() {
        let printed = "running 2 tests\ntest a ... ok\ntest b::c ... FAILED\n\ntest result: FAILED. 1 passed\n";
        assert_eq!(how(printed, "exit status: 101"), "fails b::c");
        assert_eq!(how("running 1 test\n", "signal: 11 (SIGSEGV)"), "signal: 11 (SIGSEGV)");
        assert_eq!(tests_passed("test result: ok. 3 passed; 0 failed\n"), 3);
        assert_eq!(tests_passed("test result: ok. 0 passed; 9 filtered out\n"), 0);
        let cargo = "  Executable unittests src/lib.rs (/t/twinheap-1)\n  Executable tests/stress.rs (/t/stress-2)\n";
        assert_eq!(executable(cargo, "stress"), Some(PathBuf::from("/t/stress-2")));
        assert_eq!(executable(cargo, "lib"), Some(PathBuf::from("/t/twinheap-1")));
        assert_eq!(executable(cargo, "loom"), None);
    }

    #[test]
    fn a_run_passes_fails_or_hangs() {
        let run = |script: &str| {
            let arguments = ["-c".to_owned(), script.to_owned()];
            let top = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
            test(top, Path::new("/bin/sh"), &arguments, Some("x"), Duration::from_millis(500)).unwrap().0
        };
        assert!(matches!(run("echo 'test result: ok. 2 passed; 0 failed'"), Outcome::Passed { tests: 2 }));
        assert!(matches!(run("test \"$TWINHEAP_BUG\" != x"), Outcome::Failed { .. }));
        assert!(matches!(run("kill -SEGV $$"), Outcome::Failed { how } if how.contains("signal")));
        assert!(matches!(run("exec sleep 30"), Outcome::Hung));
    }
}
