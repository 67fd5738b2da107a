//! What has no bound of its own: results of any size, calls and tables without end. An error, never a panic or an abort.

use super::{
    bad_input::{MANAGERS, fails},
    support::{err, out, run, script},
};

const SMALL_HEAP: (&str, &str) = ("MAX_HEAP", "33554432");

/// Runs under every manager and prints this.
fn prints(name: &str, text: &str, expected: &str) {
    let path = script(name, text);
    for manager in MANAGERS {
        let o = run(manager, &path, &[], &[]);
        assert_eq!((out(&o).as_str(), o.status.code()), (expected, Some(0)), "{name} under {manager}: {}", err(&o));
    }
}

#[test]
fn powers_are_right_or_a_memory_error() {
    prints(
        "power.py",
        "print((2 ** (2 ** 32)).bit_length(), 1 ** 2 ** 70, (-1) ** (2 ** 70 + 1), 0 ** 2 ** 70, round(5, -2 ** 32))\n",
        "4294967297 1 -1 0 0\n",
    );
    fails("power_large.py", "10 ** 10 ** 12\n", "MemoryError", &[]);
    fails("power_limit.py", "2 ** 2 ** 32\n", "MemoryError", &[SMALL_HEAP]);
}
/// The generator's frame is gone when there is no memory for the object.
#[test]
fn a_heap_full_of_generators_is_a_memory_error() {
    fails("full_gen.py", "def g(): yield 1\nx = []\nwhile True:\n    x.append(g())\n", "MemoryError", &[SMALL_HEAP]);
    let text = "def g(): yield 1\nx = []\ntry:\n    while True: x.append(g())\nexcept MemoryError:\n    x = None\n\
                print('on')\n";
    let path = script("full_gen_caught.py", text);
    for manager in ["refcount", "tricolor"] {
        let o = run(manager, &path, &[], &[SMALL_HEAP]);
        assert_eq!((out(&o).as_str(), o.status.code()), ("on\n", Some(0)), "under {manager}: {}", err(&o));
    }
}
#[test]
fn results_of_any_size_are_a_memory_error() {
    let texts = [
        "('\\t' * 10).expandtabs(10**14)",
        "('a' * 10**6).replace('a', 'b' * 10**7)",
        "'a'.ljust(2**62)",
        "'a'.center(10**13)",
        "'1'.zfill(2**62)",
        "('b' * 10**6).join(['a'] * 10**7)",
        "'%1000000000000d' % 1",
        "'%.*f' % (2 * 10**9, 1.0)",
        "'%2000000000d' % 1",
        "format(1, '2000000000d')",
        "format(1, '02000000000,d')",
        "f'{1.5:.2000000000f}'",
        "('a' * 1000).translate({97: 'b' * 10**6})",
        "bytes(2**61)",
        "bytes(2**50)",
        "b'ab' * 2**61",
        "(1,) * 2**61",
        "x = [1]; x *= 2**70",
        "bin(1 << 10**9)",
        "(1).to_bytes(10**14, 'big')",
        "x = [1]; x[0:0] = range(10**13)",
        "x = [0]\nfor i in range(40): x = [x, x]\nrepr(x)",
    ];
    for (i, text) in texts.iter().enumerate() {
        fails(&format!("bounds{i}.py"), &format!("{text}\n"), "MemoryError", &[SMALL_HEAP]);
    }
}
#[test]
#[cfg(unix)]
fn a_file_without_end_is_a_memory_error() {
    let limit = [("MAX_HEAP", "67108864")];
    for (i, text) in [
        "open('/dev/zero').read()",
        "open('/dev/zero', 'rb').read()",
        "open('/dev/zero').readline()",
        "open('/dev/zero').read(10**14)",
        "open('/dev/zero').readlines()",
    ]
    .iter()
    .enumerate()
    {
        fails(&format!("endless{i}.py"), &format!("{text}\n"), "MemoryError", &limit);
    }
}
#[test]
fn callables_without_end_are_a_recursion_error() {
    let deep = "RecursionError: maximum recursion depth exceeded while calling a Python object";
    fails("call_self.py", "class A: pass\nA.__call__ = A()\nA()()\n", deep, &[]);
    fails("call_meta.py", "class M(type): pass\nclass D(metaclass=M): pass\nM.__call__ = D\nD(1)\n", deep, &[]);
}
/// No item is made of a range that is added up, and none kept of what is only looked through.
#[test]
fn long_ranges_are_not_made_into_lists() {
    let text = "r = range(10**12)\nprint(sum(r), sum(iter(r)), min(r), max(r), 10**11 in r, 5 in iter(r))\n";
    prints("long_range.py", text, "499999999999500000000000 499999999999500000000000 0 999999999999 True True\n");
    let lazy =
        "print(max(x & 7 for x in range(300000)), sum(x & 1 for x in range(300000)), -1 in iter(range(300000)))\n";
    let path = script("lazy.py", lazy);
    for manager in ["refcount", "tricolor"] {
        let o = run(manager, &path, &[], &[("MAX_HEAP", "8388608")]);
        assert_eq!(out(&o), "7 150000 False\n", "under {manager}: {}", err(&o));
    }
}
