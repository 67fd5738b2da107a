//! E0277: what a slice is made of must be `Trace`
#![forbid(unsafe_code)]
use std::cell::RefCell;
use twinheap::Cc;

struct Plain(RefCell<Option<Cc<[Plain]>>>);

fn main() {
    let _: Cc<[Plain]> = vec![Plain(RefCell::new(None))].into();
}
