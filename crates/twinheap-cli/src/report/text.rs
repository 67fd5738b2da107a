//! A comparison, or the statistics of one run, for a terminal, a pipe or a mail: tables and sentences. No colours.
//!
//! What is in a comparison's table is decided in `report.rs`; this file only lays it out.

use std::io::IsTerminal;

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, TableComponent, presets::UTF8_HORIZONTAL_ONLY};

use super::{
    measure::{Bucket, Comparison, ManagerReport, Unit},
    relative, remarks, rows,
};

/// The whole report.
pub fn render(comparison: &Comparison) -> String {
    let contenders = &comparison.contenders;
    let runs = contenders.iter().map(|c| c.runs.len()).max().unwrap_or(0);
    let mut table = Table::new();
    table.load_preset(UTF8_HORIZONTAL_ONLY);
    table.remove_style(TableComponent::HorizontalLines);
    table.remove_style(TableComponent::MiddleIntersections);
    if std::io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    let mut header = vec![Cell::new("")];
    header.extend(contenders.iter().map(|c| right(c.name.clone())));
    table.set_header(header);
    for row in rows(comparison) {
        let mut cells = vec![Cell::new(&row.label)];
        for (i, value) in row.values.iter().copied().enumerate() {
            let mut text = value.map_or("–".to_owned(), |value| row.unit.show(value));
            if let (Some(_), Some(remark)) = (value, row.remarks[i]) {
                text.push_str(&format!(" {remark}"));
            }
            // The ratios of a column stand below each other, so a missing one takes its room too.
            if i > 0 {
                let ratio = value.zip(row.values[0]).and_then(|(value, first)| relative::ratio(value, first));
                let ratio = ratio.filter(|_| row.ratio).map_or(String::new(), |ratio| format!("({ratio})"));
                text.push_str(&format!(" {ratio:>9}"));
            }
            cells.push(right(text));
        }
        table.add_row(cells);
    }
    let mut text = format!(
        "{}: {}, medians; in brackets the ratio to {}\n{}\n",
        comparison.program,
        if runs == 1 { "one run each".to_owned() } else { format!("{runs} runs each, taking turns") },
        contenders[0].name,
        table.trim_fmt()
    );
    for remark in remarks(comparison) {
        text.push_str(&remark);
        text.push('\n');
    }
    text.push_str(&relative::verdict(comparison));
    text.push('\n');
    text
}

