//! E0308: unsizing is no cast
#![forbid(unsafe_code)]
use twinheap::{Cc, cc::Weak, unsize};

fn main() {
    let _: Cc<u64> = unsize!(Cc::new(5u32) => u64);
    let _: Cc<[u8; 2]> = unsize!(Cc::new([1u8, 2, 3]) => [u8; 2]);
    let _: Cc<[u16]> = unsize!(Cc::new([1u8, 2, 3]) => [u16]);
    let _: Weak<str> = unsize!(Cc::downgrade(&Cc::new([1u8])) => str);
}
