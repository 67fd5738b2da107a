//! A source file, cut into code, comments and strings. Not a parser: it knows tokens and braces, nothing of grammar.

use std::path::Path;

/// Where Rust files are looked for.
const ROOTS: &[&str] = &["crates", "xtask", "bench", "fuzz"];

pub struct Source {
    /// From the top of the repository, with `/` between folders.
    pub path: String,
    pub lines: Vec<Line>,
    pub tokens: Vec<Token>,
}

pub struct Line {
    pub raw: String,
    /// The line with comments removed and the insides of strings and characters blanked.
    pub code: String,
    /// What its comments say, marks included.
    pub comment: String,
    /// Inside an item under `#[cfg(test)]`.
    pub test: bool,
}

/// A word, or one character of anything else, outside comments and strings; a string is the token `"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    /// Counted from 1.
    pub line: usize,
    pub test: bool,
}

impl Token {
    pub fn is_word(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphanumeric() || c == '_')
    }
}

impl Source {
    pub fn new(path: &str, text: &str) -> Source {
        let mut lines = cut(text);
        let mut tokens = tokens(&lines);
        mark_tests(&mut tokens, &mut lines);
        Source { path: path.to_owned(), lines, tokens }
    }

    pub fn in_library(&self) -> bool {
        self.path.starts_with("crates/twinheap/src/")
    }

    /// The lines that hold code, whole; comment lines empty, so that numbers stay.
    pub fn raw_code(&self) -> String {
        let keep = |line: &Line| if line.code.trim().is_empty() { String::new() } else { line.raw.clone() };
        self.lines.iter().map(|line| keep(line) + "\n").collect()
    }

    /// Files that hold tests and nothing else.
    pub fn is_test_file(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }

    /// The module path of a file under `src/`: `alloc/span.rs` is `["alloc", "span"]`, `lib.rs` and `main.rs` are `[]`.
    pub fn module(&self) -> Option<Vec<&str>> {
        let (_, inside) = self.path.split_once("/src/")?;
        let inside = inside.strip_suffix(".rs")?;
        Some(if matches!(inside, "lib" | "main") { Vec::new() } else { inside.split('/').collect() })
    }

    /// Whether the words of `pattern` (see `tokens_of`) follow one another from token `at` on.
    pub fn at(&self, at: usize, pattern: &[Token]) -> bool {
        self.tokens.len() >= at + pattern.len()
            && self.tokens[at..at + pattern.len()].iter().zip(pattern).all(|(a, b)| a.text == b.text)
    }
}

pub fn tokens_of(text: &str) -> Vec<Token> {
    tokens(&cut(text))
}

