//! Chores of the repository: `cargo xtask tidy`, `cargo xtask licences`, `cargo xtask seeded`.
//!
//! Each command is one file. This crate depends on nothing, builds in a second, and is no part of what is shipped.
#![forbid(unsafe_code)]

mod licences;
mod seeded;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask tidy                check the rules of ARCHITECTURE.md that a reader of text can check
       cargo xtask licences            check the licence of every dependency against deny.toml
       cargo xtask seeded [NAME…]      check that every seeded bug (or the named ones) fails its test";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let top = top();
    match arguments.split_first() {
        Some((command, [])) if command == "tidy" => tidy::run(&top),
        Some((command, [])) if command == "licences" => licences::run(&top),
        Some((command, names)) if command == "seeded" => seeded::run(&top, names),
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// The repository, wherever the command was started from: cargo says so when it runs us, and said so when it built us.
fn top() -> PathBuf {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&own).parent().expect("xtask/ lies in the repository").to_path_buf()
}
