//! First comments, widths, lengths, names of files, files that nobody declares; and the size of the library.

use super::source::Source;
use super::{Exceptions, Fault, fault};

const WIDTH_MAX: usize = 140;
const LINES_MAX: usize = 1_000;
pub const LIBRARY_LINES_AIM: usize = 10_000;

/// Files longer than `LINES_MAX`: file, `length`, and why it is one idea.
const LONG: &[(&str, &str, &str)] = &[];

pub fn check(sources: &[Source], faults: &mut Vec<Fault>) {
    let mut long = Exceptions::new("lengths", LONG);
    for source in sources {
        let path = &source.path;
        if source.lines.first().is_none_or(|line| !line.raw.starts_with("//!")) {
            faults.push(fault(
                path,
                1,
                "opens with no `//!` comment: what it is, what it is not, where the overview lives",
            ));
        }
        if path.ends_with("/mod.rs") {
            faults.push(fault(path, 1, "`mod.rs`: write `foo.rs` beside `foo/`"));
        }
        for (number, line) in source.lines.iter().enumerate() {
            let width = line.raw.chars().count();
            if width > WIDTH_MAX {
                faults.push(fault(path, number + 1, format!("{width} columns, at most {WIDTH_MAX}")));
            }
        }
        let length = source.lines.len();
        if length > LINES_MAX && !long.grant(path, "length") {
            faults.push(fault(path, length, format!("{length} lines, at most {LINES_MAX}: which two ideas is this?")));
        }
        undeclared(source, sources, faults);
    }
    long.unused(faults);
}

/// A file under `src/` that no `mod name;` of its parent brings in is never compiled.
fn undeclared(source: &Source, sources: &[Source], faults: &mut Vec<Fault>) {
    let Some((root, inside)) = source.path.split_once("/src/") else { return };
    if matches!(inside, "lib.rs" | "main.rs") || inside.starts_with("bin/") {
        return;
    }
    let module = source.module().unwrap_or_default();
    let Some((name, above)) = module.split_last() else { return };
    let parents = match above {
        [] => vec![format!("{root}/src/lib.rs"), format!("{root}/src/main.rs")],
        _ => vec![format!("{root}/src/{}.rs", above.join("/"))],
    };
    let declared = sources.iter().filter(|s| parents.contains(&s.path)).any(|parent| {
        parent
            .tokens
            .windows(3)
            .any(|w| w[0].text == "mod" && w[1].text == *name && matches!(w[2].text.as_str(), ";" | "{"))
    });
    if !declared {
        faults.push(fault(&source.path, 1, format!("no `mod {name};` in {}: a dead file", parents.join(" or "))));
    }
}

/// Lines of crates/twinheap/src without and within tests.
pub fn library_size(sources: &[Source]) -> (usize, usize) {
    let mut size = (0, 0);
    for source in sources.iter().filter(|s| s.in_library()) {
        for line in &source.lines {
            if line.test || source.is_test_file() {
                size.1 += 1;
            } else {
                size.0 += 1;
            }
        }
    }
    size
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(sources: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<Source> = sources.iter().map(|(path, text)| Source::new(path, text)).collect();
        let mut faults = Vec::new();
        check(&sources, &mut faults);
        faults.into_iter().map(|f| f.to_string()).collect()
    }

    #[test]
    fn a_good_file_has_no_faults() {
        assert!(faults(&[("xtask/src/main.rs", "//! A\nmod a;"), ("xtask/src/a.rs", "//! B\n")]).is_empty());
    }

    #[test]
    fn first_comments() {
        assert!(faults(&[("bench/src/lib.rs", "use a;\n//! late\n")])[0].contains("opens with no"));
        assert!(faults(&[("bench/src/lib.rs", "")])[0].contains("opens with no"));
    }

    #[test]
    fn widths_and_lengths() {
        let wide = format!("//! A\n// {}\n", "é".repeat(138));
        assert!(faults(&[("fuzz/src/main.rs", &wide)])[0].contains("main.rs:2: 141 columns"));
        let long = "//! A\n".repeat(1_001);
        assert!(faults(&[("fuzz/src/main.rs", &long)])[0].contains("1001 lines"));
    }

    #[test]
    fn names_and_dead_files() {
        let lib = ("crates/x/src/lib.rs", "//! A\nmod a;\n");
        assert!(faults(&[lib, ("crates/x/src/a/mod.rs", "//! B")]).iter().any(|f| f.contains("`mod.rs`")));
        assert!(faults(&[lib, ("crates/x/src/b.rs", "//! B")])[0].contains("no `mod b;`"));
        assert!(
            faults(&[lib, ("crates/x/src/a.rs", "//! A"), ("crates/x/src/a/b.rs", "//! B")])[0].contains("no `mod b;`")
        );
    }

    #[test]
    fn size_leaves_tests_out() {
        let text = "//! A\nfn a() {}\n#[cfg(test)]\nmod tests {\n}\n";
        assert_eq!(library_size(&[Source::new("crates/twinheap/src/a.rs", text)]), (2, 3));
        assert_eq!(library_size(&[Source::new("crates/twinheap-cli/src/a.rs", text)]), (0, 0));
    }
}
