//! Runs a script under a manager: `cargo run --release -p twinheap-python --example script -- refcount FILE [ARG…]`.
//! The tests of this crate run it too; `MAX_HEAP` and `ZEAL` in the environment are knobs. Not the command: that is
//! `twinheap run`.

use std::sync::atomic::AtomicBool;
use twinheap_python::{Options, run_named};

#[global_allocator]
static GLOBAL: twinheap::outside::Counting<std::alloc::System> = twinheap::outside::Counting(std::alloc::System);
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

fn main() {
    let mut args = std::env::args().skip(1);
    let (Some(manager), Some(path)) = (args.next(), args.next()) else {
        eprintln!("usage: script MANAGER FILE [ARG…]");
        std::process::exit(2)
    };
    let number = |name| std::env::var(name).ok().and_then(|s| s.parse().ok());
    let config = twinheap::Config {
        max_heap_bytes: number("MAX_HEAP"),
        zeal: number("ZEAL").map(|n| n as u32),
        outside_bytes: Some(twinheap::outside::outside_bytes),
        ..twinheap::Config::default()
    };
    let interrupt = twinheap::process::on_interrupt(&INTERRUPTED).is_ok().then_some(&INTERRUPTED);
    match run_named(&manager, Options { path: path.into(), argv: args.collect(), config, interrupt }) {
        Ok(outcome) => std::process::exit(outcome.exit_status),
        Err(e) => {
            eprintln!("script: {e}");
            std::process::exit(2)
        }
    }
}
