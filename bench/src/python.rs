//! Which CPython is the peer: 3.13.0 and no other, because that is the reference.
//! Not the program it runs (`peers/python/counting.py`).  Overview: README.md.

use std::{path::PathBuf, process::Command};

/// The reference.
pub const VERSION: &str = "3.13.0";

/// A CPython that was found and asked.
pub struct Python {
    /// The executable.
    pub path: PathBuf,
    /// What it says it is.
    pub version: String,
    /// `CONFIG_ARGS` and the compiler's options.
    pub built: String,
}

const ASK: &str = "\
import platform, sys, sysconfig
print(platform.python_implementation(), platform.python_version())
print('configured with', sysconfig.get_config_var('CONFIG_ARGS') or 'nothing', end='; ')
print(platform.python_compiler(), sysconfig.get_config_var('OPT'), sysconfig.get_config_var('PY_CORE_CFLAGS'), end='; ')
print('GIL off' if sysconfig.get_config_var('Py_GIL_DISABLED') else 'GIL on')";

/// Finds it: the path that was given, else `$TWINHEAP_CPYTHON`, else pyenv's.
///
/// # Errors
/// There is none, or it is another version.
pub fn find(given: Option<&str>) -> Result<Python, String> {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let pyenv = std::env::var_os("PYENV_ROOT").map_or_else(|| home.join(".pyenv"), PathBuf::from);
    let usual = pyenv.join("versions").join(VERSION).join("bin/python3.13");
    let named = given.map(PathBuf::from).or_else(|| std::env::var_os("TWINHEAP_CPYTHON").map(PathBuf::from));
    let path = match named {
        Some(path) => path,
        None if usual.exists() => usual,
        None => {
            return Err(format!(
                "no CPython {VERSION}: not at {}; name one with --python or TWINHEAP_CPYTHON, or leave it out with --only",
                usual.display()
            ));
        }
    };
    let wrong =
        |what: &str| format!("{}: {what}; the peer is CPython {VERSION}, which --only can leave out", path.display());
    let out = Command::new(&path).args(["-I", "-c", ASK]).output().map_err(|e| wrong(&e.to_string()))?;
    let text = String::from_utf8_lossy(&out.stdout);
    let (name, built) = text.split_once('\n').ok_or_else(|| wrong("it does not say what it is"))?;
    match name.split_once(' ') {
        Some(("CPython", VERSION)) => {}
        _ => return Err(wrong(&format!("it is {name}"))),
    }
    Ok(Python { version: VERSION.into(), built: built.split_whitespace().collect::<Vec<_>>().join(" "), path })
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_no_cpython_of_this_version_is_refused() {
        for other in ["/bin/true", "/nowhere/python3"] {
            let refused = super::find(Some(other)).err().expect("an error");
            assert!(refused.contains(other) && refused.contains("--only"), "{refused}");
        }
    }
}
