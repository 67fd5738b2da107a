//! E0277: a handle is coerced to what its value is, and to nothing else
#![forbid(unsafe_code)]
use std::fmt::Display;
use twinheap::{Cc, Trace, unsize};

#[derive(Trace)]
struct Mute(u32);

fn main() {
    let _: Cc<dyn Display> = unsize!(Cc::new(Mute(1)) => dyn Display);
}
