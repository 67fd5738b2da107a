//! The contender `rc-malloc`: std's `Rc` on the system's allocator.  On mimalloc: `contender-mimalloc.rs`.
//! Overview: README.md.
#![forbid(unsafe_code)]

use twinheap_bench::{
    arguments::Arguments,
    programs::{handles, rc::OfRc},
};

fn main() {
    handles::run::<OfRc>(&Arguments::read())
}
