//! Golden disassemblies, a check of every instruction's stack height, errors as they are shown, and sources made to break
//! the compiler.

use super::{compile_mode, compile_source};
use crate::bytecode::{CodeObject, Const, Op};
use crate::parse::{ErrorKind, Mode};
use proptest::prelude::*;
use std::sync::Arc;

fn ok(text: &str) -> Arc<CodeObject> {
    let code = compile_source(text.as_bytes(), "t.py").unwrap_or_else(|e| panic!("{e}\nin\n{text}"));
    check(&code);
    code
}

/// Follow every way through the code: heights agree where ways meet, never go below zero or above `max_stack`, handlers
/// find what they keep, every operand is in range.
fn check(code: &CodeObject) {
    let n = code.code.len();
    assert_eq!(code.locs.len(), n);
    let mut heights: Vec<Option<i32>> = vec![None; n];
    let mut todo = vec![(0usize, 0i32)];
    while let Some((pc, h)) = todo.pop() {
        assert!(pc < n, "runs off the end of {}", code.qualname);
        assert!(h >= 0 && h <= code.max_stack as i32, "height {h} at {pc} in\n{}", code.dis());
        match heights[pc] {
            Some(before) => {
                assert_eq!(before, h, "heights differ at {pc} in\n{}", code.dis());
                continue;
            }
            None => heights[pc] = Some(h),
        }
        let i = code.code[pc];
        if let Some(row) = code.handler(pc) {
            assert!(row.depth as i32 <= h, "handler keeps more than there is at {pc} in\n{}", code.dis());
            todo.push((row.target as usize, row.depth as i32 + 1));
        }
        if i.is_jump() {
            todo.push((i.arg as usize, h + i.stack_effect(true)));
        }
        if !i.ends_block() {
            todo.push((pc + 1, h + i.stack_effect(false)));
        }
        match i.op {
            Op::CompareJump | Op::CompareFastFastJump | Op::CompareFastIntJump => {
                let tail = code.code[pc + 1];
                let wanted = if i.jump_if_true() { Op::PopJumpIfTrue } else { Op::PopJumpIfFalse };
                assert_eq!((tail.op, tail.arg), (wanted, i.arg));
            }
            Op::ForIterFast => {
                let tail = code.code[pc + 1];
                assert_eq!((tail.op, tail.arg), (Op::StoreFast, i.a as u32));
            }
            Op::LoadConst | Op::ReturnConst => assert!((i.arg as usize) < code.consts.len()),
            Op::LoadFast | Op::LoadFastCheck | Op::StoreFast => assert!((i.arg as usize) < code.nlocals()),
            Op::LoadDeref | Op::StoreDeref | Op::LoadClosure | Op::MakeCell => {
                assert!((code.nlocals()..code.nslots()).contains(&(i.arg as usize)));
            }
            Op::LoadGlobal | Op::LoadAttr => {
                assert!((i.arg as usize) < code.names.len() && (i.a as u32) < code.cache_count);
            }
            Op::Jump => assert!(i.arg as usize > pc),
            Op::JumpBackward => assert!(i.arg as usize <= pc),
            _ => {}
        }
    }
    for c in &code.consts {
        if let Const::Code(c) = c {
            check(c);
        }
    }
}

fn error(text: &str) -> crate::parse::SyntaxError {
    match compile_source(text.as_bytes(), "t.py") {
        Err(e) => e,
        Ok(c) => panic!("compiles:\n{text}\n{}", c.dis()),
    }
}

/// The instructions of the one function in a source, without line numbers, then its handlers.
fn ops(text: &str) -> Vec<String> {
    let code = ok(text);
    let f = code
        .consts
        .iter()
        .find_map(|c| match c {
            Const::Code(c) => Some(c.clone()),
            _ => None,
        })
        .expect("a function");
    let tidy = |l: &str| l.split_whitespace().collect::<Vec<_>>().join(" ");
    // four columns of line number
    f.dis().lines().skip(1).map(|l| tidy(l.get(4..).unwrap_or(l))).collect()
}

