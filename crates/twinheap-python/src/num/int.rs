//! Integers: reading (`int("0x_ff", 0)`), conversion to and comparison with floats, true division. All exact or
//! correctly rounded, as CPython's are.

use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use num_traits::{One, Pow, Signed, ToPrimitive, Zero};
use std::cmp::Ordering;

/// Decimal digits that `int(str)` and `str(int)` convert at most: `sys.int_info.default_max_str_digits`.
pub const MAX_STR_DIGITS: usize = 4300;

/// Why a string is no integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntError {
    /// `ValueError: invalid literal for int() with base 10: 'x'`
    Invalid,
    /// `ValueError: int() base must be >= 2 and <= 36, or 0`
    Base,
    /// `ValueError: Exceeds the limit (4300 digits) for integer string conversion: value has N digits; use
    /// sys.set_int_max_str_digits() to increase the limit`, with N.
    TooLong(usize),
}

/// `int(text, base)`. `max_digits` 0: no limit.
pub fn parse(text: &str, base: u32, max_digits: usize) -> Result<BigInt, IntError> {
    if base == 1 || base > 36 {
        return Err(IntError::Base);
    }
    let text = text.trim_matches(is_space);
    let (negative, text) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let prefix = text.get(..2).map(str::to_ascii_lowercase);
    let prefixed = match prefix.as_deref() {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0b") => 2,
        _ => 0,
    };
    let strict = base == 0 && prefixed == 0;
    let (base, digits, after_prefix) = match (base, prefixed) {
        (0, 0) => (10, text, false),
        (0, p) => (p, &text[2..], true),
        (b, p) if b == p => (b, &text[2..], true),
        (b, _) => (b, text, false),
    };
    // an underscore stands between digits, or after the prefix
    let digits = if after_prefix { digits.strip_prefix('_').unwrap_or(digits) } else { digits };
    let mut plain = Vec::with_capacity(digits.len());
    let mut last_was_digit = false;
    for c in digits.chars() {
        if c == '_' {
            if !last_was_digit {
                return Err(IntError::Invalid);
            }
            last_was_digit = false;
            continue;
        }
        let d = c.to_digit(36).or_else(|| decimal_digit(c)).filter(|d| *d < base).ok_or(IntError::Invalid)?;
        plain.push(d as u8);
        last_was_digit = true;
    }
    if !last_was_digit {
        return Err(IntError::Invalid);
    }
    // base 0 reads what the language does: no leading zeros
    if strict && plain.len() > 1 && plain[0] == 0 && plain.iter().any(|d| *d != 0) {
        return Err(IntError::Invalid);
    }
    if !base.is_power_of_two() && max_digits != 0 && plain.len() > max_digits {
        return Err(IntError::TooLong(plain.len()));
    }
    let value = BigInt::from_radix_be(Sign::Plus, &plain, base).ok_or(IntError::Invalid)?;
    Ok(if negative { -value } else { value })
}

/// White space that numbers may have around them.
pub fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// Value of a decimal digit of another script (`'٣'` is 3). The blocks are those of Unicode's category Nd in the basic plane.
pub fn decimal_digit(c: char) -> Option<u32> {
    const ZEROS: [u32; 37] = [
        0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
        0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620,
        0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
    ];
    let c = c as u32;
    ZEROS.iter().find(|z| (**z..**z + 10).contains(&c)).map(|z| c - z)
}

/// `float(i)`, correctly rounded; none if it does not fit (`OverflowError: int too large to convert to float`).
pub fn to_f64(i: &BigInt) -> Option<f64> {
    let bits = i.bits();
    if bits <= 53 {
        return i.to_f64();
    }
    if bits > 1024 {
        return None;
    }
    // keep 64 bits, the last of which remembers whether anything was cut off; the conversion rounds once
    let cut = bits.saturating_sub(64);
    let magnitude = i.magnitude();
    let top = (magnitude >> cut).to_u64()?;
    let sticky = (magnitude.trailing_zeros().unwrap_or(0) < cut) as u64;
    let value = (top | sticky) as f64 * 2f64.powi(cut as i32);
    if !value.is_finite() {
        return None;
    }
    Some(if i.is_negative() { -value } else { value })
}

/// Why `a / b` has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DivError {
    /// `ZeroDivisionError: division by zero`
    Zero,
    /// `OverflowError: integer division result too large for a float`
    Overflow,
}

/// `a / b`, correctly rounded whatever the size of the operands.
pub fn true_div(a: &BigInt, b: &BigInt) -> Result<f64, DivError> {
    if b.is_zero() {
        return Err(DivError::Zero);
    }
    if a.is_zero() {
        return Ok(if b.is_negative() { -0.0 } else { 0.0 });
    }
    if a.bits() <= 53 && b.bits() <= 53 {
        // both exact: one rounding
        if let (Some(x), Some(y)) = (a.to_f64(), b.to_f64()) {
            return Ok(x / y);
        }
    }
    let negative = a.is_negative() != b.is_negative();
    let (x, y) = (a.magnitude(), b.magnitude());
    // scale so that the quotient has at least 55 bits and, when the result is subnormal, no more than fit
    let exponent = x.bits() as i64 - y.bits() as i64;
    if exponent > 1025 {
        return Err(DivError::Overflow);
    }
    if exponent < -1080 {
        return Ok(if negative { -0.0 } else { 0.0 });
    }
    let shift = (exponent - 66).max(-1140);
    let (q, r) = if shift >= 0 { x.div_rem(&(y << shift as u64)) } else { (x << (-shift) as u64).div_rem(y) };
    // the sticky bit: anything left over
    let q = (q << 1u32) | if r.is_zero() { num_bigint::BigUint::zero() } else { num_bigint::BigUint::one() };
    let value = scale(&q, shift - 1).ok_or(DivError::Overflow)?;
    Ok(if negative { -value } else { value })
}

