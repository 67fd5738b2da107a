//! The one table of `counting`, what stands below it, and its raw data.  Not the measuring (`measure`).
//! Overview: README.md.

use super::{
    LIMIT_S, NAME,
    measure::{Cell, Grid},
    next_stack_kib,
};
use crate::{
    environment::Environment,
    report::{self, Rows},
};
use std::fmt::Write;

/// Everything a reader needs, as text; without a number of runs, they were interrupted.
pub fn text(grid: &Grid, runs: Option<usize>, before: &Environment) -> String {
    let mut out = format!("# {NAME}: the counting manager beside its peers\n\n");
    let mut stacks: Vec<u64> = grid.rows.iter().map(|row| row.stack_kib).collect();
    stacks.sort_unstable();
    stacks.dedup();
    let stacks: Vec<_> =
        stacks.iter().map(|&kib| format!("{} MiB after {kib} KiB", next_stack_kib(kib) >> 10)).collect();
    let _ = writeln!(
        out,
        "Medians of {}, contenders taking turns in each row; in brackets the ratio to the contender that the last \
         column names. Times are processor time of all threads of the process while the work lasts (stops: wall time; \
         everything's wall time is in raw.csv). MB are 10^6 bytes of resident memory, by the kernel: of the whole process at \
         the most, unless a line says otherwise. `-`: cannot, or has no such figure. `overflow`: the stack was too small, \
         8 MiB unless the row says otherwise; figures with a `*` are then from a larger one: {}. `>{LIMIT_S} s`: stopped \
         after that much processor time.",
        runs.map_or("as many runs as there were before an interrupt".into(), |runs| format!("{runs} runs")),
        stacks.join(", ")
    );
    if grid.divide > 1 {
        let _ = writeln!(out, "\n**Sizes are divided by {}: a trial, no measurement.**", grid.divide);
    }
    let _ = writeln!(out, "\n{}", report::table(&rows(grid)));
    for problem in &grid.problems {
        let _ = writeln!(out, "FAILED {problem}");
    }
    if grid.problems.is_empty() {
        out += "Everyone who came to an end printed the same.\n";
    }
    out += "\nThe rows:\n";
    for row in &grid.rows {
        let cannot: Vec<_> = row.cannot.iter().map(|(name, why)| format!("; `-` {name}: {why}")).collect();
        let _ = writeln!(out, "* {}: {}{}", row.name, row.about, cannot.concat());
    }
    out += "\nWhat is fair and what is not:\n";
    for contender in &grid.contenders {
        let _ = writeln!(out, "* {}: {}", contender.name, contender.fairness);
    }
    let _ = write!(out, "\n{before}");
    let _ = writeln!(out, "* load average: {} before, {} after", before.load, Environment::load());
    out
}

fn rows(grid: &Grid) -> Rows {
    let mut head = vec!["row".to_owned(), "figure".to_owned()];
    head.extend(grid.contenders.iter().map(|c| c.name.to_owned()));
    head.push("ratio to".into());
    let mut rows = vec![head];
    for (row, cells) in grid.rows.iter().zip(&grid.cells) {
        let reference = grid.contenders.iter().position(|c| c.name == row.reference);
        for (i, &(figure, heading, digits)) in row.lines.iter().enumerate() {
            let of = reference.and_then(|at| cells[at].as_ref()).and_then(|cell| median(cell, figure));
            let mut line = vec![if i == 0 { row.name.to_owned() } else { String::new() }, heading.to_owned()];
            line.extend(cells.iter().map(|cell| entry(cell.as_ref(), figure, digits, of, i == 0)));
            line.push(if of.is_some() { row.reference.to_owned() } else { "-".into() });
            rows.push(line);
        }
    }
    rows
}

fn median(cell: &Cell, figure: &str) -> Option<f64> {
    report::median(&cell.samples, figure)
}

fn entry(cell: Option<&Cell>, figure: &str, digits: usize, reference: Option<f64>, first: bool) -> String {
    let Some(cell) = cell else { return "-".into() };
    if let Some(failure) = &cell.failure {
        return if first { failure.clone() } else { "-".into() };
    }
    let Some(value) = median(cell, figure) else { return "-".into() };
    let star = if cell.overflowed { "*" } else { "" };
    let word = if first && cell.overflowed { "overflow; " } else { "" };
    match reference {
        Some(of) if of > 0.0 => format!("{word}{value:.digits$}{star} ({:.2})", value / of),
        _ => format!("{word}{value:.digits$}{star}"),
    }
}

/// Every figure of every run, and how what failed failed.
pub fn raw(grid: &Grid) -> String {
    let mut raw = String::from(report::RAW_HEAD);
    for (row, cells) in grid.rows.iter().zip(&grid.cells) {
        for (contender, cell) in grid.contenders.iter().zip(cells) {
            let Some(cell) = cell else { continue };
            report::raw_lines(&mut raw, NAME, row.name, contender.name, &cell.samples);
            for (is, what) in [(cell.overflowed, "overflow"), (cell.failure.is_some(), "failure")] {
                if is {
                    let why = cell.failure.as_deref().unwrap_or("on the usual stack");
                    let _ = writeln!(raw, "{NAME},{},{},,{what},{why}", row.name, contender.name);
                }
            }
        }
    }
    raw
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Sample;

    #[test]
    fn entries_say_what_happened() {
        let cell = |value| Cell { samples: vec![Sample::from([("ns".to_owned(), value)])], ..Cell::default() };
        assert_eq!(entry(None, "ns", 1, None, true), "-");
        assert_eq!(entry(Some(&cell(3.0)), "ns", 1, Some(2.0), true), "3.0 (1.50)");
        assert_eq!(entry(Some(&cell(3.0)), "ns", 1, None, true), "3.0");
        assert_eq!(entry(Some(&cell(3.0)), "other", 1, Some(2.0), true), "-");
        let large = Cell { overflowed: true, ..cell(3.0) };
        assert_eq!(entry(Some(&large), "ns", 1, Some(2.0), true), "overflow; 3.0* (1.50)");
        assert_eq!(entry(Some(&large), "ns", 1, Some(2.0), false), "3.0* (1.50)");
        let failed = Cell { failure: Some("overflow".into()), ..Cell::default() };
        assert_eq!(entry(Some(&failed), "ns", 1, Some(2.0), true), "overflow");
        assert_eq!(entry(Some(&failed), "peak_mb", 1, Some(2.0), false), "-");
    }
}
