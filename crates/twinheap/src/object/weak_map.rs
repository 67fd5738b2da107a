//! [`GcWeakMap`]: what is known of objects, as long as they live.
//!
//! ```text
//! GcWeakMap ─▶ a GcMap, by the key's address ─▶ Ephemeron { key: weak, value: while the key lives }
//! ```
//! When a key dies the manager clears its ephemeron and lets go of the value; what is left of the entry goes at the next
//! growth, or with [`GcWeakMap::compact`].  An address that is given out again finds the old entry dead.
//!
//! **A value may refer to its key.**  JavaScript's `WeakMap` collects such a pair, and so do the tricolor managers: before
//! marking may end, values whose keys are marked are marked, until there are none (`manager/tricolor/ephemeron`).
//! `RefCount` collects it too if the key is a container: its cycle collection reaches a value only if the key was reached.
//! A key that collections do not look at (a leaf, or one whose references never change) is taken to live while its count
//! is not zero: a value that refers to such a key of its own keeps it.  CPython's `WeakKeyDictionary` keeps every such pair.
//!
//! Not here: what is done with a dead key (`manager`).  Overview: `object`.

use super::{
    ephemeron::Ephemeron,
    gc::{Gc, NoRoom, out_of_memory},
    managed::{BorrowWord, Manager},
    map::{self, GcMap},
    session::Mutation,
    trace::{Trace, Visitor},
    type_info::DropKind,
    word::{self, Word},
};
use crate::alloc::Full;
use std::{
    hash::{BuildHasher, Hasher},
    marker::PhantomData,
    ptr::NonNull,
};

/// An object's address as a key: a number, no reference.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Address(usize);
impl word::sealed::Sealed for Address {}
// SAFETY: no reference, no drop.
unsafe impl<'gc, M: Manager> Trace<'gc, M> for Address {
    type Id = Address;
    const NEEDS_TRACE: bool = false;
    const DROP: DropKind = DropKind::None;
    #[inline(always)]
    fn trace<V: Visitor<M>>(&self, _: &mut V) {}
}
// SAFETY: objects are aligned to 8, so the tag marks the word as a payload.
unsafe impl<'gc, M: Manager> Word<'gc, M> for Address {
    #[inline(always)]
    fn into_word(self) -> *mut u8 {
        std::ptr::without_provenance_mut(self.0 | 1)
    }
    #[inline(always)]
    unsafe fn from_word(word: *mut u8) -> Option<Self> {
        (!word.is_null()).then(|| Address(word.addr() & !1))
    }
}
/// Addresses: one multiplication.  Who is inserted does not choose its address.
#[derive(Clone, Copy, Default)]
struct Mixed(u64);
impl BuildHasher for Mixed {
    type Hasher = Mixed;
    fn build_hasher(&self) -> Mixed {
        Mixed(0)
    }
}
impl Hasher for Mixed {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&b| self.write_usize(b.into()))
    }
    #[inline(always)]
    fn write_usize(&mut self, n: usize) {
        self.0 = (self.0.rotate_left(5) ^ n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
    #[inline(always)]
    fn finish(&self) -> u64 {
        self.0
    }
}

type Boxes<'gc, M> = GcMap<'gc, Address, Gc<'gc, Ephemeron<'gc, M>, M>, M, Mixed>;

/// A map whose keys are objects, by address, which it does not keep: a field of an object, as a `Slot` is.
///
/// A value is kept while its key is, and not longer: under `RefCount` it is released when the key is, before the key's own
/// fields; under the tricolor managers the collection that finds the key dead frees both.  A key with a finalizer loses its
/// entry when it loses its weak references, and does not get it back: before the finalizer runs where a collection found it
/// dead, after it where its last handle went under `RefCount`.  Threads: as [`GcMap`].
///
/// | | cost |
/// |---|---|
/// | `get`, `insert`, `remove`, `contains_key` | as [`GcMap`]'s; a new entry is two objects' worth: 40 bytes beside 32 |
/// | `len`, `iter`, `compact` | O(entries, dead ones included) |
/// | a collection, tricolor | two looks at each entry, and one for each link of a chain in which a value is the next key |
pub struct GcWeakMap<'gc, K, V, M: Manager> {
    boxes: Boxes<'gc, M>,
    /// Writers, so that a key has one ephemeron.
    lock: M::Borrow,
    of: PhantomData<(Gc<'gc, K, M>, V)>,
}

struct Writing<'a, M: Manager>(&'a M::Borrow);
impl<M: Manager> Drop for Writing<'_, M> {
    fn drop(&mut self) {
        self.0.unlock_exclusive()
    }
}

