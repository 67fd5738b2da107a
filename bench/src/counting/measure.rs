//! Runs the rows: contenders take turns within each row of each run.  A failure is a result, not the end.
//! Not what is measured (`counting`), not how it is told (`table`).  Overview: README.md.

use super::{CONTENDERS, LIMIT_S, NAME, ROWS, Row, next_stack_kib, table};
use crate::{
    Options,
    environment::Environment,
    python::{self, Python},
    report,
    run::{self, Built, Sample},
    suite::{Contender, Program},
};
use std::{
    process::Command,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};
use twinheap::process;

/// Somebody pressed Ctrl-C: what there is so far is told, and a second time ends all.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// What a contender made of a row.
#[derive(Default)]
pub struct Cell {
    /// A run each.
    pub samples: Vec<Sample>,
    /// Its stack was too small; `samples`, if there are any, are from a larger one.
    pub overflowed: bool,
    /// Why there is no figure.
    pub failure: Option<String>,
}

/// What is run and what came out of it.
pub struct Grid {
    /// Lines of the table.
    pub rows: Vec<&'static Row>,
    /// Columns.
    pub contenders: Vec<&'static Contender>,
    /// `cells[row][contender]`; `None` where it cannot take part.
    pub cells: Vec<Vec<Option<Cell>>>,
    /// What sizes were divided by.
    pub divide: u64,
    /// Outputs that differ: nothing is comparable then.
    pub problems: Vec<String>,
}

/// Runs what the options ask for, prints the table, keeps it; whether everyone printed the same.
pub fn measure(options: &Options) -> Result<bool, String> {
    let mut grid = plan(options)?;
    let has_python = grid.contenders.iter().any(|c| matches!(c.program, Program::Python(_)));
    let python = if has_python { Some(python::find(options.python.as_deref())?) } else { None };
    let built = run::build(&grid.contenders)?;
    let before = Environment::read(&grid.contenders, python.as_ref());
    process::on_interrupt(&INTERRUPTED).map_err(|e| format!("interrupts: {e}"))?;
    let mut outputs: Vec<Option<(&str, String)>> = grid.rows.iter().map(|_| None).collect();
    let runs = options.runs.unwrap_or(5);
    for run in 0..runs {
        for (r, output) in outputs.iter_mut().enumerate() {
            for turn in 0..grid.contenders.len() {
                if INTERRUPTED.load(Relaxed) {
                    continue;
                }
                let c = (turn + run) % grid.contenders.len();
                run::progress(&format!(
                    "run {} of {}: {} {}",
                    run + 1,
                    runs,
                    grid.rows[r].name,
                    grid.contenders[c].name
                ));
                grid.turn(r, c, output, &|row, contender, stack| {
                    command(&built, python.as_ref(), row, contender, stack)
                });
            }
        }
    }
    run::progress("");
    let runs = if INTERRUPTED.load(Relaxed) { None } else { Some(runs) };
    let text = table::text(&grid, runs, &before);
    print!("{text}");
    if let Some(what) = &options.record {
        println!("kept in {}", report::record(what, &text, &table::raw(&grid))?.display());
    }
    Ok(grid.problems.is_empty())
}

const SIGSEGV: i32 = 11;
const SIGXCPU: i32 = 24;

