//! E0038: a root family is no trait object: through one, a type could lie about its lifetime
#![forbid(unsafe_code)]
use twinheap::{Null, Rootable};

fn hole(_: &dyn Rootable<Null>) {}
fn main() {}
