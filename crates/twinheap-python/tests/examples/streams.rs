//! Standard streams that take nothing, by `/dev/full`: the status is 120, whatever the program's own was (CPython 3.13
//! `flush_std_files`).  With `TWINHEAP_CPYTHON` named the same is asked of that interpreter.

use super::support::{err, out, runner, script};
use std::{fs::OpenOptions, path::Path, process::Command};

const FULL: &str = "Exception ignored on flushing sys.stdout:\nOSError: [Errno 28] No space left on device\n";

/// Runs a program with standard output or error full; its status, and what the other one has got.
fn with_full(command: &mut Command, path: &Path, full: u8) -> (Option<i32>, String) {
    let device = OpenOptions::new().write(true).open("/dev/full").expect("the device is there");
    let name = path.file_name().expect("a name");
    let command = command.arg(name).current_dir(path.parent().expect("a folder"));
    let output = if full == 1 { command.stdout(device) } else { command.stderr(device) }.output().expect("starts");
    (output.status.code(), if full == 1 { err(&output) } else { out(&output) })
}
fn check(name: &str, text: &str, full: u8, status: i32, other: &str) {
    let path = script(&format!("streams_{name}.py"), text);
    let want = (Some(status), other.to_string());
    for manager in ["refcount", "tricolor", "null"] {
        assert_eq!(with_full(Command::new(runner()).arg(manager), &path, full), want, "{name} under {manager}");
    }
    if let Some(python) = std::env::var_os("TWINHEAP_CPYTHON") {
        assert_eq!(with_full(Command::new(python).args(["-I", "-S"]), &path, full), want, "{name} under CPython");
    }
}

#[test]
fn standard_output_that_takes_nothing() {
    check("print", "print('x')\n", 1, 120, FULL);
    check("exit", "import sys\nprint('x')\nsys.exit(3)\n", 1, 120, FULL);
    check("nothing", "import sys\nsys.exit(3)\n", 1, 3, "");
    // What has failed once is tried again.
    let text = "import sys\ntry:\n    print('x')\n    sys.stdout.flush()\nexcept OSError as e:\n    \
        print(e, file=sys.stderr)\n";
    check("flushed", text, 1, 120, &format!("[Errno 28] No space left on device\n{FULL}"));
    check("set_to_none", &format!("{text}sys.stdout = None\n"), 1, 0, "[Errno 28] No space left on device\n");
    let told = "import sys\nsys.unraisablehook = lambda u: print(u.err_msg, u.exc_value, u.object, file=sys.stderr)\n\
        print('x')\n";
    check("told", told, 1, 120, "Exception ignored on flushing sys.stdout [Errno 28] No space left on device None\n");
    // Much more than a buffer, each refused: whoever wrote was told, and nothing is kept.
    let much = "import sys\nn = 0\nfor i in range(100):\n    try:\n        sys.stdout.write('x' * 100000)\n    \
        except OSError:\n        n += 1\nprint(n > 90, file=sys.stderr)\n";
    check("much", much, 1, 0, "True\n");
}
#[test]
fn standard_error_that_takes_nothing() {
    check("raises", "print('x')\n1 / 0\n", 2, 120, "x\n");
    check("writes", "import sys\nsys.stderr.write('x\\n')\n", 2, 120, "");
    check("exit_text", "import sys\nsys.exit('text')\n", 2, 120, "");
    check("exit_number", "import sys\nprint('x')\nsys.exit(5)\n", 2, 5, "x\n");
    check("fine", "print('x')\n", 2, 0, "x\n");
}
