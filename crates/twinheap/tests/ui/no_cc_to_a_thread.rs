//! E0277: a `Cc` stays on the thread whose heap it lies in
#![forbid(unsafe_code)]
use twinheap::Cc;

fn main() {
    let a = Cc::new(5u32);
    std::thread::spawn(move || drop(a));
}
