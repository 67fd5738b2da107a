//! serde for [`Cc`], [`Weak`] and [`Leaf`], behind the feature `serde`; as serde's own for `Rc`.
//!
//! Sharing is lost: a value behind two handles is written twice, and read as two.  A cycle is written without end.
//! Overview: `cc`.

use super::{Cc, Leaf, Weak};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

impl<T: ?Sized + Serialize> Serialize for Cc<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        T::serialize(self, serializer)
    }
}
/// Of what can be moved behind a handle out of a box: `T: Trace`, `[T]`, `str`.
impl<'de, T: ?Sized> Deserialize<'de> for Cc<T>
where
    Box<T>: Deserialize<'de>,
    Cc<T>: From<Box<T>>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::deserialize(deserializer).map(Cc::from)
    }
}
impl<T: ?Sized + Serialize> Serialize for Weak<T> {
    /// The target, if it is alive, as an `Option`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.upgrade().serialize(serializer)
    }
}
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Weak<T> {
    /// A handle that never answers: nobody holds what was read.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<T>::deserialize(deserializer).map(|_| Weak::new())
    }
}
impl<T: Serialize> Serialize for Leaf<T> {
    /// As what is in it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Leaf<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Leaf)
    }
}
