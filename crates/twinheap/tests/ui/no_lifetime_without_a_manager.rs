//! needs a manager: a lifetime is a session, and a session has a manager
#![forbid(unsafe_code)]
use twinheap::Trace;

#[derive(Trace)]
struct Bad<'gc>(twinheap::Slot<'gc, u8, twinheap::Null>);
fn main() {}
