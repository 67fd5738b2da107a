//! What the system says about a process: a child's own processor time and peak memory, an interrupt, a thread's clock.
//! Not a measuring harness (the command has that).  Unix only; elsewhere the figures are zero.

use std::{
    io,
    process::{Child, ExitStatus},
    sync::atomic::AtomicBool,
};

/// What one process used, its own children not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Seconds of processor time in the program.
    pub user_s: f64,
    /// Seconds of processor time in the kernel on its account.
    pub system_s: f64,
    /// The largest resident set, in bytes.
    pub peak_rss_bytes: u64,
}

/// Waits for `child` and reads what it used (`wait4`).
///
/// # Errors
/// What the system says; an interrupted wait is taken up again.
#[cfg(unix)]
pub fn wait_with_usage(child: Child) -> io::Result<(ExitStatus, Usage)> {
    use std::os::unix::process::ExitStatusExt;
    let pid = child.id() as libc::pid_t;
    let mut status = 0;
    // SAFETY: all zeroes is a valid `rusage`.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to locals of the right type; `pid` is our child, whose handle we own.
        if unsafe { libc::wait4(pid, &mut status, 0, &mut usage) } == pid {
            break;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    // The handle is dropped without a wait of its own: std neither kills nor waits in `Drop`.
    drop(child);
    let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 / 1e6;
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    Ok((
        ExitStatus::from_raw(status),
        Usage {
            user_s: seconds(usage.ru_utime),
            system_s: seconds(usage.ru_stime),
            peak_rss_bytes: usage.ru_maxrss as u64 * unit,
        },
    ))
}

/// Waits for `child`; the figures are zero where the system has no `wait4`.
///
/// # Errors
/// What the system says.
#[cfg(not(unix))]
pub fn wait_with_usage(mut child: Child) -> io::Result<(ExitStatus, Usage)> {
    Ok((child.wait()?, Usage::default()))
}

/// Sets `flag` when the process is interrupted (SIGINT, Ctrl-C), instead of ending it; a second interrupt while the
/// flag is still set ends the process with status 130.  For programs that poll.
///
/// # Errors
/// What the system says; always where there are no signals.
#[cfg(unix)]
pub fn on_interrupt(flag: &'static AtomicBool) -> io::Result<()> {
    use std::sync::atomic::{AtomicPtr, Ordering::SeqCst};
    static FLAG: AtomicPtr<AtomicBool> = AtomicPtr::new(std::ptr::null_mut());
    extern "C" fn handler(_: libc::c_int) {
        // SAFETY: null or the address of a static, stored below; only async-signal-safe things are done here.
        match unsafe { FLAG.load(SeqCst).as_ref() } {
            // SAFETY: `_exit` is async-signal-safe.
            Some(flag) if flag.swap(true, SeqCst) => unsafe { libc::_exit(130) },
            _ => {}
        }
    }
    FLAG.store((&raw const *flag).cast_mut(), SeqCst);
    // SAFETY: all zeroes is a valid `sigaction`; its fields are set to a handler that keeps to what handlers may do.
    let outcome = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        libc::sigaction(libc::SIGINT, &action, std::ptr::null_mut())
    };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Always an error: there are no signals here.
///
/// # Errors
/// Always.
#[cfg(not(unix))]
pub fn on_interrupt(_: &'static AtomicBool) -> io::Result<()> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

/// Nanoseconds of processor time the calling thread has used; 0 where the system cannot tell.
pub fn thread_cpu_ns() -> u64 {
    #[cfg(all(unix, not(any(miri, shuttle))))]
    {
        clock_ns(libc::CLOCK_THREAD_CPUTIME_ID)
    }
    #[cfg(not(all(unix, not(any(miri, shuttle)))))]
    0
}

/// Nanoseconds of processor time all threads of the process have used; 0 where the system cannot tell.
pub fn process_cpu_ns() -> u64 {
    #[cfg(all(unix, not(any(miri, shuttle))))]
    {
        clock_ns(libc::CLOCK_PROCESS_CPUTIME_ID)
    }
    #[cfg(not(all(unix, not(any(miri, shuttle)))))]
    0
}

#[cfg(all(unix, not(any(miri, shuttle))))]
fn clock_ns(clock: libc::clockid_t) -> u64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a local of the right type.
    if unsafe { libc::clock_gettime(clock, &mut t) } == 0 {
        return t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64;
    }
    0
}

/// Makes the calling thread one of the background: it does not take the processor from a thread that runs when it wakes up
/// (SCHED_BATCH), and with a `nice` above 0 its share is smaller (Linux counts nice by thread).  `nice` only rises: what the
/// process was given stays if it is more.  Nothing on other systems, and when the system refuses.
pub fn in_background(nice: u8) {
    set_batch(true);
    #[cfg(all(target_os = "linux", not(any(miri, shuttle))))]
    if nice > 0 {
        // SAFETY: calls about the calling thread (0) without pointers.
        unsafe {
            let now = libc::getpriority(libc::PRIO_PROCESS, 0);
            libc::setpriority(libc::PRIO_PROCESS, 0, now.max(libc::c_int::from(nice)));
        }
    }
    let _ = nice;
}

/// Puts the calling thread into the class SCHED_BATCH, or back into the usual one.  Only from the one to the other: a thread of
/// another class (a program that was started as a real-time one) stays where it is.  Linux; elsewhere nothing.
pub fn set_batch(batch: bool) {
    #[cfg(all(target_os = "linux", not(any(miri, shuttle))))]
    {
        let (from, to) =
            if batch { (libc::SCHED_OTHER, libc::SCHED_BATCH) } else { (libc::SCHED_BATCH, libc::SCHED_OTHER) };
        // SAFETY: calls about the calling thread (0); the pointer is to a local of the right type, all zeroes, which both
        // classes ask for.
        unsafe {
            if libc::sched_getscheduler(0) == from {
                let param: libc::sched_param = std::mem::zeroed();
                libc::sched_setscheduler(0, to, &param);
            }
        }
    }
    let _ = batch;
}

#[cfg(all(test, unix, not(miri)))]
mod tests {
    #[test]
    fn a_child_has_figures_of_its_own() {
        let child = std::process::Command::new("true").spawn().unwrap();
        let (status, usage) = super::wait_with_usage(child).unwrap();
        assert!(status.success());
        assert!(usage.peak_rss_bytes > 100_000, "{usage:?}");
    }
}
