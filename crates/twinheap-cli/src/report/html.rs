//! A comparison as a page that stands alone: tables and bars drawn in SVG, nothing loaded from elsewhere.
//!
//! What is in the table is decided in `report.rs`; this file only lays it out.

use std::fmt::Write;

use super::{measure::Comparison, relative, remarks, rows};

const STYLE: &str = "\
:root { color-scheme: light dark; --bar: #4878a8; --faint: #8886; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; } td, th { padding: .2rem .8rem; text-align: right; font-variant-numeric: tabular-nums; }
td:first-child, th:first-child { text-align: left; } tr { border-bottom: 1px solid var(--faint); }
small { opacity: .7; } pre { overflow-x: auto; } p.verdict { font-size: 1.1rem; font-weight: 600; }
svg text { font: 13px system-ui, sans-serif; fill: currentColor; } svg rect { fill: var(--bar); }";

/// The whole page.
pub fn render(comparison: &Comparison) -> String {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut page, comparison);
    page
}

fn write(page: &mut String, comparison: &Comparison) -> std::fmt::Result {
    let title = escape(&comparison.program);
    let contenders = &comparison.contenders;
    let rows = rows(comparison);
    writeln!(page, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")?;
    writeln!(page, "<meta name=\"viewport\" content=\"width=device-width\"><title>{title} compared</title>")?;
    writeln!(page, "<style>\n{STYLE}\n</style></head><body>\n<h1>{title}</h1>")?;
    writeln!(page, "<p class=\"verdict\">{}</p>", escape(&relative::verdict(comparison)))?;
    for remark in remarks(comparison) {
        writeln!(page, "<pre>{}</pre>", escape(&remark))?;
    }

    for row in rows.iter().filter(|row| row.ratio) {
        let most = row.values.iter().flatten().fold(0.0_f64, |most, value| most.max(*value));
        if most <= 0.0 {
            continue;
        }
        writeln!(page, "<h2>{}</h2>", escape(&row.label))?;
        let height = 26 * contenders.len();
        writeln!(page, "<svg width=\"100%\" height=\"{height}\" viewBox=\"0 0 800 {height}\" role=\"img\">")?;
        for (i, (contender, value)) in contenders.iter().zip(&row.values).enumerate() {
            let y = 26 * i;
            let name = shortened(&contender.name, 26);
            writeln!(page, "<text x=\"0\" y=\"{}\">{}</text>", y + 17, escape(&name))?;
            let Some(value) = value else { continue };
            let width = (value / most * 440.0).max(1.0);
            writeln!(page, "<rect x=\"200\" y=\"{}\" width=\"{width:.1}\" height=\"18\"/>", y + 4)?;
            writeln!(
                page,
                "<text x=\"{:.1}\" y=\"{}\">{}</text>",
                width + 208.0,
                y + 17,
                escape(&row.unit.show(*value))
            )?;
        }
        writeln!(page, "</svg>")?;
    }

    writeln!(
        page,
        "<h2>All numbers</h2>\n<p><small>Medians; in brackets the ratio to the first.</small></p>\n<table><tr><th></th>"
    )?;
    for contender in contenders {
        write!(page, "<th>{}</th>", escape(&contender.name))?;
    }
    writeln!(page, "</tr>")?;
    for row in &rows {
        write!(page, "<tr><td>{}</td>", escape(&row.label))?;
        for (i, value) in row.values.iter().enumerate() {
            let Some(value) = value else {
                write!(page, "<td>–</td>")?;
                continue;
            };
            write!(page, "<td>{}", escape(&row.unit.show(*value)))?;
            if let Some(remark) = row.remarks[i] {
                write!(page, " <small>{remark}</small>")?;
            }
            if let Some(ratio) =
                row.values[0].and_then(|first| relative::ratio(*value, first)).filter(|_| i > 0 && row.ratio)
            {
                write!(page, " <small>({})</small>", escape(&ratio))?;
            }
            write!(page, "</td>")?;
        }
        writeln!(page, "</tr>")?;
    }
    writeln!(page, "</table>")?;

    writeln!(
        page,
        "<h2>Runs</h2>\n<table><tr><th></th><th>runs</th><th>wall, least to most</th><th>CPU</th>\
         <th>peak memory</th><th>empty program</th></tr>"
    )?;
    for contender in contenders {
        use super::measure::Unit;
        let spread = |unit: Unit, s: super::measure::Spread| format!("{} – {}", unit.show(s.min), unit.show(s.max));
        writeln!(
            page,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(&contender.name),
            contender.runs.len(),
            spread(Unit::Seconds, contender.wall_s()),
            spread(Unit::Seconds, contender.cpu_s()),
            spread(Unit::Bytes, contender.peak_rss_bytes()),
            Unit::Seconds.show(contender.startup_s),
        )?;
    }
    let machine = &comparison.machine;
    writeln!(
        page,
        "</table>\n<p><small>twinheap {} on {}, {} ({} processors, {} of memory)</small></p>\n</body></html>",
        env!("CARGO_PKG_VERSION"),
        escape(&machine.system),
        escape(&machine.processor),
        machine.processors,
        super::measure::Unit::Bytes.show(machine.memory_bytes as f64),
    )
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_names_is_text() {
        assert_eq!(escape("<a & \"b\">"), "&lt;a &amp; &quot;b&quot;&gt;");
        assert_eq!(shortened("abcdef", 4), "abc…");
    }
}
