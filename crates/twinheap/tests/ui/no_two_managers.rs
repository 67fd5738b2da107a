//! two parameters are managers: a type lies in the heaps of one manager
#![forbid(unsafe_code)]
use twinheap::{Manager, Slot, Trace};

#[derive(Trace)]
struct Bad<'gc, M: Manager, N: Manager>(Slot<'gc, u8, M>, std::marker::PhantomData<N>);
fn main() {}
