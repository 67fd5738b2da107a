//! [`GcMap`]: a hash table in insertion order whose storage lies in the heap.
//!
//! ```text
//! GcMap ──table──▶ ┌──────┬───────────┬───────────────────────────────────┬─ ─ ─┐
//!  lock, hasher    │ cap  │ used live │ e0: hash, key, value, first, next │ e1… │    one internal object
//!                  └──────┴───────────┴───────────────────────────────────┴─ ─ ─┘
//! ```
//! Entries are filled in order and never reused; `first` of entry h is where the chain of bucket h begins, `next` goes on.
//! A new entry stands at the front of its chain, so chains lead from younger entries to older ones and end.  Taking one
//! out leaves a hole.  A table without an unused entry is replaced: by one of the same size if half of it is holes, else
//! by one of twice the size.
//!
//! **Readers** take no lock where there are many mutators: table, chain, hash, key, value, each an Acquire load of a word
//! that was whole before it could be seen.  A table that was replaced is not changed any more, so a reader that is still in
//! it answers as of the moment it was replaced.  **Writers** take the map's lock.  With one mutator readers take it as
//! well, shared: `Eq` is code of the program's, and must not change the map it is asked for.  `get`, `insert` and `remove`
//! are each one step, in an order all threads agree on; an iteration meets what is in the map from its beginning to its
//! end, once, in order of insertion, and the rest perhaps.
//!
//! Marking: keys and values are slots, the table is replaced as a vector's storage is (`vec`), the lock is nothing to the
//! marker.  It never hashes and never compares (H16); neither does dropping.  Overview: `object`.

use super::{
    gc::{Gc, GcId, NoRoom, out_of_memory},
    managed::{BorrowWord, Manager},
    session::Mutation,
    slot::Slot,
    tail::{Tail, ZeroInit, parts},
    trace::{Trace, Visitor, worst_drop},
    type_info::{DropKind, Kind},
    word::{Word, WordSlot},
};
use crate::{
    alloc::Full,
    sync::{
        AtomicU32, AtomicU64, AtomicUsize,
        Ordering::{Acquire, Relaxed, Release},
    },
};
use std::{
    borrow::Borrow,
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::Deref,
    ptr::NonNull,
};

/// A handle as a key that is the object's value: equal if the objects are, and found by a plain value (`Borrow`).
///
/// For keys that do not fit a word: `GcMap<'gc, ByValue<'gc, String, M>, V, M>`.  The value must not change in what `Eq`
/// and `Hash` see.  By address: [`ByAddress`](crate::ByAddress).
#[repr(transparent)]
pub struct ByValue<'gc, T, M: Manager>(pub Gc<'gc, T, M>);
impl<'gc, T: Trace<'gc, M>, M: Manager> ByValue<'gc, T, M> {
    /// A new object with this value.
    ///
    /// # Panics
    /// At the hard limit, or when the system refuses memory.
    #[track_caller]
    pub fn new(mc: &Mutation<'gc, M>, value: T) -> Self {
        ByValue(Gc::new(mc, value))
    }
}
impl<T, M: Manager> Deref for ByValue<'_, T, M> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}
impl<T, M: Manager> Borrow<T> for ByValue<'_, T, M> {
    fn borrow(&self) -> &T {
        &self.0
    }
}
impl<T: PartialEq, M: Manager> PartialEq for ByValue<'_, T, M> {
    fn eq(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }
}
impl<T: Eq, M: Manager> Eq for ByValue<'_, T, M> {}
impl<T: Hash, M: Manager> Hash for ByValue<'_, T, M> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.deref().hash(state)
    }
}
impl<T, M: Manager> Clone for ByValue<'_, T, M> {
    fn clone(&self) -> Self {
        ByValue(self.0.clone())
    }
}
impl<T: fmt::Debug, M: Manager> fmt::Debug for ByValue<'_, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
/// The stand-in in type identities.
#[doc(hidden)]
pub struct ByValueId<T>(PhantomData<fn() -> T>);
// SAFETY: forwarded.
unsafe impl<'gc, T: Trace<'gc, M>, M: Manager> Trace<'gc, M> for ByValue<'gc, T, M> {
    type Id = ByValueId<GcId<T::Id>>;
    const NEEDS_TRACE: bool = true;
    const FIXED: bool = true;
    const DROP: DropKind = DropKind::None;
    #[inline(always)]
    fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
        self.0.trace(visitor)
    }
}
impl<T, M: Manager> super::word::sealed::Sealed for ByValue<'_, T, M> {}
// SAFETY: as the handle in it.
unsafe impl<'gc, T: Trace<'gc, M>, M: Manager> Word<'gc, M> for ByValue<'gc, T, M> {
    #[inline(always)]
    fn into_word(self) -> *mut u8 {
        self.0.into_word()
    }
    #[inline(always)]
    unsafe fn from_word(word: *mut u8) -> Option<Self> {
        // SAFETY: forwarded.
        unsafe { Gc::from_word(word) }.map(ByValue)
    }
}

