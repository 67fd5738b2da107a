//! Full heaps and few descriptors under `tricolor`: a full collection and its finalizers come before the error, and what
//! failed for lack of room runs again with nothing lost and nothing done twice.

use super::support::{err, out, run, runner, script};
use std::process::{Command, Output};

/// Runs with 128 descriptors.
fn with_few_descriptors(path: &std::path::Path) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 128; exec \"$0\" \"$@\""]).arg(runner()).arg("tricolor").arg(path);
    command.output().expect("a shell")
}
#[track_caller]
fn prints(name: &str, o: &Output, expected: &str) {
    assert_eq!(out(o), expected, "{name}: {}", err(o));
    assert_eq!((o.status.code(), err(o).as_str()), (Some(0), ""), "{name}");
}

/// Files that only garbage holds, beside or inside what has finalizers or weak callbacks.
#[test]
#[cfg(unix)]
fn descriptors_come_back_from_garbage_with_finalizers() {
    let programs = [
        (
            "held.py",
            "class R:\n def __init__(s): s.f = open(__file__)\n def __del__(s): pass\nfor i in range(600): R()\n",
        ),
        (
            "beside.py",
            "class R:\n def __init__(s): s.me = s\n def __del__(s): pass\n\
                for i in range(300):\n R()\n open(__file__)\n",
        ),
        (
            "closing.py",
            "class R:\n def __init__(s): s.f = open(__file__)\n def __del__(s): s.f.close()\n\
                for i in range(600): R()\n",
        ),
        (
            "opening.py",
            "class R:\n def __init__(s): s.me = s\n def __del__(s): open(__file__).read()\n\
                for i in range(300):\n R()\n open(__file__)\n",
        ),
        (
            "weak.py",
            "import weakref\nclass R: pass\nL = []\n\
                def mk():\n r = R(); r.f = open(__file__)\n L.append(weakref.ref(r, lambda w: None))\n\
                    for i in range(600): mk()\n",
        ),
    ];
    for (name, text) in programs {
        let text = format!("{text}n = 0\nfor i in range(200): n += len(open(__file__).read(3))\nprint(i, n)\n");
        prints(name, &with_few_descriptors(&script(name, &text)), "199 600\n");
    }
}
/// The instruction or native that met the limit is run again, whatever it is, between finalizers or not.
#[test]
fn a_full_heap_of_garbage_is_no_memory_error() {
    let full = "x = []\ntry:\n while True: x.append([0] * 100)\nexcept MemoryError:\n x = None\n";
    let local = "def f():\n x = []\n try:\n  while True: x.append([0] * 100)\n except MemoryError as e:\n  x = None\n  return 1\nf()\n";
    let programs = [
        ("operator.py", "print(len([0] * 1000))\n", "1000\n"),
        (
            "natives.py",
            "print(len(list(range(1000))), len(bytes(50000)), len('ab'.center(9000)))\n",
            "1000 50000 9000\n",
        ),
        (
            "displays.py",
            "y = []\nfor j in range(1000): y.append([j, (j, [j])])\nprint(len(y), y[999])\n",
            "1000 [999, (999, [999])]\n",
        ),
        (
            "instances.py",
            "class A:\n def __init__(s, *a, k=1): s.a = a; s.k = k\ny = [A(i, k=i) for i in range(1000)]\n\
                print(y[7].a, y[7].k)\n",
            "(7,) 7\n",
        ),
        (
            "tables.py",
            "d = {i: str(i) for i in range(3000)}\ns = {i for i in range(3000)}\nprint(len(d), len(s), d[2999])\n",
            "3000 3000 2999\n",
        ),
        (
            "texts.py",
            "y = []\nfor i in range(2000): y.append(f'{i:>50}' + 'x' * i)\nprint(len(y), sum(map(len, y)))\n",
            "2000 2099000\n",
        ),
        (
            "iterators.py",
            "y = []\nfor i, (k, v) in enumerate(zip(range(10**18, 10**18 + 2000), [1] * 2000)): y.append(k)\n\
                print(sum(y) - 2000 * 10**18)\n",
            "1999000\n",
        ),
        (
            "closures.py",
            "def mk(n):\n def g(a, b=n): return a + b + n\n return g\ny = [mk(i) for i in range(1000)]\n\
                print(y[999](1))\n",
            "1999\n",
        ),
    ];
    for (name, text, expected) in programs {
        for (how, full) in [("global", full), ("local", local)] {
            let path = script(&format!("{how}_{name}"), &format!("{full}{text}"));
            prints(name, &run("tricolor", &path, &[], &[("MAX_HEAP", "9000000")]), expected);
        }
    }
    let finalized = "class R:\n def __init__(s): s.d = list(range(10000))\n def __del__(s): pass\n\
        for i in range(1000):\n R()\nprint(i)\n";
    prints("finalized", &run("tricolor", &script("finalized.py", finalized), &[], &[("MAX_HEAP", "9000000")]), "999\n");
    let large = "for i in range(200): x = [0] * 400000\nprint(len(x))\n";
    prints("large", &run("tricolor", &script("large.py", large), &[], &[("MAX_HEAP", "16000000")]), "400000\n");
}
/// What has been read stays in the file until it is an object.
#[test]
fn a_read_that_has_no_room_loses_nothing() {
    let big = script("big.txt", &format!("{}\n", "a".repeat(20_000_000)));
    let text = format!(
        "f = open({:?})\nfor what in (f.read, f.readline, lambda: [l for l in f], f.readlines):\n\
         \x20try:\n  print(len(what()))\n except MemoryError: print('no room')\nprint(f.read(3))\n",
        big
    );
    for manager in ["refcount", "tricolor"] {
        let o = run(manager, &script("reads.py", &text), &[], &[("MAX_HEAP", "12000000")]);
        prints(manager, &o, "no room\nno room\nno room\nno room\naaa\n");
    }
}
/// A traceback for `MemoryError` too: what has no room in the heap is remembered beside it.
#[test]
fn an_uncaught_memory_error_has_a_traceback() {
    let text = "def f(x):\n while True: x.append(f'{len(x):100}')\ndef g():\n f([])\ng()\n";
    for manager in ["refcount", "tricolor", "null"] {
        let o = run(manager, &script("uncaught_memory.py", text), &[], &[("MAX_HEAP", "9000000")]);
        let e = err(&o);
        let lines: Vec<_> = e.lines().filter(|l| !l.starts_with("    ")).map(|l| l.rsplit(", line ").next()).collect();
        let expected = ["Traceback (most recent call last):", "5, in <module>", "4, in g", "2, in f", "MemoryError"];
        assert_eq!(lines, expected.map(Some), "{manager}: {e}");
        assert_eq!(o.status.code(), Some(1));
    }
}
/// Nobody reads: `BrokenPipeError`, each time, for the program to catch; uncaught it ends quietly.
#[test]
#[cfg(unix)]
fn a_closed_standard_output_is_told_to_the_program() {
    let text = "import sys, time\ntime.sleep(0.3)\nn = 0\n\
        for i in range(3):\n try: print('x', flush=True)\n except BrokenPipeError as e: n += e.errno\n\
            sys.stderr.write(f'{n}\\n')\n";
    let uncaught = "while True: print('x' * 1000)\n";
    for manager in ["refcount", "tricolor"] {
        for (name, text, said) in [("caught.py", text, "96\n"), ("uncaught.py", uncaught, "")] {
            let mut command = Command::new("sh");
            command.args(["-c", "(\"$0\" \"$@\"; echo $? >&2) | true"]);
            let o = command.arg(runner()).arg(manager).arg(script(name, text)).output().expect("a shell");
            assert_eq!(err(&o), format!("{said}0\n"), "{name} under {manager}");
        }
    }
}
