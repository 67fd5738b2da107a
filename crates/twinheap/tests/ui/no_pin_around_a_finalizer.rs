//! E0080: a finalizer is shown a handle without its pin
#![forbid(unsafe_code)]
use twinheap::{Cc, Local, Trace, cc::Finalize};

#[derive(Trace)]
#[trace(manager = Local, finalize)]
struct Mortal;
impl Finalize for Mortal {
    fn finalize(_: &Cc<Self>) {}
}

fn main() {
    let _ = Cc::pin(Mortal);
}
