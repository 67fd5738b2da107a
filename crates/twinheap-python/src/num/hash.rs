//! Hashes of numbers: equal numbers have equal hashes whatever their type, by CPython's rule (the value modulo the prime
//! 2⁶¹ − 1).

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};

const BITS: u32 = 61;
const MODULUS: u64 = (1 << BITS) - 1;
const INFINITY: i64 = 314_159;
/// What a complex number's imaginary part is multiplied with.
const IMAG: i64 = 1_000_003;

/// -1 is not a hash.
#[inline]
fn finish(h: i64) -> i64 {
    if h == -1 { -2 } else { h }
}

/// `hash(i)`
#[inline]
pub fn of_i64(i: i64) -> i64 {
    let m = i.unsigned_abs() % MODULUS;
    finish(if i < 0 { -(m as i64) } else { m as i64 })
}

/// `hash(i)`
pub fn of_int(i: &BigInt) -> i64 {
    let m = (i.magnitude() % MODULUS).to_u64().unwrap_or(0);
    finish(if i.is_negative() { -(m as i64) } else { m as i64 })
}

/// `hash(f)`; none for NaN, whose hash is its identity's.
pub fn of_float(f: f64) -> Option<i64> {
    if f.is_nan() {
        return None;
    }
    if f.is_infinite() {
        return Some(if f > 0.0 { INFINITY } else { -INFINITY });
    }
    let bits = f.to_bits();
    let (mantissa, exponent) = match (bits >> 52) & 0x7ff {
        0 => (bits & ((1 << 52) - 1), -1074),
        e => (bits & ((1 << 52) - 1) | 1 << 52, e as i32 - 1075),
    };
    // multiplying with a power of two modulo 2⁶¹ − 1 is a rotation of 61 bits
    let turn = exponent.rem_euclid(BITS as i32) as u32;
    let m = mantissa % MODULUS;
    let turned = ((m << turn) & MODULUS) | ((m >> (BITS - turn)) * (turn != 0) as u64);
    let m = (turned % MODULUS) as i64;
    Some(finish(if f < 0.0 { -m } else { m }))
}

/// `hash(complex(re, im))` from the parts' hashes.
pub fn of_complex(re: i64, im: i64) -> i64 {
    finish(re.wrapping_add(IMAG.wrapping_mul(im)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_hash_alike() {
        for i in [0i64, 1, -1, -2, 5, 1 << 40, -(1 << 52), (1 << 61) - 1, 1 << 61, i64::MIN] {
            assert_eq!(of_i64(i), of_int(&BigInt::from(i)), "{i}");
            if (i as f64) as i64 == i && i != i64::MAX {
                assert_eq!(of_float(i as f64), Some(of_i64(i)), "{i}");
            }
        }
        let huge = BigInt::from(3) << 700u32;
        assert_eq!(of_float(3.0 * 2f64.powi(700)), Some(of_int(&huge)));
    }

    #[test]
    fn hashes_are_cpythons() {
        // python3.13 -c 'print([hash(x) for x in (0.5, 1.5, -0.1, 1e300, 5e-324, 2**61 - 1, 10**30, float("inf"))])'
        let got = [0.5, 1.5, -0.1, 1e300, 5e-324].map(|f| of_float(f).expect("a number"));
        assert_eq!(got, [1152921504606846976, 1152921504606846977, -230584300921369408, 1224995262755759164, 16777216]);
        assert_eq!(of_i64((1 << 61) - 1), 0);
        assert_eq!(of_i64(-1), -2);
        assert_eq!(of_float(f64::INFINITY), Some(314159));
    }
}
