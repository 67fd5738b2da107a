//! E0277: `finalize` asks for `Finalize`
#![forbid(unsafe_code)]
use twinheap::{Manager, Slot, Trace};

#[derive(Trace)]
#[trace(finalize)]
struct Bad<'gc, M: Manager>(Slot<'gc, u8, M>);
fn main() {}
