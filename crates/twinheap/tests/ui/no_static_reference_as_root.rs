//! E0277 or E0491: a root family cannot name a handle behind a `&'static`
#![forbid(unsafe_code)]
use twinheap::{Gc, Null, Rootable};

struct Hole;
impl Rootable<Null> for Hole {
    type Root<'gc> = &'static Gc<'gc, i32, Null>;
}
fn main() {}
