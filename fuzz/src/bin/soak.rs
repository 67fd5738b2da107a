//! Soaks: threads against the tricolor manager for ten minutes a scenario, in rounds of a few seconds, each with a new
//! seed, a new heap and a process of its own, so that a crash or a hang is a result.  Every marking is checked in a
//! stop (`Config::check_marks`), and the heap's laws after each round (`Mutator::verify`).
//!
//! Threads race: a seed repeats what each thread tries, not how they meet.  Only the library's public API.
//! Not random operations beside a model (`twinheap-fuzz`).  How to use it: README.md.
#![forbid(unsafe_code)]

#[path = "soak/common.rs"]
mod common;
#[path = "soak/finalizers.rs"]
mod finalizers;
#[path = "soak/graph.rs"]
mod graph;
#[path = "soak/limits.rs"]
mod limits;
#[path = "soak/potato.rs"]
mod potato;
#[path = "../random.rs"]
mod random;
#[path = "soak/results.rs"]
mod results;
#[path = "soak/weak.rs"]
mod weak;

use common::Round;
use results::{Done, Line, OK};
use std::{
    io::{IsTerminal, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    sync::atomic::Ordering::Relaxed,
    time::{Duration, Instant},
};

const USAGE: &str = "\
usage: soak [--seconds N] [--only SCENARIO]... [--seed N] [--threads N] [--round-seconds N] [--results FILE] [--status]
       soak --round SCENARIO --seed N [--threads N] [--round-seconds N]

  --seconds N        what each scenario is to reach at this commit, earlier runs included (600)
  --only SCENARIO    this one; may be repeated
  --seed N           the seed of a scenario's first round; the next ones count up (1)
  --threads N        mutators at work, besides the one that collects (3)
  --round-seconds N  the length of a round (5)
  --results FILE     where rounds are appended (bench/runs/soaks/results.csv)
  --status           what is done and what is left at this commit
  --round SCENARIO   one round in this process; nothing is recorded

scenarios: graph-readers-writers hot-potato thread-churn weak-upgrades finalizer-storm memory-limit

examples:
  soak                                      everything that is left of ten minutes each
  soak --only hot-potato --seconds 60       a minute of one
  soak --status                             how far it is
  soak --round weak-upgrades --seed 17      a round that failed, again (a race may take several tries)
Ctrl-C loses the round it is in; started again, it goes on.";

type Scenario = (&'static str, fn(&Round));
const SCENARIOS: [Scenario; 6] = [
    ("graph-readers-writers", graph::readers_writers),
    ("hot-potato", potato::hot_potato),
    ("thread-churn", potato::thread_churn),
    ("weak-upgrades", weak::upgrades),
    ("finalizer-storm", finalizers::storm),
    ("memory-limit", limits::memory_limit),
];

struct Options {
    seconds: u64,
    only: Vec<String>,
    seed: u64,
    threads: usize,
    round_seconds: u64,
    results: PathBuf,
    status: bool,
    round: Option<String>,
}
fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("fuzz/ lies in the repository")
}
fn options() -> Result<Option<Options>, String> {
    let mut options = Options {
        seconds: 600,
        only: Vec::new(),
        seed: 1,
        threads: 3,
        round_seconds: 5,
        results: top().join("bench/runs/soaks/results.csv"),
        status: false,
        round: None,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} wants a value"));
        let number = |text: String| text.parse::<u64>().map_err(|_| format!("{argument}: `{text}` is no number"));
        let scenario = |name: String| match SCENARIOS.iter().any(|s| s.0 == name) {
            true => Ok(name),
            false => Err(format!("no scenario `{name}`; there are {}", SCENARIOS.map(|s| s.0).join(" "))),
        };
        match argument.as_str() {
            "--seconds" => options.seconds = number(value()?)?,
            "--only" => options.only.push(scenario(value()?)?),
            "--seed" => options.seed = number(value()?)?,
            "--threads" => options.threads = number(value()?)? as usize,
            "--round-seconds" => options.round_seconds = number(value()?)?,
            "--results" => options.results = value()?.into(),
            "--status" => options.status = true,
            "--round" => options.round = Some(scenario(value()?)?),
            "--help" | "-h" => return Ok(None),
            _ => return Err(format!("unknown: {argument} (--help)")),
        }
    }
    if options.threads == 0 || options.threads > 64 || options.round_seconds == 0 {
        return Err("--threads is 1 to 64, --round-seconds at least 1".into());
    }
    Ok(Some(options))
}

fn main() -> ExitCode {
    let outcome = match options() {
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Ok(Some(options)) => match &options.round {
            Some(name) => return one_round(name, &options),
            None if options.status => status(&options),
            None => soak(&options),
        },
        Err(problem) => {
            eprintln!("soak: {problem}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("soak: {problem}");
            ExitCode::from(2)
        }
    }
}

/// A panic ends the process; so does the library when it finds a law broken on a thread of its own.
fn one_round(name: &str, options: &Options) -> ExitCode {
    let Some(scenario) = SCENARIOS.iter().find(|s| s.0 == name) else { return ExitCode::from(2) };
    let round = Round::new(options.seed, options.threads, Duration::from_secs(options.round_seconds));
    scenario.1(&round);
    println!("{} operations, {} collections", round.operations.load(Relaxed), round.collections.load(Relaxed));
    ExitCode::SUCCESS
}

/// Whether all is done, without a failure.
fn status(options: &Options) -> Result<bool, String> {
    let commit = results::commit(top());
    println!("library at {commit}; {}", options.results.display());
    let mut all = true;
    for (name, _) in chosen(options) {
        let Done { rounds, failed, seconds } = results::done(&options.results, name, &commit);
        let left = (options.seconds as f64 - seconds).max(0.0);
        all &= left == 0.0 && failed == 0;
        println!("{name:22}  {seconds:6.0} s done  {left:6.0} s left  {rounds:4} rounds  {failed} failed");
    }
    Ok(all)
}
fn chosen(options: &Options) -> impl Iterator<Item = &'static Scenario> {
    SCENARIOS.iter().filter(|s| options.only.is_empty() || options.only.iter().any(|only| only == s.0))
}

