//! Scripts through the command, under every manager: exit status, standard streams, and what bad scripts and full heaps
//! come to. It drives the built executable.

use std::{
    fs,
    io::Read,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

const MANAGERS: [&str; 3] = ["refcount", "tricolor", "null"];

/// A script in a directory that goes away with it.
struct Script {
    _directory: tempfile::TempDir,
    path: String,
}

impl Script {
    fn new(source: &str) -> Script {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("script.py");
        fs::write(&path, source).unwrap();
        Script { path: path.to_str().unwrap().to_owned(), _directory: directory }
    }

    fn command(&self, options: &[&str], args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_twinheap"));
        command.arg("run").args(options).arg(&self.path).args(args).stdin(Stdio::null());
        command
    }

    fn run(&self, options: &[&str], args: &[&str]) -> Output {
        self.command(options, args).output().unwrap()
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Runs the source under every manager and looks at status, output and the end of the complaint.
#[track_caller]
fn everywhere(source: &str, options: &[&str], status: i32, printed: &str, complaint: &[&str]) {
    let script = Script::new(source);
    for manager in MANAGERS {
        let output = script.run(&[&["--manager", manager], options].concat(), &[]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{manager}: {said}");
        assert_eq!(text(&output.stdout), printed, "{manager}: {said}");
        for needle in complaint {
            assert!(said.contains(needle), "{manager} should say `{needle}`: {said}");
        }
        assert!(!said.contains("panicked"), "{manager}: {said}");
        assert!(!complaint.is_empty() || said.is_empty(), "{manager}: {said}");
    }
}

#[test]
fn output_and_status_are_the_programs() {
    everywhere("print('hello')\n", &[], 0, "hello\n", &[]);
    everywhere("import sys\nprint('bye')\nsys.exit(7)\n", &[], 7, "bye\n", &[]);
}

#[test]
fn arguments_after_the_script_are_the_scripts() {
    let script = Script::new("import sys\nprint(sys.argv[1:])\n");
    let output = script.run(&[], &["--stats", "--help", "x"]);
    assert_eq!(text(&output.stdout), "['--stats', '--help', 'x']\n");
    assert!(output.status.success() && output.stderr.is_empty());
}

#[test]
fn a_syntax_error_has_file_line_and_caret() {
    everywhere("x = 1\ny = = 2\n", &[], 1, "", &["script.py\", line 2", "^", "SyntaxError"]);
}

#[test]
fn an_uncaught_exception_has_a_traceback() {
    let source = "def f(x):\n    return 1 // x\nprint('before')\nf(0)\n";
    everywhere(
        source,
        &[],
        1,
        "before\n",
        &["Traceback (most recent call last):", "line 4, in <module>", "line 2, in f", "ZeroDivisionError"],
    );
}

#[test]
fn recursion_without_end_is_an_error() {
    everywhere("def f(n):\n    return f(n + 1)\nf(0)\n", &[], 1, "", &["RecursionError"]);
    everywhere(
        "def f(n):\n    return f(n + 1)\ntry:\n    f(0)\nexcept RecursionError:\n    print('caught')\n",
        &[],
        0,
        "caught\n",
        &[],
    );
}

#[test]
fn a_full_heap_is_a_memory_error() {
    let grow = "x = []\nwhile True:\n    x.append([1, 2, 3])\n";
    everywhere(grow, &["--max-heap", "16m"], 1, "", &["MemoryError"]);
    for source in ["x = [0] * 10**12\n", "x = 2 ** 10**12\n", "x = 'a' * 10**15\n"] {
        everywhere(source, &[], 1, "", &["MemoryError"]);
    }
}

#[test]
fn nesting_without_end_is_an_error() {
    let deep = format!("x = {}{}\n", "[".repeat(200_000), "]".repeat(200_000));
    everywhere(&deep, &[], 1, "", &["Error"]);
}

#[test]
fn a_closed_pipe_is_no_panic() {
    let script = Script::new("for i in range(100000):\n    print(i)\n");
    for manager in MANAGERS {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let child = script.command(&["--manager", manager], &[]).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.code().is_some(), "ended by itself: {:?}", output.status);
        assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
    }
}

#[test]
fn an_interrupt_ends_the_program() {
    let script = Script::new("print('ready', flush=True)\nwhile True:\n    pass\n");
    for manager in MANAGERS {
        let mut child =
            script.command(&["--manager", manager], &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut ready = [0; 6];
        child.stdout.as_mut().unwrap().read_exact(&mut ready).unwrap();
        assert_eq!(&ready, b"ready\n");
        let pid = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        let begin = Instant::now();
        while child.try_wait().unwrap().is_none() {
            assert!(begin.elapsed() < Duration::from_secs(30), "{manager} does not end");
            thread::sleep(Duration::from_millis(5));
        }
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{manager}");
        assert!(text(&output.stderr).contains("KeyboardInterrupt"), "{manager}: {}", text(&output.stderr));
    }
}

#[test]
fn zeal_is_invisible() {
    let source = "class A:\n    def __init__(self, n):\n        self.n = n\n        self.me = self\n\
                  total = 0\nfor i in range(30):\n    total += A([i]).n[0]\nprint(total)\n";
    everywhere(source, &[], 0, "435\n", &[]);
    for manager in ["refcount", "tricolor"] {
        let output = Script::new(source).run(&["--manager", manager, "--zeal", "1"], &[]);
        assert_eq!(text(&output.stdout), "435\n", "{manager}: {}", text(&output.stderr));
    }
}

#[test]
fn statistics_of_a_script() {
    let script = Script::new("x = [[i] for i in range(1000)]\n");
    for manager in MANAGERS {
        let output = script.run(&["--manager", manager, "--stats=json"], &[]);
        let stats: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
        assert!(stats["objects_allocated"].as_u64().unwrap() > 1000, "{manager}");
        assert_eq!(stats["manager"], manager);
    }
}

#[test]
fn open_descriptors_are_counted() {
    let peak = |source: &str, manager: &str| {
        let output = Script::new(source).run(&["--manager", manager, "--stats=json"], &[]);
        let stats: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
        stats["peak_open_descriptors"].as_u64().unwrap()
    };
    for manager in MANAGERS {
        let (none, fifty) = (peak("x = 1\n", manager), peak("f = [open(__file__) for i in range(50)]\n", manager));
        assert!(none < 20 && (53..80).contains(&fifty), "{manager}: {none} {fifty}");
    }
}
