//! What a running program has outside the heap: output buffers, sources for tracebacks, limits.
//!
//! Not here: anything that refers to an object.

use std::{
    collections::{HashMap, HashSet},
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// At most so many bytes wait for a standard error that takes none: CPython's buffer.
const ERR_BYTES: usize = 8192;
/// How long whoever waits does not look for Ctrl-C.
pub const TURN: Duration = Duration::from_millis(20);

/// See above.
pub struct Host {
    /// Standard output, not yet written.
    pub out: Vec<u8>,
    /// Standard output is a terminal: written line by line.
    pub line_buffered: bool,
    /// The system has not taken what is in `out`, or what the standard library buffers.
    pub out_failed: bool,
    /// What standard error has not taken: tried again before more, and at the end.
    pub err: Vec<u8>,
    /// Warnings that were shown: file, line, text.
    pub warned: HashSet<(Arc<str>, u32, String)>,
    /// Nobody reads standard output any more.
    pub out_broken: bool,
    /// `sys.argv`
    pub argv: Vec<String>,
    /// The words of the names that the built-ins had before the program.
    pub builtin_names: Vec<u64>,
    /// Frames allowed.
    pub recursion_limit: usize,
    /// Loops allowed on the Rust stack.
    pub nest_limit: u32,
    /// More bytes than this are refused without asking the system.
    pub sane_bytes: usize,
    /// Somebody pressed Ctrl-C.
    pub interrupt: Option<&'static AtomicBool>,
    /// A wait outside of the session is over: Ctrl-C, if that was what ended it, is raised where it waited.
    pub check_interrupt: bool,
    /// `gc.set_debug`
    pub gc_debug: i32,
    /// Under a tracing manager with DEBUG_SAVEALL: whether collections by themselves were on, and will be again.  They
    /// release what they find, and save nothing.
    pub held_automatic: Option<bool>,
    /// A collection is running, its finalizers included.
    pub collecting: bool,
    /// A collection because of a limit has just been made for the last of so many frames: the next refusal of the
    /// instruction it is at is final.
    pub relieved: Option<usize>,
    /// Relief given inside the finalizers that relief has run.
    pub relief_depth: u32,
    /// `input` has printed its prompt and waits.
    pub prompted: bool,
    /// What a native waits for outside of the session.
    pub waiting: Option<std::fs::File>,
    /// Source files' lines, for tracebacks.
    pub sources: HashMap<Arc<str>, Vec<String>>,
    /// Frames that an exception, given by its word, has left and that have no traceback in the heap: no room for one.
    pub lost_frames: (u64, Vec<(Arc<crate::bytecode::CodeObject>, u32)>),
    /// When the program began.
    pub started: std::time::Instant,
    /// Directory of the script: where modules are looked for.
    pub folder: std::path::PathBuf,
    /// `NAME` of the manager.
    pub manager: &'static str,
    /// The manager counts references.
    pub counted: bool,
    /// `print` is writing texts that are made already.
    pub printing: bool,
    /// A buffer for texts in the making.
    pub text: String,
    /// Nested comparisons of sequences.
    pub compare_depth: u32,
    /// Containers whose `repr` is being made.
    pub repr_of: Vec<u64>,
    /// What `tracemalloc` keeps, while it traces.
    pub ledger: Option<Box<crate::modules::tracemalloc::ledger::Ledger>>,
    /// Frames of a traceback that it was last asked to keep.
    pub trace_limit: usize,
    /// The most descriptors that were open at once, as opening files has shown; 0 before the first.
    pub descriptors_peak: u64,
}

impl Host {
    /// Writes to standard output.
    pub fn write_out(&mut self, text: &[u8]) -> Result<(), std::io::Error> {
        if self.out_broken {
            return self.flush();
        }
        self.out.extend_from_slice(text);
        if self.out.len() > 1 << 16 || (self.line_buffered && text.contains(&b'\n')) {
            let result = self.flush();
            if result.is_err() {
                // Whoever writes is told; what lay in the buffer before stays, to be tried again.
                self.out.truncate(self.out.len().saturating_sub(text.len()))
            }
            return result;
        }
        Ok(())
    }
    /// Writes to standard error.
    ///
    /// # Errors
    /// The system's; what it has not taken is kept.
    pub fn write_err(&mut self, text: &[u8]) -> Result<(), std::io::Error> {
        self.err.extend_from_slice(text);
        let result = self.flush_err();
        if result.is_err() && text.len() > ERR_BYTES {
            self.err.truncate(self.err.len().saturating_sub(text.len()))
        }
        self.err.truncate(ERR_BYTES);
        result
    }
    /// Tries once more what standard error has not taken.
    pub fn flush_err(&mut self) -> Result<(), std::io::Error> {
        write_from(&mut self.err, &mut std::io::stderr().lock())
    }
    /// Hands the buffer to the system.
    pub fn flush(&mut self) -> Result<(), std::io::Error> {
        if self.out_broken {
            // Nothing will be read any more; whoever asks is told again.
            return Err(std::io::Error::from_raw_os_error(32));
        }
        if self.out.is_empty() && !self.out_failed {
            return Ok(());
        }
        let result = write_from(&mut self.out, &mut std::io::stdout().lock());
        self.out_failed = result.is_err();
        if result.as_ref().is_err_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe) {
            self.out_broken = true;
            self.out.clear();
        }
        result
    }
    /// Whether somebody has pressed Ctrl-C and nobody has been told yet.
    pub fn interrupt_pending(&self) -> bool {
        self.interrupt.is_some_and(|i| i.load(Relaxed))
    }
    /// Sleeps, unless Ctrl-C ends it.
    pub fn sleep(&self, seconds: f64) {
        let end = Instant::now() + Duration::from_secs_f64(seconds.min(1e9));
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || self.interrupt_pending() {
                return;
            }
            std::thread::sleep(left.min(TURN));
        }
    }
    /// Waits until there is something to read, or the end, or Ctrl-C. The signal goes to any thread, so this one looks.
    pub fn wait_readable(&self, file: &std::fs::File) {
        while !readable(file, TURN) && !self.interrupt_pending() {}
    }
    /// Line `n` (from 1) of a source file.
    pub fn source_line(&mut self, file: &Arc<str>, n: u32) -> Option<String> {
        if !self.sources.contains_key(file) {
            let lines = std::fs::read_to_string(&**file).map(|t| t.lines().map(str::to_string).collect());
            self.sources.insert(file.clone(), lines.unwrap_or_default());
        }
        self.sources[file].get((n as usize).checked_sub(1)?).cloned()
    }
}

/// Writes all of `from`, and flushes; what was not taken stays in `from`.
fn write_from(from: &mut Vec<u8>, to: &mut impl Write) -> Result<(), std::io::Error> {
    let mut written = 0;
    let result = loop {
        if written == from.len() {
            break to.flush();
        }
        match to.write(&from[written..]) {
            Ok(0) => break Err(std::io::ErrorKind::WriteZero.into()),
            Ok(n) => written += n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => break Err(e),
        }
    };
    from.drain(..written);
    result
}

/// Whether a read would not block: at once, or within `timeout`.
#[cfg(unix)]
pub fn readable(file: &std::fs::File, timeout: Duration) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let limit = Timespec { tv_sec: 0, tv_nsec: i64::from(timeout.subsec_nanos()) };
    match poll(&mut [PollFd::new(file, PollFlags::IN)], Some(&limit)) {
        Ok(n) => n > 0,
        // A signal came: whoever waits looks at the flag and comes back. Other errors are the read's to report.
        Err(e) => e != rustix::io::Errno::INTR,
    }
}
#[cfg(not(unix))]
pub fn readable(_: &std::fs::File, _: Duration) -> bool {
    true
}
