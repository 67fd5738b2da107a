//! `twinheap compare`: contenders as child processes, taking turns.
//!
//! A contender of ours is this very executable with `run … --report FILE`; a foreign one is an interpreter with the
//! script. Whoever is measured is a process of its own, so that peak memory, descriptors and start-up are its own; their
//! output goes to files, never through us. What the numbers mean is for `report.rs` to say. `compare/child.rs` runs one
//! child, `compare/output.rs` looks at what it printed. The overview stands in `main.rs`.

mod child;
mod output;

use std::{
    ffi::OsString,
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Instant,
};

use crate::{
    Failure,
    args::{self, CompareArgs, Knobs, Manager, Program},
    report::{
        self,
        measure::{Comparison, Contender, Difference, Machine, Run},
    },
};
use child::Interrupt;

/// How often every contender runs if nobody says.
const RUNS: u32 = 5;
/// A round longer than this is repeated less often …
const LONG_ROUND_S: f64 = 20.0;
const RUNS_WHEN_LONG: u32 = 3;
/// … and one longer than this not at all.
const VERY_LONG_ROUND_S: f64 = 120.0;
/// How often the empty program runs; the quickest counts.
const STARTUP_RUNS: u32 = 3;

/// Measures, prints, writes the files that were asked for. The exit status is 1 if a contender did not end well.
pub fn compare(args: &CompareArgs) -> Result<ExitCode, Failure> {
    let program = args.program.program().map_err(Failure::Usage)?;
    let mut contenders = contenders(args, &program).map_err(Failure::Usage)?;
    for file in [&args.json, &args.html].into_iter().flatten() {
        check_writable(file).map_err(Failure::Usage)?;
    }

    let stage = Stage::new(&program, args.program.words())?;
    let mut progress = Progress::new();
    for contender in &mut contenders {
        progress.show("start-up of", &contender.name);
        for _ in 0..STARTUP_RUNS {
            let run = stage.run(&contender.how, &stage.empty, "empty", false)?;
            contender.startup_s = contender.startup_s.min(run.wall_s);
        }
    }

    let mut rounds = args.runs.unwrap_or(RUNS);
    let mut round = 0;
    while round < rounds {
        let begin = Instant::now();
        // Every other round goes backwards: what drifts does so for all.
        let mut order: Vec<usize> = (0..contenders.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for i in order {
            progress.show(&format!("run {} of {rounds}:", round + 1), &contenders[i].name);
            let run = stage.run(&contenders[i].how, &stage.words, &i.to_string(), round == 0)?;
            contenders[i].runs.push(run);
        }
        round += 1;
        let took_s = begin.elapsed().as_secs_f64();
        if args.runs.is_none() && took_s > VERY_LONG_ROUND_S {
            rounds = round;
        } else if args.runs.is_none() && took_s > LONG_ROUND_S {
            rounds = RUNS_WHEN_LONG.max(round);
        }
    }
    progress.clear();

    let differences = differences(&stage, &contenders)?;
    let comparison = Comparison {
        program: program_name(args.program.words()),
        contenders: contenders.into_iter().map(Candidate::into_contender).collect(),
        differences,
        machine: machine(),
    };
    write_reports(args, &comparison)?;
    let well = comparison.contenders.iter().all(|contender| contender.exit_status() == 0);
    Ok(ExitCode::from(u8::from(!well)))
}

/// How to start a contender.
enum How {
    Ours { manager: Manager, knobs: Knobs },
    Foreign(PathBuf),
}

/// A contender that is still being measured.
struct Candidate {
    name: String,
    how: How,
    startup_s: f64,
    runs: Vec<Run>,
}

impl Candidate {
    fn into_contender(self) -> Contender {
        let (knobs, foreign) = match self.how {
            // Its count is not a manager's: it has no say in which manager suits.
            How::Ours { manager: Manager::Arc, .. } => (Default::default(), Some("std::sync::Arc".to_owned())),
            How::Ours { knobs, .. } => (knobs.by_name(), None),
            How::Foreign(path) => (Default::default(), Some(path.display().to_string())),
        };
        Contender { name: self.name, knobs, foreign, runs: self.runs, startup_s: self.startup_s }
    }
}

/// Who takes part. A name that is given twice gets a number: two equal contenders show the noise.
fn contenders(args: &CompareArgs, program: &Program) -> Result<Vec<Candidate>, String> {
    let own = if args.contenders.is_empty() {
        let managers: &[Manager] = match program {
            Program::Workload(chosen) => chosen.workload.contenders,
            Program::Script { .. } => &[Manager::Refcount, Manager::Tricolor],
        };
        managers.iter().map(|&manager| manager.into()).collect()
    } else {
        args.contenders.clone()
    };
    let mut found: Vec<Candidate> = Vec::new();
    let mut add = |name: String, how| {
        let mut unique = name.clone();
        let mut n = 1;
        while found.iter().any(|other| other.name == unique) {
            n += 1;
            unique = format!("{name} #{n}");
        }
        found.push(Candidate { name: unique, how, startup_s: f64::INFINITY, runs: Vec::new() });
    };
    for contender in own {
        if let Program::Workload(chosen) = program {
            chosen.check_manager(contender.manager)?;
        } else if contender.manager == Manager::Arc {
            return Err("arc is a row of the workload refs, it runs no scripts".to_owned());
        }
        add(contender.name, How::Ours { manager: contender.manager, knobs: contender.knobs });
    }
    for foreign in &args.with {
        if let Program::Workload(_) = program {
            return Err(format!(
                "{} runs scripts; a workload is built in and runs under our managers only",
                foreign.name
            ));
        }
        add(foreign.name.clone(), How::Foreign(foreign.path.clone()));
    }
    Ok(found)
}

/// Finds out now rather than after an hour of measuring.
fn check_writable(file: &Path) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("cannot write `{}`: {what}", file.display()));
    if file.is_dir() {
        return wrong("it is a directory");
    }
    let open = fs::OpenOptions::new().append(true).create(true).open(file);
    open.map(drop).or_else(|error| wrong(&args::plain(&error)))
}