/// What `--stats` prints: what the manager did, and the ladder of memory, a row for each size class in use.
pub fn statistics(report: &ManagerReport) -> String {
    let mut text = String::new();
    let mut line = |label: &str, value: String| text.push_str(&format!("{label:<28}{value:>16}\n"));
    let count = |n: u64| Unit::Count.show(n as f64);
    let ns = |n: u64| Unit::Nanoseconds.show(n as f64);
    line("collections", count(report.collections));
    line("objects allocated", count(report.objects_allocated));
    line("bytes allocated", Unit::Bytes.show(report.bytes_allocated as f64));
    line("released at once", count(report.released.at_once));
    line("released by collections", count(report.released.by_collections));
    line("released at exit", count(report.released.at_exit));
    line("hold-ups over 10 µs", count(report.holdups.count));
    line("  longest", ns(report.holdups.max_ns));
    line("  99th percentile", ns(report.holdups.p99_ns));
    line("  total", ns(report.holdups.total_ns));
    for (name, cause) in &report.holdups.by_cause {
        line(&format!("  {}", name.replace('_', " ")), format!("{} in {}", ns(cause.total_ns), count(cause.count)));
        for (label, n) in decades(&cause.histogram) {
            line(&format!("    {label}"), count(n));
        }
    }
    for (name, stops) in &report.stops {
        line(&format!("stops for {name}"), count(stops.count));
        line("  time to stop, 99th percentile", ns(stops.stopping_p99_ns));
        line("  in all, 99th percentile", ns(stops.total_p99_ns));
        for (label, n) in decades(&stops.stopping) {
            line(&format!("    stopped {label}"), count(n));
        }
    }
    for (name, n) in &report.causes {
        line(&format!("collections: {name}"), count(*n));
    }
    if let Some(descriptors) = report.peak_open_descriptors {
        line("open descriptors, peak", count(descriptors));
    }

    let number = |value: &serde_json::Value, key: &str| value[key].as_u64().unwrap_or(0) as f64;
    let bytes = |value: &serde_json::Value, key: &str| Unit::Bytes.show(number(value, key));
    let heap = &report.heap;
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::NOTHING);
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    let mut header = vec![Cell::new("type")];
    header.extend(["block", "live", "live bytes", "headers", "free", "stranded"].map(|title| right(title.to_owned())));
    table.set_header(header);
    for class in heap["classes"].as_array().into_iter().flatten() {
        table.add_row(vec![
            Cell::new(short_type(class["type_name"].as_str().unwrap_or("?"))),
            right(match number(class, "block_bytes") {
                0.0 => "large".to_owned(),
                size => Unit::Bytes.show(size),
            }),
            right(Unit::Count.show(number(class, "live_blocks"))),
            right(bytes(class, "live_bytes")),
            right(bytes(class, "metadata_bytes")),
            right(bytes(class, "free_bytes")),
            right(bytes(class, "stranded_bytes")),
        ]);
    }
    let sum = |key: &str| {
        let classes = heap["classes"].as_array().into_iter().flatten();
        Unit::Bytes.show(classes.map(|class| number(class, key)).sum())
    };
    table.add_row(vec![
        Cell::new("all types"),
        right(String::new()),
        right(String::new()),
        right(sum("live_bytes")),
        right(sum("metadata_bytes")),
        right(sum("free_bytes")),
        right(sum("stranded_bytes")),
    ]);
    text.push_str(&format!("\n{}\n", table.trim_fmt()));
    for (label, key) in [
        ("idle spans", "idle_bytes"),
        ("returned to the system", "returned_bytes"),
        ("metadata", "metadata_bytes"),
        ("mapped, the sum of these", "mapped_bytes"),
        ("outside the heap", "outside_bytes"),
    ] {
        text.push_str(&format!("{label:<28}{:>16}\n", bytes(heap, key)));
    }
    text
}

/// A histogram's rows by decades, as a terminal has room for; [`Bucket`]s, which the JSON has, are within 1/8.
fn decades(histogram: &[Bucket]) -> Vec<(String, u64)> {
    const LABELS: [&str; 8] = [
        "under 10 µs",
        "under 100 µs",
        "under 1 ms",
        "under 10 ms",
        "under 100 ms",
        "under 1 s",
        "under 10 s",
        "longer",
    ];
    let mut rows = [0; LABELS.len()];
    for bucket in histogram {
        let at = (0..7).find(|&at| bucket.from_ns < 10_000 * 10u64.pow(at)).unwrap_or(7);
        rows[at as usize] += bucket.count;
    }
    LABELS.iter().zip(rows).filter(|row| row.1 > 0).map(|(label, n)| ((*label).to_owned(), n)).collect()
}

/// A type's name without the ways to it and without its manager: `Vec<Node>`.
fn short_type(name: &str) -> String {
    let mut short = String::new();
    let mut word = String::new();
    for c in name.chars() {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        if c != ':' {
            short.push_str(&word);
            short.push(c);
        }
        word.clear();
    }
    short.push_str(&word);
    for manager in ["RefCount", "Concurrent<CellWord>", "Concurrent<SharedWord>", "Null"] {
        short = short.replace(&format!("<{manager}>"), "").replace(&format!(", {manager}>"), ">");
    }
    short
}

#[cfg(test)]
mod tests {
    use super::short_type;

    #[test]
    fn type_names_are_short() {
        assert_eq!(short_type("a::b::_::__id::Node<twinheap::manager::RefCount>"), "Node");
        assert_eq!(short_type("x::Tail<a::Head, b::Item, twinheap::Concurrent<y::CellWord>>"), "Tail<Head, Item>");
        assert_eq!(short_type("[u64; 8]"), "[u64; 8]");
        assert_eq!(short_type("&'static str"), "&'static str");
    }
}