#[test]
fn a_loop_is_fused() {
    let got = ops("def f(n):\n t = 0\n i = 0\n while i < n:\n  t = t + i * 2\n  i += 1\n return t\n");
    let want = [
        "0 LoadSmallInt 0",
        "1 StoreFast t",
        "2 LoadSmallInt 0",
        "3 StoreFast i",
        ">> 4 CompareFastFastJump unless i < n -> 13",
        "5 PopJumpIfFalse -> 13",
        "6 LoadFast t",
        "7 BinaryFastInt i * 2",
        "8 BinaryOp +",
        "9 StoreFast t",
        "10 BinaryFastInt i += 1",
        "11 StoreFast i",
        "12 JumpBackward -> 4",
        ">> 13 LoadFast t",
        "14 Return",
    ];
    assert_eq!(got, want);
}

#[test]
fn methods_attributes_and_loops_are_fused() {
    let got = ops("def f(self, x):\n for i in x:\n  self.a.b(i, k=self.c)\n  self.d = x[i]\n");
    let want = [
        "0 LoadFast x",
        "1 GetIter",
        ">> 2 ForIterFast i -> 13",
        "3 StoreFast i",
        "4 LoadFastAttr self.a",
        "5 LoadMethod b",
        "6 LoadFast i",
        "7 LoadFastAttr self.c",
        "8 CallKw 2 (\"k\") method",
        "9 PopTop",
        "10 SubscrFastFast x i",
        "11 StoreFastAttr self.d",
        "12 JumpBackward -> 2",
        ">> 13 ReturnConst None",
    ];
    assert_eq!(got, want);
}

#[test]
fn a_try_has_its_handlers_in_a_table() {
    let got = ops("def f():\n try:\n  g()\n except E as e:\n  h(e)\n");
    let want = [
        "0 LoadGlobal g",
        "1 Call 0",
        "2 PopTop",
        "3 Jump -> 24",
        ">> 4 PushExcInfo",
        "5 LoadGlobal E",
        "6 CheckExcMatch",
        "7 PopJumpIfFalse -> 22",
        "8 StoreFast e",
        "9 LoadGlobal h",
        "10 LoadFast e",
        "11 Call 1",
        "12 PopTop",
        "13 PopExcept",
        "14 LoadNone",
        "15 StoreFast e",
        "16 DeleteFast e",
        "17 Jump -> 24",
        ">> 18 LoadNone",
        "19 StoreFast e",
        "20 DeleteFast e",
        "21 Reraise",
        ">> 22 Reraise",
        ">> 23 PopExceptReraise",
        ">> 24 ReturnConst None",
        "handler 0..3 -> 4 depth 0",
        "handler 5..9 -> 23 depth 1",
        "handler 9..13 -> 18 depth 1",
        "handler 18..23 -> 23 depth 1",
    ];
    assert_eq!(got, want);
}

#[test]
fn every_example_compiles() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
    let mut n = 0;
    for entry in std::fs::read_dir(dir).expect("examples") {
        let path = entry.expect("entry").path();
        if path.extension().is_some_and(|e| e == "py") {
            let text = std::fs::read(&path).expect("readable");
            match compile_source(&text, &path.display().to_string()) {
                Ok(code) => check(&code),
                Err(e) => panic!("{e}"),
            }
            n += 1;
        }
    }
    assert!(n > 5, "found {n} examples");
}

