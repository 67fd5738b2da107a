//! [`GcVec`]: a growable row of words whose storage lies in the heap.
//!
//! ```text
//! GcVec  ──storage──▶  ┌─────┬─────┬────┬────┬─ ─ ─┐
//!  lock                │ cap │ len │ e0 │ e1 │ …   │     one internal object: words, each a slot
//!                      └─────┴─────┴────┴────┴─ ─ ─┘
//! ```
//! **Readers** take no lock: the storage (Acquire), its length (Acquire), the word (Acquire).  Length and words lie in one
//! object, so they belong together, whatever is published meanwhile.  **Writers** take the vector's lock, where there can
//! be more than one.  What a reader sees: `get`, `len`, `set`, `replace`, `push` and `pop` are each one step, in an order
//! all threads agree on; `insert`, `remove`, `truncate`, `swap` and `extend` are as many steps as elements they touch,
//! each of which stores a value that was in the vector; no word is ever torn.
//!
//! **Why marking may go on** (I4).  An element is a slot: who overwrites it shades the old value, so what the snapshot
//! held is saved word by word.  Growth copies into a new storage and overwrites one reference, that to the old storage,
//! which so is shaded, and whose words nobody changes any more (counting managers move them; those have no marker).  So
//! whatever the old storage held at the snapshot is reached through it, or was shaded when it was overwritten.  The new
//! one was born in this collection, black, and is not looked at (I7): each word in it was loaded in a session, so it is
//! of the snapshot or black itself (I2).  A value that moves within the storage may move past the marker; it is shaded
//! all the same, because the place it leaves is overwritten, too.
//!
//! Not here: leaves (a `Vec` in a `GcCell` is no worse there: nothing in it is looked at).  Overview: `object`.

use super::{
    gc::{Gc, NoRoom, out_of_memory},
    managed::{BorrowWord, Manager},
    session::Mutation,
    slot::Slot,
    tail::{Tail, parts},
    trace::{Trace, Visitor},
    type_info::{DropKind, Kind},
    word::{Word, WordSlot},
};
use crate::{
    alloc::Full,
    sync::{
        AtomicUsize,
        Ordering::{Acquire, Relaxed, Release},
        seeded,
    },
};
use std::{fmt, marker::PhantomData};

/// The length of a storage: what of it readers may see.  Public for the model in `tests/loom.rs`.
#[doc(hidden)]
pub struct Len(AtomicUsize);
impl Len {
    /// None.
    #[allow(clippy::new_without_default, reason = "a part of the protocol")]
    pub fn new() -> Self {
        Len(AtomicUsize::new(0))
    }
    /// Elements that readers may see: their words were stored before.
    #[inline(always)]
    pub fn get(&self) -> usize {
        self.0.load(Acquire)
    }
    /// From now on readers see so many.  The vector's writer.
    #[inline(always)]
    pub fn publish(&self, len: usize) {
        self.0.store(len, if seeded("length_published_relaxed") { Relaxed } else { Release })
    }
    /// One element more, which `write` stores at its place.  The vector's writer.
    #[inline(always)]
    pub fn push(&self, write: impl FnOnce(usize)) {
        let len = self.0.load(Relaxed);
        if seeded("length_before_element") {
            self.publish(len + 1);
            return write(len);
        }
        write(len);
        self.publish(len + 1)
    }
}

/// The header of a storage.
struct Head {
    len: Len,
}
// SAFETY: no reference, no drop; the length may be read by any thread.
unsafe impl<'gc, M: Manager> Trace<'gc, M> for Head {
    type Id = Head;
    const NEEDS_TRACE: bool = false;
    const DROP: DropKind = DropKind::None;
    const KIND: Kind = Kind::Internal;
    #[inline(always)]
    fn trace<V: Visitor<M>>(&self, _: &mut V) {}
}

type Storage<'gc, T, M> = Tail<Head, WordSlot<'gc, T, M>>;

