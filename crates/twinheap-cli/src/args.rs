//! What the user may type, and what is wrong with it.
//!
//! Everything the command line can get wrong is found here, before a heap exists or a child is started, so that bad
//! input is one clear sentence and exit status 2. This file knows which knob belongs to which manager; it does not know
//! what a knob does (the library's `Config` does), nor which keys a workload has (`workloads.rs` does).
//! The overview stands in `main.rs`.

use std::{collections::BTreeMap, ffi::OsString, fmt, path::PathBuf, str::FromStr};

use clap::{Args, Parser, Subcommand, ValueEnum};

const EXAMPLES_RUN: &str = "\
Examples:
  twinheap run server.py
  twinheap run --manager tricolor --gogc 200 --gctrace server.py 50000
  twinheap run --manager refcount --threshold 700,10,10 --stats batch.py
  twinheap run --max-heap 64MiB workload:binary-trees,depth=16

Everything after the script is the script's. Our own lines go to stderr; stdout is the program's.";

const EXAMPLES_COMPARE: &str = "\
Examples:
  twinheap compare server.py
  twinheap compare --contender tricolor --contender tricolor,gogc=400 --runs 9 server.py
  twinheap compare --with python3=/usr/bin/python3 --json out.json batch.py
  twinheap compare --html out.html workload:binary-trees,depth=18

Contenders are child processes and take turns; the first one is what the others are measured against.
Programs read an empty standard input.";

const EXAMPLES_WORKLOADS: &str = "\
Examples:
  twinheap workloads
  twinheap run workload:binary-trees
  twinheap compare workload:binary-trees,depth=16

What this lists after a name are its keys and their values where none are given.";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "twinheap",
    version,
    about = "One program, two memory managers: run it under either, or compare them",
    after_help = "Examples:\n  twinheap run --manager tricolor server.py\n  twinheap compare server.py\n  \
                  twinheap compare workload:binary-trees,depth=16\n  twinheap workloads\n\n\
                  `twinheap help run` and `twinheap help compare` have more."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a program under one memory manager
    #[command(after_help = EXAMPLES_RUN)]
    Run(RunArgs),
    /// Run a program under several memory managers and print the difference
    #[command(after_help = EXAMPLES_COMPARE)]
    Compare(CompareArgs),
    /// List the built-in workloads with their keys
    #[command(after_help = EXAMPLES_WORKLOADS)]
    Workloads,
}

/// `twinheap run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The memory manager: CPython's (refcount), Go's (tricolor), or none that frees (null)
    #[arg(long, value_enum, default_value_t = Manager::Refcount)]
    pub manager: Manager,
    #[command(flatten)]
    knobs: KnobArgs,
    /// Print a line to stderr for every collection, in the words of Go's GODEBUG=gctrace=1 (tricolor)
    #[arg(long)]
    pub gctrace: bool,
    /// Print what the heap did to stderr when the program ends
    #[arg(long, value_name = "FORMAT", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    pub stats: Option<StatsFormat>,
    /// Where the parent of a comparison wants this run's report.
    #[arg(long, value_name = "FILE", hide = true)]
    pub report: Option<PathBuf>,
    #[command(flatten)]
    pub program: ProgramArgs,
}

/// `twinheap compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// A contender: MANAGER[,KNOB=VALUE...], the knobs being those of `twinheap run`; may be given several times
    /// [default: refcount and tricolor]
    #[arg(long = "contender", value_name = "MANAGER[,KNOB=VALUE...]")]
    pub contenders: Vec<Contender>,
    /// A foreign contender: the script run by that interpreter, for instance python3=/usr/bin/python3
    #[arg(long = "with", value_name = "NAME=PATH")]
    pub with: Vec<Foreign>,
    /// How often each contender runs [default: 5; 3 when a round takes more than 20 s, 1 above 120 s]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub runs: Option<u32>,
    /// Also write everything measured to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Also write a page with tables and pictures to this file
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    #[command(flatten)]
    pub program: ProgramArgs,
}

/// What is to run: a script with its arguments, or a workload.
#[derive(Debug, Args)]
pub struct ProgramArgs {
    /// The script and its arguments, or a built-in workload (see `twinheap workloads`)
    #[arg(required = true, num_args = 1.., trailing_var_arg = true, value_name = "SCRIPT.py [ARG...] | workload:NAME[,KEY=VALUE...]")]
    words: Vec<OsString>,
}

