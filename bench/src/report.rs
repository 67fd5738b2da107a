//! The table, and what is kept of a measurement.  Not the measuring (`run`).

use crate::{
    environment::Environment,
    run::{CPU_S, Case, Plan, RSS_MB, Results, Sample, WALL_S, home},
    suite::{Control, Suite},
};
use std::{collections::BTreeSet, fmt::Write, path::PathBuf, process::Command};

/// Everything a reader needs, as text (Markdown that reads well unrendered).
pub fn text(suite: &Suite, plan: &Plan, results: &Results, before: &Environment) -> String {
    let mut out = String::new();
    let runs = results.samples.iter().flatten().map(Vec::len).max().unwrap_or(0);
    let _ = writeln!(out, "# {}: {}\n", suite.name, suite.about);
    let _ = writeln!(
        out,
        "Medians of {runs} runs, contenders taking turns; (min–max). Ratios are of medians. Wall and CPU (user and \
         system, all threads) are of the whole process, RSS is its peak.\n"
    );
    for (case, samples) in plan.cases.iter().zip(&results.samples) {
        let parameters: Vec<_> = case.parameters.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let _ = writeln!(out, "{}\n", parameters.join(" "));
        out += &table(&usage(suite, plan, case, samples));
        out += &table(&figures(plan, samples));
    }
    if let Some((place, control)) = plan.control {
        out += &excesses(suite, plan, results, place, &control);
    }
    for problem in &results.problems {
        let _ = writeln!(out, "FAILED {problem}");
    }
    if results.sound() && plan.contenders.len() > 1 {
        out += "Every contender printed the same.\n";
    }
    out += "\nWhat is fair and what is not:\n";
    for contender in &plan.contenders {
        let _ = writeln!(out, "* {}: {}", contender.name, contender.fairness);
    }
    let _ = write!(out, "\n{before}");
    let _ = writeln!(out, "* load average: {} before, {} after", before.load, Environment::load());
    out
}

/// What the contenders take beyond the control.
fn excesses(suite: &Suite, plan: &Plan, results: &Results, place: usize, control: &Control) -> String {
    let mut out = format!("Excess over {} in the same run, medians; (min–max).\n\n", control.contender);
    for ((case, samples), void) in plan.cases.iter().zip(&results.samples).zip(&results.void) {
        let counted = samples[place].len();
        let label = if case.label.is_empty() { String::new() } else { format!("{}: ", case.label) };
        let _ = writeln!(
            out,
            "{label}{} of {} runs void ({} of {} above {})\n",
            void.len(),
            void.len() + counted,
            control.void_quantity,
            control.contender,
            control.void_above
        );
        out += &table(&excess(suite, plan, samples, place, control));
    }
    out
}
fn excess(suite: &Suite, plan: &Plan, samples: &[Vec<Sample>], place: usize, control: &Control) -> Rows {
    let beyond = |(run, idle): (&Sample, &Sample)| -> Sample {
        let of = |&name: &&str| Some((name.to_owned(), run.get(name)? - idle.get(name)?));
        control.quantities.iter().filter_map(of).collect()
    };
    let all: Vec<Vec<Sample>> =
        samples.iter().map(|runs| runs.iter().zip(&samples[place]).map(beyond).collect()).collect();
    let references: Vec<usize> =
        suite.references.iter().filter_map(|name| plan.contenders.iter().position(|c| c.name == *name)).collect();
    let mut head: Vec<String> =
        std::iter::once("excess").chain(control.quantities.iter().copied()).map(str::to_owned).collect();
    for &reference in &references {
        head.extend(control.quantities.iter().map(|name| format!("{name}/{}", plan.contenders[reference].name)));
    }
    let mut rows = vec![head];
    for (i, contender) in plan.contenders.iter().enumerate().filter(|(i, _)| *i != place) {
        let mut row = vec![contender.name.to_owned()];
        row.extend(control.quantities.iter().map(|name| spread(&all[i], name, 1.0, 1)));
        for &reference in &references {
            row.extend(control.quantities.iter().map(|name| {
                match (median(&all[i], name), median(&all[reference], name)) {
                    (Some(ours), Some(theirs)) if theirs > 0.0 => format!("{:.3}", ours / theirs),
                    _ => "-".into(),
                }
            }));
        }
        rows.push(row);
    }
    rows
}