#[test]
fn statements_of_all_kinds_keep_the_stack_level() {
    for text in [
        "for x in y:\n try:\n  continue\n finally:\n  z()\n",
        "while a:\n with b as c, d:\n  if e: break\n  continue\nelse:\n f()\n",
        "def f():\n for i in a:\n  try:\n   return i\n  except E as e:\n   return e\n  finally:\n   g()\n",
        "def f():\n while 1:\n  try:\n   x()\n  finally:\n   break\n return 1\n",
        "def f():\n for a in b:\n  with c:\n   return a + 1\n",
        "def f():\n try:\n  return x()\n finally:\n  return y()\n",
        "def f():\n try:\n  pass\n except A:\n  raise\n except (B, C) as e:\n  raise D from e\n except:\n  pass\n else:\n  x\n",
        "x = a < b < c == d\nif a < b < c: pass\nwhile not (a < b < c): pass\n",
        "x = [i for i in a if i if j for j in [i] for k in b]\n",
        "x = {i: (lambda: i) for i in a}\n{i for i in a}\n(i for i in a)\n",
        "a, (b, *c), d[e], f.g = h\n(a, b), c = d\na = b = c\n",
        "a, b = b, a\na, b, c = c, b, a\n",
        "a[b] += c\na.b -= c\na[b:c] *= d\na **= b\n",
        "f(*a, *b, c, **d, e=1, **g)\nf(a, b=c)\nx.y(a, b=c)\nx.y(*a)\nf(**a)\nf(a=1, **b)\n",
        "class A(B, metaclass=C, **d):\n '''doc'''\n x: int = 1\n def f(self): return super().f(__class__)\n",
        "class A(*b):\n pass\n",
        "@a\n@b(c)\ndef f(a, /, b=1, *c, d, e=2, **g):\n 'doc'\n yield\n x = yield a\n y = yield from b\n",
        "print(f'{a!r:>{w}.{p}} {b=} {{}} {c:%Y}' 'x' f'')\n",
        "from a.b import c as d, e\nimport a.b.c, d.e as f\nfrom . import x\nfrom m import *\n",
        "assert a, b\nassert a\ndel a, b[c], d.e, (f, g)\n",
        "global q\nq = 1\nif __debug__: pass\nx = a if b else c\nx = a and b or not c\nlambda a, *b, c=d: (yield)\n",
        concat!(
            "match x:\n case 1 | 2: a\n case [a, *_, b] if c: d\n case {'k': v, **r}: e\n case C(x, y=z): f\n",
            " case (1, 'a') as q: g\n case None: h\n case -1 | 1+2j: pass\n case [1, [2, *rest]]: pass\n",
            " case {}: pass\n case _: i\n"
        ),
        "match x:\n case [a, b] | (b, a, 1): pass\n case a.b: pass\n case y: pass\n",
        "match x:\n case (a, b, c) | [c, a, b, 1]: pass\n",
        "match x:\n case [a] | a: pass\n",
        "match x:\n case ([a] | a) as b if c: pass\n case d: e\n",
        "def f():\n x: int\n y: int = 1\n (z): int = 2\n a.b: c\n a[b]: c = d\n",
        "def f():\n del x\n x = 1\n def g():\n  nonlocal x\n  del x\n",
        "while True:\n pass\n",
        "while 0:\n x\nelse:\n y\nif 1: a\nelif b: c\nelse: d\n",
        "return_ = [*a, b, *c], {*a, b}, {**a, 'b': c}, (*a,)\n",
        "def f():\n return\n x = 1\n for i in x:\n  break\n with y: pass\n",
        "def f():\n raise\n try: x\n except: y\n finally: z\n",
    ] {
        ok(text);
    }
    ok(&format!("x = [{}]\n", "a, ".repeat(5000)));
    ok(&format!("x = {{{}}}\n", "a: b, ".repeat(5000)));
    ok(&format!("x = f'{}'\n", "{a} ".repeat(500)));
    ok(&format!("f({})\n", "a, ".repeat(500)));
    ok(&format!("x = ({})\n", "'a' ".repeat(5000)));
}

#[test]
fn locals_are_checked_only_where_they_may_be_unbound() {
    let got = ops("def f(a):\n if a:\n  b = 1\n print(b)\n print(b)\n del a\n return a\n");
    let checks = |got: &[String], what: &str| got.iter().filter(|l| l.ends_with(what)).count();
    assert_eq!((checks(&got, "LoadFastCheck b"), checks(&got, "LoadFastCheck a")), (1, 1), "{got:#?}");
    let got = ops("def f(a):\n try:\n  b = a()\n except E:\n  return b\n return b\n");
    assert_eq!(checks(&got, "LoadFastCheck b"), 1, "{got:#?}");
    let got = ops("def f(a):\n for b in a:\n  pass\n return b\n");
    assert_eq!(checks(&got, "LoadFastCheck b"), 1, "{got:#?}");
}

