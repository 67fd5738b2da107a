//! The numbers of a comparison as plain data, and the few ways to summarise and print a number.
//!
//! Filled by `compare.rs`, read by the rest of `report/`. It draws no conclusions: `relative.rs` does. The overview
//! stands in `report.rs`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a run under one of our managers says about itself: the report file of `twinheap run`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ManagerReport {
    /// The manager's name.
    pub manager: String,
    /// The knobs that were turned.
    pub knobs: BTreeMap<String, String>,
    /// Collections that ran, whatever their cause.
    pub collections: u64,
    /// Objects allocated.
    pub objects_allocated: u64,
    /// Their bytes.
    pub bytes_allocated: u64,
    /// Intervals in which the manager kept a mutator from its own work.
    pub holdups: Holdups,
    /// Collections by what they began for.
    #[serde(default)]
    pub causes: BTreeMap<String, u64>,
    /// Stops of all sessions, by what for: `gc` a collection, `other` a look at the heap; a run's, none over several runs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stops: BTreeMap<String, Stops>,
    /// Objects released, by occasion.
    pub released: Released,
    /// The most descriptors that were open at once, where the program can open any.
    pub peak_open_descriptors: Option<u64>,
    /// Response times of programs that serve requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Response>,
    /// The heap's own figures at the end.
    pub heap: serde_json::Value,
}

/// Hold-ups over 10 µs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Holdups {
    /// How many.
    pub count: u64,
    /// The 99th percentile.
    pub p99_ns: u64,
    /// The longest.
    pub max_ns: u64,
    /// All together.
    pub total_ns: u64,
    /// The same by cause.
    pub by_cause: BTreeMap<String, Cause>,
}

/// Hold-ups of one cause.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Cause {
    /// How many.
    pub count: u64,
    /// The longest.
    pub max_ns: u64,
    /// All together.
    pub total_ns: u64,
    /// How long they were; a run's, none over several runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub histogram: Vec<Bucket>,
}

/// Times of one length in a histogram; none is left out that has any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// From here.
    pub from_ns: u64,
    /// Up to here, at most 1/8 more; none for the last bucket there is.
    pub below_ns: Option<u64>,
    /// How many.
    pub count: u64,
}

/// Stops of one cause.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Stops {
    /// How many.
    pub count: u64,
    /// From the wish to stop to the moment when no session was open: the 99th percentile.
    pub stopping_p99_ns: u64,
    /// To everybody's going on.
    pub total_p99_ns: u64,
    /// The same in full.
    pub stopping: Vec<Bucket>,
    /// The same in full.
    pub total: Vec<Bucket>,
}

/// Objects released, by occasion.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Released {
    /// When their last reference went.
    pub at_once: u64,
    /// By a collection.
    pub by_collections: u64,
    /// Only when the program ended.
    pub at_exit: u64,
}

/// Response times, from the moment a request was due.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Response {
    /// How many requests.
    pub count: u64,
    /// The median.
    pub p50_ns: u64,
    /// The 99th percentile.
    pub p99_ns: u64,
    /// The 99.9th percentile.
    pub p999_ns: u64,
    /// The longest.
    pub max_ns: u64,
}

/// One run of one contender.
#[derive(Clone, Debug)]
pub struct Run {
    /// From start to end, by the parent's clock.
    pub wall_s: f64,
    /// User and system time of this child alone.
    pub cpu_s: f64,
    /// Peak resident size of this child alone.
    pub peak_rss_bytes: u64,
    /// Its exit status; 128 and the signal if one ended it.
    pub exit_status: i32,
    /// What it printed.
    pub stdout: Digest,
    /// The last lines of what it complained about.
    pub stderr_tail: String,
    /// What it says about itself, if it is one of ours and came to its end.
    pub report: Option<ManagerReport>,
    /// The most descriptors seen open at once, if it is not one of ours.
    pub descriptors_sampled: Option<u64>,
}