// ---- the table -----------------------------------------------------------------------------------------------------

/// The header of a table.
#[derive(Default)]
struct Head {
    /// Entries that were ever filled; the first of the unused ones.
    used: AtomicUsize,
    /// Those of them that are no holes.
    live: AtomicUsize,
}
// SAFETY: no reference, no drop; any thread may read the numbers.
unsafe impl<'gc, M: Manager> Trace<'gc, M> for Head {
    type Id = Head;
    const NEEDS_TRACE: bool = false;
    const DROP: DropKind = DropKind::None;
    const KIND: Kind = Kind::Internal;
    // As CPython's dicts: in order of insertion.
    const TAIL_IN_ORDER: bool = true;
    #[inline(always)]
    fn trace<V: Visitor<M>>(&self, _: &mut V) {}
}

/// A place in a table: a key with its value, or unused, or a hole (no key).
struct Entry<'gc, K, V, M: Manager> {
    hash: AtomicU64,
    key: WordSlot<'gc, K, M>,
    value: WordSlot<'gc, V, M>,
    /// One more than the first entry of the bucket that has this entry's number; 0 is none.
    first: AtomicU32,
    /// One more than the next entry of the chain this one is in.
    next: AtomicU32,
}
// SAFETY: zeroes are no key, no value and no chains.
unsafe impl<K, V, M: Manager> ZeroInit for Entry<'_, K, V, M> {}

struct EntryId<K, V>(PhantomData<fn() -> (K, V)>);
// SAFETY: key and value, once each; their slots' drops give them back.
unsafe impl<'gc, K: Trace<'gc, M>, V: Trace<'gc, M>, M: Manager> Trace<'gc, M> for Entry<'gc, K, V, M> {
    type Id = EntryId<K::Id, V::Id>;
    const NEEDS_TRACE: bool = K::NEEDS_TRACE || V::NEEDS_TRACE;
    const DROP: DropKind = DropKind::None;
    #[inline(always)]
    fn trace<W: Visitor<M>>(&self, visitor: &mut W) {
        self.key.trace(visitor);
        self.value.trace(visitor)
    }
}
type Table<'gc, K, V, M> = Tail<Head, Entry<'gc, K, V, M>>;

/// Entries of the smallest table.
const LEAST: usize = 4;
/// And of the largest: entries are numbered by 32 bits.
const MOST: usize = 1 << 31;

