//! Where a measurement was made: versions, build flags, the machine.  Not the measuring (`run`).

use crate::{
    python::Python,
    run::home,
    suite::{Contender, Program},
};
use std::{fmt, fs, process::Command};

const MANIFEST: &str = include_str!("../Cargo.toml");
const LOCK: &str = include_str!("../Cargo.lock");

const PACKAGES: [&str; 9] = [
    "twinheap",
    "mimalloc",
    "libmimalloc-sys",
    "gc-arena",
    "jrsonnet-gcmodule",
    "rust-cc",
    "bacon_rajan_cc",
    "dumpster",
    "boa_gc",
];

/// Everything but the figures.
pub struct Environment {
    lines: Vec<String>,
    /// The load average at the time.
    pub load: String,
}

impl Environment {
    /// Asks the system and the tools.
    pub fn read(contenders: &[&Contender], python: Option<&Python>) -> Self {
        let has_go = contenders.iter().any(|c| matches!(c.program, Program::Go(_)));
        let packages = PACKAGES.map(|name| match version(name) {
            Some(version) => format!("{name} {version}"),
            None => format!("{name} missing from Cargo.lock"),
        });
        let mut lines = vec![
            format!("versions: {}{}", first_line("rustc", &["-V"]), if has_go { ", " } else { "" }),
            format!(
                "packages: {}; mimalloc is built as its package builds it by default (v3, not `secure`)",
                packages.join(", ")
            ),
            format!("source: {}", first_line("git", &["describe", "--always", "--dirty"])),
            format!(
                "build flags: {}; RUSTFLAGS={:?}",
                profile(MANIFEST).join(", "),
                std::env::var("RUSTFLAGS").unwrap_or_default()
            ),
            format!(
                "machine: {}, {} processors, {} MB, Linux {}",
                field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".into()),
                std::thread::available_parallelism().map_or(0, usize::from),
                field("/proc/meminfo", "MemTotal").and_then(|m| m.split(' ').next()?.parse::<u64>().ok()).unwrap_or(0)
                    / 1000,
                fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
            ),
        ];
        if has_go {
            lines[0] +=
                &format!("{}, built with `go build`, GOGC and GOMAXPROCS unset", first_line("go", &["version"]));
        }
        lines.extend(python.map(|python| format!("CPython {}: {}", python.version, python.built)));
        Environment { lines, load: Self::load() }
    }
    /// The load average now.
    pub fn load() -> String {
        let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        text.split(' ').take(3).collect::<Vec<_>>().join(" ")
    }
}
impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "* {line}"))
    }
}

fn first_line(program: &str, arguments: &[&str]) -> String {
    match Command::new(program).args(arguments).current_dir(home()).output() {
        Ok(out) => String::from_utf8_lossy(&out.stdout).lines().next().unwrap_or("unknown").to_owned(),
        Err(e) => format!("{program}: {e}"),
    }
}

/// The value of the first `name : value` line of a file under /proc.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The version of a package in the lock file.
fn version(name: &str) -> Option<&'static str> {
    let at = LOCK.split_once(&format!("\nname = \"{name}\"\nversion = \""))?.1;
    at.split('"').next()
}

/// The settings under `[profile.release]`.
fn profile(manifest: &str) -> Vec<&str> {
    let section = manifest.split_once("[profile.release]\n").map_or("", |(_, rest)| rest);
    section.lines().take_while(|line| !line.starts_with('[') && !line.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_measure_with_the_flags_that_we_ship_with() {
        let shipped = fs::read_to_string(home().join("../Cargo.toml")).unwrap();
        assert!(!profile(MANIFEST).is_empty());
        assert_eq!(profile(MANIFEST), profile(&shipped));
    }

    #[test]
    fn the_lock_file_names_the_peers() {
        assert!(PACKAGES.iter().all(|name| version(name).is_some()));
        assert_eq!(version("twinheap"), Some("0.1.0"));
    }
}