/// An output, boiled down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// In hexadecimal.
    pub sha256: String,
    /// How long the output was.
    pub bytes: u64,
}

/// A contender and its runs.
#[derive(Clone, Debug)]
pub struct Contender {
    /// As the user named it.
    pub name: String,
    /// The knobs that were turned.
    pub knobs: BTreeMap<String, String>,
    /// The interpreter, if it is not one of our managers.
    pub foreign: Option<String>,
    /// Its runs, in order; at least one.
    pub runs: Vec<Run>,
    /// The shortest time it took for an empty program.
    pub startup_s: f64,
}

/// The whole comparison.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The program as the user named it, with its arguments.
    pub program: String,
    /// Who ran it; at least one.
    pub contenders: Vec<Contender>,
    /// Where outputs differ from the first contender's.
    pub differences: Vec<Difference>,
    /// Where this was measured.
    pub machine: Machine,
}

/// Two outputs' first differing line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Counted from 1.
    pub line: u64,
    /// The first contender and its line, if its output reaches that far.
    pub expected: (String, Option<String>),
    /// The other contender and its line.
    pub found: (String, Option<String>),
}

/// Where a comparison was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Operating system and its release.
    pub system: String,
    /// The processor's name.
    pub processor: String,
    /// Processors we may use.
    pub processors: usize,
    /// Memory of the machine.
    pub memory_bytes: u64,
}

/// The least, the middle and the most of some samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The least.
    pub min: f64,
    /// The middle one, or the mean of the two middle ones.
    pub median: f64,
    /// The most.
    pub max: f64,
}

impl Spread {
    /// Of at least one sample.
    pub fn of(samples: impl IntoIterator<Item = f64>) -> Spread {
        let mut sorted: Vec<f64> = samples.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        assert!(n > 0, "a spread needs a sample");
        Spread { min: sorted[0], median: (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0, max: sorted[n - 1] }
    }
}

impl Contender {
    /// Whether it is somebody else's interpreter.
    pub fn is_foreign(&self) -> bool {
        self.foreign.is_some()
    }

    /// Wall time over its runs.
    pub fn wall_s(&self) -> Spread {
        Spread::of(self.runs.iter().map(|run| run.wall_s))
    }

    /// CPU time over its runs.
    pub fn cpu_s(&self) -> Spread {
        Spread::of(self.runs.iter().map(|run| run.cpu_s))
    }

    /// Peak memory over its runs.
    pub fn peak_rss_bytes(&self) -> Spread {
        Spread::of(self.runs.iter().map(|run| run.peak_rss_bytes as f64))
    }

    /// 0 if every run ended well, else the first status that is not.
    pub fn exit_status(&self) -> i32 {
        self.runs.iter().map(|run| run.exit_status).find(|&status| status != 0).unwrap_or(0)
    }

    /// The most descriptors open at once, in any run, and whether that is only what was seen now and then.
    pub fn peak_open_descriptors(&self) -> Option<(u64, bool)> {
        let counted = self.runs.iter().filter_map(|run| run.report.as_ref()?.peak_open_descriptors).max();
        let sampled = self.runs.iter().filter_map(|run| run.descriptors_sampled).max();
        counted.map(|most| (most, false)).or(sampled.map(|most| (most, true)))
    }