/// A hash map in the heap, in insertion order: a field of an object, as a `Slot` or a `GcCell` is.
///
/// Keys and values are [`Word`]s: handles, values, small numbers; keys also [`GcStr`](crate::GcStr) and
/// [`GcBytes`](crate::GcBytes) (found by `&str` and `&[u8]`), [`ByAddress`](crate::ByAddress) and [`ByValue`].  The first
/// touch in a collection costs nothing that grows with the map.  Two threads may use it at once; see the module for what they
/// see.
///
/// | | cost |
/// |---|---|
/// | `get`, `contains_key`, `len` | O(1) expected, no lock under `Tricolor` |
/// | `insert`, `remove` | O(1) expected and amortized; a new table copies all words, and calls neither `Hash` nor `Eq` |
/// | `iter` | O(entries and holes): at most twice the entries after an insertion, more after removals alone |
/// | `clear` | O(1) under tracing managers; under `RefCount` O(n), in insertion order |
///
/// An entry takes 32 bytes.  The hasher is std's [`RandomState`], whose seeds nobody outside can guess; for the same order of
/// chains in every run take another, `BuildHasherDefault<DefaultHasher>` say (the order of entries is that of insertion
/// with any).
pub struct GcMap<'gc, K, V, M: Manager, S = RandomState> {
    table: Slot<'gc, Table<'gc, K, V, M>, M>,
    lock: M::Borrow,
    hasher: S,
}

/// A lock that is held.
struct Held<'a, M: Manager> {
    lock: &'a M::Borrow,
    exclusive: bool,
}
impl<M: Manager> Drop for Held<'_, M> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.exclusive { self.lock.unlock_exclusive() } else { self.lock.unlock_shared() }
    }
}

impl<K, V, M: Manager> GcMap<'_, K, V, M> {
    /// An empty map.  Allocates nothing.
    pub fn new() -> Self {
        Self::with_hasher(RandomState::new())
    }
}
impl<K, V, M: Manager, S> GcMap<'_, K, V, M, S> {
    /// An empty map whose keys `hasher` hashes.
    pub fn with_hasher(hasher: S) -> Self {
        GcMap { table: Slot::empty(), lock: M::Borrow::default(), hasher }
    }
    /// What hashes its keys.
    pub fn hasher(&self) -> &S {
        &self.hasher
    }
}
impl<K, V, M: Manager, S: Default> Default for GcMap<'_, K, V, M, S> {
    fn default() -> Self {
        Self::with_hasher(S::default())
    }
}