/// Rows of cells.
pub type Rows = Vec<Vec<String>>;

fn usage(suite: &Suite, plan: &Plan, case: &Case, samples: &[Vec<Sample>]) -> Rows {
    let position = |name: &&str| plan.contenders.iter().position(|c| c.name == *name);
    let references: Vec<usize> = suite.references.iter().filter_map(position).collect();
    let mut head: Vec<String> = ["contender", "wall s", "CPU s", "RSS MB"].map(str::to_owned).to_vec();
    if let Some(per) = suite.per {
        head.insert(1, format!("ns/{}", per.trim_end_matches('s')));
    }
    for &reference in &references {
        let name = plan.contenders[reference].name;
        head.extend(["wall", "CPU", "RSS"].map(|what| format!("{what}/{name}")));
    }
    let mut rows = vec![head];
    for (contender, runs) in plan.contenders.iter().zip(samples) {
        let mut row = vec![contender.name.to_owned()];
        if let Some(per) = case.per {
            row.push(spread(runs, WALL_S, 1e9 / per, 2));
        }
        row.extend([spread(runs, WALL_S, 1.0, 3), spread(runs, CPU_S, 1.0, 3), spread(runs, RSS_MB, 1.0, 1)]);
        for &reference in &references {
            row.extend([WALL_S, CPU_S, RSS_MB].map(|quantity| {
                match (median(runs, quantity), median(&samples[reference], quantity)) {
                    (Some(ours), Some(theirs)) if theirs > 0.0 => format!("{:.2}", ours / theirs),
                    _ => "-".into(),
                }
            }));
        }
        rows.push(row);
    }
    rows
}

/// What the contenders reported about themselves.
fn figures(plan: &Plan, samples: &[Vec<Sample>]) -> Rows {
    let own = |name: &&String| ![WALL_S, CPU_S, RSS_MB].contains(&name.as_str());
    let names: BTreeSet<&String> = samples.iter().flatten().flat_map(|s| s.keys().filter(own)).collect();
    if names.is_empty() {
        return vec![];
    }
    let mut rows = vec![vec!["figure".to_owned()]];
    let told: Vec<_> =
        plan.contenders.iter().zip(samples).filter(|(_, runs)| runs.iter().any(|s| s.len() > 3)).collect();
    rows[0].extend(told.iter().map(|(contender, _)| contender.name.to_owned()));
    for name in names {
        let mut row = vec![name.clone()];
        let whole = told.iter().flat_map(|(_, runs)| sorted(runs, name)).all(|value| value.fract() == 0.0);
        row.extend(told.iter().map(|(_, runs)| spread(runs, name, 1.0, if whole { 0 } else { 2 })));
        rows.push(row);
    }
    rows
}

fn sorted(runs: &[Sample], quantity: &str) -> Vec<f64> {
    let mut values: Vec<f64> = runs.iter().filter_map(|s| s.get(quantity).copied()).collect();
    values.sort_by(f64::total_cmp);
    values
}
/// The middle of a quantity over runs.
pub fn median(runs: &[Sample], quantity: &str) -> Option<f64> {
    middle(&sorted(runs, quantity))
}
fn middle(sorted: &[f64]) -> Option<f64> {
    let n = sorted.len();
    match n {
        0 => None,
        _ if n % 2 == 1 => Some(sorted[n / 2]),
        _ => Some((sorted[n / 2 - 1] + sorted[n / 2]) / 2.0),
    }
}
fn spread(runs: &[Sample], quantity: &str, factor: f64, digits: usize) -> String {
    let values: Vec<f64> = sorted(runs, quantity).iter().map(|v| v * factor).collect();
    match (middle(&values), values.first(), values.last()) {
        (Some(middle), Some(min), Some(max)) if min != max => {
            format!("{middle:.digits$} ({min:.digits$}–{max:.digits$})")
        }
        (Some(middle), ..) => format!("{middle:.digits$}"),
        _ => "-".into(),
    }
}

/// Markdown that reads well unrendered; the first row is the head.
pub fn table(rows: &Rows) -> String {
    let Some(head) = rows.first() else { return String::new() };
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut out = String::new();
    for (i, row) in rows.iter().enumerate() {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
        if i == 0 {
            let rules: Vec<_> = widths.iter().map(|&width| "-".repeat(width)).collect();
            let _ = writeln!(out, "| {} |", rules.join(" | "));
        }
    }
    out + "\n"
}

