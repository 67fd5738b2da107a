//! `cargo run --release -- binary-trees`: twinheap beside its peers, interleaved, in one table.
//!
//! Not the contenders: each is an executable of its own (`bin/`, `peers/`), so that its allocator and its peak memory
//! are its own.  `suite` says what is measured, `run` does it, `report` writes it down, `environment` says where.
//! Overview and how to read a table: README.md.
#![forbid(unsafe_code)]

mod counting;
mod environment;
mod python;
mod report;
mod run;
mod suite;

use std::process::ExitCode;
use suite::{SUITES, Suite};

const USAGE: &str = "\
usage: cargo run --release -- SUITE [OPTION…]
       cargo run --release -- counting [OPTION…]     the counting manager beside its peers, one table
       cargo run --release -- list

  --runs N           runs of each contender, interleaved (default 5, of the longer suites 2 or 3)
  --void-above N     where there is a control: runs are void in which its p99.9 is above N microseconds (default 300)
  --set KEY=VALUE    a parameter of the suite (`list` names them), as in --set depth=16; not for counting
  --only A,B         these contenders and no other
  --with A,B         these as well, which are left out by default (`list` marks them); not for counting
  --rows A,B         counting: these rows (`list` names them), or all that begin so
  --divide N         counting: sizes divided by N, to try something out
  --python PATH      counting: CPython 3.13.0 (default: $TWINHEAP_CPYTHON, or pyenv's)
  --record WHAT      keep table and raw data in bench/runs/<date>-WHAT/";

/// What the command line asks for.
pub struct Options {
    runs: Option<usize>,
    void_above: Option<f64>,
    set: Vec<(String, String)>,
    only: Vec<String>,
    with: Vec<String>,
    rows: Vec<String>,
    divide: u64,
    python: Option<String>,
    record: Option<String>,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.first().map(String::as_str) {
        Some("--help" | "-h") => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        Some("list") => {
            suite::list();
            ExitCode::SUCCESS
        }
        _ => match begin(&words) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(problem) => {
                eprintln!("twinheap-bench: {problem}");
                ExitCode::from(2)
            }
        },
    }
}

fn begin(words: &[String]) -> Result<bool, String> {
    let name = words.first().ok_or(USAGE)?;
    let options = options(&words[1..])?;
    if cfg!(debug_assertions) {
        return Err("a debug build measures nothing; say `cargo run --release -- …`".into());
    }
    if name == counting::NAME {
        return counting::measure(&options);
    }
    let suite = SUITES.iter().find(|s| s.name == name).ok_or_else(|| format!("no suite `{name}`\n\n{USAGE}"))?;
    fits(suite, &options)?;
    measure(suite, &options)
}

/// Whether every run ended well and every output was the same.
fn measure(suite: &'static Suite, options: &Options) -> Result<bool, String> {
    let plan = run::plan(suite, options)?;
    let built = run::build(&plan.contenders)?;
    let before = environment::Environment::read(&plan.contenders, None);
    let results = run::interleaved(&plan, &built, options.runs.unwrap_or(suite.runs))?;
    let text = report::text(suite, &plan, &results, &before);
    print!("{text}");
    if let Some(what) = &options.record {
        let raw = report::raw(suite, &plan, &results);
        println!("kept in {}", report::record(what, &text, &raw)?.display());
    }
    Ok(results.sound())
}

fn options(words: &[String]) -> Result<Options, String> {
    let mut words = words.iter();
    let mut options = Options {
        runs: None,
        void_above: None,
        set: vec![],
        only: vec![],
        with: vec![],
        rows: vec![],
        divide: 1,
        python: None,
        record: None,
    };
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("`{word}` needs a value\n\n{USAGE}"))?;
        let names = || value.split(',').map(str::to_owned).collect();
        match word.as_str() {
            "--runs" => options.runs = Some(positive(word, value)? as usize),
            "--void-above" => options.void_above = Some(positive(word, value)? as f64),
            "--divide" => options.divide = positive(word, value)?,
            "--rows" => options.rows = names(),
            "--python" => options.python = Some(value.clone()),
            "--set" => {
                let (key, value) = value.split_once('=').ok_or(format!("--set {value}: not KEY=VALUE"))?;
                options.set.push((key.into(), value.into()))
            }
            "--only" => options.only = names(),
            "--with" => options.with = names(),
            "--record" if value.contains(['/', ' ']) => return Err(format!("--record {value}: one word, no slash")),
            "--record" => options.record = Some(value.clone()),
            _ => return Err(format!("no option `{word}`\n\n{USAGE}")),
        }
    }
    Ok(options)
}

fn positive(word: &str, value: &str) -> Result<u64, String> {
    value.parse().ok().filter(|&n| n > 0).ok_or(format!("{word} {value}: not a number above 0"))
}

/// Whether the options are ones of this suite.
fn fits(suite: &Suite, options: &Options) -> Result<(), String> {
    if !options.rows.is_empty() || options.divide != 1 || options.python.is_some() {
        return Err(format!("--rows, --divide and --python belong to {}", counting::NAME));
    }
    if options.void_above.is_some() && suite.control.is_none() {
        return Err(format!("--void-above belongs to suites with a control; {} has none", suite.name));
    }
    let known = |name: &String| suite.contenders.iter().any(|c| c.name == name);
    if let Some(name) = options.only.iter().chain(&options.with).find(|name| !known(name)) {
        return Err(format!("no contender `{name}` in {}; `list` names them", suite.name));
    }
    if let Some((key, _)) = options.set.iter().find(|(key, _)| suite.parameters.iter().all(|p| p.0 != key)) {
        return Err(format!("{} has no parameter `{key}`; `list` names them", suite.name));
    }
    Ok(())
}
