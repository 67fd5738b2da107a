//! Small programs, each with the output CPython 3.13.0 gave (`scripts/NAME.out`), under every manager.

use super::support::{err, out, run};

#[test]
fn scripts_print_what_cpython_prints() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    let mut n = 0;
    for entry in std::fs::read_dir(folder).expect("scripts/ is there") {
        let path = entry.expect("readable").path();
        if path.extension().is_none_or(|x| x != "py") {
            continue;
        }
        n += 1;
        let expected =
            std::fs::read_to_string(path.with_extension("out")).expect("an expected output beside the script");
        // What is released when is refcount's alone.
        let counted = path.file_stem().is_some_and(|s| s.to_string_lossy().starts_with("release"));
        let managers: &[&str] = if counted { &["refcount"] } else { &["refcount", "tricolor", "null"] };
        for manager in managers {
            let o = run(manager, &path, &[], &[]);
            assert_eq!(out(&o), expected, "{} under {manager}: {}", path.display(), err(&o));
        }
    }
    assert!(n >= 4, "the suite is there");
}