#[test]
fn constants_are_folded_within_bounds() {
    let code = ok("x = (1, -2, 2 ** 10, 'a' + 'b', 1 + 2j, 7 // 2, -7 % 3)\n");
    let shown = format!("{:?}", code.consts);
    assert!(shown.contains("Int(1024)") && shown.contains("\"ab\"") && shown.contains("Complex(1.0, 2.0)"), "{shown}");
    assert!(shown.contains("Int(3)") && shown.contains("Int(2)"), "{shown}");
    for text in [
        "x = True & True\n",
        "x = 2 ** 10**12\n",
        "x = 'a' * 10**15\n",
        "x = (1,) * 10**9\n",
        "x = 1 << 10**9\n",
        "x = 1 / 0\n",
    ] {
        assert!(ok(text).code.iter().any(|i| matches!(i.op, Op::BinaryOp | Op::BinaryTosInt)), "{text}");
    }
}

#[test]
fn errors_look_as_cpython_shows_them() {
    for (text, shown) in [
        ("x = (\n", "  File \"t.py\", line 1\n    x = (\n        ^\nSyntaxError: '(' was never closed"),
        (
            "def f():\n    return x +\n",
            "  File \"t.py\", line 2\n    return x +\n              ^\nSyntaxError: invalid syntax",
        ),
        (
            "if 1:\nx\n",
            "  File \"t.py\", line 2\n    x\n    ^\nIndentationError: expected an indented block after 'if' statement on line 1",
        ),
        ("a\n  b\n", "  File \"t.py\", line 2\n    b\nIndentationError: unexpected indent"),
        (
            "(a]\n",
            "  File \"t.py\", line 1\n    (a]\n      ^\nSyntaxError: closing parenthesis ']' does not match opening parenthesis '('",
        ),
        ("break\n", "  File \"t.py\", line 1\n    break\n    ^^^^^\nSyntaxError: 'break' outside loop"),
        (
            "f(a=1, a=2)\n",
            "  File \"t.py\", line 1\n    f(a=1, a=2)\n           ^^^\nSyntaxError: keyword argument repeated: a",
        ),
    ] {
        let got = error(text).to_string();
        // where CPython has no caret we may have one
        let strip =
            |s: &str| s.lines().filter(|l| !l.trim_matches([' ', '^']).is_empty()).collect::<Vec<_>>().join("\n");
        assert_eq!(strip(&got), strip(shown), "{text}");
    }
    for (text, message) in [
        ("if x\n pass\n", "expected ':'"),
        ("x = 'abc\n", "unterminated string literal (detected at line 1)"),
        ("x = '''abc\n\n", "unterminated triple-quoted string literal (detected at line 2)"),
        ("a)\n", "unmatched ')'"),
        ("1 = 2\n", "cannot assign to literal here. Maybe you meant '==' instead of '='?"),
        ("f() = 2\n", "cannot assign to function call here. Maybe you meant '==' instead of '='?"),
        ("None = 1\n", "cannot assign to None"),
        ("f(a=1, 2)\n", "positional argument follows keyword argument"),
        ("def f(a=1, b): pass\n", "parameter without a default follows parameter with a default"),
        ("*a = 1\n", "starred assignment target must be in a list or tuple"),
        ("a, *b, *c = d\n", "multiple starred expressions in assignment"),
        ("try:\n x\nexcept:\n y\nexcept A:\n z\n", "default 'except:' must be last"),
        ("from __future__ import braces\n", "not a chance"),
        (
            "x = 1\nfrom __future__ import annotations\n",
            "from __future__ imports must occur at the beginning of the file",
        ),
        ("continue\n", "'continue' not properly in loop"),
        ("match x:\n case _: a\n case 1: b\n", "wildcard makes remaining patterns unreachable"),
        ("match x:\n case a | b: a\n", "name capture 'a' makes remaining patterns unreachable"),
        ("match x:\n case [a, a]: a\n", "multiple assignments to name 'a' in pattern"),
        ("async def f(): pass\n", "'async' is not supported by this runtime"),
        ("x = '\\ud800'\n", "surrogates in string literals are not supported by this runtime"),
    ] {
        assert_eq!(error(text).message, message, "{text}");
    }
    assert_eq!(error("if 1:\n\tx\n        y\n").kind, ErrorKind::Tab);
    assert_eq!(error("if 1:\n    x\n  y\n").kind, ErrorKind::Indentation);
}

