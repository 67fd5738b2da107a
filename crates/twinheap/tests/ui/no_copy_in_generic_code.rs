//! E0382: where handles may count, they are moved
#![forbid(unsafe_code)]
use twinheap::{Gc, Manager};

fn twice<'gc, M: Manager>(handle: Gc<'gc, i32, M>) -> (Gc<'gc, i32, M>, Gc<'gc, i32, M>) {
    (handle, handle)
}
fn main() {}