pub fn read_tree(top: &Path) -> Result<Vec<Source>, String> {
    let mut sources = Vec::new();
    for root in ROOTS {
        let folder = top.join(root);
        if folder.is_dir() {
            read_folder(&folder, root, &mut sources)?;
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    if sources.is_empty() { Err(format!("no Rust file under {}", top.display())) } else { Ok(sources) }
}

fn read_folder(folder: &Path, name: &str, sources: &mut Vec<Source>) -> Result<(), String> {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{name}: {e}"))?;
    for entry in entries {
        let entry = entry.map_err(|e| format!("{name}: {e}"))?;
        let file = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{name}/{file}");
        let kind = entry.file_type().map_err(|e| format!("{path}: {e}"))?;
        if kind.is_dir() && file != "target" && !file.starts_with('.') {
            read_folder(&entry.path(), &path, sources)?;
        } else if kind.is_file() && file.ends_with(".rs") {
            let text = std::fs::read_to_string(entry.path()).map_err(|e| format!("{path}: {e}"))?;
            sources.push(Source::new(&path, &text));
        }
    }
    Ok(())
}

/// What the scanner is inside of.
#[derive(Clone, Copy, PartialEq)]
enum Inside {
    Code,
    LineComment,
    BlockComment { depth: usize },
    String,
    RawString { hashes: usize },
}

fn cut(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut inside = Inside::Code;
    for raw in text.lines() {
        let chars: Vec<char> = raw.chars().collect();
        let (mut code, mut comment) = (String::new(), String::new());
        let mut at = 0;
        while at < chars.len() {
            let rest = &chars[at..];
            match inside {
                Inside::Code if rest.starts_with(&['/', '/']) => inside = Inside::LineComment,
                Inside::Code if rest.starts_with(&['/', '*']) => {
                    inside = Inside::BlockComment { depth: 1 };
                    comment.push_str("/*");
                    at += 2;
                }
                Inside::Code => at += code_step(rest, at > 0 && is_word(chars[at - 1]), &mut code, &mut inside),
                Inside::LineComment => {
                    comment.extend(rest);
                    at = chars.len();
                }
                Inside::BlockComment { depth } => {
                    let (step, now) = match rest {
                        ['*', '/', ..] => (2, depth - 1),
                        ['/', '*', ..] => (2, depth + 1),
                        _ => (1, depth),
                    };
                    comment.extend(&rest[..step]);
                    at += step;
                    inside = if now == 0 { Inside::Code } else { Inside::BlockComment { depth: now } };
                }
                Inside::String => match rest {
                    ['\\', ..] => at += 2,
                    ['"', ..] => {
                        code.push('"');
                        inside = Inside::Code;
                        at += 1;
                    }
                    _ => {
                        code.push(' ');
                        at += 1;
                    }
                },
                Inside::RawString { hashes } => {
                    if rest[0] == '"' && rest.len() > hashes && rest[1..=hashes].iter().all(|c| *c == '#') {
                        code.push('"');
                        inside = Inside::Code;
                        at += 1 + hashes;
                    } else {
                        code.push(' ');
                        at += 1;
                    }
                }
            }
        }
        if inside == Inside::LineComment {
            inside = Inside::Code;
        }
        lines.push(Line { raw: raw.to_owned(), code, comment, test: false });
    }
    lines
}

/// One step in code: a string begins, a character literal is skipped, or a character is taken. Answers how far it went.
fn code_step(rest: &[char], after_word: bool, code: &mut String, inside: &mut Inside) -> usize {
    if rest[0] == '"' {
        code.push('"');
        *inside = Inside::String;
        return 1;
    }
    if !after_word && matches!(rest[0], 'r' | 'b' | 'c') {
        let prefix = rest.iter().take_while(|c| matches!(c, 'r' | 'b' | 'c')).count();
        let hashes = rest[prefix..].iter().take_while(|c| **c == '#').count();
        if prefix <= 2 && rest[..prefix].contains(&'r') && rest.get(prefix + hashes) == Some(&'"') {
            code.push('"');
            *inside = Inside::RawString { hashes };
            return prefix + hashes + 1;
        }
    }
    if rest[0] == '\'' {
        // 'x' and '\…' are characters, anything else begins a lifetime or a label.
        if rest.get(1) == Some(&'\\') {
            let end = rest.iter().skip(3).position(|c| *c == '\'').map_or(rest.len(), |i| i + 4);
            code.push_str("' '");
            return end;
        }
        if rest.get(2) == Some(&'\'') {
            code.push_str("' '");
            return 3;
        }
    }
    code.push(rest[0]);
    1
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn tokens(lines: &[Line]) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut string_open = false;
    for (number, line) in lines.iter().enumerate() {
        let mut word = String::new();
        for c in line.code.chars().chain([' ']) {
            if is_word(c) {
                word.push(c);
                continue;
            }
            if !word.is_empty() {
                tokens.push(Token { text: std::mem::take(&mut word), line: number + 1, test: false });
            }
            // Both quotes of a string are in `code`; one token stands for the whole.
            if c == '"' {
                string_open = !string_open;
                if string_open {
                    continue;
                }
            }
            if !c.is_whitespace() {
                tokens.push(Token { text: c.to_string(), line: number + 1, test: false });
            }
        }
    }
    tokens
}

/// Marks what stands under `#[cfg(test)]`: up to the brace that closes the item, or its semicolon.
fn mark_tests(tokens: &mut [Token], lines: &mut [Line]) {
    let mut at = 0;
    while at < tokens.len() {
        if !["#", "[", "cfg", "(", "test", ")", "]"].iter().zip(&tokens[at..]).all(|(a, b)| *a == b.text)
            || tokens.len() - at < 7
        {
            at += 1;
            continue;
        }
        let mut end = at + 7;
        let mut depth = 0_usize;
        while end < tokens.len() {
            match tokens[end].text.as_str() {
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 && matches!(tokens[end].text.as_str(), "}" | ";") {
                break;
            }
            end += 1;
        }
        let last = end.min(tokens.len() - 1);
        for token in &mut tokens[at..=last] {
            token.test = true;
        }
        for line in &mut lines[tokens[at].line - 1..tokens[last].line] {
            line.test = true;
        }
        at = end + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Vec<String> {
        cut(text).into_iter().map(|line| line.code).collect()
    }

    #[test]
    fn comments_and_strings_are_not_code() {
        assert_eq!(code("a // b\nc /* d\n/* e */ f */ g"), ["a ", "c ", " g"]);
        assert_eq!(code(r#"x("y\"z") w"#), [r#"x("  ") w"#]);
        assert_eq!(code("r#\"a\"b\"# c \"d\ne\" f"), ["\"   \" c \" ", " \" f"]);
        assert_eq!(code(r"'{' '\'' '\u{7b}' 'a: loop"), ["' ' ' ' ' ' 'a: loop"]);
    }

    #[test]
    fn tokens_know_their_line_and_whether_they_are_tests() {
        let source = Source::new("x.rs", "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n");
        let word = |text: &str| source.tokens.iter().find(|t| t.text == text).unwrap();
        assert_eq!((word("a").line, word("a").test), (1, false));
        assert_eq!((word("b").line, word("b").test), (4, true));
        assert_eq!((word("c").line, word("c").test), (6, false));
        assert_eq!(source.lines.iter().map(|l| l.test).collect::<Vec<_>>(), [false, true, true, true, true, false]);
    }

    #[test]
    fn module_paths() {
        assert_eq!(Source::new("crates/twinheap/src/alloc/span.rs", "").module(), Some(vec!["alloc", "span"]));
        assert_eq!(Source::new("crates/twinheap/src/lib.rs", "").module(), Some(vec![]));
        assert_eq!(Source::new("crates/twinheap/tests/stress.rs", "").module(), None);
    }
}
