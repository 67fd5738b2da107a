//! Ctrl-C: `KeyboardInterrupt` is raised where the program is, also where it waits, under both managers.

use super::support::{err, out, runner, script};
use std::{
    io::{BufRead, BufReader},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

/// Runs a script, sends SIGINT once it has printed its first line, and waits for its end.
fn interrupted(manager: &str, name: &str, text: &str) -> Output {
    let mut command = Command::new(runner());
    command.arg(manager).arg(script(name, text)).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the runner starts");
    let stdin = child.stdin.take();
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("a first line");
    std::thread::sleep(Duration::from_millis(200));
    let began = Instant::now();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill").success());
    let mut rest = Vec::new();
    std::io::Read::read_to_end(&mut stdout, &mut rest).expect("what it prints");
    let mut o = child.wait_with_output().expect("its end");
    assert!(began.elapsed() < Duration::from_secs(8), "{name} under {manager} went on: {}", err(&o));
    o.stdout = rest;
    drop(stdin);
    o
}

const WAITS: [(&str, &str); 9] = [
    ("pass", "while True: pass"),
    ("work", "while True: sum(range(300000))"),
    ("naps", "while True: time.sleep(0.01)"),
    ("sleep", "time.sleep(30)"),
    ("nested_sleep", "sorted([Slow(), Slow()])"),
    ("input", "input('')"),
    ("read", "sys.stdin.read()"),
    ("lines", "[line for line in sys.stdin]"),
    ("pipe", "open(pipe)"),
];
const HEAD: &str = "import sys, time\nclass Slow:\n def __lt__(s, o): time.sleep(30)\n\
    pipe = __file__ + '.pipe'\nprint('on', flush=True)\n";

#[test]
#[cfg(unix)]
fn ctrl_c_is_raised_where_the_program_is() {
    for (name, wait) in WAITS {
        for manager in ["refcount", "tricolor"] {
            let file = format!("int_{manager}_{name}.py");
            let pipe = script(&file, "").with_extension("py.pipe");
            assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
            let text = format!(
                "{HEAD}try:\n    {wait}\nexcept KeyboardInterrupt:\n    print('caught')\n\
                    finally:\n    print('fin')\nprint('end')\n"
            );
            let o = interrupted(manager, &file, &text);
            assert_eq!(out(&o), "caught\nfin\nend\n", "{name} under {manager}: {}", err(&o));
            assert_eq!(o.status.code(), Some(0), "{name} under {manager}");
            let o = interrupted(manager, &file, &format!("{HEAD}{wait}\n"));
            assert_eq!(o.status.code(), Some(130), "{name} under {manager}: {}", err(&o));
            let e = err(&o);
            let line = format!("line 6, in {}", "<module>");
            assert!(e.starts_with("Traceback (most recent call last):\n"), "{name} under {manager}: {e}");
            assert!(e.contains(&line) && e.ends_with("\nKeyboardInterrupt\n"), "{name} under {manager}: {e}");
        }
    }
}
/// Waiting for input does not lose what comes, nor prints a prompt twice.
#[test]
fn what_waits_for_input_gets_it() {
    let text = "import sys\na = input('? ')\nprint(a, flush=True)\nprint(sys.stdin.readline(), end='')\n\
        for l in sys.stdin:\n print(repr(l))\n";
    for manager in ["refcount", "tricolor"] {
        let shell = "(sleep 0.2; echo one; sleep 0.2; printf tw; sleep 0.2; echo o; sleep 0.1; echo three; printf four) | \"$0\" \"$@\"";
        let mut command = Command::new("sh");
        command.args(["-c", shell]).arg(runner()).arg(manager).arg(script("waits.py", text));
        let o = command.output().expect("a shell");
        assert_eq!(out(&o), "? one\ntwo\n'three\\n'\n'four'\n", "{manager}: {}", err(&o));
    }
}
