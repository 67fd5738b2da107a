//! `cargo xtask tidy`: the rules of ARCHITECTURE.md that a reader of text can check, each with its file and line.
//!
//! 1. `source`     a file is cut into code, comments and strings, so that no rule trips over a quotation.
//! 2. `layers`     imports of the library point down; managers do not know each other; one file talks to the kernel.
//! 3. `shape`      first comments, widths, lengths, file names, files nobody declares.
//! 4. `unsafety`   where `unsafe` may stand, and what must stand beside it.
//! 5. `words`      what is never written.
//! 6. `documents`  what must exist, and what documents mention must exist too.
//!
//! Every table with its exceptions stands at the top of its file; an exception names its reason, and one that is no
//! longer needed is an error. This is no formatter and no compiler: `cargo fmt` and `clippy` are run beside it.

mod documents;
mod layers;
mod shape;
mod source;
mod unsafety;
mod words;

use source::Source;
use std::fmt;
use std::path::Path;
use std::process::ExitCode;

/// One broken rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    pub path: String,
    pub line: usize,
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.path, self.line, self.message)
    }
}

pub fn fault(path: &str, line: usize, message: impl Into<String>) -> Fault {
    Fault { path: path.to_owned(), line, message: message.into() }
}

/// What is granted against a rule. `used` is filled while checking: what nothing uses any more is a fault itself.
struct Exceptions<'a> {
    rule: &'static str,
    table: &'a [(&'a str, &'a str, &'a str)],
    used: Vec<bool>,
}

impl<'a> Exceptions<'a> {
    /// `table`: file (or the beginning of its path, ending in `/`), what is granted, and why.
    fn new(rule: &'static str, table: &'a [(&'a str, &'a str, &'a str)]) -> Self {
        Exceptions { rule, table, used: vec![false; table.len()] }
    }

    fn grant(&mut self, path: &str, what: &str) -> bool {
        let mut granted = false;
        for (place, (file, allowed, _)) in self.used.iter_mut().zip(self.table) {
            let here = if file.ends_with('/') { path.starts_with(file) } else { path == *file };
            if here && *allowed == what {
                *place = true;
                granted = true;
            }
        }
        granted
    }

    fn unused(self, faults: &mut Vec<Fault>) {
        for (used, (file, what, _)) in self.used.iter().zip(self.table) {
            if !used {
                let message = format!("the exception `{what}` to the rule of {} is not needed: remove it", self.rule);
                faults.push(fault(file, 1, message));
            }
        }
    }
}

pub fn run(top: &Path) -> ExitCode {
    let sources = match source::read_tree(top) {
        Ok(sources) => sources,
        Err(problem) => {
            eprintln!("tidy: {problem}");
            return ExitCode::FAILURE;
        }
    };
    let faults = check(top, &sources);
    for fault in &faults {
        eprintln!("{fault}");
    }
    let (library_lines, test_lines) = shape::library_size(&sources);
    println!(
        "tidy: {} files; library {library_lines} lines without tests and {test_lines} lines of tests inside it \
         (aim: at most {} without tests)",
        sources.len(),
        shape::LIBRARY_LINES_AIM,
    );
    if faults.is_empty() {
        println!("tidy: no faults");
        ExitCode::SUCCESS
    } else {
        eprintln!("tidy: {} faults", faults.len());
        ExitCode::FAILURE
    }
}

fn check(top: &Path, sources: &[Source]) -> Vec<Fault> {
    let mut faults = Vec::new();
    layers::check(sources, &mut faults);
    shape::check(sources, &mut faults);
    unsafety::check(sources, &mut faults);
    words::check(sources, &mut faults);
    documents::check(top, &mut faults);
    let library = sources.iter().filter(|s| s.in_library());
    let code: Vec<(String, String)> = library.map(|s| (s.path.clone(), s.raw_code())).collect();
    crate::seeded::check_list(top, &code, &mut faults);
    faults.sort();
    faults
}
