//! What the numbers mean: ratios, what is noise, whether start-up was measured, and the last sentence.
//!
//! Pure functions over `measure.rs`, so that the honesty of the sentence can be tested. The overview stands in
//! `report.rs`.

use super::measure::{Comparison, Contender, Spread, Unit};

/// `1.23×`, or nothing where a ratio means nothing.
pub fn ratio(value: f64, first: f64) -> Option<String> {
    (first > 0.0 && value.is_finite()).then(|| {
        let ratio = value / first;
        match ratio {
            r if r >= 99.5 => format!("{r:.0}×"),
            r if r >= 9.995 => format!("{r:.1}×"),
            r if r < 0.005 && r > 0.0 => "< 0.01×".to_owned(),
            r => format!("{r:.2}×"),
        }
    })
}

/// A program this many times its start-up says something about the program.
const BRIEF: f64 = 3.0;
/// And one below this many says nothing beside one that says nothing.
const NOT_LONG: f64 = 10.0;

/// A sentence if the program ran so briefly that start-up is what was measured.
pub fn brief(comparison: &Comparison) -> Option<String> {
    let brief: Vec<_> = comparison.contenders.iter().filter(|c| is_brief(c)).collect();
    let worst = brief.iter().max_by(|a, b| share(a).total_cmp(&share(b)))?;
    let who = if brief.len() == comparison.contenders.len() { "The program".to_owned() } else { names(&brief) };
    let wall_s = worst.wall_s().median;
    let part = if worst.startup_s < wall_s {
        format!("{} of {}'s {}", Unit::Seconds.show(worst.startup_s), worst.name, Unit::Seconds.show(wall_s))
    } else {
        format!("as long, {}", Unit::Seconds.show(worst.startup_s))
    };
    Some(format!("{who} ran so briefly that start-up is what was measured: an empty program takes {part}."))
}

fn is_brief(contender: &Contender) -> bool {
    contender.wall_s().median < BRIEF * contender.startup_s
}

/// Whether some of them are brief, and none took long: one that is brief beside one that took long says a lot.
fn is_all_start_up(contenders: &[&Contender]) -> bool {
    contenders.iter().any(|c| is_brief(c)) && contenders.iter().all(|c| c.wall_s().median < NOT_LONG * c.startup_s)
}

fn share(contender: &Contender) -> f64 {
    contender.startup_s / contender.wall_s().median
}

fn names(contenders: &[&Contender]) -> String {
    let names: Vec<_> = contenders.iter().map(|c| c.name.as_str()).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((last, _)) => (*last).to_owned(),
        None => String::new(),
    }
}

/// One thing a program may care about.
struct Axis {
    /// "if … counts".
    concern: &'static str,
    /// How much a contender needs of it; less is better.
    need: fn(&Contender) -> Option<Spread>,
    /// A difference below this part of the larger number is never called one …
    least_part: f64,
    /// … nor one below this many units.
    least: f64,
    /// The margin in words: best, next best.
    margin: fn(f64, f64, &str) -> String,
}

const AXES: [Axis; 4] = [
    Axis {
        concern: "time",
        need: |c| Some(c.wall_s()),
        least_part: 0.03,
        least: 0.0,
        margin: |best, next, than| {
            format!(
                "{:.2}× as fast as {than}, {} against {}",
                next / best,
                Unit::Seconds.show(best),
                Unit::Seconds.show(next)
            )
        },
    },
    Axis {
        concern: "memory",
        need: |c| Some(c.peak_rss_bytes()),
        least_part: 0.05,
        least: 1048576.0,
        margin: |best, next, than| {
            format!(
                "{} of {than}'s memory, {} against {}",
                ratio(best, next).unwrap_or_default(),
                Unit::Bytes.show(best),
                Unit::Bytes.show(next)
            )
        },
    },
    Axis {
        concern: "response time",
        need: |c| {
            let p99: Vec<_> = c.runs.iter().filter_map(|run| run.report.as_ref()?.response.as_ref()).collect();
            (!p99.is_empty()).then(|| Spread::of(p99.iter().map(|response| response.p99_ns as f64)))
        },
        least_part: 0.5,
        least: 100_000.0,
        margin: |best, next, than| {
            format!(
                "99 % of responses within {}, against {} under {than}",
                Unit::Nanoseconds.show(best),
                Unit::Nanoseconds.show(next)
            )
        },
    },
    Axis {
        concern: "the longest hold-up",
        need: |c| {
            let longest: Vec<_> =
                c.runs.iter().filter_map(|run| run.report.as_ref()).map(|r| r.holdups.max_ns as f64).collect();
            (!longest.is_empty()).then(|| Spread::of(longest))
        },
        least_part: 0.5,
        least: 100_000.0,
        margin: |best, next, than| {
            let best = if best < 10_000.0 {
                "no hold-up over 10 µs".to_owned()
            } else {
                format!("no hold-up over {}", Unit::Nanoseconds.show(best))
            };
            format!("{best}, against {} under {than}", Unit::Nanoseconds.show(next))
        },
    },
];

