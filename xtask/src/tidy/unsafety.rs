//! Where `unsafe` may stand, and what must stand beside it.
//!
//! All of it lies in crates/twinheap. A block or an implementation has a `SAFETY:` comment above it; a function or a
//! trait has a `# Safety` section in its documentation (an implementation of a trait's function has the trait's).

use super::source::Source;
use super::{Exceptions, Fault, fault};

/// The one crate with `unsafe`.
const HOME: &str = "crates/twinheap/";

/// The derive writes `unsafe impl` into its users' crates, on the library's behalf; it has none of its own.
const EMITS: &str = "crates/twinheap-derive/";

/// The word `unsafe` elsewhere: file, `unsafe`, and why.
const ELSEWHERE: &[(&str, &str, &str)] = &[];

/// Roots of crates that must say `#![forbid(unsafe_code)]`.
const FORBIDDING: &[&str] = &[
    "crates/twinheap-derive/src/lib.rs",
    "crates/twinheap-python/src/lib.rs",
    "crates/twinheap-cli/src/main.rs",
    "xtask/src/main.rs",
    "fuzz/src/main.rs",
    "fuzz/src/bin/soak.rs",
];

/// How many lines of code may stand between a `SAFETY:` comment and what it is about: a group of one reason.
const GROUP_LINES: usize = 6;

/// Samples that must not compile show misuse; they need no proofs.
const SAMPLES: &str = "crates/twinheap/tests/ui/";

pub fn check(sources: &[Source], faults: &mut Vec<Fault>) {
    let mut elsewhere = Exceptions::new("unsafe", ELSEWHERE);
    for source in sources {
        if FORBIDDING.contains(&source.path.as_str()) && !forbids(source) {
            faults.push(fault(&source.path, 1, "no `#![forbid(unsafe_code)]`"));
        }
        if source.path.starts_with(EMITS) {
            continue;
        }
        if !source.path.starts_with(HOME) {
            for token in source.tokens.iter().filter(|t| t.text == "unsafe") {
                if !elsewhere.grant(&source.path, "unsafe") {
                    faults.push(fault(&source.path, token.line, format!("`unsafe` outside {HOME}")));
                }
            }
        } else if !source.path.starts_with(SAMPLES) {
            proofs(source, faults);
        }
    }
    elsewhere.unused(faults);
    for root in FORBIDDING {
        if !sources.iter().any(|s| s.path == *root) {
            faults.push(fault(root, 1, "is not there, and should forbid unsafe code"));
        }
    }
}

fn forbids(source: &Source) -> bool {
    source.lines.iter().any(|line| line.code.trim() == "#![forbid(unsafe_code)]")
}

fn proofs(source: &Source, faults: &mut Vec<Fault>) {
    // Per open brace: whether it is the body of an implementation of a trait.
    let mut bodies = Vec::new();
    let mut header: Option<bool> = None;
    for (at, token) in source.tokens.iter().enumerate() {
        let next = |n: usize| source.tokens.get(at + n).map(|t| t.text.as_str()).unwrap_or_default();
        match token.text.as_str() {
            "impl"
                if at == 0 || matches!(source.tokens[at - 1].text.as_str(), "}" | ";" | "]" | "unsafe" | "{" | ")") =>
            {
                header = Some(false);
            }
            "for" if next(1) != "<" => {
                if let Some(of_trait) = &mut header {
                    *of_trait = true;
                }
            }
            ";" => header = None,
            "{" => bodies.push(header.take().unwrap_or(false)),
            "}" => {
                bodies.pop();
            }
            "unsafe" => match next(1) {
                "{" if !explained(source, token.line) => {
                    faults.push(fault(&source.path, token.line, "`unsafe` block without a `SAFETY:` comment above it"));
                }
                "impl" if !explained(source, token.line) => {
                    faults.push(fault(&source.path, token.line, "`unsafe impl` without a `SAFETY:` comment above it"));
                }
                "fn" if next(2) != "(" && bodies.last() != Some(&true) && !documented(source, token.line) => {
                    let message = format!("`unsafe fn {}` without a `# Safety` section", next(2));
                    faults.push(fault(&source.path, token.line, message));
                }
                "trait" if !documented(source, token.line) => {
                    let message = format!("`unsafe trait {}` without a `# Safety` section", next(2));
                    faults.push(fault(&source.path, token.line, message));
                }
                _ => {}
            },
            _ => {}
        }
    }
}