/// The knobs as options of `run`; in a contender they are spelt `knob=value`.
#[derive(Debug, Args)]
struct KnobArgs {
    /// Collect when the heap has grown by N percent over what survived (tricolor) [default: 100]
    #[arg(long, value_name = "N|off")]
    gogc: Option<Gogc>,
    /// Soft limit: above it, collect harder; never fails (refcount, tricolor)
    #[arg(long, value_name = "SIZE")]
    memory_limit: Option<Size>,
    /// Hard limit: beyond it the program gets MemoryError
    #[arg(long, value_name = "SIZE")]
    max_heap: Option<Size>,
    /// Collect generation 0 after A more allocations than releases, 1 after B of those, 2 after C of those; A = 0: never
    /// (refcount) [default: 2000,10,10]
    #[arg(long, value_name = "A[,B[,C]]")]
    threshold: Option<Threshold>,
    /// Collect at every N-th chance and poison what is freed: finds mistakes, slowly (refcount, tricolor)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    zeal: Option<u32>,
}

/// A memory manager, as named on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Manager {
    /// CPython's: reference counts and a cycle collector
    Refcount,
    /// Go's: concurrent tri-colour mark and sweep
    Tricolor,
    /// Never frees
    Null,
    /// Not a manager: `std::sync::Arc`, a row of the workload `refs`.
    #[value(hide = true)]
    Arc,
}

/// How `--stats` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatsFormat {
    /// Tables
    Text,
    /// One JSON object
    Json,
}

impl Manager {
    /// The name the user types.
    pub fn name(self) -> &'static str {
        match self {
            Manager::Refcount => "refcount",
            Manager::Tricolor => "tricolor",
            Manager::Null => "null",
            Manager::Arc => "arc",
        }
    }

    fn knobs(self) -> &'static [Knob] {
        match self {
            Manager::Refcount => &[Knob::Threshold, Knob::MemoryLimit, Knob::MaxHeap, Knob::Zeal],
            Manager::Tricolor => &[Knob::Gogc, Knob::MemoryLimit, Knob::MaxHeap, Knob::Zeal],
            Manager::Null => &[Knob::MaxHeap],
            Manager::Arc => &[],
        }
    }
}

/// What can be set, for at least one manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Knob {
    Gogc,
    MemoryLimit,
    MaxHeap,
    Threshold,
    Zeal,
}

impl Knob {
    const ALL: [Knob; 5] = [Knob::Gogc, Knob::MemoryLimit, Knob::MaxHeap, Knob::Threshold, Knob::Zeal];

    fn name(self) -> &'static str {
        match self {
            Knob::Gogc => "gogc",
            Knob::MemoryLimit => "memory-limit",
            Knob::MaxHeap => "max-heap",
            Knob::Threshold => "threshold",
            Knob::Zeal => "zeal",
        }
    }
}

/// The knobs that were turned; `None` leaves the manager's default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Knobs {
    /// Go's growth in percent.
    pub gogc: Option<Gogc>,
    /// The soft limit.
    pub memory_limit: Option<Size>,
    /// The hard limit.
    pub max_heap: Option<Size>,
    /// CPython's thresholds.
    pub threshold: Option<Threshold>,
    /// Collect at every N-th chance.
    pub zeal: Option<u32>,
}

impl Knobs {
    fn turned(&self) -> Vec<(Knob, String)> {
        let mut turned = Vec::new();
        let mut push = |knob, value: Option<String>| turned.extend(value.map(|value| (knob, value)));
        push(Knob::Gogc, self.gogc.map(|v| v.to_string()));
        push(Knob::MemoryLimit, self.memory_limit.map(|v| v.to_string()));
        push(Knob::MaxHeap, self.max_heap.map(|v| v.to_string()));
        push(Knob::Threshold, self.threshold.as_ref().map(|v| v.to_string()));
        push(Knob::Zeal, self.zeal.map(|v| v.to_string()));
        turned
    }

    /// The turned knobs by name, for reports.
    pub fn by_name(&self) -> BTreeMap<String, String> {
        self.turned().into_iter().map(|(knob, value)| (knob.name().to_owned(), value)).collect()
    }

    /// The same knobs as options of `twinheap run`.
    pub fn as_options(&self) -> Vec<String> {
        self.turned().into_iter().map(|(knob, value)| format!("--{}={value}", knob.name())).collect()
    }

    fn set(&mut self, knob: Knob, value: &str) -> Result<(), String> {
        match knob {
            Knob::Gogc => self.gogc = Some(value.parse()?),
            Knob::MemoryLimit => self.memory_limit = Some(value.parse()?),
            Knob::MaxHeap => self.max_heap = Some(value.parse()?),
            Knob::Threshold => self.threshold = Some(value.parse()?),
            Knob::Zeal => match value.parse() {
                Ok(n) if n > 0 => self.zeal = Some(n),
                _ => return Err(format!("`{value}` is not a whole number above 0")),
            },
        }
        Ok(())
    }

