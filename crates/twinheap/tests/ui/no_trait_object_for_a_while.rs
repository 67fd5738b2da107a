//! E0597: what lies behind a `Cc` borrows nothing, whatever it is seen as
#![forbid(unsafe_code)]
use std::fmt::Debug;
use twinheap::{Cc, unsize};

fn shorter<'a>(_: &'a u32, cc: Cc<u32>) -> Cc<dyn Debug + 'a> {
    unsize!(cc => dyn Debug + 'a)
}

fn main() {
    let number = 1;
    shorter(&number, Cc::new(2));
}
