//! E0502 or E0499 or E0505: while the value is lent nobody makes another handle, nor moves the one there is
#![forbid(unsafe_code)]
use twinheap::Cc;

fn main() {
    let mut a = Cc::new(5u32);
    let mut lent = Cc::get_mut(&mut a).unwrap();
    let b = a.clone();
    let weak = Cc::downgrade(&a);
    let again = Cc::make_mut(&mut a);
    drop(a);
    *lent += 1;
    drop((again, b, weak));
}