#[test]
fn bytes_that_are_no_text_are_an_error() {
    let e = compile_source(b"x = 1\ny = '\xff'\n", "t.py").expect_err("no UTF-8");
    assert!(e.message.starts_with("Non-UTF-8 code starting with '\\xff' in file t.py on line 2"), "{e}");
    assert!(compile_source(b"x\0y", "t.py").is_err());
    assert!(compile_source(b"\xef\xbb\xbfx = 1\n", "t.py").is_ok());
}

#[test]
fn what_stands_side_by_side_is_not_deep() {
    let n = 8000;
    for text in [
        "x=1;".repeat(n),
        format!("x = {}1\n", "1 and ".repeat(n)),
        format!("x = {}1\n", "1 or 2 and ".repeat(n)),
        format!("x = [{}]\n", "lambda a, b=1: a + b, ".repeat(n)),
        format!("x = [{}]\n", "1 if y else 2, ".repeat(n)),
        format!("x = ({}1)\n", "not a < b or c + d and ".repeat(n)),
        format!("{}1\n", "x = ".repeat(n)),
        format!("x = {}1\n", "1 < 1 + 1 in ".repeat(n / 2)),
        format!("f({})\n", "-1, ".repeat(n)),
    ] {
        assert!(compile_source(text.as_bytes(), "t.py").is_ok(), "{text:.40}");
    }
    // Rows do not hide what they lie in.
    for (text, message) in [
        ("1 and 2 if 3 and 4 else ", "expression is too complex: nested too deeply"),
        ("lambda a, b: 1 and ", "expression is too complex: nested too deeply"),
        ("not 1 and not ", "invalid syntax"),
    ] {
        assert!(error(&format!("x = {}1 +\n", text.repeat(200_000))).message.contains(message), "{text}");
    }
}

#[test]
fn what_nests_too_deep_is_an_error() {
    let n = 200_000;
    for (text, message) in [
        (format!("{}{}\n", "[".repeat(n), "]".repeat(n)), "too many nested parentheses"),
        ("(".repeat(n), "too many nested parentheses"),
        ("{".repeat(201), "too many nested parentheses"),
        (format!("x = {}1\n", "-".repeat(n)), "expression is too complex: nested too deeply"),
        (format!("x = {}1\n", "not ".repeat(n)), "expression is too complex: nested too deeply"),
        (format!("x = a{}\n", ".b".repeat(n)), "expression is too complex: nested too deeply"),
        (format!("x = a{}\n", "+b".repeat(n)), "expression is too complex: nested too deeply"),
        (format!("x = a{}\n", "()".repeat(n)), "expression is too complex: nested too deeply"),
        (format!("x = {}1\n", "lambda a, b: ".repeat(n)), "expression is too complex: nested too deeply"),
        (format!("x = {}1\n", "1 if 2 else ".repeat(n)), "expression is too complex: nested too deeply"),
        (format!("x = {}1\n", "lambda: ".repeat(300)), "too many nested functions, classes and comprehensions"),
    ] {
        assert_eq!(error(&text).message, message, "{:.40}", text);
    }
    let mut blocks = String::new();
    for i in 0..150 {
        blocks.push_str(&format!("{}if 1:\n", " ".repeat(i)));
    }
    assert_eq!(error(&blocks).message, "too many levels of indentation");
    let mut loops = String::new();
    for i in 0..21 {
        loops.push_str(&format!("{}for i in a:\n", " ".repeat(i)));
    }
    assert_eq!(error(&(loops + &" ".repeat(21) + "pass\n")).message, "too many statically nested blocks");
}

