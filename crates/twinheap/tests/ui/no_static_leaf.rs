//! E0277: nor as a leaf
#![forbid(unsafe_code)]
use twinheap::{Gc, Null, Static};

const _: Option<Static<Gc<'static, u8, Null>>> = None;
fn main() {}