/// A growable vector in the heap: a field of an object, as a `Slot` or a `GcCell` is.
///
/// Holds any [`Word`]: handles, values, small numbers.  Where a `GcCell<Vec<_>>` must look through all of its elements at the
/// first `borrow_mut` of a collection (4–5 ns each), this one never saves more than the word it overwrites; under `Tricolor`
/// it is read without a lock.  Two threads may use it at once; see the module for what they see.
///
/// | | cost |
/// |---|---|
/// | `get`, `len`, `iter` a step | three loads; a count more under `RefCount` |
/// | `set`, `replace`, `swap`, `pop`, `swap_remove` | O(1), with the manager's barrier for each word overwritten |
/// | `push`, `extend` an element | O(1) amortized; at growth, which doubles, a copy of all words |
/// | `insert`, `remove` | O(n − i) |
/// | `truncate` | O(elements removed) |
/// | `clear` | O(1) under tracing managers; under `RefCount` O(n), as releasing is |
///
/// Under `RefCount` elements are released last to first, as CPython's lists release theirs, and a storage is one internal
/// object: not listed, not counted.  Many mutators take a lock of the vector's to write (about 5 ns); like a cell's
/// `borrow_mut` it panics after a second of waiting.
pub struct GcVec<'gc, T, M: Manager> {
    storage: Slot<'gc, Storage<'gc, T, M>, M>,
    lock: M::Borrow,
}

/// The writers' lock, held.  Nothing where there is one mutator: no code of the program's runs while it is held.
struct Writing<'a, M: Manager>(&'a M::Borrow);
impl<M: Manager> Drop for Writing<'_, M> {
    #[inline(always)]
    fn drop(&mut self) {
        if M::CONSTRAINTS.many_mutators {
            self.0.unlock_exclusive()
        }
    }
}