type View<'a, 'gc, K, V, M> = (&'a Head, &'a [Entry<'gc, K, V, M>]);

/// What became of an insertion.
enum Put<V> {
    Old(V),
    New,
    NoRoom(FullTable),
}
/// A table without an unused entry, or none.
pub(super) struct FullTable {
    table: Option<NonNull<u8>>,
    used: usize,
    live: usize,
}
impl FullTable {
    /// Entries of the table that takes its place, where so many live.
    fn next(&self, live: usize) -> usize {
        match self.used {
            0 => LEAST,
            used if live <= used / 2 => used,
            used => used * 2,
        }
    }
}

impl<'gc, K, V, M, S> GcMap<'gc, K, V, M, S>
where
    K: Word<'gc, M>,
    V: Word<'gc, M>,
    M: Manager,
{
    #[inline(always)]
    fn view(&self) -> Option<View<'_, 'gc, K, V, M>> {
        // SAFETY: as a vector's storage (`GcVec::view`): tracing managers keep a table until the session ends; under counting
        // ones it is replaced by this thread alone, which holds the lock then, and every view is used with the lock held.
        self.table.peek().map(|p| unsafe { parts(p) })
    }
    #[inline]
    #[track_caller]
    fn write(&self) -> Held<'_, M> {
        let mut turns = 0;
        while !self.lock.try_lock_exclusive() {
            self.lock.contended(&mut turns)
        }
        Held { lock: &self.lock, exclusive: true }
    }
    #[inline(always)]
    #[track_caller]
    fn read(&self) -> Option<Held<'_, M>> {
        if M::CONSTRAINTS.many_mutators {
            return None;
        }
        let mut turns = 0;
        while !self.lock.try_lock_shared() {
            self.lock.contended(&mut turns)
        }
        Some(Held { lock: &self.lock, exclusive: false })
    }
    /// The number of the entry with this key; and of the one before it in its chain.
    #[inline]
    fn find<Q: Eq + ?Sized>(entries: &[Entry<'gc, K, V, M>], hash: u64, key: &Q) -> Option<(Option<usize>, usize)>
    where
        K: Borrow<Q>,
    {
        const { assert!(!K::NULL_IS_A_VALUE, "a key is never null") };
        let (mut before, mut at) = (None, entries[bucket(hash, entries.len())].first.load(Acquire));
        while at != 0 {
            let i = at as usize - 1;
            let entry = &entries[i];
            if entry.hash.load(Relaxed) == hash {
                // SAFETY: not dropped; the entry keeps its key, or the session does, while we look: see `view`.
                let found: Option<ManuallyDrop<K>> = unsafe { entry.key.borrowed() };
                if found.is_some_and(|k| <K as Borrow<Q>>::borrow(&k) == key) {
                    return Some((before, i));
                }
            }
            before = Some(i);
            at = entry.next.load(Acquire);
        }
        None
    }
    /// The value of an entry that was found; none if another thread has just taken it out.
    #[inline]
    fn value(entry: &Entry<'gc, K, V, M>) -> Option<V> {
        let value = entry.value.get();
        // Who takes an entry out empties its key first: null is the value, if the key is there after it was read.
        if V::NULL_IS_A_VALUE && entry.value.peek().is_null() && entry.key.peek().is_null() { None } else { value }
    }

    // ---- reading ----------------------------------------------------------------------------------------------------
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.view().map_or(0, |(head, _)| head.live.load(Acquire))
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// How many entries fit, holes included, before the table is replaced.
    pub fn capacity(&self) -> usize {
        self.view().map_or(0, |(_, entries)| entries.len())
    }
    /// The entries, in order of insertion.
    pub fn iter(&self) -> Iter<'gc, K, V, M> {
        Iter { table: self.table.get(), next: 0 }
    }
    /// The keys, in order of insertion.
    pub fn keys(&self) -> impl Iterator<Item = K> + use<'gc, K, V, M, S> {
        self.iter().map(|(k, _)| k)
    }
    /// The values, in order of insertion.
    pub fn values(&self) -> impl Iterator<Item = V> + use<'gc, K, V, M, S> {
        self.iter().map(|(_, v)| v)
    }
    /// Takes all entries out, and gives the table back.
    pub fn clear(&self, mc: &Mutation<'gc, M>) {
        let old = {
            let _writing = self.write();
            self.table.take(mc)
        };
        drop(old)
    }

    /// Replaces a full table; of the values, of which so many live, `keep` says which.
    pub(super) fn replace_full(
        &self,
        mc: &Mutation<'gc, M>,
        full: FullTable,
        living: usize,
        keep: impl Fn(&V) -> bool,
    ) -> Result<(), Full> {
        self.replace_table(mc, full.table, full.next(living), keep)
    }
    /// Replaces the table by the smallest one that has room for so many, which are those that `keep` wants.
    pub(super) fn shrink(&self, mc: &Mutation<'gc, M>, living: usize, keep: impl Fn(&V) -> bool) -> Result<(), Full> {
        let old = self.table.peek().map(NonNull::cast);
        self.replace_table(mc, old, living.next_power_of_two().max(LEAST), keep)
    }
    /// Puts a table of this many entries in the place of `old`, with those entries whose value `keep` wants; unless another
    /// thread has replaced that meanwhile, or there is not enough room any more.
    #[cold]
    #[inline(never)]
    fn replace_table(
        &self,
        mc: &Mutation<'gc, M>,
        old: Option<NonNull<u8>>,
        entries: usize,
        keep: impl Fn(&V) -> bool,
    ) -> Result<(), Full> {
        if entries > MOST {
            return Err(Full { requested_bytes: usize::MAX, used_bytes: 0, limit_bytes: None });
        }
        // Not with the lock held: see `GcVec`.
        let new = Gc::<Table<'gc, K, V, M>, M>::try_with_zeroed_tail(mc, Head::default(), entries)?;
        let retired = {
            let _writing = self.write();
            if self.table.peek().map(NonNull::cast) != old {
                return Ok(());
            }
            if let Some((head, from)) = self.view() {
                let from = &from[..head.used.load(Relaxed)];
                let wanted = |entry: &Entry<'gc, K, V, M>| {
                    // SAFETY: only looked at, with the lock held.
                    let value: Option<ManuallyDrop<V>> = unsafe { entry.value.borrowed() };
                    !entry.key.peek().is_null() && value.is_some_and(|v| keep(&v))
                };
                if from.iter().filter(|&entry| wanted(entry)).count() > entries {
                    return Ok(());
                }
                // Where handles count, an iteration that holds the table goes on in it: copies then, moves otherwise.
                let shared = M::CONSTRAINTS.counted
                    && old.is_some_and(|p| {
                        // SAFETY: the table is alive: the slot holds it.
                        unsafe { M::object_state(mc.local(), p) }.references.is_none_or(|n| n > 1)
                    });
                let mut used = 0;
                for entry in from.iter().filter(|&entry| wanted(entry)) {
                    let to = &new.tail()[used];
                    if shared {
                        to.key.copy(mc, &entry.key);
                        to.value.copy(mc, &entry.value)
                    } else {
                        to.key.take_over(mc, &entry.key);
                        to.value.take_over(mc, &entry.value)
                    }
                    link(new.tail(), used, entry.hash.load(Relaxed));
                    used += 1
                }
                new.header().used.store(used, Relaxed);
                new.header().live.store(used, Relaxed);
            }
            self.table.replace(mc, Some(new))
        };
        drop(retired);
        Ok(())
    }
}

