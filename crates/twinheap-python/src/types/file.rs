//! Files: a descriptor that is closed when the object's memory is freed, buffers, and Python's methods.
//!
//! Out of descriptors, a tracing manager may have closed files waiting in its garbage: the session ends, a full
//! collection runs, its leaf drops too, and `open` is called again, before an `OSError` is raised.

use crate::{
    object::*,
    value::{Kind, Value},
    vm::{
        Args, E, R, T, Vm,
        boot::{GetSet, Methods},
        natives::{def, def_kw},
    },
};
use std::{
    fs::{File as Descriptor, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    sync::Mutex,
};
use twinheap::{Gc, OneMutator, Static, Val};

/// Bytes asked of the system at once.
const FILL: usize = 8192;

/// An open file, or one of the standard streams.
pub struct Open {
    file: Option<Descriptor>,
    /// 0 none, 1 standard output, 2 standard error, 3 standard input.
    standard: u8,
    /// The mode it was opened with.
    pub mode: String,
    binary: bool,
    /// What was read and not yet asked for.
    ahead: Vec<u8>,
    at: usize,
    /// What was written and not yet handed to the system.
    behind: Vec<u8>,
    closed: bool,
    end: bool,
    /// Reading may have to wait: no regular file.
    waits: bool,
}
impl Drop for Open {
    fn drop(&mut self) {
        let _ = self.flush();
    }
}
impl Open {
    /// Whether it is this standard stream.
    pub fn is(&self, standard: u8) -> bool {
        self.standard == standard
    }
    /// A standard stream.
    pub fn standard(which: u8) -> Self {
        let mode = if which == 3 { "r" } else { "w" };
        Open {
            file: None,
            standard: which,
            mode: mode.into(),
            binary: false,
            ahead: vec![],
            at: 0,
            behind: vec![],
            closed: false,
            end: false,
            waits: which == 3,
        }
    }
    fn flush(&mut self) -> std::io::Result<()> {
        if self.behind.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.behind);
        match &mut self.file {
            Some(f) => f.write_all(&bytes),
            None => Ok(()),
        }
    }
    /// Bytes that the next [`Self::fill`] may take: the buffer doubles.
    fn growth(&self) -> usize {
        let len = self.ahead.len() - self.at;
        if self.end || self.ahead.capacity() - len >= FILL { 0 } else { 2 * len + FILL }
    }
    /// Reads more; false at the end.
    fn fill(&mut self) -> std::io::Result<bool> {
        if self.end {
            return Ok(false);
        }
        if self.at > 0 {
            self.ahead.drain(..self.at);
            self.at = 0;
        }
        if self.standard == 3 && self.file.is_none() {
            // Unbuffered: what can be read is what the system says.
            self.file = Some(standard_input()?);
        }
        if self.waits && self.file.as_ref().is_some_and(|f| !crate::host::readable(f, std::time::Duration::ZERO)) {
            return Err(std::io::ErrorKind::WouldBlock.into());
        }
        let old = self.ahead.len();
        self.ahead.resize(old + FILL, 0);
        let n = self.file.as_mut().map_or(Ok(0), |f| f.read(&mut self.ahead[old..]));
        let n = match n {
            Ok(n) => n,
            Err(e) => {
                self.ahead.truncate(old);
                return Err(e);
            }
        };
        self.ahead.truncate(old + n);
        self.end = n == 0;
        Ok(n > 0)
    }
}

fn standard_input() -> std::io::Result<Descriptor> {
    use std::os::fd::AsFd;
    Ok(std::io::stdin().as_fd().try_clone_to_owned()?.into())
}

