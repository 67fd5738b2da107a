//! Sizes of blocks for objects whose length is known only at run time (objects with a tail).
//!
//! Objects of a fixed type need no classes: their blocks are exactly their size, rounded up to 8 bytes.  A tail's
//! block comes from this table: steps of 8 up to 64 bytes, then eight steps to each doubling, so at most 12.5 % of a
//! block is slack.  (CPython: steps of 16 up to 512; Go: 68 classes up to 32 KiB, at most 12.5 % as well.)
//! Not here: spans.  Overview: `alloc`.

use super::chunk::SPAN_BYTES;

/// Blocks above this many bytes are large objects, with a run of spans of their own.
pub const LARGE_BYTES: usize = SPAN_BYTES / 2;

/// The bytes of the smallest class that holds `bytes`; `bytes` itself (rounded to 8) above [`LARGE_BYTES`].
///
/// `class_bytes(n) >= n`, `class_bytes(class_bytes(n)) == class_bytes(n)`, and monotone: a unit test walks them all.
#[inline]
pub const fn class_bytes(bytes: usize) -> usize {
    if bytes <= 64 {
        return if bytes < 8 { 8 } else { (bytes + 7) & !7 };
    }
    if bytes > LARGE_BYTES {
        return (bytes + 7) & !7;
    }
    // The highest bit below the size decides the step: an eighth of that power of two.
    let shift = (usize::BITS - 1 - (bytes - 1).leading_zeros()) - 3;
    let step = 1usize << shift;
    (bytes + step - 1) & !(step - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_idempotent_monotone_and_tight() {
        let mut last = 0;
        for n in 1..=LARGE_BYTES {
            let c = class_bytes(n);
            assert!(c >= n && c >= last && c.is_multiple_of(8), "{n} -> {c}");
            assert_eq!(class_bytes(c), c, "{n}");
            assert!(c <= 8 || c - n <= n / 8 + 8, "{n} -> {c}: too much slack");
            last = c;
        }
        assert_eq!(class_bytes(LARGE_BYTES), LARGE_BYTES);
    }
}
