//! E0080: a leaf refers to nothing
#![forbid(unsafe_code)]
use twinheap::{Manager, Null, Slot, Trace};

#[derive(Trace)]
#[trace(kind = leaf)]
struct Bad<'gc, M: Manager>(Slot<'gc, u8, M>);
const _: twinheap::derive::Kind = <Bad<'static, Null> as Trace<'static, Null>>::KIND;
fn main() {}