fn this<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M, Gc<'gc, File<'gc, M>, M>> {
    match vm.arg(a, 0).downcast::<File<'gc, M>>() {
        Ok(f) => {
            if f.inner.lock().map(|o| o.closed).unwrap_or(true) {
                return Err(vm.raise(E::ValueError, "I/O operation on closed file."));
            }
            Ok(f)
        }
        Err(_) => Err(vm.raise(E::TypeError, "descriptor requires a file object")),
    }
}
/// `open(path, mode)`
pub fn open<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let path = vm.arg(a, 0);
    let Some(text) = path.downcast_ref::<Str>().map(|s| s.text().to_string()) else {
        let t = vm.type_name(&path);
        return Err(vm.raise(E::TypeError, &format!("expected str, bytes or os.PathLike object, not {t}")));
    };
    let mode =
        if vm.given(a, 1) { vm.str_arg(a, 1, "open() argument 'mode'")?.text().to_string() } else { "r".to_string() };
    let has = |c| mode.contains(c);
    if !mode.chars().all(|c| "rwaxbt+".contains(c)) || mode.chars().filter(|c| "rwax".contains(*c)).count() != 1 {
        let text = if mode.chars().all(|c| "rwaxbt+".contains(c)) {
            "must have exactly one of create/read/write/append mode".to_string()
        } else {
            format!("invalid mode: '{mode}'")
        };
        return Err(vm.raise(E::ValueError, &text));
    }
    let mut options = OpenOptions::new();
    let plus = has('+');
    options.read(has('r') || plus).write(!has('r') || plus).append(has('a'));
    options.create(has('w') || has('a')).truncate(has('w')).create_new(has('x'));
    match open_or_interrupt(vm, options, &text)? {
        Ok(file) => {
            // The system gives the lowest number that is free: at the peak all below are taken.
            vm.host.descriptors_peak = vm.host.descriptors_peak.max(number(&file) + 1);
            if file.metadata().is_ok_and(|m| m.is_dir()) {
                let e = std::io::Error::from_raw_os_error(21);
                return Err(vm.os_error(&e, Some(path)));
            }
            adopt(vm, file, mode, path)
        }
        Err(e) => Err(vm.os_error(&e, Some(path))),
    }
}
/// A file object of an open descriptor.
pub fn adopt<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, file: Descriptor, mode: String, name: V<'gc, M>) -> R<'gc, M> {
    let waits = file.metadata().is_ok_and(|m| !m.is_file());
    let inner = Open {
        file: Some(file),
        standard: 0,
        binary: mode.contains('b'),
        mode,
        ahead: vec![],
        at: 0,
        behind: vec![],
        closed: false,
        end: false,
        waits,
    };
    vm.make(File { inner: Static(Mutex::new(inner)), name })
}
/// A named pipe opens when somebody opens its other end: that is waited for on another thread, and Ctrl-C ends it.
fn open_or_interrupt<'gc, M: OneMutator>(
    vm: &mut Vm<'gc, M>,
    options: OpenOptions,
    path: &str,
) -> R<'gc, M, std::io::Result<Descriptor>> {
    if !is_pipe(path) {
        return Ok(options.open(path));
    }
    let (done, opened) = std::sync::mpsc::channel();
    let path = path.to_owned();
    let waiter = std::thread::Builder::new().name("open".into()).spawn(move || {
        // Nobody may be waiting any more.
        let _ = done.send(options.open(path));
    });
    if let Err(e) = waiter {
        return Ok(Err(e));
    }
    loop {
        if let Ok(file) = opened.recv_timeout(crate::host::TURN) {
            return Ok(file);
        }
        if vm.interrupted() {
            return Err(vm.raise(E::KeyboardInterrupt, ""));
        }
    }
}
#[cfg(unix)]
fn is_pipe(path: &str) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|m| m.file_type().is_fifo())
}
#[cfg(not(unix))]
fn is_pipe(_: &str) -> bool {
    false
}
/// A read would have to wait, or a signal came: waits outside of the session, to be called again, where that can be
/// done, else here.
fn wait<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, f: &Gc<'gc, File<'gc, M>, M>) -> R<'gc, M, ()> {
    let file = f.inner.lock().ok().and_then(|o| o.file.as_ref().and_then(|f| f.try_clone().ok()));
    let _ = vm.host.flush();
    if let Some(file) = file {
        if vm.can_wait_outside() {
            vm.host.waiting = Some(file);
            return Err(crate::vm::Exc(crate::vm::ask_word()));
        }
        vm.host.wait_readable(&file);
    }
    if vm.interrupted() { Err(vm.raise(E::KeyboardInterrupt, "")) } else { Ok(()) }
}
fn must_wait(e: &std::io::Error) -> bool {
    use std::io::ErrorKind::{Interrupted, WouldBlock};
    e.kind() == Interrupted || (e.kind() == WouldBlock && e.raw_os_error().is_none())
}
/// The system's number of an open file.
#[cfg(unix)]
pub fn number(file: &Descriptor) -> u64 {
    std::os::fd::AsRawFd::as_raw_fd(file) as u64
}
/// There is none to be known.
#[cfg(not(unix))]
pub fn number(_: &Descriptor) -> u64 {
    0
}
/// What lies ahead becomes an object, and is passed over when it is one: without room nothing is lost.
fn give<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, f: &Gc<'gc, File<'gc, M>, M>, bytes: Vec<u8>) -> R<'gc, M> {
    let n = bytes.len();
    vm.reserve(n)?;
    let given = decoded(vm, f, bytes);
    if !given.as_ref().is_err_and(|e| e.0.is(&vm.wants))
        && let Ok(mut o) = f.inner.lock()
    {
        o.at += n
    }
    given
}
fn decoded<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, f: &Gc<'gc, File<'gc, M>, M>, bytes: Vec<u8>) -> R<'gc, M> {
    if f.inner.lock().map(|o| o.binary).unwrap_or(false) {
        return vm.bytes(&bytes);
    }
    match String::from_utf8(bytes) {
        Ok(t) => {
            vm.reserve(t.len())?;
            let t = if t.contains('\r') { t.replace("\r\n", "\n").replace('\r', "\n") } else { t };
            vm.str(&t)
        }
        Err(e) => {
            let at = e.utf8_error().valid_up_to();
            let text = format!(
                "'utf-8' codec can't decode byte {:#04x} in position {at}: invalid start byte",
                e.as_bytes()[at]
            );
            Err(vm.raise(E::UnicodeDecodeError, &text))
        }
    }
}
fn read<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let f = this(vm, a)?;
    let want = vm.int_arg_or(a, 1, -1)?;
    loop {
        match read_some(vm, &f, want)? {
            Ok(bytes) => return give(vm, &f, bytes),
            Err(e) if must_wait(&e) => wait(vm, &f)?,
            Err(e) => return Err(vm.os_error(&e, None)),
        }
    }
}
/// So many characters, or bytes, or all; they still lie ahead.
fn read_some<'gc, M: OneMutator>(
    vm: &mut Vm<'gc, M>,
    f: &File<'gc, M>,
    want: i64,
) -> R<'gc, M, std::io::Result<Vec<u8>>> {
    let Ok(mut o) = f.inner.lock() else { return Ok(Ok(Vec::new())) };
    loop {
        let have = &o.ahead[o.at..];
        // A text's length is in characters.
        let enough =
            want >= 0 && if o.binary { have.len() as i64 >= want } else { chars_end(have, want as usize).is_some() };
        if enough {
            break;
        }
        // What was read stays in the buffer.
        vm.reserve(o.growth())?;
        match o.fill() {
            Ok(true) => {}
            Ok(false) => break,
            Err(e) => return Ok(Err(e)),
        }
    }
    let have = &o.ahead[o.at..];
    let n = if want < 0 {
        have.len()
    } else if o.binary {
        have.len().min(want as usize)
    } else {
        chars_end(have, want as usize).unwrap_or(have.len())
    };
    vm.reserve(n)?;
    Ok(Ok(have[..n].to_vec()))
}
/// Bytes of the first `n` characters, if they are there whole.
fn chars_end(bytes: &[u8], n: usize) -> Option<usize> {
    if bytes.len() < n {
        return None;
    }
    let mut at = 0;
    for _ in 0..n {
        let w = match bytes.get(at)? {
            b if b & 0x80 == 0 => 1,
            b if b & 0xe0 == 0xc0 => 2,
            b if b & 0xf0 == 0xe0 => 3,
            _ => 4,
        };
        at += w;
        if at > bytes.len() {
            return None;
        }
    }
    Some(at)
}
/// The next line; none at the end.
pub fn line<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, f: &Gc<'gc, File<'gc, M>, M>) -> R<'gc, M, Option<V<'gc, M>>> {
    loop {
        match read_line(vm, f)? {
            Ok(bytes) if bytes.is_empty() => return Ok(None),
            Ok(bytes) => return give(vm, f, bytes).map(Some),
            Err(e) if must_wait(&e) => wait(vm, f)?,
            Err(e) => return Err(vm.os_error(&e, None)),
        }
    }
}
/// A line; it still lies ahead.
fn read_line<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, f: &File<'gc, M>) -> R<'gc, M, std::io::Result<Vec<u8>>> {
    let Ok(mut o) = f.inner.lock() else { return Ok(Ok(Vec::new())) };
    let mut from = o.at;
    let end = loop {
        if let Some(i) = o.ahead[from..].iter().position(|&b| b == b'\n') {
            break from + i + 1;
        }
        let rest = o.ahead.len() - o.at;
        vm.reserve(o.growth())?;
        match o.fill() {
            Ok(true) => from = o.at + rest,
            Ok(false) => break o.ahead.len(),
            Err(e) => return Ok(Err(e)),
        }
    };
    vm.reserve(end - o.at)?;
    Ok(Ok(o.ahead[o.at..end].to_vec()))
}
fn readline<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let f = this(vm, a)?;
    match line(vm, &f)? {
        Some(l) => Ok(l),
        None => give(vm, &f, Vec::new()),
    }
}
fn next<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let f = this(vm, a)?;
    match line(vm, &f)? {
        Some(l) => Ok(l),
        None => Err(vm.stop_iteration(Val::none())),
    }
}
fn readlines<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let f = this(vm, a)?;
    let mut items = Vec::new();
    while let Some(l) = line(vm, &f)? {
        if items.len() == items.capacity() {
            vm.reserve_many(items.len(), 16)?;
        }
        vm.dirty = true;
        items.push(l)
    }
    vm.list(items)
}
fn write<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let f = this(vm, a)?;
    let v = vm.arg(a, 1);
    let (bytes, n) = match (v.downcast_ref::<Str>(), v.downcast_ref::<Bytes>()) {
        (Some(s), _) => (s.text().as_bytes().to_vec(), s.header().chars),
        (_, Some(b)) => (b.tail().to_vec(), b.len()),
        _ => {
            let t = vm.type_name(&v);
            return Err(vm.raise(E::TypeError, &format!("write() argument must be str, not {t}")));
        }
    };
    vm.write_to(&f, &bytes)?;
    Ok(Val::index(n))
}
impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// Writes to a file object.
    pub fn write_to(&mut self, f: &Gc<'gc, File<'gc, M>, M>, bytes: &[u8]) -> R<'gc, M, ()> {
        let standard = f.inner.lock().map(|o| o.standard).unwrap_or(0);
        let result = match standard {
            1 => self.host.write_out(bytes),
            2 => {
                let _ = self.host.flush();
                self.host.write_err(bytes)
            }
            _ => {
                let Ok(mut o) = f.inner.lock() else { return Ok(()) };
                o.behind.extend_from_slice(bytes);
                if o.behind.len() > 8192 { o.flush() } else { Ok(()) }
            }
        };
        match result {
            Ok(()) => Ok(()),
            Err(e) => Err(self.os_error(&e, None)),
        }
    }
}
fn flush<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let f = this(vm, a)?;
    let standard = f.inner.lock().map(|o| o.standard).unwrap_or(0);
    let result = match standard {
        1 => vm.host.flush(),
        2 => vm.host.flush_err(),
        _ => f.inner.lock().map_or(Ok(()), |mut o| o.flush()),
    };
    match result {
        Ok(()) => Ok(Val::none()),
        Err(e) => Err(vm.os_error(&e, None)),
    }
}
fn close<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    if let Some(f) = v.downcast_ref::<File<'gc, M>>() {
        let result = f.inner.lock().map_or(Ok(()), |mut o| {
            let r = o.flush();
            if o.standard == 0 {
                o.file = None;
                o.closed = true;
            }
            r
        });
        if let Err(e) = result {
            return Err(vm.os_error(&e, None));
        }
    }
    Ok(Val::none())
}
fn enter<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    this(vm, a)?;
    Ok(vm.arg(a, 0))
}
fn seek<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let f = this(vm, a)?;
    let (to, whence) = (vm.int_arg(a, 1)?, vm.int_arg_or(a, 2, 0)?);
    let result = {
        let Ok(mut o) = f.inner.lock() else { return Ok(Val::none()) };
        let _ = o.flush();
        o.ahead.clear();
        o.at = 0;
        o.end = false;
        let to = match whence {
            0 => SeekFrom::Start(to.max(0) as u64),
            1 => SeekFrom::Current(to),
            _ => SeekFrom::End(to),
        };
        o.file.as_mut().map_or(Ok(0), |f| f.seek(to))
    };
    match result {
        Ok(n) => vm.int(n as i64),
        Err(e) => Err(vm.os_error(&e, None)),
    }
}
fn tell<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let f = this(vm, a)?;
    let n = {
        let Ok(mut o) = f.inner.lock() else { return Ok(Val::none()) };
        let _ = o.flush();
        let ahead = (o.ahead.len() - o.at) as u64;
        o.file.as_mut().and_then(|f| f.stream_position().ok()).unwrap_or(0).saturating_sub(ahead)
    };
    vm.int(n as i64)
}
fn fileno<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    use std::os::fd::AsRawFd;
    let f = this(vm, a)?;
    let n = f.inner.lock().map_or(-1, |o| match (&o.file, o.standard) {
        (_, 3) => 0,
        (Some(f), _) => f.as_raw_fd(),
        (None, s) => s as i32,
    });
    vm.int(n as i64)
}
fn closed<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    Ok(Val::bool(v.downcast_ref::<File<'gc, M>>().is_some_and(|f| f.inner.lock().is_ok_and(|o| o.closed))))
}
fn isatty<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, _: Args) -> R<'gc, M> {
    Ok(Val::bool(vm.host.line_buffered))
}
fn writelines<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let f = this(vm, a)?;
    let v = vm.arg(a, 1);
    for l in vm.collect(&v)? {
        let t = vm.str_text(&l)?;
        vm.write_to(&f, t.as_bytes())?
    }
    Ok(Val::none())
}

