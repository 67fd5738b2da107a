//! `sys.excepthook` when a program ends with an exception: what it hears, what becomes of one that fails, and what the
//! default prints to whatever `sys.stderr` is.  What is expected is what CPython 3.13.0 prints.
//! (`sys.unraisablehook` is in `cpython/finalization/unraisable.py`.)

use super::support::{err, out, run, script};

const TEXT: &str = r#"import sys, gc
class L:
    def __del__(self): print("del")
l = L()
def hook(t, v, tb):
    print("hook", t.__name__, v, tb is v.__traceback__, gc.collect() >= 0)
    if sys.argv[1] == "exit": raise SystemExit(7)
    if sys.argv[1] == "fails": raise KeyError("in the hook")
class W:
    def write(self, text): print(text, end="")
    def flush(self): pass
match sys.argv[1]:
    case "missing": del sys.excepthook
    case "stderr": sys.stderr = W()
    case "none": sys.stderr = None
    case "no hook": sys.excepthook = None
    case _: sys.excepthook = hook
raise ValueError("x")
"#;
const TRACEBACK: &str = concat!(
    "Traceback (most recent call last):\n",
    "  File \"hook.py\", line 18, in <module>\n    raise ValueError(\"x\")\n",
    "ValueError: x\n"
);

fn check(how: &str, status: i32, stdout: &str, stderr: &str) {
    // A file for each: tests run side by side.
    let name = format!("hook_{}.py", how.replace(' ', "_"));
    let (path, stdout, stderr) =
        (script(&name, TEXT), stdout.replace("hook.py", &name), stderr.replace("hook.py", &name));
    for manager in ["refcount", "tricolor", "null"] {
        let o = run(manager, &path, &[how], &[]);
        // What lives at the end is finalized where references are counted.
        let stdout = if manager == "refcount" { stdout.clone() } else { stdout.replace("del\n", "") };
        assert_eq!(err(&o), stderr, "{how} under {manager}");
        assert_eq!((out(&o), o.status.code()), (stdout, Some(status)), "{how} under {manager}");
    }
}

#[test]
fn the_programs_own_hears_of_it() {
    check("quiet", 1, "hook ValueError x True True\n", "")
}
#[test]
fn system_exit_in_it_ends_the_program() {
    check("exit", 7, "hook ValueError x True True\n", "")
}
#[test]
fn one_that_fails_is_told_of_beside_the_first() {
    let told = concat!(
        "Error in sys.excepthook:\n",
        "Traceback (most recent call last):\n",
        "  File \"hook.py\", line 8, in hook\n    if sys.argv[1] == \"fails\": raise KeyError(\"in the hook\")\n",
        "                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n",
        "KeyError: 'in the hook'\n\nOriginal exception was:\n"
    );
    check("fails", 1, "hook ValueError x True True\n", &format!("{told}{TRACEBACK}"));
    let told = "Error in sys.excepthook:\nTypeError: 'NoneType' object is not callable\n\nOriginal exception was:\n";
    check("no hook", 1, "del\n", &format!("{told}{TRACEBACK}"))
}
#[test]
fn without_one_the_traceback_is_printed() {
    check("missing", 1, "del\n", &format!("sys.excepthook is missing\n{TRACEBACK}"))
}
#[test]
fn the_default_prints_to_whatever_stderr_is() {
    check("stderr", 1, &format!("{TRACEBACK}del\n"), "");
    check("none", 1, "del\n", "")
}