/// `q * 2**e`, rounded to nearest even once, subnormals included.
fn scale(q: &num_bigint::BigUint, e: i64) -> Option<f64> {
    let bits = q.bits() as i64;
    // weight of the lowest bit a float of this size keeps
    let lowest = (bits + e - 53).max(-1074);
    let cut = lowest - e;
    let (mut kept, half, rest) = if cut <= 0 {
        ((q << (-cut) as u64).to_u64()?, false, false)
    } else {
        let cut = cut as u64;
        let kept = (q >> cut).to_u64()?;
        (kept, q.bit(cut - 1), q.trailing_zeros().unwrap_or(0) < cut - 1)
    };
    if half && (rest || kept & 1 == 1) {
        kept += 1;
    }
    if kept == 0 {
        return Some(0.0);
    }
    // kept is at most 2**53; two exact multiplications keep the intermediate in range
    let first = (lowest / 2) as i32;
    let value = kept as f64 * pow2(first) * pow2(lowest as i32 - first);
    value.is_finite().then_some(value)
}

fn pow2(e: i32) -> f64 {
    2f64.powi(e)
}

/// Order of an integer and a float, exactly; none for NaN.
pub fn cmp_float(i: &BigInt, f: f64) -> Option<Ordering> {
    if f.is_nan() {
        return None;
    }
    if f.is_infinite() {
        return Some(if f > 0.0 { Ordering::Less } else { Ordering::Greater });
    }
    let floor = f.floor();
    let whole = crate::num::float::to_bigint(floor)?;
    Some(match i.cmp(&whole) {
        Ordering::Equal if f > floor => Ordering::Less,
        other => other,
    })
}

/// The same for a small integer.
#[inline]
pub fn cmp_i64_float(i: i64, f: f64) -> Option<Ordering> {
    if i.unsigned_abs() <= 1 << 53 {
        return (i as f64).partial_cmp(&f);
    }
    cmp_float(&BigInt::from(i), f)
}

/// `round(i, -places)` for positive `places`: to the nearest multiple of a power of ten, halves to even.
pub fn round_to_tens(i: &BigInt, places: u32) -> BigInt {
    let unit = BigInt::from(10).pow(places);
    let (q, r) = i.div_mod_floor(&unit);
    let twice: BigInt = &r * 2;
    let up = match twice.cmp(&unit) {
        Ordering::Greater => true,
        Ordering::Equal => q.is_odd(),
        Ordering::Less => false,
    };
    (q + BigInt::from(up as u8)) * unit
}

/// Bits that `base ** exponent` can need at most: to be held against the memory limit before it is computed.
pub fn pow_bits(base: &BigInt, exponent: &BigInt) -> Option<u64> {
    if base.bits() <= 1 {
        return Some(1);
    }
    let e = exponent.to_u64()?;
    if base.trailing_zeros() == Some(base.bits() - 1) {
        // a power of two: exact
        return (base.bits() - 1).checked_mul(e)?.checked_add(1);
    }
    base.bits().checked_mul(e)
}

/// `base ** exponent` for a non-negative exponent, any size of it; `None` if no machine could hold the result.
/// Powers of two in the base are a shift: `2 ** n` costs no multiplication.
pub fn power(base: &BigInt, exponent: &BigInt) -> Option<BigInt> {
    if base.bits() <= 1 {
        // 0, 1 and -1
        return Some(match exponent.is_zero() {
            true => BigInt::one(),
            false if base.is_negative() && exponent.is_even() => BigInt::one(),
            false => base.clone(),
        });
    }
    let e = exponent.to_u64()?;
    let twos = base.trailing_zeros().unwrap_or(0);
    let odd = base >> twos;
    Some(Pow::pow(&odd, e) << twos.checked_mul(e)?)
}