impl<T, M: Manager> GcVec<'_, T, M> {
    /// An empty vector.  Allocates nothing.
    #[inline]
    pub fn new() -> Self {
        GcVec { storage: Slot::empty(), lock: M::Borrow::default() }
    }
}
impl<T, M: Manager> Default for GcVec<'_, T, M> {
    fn default() -> Self {
        Self::new()
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn out_of_bounds(i: usize, len: usize) -> ! {
    panic!("index out of bounds: the len is {len} but the index is {i}")
}

impl<'gc, T: Word<'gc, M>, M: Manager> GcVec<'gc, T, M> {
    /// An empty vector with room for `capacity` elements.
    ///
    /// # Panics
    /// At the hard limit, or when the system refuses memory.
    #[track_caller]
    pub fn with_capacity(mc: &Mutation<'gc, M>, capacity: usize) -> Self {
        Self::try_with_capacity(mc, capacity).unwrap_or_else(|full| out_of_memory(full))
    }
    /// The same.
    ///
    /// # Errors
    /// [`Full`].
    pub fn try_with_capacity(mc: &Mutation<'gc, M>, capacity: usize) -> Result<Self, Full> {
        let vec = GcVec::new();
        if capacity > 0 {
            vec.storage.set(mc, Some(Gc::try_with_zeroed_tail(mc, Head { len: Len::new() }, capacity)?));
        }
        Ok(vec)
    }
    /// A vector of these values.
    ///
    /// # Panics
    /// At the hard limit, or when the system refuses memory.
    #[track_caller]
    pub fn from_values(mc: &Mutation<'gc, M>, values: impl IntoIterator<Item = T>) -> Self {
        let vec = GcVec::new();
        vec.extend(mc, values);
        vec
    }

    /// Header and words of the storage.
    #[inline(always)]
    fn view(&self) -> Option<(&Head, &[WordSlot<'gc, T, M>])> {
        // SAFETY: a whole object.  Tracing managers keep it until the session ends, whatever is stored meanwhile (I2).  Under
        // counting ones this thread alone replaces the storage, and no view is used after it has.
        self.storage.peek().map(|p| unsafe { parts(p) })
    }
    #[inline(always)]
    #[track_caller]
    fn write(&self) -> Writing<'_, M> {
        if M::CONSTRAINTS.many_mutators {
            let mut turns = 0;
            while !self.lock.try_lock_exclusive() {
                self.lock.contended(&mut turns)
            }
        }
        Writing(&self.lock)
    }

    // ---- reading ----------------------------------------------------------------------------------------------------
    /// How many elements there are.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.view().map_or(0, |(head, _)| head.len.get())
    }
    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// How many elements fit without growing.
    pub fn capacity(&self) -> usize {
        self.view().map_or(0, |(_, words)| words.len())
    }
    /// The element at `i`, if there is one.  Cost: three loads, and a count where handles count.
    #[inline(always)]
    pub fn get(&self, i: usize) -> Option<T> {
        let (head, words) = self.view()?;
        if i >= head.len.get() {
            return None;
        }
        let word = words.get(i)?;
        if T::NULL_IS_A_VALUE && M::CONSTRAINTS.many_mutators {
            // One load: a second one could find what another thread has just left behind.
            return word.get_unless_null().unwrap_or_else(|| self.get_null(i));
        }
        // Null where null is no value: another thread has just taken it out.
        word.get()
    }
    /// Null may be the element, or be left where another thread has taken one out: nobody takes any out meanwhile.
    #[cold]
    #[inline(never)]
    fn get_null(&self, i: usize) -> Option<T> {
        let _writing = self.write();
        let (head, words) = self.view()?;
        if i < head.len.get() { words[i].get() } else { None }
    }
    /// The first element.
    pub fn first(&self) -> Option<T> {
        self.get(0)
    }
    /// The last element.
    pub fn last(&self) -> Option<T> {
        loop {
            let len = self.len();
            if len == 0 {
                return None;
            }
            // Another thread may have taken it out.
            if let Some(last) = self.get(len - 1) {
                return Some(last);
            }
        }
    }
    /// The elements, each as it is when it is come to: those that are put in or taken out meanwhile may be met or not, as
    /// with a Python list.
    pub fn iter(&self) -> Iter<'_, 'gc, T, M> {
        Iter { vec: self, next: 0 }
    }
    /// The elements.
    pub fn to_vec(&self) -> Vec<T> {
        self.iter().collect()
    }

    // ---- one element --------------------------------------------------------------------------------------------------
    /// Puts `value` at `i`.
    ///
    /// # Panics
    /// Beyond the end.
    #[inline]
    #[track_caller]
    pub fn set(&self, mc: &Mutation<'gc, M>, i: usize, value: T) {
        drop(self.replace(mc, i, value))
    }
    /// Puts `value` at `i` and hands out what was there.
    ///
    /// # Panics
    /// Beyond the end.
    #[inline]
    #[track_caller]
    pub fn replace(&self, mc: &Mutation<'gc, M>, i: usize, value: T) -> T {
        let _writing = self.write();
        match self.view() {
            Some((head, words)) if i < head.len.get() => taken(words[i].replace(mc, value)),
            other => out_of_bounds(i, other.map_or(0, |(head, _)| head.len.get())),
        }
    }
    /// Two elements change places.
    ///
    /// # Panics
    /// Beyond the end.
    #[track_caller]
    pub fn swap(&self, mc: &Mutation<'gc, M>, i: usize, j: usize) {
        let _writing = self.write();
        let (len, words) = self.view().map_or((0, &[][..]), |(head, words)| (head.len.get(), words));
        if i.max(j) >= len {
            out_of_bounds(i.max(j), len)
        }
        let (a, b) = (taken(words[i].get()), taken(words[j].get()));
        words[i].set(mc, b);
        words[j].set(mc, a);
    }
    /// Adds an element at the end.
    ///
    /// # Panics
    /// At the hard limit, or when the system refuses memory; [`Self::try_push`] answers instead.
    #[inline]
    #[track_caller]
    pub fn push(&self, mc: &Mutation<'gc, M>, value: T) {
        if let Err(NoRoom { full, .. }) = self.try_push(mc, value) {
            out_of_memory(full)
        }
    }
    /// Adds an element at the end.
    ///
    /// # Errors
    /// [`NoRoom`] with the value at the hard limit or when the system refuses memory; nothing has changed.
    #[inline]
    #[track_caller]
    pub fn try_push(&self, mc: &Mutation<'gc, M>, value: T) -> Result<(), NoRoom<T>> {
        loop {
            {
                let _writing = self.write();
                if let Some((head, words)) = self.view()
                    && head.len.get() < words.len()
                {
                    head.len.push(|at| words[at].set(mc, value));
                    return Ok(());
                }
            }
            if let Err(full) = self.try_reserve(mc, 1) {
                return Err(NoRoom { value, full });
            }
        }
    }
    /// Takes the last element out.
    #[inline]
    #[track_caller]
    pub fn pop(&self, mc: &Mutation<'gc, M>) -> Option<T> {
        let _writing = self.write();
        let (head, words) = self.view()?;
        let last = head.len.get().checked_sub(1)?;
        head.len.publish(last);
        words[last].take(mc)
    }
    /// Puts `value` before the element at `i`, or at the end.
    ///
    /// # Panics
    /// When `i` is beyond the length; at the hard limit, or when the system refuses memory: [`Self::try_insert`] answers
    /// those.
    #[track_caller]
    pub fn insert(&self, mc: &Mutation<'gc, M>, i: usize, value: T) {
        if let Err(NoRoom { full, .. }) = self.try_insert(mc, i, value) {
            out_of_memory(full)
        }
    }
    /// Puts `value` before the element at `i`, or at the end.
    ///
    /// # Errors
    /// [`NoRoom`] with the value at the hard limit or when the system refuses memory; nothing has changed.
    ///
    /// # Panics
    /// When `i` is beyond the length.
    #[track_caller]
    pub fn try_insert(&self, mc: &Mutation<'gc, M>, i: usize, value: T) -> Result<(), NoRoom<T>> {
        loop {
            {
                let _writing = self.write();
                let (len, words) = self.view().map_or((0, &[][..]), |(head, words)| (head.len.get(), words));
                assert!(i <= len, "insertion index (is {i}) should be <= len (is {len})");
                if let Some((head, _)) = self.view()
                    && len < words.len()
                {
                    for at in (i..len).rev() {
                        words[at + 1].take_over(mc, &words[at])
                    }
                    words[i].set(mc, value);
                    head.len.publish(len + 1);
                    return Ok(());
                }
            }
            if let Err(full) = self.try_reserve(mc, 1) {
                return Err(NoRoom { value, full });
            }
        }
    }
    /// Takes the element at `i` out; those behind it move up.
    ///
    /// # Panics
    /// Beyond the end.
    #[track_caller]
    pub fn remove(&self, mc: &Mutation<'gc, M>, i: usize) -> T {
        let _writing = self.write();
        match self.view() {
            Some((head, words)) if i < head.len.get() => {
                let last = head.len.get() - 1;
                let out = taken(words[i].get());
                for at in i..last {
                    words[at].take_over(mc, &words[at + 1])
                }
                head.len.publish(last);
                words[last].take(mc);
                out
            }
            other => {
                let len = other.map_or(0, |(head, _)| head.len.get());
                panic!("removal index (is {i}) should be < len (is {len})")
            }
        }
    }
    /// Takes the element at `i` out; the last one takes its place.
    ///
    /// # Panics
    /// Beyond the end.
    #[track_caller]
    pub fn swap_remove(&self, mc: &Mutation<'gc, M>, i: usize) -> T {
        let _writing = self.write();
        match self.view() {
            Some((head, words)) if i < head.len.get() => {
                let last = head.len.get() - 1;
                let moved = taken(words[last].get());
                let out = taken(words[i].replace(mc, moved));
                head.len.publish(last);
                words[last].take(mc);
                out
            }
            other => {
                let len = other.map_or(0, |(head, _)| head.len.get());
                panic!("swap_remove index (is {i}) should be < len (is {len})")
            }
        }
    }

    // ---- many elements ------------------------------------------------------------------------------------------------
    /// Adds values at the end, one by one.
    ///
    /// # Panics
    /// At the hard limit, or when the system refuses memory; what was added stays.
    #[track_caller]
    pub fn extend(&self, mc: &Mutation<'gc, M>, values: impl IntoIterator<Item = T>) {
        let values = values.into_iter();
        self.reserve(mc, values.size_hint().0);
        for value in values {
            self.push(mc, value)
        }
    }
    /// Takes elements off the end until `len` are left.
    #[track_caller]
    pub fn truncate(&self, mc: &Mutation<'gc, M>, len: usize) {
        while self.len() > len {
            self.pop(mc);
        }
    }
    /// Takes all elements out, and gives the storage back (as CPython's `list.clear`).
    pub fn clear(&self, mc: &Mutation<'gc, M>) {
        let old = {
            let _writing = self.write();
            self.storage.take(mc)
        };
        drop(old)
    }
    /// Makes room for `additional` more elements.
    ///
    /// # Panics
    /// At the hard limit, or when the system refuses memory; [`Self::try_reserve`] answers instead.
    #[track_caller]
    pub fn reserve(&self, mc: &Mutation<'gc, M>, additional: usize) {
        self.try_reserve(mc, additional).unwrap_or_else(|full| out_of_memory(full))
    }
    /// Makes room for `additional` more elements; at least doubles when it grows.
    ///
    /// # Errors
    /// [`Full`]; nothing has changed.
    #[track_caller]
    pub fn try_reserve(&self, mc: &Mutation<'gc, M>, additional: usize) -> Result<(), Full> {
        let Some(needed) = self.len().checked_add(additional) else {
            return Err(Full { requested_bytes: usize::MAX, used_bytes: 0, limit_bytes: None });
        };
        let capacity = self.capacity();
        if needed <= capacity {
            return Ok(());
        }
        self.replace_storage(mc, needed.max(capacity * 2).max(4), |now| now < needed)
    }
    /// Gives back the room that is not used.
    ///
    /// # Panics
    /// At the hard limit, or when the system refuses memory.
    #[track_caller]
    pub fn shrink_to_fit(&self, mc: &Mutation<'gc, M>) {
        match self.len() {
            0 => {
                let _writing = self.write();
                // Still: another thread may have put something in.
                if self.is_empty() {
                    self.storage.set(mc, None)
                }
            }
            len if len < self.capacity() => {
                self.replace_storage(mc, len, |now| now > len).unwrap_or_else(|full| out_of_memory(full))
            }
            _ => {}
        }
    }
    /// Moves everything into a storage of this capacity, unless another thread did meanwhile (`wanted` is asked of the
    /// capacity there is) or put more in than fits.
    #[cold]
    #[inline(never)]
    fn replace_storage(
        &self,
        mc: &Mutation<'gc, M>,
        capacity: usize,
        wanted: impl Fn(usize) -> bool,
    ) -> Result<(), Full> {
        // Not with the lock held: an allocation may wait for the collector, and that for a session which waits for us.
        let new = Gc::<Storage<'gc, T, M>, M>::try_with_zeroed_tail(mc, Head { len: Len::new() }, capacity)?;
        let _writing = self.write();
        if let Some((head, old)) = self.view() {
            let len = head.len.get();
            if !wanted(old.len()) || len > capacity {
                return Ok(());
            }
            for (to, from) in new.tail().iter().zip(&old[..len]) {
                to.take_over(mc, from)
            }
            new.header().len.publish(len);
        }
        if seeded("growth_without_shade") && !M::CONSTRAINTS.counted {
            // SAFETY: one word, an atomic one under tracing managers: the fault is the barrier that is left out.
            let word = unsafe { &*(&raw const self.storage).cast::<crate::sync::AtomicPtr<u8>>() };
            word.store(new.into_owned().as_ptr(), Release);
            return Ok(());
        }
        // The barrier shades the old storage; counting managers free it, all its words being empty.
        self.storage.set(mc, Some(new));
        Ok(())
    }
}

