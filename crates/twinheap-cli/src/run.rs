//! `twinheap run`: one program, one manager, this process.
//!
//! Standard output is the program's alone; what we have to say goes to standard error, or into the report file that a
//! comparison asks for. This file chooses what runs and writes down how it went; it knows neither how Python is run
//! (`twinheap-python` does) nor what a workload does (`workloads/` do). The overview stands in `main.rs`.

use std::{
    ffi::OsString,
    io::{self, BufWriter, Write},
    path::PathBuf,
    process::ExitCode,
    sync::atomic::AtomicBool,
};

use serde_json::json;
use twinheap::{
    Config, Stats,
    observe::{Collection, TimeHistogram},
};

use crate::{
    Failure,
    args::{Knobs, Manager, Program, RunArgs, Size, StatsFormat},
    report::{
        self,
        measure::{Bucket, Cause, Holdups, ManagerReport, Released, Response, Stops},
    },
    workloads,
};

/// How a program went.
struct Outcome {
    code: ExitCode,
    /// The heap's figures; none if it had no heap of ours.
    stats: Option<Stats>,
    response: Option<Response>,
    peak_open_descriptors: Option<u64>,
}

/// Runs the program and answers with its exit status.
pub fn run(args: &RunArgs) -> Result<ExitCode, Failure> {
    let mut knobs = args.knobs().map_err(Failure::Usage)?;
    let program = args.program.program().map_err(Failure::Usage)?;
    if args.manager == Manager::Null && knobs.max_heap.is_none() {
        knobs.max_heap = null_limit();
    }
    let outcome = match program {
        Program::Script { path, args: words } => run_script(args, &knobs, path, &words)?,
        Program::Workload(chosen) => {
            chosen.check_manager(args.manager).map_err(Failure::Usage)?;
            let mut out = BufWriter::new(io::stdout().lock());
            let done = workloads::run(&chosen, args.manager, config(args, &knobs), &mut out)?;
            Outcome { code: ExitCode::SUCCESS, stats: done.stats, response: done.response, peak_open_descriptors: None }
        }
    };
    finish(args, &knobs, outcome)
}

/// The heap's configuration, `--gctrace` included.
fn config(args: &RunArgs, knobs: &Knobs) -> Config {
    let on_collection: Option<fn(&Collection)> = args.gctrace.then_some(|collection| {
        let processors = std::thread::available_parallelism().map_or(1, |n| n.get());
        // With standard error closed there is nobody to tell.
        let line = format!("{}\n", twinheap::control::runtime::gctrace::line(collection, processors));
        let _ = io::stderr().write_all(line.as_bytes());
    });
    // Sessions are the workloads' and the runtime's, not the program's: it can do nothing about them.
    Config { on_collection, session_limit: None, ..knobs.config() }
}

/// The seam to the Python runtime.
fn run_script(args: &RunArgs, knobs: &Knobs, path: PathBuf, words: &[OsString]) -> Result<Outcome, Failure> {
    /// Set by Ctrl-C; the runtime turns it into `KeyboardInterrupt`.
    static INTERRUPTED: AtomicBool = AtomicBool::new(false);
    if args.manager == Manager::Arc {
        return Err(Failure::Usage("arc is a row of the workload refs, it runs no scripts".to_owned()));
    }
    let mut argv = Vec::new();
    for word in words {
        let word = word.to_str().ok_or_else(|| {
            Failure::Usage(format!("the argument `{}` is not UTF-8, which the runtime's strings are", word.display()))
        })?;
        argv.push(word.to_owned());
    }
    twinheap::process::on_interrupt(&INTERRUPTED)?;
    let options = twinheap_python::Options { path, argv, config: config(args, knobs), interrupt: Some(&INTERRUPTED) };
    let outcome =
        twinheap_python::run_named(args.manager.name(), options).map_err(|wrong| Failure::Usage(wrong.to_string()))?;
    // As the system does with a status: the low eight bits. A second Ctrl-C has ended the process already.
    let status = if outcome.interrupted { 130 } else { (outcome.exit_status & 0xff) as u8 };
    Ok(Outcome {
        code: ExitCode::from(status),
        stats: Some(outcome.stats),
        response: None,
        // A program that opened no file has had no more than are open now.
        peak_open_descriptors: outcome.peak_open_descriptors.or_else(open_descriptors),
    })
}

/// Writes what was asked for beside the program's own output.
fn finish(args: &RunArgs, knobs: &Knobs, outcome: Outcome) -> Result<ExitCode, Failure> {
    let report = report_of(args.manager, knobs, &outcome);
    let text = |report: &ManagerReport| serde_json::to_string(report).map_err(|e| Failure::Failed(e.to_string()));
    // What has no heap of ours has nothing to report: its rows stay empty rather than zero.
    if let (Some(file), Some(_)) = (&args.report, &outcome.stats) {
        std::fs::write(file, text(&report)?)
            .map_err(|error| Failure::Failed(format!("cannot write `{}`: {error}", file.display())))?;
    }
    if let Some(format) = args.stats {
        let text = match format {
            StatsFormat::Json => format!("{}\n", text(&report)?),
            StatsFormat::Text => report::text::statistics(&report),
        };
        // With standard error closed there is nobody to tell.
        let _ = io::stderr().write_all(text.as_bytes());
    }
    Ok(outcome.code)
}