/// `pow(base, exponent, modulus)` for a non-negative exponent; the result has the modulus's sign.
pub fn pow_mod(base: &BigInt, exponent: &BigInt, modulus: &BigInt) -> Option<BigInt> {
    if modulus.is_zero() || exponent.is_negative() {
        return None;
    }
    Some(base.modpow(exponent, modulus).mod_floor(modulus))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn big(s: &str) -> BigInt {
        s.parse().expect("a number")
    }

    #[test]
    fn literals_in_all_bases() {
        for (text, base, value) in [
            ("12", 10, Some("12")),
            (" -1_000\n", 10, Some("-1000")),
            ("0x_ff", 0, Some("255")),
            ("0xff", 16, Some("255")),
            ("0b101", 0, Some("5")),
            ("0o17", 8, Some("15")),
            ("z", 36, Some("35")),
            ("٣", 10, Some("3")),
            ("1__0", 10, None),
            ("_1", 10, None),
            ("1_", 10, None),
            ("", 10, None),
            ("-", 10, None),
            ("0x", 16, None),
            ("12", 2, None),
            ("1.0", 10, None),
            ("010", 0, None),
            ("00", 0, Some("0")),
        ] {
            assert_eq!(parse(text, base, 0).ok(), value.map(big), "{text:?} {base}");
        }
        assert_eq!(parse(&"1".repeat(5000), 10, MAX_STR_DIGITS), Err(IntError::TooLong(5000)));
        assert!(parse(&"1".repeat(5000), 16, MAX_STR_DIGITS).is_ok());
        assert_eq!(parse("1", 37, 0), Err(IntError::Base));
    }

    #[test]
    fn conversion_to_float_rounds_to_even() {
        assert_eq!(to_f64(&big("9007199254740993")), Some(9007199254740992.0));
        assert_eq!(to_f64(&big("9007199254740995")), Some(9007199254740996.0));
        assert_eq!(to_f64(&(BigInt::one() << 1023u32)), Some(8.98846567431158e307));
        assert_eq!(to_f64(&((BigInt::one() << 1024u32) - (BigInt::one() << 970u32))), None);
        assert_eq!(to_f64(&((BigInt::one() << 1024u32) - (BigInt::one() << 970u32) - 1)), Some(f64::MAX));
        assert_eq!(to_f64(&(BigInt::one() << 1024u32)), None);
        assert_eq!(to_f64(&-(BigInt::one() << 64u32)), Some(-18446744073709551616.0));
    }

    #[test]
    fn true_division_is_correctly_rounded() {
        let p = |n: u32| BigInt::from(10).pow(n);
        assert_eq!(true_div(&p(400), &p(399)), Ok(10.0));
        assert_eq!(true_div(&BigInt::one(), &BigInt::from(3)), Ok(1.0 / 3.0));
        assert_eq!(true_div(&p(400), &BigInt::one()), Err(DivError::Overflow));
        assert_eq!(true_div(&BigInt::one(), &p(400)), Ok(0.0));
        assert_eq!(true_div(&p(20), &-(p(340))), Ok(-1e-320));
        assert_eq!(true_div(&BigInt::one(), &(BigInt::one() << 1074u32)), Ok(5e-324));
        assert_eq!(true_div(&big("36893488147419103233"), &BigInt::from(2)), Ok(1.8446744073709552e19));
        assert_eq!(true_div(&BigInt::one(), &BigInt::zero()), Err(DivError::Zero));
        assert_eq!(true_div(&(p(308) * 17), &BigInt::from(10)), Ok(1.7e308));
    }

    #[test]
    fn integers_and_floats_compare_exactly() {
        assert_eq!(cmp_float(&big("9007199254740993"), 9007199254740992.0), Some(Ordering::Greater));
        assert_eq!(cmp_i64_float(i64::MAX, 9223372036854775808.0), Some(Ordering::Less));
        assert_eq!(cmp_i64_float(-1, -0.5), Some(Ordering::Less));
        assert_eq!(cmp_float(&BigInt::zero(), f64::NAN), None);
        assert_eq!(cmp_float(&(BigInt::one() << 2000u32), f64::INFINITY), Some(Ordering::Less));
    }

    #[test]
    fn powers_of_any_exponent() {
        let cases = [(2, 10, "1024"), (-2, 3, "-8"), (-6, 3, "-216"), (10, 20, "100000000000000000000"), (0, 0, "1")];
        for (base, e, value) in cases {
            assert_eq!(power(&base.into(), &e.into()), Some(big(value)), "{base} ** {e}");
        }
        for e in ["4294967296", "340282366920938463463374607431768211456"] {
            assert_eq!(power(&1.into(), &big(e)), Some(1.into()));
            assert_eq!(power(&(-1).into(), &big(e)), Some(1.into()));
            assert_eq!(power(&0.into(), &big(e)), Some(0.into()));
        }
        assert_eq!(power(&(-1).into(), &big("4294967297")), Some((-1).into()));
        // An exponent beyond 32 bits is not cut off.
        assert_eq!(power(&2.into(), &big("4294967296")).map(|p| p.bits()), Some(4_294_967_297));
        assert_eq!(power(&2.into(), &big("340282366920938463463374607431768211456")), None);
        assert_eq!(pow_bits(&2.into(), &10.into()), Some(11));
        assert_eq!(pow_bits(&(-4).into(), &10.into()), Some(21));
    }

    #[test]
    fn rounding_to_tens_is_half_even() {
        for (i, places, want) in [(15, 1, 20), (25, 1, 20), (-15, 1, -20), (-25, 1, -20), (149, 2, 100), (5, 1, 0)] {
            assert_eq!(round_to_tens(&BigInt::from(i), places), BigInt::from(want), "{i}");
        }
    }
}
