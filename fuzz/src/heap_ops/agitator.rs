//! Another thread at work on the heap under test: it reads what it finds, makes garbage that refers to it, and weak
//! references; it changes nothing that the model knows.
//! Not the laws (`heap_ops`): what it can find wrong itself is a dead object where a living one should be.

use super::{
    Worlds,
    case::REGISTERS,
    objects::{Counts, Header, Node, Token, View},
};
use crate::random::Random;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::JoinHandle,
};
use twinheap::{Gc, GcCell, Manager, Mutation, Mutator, Request, Threaded, Val};

/// The id of its own nodes, which no other has.
pub const FOREIGN: u64 = u64::MAX;

/// The thread.
pub struct Agitator {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<(), String>>>,
}

impl Agitator {
    pub fn start<M: Threaded>(mut mutator: Mutator<Worlds, M>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = stop.clone();
        let body = move || {
            let (mut random, counts) = (Random::new(1), Arc::default());
            while !seen.load(Relaxed) {
                mutator.mutate(|mc, world| {
                    for _ in 0..4 {
                        let from = world.registers.tail()[random.below(REGISTERS)].get();
                        wander(mc, from, &mut random, &counts)?;
                    }
                    Ok::<_, String>(())
                })?;
                if random.one_in(50) {
                    mutator.collect(Request::FULL);
                }
                std::thread::yield_now();
            }
            Ok(())
        };
        Agitator { stop, thread: Some(std::thread::spawn(move || crate::quietly(body))) }
    }
    /// Ends it; what it found wrong.
    pub fn end(mut self) -> Result<(), String> {
        self.stop.store(true, Relaxed);
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(outcome)) => outcome.map_err(|e| format!("the other thread: {e}")),
            _ => Err("the other thread did not end well".into()),
        }
    }
}
impl Drop for Agitator {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            // Its outcome is of no interest: the case has failed already.
            let _ = thread.join();
        }
    }
}

/// Goes from object to object, and keeps its own node for each until it is through.
fn wander<'gc, M: Manager>(
    mc: &'gc Mutation<'gc, M>,
    mut at: Val<'gc, M>,
    random: &mut Random,
    counts: &Arc<Counts>,
) -> Result<(), String> {
    let mut last = Val::empty();
    for _ in 0..20 {
        let next = match View::of(&at) {
            Some(view) if view.id == FOREIGN => return Err("it found one of its own nodes".into()),
            Some(view) if view.len() > 0 && random.one_in(2) => view.get(random.below(view.len())),
            Some(View { list: Some(list), .. }) => {
                let list = list.borrow();
                if list.is_empty() { Val::empty() } else { random.pick(&list).clone() }
            }
            _ => return Ok(()),
        };
        if let Some(any) = next.as_any() {
            let weak = Gc::new_weak(mc, any, 0u64, false);
            if weak.upgrade(mc).is_none() {
                return Err("an object in hand, and its new weak reference is dead".into());
            }
        }
        let header = Header { id: FOREIGN, list: GcCell::new(vec![at, last]), token: Token::new(counts, false) };
        let node = Gc::<Node<'gc, M>, M>::try_with_zeroed_tail(mc, header, 1).map_err(|full| full.to_string())?;
        node.tail()[0].set(mc, next.clone());
        last = Val::from_gc(node);
        at = next;
    }
    Ok(())
}
