//! E0277: `static` is no way around looking
#![forbid(unsafe_code)]
use twinheap::{Manager, Slot, Trace};

#[derive(Trace)]
struct Bad<'gc, M: Manager>(#[trace(static)] Slot<'gc, u8, M>);
fn main() {}