impl<K, V, M: Manager> GcWeakMap<'_, K, V, M> {
    /// An empty map.  Allocates nothing.
    pub fn new() -> Self {
        GcWeakMap { boxes: GcMap::default(), lock: M::Borrow::default(), of: PhantomData }
    }
}
impl<K, V, M: Manager> Default for GcWeakMap<'_, K, V, M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'gc, K: Trace<'gc, M>, V: Word<'gc, M>, M: Manager> GcWeakMap<'gc, K, V, M> {
    #[track_caller]
    fn write(&self) -> Writing<'_, M> {
        let mut turns = 0;
        while !self.lock.try_lock_exclusive() {
            self.lock.contended(&mut turns)
        }
        Writing(&self.lock)
    }
    /// The ephemeron of the object at `key`, which is alive.
    #[inline]
    fn find(&self, key: NonNull<u8>) -> Option<Gc<'gc, Ephemeron<'gc, M>, M>> {
        self.boxes.get(&Address(key.addr().get())).filter(|e| e.is_of(key))
    }
    /// The value of `key`, if it has one.
    #[inline]
    pub fn get(&self, key: &Gc<'gc, K, M>) -> Option<V> {
        // SAFETY: this map's ephemerons hold words of `V`.
        unsafe { self.find(key.ptr().cast())?.get() }
    }
    /// Whether `key` has a value.
    pub fn contains_key(&self, key: &Gc<'gc, K, M>) -> bool {
        self.find(key.ptr().cast()).is_some()
    }
    /// Gives `key` a value; the one it had.
    ///
    /// # Panics
    /// At the hard limit, or when the system refuses memory: [`Self::try_insert`] answers instead.
    #[track_caller]
    pub fn insert(&self, mc: &Mutation<'gc, M>, key: &Gc<'gc, K, M>, value: V) -> Option<V> {
        match self.try_insert(mc, key, value) {
            Ok(old) => old,
            Err(NoRoom { full, .. }) => out_of_memory(full),
        }
    }
    /// Gives `key` a value; the one it had.
    ///
    /// # Errors
    /// [`NoRoom`] with the value at the hard limit or when the system refuses memory; nothing has changed.
    #[track_caller]
    pub fn try_insert(&self, mc: &Mutation<'gc, M>, key: &Gc<'gc, K, M>, value: V) -> Result<Option<V>, NoRoom<V>> {
        let p = key.ptr().cast::<u8>();
        let mut fresh = None;
        loop {
            let full = {
                let _writing = self.write();
                if let Some(known) = self.find(p) {
                    // SAFETY: this map's ephemerons hold words of `V`.
                    return Ok(unsafe { known.replace(mc, value) });
                }
                // A dead one at this address gives its place away.
                match fresh.take() {
                    None => None,
                    Some(new) => {
                        let new: Gc<'gc, Ephemeron<'gc, M>, M> = new;
                        // SAFETY: as above.  Before anybody can find it.
                        drop(unsafe { new.replace(mc, value.clone()) });
                        match self.boxes.insert_if_room(mc, Address(p.addr().get()), &new) {
                            Ok(_) => return Ok(None),
                            Err(full) => {
                                fresh = Some(new);
                                Some(full)
                            }
                        }
                    }
                }
            };
            // Not with the lock held: see `GcVec`.
            let room = match full {
                None => Ephemeron::new(mc, p).map(|new| fresh = Some(new)),
                Some(full) => self.make_room(mc, full),
            };
            if let Err(full) = room {
                return Err(NoRoom { value, full });
            }
        }
    }
    /// Replaces a full table: without the dead, and twice as long if that is not enough.
    fn make_room(&self, mc: &Mutation<'gc, M>, full: map::FullTable) -> Result<(), Full> {
        let living = self.boxes.values().filter(|e| !e.is_dead()).count();
        self.boxes.replace_full(mc, full, living, |e| !e.is_dead())
    }
    /// Takes the value of `key`.
    #[track_caller]
    pub fn remove(&self, mc: &Mutation<'gc, M>, key: &Gc<'gc, K, M>) -> Option<V> {
        let p = key.ptr().cast::<u8>();
        let _writing = self.write();
        let known = self.find(p)?;
        self.boxes.remove(mc, &Address(p.addr().get()));
        // Left in it, for readers that have found it: it dies with them.
        // SAFETY: this map's ephemerons hold words of `V`.
        unsafe { known.get() }
    }
    /// Takes all entries out.
    pub fn clear(&self, mc: &Mutation<'gc, M>) {
        self.boxes.clear(mc)
    }
    /// How many keys live.  Cost: a look at every entry.
    pub fn len(&self) -> usize {
        self.boxes.values().filter(|e| !e.is_dead()).count()
    }
    /// Whether no key lives.  Cost: a look at every entry, until one does.
    pub fn is_empty(&self) -> bool {
        self.boxes.values().all(|e| e.is_dead())
    }
    /// How many entries, dead ones included, fit before the table is replaced.
    pub fn capacity(&self) -> usize {
        self.boxes.capacity()
    }
    /// The living keys and their values, in order of insertion.
    pub fn iter<'a>(
        &self,
        mc: &'a Mutation<'gc, M>,
    ) -> impl Iterator<Item = (Gc<'gc, K, M>, V)> + use<'a, 'gc, K, V, M> {
        self.boxes.values().filter_map(|e| {
            // SAFETY: a living ephemeron with a head; its target is a `K` (`insert`), its words are `V`'s; the answer's
            // reference is ours.
            unsafe {
                let key = M::upgrade(mc.local(), NonNull::from(e.head()))?;
                let key = Gc::from_owned(key.cast());
                Some((key, e.get()?))
            }
        })
    }
    /// Forgets the entries of dead keys, and gives back the room they took.
    ///
    /// # Panics
    /// At the hard limit, or when the system refuses memory.
    #[track_caller]
    pub fn compact(&self, mc: &Mutation<'gc, M>) {
        let living = self.len();
        if living == 0 {
            let _writing = self.write();
            if self.is_empty() {
                self.boxes.clear(mc)
            }
            return;
        }
        self.boxes.shrink(mc, living, |e| !e.is_dead()).unwrap_or_else(|full| out_of_memory(full))
    }
}

/// The stand-in in type identities.
#[doc(hidden)]
pub struct WeakMapId<K, V>(PhantomData<fn() -> (K, V)>);

// SAFETY: the table, once.
unsafe impl<'gc, K: Trace<'gc, M>, V: Trace<'gc, M>, M: Manager> Trace<'gc, M> for GcWeakMap<'gc, K, V, M> {
    type Id = WeakMapId<K::Id, V::Id>;
    const NEEDS_TRACE: bool = true;
    const DROP: DropKind = DropKind::None;
    #[inline(always)]
    fn trace<W: Visitor<M>>(&self, visitor: &mut W) {
        self.boxes.trace(visitor)
    }
}
