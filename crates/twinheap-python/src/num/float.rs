//! Floats: `repr`, reading, fixed, exponent and general notation, rounding, floor division. Digits are CPython's: shortest
//! for `repr`, correctly rounded (halves to even) for a given precision.

use super::int::is_space;
use num_bigint::BigInt;
use num_traits::FromPrimitive;

/// No float has more digits than this after the point, nor more significant ones; beyond it there are zeros.
const MAX_DIGITS: usize = 1100;

/// `repr(f)`
pub fn repr(f: f64) -> String {
    if f.is_nan() {
        return "nan".into();
    }
    if f.is_infinite() {
        return if f > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let (negative, digits, exponent) = shortest(f);
    let body = layout(&digits, exponent, -4, 16, true);
    if negative { format!("-{body}") } else { body }
}

/// Sign, shortest digits that read back, decimal exponent of the first digit.
pub fn shortest(f: f64) -> (bool, String, i32) {
    split_exponent(&format!("{f:e}"))
}

fn split_exponent(text: &str) -> (bool, String, i32) {
    let negative = text.starts_with('-');
    let text = text.trim_start_matches('-');
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    (negative, digits, exponent.parse().unwrap_or(0))
}

/// Digits with a point: as a plain number if `low <= exponent < high`, else with an exponent.
fn layout(digits: &str, exponent: i32, low: i32, high: i32, add_point_zero: bool) -> String {
    if exponent < low || exponent >= high {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        return format!("{first}{point}{rest}{}", exponent_text(exponent, 'e'));
    }
    if exponent < 0 {
        return format!("0.{}{digits}", "0".repeat((-exponent - 1) as usize));
    }
    let whole = exponent as usize + 1;
    if digits.len() <= whole {
        let zeros = "0".repeat(whole - digits.len());
        let tail = if add_point_zero { ".0" } else { "" };
        return format!("{digits}{zeros}{tail}");
    }
    format!("{}.{}", &digits[..whole], &digits[whole..])
}

/// `e+05`
fn exponent_text(exponent: i32, e: char) -> String {
    format!("{e}{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.unsigned_abs())
}

/// `repr(complex(re, im))`
pub fn complex_repr(re: f64, im: f64) -> String {
    let short = |f: f64| {
        let r = repr(f);
        r.strip_suffix(".0").map_or(r.clone(), str::to_string)
    };
    if re == 0.0 && re.is_sign_positive() {
        return format!("{}j", short(im));
    }
    let sign = if im.is_sign_negative() && !im.is_nan() { "" } else { "+" };
    format!("({}{sign}{}j)", short(re), short(im))
}

/// `float(text)`
pub fn parse(text: &str) -> Option<f64> {
    let text = text.trim_matches(is_space);
    let mut plain = String::with_capacity(text.len());
    let mut before: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '_' {
            // between digits only
            let between = before.is_some_and(|b| b.is_ascii_digit()) && chars.peek().is_some_and(char::is_ascii_digit);
            if !between {
                return None;
            }
        } else {
            plain.push(super::int::decimal_digit(c).and_then(|d| char::from_digit(d, 10)).unwrap_or(c));
        }
        before = Some(c);
    }
    plain.parse().ok()
}

/// Digits of |f| rounded to `precision` places after the point.
pub fn fixed(f: f64, precision: usize) -> String {
    let f = f.abs();
    if precision <= MAX_DIGITS {
        return format!("{f:.precision$}");
    }
    let mut s = format!("{f:.MAX_DIGITS$}");
    s.extend(std::iter::repeat_n('0', precision - MAX_DIGITS));
    s
}

/// Digits and exponent of |f| rounded to `precision + 1` significant digits.
fn exponent_digits(f: f64, precision: usize) -> (String, i32) {
    let shown = precision.min(MAX_DIGITS);
    let (_, mut digits, exponent) = split_exponent(&format!("{:.shown$e}", f.abs()));
    digits.extend(std::iter::repeat_n('0', precision - shown));
    (digits, exponent)
}

/// `%.{precision}e` of |f|; `alternate` keeps the point.
pub fn exponent(f: f64, precision: usize, alternate: bool) -> String {
    let (digits, e) = exponent_digits(f, precision);
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() && !alternate { "" } else { "." };
    format!("{first}{point}{rest}{}", exponent_text(e, 'e'))
}

/// `%.{precision}g` of |f|: as a plain number where its exponent is between -4 and the precision. `alternate` keeps the
/// point and trailing zeros; `add_point_zero` is for `format(f, "")` with a precision, which keeps one digit after the point and
/// prefers the exponent one earlier.
pub fn general(f: f64, precision: usize, alternate: bool, add_point_zero: bool) -> String {
    let precision = precision.max(1);
    let (digits, e) = exponent_digits(f, precision - 1);
    let high = if add_point_zero { precision as i64 - 1 } else { precision as i64 };
    let high = high.clamp(i32::MIN as i64, i32::MAX as i64) as i32;
    if alternate {
        if e < -4 || e >= high {
            let (first, rest) = digits.split_at(1);
            return format!("{first}.{rest}{}", exponent_text(e, 'e'));
        }
        if e < 0 {
            return format!("0.{}{digits}", "0".repeat((-e - 1) as usize));
        }
        let whole = e as usize + 1;
        return match digits.len() <= whole {
            true => format!("{digits}{}.", "0".repeat(whole - digits.len())),
            false => format!("{}.{}", &digits[..whole], &digits[whole..]),
        };
    }
    let digits = digits.trim_end_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    layout(digits, e, -4, high, add_point_zero)
}

/// `round(f, places)`; none if the result does not fit (`OverflowError: rounded value too large to represent`).
pub fn round(f: f64, places: i64) -> Option<f64> {
    if !f.is_finite() || f == 0.0 || places > 323 {
        return Some(f);
    }
    if places < -308 {
        return Some(0.0f64.copysign(f));
    }
    let value: f64 = if places >= 0 {
        fixed(f, places as usize).parse().ok()?
    } else {
        // keep the digits above 10**-places, by the exact value
        let (_, _, e) = shortest(f);
        let keep = e as i64 + 1 + places;
        if keep >= 1 {
            let shown = keep as usize - 1;
            format!("{:.shown$e}", f.abs()).parse().ok()?
        } else {
            // 10**-places or nothing: above half of it, or not (a tie goes to nothing, which is even)
            let half: f64 = format!("5e{}", -places - 1).parse().ok()?;
            if keep == 0 && f.abs() > half { format!("1e{}", -places).parse().ok()? } else { 0.0 }
        }
    };
    value.is_finite().then(|| value.copysign(f))
}

/// The integer a float with no fraction is; none for infinities and NaN.
pub fn to_bigint(f: f64) -> Option<BigInt> {
    BigInt::from_f64(f)
}

/// `round(f)`: half to even. None for infinities and NaN.
pub fn round_to_int(f: f64) -> Option<BigInt> {
    to_bigint(f.round_ties_even())
}

/// `divmod(a, b)` with Python's signs; none if `b` is zero.
pub fn divmod(a: f64, b: f64) -> Option<(f64, f64)> {
    if b == 0.0 {
        return None;
    }
    let mut m = a % b;
    let mut div = (a - m) / b;
    if m != 0.0 {
        if (b < 0.0) != (m < 0.0) {
            m += b;
            div -= 1.0;
        }
    } else {
        m = 0.0f64.copysign(b);
    }
    let floor = if div != 0.0 {
        let floor = div.floor();
        if div - floor > 0.5 { floor + 1.0 } else { floor }
    } else {
        0.0f64.copysign(a / b)
    };
    Some((floor, m))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complex_numbers_as_cpython_writes_them() {
        for (re, im, want) in [
            (0.0, -0.0, "-0j"),
            (1.0, f64::INFINITY, "(1+infj)"),
            (f64::NAN, -1.0, "(nan-1j)"),
            (-0.0, 2.0, "(-0+2j)"),
            (0.0, 1e16, "1e+16j"),
            (1.5, 0.0, "(1.5+0j)"),
        ] {
            assert_eq!(complex_repr(re, im), want);
        }
    }

    #[test]
    fn reading() {
        for (text, want) in [
            (" 1.5\n", Some(1.5)),
            ("1_0.0_1", Some(10.01)),
            ("-inf", Some(f64::NEG_INFINITY)),
            ("Infinity", Some(f64::INFINITY)),
            (".5", Some(0.5)),
            ("5.", Some(5.0)),
            ("1e400", Some(f64::INFINITY)),
            ("1__0", None),
            ("1_.0", None),
            ("_1", None),
            ("", None),
            ("0x1", None),
            ("1e", None),
            ("e5", None),
            (".", None),
        ] {
            assert_eq!(parse(text), want, "{text:?}");
        }
        assert!(parse("nan").is_some_and(f64::is_nan));
    }

    #[test]
    fn floor_division_has_pythons_signs() {
        assert_eq!(divmod(7.5, -2.0), Some((-4.0, -0.5)));
        assert_eq!(divmod(-7.5, 2.0), Some((-4.0, 0.5)));
        assert_eq!(divmod(1.0, 0.1), Some((9.0, 0.09999999999999995)));
        assert_eq!(divmod(1.0, 0.0), None);
        let (q, m) = divmod(-0.0, 1.0).expect("defined");
        assert!(q.is_sign_negative() && m == 0.0 && m.is_sign_positive());
    }
}
