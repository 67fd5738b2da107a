//! Sessions that are too long, hand out too much, or never end: found, and named by where they began.
//!
//! * *Too much* is seen at a session's end by itself, from the runs it took.  *Too long* is seen by whoever stops the
//!   sessions (a collection, a look), from how long it waited: a long session that nobody waits for harms nobody.  Both only
//!   with `Config::session_limit`, which costs a look at the clock a session.
//! * *Stuck*: the same waiting, told while it goes on, after `Config::session_patience` and then after twice as long each
//!   time.  Always on: it costs nothing until somebody has waited so long.
//!
//! A place is named again only when it does twice as badly.  Zeal, which must not be seen, tells of stuck sessions only.
//! Where a session began is a relaxed store before it says that it is open, so a report may name the session before of
//! the same mutator, if it comes in the nanosecond between the two; it never names what was no session's beginning.
//! Not here: the stop itself (`handshake`, `collector`).  Overview: `manager::tricolor`.

use super::{cache::Record, collector::Inner, handshake::Handshake};
use crate::{
    config::{Config, SessionLimit},
    observe::session::{SessionFault, SessionReport, Waited},
    sync::{
        Arc, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Instant, Mutex,
        Ordering::{Acquire, Relaxed},
        lock, seeded,
        thread::{self, Thread},
    },
    unwind::contained,
};
use std::{collections::HashMap, panic::Location, time::Duration};

/// What no session is named for handing out, however small the heap.
const NEVER_TOO_MUCH_BYTES: u128 = 1 << 20;

type Place = &'static Location<'static>;

/// A heap's watch over its sessions.
pub(super) struct Watch {
    limit: Option<SessionLimit>,
    patience: Option<Duration>,
    tell: Option<fn(&SessionReport)>,
    output: Option<fn(&str)>,
    began: Instant,
    /// Who waits now; a place that is empty is used again.
    waiting: Mutex<Vec<Option<Waiting>>>,
    /// The worst that was told of each place, by fault.
    told: Mutex<HashMap<(SessionFault, usize), u64>>,
}

struct Waiting {
    thread: Thread,
    at: Option<Place>,
    since: Instant,
}

/// What a mutator's part says of its session.  The owner writes, anybody reads.
#[derive(Default)]
pub(super) struct Now {
    at: AtomicPtr<Location<'static>>,
    /// Nanoseconds on the watch's clock, when it is on.
    began_ns: AtomicU64,
    handed_out_bytes: AtomicUsize,
    /// The thread's number (`manage`), and itself.
    number: AtomicU64,
    thread: Mutex<Option<Thread>>,
}

impl Now {
    /// A session begins here.
    #[inline(always)]
    pub(super) fn begin(&self, at: Place, thread_number: u64) {
        self.at.store(std::ptr::from_ref(at).cast_mut(), Relaxed);
        if self.number.load(Relaxed) != thread_number {
            self.move_here(thread_number)
        }
    }
    #[cold]
    #[inline(never)]
    fn move_here(&self, thread_number: u64) {
        *lock(&self.thread) = Some(thread::current());
        self.number.store(thread_number, Relaxed);
    }
    /// It took a run.
    #[inline]
    pub(super) fn took(&self, bytes: usize) {
        let sum = self.handed_out_bytes.load(Relaxed).wrapping_add(bytes);
        self.handed_out_bytes.store(sum, Relaxed);
    }
    fn place(&self) -> Option<Place> {
        // SAFETY: null, or a `&'static Location` that `begin` stored.
        unsafe { self.at.load(Acquire).as_ref() }
    }
    fn thread_name(&self) -> String {
        lock(&self.thread).as_ref().map_or("?".to_owned(), name_of)
    }
}

fn name_of(thread: &Thread) -> String {
    thread.name().map_or_else(|| format!("{:?}", thread.id()), |name| format!("`{name}`"))
}
fn ns(of: Duration) -> u64 {
    of.as_nanos().min(u64::MAX as u128) as u64
}

