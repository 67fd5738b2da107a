//! What a running program has outside the heap: output buffers, sources for tracebacks, limits.
//!
//! Not here: anything that refers to an object.

use std::{
    collections::HashMap,
    io::Write,
    sync::{Arc, atomic::AtomicBool},
};

/// See above.
pub struct Host {
    /// Standard output, not yet written.
    pub out: Vec<u8>,
    /// Standard output is a terminal: written line by line.
    pub line_buffered: bool,
    /// Nobody reads standard output any more.
    pub out_broken: bool,
    /// `sys.argv`
    pub argv: Vec<String>,
    /// Frames allowed.
    pub recursion_limit: usize,
    /// Loops allowed on the Rust stack.
    pub nest_limit: u32,
    /// More bytes than this are refused without asking the system.
    pub sane_bytes: usize,
    /// Somebody pressed Ctrl-C.
    pub interrupt: Option<&'static AtomicBool>,
    /// `gc.set_debug`
    pub gc_debug: i32,
    /// A collection is running, its finalizers included.
    pub collecting: bool,
    /// A collection because of a limit has just been made: the next refusal is final.
    pub relieving: bool,
    /// Where on the stack the native lies that is to be called again, and its first argument.
    pub retry: Option<(usize, usize)>,
    /// Source files' lines, for tracebacks.
    pub sources: HashMap<Arc<str>, Vec<String>>,
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
    /// The most descriptors that were open at once, as opening files has shown; 0 before the first.
    pub descriptors_peak: u64,
}

impl Host {
    /// Writes to standard output.
    pub fn write_out(&mut self, text: &[u8]) -> Result<(), std::io::Error> {
        self.out.extend_from_slice(text);
        if self.out.len() > 1 << 16 || (self.line_buffered && text.contains(&b'\n')) {
            return self.flush();
        }
        Ok(())
    }
    /// Hands the buffer to the system.
    pub fn flush(&mut self) -> Result<(), std::io::Error> {
        if self.out.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.out);
        if self.out_broken {
            return Ok(());
        }
        let result = {
            let mut stdout = std::io::stdout().lock();
            stdout.write_all(&bytes).and_then(|()| stdout.flush())
        };
        if result.is_err() {
            self.out_broken = true;
        }
        self.out = bytes;
        self.out.clear();
        result
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
