//! E0277: visitors are in the library: one of somebody else could look into a cell that changes
#![forbid(unsafe_code)]
use twinheap::{Manager, Visitor};

struct Mine;
impl<M: Manager> Visitor<M> for Mine {
    fn edge(&mut self, _: std::ptr::NonNull<u8>) {}
    fn ephemeron(&mut self, _: *mut u8, _: std::ptr::NonNull<u8>) {}
    fn enter_cell(&mut self, _: &M::Scan, _: &M::Borrow) -> bool {
        true
    }
    fn exit_cell(&mut self, _: &M::Scan) {}
}
fn main() {}
