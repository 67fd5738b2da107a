//! a union cannot be traced: which field holds a reference is not known
#![forbid(unsafe_code)]
use twinheap::Trace;

#[derive(Trace)]
union Bad {
    a: u8,
    b: u16,
}
fn main() {}