/// Who is best on one axis, and by what margin.
struct Standing<'a> {
    /// The best and those that noise does not tell from it, best first.
    best: Vec<&'a Contender>,
    /// The margin in words over the first that is worse, if any is.
    margin: Option<String>,
    /// The medians differ, but no more than the runs of a contender do among themselves.
    noisy: bool,
}

impl Axis {
    fn standing<'a>(&self, contenders: &[&'a Contender]) -> Option<Standing<'a>> {
        let mut needs: Vec<(&Contender, Spread)> = Vec::new();
        for contender in contenders {
            needs.push((contender, (self.need)(contender)?));
        }
        needs.sort_by(|a, b| a.1.median.total_cmp(&b.1.median));
        let (_, first) = *needs.first()?;
        let runs = contenders.iter().map(|c| c.runs.len()).min()?;
        let worse = needs.iter().position(|(_, need)| self.differ(first, *need, runs));
        let best = needs[..worse.unwrap_or(needs.len())].iter().map(|(c, _)| *c).collect();
        let margin = worse.map(|at| {
            let (next, need) = needs[at];
            (self.margin)(first.median, need.median, &next.name)
        });
        let noisy = margin.is_none() && needs.iter().any(|(_, need)| self.matters(first, *need, runs));
        Some(Standing { best, margin, noisy })
    }

    /// Whether the difference is more than noise. Runs are disturbed in one direction only, so what a median has over
    /// the least of its samples estimates the noise.
    fn differ(&self, best: Spread, other: Spread, runs: usize) -> bool {
        let noise = |s: Spread| 2.0 * (s.median - s.min);
        self.matters(best, other, runs) && other.median - best.median > noise(best).max(noise(other))
    }

    /// Whether anybody would care. With fewer than three runs nothing estimates the noise, and a tenth is assumed.
    fn matters(&self, best: Spread, other: Spread, runs: usize) -> bool {
        let part = if runs < 3 { self.least_part.max(0.1) } else { self.least_part };
        other.median - best.median > (part * other.median).max(self.least)
    }
}

/// One sentence: which manager suits this program, and by what margin. Foreign contenders have no say, for they differ
/// in more than the manager; nor has the null manager, which is a control: it shows what the others' work costs.
pub fn verdict(comparison: &Comparison) -> String {
    let (controls, ours): (Vec<&Contender>, Vec<&Contender>) =
        comparison.contenders.iter().filter(|c| !c.is_foreign()).partition(|c| is_control(c));
    let (fit, failed): (Vec<&Contender>, Vec<&Contender>) = ours.iter().partition(|c| c.exit_status() == 0);
    let control = controls.iter().find(|c| c.exit_status() == 0);
    let mut sentence = match (&fit[..], control) {
        ([], _) if ours.is_empty() => {
            return "Only the null manager ran, which is a control and suits no program.".to_owned();
        }
        ([], _) => return "No manager brought this program to its end, so none can be said to suit it.".to_owned(),
        (fit, _) if is_all_start_up(fit) => {
            return format!(
                "Nothing can be said for or against {}: the program is over before a manager matters.",
                names(fit)
            );
        }
        ([only], Some(control)) if failed.is_empty() => against_control(only, control),
        ([only], None) if failed.is_empty() => format!("Only {} ran, so there is nothing to choose", only.name),
        ([only], _) => format!("{} suits this program: it alone brought it to its end", only.name),
        _ => choose(&fit),
    };
    if !failed.is_empty() && fit.len() > 1 {
        sentence.push_str(&format!("; {} did not bring it to its end", names(&failed)));
    }
    if comparison.differences.iter().any(|d| ours.iter().any(|c| c.name == d.found.0)) {
        sentence.push_str("; but mind that the outputs differ");
    }
    sentence.push('.');
    sentence
}

fn is_control(contender: &Contender) -> bool {
    contender.runs.iter().filter_map(|run| run.report.as_ref()).any(|report| report.manager == "null")
        || contender.name == "null"
}