/// What a place below the length held.
#[inline(always)]
fn taken<T>(value: Option<T>) -> T {
    match value {
        Some(value) => value,
        // The writer's lock is held (or this is the only mutator), and every place below the length holds a value.
        None => unreachable!("a place below a vector's length is empty"),
    }
}

impl<'gc, T: Word<'gc, M> + fmt::Debug, M: Manager> fmt::Debug for GcVec<'gc, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The elements of a [`GcVec`]; see [`GcVec::iter`].
pub struct Iter<'a, 'gc, T, M: Manager> {
    vec: &'a GcVec<'gc, T, M>,
    next: usize,
}
impl<'gc, T: Word<'gc, M>, M: Manager> Iterator for Iter<'_, 'gc, T, M> {
    type Item = T;
    #[inline]
    fn next(&mut self) -> Option<T> {
        let value = self.vec.get(self.next)?;
        self.next += 1;
        Some(value)
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        // Others may take elements out, or put some in.
        (0, None)
    }
}
impl<'a, 'gc, T: Word<'gc, M>, M: Manager> IntoIterator for &'a GcVec<'gc, T, M> {
    type Item = T;
    type IntoIter = Iter<'a, 'gc, T, M>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The stand-in in type identities.
#[doc(hidden)]
pub struct VecId<T>(PhantomData<fn() -> T>);

// SAFETY: the storage, once; the slot's drop gives it back.
unsafe impl<'gc, T: Trace<'gc, M>, M: Manager> Trace<'gc, M> for GcVec<'gc, T, M> {
    type Id = VecId<T::Id>;
    const NEEDS_TRACE: bool = true;
    const DROP: DropKind = DropKind::None;
    #[inline(always)]
    fn trace<V: Visitor<M>>(&self, visitor: &mut V) {
        self.storage.trace(visitor)
    }
}
