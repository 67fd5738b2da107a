//! `cargo xtask licences`: every package in the lock file against `licenses.allow` of deny.toml.
//!
//! This is the part of `cargo deny check licenses` that needs no tool but cargo: it reads what packages declare, not
//! the texts they carry. The list of allowed licences stands in deny.toml; a workspace of its own may have a deny.toml
//! with the same list and with exceptions for single packages.

use std::path::Path;
use std::process::{Command, ExitCode};

pub fn run(top: &Path) -> ExitCode {
    match check(top) {
        Ok((packages, refused)) if refused.is_empty() => {
            println!("licences: {packages} packages, all allowed by deny.toml");
            ExitCode::SUCCESS
        }
        Ok((_, refused)) => {
            for line in &refused {
                eprintln!("{line}");
            }
            eprintln!("licences: {} packages refused", refused.len());
            ExitCode::FAILURE
        }
        Err(problem) => {
            eprintln!("licences: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn check(top: &Path) -> Result<(usize, Vec<String>), String> {
    let deny = std::fs::read_to_string(top.join("deny.toml")).map_err(|e| format!("deny.toml: {e}"))?;
    let allowed = allowed(&deny)?;
    let mut refused = Vec::new();
    let mut count = 0;
    for workspace in ["Cargo.toml", "bench/Cargo.toml", "fuzz/Cargo.toml"] {
        let manifest = top.join(workspace);
        if !manifest.exists() {
            continue;
        }
        let packages = packages(&metadata(&manifest)?);
        if packages.is_empty() {
            return Err(format!("cargo metadata named no package for {workspace}"));
        }
        count += packages.len();
        let own = manifest.with_file_name("deny.toml");
        let own = if workspace == "Cargo.toml" { None } else { std::fs::read_to_string(own).ok() };
        if own.as_deref().map(self::allowed).transpose()?.is_some_and(|list| list != allowed) {
            return Err(format!("{workspace}: its deny.toml has another list of licences"));
        }
        let exceptions = own.as_deref().map(exceptions).unwrap_or_default();
        for (name, licence) in packages {
            let mut allowed = allowed.clone();
            allowed.extend(exceptions.iter().filter(|(of, _)| *of == name).map(|(_, licence)| licence.clone()));
            match licence {
                None => refused.push(format!("{workspace}: {name} declares no licence")),
                Some(licence) if !satisfied(&licence, &allowed) => {
                    refused.push(format!("{workspace}: {name} is under `{licence}`, which deny.toml does not allow"));
                }
                Some(_) => {}
            }
        }
    }
    Ok((count, refused))
}

fn metadata(manifest: &Path) -> Result<String, String> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["metadata", "--format-version", "1", "--filter-platform", "x86_64-unknown-linux-gnu"]);
    command.arg("--manifest-path").arg(manifest);
    let output = command.output().map_err(|e| format!("cargo metadata: {e}"))?;
    if output.status.success() {
        String::from_utf8(output.stdout).map_err(|e| format!("cargo metadata: {e}"))
    } else {
        Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// The strings of `allow = [ … ]` under `[licenses]`.
fn allowed(deny: &str) -> Result<Vec<String>, String> {
    let section = deny.split_once("\n[licenses]").ok_or("deny.toml has no [licenses]")?.1;
    let list = section.split_once("allow = [").and_then(|(_, rest)| rest.split_once(']')).ok_or("no `allow = [`")?.0;
    Ok(list.split('"').skip(1).step_by(2).map(str::to_owned).collect())
}

/// Package and licence of each line `{ crate = "…", allow = ["…"] },`.
fn exceptions(deny: &str) -> Vec<(String, String)> {
    let line = |line: &str| {
        let (name, licence) =
            line.trim().strip_prefix("{ crate = \"")?.strip_suffix("\"] },")?.split_once("\", allow = [\"")?;
        Some((name.to_owned(), licence.to_owned()))
    };
    let licences = deny.split_once("\n[licenses]").map_or("", |(_, rest)| rest);
    licences.lines().filter_map(line).collect()
}

/// Names and licences out of cargo's JSON, which writes the fields of a package in a fixed order: name, version, id,
/// license. Dependencies begin with a name too, but continue with their source.
fn packages(json: &str) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    for chunk in json.split("{\"name\":\"").skip(1) {
        let Some((name, rest)) = chunk.split_once('"') else { continue };
        if !rest.starts_with(",\"version\":") {
            continue;
        }
        let licence = rest.split_once("\"license\":").and_then(|(_, value)| value.strip_prefix('"'));
        found.push((name.to_owned(), licence.and_then(|v| v.split_once('"')).map(|(v, _)| v.to_owned())));
    }
    found
}

/// Whether an SPDX expression can be met with allowed licences only. `A/B` is the old way to write `A OR B`.
fn satisfied(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words: Vec<String> = Vec::new();
    for word in spaced.split_whitespace() {
        match words.last_mut() {
            Some(last) if word == "WITH" || last.ends_with(" WITH") => *last = format!("{last} {word}"),
            _ => words.push(word.to_owned()),
        }
    }
    let mut at = 0;
    either(&words, &mut at, allowed) && at == words.len()
}

fn either(words: &[String], at: &mut usize, allowed: &[String]) -> bool {
    let mut met = both(words, at, allowed);
    while words.get(*at).is_some_and(|w| w == "OR") {
        *at += 1;
        met |= both(words, at, allowed);
    }
    met
}

fn both(words: &[String], at: &mut usize, allowed: &[String]) -> bool {
    let mut met = one(words, at, allowed);
    while words.get(*at).is_some_and(|w| w == "AND") {
        *at += 1;
        met &= one(words, at, allowed);
    }
    met
}

fn one(words: &[String], at: &mut usize, allowed: &[String]) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if word == "(" {
        let met = either(words, at, allowed);
        *at += 1;
        return met;
    }
    allowed.contains(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allow() -> Vec<String> {
        allowed("\n[licenses]\nallow = [\n \"MIT\",\n \"Apache-2.0 WITH LLVM-exception\",\n \"Unicode-3.0\",\n]\n")
            .unwrap()
    }

    #[test]
    fn expressions() {
        for good in ["MIT", "GPL-3.0 OR MIT", "Apache-2.0/MIT", "(MIT OR GPL-2.0) AND Unicode-3.0"] {
            assert!(satisfied(good, &allow()), "{good}");
        }
        assert!(satisfied("Apache-2.0 WITH LLVM-exception OR Apache-2.0", &allow()));
        for bad in ["GPL-3.0", "MIT AND MPL-2.0", "Apache-2.0", "(GPL-2.0 OR LGPL-2.1) AND MIT", ""] {
            assert!(!satisfied(bad, &allow()), "{bad}");
        }
    }

    #[test]
    fn an_exception_is_for_one_package() {
        let deny = "\n[licenses]\nexceptions = [\n    # why\n    { crate = \"a\", allow = [\"MPL-2.0\"] },\n]\n";
        assert_eq!(exceptions(deny), [("a".to_owned(), "MPL-2.0".to_owned())]);
        assert_eq!(exceptions("\n[licenses]\nallow = [\"MIT\"]\n"), []);
    }

    #[test]
    fn metadata_is_read_and_a_missing_licence_is_seen() {
        let json = r#"{"packages":[{"name":"a","version":"1.0.0","id":"x","license":"MIT","dependencies":[{"name":"b",
            "source":"r"}]},{"name":"b","version":"2.0.0","id":"y","license":null}]}"#;
        assert_eq!(packages(json), [("a".to_owned(), Some("MIT".to_owned())), ("b".to_owned(), None)]);
    }
}
