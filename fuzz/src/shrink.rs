//! Makes a failing sequence smaller: pieces are left out, halves first, as long as it still fails.

/// A shorter sequence that still fails.  Tries no more than `tries` times.
pub fn shrink<T: Clone>(items: &[T], mut tries: usize, mut fails: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut best = items.to_vec();
    loop {
        let before = best.len();
        let mut size = best.len().div_ceil(2);
        while size > 0 {
            let mut at = 0;
            while at < best.len() {
                if tries == 0 {
                    return best;
                }
                tries -= 1;
                let mut smaller = best.clone();
                smaller.drain(at..(at + size).min(smaller.len()));
                if fails(&smaller) { best = smaller } else { at += size }
            }
            size /= 2;
        }
        if best.len() == before {
            return best;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::shrink;

    #[test]
    fn what_fails_together_is_left() {
        let all: Vec<u32> = (0..1000).collect();
        let fails = |some: &[u32]| some.contains(&7) && some.contains(&900) && some.contains(&901);
        assert_eq!(shrink(&all, 100_000, fails), [7, 900, 901]);
    }

    #[test]
    fn it_gives_up_in_time() {
        let mut tried = 0;
        shrink(&[0; 100], 10, |_| {
            tried += 1;
            false
        });
        assert_eq!(tried, 10);
    }
}