    /// The reports of its runs as one: every number is the median over the runs. None if no run reported.
    pub fn typical(&self) -> Option<ManagerReport> {
        let reports: Vec<_> = self.runs.iter().filter_map(|run| run.report.as_ref()).collect();
        let first = *reports.first()?;
        let middle = |value: &dyn Fn(&ManagerReport) -> u64| {
            Spread::of(reports.iter().map(|report| value(report) as f64)).median.round() as u64
        };
        let causes = reports.iter().flat_map(|report| report.holdups.by_cause.keys());
        let by_cause = causes
            .map(|name| {
                let of = |value: &dyn Fn(&Cause) -> u64| middle(&|r| r.holdups.by_cause.get(name).map_or(0, value));
                (
                    name.clone(),
                    Cause {
                        count: of(&|c| c.count),
                        max_ns: of(&|c| c.max_ns),
                        total_ns: of(&|c| c.total_ns),
                        histogram: Vec::new(),
                    },
                )
            })
            .collect();
        let causes = reports.iter().flat_map(|report| report.causes.keys());
        let causes = causes.map(|name| (name.clone(), middle(&|r| r.causes.get(name).copied().unwrap_or(0))));
        Some(ManagerReport {
            manager: first.manager.clone(),
            knobs: first.knobs.clone(),
            collections: middle(&|r| r.collections),
            objects_allocated: middle(&|r| r.objects_allocated),
            bytes_allocated: middle(&|r| r.bytes_allocated),
            holdups: Holdups {
                count: middle(&|r| r.holdups.count),
                p99_ns: middle(&|r| r.holdups.p99_ns),
                max_ns: middle(&|r| r.holdups.max_ns),
                total_ns: middle(&|r| r.holdups.total_ns),
                by_cause,
            },
            causes: causes.collect(),
            stops: BTreeMap::new(),
            released: Released {
                at_once: middle(&|r| r.released.at_once),
                by_collections: middle(&|r| r.released.by_collections),
                at_exit: middle(&|r| r.released.at_exit),
            },
            peak_open_descriptors: reports.iter().filter_map(|report| report.peak_open_descriptors).max(),
            response: first.response.as_ref().map(|_| {
                let of = |value: &dyn Fn(&Response) -> u64| middle(&|r| r.response.as_ref().map_or(0, value));
                Response {
                    count: of(&|r| r.count),
                    p50_ns: of(&|r| r.p50_ns),
                    p99_ns: of(&|r| r.p99_ns),
                    p999_ns: of(&|r| r.p999_ns),
                    max_ns: of(&|r| r.max_ns),
                }
            }),
            heap: first.heap.clone(),
        })
    }
}

/// How a number is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds, down to microseconds.
    Seconds,
    /// The same, kept in nanoseconds.
    Nanoseconds,
    /// Binary multiples.
    Bytes,
    /// A plain number, in groups of three.
    Count,
}

impl Unit {
    /// A number with its unit, about three digits of it.
    pub fn show(self, value: f64) -> String {
        match self {
            Unit::Seconds => Unit::Nanoseconds.show(value * 1e9),
            Unit::Nanoseconds => scaled(value, &[("s", 1e9), ("ms", 1e6), ("µs", 1e3), ("ns", 1.0)]),
            Unit::Bytes => scaled(
                value,
                &[("GiB", (1u64 << 30) as f64), ("MiB", (1u64 << 20) as f64), ("KiB", 1024.0), ("B", 1.0)],
            ),
            Unit::Count => grouped(value.round() as u64),
        }
    }
}

fn scaled(value: f64, units: &[(&str, f64)]) -> String {
    let &(unit, scale) =
        units.iter().find(|(_, scale)| value >= *scale).unwrap_or(units.last().expect("there is a least unit"));
    let value = value / scale;
    let digits = match value {
        _ if scale == 1.0 => 0,
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}

fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), Spread { min: 1.0, median: 2.0, max: 3.0 });
        assert_eq!(Spread::of([4.0, 1.0]).median, 2.5);
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(Unit::Seconds.show(1.2345), "1.23 s");
        assert_eq!(Unit::Seconds.show(0.0123), "12.3 ms");
        assert_eq!(Unit::Nanoseconds.show(0.0), "0 ns");
        assert_eq!(Unit::Nanoseconds.show(950_000.0), "950 µs");
        assert_eq!(Unit::Bytes.show(1536.0), "1.50 KiB");
        assert_eq!(Unit::Count.show(1_234_567.0), "1,234,567");
        assert_eq!(Unit::Count.show(12.0), "12");
    }
}