    /// As the library takes them; a threshold that is left out keeps its default.
    pub fn config(&self) -> twinheap::Config {
        let mut config =
            twinheap::Config { outside_bytes: Some(twinheap::outside::outside_bytes), ..Default::default() };
        match self.gogc {
            Some(Gogc::Percent(percent)) => config.gogc = Some(percent),
            Some(Gogc::Off) => config.gogc = None,
            None => {}
        }
        config.memory_limit_bytes = self.memory_limit.map(Size::to_usize);
        config.max_heap_bytes = self.max_heap.map(Size::to_usize);
        for (ours, theirs) in config.thresholds.iter_mut().zip(self.threshold.iter().flat_map(|t| &t.0)) {
            *ours = i64::from(*theirs);
        }
        config.zeal = self.zeal;
        config
    }

    /// Says what is wrong with these knobs for this manager, if anything; `spell` is how the user wrote a knob.
    fn check(&self, manager: Manager, spell: impl Fn(Knob) -> String) -> Result<(), String> {
        let has = manager.knobs();
        for (knob, value) in self.turned() {
            if !has.contains(&knob) {
                let owners: Vec<_> = [Manager::Refcount, Manager::Tricolor, Manager::Null]
                    .into_iter()
                    .filter(|m| m.knobs().contains(&knob))
                    .map(Manager::name)
                    .collect();
                return Err(format!(
                    "{} is not a knob of {}, but of {}; {}",
                    spell(knob),
                    manager.name(),
                    owners.join(" and "),
                    knobs_sentence(manager, &spell)
                ));
            }
            let limit = match knob {
                Knob::MemoryLimit => self.memory_limit,
                Knob::MaxHeap => self.max_heap,
                _ => None,
            };
            if limit.is_some_and(|limit| limit.0 < LEAST_LIMIT_BYTES) {
                return Err(format!(
                    "{}={value} is too small: no heap fits below {}",
                    spell(knob),
                    Size(LEAST_LIMIT_BYTES)
                ));
            }
        }
        if let (Some(soft), Some(hard)) = (self.memory_limit, self.max_heap)
            && soft.0 > hard.0
        {
            return Err(format!(
                "{}={soft} is above {}={hard}: the soft limit would never be reached",
                spell(Knob::MemoryLimit),
                spell(Knob::MaxHeap)
            ));
        }
        Ok(())
    }
}

/// Below this a limit cannot hold even an empty heap.
const LEAST_LIMIT_BYTES: u64 = twinheap::config::MIN_LIMIT_BYTES as u64;

fn knobs_sentence(manager: Manager, spell: impl Fn(Knob) -> String) -> String {
    let names: Vec<_> = manager.knobs().iter().map(|&k| spell(k)).collect();
    if names.is_empty() {
        format!("{} has none", manager.name())
    } else {
        format!("{} has {}", manager.name(), names.join(", "))
    }
}

impl RunArgs {
    /// The knobs, checked against the manager.
    pub fn knobs(&self) -> Result<Knobs, String> {
        let KnobArgs { gogc, memory_limit, max_heap, threshold, zeal } = &self.knobs;
        let knobs = Knobs {
            gogc: *gogc,
            memory_limit: *memory_limit,
            max_heap: *max_heap,
            threshold: threshold.clone(),
            zeal: *zeal,
        };
        knobs.check(self.manager, |knob| format!("--{}", knob.name()))?;
        if self.gctrace && self.manager != Manager::Tricolor {
            return Err(format!("--gctrace prints tricolor's collections; {} has none of these", self.manager.name()));
        }
        Ok(knobs)
    }
}

/// What is to run, checked: the script exists, the workload and its keys are known.
#[derive(Clone, Debug)]
pub enum Program {
    /// A script and its arguments.
    Script {
        /// Where the script is.
        path: PathBuf,
        /// Its arguments.
        args: Vec<OsString>,
    },
    /// A workload.
    Workload(crate::workloads::Chosen),
}

