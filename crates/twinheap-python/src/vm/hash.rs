//! Hashes, and dict and set operations with any key: where the table cannot decide whether two keys are equal, the keys
//! are asked, outside of any borrow.
//!
//! Integers, floats, tuples and None hash as in CPython, so sets of them have CPython's order.

use super::{E, R, Vm};
use crate::{
    num::hash,
    object::*,
    types::{
        dict::{Lookup, Table},
        names::N,
        weak::{is_extended, is_proxy},
    },
    value::{Kind, Value},
};
use std::sync::atomic::Ordering::Relaxed;
use twinheap::{Gc, OneMutator};

/// A string's hash.
#[inline(always)]
pub fn str_hash<M: OneMutator>(s: &Gc<'_, Str, M>) -> u64 {
    let h = s.header().hash.load(Relaxed);
    if h != 0 { h } else { str_hash_slow(s) }
}
#[inline(never)]
fn str_hash_slow<M: OneMutator>(s: &Gc<'_, Str, M>) -> u64 {
    let h = bytes_hash(s.text().as_bytes());
    s.header().hash.store(h, Relaxed);
    h
}
/// A hash of bytes; never 0.
pub fn bytes_hash(bytes: &[u8]) -> u64 {
    fn mix(a: u64, b: u64) -> u64 {
        let r = (a as u128).wrapping_mul(b as u128);
        (r as u64) ^ (r >> 64) as u64
    }
    let (mut h, mut rest) = (bytes.len() as u64 ^ 0xa076_1d64_78bd_642f, bytes);
    while rest.len() >= 8 {
        let word = u64::from_le_bytes(rest[..8].try_into().expect("eight bytes"));
        h = mix(h ^ word, 0xe703_7ed1_a0b4_28db);
        rest = &rest[8..];
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    h = mix(h ^ u64::from_le_bytes(last), 0x8ebc_6af0_9c88_c6e3);
    h = mix(h ^ 0x5899_65cc_7537_4cc3, 0xe703_7ed1_a0b4_28db);
    // As a Python integer it is not -1, and it is small.
    let h = ((h as i64) >> 4) as u64;
    if h == 0 || h == u64::MAX { 7 } else { h }
}
fn int_hash(i: i64) -> u64 {
    hash::of_i64(i) as u64
}

impl<'gc, M: OneMutator> Vm<'gc, M> {
    /// `hash(v)`
    #[inline]
    pub fn hash(&mut self, v: &V<'gc, M>) -> R<'gc, M, u64> {
        match v.kind() {
            Kind::Str => Ok(v.downcast_ref::<Str>().map_or(0, str_hash)),
            Kind::Int => Ok(int_hash(v.as_int().unwrap_or(0))),
            kind => self.hash_slow(v, kind),
        }
    }
    #[inline(never)]
    fn hash_slow(&mut self, v: &V<'gc, M>, kind: Kind) -> R<'gc, M, u64> {
        Ok(match kind {
            Kind::None => 0xfca8_6420,
            Kind::Bool => v.is_true() as u64,
            Kind::Float => match hash::of_float(self.as_f64(v).unwrap_or(0.0)) {
                Some(h) => h as u64,
                None => address_hash(v),
            },
            Kind::BigInt => v.downcast_ref::<Big>().map_or(0, |b| hash::of_int(&b.0.0) as u64),
            Kind::Bytes => v.downcast_ref::<Bytes>().map_or(0, |b| bytes_hash(b.tail())),
            Kind::Tuple => {
                let Some(t) = v.downcast_ref::<Tuple<'gc, M>>() else { return Ok(0) };
                let mut acc: u64 = 2_870_177_450_012_600_261;
                for item in t.tail() {
                    let h = self.hash(item)?;
                    acc = acc.wrapping_add(h.wrapping_mul(14_029_467_366_897_019_727));
                    acc = acc.rotate_left(31).wrapping_mul(11_400_714_785_074_694_791);
                }
                acc = acc.wrapping_add(t.len() as u64 ^ (2_870_177_450_012_600_261 ^ 3_527_539));
                if acc == u64::MAX { 1_546_275_796 } else { acc }
            }
            Kind::List | Kind::Dict => return self.instance_hash(v),
            Kind::Set => match v.downcast_ref::<Set<'gc, M>>() {
                Some(s) if s.frozen => {
                    let mut h: u64 = 1_927_868_237;
                    let t = s.table.borrow();
                    h = h.wrapping_mul(t.len() as u64 + 1);
                    for p in t.iter() {
                        h ^= (p.hash ^ (p.hash << 16) ^ 89_869_747).wrapping_mul(3_644_798_167);
                    }
                    h ^= (h >> 11) ^ (h >> 25);
                    h.wrapping_mul(69_069).wrapping_add(907_133_923)
                }
                _ => return self.instance_hash(v),
            },
            Kind::Slice => return self.unhashable(v),
            Kind::Instance | Kind::Class => return self.instance_hash(v),
            Kind::Method => {
                let Some(m) = v.downcast_ref::<Method<'gc, M>>() else { return Ok(0) };
                m.func.bits() ^ m.this.bits().rotate_right(4)
            }
            Kind::Range => {
                let Some(r) = v.downcast_ref::<Range>() else { return Ok(0) };
                int_hash(r.start) ^ int_hash(r.stop).rotate_left(20) ^ int_hash(r.step).rotate_left(40)
            }
            Kind::Weak if is_proxy(v) => return self.unhashable(v),
            Kind::Weak if is_extended(v) => match self.lookup(&self.class_of(v), N::hash) {
                Some(f) if f.kind() != Kind::Native => return self.instance_hash(v),
                _ => return self.weak_hash(v),
            },
            Kind::Weak => return self.weak_hash(v),
            _ => address_hash(v),
        })
    }
    fn unhashable<O>(&mut self, v: &V<'gc, M>) -> R<'gc, M, O> {
        let t = self.type_name(v);
        Err(self.raise(E::TypeError, &format!("unhashable type: '{t}'")))
    }
    fn instance_hash(&mut self, v: &V<'gc, M>) -> R<'gc, M, u64> {
        let class = self.class_of(v);
        if v.kind() == Kind::Instance {
            if let Some(inner) = self.inner(v)
                && class.flags.load(Relaxed) & class_flags::HASH == 0
            {
                return self.hash(&inner);
            }
            if class.flags.load(Relaxed) & (class_flags::HASH | class_flags::EQ) == 0 {
                return Ok(address_hash(v));
            }
        }
        match self.lookup(&class, N::hash) {
            Some(f) if f.is_none() => self.unhashable(v),
            Some(f) if f.kind() != Kind::Native => {
                let h = self.call_method_value(f, v, &[])?;
                match h.as_int() {
                    Some(i) => Ok(int_hash(i)),
                    None if h.kind() == Kind::BigInt => self.hash(&h),
                    None if h.kind() == Kind::Bool => Ok(h.is_true() as u64),
                    None => Err(self.raise(E::TypeError, "__hash__ method should return an integer")),
                }
            }
            _ => Ok(address_hash(v)),
        }
    }

    /// Looks for `key`.
    #[inline]
    pub fn dict_find(&mut self, d: &Gc<'gc, Dict<'gc, M>, M>, key: &V<'gc, M>, hash: u64) -> R<'gc, M, Option<usize>> {
        let found = d.table.borrow().find(hash, key, &[]);
        match found {
            Lookup::Found(i) => Ok(Some(i)),
            Lookup::Missing => Ok(None),
            Lookup::Ask(_) => self.dict_find_asking(d, key, hash),
        }
    }
    #[cold]
    fn dict_find_asking(
        &mut self,
        d: &Gc<'gc, Dict<'gc, M>, M>,
        key: &V<'gc, M>,
        hash: u64,
    ) -> R<'gc, M, Option<usize>> {
        let mut not = Vec::new();
        loop {
            let (found, version) = {
                let t = d.table.borrow();
                (t.find(hash, key, &not), t.version())
            };
            match found {
                Lookup::Found(i) => return Ok(Some(i)),
                Lookup::Missing => return Ok(None),
                Lookup::Ask(i) => {
                    let other = d.table.borrow().slots()[i].key.clone();
                    let equal = self.equal(&other, key)?;
                    if d.table.borrow().version() != version {
                        not.clear();
                    } else if equal {
                        return Ok(Some(i));
                    } else {
                        not.push(i)
                    }
                }
            }
        }
    }
    /// `d.get(key)`
    #[inline]
    pub fn dict_get(&mut self, d: &Gc<'gc, Dict<'gc, M>, M>, key: &V<'gc, M>) -> R<'gc, M, Option<V<'gc, M>>> {
        let hash = self.hash(key)?;
        Ok(self.dict_find(d, key, hash)?.map(|i| d.table.borrow().value(i)))
    }
    /// `d[key] = value`
    #[inline]
    pub fn dict_set(&mut self, d: &Gc<'gc, Dict<'gc, M>, M>, key: V<'gc, M>, value: V<'gc, M>) -> R<'gc, M, ()> {
        let hash = self.hash(&key)?;
        match self.dict_find(d, &key, hash)? {
            Some(i) => {
                let old = d.table.borrow_mut(self.mc).set_value(i, value);
                drop(old);
            }
            None => {
                let growth = d.table.borrow().growth_bytes();
                self.reserve(growth)?;
                d.table.borrow_mut(self.mc).insert(hash, key, value);
                self.dict_resized(d)
            }
        }
        Ok(())
    }
    /// `del d[key]`, or `d.pop(key)`: the value, if there was one.
    pub fn dict_take(&mut self, d: &Gc<'gc, Dict<'gc, M>, M>, key: &V<'gc, M>) -> R<'gc, M, Option<V<'gc, M>>> {
        let hash = self.hash(key)?;
        let Some(i) = self.dict_find(d, key, hash)? else { return Ok(None) };
        let (key, value) = d.table.borrow_mut(self.mc).remove(i);
        drop(key);
        Ok(Some(value))
    }
    /// The value of a name.
    #[inline]
    pub fn dict_get_name(&self, d: &Gc<'gc, Dict<'gc, M>, M>, name: &Gc<'gc, Str, M>) -> Option<V<'gc, M>> {
        let t = d.table.borrow();
        t.find_name(str_hash(name), name).map(|i| t.value(i))
    }
    /// Binds a name.
    pub fn dict_set_name(&mut self, d: &Gc<'gc, Dict<'gc, M>, M>, name: &Gc<'gc, Str, M>, value: V<'gc, M>) {
        let hash = str_hash(name);
        let mut t = d.table.borrow_mut(self.mc);
        match t.find_name(hash, name) {
            Some(i) => {
                let old = t.set_value(i, value);
                drop(t);
                drop(old);
            }
            None => {
                t.insert(hash, V::from_gc(name.clone()), value);
                drop(t);
                self.dict_resized(d)
            }
        }
    }
    /// Binds a name given as text.
    pub fn dict_set_text(&mut self, d: &Gc<'gc, Dict<'gc, M>, M>, name: &str, value: V<'gc, M>) -> R<'gc, M, ()> {
        let name = self.intern(name)?;
        self.dict_set_name(d, &name, value);
        Ok(())
    }
    /// Unbinds a name.
    pub fn dict_del_name(&mut self, d: &Gc<'gc, Dict<'gc, M>, M>, name: &Gc<'gc, Str, M>) -> Option<V<'gc, M>> {
        let mut t = d.table.borrow_mut(self.mc);
        let i = t.find_name(str_hash(name), name)?;
        Some(t.remove(i).1)
    }
    /// Copies all of `from` into `to`.
    pub fn dict_update(&mut self, to: &Gc<'gc, Dict<'gc, M>, M>, from: &Gc<'gc, Dict<'gc, M>, M>) -> R<'gc, M, ()> {
        let all: Vec<_> = from.table.borrow().iter().map(|e| (e.key.clone(), e.value.clone())).collect();
        for (k, v) in all {
            self.dict_set(to, k, v)?
        }
        Ok(())
    }
    /// A dict of these pairs.
    pub fn dict_of(&mut self, pairs: &[(&str, V<'gc, M>)]) -> R<'gc, M> {
        let d = self.dict(Table::default())?;
        for (k, v) in pairs {
            self.dict_set_text(&d, k, v.clone())?
        }
        Ok(V::from_gc(d))
    }

    /// Looks for an element.
    pub fn set_find(&mut self, s: &Gc<'gc, Set<'gc, M>, M>, key: &V<'gc, M>, hash: u64) -> R<'gc, M, Option<usize>> {
        let mut not = Vec::new();
        loop {
            let found = s.table.borrow().find(hash, key, &not);
            match found {
                Lookup::Found(i) => return Ok(Some(i)),
                Lookup::Missing => return Ok(None),
                Lookup::Ask(i) => {
                    let other = s.table.borrow().places()[i].key.clone();
                    let equal = self.equal(&other, key)?;
                    let still = s.table.borrow().places().get(i).is_some_and(|p| p.key.is(&other));
                    if !still {
                        not.clear();
                    } else if equal {
                        return Ok(Some(i));
                    } else {
                        not.push(i)
                    }
                }
            }
        }
    }
    /// Adds an element.
    pub fn set_add(&mut self, s: &Gc<'gc, Set<'gc, M>, M>, key: V<'gc, M>) -> R<'gc, M, ()> {
        let hash = self.hash(&key)?;
        if self.set_find(s, &key, hash)?.is_none() {
            let bytes = s.table.borrow().growth_bytes();
            self.reserve(bytes)?;
            s.table.borrow_mut(self.mc).insert(hash, key);
            self.set_resized(s)
        }
        Ok(())
    }
}

fn address_hash<M: OneMutator>(v: &V<'_, M>) -> u64 {
    v.bits().rotate_right(4)
}