fn against_control(only: &Contender, control: &Contender) -> String {
    let times = |part: f64, whole: f64| ratio(part, whole).unwrap_or_else(|| "?".to_owned());
    format!(
        "Measured against {}, which never frees, {} takes {} the time and {} the memory",
        control.name,
        only.name,
        times(only.wall_s().median, control.wall_s().median),
        times(only.peak_rss_bytes().median, control.peak_rss_bytes().median)
    )
}

fn choose(fit: &[&Contender]) -> String {
    let standings: Vec<(&Axis, Standing<'_>)> =
        AXES.iter().filter_map(|axis| Some((axis, axis.standing(fit)?))).collect();
    let noisy: Vec<_> = standings.iter().filter(|(_, standing)| standing.noisy).map(|(axis, _)| axis.concern).collect();
    let aside = match noisy[..] {
        [] => String::new(),
        _ => format!("; the runs vary too much to tell them apart in {}", noisy.join(" and ")),
    };
    let decided: Vec<_> = standings.iter().filter(|(_, standing)| standing.margin.is_some()).collect();
    let margin = |standing: &Standing<'_>| standing.margin.clone().unwrap_or_default();
    if decided.is_empty() {
        return format!("{} suit this program equally well: their differences are within the noise{aside}", names(fit));
    }
    // Best, or not to be told from the best, on every axis.
    let all_round: Vec<&Contender> = fit
        .iter()
        .filter(|c| standings.iter().all(|(_, s)| s.best.iter().any(|best| std::ptr::eq(*best, **c))))
        .copied()
        .collect();
    if !all_round.is_empty() {
        let margins: Vec<_> = decided.iter().map(|(_, standing)| margin(standing)).collect();
        let verb = if all_round.len() == 1 { "suits" } else { "suit" };
        return format!("{} {verb} this program: {}{aside}", names(&all_round), margins.join("; "));
    }
    let clauses: Vec<_> = decided
        .iter()
        .map(|(axis, standing)| {
            format!("{} where {} counts ({})", names(&standing.best), axis.concern, margin(standing))
        })
        .collect();
    format!("It depends on what this program needs: {}{aside}", clauses.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{
        super::measure::{Difference, Digest, Holdups, Machine, ManagerReport, Response, Run},
        *,
    };

    fn contender(name: &str, walls_s: &[f64], rss_mib: u64, holdup_ns: Option<u64>) -> Contender {
        let runs = walls_s.iter().map(|&wall_s| Run {
            wall_s,
            cpu_s: wall_s,
            peak_rss_bytes: rss_mib << 20,
            exit_status: 0,
            stdout: Digest { sha256: String::new(), bytes: 0 },
            stderr_tail: String::new(),
            report: holdup_ns.map(|max_ns| ManagerReport {
                holdups: Holdups { max_ns, ..Holdups::default() },
                ..ManagerReport::default()
            }),
            descriptors_sampled: None,
        });
        Contender {
            name: name.to_owned(),
            knobs: Default::default(),
            foreign: None,
            runs: runs.collect(),
            startup_s: 0.002,
        }
    }

    fn comparison(contenders: Vec<Contender>) -> Comparison {
        let machine = Machine { system: String::new(), processor: String::new(), processors: 2, memory_bytes: 1 << 30 };
        Comparison { program: "p.py".to_owned(), contenders, differences: vec![], machine }
    }

    fn said(contenders: Vec<Contender>) -> String {
        verdict(&comparison(contenders))
    }

    #[test]
    fn one_is_better_at_everything() {
        let text = said(vec![
            contender("refcount", &[1.0, 1.01, 1.02], 50, Some(20_000)),
            contender("tricolor", &[1.5, 1.51, 1.52], 100, Some(1_000_000)),
        ]);
        assert_eq!(
            text,
            "refcount suits this program: 1.50× as fast as tricolor, 1.01 s against 1.51 s; 0.50× of tricolor's \
             memory, 50.0 MiB against 100 MiB; no hold-up over 20.0 µs, against 1.00 ms under tricolor."
        );
    }

    #[test]
    fn it_depends() {
        let text = said(vec![
            contender("refcount", &[1.5, 1.51, 1.52], 50, Some(0)),
            contender("tricolor", &[1.0, 1.01, 1.02], 100, Some(0)),
        ]);
        assert!(text.starts_with("It depends on what this program needs: tricolor where time counts (1.50×"), "{text}");
        assert!(text.contains("refcount where memory counts (0.50× of tricolor's memory"), "{text}");
    }

    #[test]
    fn noise_is_no_difference() {
        let text = said(vec![
            contender("refcount", &[1.0, 1.2, 1.4], 50, Some(0)),
            contender("tricolor", &[1.0, 1.3, 1.5], 50, Some(50_000)),
        ]);
        assert_eq!(
            text,
            "refcount and tricolor suit this program equally well: their differences are within the noise; the runs vary \
             too much to tell them apart in time."
        );
        // With one run each even seven percent decide nothing.
        let text = said(vec![contender("a", &[1.0], 50, None), contender("b", &[1.07], 50, None)]);
        assert!(text.contains("equally well"), "{text}");
        let text = said(vec![contender("a", &[1.0], 50, None), contender("b", &[1.5], 50, None)]);
        assert!(text.starts_with("a suits"), "{text}");
    }

    #[test]
    fn a_tie_in_time_is_decided_by_memory() {
        let text = said(vec![
            contender("refcount", &[1.0, 1.0, 1.0], 50, Some(0)),
            contender("tricolor", &[1.01, 1.01, 1.01], 200, Some(0)),
        ]);
        assert!(text.starts_with("refcount suits this program: 0.25× of tricolor's memory"), "{text}");
    }

    #[test]
    fn failures_and_briefness() {
        let mut broken = contender("weak", &[0.5], 50, Some(0));
        broken.runs[0].exit_status = 1;
        let good = contender("tricolor", &[1.0], 50, Some(0));
        assert!(said(vec![broken.clone(), good.clone()]).starts_with("tricolor suits this program: it alone"));
        assert!(said(vec![broken.clone()]).starts_with("No manager"));
        assert!(said(vec![good.clone()]).starts_with("Only tricolor ran"));
        let other = contender("refcount", &[2.0], 50, Some(0));
        assert!(said(vec![good, other, broken]).ends_with("; weak did not bring it to its end."));
        let quick = [contender("a", &[0.003], 5, None), contender("b", &[0.004], 5, None)];
        assert!(said(quick.to_vec()).starts_with("Nothing can be said for or against a and b"));
        let slow = contender("c", &[0.5], 5, None);
        assert!(said(vec![quick[0].clone(), slow]).starts_with("a suits this program"));
        assert!(brief(&comparison(quick.to_vec())).unwrap().starts_with("The program ran so briefly"));
    }

    #[test]
    fn null_is_a_control() {
        let null = contender("null", &[0.1], 500, Some(0));
        let (a, b) = (contender("a", &[1.0], 50, Some(0)), contender("b", &[2.0], 50, Some(0)));
        assert!(said(vec![null.clone(), a.clone(), b]).starts_with("a suits this program: 2.00× as fast as b"));
        assert_eq!(
            said(vec![null.clone(), a]),
            "Measured against null, which never frees, a takes 10.0× the time and 0.10× the memory."
        );
        assert!(said(vec![null]).starts_with("Only the null manager ran"));
    }

    #[test]
    fn response_times_count() {
        let serving = |name, p99_ns| {
            let mut contender = contender(name, &[5.0, 5.0, 5.0], 50, Some(0));
            for run in &mut contender.runs {
                let response = Response { p99_ns, ..Response::default() };
                run.report.as_mut().unwrap().response = Some(response);
            }
            contender
        };
        let text = said(vec![serving("a", 5_000), serving("b", 10_000_000)]);
        assert_eq!(text, "a suits this program: 99 % of responses within 5.00 µs, against 10.0 ms under b.");
    }

    #[test]
    fn foreign_contenders_have_no_say_and_differences_are_mentioned() {
        let mut python = contender("python3", &[0.1], 5, None);
        python.foreign = Some("/usr/bin/python3".to_owned());
        let mut compared = comparison(vec![contender("a", &[1.0], 50, None), contender("b", &[2.0], 50, None), python]);
        assert!(verdict(&compared).starts_with("a suits this program: 2.00× as fast as b"));
        compared.differences.push(Difference {
            line: 1,
            expected: ("a".to_owned(), None),
            found: ("b".to_owned(), Some("x".to_owned())),
        });
        assert!(verdict(&compared).ends_with("; but mind that the outputs differ."));
    }

    #[test]
    fn ratios() {
        assert_eq!(ratio(3.0, 2.0).unwrap(), "1.50×");
        assert_eq!(ratio(3.0, 0.0), None);
        assert_eq!(ratio(300.0, 1.0).unwrap(), "300×");
        assert_eq!(ratio(0.001, 1.0).unwrap(), "< 0.01×");
    }
}
