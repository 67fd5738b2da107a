//! Sessions that are too long, hand out too much, or never end: found, and named by where they began, on what thread, and
//! who waited.  Not what sessions are (`contract/sessions.rs`).
#![cfg(not(loom))]
#![forbid(unsafe_code)]

use std::{
    panic::Location,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering::Relaxed},
        mpsc,
    },
    time::{Duration, Instant},
};
use twinheap::{
    Config, Gc, Heap, Null, RefCount, Request, Rootable, Static, Threaded, Tricolor, TricolorSolo,
    config::SessionLimit,
    observe::{SessionFault, SessionReport},
};

struct R;
impl<M: twinheap::Manager> Rootable<M> for R {
    type Root<'gc> = ();
}
fn heap<M: twinheap::Manager>(config: Config) -> Heap<R, M> {
    Heap::new(config, |_| ()).unwrap()
}
const WAITED: Duration = Duration::from_millis(20);
const LIMIT: SessionLimit = SessionLimit { waited: WAITED, goal_percent: 25 };
/// One heap's tests have one list of what was told; they take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(|e| e.into_inner());
    TOLD.lock().unwrap().clear();
    turn
}
static TOLD: Mutex<Vec<SessionReport>> = Mutex::new(Vec::new());
fn tell(report: &SessionReport) {
    TOLD.lock().unwrap().push(report.clone())
}
fn told() -> Vec<SessionReport> {
    std::mem::take(&mut TOLD.lock().unwrap())
}
fn until(what: impl Fn() -> bool) {
    let since = Instant::now();
    while !what() {
        assert!(since.elapsed() < Duration::from_secs(60), "in vain");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A session sleeps while another thread asks for a collection and a third wants to begin a session.
#[test]
fn a_session_that_is_too_long_is_named_with_who_waited() {
    let _turn = alone();
    let heap = heap::<Tricolor>(Config { session_limit: Some(LIMIT), on_session: Some(tell), ..Config::default() });
    let (begun, begins) = mpsc::channel();
    let (ended, ends) = mpsc::channel();
    let mut at = None;
    std::thread::scope(|s| {
        let mut slow = heap.mutator().unwrap();
        let sleeper = std::thread::Builder::new().name("sleeper".to_owned());
        let sleeper = sleeper.spawn_scoped(s, move || {
            let here = Location::caller();
            slow.mutate(|_, ()| {
                begun.send(()).unwrap();
                ends.recv().unwrap()
            });
            here.line() + 1
        });
        begins.recv().unwrap();
        let asker = std::thread::Builder::new().name("asker".to_owned());
        // From a session of our own we see when the collection wants to begin.
        let asker = heap.mutator().unwrap().mutate(|mc, ()| {
            let asker = asker.spawn_scoped(s, || heap.mutator().unwrap().collect(Request::FULL)).unwrap();
            until(|| mc.should_yield());
            asker
        });
        let waiter = std::thread::Builder::new().name("waiter".to_owned());
        let waiter = waiter.spawn_scoped(s, || heap.mutator().unwrap().mutate(|_, ()| ())).unwrap();
        std::thread::sleep(WAITED * 5);
        ended.send(()).unwrap();
        at = Some(sleeper.unwrap().join().unwrap());
        waiter.join().unwrap();
        asker.join().unwrap();
    });
    let told = told();
    let [report] = &told[..] else { panic!("{told:?}") };
    assert_eq!((report.fault, report.thread.as_str()), (SessionFault::TooLong, "`sleeper`"));
    assert_eq!((report.began_at.file(), Some(report.began_at.line())), (file!(), at));
    assert!(report.kept_waiting_ns >= 3 * WAITED.as_nanos() as u64, "{report}");
    assert!(report.open_ns.unwrap() >= report.kept_waiting_ns, "{report}");
    let mut who: Vec<_> = report.waited.iter().map(|w| (w.thread.as_str(), w.at.is_some())).collect();
    who.sort();
    assert_eq!(who, [("`asker`", false), ("`waiter`", true)]);
    let line = report.to_string();
    assert!(line.starts_with("twinheap: the session that began at crates/twinheap/tests/watch.rs:"), "{line}");
    assert!(line.contains(" on thread `sleeper` was too long: a collection waited "), "{line}");
    assert!(line.contains("thread `waiter` (at ") && line.contains("thread `asker` (which asked for it, "), "{line}");
}

fn takes_too_much<M: Threaded>() {
    let heap = heap::<M>(Config { session_limit: Some(LIMIT), on_session: Some(tell), ..Config::default() });
    let mut m = heap.mutator().unwrap();
    let mut take = |objects: usize| m.mutate(|mc, ()| (0..objects).for_each(|_| _ = Gc::new(mc, Static([0u64; 4]))));
    // A quarter of 4 MiB is 1 MiB: 32,768 objects of 32 bytes.
    take(20_000);
    assert!(told().is_empty());
    take(50_000);
    let first = told();
    let [report] = &first[..] else { panic!("{first:?}") };
    assert_eq!((report.fault, report.began_at.file()), (SessionFault::TooMuch, file!()));
    assert!((1_600_000..1_700_000).contains(&report.handed_out_bytes), "{report}");
    assert!(report.goal_bytes.unwrap() >= 4 << 20 && report.open_ns.is_some());
    assert!(report.to_string().contains(" bytes of a goal of "), "{report}");
    // Named again only when it is twice as bad.
    take(60_000);
    assert!(told().is_empty());
    take(110_000);
    assert_eq!(told().len(), 1);
}
#[test]
fn a_session_that_hands_out_too_much_is_named() {
    let _turn = alone();
    takes_too_much::<Tricolor>();
    takes_too_much::<TricolorSolo>();
}

/// A thread in a session waits for a thread that waits for a session to begin: nothing moves, and somebody says why.
#[test]
fn threads_that_wait_for_each_other_do_not_hang_in_silence() {
    let _turn = alone();
    let patience = Some(Duration::from_millis(30));
    // In any build: the watch over long sessions is off.
    let config =
        Config { session_limit: None, session_patience: patience, on_session: Some(tell), ..Config::default() };
    let heap = heap::<Tricolor>(config);
    let (begun, begins) = mpsc::channel();
    let (rescue, rescued) = mpsc::channel::<()>();
    std::thread::scope(|s| {
        let heap = &heap;
        let blocked = std::thread::Builder::new().name("blocked".to_owned());
        let blocked = blocked.spawn_scoped(s, move || {
            heap.mutator().unwrap().mutate(|_, ()| {
                begun.send(()).unwrap();
                // For what the other thread would do in its next session.
                rescued.recv().unwrap()
            })
        });
        begins.recv().unwrap();
        let other = s.spawn(|| {
            let mut m = heap.mutator().unwrap();
            m.collect(Request::FULL);
        });
        until(|| TOLD.lock().unwrap().len() >= 3);
        rescue.send(()).unwrap();
        other.join().unwrap();
        blocked.unwrap().join().unwrap();
    });
    let told = told();
    for (i, report) in told.iter().enumerate() {
        assert_eq!((report.fault, report.thread.as_str()), (SessionFault::Stuck, "`blocked`"));
        assert_eq!(report.began_at.file(), file!());
        assert_eq!((report.open_ns, report.waited.len()), (None, 1));
        // Not before the patience is over, and after twice as long each time.
        assert!(report.kept_waiting_ns >= 30_000_000 << i, "{i}: {report}");
        assert!(report.to_string().contains("`blocked` is still open: a collection has waited "), "{report}");
    }
}

/// Without a callback a line goes to `debug_output`.
#[test]
fn without_a_callback_it_is_a_line() {
    let _turn = alone();
    static LINES: Mutex<String> = Mutex::new(String::new());
    let debug_output = Some((|line| LINES.lock().unwrap().push_str(line)) as fn(&str));
    let heap = heap::<Tricolor>(Config { session_limit: Some(LIMIT), debug_output, ..Config::default() });
    let mut m = heap.mutator().unwrap();
    m.mutate(|mc, ()| (0..50_000).for_each(|_| _ = Gc::new(mc, Static([0u64; 4]))));
    let lines = LINES.lock().unwrap();
    assert!(
        lines.starts_with("twinheap: the session that began at ") && lines.ends_with("before its end\n"),
        "{lines}"
    );
    assert_eq!(lines.lines().count(), 1);
}

/// A callback that panics ends there; a session that ends by a panic is looked at, too.
#[test]
fn panics_change_nothing() {
    let _turn = alone();
    static TIMES: AtomicUsize = AtomicUsize::new(0);
    fn tell(_: &SessionReport) {
        TIMES.fetch_add(1, Relaxed);
        std::panic::resume_unwind(Box::new("a callback"))
    }
    let heap = heap::<Tricolor>(Config { session_limit: Some(LIMIT), on_session: Some(tell), ..Config::default() });
    let mut m = heap.mutator().unwrap();
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        m.mutate(|mc, ()| {
            (0..50_000).for_each(|_| _ = Gc::new(mc, Static([0u64; 4])));
            std::panic::resume_unwind(Box::new("a session"))
        })
    }));
    assert_eq!(ended.unwrap_err().downcast_ref::<&str>(), Some(&"a session"));
    assert_eq!(TIMES.load(Relaxed), 1);
    m.collect(Request::FULL);
    m.verify().unwrap();
}

/// Managers whose sessions nobody waits for name none; and off is off.
#[test]
fn what_has_no_stop_names_nothing() {
    let _turn = alone();
    fn quiet<M: twinheap::Manager>(session_limit: Option<SessionLimit>, zeal: Option<u32>) {
        let heap = heap::<M>(Config { session_limit, zeal, on_session: Some(tell), ..Config::default() });
        heap.mutator().unwrap().mutate(|mc, ()| {
            (0..if zeal.is_some() { 2_000 } else { 50_000 }).for_each(|_| _ = Gc::new(mc, Static([0u64; 64])))
        });
        assert!(told().is_empty(), "{}", M::NAME);
    }
    quiet::<Null>(Some(LIMIT), None);
    quiet::<RefCount>(Some(LIMIT), None);
    quiet::<Tricolor>(None, None);
    quiet::<Tricolor>(Some(SessionLimit { goal_percent: 10, ..LIMIT }), Some(50));
    assert_eq!(Config::default().session_limit.is_some(), cfg!(debug_assertions));
}
