//! The built-in workloads at small sizes: the same output under every manager, with and without zeal, and an error
//! rather than an abort when there is no room. It drives the built executable.

use std::process::{Command, Output, Stdio};

fn twinheap(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_twinheap")).args(args).stdin(Stdio::null()).output().unwrap()
}

/// The managers that collect, and all of them.
const COLLECTING: [&str; 2] = ["--manager=refcount", "--manager=tricolor"];
const ALL: [&str; 3] = ["--manager=null", COLLECTING[0], COLLECTING[1]];

#[track_caller]
fn printed(args: &[&str]) -> String {
    let output = twinheap(&[&["run"], args].concat());
    assert!(output.status.success(), "{args:?}: {:?} {}", output.status, String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs it under every manager, and under those that collect with zeal; answers what all of them printed.
#[track_caller]
fn same_everywhere(workload: &str) -> String {
    let first = printed(&["--manager=null", workload]);
    for manager in COLLECTING {
        assert_eq!(printed(&[manager, workload]), first, "{manager}");
        assert_eq!(printed(&[manager, "--zeal=1", workload]), first, "{manager} --zeal=1");
    }
    first
}

#[test]
fn binary_trees_prints_what_it_prints_everywhere() {
    let text = same_everywhere("workload:binary-trees,depth=6");
    assert_eq!(
        text,
        "stretch tree of depth 7\t check: 255\n\
         64\t trees of depth 4\t check: 1984\n\
         16\t trees of depth 6\t check: 2032\n\
         long lived tree of depth 6\t check: 127\n"
    );
}

#[test]
fn large_trees_are_joined_from_small_ones() {
    for manager in ALL {
        assert_eq!(
            printed(&[manager, "workload:binary-trees,depth=12"]),
            "stretch tree of depth 13\t check: 16383\n\
             4096\t trees of depth 4\t check: 126976\n\
             1024\t trees of depth 6\t check: 130048\n\
             256\t trees of depth 8\t check: 130816\n\
             64\t trees of depth 10\t check: 131008\n\
             16\t trees of depth 12\t check: 131056\n\
             long lived tree of depth 12\t check: 8191\n"
        );
    }
}

#[test]
fn lists() {
    // Pairs 0+1, 1+2, …; one ring of 5 at pair 0, 10 of them at 0, 100, …: sums by hand.
    let pairs: u64 = (0..1000).map(|i| 2 * i + 1).sum();
    let rings: u64 = (0..10).map(|r| (0..5).map(|i| 100 * r + i).sum::<u64>()).sum();
    let text = same_everywhere("workload:lists,n=1000,ring=5");
    assert_eq!(text, format!("1000 pairs and 10 rings of 5\t sum: {}\n", pairs + rings));
}

#[test]
fn graph() {
    let text = same_everywhere("workload:graph,nodes=50,ops=2000");
    assert!(text.starts_with("2000 operations on 50 nodes\t sum: "), "{text}");
}

#[test]
fn lru_cache() {
    let text = same_everywhere("workload:lru-cache,size=50,rate=2000,seconds=1");
    assert!(text.starts_with("2000 requests to a cache of 50 records\t sum: "), "{text}");
}

#[test]
fn threads() {
    let text = same_everywhere("workload:threads,threads=3,size=300,ops=3000");
    assert!(text.starts_with("3000 replacements among 300 nodes\t seen: "), "{text}");
    let output = twinheap(&["run", "--manager=null", "workload:threads,threads=3,size=300,ops=300"]);
    assert!(String::from_utf8(output.stderr).unwrap().contains("one mutator thread"));
}

#[test]
fn refs() {
    let text = same_everywhere("workload:refs,n=1000");
    let sum: u64 = (0..1000).map(|i| i % 64).sum();
    assert_eq!(text, format!("1000 clones\t sum: {sum}\n"));
    assert_eq!(printed(&["--manager=arc", "workload:refs,n=1000"]), text);
    let output = twinheap(&["run", "--manager=arc", "workload:lists"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn no_room_is_an_error() {
    for manager in ALL {
        let output = twinheap(&["run", manager, "--max-heap=16m", "workload:binary-trees,depth=20"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("16MiB") || said.contains("limit"), "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[test]
fn statistics_go_to_standard_error() {
    for manager in ALL {
        let output = twinheap(&["run", manager, "--stats", "workload:lists,n=1000"]);
        assert!(String::from_utf8(output.stdout).unwrap().starts_with("1000 pairs"));
        assert!(String::from_utf8(output.stderr).unwrap().contains("objects allocated"));
        let output = twinheap(&["run", manager, "--stats=json", "workload:lists,n=1000"]);
        let stats: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
        // The root is an object too.
        assert_eq!(stats["objects_allocated"], 1000 * 2 + 10 * 100 + 1);
        let causes = stats["causes"].as_object().unwrap();
        assert_eq!(causes.values().map(|n| n.as_u64().unwrap()).sum::<u64>(), stats["collections"].as_u64().unwrap());
    }
}

#[test]
fn histograms_add_up() {
    let counted = |buckets: &serde_json::Value| -> u64 {
        let all = buckets.as_array().unwrap();
        assert!(all.iter().all(|b| b["below_ns"].is_null() || b["from_ns"].as_u64() < b["below_ns"].as_u64()));
        all.iter().map(|b| b["count"].as_u64().unwrap()).sum()
    };
    for manager in ["--manager=refcount", "--manager=tricolor"] {
        let output = twinheap(&["run", manager, "--stats=json", "workload:lists,n=300000"]);
        let stats: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
        let stop = &stats["stops"]["gc"];
        assert_eq!(counted(&stop["stopping"]), stop["count"].as_u64().unwrap(), "{stats}");
        assert_eq!(counted(&stop["total"]), stop["count"].as_u64().unwrap());
        assert!(stop["count"].as_u64() >= stats["collections"].as_u64() && stats["collections"].as_u64() > Some(0));
        let mut all = 0;
        for cause in stats["holdups"]["by_cause"].as_object().unwrap().values() {
            assert_eq!(counted(&cause["histogram"]), cause["count"].as_u64().unwrap(), "{stats}");
            all += cause["count"].as_u64().unwrap();
        }
        assert_eq!(all, stats["holdups"]["count"].as_u64().unwrap());
        let text = String::from_utf8(twinheap(&["run", manager, "--stats", "workload:lists,n=300000"]).stderr).unwrap();
        for row in ["stops for gc", "time to stop, 99th percentile", "collections: "] {
            assert!(text.contains(row), "{row}: {text}");
        }
    }
}

#[test]
fn gctrace_prints_a_line_a_collection() {
    let output = twinheap(&["run", "--manager=tricolor", "--gctrace", "workload:lists,n=500000"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.lines().count() > 1, "{said}");
    for (nth, line) in said.lines().enumerate() {
        assert!(line.starts_with(&format!("gc {} @", nth + 1)) && line.contains(" MB goal, "), "{line}");
        assert!(line.ends_with(" P (goal)") || line.ends_with(" P (forced)"), "{line}");
    }
}

#[test]
fn workloads_are_listed_with_their_keys() {
    let text = String::from_utf8(twinheap(&["workloads"]).stdout).unwrap();
    for name in ["binary-trees", "lists", "graph", "lru-cache", "threads", "refs", "depth=16", "rate="] {
        assert!(text.contains(name), "{name}: {text}");
    }
    assert!(!text.contains("empty"));
}
