//! E0277: nor in `Static`
#![forbid(unsafe_code)]
use twinheap::{Gc, Manager, Rootable, Static};

struct Hole;
impl<M: Manager> Rootable<M> for Hole {
    type Root<'gc> = Static<&'static Gc<'gc, i32, M>>;
}
fn main() {}
