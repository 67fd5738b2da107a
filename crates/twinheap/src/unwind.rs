//! Other people's panics, where one must go no further: destructors of leaves, finalizers, callbacks.
//!
//! What was thrown is a value of theirs as well, and its own drop may panic again, and so on: in the end it is leaked.
//! Not here: what is counted of them (the managers' figures).

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `f`; false when it panicked, which then ends here.
#[inline]
pub fn contained(f: impl FnOnce()) -> bool {
    let Err(mut payload) = catch_unwind(AssertUnwindSafe(f)) else { return true };
    for _ in 0..PAYLOADS_MAX {
        match catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            Ok(()) => return false,
            Err(next) => payload = next,
        }
    }
    std::mem::forget(payload);
    false
}

/// Payloads dropped one after the other, each of which the drop of the one before threw.
const PAYLOADS_MAX: usize = 4;

#[cfg(test)]
mod tests {
    use super::contained;
    use std::panic::resume_unwind;

    struct Again;
    impl Drop for Again {
        fn drop(&mut self) {
            resume_unwind(Box::new("again"))
        }
    }

    #[test]
    fn a_panic_whose_payload_panics_ends_here() {
        assert!(contained(|| ()));
        assert!(!contained(|| resume_unwind(Box::new("once"))));
        assert!(!contained(|| resume_unwind(Box::new(Again))));
    }
}
