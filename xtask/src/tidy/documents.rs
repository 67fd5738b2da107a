//! What must exist, and that what ARCHITECTURE.md names in backticks does exist.

use super::{Fault, fault};
use std::path::Path;

const REQUIRED: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "GLOSSARY.md",
    "CHANGELOG.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "deny.toml",
    ".ci/run",
    "crates/twinheap-python/COMPATIBILITY.md",
];

/// Documents whose backticked paths must exist.
const CHECKED: &[&str] = &["ARCHITECTURE.md", "README.md", "GLOSSARY.md"];

/// Where a path may begin, beside the top of the repository.
const BASES: &[&str] = &["", "crates/twinheap/src", "crates/twinheap", "crates"];

/// A word in backticks is a path if it ends so.
const ENDINGS: &[&str] = &[".rs", ".md", ".toml", ".py", ".sh", ".txt", ".go", ".out", "/"];

/// Names that stand for any file.
const NO_PATHS: &[&str] = &["foo.rs", "foo/", "mod.rs"];

pub fn check(top: &Path, faults: &mut Vec<Fault>) {
    for file in REQUIRED {
        if !top.join(file).is_file() {
            faults.push(fault(file, 1, "is required, and is not there"));
        }
    }
    for file in CHECKED {
        let Ok(text) = std::fs::read_to_string(top.join(file)) else { continue };
        for (path, line) in paths(&text) {
            if !BASES.iter().any(|base| top.join(base).join(&path).exists()) {
                faults.push(fault(file, line, format!("`{path}` is not there")));
            }
        }
    }
}

/// Paths in backticks, outside fenced blocks, with their lines. A trailing `:12` is a line; `*`, `<` or `…` make a
/// pattern of it, which is left out.
fn paths(text: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        for quoted in line.split('`').skip(1).step_by(2) {
            let path = quoted.split(':').next().unwrap_or_default();
            let pattern = path.contains(['*', '<', '…', ' ', '{', '$', '~'])
                || path.starts_with(['/', '-', '.']) && path.len() < 5;
            if !pattern
                && !NO_PATHS.contains(&path)
                && ENDINGS.iter().any(|ending| path.ends_with(ending) && path.len() > ending.len())
            {
                found.push((path.to_owned(), number + 1));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_backticks() {
        let text =
            "see `alloc/os.rs:12` and `alloc/`, not `Gc<T>` or `foo.rs + foo/`\n```\n`b.rs`\n```\n`c.md` `*.py`\n";
        assert_eq!(paths(text), [("alloc/os.rs".to_owned(), 1), ("alloc/".to_owned(), 1), ("c.md".to_owned(), 5)]);
    }

    #[test]
    fn an_empty_repository_lacks_everything_and_a_dead_path_is_found() {
        let top = std::env::temp_dir().join(format!("twinheap-tidy-{}", std::process::id()));
        std::fs::create_dir_all(&top).unwrap();
        let mut faults = Vec::new();
        check(&top, &mut faults);
        assert_eq!(faults.len(), REQUIRED.len());
        std::fs::write(top.join("ARCHITECTURE.md"), "the map\n`gone/away.rs`\n").unwrap();
        faults.clear();
        check(&top, &mut faults);
        std::fs::remove_dir_all(&top).unwrap();
        assert_eq!(faults.len(), REQUIRED.len());
        assert!(faults.iter().any(|f| f.to_string() == "ARCHITECTURE.md:2: `gone/away.rs` is not there"));
    }
}
