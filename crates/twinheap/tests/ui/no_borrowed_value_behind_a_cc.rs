//! E0597: a `Cc` may outlive whatever its value could have borrowed
#![forbid(unsafe_code)]
use twinheap::Cc;

fn main() {
    let text = String::from("text");
    let _ = Cc::new(text.as_str());
}
