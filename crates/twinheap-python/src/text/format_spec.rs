//! The format mini-language: `[[fill]align][sign][z][#][0][width][grouping][.precision][type]`, applied to integers, floats
//! and strings. What `format(v, spec)` and f-strings do for built-in types; errors are in CPython's words.

use crate::num::float;
use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};

/// Results longer than this are refused as a `MemoryError`.
const MAX_LENGTH: usize = 1 << 31;

/// Why a value cannot be formatted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormatError {
    /// `ValueError` with this message.
    Value(String),
    /// `OverflowError` with this message.
    Overflow(String),
    /// `MemoryError`
    Memory,
}

fn value<T>(message: impl Into<String>) -> Result<T, FormatError> {
    Err(FormatError::Value(message.into()))
}

/// Digits between separators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// None.
    No,
    /// `,`
    Comma,
    /// `_`
    Underscore,
}

/// A parsed format specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatSpec {
    /// Padding.
    pub fill: char,
    /// `<`, `>`, `=` or `^`, if given (or `=` by a leading zero).
    pub align: Option<char>,
    /// `+`, `-` or blank, if given.
    pub sign: Option<char>,
    /// `z`: no negative zero.
    pub no_negative_zero: bool,
    /// `#`
    pub alternate: bool,
    /// Least width.
    pub width: usize,
    /// Separators.
    pub grouping: Grouping,
    /// Places.
    pub precision: Option<usize>,
    /// Type letter.
    pub ty: Option<char>,
}

impl FormatSpec {
    /// Parse. `type_name` is the class of what is to be formatted: `str` has defaults of its own, and errors name it.
    pub fn parse(spec: &str, type_name: &str) -> Result<FormatSpec, FormatError> {
        let chars: Vec<char> = spec.chars().collect();
        let is_align = |c: Option<&char>| c.is_some_and(|c| "<>=^".contains(*c));
        let mut out = FormatSpec {
            fill: ' ',
            align: None,
            sign: None,
            no_negative_zero: false,
            alternate: false,
            width: 0,
            grouping: Grouping::No,
            precision: None,
            ty: None,
        };
        let mut at = 0;
        let mut fill_given = false;
        if is_align(chars.get(1)) {
            (out.fill, out.align) = (chars[0], Some(chars[1]));
            fill_given = true;
            at = 2;
        } else if is_align(chars.first()) {
            out.align = Some(chars[0]);
            at = 1;
        }
        if let Some(c @ ('+' | '-' | ' ')) = chars.get(at) {
            out.sign = Some(*c);
            at += 1;
        }
        if chars.get(at) == Some(&'z') {
            out.no_negative_zero = true;
            at += 1;
        }
        if chars.get(at) == Some(&'#') {
            out.alternate = true;
            at += 1;
        }
        if !fill_given && chars.get(at) == Some(&'0') {
            out.fill = '0';
            // strings are padded on the right as ever
            if out.align.is_none() && type_name != "str" {
                out.align = Some('=');
            }
            at += 1;
        }
        out.width = number(&chars, &mut at)?.unwrap_or(0);
        let mut both = false;
        if chars.get(at) == Some(&',') {
            out.grouping = Grouping::Comma;
            at += 1;
        }
        if chars.get(at) == Some(&'_') {
            both = out.grouping == Grouping::Comma;
            out.grouping = Grouping::Underscore;
            at += 1;
        }
        if chars.get(at) == Some(&',') && out.grouping == Grouping::Underscore {
            both = true;
        }
        if both {
            return value("Cannot specify both ',' and '_'.");
        }
        if chars.get(at) == Some(&'.') {
            at += 1;
            match number(&chars, &mut at)? {
                Some(p) => out.precision = Some(p),
                None => return value("Format specifier missing precision"),
            }
        }
        match chars.len() - at {
            0 => {}
            1 => out.ty = Some(chars[at]),
            _ => return value(format!("Invalid format specifier '{spec}' for object of type '{type_name}'")),
        }
        if out.grouping != Grouping::No {
            let ok = match out.ty {
                None => type_name != "str",
                Some('d' | 'e' | 'f' | 'g' | 'E' | 'G' | 'F' | '%') => true,
                Some('b' | 'o' | 'x' | 'X') => out.grouping == Grouping::Underscore,
                _ => false,
            };
            if !ok {
                let sep = if out.grouping == Grouping::Comma { ',' } else { '_' };
                let ty = out.ty.unwrap_or('s');
                return value(match ty as u32 {
                    33..=127 => format!("Cannot specify '{sep}' with '{ty}'."),
                    code => format!("Cannot specify '{sep}' with '\\x{code:x}'."),
                });
            }
        }
        Ok(out)
    }