fn program_name(words: &[OsString]) -> String {
    words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Where children run: a directory for their output that goes away with us, and what to tell them.
struct Stage {
    directory: tempfile::TempDir,
    executable: PathBuf,
    words: Vec<OsString>,
    empty: Vec<OsString>,
    interrupt: Interrupt,
}

impl Stage {
    fn new(program: &Program, words: &[OsString]) -> Result<Stage, Failure> {
        let directory = tempfile::Builder::new().prefix("twinheap-").tempdir()?;
        let empty = match program {
            Program::Workload(_) => "workload:empty".into(),
            Program::Script { .. } => {
                let file = directory.path().join("empty.py");
                fs::write(&file, "")?;
                file.into()
            }
        };
        Ok(Stage {
            directory,
            executable: std::env::current_exe()?,
            words: words.to_vec(),
            empty: vec![empty],
            interrupt: Interrupt::listen()?,
        })
    }

    fn file(&self, tag: &str, what: &str) -> PathBuf {
        self.directory.path().join(format!("{tag}.{what}"))
    }

    /// Runs one child. Its standard output is kept for later if `keep`.
    fn run(&self, how: &How, words: &[OsString], tag: &str, keep: bool) -> Result<Run, Failure> {
        let report = self.file(tag, "report");
        let stdout = self.file(tag, if keep { "stdout" } else { "stdout-again" });
        let stderr = self.file(tag, "stderr");
        let mut command = match how {
            How::Ours { manager, knobs } => {
                let mut command = Command::new(&self.executable);
                command.arg("run").arg("--manager").arg(manager.name()).args(knobs.as_options());
                command.arg("--report").arg(&report).arg("--");
                command
            }
            How::Foreign(path) => Command::new(path),
        };
        command.args(words);
        // A report of an earlier run must not pass for this one's.
        remove(&report)?;
        let sample = matches!(how, How::Foreign(_));
        let ended = child::run(&mut command, &stdout, &stderr, sample, &self.interrupt)?;
        if self.interrupt.requested() {
            return Err(Failure::Interrupted);
        }
        let reported = match fs::read(&report) {
            Ok(text) => Some(serde_json::from_slice(&text).map_err(|error| {
                Failure::Failed(format!("the report of {} is not understood: {error}", command.get_program().display()))
            })?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        let run = Run {
            wall_s: ended.wall_s,
            cpu_s: ended.cpu_s,
            peak_rss_bytes: ended.peak_rss_bytes,
            exit_status: ended.exit_status,
            stdout: output::digest(&stdout)?,
            stderr_tail: output::tail(&stderr)?,
            report: reported,
            descriptors_sampled: ended.descriptors_sampled,
        };
        if !keep {
            remove(&stdout)?;
        }
        Ok(run)
    }
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Every contender's first output against that of the first contender.
fn differences(stage: &Stage, contenders: &[Candidate]) -> io::Result<Vec<Difference>> {
    let mut differences = Vec::new();
    let first = &contenders[0];
    for (i, other) in contenders.iter().enumerate().skip(1) {
        if other.runs[0].stdout == first.runs[0].stdout {
            continue;
        }
        if let Some((line, expected, found)) =
            output::first_difference(&stage.file("0", "stdout"), &stage.file(&i.to_string(), "stdout"))?
        {
            let expected = (first.name.clone(), expected);
            differences.push(Difference { line, expected, found: (other.name.clone(), found) });
        }
    }
    Ok(differences)
}

fn write_reports(args: &CompareArgs, comparison: &Comparison) -> Result<(), Failure> {
    let write = |file: &Path, text: String| {
        fs::write(file, text).map_err(|error| Failure::Failed(format!("cannot write `{}`: {error}", file.display())))
    };
    if let Some(file) = &args.json {
        write(file, format!("{:#}\n", report::json::render(comparison)))?;
    }
    if let Some(file) = &args.html {
        write(file, report::html::render(comparison))?;
    }
    let mut out = io::stdout().lock();
    out.write_all(report::text::render(comparison).as_bytes())?;
    Ok(out.flush()?)
}

/// What this was measured on, as far as the system says.
fn machine() -> Machine {
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let memory = field(&read("/proc/meminfo"), "MemTotal").unwrap_or_default();
    let memory_kib = memory.split(' ').next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
    Machine {
        system: format!("{} {}", std::env::consts::OS, read("/proc/sys/kernel/osrelease").trim()).trim().to_owned(),
        processor: field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        processors: std::thread::available_parallelism().map_or(1, |n| n.get()),
        memory_bytes: memory_kib << 10,
    }
}

/// One line on a terminal that says what is running.
struct Progress {
    shown: bool,
}

impl Progress {
    fn new() -> Progress {
        Progress { shown: io::stderr().is_terminal() }
    }

    fn show(&mut self, what: &str, name: &str) {
        if self.shown {
            // Nobody needs to know if this fails.
            let _ = write!(io::stderr(), "\r\x1b[K{what} {name}");
        }
    }

    fn clear(&mut self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
