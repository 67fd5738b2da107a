//! structs only: an enum has no order of fields
#![forbid(unsafe_code)]
use twinheap::Trace;

#[derive(Trace)]
#[trace(release = "reverse")]
enum Bad {
    A(u8, u8),
}
fn main() {}