/// A `SAFETY:` comment on the line or above it, with at most `GROUP_LINES` lines of code between.
fn explained(source: &Source, line: usize) -> bool {
    let mut code_lines = 0;
    for line in source.lines[..line].iter().rev() {
        if line.comment.contains("SAFETY:") {
            return true;
        }
        if line.comment.is_empty() || !line.code.trim().is_empty() {
            code_lines += 1;
        }
        if code_lines > GROUP_LINES + 1 {
            return false;
        }
    }
    false
}

/// `# Safety` in the documentation above, attributes skipped.
fn documented(source: &Source, line: usize) -> bool {
    let mut inside_attribute = false;
    for line in source.lines[..line - 1].iter().rev() {
        if line.comment.contains("# Safety") {
            return true;
        }
        let code = line.code.trim();
        inside_attribute |= code.ends_with(")]");
        if line.raw.trim().is_empty() || !(code.is_empty() || inside_attribute || code.starts_with("#[")) {
            return false;
        }
        inside_attribute &= !code.starts_with("#[");
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(path: &str, text: &str) -> Vec<String> {
        let mut faults = Vec::new();
        check(&[Source::new(path, text)], &mut faults);
        faults.into_iter().map(|f| f.to_string()).filter(|f| !f.contains("is not there")).collect()
    }

    const FILE: &str = "crates/twinheap/src/a.rs";

    #[test]
    fn one_crate_has_unsafe() {
        assert!(faults("crates/twinheap-cli/src/a.rs", "fn f() { unsafe { g() } }")[0].contains("outside"));
        assert!(faults("bench/src/main.rs", "// SAFETY: x\nunsafe impl A for B {}")[0].contains("outside"));
        assert!(faults("crates/twinheap-cli/src/a.rs", "// unsafe\nconst A: &str = \"unsafe\";").is_empty());
    }

    #[test]
    fn the_others_forbid_it() {
        assert!(faults("xtask/src/main.rs", "//! A\n// #![forbid(unsafe_code)]\n")[0].contains("no `#![forbid"));
        assert!(faults("xtask/src/main.rs", "//! A\n#![forbid(unsafe_code)]\n").is_empty());
        let mut missing = Vec::new();
        check(&[], &mut missing);
        assert_eq!(missing.len(), FORBIDDING.len());
    }

    #[test]
    fn blocks_and_implementations_are_explained() {
        assert!(faults(FILE, "fn f() {\n    unsafe { g() }\n}")[0].contains("a.rs:2: `unsafe` block"));
        assert!(faults(FILE, "unsafe impl Send for A {}")[0].contains("`unsafe impl`"));
        assert!(
            faults(FILE, "// SAFETY: the one owner\nunsafe impl Send for A {}\nunsafe impl Sync for A {}").is_empty()
        );
        assert!(
            faults(FILE, "fn f() {\n    // SAFETY: a long\n    // proof\n    let x =\n        unsafe { g() };\n}")
                .is_empty()
        );
        let far = format!("// SAFETY: too far\n{}unsafe impl Send for A {{}}", "struct B;\n".repeat(7));
        assert_eq!(faults(FILE, &far).len(), 1);
    }

    #[test]
    fn functions_and_traits_are_documented() {
        assert!(faults(FILE, "/// Frees.\npub unsafe fn free() {}")[0].contains("`unsafe fn free` without"));
        assert!(faults(FILE, "/// # Safety\n\npub unsafe fn free() {}")[0].contains("`unsafe fn free` without"));
        assert!(faults(FILE, "/// # Safety\n/// owned\n#[inline]\npub unsafe fn free() {}").is_empty());
        assert!(faults(FILE, "/// # Safety\n/// owned\n#[a(\n    b = \"c\",\n)]\npub unsafe trait T {}").is_empty());
        assert!(faults(FILE, "pub unsafe trait T {}")[0].contains("`unsafe trait T` without"));
        assert!(faults(FILE, "struct S { f: unsafe fn(*mut u8) }").is_empty());
        let trait_body = "/// # Safety\n/// x\nunsafe trait T {\n    unsafe fn f();\n}\n";
        assert!(faults(FILE, trait_body)[0].contains("`unsafe fn f`"));
        assert!(faults(FILE, "impl<'a> T for A<'a> {\n    unsafe fn f() {}\n}").is_empty());
        assert!(faults(FILE, "impl A {\n    unsafe fn f() {}\n}")[0].contains("`unsafe fn f`"));
    }
}
