//! E0277 or E0491: nor in `Option`
#![forbid(unsafe_code)]
use twinheap::{Gc, Null, Rootable};

struct Hole;
impl Rootable<Null> for Hole {
    type Root<'gc> = Option<&'static Gc<'gc, i32, Null>>;
}
fn main() {}