#[inline(always)]
fn bucket(hash: u64, entries: usize) -> usize {
    // Powers of two; hashers differ in which bits are good.
    (hash ^ hash >> 32) as usize & (entries - 1)
}
/// Puts entry `i`, which is written but for its hash, at the front of its chain.
#[inline(always)]
fn link<K, V, M: Manager>(entries: &[Entry<'_, K, V, M>], i: usize, hash: u64) {
    let first = &entries[bucket(hash, entries.len())].first;
    entries[i].hash.store(hash, Relaxed);
    entries[i].next.store(first.load(Relaxed), Relaxed);
    // Whoever finds the entry sees what is in it.
    first.store(i as u32 + 1, Release)
}

impl<'gc, K, V, M, S> GcMap<'gc, K, V, M, S>
where
    K: Word<'gc, M> + Hash + Eq,
    V: Word<'gc, M>,
    M: Manager,
    S: BuildHasher,
{
    /// The value of `key`, if it is there.
    ///
    /// # Panics
    /// With one mutator: when called from an `Eq` that a change of this map has called.
    #[inline]
    #[track_caller]
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let hash = self.hasher.hash_one(key);
        let _reading = self.read();
        let (_, entries) = self.view()?;
        let (_, i) = Self::find(entries, hash, key)?;
        Self::value(&entries[i])
    }
    /// The entry of `key`, with the key that was put in.
    #[track_caller]
    pub fn get_key_value<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<(K, V)>
    where
        K: Borrow<Q>,
    {
        let hash = self.hasher.hash_one(key);
        let _reading = self.read();
        let (_, entries) = self.view()?;
        let (_, i) = Self::find(entries, hash, key)?;
        Some((entries[i].key.get()?, Self::value(&entries[i])?))
    }
    /// Whether `key` is there.
    #[track_caller]
    pub fn contains_key<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        let hash = self.hasher.hash_one(key);
        let _reading = self.read();
        self.view().is_some_and(|(_, entries)| Self::find(entries, hash, key).is_some())
    }
    /// Puts `value` at `key`; what was there.  A key that is there already stays, with its place in the order.
    ///
    /// # Panics
    /// At the hard limit, or when the system refuses memory: [`Self::try_insert`] answers those.  When called from an `Eq`
    /// that this map has called, as any change.
    #[inline]
    #[track_caller]
    pub fn insert(&self, mc: &Mutation<'gc, M>, key: K, value: V) -> Option<V> {
        match self.try_insert(mc, key, value) {
            Ok(old) => old,
            Err(NoRoom { full, .. }) => out_of_memory(full),
        }
    }
    /// Puts `value` at `key`; what was there.
    ///
    /// # Errors
    /// [`NoRoom`] with both at the hard limit or when the system refuses memory; nothing has changed.
    #[track_caller]
    pub fn try_insert(&self, mc: &Mutation<'gc, M>, key: K, value: V) -> Result<Option<V>, NoRoom<(K, V)>> {
        let hash = self.hasher.hash_one(&key);
        let (mut key, mut value) = (Some(key), Some(value));
        loop {
            match self.put(mc, hash, &mut key, &mut value) {
                Put::Old(old) => return Ok(Some(old)),
                Put::New => return Ok(None),
                Put::NoRoom(full) => {
                    let live = full.live;
                    if let Err(full) = self.replace_full(mc, full, live, |_| true) {
                        let (Some(key), Some(value)) = (key, value) else { unreachable!("nothing was put in") };
                        return Err(NoRoom { value: (key, value), full });
                    }
                }
            }
        }
    }
    /// Puts `value` at `key` if the table has room for it; what was there.
    #[track_caller]
    pub(super) fn insert_if_room(&self, mc: &Mutation<'gc, M>, key: K, value: &V) -> Result<Option<V>, FullTable> {
        let hash = self.hasher.hash_one(&key);
        match self.put(mc, hash, &mut Some(key), &mut Some(value.clone())) {
            Put::Old(old) => Ok(Some(old)),
            Put::New => Ok(None),
            Put::NoRoom(full) => Err(full),
        }
    }
    /// The same for a key that is hashed; takes both if it succeeds.
    #[track_caller]
    fn put(&self, mc: &Mutation<'gc, M>, hash: u64, key: &mut Option<K>, value: &mut Option<V>) -> Put<V> {
        let _writing = self.write();
        let table = self.table.peek().map(NonNull::cast);
        let Some((head, entries)) = self.view() else {
            return Put::NoRoom(FullTable { table, used: 0, live: 0 });
        };
        if let Some(k) = key.as_ref()
            && let Some((_, i)) = Self::find::<K>(entries, hash, k)
            && let Some(value) = value.take()
            && let Some(old) = entries[i].value.replace(mc, value)
        {
            return Put::Old(old);
        }
        let (used, live) = (head.used.load(Relaxed), head.live.load(Relaxed));
        if used == entries.len() {
            return Put::NoRoom(FullTable { table, used, live });
        }
        if let (Some(key), Some(value)) = (key.take(), value.take()) {
            entries[used].key.set(mc, key);
            entries[used].value.set(mc, value);
            link(entries, used, hash);
            head.used.store(used + 1, Release);
            head.live.store(live + 1, Release);
        }
        Put::New
    }
    /// Takes the entry of `key` out; its value.
    #[track_caller]
    pub fn remove<Q: Hash + Eq + ?Sized>(&self, mc: &Mutation<'gc, M>, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.remove_entry(mc, key).map(|(_, value)| value)
    }
    /// Takes the entry of `key` out.
    #[track_caller]
    pub fn remove_entry<Q: Hash + Eq + ?Sized>(&self, mc: &Mutation<'gc, M>, key: &Q) -> Option<(K, V)>
    where
        K: Borrow<Q>,
    {
        let hash = self.hasher.hash_one(key);
        let _writing = self.write();
        let (head, entries) = self.view()?;
        let (before, i) = Self::find(entries, hash, key)?;
        let entry = &entries[i];
        let after = entry.next.load(Relaxed);
        match before {
            // Who stands on the entry goes on by its `next`, which stays.
            Some(before) => entries[before].next.store(after, Release),
            None => entries[bucket(hash, entries.len())].first.store(after, Release),
        }
        head.live.store(head.live.load(Relaxed) - 1, Release);
        let key = entry.key.take(mc);
        let value = entry.value.take(mc);
        key.zip(value)
    }
    /// Makes room for `additional` more entries.
    ///
    /// # Panics
    /// At the hard limit, or when the system refuses memory; [`Self::try_reserve`] answers instead.
    #[track_caller]
    pub fn reserve(&self, mc: &Mutation<'gc, M>, additional: usize) {
        self.try_reserve(mc, additional).unwrap_or_else(|full| out_of_memory(full))
    }
    /// Makes room for `additional` more entries.
    ///
    /// # Errors
    /// [`Full`]; nothing has changed.
    pub fn try_reserve(&self, mc: &Mutation<'gc, M>, additional: usize) -> Result<(), Full> {
        let too_much = Full { requested_bytes: usize::MAX, used_bytes: 0, limit_bytes: None };
        let table = self.table.peek().map(NonNull::cast);
        let (used, live, capacity) = self
            .view()
            .map_or((0, 0, 0), |(head, entries)| (head.used.load(Acquire), head.live.load(Acquire), entries.len()));
        if additional <= capacity - used {
            return Ok(());
        }
        let needed = live.checked_add(additional).filter(|&n| n <= MOST).ok_or(too_much)?;
        self.replace_table(mc, table, needed.next_power_of_two().max(LEAST).max(capacity), |_| true)
    }
    /// Adds entries, one by one.
    ///
    /// # Panics
    /// At the hard limit, or when the system refuses memory; what was added stays.
    #[track_caller]
    pub fn extend(&self, mc: &Mutation<'gc, M>, entries: impl IntoIterator<Item = (K, V)>) {
        for (key, value) in entries {
            self.insert(mc, key, value);
        }
    }
}