/// Every figure of every run, a line each.
pub fn raw(suite: &Suite, plan: &Plan, results: &Results) -> String {
    let mut raw = String::from(RAW_HEAD);
    for (case, samples) in plan.cases.iter().zip(&results.samples) {
        for (contender, runs) in plan.contenders.iter().zip(samples) {
            raw_lines(&mut raw, suite.name, &case.label, contender.name, runs);
        }
    }
    if let Some((place, _)) = plan.control {
        for (case, void) in plan.cases.iter().zip(&results.void) {
            raw_lines(&mut raw, suite.name, &case.label, &format!("{} (void)", plan.contenders[place].name), void);
        }
    }
    raw
}
/// The first line of the raw data.
pub const RAW_HEAD: &str = "suite,case,contender,run,quantity,value\n";
/// The lines of a contender in a case.
pub fn raw_lines(raw: &mut String, suite: &str, case: &str, contender: &str, runs: &[Sample]) {
    for (run, sample) in runs.iter().enumerate() {
        for (quantity, value) in sample {
            let _ = writeln!(raw, "{suite},{case},{contender},{},{quantity},{value}", run + 1);
        }
    }
}

/// Keeps table and raw data; the new directory.
pub fn record(what: &str, text: &str, raw: &str) -> Result<PathBuf, String> {
    let date = Command::new("date").args(["-u", "+%Y-%m-%d"]).output().map_err(|e| format!("date: {e}"))?;
    let date = String::from_utf8_lossy(&date.stdout).trim().to_owned();
    let directory = home().join("runs").join(format!("{date}-{what}"));
    let problem = |e: std::io::Error| format!("{}: {e}", directory.display());
    std::fs::create_dir_all(directory.parent().expect("has one")).map_err(problem)?;
    std::fs::create_dir(&directory).map_err(problem)?;
    let words: Vec<String> = std::env::args().skip(1).collect();
    let readme = format!("{text}* command: `cargo run --release -- {}` in `bench/`\n", words.join(" "));
    std::fs::write(directory.join("README.md"), readme).map_err(problem)?;
    std::fs::write(directory.join("raw.csv"), raw).map_err(problem)?;
    Ok(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_an_even_number_lies_between_two() {
        assert_eq!(middle(&[]), None);
        assert_eq!(middle(&[1.0, 2.0, 9.0]), Some(2.0));
        assert_eq!(middle(&[1.0, 2.0, 4.0, 9.0]), Some(3.0));
    }

    #[test]
    fn a_spread_is_scaled_and_names_its_ends() {
        let run = |v| Sample::from([(WALL_S.to_owned(), v)]);
        assert_eq!(spread(&[run(2.0), run(1.0), run(4.0)], WALL_S, 10.0, 1), "20.0 (10.0–40.0)");
        assert_eq!(spread(&[run(2.0)], WALL_S, 1.0, 1), "2.0");
        assert_eq!(spread(&[run(2.0)], CPU_S, 1.0, 1), "-");
    }

    #[test]
    fn an_excess_is_taken_run_by_run() {
        let suite = crate::suite::SUITES.iter().find(|suite| suite.name == "latency").unwrap();
        let words = ["--only", "go,tricolor,null", "--set", "shape=table"].map(str::to_owned);
        let plan = crate::run::plan(suite, &crate::options(&words).unwrap()).unwrap();
        let runs = |values: [f64; 3]| values.map(|v| Sample::from([("p99_us".to_owned(), v)])).to_vec();
        let samples = [runs([110.0, 220.0, 330.0]), runs([20.0, 21.0, 33.0]), runs([10.0, 20.0, 30.0])];
        let (place, control) = plan.control.unwrap();
        let rows = excess(suite, &plan, &samples, place, &control);
        let cell = |row: usize, name: &str| &rows[row][rows[0].iter().position(|cell| cell == name).unwrap()];
        assert_eq!((rows.len(), cell(1, "p99_us").as_str()), (3, "200.0 (100.0–300.0)"));
        assert_eq!((cell(2, "p99_us").as_str(), cell(2, "p99_us/go").as_str()), ("3.0 (1.0–10.0)", "0.015"));
        assert_eq!(cell(2, "p50_us"), "-");
    }
}