fn name<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    Ok(v.downcast_ref::<File<'gc, M>>().map_or(Val::none(), |f| f.name.clone()))
}
fn mode<'gc, M: OneMutator>(vm: &mut Vm<'gc, M>, a: Args) -> R<'gc, M> {
    let v = vm.arg(a, 0);
    let m =
        v.downcast_ref::<File<'gc, M>>().and_then(|f| f.inner.lock().ok().map(|o| o.mode.clone())).unwrap_or_default();
    vm.str(&m)
}

/// Methods.
pub fn methods<M: OneMutator>() -> Vec<Methods<M>> {
    use crate::builtins::dunder::this as me;
    vec![(
        T::File,
        vec![
            def("read", 1, 2, read),
            def("readline", 1, 1, readline),
            def("readlines", 1, 1, readlines),
            def("write", 2, 2, write),
            def("writelines", 2, 2, writelines),
            def("flush", 1, 1, flush),
            def("close", 1, 1, close),
            def("seek", 2, 3, seek),
            def("tell", 1, 1, tell),
            def("fileno", 1, 1, fileno),
            def("isatty", 1, 1, isatty),
            def("__enter__", 1, 1, enter),
            def("__exit__", 1, 4, close),
            def("__iter__", 1, 1, me),
            def("__next__", 1, 1, next),
            def("readable", 1, 1, |_, _| Ok(Val::bool(true))),
            def("writable", 1, 1, |_, _| Ok(Val::bool(true))),
        ],
        vec![
            GetSet { name: "closed", get: closed, set: None },
            GetSet { name: "name", get: name, set: None },
            GetSet { name: "mode", get: mode, set: None },
        ],
    )]
}
/// How `open` is described.
pub fn open_def<M: OneMutator>() -> crate::vm::natives::NativeDef<M> {
    def_kw("open", 1, &["file", "mode", "buffering", "encoding", "errors", "newline"], open)
}
const _: Kind = Kind::File;
