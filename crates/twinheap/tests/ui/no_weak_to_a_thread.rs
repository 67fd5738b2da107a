//! E0277: a weak handle counts on its own thread, also one to nothing but `Send`
#![forbid(unsafe_code)]
use twinheap::{Cc, unsize};

fn main() {
    let weak = Cc::downgrade(&Cc::new(5u32));
    std::thread::spawn(move || weak.upgrade().is_some());
    let cc = unsize!(Cc::new(5u32) => dyn Send);
    std::thread::spawn(move || drop(cc));
}
