//! The file of results, one line a round, appended in one write: whoever is killed loses the round he was in.
//! Not how a round is run.  Overview: `soak`.

use std::{fs, io::Write, path::Path, process::Command};

const HEADER: &str = "scenario,seed,round,threads,seconds,operations,collections,machine,commit,outcome\n";
pub const OK: &str = "ok";

pub struct Line {
    pub scenario: String,
    pub seed: u64,
    /// The how many-th of this scenario and commit.
    pub round: u64,
    pub threads: usize,
    pub seconds: f64,
    pub operations: u64,
    pub collections: u64,
    pub outcome: String,
}
/// Rounds of a scenario and commit so far: all of them, those that passed, and the seconds of these.
#[derive(Clone, Copy, Default)]
pub struct Done {
    pub rounds: u64,
    pub failed: u64,
    pub seconds: f64,
}

pub fn append(path: &Path, line: &Line, machine: &str, commit: &str) -> Result<(), String> {
    let say = |e: std::io::Error| format!("{}: {e}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(say)?
    }
    let mut file = fs::OpenOptions::new().create(true).append(true).open(path).map_err(say)?;
    let header = if file.metadata().map_err(say)?.len() == 0 { HEADER } else { "" };
    let Line { scenario, seed, round, threads, seconds, operations, collections, outcome } = line;
    let outcome = plain(outcome);
    let text = format!(
        "{header}{scenario},{seed},{round},{threads},{seconds:.2},{operations},{collections},{machine},{commit},{outcome}\n"
    );
    file.write_all(text.as_bytes()).map_err(say)
}
/// What is in the file about a scenario at a commit.
pub fn done(path: &Path, scenario: &str, commit: &str) -> Done {
    let mut done = Done::default();
    for line in fs::read_to_string(path).unwrap_or_default().lines() {
        let fields: Vec<&str> = line.split(',').collect();
        if let [of, _, _, _, seconds, _, _, _, at, outcome] = fields[..]
            && of == scenario
            && at == commit
        {
            done.rounds += 1;
            if outcome == OK { done.seconds += seconds.parse::<f64>().unwrap_or(0.0) } else { done.failed += 1 }
        }
    }
    done
}
/// The last commit that changed the library, with a `+` if its files differ from that.
pub fn commit(top: &Path) -> String {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(top).args(arguments).args(["--", "crates/twinheap/src", "crates/twinheap-derive/src"]);
        command
            .output()
            .ok()
            .filter(|out| out.status.success())
            .map(|out| String::from_utf8_lossy(&out.stdout).into_owned())
    };
    let Some(last) = git(&["log", "-1", "--format=%h", "--abbrev=10"]) else { return "unknown".into() };
    let changed = git(&["status", "--porcelain"]).is_none_or(|text| !text.trim().is_empty());
    format!("{}{}", last.trim(), if changed { "+" } else { "" })
}
pub fn machine() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    plain(&format!("{} x {processors} {}", model.map_or("unknown", |m| m.1), std::env::consts::OS))
}
/// One field: no commas, no line feeds, at most 200 characters.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c == ',' || c.is_control() { ' ' } else { c }).take(200).collect()
}
