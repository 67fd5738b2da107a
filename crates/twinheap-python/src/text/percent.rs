//! `"…" % values`: the format string taken apart, and the formatting of one value.
//!
//! Which value goes where is the machine's business, since `%s` may call Python code: it walks the [`Segments`], fetches
//! arguments (`key`, `*` widths first) and hands `str(v)`, an integer or a float to the conversion.

use super::format_spec::FormatError;
use crate::num::float;
use num_bigint::BigInt;
use num_traits::Signed;

/// Results longer than this are refused as a `MemoryError`.
const MAX_LENGTH: usize = 1 << 31;

/// A piece of a format string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment<'a> {
    /// Text as it is (`%%` included, as `%`).
    Literal(&'a str),
    /// A place for a value.
    Conversion(Conversion<'a>),
}

/// A width or precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// As written.
    Given(usize),
    /// `*`: taken from the arguments.
    Star,
}

/// `%(key)-#0+ width.precision type`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversion<'a> {
    /// `%(key)…`
    pub key: Option<&'a str>,
    /// `-`: to the left.
    pub left: bool,
    /// `+`
    pub plus: bool,
    /// Blank.
    pub space: bool,
    /// `#`
    pub alternate: bool,
    /// `0`
    pub zero: bool,
    /// Least width.
    pub width: Option<Size>,
    /// Places, digits or characters.
    pub precision: Option<Size>,
    /// One of `diuoxXeEfFgGcrsa`.
    pub ty: char,
}

/// Walks a format string. An error ends it.
pub struct Segments<'a> {
    text: &'a str,
    at: usize,
    failed: bool,
}

impl<'a> Segments<'a> {
    /// Take `text` apart.
    pub fn new(text: &'a str) -> Segments<'a> {
        Segments { text, at: 0, failed: false }
    }

    fn peek(&self) -> Result<char, String> {
        self.text[self.at..].chars().next().ok_or_else(|| "incomplete format".to_string())
    }

    fn size(&mut self, what: &str) -> Result<Option<Size>, String> {
        if self.peek()? == '*' {
            self.at += 1;
            return Ok(Some(Size::Star));
        }
        let start = self.at;
        let mut n = 0usize;
        while let Some(d) = self.peek()?.to_digit(10) {
            n = n.checked_mul(10).and_then(|n| n.checked_add(d as usize)).ok_or(format!("{what} too big"))?;
            self.at += 1;
        }
        if n > isize::MAX as usize {
            return Err(format!("{what} too big"));
        }
        Ok((self.at > start).then_some(Size::Given(n)))
    }

    /// After the `%`.
    fn conversion(&mut self) -> Result<Segment<'a>, String> {
        let mut c = Conversion {
            key: None,
            left: false,
            plus: false,
            space: false,
            alternate: false,
            zero: false,
            width: None,
            precision: None,
            ty: 's',
        };
        if self.peek()? == '(' {
            let start = self.at + 1;
            let mut open = 0usize;
            let end = self.text[self.at..]
                .char_indices()
                .find_map(|(i, ch)| {
                    match ch {
                        '(' => open += 1,
                        ')' => open -= 1,
                        _ => {}
                    }
                    (open == 0).then_some(self.at + i)
                })
                .ok_or_else(|| "incomplete format key".to_string())?;
            c.key = Some(&self.text[start..end]);
            self.at = end + 1;
        }
        loop {
            match self.peek()? {
                '-' => c.left = true,
                '+' => c.plus = true,
                ' ' => c.space = true,
                '#' => c.alternate = true,
                '0' => c.zero = true,
                _ => break,
            }
            self.at += 1;
        }
        c.width = self.size("width")?;
        if self.peek()? == '.' {
            self.at += 1;
            c.precision = Some(self.size("precision")?.unwrap_or(Size::Given(0)));
        }
        if matches!(self.peek()?, 'h' | 'l' | 'L') {
            self.at += 1;
        }
        let ty = self.peek()?;
        let index = self.text[..self.at].chars().count();
        self.at += ty.len_utf8();
        if ty == '%' {
            return Ok(Segment::Literal("%"));
        }
        if !"diuoxXeEfFgGcrsa".contains(ty) {
            let shown = if (' '..='~').contains(&ty) { ty } else { '?' };
            return Err(format!("unsupported format character '{shown}' (0x{:x}) at index {index}", ty as u32));
        }
        c.ty = ty;
        Ok(Segment::Conversion(c))
    }
}

