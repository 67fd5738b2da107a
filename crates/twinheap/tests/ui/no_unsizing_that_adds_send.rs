//! E0277: a trait object says no more than its value does
#![forbid(unsafe_code)]
use std::{any::Any, rc::Rc};
use twinheap::{Cc, unsize};

fn main() {
    let _: Cc<dyn Any + Send> = unsize!(Cc::new(Rc::new(1)) => dyn Any + Send);
}
