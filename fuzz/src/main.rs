//! Random input, repeatable by its seed: `cargo run --release -- heap_ops --seconds 60`.
//!
//! Not coverage-guided: a bounded loop over seeds, which needs no tool and repeats exactly.  A case that fails is made
//! smaller and printed with its seed.  `--canary` breaks the expectation on purpose; then a failure must be found.
//! Targets: `heap_ops`, operations on a heap beside a model of it, under every manager; `cc_ops`, the same
//! for `Cc`; `python_source`, text through the Python front end.
#![forbid(unsafe_code)]

mod cc_ops;
mod heap_ops;
#[cfg(feature = "python")]
mod python_source;
mod random;
mod shrink;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

const USAGE: &str = "\
usage: twinheap-fuzz [heap_ops | cc_ops | python_source] [--seconds N | --cases N] [--seed N] [--only MANAGER] [--canary] [--verbose]
A case that ends the process is found with --verbose: its seed is the last one printed.";

struct Options {
    target: String,
    seconds: u64,
    cases: Option<u64>,
    seed: u64,
    only: Option<String>,
    canary: bool,
    verbose: bool,
}

fn options() -> Option<Options> {
    let mut options = Options {
        target: "heap_ops".into(),
        seconds: 10,
        cases: None,
        seed: 1,
        only: None,
        canary: false,
        verbose: false,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next()?.parse::<u64>().ok();
        match argument.as_str() {
            "--seconds" => options.seconds = number()?,
            "--cases" => options.cases = Some(number()?),
            "--seed" => options.seed = number()?,
            "--only" => options.only = Some(arguments.next()?),
            "--canary" => options.canary = true,
            "--verbose" => options.verbose = true,
            "heap_ops" | "cc_ops" => options.target = argument,
            #[cfg(feature = "python")]
            "python_source" => options.target = argument,
            _ => return None,
        }
    }
    Some(options)
}

/// Something that takes a seed: how much it tried, or what went wrong, as a story for people.
type Target = Box<dyn Fn(u64) -> Result<u64, String>>;

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let (canary, verbose) = (options.canary, options.verbose);
    let target: Option<Target> = match options.target.as_str() {
        "heap_ops" => heap_ops::target(options.only.as_deref(), canary, verbose),
        "cc_ops" => Some(cc_ops::target(canary)),
        #[cfg(feature = "python")]
        _ => Some(python_source::target(canary)),
        #[cfg(not(feature = "python"))]
        _ => None,
    };
    let Some(target) = target else {
        eprintln!("no manager of that name; there are {}", heap_ops::names());
        return ExitCode::from(2);
    };
    // A case that fails prints its own story; shrinking it would print a thousand others.
    std::panic::set_hook(Box::new(|_| {}));
    let begin = Instant::now();
    let (mut cases, mut tried) = (0_u64, 0_u64);
    let more = |cases: u64| match options.cases {
        Some(most) => cases < most,
        None => begin.elapsed() < Duration::from_secs(options.seconds),
    };
    while more(cases) {
        let seed = options.seed + cases;
        if verbose {
            eprintln!("seed {seed}");
        }
        match target(seed) {
            Ok(count) => tried += count,
            Err(story) => {
                println!("{}, seed {seed}: {story}", options.target);
                return if canary { ExitCode::SUCCESS } else { ExitCode::FAILURE };
            }
        }
        cases += 1;
    }
    println!(
        "{}: {cases} cases from seed {}, {tried} operations, {:.1} s: no failure",
        options.target,
        options.seed,
        begin.elapsed().as_secs_f64(),
    );
    if canary {
        println!("but the canary should have failed");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Runs `body`; a panic becomes an error.
fn quietly<T>(body: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        Err(format!("panic: {}", text.unwrap_or_default()))
    })
}
