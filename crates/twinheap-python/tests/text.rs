//! Formatting and `repr` against what CPython 3.13 answered (`data/text.tsv`, made by `data/make_text.py`).

use num_bigint::BigInt;
use std::collections::BTreeMap;
use twinheap_python::num::float;
use twinheap_python::text::format_spec::{FormatError, FormatSpec};
use twinheap_python::text::percent::{Conversion, Segment, Segments};
use twinheap_python::text::quote;

/// Undo Python's `unicode_escape`.
fn unescape(s: &str) -> String {
    let mut out = String::new();
    let mut chars = s.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let n = match chars.next().expect("an escape") {
            'n' => {
                out.push('\n');
                continue;
            }
            't' => {
                out.push('\t');
                continue;
            }
            'r' => {
                out.push('\r');
                continue;
            }
            'x' => 2,
            'u' => 4,
            'U' => 8,
            c => {
                out.push(c);
                continue;
            }
        };
        let hex: String = chars.by_ref().take(n).collect();
        out.push(char::from_u32(u32::from_str_radix(&hex, 16).expect("hex")).expect("a character"));
    }
    out
}

fn shown(r: Result<String, FormatError>) -> String {
    match r {
        Ok(s) => s,
        Err(FormatError::Value(m) | FormatError::Overflow(m)) => format!("!{m}"),
        Err(FormatError::Memory) => "!memory".into(),
    }
}

fn percent(text: &str, f: impl Fn(&Conversion<'_>) -> Result<String, FormatError>) -> String {
    let mut out = String::new();
    for s in Segments::new(text) {
        match s {
            Ok(Segment::Literal(l)) => out.push_str(l),
            Ok(Segment::Conversion(c)) => match f(&c) {
                Ok(s) => out.push_str(&s),
                e => return shown(e),
            },
            Err(m) => return format!("!{m}"),
        }
    }
    out
}

#[test]
fn everything_is_as_cpython_has_it() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for line in include_str!("data/text.tsv").lines() {
        let cells: Vec<String> = line.split('\t').map(unescape).collect();
        *seen.entry(cells[0].clone()).or_default() += 1;
        let float_of = |hex: &str| f64::from_bits(u64::from_str_radix(hex, 16).expect("hex"));
        let int_of = |s: &str| -> BigInt { s.parse().expect("an integer") };
        let got: Vec<String> = match cells[0].as_str() {
            "repr" => vec![float::repr(float_of(&cells[1]))],
            "round" => {
                let n = cells[2].parse().expect("places");
                let r = float::round(float_of(&cells[1]), n).map(float::repr);
                vec![r.unwrap_or("!rounded value too large to represent".into())]
            }
            "fmtf" => {
                let spec = FormatSpec::parse(&cells[2], "float");
                vec![shown(spec.and_then(|s| s.format_float(float_of(&cells[1]))))]
            }
            "fmti" => {
                let spec = FormatSpec::parse(&cells[2], "int");
                vec![shown(spec.and_then(|s| s.format_int(&int_of(&cells[1]), "int")))]
            }
            "fmts" => {
                let spec = FormatSpec::parse(&cells[2], "str");
                vec![shown(spec.and_then(|s| s.format_str(&cells[1])))]
            }
            "pctd" => vec![percent(&cells[2], |c| c.int(&int_of(&cells[1])))],
            "pctf" => vec![percent(&cells[2], |c| c.float(float_of(&cells[1])))],
            "pcts" => vec![percent(&cells[2], |c| c.text(&cells[1]))],
            "reprs" => vec![quote::repr_str(&cells[1]), quote::ascii_str(&cells[1])],
            "reprb" => {
                let hex = &cells[1];
                let bytes: Vec<u8> =
                    (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).expect("hex")).collect();
                vec![quote::repr_bytes(&bytes)]
            }
            "printable" => {
                let start: u32 = cells[1].parse().expect("a number");
                let n = (start..start + 4096)
                    .filter_map(char::from_u32)
                    .filter(|c| quote::is_printable_str(c.encode_utf8(&mut [0; 4])))
                    .count();
                vec![n.to_string()]
            }
            other => panic!("unknown kind {other}"),
        };
        let want = &cells[cells.len() - got.len()..];
        if got != want {
            wrong.push(format!("{cells:?}: got {got:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
    assert!(seen.len() == 11 && seen.values().all(|n| *n > 100), "{seen:?}");
}