#[test]
fn what_nests_deep_but_not_too_deep_compiles() {
    ok(&format!("x = {}1{}\n", "[".repeat(190), "]".repeat(190)));
    ok(&format!("x = a{}\n", "+b".repeat(5_000)));
    ok(&format!("x = a{}\n", ".b".repeat(5_000)));
    ok(&format!("x = {}a\n", "not ".repeat(5_000)));
    ok(&format!("x = {}1\n", "lambda: ".repeat(150)));
    let mut elifs = "if a: pass\n".to_string();
    elifs.push_str(&"elif b: pass\n".repeat(20_000));
    ok(&elifs);
}

#[test]
fn eval_returns_its_value_and_single_prints() {
    let code = compile_mode(b" 1 + x", "<string>", Mode::Eval).expect("compiles");
    assert_eq!(code.code.last().map(|i| i.op), Some(Op::Return));
    let code = compile_mode(b"1 + x\n", "<stdin>", Mode::Single).expect("compiles");
    assert!(code.code.iter().any(|i| i.op == Op::PrintExpr));
    assert!(compile_mode(b"x = 1", "<string>", Mode::Eval).is_err());
}

const WORDS: &[&str] = &[
    "x",
    "y",
    "f",
    "1",
    "2.5",
    "'s'",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "=",
    "+",
    "*",
    "**",
    ".",
    "==",
    "<",
    "not ",
    "and ",
    "or ",
    "in ",
    "is ",
    "if ",
    "else ",
    "elif ",
    "for ",
    "while ",
    "def ",
    "class ",
    "return ",
    "yield ",
    "lambda ",
    "try:",
    "except ",
    "finally:",
    "with ",
    "as ",
    "import ",
    "from ",
    "global ",
    "nonlocal ",
    "del ",
    "pass",
    "break",
    "continue",
    "raise ",
    "assert ",
    "match ",
    "case ",
    ":=",
    "->",
    "@",
    "\n",
    "\n ",
    "\n  ",
    "\n\t",
    "async ",
    "await ",
    "f'{",
    "}'",
    "#",
    ";",
    "__x",
    "self",
    "super()",
    "\\\n",
    "é",
    "\u{0}",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Words in any order: an error or code that checks, never a panic.
    #[test]
    fn words_in_any_order_never_panic(picks in prop::collection::vec(0..WORDS.len(), 0..40)) {
        let text: String = picks.iter().map(|&i| WORDS[i]).collect();
        if let Ok(code) = compile_source(text.as_bytes(), "t.py") {
            check(&code);
        }
    }

    /// Bytes.
    #[test]
    fn bytes_in_any_order_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = compile_source(&bytes, "t.py");
    }

    /// Statements that parse, nested at random: the code always checks.
    #[test]
    fn random_programs_check(seed in prop::collection::vec(any::<u8>(), 1..80)) {
        let mut g = Gen { seed: &seed, at: 0 };
        let mut text = String::from("def f(a, b, *c, **d):\n");
        g.block(1, false, &mut text);
        if let Ok(code) = compile_source(text.as_bytes(), "t.py") {
            check(&code);
        }
    }
}

/// Programs out of bytes.
struct Gen<'a> {
    seed: &'a [u8],
    at: usize,
}

