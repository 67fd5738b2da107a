//! E0119: a type in a heap has no `Drop`
#![forbid(unsafe_code)]
use twinheap::{Manager, Slot, Trace};

#[derive(Trace)]
struct File<'gc, M: Manager> {
    name: Slot<'gc, String, M>,
}
impl<'gc, M: Manager> Drop for File<'gc, M> {
    fn drop(&mut self) {}
}
fn main() {}
