//! Random source text through the Python front end, which answers with code or with a syntax error: it never panics,
//! never takes long, answers the same twice, and an error is at a place that exists.
//! Not here: running programs.

use crate::{quietly, random::Random, shrink::shrink};
use std::fmt::Write;
use std::time::{Duration, Instant};
use twinheap_python::compile::compile_mode;
use twinheap_python::parse::Mode;

/// The programs that mutations begin from.
const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");

/// Pieces of text that are put where they do and do not belong.
const PIECES: &[&str] = &[
    "if x:",
    "elif",
    "else:",
    "while 1:",
    "for x in y:",
    "for x, *y in z:",
    "try:",
    "except E as e:",
    "except:",
    "except*",
    "finally:",
    "with a as b, c:",
    "def f(a, /, b=1, *c, d, **e):",
    "class C(B, metaclass=M):",
    "lambda *a, **k: ",
    "return",
    "yield",
    "yield from ",
    "await ",
    "async ",
    "global x",
    "nonlocal x",
    "del x[0], (y)",
    "import a.b as c",
    "from . import *",
    "from __future__ import annotations",
    "pass",
    "break",
    "continue",
    "raise X from Y",
    "assert x, y",
    "match x:",
    "case {'a': [1, *_], **r}:",
    "case C(x=1) | D() as q if z:",
    "@d",
    "x: int = 3",
    "x = y = z",
    "x += 1",
    "x @= y",
    "x, *y = z",
    "(x := 1)",
    "[x for x in y if z]",
    "{x: y for x in z}",
    "{**a, 'b': 1}",
    "(x async for x in y)",
    "f'{x!r:>{w}}'",
    "f'{'",
    "f\"{x:{y:{z}}}\"",
    "'''",
    "\"\"\"",
    "b'\\xff'",
    "'\\N{DIGIT ONE}'",
    "'\\u12'",
    "r'\\'",
    "0x",
    "1_000",
    "1__0",
    "1e",
    "1e999",
    "0777",
    "1j",
    "0b102",
    "99999999999999999999999999",
    "x[1:2, ::3, ...]",
    "not",
    " is not ",
    " not in ",
    "**",
    "//=",
    "->",
    ":=",
    "...",
    ";",
    "\\\n",
    "\t",
    "    ",
    "\n",
    "\r",
    "\r\n",
    "\u{c}",
    "\0",
    "\u{feff}",
    "é",
    "𝒳",
    "‿",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    "=",
    "*",
    "~",
    "#",
    "# -*- coding: latin-1 -*-\n",
    "type X = int",
    "def f[T]():",
    "__class__",
    "super()",
    "print(",
    "__debug__",
    "None = 1",
];

/// What a seed stands for.
struct Input {
    text: Vec<u8>,
    mode: Mode,
}

pub fn target(canary: bool) -> crate::Target {
    let corpus: Vec<Vec<u8>> = corpus();
    Box::new(move |seed| {
        let input = input(&corpus, &mut Random::new(seed));
        let Err(problem) = check(&input.text, input.mode, canary) else { return Ok(1) };
        let small = shrink(&input.text, 4000, |text| check(text, input.mode, canary).is_err());
        let problem = check(&small, input.mode, canary).err().unwrap_or(problem);
        Err(format!("{:?} {problem}\n{:?}", input.mode, String::from_utf8_lossy(&small)))
    })
}

fn corpus() -> Vec<Vec<u8>> {
    let files = std::fs::read_dir(EXAMPLES).into_iter().flatten().flatten();
    let programs = files.map(|f| f.path()).filter(|path| path.extension().is_some_and(|e| e == "py"));
    let mut corpus: Vec<_> = programs.filter_map(|path| std::fs::read(path).ok()).collect();
    // A directory is listed in any order; seeds must mean the same everywhere.
    corpus.sort();
    corpus.push(PIECES.join("\n").into_bytes());
    corpus.push(PIECES.join(" ").into_bytes());
    corpus
}

