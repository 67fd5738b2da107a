//! E0119: a type that owns a `Cc` has no `Drop`: in a cycle its neighbours may be gone by then
#![forbid(unsafe_code)]
use std::cell::RefCell;
use twinheap::{Cc, Trace};

#[derive(Trace)]
struct Node {
    next: RefCell<Option<Cc<Node>>>,
}
impl Drop for Node {
    fn drop(&mut self) {
        drop(self.next.borrow().is_some())
    }
}
fn main() {}
