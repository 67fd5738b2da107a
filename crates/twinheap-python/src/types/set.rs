//! The table of a set: CPython's, probe for probe, so that sets of integers come out in the same order.
//!
//! Not here: elements whose equality is a Python method (`vm/hash.rs`).

use super::dict::{Lookup, same};
use crate::object::V;
use twinheap::{OneMutator, Trace};

/// A place of the table: free (key empty, hash 0), deleted (key empty, hash 1), or an element.
#[derive(Trace)]
#[allow(missing_docs)]
pub struct Place<'gc, M: OneMutator> {
    pub hash: u64,
    pub key: V<'gc, M>,
}

/// A set's contents.
#[derive(Trace)]
pub struct SetTable<'gc, M: OneMutator> {
    table: Vec<Place<'gc, M>>,
    used: usize,
    fill: usize,
}
impl<M: OneMutator> Default for SetTable<'_, M> {
    fn default() -> Self {
        SetTable { table: Vec::new(), used: 0, fill: 0 }
    }
}

const LINEAR_PROBES: usize = 9;
const PERTURB_SHIFT: u32 = 5;

impl<'gc, M: OneMutator> SetTable<'gc, M> {
    /// How many elements.
    pub fn len(&self) -> usize {
        self.used
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.used == 0
    }
    /// All places.
    pub fn places(&self) -> &[Place<'gc, M>] {
        &self.table
    }
    /// Elements, in the table's order.
    pub fn iter(&self) -> impl Iterator<Item = &Place<'gc, M>> {
        self.table.iter().filter(|p| !p.key.is_empty())
    }
    /// Looks for an element; places in `not` are known to be others.
    pub fn find(&self, hash: u64, key: &V<'gc, M>, not: &[usize]) -> Lookup {
        if self.table.is_empty() {
            return Lookup::Missing;
        }
        let mask = self.table.len() - 1;
        let (mut perturb, mut i) = (hash, hash as usize & mask);
        loop {
            let probes = if i + LINEAR_PROBES <= mask { LINEAR_PROBES } else { 0 };
            for at in i..=i + probes {
                let p = &self.table[at];
                if p.key.is_empty() {
                    if p.hash == 0 {
                        return Lookup::Missing;
                    }
                } else if p.hash == hash {
                    match same(&p.key, key) {
                        Some(true) => return Lookup::Found(at),
                        Some(false) => {}
                        None if not.contains(&at) => {}
                        None => return Lookup::Ask(at),
                    }
                }
            }
            perturb >>= PERTURB_SHIFT;
            i = (i.wrapping_mul(5).wrapping_add(1).wrapping_add(perturb as usize)) & mask;
        }
    }
    /// Adds an element that is not there.
    pub fn insert(&mut self, hash: u64, key: V<'gc, M>) {
        if self.table.is_empty() {
            self.resize(7);
        }
        Self::place(&mut self.table, hash, key);
        self.fill += 1;
        self.used += 1;
        if self.fill * 5 >= (self.table.len() - 1) * 3 {
            self.resize(if self.used > 50_000 { self.used * 2 } else { self.used * 4 });
        }
    }
    fn place(table: &mut [Place<'gc, M>], hash: u64, key: V<'gc, M>) {
        let mask = table.len() - 1;
        let (mut perturb, mut i) = (hash, hash as usize & mask);
        loop {
            let probes = if i + LINEAR_PROBES <= mask { LINEAR_PROBES } else { 0 };
            if let Some(free) = table[i..=i + probes].iter_mut().find(|p| p.key.is_empty() && p.hash == 0) {
                *free = Place { hash, key };
                return;
            }
            perturb >>= PERTURB_SHIFT;
            i = (i.wrapping_mul(5).wrapping_add(1).wrapping_add(perturb as usize)) & mask;
        }
    }
    fn resize(&mut self, more_than: usize) {
        let mut size = 8;
        while size <= more_than {
            size *= 2
        }
        let mut table = Vec::with_capacity(size);
        table.resize_with(size, || Place { hash: 0, key: V::empty() });
        for p in std::mem::take(&mut self.table) {
            if !p.key.is_empty() {
                Self::place(&mut table, p.hash, p.key)
            }
        }
        self.table = table;
        self.fill = self.used;
    }
    /// Bytes of the buffer.
    pub fn buffer_bytes(&self) -> usize {
        self.table.capacity() * size_of::<Place<'gc, M>>()
    }
    /// Bytes that the next insertion may take.
    pub fn growth_bytes(&self) -> usize {
        let full = (self.fill + 1) * 5 >= self.table.len().saturating_sub(1) * 3;
        if full { self.buffer_bytes() * 4 } else { 0 }
    }
    /// Takes the element at place `at` out.
    pub fn remove(&mut self, at: usize) -> V<'gc, M> {
        self.used -= 1;
        let p = &mut self.table[at];
        p.hash = 1;
        std::mem::take(&mut p.key)
    }
    /// Takes everything out.
    pub fn take(&mut self) -> Self {
        std::mem::take(self)
    }
    /// A copy.
    pub fn copy(&self) -> Self {
        let mut out = SetTable::default();
        if self.used > 0 {
            out.resize(self.used * 5 / 3);
            for p in self.iter() {
                Self::place(&mut out.table, p.hash, p.key.clone());
            }
            (out.used, out.fill) = (self.used, self.used);
        }
        out
    }
}
