//! E0308: from a trait object to a value there is `downcast`, which asks
#![forbid(unsafe_code)]
use std::any::Any;
use twinheap::{Cc, unsize};

fn main() {
    let any: Cc<dyn Any> = unsize!(Cc::new(5u32) => dyn Any);
    let _: Cc<u32> = unsize!(any => u32);
}
