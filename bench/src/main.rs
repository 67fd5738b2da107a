//! `cargo run --release -- binary-trees`: twinheap beside its peers, interleaved, in one table.
//!
//! Not the contenders: each is an executable of its own (`bin/`, `peers/`), so that its allocator and its peak memory
//! are its own.  `suite` says what is measured, `run` does it, `report` writes it down, `environment` says where.
//! Overview and how to read a table: README.md.
#![forbid(unsafe_code)]

mod environment;
mod report;
mod run;
mod suite;

use std::process::ExitCode;
use suite::{SUITES, Suite};

const USAGE: &str = "\
usage: cargo run --release -- SUITE [OPTION…]
       cargo run --release -- list

  --runs N           runs of each contender, interleaved (default 5)
  --set KEY=VALUE    a parameter of the suite (`list` names them), as in --set depth=16
  --only A,B         these contenders and no other
  --with A,B         these as well, which are left out by default (`list` marks them)
  --record WHAT      keep table and raw data in bench/runs/<date>-WHAT/";

/// What the command line asks for.
pub struct Options {
    suite: &'static Suite,
    runs: usize,
    set: Vec<(String, String)>,
    only: Vec<String>,
    with: Vec<String>,
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
        _ => match options(&words).and_then(|options| measure(&options)) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(problem) => {
                eprintln!("twinheap-bench: {problem}");
                ExitCode::from(2)
            }
        },
    }
}

/// Whether every run ended well and every output was the same.
fn measure(options: &Options) -> Result<bool, String> {
    if cfg!(debug_assertions) {
        return Err("a debug build measures nothing; say `cargo run --release -- …`".into());
    }
    let plan = run::plan(options)?;
    let built = run::build(&plan)?;
    let before = environment::Environment::read(&plan)?;
    let results = run::interleaved(&plan, &built, options.runs)?;
    let text = report::text(options.suite, &plan, &results, &before);
    print!("{text}");
    if let Some(what) = &options.record {
        println!("kept in {}", report::record(what, options.suite, &plan, &text, &results)?.display());
    }
    Ok(results.sound())
}

fn options(words: &[String]) -> Result<Options, String> {
    let mut words = words.iter();
    let name = words.next().ok_or(USAGE)?;
    let suite = SUITES.iter().find(|s| s.name == name).ok_or_else(|| format!("no suite `{name}`\n\n{USAGE}"))?;
    let mut options = Options { suite, runs: 5, set: vec![], only: vec![], with: vec![], record: None };
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("`{word}` needs a value\n\n{USAGE}"))?;
        let names = || value.split(',').map(str::to_owned).collect();
        match word.as_str() {
            "--runs" => {
                options.runs = value.parse().ok().filter(|&n| n > 0).ok_or(format!("--runs {value}: not a number"))?
            }
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
    let known = |name: &String| suite.contenders.iter().any(|c| c.name == name);
    if let Some(name) = options.only.iter().chain(&options.with).find(|name| !known(name)) {
        return Err(format!("no contender `{name}` in {}; `list` names them", suite.name));
    }
    if let Some((key, _)) = options.set.iter().find(|(key, _)| suite.parameters.iter().all(|p| p.0 != key)) {
        return Err(format!("{} has no parameter `{key}`; `list` names them", suite.name));
    }
    Ok(options)
}
