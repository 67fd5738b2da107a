//! What a reviewer broke: safe code that has to stay safe.  Not the hard cases we thought of (`hard`).

use std::{
    cell::{Cell, RefCell},
    thread,
};
use twinheap::{
    Cc, Local, Trace,
    cc::{self, Leaf},
    object::managed::Command,
};

thread_local! {
    static KEPT: RefCell<Vec<Cc<Thief>>> = const { RefCell::new(Vec::new()) };
    /// How many of the first and of the second were dropped, and of the first finalized.
    static GONE: Cell<[u32; 3]> = const { Cell::new([0; 3]) };
}
fn note(which: usize) {
    let mut gone = GONE.get();
    gone[which] += 1;
    GONE.set(gone);
}

/// Asked by a collection whether it counts, it would take a handle to itself.
#[derive(Trace)]
#[trace(counted = steal)]
struct Thief {
    me: RefCell<Option<Cc<Thief>>>,
    text: String,
}
fn steal(thief: &Thief) -> bool {
    KEPT.with_borrow_mut(|kept| kept.push(thief.me.borrow().clone().expect("in a cycle")));
    true
}
#[test]
fn who_is_found_dead_is_not_asked() {
    let thief = Cc::new(Thief { me: RefCell::default(), text: "alive".into() });
    *thief.me.borrow_mut() = Some(thief.clone());
    assert_eq!(thief.text, "alive");
    drop(thief);
    assert_eq!(cc::collect(), 1);
    assert!(KEPT.take().is_empty());
    cc::verify().unwrap();
}

struct Gone(usize);
impl Drop for Gone {
    fn drop(&mut self) {
        note(self.0);
        if self.0 == 1 {
            // Runs the finalizers that wait.
            drop(Cc::new(1u8))
        }
    }
}
#[derive(Trace)]
#[trace(manager = Local, finalize)]
struct Mortal {
    me: RefCell<Option<Cc<Mortal>>>,
    gone: Leaf<Gone>,
}
impl cc::Finalize for Mortal {
    fn finalize(_: &Cc<Mortal>) {
        note(2)
    }
}
#[derive(Trace)]
struct Plain {
    me: RefCell<Option<Cc<Plain>>>,
    gone: Leaf<Gone>,
}
/// A collection by itself that waits goes on, also when its finalizers have run before it began to wait.
#[test]
fn a_collection_by_itself_is_not_forgotten() {
    let in_its_own_thread = || {
        let mortal = Cc::new(Mortal { me: RefCell::default(), gone: Leaf(Gone(0)) });
        *mortal.me.borrow_mut() = Some(mortal.clone());
        drop(mortal);
        let plain = Cc::new(Plain { me: RefCell::default(), gone: Leaf(Gone(1)) });
        *plain.me.borrow_mut() = Some(plain.clone());
        drop(plain);
        cc::control(Command::SetThresholds([Some(20), None, None]));
        let _kept: Vec<_> = (0..50).map(|_| Cc::new(RefCell::new(None::<Cc<u8>>))).collect();
        assert!(cc::stats().collections >= 1);
        assert_eq!(GONE.get(), [1, 1, 1]);
    };
    thread::spawn(in_its_own_thread).join().unwrap()
}

#[derive(Trace)]
#[trace(manager = Local, finalize)]
struct Endless(u8);
impl cc::Finalize for Endless {
    fn finalize(_: &Cc<Endless>) {
        note(0);
        drop(Cc::new(Endless(0)))
    }
}
/// A birth runs the finalizers that wait, and not those that they call for.
#[test]
fn a_birth_is_not_held_up_for_ever() {
    let in_its_own_thread = || {
        drop(Cc::new(Endless(0)));
        for n in 1..10 {
            let _ = Cc::new(1u8);
            assert!((n..=2 * n + 1).contains(&GONE.get()[0]), "{} after {n}", GONE.get()[0]);
        }
        // At the thread's end as many more run as there are values; the last one made is left, which leaks.
    };
    if !cfg!(miri) {
        thread::spawn(in_its_own_thread).join().unwrap()
    }
}
