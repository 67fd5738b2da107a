//! mismatched types: a value is dropped as the type it was born with, so a handle may not differ in a lifetime alone.
use twinheap::Cc;

fn covariant<'a>(cc: Cc<for<'b> fn(&'b str)>) -> Cc<fn(&'static str)> {
    cc
}
fn main() {
    let _ = covariant;
}