fn plan(options: &Options) -> Result<Grid, String> {
    if !options.set.is_empty() || !options.with.is_empty() || options.void_above.is_some() {
        return Err(format!("{NAME} has neither --set nor --with"));
    }
    for name in &options.only {
        if CONTENDERS.iter().all(|c| c.name != name) {
            return Err(format!("no contender `{name}` in {NAME}; `list` names them"));
        }
    }
    for name in &options.rows {
        if !ROWS.iter().any(|row| row.name.starts_with(name.as_str())) {
            return Err(format!("no row `{name}`; `list` names them"));
        }
    }
    let named = |row: &&Row| {
        let exact = options.rows.iter().any(|name| row.name == name);
        // A name that is a row's own means that row; any other means all rows that begin with it.
        let begins = |name: &String| ROWS.iter().all(|row| row.name != name) && row.name.starts_with(name.as_str());
        options.rows.is_empty() || exact || options.rows.iter().any(begins)
    };
    let rows: Vec<&Row> = ROWS.iter().filter(named).collect();
    let takes_part = |c: &&Contender| options.only.is_empty() || options.only.iter().any(|name| name == c.name);
    let contenders: Vec<&Contender> = CONTENDERS.iter().filter(takes_part).collect();
    let cell = |row: &Row, c: &Contender| row.cannot.iter().all(|(name, _)| *name != c.name).then(Cell::default);
    let cells = rows.iter().map(|row| contenders.iter().map(|c| cell(row, c)).collect()).collect();
    for (row, (key, size)) in rows.iter().flat_map(|row| row.sizes.iter().map(move |size| (row, size))) {
        if size / options.divide < 1000 {
            return Err(format!("--divide {}: {} would have {key} below 1000", options.divide, row.name));
        }
    }
    Ok(Grid { rows, contenders, cells, divide: options.divide, problems: vec![] })
}

/// A row's process.  `ulimit` of the shell it begins as sets its stack, and what processor time it may use.
fn command(
    built: &Built,
    python: Option<&Python>,
    row: &RowSized<'_>,
    contender: &Contender,
    stack_kib: u64,
) -> Command {
    let mut command = Command::new("sh");
    let limits = format!("ulimit -c 0 && ulimit -S -t {LIMIT_S} && ulimit -s {stack_kib} && exec \"$@\"");
    command.args(["-c", &limits, "sh"]);
    if let (Program::Python(_), Some(python)) = (contender.program, python) {
        command.arg(&python.path).arg("-I");
    }
    command.arg(built.path(contender.program)).args([row.row.workload, contender.name]);
    command.args(row.row.words.iter().map(|(key, value)| format!("{key}={value}")));
    command.args(row.row.sizes.iter().map(|(key, size)| format!("{key}={}", size / row.divide)));
    command
}

/// A row and what its sizes are divided by.
struct RowSized<'a> {
    row: &'a Row,
    divide: u64,
}

impl Grid {
    fn turn(
        &mut self,
        r: usize,
        c: usize,
        expected: &mut Option<(&'static str, String)>,
        command: &dyn Fn(&RowSized<'_>, &Contender, u64) -> Command,
    ) {
        let (row, contender) = (self.rows[r], self.contenders[c]);
        let Some(cell) = &mut self.cells[r][c] else { return };
        if cell.failure.is_some() {
            return;
        }
        let sized = RowSized { row, divide: self.divide };
        let larger = next_stack_kib(row.stack_kib);
        let stack = if cell.overflowed { larger } else { row.stack_kib };
        let mut outcome = run::process(command(&sized, contender, stack));
        // Rust says that a stack overflowed; C does not, but if a larger one is enough, that was it.
        if let Err(failure) = &outcome
            && !cell.overflowed
            && (failure.overflow || failure.signal == Some(SIGSEGV))
        {
            let again = run::process(command(&sized, contender, larger));
            cell.overflowed = failure.overflow || again.is_ok();
            if cell.overflowed {
                outcome = again
            }
        }
        match outcome {
            // Ctrl-C is for everyone at the terminal.
            Err(_) if INTERRUPTED.load(Relaxed) => {}
            Ok((sample, output)) => {
                let (first, expected) = expected.get_or_insert_with(|| (contender.name, output.clone()));
                match run::differs(expected, &output) {
                    None => cell.samples.push(sample),
                    Some(line) => {
                        cell.failure = Some("other output".into());
                        self.problems.push(format!("{} {}: unlike {first}: {line}", row.name, contender.name))
                    }
                }
            }
            Err(failure) => {
                cell.failure = Some(match failure.signal {
                    _ if failure.overflow => "overflow".into(),
                    Some(SIGXCPU) => format!(">{LIMIT_S} s"),
                    Some(signal) => format!("signal {signal}"),
                    None => {
                        self.problems.push(format!("{} {}: {}", row.name, contender.name, failure.text));
                        "failed".into()
                    }
                })
            }
        }
    }
}
