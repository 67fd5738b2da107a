//! One child process: start it, watch it, end it when we are told to end, and read what it cost.
//!
//! What a child used is its own, from the system's account of that one process. Of a foreign child we also count the open
//! descriptors now and then, for it will not tell. What the child printed is for `output.rs`.

use std::{
    fs::{self, File},
    io,
    os::fd::OwnedFd,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use signal_hook::consts::{SIGINT, SIGTERM};
use twinheap::process::wait_with_usage;

/// How long a child has to end by itself when we are interrupted.
const GRACE: Duration = Duration::from_millis(500);
/// How often a foreign child's descriptors are counted.
const SAMPLE_EVERY: Duration = Duration::from_millis(10);
const FIRST_SAMPLE_AFTER: Duration = Duration::from_millis(1);

/// What a child cost.
pub struct Ended {
    pub wall_s: f64,
    pub cpu_s: f64,
    pub peak_rss_bytes: u64,
    /// 128 and the signal if one ended it.
    pub exit_status: i32,
    pub descriptors_sampled: Option<u64>,
}

/// Ctrl-C, which must end the running child too.
pub struct Interrupt(Arc<Shared>);

#[derive(Default)]
struct Shared {
    requested: AtomicBool,
    running: Mutex<Option<OwnedFd>>,
}

impl Shared {
    fn send(&self, signal: Signal) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(child) = &*running {
            // It may have ended in this moment; then there is nothing to end.
            let _ = pidfd_send_signal(child, signal);
        }
    }
}

impl Interrupt {
    /// From now on SIGINT and SIGTERM end the child and are remembered, instead of ending us.
    pub fn listen() -> io::Result<Interrupt> {
        let shared = Arc::new(Shared::default());
        let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
        let ours = Arc::clone(&shared);
        thread::Builder::new().name("interrupt".to_owned()).spawn(move || {
            for _ in signals.forever() {
                ours.requested.store(true, Ordering::SeqCst);
                ours.send(Signal::TERM);
                thread::sleep(GRACE);
                ours.send(Signal::KILL);
            }
        })?;
        Ok(Interrupt(shared))
    }

    /// Whether it happened.
    pub fn requested(&self) -> bool {
        self.0.requested.load(Ordering::SeqCst)
    }

    fn set_running(&self, child: Option<OwnedFd>) {
        *self.0.running.lock().unwrap_or_else(PoisonError::into_inner) = child;
    }
}

/// Runs a child to its end, its output in these files, its input empty.
pub fn run(
    command: &mut Command,
    stdout: &Path,
    stderr: &Path,
    sample: bool,
    interrupt: &Interrupt,
) -> Result<Ended, crate::Failure> {
    command.stdin(Stdio::null()).stdout(File::create(stdout)?).stderr(File::create(stderr)?);
    let begin = Instant::now();
    let child = command.spawn().map_err(|error| {
        crate::Failure::Failed(format!("cannot start `{}`: {error}", command.get_program().display()))
    })?;
    let id = child.id();
    let pid = Pid::from_raw(id as i32).expect("a child has a process number");
    interrupt.set_running(Some(pidfd_open(pid, PidfdFlags::empty()).map_err(io::Error::from)?));
    if interrupt.requested() {
        // It came before the child was known to the listener.
        interrupt.0.send(Signal::KILL);
    }
    let (ended, descriptors) = thread::scope(|scope| {
        let (stop, stopped) = mpsc::channel::<()>();
        let sampler = sample.then(|| scope.spawn(move || peak_descriptors(id, &stopped)));
        let ended = wait_with_usage(child);
        drop(stop);
        (ended, sampler.and_then(|sampler| sampler.join().ok()).flatten())
    });
    let wall_s = begin.elapsed().as_secs_f64();
    interrupt.set_running(None);
    let (status, usage) = ended?;
    Ok(Ended {
        wall_s,
        cpu_s: usage.user_s + usage.system_s,
        peak_rss_bytes: usage.peak_rss_bytes,
        exit_status: status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)),
        descriptors_sampled: descriptors,
    })
}

/// Counts the child's descriptors until told to stop, and answers the most.
fn peak_descriptors(id: u32, stopped: &mpsc::Receiver<()>) -> Option<u64> {
    let directory = format!("/proc/{id}/fd");
    let mut most = None;
    // Not at once: a child that has just begun may still hold descriptors of ours, which close as it begins.
    let mut pause = FIRST_SAMPLE_AFTER;
    while stopped.recv_timeout(pause) == Err(mpsc::RecvTimeoutError::Timeout) {
        if let Ok(entries) = fs::read_dir(&directory) {
            most = most.max(Some(entries.count() as u64));
        }
        pause = SAMPLE_EVERY;
    }
    most
}