/// Runs what is left, the scenario that is furthest behind first; whether no round failed.
fn soak(options: &Options) -> Result<bool, String> {
    let (commit, machine) = (results::commit(top()), results::machine());
    // A library with faults in it on purpose says nothing about the one without.
    let records = !cfg!(twinheap_bugs);
    let mut unrecorded = std::collections::BTreeMap::<&str, Done>::new();
    let mut passes = true;
    loop {
        let so_far = |name: &'static str, unrecorded: &std::collections::BTreeMap<&str, Done>| match records {
            true => results::done(&options.results, name, &commit),
            false => unrecorded.get(name).copied().unwrap_or_default(),
        };
        let behind = chosen(options).map(|s| (s.0, so_far(s.0, &unrecorded)));
        let behind = behind.filter(|(_, done)| done.seconds < options.seconds as f64);
        let Some((name, mut done)) = behind.min_by(|a, b| a.1.seconds.total_cmp(&b.1.seconds)) else {
            return Ok(passes);
        };
        let seed = options.seed + done.rounds;
        if std::io::stderr().is_terminal() {
            eprint!("\r\x1b[K{name}, seed {seed}: {:.0} of {} s", done.seconds, options.seconds);
            std::io::stderr().flush().ok();
        }
        let began = Instant::now();
        let (operations, collections, outcome) = round(name, seed, options)?;
        let seconds = began.elapsed().as_secs_f64();
        done.rounds += 1;
        if outcome == OK {
            done.seconds += seconds
        } else {
            done.failed += 1
        }
        if std::io::stderr().is_terminal() {
            eprint!("\r\x1b[K")
        }
        println!(
            "{name:22}  seed {seed}  {seconds:5.1} s  {operations} operations  {collections} collections  \
             {:.0} of {} s  {outcome}",
            done.seconds, options.seconds
        );
        let (scenario, threads, round) = (name.to_owned(), options.threads, done.rounds);
        let ok = outcome == OK;
        let line = Line { scenario, seed, round, threads, seconds, operations, collections, outcome };
        if records {
            results::append(&options.results, &line, &machine, &commit)?
        } else {
            unrecorded.insert(name, done);
        }
        if !ok {
            println!(
                "again: soak --round {name} --seed {seed} --threads {threads} --round-seconds {}",
                options.round_seconds
            );
            passes = false;
            // Whoever has failed is not soaked further; the others are, when they are asked for.
            return Ok(passes);
        }
    }
}

/// One round in a process of its own: operations, collections, outcome.
fn round(name: &str, seed: u64, options: &Options) -> Result<(u64, u64, String), String> {
    let program = std::env::current_exe().map_err(|e| format!("this program: {e}"))?;
    let mut child = Command::new(program)
        .args(["--round", name, "--seed", &seed.to_string(), "--threads", &options.threads.to_string()])
        .args(["--round-seconds", &options.round_seconds.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("a round: {e}"))?;
    let (out, err) = (reader(child.stdout.take()), reader(child.stderr.take()));
    // A round waits for its collections and its destructors at the end.
    let ended = wait(&mut child, Duration::from_secs(options.round_seconds * 10 + 60))?;
    let text = |reader: std::thread::JoinHandle<String>| reader.join().unwrap_or_default();
    let (out, err) = (text(out), text(err));
    let words: Vec<&str> = out.split_whitespace().collect();
    let counts = match words[..] {
        [operations, "operations,", collections, "collections"] => {
            operations.parse().ok().zip(collections.parse().ok())
        }
        _ => None,
    };
    let (operations, collections) = counts.unwrap_or((0, 0));
    let outcome = match ended {
        None => "failed: hangs".to_owned(),
        Some(status) if status.success() && counts.is_some() => OK.to_owned(),
        Some(status) => {
            eprint!("{err}");
            // The message stands in the line after the place.
            let mut lines = err.lines().skip_while(|line| !line.contains("panicked at"));
            let story = lines.nth(1).or(err.lines().next()).unwrap_or("says nothing");
            format!("failed: {status}: {story}")
        }
    };
    Ok((operations, collections, outcome))
}
fn reader(from: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        if let Some(mut from) = from {
            from.read_to_string(&mut text).ok();
        }
        text
    })
}
/// `None`: it did not end in time, and was killed.
fn wait(child: &mut Child, limit: Duration) -> Result<Option<std::process::ExitStatus>, String> {
    let began = Instant::now();
    loop {
        match child.try_wait().map_err(|e| format!("a round: {e}"))? {
            Some(status) => return Ok(Some(status)),
            None if began.elapsed() > limit => {
                child.kill().ok();
                child.wait().ok();
                return Ok(None);
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}
