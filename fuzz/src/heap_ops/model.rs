//! What should be in the heap: a graph of plain numbers that never frees anything, and what finalizers may do to it.
//! Not the heap (`objects`), not the comparison (`heap_ops`).

use super::{
    case::{REGISTERS, ROOTS, WEAKS},
    objects::{Death, Seen, Temper},
};
use std::collections::HashSet;

#[derive(Default)]
pub struct Twin {
    pub fields: Vec<Seen>,
    pub list: Vec<Seen>,
    pub mortal: bool,
    pub finalized: bool,
    /// It has been upgraded, or was reached from something saved or upgraded: its finalizer may have been queued before.
    pub excused: bool,
    /// Collections do not look at it: a cycle through it may stay.
    pub untracked: bool,
}

/// What can be reached.
#[derive(Default)]
pub struct Reached {
    pub objects: HashSet<usize>,
    pub weaks: HashSet<usize>,
}

/// A weak reference that exists, or existed.
#[derive(Clone, Copy)]
pub struct WeakTwin {
    pub target: usize,
    pub notify: bool,
    pub told: bool,
    /// It was garbage itself when last looked for: it hears nothing any more.
    pub gone: bool,
}

#[derive(Default)]
pub struct Model {
    pub objects: Vec<Twin>,
    pub registers: [Seen; REGISTERS],
    pub roots: [Option<Seen>; ROOTS],
    pub hall: Vec<Seen>,
    /// Every weak reference ever made, by its number.
    pub all_weaks: Vec<WeakTwin>,
    pub weaks: [Option<usize>; WEAKS],
}

impl Model {
    pub fn add(&mut self, fields: usize) -> usize {
        self.objects.push(Twin { fields: vec![Seen::Empty; fields], ..Twin::default() });
        self.objects.len() - 1
    }

    pub fn reachable(&self) -> HashSet<usize> {
        self.all_reached().objects
    }

    pub fn all_reached(&self) -> Reached {
        let mut from = self.registers.to_vec();
        from.extend(self.roots.iter().flatten());
        from.extend(&self.hall);
        from.extend(self.weaks.iter().flatten().map(|&number| Seen::Weak(number)));
        self.reached(from)
    }

    fn reached(&self, mut left: Vec<Seen>) -> Reached {
        let mut reached = Reached::default();
        while let Some(word) = left.pop() {
            match word {
                Seen::Object(id) if reached.objects.insert(id) => {
                    left.extend(&self.objects[id].fields);
                    left.extend(&self.objects[id].list);
                }
                Seen::Weak(number) => _ = reached.weaks.insert(number),
                _ => {}
            }
        }
        reached
    }

    /// Nothing waits for user code now: weak references that are garbage will not be told of later deaths.
    pub fn nothing_pending(&mut self) {
        let reached = self.all_reached().weaks;
        for (number, weak) in self.all_weaks.iter_mut().enumerate() {
            weak.gone = !reached.contains(&number);
        }
    }

    /// The object came back from a state in which it may have been found dead, with all it refers to.
    pub fn excuse(&mut self, id: usize) {
        for id in self.reached(vec![Seen::Object(id)]).objects {
            self.objects[id].excused = true;
        }
    }

    /// Finalizers ran, one after the other, while nothing else happened.
    pub fn finalized(&mut self, deaths: Vec<Death>) -> Result<(), String> {
        if deaths.is_empty() {
            return Ok(());
        }
        let reachable = self.reachable();
        for Death { id, temper, fields } in deaths {
            let id = id as usize;
            let twin = self.objects.get(id).ok_or(format!("a finalizer ran for object {id}, which never was"))?;
            if twin.finalized {
                return Err(format!("the finalizer of object {id} ran twice"));
            }
            if reachable.contains(&id) && !twin.excused {
                return Err(format!("the finalizer of object {id} ran, and it is reachable"));
            }
            if fields != twin.fields && !twin.excused {
                return Err(format!("object {id} had {fields:?} when finalized, not {:?}", twin.fields));
            }
            self.objects[id].finalized = true;
            match temper {
                Temper::Saves => {
                    self.hall.push(Seen::Object(id));
                    self.excuse(id);
                }
                Temper::Empties => {
                    self.objects[id].fields.fill(Seen::Empty);
                    self.objects[id].list.clear();
                }
                Temper::Quiet | Temper::Allocates | Temper::Panics => {}
            }
        }
        Ok(())
    }

    /// A weak reference with this number reported its target's death.
    pub fn weak_died(&mut self, number: usize, concurrent: bool) -> Result<(), String> {
        let weak = *self.all_weaks.get(number).ok_or(format!("weak reference {number} never was"))?;
        if !weak.notify || weak.told {
            return Err(format!("weak reference {number} reported a death it was not asked for, or twice"));
        }
        if weak.gone && !concurrent {
            // A concurrent collection may have begun when it was not.
            return Err(format!("weak reference {number} is garbage, and was told of a death"));
        }
        if !self.objects[weak.target].excused && self.reachable().contains(&weak.target) {
            return Err(format!("weak reference {number} reported object {} dead, which is reachable", weak.target));
        }
        self.all_weaks[number].told = true;
        Ok(())
    }
}