/// Somebody waits, as long as this lives.
pub(super) struct Waits<'a>(&'a Watch, usize);
impl Drop for Waits<'_> {
    fn drop(&mut self) {
        lock(&self.0.waiting)[self.1] = None;
    }
}

impl Watch {
    pub(super) fn new(config: &Config) -> Watch {
        Watch {
            limit: config.session_limit.filter(|_| config.zeal.is_none()),
            patience: config.session_patience,
            tell: config.on_session,
            output: config.debug_output,
            began: Instant::now(),
            waiting: Mutex::default(),
            told: Mutex::default(),
        }
    }
    /// Whether sessions look at the clock, and back at what they took.
    pub(super) fn is_on(&self) -> bool {
        self.limit.is_some()
    }
    pub(super) fn begin(&self, now: &Now) {
        if self.is_on() {
            now.handed_out_bytes.store(0, Relaxed);
            now.began_ns.store(self.clock_ns(), Relaxed)
        }
    }
    fn clock_ns(&self) -> u64 {
        ns(self.began.elapsed()).max(1)
    }
    /// The calling thread waits from now on: for a session at `at` to begin, or for a collection.
    pub(super) fn waits(&self, at: Option<Place>) -> Waits<'_> {
        let waiting = Waiting { thread: thread::current(), at, since: Instant::now() };
        let mut all = lock(&self.waiting);
        let free = all.iter().position(Option::is_none).unwrap_or_else(|| {
            all.push(None);
            all.len() - 1
        });
        all[free] = Some(waiting);
        Waits(self, free)
    }
    fn who_waits(&self) -> Vec<Waited> {
        let of = |w: &Waiting| Waited { thread: name_of(&w.thread), at: w.at, waited_ns: ns(w.since.elapsed()) };
        lock(&self.waiting).iter().flatten().map(of).collect()
    }
    /// Tells of a session, unless its place was told to be nearly as bad.
    fn report(&self, badness: u64, report: &SessionReport) {
        {
            let key = (report.fault, std::ptr::from_ref(report.began_at).addr());
            let mut told = lock(&self.told);
            let worst = told.entry(key).or_insert(0);
            if report.fault != SessionFault::Stuck && badness / 2 < *worst {
                return;
            }
            *worst = badness;
        }
        contained(|| match (self.tell, self.output) {
            (Some(tell), _) => tell(report),
            (None, Some(output)) => output(&format!("{report}\n")),
            // As a panic's message: where tests keep what is printed, this is kept.
            (None, None) => eprintln!("{report}"),
        });
    }
}

/// The wait for sessions to end, as it goes on.
pub(super) struct StopWait<'a> {
    inner: &'a Inner,
    since: Instant,
    next_line: Option<Duration>,
    /// Who was in a session when the limit was passed: what is known of it, and whether it is still open.
    late: Option<Vec<(Arc<Record>, SessionReport, bool)>>,
}

