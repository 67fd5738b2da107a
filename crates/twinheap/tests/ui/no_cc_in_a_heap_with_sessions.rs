//! E0277: a `Cc` lies on its thread's own heap, and in values there
#![forbid(unsafe_code)]
use twinheap::{Cc, Gc, Mutation, RefCount, Trace};

#[derive(Trace)]
#[trace(manager = RefCount)]
struct Mixed {
    own: Cc<[u8]>,
}
fn store<'gc>(mc: &Mutation<'gc, RefCount>, own: Cc<[u8]>) -> Gc<'gc, Mixed, RefCount> {
    Gc::new(mc, Mixed { own })
}
fn main() {
    let _ = store;
}