fn input(corpus: &[Vec<u8>], random: &mut Random) -> Input {
    let mode = *random.pick(&[Mode::Exec, Mode::Exec, Mode::Exec, Mode::Eval, Mode::Single]);
    let mut text = match random.below(10) {
        0 => nested(random),
        1 | 2 => pieces(random),
        3 => lines(corpus, random),
        _ => random.pick(corpus).clone(),
    };
    for _ in 0..random.below(8) {
        mutate(&mut text, corpus, random);
    }
    text.truncate(60_000);
    Input { text, mode }
}

/// Something repeated until it is deep or long.
fn nested(random: &mut Random) -> Vec<u8> {
    let most = *random.pick(&[8, 150, 300, 5_000]);
    let count = 1 + random.below(most);
    let mut text = String::new();
    match random.below(9) {
        0 => (0..count).for_each(|i| _ = writeln!(text, "{}if x:", " ".repeat(i))),
        1 => (0..count).for_each(|i| _ = writeln!(text, "{}def f():\n{}global y", " ".repeat(i), " ".repeat(i + 1))),
        2 => text = format!("x{}", ".y".repeat(count)),
        3 => text = format!("x{}", "(1)".repeat(count)),
        4 => text = format!("{}x", "lambda: ".repeat(count)),
        5 => text = format!("x{}", " if y else z".repeat(count)),
        6 => (0..count.min(3_000)).for_each(|_| text += "try:\n x\nfinally:\n y\n"),
        _ => {
            let (piece, after) = (random.pick(PIECES), random.pick(PIECES));
            text = format!("{}x{}", piece.repeat(count), after.repeat(count));
        }
    }
    text.into_bytes()
}

fn pieces(random: &mut Random) -> Vec<u8> {
    let mut text = String::new();
    for _ in 0..1 + random.below(30) {
        text += *random.pick(PIECES);
        text += *random.pick(&[" ", "\n", "", "\n    ", "\n  "]);
    }
    text.into_bytes()
}

/// Lines of several programs, one after the other.
fn lines(corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut text = Vec::new();
    for _ in 0..1 + random.below(20) {
        let lines: Vec<_> = random.pick(corpus).split_inclusive(|&b| b == b'\n').collect();
        if !lines.is_empty() {
            text.extend_from_slice(random.pick::<&[u8]>(&lines));
        }
    }
    text
}

fn mutate(text: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
    let at = random.below(text.len() + 1);
    let end = (at + random.below(40)).min(text.len());
    match random.below(7) {
        0 => _ = text.drain(at..end),
        1 => _ = text.splice(at..end, random.pick(PIECES).bytes()),
        2 => _ = text.splice(at..at, random.pick(PIECES).bytes()),
        3 => _ = text.splice(at..at, text[at..end].to_vec().repeat(1 + random.below(4))),
        4 => {
            let other = random.pick(corpus);
            let from = random.below(other.len() + 1);
            let until = (from + random.below(200)).min(other.len());
            text.splice(at..at, other[from..until].iter().copied());
        }
        5 if at < text.len() => text[at] = random.word() as u8,
        _ if at < text.len() => text[at] ^= 1 << random.below(8),
        _ => {}
    }
}

fn check(text: &[u8], mode: Mode, canary: bool) -> Result<(), String> {
    let begin = Instant::now();
    let compile = || quietly(|| Ok(compile_mode(text, "fuzz.py", mode).map(|code| code.dis())));
    let first = compile()?;
    if begin.elapsed() > Duration::from_secs(10) {
        return Err(format!("takes {:?}", begin.elapsed()));
    }
    if let Err(error) = &first {
        let lines = text.split(|&b| b == b'\n' || b == b'\r').count() as u32;
        if error.line > lines + 1 || (error.line == 0 && error.col != 0) {
            return Err(format!("an error in line {}, column {} of {lines} lines", error.line, error.col));
        }
        let shown = quietly(|| Ok(error.to_string()))?;
        if shown.is_empty() || error.message.is_empty() {
            return Err("an error without words".into());
        }
        if canary && error.message.contains("indent") {
            return Err("the canary takes an error of indentation for a fault".into());
        }
    }
    match compile()? == first {
        true => Ok(()),
        false => Err("compiled twice, and the answers differ".into()),
    }
}
