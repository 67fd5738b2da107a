//! Bad programs and small machines: a clear error, the right exit status, never an abort.

use super::support::{err, out, run, runner, script};
use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
};

pub const MANAGERS: [&str; 3] = ["refcount", "tricolor", "null"];

/// Runs under every manager: exit status 1, nothing on standard output, these lines at the end of standard error.
pub fn fails(name: &str, text: &str, last: &str, env: &[(&str, &str)]) {
    let path = script(name, text);
    for manager in MANAGERS {
        let o = run(manager, &path, &[], env);
        assert_eq!(o.status.code(), Some(1), "{name} under {manager}: {:?} {}", o.status, err(&o));
        assert!(err(&o).trim_end().ends_with(last), "{name} under {manager}: {}", err(&o));
        assert_eq!(out(&o), "", "{name} under {manager}");
    }
}

#[test]
fn a_syntax_error_names_file_line_and_place() {
    fails("syntax.py", "x = 1\ndef f(:\n    pass\n", "SyntaxError: invalid syntax", &[]);
    let o = run("refcount", &script("syntax.py", "x = 1\ndef f(:\n    pass\n"), &[], &[]);
    assert_eq!(err(&o), "  File \"syntax.py\", line 2\n    def f(:\n          ^\nSyntaxError: invalid syntax\n");
}
#[test]
fn an_uncaught_exception_prints_a_traceback() {
    let text = "def f(x):\n    return g(x) + 1\ndef g(x):\n    raise ValueError('no ' + x)\nf('way')\n";
    let path = script("uncaught.py", text);
    for manager in MANAGERS {
        let o = run(manager, &path, &[], &[]);
        let expected = concat!(
            "Traceback (most recent call last):\n",
            "  File \"uncaught.py\", line 5, in <module>\n    f('way')\n    ~^^^^^^^\n",
            "  File \"uncaught.py\", line 2, in f\n    return g(x) + 1\n           ~^^^\n",
            "  File \"uncaught.py\", line 4, in g\n    raise ValueError('no ' + x)\n",
            "ValueError: no way\n"
        );
        assert_eq!(err(&o), expected, "under {manager}");
        assert_eq!(o.status.code(), Some(1));
    }
}
#[test]
fn recursion_without_end_is_an_error() {
    fails(
        "recursion.py",
        "def f(n):\n    return f(n + 1)\nf(0)\n",
        "RecursionError: maximum recursion depth exceeded",
        &[],
    );
    let nested = "class A:\n    def __repr__(self):\n        return repr(self)\nrepr(A())\n";
    fails("recursion_nested.py", nested, "maximum recursion depth exceeded", &[]);
}
#[test]
fn what_no_machine_has_is_a_memory_error() {
    for (i, text) in
        ["[0] * 10**12", "2 ** 10**12", "'a' * 10**15", "bytes(10**14)", "list(range(10**13))", "1 << 10**13"]
            .iter()
            .enumerate()
    {
        fails(&format!("memory{i}.py"), &format!("{text}\n"), "MemoryError", &[]);
    }
}
#[test]
fn a_full_heap_is_a_memory_error() {
    let limit = [("MAX_HEAP", "33554432")];
    fails("full_list.py", "x = []\nwhile True:\n    x.append([1, 2, 3])\n", "MemoryError", &limit);
    fails(
        "full_chain.py",
        "class N:\n    pass\nh = None\nwhile True:\n    n = N()\n    n.next = h\n    h = n\n",
        "MemoryError",
        &limit,
    );
    fails("full_dict.py", "d = {}\ni = 0\nwhile True:\n    d[i] = str(i)\n    i += 1\n", "MemoryError", &limit);
    fails("full_str.py", "s = 'x'\nwhile True:\n    s = s + s\n", "MemoryError", &limit);
}
/// A program may catch it, drop what it holds, and go on.
#[test]
fn a_memory_error_can_be_caught() {
    let text =
        "x = []\ntry:\n    while True:\n        x.append([1] * 100)\nexcept MemoryError:\n    x = None\nprint('on')\n";
    let path = script("caught.py", text);
    for manager in ["refcount", "tricolor"] {
        let o = run(manager, &path, &[], &[("MAX_HEAP", "67108864")]);
        assert_eq!((out(&o).as_str(), o.status.code()), ("on\n", Some(0)), "under {manager}: {}", err(&o));
    }
}
#[test]
fn two_hundred_thousand_brackets_are_an_error() {
    let text = format!("x = {}{}\n", "[".repeat(200_000), "]".repeat(200_000));
    fails("brackets.py", &text, "SyntaxError: too many nested parentheses", &[]);
}
#[test]
fn sys_exit_is_the_status() {
    for (text, status) in
        [("import sys\nsys.exit(7)\n", 7), ("raise SystemExit\n", 0), ("import sys\nsys.exit('bye')\n", 1)]
    {
        let o = run("refcount", &script("exit.py", text), &[], &[]);
        assert_eq!(o.status.code(), Some(status), "{text}");
    }
}
#[test]
#[cfg(unix)]
fn a_closed_pipe_ends_the_program_quietly() {
    let path = script("pipe.py", "for i in range(300000):\n    print('line', i)\n");
    for manager in MANAGERS {
        let mut child = Command::new(runner())
            .arg(manager)
            .arg(&path)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the runner starts");
        let mut line = String::new();
        let mut pipe = BufReader::new(child.stdout.take().expect("a pipe"));
        pipe.read_line(&mut line).expect("a line");
        drop(pipe);
        let mut text = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut text).expect("text");
        let status = child.wait().expect("an end");
        assert_eq!((line.as_str(), text.as_str()), ("line 0\n", ""), "under {manager}");
        assert!(status.code().is_some(), "under {manager}: ended by a signal: {status:?}");
    }
}
#[test]
#[cfg(unix)]
fn ctrl_c_is_a_keyboard_interrupt() {
    let text = "import atexit\natexit.register(print, 'tidied up')\nprint('on', flush=True)\nwhile True:\n    pass\n";
    let path = script("interrupt.py", text);
    for manager in MANAGERS {
        let mut child = Command::new(runner())
            .arg(manager)
            .arg(&path)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the runner starts");
        let mut pipe = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        pipe.read_line(&mut line).expect("a line");
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill").success());
        let (mut rest, mut text) = (String::new(), String::new());
        pipe.read_to_string(&mut rest).expect("text");
        child.stderr.take().expect("a pipe").read_to_string(&mut text).expect("text");
        let status = child.wait().expect("an end");
        assert!(text.trim_end().ends_with("KeyboardInterrupt"), "under {manager}: {text}");
        assert_eq!((rest.as_str(), status.code()), ("tidied up\n", Some(130)), "under {manager}");
    }
}