    fn unknown<T>(&self, type_name: &str) -> Result<T, FormatError> {
        let ty = self.ty.unwrap_or(' ');
        value(match ty as u32 {
            33..=127 => format!("Unknown format code '{ty}' for object of type '{type_name}'"),
            code => format!("Unknown format code '\\x{code:x}' for object of type '{type_name}'"),
        })
    }

    /// Characters that width and precision ask for, whatever the value. (A string's precision only cuts.)
    pub fn least_size(&self) -> usize {
        let precision = if matches!(self.ty, None | Some('s')) { 0 } else { self.precision.unwrap_or(0) };
        self.width.saturating_add(precision)
    }

    fn check_length(&self) -> Result<(), FormatError> {
        match self.width.max(self.precision.unwrap_or(0)) > MAX_LENGTH {
            true => Err(FormatError::Memory),
            false => Ok(()),
        }
    }

    /// Pad to the width.
    fn pad(&self, text: &str, default_align: char) -> String {
        let n = text.chars().count();
        let missing = self.width.saturating_sub(n);
        if missing == 0 {
            return text.to_string();
        }
        let (left, right) = match self.align.unwrap_or(default_align) {
            '<' => (0, missing),
            '^' => (missing / 2, missing - missing / 2),
            _ => (missing, 0),
        };
        let mut out = String::with_capacity(text.len() + missing * self.fill.len_utf8());
        out.extend(std::iter::repeat_n(self.fill, left));
        out.push_str(text);
        out.extend(std::iter::repeat_n(self.fill, right));
        out
    }

    /// A number of parts: sign, prefix, digits before the point, and the rest; grouped and padded.
    fn number(&self, negative: bool, prefix: &str, whole: &str, rest: &str, group: usize) -> String {
        let sign = match (negative, self.sign) {
            (true, _) => "-",
            (_, Some('+')) => "+",
            (_, Some(' ')) => " ",
            _ => "",
        };
        let inner = self.align == Some('=');
        let separator = match self.grouping {
            Grouping::No => None,
            Grouping::Comma => Some(','),
            Grouping::Underscore => Some('_'),
        };
        let fixed = sign.len() + prefix.len() + rest.chars().count();
        // zeros that fill inside the number are grouped too
        let least = if inner && self.fill == '0' { self.width.saturating_sub(fixed) } else { 0 };
        let whole = group_digits(whole, separator, group, least);
        let body = format!("{sign}{prefix}{whole}{rest}");
        if inner {
            let missing = self.width.saturating_sub(body.chars().count());
            let mut out = String::with_capacity(body.len() + missing * self.fill.len_utf8());
            out.push_str(sign);
            out.push_str(prefix);
            out.extend(std::iter::repeat_n(self.fill, missing));
            out.push_str(&whole);
            out.push_str(rest);
            return out;
        }
        self.pad(&body, '>')
    }

    /// `format(text, spec)`
    pub fn format_str(&self, text: &str) -> Result<String, FormatError> {
        if !matches!(self.ty, None | Some('s')) {
            return self.unknown("str");
        }
        match self.sign {
            Some(' ') => return value("Space not allowed in string format specifier"),
            Some(_) => return value("Sign not allowed in string format specifier"),
            None => {}
        }
        if self.no_negative_zero {
            return value("Negative zero coercion (z) not allowed in string format specifier");
        }
        if self.alternate {
            return value("Alternate form (#) not allowed in string format specifier");
        }
        if self.align == Some('=') {
            return value("'=' alignment not allowed in string format specifier");
        }
        if self.width > MAX_LENGTH {
            return Err(FormatError::Memory);
        }
        match self.precision {
            Some(p) => {
                let cut: String = text.chars().take(p).collect();
                Ok(self.pad(&cut, '<'))
            }
            None => Ok(self.pad(text, '<')),
        }
    }

