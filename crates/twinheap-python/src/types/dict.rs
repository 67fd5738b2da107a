//! The table of a dict: entries in insertion order, and an index into them once there are more than a few.
//!
//! Not here: keys whose equality is a Python method; a lookup then answers [`Lookup::Ask`] and the machine asks
//! (`vm/hash.rs`).

use crate::{
    object::{Str, V},
    value::{Kind, Value},
};
use std::hash::{BuildHasherDefault, Hasher};
use twinheap::{Gc, OneMutator, Trace};

/// A hasher for addresses.
#[derive(Default)]
pub struct FastHasher(u64);
impl Hasher for FastHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.write_u64(*b as u64)
        }
    }
    fn write_u64(&mut self, x: u64) {
        self.0 = (self.0.rotate_left(5) ^ x).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 ^= self.0 >> 29;
    }
    fn write_usize(&mut self, x: usize) {
        self.write_u64(x as u64)
    }
}
/// Makes them.
pub type Fast = BuildHasherDefault<FastHasher>;

/// A key and its value; the key is empty when the entry was deleted.
#[derive(Trace)]
#[allow(missing_docs)]
pub struct Entry<'gc, M: OneMutator> {
    pub hash: u64,
    pub key: V<'gc, M>,
    pub value: V<'gc, M>,
}

const FREE: u32 = u32::MAX;
const GONE: u32 = u32::MAX - 1;
/// Up to this many entries are found by looking at each.
const FEW: usize = 8;

/// A dict's contents.
#[derive(Trace)]
pub struct Table<'gc, M: OneMutator> {
    index: Vec<u32>,
    entries: Vec<Entry<'gc, M>>,
    live: usize,
    /// Places of the index that are not free, deleted ones included: a search ends at a free one.
    used: usize,
    /// No entry before this one is in use: taking from the front costs no walk.
    first: usize,
    /// Changes whenever a key comes or goes.
    version: u32,
    /// What the dict is to an instance: `object::dict_of`.
    pub of: u8,
}
impl<M: OneMutator> Default for Table<'_, M> {
    fn default() -> Self {
        Table { index: Vec::new(), entries: Vec::new(), live: 0, used: 0, first: 0, version: 1, of: 0 }
    }
}

/// What a lookup found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// The entry's number.
    Found(usize),
    /// No such key.
    Missing,
    /// Perhaps this entry: ask the keys themselves.
    Ask(usize),
}

/// Whether two keys of equal hash are equal, where that can be said without running Python code.
#[inline]
pub fn same<'gc, M: OneMutator>(a: &V<'gc, M>, b: &V<'gc, M>) -> Option<bool> {
    if a.is(b) {
        return Some(true);
    }
    match (a.kind(), b.kind()) {
        (Kind::Str, Kind::Str) => {
            let (a, b) = (a.downcast_ref::<Str>()?, b.downcast_ref::<Str>()?);
            Some(a.text() == b.text())
        }
        (Kind::Int, Kind::Int) | (Kind::None, _) | (_, Kind::None) => Some(false),
        (Kind::Str, Kind::Int | Kind::Float | Kind::Tuple) | (Kind::Int | Kind::Float | Kind::Tuple, Kind::Str) => {
            Some(false)
        }
        _ => None,
    }
}