impl<'a> Iterator for Segments<'a> {
    /// An error is a `ValueError`.
    type Item = Result<Segment<'a>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.at >= self.text.len() {
            return None;
        }
        let rest = &self.text[self.at..];
        if !rest.starts_with('%') {
            let end = rest.find('%').unwrap_or(rest.len());
            self.at += end;
            return Some(Ok(Segment::Literal(&rest[..end])));
        }
        self.at += 1;
        let result = self.conversion();
        self.failed = result.is_err();
        Some(result)
    }
}

impl Conversion<'_> {
    /// The value of a `*` width: negative means to the left.
    pub fn set_width(&mut self, n: i64) {
        self.left |= n < 0;
        self.width = Some(Size::Given(n.unsigned_abs() as usize));
    }

    /// The value of a `*` precision.
    pub fn set_precision(&mut self, n: i64) {
        self.precision = Some(Size::Given(n.max(0) as usize));
    }

    fn width(&self) -> usize {
        match self.width {
            Some(Size::Given(n)) => n,
            _ => 0,
        }
    }

    fn precision(&self) -> Option<usize> {
        match self.precision {
            Some(Size::Given(n)) => Some(n),
            _ => None,
        }
    }

    /// Characters that width and precision ask for, whatever the value.
    pub fn least_size(&self) -> usize {
        self.width().saturating_add(self.precision().unwrap_or(0))
    }

    fn check(&self) -> Result<(), FormatError> {
        match self.width().max(self.precision().unwrap_or(0)) > MAX_LENGTH {
            true => Err(FormatError::Memory),
            false => Ok(()),
        }
    }

    fn pad(&self, sign: &str, prefix: &str, body: &str, numeric: bool) -> String {
        let n = sign.len() + prefix.len() + body.chars().count();
        let missing = self.width().saturating_sub(n);
        if self.left {
            return format!("{sign}{prefix}{body}{}", " ".repeat(missing));
        }
        if numeric && self.zero {
            return format!("{sign}{prefix}{}{body}", "0".repeat(missing));
        }
        format!("{}{sign}{prefix}{body}", " ".repeat(missing))
    }

    fn sign(&self, negative: bool) -> &'static str {
        match (negative, self.plus, self.space) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        }
    }

    /// `%s`, `%r`, `%a` of text already made by `str`, `repr` or `ascii`.
    pub fn text(&self, text: &str) -> Result<String, FormatError> {
        if self.width() > MAX_LENGTH {
            return Err(FormatError::Memory);
        }
        match self.precision() {
            Some(p) => {
                let cut: String = text.chars().take(p).collect();
                Ok(self.pad("", "", &cut, false))
            }
            None => Ok(self.pad("", "", text, false)),
        }
    }

    /// `%c` of a character.
    pub fn char(&self, c: char) -> Result<String, FormatError> {
        self.check()?;
        Ok(self.pad("", "", c.encode_utf8(&mut [0; 4]), false))
    }

    /// `%d`, `%i`, `%u`, `%o`, `%x`, `%X`
    pub fn int(&self, i: &BigInt) -> Result<String, FormatError> {
        self.check()?;
        let magnitude = i.magnitude();
        let (mut digits, prefix) = match self.ty {
            'o' => (magnitude.to_str_radix(8), "0o"),
            'x' => (magnitude.to_str_radix(16), "0x"),
            'X' => (magnitude.to_str_radix(16).to_uppercase(), "0X"),
            _ => (magnitude.to_string(), ""),
        };
        if let Some(p) = self.precision() {
            let missing = p.saturating_sub(digits.len());
            digits.insert_str(0, &"0".repeat(missing));
        }
        let prefix = if self.alternate { prefix } else { "" };
        Ok(self.pad(self.sign(i.is_negative()), prefix, &digits, true))
    }

    /// `%e`, `%f`, `%g` and their capitals.
    pub fn float(&self, f: f64) -> Result<String, FormatError> {
        self.check()?;
        let precision = self.precision().unwrap_or(6);
        let mut body = if f.is_nan() {
            "nan".to_string()
        } else if f.is_infinite() {
            "inf".to_string()
        } else {
            match self.ty {
                'e' | 'E' => float::exponent(f, precision, self.alternate),
                'g' | 'G' => float::general(f, precision, self.alternate, false),
                _ => {
                    let mut s = float::fixed(f, precision);
                    if precision == 0 && self.alternate {
                        s.push('.');
                    }
                    s
                }
            }
        };
        if self.ty.is_ascii_uppercase() {
            body.make_ascii_uppercase();
        }
        Ok(self.pad(self.sign(f.is_sign_negative() && !f.is_nan()), "", &body, true))
    }
}