fn report_of(manager: Manager, knobs: &Knobs, outcome: &Outcome) -> ManagerReport {
    let stats = outcome.stats.clone().unwrap_or_default();
    let ladder = &stats.ladder;
    let by_cause = stats.holdups.by_cause.iter();
    ManagerReport {
        manager: manager.name().to_owned(),
        knobs: knobs.by_name(),
        collections: stats.collections,
        objects_allocated: stats.objects_allocated,
        bytes_allocated: stats.bytes_allocated,
        holdups: Holdups {
            count: stats.holdups.count,
            p99_ns: stats.holdups.p99_ns,
            max_ns: stats.holdups.max_ns,
            total_ns: stats.holdups.total_ns,
            by_cause: by_cause
                .map(|&(cause, count, total_ns, max_ns)| {
                    let times = stats.holdups.histograms.iter().find(|h| h.0 == cause);
                    let histogram = times.map_or(vec![], |h| buckets(&h.1));
                    (cause.name().to_owned(), Cause { count, max_ns, total_ns, histogram })
                })
                .collect(),
        },
        causes: stats.tally.by_cause.iter().map(|&(cause, n)| (cause.name().to_owned(), n)).collect(),
        stops: stats
            .tally
            .stops
            .iter()
            .filter(|stop| stop.2.count() > 0)
            .map(|(cause, stopping, total)| {
                let stops = Stops {
                    count: total.count(),
                    stopping_p99_ns: stopping.percentile_ns(99),
                    total_p99_ns: total.percentile_ns(99),
                    stopping: buckets(stopping),
                    total: buckets(total),
                };
                (cause.name().to_owned(), stops)
            })
            .collect(),
        released: Released {
            at_once: stats.released.at_once,
            by_collections: stats.released.by_collections,
            // What is left when the program ends is released by its end.
            at_exit: stats.objects_allocated.saturating_sub(stats.released.at_once + stats.released.by_collections),
        },
        peak_open_descriptors: outcome.peak_open_descriptors,
        response: outcome.response.clone(),
        heap: json!({
            "mapped_bytes": ladder.mapped_bytes,
            "live_bytes": ladder.live_bytes(),
            "idle_bytes": ladder.idle_bytes,
            "returned_bytes": ladder.returned_bytes,
            "metadata_bytes": ladder.metadata_bytes,
            "outside_bytes": resident_bytes().map(|resident| {
                resident.saturating_sub(ladder.mapped_bytes.saturating_sub(ladder.returned_bytes) as u64)
            }),
            "used_bytes": stats.used_bytes,
            "peak_used_bytes": stats.peak_used_bytes,
            "goal_bytes": stats.goal_bytes,
            "finalizers": stats.finalizers,
            "finalizer_panics": stats.finalizer_panics,
            "drop_panics": stats.drop_panics,
            "collector_cpu_ns": stats.collector_cpu_ns,
            "stop_ns_total": stats.stop_ns_total,
            "stop_ns_max": stats.stop_ns_max,
            "objects_marked": stats.objects_marked,
            "mark_cpu_ns": stats.mark_cpu_ns,
            "classes": ladder.classes.iter().map(|class| json!({
                "type_name": class.type_name,
                "block_bytes": class.block_bytes,
                "spans": class.spans,
                "live_blocks": class.live_blocks,
                "live_bytes": class.live_bytes,
                "metadata_bytes": class.metadata_bytes,
                "free_bytes": class.free_bytes,
                "stranded_bytes": class.stranded_bytes,
            })).collect::<Vec<_>>(),
        }),
    }
}

/// A histogram's buckets that are not empty.
fn buckets(times: &TimeHistogram) -> Vec<Bucket> {
    times.filled().map(|(from_ns, below_ns, count)| Bucket { from_ns, below_ns, count }).collect()
}

/// What this process has open now, but for the directory that is read to know.
fn open_descriptors() -> Option<u64> {
    let entries = std::fs::read_dir("/proc/self/fd").ok()?;
    Some((entries.count() as u64).saturating_sub(1))
}

/// What this process has in memory now.
fn resident_bytes() -> Option<u64> {
    field_kib("/proc/self/status", "VmRSS:").map(|kib| kib << 10)
}

/// The null manager never frees, so it is stopped before the machine's memory runs out: at three quarters of what is
/// available, and of what a container allows.
fn null_limit() -> Option<Size> {
    let available = field_kib("/proc/meminfo", "MemAvailable:").map(|kib| kib << 10);
    let allowed = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    let least = available.into_iter().chain(allowed).min()?;
    Some(Size((least / 4 * 3).max(twinheap::config::MIN_LIMIT_BYTES as u64)))
}

fn field_kib(file: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}
