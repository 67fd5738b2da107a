//! E0308: a container is known by its path, not by its name
#![forbid(unsafe_code)]
use twinheap::{Null, Slot, Trace};

trait Other {
    type Out;
}
impl Other for () {
    type Out = u8;
}
impl<'gc> Other for Bad<'gc> {
    type Out = Slot<'gc, u8, Null>;
}
type Vec<T> = <T as Other>::Out;
#[derive(Trace)]
#[trace(manager = Null)]
struct Bad<'gc>(Vec<Bad<'gc>>, std::boxed::Box<u8>);
fn main() {}
