//! The parts of `os` and `os.path` that scripts use, and what `tempfile` needs.

use crate::{
    object::*,
    value::Value,
    vm::{
        Args, E, R, Vm,
        natives::{MANY, NativeDef, def, def_kw},
    },
};
use std::path::Path;
use twinheap::{Gc, OneMutator, Val};

fn path<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, i: usize) -> R<'gc, M, String> {
    let v = vm.arg(a, i);
    if v.is_empty() {
        return Ok(".".into());
    }
    match v.downcast_ref::<Str>() {
        Some(s) => Ok(s.text().to_string()),
        None => {
            let t = vm.type_name(&v);
            Err(vm.raise(E::TypeError, &format!("expected str, bytes or os.PathLike object, not {t}")))
        }
    }
}
fn done<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, result: std::io::Result<()>) -> R<'gc, M> {
    match result {
        Ok(()) => Ok(Val::none()),
        Err(e) => {
            let name = vm.arg(a, 0);
            Err(vm.os_error(&e, Some(name)))
        }
    }
}
fn join<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let mut out = path(vm, a, 0)?;
    for i in 1..a.n {
        let p = path(vm, a, i)?;
        if p.starts_with('/') {
            out = p
        } else if out.is_empty() || out.ends_with('/') {
            out.push_str(&p)
        } else {
            out.push('/');
            out.push_str(&p)
        }
    }
    vm.str(&out)
}
fn listdir<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let p = path(vm, a, 0)?;
    let names: std::io::Result<Vec<String>> = std::fs::read_dir(&p)
        .and_then(|d| d.map(|e| e.map(|e| e.file_name().to_string_lossy().into_owned())).collect());
    match names {
        Ok(names) => {
            let items = names.iter().map(|n| vm.str(n)).collect::<Result<Vec<_>, _>>()?;
            vm.list(items)
        }
        Err(e) => {
            let name = vm.arg(a, 0);
            Err(vm.os_error(&e, Some(name)))
        }
    }
}
fn test<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, f: fn(&Path) -> bool) -> R<'gc, M> {
    let p = path(vm, a, 0)?;
    Ok(Val::bool(f(Path::new(&p))))
}
fn text<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args, f: fn(&str) -> String) -> R<'gc, M> {
    let p = path(vm, a, 0)?;
    vm.str(&f(&p))
}
fn dirname(p: &str) -> String {
    p.rfind('/').map_or(String::new(), |i| if i == 0 { "/".into() } else { p[..i].trim_end_matches('/').to_string() })
}
fn basename(p: &str) -> String {
    p.rsplit('/').next().unwrap_or("").to_string()
}
fn abspath(p: &str) -> String {
    let joined = if p.starts_with('/') {
        p.to_string()
    } else {
        format!("{}/{p}", std::env::current_dir().unwrap_or_default().display())
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
fn splitext<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let p = path(vm, a, 0)?;
    let name = p.rfind('/').map_or(0, |i| i + 1);
    let lead = p[name..].len() - p[name..].trim_start_matches('.').len();
    let (x, y) = match p[name + lead..].rfind('.') {
        Some(i) => p.split_at(name + lead + i),
        None => (p.as_str(), ""),
    };
    let items = vec![vm.str(x)?, vm.str(y)?];
    vm.tuple(items)
}
fn split<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let p = path(vm, a, 0)?;
    let items = vec![vm.str(&dirname(&p))?, vm.str(&basename(&p))?];
    vm.tuple(items)
}
fn getsize<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let p = path(vm, a, 0)?;
    match std::fs::metadata(&p) {
        Ok(m) => vm.int(m.len() as i64),
        Err(e) => {
            let name = vm.arg(a, 0);
            Err(vm.os_error(&e, Some(name)))
        }
    }
}
fn getpid<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    vm.int(std::process::id() as i64)
}
fn getcwd<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    let d = std::env::current_dir().unwrap_or_default().display().to_string();
    vm.str(&d)
}
fn remove<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let p = path(vm, a, 0)?;
    done(vm, a, std::fs::remove_file(p))
}
fn rmdir<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let p = path(vm, a, 0)?;
    done(vm, a, std::fs::remove_dir(p))
}
fn mkdir<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let p = path(vm, a, 0)?;
    done(vm, a, std::fs::create_dir(p))
}
fn makedirs<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let p = path(vm, a, 0)?;
    if !vm.arg(a, 2).is_true() && Path::new(&p).exists() {
        return done(vm, a, Err(std::io::Error::from_raw_os_error(17)));
    }
    done(vm, a, std::fs::create_dir_all(p))
}
fn rename<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (p, q) = (path(vm, a, 0)?, path(vm, a, 1)?);
    done(vm, a, std::fs::rename(p, q))
}
fn getenv<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let n = path(vm, a, 0)?;
    match std::env::var(n) {
        Ok(v) => vm.str(&v),
        Err(_) if a.n > 1 => Ok(vm.arg(a, 1)),
        Err(_) => Ok(Val::none()),
    }
}
fn now_nanos<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    let n = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i64);
    vm.int(n & ((1 << 60) - 1))
}
fn cpu_count<'gc, M: OneMutator>(_: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    Ok(Val::index(std::thread::available_parallelism().map_or(1, |n| n.get())))
}
fn exit_now<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let n = vm.int_arg(a, 0)?;
    std::process::exit(n as i32)
}

/// Natives.
pub fn natives<M: OneMutator>() -> Vec<NativeDef<M>> {
    vec![
        def("_join", 1, MANY, join),
        def("listdir", 0, 1, listdir),
        def("_exists", 1, 1, |vm, a| test(vm, a, Path::exists)),
        def("_isfile", 1, 1, |vm, a| test(vm, a, Path::is_file)),
        def("_isdir", 1, 1, |vm, a| test(vm, a, Path::is_dir)),
        def("_dirname", 1, 1, |vm, a| text(vm, a, dirname)),
        def("_basename", 1, 1, |vm, a| text(vm, a, basename)),
        def("_abspath", 1, 1, |vm, a| text(vm, a, abspath)),
        def("_splitext", 1, 1, splitext),
        def("_split", 1, 1, split),
        def("_getsize", 1, 1, getsize),
        def("getpid", 0, 0, getpid),
        def("getcwd", 0, 0, getcwd),
        def("remove", 1, 1, remove),
        def("unlink", 1, 1, remove),
        def("rmdir", 1, 1, rmdir),
        def("mkdir", 1, 2, mkdir),
        def_kw("makedirs", 1, &["name", "mode", "exist_ok"], makedirs),
        def("rename", 2, 2, rename),
        def("getenv", 1, 2, getenv),
        def("_nanos", 0, 0, now_nanos),
        def("cpu_count", 0, 0, cpu_count),
        def("_exit", 1, 1, exit_now),
    ]
    .into_iter()
    .chain(super::descriptor::natives())
    .collect()
}
/// Values.
pub fn fill<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, dict: &Gc<'gc, Dict<'gc, M>, M>) -> R<'gc, M, ()> {
    for (n, t) in [("sep", "/"), ("linesep", "\n"), ("name", "posix"), ("curdir", "."), ("devnull", "/dev/null")] {
        let v = vm.str(t)?;
        vm.dict_set_text(dict, n, v)?
    }
    let env = vm.dict(Default::default())?;
    for (k, v) in std::env::vars() {
        let v = vm.str(&v)?;
        vm.dict_set_text(&env, &k, v)?
    }
    vm.dict_set_text(dict, "environ", Val::from_gc(env))
}
