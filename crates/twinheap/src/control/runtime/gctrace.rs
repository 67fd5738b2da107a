//! [`line()`]: a collection as Go's `GODEBUG=gctrace=1` prints one, so that what reads Go's lines reads these.
//!
//! ```text
//! gc # @#s #%: #+#+# ms clock, #+#/#/#+# ms cpu, #->#-># MB, # MB goal, # MB stacks, # MB globals, # P (cause)
//! ```
//! | field | here |
//! |---|---|
//! | `gc #` | [`Collection::number`] |
//! | `@#s` | since the heap began |
//! | `#%` | the share of the processors' time since then that collecting took, what mutators marked included |
//! | `#+#+# ms clock` | the stop, from the wish to everybody's going on; marking; 0: no stop ends it |
//! | `#+#/#/#+# ms cpu` | the collector's work in the stop; mutators' marking / the collector's threads / 0; 0 |
//! | `#->#-># MB` | the heap as marking began, as it ended, what lives of it |
//! | `# MB goal` | the goal it was to keep |
//! | `stacks`, `globals` | 0: sessions have none, and there are no globals |
//! | `# P` | processors |
//! | `(forced)` | the program asked; another cause stands there by its name: `(goal)`, `(limit)`, … |
//!
//! Go 1.27 has a word in brackets there for some collections, so whoever reads its lines expects one or none.  `scvg` lines
//! it prints no more (`GODEBUG=scavtrace=1` has `scav`), and neither do we.
//! Overview: `control::runtime`.

use crate::observe::{Cause, Collection};
use std::fmt::Write as _;

/// The line, without its line feed.
pub fn line(c: &Collection, processors: usize) -> String {
    let mut out = String::new();
    let end_ns = c.began_ns + c.stopping_ns + c.stop_ns + c.mark_ns;
    let spent = c.cpu_ns_total + c.assist_ns_total;
    let percent = (spent as f64 / (end_ns.max(1) as f64 * processors as f64) * 100.0).min(100.0);
    let clock = [c.stopping_ns + c.stop_ns, c.mark_ns, 0].map(ms);
    let mb = |bytes: usize| bytes >> 20;
    // To a string: cannot fail.
    let _ = write!(
        out,
        "gc {} @{:.3}s {percent:.0}%: {}+{}+{} ms clock, {}+{}/{}/0+0 ms cpu, {}->{}->{} MB, {} MB goal, 0 MB stacks, \
         0 MB globals, {processors} P ({})",
        c.number,
        c.began_ns as f64 / 1e9,
        clock[0],
        clock[1],
        clock[2],
        ms(c.stop_ns),
        ms(c.assist_ns),
        ms(c.cpu_ns.saturating_sub(c.stop_ns)),
        mb(c.before_bytes),
        mb(c.after_bytes),
        mb(c.live_bytes),
        mb(c.goal_bytes),
        if c.cause == Cause::Asked { "forced" } else { c.cause.name() },
    );
    out
}

/// Milliseconds as Go prints them (`fmtNSAsMS`): whole from 10 on, else two digits that count, at most three behind the
/// point.
fn ms(ns: u64) -> String {
    if ns >= 10_000_000 {
        return (ns / 1_000_000).to_string();
    }
    let us = ns / 1000;
    if us == 0 {
        return "0".to_owned();
    }
    let (mut x, mut decimals) = (us, 3);
    while x >= 100 {
        x /= 10;
        decimals -= 1;
    }
    let power = 10u64.pow(decimals);
    format!("{}.{:0width$}", x / power, x % power, width = decimals as usize)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_are_gos() {
        let texts = [
            (0, "0"),
            (999, "0"),
            (4_000, "0.004"),
            (12_345, "0.012"),
            (100_000, "0.10"),
            (129_999, "0.12"),
            (860_000, "0.86"),
            (4_400_000, "4.4"),
            (7_990_000, "7.9"),
            (10_000_000, "10"),
            (25_999_999, "25"),
        ];
        for (ns, text) in texts {
            assert_eq!(ms(ns), text, "{ns}");
        }
    }

    #[test]
    fn a_line_is_gos_with_any_cause_in_brackets() {
        let collection = Collection {
            number: 3,
            cause: Cause::Asked,
            began_ns: 1_000_000_000,
            stopping_ns: 100_000,
            stop_ns: 12_345,
            mark_ns: 25_000_000,
            cpu_ns: 20_012_345,
            cpu_ns_total: 102_501_234,
            assist_ns: 1_500_000,
            assist_ns_total: 1_500_000,
            before_bytes: 8 << 20,
            after_bytes: 9 << 20,
            live_bytes: 5 << 20,
            span_bytes: 9 << 20,
            goal_bytes: 10 << 20,
        };
        let go = "gc 3 @1.000s 5%: 0.11+25+0 ms clock, 0.012+1.5/20/0+0 ms cpu, 8->9->5 MB, 10 MB goal, 0 MB stacks, \
                  0 MB globals, 2 P";
        assert_eq!(line(&collection, 2), format!("{go} (forced)"));
        assert_eq!(line(&Collection { cause: Cause::Goal, ..collection }, 2), format!("{go} (goal)"));
    }
}
