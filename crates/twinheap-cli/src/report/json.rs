//! A comparison for a program: one JSON object. Its keys are a promise.
//!
//! What our managers do not measure for a foreign contender is `null` there, never zero.

use serde_json::{Value, json};

use super::{
    measure::{Comparison, Contender},
    relative,
};

/// The whole comparison.
pub fn render(comparison: &Comparison) -> Value {
    let differences: Vec<_> = comparison
        .differences
        .iter()
        .map(|d| {
            json!({
                "line": d.line,
                "expected": {"contender": d.expected.0, "text": d.expected.1},
                "found": {"contender": d.found.0, "text": d.found.1},
            })
        })
        .collect();
    json!({
        "program": comparison.program,
        "runs": comparison.contenders.iter().map(|c| c.runs.len()).max(),
        "contenders": comparison.contenders.iter().map(contender).collect::<Vec<_>>(),
        "differences": differences,
        "brief": relative::brief(comparison).is_some(),
        "verdict": relative::verdict(comparison),
        "twinheap_version": env!("CARGO_PKG_VERSION"),
        "machine": comparison.machine,
    })
}

fn contender(contender: &Contender) -> Value {
    let report = contender.typical();
    let of = |value: &dyn Fn(&super::measure::ManagerReport) -> Value| report.as_ref().map(value);
    json!({
        "name": contender.name,
        "knobs": contender.knobs,
        "foreign": contender.foreign,
        "wall_s": contender.wall_s(),
        "cpu_s": contender.cpu_s(),
        "peak_rss_bytes": contender.peak_rss_bytes(),
        "exit_status": contender.exit_status(),
        "stdout_sha256": contender.runs[0].stdout.sha256,
        "stdout_bytes": contender.runs[0].stdout.bytes,
        "stdout_same_in_every_run": contender.runs.iter().all(|run| run.stdout == contender.runs[0].stdout),
        "holdups": of(&|r| json!(r.holdups)),
        "collections": of(&|r| json!(r.collections)),
        "objects_allocated": of(&|r| json!(r.objects_allocated)),
        "bytes_allocated": of(&|r| json!(r.bytes_allocated)),
        "released": of(&|r| json!(r.released)),
        "response": of(&|r| json!(r.response)),
        "peak_open_descriptors": contender.peak_open_descriptors().map(|(most, _)| most),
        "descriptors_sampled": contender.peak_open_descriptors().map(|(_, sampled)| sampled),
        "heap": of(&|r| r.heap.clone()),
        "startup_s": contender.startup_s,
        "samples": contender.runs.iter().map(|run| json!({
            "wall_s": run.wall_s,
            "cpu_s": run.cpu_s,
            "peak_rss_bytes": run.peak_rss_bytes,
            "exit_status": run.exit_status,
            "holdup_ns_max": run.report.as_ref().map(|r| r.holdups.max_ns),
        })).collect::<Vec<_>>(),
    })
}