impl ProgramArgs {
    /// Looks at the words: says what is to run, or what is wrong with it.
    pub fn program(&self) -> Result<Program, String> {
        let (first, args) = self.words.split_first().expect("clap demands one word");
        if let Some(spec) = first.to_str().and_then(|s| s.strip_prefix("workload:")) {
            if let Some(extra) = args.first() {
                let extra = extra.display().to_string();
                let advice = if extra.starts_with('-') {
                    "our options go before it"
                } else {
                    "a workload takes KEY=VALUE behind commas, not arguments"
                };
                return Err(format!("`{extra}` behind the workload is too much: {advice}"));
            }
            return Ok(Program::Workload(crate::workloads::choose(spec)?));
        }
        let path = PathBuf::from(first);
        let wrong = |what: &dyn fmt::Display| Err(format!("cannot run `{}`: {what}", path.display()));
        match std::fs::metadata(&path) {
            Err(error) => wrong(&plain(&error)),
            Ok(meta) if meta.is_dir() => wrong(&"it is a directory"),
            Ok(_) => match std::fs::File::open(&path) {
                Err(error) => wrong(&plain(&error)),
                Ok(_) => Ok(Program::Script { path, args: args.to_vec() }),
            },
        }
    }

    /// The words as typed, for a child and for a heading.
    pub fn words(&self) -> &[OsString] {
        &self.words
    }
}

/// An error of the system without its number.
pub fn plain(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// A contender of our own: a manager and the knobs that were turned.
#[derive(Clone, Debug)]
pub struct Contender {
    /// As the user wrote it.
    pub name: String,
    /// The manager.
    pub manager: Manager,
    /// Its knobs.
    pub knobs: Knobs,
}

impl From<Manager> for Contender {
    fn from(manager: Manager) -> Contender {
        Contender { name: manager.name().to_owned(), manager, knobs: Knobs::default() }
    }
}

impl FromStr for Contender {
    type Err = String;

    fn from_str(text: &str) -> Result<Contender, String> {
        let mut pieces = text.split(',');
        let name = pieces.next().expect("split gives at least one piece");
        let manager = Manager::from_str(name, false)
            .map_err(|_| format!("there is no manager `{name}`; there are refcount, tricolor and null"))?;
        // A piece without `=` goes on with the value before it: threshold=700,10,10.
        let mut pairs: Vec<(&str, String)> = Vec::new();
        for piece in pieces {
            match (piece.split_once('='), pairs.last_mut()) {
                (Some((knob, value)), _) => pairs.push((knob, value.to_owned())),
                (None, Some((_, value))) => {
                    value.push(',');
                    value.push_str(piece);
                }
                (None, None) => return Err(format!("`{piece}` should be KNOB=VALUE")),
            }
        }
        let mut knobs = Knobs::default();
        let spell = |knob: Knob| knob.name().to_owned();
        let mut seen = Vec::new();
        for (name, value) in pairs {
            let knob = Knob::ALL
                .into_iter()
                .find(|knob| knob.name() == name)
                .ok_or_else(|| format!("there is no knob `{name}`; {}", knobs_sentence(manager, spell)))?;
            if seen.contains(&knob) {
                return Err(format!("`{name}` is given twice"));
            }
            seen.push(knob);
            knobs.set(knob, &value).map_err(|wrong| format!("{name}: {wrong}"))?;
        }
        knobs.check(manager, spell)?;
        Ok(Contender { name: text.to_owned(), manager, knobs })
    }
}

/// A contender that is somebody else's interpreter.
#[derive(Clone, Debug)]
pub struct Foreign {
    /// What to call it.
    pub name: String,
    /// Its executable.
    pub path: PathBuf,
}

impl FromStr for Foreign {
    type Err = String;

    fn from_str(text: &str) -> Result<Foreign, String> {
        let (name, path) = text.split_once('=').ok_or("should be NAME=PATH, for instance python3=/usr/bin/python3")?;
        if name.is_empty() || path.is_empty() {
            return Err("should be NAME=PATH, for instance python3=/usr/bin/python3".to_owned());
        }
        if name.parse::<Contender>().is_ok() {
            return Err(format!("`{name}` is one of our own managers: call the interpreter something else"));
        }
        let found = if path.contains('/') {
            Some(PathBuf::from(path))
        } else {
            let directories = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&directories).map(|dir| dir.join(path)).find(|file| file.is_file())
        };
        match found {
            Some(file) if file.is_file() => Ok(Foreign { name: name.to_owned(), path: file }),
            _ => Err(format!("there is no interpreter at `{path}`")),
        }
    }
}

