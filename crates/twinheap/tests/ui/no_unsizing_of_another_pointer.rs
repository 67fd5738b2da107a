//! E0277: the macro takes handles of ours alone: nothing else's pointer is known to be whole
#![forbid(unsafe_code)]
use std::{any::Any, rc::Rc};
use twinheap::unsize;

fn main() {
    let _ = unsize!(Rc::new(5u32) => dyn Any);
    let _ = unsize!(&5u32 => dyn Any);
}
