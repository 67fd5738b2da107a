//! What holds for any measurements whatsoever.  Not the scenarios (`simulation`).  Overview: `manager::tricolor::pacer`.

use super::*;
use proptest::prelude::*;

/// Figures of all magnitudes, the impossible ones included.
fn figure() -> impl Strategy<Value = usize> {
    (0..64u32, any::<usize>()).prop_map(|(bits, n)| n >> bits)
}
fn measured() -> impl Strategy<Value = Measured> {
    prop::collection::vec(figure(), 13).prop_map(|f| Measured {
        marked_bytes: f[0] >> 2,
        heap_bytes: f[1],
        outside_bytes: f[2] >> 2,
        roots_bytes: f[3] >> 2,
        overhead_bytes: f[4] >> 2,
        born_bytes: f[5] >> 2,
        work: f[6] as u64,
        background_ns: f[7] as u64,
        assist_ns: f[8] as u64,
        mutator_ns: f[9] as u64,
        cycle_bytes: f[10],
        collector_ns: f[11] as u64,
        program_ns: f[12] as u64,
    })
}
fn knob() -> impl Strategy<Value = Option<usize>> {
    prop::option::of(figure())
}

proptest! {
    #[test]
    fn plans_are_sound(
        gogc in prop::option::of(0..100_000u32), minimum in figure(), soft in knob(), hard in knob(),
        all in prop::collection::vec(measured(), 1..8), limiting in any::<bool>()
    ) {
        let mut p = Pacer::new(gogc, minimum, soft, hard, 2);
        if limiting {
            p.limiter.account(u64::MAX, 0);
        }
        for m in &all {
            let plan = p.after(m);
            let live = m.live_bytes(p.survival);
            prop_assert!(plan.goal_bytes >= live && plan.goal_bytes >= m.now_bytes(), "{plan:?}");
            prop_assert!(plan.trigger_bytes <= plan.goal_bytes, "{plan:?}");
            prop_assert!(plan.trigger_bytes >= m.now_bytes(), "{plan:?}");
            prop_assert!(!plan.is_capped || soft.is_some() && limiting);
            // More is allowed with a larger percentage, and never less with none at all.
            let mut more = p.clone();
            more.gogc = more.gogc.and_then(|g| g.checked_add(g / 3 + 1));
            prop_assert!(more.plan(m).goal_bytes >= plan.goal_bytes);
            more.gogc = None;
            prop_assert!(more.plan(m).goal_bytes >= plan.goal_bytes);
            // A limit never makes a goal larger; a smaller one never larger than a larger one.
            let mut less = p.clone();
            less.hard_bytes = Some(hard.unwrap_or(usize::MAX) / 2);
            prop_assert!(less.plan(m).goal_bytes <= plan.goal_bytes);
        }
    }

    #[test]
    fn schedules_are_sound(m in measured(), heap in figure(), at in figure(), done in any::<u64>(), bytes in figure()) {
        let mut p = Pacer::new(Some(100), 4 << 20, None, None, 2);
        let plan = p.after(&m);
        let s = p.schedule(&m, &plan, heap);
        let ratio = s.ratio(at, done);
        prop_assert!(ratio.is_finite() && ratio > 0.0);
        prop_assert!(s.owed(bytes, at, done) <= s.most_work.max(16).max(s.expected_work));
        prop_assert!(s.is_ahead(s.start_bytes, done), "nothing was allocated yet");
        prop_assert!(!s.is_ahead(s.goal_bytes.saturating_add(1), done) || s.goal_bytes == usize::MAX);
    }
}