/// A number of bytes: `64MiB`, `1g`, `500k`, `1.5GiB`, `1000000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl Size {
    /// As a length; more than there are addresses is as much as there are.
    fn to_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Size, String> {
        let wrong =
            || format!("`{text}` is not a size; sizes look like 500k, 64MiB, 1.5g (k, m, g are powers of 1024)");
        let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let unit: u64 = match unit.to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kib" => 1 << 10,
            "m" | "mib" => 1 << 20,
            "g" | "gib" => 1 << 30,
            "t" | "tib" => 1 << 40,
            "kb" => 1_000,
            "mb" => 1_000_000,
            "gb" => 1_000_000_000,
            "tb" => 1_000_000_000_000,
            _ => return Err(wrong()),
        };
        let bytes = if number.contains('.') {
            let number: f64 = number.parse().map_err(|_| wrong())?;
            let bytes = number * unit as f64;
            if bytes >= u64::MAX as f64 {
                return Err(format!("`{text}` is more bytes than there are addresses"));
            }
            bytes as u64
        } else {
            let number: u128 = number.parse().map_err(|_| wrong())?;
            u64::try_from(number.saturating_mul(u128::from(unit)))
                .map_err(|_| format!("`{text}` is more bytes than there are addresses"))?
        };
        Ok(Size(bytes))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, shift) in [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)] {
            if self.0 != 0 && self.0.trailing_zeros() >= shift {
                return write!(f, "{}{unit}", self.0 >> shift);
            }
        }
        write!(f, "{}", self.0)
    }
}

/// Go's GOGC: a percentage, or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gogc {
    /// Grow by so many percent before collecting.
    Percent(u32),
    /// Collect for limits only.
    Off,
}

impl FromStr for Gogc {
    type Err = String;

    fn from_str(text: &str) -> Result<Gogc, String> {
        if text == "off" {
            return Ok(Gogc::Off);
        }
        // Go keeps it in an int32.
        match text.parse::<i32>() {
            Ok(percent) if percent >= 0 => Ok(Gogc::Percent(percent as u32)),
            _ => Err(format!("`{text}` is neither a percentage from 0 to {} nor `off`", i32::MAX)),
        }
    }
}

impl fmt::Display for Gogc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Gogc::Percent(percent) => write!(f, "{percent}"),
            Gogc::Off => f.write_str("off"),
        }
    }
}

/// CPython's thresholds: one to three of them, those left out keep their default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threshold(pub Vec<u32>);

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Threshold, String> {
        let numbers: Result<Vec<u32>, _> = text
            .split(',')
            .map(|piece| piece.parse::<i32>().ok().and_then(|n| u32::try_from(n).ok()).ok_or(piece))
            .collect();
        match numbers {
            Ok(numbers) if numbers.len() <= 3 => Ok(Threshold(numbers)),
            Ok(numbers) => Err(format!("there are three generations, but {} thresholds in `{text}`", numbers.len())),
            Err(piece) => Err(format!("`{piece}` is not a whole number from 0 to {}", i32::MAX)),
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<_> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&numbers.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in
            [("64MiB", 64 << 20), ("1g", 1 << 30), ("500k", 500 << 10), ("1.5GiB", 3 << 29), ("2kb", 2000), ("17", 17)]
        {
            assert_eq!(text.parse::<Size>(), Ok(Size(bytes)), "{text}");
        }
        for text in ["", "k", "-1", "1x", "1.2.3m", "99999999999t", "99999999999.0t"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
        for bytes in [0, 17, 1 << 10, 500 << 10, 64 << 20, (64 << 20) + 1, 5 << 30] {
            assert_eq!(Size(bytes).to_string().parse(), Ok(Size(bytes)));
        }
    }

    #[test]
    fn contenders() {
        let contender: Contender = "refcount,threshold=700,10,5,max-heap=1g".parse().unwrap();
        assert_eq!(contender.knobs.threshold, Some(Threshold(vec![700, 10, 5])));
        assert_eq!(contender.knobs.as_options(), ["--max-heap=1GiB", "--threshold=700,10,5"]);
        let wrong = |text: &str| text.parse::<Contender>().unwrap_err();
        assert!(wrong("golang").contains("refcount, tricolor and null"));
        assert!(wrong("refcount,gogc=100").contains("but of tricolor; refcount has threshold, memory-limit"));
        assert!(wrong("tricolor,threshold=100").contains("but of refcount; tricolor has gogc"));
        assert!(wrong("null,gogc=100").contains("null has max-heap"));
        assert!(wrong("tricolor,speed=1").contains("no knob `speed`; tricolor has gogc"));
        assert!(wrong("tricolor,gogc=fast").contains("`fast`"));
        assert!(wrong("tricolor,gogc=1,gogc=2").contains("twice"));
        assert!(wrong("tricolor,100").contains("KNOB=VALUE"));
        assert!(wrong("tricolor,zeal=0").contains("above 0"));
        assert!(wrong("refcount,threshold=1,2,3,4").contains("three generations"));
        assert!(wrong("tricolor,max-heap=1k").contains("too small"));
        assert!(wrong("tricolor,memory-limit=2g,max-heap=1g").contains("above"));
    }

    #[test]
    fn command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