impl<'gc, K, V, M: Manager, S> fmt::Debug for GcMap<'gc, K, V, M, S>
where
    K: Word<'gc, M> + fmt::Debug,
    V: Word<'gc, M> + fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// The entries of a [`GcMap`], in order of insertion; holds the table it began with.
pub struct Iter<'gc, K, V, M: Manager> {
    table: Option<Gc<'gc, Table<'gc, K, V, M>, M>>,
    next: usize,
}
impl<'gc, K: Word<'gc, M>, V: Word<'gc, M>, M: Manager> Iterator for Iter<'gc, K, V, M> {
    type Item = (K, V);
    fn next(&mut self) -> Option<(K, V)> {
        let table = self.table.as_ref()?;
        // SAFETY: a whole object, which our handle keeps.
        let (head, entries) = unsafe { parts(table.ptr()) };
        while self.next < head.used.load(Acquire) {
            let entry = &entries[self.next];
            self.next += 1;
            if let (Some(key), Some(value)) = (entry.key.get(), GcMap::<K, V, M>::value(entry)) {
                return Some((key, value));
            }
        }
        None
    }
}
impl<'gc, K: Word<'gc, M>, V: Word<'gc, M>, M: Manager, S> IntoIterator for &GcMap<'gc, K, V, M, S> {
    type Item = (K, V);
    type IntoIter = Iter<'gc, K, V, M>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The stand-in in type identities.
#[doc(hidden)]
pub struct MapId<K, V, S>(PhantomData<fn() -> (K, V, S)>);

// SAFETY: the table, once; the hasher is a leaf that any thread may share and drop.
unsafe impl<'gc, K, V, M, S> Trace<'gc, M> for GcMap<'gc, K, V, M, S>
where
    K: Trace<'gc, M>,
    V: Trace<'gc, M>,
    M: Manager,
    S: Send + Sync + 'static,
{
    type Id = MapId<K::Id, V::Id, S>;
    const NEEDS_TRACE: bool = true;
    const DROP: DropKind = worst_drop(&[foreign::<S>()]);
    #[inline(always)]
    fn trace<W: Visitor<M>>(&self, visitor: &mut W) {
        self.table.trace(visitor)
    }
}
const fn foreign<S>() -> DropKind {
    if std::mem::needs_drop::<S>() { DropKind::Arbitrary } else { DropKind::None }
}