fn spread(hash: u64) -> usize {
    (hash.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize
}

impl<'gc, M: OneMutator> Table<'gc, M> {
    /// How many keys.
    pub fn len(&self) -> usize {
        self.live
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }
    /// See the field.
    #[inline(always)]
    pub fn version(&self) -> u32 {
        self.version
    }
    /// Entries, deleted ones included, by number.
    #[inline(always)]
    pub fn slots(&self) -> &[Entry<'gc, M>] {
        &self.entries
    }
    /// Entries.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry<'gc, M>> {
        self.entries[self.first..].iter().filter(|e| !e.key.is_empty())
    }
    /// The number of the first entry in use, or a smaller one.
    pub fn first(&self) -> usize {
        self.first
    }
    /// Bytes of the buffers.
    pub fn buffer_bytes(&self) -> usize {
        self.index.capacity() * 4 + self.entries.capacity() * size_of::<Entry<'gc, M>>()
    }
    /// Looks for a key; entries in `not` are known to be others.
    #[inline]
    pub fn find(&self, hash: u64, key: &V<'gc, M>, not: &[usize]) -> Lookup {
        self.find_by(hash, |e, i| {
            if e.key.is(key) {
                return Some(true);
            }
            match same(&e.key, key) {
                None if not.contains(&i) => Some(false),
                answer => answer,
            }
        })
    }
    /// Looks for the string `name`, whose hash is `hash`.
    #[inline]
    pub fn find_name(&self, hash: u64, name: &Gc<'gc, Str, M>) -> Option<usize> {
        let found = self.find_by(hash, |e, _| {
            Some(
                e.key.bits() == name.address() as u64
                    || e.key.downcast_ref::<Str>().is_some_and(|s| s.text() == name.text()),
            )
        });
        match found {
            Lookup::Found(i) => Some(i),
            _ => None,
        }
    }
    #[inline(always)]
    fn find_by(&self, hash: u64, eq: impl Fn(&Entry<'gc, M>, usize) -> Option<bool>) -> Lookup {
        if self.index.is_empty() {
            for (i, e) in self.entries.iter().enumerate() {
                if e.hash == hash && !e.key.is_empty() {
                    match eq(e, i) {
                        Some(true) => return Lookup::Found(i),
                        Some(false) => {}
                        None => return Lookup::Ask(i),
                    }
                }
            }
            return Lookup::Missing;
        }
        let mask = self.index.len() - 1;
        let mut at = spread(hash) & mask;
        loop {
            match self.index[at] {
                FREE => return Lookup::Missing,
                GONE => {}
                i => {
                    let e = &self.entries[i as usize];
                    if e.hash == hash {
                        match eq(e, i as usize) {
                            Some(true) => return Lookup::Found(i as usize),
                            Some(false) => {}
                            None => return Lookup::Ask(i as usize),
                        }
                    }
                }
            }
            at = (at + 1) & mask;
        }
    }
    /// The value of entry `i`.
    #[inline(always)]
    pub fn value(&self, i: usize) -> V<'gc, M> {
        self.entries[i].value.clone()
    }
    /// Changes the value of entry `i`; the old one comes back.
    #[inline(always)]
    pub fn set_value(&mut self, i: usize, value: V<'gc, M>) -> V<'gc, M> {
        std::mem::replace(&mut self.entries[i].value, value)
    }
    /// Bytes that the next insertion may take.
    pub fn growth_bytes(&self) -> usize {
        if self.entries.len() < self.entries.capacity() {
            0
        } else {
            self.entries.len() * 2 * (size_of::<Entry<'gc, M>>() + 8)
        }
    }
    /// Adds a key that is not there.
    pub fn insert(&mut self, hash: u64, key: V<'gc, M>, value: V<'gc, M>) {
        self.version = self.version.wrapping_add(1);
        let room = if self.index.is_empty() { FEW } else { self.index.len() / 3 * 2 };
        if self.entries.len().max(self.used) >= room {
            self.rebuild(0);
        }
        self.set_index(hash, self.entries.len());
        self.entries.push(Entry { hash, key, value });
        self.live += 1;
    }
    /// Moves entry `i` to the end, or to the front. Costs what an insertion costs.
    pub fn move_to_end(&mut self, i: usize, last: bool) {
        if i == if last { self.entries.len() - 1 } else { self.first } {
            return;
        }
        let hash = self.entries[i].hash;
        let (key, value) = self.remove(i);
        if last {
            return self.insert(hash, key, value);
        }
        let room = if self.index.is_empty() { FEW } else { self.index.len() / 3 * 2 };
        if self.first == 0 || self.used >= room {
            // As many free entries in front as there are others: the next so many moves find room.
            self.rebuild(self.live.max(FEW));
        }
        self.first -= 1;
        self.set_index(hash, self.first);
        self.entries[self.first] = Entry { hash, key, value };
        self.live += 1;
    }
    /// Bytes that [`Self::move_to_end`] may take.
    pub fn move_bytes(&self) -> usize {
        (self.live + FEW) * 2 * (size_of::<Entry<'gc, M>>() + 16)
    }
    fn set_index(&mut self, hash: u64, i: usize) {
        if !self.index.is_empty() {
            let mask = self.index.len() - 1;
            let mut at = spread(hash) & mask;
            while self.index[at] < GONE {
                at = (at + 1) & mask
            }
            self.used += (self.index[at] == FREE) as usize;
            self.index[at] = i as u32;
        }
    }
    /// Drops deleted entries and makes the index anew, with `gap` free entries in front.
    fn rebuild(&mut self, gap: usize) {
        if self.live < self.entries.len() {
            self.entries.retain(|e| !e.key.is_empty());
            self.first = 0;
        }
        if gap > 0 {
            let mut entries = Vec::with_capacity(gap + self.live + FEW);
            entries.resize_with(gap, || Entry { hash: 0, key: V::empty(), value: V::empty() });
            entries.append(&mut self.entries);
            self.entries = entries;
            self.first = gap;
        }
        self.used = self.live;
        if self.live < FEW {
            self.index = Vec::new();
            self.used = 0;
            return;
        }
        let size = ((gap + self.live + 1) * 3).next_power_of_two();
        self.index.clear();
        self.index.resize(size, FREE);
        let mask = size - 1;
        for (i, e) in self.entries.iter().enumerate().skip(gap) {
            let mut at = spread(e.hash) & mask;
            while self.index[at] != FREE {
                at = (at + 1) & mask
            }
            self.index[at] = i as u32;
        }
    }
    /// Takes entry `i` out: key and value.
    pub fn remove(&mut self, i: usize) -> (V<'gc, M>, V<'gc, M>) {
        self.version = self.version.wrapping_add(1);
        self.live -= 1;
        if !self.index.is_empty() {
            let mask = self.index.len() - 1;
            let mut at = spread(self.entries[i].hash) & mask;
            while self.index[at] != i as u32 {
                at = (at + 1) & mask
            }
            self.index[at] = GONE;
        }
        let e = &mut self.entries[i];
        let out = (std::mem::take(&mut e.key), std::mem::take(&mut e.value));
        // The last entry is in use: taking from the end costs no walk either.
        while self.entries.last().is_some_and(|e| e.key.is_empty()) {
            self.entries.pop();
        }
        if i == self.first {
            while self.entries.get(self.first).is_some_and(|e| e.key.is_empty()) {
                self.first += 1
            }
        }
        self.first = self.first.min(self.entries.len());
        out
    }
    /// Takes everything out.
    pub fn take(&mut self) -> Self {
        let version = self.version.wrapping_add(1);
        std::mem::replace(self, Table { version, of: self.of, ..Table::default() })
    }
    /// An empty one for attributes that have no place in their instance.
    pub fn of_instance() -> Self {
        Table { of: crate::object::dict_of::HIDDEN, ..Table::default() }
    }
    /// A copy.
    pub fn copy(&self) -> Self {
        let mut out = Table::default();
        out.entries.reserve(self.live);
        for e in self.iter() {
            out.entries.push(Entry { hash: e.hash, key: e.key.clone(), value: e.value.clone() });
        }
        out.live = self.live;
        if out.live > FEW {
            out.rebuild(0);
        }
        out
    }
}