    /// `format(i, spec)`; `type_name` is `int` or `bool`, for errors.
    pub fn format_int(&self, i: &BigInt, type_name: &str) -> Result<String, FormatError> {
        let ty = self.ty.unwrap_or('d');
        if "eEfFgG%".contains(ty) {
            let Some(f) = crate::num::int::to_f64(i) else {
                return Err(FormatError::Overflow("int too large to convert to float".into()));
            };
            return self.format_float(f);
        }
        if !"bcdnoxX".contains(ty) {
            return self.unknown(type_name);
        }
        if self.precision.is_some() {
            return value("Precision not allowed in integer format specifier");
        }
        if self.no_negative_zero {
            return value("Negative zero coercion (z) not allowed in integer format specifier");
        }
        self.check_length()?;
        if ty == 'c' {
            if self.sign.is_some() {
                return value("Sign not allowed with integer format specifier 'c'");
            }
            if self.alternate {
                return value("Alternate form (#) not allowed with integer format specifier 'c'");
            }
            let Some(c) = i.to_u32().and_then(char::from_u32) else {
                return Err(FormatError::Overflow("%c arg not in range(0x110000)".into()));
            };
            return Ok(self.number(false, "", &c.to_string(), "", 0));
        }
        let magnitude = i.magnitude();
        let (digits, prefix, group) = match ty {
            'b' => (magnitude.to_str_radix(2), "0b", 4),
            'o' => (magnitude.to_str_radix(8), "0o", 4),
            'x' => (magnitude.to_str_radix(16), "0x", 4),
            'X' => (magnitude.to_str_radix(16).to_uppercase(), "0X", 4),
            _ => (magnitude.to_string(), "", 3),
        };
        Ok(self.number(i.is_negative(), if self.alternate { prefix } else { "" }, &digits, "", group))
    }

    /// `format(f, spec)`
    pub fn format_float(&self, f: f64) -> Result<String, FormatError> {
        let ty = match self.ty {
            None => None,
            Some(c) if "eEfFgGn%".contains(c) => Some(c),
            Some(_) => return self.unknown("float"),
        };
        self.check_length()?;
        let percent = ty == Some('%');
        let (f, precision) = match percent {
            true => (f * 100.0, Some(self.precision.unwrap_or(6))),
            false => (f, self.precision),
        };
        if precision.is_some_and(|p| p > i32::MAX as usize) {
            return value("precision too big");
        }
        let upper = matches!(ty, Some('E' | 'F' | 'G'));
        let mut body = if f.is_nan() {
            "nan".to_string()
        } else if f.is_infinite() {
            "inf".to_string()
        } else {
            match ty {
                Some('e' | 'E') => float::exponent(f, precision.unwrap_or(6), self.alternate),
                Some('f' | 'F' | '%') => {
                    let p = precision.unwrap_or(6);
                    let mut s = float::fixed(f, p);
                    if p == 0 && self.alternate {
                        s.push('.');
                    }
                    s
                }
                Some('g' | 'G' | 'n') => float::general(f, precision.unwrap_or(6), self.alternate, false),
                None => match precision {
                    Some(p) => float::general(f, p, self.alternate, true),
                    None => {
                        let mut r = float::repr(f.abs());
                        if self.alternate && !r.contains('.') {
                            let at = r.find('e').unwrap_or(r.len());
                            r.insert(at, '.');
                        }
                        r
                    }
                },
                Some(_) => return self.unknown("float"),
            }
        };
        if upper {
            body.make_ascii_uppercase();
        }
        let mut negative = f.is_sign_negative() && !f.is_nan();
        if self.no_negative_zero && !body.bytes().any(|b| (b'1'..=b'9').contains(&b)) && f.is_finite() {
            negative = false;
        }
        if percent {
            body.push('%');
        }
        let split = body.find(|c: char| !c.is_ascii_digit()).unwrap_or(body.len());
        let (whole, rest) = body.split_at(split);
        Ok(self.number(negative, "", whole, rest, 3))
    }
}

fn number(chars: &[char], at: &mut usize) -> Result<Option<usize>, FormatError> {
    let start = *at;
    let mut n: usize = 0;
    while let Some(d) = chars.get(*at).and_then(|c| c.to_digit(10)) {
        n = match n.checked_mul(10).and_then(|n| n.checked_add(d as usize)).filter(|n| *n <= isize::MAX as usize) {
            Some(n) => n,
            None => return value("Too many decimal digits in format string"),
        };
        *at += 1;
    }
    Ok((*at > start).then_some(n))
}

/// Put separators between groups, and zeros in front until the whole is `least` wide.
fn group_digits(digits: &str, separator: Option<char>, group: usize, least: usize) -> String {
    let Some(separator) = separator.filter(|_| group > 0) else {
        let zeros = least.saturating_sub(digits.len());
        return format!("{}{digits}", "0".repeat(zeros));
    };
    if digits.is_empty() {
        // `inf` and `nan`: zeros are not grouped, there is no number to group
        return "0".repeat(least);
    }
    let mut reversed: Vec<char> = Vec::new();
    let mut in_group = 0;
    let mut source = digits.chars().rev();
    loop {
        let next = source.next();
        if next.is_none() && reversed.len() >= least {
            break;
        }
        if in_group == group {
            reversed.push(separator);
            in_group = 0;
            if next.is_none() && reversed.len() >= least {
                // a separator does not stand first
                reversed.push('0');
                break;
            }
        }
        reversed.push(next.unwrap_or('0'));
        in_group += 1;
    }
    reversed.iter().rev().collect()
}