impl<'a> StopWait<'a> {
    pub(super) fn new(inner: &'a Inner) -> Self {
        StopWait { inner, since: Instant::now(), next_line: inner.watch.patience, late: None }
    }
    /// Since the wish to stop.
    pub(super) fn since(&self) -> Instant {
        self.since
    }
    fn report(&self, record: &Record, fault: SessionFault) -> Option<SessionReport> {
        let watch = &self.inner.watch;
        let began = watch.is_on().then(|| record.now.began_ns.load(Relaxed));
        Some(SessionReport {
            fault,
            began_at: record.now.place()?,
            thread: record.now.thread_name(),
            open_ns: began.map(|began| watch.clock_ns().saturating_sub(began)),
            kept_waiting_ns: ns(self.since.elapsed()),
            waited: Vec::new(),
            handed_out_bytes: if watch.is_on() { record.now.handed_out_bytes.load(Relaxed) } else { 0 },
            goal_bytes: self.inner.goal_if_any(),
        })
    }
    /// Another look: these are the heap's mutators, not all of which are out.  The first looks come quickly after each other
    /// and cost nothing.  Answers what is to be told when nothing is locked.
    pub(super) fn look(
        &mut self,
        turns: u32,
        records: &[Arc<Record>],
        is_out: fn(&Handshake, &AtomicU32) -> bool,
    ) -> Vec<SessionReport> {
        if turns < 50 {
            return Vec::new();
        }
        let waited = self.since.elapsed();
        let inside = |r: &Record| !is_out(&self.inner.handshake, &r.in_session);
        if let Some(late) = &mut self.late {
            let kept_waiting_ns = ns(waited);
            for (record, report, open) in late.iter_mut().filter(|late| late.2) {
                *open = inside(record);
                report.open_ns = report.open_ns.map(|ns| ns + kept_waiting_ns - report.kept_waiting_ns);
                report.kept_waiting_ns = kept_waiting_ns;
            }
        } else if self.inner.watch.limit.is_some_and(|limit| waited > limit.waited) && !seeded("long_session_unnamed") {
            let late = records.iter().filter(|r| inside(r));
            let late = late.filter_map(|r| Some((r.clone(), self.report(r, SessionFault::TooLong)?, true)));
            self.late = Some(late.collect());
        }
        let Some(next) = self.next_line.filter(|&next| waited > next && !seeded("stuck_in_silence")) else {
            return Vec::new();
        };
        self.next_line = Some(next.saturating_mul(2).max(Duration::from_millis(1)));
        records.iter().filter(|r| inside(r)).filter_map(|r| self.report(r, SessionFault::Stuck)).collect()
    }
    /// Tells, with nothing locked: of those that are still open.
    pub(super) fn tell(&self, reports: Vec<SessionReport>) {
        let waited = if reports.is_empty() { Vec::new() } else { self.inner.watch.who_waits() };
        for mut report in reports {
            report.waited.clone_from(&waited);
            self.inner.watch.report(report.kept_waiting_ns, &report);
        }
    }
    /// Nobody is inside any more, and everybody still waits: who was late, to be told when sessions go on.
    pub(super) fn over(self) -> Vec<SessionReport> {
        let Some(late) = self.late else { return Vec::new() };
        let waited = self.inner.watch.who_waits();
        late.into_iter().map(|(_, report, _)| SessionReport { waited: waited.clone(), ..report }).collect()
    }
}

impl Inner {
    /// The goal, where there is one.
    pub(super) fn goal_if_any(&self) -> Option<usize> {
        Some(self.goal.load(Relaxed)).filter(|&goal| goal != usize::MAX)
    }
    /// Sessions that were too long, told after the stop.
    pub(super) fn tell_of_late(&self, late: Vec<SessionReport>) {
        for report in late {
            self.watch.report(report.kept_waiting_ns, &report)
        }
    }
    /// A session has ended, with the watch on: did it take too much?
    pub(super) fn look_back(&self, now: &Now) {
        let (Some(limit), Some(goal)) = (self.watch.limit, self.goal_if_any()) else { return };
        let began = now.began_ns.load(Relaxed);
        let handed_out_bytes = now.handed_out_bytes.load(Relaxed);
        let most = (goal as u128 * u128::from(limit.goal_percent) / 100).max(NEVER_TOO_MUCH_BYTES);
        if handed_out_bytes as u128 <= most {
            return;
        }
        let Some(began_at) = now.place() else { return };
        let report = SessionReport {
            fault: SessionFault::TooMuch,
            began_at,
            thread: now.thread_name(),
            open_ns: Some(self.watch.clock_ns().saturating_sub(began)),
            kept_waiting_ns: 0,
            waited: Vec::new(),
            handed_out_bytes,
            goal_bytes: Some(goal),
        };
        self.watch.report(handed_out_bytes as u64, &report);
    }
}
