//! Descriptors by number: what `tempfile.mkstemp` gives, and `os.read`, `os.write`, `os.close` and `os.fdopen` take.
//!
//! The files lie in a table of the process, as their numbers do. Not here: numbers that come from elsewhere (standard
//! streams, `fileno()` of an open file); they are a bad descriptor.

use crate::{
    object::*,
    value::Value,
    vm::{
        Args, E, R, Vm,
        natives::{NativeDef, def},
    },
};
use std::{
    collections::HashMap,
    fs::{File as Descriptor, OpenOptions},
    io::{Read, Write},
    sync::{Mutex, MutexGuard, PoisonError},
};
use twinheap::{OneMutator, Val};

static OPEN: Mutex<Option<HashMap<i64, Descriptor>>> = Mutex::new(None);

fn table() -> MutexGuard<'static, Option<HashMap<i64, Descriptor>>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}
/// The file of this number leaves the table.
fn take(n: i64) -> Option<Descriptor> {
    table().as_mut()?.remove(&n)
}
fn bad<'gc, M: OneMutator, O>(vm: &mut Vm<'gc, M>) -> R<'gc, M, O> {
    Err(vm.os_error(&std::io::Error::from_raw_os_error(9), None))
}
/// `_create(path)`: a new file that only its owner may open; its number.
fn create<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let path = vm.str_arg(a, 0, "path")?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path.text()) {
        Ok(file) => {
            let n = crate::types::file::number(&file) as i64;
            vm.host.descriptors_peak = vm.host.descriptors_peak.max(n as u64 + 1);
            table().get_or_insert_default().insert(n, file);
            vm.int(n)
        }
        Err(e) => {
            let path = vm.arg(a, 0);
            Err(vm.os_error(&e, Some(path)))
        }
    }
}
fn close<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let n = vm.int_arg(a, 0)?;
    match take(n) {
        Some(_) => Ok(Val::none()),
        None => bad(vm),
    }
}
fn write<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (n, v) = (vm.int_arg(a, 0)?, vm.arg(a, 1));
    let Some(bytes) = v.downcast_ref::<Bytes>() else {
        let t = vm.type_name(&v);
        return Err(vm.raise(E::TypeError, &format!("a bytes-like object is required, not '{t}'")));
    };
    let written = match table().as_mut().and_then(|t| t.get_mut(&n)) {
        Some(f) => f.write(bytes.tail()),
        None => return bad(vm),
    };
    match written {
        Ok(n) => Ok(Val::index(n)),
        Err(e) => Err(vm.os_error(&e, None)),
    }
}
fn read<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let (n, most) = (vm.int_arg(a, 0)?, vm.int_arg(a, 1)?);
    if most < 0 {
        return Err(vm.os_error(&std::io::Error::from_raw_os_error(22), None));
    }
    vm.reserve_many(most as usize, 2)?;
    let mut buffer = vec![0; most as usize];
    let got = match table().as_mut().and_then(|t| t.get_mut(&n)) {
        Some(f) => f.read(&mut buffer),
        None => return bad(vm),
    };
    match got {
        Ok(n) => vm.bytes(&buffer[..n]),
        Err(e) => Err(vm.os_error(&e, None)),
    }
}
/// `fdopen(fd, mode)`: a file object, which closes it.
fn fdopen<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let n = vm.int_arg(a, 0)?;
    let mode =
        if vm.given(a, 1) { vm.str_arg(a, 1, "fdopen() argument 'mode'")?.text().to_string() } else { "r".to_string() };
    match take(n) {
        Some(file) => {
            let name = vm.arg(a, 0);
            crate::types::file::adopt(vm, file, mode, name)
        }
        None => bad(vm),
    }
}

/// Natives.
pub fn natives<M: OneMutator>() -> Vec<NativeDef<M>> {
    vec![
        def("_create", 1, 1, create),
        def("close", 1, 1, close),
        def("write", 2, 2, write),
        def("read", 2, 2, read),
        def("fdopen", 1, 2, fdopen),
    ]
}
