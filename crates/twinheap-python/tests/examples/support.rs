//! Runs scripts in a process of their own, by the example `script`, and compares what they print.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The runner, which Cargo builds before it runs this crate's tests; or the one that `TWINHEAP_SCRIPT` names.
pub fn runner() -> PathBuf {
    if let Some(path) = std::env::var_os("TWINHEAP_SCRIPT") {
        return path.into();
    }
    let mut path = std::env::current_exe().expect("a test knows where it is");
    path.pop();
    path.pop();
    path.push("examples/script");
    assert!(path.exists(), "{} is missing: run the tests with `cargo test -p twinheap-python`", path.display());
    path
}
/// The repository's `examples/`.
pub fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}
/// A script's run.
pub fn run(manager: &str, script: &Path, args: &[&str], env: &[(&str, &str)]) -> Output {
    let folder = script.parent().expect("a script lies in a folder");
    let name = script.file_name().expect("a script has a name");
    let mut command = Command::new(runner());
    command.current_dir(folder).arg(manager).arg(name).args(args).envs(env.iter().copied());
    command.output().expect("the runner starts")
}
/// A script of this text.
pub fn script(name: &str, text: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("twinheap-scripts-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for scripts");
    let path = folder.join(name);
    std::fs::File::create(&path).and_then(|mut f| f.write_all(text.as_bytes())).expect("a script");
    path
}
/// Its standard output.
pub fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
/// Its standard error.
pub fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
