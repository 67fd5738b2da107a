//! The command `twinheap`: run a program under one memory manager, or under several and compare.
//!
//! The plot is short. `args.rs` turns words into a checked request; `run.rs` runs one program in this process;
//! `compare.rs` runs contenders as child processes (each is `twinheap run … --report FILE`, or a foreign interpreter)
//! and hands plain numbers to `report.rs`, where everything a human reads is made; `workloads.rs` holds the programs
//! that are built in. Nothing here manages memory: that is the library `twinheap`, through its public API only.
#![forbid(unsafe_code)]

mod args;
mod compare;
mod report;
mod run;
mod workloads;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;

/// Counts what programs hold outside the heap, so that it counts towards goals and limits.
#[global_allocator]
static ALLOCATOR: twinheap::outside::Counting<std::alloc::System> = twinheap::outside::Counting(std::alloc::System);

/// Why the command ends early.
enum Failure {
    /// The user asked for something impossible: exit status 2.
    Usage(String),
    /// It was possible but went wrong: exit status 1.
    Failed(String),
    /// Whoever read our output has gone away: nothing left to say.
    Closed,
    /// Ctrl-C: exit status 130, as shells count it.
    Interrupted,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::Closed,
            _ => Failure::Failed(error.to_string()),
        }
    }
}

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    let result = match &cli.command {
        args::Command::Run(args) => run::run(args),
        args::Command::Compare(args) => compare::compare(args),
        args::Command::Workloads => list_workloads(),
    };
    match result {
        Ok(code) => code,
        Err(Failure::Closed) => ExitCode::SUCCESS,
        Err(Failure::Usage(what)) => complain(&what, 2),
        Err(Failure::Failed(what)) => complain(&what, 1),
        Err(Failure::Interrupted) => complain("interrupted", 130),
    }
}

fn list_workloads() -> Result<ExitCode, Failure> {
    let mut out = io::stdout().lock();
    out.write_all(workloads::list().as_bytes())?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn complain(what: &str, status: u8) -> ExitCode {
    // With standard error closed as well there is nobody to tell.
    let _ = writeln!(io::stderr(), "twinheap: {what}");
    ExitCode::from(status)
}
