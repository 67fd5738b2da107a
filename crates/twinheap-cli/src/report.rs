//! Everything about a comparison that somebody reads: the numbers, what they mean, and three ways to show them.
//!
//! `measure.rs` holds plain data, `relative.rs` draws conclusions from it (pure functions), and `text.rs`, `html.rs`
//! and `json.rs` show both. Nothing here starts a process or reads a clock. The overview stands in `main.rs`.

pub mod html;
pub mod json;
pub mod measure;
pub mod relative;
pub mod text;

use measure::{Comparison, Contender, Unit};

/// One line of the comparison: what is measured and each contender's number, where it has one.
pub struct Row {
    /// What is measured.
    pub label: String,
    /// How to print it.
    pub unit: Unit,
    /// One number per contender.
    pub values: Vec<Option<f64>>,
    /// Whether a ratio to the first contender says something.
    pub ratio: bool,
    /// A remark on a contender's number, by its index.
    pub remarks: Vec<Option<&'static str>>,
}

/// All lines of a comparison, in the order they are shown, leaving out those that nobody has a number for.
pub fn rows(comparison: &Comparison) -> Vec<Row> {
    let contenders = &comparison.contenders;
    let mut rows = Vec::new();
    let mut row = |label: &str, unit, ratio, value: &dyn Fn(&Contender) -> Option<f64>| {
        let values: Vec<_> = contenders.iter().map(value).collect();
        if values.iter().any(Option::is_some) {
            rows.push(Row { label: label.to_owned(), unit, values, ratio, remarks: vec![None; contenders.len()] });
        }
    };
    row("wall time", Unit::Seconds, true, &|c| Some(c.wall_s().median));
    row("CPU time", Unit::Seconds, true, &|c| Some(c.cpu_s().median));
    row("peak memory (RSS)", Unit::Bytes, true, &|c| Some(c.peak_rss_bytes().median));
    row("objects allocated", Unit::Count, true, &|c| Some(c.typical()?.objects_allocated as f64));
    row("bytes allocated", Unit::Bytes, true, &|c| Some(c.typical()?.bytes_allocated as f64));
    row("collections", Unit::Count, true, &|c| Some(c.typical()?.collections as f64));
    row("hold-up, longest", Unit::Nanoseconds, true, &|c| Some(c.typical()?.holdups.max_ns as f64));
    row("hold-up, 99th percentile", Unit::Nanoseconds, true, &|c| Some(c.typical()?.holdups.p99_ns as f64));
    row("hold-ups, total", Unit::Nanoseconds, true, &|c| Some(c.typical()?.holdups.total_ns as f64));
    let mut causes: Vec<String> = contenders
        .iter()
        .filter_map(Contender::typical)
        .flat_map(|report| report.holdups.by_cause.into_iter().filter(|(_, cause)| cause.count > 0))
        .map(|(name, _)| name)
        .collect();
    causes.sort();
    causes.dedup();
    for cause in causes {
        row(&format!("  {} total", cause.replace('_', " ")), Unit::Nanoseconds, false, &|c| {
            Some(c.typical()?.holdups.by_cause.get(&cause).map_or(0.0, |found| found.total_ns as f64))
        });
    }
    row("released at once", Unit::Count, false, &|c| Some(c.typical()?.released.at_once as f64));
    row("released by collections", Unit::Count, false, &|c| Some(c.typical()?.released.by_collections as f64));
    row("released at exit", Unit::Count, false, &|c| Some(c.typical()?.released.at_exit as f64));
    row("response, median", Unit::Nanoseconds, true, &|c| Some(c.typical()?.response?.p50_ns as f64));
    row("response, 99th percentile", Unit::Nanoseconds, true, &|c| Some(c.typical()?.response?.p99_ns as f64));
    row("response, 99.9th percentile", Unit::Nanoseconds, true, &|c| Some(c.typical()?.response?.p999_ns as f64));
    row("response, longest", Unit::Nanoseconds, true, &|c| Some(c.typical()?.response?.max_ns as f64));
    row("open descriptors, peak", Unit::Count, true, &|c| Some(c.peak_open_descriptors()?.0 as f64));
    if let Some(last) = rows.last_mut().filter(|row| row.label == "open descriptors, peak") {
        let sampled = |c: &Contender| c.peak_open_descriptors().is_some_and(|(_, sampled)| sampled);
        last.remarks = contenders.iter().map(|c| sampled(c).then_some("sampled")).collect();
    }
    rows
}

/// What a reader must know before believing the table, one sentence each.
pub fn remarks(comparison: &Comparison) -> Vec<String> {
    let mut remarks = Vec::new();
    for contender in &comparison.contenders {
        if let Some(failed) = contender.runs.iter().find(|run| run.exit_status != 0) {
            let mut text = format!("{} ended with exit status {}", contender.name, failed.exit_status);
            if failed.exit_status > 128 {
                text.push_str(&format!(" (signal {})", failed.exit_status - 128));
            }
            if failed.stderr_tail.is_empty() {
                text.push('.');
            } else {
                text.push_str("; its last words:");
                for line in failed.stderr_tail.lines() {
                    text.push_str("\n    ");
                    text.push_str(line);
                }
            }
            remarks.push(text);
        }
        if contender.runs.iter().any(|run| run.stdout.sha256 != contender.runs[0].stdout.sha256) {
            remarks.push(format!("The output of {} differs from run to run.", contender.name));
        }
    }
    for difference in &comparison.differences {
        remarks.push(format!(
            "The output of {} differs from that of {}, first in line {}:\n    {}: {}\n    {}: {}",
            difference.found.0,
            difference.expected.0,
            difference.line,
            difference.expected.0,
            shown(&difference.expected.1),
            difference.found.0,
            shown(&difference.found.1),
        ));
    }
    if let Some(brief) = relative::brief(comparison) {
        remarks.push(brief);
    }
    remarks
}

fn shown(line: &Option<String>) -> &str {
    line.as_deref().unwrap_or("(no such line)")
}
