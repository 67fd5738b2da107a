//! E0597 or E0505: what is behind a handle is borrowed from the handle
#![forbid(unsafe_code)]
use twinheap::Cc;

fn main() {
    let gone = {
        let a = Cc::new(5u32);
        &*a
    };
    let slice: Cc<[u8]> = Cc::from([1, 2]);
    let first = &slice[0];
    drop(slice);
    println!("{gone} {first}");
}