impl Gen<'_> {
    fn next(&mut self, n: u8) -> u8 {
        let b = self.seed.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        b % n
    }

    fn expr(&mut self, deep: u8) -> String {
        if deep == 0 || self.at >= self.seed.len() {
            return ["a", "b", "1", "'s'", "None"][self.next(5) as usize].into();
        }
        let mut e = || self.expr(deep - 1);
        let (x, y, z) = (e(), e(), e());
        match self.next(16) {
            0 => format!("({x} + {y})"),
            1 => format!("({x} < {y} < {z})"),
            2 => format!("({x} if {y} else {z})"),
            3 => format!("[{x} for a in {y} if {z}]"),
            4 => format!("{{b: {x} for b in {y}}}"),
            5 => format!("list({x} for a in {y} for q in [{z}])"),
            6 => format!("(lambda a=({x}): ({y}, a, b))"),
            7 => format!("a.m({x}, k={y})"),
            8 => format!("f(*{x}, **{y})"),
            9 => format!("({x} and {y} or not {z})"),
            10 => format!("f'{{{x}}} {{{y}!r:>{{{z}}}}}'").replace("'s'", "1"),
            11 => format!("{x}[{y}:{z}]"),
            12 => format!("(w := {x})"),
            13 => format!("[*{x}, {y}]"),
            14 => "(yield)".into(),
            _ => format!("{{(lambda: a) for a in {x}}}"),
        }
    }

    fn block(&mut self, indent: usize, in_loop: bool, out: &mut String) {
        let n = 1 + self.next(3);
        for _ in 0..n {
            let pad = " ".repeat(indent);
            let e = self.expr(2);
            if indent > 6 || self.at >= self.seed.len() {
                out.push_str(&format!("{pad}x = {e}\n"));
                continue;
            }
            match self.next(14) {
                0 => {
                    out.push_str(&format!("{pad}for x in {e}:\n"));
                    self.block(indent + 1, true, out);
                    out.push_str(&format!("{pad}else:\n"));
                    self.block(indent + 1, in_loop, out);
                }
                1 => {
                    out.push_str(&format!("{pad}while {e}:\n"));
                    self.block(indent + 1, true, out);
                }
                2 => {
                    out.push_str(&format!("{pad}try:\n"));
                    self.block(indent + 1, in_loop, out);
                    out.push_str(&format!("{pad}finally:\n"));
                    self.block(indent + 1, in_loop, out);
                }
                3 => {
                    out.push_str(&format!("{pad}try:\n"));
                    self.block(indent + 1, in_loop, out);
                    out.push_str(&format!("{pad}except {e} as x:\n"));
                    self.block(indent + 1, in_loop, out);
                    out.push_str(&format!("{pad}else:\n"));
                    self.block(indent + 1, in_loop, out);
                }
                4 => {
                    out.push_str(&format!("{pad}with {e} as (x, y), {e}:\n"));
                    self.block(indent + 1, in_loop, out);
                }
                5 => {
                    out.push_str(&format!("{pad}if {e}:\n"));
                    self.block(indent + 1, in_loop, out);
                    out.push_str(&format!("{pad}elif {e}:\n"));
                    self.block(indent + 1, in_loop, out);
                }
                6 => {
                    out.push_str(&format!("{pad}def g(q={e}):\n"));
                    self.block(indent + 1, false, out);
                }
                7 => {
                    out.push_str(&format!("{pad}class C({e}):\n"));
                    out.push_str(&format!("{pad} a = a\n"));
                }
                8 => out.push_str(&format!("{pad}return {e}\n")),
                9 if in_loop => out.push_str(&format!("{pad}break\n")),
                10 if in_loop => out.push_str(&format!("{pad}continue\n")),
                11 => out.push_str(&format!("{pad}a, (x, *y), b[{e}] = {e}\n")),
                12 => {
                    out.push_str(&format!("{pad}match {e}:\n{pad} case [a, *_, 1] | [a, 2]:\n"));
                    self.block(indent + 2, in_loop, out);
                    out.push_str(&format!("{pad} case {{'k': x, **y}} if {e}:\n"));
                    self.block(indent + 2, in_loop, out);
                }
                _ => out.push_str(&format!("{pad}x += {e}\n{pad}del a\n")),
            }
        }
    }
}
