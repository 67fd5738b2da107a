//! E0599: where handles may count, no reference outlives its handle
#![forbid(unsafe_code)]
use twinheap::{Gc, Manager};

fn long<'gc, M: Manager>(handle: Gc<'gc, i32, M>) -> &'gc i32 {
    handle.get_ref()
}
fn main() {}
