//! What is never written: half-done marks, silenced warnings, and the words that GLOSSARY.md has settled.

use super::source::{Source, Token, tokens_of};
use super::{Exceptions, Fault, fault};

/// Where a rule holds.
#[derive(Clone, Copy, PartialEq)]
enum Where {
    Everywhere,
    /// crates/twinheap/src, its tests left out.
    Library,
}

/// Code that is never written, as its tokens; and why. (Split here and there, so that a search for the marks
/// themselves does not find this table.)
const NEVER: &[(&str, Where, &str)] = &[
    (concat!("todo", "!"), Where::Everywhere, "finish it, or leave it out and say so"),
    (concat!("unimplemented", "!"), Where::Everywhere, "finish it, or leave it out and say so"),
    ("dbg!", Where::Everywhere, "left over from looking for a fault"),
    (concat!("#[", "ignore"), Where::Everywhere, "a test runs, or it is no test; long ones belong to bench/"),
    (concat!("allow(", "dead_code"), Where::Everywhere, "what nobody calls goes away"),
    (concat!("expect(", "dead_code"), Where::Everywhere, "what nobody calls goes away"),
    ("allow(unused", Where::Library, "what nobody uses goes away"),
    ("allow(warnings", Where::Everywhere, "a warning is answered"),
    ("static mut", Where::Everywhere, "two heaps in one process share nothing"),
    ("println!", Where::Library, "a library returns text; the command prints it"),
    ("print!", Where::Library, "a library returns text; the command prints it"),
    ("process::exit", Where::Library, "a library answers with an error"),
    ("process::abort", Where::Library, "a limit answers, it never aborts"),
];

/// Code that is written all the same: file, what, and why.
const GRANTED: &[(&str, &str, &str)] = &[];

/// Marks that are never written, in code or comments, as whole words.
const MARKS: &[&str] = &[concat!("FIX", "ME"), concat!("XX", "X"), concat!("TO", "DO"), concat!("HA", "CK")];

/// Parts of the names of types that GLOSSARY.md has settled otherwise, with what to say.
const TYPE_NAMES: &[(&str, &str)] = &[
    ("GC", "the whole is a heap, its policy a manager (`Gc…` is the handle; `gc` is Python's module)"),
    ("Collector", "say manager; a run of one is a collection"),
    ("Pause", "say hold-up, or stop"),
    ("Tracer", "collectors mark and visit; observability has events"),
];

pub fn check(sources: &[Source], faults: &mut Vec<Fault>) {
    let never: Vec<(Vec<Token>, &str, Where, &str)> =
        NEVER.iter().map(|(text, place, why)| (tokens_of(text), *text, *place, *why)).collect();
    let mut granted = Exceptions::new("words", GRANTED);
    for source in sources {
        for (at, token) in source.tokens.iter().enumerate() {
            for (pattern, text, place, why) in &never {
                let here = *place == Where::Everywhere || source.in_library() && !token.test && !source.is_test_file();
                if here && source.at(at, pattern) && !granted.grant(&source.path, text) {
                    faults.push(fault(&source.path, token.line, format!("`{text}`: {why}")));
                }
            }
        }
        marks(source, faults);
        if source.in_library() {
            type_names(source, faults);
        }
    }
    granted.unused(faults);
}

fn marks(source: &Source, faults: &mut Vec<Fault>) {
    for (number, line) in source.lines.iter().enumerate() {
        let words =
            |text: &str, mark: &str| text.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|w| w == mark);
        for mark in MARKS {
            if words(&line.comment, mark) || words(&line.code, mark) {
                faults.push(fault(&source.path, number + 1, format!("`{mark}`: do it, or write an issue")));
            }
        }
    }
}

fn type_names(source: &Source, faults: &mut Vec<Fault>) {
    for pair in source.tokens.windows(2) {
        let [keyword, name] = pair else { continue };
        if !matches!(keyword.text.as_str(), "struct" | "enum" | "trait" | "type" | "union") || !name.is_word() {
            continue;
        }
        for (part, say) in TYPE_NAMES {
            if name.text.contains(part) {
                faults.push(fault(&source.path, name.line, format!("`{}`: {say}", name.text)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(path: &str, text: &str) -> Vec<String> {
        let mut faults = Vec::new();
        check(&[Source::new(path, text)], &mut faults);
        faults.into_iter().map(|f| f.to_string()).collect()
    }

    const FILE: &str = "crates/twinheap/src/a.rs";

    #[test]
    fn each_entry_of_the_list_is_found_in_code_and_not_in_quotations() {
        for (text, _, _) in NEVER {
            let found = faults(FILE, &format!("//! A\n{text}"));
            assert!(found.len() == 1 && found[0].starts_with("crates/twinheap/src/a.rs:2: "), "{text}: {found:?}");
            assert!(faults(FILE, &format!("// {text}\nconst A: &str = \"{text}\";")).is_empty(), "{text}");
        }
    }

    #[test]
    fn printing_is_for_commands_and_tests() {
        assert!(faults("crates/twinheap-cli/src/main.rs", "fn f() { println!() }").is_empty());
        assert!(faults(FILE, "#[cfg(test)]\nmod tests { fn f() { println!() } }").is_empty());
        assert!(faults(FILE, "fn f() { eprintln!() }").is_empty());
    }

    #[test]
    fn marks_are_found_in_comments_too() {
        for mark in MARKS {
            assert!(faults("xtask/src/a.rs", &format!("//! A\n// {mark}: later"))[0].contains("a.rs:2: "), "{mark}");
            assert!(faults("xtask/src/a.rs", &format!("const A: &str = \"{mark}\"; // my{mark}s")).is_empty());
        }
    }

    #[test]
    fn names_of_types() {
        assert!(faults(FILE, "pub struct GCHeap;")[0].contains("`GCHeap`"));
        assert!(faults(FILE, "trait Collector {}")[0].contains("say manager"));
        assert!(faults(FILE, "enum MaxPause {}")[0].contains("hold-up"));
        assert!(faults(FILE, "pub struct GcCell; trait Trace {}").is_empty());
    }
}
